/* Ed25519 keys and signatures over 32-byte digests, and the self-test of the library beneath
 * (docs/spec/encoding.md, "Signatures"). The one user of libsodium's sign calls. */
#ifndef SIGN_H
#define SIGN_H
#include <stdbool.h>
#include <stdint.h>
#include "hash.h"

#define PUBLIC_KEY_SIZE 32
#define SIGNATURE_SIZE  64
#define SEED_SIZE       32
#define SECRET_KEY_SIZE 64

/* sodium_init plus the verdicts this protocol depends on: all speccheck cases, the point of
 * CVE-2025-69277. Call once before anything else in proto. Returns 0, UNCIA_E_LIBRARY. */
int sign_self_test(void);
/* Derives the key pair of a seed. Returns 0 or UNCIA_E_LIBRARY. Secrets: the caller wipes. */
int sign_keypair(const uint8_t seed[SEED_SIZE], uint8_t public_key[PUBLIC_KEY_SIZE],
                 uint8_t secret_key[SECRET_KEY_SIZE]);
/* Deterministic. Returns 0 or UNCIA_E_LIBRARY. */
int sign_digest(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest,
                uint8_t signature[SIGNATURE_SIZE]);
bool sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                 const uint8_t signature[SIGNATURE_SIZE]);
/* In the prime-order subgroup, canonical, not of small order: the rule for binding a key. */
bool sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE]);

#endif
