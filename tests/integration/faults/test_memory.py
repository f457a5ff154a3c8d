"""A validator where memory ends: an allocation fails, its own or one of its libraries' (starved.c), somewhere
between its start and the end of a payment. It goes on, or it ends with a non-zero code and one clear line; its home is
sound, and the payment is made once. And a wallet where it ends. FAULTS_ALL=1: every allocation, alone and with all that
follow."""
import re
import shutil
import signal
import subprocess
import time

from faults import ALL, Alone, FaultsTest
from unciad import BIN

STARVED, STARVED_WALLET = (BIN.parent / "tests" / name for name in ("starved_unciad", "starved_uncia"))


def starving(which):
	return lambda command: ["env", f"STARVE={which}", STARVED, *command[1:]]


class Memory(FaultsTest):
	fresh_until = 0

	def count(self, log):
		return int(re.search(r"starved: (\d+) allocations", log)[1])

	def fresh(self, alone):
		"""A block by a sound validator, now and then: a payment's expiry is counted from the newest one, and those that
		die soon make none."""
		if time.monotonic() > self.fresh_until:
			alone.start().ready()
			height = alone.status()["height"]
			self.until(lambda: alone.status()["height"] > height, "a block")
			alone.stop()
			self.fresh_until = time.monotonic() + 30

	def starve(self, alone, which, final, unknown):
		"""One start of the home and one payment. Returns whether the validator ended by itself."""
		alone.start(starving(which))
		key = f"memory-{which}"
		if alone.ready():
			paid = alone.pay(key)
			if paid:
				final[key] = paid
			else:
				unknown.append(key)
		if not alone.ended():
			try:
				alone.process.send_signal(signal.SIGTERM)
			except ProcessLookupError:
				pass
		log = alone.end(0, 1)
		ended = alone.process.returncode != 0
		if ended:
			said = [line for line in log.splitlines() if not re.search("level=(info|warning)|^starved:", line)]
			self.assertEqual(len(said), 1, f"{which}: {log}")
			self.assertIn("memory", said[0], which)
		return ended

	def test_a_validator_goes_on_or_says_that_memory_ended(self):
		alone, final, unknown = Alone(self), {}, []
		self.assertFalse(self.starve(alone, "0", final, unknown))
		count = self.count(alone.log.read_text())
		self.assertGreater(count, 100)
		step = 1 if ALL else 12
		alone_fails = [f"{number}" for number in range(1, count + 1, step)]
		all_fail = [f"{number}+" for number in range(1 + step // 2, count + 1, step)]
		ended = 0
		for which in alone_fails + all_fail:
			self.fresh(alone)
			ended += self.starve(alone, which, final, unknown)
			alone.check()
		self.assertGreater(ended, len(all_fail))
		alone.account_for(final, unknown)
		print(f"{count} allocations; ended {ended} times, {len(final)} payments, {len(unknown)} cut off", flush=True)

	def test_a_home_is_made_whole_or_anew(self):
		self.make_genesis()
		home = self.dir / "v0"
		keys = {path.name for path in home.iterdir()}
		number = count = 0
		while number <= count:
			for which in ("", "+"):
				done = subprocess.run([STARVED, "init", "--home", home, "--genesis", "g", "--first-start"], cwd=self.dir, timeout=60,
					stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
					env={**self.environment, "STARVE": f"{number}{which}"})
				*said, counted = done.stderr.splitlines()
				count = max(count, self.count(counted))
				self.assertIn(done.returncode, (0, 1), done.stderr)
				self.assertEqual(len(said), 1, f"{number}{which}: {done.stderr}")
				self.assertIs("warning: " in said[0], done.returncode == 0, done.stderr)
				if done.returncode:
					self.run_unciad("init", "--home", home, "--genesis", "g", "--first-start")
				self.assertIs(self.run_json("check", "--home", home)["ok"], True)
				for path in home.iterdir():
					if path.name not in keys:
						shutil.rmtree(path) if path.is_dir() else path.unlink()
			number += 1 if ALL else 9
		self.assertGreater(count, 50)

	def starve_wallet(self, alone, which, *arguments):
		"""Its exit code, and what it said."""
		done = subprocess.run([STARVED_WALLET, "--wallet", alone.alice.home, "--network", alone.file, "--json", *arguments],
			cwd=self.dir, env={**self.environment, "STARVE": which}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, text=True, timeout=60)
		self.assertNotIn("Sanitizer", done.stderr)
		# 2: popt takes operands that there is no memory for as none.
		self.assertIn(done.returncode, (0, 1, 2, 3), f"{which} {arguments}: {done.stderr}")
		return done.returncode, done.stderr

	def test_a_wallet_says_that_memory_ended_and_pays_once(self):
		alone = Alone(self).start()
		alone.ready()
		count = self.count(self.starve_wallet(alone, "0", "balance")[1])
		for number in range(1, count + 1):
			code, said = self.starve_wallet(alone, f"{number}", "balance")
			self.assertNotEqual(code, 3, f"{number}: {said}")
		pay = ("send", alone.bob.address, "1", "--memo", "rent", "--timeout", "20", "--key")
		count = self.count(self.starve_wallet(alone, "0", *pay, "memory-0")[1])
		numbers = sorted({*range(1, 41), *range(1, count + 1, 1 if ALL else 24)})
		cases = [f"{number}{which}" for number in numbers for which in ("", "+")]
		for which in cases:
			code, said = self.starve_wallet(alone, which, *pay, f"memory-{which}")
			if re.search("^id ", said, re.M):
				self.assertIn(code, (0, 3), f"{which}: {said}")
			elif code != 2:
				self.assertIn("memory", said, which)
			# What it left behind is this very payment, or none.
			alone.alice.run(*pay, f"memory-{which}")
		self.assertEqual(alone.bob.balance(), (len(cases) + 1) * 10**6)
		alone.stop()
		alone.check()
