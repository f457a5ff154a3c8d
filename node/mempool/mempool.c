/* The pool: one list per sender, oldest first, and over the senders a table, a list by how many each has waiting, and
 * the turn list of those with something ready. Nothing here knows the ledger or a clock. */
#include "mempool.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "pieces.h"
#include "uncia/error.h"
#include <utlist.h>

#define VERIFYING_MAX  16384u /* payments whose signatures are being checked */
#define BUCKETS_MIN    64u
#define FULL_CHAIN     8u    /* how many a bucket has in a full pool, about: it hardly ever is */
#define SPARES_MAX     4096u /* slots and senders that were given back and are kept for those to come */
#define FETCHED_AHEAD  4u    /* see mempool_remove_final */
#define FETCHED_MAX    16u   /* more than twice as many */
#define EXPIRY_BUCKETS 4096u /* seconds: more than a payment's longest life */

struct slot {
	struct pooled pooled;     /* first: what is handed out is the slot */
	struct sender *sender;    /* NULL while its signature is being checked: a forger is not the sender */
	struct slot *prev, *next; /* of the same sender, oldest first */
	struct slot *bucket_prev, *bucket_next;
	struct slot *large_prev, *large_next; /* verified ones that are large, oldest first */
	struct slot *whole_next;              /* of the same bucket of mempool.by_whole */
	struct slot *id_next, **id_back; /* of by_id; whoever signs one body a thousand times makes one chain of them */
	uint32_t whole_hash, sender_hash;
	uint32_t bucket;
	uint32_t verified_at; /* its place in mempool.verified, unless POOLED_VERIFYING */
};

struct sender {
	struct address address;
	struct slot *slots;
	uint32_t count, ready;
	struct sender *level_prev, *level_next; /* of those with the same count, the longest there first */
	struct sender *turn_prev, *turn_next;   /* of those with something ready */
	uint32_t round;                         /* the walk that took its turn last */
	struct slot *following;                 /* in that walk: what it gives next, or NULL */
	struct sender *queue_prev, *queue_next; /* in that walk: those with more to give */
	struct sender *hash_next;               /* of the same bucket of mempool.senders */
	uint32_t hash;
};

struct verified {
	struct hash whole;
	struct slot *slot;
};

struct mempool {
	uint32_t size_max, per_sender_max, verifying_max;
	uint8_t hash_seed[16];
	uint32_t count, ready, parked;
	uint32_t most; /* the largest count of a sender */
	uint64_t evicted;
	/* Tables: chains, under hashes that nobody else can foresee, from as many buckets as are never too few.
	 * Payments of one id under several signatures are all in by_id. */
	uint32_t mask;
	struct slot **by_whole, **by_id;
	struct sender **senders;
	struct pieces slots, sender_pieces;
	struct sender **levels; /* by count: 1 .. per_sender_max */
	struct sender *turns;
	struct slot *buckets[EXPIRY_BUCKETS]; /* by expires_at */
	uint64_t expired_s;                   /* all that ends by then is gone */
	struct verified *verified;            /* dense: what mempool_gather runs over */
	uint32_t verified_count;
	struct slot *large;
	size_t large_bytes;
	uint32_t round;
	struct sender *queue;
};

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
	pieces_init(&p->slots, sizeof(struct slot), SPARES_MAX);
	pieces_init(&p->sender_pieces, sizeof(struct sender), SPARES_MAX);
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
			pieces_give(&pool->slots, slot);
		}
	for (uint32_t b = 0; pool->senders && b <= pool->mask; b++)
		LL_FOREACH_SAFE2 (pool->senders[b], sender, next_sender, hash_next)
			pieces_give(&pool->sender_pieces, sender);
	pieces_deinit(&pool->slots);
	pieces_deinit(&pool->sender_pieces);
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

uint32_t mempool_ready(const struct mempool *pool)
{
	return pool->ready;
}

uint32_t mempool_parked(const struct mempool *pool)
{
	return pool->parked;
}

uint64_t mempool_evicted(const struct mempool *pool)
{
	return pool->evicted;
}

/* ---- senders --------------------------------------------------------------------------------- */

static struct sender *find_sender(const struct mempool *pool, const struct address *address, uint32_t hash)
{
	struct sender *sender = pool->senders[hash & pool->mask];

	while (sender && (sender->hash != hash || memcmp(&sender->address, address, sizeof(*address)) != 0))
		sender = sender->hash_next;
	return sender;
}

static struct sender *make_sender(struct mempool *pool, const struct address *address, uint32_t hash)
{
	struct sender *sender = pieces_take(&pool->sender_pieces);

	if (!sender)
		return NULL;
	*sender = (struct sender){.address = *address, .hash = hash};
	LL_PREPEND2(pool->senders[hash & pool->mask], sender, hash_next);
	return sender;
}

/* Frees a sender that has nothing. */
static void drop_sender(struct mempool *pool, struct sender *sender)
{
	assert(sender->count == 0 && sender->ready == 0 && !sender->following);
	LL_DELETE2(pool->senders[sender->hash & pool->mask], sender, hash_next);
	pieces_give(&pool->sender_pieces, sender);
}

/* Moves the sender to the list of its new count, at the end. */
static void set_count(struct mempool *pool, struct sender *sender, uint32_t count)
{
	if (sender->count)
		DL_DELETE2(pool->levels[sender->count], sender, level_prev, level_next);
	sender->count = count;
	if (count)
		DL_APPEND2(pool->levels[count], sender, level_prev, level_next);
	if (count > pool->most)
		pool->most = count;
	while (pool->most && !pool->levels[pool->most])
		pool->most--;
}

/* Counts one of the sender's payments in or out of those ready. */
static void add_ready(struct mempool *pool, struct sender *sender)
{
	pool->ready++;
	if (sender->ready++ == 0)
		DL_APPEND2(pool->turns, sender, turn_prev, turn_next);
}

static struct slot *next_ready(struct slot *slot)
{
	while (slot && slot->pooled.state != POOLED_READY)
		slot = slot->next;
	return slot;
}

/* The slot is not ready any more, whatever comes next: a walk must not give it. */
static void remove_ready(struct mempool *pool, struct slot *slot)
{
	struct sender *sender = slot->sender;

	pool->ready--;
	if (--sender->ready == 0)
		DL_DELETE2(pool->turns, sender, turn_prev, turn_next);
	if (sender->following != slot)
		return;
	sender->following = next_ready(slot->next);
	if (!sender->following)
		DL_DELETE2(pool->queue, sender, queue_prev, queue_next);
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

/* Takes it out of everything; its payment goes, the slot itself is left. */
static void take_out(struct mempool *pool, struct slot *slot)
{
	struct pooled *p = &slot->pooled;
	struct sender *sender = slot->sender;

	if (p->state == POOLED_READY)
		remove_ready(pool, slot);
	pool->parked -= p->state == POOLED_PARKED;
	if (sender) {
		struct verified *last = &pool->verified[--pool->verified_count];
		pool->verified[slot->verified_at] = *last;
		last->slot->verified_at = slot->verified_at;
		if (is_large(p->payment)) {
			DL_DELETE2(pool->large, slot, large_prev, large_next);
			pool->large_bytes -= p->payment->size;
		}
		DL_DELETE(sender->slots, slot);
		set_count(pool, sender, sender->count - 1);
		if (sender->count == 0)
			drop_sender(pool, sender);
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
	pieces_give(&pool->slots, slot);
}

/* The pool itself has no more use for it: whoever waits for its verdict keeps the slot. */
static void let_go(struct mempool *pool, struct slot *slot)
{
	if (slot->pooled.state != POOLED_VERIFYING) {
		mempool_remove(pool, &slot->pooled);
		return;
	}
	take_out(pool, slot);
	slot->pooled.state = POOLED_GONE;
}

static void remove_of_id(struct mempool *pool, struct slot *chain, const struct payment_id *id)
{
	for (struct slot *slot = next_of_id(chain, id), *next; slot; slot = next) {
		next = next_of_id(slot->id_next, id);
		let_go(pool, slot);
	}
}

/* A block's payments lie all over the memory, which answers slowly and many at once: what is needed for each of them,
 * itself, then its chain, then what is there, is asked for some payments before its turn. */
void mempool_remove_final(struct mempool *pool, struct payment *const *payments, size_t count)
{
	struct slot **chains[FETCHED_MAX];

	for (size_t step = 0; step < count + 2 * FETCHED_AHEAD; step++) {
		if (step + FETCHED_AHEAD < count)
			__builtin_prefetch(payments[step + FETCHED_AHEAD]);
		if (step < count) {
			struct slot **chain = id_bucket(pool, &payments[step]->id);
			chains[step % FETCHED_MAX] = chain;
			__builtin_prefetch(chain);
		}
		size_t next = step - FETCHED_AHEAD,
		       now = step - 2 * FETCHED_AHEAD; /* past the count before the first */
		if (next < count) {
			/* NOLINTNEXTLINE(clang-analyzer-*): set some steps ago */
			const struct slot *slot = *chains[next % FETCHED_MAX];
			__builtin_prefetch(slot);
			if (slot)
				__builtin_prefetch(&slot->large_prev);
		}
		if (now < count)
			/* NOLINTNEXTLINE(clang-analyzer-*): likewise */
			remove_of_id(pool, *chains[now % FETCHED_MAX], &payments[now]->id);
	}
}

/* Makes room where the pool is full. faults: a flood from one sender is its own loss; one from many pushes out those
 * who have waited longest with as much, so that whoever comes is there for the next block. */
static int make_room(struct mempool *pool, const struct sender *newcomer)
{
	if (pool->verified_count < pool->size_max)
		return 0;
	struct sender *victim = pool->levels[pool->most];
	if (newcomer && newcomer->count == pool->most)
		return UNCIA_E_FULL;
	pool->evicted++;
	mempool_remove(pool, &victim->slots->prev->pooled); /* the newest: utlist's head points back at its tail */
	return 0;
}

/* Counted by number alone, the largest there are would take gigabytes, and keys to send them from cost nothing. Their
 * room goes round: whoever comes is there for the next block. Returns whether any had to go. */
static bool make_large_room(struct mempool *pool, const struct payment *newcomer)
{
	uint64_t evicted = pool->evicted;

	while (is_large(newcomer) && pool->large_bytes + newcomer->size > MEMPOOL_LARGE_BYTES_MAX) {
		pool->evicted++;
		mempool_remove(pool, &pool->large->pooled);
	}
	return pool->evicted != evicted;
}

static struct slot *new_slot(struct mempool *pool, struct payment *payment, uint32_t whole_hash, uint64_t now_ms)
{
	struct slot *slot = pieces_take(&pool->slots);

	if (!slot)
		return NULL;
	*slot = (struct slot){.pooled = {.payment = payment, .state = POOLED_VERIFYING, .added_ms = now_ms},
	                      .whole_hash = whole_hash,
	                      .sender_hash = hash_of(pool, &payment->sender, sizeof(payment->sender))};
	index_slot(pool, slot);
	return slot;
}

/* Asked of every payment that comes: nobody is looked for where nobody has as many. */
static bool sender_full(const struct mempool *pool, const struct payment *payment)
{
	if (pool->most < pool->per_sender_max)
		return false;
	const struct sender *sender =
	    find_sender(pool, &payment->sender, hash_of(pool, &payment->sender, sizeof(payment->sender)));
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
	/* What has ended already goes with the next second. */
	uint64_t ends = payment->expires_at > pool->expired_s ? payment->expires_at : pool->expired_s + 1;
	slot->bucket = ends % EXPIRY_BUCKETS;
	DL_APPEND2(pool->buckets[slot->bucket], slot, bucket_prev, bucket_next);
	pool->count++;
	*pooled = &slot->pooled;
	return 0;
}

static void expire_bucket(struct mempool *pool, uint32_t bucket, uint64_t now_s)
{
	struct slot *slot, *next;

	DL_FOREACH_SAFE2 (pool->buckets[bucket], slot, next, bucket_next) {
		if (slot->pooled.payment->expires_at <= now_s)
			let_go(pool, slot);
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
}

/* ---- finding and states ---------------------------------------------------------------------- */

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
	/* The id is of the body, which names the sender: a verified one of this id is among that sender's. */
	const struct sender *sender = find_sender(pool, &slot->pooled.payment->sender, slot->sender_hash);
	DL_FOREACH (sender ? sender->slots : NULL, other)
		if (memcmp(&other->pooled.payment->id, id, sizeof(*id)) == 0)
			return &other->pooled;
	return &slot->pooled;
}

/* Only now is it the sender's: what others forge in a name neither takes its places nor pushes anybody out. */
int mempool_verified(struct mempool *pool, struct pooled *p)
{
	struct slot *slot = (struct slot *)p;

	if (p->state != POOLED_VERIFYING)
		return 0;
	const struct address *address = &p->payment->sender;
	struct sender *sender = find_sender(pool, address, slot->sender_hash);
	if (sender && sender->count >= pool->per_sender_max)
		return UNCIA_E_LIMIT;
	if (make_large_room(pool, p->payment))
		sender = find_sender(pool, address, slot->sender_hash); /* its last one may have gone */
	int rc = make_room(pool, sender);
	if (rc)
		return rc;
	if (!sender)
		sender = make_sender(pool, address, slot->sender_hash);
	if (!sender)
		return UNCIA_E_MEMORY;
	slot->sender = sender;
	DL_APPEND(sender->slots, slot);
	set_count(pool, sender, sender->count + 1);
	p->state = POOLED_READY;
	p->reason = PENDING_WAITING;
	slot->verified_at = pool->verified_count++;
	pool->verified[slot->verified_at] = (struct verified){.whole = p->payment->whole, .slot = slot};
	if (is_large(p->payment)) {
		DL_APPEND2(pool->large, slot, large_prev, large_next);
		pool->large_bytes += p->payment->size;
	}
	add_ready(pool, sender);
	return 0;
}

void mempool_park(struct mempool *pool, struct pooled *p, enum pending_reason reason)
{
	assert(p->state == POOLED_READY || p->state == POOLED_PARKED);
	if (p->state == POOLED_READY) {
		remove_ready(pool, (struct slot *)p);
		pool->parked++;
	}
	p->state = POOLED_PARKED;
	p->reason = reason;
}

void mempool_unpark(struct mempool *pool, const struct address *address)
{
	if (!pool->parked)
		return;
	struct sender *sender = find_sender(pool, address, hash_of(pool, address, sizeof(*address)));
	struct slot *slot;
	if (!sender)
		return;
	DL_FOREACH (sender->slots, slot) {
		if (slot->pooled.state != POOLED_PARKED)
			continue;
		pool->parked--;
		slot->pooled.state = POOLED_READY;
		slot->pooled.reason = PENDING_WAITING;
		add_ready(pool, sender);
	}
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* First everybody's oldest, in order of turns: a sender whose turn was taken goes to the end of them, so that the next
 * walk begins with those who were not reached. Then, round by round, those who have more. */
void mempool_walk_begin(struct mempool *pool, struct mempool_walk *walk)
{
	struct sender *sender, *next;

	DL_FOREACH_SAFE2 (pool->queue, sender, next, queue_next)
		sender->following = NULL;
	pool->queue = NULL;
	pool->round++;
	*walk = (struct mempool_walk){.round = pool->round};
}

struct pooled *mempool_walk_next(struct mempool *pool, struct mempool_walk *walk)
{
	struct sender *sender = pool->turns;
	struct slot *slot;

	if (walk->round != pool->round)
		return NULL;
	if (sender && sender->round != pool->round) {
		sender->round = pool->round;
		DL_DELETE2(pool->turns, sender, turn_prev, turn_next);
		DL_APPEND2(pool->turns, sender, turn_prev, turn_next);
		slot = next_ready(sender->slots);
	} else {
		sender = pool->queue;
		if (!sender)
			return NULL;
		DL_DELETE2(pool->queue, sender, queue_prev, queue_next);
		slot = sender->following;
	}
	sender->following = next_ready(slot->next);
	if (sender->following)
		DL_APPEND2(pool->queue, sender, queue_prev, queue_next);
	return &slot->pooled;
}

void mempool_gather(const struct mempool *pool, struct gathering *gathering)
{
	for (uint32_t v = 0; v < pool->verified_count; v++)
		gathering_offer(gathering, &pool->verified[v].whole, pool->verified[v].slot->pooled.payment);
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
	default:
		return PENDING_WAITING;
	}
}
