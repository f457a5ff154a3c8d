"""QR codes that uncia draws and writes, read by a reader that is not ours (zbar): from the picture, and from what stands on
the terminal, in its colours and without."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import unittest

from test_uncia_claims import ClaimsTest
from uncia import ADDRESS, WORDS, UnciaTest
from unciad import BIN

QUIET = 4
WHITE, BLACK = (231, 16)
BLOCKS = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}  # dark above and below, on a dark terminal


def read_picture(path):
	"""What a reader finds in a picture."""
	done = subprocess.run(["zbarimg", "--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable", path], stdout=subprocess.PIPE,
		stderr=subprocess.PIPE, text=True, timeout=60)
	assert done.returncode == 0, f"zbarimg: {done.returncode} {done.stderr}"
	return done.stdout.rstrip("\n")


def modules_of(line):
	"""The two rows of modules in one line of a terminal: True is dark."""
	top, bottom, colours = [], [], None
	for sequence, character in re.findall(r"\x1b\[([\d;]*)m|(.)", line):
		if character:
			if colours:
				assert character == "▀", character
				above, below = colours
			else:
				above, below = BLOCKS[character]
			top.append(bool(above))
			bottom.append(bool(below))
		elif sequence == "0":
			colours = None
		else:
			found = re.fullmatch(r"38;5;(\d+);48;5;(\d+)", sequence)
			colours = [int(number) == BLACK for number in found.groups()]
			assert set(map(int, found.groups())) <= {WHITE, BLACK}, sequence
	return top, bottom


def rows_of(text):
	rows = [row for line in text.splitlines() for row in modules_of(line)]
	assert len({len(row) for row in rows}) == 1, [len(row) for row in rows]
	return rows


def is_drawing(line):
	return re.search("[█▀▄]", line) is not None or (line != "" and set(line) == {" "})


class Drawings:
	"""What a test of commands does with them."""

	def draw(self, rows):
		"""A picture of them."""
		path, side = self.dir / "drawn.pgm", 6
		pixels = b"".join(bytes(0 if dark else 255 for dark in row for _ in range(side)) * side for row in rows)
		path.write_bytes(b"P5 %d %d 255\n" % (len(rows[0]) * side, len(rows) * side) + pixels)
		return path

	def on_terminal(self, *arguments, columns=80, **environment):
		"""What it writes to a terminal of so many columns. Returns (text, exit code)."""
		reader, writer = pty.openpty()
		fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
		process = subprocess.Popen([BIN / "uncia", *arguments], cwd=self.dir, stdin=subprocess.DEVNULL, stdout=writer,
			stderr=subprocess.STDOUT, env={**self.environment, **environment})
		os.close(writer)
		text = b""
		while True:
			try:
				part = os.read(reader, 65536)
			except OSError:  # the other end is closed
				break
			if not part:
				break
			text += part
		os.close(reader)
		return text.decode().replace("\r\n", "\n"), process.wait(60)

	def check_drawing(self, text):
		"""A drawing with the quiet zone all around, and below it the text that it says in capitals. Returns the rows."""
		lines = text.splitlines()
		drawing, said = lines[:-1], lines[-1]
		self.assertTrue(all(is_drawing(line) for line in drawing))
		rows = rows_of("\n".join(drawing))
		self.assertEqual([row for row in rows[:QUIET] + rows[-QUIET:] if any(row)], [])
		self.assertFalse(any(any(row[:QUIET]) or any(row[-QUIET:]) for row in rows))
		expected = said if said.startswith("uncia:") else f"uncia:{said}"
		self.assertEqual(read_picture(self.draw(rows)), expected.upper())
		return said

class Qr(Drawings, UnciaTest):
	def setUp(self):
		super().setUp()
		self.uncia("--wallet", "w", "restore", "--no-passphrase", stdin=WORDS + "\n")
		self.network = self.silent_network()

	def test_an_address_is_read_from_the_terminal_in_its_colours_and_without(self):
		text, code = self.on_terminal("--wallet", "w", "address", "--qr")
		self.assertEqual((code, self.check_drawing(text)), (0, ADDRESS))
		self.assertIn("\x1b[38;5;", text)
		self.assertTrue(all(line.endswith("\x1b[0m") for line in text.splitlines()[:-1]))
		text, code = self.on_terminal("--wallet", "w", "address", "--qr", NO_COLOR="1")
		self.assertEqual((code, self.check_drawing(text)), (0, ADDRESS))
		self.assertNotIn("\x1b", text)
		text, _ = self.uncia("--wallet", "w", "address", "--qr")
		self.assertEqual(self.check_drawing(text), ADDRESS)
		self.assertNotIn("\x1b", text)

	def test_an_address_is_read_from_the_picture(self):
		answer = self.uncia_json("--wallet", "w", "address", "--reference", "0001020304050607", "--qr-file", "a.png")
		self.assertEqual(read_picture(self.dir / "a.png"), f"UNCIA:{answer['address'].upper()}")
		self.assertEqual((self.dir / "a.png").stat().st_mode & 0o777, 0o644 & ~self.umask())

	def umask(self):
		mask = os.umask(0)
		os.umask(mask)
		return mask

	def test_requests_of_every_length_are_read_from_picture_and_terminal(self):
		for number, memo in enumerate(("", "rent", "für die Miete im März, mit Dank", "x" * 96)):
			text, _ = self.uncia("--wallet", "w", "--network", self.network, "request", "12.50", "--qr", "--qr-file", f"{number}.png",
				*(["--memo", memo] if memo else []), "--reference", "00112233445566ff")
			said = self.check_drawing(text)
			self.assertEqual(read_picture(self.dir / f"{number}.png"), said.upper())
			shown = self.uncia_json("--network", self.network, "request", "--read", said.upper())
			self.assertEqual((shown["amount"], shown["memo"]), ("12.500000", memo or None))

	def test_a_contact_is_read_from_picture_and_terminal(self):
		export = ["--wallet", "w", "--network", self.network, "contact", "export", "--handle", "xmpp:bob@example.org"]
		said = self.check_drawing(self.uncia(*export, "--qr", "--qr-file", "contact.png")[0])
		self.assertEqual(read_picture(self.dir / "contact.png"), said.upper())
		self.assertEqual(self.uncia_json("--wallet", "w", "--network", self.network, "contact", "read", said.upper())["handle"], "xmpp:bob@example.org")
		self.uncia_refuses(2, "", *export, "--qr", "--json")

	def test_capitals_make_a_small_code(self):
		"""37 modules a side hold the 137 characters of a claim, as much as a notice with a memo of some 40."""
		text, _ = self.uncia("--wallet", "w", "--network", self.network, "request", "0.50", "--qr")
		said = text.splitlines()[-1]
		self.assertLessEqual(len(said), 114)
		self.assertLessEqual(len(rows_of("\n".join(text.splitlines()[:-1]))[0]), 33 + 2 * QUIET)

	def test_a_picture_is_written_over_no_file_and_is_whole_or_not_there(self):
		(self.dir / "a.png").write_text("mine")
		self.uncia_refuses(1, "a.png: File exists", "--wallet", "w", "address", "--qr-file", "a.png")
		self.assertEqual((self.dir / "a.png").read_text(), "mine")
		self.uncia_refuses(1, "No such file or directory", "--wallet", "w", "address", "--qr-file", "nowhere/a.png", "--json")
		(self.dir / "link.png").symlink_to("target.png")
		self.uncia_refuses(1, "File exists", "--wallet", "w", "address", "--qr-file", "link.png")
		self.assertFalse((self.dir / "target.png").exists())
		done = subprocess.run(["prlimit", "--fsize=100", BIN / "uncia", "--wallet", "w", "address", "--qr-file", "cut.png"], cwd=self.dir,
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment,
			preexec_fn=ignore_file_size)
		self.assertEqual((done.returncode, done.stdout), (1, ""))
		self.assertIn("cut.png: File too large", done.stderr)
		self.assertFalse((self.dir / "cut.png").exists())

	def test_what_cannot_be_drawn_is_refused_before_anything_is_made(self):
		self.uncia_refuses(2, "--qr draws for people", "--wallet", "w", "address", "--qr", "--json")
		self.uncia_refuses(2, "--read takes a request and nothing else", "request", "--qr", "--read", "uncia:uncask1x")
		text, code = self.on_terminal("--wallet", "w", "address", "--qr", columns=36)
		self.assertEqual(code, 1)
		self.assertRegex(text, r"the terminal has 36 columns, and the QR code needs \d\d: make it wider, or use --qr-file")

	def test_the_library_does_not_know_of_it(self):
		for name in ("libuncia.so", "libuncia.so.0"):
			needed = subprocess.run(["readelf", "-d", BIN.parent / "lib" / name], check=True, stdout=subprocess.PIPE, text=True).stdout
			self.assertNotRegex(needed, "qrencode|libpng")


class QrOfClaims(Drawings, ClaimsTest):
	def test_a_claim_is_read_from_terminal_and_picture_and_the_picture_is_its_owners(self):
		out, err = self.of("alice", "claim", "new", "0.50", "--qr", "--qr-file", "claim.png")
		self.assertIn("wait under this text until", err)
		lines = out.splitlines()
		said = lines[0]
		self.assertEqual(len(said), 137)
		rows = rows_of("\n".join(lines[1:]))
		self.assertEqual((len(rows[0]), read_picture(self.draw(rows)), read_picture(self.dir / "claim.png")),
			(37 + 2 * QUIET, said.upper(), said.upper()))
		self.assertEqual((self.dir / "claim.png").stat().st_mode & 0o777, 0o600)
		self.of("bob", "claim", "take", "-", stdin=read_picture(self.dir / "claim.png"))
		self.assertEqual(self.balance("bob"), "0.500000")

	def test_where_the_picture_cannot_be_written_nothing_is_paid_or_the_text_is_shown(self):
		(self.dir / "claim.png").write_text("mine")
		self.refuses(1, "claim.png: File exists", "alice", "claim", "new", "0.50", "--qr-file", "claim.png")
		self.refuses(2, "--qr draws for people", "alice", "claim", "new", "0.50", "--qr", "--json")
		self.assertEqual((self.balance("alice"), self.list_of("alice")), ("100.000000", []))
		out, err = self.of("alice", "claim", "new", "0.50", "--qr-file", "nowhere/claim.png", code=1)
		self.assertIn("nowhere/claim.png: No such file or directory", err)
		self.assertEqual(out, self.list_of("alice")[0]["claim"] + "\n")
		text, code = self.on_terminal("--wallet", "alice", *self.network, "claim", "new", "0.50", "--qr", columns=40)
		self.assertEqual(code, 1)
		self.assertIn("the terminal has 40 columns", text)
		self.assertIn("uncia:uncgift1", text)


def ignore_file_size():
	signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


if __name__ == "__main__":
	unittest.main()
