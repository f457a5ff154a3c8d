"""A WebSocket client (RFC 6455) in Python, and a relay of it: to programs that speak TCP it is a validator's port, and what
they say goes on in the frames of a WebSocket to the one where the validator serves these."""
import base64
import hashlib
import os
import random
import select
import socket
import threading

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, data=b"", last=True):
	"""A frame as a client sends it."""
	mask = os.urandom(4)
	size = bytes([0x80 | len(data)]) if len(data) < 126 else \
		b"\xfe" + len(data).to_bytes(2, "big") if len(data) < 65536 else b"\xff" + len(data).to_bytes(8, "big")
	return bytes([opcode | (0x80 if last else 0)]) + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))


def request(key, *headers):
	lines = ["GET / HTTP/1.1", "Host: validator", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
		"Sec-WebSocket-Version: 13", *headers]
	return "\r\n".join([*lines, "", ""]).encode()


class WebSocket:
	"""A connection, opened. Whatever is not as RFC 6455 has it fails."""

	def __init__(self, port, *headers):
		self.socket = socket.create_connection(("127.0.0.1", port), 20)
		self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		self.buffer = b""
		key = base64.b64encode(os.urandom(16)).decode()
		self.socket.sendall(request(key, *headers))
		while b"\r\n\r\n" not in self.buffer:
			self.fill()
		head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
		status, *fields = head.decode().split("\r\n")
		fields = dict(field.lower().split(": ", 1) for field in fields)
		accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
		assert status.startswith("HTTP/1.1 101 "), head
		assert fields == {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-accept": accept.lower()}, head
		assert accept in head.decode(), head

	def fill(self):
		part = self.socket.recv(65536)
		if not part:
			raise EOFError
		self.buffer += part

	def take(self, size):
		while len(self.buffer) < size:
			self.fill()
		data, self.buffer = self.buffer[:size], self.buffer[size:]
		return data

	def receive(self):
		"""(opcode, data) of the next frame, which a server sends whole and without a mask."""
		first, size = self.take(2)
		assert first & 0x70 == 0 and first & 0x80 and not size & 0x80, (first, size)
		if size == 126:
			size = int.from_bytes(self.take(2), "big")
			assert size >= 126
		elif size == 127:
			size = int.from_bytes(self.take(8), "big")
			assert size >= 65536
		return first & 0x0F, self.take(size)

	def close(self):
		self.socket.close()


class Relay:
	"""Listens on a port of its own, and carries each connection on to the WebSockets of `port`. With `unruly`, what is sent
	is cut into frames and messages of any size, with pings and empty frames between."""

	def __init__(self, port, unruly=None):
		self.target, self.random = port, random.Random(unruly) if unruly is not None else None
		self.server = socket.create_server(("127.0.0.1", 0))
		self.port, self.pongs, self.connections = self.server.getsockname()[1], 0, 0
		threading.Thread(target=self.accept, daemon=True).start()

	def accept(self):
		while True:
			try:
				local = self.server.accept()[0]
			except OSError:
				return
			self.connections += 1
			threading.Thread(target=self.carry, args=(local,), daemon=True).start()

	def carry(self, local):
		web = None
		try:
			web = WebSocket(self.target)
			while True:
				if not web.buffer:
					ready = select.select([local, web.socket], [], [])[0]
				if local in ready:
					data = local.recv(65536)
					if not data:
						web.socket.sendall(frame(CLOSE))
						return
					self.send(web, data)
				if web.buffer or web.socket in ready:
					opcode, data = web.receive()
					self.pongs += opcode == PONG
					if opcode == BINARY:
						local.sendall(data)
					ready = []
		except (OSError, EOFError):
			pass
		finally:
			local.close()
			if web:
				web.close()

	def send(self, web, data):
		if not self.random:
			web.socket.sendall(frame(BINARY, data))
			return
		opcode, out = BINARY, b""
		while data:
			size = self.random.choice((0, 1, 2, 7, 130, 70000))
			last = self.random.random() < 0.5 or size >= len(data)
			out += frame(opcode, data[:size], last)
			data, opcode = data[size:], BINARY if last else CONTINUATION
			if self.random.random() < 0.3:
				out += frame(self.random.choice((PING, PONG)), os.urandom(self.random.randrange(126)))
		while out:  # as TCP cuts it
			size = self.random.choice((1, 3, 50, 2000))
			web.socket.sendall(out[:size])
			out = out[size:]

	def close(self):
		self.server.close()
