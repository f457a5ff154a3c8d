"""Two people with Finch pay each other: what they type, and what their screens show."""
import re
import unittest

from finch import Finch, Tmux
from messengers import MessengerTest, OURS, PASSPHRASE, RawIrc, irc_account, start_ircd, start_prosody, xmpp_account

OUR = rf"\(\d\d:\d\d:\d\d\) {OURS} [a-z]{{4}}: "
CODE = r"/uncia yes (\w{4})"


class Finches(MessengerTest):
	def setUp(self):
		super().setUp()
		self.tmux = Tmux()
		self.addCleanup(self.tmux.stop)

	def finch(self, name, account, buddy, home):
		return Finch(self, name, account, buddy, home, self.network.file).start(self.tmux)

	def chatter(self, name, account, buddy, amount="20"):
		wallet = self.funded(name, amount)
		client = self.finch(name, account, buddy, wallet.home).talk()
		client.wallet = wallet
		return client

	def introduce(self, alice, bob):
		for shows, sees in ((bob, alice), (alice, bob)):
			shows.type("/uncia address")
			sees.until_shown(rf"{OUR}{re.escape(sees.buddy)} is paid at {shows.wallet.address} from now on")

	def confirm(self, client, pattern):
		match = client.until_shown(rf"{OUR}{pattern}.*{CODE}")
		client.type(f"/uncia yes {match[1]}")


class Paying(Finches):
	def test_two_people_pay_each_other_over_xmpp(self):
		server = start_prosody(self)
		alice = self.chatter("alice", xmpp_account(server, "alice"), "bob@scene.test")
		bob = self.chatter("bob", xmpp_account(server, "bob"), "alice@scene.test", "5")
		self.introduce(alice, bob)
		alice.type("/pay 0.50 lunch & <more>")
		self.confirm(alice, rf"Pay 0\.50 \S+ to bob@scene\.test \(xmpp:bob@scene\.test\) at {bob.wallet.address}\? .*Note: \"lunch & <more>\"")
		alice.until_shown(rf"{OUR}✔ Paid 0\.50 UNC to bob@scene\.test, final")
		# By itself, and then by its notice, or by the notice at once.
		bob.until_shown(rf"{OUR}✔ Received 0\.50 UNC at \S+ from alice@scene\.test \(xmpp:alice@scene\.test\).* for \"lunch & <more>\"")
		bob.type("/uncia request 2.50 the tickets")
		alice.until_shown(rf"{OUR}bob@scene\.test asks to be paid at \S+: 2\.50 UNC, for \"the tickets\"\. To pay: /uncia accept")
		alice.type("/uncia accept")
		bob.until_shown(rf"{OUR}✔ Received 2\.50 UNC")
		alice.type("/uncia balance")
		alice.until_shown(rf"{OUR}You can spend 17\.00 UNC")
		# The wallet's own window has what was decided, and nothing else.
		alice.go("≡ uncia")
		alice.until_shown(rf"{OUR}✔ Paid 0\.50 UNC to bob@scene\.test.*✔ Paid 2\.50 UNC to bob@scene\.test")
		self.assertNotIn("Ihavepaid", alice.shown())
		self.assertEqual((alice.wallet.balance(), bob.wallet.balance()), (17_000000, 8_000000))
		# What comes in while Finch does not run is shown at the next start, and nothing else a second time.
		self.assertEqual(bob.quit(), 0)
		alice.go("bob@scene.test")
		alice.type("/pay 1 the taxi")
		alice.until_shown(rf"{OUR}✔ Paid 1\.00 UNC")
		bob.start(self.tmux)
		bob.until_shown(rf"{OUR}✔ .*1\.00 UNC.* alice@scene\.test \(xmpp:alice@scene\.test\)")
		bob.until_shown("the taxi")
		self.assertEqual(bob.wallet.balance(), 9_000000)
		self.assertNotRegex(bob.shown(), r"0\.50|2\.50")

	def test_two_people_pay_each_other_over_irc(self):
		server = start_ircd(self)
		alice = self.chatter("alice", irc_account(server, "alice"), "bob")
		bob = self.chatter("bob", irc_account(server, "bob"), "alice", "5")
		self.introduce(alice, bob)
		alice.type("/pay 0.50")
		self.confirm(alice, rf"Pay 0\.50 UNC to bob \(irc:scenenet/bob\) at {bob.wallet.address}\?")
		bob.until_shown(rf"{OUR}✔ Received 0\.50 UNC at \S+ from alice \(irc:scenenet/alice\)")
		alice.until_shown(rf"{OUR}✔ Paid 0\.50 UNC to bob, final")


class Passphrase(Finches):
	def test_it_is_asked_for_masked_and_again_where_it_was_wrong(self):
		server = start_prosody(self)
		alice = self.finch("alice", xmpp_account(server, "alice"), "bob@scene.test", self.sealed_home())
		self.answer(alice, "wrong horse", "Open")
		alice.until_shown(rf"{OUR}The wallet stays locked: the passphrase is wrong")
		alice.talk()
		alice.type("/uncia address")
		alice.until_shown(rf"{OUR}The wallet is locked, and needs its passphrase first\. Nothing was done")
		self.answer(alice, "", "Not now")
		alice.type("/pay 1")
		self.answer(alice, PASSPHRASE, "Open")
		alice.go("≡ uncia")
		alice.until_shown(rf"{OUR}The wallet is open")
		alice.go("bob@scene.test")
		alice.type("/uncia address")
		alice.until_shown(rf"{OUR}Your account is unc1\w+, signed for xmpp:alice@scene\.test")

	def answer(self, client, passphrase, button):
		"""Waits until it is asked for, types it, sees that the screen does not show it, and presses a button."""
		client.until_shown("The passphrase of the wallet")
		if passphrase:
			client.tmux.run("send-keys", "-t", client.pane, "-l", passphrase)
			client.until_shown(rf"[*·]{{{min(len(passphrase), 20)}}}")
			self.assertNotIn("horse", client.screen())
		client.keys("Tab")
		if button == "Not now":
			client.keys("Tab")
		client.keys("Enter")
		self.until(lambda: "The passphrase of the wallet" not in client.screen(), "the question to go")


if __name__ == "__main__":
	unittest.main()
