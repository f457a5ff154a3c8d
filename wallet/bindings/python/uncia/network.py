"""The network file, and receipts and expiries that are verified with it, offline."""
from __future__ import annotations

import os
from decimal import Decimal
from typing import Any

from ._calls import amount_of, bytes_out, check, path_in, structure, text_in, text_out
from ._constants import WHY_SIZE
from ._declarations import ffi
from ._library import lib
from .errors import error_of
from .values import Expiry, Payment, Receipt, outputs_of


class Network:
	"""Whom a wallet believes, and where they are. May be used by several threads and wallets at once."""

	def __init__(self, pointer: Any) -> None:
		"""For load and parse."""
		self.pointer = ffi.gc(pointer, lib.uncia_network_free)

	@classmethod
	def load(cls, path: str | os.PathLike[str]) -> Network:
		"""Reads a network file and checks it against itself."""
		return cls._made(lib.uncia_network_load, ffi.new("char[]", path_in(path)), os.fspath(path))

	@classmethod
	def parse(cls, text: str) -> Network:
		"""The same of the file's text."""
		return cls._made(lib.uncia_network_parse, ffi.new("char[]", text_in(text, "network file")), "network file")

	@classmethod
	def _made(cls, function: Any, given: Any, what: str) -> Network:
		made, why = ffi.new("struct uncia_network **"), ffi.new("char[]", WHY_SIZE)
		result = function(given, made, why)
		if result:
			raise error_of(result, what, why=text_out(why))
		return cls(made[0])

	@property
	def name(self) -> str:
		return text_out(lib.uncia_network_name(self.pointer))

	@property
	def currency(self) -> str:
		"""Its currency's code, such as "LIB"."""
		return text_out(lib.uncia_network_currency(self.pointer))

	@property
	def id(self) -> bytes:
		"""32 bytes: the hash of its genesis."""
		found = ffi.new("uint8_t[32]")
		lib.uncia_network_id(self.pointer, found)
		return bytes_out(found)

	@property
	def smallest_amount(self) -> Decimal:
		return amount_of(lib.uncia_network_smallest_amount(self.pointer))

	@property
	def validators(self) -> tuple[tuple[str, int], ...]:
		"""Host and port of each that the file names."""
		host, port = ffi.new("const char **"), ffi.new("uint16_t *")
		found = []
		for number in range(lib.uncia_network_validators(self.pointer)):
			check(lib.uncia_network_validator(self.pointer, number, host, port), "network")
			found.append((text_out(host[0]), int(port[0])))
		return tuple(found)

	def verify_receipt(self, text: str) -> Receipt:
		"""What a receipt proves; raises VerificationError where it proves nothing here."""
		return Receipt.of(self.receipt_in(text))

	def receipt_in(self, text: str) -> Any:
		"""A struct uncia_receipt, verified; for this package."""
		receipt = ffi.new("struct uncia_receipt **")
		check(lib.uncia_receipt_verify(self.pointer, text_in(text, "receipt"), receipt), "receipt")
		return ffi.gc(receipt[0], lib.uncia_receipt_free)

	def verify_expiry(self, text: str) -> Expiry:
		"""What an expiry proves; raises VerificationError where it proves nothing here."""
		made, payment = ffi.new("struct uncia_expiry **"), structure("uncia_payment")
		check(lib.uncia_expiry_verify(self.pointer, text_in(text, "expiry"), made), "expiry")
		expiry = ffi.gc(made[0], lib.uncia_expiry_free)
		check(lib.uncia_expiry_payment(expiry, payment), "expiry")
		outputs = outputs_of(lambda number, address, amount: lib.uncia_expiry_output(expiry, number, address, amount),
			payment.output_count)
		return Expiry(text, Payment.of(payment), outputs)
