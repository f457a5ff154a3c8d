"""A pool with bounded places, one block at a time, and people who fill it with takes and give backs that can never happen:
honest ones get into the next blocks all the same.

The pool's rules beside those of docs/spec/ledger.md 3.6:
- A take of a hold that exists and is not valid now never will be: a hold's balance only falls, its end stays, and what a
  take would leave, too little now, is less than nothing after the next one. It is refused, and dropped when its hold
  changes. (So a hold's places are not filled by takes after its end, of more than it has, in another currency, ...)
- A take of a hold that does not exist is refused as a payment of an account that does not exist is: names cost nothing,
  and each would have places of its own. Its wallet sends it again.
- A give back is taken where it is valid now. All of them together have places and one turn of their own."""
import random
import rules
from rules import CURRENCY, HOUR, GiveBack, Payment, planted
from world import NETWORK, Broken, Life, Person, World, names_of

SIZE, PER_SENDER, GIVE_BACKS, BLOCK = 40, 6, 12, 8
NOBODY = b"give backs"


class Pool:
	def __init__(self, world):
		self.world = world
		self.of = {}         # sender: its payments, oldest first; in the order of whose turn it is
		self.parked = set()  # ids that did not fit the ledger when last tried

	def count(self, but=None):
		return sum(len(all) for sender, all in self.of.items() if sender != but)

	def sender(self, p):
		if p.kind != "give back":
			return p.sender
		return p.op.home if planted("pool-counts-give-backs") else NOBODY

	def door(self, p):
		"""None, or why it is not even looked at."""
		world, why = self.world, self.world.why_not(p)
		if p.malformed or why in ("signature", "key", "too far", "expired", "done already", "unfit key"):
			return why or p.malformed
		if p.kind == "give back":
			return None if planted("pool-keeps-early-give-backs") else why
		if p.kind == "take":
			hold = world.state.hold(p.sender)
			if not hold:
				return None if planted("pool-waits-for-holds") and p.signed else why
			return None if planted("pool-keeps-the-impossible") else why
		return why if why == "no such account" else None

	def add(self, p):
		"""None where it waits here, else why not."""
		why, sender = self.door(p), self.sender(p)
		waiting = self.of.get(sender, [])
		if any(other.id == p.id for other in waiting):
			return None
		if why:
			return why
		if sender == NOBODY and planted("pool-without-bound-of-give-backs"):
			if self.count() >= SIZE:
				return "full"
		elif sender == NOBODY:
			if len(waiting) >= GIVE_BACKS:
				return "give backs full"
		elif len(waiting) >= PER_SENDER:
			return "sender's places"
		else:
			why = self.room(sender)
			if why:
				return why
		self.of.setdefault(sender, []).append(p)
		return None

	def room(self, sender):
		"""In a full pool the newest payment of the sender with the most goes; of several, of who has had as many longest."""
		if self.count(None if planted("pool-without-bound-of-give-backs") else NOBODY) < SIZE:
			return None
		most = max((len(all) for other, all in self.of.items() if other != NOBODY), default=0)
		if not most or len(self.of.get(sender, [])) == most:
			return "full"
		victim = next(other for other, all in self.of.items() if other != NOBODY and len(all) == most)
		self.remove(victim, self.of[victim][-1])
		return None

	def remove(self, sender, p):
		self.of[sender].remove(p)
		self.parked.discard(p.id)
		if not self.of[sender]:
			del self.of[sender]

	def block(self):
		"""One of each sender in turn, beginning with those that the last block did not reach. Returns what it executed."""
		done, reached = [], []
		rounds = 0
		while len(done) < BLOCK and rounds < PER_SENDER + GIVE_BACKS:
			rounds += 1
			for sender in list(self.of):
				ready = [p for p in self.of.get(sender, []) if p.id not in self.parked]
				if len(done) == BLOCK or not ready:
					continue
				if sender not in reached:
					reached.append(sender)
				if self.world.submit(ready[0]) is None:
					done.append(ready[0])
				else:
					self.parked.add(ready[0].id)
		for sender in reached:
			self.of[sender] = self.of.pop(sender)
		self.after(done)
		return done

	def after(self, done):
		"""What has become final, or can never happen now, goes; what its account has changed for is tried again."""
		touched = {id for p in done for _, id in names_of(p)}
		for sender, waiting in list(self.of.items()):
			for p in waiting[:]:
				gone = p in done or p.expires_at <= self.world.time
				if p.id in self.parked or p.sender in touched:
					gone = gone or p.kind != "transfer" and self.door(p) is not None
				if gone:
					self.remove(sender, p)
				elif p.sender in touched:
					self.parked.discard(p.id)


class Wanted:
	"""What honest people want to happen, again and again: each sent in every block's time until it has."""
	def __init__(self, what, make):
		self.what, self.make, self.payment, self.blocks = what, make, None, 0


class Siege:
	"""Honest people and an attacker, in front of one validator's pool."""
	def __init__(self, seed):
		self.draw = random.Random(f"siege {seed}")
		rules.new_keys()
		self.alice, self.bob, self.carol, self.mallory = people = [Person(n) for n in ("alice", "bob", "carol", "mallory")]
		self.world = World(dict(zip(people, (5000, 300, 300, 2000))), time=1_800_000_000 + self.draw.randrange(HOUR))
		self.pool = Pool(self.world)
		self.wanted = []
		self.kinds = self.draw.sample(["takes of no hold", "impossible takes", "early give backs", "give backs"],
			self.draw.randrange(1, 5))
		self.sent = self.executed = self.served = self.invented = self.opened = 0

	def opening(self, who, holds):
		return who.transfer(self.world.time + 120, (), holds)

	def execute(self, p):
		assert self.world.submit(p) is None
		return [self.world.lives[id] for id, _, _, _ in rules.holds_of(p)]

	def begin(self):
		world, now = self.world, self.world.time
		# The link that is fought for: its key is known to who writes hostile takes, too. A hold that ends soon. Hostile ones.
		self.link, self.other = world.make_lock("link"), world.make_lock("other")
		self.life, self.ending = self.execute(self.opening(self.alice, [(self.link.lock, None, now + HOUR, 1000),
			(self.other.lock, None, now + 60, 500)]))
		locks = [world.make_lock(f"hostile {number}") for number in range(60)]
		self.hostile = self.execute(self.opening(self.mallory, [(lock.lock, self.alice.address, now + 60, 10) for lock in locks]))
		self.early = self.execute(self.opening(self.carol, [(world.make_lock(f"early {n}").lock, None, now + HOUR, 10)
			for n in range(20)]))
		self.wanted = [
			Wanted("take", lambda: world.take(self.life, self.link, [(self.bob.address, 20)], world.time + 100)),
			Wanted("give back", lambda: world.give_back(self.ending)),
			Wanted("transfer", lambda: self.alice.transfer(world.time + 100, [(self.bob.address, 10)])),
			Wanted("opening", self.new_hold),
		]

	def new_hold(self):
		"""With a take of it, which its receiver sends before it is final, too."""
		self.opened += 1
		lock = self.world.make_lock(f"new {self.opened}")
		p = self.opening(self.alice, [(lock.lock, None, self.world.time + HOUR, 20)])
		_, home, _, hold = next(rules.holds_of(p))
		self.early_take = self.world.take(Life(p, 0, home, hold), lock, [(self.bob.address, 20)])
		return p

	def spam(self):
		"""One hostile payment."""
		world, draw, kind = self.world, self.draw, self.draw.choice(self.kinds)
		self.sent += 1
		if kind == "takes of no hold":
			self.invented += 1
			lock = world.make_lock(f"invented {self.invented}")
			return world.take(self.life, lock, [(self.mallory.address, 10)])
		if kind == "give backs" and self.hostile[0].end <= world.time:
			return world.give_back(draw.choice(self.hostile))
		if kind != "impossible takes":
			life = draw.choice(self.early + [self.life, self.ending])
			op = GiveBack(life.home, life.seal, CURRENCY, draw.choice((life.balance, life.balance + 1, 10)) or 1)
			return Payment(NETWORK, life.id, rules.give_back_expiry(world.time), rules.NO_NONCE, op)
		left, mallory = self.life.balance, self.mallory.address
		wrong = draw.randrange(7)
		if wrong == 0:
			return world.take(self.life, self.link, [(mallory, left + 10)])
		if wrong == 1:
			return world.take(self.life, self.link, [(mallory, 10)], currency=2)
		if wrong == 2:
			return world.take(self.life, self.link, [(mallory, left - 1)] if left > 10 else [(mallory, 5)])
		if wrong == 3:
			return world.take(self.life, self.link, [(mallory, 10)], secret=bytes(32), sender=self.life.id)
		if wrong == 4:
			return world.take(self.life, self.link, [(mallory, 10)], self.life.end + 1)
		right = world.take(self.life, self.link, [(self.bob.address, 10)])
		if wrong == 5:
			return right.changed(op=right.op._replace(outputs=(rules.Output(mallory, 10),)))
		return world.take(self.life, self.link, [(mallory, 9)])

	def honest(self):
		for want in self.wanted:
			if want.what == "give back" and (self.ending.end > self.world.time or not self.ending.balance):
				continue
			if want.payment is None or want.payment.expires_at <= self.world.time:
				want.payment = want.make()
			self.pool.add(want.payment)
			if want.what == "opening":
				self.pool.add(self.early_take)

	def run(self):
		self.begin()
		for _ in range(30):
			self.world.advance(self.draw.randrange(1, 8))
			spam = self.draw.randrange(20, 160)
			moment = self.draw.randrange(spam)
			for i in range(spam):
				if i == moment:
					self.honest()
				self.pool.add(self.spam())
			self.bounds()
			done = self.pool.block()
			self.executed += len(done)
			self.look(done)
		if self.ending.balance:
			raise Broken("delayed", "a give back that never comes")
		return self

	def bounds(self):
		if self.pool.count() > SIZE + GIVE_BACKS or len(self.pool.of.get(NOBODY, [])) > GIVE_BACKS:
			raise Broken("pool without bounds", f"{self.pool.count()} payments")

	def look(self, done):
		"""In the second block at the latest. A give back waits for those before it, where many holds have really ended: as
		many blocks as these take with what the others leave."""
		ids = {p.id for p in done}
		for want in self.wanted:
			if want.payment is None:
				continue
			want.blocks += 1
			if want.payment.id in ids:  # and the next one of its kind
				self.served += 1
				want.payment, want.blocks = None, 0
				if want.what == "opening" and self.early_take.id not in ids:
					want.what, want.payment = "first take", self.early_take
				elif want.what == "first take":
					want.what = "opening"
				continue
			limit = 2
			if want.what == "give back" and "give backs" in self.kinds:
				limit += -(-len(self.hostile) // (BLOCK - 3))
			if want.blocks >= limit:
				raise Broken("delayed", f"a {want.what} after {want.blocks} blocks, under {self.kinds}")


def run(seed):
	return Siege(seed).run()
