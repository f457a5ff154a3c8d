"""The example of docs/embedding.md does what the page says, against a real network."""
import json
import subprocess

from unciad import BIN, UnciadTest


class Embedding(UnciadTest):
	def example(self, *arguments, code=0):
		done = subprocess.run([BIN.parent / "tests" / "minimal_wallet", *arguments], cwd=self.dir, timeout=60,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
		self.assertEqual(done.returncode, code, done.stdout + done.stderr)
		return done.stdout.splitlines() if code == 0 else done.stderr

	def test_makes_a_wallet_pays_and_pays_nothing_twice(self):
		self.start_devnet()
		words, balance = self.example("home", "net/network.conf")
		self.assertEqual(len(words.removeprefix("write these down: ").split()), 12)
		address, amount = balance.split(" has ")
		self.assertEqual(amount, "0.000000")
		treasury = [BIN / "uncia", "--wallet", "net/treasury", "--network", "net/network.conf"]
		subprocess.run([*treasury, "send", address, "5"], cwd=self.dir, check=True, timeout=60, stdout=subprocess.DEVNULL)
		payee = json.loads(subprocess.run([*treasury, "address", "--json"], cwd=self.dir, check=True, timeout=60,
			stdout=subprocess.PIPE).stdout)["address"]
		self.assertEqual(self.example("home", "net/network.conf"), [f"{address} has 5.000000"])
		paid = self.example("home", "net/network.conf", payee, "1.25", "rent-may")
		self.assertRegex(paid[1], "^uncia-receipt-1:")
		again = self.example("home", "net/network.conf", payee, "1.25", "rent-may")
		self.assertEqual(again, [f"{address} has 3.750000", paid[1]])
		self.assertIn("payment: ", self.example("home", "net/network.conf", payee, "2", "rent-may", code=1))
		self.assertEqual(self.example("home", "net/network.conf"), [f"{address} has 3.750000"])
