"""A wallet that was lost and had back from its words pays nothing a second time under the keys of the lost one."""
from uncia import UnciaTest


class Restored(UnciaTest):
	def test_a_key_of_the_lost_home_is_the_same_payment(self):
		self.start_devnet()
		network = ("--network", "net/network.conf")
		made = self.uncia_json("--wallet", "old", "init", "--no-passphrase")
		treasury = self.uncia_json("--wallet", "net/treasury", "address")["address"]
		self.uncia(*network, "--wallet", "net/treasury", "send", made["address"], "10")
		paid = [self.uncia_json(*network, "--wallet", "old", "send", treasury, "1", "--key", key) for key in ("a", "b")]
		self.uncia("--wallet", "new", "restore", "--no-passphrase", stdin=made["words"])
		for _ in range(2):
			for key, payment in zip(("b", "a"), reversed(paid)):
				again = self.uncia_json(*network, "--wallet", "new", "send", treasury, "1", "--key", key)
				self.assertEqual((again["id"], again["height"], again["state"]), (payment["id"], payment["height"], "final"))
		self.uncia_refuses(5, "already stands for another payment", *network, "--wallet", "new", "send", treasury, "2", "--key", "a")
		self.assertEqual(self.uncia_json(*network, "--wallet", "new", "balance")["balance"], "8.000000")
		self.uncia(*network, "--wallet", "new", "send", treasury, "1", "--key", "c")
		self.assertEqual(self.uncia_json(*network, "--wallet", "new", "balance")["balance"], "7.000000")

	def test_a_key_whose_payment_emptied_the_account_is_known_too(self):
		self.start_devnet()
		network = ("--network", "net/network.conf")
		made = self.uncia_json("--wallet", "old", "init", "--no-passphrase")
		treasury = self.uncia_json("--wallet", "net/treasury", "address")["address"]
		self.uncia(*network, "--wallet", "net/treasury", "send", made["address"], "10")
		paid = self.uncia_json(*network, "--wallet", "old", "send", treasury, "10", "--key", "a")
		self.uncia("--wallet", "new", "restore", "--no-passphrase", stdin=made["words"])
		again = self.uncia_json(*network, "--wallet", "new", "send", treasury, "10", "--key", "a")
		self.assertEqual((again["id"], again["height"], again["state"]), (paid["id"], paid["height"], "final"))
		self.uncia_refuses(5, "only 0.000000 can be spent", *network, "--wallet", "new", "send", treasury, "1", "--key", "b")
		# An account that was never there has no history.
		self.uncia("--wallet", "other", "restore", "--no-passphrase", stdin=self.uncia_json("--wallet", "never", "init",
			"--no-passphrase")["words"])
		self.uncia_refuses(5, "only 0.000000 can be spent", *network, "--wallet", "other", "send", treasury, "1", "--key", "a")
