"""Bits flipped in the files of a home, and files cut short: the validator and the audit refuse, saying why, or the
damage touched nothing that counts; nobody is told anything wrong, and no signal ends a process. A wallet whose record of a
payment is damaged does not pay again, and writes nothing over it."""
import json
import os
import random
import shutil
import signal
import subprocess
import unittest

from faults import Alone, ENVIRONMENT, FaultsTest
from unciad import BIN

SEED = int(os.environ.get("UNCIA_SEED", 1))
SCALE = int(os.environ.get("FAULTS_SCALE", 1))
PAYMENTS = 6
SENTENCE = "the store cannot be read: its disk fails or its files are damaged"
DATA = ("data/journal/data.mdb", "data/state/data.mdb")
SMALL = ("genesis", "consensus.key", "network.key", "unciad.conf", "lock", "data/journal/lock.mdb", "data/state/lock.mdb",
	"data/journal/seal", "data/state/seal", "data/journal/log.seal")
LOGS = ("data/journal/log.0", "data/journal/log.1")


class Damage(FaultsTest):
	def setUp(self):
		super().setUp()
		self.chance = random.Random(SEED)
		print(f"seed {SEED}", flush=True)
		self.alone = Alone(self).start()
		self.alone.ready()
		self.paid = [self.alone.pay(f"{i}") for i in range(PAYMENTS)]
		# What a payment left is proved by the header of the block after it.
		self.until(lambda: self.alone.status()["height"] > self.paid[-1]["height"], "a block after the payments")
		self.alone.stop()
		self.audit = self.alone.check()
		shutil.copytree(self.alone.home, self.dir / "sound")
		self.refused = self.untouched = self.faults = 0

	def restore(self):
		shutil.rmtree(self.alone.home)
		shutil.copytree(self.dir / "sound", self.alone.home)

	def run_check(self, what):
		"""It refuses with one line, or finds all as it was."""
		done = subprocess.run([BIN / "unciad", "check", "--home", self.alone.home, "--json"], stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, env={**os.environ, **ENVIRONMENT})
		if "AddressSanitizer" in done.stderr:
			self.is_libraries_own(what, done.stderr)
			return
		self.assertGreater(done.returncode, -1, f"{what}: {done.stderr}")
		if done.returncode == 0:
			audit = json.loads(done.stdout)
			self.assertEqual(audit, self.audit, what)
			self.untouched += 1
		else:
			self.assertRegex(done.stderr, r"^unciad: [^\n]+\n$", what)
			self.refused += 1

	def run_start(self, what):
		"""It refuses with a line; or it serves, and what it serves is right: its answers carry proofs, so a wallet either
		has what it had or says that it was refused."""
		self.alone.start()
		serving = self.alone.ready()
		if serving:
			bob = self.alone.bob # who keeps nothing of what he was paid
			balance = bob.end(bob.begin("balance"), (0, 3, 6, 7))
			self.assertIn(balance and balance["balance"], (None, f"{len(self.paid)}.000000"), what)
			paid = self.chance.choice(self.paid)
			status = bob.end(bob.begin("status", paid["id"]), (0, 3, 6, 7))
			if status and status["state"] != "unknown":
				self.assertEqual((status["state"], status["height"]), ("final", paid["height"]), what)
		if self.alone.ended():
			log = self.alone.log.read_text()
			if "AddressSanitizer" in log:
				self.is_libraries_own(what, log)
				return
			self.assertIn(self.alone.process.returncode, (1, 2, 7), f"{what}: {log}")
			self.assertRegex(log, "unciad: |level=error", what)
		else:
			self.alone.stop()

	def is_libraries_own(self, what, log):
		"""LMDB trusts what its pages say of themselves, and copies by it. Where it leaves its memory so, the process ends
		by a fault, with a sentence (`end_on_fault`); a sanitizer sees it first, and the first frame that is not its own is
		LMDB's."""
		self.assertIn(what[0], DATA)
		frames = [line for line in log.splitlines() if line.lstrip().startswith("#") and "interceptor" not in line]
		self.assertIn("liblmdb", frames[0], f"{what}: {log}")
		self.faults += 1

	def flip(self, name, offset, bit):
		with open(self.alone.home / name, "r+b") as file:
			file.seek(offset)
			value = file.read(1)[0]
			file.seek(offset)
			file.write(bytes([value ^ 1 << bit]))

	def at_each(self, cases, damage):
		for number, case in enumerate(cases):
			damage(*case)
			self.run_check(case)
			if number % 8 == 0:
				self.run_start(case)
			self.restore()
		print(f"{self.refused} refused, {self.untouched} untouched, {self.faults} ended by a fault in the database", flush=True)
		self.assertGreater(self.refused, 0)

	# LMDB checks nothing of its own pages: what it does with a damaged one varies with the layout, up to reading past its
	# memory, which a sanitizer build ends differently each time. A search for what we do wrong then, not a gate.
	@unittest.skipUnless(os.environ.get("FAULTS_ALL"), "FAULTS_ALL=1 flips bits in the databases, too")
	def test_bits_flipped_in_the_databases(self):
		cases = []
		for name in DATA:
			data = (self.alone.home / name).read_bytes()
			# Where something is written: most of a page is empty.
			written = [i for i, value in enumerate(data) if value]
			cases += [(name, self.chance.choice(written), self.chance.randrange(8)) for _ in range(24 * SCALE)]
		self.at_each(cases, self.flip)

	def test_bits_flipped_in_the_headers_of_the_databases(self):
		cases = [(name, page + self.chance.randrange(160), self.chance.randrange(8))
			for name in DATA for page in (0, 4096) for _ in range(5 * SCALE)]
		self.at_each(cases, self.flip)

	def test_headers_that_agree_on_what_is_wrong_are_refused(self):
		for header in (0, 4096): # the list of free pages says that it is of another kind
			self.flip("data/state/data.mdb", header + 44, 2)
		self.alone.start()
		self.assertIn("state: a header of data.mdb is damaged", self.alone.end(7))

	def test_a_database_with_pages_of_no_size_is_refused(self):
		for header in (0, 4096):
			self.flip("data/journal/data.mdb", header + 41, 4)
		self.run_check(("data/journal/data.mdb", 41, 4))
		self.assertEqual(self.refused, 1)
		self.alone.start()
		self.assertIn(SENTENCE, self.alone.end(1))

	def test_bits_flipped_in_the_small_files(self):
		cases = [(name, self.chance.randrange((self.alone.home / name).stat().st_size), self.chance.randrange(8))
			for name in SMALL for _ in range(5 * SCALE)]
		self.at_each(cases, self.flip)

	def test_bits_flipped_in_the_log(self):
		"""While it holds what nothing else does: the validator is killed. Where a bit of it flips it is refused, or it is
		one that nobody reads: beyond the newest commit, or of those that are in the database."""
		self.alone.start()
		self.alone.ready()
		self.paid += [self.alone.pay(f"more-{i}") for i in range(PAYMENTS)]
		self.until(lambda: self.alone.status()["height"] > self.paid[-1]["height"], "a block after the payments")
		os.kill(self.alone.pid(), signal.SIGKILL)
		self.alone.end(-signal.SIGKILL)
		self.audit = self.alone.check()
		self.assertEqual(self.audit["payments"], 2 * PAYMENTS)
		shutil.rmtree(self.dir / "sound")
		shutil.copytree(self.alone.home, self.dir / "sound", ignore=shutil.ignore_patterns("control"))
		cases = []
		for name in LOGS:
			written = [i for i, value in enumerate((self.alone.home / name).read_bytes()) if value]
			cases += [(name, self.chance.choice(written), self.chance.randrange(8)) for _ in range(16 * SCALE if written else 0)]
		self.at_each(cases, self.flip)

	def test_files_cut_short(self):
		def cut(name, size):
			os.truncate(self.alone.home / name, size)

		cases = []
		for name in DATA + LOGS + SMALL:
			size = (self.alone.home / name).stat().st_size
			sizes = {0, 1, size // 2, size - 1}
			if name in DATA + LOGS:
				sizes |= {4095, 4096, 8192, 12288, size - 4096, self.chance.randrange(size)}
			cases += [(name, s) for s in sorted(sizes)]
		self.at_each(cases, cut)

class WalletRecord(FaultsTest):
	def damaged(self, whole):
		"""What becomes of a file by a flipped bit, or by its end missing."""
		chance = random.Random(SEED)
		return [whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1:]
			for at in range(chance.randrange(40), len(whole), 97 if SCALE == 1 else 1)] + [
			whole[:size] for size in (0, 1, len(whole) // 2, len(whole) - 1)]

	def test_a_damaged_record_of_a_payment_is_not_paid_again_nor_written_over(self):
		alone = Alone(self).start()
		alone.ready()
		paid = alone.pay("rent")
		(record,), (archive,) = (list(alone.alice.home.glob(name)) for name in ("payment-*", "payments-ended-*"))
		archive.unlink() # as it was before the payment had its end
		whole = record.read_bytes()
		for data in self.damaged(whole):
			record.write_bytes(data)
			process = alone.alice.begin("send", alone.bob.address, "1", "--key", "rent")
			out, err = process.communicate(timeout=60)
			self.assertNotEqual(process.returncode, 0, out)
			self.assertIn("damaged", err)
			self.assertNotIn("Sanitizer", err)
			self.assertEqual(record.read_bytes(), data)
		self.assertEqual(alone.pay("food")["state"], "final") # other keys are not locked in
		record.write_bytes(whole)
		self.assertEqual(alone.pay("rent")["id"], paid["id"])
		self.assertEqual(alone.bob.balance(), 2 * 10**6)
		alone.stop()

	def test_a_damaged_archive_pays_nothing_twice_and_locks_no_other_key(self):
		alone = Alone(self).start()
		alone.ready()
		paid = alone.pay("rent")
		(archive,) = alone.alice.home.glob("payments-ended-*")
		whole = archive.read_bytes()
		for number, data in enumerate(self.damaged(whole)):
			archive.write_bytes(data)
			# Until a blob of the archive is full, each payment has its own as well: it gets its end from the network again.
			process = alone.alice.begin("send", alone.bob.address, "1", "--key", "rent")
			out, err = process.communicate(timeout=60)
			self.assertEqual((process.returncode, json.loads(out)["id"]), (0, paid["id"]), err)
			self.assertIn("damaged", err)
			self.assertEqual(archive.read_bytes(), data)
			self.assertEqual(alone.pay("rent")["id"], paid["id"])
			self.assertEqual(alone.bob.balance(), (1 + number) * 10**6)
			self.assertEqual(alone.pay(f"food-{number}")["state"], "final")
		alone.stop()


if __name__ == "__main__":
	unittest.main()
