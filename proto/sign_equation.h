/* The parts of the verdict on a signature, for who puts them together otherwise, and for the tests of each:
 * encoding 1.3. Public data only; not in constant time. Threads: any. */
#ifndef SIGN_EQUATION_H
#define SIGN_EQUATION_H
#include <stddef.h>
#include "sign.h"

/* Rules 1 and 2, as far as bytes tell: s below the group order, and R written in the one way, if it is a point. */
bool signature_bytes_valid(const uint8_t signature[SIGNATURE_SIZE]);
/* Whether the bytes are the one way to write their point, if they are one: of R, and of keys. */
bool point_is_canonical(const uint8_t point[32]);
/* SHA-512 of R, key and message, 64 bytes: k of rule 4, once it is reduced. */
void signature_hash(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t *message, size_t size,
                    const uint8_t signature[SIGNATURE_SIZE], uint8_t hash[64]);
/* Rule 4, and that R is a point: 8 (sB - kA - R) = 0, for k below the group order, little-endian, a key that is fit to
 * be bound and a signature whose bytes are valid. */
bool signature_equation_holds(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t k[32],
                              const uint8_t signature[SIGNATURE_SIZE]);
/* All but rule 3, of a message of any size. */
bool signature_is_of_message(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t *message, size_t size,
                             const uint8_t signature[SIGNATURE_SIZE]);

#endif
