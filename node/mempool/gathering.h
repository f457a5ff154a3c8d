/* The payments of one proposed block, found by their short ids (docs/spec/network.md §8): those held when the proposal
 * comes, and each that is verified after it. Not the block: whether what was found is its body, its root says. */
#ifndef GATHERING_H
#define GATHERING_H
#include "payment.h"

struct gathering;

/* short_ids: of `count` payments, 8 bytes each; copied. Returns 0 or UNCIA_E_MEMORY. */
int gathering_new(const struct hash *block_id, const uint8_t *short_ids, uint32_t count, struct gathering **gathering);
void gathering_free(struct gathering *gathering); /* gives the references back */
/* A verified payment and its whole hash; referenced where it is one of them. A short id that two payments have stays
 * missing for good. */
void gathering_offer(struct gathering *gathering, const struct hash *whole, struct payment *payment);
uint32_t gathering_missing(const struct gathering *gathering);
/* `count` of them, in the order of the short ids, NULL where missing; the gathering's. */
struct payment *const *gathering_payments(const struct gathering *gathering);

#endif
