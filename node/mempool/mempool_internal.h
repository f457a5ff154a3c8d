/* Shared by the files of the pool, and seen by nobody else: mempool.c (payments, states, limits) and senders.c (quotas,
 * turns, walks). */
#ifndef MEMPOOL_INTERNAL_H
#define MEMPOOL_INTERNAL_H
#include "mempool.h"
#include "slab.h"

#define EXPIRY_BUCKETS 4096u /* seconds, one a bucket: more than a payment's longest life */

struct slot {
	struct pooled pooled;     /* first: a pointer to it is a pointer to the slot */
	struct sender *sender;    /* NULL until verified: a forger is not the sender */
	struct slot *prev, *next; /* of the same sender, oldest first */
	struct slot *bucket_prev, *bucket_next;
	struct slot *large_prev, *large_next; /* verified ones that are large, oldest first */
	struct slot *whole_next;              /* of the same bucket of mempool.by_whole */
	/* Of by_id, doubly linked: one body signed a thousand times is one chain. */
	struct slot *id_next, **id_back;
	uint32_t whole_hash, sender_hash;
	uint32_t bucket;
	uint32_t verified_at; /* index in mempool.verified, once verified */
};

struct sender {
	struct address address;
	struct slot *slots;
	uint32_t count, ready;
	struct sender *level_prev, *level_next; /* of those with the same count, longest there first */
	struct sender *turn_prev, *turn_next;   /* of those with something ready, longest waiting first */
	uint32_t round;                         /* of the last walk that gave its oldest */
	struct slot *following;                 /* in that walk: the slot to give next, or NULL */
	struct sender *queue_prev, *queue_next; /* in that walk: those with more to give */
	struct sender *hash_next;               /* of the same bucket of mempool.senders */
	uint32_t hash;
};

struct verified {
	struct hash whole;
	struct slot *slot;
};

/* What one newcomer can evict: one by number, and as many by bytes as the smallest large ones that it takes. */
#define EVICTED_MAX (PAYMENT_SIZE_MAX / MEMPOOL_LARGE_SIZE + 2)

struct mempool {
	uint32_t size_max, per_sender_max, verifying_max;
	uint8_t hash_seed[16];
	uint32_t count, ready, parked;
	uint32_t most; /* the largest count of a sender */
	/* Tables of chains under seeded hashes, with a number of buckets that is fixed by size_max. Payments of one id
	 * under several signatures are all in by_id. */
	uint32_t mask;
	struct slot **by_whole, **by_id;
	struct sender **senders;
	struct slab slots, sender_slab;
	struct sender **levels; /* by count: 1 .. per_sender_max */
	struct sender *turns;
	struct slot *buckets[EXPIRY_BUCKETS]; /* by expires_at */
	uint64_t expired_s;                   /* of the last mempool_expire */
	struct verified *verified;            /* all of them, dense, for mempool_match */
	uint32_t verified_count;
	struct slot *large;
	size_t large_bytes;
	uint32_t round;
	struct sender *queue;
	struct payment_id evicted[EVICTED_MAX]; /* by the last mempool_verified, and not taken yet */
	uint32_t evicted_count;
};

/* ---- senders.c ---- */

/* `hash` is of the address. NULL where there is none. */
struct sender *sender_find(const struct mempool *pool, const struct address *address, uint32_t hash);
/* Adds one that has nothing. NULL where memory ends. */
struct sender *sender_new(struct mempool *pool, const struct address *address, uint32_t hash);
/* Frees one that has nothing (asserted). */
void sender_drop(struct mempool *pool, struct sender *sender);
/* Sets how many payments it has, at most per_sender_max (asserted). */
void sender_set_count(struct mempool *pool, struct sender *sender, uint32_t count);
/* Counts a slot of a sender in or out of those ready; out of the walk that is under way, too. */
void sender_add_ready(struct mempool *pool, struct sender *sender);
void sender_remove_ready(struct mempool *pool, struct slot *slot);

#endif
