"""The way of the operator into a running validator: the control socket of its home, and what is asked over it."""
import os
import signal
import socket
import stat
import struct
import subprocess
import unittest

from network import NetworkTest
from unciad import BIN, logs


class Control(NetworkTest):
	def peers(self, home, code=0):
		return self.run_json("peers", "--home", home, code=code)

	def test_peers_tells_of_every_link(self):
		network = self.start_network()
		network.wait_voting()
		keys = {v["validator"]: v["key"] for i in range(4) for v in self.peers(network.validators[i].home)["peers"]}
		for i, validator in enumerate(network.validators):
			told = self.until(lambda v=validator: self.all_up(v), "every link to be up")
			self.assertEqual((told["v"], told["self"], [p["validator"] for p in told["peers"]]),
				(1, i, [k for k in range(4) if k != i]))
			for peer in told["peers"]:
				self.assertEqual(peer["dialled"], i < peer["validator"])
				self.assertEqual(peer["key"], keys[peer["validator"]])
				self.assertTrue(peer["address"].startswith("127.0.0.1"), peer)
				self.assertEqual(peer["address"].endswith(f":{network.validators[peer['validator']].port}"), peer["dialled"])
				self.assertGreaterEqual(peer["linked_ms"], 0)
				self.assertGreaterEqual(peer["queued"], 0)
		text, _ = self.run_unciad("peers", "--home", network.validators[0].home)
		self.assertIn("validator 0, final height ", text)
		self.assertEqual(len(text.splitlines()), 3 + 3)
		self.assertIn(keys[3][:8], text)

		network.validators[3].stop()
		lost = self.until(lambda: next((p for p in self.peers(network.validators[0].home)["peers"]
			if p["validator"] == 3 and p["state"] != "up" and "error" in p), None), "the link to be down")
		self.assertNotIn("linked_ms", lost)
		self.assertTrue(lost["error"])
		self.assertGreaterEqual(lost["error_ms"], 0)
		text, _ = self.run_unciad("peers", "--home", network.validators[0].home)
		self.assertRegex(text, r"\(.+, [\d.]+ s ago\)")
		network.stop()

	def all_up(self, validator):
		told = self.peers(validator.home)
		return told if all(p["state"] == "up" for p in told["peers"]) else None

	def test_the_socket_is_there_while_it_runs_and_no_longer(self):
		self.start_alone()
		path = self.dir / self.home / "control"
		mode = path.lstat().st_mode
		self.assertTrue(stat.S_ISSOCK(mode))
		self.assertEqual(stat.S_IMODE(mode), 0o600)
		self.validator.stop()
		self.assertFalse(path.exists())
		self.refuses(6, "no validator runs in", "peers", "--home", self.home)

		# A killed process leaves it; the next start replaces it.
		self.validator.start()
		self.until(lambda: self.answers(), "peers to answer")
		self.validator.kill()
		self.assertTrue(path.exists())
		self.refuses(6, "no validator runs in", "peers", "--home", self.home)
		self.validator.start()
		self.until(lambda: self.answers(), "peers to answer")
		self.validator.stop()

		# What is no socket is left alone, and the validator runs without.
		path.write_text("mine")
		self.validator.start()
		self.until(lambda: "event=control_failed" in self.validator.log(), "the log to say so")
		self.until(lambda: "event=listening" in self.validator.log().split("event=control_failed")[-1], "the validator to run")
		self.refuses(6, "control", "peers", "--home", self.home)
		self.validator.stop()
		self.assertEqual(path.read_text(), "mine")

	def start_alone(self):
		network = self.start_network(count=1)
		self.validator, self.home = network.validators[0], network.validators[0].home
		self.until(self.answers, "peers to answer")

	def answers(self):
		"""Whether it does; a start takes its time."""
		return subprocess.run([BIN / "unciad", "peers", "--home", self.home], cwd=self.dir, stdout=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL).returncode == 0

	def dial(self):
		"""A connection to the socket; sun_path is short, the test's directory may not be."""
		client = socket.socket(socket.AF_UNIX)
		client.connect(f"/proc/self/fd/{self.home_fd}/control")
		client.settimeout(60)
		self.addCleanup(client.close)
		return client

	def test_nothing_that_a_client_sends_disturbs_the_validator(self):
		self.start_alone()
		self.home_fd = os.open(self.dir / self.home, os.O_PATH)
		self.addCleanup(os.close, self.home_fd)
		clients = []
		for sent in (b"", b"\0", b"\0\0\0\0", b"\xff" * 4096, struct.pack(">I", 3) + b"\xff\xff\xff", b"\0\0\0\2\x12\0",
				struct.pack(">I", 1 << 17) + os.urandom(1 << 17), b"GET / HTTP/1.0\r\n\r\n"):
			client = self.dial()
			try:
				client.sendall(sent)
			except OSError:  # it was closed meanwhile
				pass
			clients.append(client)
		for _ in range(20):
			clients.append(self.dial())
		self.assertEqual(self.peers(self.home)["peers"], [])
		# A frame that is no request is answered, and the connection goes on.
		client = self.dial()
		for _ in range(2):
			client.sendall(struct.pack(">I", 2) + b"\x08\x05")
			size = struct.unpack(">I", self.receive(client, 4))[0]
			self.assertIn(b"of another release", self.receive(client, size))
		before = self.status(self.home)["height"]
		self.until(lambda: self.status(self.home)["height"] > before, "blocks to become final")
		self.validator.stop()

	def receive(self, client, size):
		data = b""
		while len(data) < size:
			part = client.recv(size - len(data))
			self.assertTrue(part)
			data += part
		return data

	@unittest.skipUnless(os.geteuid() == 0, "takes root, to be another user")
	def test_nobody_else_may_connect_though_the_modes_would_let_him(self):
		self.start_alone()
		home = self.dir / self.home
		for path in (self.dir, *home.parents):
			if path.is_relative_to(self.dir):
				path.chmod(0o755)
		home.chmod(0o755)
		(home / "control").chmod(0o666)
		read, write = os.pipe()
		child = os.fork()
		if not child:  # another user: connected, and closed without an answer
			try:
				os.setgroups([])
				os.setgid(65534)
				os.setuid(65534)
				os.chdir(home)
				client = socket.socket(socket.AF_UNIX)
				client.settimeout(60)
				client.connect("control")
				try:
					client.sendall(b"\0\0\0\4\x08\x05\x12\0")
					got = client.recv(4096)
				except (BrokenPipeError, ConnectionResetError):
					got = b""
				os.write(write, b"closed" if got == b"" else got)
			finally:
				os._exit(0)
		os.close(write)
		with os.fdopen(read, "rb") as answer:
			self.assertEqual(answer.read(), b"closed", logs(self.dir / "net"))
		os.waitpid(child, 0)
		self.assertEqual(self.peers(self.home)["self"], 0)
		self.validator.signal(signal.SIGTERM)


if __name__ == "__main__":
	unittest.main()
