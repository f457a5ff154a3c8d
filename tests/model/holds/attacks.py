"""Named attacks on holds, and the cases at the edges: each a few payments whose verdicts are written down here by hand.
What `World` checks after every payment is checked here, too."""
import collections
import functools
import random
import rules
from rules import CURRENCY, DAY, HOUR, GiveBack, Payment, give_back_expiry
from world import NETWORK, Broken, Life, Person, World

ATTACKS = {}
REFUSALS = collections.Counter()  # of all of them
SMALLEST = 10


def attack(function):
	name = function.__name__.replace("_", " ")

	@functools.wraps(function)
	def run():
		rules.new_keys()
		function(Case(name))
	ATTACKS[name] = run
	return run


def nobody(i):
	return rules.hashed("model.nobody", bytes([i]))[:20]


class Case:
	def __init__(self, name, balances=(1000, 500, 100, 100), time=1_800_000_100, **other):
		self.name = name
		self.alice, self.bob, self.carol, self.mallory = people = [Person(n) for n in ("alice", "bob", "carol", "mallory")]
		self.world = World({who: amount for who, amount in zip(people, balances) if amount}, SMALLEST, time, **other)
		self.world.refusals = REFUSALS

	def again(self, *balances, **other):
		self.__init__(self.name, balances, **other)

	def fail(self, what):
		raise Broken(self.name, what)

	def same(self, got, wanted, what):
		if got != wanted:
			self.fail(f"{what}: {got}, not {wanted}")

	def yes(self, p):
		self.same(self.world.submit(p), None, f"a {p.kind}")
		self.world.check_not_stuck()
		return p

	def no(self, p, why):
		self.same(self.world.submit(p), why, f"a {p.kind}")
		return p

	def soon(self):
		return self.world.time + 120

	def opening(self, who, lock, amount, seconds=HOUR, home=None, outputs=()):
		return who.transfer(self.soon(), outputs, [(lock.lock, home, self.world.time + seconds, amount)])

	def opened(self, who, lock, amount, seconds=HOUR, home=None, outputs=()):
		return self.life(self.yes(self.opening(who, lock, amount, seconds, home, outputs)))

	def life(self, p, number=0):
		return self.world.lives[list(rules.holds_of(p))[number][0]]

	def lock(self, name="lock", **how):
		return self.world.make_lock(name, **how)

	def balance(self, who):
		account = self.world.state.account(who.address)
		return account.balance if account else 0

	def free_give_back(self, life, expires_at=None, nonce=rules.NO_NONCE, memo=None, key=None, signature=None, **op):
		op = GiveBack(op.get("home", life.home), op.get("seal", life.seal), op.get("currency", CURRENCY),
			op.get("amount", life.balance))
		expires_at = expires_at or give_back_expiry(self.world.time)
		return Payment(NETWORK, life.id, expires_at, nonce, op, memo, key, signature)


# ---- the list of what is to be tested ----

@attack
def taken_twice_at_once(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 100)
	first, second = (c.world.take(life, lock, [(who.address, 100)]) for who in (c.bob, c.carol))
	c.yes(first)
	c.no(second, "no such hold")
	c.no(first, "done already")
	half = c.lock("half")
	life = c.opened(c.alice, half, 100)
	parts = [c.world.take(life, half, [(who.address, 60)]) for who in (c.bob, c.carol)]
	c.yes(parts[0])
	c.no(parts[1], "funds")


@attack
def take_and_give_back_in_one_block_before_the_end(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 100, 60)
	c.world.advance(59)
	c.no(c.world.give_back(life), "not ended")
	c.yes(c.world.take(life, lock, [(c.bob.address, 40)], life.end))
	c.no(c.world.give_back(life), "not ended")
	c.yes(c.world.take(life, lock, [(c.bob.address, 60)], life.end))
	c.no(c.free_give_back(life, amount=100), "no such hold")


@attack
def take_and_give_back_in_one_block_at_the_end(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 100, 60)
	late = c.world.take(life, lock, [(c.bob.address, 100)], life.end)
	later = c.world.take(life, lock, [(c.bob.address, 100)], life.end + 120)
	c.world.advance(60)
	c.no(late, "expired")
	c.no(later, "ended")
	c.yes(c.world.give_back(life))
	c.no(later, "no such hold")
	c.same(c.balance(c.alice), 1000, "what came home")


@attack
def an_end_in_59_s_and_in_60_s(c):
	c.no(c.opening(c.alice, c.lock("a"), 100, 59), "end too near")
	waits = c.opening(c.alice, c.lock("b"), 100, 60)
	c.opened(c.alice, c.lock("c"), 100, 60)
	c.world.advance(1)
	c.no(waits, "end too near")


@attack
def an_end_in_400_days_and_a_second_later(c):
	lock = c.lock()
	late = c.no(c.opening(c.alice, c.lock("late"), 100, 400 * DAY + 1), "end too far")
	life = c.opened(c.alice, lock, 100, 400 * DAY)
	c.world.advance(1)
	c.yes(late)
	c.world.advance(400 * DAY - 2)
	c.yes(c.world.take(life, lock, [(c.bob.address, 10)], life.end))
	c.world.advance(1)
	c.yes(c.world.give_back(life))


@attack
def an_end_at_the_end_of_time(c):
	c.again(1000, 500, 100, 100, time=(1 << 32) - 2 * HOUR)
	c.no(c.opening(c.alice, c.lock("a"), 100, HOUR), "end of time")
	life = c.opened(c.alice, c.lock("b"), 100, HOUR - 1)
	c.world.advance(HOUR - 1)
	c.yes(c.world.give_back(life))


@attack
def a_take_that_leaves_dust(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 100)
	for left in range(1, SMALLEST):
		c.no(c.world.take(life, lock, [(c.bob.address, 100 - left)]), "hold left with less than the smallest amount")
	c.yes(c.world.take(life, lock, [(c.bob.address, 90)]))
	c.no(c.world.take(life, lock, [(c.bob.address, 1)]), "hold left with less than the smallest amount")
	c.yes(c.world.take(life, lock, [(c.bob.address, 10)]))


@attack
def home_is_deleted_and_born_again(c):
	life = c.opened(c.alice, c.lock(), 100, 60)
	c.yes(c.alice.transfer(c.soon(), [(c.bob.address, 900)]))
	c.same(c.world.state.account(c.alice.address), None, "an emptied home")
	c.world.advance(60)
	c.yes(c.world.give_back(life))
	home = c.world.state.account(c.alice.address)
	c.same((home.balance, home.payments, home.created, home.key), (100, 1, c.world.height, None), "home born again")
	c.yes(c.alice.transfer(c.soon(), [(c.bob.address, 100)]))


@attack
def an_opener_empties_himself_and_a_take_recreates_him(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 1000)
	c.same(c.world.state.account(c.alice.address), None, "an emptied opener")
	c.yes(c.world.take(life, lock, [(c.alice.address, 400)]))
	c.same(c.balance(c.alice), 400, "the opener born again")
	c.yes(c.alice.transfer(c.soon(), [(c.bob.address, 400)]))
	c.yes(c.world.take(life, lock, [(c.alice.address, 600)]))


@attack
def opener_home_and_taker_in_one(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 1000)
	c.yes(c.world.take(life, lock, [(c.alice.address, 300), (c.alice.address, 200)]))
	c.yes(c.opening(c.alice, c.lock("b"), 100, outputs=[(c.alice.address, 400)]))
	c.yes(c.world.take(life, lock, [(c.alice.address, 500)]))
	c.same(c.balance(c.alice), 900, "all but the second hold")


@attack
def a_take_before_its_open(c):
	lock = c.lock()
	opening = c.opening(c.alice, lock, 100)
	id, home, _, hold = next(rules.holds_of(opening))
	take = c.world.take(Life(opening, 0, home, hold), lock, [(c.bob.address, 100)])
	c.no(take, "no such hold")
	other = c.opening(c.alice, lock, 100)  # the opener signs another one instead: another hold
	c.yes(other)
	c.no(take, "no such hold")
	c.yes(opening)
	c.yes(take)


@attack
def a_strangers_take_with_other_outputs(c):
	lock = c.lock(secret=True)
	life = c.opened(c.alice, lock, 100)
	take = c.world.take(life, lock, [(c.bob.address, 100)])
	theirs = take.op._replace(outputs=(rules.Output(c.mallory.address, 100),))
	c.no(take.changed(op=theirs), "signature")
	stolen = take.changed(op=theirs)
	c.no(stolen.changed(signature=rules.sign(c.mallory.seed, stolen.digest)), "signature")
	wrong = "not the hold of this key, secret, home and opening"
	c.no(stolen.changed(public_key=c.mallory.key, signature=rules.sign(c.mallory.seed, stolen.digest)), wrong)
	c.no(take.changed(memo=bytes(32)), "signature")
	c.no(take.changed(expires_at=take.expires_at + 1), "signature")
	c.yes(take)


@attack
def clocks_that_move_the_end(c):
	"""A block's time is above its parent's and at most 500 ms ahead of a quorum's clocks, which are right within 500 ms: the
	end comes at most a second early. Liars may write less: until an honest leader's block it comes later, once."""
	for seed in range(40):
		draw = random.Random(seed)
		lock = c.lock(f"clocks {seed}")
		c.again(1000, 500, 100, 100, time=c.world.time)
		c.world.make_lock(f"clocks {seed}")
		life = c.opened(c.alice, lock, 100, 60)
		real = written = c.world.time * 1000
		sides = []
		while len(sides) < 60 and (not sides or sides[-1] == "take"):
			real += draw.randrange(100, 4000)
			honest = draw.random() < 0.5
			latest = real + draw.randrange(-500, 501) + 500
			written = max(written + 1, latest - 500) if honest else draw.choice((written + 1, max(written + 1, latest)))
			c.world.advance(written // 1000 - c.world.time)
			take = c.world.take(life, lock, [(c.bob.address, 10)], life.end) if life.balance > 10 else None
			back = c.world.give_back(life)
			possible = [p.kind for p in (take, back) if p and c.world.why_not(p) is None]
			if take and len(possible) != 1:
				c.fail(f"{possible} at once")
			sides.append("give back" if c.world.why_not(back) is None else "take")
			if sides[-1] == "give back" and real < life.end * 1000 - 1000:
				c.fail(f"the end came {life.end * 1000 - real} ms early")
			if honest and sides[-1] == "take" and real > life.end * 1000 + 1000:
				c.fail(f"an honest block {real - life.end * 1000} ms after the end, and it has not come")
		c.same(sides[-1], "give back", "the end")


# ---- what a hold is named by ----

@attack
def a_copy_cat_opens_my_lock_first(c):
	lock = c.lock()
	opening = c.opening(c.alice, lock, 100)
	c.world.mine = [opening]
	c.yes(c.opening(c.mallory, lock, SMALLEST, home=c.alice.address))
	c.yes(opening)


@attack
def a_second_device_opens_under_the_same_lock(c):
	lock = c.lock()
	first, second = c.opening(c.alice, lock, 100), c.opening(c.alice, lock, 100)
	c.yes(first)
	c.yes(second)
	if c.life(first).id == c.life(second).id:
		c.fail("one id")


@attack
def a_lock_opened_again_wakes_no_old_take(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 100)
	old = c.world.take(life, lock, [(c.bob.address, 100)], c.world.time + HOUR)
	c.yes(c.world.take(life, lock, [(c.bob.address, 100)]))
	again = c.opened(c.alice, lock, 100)
	c.no(old, "no such hold")
	c.same(len(c.world.receipts["hold", again.id]), 1, "receipts of the new life")


@attack
def an_output_to_the_id_of_a_hold(c):
	lock = c.lock()
	opening = c.opening(c.alice, lock, 100)
	id = next(rules.holds_of(opening))[0]
	c.world.mine = [opening]
	c.yes(c.mallory.transfer(c.soon(), [(id, SMALLEST)]))
	c.yes(opening)
	c.yes(c.mallory.transfer(c.soon(), [(id, SMALLEST)]))
	life = c.life(opening)
	c.same((c.world.state.hold(id).balance, c.world.state.account(id).balance), (100, 2 * SMALLEST), "hold and account")
	c.yes(c.world.take(life, lock, [(id, 50), (c.bob.address, 50)]))
	c.same(c.world.state.hold(id), None, "the hold")


@attack
def a_transfer_from_the_id_of_a_hold(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 100)
	for seed in (lock.seed, c.mallory.seed, c.alice.seed):
		op = rules.Transfer(CURRENCY, (rules.Output(c.mallory.address, 100),))
		c.no(Payment(NETWORK, life.id, c.soon(), bytes(16), op, seed=seed), "no such account")
	c.yes(c.alice.transfer(c.soon(), [(life.id, 100)]))
	c.no(Payment(NETWORK, life.id, c.soon(), bytes(16), op, seed=c.mallory.seed), "key")


@attack
def the_same_home_and_lock_twice_in_one_payment(c):
	lock, end = c.lock(), c.world.time + HOUR
	for other in (None, c.bob.address):
		twice = [(lock.lock, other, end, 100), (lock.lock, other, end + 1, 200)]
		c.no(c.alice.transfer(c.soon(), (), twice), "home and lock twice")
	both = [(lock.lock, None, end, 100), (lock.lock, c.alice.address, end, 100)]
	c.no(c.alice.transfer(c.soon(), (), both), "sender written out as home")
	p = c.yes(c.alice.transfer(c.soon(), (), [(lock.lock, None, end, 100), (lock.lock, c.bob.address, end, 100)]))
	c.yes(c.world.take(c.life(p, 0), lock, [(c.bob.address, 100)]))
	c.yes(c.world.take(c.life(p, 1), lock, [(c.bob.address, 100)]))


@attack
def wrong_secrets_homes_and_openings(c):
	lock, plain = c.lock("a", secret=True), c.lock("b")
	life, other = c.opened(c.alice, lock, 100), c.opened(c.alice, plain, 100)
	out, wrong = [(c.mallory.address, 100)], "not the hold of this key, secret, home and opening"
	c.no(c.world.take(life, lock, out, secret=None), "no such hold")
	c.no(c.world.take(life, lock, out, secret=None, sender=life.id), wrong)
	c.no(c.world.take(life, lock, out, secret=bytes(32), sender=life.id), wrong)
	c.no(c.world.take(other, plain, out, secret=bytes(32), sender=other.id), wrong)
	c.no(c.world.take(life, lock, out, home=c.mallory.address, sender=life.id), wrong)
	c.no(c.world.take(life, lock, out, anchor=other.anchor, sender=life.id), wrong)
	c.no(c.world.take(other, lock, out, sender=other.id), wrong)
	c.no(c.world.take(life, lock, out, secret=bytes(31), sender=life.id), "sizes")
	c.yes(c.world.take(life, lock, out))
	c.yes(c.world.take(other, plain, out))


@attack
def bytes_that_no_ledger_takes(c):
	lock = c.lock()
	opening = c.opening(c.alice, lock, 100)
	c.no(opening.changed(public_key=None), "no signature")
	c.no(opening.changed(signature=None), "no signature")
	c.no(opening.changed(memo=bytes(31)), "sizes")
	c.no(opening.changed(nonce=b""), "sizes")
	c.no(opening.changed(expires_at=0), "sizes")
	c.no(opening.changed(op=opening.op._replace(currency=2)), "no such currency")
	c.no(opening.changed(op=opening.op._replace(holds=())), "number of parts")
	life = c.life(c.yes(opening))
	take = c.world.take(life, lock, [(c.bob.address, 100)])
	c.no(take.changed(public_key=None), "no signature")
	c.no(take.changed(signature=None), "no signature")
	c.no(take.changed(op=take.op._replace(outputs=())), "number of parts")
	c.no(opening.changed(sender=c.bob.address), "key")
	c.yes(take)


# ---- taking ----

@attack
def a_take_in_another_currency(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 100)
	new = nobody(0)
	c.no(c.world.take(life, lock, [(new, 100)], currency=2), "hold's currency")
	c.no(c.world.take(life, lock, [(new, 100)], currency=0), "hold's currency")


@attack
def a_take_that_expires_after_the_end(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 100, 600)
	c.no(c.world.take(life, lock, [(c.bob.address, 100)], life.end + 1), "expires after the end")
	c.yes(c.world.take(life, lock, [(c.bob.address, 50)], life.end))
	c.world.advance(599)
	c.yes(c.world.take(life, lock, [(c.bob.address, 50)], life.end))


@attack
def outputs_of_a_take(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 1000)
	c.no(c.world.take(life, lock, []), "number of parts")
	c.no(c.world.take(life, lock, [(c.bob.address, 0)]), "amounts")
	c.no(c.world.take(life, lock, [(c.bob.address, 100), (c.carol.address, 9)]), "output below the smallest amount")
	c.no(c.world.take(life, lock, [(c.bob.address, 600), (c.carol.address, 401)]), "funds")
	c.no(c.world.take(life, lock, [(c.bob.address, rules.U64 - 1), (c.carol.address, 2)]), "amounts")
	c.no(c.world.take(life, lock, [(c.bob.address, 10)] * 256), "number of parts")
	new = [nobody(i) for i in range(100)]
	c.yes(c.world.take(life, lock, [(address, 10) for address in new]))
	c.same(sum(c.world.state.account(address) is not None for address in new), 100, "accounts made")


@attack
def one_take_under_two_signatures(c):
	"""The signature is not in the id: the same body again is the same payment."""
	lock = c.lock()
	life = c.opened(c.alice, lock, 100)
	take = c.yes(c.world.take(life, lock, [(c.bob.address, 50)]))
	c.no(take.changed(signature=bytes(64)), "done already")
	c.world.advance(119)
	c.no(take, "done already")
	c.world.advance(1)
	c.no(take, "expired")


@attack
def an_unfit_claim_key(c):
	lock = c.lock(fit=False)
	life = c.opened(c.alice, lock, 100, 60)
	c.no(c.world.take(life, lock, [(c.bob.address, 100)]), "unfit key")
	c.world.advance(60)
	c.yes(c.world.give_back(life))


@attack
def what_was_signed_for_another_network(c):
	test = Person("alice", rules.hashed("uncia.genesis", b"a test network"))
	lock = c.lock()
	foreign = test.transfer(c.soon(), (), [(lock.lock, None, c.world.time + HOUR, 100)])
	c.no(foreign, "signature")
	ours = Payment(NETWORK, foreign.sender, foreign.expires_at, foreign.nonce, foreign.op, None, seed=c.alice.seed)
	life = c.life(c.yes(ours))
	if foreign.id == ours.id:
		c.fail("one id on two networks")
	c.no(c.world.take(life, lock, [(c.bob.address, 100)], anchor=foreign.id), "no such hold")
	c.no(c.world.take(life, lock, [(c.bob.address, 100)]).changed(network=foreign.network), "signature")


@attack
def declining_is_a_take_to_home(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 1000)
	c.yes(c.world.take(life, lock, [(life.home, 1000)]))
	c.same(c.balance(c.alice), 1000, "home")


# ---- giving back ----

@attack
def a_give_back_by_a_stranger(c):
	life = c.opened(c.alice, c.lock(), 100, 60, home=c.carol.address)
	c.world.advance(59)
	c.no(c.world.give_back(life), "not ended")
	c.no(c.free_give_back(life, expires_at=give_back_expiry(life.end)), "not ended")
	c.world.advance(1)
	c.no(c.free_give_back(life, home=c.mallory.address), "not the hold of this home and seal")
	c.yes(c.world.give_back(life))
	c.same(c.balance(c.carol), 200, "home")


@attack
def nothing_in_a_give_back_is_free(c):
	life = c.opened(c.alice, c.lock(), 100, 60)
	c.world.advance(60)
	mine = c.world.give_back(life)
	c.no(c.free_give_back(life, nonce=bytes(15) + b"\1"), "nonce on a give back")
	c.no(c.free_give_back(life, memo=bytes(32)), "memo on a give back")
	c.no(c.free_give_back(life, key=c.mallory.key), "signature on a give back")
	c.no(c.free_give_back(life, signature=bytes(64)), "signature on a give back")
	c.no(c.free_give_back(life, key=c.mallory.key, signature=rules.sign(c.mallory.seed, mine.digest)), "signature on a give back")
	for amount in (10, 90, 99, 101):
		c.no(c.free_give_back(life, amount=amount), "not the whole balance")
	c.no(c.free_give_back(life, amount=0), "amounts")
	c.no(c.free_give_back(life, currency=2), "hold's currency")
	c.no(c.free_give_back(life, seal=bytes(32)), "not the hold of this home and seal")
	for expires_at in (c.world.time + 1, mine.expires_at - 1, mine.expires_at + 1):
		c.no(c.free_give_back(life, expires_at=expires_at), "not this hour's give back")
	c.no(c.free_give_back(life, expires_at=mine.expires_at + HOUR), "too far")
	c.yes(mine)
	c.no(mine, "done already")


@attack
def a_give_back_at_the_turn_of_the_hour(c):
	life = c.opened(c.alice, c.lock(), 100, 60)
	c.world.advance(HOUR - c.world.time % HOUR - 1)
	old = c.world.give_back(life)
	c.same(old.expires_at, c.world.time + 1, "the expiry")
	c.world.advance(1)
	c.no(old, "expired")
	c.same(c.world.give_back(life).expires_at, c.world.time + HOUR, "the next expiry")
	c.yes(c.world.give_back(life))


@attack
def a_give_back_of_what_was_there_before_a_take(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 100, 60)
	early = c.world.give_back(life)
	c.yes(c.world.take(life, lock, [(c.bob.address, 30)], life.end))
	c.world.advance(60)
	c.no(early, "not the whole balance")
	c.yes(c.world.give_back(life))
	c.same(c.balance(c.alice), 970, "home")


@attack
def a_home_that_is_nobody(c):
	"""What goes home to a hold's id, or to no key, is lost as any output there; the ledger is not held up."""
	lock = c.lock()
	first = c.opened(c.alice, lock, 100, 60)
	second = c.opened(c.alice, lock, 100, 60, home=first.id)
	c.world.advance(60)
	c.yes(c.world.give_back(second))
	c.yes(c.world.give_back(first))
	c.same(c.world.state.account(first.id).balance, 100, "what is at the hold's id")


# ---- bounds, order and receipts ----

@attack
def an_opener_spends_more_than_he_has(c):
	lock = c.lock()
	c.no(c.opening(c.alice, lock, 1001), "funds")
	c.no(c.opening(c.alice, lock, 600, outputs=[(c.bob.address, 401)]), "funds")
	c.no(c.opening(c.alice, lock, 991), "sender left with less than the smallest amount")
	c.no(c.opening(c.alice, lock, 9), "hold below the smallest amount")
	c.no(c.opening(c.alice, lock, 0), "amounts")
	c.no(c.opening(c.alice, lock, rules.U64 - 1, outputs=[(c.bob.address, 1)]), "amounts")
	c.no(c.opening(c.alice, lock, 100, outputs=[(c.bob.address, 10)] * 255), "number of parts")
	c.yes(c.opening(c.alice, lock, 600, outputs=[(c.bob.address, 400)]))


@attack
def as_many_holds_as_the_money_makes(c):
	for number in (255, 60):
		c.again(number * SMALLEST, 0, 0, 0)
		holds = [(c.lock(f"{i}").lock, None, c.world.time + 60, SMALLEST) for i in range(number)]
		p = c.yes(c.alice.transfer(c.soon(), (), holds))
		c.same((len(c.world.live()), len(c.world.state.entries)), (number, number + 1), "holds, and places")
		c.no(c.alice.transfer(c.soon(), (), [(c.lock("more").lock, None, c.world.time + 60, SMALLEST)]), "no such account")
	c.world.advance(60)
	for i in range(60):
		c.same(c.world.submit(c.world.give_back(c.life(p, i))), None, "a give back")
	c.same((len(c.world.live()), len(c.world.state.entries), c.balance(c.alice)), (0, 61, 600), "holds, places, and home")


@attack
def a_full_counter(c):
	c.again(1000, 500, 100, 100, counter_max=3)
	lock = c.lock()
	life = c.opened(c.alice, lock, 100, 60)
	c.world.mine = [c.alice.transfer(c.soon(), [(c.bob.address, 10)])]
	for _ in range(4):
		c.yes(c.mallory.transfer(c.soon(), [(c.alice.address, SMALLEST)]))
		c.yes(c.world.take(life, lock, [(c.bob.address, SMALLEST)], life.end))
	c.same(c.world.state.hold(life.id).payments, 3, "the counter")
	c.yes(c.world.mine[0])
	c.world.advance(60)
	c.yes(c.world.give_back(life))


@attack
def the_order_of_entries(c):
	"""Which place is whose, by hand: outputs, then holds, each in order; emptied entries freed last; the last freed first."""
	c.again(1000, 0, 0, 0)
	new = [nobody(i) for i in range(4)]
	locks = [c.lock(f"{i}") for i in range(2)]

	def layout(*wanted):
		got = tuple(entry and entry.id for entry in c.world.state.entries)
		c.same((got, tuple(c.world.state.free)), wanted, "entries and free list")
	p = c.alice.transfer(c.soon(), [(new[0], 100), (new[1], 100)], [(locks[0].lock, None, c.world.time + 60, 400),
		(locks[1].lock, new[3], c.world.time + 60, 400)])
	c.yes(p)
	holds = [c.life(p, 0), c.life(p, 1)]
	layout((None, new[0], new[1], holds[0].id, holds[1].id), (0,))
	c.yes(c.world.take(holds[0], locks[0], [(new[2], 200), (c.alice.address, 200)], holds[0].end))
	layout((new[2], new[0], new[1], None, holds[1].id, c.alice.address), (3,))
	c.yes(c.alice.transfer(c.soon(), [(new[0], 200)]))
	layout((new[2], new[0], new[1], None, holds[1].id, None), (3, 5))
	c.world.advance(60)
	c.yes(c.world.give_back(holds[1]))
	layout((new[2], new[0], new[1], None, None, new[3]), (3, 4))


@attack
def what_is_refused_once_waits_for_nothing(c):
	"""A take that its hold refuses now never becomes valid: pools need not keep it."""
	lock = c.lock()
	life = c.opened(c.alice, lock, 100, 600)
	for amount in (91, 95, 99, 101, 200):
		take = c.world.take(life, lock, [(c.bob.address, amount)])
		c.same(c.world.submit(take) is None, False, f"a take of {amount}")
	c.yes(c.mallory.transfer(c.soon(), [(life.id, SMALLEST)]))
	for _ in range(10):
		c.yes(c.world.take(life, lock, [(c.bob.address, 10)]))
	c.same(len(c.world.dead), 5, "refused takes")


@attack
def the_life_of_a_hold_from_its_receipts(c):
	lock = c.lock()
	life = c.opened(c.alice, lock, 500, 60)
	for amount in (10, 90, 150):
		c.yes(c.world.take(life, lock, [(c.bob.address, amount)], life.end))
		entry = c.world.state.hold(life.id)
		receipts = c.world.receipts["hold", life.id]
		taken = sum(o.amount for p in receipts[1:] for o in p.op.outputs)
		c.same((entry.payments, entry.balance), (len(receipts), 500 - taken), "counter and balance")
	c.world.advance(60)
	c.yes(c.world.give_back(life))
	c.same([p.kind for p in c.world.receipts["hold", life.id]], ["transfer"] + 3 * ["take"] + ["give back"], "receipts")
