"""Faults for the tests: strace, which makes a chosen system call kill its process or fail, and a validator alone with
two wallets, whose home goes through every fault."""
import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from network import SUPPLY, Wallet, micro
from uncia import UnciaTest
from unciad import BIN, free_ports

# The leak check of the sanitizer cannot work under ptrace; faults of memory mapped from a damaged file are the
# program's own to report.
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0"}
ALL = os.environ.get("FAULTS_ALL") == "1"


def strace_why_not():
	"""Why strace cannot be used here; None where it can."""
	try:
		done = subprocess.run(["strace", "-f", "-qq", "-e", "inject=chdir:error=EIO", "-o", "/dev/null", "true"],
			stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
		return None if done.returncode == 0 else done.stderr.strip() or f"strace ended with {done.returncode}"
	except FileNotFoundError:
		return "strace is not installed"


needs_strace = unittest.skipIf(strace_why_not(), f"no fault can be injected: {strace_why_not()}")


def injecting(program, call, fault, when, path=None, trace="/dev/null", traced=()):
	"""The command that runs the program so that its `when`th such call (on this path or these, of one thread) meets the
	fault.
	trace: the file that lists these calls and the traced ones."""
	paths = path if isinstance(path, (list, tuple)) else [path] if path else []
	return ["strace", "-f", "-qq", "-o", str(trace), *(option for one in paths for option in ("-P", str(one))), "-e",
		f"trace={','.join((call, *traced))}", "-e", f"inject={call}:{fault}:when={when}", *map(str, program)]


class Alone:
	"""A committee of one in the home `v`, and the wallets alice, who has all the supply, and bob."""

	def __init__(self, test, *settings, directory=None):
		self.test = test
		self.home = (directory or test.dir) / "v"
		self.port = free_ports(1)
		addresses = {name: test.wallet(name) for name in ("alice", "bob")}
		key = test.keygen(self.home)
		self.file = test.dir / "network.conf"
		test.run_unciad("genesis", "--name", "test", "--smallest", "0.000001", "--output", "g", "--validator", key, "--account",
			f"{addresses['alice']}={SUPPLY // 10**6}", "--network", self.file, "--at", f"0=127.0.0.1:{self.port}")
		test.run_unciad("init", "--home", self.home, "--genesis", "g", "--listen", f"127.0.0.1:{self.port}",
			"--first-start")
		config = self.home / "unciad.conf"
		# The state is brought up to date often, so that faults meet it.
		often = [] if any(s.startswith("flush_ms") for s in settings) else ["flush_ms = 500"]
		config.write_text(config.read_text().replace("[node]\n", "\n".join(["[node]", *often, *settings, ""])))
		self.alice, self.bob = (Wallet(test, test.dir / name, self.file) for name in ("alice", "bob"))
		self.process, self.log = None, test.dir / "log"

	def start(self, wrap=None, **options):
		"""wrap: gives the command that runs the command it is given."""
		command = [BIN / "unciad", "start", "--home", self.home]
		with open(self.log, "wb") as log:
			self.process = subprocess.Popen(wrap(command) if wrap else command, stdin=subprocess.DEVNULL, stdout=log,
				stderr=log, env={**os.environ, **ENVIRONMENT}, **options)
		self.test.addCleanup(self.clean_up, self.process)
		return self

	@staticmethod
	def clean_up(process):
		# The end of strace is not that of what it traces: both are of one group only where they were started so.
		if process.poll() is None:
			process.terminate()
			try:
				process.wait(10)
			except subprocess.TimeoutExpired:
				process.kill()
		process.wait()

	def ended(self):
		return self.process.poll() is not None

	def pid(self):
		return int((self.home / "lock").read_text())

	def ready(self):
		"""Until it votes, or has ended. Returns whether it votes."""
		self.test.until(lambda: self.ended() or b"event=listening" in self.log.read_bytes(), "the validator to listen")
		return not self.ended()

	def end(self, *codes):
		"""Its log, once it has ended with one of these codes."""
		self.test.until(self.ended, "the validator to end")
		log = self.log.read_text()
		self.test.assertNotIn("Sanitizer", log)
		self.test.assertIn(self.process.returncode, codes, log)
		return log

	def stop(self, *codes):
		"""Asked to end; a fault may be quicker, where its code is given."""
		try:
			os.kill(self.pid(), signal.SIGTERM)
		except ProcessLookupError:
			pass
		return self.end(*(codes or (0,)))

	def status(self):
		return self.test.status(self.home)

	def pay(self, key, amount="1"):
		"""One payment of Alice to Bob of this key. Returns what `send` said, None where the validator ended first."""
		process = self.alice.begin("send", self.bob.address, amount, "--key", key, "--timeout", "100")
		while process.poll() is None:
			if self.ended():
				# A wallet may be killed too: what it began it brings to its end when run with the same key again.
				process.kill()
			time.sleep(0.002)
		out, err = process.communicate()
		self.test.assertNotIn("Sanitizer", err)
		if process.returncode == 0:
			return json.loads(out)
		self.test.assertTrue(self.ended(), f"{process.returncode}: {out}{err}{self.log.read_text()}")
		return None

	def pay_until_ended(self, prefix, final, unknown, most=60):
		"""Payments one after the other until the validator has ended. Returns whether it did before so many."""
		for number in range(most):
			if self.ended():
				return True
			key = f"{prefix}-{number}"
			paid = self.pay(key)
			if paid:
				final[key] = paid
			else:
				unknown.append(key)
		return self.ended()

	def check(self):
		audit = json.loads(self.test.run_unciad("check", "--home", self.home, "--json", timeout=600)[0])
		self.test.assertIs(audit["ok"], True)
		self.test.assertEqual(micro(audit["supply"]), SUPPLY)
		return audit

	def account_for(self, final, unknown):
		"""With a sound validator: what was seen final is final at the same height, what was unknown is paid by the same
		key, nothing else has moved, and the audit passes."""
		self.start().ready()
		for key, paid in final.items():
			again = self.alice.status(paid["id"])
			self.test.assertEqual((again["state"], again["height"]), ("final", paid["height"]), key)
		for key in unknown:
			final[key] = self.pay(key)
			self.test.assertEqual(final[key]["state"], "final", key)
		self.test.assertEqual(len({paid["id"] for paid in final.values()}), len(final))
		# The header of the block after a payment is the first that proves what it left.
		height = self.status()["height"]
		self.test.until(lambda: self.status()["height"] > height, "one more block")
		self.test.assertEqual((self.bob.balance(), self.alice.balance()),
			(len(final) * 10**6, SUPPLY - len(final) * 10**6))
		self.stop()
		self.test.assertEqual(self.check()["payments"], len(final))


class FaultsTest(UnciaTest):
	def setUp(self):
		super().setUp()
		self.environment |= ENVIRONMENT

	def journal(self, alone):
		"""What commits are appended to."""
		return [pathlib.Path(alone.home) / "data/journal" / name for name in ("log.0", "log.1")]

	def journal_database(self, alone):
		"""What checkpoints copy them into."""
		return pathlib.Path(alone.home) / "data/journal/data.mdb"

	def state(self, alone):
		return pathlib.Path(alone.home) / "data/state/data.mdb"
