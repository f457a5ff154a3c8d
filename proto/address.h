/* Addresses: 20 bytes, with an optional 8-byte reference, as Bech32m "unc1…" (docs/spec/encoding.md, "Addresses").
 * Threads: any. */
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
/* Where a payment goes: an address, and what its holder asks to be told with the money. */
struct destination {
	struct address address;
	bool has_reference;
	uint8_t reference[REFERENCE_SIZE];
};

/* Not in constant time: addresses are public. */
static inline bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->b, b->b, ADDRESS_SIZE) == 0;
}

/* The address of an account whose first public key this is: the first 20 bytes of its hash. Cannot fail. */
void address_of_key(const uint8_t public_key[32], struct address *address);
/* Reads NUL-terminated text, all lower or all upper case as Bech32m has it. Returns 0 or UNCIA_E_ADDRESS, which leaves
 * *destination alone. */
int destination_parse(const char *text, struct destination *destination);
/* The same for text that came through people: cleaned (clean.h), with or without the scheme "uncia:" in any case.
 * Returns 0 or UNCIA_E_ADDRESS, which leaves *destination alone. */
int destination_read(const char *text, struct destination *destination);
/* Writes the text in lower case, NUL-terminated. Cannot fail. */
void destination_format(const struct destination *destination, char text[ADDRESS_TEXT_SIZE]);

#endif
