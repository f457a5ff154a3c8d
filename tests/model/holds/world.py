"""A ledger by the rules, the people who use it, and what must hold of it after every payment. What is believed here is
never read out of the ledger's state: who has which key, which lock was made from what, and all payments executed."""
import collections
import copy
import rules
from rules import (CURRENCY, LIFETIME_MAX, Hold, Output, Payment, Take, Transfer, address_of, give_back_of,
	hold_id, lock_of, public_key_of, refused, seal_of)

NETWORK = rules.hashed("uncia.genesis", b"the model's network")


class Broken(Exception):
	def __init__(self, check, what):
		super().__init__(f"{check}: {what}")
		self.check = check


class Person:
	def __init__(self, name, network=NETWORK):
		self.name, self.seed, self.network = name, name.encode(), network
		self.key = public_key_of(self.seed)
		self.address = address_of(self.key)
		self.payments = 0

	def __repr__(self):
		return self.name

	def nonce(self):
		self.payments += 1
		return rules.hashed("model.nonce", self.seed, str(self.payments).encode())[:16]

	def transfer(self, expires_at, outputs=(), holds=(), currency=CURRENCY, memo=None):
		op = Transfer(currency, tuple(Output(*o) for o in outputs), tuple(Hold(*h) for h in holds))
		return Payment(self.network, self.address, expires_at, self.nonce(), op, memo, seed=self.seed)


class Lock:
	"""A claim key with or without a secret, made by somebody who tells others what he likes."""
	def __init__(self, name, secret=False, fit=True):
		"""`secret`: whether it has one, or which."""
		self.seed = rules.hashed("model.claim", name.encode())
		self.key = public_key_of(self.seed, fit)
		self.secret = secret if isinstance(secret, bytes) else rules.hashed("model.secret", name.encode()) if secret else None
		self.lock = lock_of(self.key, self.secret)
		self.takes = 0


class Life:
	"""A hold, as its receipts tell it."""
	def __init__(self, opening, number, home, hold):
		self.opening, self.number, self.home, self.lock, self.end = opening, number, home, hold.lock, hold.end
		self.opened, self.taken, self.given = hold.amount, 0, 0
		self.anchor = rules.anchor_of(opening)
		self.seal = seal_of(self.anchor, hold.lock)
		self.id = hold_id(home, self.seal)

	@property
	def balance(self):
		return self.opened - self.taken - self.given


def names_of(p):
	"""Whatever a payment touches, as its bytes tell it."""
	if p.kind == "transfer":
		return {("account", p.sender)} | {("account", o.to) for o in p.op.outputs} | {("hold", h[0]) for h in rules.holds_of(p)}
	if p.kind == "take":
		return {("hold", p.sender)} | {("account", o.to) for o in p.op.outputs}
	return {("hold", p.sender), ("account", p.op.home)}


class World:
	def __init__(self, balances, smallest=10, time=1_800_000_000, counter_max=(1 << 32) - 1):
		"""`balances`: of people."""
		self.state = rules.genesis(NETWORK, smallest, {who.address: amount for who, amount in balances.items()}, counter_max)
		self.smallest, self.time, self.height = smallest, time, 0
		self.locks = {}                  # lock: Lock, of those that somebody in the model made
		self.lives = {}                  # hold id: the Life it has, or had last
		self.identities = set()          # (home, seal) of all that were ever opened
		self.log = []                    # payments executed
		self.receipts = collections.defaultdict(list)  # name of an entry: the payments that touched it in this life
		self.mine = []                   # signed, and not executed yet
		self.dead = []                   # takes that were refused though their hold was there
		self.executed, self.refusals = collections.Counter(), collections.Counter()
		self.checked_pairs = 0
		self.cut_ids = False             # ids collide: nothing is said of strangers then
		self.canonical = {}

	def clone(self):
		"""Another that goes on from here by itself. The keys that were made are everybody's."""
		new = copy.copy(self)
		new.lives = {id: copy.copy(life) for id, life in self.lives.items()}
		new.identities, new.log, new.mine, new.dead = set(self.identities), self.log[:], self.mine[:], self.dead[:]
		new.receipts = collections.defaultdict(list, {name: all[:] for name, all in self.receipts.items()})
		new.executed, new.refusals, new.checked_pairs = collections.Counter(), collections.Counter(), 0
		return new

	def make_lock(self, name, **how):
		lock = Lock(name, **how)
		self.locks[lock.lock] = lock
		return lock

	# ---- payments that somebody can make ----

	def take(self, life, lock, outputs, expires_at=None, currency=CURRENCY, secret=False, **other):
		"""By whoever has the claim key of `lock`. `secret`: another one, or None."""
		lock.takes += 1
		nonce = rules.hashed("model.nonce", lock.seed, str(lock.takes).encode())[:16]
		expires_at = expires_at or min(life.end, self.time + 120)
		op = Take(other.get("anchor", life.anchor), other.get("home", life.home), lock.secret if secret is False else secret,
			currency, tuple(Output(*o) for o in outputs))
		seal = seal_of(op.opening, lock_of(lock.key, op.secret))
		sender = other.get("sender", hold_id(op.home, seal))
		return Payment(NETWORK, sender, max(1, expires_at), nonce, op, other.get("memo"), seed=lock.seed)

	def give_back(self, life):
		key = (life.home, life.seal, life.balance, self.time // rules.HOUR)
		if key not in self.canonical:
			self.canonical[key] = give_back_of(NETWORK, life.home, life.seal, CURRENCY, life.balance, self.time)
		return self.canonical[key]

	def live(self):
		return [life for life in self.lives.values() if life.balance]

	# ---- the ledger ----

	def advance(self, seconds):
		self.time += seconds
		self.mine = [m for m in self.mine if m.expires_at > self.time]

	def why_not(self, p, time=None):
		return refused(self.state, p, self.time if time is None else time)

	def submit(self, p):
		"""Executes it where it is valid, with all checks. Returns None, or why it is refused."""
		reason = self.why_not(p)
		self.check_verifiers(p, reason)
		if reason:
			self.refusals[p.kind, reason] += 1
			self.note_dead(p, reason)
			return reason
		before = self.state
		self.height += 1
		after, touched = rules.execute(before, p, self.time, self.height)
		self.check_spoiled(before, after, p)
		self.check_certain_end(before, p)
		self.check_taker(p)
		self.state = after
		self.check_dead()
		self.note(before, p)
		self.check_entries()
		self.check_receipts(p)
		self.check_replay(p)
		self.executed[p.kind] += 1
		self.mine = [m for m in self.mine if m.id != p.id]
		return None

	def note(self, before, p):
		self.log.append(p)
		for name in names_of(p):
			if not self.entry(before, name):
				self.receipts[name] = []
			self.receipts[name].append(p)
		if p.kind == "take" and p.sender in self.lives:
			self.lives[p.sender].taken += sum(o.amount for o in p.op.outputs)
		if p.kind == "give back" and p.sender in self.lives:
			self.lives[p.sender].given += p.op.amount
		if p.kind == "transfer":
			for number, (_, home, _, hold) in enumerate(rules.holds_of(p)):
				self.open(Life(p, number, home, hold))

	def note_dead(self, p, reason):
		if p.kind == "take" and reason != "too far" and self.state.hold(p.sender):
			self.dead = self.dead[-10:] + [p]

	def open(self, life):
		identity = (life.home, life.seal)
		if identity in self.identities:
			raise Broken("lives twice", f"the hold {life.id.hex()} was opened before")
		if life.id in self.lives and not self.cut_ids:
			raise Broken("lives twice", f"two holds of the id {life.id.hex()}")
		if life.id in self.lives and self.lives[life.id].balance:
			raise Broken("lives twice", f"two holds of the id {life.id.hex()} at once")
		self.identities.add(identity)
		self.lives[life.id] = life

	# ---- what must hold ----

	@staticmethod
	def entry(state, name):
		entry = state.find(*name)
		return entry if entry and entry.kind == name[0] else None

	def check_verifiers(self, p, reason):
		rules.VERIFIER[0] = 1
		other = self.why_not(p)
		rules.VERIFIER[0] = 0
		if other != reason:
			raise Broken("fork", f"a {p.kind}: one validator says {reason}, another {other}")

	def times(self, m):
		"""Now, and the later moments at which the verdict on it may change."""
		moments = {self.time, m.expires_at - LIFETIME_MAX, m.expires_at - 1}
		if m.kind == "transfer":
			moments |= {hold.end - rules.HOLD_MIN for hold in m.op.holds}
			moments |= {hold.end - rules.HOLD_MAX for hold in m.op.holds}
		elif m.sender in self.lives:
			moments |= {self.lives[m.sender].end - 1, self.lives[m.sender].end}
		return [moment for moment in moments if moment >= self.time]

	def check_spoiled(self, before, after, p):
		"""The yardstick: nobody else's payment can spoil yours. It holds of what is valid now, and of what is signed also
		where it becomes valid later."""
		if self.cut_ids:
			return
		ended = [self.give_back(life) for life in self.live() if life.end <= self.time]
		for m in self.mine + ended:
			if m.public_key is not None and m.public_key == p.public_key:
				continue
			if m.id == p.id:
				if m.whole != p.whole:
					raise Broken("same bytes", f"a {p.kind} of my id with other bytes was executed")
				continue
			self.checked_pairs += 1
			if m.kind == "give back" and refused(before, m, self.time):
				continue
			for moment in self.times(m):
				why = refused(after, m, moment)
				if why and refused(before, m, moment) is None:
					raise Broken("spoiled", f"somebody's {p.kind} spoils a {m.kind} {moment - self.time} s from now: {why}")

	def check_certain_end(self, before, p):
		"""What is valid stays so until its own expiry, where nothing else happens: nothing that is dead waits. (An open's
		end may be nearer: that harms its sender alone.)"""
		if p.kind == "transfer" and p.op.holds:
			return
		why = refused(before, p, p.expires_at - 1)
		if why:
			raise Broken("certain end", f"a {p.kind} that is valid now never will be before it expires: {why}")

	def check_taker(self, p):
		"""Who, whither and when, by what the hold's receipts and its lock say."""
		if p.kind == "transfer":
			if (p.public_key, p.digest, p.signature) not in rules.MADE or address_of(p.public_key) != p.sender:
				raise Broken("not the key", "a transfer without its sender")
			return
		life = self.lives.get(p.sender)
		if not life:
			raise Broken("not the key", f"a {p.kind} of what was never opened")
		if (p.kind == "take") != (self.time < life.end):
			raise Broken("sides of the end", f"a {p.kind} {self.time - life.end} s after the end")
		if p.kind == "give back":
			if p.op.home != life.home:
				raise Broken("not home", "a give back to somebody else")
			if p.whole != self.give_back(life).whole:
				raise Broken("same bytes", "a give back that not everybody makes")
			return
		lock = self.locks.get(life.lock)
		if not lock or p.public_key != lock.key or p.op.secret != lock.secret:
			raise Broken("not the key", "a take by another key or secret")
		if (p.public_key, p.digest, p.signature) not in rules.MADE:
			raise Broken("not the key", "a take that the key has not signed")

	def check_entries(self):
		state = self.state
		sums, live = collections.Counter(), 0
		for place, entry in enumerate(state.entries):
			if entry is None:
				continue
			live += 1
			sums[entry.currency] += entry.balance
			if entry.balance < state.smallest:
				raise Broken("entries", f"a {entry.kind} of {entry.balance}")
			if entry.key is not None and entry.kind == "hold":
				raise Broken("entries", "a hold with an account's key")
		if sums != collections.Counter(state.supply):
			raise Broken("supply", f"accounts and holds are {dict(sums)}, the supply is {state.supply}")
		supply = state.supply[CURRENCY]
		# While a payment is executed there may be one more: the emptied one is freed last.
		if live * state.smallest > supply or len(state.entries) > supply // state.smallest + 1:
			raise Broken("entries", f"{live} entries, {len(state.entries)} places for a supply of {supply}")
		names = {entry.name for entry in state.entries if entry}
		if len(names) != live or len(state.index) != live or len(state.free) + live != len(state.entries):
			raise Broken("entries", "two entries of one name, or one that nothing finds")

	def check_receipts(self, p):
		"""The counter of an entry is the number of its receipts, and they add up to its balance."""
		for name in names_of(p):
			entry = self.entry(self.state, name)
			count = min(len(self.receipts[name]), self.state.counter_max)
			if entry and entry.payments != count:
				raise Broken("receipts", f"{count} receipts of a {name[0]}, which counts {entry.payments}")
			if name[0] == "hold":
				life = self.lives[name[1]]
				balance = entry.balance if entry else 0
				if life.balance != balance:
					raise Broken("receipts", f"opened {life.opened}, taken {life.taken}, given back {life.given}, left {balance}")
				first = self.receipts[name][0]
				if first is not life.opening or (entry and hold_id(entry.home, entry.seal) != name[1]):
					raise Broken("receipts", "the first receipt of a hold is not its opening")

	def check_replay(self, p):
		for moment in {self.time, (self.time + p.expires_at) // 2, p.expires_at - 1, p.expires_at}:
			later = self.state.copy()
			later.forget(moment)
			if refused(later, p, moment) is None:
				raise Broken("replayed", f"a {p.kind} can be executed again {moment - self.time} s later")

	def check_dead(self):
		"""What pools rely on: a take that is not valid on its hold never will be."""
		for p in self.dead:
			if self.why_not(p) is None:
				raise Broken("comes alive", "a take that was refused on its hold is valid now")

	def check_old(self, p):
		"""One that was executed long ago."""
		if self.why_not(p) is None:
			raise Broken("replayed", f"an old {p.kind} comes alive again")

	def check_not_stuck(self):
		"""Before its end a hold can be taken, afterwards it can go home."""
		for life in self.live():
			if life.end <= self.time:
				why = self.why_not(self.give_back(life))
				if why:
					raise Broken("stuck", f"a hold that has ended cannot go home: {why}")
				continue
			lock = self.locks.get(life.lock)
			if lock and lock.key not in rules.UNFIT:
				p = self.take(life, lock, [(life.home, life.balance)], min(life.end, self.time + LIFETIME_MAX))
				why = self.why_not(p)
				if why:
					raise Broken("stuck", f"a hold cannot be taken: {why}")

	def finish(self):
		"""Time goes on until all holds have ended: all go home, and the accounts have the whole supply."""
		while self.live():
			self.advance(max(0, min(life.end for life in self.live()) - self.time))
			self.check_not_stuck()
			for life in self.live():
				if life.end <= self.time:
					why = self.submit(self.give_back(life))
					if why:
						raise Broken("stuck", f"a hold that has ended cannot go home: {why}")
		if any(entry and entry.kind == "hold" for entry in self.state.entries):
			raise Broken("stuck", "a hold is left that nobody knows of")
