"""A validator where memory ends: an allocation fails, its own or one of its libraries' (starved_unciad.c), somewhere
between its start and the end of a payment. It goes on, or it ends with a non-zero code and one clear line; its home is
sound, and the payment is made once. FAULTS_ALL=1: every allocation, alone and with all that follow."""
import re
import shutil
import signal
import subprocess
import time

from faults import ALL, Alone, FaultsTest
from unciad import BIN

STARVED = BIN.parent / "tests" / "starved_unciad"


def starving(which):
	return lambda command: ["env", f"STARVE={which}", STARVED, *command[1:]]


class Memory(FaultsTest):
	fresh_until = 0

	def count(self, log):
		return int(re.search(r"starved_unciad: (\d+) allocations", log)[1])

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
			said = [line for line in log.splitlines() if not re.search("level=(info|warning)|^starved_unciad:", line)]
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
				done = subprocess.run([STARVED, "init", "--home", home, "--genesis", "g"], cwd=self.dir, timeout=60,
					stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
					env={**self.environment, "STARVE": f"{number}{which}"})
				*said, counted = done.stderr.splitlines()
				count = max(count, self.count(counted))
				self.assertIn(done.returncode, (0, 1), done.stderr)
				self.assertEqual(len(said), int(done.returncode != 0), f"{number}{which}: {done.stderr}")
				if done.returncode:
					self.run_unciad("init", "--home", home, "--genesis", "g")
				self.assertIs(self.run_json("check", "--home", home)["ok"], True)
				for path in home.iterdir():
					if path.name not in keys:
						shutil.rmtree(path) if path.is_dir() else path.unlink()
			number += 1 if ALL else 9
		self.assertGreater(count, 50)
