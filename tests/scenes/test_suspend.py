"""The machine of somebody in a conversation sleeps for an hour while a payment of his is on its way: its clocks step, its
connections to the network are dead without a word, and the chat's server has seen him go."""
import os
import signal
import struct
import unittest

from messengers import OURS, TESTS, Purple, WeeChat, irc_account, preloads, start_ircd
from network import NetworkTest
from relay import Relay, relayed_network
from test_purple import OUR as PURPLE_OUR
from test_weechat import WeeChats

HOUR = 3600
SHIM = TESTS / "clock_shim.so"


class Sleep(WeeChats):
	"""Everybody's clock is an hour behind at first, the validators' too; when he wakes, they are right."""

	def setUp(self):
		NetworkTest.setUp(self)
		self.clock = self.dir / "clock"
		self.set_clock(-HOUR)
		runtime = preloads()
		self.shim = {"LD_PRELOAD": " ".join([*runtime.get("LD_PRELOAD", "").split(), str(SHIM)]), "SCENE_CLOCK": str(self.clock)}
		self.shim |= {name: value for name, value in runtime.items() if name != "LD_PRELOAD"}
		for name, value in self.shim.items():  # for the validators, however they are started
			self.addCleanup(os.environ.pop, name)
			os.environ[name] = value
		self.network = self.start_network()
		self.server = start_ircd(self)
		self.ircd, self.chat = self.server, Relay(self, self.server.port)
		self.relays, self.file = relayed_network(self, self.network)

	def set_clock(self, ahead):
		"""In the same file, which is mapped."""
		with open(self.clock, "r+b" if self.clock.exists() else "wb") as file:
			file.write(struct.pack("=q", ahead))

	def weechat(self):
		wallet = self.funded("alice")
		client = WeeChat(self, "alice", self.chat, wallet.home, self.file, **self.shim).connected()
		client.wallet, client.our = wallet, rf"{OURS}\t"
		return client, "irc.net.bob", "uncia.wallet"

	def purple(self):
		wallet = self.funded("alice")
		client = Purple(self, "alice", irc_account(self.chat, "alice"), wallet.home, self.file, **self.shim).connected()
		client.wallet, client.our = wallet, PURPLE_OUR[:-2]
		return client, "bob", OURS

	def meet(self, alice, window):
		bob = self.chatter("bob", "5")
		alice.talk("bob")
		bob.talk("alice")
		bob.type("/uncia address", "irc.net.alice")
		alice.until_shown(window, rf"{alice.our}bob is paid at {bob.wallet.address} from now on")
		alice.type("/uncia address", window)
		bob.until_shown("irc.net.alice", rf"{OURS}\talice is paid at {alice.wallet.address} from now on")
		alice.type("/pay 1", window)
		match, _ = alice.until_shown(window, rf"{alice.our}Pay 1\.00 .*/uncia yes (\w{{4}})$")
		alice.type(f"/uncia yes {match[1]}", window)
		bob.until_shown("irc.net.alice", rf"{OURS}\t✔ Received 1\.00 ")
		return bob

	def sleep_in_mid_payment(self, alice, window):
		"""2.00 are on their way, and in no block. Returns which validators are down."""
		self.network.wait_same_tip()
		down = self.network.kill_with_leader()
		alice.type("/pay 2", window)
		self.until(lambda: alice.wallet.run("history")["pending"], "the payment to be on its way")
		alice.process.send_signal(signal.SIGSTOP)
		for relay in self.relays:
			relay.go_dead()
		self.chat.cut()
		return down

	def wake(self, alice):
		self.set_clock(0)
		alice.process.send_signal(signal.SIGCONT)

	def start_again(self, down):
		for number in down:
			self.network.validators[number].start()

	def pays_next(self, alice, bob, window, amount):
		_, after = bob.until_shown("irc.net.alice", rf"{OURS}\t✔ Received 1\.00 ")
		alice.type(f"/pay {amount}", window)
		# Connections that are dead would be waited for until a question's time is over: ten seconds.
		alice.until_shown(window, rf"{alice.our}✔ Paid {amount} ", seconds=8)
		bob.until_shown("irc.net.alice", rf"{OURS}\t✔ Received {amount} ", after)

	def one_that_became_final(self, alice, window, record):
		bob = self.meet(alice, window)
		down = self.sleep_in_mid_payment(alice, window)
		self.start_again(down)
		bob.until_shown("irc.net.alice", rf"{OURS}\t✔ Received 2\.00 ")
		bob.type("/pay 0.75", "irc.net.alice")
		self.confirm(bob, "irc.net.alice", r"Pay 0\.75 ")
		bob.until_shown("irc.net.alice", rf"{OURS}\t✔ Paid 0\.75 ")
		self.wake(alice)
		alice.until_shown(window, rf"{alice.our}✔ Paid 2\.00 ")
		alice.until_shown(window, rf"{alice.our}✔ Received 0\.75 ")
		self.pays_next(alice, bob, window, "0.30")
		for text in (r"✔ Paid 2\.00 ", r"✔ Received 0\.75 "):
			self.assertEqual((alice.count(window, text), alice.count(record, text)), (1, 1), alice.everything())
		self.assertEqual((bob.wallet.balance(), alice.wallet.balance()), (8_300000 - 750000, 16_700000 + 750000))

	def one_that_expired(self, alice, window, record):
		bob = self.meet(alice, window)
		down = self.sleep_in_mid_payment(alice, window)
		self.wake(alice)
		self.start_again(down)
		alice.until_shown(window, rf"{alice.our}✘ 2\.00 \S+ to bob expired: it was not paid, and never will be")
		self.pays_next(alice, bob, window, "2.00")
		self.assertEqual([alice.count(record, text) for text in ("✘ 2.00 .* expired", r"✔ Paid 2\.00 ")], [1, 1], alice.everything())
		self.assertEqual((bob.wallet.balance(), alice.wallet.balance()), (8_000000, 17_000000))


class Suspended(Sleep):
	def test_weechat_tells_once_what_became_final_and_what_came_while_it_slept(self):
		self.one_that_became_final(*self.weechat())

	def test_weechat_tells_once_what_expired_while_it_slept_and_pays_again(self):
		self.one_that_expired(*self.weechat())

	def test_libpurple_tells_once_what_became_final_and_what_came_while_it_slept(self):
		self.one_that_became_final(*self.purple())

	def test_libpurple_tells_once_what_expired_while_it_slept_and_pays_again(self):
		self.one_that_expired(*self.purple())


if __name__ == "__main__":
	unittest.main()
