/* See gathering.h. A table of the short ids, whose low bits need no further hashing: they are hashes under a key that
 * no payer knew. */
#include "gathering.h"
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "uncia/error.h"

#define BUCKETS_MIN 64u

struct gathering {
	struct hash key;
	uint32_t count, missing, mask;
	struct payment **payments;
	uint64_t *short_ids;
	bool *ambiguous;
	uint32_t *heads, *nexts; /* chains of numbers of short ids, from 1; 0 ends one */
};

int gathering_new(const struct hash *block_id, const uint8_t *short_ids, uint32_t count, struct gathering **gathering)
{
	uint32_t buckets = BUCKETS_MIN;

	while (buckets < count)
		buckets *= 2;
	struct gathering *g = calloc(1, sizeof(*g) + count * (sizeof(struct payment *) + sizeof(uint64_t)) +
	                                    (buckets + count + 1) * sizeof(uint32_t) + count * sizeof(bool));
	if (!g)
		return UNCIA_E_MEMORY;
	g->count = g->missing = count;
	g->mask = buckets - 1;
	g->payments = (struct payment **)(g + 1);
	g->short_ids = (uint64_t *)(g->payments + count);
	g->heads = (uint32_t *)(g->short_ids + count);
	g->nexts = g->heads + buckets;
	g->ambiguous = (bool *)(g->nexts + count + 1);
	hash1(HASH_SHORT_ID, block_id->b, HASH_SIZE, &g->key);
	for (uint32_t i = 0; i < count; i++) {
		g->short_ids[i] = be64_get(short_ids + 8 * (size_t)i);
		uint32_t *head = &g->heads[g->short_ids[i] & g->mask];
		g->nexts[i + 1] = *head;
		*head = i + 1;
	}
	*gathering = g;
	return 0;
}

void gathering_free(struct gathering *g)
{
	if (!g)
		return;
	for (uint32_t i = 0; i < g->count; i++)
		payment_free(g->payments[i]);
	free(g);
}

static void take(struct gathering *g, uint32_t i, struct payment *payment)
{
	if (g->ambiguous[i])
		return;
	if (!g->payments[i]) {
		g->payments[i] = payment_ref(payment);
		g->missing--;
		return;
	}
	if (memcmp(&g->payments[i]->whole, &payment->whole, sizeof(payment->whole)) == 0)
		return;
	payment_free(g->payments[i]);
	g->payments[i] = NULL;
	g->ambiguous[i] = true;
	g->missing++;
}

void gathering_offer(struct gathering *g, const struct hash *whole, struct payment *payment)
{
	uint64_t short_id = siphash(g->key.b, whole->b, HASH_SIZE);

	for (uint32_t i = g->heads[short_id & g->mask]; i; i = g->nexts[i])
		if (g->short_ids[i - 1] == short_id)
			take(g, i - 1, payment);
}

uint32_t gathering_missing(const struct gathering *g)
{
	return g->missing;
}

struct payment *const *gathering_payments(const struct gathering *g)
{
	return g->payments;
}
