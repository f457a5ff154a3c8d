/* Integers in the byte order of everything that is signed, hashed or stored by hand: big-endian
 * (docs/spec/encoding.md). Pointers need no alignment. Threads: any. */
#ifndef BIG_ENDIAN_H
#define BIG_ENDIAN_H
#include <stdint.h>

/* Writes 4 bytes. Compilers make one instruction of it, here and below. */
static inline void be32_put(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 24);
	to[1] = (uint8_t)(value >> 16);
	to[2] = (uint8_t)(value >> 8);
	to[3] = (uint8_t)value;
}

/* Writes 8 bytes. */
static inline void be64_put(uint8_t *to, uint64_t value)
{
	be32_put(to, (uint32_t)(value >> 32));
	be32_put(to + 4, (uint32_t)value);
}

/* Reads 4 bytes. */
static inline uint32_t be32_get(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Reads 8 bytes. */
static inline uint64_t be64_get(const uint8_t *from)
{
	return (uint64_t)be32_get(from) << 32 | be32_get(from + 4);
}

#endif
