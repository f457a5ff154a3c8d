"""A backup and a compaction that are killed, or whose disk fails, at every system call that makes anything durable:
there is never a copy that looks whole and is not, and the home is what it was."""
import os
import signal
import subprocess

from faults import ENVIRONMENT, Alone, FaultsTest, injecting, needs_strace
from unciad import BIN

CALLS = {"mkdir": 8, "pwrite64": 40, "fdatasync": 8, "fsync": 14, "renameat2": 2, "unlink": 16, "rmdir": 4}


@needs_strace
class Copies(FaultsTest):
	def setUp(self):
		super().setUp()
		self.alone = Alone(self).start()
		self.assertTrue(self.alone.ready())
		for i in range(6):
			self.alone.pay(f"k{i}")
		self.alone.stop()
		self.audit = self.alone.check()

	def run_with(self, command, call, fault, when):
		done = subprocess.run(injecting([BIN / "unciad", *command], call, fault, when), cwd=self.dir,
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **ENVIRONMENT},
			timeout=120)
		self.assertNotIn("Sanitizer", done.stderr)
		return done

	def through_each(self, command, fault, after):
		"""Each call from its first time on, with ever larger strides, until none meets the fault any more."""
		met = 0
		for call, most in CALLS.items():
			when = 1
			while when <= most:
				done = self.run_with(command, call, fault, when)
				met += done.returncode != 0
				after(done, f"{call} {when}: {done.stderr}")
				if done.returncode == 0:
					break
				when += 1 + when // 4
		return met

	def clear(self):
		subprocess.run(["rm", "-rf", self.dir / "bk"], check=True)

	def after_backup(self, done, what):
		if (self.dir / "bk").exists():  # it has its name: it is whole
			self.assertEqual(self.run_json("check", "--home", "bk"), self.audit, what)
			self.clear()
		else:
			self.assertNotEqual(done.returncode, 0, what)
		self.assertEqual(self.whole(), self.files, what)

	def whole(self):
		"""The home's files, but for locks."""
		data = self.alone.home / "data"
		return {str(p.relative_to(data)): p.read_bytes() for p in sorted(data.rglob("*")) if p.is_file() and p.name != "lock.mdb"}

	def test_a_backup_that_is_killed(self):
		self.files = self.whole()
		self.assertGreater(self.through_each(["backup", "--home", self.alone.home, "bk"], "signal=SIGKILL", self.after_backup), 15)
		self.run_unciad("backup", "--home", self.alone.home, "bk")
		self.assertFalse((self.dir / "bk.part").exists())

	def test_a_backup_whose_disk_is_full(self):
		self.files = self.whole()

		def after(done, what):
			self.after_backup(done, what)
			if done.returncode:
				self.assertIn(done.returncode, (1, 6, 7), what)
				self.assertTrue("No space left" in done.stderr or "no room" in done.stderr, what)
				self.assertFalse((self.dir / "bk.part" / "data").exists(), what)
		self.through_each(["backup", "--home", self.alone.home, "bk"], "error=ENOSPC", after)

	def test_a_compaction_that_is_killed_or_fails(self):
		def after(done, what):
			self.assertTrue((self.alone.home / "data").exists(), what)
			self.assertEqual(self.alone.check(), self.audit, what)
		for fault, least in (("signal=SIGKILL", 15), ("error=EIO", 8)):
			self.assertGreater(self.through_each(["compact", "--home", self.alone.home], fault, after), least)
		self.run_unciad("compact", "--home", self.alone.home)
		self.assertFalse((self.alone.home / "data.new").exists())
		self.assertEqual(self.alone.check(), self.audit)
		self.alone.start()
		self.assertTrue(self.alone.ready())
		self.alone.pay("after")
		self.alone.stop()

	def test_an_interrupted_backup_leaves_nothing(self):
		process = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
			"inject=fdatasync:delay_enter=1000000", str(BIN / "unciad"), "backup", "--home", str(self.alone.home), "bk"],
			cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
			env={**os.environ, **ENVIRONMENT}, start_new_session=True)
		self.until(lambda: (self.dir / "bk.part/data.new").exists(), "the copy to begin")
		os.killpg(process.pid, signal.SIGINT)
		out, err = process.communicate(timeout=60)
		self.assertIn("interrupted", err)
		self.assertEqual(out, "")
		self.assertFalse((self.dir / "bk").exists() or (self.dir / "bk.part").exists())
