"""What the library knows, as values that never change: amounts are Decimal, ids 64 hexadecimal digits, `_at` seconds and
`_ms` milliseconds since 1970. The members are those of the structures of the same name in the headers of libuncia."""
from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ._calls import amount_of, bytes_out, check, id_out, structure, text_out
from ._constants import ADDRESS_TEXT_SIZE, Direction, ErrorCode, PaymentState, PendingReason
from ._declarations import ffi
from ._library import lib


@dataclass(frozen=True)
class Balance:
	"""What an account holds, proved as of a final height. known: False where nothing was proved yet; uncounted: its
	history can no more be proved complete."""

	known: bool
	exists: bool
	balance: Decimal
	waiting: Decimal
	spendable: Decimal
	height: int
	timestamp_ms: int
	uncounted: bool

	@classmethod
	def of(cls, given: Any) -> Balance:
		return cls(given.known, given.exists, amount_of(given.balance), amount_of(given.waiting), amount_of(given.spendable),
			given.height, given.timestamp_ms, given.uncounted)


@dataclass(frozen=True)
class Output:
	"""Who gets what. address: with its reference, where it has one."""

	address: str
	amount: Decimal


@dataclass(frozen=True)
class Hold:
	"""An amount that a payment put under a key until an end."""

	id: str
	home: str
	end: int
	amount: Decimal


@dataclass(frozen=True)
class Part:
	"""What one account has to do with a payment: whether it paid or was paid, and how much."""

	direction: Direction
	amount: Decimal
	output_count: int
	to: str


@dataclass(frozen=True)
class Payment:
	"""What is known of a payment. FINAL and EXPIRED are ends, and it keeps the one that it has; until then it is pending, for
	`reason`, and never to be shown as failed. Where `detailed` is False only id, state and expires_at are known."""

	id: str
	state: PaymentState
	reason: PendingReason
	refusal: ErrorCode
	own: bool
	detailed: bool
	sender: str
	to: str
	output_count: int
	hold_count: int
	amount: Decimal
	leaving: Decimal
	received: Decimal
	memo_hash: bytes | None
	memo: str
	expires_at: int
	height: int
	timestamp_ms: int
	index: int
	made_ms: int
	elapsed_ms: int
	tag: bytes

	@classmethod
	def of(cls, given: Any) -> Payment:
		return cls(id_out(ffi.addressof(given, "id")), PaymentState(given.state), PendingReason(given.reason),
			ErrorCode(given.refusal), given.own, given.detailed, text_out(given.sender), text_out(given.to), given.output_count,
			given.hold_count, amount_of(given.amount), amount_of(given.leaving), amount_of(given.received),
			bytes_out(given.memo_hash) if given.has_memo_hash else None, text_out(given.memo), given.expires_at, given.height,
			given.timestamp_ms, given.index, given.made_ms, given.elapsed_ms, bytes_out(given.tag)[:given.tag_size])

	@property
	def has_ended(self) -> bool:
		return self.state in (PaymentState.FINAL, PaymentState.EXPIRED)

	@property
	def waits_for(self) -> str:
		"""Why it is pending, as a short English phrase; "" where it is not."""
		if self.state != PaymentState.PENDING:
			return ""
		if self.reason == PendingReason.REFUSED:
			return text_out(lib.uncia_error_text(self.refusal))
		return text_out(lib.uncia_pending_text(self.reason))


@dataclass(frozen=True)
class Receipt:
	"""The proof that a payment is final; it was verified. text: for others, one line."""

	text: str = field(repr=False)
	payment: Payment
	outputs: tuple[Output, ...]
	holds: tuple[Hold, ...]

	@classmethod
	def of(cls, given: Any) -> Receipt:
		"""given: a struct uncia_receipt, which is not needed any more afterwards."""
		payment = structure("uncia_payment")
		check(lib.uncia_receipt_payment(given, payment), "receipt")
		text = ffi.new("char **")
		check(lib.uncia_receipt_text(given, text), "receipt")
		try:
			line = text_out(text[0])
		finally:
			lib.uncia_text_free(text[0])
		outputs = outputs_of(lambda number, address, amount: lib.uncia_receipt_output(given, number, address, amount),
			payment.output_count)
		holds = []
		for number in range(payment.hold_count):
			hold = structure("uncia_hold")
			check(lib.uncia_receipt_hold(given, number, hold), "receipt")
			holds.append(Hold(text_out(hold.id), text_out(hold.home), hold.end, amount_of(hold.amount)))
		return cls(line, Payment.of(payment), outputs, tuple(holds))


@dataclass(frozen=True)
class Expiry:
	"""The proof that a payment expired: it never happened and never will. It was verified."""

	text: str = field(repr=False)
	payment: Payment
	outputs: tuple[Output, ...]


@dataclass(frozen=True)
class Entry:
	"""A final payment of this account's history: the receipt, and this account's part in it with the outputs that this
	counts. received: all that this account got by it."""

	receipt: Receipt
	part: Part
	outputs: tuple[Output, ...]
	received: Decimal


@dataclass(frozen=True)
class Page:
	"""A page of the history, newest first. following: what the next page is asked for with; None where there is no more.
	complete: all pages together are proved to hold every payment up to the balance that was proved last; False where there was
	none yet."""

	entries: tuple[Entry, ...]
	following: tuple[int, int] | None
	complete: bool


def outputs_of(read: Any, count: int) -> tuple[Output, ...]:
	"""read(number, address, amount): a function of the library that fills the last two."""
	address, amount = ffi.new("char[]", ADDRESS_TEXT_SIZE), ffi.new("uint64_t *")
	outputs = []
	for number in range(count):
		check(read(number, address, amount), "outputs")
		outputs.append(Output(text_out(address), amount_of(amount[0])))
	return tuple(outputs)


def part_of(given: Any) -> Part:
	return Part(Direction(given.direction), amount_of(given.amount), given.output_count, text_out(given.to))
