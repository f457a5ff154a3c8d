"""One validator of four shows half of the others another block than the rest, and votes for both: payments go on, the
honest ones agree, and they say who lied."""
import re
import unittest

from network import TOOLS, NetworkTest

PAYMENTS = 12


class Equivocation(NetworkTest):
	def test_a_lying_leader_stops_nothing_and_is_named(self):
		network = self.start_network()
		liar, honest = network.validators[1], network.validators[:1] + network.validators[2:]
		alice, bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		network.treasury.send(alice, "100")
		liar.stop()
		liar.start(TOOLS / "equivocating_unciad", ())
		network.wait_voting()
		for _ in range(PAYMENTS):
			for sender, receiver in ((alice, bob), (bob, alice)):
				self.assertEqual(sender.send(receiver, "0.5")["state"], "final")
				self.assertEqual(receiver.balance(), 100_000_000 if receiver is alice else 500_000)
		network.wait(lambda: all(self.named(v) for v in honest), "each honest validator to say who lied")
		for validator in honest:
			self.assertEqual(self.named(validator), {"1"})
		network.wait_same_tip(honest)
		checks = network.stop_and_check(honest)
		self.assertEqual([check["payments"] for check in checks], [1 + 2 * PAYMENTS] * 3)
		self.assertEqual(len({check["block"] for check in checks if check["height"] == checks[0]["height"]}), 1)

	def named(self, validator):
		return set(re.findall(r"event=evidence voter=(\d+)", validator.log()))


if __name__ == "__main__":
	unittest.main()
