"""The ledger's rules for transfers and holds, written a second time: plainly, slowly, from the specification alone
(docs/spec/ledger.md). A state is small and is never changed: `execute` gives a new one.

Every rule that a mistake can be planted in asks `planted("name")` where it would be left out; plants.py says what each
of them is, and which check must find it. Bytes that are hashed need only be injective here, not the protocol's."""
import functools
import hashlib
from typing import NamedTuple, Optional

HOUR, DAY = 3600, 86400
LIFETIME_MAX = HOUR
HOLD_MIN, HOLD_MAX = 60, 400 * DAY
CURRENCY = 1  # the one there is
U64 = 1 << 64
END_MAX = (1 << 32) - 1 - HOUR  # a give back expires up to an hour later, and that must fit 32 bits: else it is stuck
PLANTED = set()


def planted(name):
	return name in PLANTED


def hashed(tag, *parts):
	return hashlib.blake2b(b"".join(parts), digest_size=32, person=tag.encode()).digest()


# ---- keys: a signature is made with the seed, which nobody reads out of a public key ----

SEEDS = {}       # public key: its seed; asked by `verifies` alone
UNFIT = set()    # public keys on whose signatures two verifiers may differ (encoding 1.3)
MADE = set()     # (public key, digest, signature) that the owner of the key has made: what the checks believe
VERIFIER = [0]   # which of the two verifiers is asked


def new_keys():
	"""Another world."""
	for of_the_last in (SEEDS, UNFIT, MADE):
		of_the_last.clear()
	seal_hash.cache_clear()
	hold_hash.cache_clear()


def public_key_of(seed, fit=True):
	key = hashed("model.key", seed)
	SEEDS[key] = seed
	if not fit:
		UNFIT.add(key)
	return key


def sign(seed, digest):
	signature = hashed("model.signature", seed, digest)
	MADE.add((public_key_of(seed), digest, signature))
	return signature


def verifies(key, digest, signature):
	if key in UNFIT and VERIFIER[0]:
		return False
	return key in SEEDS and signature == hashed("model.signature", SEEDS[key], digest)


def address_of(key):
	return hashed("uncia.address", key)[:20]


# ---- payments ----

class Output(NamedTuple):
	to: bytes
	amount: int


class Hold(NamedTuple):
	lock: bytes
	home: Optional[bytes]  # None: the sender
	end: int
	amount: int


class Transfer(NamedTuple):
	currency: int
	outputs: tuple
	holds: tuple = ()


class Take(NamedTuple):
	opening: bytes  # id of the opening payment
	home: bytes
	secret: Optional[bytes]
	currency: int
	outputs: tuple


class GiveBack(NamedTuple):
	home: bytes
	seal: bytes
	currency: int
	amount: int


class Payment:
	"""A signed payment. What follows from its bytes alone is found once."""
	def __init__(self, network, sender, expires_at, nonce, op, memo=None, public_key=None, signature=None, seed=None):
		self.sender, self.expires_at, self.nonce, self.op, self.memo = sender, expires_at, nonce, op, memo
		body = repr((sender, expires_at, nonce, type(op).__name__, tuple(op), memo)).encode()
		self.network = network
		self.digest = hashed("uncia.paysign", network, body)
		self.public_key = public_key_of(seed) if seed else public_key
		self.signature = sign(seed, self.digest) if seed else signature
		self.id = expires_at.to_bytes(4, "big") + hashed("uncia.payment", network, body)[:28]
		self.whole = repr((body, self.public_key, self.signature))
		self.kind = KINDS[type(op)]
		self.malformed = malformed(self)
		self.signed = self.public_key is not None and verifies(self.public_key, self.digest, self.signature or b"")

	def changed(self, **what):
		"""A copy with changed bytes, as anybody can make it: the signature is the old one."""
		now = {"network": self.network, "sender": self.sender, "expires_at": self.expires_at, "nonce": self.nonce, "op": self.op,
			"memo": self.memo, "public_key": self.public_key, "signature": self.signature}
		return Payment(**(now | what))


KINDS = {Transfer: "transfer", Take: "take", GiveBack: "give back"}
NO_NONCE = bytes(16)


# ---- what a hold is named by ----

def lock_of(claim_key, secret=None):
	return hashed("uncia.lock", claim_key, hashlib.sha256(secret).digest() if secret else bytes(32))


def anchor_of(payment):
	"""What the seal names of the opening payment: its id."""
	if planted("seal-of-opener"):
		return payment.sender
	if planted("seal-of-lock-alone"):
		return b""
	return payment.id


@functools.lru_cache(maxsize=None)
def seal_hash(anchor, lock):
	return hashed("uncia.seal", anchor, lock)


def seal_of(anchor, lock):
	return seal_hash(anchor, b"" if planted("seal-without-lock") else lock)


ID_BITS = [160]  # fewer: ids that collide, as nobody can make them, so that the checks behind them are met


@functools.lru_cache(maxsize=None)
def hold_hash(home, seal):
	return hashed("uncia.hold", home, seal)[:20]


def hold_id(home, seal):
	full = hold_hash(b"" if planted("id-without-home") else home, seal)
	return full if ID_BITS[0] == 160 else bytes(19) + bytes([full[0] % (1 << ID_BITS[0])])


def holds_of(payment):
	"""(id, home, seal, hold) of each that a transfer opens."""
	for hold in payment.op.holds:
		home = hold.home if hold.home is not None else payment.sender
		seal = seal_of(anchor_of(payment), hold.lock)
		yield hold_id(home, seal), home, seal, hold


def give_back_expiry(time):
	return (time // HOUR + 1) * HOUR


def give_back_of(network, home, seal, currency, amount, time):
	"""The bytes that everybody makes."""
	return Payment(network, hold_id(home, seal), give_back_expiry(time), NO_NONCE, GiveBack(home, seal, currency, amount))


# ---- checks that need no ledger (3.2) ----

def malformed(p):
	"""None, or why no ledger ever takes it."""
	if not 0 < p.expires_at < 1 << 32 or len(p.nonce) != 16 or (p.memo is not None and len(p.memo) != 32):
		return "sizes"
	return {"transfer": malformed_transfer, "take": malformed_take, "give back": malformed_give_back}[p.kind](p)


def malformed_amounts(parts):
	if not 1 <= len(parts) <= 255:
		return "number of parts"
	if any(not 0 < part.amount < U64 for part in parts) or sum(part.amount for part in parts) >= U64:
		return "amounts"
	return None


def malformed_transfer(p):
	bad = malformed_amounts(p.op.outputs + p.op.holds)
	if bad or p.public_key is None or p.signature is None:
		return bad or "no signature"
	if p.op.currency != CURRENCY:
		return "no such currency"
	if any(hold.home == p.sender for hold in p.op.holds) and not planted("sender-written-out"):
		return "sender written out as home"
	if len({(hold.home, hold.lock) for hold in p.op.holds}) < len(p.op.holds):
		if not planted("twice-in-one-payment"):
			return "home and lock twice"
	if any(not 0 < hold.end <= (END_MAX if not planted("end-of-time") else (1 << 32) - 1) for hold in p.op.holds):
		return "end of time"
	return None


def malformed_take(p):
	bad = malformed_amounts(p.op.outputs)
	if bad or p.public_key is None or p.signature is None:
		return bad or "no signature"
	if p.op.secret is not None and len(p.op.secret) != 32:
		return "sizes"
	seal = seal_of(p.op.opening, lock_of(p.public_key, p.op.secret))
	if p.sender != hold_id(p.op.home, seal) and not planted("take-of-any-hold"):
		return "not the hold of this key, secret, home and opening"
	return None


def malformed_give_back(p):
	if not 0 < p.op.amount < U64:
		return "amounts"
	if (p.public_key is not None or p.signature is not None) and not planted("give-back-signed"):
		return "signature on a give back"
	if p.memo is not None and not planted("give-back-memo"):
		return "memo on a give back"
	if p.nonce != NO_NONCE and not planted("give-back-nonce"):
		return "nonce on a give back"
	if p.sender != hold_id(p.op.home, p.op.seal) and not planted("give-back-anywhere"):
		return "not the hold of this home and seal"
	return None


# ---- the state (§4) ----

class Entry(NamedTuple):
	kind: str            # "account" or "hold"; a free entry is None
	id: bytes            # address, or hold id
	currency: int
	balance: int
	payments: int        # how many touched it; saturates
	created: int = 0     # account: height
	key: Optional[bytes] = None
	home: Optional[bytes] = None
	seal: Optional[bytes] = None
	end: int = 0

	@property
	def name(self):
		return self.kind, self.id


class State:
	def __init__(self, network, smallest, counter_max):
		self.network, self.smallest, self.counter_max = network, smallest, counter_max
		self.entries = []   # Entry, or None where it is free; the currencies' entries are left out
		self.free = []      # the last one is the head of the list
		self.index = {}     # name: place in entries
		self.ids = {}       # of payments executed: until their expiry, when rule 1 keeps them out
		self.supply = {}    # currency: recorded supply

	def copy(self):
		new = State(self.network, self.smallest, self.counter_max)
		new.entries, new.free, new.index = self.entries[:], self.free[:], self.index.copy()
		new.ids, new.supply = self.ids.copy(), self.supply
		return new

	def find(self, kind, id):
		place = self.index.get(("account" if planted("index-without-kind") else kind, id))
		return None if place is None else self.entries[place]

	def account(self, address):
		return self.find("account", address)

	def hold(self, id):
		entry = self.find("hold", id)
		return entry if entry and entry.kind == "hold" else None

	# Only on a state that `execute` has just copied:

	def put(self, entry):
		"""A new entry: at the head of the free list, or at a new index."""
		place = self.free.pop() if self.free else len(self.entries)
		self.entries[place:place + 1] = [entry]
		self.index["account" if planted("index-without-kind") else entry.kind, entry.id] = place

	def change(self, entry, **what):
		place = self.index["account" if planted("index-without-kind") else entry.kind, entry.id]
		self.entries[place] = entry._replace(**what)
		return self.entries[place]

	def drop(self, entry):
		place = self.index.pop(("account" if planted("index-without-kind") else entry.kind, entry.id))
		self.entries[place] = None
		self.free.append(place)

	def forget(self, time):
		"""The ids of what has expired are of no use any more."""
		early = 600 if planted("ids-forgotten-early") else 0
		self.ids = {id: at for id, at in self.ids.items() if at > time + early}


def genesis(network, smallest, balances, counter_max=(1 << 32) - 1):
	state = State(network, smallest, counter_max)
	for address in sorted(balances):
		assert balances[address] >= smallest
		state.put(Entry("account", address, CURRENCY, balances[address], 0))
	state.supply = {CURRENCY: sum(balances.values())}
	return state


# ---- validity in a block timed `time`, in whole seconds (3.3) ----

def refused(state, p, time):
	"""None where the payment is valid now, else why it is not."""
	if p.malformed:
		return p.malformed
	if p.network != state.network and p.kind != "give back":  # of which the bytes alone are the same on every network
		return "signature"
	if not time < p.expires_at:
		return "expired"
	if not p.expires_at <= time + LIFETIME_MAX:
		return "too far"
	if p.id in state.ids:
		return "done already"
	if p.kind == "transfer":
		return refused_transfer(state, p, time)
	return refused_take(state, p, time) if p.kind == "take" else refused_give_back(state, p, time)


def refused_outputs(state, currency, outputs):
	for output in outputs:
		to = state.account(output.to)
		if output.amount < state.smallest:
			return "output below the smallest amount"
		if to and to.currency != currency:
			return "receiver's currency"
		if to and to.payments == state.counter_max and planted("full-counter-refuses"):
			return "counter full"
	return None


def refused_transfer(state, p, time):
	account = state.account(p.sender)
	if not account or account.kind != "account":
		return "no such account"
	if account.key is None and address_of(p.public_key) != p.sender:
		return "key"
	if account.key is not None and account.key != p.public_key:
		return "key"
	if p.public_key in UNFIT:
		return "unfit key"
	if not p.signed:
		return "signature"
	if account.payments == state.counter_max and planted("full-counter-refuses"):
		return "counter full"
	total = sum(output.amount for output in p.op.outputs)
	total += 0 if planted("holds-are-free") else sum(hold.amount for hold in p.op.holds)
	if account.balance < total:
		return "funds"
	if 0 < account.balance - total < state.smallest and not planted("opener-leaves-dust"):
		return "sender left with less than the smallest amount"
	return refused_outputs(state, p.op.currency, p.op.outputs) or refused_holds(state, p, time)


def refused_holds(state, p, time):
	seen = set()
	for id, _, _, hold in holds_of(p):
		if hold.amount < state.smallest and not planted("hold-below-smallest"):
			return "hold below the smallest amount"
		if not hold.end >= time + HOLD_MIN and not planted("hold-of-59-s"):
			return "end too near"
		if not hold.end <= time + HOLD_MAX and not planted("hold-of-401-days"):
			return "end too far"
		# Whoever opens both can make two holds of one id with 2^80 hashes, in one payment or in two. The ledger refuses
		# that; it must not be an assertion, which would stop every validator at once.
		if (state.hold(id) or id in seen) and not planted("id-in-use"):
			if state.hold(id) or not PLANTED & {"twice-in-one-payment", "sender-written-out", "id-without-home"}:
				return "hold exists"
		seen.add(id)
		if state.account(id) and planted("open-where-an-account-is"):
			return "account exists"
	return None


def refused_take(state, p, time):
	hold = state.hold(p.sender)
	if not hold:
		return "no such hold"
	seal = seal_of(p.op.opening, lock_of(p.public_key, p.op.secret))
	if (hold.home, hold.seal) != (p.op.home, seal) and not PLANTED & {"take-of-any-hold", "another-hold-of-this-id"}:
		return "another hold"
	if p.public_key in UNFIT and not planted("unfit-claim-key"):
		return "unfit key"
	if not verifies(p.public_key, p.digest, p.signature) and not planted("take-unsigned"):
		return "signature"
	if p.op.currency != hold.currency and not planted("take-in-any-currency"):
		return "hold's currency"
	if time >= hold.end and not PLANTED & {"take-after-the-end", "take-time-not-compared"}:
		return "ended"
	if p.expires_at > hold.end and not PLANTED & {"take-outlives-the-end", "take-after-the-end"}:
		return "expires after the end"
	total = sum(output.amount for output in p.op.outputs)
	if total > hold.balance and not planted("take-of-more"):
		return "funds"
	if 0 < hold.balance - total < state.smallest and not planted("take-leaves-dust"):
		return "hold left with less than the smallest amount"
	bad = refused_outputs(state, p.op.currency, p.op.outputs)
	return None if bad == "output below the smallest amount" and planted("take-of-dust") else bad


def refused_give_back(state, p, time):
	hold = state.hold(p.sender)
	if not hold:
		return "no such hold"
	if (hold.home, hold.seal) != (p.op.home, p.op.seal) and not planted("give-back-anywhere"):
		return "another hold"
	if p.op.currency != hold.currency and not planted("give-back-in-any-currency"):
		return "hold's currency"
	if time < hold.end and not planted("give-back-early"):
		return "not ended"
	if p.expires_at != give_back_expiry(time) and not planted("give-back-expiry"):
		return "not this hour's give back"
	if p.op.amount != hold.balance:
		if not planted("give-back-of-part") or not state.smallest <= p.op.amount <= hold.balance - state.smallest:
			return "not the whole balance"
	home = state.account(p.op.home)
	if not home and planted("give-back-needs-home"):
		return "no such account"
	return refused_outputs(state, p.op.currency, (Output(p.op.home, p.op.amount),))


# ---- effect (3.5) ----

class Touched:
	"""The entries that a payment touches, each once, in the order in which it first does."""
	def __init__(self, state):
		self.state, self.names = state, []

	def __call__(self, entry):
		if entry.name not in self.names:
			self.names.append(entry.name)


def credit(state, touched, currency, output, height):
	to = state.account(output.to)
	if planted("output-adds-to-the-hold"):
		to = state.hold(output.to) or to
	if to:
		touched(state.change(to, balance=to.balance + output.amount))
	else:
		state.put(Entry("account", output.to, currency, output.amount, 0, created=height))
		touched(state.account(output.to))


def debit(state, touched, entry, total):
	touched(entry)
	state.change(entry, balance=entry.balance - total)


def open_holds(state, touched, p):
	for id, home, seal, hold in holds_of(p):
		state.put(Entry("hold", id, p.op.currency, hold.amount, 0, home=home, seal=seal, end=hold.end))
		touched(state.hold(id))


def count(state, touched, p):
	for kind, id in touched.names:
		entry = state.find(kind, id)
		if kind == "hold" and planted({"take": "take-not-counted", "transfer": "open-not-counted"}.get(p.kind)):
			continue
		if id == getattr(p.op, "home", None) and p.kind == "give back" and planted("home-not-touched"):
			continue
		if entry:
			state.change(entry, payments=min(entry.payments + 1, state.counter_max))


def free_emptied(state, touched, p):
	for kind, id in touched.names:
		entry = state.find(kind, id)
		if not entry or entry.balance:
			continue
		if planted("emptied-hold-stays") and kind == "hold" or planted("emptied-opener-stays") and kind == "account":
			continue
		state.drop(entry)


def execute(state, p, time, height):
	"""The state after a valid payment, and the names of the entries that it touched."""
	state = state.copy()
	touched = Touched(state)
	state.forget(time)
	if not (p.kind == "take" and planted("id-of-take-not-kept")):
		state.ids[p.id] = p.expires_at
	if p.kind == "transfer":
		sender = state.account(p.sender)
		debit(state, touched, sender, sum(part.amount for part in p.op.outputs + p.op.holds))
		state.change(state.account(p.sender), key=p.public_key)
		outputs = p.op.outputs
	else:
		hold = state.hold(p.sender)
		outputs = p.op.outputs if p.kind == "take" else (Output(p.op.home, p.op.amount),)
		debit(state, touched, hold, sum(output.amount for output in outputs))
	if planted("emptied-are-freed-first"):
		free_emptied(state, touched, p)
	if p.kind == "transfer" and planted("holds-before-outputs"):
		open_holds(state, touched, p)
	for output in outputs:
		credit(state, touched, p.op.currency, output, height)
	if p.kind == "transfer" and not planted("holds-before-outputs"):
		open_holds(state, touched, p)
	count(state, touched, p)
	free_emptied(state, touched, p)
	return state, touched.names
