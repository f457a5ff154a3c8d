"""Somebody has two clients of one XMPP account, and the server sends each what the other one has said and heard (carbons;
libpurple has them by a plugin of its own package)."""
import pathlib
import unittest

from messengers import Purple, start_prosody, xmpp_account
from test_purple import OUR, Purples

CARBONS = next(iter(map(str, pathlib.Path("/usr/lib").glob("**/purple-2/carbons.so"))), "")


class Devices(Purples):
	def setUp(self):
		super().setUp()
		self.assertTrue(CARBONS, "there is no carbons.so: it is in the package purple-xmpp-carbons")
		self.server = start_prosody(self)

	def device(self, name):
		account = xmpp_account(self.server, "alice")
		account[1] = f"alice@scene.test/{name}"
		wallet = self.funded(name)
		client = Purple(self, name, account, wallet.home, self.network.file, before=[CARBONS], SCENE_DEBUG="yes").connected()
		client.wallet = wallet
		self.until(lambda: "Successfully activated carbons" in client.everything(), f"{name} to have carbons")
		return client

	def test_ones_own_messages_from_another_device_ask_nothing_and_forged_ones_are_none(self):
		desk, phone = self.device("desk"), self.device("phone")
		bob = self.chatter("bob", xmpp_account(self.server, "bob"), "5")
		# What Bob says is heard by both; so is what the desk has said, and it is nobody's request.
		bob.type("/uncia address", "alice@scene.test")
		for client in (desk, phone):
			client.until_shown("bob@scene.test", rf"{OUR}bob@scene\.test is paid at {bob.wallet.address} from now on")
		for text in ("/uncia address", "/uncia request 3 the wine", "that was all"):
			desk.type(text, "bob@scene.test")
		bob.until_shown("alice@scene.test", rf"{OUR}alice@scene\.test asks to be paid at unc1\w+: 3\.00 ")
		phone.until_shown("bob@scene.test", "that was all")
		self.assertEqual(phone.count("bob@scene.test", "uncask1"), 1, phone.everything())
		for window in ("bob@scene.test", "alice@scene.test"):
			self.assertEqual(phone.count(window, rf"{OUR[:-2]}.*(asks to be paid|shows the account|shows your own|To pay:)"), 0, phone.everything())
		# A carbon that somebody else has made.
		mallory = self.funded("mallory", "")
		forged = mallory.run("contact", "export", "--handle", "xmpp:carol@scene.test")["contact"]
		for way in ("received", "sent"):
			bob.command("raw", f"<message to='alice@scene.test/phone' type='chat'><{way} xmlns='urn:xmpp:carbons:2'>"
				"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='carol@scene.test/x' to='alice@scene.test/phone' type='chat'>"
				f"<body>{forged}</body></message></forwarded></{way}></message>")
		bob.type("good night", "alice@scene.test")
		phone.until_shown("bob@scene.test", r"good night$")
		self.assertNotIn(mallory.address, phone.everything())
		phone.type("/uncia contact", "carol@scene.test")
		phone.until_shown("carol@scene.test", rf"{OUR}No account is pinned for carol@scene\.test")


if __name__ == "__main__":
	unittest.main()
