/* The durable outbox: how payments are stored, and found again. Why one key is one payment is said in outbox.c. */
#ifndef OUTBOX_H
#define OUTBOX_H
#include "archive.h"
#include "receipts.h"
#include "tracked.h"

/* Loads all records that are not tracked yet. A damaged one becomes an ERROR event where `tell`. Returns 0;
 * UNCIA_E_MEMORY; what the host returned. */
int outbox_load(struct uncia_wallet *w, bool tell);
/* The own payment of that nonce, from memory or storage. Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED; … */
int outbox_find(struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE], struct tracked **found);
/* Stores a new payment, exclusively and durably, with its notes (or NULL), then tracks it. payment is owned in success.
 * Returns 0; UNCIA_E_EXISTS; UNCIA_E_MEMORY; what the host returned. */
int outbox_add(struct uncia_wallet *w, struct payment *payment, const struct notes *notes, struct tracked **added);
/* Makes durable what was only found in storage: whoever put it there may have ended, or failed, before it was. receipt:
 * of a FINAL one. Returns 0; UNCIA_E_MEMORY; what the host returned. */
int outbox_confirm(struct uncia_wallet *w, struct tracked *t, const uint8_t *receipt, size_t receipt_size);
/* Stores an end: `receipt` for FINAL (height … set in t), the collected statements for EXPIRED. Where another process
 * has stored one before, t has that afterwards. */
int outbox_store_end(struct uncia_wallet *w, struct tracked *t, enum uncia_payment_state state, const uint8_t *receipt,
                     size_t receipt_size);
/* Archives payments that have their end and are not archived yet, and takes away blobs that are not needed any more,
 * where there are at least so many. What fails is left for another time. */
void outbox_fold(struct uncia_wallet *w, size_t least);
/* Reads the record of a payment, archived or not. Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; what
 * the host returned. Out: *record, in the arena, which the caller frees, also on failure. */
int outbox_record(const struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE], struct arena *arena,
                  const Uncia__Pb__PaymentRecord **record);
/* Loads a FINAL one's receipt. Owns: free(). */
int outbox_receipt(const struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE], uint8_t **receipt, size_t *size);
/* How many final payments of the account itself (takes are a hold's), of blocks above the one height and up to the
 * other, this home knows. */
uint64_t outbox_finals(const struct uncia_wallet *w, uint64_t above, uint64_t up_to);
/* Reads an archived one that need not be tracked. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_MEMORY. Owns: outbox_read_free.
 */
int outbox_read(const struct uncia_wallet *w, const struct ended *ended, struct record *read);
/* Frees what outbox_read put into it. */
void outbox_read_free(struct record *read);
/* Takes a final payment of this wallet's, found in its history, into the outbox. Returns 0; UNCIA_E_MEMORY; what the
 * host returned. */
int outbox_recall(struct uncia_wallet *w, const struct uncia_receipt *receipt);

#endif
