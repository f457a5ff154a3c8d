/* Integers in the byte order of everything that is signed, hashed or stored by hand: big-endian
 * (docs/spec/encoding.md). Pointers need no alignment. Threads: any. */
#ifndef BIG_ENDIAN_H
#define BIG_ENDIAN_H
#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Writes 4 bytes. */
static inline void be32_put(uint8_t *to, uint32_t value)
{
	value = htobe32(value);
	memcpy(to, &value, sizeof(value));
}

/* Writes 8 bytes. */
static inline void be64_put(uint8_t *to, uint64_t value)
{
	value = htobe64(value);
	memcpy(to, &value, sizeof(value));
}

/* Reads 4 bytes. */
static inline uint32_t be32_get(const uint8_t *from)
{
	uint32_t value;
	memcpy(&value, from, sizeof(value));
	return be32toh(value);
}

/* Reads 8 bytes. */
static inline uint64_t be64_get(const uint8_t *from)
{
	uint64_t value;
	memcpy(&value, from, sizeof(value));
	return be64toh(value);
}

#endif
