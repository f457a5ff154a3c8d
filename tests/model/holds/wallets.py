"""What wallets do with holds: claim keys of links, locks given to others, secrets shown, balances. Who knows what is kept
apart; whoever should not be able to take tries with all that he knows."""
import random
import rules
from rules import CURRENCY, HOUR, Output, Payment, Take, hashed, lock_of, planted, public_key_of
from world import NETWORK, Broken, Life, Person, World

TEST_NETWORK = hashed("uncia.genesis", b"a test network")
SHOWN_MIN = 600    # a secret is shown if so many seconds remain
DELAY_MAX = 540    # the longest time in which a take that was sent becomes final or not at all
OPEN_MAX = 100     # holds of one sender that a wallet lists


# ---- a link's claim key ----

def claim_seed(words, network, nonce, expires_at, number):
	"""The 16 bytes of a link."""
	parts = {"words": words, "network": network, "nonce": nonce, "expiry": expires_at.to_bytes(4, "big"), "number": bytes([number])}
	return hashed("uncia.claimseed", *(part for name, part in parts.items() if not planted(f"claim-without-{name}")))[:16]


def claim_key_seed(network, sixteen):
	"""That the network is in it changes nothing where it is in the 16 bytes; it does where a wallet draws those otherwise."""
	return hashed("uncia.claimkey", network, sixteen)


class Link:
	def __init__(self, words, network, nonce, expires_at, number, draw):
		self.sixteen = claim_seed(words, network, nonce, expires_at, number)
		if planted("claim-drawn-at-random"):
			self.sixteen = draw.randbytes(16)
		# A link's lock has no secret: what a take publishes would be the 16 bytes.
		self.secret = self.sixteen + bytes(16) if planted("claim-from-what-a-take-shows") else None
		self.seed = claim_key_seed(network, self.sixteen)
		self.key = public_key_of(self.seed)
		self.lock = lock_of(self.key, self.secret)
		self.takes = 0


class Onlooker:
	"""Knows the ledger, and what was shown to him; makes of it whatever he can."""
	def __init__(self, name):
		self.person = Person(name)
		self.sixteens, self.networks = set(), (NETWORK, TEST_NETWORK)

	def sees(self, p):
		if p.kind == "take" and p.op.secret:
			self.sixteens.add(p.op.secret[:16])
		self.sixteens |= {p.id[:16], p.nonce, p.sender[:16], p.public_key[:16]}
		if p.kind == "transfer":
			for number in range(len(p.op.holds)):
				self.sixteens |= {claim_seed(b"", network, p.nonce, p.expires_at, number) for network in self.networks}

	def takes(self, world, life):
		"""A take of all that is left to himself, or None."""
		secrets = [None] + [p.op.secret for p in world.receipts["hold", life.id] if p.kind == "take" and p.op.secret]
		for sixteen in self.sixteens:
			for network in self.networks:
				seed = claim_key_seed(network, sixteen)
				key = public_key_of(seed)
				for secret in secrets + [sixteen + bytes(16)]:
					if lock_of(key, secret) == life.lock:
						op = Take(life.anchor, life.home, secret, CURRENCY, (Output(self.person.address, life.balance),))
						expires_at = min(life.end, world.time + 120)
						return Payment(NETWORK, life.id, expires_at, self.person.nonce(), op, seed=seed)
		return None


def links(draw):
	"""One person's links: several in one payment, under one idempotency key again after a home came back, and on a test
	network under the same key. Each is given to somebody else, who takes a part; nobody takes another's, and a phone
	that was restored from the words has all of them."""
	rules.new_keys()
	alice, words = Person("alice"), hashed("model.words", draw.randbytes(8))
	world = World({alice: 10_000, Person("bob"): 100})
	public = Onlooker("public")
	given = []  # (Life, Link, Onlooker who has it)
	# Two payments under one key, and two that expire at once.
	for payment, (key, expires_at) in enumerate(((b"a", world.time + 100), (b"a", world.time + 101), (b"b", world.time + 100))):
		nonce = hashed("uncia.nonce", key)[:16]
		all_links = [Link(words, NETWORK, nonce, expires_at, number, draw) for number in range(2)]
		holds = tuple(rules.Hold(link.lock, None, world.time + HOUR, 100) for link in all_links)
		p = Payment(NETWORK, alice.address, expires_at, nonce, rules.Transfer(CURRENCY, (), holds), seed=alice.seed)
		test = [Link(words, TEST_NETWORK, nonce, expires_at, number, draw) for number in range(2)]
		public.sixteens |= {link.sixteen for link in test}  # links of a test network are shown to anybody
		world.locks |= {link.lock: link for link in all_links}
		if world.submit(p):
			raise Broken("links", "the payment was refused")
		for number, link in enumerate(all_links):
			receiver = Onlooker(f"receiver {payment} {number}")
			receiver.sixteens.add(link.sixteen)
			given.append((world.lives[list(rules.holds_of(p))[number][0]], link, receiver))
	receivers = [receiver for _, _, receiver in given]
	for life, link, receiver in draw.sample(given, 4):
		world.submit(world.take(life, link, [(receiver.person.address, draw.randrange(10, life.balance - 10))]))
	for p in world.log:
		public.sees(p)
	for onlooker in draw.sample(receivers, 2) + [public]:
		onlooker.sixteens |= public.sixteens
		for other, _, owner in given:
			if other.balance and owner is not onlooker:
				stolen = onlooker.takes(world, other)
				if stolen and world.why_not(stolen) is None:
					raise Broken("another's link", f"{onlooker.person} takes what was given to {owner.person}")
	# The phone is lost. Of the words and the ledger's receipts another one makes all links again.
	for life, link, _ in given:
		again = Link(words, NETWORK, life.opening.nonce, life.opening.expires_at, life.number, draw)
		if life.balance and again.lock != life.lock:
			raise Broken("links of a restored phone", "a link of one's own cannot be taken back")
		if life.balance:
			world.submit(world.take(life, again, [(alice.address, life.balance)]))
	return len(given)


# ---- locks with secrets: the payee's secret, the agent's key ----

class Payee:
	"""Asks for money that an agent pays out: a lock of the agent's key and a secret of her own for each request."""
	def __init__(self, world, draw):
		self.world, self.draw, self.requests, self.locks = world, draw, 0, {}

	def request(self, amount):
		"""A lock that was not given out before."""
		if planted("lock-given-twice") and self.locks:
			return next(iter(self.locks.values()))
		self.requests += 1
		lock = self.world.make_lock(f"request {self.requests} {self.draw.random()}", secret=True)
		lock.agreed, lock.cash, lock.shown = amount, 0, False
		self.locks[lock.lock] = lock
		return lock

	def shows(self, lock, life):
		"""Asked by the agent, who names a hold. Shows the secret of the lock, and returns what she wants in cash for it, the
		whole amount; or None. Where she sees no hold she has nothing to ask for."""
		world = self.world
		if lock.shown:
			return None
		if life.id not in world.lives and not planted("secret-before-final"):
			return None
		if world.lives.get(life.id) is life and life.balance < lock.agreed and not planted("secret-for-a-decoy"):
			return None  # anybody may open another hold under a lock that he has seen
		if life.end - world.time < SHOWN_MIN and not planted("secret-shown-late"):
			return None
		lock.shown = True
		return life.balance


class Payer:
	"""Opens a hold under a lock once, whichever of his devices is asked: he looks at what he has opened before."""
	def __init__(self, person, world):
		self.person, self.world, self.opened = person, world, []

	def opens(self, lock, amount, seconds, again=False):
		if again and not planted("lock-opened-twice") and lock in self.opened:
			return None
		self.opened.append(lock)
		holds = [(lock.lock, None, self.world.time + seconds, amount)]
		return self.person.transfer(self.world.time + 120, (), holds)


class Agent:
	"""Pays out cash for a secret, and takes the hold with it."""
	def __init__(self, person, world, payee, draw):
		self.person, self.world, self.payee, self.draw = person, world, payee, draw
		self.honest = draw.random() < 0.5
		self.paid = self.taken = 0

	def asks(self, lock, life, pays=True):
		"""For the secret of a lock, naming a hold."""
		cash = self.payee.shows(lock, life)
		if cash is None or not pays:
			return
		self.paid += self.draw.randrange(1, cash) if planted("consent-to-part") else cash
		if self.honest:
			self.world.advance(self.draw.randrange(DELAY_MAX + 1))
			self.takes(lock, life)

	def takes(self, lock, life):
		"""All that is left, where he knows the secret."""
		amount = life.balance
		if not lock.shown or not amount:
			return
		take = self.world.take(life, lock, [(self.person.address, amount)], min(life.end, self.world.time + HOUR))
		if self.world.submit(take) is None:
			self.taken += amount

	def cheats_before(self, lock, life):
		"""Names a hold that is not there yet; makes one that he can afford."""
		if self.draw.random() < 0.4:
			self.asks(lock, life, pays=False)
		if self.draw.random() < 0.5:
			decoy = self.person.transfer(self.world.time + 120, (), [(lock.lock, None, self.world.time + HOUR, 10)])
			if self.world.submit(decoy) is None:
				self.asks(lock, self.world.lives[next(rules.holds_of(decoy))[0]])


def agents(draw):
	"""What the agent has taken of holds that payers opened is what he has paid in cash: where he cheats, and shows decoys,
	never more; where he is honest, never less, however slow the network is."""
	rules.new_keys()
	alice, bob, cashier = (Person(name) for name in ("alice", "bob", "agent"))
	world = World({alice: 5000, bob: 5000, cashier: 1000})
	payee = Payee(world, draw)
	agent = Agent(cashier, world, payee, draw)
	opened = []  # by payers, for her: (lock, Life)
	for payer in (Payer(alice, world), Payer(bob, world)):
		amount = draw.randrange(50, 500)
		lock = payee.request(amount)
		opening = payer.opens(lock, amount, draw.choice((300, 590, 900, HOUR, 7200)))
		id, home, _, hold = next(rules.holds_of(opening))
		if not agent.honest:
			agent.cheats_before(lock, Life(opening, 0, home, hold))
		openings = [opening, payer.opens(lock, amount, HOUR, again=True) if draw.random() < 0.5 else None]
		for p in openings:
			if p is not None and world.submit(p) is None:
				opened.append((lock, world.lives[next(rules.holds_of(p))[0]]))
		world.advance(draw.randrange(400))
		agent.asks(lock, world.lives[id])
	for lock, life in opened:
		agent.takes(lock, life)
	if agent.taken > agent.paid:
		raise Broken("taken without consent", f"the agent took {agent.taken} and paid {agent.paid}")
	if agent.honest and agent.taken < agent.paid:
		raise Broken("shown for nothing", f"the agent paid {agent.paid} and took {agent.taken}")
	return len(opened)


# ---- one secret on two networks ----

def swaps(draw):
	"""Alice has a secret, and opens a hold for Bob on one network; he opens one for her on another, under the same secret.
	She takes his with it, and he hers, having seen it. Either may cheat the other: both happen, or neither, as long as who
	is honest keeps to the rules. That the second hold ends SHOWN_MIN before the first is Bob's: Alice may wait."""
	rules.new_keys()
	alice, bob = Person("alice"), Person("bob")
	first, second = World({alice: 1000, bob: 1000}), World({alice: 1000, bob: 1000})
	for_bob = first.make_lock("swap", secret=True)
	for_alice = second.make_lock("swap back", secret=for_bob.secret)
	cheat = draw.choice((None, "alice", "bob"))

	def on(world, who, lock, seconds):
		p = who.transfer(world.time + 120, (), [(lock.lock, None, world.time + seconds, 100)])
		if world.submit(p):
			raise Broken("swaps", "an opening was refused")
		return world.lives[next(rules.holds_of(p))[0]]

	def wait(seconds):
		first.advance(seconds)
		second.advance(seconds)

	def takes(world, life, lock, who):
		return world.submit(world.take(life, lock, [(who.address, 100)], min(life.end, world.time + HOUR))) is None
	his = on(first, alice, for_bob, draw.randrange(1200, 7200))
	wait(draw.randrange(0, 300))
	end = max(first.time + 60, his.end - draw.choice((1, 60, 300, 599, 600, 601, 1000, 3000)))
	if cheat != "bob" and his.end - end < SHOWN_MIN and not planted("swap-ends-together"):
		return 0
	hers = on(second, bob, for_alice, end - second.time)
	if cheat == "alice":  # as late as she can
		wait(draw.choice((hers.end - 1 - second.time, draw.randrange(0, hers.end - second.time))))
	else:
		wait(draw.randrange(0, 400))
	if hers.end - second.time < SHOWN_MIN and cheat != "alice" and not planted("secret-shown-late"):
		return 0
	# Her take is sent, and he has seen the secret. Of two that are slow, who is honest is slower.
	late_alice, late_bob = (0 if cheat == name else draw.randrange(DELAY_MAX + 1) for name in ("alice", "bob"))
	wait(min(late_alice, late_bob))
	got = {}
	for name in sorted(("alice", "bob"), key={"alice": late_alice, "bob": late_bob}.get):
		got[name] = takes(second, hers, for_alice, alice) if name == "alice" else takes(first, his, for_bob, bob)
		if len(got) == 1:
			wait(abs(late_alice - late_bob))
	if got["bob"] and not got["alice"] and cheat != "alice":
		raise Broken("shown for nothing", "alice has shown her secret, and bob alone has taken")
	if got["alice"] and not got["bob"] and cheat != "bob":
		raise Broken("one side of a swap", "alice has taken, and bob has come too late")
	return 1


# ---- what a wallet lists and shows ----

class Listing:
	"""What a wallet lists of holds that others opened for it, and the balance that it shows."""
	def __init__(self, world, person):
		self.world, self.person, self.listed, self.given = world, person, [], set()

	def gives(self, lock):
		self.given.add(lock.lock)

	def hears_of(self, life):
		"""Of a hold under a lock that it gave out, one; of others, which are links, so many of each sender."""
		if life.lock in self.given:
			listed, most = [other for other in self.listed if other.lock == life.lock], 1
			most = 1 << 32 if planted("lists-any-of-a-lock") else most
		else:
			listed = [other for other in self.listed if other.opening.sender == life.opening.sender and other.lock not in self.given]
			most = 1 << 32 if planted("lists-all-links") else OPEN_MAX
		if sum(other.balance > 0 for other in listed) < most:
			self.listed.append(life)

	def shown(self):
		account = self.world.state.account(self.person.address)
		balance = account.balance if account else 0
		if planted("yours-until-is-balance"):
			balance += sum(life.balance for life in self.listed if life.end > self.world.time)
		return balance


def listings(draw):
	"""What is shown as balance falls by own payments alone. A stranger fills nobody's wallet: not with links, not with holds
	under a lock that was given to somebody else, from as many accounts as he likes."""
	rules.new_keys()
	bob, strangers = Person("bob"), [Person(f"mallory {number}") for number in range(2)]
	world = World({bob: 1000, strangers[0]: 2000, strangers[1]: 2000})
	wallet = Listing(world, bob)
	requests = [world.make_lock(f"request {number}", secret=True) for number in range(3)]
	for lock in requests:
		wallet.gives(lock)
	for stranger in strangers:
		locks = [world.make_lock(f"{stranger.name}'s {number}") for number in range(130)]
		holds = [(lock.lock, None, world.time + draw.randrange(60, 600), 10) for lock in locks]
		payments = [stranger.transfer(world.time + 120, (), holds)]
		payments += [stranger.transfer(world.time + 120, (), [(lock.lock, None, world.time + 600, 10)]) for lock in requests]
		for p in payments:
			world.submit(p)
			for id, _, _, _ in rules.holds_of(p):
				wallet.hears_of(world.lives[id])
	if len(wallet.listed) > OPEN_MAX * len(strangers) + len(requests):
		raise Broken("a wallet without bounds", f"{len(wallet.listed)} holds of {len(strangers)} strangers")
	shown = wallet.shown()
	for _ in range(8):
		world.advance(draw.randrange(1, 100))
		if wallet.shown() < shown:
			raise Broken("a balance that falls by itself", f"{shown}, then {wallet.shown()}")
		shown = wallet.shown()
	return len(wallet.listed)


SCENARIOS = {"links": links, "agents": agents, "swaps": swaps, "listings": listings}


def run(seed):
	return sum(scenario(random.Random(f"{name} {seed}")) for name, scenario in SCENARIOS.items())
