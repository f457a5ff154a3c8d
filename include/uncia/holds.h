/* Holds: what is under a claim or another key, what is left of it, taking it, and sending it home after its end.
 * Included by uncia.h, whose rules hold here, too. A hold is named by the receipt of the payment that opened it, and
 * its number there. Spec: ledger.md 3.7, wallet.md 7.11. */
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

/* The key of a hold. */
struct uncia_hold_key {
	size_t size;
	uint8_t seed[16];      /* of a claim (uncia_claim), or of one's own making. The caller wipes it */
	const uint8_t *secret; /* 32 bytes that the lock asks for as well, or NULL. A take publishes them */
};

/* Which of the holds that a payment opened is under this key.
 * Returns: 0; UNCIA_E_NOT_FOUND where none is; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * In: key->size is set. Out: *number.
 * Threads: any. */
UNCIA_API UNCIA_MUST_CHECK int uncia_receipt_find_hold(const struct uncia_network *network,
                                                       const struct uncia_receipt *receipt,
                                                       const struct uncia_hold_key *key, uint32_t *number);

/* Asks the network what a hold has now. Ends in UNCIA_EVENT_HOLD. One at a time: a second call before that replaces the
 * first.
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
	uint64_t end;                     /* seconds since 1970, UTC */
	uint64_t height;                  /* as of this final height */
};

/* Returns: 0; UNCIA_E_NOT_FOUND where nothing was found out; UNCIA_E_NESTED; UNCIA_E_ARGUMENT.
 * In: state->size is set.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_hold_state(const struct uncia_wallet *wallet,
                                                       struct uncia_hold_state *state);

/* A payment from a hold. */
struct uncia_take {
	size_t size;
	const struct uncia_receipt *receipt; /* of the payment that opened it */
	uint32_t number;
	struct uncia_hold_key key;
	const struct uncia_output *outputs; /* all of what it has, or a part that leaves at least the smallest amount */
	uint32_t output_count;              /* 1..255 */
};

/* Pays from a hold before its end. It is sent until it has its end, which UNCIA_EVENT_PAYMENT tells, while this wallet
 *is open; it is not stored: after a restart uncia_wallet_hold says what is left. Returns: 0; UNCIA_E_SIGNATURE where
 *the key is not the hold's; UNCIA_E_END where too little time is left: 5 s, or 600 where it shows a secret;
 *UNCIA_E_ADDRESS and UNCIA_E_AMOUNT of an output; UNCIA_E_UNREACHABLE where no sync has ended in the last 30 s;
 *UNCIA_E_FULL; UNCIA_E_NETWORK; UNCIA_E_BUSY; UNCIA_E_NESTED; UNCIA_E_RANDOM; UNCIA_E_MEMORY; UNCIA_E_LIBRARY;
 *UNCIA_E_ARGUMENT. In: take->size and take->key.size are set. Out: *id. Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_take(struct uncia_wallet *wallet, const struct uncia_take *take,
                                                 struct uncia_payment_id *id);

/* Sends a hold home after its end, whoever asks for it, as uncia_wallet_take. What it has must be known of late:
 * uncia_wallet_hold comes first.
 * Returns: 0; UNCIA_E_END where its end is not reached; UNCIA_E_NOT_FOUND where nothing is left; UNCIA_E_UNREACHABLE
 *	where that is not known, or no sync has ended in the last 30 s; UNCIA_E_FULL; UNCIA_E_NETWORK; UNCIA_E_BUSY;
 *	UNCIA_E_NESTED; UNCIA_E_MEMORY; UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT.
 * Out: *id.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_give_back(struct uncia_wallet *wallet, const struct uncia_receipt *receipt,
                                                      uint32_t number, struct uncia_payment_id *id);

#ifdef __cplusplus
}
#endif
#endif
