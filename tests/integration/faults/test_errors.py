"""Disks that fail, are full or write short, and descriptors that run out: the process ends with one clear line and has
lost nothing, or goes on with what it can still do."""
import os
import signal
import socket
import subprocess
import time
import unittest

from faults import Alone, FaultsTest, injecting, needs_strace
from network import NetworkTest, SUPPLY
from unciad import BIN

STORE_CALLS = ("pwrite64", "writev", "fdatasync")
FAULTS = {"error=EIO": "Input/output error", "error=ENOSPC": "No space left on device", "retval=60": "Input/output error"}


@needs_strace
class Store(FaultsTest):
	def fails_at(self, path_of, event, points, *settings):
		"""points: call, fault, which occurrence. Every fault meets the same home."""
		alone, final, unknown, met = Alone(self, *settings), {}, [], 0
		trace = self.dir / "trace"
		for call, fault, when in points:
			with self.subTest(call=call, fault=fault, when=when):
				alone.start(lambda command: injecting(command, call, fault, when, path_of(alone), trace, STORE_CALLS))
				if alone.ready() and not alone.pay_until_ended(f"{call}-{fault}-{when}", final, unknown, 20 + 2 * when):
					alone.stop(0, 1) # the call may come with the last flush, while it ends
					continue
				met += 1
				log = alone.end(1).splitlines()
				errors = [line for line in log if "level=error" in line or line.startswith("unciad: ")]
				self.assertEqual(len(errors), 1, log)
				# While it starts it copies from log to database what the one before had not: that is refused with a sentence.
				listened = any("event=listening" in line for line in log)
				self.assertIn(f"event={event}" if listened else "unciad: ", errors[0])
				self.assertIn(FAULTS[fault], errors[0])
				# After a sync that failed the next one lies: there is none.
				_, after = trace.read_text().split("(INJECTED)")
				self.assertNotIn("fdatasync", after)
				self.assertGreaterEqual(alone.check()["payments"], len(final))
		alone.account_for(final, unknown)
		return met

	def test_a_journal_that_cannot_be_written_ends_the_validator(self):
		# The first of each is of what is found at the start.
		points = [(call, fault, when) for call in ("pwrite64", "fdatasync") for fault in FAULTS for when in (2, 3, 6)
			if call != "fdatasync" or fault == "error=EIO"]
		self.assertEqual(self.fails_at(self.journal, "journal_commit_failed", points), len(points))

	def test_a_checkpoint_that_cannot_be_written_ends_the_validator(self):
		points = [(call, fault, when) for call in STORE_CALLS for fault in FAULTS for when in (4, 6)
			if call != "fdatasync" or fault == "error=EIO"]
		met = self.fails_at(self.journal_database, "journal_checkpoint_failed", points, "journal_log_kb = 16")
		self.assertGreater(met, len(points) // 2)

	def test_a_state_that_cannot_be_written_ends_the_validator(self):
		points = [(call, fault, 1 + (call == "fdatasync")) for call in STORE_CALLS for fault in FAULTS
			if call != "fdatasync" or fault == "error=EIO"]
		self.assertGreater(self.fails_at(self.state, "state_commit_failed", points), 0)

	def test_what_is_found_and_cannot_be_synced_refuses_the_start(self):
		alone = Alone(self)
		for table in (self.journal, self.journal_database, self.state):
			alone.start(lambda command: injecting(command, "fdatasync", "error=EIO", 1, table(alone), self.dir / "trace"))
			lines = [line for line in alone.end(1).splitlines() if "Input/output error" in line]
			self.assertEqual(len(lines), 1, lines)
			self.assertIn("syncing what was found", lines[0])
		# What a process that was killed may have written and not synced is written again: the page cache alone may have it.
		alone.start()
		self.assertTrue(alone.ready())
		self.assertTrue(alone.pay("a"))
		os.kill(alone.pid(), signal.SIGKILL)
		alone.end(-signal.SIGKILL)
		for table in (self.journal, self.journal_database, self.state):
			alone.start(lambda command: injecting(command, "pwrite64", "error=EIO", 1, table(alone), self.dir / "trace"))
			self.assertIn(": syncing what was found: Input/output error", alone.end(1))
		alone.start()
		self.assertTrue(alone.ready())
		alone.stop()
		self.assertEqual(alone.check()["payments"], 1)


@needs_strace
class Files(FaultsTest):
	def test_a_payment_whose_record_cannot_be_written_is_made_once_by_the_same_key(self):
		alone = Alone(self).start()
		alone.ready()
		number = failed = 0
		for call in ("openat", "write", "fsync", "linkat", "renameat", "unlinkat"):
			for error in ("EIO", "ENOSPC"):
				for when in range(1, 6):
					key = f"{call}-{error}-{when}"
					command = [BIN / "uncia", "--wallet", alone.alice.home, "--network", alone.file, "send",
						alone.bob.address, "1", "--key", key, "--json"]
					path = alone.alice.home if call == "openat" else None
					cut = subprocess.run(injecting(command, call, f"error={error}", when, path), stdin=subprocess.DEVNULL,
						stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment, timeout=60)
					self.assertGreaterEqual(cut.returncode, 0, key)
					self.assertNotIn("Sanitizer", cut.stderr)
					failed += cut.returncode != 0
					if cut.returncode and not (call == "write"):
						self.assertIn("uncia: ", cut.stderr, key)
					paid = alone.pay(key)
					number += 1
					self.assertEqual(paid["state"], "final")
					self.assertEqual(alone.bob.balance(), number * 10**6, key)
		self.assertGreater(failed, 10)
		self.assertEqual(alone.alice.balance(), SUPPLY - number * 10**6)
		alone.stop()
		self.assertEqual(alone.check()["payments"], number)

	def test_a_home_that_cannot_be_written_is_made_when_it_can(self):
		key = self.keygen("k")
		self.run_unciad("genesis", "--name", "test", "--output", "g", "--validator", key, "--account",
			f"{self.wallet('alice')}=5")
		failed = 0
		for call in ("mkdir", "pwrite64", "write", "writev", "fsync", "fdatasync", "link", "rename"):
			for when in range(1, 40):
				home = self.dir / f"{call}-{when}"
				home.mkdir(mode=0o700)
				for name in ("consensus.key", "network.key"):
					(home / name).write_bytes((self.dir / "k" / name).read_bytes())
					(home / name).chmod(0o600)
				command = ["init", "--home", home, "--genesis", "g", "--first-start"]
				cut = subprocess.run(injecting([BIN / "unciad", *command], call, "error=EIO", when), cwd=self.dir,
					stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
					env=self.environment)
				if cut.returncode == 0:
					break
				failed += 1
				self.assertEqual((cut.returncode, cut.stderr.count("\n")), (1, 1), f"{call} {when}: {cut.stderr}")
				self.assertIn("Input/output error", cut.stderr)
				if not (home / "data").exists():
					self.run_unciad(*command)
				self.run_unciad("check", "--home", home)
		self.assertGreater(failed, 10)


class SmallDisk(FaultsTest):
	def test_below_the_reserve_it_does_not_vote_and_answers(self):
		disk = self.dir / "disk"
		disk.mkdir()
		mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "none", disk],
			stderr=subprocess.PIPE, text=True)
		if mounted.returncode:
			self.skipTest(f"no small disk can be mounted here: {mounted.stderr.strip()}")
		self.addCleanup(subprocess.run, ["umount", disk], check=True)
		alone = Alone(self, "space_reserve_mb = 4", directory=disk).start()
		alone.ready()
		first = alone.pay("first")
		fill = disk / "fill"
		fill.write_bytes(bytes(13 << 20))
		self.until(lambda: alone.status()["voting"] == "no: disk full", "the validator to stop voting")
		self.assertEqual(alone.log.read_text().count("event=disk_full"), 1)
		waiting = alone.alice.send(alone.bob, "1", "--key", "second", "--timeout", "2", code=3)
		self.assertEqual(waiting["state"], "pending")
		self.assertEqual(alone.bob.balance(), 10**6)
		self.assertEqual(alone.alice.status(first["id"])["state"], "final")
		fill.unlink()
		self.until(lambda: alone.status()["voting"] == "yes", "the validator to vote again")
		self.assertEqual(alone.pay("second")["id"], waiting["id"])
		self.assertEqual(alone.bob.balance(), 2 * 10**6)
		# Full to the last byte, faster than it is measured: the commit that fails ends it; what was final is.
		with open(fill, "wb", buffering=0) as file:
			try:
				while True:
					file.write(bytes(1 << 16))
			except OSError:
				pass
		final, unknown, number = {"first": first, "second": alone.alice.status(waiting["id"])}, [], 0
		while not unknown:
			paid = alone.alice.run("send", alone.bob.address, "1", "--key", f"full-{number}", "--timeout", "2",
				code=(0, 3, 6))
			if paid and paid["state"] == "final":
				final[f"full-{number}"] = paid
			else:
				unknown.append(f"full-{number}")
			number += 1
		if alone.ended():
			self.assertIn("_commit_failed", alone.end(1))
		else:
			alone.stop()
		fill.unlink()
		alone.account_for(final, unknown)


class LargeReserve(NetworkTest):
	def test_short_of_space_from_the_start_it_says_so_once_and_never_that_it_votes(self):
		network = self.start_network()
		validator = network.validators[3]
		network.wait_voting()
		validator.stop()
		settings = self.dir / validator.home / "unciad.conf"
		settings.write_text(settings.read_text().replace("[node]\n", "[node]\nspace_reserve_mb = 1000000\n", 1))
		before = len(validator.log())
		validator.start()
		network.wait(lambda: (s := network.statuses()[3]) and s["voting"] == "no: disk full", "it to know that it may not vote")
		network.wait(lambda: "event=not_voting why=disk_full" in validator.log()[before:], "the others' answers")
		validator.stop()
		log = validator.log()[before:]
		self.assertEqual(log.count("disk_full voting=no"), 1, log)
		self.assertNotIn("event=voting", log)
		self.assertNotIn("voting=yes", log)


class Descriptors(NetworkTest):
	def test_out_of_descriptors_accepting_pauses_and_the_validators_stay_linked(self):
		network = self.start_network()
		alice, bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		network.treasury.send(alice, "10")
		validator = network.validators[0]
		validator.stop()
		validator.start("prlimit", ("--nofile=64:64", BIN / "unciad", "start", "--home"))
		network.wait_voting()
		flood = []
		self.addCleanup(lambda: [s.close() for s in flood])
		for _ in range(200):
			flood.append(socket.create_connection(("127.0.0.1", validator.port), 10))
		self.until(lambda: "event=accept_paused" in validator.log(), "accepting to pause")
		network.validators[3].kill() # the votes of all that are left are needed
		for _ in range(5):
			self.assertEqual(alice.send(bob, "1")["state"], "final")
		for connection in flood:
			connection.close()
		only = network.file_of([0])
		self.assertEqual(alice.run("send", bob.address, "1", "--timeout", "60", network=only)["state"], "final")
		self.assertTrue(validator.is_running())
		network.validators[3].start()
		network.wait_voting()
		network.wait_same_tip()
		self.assertEqual([check["payments"] for check in network.stop_and_check()], [7] * 4)


class Stopped(NetworkTest):
	def test_one_of_four_that_stands_still_catches_up(self):
		network = self.start_network()
		alice, bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		network.treasury.send(alice, "10")
		network.validators[3].signal(signal.SIGSTOP)
		over = time.monotonic() + 20
		self.assertEqual(alice.send(bob, "1")["state"], "final")
		self.until(lambda: time.monotonic() >= over, "twenty seconds")
		self.assertEqual(alice.send(bob, "1")["state"], "final")
		network.validators[3].signal(signal.SIGCONT)
		network.wait_voting()
		network.wait_same_tip()
		network.validators[0].kill() # its vote counts again
		self.assertEqual(alice.send(bob, "1")["state"], "final")
		network.validators[0].start()
		network.wait_voting()
		network.wait_same_tip()
		self.assertEqual([check["payments"] for check in network.stop_and_check()], [4] * 4)


if __name__ == "__main__":
	unittest.main()
