/* The two keys of a validator, in HOME/consensus.key and HOME/network.key: 32 bytes each, as 64 hexadecimal digits.
 * They are independent of each other. keys_make and keys_load return an exit code, and have said on standard error what
 * failed; *keys is then wiped. Threads: the command's. */
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

/* Makes both files, durably. A home with one of them was left by a keygen that was cut short: the other one is made,
 * unless the home has its genesis already, which names the one that is gone. On 0, keys_wipe follows. */
int keys_make(const char *home, struct node_keys *keys);
/* Reads both files. On 0, keys_wipe follows. */
int keys_load(const char *home, struct node_keys *keys);
/* Reads the network key alone, of a home whose consensus key a sign agent has; the other one is zeros. On 0, keys_wipe
 * follows. */
int keys_load_network(const char *home, struct node_keys *keys);
/* Reads the consensus key alone, of a sign agent's directory. On 0, keys_wipe follows. */
int keys_load_consensus(const char *directory, struct node_keys *keys);
/* Overwrites both keys with zeros. */
void keys_wipe(struct node_keys *keys);

/* 2 * size digits and a NUL. */
void hex_format(const void *bytes, size_t size, char *text);
/* Reads exactly 64 hexadecimal digits, without a NUL. */
bool hex_parse_32(const char *text, size_t size, uint8_t bytes[32]);

#endif
