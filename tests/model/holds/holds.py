"""A model of the ledger's rules for transfers and holds (docs/spec/ledger.md): the rules written a second time
(rules.py), what must hold of them after every payment (world.py), named attacks (attacks.py), random histories
(explore.py), every sequence of a few steps (exhaust.py), wallets and who knows what (wallets.py), pools under siege
(pool.py); and mistakes planted into all of it (plants.py), each of which must be found. Needs Python 3 alone.

	holds.py                  what ./run test runs
	holds.py --plant NAME     one mistake: how it is found
	holds.py --seeds N --depth D [--first SEED]    more of it
"""
import argparse
import collections
import concurrent.futures
import inspect
import re
import sys
import time
import attacks
import exhaust
import explore
import plants
import pool
import rules
import wallets
from world import Broken

SEEDS, DEPTH, SEEDS_OF_IDS, SEEDS_OF_WALLETS, SIEGES = 80, 3, 15, 20, 10
WORKERS = 2  # as tests/CMakeLists.txt says
SEEDS_TO_FIND = 120  # within which a planted mistake must be found
ID_BITS = 3
# Why payments are refused where a mistake is planted, or (the last) where there are several currencies.
NOT_MET = {"counter full", "account exists", "receiver's currency"}


def all_reasons():
	"""Every reason for which the rules refuse anything."""
	sources = [inspect.getsource(f) for name, f in vars(rules).items() if re.match("refused|malformed", name)]
	return set(re.findall(r'return (?:bad or )?"([^"]+)"', "".join(sources))) - NOT_MET


def histories(first, seeds, id_bits):
	executed, refusals, pairs = collections.Counter(), collections.Counter(), 0
	for seed in range(first, first + seeds):
		world = explore.explore(seed, id_bits=id_bits)
		executed += world.executed
		refusals += world.refusals
		pairs += world.checked_pairs
	return executed, refusals, pairs


def all_attacks():
	for run in attacks.ATTACKS.values():
		run()
	return len(attacks.ATTACKS), attacks.REFUSALS


def all_wallets(seeds):
	return [wallets.run(seed) for seed in range(seeds)]


def sieges(seeds):
	return [(siege.sent, siege.executed, siege.served) for siege in map(pool.run, range(seeds))]


# ---- planted mistakes ----

def search(what, name, run, tries):
	"""Runs what must find the planted mistake, until it does. Returns a line."""
	for number in tries:
		try:
			run(number)
		except Broken as broken:
			if broken.check not in plants.PLANTS[name].checks and broken.check not in attacks.ATTACKS:
				raise SystemExit(f"{name}: another check broke, by {what} {number}: {broken}")
			return f"by {what} {number}: {broken}"
	raise SystemExit(f"{name}: not found by {what}: {plants.PLANTS[name].rule}")


def attack(name):
	attacks.ATTACKS[name]()


def find(name):
	"""Plants it, in this process. Returns how each part that must find it has found it."""
	rules.PLANTED.clear()
	rules.PLANTED.add(name)
	plant = plants.PLANTS[name]
	if plant.part == "attacks":
		return [search("the attack", name, attack, plant.checks)]
	if plant.part == "ids":
		return [search("colliding ids of seed", name, lambda seed: explore.explore(seed, id_bits=ID_BITS), range(SEEDS_TO_FIND))]
	if plant.part == "wallets":
		return [search("wallets of seed", name, wallets.run, range(SEEDS_TO_FIND))]
	if plant.part == "pool":
		return [search("the siege of seed", name, pool.run, range(SEEDS_TO_FIND))]
	return [search("the attack", name, attack, attacks.ATTACKS), search("seed", name, explore.explore, range(SEEDS_TO_FIND)),
		search("every sequence of length", name, exhaust.exhaust, range(1, DEPTH + 1))]


def found(name):
	try:
		return find(name)
	except SystemExit as e:  # a worker's must not end it
		return [str(e)], None


def follows(name):
	"""A rule that follows from others: without it alone nothing breaks."""
	rules.PLANTED.clear()
	rules.PLANTED.add(name)
	exhaust.exhaust(2)
	return histories(0, 10, 160)


# ---- all of it ----

def show(number, what):
	print(f"{number:>9,} {what}")


def run_all(workers, first, seeds, depth):
	"""Prints counts. Raises Broken, or exits, where something does not hold."""
	piece = 10
	parts = [workers.submit(histories, at, min(piece, first + seeds - at), 160) for at in range(first, first + seeds, piece)]
	parts.append(workers.submit(histories, first, SEEDS_OF_IDS, ID_BITS))
	exhausted = workers.submit(exhaust.exhaust, depth)
	named, sieged = workers.submit(all_attacks), workers.submit(sieges, SIEGES)
	walleted = workers.submit(all_wallets, SEEDS_OF_WALLETS)
	mistakes = {name: workers.submit(found, name) for name in plants.PLANTS}
	following = [workers.submit(follows, name) for name in plants.FOLLOWING]

	executed, refusals, pairs = collections.Counter(), collections.Counter(), 0
	for part in parts:
		more = part.result()
		executed, refusals, pairs = executed + more[0], refusals + more[1], pairs + more[2]
	for kind, count in sorted(executed.items()):
		show(count, f"executed: {kind}")
	for (kind, why), count in sorted(refusals.items()):
		show(count, f"refused: {kind}: {why}")
	count, of_attacks = named.result()
	show(count, f"named attacks, with {of_attacks.total():,} refusals")
	show(pairs, "pairs in which somebody else's payment came first")
	never = all_reasons() - {why for _, why in refusals | of_attacks}
	if never:
		raise SystemExit(f"nothing was ever refused for: {sorted(never)}")
	done = exhausted.result()
	show(done.states, f"states after every sequence of {depth} steps, by {done.executed:,} payments, with {done.pairs:,} pairs")
	show(len(walleted.result()), "times links, agents, swaps and listings in wallets")
	totals = [sum(column) for column in zip(*sieged.result())]
	show(totals[0], f"hostile payments at a pool, which put {totals[1]:,} into blocks; {totals[2]:,} honest ones in time")
	lost = []
	for name, future in mistakes.items():
		lines = future.result()
		if lines[-1] is None:
			lost += lines[0]
	if lost:
		raise SystemExit("\n".join(lost))
	show(len(mistakes), "planted mistakes, each found")
	for future in following:
		future.result()
	show(len(following), "rules that follow from others: nothing comes of leaving them out alone")


def main():
	parser = argparse.ArgumentParser()
	parser.add_argument("--plant", choices=sorted(plants.PLANTS), metavar="NAME")
	parser.add_argument("--seeds", type=int, default=SEEDS)
	parser.add_argument("--first", type=int, default=0)
	parser.add_argument("--depth", type=int, default=DEPTH)
	options = parser.parse_args()
	began = time.monotonic()
	if options.plant:
		print(f"{options.plant}: left out: {plants.PLANTS[options.plant].rule}")
		print(*find(options.plant), sep="\n")
		return
	with concurrent.futures.ProcessPoolExecutor(WORKERS) as workers:
		try:
			run_all(workers, options.first, options.seeds, options.depth)
		except Broken as broken:
			workers.shutdown(cancel_futures=True)
			sys.exit(f"{broken}")
	print(f"{time.monotonic() - began:.1f} s")


if __name__ == "__main__":
	main()
