"""The texts that travel in chats, and those that people type: found, read, written. None of it needs a wallet."""
from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from . import _constants as constants
from ._calls import (NULL, amount_of, bytes_out, check, id_in, id_out, micro_of, network_id_in, structure, text_in,
	text_out)
from ._constants import ErrorCode, TextKind
from ._declarations import ffi
from ._library import lib
from .errors import error_of


@dataclass(frozen=True)
class Found:
	"""A text that stands in a message. error: OK where it is whole; else nothing of it is to be used. It is
	message[begin:end]; text: the text alone, as the functions that read it take it."""

	kind: TextKind
	error: ErrorCode
	begin: int
	end: int
	text: str | None


@dataclass(frozen=True)
class Scan:
	"""What stands in a message, in its order. more: there are more than were looked at."""

	texts: tuple[Found, ...]
	more: bool


@dataclass(frozen=True)
class Request:
	"""Somebody's wish to be paid. It says nothing about who wrote it: payee and amount are shown before it is paid, the memo
	quoted, never as a link. checked: False in the form of earlier versions, which may have been cut; key: the idempotency key
	that it is to be paid under."""

	text: str
	address: str
	amount: Decimal | None
	currency: int
	ends_at: int
	memo: str
	lock: bytes | None
	checked: bool
	lock_key: bytes
	key: str


@dataclass(frozen=True)
class Contact:
	"""Who somebody is in a chat, and at which account he is paid, signed by the account's key. Pin it in silence only where
	handle is the sender of the message."""

	address: str
	key: bytes
	handle: str


@dataclass(frozen=True)
class Notice:
	"""A payment's id, and its memo. It proves nothing."""

	id: str
	memo: str


@dataclass(frozen=True)
class Claim:
	"""Money for whoever reads it: seed opens what the payment `opening` put there."""

	home: bytes
	opening: str
	seed: bytes = field(repr=False)


@dataclass(frozen=True)
class Address:
	"""An address taken apart: the account, and the reference, where it has one."""

	account: bytes
	reference: bytes | None


def kind_of(text: str) -> TextKind:
	"""What a text that somebody pasted begins as. Nothing is said about the rest of it."""
	return TextKind(lib.uncia_text_kind(text_in(text, "text")))


def scan(message: str, network_id: bytes | None = None) -> Scan:
	"""Finds the texts of a message, whatever else is in it. With a network id those of other networks have the error
	NETWORK. begin and end count characters of the message."""
	# A NUL would end the message for the library: what stands behind it is looked at all the same.
	given = message.replace("\0", " ").encode(errors="replace")
	found = structure("uncia_scan")
	check(lib.uncia_text_scan(given, NULL if network_id is None else network_id_in(network_id), found), "message")
	try:
		texts = []
		for number in range(found.count):
			one = found.texts[number]
			begin = len(given[:one.begin].decode())
			end = begin + len(given[one.begin:one.end].decode())
			texts.append(Found(TextKind(one.kind), ErrorCode(one.error), begin, end, text_out(one.text) if one.text else None))
		return Scan(tuple(texts), found.more)
	finally:
		lib.uncia_scan_free(found)


def request_of(given: Any, text: str) -> Request:
	"""Of a struct uncia_request."""
	return Request(text, text_out(given.address), amount_of(given.amount) if given.has_amount else None, given.currency,
		given.ends_at, text_out(given.memo), bytes_out(given.lock) if given.has_lock else None, given.checked,
		bytes_out(given.lock_key), text_out(given.key))


def request_in(address: str, amount: Decimal | str | None, memo: str, ends_at: int) -> Any:
	"""A struct uncia_request; what does not fit into its members is refused here, since nothing may be cut."""
	made = structure("uncia_request")
	copy_text(made, "address", address, ErrorCode.ADDRESS)
	copy_text(made, "memo", memo, ErrorCode.LIMIT)
	made.has_amount = amount is not None
	made.amount = 0 if amount is None else micro_of(amount)
	if not 0 <= ends_at < 1 << 32:
		raise error_of(ErrorCode.ARGUMENT, "ends_at", why="it is seconds since 1970, at most 2^32 - 1")
	made.ends_at = ends_at
	return made


def copy_text(made: Any, member: str, text: str, code: ErrorCode) -> None:
	"""Into a member that is an array; `code` where it does not fit."""
	raw, array = text_in(text, member), getattr(made, member)
	if len(raw) >= len(array):
		raise error_of(code, f"{member} of {len(raw)} bytes")
	ffi.memmove(array, raw, len(raw))


def parse_request(text: str, network_id: bytes | None = None) -> Request:
	"""Reads a request, also of the form of earlier versions."""
	made = structure("uncia_request")
	check(lib.uncia_request_parse(NULL if network_id is None else network_id_in(network_id), text_in(text, "request"), made),
		"request")
	return request_of(made, text)


def format_request(network_id: bytes, address: str, amount: Decimal | str | None = None, *, memo: str = "",
	ends_at: int = 0) -> str:
	"""Writes a request of anybody's. Each wish to be paid needs a reference of its own in the address: Wallet.request sees to
	that."""
	text = ffi.new("char[]", constants.CHAT_TEXT_SIZE)
	check(lib.uncia_request_format(network_id_in(network_id), request_in(address, amount, memo, ends_at), text), "request")
	return text_out(text)


def contact_of(given: Any) -> Contact:
	"""Of a struct uncia_contact."""
	return Contact(text_out(given.address), bytes_out(given.key), text_out(given.handle))


def parse_contact(text: str, network_id: bytes) -> Contact:
	"""Reads a contact text and verifies its signature: the account's owner has written it, for this handle."""
	made = structure("uncia_contact")
	check(lib.uncia_contact_parse(network_id_in(network_id), text_in(text, "contact"), made), "contact")
	return contact_of(made)


def contact_code(network_id: bytes, address: str, other: str) -> str:
	"""The twenty digits that the owners of two accounts see alike, to be compared by voice."""
	code = ffi.new("char[]", constants.CODE_SIZE)
	check(lib.uncia_contact_code(network_id_in(network_id), text_in(address, "address"), text_in(other, "address"), code),
		"code of two addresses")
	return text_out(code)


def parse_notice(text: str, network_id: bytes | None = None) -> Notice:
	"""Reads a notice: it names a payment to be looked for, and is no word that it is there."""
	made = structure("uncia_notice")
	check(lib.uncia_notice_parse(NULL if network_id is None else network_id_in(network_id), text_in(text, "notice"), made),
		"notice")
	return Notice(id_out(ffi.addressof(made, "id")), text_out(made.memo))


def format_notice(network_id: bytes, identity: str, memo: str = "") -> str:
	"""Writes a notice of a payment."""
	made, text = structure("uncia_notice"), ffi.new("char[]", constants.CHAT_TEXT_SIZE)
	made.id = id_in(identity)[0]
	copy_text(made, "memo", memo, ErrorCode.LIMIT)
	check(lib.uncia_notice_format(network_id_in(network_id), made, text), "notice")
	return text_out(text)


def parse_claim(text: str, network_id: bytes | None = None) -> Claim:
	"""Reads a claim. What it is worth is the ledger's to say."""
	made = structure("uncia_claim")
	try:
		check(lib.uncia_claim_parse(NULL if network_id is None else network_id_in(network_id), text_in(text, "claim"), made),
			"claim")
		return Claim(bytes_out(made.home), id_out(ffi.addressof(made, "opening")), bytes_out(made.seed))
	finally:
		ffi.memmove(made.seed, bytes(16), 16)


def parse_address(text: str) -> Address:
	"""Reads an address, of either case, with or without "uncia:" in front."""
	made = structure("uncia_address")
	check(lib.uncia_address_parse(text_in(text, "address"), made), "address")
	return Address(bytes_out(made.account), bytes_out(made.reference) if made.has_reference else None)


def format_address(address: Address) -> str:
	made, text = structure("uncia_address"), ffi.new("char[]", constants.ADDRESS_TEXT_SIZE)
	if len(address.account) != 20 or len(address.reference or bytes(8)) != 8:
		raise error_of(ErrorCode.ARGUMENT, "address", why="an account is 20 bytes, and a reference 8")
	made.account, made.has_reference = address.account, address.reference is not None
	made.reference = address.reference or bytes(8)
	lib.uncia_address_format(made, text)
	return text_out(text)


def check_memo(text: str) -> None:
	"""Raises where a payment may not have this memo."""
	check(lib.uncia_memo_check(text_in(text, "memo")), "memo")


def memo_hash(text: str) -> bytes:
	"""The hash of a memo, which the ledger carries."""
	found = ffi.new("uint8_t[32]")
	check(lib.uncia_memo_hash(text_in(text, "memo"), found), "memo")
	return bytes_out(found)


def contact_name(given: str) -> str:
	"""A name as it is stored and shown; raises, with the reason, where it can be none."""
	name, why = ffi.new("char[]", constants.CONTACT_NAME_SIZE), ffi.new("char[]", constants.WHY_SIZE)
	result = lib.uncia_contact_name(text_in(given, "name"), name, why)
	check(result, "name", text_out(why))
	return text_out(name)


def examine_words(words: str) -> tuple[bool, int, int]:
	"""Whether these are recovery words; how many there are; the number, from 1, of the first that is not in the list, 0 where
	all are. So it can be told what is wrong without showing any of them."""
	count, unknown = ffi.new("unsigned *"), ffi.new("unsigned *")
	result = lib.uncia_words_examine(text_in(words, "recovery words"), count, unknown)
	if result not in (0, ErrorCode.WORDS):
		check(result, "recovery words")
	return result == 0, int(count[0]), int(unknown[0])


def words_address(words: str) -> str:
	"""The address of the account that recovery words are of."""
	text = ffi.new("char[]", constants.ADDRESS_TEXT_SIZE)
	check(lib.uncia_words_address(text_in(words, "recovery words"), text), "recovery words")
	return text_out(text)
