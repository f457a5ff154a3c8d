"""A validator that has a long chain to catch up: more of it than it may have memory, with few certificates, killed on the
way; and then the chain goes on by its votes. long_chain writes what half an hour of load would have."""
import json
import os
import pathlib
import re
import subprocess
import time
import unittest

from network import TOOLS, NetworkTest, Validator, fixture_accounts
from unciad import BIN, free_ports

MIB = 112
BLOCK_KIB = 1024
CERTIFIED = 8  # every so many-th block has a certificate of its own: 8 MiB, more than a message, lie between two
ACCOUNTS = 64
RESIDENT_MIB = 96  # beside the page cache; less than what is missed, and the sanitizers' own is in it


class Gaps(NetworkTest):
	def setUp(self):
		super().setUp()
		# What is freed is to be free again at once, or the sanitizer's store of it is what would be measured.
		before = os.environ.get("ASAN_OPTIONS")
		os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [before, "quarantine_size_mb=8"]))
		self.addCleanup(lambda: os.environ.pop("ASAN_OPTIONS") if before is None else os.environ.update(ASAN_OPTIONS=before))

	def make_network(self):
		base = free_ports(4)
		keys = [text for i in range(4) for text in ("--validator", self.keygen(f"v{i}"))]
		money = [text for a in fixture_accounts(ACCOUNTS) for text in ("--account", f"{a}=1000000")]
		self.run_json("genesis", "--name", "gaps", "--smallest", "0.000001", "--output", "g", *money, *keys)
		for i in range(4):
			self.run_json("init", "--home", f"v{i}", "--genesis", "g", "--first-start")
			peers = "".join(f"[peer.{j}]\naddress = 127.0.0.1:{base + j}\n" for j in range(4) if j != i)
			(self.dir / f"v{i}" / "unciad.conf").write_text(f"[node]\nlisten = 127.0.0.1:{base + i}\njournal_log_kb = 256\n{peers}")
		return [Validator(self, i, {"home": f"v{i}", "port": base + i, "pid": 0}) for i in range(4)]

	def height(self, validator):
		"""0: it does not answer yet."""
		done = subprocess.run([BIN / "unciad", "status", "--home", validator.home, "--json"], cwd=self.dir,
			stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60)
		status = json.loads(done.stdout) if done.returncode == 0 else {}
		return status["height"] if status.get("running") else 0

	def is_voting(self, validator):
		done = subprocess.run([BIN / "unciad", "status", "--home", validator.home, "--json"], cwd=self.dir,
			stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60)
		return done.returncode == 0 and json.loads(done.stdout).get("voting") == "yes"

	def pay(self, validators):
		"""Makes a payment final at each of these. Returns its height: it verifies the receipts."""
		done = subprocess.run([TOOLS / "wire_client", "repeat", "g", "2", *(v.where() for v in validators)], cwd=self.dir,
			check=True, stdout=subprocess.PIPE, text=True, timeout=120)
		paid = json.loads(done.stdout)
		self.assertEqual((paid["receipts"], paid["places"]), (2 * len(validators), 1))
		return paid["height"]

	def resident_mib(self, validator):
		text = pathlib.Path(f"/proc/{validator.pid}/status").read_text()
		return int(re.search(r"^RssAnon:\s+(\d+)", text, re.M)[1]) / 1024

	def follow(self, validator, height, seconds=240):
		"""Until it has come to the height: the most memory that it took."""
		deadline, most, last = time.monotonic() + seconds, 0, 0
		while last < height:
			self.assertTrue(validator.is_running(), validator.log()[-2000:])
			self.assertLess(time.monotonic(), deadline, f"height {last} of {height}: {validator.log()[-2000:]}")
			most = max(most, self.resident_mib(validator))
			last = max(last, self.height(validator))
			time.sleep(0.05)
		return most

	def test_more_than_its_memory_is_caught_up_by_who_was_away(self):
		validators = self.make_network()
		written = subprocess.run([TOOLS / "long_chain", str(MIB), str(BLOCK_KIB), str(CERTIFIED), "2", *(v.home for v in validators)],
			cwd=self.dir, check=True, stdout=subprocess.PIPE, text=True)
		height = int(written.stdout)
		ahead, fellow, away = validators[0], validators[1], validators[3]
		ahead.start()
		self.until(lambda: self.height(ahead) == height, "the long chain to be there", 120)
		away.start()
		most = self.follow(away, height // 2)
		away.kill()
		half = self.status(away.home)["height"]
		self.assertGreaterEqual(half, height // 2)
		away.start()
		more = self.follow(away, height)
		self.assertLess(max(most, more), RESIDENT_MIB)
		# The fourth never runs: without the votes of the one that was away there is no quorum.
		self.assertFalse(self.is_voting(away))
		fellow.start()
		running = (ahead, fellow, away)
		self.until(lambda: all(self.is_voting(v) for v in running), "all that run to vote", 120)
		paid = self.pay(running)
		self.assertGreater(paid, height)
		for validator in running:
			self.assertNotRegex(validator.log(), "does not read|broke the protocol|out of memory|stale_journal|Sanitizer")
			validator.stop()
			self.assertNotIn("Sanitizer", validator.log())
		for validator in running:
			self.assertGreaterEqual(self.run_json("check", "--home", validator.home)["height"], paid)


if __name__ == "__main__":
	unittest.main()
