/* Payments read back: the history of an account, and receipts. Included by uncia.h, whose rules hold here, too. */
#ifndef UNCIA_HISTORY_H
#define UNCIA_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uncia/error.h>
#include <uncia/text.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uncia_network;
struct uncia_payment;
struct uncia_wallet;

/* ---- history ---------------------------------------------------------------------------------------------------- */

/* Asks for the payments that touched this account, newest first, each proved by its receipt. Ends in
 * UNCIA_EVENT_HISTORY. One page at a time: a second call before that replaces the first.
 * Returns: 0; UNCIA_E_NETWORK; UNCIA_E_BUSY; UNCIA_E_ARGUMENT.
 * In: before_height and before_index: 0 and 0 for the newest, or the `next_` ones of the page before; limit 1..64.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.8. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_history(struct uncia_wallet *wallet, uint64_t before_height,
                                                    uint32_t before_index, uint32_t limit);

/* One page, and where the next one begins. */
struct uncia_history_page {
	size_t size;
	uint32_t count;
	uint64_t next_height; /* 0: the validator knows of no more */
	uint32_t next_index;
	bool complete; /* all pages together are proved to hold every payment since the account was created, up to
	                * the height of the last sync. Else something may be missing (pages to come, for one). Never
	                * where uncia_balance.uncounted */
};

/* The page that came last.
 * Returns: 0; UNCIA_E_NOT_FOUND where none has; UNCIA_E_ARGUMENT.
 * In: page->size is set.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_history_page(const struct uncia_wallet *wallet,
                                                         struct uncia_history_page *page);

/* The proof that a payment is final; it was verified. */
struct uncia_receipt;

/* One entry of the page that came last, 0 the newest; NULL past the end.
 * Owns: the wallet. Valid until the next page is there or the wallet is closed.
 * Threads: as uncia_wallet_open. */
UNCIA_API const struct uncia_receipt *uncia_wallet_history_receipt(const struct uncia_wallet *wallet, uint32_t number);

/* Own payments that are pending: no block has them yet. In no particular order.
 * Returns: 0; UNCIA_E_NOT_FOUND past the last; UNCIA_E_ARGUMENT.
 * In: number from 0; the numbers hold until the next call that is not const.
 * Out: *id.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_pending(const struct uncia_wallet *wallet, size_t number,
                                                    struct uncia_payment_id *id);

/* Own payments that expired, the latest expiry first: no block has them, so that no page of the history does. They have
 * their place among its receipts by `expires_at`, as those have theirs by `timestamp_ms`.
 * Returns: 0; UNCIA_E_NOT_FOUND past the last; UNCIA_E_MEMORY; UNCIA_E_ARGUMENT.
 * In: number from 0; the numbers hold until the next call that is not const.
 * Out: *id.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.8. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_expired(const struct uncia_wallet *wallet, size_t number,
                                                    struct uncia_payment_id *id);

enum uncia_direction {
	UNCIA_DIRECTION_IN = 1,  /* others paid this account */
	UNCIA_DIRECTION_OUT = 2, /* this account paid others, and perhaps itself */
	UNCIA_DIRECTION_SELF = 3 /* this account paid nobody but itself */
};

/* What one account has to do with a payment. */
struct uncia_part {
	size_t size;
	enum uncia_direction direction;
	uint64_t amount; /* IN: the sum of the outputs that are its own. OUT: of holds, and of those that are others'.
	                  * SELF: of all */
	uint32_t output_count; /* IN: the outputs that are its own. OUT and SELF: all */
	char
	    to[UNCIA_ADDRESS_TEXT_SIZE]; /* of the first of them; OUT: of the first that is another's, else of a hold */
};

/* This wallet's part in what a receipt proves: a payer sees all outputs, a payee those that he got.
 * Returns: 0; UNCIA_E_NOT_FOUND where the payment does not touch this account; UNCIA_E_ARGUMENT.
 * In: part->size is set.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_part(const struct uncia_wallet *wallet, const struct uncia_receipt *receipt,
                                                 struct uncia_part *part);

/* The same of a payment that is `detailed`, whatever its state: for one that is pending, or expired, it is what this
 * account's part would be. Its outputs are those of uncia_wallet_output; for IN, those that are this account's.
 * Returns: as uncia_wallet_payment; UNCIA_E_NOT_FOUND also where its outputs are not known, or do not touch this
 *	account.
 * In: part->size is set.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_payment_part(const struct uncia_wallet *wallet,
                                                         const struct uncia_payment_id *id, struct uncia_part *part);

/* What this account got by a payment: the sum of all outputs that are its own, under whatever reference, whoever paid;
 * also of a receipt that came as text (uncia_receipt_verify).
 * Returns: 0; UNCIA_E_ARGUMENT; UNCIA_E_NESTED.
 * Out: *amount, in micro-units; 0 where none is its own.
 * Threads: as uncia_wallet_open.
 * Spec: wallet.md 7.8. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_received(const struct uncia_wallet *wallet,
                                                     const struct uncia_receipt *receipt, uint64_t *amount);

/* One of the outputs that uncia_wallet_part counts, numbered from 0.
 * Returns: 0; UNCIA_E_NOT_FOUND where the payment does not touch this account; UNCIA_E_ARGUMENT past the last.
 * Out: address, with the reference that was paid to; *amount, in micro-units.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_part_output(const struct uncia_wallet *wallet,
                                                        const struct uncia_receipt *receipt, uint32_t number,
                                                        char address[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount);

/* ---- receipts --------------------------------------------------------------------------------------------------- */

/* Verifies a receipt, "uncia:uncproof1…", or "uncia-receipt-1:…" as earlier versions wrote it, offline.
 * Returns: 0; UNCIA_E_ENCODING where the text does not begin as a receipt; UNCIA_E_CHANGED where it was changed or cut
 *	on its way (its checksum, or what hashes hold together, does not fit): ask for it again; UNCIA_E_NETWORK where
 * it is another network's; UNCIA_E_NEWER; UNCIA_E_PROOF, UNCIA_E_SIGNATURE where it is whole and proves nothing;
 *	UNCIA_E_LIMIT; UNCIA_E_MEMORY; UNCIA_E_ARGUMENT.
 * In: text, as it came: it is cleaned first, as all texts.
 * Owns: the caller frees with uncia_receipt_free. It does not need the network any more.
 * Threads: any.
 * Spec: wallet.md 7.4, texts.md 11.5, 12.8. */
UNCIA_API UNCIA_MUST_CHECK int uncia_receipt_verify(const struct uncia_network *network, const char *text,
                                                    struct uncia_receipt **receipt);

/* Frees what uncia_receipt_verify gave; NULL is fine. Not for those that belong to a wallet's history.
 * Threads: one at a time per receipt. */
UNCIA_API void uncia_receipt_free(struct uncia_receipt *receipt);

/* What a receipt proves, as a payment in the state FINAL.
 * Returns: 0; UNCIA_E_ARGUMENT.
 * In: payment->size is set.
 * Threads: as uncia_receipt_free. */
UNCIA_API UNCIA_MUST_CHECK int uncia_receipt_payment(const struct uncia_receipt *receipt,
                                                     struct uncia_payment *payment);

/* One of its outputs, numbered from 0.
 * Returns: 0; UNCIA_E_ARGUMENT past the last.
 * Out: address, with its reference; *amount, in micro-units.
 * Threads: as uncia_receipt_free. */
UNCIA_API UNCIA_MUST_CHECK int uncia_receipt_output(const struct uncia_receipt *receipt, uint32_t number,
                                                    char address[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount);

/* A hold: an amount that whoever has its key takes before its end, and that goes home after it. */
struct uncia_hold {
	size_t size;
	char id[UNCIA_ADDRESS_TEXT_SIZE];   /* "hold:" and 40 hexadecimal digits; no address */
	char home[UNCIA_ADDRESS_TEXT_SIZE]; /* an address */
	uint64_t end;                       /* seconds since 1970, UTC */
	uint64_t amount;                    /* that it was opened with, in micro-units */
};

/* One of the holds that it opened, numbered from 0.
 * Returns: 0; UNCIA_E_ARGUMENT past the last.
 * In: hold->size is set.
 * Threads: as uncia_receipt_free.
 * Spec: ledger.md 3.7. */
UNCIA_API UNCIA_MUST_CHECK int uncia_receipt_hold(const struct uncia_receipt *receipt, uint32_t number,
                                                  struct uncia_hold *hold);

/* Verifies the proof of a balance that somebody has fetched from a validator, an AccountProof, offline.
 * Returns: 0; UNCIA_E_ADDRESS where `whose` names nobody; UNCIA_E_ENCODING, UNCIA_E_PROOF, UNCIA_E_SIGNATURE where it
 *does not prove that entry; UNCIA_E_LIMIT; UNCIA_E_MEMORY; UNCIA_E_ARGUMENT. In: whose, an address, or the id of a
 *hold, "hold:" and 40 hexadecimal digits; proof, the message's canonical bytes. Out: *balance, in micro-units; *height:
 *of the block after which it was that. Threads: any. Spec: wallet.md 7.6. */
UNCIA_API UNCIA_MUST_CHECK int uncia_balance_verify(const struct uncia_network *network, const char *whose,
                                                    const uint8_t *proof, size_t size, uint64_t *balance,
                                                    uint64_t *height);

/* The receipt as one line of text.
 * Returns: 0; UNCIA_E_MEMORY; UNCIA_E_ARGUMENT.
 * Owns: the caller frees *text with uncia_text_free.
 * Threads: as uncia_receipt_free.
 * Spec: texts.md 12.8. */
UNCIA_API UNCIA_MUST_CHECK int uncia_receipt_text(const struct uncia_receipt *receipt, char **text);

/* The receipt of a final payment, of the outbox or one that was queried or came in the history, as text.
 * Returns: 0; UNCIA_E_NOT_FOUND where the wallet has none; UNCIA_E_DAMAGED; UNCIA_E_IO; UNCIA_E_MEMORY;
 *	UNCIA_E_ARGUMENT.
 * Owns: the caller frees *text with uncia_text_free.
 * Threads: as uncia_wallet_open. */
UNCIA_API UNCIA_MUST_CHECK int uncia_wallet_receipt(const struct uncia_wallet *wallet,
                                                    const struct uncia_payment_id *id, char **text);

#ifdef __cplusplus
}
#endif
#endif
