/* A slab: a free list of items of one size. Items that were freed are allocated again, the last one first, because the
 * processor's caches still hold its lines. Unlike in an arena, each item is freed by itself, and AddressSanitizer sees
 * its misuse. Threads: any, one at a time for each slab. */
#ifndef SLAB_H
#define SLAB_H
#include <stddef.h>
#include <stdint.h>

struct slab {
	struct slab_item *spare; /* the free list */
	size_t size;             /* of an item, in bytes */
	uint32_t count, max;     /* of spare items */
};

/* An empty slab of items of `size` bytes, a pointer's at least, that keeps at most `max` spare ones. */
void slab_init(struct slab *slab, size_t size, uint32_t max);
/* Frees the spare items. Those still allocated belong to their holders, who must not slab_free them any more. */
void slab_deinit(struct slab *slab);
/* A spare item, or a fresh one: NULL where memory ends. Not zeroed. */
void *slab_alloc(struct slab *slab);
/* Takes back an item of this slab; past `max` spare ones, it is freed. */
void slab_free(struct slab *slab, void *memory);

#endif
