/* Addresses: 20 bytes, with an optional 8-byte reference, as Bech32m "unc1…" (docs/spec/encoding.md). */
#ifndef ADDRESS_H
#define ADDRESS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ADDRESS_SIZE      20
#define REFERENCE_SIZE    8
#define ADDRESS_TEXT_SIZE 64 /* NUL included */

struct address {
	uint8_t b[ADDRESS_SIZE];
};
struct destination {
	struct address address;
	bool has_reference;
	uint8_t reference[REFERENCE_SIZE];
};

static inline bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->b, b->b, ADDRESS_SIZE) == 0;
}

void address_of_key(const uint8_t public_key[32], struct address *address);
/* Returns 0 or UNCIA_E_ADDRESS. Accepts all-lower and all-upper case, as Bech32m says. */
int destination_parse(const char *text, struct destination *destination);
void destination_format(const struct destination *destination, char text[ADDRESS_TEXT_SIZE]);

/* Bech32m itself (BIP-350). data: 5-bit groups. Returns 0 or UNCIA_E_ADDRESS. hrp is NUL-terminated.
 * At most 90 characters. decode: *data_size is the room in data before, the number of groups after; hrp comes out in
 * lower case. encode: hrp in lower case; text_size counts the NUL. */
int bech32m_encode(const char *hrp, const uint8_t *data, size_t data_size, char *text, size_t text_size);
int bech32m_decode(const char *text, char *hrp, size_t hrp_size, uint8_t *data, size_t *data_size);

#endif
