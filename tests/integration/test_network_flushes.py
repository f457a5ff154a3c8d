"""A loaded network whose validators flush their state all the while: the storage threads, the verifiers and the loop all
work at once. Also what `./run test --tsan` runs with ThreadSanitizer."""
import unittest

from network import NetworkTest, fixture_accounts, funds

ACCOUNTS = 20
PAYMENTS = 400
FLUSH_MS = 100


class Flushes(NetworkTest):
	def test_payments_go_on_while_every_validator_flushes(self):
		accounts = fixture_accounts(ACCOUNTS)
		network = self.start_network(*funds(accounts, 1000))
		for validator in network.validators:
			validator.stop()
			config = self.dir / validator.home / "unciad.conf"
			text = config.read_text()
			self.assertEqual(text.count("[node]\n"), 1)
			config.write_text(text.replace("[node]\n", f"[node]\nflush_ms = {FLUSH_MS}\n"))
		for validator in network.validators:
			validator.start()
		network.wait_voting()
		alice = self.new_wallet(network, "alice")
		network.treasury.send(alice, "10")
		pump = self.begin_tool(network, "pump", 1, 16, ACCOUNTS, *(v.where() for v in network.validators))
		paid = [self.receipt_of(pump) for _ in range(PAYMENTS // 2)]
		# One is killed under this load; its stored state has followed all the while.
		killed = network.validators[3]
		killed.kill()
		stopped = self.status(killed.home)
		self.assertFalse(stopped["running"])
		self.assertGreater(stopped["settled_height"], 0)
		self.assertEqual(alice.send(network.treasury, "1")["state"], "final")
		killed.start()
		paid += [self.receipt_of(pump) for _ in range(PAYMENTS // 2)]
		network.wait_voting()
		self.assertEqual(alice.balance(), 9_000_000)
		pump.kill()
		pump.communicate()
		network.wait_same_tip()
		self.assertEqual(self.tool(network, "query", killed.where(), stdin="".join(f"{i}\n" for i in paid)), [])
		for check in network.stop_and_check():
			self.assertGreaterEqual(check["payments"], PAYMENTS)

	def receipt_of(self, pump):
		"""The id of the next payment that has its receipt."""
		line = pump.stdout.readline().strip()
		self.assertTrue(line, pump.stderr.read() if not line else "")
		return line


if __name__ == "__main__":
	unittest.main()
