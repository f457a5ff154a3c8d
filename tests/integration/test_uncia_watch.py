"""uncia watch: payments of others as they come in, over running validators that are killed meanwhile, by a process that
is killed itself."""
import json
import queue
import signal
import subprocess
import threading
import unittest

from network import NetworkTest
from unciad import BIN
from uncia import UnciaTest


class Watcher:
	"""`uncia watch --json` that runs."""

	def __init__(self, wallet, *options):
		self.test = wallet.test
		self.process = subprocess.Popen([BIN / "uncia", "--wallet", str(wallet.home), "--network", str(wallet.network), "watch",
			"--json", *options], cwd=self.test.dir, env=self.test.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, text=True)
		self.lines, self.said = queue.Queue(), queue.Queue()
		for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.said)):
			threading.Thread(target=self.read, args=(stream, lines), daemon=True).start()
		self.test.addCleanup(self.process.kill)

	@staticmethod
	def read(stream, lines):
		for line in stream:
			lines.put(line)
		lines.put(None)

	def listening(self):
		"""Once it says that it misses nothing from now on."""
		while (line := self.said.get(timeout=60)) != "uncia: listening\n":
			self.test.assertIsNotNone(line)
		return self

	def next(self):
		return json.loads(self.lines.get(timeout=60))

	def end(self, number=signal.SIGINT, code=0):
		"""Sends the signal. Returns what it had printed and nobody has taken."""
		self.process.send_signal(number)
		self.test.assertEqual(self.process.wait(timeout=60), code)
		rest = []
		while (line := self.lines.get(timeout=60)) is not None:
			rest.append(json.loads(line))
		return rest


class Watch(NetworkTest):
	def test_each_payment_is_printed_once_and_in_order(self):
		network = self.start_network()
		alice, bob = self.new_wallet(network, "alice"), self.new_wallet(network, "bob")
		watcher = Watcher(alice).listening()
		paid = [network.treasury.send(alice, f"{i}") for i in range(1, 4)]
		for i, payment in enumerate(paid, 1):
			seen = watcher.next()
			self.assertEqual((seen["v"], seen["id"], seen["amount"], seen["from"], seen["to"]),
				(1, payment["id"], f"{i}.000000", network.treasury.address, alice.address))
			self.assertEqual((seen["height"], seen["memo_hash"]), (payment["height"], None))
			self.assertEqual(self.verify(network, seen["receipt"])["id"], payment["id"])
		alice.send(bob, "1")  # her own is none that came in
		with_memo = network.treasury.run("send", alice.address, "4", "--memo", "rent")
		seen = watcher.next()
		self.assertEqual((seen["id"], len(seen["memo_hash"])), (with_memo["id"], 64))
		self.assertEqual(watcher.end(), [])
		# Missed while it is not there, then no more: and what another client has not been told is told to that one.
		missed = [network.treasury.send(alice, "1")["id"] for _ in range(70)]
		out, err = self.uncia("--wallet", alice.home, "--network", network.file, "watch", "--count", "70", "--json")
		self.assertEqual([json.loads(line)["id"] for line in out.splitlines()], missed)
		self.uncia_refuses(3, "0 of 1 payment has come in", "--wallet", alice.home, "--network", network.file, "watch",
			"--count", "1", "--timeout", "3")
		self.assertEqual(Watcher(alice, "--client", "other").listening().end(signal.SIGTERM), [])
		network.stop_and_check()

	def test_a_validator_that_is_killed_keeps_nothing_from_being_printed(self):
		network = self.start_network()
		alice = self.new_wallet(network, "alice")
		watcher = Watcher(alice).listening()
		for validator in network.validators:
			validator.kill()
			payment = network.treasury.send(alice, "1")
			self.assertEqual(watcher.next()["id"], payment["id"])
			validator.start()
			network.wait_voting()
		self.assertEqual(watcher.end(), [])
		network.stop_and_check()

	def test_one_that_is_killed_prints_again_what_it_may_not_have_printed(self):
		network = self.start_network()
		alice = self.new_wallet(network, "alice")
		Watcher(alice).listening().end()
		paid, printed = [], []
		for _ in range(10):
			paid.append(network.treasury.send(alice, "1")["id"])
			watcher = Watcher(alice)
			printed.append(watcher.next()["id"])
			printed.extend(seen["id"] for seen in watcher.end(signal.SIGKILL, -signal.SIGKILL))
		watcher = Watcher(alice).listening()
		printed.extend(seen["id"] for seen in watcher.end())
		# In order; one may come again, but none is left out.
		self.assertEqual(sorted(printed, key=paid.index), printed)
		self.assertEqual(list(dict.fromkeys(printed)), paid)
		network.stop_and_check()


class Arguments(UnciaTest):
	def test_usage_and_a_network_that_is_not_there(self):
		self.wallet("w")
		base = ["--wallet", "w", "--network", self.silent_network(), "watch"]
		for option, text in (("--count", "0"), ("--count", "x"), ("--timeout", "0"), ("--client", ""), ("--client", "A B")):
			self.uncia_refuses(2, option, *base, option, text)
		self.uncia_refuses(6, "no validator could be reached", *base, "--timeout", "2")
		self.uncia_refuses(6, "no validator could be reached", *base, "--timeout", "2", "--json")

	def test_a_place_that_is_damaged_is_said_and_can_be_forgotten(self):
		self.wallet("w")
		base = ["--wallet", "w", "--network", self.silent_network(), "watch", "--timeout", "1"]
		(self.dir / "w/watch-uncia").write_bytes(b"nonsense")
		(self.dir / "w/watch-uncia").chmod(0o600)
		self.uncia_refuses(1, "--from-now", *base)
		self.uncia_refuses(6, "no validator could be reached", *base, "--from-now")
		self.assertFalse((self.dir / "w/watch-uncia").exists())


if __name__ == "__main__":
	unittest.main()
