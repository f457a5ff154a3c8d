/* Pages of the final chain, read out of a journal for somebody who follows it from outside: consecutive blocks, and
 * what makes them final. Threads: those of the view that is read. */
#ifndef CHAIN_PAGE_H
#define CHAIN_PAGE_H
#include "arena.h"
#include "storage_view.h"

#define CHAIN_PAGE_BLOCKS_MAX  256u
#define CHAIN_PAGE_BYTES       (1u << 20) /* of blocks; or one larger block */
#define CHAIN_PAGE_HEADERS_MAX 12288u     /* that may follow the blocks, up to the next finality certificate */

/* Blocks of consecutive heights. Each has its own finality certificate where it holds payments and one is stored; the
 * last one has one, or else headers follow, the last of which the page's certificate names. */
struct chain_page {
	uint64_t tip_height; /* of the newest final block there is */
	size_t count;
	struct chain_page_block {
		struct bytes block;       /* canonical Block */
		struct bytes certificate; /* canonical Certificate of this block; size 0: none */
	} * blocks;
	size_t header_count;
	struct bytes *headers;    /* of the blocks that follow, canonical BlockHeader */
	struct bytes certificate; /* of the last header; size 0 where there are none */
	struct arena arena;       /* what all of it points into */
};

/* An empty page. It must not move in memory before chain_page_end. */
void chain_page_begin(struct chain_page *page);
/* Frees what the page holds; it is as after chain_page_begin, and used up. */
void chain_page_end(struct chain_page *page);
/* Copies bytes into the page's memory. Returns 0; UNCIA_E_MEMORY; UNCIA_E_LIMIT. */
int chain_page_copy(struct chain_page *page, const struct bytes *from, struct bytes *copy);
/* Fills an empty page with the final blocks from that height on (above 0), as far as what makes them final is stored:
 * no block, where there is none. Reads at most CHAIN_PAGE_BYTES and one block, and headers of CHAIN_PAGE_HEADERS_MAX
 * blocks. *read: bytes that were read. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_IO; UNCIA_E_MEMORY; UNCIA_E_LIMIT. */
int chain_page_fill(struct chain_page *page, const struct storage_view *view, uint64_t from_height, size_t *read);

#endif
