"""Validators reached by WebSocket: payments of `uncia` through a relay that speaks it, the answers to whoever does not, and
what network files and configurations say of it."""
import configparser
import re
import socket
import unittest
import urllib.error
import urllib.request

from uncia import UnciaTest
from unciad import ALICE, free_ports
from web_relay import BINARY, CLOSE, PING, PONG, TEXT, Relay, WebSocket, frame


class Web(UnciaTest):
	def start(self, **options):
		self.net = self.start_devnet(**options)
		self.ports = [validator["websocket_port"] for validator in self.net.ready["validators"]]
		self.file = self.dir / "net/network.conf"

	def through(self, name, **options):
		"""A network file whose addresses are those of relays. Returns its options for uncia, and the relays."""
		relays = [Relay(port, **options) for port in self.ports]
		text = self.file.read_text()
		for validator, relay in zip(self.net.ready["validators"], relays):
			self.addCleanup(relay.close)
			text = text.replace(f"address = 127.0.0.1:{validator['port']}\n", f"address = 127.0.0.1:{relay.port}\n")
		(self.dir / name).write_text(text)
		return ("--network", name), relays

	def test_wallets_pay_each_other_by_websocket_alone(self):
		self.start()
		for unruly in (None, 1, 2):
			with self.subTest(unruly=unruly):
				network, relays = self.through(f"web-{unruly}.conf", unruly=unruly)
				payee = self.wallet(f"payee-{unruly}")
				sent = self.uncia_json("--wallet", "net/treasury", *network, "send", payee, "1.25", "--key", f"web-{unruly}")
				self.assertEqual(sent["state"], "final")
				self.assertEqual(self.uncia_json("--wallet", f"payee-{unruly}", *network, "balance")["balance"], "1.250000")
				again = self.uncia_json("--wallet", "net/treasury", *network, "send", payee, "1.25", "--key", f"web-{unruly}")
				self.assertEqual(again["id"], sent["id"])
				self.assertTrue(all(relay.connections for relay in relays[:2]) or sum(r.connections for r in relays) > 1)
		self.assertEqual(self.net.stop(), 0, self.net.errors())
		log = (self.dir / "net/v0/log").read_text()
		counted = {key: int(value) for key, value in re.findall(r"(websockets|websockets_failed)=(\d+)", log)}
		self.assertEqual(counted["websockets_failed"], 0, log[-2000:])
		for validator in self.net.ready["validators"]:
			self.run_unciad("check", "--home", validator["home"])

	def test_whoever_does_not_speak_it_is_answered_and_closed(self):
		self.start(count=1)
		port = self.ports[0]
		with self.assertRaises(urllib.error.HTTPError) as refused:
			urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20)
		self.assertEqual(refused.exception.code, 426)
		self.assertIn("WebSocket", refused.exception.read().decode())
		refused.exception.close()
		for origin in ("https://chat.example", "null", "http://127.0.0.1"):
			web = WebSocket(port, f"Origin: {origin}", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
			web.socket.sendall(frame(PING, b"there?"))
			self.assertEqual(web.receive(), (PONG, b"there?"))
			web.socket.sendall(frame(CLOSE, b"\x03\xe8"))
			self.assertEqual(web.receive(), (CLOSE, b"\x03\xe8"))
			self.assertRaises(EOFError, web.take, 1)
			web.close()
		for bad, code in ((frame(TEXT, b"hello"), b"\x03\xeb"), (b"\x82\x05hello", b"\x03\xea")):
			web = WebSocket(port)
			web.socket.sendall(bad)
			self.assertEqual(web.receive(), (CLOSE, code))
			web.close()
		web = WebSocket(port)
		web.socket.sendall(frame(BINARY, b"V"))  # a validator's link
		self.assertRaises((EOFError, ConnectionError), web.take, 1)
		web.close()
		# The port of the others knows no HTTP, as before.
		with socket.create_connection(("127.0.0.1", self.net.ready["validators"][0]["port"]), 20) as plain:
			plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
			self.assertIn(self.closed_with(plain), (b"", None))
		self.assertTrue(self.status("net/v0")["running"])

	@staticmethod
	def closed_with(connection):
		try:
			return connection.recv(1)
		except ConnectionResetError:
			return None

	def test_network_files_name_them_where_older_readers_see_a_comment(self):
		self.start(count=2)
		text = self.file.read_text()
		for i, port in enumerate(self.ports):
			self.assertIn(f"[validator.{i}]\naddress = 127.0.0.1:{self.net.ready['validators'][i]['port']}\n", text)
			self.assertEqual(text.count(f"#: websocket = ws://127.0.0.1:{port}\n"), 1)
		parsed = configparser.ConfigParser(strict=False)
		parsed.read_string(text)
		self.assertEqual(sorted(parsed["validator.0"]), ["address", "network_key"])
		# A name that nobody knows yet, and what is no name and value, are comments.
		(self.dir / "newer.conf").write_text(text.replace("#: websocket", "#: carrier-pigeon = Bodie\n#: and more\n#: websocket"))
		self.uncia("--wallet", "net/treasury", "--network", "newer.conf", "balance")
		for wrong in ("http://127.0.0.1:1", "ws://", "ws:// a", "wss://a\"b", f"ws://{'a' * 176}", "127.0.0.1:1"):
			with self.subTest(wrong=wrong):
				bad = re.sub(r"websocket = \S+", lambda _: f"websocket = {wrong}", text, count=1)
				(self.dir / "bad.conf").write_text(bad)
				line = 1 + next(i for i, l in enumerate(bad.splitlines()) if "websocket" in l)
				self.uncia_refuses(2, f"line {line}: the websocket of validator 0 is not ws://", "--wallet", "net/treasury",
					"--network", "bad.conf", "balance")
		(self.dir / "bad.conf").write_text(re.sub(r"(#: websocket = \S+\n)", r"\1\1", text, count=1))
		self.uncia_refuses(2, "the websocket of validator 0 is not", "--wallet", "net/treasury", "--network", "bad.conf", "balance")


class Settings(UnciaTest):
	def test_genesis_takes_a_url_for_each_validator(self):
		self.make_genesis()
		base = ("genesis", "--name", "test", "--account", f"{ALICE}=100", *self.validators)
		at = [t for i in range(4) for t in ("--at", f"{i}=127.0.0.1:{7400 + i}")]
		self.run_unciad(*base, "--output", "g2", "--network", "n", *at, "--websocket", "1=wss://v1.example.org/uncia",
			"--websocket", "3=ws://[::1]:7503")
		text = (self.dir / "n").read_text()
		self.assertEqual(re.findall(r"\[validator\.(\d)\][^\[]*?#: websocket = (\S+)", text),
			[("1", "wss://v1.example.org/uncia"), ("3", "ws://[::1]:7503")])
		for message, options in {
			"not INDEX=URL": ["--websocket", "wss://v1.example.org"],
			"not INDEX=URL, with ws://": ["--websocket", "1=https://v1.example.org"],
			"--websocket 1=ws://b: the URL of validator 1 is given twice": ["--websocket", "1=ws://a", "--websocket", "1=ws://b"],
			"--websocket 4=…: there is no validator 4": ["--websocket", "4=ws://a"],
		}.items():
			with self.subTest(message=message):
				self.refuses(2, message, *base, "--output", "g3", "--network", "n3", *at, *options)
		self.refuses(2, "--websocket is for --network", *base, "--output", "g3", "--websocket", "1=ws://a")
		self.assertFalse((self.dir / "g3").exists())

	def test_configurations_say_where_to_listen(self):
		self.make_genesis()
		port, web = free_ports(2), 0
		web = port + 1
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--first-start", "--listen", f"127.0.0.1:{port}",
			"--listen-websocket", f"127.0.0.1:{web}")
		conf = self.dir / "v0/unciad.conf"
		text = conf.read_text()
		self.assertIn(f"\nlisten_websocket = 127.0.0.1:{web}\n", text)
		self.refuses(2, "--listen-websocket x: not HOST:PORT", "init", "--home", "v1", "--genesis", "g", "--listen-websocket", "x")
		line = 1 + text.splitlines().index(f"listen_websocket = 127.0.0.1:{web}")
		conf.write_text(text.replace(f"127.0.0.1:{web}", "nowhere"))
		self.refuses(2, f"unciad.conf:{line}: listen_websocket = nowhere: not HOST:PORT", "start", "--home", "v0")
		conf.write_text(text.replace(f"listen_websocket = 127.0.0.1:{web}", f"listen_websocket = h:1\nlisten_websocket = h:1"))
		self.refuses(2, f"unciad.conf:{line + 1}: listen_websocket is given twice", "start", "--home", "v0")
		with socket.create_server(("127.0.0.1", web)):
			conf.write_text(text)
			self.refuses(1, f"port {web} on 127.0.0.1 is in use", "start", "--home", "v0")
		# A home that was made without it has it as a comment.
		self.run_unciad("init", "--home", "v2", "--genesis", "g", "--first-start")
		self.assertIn("\n# listen_websocket = 0.0.0.0:7500\n", (self.dir / "v2/unciad.conf").read_text())

	def test_a_devnet_that_was_made_without_goes_on_without(self):
		net = self.start_devnet(count=1)
		self.assertEqual(net.stop(), 0)
		conf = self.dir / "net/v0/unciad.conf"
		conf.write_text(re.sub(r"listen_websocket.*\n", "", conf.read_text()))
		net = self.start_devnet("--base-port", net.ready["validators"][0]["port"], count=1)
		self.assertEqual(net.ready["validators"][0]["websocket_port"], 0)
		self.assertNotIn("websocket", (self.dir / "net/network.conf").read_text())


if __name__ == "__main__":
	unittest.main()
