/* Receipts and proofs that verify offline with the committee alone (docs/spec/wallet.md, "Receipts"). Threads: any. */
#ifndef RECEIPT_H
#define RECEIPT_H
#include "entry.h"
#include "vote.h"

#define RECEIPT_OLD_PREFIX "uncia-receipt-1:" /* of texts as earlier versions wrote them */

/* What a verified receipt says. `payment` is owned: payment_free. */
struct receipt {
	struct payment *payment;
	struct header header; /* the block that holds it */
	uint32_t index;       /* of the payment in the block */
};

/* Verifies everything: canonical bytes at every level, the payment's own signature and that its key hashes to
 * its sender or was bound otherwise (only the signature is checked here: being in a final block is the proof), the
 * path, the chain of descendants, the certificate and its signatures.
 * Returns 0; UNCIA_E_ENCODING; UNCIA_E_LIMIT; UNCIA_E_PROOF; UNCIA_E_SIGNATURE; UNCIA_E_MEMORY. *receipt is left alone
 * on errors. */
int receipt_verify(const struct committee *c, const struct hash *network_id, const void *bytes, size_t size,
                   struct receipt *receipt);

/* What kind of receipt it is that receipt_verify refuses: whether its parts belong together, by hashes alone, whoever
 * signed. Returns 0 where they do, so that it lacks signatures that hold; UNCIA_E_NETWORK (they do, under another
 * committee); UNCIA_E_CHANGED (they do not, on this network); UNCIA_E_MEMORY; UNCIA_E_LIMIT. */
int receipt_examine(const struct committee *c, const struct hash *network_id, const void *bytes, size_t size);

/* What makes a block final: the headers of its descendants, its child first, up to the block that the certificate (FF
 * or SF) names. None where it names the block itself. */
struct receipt_proof {
	const struct header *const *descendants;
	size_t descendant_count; /* at most RECEIPT_DESCENDANTS_MAX */
	struct bytes certificate;
};

/* Builds the canonical bytes of the receipt of the block's payment at `index`. The proof is taken as it is.
 * Returns 0; UNCIA_E_ARGUMENT (no payment has that index); UNCIA_E_LIMIT (too many descendants, or a receipt over
 * RECEIPT_SIZE_MAX); UNCIA_E_MEMORY. Owns: *bytes is the caller's (free()). */
int receipt_make(const struct block *block, uint32_t index, const struct receipt_proof *proof, uint8_t **bytes,
                 size_t *size);

/* The text form, "uncia:uncproof1…" (frame.h), one line. Returns 0; UNCIA_E_LIMIT (over RECEIPT_SIZE_MAX bytes);
 * UNCIA_E_MEMORY. Owns: *text, which is NUL-terminated, is the caller's (free()). */
int receipt_format(const struct hash *network_id, const void *bytes, size_t size, char **text);
/* Reads the text form, and the one that earlier versions wrote, after cleaning it (clean.h). The bytes are not
 * verified. Returns 0; UNCIA_E_ENCODING (it does not begin as a receipt, or was made wrongly); UNCIA_E_CHANGED (it
 * does, and is none); UNCIA_E_NETWORK (it names another network); UNCIA_E_NEWER; UNCIA_E_LIMIT; UNCIA_E_MEMORY. Owns:
 * *bytes is the caller's (free()). */
int receipt_parse(const struct hash *network_id, const char *text, uint8_t **bytes, size_t *size);

/* What a verified account proof says. */
struct account_state {
	struct entry entry;
	uint64_t index, entry_count; /* of the entry; of the state's entries */
	uint64_t height;             /* the state is the one after this final height */
	uint64_t timestamp_ms;       /* of the header that carries the root */
};
/* Verifies the bytes of an AccountProof: that a final header's state has this entry, and that it is the account of
 * `address`. Returns as receipt_verify. */
int account_proof_verify(const struct committee *c, const struct hash *network_id, const struct address *address,
                         const void *bytes, size_t size, struct account_state *state);
/* The same of the account or hold of that id. */
int entry_proof_verify(const struct committee *c, const struct hash *network_id, const struct entry_id *id,
                       const void *bytes, size_t size, struct account_state *state);

#endif
