/* Ed25519 by libsodium, and the self-test at start-up: every node's libsodium must give the same verdicts. */
#include "sign.h"
#include "speccheck.h"
#include "uncia/error.h"

/* CVE-2025-69277: not in the prime-order subgroup, but an unpatched library says that it is; patched and unpatched
 * ones carry the same version string. */
static const uint8_t outside_subgroup[PUBLIC_KEY_SIZE] = {
    0x00, 0x37, 0x89, 0x29, 0x7c, 0xe0, 0x2d, 0xef, 0xa2, 0xf4, 0xbc, 0x76, 0x35, 0xd1, 0xd7, 0xce,
    0x99, 0xb9, 0x6d, 0x76, 0xeb, 0x91, 0xd3, 0x1f, 0x90, 0x51, 0x01, 0x67, 0x4d, 0xda, 0xb7, 0x20,
};

int sign_self_test(void)
{
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	/* encoding, "Signatures": releases differ on a few odd signatures, and a difference would split the ledger. */
	for (unsigned i = 0; i < sizeof(speccheck_cases) / sizeof(speccheck_cases[0]); i++) {
		const struct speccheck_case *c = &speccheck_cases[i];
		int rc = crypto_sign_verify_detached(c->signature, c->message, sizeof(c->message), c->public_key);
		if ((rc == 0) != c->valid)
			return UNCIA_E_LIBRARY;
	}
	return crypto_core_ed25519_is_valid_point(outside_subgroup) ? UNCIA_E_LIBRARY : 0;
}

int sign_keypair(const uint8_t seed[SEED_SIZE], uint8_t public_key[PUBLIC_KEY_SIZE],
                 uint8_t secret_key[SECRET_KEY_SIZE])
{
	return crypto_sign_seed_keypair(public_key, secret_key, seed) == 0 ? 0 : UNCIA_E_LIBRARY;
}

int sign_digest(const uint8_t secret_key[SECRET_KEY_SIZE], const struct hash *digest, uint8_t signature[SIGNATURE_SIZE])
{
	return crypto_sign_detached(signature, NULL, digest->b, HASH_SIZE, secret_key) == 0 ? 0 : UNCIA_E_LIBRARY;
}

bool sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                 const uint8_t signature[SIGNATURE_SIZE])
{
	return crypto_sign_verify_detached(signature, digest->b, HASH_SIZE, public_key) == 0;
}

bool sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE])
{
	return crypto_core_ed25519_is_valid_point(public_key) == 1;
}
