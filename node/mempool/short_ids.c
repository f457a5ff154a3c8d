/* A table of the short ids, by their low bits: they are hashes themselves, under a key that no payer knew. */
#include "short_ids.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "uncia/error.h"

#define BUCKETS_MIN 64u

struct short_ids {
	struct hash key;
	uint32_t count, missing, mask;
	struct payment **payments;
	uint64_t *ids;
	bool *ambiguous;         /* two payments have this short id */
	uint32_t *heads, *nexts; /* chains of indexes plus one; 0 ends a chain */
};

int short_ids_new(const struct hash *block_id, const uint8_t *bytes, uint32_t count, struct short_ids **ids)
{
	uint32_t buckets = BUCKETS_MIN;

	while (buckets < count)
		buckets *= 2;
	struct short_ids *s = calloc(1, sizeof(*s) + count * (sizeof(struct payment *) + sizeof(uint64_t)) +
	                                    (buckets + count + 1) * sizeof(uint32_t) + count * sizeof(bool));
	if (!s)
		return UNCIA_E_MEMORY;
	s->count = s->missing = count;
	s->mask = buckets - 1;
	s->payments = (struct payment **)(s + 1);
	s->ids = (uint64_t *)(s->payments + count);
	s->heads = (uint32_t *)(s->ids + count);
	s->nexts = s->heads + buckets;
	s->ambiguous = (bool *)(s->nexts + count + 1);
	hash1(HASH_SHORT_ID, block_id->b, HASH_SIZE, &s->key);
	for (uint32_t i = 0; i < count; i++) {
		s->ids[i] = be64_get(bytes + 8 * (size_t)i);
		uint32_t *head = &s->heads[s->ids[i] & s->mask];
		s->nexts[i + 1] = *head;
		*head = i + 1;
	}
	*ids = s;
	return 0;
}

void short_ids_free(struct short_ids *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->count; i++)
		payment_free(s->payments[i]);
	free(s);
}

/* Keeps the payment for the i-th short id, or, where another one is kept, neither. */
static void short_ids_take(struct short_ids *s, uint32_t i, struct payment *payment)
{
	if (s->ambiguous[i])
		return;
	if (!s->payments[i]) {
		assert(s->missing > 0);
		s->payments[i] = payment_ref(payment);
		s->missing--;
		return;
	}
	if (memcmp(&s->payments[i]->whole, &payment->whole, sizeof(payment->whole)) == 0)
		return;
	payment_free(s->payments[i]);
	s->payments[i] = NULL;
	s->ambiguous[i] = true;
	s->missing++;
	assert(s->missing <= s->count);
}

void short_ids_offer(struct short_ids *s, const struct hash *whole, struct payment *payment)
{
	uint64_t short_id = siphash(s->key.b, whole->b, HASH_SIZE);

	for (uint32_t i = s->heads[short_id & s->mask]; i; i = s->nexts[i])
		if (s->ids[i - 1] == short_id)
			short_ids_take(s, i - 1, payment);
}

uint32_t short_ids_missing(const struct short_ids *s)
{
	return s->missing;
}

struct payment *const *short_ids_payments(const struct short_ids *s)
{
	return s->payments;
}
