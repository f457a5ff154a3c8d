/* Points of the curve, by node/verify/batch (Rust, over curve25519-dalek): what batch.c needs of it, declared for C.
 * Public data only; nothing here is in constant time. The library takes memory for the sums of a batch, about 1.5 KiB a
 * signature, and ends the process where there is none. Threads: any. */
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

#endif
