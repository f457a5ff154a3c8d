"""An application with a wallet in it that forks, or is killed: its child has no keys and cannot use the wallet, the
parent does not notice, and nothing is lost or paid twice."""
import hashlib
import signal
import subprocess
import unittest

from faults import ALL, Alone, FaultsTest, injecting, needs_strace
from network import SUPPLY, TOOLS, Wallet
from test_kill import KILL

BUSY = "-406"
CALLS = ("connect", "sendto", "recvfrom", "write", "fsync", "linkat", "unlinkat", "clone")


def key_seed(words):
	"""The seed of the account's key, as wallet.md has it."""
	seed = hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic", 2048)
	return hashlib.blake2b(seed + bytes(4), digest_size=32, person=b"uncia.key".ljust(16, b"\0")).digest()


def holds(pid, secret):
	"""Whether it is anywhere in the process's memory."""
	with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
		for line in maps:
			first, end = (int(text, 16) for text in line.split()[0].split("-"))
			# The sanitizer's shadow is terabytes of nothing.
			if end - first > 1 << 32 or line.split()[1][0] != "r":
				continue
			try:
				memory.seek(first)
				if secret in memory.read(end - first):
					return True
			except (OSError, ValueError, OverflowError):
				pass
	return False


class Hosts(FaultsTest):
	def command(self, alone, payer, key, passphrase="-"):
		return [TOOLS / "forking_host", payer.home, alone.file, alone.bob.address, "1", key, passphrase]

	def begin(self, alone, payer, key, passphrase="-"):
		return subprocess.Popen(self.command(alone, payer, key, passphrase), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, text=True, env=self.environment)

	def funded(self, alone, *options, **environment):
		"""A wallet with 100, and its words."""
		made = self.uncia_json("--wallet", "carol", "init", *options, **environment)
		carol = Wallet(self, self.dir / "carol", alone.file, made["address"])
		alone.alice.send(carol, "100")
		return carol, made["words"]

	def test_a_child_has_no_keys_and_no_use_of_the_wallet(self):
		alone = Alone(self).start()
		alone.ready()
		(self.dir / "secret").write_text("horse\n")
		carol, words = self.funded(alone, UNCIA_PASSPHRASE_FILE=str(self.dir / "secret"))
		host = self.begin(alone, carol, "k", "horse")
		self.addCleanup(host.kill)
		lines = [host.stdout.readline().split() for _ in range(11)]
		said = dict(line for line in lines if line)
		child = int(said.pop("child"))
		self.assertEqual(said.pop("unlocked"), "0")
		paid, height = said.pop("id"), said.pop("final")
		self.assertEqual(said, dict.fromkeys(("pay", "unlock", "words", "process", "fd", "sync", "tick"), BUSY))
		self.assertTrue(holds(host.pid, key_seed(words)))
		self.assertFalse(holds(child, key_seed(words)))
		out, err = host.communicate("go on\n", timeout=60)
		self.assertEqual((host.returncode, out, err), (0, "closed 1\n", ""))
		self.assertEqual((self.status_of(alone, paid)["state"], alone.bob.balance()), ("final", 10**6))
		alone.stop()
		self.assertEqual(alone.check()["payments"], 2)

	def status_of(self, alone, payment_id):
		return alone.alice.status(payment_id)

	def test_a_child_that_outlives_its_parent_keeps_nothing_from_the_next(self):
		alone = Alone(self).start()
		alone.ready()
		carol, _ = self.funded(alone, "--no-passphrase")
		host = self.begin(alone, carol, "k")
		self.until(lambda: host.stdout.readline().startswith("child"), "the child")
		host.kill()
		host.wait()
		again = self.begin(alone, carol, "k")
		out, err = again.communicate("", timeout=60)
		self.assertEqual((again.returncode, err), (0, ""), out)
		self.assertIn("final", out)
		host.communicate()
		self.assertEqual(alone.bob.balance(), 10**6)
		alone.stop()
		self.assertEqual(alone.check()["payments"], 2)

	@needs_strace
	def test_killed_at_any_call_it_loses_nothing_and_pays_nothing_twice(self):
		alone = Alone(self).start()
		alone.ready()
		carol, _ = self.funded(alone, "--no-passphrase")
		number = killed = 0
		for call in CALLS:
			for when in range(1, 1000 if ALL else 4):
				number += 1
				command = self.command(alone, carol, f"{call}-{when}")
				cut = subprocess.run(injecting(command, call, KILL, when), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
					stderr=subprocess.PIPE, text=True, env=self.environment, timeout=60)
				self.assertIn(cut.returncode, (0, -signal.SIGKILL), cut.stderr)
				killed += cut.returncode != 0
				again = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
					text=True, env=self.environment, timeout=60)
				self.assertEqual((again.returncode, again.stderr), (0, ""), again.stdout)
				said = dict(line.split() for line in again.stdout.splitlines())
				self.assertIn("final", said)
				for line in cut.stdout.splitlines():
					if line.startswith("id "):
						self.assertEqual(line, f"id {said['id']}")
				if cut.returncode == 0:
					break
		self.assertGreater(killed, 10)
		self.assertEqual(alone.bob.balance(), number * 10**6)
		alone.stop()
		self.assertEqual(alone.check()["payments"], 1 + number)
		print(f"killed {killed} times in {number} payments", flush=True)


if __name__ == "__main__":
	unittest.main()
