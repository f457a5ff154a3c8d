"""Claims and holds between real wallets and a real devnet: money for somebody who has no account yet, taken once, or cancelled,
or home again after its end; what is shown of it is proved."""
import hashlib
import signal
import subprocess
import unittest

import clocks
from uncia import UnciaTest
from unciad import BIN, Devnet, free_ports

class ClaimsTest(UnciaTest):
	def setUp(self):
		super().setUp()
		self.begin_network()
		self.network = ("--network", "net/network.conf")
		self.alice, self.bob = self.wallet("alice"), self.wallet("bob")
		self.give(self.alice, "100")

	def begin_network(self):
		self.net = self.start_devnet()

	def give(self, address, amount):
		self.uncia(*self.network, "--wallet", "net/treasury", "send", address, amount)

	def of(self, home, *arguments, **options):
		return self.uncia(*self.network, "--wallet", home, *arguments, **options)

	def json_of(self, home, *arguments, **options):
		return self.uncia_json(*self.network, "--wallet", home, *arguments, **options)

	def refuses(self, code, message, home, *arguments, **options):
		self.uncia_refuses(code, message, *self.network, "--wallet", home, *arguments, **options)

	def balance(self, home):
		return self.json_of(home, "balance")["balance"]

	def new(self, amount="12", *options):
		return self.json_of("alice", "claim", "new", amount, *options)

	def shown(self, text, *options, **environment):
		return self.uncia_json(*self.network, "claim", "show", "-", *options, stdin=text, **environment)

	def list_of(self, home, **options):
		return self.json_of(home, "claim", "list", **options)["claims"]

	def begin(self, *arguments, stdin=""):
		process = subprocess.Popen([BIN / "uncia", *self.network, *arguments], cwd=self.dir, stdin=subprocess.PIPE,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
		self.addCleanup(process.communicate)
		self.addCleanup(process.kill)
		if stdin:
			process.stdin.write(stdin)
			process.stdin.close()
			process.stdin = None
		return process


class Claims(ClaimsTest):
	def test_somebody_without_an_account_takes_it(self):
		made = self.new("12", "--end", "1d", "--memo", "lunch")
		self.assertEqual((made["state"], made["amount"]), ("final", "12.000000"))
		self.assertRegex(made["claim"], "^uncia:uncgift1[a-z0-9]{123}$")
		self.assertEqual(self.balance("alice"), "88.000000")
		# Anybody may look, with no wallet; what is shown is proved.
		shown = self.shown(made["claim"])
		self.assertEqual((shown["amount"], shown["opened"], shown["state"], shown["hold"], shown["home"], shown["opening"], shown["end"]),
			("12.000000", "12.000000", "open", made["hold"], self.alice, made["id"], made["end"]))
		self.assertEqual([path.name for path in self.dir.iterdir() if path.name.startswith(".")], [])
		out, _ = self.uncia(*self.network, "claim", "show", "-", stdin="> " + made["claim"][:50] + "\n> " + made["claim"][50:].upper().lower() + "\n")
		self.assertRegex(out, r"^12\.000000 UNC wait under this claim until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$")
		# And offline, by the receipt.
		(self.dir / "receipt").write_text(made["receipt"])
		for given, stdin in (("receipt", made["claim"]), (made["receipt"], made["claim"])):
			offline = self.shown(stdin, "--receipt", given)
			self.assertEqual((offline["opened"], offline["amount"], offline["state"], offline["height"]), ("12.000000", None, "unknown", None))
		self.assertEqual(self.uncia_json(*self.network, "claim", "show", made["claim"], "--receipt", "-", stdin=made["receipt"])["hold"],
			made["hold"])
		taken = self.json_of("bob", "claim", "take", "-", stdin=made["claim"])
		self.assertEqual((taken["state"], taken["amount"], taken["to"]), ("final", "12.000000", self.bob))
		self.assertEqual((self.balance("bob"), self.balance("alice")), ("12.000000", "88.000000"))
		self.uncia("receipt", "verify", *self.network, taken["receipt"])
		# Once more: nothing happens, and it is said how it was taken.
		self.assertEqual(self.json_of("bob", "claim", "take", "-", stdin=made["claim"])["id"], taken["id"])
		self.assertIn(f"12.000000 UNC were taken, to {self.bob}\n", self.of("bob", "claim", "take", "-", stdin=made["claim"])[0])
		self.wallet("carol")
		self.refuses(5, "nothing is left under this claim", "carol", "claim", "take", "-", stdin=made["claim"])
		said = self.uncia_json(*self.network, "--wallet", "carol", "claim", "take", "-", stdin=made["claim"], code=5)
		self.assertEqual(said["exit"], 5)
		self.assertRegex(said["error"], "^refused, nothing was sent: nothing is left under this claim: .* taken by " + self.bob)
		self.assertEqual(self.balance("bob"), "12.000000")
		entry, = self.list_of("alice")
		self.assertEqual((entry["state"], entry["to"], entry["amount"], entry["claim"]), ("taken", self.bob, "0.000000", made["claim"]))
		self.assertIn("12.000000", self.of("bob", "history")[0])

	def test_of_two_newcomers_one_gets_it_and_the_other_is_told(self):
		for i in range(3):
			homes = [f"carol{i}", f"dave{i}"]
			addresses = [self.wallet(home) for home in homes]
			made = self.new("5")
			takes = [self.begin("--wallet", home, "claim", "take", "-", stdin=made["claim"]) for home in homes]
			ends = [(process.communicate(timeout=90), process.returncode) for process in takes]
			codes = [code for _, code in ends]
			self.assertEqual(sorted(codes), [0, 5], ends)
			winner, loser = codes.index(0), codes.index(5)
			self.assertEqual([self.balance(homes[winner]), self.balance(homes[loser])], ["5.000000", "0.000000"])
			(out, err), _ = ends[loser]
			self.assertNotIn("final", out)
			self.assertIn(f"taken by {addresses[winner]}", err)
			# Whatever the loser has sent gets its own certain end; it never shows as its.
			self.assertIn(self.shown(made["claim"])["to"], addresses)

	def test_of_two_processes_of_one_home_none_says_that_nothing_came(self):
		for _ in range(3):
			made, before = self.new("5"), float(self.balance("bob"))
			takes = [self.begin("--wallet", "bob", "claim", "take", "-", stdin=made["claim"]) for _ in range(4)]
			ends = [(process.communicate(timeout=90), process.returncode) for process in takes]
			self.assertEqual([code for _, code in ends], [0] * 4, ends)
			self.assertEqual(float(self.balance("bob")), before + 5)

	@unittest.skipUnless(clocks.LIBRARIES, "libfaketime is not installed")
	def test_a_machine_whose_clock_is_wrong_takes_it_all_the_same(self):
		clock = self.dir / "clock"
		for offset in ("+8d", "-8d"):
			clocks.set_clock(clock, offset)
			made = self.new("5")
			self.assertEqual(self.shown(made["claim"], **clocks.environment(clock))["state"], "open")
			taken = self.json_of("bob", "claim", "take", "-", stdin=made["claim"], **clocks.environment(clock))
			self.assertEqual(taken["state"], "final")
		self.assertEqual(self.balance("bob"), "10.000000")

	def test_what_cannot_be_taken_says_why(self):
		made = self.new("5", "--end", "10m")
		text = made["claim"]
		self.refuses(5, "this wallet has made the claim itself", "alice", "claim", "take", "-", stdin=text)
		self.refuses(7, "changed or cut on its way", "bob", "claim", "take", "-", stdin=text[:-9])
		self.refuses(7, "changed or cut on its way", "bob", "claim", "take", "-", stdin=text[:-1] + ("q" if text[-1] != "q" else "p"))
		self.refuses(7, "not a claim", "bob", "claim", "take", "-", stdin=self.alice)
		self.refuses(5, "made by another wallet", "bob", "claim", "cancel", "-", stdin=text)
		self.refuses(2, "nobody", "bob", "claim", "take", "--to", "nobody", "-", stdin=text)
		self.refuses(2, "from 10m to 399d", "alice", "claim", "new", "5", "--end", "9m")
		self.refuses(2, "from 10m to 399d", "alice", "claim", "new", "5", "--end", "400d")
		self.refuses(5, "more than the balance", "alice", "claim", "new", "500")
		self.refuses(2, "amount", "alice", "claim", "new", "0")
		self.refuses(4, "opened no claim", "alice", "claim", "cancel", self.json_of("alice", "send", self.bob, "1")["id"])
		other = self.silent_network("other.conf", "other")
		self.uncia_refuses(7, "another network", "--network", str(other), "claim", "show", "-", stdin=text)
		(self.dir / "receipt").write_text(self.new("6")["receipt"])
		self.uncia_refuses(7, "another payment", *self.network, "claim", "show", "-", "--receipt", "receipt", stdin=text)
		self.uncia_refuses(7, "changed", *self.network, "claim", "show", "-", "--receipt", made["receipt"][:-4], stdin=text)
		self.uncia_refuses(2, "only one", *self.network, "claim", "show", "-", "--receipt", "-", stdin=text)
		self.assertEqual(self.shown(text)["state"], "open")

	def test_a_claim_is_found_in_the_message_that_was_pasted(self):
		first, second = self.new("5"), self.new("7")
		both = f"for you: {first['claim']}\nand {second['claim']} (for Carol)\n"
		for command in (["claim", "take", "-"], ["claim", "show", "-"]):
			_, err = self.of("bob", *command, stdin=both, code=2)
			self.assertIn(f"the text has 2 claims, of the payments {first['id'][:16]}, {second['id'][:16]}: give one of them alone", err)
			for made in first, second: # which are money for whoever reads an error
				self.assertNotIn(made["claim"][20:], err)
		for message in (f"5 UNC: <{first['claim']}>, for you\r\n> {first['claim']}\n", f"Money! {second['claim'].upper()}."):
			self.assertEqual(self.json_of("bob", "claim", "take", "-", stdin=message)["state"], "final")
		self.refuses(7, "changed or cut on its way", "bob", "claim", "take", "-", stdin=f"for you: {first['claim'][:-3]}")
		self.refuses(7, "not a claim", "bob", "claim", "take", "-", stdin=f"pay me at {self.alice}, please")
		self.assertEqual(self.balance("bob"), "12.000000")

	def test_a_claim_is_cancelled_by_its_text_or_its_id(self):
		by_text, by_id = self.new("5"), self.new("7")
		for text, made in ((by_text["claim"], by_text), (None, by_id)):
			end = self.json_of("alice", "claim", "cancel", "-" if text else made["id"], stdin=text or "")
			self.assertEqual(end["state"], "final")
			again = self.json_of("alice", "claim", "cancel", made["id"])
			self.assertEqual(again["id"], end["id"])
			self.refuses(5, "taken back home", "bob", "claim", "take", "-", stdin=made["claim"])
		self.assertEqual((self.balance("alice"), self.balance("bob")), ("100.000000", "0.000000"))
		self.assertEqual([entry["state"] for entry in self.list_of("alice")], ["cancelled", "cancelled"])
		taken = self.new("3")
		self.of("bob", "claim", "take", "-", stdin=taken["claim"])
		self.refuses(5, f"taken by {self.bob}", "alice", "claim", "cancel", taken["id"])

	def test_a_wallet_restored_from_its_words_has_its_claims_again(self):
		words = self.uncia_json("--wallet", "old", "init", "--no-passphrase")["words"]
		self.give(self.json_of("old", "address")["address"], "30")
		made = [self.json_of("old", "claim", "new", amount) for amount in ("1", "2", "3")]
		self.of("bob", "claim", "take", "-", stdin=made[0]["claim"])
		self.uncia("--wallet", "new", "restore", "--no-passphrase", stdin=words)
		self.assertEqual([(entry["opened"], entry["state"], entry["claim"]) for entry in self.list_of("new")],
			[("1.000000", "taken", made[0]["claim"]), ("2.000000", "open", made[1]["claim"]), ("3.000000", "open", made[2]["claim"])])
		self.of("new", "claim", "cancel", made[1]["id"])
		self.assertEqual(self.balance("new"), "26.000000")
		self.assertEqual(self.json_of("bob", "claim", "take", "-", stdin=made[2]["claim"])["state"], "final")

	def test_a_restored_wallet_says_whether_its_holds_were_looked_for(self):
		for name in "right", "other":
			(self.dir / name).write_text(name)
		words = self.uncia_json("--wallet", "old", "init", "--no-passphrase")["words"]
		self.give(self.json_of("old", "address")["address"], "30")
		self.json_of("old", "claim", "new", "1")
		self.uncia("--wallet", "new", "restore", stdin=words, UNCIA_PASSPHRASE_FILE="right")
		for verb in "balance", "history":
			out, err = self.of("new", verb)
			self.assertIn("holds and claims that this account has opened from another home were not looked for", err)
			self.assertIn("uncia hold list looks for them, with the passphrase", err)
			self.assertIs(self.json_of("new", verb)["holds_looked_for"], False)
		listed, = self.list_of("new", UNCIA_PASSPHRASE_FILE="right")
		self.assertEqual(listed["opened"], "1.000000")
		for verb in "balance", "history": # nothing is missing that is known of
			self.assertNotIn("looked for", self.of("new", verb)[1])
		self.uncia("--wallet", "open", "restore", "--no-passphrase", stdin=words)
		self.assertIs(self.json_of("open", "balance")["holds_looked_for"], True)
		self.assertEqual(self.uncia("--wallet", "open", *self.network, "balance")[1], "")
		# Who has only been paid has opened nothing, whatever is locked.
		self.uncia("--wallet", "fresh", "init", UNCIA_PASSPHRASE_FILE="right")
		self.give(self.json_of("fresh", "address", UNCIA_PASSPHRASE_FILE="right")["address"], "3")
		for verb in "balance", "history":
			self.assertEqual(self.of("fresh", verb)[1], "")

	def test_a_restored_wallet_that_has_taken_a_claim_looks_for_its_own_all_the_same(self):
		words = self.uncia_json("--wallet", "old", "init", "--no-passphrase")["words"]
		self.give(self.json_of("old", "address")["address"], "30")
		self.json_of("old", "claim", "new", "1")
		self.uncia("--wallet", "again", "restore", "--no-passphrase", stdin=words)
		self.json_of("again", "claim", "take", "-", stdin=self.new("2")["claim"])
		self.assertIs(self.json_of("again", "balance")["holds_looked_for"], True)
		self.assertEqual(self.of("again", "balance")[1], "")
		self.assertEqual([entry["opened"] for entry in self.list_of("again")], ["1.000000"])
		# With a key that stays closed nobody looks, and that is said.
		(self.dir / "right").write_text("right")
		self.uncia("--wallet", "locked", "restore", stdin=words, UNCIA_PASSPHRASE_FILE="right")
		self.json_of("locked", "claim", "take", "-", stdin=self.new("2")["claim"], UNCIA_PASSPHRASE_FILE="right")
		self.assertIn("were not looked for", self.of("locked", "balance")[1])
		self.list_of("locked", UNCIA_PASSPHRASE_FILE="right")
		self.assertNotIn("looked for", self.of("locked", "balance")[1])

	def test_a_key_is_one_claim(self):
		first, second = self.new("5", "--key", "k"), self.new("5", "--key", "k")
		self.assertEqual((first["id"], first["claim"]), (second["id"], second["claim"]))
		self.refuses(5, "different payment", "alice", "claim", "new", "6", "--key", "k")
		self.assertEqual(self.balance("alice"), "95.000000")

	def test_killed_at_any_moment_it_is_there_once(self):
		for wait_for in ("id ", None):
			process = self.begin("--wallet", "alice", "claim", "new", "5", "--key", f"cut {wait_for}")
			line = process.stderr.readline() if wait_for else ""
			process.send_signal(signal.SIGKILL)
			process.wait()
			self.assertTrue(not wait_for or line.startswith(wait_for), line)
			made = self.new("5", "--key", f"cut {wait_for}")
			if wait_for:
				self.assertEqual(line.split()[1], made["id"])
		self.assertEqual(self.balance("alice"), "90.000000")
		self.assertEqual(len(self.list_of("alice")), 2)
		texts = [entry["claim"] for entry in self.list_of("alice")]
		take = self.begin("--wallet", "bob", "claim", "take", "-", stdin=texts[0])
		line = take.stdout.readline()
		take.send_signal(signal.SIGKILL)
		take.wait()
		self.assertTrue(line.startswith("id "), line)
		# What was recorded before it left is followed to its end by whatever comes next.
		again = self.json_of("bob", "claim", "take", "-", stdin=texts[0])
		self.assertEqual((again["id"], again["state"]), (line.split()[1], "final"))
		self.assertEqual(self.balance("bob"), "5.000000")

	def test_without_the_network_nothing_is_lost_or_invented(self):
		made = self.new("5")
		offline = ("--network", str(self.no_network()))
		for arguments, stdin in (("claim new 5", ""), ("claim take -", made["claim"]), ("claim cancel -", made["claim"])):
			home = "bob" if "take" in arguments else "alice"
			self.uncia_refuses(6, "", *offline, "--wallet", home, *arguments.split(), "--timeout", "2", stdin=stdin)
		self.uncia_refuses(6, "", *offline, "claim", "show", "-", "--timeout", "2", stdin=made["claim"])
		out, err = self.uncia(*offline, "--wallet", "alice", "claim", "list", "--timeout", "2", code=6)
		self.assertIn("what is left of it is not known", out)
		self.assertIn(made["claim"], out)
		self.assertIn("this is what this wallet's home knows", err)
		self.assertEqual((self.balance("alice"), self.shown(made["claim"])["state"]), ("95.000000", "open"))

	def no_network(self):
		"""The same network, of which nobody listens."""
		text = (self.dir / "net" / "network.conf").read_text()
		for number, validator in enumerate(self.net.ready["validators"]):
			text = text.replace(f":{validator['port']}", f":{number + 1}")
		path = self.dir / "nobody.conf"
		path.write_text(text)
		return path


class Holds(ClaimsTest):
	def test_a_deposit_is_taken_in_parts_and_the_rest_goes_home_when_its_owner_says(self):
		key = self.json_of("bob", "hold", "key")["key"]
		made = self.json_of("alice", "hold", "open", key, "5", "--end", "20m")
		self.assertEqual((made["state"], made["amount"], made["home"]), ("final", "5.000000", self.alice))
		carol = self.wallet("carol")
		self.refuses(5, "no hold under the key", "carol", "hold", "take", made["id"])
		self.refuses(5, "sees the id that is meant by uncia hold list", "carol", "hold", "take", made["id"])
		part = self.json_of("bob", "hold", "take", made["id"], "--amount", "2", "--key", "night 1")
		self.assertEqual(self.json_of("bob", "hold", "take", made["id"], "--amount", "2", "--key", "night 1")["id"], part["id"])
		self.refuses(5, "different payment", "bob", "hold", "take", made["id"], "--amount", "1", "--key", "night 1")
		self.refuses(5, "3.000000 UNC are left", "bob", "hold", "take", made["id"], "--amount", "4", "--key", "night 2")
		self.refuses(5, "is not reached", "bob", "hold", "return", made["id"])
		self.of("bob", "hold", "take", made["id"], "--amount", "1", "--key", "night 2", "--to", carol)
		self.assertEqual([self.balance(home) for home in ("alice", "bob", "carol")], ["95.000000", "2.000000", "1.000000"])
		rest = self.json_of("bob", "hold", "take", made["id"], "--to", self.alice) # he gives the rest back
		self.assertEqual((rest["amount"], rest["to"]), ("2.000000", self.alice))
		for home in "alice", "bob": # hers knows the opening, and asks nobody for it
			self.refuses(5, "nothing is left under this hold", home, "hold", "return", made["id"])
		entry, = self.json_of("alice", "hold", "list")["holds"]
		self.assertEqual((entry["state"], entry["amount"], entry["opened"], entry["claim"]), ("cancelled", "0.000000", "5.000000", False))
		self.assertEqual(self.balance("alice"), "97.000000")
		self.assertEqual(self.list_of("alice"), [])

	def test_a_secret_is_shown_for_what_was_agreed_and_to_nobody_else(self):
		key, secret = self.json_of("bob", "hold", "key")["key"], bytes(range(32))
		digest = hashlib.sha256(secret).hexdigest()
		made = self.json_of("alice", "hold", "open", key, "5", "--end", "30m", "--secret", digest)
		self.refuses(5, "asks for a secret", "bob", "hold", "take", made["id"])
		self.refuses(5, "and this secret", "bob", "hold", "take", made["id"], "--secret", "-", stdin=bytes(32).hex())
		self.refuses(5, "5.000000 UNC are left", "bob", "hold", "take", made["id"], "--secret", "-", "--agreed", "6", stdin=secret.hex())
		self.assertEqual(self.json_of("alice", "hold", "list")["holds"][0]["state"], "open")
		self.assertEqual(self.json_of("bob", "hold", "take", made["id"], "--secret", "-", stdin=secret.hex())["state"], "final")
		# The secret is known to all now: a lock is for one hold.
		self.refuses(5, "a lock is for one hold", "alice", "hold", "open", key, "5", "--secret", digest)
		self.assertEqual(self.balance("bob"), "5.000000")

	def test_a_lock_is_for_one_hold_in_a_home_made_anew_too(self):
		words = self.uncia_json("--wallet", "old", "init", "--no-passphrase")["words"]
		self.give(self.json_of("old", "address")["address"], "30")
		key, digest = self.json_of("bob", "hold", "key")["key"], hashlib.sha256(bytes(32)).hexdigest()
		self.json_of("old", "hold", "open", key, "5", "--secret", digest)
		self.uncia("--wallet", "new", "restore", "--no-passphrase", stdin=words)
		self.refuses(5, "a lock is for one hold", "new", "hold", "open", key, "5", "--secret", digest)
		self.assertEqual(self.balance("new"), "25.000000")

	def test_bad_operands_are_refused_before_anything_is_sent(self):
		for key in ("", "00", "g" * 64, "0" * 64):
			self.refuses(2, "", "alice", "hold", "open", key, "5")
		key = self.json_of("bob", "hold", "key")["key"]
		self.refuses(2, "64 hexadecimal digits", "alice", "hold", "open", key, "5", "--secret", "0")
		self.refuses(4, "no money was ever put", "bob", "hold", "take", "0" * 64)
		self.refuses(4, "sees the id that is meant by uncia hold list", "bob", "hold", "take", "0" * 64)
		self.assertEqual(self.balance("alice"), "100.000000")


@unittest.skipUnless(clocks.LIBRARIES, "libfaketime is not installed")
class Ends(ClaimsTest):
	"""The validators' clocks, and those of the wallets' machines, pass the end."""

	def begin_network(self):
		self.clock = self.dir / "clock"
		clocks.set_clock(self.clock, "+0")
		self.environment.update(clocks.environment(self.clock))
		settings = [f"{name}={value}" for name, value in clocks.environment(self.clock).items()]
		net = Devnet(self.dir, [*settings, str(BIN / "unciad"), "devnet", "--dir", "net", "--base-port", str(free_ports(4)),
			"--smallest", "0.000001"], program="env")
		self.addCleanup(net.kill)
		self.assertTrue(net.first_line(120), net.errors())

	def pass_time(self, minutes):
		before = self.json_of("net/treasury", "balance")["timestamp_ms"]
		clocks.set_clock(self.clock, f"+{minutes}m")
		self.until(lambda: self.json_of("net/treasury", "balance")["timestamp_ms"] > before + minutes * 60_000 - 5000,
			"blocks of the new time")

	def test_what_nobody_took_comes_home_by_itself(self):
		carol = self.wallet("carol")
		key = self.json_of("bob", "hold", "key")["key"]
		claim, later = self.new("5", "--end", "10m"), self.new("6", "--end", "30m")
		hold = self.json_of("alice", "hold", "open", key, "2", "--end", "10m", "--home", carol)
		self.json_of("bob", "hold", "take", hold["id"], "--amount", "0.5")
		self.pass_time(11)
		ended = self.shown(claim["claim"])
		self.assertEqual((ended["state"], ended["amount"]), ("ended", "5.000000"))
		self.refuses(5, "were not taken by the end", "bob", "claim", "take", "-", stdin=claim["claim"])
		# She does nothing but look at her balance.
		out, err = self.of("alice", "balance")
		self.assertTrue(out.startswith("92.000000 UNC\n"), out)
		self.assertIn(f"5.000000 UNC that nobody had taken came home to {self.alice}", err)
		self.assertIn(f"1.500000 UNC that nobody had taken came home to {carol}", err)
		self.assertEqual((self.balance("carol"), self.balance("bob")), ("1.500000", "0.500000"))
		self.assertIn(f"nothing is left under this hold: 1.500000 of 2.000000 UNC were not taken by its end",
			self.of("alice", "hold", "list")[0])
		states = {entry["opened"]: entry["state"] for entry in self.list_of("alice")}
		self.assertEqual(states, {"5.000000": "returned", "6.000000": "open"})
		self.refuses(5, "5.000000 of 5.000000 UNC were not taken by its end", "bob", "claim", "take", "-", stdin=claim["claim"])
		self.assertEqual(self.of("alice", "balance"), ("92.000000 UNC\n", ""))
		self.assertEqual(self.json_of("alice", "claim", "cancel", claim["id"])["state"], "final") # is home already
		self.assertEqual(self.json_of("bob", "claim", "take", "-", stdin=later["claim"])["state"], "final")

	def test_a_restored_wallet_brings_home_what_the_lost_one_had_given_out(self):
		words = self.uncia_json("--wallet", "old", "init", "--no-passphrase")["words"]
		self.give(self.json_of("old", "address")["address"], "30")
		self.json_of("old", "claim", "new", "10", "--end", "10m")
		self.uncia("--wallet", "new", "restore", "--no-passphrase", stdin=words)
		self.assertEqual(self.balance("new"), "20.000000")
		self.pass_time(11)
		out, err = self.of("new", "history")
		self.assertIn("10.000000 UNC that nobody had taken came home", err)
		self.assertEqual((self.balance("new"), self.balance("old")), ("30.000000", "30.000000"))

	def test_a_secret_is_not_shown_when_its_take_may_come_too_late(self):
		key, secret = self.json_of("bob", "hold", "key")["key"], bytes(32)
		hold = self.json_of("alice", "hold", "open", key, "5", "--end", "12m", "--secret", hashlib.sha256(secret).hexdigest())
		self.pass_time(3)
		self.refuses(5, "reached or too near", "bob", "hold", "take", hold["id"], "--secret", "-", stdin=secret.hex())
		self.assertEqual(self.json_of("alice", "hold", "list")["holds"][0]["state"], "open")

	def test_anybody_may_send_it_home(self):
		key = self.json_of("bob", "hold", "key")["key"]
		hold = self.json_of("alice", "hold", "open", key, "2", "--end", "10m")
		self.pass_time(11)
		self.refuses(5, "were not taken by the end", "bob", "hold", "take", hold["id"])
		done = self.json_of("bob", "hold", "return", hold["id"])
		self.assertEqual(done["state"], "final")
		self.assertEqual(self.json_of("bob", "hold", "return", hold["id"])["id"], done["id"])
		self.uncia("receipt", "verify", *self.network, done["receipt"])
		self.assertEqual(self.of("alice", "balance"), ("100.000000 UNC\n", ""))


if __name__ == "__main__":
	unittest.main()
