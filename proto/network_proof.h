/* Signatures by a network key, which is made for X25519 and signs nothing else: proof that whoever states it has its
 * secret (docs/spec/texts.md, "An operator's line"). The same secret number gives a point of Ed25519, under which the
 * signature is an ordinary one. Threads: any, once sign_self_test has returned 0. */
#ifndef NETWORK_PROOF_H
#define NETWORK_PROOF_H
#include "sign.h"

#define NETWORK_PROOF_SIZE 96u /* the key's point of Ed25519 (32), and a signature under that (64) */

/* Signs the 32 bytes of a digest. secret: 32 bytes, as X25519 takes it. Deterministic, in constant time. Returns 0;
 * UNCIA_E_LIBRARY; UNCIA_E_ARGUMENT (a secret that no signature can be made with, which no random one is). */
int network_proof_make(const uint8_t secret[32], const struct hash *digest, uint8_t proof[NETWORK_PROOF_SIZE]);
/* Whether the point belongs to that network key, and the signature over the digest is valid under it (encoding 1.3).
 * Public data; not in constant time. */
bool network_proof_holds(const uint8_t network_key[32], const struct hash *digest,
                         const uint8_t proof[NETWORK_PROOF_SIZE]);

#endif
