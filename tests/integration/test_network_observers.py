"""An observer beside running validators: let in by its key, it follows, is asked by wallets and operators, and its home passes
the audit; who is not let in is not."""
import pathlib
import socket
import subprocess
import unittest

from network import NetworkTest, Validator
from test_unciad_metrics import get, samples
from unciad import free_port

PAYMENTS = 20


def addresses_of_this_machine():
	"""Those that are not loopback's."""
	found = subprocess.run(["hostname", "-I"], stdout=subprocess.PIPE, text=True, check=False).stdout.split()
	return [a for a in found if ":" not in a]


class Observers(NetworkTest):
	def new_observer(self, network, name):
		home, port = self.dir / name, free_port()
		keys = self.run_json("keygen", "--home", home)
		places = [f"--peer={v.where().replace(':', '=127.0.0.1:')}" for v in network.validators]
		self.run_unciad("init", "--home", home, "--genesis", network.genesis, "--observer", "--listen", f"127.0.0.1:{port}", *places)
		return Validator(self, len(network.validators), {"home": home, "port": port, "pid": 0}), keys["network_key"]

	def start(self, observer):
		begun = observer.log().count("event=listening") if (observer.home / "log").exists() else 0
		observer.start()
		self.until(lambda: observer.log().count("event=listening") > begun, "the observer to listen")

	def restart_with(self, network, text, numbers=None):
		"""One after the other, with this at the end of their configurations."""
		for validator in network.validators if numbers is None else [network.validators[i] for i in numbers]:
			validator.stop()
			with open(self.dir / validator.home / "unciad.conf", "a") as conf:
				conf.write(text)
			validator.start()
			network.wait_voting()

	def test_an_observer_follows_and_its_home_passes_the_audit(self):
		network = self.start_network()
		observer, key = self.new_observer(network, "shop")
		self.restart_with(network, f"\n[observer.shop]\nnetwork_key = {key}\n")
		self.start(observer)
		bob = self.new_wallet(network, "bob")
		for _ in range(PAYMENTS):
			network.treasury.send(bob, "1")
		height = self.status(network.validators[0].home)["height"]
		self.until(lambda: (self.status(observer.home).get("height") or 0) >= height, "the observer to follow")
		status = self.status(observer.home)
		self.assertEqual((status["running"], status["voting"], status["peers"]), (True, "observer", 4))
		peers = self.run_json("peers", "--home", observer.home)
		self.assertEqual((peers["self"], [peer["state"] for peer in peers["peers"]]), (None, ["up"] * 4))
		# It is killed, misses some, and catches up.
		observer.kill()
		for _ in range(PAYMENTS):
			network.treasury.send(bob, "1")
		self.start(observer)
		height = self.status(network.validators[0].home)["height"]
		self.until(lambda: (self.status(observer.home).get("height") or 0) >= height, "the observer to catch up")
		observer.stop()
		self.assertNotIn("Sanitizer", observer.log())
		network.stop_and_check()
		height_at_end = self.status(observer.home)["height"]
		check = self.run_json("check", "--home", observer.home)
		self.assertEqual(check["payments"], 2 * PAYMENTS)
		self.assertEqual(check["height"], height_at_end)

	def test_an_observer_shows_what_is_inside_it(self):
		network = self.start_network(count=1)
		observer, key = self.new_observer(network, "shop")
		self.restart_with(network, f"\n[observer.shop]\nnetwork_key = {key}\n")
		port = free_port()
		observer.start(arguments=("start", "--metrics", f"127.0.0.1:{port}", "--home"))
		self.until(lambda: "event=metrics" in observer.log(), "the observer to start")
		bob = self.new_wallet(network, "bob")
		network.treasury.send(bob, "1")

		def figures():
			status, text = get(port)
			return samples(text) if status == 200 else {}

		f = self.until(lambda: (f := figures()).get("uncia_final_payments_total") == 1 and f, "the payment")
		self.assertEqual((f['uncia_voting_state{state="observer"}'], f["uncia_voting"], f["uncia_linked_validators"]), (1, 0, 1))
		self.assertEqual((f['uncia_peer_up{validator="0"}'], f["uncia_observers"]), (1, 0))
		self.assertFalse([name for name in f if name.startswith("uncia_validator_info")])
		self.assertEqual(get(port, "/healthz"), (200, "ok\n")) # it is none that could vote
		self.assertEqual(self.status(observer.home)["advice"], "nothing")
		validator = network.validators[0]
		validator.stop()
		self.until(lambda: "see that a validator runs" in self.status(observer.home)["advice"], "it to say who is missing")
		observer.stop()

	def test_whoever_is_not_named_is_not_let_in(self):
		network = self.start_network()
		observer, _ = self.new_observer(network, "stranger")
		self.start(observer)
		self.until(lambda: "event=dial_failed" in observer.log() or "event=peer_down" in observer.log(), "it to be refused")
		status = self.status(observer.home)
		self.assertEqual((status["peers"], status["height"]), (0, 0))
		observer.stop()
		network.stop_and_check()

	def test_wallets_of_other_machines_are_kept_out_where_it_says_so(self):
		network = self.start_network()
		others = addresses_of_this_machine()
		if not others:
			self.skipTest("this machine has no address but loopback's")
		validator = network.validators[0]
		conf = pathlib.Path(self.dir / validator.home / "unciad.conf")
		validator.stop()
		text = conf.read_text().replace("127.0.0.1:" + str(validator.port), "0.0.0.0:" + str(validator.port), 1)
		conf.write_text(text.replace("[node]\n", "[node]\naccept_wallets = no\n", 1))
		validator.start()
		network.wait_voting()  # `status` asks from this machine
		with socket.create_connection((others[0], validator.port), timeout=30) as stranger:
			stranger.sendall(b"W")
			stranger.settimeout(30)
			self.assertEqual(stranger.recv(1), b"")
		bob = self.new_wallet(network, "bob")
		self.assertEqual(network.treasury.send(bob, "1")["state"], "final")
		network.stop_and_check()

	def test_configurations_that_make_no_sense_are_refused_with_their_line(self):
		network = self.start_network()
		observer, key = self.new_observer(network, "shop")
		conf = pathlib.Path(self.dir / network.validators[0].home / "unciad.conf")
		network.stop()
		good = conf.read_text()
		other = self.run_json("keygen", "--home", self.dir / "other")["network_key"]
		for text, why in ((f"[observer.]\nnetwork_key = {key}\n", "an observer's name has 1 to 31 characters"),
				("[observer.shop]\n", "observer shop has no network_key"),
				("[observer.shop]\nnetwork_key = abc\n", "not 64 hexadecimal digits"),
				(f"[observer.shop]\nnetwork_key = {key}\nnetwork_key = {key}\n", "given twice"),
				(f"[observer.shop]\nnetwork_key = {key}\n[observer.bank]\nnetwork_key = {key}\n", "has the network_key of observer shop"),
				(f"[observer.shop]\nnetwork_key = {key}\naddress = a:1\n", "unknown key 'address'"),
				(f"[observer.v1]\nnetwork_key = {self.key_of(network, 1)}\n", "that of validator 1"),
				("[node]\naccept_wallets = maybe\n", "not yes or no"),
				("".join(f"[observer.o{i}]\nnetwork_key = {other[:-2]}{i:02x}\n" for i in range(65)), "there are 64 observers at most")):
			conf.write_text(good + "\n" + text)
			self.refuses(2, why, "start", "--home", network.validators[0].home)
		conf.write_text(good)
		self.start(observer)
		self.assertTrue(self.status(observer.home)["running"])
		observer.stop()

	def key_of(self, network, number):
		text = network.file.read_text().split(f"[validator.{number}]")[1]
		return text.split("network_key = ")[1].split()[0]


if __name__ == "__main__":
	unittest.main()
