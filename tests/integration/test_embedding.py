"""The example of docs/embedding.md does what the page says, against a real network: as it is built here, and as its reader
builds it against what is installed, with pkg-config, shared and static."""
import json
import os
import re
import shlex
import subprocess

from unciad import BIN, UnciadTest

BUILD = BIN.parent
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "embedding", "minimal_wallet.c")


def cache(name):
	"""A setting of the build that runs this test."""
	found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M)
	return found[1] if found else ""


class Embedding(UnciadTest):
	def setUp(self):
		super().setUp()
		self.program, self.environment = BUILD / "tests" / "minimal_wallet", None

	def run_well(self, *command, **options):
		done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
			timeout=120, **options)
		self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}")
		return done.stdout

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

	def install(self):
		"""Installs into a directory that is then moved. Returns what pkg-config says of it, and the environment it needs."""
		self.run_well("cmake", "--install", BUILD, "--prefix", self.dir / "first")
		(self.dir / "first").rename(self.dir / "prefix")
		found = list((self.dir / "prefix").rglob("uncia.pc"))
		self.assertEqual(len(found), 1, found)
		environment = {**os.environ, "PKG_CONFIG_PATH": str(found[0].parent), "LD_LIBRARY_PATH": str(found[0].parent.parent)}

		def ask(*options):
			return shlex.split(self.run_well("pkg-config", *options, "uncia", env=environment))

		return ask, environment

	def build(self, name, flags, libraries):
		instrumented = [flag for option, flag in (("UNCIA_SANITIZE", "-fsanitize=address,undefined"),
			("UNCIA_TSAN", "-fsanitize=thread"), ("UNCIA_COVERAGE", "--coverage")) if cache(option) == "ON"]
		self.run_well(cache("CMAKE_C_COMPILER"), "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", *instrumented, *flags,
			SOURCE, *libraries, "-o", self.dir / name)
		return self.dir / name

	def test_builds_against_what_is_installed_shared_and_static(self):
		ask, environment = self.install()
		self.assertEqual(ask("--modversion"), self.run_well(BIN / "unciad", "--version").split()[1:2])
		shared = self.build("shared", ask("--cflags"), ask("--libs"))
		self.assertIn("libuncia.so.0 => " + environment["LD_LIBRARY_PATH"],
			os.path.normpath(self.run_well("ldd", shared, env=environment)))
		# Both are there, and of two of one name the linker takes the shared one.
		libraries = ["-l:libuncia.a" if flag == "-luncia" else flag for flag in ask("--libs", "--static")]
		self.assertIn("-l:libuncia.a", libraries)
		static = self.build("static", ask("--cflags"), libraries)
		self.assertNotIn("libuncia", self.run_well("ldd", static))
		self.start_devnet()
		for self.program, self.environment in ((shared, environment), (static, None)):
			words, balance = self.example(f"home-of-{self.program.name}", "net/network.conf")
			self.assertEqual(len(words.removeprefix("write these down: ").split()), 12)
			self.assertRegex(balance, "^unc1[0-9a-z]+ has 0.000000$")
