"""What goes into the library and comes out of it: text, ids, amounts, buffers."""
from __future__ import annotations

import os
from decimal import Decimal
from typing import Any, Callable

from . import _constants as constants
from ._constants import ErrorCode
from ._declarations import ffi
from ._library import lib
from .errors import error_of

NULL = ffi.NULL


def check(result: int, what: str, why: str = "") -> int:
	"""Raises where the library has answered an error."""
	if result < 0:
		raise error_of(result, what, why=why)
	return result


def text_in(value: str, what: str) -> bytes:
	"""Text as the library takes it. A NUL would end it there: two texts could be one, so there may be none."""
	if not isinstance(value, str):
		raise TypeError(f"{what}: expected a str, not {type(value).__name__}")
	if "\0" in value:
		raise error_of(ErrorCode.ARGUMENT, what, why="a text holds no NUL")
	try:
		return value.encode()
	except UnicodeEncodeError:
		raise error_of(ErrorCode.ARGUMENT, what, why="it is not Unicode: it holds half of a surrogate pair") from None


def optional_text_in(value: str | None, what: str) -> Any:
	return NULL if value is None else ffi.new("char[]", text_in(value, what))


def path_in(path: str | os.PathLike[str]) -> bytes:
	name = os.fsencode(path)
	if b"\0" in name or not name:
		raise error_of(ErrorCode.ARGUMENT, "path", why="a path is not empty and holds no NUL")
	return name


def text_out(chars: Any) -> str:
	return str(ffi.string(chars).decode(errors="replace"))


def text_owned(chars: Any) -> str:
	"""Text that the library gave, which is freed."""
	try:
		return text_out(chars)
	finally:
		lib.uncia_text_free(chars)


def structure(name: str, end: Callable[[Any], object] | None = None) -> Any:
	"""An empty structure with its size set, as large as the library has it: a newer one's may have more at its end. end: what
	is called with it before it is freed. (Never ffi.gc on top of one: the collector may free the lower one first.)"""
	made = lib.uncia_struct_new(name.encode(), 1)
	if made == NULL:
		raise MemoryError(f"struct {name}")

	def free(given: Any) -> None:
		if end:
			end(given)
		lib.uncia_struct_free(given)

	return ffi.gc(ffi.cast(f"struct {name} *", made), free if end else lib.uncia_struct_free)


class Secret:
	"""A buffer that is wiped when it goes out of use."""

	def __init__(self, size: int, value: bytes = b"") -> None:
		self.chars = ffi.new("char[]", max(size, len(value) + 1))
		ffi.memmove(self.chars, value, len(value))

	def __enter__(self) -> Any:
		return self.chars

	def __exit__(self, *_: object) -> None:
		self.wipe()

	def wipe(self) -> None:
		ffi.memmove(self.chars, bytes(len(self.chars)), len(self.chars))


def micro_of(amount: Decimal | str, what: str = "amount") -> int:
	"""Micro-units of an amount. Neither int, which could be either, nor float, which has no exact decimals."""
	if isinstance(amount, Decimal):
		amount = format(amount, "f")
	if not isinstance(amount, str):
		raise TypeError(f"{what}: expected a Decimal or text such as \"0.50\", not {type(amount).__name__}")
	micro = ffi.new("uint64_t *")
	check(lib.uncia_amount_parse(text_in(amount, what), micro), f"{what} {amount!r}")
	return int(micro[0])


def amount_of(micro: int) -> Decimal:
	"""An amount of micro-units, exact whatever the decimal context of the caller is."""
	text = ffi.new("char[]", constants.AMOUNT_TEXT_SIZE)
	lib.uncia_amount_format(micro, text)
	return Decimal(text_out(text))


def id_in(identity: str) -> Any:
	parsed = ffi.new("struct uncia_payment_id *")
	check(lib.uncia_payment_id_parse(text_in(identity, "payment id"), parsed), f"payment id {identity!r}")
	return parsed


def id_out(identity: Any) -> str:
	"""Of a pointer to it."""
	text = ffi.new("char[]", constants.ID_TEXT_SIZE)
	lib.uncia_payment_id_format(identity, text)
	return text_out(text)


def network_id_in(network_id: bytes) -> Any:
	if not isinstance(network_id, bytes) or len(network_id) != 32:
		raise error_of(ErrorCode.ARGUMENT, "network id", why="it is 32 bytes")
	return ffi.new("uint8_t[32]", network_id)


def bytes_out(array: Any) -> bytes:
	return bytes(ffi.buffer(array))
