"""Runs unciad for the tests: where it is, one command at a time, a home ready to use."""
import json
import os
import pathlib
import random
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest

BIN = pathlib.Path(os.environ["UNCIA_BIN"]).resolve()
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def address(payload):
	"""The Bech32m text (BIP-350, prefix unc) of 20 bytes, or of 28 with a reference."""
	bits = int.from_bytes(payload, "big") << -len(payload) * 8 % 5
	count = (len(payload) * 8 + 4) // 5
	data = [bits >> 5 * (count - 1 - i) & 31 for i in range(count)]
	prefix = "unc"
	check = 1
	for value in [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + data + [0] * 6:
		top = check >> 25
		check = (check & 0x1FFFFFF) << 5 ^ value
		for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
			check ^= generator if top >> i & 1 else 0
	check ^= 0x2BC830A3
	data += [check >> 5 * (5 - i) & 31 for i in range(6)]
	return prefix + "1" + "".join(ALPHABET[d] for d in data)


ALICE = address(bytes(range(20)))
BOB = address(bytes(range(100, 120)))


def free_port():
	"""A port that nobody listens on now."""
	with socket.create_server(("127.0.0.1", 0)) as server:
		return server.getsockname()[1]


PORT_BLOCK = 32
reserved = []


def free_ports(count):
	"""The first of so many ports in a row, below those that systems give out, that nobody listens on now, nor any other
	test that runs at the same time, until this process ends."""
	assert count <= PORT_BLOCK
	while True:
		base = random.randrange(10000, 30000, PORT_BLOCK)
		reservation = socket.socket(socket.AF_UNIX)
		try:
			reservation.bind(f"\0uncia-test-ports-{base}")
			for port in range(base, base + count):
				socket.create_server(("127.0.0.1", port)).close()
			reserved.append(reservation)
			return base
		except OSError:
			reservation.close()


class UnciadTest(unittest.TestCase):
	"""A fresh directory, and unciad run in it."""

	def setUp(self):
		directory = tempfile.TemporaryDirectory(prefix="uncia-test-")
		self.addCleanup(directory.cleanup)
		self.dir = pathlib.Path(directory.name)

	def run_unciad(self, *arguments, code=0, timeout=60):
		"""Runs it to its end; fails unless it ends with this exit code. Returns (stdout, stderr)."""
		done = subprocess.run([BIN / "unciad", *map(str, arguments)], cwd=self.dir, timeout=timeout,
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
		self.assertEqual(done.returncode, code, f"unciad {arguments}: {done.stdout}{done.stderr}")
		return done.stdout, done.stderr

	def run_json(self, *arguments, code=0):
		"""As run_unciad with --json. Returns the one object on standard output."""
		out, _ = self.run_unciad(*arguments, "--json", code=code)
		self.assertEqual(out.count("\n"), 1, out)
		return json.loads(out)

	def refuses(self, code, message, *arguments):
		"""It ends with this code, says this on standard error and on standard output nothing, or with --json the object of a
		failure."""
		out, err = self.run_unciad(*arguments, code=code)
		if "--json" in arguments:
			self.assertEqual((json.loads(out)["v"], json.loads(out)["exit"]), (1, code))
		else:
			self.assertEqual(out, "")
		self.assertIn(message, err)
		self.assertNotIn("Sanitizer", err)

	def keygen(self, home):
		keys = self.run_json("keygen", "--home", home)
		return f"{keys['consensus_key']}:{keys['network_key']}"

	def make_genesis(self):
		"""Homes v0 to v3 with keys, and the genesis g of the four, in which Alice has 100."""
		self.validators = [text for i in range(4) for text in ("--validator", self.keygen(f"v{i}"))]
		made = self.run_json("genesis", "--name", "test", "--output", "g", "--account", f"{ALICE}=100", *self.validators)
		self.network_id = made["network_id"]

	def until(self, condition, what, seconds=60):
		"""Waits for the condition; fails where it does not come in time. Returns its value."""
		deadline = time.monotonic() + seconds
		while not (value := condition()):
			if time.monotonic() > deadline:
				self.fail(f"not within {seconds} s: {what}")
			time.sleep(0.02)
		return value

	def start_devnet(self, *options, name="net", count=4):
		"""A devnet in the directory `name` that finalises; stopped at the end of the test at the latest."""
		port = ["--base-port", str(free_ports(2 * count))] if "--base-port" not in options else []
		if "--smallest" not in options:  # tests pay specks
			port += ["--smallest", "0.000001"]
		net = Devnet(self.dir, ["devnet", "--dir", name, "--validators", str(count), *port, *map(str, options)])
		self.addCleanup(net.kill)
		line = net.first_line(120)
		self.assertTrue(line, f"{net.errors()}{logs(self.dir / name)}")
		net.ready = json.loads(line)
		return net

	def status(self, home):
		return self.run_json("status", "--home", home)


class Output:
	"""A file without a name that a child writes to. It is read through an open file description of its own: a seek in the
	one that the child inherits would move the child's position, too, and the child would overwrite its own output."""

	def __init__(self):
		descriptor, path = tempfile.mkstemp(prefix="uncia-output-")
		self.file, self.reader = open(descriptor, "wb"), open(path, "rb")
		os.unlink(path)

	def text(self):
		"""All that was written so far."""
		self.reader.seek(0)
		return self.reader.read().decode(errors="replace")

	def close(self):
		self.file.close()
		self.reader.close()


class Devnet:
	"""A running `unciad devnet`. ready: the object it printed."""

	def __init__(self, directory, arguments, program=BIN / "unciad"):
		self.output = Output()
		self.process = subprocess.Popen([program, *arguments], cwd=directory, stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=self.output.file, text=True)
		self.ready = None

	def first_line(self, seconds):
		if not select.select([self.process.stdout], [], [], seconds)[0]:
			return ""
		return self.process.stdout.readline()

	def errors(self):
		"""What it has written to standard error so far."""
		return self.output.text()

	def stop(self, number=signal.SIGTERM):
		"""Asks it to end. Returns its exit code."""
		self.process.send_signal(number)
		return self.process.wait(60)

	def kill(self):
		if self.process.poll() is None:
			self.process.terminate()
			try:
				self.process.wait(30)
			except subprocess.TimeoutExpired:
				self.process.kill()
				self.process.wait()
		self.process.stdout.close()
		self.output.close()


def logs(directory):
	"""The ends of the validators' logs, to be shown with a failure."""
	return "".join(f"\n--- {path}\n{path.read_text()[-2000:]}" for path in sorted(directory.glob("v*/log")))


def alive(pid):
	"""Whether the process runs (one that has ended and is not waited for yet does not)."""
	try:
		return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
	except FileNotFoundError:
		return False
