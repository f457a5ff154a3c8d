/* What every proof of a final block ends with: headers, and the certificate of the last (docs/spec/wallet.md §7.4,
 * step 5). Threads: any. */
#ifndef FINALITY_H
#define FINALITY_H
#include "consensus.pb-c.h"
#include "vote.h"

/* A decoded message's proof that a header is final; refers to the message's memory. */
struct finality_proof {
	struct bytes descendants[RECEIPT_DESCENDANTS_MAX]; /* headers, the child first */
	size_t count;
	struct bytes certificate;
};

/* Takes it from the fields of a message. Returns 0, or UNCIA_E_LIMIT: too many descendants. */
int finality_read(Uncia__Pb__Blob *const *blobs, size_t count, const ProtobufCBinaryData *certificate,
                  struct finality_proof *proof);
/* Whether `header` is final by this committee: descendants chain from it to the block that the certificate names, of
 * which those behind the one that ends the epoch, and no others, are closing. Returns 0; UNCIA_E_ENCODING;
 * UNCIA_E_LIMIT; UNCIA_E_PROOF; UNCIA_E_MEMORY. */
int finality_verify(const struct committee *c, const struct hash *network_id, const struct header *header,
                    const struct finality_proof *proof);

#endif
