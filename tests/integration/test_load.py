"""The load generator of ./run bench: what it says has to be so, or no figure of it means anything."""
import pathlib
import re
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "bench"))
import measures
from unciad import BIN, free_ports
from validators import Network, Tools, make_homes, populate

ACCOUNTS, PAYERS = 1000, 100
RATE, COUNT, STOPPED_S = 100, 400, 2
PAYMENT_MIN = 100 # bytes that one takes on its way, at least


class Load(unittest.TestCase):
	ascending = False

	def setUp(self):
		directory = tempfile.TemporaryDirectory(prefix="uncia-test-")
		self.addCleanup(directory.cleanup)
		tools = Tools(BIN, directory.name, free_ports(1))
		home = pathlib.Path(directory.name) / "net"
		home.mkdir()
		make_homes(tools, home, 1, ACCOUNTS, PAYERS, self.ascending)
		self.network = Network(tools, home)
		self.addCleanup(self.network.stop)
		self.network.start()

	def accounts(self):
		return self.network.tools.unciad("status", "--home", self.network.homes[0])["accounts"]

	def written(self, load):
		"""Bytes that it has sent, so far."""
		return int(re.search(r"^wchar: (\d+)", pathlib.Path(f"/proc/{load.process.pid}/io").read_text(), re.M)[1])

	def test_funds_all_accounts_and_each_payer_has_paid_once(self):
		before = self.accounts()
		first = populate(self.network)
		self.assertEqual(self.accounts(), before + ACCOUNTS)
		self.assertGreater(first["tps"], 0)

	def stopped_while_it_sends(self):
		"""What a run says that was stopped for two seconds, soon after it began to send; None where a busy machine did not let
		this process stop it soon."""
		load = self.network.load("run", "--payments", COUNT, "--rate", RATE, "--links", 4)
		self.addCleanup(load.process.kill)
		before, begun = self.written(load), time.monotonic()
		load.go()
		# The line that said it was ready may not be counted yet: more than that has to go out.
		while load.process.poll() is None and self.written(load) < before + PAYMENT_MIN:
			time.sleep(0.01)
		load.process.send_signal(signal.SIGSTOP)
		soon = time.monotonic() - begun < 1
		time.sleep(STOPPED_S)
		load.process.send_signal(signal.SIGCONT)
		result = load.result()
		self.assertEqual((result["payments"], result["refused"]), (COUNT, 0))
		return result if soon else None

	def test_open_loop_counts_from_when_a_payment_should_have_been_sent(self):
		populate(self.network)
		result = None
		while not result:
			result = self.stopped_while_it_sends()
		# The generator itself slept through half of the four seconds: a quarter of all go out a second late, or more.
		self.assertGreater(result["latency_ms"]["p90"], 1000)

	def test_closed_loop_ends_with_every_receipt_verified(self):
		populate(self.network)
		load = self.network.load("run", "--payments", 300, "--warm-up", 100, "--window", 20, "--links", 4, "--verify-every", 1,
			"--outputs", 3)
		load.go()
		result = load.result()
		self.assertEqual((result["payments"], result["refused"]), (300, 0))
		self.assertLessEqual(result["latency_ms"]["p50"], result["latency_ms"]["max"])


	def test_a_validator_that_has_ended_says_how_many_signatures_it_took_at_once(self):
		populate(self.network)
		self.network.stop()
		checks = self.network.checks()
		self.assertGreaterEqual(checks["signatures_at_once"], 1)
		self.assertLessEqual(checks["signatures_at_once"], 32)
		self.assertGreaterEqual(checks["votes_at_once"], 0)


class Ascending(Load):
	"""As hundreds of millions of accounts are made: in the order of their addresses."""
	ascending = True


class Loop(unittest.TestCase):
	def test_a_step_is_divided_among_what_it_goes_through(self):
		with tempfile.TemporaryDirectory(prefix="uncia-test-") as directory:
			both = measures.loop(Tools(BIN, directory, free_ports(1)), "--payments", 1500, 4, 500, 50, 1, 500, 50)
		for committee in both:
			for kind in ("steps", "sections"):
				self.assertAlmostEqual(sum(one["us"] for one in committee[kind].values()), committee["us"], delta=committee["us"] / 100)
			self.assertGreaterEqual(committee["payments"], 1500)
			self.assertTrue(25 <= committee["payments_a_block"] <= 75, committee["payments_a_block"])
			for section in ("execution", "state root", "payments decoded, hashed", "who waits; receipts"):
				self.assertGreater(committee["sections"][section]["us"], 0, section)


class Parts(unittest.TestCase):
	def test_each_part_is_measured(self):
		with tempfile.TemporaryDirectory(prefix="uncia-test-") as directory:
			parts = measures.parts(Tools(BIN, directory, free_ports(1)), 2000)
		self.assertGreater(len(parts), 20)
		for name, (value, unit) in parts.items():
			self.assertGreater(value, 0, f"{name}, {unit}")
