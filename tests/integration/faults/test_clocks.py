"""Wall clocks that are a day off, or step while validators run (libfaketime; the monotonic clock is left alone): payments
become final all the same, and the one whose clock is wrong says so."""
import time
import unittest

import clocks
from proxied import ProxiedNetwork, ProxiedTest
from unciad import BIN

DAY_MS = 86_400_000
NEAR_MS = 60_000 # offsets are what others' blocks say, and the machine may be busy


@unittest.skipUnless(clocks.LIBRARIES, "libfaketime is not installed")
class Clocks(ProxiedTest):
	def start(self):
		"""A network that is never idle for long, whose clocks can be set."""
		network = ProxiedNetwork(self, settings=["heartbeat_ms = 200"])
		for validator in network.validators:
			self.set_clock(validator, "+0")
			self.start_one(validator)
		network.wait_voting()
		self.alice, self.bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		network.treasury.send(self.alice, "100")
		self.paid = 0
		return network

	def start_one(self, validator):
		settings = [f"{name}={value}" for name, value in clocks.environment(self.clock_of(validator)).items()]
		validator.start("env", (*settings, BIN / "unciad", "start", "--home"))

	def clock_of(self, validator):
		return self.dir / f"clock-{validator.number}"

	def set_clock(self, validator, offset):
		clocks.set_clock(self.clock_of(validator), offset)

	def pay(self, **options):
		self.paid += 1
		paid = self.alice.run("send", self.bob.address, "1", **options)
		self.assertEqual(paid["state"], "final")

	def grows(self, network, blocks=4):
		heights = [status["height"] for status in network.statuses()]
		network.wait(lambda: all(s and s["height"] >= h + blocks for s, h in zip(network.statuses(), heights)), "new blocks")

	def offsets(self, network):
		return [status["clock_ahead_ms"] - status["clock_behind_ms"] for status in network.statuses()]

	def all_well(self, network):
		network.wait_voting()
		network.wait_same_tip()
		self.assertEqual(self.bob.balance(), self.paid * 10**6)
		self.assertEqual([audit["payments"] for audit in network.stop_and_check()], [1 + self.paid] * 4)

	def test_one_that_is_a_day_off_says_so_and_stops_nobody(self):
		network = self.start()
		wrong, only = network.validators[3], network.file_of([3])
		for offset, days, text in (("-1d", -1, "behind"), ("+1d", 1, "ahead")):
			self.set_clock(wrong, offset)
			network.wait(lambda: abs(self.offsets(network)[3] - days * DAY_MS) < NEAR_MS and self.offsets(network)[:3] == [0] * 3,
				"that clock to be found wrong, and no other")
			self.assertIn(f"event=clock_{text} ms=", wrong.log())
			self.assertRegex(self.run_unciad("status", "--home", wrong.home)[0], f"clock +8[0-9]{{4}}[.][0-9] s {text}")
			self.pay()
			self.pay(network=only) # it takes payments, too
			self.grows(network) # each leads once
			self.set_clock(wrong, "+0")
			network.wait(lambda: self.offsets(network) == [0] * 4, "the clock to be right again")
			self.assertIn("event=clock_right", wrong.log())
		network.validators[0].kill() # its vote counts again
		self.pay()
		self.start_one(network.validators[0])
		self.all_well(network)

	def test_all_that_step_together_go_on(self):
		network = self.start()
		for offset, days in (("-1d", -1), ("+1d", 1)):
			for validator in network.validators:
				self.set_clock(validator, offset)
			stepped = time.time() + days * DAY_MS // 1000
			self.grows(network)
			# What is on its way while a day passes expires: it never happened, and the next one goes through. One whose
			# expiry, which its id begins with, is not of the new day was sent before that had come.
			new_day = False
			while not new_day:
				sent = self.alice.run("send", self.bob.address, "1", code=(0, 8))
				self.paid += sent["state"] == "final"
				new_day = sent["state"] == "final" and int(sent["id"][:8], 16) > stepped
			# Not all see the new time at the same moment.
			network.wait(lambda: self.offsets(network) == [0] * 4, "nobody to be accused")
		network.validators[2].stop() # a start finds the ledger ahead of its clock
		self.pay()
		self.start_one(network.validators[2])
		self.all_well(network)


if __name__ == "__main__":
	unittest.main()
