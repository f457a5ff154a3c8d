"""A sign agent that is killed, or whose disk fails, at each call by which anything becomes durable: what it has answered is
on record, and it signs nothing that contradicts that. And the move of a key, cut short at each such call."""
import shutil
import signal
import struct
import subprocess
import unittest

import verify_receipt as spec
from faults import ENVIRONMENT, FaultsTest, injecting, needs_strace
from signing import CONTRADICTS, DONE, FAILED, NOTAR1, PAST, SKIP1, Client
from unciad import ALICE, BIN

KILL = "signal=SIGKILL"
BLOCK = b"\1" * 32


def make_home(test, directory):
	"""A committee of one in v."""
	key = test.keygen(directory / "v")
	test.run_unciad("genesis", "--name", "test", "--output", directory / "g", "--validator", key, "--account", f"{ALICE}=1")
	test.run_unciad("init", "--home", directory / "v", "--genesis", directory / "g", "--first-start")


@needs_strace
class Agent(FaultsTest):
	def setUp(self):
		super().setUp()
		make_home(self, self.dir)
		self.network_id = spec.tagged_hash("genesis", (self.dir / "g").read_bytes())
		self.run_unciad("sign-agent", "init", "--home", "v", "--agent", "agent")
		self.view, self.past, self.signed = 0, 0, {}

	def begin(self, wrap=lambda command: command):
		"""Returns the process, once it listens or has ended."""
		log = open(self.dir / "log", "wb")
		process = subprocess.Popen(wrap([BIN / "unciad", "sign-agent", "--home", "agent", "--socket", "s"]), cwd=self.dir,
			stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**self.environment, **ENVIRONMENT})
		log.close()
		self.addCleanup(process.wait)
		self.addCleanup(process.kill)
		self.until(lambda: "event=signs" in (self.dir / "log").read_text() or process.poll() is not None, "the agent")
		return process

	def ask_until_it_ends(self, most):
		"""First votes of one view after the other, past views told now and then. Those that were answered are in signed."""
		client = None
		try:
			client = Client(self.dir / "s", self.network_id)
			for _ in range(most):
				self.view += 1
				past = self.view - 20 if self.view % 5 == 0 and self.view > 20 else 0
				self.past = max(past, self.past)
				verdict, _, signature = client.vote(self.view, NOTAR1, BLOCK, past)
				if verdict == FAILED:
					return
				self.assertEqual(verdict, DONE)
				self.signed = {view: s for view, s in self.signed.items() if view > past} | {self.view: signature}
		except (OSError, struct.error):  # the link ended, with an empty answer or without
			pass
		finally:
			if client:
				client.close()

	def check_record(self):
		"""By an agent that nothing happens to."""
		process = self.begin()
		client = Client(self.dir / "s", self.network_id)
		for view, signature in self.signed.items():
			verdict = client.vote(view, SKIP1)[0]
			if verdict == PAST and view <= self.past:  # what was told with the request that had no answer
				continue
			self.assertEqual(verdict, CONTRADICTS, view)
			self.assertEqual(client.vote(view, NOTAR1, BLOCK)[::2], (DONE, signature), view)
		# The one without an answer was signed or not: it has one first vote, too.
		if self.view and self.view not in self.signed:
			verdicts = {client.vote(self.view, NOTAR1, BLOCK)[0], client.vote(self.view, SKIP1)[0]}
			self.assertEqual(verdicts, {DONE, CONTRADICTS})
		client.close()
		process.send_signal(signal.SIGTERM)
		self.assertEqual(process.wait(30), 0, (self.dir / "log").read_text())

	def at_each(self, fault, calls, ends):
		for call, count in calls.items():
			for when in range(1, count + 1):
				journal = [self.dir / "agent/data/journal" / name for name in ("log.0", "log.1", "log.seal", "data.mdb")]
				process = self.begin(lambda command, c=call, w=when: injecting(command, c, fault, w, journal))
				if process.poll() is None:
					self.ask_until_it_ends(when + 10)
				if process.poll() is None:
					process.send_signal(signal.SIGTERM)
				self.assertIn(process.wait(60), ends, (self.dir / "log").read_text())
				(self.dir / "s").unlink(missing_ok=True)
				self.check_record()

	def test_killed_at_each_durable_call(self):
		self.at_each(KILL, {"pwrite64": 14, "fdatasync": 10}, (-signal.SIGKILL, 0, 137))
		self.assertGreater(self.view, 60)

	def test_a_disk_that_fails_ends_it_with_nothing_signed_that_is_not_on_record(self):
		self.at_each("error=EIO", {"pwrite64": 8, "fdatasync": 8}, (1, 7, 0))


@needs_strace
class Move(FaultsTest):
	def test_a_move_of_the_key_that_was_cut_short_is_gone_on_with(self):
		make_home(self, self.dir)
		shutil.move(self.dir / "v", self.dir / "whole")
		kills = 0
		for call in ("mkdir", "pwrite64", "write", "fsync", "fdatasync", "link", "rename", "unlink"):
			for when in range(1, 200):
				shutil.copytree(self.dir / "whole", self.dir / "v")
				key = (self.dir / "v/consensus.key").read_bytes()
				command = [BIN / "unciad", "sign-agent", "init", "--home", "v", "--agent", "agent", "--json"]
				cut = subprocess.run(injecting(command, call, KILL, when), cwd=self.dir, stdin=subprocess.DEVNULL,
					stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, env={**self.environment, **ENVIRONMENT})
				kept = [path for path in (self.dir / "v/consensus.key", self.dir / "agent/consensus.key") if path.exists()]
				self.assertTrue(kept and all(path.read_bytes() == key for path in kept), f"{call} {when}: {kept}")
				if (self.dir / "v/consensus.key").exists():
					self.run_unciad("sign-agent", "init", "--home", "v", "--agent", "agent")
				self.assertFalse((self.dir / "v/consensus.key").exists())
				self.assertEqual((self.dir / "agent/consensus.key").read_bytes(), key)
				shutil.rmtree(self.dir / "v")
				shutil.rmtree(self.dir / "agent")
				if cut.returncode == 0:
					break
				kills += 1
		print(f"killed {kills} times", flush=True)
		self.assertGreater(kills, 20)


if __name__ == "__main__":
	unittest.main()
