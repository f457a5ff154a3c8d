"""unciad devnet, start and status with real processes: a network that finalises, stops, is used again, loses a
validator and gets it back; and every refusal to start."""
import fcntl
import json
import os
import pathlib
import signal
import shutil
import socket
import subprocess
import unittest

import verify_receipt
from unciad import ALICE, BIN, BOB, Devnet as RunningDevnet, UnciadTest, alive, free_port, free_ports


class Devnet(UnciadTest):
	def test_finalises_answers_and_stops_in_order(self):
		net = self.start_devnet("--fund", f"{ALICE}=12.5")
		self.assertEqual(sorted(net.ready), ["network", "ready", "validators"])
		self.assertIs(net.ready["ready"], True)
		self.assertEqual(net.ready["network"], "net/network.conf")
		self.assertTrue((self.dir / "net/network.conf").exists())
		self.assertEqual([v["home"] for v in net.ready["validators"]], [f"net/v{i}" for i in range(4)])
		for validator in net.ready["validators"]:
			self.assertTrue(alive(validator["pid"]))
			socket.create_connection(("127.0.0.1", validator["port"]), 5).close()
			socket.create_connection(("127.0.0.1", validator["websocket_port"]), 5).close()
			status = self.status(validator["home"])
			self.assertTrue(status["running"])
			self.assertGreaterEqual(status["height"], 1)
			self.assertEqual((status["peers"], status["voting"], status["accounts"]), (3, "yes", 2))
			self.assertEqual(status["pid"], validator["pid"])
		self.assertIs(self.run_json("check", "--home", "net/v0")["ok"], True)  # beside it
		for command in "compact", "migrate":
			self.refuses(1, f"in use by process {net.ready['validators'][0]['pid']}", command, "--home", "net/v0")
		self.assertEqual(net.stop(), 0, net.errors())
		self.assertEqual(net.errors(), "")
		for validator in net.ready["validators"]:
			self.assertFalse(alive(validator["pid"]))
			checked = self.run_json("check", "--home", validator["home"])
			self.assertEqual((checked["ok"], checked["supply"], checked["payments"]), (True, "1000000000.000000", 0))
			self.assertEqual(self.status(validator["home"])["height"], checked["height"])

	def test_a_second_one_on_a_directory_in_use_touches_nothing(self):
		net = self.start_devnet()
		files = lambda: {path: (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_size)
			for path in (self.dir / "net").rglob("*") if path.name != "log" and "data" not in path.parts}
		before = files()
		for options in ((), ("--base-port", str(free_ports(8)))):
			self.refuses(1, "in use; nothing was changed", "devnet", "--dir", "net", *options)
		self.assertEqual(files(), before)
		self.assertEqual(net.stop(), 0)
		# A validator of it that runs by itself is not written under, either.
		process = subprocess.Popen([BIN / "unciad", "start", "--home", "net/v2"], cwd=self.dir, stdin=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL)
		try:
			port = net.ready["validators"][2]["port"]
			self.until(lambda: f":{port:04X} 00000000:0000 0A" in pathlib.Path("/proc/net/tcp").read_text(), "the validator to listen")
			before = files()
			self.refuses(1, "net/v2 is in use", "devnet", "--dir", "net", "--base-port", str(free_ports(8)))
			self.assertEqual(files(), before)
		finally:
			process.terminate()
			process.wait()

	def test_is_used_again_with_its_keys_and_chain(self):
		net = self.start_devnet("--fund", f"{ALICE}=1", "--faulty", "0", count=2)
		genesis = (self.dir / "net/genesis").read_bytes()
		self.assertEqual(net.stop(signal.SIGINT), 0)
		height = self.run_json("check", "--home", "net/v0")["height"]
		for option, value in (("--validators", "3"), ("--fund", f"{ALICE}=2"), ("--fund", f"{BOB}=1"), ("--faulty", "1"),
			("--weights", "1,2"), ("--slow", "1"), ("--smallest", "0.01")):
			with self.subTest(option=option, value=value):
				self.refuses(1, f"its genesis says otherwise than {option}", "devnet", "--dir", "net", option, value)
		net = self.start_devnet("--fund", f"{ALICE}=1", count=2)
		self.assertEqual((self.dir / "net/genesis").read_bytes(), genesis)
		self.assertGreater(self.status("net/v0")["height"], height)
		self.assertEqual(net.stop(), 0)

	def test_keeps_its_ports_where_none_are_given(self):
		base = free_ports(2)
		net = self.start_devnet_as_it_was("--base-port", str(base), "--validators", "1")
		self.assertEqual(net.stop(), 0)
		genesis = verify_receipt.message_decode(verify_receipt.GENESIS, (self.dir / "net/genesis").read_bytes())
		self.assertEqual(genesis["smallest_amount"], 10000)
		network = (self.dir / "net/network.conf").read_text()
		again = self.start_devnet_as_it_was()
		self.assertEqual(again.ready["validators"][0]["port"], base)
		self.assertEqual((self.dir / "net/network.conf").read_text(), network)
		self.assertEqual(again.stop(), 0)

	def start_devnet_as_it_was(self, *options):
		net = RunningDevnet(self.dir, ["devnet", "--dir", "net", *options])
		self.addCleanup(net.kill)
		line = net.first_line(120)
		self.assertTrue(line, net.errors())
		net.ready = json.loads(line)
		return net

	def test_weights_are_stated_in_the_genesis(self):
		net = self.start_devnet("--weights", "3,1,1,1", "--slow", "0")
		self.assertEqual(net.stop(), 0)
		self.refuses(1, "than --weights", "devnet", "--dir", "net", "--weights", "1,1,1,1")
		self.refuses(1, "than --weights", "devnet", "--dir", "net", "--weights", "3,1,1,2")

	def test_reports_a_validator_that_dies_and_takes_it_back(self):
		net = self.start_devnet()
		victim = net.ready["validators"][2]
		os.kill(victim["pid"], signal.SIGKILL)
		self.until(lambda: "net/v2" in net.errors(), "a report of the death")
		self.assertIn("signal 9", net.errors())
		before = self.status("net/v0")["height"]
		self.until(lambda: self.status("net/v0")["height"] > before, "finality of the other three")
		process = self.start_validator("net/v2")
		height = self.status("net/v0")["height"]
		self.until(lambda: self.running_height("net/v2") >= height, "the validator to catch up")
		process.terminate()
		self.assertEqual(process.wait(60), 0)
		self.assertEqual(net.stop(), 0)
		self.run_json("check", "--home", "net/v2")

	def test_closed_standard_streams_do_not_put_the_log_into_the_store(self):
		self.assertEqual(self.start_devnet(count=1).stop(), 0)
		process = subprocess.Popen(["sh", "-c", 'exec "$0" start --home net/v0 <&- >&- 2>&-', BIN / "unciad"], cwd=self.dir)
		self.addCleanup(process.wait)
		self.addCleanup(process.kill)
		self.until(lambda: self.running_height("net/v0") > 0, "the validator to answer")
		process.terminate()
		self.assertEqual(process.wait(60), 0)
		self.run_json("check", "--home", "net/v0")

	def start_validator(self, home):
		process = subprocess.Popen([BIN / "unciad", "start", "--home", home], cwd=self.dir, stdin=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL)
		self.addCleanup(process.wait)
		self.addCleanup(process.kill)
		return process

	def running_height(self, home):
		done = subprocess.run([BIN / "unciad", "status", "--home", home, "--json"], cwd=self.dir, capture_output=True,
			text=True, timeout=60)
		status = json.loads(done.stdout) if done.returncode == 0 else {"running": False}
		return status["height"] if status["running"] else -1

	def test_all_killed_at_once_are_well_and_go_on(self):
		net = self.start_devnet()
		for validator in net.ready["validators"]:
			os.kill(validator["pid"], signal.SIGKILL)
		self.until(lambda: net.errors().count("signal 9") == 4, "a report of all deaths")
		self.assertEqual(net.stop(), 0)
		heights = [self.run_json("check", "--home", v["home"])["height"] for v in net.ready["validators"]]
		self.assertGreaterEqual(min(heights), 1)
		net = self.start_devnet()
		self.until(lambda: self.status("net/v0")["height"] > max(heights), "finality after the restart")
		self.assertEqual(net.stop(), 0)

	def test_check_finds_a_flipped_byte_in_the_journal(self):
		net = self.start_devnet(count=1)
		self.assertEqual(net.stop(), 0)
		block = bytes.fromhex(self.status("net/v0")["block"])
		path = self.dir / "net/v0/data/journal/data.mdb"
		data = bytearray(path.read_bytes())
		for at in (i for i in range(len(data)) if data[i : i + len(block)] == block):
			data[at + 5] ^= 4
		path.write_bytes(data)
		self.refuses(7, "", "check", "--home", "net/v0")
		found = self.run_json("check", "--home", "net/v0", code=7)
		self.assertIs(found["ok"], False)
		self.assertIn("journal", found["failure"])

	def test_validators_do_not_outlive_a_devnet_that_is_killed(self):
		net = self.start_devnet(count=2)
		net.process.kill()
		net.process.wait()
		for validator in net.ready["validators"]:
			self.until(lambda: not alive(validator["pid"]), "its validators to end")
		self.run_json("check", "--home", "net/v0")

	def test_refuses_a_port_that_is_taken(self):
		with socket.create_server(("127.0.0.1", 0)) as taken:
			port = taken.getsockname()[1]
			self.refuses(1, f"port {port}: Address already in use: give another --base-port", "devnet", "--dir", "net",
				"--validators", "1", "--base-port", port)
		self.assertFalse((self.dir / "net").exists())

	def test_refuses_every_wrong_option_and_makes_nothing(self):
		for message, options in {
			"--dir is missing": [],
			"--validators 0": ["--validators", "0"],
			"--validators 129": ["--validators", "129"],
			"--base-port 65536: not a port": ["--base-port", "65536"],
			"there are not 8 ports": ["--dir", "net", "--base-port", "65529"],
			"--weights 1,x": ["--weights", "1,x"],
			"--weights 1,2: not one for each": ["--validators", "3", "--weights", "1,2"],
			"--weights and --validators do not agree": ["--weights", "1,2", "--validators", "3"],
			"not a valid address": ["--fund", "unc1nobody=1"],
			"not a valid amount": ["--fund", f"{ALICE}=1e9"],
			"more than the supply": ["--dir", "net2", "--fund", f"{ALICE}=1000000000"],
			"--faulty x": ["--faulty", "x"],
			"do not allow 2 faulty": ["--dir", "net3", "--faulty", "2"],
			"--smallest 0: not a valid amount": ["--smallest", "0"],
			"it holds less than the smallest amount": ["--dir", "net5", "--fund", f"{ALICE}=0.009999"],
			"less a treasury": ["--dir", "net6", "--fund", f"{ALICE}=999999999", "--smallest", "1.000001"],
			"the same address twice": ["--dir", "net4", "--fund", f"{ALICE}=1", "--fund", f"{ALICE}=2"],
		}.items():
			with self.subTest(message):
				self.refuses(2, message, "devnet", *options)
				self.assertEqual(list(self.dir.glob("net*")), [])


class Start(UnciadTest):
	def setUp(self):
		super().setUp()
		self.make_genesis()
		self.port = free_port()
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--listen", f"127.0.0.1:{self.port}", "--first-start")

	def start(self):
		process = subprocess.Popen([BIN / "unciad", "start", "--home", "v0"], cwd=self.dir, stdin=subprocess.DEVNULL,
			stderr=subprocess.DEVNULL)
		self.addCleanup(process.wait)
		self.addCleanup(process.kill)
		self.until(lambda: self.connects(), "the node to listen")
		return process

	def connects(self):
		try:
			socket.create_connection(("127.0.0.1", self.port), 5).close()
			return True
		except OSError:
			return False

	def test_answers_alone_and_ends_with_0_when_asked(self):
		process = self.start()
		status = self.status("v0")
		self.assertEqual((status["running"], status["height"], status["peers"]), (True, 0, 0))
		process.terminate()
		self.assertEqual(process.wait(60), 0)

	def test_names_those_that_it_has_to_dial_and_has_no_address_of(self):
		"""Of v0 all others, of which one is named here."""
		with open(self.dir / "v0/unciad.conf", "a") as config:
			config.write(f"[peer.2]\naddress = 127.0.0.1:{free_port()}\n")
		process = subprocess.Popen([BIN / "unciad", "start", "--home", "v0"], cwd=self.dir, stdin=subprocess.DEVNULL,
			stderr=subprocess.PIPE, text=True)
		self.addCleanup(process.kill)
		self.until(self.connects, "the node to listen")
		process.terminate()
		_, log = process.communicate(timeout=60)
		told = [line.split("level=")[1] for line in log.splitlines() if "event=no_address" in line]
		self.assertEqual(told, ["warning event=no_address peer=1", "warning event=no_address peer=3"])

	def test_ends_in_order_when_it_is_asked_again(self):
		for _ in range(5):
			process = self.start()
			for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
				process.send_signal(number)
			self.assertEqual(process.wait(60), 0)

	def test_says_that_the_store_cannot_be_read(self):
		"""A page of a mapped file that the disk does not give comes as a signal."""
		for number in (signal.SIGBUS, signal.SIGSEGV):
			environment = os.environ | {"ASAN_OPTIONS": "handle_segv=0:handle_sigbus=0"}
			process = subprocess.Popen([BIN / "unciad", "start", "--home", "v0"], cwd=self.dir, env=environment,
				stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
			self.addCleanup(process.kill)
			self.until(lambda: self.connects(), "the node to listen")
			process.send_signal(number)
			_, errors = process.communicate(timeout=60)
			self.assertEqual(process.returncode, 1)
			# A sanitizer may warn behind it of a stack that it does not know.
			self.assertIn("unciad: the store cannot be read: its disk fails or its files are damaged", errors.splitlines())

	def test_refuses_a_home_in_use(self):
		process = self.start()
		self.refuses(1, f"in use by process {process.pid}", "start", "--home", "v0")

	def test_waits_for_who_holds_the_home_for_a_moment(self):
		with open(self.dir / "v0/lock", "w") as lock:
			fcntl.flock(lock, fcntl.LOCK_EX)
			process = subprocess.Popen([BIN / "unciad", "start", "--home", "v0"], cwd=self.dir, stdin=subprocess.DEVNULL,
				stderr=subprocess.DEVNULL)
			self.addCleanup(process.wait)
			self.addCleanup(process.kill)
			self.until(lambda: self.has_open(process, "v0/lock"), "the process to look at the lock")
		self.until(self.connects, "the node to listen")

	def has_open(self, process, name):
		try:
			return any(os.path.samefile(fd, self.dir / name) for fd in pathlib.Path(f"/proc/{process.pid}/fd").iterdir())
		except FileNotFoundError:
			return False

	def test_refuses_a_port_in_use(self):
		with socket.create_server(("127.0.0.1", self.port)):
			self.refuses(1, str(self.port), "start", "--home", "v0")

	def test_refuses_data_of_another_network_or_key(self):
		"""With a code that a restart cannot help, the path, and what to do."""
		self.run_unciad("genesis", "--name", "other", "--output", "h", "--account", f"{ALICE}=1", *self.validators)
		genesis = (self.dir / "v0/genesis").read_bytes()
		(self.dir / "v0/genesis").write_bytes((self.dir / "h").read_bytes())
		self.refuses(7, "v0/data/journal: belongs to another network than the keys and the genesis", "start", "--home", "v0")
		(self.dir / "v0/genesis").write_bytes(genesis)
		for name in ("consensus.key", "network.key"):
			(self.dir / "v0" / name).write_bytes((self.dir / "v1" / name).read_bytes())
		for command in ("start", "status", "check"):
			self.refuses(7, "v0/data/journal: belongs to another consensus key than the keys", command, "--home", "v0")

	def test_refuses_a_state_of_another_home_and_says_what_to_put_back(self):
		self.run_unciad("init", "--home", "v1", "--genesis", "g", "--first-start")
		shutil.rmtree(self.dir / "v0/data/state")
		shutil.copytree(self.dir / "v1/data/state", self.dir / "v0/data/state")
		for command in ("start", "status", "check"):
			_, err = self.run_unciad(command, "--home", "v0", code=7)
			self.assertIn("v0/data/state: belongs to another consensus key", err)
			self.assertIn("data/state from any copy of it, however old", err)
			self.assertEqual(err.count("\n"), 1, err)
		self.assertEqual(self.run_json("check", "--home", "v0", code=7)["exit"], 7)

	def test_refuses_a_genesis_or_a_network_key_that_is_not_the_homes(self):
		for name, content, message in (("genesis", b"nothing", "v0/genesis: not a genesis file"),
				("genesis", None, "v0/genesis is gone: put it back"),
				("network.key", (self.dir / "v1/network.key").read_bytes(), "v0/consensus.key is that of validator 0, and v0/network.key is that of validator 1"),
				("consensus.key", b"nothing", "v0/consensus.key: not a key file")):
			path = self.dir / "v0" / name
			kept = path.read_bytes()
			path.write_bytes(content) if content else path.unlink()
			for command in ("start", "status", "check"):
				with self.subTest(name, content=content, command=command):
					self.refuses(7, message, command, "--home", "v0")
			path.write_bytes(kept)
			path.chmod(0o600)

	def test_refuses_what_is_missing_or_wrong(self):
		self.refuses(2, "--home is missing", "start")
		self.refuses(1, "not a validator's home", "start", "--home", "nowhere")
		(self.dir / "v1/genesis").write_bytes((self.dir / "g").read_bytes())
		(self.dir / "v1/unciad.conf").write_text("")
		self.refuses(9, "v1: there is no data/", "start", "--home", "v1")
		(self.dir / "v0/consensus.key").chmod(0o604)
		self.refuses(1, "chmod 600 v0/consensus.key", "start", "--home", "v0")
		(self.dir / "v0/consensus.key").chmod(0o600)
		(self.dir / "v0/unciad.conf").write_text("[node]\ncolour = red\n")
		self.refuses(2, "v0/unciad.conf:2: unknown key 'colour'", "start", "--home", "v0")
		(self.dir / "v0/unciad.conf").unlink()
		self.refuses(2, "v0/unciad.conf: not there: put your copy of it back", "start", "--home", "v0")

	def test_refuses_a_truncated_database(self):
		for name in ("journal", "state"):
			path = self.dir / "v0/data" / name / "data.mdb"
			content = path.read_bytes()
			path.write_bytes(content[:len(content) // 2])
			self.refuses(7, name, "start", "--home", "v0")
			path.write_bytes(content)


if __name__ == "__main__":
	unittest.main()
