"""A genesis that several people make, as docs/operating.md tells it, and everything that is refused on the way."""
import json
import signal
import subprocess
import textwrap
import unittest

import verify_receipt as spec
from unciad import ALICE, BIN, UnciadTest, free_ports

COUNT = 4


class Founding(UnciadTest):
	"""Four operators, each with a home and a line; their base port is reserved."""

	def setUp(self):
		super().setUp()
		self.base = free_ports(COUNT)
		for i in range(COUNT):
			self.run_unciad("keygen", "--home", f"v{i}")
			self.line(i)

	def address(self, i):
		return f"127.0.0.1:{self.base + i}"

	def line(self, i, *options, name="town", file=None):
		"""Operator i states his validator, and sends it as a file."""
		made = self.run_json("genesis", "line", "--home", f"v{i}", "--name", name, "--at", self.address(i), *options)
		(self.dir / (file or f"line{i}")).write_text(made["line"] + "\n")
		return made["line"]

	def lines(self, *files):
		return [text for file in files or [f"line{i}" for i in range(COUNT)] for text in ("--line", file)]

	def collect(self, *options, output="genesis"):
		return self.run_json("genesis", "--name", "town", "--account", f"{ALICE}=1000", "--output", output,
			"--network", f"{output}.conf", *(options or self.lines()))

	def sign(self, i, genesis="genesis"):
		made = self.run_json("genesis", "sign", "--home", f"v{i}", "--genesis", genesis)
		(self.dir / f"signature{i}").write_text(made["signature"] + "\n")
		return made

	def signatures(self, which=range(COUNT)):
		return [text for i in which for text in ("--signatures", f"signature{i}")]

	def check(self, *options, code=0):
		"""--check with all lines. Returns the object."""
		return self.run_json("genesis", "--check", "genesis", "--network", "genesis.conf", *self.lines(), *options, code=code)


class Story(Founding):
	def start(self, i):
		log = open(self.dir / f"v{i}.log", "wb")
		process = subprocess.Popen([BIN / "unciad", "start", "--home", f"v{i}"], cwd=self.dir, stdin=subprocess.DEVNULL,
			stdout=log, stderr=log)
		log.close()
		self.addCleanup(process.wait)
		self.addCleanup(process.kill)
		return process

	def height(self, i):
		done = subprocess.run([BIN / "unciad", "status", "--home", f"v{i}", "--json"], cwd=self.dir, capture_output=True, text=True)
		status = json.loads(done.stdout)
		return status["height"] if status.get("running") else 0

	def test_four_operators_make_a_network_of_lines_that_went_through_chats(self):
		# What mails and chats do to a text.
		quoted = "\n".join("> " + part for part in textwrap.wrap((self.dir / "line1").read_text().strip(), 60))
		(self.dir / "line1").write_text(quoted + "\n")
		both = (self.dir / "line2").read_text().upper() + "\n\n- <" + (self.dir / "line3").read_text().strip() + ">.\n"
		(self.dir / "line2").write_text(both)
		(self.dir / "line3").unlink()
		collected = self.lines("line0", "line1", "line2")
		made = self.collect(*collected)
		self.assertEqual((made["validators"], made["faulty"]), (4, 1))

		shown = self.run_json("genesis", "--check", "genesis", "--network", "genesis.conf", *collected)
		self.assertEqual(shown["network_id"], made["network_id"])
		self.assertEqual([(v["address"], v["line"], v["signed"]) for v in shown["validators"]],
			[(self.address(i), "as stated", False) for i in range(4)])
		for i in range(COUNT):
			signed = self.sign(i)
			self.assertEqual((signed["validator"], signed["network_id"]), (i, made["network_id"]))

		wait = self.run_json("genesis", "--check", "genesis", *collected, *self.signatures([0, 1, 3]), code=6)
		self.assertEqual((wait["missing_signatures"], wait["validators"][2]["signed"]), (1, False))
		out, _ = self.run_unciad("genesis", "--check", "genesis", "--network", "genesis.conf", *collected, *self.signatures())
		self.assertEqual(out.count("line: as stated  signature: signed"), 4)
		self.assertIn(f"account {ALICE} holds 1000.000000", out)

		for i in range(COUNT):
			peers = [text for k in range(COUNT) if k != i for text in ("--peer", f"{k}={self.address(k)}")]
			self.run_unciad("init", "--home", f"v{i}", "--genesis", "genesis", "--listen", self.address(i), *peers, "--first-start")
		processes = [self.start(i) for i in range(COUNT)]
		for i in range(COUNT):
			self.until(lambda i=i: self.height(i) > 1, f"validator {i} to have a final block")
		for process in processes:
			process.send_signal(signal.SIGTERM)
			self.assertEqual(process.wait(60), 0)

	def test_texts_are_short_and_on_one_line(self):
		out, _ = self.run_unciad("genesis", "line", "--home", "v0", "--name", "town", "--at", "v0.example.org:7400")
		self.assertEqual(out, (self.dir / "v0/line").read_text())
		self.assertRegex(out, r"^uncia:uncline1p[a-z0-9]{100,700}\n$")
		self.collect()
		out, _ = self.run_unciad("genesis", "sign", "--home", "v0", "--genesis", "genesis", code=0)
		self.assertRegex(out, r"^uncia:uncagree1p[a-z0-9]{100,300}\n$")

	def test_the_ways_of_one_person_go_on(self):
		key = self.keygen("alone")
		self.run_unciad("genesis", "--name", "town", "--account", f"{ALICE}=1", "--output", "mixed", "--network", "mixed.conf",
			"--validator", key, "--at", "0=alone.example.org:7400", *self.lines())
		self.assertIn("address = alone.example.org:7400", (self.dir / "mixed.conf").read_text())
		self.assertIn(f"[validator.1]\naddress = {self.address(0)}", (self.dir / "mixed.conf").read_text())
		_, err = self.run_unciad("genesis", "sign", "--home", "alone", "--genesis", "mixed")
		self.assertIn("warning: alone has no line of its own", err)


class Refusals(Founding):
	def collect_refuses(self, code, message, *options):
		self.refuses(code, message, "genesis", "--name", "town", "--account", f"{ALICE}=1000", "--output", "genesis", *options)
		self.assertFalse((self.dir / "genesis").exists())

	def test_a_line_of_another_network(self):
		self.line(2, name="village")
		self.collect_refuses(2, "validator 2 (127.0.0.1): its line is for the network 'village', not 'town'", *self.lines())
		self.collect_refuses(2, "(unciad genesis line --name 'town')", *self.lines())

	def test_the_same_operator_twice(self):
		self.collect_refuses(2, "is given twice: leave one of them out", *self.lines("line0", "line1", "line0"))
		self.line(0, "--weight", "3", file="other")
		self.collect_refuses(2, "has another line already, which says something else", *self.lines("line0", "line1", "other"))

	def test_the_same_network_key_under_two_consensus_keys(self):
		(self.dir / "v9").mkdir(mode=0o700)
		(self.dir / "v9/network.key").write_bytes((self.dir / "v0/network.key").read_bytes())
		(self.dir / "v9/network.key").chmod(0o600)
		self.run_unciad("keygen", "--home", "v9")
		self.line(9, file="line9")
		self.collect_refuses(2, "validators 0 and 1 have a key in common", *self.lines("line0", "line9"))

	def test_texts_that_are_none_or_were_changed(self):
		text = (self.dir / "line0").read_text().strip()
		for content, message in ((text[:-9], "changed or cut on its way"), (text[:60] + "q" + text[61:], "changed or cut on its way"),
				("Here it is: " + text, "put the text alone into a file"), ("žádný", "characters that no such text has"),
				("", "there is no text in it"), ("uncia:uncwho1pqqqqqq", "not an operator's line"), ("\0", "characters")):
			(self.dir / "wrong").write_text(content)
			with self.subTest(content[:30]):
				self.refuses(2, "wrong: ", "genesis", "--name", "town", "--output", "g", "--line", "wrong")
				self.refuses(2, message, "genesis", "--name", "town", "--output", "g", "--line", "wrong")
		self.refuses(1, "missing: No such file", "genesis", "--name", "town", "--output", "g", "--line", "missing")
		self.collect()
		self.sign(0)
		self.refuses(2, "a signature of a genesis, and no operator's line", "genesis", "--name", "town", "--output", "g",
			"--line", "signature0")
		self.refuses(2, "an operator's line, and no signature of a genesis", "genesis", "--check", "genesis", "--signatures", "line0")

	def test_a_line_that_somebody_else_has_made(self):
		"""Under a checksum that holds: the statement of one, with the proofs of another."""
		payloads = [self.payload((self.dir / f"line{i}").read_text()) for i in range(2)]
		forged = payloads[0][:-160] + payloads[1][-160:]
		(self.dir / "forged").write_text(spec.frame_text("uncline", forged))
		self.collect_refuses(7, "the signature of its consensus key does not hold", *self.lines("forged"))
		forged = payloads[0][:-160] + payloads[1][-160:-64] + payloads[0][-64:]
		(self.dir / "forged").write_text(spec.frame_text("uncline", forged))
		self.collect_refuses(7, "the signature of its network key does not hold", *self.lines("forged"))

	@staticmethod
	def payload(text):
		data = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(c) for c in text.strip().split("uncline1")[1]][1:-6]
		bits = "".join(f"{group:05b}" for group in data)
		return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) // 8 * 8, 8))

	def test_options_that_contradict_lines(self):
		self.collect_refuses(2, "--at 1=…: its operator's line says where validator 1 is", *self.lines(), "--network", "n",
			"--at", "1=127.0.0.1:9")
		self.collect(output="elsewhere")
		self.sign(0, "elsewhere")
		self.collect_refuses(2, "--signatures is for --check", *self.lines(), "--signatures", "signature0")

	def test_check_names_a_weight_and_an_address_that_were_changed(self):
		self.line(0, "--weight", "2", file="heavy0")
		self.collect(*self.lines("heavy0", "line1", "line2", "line3"), "--allow", "weights")
		found = self.check(code=7)
		self.assertEqual([v["line"] for v in found["validators"]], ["differs"] + 3 * ["as stated"])
		self.refuses_check(7, "validator 0: it weighs 2 in the genesis, and 1 in its line", *self.lines())
		conf = (self.dir / "genesis.conf").read_text()
		(self.dir / "genesis.conf").write_text(conf.replace(self.address(3), "127.0.0.1:1"))
		self.refuses_check(7, f"validator 3 is at 127.0.0.1:1, and in its line at {self.address(3)}", *self.lines(), "--network",
			"genesis.conf")

	def refuses_check(self, code, message, *options):
		_, err = self.run_unciad("genesis", "--check", "genesis", *options, code=code)
		self.assertIn(message, err)

	def test_check_names_lines_that_are_missing_or_left_out(self):
		self.collect(*self.lines("line0", "line1", "line2"))
		self.refuses_check(7, "(127.0.0.1) is not in the genesis", *self.lines())
		self.refuses_check(6, "the line of validator 2 is missing: ask its operator for it", *self.lines("line0", "line1"))
		self.line(1, name="village")
		self.refuses_check(7, "validator 1: its line is for the network 'village', and the genesis is of 'town'",
			*self.lines("line0", "line1", "line2"))

	def test_check_names_signatures_of_another_genesis_and_of_strangers(self):
		self.collect()
		self.collect(*self.lines(), "--smallest", "1", output="other")
		for i in range(3):
			self.sign(i)
		self.sign(3, "other")
		self.refuses_check(7, "validator 3 has signed another genesis", *self.signatures())
		self.refuses_check(6, "validator 3 has not signed: ask its operator for the text of  unciad genesis sign",
			*self.signatures(range(3)))
		self.keygen("v9")
		self.line(9, file="line9")
		self.collect(*self.lines("line9"), output="strange")
		self.sign(9, "strange")
		self.refuses_check(7, "is no validator of this genesis: leave it out", *self.signatures([0, 1, 2, 9]))
		found = self.check(*self.signatures(), code=7)
		self.assertEqual(found["exit"], 7)

	def test_check_refuses_a_network_file_of_another_genesis_and_options_that_make_one(self):
		self.collect()
		self.collect(*self.lines(), "--smallest", "1", output="other")
		self.refuses_check(7, "other.conf: it holds another genesis", "--network", "other.conf")
		self.refuses_check(2, "--check makes no genesis, and has no use for --account", "--account", f"{ALICE}=1")
		self.refuses(1, "gone: No such file", "genesis", "--check", "gone")

	def test_sign_refuses_a_genesis_that_is_not_as_the_line_said(self):
		self.line(0, "--weight", "2", file="heavy0")
		self.collect(*self.lines("heavy0", "line1", "line2", "line3"), "--allow", "weights")
		self.line(0)
		self.refuses(7, "gives this validator the weight 2, and its line says 1: not signed", "genesis", "sign", "--home", "v0",
			"--genesis", "genesis")
		self.keygen("v9")
		self.refuses(7, "is not in the genesis: not signed", "genesis", "sign", "--home", "v9", "--genesis", "genesis")
		self.line(1, name="village")
		self.refuses(7, "is of the network 'town', and this home's line of 'village': not signed", "genesis", "sign", "--home", "v1",
			"--genesis", "genesis")
		self.refuses(1, "No such file", "genesis", "sign", "--home", "v1", "--genesis", "gone")

	def test_what_no_line_can_say(self):
		for message, options in {"--name is missing": ["--at", "h:1"], "--at is missing": ["--name", "n"],
				"--weight 0": ["--name", "n", "--at", "h:1", "--weight", "0"], "--name x : not": ["--name", "x ", "--at", "h:1"],
				"--at h: not HOST:PORT": ["--name", "n", "--at", "h"]}.items():
			self.refuses(2, message, "genesis", "line", "--home", "v0", *options)
		self.refuses(1, "make the keys with", "genesis", "line", "--home", "nowhere", "--name", "n", "--at", "h:1")


if __name__ == "__main__":
	unittest.main()
