"""The example of docs/embedding.md does what the page says, against a real network: as it is built here, and as its reader
builds it against what is installed, with pkg-config, shared and static."""
import json
import os
import subprocess

from installed import BUILD, InstalledTest, cache, instruments
from unciad import BIN

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "embedding", "minimal_wallet.c")


class Embedding(InstalledTest):
	def setUp(self):
		super().setUp()
		self.program, self.environment = BUILD / "tests" / "minimal_wallet", None

	def example(self, *arguments, code=0):
		done = subprocess.run([self.program, *arguments], cwd=self.dir, timeout=60, env=self.environment,
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
		self.assertRegex(paid[1], "^uncia:uncproof1")
		again = self.example("home", "net/network.conf", payee, "1.25", "rent-may")
		self.assertEqual(again, [f"{address} has 3.750000", paid[1]])
		self.assertIn("payment: ", self.example("home", "net/network.conf", payee, "2", "rent-may", code=1))
		self.assertEqual(self.example("home", "net/network.conf"), [f"{address} has 3.750000"])

	def test_gives_a_claim_to_somebody_who_has_not_joined(self):
		self.start_devnet()
		self.program = BUILD / "tests" / "claim_wallet"
		uncia = [BIN / "uncia", "--network", "net/network.conf"]
		for home in ("giver", "newcomer", "late"):
			subprocess.run([*uncia, "--wallet", home, "init", "--no-passphrase"], cwd=self.dir, check=True, stdout=subprocess.DEVNULL)
		giver = subprocess.run([*uncia, "--wallet", "giver", "address"], cwd=self.dir, check=True, stdout=subprocess.PIPE,
			text=True).stdout.strip()
		subprocess.run([*uncia, "--wallet", "net/treasury", "send", giver, "5"], cwd=self.dir, check=True, stdout=subprocess.DEVNULL)
		text, = self.example("giver", "net/network.conf", "give", "2", "message-7")
		self.assertEqual(self.example("giver", "net/network.conf", "give", "2", "message-7"), [text])
		taken = ["2.000000 wait under it", "2.000000 are yours"]
		self.assertEqual(self.example("newcomer", "net/network.conf", "take", text), taken)
		self.assertIn("take: ", self.example("late", "net/network.conf", "take", text, code=1))
		self.assertIn("changed", self.example("late", "net/network.conf", "take", text[:-1], code=1))

	def build(self, name, static):
		self.run_well(cache("CMAKE_C_COMPILER"), "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", *instruments(),
			*self.ask("--cflags"), SOURCE, *self.libraries(static), "-o", self.dir / name)
		return self.dir / name

	def test_builds_against_what_is_installed_shared_and_static(self):
		self.install()
		environment = self.environment
		self.assertEqual(self.ask("--modversion"), self.run_well(BIN / "unciad", "--version").split()[1:2])
		shared = self.build("shared", False)
		self.assertIn("libuncia.so.0 => " + environment["LD_LIBRARY_PATH"],
			os.path.normpath(self.run_well("ldd", shared, env=environment)))
		static = self.build("static", True)
		self.assertNotIn("libuncia", self.run_well("ldd", static))
		self.start_devnet()
		for self.program, self.environment in ((shared, environment), (static, None)):
			words, balance = self.example(f"home-of-{self.program.name}", "net/network.conf")
			self.assertEqual(len(words.removeprefix("write these down: ").split()), 12)
			self.assertRegex(balance, "^unc1[0-9a-z]+ has 0.000000$")
