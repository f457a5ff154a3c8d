"""The system's random source fails, from any call on: whatever needs it ends with one line and has made nothing."""
import subprocess
import unittest

from faults import ENVIRONMENT, FaultsTest, injecting, needs_strace
from unciad import BIN


@needs_strace
class Randomness(FaultsTest):
	def ends_with_a_line(self, command, made, first):
		"""Fails it from the first, second, … call on that is not libsodium's own at its start."""
		for when in range(first, 20):
			done = subprocess.run(injecting(command, "getrandom", "error=EIO", f"{when}+"), cwd=self.dir,
				stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
				env={**self.environment, **ENVIRONMENT})
			if done.returncode == 0:
				self.assertGreater(when, first)
				return
			self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
			self.assertIn("random", done.stderr)
			self.assertFalse((self.dir / made).exists())
		self.fail("it never ended well")

	def test_no_validators_keys(self):
		self.ends_with_a_line([BIN / "unciad", "keygen", "--home", "v"], "v/network.key", 2)
		for name in ("consensus.key", "network.key"):
			self.assertEqual(len((self.dir / "v" / name).read_text()), 65)

	def test_no_wallets_words(self):
		self.ends_with_a_line([BIN / "uncia", "--wallet", "w", "init", "--no-passphrase"], "w/key", 3)


if __name__ == "__main__":
	unittest.main()
