"""The server of a chat goes away in mid-conversation, and comes back: payments go on without it."""
import signal
import unittest

from messengers import OURS, irc_account, start_ircd, start_prosody, xmpp_account
from test_purple import OUR as PURPLE_OUR, Purples
from test_weechat import WeeChats


class Away:
	"""What happens, for clients whose windows are `to_bob` and `to_alice`, and whose lines of ours begin with `our`."""

	def play(self, alice, bob, to_bob, to_alice):
		alice.type("/pay 1", to_bob)
		match, _ = alice.until_shown(to_bob, rf"{self.our}Pay 1\.00 .*/uncia yes (\w{{4}})$")
		alice.type(f"/uncia yes {match[1]}", to_bob)
		bob.until_shown(to_alice, rf"{self.our}✔ Received 1\.00 ")
		# One is on its way when the server goes, and becomes final without it.
		for validator in self.network.validators:
			validator.signal(signal.SIGSTOP)
		before = set(alice.wallet.home.rglob("payment-*"))
		alice.type("/pay 2 dinner", to_bob)
		self.until(lambda: set(alice.wallet.home.rglob("payment-*")) - before, "the payment to be stored")
		self.server.stop()
		for client in (alice, bob):
			self.gone(client)
		for validator in self.network.validators:
			validator.signal(signal.SIGCONT)
		alice.until_shown(to_bob, rf"{self.our}✔ Paid 2\.00 \S+ to bob.*\(they could not be told of it here\)")
		bob.until_shown(to_alice, rf"{self.our}✔ Received 2\.00 ")
		# The other one pays while it is away.
		bob.type("/pay 0.25", to_alice)
		match, _ = bob.until_shown(to_alice, rf"{self.our}Pay 0\.25 .*/uncia yes (\w{{4}})$")
		bob.type(f"/uncia yes {match[1]}", to_alice)
		bob.until_shown(to_alice, rf"{self.our}✔ Paid 0\.25 ")
		alice.until_shown(to_bob, rf"{self.our}✔ Received 0\.25 ")
		self.server.start()
		for client in (alice, bob):
			self.back(client)
		alice.type("/pay 0.50 for the road", to_bob)
		alice.until_shown(to_bob, rf"{self.our}✔ Paid 0\.50 \S+ to bob\S*, final after \d+ ms: \w")
		bob.until_shown(to_alice, rf"{self.our}✔ .*0\.50 .*\"for the road\"")
		for text, client, window in ((r"✔ Paid 2\.00", alice, to_bob), (r"✔ Received 2\.00", bob, to_alice), (r"✔ Received 0\.25", alice, to_bob)):
			self.assertEqual(client.count(window, text), 1, client.everything())
		self.assertEqual((alice.wallet.balance(), bob.wallet.balance()), (20_000000 - 3_250000, 5_000000 + 3_250000))


class WeeChatAway(WeeChats, Away):
	our = rf"{OURS}\t"

	def gone(self, client):
		_, client.seen = client.until_shown("irc.server.net", "disconnected from server")

	def back(self, client):
		client.until_shown("irc.server.net", "End of MOTD", client.seen)

	def test_in_weechat_payments_go_on_without_the_server(self):
		self.server = self.ircd
		self.play(*self.two(), "irc.net.bob", "irc.net.alice")


class PurpleAway(Purples, Away):
	our = PURPLE_OUR[:-2]

	def gone(self, client):
		_, client.seen = client.until_shown("connection", "off")

	def back(self, client):
		client.until_shown("connection", "on", client.seen)

	def meet(self, account, to_bob, to_alice):
		alice = self.chatter("alice", account(self.server, "alice"))
		bob = self.chatter("bob", account(self.server, "bob"), "5")
		self.introduce(alice, bob, to_bob, to_alice)
		self.play(alice, bob, to_bob, to_alice)

	def test_in_libpurple_payments_go_on_without_the_server_of_irc(self):
		self.server = start_ircd(self)
		self.meet(irc_account, "bob", "alice")

	def test_in_libpurple_payments_go_on_without_the_server_of_xmpp(self):
		self.server = start_prosody(self)
		self.meet(xmpp_account, "bob@scene.test", "alice@scene.test")


if __name__ == "__main__":
	unittest.main()
