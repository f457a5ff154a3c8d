/* BLAKE2b (RFC 7693) of eight inputs at a time: each word of the state is a vector, with a lane for each input, so that
 * all lanes go through the same operations. GCC's vectors become AVX-512 or AVX2 instructions, by what the processor
 * has when it runs; where it has neither, or the compiler knows no such vectors, libsodium hashes one after the other.
 */
#include "hash_many.h"
#include <assert.h>

#if defined(__x86_64__) && defined(__GNUC__)

#define LANES      8u
#define LANES_MIN  3u /* with fewer inputs, one after the other is no slower */
#define BLOCK_SIZE 128u
#define WORDS      16u

typedef uint64_t lanes __attribute__((vector_size(LANES * sizeof(uint64_t)), aligned(8 * LANES)));

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

#define ROTATE(x, n) ((x) >> (n) | (x) << (64 - (n)))
#define MIX(a, b, c, d, x, y)                                                                                          \
	do {                                                                                                           \
		v[a] += v[b] + m[x];                                                                                   \
		v[d] = ROTATE(v[d] ^ v[a], 32);                                                                        \
		v[c] += v[d];                                                                                          \
		v[b] = ROTATE(v[b] ^ v[c], 24);                                                                        \
		v[a] += v[b] + m[y];                                                                                   \
		v[d] = ROTATE(v[d] ^ v[a], 16);                                                                        \
		v[c] += v[d];                                                                                          \
		v[b] = ROTATE(v[b] ^ v[c], 63);                                                                        \
	} while (0)
#define ROUND(s)                                                                                                       \
	do {                                                                                                           \
		MIX(0, 4, 8, 12, (s)[0], (s)[1]);                                                                      \
		MIX(1, 5, 9, 13, (s)[2], (s)[3]);                                                                      \
		MIX(2, 6, 10, 14, (s)[4], (s)[5]);                                                                     \
		MIX(3, 7, 11, 15, (s)[6], (s)[7]);                                                                     \
		MIX(0, 5, 10, 15, (s)[8], (s)[9]);                                                                     \
		MIX(1, 6, 11, 12, (s)[10], (s)[11]);                                                                   \
		MIX(2, 7, 8, 13, (s)[12], (s)[13]);                                                                    \
		MIX(3, 4, 9, 14, (s)[14], (s)[15]);                                                                    \
	} while (0)

/* One block of each lane. `through`: bytes hashed with it. Always inlined, into functions for one processor each. */
static inline __attribute__((always_inline)) void blake2b_compress(lanes h[8], const uint8_t *const at[LANES],
                                                                   uint64_t through, bool last)
{
	lanes v[WORDS], m[WORDS];

	for (unsigned word = 0; word < WORDS; word++)
		for (unsigned lane = 0; lane < LANES; lane++) {
			uint64_t value; /* x86 is little-endian, as BLAKE2 is */
			memcpy(&value, at[lane] + 8 * word, sizeof(value));
			m[word][lane] = value;
		}
	for (unsigned i = 0; i < 8; i++) {
		v[i] = h[i];
		v[i + 8] = (lanes){0} + blake2b_iv[i];
	}
	v[12] ^= through;
	if (last)
		v[14] = ~v[14];
#pragma GCC unroll 12
	for (unsigned round = 0; round < 12; round++)
		ROUND(blake2b_sigma[round]);
	for (unsigned i = 0; i < 8; i++)
		h[i] ^= v[i] ^ v[i + 8];
}

/* encoding, "Hashing": the parameters of a hash of 32 bytes without a key, the tag being its personalisation. */
static inline __attribute__((always_inline)) void hash_lanes(enum hash_tag tag, const uint8_t *const inputs[LANES],
                                                             size_t size, struct hash *const out[LANES])
{
	const uint8_t *at[LANES];
	uint8_t rest[LANES][BLOCK_SIZE];
	uint64_t personal[2];
	lanes h[8];
	size_t done = 0;

	memcpy(personal, hash_tag_personal(tag), sizeof(personal));
	for (unsigned i = 0; i < 8; i++)
		h[i] = (lanes){0} + blake2b_iv[i];
	h[0] ^= UINT64_C(0x01010000) ^ HASH_SIZE;
	h[6] ^= personal[0];
	h[7] ^= personal[1];
	for (; size - done > BLOCK_SIZE; done += BLOCK_SIZE) {
		for (unsigned lane = 0; lane < LANES; lane++)
			at[lane] = inputs[lane] + done;
		blake2b_compress(h, at, done + BLOCK_SIZE, false);
	}
	for (unsigned lane = 0; lane < LANES; lane++) {
		at[lane] = inputs[lane] + done;
		if (size - done == BLOCK_SIZE)
			continue;
		memset(rest[lane], 0, BLOCK_SIZE);
		memcpy(rest[lane], at[lane], size - done);
		at[lane] = rest[lane];
	}
	blake2b_compress(h, at, size, true);
	for (unsigned lane = 0; lane < LANES; lane++)
		for (unsigned i = 0; i < HASH_SIZE / 8; i++) {
			uint64_t value = h[i][lane];
			memcpy(out[lane]->b + 8 * i, &value, sizeof(value));
		}
}

__attribute__((target("avx512f"))) static void hash_lanes_avx512(enum hash_tag tag, const uint8_t *const inputs[LANES],
                                                                 size_t size, struct hash *const out[LANES])
{
	hash_lanes(tag, inputs, size, out);
}

__attribute__((target("avx2"))) static void hash_lanes_avx2(enum hash_tag tag, const uint8_t *const inputs[LANES],
                                                            size_t size, struct hash *const out[LANES])
{
	hash_lanes(tag, inputs, size, out);
}

/* Hashes `count` inputs, at most LANES: what lanes are left over repeat the last one. */
static void hash_some(enum hash_tag tag, const uint8_t *const *inputs, size_t size, size_t count,
                      struct hash *const *out)
{
	const uint8_t *lane_inputs[LANES];
	struct hash *lane_out[LANES], unused;

	for (size_t i = 0; i < LANES; i++) {
		lane_inputs[i] = inputs[i < count ? i : count - 1];
		lane_out[i] = i < count ? out[i] : &unused;
	}
	if (__builtin_cpu_supports("avx512f"))
		hash_lanes_avx512(tag, lane_inputs, size, lane_out);
	else
		hash_lanes_avx2(tag, lane_inputs, size, lane_out);
}

/* Hashes as many as are worth it. Returns how many. */
static size_t hash_in_lanes(enum hash_tag tag, const uint8_t *const *inputs, size_t size, size_t count,
                            struct hash *const *out)
{
	size_t i = 0;

	if (!__builtin_cpu_supports("avx2"))
		return 0;
	for (; count - i >= LANES_MIN; i += LANES) {
		size_t some = count - i < LANES ? count - i : LANES;
		hash_some(tag, inputs + i, size, some, out + i);
		if (some < LANES)
			return count;
	}
	return i;
}

#endif

void hash_many(enum hash_tag tag, const uint8_t *const *inputs, size_t size, size_t count, struct hash *const *out)
{
	size_t done = 0;

#ifdef LANES
	done = hash_in_lanes(tag, inputs, size, count, out);
#endif
	for (size_t i = done; i < count; i++)
		hash1(tag, inputs[i], size, out[i]);
}
