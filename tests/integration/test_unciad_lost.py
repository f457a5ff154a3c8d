"""Homes that have lost their journal, homes that are made a second time, and what comes of it: nobody is led into a second
chain, and whoever meets one ends, saying so. And what a validator that waits, or cannot go on, says of itself."""
import json
import os
import shutil
import signal
import socket
import subprocess
import unittest

from network import NetworkTest, Validator
from unciad import BIN, UnciadTest, free_port, free_ports

NOT_YET = {"running": False, "height": 0, "view": 0, "voting": ""}
KEYS = ("consensus.key", "network.key")
PEERS = range(4)


def asked(test, home):
	"""The status of a validator that may only be starting."""
	done = subprocess.run([BIN / "unciad", "status", "--home", home, "--json"], cwd=test.dir, stdout=subprocess.PIPE,
		stderr=subprocess.DEVNULL, text=True)
	status = json.loads(done.stdout) if not done.returncode else NOT_YET
	return status if status["running"] else NOT_YET


class Lost(NetworkTest):
	"""A devnet whose validators are started one by one."""

	def setUp(self):
		super().setUp()
		self.network = self.start_network()
		self.ports = [v.port for v in self.network.validators]

	def wait_height(self, height):
		self.network.wait(lambda: all(s and s["height"] >= height for s in self.network.statuses()), f"height {height}")

	def stop_all(self):
		for validator in self.network.validators:
			validator.stop()

	def second_home(self, number, name, *options, code=0, message=None):
		"""Another home of this validator's keys, elsewhere."""
		home = self.dir / name
		home.mkdir()
		for key in KEYS:
			shutil.copy(self.dir / self.network.validators[number].home / key, home / key)
		peers = [text for i in PEERS if i != number for text in ("--peer", f"{i}=127.0.0.1:{self.ports[i]}")]
		arguments = ["init", "--home", name, "--genesis", self.network.genesis, "--listen", f"127.0.0.1:{self.ports[number]}",
			*peers, *options]
		if message:
			self.refuses(code, message, *arguments)
			self.assertEqual(sorted(os.listdir(home)), sorted(KEYS))
		else:
			self.run_unciad(*arguments)
		return Validator(self, number, {"home": name, "port": self.ports[number], "pid": 0})

	def test_a_lost_journal_is_said_and_never_made_anew(self):
		lost = self.network.validators[1]
		lost.stop()
		data = self.dir / lost.home / "data"
		data.rename(self.dir / "saved")
		for command in ("start", "status", "check"):
			_, err = self.run_unciad(command, "--home", lost.home, code=9)
			self.assertIn("data/ is gone, and with it the journal of votes", err)
			self.assertNotIn("init", err)
		for options in ([], ["--first-start"]):
			self.refuses(9, "must not vote any more", "init", "--home", lost.home, "--genesis", self.network.genesis, *options)
		self.assertFalse(data.exists())
		(self.dir / "saved").rename(data)
		lost.start()
		self.network.wait_voting()

	def test_a_devnet_fills_no_home_that_has_run(self):
		self.network.stop()
		home = self.dir / self.network.validators[2].home
		shutil.rmtree(home / "data")
		self.refuses(9, "must not vote any more", "devnet", "--dir", self.network.dir, "--base-port", str(self.ports[0]))
		self.assertFalse((home / "data").exists())

	def test_a_lost_journal_or_state_alone_is_told_apart(self):
		home = self.dir / self.network.validators[1].home
		for number in (1, 2):
			self.network.validators[number].stop()
		for name, code, message in (("journal", 9, "data/journal is gone"), ("state", 7, "put data/state back from any copy")):
			(home / "data" / name).rename(self.dir / name)
			for command in ("start", "status", "check"):
				_, err = self.run_unciad(command, "--home", home, code=code)
				self.assertIn(message, err)
				self.assertNotIn("init", err)
				self.assertEqual(err.count("\n"), 1, err)
			_, err = self.run_unciad("check", "--home", self.network.validators[2].home, "--against", home, code=code)
			self.assertIn(message, err)
			(self.dir / name).rename(home / "data" / name)
		self.run_unciad("check", "--home", home)

	def test_a_key_that_has_voted_gets_no_second_journal(self):
		self.wait_height(2)
		self.network.validators[1].stop()
		self.second_home(1, "again", "--first-start", code=5, message="this key has voted before")
		self.stop_all()
		self.second_home(1, "alone", code=6, message="weight 0 of 3 needed")

	def test_a_journal_that_has_lost_votes_is_told_of_a_stopped_home_too(self):
		old = self.network.validators[1]
		old.stop()
		data = self.dir / old.home / "data"
		shutil.copytree(data, self.dir / "saved")
		before = self.run_json("status", "--home", old.home)
		self.assertEqual((before["lost_votes"], "voting" in before), (False, False))
		old.start()
		self.until(lambda: (s := asked(self, old.home))["running"] and s["voting"] == "yes" and s["height"] > before["height"] + 2,
			"it to vote")
		old.stop()
		shutil.rmtree(data)
		(self.dir / "saved").rename(data)
		old.start()
		said = "never again under this key: a peer holds a newer vote than the journal"
		self.until(lambda: (s := asked(self, old.home))["running"] and s["voting"] == said, "it to hear of its newer votes")
		old.stop()
		stopped = self.run_json("status", "--home", old.home)
		self.assertEqual((stopped["lost_votes"], stopped["voting"]), (True, said))
		self.assertIn(f"voting      {said}: see", self.run_unciad("status", "--home", old.home)[0])
		checked = self.run_json("check", "--home", old.home, code=7)
		self.assertEqual((checked["ok"], checked["height"] >= stopped["height"]), (False, True))
		self.assertIn("never votes again under this key", checked["failure"])
		out, err = self.run_unciad("check", "--home", old.home, code=7)
		self.assertIn("the journal has lost votes that this key has cast: others hold one of view", err)
		self.assertRegex(out, "^the chain is well up to height ")

	def test_who_caught_up_by_pages_knows_who_has_voted(self):
		self.wait_height(8)
		self.stop_all()
		# As if it had never run: it hears no vote of validators 1 and 2, which are gone.
		late = self.network.validators[3]
		shutil.rmtree(self.dir / late.home / "data")
		(self.dir / late.home / "started").unlink()
		self.run_unciad("init", "--home", late.home, "--genesis", self.network.genesis, "--first-start")
		for validator in (self.network.validators[0], late):
			validator.start()
		self.wait_height(8)
		self.network.validators[0].stop()
		for i in (1, 2):
			self.second_home(i, f"again{i}", "--first-start", code=5, message="this key has voted before: validator 3")

	def test_a_second_chain_ends_whoever_meets_it_and_stays_known(self):
		first = self.network.validators[0]
		paid = self.network.treasury.send(self.new_wallet(self.network, "bob"), "1")
		self.wait_height(paid["height"] + 1)
		self.stop_all()
		others = [self.second_home(i, f"second{i}", "--first-start") for i in (1, 2, 3)]
		for validator in others:
			validator.start()
		end = self.run_json("status", "--home", first.home)
		self.until(lambda: all(asked(self, v.home)["height"] > end["height"] for v in others)
			and all(asked(self, v.home)["view"] > end["view"] + 1 for v in others), "the second chain to be the longer one")
		# There the money was never paid: its proof is as good, and contradicts the receipt.
		_, err = self.uncia("--wallet", self.network.treasury.home, "--network", self.network.file, "balance", code=7)
		self.assertIn("there are two chains", err)
		first.start()
		for validator in [first, *others]:
			validator.gone()
			self.assertEqual(validator.process.wait(), 10, validator.log()[-2000:])
			self.assertIn("event=second_chain", validator.log())
			self.assertIn("event=halt why=\"validators of more weight than F are faulty", validator.log())
			self.refuses(10, "there is a second chain", "start", "--home", validator.home)
			self.assertTrue(self.run_json("status", "--home", validator.home)["second_chain"])
			self.assertIn("evidence    of a second chain", self.run_unciad("status", "--home", validator.home)[0])
			self.assertIn("there is a second chain under this network's id",
				self.run_json("check", "--home", validator.home, code=7)["failure"])
			compared = self.run_json("check", "--home", first.home, "--against", others[0].home, code=7)
		self.assertEqual((compared["height"], compared["failure"]),
			(1, f"another block is final there in {others[0].home}: there are two chains"))
		self.run_unciad("check", "--home", self.network.validators[1].home, "--against", self.network.validators[2].home)
		self.refuses(10, "this is the chain to give up", "start", "--home", first.home, "--this-chain")
		# The operators have agreed on the other one; the first homes are put away.
		for validator in others:
			validator.start(arguments=("start", "--this-chain", "--home"))
		height = self.until(lambda: asked(self, others[0].home)["height"], "the chain to be there")
		self.until(lambda: asked(self, others[0].home)["height"] > height + 1, "the second chain to go on")


class Making(UnciadTest):
	def setUp(self):
		super().setUp()
		self.make_genesis()
		base = free_ports(4)
		self.ports = [base + i for i in PEERS]

	def init(self, number, *options, code=0, known=PEERS):
		peers = [text for i in known if i != number for text in ("--peer", f"{i}=127.0.0.1:{self.ports[i]}")]
		return self.run_unciad("init", "--home", f"v{number}", "--genesis", "g", "--listen", f"127.0.0.1:{self.ports[number]}",
			*peers, *options, code=code)

	def start(self, number):
		validator = Validator(self, number, {"home": f"v{number}", "port": self.ports[number], "pid": 0})
		validator.start()
		return validator

	def test_a_name_that_cannot_be_looked_up_is_told_as_that(self):
		self.refuses(6, "validator 1: no-such-host.invalid:7400: the name could not be looked up; validator 2: no --peer", "init",
			"--home", "v0", "--genesis", "g", "--peer", "1=no-such-host.invalid:7400")

	def test_the_last_of_four_needs_no_option_and_the_first_do(self):
		_, err = self.init(0, code=6)
		self.assertIn("add --first-start", err)
		self.assertIn(f"validator 1: 127.0.0.1:{self.ports[1]}: Connection refused; validator 2: ", err)
		self.assertEqual(sorted(os.listdir(self.dir / "v0")), sorted(KEYS))
		for i in range(3):
			out, err = self.init(i, "--first-start", "--json")
			made = json.loads(out)
			self.assertEqual((made["asked"], made["answered"]), (3, i))
			self.assertIn(f"of 3 validators that were asked, {i} answered that it has not, of weight {i} of 3 needed", err)
			self.start(i)
			self.until(lambda: asked(self, f"v{i}")["running"], "it to answer")
		self.until(lambda: asked(self, "v0")["height"] >= 3, "three to finalise")
		_, err = self.init(3, known=(0, 1), code=6)
		self.assertIn("weight 2 of 3 needed", err)
		self.assertIn("validator 2: no --peer says where it is", err)
		_, err = self.init(3)
		self.assertEqual(err, "")
		self.start(3)
		self.until(lambda: asked(self, "v3")["voting"] == "yes", "the fourth to vote")

	def test_what_is_no_validator_does_not_count(self):
		with socket.create_server(("127.0.0.1", 0)) as silent:
			self.ports[1] = silent.getsockname()[1]
			_, err = self.init(0, known=(1, 2), code=6)
		self.assertRegex(err, r"validator 1: 127\.0\.0\.1:\d+: the link was closed")

	def test_what_a_validator_waits_for_is_said(self):
		for i in PEERS:
			self.init(i, "--first-start")
		started = [self.start(0)]
		alone = self.until(lambda: (s := asked(self, "v0"))["running"] and s, "the first to run")
		self.assertEqual((alone["weight_linked"], alone["weight_needed"], alone["not_linked"]), (1, 3, [1, 2, 3]))
		self.assertTrue(alone["halted"])
		self.assertEqual(alone["waits_for"], "links")
		self.assertIn("links to validators: linked is weight 1", alone["waits_text"])
		self.assertNotEqual(alone["voting"], "yes")
		started += [self.start(i) for i in (1, 2, 3)]
		well = self.until(lambda: (s := asked(self, "v0"))["voting"] == "yes" and s["weight_linked"] == 4 and s["height"] and s,
			"all to vote")
		self.assertFalse(well["halted"])
		self.assertNotIn("waits_for", well)
		self.assertLess(well["final_age_ms"], 60000)
		for validator in started[2:]:
			validator.stop()
		halted = self.until(lambda: (s := asked(self, "v0"))["halted"] and s["weight_linked"] == 2 and s,
			"it to see that it is halted")
		self.assertEqual((halted["voting"], halted["waits_for"], halted["not_linked"]), ("halted", "links", [2, 3]))
		out, _ = self.run_unciad("status", "--home", "v0")
		self.assertIn("voting      halted\nwaits for   links to validators: linked is weight 2, itself included, of 3 needed\n", out)
		self.assertIn("not linked: 2 3\nweight      2 linked, 3 needed\n", out)

	def test_a_peer_that_cannot_be_reached_is_told_with_the_reason_and_not_again_and_again(self):
		self.run_unciad("init", "--home", "v0", "--genesis", "g", "--listen", f"127.0.0.1:{free_port()}", "--peer",
			f"1=127.0.0.1:{free_port()}", "--peer", "2=no-such-host.invalid:7400", "--first-start")
		validator = self.start(0)
		self.until(lambda: "event=resolve_failed peer=2" in validator.log(), "the name that does not exist")
		self.until(lambda: "event=dial_failed peer=1" in validator.log(), "the port that nobody listens on")
		self.until(lambda: asked(self, "v0")["running"], "it to answer")
		validator.stop()
		lines = [line for line in validator.log().splitlines() if "_failed peer=" in line]
		self.assertEqual(len(lines), 2, lines)
		self.assertIn("connection refused", next(line for line in lines if "peer=1" in line))
		self.assertIn("level=warning event=resolve_failed peer=2 host=no-such-host.invalid port=7400 why=", validator.log())

	def test_a_hangup_ends_nothing(self):
		net = self.start_devnet()
		for pid in [net.process.pid, *(v["pid"] for v in net.ready["validators"])]:
			os.kill(pid, signal.SIGHUP)
		height = asked(self, "net/v0")["height"]
		self.until(lambda: asked(self, "net/v0")["height"] > height + 1, "the network to go on")
		self.assertIsNone(net.process.poll())
		self.assertEqual(net.stop(), 0, net.errors())


if __name__ == "__main__":
	unittest.main()
