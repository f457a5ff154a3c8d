/* The blocks that are not final, as a binary heap: the one of the lowest view first, which is forgotten first when a
 * later view becomes final. See chain.h. */
#include <assert.h>
#include <stdlib.h>
#include "chain.h"
#include "uncia/error.h"

#define HEAP_FIRST 64u

static void heap_put(struct chain *c, size_t at, struct chain_block *block)
{
	c->heap[at] = block;
	block->heap_at = at;
}

/* Moves the block at a place up or down to where it belongs. */
static void heap_settle_in(struct chain *c, size_t at)
{
	struct chain_block *block = c->heap[at];

	while (at > 0 && c->heap[(at - 1) / 2]->header.view > block->header.view) {
		heap_put(c, at, c->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (size_t child; (child = 2 * at + 1) < c->heap_count; at = child) {
		if (child + 1 < c->heap_count && c->heap[child + 1]->header.view < c->heap[child]->header.view)
			child++;
		if (c->heap[child]->header.view >= block->header.view)
			break;
		heap_put(c, at, c->heap[child]);
	}
	heap_put(c, at, block);
}

int by_view_add(struct chain *c, struct chain_block *block)
{
	if (c->heap_count == c->heap_capacity) {
		size_t capacity = c->heap_capacity ? c->heap_capacity * 2 : HEAP_FIRST;
		struct chain_block **heap = realloc(c->heap, capacity * sizeof(struct chain_block *));
		if (!heap)
			return UNCIA_E_MEMORY;
		c->heap = heap;
		c->heap_capacity = capacity;
	}
	heap_put(c, c->heap_count++, block);
	heap_settle_in(c, block->heap_at);
	return 0;
}

void by_view_remove(struct chain *c, struct chain_block *block)
{
	size_t at = block->heap_at;

	if (at == CHAIN_NOT_HELD)
		return;
	assert(at < c->heap_count && c->heap[at] == block);
	block->heap_at = CHAIN_NOT_HELD;
	c->heap_count--;
	if (at == c->heap_count)
		return;
	heap_put(c, at, c->heap[c->heap_count]);
	heap_settle_in(c, at);
}

void by_view_moved(struct chain *c, struct chain_block *block)
{
	if (block->heap_at != CHAIN_NOT_HELD)
		heap_settle_in(c, block->heap_at);
}
