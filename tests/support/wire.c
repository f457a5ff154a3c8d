/* See wire.h. */
#include "wire.h"
#include <stdlib.h>
#include <string.h>

#define PIECES_PERCENT 30 /* of runs of bytes that come in pieces */

uint64_t wire_draw(uint64_t *random, uint64_t below)
{
	*random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (*random >> 33) % below;
}

void wire_clear(struct wire *w)
{
	while (w->first) {
		struct wire_piece *piece = w->first;
		w->first = piece->next;
		free(piece);
	}
	w->last = &w->first;
	w->size = 0;
}

static void add(struct wire *w, uint64_t at, const uint8_t *bytes, size_t size)
{
	struct wire_piece *piece = malloc(sizeof(*piece) + size);

	if (!piece)
		abort();
	w->last_at = at > w->last_at ? at : w->last_at;
	*piece = (struct wire_piece){.at = w->last_at, .size = size};
	memcpy(piece->bytes, bytes, size);
	*w->last = piece;
	w->last = &piece->next;
	w->size += size;
}

/* In pieces of any size: a frame may come a byte at a time. */
void wire_write(struct wire *w, uint64_t *random, uint64_t now, uint32_t delay_max_ms, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	while (wire_draw(random, 100) < PIECES_PERCENT && size > 0) {
		size_t piece = 1 + wire_draw(random, wire_draw(random, 2) ? 8 : size);
		piece = piece < size ? piece : size;
		add(w, now + 1 + wire_draw(random, delay_max_ms), from, piece);
		from += piece;
		size -= piece;
	}
	if (size > 0)
		add(w, now + 1 + wire_draw(random, delay_max_ms), from, size);
}

struct wire_piece *wire_due(struct wire *w, uint64_t now)
{
	struct wire_piece *piece = w->first;

	if (!piece || piece->at > now)
		return NULL;
	w->first = piece->next;
	if (!w->first)
		w->last = &w->first;
	w->size -= piece->size;
	return piece;
}

void wire_break(struct wire *w, uint64_t *random)
{
	struct wire_piece **at = &w->first;
	struct wire rest = {0};

	for (uint64_t kept = wire_draw(random, 4); *at && kept; kept--)
		at = &(*at)->next;
	if (!*at)
		return;
	rest.first = (*at)->next;
	(*at)->next = NULL;
	(*at)->size = wire_draw(random, (*at)->size + 1);
	w->last = &(*at)->next;
	wire_clear(&rest);
	w->size = 0;
	for (const struct wire_piece *piece = w->first; piece; piece = piece->next)
		w->size += piece->size;
}
