"""Links between validators that are slow, cut, corrupted, one-way or stuffed: payments stay final where a quorum is
connected, wait where none is, and no fault of a network makes anything wrong."""
import contextlib
import random
import re
import unittest

from faults import ALL
from network import fixture_accounts
from proxied import ProxiedTest, memory


class Links(ProxiedTest):
	def pay(self, count=1):
		for _ in range(count):
			self.paid += 1
			self.assertEqual(self.alice.send(self.bob, "0.5")["state"], "final")

	def start_proxied(self, **options):
		self.paid = 0
		return super().start_proxied(**options)

	def all_well(self, network):
		"""All are linked and have the same; every home passes the audit, and nothing was paid twice."""
		network.links.heal()
		network.wait_voting()
		network.wait_same_tip()
		self.assertEqual(self.bob.balance(), self.paid * 500_000)
		audits = network.stop_and_check()
		self.assertEqual([audit["payments"] for audit in audits], [1 + self.paid] * len(audits))

	def downs(self, network, why):
		"""How often a validator gave up a link for this reason."""
		return sum(len(re.findall(f'event=peer_down peer=[0-9]+ why="?{why}', v.log())) for v in network.validators)

	def test_delay_and_jitter_slow_a_payment_and_nothing_more(self):
		network = self.start_proxied()
		network.links.set(network.links.ways(), delay=25, jitter=10)
		took = []
		for _ in range(10):
			self.paid += 1
			took.append(self.alice.send(self.bob, "0.5")["elapsed_ms"])
		self.assertGreaterEqual(min(took), 50) # to the leader's peers, and back
		self.assertLess(sorted(took)[5], 5000)
		self.assertEqual(self.downs(network, ""), 0)
		self.all_well(network)


	def test_connections_that_are_lost_again_and_again_lose_no_payment(self):
		network = self.start_proxied()
		chance, lost = random.Random(27), 0
		for number in range(60 if ALL else 12):
			# One link, all of one validator, or all: while a payment is on its way.
			pairs = [chance.choice(network.links.pairs)] if number % 4 else None
			self.paid += 1
			sending = self.alice.begin("send", self.bob.address, "0.5")
			lost += network.links.reset(pairs)
			self.assertEqual(self.alice.end(sending)["state"], "final")
		self.assertGreater(lost, 12)
		self.all_well(network)

	def test_a_flipped_bit_ends_its_link_and_nothing_wrong_becomes_final(self):
		network = self.start_proxied()
		network.links.set(network.links.ways(), flip=8000)
		self.wait_paying(lambda: self.downs(network, "not authentic") >= (100 if ALL else 8))
		self.assertGreater(network.links.total("flips"), 0)
		self.all_well(network)

	def wait_paying(self, condition):
		"""Payments, one after the other, until then."""
		self.until(lambda: self.pay() or condition(), "what payments are to show", 300)

	def test_one_way_links_leave_a_quorum_that_is_connected_live(self):
		network = self.start_proxied()
		links = network.links
		deaf, mute = links.ways({3})[:3], links.ways({3})[3:]
		single = [(0, 1)]
		for ways in (deaf, mute, single):
			for kind in ("hole", "stop") if ALL else ("hole",):
				with self.subTest(ways=ways, kind=kind):
					links.set(ways, **{kind: 1})
					self.pay(3)
					if ALL and kind == "hole": # until somebody takes the silence for death
						before = self.downs(network, "silent")
						self.wait_paying(lambda: self.downs(network, "silent") > before)
					links.heal()
					network.wait_voting()
		self.all_well(network)

	def test_two_and_two_finalise_nothing_until_they_meet(self):
		network = self.start_proxied()
		for kind in ("hole", "stop") if ALL else ("hole",):
			with self.subTest(kind=kind):
				network.links.set(network.links.ways({0, 1}), **{kind: 1})
				# What was under way when they parted has arrived when a payment waits in vain; from then on nothing is final.
				self.alice.send(self.bob, "0.5", "--key", f"{kind}-1", "--timeout", "1", "--expires", "900", code=3)
				heights = [status["height"] for status in network.statuses()]
				waiting = self.alice.send(self.bob, "0.5", "--key", f"{kind}-2", "--timeout", "2", "--expires", "900", code=3)
				self.assertEqual((waiting["state"], waiting["height"]), ("pending", None))
				self.assertEqual([status["height"] for status in network.statuses()], heights)
				network.links.heal()
				for number in (1, 2):
					self.paid += 1
					paid = self.alice.send(self.bob, "0.5", "--key", f"{kind}-{number}", "--timeout", "120")
					self.assertEqual(paid["state"], "final")
				network.wait_voting()
		self.all_well(network)

	def test_three_go_on_without_the_fourth_which_catches_up(self):
		network = self.start_proxied()
		network.links.part({3})
		self.pay(5)
		heights = [status["height"] for status in network.statuses()]
		self.assertLess(heights[3], min(heights[:3]))
		network.links.heal()
		network.wait_voting()
		network.wait_same_tip()
		network.validators[0].kill() # its vote counts again
		self.pay()
		network.validators[0].start()
		self.all_well(network)

	def test_bytes_that_come_one_by_one_are_the_same_bytes(self):
		network = self.start_proxied()
		network.links.set(network.links.ways(), chunk=1)
		network.links.reset() # the handshakes, too
		self.pay(3)
		network.wait_voting()
		self.all_well(network)

	def test_links_that_are_cut_anywhere_in_a_frame_are_made_anew(self):
		network = self.start_proxied()
		chance = random.Random(26)
		for number in range(20 if ALL else 4):
			before = network.links.total("cuts")
			for way in network.links.ways():
				network.links.set([way], cut=chance.randrange(1, 3000))
			self.paid += 1
			sending = self.alice.begin("send", self.bob.address, "0.5", "--timeout", "120")
			network.wait(lambda: network.links.total("cuts") >= before + 12, "twelve cuts")
			network.links.heal()
			self.assertEqual(self.alice.end(sending)["state"], "final")
		self.all_well(network)

	@contextlib.contextmanager
	def paying(self, network, task, validator, accounts):
		"""Many payments to this validator, all the while."""
		with open(self.dir / "pump", "w") as out:
			pump = self.begin_tool(network, task, 1, 32, accounts, validator.where(), stdout=out, stderr=out)
		try:
			yield
			self.assertIsNone(pump.poll(), (self.dir / "pump").read_text()[-1000:])
		finally:
			pump.kill()
			pump.wait()

	def test_a_peer_that_hardly_reads_costs_the_others_nothing(self):
		"""Where it is dropped at last, and where not before that: what may wait for it is votes and proposals alone."""
		accounts = fixture_accounts(200)
		network = self.start_proxied(funds=[(address, 1000) for address in accounts])
		self.pay()
		sender = network.validators[0]
		network.links.set([(0, 3)], rate=2000, window=1) # it is heard, but falls ever farther behind
		size, sizes = memory(sender), []
		with self.paying(network, "heavy", sender, len(accounts)):
			for _ in range(20):
				self.pay()
				sizes.append(memory(sender))
		print(f"it grew by {max(sizes) - size >> 20} MiB", flush=True)
		self.assertLess(max(sizes) - size, 150 << 20)
		network.links.heal()
		network.wait_voting()
		network.wait_same_tip()
		network.validators[0].kill()
		self.pay()
		network.validators[0].start()
		network.wait_voting()
		network.stop_and_check()

	def test_many_that_dial_in_vain_dial_ever_more_rarely_and_not_in_step(self):
		network = self.start_proxied()
		links = network.links
		links.refuse(links.pairs, True)
		before = {pair: links.stats(*pair)["attempts"] for pair in links.pairs}
		links.reset()
		network.wait(lambda: all(links.stats(*pair)["attempts"] >= before[pair] + 8 for pair in links.pairs), "eight dials")
		dials = {pair: links.attempts(*pair)[before[pair]:][:8] for pair in links.pairs}
		# The first comes after 25 to 50 ms, and each pause is about twice the one before, up to 5 s, half of it chance.
		least = sum(min(50 << i, 5000) / 2 for i in range(1, 8))
		for pair, times in dials.items():
			self.assertGreater(times[-1] - times[0], least * 0.9, f"{pair}: {times}")
		last = sorted(times[-1] for times in dials.values())
		self.assertGreater(last[-1] - last[0], 100)
		self.assertEqual(self.alice.send(self.bob, "0.5", "--key", "storm", "--timeout", "1", "--expires", "900", code=3)["state"],
			"pending")
		links.heal()
		self.paid += 1
		self.assertEqual(self.alice.send(self.bob, "0.5", "--key", "storm")["state"], "final")
		self.all_well(network)


if __name__ == "__main__":
	unittest.main()
