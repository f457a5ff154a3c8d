"""A manager of services as far as a process sees it: the socket that it is told to write to, and what came over it."""
import os
import pathlib
import queue
import socket
import tempfile
import threading
import time


class ServiceManager:
	"""name: of the socket; None: a path of its own."""

	def __init__(self, test, name=None):
		directory = tempfile.TemporaryDirectory(prefix="uncia-notify-")
		test.addCleanup(directory.cleanup)
		self.name = name or str(pathlib.Path(directory.name) / "notify")
		self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		test.addCleanup(self.socket.close)
		self.socket.bind(self.name.replace("@", "\0", 1) if self.name.startswith("@") else self.name)
		if not self.name.startswith("@"):
			os.chmod(self.name, 0o777)  # as systemd's is
		self.told = []  # of each message: {name: value}
		# It takes what comes at once, as systemd does: a socket that nobody reads is full after ten messages.
		self.come = queue.SimpleQueue()
		reader = threading.Thread(target=self.read, daemon=True)
		reader.start()
		test.addCleanup(reader.join)
		test.addCleanup(self.socket.shutdown, socket.SHUT_RDWR)

	def read(self):
		while data := self.socket.recv(4096):
			self.come.put(dict(line.split("=", 1) for line in data.decode().splitlines()))

	def environment(self, watchdog_ms=None):
		given = {**os.environ, "NOTIFY_SOCKET": self.name}
		return {**given, "WATCHDOG_USEC": str(watchdog_ms * 1000)} if watchdog_ms else given

	def listen(self, seconds):
		"""Takes one message more. Returns whether there was one."""
		try:
			self.told.append(self.come.get(timeout=seconds) if seconds else self.come.get_nowait())
		except queue.Empty:
			return False
		return True

	def until(self, wanted, seconds=60):
		"""Listens until a message is as wanted. Returns it; None where none is in time."""
		deadline, begun = time.monotonic() + seconds, len(self.told)
		while True:
			for message in self.told[begun:]:
				begun += 1
				if wanted(message):
					return message
			if not self.listen(max(0, deadline - time.monotonic())):
				return None
