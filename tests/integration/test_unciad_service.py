"""What unciad start tells the manager of services that has started it: that it is ready once it votes or follows, that it
lives, how it is doing, and that it ends."""
import json
import os
import re
import signal
import subprocess
import unittest

from network import NetworkTest
from service_manager import ServiceManager
from unciad import BIN


def is_ready(message):
	return message.get("READY") == "1"


class Service(NetworkTest):
	def started(self, home, environment):
		process = subprocess.Popen([BIN / "unciad", "start", "--home", home], cwd=self.dir, stdin=subprocess.DEVNULL,
			stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
		self.addCleanup(process.stderr.close)
		self.addCleanup(process.wait)
		self.addCleanup(process.kill)
		return process

	def votes(self, home):
		"""Whether one runs there that votes; one that is just starting does not answer."""
		done = subprocess.run([BIN / "unciad", "status", "--home", home, "--json"], cwd=self.dir, stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
		return json.loads(done.stdout).get("voting") == "yes"

	def ends(self, process, code=0):
		process.send_signal(signal.SIGTERM)
		said = process.communicate(timeout=60)[1]
		self.assertEqual(process.returncode, code, said)
		self.assertNotIn("Sanitizer", said)
		return said

	def test_a_validator_is_ready_when_it_votes_lives_and_says_that_it_ends(self):
		network = self.start_network()
		first = network.validators[0]
		first.kill()
		manager = ServiceManager(self)
		process = self.started(first.home, manager.environment(watchdog_ms=600))
		ready = manager.until(is_ready)
		self.assertIsNotNone(ready, manager.told)
		self.assertRegex(ready["STATUS"], r"^votes.*; height \d+, weight \d linked of \d needed|^does not vote yet; catches up")
		self.assertEqual(self.status(first.home)["running"], True)
		for before in manager.told[:-1]:
			self.assertRegex(before["STATUS"], "does not vote yet; waits for (links|answers)", manager.told)
		# Three beats in the time that the manager waits for one; said once that it is ready.
		for _ in range(4):
			self.assertTrue(manager.listen(5), manager.told)
			self.assertEqual((manager.told[-1]["WATCHDOG"], "READY" in manager.told[-1]), ("1", False))
		self.assertIsNotNone(manager.until(lambda message: re.match("votes; height [1-9]", message["STATUS"])), manager.told)
		self.ends(process)
		self.assertIsNotNone(manager.until(lambda message: message.get("STOPPING") == "1", 5), manager.told[-3:])

	def test_a_loop_that_stands_still_is_not_alive(self):
		network = self.start_network(count=1)
		network.validators[0].kill()
		manager = ServiceManager(self, name=f"@uncia-test-notify-{os.getpid()}")
		process = self.started(network.validators[0].home, manager.environment(watchdog_ms=300))
		self.assertIsNotNone(manager.until(is_ready), manager.told)
		process.send_signal(signal.SIGSTOP)
		while manager.listen(0):
			pass
		self.assertFalse(manager.listen(1), manager.told[-1:])
		process.send_signal(signal.SIGCONT)
		self.assertTrue(manager.listen(30))
		self.ends(process)

	def test_one_without_a_vote_is_ready_when_it_follows(self):
		"""Its journal is older than a vote that the others hold: it never votes again, and is of use all the same."""
		network = self.start_network()
		first = network.validators[0]
		first.stop()
		copy = self.dir / "journal"
		subprocess.run(["cp", "-a", self.dir / first.home / "data", copy], check=True)
		first.start()
		network.wait_voting()
		height = self.status(first.home)["height"]
		network.wait(lambda: self.status(first.home)["height"] > height + 2, "some blocks more")
		first.kill()
		subprocess.run(["rm", "-r", self.dir / first.home / "data"], check=True)
		copy.rename(self.dir / first.home / "data")
		manager = ServiceManager(self)
		process = self.started(first.home, manager.environment())
		ready = manager.until(is_ready)
		self.assertIsNotNone(ready, manager.told)
		said = manager.until(lambda message: message["STATUS"].startswith("never votes again under this key"))
		self.assertIsNotNone(said, manager.told)
		self.ends(process)

	def test_a_socket_that_is_none_changes_nothing(self):
		network = self.start_network(count=1)
		validator = network.validators[0]
		validator.kill()
		for name in ("", "@", "relative", "/" + "x" * 200, str(self.dir / "nobody")):
			with self.subTest(name):
				process = self.started(validator.home, {**os.environ, "NOTIFY_SOCKET": name, "WATCHDOG_USEC": "x"})
				network.wait(lambda: self.votes(validator.home), "it to vote")
				self.ends(process)


if __name__ == "__main__":
	unittest.main()
