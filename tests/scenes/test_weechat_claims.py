"""Money for somebody who has no account yet: put into a conversation of WeeChat, looked at, taken once."""
import re
import unittest

from messengers import OURS, RawIrc, WeeChat
from test_weechat import WeeChats

CLAIM = r"uncia:uncgift1\w+"


class Claims(WeeChats):
	def setUp(self):
		super().setUp()
		self.alice = self.chatter("alice")
		self.alice.talk("bob")

	def newcomer(self):
		"""Bob has a wallet, and the ledger knows nothing of him."""
		bob = self.chatter("bob", "")
		bob.talk("alice")
		return bob

	def give(self, window, amount="5.00", *options):
		self.alice.type(" ".join(["/uncia claim", *options, amount, "welcome"]), window)
		self.confirm(self.alice, window, rf"Put {amount} \S+ here for ")
		self.alice.until_shown(window, rf"{OURS}\t✔ {amount} \S+ wait here for")

	def take(self, client, window):
		client.until_shown(window, rf"{OURS}\talice shows money for whoever takes it first\. .*: /uncia claim \w+$")
		client.type("/uncia claim", window)

	def test_a_newcomer_takes_what_waits_for_him_once(self):
		bob = self.newcomer()
		self.give("irc.net.bob")
		self.assertEqual(bob.wallet.balance(), 0)
		self.take(bob, "irc.net.alice")
		bob.until_shown("irc.net.alice", rf"{OURS}\t✔ Received 5\.00 \S+, which alice has put here: ")
		bob.until_shown("uncia.wallet", r"✔ Received 5\.00 ")
		self.assertEqual((bob.wallet.balance(), self.alice.wallet.balance()), (5_000000, 15_000000))
		self.alice.until_shown("irc.net.bob", rf"{OURS}\t✔ The 5\.00 \S+ that waited here were taken, by {bob.wallet.address}\.")
		bob.type("/uncia claim", "irc.net.alice")
		bob.until_shown("irc.net.alice", rf"{OURS}\tNothing was taken: it was taken before, and came to this wallet\.")
		self.assertEqual(bob.wallet.balance(), 5_000000)

	def test_a_wallet_that_was_restored_knows_what_waits_of_the_one_that_was_lost(self):
		"""So that it comes home by itself: also where the network was not there at first."""
		self.alice.wallet.run("claim", "new", "3")
		for validator in self.network.validators:
			validator.kill()
		restored = self.new_wallet(self.network, "restored", self.alice.wallet.words)
		client = WeeChat(self, "carol", self.ircd, restored.home, self.network.file).connected()
		client.type("/uncia balance")
		client.until_shown("core.weechat", "The balance is not known now")
		for validator in self.network.validators:
			validator.start()
		client.type("/uncia balance")
		client.until_shown("core.weechat", r"You can spend 17\.00 ")
		self.until(lambda: (restored.home / "caught-up").exists(), "the home to know what its account has paid")
		self.until(lambda: any(restored.home.glob("payments-ended-*")) or any(restored.home.glob("payment-*")), "the claim's payment")

	def test_in_a_channel_the_quickest_takes_it_and_the_payer_sees_who(self):
		bob = self.newcomer()
		mallory = RawIrc(self, "mallory", self.ircd, self.funded("mallory", ""))
		mallory.line("JOIN #lunch")
		mallory.read_until(" 366 ")
		for client in (self.alice, bob):
			client.type("/join -noswitch -server net #lunch")
			client.until_shown("irc.net.#lunch", "Channel #lunch: ")
		self.alice.type("/uncia claim 5", "irc.net.#lunch")
		self.alice.until_shown("irc.net.#lunch", rf"{OURS}\tHere whoever is quickest would take it\..*Nothing was done")
		self.give("irc.net.#lunch", "5.00", "--public")
		text = re.search(CLAIM, mallory.read_until("uncgift1"))
		mallory.read_until("\r\n")
		text = re.search(CLAIM + r"(?=\r)", mallory.received.decode()) or text
		self.uncia("--wallet", mallory.wallet.home, "--network", self.network.file, "claim", "take", "-", stdin=text[0])
		self.take(bob, "irc.net.#lunch")
		bob.until_shown("irc.net.#lunch", rf"{OURS}\tNothing was taken: somebody has taken it already, or it went home")
		self.alice.until_shown("irc.net.#lunch", rf"{OURS}\t✔ The 5\.00 \S+ that waited here were taken, by {mallory.wallet.address}\.")
		self.assertEqual((mallory.wallet.balance(), bob.wallet.balance()), (5_000000, 0))

	def test_no_claim_for_who_has_an_account_and_no_secret_as_an_argument(self):
		bob = RawIrc(self, "bob", self.ircd, self.funded("bob", ""))
		claim = self.alice.wallet.run("claim", "new", "1")["claim"]
		bob.say("alice", claim)
		self.alice.until_shown("irc.net.bob", rf"{OURS}\tbob shows money for whoever takes it first\.")
		self.alice.type("/uncia claim", "irc.net.bob")
		self.alice.until_shown("irc.net.bob", rf"{OURS}\tNothing was taken: this wallet has put it there itself")
		self.alice.type(f"/uncia claim {claim}", "irc.net.bob")
		self.alice.until_shown("irc.net.bob", rf"{OURS}\tThe text of a claim is cash, and is never typed here")
		bob.say("alice", bob.contact())
		self.alice.until_shown("irc.net.bob", "bob is paid at")
		self.alice.type("/uncia claim 5", "irc.net.bob")
		self.alice.until_shown("irc.net.bob", rf"{OURS}\tbob has an account, {bob.wallet.address}: /pay AMOUNT pays it\. Nothing was done")
		self.assertEqual(self.alice.wallet.balance(), 19_000000)


if __name__ == "__main__":
	unittest.main()
