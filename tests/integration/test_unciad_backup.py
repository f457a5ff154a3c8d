"""Copies of a home: a backup of a validator that runs, and what becomes of one that is restored; files made smaller."""
import json
import os
import shutil
import signal
import subprocess
import unittest

from network import NetworkTest
from unciad import BIN, UnciadTest, logs

VOTES_NEVER = "never again under this key: a peer holds a newer vote than the journal"


class Backup(NetworkTest):
	def setUp(self):
		super().setUp()
		self.network = self.start_network()
		self.network.wait_voting()

	def backup(self, home, directory="bk"):
		return self.run_json("backup", "--home", home, directory)

	def restore(self, home, backup):
		"""As docs/operating.md says: the keys beside what is in the backup."""
		shutil.copytree(self.dir / backup, self.dir / "restored")
		for key in ("consensus.key", "network.key"):
			shutil.copy2(self.dir / home / key, self.dir / "restored" / key)
		shutil.move(self.dir / home, self.dir / "lost")
		shutil.move(self.dir / "restored", self.dir / home)

	def asked(self, home):
		done = subprocess.run([BIN / "unciad", "status", "--home", home, "--json"], cwd=self.dir, stdout=subprocess.PIPE,
			stderr=subprocess.DEVNULL, text=True)
		return json.loads(done.stdout) if done.returncode == 0 else {"running": False}

	def height_of(self, home):
		return self.asked(home).get("height", 0)

	def test_a_validator_is_backed_up_and_audited_while_it_pays(self):
		wallet = self.new_wallet(self.network, "w")
		home = self.network.validators[2].home
		paying = [self.network.treasury.begin("send", wallet.address, "1", "--key", f"k{i}") for i in range(8)]
		made = self.backup(home)
		self.assertEqual((made["v"], made["backup"], made["running"]), (1, "bk", True))
		audit = self.run_json("check", "--home", home)  # of the running one
		self.assertIs(audit["ok"], True)
		self.assertGreaterEqual(audit["height"], made["height"])
		for process in paying:
			self.network.treasury.end(process)
		# Without a secret in it: the public keys are in its note.
		self.assertEqual(sorted(os.listdir(self.dir / "bk")), ["backup.note", "data", "genesis", "unciad.conf"])
		copied = self.run_json("check", "--home", "bk")
		self.assertEqual((copied["ok"], copied["height"]), (True, made["height"]))
		status = self.run_json("status", "--home", "bk")
		self.assertEqual((status["running"], status["height"], status["lost_votes"]), (False, made["height"], False))
		self.assertFalse((self.dir / "bk.part").exists())
		self.refuses(7, "bk/consensus.key: not there", "start", "--home", "bk")
		again = self.backup(home, "later")
		self.assertGreaterEqual(again["height"], made["height"])
		same = self.run_json("check", "--home", "later", "--against", "bk")
		self.assertIs(same["ok"], True)
		self.network.stop_and_check()

	def test_a_restored_journal_asks_and_never_votes_where_others_know_better(self):
		validator = self.network.validators[1]
		made = self.backup(validator.home)
		self.until(lambda: self.height_of(validator.home) > made["height"] + 3, "it to vote on")
		validator.stop()
		self.restore(validator.home, "bk")
		validator.start()
		self.until(lambda: self.asked(validator.home).get("voting") == VOTES_NEVER, "it to hear of its newer votes", 90)
		said = validator.log()
		self.assertIn("was restored from a backup of", said)
		self.assertIn(f"at height {made['height']}", said)
		self.assertIn("waits for answers of weight 3", said)
		tip = self.height_of(self.network.validators[0].home)
		self.until(lambda: self.height_of(validator.home) >= tip, "it to catch up all the same")
		validator.stop()
		self.assertIs(self.run_json("status", "--home", validator.home)["lost_votes"], True)
		self.network.stop()

	def test_one_that_was_stopped_when_it_was_backed_up_goes_on_voting(self):
		validator = self.network.validators[3]
		validator.stop()
		made = self.backup(validator.home)
		self.assertIs(made["running"], False)
		self.restore(validator.home, "bk")
		validator.start()
		self.until(lambda: self.asked(validator.home).get("voting") == "yes", "it to vote again", 90)
		self.assertIn("was restored from a backup", validator.log())
		self.until(lambda: self.height_of(validator.home) > made["height"] + 2, "it to go on")
		validator.stop()
		self.assertIs(self.run_json("check", "--home", validator.home)["ok"], True)
		self.network.stop()

	def test_where_room_is_short_the_validator_comes_first(self):
		"""What it must keep to go on voting is not taken by a copy beside it, nor by pages that are held."""
		validator = self.network.validators[2]
		validator.stop()
		config = self.dir / validator.home / "unciad.conf"
		config.write_text(config.read_text().replace("[node]\n", "[node]\nspace_reserve_mb = 1048576\n"))
		validator.start()
		self.until(lambda: self.asked(validator.home).get("running"), "it to run")
		self.refuses(1, "no room for the backup in bk", "backup", "--home", validator.home, "bk")
		self.refuses(1, "will soon stop voting: given up", "check", "--home", validator.home)
		self.assertFalse((self.dir / "bk").exists() or (self.dir / "bk.part").exists())
		self.network.stop()

	def test_a_file_of_the_notes_name_stops_nothing(self):
		validator = self.network.validators[2]
		validator.stop()
		(self.dir / validator.home / "backup.note").write_text("buy milk")
		validator.start()
		self.until(lambda: self.asked(validator.home).get("voting") == "yes", "it to vote", 90)
		self.assertIn("not the note of a backup", validator.log())
		self.network.stop()

	def test_while_it_is_read_the_validator_goes_on(self):
		"""A reader that is stopped, or killed, holds up nothing."""
		home = self.network.validators[0].home
		for number in (signal.SIGSTOP, signal.SIGKILL):
			for _ in range(3):
				process = subprocess.Popen([BIN / "unciad", "check", "--home", home], cwd=self.dir, stdout=subprocess.DEVNULL,
					stderr=subprocess.DEVNULL)
				self.addCleanup(process.wait)
				self.addCleanup(process.kill)
				process.send_signal(number)
		before = self.height_of(home)
		self.until(lambda: self.height_of(home) > before + 3, f"blocks to become final{logs(self.network.dir)}")
		self.assertIs(self.run_json("check", "--home", home)["ok"], True)
		self.network.stop()


class Stopped(UnciadTest):
	"""Of a home in which nothing runs."""

	def setUp(self):
		super().setUp()
		self.make_genesis()
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--listen", "127.0.0.1:7400", "--first-start")

	def test_a_backup_writes_over_nothing(self):
		(self.dir / "bk").mkdir()
		self.refuses(1, "bk is there already", "backup", "--home", "v0", "bk")
		self.refuses(1, "bk is there already", "backup", "--home", "v0", "bk/")
		(self.dir / "bk").rmdir()
		self.refuses(2, "DIR is missing", "backup", "--home", "v0")
		self.refuses(2, "unexpected argument", "backup", "--home", "v0", "bk", "other")
		self.refuses(1, "No such file", "backup", "--home", "v0", "nowhere/bk")
		# What is in the way where it is put together is somebody's, unless it is an unfinished backup.
		(self.dir / "bk.part").mkdir()
		(self.dir / "bk.part" / "mine").write_text("x")
		self.refuses(1, "bk.part", "backup", "--home", "v0", "bk")
		self.assertEqual((self.dir / "bk.part" / "mine").read_text(), "x")
		(self.dir / "bk.part" / "mine").unlink()
		self.run_unciad("backup", "--home", "v0", "bk/")
		self.assertEqual(self.run_json("check", "--home", "bk")["height"], 0)
		self.assertFalse((self.dir / "bk.part").exists())

	def test_a_note_that_is_none_is_said(self):
		self.run_unciad("backup", "--home", "v0", "bk")
		note = (self.dir / "bk/backup.note").read_text()
		for bad in ("", "junk", note.replace("height = 0", "height = -1"), note + "more = 1\n", note.replace("made", "mode"),
				note.replace("running = no", "running = maybe"), note + note.splitlines()[-1] + "\n"):
			(self.dir / "bk/backup.note").write_text(bad)
			self.refuses(7, "not the note of a backup", "check", "--home", "bk")
		(self.dir / "bk/backup.note").write_text(note)
		self.run_unciad("check", "--home", "bk")

	def test_state_is_put_back_from_a_backup(self):
		self.run_unciad("backup", "--home", "v0", "bk")
		shutil.rmtree(self.dir / "v0/data/state")
		self.refuses(7, "put data/state back", "check", "--home", "v0")
		shutil.copytree(self.dir / "bk/data/state", self.dir / "v0/data/state")
		self.run_unciad("check", "--home", "v0")

	def test_compact_changes_nothing_but_the_files(self):
		before = self.run_json("check", "--home", "v0")
		said = self.run_json("compact", "--home", "v0")
		self.assertGreater(said["bytes_before"], 0)
		self.assertGreater(said["bytes_after"], 0)
		self.assertEqual(self.run_json("check", "--home", "v0"), before)
		self.assertFalse((self.dir / "v0/data.new").exists())
		out, _ = self.run_unciad("compact", "--home", "v0")
		self.assertRegex(out, r"before  \d+ KiB\nafter   \d+ KiB\n")

	def test_damage_is_not_copied(self):
		data = self.dir / "v0/data/state/data.mdb"
		whole = data.read_bytes()
		place = whole.index(bytes(range(20)))  # Alice's address
		data.write_bytes(whole[:place] + b"\xff" + whole[place + 1:])
		self.refuses(7, "does not match its checksum", "backup", "--home", "v0", "bk")
		self.refuses(7, "does not match its checksum", "compact", "--home", "v0")
		self.assertEqual([name for name in os.listdir(self.dir) if name.startswith("bk")], [])
		self.assertFalse((self.dir / "v0/data.new").exists())
		data.write_bytes(whole)
		self.run_unciad("check", "--home", "v0")


if __name__ == "__main__":
	unittest.main()
