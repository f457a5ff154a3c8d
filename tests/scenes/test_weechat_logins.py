"""Who is who on an IRC server with services accounts: a pin is of a nick and of its login, and whoever has taken the nick is
somebody else, whatever he says, shows or asks for (logins.c and servers.c of the plugin)."""
import unittest

from messengers import OURS, RawIrc, built
from services_ircd import CAPABILITIES, ServicesIrcd
from test_weechat import CODE
from test_weechat_hostile import Liars

WITHOUT = r"ATTENTION: bob is pinned with the login bob, and nothing says that they have it now: it may be somebody else who has taken the nick\."
MALLORYS = r"ATTENTION: bob is pinned with the login bob, and has the login mallory now: it may be somebody else who has taken the nick\."
LUNCH = "irc.net.#lunch"


class Logins(Liars):
	capabilities = CAPABILITIES

	def start_server(self):
		return ServicesIrcd(self, self.capabilities)

	def chatter(self, name, amount="20", **options):
		client = super().chatter(name, amount, **options)
		if "account-tag" in self.capabilities:
			client.until_shown("irc.server.net", "enabled: account-tag")
		return client

	def person(self, name, login, wallet=None):
		"""Somebody with a client of his own, logged in where `login`."""
		somebody = RawIrc(self, name, self.ircd, wallet)
		if login:
			self.log_in(somebody, login)
		return somebody

	def log_in(self, somebody, login):
		somebody.say("Services", f"login {login}" if login else "logout")
		somebody.read_until(f"You are {login or 'nobody'} now")

	def bob_is_pinned(self, channels=()):
		bob = self.person("bob", "bob", self.funded("bob", "5"))
		for channel in channels:
			bob.line(f"JOIN {channel}")
		self.alice.talk("bob")
		bob.say("alice", bob.contact())
		self.shown("bob", rf"bob is paid at {bob.wallet.address} from now on\. /uncia contact shows")
		return bob

	def pay_first(self, bob, amount="1"):
		self.pay(self.alice, bob, amount)
		asked = self.confirm(self.alice, "irc.net.bob", rf"Pay {amount}\.00 \S+ to bob \(irc:scenenet/bob, login bob\)")
		self.assertNotIn("ATTENTION", asked)
		self.shown("bob", rf"✔ Paid {amount}\.00 ")

	def pays_in_silence(self, amount):
		self.alice.type(f"/pay {amount}", "irc.net.bob")
		match, _ = self.shown("bob", rf"(✔ Paid|Pay) {amount}\.00 ")
		self.assertEqual(match[1], "✔ Paid")

	def lines_of_alice(self):
		return len(self.alice.lines("irc.net.bob"))


class Taken(Logins):
	def test_whoever_takes_the_nick_is_a_stranger(self):
		bob = self.bob_is_pinned()
		self.pay_first(bob)
		pins = self.alice.wallet.run("contact", "pins")["pins"]
		self.assertEqual([(pin["handle"], pin["login"], pin["weak"]) for pin in pins], [("irc:scenenet/bob", "bob", False)])
		self.alice.type("/uncia contact", "irc.net.bob")
		match, _ = self.shown("bob", rf"bob \(irc:scenenet/bob, login bob\) is paid at {bob.wallet.address}\S* .*")
		self.assertNotIn("could take", match[0])
		self.pays_in_silence(2)
		paid, notice = bob.wallet.balance(), bob.pay(self.alice.wallet, "0.10")
		request = bob.wallet.run("request", "3")["request"]
		self.shown("bob", r"✔ Received 0\.10 \S+ at .* from bob \(irc:scenenet/bob, login bob\): ")
		bob.line("NICK away")
		bob.settle()
		mallory = self.person("bob", None, self.funded("mallory", "5"))
		mallory.name = "bob"
		for login, attention in ((None, WITHOUT), ("mallory", MALLORYS)):
			if login:
				self.log_in(mallory, login)
			began = self.lines_of_alice()
			mallory.say("alice", "it is me, pay me five")
			self.shown("bob", attention + "$", began)
			mallory.say("alice", "I said five")
			self.heard_all(mallory)
			self.assertEqual(sum("ATTENTION" in line for line in self.alice.lines("irc.net.bob")[began:]), 1)
			# The account, another's notice and request, and his own ones.
			mallory.say("alice", mallory.contact())
			self.shown("bob", rf"ATTENTION: bob was paid at {bob.wallet.address}, and now shows another account, {mallory.wallet.address}\.", began)
			mallory.say("alice", bob.contact())
			self.shown("bob", r"ATTENTION: bob is pinned with another login than has written now", began)
			mallory.say("alice", notice)
			self.shown("bob", r"bob, who is not known to have the login that is pinned, tells of a payment\. Look for it\?", began)
			mallory.say("alice", request)
			match, _ = self.shown("bob", rf"{attention} Somebody asks to be paid at \S+, the account of irc:scenenet/bob: 3\.00 .* (\w+)$", began)
			self.alice.type(f"/uncia accept {match[1]}", "irc.net.bob")
			self.shown("bob", rf"{attention} Pay 3\.00 ", began)
			mallory.say("alice", mallory.wallet.run("claim", "new", "0.10")["claim"])
			self.shown("bob", rf"{attention} bob shows money for whoever takes it first", began)
			# What is typed in the conversation with him.
			self.alice.type("/pay 2", "irc.net.bob")
			self.shown("bob", rf"{attention} Pay 2\.00 \S+ to bob .*{CODE}", began)
			self.alice.type("/uncia contact compared", "irc.net.bob")
			self.shown("bob", rf"{attention} Nothing is noted", began)
			self.alice.type("/uncia claim 1", "irc.net.bob")
			self.shown("bob", rf"{attention} Put 1\.00 ", began)
			# What Bob pays meanwhile is not shown as if he were here.
			bob.pay(self.alice.wallet, "0.20")
			self.shown("bob", r"✔ Received 0\.20 \S+ at .* from bob \(irc:scenenet/bob, login bob\) \(nothing says that they have the nick now\): ", began)
		self.assertEqual(bob.wallet.balance(), paid - 500000)
		mallory.line("NICK mallory")
		mallory.settle()
		bob.line("NICK bob")
		bob.settle()
		bob.say("alice", "here I am")
		self.shown("bob", "bob has the login bob that is pinned for them again")
		self.pays_in_silence(4)

	def test_a_pin_without_a_login_has_one_once_the_digits_are_compared(self):
		bob = self.person("bob", None, self.funded("bob", ""))
		self.alice.talk("bob")
		bob.say("alice", bob.contact())
		self.shown("bob", rf"bob is paid at {bob.wallet.address} from now on, pinned for a nick that somebody else could take\.")
		self.log_in(bob, "bob")
		bob.say("alice", bob.contact())
		self.heard_all(bob)
		logins = lambda: [(pin["login"], pin["weak"], pin["compared"]) for pin in self.alice.wallet.run("contact", "pins")["pins"]]
		self.assertEqual(logins(), [(None, True, False)])
		self.alice.type("/uncia contact compared", "irc.net.bob")
		self.shown("bob", "the digits were compared")
		self.assertEqual(logins(), [("bob", False, True)])
		self.log_in(bob, None)
		bob.say("alice", "and now?")
		self.shown("bob", WITHOUT + "$")

	def test_after_a_new_connection_nobody_has_a_login(self):
		bob = self.bob_is_pinned()
		self.pay_first(bob)
		self.pays_in_silence(2)
		self.ircd.drop("alice")
		_, after = self.alice.until_shown("irc.server.net", "irc: disconnected from server")
		self.alice.until_shown("irc.server.net", "enabled: account-tag", after)
		began = self.lines_of_alice()
		self.alice.type("/pay 3", "irc.net.bob")
		self.shown("bob", rf"{WITHOUT} Pay 3\.00 ", began)
		bob.say("alice", "it is me")
		self.heard_all(bob)
		self.pays_in_silence(4)

	def test_a_claim_is_not_sent_to_who_has_taken_the_nick_meanwhile(self):
		bob = self.person("bob", "bob")
		self.alice.talk("bob")
		bob.say("alice", "I have no account yet")
		self.alice.until_shown("irc.net.bob", "no account yet")
		self.alice.type("/uncia claim 5", "irc.net.bob")
		match, _ = self.shown("bob", rf"Put 5\.00 \S+ here for bob\?.*{CODE}")
		bob.line("NICK away")
		bob.settle()
		mallory = self.person("bob", "mallory")
		mallory.say("alice", "well?")
		self.alice.until_shown("irc.net.bob", r"\twell\?")
		self.alice.type(f"/uncia yes {match[1]}", "irc.net.bob")
		self.shown("bob", r"Nothing was done: nothing says that bob has the nick now")
		mallory.settle()
		self.assertNotIn(b"uncgift", mallory.received)
		self.assertEqual(self.alice.wallet.run("claim", "list")["claims"], [])


class InChannel(Logins):
	"""Alice is in a channel."""

	def chatter(self, name, amount="20", **options):
		client = super().chatter(name, amount, **options)
		client.type("/join -noswitch -server net #lunch")
		client.until_shown(LUNCH, "Channel #lunch: 1 nick")
		return client


class Known(InChannel):
	def test_a_conversation_without_a_message_has_what_the_channel_shows(self):
		bob = self.bob_is_pinned(("#lunch",))
		self.pay_first(bob)
		# What the message has said is forgotten with the plugin; the channel goes on.
		self.alice.type("/plugin unload uncia")
		self.alice.type(f"/plugin load {built('weechat')}")
		self.pays_in_silence(2)
		began = self.lines_of_alice()
		self.log_in(bob, None)
		self.alice.until_shown(LUNCH, r"bob has unidentified")
		self.alice.type("/pay 3", "irc.net.bob")
		self.shown("bob", rf"{WITHOUT} Pay 3\.00 ", began)
		self.alice.type("/pay bob 3", LUNCH)
		self.alice.until_shown(LUNCH, rf"{OURS}\t{WITHOUT} Pay 3\.00 ")
		self.log_in(bob, "mallory")
		self.alice.until_shown(LUNCH, r"bob has identified as mallory")
		self.alice.type("/pay 3", "irc.net.bob")
		self.shown("bob", rf"{MALLORYS} Pay 3\.00 ", began)
		self.log_in(bob, "bob")
		self.alice.until_shown(LUNCH, r"bob has identified as bob$")
		self.pays_in_silence(4)
		# Without a channel that both are in nothing is known; who comes into one finds him there by WHO.
		self.alice.type("/part", LUNCH)
		self.alice.until_shown(LUNCH, "alice .*has left")
		began = self.lines_of_alice()
		self.alice.type("/pay 5", "irc.net.bob")
		self.shown("bob", rf"{WITHOUT} Pay 5\.00 ", began)
		self.alice.type("/join -noswitch -server net #lunch")
		self.alice.until_shown(LUNCH, "Channel #lunch: 2 nicks")
		self.until(lambda: self.ircd.looked.count(("alice", "#lunch")) == 2, "WHO of the channel")
		self.alice.type("/whois alice", "irc.server.net")
		self.alice.until_shown("irc.server.net", "End of WHOIS list")
		self.pays_in_silence(6)

	def test_after_a_netsplit_a_nick_is_whose_login_is_back(self):
		bob = self.bob_is_pinned(("#lunch",))
		self.pay_first(bob)
		cut = self.ircd.split("bob")
		self.alice.until_shown(LUNCH, "bob .*has quit")
		mallory = self.person("bob", None)
		mallory.line("JOIN #lunch")
		mallory.read_until(" 366 ")
		self.alice.until_shown(LUNCH, "bob .*has joined", len(self.alice.lines(LUNCH)) - 2)
		began = self.lines_of_alice()
		self.alice.type("/pay 2", "irc.net.bob")
		self.shown("bob", rf"{WITHOUT} Pay 2\.00 ", began)
		mallory.say("alice", "I am back")
		self.shown("bob", WITHOUT + "$", began)
		mallory.line("NICK mallory")
		self.alice.until_shown(LUNCH, "bob is now known as mallory")
		self.ircd.heal(cut, ["#lunch"])
		self.alice.until_shown(LUNCH, r"bob .*has joined", len(self.alice.lines(LUNCH)) - 1)
		self.alice.talk("bob")
		self.pays_in_silence(3)

	def test_what_is_old_asks_and_pins_nothing(self):
		bob = self.bob_is_pinned(("#lunch",))
		self.pay_first(bob)
		carol = self.funded("carol", "1")
		contact = carol.run("contact", "export", "--handle", "irc:scenenet/carol")["contact"]
		request = bob.wallet.run("request", "3")["request"]
		notice = carol.run("notice", carol.run("send", self.alice.wallet.address, "0.10")["id"])["notice"]
		tea = bob.pay(self.alice.wallet, "0.20", "tea")
		self.shown("bob", r"✔ Received 0\.20 ")
		self.alice.talk("carol")
		for batch in (False, True):
			began = {name: len(self.alice.lines(f"irc.net.{name}")) for name in ("bob", "carol")}
			if batch:
				self.alice.type("/quote CAP REQ :batch", "irc.server.net")
				self.alice.until_shown("irc.server.net", "enabled: batch")
			self.ircd.replay("alice", "carol", [contact, notice, "old"], "carol", batch)
			self.ircd.replay("alice", "bob", [request, contact, "old"], None, batch)
			for name, said in (("carol", rf"carol shows the account {carol.address}\. It is an old message: nothing is pinned by it"),
				("carol", r"carol, for whom no account is pinned, told of a payment in an old message"),
				("bob", r"ATTENTION: bob is pinned .* Somebody asks .*: 3\.00 .*The message is old: to pay it, have it sent again"),
				("bob", rf"now shows another account, {carol.address}\. It is an old message: nothing is pinned by it")):
				self.alice.until_shown(f"irc.net.{name}", rf"{OURS}\t.*{said}", began[name])
			for name, before in began.items():
				self.alice.until_shown(f"irc.net.{name}", r"\told$", before)
				shown = "\n".join(line for line in self.alice.lines(f"irc.net.{name}")[before:] if OURS in line)
				self.assertNotRegex(shown, "/uncia (yes|accept)")
		self.assertEqual([pin["handle"] for pin in self.alice.wallet.run("contact", "pins")["pins"]], ["irc:scenenet/bob"])
		# Bob's own notice is his, as he was logged in then; without the login it is nobody's.
		self.ircd.replay("alice", "bob", [tea])
		self.shown("bob", "bob, who is not known to have the login that is pinned, told of a payment in an old message")
		self.ircd.replay("alice", "bob", [tea], "bob")
		self.shown("bob", r"✔ The 0\.20 UNC .*from bob \(irc:scenenet/bob, login bob\) are for \"tea\"")
		# Nor does what was said an hour ago say who has the nick now.
		self.pays_in_silence(2)


class WithoutTags(InChannel):
	"""A server that names logins in channels, and not with messages."""
	capabilities = ("extended-join", "account-notify")

	def test_a_message_has_the_login_that_the_channel_shows(self):
		bob = self.bob_is_pinned(("#lunch",))
		self.assertEqual([pin["login"] for pin in self.alice.wallet.run("contact", "pins")["pins"]], ["bob"])
		self.log_in(bob, "mallory")
		bob.say("alice", "it is me")
		self.shown("bob", MALLORYS + "$")


class WithoutNotify(InChannel):
	"""A server that names logins of those who come, and does not say that they log out."""
	capabilities = ("extended-join",)

	def test_what_a_server_does_not_take_back_is_not_known(self):
		bob = self.person("bob", "bob", self.funded("bob", ""))
		bob.line("JOIN #lunch")
		self.alice.until_shown(LUNCH, r"bob \[bob\] .*has joined")
		self.alice.talk("bob")
		bob.say("alice", bob.contact())
		self.shown("bob", "pinned for a nick that somebody else could take")
		self.assertEqual([pin["login"] for pin in self.alice.wallet.run("contact", "pins")["pins"]], [None])


if __name__ == "__main__":
	unittest.main()
