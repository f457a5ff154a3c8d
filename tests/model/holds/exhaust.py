"""Every sequence of a few steps in a world of three people and amounts of one, two and four smallest ones. In each state
all payments of a menu that are valid are taken as signed by their owners, and each is executed before each of the
others: the yardstick for every pair."""
import rules
from world import Person, World

SMALLEST = 10


class Exhaustion:
	def __init__(self, depth):
		self.depth = depth
		self.seen = set()
		self.states = self.executed = self.pairs = 0
		rules.new_keys()
		self.alice, self.bob, self.mallory = (Person(name) for name in ("alice", "bob", "mallory"))

	def run(self):
		world = World({self.alice: 4 * SMALLEST, self.bob: SMALLEST, self.mallory: 2 * SMALLEST}, SMALLEST, 1_799_999_880, counter_max=2)
		# The hour's turn is 120 s away, and counters are full soon.
		self.payee = world.make_lock("payee", secret=True)
		self.link, self.unfit = world.make_lock("link"), world.make_lock("unfit", fit=False)
		self.go(world, 0)
		return self

	def key(self, world, depth):
		lives = world.lives
		entries = tuple(entry and (entry.kind, entry.balance, entry.end, entry.key is None,
			lives[entry.id].home + lives[entry.id].lock if entry.kind == "hold" else entry.id) for entry in world.state.entries)
		return entries, tuple(world.state.free), world.time, depth

	def menu(self, world):
		"""Payments, right and wrong, whoever makes them."""
		yield from self.transfers(world)
		yield from self.openings(world)
		for life in world.live():
			yield from self.takes(world, life, world.locks[life.lock])
			yield from self.give_backs(world, life)

	def openings(self, world):
		alice, mallory, payee, link = self.alice, self.mallory, self.payee.lock, self.link.lock
		soon, end = world.time + 120, world.time + 60
		account = world.state.account(alice.address)
		whole = account.balance if account else SMALLEST
		for amount in {whole, SMALLEST, whole - 5, 5}:
			yield alice.transfer(soon, (), [(payee, None, end, amount)])
		yield alice.transfer(soon, (), [(link, None, end, SMALLEST), (link, self.bob.address, end, SMALLEST)])
		yield alice.transfer(soon, (), [(link, None, end, SMALLEST), (link, None, end, SMALLEST)])
		yield alice.transfer(soon, (), [(link, None, end, SMALLEST), (link, alice.address, end, SMALLEST)])
		yield mallory.transfer(soon, (), [(self.unfit.lock, None, end, SMALLEST)])
		# A copy-cat with the smallest amount, who writes somebody else home.
		yield mallory.transfer(soon, (), [(payee, alice.address, end, SMALLEST)])

	def takes(self, world, life, lock):
		bob, mallory = self.bob.address, self.mallory.address
		whole = world.take(life, lock, [(bob, life.balance)])
		yield whole
		yield whole.changed(op=whole.op._replace(outputs=(rules.Output(mallory, life.balance),)))
		yield world.take(life, lock, [(bob, life.balance)], currency=2)
		yield world.take(life, lock, [(bob, life.balance + SMALLEST)])
		yield world.take(life, lock, [(bob, life.balance - 5)])
		yield world.take(life, lock, [(bob, life.balance - 5), (mallory, 5)])
		yield world.take(life, lock, [(mallory, SMALLEST)], life.end + 1)
		yield world.take(life, lock, [(life.home, SMALLEST)])
		yield world.take(life, self.link if lock is self.payee else self.payee, [(mallory, life.balance)], sender=life.id)

	def give_backs(self, world, life):
		right = world.give_back(life)
		yield right
		yield right.changed(nonce=bytes(15) + b"\1")
		yield right.changed(memo=bytes(32))
		yield right.changed(public_key=self.mallory.key, signature=bytes(64))
		yield right.changed(expires_at=world.time + 1)
		for other in ({"amount": SMALLEST}, {"currency": 2}, {"home": self.mallory.address}):
			yield right.changed(op=right.op._replace(**other))

	def transfers(self, world):
		soon = world.time + 120
		for payer, payee in ((self.alice, self.bob), (self.bob, self.mallory), (self.mallory, self.alice)):
			account = world.state.account(payer.address)
			for amount in {account.balance, SMALLEST, account.balance - 5} if account else ():
				yield payer.transfer(soon, [(payee.address, amount)])
		for life in world.live():
			yield self.mallory.transfer(soon, [(life.id, SMALLEST)])

	def go(self, world, depth):
		self.states += 1
		for p in world.log:
			world.check_old(p)
		world.check_not_stuck()
		if depth == self.depth:
			return
		payments = list(self.menu(world))
		valid = [p for p in payments if world.why_not(p) is None]
		# What a pending open would make is paid to before it.
		for p in valid[:]:
			if p.kind == "transfer" and p.op.holds:
				early = self.mallory.transfer(world.time + 120, [(next(rules.holds_of(p))[0], SMALLEST)])
				valid += [early] if world.why_not(early) is None else []
		for p in valid:
			child = world.clone()
			child.mine = valid
			child.submit(p)
			self.executed += 1
			self.pairs += child.checked_pairs
			self.follow(child, depth)
		ends = sorted({life.end for life in world.live() if life.end > world.time})
		for moment in {moment for end in ends[:1] for moment in (end - 1, end) if moment > world.time}:
			child = world.clone()
			child.advance(moment - world.time)
			self.follow(child, depth)

	def follow(self, child, depth):
		key = self.key(child, depth + 1)
		if key not in self.seen:
			self.seen.add(key)
			self.go(child, depth + 1)


def exhaust(depth):
	return Exhaustion(depth).run()
