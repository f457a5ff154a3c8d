/* Error codes of libuncia and of the node, grouped by who is at fault. Functions return 0 or one of
 * these; what each means is said here once. */
#ifndef UNCIA_ERROR_H
#define UNCIA_ERROR_H

/* Marks what the shared library shows; everything else in it is hidden. */
#if defined(__GNUC__) || defined(__clang__)
#define UNCIA_API __attribute__((visibility("default")))
#else
#define UNCIA_API
#endif

/* Marks results that must not be ignored; compilers that can say so warn. */
#if defined(__GNUC__) || defined(__clang__)
#define UNCIA_MUST_CHECK __attribute__((warn_unused_result))
#else
#define UNCIA_MUST_CHECK
#endif

/* What a host's `create` or `replace` may answer (uncia.h): accepted, and durable later. No error, and no number of the
 * wire. */
#define UNCIA_LATER 1

#ifdef __cplusplus
extern "C" {
#endif

/* What a function answers: 0, or what went wrong, by whose fault. The numbers never change: they go over the wire. */
enum uncia_error {
	UNCIA_OK = 0,

	/* The caller: the input is wrong, nothing was done. */
	UNCIA_E_ARGUMENT = -101,   /* a parameter is out of its range */
	UNCIA_E_ADDRESS = -102,    /* not an address: mistyped, changed on the way, or of another kind */
	UNCIA_E_AMOUNT = -103,     /* not an amount: letters, sign, zero, over 6 decimals, too large */
	UNCIA_E_FUNDS = -104,      /* more than can be spent */
	UNCIA_E_PASSPHRASE = -105, /* the passphrase does not open this key file */
	UNCIA_E_NOT_FOUND = -106,  /* nothing by that name or id */
	UNCIA_E_EXPIRED = -107,    /* past its expiry: it will never happen */
	UNCIA_E_KEY_REUSED = -108, /* the idempotency key stands for another payment */
	UNCIA_E_WORDS = -109,      /* not recovery words: unknown word, wrong count, wrong checksum */
	UNCIA_E_EXISTS = -110,     /* there is one already */
	UNCIA_E_NETWORK = -111,    /* made for another network */
	UNCIA_E_CONFIG = -112,     /* a configuration or network file is wrong */
	UNCIA_E_PERMISSION = -113, /* a secret file can be read by others, or cannot be read by us */
	UNCIA_E_TOO_FAR = -114,    /* expires more than an hour ahead */
	UNCIA_E_DUST = -115,       /* would leave something behind, but less than the network's smallest amount */
	UNCIA_E_ALIKE = -116,      /* people would take it for another one that is there already */
	UNCIA_E_NESTED = -118,     /* called by a hook of the wallet's host, during another call of this wallet */
	UNCIA_E_END = -120,        /* the end of a hold is too near, too far, past, or not reached yet */
	UNCIA_E_VERSION = -121,    /* of a network by another version of the rules than this program's */
	UNCIA_E_LOCK_USED = -122,  /* a lock is for one hold, and this one has had its */

	/* The peer, or whoever made the bytes. */
	UNCIA_E_ENCODING = -201,     /* not canonical bytes of that message */
	UNCIA_E_SIGNATURE = -202,    /* a signature or key does not verify */
	UNCIA_E_PROOF = -203,        /* a receipt, proof or certificate does not hold */
	UNCIA_E_PROTOCOL = -204,     /* a message out of place */
	UNCIA_E_CLOSED = -205,       /* the link ended */
	UNCIA_E_SECOND_CHAIN = -206, /* two things that are proved contradict each other: there are two chains */
	UNCIA_E_CHANGED = -207,      /* a text that was changed or cut on its way: ask for it again */
	UNCIA_E_NEWER = -208,        /* whole, but made by a newer program, in a form or with a part unknown here */

	/* A limit was reached. */
	UNCIA_E_LIMIT = -301, /* larger than docs/spec allows */
	UNCIA_E_FULL = -302,  /* no room: try again later */

	/* This machine. */
	UNCIA_E_MEMORY = -401,
	UNCIA_E_IO = -402,          /* reading, writing or syncing failed */
	UNCIA_E_DAMAGED = -403,     /* stored bytes do not match their checksum */
	UNCIA_E_RANDOM = -404,      /* no randomness */
	UNCIA_E_LIBRARY = -405,     /* libsodium decides signatures otherwise than the protocol */
	UNCIA_E_BUSY = -406,        /* in use by another process */
	UNCIA_E_UNREACHABLE = -407, /* no validator could be reached */
	UNCIA_E_BEHIND = -408,      /* the account may have made payments that this home does not know */
	UNCIA_E_SYSTEM = -409,      /* this system has no such thing */
	UNCIA_E_LOCKED = -410       /* the wallet is locked: its key has to be opened first */
};

/* A short English sentence for an error code, without a full stop; never NULL. Static text.
 * Threads: any. */
UNCIA_API const char *uncia_error_text(int error);

#ifdef __cplusplus
}
#endif
#endif
