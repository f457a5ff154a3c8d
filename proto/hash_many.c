/* BLAKE2b (RFC 7693) of many inputs at a time. hash_lanes.h has it for as many lanes as an instruction has: eight with
 * AVX-512, four with AVX2, by what the processor has when it runs; where it has neither, or the compiler knows no such
 * vectors, libsodium hashes one after the other. */
#include "hash_many.h"
#include <assert.h>

#if defined(__x86_64__) && defined(__GNUC__) && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define LANES_IN_USE
#endif
#endif

#ifdef LANES_IN_USE
#define BLOCK_SIZE 128u
#define WORDS      16u

static const uint64_t blake2b_iv[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* Rounds 10 and 11 are as 0 and 1. */
static const uint8_t blake2b_sigma[12][WORDS] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

/* AVX-512 rotates words by itself. */
#define LANES          8u
#define LANES_MIN      3u
#define LANES_TYPE     lanes_of_8
#define LANES_COMPRESS compress_of_8
#define LANES_HASH     hash_of_8
#define LANES_MANY     hash_lanes_of_8
#define LANES_TARGET   "avx512f"
#define ROTATE_32(x)   ((x) >> 32 | (x) << 32)
#define ROTATE_24(x)   ((x) >> 24 | (x) << 40)
#define ROTATE_16(x)   ((x) >> 16 | (x) << 48)
#define ROTATE_63(x)   ((x) >> 63 | (x) << 1)
#include "hash_lanes.h"

/* AVX2 does not, but moves bytes. Eight lanes would take twice the registers that there are. */
typedef uint8_t lane_bytes __attribute__((vector_size(32)));
#define BYTES_FROM(at, n)                                                                                              \
	(at) + (0 + (n)) % 8, (at) + (1 + (n)) % 8, (at) + (2 + (n)) % 8, (at) + (3 + (n)) % 8, (at) + (4 + (n)) % 8,  \
	    (at) + (5 + (n)) % 8, (at) + (6 + (n)) % 8, (at) + (7 + (n)) % 8
#define ROTATE_BYTES(x, n)                                                                                             \
	((lanes_of_4)__builtin_shufflevector((lane_bytes)(x), (lane_bytes)(x), BYTES_FROM(0, n), BYTES_FROM(8, n),     \
	                                     BYTES_FROM(16, n), BYTES_FROM(24, n)))
#define LANES          4u
#define LANES_MIN      2u
#define LANES_TYPE     lanes_of_4
#define LANES_COMPRESS compress_of_4
#define LANES_HASH     hash_of_4
#define LANES_MANY     hash_lanes_of_4
#define LANES_TARGET   "avx2"
#define ROTATE_32(x)   ROTATE_BYTES(x, 4)
#define ROTATE_24(x)   ROTATE_BYTES(x, 3)
#define ROTATE_16(x)   ROTATE_BYTES(x, 2)
#define ROTATE_63(x)   ((x) >> 63 | ((x) + (x)))
#include "hash_lanes.h"

#endif

/* Returns how many of them it has hashed. */
static size_t hash_in_lanes(enum hash_tag tag, const uint8_t *const *inputs, size_t size, size_t count,
                            struct hash *const *out)
{
#ifdef LANES_IN_USE
	uint64_t personal[2]; /* encoding, "Hashing": the tag */

	memcpy(personal, hash_tag_personal(tag), sizeof(personal));
	if (__builtin_cpu_supports("avx512f"))
		return hash_lanes_of_8(personal, inputs, size, count, out);
	if (__builtin_cpu_supports("avx2"))
		return hash_lanes_of_4(personal, inputs, size, count, out);
#else
	(void)tag, (void)inputs, (void)size, (void)count, (void)out;
#endif
	return 0;
}

void hash_many(enum hash_tag tag, const uint8_t *const *inputs, size_t size, size_t count, struct hash *const *out)
{
	for (size_t i = hash_in_lanes(tag, inputs, size, count, out); i < count; i++)
		hash1(tag, inputs[i], size, out[i]);
}
