/* Points of the curve, by node/verify/batch (Rust, over curve25519-dalek): what batch.c needs of it, declared for C.
 * Public data only; nothing here is in constant time. The sum of a batch takes memory, which points_memory gives; what
 * it refuses ends the process. Nothing else does. Threads: any. */
#ifndef POINTS_H
#define POINTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decoded point, 160 bytes. May be copied; means nothing to another build. */
struct point {
	uint64_t opaque[20];
};

/* What one signature says. */
struct signed_point {
	const struct point *key;
	const uint8_t *r, *s, *hash; /* 32 bytes; 32, below the group order; 64: SHA-512 of R, key and message */
};

/* Whether the bytes are a point of the curve. Encodings that are not canonical are taken, too. */
bool points_decode(const uint8_t bytes[32], struct point *point);
/* Whether the order of a decoded point is exactly that of the base point. */
bool points_prime_order(const struct point *point);
/* Whether 8 (sB - kA - R) is the neutral element, and R a point. */
bool points_hold(const struct signed_point *one);
/* Whether that is so of all: of the sum, each times its weight of 16 random bytes. Wrong with a chance of 2^-128. */
bool points_all_hold(const struct signed_point *all, const uint8_t (*weights)[16], size_t count);
/* What points_all_hold takes for so many, at most: 8 multiples of 160 bytes of two points each, in a list that doubles;
 * points, scalars, and the digits of these. */
#define POINTS_MEMORY(count) (4 * (count)*1280u + (2 * (count) + 1) * (256u + 160u + 32u) + 256u)
/* Called by points_all_hold: memory on its thread, until it returns. `newest` is what was given last, if that is to
 * grow or shrink in its place; else NULL or anything else. NULL: there is no more. */
void *points_memory(void *newest, size_t size, size_t align);

#endif
