/* Memory in pieces of one size: those that were given back serve those to come, the last first, whose lines the
 * processor's caches still hold. Not an arena: each piece is freed by itself, and AddressSanitizer sees its misuse. */
#ifndef PIECES_H
#define PIECES_H
#include <stddef.h>
#include <stdint.h>

struct pieces {
	struct piece *spare;
	size_t size;
	uint32_t count, max; /* of the spare ones */
};

/* Keeps at most `max` pieces of `size` bytes: a pointer's, at least. */
void pieces_init(struct pieces *pieces, size_t size, uint32_t max);
void pieces_deinit(struct pieces *pieces); /* frees the spare ones; those that are out are their holders' */
/* NULL where memory ends. Not zeroed. */
void *pieces_take(struct pieces *pieces);
void pieces_give(struct pieces *pieces, void *memory);

#endif
