"""Validators that are killed: payments go on without one, wait without two, and nothing that anybody saw final is
lost, however often all are killed at once."""
import os
import random
import threading
import time
import unittest

from network import NetworkTest, SUPPLY, fixture_accounts, funds, micro

ROUNDS = 10
TURNS = 6
ACCOUNTS = 20
SEED = int(os.environ.get("UNCIA_SEED", random.randrange(2**32)))


class Crashes(NetworkTest):
	def test_one_of_four_may_be_lost_and_with_two_payments_wait(self):
		network = self.start_network()
		alice, bob, other = (self.new_wallet(network, name) for name in ("alice", "bob", "other"))
		network.treasury.send(alice, "10")
		network.validators[3].kill()
		self.assertEqual(alice.send(bob, "1")["state"], "final")
		self.assertEqual(bob.balance(), 1_000_000) # the three have settled it, so that two can prove it
		network.validators[2].kill()
		waiting = alice.send(bob, "2", "--expires", "600", "--timeout", "8", code=3)
		self.assertEqual((waiting["state"], waiting["height"]), ("pending", None))
		self.assertEqual(alice.status(waiting["id"])["state"], "pending")
		self.assertEqual(bob.balance(), 1_000_000)
		spendable = alice.run("balance")
		self.assertEqual((spendable["balance"], spendable["spendable"], spendable["pending"]),
			("9.000000", "7.000000", "2.000000"))
		network.validators[2].start()
		network.validators[3].start()
		# Another wallet asks, which has nothing to send again: the validators bring the payment to its end by themselves.
		self.assertEqual(other.run("wait", waiting["id"], "--timeout", "120")["state"], "final")
		self.assertEqual(alice.run("wait", waiting["id"])["state"], "final")
		self.assertEqual(alice.status(waiting["id"])["state"], "final")
		self.assertEqual((alice.balance(), bob.balance()), (7_000_000, 3_000_000))
		network.wait_voting()
		height = network.wait_same_tip()
		for check in network.stop_and_check():
			self.assertGreaterEqual(check["height"], height)
			self.assertEqual(check["payments"], 3)

	def test_a_payment_of_an_outage_outlives_it(self):
		"""The newest header is older than the payment's whole life when it is signed."""
		network = self.start_network()
		alice, bob = network.treasury, self.new_wallet(network, "bob")
		for validator in network.validators[2:]:
			validator.kill()
		stood_still = time.monotonic()
		self.until(lambda: time.monotonic() > stood_still + 32, "an outage", 60)
		waiting = alice.send(bob, "1", "--expires", "30", "--timeout", "3", code=3)
		lives = alice.status(waiting["id"])["expires_at"] - time.time()
		self.assertTrue(20 < lives < 32, lives)
		for validator in network.validators[2:]:
			validator.start()
		self.assertEqual(alice.run("wait", waiting["id"], "--timeout", "60")["state"], "final")
		# One alone, with which nothing can become final, is not paid by.
		for validator in network.validators[1:]:
			validator.kill()
		stood_still = time.monotonic()
		self.until(lambda: time.monotonic() > stood_still + 12, "an outage", 60)
		self.assertIsNone(alice.send(bob, "1", code=6))

	def test_what_was_seen_final_survives_ten_crashes_of_all(self):
		accounts = fixture_accounts(ACCOUNTS)
		network = self.start_network(*funds(accounts, 1000))
		wallets = [self.new_wallet(network, f"w{i}") for i in range(2)]
		for wallet in wallets:
			network.treasury.send(wallet, "100")
		chance, final, seen, unknown = random.Random(SEED), [], [], []
		print(f"seed {SEED}", flush=True)
		for number in range(ROUNDS):
			self.pay_and_crash(network, wallets, number, chance, final, seen, unknown)
			for validator in network.validators:
				validator.start()
			network.wait_voting()
			# Each validator by itself has every payment with its receipt, and so has the wallet.
			for validator in network.validators:
				self.assertEqual(self.tool(network, "query", validator.where(), stdin="".join(f"{i}\n" for i in final)), [])
			for wallet, payment in seen[-4:]:
				status = wallet.status(payment["id"])
				self.assertEqual((status["state"], status["height"]), ("final", payment["height"]), f"seed {SEED}")
		self.assertGreater(len(final), ROUNDS * 20)
		for wallet, payment in seen:
			self.assertEqual(self.verify(network, payment["receipt"])["id"], payment["id"])
		spent = {wallet: 0 for wallet in wallets}
		for wallet, payment in unknown:
			payment |= wallet.run("wait", payment["id"], "--timeout", "150", code=(0, 8))
		for wallet, payment in seen + unknown:
			spent[wallet] += payment["state"] == "final"
		for wallet, other in (wallets, wallets[::-1]):
			self.assertEqual(wallet.balance(), 100_000_000 - spent[wallet] + spent[other])
		network.wait_same_tip()
		fixtures = int(self.tool(network, "balances", ACCOUNTS, network.validators[0].where())[0].split(":")[1].rstrip("}"))
		self.assertEqual(fixtures + sum(w.balance() for w in (*wallets, network.treasury)), SUPPLY)
		for check in network.stop_and_check():
			self.assertGreaterEqual(check["payments"], len(final) + len(seen))

	def test_validators_that_crash_in_turn_stop_no_payment(self):
		network = self.start_network()
		wallets = [self.new_wallet(network, f"w{i}") for i in range(2)]
		for wallet in wallets:
			network.treasury.send(wallet, "100")
		chance, over, paid = random.Random(SEED), threading.Event(), []
		print(f"seed {SEED}", flush=True)
		threads = [threading.Thread(target=self.always_pay, args=(*pair, over, paid)) for pair in (wallets, wallets[::-1])]
		for thread in threads:
			thread.start()
		try:
			for _ in range(TURNS):
				validator = chance.choice(network.validators)
				validator.kill()
				before = len(paid)
				self.until(lambda: len(paid) >= before + 4 or not all(t.is_alive() for t in threads), "payments without one")
				validator.start()
				network.wait_voting()
		finally:
			over.set()
			for thread in threads:
				thread.join()
		self.assertEqual({state for _, state in paid}, {"final"}, f"seed {SEED}")
		network.wait_same_tip()
		self.assertEqual([check["payments"] for check in network.stop_and_check()], [2 + len(paid)] * 4)

	def always_pay(self, wallet, other, over, paid):
		while not over.is_set():
			payment = wallet.send(other, "0.000001", code=(0, 3))
			paid.append((payment["id"], payment["state"]))

	def pay_and_crash(self, network, wallets, number, chance, final, seen, unknown):
		"""Loads the network and kills all validators in the midst of it, after some payments were seen final."""
		wheres = [v.where() for v in network.validators]
		pump = self.begin_tool(network, "pump", number + 1, 8, ACCOUNTS, *wheres)
		crashed = threading.Event()
		threads = [threading.Thread(target=self.keep_paying, args=(*pair, crashed, seen, unknown))
			for pair in (wallets, wallets[::-1])]
		for thread in threads:
			thread.start()
		try:
			paid = len(seen)
			for _ in range(chance.randrange(20, 200)):
				final.append(pump.stdout.readline().strip())
			self.until(lambda: len(seen) > paid or not any(t.is_alive() for t in threads), "a payment of a wallet")
		finally:
			network.kill_all()
			crashed.set()
			for thread in threads:
				thread.join()
		out, err = pump.communicate(timeout=60)
		self.assertEqual((pump.returncode, err), (0, ""))
		final += out.split()
		self.assertNotIn("", final)

	def keep_paying(self, wallet, other, crashed, seen, unknown):
		while not crashed.is_set():
			process = wallet.begin("send", other.address, "0.000001", "--timeout", "1")
			out = wallet.end(process, (0, 3, 6))
			if process.returncode == 0:
				seen.append((wallet, out))
			elif process.returncode == 3:
				unknown.append((wallet, out))


if __name__ == "__main__":
	unittest.main()
