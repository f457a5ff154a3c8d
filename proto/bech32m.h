/* Bech32m (BIP-350), at any length: 5-bit groups as text under a checksum (docs/spec/encoding.md, "Addresses", and
 * texts.md, "The one form"). address.c and frame.c give the groups their meaning. Threads: any. */
#ifndef BECH32M_H
#define BECH32M_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BECH32M_CHECKSUM 6 /* groups */

/* The checksum's state after the human-readable part, which is in lower case. Texts of any length go through it group
 * by group, in constant memory. */
uint32_t bech32m_begin(const char *hrp, size_t size);
/* The state after one more group. */
uint32_t bech32m_add(uint32_t state, uint8_t group);
/* Whether this is the state after a whole text, checksum included. */
bool bech32m_holds(uint32_t state);
/* The six characters that a text with this state still lacks, in lower case, without a NUL. */
void bech32m_end(uint32_t state, char checksum[BECH32M_CHECKSUM]);
/* The group that a character stands for, in either case; -1 for a character that stands for none. */
int bech32m_group(char character);
/* The character of a group below 32, in lower case. */
char bech32m_character(uint8_t group);

/* Writes a whole text of at most 90 characters. data: 5-bit groups, one a byte. hrp: the NUL-terminated human-readable
 * part, in lower case. text_size: room in text, its NUL included.
 * Returns 0; UNCIA_E_ADDRESS (a character or group out of range, too long, no room). */
int bech32m_encode(const char *hrp, const uint8_t *data, size_t data_size, char *text, size_t text_size);
/* The reverse. hrp_size: room in hrp, its NUL included; it comes out in lower case. *data_size is the room in data
 * before, the number of groups after. Returns 0 or UNCIA_E_ADDRESS, which leaves all of them alone. */
int bech32m_decode(const char *text, char *hrp, size_t hrp_size, uint8_t *data, size_t *data_size);

#endif
