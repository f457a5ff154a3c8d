"""Two people with a client of libpurple, over XMPP and over IRC: what Pidgin and Finch do with the plugin."""
import signal
import unittest

from messengers import MessengerTest, OURS, Purple, RawIrc, WeeChat, irc_account, start_ircd, start_prosody, xmpp_account

CODE = r"/uncia yes (\w{4})$"
OUR = rf"^\*\t{OURS} [a-z]{{4}}: .*"


class Purples(MessengerTest):
	def chatter(self, name, account, amount="20", **options):
		wallet = self.funded(name, amount)
		client = Purple(self, name, account, wallet.home, self.network.file, **options).connected()
		client.wallet = wallet
		return client

	def introduce(self, alice, bob, to_bob, to_alice):
		bob.type("/uncia address", to_alice)
		alice.until_shown(to_bob, rf"{OUR}bob\S* is paid at {bob.wallet.address} from now on")
		alice.type("/uncia address", to_bob)
		bob.until_shown(to_alice, rf"{OUR}alice\S* is paid at {alice.wallet.address} from now on")

	def confirm(self, client, window, pattern):
		match, _ = client.until_shown(window, rf"{OUR}{pattern}.*{CODE}")
		client.type(f"/uncia yes {match[1]}", window)
		return match[0]

	def play(self, alice, bob, to_bob, to_alice):
		"""A payment each way, a request that is accepted, questions about money. Windows as each calls the other."""
		self.introduce(alice, bob, to_bob, to_alice)
		alice.type("/pay 0.50 lunch & <more>", to_bob)
		asked = self.confirm(alice, to_bob, rf"Pay 0\.50 \S+ to bob.* at {bob.wallet.address}\?")
		self.assertIn('Note: "lunch & <more>"', asked)
		alice.until_shown(to_bob, rf"{OUR}✔ Paid 0\.50 \S+ to bob\S*, final")
		alice.until_shown(OURS, r"✔ Paid 0\.50 ")
		bob.until_shown(to_alice, rf"{OUR}✔ .*0\.50 \S+ .*from alice.* for \"lunch & <more>\"")
		bob.until_shown(OURS, r"✔ .*0\.50 ")
		bob.type("/uncia request 2.50 the tickets", to_alice)
		alice.until_shown(to_bob, rf"{OUR}bob\S* asks to be paid at \S+: 2\.50 \S+, for \"the tickets\"\. To pay: /uncia accept \w+$")
		alice.type("/uncia accept", to_bob)
		bob.until_shown(to_alice, rf"{OUR}✔ Received 2\.50 ")
		bob.type("/pay 1", to_alice)
		self.confirm(bob, to_alice, r"Pay 1\.00 ")
		alice.until_shown(to_bob, rf"{OUR}✔ Received 1\.00 ")
		for client, window in ((alice, to_bob), (bob, to_alice)):
			client.type("/uncia balance", window)
			client.until_shown(window, rf"{OUR}You can spend")
			client.type("/uncia history", window)
			client.until_shown(window, rf"{OUR}.* -1\.00 |{OUR}.* \+1\.00 ")
		self.assertEqual(bob.wallet.balance(), 5_000000 + 2_000000)
		self.assertEqual(alice.wallet.balance(), 20_000000 - 2_000000)


class Xmpp(Purples):
	def setUp(self):
		super().setUp()
		self.server = start_prosody(self)

	def test_two_people_pay_each_other(self):
		alice = self.chatter("alice", xmpp_account(self.server, "alice"))
		bob = self.chatter("bob", xmpp_account(self.server, "bob"), "5")
		self.play(alice, bob, "bob@scene.test", "alice@scene.test")


	def test_a_newcomer_takes_what_waits_for_him(self):
		alice = self.chatter("alice", xmpp_account(self.server, "alice"))
		bob = self.chatter("bob", xmpp_account(self.server, "bob"), "")
		alice.type("/uncia claim 5 welcome", "bob@scene.test")
		self.confirm(alice, "bob@scene.test", r"Put 5\.00 \S+ here for bob@scene\.test\? It is cash")
		bob.until_shown("alice@scene.test", rf"{OUR}alice@scene\.test shows money for whoever takes it first")
		bob.type("/uncia claim", "alice@scene.test")
		bob.until_shown("alice@scene.test", rf"{OUR}✔ Received 5\.00 \S+, which alice@scene\.test has put here")
		alice.until_shown("bob@scene.test", rf"{OUR}✔ The 5\.00 \S+ that waited here were taken, by {bob.wallet.address}\.")
		self.assertEqual((alice.wallet.balance(), bob.wallet.balance()), (15_000000, 5_000000))

	def test_in_a_room_a_reader_takes_what_was_put_there_and_the_payer_sees_who(self):
		room = "lunch@rooms.scene.test"
		alice = self.chatter("alice", xmpp_account(self.server, "alice"))
		bob, carol = (self.chatter(name, xmpp_account(self.server, name), "") for name in ("bob", "carol"))
		for client in (alice, bob, carol):
			client.command("join", room)
			client.until_shown("joined", room)
		alice.type("/uncia claim 5 welcome", room)
		alice.until_shown(room, rf"{OUR}Here whoever is quickest would take it\. If that is meant: /uncia claim --public AMOUNT\. Nothing was done")
		alice.type("/uncia claim --public 5 welcome", room)
		self.confirm(alice, room, r"Put 5\.00 \S+ here for whoever is quickest\?")
		alice.until_shown(room, rf"{OUR}✔ 5\.00 \S+ wait here for whoever is quickest, for 24 hours")
		for client in (bob, carol):
			client.until_shown(room, rf"{OUR}alice shows money for whoever takes it first")
		# One's own message, which the room sends back, is no money of somebody else.
		self.assertEqual(alice.count(room, "shows money"), 0)
		bob.type("/uncia claim", room)
		bob.until_shown(room, rf"{OUR}✔ Received 5\.00 \S+, which alice has put here")
		alice.until_shown(room, rf"{OUR}✔ The 5\.00 \S+ that waited here were taken, by {bob.wallet.address}\.")
		carol.type("/uncia claim", room)
		carol.until_shown(room, rf"{OUR}Nothing was taken: somebody has taken it already, or it went home")
		self.assertEqual([client.wallet.balance() for client in (alice, bob, carol)], [15_000000, 5_000000, 0])

	def test_the_network_goes_and_comes_back(self):
		alice = self.chatter("alice", xmpp_account(self.server, "alice"))
		bob = self.chatter("bob", xmpp_account(self.server, "bob"), "5")
		self.introduce(alice, bob, "bob@scene.test", "alice@scene.test")
		alice.type("/pay 1", "bob@scene.test")
		self.confirm(alice, "bob@scene.test", r"Pay 1\.00 ")
		bob.until_shown("alice@scene.test", rf"{OUR}✔ Received 1\.00 ")
		self.network.wait_same_tip()
		down = self.network.kill_with_leader()
		alice.type("/pay 2", "bob@scene.test")
		self.until(lambda: alice.wallet.run("history")["pending"], "the payment to be on its way")
		for number in down:
			self.network.validators[number].start()
		alice.until_shown("bob@scene.test", rf"{OUR}✔ Paid 2\.00 ")
		bob.until_shown("alice@scene.test", rf"{OUR}✔ Received 2\.00 ")
		self.assertEqual(bob.wallet.balance(), 8_000000)


class Irc(Purples):
	def setUp(self):
		super().setUp()
		self.server = start_ircd(self)

	def test_two_people_pay_each_other(self):
		alice = self.chatter("alice", irc_account(self.server, "alice"))
		bob = self.chatter("bob", irc_account(self.server, "bob"), "5")
		self.play(alice, bob, "bob", "alice")


class OneHome(Purples):
	def test_what_another_client_of_the_same_wallet_was_first_to_show_is_shown_here_too(self):
		server = start_ircd(self)
		bob = self.chatter("bob", irc_account(server, "bob"), "")
		first = WeeChat(self, "bob2", server, bob.wallet.home, self.network.file).connected()
		alice = RawIrc(self, "alice", server, self.funded("alice"))
		alice.say("bob2", alice.contact())
		first.until_shown("irc.net.alice", rf"alice is paid at {alice.wallet.address} from now on")
		alice.say("bob", alice.contact())
		bob.until_shown("alice", rf"{OUR}alice is paid at {alice.wallet.address} from now on")
		bob.type("/uncia balance", "alice")
		bob.until_shown("alice", rf"{OUR}You can spend")
		bob.process.send_signal(signal.SIGSTOP)
		notice = alice.pay(bob.wallet, "1.50", "the wine")
		alice.say("bob2", notice)
		first.until_shown("irc.net.alice", r"✔ .*1\.50 .*\"the wine\"")
		bob.process.send_signal(signal.SIGCONT)
		bob.until_shown("alice", rf"{OUR}✔ Received 1\.50 .* \(it may have been shown before\): ")
		alice.say("bob", notice)
		bob.until_shown("alice", rf"{OUR}✔ The 1\.50 .* are for \"the wine\": ")
		self.assertEqual([len([line for line in bob.lines("alice") if "✔ Received" in line]), first.count("uncia.wallet", "✔ Received")], [1, 1])


if __name__ == "__main__":
	unittest.main()
