/* Block headers and bodies (docs/spec/ledger.md §5). Threads: any; a block belongs to one at a time, as its payments
 * do.
 */
#ifndef BLOCK_H
#define BLOCK_H
#include "committee.h"
#include "merkle.h"

struct header {
	uint64_t epoch, view, height;
	struct hash parent_id;
	uint64_t timestamp_ms; /* since 1970, UTC */
	uint32_t payment_count;
	struct hash payments_root;
	struct hash parent_state_root;
	struct hash committee_hash;
	uint32_t proposer;
	/* derived by header_decode and header_encode */
	struct hash id;
	uint8_t bytes[HEADER_SIZE_MAX];
	uint32_t size;
};

/* Decodes canonical header bytes. Returns 0; UNCIA_E_ENCODING (not canonical, a field of another size, more than
 * BLOCK_PAYMENTS_MAX payments); UNCIA_E_LIMIT (over HEADER_SIZE_MAX bytes); UNCIA_E_MEMORY. *header is left alone on
 * errors. */
int header_decode(const void *bytes, size_t size, struct header *header);
/* Fills bytes, size and id from the other fields. Returns 0; UNCIA_E_LIMIT (more than BLOCK_PAYMENTS_MAX payments). */
int header_encode(struct header *header);

struct block {
	struct header header;
	uint32_t count;
	struct payment **payments; /* in order */
	struct hash *tree;         /* of the payments: merkle_tree */
};

/* Decodes Block bytes: the header, every payment (payment_decode), the count and the payments root. No signature is
 * verified. Returns 0; UNCIA_E_ENCODING; UNCIA_E_LIMIT; UNCIA_E_PROOF (count or root disagree); UNCIA_E_MEMORY.
 * Owns: *block is the caller's, block_free. */
int block_decode(const struct hash *network_id, const void *bytes, size_t size, struct block **block);
/* The header at the beginning of Block bytes; nothing else of them is read or checked. Returns as header_decode. */
int block_header(const void *bytes, size_t size, struct header *header);
/* Packs header bytes and the payments' bytes as Block. Returns 0 or UNCIA_E_MEMORY. Owns: *bytes is the caller's
 * (free()). */
int block_encode(const struct header *header, struct payment *const *payments, uint32_t count, uint8_t **bytes,
                 size_t *size);
/* Frees the block, its list of payments, one reference to each of them, and the tree. NULL does nothing. */
void block_free(struct block *block);
/* The tree of a list of payments: its root is the header's payments root, its paths are in receipts.
 * Returns NULL where memory ends. Owns: the tree is the caller's (free()). */
struct hash *block_tree(struct payment *const *payments, uint32_t count);

#endif
