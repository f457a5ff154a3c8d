/* Proof of a second chain under the network's id, as a validator that meets it leaves it in its journal. */
#ifndef SECOND_CHAIN_H
#define SECOND_CHAIN_H
#include "home.h"

/* Looks for such proofs, which are finality certificates. Returns 0 and the view of the highest; UNCIA_E_NOT_FOUND:
 * there is none; UNCIA_E_PROOF: what is kept as one proves nothing; another error of storage. */
int second_chain_proof(const struct home *home, const struct storage_view *view, uint64_t *of_view);
/* Compares the final chains of two stores as far as both reach. Returns 0 and *height, the last one that both have;
 * where they have different blocks at a height UNCIA_E_PROOF and the first such *height; UNCIA_E_DAMAGED; another error
 * of storage. */
int second_chain_compare(const struct storage_view *one, const struct storage_view *other, uint64_t *height);
/* Whether the validator may start: not where there is a proof, unless `despite` it, and not where the other chain's
 * certificate leads beyond the end of this one, which can never go on then. Returns 0, or an exit code, having said why
 * not. */
int second_chain_refuse(const struct home *home, struct store *store, bool despite);

#endif
