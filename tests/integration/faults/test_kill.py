"""Killed at every system call that makes anything durable (a wallet also at those of its links): a validator, a wallet,
the making of a home. Each is started again, nothing that anybody saw final is lost, and no payment is made twice.
FAULTS_ALL=1: each of the first hundred such calls of a validator, and every 15th of the first thousand."""
import json
import pathlib
import signal
import subprocess
import unittest

from faults import ALL, Alone, FaultsTest, injecting, needs_strace
from network import SUPPLY
from unciad import BIN

KILL = "signal=SIGKILL"
MANY = (*range(1, 101), *range(101, 1001, 15))
CALLS_OF_FILES = ("mkdir", "connect", "sendto", "recvfrom", "write", "fsync", "link", "linkat", "rename", "renameat",
	"unlink", "unlinkat")


@needs_strace
class Validator(FaultsTest):
	def kill_at_each(self, path_of, calls, *settings):
		"""calls: which of each are tried. The same home goes through all the kills."""
		alone, final, unknown, killed = Alone(self, *settings), {}, [], 0
		path = path_of(alone)
		for call, whens in calls.items():
			for when in whens:
				alone.start(lambda command: injecting(command, call, KILL, when, path))
				most = 20 + when * 2
				if not alone.ready() or alone.pay_until_ended(f"{call}-{when}", final, unknown, most):
					alone.end(-signal.SIGKILL)
					killed += 1
				else: # the call may come with the last flush, while it ends
					alone.stop(0, -signal.SIGKILL)
					killed += alone.process.returncode != 0
				# The audit takes as long as the chain has become.
				if not ALL or when % 15 == 0:
					self.assertGreaterEqual(alone.check()["payments"], len(final), f"{call} {when}")
		alone.account_for(final, unknown)
		print(f"killed {killed} times, {len(final)} payments, {len(unknown)} cut off", flush=True)
		return killed

	def calls(self, **counts):
		return {call: MANY if ALL else range(1, count + 1) for call, count in counts.items()}

	def test_at_each_durable_call_of_the_journal(self):
		calls = self.calls(pwrite64=24, fdatasync=16)
		self.assertEqual(self.kill_at_each(self.journal, calls), sum(map(len, calls.values())))

	def test_at_each_durable_call_of_a_checkpoint(self):
		"""Also where the log changes files, and where a start copies what the killed one had not."""
		calls = self.calls(pwrite64=12, writev=4, fdatasync=8)
		killed = self.kill_at_each(self.journal_database, calls, "journal_log_kb = 16")
		self.assertGreaterEqual(killed, sum(map(len, calls.values())) // 2)

	def test_at_each_durable_call_of_the_state(self):
		calls = self.calls(pwrite64=6, writev=2, fdatasync=2)
		self.assertGreaterEqual(self.kill_at_each(self.state, calls), sum(map(len, calls.values())) // 2)


@needs_strace
class Wallet(FaultsTest):
	def test_at_each_durable_call_of_an_acknowledgement(self):
		alone = Alone(self).start()
		alone.ready()
		watch = [BIN / "uncia", "--wallet", alone.bob.home, "--network", alone.file, "watch", "--timeout", "20", "--json"]
		self.uncia(*watch[1:-3], "--timeout", "2")  # it begins here
		paid, printed, acknowledged = [], [], set()
		for call in ("openat", "write", "fsync", "rename", "renameat", "unlink", "recvfrom"):
			for when in range(1, 1000):
				if not set(paid) - set(printed):
					paid.append(alone.pay(f"{call}-{when}")["id"])
				cut = subprocess.run(injecting([*watch, "--count", "1"], call, KILL, when), stdin=subprocess.DEVNULL,
					stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment, timeout=60)
				self.assertIn(cut.returncode, (0, -signal.SIGKILL), cut.stderr)
				told = [json.loads(line)["id"] for line in cut.stdout.splitlines()]
				self.assertFalse(acknowledged & set(told))
				printed += told
				if cut.returncode == 0:
					acknowledged |= set(paid[:paid.index(told[-1]) + 1])
					break
		out, _ = self.uncia(*watch[1:-3], "--timeout", "3", "--json")
		rest = [json.loads(line)["id"] for line in out.splitlines()]
		self.assertFalse(acknowledged & set(rest))
		printed += rest
		self.assertEqual(sorted(printed, key=paid.index), printed)
		self.assertEqual(list(dict.fromkeys(printed)), paid)
		alone.stop(0)

	def test_at_each_durable_call_of_a_payment(self):
		alone = Alone(self).start()
		alone.ready()
		number = 0
		for call in CALLS_OF_FILES:
			for when in range(1, 1000):
				key = f"{call}-{when}"
				command = [BIN / "uncia", "--wallet", alone.alice.home, "--network", alone.file, "send", alone.bob.address,
					"1", "--key", key, "--json"]
				cut = subprocess.run(injecting(command, call, KILL, when), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
					stderr=subprocess.PIPE, text=True, env=self.environment, timeout=60)
				self.assertIn(cut.returncode, (0, -signal.SIGKILL), cut.stderr)
				paid = alone.pay(key)
				number += 1
				self.assertEqual(paid["state"], "final")
				for line in cut.stderr.splitlines(keepends=True): # the last one may be cut short
					paying = "uncia: paying 1.000000 "
					if not line.startswith(paying) and not (paying.startswith(line) and not line.endswith("\n")):
						self.assertEqual(line.rstrip("\n"), f"id {paid['id']}"[:None if line.endswith("\n") else len(line)])
				self.verify(alone, paid)
				self.assertEqual(alone.bob.balance(), number * 10**6, key)
				if cut.returncode == 0:
					break
		self.assertEqual(alone.alice.balance(), SUPPLY - number * 10**6)
		# Those that have their end are archived, 32 to a blob, and their own blobs are gone once a blob of the archive is full.
		left = [path.name for path in pathlib.Path(alone.alice.home).iterdir()]
		self.assertLess(sum(name.startswith("payment-") for name in left), 32 + 16)
		self.assertEqual(sum(name.startswith("payments-ended-") for name in left), (number + 31) // 32)
		history = alone.alice.run("history", "--limit", "10000")
		self.assertEqual((len(history["payments"]), history["pending"], history["complete"]), (number, [], True))
		alone.stop()
		self.assertEqual(alone.check()["payments"], number)
		print(f"{number} payments", flush=True)

	def cut(self, call, when, *arguments, stdin=""):
		"""Killed at that call, or through. Returns whether it is through."""
		cut = subprocess.run(injecting([BIN / "uncia", *arguments], call, KILL, when), input=stdin, stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, text=True, env=self.environment, timeout=60)
		self.assertIn(cut.returncode, (0, -signal.SIGKILL), cut.stderr)
		return cut.returncode == 0

	def test_at_each_durable_call_of_a_claim_and_of_its_take(self):
		alone = Alone(self).start()
		alone.ready()
		of = {wallet: ("--wallet", wallet.home, "--network", alone.file) for wallet in (alone.alice, alone.bob)}
		number = 0
		for call in CALLS_OF_FILES:
			for when in range(1, 1000):
				new = (*of[alone.alice], "claim", "new", "1", "--key", f"{call}-{when}", "--json")
				made_at_once = self.cut(call, when, *new)
				made = self.uncia_json(*new[:-1])
				number += 1
				take = (*of[alone.bob], "claim", "take", "-", "--json")
				taken_at_once = self.cut(call, when, *take, stdin=made["claim"])
				taken = self.uncia_json(*take[:-1], stdin=made["claim"])
				self.assertEqual((made["state"], taken["state"]), ("final", "final"))
				self.verify(alone, made)
				self.verify(alone, taken)
				self.assertEqual(alone.bob.balance(), number * 10**6, f"{call} {when}")
				if made_at_once and taken_at_once:
					break
		self.assertEqual(alone.alice.balance(), SUPPLY - number * 10**6)
		listed = self.uncia_json(*of[alone.alice], "claim", "list")["claims"]
		self.assertEqual([(entry["state"], entry["to"]) for entry in listed], [("taken", alone.bob.address)] * number)
		print(f"{number} claims", flush=True)
		alone.stop(0)

	def verify(self, alone, paid):
		self.uncia("receipt", "verify", "--network", alone.file, paid["receipt"])


@needs_strace
class Making(FaultsTest):
	"""Making keys and homes: after a kill the same command, run again, makes it whole, and never other keys or a second
	journal."""

	def killed_at_each(self, calls, command_of, after):
		kills = 0
		for call in calls:
			for when in range(1, 1000):
				directory = self.dir / f"{call}-{when}"
				directory.mkdir()
				command = command_of(directory)
				cut = subprocess.run(injecting(command, call, KILL, when, trace=directory / "trace"), cwd=directory,
					stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
					env=self.environment)
				self.assertIn(cut.returncode, (0, -signal.SIGKILL), cut.stderr)
				after(directory, command, cut)
				if cut.returncode == 0:
					break
				kills += 1
		print(f"killed {kills} times", flush=True)
		self.assertGreater(kills, 0)

	def run_again(self, directory, command):
		return subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, text=True, timeout=60, env=self.environment)

	def test_keys_are_whole_or_not_there(self):
		def after(directory, command, cut):
			keys = {path.name: path.read_text() for path in directory.glob("v/*.key")}
			again = self.run_again(directory, command)
			if len(keys) == 2:
				self.assertIn("has keys already", again.stderr)
			else:
				self.assertEqual(again.returncode, 0, again.stderr)
			for name, text in keys.items():
				self.assertEqual((directory / "v" / name).read_text(), text)

		self.killed_at_each(("mkdir", "write", "fsync", "link", "rename", "unlink"),
			lambda directory: [BIN / "unciad", "keygen", "--home", "v"], after)

	def test_a_home_is_whole_or_made_anew(self):
		self.keygen("k")
		keys = {name: (self.dir / "k" / name).read_bytes() for name in ("consensus.key", "network.key")}
		key = self.keygen("other")
		self.run_unciad("genesis", "--name", "test", "--output", "g", "--validator", key, "--account",
			f"{self.wallet('alice')}=5")

		def command_of(directory):
			home = directory / "v"
			home.mkdir(mode=0o700)
			for name in keys:
				(home / name).write_bytes((self.dir / "other" / name).read_bytes())
				(home / name).chmod(0o600)
			return [BIN / "unciad", "init", "--home", "v", "--genesis", self.dir / "g", "--listen", "127.0.0.1:7400",
				"--first-start"]

		def after(directory, command, cut):
			made = (directory / "v/data").exists()
			again = self.run_again(directory, command)
			if not made:
				self.assertEqual(again.returncode, 0, again.stderr)
			elif again.returncode:
				self.assertEqual((again.returncode, again.stderr.count("\n")), (1, 1), again.stderr)
			self.assertFalse((directory / "v/data.new").exists())
			self.assertIs(self.run_json("check", "--home", directory / "v")["ok"], True)

		self.killed_at_each(("mkdir", "write", "writev", "pwrite64", "fsync", "fdatasync", "link", "rename", "unlink"),
			command_of, after)


if __name__ == "__main__":
	unittest.main()
