/* BLAKE2b (RFC 7693) of LANES inputs at a time: each word of the state is a vector, with a lane for each input, so that
 * all lanes go through the same operations. hash_many.c includes this once for each kind of processor, with how many
 * LANES it has, from how many inputs on they are worth it (LANES_MIN), what is to be named how (LANES_TYPE,
 * LANES_COMPRESS, LANES_HASH, LANES_MANY), the compiler's name of its instructions (LANES_TARGET), and how it rotates
 * words to the right (ROTATE_32, ROTATE_24, ROTATE_16, ROTATE_63). All of these end here. */

typedef uint64_t LANES_TYPE __attribute__((vector_size(LANES * sizeof(uint64_t)), aligned(8 * LANES)));

#define MIX(a, b, c, d, x, y)                                                                                          \
	do {                                                                                                           \
		v[a] += v[b] + m[x];                                                                                   \
		v[d] = ROTATE_32(v[d] ^ v[a]);                                                                         \
		v[c] += v[d];                                                                                          \
		v[b] = ROTATE_24(v[b] ^ v[c]);                                                                         \
		v[a] += v[b] + m[y];                                                                                   \
		v[d] = ROTATE_16(v[d] ^ v[a]);                                                                         \
		v[c] += v[d];                                                                                          \
		v[b] = ROTATE_63(v[b] ^ v[c]);                                                                         \
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

/* One block of each lane. `through`: bytes hashed with it. */
__attribute__((target(LANES_TARGET))) static void LANES_COMPRESS(LANES_TYPE h[8], const uint8_t *const at[LANES],
                                                                 uint64_t through, bool last)
{
	LANES_TYPE v[WORDS], m[WORDS];

	for (unsigned word = 0; word < WORDS; word++)
		for (unsigned lane = 0; lane < LANES; lane++) {
			uint64_t value; /* x86 is little-endian, as BLAKE2 is */
			memcpy(&value, at[lane] + 8 * word, sizeof(value));
			m[word][lane] = value;
		}
	for (unsigned i = 0; i < 8; i++) {
		v[i] = h[i];
		v[i + 8] = (LANES_TYPE){0} + blake2b_iv[i];
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

/* encoding, "Hashing": the parameters of a hash of 32 bytes without a key, `personal` being its personalisation. */
__attribute__((target(LANES_TARGET))) static void
LANES_HASH(const uint64_t personal[2], const uint8_t *const inputs[LANES], size_t size, struct hash *const out[LANES])
{
	const uint8_t *at[LANES];
	uint8_t rest[LANES][BLOCK_SIZE];
	LANES_TYPE h[8];
	size_t done = 0;

	for (unsigned i = 0; i < 8; i++)
		h[i] = (LANES_TYPE){0} + blake2b_iv[i];
	h[0] ^= UINT64_C(0x01010000) ^ HASH_SIZE;
	h[6] ^= personal[0];
	h[7] ^= personal[1];
	for (; size - done > BLOCK_SIZE; done += BLOCK_SIZE) {
		for (unsigned lane = 0; lane < LANES; lane++)
			at[lane] = inputs[lane] + done;
		LANES_COMPRESS(h, at, done + BLOCK_SIZE, false);
	}
	for (unsigned lane = 0; lane < LANES; lane++) {
		at[lane] = inputs[lane] + done;
		if (size - done == BLOCK_SIZE)
			continue;
		memset(rest[lane], 0, BLOCK_SIZE);
		memcpy(rest[lane], at[lane], size - done);
		at[lane] = rest[lane];
	}
	LANES_COMPRESS(h, at, size, true);
	for (unsigned lane = 0; lane < LANES; lane++)
		for (unsigned i = 0; i < HASH_SIZE / 8; i++) {
			uint64_t value = h[i][lane];
			memcpy(out[lane]->b + 8 * i, &value, sizeof(value));
		}
}

/* As many as are worth it, LANES at a time: what lanes are left over repeat the last one. Returns how many. */
static size_t LANES_MANY(const uint64_t personal[2], const uint8_t *const *inputs, size_t size, size_t count,
                         struct hash *const *out)
{
	const uint8_t *lane_inputs[LANES];
	struct hash *lane_out[LANES], unused;
	size_t done = 0;

	for (; count - done >= LANES_MIN; done += LANES) {
		for (size_t i = 0; i < LANES; i++) {
			lane_inputs[i] = inputs[done + i < count ? done + i : count - 1];
			lane_out[i] = done + i < count ? out[done + i] : &unused;
		}
		LANES_HASH(personal, lane_inputs, size, lane_out);
		if (count - done <= LANES)
			return count;
	}
	return done;
}

#undef LANES
#undef LANES_MIN
#undef LANES_TYPE
#undef LANES_COMPRESS
#undef LANES_HASH
#undef LANES_MANY
#undef LANES_TARGET
#undef ROTATE_32
#undef ROTATE_24
#undef ROTATE_16
#undef ROTATE_63
#undef MIX
#undef ROUND
