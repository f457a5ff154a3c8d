"""uncia-indexer: the whole history in PostgreSQL, once and without a gap, whatever ends in between; and what it has is what
the ledger has."""
import shutil
import signal
import socket
import subprocess
import threading
import unittest

from indexers import IndexerTest
from unciad import BIN


class Indexing(IndexerTest):
	def test_what_is_indexed_is_the_ledger(self):
		net = self.start_paid_devnet()
		network = ("--network", "network.conf")
		names = ("alice", "bob", "carol")
		addresses = {name: self.wallet(name) for name in names}
		pay = lambda home, to, amount, *more: self.uncia_json("--wallet", home, *network, "send", to, amount, "--yes", *more)
		pay("net/treasury", addresses["alice"], "50")
		ids = [pay("alice", addresses["bob"], "10.5", "--memo", "for the <b>bread</b>")["id"],
			pay("bob", addresses["carol"], "10.5")["id"],  # all that bob has: his entry is deleted
			pay("carol", addresses["bob"], "0.25")["id"]]
		claim = self.uncia_json("--wallet", "alice", *network, "claim", "new", "12")
		self.uncia_json("--wallet", "carol", *network, "claim", "take", "-", stdin=claim["claim"])
		left = self.uncia_json("--wallet", "alice", *network, "claim", "new", "3")
		net.stop()
		cluster = self.cluster()
		self.index(cluster, "--home", "v0", "--stopped")
		checked = self.check(cluster)
		self.assertTrue(checked["same"])
		balances = cluster.sql("select balance / 1000000 from uncia.accounts where lives and balance < 100000000 order by balance;")
		self.assertEqual([float(b) for b in balances.split()], [0.25, 22.25, 24.5])
		self.assertEqual(cluster.sql("select encode(id, 'hex') from uncia.payments where height * 1000 + index in (select"
			" last_height * 1000 + last_index from uncia.accounts where balance = 250000);"), ids[2])
		holds = cluster.sql("select lives, taken, amount, balance from uncia.holds order by amount;").split()
		self.assertEqual(holds, ["t|f|3000000|3000000", "f|t|12000000|0"])
		self.assertEqual(cluster.sql("select sum(balance) = (select supply from uncia.currencies) from (select balance from"
			" uncia.accounts union all select balance from uncia.holds) b;"), "t")
		self.assertEqual(cluster.sql("select max(height) = count(*) and min(height) = 1 from uncia.blocks;"), "t")
		self.assertEqual(cluster.sql("select payments = (select count(*) from uncia.payments) from uncia.cursor;"), "t")
		self.assertTrue(left["hold"])
		# A row that is changed is seen.
		cluster.sql("update uncia.accounts set balance = balance + 1 where balance = 250000;")
		self.assertFalse(self.check(cluster, code=7)["same"])

	def test_any_end_at_any_moment_leaves_neither_gap_nor_double(self):
		height = self.make_chain(3)
		whole = self.cluster()
		self.index(whole, "--home", "v0", "--stopped", "--partition", 16)
		self.assertEqual(whole.sql("select height from uncia.cursor;"), str(height))
		self.assertTrue(self.check(whole)["same"])
		self.assertGreater(height, 32)  # several partitions
		broken = self.cluster()
		for turn in range(12):
			indexer = self.begin(broken, "--home", "v0", "--stopped", "--partition", 16)
			if turn % 3 == 2:
				broken.stop(hard=turn % 2 == 0)  # PostgreSQL ends, and the indexer waits for it
				self.until(lambda: "waiting for PostgreSQL" in indexer.said() or indexer.process.poll() is not None, "it to wait")
				broken.start()
			else:
				try:
					indexer.process.wait(0.05 * turn)
				except subprocess.TimeoutExpired:
					pass
			indexer.end(signal.SIGKILL)
		self.index(broken, "--home", "v0", "--stopped")
		self.assertEqual(self.contents(broken), self.contents(whole))
		# Once more changes nothing.
		_, said = self.index(broken, "--home", "v0", "--stopped")
		self.assertIn(f"all is in the tables, up to height {height}\n", said)
		self.assertEqual(self.contents(broken), self.contents(whole))

	def test_a_database_of_another_day_another_chain_or_another_network(self):
		height = self.make_chain(1)
		cluster = self.cluster()
		self.index(cluster, "--home", "v0", "--stopped")
		contents = self.contents(cluster)
		# Yesterday's: it goes on from there.
		cluster.stop()
		shutil.copytree(cluster.data, self.dir / "old")
		cluster.start()
		# The cursor's block is not the chain's.
		cluster.sql("update uncia.cursor set block_id = sha256(block_id);")
		_, said = self.index(cluster, "--home", "v0", "--stopped", code=7)
		self.assertRegex(said, rf"at height {height} the database has block [0-9a-f]{{64}}, and the validator's final block is [0-9a-f]{{64}}")
		# The chain is shorter than the tables: a home that has only begun.
		cluster.sql("update uncia.cursor set height = height + 5;")
		_, said = self.index(cluster, "--home", "v0", "--stopped", code=1)
		self.assertIn(f"its final height is {height}, and the cursor's {height + 5}", said)
		# Accounts that somebody has changed: what follows cannot have happened to them, and nothing of it is written.
		self.assertNotEqual(self.contents(cluster), contents)
		cluster.sql(f"update uncia.network set id = sha256(id);")
		_, said = self.index(cluster, "--home", "v0", "--stopped", code=7)
		self.assertIn("its tables are of another network; nothing was touched", said)
		cluster.sql("update uncia.network set format = 99;")
		_, said = self.index(cluster, "--home", "v0", "--stopped", code=1)
		self.assertIn("made by a newer program; nothing was touched", said)

	def test_changed_balances_stop_it(self):
		self.make_chain(1)
		cluster = self.cluster()
		self.index(cluster, "--home", "v1", "--stopped")  # the genesis alone
		self.assertEqual(cluster.sql("select height from uncia.cursor;"), "0")
		cluster.sql("update uncia.accounts set balance = 0;")
		before = self.contents(cluster)
		_, said = self.index(cluster, "--home", "v0", "--stopped", code=7)
		self.assertIn("payment 0 of the block at height 1 pays more than there is", said)
		self.assertEqual(self.contents(cluster), before)

	def test_a_restored_database_goes_on(self):
		height = self.make_chain(1, certified=1)
		whole, cluster = self.cluster(), self.cluster()
		self.index(whole, "--home", "v0", "--stopped")
		self.index(cluster, "--home", "v1", "--stopped")
		cluster.stop()
		old = self.dir / "old"
		shutil.copytree(cluster.data, old)
		cluster.start()
		self.index(cluster, "--home", "v0", "--stopped")
		self.assertEqual(cluster.sql("select height from uncia.cursor;"), str(height))
		cluster.stop()
		shutil.rmtree(cluster.data)
		shutil.copytree(old, cluster.data)
		if cluster.user:
			subprocess.run(["chown", "-R", "postgres:", cluster.data], check=True)
		cluster.start()
		self.assertEqual(cluster.sql("select height from uncia.cursor;"), "0")
		self.index(cluster, "--home", "v0", "--stopped")
		self.assertEqual(self.contents(cluster), self.contents(whole))

	def test_a_full_disk_is_waited_for(self):
		height = self.make_chain(3)
		cluster = self.cluster()
		small = cluster.directory / "small"
		small.mkdir()
		mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", small], stderr=subprocess.PIPE, text=True)
		if mounted.returncode:
			self.skipTest(f"no small disk can be mounted here: {mounted.stderr.strip()}")
		self.addCleanup(subprocess.run, ["umount", "-l", small], check=True)
		subprocess.run(["chown", "postgres:", small], check=True)
		cluster.sql(f"create tablespace small location '{small}';")
		cluster.sql("alter role indexer set default_tablespace = small;")
		indexer = self.begin(cluster, "--home", "v0", "--stopped")
		indexer.until_said("waiting until PostgreSQL has room; nothing was written in part: could not extend file")
		reached = int(cluster.sql("select height from uncia.cursor;"))
		self.assertLess(reached, height)
		self.assertEqual(cluster.sql("select max(height) from uncia.blocks;") or "0", str(reached))
		subprocess.run(["mount", "-o", "remount,size=300m", small], check=True)
		self.assertEqual(indexer.process.wait(120), 0, indexer.said())
		self.assertTrue(self.check(cluster)["same"])

	def test_one_writer_at_a_time(self):
		self.make_chain(1)
		cluster = self.cluster()
		self.index(cluster, "--home", "v1", "--stopped")
		holder = subprocess.Popen(cluster.as_user(cluster.bin / "psql", "-h", cluster.directory, "-U", "indexer", "-d", "postgres",
			"-qAt"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cluster.directory)
		holder.stdin.write("select pg_advisory_lock(504403158533); select 'held';\n")
		holder.stdin.flush()
		while holder.stdout.readline() != "held\n":
			pass
		indexer = self.begin(cluster, "--home", "v0", "--stopped")
		indexer.until_said("waiting until PostgreSQL takes what is written: another uncia-indexer writes into it")
		self.assertEqual(cluster.sql("select height from uncia.cursor;"), "0")
		holder.communicate("\\q\n", timeout=60)
		self.assertEqual(indexer.process.wait(120), 0)
		self.assertTrue(self.check(cluster)["same"])

	def test_a_control_socket_that_lies(self):
		self.make_chain(1)
		cluster = self.cluster()
		home = self.dir / "liar"
		home.mkdir()
		server = socket.socket(socket.AF_UNIX)
		self.addCleanup(server.close)
		server.bind(str(home / "control"))
		server.listen(4)
		answers = []

		def serve():
			while True:
				try:
					client, _ = server.accept()
				except OSError:
					return
				with client:
					client.recv(4096)
					if answers[0] is not None:
						client.sendall(answers[0])
						client.recv(4096)  # until the other side ends

		thread = threading.Thread(target=serve, daemon=True)
		thread.start()
		frame = lambda message: len(message).to_bytes(4, "big") + message
		followed = lambda more: frame(bytes([8, 1, 0x52, len(more)]) + more)  # to request 1
		for answer, code, said in ((b"\xff\xff\xff\xff", 7, "no size that one may have"), (b"\0\0\0\0", 7, "no size that one may have"),
				(frame(b"garbage"), 7, "of another release"),
				(frame(b"\x08\x02\x52\x00"), 7, "something else than was asked"),
				(frame(b"\x08\x01\x1a\x08\x08\x05\x12\x04nope"), 1, "the validator refuses: nope"),
				(followed(b"\x08\x09\x12\x06\x0a\x04junk"), 7, "the block at height 1 is no block in canonical bytes; nothing of it was written"),
				(followed(b"\x08\x09"), 0, "all is in the tables, up to height 0"),
				(None, 6, "the validator has closed the connection")):
			answers[:] = [answer]
			_, err = self.index(cluster, "--home", home, "--once", code=code)
			self.assertIn(said, err)
		self.assertEqual(cluster.sql("select count(*) from uncia.blocks;"), "0")

	def test_usage(self):
		(self.dir / "bad").write_text("no network file\n")
		for arguments, said in (((), "--network and --database are needed"),
				(("--network", "n", "--database", "d"), "nothing to do"),
				(("--network", "n", "--database", "d", "--once"), "are about the validator of --home"),
				(("--network", "n", "--database", "d", "--home", "h", "--partition", "0"), "not a number of heights above 0"),
				(("--network", "n", "--database", "d", "--home", "h", "--nothing"), "--nothing: unknown option"),
				(("--network", "n", "--database", "d", "--home", "h", "more"), "more: what is this argument?"),
				(("--network", "bad", "--database", "d", "--home", "h"), "bad, line 1: ")):
			done = subprocess.run([BIN / "uncia-indexer", *arguments], cwd=self.dir, stderr=subprocess.PIPE, text=True, timeout=60)
			self.assertEqual(done.returncode, 2, done.stderr)
			self.assertIn(said, done.stderr)
		self.make_chain(1)
		for database, code, said in (("host=/nowhere dbname=x", 6, "No such file or directory"),
				("nothing=1", 1, "invalid connection option")):
			_, err = self.index(database, "--home", "v1", "--stopped", "--once", code=code)
			self.assertIn(said, err)
		_, err = self.index("dbname=x", "--home", "nowhere", "--stopped", code=1)
		self.assertIn("nowhere: ", err)
		done = subprocess.run([BIN / "uncia-indexer", "--network", "none", "--database", "d", "--home", "h"], cwd=self.dir,
			stderr=subprocess.PIPE, text=True, timeout=60)
		self.assertEqual((done.returncode, done.stderr), (1, "uncia-indexer: the network file none: No such file or directory\n"))


if __name__ == "__main__":
	unittest.main()
