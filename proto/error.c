/* The sentences of the error codes. */
#include "uncia/error.h"

static const char *machine_error_text(int error);

const char *uncia_error_text(int error)
{
	switch (error) {
	case UNCIA_OK:
		return "done";
	case UNCIA_E_ARGUMENT:
		return "a parameter is out of its range";
	case UNCIA_E_ADDRESS:
		return "not a valid address: mistyped, changed on the way, or of another kind";
	case UNCIA_E_AMOUNT:
		return "not a valid amount: digits with at most 6 decimals, above zero";
	case UNCIA_E_FUNDS:
		return "more than the balance";
	case UNCIA_E_PASSPHRASE:
		return "the passphrase is wrong, or the wallet is locked";
	case UNCIA_E_NOT_FOUND:
		return "not found";
	case UNCIA_E_EXPIRED:
		return "expired: it did not happen and never will";
	case UNCIA_E_KEY_REUSED:
		return "this key already stands for a different payment";
	case UNCIA_E_WORDS:
		return "not valid recovery words: check the spelling and the order";
	case UNCIA_E_EXISTS:
		return "it exists already";
	case UNCIA_E_NETWORK:
		return "made for another network";
	case UNCIA_E_CONFIG:
		return "the configuration is wrong";
	case UNCIA_E_PERMISSION:
		return "a secret file has the wrong permissions";
	case UNCIA_E_TOO_FAR:
		return "expires more than an hour ahead";
	case UNCIA_E_DUST:
		return "leaves less than the smallest amount behind: pay all, or leave at least that much";
	case UNCIA_E_NESTED:
		return "called from within another call of this wallet";
	case UNCIA_E_ALIKE:
		return "looks like another one that is there already";
	case UNCIA_E_END:
		return "the end of the hold is too near, too far, past, or not reached yet";
	case UNCIA_E_LOCK_USED:
		return "a lock is for one hold, and there was one under this lock before";
	case UNCIA_E_VERSION:
		return "of another version of the rules than this program knows";
	case UNCIA_E_ENCODING:
		return "not canonical bytes";
	case UNCIA_E_SIGNATURE:
		return "a signature or key does not verify";
	case UNCIA_E_PROOF:
		return "the proof does not hold";
	case UNCIA_E_PROTOCOL:
		return "a message out of place";
	case UNCIA_E_SECOND_CHAIN:
		return "what the network proves now contradicts what it has proved before: there are two chains";
	case UNCIA_E_CLOSED:
		return "the link was closed";
	case UNCIA_E_CHANGED:
		return "changed on the way, or cut: ask for it again";
	case UNCIA_E_NEWER:
		return "made by a newer program: this one cannot read it";
	case UNCIA_E_LIMIT:
		return "larger than the protocol allows";
	case UNCIA_E_FULL:
		return "no room now: try again later";
	}
	return machine_error_text(error);
}

/* Errors that are nobody's fault: this machine's, and the network's. */
static const char *machine_error_text(int error)
{
	switch (error) {
	case UNCIA_E_MEMORY:
		return "out of memory";
	case UNCIA_E_IO:
		return "reading or writing failed";
	case UNCIA_E_DAMAGED:
		return "stored data is damaged";
	case UNCIA_E_RANDOM:
		return "no source of randomness";
	case UNCIA_E_LIBRARY:
		return "this libsodium judges signatures otherwise than the protocol";
	case UNCIA_E_BUSY:
		return "in use by another process";
	case UNCIA_E_UNREACHABLE:
		return "no validator could be reached";
	case UNCIA_E_BEHIND:
		return "the account may have made payments that this wallet does not know yet";
	case UNCIA_E_SYSTEM:
		return "this system has no such thing";
	case UNCIA_E_LOCKED:
		return "the wallet is locked";
	}
	return "unknown error";
}
