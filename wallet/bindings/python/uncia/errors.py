"""What the library answers, as exceptions: each with its code, what failed, and what to do about it."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ._constants import ErrorCode
from ._declarations import ffi
from ._library import LibraryError, lib

if TYPE_CHECKING:
	from .values import Payment

__all__ = ["ErrorCode", "LibraryError", "UnciaError", "UsageError", "RefusedError", "NotFoundError", "ExpiredError",
	"UnreachableError", "VerificationError", "KeyClosedError", "StorageError", "BusyError", "WalletClosedError", "error_of"]


class UnciaError(Exception):
	"""Something that the library did not do. code: its number; what: what failed, for people; what_to_do: what to do about it;
	exit_code: that of the command `uncia` for the same. payment: the payment that it is about, where there is one: it is
	stored, and goes on."""

	exit_code = 1

	def __init__(self, code: int, what: str, *, why: str = "", payment: Payment | None = None) -> None:
		self.code = ErrorCode(code)
		self.what = what
		self.reason = why or str(ffi.string(lib.uncia_error_text(code)).decode())
		self.what_to_do = WHAT_TO_DO.get(self.code.name, "")
		self.payment = payment
		super().__init__(code, what)

	def __str__(self) -> str:
		return f"{self.what}: {self.reason}" + (f". {self.what_to_do}" if self.what_to_do else "")


class UsageError(UnciaError):
	"""The input is wrong; nothing was done."""

	exit_code = 2


class RefusedError(UnciaError):
	"""It is not allowed; nothing was sent."""

	exit_code = 5


class NotFoundError(UnciaError):
	"""There is nothing by that name or id."""

	exit_code = 4


class ExpiredError(UnciaError):
	"""It never happened and never will. payment: which."""

	exit_code = 8


class UnreachableError(UnciaError):
	"""Too few validators answered. Nothing is known to have failed."""

	exit_code = 6


class VerificationError(UnciaError):
	"""What was to be verified does not hold."""

	exit_code = 7


class KeyClosedError(UnciaError):
	"""The wallet is locked, or the passphrase does not open it."""


class StorageError(UnciaError):
	"""The home cannot be read or written, or is damaged."""


class BusyError(UnciaError):
	"""Somebody else is at it, or there is no room now: later."""


class WalletClosedError(UnciaError):
	"""The wallet was closed, or was never opened. What was stored goes on at the next opening."""

	def __init__(self, what: str = "wallet") -> None:
		super().__init__(ErrorCode.ARGUMENT, what, why="it is not open")
		self.what_to_do = "Open it: async with uncia.Wallet(home, network) as wallet"


# By the names of the codes: one that the headers do not have yet does no harm.
WHAT_TO_DO = {
	"ARGUMENT": "Look at what was given",
	"ADDRESS": "Ask for the address again: copy it whole",
	"AMOUNT": "Give digits, with at most six behind one point, and no less than the network's smallest amount",
	"FUNDS": "Nothing was sent: pay less, or wait until what is on its way has come",
	"PASSPHRASE": "Ask for the passphrase again",
	"NOT_FOUND": "Look at the name or id; a home without a key is made by uncia.create or uncia.restore",
	"EXPIRED": "It never happened: to pay all the same, decide anew and use a new key",
	"KEY_REUSED": "Nothing was sent: this key has paid something else; use a new key for a new payment",
	"WORDS": "Have the words typed again: uncia.examine_words says which one is wrong",
	"EXISTS": "There is one already: use that one, or replace it on purpose",
	"NETWORK": "Use the network file, or the home, of the same network",
	"CONFIG": "Get the network file again where you got the application",
	"PERMISSION": "Give the file or folder to this user, and to no others (chmod go-rwx)",
	"VERSION": "Use the program of the network's version, or a network of this program's",
	"TOO_FAR": "Give an expiry of at most an hour",
	"LOCK_USED": "Nothing was sent: have the payee make a new lock, for this payment alone",
	"DUST": "Nothing was sent: pay all there is, or leave at least the network's smallest amount",
	"ALIKE": "Show both names to the user, and pin the one that is meant",
	"NESTED": "Call it when the other call has returned",
	"END": "Look at the end of the hold",
	"ENCODING": "Ask for the text again: whoever made it made it wrong, or it is something else",
	"SIGNATURE": "Believe nothing of it",
	"PROOF": "Believe nothing of it; where validators answered so, look at the network file",
	"PROTOCOL": "Try again: the validator at the other end did not keep to the protocol",
	"CLOSED": "Try again",
	"SECOND_CHAIN": "Stop paying, keep the home as it is, and tell whoever runs the network",
	"CHANGED": "Ask for the text again: it was changed or cut on its way",
	"NEWER": "Use a newer version of this program",
	"LIMIT": "Make it shorter",
	"FULL": "Try again later",
	"MEMORY": "Free memory, and ask again: with the same key, where it was a payment",
	"IO": "Make room on the disk, or mend it, and call again: with the same key, where it was a payment",
	"DAMAGED": "Keep the home as it is, and restore the wallet from its words into a new one",
	"RANDOM": "The system gives no random numbers: mend that first",
	"LIBRARY": "Install the libsodium that the system had before, or a newer one",
	"BUSY": "Try again: another process is at it at this moment",
	"UNREACHABLE": "Look at the connection, and try again: with the same key, where it was a payment",
	"BEHIND": "Call catch_up, and pay again with the same key",
	"SYSTEM": "This system has no such thing: use a loop on Linux, macOS or a BSD",
	"LOCKED": "Unlock the wallet first: await wallet.unlock(passphrase)",
}
KINDS: dict[type[UnciaError], str] = {
	UsageError: "ARGUMENT ADDRESS AMOUNT WORDS NETWORK CONFIG VERSION TOO_FAR LIMIT NESTED",
	RefusedError: "FUNDS DUST KEY_REUSED LOCK_USED EXISTS ALIKE END",
	NotFoundError: "NOT_FOUND",
	ExpiredError: "EXPIRED",
	UnreachableError: "UNREACHABLE BEHIND",
	VerificationError: "ENCODING SIGNATURE PROOF SECOND_CHAIN CHANGED NEWER",
	KeyClosedError: "PASSPHRASE LOCKED",
	StorageError: "IO DAMAGED PERMISSION",
	BusyError: "BUSY FULL",
}
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names.split()}


def error_of(code: int, what: str, *, why: str = "", payment: Payment | None = None) -> UnciaError:
	"""The exception for a code of the library."""
	return KIND_OF.get(ErrorCode(code).name, UnciaError)(code, what, why=why, payment=payment)
