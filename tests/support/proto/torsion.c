/* See torsion.h. */
#include "torsion.h"
#include <sodium.h>
#include <string.h>

static const uint8_t order_8[32] = {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                                    0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                                    0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05};

int sign_with_torsion(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest, unsigned n,
                      uint8_t signature[SIGNATURE_SIZE])
{
	const uint8_t *public_key = secret_key + SECRET_KEY_SIZE - PUBLIC_KEY_SIZE;
	uint8_t secret[64], wide[64] = {0}, r[32], k[32], *s = signature + 32;
	crypto_hash_sha512_state state;

	crypto_hash_sha512(secret, secret_key, SEED_SIZE);
	secret[0] &= 248;
	secret[31] = (secret[31] & 127) | 64;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, secret + 32, 32);
	crypto_hash_sha512_update(&state, digest->b, HASH_SIZE);
	crypto_hash_sha512_final(&state, wide);
	crypto_core_ed25519_scalar_reduce(r, wide);
	if (crypto_scalarmult_ed25519_base_noclamp(signature, r))
		return -1;
	while (n--)
		if (crypto_core_ed25519_add(signature, signature, order_8))
			return -1;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, signature, 32);
	crypto_hash_sha512_update(&state, public_key, PUBLIC_KEY_SIZE);
	crypto_hash_sha512_update(&state, digest->b, HASH_SIZE);
	crypto_hash_sha512_final(&state, wide);
	crypto_core_ed25519_scalar_reduce(k, wide);
	memset(wide, 0, sizeof(wide));
	memcpy(wide, secret, 32);
	crypto_core_ed25519_scalar_reduce(secret, wide);
	crypto_core_ed25519_scalar_mul(s, k, secret);
	crypto_core_ed25519_scalar_add(s, s, r);
	return 0;
}

int key_add_torsion(uint8_t public_key[PUBLIC_KEY_SIZE], uint8_t secret_key[SECRET_KEY_SIZE])
{
	if (crypto_core_ed25519_add(public_key, public_key, order_8))
		return -1;
	memcpy(secret_key + SECRET_KEY_SIZE - PUBLIC_KEY_SIZE, public_key, PUBLIC_KEY_SIZE);
	return 0;
}
