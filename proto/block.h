/* Block headers and bodies (docs/spec/ledger.md §5). Threads: any; a block belongs to one at a time, as its payments
 * do.
 */
#ifndef BLOCK_H
#define BLOCK_H
#include "canonical.h"
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
	/* The block that ends its epoch holds a reconfigure, of this hash, and nothing else. Those that only make it
	 * final are closing: empty, and of no height on the final chain (consensus §6.9). */
	bool reconfigures, closing;
	struct hash reconfigure; /* zero where it holds none */
	/* derived by header_decode and header_encode */
	struct hash id;
	uint8_t bytes[HEADER_SIZE_MAX];
	uint32_t size;
};

/* Whether the child of a header of the same epoch must be closing. */
static inline bool header_closes(const struct header *header)
{
	return header->reconfigures || header->closing;
}

/* Decodes canonical header bytes. Returns 0; UNCIA_E_ENCODING (not canonical, a field of another size, more than
 * BLOCK_PAYMENTS_MAX payments; payments beside a reconfigure or in a closing block); UNCIA_E_LIMIT (over
 * HEADER_SIZE_MAX bytes); UNCIA_E_MEMORY. *header is left alone on errors. */
int header_decode(const void *bytes, size_t size, struct header *header);
/* Fills bytes, size and id from the other fields. Returns 0; UNCIA_E_LIMIT (more than BLOCK_PAYMENTS_MAX payments). */
int header_encode(struct header *header);

struct block {
	struct header header;
	uint32_t count;
	struct payment **payments; /* in order */
	struct hash *tree;         /* of the payments: merkle_tree */
	uint8_t *reconfigure;      /* SignedReconfigure, as it came: only its hash has been checked; NULL: none */
	size_t reconfigure_size;
};

/* Decodes Block bytes: the header, every payment (payment_decode), the count and the payments root. No signature is
 * verified. Returns 0; UNCIA_E_ENCODING; UNCIA_E_LIMIT; UNCIA_E_PROOF (count, root or the hash of the reconfigure
 * disagree); UNCIA_E_MEMORY. Owns: *block is the caller's, block_free. */
int block_decode(const struct hash *network_id, const void *bytes, size_t size, struct block **block);
/* The header at the beginning of Block bytes; nothing else of them is read or checked. Returns as header_decode. */
int block_header(const void *bytes, size_t size, struct header *header);
/* Packs header bytes and the payments' bytes as Block. Returns 0 or UNCIA_E_MEMORY. Owns: *bytes is the caller's
 * (free()). */
int block_encode(const struct header *header, struct payment *const *payments, uint32_t count, uint8_t **bytes,
                 size_t *size);
/* The same of a block that holds a reconfigure, and no payment. */
int block_encode_reconfigure(const struct header *header, const struct bytes *reconfigure, uint8_t **bytes,
                             size_t *size);
/* Frees the block, its list of payments, one reference to each of them, and the tree. NULL does nothing. */
void block_free(struct block *block);
/* The tree of a list of payments: its root is the header's payments root, its paths are in receipts.
 * Returns NULL where memory ends. Owns: the tree is the caller's (free()). */
struct hash *block_tree(struct payment *const *payments, uint32_t count);

#endif
