"""Runs uncia for the tests: a fresh directory, one command at a time, a wallet, a network that nobody listens on."""
import json
import os
import subprocess

from unciad import BIN, UnciadTest

# The first test vector of BIP-39, and the address of its account.
WORDS = " ".join(["abandon"] * 11 + ["about"])
ADDRESS = "unc1vrkp3ygqqysjr5rej0qqd0l3tx9myt57x59p4n"


class UnciaTest(UnciadTest):
	def setUp(self):
		super().setUp()
		self.environment = {name: value for name, value in os.environ.items() if not name.startswith("UNCIA_")}
		self.environment["HOME"] = str(self.dir)

	def uncia(self, *arguments, code=0, stdin="", timeout=60, **environment):
		"""Runs it to its end; fails unless it ends with this exit code. Returns (stdout, stderr)."""
		done = subprocess.run([BIN / "uncia", *map(str, arguments)], cwd=self.dir, timeout=timeout, input=stdin,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**self.environment, **environment})
		self.assertEqual(done.returncode, code, f"uncia {arguments}: {done.stdout}{done.stderr}")
		self.assertNotIn("Sanitizer", done.stderr)
		return done.stdout, done.stderr

	def uncia_json(self, *arguments, **options):
		"""As uncia with --json. Returns the one object on standard output."""
		out, _ = self.uncia(*arguments, "--json", **options)
		self.assertEqual(out.count("\n"), 1, out)
		answer = json.loads(out)
		self.assertEqual(answer["v"], 1)
		return answer

	def uncia_refuses(self, code, message, *arguments, **options):
		"""It ends with this code, says this on standard error and on standard output nothing, or with --json the object of a
		failure."""
		out, err = self.uncia(*arguments, code=code, **options)
		if "--json" in arguments:
			answer = json.loads(out)
			self.assertEqual((answer["v"], answer["exit"]), (1, code))
			self.assertTrue(answer["error"], err)
		else:
			self.assertEqual(out, "")
		self.assertIn(message, err)

	def secret_file(self, name, data):
		"""A file that only its owner can read. Returns its path."""
		path = self.dir / name
		path.write_bytes(data if isinstance(data, bytes) else data.encode())
		path.chmod(0o600)
		return path

	def wallet(self, home):
		"""A wallet without a passphrase. Returns its address."""
		return self.uncia_json("--wallet", home, "init", "--no-passphrase")["address"]

	def silent_network(self, name="network.conf", genesis="g"):
		"""A network file of four validators, none of which is there."""
		keys = [self.keygen(f"{name}-v{i}") for i in range(4)]
		self.run_unciad("genesis", "--name", "test", "--output", genesis, "--account", f"{ADDRESS}=100", "--network", name,
			*(text for key in keys for text in ("--validator", key)),
			*(text for i in range(4) for text in ("--at", f"{i}=127.0.0.1:{i + 1}")))
		return self.dir / name
