/* Assembly of a proposed block's body by short ids (docs/spec/network.md §8): the payments that the proposal names are
 * matched among those held when it comes, and among those verified later. Whether the payments found are the block's
 * body, its payments root decides. */
#ifndef SHORT_IDS_H
#define SHORT_IDS_H
#include "payment.h"

/* The short ids of one proposal, and the payments found for them. */
struct short_ids;

/* `bytes`: `count` short ids of 8 bytes each, under the block's id; copied. Returns 0 or UNCIA_E_MEMORY.
 * Owns: short_ids_free. */
int short_ids_new(const struct hash *block_id, const uint8_t *bytes, uint32_t count, struct short_ids **ids);
void short_ids_free(struct short_ids *ids); /* gives the references back; accepts NULL */
/* Offers a verified payment by its whole hash; it is referenced for each short id that is its own. A short id that two
 * payments have stays missing for good. */
void short_ids_offer(struct short_ids *ids, const struct hash *whole, struct payment *payment);
/* For how many short ids there is no payment. */
uint32_t short_ids_missing(const struct short_ids *ids);
/* The payments, in the order of their short ids, NULL where missing. They belong to `ids`. */
struct payment *const *short_ids_payments(const struct short_ids *ids);

#endif
