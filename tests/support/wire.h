/* Bytes on their way from one end of a connection to the other: they come late, in order and in pieces of any size, and
 * where the connection breaks, any front part of them. What they mean is the ends' business. */
#ifndef WIRE_H
#define WIRE_H
#include <stddef.h>
#include <stdint.h>

struct wire_piece {
	struct wire_piece *next;
	uint64_t at; /* when it comes */
	size_t size;
	uint8_t bytes[];
};

struct wire { /* wire_clear before anything else */
	struct wire_piece *first, **last;
	uint64_t last_at; /* nothing that is written comes before */
	size_t size;      /* bytes on their way */
};

/* Of 0 .. below-1, the next that `random` gives. */
uint64_t wire_draw(uint64_t *random, uint64_t below);
void wire_clear(struct wire *w);
void wire_write(struct wire *w, uint64_t *random, uint64_t now, uint32_t delay_max_ms, const void *bytes, size_t size);
/* The next piece that has come by now, or NULL. The caller's to free. */
struct wire_piece *wire_due(struct wire *w, uint64_t now);
/* The connection breaks: of what is on its way any front part comes. */
void wire_break(struct wire *w, uint64_t *random);

#endif
