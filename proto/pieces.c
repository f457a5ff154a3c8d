/* See pieces.h: a list through the spare pieces themselves. */
#include "pieces.h"
#include <assert.h>
#include <stdlib.h>
#include "poison.h"

struct piece {
	struct piece *next;
};

void pieces_init(struct pieces *pieces, size_t size, uint32_t max)
{
	assert(size >= sizeof(struct piece));
	*pieces = (struct pieces){.size = size, .max = max};
}

void *pieces_take(struct pieces *pieces)
{
	struct piece *piece = pieces->spare;

	if (!piece)
		return malloc(pieces->size);
	memory_unpoison(piece, pieces->size);
	pieces->spare = piece->next;
	pieces->count--;
	return piece;
}

void pieces_give(struct pieces *pieces, void *memory)
{
	struct piece *piece = memory;

	if (pieces->count == pieces->max) {
		free(piece);
		return;
	}
	piece->next = pieces->spare;
	pieces->spare = piece;
	pieces->count++;
	memory_poison(piece, pieces->size);
}

void pieces_deinit(struct pieces *pieces)
{
	while (pieces->count)
		free(pieces_take(pieces));
}
