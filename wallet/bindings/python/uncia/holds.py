"""Money under a key until an end: claims, which are for somebody who has no account yet, and other holds."""
from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import _constants as constants
from ._calls import NULL, amount_of, bytes_out, check, micro_of, structure, text_in, text_out
from ._constants import ErrorCode, EventKind, PaymentState
from ._declarations import ffi
from ._driver import Driver
from ._library import lib
from .errors import UnreachableError, VerificationError, error_of
from .texts import Claim, parse_claim
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


@dataclass(frozen=True)
class FoundHold:
	"""A hold: what was put there, by which payment, and what it has now."""

	opening: Receipt
	number: int
	hold: Hold
	state: HoldState


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

	async def find(self, claim: str) -> FoundHold:
		"""What a claim is worth: what was put there, and what is left of it, as the ledger says. Waits for the end of the payment
		that opened it; raises ExpiredError where that never happened, and VerificationError where the claim is none of it."""
		return (await self._find(parse_claim(claim, self._wallet.network_id)))[0]

	async def _find(self, claim: Claim) -> tuple[FoundHold, Any]:
		opening = await self._wallet.follow(claim.opening)
		if opening.state != PaymentState.FINAL:
			raise error_of(ErrorCode.EXPIRED, "claim", why="the payment that was to open it never happened", payment=opening)
		receipt, number = self._receipt_of(claim.opening), ffi.new("uint32_t *")
		key = structure("uncia_hold_key")
		try:
			key.seed = claim.seed
			result = lib.uncia_receipt_find_hold(self._network, receipt, key, number)
		finally:
			ffi.memmove(key.seed, bytes(16), 16)
		if result == ErrorCode.NOT_FOUND:
			raise error_of(ErrorCode.PROOF, "claim", why="the payment that it names has opened no hold under its key")
		self._driver.check(result, "claim")
		opened = Receipt.of(receipt)
		state = await self._look(receipt, number[0])
		return FoundHold(opened, int(number[0]), opened.holds[number[0]], state), receipt

	@property
	def _network(self) -> Any:
		assert self._wallet.network is not None  # _receipt_of has looked
		return self._wallet.network.pointer

	async def _look(self, receipt: Any, number: int) -> HoldState:
		driver = self._driver
		async with driver.hold_turn:  # the library has one at a time
			await driver.ask(EventKind.HOLD, lambda: int(lib.uncia_wallet_hold(driver.wallet, receipt, number)), "hold")
			state = structure("uncia_hold_state")
			driver.check(lib.uncia_wallet_hold_state(driver.wallet, state), "hold")
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
		for identity in self._wallet.pending():
			if self._wallet.payment(identity).sender == found.hold.id:
				return await self._finish(identity, found, receipt, address)
		if not found.state.exists:
			for left in found.state.left:
				if to is None and self._wallet.received(left) and self._knows_as_own(left.payment.id):
					return self._wallet.payment(left.payment.id)
			raise error_of(ErrorCode.FUNDS, "claim", why="it was taken before, or it went home")
		return await self._finish(await self._take(parsed, found, receipt, address), found, receipt, address)

	async def _finish(self, identity: str, found: FoundHold, receipt: Any, address: str) -> Payment:
		"""Waits for the end of a take. Where it is proved that others have got all there was, that is said at once: what a hold
		has only falls, and the take will expire. Another process of this home may have been faster, with a take of its own."""
		ending = asyncio.ensure_future(self._wallet.finish(identity))
		try:
			while not (await asyncio.wait([ending], timeout=LOOK_S))[0]:
				try:
					state = await self._look(receipt, found.number)
				except (UnreachableError, VerificationError):
					continue
				if not state.exists and state.complete and identity not in (left.payment.id for left in state.left):
					for left in state.left:
						if all(output.address == address for output in left.outputs):
							return left.payment
					raise error_of(ErrorCode.FUNDS, "claim", why="somebody else was faster", payment=self._wallet.payment(identity))
			return ending.result()
		finally:
			ending.cancel()

	def _knows_as_own(self, identity: str) -> bool:
		return identity in self._wallet.outbox()

	async def _take(self, claim: Claim, found: FoundHold, receipt: Any, address: str) -> str:
		"""Stores the take. Returns its id."""
		take, output = structure("uncia_take"), ffi.new("struct uncia_output *")
		to = ffi.new("char[]", text_in(address, "address"))
		output.address, output.amount = to, micro_of(found.state.balance)
		take.receipt, take.number, take.outputs, take.output_count = receipt, found.number, output, 1
		take.key.size = ffi.sizeof("struct uncia_hold_key")
		try:
			take.key.seed = claim.seed
			return await self._wallet.make(lambda made: int(lib.uncia_wallet_take(self._driver.wallet, take, made)), "claim")
		finally:
			ffi.memmove(take.key.seed, bytes(16), 16)
