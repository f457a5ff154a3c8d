"""A validator whose consensus key a sign agent has: it finalises; whoever asks the agent for a second vote gets none; and
agent and validator are killed under load without a vote lost, or one too many."""
import os
import shutil
import signal
import struct
import subprocess
import unittest

import verify_receipt as spec
from network import NetworkTest
from signing import CONTRADICTS, DONE, FINAL, FOREIGN, HELLO, MALFORMED, NOTAR1, NOTAR2, SKIP1, SKIP2, VOTE, Client
from unciad import BIN

class SignerTest(NetworkTest):
	"""A devnet of four; validator 0's key is moved to an agent while it is stopped."""

	def setUp(self):
		super().setUp()
		self.network = self.start_network()
		self.validator = self.network.validators[0]
		self.home = self.dir / self.validator.home
		self.network_id = spec.tagged_hash("genesis", self.network.genesis.read_bytes())
		self.path = self.dir / "s"
		self.agent = None
		self.log = open(self.dir / "agent.log", "wb")
		self.addCleanup(self.log.close)
		self.validator.stop()
		self.moved = self.run_json("sign-agent", "init", "--home", self.validator.home, "--agent", "agent")
		conf = self.home / "unciad.conf"
		conf.write_text(conf.read_text().replace("[node]", f"[node]\nsigner = {self.path}"))

	def start_agent(self):
		self.agent = subprocess.Popen([BIN / "unciad", "sign-agent", "--home", "agent", "--socket", self.path], cwd=self.dir,
			stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
		self.addCleanup(self.agent.wait)
		self.addCleanup(self.agent.kill)
		count = self.agent_log().count("event=signs")
		self.until(lambda: self.agent_log().count("event=signs") > count or self.agent.poll() is not None, "the agent to listen")

	def kill_agent(self):
		self.agent.kill()
		self.agent.wait()

	def agent_log(self):
		return (self.dir / "agent.log").read_text()

	def begin(self):
		self.start_agent()
		self.validator.start()
		self.network.wait_voting()

	def client(self):
		client = Client(self.path, self.network_id)
		self.addCleanup(client.close)
		return client

	def no_second_vote(self):
		"""What the others know, and what is stored: no two votes where one is allowed."""
		for status in self.network.statuses():
			self.assertEqual(status["evidence"], 0)
		self.network.stop_and_check()
		self.assertNotIn("Sanitizer", self.agent_log())


class Signing(SignerTest):
	def test_a_validator_with_an_agent_makes_payments_final(self):
		self.assertFalse((self.home / "consensus.key").exists())
		self.assertEqual(os.stat(self.dir / "agent/consensus.key").st_mode & 0o777, 0o600)
		self.begin()
		self.network.validators[3].stop()  # now nothing becomes final without a vote of the agent's
		bob = self.new_wallet(self.network, "bob")
		for _ in range(3):
			self.assertEqual(self.network.treasury.send(bob, "1")["state"], "final")
		self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o660)
		recorded = self.client().votes()
		self.assertTrue(recorded)
		self.no_second_vote()
		self.agent.send_signal(signal.SIGTERM)
		self.assertEqual(self.agent.wait(30), 0)
		self.assertRegex(self.agent_log(), r"event=ended votes=[1-9]\d* expiries=\d+ refused=0")
		self.assertFalse(self.path.exists())

	def test_who_takes_over_the_validator_gets_one_first_vote_of_a_view(self):
		self.begin()
		client = self.client()
		view = 10**6
		key = client.ask(HELLO)[1][:32]
		one, two = b"\1" * 32, b"\2" * 32
		verdict, statement, signature = client.vote(view, NOTAR1, one)
		self.assertEqual(verdict, DONE)
		self.assertTrue(spec.signature_valid(key, spec.tagged_hash("vote", self.network_id, statement), signature))
		for kind, block in ((NOTAR1, two), (SKIP1, b""), (FINAL, two), (NOTAR2, one)):
			verdict, _, signature = client.vote(view, kind, block)
			self.assertEqual((verdict, signature), (CONTRADICTS, bytes(64)))
		self.assertEqual(client.vote(view, NOTAR1, one)[0], DONE)
		self.assertEqual(client.vote(view, FINAL, one)[0], DONE)
		self.assertEqual(client.vote(view, SKIP2)[0], CONTRADICTS)
		self.assertEqual(client.vote(view, NOTAR1, one, epoch=1)[0], FOREIGN)
		self.assertEqual(client.ask(VOTE, struct.pack(">QBQ32s", 0, NOTAR1, view + 1, one), network_id=bytes(32))[0], FOREIGN)
		self.assertIn("event=refused why=another_vote_was_signed", self.agent_log())
		# Killed, it remembers; and what is no request ends the link, and nobody else's.
		self.kill_agent()
		self.start_agent()
		client = self.client()
		self.assertEqual(client.vote(view, NOTAR1, two)[0], CONTRADICTS)
		garbage = self.client()
		garbage.socket.send(b"\1\2 no request")
		self.assertEqual(garbage.socket.recv(1000)[1], MALFORMED)
		self.assertEqual(garbage.socket.recv(1000), b"")
		self.assertEqual(client.vote(view, NOTAR1, one)[0], DONE)

	def test_an_agent_that_is_killed_under_load_loses_no_vote(self):
		self.begin()
		self.network.validators[3].stop()  # each view needs its votes
		bob = self.new_wallet(self.network, "bob")
		paying = [self.network.treasury.begin("send", bob.address, "0.5") for _ in range(3)]
		for _ in range(6):
			self.kill_agent()
			self.start_agent()
			paying.append(self.network.treasury.begin("send", bob.address, "0.5"))
			if not self.validator.is_running():  # an agent that was away for longer than a second ends it
				self.assertEqual(self.validator.process.wait(), 1)
				self.validator.start()
		for process in paying:
			self.assertEqual(self.network.treasury.end(process)["state"], "final")
		self.assertEqual(bob.balance(), len(paying) * 500_000)
		self.no_second_vote()

	def test_a_validator_that_is_killed_takes_over_what_the_agent_has_signed(self):
		self.begin()
		self.network.validators[3].stop()
		bob = self.new_wallet(self.network, "bob")
		paying = []
		for _ in range(6):
			paying += [self.network.treasury.begin("send", bob.address, "0.5") for _ in range(2)]
			self.network.treasury.send(bob, "0.5")
			self.validator.kill()
			self.validator.start()
		for process in paying:
			self.assertEqual(self.network.treasury.end(process)["state"], "final")
		self.assertEqual(bob.balance(), (len(paying) + 6) * 500_000)
		self.no_second_vote()

	def test_a_vote_that_a_crash_kept_from_the_journal_is_cast_after_it(self):
		"""As a kill between the agent's answer and the journal's commit leaves it: the record has a vote of an open view."""
		self.start_agent()
		client = self.client()
		view = 10**6
		self.assertEqual(client.vote(view, SKIP1)[0], DONE)
		self.validator.start()
		self.network.wait_voting()
		self.assertIn(f"event=vote_taken_over view={view} kind={SKIP1}", self.validator.log())
		self.validator.stop()
		self.validator.start()
		self.network.wait_voting()
		self.assertEqual(self.validator.log().count("event=vote_taken_over"), 1)


class Apart(SignerTest):
	def test_without_its_agent_a_validator_ends_and_does_not_start(self):
		self.refuses(1, "the sign agent that unciad.conf names does not answer there", "start", "--home", self.validator.home)
		self.begin()
		self.kill_agent()
		self.assertEqual(self.validator.process.wait(60), 1)
		self.assertIn("event=vote_not_signed", self.validator.log())
		self.start_agent()
		self.validator.start()
		self.network.wait_voting()

	def test_an_agent_that_stands_still_ends_the_validator_in_time(self):
		self.begin()
		self.agent.send_signal(signal.SIGSTOP)
		self.assertEqual(self.validator.process.wait(60), 1)
		self.assertRegex(self.validator.log(), "event=vote_not_signed why=.*timed out")
		self.agent.send_signal(signal.SIGCONT)
		self.validator.start()
		self.network.wait_voting()

	def test_an_older_record_is_told_and_learns_what_it_lacks(self):
		self.start_agent()
		self.kill_agent()
		shutil.copytree(self.dir / "agent/data", self.dir / "older")
		self.start_agent()
		client = self.client()
		view = 10**6
		self.assertEqual(client.vote(view, SKIP1)[0], DONE)
		self.validator.start()
		self.network.wait_voting()
		self.validator.stop()
		self.kill_agent()
		shutil.rmtree(self.dir / "agent/data")
		shutil.move(self.dir / "older", self.dir / "agent/data")
		self.start_agent()
		self.assertNotIn((view, SKIP1, bytes(32)), self.client().votes())
		self.validator.start()
		self.network.wait_voting()
		self.assertRegex(self.validator.log(), r"the agent's record lacks \d+ votes? of this journal")
		self.assertEqual(self.client().vote(view, NOTAR1, b"\1" * 32)[0], CONTRADICTS)

	def test_an_older_journal_is_refused(self):
		self.start_agent()
		shutil.copytree(self.home / "data", self.dir / "older")
		self.validator.start()
		self.network.wait_voting()
		height = self.network.statuses()[0]["height"]
		self.network.wait(lambda: self.network.statuses()[0]["height"] > height + 3, "more blocks")
		self.validator.stop()
		shutil.rmtree(self.home / "data")
		shutil.move(self.dir / "older", self.home / "data")
		self.refuses(7, "the journal is an older copy, which has forgotten votes", "start", "--home", self.validator.home)

	def test_a_record_that_contradicts_the_journal_is_refused(self):
		"""As where an older record was put back, and somebody has had it sign another vote since."""
		view = 10**6
		shutil.copytree(self.dir / "agent/data", self.dir / "older")
		self.start_agent()
		self.assertEqual(self.client().vote(view, SKIP1)[0], DONE)
		self.validator.start()
		self.network.wait_voting()
		self.validator.stop()
		self.kill_agent()
		shutil.rmtree(self.dir / "agent/data")
		shutil.move(self.dir / "older", self.dir / "agent/data")
		self.start_agent()
		self.assertEqual(self.client().vote(view, NOTAR1, b"\1" * 32)[0], DONE)
		self.refuses(7, f"the agent has signed a first vote for a block in view {view}", "start", "--home", self.validator.home)


class Setup(SignerTest):
	def test_one_record_has_one_agent_and_one_socket_one_listener(self):
		self.start_agent()
		self.refuses(1, "in use by process", "sign-agent", "--home", "agent", "--socket", self.dir / "other")
		self.kill_agent()
		self.start_agent()  # over the socket that the killed one has left
		(self.dir / "file").write_text("")
		self.kill_agent()
		self.refuses(2, "something that is no socket", "sign-agent", "--home", "agent", "--socket", self.dir / "file")
		self.refuses(2, "is longer than 107 bytes", "sign-agent", "--home", "agent", "--socket", "/tmp/" + "x" * 110)

	def test_the_key_is_in_one_place(self):
		shutil.copy(self.dir / "agent/consensus.key", self.home / "consensus.key")
		self.refuses(2, "names a signer, and", "start", "--home", self.validator.home)
		(self.home / "consensus.key").unlink()
		self.refuses(1, "a sign agent has it already", "sign-agent", "init", "--home", self.validator.home, "--agent", "other")
		self.assertEqual(self.run_json("status", "--home", self.validator.home)["running"], False)
		self.run_unciad("check", "--home", self.validator.home)

	def test_moving_is_gone_on_with_where_it_was_cut_short(self):
		self.assertEqual(self.moved["agent"], "agent")
		shutil.copy(self.dir / "agent/consensus.key", self.home / "consensus.key")
		self.run_json("sign-agent", "init", "--home", self.validator.home, "--agent", "agent")
		self.assertFalse((self.home / "consensus.key").exists())

	def test_what_is_no_agent_or_no_validator_is_refused(self):
		one, two = (v.home for v in self.network.validators[1:3])
		self.refuses(1, "in use by process", "sign-agent", "init", "--home", one, "--agent", "other")
		self.network.validators[1].stop()
		self.refuses(1, "a sign agent needs a directory of its own", "sign-agent", "init", "--home", one, "--agent", two)
		self.refuses(7, "belongs to another consensus key", "sign-agent", "init", "--home", one, "--agent", "agent")
		self.assertTrue((self.dir / one / "consensus.key").exists())
		self.refuses(1, "is no sign agent's directory", "sign-agent", "--home", "nowhere", "--socket", self.path)
		self.refuses(2, "--socket is missing", "sign-agent", "--home", "agent")
		self.refuses(2, "--agent is missing", "sign-agent", "init", "--home", one)
		shutil.rmtree(self.dir / "agent/data")
		self.refuses(9, "the record of what this key has signed, is gone", "sign-agent", "--home", "agent", "--socket", self.path)

	def test_an_agent_of_another_key_is_refused(self):
		self.network.validators[1].stop()
		other = self.network.validators[1].home
		self.run_json("sign-agent", "init", "--home", other, "--agent", "another")
		agent = subprocess.Popen([BIN / "unciad", "sign-agent", "--home", "another", "--socket", self.path], cwd=self.dir,
			stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
		self.addCleanup(agent.wait)
		self.addCleanup(agent.kill)
		self.until(self.path.exists, "the agent to listen")
		self.refuses(7, "another consensus key than this validator's", "start", "--home", self.validator.home)

	def test_a_wrong_signer_in_the_configuration(self):
		conf = self.home / "unciad.conf"
		text = conf.read_text()
		for value, message in (("relative", "signer = relative: not a path that begins with /"), ("/x\nsigner = /y", "signer is given twice"),
				("/" + "x" * 107, "at most 107 bytes")):
			conf.write_text(text.replace(f"signer = {self.path}", f"signer = {value}"))
			self.refuses(2, message, "start", "--home", self.validator.home)


if __name__ == "__main__":
	unittest.main()
