"""uncia-notifier: a webhook is called when a payment has touched an account, again until it is taken, over validators and
a notifier that are killed meanwhile; and nobody is woken in vain."""
import hashlib
import hmac
import http.server
import json
import signal
import ssl
import subprocess
import threading
import time
import types
import unittest

from network import TOOLS, NetworkTest
from service_manager import ServiceManager
from unciad import BIN
from uncia import ADDRESS, UnciaTest

SECRET = b"sixteen bytes or more of it"


class Webhook:
	"""Takes calls, or refuses them while `refuses` is set. `certificate`: over TLS, as its (file, key)."""

	def __init__(self, test, certificate=None, host="127.0.0.1"):
		self.test, self.calls, self.links, self.refused, self.refuses = test, [], 0, 0, False
		hook = self

		class Handler(http.server.BaseHTTPRequestHandler):
			def do_POST(self):
				body = self.rfile.read(int(self.headers["Content-Length"]))
				if hook.refuses:
					hook.refused += 1
					self.send_response(500)
				else:
					hook.calls.append((body, self.headers["Uncia-Signature"], self.headers["Idempotency-Key"]))
					self.send_response(204)
				self.end_headers()

			def log_message(self, *_):
				pass

		class Server(http.server.ThreadingHTTPServer):
			def finish_request(self, request, address):  # in the thread of the connection: a handshake keeps nobody waiting
				hook.links += 1
				try:
					super().finish_request(context.wrap_socket(request, server_side=True) if certificate else request, address)
				except OSError:
					pass  # the notifier did not like the certificate

		if certificate:
			context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
			context.load_cert_chain(*certificate)
		self.server = Server(("127.0.0.1", 0), Handler)
		self.url = f"http{'s' if certificate else ''}://{host}:{self.server.server_port}/hook"
		threading.Thread(target=self.server.serve_forever, daemon=True).start()
		test.addCleanup(self.close)

	def close(self):
		self.server.shutdown()
		self.server.server_close()

	def bodies(self):
		"""What was told, each checked; what came twice under one key, once."""
		told = {}
		for body, signature, key in list(self.calls):
			self.test.assertEqual(signature, "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest())
			said = json.loads(body)
			self.test.assertEqual(key, f"{said['account']}-{said['created']}-{said['payments']}")
			told[key] = said
		return list(told.values())


class NotifierTest(NetworkTest):
	def setUp(self):
		super().setUp()
		secret = self.dir / "secret"
		secret.write_bytes(SECRET + b"\n")
		secret.chmod(0o600)

	def begin(self, network, hook, accounts, *options, listens=True, environment=None):
		(self.dir / "accounts").write_text("# who is watched\n\n" + "".join(f"{a}\n" for a in accounts))
		process = subprocess.Popen([BIN / "uncia-notifier", "--network", network.file, "--accounts", "accounts", "--webhook",
			hook.url, "--secret", "secret", "--state", "state", *options], cwd=self.dir, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
			text=True, env=environment)
		self.addCleanup(process.kill)
		if listens:
			self.assertEqual(process.stderr.readline(), f"uncia-notifier: listening for {len(accounts)} account{'s' * (len(accounts) != 1)}\n")
		threading.Thread(target=process.stderr.read, daemon=True).start()
		return process

	def end(self, process):
		process.send_signal(signal.SIGTERM)
		self.assertEqual(process.wait(timeout=30), 0)

	def told(self, hook, wallet):
		return [said["payments"] for said in hook.bodies() if said["account"] == wallet.address]


class Notifier(NotifierTest):
	def test_each_account_that_is_touched_is_told_and_no_other(self):
		network, hook = self.start_network(), Webhook(self)
		alice, bob, carol = (self.new_wallet(network, name) for name in ("alice", "bob", "carol"))
		network.treasury.send(alice, "1")  # before anybody watches
		process = self.begin(network, hook, [alice.address, bob.address, carol.address])
		time.sleep(2)
		self.assertEqual(hook.bodies(), [])
		for i in range(1, 4):
			network.treasury.send(alice, "1")
			self.until(lambda i=i: self.told(hook, alice) == list(range(2, 2 + i)), f"alice's payment {i}")
		network.treasury.send(bob, "1")  # which makes the account
		self.until(lambda: self.told(hook, bob) == [1], "bob's first payment")
		self.end(process)
		# What comes while it is not there is told by the next one, in one.
		for _ in range(3):
			network.treasury.send(alice, "1")
		network.wait_same_tip()  # or one that is behind is told of first, and then the rest
		before = len(hook.calls)
		process = self.begin(network, hook, [alice.address, bob.address, carol.address])
		self.until(lambda: self.told(hook, alice)[-1] == 7, "what was missed")
		time.sleep(2)
		self.assertEqual(len(hook.calls), before + 1)
		self.assertEqual(self.told(hook, carol), [])
		self.end(process)
		network.stop_and_check()

	def test_a_service_manager_is_told_that_it_listens_lives_and_ends(self):
		network, hook, manager = self.start_network(count=1), Webhook(self), ServiceManager(self)
		process = self.begin(network, hook, [network.treasury.address], environment=manager.environment(watchdog_ms=600))
		ready = manager.until(lambda message: "READY" in message)
		self.assertEqual(ready, {"READY": "1", "WATCHDOG": "1", "STATUS": "listens; 1 of 1 accounts known, 1 links"}, manager.told)
		for _ in range(3):
			self.assertTrue(manager.listen(5), manager.told)
			self.assertEqual((manager.told[-1]["WATCHDOG"], "READY" in manager.told[-1]), ("1", False))
		self.end(process)
		self.assertIsNotNone(manager.until(lambda message: message.get("STOPPING") == "1", 5), manager.told[-3:])

	def test_what_is_not_taken_is_told_again_whoever_is_killed(self):
		network, hook = self.start_network(), Webhook(self)
		alice = self.new_wallet(network, "alice")
		network.treasury.send(alice, "1")
		process = self.begin(network, hook, [alice.address])
		self.end(process)  # it has stored where it begins
		hook.refuses = True
		process = self.begin(network, hook, [alice.address])
		for _ in range(2):
			network.treasury.send(alice, "1")
		self.until(lambda: hook.refused >= 2, "two refusals")
		process.kill()
		process.wait()
		process = self.begin(network, hook, [alice.address])
		self.until(lambda: hook.refused >= 3, "one more")
		hook.refuses = False
		self.until(lambda: self.told(hook, alice) and self.told(hook, alice)[-1] == 3, "the payments")
		for i, validator in enumerate(network.validators):
			validator.kill()
			network.treasury.send(alice, "1")
			self.until(lambda i=i: self.told(hook, alice)[-1] == 4 + i, "a payment while a validator is down")
			validator.start()
			network.wait_voting()
		self.end(process)
		network.stop_and_check()

	def test_hundreds_of_accounts_share_links(self):
		network, hook = self.start_network(), Webhook(self)
		alice = self.new_wallet(network, "alice")
		others = [self.uncia_json("--wallet", f"w{i}", "init", "--no-passphrase")["address"] for i in range(80)]
		process = self.begin(network, hook, others + [alice.address])
		network.treasury.send(alice, "1")
		self.until(lambda: self.told(hook, alice) == [1], "the payment")
		self.end(process)
		network.stop_and_check()


class Tls(NotifierTest):
	def certificate(self, name, host):
		"""One that vouches for itself."""
		subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
			"2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={host}", "-keyout", f"{name}.key", "-out", f"{name}.pem"],
			cwd=self.dir, check=True, capture_output=True)
		return self.dir / f"{name}.pem", self.dir / f"{name}.key"

	def test_an_https_webhook_is_told_when_its_certificate_is_right_and_else_not(self):
		network = self.start_network()
		alice = self.new_wallet(network, "alice")
		right, others = self.certificate("right", "IP:127.0.0.1"), self.certificate("others", "DNS:push.example")
		for certificate, options, taken in (
			(right, ["--ca", "right.pem"], True),
			(right, ["--ca", "others.pem"], False),  # nobody vouches for it
			(right, [], False),  # nor does the system
			(others, ["--ca", "others.pem"], False),  # it is another host's
		):
			with self.subTest(options=options):
				hook = Webhook(self, certificate)
				process = self.begin(network, hook, [alice.address], *options)
				network.treasury.send(alice, "1")
				if taken:
					self.until(lambda: self.told(hook, alice), "the payment")
				else:
					self.until(lambda: hook.links >= 3, "two links that failed, and one more")
					self.assertEqual(hook.calls, [])
				self.end(process)
				(self.dir / "state").unlink()
		network.stop_and_check()


class LiedTo(NotifierTest):
	def test_what_does_not_verify_wakes_nobody(self):
		for lie in ("false", "garbage"):
			with self.subTest(lie=lie):
				process = subprocess.Popen([TOOLS / "lying_network", "network.conf", lie], cwd=self.dir, stdout=subprocess.PIPE, text=True)
				self.addCleanup(process.wait)
				self.addCleanup(process.kill)
				self.assertEqual(process.stdout.readline(), "ready\n")
				hook = Webhook(self)
				network = types.SimpleNamespace(file="network.conf")
				(self.dir / "state").write_text(f"{ADDRESS} 0 5 5\n")  # anything proved would be news
				notifier = self.begin(network, hook, [ADDRESS], listens=False)
				time.sleep(4)
				self.assertIsNone(notifier.poll())
				self.assertEqual(hook.calls, [])
				self.end(notifier)
				process.kill()


class Arguments(UnciaTest):
	def refuses(self, code, message, **changes):
		options = {"network": self.network, "accounts": "accounts", "webhook": "http://127.0.0.1:1/", "secret": "secret",
			"state": "state", **changes}
		arguments = [text for name, value in options.items() if value is not None for text in (f"--{name}", str(value))]
		done = subprocess.run([BIN / "uncia-notifier", *arguments], cwd=self.dir, stderr=subprocess.PIPE, text=True, timeout=60)
		self.assertEqual(done.returncode, code, done.stderr)
		self.assertIn(message, done.stderr)

	def test_what_is_wrong_is_said(self):
		self.network = self.silent_network()
		secret, accounts = self.dir / "secret", self.dir / "accounts"
		secret.write_bytes(SECRET)
		secret.chmod(0o600)
		accounts.write_text(f"{ADDRESS}\n")
		for option in ("network", "accounts", "webhook", "secret", "state"):
			self.refuses(2, "are needed", **{option: None})
		self.refuses(2, "not an http or https address", webhook="file:///etc/passwd")
		self.refuses(1, "missing: No such file", ca="missing")
		self.refuses(2, "accounts: no certificate", ca="accounts")
		self.refuses(1, "missing: No such file", accounts="missing")
		self.refuses(1, "uncia-notifier: the network file: nothing cannot be read: not found\n", network="nothing")
		(self.dir / "alone").write_text(self.network.read_text().split("[validator.")[0])
		self.refuses(2, "alone: there is no validator in it", network="alone")
		accounts.write_text(f"{ADDRESS}\n{ADDRESS[:-1]}\n")
		self.refuses(2, "line 2 is no address")
		accounts.write_text(f"{ADDRESS}\n{ADDRESS}\n")
		self.refuses(2, "is there twice")
		accounts.write_text("# nobody\n")
		self.refuses(2, "no address in it")
		accounts.write_text(f"{ADDRESS}\n")
		(self.dir / "state").write_text(f"{ADDRESS} 1 2\n")
		self.refuses(1, "state is damaged")
		(self.dir / "state").unlink()
		secret.write_bytes(b"short")
		self.refuses(2, "fewer than 16 bytes")
		secret.write_bytes(SECRET)
		secret.chmod(0o644)
		self.refuses(1, "chmod 600 secret")


if __name__ == "__main__":
	unittest.main()
