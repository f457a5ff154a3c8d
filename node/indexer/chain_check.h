/* Checks a page of the final chain against nothing but the genesis and the place in the chain that is known already:
 * whoever gave it is not believed. Threads: any. */
#ifndef CHAIN_CHECK_H
#define CHAIN_CHECK_H
#include "chain_page.h"
#include "committee.h"

/* A block of the final chain that is known. */
struct chain_place {
	uint64_t height, view, timestamp_ms;
	struct hash id;
};

struct checked_block {
	struct block *block; /* owned by the page */
	struct bytes
	    certificate; /* its own finality certificate, in the page it came in; size 0: it is final by a later one */
};

/* Blocks of which each follows the one before, and all are final. */
struct checked_page {
	size_t count;
	struct checked_block *blocks;
};

/* The place of the genesis block. */
void chain_place_genesis(const struct genesis *genesis, struct chain_place *place);
/* The place of a header. */
void chain_place_of(const struct header *header, struct chain_place *place);

/* Checks that the page's blocks follow `place` one after the other: canonical bytes, payments roots, heights, views,
 * times, epochs, committee hashes and proposers (docs/spec/ledger.md §5.2, 1 to 3), every certificate with its
 * signatures, and that the last block is final by its own or by headers that lead to the page's (docs/spec/wallet.md
 * §7.4, 5). State roots, and whether payments hold, are what those who signed have checked. why: a sentence. Returns 0;
 * UNCIA_E_SECOND_CHAIN (all of it holds, but that the first block follows another one than `place`); UNCIA_E_PROOF,
 * UNCIA_E_ENCODING, UNCIA_E_LIMIT (something does not hold); UNCIA_E_MEMORY. Owns: on 0, checked_page_free; it refers
 * to the page that was checked. */
int chain_check_page(const struct genesis *genesis, const struct chain_place *place, const struct chain_page *page,
                     struct checked_page *checked, char why[256]);
/* Frees the blocks. */
void checked_page_free(struct checked_page *checked);

#endif
