/* The pool's payments: their tables, states, limits and expiry. Senders and walks are in senders.c. Nothing here knows
 * the ledger or a clock. */
#include "mempool_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "uncia/error.h"

#define VERIFYING_MAX  16384u /* payments whose signatures are being checked */
#define BUCKETS_MIN    64u
#define FULL_CHAIN     8u    /* about the length of a bucket's chain in a full pool, which is rare */
#define SPARES_MAX     4096u /* freed slots and senders that are kept for the next ones */
#define PREFETCH_AHEAD 4u    /* payments from one stage of mempool_remove_final to the next */
#define PREFETCH_RING  16u   /* more than two stages */

static uint32_t hash_of(const struct mempool *pool, const void *key, size_t size)
{
	return (uint32_t)siphash(pool->hash_seed, key, size);
}

/* ---- the pool -------------------------------------------------------------------------------- */

static bool make_tables(struct mempool *pool)
{
	uint32_t buckets = BUCKETS_MIN;

	while (buckets < pool->size_max / FULL_CHAIN)
		buckets *= 2;
	pool->mask = buckets - 1;
	pool->by_whole = calloc(buckets, sizeof(*pool->by_whole));
	pool->by_id = calloc(buckets, sizeof(*pool->by_id));
	pool->senders = calloc(buckets, sizeof(*pool->senders));
	return pool->by_whole && pool->by_id && pool->senders;
}

int mempool_new(uint32_t size_max, uint32_t per_sender_max, const uint8_t hash_seed[16], struct mempool **pool)
{
	if (size_max == 0 || per_sender_max == 0)
		return UNCIA_E_ARGUMENT;
	struct mempool *p = calloc(1, sizeof(*p));
	if (!p)
		return UNCIA_E_MEMORY;
	p->size_max = size_max;
	p->per_sender_max = per_sender_max;
	p->verifying_max = size_max < VERIFYING_MAX ? size_max : VERIFYING_MAX;
	memcpy(p->hash_seed, hash_seed, sizeof(p->hash_seed));
	slab_init(&p->slots, sizeof(struct slot), SPARES_MAX);
	slab_init(&p->sender_slab, sizeof(struct sender), SPARES_MAX);
	p->levels = calloc((size_t)per_sender_max + 1, sizeof(struct sender *));
	p->verified =
	    reallocarray(NULL, size_max, sizeof(*p->verified)); /* megabytes: only read below verified_count */
	if (!p->levels || !p->verified || !make_tables(p)) {
		mempool_free(p);
		return UNCIA_E_MEMORY;
	}
	*pool = p;
	return 0;
}

void mempool_free(struct mempool *pool)
{
	struct sender *sender, *next_sender;
	struct slot *slot, *next;

	if (!pool)
		return;
	for (uint32_t b = 0; pool->by_whole && b <= pool->mask; b++)
		LL_FOREACH_SAFE2 (pool->by_whole[b], slot, next, whole_next) {
			payment_free(slot->pooled.payment);
			slab_free(&pool->slots, slot);
		}
	for (uint32_t b = 0; pool->senders && b <= pool->mask; b++)
		LL_FOREACH_SAFE2 (pool->senders[b], sender, next_sender, hash_next)
			slab_free(&pool->sender_slab, sender);
	slab_deinit(&pool->slots);
	slab_deinit(&pool->sender_slab);
	free(pool->by_whole);
	free(pool->by_id);
	free(pool->senders);
	free(pool->levels);
	free(pool->verified);
	free(pool);
}

uint32_t mempool_count(const struct mempool *pool)
{
	return pool->count;
}

uint32_t mempool_verifying(const struct mempool *pool)
{
	return pool->count - pool->verified_count;
}

uint32_t mempool_verifying_max(const struct mempool *pool)
{
	return pool->verifying_max;
}

uint32_t mempool_ready(const struct mempool *pool)
{
	return pool->ready;
}

uint32_t mempool_parked(const struct mempool *pool)
{
	return pool->parked;
}

/* Called where a public function ends: each payment that is held is being verified, ready or parked. */
static void assert_counts(const struct mempool *pool)
{
	assert(pool->ready + pool->parked == pool->verified_count);
	assert(pool->verified_count <= pool->count && pool->verified_count <= pool->size_max);
	assert(pool->count - pool->verified_count <= pool->verifying_max);
	assert(pool->most <= pool->per_sender_max && (pool->most == 0) == (pool->verified_count == 0));
	assert((pool->ready == 0) == !pool->turns);
}

/* ---- states ---------------------------------------------------------------------------------- */

static bool state_allowed(enum pooled_state from, enum pooled_state to)
{
	switch (from) {
	case POOLED_VERIFYING:
		return to == POOLED_READY || to == POOLED_GONE;
	case POOLED_READY:
		return to == POOLED_PARKED || to == POOLED_GONE;
	case POOLED_PARKED:
		return to == POOLED_READY || to == POOLED_GONE;
	case POOLED_GONE:
		break;
	}
	return false;
}

/* The one place where a state changes, and the counts of states with it. */
static void set_state(struct mempool *pool, struct slot *slot, enum pooled_state to)
{
	enum pooled_state from = slot->pooled.state;

	assert(state_allowed(from, to));
	/* A slot has a sender from the moment when it is verified. */
	assert((from == POOLED_VERIFYING && to == POOLED_GONE) == !slot->sender);
	if (from == POOLED_READY)
		sender_remove_ready(pool, slot);
	pool->parked -= from == POOLED_PARKED;
	slot->pooled.state = to;
	pool->parked += to == POOLED_PARKED;
	if (to == POOLED_READY)
		sender_add_ready(pool, slot->sender);
}

/* ---- adding and removing --------------------------------------------------------------------- */

static struct slot *find_whole(const struct mempool *pool, const struct hash *whole, uint32_t hash)
{
	struct slot *slot = pool->by_whole[hash & pool->mask];

	while (slot && (slot->whole_hash != hash || memcmp(&slot->pooled.payment->whole, whole, sizeof(*whole)) != 0))
		slot = slot->whole_next;
	return slot;
}

/* The first of that id from `slot` on. */
static struct slot *next_of_id(struct slot *slot, const struct payment_id *id)
{
	while (slot && memcmp(&slot->pooled.payment->id, id, sizeof(*id)) != 0)
		slot = slot->id_next;
	return slot;
}

static struct slot **id_bucket(const struct mempool *pool, const struct payment_id *id)
{
	return &pool->by_id[hash_of(pool, id, sizeof(*id)) & pool->mask];
}

static void index_slot(struct mempool *pool, struct slot *slot)
{
	struct slot **first = id_bucket(pool, &slot->pooled.payment->id);

	LL_PREPEND2(pool->by_whole[slot->whole_hash & pool->mask], slot, whole_next);
	slot->id_back = first;
	slot->id_next = *first;
	if (*first)
		(*first)->id_back = &slot->id_next;
	*first = slot;
}

static void unindex_slot(struct mempool *pool, struct slot *slot)
{
	LL_DELETE2(pool->by_whole[slot->whole_hash & pool->mask], slot, whole_next);
	*slot->id_back = slot->id_next;
	if (slot->id_next)
		slot->id_next->id_back = slot->id_back;
}

static bool is_large(const struct payment *payment)
{
	return payment->size > MEMPOOL_LARGE_SIZE;
}

/* Takes the slot out of every list and table, and frees its payment. The slot itself stays, as POOLED_GONE. */
static void take_out(struct mempool *pool, struct slot *slot)
{
	struct pooled *p = &slot->pooled;
	struct sender *sender = slot->sender;

	set_state(pool, slot, POOLED_GONE);
	if (sender) {
		struct verified *last = &pool->verified[--pool->verified_count];
		pool->verified[slot->verified_at] = *last;
		last->slot->verified_at = slot->verified_at;
		if (is_large(p->payment)) {
			DL_DELETE2(pool->large, slot, large_prev, large_next);
			pool->large_bytes -= p->payment->size;
		}
		DL_DELETE(sender->slots, slot);
		assert(sender->count > 0);
		sender_set_count(pool, sender, sender->count - 1);
		if (sender->count == 0)
			sender_drop(pool, sender);
	}
	unindex_slot(pool, slot);
	DL_DELETE2(pool->buckets[slot->bucket], slot, bucket_prev, bucket_next);
	pool->count--;
	payment_free(p->payment);
	p->payment = NULL;
}

void mempool_remove(struct mempool *pool, struct pooled *p)
{
	struct slot *slot = (struct slot *)p;

	if (p->state != POOLED_GONE)
		take_out(pool, slot);
	slab_free(&pool->slots, slot);
	assert_counts(pool);
}

/* Removes a payment that no block can take any more. A slot whose verdict is awaited stays as POOLED_GONE: the waiting
 * caller has a pointer to it, and frees it. */
static void remove_useless(struct mempool *pool, struct slot *slot)
{
	if (slot->pooled.state == POOLED_VERIFYING)
		take_out(pool, slot);
	else
		mempool_remove(pool, &slot->pooled);
}

static void remove_of_id(struct mempool *pool, struct slot *chain, const struct payment_id *id)
{
	for (struct slot *slot = next_of_id(chain, id), *next; slot; slot = next) {
		next = next_of_id(slot->id_next, id);
		remove_useless(pool, slot);
	}
}

/* Software prefetch in three stages, PREFETCH_AHEAD payments apart: the payment, its bucket, the first slot there. Each
 * is a cache miss, and memory serves several at once. */
void mempool_remove_final(struct mempool *pool, struct payment *const *payments, size_t count)
{
	struct slot **chains[PREFETCH_RING];

	for (size_t step = 0; step < count + 2 * PREFETCH_AHEAD; step++) {
		if (step + PREFETCH_AHEAD < count)
			__builtin_prefetch(payments[step + PREFETCH_AHEAD]);
		if (step < count) {
			struct slot **chain = id_bucket(pool, &payments[step]->id);
			chains[step % PREFETCH_RING] = chain;
			__builtin_prefetch(chain);
		}
		/* Before the first payment these wrap round, past the count. */
		size_t next = step - PREFETCH_AHEAD, now = step - 2 * PREFETCH_AHEAD;
		if (next < count) {
			/* NOLINTNEXTLINE(clang-analyzer-*): set some steps ago */
			const struct slot *slot = *chains[next % PREFETCH_RING];
			__builtin_prefetch(slot);
			if (slot)
				__builtin_prefetch(&slot->large_prev);
		}
		if (now < count)
			/* NOLINTNEXTLINE(clang-analyzer-*): likewise */
			remove_of_id(pool, *chains[now % PREFETCH_RING], &payments[now]->id);
	}
}

static void evict(struct mempool *pool, struct slot *slot)
{
	assert(pool->evicted_count < EVICTED_MAX);
	pool->evicted[pool->evicted_count++] = slot->pooled.payment->id;
	mempool_remove(pool, &slot->pooled);
}

bool mempool_next_evicted(struct mempool *pool, struct payment_id *id)
{
	if (!pool->evicted_count)
		return false;
	*id = pool->evicted[--pool->evicted_count];
	return true;
}

/* Where the pool is full, evicts the newest payment of the sender with the most; of several senders, of the one that
 * has had as many for longest. So a flood from one sender evicts its own payments, and one from many senders those who
 * have waited longest with as much: a newcomer is there for the next block. Returns 0, or UNCIA_E_FULL where the
 * newcomer itself has the most. */
static int evict_one(struct mempool *pool, const struct sender *newcomer)
{
	if (pool->verified_count < pool->size_max)
		return 0;
	struct sender *victim = pool->levels[pool->most];
	if (newcomer && newcomer->count == pool->most)
		return UNCIA_E_FULL;
	evict(pool, victim->slots->prev); /* the newest: a utlist's head points back at its tail */
	return 0;
}

/* Large payments have a limit of bytes of their own, the oldest of them being evicted: bounded by number alone they
 * would take gigabytes, and keys to send them from cost nothing. Returns whether any was evicted. */
static bool evict_large(struct mempool *pool, const struct payment *newcomer)
{
	bool evicted = false;

	while (is_large(newcomer) && pool->large_bytes + newcomer->size > MEMPOOL_LARGE_BYTES_MAX) {
		assert(pool->large);
		evict(pool, pool->large);
		evicted = true;
	}
	return evicted;
}

static struct slot *new_slot(struct mempool *pool, struct payment *payment, uint32_t whole_hash, uint64_t now_ms)
{
	struct slot *slot = slab_alloc(&pool->slots);

	if (!slot)
		return NULL;
	*slot = (struct slot){.pooled = {.payment = payment, .state = POOLED_VERIFYING, .added_ms = now_ms},
	                      .whole_hash = whole_hash,
	                      .sender_hash = hash_of(pool, &payment->sender, sizeof(payment->sender))};
	index_slot(pool, slot);
	return slot;
}

/* Whether the sender has no more places. Looks it up only where some sender has that many. */
static bool sender_full(const struct mempool *pool, const struct payment *payment)
{
	if (pool->most < pool->per_sender_max)
		return false;
	const struct sender *sender =
	    sender_find(pool, &payment->sender, hash_of(pool, &payment->sender, sizeof(payment->sender)));
	return sender && sender->count >= pool->per_sender_max;
}

int mempool_add(struct mempool *pool, struct payment *payment, uint64_t now_ms, struct pooled **pooled)
{
	uint32_t hash = hash_of(pool, &payment->whole, sizeof(payment->whole));
	struct slot *held = find_whole(pool, &payment->whole, hash);

	if (held) {
		*pooled = &held->pooled;
		return UNCIA_E_EXISTS;
	}
	if (sender_full(pool, payment))
		return UNCIA_E_LIMIT;
	if (mempool_verifying(pool) >= pool->verifying_max)
		return UNCIA_E_FULL;
	struct slot *slot = new_slot(pool, payment, hash, now_ms);
	if (!slot)
		return UNCIA_E_MEMORY;
	/* A payment that has expired already leaves with the next second. */
	uint64_t ends = payment->expires_at > pool->expired_s ? payment->expires_at : pool->expired_s + 1;
	slot->bucket = ends % EXPIRY_BUCKETS;
	DL_APPEND2(pool->buckets[slot->bucket], slot, bucket_prev, bucket_next);
	pool->count++;
	*pooled = &slot->pooled;
	assert_counts(pool);
	return 0;
}

static void expire_bucket(struct mempool *pool, uint32_t bucket, uint64_t now_s)
{
	struct slot *slot, *next;

	DL_FOREACH_SAFE2 (pool->buckets[bucket], slot, next, bucket_next) {
		if (slot->pooled.payment->expires_at <= now_s)
			remove_useless(pool, slot);
	}
}

void mempool_expire(struct mempool *pool, uint64_t now_s)
{
	if (now_s <= pool->expired_s)
		return;
	uint64_t seconds = now_s - pool->expired_s;
	if (seconds > EXPIRY_BUCKETS)
		seconds = EXPIRY_BUCKETS;
	for (uint64_t i = 0; i < seconds; i++)
		expire_bucket(pool, (uint32_t)((now_s - i) % EXPIRY_BUCKETS), now_s);
	pool->expired_s = now_s;
	assert_counts(pool);
}

/* ---- finding, verdicts, parking -------------------------------------------------------------- */

struct pooled *mempool_find(struct mempool *pool, const struct hash *whole)
{
	struct slot *slot = find_whole(pool, whole, hash_of(pool, whole, sizeof(*whole)));

	return slot ? &slot->pooled : NULL;
}

struct pooled *mempool_find_id(struct mempool *pool, const struct payment_id *id)
{
	struct slot *slot = next_of_id(*id_bucket(pool, id), id), *other;

	if (!slot)
		return NULL;
	if (slot->sender)
		return &slot->pooled;
	/* The id follows from the body, which names the sender: a verified payment of this id is among that sender's.
	 */
	const struct sender *sender = sender_find(pool, &slot->pooled.payment->sender, slot->sender_hash);
	DL_FOREACH (sender ? sender->slots : NULL, other)
		if (memcmp(&other->pooled.payment->id, id, sizeof(*id)) == 0)
			return &other->pooled;
	return &slot->pooled;
}

size_t mempool_of_sender(const struct mempool *pool, const struct address *address, const struct payment **list,
                         size_t max)
{
	const struct sender *sender = sender_find(pool, address, hash_of(pool, address, sizeof(*address)));
	const struct slot *slot;
	size_t count = 0;

	DL_FOREACH (sender ? sender->slots : NULL, slot) {
		if (count == max)
			break;
		list[count++] = slot->pooled.payment;
	}
	return count;
}

/* Until here the payment counted against no sender's quota and evicted nothing: a stranger may have forged it. */
int mempool_verified(struct mempool *pool, struct pooled *p)
{
	struct slot *slot = (struct slot *)p;

	assert(p->state != POOLED_GONE);
	if (p->state != POOLED_VERIFYING)
		return 0;
	pool->evicted_count = 0;
	const struct address *address = &p->payment->sender;
	struct sender *sender = sender_find(pool, address, slot->sender_hash);
	if (sender && sender->count >= pool->per_sender_max)
		return UNCIA_E_LIMIT;
	if (evict_large(pool, p->payment))
		sender = sender_find(pool, address, slot->sender_hash); /* evicting its last payment frees it */
	int rc = evict_one(pool, sender);
	if (rc)
		return rc;
	if (!sender)
		sender = sender_new(pool, address, slot->sender_hash);
	if (!sender)
		return UNCIA_E_MEMORY;
	slot->sender = sender;
	DL_APPEND(sender->slots, slot);
	sender_set_count(pool, sender, sender->count + 1);
	p->reason = PENDING_WAITING;
	slot->verified_at = pool->verified_count++;
	pool->verified[slot->verified_at] = (struct verified){.whole = p->payment->whole, .slot = slot};
	if (is_large(p->payment)) {
		DL_APPEND2(pool->large, slot, large_prev, large_next);
		pool->large_bytes += p->payment->size;
	}
	set_state(pool, slot, POOLED_READY);
	assert_counts(pool);
	return 0;
}

void mempool_park(struct mempool *pool, struct pooled *p, enum pending_reason reason)
{
	if (p->state != POOLED_PARKED)
		set_state(pool, (struct slot *)p, POOLED_PARKED);
	p->reason = reason;
	assert_counts(pool);
}

void mempool_unpark(struct mempool *pool, const struct address *address)
{
	if (!pool->parked)
		return;
	struct sender *sender = sender_find(pool, address, hash_of(pool, address, sizeof(*address)));
	struct slot *slot;
	if (!sender)
		return;
	DL_FOREACH (sender->slots, slot) {
		if (slot->pooled.state != POOLED_PARKED)
			continue;
		set_state(pool, slot, POOLED_READY);
		slot->pooled.reason = PENDING_WAITING;
	}
	assert_counts(pool);
}

void mempool_match(const struct mempool *pool, struct short_ids *ids)
{
	for (uint32_t v = 0; v < pool->verified_count; v++)
		short_ids_offer(ids, &pool->verified[v].whole, pool->verified[v].slot->pooled.payment);
}

enum pending_reason pending_reason_of(int error)
{
	switch (error) {
	case UNCIA_E_FUNDS:
		return PENDING_FUNDS;
	case UNCIA_E_SIGNATURE:
		return PENDING_KEY;
	case UNCIA_E_AMOUNT:
		return PENDING_AMOUNT;
	case UNCIA_E_TOO_FAR:
		return PENDING_TOO_EARLY;
	case UNCIA_E_END:
		return PENDING_END;
	default:
		return PENDING_WAITING;
	}
}
