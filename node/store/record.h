/* How a value is kept: framed with its length and a checksum over where it lies and what it says, which LMDB does not
 * have (docs/spec/storage.md §3). Against failing disks and memory, not against somebody who can write the files. */
#ifndef RECORD_H
#define RECORD_H
#include <endian.h>
#include <stdint.h>
#include <string.h>
#include "storage_view.h"

#define RECORD_VERSION  1
#define RECORD_OVERHEAD 13 /* version u8, payload size u32, checksum u64 */

/* Where a record lies: part of its checksum, so that a record that turns up under another key does not pass. */
struct place {
	char environment; /* 'j' or 's' */
	uint8_t table;
	const void *key;
	size_t key_size; /* at most JOURNAL_KEY_MAX */
};

/* Writes payload_size + RECORD_OVERHEAD bytes. */
void record_write(const struct place *place, const void *payload, size_t payload_size, uint8_t *record);
/* payload points into the record. Returns 0, or UNCIA_E_DAMAGED where version, size or checksum do not fit. */
int record_read(const struct place *place, const void *record, size_t record_size, struct bytes *payload);

static inline void put_u32(uint8_t *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

static inline void put_u64(uint8_t *at, uint64_t value)
{
	value = htobe64(value);
	memcpy(at, &value, sizeof(value));
}

static inline uint32_t get_u32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static inline uint64_t get_u64(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof(value));
	return be64toh(value);
}

#endif
