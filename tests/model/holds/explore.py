"""Random histories: people who pay, open, take and give back, rightly and wrongly, and strangers who see everything and
try to be in the way. Everything follows from the seed."""
import random
import rules
from rules import CURRENCY, DAY, HOUR, GiveBack, Hold, Output, Payment
from world import NETWORK, Person, World

NAMES = ("alice", "bob", "carol", "mallory")


class Explorer:
	def __init__(self, seed, steps=400, id_bits=160):
		self.random = random.Random(seed)
		self.steps = steps
		rules.ID_BITS[0] = id_bits
		rules.new_keys()
		self.people = [Person(name) for name in NAMES]
		balances = {who: self.random.choice((100, 250, 1000)) for who in self.people}
		# The hour's turn, where the bytes of a give-back change, comes at once in some, late in others.
		time = 1_800_000_000 + self.random.randrange(HOUR)
		self.world = World(balances, time=time, counter_max=self.random.choice((6, 40, (1 << 32) - 1)))
		self.world.cut_ids = id_bits != 160
		self.made = 0

	def run(self):
		try:
			for _ in range(self.steps):
				self.step()
			self.world.finish()
		finally:
			rules.ID_BITS[0] = 160
		return self.world

	def step(self):
		world, draw = self.world, self.random.random()
		if draw < 0.12:
			world.advance(self.some_time())
			world.check_not_stuck()
		elif draw < 0.25:
			self.bring(self.transfer())
		elif draw < 0.43:
			self.bring(self.opening())
		elif draw < 0.76:
			self.bring(self.take())
		elif draw < 0.86:
			self.bring(self.give_back())
		elif draw < 0.92 and world.mine:
			world.submit(self.random.choice(world.mine))
		elif draw < 0.97 and (world.mine or world.log):
			seen = world.mine if world.mine and self.random.random() < 0.7 else world.log[-20:] or world.mine
			self.bring(self.copy(self.random.choice(seen)))
		elif world.log:
			world.check_old(self.random.choice(world.log))

	def bring(self, p):
		"""To the ledger, or into some pool where others see it first."""
		if p is None:
			return
		if self.random.random() < 0.3 and self.world.why_not(p) is None:
			self.world.mine = self.world.mine[-8:] + [p]
		else:
			self.world.submit(p)

	def some_time(self):
		"""Often to where a verdict changes."""
		world, draw = self.world, self.random.random()
		ends = [life.end for life in world.live() if life.end > world.time]
		if ends and draw < 0.25:
			end = min(ends) if self.random.random() < 0.9 else self.random.choice(ends)
			return max(0, end + self.random.choice((-60, -1, 0, 0, 1)) - world.time)
		if draw < 0.35:
			return HOUR - world.time % HOUR + self.random.choice((-1, 0, 1))
		return self.random.choice((1, 1, 1, 1, 10, 30, 60, 119, 600, HOUR))

	def expiry(self):
		if self.random.random() < 0.05:
			return self.world.time + self.random.choice((0, HOUR + 1))
		return self.world.time + self.random.choice((1, 60, 120, 120, 120, HOUR))

	def someone(self):
		return self.random.choice(self.people)

	def payer(self):
		"""Mostly one who has something."""
		rich = [who for who in self.people if self.balance(who)]
		return self.random.choice(rich) if rich and self.random.random() < 0.97 else self.someone()

	def amount(self, whole):
		"""All, nearly all, a part, too little, too much."""
		smallest = self.world.smallest
		if self.random.random() < 0.12:
			return max(1, self.random.choice((whole - smallest + 1, smallest - 1, whole + 1, 2 * whole)))
		if whole < 2 * smallest or self.random.random() < 0.3:
			return max(1, whole)
		return self.random.choice((smallest, whole - smallest, self.random.randint(smallest, whole - smallest)))

	def receiver(self):
		"""Accounts, born or not; sometimes what is a hold's id."""
		lives = list(self.world.lives)
		if lives and self.random.random() < 0.02:
			return self.random.choice(lives)
		if self.random.random() < 0.01:
			return rules.hashed("model.nobody", bytes([self.random.randrange(4)]))[:20]
		return self.someone().address

	def outputs(self, total):
		if self.random.random() < 0.02 and self.world.lives:  # what is nobody's is lost: a little of it only
			total, rest = max(1, total - self.world.smallest), self.world.smallest
			return [(self.someone().address, total), (self.random.choice(list(self.world.lives)), rest)]
		if self.random.random() < 0.7:
			return [(self.receiver(), total)]
		part = self.random.randrange(1, max(2, total))
		return [(self.receiver(), part), (self.receiver(), max(1, total - part))]

	def balance(self, who):
		account = self.world.state.account(who.address)
		return account.balance if account else 0

	def transfer(self):
		who = self.payer()
		return who.transfer(self.expiry(), self.outputs(self.amount(self.balance(who))))

	def lock(self):
		"""A new one, or one that was seen: also by whoever should not use it."""
		world = self.world
		if world.locks and self.random.random() < 0.4:
			return self.random.choice(list(world.locks.values()))
		self.made += 1
		return world.make_lock(f"{self.made}", secret=self.random.random() < 0.4, fit=self.random.random() < 0.97)

	def home(self, who):
		draw = self.random.random()
		if draw < 0.02:
			return who.address
		home = self.receiver() if draw < 0.5 else who.address
		return None if home == who.address else home

	def opening(self):
		who, time = self.payer(), self.world.time
		whole = self.balance(who)
		holds = []
		for _ in range(self.random.choice((1, 1, 1, 2, 3))):
			end = time + self.random.choice((60, 61, 119, 600, HOUR, HOUR, HOUR, DAY, DAY, 400 * DAY))
			if self.random.random() < 0.04:
				end = time + self.random.choice((59, 400 * DAY + 1))
			amount = self.amount(max(self.world.smallest, self.random.choice((whole, whole // 2, whole // 3, self.world.smallest))))
			holds.append(Hold(self.lock().lock, self.home(who), end, amount))
			whole = max(1, whole - amount)
		if self.random.random() < 0.1:
			homes = (holds[0].home, who.address, *(other.address for other in self.people if other is not who))
			holds.append(holds[0]._replace(home=self.random.choice(homes)))
		outputs = self.outputs(self.amount(whole)) if self.random.random() < 0.3 else []
		return who.transfer(self.expiry(), outputs, holds)

	def take(self):
		world = self.world
		if not world.lives:
			return None
		running, draw = [life for life in world.live() if life.end > world.time], self.random.random()
		lives = running if running and draw < 0.8 else world.live() if world.live() and draw < 0.93 else list(world.lives.values())
		life = self.random.choice(lives)
		lock = world.locks[life.lock]
		if lock.key in rules.UNFIT and self.random.random() < 0.9:
			return None
		expires_at = self.random.choice((None, None, None, None, self.expiry(), life.end + 1))
		if life.end <= world.time:
			expires_at = self.expiry()
		currency = CURRENCY + (self.random.random() < 0.08)
		secret = self.random.choice((None, rules.hashed("model.secret", b"another"))) if self.random.random() < 0.05 else False
		outputs = self.outputs(self.amount(life.balance or life.opened))
		if self.random.random() < 0.15:
			return self.stolen(life, outputs, expires_at)
		p = world.take(life, lock, outputs, expires_at, currency, secret)
		return p if self.random.random() < 0.93 else self.copy(p)

	def stolen(self, life, outputs, expires_at):
		"""A take of that hold by another key: by its name alone, or of what happens to have the same id."""
		world, thief = self.world, self.lock()
		draw = self.random.random()
		if draw < 0.5:
			return world.take(life, thief, outputs, expires_at, sender=life.id)
		for _ in range(24 if world.cut_ids else 1):
			p = world.take(life, thief, outputs, expires_at, anchor=self.random.randbytes(32),
				home=life.home if draw < 0.8 else self.someone().address)
			if p.sender == life.id:
				break
		return p

	def give_back(self):
		world = self.world
		if not world.lives:
			return None
		life = self.random.choice(world.live() or list(world.lives.values()))
		expires_at, nonce, memo, key, signature = rules.give_back_expiry(world.time), rules.NO_NONCE, None, None, None
		home, amount, currency = life.home, life.balance or life.opened, CURRENCY
		wrong = self.random.randrange(16)
		if wrong == 0:
			nonce = bytes(15) + bytes([self.random.randrange(1, 256)])
		elif wrong == 1:
			memo = rules.hashed("uncia.memo", b"thanks")
		elif wrong == 2:
			key, signature = self.someone().key, bytes(64)
		elif wrong == 3:
			expires_at = world.time + self.random.choice((1, 60, HOUR))
		elif wrong == 4:
			amount = self.amount(amount)
		elif wrong == 5:
			currency += 1
		elif wrong == 6:
			home = self.someone().address
		return Payment(NETWORK, life.id, expires_at, nonce, GiveBack(home, life.seal, currency, amount), memo, key, signature)

	def copy(self, p):
		"""What a stranger makes of a payment that he has seen: bytes changed, or its locks opened first."""
		thief, draw = self.someone(), self.random.random()
		if p.kind == "transfer" and p.op.holds and draw < 0.4:
			return thief.transfer(self.expiry(), [(self.random.choice([h[0] for h in rules.holds_of(p)]), self.world.smallest)])
		if p.kind == "transfer" and p.op.holds and draw < 0.8:
			hold = self.random.choice(p.op.holds)
			home = hold.home if hold.home is not None else p.sender
			return thief.transfer(self.expiry(), (), [(hold.lock, home, hold.end, self.world.smallest)])
		if p.kind == "give back":
			return p.changed(nonce=bytes(15) + b"\1") if draw < 0.5 else p.changed(public_key=thief.key, signature=bytes(64))
		outputs = (Output(thief.address, sum(output.amount for output in p.op.outputs) or self.world.smallest),)
		if p.kind == "take" and draw < 0.2:
			return p.changed(op=p.op._replace(outputs=outputs), public_key=thief.key)
		if draw < 0.8:
			return p.changed(op=p.op._replace(outputs=outputs))
		return p.changed(expires_at=p.expires_at + self.random.choice((1, HOUR)))


def explore(seed, steps=400, id_bits=160):
	return Explorer(seed, steps, id_bits).run()
