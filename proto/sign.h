/* Ed25519 keys and signatures over 32-byte digests, and the self-test of the library beneath
 * (docs/spec/encoding.md 1.3). The one user of libsodium's sign calls. Threads: any, once sign_self_test has
 * returned 0. */
#ifndef SIGN_H
#define SIGN_H
#include <stdbool.h>
#include <stdint.h>
#include "hash.h"

#define PUBLIC_KEY_SIZE 32
#define SIGNATURE_SIZE  64
#define SEED_SIZE       32
#define SECRET_KEY_SIZE 64

/* Calls sodium_init and checks the verdicts that this protocol depends on: all of signature_cases.h, and the point of
 * CVE-2025-69277. To be called before anything else in proto. Returns 0 or UNCIA_E_LIBRARY. */
int sign_self_test(void);
/* Derives the key pair of a seed. Returns 0 or UNCIA_E_LIBRARY. Secrets: the caller wipes seed and secret_key. */
int sign_keypair(const uint8_t seed[SEED_SIZE], uint8_t public_key[PUBLIC_KEY_SIZE],
                 uint8_t secret_key[SECRET_KEY_SIZE]);
/* Signs the 32 bytes of a digest. Deterministic. Returns 0 or UNCIA_E_LIBRARY. */
int sign_digest(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest,
                uint8_t signature[SIGNATURE_SIZE]);
/* Whether the signature over the digest is valid under that key, which need not be known for anything. Public data; not
 * in constant time. An invalid one costs about 3.7 times what an honest one does. */
bool sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                 const uint8_t signature[SIGNATURE_SIZE]);
/* The same for a key for which sign_key_valid has said yes before: of an account's entry, of a validator. */
bool sign_verify_bound(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                       const uint8_t signature[SIGNATURE_SIZE]);
/* Whether a key may be bound to an account, and sign at all: the canonical encoding of a point of prime order. */
bool sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE]);

#endif
