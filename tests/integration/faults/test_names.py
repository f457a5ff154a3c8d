"""Names in the network file that the name servers do not answer for: they hold up nothing else, and --timeout is kept."""
import json
import pathlib
import socket
import subprocess
import time
import unittest

from network import NetworkTest
from unciad import BIN

# What is sent to this address is read by nobody: a name server that hangs.
SERVER = ("127.0.77.53", 53)


def why_not():
	"""Why there cannot be such a name server here, nor a file system in which it is the only one; None where they can."""
	try:
		with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
			server.bind(SERVER)
		done = subprocess.run(["unshare", "--mount", "mount", "--bind", "/dev/null", "/etc/resolv.conf"],
			stderr=subprocess.PIPE, text=True)
		return None if done.returncode == 0 else done.stderr.strip()
	except OSError as error:
		return str(error)


@unittest.skipIf(why_not(), f"no name server can be made up: {why_not()}")
class Names(NetworkTest):
	def setUp(self):
		super().setUp()
		self.network = self.start_network(count=5)
		self.alice = self.network.treasury
		self.bob = self.new_wallet(self.network, "bob")
		self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		self.addCleanup(self.server.close)
		self.server.bind(SERVER)
		self.server.setblocking(False)
		self.was_asked = False
		self.servers = self.dir / "resolv.conf"
		self.servers.write_text(f"nameserver {SERVER[0]}\n")

	def named(self, count):
		"""A network file in which so many addresses are names."""
		path = self.network.dir / f"named-{count}.conf"
		path.write_text(self.network.file.read_text().replace("\naddress = 127.0.0.1", "\naddress = validator.example", count))
		return path

	def alone(self):
		"""The beginning of a command that shall know no other name server."""
		return ["unshare", "--mount", "sh", "-c", f"mount --bind {self.servers} /etc/resolv.conf && exec \"$@\"", "sh"]

	def timed(self, *arguments, network, code=0):
		"""Runs it with the silent name server. Returns standard output and how many seconds it took."""
		command = [*self.alone(), BIN / "uncia", "--wallet", self.alice.home, "--network", network, *arguments]
		begin = time.monotonic()
		done = subprocess.run(list(map(str, command)), cwd=self.dir, env=self.environment, stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
		self.assertEqual(done.returncode, code, done.stdout + done.stderr)
		return done.stdout, time.monotonic() - begin

	def asked(self):
		"""Whether the name server was asked since the last time."""
		try:
			while self.server.recv(512):
				self.was_asked = True
		except BlockingIOError:
			pass
		was, self.was_asked = self.was_asked, False
		return was

	def test_one_name_of_five_that_hangs_holds_up_nothing(self):
		usual = max(self.timed("balance", network=self.network.file)[1], self.timed("send", self.bob.address, "1",
			network=self.network.file)[1])
		self.assertFalse(self.asked())
		for arguments in (("balance",), ("history",), ("send", self.bob.address, "1")):
			_, took = self.timed(*arguments, network=self.named(1))
			self.assertTrue(self.asked())
			self.assertLess(took, usual + 1.5, arguments)
		self.assertEqual(self.bob.balance(), 2 * 10**6)

	def test_names_that_all_hang_are_the_network_not_reached_in_the_time_given(self):
		for seconds in (0, 1, 2):
			out, took = self.timed("send", self.bob.address, "1", "--timeout", str(seconds), network=self.named(5), code=6)
			self.assertEqual(out, "")
			self.assertLess(took, seconds + 1)
		self.assertTrue(self.asked())
		self.timed("balance", network=self.named(5), code=6)
		# A payment that exists stays pending, whether it is asked for by its key or its id.
		self.network.kill_all()
		for validator in self.network.validators[:2]: # no quorum
			validator.start()
		waiting = self.alice.run("send", self.bob.address, "1", "--key", "k", "--timeout", "5", code=3)
		for arguments in (("send", self.bob.address, "1", "--key", "k"), ("wait", waiting["id"])):
			for seconds in (0, 2):
				_, took = self.timed(*arguments, "--timeout", str(seconds), network=self.named(5), code=3)
				self.assertLess(took, seconds + 1)

	def peers(self, home):
		"""None: it does not answer yet."""
		done = subprocess.run([BIN / "unciad", "status", "--home", home, "--json"], cwd=self.dir, stdout=subprocess.PIPE,
			stderr=subprocess.DEVNULL, text=True, timeout=60)
		return json.loads(done.stdout).get("peers") if done.returncode == 0 else None

	def test_a_validator_dials_those_whose_names_are_found_beside_those_whose_are_not(self):
		"""libuv looks up two names at a time by itself; three hang here."""
		first, last = self.network.validators[0], self.network.validators[-1]
		self.network.kill_all()
		settings = pathlib.Path(self.dir / first.home / "unciad.conf")
		text = settings.read_text()
		for i in range(1, 4):
			text = text.replace(f"127.0.0.1:{self.network.validators[i].port}", f"v{i}.example:7400")
		settings.write_text(text.replace(f"127.0.0.1:{last.port}", f"localhost:{last.port}"))
		self.servers.write_text(self.servers.read_text() + "options timeout:30\n") # longer than the test waits
		last.start()
		with open(self.dir / "log", "wb") as log:
			process = subprocess.Popen([*self.alone(), BIN / "unciad", "start", "--home", first.home], cwd=self.dir,
				stdin=subprocess.DEVNULL, stdout=log, stderr=log)
		try:
			self.until(lambda: self.peers(first.home) == 1, "the two to be linked", 30)
			self.until(self.asked, "the others to be looked up", 30)
		finally:
			process.kill()
			process.wait()


if __name__ == "__main__":
	unittest.main()
