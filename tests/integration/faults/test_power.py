"""The power goes, at any moment of the life of a validator's home and of a wallet's. Whatever the disk then holds, what
was sent, and what anybody was told is final, is there; nothing else is there but what was written; and it goes on.
FAULTS_IMAGES: how many disks (FAULTS_ALL=1: fifty times the usual), FAULTS_STARTS: with how many a real one goes on. After a failure the recording is kept: FAULTS_RECORDING
and the same seed make the same disks of it."""
import json
import os
import pathlib
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import power
from faults import ALL, Alone, ENVIRONMENT, FaultsTest, needs_strace
from network import TOOLS
from unciad import BIN

SEED = int(os.environ.get("UNCIA_SEED", 1))
IMAGES = int(os.environ.get("FAULTS_IMAGES", 100000 if ALL else 2000))
STARTS = int(os.environ.get("FAULTS_STARTS", 60 if ALL else 4))
SHARED_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
CALLS_OF_A_PAYMENT = {"write": 6, "fsync": 6, "linkat": 2, "unlinkat": 2, "renameat": 1, "sendto": 4}
OF_A_BLOB = 32 # payments to a blob of the archive
# With the payment that fills one go the blob itself, the index, and the payments' own blobs, one after the other.
CALLS_OF_A_FULL_BLOB = (("fsync", 6), ("renameat", 2), ("fsync", 8), ("unlinkat", 3), ("fsync", 9), ("unlinkat", 12))
ENVIRONMENTS = ("journal", "state")


class Checker:
	"""image_check: one home after the other, in one process."""

	def __init__(self, test, *arguments):
		self.process = subprocess.Popen([TOOLS / "image_check", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
			text=True, bufsize=1, env={**os.environ, **ENVIRONMENT})
		test.addCleanup(self.end)

	def end(self):
		self.process.stdin.close()
		self.process.wait()
		self.process.stdout.close()

	def ask(self, home):
		"""The digests of its journal and its state, its height, its payments; or one sentence that refuses it."""
		self.process.stdin.write(f"{home}\n")
		answer = self.process.stdout.readline().rstrip("\n")
		return answer if not answer or answer.startswith("refused") else answer.split()


class PowerTest(FaultsTest):
	"""What the commands do to the directory rec is recorded."""

	def setUp(self):
		super().setUp()
		print(f"seed {SEED}", flush=True)
		self.chance = random.Random(SEED)
		self.rec = self.dir / "rec"
		self.rec.mkdir()
		self.recorded, self.number, self.acknowledged = power.Recorded(self.rec), 0, []
		images = tempfile.TemporaryDirectory(prefix="uncia-power-", dir=SHARED_MEMORY)
		self.addCleanup(images.cleanup)
		self.images = pathlib.Path(images.name)
		self.image = self.images / "image"

	def log(self):
		self.number += 1
		return self.dir / f"strace-{self.number}"

	def record(self, program, inject=None):
		log = self.log()
		done = subprocess.run(power.recording(log, program, inject), cwd=self.dir, stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, env=self.environment)
		self.recorded.add(log)
		log.unlink()
		return done

	def saved(self, make):
		"""What make() recorded, or the recording of an earlier failure."""
		kept = os.environ.get("FAULTS_RECORDING")
		if kept:
			with open(kept, "rb") as file:
				return pickle.load(file)
		made = make()
		self.assert_faithful()
		return made

	@staticmethod
	def differs(path, found, made):
		first = next((i for i, (a, b) in enumerate(zip(found, made)) if a != b), min(len(found), len(made)))
		return f"{path}: {len(found)} bytes, {len(made)} recorded, other from {first} on"

	def assert_faithful(self):
		"""The files are what the recording makes of them: nothing was written that it does not know of."""
		disk = power.Disk(self.recorded)
		disk.go_to(sys.maxsize)
		image = disk.image(power.everything)
		found = {str(path.relative_to(self.rec)): path.read_bytes() if path.is_file() else None
			for name in self.recorded.tree for path in [self.rec / name, *(self.rec / name).rglob("*")]}
		self.assertEqual(sorted(found), sorted(image))
		for path, data in found.items():
			# Written through memory, and by Alone.
			if not path.endswith(("lock.mdb", "unciad.conf")) and data != image[path]:
				self.fail(self.differs(path, data, image[path]))

	def at_each_image(self, made, each):
		"""Disks after a cut at chosen places, of which each(disk, image) says what is wrong, or nothing."""
		recorded = made[0]
		disk, places = power.Disk(recorded), []
		for place in sorted({p for step in disk.steps for p in (step[0], step[0] + 1)}):
			disk.go_to(place)
			if disk.unsettled():
				places.append(place)
		chosen = sorted(self.chance.choices(places, k=IMAGES))
		disk, began = power.Disk(recorded), time.monotonic()
		for number, place in enumerate(chosen):
			disk.go_to(place)
			image = disk.image(power.chooser(random.Random(f"{SEED} {number}")))
			wrong = each(disk, place, image)
			if wrong:
				file = tempfile.NamedTemporaryFile(prefix="uncia-recording-", delete=False)
				with file:
					pickle.dump(made, file)
				power.write_out(image, self.image)
				kept = shutil.copytree(self.image, f"{file.name}-image")
				self.fail(f"image {number} at place {place}: {wrong}\n  the disk: {kept}\n  the same again: "
					f"FAULTS_RECORDING={file.name} UNCIA_SEED={SEED} FAULTS_IMAGES={IMAGES} python3 -m unittest {self.id()}")
		print(f"{IMAGES} disks of {len(places)} moments in {time.monotonic() - began:.0f} s; {len(recorded.events)} events, "
			f"{recorded.withdrawn} processes killed while they synced", flush=True)


@needs_strace
class Validator(PowerTest):
	def run_unciad(self, *arguments, **options):
		"""Keys are made by a process that is killed behind its first step, and by another; the home by one that is killed
		before its last."""
		kill = {"keygen": 1, "init": 13}.get(arguments[0])
		if not kill:
			return super().run_unciad(*arguments, **options)
		cut = self.record([BIN / "unciad", *arguments], f"fsync:signal=SIGKILL:when={kill}")
		self.assertEqual(cut.returncode, -signal.SIGKILL, cut.stderr)
		done = self.record([BIN / "unciad", *arguments])
		if arguments[0] == "init":
			self.assertIn("is initialised already", done.stderr)
		else:
			self.assertEqual(done.returncode, 0, done.stderr)
		return done.stdout, done.stderr

	def live(self, alone, prefix, payments, kill_at=None):
		"""The validator is started, payments are made, and it ends: killed at a call, or asked to."""
		log = self.log()
		inject = f"{kill_at[0]}:signal=SIGKILL:when={kill_at[1]}" if kill_at else None
		alone.start(lambda command: power.recording(log, command, inject))
		alone.ready()
		for number in range(payments):
			paid = alone.pay(f"{prefix}-{number}")
			if not paid:
				break
			self.acknowledged.append((time.time(), paid["id"], paid["height"]))
		if kill_at:
			alone.end(-signal.SIGKILL)
		else:
			alone.stop()
		self.recorded.add(log)
		log.unlink()

	def fail_to_start(self, alone, file):
		"""A start that finds what the one before has written, and whose sync of it fails, in the journal's database (1) or
		its log (2). The next one's succeeds."""
		log = self.log()
		alone.start(lambda command: power.recording(log, command, f"fdatasync:error=EIO:when={file}"))
		self.assertIn("syncing what was found", alone.end(1))
		self.recorded.add(log)
		log.unlink()

	def make(self):
		# Its log is copied into its database often, so that power cuts meet that, too.
		self.alone = alone = Alone(self, "journal_log_kb = 16", directory=self.rec)
		self.before = shutil.copytree(alone.alice.home, self.dir / "alice-before")
		# At a write to its log, to a link, or to wake the loop; and right behind a commit.
		self.live(alone, "kill-0", 40, ("write", self.chance.randrange(20, 50)))
		behind = self.recorded.behind_commits()
		for kill in range(1, 7):
			# A busy machine has more in a commit, and so fewer of them.
			self.live(alone, f"kill-{kill}", 40, ("pwrite64", self.chance.choice(behind[4:40] or behind[-1:] or [30])))
		for kill in range(7, 11): # written, and not synced
			self.live(alone, f"kill-{kill}", 40, ("fdatasync", self.chance.randrange(5, 40)))
			self.fail_to_start(alone, 1 + kill % 2)
		self.live(alone, "end", 8)
		return self.recorded, self.acknowledged

	def commits(self, recorded, name):
		"""The journal's are those of its log: what a checkpoint copies from there changes nothing that it holds."""
		return recorded.tree["v"]["data"][name]["log.0" if name == "journal" else "data.mdb"].commits

	def versions(self, recorded):
		"""Of each environment: the digest of what it holds after each of its commits."""
		checker, disk = Checker(self), power.Disk(recorded)
		found = {name: {} for name in ENVIRONMENTS}
		kinds = [self.commits(recorded, name) for name in ENVIRONMENTS]
		commits = [event for event in recorded.events if isinstance(event, power.Write) and event.commit]
		# While it is created nobody can open it; the last of that is what its first opening finds.
		made = max(event.begin for event in recorded.events
			if isinstance(event, power.Change) and event.to and event.to[1] == "data")
		for place, number in [(made, None), *((event.begin, event.commit) for event in commits if event.begin > made)]:
			disk.go_to(place)
			power.write_out(disk.image(power.everything), self.image)
			answer = checker.ask(self.image / "v")
			self.assertIsInstance(answer, list, answer)
			for name, commits, digest in zip(ENVIRONMENTS, kinds, answer):
				found[name][disk.begun[commits]] = digest
		return found

	def test_a_validators_home_keeps_what_it_promised(self):
		recorded, acknowledged = made = self.saved(self.make)
		versions = self.versions(recorded)
		self.assertGreater(len(set(versions["state"].values())), 3)
		checker = Checker(self)
		disk = power.Disk(recorded)
		disk.go_to(sys.maxsize)
		whole = disk.image(power.everything)
		initialised = next(process.first_send() for process in recorded.processes if process.sends)
		present = 0

		def each(disk, place, image):
			nonlocal present
			for path, data in image.items():
				if path.count("/") == 1 and path in whole and path != "v/lock" and data != whole[path]:
					return f"{path} is neither whole nor absent"
			if "v/data" not in image:
				return "the ledger is gone" if place > initialised else None
			power.write_out(image, self.image)
			answer = checker.ask(self.image / "v")
			if not isinstance(answer, list):
				return answer or "the process that opens it ended"
			present += 1
			for name, digest in zip(ENVIRONMENTS, answer):
				commits = self.commits(recorded, name)
				least, most = disk.required.get(commits, 0), disk.begun[commits]
				found = [number for number, known in versions[name].items() if known == digest]
				if not any(least <= number <= most for number in found):
					return f"{name}: is as of commit {found}, {least} were promised and {most} begun"
			return None

		self.at_each_image(made, each)
		self.assertGreater(present, IMAGES // 2)
		self.audit(recorded, acknowledged)
		if not os.environ.get("FAULTS_RECORDING"):
			self.start_some(recorded, acknowledged)

	def audit(self, recorded, acknowledged):
		"""At the moment that a payment was said to be final: of what was not synced nothing is left."""
		checker, disk = Checker(self, str(self.images)), power.Disk(recorded)
		for count, (when, _, height) in enumerate(acknowledged, 1):
			disk.go_to(recorded.place_at(when))
			power.write_out(disk.image(power.nothing), self.image)
			answer = checker.ask(self.image / "v")
			self.assertIsInstance(answer, list, answer)
			self.assertGreaterEqual((int(answer[2]), int(answer[3])), (height, count))

	def start_some(self, recorded, acknowledged):
		"""Real ones, which say of each payment what they said, and make another one."""
		first = recorded.place_at(acknowledged[0][0])
		places = sorted({step[0] for step in power.Disk(recorded).steps if step[0] > first})
		disk = power.Disk(recorded)
		for place in sorted(self.chance.sample(places, STARTS)):
			disk.go_to(place)
			power.write_out(disk.image(power.chooser(self.chance)), self.image)
			self.alone.home = self.image / "v"
			shutil.rmtree(self.alone.alice.home)
			shutil.copytree(self.before, self.alone.alice.home)
			self.alone.start()
			self.assertTrue(self.alone.ready(), self.alone.log.read_text())
			kept = [a for a in acknowledged if recorded.place_at(a[0]) <= place]
			for _, payment, height in kept[-3:]:
				status = self.alone.bob.status(payment)
				self.assertEqual((status["state"], status["height"]), ("final", height))
			self.assertEqual(self.alone.pay(f"after-{place}")["state"], "final")
			self.alone.stop()
			self.assertGreater(self.alone.check()["payments"], len(kept))

@needs_strace
class WalletHome(PowerTest):
	"""Alice's wallet is made, killed while it pays, and pays with the same keys again."""

	def setUp(self):
		super().setUp()
		self.rec = self.recorded.root = self.dir

	def wallet(self, home):
		if home != "alice":
			return super().wallet(home)
		init = [BIN / "uncia", "--wallet", self.dir / home, "init", "--no-passphrase", "--json"]
		self.assertEqual(self.record(init, "fsync:signal=SIGKILL:when=1").returncode, -signal.SIGKILL)
		done = self.record(init)
		self.assertEqual(done.returncode, 0, done.stderr)
		self.initialised = len(self.recorded.processes) - 1
		return json.loads(done.stdout)["address"]

	def make(self):
		self.alone = alone = Alone(self).start()
		alone.ready()
		self.paid = {}
		kills = [(call, when) for call, most in CALLS_OF_A_PAYMENT.items() for when in range(1, most + 1)]
		plain = [(None, number) for number in range(OF_A_BLOB - 1 - len(kills))]
		for call, when in [*kills, *plain, *CALLS_OF_A_FULL_BLOB, (None, None)]:
			key = f"{call}-{when}{'-full' if len(self.paid) >= OF_A_BLOB - 1 else ''}"
			send = [BIN / "uncia", "--wallet", alone.alice.home, "--network", alone.file, "send", alone.bob.address, "1",
				"--key", key, "--timeout", "100", "--json"]
			cut = self.record(send, f"{call}:signal=SIGKILL:when={when}" if call else None)
			self.assertIn(cut.returncode, (0, -signal.SIGKILL), cut.stderr)
			done = self.record(send)
			self.assertEqual(done.returncode, 0, done.stderr)
			self.paid[len(self.recorded.processes) - 1] = key, json.loads(done.stdout)["id"]
		return self.recorded, self.initialised, self.paid

	def promised(self, recorded):
		"""Payments whose bytes may have left: a process made or read their record, and sent something. Record -> place."""
		promised = {}

		def promise(name, place, process):
			sent = process.first_send(place)
			if sent and name.startswith("payment-"):
				promised[name] = min(sent, promised.get(name, sent))

		for process in recorded.processes:
			for place, parts in process.loads:
				promise(parts[-1] if parts else "", place, process)
			for event in recorded.events:
				if isinstance(event, power.Change) and event.to and process.begin < event.begin <= process.end:
					promise(event.to[1], event.begin, process)
		return promised

	def test_a_wallets_home_keeps_what_it_sent(self):
		recorded, initialised, paid = made = self.saved(self.make)
		wholes, promised = power.wholes(recorded), self.promised(recorded)
		self.assertEqual(len(promised), len(paid))
		# Some of the payments' own blobs have gone to the archive.
		gone = sum(not (self.dir / "alice" / name).exists() for name in promised)
		self.assertTrue(gone >= OF_A_BLOB - 1 or os.environ.get("FAULTS_RECORDING"), gone)
		made_at = recorded.processes[initialised].end

		def each(disk, place, image):
			for path, data in image.items():
				name = path.rpartition("/")[2]
				if data is not None and not name.startswith(".") and data not in wholes[name]:
					return f"{path} is neither the old one nor the new one"
			if place > made_at and "alice/key" not in image:
				return "the keys are gone"
			archived = b"".join(data for path, data in image.items() if path.startswith("alice/payments-ended-"))
			for name, sent in promised.items():
				if place > sent and f"alice/{name}" not in image and bytes.fromhex(name.removeprefix("payment-")) not in archived:
					return f"{name} was sent and is gone"
			return None

		self.at_each_image(made, each)
		if not os.environ.get("FAULTS_RECORDING"):
			self.pay_again(recorded, paid)

	def pay_again(self, recorded, paid):
		"""What had been paid is paid by the same key, and nothing more."""
		balance = self.alone.bob.balance()
		disk = power.Disk(recorded)
		places = sorted({step[0] for step in disk.steps if step[0] > recorded.processes[min(paid)].end})
		for place in sorted(self.chance.sample(places, STARTS)):
			disk.go_to(place)
			power.write_out(disk.image(power.chooser(self.chance)), self.image)
			self.alone.alice.home = self.image / "alice"
			done = [payment for process, payment in paid.items() if recorded.processes[process].end <= place]
			for key, payment in done[-3:]:
				self.assertEqual(self.alone.pay(key)["id"], payment)
		self.assertEqual(self.alone.bob.balance(), balance)


if __name__ == "__main__":
	unittest.main()
