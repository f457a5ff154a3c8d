"""Strangers, many of them, at the validators' ports: payments become final as before, memory and descriptors stay within
their bounds, and who does not come to the point is given up."""
import contextlib
import json
import os
import re
import socket
import subprocess
import unittest

import verify_receipt as spec
from faults import ALL
from network import TOOLS
from proxied import ProxiedTest, descriptors, forget_peak, memory
from spec_vectors import KEY_FILE

SOCKETS, PER_SECOND, PAYMENTS = (2000, 4000, 100) if ALL else (800, 800, 12)
STRANGER = "127.0.0.2" # wallets come from 127.0.0.1
# Wallets, connections that have said nothing yet, validators' handshakes; and what it needs itself.
DESCRIPTORS_MAX = 1024 + 128 + 128 + 64
MEMORY_MAX = 100 << 20 # what it may grow by, of which some is the sanitizer's
# What the slowest payment under a flood may take, of what the slowest took without, or this where it took less: the flood
# itself has its part of a small machine, whatever validators do.
SLOWER_MAX, USUAL_MS = 10, 200
# What a validator says that stays within the protocol, and what ends its link, each time in another way.
LIES, LIES_THAT_END = ("ahead", "votes", "bodies", "questions", "records"), ("proposals", "forged", "gossip", "pages")
# Messages a second, where the least that they cost is much: the sanitizer makes it three times that, and all of them run on
# this machine, who floods among them.
LIES_RATES = {"questions": 800, "records": 1000}
BLOB_PREFIX = 8 + 32 # of a wallet's blob: its form and its hash


def own_address():
	"""An address of this machine that is not loopback's; None where it has none."""
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
		try:
			probe.connect(("192.0.2.1", 9)) # nothing is sent
			return probe.getsockname()[0]
		except OSError:
			return None


class Floods(ProxiedTest):
	def start(self, **options):
		self.network, self.sent = self.start_proxied(**options), []
		self.pay(2)
		self.usual = self.pay(PAYMENTS)
		self.sizes = [memory(v) for v in self.network.validators]

	def pay(self, count, together=1):
		"""So many times, of two payers at once or of one. Returns the longest of their times to finality, in ms."""
		payers = (self.alice, self.network.treasury)[:together]
		for _ in range(0, count, together):
			begun = [payer.begin("send", self.bob.address, "0.5") for payer in payers]
			self.sent += [payer.end(process) for payer, process in zip(payers, begun)]
		self.assertEqual({paid["state"] for paid in self.sent[-count:]}, {"final"})
		took = sorted(paid["elapsed_ms"] for paid in self.sent[-count:])
		print([round(ms) for ms in took], flush=True)
		return took[-1]

	def pay_meanwhile(self, count=PAYMENTS, together=1):
		"""Payments under a flood take at most so many times what they take without."""
		took, usual = self.pay(count, together), max(self.usual, USUAL_MS)
		print(f"{took} ms instead of {self.usual}", flush=True)
		self.assertLess(took, SLOWER_MAX * usual)

	def public_key(self, wallet):
		blob = (self.dir / wallet.home / "key").read_bytes()
		return spec.message_decode(KEY_FILE, blob[BLOB_PREFIX:])["public_key"].hex()

	@contextlib.contextmanager
	def flood(self, kind, sockets=SOCKETS, per_second=PER_SECOND, source=STRANGER, host="127.0.0.1", result=None, liar=None,
			rate=None):
		"""At all validators. result: a dictionary that gets what came of it. liar: a validator, which is not running; as it.
		rate: FLOOD_RATE."""
		validators = [v for v in self.network.validators if v is not liar]
		where = [f"{v.number}:{host}:{v.port}" for v in validators]
		key = {"FLOOD_HOME": liar.home} if liar else {}
		key["FLOOD_PAYER"] = self.public_key(self.alice)
		if rate:
			key["FLOOD_RATE"] = str(rate)
		process = subprocess.Popen([TOOLS / "flood", self.network.genesis, kind, str(sockets), str(per_second), source,
			*where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **key})
		self.addCleanup(process.kill)
		before = [descriptors(v) for v in validators]
		for validator in validators:
			forget_peak(validator)
		# Of those who say nothing, and of handshakes, 128 are let stand.
		many = 120 if kind in ("silent", "half") else 5
		if not liar and kind != "huge":
			self.network.wait(lambda: any(descriptors(v) > b + many for v, b in zip(validators, before)), "the flood")
		yield process
		self.bounded(validators)
		out, _ = process.communicate(timeout=60)
		self.assertEqual(process.returncode, 0)
		print(kind, out.strip(), flush=True)
		if result is not None:
			result.update(json.loads(out))

	def bounded(self, validators):
		for validator in validators:
			size = self.sizes[validator.number]
			self.assertLess(descriptors(validator), DESCRIPTORS_MAX)
			self.assertLess(memory(validator, "VmHWM") - size, MEMORY_MAX)

	def all_well(self):
		self.network.wait_voting()
		self.network.wait_same_tip()
		self.assertEqual(self.bob.balance(), len(self.sent) * 500_000)
		audits = self.network.stop_and_check()
		self.assertEqual([audit["payments"] for audit in audits], [1 + len(self.sent)] * 4)

	def counted(self, line, what):
		"""The sum of one of the counters that validators log at their end."""
		return sum(int(re.search(f"event={line} .*{what}=([0-9]+)", v.log())[1]) for v in self.network.validators)

	def test_payments_take_as_long_as_ever(self):
		self.start()
		for kind in ("silent", "garbage", "half", "idle", "huge", "tiny", "expired"):
			with self.subTest(kind=kind):
				result = {}
				with self.flood(kind, result=result):
					self.pay_meanwhile()
				self.assertGreater(result["opened"], len(self.network.validators))
				if kind in ("tiny", "expired"):
					self.assertGreater(result["sent"], 1000)
				if kind == "huge": # refused at its length
					self.assertGreater(result["closed"], 100)
		self.all_well()
		self.assertGreater(self.counted("inbound", "pushed_out"), 0)
		self.assertGreater(self.counted("wallets", "pushed_out"), 0)

	def test_wrong_signatures_keep_no_payment_out(self):
		self.start()
		result = {}
		with self.flood("wrong", sockets=100, result=result):
			self.pay_meanwhile()
			# Payments may be final before so many links are made anew.
			self.network.wait(lambda: sum(v.log().count("event=wrong_signatures") for v in self.network.validators) > 150,
				"the end of links that bring wrong signatures")
		self.assertGreater(result["sent"], 1000)
		self.assertGreater(result["closed"], 100) # who brings them loses the link
		self.all_well()
		self.assertTrue(all("event=wrong_signatures" in v.log() for v in self.network.validators))

	def test_messages_that_are_never_finished_take_little_memory(self):
		self.start()
		each, held = SOCKETS // 4, []
		before = [memory(v) for v in self.network.validators]
		with self.flood("unfinished", per_second=4000):
			base = [descriptors(v) for v in self.network.validators]
			self.network.wait(lambda: all(descriptors(v) >= each for v in self.network.validators), f"full houses, {base}")
			self.pay_meanwhile()
			held = [memory(v) - b for v, b in zip(self.network.validators, before)]
		print(f"{held} bytes for {each} each", flush=True)
		# 25 KiB each, the link and its socket, and what the sanitizer puts around.
		self.assertLess(max(held), each * (64 << 10) + (16 << 20))
		self.all_well()

	def test_a_validator_that_floods_the_others_does_not_slow_them(self):
		self.start()
		liar = self.network.validators[0] # it dials all others
		liar.stop()
		self.usual = self.pay(PAYMENTS)
		for kind in ("flap", "murmur", "stale"):
			with self.subTest(kind=kind):
				result = {}
				with self.flood(kind, sockets=3, per_second=1000, result=result, liar=liar):
					self.network.wait(lambda: all(f"event=peer_up peer={liar.number}" in v.log()
						for v in self.network.validators if v is not liar), "links of the liar's")
					self.pay_meanwhile()
				if kind == "flap":
					self.assertGreater(result["opened"], 100)
				else:
					self.assertGreater(result["sent"], 1000 if kind == "murmur" else 2)
		liar.start()
		self.all_well()
		self.assertGreater(self.counted("peers", "too_soon"), 0)

	def lying(self, lies, liar, result=None):
		return self.flood(",".join(lies), sockets=3, per_second=200, result=result, liar=liar, rate=LIES_RATES.get(lies[0]))

	def test_a_validator_that_lies_in_floods_neither_slows_the_others_nor_parts_them(self):
		self.start()
		liar, *others = self.network.validators # it dials all others
		liar.stop()
		linked = lambda: all(v.log().count(f"event=peer_up peer={liar.number}") > ups[v.number] for v in others)
		named = lambda v: re.findall(rf"event=bad_(?:signature|message) peer={liar.number}", v.log())
		for lie in ("quiet", *LIES):
			with self.subTest(lie=lie):
				result, ups = {}, [v.log().count(f"event=peer_up peer={liar.number}") for v in self.network.validators]
				with self.lying([lie], liar, result):
					self.network.wait(linked, "links of the liar's")
					if lie == "quiet": # its views are skipped, with a flood or without
						self.usual = self.pay(PAYMENTS, together=2)
						continue
					self.pay_meanwhile(PAYMENTS // 2, together=2)
				self.assertEqual(result["closed"], 0) # nothing breaks the protocol
				self.assertGreater(result["sent"], {"bodies": 20, "questions": 200}.get(lie, 1000))
		self.assertTrue(all(f"event=evidence voter={liar.number} " in v.log() for v in others))
		self.assertFalse(any(named(v) for v in others))
		with self.lying(LIES_THAT_END, liar):
			self.pay_meanwhile(PAYMENTS // 2, together=2)
			self.network.wait(lambda: all(len(named(v)) > 1 for v in others), "second ends of links")
			self.pay_meanwhile(2, together=2)
		for validator in others:
			blamed = re.findall(r"event=(?:bad_[a-z]+|evidence|peer_down) (?:peer|voter)=([0-9]+)", validator.log())
			self.assertEqual(set(blamed), {str(liar.number)})
		for why in ("bad_signature peer=0 kind=2", "bad_signature peer=0 kind=3", # of a proposal, of payments
				'bad_message peer=0 reason="a message out of place"', 'bad_message peer=0 reason="larger than'):
			self.assertTrue(any(f"event={why}" in v.log() for v in others), why)
		self.network.wait_same_tip()
		self.assertEqual(self.bob.balance(), len(self.sent) * 500_000)
		audits = self.network.stop_and_check(others)
		self.assertEqual([audit["payments"] for audit in audits], [1 + len(self.sent)] * 3)

	def test_a_crowd_that_takes_all_places_makes_room_for_others(self):
		self.start(settings=["wallet_links = 32"])
		before = [descriptors(v) for v in self.network.validators]
		with self.flood("idle", sockets=200, per_second=400):
			self.network.wait(lambda: all(descriptors(v) >= b + 32 for v, b in zip(self.network.validators, before)),
				"full houses")
			self.pay(PAYMENTS)
		self.all_well()
		self.assertGreater(self.counted("wallets", "pushed_out"), 0)

	def test_who_does_not_come_to_the_point_is_given_up(self):
		self.start()
		slow, drip = {}, {}
		with self.flood("slow", 200, result=slow), self.flood("drip", 200, result=drip):
			# Ten seconds for a message, as the log has it; five for a handshake.
			self.network.wait(lambda: self.pay(1) and all('why="does not finish its message"' in v.log()
				for v in self.network.validators), "unfinished messages")
		self.assertEqual(slow["established"], 0)
		self.assertGreaterEqual(slow["closed"], 4) # one of each validator's
		self.assertGreaterEqual(drip["closed"], 4)
		self.all_well()
		self.assertGreaterEqual(self.counted("wallets", "dropped_unfinished"), 4)

	@unittest.skipUnless(own_address(), "this machine has no address but loopback's")
	def test_handshakes_from_elsewhere_are_limited(self):
		self.start(listen="0.0.0.0")
		with self.flood("half", sockets=2000, per_second=4000, source=own_address(), host=own_address()):
			self.network.wait(lambda: all("event=handshake_limit" in v.log() for v in self.network.validators), "the limit")
			self.pay_meanwhile()
		self.all_well()
		self.assertGreater(self.counted("inbound", "refused_rate"), 0)


if __name__ == "__main__":
	unittest.main()
