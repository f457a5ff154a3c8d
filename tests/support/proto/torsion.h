/* Signatures with a point of small order in R: valid by docs/spec/encoding.md 1.3, and refused by libsodium alone; and
 * keys with one, which sign nothing. */
#ifndef TORSION_H
#define TORSION_H
#include "sign.h"

/* The signature of RFC 8032, but for n times (1 to 7) a point of order 8 that is added to R before all else follows
 * from it; that of 8 - n takes it away again where both are added up. Deterministic. Returns 0, or -1: libsodium fails.
 */
int sign_with_torsion(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest, unsigned n,
                      uint8_t signature[SIGNATURE_SIZE]);
/* Adds a point of order 8 to the key, in both of its places: no such key is fit to sign, though what it signs holds in
 * the equation. Returns 0, or -1: libsodium fails. */
int key_add_torsion(uint8_t public_key[PUBLIC_KEY_SIZE], uint8_t secret_key[SECRET_KEY_SIZE]);

#endif
