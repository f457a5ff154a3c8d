"""A wallet that was lost and came back, from its words or from a copy of its home, pays nothing a second time under the keys
of what was lost."""
import os
import shutil
import signal

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


class Older(UnciaTest):
	"""The home comes back as it was before: a backup, a snapshot, a copied file. No command tells it so."""

	def setUp(self):
		super().setUp()
		self.validators = self.start_devnet().ready["validators"]
		self.network = ("--network", "net/network.conf")
		self.uncia_json("--wallet", "home", "init", "--no-passphrase")
		self.own = self.uncia_json("--wallet", "home", "address")["address"]
		self.treasury = self.uncia_json("--wallet", "net/treasury", "address")["address"]
		self.give("10")

	def give(self, amount):
		self.uncia(*self.network, "--wallet", "net/treasury", "send", self.own, amount)

	def pay(self, key, amount="1"):
		return self.uncia_json(*self.network, "--wallet", "home", "send", self.treasury, amount, "--key", key)

	def answers(self):
		try:
			return self.uncia_json(*self.network, "--wallet", "home", "balance")
		except AssertionError:
			return None

	def put_back(self, copy, files="*"):
		"""Files of the copy as they were then; what was made since is gone, where it is one of those."""
		for path in (self.dir / "home").glob(files):
			path.unlink()
		for path in (self.dir / copy).glob(files):
			shutil.copy2(path, self.dir / "home")

	def same(self, paid, balance):
		for _ in range(2):
			for key, payment in reversed(paid.items()):
				again = self.pay(key)
				self.assertEqual((again["id"], again["height"], again["state"]), (payment["id"], payment["height"], "final"))
		self.uncia_refuses(5, "already stands for another payment", *self.network, "--wallet", "home", "send", self.treasury,
			"2", "--key", "b")
		self.assertEqual(self.uncia_json(*self.network, "--wallet", "home", "balance")["balance"], balance)

	def test_pays_nothing_a_second_time_whatever_of_it_came_back(self):
		paid = {"a": self.pay("a")}
		shutil.copytree(self.dir / "home", self.dir / "copy")
		paid["b"] = self.pay("b")
		self.give("1")
		paid["c"] = self.pay("c")
		for files in ("*", "payment*", "caught-up"):
			self.put_back("copy", files)
			self.same(paid, "8.000000")
		# The key file alone, in a home that knows of nothing.
		shutil.rmtree(self.dir / "copy")
		os.makedirs(self.dir / "copy", 0o700)
		shutil.copy2(self.dir / "home" / "key", self.dir / "copy")
		self.put_back("copy")
		self.same(paid, "8.000000")
		paid["d"] = self.pay("d")
		self.same(paid, "7.000000")

	def test_nothing_is_paid_under_a_new_key_while_nobody_tells(self):
		self.pay("a")
		shutil.copytree(self.dir / "home", self.dir / "copy")
		paid = self.pay("b")
		self.put_back("copy")
		for number in (1, 2, 3):
			os.kill(self.validators[number]["pid"], signal.SIGSTOP)
		self.uncia_refuses(6, "nothing was sent", *self.network, "--wallet", "home", "send", self.treasury, "1", "--key", "b")
		# What the home knows, it knows without anybody.
		self.assertEqual(self.pay("a")["state"], "final")
		for number in (1, 2, 3):
			os.kill(self.validators[number]["pid"], signal.SIGCONT)
		self.until(lambda: self.answers(), "the balance")
		self.assertEqual(self.pay("b")["id"], paid["id"])
		self.assertEqual(self.uncia_json(*self.network, "--wallet", "home", "balance")["balance"], "8.000000")

	def test_what_waits_for_a_block_is_the_payment_of_its_key(self):
		shutil.copytree(self.dir / "home", self.dir / "copy")
		# What it was given is proved once a child of its block is final, too.
		self.until(lambda: self.uncia_json(*self.network, "--wallet", "home", "balance")["balance"] == "10.000000", "the money")
		for number in (1, 2):
			os.kill(self.validators[number]["pid"], signal.SIGSTOP)
		# Two of four make no block, but hold the payment.
		pay = (*self.network, "--wallet", "home", "send", self.treasury, "1", "--key", "a", "--timeout", "8", "--expires", "600")
		out, _ = self.uncia(*pay, code=3)
		self.put_back("copy")
		again, _ = self.uncia(*pay, code=3)
		self.assertEqual(again.splitlines()[0], out.splitlines()[0])
		for number in (1, 2):
			os.kill(self.validators[number]["pid"], signal.SIGCONT)
		self.assertEqual("id " + self.pay("a")["id"], out.splitlines()[0])
		self.assertEqual(self.uncia_json(*self.network, "--wallet", "home", "balance")["balance"], "9.000000")
