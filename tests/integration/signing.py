"""What is said to a sign agent (docs/spec/network.md 8.9), from that page alone."""
import itertools
import socket
import struct

HELLO, VOTE, EXPIRY, NEXT = 1, 2, 3, 4
DONE, NONE, CONTRADICTS, PAST, FOREIGN, MALFORMED, FAILED = range(1, 8)
NOTAR1, SKIP1, NOTAR2, SKIP2, FINAL = 1, 2, 3, 4, 5


class Client:
	"""Speaks to an agent as docs/spec/network.md 8.9 says."""

	def __init__(self, path, network_id):
		self.network_id = network_id
		self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		self.socket.settimeout(20)
		self.socket.connect(str(path))
		self.numbers = itertools.count(1)

	def ask(self, question, statement=b"", past=0, network_id=None):
		"""(verdict, statement, signature)"""
		number = next(self.numbers)
		self.socket.send(struct.pack(">BBQ32sQ49s", 1, question, number, network_id or self.network_id, past, statement))
		version, verdict, answered, told, signature = struct.unpack(">BBQ49s64s", self.socket.recv(1000))
		assert (version, answered) == (1, number)
		return verdict, told, signature

	def vote(self, view, kind, block=b"", past=0, epoch=0):
		return self.ask(VOTE, struct.pack(">QBQ32s", epoch, kind, view, block), past)

	def votes(self):
		"""All of the record: (view, kind, block)."""
		place, found = bytes(49), []
		while (answer := self.ask(NEXT, place))[0] == DONE:
			place = answer[1]
			_, kind, view, block = struct.unpack(">QBQ32s", place)
			found.append((view, kind, block))
		return found

	def close(self):
		self.socket.close()
