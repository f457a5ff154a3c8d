"""The example of a chat in a real browser: two windows pay each other, one is closed in the middle of it."""
import json
import os
import pathlib
import sys
import threading
import unittest
import urllib.request

from browser import Browser
from uncia import UnciaTest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGE = pathlib.Path(os.environ.get("UNCIA_JS", ROOT / "build-js" / "js"))
sys.path.insert(0, str(ROOT / "wallet/bindings/js/examples/chat"))
import server  # noqa: E402

PASSPHRASE = "correct horse battery staple"


class Chat(UnciaTest):
	def start(self):
		self.start_devnet()
		self.server = server.make(PACKAGE, self.dir / "net/network.conf", 0)
		threading.Thread(target=self.server.serve_forever, daemon=True).start()
		self.addCleanup(self.server.server_close)
		self.addCleanup(self.server.shutdown)
		self.url = f"http://127.0.0.1:{self.server.server_port}/"
		self.browser = Browser(self.dir / "profile")
		self.addCleanup(self.browser.close)

	def join(self, name, passphrase=PASSPHRASE):
		window = self.browser.open(f"{self.url}?name={name}")
		window.until_text("#greeting", "Ready")
		window.type("#passphrase", passphrase)
		window.click("#start button")
		return window

	def joined(self, name):
		window = self.join(name)
		window.until_text("#address", "unc1")
		return window

	def paid(self, window, amount):
		window.type("#amount", amount)
		window.click("#pay")
		window.until_text("#question", "Pay ")
		window.click("#yes")

	def say(self, sender, text):
		request = urllib.request.Request(f"{self.url}messages", json.dumps({"from": sender, "text": text}).encode(),
			{"Content-Type": "application/json"})
		urllib.request.urlopen(request, timeout=20).close()

	def test_two_windows_pay_each_other(self):
		self.start()
		alice, bob = self.joined("alice"), self.joined("bob")
		self.assertEqual(len(alice.text("#words").split(": ")[1].split()), 12)
		self.uncia("--wallet", "net/treasury", "--network", "net/network.conf", "send", alice.text("#address"), "5")
		alice.until_text("#balance", "5.00 UNC")
		alice.until_text("#status", "received 5.00")
		# By the button: Bob's contact came by the chat.
		alice.browser.until(lambda: alice.run("return !document.getElementById('pay').disabled"), "Bob's contact")
		self.paid(alice, "0.50")
		self.assertIn(bob.text("#address"), alice.text("#question"))
		bob.until_text(".paid", "paid 0.50 UNC")
		alice.until_text(".paid", "paid 0.50 UNC")
		bob.until_text("#balance", "0.50 UNC")
		# By a request.
		alice.run("document.getElementById('amount').value = ''")
		alice.type("#amount", "0.2")
		alice.click("#ask")
		bob.until_text(".text", "asks for 0.20 UNC")
		bob.click(".answer")
		bob.click("#yes")
		alice.until_text(".paid", "paid 0.20 UNC")
		bob.until_text("#balance", "0.30 UNC")
		alice.until_text("#balance", "4.70 UNC")
		# What strangers write is text, and a contact that is another's is none.
		self.say("mallory", "<img src=x onerror=document.title='taken'> <script>document.title='taken'</script>")
		alice.until_text("#messages", "<script>")
		self.assertEqual(alice.run("return document.title"), "Chat")
		contact = next(m["text"] for m in self.server.messages.all if m["from"] == "bob" and "uncwho1" in m["text"])
		self.say("mallory", contact)
		alice.until_text(".wrong", "the account of chat:bob, sent by mallory")
		self.say("mallory", contact[:-1] + ("q" if contact[-1] != "q" else "p"))
		alice.until_text(".wrong", "changed")
		# A notice of a payment that pays somebody else is seen to be that.
		notice = next(m["text"] for m in self.server.messages.all if m["from"] == "alice" and "uncpaid1" in m["text"])
		carol = self.joined("carol")
		carol.until_text(".wrong", "paid somebody else")
		self.say("mallory", notice)
		bob.until_text(".wrong", "repeats what chat:alice has told")
		bob.until_text(".wrong", "your own contact, sent by mallory")
		# What they refuse changes nothing.
		bob.run("document.getElementById('amount').value = ''")
		self.paid(bob, "1000")
		bob.until_text("#status", "more than the balance")
		self.assertIn("0.30", bob.text("#balance"))
		self.assertEqual([entry for entry in self.browser.console() if "Content Security Policy" in entry["message"]], [])

	def test_one_who_has_not_joined_is_paid(self):
		self.start()
		alice = self.joined("alice")
		self.uncia("--wallet", "net/treasury", "--network", "net/network.conf", "send", alice.text("#address"), "5")
		alice.until_text("#balance", "5.00 UNC")
		alice.type("#amount", "1.25")
		alice.click("#give")
		alice.until_text(".text", "gives 1.25 UNC")
		alice.until_text("#balance", "3.75 UNC")
		dora = self.joined("dora")
		dora.until_text(".text", "gives 1.25 UNC")
		dora.click(".take")
		dora.until_text(".paid", "taken by you")
		dora.until_text("#balance", "1.25 UNC")
		late = self.joined("late")
		late.until_text(".text", "gave 1.25 UNC: it is taken")
		self.assertEqual(late.run("return document.querySelectorAll('.take').length"), 0)

	def test_a_window_that_is_closed_in_the_middle_pays_once(self):
		self.start()
		alice, bob = self.joined("alice"), self.joined("bob")
		self.uncia("--wallet", "net/treasury", "--network", "net/network.conf", "send", alice.text("#address"), "5")
		alice.until_text("#balance", "5.00 UNC")
		alice.browser.until(lambda: alice.run("return !document.getElementById('pay').disabled"), "Bob's contact")
		# The home is one window's.
		second = self.join("alice")
		second.until_text("#start-status", "another tab has this wallet open")
		second.close()
		for turn in range(4):
			alice.run("document.getElementById('amount').value = ''")
			alice.type("#amount", "0.50")
			alice.click("#pay")
			# Agreed to, and gone at once, or some messages to the worker and the disk later.
			alice.run("document.getElementById('yes').click(); " + "const end = performance.now() + arguments[0];"
				"while (performance.now() < end);", 0 if turn < 2 else 5)
			alice.close()
			alice = self.joined("alice")
			bob.until_text("#balance", f"{0.5 * (turn + 1):.2f} UNC")
			alice.until_text("#balance", f"{5 - 0.5 * (turn + 1):.2f} UNC")
			self.assertEqual(alice.text("#words"), "")
			alice.browser.until(lambda: alice.run("return !document.getElementById('pay').disabled"), "Bob's contact")
		self.uncia("--wallet", "net/treasury", "--network", "net/network.conf", "balance")
		wrong = self.join("alice", "something else")
		alice.close()
		wrong.close()
		wrong = self.join("alice", "something else")
		wrong.until_text("#start-status", "passphrase")


if __name__ == "__main__":
	unittest.main()
