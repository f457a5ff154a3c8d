"""What stands between a client and a server: it writes down all that is carried, says what the server
has not said, and its connections go dead without a word, as they do while a machine sleeps."""
import socket
import threading

from unciad import free_ports

CHUNK = 65536


class Link:
	"""One connection of a client, and the one to the server that is made for it."""

	def __init__(self, relay, client):
		self.relay, self.ends, self.dead = relay, [client], False
		self.ends.append(socket.create_connection(("127.0.0.1", relay.server_port)))
		self.threads = [threading.Thread(target=self.carry, args=each) for each in (self.ends, self.ends[::-1])]
		for thread in self.threads:
			thread.start()

	def carry(self, source, sink):
		try:
			while data := source.recv(CHUNK):
				if not self.dead:
					data = self.relay.change(data) if source is self.ends[1] else data
					self.relay.carried += data
					sink.sendall(data)
		except OSError:
			pass
		if not self.dead or source is self.ends[0]:
			self.shut(self.ends)

	@staticmethod
	def shut(ends):
		for end in ends:
			try:
				end.shutdown(socket.SHUT_RDWR)
			except OSError:
				pass

	def inject(self, data):
		"""Says this to the client, as if the server had."""
		self.ends[0].sendall(data)

	def go_dead(self):
		self.dead = True
		self.shut(self.ends[1:])

	def close(self):
		self.shut(self.ends)
		for thread in self.threads:
			thread.join()
		for end in self.ends:
			end.close()


class Relay:
	"""Listens on self.port for a server on this machine. Links stand in the order in which clients came."""

	def __init__(self, test, port):
		self.server_port, self.port = port, free_ports(1)
		self.carried = bytearray()  # of all connections, both ways
		self.change = lambda data: data  # what becomes of what the server says
		self.links = []
		self.listening = socket.create_server(("127.0.0.1", self.port))
		self.thread = threading.Thread(target=self.accept)
		self.thread.start()
		test.addCleanup(self.close)

	def accept(self):
		while True:
			try:
				client, _ = self.listening.accept()
			except OSError:
				return
			try:
				self.links.append(Link(self, client))
			except OSError:
				client.close()  # the server is not there

	def go_dead(self):
		"""What is connected now is heard no more, and hears nothing, not even that it ended; the server sees it go. New
		connections are carried."""
		for link in self.links:
			link.go_dead()

	def cut(self):
		"""What is connected now ends, and both sides see it."""
		for link in self.links:
			link.shut(link.ends)

	def close(self):
		self.listening.shutdown(socket.SHUT_RDWR)
		self.thread.join()
		self.listening.close()
		for link in self.links:
			link.close()


def relayed_network(test, network):
	"""Relays before all validators, and the network file of who is behind them."""
	text = network.file.read_text()
	relays = [Relay(test, validator.port) for validator in network.validators]
	for validator, relay in zip(network.validators, relays):
		text = text.replace(f"127.0.0.1:{validator.port}\n", f"127.0.0.1:{relay.port}\n")
	path = test.dir / "relayed.conf"
	path.write_text(text)
	return relays, path
