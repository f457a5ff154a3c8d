/* See network_proof.h: Ed25519 as RFC 8032 has it, but with the scalar of an X25519 secret in place of the first half
 * of a hashed seed, and a nonce under a tag of its own. */
#include "network_proof.h"
#include <string.h>
#include "uncia/error.h"

#define SCALAR_SIZE crypto_core_ed25519_SCALARBYTES
#define WIDE_SIZE   crypto_core_ed25519_NONREDUCEDSCALARBYTES

/* What must not stay in memory. */
struct secrets {
	uint8_t wide[WIDE_SIZE]; /* before it is reduced */
	uint8_t key[SCALAR_SIZE], nonce[SCALAR_SIZE];
};

/* X25519 clears and sets these bits of any secret before it multiplies (RFC 7748, section 5). */
static void clamp(const uint8_t secret[32], uint8_t wide[WIDE_SIZE])
{
	memset(wide, 0, WIDE_SIZE);
	memcpy(wide, secret, 32);
	wide[0] &= 248;
	wide[31] &= 127;
	wide[31] |= 64;
}

/* Two hashes make the 64 bytes that are reduced, so that the nonce has no bias. */
static void make_nonce(const uint8_t secret[32], const struct hash *digest, struct secrets *s)
{
	struct hash half;
	for (uint8_t part = 0; part < 2; part++) {
		struct hasher h;
		hasher_init(&h, HASH_LINE_NONCE);
		hasher_add(&h, &part, 1);
		hasher_add(&h, secret, 32);
		hasher_add(&h, digest->b, HASH_SIZE);
		hasher_end(&h, &half);
		memcpy(s->wide + part * HASH_SIZE, half.b, HASH_SIZE);
		sodium_memzero(&h, sizeof(h));
	}
	sodium_memzero(&half, sizeof(half));
	crypto_core_ed25519_scalar_reduce(s->nonce, s->wide);
}

/* The scalar that the signature is bound to its key and message by: SHA-512 of R, A and M, reduced. */
static void challenge(const uint8_t nonce_point[32], const uint8_t key_point[32], const struct hash *digest,
                      uint8_t scalar[SCALAR_SIZE])
{
	uint8_t text[64 + HASH_SIZE], wide[crypto_hash_sha512_BYTES];
	memcpy(text, nonce_point, 32);
	memcpy(text + 32, key_point, 32);
	memcpy(text + 64, digest->b, HASH_SIZE);
	crypto_hash_sha512(wide, text, sizeof(text));
	crypto_core_ed25519_scalar_reduce(scalar, wide);
}

static int proof_sign(const struct hash *digest, struct secrets *s, uint8_t proof[NETWORK_PROOF_SIZE])
{
	uint8_t *key_point = proof, *nonce_point = proof + 32, *response = proof + 64, scalar[SCALAR_SIZE];
	if (crypto_scalarmult_ed25519_base_noclamp(key_point, s->key) ||
	    crypto_scalarmult_ed25519_base_noclamp(nonce_point, s->nonce))
		return UNCIA_E_ARGUMENT;
	challenge(nonce_point, key_point, digest, scalar);
	crypto_core_ed25519_scalar_mul(scalar, scalar, s->key);
	crypto_core_ed25519_scalar_add(response, scalar, s->nonce);
	sodium_memzero(scalar, sizeof(scalar)); /* with the response it would give the nonce away */
	return 0;
}

int network_proof_make(const uint8_t secret[32], const struct hash *digest, uint8_t proof[NETWORK_PROOF_SIZE])
{
	struct secrets s;
	clamp(secret, s.wide);
	crypto_core_ed25519_scalar_reduce(s.key, s.wide);
	make_nonce(secret, digest, &s);
	int error = proof_sign(digest, &s, proof);
	sodium_memzero(&s, sizeof(s));
	return error;
}

bool network_proof_holds(const uint8_t network_key[32], const struct hash *digest,
                         const uint8_t proof[NETWORK_PROOF_SIZE])
{
	uint8_t key[32];
	return !crypto_sign_ed25519_pk_to_curve25519(key, proof) && !memcmp(key, network_key, sizeof(key)) &&
	       sign_verify(proof, digest, proof + 32);
}
