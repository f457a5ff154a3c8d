/* The bounded bump allocator. One malloc serves a payment; larger messages take chunks that double. */
#include "arena.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

#define ALIGNMENT     alignof(max_align_t)
#define CHUNK_FIRST   1008 /* with its header still a small block to malloc */
#define CHUNK_LARGEST (1u << 20)

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
	*a = (struct arena){
	    .limit = limit,
	    .protobuf = {.alloc = protobuf_alloc, .free = protobuf_free, .allocator_data = a},
	};
}

/* A chunk with room for `size`, which the limit allows; never larger than what the limit leaves. */
static struct arena_chunk *add_chunk(struct arena *a, size_t size)
{
	size_t chunk_size = a->chunks ? a->chunks->size * 2 : CHUNK_FIRST;

	if (chunk_size > CHUNK_LARGEST)
		chunk_size = CHUNK_LARGEST;
	if (chunk_size > a->limit - a->used)
		chunk_size = a->limit - a->used;
	if (chunk_size < size)
		chunk_size = size;
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + chunk_size);
	if (!chunk)
		return NULL;
	chunk->next = a->chunks;
	chunk->size = chunk_size;
	chunk->used = 0;
	a->chunks = chunk;
	return chunk;
}

void *arena_alloc(struct arena *a, size_t size)
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
	void *memory = chunk->memory + chunk->used;
	chunk->used += rounded;
	a->used += rounded;
	return memset(memory, 0, rounded);
}

void arena_deinit(struct arena *a)
{
	if (!a)
		return;
	for (struct arena_chunk *chunk = a->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	a->chunks = NULL;
	a->used = 0;
}
