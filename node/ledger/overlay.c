/* The tables are uthash's, under hashes computed beforehand; their nodes are in the arena. */
#include "overlay.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

/* uthash's macros read these where a table gets its first node: every function that adds calls its layer `o`. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS      (1U << o->buckets_log2)
#define HASH_INITIAL_NUM_BUCKETS_LOG2 (o->buckets_log2)
#define BUCKETS_LOG2_MIN              10U
#define BUCKETS_LOG2_MAX              18U
#define FILTER_BITS_LOG2              4U  /* 16 bits a bucket: of 16 hashes that are absent about one passes */
#define FILTER_FULL_LOG2              3U  /* with one node for 8 bits it is made four times as large, */
#define FILTER_LOG2_MAX               22U /* up to 512 KiB */

void overlay_init(struct overlay *o, struct chunk_cache *cache)
{
	*o = (struct overlay){.buckets_log2 = BUCKETS_LOG2_MIN};
	arena_init_cached(&o->arena, SIZE_MAX, cache);
}

void overlay_init_expecting(struct overlay *o, size_t expected)
{
	overlay_init(o, NULL);
	while (o->buckets_log2 < BUCKETS_LOG2_MAX && (size_t)1 << o->buckets_log2 < expected)
		o->buckets_log2++;
}

void overlay_deinit(struct overlay *o)
{
	HASH_CLEAR(hh, o->addresses);
	HASH_CLEAR(hh, o->payments);
	HASH_CLEAR(hh, o->orphans);
	arena_deinit(&o->arena);
}

static_assert(offsetof(struct overlay_payment, hh) == 0, "a filter is made anew from the handles of a table's nodes");

static void overlay_filter_set(struct filter *filter, unsigned hash)
{
	unsigned bit = hash & ((1U << filter->bits_log2) - 1);
	filter->words[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* Makes room for the hash of a node that is added to the table of these nodes; NULL: it is empty. A filter that has
 * become too small is made anew from the hashes in the table. Returns false where memory ends. */
static bool overlay_filter_add(struct overlay *o, struct filter *filter, const UT_hash_handle *nodes, unsigned hash)
{
	size_t count = nodes ? nodes->tbl->num_items : 0;
	unsigned bits_log2 = filter->words ? filter->bits_log2 : o->buckets_log2 + FILTER_BITS_LOG2;

	while (bits_log2 < FILTER_LOG2_MAX && count >> (bits_log2 - FILTER_FULL_LOG2))
		bits_log2 = bits_log2 + 2 < FILTER_LOG2_MAX ? bits_log2 + 2 : FILTER_LOG2_MAX;
	if (!filter->words || bits_log2 != filter->bits_log2) {
		uint64_t *words = arena_alloc(&o->arena, (size_t)1 << (bits_log2 - 3));
		if (!words)
			return false;
		*filter = (struct filter){.words = words, .bits_log2 = bits_log2};
		for (const UT_hash_handle *node = nodes; node; node = node->next)
			overlay_filter_set(filter, node->hashv);
	}
	assert(filter->bits_log2 >= 6 && filter->bits_log2 <= FILTER_LOG2_MAX);
	overlay_filter_set(filter, hash);
	return true;
}

static bool overlay_filter_has(const struct filter *filter, unsigned hash)
{
	unsigned bit = hash & ((1U << filter->bits_log2) - 1);

	return filter->words && filter->words[bit / 64] >> bit % 64 & 1;
}

void overlay_prefetch_payment(const struct overlay *o, unsigned hash)
{
	const struct filter *filter = &o->payment_filter;

	if (filter->words)
		__builtin_prefetch(&filter->words[(hash & ((1U << filter->bits_log2) - 1)) / 64]);
}

unsigned overlay_hash(const uint8_t seed[16], const void *key, size_t size)
{
	return (unsigned)siphash(seed, key, size);
}

struct overlay_address *overlay_find_address(const struct overlay *o, const struct entry_id *id, unsigned hash)
{
	struct overlay_address *node;

	HASH_FIND_BYHASHVALUE(hh, o->addresses, id, sizeof(*id), hash, node);
	return node;
}

struct overlay_payment *overlay_find_payment(const struct overlay *o, const struct payment_id *id, unsigned hash)
{
	struct overlay_payment *node;

	if (!overlay_filter_has(&o->payment_filter, hash))
		return NULL;
	HASH_FIND_BYHASHVALUE(hh, o->payments, id, sizeof(*id), hash, node);
	return node;
}

struct overlay_orphan *overlay_find_orphan(const struct overlay *o, const struct entry_id *id, unsigned hash)
{
	struct overlay_orphan *node;

	HASH_FIND_BYHASHVALUE(hh, o->orphans, id, sizeof(*id), hash, node);
	return node;
}

/* With HASH_NONFATAL_OOM, a node that could not be added has no table: hh.tbl is NULL. */
struct overlay_address *overlay_add_address(struct overlay *o, const struct entry_id *id, unsigned hash)
{
	struct overlay_address *node = arena_alloc(&o->arena, sizeof(*node));

	if (!node)
		return NULL;
	node->id = *id;
	HASH_ADD_BYHASHVALUE(hh, o->addresses, id, sizeof(node->id), hash, node);
	return node->hh.tbl ? node : NULL;
}

struct overlay_payment *overlay_add_payment(struct overlay *o, const struct payment_id *id, unsigned hash,
                                            uint32_t previous_count)
{
	struct overlay_payment *node = arena_alloc(&o->arena, sizeof(*node) + previous_count * sizeof(*node->previous));

	if (!node || !overlay_filter_add(o, &o->payment_filter, (const UT_hash_handle *)o->payments, hash))
		return NULL;
	node->id = *id;
	node->previous_count = previous_count;
	node->previous = (struct position *)(node + 1);
	HASH_ADD_BYHASHVALUE(hh, o->payments, id, sizeof(node->id), hash, node);
	return node->hh.tbl ? node : NULL;
}

struct overlay_orphan *overlay_add_orphan(struct overlay *o, const struct entry_id *id, unsigned hash)
{
	struct overlay_orphan *node = arena_alloc(&o->arena, sizeof(*node));

	if (!node)
		return NULL;
	node->id = *id;
	HASH_ADD_BYHASHVALUE(hh, o->orphans, id, sizeof(node->id), hash, node);
	return node->hh.tbl ? node : NULL;
}

int overlay_merge(struct overlay *lower, const struct overlay *upper)
{
	for (const struct overlay_address *from = upper->addresses; from; from = from->hh.next) {
		struct overlay_address *to = overlay_find_address(lower, &from->id, from->hh.hashv);
		if (!to)
			to = overlay_add_address(lower, &from->id, from->hh.hashv);
		if (!to)
			return UNCIA_E_MEMORY;
		to->index = from->index;
	}
	for (const struct overlay_payment *from = upper->payments; from; from = from->hh.next) {
		struct overlay_payment *to =
		    overlay_add_payment(lower, &from->id, from->hh.hashv, from->previous_count);
		if (!to)
			return UNCIA_E_MEMORY;
		assert(from->at.height != 0 && from->previous_count > 0);
		to->at = from->at;
		memcpy(to->previous, from->previous, from->previous_count * sizeof(*from->previous));
	}
	for (const struct overlay_orphan *from = upper->orphans; from; from = from->hh.next) {
		struct overlay_orphan *to = overlay_find_orphan(lower, &from->id, from->hh.hashv);
		if (!to)
			to = overlay_add_orphan(lower, &from->id, from->hh.hashv);
		if (!to)
			return UNCIA_E_MEMORY;
		to->head = from->head;
	}
	return 0;
}
