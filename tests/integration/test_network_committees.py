"""Committees of every shape: alone, four, seven; one-round finality with a member missing; unequal weights."""
import unittest

import verify_receipt as spec
from network import NetworkTest


class Committees(NetworkTest):
	def pays(self, network, alice, bob, amount="0.5"):
		paid = alice.send(bob, amount)
		self.assertEqual(paid["state"], "final")
		self.verify(network, paid["receipt"])
		spec.receipt_verify(spec.network_load(network.file.read_text()), paid["receipt"])
		return paid

	def start(self, *options, count):
		network = self.start_network(*options, count=count)
		alice, bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		network.treasury.send(alice, "10")
		self.pays(network, alice, bob)
		return network, alice, bob

	def test_one_validator_alone(self):
		network, alice, bob = self.start(count=1)
		network.validators[0].kill()
		self.assertIsNone(alice.send(bob, "1", "--timeout", "1", code=6))
		network.validators[0].start()
		network.wait_voting()
		self.pays(network, alice, bob)
		self.assertEqual((alice.balance(), bob.balance()), (9_000_000, 1_000_000))
		self.assertEqual(network.stop_and_check()[0]["payments"], 3)

	def test_seven_with_two_down(self):
		network, alice, bob = self.start(count=7)
		network.validators[0].kill()
		network.validators[4].kill()
		for _ in range(3):
			self.pays(network, alice, bob)
		network.wait_same_tip()
		for validator in (network.validators[0], network.validators[4]):
			validator.start()
		network.wait_voting()
		network.wait_same_tip()
		self.assertEqual([check["payments"] for check in network.stop_and_check()], [5] * 7)

	def test_six_with_one_down_are_still_final_in_one_round(self):
		network, alice, bob = self.start("--faulty", "1", "--slow", "1", count=6)
		network.validators[5].kill()
		network.wait(lambda: self.finality(network, self.pays(network, alice, bob, "0.01")) == spec.FAST_FINALITY,
			"a payment that is final in one round")
		network.stop_and_check()

	def finality(self, network, paid):
		data = spec.receipt_bytes(spec.network_load(network.file.read_text()), paid["receipt"])
		return spec.message_decode(spec.CERTIFICATE, spec.message_decode(spec.RECEIPT, data)["certificate"])["kind"]

	def test_weights_decide_not_numbers(self):
		# W 13, F 4, Qs 9: without the heaviest the other five weigh just a quorum, without one more they do not.
		network, alice, bob = self.start("--weights", "4,3,2,2,1,1", count=6)
		network.validators[0].kill()
		self.pays(network, alice, bob)
		network.validators[5].kill()
		waiting = alice.send(bob, "1", "--expires", "600", "--timeout", "10", code=3)
		network.validators[0].start()
		self.assertEqual(alice.run("wait", waiting["id"], "--timeout", "120")["state"], "final")
		network.wait_voting()
		# The three that are left of six weigh nine too.
		network.validators[3].kill()
		network.validators[4].kill()
		self.pays(network, alice, bob)
		self.assertEqual((alice.balance(), bob.balance()), (7_500_000, 2_500_000))
		network.stop_and_check()


if __name__ == "__main__":
	unittest.main()
