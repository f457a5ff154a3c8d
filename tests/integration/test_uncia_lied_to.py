"""Validators that lie to the command: what does not verify is said to, by whom, and with an exit code of its own."""
import subprocess
import time

from network import TOOLS
from uncia import ADDRESS, WORDS, UnciaTest
from unciad import ALICE


class LiedTo(UnciaTest):
	def serve(self, *behaviours):
		self.uncia("--wallet", "w", "restore", "--no-passphrase", stdin=WORDS + "\n")
		process = subprocess.Popen([TOOLS / "lying_network", "network.conf", *behaviours], cwd=self.dir, stdout=subprocess.PIPE,
			text=True)
		self.addCleanup(process.stdout.close)
		self.addCleanup(process.wait)
		self.addCleanup(process.kill)
		self.assertEqual(process.stdout.readline(), "ready\n")
		self.base = ("--wallet", "w", "--network", "network.conf")

	def addresses(self):
		lines = (self.dir / "network.conf").read_text().splitlines()
		return [line.split(" = ")[1] for line in lines if line.startswith("address")]

	def test_what_all_say_and_nobody_proves_is_verification_failed(self):
		for lie in ("false", "garbage"):
			with self.subTest(lie=lie):
				self.serve(lie)
				begin = time.monotonic()
				out, err = self.uncia(*self.base, "balance", code=7)
				self.assertLess(time.monotonic() - begin, 4) # no time-out has to come
				self.assertEqual(out, "")
				for address in self.addresses():
					self.assertIn(f"what {address} said does not verify", err)
				self.assertNotIn("reached", err)
				_, err = self.uncia(*self.base, "send", ADDRESS, "1", "--key", "k", code=7)
				self.assertIn("nothing was sent", err)
				self.uncia(*self.base, "status", "70" * 32, code=7 if lie == "garbage" else 4)
				(self.dir / "w" / "key").unlink()

	def test_some_that_lie_and_some_that_are_silent_are_verification_failed_when_the_time_is_up(self):
		self.serve("false", "silent")
		_, err = self.uncia(*self.base, "balance", code=7)
		self.assertIn(f"what {self.addresses()[0]} said does not verify", err)
		self.assertEqual(err.count("said does not verify"), 1)

	def test_one_that_lies_hinders_nobody(self):
		self.serve("false", "honest")
		out, _ = self.uncia(*self.base, "balance")
		self.assertIn("100.000000", out)

	def test_one_proof_and_three_that_are_silent_are_a_balance_when_the_time_is_up(self):
		self.serve("honest", "silent")
		begin = time.monotonic()
		self.assertIn("100.000000", self.uncia(*self.base, "balance")[0])
		self.assertGreater(time.monotonic() - begin, 4.9)

	def test_silence_is_not_reached(self):
		self.serve("silent")
		_, err = self.uncia(*self.base, "balance", code=6)
		self.assertIn("no validator could be reached", err)

	def test_a_balance_of_another_chain_is_verification_failed_with_a_key_and_without(self):
		self.serve("forgets")
		self.uncia(*self.base, "send", ALICE, "1", "--key", "first")
		for command in (["balance"], ["send", ALICE, "1"], ["send", ALICE, "1", "--key", "second"]):
			with self.subTest(command=command):
				_, err = self.uncia(*self.base, *command, code=7)
				self.assertIn("there are two chains", err)
				self.assertNotIn("reached", err)
		out, _ = self.uncia(*self.base, "send", ALICE, "1", "--key", "first")
		self.assertIn("final", out)

	def test_who_was_never_paid_is_not_called_paid_before(self):
		self.serve("expires")
		send = [*self.base, "send", ALICE, "1"]
		self.assertIn("first payment to this address", self.uncia(*send, code=8)[1])
		self.assertIn("first payment to this address", self.uncia(*send, code=8)[1])
