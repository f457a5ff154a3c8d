"""Validators of both builds in one network, with batches of signature checks and without: they agree on signatures that
libsodium alone refuses, and whose points of small order cancel in pairs."""
import json
import unittest

from network import TOOLS, NetworkTest, fixture_accounts, funds

ACCOUNTS = 20
PAYMENTS = 300


class Signatures(NetworkTest):
	def test_both_builds_pay_with_signatures_that_libsodium_alone_refuses(self):
		accounts = fixture_accounts(ACCOUNTS)
		network = self.start_network(*funds(accounts, 1000))
		for validator in network.validators[2:]:
			validator.stop()
			validator.start(program=TOOLS / "plain_unciad")
		network.wait_voting()
		built = json.loads(self.run_unciad("version", "--json")[0])["signatures"]
		self.assertEqual([status["signatures"] for status in network.statuses()], [built, built, "plain", "plain"])
		self.assertIn(f"signatures  {built}\n", self.run_unciad("status", "--home", network.validators[0].home)[0])
		everywhere = [v.where() for v in network.validators]
		pumps = [self.begin_tool(network, "torsion", 1, 8, ACCOUNTS, *everywhere), self.begin_tool(network, "pump", 2, 8, ACCOUNTS, *everywhere)]
		paid = [pump.stdout.readline().strip() for _ in range(PAYMENTS) for pump in pumps]
		self.assertEqual(len(set(paid)), 2 * PAYMENTS)
		self.assertNotIn("", paid)
		for pump in pumps:
			pump.kill()
			pump.communicate()
		network.wait_same_tip()
		for validator in network.validators:
			self.assertNotIn("event=bad_signature", validator.log())
			self.assertNotIn("event=wrong_signatures", validator.log())
		network.stop_and_check()


if __name__ == "__main__":
	unittest.main()
