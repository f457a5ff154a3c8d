"""What strangers send to a running validator: garbage, lengths that cannot be, one byte at a time, half of a handshake,
payments that cannot be. It goes on, and serves everybody else."""
import json
import os
import random
import socket
import struct
import unittest

from network import NetworkTest, fixture_accounts, funds

REFUSED = {"ENCODING": 201, "SIGNATURE": 202, "LIMIT": 301, "TOO_FAR": 114}


class BadBytes(NetworkTest):
	def setUp(self):
		super().setUp()
		self.network = self.start_network(*funds(fixture_accounts(2), 10), count=1)
		self.validator = self.network.validators[0]
		self.alice = self.new_wallet(self.network, "alice")

	def connect(self):
		connection = socket.create_connection(("127.0.0.1", self.validator.port), 30)
		self.addCleanup(connection.close)
		return connection

	def is_ended(self, connection):
		"""Waits for the validator to close; what it says before that does not count."""
		connection.settimeout(60)
		try:
			while connection.recv(4096):
				pass
		except ConnectionResetError:
			pass
		except TimeoutError:
			return False
		return True

	def serves(self):
		self.assertTrue(self.validator.is_running(), self.validator.log()[-4000:])
		self.assertEqual(self.network.treasury.send(self.alice, "0.01")["state"], "final")

	def test_garbage_ends_the_connection_and_nothing_else(self):
		chance = random.Random(1)
		whole = struct.pack(">H", 48) + bytes(48)
		for start in (b"", b"W", b"V", b"W" + whole, b"V" + struct.pack(">H", 96) + bytes(96), b"W\xff\xff", b"W\x00\x00",
			b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01"):
			with self.subTest(start=start[:8]):
				connection = self.connect()
				try:
					connection.sendall(start + chance.randbytes(200_000))
				except (ConnectionResetError, BrokenPipeError):
					pass
				self.assertTrue(self.is_ended(connection))
		self.serves()

	def test_half_open_connections_are_given_up(self):
		idle = [self.connect() for _ in range(60)]
		for number, connection in enumerate(idle):
			connection.sendall((b"", b"W", b"V", b"W\x00", b"W\x00\x30" + bytes(20))[number % 5])
		gone = self.connect()
		gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		gone.sendall(b"W\x00\x30")
		gone.close()
		self.serves()
		for connection in idle:
			self.assertTrue(self.is_ended(connection))
		self.serves()
		self.assertLess(len(os.listdir(f"/proc/{self.validator.pid}/fd")), 60)

	def test_a_request_may_come_one_byte_at_a_time(self):
		self.assertEqual(self.tool(self.network, "slow", self.validator.where()), ['{"status":true}'])

	def test_messages_that_cannot_be_end_the_link(self):
		lines = [json.loads(line) for line in self.tool(self.network, "strange", self.validator.where())]
		self.assertEqual(len(lines), 8)
		for line in lines:
			self.assertIs(line["closed"], True, line["case"])
		with open(f"/proc/{self.validator.pid}/status", encoding="ascii") as status:
			peak_kib = int(next(line for line in status if line.startswith("VmHWM")).split()[1])
		self.assertLess(peak_kib, 1 << 20)
		self.serves()

	def test_payments_that_cannot_be_are_answered_with_the_reason(self):
		lines = [json.loads(line) for line in self.tool(self.network, "refusals", self.validator.where())]
		replies = {line["case"]: (line["reply"], line["code"]) for line in lines}
		self.assertEqual(replies, {
			"expired": ("expiry", 0),
			"too far": ("refusal", REFUSED["TOO_FAR"]),
			"funds": ("pending", 1),
			"another network": ("refusal", REFUSED["SIGNATURE"]),
			"signature flipped": ("refusal", REFUSED["SIGNATURE"]),
			"point flipped": ("refusal", REFUSED["SIGNATURE"]),
			"key flipped": ("refusal", REFUSED["SIGNATURE"]),
			"body flipped": ("refusal", REFUSED["SIGNATURE"]),
			"unknown field": ("refusal", REFUSED["ENCODING"]),
			"long length": ("refusal", REFUSED["ENCODING"]),
			"cut": ("refusal", REFUSED["ENCODING"]),
			"empty": ("refusal", REFUSED["ENCODING"]),
			"garbage": ("refusal", REFUSED["ENCODING"]),
			"another's key": ("refusal", REFUSED["SIGNATURE"]),
			"signed by another": ("refusal", REFUSED["SIGNATURE"]),
			"too large": ("refusal", REFUSED["LIMIT"]),
			"good": ("receipt", 0),
		})
		self.serves()
		self.assertEqual(self.tool(self.network, "balances", 2, self.validator.where()), ['{"sum":20000000}'])
		self.assertEqual(self.network.stop_and_check()[0]["payments"], 2)


if __name__ == "__main__":
	unittest.main()
