/* Proofs of what the fake validators' ledger has: a real state tree of one group, under a header that is final. */
#ifndef FAKE_PROOF_H
#define FAKE_PROOF_H
#include "fake_network.h"

/* The newest header, as the parent of one that is made now. */
struct header fake_proof_parent(const struct fake_network *n);
/* The account is entry 1, and the hold entry 2, where there is one. old: of a state of before. The proof points into
 * the others. Owns: free(*certificate). */
void fake_proof_make(struct fake_network *n, bool old, Uncia__Pb__AccountProof *proof, uint8_t group[GROUP_SIZE],
                     struct header *header, struct certificate **certificate);
/* A payment that is final, where it pays from the hold. */
void fake_hold_pay(struct fake_network *n, const struct payment *payment);

#endif
