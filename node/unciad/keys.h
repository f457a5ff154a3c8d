/* The two keys of a validator, in HOME/consensus.key and HOME/network.key: 32 bytes each, as 64 hexadecimal digits.
 * They are independent of each other. Each function returns an exit code and has said what failed. */
#ifndef KEYS_H
#define KEYS_H
#include "sign.h"

#define KEY_TEXT_SIZE 65 /* NUL included */

struct node_keys {
	uint8_t consensus_public[PUBLIC_KEY_SIZE];
	uint8_t consensus_secret[SECRET_KEY_SIZE];
	uint8_t network_public[32];
	uint8_t network_secret[32];
};

/* Makes both files, durably. A home that has one of them only was left by a keygen cut short: the other is made. */
int keys_make(const char *home, struct node_keys *keys);
int keys_load(const char *home, struct node_keys *keys);
void keys_wipe(struct node_keys *keys);

void hex_format(const void *bytes, size_t size, char *text);
/* Exactly 64 hexadecimal digits. */
bool hex_parse_32(const char *text, size_t size, uint8_t bytes[32]);

#endif
