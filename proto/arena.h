/* A bounded bump allocator, for decoding untrusted messages: protobuf-c can turn one byte into dozens
 * (docs/spec/encoding.md, "Canonical bytes"). Freed as a whole. Threads: any, one at a time for each arena and each
 * chunk cache. */
#ifndef ARENA_H
#define ARENA_H
#include <stddef.h>
#include <protobuf-c/protobuf-c.h>

/* Chunks that arenas gave back, kept for the next ones, which so take no fresh memory, whose pages the kernel would
 * have to find and clear. At most CHUNK_CACHE_MAX bytes. Begins as {0}. */
#define CHUNK_CACHE_MAX (4u << 20)
struct chunk_cache {
	struct arena_chunk *chunks;
	size_t size;
};

struct arena {
	struct arena_chunk *chunks;
	struct chunk_cache *cache; /* or NULL */
	size_t used, limit;
	int error;                   /* why an allocation failed: UNCIA_E_LIMIT or UNCIA_E_MEMORY; 0 where none did */
	ProtobufCAllocator protobuf; /* allocates here; its free does nothing */
};

/* An empty arena of at most `limit` bytes, counted as handed out. It must not move in memory: protobuf holds its
 * address. Allocates nothing. */
void arena_init(struct arena *a, size_t limit);
/* The same with a chunk cache, which outlives the arena. */
void arena_init_cached(struct arena *a, size_t limit, struct chunk_cache *cache);
/* `size` zeroed bytes, aligned for any type, the arena's own until arena_deinit. NULL past the limit or where memory
 * ends; a->error says which. */
void *arena_alloc(struct arena *a, size_t size);
/* The same with undefined contents, for what is written in full. */
void *arena_alloc_unset(struct arena *a, size_t size);
/* Gives the chunks to the cache, as far as it has room, and frees the others. NULL does nothing. */
void arena_deinit(struct arena *a);
/* Frees the chunks in the cache, which is empty afterwards. */
void chunk_cache_deinit(struct chunk_cache *cache);

#endif
