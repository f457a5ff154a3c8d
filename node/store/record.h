/* The frame around every stored value: its length, and a checksum over its place and its payload, since LMDB has none
 * (docs/spec/storage.md §3). It guards against failing disks and memory, not against somebody who can write the files.
 *
 * Pure. Threads: any. */
#ifndef RECORD_H
#define RECORD_H
#include <stdint.h>
#include <string.h>
#include "big_endian.h"
#include "storage_view.h"

#define RECORD_VERSION  1
#define RECORD_OVERHEAD 13 /* version u8, payload size u32, checksum u64 */

/* Where a record lies. It is part of the checksum, so that a record that turns up under another key does not pass. */
struct place {
	char environment; /* 'j' or 's' */
	uint8_t table;
	const void *key;
	size_t key_size; /* at most JOURNAL_KEY_MAX */
};

/* The checksum of the record that the payload becomes at this place. payload: may be NULL where its size is 0. */
uint64_t record_checksum(const struct place *place, const void *payload, size_t payload_size);
/* Writes the record whose checksum is known. */
void record_frame(uint64_t checksum, const void *payload, size_t payload_size, uint8_t *record);
/* Writes payload_size + RECORD_OVERHEAD bytes to `record`. payload: may be NULL where its size is 0. */
void record_write(const struct place *place, const void *payload, size_t payload_size, uint8_t *record);
/* Checks the record; *payload then points into it. Returns 0, or UNCIA_E_DAMAGED, where version, size or checksum do
 * not fit and *payload is left as it was. */
int record_read(const struct place *place, const void *record, size_t record_size, struct bytes *payload);

#endif
