/* Block headers and bodies (docs/spec/ledger.md §5). */
#ifndef BLOCK_H
#define BLOCK_H
#include "committee.h"
#include "merkle.h"

struct header {
	uint64_t epoch, view, height;
	struct hash parent_id;
	uint64_t timestamp_ms;
	uint32_t payment_count;
	struct hash payments_root;
	struct hash parent_state_root;
	struct hash committee_hash;
	uint32_t proposer;
	/* derived */
	struct hash id;
	uint8_t bytes[HEADER_SIZE_MAX];
	uint32_t size;
};

/* Returns 0; UNCIA_E_ENCODING (canonical, fixed sizes, count <= BLOCK_PAYMENTS_MAX); UNCIA_E_LIMIT. */
int header_decode(const void *bytes, size_t size, struct header *header);
/* Fills bytes, size and id from the other fields. */
int header_encode(struct header *header);

/* A decoded block: block_free frees it, its payments array and each payment in it. */
struct block {
	struct header header;
	uint32_t count;
	struct payment **payments; /* in order */
	struct hash *tree;         /* of the payments, for receipts; NULL until block_tree has made it */
};

/* Decodes Block bytes: the header, every payment (payment_decode), the count and the payments root.
 * Returns 0; UNCIA_E_ENCODING; UNCIA_E_LIMIT; UNCIA_E_PROOF (count or root disagree); UNCIA_E_MEMORY. */
int block_decode(const struct hash *network_id, const void *bytes, size_t size, struct block **block);
/* Packs header bytes and the payments' bytes as Block. Owns: *bytes is the caller's (free()). */
int block_encode(const struct header *header, struct payment *const *payments, uint32_t count, uint8_t **bytes,
                 size_t *size);
void block_free(struct block *block);
/* Makes the tree of the payments, where there is none yet (block_decode has made it). Without it each receipt hashes
 * all payments of the block again. Returns 0 or UNCIA_E_MEMORY. */
int block_tree(struct block *block);
/* The Merkle path of payment `index`: path has room for MERKLE_DEPTH_MAX. Returns 0 or UNCIA_E_MEMORY. */
int block_payment_path(const struct block *block, uint32_t index, struct hash *path, size_t *path_size);
/* The payments root of a list. Returns 0 or UNCIA_E_MEMORY. */
int block_payments_root(struct payment *const *payments, uint32_t count, struct hash *root);

#endif
