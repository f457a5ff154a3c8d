"""Who somebody in a chat is to a wallet, and what his texts about money are worth."""
from __future__ import annotations

import collections
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import _constants as constants
from ._calls import amount_of, check, id_in, id_out, optional_text_in, structure, text_in, text_out
from ._constants import ContactVerdict, ErrorCode, NoticeVerdict, RequestVerdict
from ._declarations import ffi
from ._driver import Driver, Noticed, Waiters
from ._library import lib
from .errors import error_of
from .texts import Contact, Request, contact_of, request_of


@dataclass(frozen=True)
class Peer:
	"""Who has written a message, as the chat says it: handle, and own, the user's own one there (handle_xmpp and handle_irc
	make them). login: of IRC, the services account that the server names. room: it was written in a room, or by an occupant of
	one. account: an address, where the caller knows by a book of its own whose messages these are; then no pin is looked at."""

	own: str | None = None
	handle: str | None = None
	login: str | None = None
	room: bool = False
	account: str | None = None


@dataclass(frozen=True)
class Pin:
	"""A person of a chat, bound to an account. weak: of IRC, without a login; show it as such."""

	own: str
	handle: str
	login: str
	address: str
	compared: bool
	weak: bool
	made_ms: int


@dataclass(frozen=True)
class ContactCheck:
	"""What a contact text from this sender is worth, and what to show with that."""

	verdict: ContactVerdict
	weak: bool
	pinned: str
	other: str
	alike: str
	alike_address: str


@dataclass(frozen=True)
class RequestCheck:
	"""Whom a request from this sender pays: the verdict is shown before the amount. taken: this home has a payment under its
	key, `id`."""

	verdict: RequestVerdict
	weak: bool
	ended: bool
	taken: bool
	id: str | None
	pinned: str
	payee: str


@dataclass(frozen=True)
class NoticeResult:
	"""What is known of a notice. Amount, sender and time are those of the payment's receipt, never of the text. over: no more
	is told by this check."""

	verdict: NoticeVerdict
	error: ErrorCode
	over: bool
	id: str
	own: str
	handle: str
	memo: str
	memo_untold: bool
	weak: bool
	maybe_told: bool
	older: bool
	sender: str
	pinned: str
	first: str
	amount: Decimal
	currency: int
	height: int
	timestamp_ms: int
	index: int

	@classmethod
	def of(cls, given: Any) -> NoticeResult:
		return cls(NoticeVerdict(given.verdict), ErrorCode(given.error), given.over, id_out(ffi.addressof(given, "id")),
			text_out(given.own), text_out(given.handle), text_out(given.memo), given.memo_untold, given.weak, given.maybe_told,
			given.older, text_out(given.sender), text_out(given.pinned), text_out(given.first), amount_of(given.amount),
			given.currency, given.height, given.timestamp_ms, given.index)


def handle_xmpp(jid: str) -> str:
	"""The handle of an XMPP address, bare or with a resource."""
	handle = ffi.new("char[]", constants.PEER_SIZE)
	check(lib.uncia_handle_xmpp(text_in(jid, "JID"), handle), f"JID {jid!r}")
	return text_out(handle)


def handle_irc(network: str, nick: str, casemapping: str | None = None) -> str:
	"""The handle of a nick. network and casemapping: as the server's numeric 005 says."""
	handle = ffi.new("char[]", constants.PEER_SIZE)
	check(lib.uncia_handle_irc(text_in(network, "network"), optional_text_in(casemapping, "casemapping"), text_in(nick, "nick"),
		handle), f"nick {nick!r}")
	return text_out(handle)


class NoticeCheck:
	"""A check of a notice: an asynchronous iterator of what is known, the first at once, until that is `over`. `async with`,
	or close, gives it up; whoever is cancelled while he waits may go on waiting. Show nothing as paid but the verdict PAID, and
	acknowledge it (People.acknowledge) when it was shown."""

	def __init__(self, driver: Driver, number: int, first: NoticeResult) -> None:
		self._driver, self._number, self.id = driver, number, first.id
		self._results = collections.deque((first,))
		self._over = self._closed = False
		self._news = Waiters()
		driver.notices[number] = Noticed(first.id, self._take, self._news)

	def _take(self, given: Any) -> None:
		self._results.append(NoticeResult.of(given))
		self._news.tell(0)

	def __aiter__(self) -> NoticeCheck:
		return self

	async def __anext__(self) -> NoticeResult:
		while not self._results:
			if self._over or self._closed:
				raise StopAsyncIteration
			self._driver.check_open()
			await self._news.wait()
		result = self._results.popleft()
		if result.over:
			self._over = True
			self.close()
		return result

	async def end(self) -> NoticeResult:
		"""The last one. That nobody knows it is no end for days: limit the time."""
		last: NoticeResult | None = None
		async for result in self:
			last = result
		if last is None:
			raise error_of(ErrorCode.NOT_FOUND, "notice", why="its end was taken already, or the check was closed")
		return last

	def close(self) -> None:
		if not self._closed:
			self._closed = True
			self._driver.end_notice(self._number, self._over)
			self._news.tell(0)

	async def __aenter__(self) -> NoticeCheck:
		return self

	async def __aexit__(self, *_: object) -> None:
		self.close()


class People:
	"""Pins, and verdicts on what people send. Hand over what came together with who has sent it, and show what these say."""

	def __init__(self, driver: Driver) -> None:
		self._driver = driver

	# ---- pins

	def find(self, peer: Peer) -> Pin | None:
		"""The pin of whoever has written. Raises RefusedError (ALIKE) where his handle is pinned with a login that he does not
		have now."""
		given, kept = peer_in(peer)
		made = structure("uncia_pin")
		result = lib.uncia_pin_find(self._driver.wallet, given, made)
		del kept
		if result == ErrorCode.NOT_FOUND:
			return None
		self._driver.check(result, f"pin of {peer.handle}")
		return pin_of(made)

	def pin(self, peer: Peer, who: str, *, decided: bool = False, compared: bool = False) -> None:
		"""Pins whoever has written to an account: the text of a contact, or an address. Without decided (the user was asked, and
		wants it) only where check_contact says NEW or PINNED. compared: contact_code was compared by voice."""
		given, kept = peer_in(peer)
		flags = (constants.PIN_DECIDED if decided else 0) | (constants.PIN_COMPARED if compared else 0)
		self._driver.check(lib.uncia_pin_set(self._driver.wallet, given, text_in(who, "who"), flags), f"pin of {peer.handle}")
		del kept

	def forget(self, peer: Peer) -> None:
		given, kept = peer_in(peer)
		self._driver.check(lib.uncia_pin_drop(self._driver.wallet, given), f"pin of {peer.handle}")
		del kept

	def pins(self) -> list[Pin]:
		"""All of them, sorted by handle. Those that are damaged are passed over, and logged."""
		count, found = ffi.new("size_t *"), []
		self._driver.check(lib.uncia_pin_count(self._driver.wallet, count), "pins")
		for number in range(count[0]):
			made = structure("uncia_pin")
			self._driver.check(lib.uncia_pin_at(self._driver.wallet, number, made), "pins")
			found.append(pin_of(made))
		self._driver.take_events()
		return found

	# ---- verdicts

	def check_contact(self, peer: Peer, text: str) -> tuple[Contact, ContactCheck]:
		"""Reads a contact text that somebody has sent, and says what to do with it. It changes nothing: pin does."""
		given, kept = peer_in(peer)
		contact, found = structure("uncia_contact"), structure("uncia_contact_check")
		self._driver.check(lib.uncia_contact_check(self._driver.wallet, given, text_in(text, "contact"), contact, found), "contact")
		del kept
		return contact_of(contact), ContactCheck(ContactVerdict(found.verdict), found.weak, text_out(found.pinned),
			text_out(found.other), text_out(found.alike), text_out(found.alike_address))

	def check_request(self, peer: Peer, text: str) -> tuple[Request, RequestCheck]:
		"""Reads a request that somebody has sent, and says whom it pays. Pay it under its key; one of the form of earlier versions
		has none."""
		given, kept = peer_in(peer)
		request, found = structure("uncia_request"), structure("uncia_request_check")
		self._driver.check(lib.uncia_request_check(self._driver.wallet, given, text_in(text, "request"), request, found), "request")
		del kept
		return request_of(request, text), RequestCheck(RequestVerdict(found.verdict), found.weak, found.ended, found.taken,
			id_out(ffi.addressof(found, "id")) if found.taken else None, text_out(found.pinned), text_out(found.payee))

	def check_notice(self, peer: Peer, notice: str, *, memo: str | None = None, asked: bool = False) -> NoticeCheck:
		"""Checks whether a notice, or a payment's id, is true. memo: where it came beside the notice; asked: the user wants to
		know it of somebody who is not pinned, so that validators may be asked. PAID is told once, for ever."""
		driver = self._driver
		given, kept = peer_in(peer)
		query, result, number = structure("uncia_notice_query"), structure("uncia_notice_result"), driver.new_number()
		kept += [ffi.new("char[]", text_in(notice, "notice")), optional_text_in(memo, "memo"), ffi.new("uint8_t[]", number.to_bytes(8))]
		query.peer, query.notice, query.memo, query.asked = given, kept[-3], kept[-2], asked
		query.tag, query.tag_size = kept[-1], 8
		driver.check(lib.uncia_wallet_notice_check(driver.wallet, query, result), "notice")
		return NoticeCheck(driver, number, NoticeResult.of(result))

	def acknowledge(self, identity: str) -> None:
		"""A notice that was PAID has been shown: from now on it is AGAIN."""
		self._driver.check(lib.uncia_notice_acknowledge(self._driver.wallet, id_in(identity)), f"notice of {identity}")

	def restored(self) -> None:
		"""The home has come back from a backup: all that was paid up to the balance that was proved last counts as told.
		UnreachableError: too few validators have answered for that; await balance() and call it again."""
		self._driver.check(lib.uncia_notice_restored(self._driver.wallet), "notices")


def peer_in(peer: Peer) -> tuple[Any, list[Any]]:
	"""A struct uncia_peer, and what has to live as long."""
	made = structure("uncia_peer")
	kept = [optional_text_in(text, name) for text, name in ((peer.own, "own"), (peer.handle, "handle"), (peer.login, "login"),
		(peer.account, "account"))]
	made.own, made.handle, made.login, made.account = kept
	made.room = peer.room
	return made, kept


def pin_of(given: Any) -> Pin:
	return Pin(text_out(given.own), text_out(given.handle), text_out(given.login), text_out(given.address), given.compared,
		given.weak, given.made_ms)
