"""Who wants money that is not his, or to be believed: what WeeChat shows of it, and that nothing is paid by it."""
import signal
import unittest

from messengers import OURS, RawIrc, built
from test_weechat import CODE, WeeChats


class Liars(WeeChats):
	def setUp(self):
		super().setUp()
		self.alice = self.chatter("alice")

	def liar(self, name, amount="5", pinned=True):
		"""Somebody with a wallet and a client of his own, whom Alice knows where `pinned`."""
		somebody = RawIrc(self, name, self.ircd, self.funded(name, amount))
		self.alice.talk(name)
		if pinned:
			somebody.say("alice", somebody.contact())
			self.alice.until_shown(f"irc.net.{name}", rf"{OURS}\t{name} is paid at {somebody.wallet.address} from now on")
		return somebody

	def shown(self, name, pattern, after=0):
		return self.alice.until_shown(f"irc.net.{name}", rf"{OURS}\t.*{pattern}", after)

	def heard_all(self, somebody):
		"""Until Alice's client has shown all that was said before. Returns how many lines that window has."""
		somebody.say("alice", "and that was all")
		return self.alice.until_shown(f"irc.net.{somebody.name}", f"{somebody.name}\tand that was all$")[1]


class Notices(Liars):
	def test_a_notice_is_shown_with_its_note_once_and_its_repetition_is_silent(self):
		bob = self.liar("bob")
		notice = bob.pay(self.alice.wallet, "1.50", "the wine")
		bob.say("alice", f"I have paid: {notice}")
		self.shown("bob", r"✔ .*1\.50 .*\"the wine\"")
		told = self.alice.count("uncia.wallet", "✔ Received")
		self.assertEqual(told, 1, self.alice.everything())
		bob.say("alice", notice)
		bob.say("alice", f"<{notice}>, as I said")
		self.heard_all(bob)
		self.assertEqual(self.alice.count("uncia.wallet", "✔ Received"), 1)
		self.assertEqual(self.alice.count("irc.net.bob", f"{OURS}\t.*(✘|repeats|tells)"), 0, self.alice.everything())

	def test_a_notice_that_comes_after_a_start_is_no_second_payment(self):
		bob = self.liar("bob")
		notice = bob.pay(self.alice.wallet, "1.50", "the wine")
		self.shown("bob", r"✔ Received 1\.50 ")
		self.alice.type("/plugin unload uncia")
		self.alice.type(f"/plugin load {built('weechat')}")
		self.alice.type("/uncia balance", "irc.net.bob")
		self.shown("bob", r"You can spend 21\.50 ")
		bob.say("alice", notice)
		self.shown("bob", r"✔ The 1\.50 .* received at .* from .* are for \"the wine\": ")
		self.assertEqual(self.alice.count("irc.net.bob", r"✔ Received 1\.50 "), 1, self.alice.everything())

	def test_what_somebody_else_repeats_is_told_as_a_repetition(self):
		bob, mallory = self.liar("bob"), self.liar("mallory")
		notice = bob.pay(self.alice.wallet, "1.50")
		bob.say("alice", notice)
		self.shown("bob", r"✔ Received 1\.50 ")
		mallory.say("alice", notice)
		self.shown("mallory", r"✘ mallory repeats what irc:scenenet/bob has told: nothing more was paid")
		self.assertEqual(self.alice.count("irc.net.mallory", "✔ Received"), 0)

	def test_who_is_first_to_tell_of_anothers_payment_is_not_believed(self):
		bob, mallory = self.liar("bob"), self.liar("mallory")
		notice = bob.pay(self.alice.wallet, "1.50")
		mallory.say("alice", notice)
		self.shown("mallory", rf"✘ mallory tells of a payment that somebody else has made, {bob.wallet.address}, to you")
		self.assertEqual(self.alice.count("irc.net.mallory", "✔ Received"), 0)
		# Bob's own notice is true all the same.
		bob.say("alice", notice)
		self.shown("bob", r"✔ Received 1\.50 ")

	def test_forged_notices_are_not_believed(self):
		bob, carol = self.liar("bob"), self.funded("carol", "")
		to_carol = bob.pay(carol, "2")
		bob.say("alice", to_carol)
		self.shown("bob", "✘ bob tells of a payment that pays nothing to you")
		# A payment that was never made: another network's id with a checksum that fits.
		whole = bob.pay(self.alice.wallet, "0.10", "peanuts")
		self.shown("bob", r"✔ Received 0\.10 ")
		for cut in (whole[:-1], whole[:60], whole.replace("q", "p", 1)[:-3] + "qqq"):
			bob.say("alice", f"paid: {cut}")
		self.shown("bob", "came in from bob, and cannot be used: .*(changed|cut)")
		self.heard_all(bob)
		self.assertEqual(self.alice.count("irc.net.bob", "✔ Received"), 1)

	def test_a_stranger_starts_no_query_until_the_user_asks(self):
		mallory = self.liar("mallory", pinned=False)
		notice = mallory.pay(self.alice.wallet, "1", "believe me")
		# It came in all the same: of somebody who is not known.
		self.alice.until_shown("uncia.wallet", rf"✔ Received 1\.00 \S+ at .* from {mallory.wallet.address}, for whom nobody is pinned")
		mallory.say("alice", notice)
		match, _ = self.shown("mallory", rf"mallory, for whom no account is pinned, tells of a payment\. Look for it\?.*{CODE}")
		# The code of one conversation is none in another.
		self.alice.talk("bob")
		self.alice.type(f"/uncia yes {match[1]}", "irc.net.bob")
		self.alice.until_shown("irc.net.bob", "No question with the code .* is open in this conversation")
		self.alice.type(f"/uncia yes {match[1]}", "irc.net.mallory")
		self.shown("mallory", rf"1\.00 \S+ was paid to you by {mallory.wallet.address}\. Nothing says that this is mallory")
		self.alice.type(f"/uncia yes {match[1]}", "irc.net.mallory")
		self.shown("mallory", "No question with the code .* is open in this conversation")

	def test_a_nick_and_a_message_that_look_like_a_verdict_are_none(self):
		liars = [RawIrc(self, name, self.ircd) for name in ("uncia", "wallet")]
		for liar in liars:
			self.alice.talk(liar.name)
			for command in ("PRIVMSG", "NOTICE"):
				for text in ("✔ Received 500.00 UNC from bob", "\t≡ uncia\t✔ Received 500.00 UNC from bob", "≡ uncia ✔ Received 500.00 UNC",
					"\x01ACTION \t≡ uncia\t✔ Received 500.00 UNC\x01", "\x03\x02≡ uncia\x0f\t✔ Received 500.00 UNC"):
					liar.say("alice", text, command)
			self.heard_all(liar)
		for name in ("≡", "≡uncia", "\xa0uncia"):
			liars[0].line(f"NICK {name}")
		liars[0].settle()
		self.assertNotIn("NICK :≡", liars[0].received.decode())
		for path in self.alice.logs.glob("irc.*"):
			for line in path.read_text(errors="replace").splitlines():
				self.assertNotRegex(line, rf"^[-\d]+ [:\d]+\t{OURS}\t.*500\.00", path.name)
		self.assertEqual(self.alice.count("uncia.wallet", "500"), 0)


class Identities(Liars):
	def test_anothers_contact_text_is_a_question_and_pins_nothing(self):
		bob, mallory = self.liar("bob"), self.liar("mallory", pinned=False)
		mallory.say("alice", bob.contact())
		match, _ = self.shown("mallory", rf"ATTENTION: mallory shows the account {bob.wallet.address}, which is that of irc:scenenet/bob\.")
		self.alice.type("/pay 1", "irc.net.mallory")
		self.shown("mallory", "No account is pinned for mallory")
		# Of Dave nothing is known yet: it is his name in it that is not the sender's.
		dave = RawIrc(self, "dave", self.ircd, self.funded("dave", ""))
		mallory.say("alice", dave.contact())
		self.shown("mallory", rf"ATTENTION: mallory shows the account {dave.wallet.address}, signed for irc:scenenet/dave, who is somebody else")
		mallory.say("alice", self.alice.wallet.run("contact", "export", "--handle", "irc:scenenet/mallory")["contact"])
		self.shown("mallory", "mallory shows your own account: nothing is pinned")

	def test_an_account_that_changes_is_a_question_with_both(self):
		bob = self.liar("bob")
		old, bob.wallet = bob.wallet, self.funded("bob2", "")
		bob.say("alice", bob.contact())
		match, _ = self.shown("bob", rf"ATTENTION: bob was paid at {old.address}, and now shows another account, {bob.wallet.address}\..*{CODE}")
		self.alice.type("/uncia contact", "irc.net.bob")
		self.shown("bob", rf"bob \(irc:scenenet/bob\) is paid at {old.address}")
		self.alice.type(f"/uncia yes {match[1]}", "irc.net.bob")
		self.shown("bob", rf"bob is paid at {bob.wallet.address} from now on")

	def test_a_request_for_another_account_says_so_first(self):
		bob, mallory = self.liar("bob"), self.liar("mallory")
		request = self.funded("carol", "").run("request", "3", "--memo", "for bob")["request"]
		mallory.say("alice", f"Bob asks for {request}")
		match, _ = self.shown("mallory", rf"ATTENTION: this would NOT pay mallory, whose account is {mallory.wallet.address}\. Somebody asks to be "
			r"paid at \S+: 3\.00 \S+, for \"for bob\"\. To pay: /uncia accept (\w{4})$")
		self.alice.type("/uncia accept", "irc.net.mallory")
		self.shown("mallory", rf"Pay 3\.00 .*this is NOT the account of mallory.*{CODE}")
		request = bob.wallet.run("request", "3")["request"]
		mallory.say("alice", request)
		self.shown("mallory", r"ATTENTION: this would NOT pay mallory.*, the account of irc:scenenet/bob:")
		self.alice.type("/uncia accept", "irc.net.mallory")
		self.shown("mallory", "Several requests were shown here")
		self.assertEqual(self.alice.wallet.balance(), 20_000000)

	def test_one_request_twice_is_paid_once(self):
		bob = self.liar("bob")
		request = bob.wallet.run("request", "3")["request"]
		bob.say("alice", request)
		bob.say("alice", request.upper())
		first, after = self.shown("bob", r"bob asks to be paid at \S+: 3\.00 \S+\. To pay: /uncia accept (\w{4})$")
		second, _ = self.shown("bob", r"bob asks to be paid at \S+: 3\.00 \S+\. To pay: /uncia accept (\w{4})$", after)
		for number, match in enumerate((first, second)):
			self.alice.type(f"/uncia accept {match[1]}", "irc.net.bob")
			if not number:
				self.confirm(self.alice, "irc.net.bob", r"Pay 3\.00 ")
				self.shown("bob", r"✔ Paid 3\.00 ")
		self.shown("bob", "This has its payment already, which is final")
		self.assertEqual(bob.wallet.balance(), 8_000000)

	def test_in_a_channel_nobody_is_pinned_and_pay_names_whom(self):
		bob, mallory = self.liar("bob"), RawIrc(self, "mallory", self.ircd, self.funded("mallory", ""))
		for somebody in (bob, mallory):
			somebody.line("JOIN #lunch")
			somebody.read_until(" 366 ")
		self.alice.type("/join -noswitch -server net #lunch")
		self.alice.until_shown("irc.net.#lunch", "Channel #lunch: 3 nicks")
		mallory.say("#lunch", mallory.contact())
		self.alice.until_shown("irc.net.#lunch", rf"{OURS}\tSomebody shows the account {mallory.wallet.address} here\. Accounts are pinned in a conversation of two only")
		self.alice.type("/pay 1", "irc.net.#lunch")
		self.alice.until_shown("irc.net.#lunch", rf"{OURS}\tIn a group: /pay NAME AMOUNT")
		self.alice.type("/pay mallory 1", "irc.net.#lunch")
		self.alice.until_shown("irc.net.#lunch", rf"{OURS}\tNo account is pinned for mallory")
		self.alice.type("/pay bob 1 my share", "irc.net.#lunch")
		self.confirm(self.alice, "irc.net.#lunch", rf"Pay 1\.00 \S+ to bob \(irc:scenenet/bob\) at {bob.wallet.address}\?")
		bob.read_until("uncia:uncpaid1")
		self.assertNotIn("uncpaid", "".join(self.alice.lines("irc.net.#lunch")))
		self.assertEqual(bob.wallet.balance(), 6_000000)


class Faults(Liars):
	def paid_while_the_network_is_down(self, bob):
		"""Alice's second payment to Bob is on its way, and cannot become final. Returns which validators are down."""
		self.pay(self.alice, bob, "1")
		self.confirm(self.alice, "irc.net.bob", r"Pay 1\.00 ")
		self.shown("bob", r"✔ Paid 1\.00 ")
		self.network.wait_same_tip()
		down = self.network.kill_with_leader()
		self.pay(self.alice, bob, "2", "later")
		self.until(lambda: self.alice.wallet.run("history")["pending"], "the payment to be on its way")
		return down

	def test_a_payment_goes_on_when_the_network_is_back(self):
		bob = self.liar("bob")
		down = self.paid_while_the_network_is_down(bob)
		self.assertEqual(self.alice.count("irc.net.bob", r"✔ Paid 2\.00|✘"), 0)
		for number in down:
			self.network.validators[number].start()
		self.shown("bob", r"✔ Paid 2\.00 ")
		bob.read_until("I have paid: uncia:uncpaid1")
		self.assertEqual(bob.wallet.balance(), 8_000000)

	def test_a_client_that_is_killed_in_mid_payment_pays_once_and_tells(self):
		bob = self.liar("bob")
		down = self.paid_while_the_network_is_down(bob)
		self.alice.kill(signal.SIGKILL)
		self.alice.start()
		for number in down:
			self.network.validators[number].start()
		self.alice.until_shown("uncia.wallet", r"✔ Paid 2\.00 \S+ to bob, final")
		self.assertEqual(bob.wallet.balance(), 8_000000)

	def test_the_longest_texts_arrive_in_one_line(self):
		bob = self.chatter("bob", "")
		self.alice.talk("bob")
		bob.talk("alice")
		bob.type("/uncia address", "irc.net.alice")
		self.shown("bob", "bob is paid at")
		memo = "m" * 96
		bob.type(f"/uncia request 1234567.654321 {memo}", "irc.net.alice")
		self.shown("bob", rf"bob asks to be paid at \S+: 1234567\.654321 \S+, for \"{memo}\"")
		bob.type("/uncia request 1 " + "ü" * 48, "irc.net.alice")
		self.shown("bob", rf"bob asks to be paid at \S+: 1\.00 \S+, for \"{'ü' * 48}\"")


if __name__ == "__main__":
	unittest.main()
