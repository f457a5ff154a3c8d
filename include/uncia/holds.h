/* Holds: what is under a claim or another key, what is left of it, taking it, and sending it home after its end.
 * Included by uncia.h, whose rules hold here, too. A hold is named by the receipt of the payment that opened it, and
 * its number there. Spec: ledger.md 3.7, wallet.md 7.12.
 *
 * What is left after its end of a hold that a payment of this home has opened, the wallet sends home by itself: as soon
 * as it is open with its network, also while it is locked. UNCIA_EVENT_PAYMENT tells of it, of a payment whose sender
 * is the hold. */
#ifndef UNCIA_HOLDS_H
#define UNCIA_HOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uncia/error.h>
#include <uncia/text.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uncia_network;
struct uncia_output;
struct uncia_payment_id;
struct uncia_receipt;
struct uncia_wallet;

/* ---- locks ------------------------------------------------------------------------------------------------------ */

/* The public key of this wallet's account, under which others may put a hold for it.
 * Returns: 0; UNCIA_E_LOCKED while the wallet is locked, as uncia_wallet_address; UNCIA_E_NESTED; UNCIA_E_ARGUMENT.
 * Out: key, 32 bytes.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_key(const struct uncia_wallet *wallet, uint8_t key[32]);

/* The lock of a hold that asks for a key and a secret: whoever takes it signs by the key and publishes the secret. A
 * lock is for one hold.
 * Returns: 0; UNCIA_E_SIGNATURE for a key that nobody can sign by; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * In: key, 32 bytes, whose owner takes; secret_hash: the SHA-256 of the 32 bytes of the secret, or NULL for none.
 * Out: lock, 32 bytes.
 * Threads: any.
 * Spec: ledger.md 3.7. */
UNCIA_API UNCIA_MUST_CHECK int uncia_hold_lock(const uint8_t key[32], const uint8_t *secret_hash, uint8_t lock[32]);

/* The key of a hold. */
struct uncia_hold_key {
	size_t size;
	bool own; /* it is the account's own key: `account`, as uncia_wallet_key gives it. `seed` is not read */
	uint8_t account[32];
	uint8_t seed[16];      /* of a claim (uncia_claim). The caller wipes it */
	const uint8_t *secret; /* 32 bytes that the lock asks for as well, or NULL. A take publishes them */
};

/* Which of the holds that a payment opened is under this key.
 * Returns: 0; UNCIA_E_NOT_FOUND where none is; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * In: key->size is set. Out: *number, of the first.
 * Threads: any. */
UNCIA_API UNCIA_MUST_CHECK int uncia_receipt_find_hold(const struct uncia_network *network,
                                                       const struct uncia_receipt *receipt,
                                                       const struct uncia_hold_key *key, uint32_t *number);

/* ---- what it has ------------------------------------------------------------------------------------------------ */

/* Asks the network what a hold has now, and, where that is not all that it was opened with, where the rest has gone.
 * Ends in UNCIA_EVENT_HOLD. One at a time: a second call before that replaces the first.
 * Returns: 0; UNCIA_E_NETWORK; UNCIA_E_BUSY; UNCIA_E_NESTED; UNCIA_E_ARGUMENT.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_hold(struct uncia_wallet *wallet, const struct uncia_receipt *receipt,
                                                 uint32_t number);

/* What a hold has, as the last question found out. */
struct uncia_hold_state {
	size_t size;
	char id[UNCIA_ADDRESS_TEXT_SIZE]; /* as in struct uncia_hold */
	bool exists;                      /* false: all of it was taken or given back */
	uint64_t balance;                 /* micro-units */
	uint32_t payments;                /* that touched it: 1, its opening; each take counts one more */
	uint64_t height;                  /* as of this final height; where it does not exist, or of a later one */
	uint32_t left_count;              /* payments that took from it or sent it home, whose receipts are here */
	bool complete;                    /* these are all of them, as is proved: they sum to what it lacks */
	uint64_t time_ms;                 /* by the ledger, at this moment, in ms since 1970: whether its end has
	                                   * passed. 0 where no header was verified */
};

/* Returns: 0; UNCIA_E_NOT_FOUND where nothing was found out; UNCIA_E_NESTED; UNCIA_E_ARGUMENT.
 * In: state->size is set.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_hold_state(const struct uncia_wallet *wallet,
                                                       struct uncia_hold_state *state);

/* One of the payments that took from it or sent it home, 0 the newest; NULL past the end. What is timed at the hold's
 * end, or later, sent it home; before, somebody took.
 * Owns: the wallet. Valid until the next uncia_wallet_hold, or until the wallet is closed.
 * Threads: as uncia_wallet_open. */
UNCIA_API const struct uncia_receipt *uncia_wallet_hold_receipt(const struct uncia_wallet *wallet, uint32_t number);

/* ---- taking it, and sending it home ----------------------------------------------------------------------------- */

/* A payment from a hold. */
struct uncia_take {
	size_t size;
	const struct uncia_receipt *receipt; /* of the payment that opened it */
	uint32_t number;
	struct uncia_hold_key key;
	const struct uncia_output *outputs; /* all of what it has, or a part that leaves at least the smallest amount */
	uint32_t output_count;              /* 1..255 */
	uint64_t agreed; /* with a secret, > 0: so much it must have, as uncia_wallet_hold has proved. To show a secret
	                  * is to consent to the whole */
	const char *payment_key; /* the caller's idempotency key, 1..256 bytes, or NULL: of this hold, in this home, the
	                          * same key is the same take, for ever */
};

/* Pays from a hold before its end. As with uncia_wallet_pay it is stored durably before a byte of it leaves, is sent
 * until it has its end, by whoever opens this home, and is one of the outbox' payments; it takes nothing out of this
 * account. Nothing is anybody's before it is FINAL.
 * Returns: 0; refused, nothing stored, nothing sent: UNCIA_E_SIGNATURE where the key is not the hold's; UNCIA_E_END
 *	where too little time is left: 5 s, or 600 where it shows a secret; UNCIA_E_ADDRESS and UNCIA_E_AMOUNT of an
 *	output; UNCIA_E_FUNDS where the hold is known to have less, or less than `agreed`; UNCIA_E_DUST;
 *	UNCIA_E_KEY_REUSED; UNCIA_E_UNREACHABLE where no sync has ended in the last 30 s, or, with a secret, what the
 *	hold has is not known; UNCIA_E_LOCKED for the account's own key while the wallet is locked; UNCIA_E_NETWORK;
 *	UNCIA_E_BUSY; UNCIA_E_NESTED; UNCIA_E_IO and UNCIA_E_DAMAGED as uncia_wallet_pay; UNCIA_E_RANDOM;
 *	UNCIA_E_MEMORY; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * In: take->size and take->key.size are set. All of it is copied. Out: *id.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.12. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_take(struct uncia_wallet *wallet, const struct uncia_take *take,
                                                 struct uncia_payment_id *id);

/* Sends a hold home after its end, whoever asks for it, and follows it to its end; it is not stored, since everybody
 * makes the same bytes. What the hold has must be known of late: uncia_wallet_hold comes first.
 * Returns: 0; UNCIA_E_END where its end is not reached; UNCIA_E_NOT_FOUND where nothing is left; UNCIA_E_UNREACHABLE
 *	where that is not known; UNCIA_E_FULL; UNCIA_E_NETWORK; UNCIA_E_BUSY; UNCIA_E_NESTED; UNCIA_E_MEMORY;
 *	UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * Out: *id.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_give_back(struct uncia_wallet *wallet, const struct uncia_receipt *receipt,
                                                      uint32_t number, struct uncia_payment_id *id);

/* How many holds of this home's payments have ended and are being brought home at this moment: a program that ends soon
 * may wait until this is 0. Those that cannot be, because no validator answers, are not among them: they are tried
 * again after 30 s. 0 for NULL.
 * Threads: as uncia_wallet_open. */
UNCIA_API uint32_t uncia_wallet_coming_home(const struct uncia_wallet *wallet);

#ifdef __cplusplus
}
#endif
#endif
