/* What the indexer knows of a network beforehand, and believes: its network file, with the genesis in it. */
#ifndef KNOWN_H
#define KNOWN_H
#include "committee.h"
#include "endpoint.h"

struct known_network {
	struct genesis genesis;
	char *text; /* the file as it is, for pages that verify */
	size_t text_size;
	struct endpoint endpoints[COMMITTEE_SIZE_MAX]; /* of each validator; no host: the file does not say */
};

/* Reads and checks a network file (docs/spec/wallet.md §7.5). Returns an exit code, having said what is wrong. On 0,
 * known_network_free follows. */
int known_network_load(const char *path, struct known_network *known);
/* Frees what it holds; of one that is zero, nothing. */
void known_network_free(struct known_network *known);

#endif
