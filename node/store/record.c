/* Records: framed and checked. */
#include "record.h"
#include <assert.h>
#include "hash.h"
#include "uncia/error.h"

/* storage §3: SipHash-2-4 of the payload, under a key made of the place and the payload's size. The constants are
 * public, since the checksum finds decay and no more; it costs a third of BLAKE2b on the records that every payment
 * reads. */
uint64_t record_checksum(const struct place *place, const void *payload, size_t payload_size)
{
	static const uint8_t place_key[16] = "uncia.record.v1";
	uint8_t where[2 + JOURNAL_KEY_MAX], key[16];
	assert(place->environment == 'j' || place->environment == 's');
	assert(place->key && place->key_size <= JOURNAL_KEY_MAX);
	where[0] = (uint8_t)place->environment;
	where[1] = place->table;
	memcpy(where + 2, place->key, place->key_size);
	be64_put(key, siphash(place_key, where, 2 + place->key_size));
	be64_put(key + 8, payload_size);
	return siphash(key, payload, payload_size);
}

void record_frame(uint64_t checksum, const void *payload, size_t payload_size, uint8_t *record)
{
	assert(payload_size <= UINT32_MAX);
	assert(payload || !payload_size);
	record[0] = RECORD_VERSION;
	be32_put(record + 1, (uint32_t)payload_size);
	be64_put(record + 5, checksum);
	if (payload_size)
		memcpy(record + RECORD_OVERHEAD, payload, payload_size);
}

void record_write(const struct place *place, const void *payload, size_t payload_size, uint8_t *record)
{
	record_frame(record_checksum(place, payload, payload_size), payload, payload_size, record);
}

int record_read(const struct place *place, const void *record, size_t record_size, struct bytes *payload)
{
	const uint8_t *r = record;
	/* The size comes first: a damaged one must not lead the checksum beyond the page. */
	if (record_size < RECORD_OVERHEAD || r[0] != RECORD_VERSION || be32_get(r + 1) != record_size - RECORD_OVERHEAD)
		return UNCIA_E_DAMAGED;
	struct bytes found = {r + RECORD_OVERHEAD, record_size - RECORD_OVERHEAD};
	if (be64_get(r + 5) != record_checksum(place, found.data, found.size))
		return UNCIA_E_DAMAGED;
	*payload = found;
	return 0;
}
