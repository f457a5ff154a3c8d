"""Two people whose conversation is encrypted by OTR, which was loaded before our plugin on one side and after it on the
other: in clients of libpurple, in WeeChat (received.c, sending.c of the plugin), and with one of each."""
import pathlib
import unittest

from messengers import MessengerTest, OTR_PLUGIN, OTR_SCRIPT, OURS, Purple, RawIrc, WeeChat, irc_account, start_ircd, start_prosody, xmpp_account
from relay import Relay
from services_ircd import ServicesIrcd
from test_purple import OUR as PURPLE_OUR

TEXTS = (b"uncia:", b"uncwho", b"uncask", b"uncpaid", b"uncgift", b"UNCIA:", b"I have paid", b"wait for", b"secret lunch")


class Private(MessengerTest):
	"""One encrypted conversation, played with whatever clients: each has its own way of showing lines of ours."""

	def setUp(self):
		super().setUp()
		self.assertTrue(pathlib.Path(OTR_PLUGIN).exists(), f"{OTR_PLUGIN} is not there: it is built where libotr5-dev is")
		self.assertTrue(pathlib.Path(OTR_SCRIPT).exists(), f"{OTR_SCRIPT} is not there: it is in the package weechat-scripts")

	def purple(self, name, account, amount, **order):
		wallet = self.funded(name, amount)
		client = Purple(self, name, account, wallet.home, self.network.file, **order).connected()
		client.wallet, client.our = wallet, PURPLE_OUR[:-2]
		return client

	def weechat(self, name, server, amount, otr):
		wallet = self.funded(name, amount)
		client = WeeChat(self, name, server, wallet.home, self.network.file, otr=otr).connected()
		client.wallet, client.our = wallet, rf"{OURS}\t"
		return client

	def begin(self, first, second, to_second, to_first):
		"""The conversation becomes private; only then anything is said."""
		first.talk(second.name)
		second.talk(first.name)
		first.type("/otr" if isinstance(first, Purple) else "/otr start", to_second)
		for client, window in ((first, to_second), (second, to_first)):
			client.until_shown(window, "OTR: private|secured OTR conversation started")

	def never_plain(self, relay):
		carried = bytes(relay.carried)
		self.assertIn(b"?OTR:AA", carried)
		for text in TEXTS:
			self.assertNotIn(text, carried)

	def confirm(self, client, window, pattern):
		match, _ = client.until_shown(window, rf"{client.our}.*{pattern}.*/uncia yes (\w{{4}})$")
		client.type(f"/uncia yes {match[1]}", window)

	def play(self, alice, bob, to_bob, to_alice):
		self.begin(alice, bob, to_bob, to_alice)
		for shows, sees, there, here in ((bob, alice, to_alice, to_bob), (alice, bob, to_bob, to_alice)):
			shows.type("/uncia address", there)
			sees.until_shown(here, rf"{sees.our}{shows.name}\S* is paid at {shows.wallet.address} from now on")
		for payer, payee, here, there, amount in ((alice, bob, to_bob, to_alice, "0.50"), (bob, alice, to_alice, to_bob, "0.25")):
			payer.type(f"/pay {amount} secret lunch & <more>", here)
			self.confirm(payer, here, rf"Pay {amount} ")
			payer.until_shown(here, rf"{payer.our}✔ Paid {amount} \S+ to {payee.name}\S*, final after \d+ ms: \w")
			payee.until_shown(there, rf"{payee.our}✔ .*{amount} .* for \"secret lunch & <more>\"")
		bob.type("/uncia request 2 secret lunch", to_alice)
		alice.until_shown(to_bob, rf"{alice.our}bob\S* asks to be paid at \S+: 2\.00 \S+, for \"secret lunch\"\. To pay")
		alice.type("/uncia accept", to_bob)
		bob.until_shown(to_alice, rf"{bob.our}✔ Received 2\.00 ")
		self.assertEqual((alice.wallet.balance(), bob.wallet.balance()), (20_000000 - 2_250000, 5_000000 + 2_250000))

	def take_claim(self, alice, bob, to_bob, to_alice):
		"""For Bob, who has shown no account."""
		alice.type("/uncia claim 5 secret lunch", to_bob)
		self.confirm(alice, to_bob, r"Put 5\.00 ")
		bob.until_shown(to_alice, rf"{bob.our}alice\S* shows money for whoever takes it first")
		bob.type("/uncia claim", to_alice)
		bob.until_shown(to_alice, rf"{bob.our}✔ Received 5\.00 \S+, which alice\S* has put here")
		alice.until_shown(to_bob, rf"{alice.our}✔ The 5\.00 \S+ that waited here were taken, by {bob.wallet.address}")


class OverXmpp(Private):
	def setUp(self):
		super().setUp()
		server = start_prosody(self)
		self.relay = Relay(self, server.port)
		self.windows = ("bob@scene.test", "alice@scene.test")

	def two(self, amount="5", **environment):
		return (self.purple("alice", xmpp_account(self.relay, "alice"), "20", before=[OTR_PLUGIN], **environment),
			self.purple("bob", xmpp_account(self.relay, "bob"), amount, behind=[OTR_PLUGIN], **environment))

	def test_in_clients_of_libpurple_payments_and_requests_travel_encrypted(self):
		self.play(*self.two(), *self.windows)
		self.never_plain(self.relay)

	def test_in_clients_of_libpurple_a_claim_travels_encrypted(self):
		alice, bob = self.two("")
		self.begin(alice, bob, *self.windows)
		self.take_claim(alice, bob, *self.windows)
		self.never_plain(self.relay)

	def test_nothing_leaves_of_what_is_typed_into_the_wallets_window(self):
		"""Nor is it given to OTR, which keeps what it could not encrypt, and sends it again later."""
		clients = self.two(SCENE_OTR_ALWAYS="yes")
		for client, peer in zip(clients, self.windows):
			client.type("my passphrase", OURS)
			client.type("good night", peer)
		for client, peer in zip(clients, self.windows):
			client.until_shown(peer, rf"^{peer}\tgood night")
		carried = bytes(self.relay.carried).decode(errors="replace")
		for text in ("my passphrase", "good night", "≡"):
			self.assertNotIn(text, carried)
		for client, peer in zip(clients, self.windows):
			given = (client.home / "errors").read_text()
			self.assertIn(f"OTR is given a message to {peer}", given)
			self.assertNotIn(f"OTR is given a message to {OURS}", given)


class OverIrc(Private):
	def setUp(self):
		super().setUp()
		server = start_ircd(self)
		self.relay = Relay(self, server.port)

	def test_in_weechat_payments_and_requests_travel_encrypted(self):
		alice, bob = self.weechat("alice", self.relay, "20", "before"), self.weechat("bob", self.relay, "5", "behind")
		self.play(alice, bob, "irc.net.bob", "irc.net.alice")
		self.never_plain(self.relay)

	def test_in_weechat_and_libpurple_a_claim_travels_encrypted(self):
		alice = self.weechat("alice", self.relay, "20", "behind")
		bob = self.purple("bob", irc_account(self.relay, "bob"), "", before=[OTR_PLUGIN])
		self.begin(alice, bob, "irc.net.bob", "alice")
		self.take_claim(alice, bob, "irc.net.bob", "alice")
		self.never_plain(self.relay)

	def test_what_the_server_says_plainly_in_a_private_conversation_pins_nobody_in_silence(self):
		"""It is in the middle, and may say in Bob's name what it likes."""
		alice, dave = self.weechat("alice", self.relay, "20", "before"), self.purple("dave", irc_account(self.relay, "dave"), "", before=[OTR_PLUGIN])
		bob = self.weechat("bob", self.relay, "5", "behind")
		self.begin(alice, bob, "irc.net.bob", "irc.net.alice")
		dave.talk("bob")
		dave.type("/otr", "bob")
		dave.until_shown("bob", "OTR: private")
		mallory = self.funded("mallory", "")
		forged = mallory.run("contact", "export", "--handle", "irc:scenenet/bob")["contact"]
		for number, client, window in ((0, alice, "irc.net.bob"), (1, dave, "bob")):
			self.relay.links[number].inject(f":bob!~bob@127.0.0.1 PRIVMSG {client.name} :{forged}\r\n".encode())
			client.until_shown(window, forged)
			client.type("/pay 1", window)
			client.until_shown(window, rf"{client.our}No account is pinned for bob")
		alice.until_shown("irc.net.bob", rf"{alice.our}ATTENTION: bob shows the account {mallory.address} in a message that was not encrypted, "
			r"though others of theirs were\. Is it theirs\?")
		bob.type("/uncia address", "irc.net.alice")
		alice.until_shown("irc.net.bob", rf"{alice.our}bob is paid at {bob.wallet.address} from now on")

	def test_what_is_not_sent_since_the_peer_has_ended_the_private_conversation_is_not_shown_as_sent(self):
		"""OTR drops what would leave plainly where an encrypted answer is expected."""
		alice, dave = self.weechat("alice", self.relay, "20", "behind"), self.purple("dave", irc_account(self.relay, "dave"), "20", behind=[OTR_PLUGIN])
		bob = self.weechat("bob", self.relay, "5", "before")
		both = ((alice, "irc.net.bob"), (dave, "bob"))
		self.begin(alice, bob, "irc.net.bob", "irc.net.alice")
		self.begin(dave, bob, "bob", "irc.net.dave")
		for client, window in both:
			bob.type("/uncia address", f"irc.net.{client.name}")
			client.until_shown(window, rf"{client.our}bob is paid at {bob.wallet.address} from now on")
			bob.type("/otr finish", f"irc.net.{client.name}")
			client.until_shown(window, "has ended the private conversation")
			client.type("/pay 1", window)
			self.confirm(client, window, r"Pay 1\.00 ")
			client.until_shown(window, rf"{client.our}✔ Paid 1\.00 \S+ to bob, final after \d+ ms \(they could not be told of it here\)")
			client.type("/uncia request 1", window)
			client.until_shown(window, rf"{client.our}It could not be sent: ")
		self.assertEqual(bob.wallet.balance(), 7_000000)
		self.never_plain(self.relay)

	def test_what_waits_for_a_private_conversation_is_not_shown_as_sent(self):
		"""Where encryption is required, OTR sends a question for a private conversation in place of what would leave plainly."""
		alice = self.weechat("alice", self.relay, "20", "before")
		dave = self.purple("dave", irc_account(self.relay, "dave"), "20", behind=[OTR_PLUGIN], SCENE_OTR_ALWAYS="yes")
		bob, carol = RawIrc(self, "bob", self.relay, self.funded("bob", "1")), RawIrc(self, "carol", self.relay)
		alice.type("/otr policy default require_encryption on")
		alice.until_shown("core.weechat", r"require_encryption.*: on")
		bob.say("alice", bob.wallet.run("contact", "export", "--handle", "irc:scenenet/bob")["contact"])
		alice.until_shown("irc.net.bob", rf"{alice.our}bob is paid at {bob.wallet.address} from now on")
		alice.type("/pay 1", "irc.net.bob")
		self.confirm(alice, "irc.net.bob", r"Pay 1\.00 ")
		alice.until_shown("irc.net.bob", rf"{alice.our}✔ Paid 1\.00 \S+ to bob, final after \d+ ms \(they could not be told of it here\)")
		for client, window in ((alice, "irc.net.carol"), (dave, "carol")):
			carol.say(client.name, "good morning")
			client.until_shown(window, "good morning")
			client.type("/uncia request 1", window)
			client.until_shown(window, rf"{client.our}It could not be sent: ")
			client.type("/uncia claim 2", window)
			self.confirm(client, window, r"Put 2\.00 ")
			client.until_shown(window, rf"{client.our}2\.00 \S+ wait, and nobody could be told here \(the client has not sent it\)")
			self.assertIn("?OTR", carol.read_until(f":{client.name}!~"))
		carried = bytes(self.relay.carried)
		for text in (b"I have paid", b"uncask", b"uncgift"):
			self.assertNotIn(text, carried)

	def test_when_an_encrypted_message_was_sent_is_known(self):
		"""A bouncer kept it, and the script makes a line of it that does not say so."""
		alice, bob = self.weechat("alice", self.relay, "20", "before"), self.weechat("bob", self.relay, "5", "behind")
		self.begin(alice, bob, "irc.net.bob", "irc.net.alice")
		self.relay.change = lambda data: data.replace(b":bob!", b"@time=2020-02-03T04:05:06.000Z :bob!")
		bob.type("/uncia address", "irc.net.alice")
		alice.until_shown("irc.net.bob", rf"{alice.our}bob shows the account {bob.wallet.address}\. It is an old message: nothing is pinned by it")
		self.relay.change = lambda data: data
		bob.type("/uncia address", "irc.net.alice")
		alice.until_shown("irc.net.bob", rf"{alice.our}bob is paid at {bob.wallet.address} from now on")


class OverServices(Private):
	def test_who_is_logged_in_is_known_of_an_encrypted_message(self):
		"""The script's own line does not say so, and a pin with a login is of nobody without."""
		server = ServicesIrcd(self)
		alice, bob = self.weechat("alice", server, "20", "before"), self.weechat("bob", server, "5", "behind")
		for client in (alice, bob):
			client.until_shown("irc.server.net", "enabled: account-tag")
			client.type(f"/quote -server net PRIVMSG Services :login {client.name}")
			client.until_shown("irc.server.net", f"You are {client.name} now")
		self.begin(alice, bob, "irc.net.bob", "irc.net.alice")
		bob.type("/uncia address", "irc.net.alice")
		alice.until_shown("irc.net.bob", rf"{alice.our}bob is paid at {bob.wallet.address} from now on\. ")
		bob.type("/uncia request 2", "irc.net.alice")
		alice.until_shown("irc.net.bob", rf"{alice.our}bob asks to be paid at \S+: 2\.00 \S+\. To pay")
		alice.type("/uncia accept", "irc.net.bob")
		self.confirm(alice, "irc.net.bob", r"Pay 2\.00 \S+ to bob \(irc:scenenet/bob, login bob\)")
		bob.until_shown("uncia.wallet", r"✔ Received 2\.00 ")
		self.assertEqual(alice.count("irc.net.bob", "ATTENTION"), 0, alice.everything())


if __name__ == "__main__":
	unittest.main()
