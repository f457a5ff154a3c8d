/* Addresses and destinations: their bytes, and their text by way of Bech32m. */
#include "address.h"
#include <assert.h>
#include <string.h>
#include "bech32m.h"
#include "clean.h"
#include "hash.h"
#include "uncia/error.h"

#define HRP         "unc"
#define SCHEME      "uncia:"
#define CLEAN_ROOM  128 /* above the longest address, its scheme, and some marks around it */
#define PAYLOAD_MAX (ADDRESS_SIZE + REFERENCE_SIZE)
#define GROUPS_MAX  ((PAYLOAD_MAX * 8 + 4) / 5)

/* encoding, "Addresses": the first 20 bytes of hash("uncia.address", first public key). */
void address_of_key(const uint8_t public_key[32], struct address *address)
{
	struct hash h;

	hash1(HASH_ADDRESS, public_key, 32, &h);
	memcpy(address->b, h.b, ADDRESS_SIZE);
}

/* The bytes as 5-bit groups, the last one padded with zero bits. Returns how many. */
static size_t to_groups(const uint8_t *bytes, size_t size, uint8_t groups[GROUPS_MAX])
{
	uint32_t pending = 0;
	unsigned bits = 0;
	size_t n = 0;

	assert(size <= PAYLOAD_MAX);
	for (size_t i = 0; i < size; i++) {
		pending = (pending << 8 | bytes[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5)
			groups[n++] = pending >> (bits - 5) & 31;
	}
	if (bits > 0)
		groups[n++] = (uint8_t)(pending << (5 - bits) & 31);
	return n;
}

/* False where the groups are not a whole number of bytes followed by fewer than 5 zero bits. */
static bool from_groups(const uint8_t *groups, size_t count, uint8_t bytes[PAYLOAD_MAX], size_t *size)
{
	uint32_t pending = 0;
	unsigned bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		pending = (pending << 5 | groups[i]) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			if (n == PAYLOAD_MAX)
				return false;
			bits -= 8;
			bytes[n++] = (uint8_t)(pending >> bits);
		}
	}
	*size = n;
	return bits < 5 && (pending & ((1u << bits) - 1)) == 0;
}

int destination_parse(const char *text, struct destination *destination)
{
	char hrp[sizeof(HRP)];
	uint8_t groups[GROUPS_MAX], payload[PAYLOAD_MAX];
	size_t count = sizeof(groups), size;

	int rc = bech32m_decode(text, hrp, sizeof(hrp), groups, &count);
	if (rc)
		return rc;
	if (strcmp(hrp, HRP) != 0 || !from_groups(groups, count, payload, &size))
		return UNCIA_E_ADDRESS;
	if (size != ADDRESS_SIZE && size != PAYLOAD_MAX)
		return UNCIA_E_ADDRESS;
	memset(destination, 0, sizeof(*destination));
	memcpy(destination->address.b, payload, ADDRESS_SIZE);
	destination->has_reference = size == PAYLOAD_MAX;
	if (destination->has_reference)
		memcpy(destination->reference, payload + ADDRESS_SIZE, REFERENCE_SIZE);
	return 0;
}

int destination_read(const char *text, struct destination *destination)
{
	char clean[CLEAN_ROOM];
	if (!text || text_clean(text, &clean_plain, clean, sizeof(clean)))
		return UNCIA_E_ADDRESS;
	bool has_scheme = text_begins(clean, SCHEME);
	return destination_parse(clean + (has_scheme ? strlen(SCHEME) : 0), destination);
}

void destination_format(const struct destination *destination, char text[ADDRESS_TEXT_SIZE])
{
	uint8_t payload[PAYLOAD_MAX], groups[GROUPS_MAX];
	size_t size = ADDRESS_SIZE;

	memcpy(payload, destination->address.b, ADDRESS_SIZE);
	if (destination->has_reference) {
		memcpy(payload + ADDRESS_SIZE, destination->reference, REFERENCE_SIZE);
		size += REFERENCE_SIZE;
	}
	int rc = bech32m_encode(HRP, groups, to_groups(payload, size, groups), text, ADDRESS_TEXT_SIZE);
	assert(rc == 0);
	(void)rc;
}
