"""A wallet for the Uncia network: libuncia for Python, on asyncio.

	async with uncia.Wallet("/home/me/.uncia", "network.conf") as wallet:
		await wallet.unlock(passphrase)
		await wallet.pay("unc1…", "0.50", key="message 12")

Amounts are Decimal, or text such as "0.50"; ids are 64 hexadecimal digits; errors are UnciaError, with a code and what to
do. Strings of Python cannot be wiped: passphrases and words stay in memory until their place is used again."""
from ._constants import (ContactVerdict, Direction, ErrorCode, NoticeVerdict, PaymentState, PendingReason, RequestVerdict,
	TextKind)
from ._constants import VERSION as __version__
from .errors import (BusyError, ExpiredError, KeyClosedError, LibraryError, NotFoundError, RefusedError, StorageError,
	UnciaError, UnreachableError, UsageError, VerificationError, WalletClosedError)
from .holds import FoundHold, HoldRequest, HoldState, OwnHold, OwnHolds, hold_lock
from .home import create, make_words, restore
from .network import Network
from .people import (ContactCheck, NoticeCheck, NoticeResult, Peer, People, Pin, RequestCheck, handle_irc, handle_xmpp)
from .texts import (Address, Claim, Contact, Found, Notice, Request, Scan, check_memo, contact_code, contact_name,
	examine_words, format_address, format_notice, format_request, kind_of, memo_hash, parse_address, parse_claim,
	parse_contact, parse_notice, parse_request, scan, words_address)
from .values import Balance, Entry, Expiry, Hold, Output, Page, Part, Payment, Receipt
from .wallet import Wallet
from .watch import Incoming, Watch

__all__ = ["Address", "Balance", "BusyError", "Claim", "Contact", "ContactCheck", "ContactVerdict", "Direction", "Entry",
	"ErrorCode", "ExpiredError", "Expiry", "Found", "FoundHold", "Hold", "HoldRequest", "HoldState", "Incoming",
	"KeyClosedError", "LibraryError", "Network", "NotFoundError", "Notice", "NoticeCheck", "NoticeResult",
	"NoticeVerdict", "Output", "OwnHold", "OwnHolds", "Page", "Part", "Payment", "PaymentState", "Peer", "PendingReason",
	"People", "Pin", "Receipt", "RefusedError", "Request", "RequestCheck", "RequestVerdict", "Scan", "StorageError",
	"TextKind", "UnciaError", "UnreachableError", "UsageError", "VerificationError", "Wallet", "WalletClosedError",
	"Watch", "__version__", "check_memo", "contact_code", "contact_name", "create", "examine_words", "format_address",
	"format_notice", "format_request", "handle_irc", "handle_xmpp", "hold_lock", "kind_of", "make_words", "memo_hash",
	"parse_address", "parse_claim", "parse_contact", "parse_notice", "parse_request", "restore", "scan", "words_address"]
