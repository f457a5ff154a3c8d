/* The durable outbox: how payments are stored, and found again. Why one key is one payment is said in outbox.c. */
#ifndef OUTBOX_H
#define OUTBOX_H
#include "receipts.h"
#include "tracked.h"

/* Loads all records that are not tracked yet. A damaged one becomes an ERROR event where `tell`. Returns 0;
 * UNCIA_E_MEMORY; what the host returned. */
int outbox_load(struct uncia_wallet *w, bool tell);
void outbox_blob_name(const uint8_t nonce[NONCE_SIZE], char name[UNCIA_BLOB_NAME_SIZE]);
/* The own payment of that nonce, from memory or storage. Returns 0; UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED; … */
int outbox_find(struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE], struct tracked **found);
/* How many final payments of its own this home knows. */
size_t outbox_final_count(const struct uncia_wallet *w);
/* Stores a new payment, exclusively and durably, with its memo (or NULL), then tracks it. payment is owned in success.
 * Returns 0; UNCIA_E_EXISTS; UNCIA_E_MEMORY; what the host returned. */
int outbox_add(struct uncia_wallet *w, struct payment *payment, const char *memo, struct tracked **added);
/* Makes durable what was only found in storage: whoever put it there may have ended, or failed, before it was. receipt:
 * of a FINAL one. Returns 0; UNCIA_E_MEMORY; what the host returned. */
int outbox_confirm(struct uncia_wallet *w, struct tracked *t, const uint8_t *receipt, size_t receipt_size);
/* Stores an end: `receipt` for FINAL (height … set in t), the collected statements for EXPIRED. */
int outbox_store_end(struct uncia_wallet *w, struct tracked *t, enum uncia_payment_state state, const uint8_t *receipt,
                     size_t receipt_size);
/* Loads a FINAL one's receipt. Owns: free(). */
int outbox_receipt(const struct uncia_wallet *w, const struct tracked *t, uint8_t **receipt, size_t *size);
/* Takes a final payment of this wallet's, found in its history, into the outbox. Returns 0; UNCIA_E_MEMORY; what the
 * host returned. */
int outbox_recall(struct uncia_wallet *w, const struct uncia_receipt *receipt);

#endif
