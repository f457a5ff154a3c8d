/* A leaky bucket: each answer charges the asker for the bytes that were read for it; the debt decays at PER_MS bytes a
 * millisecond; above OWED the asker waits. */
#ifndef READ_BUDGET_H
#define READ_BUDGET_H
#include <stdbool.h>
#include <stdint.h>

#define READ_QUESTION      4096u /* what a question costs beside the bytes that are read for it */
#define READ_RECORD        1024u /* and so does each record of an answer that has many: reading it takes 1 to 2 us */
#define READ_PEER_OWED     (2u << 20) /* and one answer more: what may wait for his link holds both */
#define READ_PEER_PER_MS   (32u << 10)
#define READ_WALLET_OWED   (2u << 20)
#define READ_WALLET_PER_MS (2u << 10)
#define READ_ALL_OWED      (8u << 20) /* wallets together: reading a block for a receipt takes decoding it */
#define READ_ALL_PER_MS    (8u << 10)

struct read_budget {
	uint64_t owed, at_ms; /* bytes, as of when */
};

/* Forgives what time has, and says whether no more than `owed_max` is owed. */
static inline bool read_budget_left(struct read_budget *b, uint64_t now_ms, uint64_t owed_max, uint64_t per_ms)
{
	uint64_t forgiven = (now_ms - b->at_ms) * per_ms;

	b->owed -= forgiven < b->owed ? forgiven : b->owed;
	b->at_ms = now_ms;
	return b->owed <= owed_max;
}

/* When no more than `owed_max` will be owed. */
static inline uint64_t read_budget_at(const struct read_budget *b, uint64_t owed_max, uint64_t per_ms)
{
	return b->at_ms + (b->owed > owed_max ? (b->owed - owed_max + per_ms - 1) / per_ms : 0);
}

#endif
