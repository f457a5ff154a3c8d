"""What a client of libpurple shows of people who are not who they say, and how it asks for a passphrase."""
import unittest

from messengers import OURS, PASSPHRASE, Purple, RawIrc, irc_account, start_ircd, start_prosody, xmpp_account
from test_purple import CODE, OUR, Purples


class Late(Purples):
	def test_what_was_kept_by_the_server_asks_nothing(self):
		"""It may be old, and may have been here before."""
		server = start_prosody(self)
		bob = Purple(self, "bob", xmpp_account(server, "bob"), "", "", plugin=False).connected()
		wallet, payee = self.funded("bob", "5"), self.funded("alice", "20")
		to_alice = wallet.run("notice", wallet.send(payee, "1")["id"])["notice"]
		texts = [wallet.run("contact", "export", "--handle", "xmpp:bob@scene.test")["contact"], wallet.run("request", "3")["request"], to_alice]
		for text in texts:
			bob.type(text, "alice@scene.test")
		self.until(lambda: len(list((self.dir / "prosody").rglob("offline/alice.list"))), "the messages to wait for alice")
		alice = Purple(self, "alice", xmpp_account(server, "alice"), payee.home, self.network.file).connected()
		alice.until_shown("bob@scene.test", rf"{OUR}bob@scene\.test shows the account {wallet.address}\. It is an old message: nothing is pinned by it")
		alice.until_shown("bob@scene.test", rf"{OUR}No account is pinned for bob@scene\.test\. Somebody asks to be paid at \S+: 3\.00 \S+\. The message is old")
		alice.until_shown("bob@scene.test", rf"{OUR}bob@scene\.test, for whom no account is pinned, told of a payment in an old message")
		alice.type("/uncia accept", "bob@scene.test")
		alice.until_shown("bob@scene.test", rf"{OUR}No request is open in this conversation")
		self.assertEqual(alice.count("bob@scene.test", "/uncia yes|To pay:"), 0, alice.everything())
		# Sent again, it counts.
		bob.type(texts[0], "alice@scene.test")
		alice.until_shown("bob@scene.test", rf"{OUR}bob@scene\.test is paid at {wallet.address} from now on")


class Rooms(Purples):
	def test_an_occupant_of_a_room_is_never_pinned(self):
		server = start_prosody(self)
		room = "lunch@rooms.scene.test"
		alice = self.chatter("alice", xmpp_account(server, "alice"))
		mallory = Purple(self, "mallory", xmpp_account(server, "mallory"), "", "", plugin=False).connected()
		wallet = self.funded("mallory", "")
		for client in (mallory, alice):
			client.command("join", room)
			client.until_shown("joined", room)
		# He writes in private, as the occupant that he is; the text is signed for his JID.
		window = f"{room}/mallory"
		for handle in ("xmpp:mallory@scene.test", f"xmpp:{room}"):
			text = wallet.run("contact", "export", "--handle", handle)["contact"]
			mallory.type(text, f"{room}/alice")
			alice.until_shown(window, text)
			alice.until_shown(window, rf"{OUR}The account {wallet.address} is not pinned: the client does not say who shows it")
			mallory.type(text, room)
			alice.until_shown(room, rf"{OUR}Somebody shows the account {wallet.address} here\. Accounts are pinned in a conversation of two only")
		alice.type("/pay 1", window)
		alice.until_shown(window, rf"{OUR}No account is pinned for")
		alice.type("/pay mallory 1", room)
		alice.until_shown(room, rf"{OUR}In a group: /pay NAME AMOUNT \[note\]\. Nobody here is called \"mallory\"")
		alice.type("/pay mallory@scene.test 1", room)
		alice.until_shown(room, rf"{OUR}No account is pinned for mallory@scene\.test")
		request = wallet.run("request", "3")["request"]
		mallory.type(request, f"{room}/alice")
		alice.until_shown(window, rf"{OUR}No account is pinned for \S+\. Somebody asks to be paid at")
		self.assertEqual(alice.wallet.balance(), 20_000000)


	def test_an_occupant_whose_name_is_a_verdict_is_quoted(self):
		server = start_prosody(self)
		room, name = "lunch@rooms.scene.test", f"{OURS}: ✔ Received 500.00 UNC from bob."
		alice = self.chatter("alice", xmpp_account(server, "alice"))
		mallory = Purple(self, "mallory", xmpp_account(server, "mallory"), "", "", plugin=False).connected()
		alice.command("join", room)
		alice.until_shown("joined", room)
		mallory.command("join", f"{room}/{name}")
		mallory.until_shown("joined", room)
		wallet = self.funded("mallory", "")
		for window in (room, f"{room}/alice"):
			mallory.type(wallet.run("request", "3")["request"], window)
			mallory.type(wallet.run("contact", "export")["contact"], window)
		alice.until_shown(room, rf"{OUR}No account is pinned for \"{name}\"\. Somebody asks")
		alice.until_shown(f"{room}/{name}", rf"{OUR}The account {wallet.address} is not pinned")
		for window in (room, f"{room}/{name}"):
			self.assertEqual(alice.count(window, rf"{OUR[:-2]}✔"), 0, alice.everything())
		self.assertEqual(alice.count(OURS, "✔"), 0)
		# libpurple says that he came, and what he is called: without the letters of our prefix.
		self.assertEqual(alice.count(room, rf"^\*\t{OURS}: ✔ Received"), 1)

	def test_an_occupant_who_is_called_as_somebody_else_is_not_taken_for_him(self):
		"""Whoever comes into a room chooses a name there, and another one's JID is one."""
		server = start_prosody(self)
		room, name = "lunch@rooms.scene.test", "bob@scene.test"
		alice = self.chatter("alice", xmpp_account(server, "alice"))
		mallory = Purple(self, "mallory", xmpp_account(server, "mallory"), "", "", plugin=False).connected()
		alice.command("join", room)
		alice.until_shown("joined", room)
		mallory.command("join", f"{room}/{name}")
		mallory.until_shown("joined", room)
		wallet = self.funded("mallory", "")
		mallory.type(wallet.run("request", "3")["request"], room)
		alice.until_shown(room, rf"{OUR}No account is pinned for {name}\. Somebody asks to be paid at")
		alice.type("/uncia accept", room)
		alice.until_shown(room, rf"{OUR}Pay 3\.00 \S+ to {name}.* at unc1\w+\? \(no account is pinned for")
		self.assertEqual(alice.count(room, rf"{OUR}Pay .*\(xmpp:{name}\)"), 0, alice.everything())


class Irc(Purples):
	def setUp(self):
		super().setUp()
		self.server = start_ircd(self)
		self.alice = self.chatter("alice", irc_account(self.server, "alice"))

	def stranger(self, name, amount="5"):
		return RawIrc(self, name, self.server, self.funded(name, amount))

	def known(self, name):
		somebody = self.stranger(name)
		somebody.say("alice", somebody.contact())
		self.alice.until_shown(name, rf"{OUR}{name} is paid at {somebody.wallet.address} from now on")
		return somebody

	def test_notices_and_texts_of_others_are_told_as_such(self):
		bob, mallory = self.known("bob"), self.known("mallory")
		notice = bob.pay(self.alice.wallet, "1.50", "the wine")
		mallory.say("alice", notice)
		self.alice.until_shown("mallory", rf"{OUR}✘ mallory tells of a payment that somebody else has made, {bob.wallet.address}, to you")
		bob.say("alice", f"<b>{notice}</b>")
		self.alice.until_shown("bob", rf"{OUR}✔ .*1\.50 .*\"the wine\"")
		mallory.say("alice", notice)
		self.alice.until_shown("mallory", rf"{OUR}✘ mallory repeats what irc:scenenet/bob has told")
		bob.say("alice", notice)
		eve = self.stranger("eve", "")
		eve.say("alice", bob.contact())
		self.alice.until_shown("eve", rf"{OUR}ATTENTION: eve shows the account {bob.wallet.address}, which is that of irc:scenenet/bob\..*{CODE}")
		eve.say("alice", notice)
		self.alice.until_shown("eve", rf"{OUR}✘ eve repeats what irc:scenenet/bob has told")
		eve.say("alice", bob.pay(self.funded("carol", ""), "1"))
		self.alice.until_shown("eve", rf"{OUR}eve, for whom no account is pinned, tells of a payment\. Look for it\?.*{CODE}")
		self.assertEqual(self.alice.count(OURS, "✔ Received"), 1)
		mallory.say("alice", bob.wallet.run("request", "3")["request"])
		self.alice.until_shown("mallory", rf"{OUR}ATTENTION: this would NOT pay mallory, whose account is {mallory.wallet.address}\.")

	def test_a_message_that_looks_like_a_verdict_is_none(self):
		uncia = self.stranger("uncia", "")
		lies = ("✔ Received 500.00 UNC from bob", f"<br>{OURS}: ✔ Received 500.00 UNC", f"\x01ACTION <br/>{OURS}: ✔ Received 500.00 UNC\x01")
		for lie in lies:
			uncia.say("alice", lie)
		uncia.say("alice", "that was all")
		self.alice.until_shown("uncia", "that was all")
		self.assertEqual(self.alice.count("uncia", rf"{OUR}"), 0, self.alice.everything())
		self.assertEqual(self.alice.count(OURS, "500"), 0)

	def test_what_is_typed_into_the_wallets_window_does_not_leave(self):
		bob = self.known("bob")
		self.alice.type("my passphrase", OURS)
		self.alice.type("good night", "bob")
		bob.read_until("good night")
		self.alice.until_shown("sent", "PRIVMSG bob :good night")
		self.assertEqual(self.alice.count("sent", "my passphrase"), 0, self.alice.everything())


class Passphrases(Purples):
	def test_a_client_that_can_ask_asks_masked_and_one_that_cannot_says_so(self):
		home, server = self.sealed_home(), start_ircd(self)
		alice = Purple(self, "alice", irc_account(server, "alice"), home, self.network.file).connected()
		alice.until_shown(OURS, rf"{OUR}The wallet is locked, and this client cannot ask for its passphrase")
		alice.type("/uncia address", "bob")
		alice.until_shown("bob", rf"{OUR}The wallet is locked, and needs its passphrase first\. Nothing was done")
		alice.command("ask")
		alice.type("/uncia address", "bob")
		alice.until_shown("asked", r"masked\tThe passphrase of the wallet")
		alice.command("passphrase", "wrong")
		alice.until_shown(OURS, rf"{OUR}The wallet stays locked: the passphrase is wrong")
		alice.type("/uncia address", "bob")
		alice.until_shown("asked", r"masked", after=1)
		alice.command("passphrase", PASSPHRASE)
		alice.until_shown(OURS, rf"{OUR}The wallet is open")
		alice.type("/uncia address", "bob")
		alice.until_shown("bob", rf"{OUR}Your account is unc1\w+, signed for irc:scenenet/alice")

	def test_a_plugin_that_was_unloaded_while_it_asked_asks_again(self):
		home, server = self.sealed_home(), start_ircd(self)
		alice = Purple(self, "alice", irc_account(server, "alice"), home, self.network.file).connected()
		alice.command("ask")
		alice.type("/uncia address", "bob")
		alice.until_shown("asked", r"masked\tThe passphrase of the wallet")
		alice.command("reload")
		alice.until_shown("reloaded", "")
		alice.until_shown("asked", r"masked", after=1)
		alice.command("passphrase", PASSPHRASE)
		alice.until_shown(OURS, rf"{OUR}The wallet is open")


if __name__ == "__main__":
	unittest.main()
