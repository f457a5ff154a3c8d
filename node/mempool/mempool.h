/* Payments that wait for a block (docs/spec/ledger.md §3.8): bounded, fair between senders, each with the verdict on
 * its signature. They are kept under the hash of the whole signed payment: under the id, a leader could swap the
 * signature. Single-threaded. */
#ifndef MEMPOOL_H
#define MEMPOOL_H
#include "short_ids.h"
#include "payment.h"

/* Why a payment waits, as told to wallets (docs/spec/network.md §7). */
enum pending_reason {
	PENDING_WAITING = 0,   /* in line for a block */
	PENDING_FUNDS = 1,     /* the sender's balance is too small now */
	PENDING_KEY = 2,       /* not the key that the account is bound to now */
	PENDING_TOO_EARLY = 3, /* expires more than an hour ahead of the last block */
	PENDING_AMOUNT = 4,    /* an output is below the smallest amount */
	PENDING_END = 5,       /* the end of a hold that it opens is too near or too far */
};
/* The reason that goes with an error of ledger_add or ledger_check. */
enum pending_reason pending_reason_of(int error);

/* VERIFYING -> READY <-> PARKED, and each -> GONE. */
enum pooled_state {
	POOLED_VERIFYING, /* its signature is being checked */
	POOLED_READY,     /* verified, in line for a block */
	POOLED_PARKED,    /* verified, but did not fit the ledger when last tried; see reason */
	POOLED_GONE, /* has left the pool: no payment, and nothing finds it. Seen only while a verdict is awaited */
};

struct pooled {
	struct payment *payment; /* owned by the pool; NULL when GONE */
	enum pooled_state state; /* changed by the functions below only */
	enum pending_reason reason;
	uint64_t added_ms;
	/* The caller's: */
	uint64_t wallet; /* that brought it here, and answers for its signature; 0: it came from a validator */
	bool relay;      /* it is gossiped once verified, and who waits for it told how it goes */
	bool covered;    /* by its sender's entry, when it came */
};

struct mempool;

/* For at most size_max verified payments, per_sender_max of one sender; no stranger may know the seed. Returns 0,
 * UNCIA_E_ARGUMENT (a limit of 0), or UNCIA_E_MEMORY. Owns: mempool_free. */
int mempool_new(uint32_t size_max, uint32_t per_sender_max, const uint8_t hash_seed[16], struct mempool **pool);
void mempool_free(struct mempool *pool); /* accepts NULL */
/* How many there are: in all, and of each state. */
uint32_t mempool_count(const struct mempool *pool);
uint32_t mempool_ready(const struct mempool *pool);
uint32_t mempool_parked(const struct mempool *pool);
uint32_t mempool_verifying(const struct mempool *pool);
uint32_t mempool_verifying_max(const struct mempool *pool); /* at most */

/* Takes a payment in as VERIFYING. Until verified it counts against no sender's quota and evicts nothing. Two payments
 * of one id with different whole hashes may both be held. Returns
 * 0               *pooled is the new one; it owns the payment
 * UNCIA_E_EXISTS  *pooled is the one with this whole hash
 * UNCIA_E_FULL    too many are being verified
 * UNCIA_E_LIMIT   the sender has as many as it may
 * UNCIA_E_MEMORY
 * and after any but 0 the payment stays the caller's. A new *pooled is valid until mempool_verified has returned 0 for
 * it, or mempool_remove was called; it may be GONE in the meantime, and is then to be removed. */
int mempool_add(struct mempool *pool, struct payment *payment, uint64_t now_ms, struct pooled **pooled);
/* The payment with this whole hash, or NULL. */
struct pooled *mempool_find(struct mempool *pool, const struct hash *whole);
/* A payment of this id, a verified one first, or NULL. */
struct pooled *mempool_find_id(struct mempool *pool, const struct payment_id *id);
/* VERIFYING -> READY; one that is READY or PARKED stays so. Not for one that is GONE (asserted). In a full pool it
 * evicts the newest payment of the sender with the most; of several, of the one that has had as many for longest. Large
 * payments (protocol_limits.h) have room of their own, in which the oldest is evicted. Returns 0; or with the payment
 * still VERIFYING, to be removed: UNCIA_E_FULL (its own sender has the most), UNCIA_E_LIMIT (its sender has as many as
 * it may), UNCIA_E_MEMORY. */
int mempool_verified(struct mempool *pool, struct pooled *p);
/* Takes the id of a payment that the last mempool_verified has evicted; false: of none, or no more. */
bool mempool_next_evicted(struct mempool *pool, struct payment_id *id);
/* READY -> PARKED, or another reason for one that is PARKED. */
void mempool_park(struct mempool *pool, struct pooled *p, enum pending_reason reason);
/* PARKED -> READY, for all of this sender's. */
void mempool_unpark(struct mempool *pool, const struct address *sender);
/* Removes a payment of any state, and frees *p. */
void mempool_remove(struct mempool *pool, struct pooled *p);
/* Removes all payments that have the ids of these; of those that are VERIFYING, *pooled stays, as GONE. */
void mempool_remove_final(struct mempool *pool, struct payment *const *payments, size_t count);
/* Removes those with expires_at <= now_s, likewise. Does nothing where now_s is not above that of the call before. */
void mempool_expire(struct mempool *pool, uint64_t now_s);

/* The verified payments of one sender, oldest first, at most `max` of them. Returns how many. */
size_t mempool_of_sender(const struct mempool *pool, const struct address *sender, const struct payment **list,
                         size_t max);

/* A walk gives READY payments fairly: one of each sender in turn, each sender's oldest first, beginning with the
 * senders that earlier walks did not reach. It stays valid whatever is parked, removed, evicted or added meanwhile.
 * mempool_walk_begin, then mempool_walk_next until it returns NULL or for as long as wanted. A new walk ends the one
 * before. */
struct mempool_walk {
	uint32_t round;
};
void mempool_walk_begin(struct mempool *pool, struct mempool_walk *walk);
struct pooled *mempool_walk_next(struct mempool *pool, struct mempool_walk *walk);

/* Offers every verified payment to `ids`. */
void mempool_match(const struct mempool *pool, struct short_ids *ids);

#endif
