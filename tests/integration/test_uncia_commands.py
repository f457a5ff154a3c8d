"""uncia without a network: what it makes, and every input that it refuses, with the exit code and the sentence."""
import base64
import fcntl
import json
import os
import pathlib
import pty
import re
import stat
import subprocess
import time
import unittest

import verify_receipt as spec
from unciad import ALICE, BIN, BOB, address
from uncia import ADDRESS, WORDS, UnciaTest
from vector_ciphers import siphash

SAMPLES = BIN.parent / "tests" / "receipt_samples"
MISTYPED = ALICE[:-1] + ("q" if ALICE[-1] != "q" else "p")
ID = "0123456789abcdef" * 4


def samples(task):
	return subprocess.run([SAMPLES, task], capture_output=True, text=True, check=True).stdout


class Arguments(UnciaTest):
	def names(self):
		out, _ = self.uncia("--help")
		return [re.split(r"  +", line)[1] for line in out.splitlines() if line.startswith("  ")]

	def test_help_lists_every_command_and_each_has_its_own(self):
		names = self.names()
		self.assertEqual(names, ["init", "restore", "address", "balance", "send", "status", "wait", "history", "watch",
			"receipt export", "receipt verify", "request", "request check", "notice", "notice check", "claim new", "claim show", "claim take",
			"claim cancel", "claim list", "hold key", "hold open", "hold take", "hold return", "hold list", "contact add", "contact list",
			"contact show", "contact remove", "contact export", "contact read", "contact code", "contact pin", "contact pins", "contact unpin",
			"completion", "version"])
		for name in names:
			for arguments in ([*name.split(), "--help"], ["--help", *name.split()], [*name.split(), "-h", "x", "y"]):
				out, _ = self.uncia(*arguments)
				self.assertTrue(out.startswith(f"uncia {name}: "), out)
				for option in ("--wallet", "--network", "--json", "--help"):
					self.assertIn(option, out)
		self.assertEqual(self.uncia("help"), self.uncia("--help"))
		self.assertIn("receipt verify", self.uncia("receipt", "--help")[0])

	def test_no_command_and_an_unknown_one_are_usage_errors(self):
		self.uncia_refuses(2, "usage: uncia")
		self.uncia_refuses(2, "usage: uncia receipt", "receipt")
		self.uncia_refuses(2, "frobnicate: no such command", "frobnicate")
		self.uncia_refuses(2, "no command is given", "--json")
		self.assertEqual(self.uncia("--version"), self.uncia("version"))
		self.assertEqual(self.uncia_json("--version"), self.uncia_json("version"))
		self.uncia_refuses(2, "--version: unknown option", "address", "--version")
		self.uncia_refuses(2, "receipt frobnicate: no such command", "receipt", "frobnicate")

	def test_help_says_what_may_be_left_out_and_each_code(self):
		self.assertIn("uncia send ADDRESS [AMOUNT] [OPTION...]", self.uncia("send", "--help")[0])
		for verb in ("balance", "send", "status", "wait", "receipt export", "notice check", "claim new", "claim take", "claim cancel", "hold open",
			"hold take", "hold return"):
			self.assertRegex(self.uncia(*verb.split(), "--help")[0], r"\b6 (where\s+)?no\s+validator")

	def test_unknown_options_and_arguments_are_usage_errors(self):
		self.uncia_refuses(2, "--walet: unknown option", "--walet", "w", "address")
		self.uncia_refuses(2, "--foo: unknown option", "address", "--foo")
		self.uncia_refuses(2, "--memo: unknown option", "address", "--memo", "x")
		self.uncia_refuses(2, "x: unexpected argument", "address", "x")
		self.uncia_refuses(2, "expected ADDRESS [AMOUNT]", "send")
		self.uncia_refuses(2, "AMOUNT is missing", "send", ALICE)
		self.uncia_refuses(2, "expected ID", "status")
		self.uncia_refuses(2, "expected NAME ADDRESS", "contact", "add", "anna")
		self.uncia_refuses(2, "--wallet: missing argument", "address", "--wallet")
		self.uncia_refuses(2, "--wallet is given twice", "--wallet", "a", "address", "--wallet", "b")
		self.uncia_refuses(2, "--wallet is empty", "address", "--wallet", "")

	def test_options_of_all_commands_may_stand_before_and_after(self):
		made = self.wallet("w")
		for arguments in (["--wallet", "w", "--json", "address"], ["address", "--json", "--wallet", "w"],
			["--json", "address", "--wallet=w"]):
			self.assertEqual(json.loads(self.uncia(*arguments)[0]), {"v": 1, "address": made})
		self.assertEqual(self.uncia("contact", "--wallet", "w", "list"), ("", ""))

	def test_the_home_comes_from_the_environment_too(self):
		first, second = self.wallet(".uncia"), self.wallet("w")
		self.assertEqual(self.uncia("address")[0], first + "\n")
		self.assertEqual(self.uncia("address", UNCIA_WALLET="w")[0], second + "\n")
		self.assertEqual(self.uncia("--wallet", ".uncia", "address", UNCIA_WALLET="w")[0], first + "\n")

	def test_version_is_text_or_json(self):
		version = self.uncia_json("version")["version"]
		self.assertEqual(self.uncia("version")[0], f"uncia {version}\n")

	def test_a_full_standard_output_is_a_failure(self):
		with open("/dev/full", "w") as full:
			done = subprocess.run([BIN / "uncia", "version"], stdout=full, stderr=subprocess.PIPE, text=True)
		self.assertEqual(done.returncode, 1)
		self.assertIn("standard output", done.stderr)

	def test_words_that_could_not_be_shown_are_said_to_be_lost(self):
		for options in ([], ["--json"]):
			with open("/dev/full", "w") as full:
				done = subprocess.run([BIN / "uncia", "--wallet", "w", "init", "--no-passphrase", *options], cwd=self.dir,
					stdout=full, stderr=subprocess.PIPE, text=True)
			self.assertEqual(done.returncode, 1)
			self.assertIn("remove w/key and make another", done.stderr)
			(self.dir / "w/key").unlink()

	def test_completion_offers_what_may_follow(self):
		def words(*line):
			return self.uncia("completion", "words", "--", *line)[0].split()
		self.assertEqual(words("re"), ["restore", "receipt", "request"])
		self.assertEqual(words("receipt", ""), ["export", "verify"])
		self.assertEqual(words("--wallet", "send", "con"), ["contact"])
		self.assertEqual(words("completion", ""), ["bash", "zsh", "fish", "man"])
		self.assertEqual(words("init", "--words", ""), ["12", "24"])
		self.assertEqual(words("wait", "--"), ["--timeout", "--wallet", "--network", "--json", "--help"])
		self.assertEqual(words("send", "--memo", "--"), [])
		self.assertEqual((words("notice", "")[:1], words("notice", "check", "--fr"), words("notice", "x", "--fr")), (["check"], ["--from"], []))
		self.assertEqual(words("frobnicate", ""), [])
		self.uncia_refuses(2, "none of bash, zsh, fish and man", "completion", "csh")
		for shell in ("bash", "zsh", "fish"):
			self.assertIn("uncia completion words", self.uncia("completion", shell)[0])

	def test_completion_works_in_bash(self):
		script = self.uncia("completion", "bash")[0]
		done = subprocess.run(["bash", "-c", f"{script}COMP_WORDS=(uncia --json con); COMP_CWORD=2; _uncia; "
			"echo \"${COMPREPLY[@]}\""], capture_output=True, text=True, env={"PATH": f"{BIN}:{os.environ['PATH']}"})
		self.assertEqual((done.stdout, done.stderr), ("contact\n", ""))


	def test_the_manual_page_has_every_command_and_option(self):
		page = self.uncia("completion", "man")[0].replace("\\", "")
		for name in self.names():
			self.assertIn(f"\n## {name} ", page)
			for option in re.findall(r"--[a-z-]+", self.uncia(*name.split(), "--help")[0]):
				self.assertIn(f"*{option}*", page)


class Make(UnciaTest):
	def test_shows_words_once_that_restore_the_wallet(self):
		for count in (12, 24):
			made = self.uncia_json("--wallet", f"w{count}", "init", "--no-passphrase", "--words", count)
			self.assertEqual(len(made["words"].split()), count)
			restored = self.uncia_json("--wallet", f"r{count}", "restore", "--no-passphrase", stdin=made["words"].upper())
			self.assertEqual(restored, {"v": 1, "address": made["address"]})
		out, _ = self.uncia("--wallet", "human", "init", "--no-passphrase")
		self.assertIn("Write these words down", out)
		self.assertEqual(len(out.splitlines()[3].split()), 12)
		self.assertNotIn(out.splitlines()[3].split()[0] + " " + out.splitlines()[3].split()[1],
			self.uncia("--wallet", "human", "address")[0])

	def test_the_home_and_the_key_are_private(self):
		self.wallet("w")
		self.assertEqual(stat.S_IMODE(os.stat(self.dir / "w").st_mode), 0o700)
		self.assertEqual(stat.S_IMODE(os.stat(self.dir / "w/key").st_mode), 0o600)

	def test_never_writes_over_a_wallet(self):
		made = self.wallet("w")
		before = (self.dir / "w/key").read_bytes()
		self.uncia_refuses(1, "there is a wallet in w already; nothing was changed", "--wallet", "w", "init", "--no-passphrase")
		self.uncia_refuses(1, "there is a wallet in w already", "--wallet", "w", "restore", "--no-passphrase", stdin=WORDS)
		self.assertEqual((self.dir / "w/key").read_bytes(), before)
		self.assertEqual(self.uncia("--wallet", "w", "address")[0], made + "\n")

	def test_restores_from_standard_input_or_a_file(self):
		(self.dir / "words").write_text(WORDS.replace(" ", "\n") + "\n")
		self.assertEqual(self.uncia_json("--wallet", "a", "restore", "--no-passphrase", stdin=WORDS)["address"], ADDRESS)
		self.assertEqual(self.uncia_json("--wallet", "b", "restore", "--no-passphrase", "--words-file", "words")["address"],
			ADDRESS)

	def test_says_what_is_wrong_with_words_and_shows_none(self):
		for message, words in (
			("word 12 of 12 is not in the list", WORDS.replace("about", "abuot")),
			("word 1 of 12 is not in the list", "á" + WORDS[1:]),
			("word 3 of 12 is not in the list", WORDS.replace("abandon abandon abandon", "abandon abandon hunterx", 1)),
			("checksum is wrong", WORDS.replace("about", "zoo")),
			("12 or 24; these are 11", WORDS.replace(" about", "")),
			("12 or 24; these are 13", WORDS + " zoo"),
			("12 or 24; these are 0", ""),
			("too long", WORDS + " " * 2000),
			("not text", WORDS + "\0")):
			with self.subTest(message):
				self.uncia_refuses(2, message, "--wallet", "w", "restore", "--no-passphrase", stdin=words)
				_, err = self.uncia("--wallet", "w", "restore", "--no-passphrase", stdin=words, code=2)
				for secret in ("abandon", "abuot", "bandon", "hunter", "zoo"):
					self.assertNotIn(secret, err)
				self.assertFalse((self.dir / "w").exists())
		self.uncia_refuses(2, "the file of --words-file: No such file", "--wallet", "w", "restore", "--words-file", "nothing")

	def test_takes_words_as_they_were_written_down(self):
		words = WORDS.split()
		for number, text in enumerate(("".join(f"{i + 1}. {word}\r\n" for i, word in enumerate(words)), ", ".join(words) + ".",
			" ".join(word[:4].upper() for word in words), "\ufeff" + WORDS, "\u00a0".join(words), "> " + "\n> ".join(words))):
			with self.subTest(text):
				(self.dir / "words").write_bytes(text.encode())
				self.assertEqual(self.uncia_json("--wallet", f"w{number}", "restore", "--no-passphrase", "--words-file", "words")["address"],
					ADDRESS)

	def test_secrets_in_the_wrong_place_are_not_shown_again(self):
		for arguments in (["restore", *WORDS.split()], ["restore", WORDS], ["init", WORDS], ["init", "--words", WORDS],
			["restore", "--words-file", WORDS], ["init", "--words", "abandon"], ["restore", f"--words={WORDS}"],
			["restore", f"--no-passphrase={WORDS}"], ["restore", "-abandon"], [WORDS],
			[f"--seed={WORDS}", "restore"], ["receipt", WORDS]):
			for json in ([], ["--json"]):
				out, err = self.uncia("--wallet", "w", *json, *arguments, code=2)
				self.assertNotIn("abandon", out + err)
		_, err = self.uncia("--wallet", "w", "init", code=2, UNCIA_PASSPHRASE_FILE="correct horse battery")
		self.assertNotIn("horse", err)
		self.assertIn("the file of $UNCIA_PASSPHRASE_FILE: No such file", err)

	def test_refuses_other_counts_of_words(self):
		for count in ("0", "13", "25", "-12", "x", "", "12 "):
			self.uncia_refuses(2, "--words", "--wallet", "w", "init", "--no-passphrase", "--words", count)
		self.assertFalse((self.dir / "w").exists())

	def test_refuses_homes_that_cannot_be(self):
		(self.dir / "file").write_text("")
		self.uncia_refuses(1, "file:", "--wallet", "file", "init", "--no-passphrase")
		self.uncia_refuses(1, "missing/home:", "--wallet", "missing/home", "init", "--no-passphrase")
		(self.dir / "open").mkdir(mode=0o755)
		self.uncia_refuses(1, "chmod 700 open", "--wallet", "open", "init", "--no-passphrase")
		self.assertEqual(os.listdir(self.dir / "open"), [])


class Passphrase(UnciaTest):
	def setUp(self):
		super().setUp()
		(self.dir / "right").write_text("correct horse\n")
		(self.dir / "wrong").write_text("correct hoarse\n")
		(self.dir / "empty").write_text("\n")
		(self.dir / "long").write_text("x" * 2000)
		self.network = self.silent_network()
		self.send = ["--wallet", "w", "--network", self.network, "send", ALICE, "1", "--timeout", "1"]

	def test_none_and_unusable_ones_make_no_wallet(self):
		for message, environment in (("UNCIA_PASSPHRASE_FILE", {}), ("PASSPHRASE_FILE: No such", {"UNCIA_PASSPHRASE_FILE": "nothing"}),
			("passphrase is empty", {"UNCIA_PASSPHRASE_FILE": "empty"}), ("too long", {"UNCIA_PASSPHRASE_FILE": "long"})):
			self.uncia_refuses(2, message, "--wallet", "w", "init", **environment)
			self.uncia_refuses(2, message, "--wallet", "w", "restore", stdin=WORDS, **environment)
			self.assertFalse((self.dir / "w").exists())

	def test_opens_with_the_right_one_only_and_a_wrong_one_writes_nothing(self):
		self.uncia("--wallet", "w", "init", UNCIA_PASSPHRASE_FILE="right")
		self.uncia("--wallet", "w", "--network", self.network, "balance", code=6)  # binds the home
		before = {name: (self.dir / "w" / name).read_bytes() for name in os.listdir(self.dir / "w")}
		_, err = self.uncia(*self.send, code=1, UNCIA_PASSPHRASE_FILE="wrong")
		self.assertEqual(err, "uncia: the passphrase does not open the wallet in w\n")
		self.uncia_refuses(2, "UNCIA_PASSPHRASE_FILE", *self.send)
		self.uncia_refuses(6, "nothing was sent", *self.send, UNCIA_PASSPHRASE_FILE="right")
		self.assertEqual({name: (self.dir / "w" / name).read_bytes() for name in os.listdir(self.dir / "w")}, before)

	def test_is_the_same_however_it_is_composed_and_its_file_ends(self):
		self.uncia("--wallet", "w", "init", UNCIA_PASSPHRASE_FILE="right")
		texts = {"nfc": "Zo\u00eb caf\u00e9", "nfd": "Zoe\u0308 cafe\u0301\n", "bom": "\ufeffZo\u00eb caf\u00e9\r\n",
			"nbsp": "Zo\u00eb\u00a0caf\u00e9\r\nsecond line\n"}
		for name, text in texts.items():
			(self.dir / name).write_bytes(text.encode())
		for made in texts:
			send = ["--wallet", f"w{made}", "--network", self.network, "send", ALICE, "1", "--timeout", "1"]
			self.uncia("--wallet", f"w{made}", "init", UNCIA_PASSPHRASE_FILE=made)
			self.uncia_refuses(6, "nothing was sent", *send, UNCIA_PASSPHRASE_FILE="nfd" if made != "nfd" else "bom")
		(self.dir / "mark").write_bytes(b"\xef\xbb\xbf\n")
		self.uncia_refuses(2, "passphrase is empty", "--wallet", "x", "init", UNCIA_PASSPHRASE_FILE="mark")
	def test_the_address_of_a_sealed_home_is_what_the_seal_says(self):
		made = self.uncia_json("--wallet", "w", "init", UNCIA_PASSPHRASE_FILE="right")["address"]
		self.uncia("--wallet", "o", "init", UNCIA_PASSPHRASE_FILE="right")
		for command in (["address"], ["--network", self.network, "request", "1"], ["contact", "export"]):
			self.uncia_refuses(2, "UNCIA_PASSPHRASE_FILE", "--wallet", "w", *command)
			self.uncia_refuses(1, "the passphrase does not open", "--wallet", "w", *command, UNCIA_PASSPHRASE_FILE="wrong")
			told = self.uncia_json("--wallet", "w", *command, UNCIA_PASSPHRASE_FILE="right")["address"]
			self.assertEqual(told[:36], made[:36])  # all of the account, whatever the reference
		err = self.uncia("--wallet", "w", "--network", self.network, "send", made, "1", "--timeout", "1", code=6,
			UNCIA_PASSPHRASE_FILE="right")[1]
		self.assertIn("(this wallet's own address)", err)
		# Whoever can write the home puts another's public key into it, under a checksum that holds.
		own, others = [(self.dir / home / "key").read_bytes()[40:] for home in ("w", "o")]
		self.assertEqual((own[-68:-66], own[-34:-32]), (b"\x3a\x20", b"\x42\x20"))  # the key, and what is sealed behind it
		changed = own[:-66] + others[-66:-34] + own[-34:]
		(self.dir / "w/key").write_bytes(b"uncia-1\n" + spec.tagged_hash("record", b"key\0", changed) + changed)
		for command in (["address"], ["request", "1"], ["contact", "export"]):
			for passphrase in ("right", "wrong"):
				self.uncia_refuses(1, "the passphrase does not open", "--wallet", "w", *command, UNCIA_PASSPHRASE_FILE=passphrase)

	def test_a_key_that_is_not_sealed_is_not_the_one_that_was(self):
		self.uncia("--wallet", "w", "init", UNCIA_PASSPHRASE_FILE="right")
		other = self.uncia_json("--wallet", "o", "init", "--no-passphrase")["address"]
		(self.dir / "w/key").write_bytes((self.dir / "o/key").read_bytes())
		for command in (["address"], ["--network", self.network, "request", "1"], ["contact", "export"], ["--network", self.network, "send", ALICE, "1", "--timeout", "1"]):
			_, err = self.uncia("--wallet", "w", *command, code=1, UNCIA_PASSPHRASE_FILE="right")
			self.assertIn("the key in w is not sealed", err)
			self.assertNotIn(other, err)
		self.assertIn(other, self.uncia("--wallet", "o", "address")[0])

	def test_is_asked_for_twice_on_a_terminal_and_never_shown(self):
		for again, code, message in (("other", 2, "not the same"), ("s3cret", 0, "Write these words down")):
			pid, terminal = pty.fork()
			if not pid:
				os.chdir(self.dir)
				os.execve(BIN / "uncia", ["uncia", "--wallet", "t", "init"], self.environment)
			shown = self.answer(terminal, [("Passphrase: ", "s3cret\n"), ("again: ", again + "\n")])
			self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), code, shown)
			self.assertIn(message, shown)
			self.assertNotIn("s3cret", shown)

	def answer(self, terminal, answers):
		"""Types each answer once its question is there. Returns all that was shown."""
		shown = ""
		while True:
			try:
				data = os.read(terminal, 4096).decode()
			except OSError:  # the other side is closed
				os.close(terminal)
				return shown
			shown += data
			if answers and shown.endswith(answers[0][0]):
				os.write(terminal, answers.pop(0)[1].encode())


class Home(UnciaTest):
	def test_a_missing_wallet_is_said_and_no_directory_made(self):
		network = self.silent_network()
		for arguments in (["address"], ["balance"], ["history"], ["watch"], ["send", ALICE, "1"], ["status", ID], ["wait", ID],
			["receipt", "export", ID], ["request", "1"], ["contact", "list"], ["contact", "add", "anna", ALICE]):
			self.uncia_refuses(1, "there is no wallet in w; make one with uncia init", "--wallet", "w", "--network", network,
				*arguments)
		self.assertFalse((self.dir / "w").exists())
		(self.dir / "w").mkdir(mode=0o700)
		self.uncia_refuses(1, "there is no wallet in w", "--wallet", "w", "address")

	def test_a_key_that_others_can_read_is_refused(self):
		self.wallet("w")
		for mode in (0o640, 0o604, 0o666):
			(self.dir / "w/key").chmod(mode)
			self.uncia_refuses(1, "w/key: a secret file has the wrong permissions; what is in a wallet's home is for its owner alone: "
				"chmod -R u=rwX,go= w", "--wallet", "w", "address")
			self.uncia_refuses(1, "chmod -R u=rwX,go= w", "--wallet", "w", "init", "--no-passphrase")
		self.follow_advice()
		(self.dir / "w").chmod(0o755)
		self.uncia_refuses(1, "chmod 700 w", "--wallet", "w", "address")

	def follow_advice(self):
		"""What the message says that is to be done where others can read a file of the home; it works."""
		subprocess.run(["chmod", "-R", "u=rwX,go=", "w"], cwd=self.dir, check=True)
		self.assertEqual({stat.S_IMODE(path.stat().st_mode) for path in (self.dir / "w").iterdir()}, {0o600})
		self.uncia("--wallet", "w", "address")

	def log(self, *pieces):
		"""A home's log, as a process that was killed leaves it (wallet.md 7.1): acts of the pieces that are there."""
		key, log_id = b"uncia.home.v1\0\0\0", bytes(range(16))
		first = b"uncia-log-1\n" + log_id
		pages = [first + siphash(key, first).to_bytes(8, "big")]
		for number, (name, contents) in enumerate(pieces, 1):
			act = bytes([1, len(name)]) + len(contents).to_bytes(4, "big") + name + contents
			rest = log_id + number.to_bytes(8, "big") + len(act).to_bytes(8, "big") + act
			pages.append(siphash(key, rest).to_bytes(8, "big") + rest)
		self.secret_file("w/.log", b"".join(page.ljust(4096, b"\0") for page in pages))

	def test_a_log_that_others_can_read_is_named_and_the_advice_works(self):
		self.wallet("w")
		key = (self.dir / "w/key").read_bytes()
		self.log((b"key", key), (b"key", key))
		(self.dir / "w/.log").chmod(0o644)
		self.uncia_refuses(1, "w/.log: can be read by others; what is in a wallet's home is for its owner alone: chmod -R u=rwX,go= w",
			"--wallet", "w", "address")
		self.follow_advice()
		self.assertFalse((self.dir / "w/.log").exists())

	def test_a_damaged_log_says_what_can_be_done(self):
		self.wallet("w")
		address, key = self.uncia("--wallet", "w", "address")[0], (self.dir / "w/key").read_bytes()
		path = self.dir / "w/.log"
		for at, message in ((5000, "w/.log: is damaged: later records are there without earlier ones. "), (20, "w/.log: is damaged in its first page. ")):
			self.log((b"key", key), (b"key", key))
			whole = path.read_bytes()
			path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
			for command in (["address"], ["contact", "list"], ["init", "--no-passphrase"]):
				self.uncia_refuses(1, message, "--wallet", "w", *command)
				_, err = self.uncia("--wallet", "w", *command, code=1)
				self.assertIn("move w/.log away. Else have the wallet back from its recovery words, in a new home: uncia --wallet NEW restore", err)
			answer = self.uncia_json("--wallet", "w", "address", code=1)
			self.assertIn("uncia --wallet NEW restore", answer["error"])
			path.rename(self.dir / "moved")
			self.assertEqual(self.uncia("--wallet", "w", "address")[0], address)

	def damages(self, path, data):
		path.write_bytes(data)
		self.uncia_refuses(1, "damaged", "--wallet", "w", "address")

	def test_every_flipped_or_missing_byte_of_the_key_is_damage(self):
		self.uncia("--wallet", "w", "restore", "--no-passphrase", stdin=WORDS)
		path = self.dir / "w/key"
		whole = path.read_bytes()
		for at in range(len(whole)):
			self.damages(path, whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:])
		for size in (0, 1, 7, 8, 39, 40, len(whole) - 1):
			self.damages(path, whole[:size])
		self.damages(path, whole + b"\0")
		self.uncia_refuses(1, "move w/key away and have it back from its recovery words", "--wallet", "w", "address")
		self.uncia_refuses(1, "there is a damaged wallet in w already", "--wallet", "w", "init", "--no-passphrase")
		path.unlink()
		self.assertEqual(self.uncia_json("--wallet", "w", "restore", "--no-passphrase", stdin=WORDS)["address"], ADDRESS)

	def test_a_home_belongs_to_one_network(self):
		self.wallet("w")
		one, two = self.silent_network("one", "g1"), self.silent_network("two", "g2")
		self.uncia_refuses(6, "no validator could be reached", "--wallet", "w", "--network", one, "balance")
		self.uncia_refuses(2, "belongs to another network than", "--wallet", "w", "--network", two, "balance")


class NetworkFile(UnciaTest):
	def setUp(self):
		super().setUp()
		self.wallet("w")
		self.text = self.silent_network().read_text()

	def test_is_needed_where_the_network_is(self):
		for arguments in (["balance"], ["history"], ["watch"], ["send", ALICE, "1"], ["status", ID], ["wait", ID],
			["receipt", "export", ID], ["receipt", "verify", "x"]):
			self.uncia_refuses(2, "--network is missing, and so is $UNCIA_NETWORK", "--wallet", "w", *arguments)
			self.uncia_refuses(2, "nothing cannot be read", "--wallet", "w", "--network", "nothing", *arguments)
		self.uncia_refuses(2, "nothing cannot be read: not found", "--wallet", "w", "balance", UNCIA_NETWORK="nothing")
		self.uncia_refuses(2, "Not a directory", "--wallet", "w", "balance", UNCIA_NETWORK="w/key/no")
		self.uncia_refuses(1, "w cannot be read: Is a directory", "--wallet", "w", "balance", UNCIA_NETWORK="w")

	def test_a_mistake_is_named_with_its_line(self):
		lines = self.text.splitlines()
		at = next(i for i, line in enumerate(lines) if line.startswith("network_key"))
		for message, changed in (
			(f"line {at + 1}:", lines[:at] + ["network_key = 00"] + lines[at + 1:]),
			(f"line {at + 1}:", lines[:at] + ["color = red"] + lines[at + 1:]),
			("line 1:", ["nonsense"] + lines),
			("there is no genesis", [line for line in lines if not line.startswith("genesis")]),
			("bad: there is no validator in it: that is enough to verify receipts", lines[:lines.index("[validator.0]")])):
			with self.subTest(message):
				(self.dir / "bad").write_text("\n".join(changed) + "\n")
				for command in (["balance"], ["request", "1"], ["status", ID]):
					self.uncia_refuses(2, message, "--wallet", "w", "--network", "bad", *command)
		self.assertNotIn("network", os.listdir(self.dir / "w"))


class Paying(UnciaTest):
	def setUp(self):
		super().setUp()
		self.own = self.wallet("w")
		self.base = ["--wallet", "w", "--network", self.silent_network()]

	def test_refuses_mistyped_addresses(self):
		for text in (MISTYPED, "", "unc1", ALICE.upper()[:3] + ALICE[3:], "bc1" + ALICE[4:], ALICE + "q", "to " + ALICE, ALICE[:-1]):
			self.uncia_refuses(2, "is not a valid address", *self.base, "send", text, "1")
			self.uncia_refuses(2, "is not a valid address", *self.base, "contact", "add", "anna", text)
		self.uncia_refuses(2, "changed on the way", *self.base, "send", MISTYPED, "1")
		self.uncia_refuses(2, "does not begin with unc1", *self.base, "send", "bc1" + ALICE[4:], "1")
		self.uncia_refuses(2, "@anna: no such contact", *self.base, "send", "@anna", "1")

	def test_takes_addresses_requests_and_ids_through_what_programs_do_to_them(self):
		for number, text in enumerate((f" {ALICE}", f"{ALICE}.", f"<{ALICE}>", f"> {ALICE[:20]}\r\n> {ALICE[20:]}", f"\ufeff{ALICE}",
			f"{ALICE[:9]}\u200b{ALICE[9:]}", f"\u00a0{ALICE}\u00a0", ALICE.upper(), f"uncia:{ALICE}", f"UNCIA:{ALICE.upper()}")):
			with self.subTest(text):
				self.assertEqual(self.uncia_json(*self.base, "contact", "add", f"anna {number}", text)["address"], ALICE)
				request = f"<{text}?amount=2.5>." if "uncia" in text.lower() else f"uncia:{text}"
				self.assertEqual(self.uncia_json("request", "--read", request)["address"], ALICE)
		self.uncia_refuses(6, "nothing was sent", *self.base, "send", f"({ALICE}),", "1", "--timeout", "1")
		self.uncia_refuses(6, "nothing was sent", *self.base, "send", f"<uncia:{ALICE}?amount=2.5>.", "--timeout", "1")
		for text in (ID.upper(), f" {ID[:32]}\r\n{ID[32:]}.", f"<{ID}>"):
			self.uncia_refuses(6, "no validator could be reached", *self.base, "status", text)

	def test_refuses_wrong_amounts(self):
		for text in ("1.1234567", "abc", "", "1e3", "+1", ".5", "5.", "1,5", "0x1", " 1", "1 ", "18446744073709.551616",
			"99999999999999999999999", "١", "1.-5"):
			self.uncia_refuses(2, "is not an amount", *self.base, "send", ALICE, text)
			self.uncia_refuses(2, "is not an amount", *self.base, "request", text)
		for text in ("0", "0.0", "0.000000"):
			self.uncia_refuses(2, "the amount is zero", *self.base, "send", ALICE, text)
			self.uncia_refuses(2, "the amount is zero", *self.base, "request", text)
		for text in ("-1", "-0.5"):
			self.uncia_refuses(2, "cannot be negative", *self.base, "send", ALICE, text)
		self.uncia_refuses(2, "is not an amount", *self.base, "send", ALICE, "--", "-1")

	def test_refuses_options_out_of_range(self):
		for option, texts in (("--expires", ("0", "3601", "-1", "x", "", "1.5", "99999999999999999999")),
			("--timeout", ("86401", "-1", "x", ""))):
			for text in texts:
				self.uncia_refuses(2, option, *self.base, "send", ALICE, "1", f"{option}={text}")
		self.uncia_refuses(2, "--key: not 1 to 256 bytes", *self.base, "send", ALICE, "1", "--key", "")
		self.uncia_refuses(2, "--key: not 1 to 256 bytes", *self.base, "send", ALICE, "1", "--key", "k" * 257)
		self.uncia_refuses(2, "--memo: longer than 512 bytes", *self.base, "send", ALICE, "1", "--memo", "m" * 513)
		self.uncia_refuses(2, "without control characters", *self.base, "send", ALICE, "1", "--memo", "a\nb")
		for text in ("0", "10001", "x"):
			self.uncia_refuses(2, "--limit", *self.base, "history", "--limit", text)

	def test_refuses_what_is_no_payment_id(self):
		for text in ("", "00", ID[:-1], ID + "0", ID[:-1] + "g"):
			for verb in (["status"], ["wait"], ["receipt", "export"]):
				self.uncia_refuses(2, "is not a payment id", *self.base, *verb, text)

	def test_a_network_that_cannot_be_reached_is_said_and_nothing_stored(self):
		started = time.monotonic()
		self.uncia_refuses(6, "no validator could be reached", *self.base, "balance")
		_, err = self.uncia(*self.base, "history", code=6)
		self.assertIn("no validator could be reached", err)
		self.assertNotIn("balance", err)
		self.uncia_refuses(6, "nothing was sent", *self.base, "send", ALICE, "1", "--key", "k", "--json")
		self.uncia_refuses(6, "no validator could be reached", *self.base, "status", ID)
		self.uncia_refuses(6, "no validator could be reached", *self.base, "wait", ID, "--timeout", "1")
		self.uncia_refuses(6, "no validator could be reached", *self.base, "receipt", "export", ID)
		self.assertEqual(sorted(os.listdir(self.dir / "w")), ["key", "network", "notices"])
		self.assertLess(time.monotonic() - started, 70)

	def test_an_address_may_carry_a_reference(self):
		text = self.uncia_json(*self.base, "address", "--reference", "00112233445566ff")["address"]
		account = self.uncia_json(*self.base, "address")["address"]
		self.assertEqual((account, len(text) > len(account)), (self.own, True))
		self.uncia("--wallet", "b", "restore", "--no-passphrase", stdin=WORDS)
		plain = spec_payload(ADDRESS)
		self.assertEqual(self.uncia_json("--wallet", "b", "address", "--reference", "00112233445566FF")["address"],
			address(plain + bytes.fromhex("00112233445566ff")))
		for text in ("", "00", "00112233445566f", "00112233445566ffa", "0011223344556 ff"):
			self.uncia_refuses(2, "not 16 hexadecimal digits", *self.base, "address", "--reference", text)


def spec_payload(text):
	"""The 20 bytes of an address."""
	from unciad import ALPHABET
	bits = 0
	for character in text[4:-6]:
		bits = bits << 5 | ALPHABET.index(character)
	return (bits >> len(text[4:-6]) * 5 % 8).to_bytes(20, "big")


class Requests(UnciaTest):
	def test_refuses_what_is_no_request(self):
		network = self.silent_network()
		self.wallet("w")
		for text in (f"uncia:{ALICE}?memo=a b", f"uncia:{ALICE}?amount=1250.", f"UNCIA:{ALICE.upper()}?MEMO=RENT", f"uncia:{ALICE}?memo=",
			f"uncia:{ALICE}?amount=", f"uncia:{ALICE}?amount=1&"):
			self.uncia_refuses(2, "changed on the way", "request", "--read", text)
		for text in ("uncia:", f"uncia:{MISTYPED}", f"uncia:{ALICE}?amount=0", f"uncia:{ALICE}?amount=1&amount=1",
			f"uncia:{ALICE}?label=x", f"uncia:{ALICE}?memo=%0a", f"uncia:{ALICE}?memo=%4", "uncia:" + "x" * 5000):
			self.uncia_refuses(2, "is not a request", "request", "--read", text)
			self.uncia_refuses(2, "is not a request", "--wallet", "w", "--network", network, "send", text, "1")
		self.uncia_refuses(2, "--read takes a request and nothing else", "request", "1", "--read", f"uncia:{ALICE}")
		self.uncia_refuses(2, "AMOUNT is missing", "send", f"uncia:{ALICE}")
		self.uncia_refuses(2, "not what the request asks for", "send", f"uncia:{ALICE}?amount=2", "1")
		self.uncia_refuses(6, "nothing was sent", "--wallet", "w", "--network", network, "send", f"uncia:{ALICE}?amount=2",
			"--timeout", "1")


	def test_what_strangers_wrote_reaches_no_terminal_as_a_command(self):
		network = self.silent_network()
		self.wallet("w")
		for evil in ("\x1b[2J", "\x9b2J", "\u202egnirts", "\r", "\x7f"):
			(self.dir / "evil.conf").write_text(network.read_text() + f"[{evil}x]\ny = 1\n")
			for arguments in (["request", "--read", f"uncia:{evil}"], ["--wallet", "w", "contact", "show", f"a{evil}b"],
				["--wallet", "w", "--network", network, "send", f"uncia:{ALICE}?memo={evil}", "1"], [evil],
				["--wallet", "w", "--network", "evil.conf", "balance"], ["receipt", "verify", "--network", network, evil]):
				# What shows nothing, in front of a memo, is dropped.
				taken = "send" in arguments and evil[0] == "\u202e"
				err = self.uncia(*arguments, code=7 if "verify" in arguments else 6 if taken else 2)[1]
				for line in err.rstrip("\n").split("\n"):
					self.assertNotRegex(line, "[^\x20-\x7e]")


class Contacts(UnciaTest):
	def setUp(self):
		super().setUp()
		self.wallet("w")

	def contact(self, *arguments, **options):
		return self.uncia_json("--wallet", "w", "contact", *arguments, **options)

	def test_a_name_keeps_the_address_it_was_first_used_with(self):
		anna = {"v": 1, "name": "Anna Ž", "address": ALICE}
		self.assertEqual(self.contact("add", "Anna Ž", ALICE), anna)
		self.assertEqual(self.contact("add", "Anna Ž", ALICE.upper()), anna)
		self.uncia_refuses(1, "pinned to another address", "--wallet", "w", "contact", "add", "Anna Ž", BOB)
		self.assertEqual(self.contact("show", "Anna Ž"), anna)
		self.assertEqual(self.contact("add", "Anna Ž", BOB, "--replace")["address"], BOB)
		self.contact("add", "zoe", ALICE)
		self.contact("add", "0", ALICE)
		self.assertEqual([(c["name"], c["address"]) for c in self.contact("list")["contacts"]],
			[("0", ALICE), ("Anna Ž", BOB), ("zoe", ALICE)])
		self.assertEqual(self.uncia("--wallet", "w", "contact", "list")[0], f"0 {ALICE}\nAnna Ž {BOB}\nzoe {ALICE}\n")
		self.assertEqual(self.contact("remove", "zoe"), {"v": 1, "name": "zoe", "removed": True})
		self.uncia_refuses(4, "zoe: no such contact", "--wallet", "w", "contact", "show", "zoe")
		self.uncia_refuses(4, "zoe: no such contact", "--wallet", "w", "contact", "remove", "zoe")

	def test_waits_for_another_process_that_is_in_the_home(self):
		with open(self.dir / "w/.lock", "w") as lock:
			fcntl.flock(lock, fcntl.LOCK_EX)
			adding = subprocess.Popen([BIN / "uncia", "--wallet", "w", "contact", "add", "Anna", ALICE], cwd=self.dir,
				stdout=subprocess.PIPE)
			with self.assertRaises(subprocess.TimeoutExpired):
				adding.wait(0.5)
		self.assertEqual((adding.communicate()[0].decode(), adding.returncode), (f"Anna {ALICE}\n", 0))

	def test_refuses_what_is_no_name(self):
		for name, why in (("", "empty"), ("x" * 65, "longer than 64 bytes"), ("a\nb", "control character, U+000A"), ("a\x1b[0m", "U+001B"),
			(" anna", "blank"), ("anna ", "blank"), ("anna\u00a0", "blank"), ("an\u200bna", "nobody sees, U+200B"), ("an\u00adna", "U+00AD"),
			("a\u202eb", "U+202E"), (ALICE, "reads as an address"), (ALICE.upper(), "reads as an address"), (f"<{ALICE}>", "address"),
			(f"uncia:{ALICE}", "address"), (ID, "address, a request or an id")):
			with self.subTest(name):
				self.uncia_refuses(2, "is not a name: ", "--wallet", "w", "contact", "add", name, ALICE)
				self.uncia_refuses(2, why, "--wallet", "w", "contact", "add", name, ALICE)
		self.contact("add", "x" * 64, ALICE)
		self.contact("add", "../../key", ALICE)
		self.assertEqual(self.contact("show", "../../key")["address"], ALICE)

	def test_refuses_names_that_look_like_another_and_shows_both(self):
		self.contact("add", "Anna", ALICE)
		for name, different in (("anna", "U+0061 where"), ("\u0410nna", "U+0410 where"), ("ANNA", "U+004E where"), ("\u0391nna", "U+0391 where"),
			("Ann\u0430", "U+0430 where"), ("An\U0001d5c7a", None)):
			for options in ([], ["--replace"]):
				if not different:  # in normalisation form KC it is the contact's own name
					self.uncia_refuses(1, "pinned to another address", "--wallet", "w", "contact", "add", name, BOB)
					continue
				_, err = self.uncia("--wallet", "w", "contact", "add", name, BOB, *options, code=1)
				for shown in (f'"{name}"', '"Anna"', ALICE, BOB, different):
					self.assertIn(shown, err)
		self.assertEqual([c["name"] for c in self.contact("list")["contacts"]], ["Anna"])
		self.uncia_refuses(4, "anna: no such contact", "--wallet", "w", "contact", "show", "anna")
		self.assertEqual(self.contact("add", "\uff21nna", ALICE)["name"], "Anna")
		self.assertEqual(self.contact("show", "\uff21nna"), {"v": 1, "name": "Anna", "address": ALICE})
		self.contact("remove", "Anna")
		self.contact("add", "anna", BOB)


class Receipts(UnciaTest):
	def setUp(self):
		super().setUp()
		text = samples("network")
		(self.dir / "net").write_text(text) # the genesis, and no validator
		self.receipts = samples("make").split()
		self.expected = spec.network_load(text)

	def old(self, text):
		"""The form in which earlier versions wrote it."""
		return spec.RECEIPT_PREFIX + base64.urlsafe_b64encode(spec.receipt_bytes(self.expected, text)).rstrip(b"=").decode()

	def verify(self, *arguments, **options):
		return self.uncia_json("receipt", "verify", "--network", "net", *arguments, **options)

	def test_one_that_holds_shows_what_it_proves(self):
		(self.dir / "file").write_text(self.receipts[-1] + "\n")
		proof = self.verify(self.receipts[-1])
		self.assertEqual(self.verify("-", stdin=self.receipts[-1] + "\n"), proof)
		self.assertEqual(self.verify("file"), proof)
		self.assertEqual(proof["valid"], True)
		self.assertEqual(len(bytes.fromhex(proof["id"])), 32)
		self.assertTrue(all(output["to"].startswith("unc1") for output in proof["outputs"]))
		total = sum(int(output["amount"].replace(".", "")) for output in proof["outputs"])
		self.assertEqual(int(proof["amount"].replace(".", "")), total)
		out, _ = self.uncia("receipt", "verify", "--network", "net", self.receipts[-1])
		for text in ("valid", proof["id"], proof["from"], proof["amount"], proof["outputs"][0]["to"], str(proof["height"])):
			self.assertIn(text, out)
		self.assertFalse((self.dir / ".uncia").exists())

	def test_heights_and_times_are_exact_to_the_last_one(self):
		far = samples("far").split()
		self.assertEqual(len(far), 3)
		for text, end in zip(far, (2**63 - 1, 2**63, 2**64 - 1)):
			proof = self.verify(text)
			self.assertEqual((proof["height"], proof["timestamp_ms"]), (end, end))
			out, _ = self.uncia("receipt", "verify", "--network", "net", text)
			self.assertIn(f"final at height {end},", out)

	def test_all_that_the_specification_accepts_are_valid(self):
		for text in self.receipts[::7]:
			self.assertEqual(self.verify(text), self.verify(self.old(text)))

	def test_what_proves_nothing_is_a_mismatch(self):
		good, old = self.receipts[0], self.old(self.receipts[0])
		other = self.silent_network()
		(self.dir / "empty").write_text("")
		(self.dir / "zeros").write_bytes(bytes(100))
		(self.dir / "utf16").write_bytes(good.encode("utf-16"))
		(self.dir / "large").write_text("x" * 2**20)
		changed = "changed on the way"
		for message, text in (("neither a receipt nor a file", "garbage"), (changed, "uncia-receipt-1:"),
			(changed, "uncia-receipt-1:!!!"), (changed, "uncia-receipt-2:" + old[16:]), (changed, old[:-1]), (changed, old + "A"),
			(changed, old.upper()), (changed, old.lower()), (changed, good[:-1]), (changed, good + "q"), (changed, good[:60].upper() + good[60:]),
			("by a newer program", spec.frame_text("uncproof", self.expected["id"][:4] + bytes(9), 2)), (changed, good[:60] + "\u2014" + good[60:]), (changed, good[:60] + "\u2026"),
			("not a receipt", "empty"), ("not text in UTF-8", "zeros"), ("not text in UTF-8", "utf16"), ("too long", "large"),
			("neither a receipt nor a file", "")):
			with self.subTest(text[:40]):
				self.uncia_refuses(7, message, "receipt", "verify", "--network", "net", text)
				self.assertEqual(self.verify(text, code=7), {"v": 1, "valid": False})
		for text in (good, old):
			self.uncia_refuses(7, "proves nothing on network test", "receipt", "verify", "--network", other, text)
			self.uncia_refuses(7, "made for another network", "receipt", "verify", "--network", other, text)
		self.uncia_refuses(7, "not a receipt", "receipt", "verify", "--network", "net", "-", stdin="")

	def test_a_receipt_that_was_changed_is_told_from_one_that_nobody_signed(self):
		good = self.old(self.receipts[0])  # which has no checksum of its own
		message = spec.message_decode(spec.RECEIPT, spec.base64url_decode(good[16:], "receipt"))
		certificate_at = len(good) - len(message["certificate"]) * 4 // 3 - 4
		changed = 0
		for at in range(20, len(good), len(good) // 40):
			flipped = good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1:]
			_, err = self.uncia("receipt", "verify", "--network", "net", flipped, code=7)
			self.assertTrue("changed on the way" in err or at >= certificate_at and "proves nothing" in err, err)
			changed += "changed on the way" in err
		self.assertGreater(changed, 10)
		certificate = spec.message_decode(spec.CERTIFICATE, message["certificate"])
		certificate["signatures"] = bytes(len(certificate["signatures"]))
		message["certificate"] = spec.message_encode(spec.CERTIFICATE, certificate)
		forged = base64.urlsafe_b64encode(spec.message_encode(spec.RECEIPT, message)).rstrip(b"=").decode()
		self.uncia_refuses(7, "proves nothing", "receipt", "verify", "--network", "net", "uncia-receipt-1:" + forged)

	def test_what_mail_and_messengers_do_to_a_receipt_does_not_matter(self):
		for text in (self.receipts[-1], self.old(self.receipts[-1])):
			self.carried(text)
		self.assertEqual(self.verify(self.receipts[-1].upper()), self.verify(self.receipts[-1]))

	def carried(self, good):
		proof = self.verify(good)
		lines = [good[at:at + 76] for at in range(0, len(good), 76)]
		for mangled in ("\n".join(lines), "\r\n".join(lines), "> " + "\r\n> ".join(lines) + "\r\n", "\ufeff" + good, "  \n" + good,
			f"<{good}>", f"({good}).", f"\u201c{good}\u201d", "\u200b".join(lines), "\u00a0".join(lines), "> > ".join(["", *lines])):
			with self.subTest(mangled[:40]):
				(self.dir / "file").write_bytes(mangled.encode())
				self.assertEqual(self.verify(mangled), proof)
				self.assertEqual(self.verify("-", stdin=mangled), proof)
				self.assertEqual(self.verify("file"), proof)


if __name__ == "__main__":
	unittest.main()
