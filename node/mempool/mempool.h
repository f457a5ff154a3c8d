/* Payments that wait for a block (docs/spec/ledger.md "Mempool"): bounded, fair between senders, each with the
 * verdict on its signature, kept under the hash of the WHOLE signed payment (under the id, a leader could
 * swap the signature). */
#ifndef MEMPOOL_H
#define MEMPOOL_H
#include "gathering.h"
#include "payment.h"

/* Why a payment waits: what wallets are told (docs/spec/network.md §7). */
enum pending_reason {
	PENDING_WAITING = 0,   /* in line for a block */
	PENDING_FUNDS = 1,     /* the sender's balance is too small now */
	PENDING_KEY = 2,       /* not the key that the account is bound to now */
	PENDING_TOO_EARLY = 3, /* expires more than an hour ahead of the last block */
	PENDING_AMOUNT = 4,    /* an output is below the smallest amount */
};
/* The reason that goes with an error of ledger_add or ledger_check. */
enum pending_reason pending_reason_of(int error);

enum pooled_state {
	POOLED_VERIFYING, /* its signature is being checked */
	POOLED_READY,     /* verified, in line */
	POOLED_PARKED,    /* verified, but did not fit the ledger when last tried; see reason */
	POOLED_GONE,      /* final or expired before its verdict came: no payment, and nothing finds it */
};

struct pooled {
	struct payment *payment; /* owned by the mempool */
	enum pooled_state state;
	enum pending_reason reason;
	uint64_t added_ms;
	bool relay;   /* came from a wallet here: to be gossiped once verified */
	bool covered; /* by its sender's entry, when it came */
	              /* private links follow in mempool.c's containing struct */
};

struct mempool;
int mempool_new(uint32_t size_max, uint32_t per_sender_max, const uint8_t hash_seed[16], struct mempool **pool);
void mempool_free(struct mempool *pool);
uint32_t mempool_count(const struct mempool *pool);
uint32_t mempool_ready(const struct mempool *pool);
uint32_t mempool_parked(const struct mempool *pool);
uint32_t mempool_verifying(const struct mempool *pool);
uint64_t mempool_evicted(const struct mempool *pool); /* how many were, ever */

/* Takes the payment as POOLED_VERIFYING: so far it is nobody's, takes none of the sender's places and evicts nothing.
 * *pooled is whoever's who waits for the verdict, and stays (POOLED_GONE at worst) until he says so: mempool_verified
 * that returns 0, or mempool_remove.
 * Returns 0 (*pooled: the new one; payment is owned now); UNCIA_E_EXISTS (*pooled: the one with the same whole hash;
 * payment stays the caller's); UNCIA_E_FULL: too many are being verified; UNCIA_E_LIMIT: this sender's places are
 * taken; UNCIA_E_MEMORY. Two payments with one id but different whole hashes may both be held. */
int mempool_add(struct mempool *pool, struct payment *payment, uint64_t now_ms, struct pooled **pooled);
struct pooled *mempool_find(struct mempool *pool, const struct hash *whole);
/* Any held payment of that id (a verified one first), or NULL. */
struct pooled *mempool_find_id(struct mempool *pool, const struct payment_id *id);
/* VERIFYING -> READY; else nothing. When full, evicts from the sender with the most waiting (of several, the one that
 * has had as many for longest) the newest of theirs, unless this sender has as many: then UNCIA_E_FULL. Large ones
 * (protocol_limits.h) have room of their own beside: there the oldest give way. Returns 0;
 * UNCIA_E_FULL; UNCIA_E_LIMIT; UNCIA_E_MEMORY: it is still VERIFYING then, to be removed. Not for one that is GONE. */
int mempool_verified(struct mempool *pool, struct pooled *p);
void mempool_park(struct mempool *pool, struct pooled *p, enum pending_reason reason); /* READY -> PARKED */
/* PARKED -> READY for all of this sender's. */
void mempool_unpark(struct mempool *pool, const struct address *sender);
void mempool_remove(struct mempool *pool, struct pooled *p);
/* Removes all that have the ids of these; those being verified are POOLED_GONE then. */
void mempool_remove_final(struct mempool *pool, struct payment *const *payments, size_t count);
/* Removes those with expires_at <= now_s, likewise. */
void mempool_expire(struct mempool *pool, uint64_t now_s);

/* Walks READY payments, fairly: one of each sender in turn, each sender's oldest first, beginning with the senders that
 * earlier walks did not reach. The walk stays valid whatever is parked, removed, evicted or added meanwhile. begin,
 * then next until NULL or for as long as wanted. One walk at a time: a new one ends the one before. */
struct mempool_walk {
	uint32_t round;
};
void mempool_walk_begin(struct mempool *pool, struct mempool_walk *walk);
struct pooled *mempool_walk_next(struct mempool *pool, struct mempool_walk *walk);

/* Offers it every verified payment. */
void mempool_gather(const struct mempool *pool, struct gathering *gathering);

#endif
