"""Money under a key until an end: claims, which are for somebody who has no account yet, and other holds."""
from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import _constants as constants
from ._calls import (NULL, amount_of, bytes_out, check, id_in, id_out, micro_of, optional_text_in, structure, text_in,
	text_out)
from ._constants import ErrorCode, EventKind, PaymentState
from ._declarations import ffi
from ._driver import Driver
from ._library import lib
from .errors import UnciaError, UnreachableError, VerificationError, error_of
from .texts import Claim, Contact, parse_claim, parse_contact
from .values import Hold, Payment, Receipt

if TYPE_CHECKING:
	from .wallet import Wallet

DAY_S = 86400
LOOK_S = 2.0  # how long a take is waited for before it is asked whether somebody else was faster


@dataclass(frozen=True)
class HoldRequest:
	"""A hold that a payment opens: whoever has its key takes from it until its end, so many seconds from the signing; then it
	goes home. Neither lock nor key: a claim of this wallet's."""

	amount: Decimal | str
	seconds: int = DAY_S
	lock: bytes | None = None
	key: bytes | None = None
	home: str | None = None


@dataclass(frozen=True)
class HoldState:
	"""What a hold has, as of a final height. left: the payments that took from it or sent it home, the newest first; complete:
	these are all, as is proved; time_ms: the ledger's time at that moment, to be held against the hold's end."""

	id: str
	exists: bool
	balance: Decimal
	payments: int
	height: int
	left: tuple[Receipt, ...]
	complete: bool
	time_ms: int


def fate_of(hold: Hold, state: HoldState) -> str:
	"""By the ledger's time: this machine's clock may be wrong."""
	if state.exists:
		return "ended" if state.time_ms >= hold.end * 1000 else "open"
	if not state.complete or not state.left:
		return "unknown"
	if state.left[0].payment.timestamp_ms >= hold.end * 1000:
		return "returned"
	return "cancelled" if pays_only(state.left[0], hold.home) else "taken"


def pays_only(receipt: Receipt, address: str) -> bool:
	return bool(receipt.outputs) and all(output.address == address for output in receipt.outputs)


@dataclass(frozen=True)
class FoundHold:
	"""A hold: what was put there, by which payment, and what it has now."""

	opening: Receipt
	number: int
	hold: Hold
	state: HoldState

	@property
	def fate(self) -> str:
		"""What became of it, as `uncia hold list` says it: "open"; "ended": what is left goes home; "taken", by somebody, all of
		it; "cancelled": the last of it was paid home before its end; "returned", after it; "unknown": nothing is left, and where
		it has gone is not proved."""
		return fate_of(self.hold, self.state)


@dataclass(frozen=True)
class OwnHold:
	"""A hold that a payment of this home has opened, or is about to. hold: None while that is pending; state: None where the
	network has told nothing of it; claim: the text, where it is a claim of this wallet's and the wallet is not locked."""

	payment: Payment
	number: int
	hold: Hold | None
	state: HoldState | None
	claim: str | None

	@property
	def fate(self) -> str:
		"""As of FoundHold; or "pending"."""
		if self.hold is None:
			return "pending"
		return "unknown" if self.state is None else fate_of(self.hold, self.state)


@dataclass(frozen=True)
class OwnHolds:
	"""The holds of a home, the oldest first, those of pending payments last. error: why the network tells nothing of them, or
	of some: then this is what the home knows."""

	holds: tuple[OwnHold, ...]
	error: UnciaError | None


@dataclass(frozen=True)
class TakeKey:
	"""What a hold is taken by: the seed of a claim, or this account's own key; and the secret that its lock asks for, too."""

	seed: bytes = b""
	account: bytes = b""
	secret: bytes | None = None

	def put(self, place: Any) -> Any:
		"""Into a struct uncia_hold_key. Returns what has to live as long."""
		secret = NULL if self.secret is None else bytes_of(self.secret, "secret")
		place.size, place.own, place.secret = ffi.sizeof("struct uncia_hold_key"), bool(self.account), secret
		if self.account:
			place.account = self.account
		else:
			place.seed = self.seed
		return secret


@dataclass(frozen=True)
class Taking:
	"""What is to be taken, where to, and under which key of the caller's."""

	by: TakeKey
	address: str
	amount: Decimal | None = None
	agreed: Decimal | None = None
	key: str | None = None


def hold_lock(key: bytes, secret_hash: bytes | None = None) -> bytes:
	"""The lock of a hold that asks for a key and a secret. A lock is for one hold."""
	lock = ffi.new("uint8_t[32]")
	check(lib.uncia_hold_lock(bytes_of(key, "key"), NULL if secret_hash is None else bytes_of(secret_hash, "hash of the secret"),
		lock), "lock")
	return bytes_out(lock)


def bytes_of(value: bytes, what: str) -> Any:
	if not isinstance(value, bytes) or len(value) != 32:
		raise error_of(ErrorCode.ARGUMENT, what, why="it is 32 bytes")
	return ffi.new("uint8_t[32]", value)


def holds_in(holds: tuple[HoldRequest, ...]) -> tuple[Any, list[Any]]:
	"""struct uncia_hold_request, as many, and what has to live as long."""
	listed = ffi.new("struct uncia_hold_request[]", max(len(holds), 1))
	kept: list[Any] = [listed]
	for place, hold in zip(listed, holds):
		if not 0 <= hold.seconds < 1 << 32:
			raise error_of(ErrorCode.END, "hold", why="its end is too near, past or too far")
		kept += [NULL if hold.lock is None else bytes_of(hold.lock, "lock"), NULL if hold.key is None else bytes_of(hold.key, "key"),
			NULL if hold.home is None else ffi.new("char[]", text_in(hold.home, "home"))]
		place.lock, place.key, place.home = kept[-3:]
		place.amount, place.seconds = micro_of(hold.amount), hold.seconds
	return listed, kept


class Holds:
	"""Claims of this wallet's and of others'. What is left of its own holds after their ends, an open wallet sends home by
	itself."""

	def __init__(self, wallet: Wallet, driver: Driver) -> None:
		self._wallet, self._driver = wallet, driver

	@property
	def key(self) -> bytes:
		"""The public key of this account, under which others may put a hold for it. Raises KeyClosedError while it is locked."""
		key = ffi.new("uint8_t[32]")
		self._driver.check(lib.uncia_wallet_key(self._driver.wallet, key), "key")
		return bytes_out(key)

	@property
	def coming_home(self) -> int:
		"""How many holds that have ended are being brought home at this moment."""
		return int(lib.uncia_wallet_coming_home(self._driver.wallet))

	async def new_claim(self, amount: Decimal | str, *, key: str, seconds: int = DAY_S, memo: str | None = None) -> str:
		"""Puts an amount aside and returns the text of the claim: money for whoever reads it, so send it to one person and write
		it to no log. The same key is the same claim."""
		made = await self._wallet.pay((), key=key, memo=memo, holds=(HoldRequest(amount, seconds),))
		return self.claim_text(made.id)

	def claim_text(self, opening: str, number: int = 0) -> str:
		"""The text of a claim that this wallet has made, by the payment that opened it, once that is final."""
		text = ffi.new("char[]", constants.CHAT_TEXT_SIZE)
		try:
			self._driver.check(lib.uncia_wallet_claim(self._driver.wallet, self._receipt_of(opening), number, text), "claim")
			return text_out(text)
		finally:
			ffi.memmove(text, bytes(len(text)), len(text))

	def _receipt_of(self, opening: str) -> Any:
		"""A struct uncia_receipt."""
		if self._wallet.network is None:
			raise error_of(ErrorCode.NETWORK, "hold", why="the wallet was opened without a network")
		return self._wallet.network.receipt_in(self._wallet.receipt(opening))

	def key_of(self, taker: bytes | Contact | str) -> bytes:
		"""Whose key it is: 32 bytes, 64 hexadecimal digits (uncia hold key), a contact, or a contact's text."""
		if isinstance(taker, Contact):
			return taker.key
		if isinstance(taker, str):
			try:
				return bytes.fromhex(taker)
			except ValueError:
				return parse_contact(taker, self._wallet.network_id).key
		return taker

	async def open(self, taker: bytes | Contact | str, amount: Decimal | str, *, key: str, seconds: int = DAY_S,
		secret_hash: bytes | None = None, home: str | None = None, memo: str | None = None) -> FoundHold:
		"""Puts an amount under somebody's key until an end, and returns when that is final. secret_hash: he has to publish the 32
		bytes of which this is the SHA-256, too; home: where the rest goes, this account where it is not given. The same key is the
		same hold. Tell him the opening's id."""
		whose = self.key_of(taker)
		lock = None if secret_hash is None else hold_lock(whose, secret_hash)
		made = await self._wallet.pay((), key=key, memo=memo,
			holds=(HoldRequest(amount, seconds, lock=lock, key=whose if lock is None else None, home=home),))
		return await self.look(made.id)

	async def look(self, opening: str, number: int = 0) -> FoundHold:
		"""What a hold has, by the payment that opened it. Waits for that one's end; raises ExpiredError where it never happened,
		and NotFoundError where it has opened no hold of that number."""
		return (await self._look_at(opening, number))[0]

	async def _look_at(self, opening: str, number: int) -> tuple[FoundHold, Any]:
		receipt = await self._opening(opening, "hold")
		opened = Receipt.of(receipt)
		if not 0 <= number < len(opened.holds):
			raise error_of(ErrorCode.NOT_FOUND, "hold", why="this payment has opened no hold of that number")
		state = await self._look(receipt, number, opened.holds[number])
		return FoundHold(opened, number, opened.holds[number], state), receipt

	async def _opening(self, identity: str, what: str) -> Any:
		"""The struct uncia_receipt of the payment that opened it, which is waited for."""
		opening = await self._wallet.follow(identity)
		if opening.state == PaymentState.EXPIRED:
			raise error_of(ErrorCode.EXPIRED, what, why="the payment that was to open it never happened", payment=opening)
		if opening.state != PaymentState.FINAL:
			raise error_of(ErrorCode.NOT_FOUND, what, why="nobody knows of the payment that opened it")
		return self._receipt_of(identity)

	async def list(self) -> OwnHolds:
		"""The holds that payments of this home have opened, those of claims among them, with what became of each. A home that was
		made anew has them again. Raises KeyClosedError while the wallet is locked."""
		error: UnciaError | None = None
		found = []
		try:
			await self._wallet.catch_up()
		except (UnreachableError, VerificationError) as failure:
			error = failure
		for payment in self._openings():
			if payment.state == PaymentState.PENDING:
				found.append(OwnHold(payment, 0, None, None, None))
				continue
			receipt = self._receipt_of(payment.id)
			for number, hold in enumerate(Receipt.of(receipt).holds):
				state = None
				if error is None:
					try:
						state = await self._look(receipt, number, hold)
					except (UnreachableError, VerificationError) as failure:
						error = failure
				found.append(OwnHold(payment, number, hold, state, self._claim_of(payment.id, number)))
		return OwnHolds(tuple(found), error)

	def _openings(self) -> tuple[Payment, ...]:
		"""Own payments that have opened holds, the oldest first; those that are about to come last."""
		found = []
		for identity in self._wallet.outbox():
			try:
				payment = self._wallet.payment(identity)
			except UnciaError as error:
				if error.code != ErrorCode.DAMAGED:
					raise
				continue
			if payment.hold_count and payment.state in (PaymentState.PENDING, PaymentState.FINAL):
				found.append(payment)
		return tuple(sorted(found, key=lambda one: (one.state == PaymentState.PENDING, one.height, one.index)))

	def _claim_of(self, opening: str, number: int) -> str | None:
		try:
			return self.claim_text(opening, number)
		except UnciaError as error:
			if error.code not in (ErrorCode.NOT_FOUND, ErrorCode.LOCKED):
				raise
			return None

	async def find(self, claim: str) -> FoundHold:
		"""What a claim is worth: what was put there, and what is left of it, as the ledger says. Waits for the end of the payment
		that opened it; raises ExpiredError where that never happened, and VerificationError where the claim is none of it."""
		return (await self._find(parse_claim(claim, self._wallet.network_id)))[0]

	async def _find(self, claim: Claim) -> tuple[FoundHold, Any]:
		receipt = await self._opening(claim.opening, "claim")
		number = self._number_of(receipt, TakeKey(seed=claim.seed), "claim")
		if number is None:
			raise error_of(ErrorCode.PROOF, "claim", why="the payment that it names has opened no hold under its key")
		opened = Receipt.of(receipt)
		state = await self._look(receipt, number, opened.holds[number])
		return FoundHold(opened, number, opened.holds[number], state), receipt

	def _number_of(self, receipt: Any, by: TakeKey, what: str) -> int | None:
		"""Which of the holds that a payment opened is under this key."""
		key, number = structure("uncia_hold_key"), ffi.new("uint32_t *")
		try:
			kept = by.put(key)
			result = lib.uncia_receipt_find_hold(self._network, receipt, key, number)
			del kept
		finally:
			ffi.memmove(key.seed, bytes(16), 16)
		if result == ErrorCode.NOT_FOUND:
			return None
		self._driver.check(result, what)
		return int(number[0])

	@property
	def _network(self) -> Any:
		assert self._wallet.network is not None  # _receipt_of has looked
		return self._wallet.network.pointer

	async def _look(self, receipt: Any, number: int, hold: Hold) -> HoldState:
		driver = self._driver
		async with driver.hold_turn:  # the library has one at a time
			while True:
				await driver.ask(EventKind.HOLD, lambda: int(lib.uncia_wallet_hold(driver.wallet, receipt, number)), "hold")
				state = structure("uncia_hold_state")
				driver.check(lib.uncia_wallet_hold_state(driver.wallet, state), "hold")
				if text_out(state.id) == hold.id:  # and not an answer to an earlier question
					break
			left = tuple(Receipt.of(lib.uncia_wallet_hold_receipt(driver.wallet, at)) for at in range(state.left_count))
			return HoldState(text_out(state.id), state.exists, amount_of(state.balance), state.payments, state.height, left,
				state.complete, state.time_ms)

	async def take(self, claim: str, to: str | None = None) -> Payment:
		"""Takes all that a claim has, to this account or an address, and waits for the end. Called again, after a crash too, it
		finds what it has taken. Of one's own claim it is the cancelling. Raises RefusedError where somebody else was faster, or it
		went home; ExpiredError where the take expired: call again."""
		parsed = parse_claim(claim, self._wallet.network_id)
		found, receipt = await self._find(parsed)
		address = self._wallet.address if to is None else to
		return await self._take(Taking(TakeKey(seed=parsed.seed), address), found, receipt, "claim")

	async def take_from(self, opening: str, *, amount: Decimal | str | None = None, secret: bytes | None = None,
		agreed: Decimal | str | None = None, to: str | None = None, key: str | None = None) -> Payment:
		"""Takes from the hold that a payment has opened under this account's key, all of it or an amount, and waits for the end.
		With a key, the same key is the same take, so that each of several parts is taken once; without one it takes once, and
		finds that again. A secret is shown only where the hold has what was agreed: what it was opened with, where it is not
		said. Raises NotFoundError where none of the payment's holds is under this key (and secret), RefusedError where less is
		left, its end is too near, or somebody else was faster, and ExpiredError where the take expired."""
		parsed = [None if given is None else amount_of(micro_of(given)) for given in (amount, agreed)]
		by = TakeKey(account=self.key, secret=secret)
		receipt = await self._opening(opening, "hold")
		number = self._number_of(receipt, by, "hold")
		if number is None:
			raise error_of(ErrorCode.NOT_FOUND, "hold", why="this payment has opened no hold under the key of this wallet" + (
				"; perhaps it asks for a secret, too" if secret is None else " and this secret"))
		opened = Receipt.of(receipt)
		found = FoundHold(opened, number, opened.holds[number], await self._look(receipt, number, opened.holds[number]))
		address = self._wallet.address if to is None else to
		return await self._take(Taking(by, address, parsed[0], parsed[1], key), found, receipt, "hold")

	async def _take(self, taking: Taking, found: FoundHold, receipt: Any, what: str) -> Payment:
		if taking.key is None and self._under_way(found.hold) is None:
			taken = self._taken_before(found, taking.address)
			if taken:
				return taken
			if found.fate != "open":
				raise gone(found, what)
		identity = await self._begin(taking, found, receipt, what)
		return await self._finish(identity, found, receipt, None if taking.key is not None else taking.address)

	def _under_way(self, hold: Hold) -> Payment | None:
		"""An own take of it that has no end yet: of an earlier run, which may have been killed, or of this one."""
		for identity in self._wallet.pending():
			payment = self._wallet.payment(identity)
			if payment.sender == hold.id:
				return payment
		return None

	def _taken_since(self, found: FoundHold, amount: Decimal, address: str) -> Payment | None:
		"""An own take of just this that has become final since the hold was looked at: another task's."""
		seen = {left.payment.id for left in found.state.left}
		for identity in self._wallet.outbox():
			if identity not in seen:
				payment = self._wallet.payment(identity)
				if payment.sender == found.hold.id and payment.state == PaymentState.FINAL and \
					(payment.amount, payment.to) == (amount, address):
					return payment
		return None

	def _taken_before(self, found: FoundHold, address: str) -> Payment | None:
		"""What was taken to this very address, where nothing is left: by an earlier run, or another home of this account."""
		if found.fate != "taken" and not (found.fate == "cancelled" and address == found.hold.home):
			return None
		for left in found.state.left:
			if pays_only(left, address):
				return self._wallet.payment(left.payment.id) if left.payment.id in self._wallet.outbox() else left.payment
		return None

	async def _begin(self, taking: Taking, found: FoundHold, receipt: Any, what: str) -> str:
		"""Stores the take, or finds the one that is under way. Returns its id."""
		take, output = structure("uncia_take"), ffi.new("struct uncia_output *")
		to, key = ffi.new("char[]", text_in(taking.address, "address")), optional_text_in(taking.key, "key")
		output.address = to
		wanted = found.state.balance if taking.amount is None else taking.amount
		output.amount = micro_of(wanted)
		take.receipt, take.number, take.outputs, take.output_count, take.payment_key = receipt, found.number, output, 1, key
		if taking.by.secret is not None:
			take.agreed = micro_of(found.hold.amount if taking.agreed is None else taking.agreed)

		def begin(made: Any) -> int:
			# Looked for at once before it is made: another task may have begun it meanwhile, and ended it.
			begun = None
			if taking.key is None:
				begun = self._under_way(found.hold) or self._taken_since(found, wanted, taking.address)
			if begun is None:
				return int(lib.uncia_wallet_take(self._driver.wallet, take, made))
			if begun.to != taking.address:
				raise error_of(ErrorCode.BUSY, what, why=f"a take to {begun.to} is under way", payment=begun)
			made[0] = id_in(begun.id)[0]
			return 0

		try:
			kept = taking.by.put(take.key)
			identity = await self._wallet.make(begin, what)
			del kept
			return identity
		finally:
			ffi.memmove(take.key.seed, bytes(16), 16)

	async def _finish(self, identity: str, found: FoundHold, receipt: Any, address: str | None) -> Payment:
		"""Waits for the end of a take. Where it is proved that others have got what it was to take, that is said at once: what a
		hold has only falls, and the take will expire. address: another process or home of this account may have been faster, with
		a take of its own to this."""
		amount = self._wallet.payment(identity).amount
		ending = asyncio.ensure_future(self._wallet.finish(identity))
		try:
			while not (await asyncio.wait([ending], timeout=LOOK_S))[0]:
				try:
					state = await self._look(receipt, found.number, found.hold)
				except (UnreachableError, VerificationError):
					continue
				if not state.complete or (state.exists and state.balance >= amount) or \
					identity in (left.payment.id for left in state.left):
					continue
				now = FoundHold(found.opening, found.number, found.hold, state)
				taken = None if address is None else self._taken_before(now, address)
				if taken:
					return taken
				raise error_of(ErrorCode.FUNDS, "hold", why="somebody else was faster", payment=self._wallet.payment(identity))
			return ending.result()
		finally:
			ending.cancel()

	async def give_back(self, opening: str, number: int = 0) -> Payment:
		"""Sends home what is left of a hold after its end, whoever opened it, and waits for the end of that. Raises RefusedError
		before the hold's end, and where nothing is left."""
		found, receipt = await self._look_at(opening, number)
		if found.fate == "returned":
			return found.state.left[0].payment
		made = ffi.new("struct uncia_payment_id *")
		result = lib.uncia_wallet_give_back(self._driver.wallet, receipt, number, made)
		if result == ErrorCode.NOT_FOUND:
			raise error_of(ErrorCode.FUNDS, "hold", why="nothing is left of it")
		self._driver.check(result, "hold")
		payment = await self._wallet.follow(id_out(made))
		if payment.state != PaymentState.FINAL:
			raise error_of(ErrorCode.EXPIRED, "hold", why="it was not sent home in time: call again", payment=payment)
		return payment


def gone(found: FoundHold, what: str) -> UnciaError:
	"""Why nothing can be taken."""
	if found.fate == "ended":
		return error_of(ErrorCode.END, what, why="it was not taken by its end, and goes home")
	return error_of(ErrorCode.FUNDS, what, why={"taken": "the last of it was taken by somebody else",
		"cancelled": "the last of it was taken back home",
		"returned": "it was not taken by its end, and went home"}.get(found.fate, "nothing is left of it"))
