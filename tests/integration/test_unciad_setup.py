"""unciad keygen, genesis, version and the options of every command: what is made, and every input that is refused."""
import base64
import configparser
import fcntl
import hashlib
import json
import os
import shutil
import socket
import stat
import subprocess
import time
import unittest

import verify_receipt
from unciad import ALICE, BIN, BOB, UnciadTest, address, free_port


class Options(UnciadTest):
	def test_help_lists_every_command_and_each_has_its_own(self):
		out, _ = self.run_unciad("--help")
		names = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
		self.assertIn("keygen", names)
		for name in names:
			own, _ = self.run_unciad(name, "--help")
			self.assertTrue(own.startswith(f"unciad {name}: "), own)
			self.assertIn("--help", own)

	def test_no_command_and_an_unknown_one_are_usage_errors(self):
		self.refuses(2, "usage: unciad COMMAND")
		self.refuses(2, "frobnicate: no such command", "frobnicate")

	def test_unknown_options_and_arguments_are_usage_errors(self):
		self.refuses(2, "--hoem: unknown option", "keygen", "--hoem", "x")
		self.refuses(2, "extra: unexpected argument", "version", "extra")
		self.refuses(2, "--home: missing argument", "keygen", "--home")
		self.refuses(2, "--home is missing", "keygen")

	def test_version_is_text_or_json(self):
		out, _ = self.run_unciad("version")
		version = self.run_json("version")
		self.assertEqual(version["v"], 1)
		self.assertEqual(out, f"unciad {version['version']}\nsignatures: {version['signatures']}\n")
		self.assertIn(version["signatures"], ("batch", "plain"))

	def test_a_full_standard_output_is_a_failure(self):
		with open("/dev/full", "w") as full:
			done = subprocess.run([BIN / "unciad", "version"], stdout=full, stderr=subprocess.PIPE, text=True)
		self.assertEqual(done.returncode, 1)
		self.assertIn("standard output", done.stderr)


class Keygen(UnciadTest):
	def test_says_that_a_name_cannot_be_put_into_json(self):
		self.refuses(1, "not UTF-8", "keygen", "--home", os.fsdecode(b"\xff"), "--json")
		self.assertTrue((self.dir / os.fsdecode(b"\xff") / "network.key").exists())

	def test_makes_a_private_home_with_two_independent_keys(self):
		keys = self.run_json("keygen", "--home", "home")
		self.assertEqual(stat.S_IMODE(os.stat(self.dir / "home").st_mode), 0o700)
		seeds = set()
		for name in ("consensus.key", "network.key"):
			path = self.dir / "home" / name
			self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
			seeds.add(bytes.fromhex(path.read_text().strip()))
		self.assertEqual({len(seed) for seed in seeds}, {32})
		self.assertEqual(len(seeds), 2)
		self.assertEqual(sorted(os.listdir(self.dir / "home")), ["consensus.key", "network.key"])
		self.assertEqual(len(bytes.fromhex(keys["consensus_key"])), 32)
		self.assertEqual(len(bytes.fromhex(keys["network_key"])), 32)

	def test_never_writes_over_keys(self):
		self.keygen("home")
		before = (self.dir / "home/consensus.key").read_bytes()
		self.refuses(1, "has keys already", "keygen", "--home", "home")
		self.assertEqual((self.dir / "home/consensus.key").read_bytes(), before)

	def test_completes_a_home_that_was_cut_short(self):
		first = self.run_json("keygen", "--home", "home")
		(self.dir / "home/network.key").unlink()
		second = self.run_json("keygen", "--home", "home")
		self.assertEqual(first["consensus_key"], second["consensus_key"])
		self.assertNotEqual(first["network_key"], second["network_key"])

	def test_refuses_a_key_that_others_can_read_and_says_the_chmod(self):
		self.keygen("home")
		(self.dir / "home/network.key").unlink()
		for mode in (0o640, 0o604, 0o620):
			(self.dir / "home/consensus.key").chmod(mode)
			self.refuses(1, "chmod 600 home/consensus.key", "keygen", "--home", "home")

	def test_refuses_a_home_that_cannot_be(self):
		(self.dir / "file").write_text("")
		self.refuses(1, "not a directory", "keygen", "--home", "file")
		self.refuses(1, "No such file or directory", "keygen", "--home", "missing/home")

	def test_refuses_what_is_no_key_file(self):
		self.keygen("home")
		(self.dir / "home/network.key").unlink()
		for content in ("", "00" * 31, "zz" * 32, "00" * 33):
			(self.dir / "home/consensus.key").write_text(content)
			self.refuses(7, "home/consensus.key", "keygen", "--home", "home")


class Genesis(UnciadTest):
	def setUp(self):
		super().setUp()
		self.keys = [self.keygen(f"v{i}") for i in range(4)]
		self.statement = ["genesis", "--name", "test", "--output", "g"]
		self.base = [*self.statement, "--timestamp", "1700000000000", "--allow", "time"]
		self.validators = [text for key in self.keys for text in ("--validator", key)]

	def test_the_same_statement_gives_the_same_bytes_and_id(self):
		one = self.run_json(*self.base, *self.validators, "--account", f"{ALICE}=10", "--account", f"{BOB}=0.5")
		first = (self.dir / "g").read_bytes()
		(self.dir / "g").unlink()
		two = self.run_json(*self.base, *self.validators, "--account", f"{BOB}=0.5", "--account", f"{ALICE}=10")
		self.assertEqual(first, (self.dir / "g").read_bytes())
		self.assertEqual(one, two)
		digest = hashlib.blake2b(first, digest_size=32, person=b"uncia.genesis")
		self.assertEqual(one["network_id"], digest.hexdigest())
		self.assertEqual((one["supply"], one["faulty"], one["slow"]), ("10.500000", 1, 0))

	def test_faulty_and_slow_follow_the_weights(self):
		for options, weights, faulty, slow in (
			([], [2, 2, 2, 1], 2, 0), ([], [1, 2, 1, 2], 1, 1), (["--faulty", "0"], [1] * 4, 0, 1),
			(["--slow", "1"], [1] * 4, 0, 1), (["--faulty", "1", "--slow", "0"], [1] * 4, 1, 0)):
			with self.subTest(options=options, weights=weights):
				(self.dir / "g").unlink(missing_ok=True)
				validators = [t for k, w in zip(self.keys, weights) for t in ("--validator", f"{k}:{w}")]
				made = self.run_json(*self.base, *validators, *options, "--allow", "weights", "--account", f"{ALICE}=1")
				self.assertEqual((made["faulty"], made["slow"]), (faulty, slow))

	def test_refuses_every_wrong_part_and_writes_nothing(self):
		account = ["--account", f"{ALICE}=1"]
		key, network = self.keys[0].split(":")
		self.stranger = self.keygen("stranger").split(":")[0]
		for message, options in {
			"no validator": account,
			"no account": self.validators,
			"not CONSENSUSKEY:NETWORKKEY": ["--validator", key],
			"the weight is not a positive number": ["--validator", self.keys[0] + ":0"],
			"not a valid Ed25519 key": ["--validator", "00" * 32 + ":" + network],
			"validators 0 and 1 have a key in common": ["--validator", self.keys[0], "--validator", self.keys[0]],
			"sum to 2^62 or more": [*account, "--validator", f"{self.keys[0]}:{2**62 - 1}", "--validator",
				f"{self.keys[1]}:1"],
			"do not allow 2 faulty": [*account, *self.validators, "--faulty", "2"],
			"do not allow 1 faulty and 1 slow": [*account, *self.validators, "--faulty", "1", "--slow", "1"],
			"--faulty -1": ["--faulty", "-1"],
			"not a valid address": ["--account", ALICE[:-1] + "q=1"],
			"has a reference": ["--account", f"{address(bytes(28))}=1"],
			"not ADDRESS=AMOUNT": ["--account", ALICE],
			"not a valid amount": ["--account", f"{ALICE}=0"],
			f"--account {ALICE}=18446744073709.551616: more than an amount can be, which is 18446744073709.551615": ["--account",
				f"{ALICE}=18446744073709.551616"],
			f"--account {ALICE}=1.0000001: not a valid amount": ["--account", f"{ALICE}=1.0000001"],
			"--smallest 99999999999999: more than an amount can be": ["--smallest", "99999999999999"],
			"the same address twice": [*self.validators, *account, *account],
			"more than an amount can be": [*self.validators, "--account", f"{ALICE}=18446744073709.551615", "--account",
				f"{BOB}=1"],
			f"{ALICE}: it holds less than the smallest amount": [*self.validators, "--smallest", "2", *account],
			"its consensus key and its network key are the same": ["--validator", f"{key}:{key}"],
			"the consensus key of one is the network key of the other": ["--validator", self.keys[0], "--validator",
				f"{self.keys[1].split(':')[0]}:{key}"],
			"--allow all: not time, weights or smallest": ["--allow", "all"],
			"no genesis can be made of this": [*account, *self.validators, "--validator", f"{self.stranger}:{'00' * 32}"],
			"--smallest 0": ["--smallest", "0"],
			"currency 'unc'": [*self.validators, *account, "--currency", "unc"],
			**{f"name '{name}'": [*self.validators, *account, "--name", name]
				for name in ("", " ", " a", "a ", ";a", "a ;b", "a#b", "a\tb", "a=b", "a" * 33, "\u017e")},
			"--network needs to know where validator 1 is": [*self.validators, *account, "--network", "n", "--at",
				"0=127.0.0.1:7000"],
			"there is no validator 4": [*self.validators, *account, "--network", "n",
				*(text for i in range(5) for text in ("--at", f"{i}=h:7"))],
			"--at is for --network": [*self.validators, *account, "--at", "0=h:7"],
			"--at 0=h:0: not INDEX=HOST:PORT": ["--at", "0=h:0"],
			"--at ::1:7: not": ["--at", "::1:7"],
			"--at 0=h:8: the address of validator 0 is given twice": ["--at", "0=h:7", "--at", "0=h:8"],
			"--at 256.1.1.1:7: its host is neither an IP address nor a name": ["--at", "0=256.1.1.1:7"],
			"--at [::g]:7: its host is neither": ["--at", "0=[::g]:7"],
		}.items():
			with self.subTest(message):
				self.refuses(2, message, *self.base, *options)
				self.assertFalse((self.dir / "g").exists())

	def test_what_is_most_likely_a_mistake_is_refused_unless_it_is_named(self):
		"""Nothing of a genesis can be changed later: the unit of a time, a weight or the smallest amount may be wrong."""
		now, hour, day = time.time_ns() // 10**6, 3600 * 10**3, 24 * 3600 * 10**3
		weights = lambda *numbers: [t for k, w in zip(self.keys, numbers) for t in ("--validator", f"{k}:{w}")]
		account = ["--account", f"{ALICE}=1"]
		for what, message, options in (
			("time", "is 1970-01-21 ", ["--timestamp", now // 1000]),
			("time", "is 2096-10-02 07:06:40 UTC, and now it is 20", ["--timestamp", 4000000000000]),
			("time", "it is counted in milliseconds", ["--timestamp", now + hour + 60000]),
			("time", "it is counted in milliseconds", ["--timestamp", now - 31 * day]),
			("weights", "validator 0 weighs 3, and only 1 may fail", weights(3, 1, 1, 1)),
			("weights", "validator 3 weighs 1000000", weights(1, 1, 1, 1000000)),
			("weights", "validator 0 weighs 100, and only 33", weights(100, 1)),
			("smallest", "the smallest amount, 0.010001, is more than a hundredth of the whole supply, 1.000000",
				["--smallest", "0.010001"])):
			with self.subTest(options=options):
				statement = [*self.statement, *account, *(options if "--validator" in options else [*self.validators, *options])]
				self.refuses(2, message, *statement)
				self.refuses(2, f"--allow {what}, if it is meant", *statement,
					*(t for other in {"time", "weights", "smallest"} - {what} for t in ("--allow", other)))
				self.assertFalse((self.dir / "g").exists())
				self.run_unciad(*statement, "--allow", what)
				(self.dir / "g").unlink()
		for timestamp in (now * 1000, 2**32 * 1000, 2**62 - 1):
			with self.subTest(timestamp=timestamp):
				self.refuses(2, "later than the expiry of any payment can be", *self.statement, *account, *self.validators,
					"--timestamp", timestamp, "--allow", "time")
		for options in (["--timestamp", now + hour - 60000], ["--timestamp", now - 29 * day], ["--smallest", "0.01"]):
			with self.subTest(options=options):
				self.run_unciad(*self.statement, *account, *self.validators, *options)
				(self.dir / "g").unlink()
		for validators in (weights(1), weights(1, 1), weights(1, 1, 1), weights(2, 2, 2, 1)):
			with self.subTest(validators=len(validators) // 2):
				out, _ = self.run_unciad(*self.statement, *account, *validators)
				self.assertEqual("none of the validators may lie" in out, 1 < len(validators) // 2 < 4)
				(self.dir / "g").unlink()

	def test_says_what_can_no_more_be_changed(self):
		out, _ = self.run_unciad(*self.base, *self.validators, "--account", f"{ALICE}=1", "--account", f"{BOB}=2")
		for text in ("begins      2023-11-14 22:13:20 UTC", "4 (weights sum to 4; 1 faulty, 0 slow)",
				"3.000000 UNC, in 2 accounts; smallest amount 0.010000", "nothing of this can be changed"):
			self.assertIn(text, out)
		(self.dir / "g").unlink()
		out, _ = self.run_unciad(*self.base, *self.validators, "--account", f"{ALICE}=1")
		self.assertIn("1.000000 UNC, in 1 account; smallest", out)

	def test_refuses_to_write_over_a_file(self):
		(self.dir / "g").write_text("mine")
		self.refuses(1, "g: File exists", *self.base, *self.validators, "--account", f"{ALICE}=1")
		self.assertEqual((self.dir / "g").read_text(), "mine")

	def test_a_network_file_that_cannot_be_written_leaves_no_genesis(self):
		at = [t for i in range(4) for t in ("--at", f"{i}=h:{i + 1}")]
		(self.dir / "there").write_text("mine")
		for name, message in (("nowhere/n", "unciad: nowhere/n: No such file or directory\n"),
				("there", "unciad: there: File exists\n")):
			with self.subTest(name):
				self.refuses(1, message, *self.base, *self.validators, "--account", f"{ALICE}=1", "--network", name, *at)
				self.assertFalse((self.dir / "g").exists())
		self.assertEqual((self.dir / "there").read_text(), "mine")
		(self.dir / "g").write_text("mine")
		self.refuses(1, "g: File exists", *self.base, *self.validators, "--account", f"{ALICE}=1", "--network", "n", *at)
		self.assertEqual((self.dir / "g").read_text(), "mine")
		self.assertFalse((self.dir / "n").exists())

	def test_whatever_it_writes_wallet_and_verifier_read(self):
		"""Names and addresses at every edge: the network file is taken by those who read it."""
		longest = "h" * 127
		names = ["a", "Town 2", "a.b_c-d", "x" * 32, "-", "1"]
		for name, hosts in zip(names, ([f"{longest}:65535"] * 4, ["[::1]:1"] * 4, ["[fe80::1%lo]:7"] * 4, ["h:1"] * 4,
				["127.0.0.1:9"] * 4, [f"{'a.' * 63}a:1"] * 4)):
			with self.subTest(name=name, host=hosts[0]):
				for file in ("g", "n"):
					(self.dir / file).unlink(missing_ok=True)
				at = [t for i, host in enumerate(hosts) for t in ("--at", f"{i}={host}")]
				made = self.run_json(*self.base, *self.validators, "--account", f"{ALICE}=1", "--name", name, "--network", "n", *at)
				text = (self.dir / "n").read_text()
				self.assertEqual(verify_receipt.network_load(text)["id"].hex(), made["network_id"])
				# The file is read, and then the receipt is none.
				done = subprocess.run([BIN / "uncia", "--network", self.dir / "n", "receipt", "verify", "x"], capture_output=True,
					text=True, check=False)
				self.assertEqual(done.returncode, 7, done.stderr)
				self.assertIn("receipt", done.stderr)

	def test_the_network_file_holds_genesis_addresses_and_keys(self):
		hosts = ["127.0.0.1:7001", "[::1]:7002", "validator.example.org:7003", "10.0.0.1:65535"]
		at = [t for i, host in enumerate(hosts) for t in ("--at", f"{i}={host}")]
		self.run_unciad(*self.base, *self.validators, "--account", f"{ALICE}=1", "--network", "n", *at)
		text = (self.dir / "n").read_text()
		self.assertLess(max(map(len, text.splitlines())), 121)
		lines = [line.split(" = ")[1] for line in text.splitlines() if line.startswith("genesis = ")]
		joined = "".join(lines)
		self.assertEqual(base64.urlsafe_b64decode(joined + "=" * (-len(joined) % 4)), (self.dir / "g").read_bytes())
		parsed = configparser.ConfigParser(strict=False)
		parsed.read_string(text)
		self.assertEqual(parsed["network"]["name"], "test")
		for i, host in enumerate(hosts):
			self.assertEqual(parsed[f"validator.{i}"]["address"], host)
			self.assertEqual(parsed[f"validator.{i}"]["network_key"], self.keys[i].split(":")[1])


class Init(UnciadTest):
	def setUp(self):
		super().setUp()
		self.make_genesis()

	def test_fills_a_home_and_refuses_a_second_time(self):
		out, err = self.run_unciad("init", "--home", "v0", "--genesis", "g", "--first-start", "--json")
		made = json.loads(out)
		self.assertEqual(made["network_id"], self.network_id)
		self.assertEqual((made["asked"], made["answered"]), (0, 0))
		self.assertIn("unciad: warning: v0: nobody was asked whether this key has voted before: no --peer says", err)
		self.assertIn("this second journal can vote again and split the network", err)
		self.assertEqual((self.dir / "v0/genesis").read_bytes(), (self.dir / "g").read_bytes())
		self.assertEqual(stat.S_IMODE(os.stat(self.dir / "v0/data").st_mode), 0o700)
		before = (self.dir / "v0/data/journal/data.mdb").read_bytes()
		self.refuses(1, "v0 is initialised already", "init", "--home", "v0", "--genesis", "g")
		self.assertEqual((self.dir / "v0/data/journal/data.mdb").read_bytes(), before)

	def test_keeps_a_configuration_that_is_there(self):
		(self.dir / "v0/unciad.conf").write_text("[node]\nlisten = 127.0.0.1:7999\n")
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--first-start")
		self.assertEqual((self.dir / "v0/unciad.conf").read_text(), "[node]\nlisten = 127.0.0.1:7999\n")

	def test_options_that_a_configuration_contradicts_are_refused_and_others_are_not(self):
		text = "[node]\nlisten = 127.0.0.1:7999\nlisten_websocket = h:7500\n[peer.1]\naddress = h:1\n"
		(self.dir / "v0/unciad.conf").write_text(text)
		base = ["init", "--home", "v0", "--genesis", "g", "--first-start"]
		for options, named in ((["--listen", "0.0.0.0:7400"], "--listen 0.0.0.0:7400"),
				(["--listen-websocket", "h:7501"], "--listen-websocket h:7501"), (["--peer", "1=h:2"], "--peer 1=h:2"),
				(["--peer", "1=h:1", "--peer", "2=h:2"], "--peer 2=h:2")):
			with self.subTest(options):
				self.refuses(2, f"{named}: v0/unciad.conf is there already, is kept, and does not say so", *base, *options)
				self.assertFalse((self.dir / "v0/data").exists())
		self.assertEqual((self.dir / "v0/unciad.conf").read_text(), text)
		self.run_unciad(*base, "--listen", "127.0.0.1:7999", "--listen-websocket", "h:7500", "--peer", "1=h:1")

	def test_writes_addresses_into_the_configuration(self):
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--listen", "[::]:7001", "--peer", "1=127.0.0.2:7002",
			"--peer", "3=[::1]:7003", "--first-start")
		parsed = configparser.ConfigParser()
		parsed.read(self.dir / "v0/unciad.conf")
		self.assertEqual(parsed["node"]["listen"], "[::]:7001")
		self.assertEqual(parsed["peer.1"]["address"], "127.0.0.2:7002")
		self.assertEqual(parsed["peer.3"]["address"], "[::1]:7003")
		self.assertNotIn("peer.2", parsed)

	def test_takes_up_again_what_was_cut_short(self):
		(self.dir / "v0/genesis").write_bytes((self.dir / "g").read_bytes())
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--first-start")
		self.run_unciad("check", "--home", "v0")

	def test_refuses_what_does_not_fit(self):
		self.keygen("stranger")
		genesis = (self.dir / "g").read_bytes()
		(self.dir / "damaged").write_bytes(genesis[:3] + b"\xff" + genesis[4:])  # the size of the name
		for name, version in (("newer", b"\4"), ("older", b"\2"), ("far", b"\xff\xff\xff\xff\x0f")):
			(self.dir / name).write_bytes(genesis[:1] + version + genesis[2:])
		(self.dir / "short").write_bytes(genesis[:-1])
		(self.dir / "empty").write_bytes(b"")
		for code, message, options in (
			(2, "--home is missing", ["--genesis", "g"]),
			(2, "--genesis is missing", ["--home", "v0"]),
			(1, "nothing: No such file", ["--home", "v0", "--genesis", "nothing"]),
			(1, "not a regular file", ["--home", "v0", "--genesis", "/dev/zero"]),
			(1, "damaged: not a genesis file", ["--home", "v0", "--genesis", "damaged"]),
			(1, "newer: a genesis of version 4 of the rules, and this program keeps those of version 3: use the release "
				"of unciad that the network runs", ["--home", "v0", "--genesis", "newer"]),
			(1, "older: a genesis of version 2 of the rules", ["--home", "v0", "--genesis", "older"]),
			(1, "far: a genesis of version 4294967295 of the rules", ["--home", "v0", "--genesis", "far"]),
			(1, "short: not a genesis file", ["--home", "v0", "--genesis", "short"]),
			(1, "empty: not a genesis file", ["--home", "v0", "--genesis", "empty"]),
			(1, "unciad keygen", ["--home", "nowhere", "--genesis", "g"]),
			(1, "is not one of the genesis", ["--home", "stranger", "--genesis", "g"]),
			(2, "--listen 7400: not HOST:PORT", ["--home", "v0", "--genesis", "g", "--listen", "7400"]),
			(2, "--peer 4=…", ["--home", "v0", "--genesis", "g", "--peer", "4=h:1"]),
			(2, "--peer 1=h:2: the address of validator 1 is given twice", ["--home", "v0", "--genesis", "g", "--peer",
				"1=h:1", "--peer", "1=h:2"]),
			(2, "--peer x=h:1: not INDEX=HOST:PORT", ["--home", "v0", "--genesis", "g", "--peer", "x=h:1"]),
			(2, "--listen 256.1.1.1:8999: its host is neither an IP address nor a name", ["--home", "v0", "--genesis", "g",
				"--listen", "256.1.1.1:8999"]),
			(2, "--listen-websocket has the port of --listen", ["--home", "v0", "--genesis", "g", "--first-start",
				"--listen-websocket", "h:7400"])):
			with self.subTest(options=options):
				self.refuses(code, message, "init", *options)
				self.assertFalse((self.dir / "v0/data").exists())
		# All of IPv4 is no address of IPv6; all of IPv6 is every address.
		self.refuses(2, "--listen-websocket has the port", "init", "--home", "stranger", "--genesis", "g", "--observer", "--listen", "[::]:9",
			"--listen-websocket", "127.0.0.1:9")
		self.run_unciad("init", "--home", "stranger", "--genesis", "g", "--observer", "--listen", "0.0.0.0:9", "--listen-websocket",
			"[::1]:9")

	def test_refuses_a_home_of_another_network(self):
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--first-start")
		self.run_unciad("genesis", "--name", "other", "--output", "h", "--account", f"{ALICE}=1", *self.validators)
		self.refuses(1, "v0 belongs to another network", "init", "--home", "v0", "--genesis", "h")
		(self.dir / "v0/genesis").write_bytes((self.dir / "h").read_bytes())
		self.refuses(7, "v0/data/journal: belongs to another network", "check", "--home", "v0")

	def test_refuses_a_network_key_that_is_not_the_one_of_the_genesis(self):
		(self.dir / "v0/network.key").unlink()
		self.keygen("v0")
		self.refuses(7, "v0/consensus.key is that of validator 0, and v0/network.key is of no validator", "init", "--home", "v0", "--genesis", "g")


class Check(UnciadTest):
	def setUp(self):
		super().setUp()
		self.make_genesis()
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--first-start")

	def test_an_empty_ledger_is_well(self):
		checked = self.run_json("check", "--home", "v0")
		self.assertTrue(checked["ok"])
		self.assertEqual((checked["height"], checked["supply"]), (0, "100.000000"))
		self.assertEqual(sorted(os.listdir(self.dir / "v0")),
			["consensus.key", "data", "genesis", "lock", "network.key", "unciad.conf"])

	def test_finds_a_flipped_byte_in_the_state(self):
		path = self.dir / "v0/data/state/data.mdb"
		data = bytearray(path.read_bytes())
		account = data.index(bytes(range(20)))  # Alice's entry
		data[account] ^= 1
		path.write_bytes(data)
		self.refuses(7, "checksum", "check", "--home", "v0")
		self.refuses(7, "put data/state back from any copy of this home, however old", "check", "--home", "v0")
		self.assertNotIn("docs/", self.run_json("check", "--home", "v0", code=7)["failure"])

	def test_a_damaged_journal_is_said_with_what_to_do(self):
		for name in ("seal", "log.seal"):
			path = self.dir / "v0/data/journal" / name
			kept = path.read_bytes()
			path.write_bytes(b"nothing")
			for command in ("start", "status", "check"):
				with self.subTest(name, command=command):
					_, err = self.run_unciad(command, "--home", "v0", code=7)
					self.assertIn("journal: its ", err)
					self.assertIn("Without all of its votes this key must not vote again, and an older copy does not have them", err)
					self.assertIn('"A damaged journal or state" in docs/operating.md', err)
					self.assertEqual(err.count("\n"), 1, err)
			path.write_bytes(kept)
		self.run_unciad("check", "--home", "v0")

	def test_finds_a_truncated_database(self):
		path = self.dir / "v0/data/state/data.mdb"
		with open(path, "r+b") as file:
			file.truncate(os.path.getsize(path) // 2)
		self.refuses(7, "state", "check", "--home", "v0")
		checked = self.run_json("check", "--home", "v0", code=7)
		self.assertIs(checked["ok"], False)
		self.assertIn("truncated", checked["failure"])

	def test_refuses_what_is_no_home(self):
		self.refuses(1, "not a validator's home", "check", "--home", "nowhere")
		self.refuses(1, "v1 has keys and no genesis yet: fill it with  unciad init --home v1", "check", "--home", "v1")


class Status(UnciadTest):
	def setUp(self):
		super().setUp()
		self.make_genesis()
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--listen", f"127.0.0.1:{free_port()}",
			"--first-start")

	def test_a_stopped_home_is_read(self):
		status = self.run_json("status", "--home", "v0")
		checked = self.run_json("check", "--home", "v0")
		self.assertEqual((status["running"], status["height"], status["accounts"]), (False, 0, 1))
		self.assertFalse(status["second_chain"])
		self.assertEqual((status["state_root"], status["block"]), (checked["state_root"], checked["block"]))
		out, _ = self.run_unciad("status", "--home", "v0")
		self.assertTrue(out.startswith("stopped\n"), out)

	def test_a_copy_of_a_running_home_is_not_the_running_one(self):
		"""It has the same keys and the same address; who holds its lock is nobody."""
		(self.dir / "v0/genesis").unlink()
		shutil.rmtree(self.dir / "v0/data")
		self.run_unciad("genesis", "--name", "one", "--output", "one", "--account", f"{ALICE}=100", *self.validators[:2])
		self.run_unciad("init", "--home", "v0", "--genesis", "one", "--first-start")
		shutil.copytree(self.dir / "v0", self.dir / "copy")
		with subprocess.Popen([BIN / "unciad", "start", "--home", "v0"], cwd=self.dir, stderr=subprocess.DEVNULL) as process:
			try:
				running = self.until(lambda: (s := self.any_status("v0"))["running"] and s, "it to run")
				self.assertEqual(running["pid"], process.pid)
				self.assertIs(self.status("copy")["running"], False)
				(self.dir / "v0/data").rename(self.dir / "moved")  # it runs all the same
				self.assertIs(self.status("v0")["running"], True)
				(self.dir / "moved").rename(self.dir / "v0/data")
			finally:
				process.terminate()
		self.assertEqual(process.returncode, 0)
		self.assertIs(self.status("v0")["running"], False)

	def any_status(self, home):
		"""Of one that may only be starting."""
		done = subprocess.run([BIN / "unciad", "status", "--home", home, "--json"], cwd=self.dir, stdout=subprocess.PIPE,
			stderr=subprocess.DEVNULL, text=True)
		return {"running": False, **json.loads(done.stdout)}

	def test_a_home_in_use_that_does_not_answer_is_not_reachable(self):
		with open(self.dir / "v0/lock", "r+") as lock:
			fcntl.flock(lock, fcntl.LOCK_EX)
			self.refuses(6, "does not answer", "status", "--home", "v0")
			self.refuses(1, "is in use by process", "check", "--home", "v0")

	def test_a_port_that_takes_the_connection_and_says_nothing_is_given_up(self):
		with socket.create_server(("127.0.0.1", 0)) as silent:
			(self.dir / "v0/unciad.conf").write_text(f"[node]\nlisten = 127.0.0.1:{silent.getsockname()[1]}\n")
			with open(self.dir / "v0/lock", "r+") as lock:
				fcntl.flock(lock, fcntl.LOCK_EX)
				self.refuses(6, "does not answer", "status", "--home", "v0")

	def test_every_mistake_in_the_configuration_is_named_with_its_line(self):
		for line, message, text in (
			(2, "unknown key 'listne'", "[node]\nlistne = 127.0.0.1:7001"),
			(3, "listen is given twice", "[node]\nlisten = h:1\nlisten = h:2"),
			(2, "listen = nowhere: not HOST:PORT", "[node]\nlisten = nowhere"),
			(2, "listen = h:65536: not HOST:PORT", "[node]\nlisten = h:65536"),
			(4, "log_level = loud", "# a comment\n\n[node]\nlog_level = loud"),
			(3, "log_level is given twice", "[node]\nlog_level = info\nlog_level = info"),
			(2, "verifier_threads = 0: not a number from 1 to 256", "[node]\nverifier_threads = 0"),
			(2, "mempool_max = 1e3", "[node]\nmempool_max = 1e3"),
			(2, "journal_log_kb = 65537: not a number from 16 to 65536", "[node]\njournal_log_kb = 65537"),
			(3, "delta_ms is given twice", "[node]\ndelta_ms = 1\ndelta_ms = 2"),
			(3, "heartbeat_ms is given twice", "[node]\nheartbeat_ms = 100\n  heartbeat_ms = 200"),
			(1, "unknown section [nodes]", "[nodes]\nlisten = h:1"),
			(3, "unknown section [nodes]", "[node]\nlisten = h:1\n[nodes]"),
			(1, "something stands behind the [section]", "[node] here"),
			(2, "listen = h:1 ; here: not HOST:PORT", "[node]\nlisten = h:1 ; here"),
			(2, "listen = [h]:1: not HOST:PORT", "[node]\nlisten = [h]:1"),
			(2, "listen = h:01: not HOST:PORT", "[node]\nlisten = h:01"),
			(2, "there is no value behind '='", "[node]\nlisten ="),
			(2, "there is no key before '='", "[node]\n= h:1"),
			(1, "stands before any [section]", "listen = h:1"),
			(1, "section [peer.4]: the committee's members are 0 to 3", "[peer.4]\naddress = h:1"),
			(3, "listen_websocket has the port of listen (h:7): WebSockets need one of their own",
				"[node]\nlisten = h:7\nlisten_websocket = h:7\n[peer.1]\naddress = h:7"),
			(2, "the port of listen (0.0.0.0:7400)", "[node]\nlisten_websocket = 127.0.0.1:7400"),
			(2, "the port of listen (h:7)", "[node]\nlisten_websocket = [::]:7\nlisten = h:7"),
			(2, "listen = 256.1.1.1:7: its host is neither an IP address nor a name", "[node]\nlisten = 256.1.1.1:7"),
			(2, "address = 1.2.3.4.5:7: its host is neither", "[peer.1]\naddress = 1.2.3.4.5:7"),
			(1, "section [peer.x]", "[peer.x]"),
			(1, "section [peer.01]", "[peer.01]\naddress = h:1"),
			(2, "unknown key 'host' in section [peer.1]", "[peer.1]\nhost = h:1"),
			(2, "address = h: not HOST:PORT", "[peer.1]\naddress = h"),
			(5, "the address of peer 1 is given twice", "[peer.1]\naddress = h:1\n\n[peer.1]\naddress = h:2"),
			(2, "neither a [section] nor key = value", "[node]\nlisten"),
			(1, "neither a [section] nor key = value", "[node"),
			(2, "neither a [section] nor key = value", "[node]\nlisten: h:1"),
			(2, "the line is longer than 200 bytes", "[node]\n#" + "x" * 200),
			(2, "there is a control character in it", "[node]\n# \x1b"),
		):
			with self.subTest(text=text):
				(self.dir / "v0/unciad.conf").write_text(text + "\n")
				self.refuses(2, message, "status", "--home", "v0")
				_, err = self.run_unciad("status", "--home", "v0", code=2)
				self.assertEqual(err.count("\n"), 1, err)
				self.assertIn(f"v0/unciad.conf:{line}: ", err)

	def test_every_key_of_the_configuration_is_taken(self):
		(self.dir / "v0/unciad.conf").write_text(
			f"\ufeff; comment\r\n[node]\n# another, \u017e\n  listen=127.0.0.1:{free_port()}\nlog_level = debug\nverifier_threads = 2\n"
			"wallet_links = 10\nspace_reserve_mb = 1\nmempool_max = 100\nmempool_per_sender_max = 10\ndelta_ms = 100\n"
			"heartbeat_ms = 500\nsettle_ms = 20\npace_ms = 8\nflush_ms = 500\njournal_log_kb = 64\n[peer.1]\naddress = [::1]:7001\n[peer.3]\naddress = h:7003")
		self.run_unciad("status", "--home", "v0")

	def test_refuses_a_missing_or_open_key_file(self):
		(self.dir / "v0/network.key").chmod(0o644)
		self.refuses(1, "chmod 600 v0/network.key", "status", "--home", "v0")
		(self.dir / "v0/network.key").unlink()
		self.refuses(7, "v0/network.key: not there", "status", "--home", "v0")

	def test_a_key_that_is_gone_is_not_made_anew(self):
		for name in "network.key", "consensus.key":
			key = self.dir / "v0" / name
			kept = key.read_bytes()
			key.unlink()
			for command in "start", "status", "check", "keygen":
				with self.subTest(name, command=command):
					self.refuses(7, f"v0/{name}: not there, and this home has its genesis already: put your copy",
						command, "--home", "v0")
					self.assertFalse(key.exists())
			key.write_bytes(kept)
			key.chmod(0o600)


if __name__ == "__main__":
	unittest.main()
