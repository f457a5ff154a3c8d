"""Two people with WeeChat on one IRC server pay each other; others try to get in between."""
import re
import signal
import unittest

from messengers import MessengerTest, OURS, PASSPHRASE, WeeChat, built, start_ircd

CODE = r"/uncia yes (\w{4})$"


class WeeChats(MessengerTest):
	def setUp(self):
		super().setUp()
		self.ircd = self.start_server()

	def start_server(self):
		return start_ircd(self)

	def chatter(self, name, amount="20", **options):
		wallet = self.funded(name, amount)
		client = WeeChat(self, name, self.ircd, wallet.home, self.network.file, **options).connected()
		client.wallet = wallet
		return client

	def two(self):
		"""Alice and Bob, who have shown each other their accounts, and have a conversation each."""
		alice, bob = self.chatter("alice"), self.chatter("bob", "5")
		alice.talk("bob")
		bob.talk("alice")
		bob.type("/uncia address", "irc.net.alice")
		alice.until_shown("irc.net.bob", rf"{OURS}\tbob is paid at {bob.wallet.address} from now on")
		alice.type("/uncia address", "irc.net.bob")
		bob.until_shown("irc.net.alice", rf"{OURS}\talice is paid at {alice.wallet.address} from now on")
		return alice, bob

	def confirm(self, client, window, pattern):
		"""Waits for the question, and says yes. Returns the question."""
		match, _ = client.until_shown(window, rf"{OURS}\t.*{pattern}.*{CODE}")
		client.type(f"/uncia yes {match[1]}", window)
		return match[0]

	def pay(self, payer, payee, amount, note=""):
		payer.type(f"/pay {amount} {note}".strip(), f"irc.net.{payee.name}")


class Paying(WeeChats):
	def test_two_people_pay_each_other_and_each_sees_what_is_proved(self):
		alice, bob = self.two()
		self.pay(alice, bob, "0.50", "lunch")
		asked = self.confirm(alice, "irc.net.bob", rf"Pay 0\.50 \S+ to bob \(irc:scenenet/bob\) at {bob.wallet.address}\?")
		self.assertIn('Note: "lunch"', asked)
		self.assertIn("the first payment to this account", asked)
		alice.until_shown("irc.net.bob", rf"{OURS}\t✔ Paid 0\.50 \S+ to bob, final")
		alice.until_shown("uncia.wallet", r"✔ Paid 0\.50 \S+ to bob, final")
		bob.until_shown("irc.net.alice", rf"{OURS}\t✔ Received 0\.50 \S+ at .* from alice")
		bob.until_shown("uncia.wallet", r"✔ Received 0\.50 \S+ at .* from alice \(irc:scenenet/alice\)")
		# Bob pays back, and Alice a second time: her first payment was the one to be asked about.
		self.pay(bob, alice, "0.25")
		self.confirm(bob, "irc.net.alice", r"Pay 0\.25 ")
		alice.until_shown("irc.net.bob", rf"{OURS}\t✔ Received 0\.25 ")
		self.pay(alice, bob, "1")
		bob.until_shown("irc.net.alice", rf"{OURS}\t✔ Received 1\.00 ")
		self.assertEqual(alice.count("irc.net.bob", r"Pay .*\?"), 1)
		self.assertEqual(bob.wallet.balance(), 5_000000 + 1_250000)
		self.assertEqual(alice.wallet.balance(), 20_000000 - 1_250000)

	def test_who_sees_nothing_happen_is_asked_before_it_is_paid_again(self):
		alice, bob = self.two()
		self.pay(alice, bob, "1")
		self.confirm(alice, "irc.net.bob", r"Pay 1\.00 ")
		alice.until_shown("irc.net.bob", rf"{OURS}\t✔ Paid 1\.00 ")
		for validator in self.network.validators:
			validator.signal(signal.SIGSTOP)
		stored = self.dir / alice.wallet.home
		before = set(stored.rglob("payment-*"))
		self.pay(alice, bob, "2")
		self.until(lambda: set(stored.rglob("payment-*")) - before, "the payment to be stored")
		alice.until_shown("irc.net.bob", rf"{OURS}\t2\.00 \S+ to bob: on its way, and not paid yet: .*\. It goes on by itself\.$")
		# What was paid a moment ago is not known to the next run: the payment itself is.
		alice.type("/plugin unload uncia")
		alice.type(f"/plugin load {built('weechat')}")
		self.pay(alice, bob, "2")
		alice.until_shown("irc.net.bob", rf"{OURS}\tPay 2\.00 .*\(the same amount is on its way to it, and not paid yet\)")
		for validator in self.network.validators:
			validator.signal(signal.SIGCONT)
		alice.until_shown("irc.net.bob", rf"{OURS}\t✔ Paid 2\.00 ")
		self.assertEqual(bob.wallet.balance(), 8_000000)

	def test_balance_history_and_contact_are_shown_where_they_were_asked_for(self):
		alice, bob = self.two()
		alice.type("/uncia balance", "irc.net.bob")
		alice.until_shown("irc.net.bob", rf"{OURS}\tYou can spend 20\.00 ")
		alice.type("/uncia history", "irc.net.bob")
		alice.until_shown("irc.net.bob", rf"{OURS}\t.* \+20\.00 \S+ from {self.network.treasury.address}")
		alice.type("/uncia contact", "irc.net.bob")
		bob.type("/uncia contact", "irc.net.alice")
		digits = [client.until_shown(window, r"Compare by voice, then /uncia contact compared: (\d{5} \d{5} \d{5} \d{5})$")[0][1]
			for client, window in ((alice, "irc.net.bob"), (bob, "irc.net.alice"))]
		self.assertEqual(*digits)
		# What was asked of the wallet is not told to the other one.
		self.assertEqual([line for line in bob.lines("irc.net.alice") if "spend" in line or "20.00" in line], [])

	def test_a_request_is_shown_accepted_and_paid_once(self):
		alice, bob = self.two()
		bob.type("/uncia request 2.50 the tickets", "irc.net.alice")
		shown, _ = alice.until_shown("irc.net.bob", rf"{OURS}\tbob asks to be paid at (\S+): 2\.50 \S+, for \"the tickets\"\. "
			r"To pay: /uncia accept (\w{4})$")
		alice.type("/uncia accept", "irc.net.bob")
		asked = self.confirm(alice, "irc.net.bob", r"Pay 2\.50 ")
		self.assertIn(shown[1], asked)
		alice.until_shown("irc.net.bob", r"✔ Paid 2\.50 ")
		bob.until_shown("irc.net.alice", r"✔ Received 2\.50 \S+ .* from alice")
		alice.type(f"/uncia accept {shown[2]}", "irc.net.bob")
		alice.until_shown("irc.net.bob", "This has its payment already, which is final")
		alice.type("/uncia accept", "irc.net.bob")
		alice.until_shown("irc.net.bob", "No request is open in this conversation")
		self.assertEqual(bob.wallet.balance(), 7_500000)

	def test_the_passphrase_comes_from_secured_data_and_from_nowhere_else(self):
		alice = WeeChat(self, "alice", self.ircd, self.sealed_home(), self.network.file).connected()
		alice.until_shown("uncia.wallet", r"The wallet is locked\. /secure set uncia PASSPHRASE")
		alice.type(f"/set plugins.var.uncia.passphrase {PASSPHRASE}")
		window = alice.talk("bob")
		alice.type("/uncia address", window)
		alice.until_shown("uncia.wallet", r"plugins\.var\.uncia\.passphrase has to be \"\$\{sec\.data\.NAME\}\"")
		alice.until_shown(window, "The wallet is locked, and needs its passphrase first. Nothing was done")
		alice.type(f"/secure set uncia {PASSPHRASE}")
		alice.type("/set plugins.var.uncia.passphrase ${sec.data.uncia}")
		alice.type("/uncia address", window)
		alice.until_shown("uncia.wallet", "The wallet is open")
		alice.type("/uncia address", window)
		alice.until_shown(window, rf"{OURS}\tYour account is unc1\w+, signed for irc:scenenet/alice")

	def test_bad_input_is_told_and_pays_nothing(self):
		alice, bob = self.two()
		for typed, said in (("/pay", "\"\" is not an amount"), ("/pay -1", "\"-1\" is not an amount"), ("/pay 0", "\"0\" is not an amount"),
			("/pay 0.0000001", "is not an amount"), (f"/pay 1 {'x' * 97}", "The note has 97 bytes"), ("/uncia yes abcd", "No question with the code"),
			("/uncia pay 1", "\"pay\" is no command"), ("/uncia accept", "No request is open"), ("/uncia accept abcd", "No request with the code"),
			("/uncia request", "is not an amount")):
			alice.type(typed, "irc.net.bob")
			alice.until_shown("irc.net.bob", rf"{OURS}\t.*{re.escape(said)}")
		self.pay(alice, bob, "1000")
		self.confirm(alice, "irc.net.bob", r"Pay 1000\.00 ")
		alice.until_shown("irc.net.bob", rf"{OURS}\t✘ Not paid to bob, nothing was signed: more than the balance")
		alice.type("/pay 1", "core.weechat")
		alice.until_shown("core.weechat", rf"{OURS}\tNo account is pinned for \"this window\"")
		self.assertEqual((alice.wallet.balance(), bob.wallet.balance()), (20_000000, 5_000000))


if __name__ == "__main__":
	unittest.main()
