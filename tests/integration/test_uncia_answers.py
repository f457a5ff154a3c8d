"""What the commands show of a running network: histories, payments on their way, receipts as files, validators. As text for
people, and as objects for programs, which must say the same."""
import json
import signal
import subprocess
import unittest

from network import TOOLS, NetworkTest
from unciad import BIN

KILLED = (2, 3)


class Answers(NetworkTest):
	def setUp(self):
		super().setUp()
		self.network = self.start_network()
		self.alice, self.bob = self.new_wallet(self.network, "alice"), self.new_wallet(self.network, "bob")
		self.paid = [self.network.treasury.send(self.alice, "10"), self.alice.send(self.bob, "2.5"), self.bob.send(self.alice, "1"),
			self.alice.send(self.alice, "0.000001")]

	def text(self, wallet, *arguments, code=0):
		"""(standard output, standard error) of a command without --json."""
		return self.uncia("--wallet", wallet.home, "--network", self.network.file, *arguments, code=code)

	def test_a_history_is_the_newest_first_and_says_where_it_ends(self):
		history = self.alice.run("history")
		self.assertEqual([(p["direction"], p["amount"], p["id"]) for p in history["payments"]], [
			("self", "0.000001", self.paid[3]["id"]), ("in", "1.000000", self.paid[2]["id"]), ("out", "2.500000", self.paid[1]["id"]),
			("in", "10.000000", self.paid[0]["id"])])
		self.assertEqual((history["pending"], history["complete"], history["more"]), ([], True, False))
		for shown, paid in zip(history["payments"], self.paid[::-1]):
			self.assertEqual((shown["state"], shown["height"]), ("final", paid["height"]))
		out, err = self.text(self.alice, "history")
		self.assertEqual(err, "")
		lines = out.splitlines()
		self.assertEqual([line.strip() for line in lines[1::2]], [p["id"] for p in history["payments"]])
		self.assertEqual([line.split("  ", 1)[1] for line in lines[::2]], [f"0.000001 to {self.alice.address}",
			f"+1.000000 from {self.bob.address}", f"-2.500000 to {self.bob.address}",
			f"+10.000000 from {self.network.treasury.address}"])
		two = self.alice.run("history", "--limit", "2")
		self.assertEqual((two["payments"], two["more"]), (history["payments"][:2], True))
		out, err = self.text(self.alice, "history", "--limit", "1")
		self.assertEqual((out, err.rstrip()), ("\n".join(lines[:2]) + "\n",
			"uncia: these are the newest; there are older ones: --limit"))

	def test_the_history_of_an_account_that_is_not_there_yet_says_so(self):
		carol = self.new_wallet(self.network, "carol")
		out, err = self.text(carol, "history")
		self.assertEqual((out, err), ("", "uncia: no payments: the ledger has no account at this address; it begins with the first "
			"payment to it\n"))
		self.alice.send(carol, "1")
		self.assertEqual(self.text(carol, "history")[1], "")

	def pay_many(self, payer, memo, *outputs):
		"""One payment of several outputs. Returns its id."""
		done = subprocess.run([TOOLS / "paying_host", payer.home, self.network.file, memo, *(part for o in outputs for part in o)],
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
		self.assertEqual(done.returncode, 0, done.stderr)
		return done.stdout.strip()

	def newest(self, wallet):
		"""The newest entry: the object, and its lines for people."""
		entry = wallet.run("history", "--limit", "1")["payments"][0]
		return entry, [line.strip() for line in self.text(wallet, "history", "--limit", "1")[0].splitlines()]

	def test_each_party_of_a_payment_of_several_outputs_sees_its_own_part(self):
		rent, food = (self.uncia_json("--wallet", self.bob.home, "address", "--reference", r)["address"] for r in ("01" * 8, "02" * 8))
		outputs = [(self.network.treasury.address, "0.25"), (rent, "1"), (self.alice.address, "0.125"), (food, "0.5")]
		paid = self.pay_many(self.alice, "rent, and food", *outputs)
		full = [(to, f"{float(amount):.6f}") for to, amount in outputs]

		def parts(entry):
			return [(output["to"], output["amount"]) for output in entry["outputs"]]

		entry, lines = self.newest(self.bob)
		self.assertEqual((entry["id"], entry["direction"], entry["amount"], entry["to"], entry["from"]),
			(paid, "in", "1.500000", rent, self.alice.address))
		self.assertEqual(parts(entry), [full[1], full[3]])
		self.assertIsNone(entry["memo"])
		self.assertEqual(lines[0].split("  ", 1)[1], f"+1.500000 from {self.alice.address}")
		self.assertEqual(lines[1:], [f"1.000000 to {rent}", f"0.500000 to {food}", paid])

		entry, lines = self.newest(self.network.treasury)
		self.assertEqual((entry["direction"], entry["amount"], entry["to"]), ("in", "0.250000", self.network.treasury.address))
		self.assertEqual(parts(entry), full[:1])
		self.assertEqual(lines[1:], [paid])

		entry, lines = self.newest(self.alice)
		self.assertEqual((entry["direction"], entry["amount"], entry["to"]), ("out", "1.750000", self.network.treasury.address))
		self.assertEqual(parts(entry), full)
		self.assertEqual(entry["memo"], "rent, and food")
		self.assertEqual(lines[0].split("  ", 1)[1], f"-1.750000 to {self.network.treasury.address} and 3 more")
		self.assertEqual(lines[1:], [f"{amount} to {to}" for to, amount in full] + ["memo: rent, and food", paid])
		for wallet in (self.alice, self.bob): # a status is about the payment, whoever asks
			status = wallet.run("status", paid)
			self.assertEqual((status["amount"], parts(status)), ("1.875000", full))
			for to, amount in full:
				self.assertIn(f"    {amount} to {to}\n", self.text(wallet, "status", paid)[0])
		proof = self.uncia_json("receipt", "verify", "--network", self.network.file,
			self.bob.run("receipt", "export", paid)["receipt"])
		self.assertEqual(parts(proof), full)

		alone = self.pay_many(self.bob, "", (rent, "0.25"), (self.bob.address, "0.25"))
		entry, lines = self.newest(self.bob)
		self.assertEqual((entry["id"], entry["direction"], entry["amount"]), (alone, "self", "0.500000"))
		self.assertEqual(lines[1:], [f"0.250000 to {rent}", f"0.250000 to {self.bob.address}", alone])

	def test_a_payment_on_its_way_is_shown_as_that_everywhere(self):
		self.network.validators[KILLED[0]].kill()
		self.assertEqual(self.alice.balance(), 8_500_000) # the others have settled it, so that two can prove it
		self.network.validators[KILLED[1]].kill()
		waiting = self.alice.send(self.bob, "2", "--expires", "600", "--timeout", "8", code=3)
		out, _ = self.text(self.alice, "status", waiting["id"])
		lines = out.splitlines()
		self.assertRegex(lines[0], "^not final yet: .")
		self.assertEqual(lines[1], f"It may still become final. Do not pay again: uncia wait {waiting['id']}")
		self.assertEqual(lines[2], f"2.000000 from {self.alice.address} to {self.bob.address}")
		self.assertRegex(lines[3], "^expires at ")
		pending = self.alice.run("history")["pending"]
		self.assertEqual([(p["id"], p["state"], p["amount"], p["to"]) for p in pending],
			[(waiting["id"], "pending", "2.000000", self.bob.address)])
		self.assertIn(f"not final yet            -2.000000 to {self.bob.address}\n    {waiting['id']}\n", self.text(self.alice, "history")[0])
		self.assertIn("there is no receipt", self.text(self.alice, "receipt", "export", waiting["id"], code=3)[1])
		for number in KILLED:
			self.network.validators[number].start()
		self.assertEqual(self.alice.run("wait", waiting["id"], "--timeout", "120")["state"], "final")
		self.assertRegex(self.text(self.alice, "status", waiting["id"])[0], "(?s)final at height .*\nin the block of .*\n$")
		self.assertEqual(self.alice.run("history")["pending"], [])

	def test_a_payment_of_several_outputs_on_its_way_is_shown_to_who_gets_it(self):
		self.network.validators[KILLED[0]].kill()
		self.assertEqual(self.alice.balance(), 8_500_000) # settled, as above
		self.network.validators[KILLED[1]].kill()
		outputs = [(self.alice.address, "1"), (self.bob.address, "0.75"), (self.bob.address, "0.25")]
		payer = subprocess.Popen([TOOLS / "paying_host", self.alice.home, self.network.file, "", *(part for o in outputs for part in o)],
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
		try:
			pending = self.until(lambda: self.uncia_json("--wallet", self.alice.home, "history", "--network", self.network.file,
				"--limit", "1")["pending"], "the payment in the home")
		finally:
			payer.kill()
			payer.communicate()
		self.assertEqual([(p["direction"], p["amount"], p["to"]) for p in pending], [("out", "1.000000", self.bob.address)])
		self.assertIn(f"-1.000000 to {self.bob.address} and 2 more\n", self.text(self.alice, "history")[0])
		status = self.alice.run("status", pending[0]["id"])
		self.assertEqual((status["amount"], status["received"]), ("2.000000", "1.000000"))
		# The same again is noticed, though it is a part of a larger one.
		err, _ = self.pay(self.bob.address, "1", "--timeout", "8", code=3)
		self.assertIn(pending[0]["id"], err)
		for number in KILLED:
			self.network.validators[number].start()
		self.assertEqual(self.alice.run("wait", pending[0]["id"], "--timeout", "120")["state"], "final")
		self.assertEqual(self.bob.run("status", pending[0]["id"])["received"], "1.000000")
		self.assertIn("1.000000 of it came to this wallet\n", self.text(self.bob, "status", pending[0]["id"])[0])

	def pay(self, *arguments, code=0):
		"""What a payment says on standard error, and its object."""
		out, err = self.text(self.alice, "send", *arguments, "--json", code=code)
		return err, json.loads(out)

	def test_whoever_pays_the_same_again_is_told(self):
		request = f"uncia:{self.bob.address}?amount=0.75&memo=lunch"  # of the older form, which is paid as often as it is taken
		err, first = self.pay(request)
		self.assertIn("(none of your contacts; paid before), unchecked: the request is of an older form, whose end may have been cut "
			"on its way; its memo: \"lunch\"\n", err)
		self.assertIsNone(first["repeats"])
		self.uncia("--wallet", self.alice.home, "contact", "add", "bob", self.bob.address)
		err, second = self.pay(request)
		self.assertRegex(err, r"\(your contact bob\), unchecked: .* on its way; the same amount was paid to it at 20.* UTC: " + first["id"])
		self.assertEqual(second["repeats"], first["id"])
		# Another amount, purpose or reference is another matter.
		other = self.uncia_json("--wallet", self.bob.home, "address", "--reference", "01" * 8)["address"]
		for arguments in ((self.bob.address, "0.75"), (self.bob.address, "0.5", "--memo", "lunch"), (other, "0.75", "--memo", "lunch")):
			err, paid = self.pay(*arguments)
			self.assertIn("(your contact bob)\n", err)
			self.assertIsNone(paid["repeats"])
		# What the same key has paid is no second payment, and is said to be the first.
		err, keyed = self.pay(self.bob.address, "0.25", "--key", "k")
		self.assertIn("paying 0.250000", err)
		err, again = self.pay(self.bob.address, "0.25", "--key", "k")
		self.assertNotIn("paying", err)
		self.assertRegex(err, f"this --key has its payment already, and no other is made: 0.250000 UNC to {self.bob.address}, final at "
			f"20.* UTC: {keyed['id']}")
		self.assertEqual((again["id"], again["state"]), (keyed["id"], "final"))
		# One that is on its way counts as well.
		self.network.validators[KILLED[0]].kill()
		self.alice.balance()
		self.network.validators[KILLED[1]].kill()
		_, waiting = self.pay(request.replace("0.75", "0.5"), "--expires", "600", "--timeout", "8", code=3)
		err, _ = self.pay(request.replace("0.75", "0.5"), "--expires", "600", "--timeout", "8", code=3)
		self.assertRegex(err, f"the same amount is on its way to it already: {waiting['id']}")

	def test_the_wallets_own_address_is_called_that(self):
		err, _ = self.pay(self.alice.address, "0.5")
		self.assertIn("(this wallet's own address)", err)
		self.assertNotIn("contacts", err)

	def test_names_that_cannot_be_looked_up_are_told_where_nobody_is_reached(self):
		# No name under .onion is asked of anybody: it is not found at once.
		one, all_named, text = self.dir / "one.conf", self.dir / "all.conf", self.network.file.read_text()
		one.write_text(text.replace("address = 127.0.0.1:", "address = mistyped.onion:", 1))
		all_named.write_text(text.replace("address = 127.0.0.1:", "address = mistyped.onion:"))
		alice = ("--wallet", self.alice.home, "--network")
		self.assertEqual(self.uncia(*alice, one, "balance")[1], "")
		for command in (["balance"], ["history"], ["status", "01" * 32], ["send", self.bob.address, "1", "--timeout", "5"]):
			_, err = self.uncia(*alice, all_named, *command, code=6)
			self.assertEqual(err.count(f"mistyped.onion, in {all_named}, could not be looked up"), 4, err)
			self.assertIn("no validator could be reached", err)

	def test_without_a_validator_a_history_is_what_the_home_holds(self):
		down = self.network.kill_with_leader(lambda: self.assertEqual(self.alice.balance(), 8_500_000))
		lost = self.alice.send(self.bob, "3", "--expires", "1", "--timeout", "8", code=3)["id"]
		over = "It may still become final, though its expiry has passed: only a block that is later than that ends it"
		self.until(lambda: over in self.text(self.alice, "status", lost)[0], "its expiry to pass")
		for number in down:
			self.network.validators[number].start()
		self.assertEqual(self.alice.run("wait", lost, "--timeout", "120", code=8)["state"], "expired")
		known = self.alice.run("history")["payments"]
		self.network.validators[KILLED[0]].kill()
		self.assertEqual(self.alice.balance(), 8_500_000)
		self.network.validators[KILLED[1]].kill()
		waiting = self.alice.send(self.bob, "2", "--expires", "600", "--timeout", "8", code=3)["id"]
		self.network.kill_all()
		base = ("--wallet", self.alice.home, "--network", self.network.file)
		held = self.uncia_json(*base, "history", code=6)
		self.assertEqual(held["payments"], [p for p in known if p["direction"] != "in"])
		self.assertEqual([p["id"] for p in held["payments"]], [lost, self.paid[3]["id"], self.paid[1]["id"]])
		self.assertEqual([p["state"] for p in held["payments"]], ["expired", "final", "final"])
		self.assertEqual([(p["id"], p["state"]) for p in held["pending"]], [(waiting, "pending")])
		self.assertEqual((held["exit"], held["complete"], held["more"]), (6, False, False))
		self.assertIn("no validator could be reached", held["error"])
		out, err = self.text(self.alice, "history", code=6)
		self.assertEqual([line.strip() for line in out.splitlines()[1::2]], [waiting] + [p["id"] for p in held["payments"]])
		self.assertIn("uncia: no validator could be reached: these are the payments that this wallet's home holds. What was received,", err)
		self.assertNotIn("balance", err)
		two = self.uncia_json(*base, "history", "--limit", "2", code=6)
		self.assertEqual((two["payments"], two["more"]), (held["payments"][:2], True))
		# Nor does a payment of one's own need a network to be looked at.
		self.assertEqual(self.uncia_json("--wallet", self.alice.home, "status", self.paid[1]["id"])["state"], "final")
		self.assertEqual(self.uncia_json("--wallet", self.alice.home, "status", lost)["state"], "expired")
		out, err = self.uncia("--wallet", self.alice.home, "status", waiting)
		self.assertIn("not final yet", out)
		self.assertIn("nobody was asked, for want of --network", err)
		_, err = self.uncia("--wallet", self.bob.home, "status", waiting, code=2)
		self.assertIn("--network is missing", err)

	def test_a_receipt_goes_into_a_new_file_and_over_none(self):
		self.text(self.alice, "receipt", "export", self.paid[1]["id"], "--output", self.dir / "receipt")
		self.assertEqual((self.dir / "receipt").read_text(), self.paid[1]["receipt"] + "\n")
		self.assertEqual(self.text(self.alice, "receipt", "export", self.paid[1]["id"])[0], self.paid[1]["receipt"] + "\n")
		_, err = self.text(self.alice, "receipt", "export", self.paid[2]["id"], "--output", self.dir / "receipt", code=1)
		self.assertIn("File exists", err)
		self.assertEqual((self.dir / "receipt").read_text(), self.paid[1]["receipt"] + "\n")

	def test_a_receipt_is_whole_or_not_there(self):
		done = subprocess.run(["prlimit", "--fsize=100", BIN / "uncia", "--wallet", self.alice.home, "--network", self.network.file,
			"receipt", "export", self.paid[1]["id"], "--output", "cut"], cwd=self.dir, stdin=subprocess.DEVNULL, capture_output=True, text=True,
			preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
		self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", "uncia: cut: File too large\n"))
		self.assertFalse((self.dir / "cut").exists())

	def test_a_validator_says_to_people_what_it_says_to_programs(self):
		validator = self.network.validators[0]
		self.network.validators[3].kill()
		self.until(lambda: self.status(validator.home)["peers"] == 2, "the validator to miss one")
		before = self.status(validator.home)
		out, _ = self.run_unciad("status", "--home", validator.home)
		after = self.status(validator.home)
		self.assertEqual(out.splitlines()[0], "running")
		shown = dict(line.split(None, 1) for line in out.splitlines()[1:] if not line.startswith("state root"))
		self.assertTrue(before["height"] <= int(shown["height"]) <= after["height"], out)
		self.assertEqual(shown["peers"], "2; not linked: 3")
		self.assertEqual([shown[name] for name in ("voting", "evidence", "accounts")],
			[str(after[name]) for name in ("voting", "evidence", "accounts")])


if __name__ == "__main__":
	unittest.main()
