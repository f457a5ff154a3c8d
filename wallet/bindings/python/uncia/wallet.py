"""The wallet, on an asyncio loop: `async with uncia.Wallet(home, network) as wallet`."""
from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from types import TracebackType
from typing import Any, AsyncIterator, Callable, Sequence

from . import _constants as constants
from ._calls import (NULL, Secret, amount_of, bytes_out, id_in, id_out, micro_of, network_id_in, optional_text_in, structure,
	text_in, text_out, text_owned)
from ._constants import ErrorCode, EventKind, PaymentState
from ._declarations import ffi
from ._driver import Driver
from ._library import lib
from .errors import UnciaError, WalletClosedError, error_of
from .holds import HoldRequest, Holds, holds_in
from .home import Handover, Home, open_wallet, words_of
from .network import Network
from .people import People
from .texts import Request, request_in, request_of
from .values import Balance, Entry, Output, Page, Part, Payment, Receipt, outputs_of, part_of
from .watch import Watch

BUSY_PAUSE_S = 0.01  # another process stores a payment: a file or two
Where = str | os.PathLike[str]


class Wallet:
	"""One account: its key and its payments in a home, and its links to validators.

	network: the network file, or one that was loaded, or None, for what needs no network. passphrase: None opens a sealed
	home locked, so that it can look and not pay, until unlock; it is kept until the wallet is open, and not for a second
	opening. request_timeout: seconds after which a question to the
	validators ends. All of it is used on the loop that it was opened on, in that one's thread; what takes long runs in the
	loop's executor. A task that is cancelled gives up its question; a payment that was made goes on, and its key finds it."""

	def __init__(self, home: Where, network: Network | Where | None, *, passphrase: str | None = None,
		request_timeout: float = 10.0) -> None:
		self._given_home, self._given_network, self._passphrase = home, network, passphrase
		self._timeout = request_timeout
		self._driver: Driver | None = None
		self.network: Network | None = None

	# ---- opening and closing

	async def __aenter__(self) -> Wallet:
		await self.open()
		return self

	async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
		trace: TracebackType | None) -> None:
		self.close()

	async def open(self) -> None:
		"""Opens it; close has to follow. Raises NotFoundError where the home has no key: create, or restore, makes one."""
		if self._driver:
			raise error_of(ErrorCode.EXISTS, "wallet", why="it is open already")
		passphrase = self._passphrase

		def make() -> tuple[Home, Network | None, Any]:
			given = self._given_network
			network = given if given is None or isinstance(given, Network) else Network.load(given)
			home = Home(self._given_home)
			return home, network, open_wallet(home, network, passphrase, max(1, int(self._timeout * 1000)))

		opening: Handover[tuple[Home, Network | None, Any]] = Handover(make, lambda made: lib.uncia_wallet_close(made[2]))
		home, self.network, wallet = await opening.wait()
		if self._driver:  # another task was faster
			lib.uncia_wallet_close(wallet)
			raise error_of(ErrorCode.EXISTS, "wallet", why="it is open already")
		self._driver = Driver(home, wallet, self.network is not None)
		self._passphrase = None

	def close(self) -> None:
		"""Closes it; whoever waits for something of it is told by WalletClosedError. What is pending goes on when it is opened
		again."""
		driver, self._driver = self._driver, None
		if driver:
			driver.close()

	@property
	def is_open(self) -> bool:
		return self._driver is not None

	@property
	def _d(self) -> Driver:
		if self._driver is None:
			raise WalletClosedError
		return self._driver

	def _check(self, result: int, what: str) -> int:
		return self._d.check(result, what)

	# ---- the key

	@property
	def unlocked(self) -> bool:
		return bool(lib.uncia_wallet_unlocked(self._d.wallet))

	async def unlock(self, passphrase: str) -> None:
		"""Opens the key, in a thread: it takes seconds, and the wallet goes on meanwhile."""
		made = ffi.new("struct uncia_unlocking **")
		self._check(lib.uncia_unlocking_begin(self._d.wallet, made), "key")
		unlocking = ffi.gc(made[0], lib.uncia_unlocking_free)  # when neither this task nor the thread has it any more
		phrase = Secret(0, text_in(passphrase, "passphrase"))

		def derive() -> int:
			try:
				return int(lib.uncia_unlocking_run(unlocking, phrase.chars))
			finally:
				phrase.wipe()

		self._check(await Handover(derive).wait(), "key")
		self._check(lib.uncia_wallet_unlock_with(self._d.wallet, unlocking), "key")

	async def recovery_words(self, passphrase: str | None) -> str:
		"""The recovery words, by the passphrase, asked for again; None for a home without one."""
		home = self._d.home
		return await Handover(lambda: words_of(home, passphrase)).wait()

	@property
	def address(self) -> str:
		"""What others are given to pay to. Raises KeyClosedError while the wallet is locked: the key file could name another's."""
		return self._text(lib.uncia_wallet_address, constants.ADDRESS_TEXT_SIZE, "address")

	@property
	def address_unproved(self) -> str:
		"""The address that the key file names, to tell one's own side of a payment; never to be given to anybody."""
		return self._text(lib.uncia_wallet_address_unproved, constants.ADDRESS_TEXT_SIZE, "address")

	def _text(self, function: Any, size: int, what: str) -> str:
		text = ffi.new("char[]", size)
		self._check(function(self._d.wallet, text), what)
		return text_out(text)

	@property
	def network_id(self) -> bytes:
		"""Of the network that the home is bound to, 32 bytes."""
		found = ffi.new("uint8_t[32]")
		self._check(lib.uncia_wallet_network_id(self._d.wallet, found), "network")
		return bytes_out(found)

	def network_changed(self) -> None:
		"""The device is on another network: connections are made anew at once."""
		self._check(lib.uncia_wallet_network_changed(self._d.wallet), "network")

	# ---- asking

	async def balance(self) -> Balance:
		"""Asks the validators, and returns what was proved."""
		wallet = self._d.wallet
		await self._d.ask(EventKind.BALANCE, lambda: int(lib.uncia_wallet_sync(wallet)), "balance")
		return self.last_balance

	@property
	def last_balance(self) -> Balance:
		"""What was proved last."""
		found = structure("uncia_balance")
		self._check(lib.uncia_wallet_balance(self._d.wallet, found), "balance")
		return Balance.of(found)

	async def catch_up(self) -> None:
		"""Makes sure that this home knows all payments that its account has made. pay does it where it must."""
		wallet = self._d.wallet
		await self._d.ask(EventKind.CAUGHT_UP, lambda: int(lib.uncia_wallet_catch_up(wallet)), "catching up")

	# ---- paying

	async def order(self, to: str | Sequence[Output], amount: Decimal | str | None = None, *, key: str, memo: str | None = None,
		expires: int = 0, tag: bytes = b"", holds: Sequence[HoldRequest] = ()) -> Payment:
		"""Makes a payment, and returns it as it stands: stored, on its way, with exactly two ends, final and expired; follow
		waits for that. to: an address, or outputs. The same key is the same payment for ever, whoever was killed meanwhile, so
		give the id of the message that it belongs to. memo stays in this home, the ledger carries its hash; expires: seconds, 0:
		120; tag: bytes of the caller's, which come back in Payment; holds: what it puts under keys, beside outputs or without. What has to be asked first (balance, payments that this home
		lacks) is. Raises RefusedError and others where there is no payment; cancelled before there is one, there will be none."""
		outputs = (Output(to, self._amount(amount)),) if isinstance(to, str) else tuple(to)
		if not isinstance(to, str) and amount is not None:
			raise TypeError("amount: each output has its own")
		request, kept = self._request(outputs, key, memo, expires, tag)
		listed, more = holds_in(tuple(holds))
		request.holds, request.hold_count = listed if holds else NULL, len(holds)
		identity = await self.make(lambda made: int(lib.uncia_wallet_pay(self._d.wallet, request, made)), "payment")
		del kept, more  # what the request points to
		return self.payment(identity)

	async def pay(self, to: str | Sequence[Output], amount: Decimal | str | None = None, *, key: str, memo: str | None = None,
		expires: int = 0, tag: bytes = b"", holds: Sequence[HoldRequest] = ()) -> Payment:
		"""As order, and waits for the end. Returns the payment where it is final; raises ExpiredError where it expired. Where it
		is cancelled, or something else is raised that has a `payment`, the payment may go on: pay again under the same key to
		wait for its end."""
		made = await self.order(to, amount, key=key, memo=memo, expires=expires, tag=tag, holds=holds)
		return await self.finish(made.id)

	async def finish(self, identity: str) -> Payment:
		"""Waits for the end of an own payment, as pay does."""
		ended = await self._end_of(identity)
		if ended.state == PaymentState.EXPIRED:
			raise error_of(ErrorCode.EXPIRED, f"payment {ended.id}", payment=ended)
		return ended

	@staticmethod
	def _amount(amount: Decimal | str | None) -> Decimal:
		if amount is None:
			raise TypeError("amount: expected a Decimal or text such as \"0.50\"")
		return amount_of(micro_of(amount))

	@staticmethod
	def _request(outputs: Sequence[Output], key: str, memo: str | None, expires: int, tag: bytes) -> tuple[Any, list[Any]]:
		"""A struct uncia_payment_request, and what has to live as long."""
		if not isinstance(tag, bytes):
			raise error_of(ErrorCode.ARGUMENT, "payment", why="its tag is bytes")
		request, listed = structure("uncia_payment_request"), ffi.new("struct uncia_output[]", max(len(outputs), 1))
		kept = [listed]
		for place, output in zip(listed, outputs):
			kept.append(ffi.new("char[]", text_in(output.address, "address")))
			place.address, place.amount = kept[-1], micro_of(output.amount)
		if not 0 <= expires < 1 << 32:
			raise error_of(ErrorCode.ARGUMENT, "expires", why="it is 1 to 3600 seconds, or 0 for 120")
		kept += [ffi.new("char[]", text_in(key, "key")), optional_text_in(memo, "memo"), ffi.new("uint8_t[]", tag or b"\0")]
		request.outputs, request.output_count, request.expires_s = listed if outputs else NULL, len(outputs), expires
		request.key, request.memo = kept[-3], kept[-2]
		request.tag, request.tag_size = kept[-1] if tag else NULL, len(tag)
		return request, kept

	async def make(self, begin: Callable[[Any], int], what: str) -> str:
		"""Makes a payment as soon as what it is signed on is fresh; for this package. uncia_wallet_order of the library would do the same; but orders have no
		name to give up one of them by, and a task may be cancelled. Nothing is awaited between the call that makes the payment
		and the return."""
		made, loop = ffi.new("struct uncia_payment_id *"), asyncio.get_running_loop()
		synced = looked = False
		until: float | None = None
		while True:
			result = begin(made)
			if result == ErrorCode.UNREACHABLE and not synced:
				synced = True
				await self.balance()
			elif result == ErrorCode.BEHIND and not looked:
				looked, synced = True, False
				await self.catch_up()
			elif result == ErrorCode.BUSY and (until is None or loop.time() < until):
				until = until or loop.time() + self._timeout
				await asyncio.sleep(BUSY_PAUSE_S)
			else:
				self._check(result, what)
				return id_out(made)

	# ---- payments

	def payment(self, identity: str) -> Payment:
		"""What is known of a payment: of this wallet, or one that was asked for."""
		found = structure("uncia_payment")
		self._check(lib.uncia_wallet_payment(self._d.wallet, id_in(identity), found), f"payment {identity}")
		return Payment.of(found)

	async def follow(self, identity: str) -> Payment:
		"""Waits for the end of anybody's payment: FINAL or EXPIRED; UNKNOWN only where the id can be no payment's, or nobody can
		know any more. Cancelled, the payment goes on, and nobody asks about it any more."""
		self._check(lib.uncia_wallet_follow(self._d.wallet, id_in(identity)), f"payment {identity}")
		try:
			return await self._end_of(identity)
		finally:
			if self._driver:
				self._driver.stop_following(identity)

	async def _end_of(self, identity: str) -> Payment:
		while True:
			payment = self.payment(identity) if self._knows(identity) else None
			if payment and payment.has_ended:
				return payment
			error = await self._d.payment_event(identity)
			# A question of somebody else's that found nothing out is no news of the payment.
			if error and error not in (ErrorCode.UNREACHABLE, ErrorCode.PROOF):
				raise self._trouble(error, identity)
			if not error and self.payment(identity).state == PaymentState.UNKNOWN and not self._d.is_followed(identity):
				return self.payment(identity)

	def _knows(self, identity: str) -> bool:
		result = lib.uncia_wallet_payment(self._d.wallet, id_in(identity), structure("uncia_payment"))
		return bool(result != ErrorCode.NOT_FOUND)

	def _trouble(self, error: int, identity: str) -> UnciaError:
		trouble = self._d.home.error(error, f"payment {identity}")
		trouble.payment = self.payment(identity)
		return trouble

	async def query(self, identity: str) -> Payment:
		"""Asks the validators about a payment once, and returns what they know now."""
		self._check(lib.uncia_wallet_query(self._d.wallet, id_in(identity)), f"payment {identity}")
		try:
			error = await self._d.payment_event(identity)
		except asyncio.CancelledError:
			if self._driver:
				self._driver.stop_following(identity)
			raise
		self._check(error, f"payment {identity}")
		return self.payment(identity)

	def by_key(self, key: str) -> Payment | None:
		"""The payment that an idempotency key stands for in this home; None where it knows of none."""
		made = ffi.new("struct uncia_payment_id *")
		result = lib.uncia_wallet_by_key(self._d.wallet, text_in(key, "key"), made)
		if result == ErrorCode.NOT_FOUND:
			return None
		self._check(result, f"key {key!r}")
		return self.payment(id_out(made))

	def paid(self, address: str) -> Payment | None:
		"""A payment of this home to an account, whatever the reference; None where it has made none."""
		parsed, made = structure("uncia_address"), ffi.new("struct uncia_payment_id *")
		self._check(lib.uncia_address_parse(text_in(address, "address"), parsed), "address")
		result = lib.uncia_wallet_paid(self._d.wallet, parsed, made)
		if result == ErrorCode.NOT_FOUND:
			return None
		self._check(result, "payments")
		return self.payment(id_out(made))

	def outputs(self, identity: str) -> tuple[Output, ...]:
		"""The outputs of a payment that is `detailed`."""
		given, wallet = id_in(identity), self._d.wallet
		return outputs_of(lambda number, address, amount: lib.uncia_wallet_output(wallet, given, number, address, amount),
			self.payment(identity).output_count)

	def part(self, identity: str) -> Part:
		"""This account's part in a payment that is `detailed`, whatever its state."""
		found = structure("uncia_part")
		self._check(lib.uncia_wallet_payment_part(self._d.wallet, id_in(identity), found), f"payment {identity}")
		return part_of(found)

	def outbox(self) -> list[str]:
		"""The ids of all payments that this home has made, in no particular order."""
		return self._ids(lib.uncia_wallet_outbox)

	def pending(self) -> list[str]:
		"""The ids of those that are pending."""
		return self._ids(lib.uncia_wallet_pending)

	def expired(self) -> list[str]:
		"""The ids of those that expired, the latest expiry first."""
		return self._ids(lib.uncia_wallet_expired)

	def _ids(self, function: Any) -> list[str]:
		found: list[str] = []
		made = ffi.new("struct uncia_payment_id *")
		while (result := function(self._d.wallet, len(found), made)) == 0:
			found.append(id_out(made))
		if result != ErrorCode.NOT_FOUND:
			self._check(result, "payments")
		return found

	def receipt(self, identity: str) -> str:
		"""The receipt of a final payment, as text."""
		return self._owned_text(lib.uncia_wallet_receipt, identity)

	def expiry(self, identity: str) -> str:
		"""The proof that an own payment expired, as text."""
		return self._owned_text(lib.uncia_wallet_expiry, identity)

	def _owned_text(self, function: Any, identity: str) -> str:
		text = ffi.new("char **")
		self._check(function(self._d.wallet, id_in(identity), text), f"payment {identity}")
		return text_owned(text[0])

	def received(self, receipt: Receipt | str) -> Decimal:
		"""What this account got by a payment, by its receipt, which is verified: all of its outputs together."""
		if self.network is None:
			raise error_of(ErrorCode.NETWORK, "receipt", why="the wallet was opened without a network")
		given = self.network.receipt_in(receipt if isinstance(receipt, str) else receipt.text)
		return self._received(given)

	def _received(self, given: Any) -> Decimal:
		amount = ffi.new("uint64_t *")
		self._check(lib.uncia_wallet_received(self._d.wallet, given, amount), "receipt")
		return amount_of(amount[0])

	# ---- history

	async def history(self, before: tuple[int, int] | None = None, limit: int = 64) -> Page:
		"""A page of the payments that touched this account, newest first. before: `following` of the page before."""
		height, index = before or (0, 0)
		if not 0 <= height < 1 << 64 or not 0 <= index < 1 << 32 or not 1 <= limit <= 64:
			raise error_of(ErrorCode.ARGUMENT, "history", why="a page has 1 to 64 payments, and begins where one before it ended")
		driver = self._d
		async with driver.history_turn:  # the library has one page at a time
			await driver.ask(EventKind.HISTORY, lambda: int(lib.uncia_wallet_history(self._d.wallet, height, index, limit)),
				"history")
			return self._page()

	def _page(self) -> Page:
		page = structure("uncia_history_page")
		self._check(lib.uncia_wallet_history_page(self._d.wallet, page), "history")
		entries = tuple(self._entry(lib.uncia_wallet_history_receipt(self._d.wallet, number)) for number in range(page.count))
		following = (page.next_height, page.next_index) if page.next_height else None
		return Page(entries, following, page.complete)

	async def all_history(self) -> AsyncIterator[Entry]:
		"""All of it, page by page, newest first."""
		following: tuple[int, int] | None = None
		while True:
			page = await self.history(following)
			for entry in page.entries:
				yield entry
			following = page.following
			if following is None:
				return

	def _entry(self, receipt: Any) -> Entry:
		part, wallet = structure("uncia_part"), self._d.wallet
		self._check(lib.uncia_wallet_part(wallet, receipt, part), "history")
		outputs = outputs_of(lambda number, address, amount: lib.uncia_wallet_part_output(wallet, receipt, number, address, amount),
			part.output_count)
		return Entry(Receipt.of(receipt), part_of(part), outputs, self._received(receipt))

	# ---- being paid

	def watch(self, client: str) -> Watch:
		"""Payments of others to this account, as they become final, from where this client acknowledged last; a new client
		begins now. client: 1 to 32 of a-z, 0-9 and '-'; one at a time. Unlock the wallet first where what it tells decides
		anything."""
		return Watch(self._d, client, self._entry)

	def forget_watch(self, client: str) -> None:
		"""Forgets a client's place: it begins anew, at what is proved then."""
		self._check(lib.uncia_watch_forget(self._d.wallet, text_in(client, "client")), f"watch {client!r}")

	# ---- texts of this wallet

	def request(self, amount: Decimal | str | None = None, *, memo: str = "", ends_at: int = 0, address: str = "") -> Request:
		"""Makes a request to be paid here, with a fresh reference; address: one's own with a reference of the caller's."""
		made, text = request_in(address, amount, memo, ends_at), ffi.new("char[]", constants.CHAT_TEXT_SIZE)
		self._check(lib.uncia_wallet_request(self._d.wallet, made, text), "request")
		return request_of(made, text_out(text))

	def contact_text(self, handle: str | None = None) -> str:
		"""Who this wallet is, signed: to be sent in a chat. handle: "xmpp:bob@example.org"."""
		text = ffi.new("char[]", constants.CHAT_TEXT_SIZE)
		self._check(lib.uncia_wallet_contact(self._d.wallet, optional_text_in(handle, "handle"), text), "contact")
		return text_out(text)

	def notice(self, identity: str) -> str:
		"""Tells of an own payment in a chat. Its memo goes with it, where it is short enough for a chat."""
		payment = self.payment(identity)
		made, text = structure("uncia_notice"), ffi.new("char[]", constants.CHAT_TEXT_SIZE)
		made.id = id_in(identity)[0]
		memo = payment.memo.encode()
		if len(memo) < constants.CHAT_MEMO_SIZE:
			ffi.memmove(made.memo, memo, len(memo))
		self._check(lib.uncia_notice_format(network_id_in(self.network_id), made, text), "notice")
		return text_out(text)

	# ---- people

	@property
	def people(self) -> People:
		"""Pins of people in chats, and verdicts on what they send."""
		return People(self._d)

	@property
	def holds(self) -> Holds:
		"""Claims, and other holds."""
		return Holds(self, self._d)

	# ---- contacts

	def pin(self, name: str, address: str, *, replace: bool = False) -> None:
		"""Pins a name to an address. Raises RefusedError with the code EXISTS where it is pinned to another, and ALIKE where
		another name looks like it (alike says which)."""
		self._check(lib.uncia_contact_pin(self._d.wallet, text_in(name, "name"), text_in(address, "address"), replace),
			f"contact {name!r}")

	def contact(self, name: str) -> str | None:
		"""The address of a contact."""
		address = ffi.new("char[]", constants.ADDRESS_TEXT_SIZE)
		result = lib.uncia_contact_find(self._d.wallet, text_in(name, "name"), address)
		if result == ErrorCode.NOT_FOUND:
			return None
		self._check(result, f"contact {name!r}")
		return text_out(address)

	def alike(self, name: str) -> tuple[str, str] | None:
		"""Name and address of a contact that people would take for this name."""
		return self._contact(lambda found, address: lib.uncia_contact_alike(self._d.wallet, text_in(name, "name"), found, address))

	def forget_contact(self, name: str) -> None:
		self._check(lib.uncia_contact_remove(self._d.wallet, text_in(name, "name")), f"contact {name!r}")

	def contacts(self) -> dict[str, str]:
		"""Name: address, sorted by name."""
		count, found = ffi.new("size_t *"), {}
		self._check(lib.uncia_contact_count(self._d.wallet, count), "contacts")
		for number in range(count[0]):
			one = self._contact(lambda name, address, at=number: lib.uncia_contact_at(self._d.wallet, at, name, address))
			if one:
				found[one[0]] = one[1]
		return found

	def _contact(self, read: Callable[..., Any]) -> tuple[str, str] | None:
		name, address = ffi.new("char[]", constants.CONTACT_NAME_SIZE), ffi.new("char[]", constants.ADDRESS_TEXT_SIZE)
		result = read(name, address)
		if result == ErrorCode.NOT_FOUND:
			return None
		self._check(result, "contacts")
		return text_out(name), text_out(address)
