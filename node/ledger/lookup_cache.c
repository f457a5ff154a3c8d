/* Indexes: sets of eight places that fill a cache line each, so that a lookup reads one line. Absent ids: one place
 * each, by the low bits of the hash. Each table doubles as it is used, and starts empty again then. */
#include "lookup_cache.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

#define PLACES_MIN  64u
#define INDEXES_MAX (1u << 22) /* 32 MiB, with millions of accounts */
#define SET_PLACES  8u
#define ABSENT_MAX  (1u << 16) /* more than the payments of a few blocks */

struct index_place {
	uint32_t hash;
	uint32_t index; /* plus one: 0 is an empty place */
};

struct absent_id {
	struct payment_id id;
	uint32_t changes; /* of the store, when it was asked */
};

struct lookup_cache {
	uint32_t changes;                     /* of the store, from 1 */
	uint32_t index_places, absent_places; /* powers of two */
	struct index_place *indexes;          /* aligned within index_memory */
	void *index_memory;
	struct absent_id *absent;
};

/* Empty sets, each a cache line, in *memory, which is to be freed. NULL where memory ends. */
static struct index_place *new_indexes(uint32_t places, void **memory)
{
	const size_t line = SET_PLACES * sizeof(struct index_place);
	uint8_t *bytes = calloc(1, places * sizeof(struct index_place) + line);

	if (!bytes)
		return NULL;
	*memory = bytes;
	return (struct index_place *)(void *)(bytes + (line - (uintptr_t)bytes % line));
}

struct lookup_cache *lookup_cache_new(void)
{
	struct lookup_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->changes = 1;
	cache->index_places = cache->absent_places = PLACES_MIN;
	cache->indexes = new_indexes(PLACES_MIN, &cache->index_memory);
	cache->absent = calloc(PLACES_MIN, sizeof(*cache->absent));
	if (cache->indexes && cache->absent)
		return cache;
	lookup_cache_free(cache);
	return NULL;
}

void lookup_cache_free(struct lookup_cache *cache)
{
	if (!cache)
		return;
	free(cache->index_memory);
	free(cache->absent);
	free(cache);
}

static struct index_place *index_set(const struct lookup_cache *cache, unsigned hash)
{
	return &cache->indexes[hash % (cache->index_places / SET_PLACES) * SET_PLACES];
}

bool lookup_cache_index(const struct lookup_cache *cache, unsigned hash, uint64_t *index)
{
	const struct index_place *set = index_set(cache, hash);

	for (unsigned i = 0; i < SET_PLACES && set[i].index; i++)
		if (set[i].hash == hash) {
			*index = set[i].index - 1;
			return true;
		}
	return false;
}

int lookup_cache_add_index(struct lookup_cache *cache, unsigned hash, uint64_t index)
{
	if (index >= UINT32_MAX) /* a place has no room for it: it is looked up each time */
		return 0;
	if (cache->index_places < INDEXES_MAX && cache->index_places <= index) {
		void *memory;
		struct index_place *larger = new_indexes(2 * cache->index_places, &memory);
		if (!larger)
			return UNCIA_E_MEMORY;
		free(cache->index_memory);
		cache->index_memory = memory;
		cache->indexes = larger;
		cache->index_places *= 2;
	}
	struct index_place *set = index_set(cache, hash);
	unsigned i = 0;
	while (i < SET_PLACES && set[i].index && set[i].hash != hash)
		i++;
	if (i == SET_PLACES) /* full: the oldest goes */
		memmove(set, set + 1, --i * sizeof(*set));
	set[i] = (struct index_place){.hash = hash, .index = (uint32_t)index + 1};
	return 0;
}

static struct absent_id *absent_place(const struct lookup_cache *cache, unsigned hash)
{
	assert((cache->absent_places & (cache->absent_places - 1)) == 0);
	return &cache->absent[hash & (cache->absent_places - 1)];
}

void lookup_cache_prefetch_index(const struct lookup_cache *cache, unsigned hash)
{
	__builtin_prefetch(index_set(cache, hash));
}

void lookup_cache_prefetch_absent(const struct lookup_cache *cache, unsigned hash)
{
	__builtin_prefetch(absent_place(cache, hash));
}

bool lookup_cache_absent(const struct lookup_cache *cache, const struct payment_id *id, unsigned hash)
{
	const struct absent_id *absent = absent_place(cache, hash);

	return absent->changes == cache->changes && memcmp(&absent->id, id, sizeof(*id)) == 0;
}

int lookup_cache_add_absent(struct lookup_cache *cache, const struct payment_id *id, unsigned hash)
{
	/* One that still counts would be replaced: there are too few places. */
	if (cache->absent_places < ABSENT_MAX && absent_place(cache, hash)->changes == cache->changes) {
		struct absent_id *larger = calloc(2 * (size_t)cache->absent_places, sizeof(*larger));
		if (!larger)
			return UNCIA_E_MEMORY;
		free(cache->absent);
		cache->absent = larger;
		cache->absent_places *= 2;
	}
	*absent_place(cache, hash) = (struct absent_id){.id = *id, .changes = cache->changes};
	return 0;
}

void lookup_cache_store_changed(struct lookup_cache *cache)
{
	if (++cache->changes == 0) { /* the counter wrapped: ids of its last round must not count */
		memset(cache->absent, 0, cache->absent_places * sizeof(*cache->absent));
		cache->changes = 1;
	}
}
