/* Signatures for the simulator: the real ones, or a stand-in that is a hundred times faster, keyed by a secret that
 * only the simulator has, so that nobody in it can forge one. Linked in place of the three calls (-Wl,--wrap); the
 * object code of the product is the same either way. */
#include "standin.h"
#include <sodium.h>
#include <string.h>

bool standin_signatures;

int __real_sign_digest(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest,
                       uint8_t signature[SIGNATURE_SIZE]);
int __wrap_sign_digest(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest,
                       uint8_t signature[SIGNATURE_SIZE]);
bool __real_sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                        const uint8_t signature[SIGNATURE_SIZE]);
bool __wrap_sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                        const uint8_t signature[SIGNATURE_SIZE]);
bool __real_sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE]);
bool __wrap_sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE]);

static void standin(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                    uint8_t signature[SIGNATURE_SIZE])
{
	static const uint8_t key[crypto_shorthash_siphashx24_KEYBYTES] = "simulator's own";
	uint8_t text[PUBLIC_KEY_SIZE + HASH_SIZE];

	memcpy(text, public_key, PUBLIC_KEY_SIZE);
	memcpy(text + PUBLIC_KEY_SIZE, digest->b, HASH_SIZE);
	memset(signature, 0, SIGNATURE_SIZE);
	crypto_shorthash_siphashx24(signature, text, sizeof(text), key);
}

int __wrap_sign_digest(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest,
                       uint8_t signature[SIGNATURE_SIZE])
{
	if (!standin_signatures)
		return __real_sign_digest(secret_key, digest, signature);
	standin(secret_key + SECRET_KEY_SIZE - PUBLIC_KEY_SIZE, digest, signature); /* libsodium keeps it there */
	return 0;
}

bool __wrap_sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                        const uint8_t signature[SIGNATURE_SIZE])
{
	uint8_t expected[SIGNATURE_SIZE];

	if (!standin_signatures)
		return __real_sign_verify(public_key, digest, signature);
	standin(public_key, digest, expected);
	return memcmp(signature, expected, SIGNATURE_SIZE) == 0;
}

bool __wrap_sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE])
{
	return standin_signatures || __real_sign_key_valid(public_key);
}
