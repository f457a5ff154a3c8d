/* The bounded bump allocator. One malloc serves a payment; larger messages take chunks that double. */
#include "arena.h"
#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "poison.h"
#include "uncia/error.h"

#define ALIGNMENT     alignof(max_align_t)
#define CHUNK_FIRST   1008 /* with its header still a small block to malloc */
#define CHUNK_LARGEST (1u << 20)
#define CHUNK_CACHED  ((256u << 10) - 64) /* all chunks of a cache, so that each serves any arena; see malloc */

struct arena_chunk {
	struct arena_chunk *next;
	size_t size, used;
	alignas(max_align_t) uint8_t memory[];
};

static void *protobuf_alloc(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void protobuf_free(void *arena, void *memory)
{
	(void)arena;
	(void)memory;
}

void arena_init(struct arena *a, size_t limit)
{
	arena_init_cached(a, limit, NULL);
}

void arena_init_cached(struct arena *a, size_t limit, struct chunk_cache *cache)
{
	*a = (struct arena){
	    .cache = cache,
	    .limit = limit,
	    .protobuf = {.alloc = protobuf_alloc, .free = protobuf_free, .allocator_data = a},
	};
}

/* AddressSanitizer reports every access to memory of the chunk that is not handed out. */
static void poison(struct arena_chunk *chunk)
{
	memory_poison(chunk->memory, chunk->size);
}

/* The chunk that was put last; NULL where there is none. */
static struct arena_chunk *chunk_cache_take(struct chunk_cache *cache)
{
	struct arena_chunk *chunk = cache->chunks;

	if (!chunk)
		return NULL;
	assert(chunk->size == CHUNK_CACHED && cache->size >= chunk->size);
	cache->chunks = chunk->next;
	cache->size -= chunk->size;
	return chunk;
}

/* Last in, first out: the processor's caches still hold the chunk that was used last. */
static void chunk_cache_put(struct chunk_cache *cache, struct arena_chunk *chunk)
{
	assert(chunk->size == CHUNK_CACHED && cache->size <= CHUNK_CACHE_MAX - chunk->size);
	chunk->next = cache->chunks;
	cache->chunks = chunk;
	cache->size += chunk->size;
	poison(chunk);
}

/* A chunk with room for `size`, which the limit allows; without a cache never larger than what the limit leaves. */
static struct arena_chunk *add_chunk(struct arena *a, size_t size)
{
	size_t chunk_size = a->chunks ? a->chunks->size * 2 : CHUNK_FIRST;

	assert(size <= a->limit - a->used);
	if (chunk_size > CHUNK_LARGEST)
		chunk_size = CHUNK_LARGEST;
	if (chunk_size > a->limit - a->used)
		chunk_size = a->limit - a->used;
	if (a->cache)
		chunk_size = CHUNK_CACHED;
	if (chunk_size < size)
		chunk_size = size;
	struct arena_chunk *chunk = a->cache && chunk_size == CHUNK_CACHED ? chunk_cache_take(a->cache) : NULL;
	if (!chunk)
		chunk = malloc(sizeof(*chunk) + chunk_size);
	if (!chunk)
		return NULL;
	chunk->next = a->chunks;
	chunk->size = chunk_size;
	chunk->used = 0;
	a->chunks = chunk;
	poison(chunk);
	return chunk;
}

void *arena_alloc_unset(struct arena *a, size_t size)
{
	if (size > SIZE_MAX - ALIGNMENT) {
		a->error = UNCIA_E_LIMIT;
		return NULL;
	}
	size_t rounded = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
	if (rounded > a->limit - a->used) {
		a->error = UNCIA_E_LIMIT;
		return NULL;
	}
	struct arena_chunk *chunk = a->chunks;
	if (!chunk || rounded > chunk->size - chunk->used) {
		chunk = add_chunk(a, rounded);
		if (!chunk) {
			a->error = UNCIA_E_MEMORY;
			return NULL;
		}
	}
	assert(rounded <= chunk->size - chunk->used);
	void *memory = chunk->memory + chunk->used;
	chunk->used += rounded;
	a->used += rounded;
	memory_unpoison(memory, size);
	return memory;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *memory = arena_alloc_unset(a, size);

	return memory ? memset(memory, 0, size) : NULL;
}

static void free_chunks(struct arena_chunk *chunks)
{
	for (struct arena_chunk *chunk = chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
}

void arena_deinit(struct arena *a)
{
	if (!a)
		return;
	while (a->cache && a->chunks && a->cache->size + a->chunks->size <= CHUNK_CACHE_MAX) {
		struct arena_chunk *chunk = a->chunks;
		a->chunks = chunk->next;
		if (chunk->size == CHUNK_CACHED)
			chunk_cache_put(a->cache, chunk);
		else
			free(chunk);
	}
	free_chunks(a->chunks);
	a->chunks = NULL;
	a->used = 0;
}

void chunk_cache_deinit(struct chunk_cache *cache)
{
	free_chunks(cache->chunks);
	*cache = (struct chunk_cache){0};
}
