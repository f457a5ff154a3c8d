/* The linker's --wrap sends sign_verify here: forging is granted, so that what lies behind signatures is reached. */
#include "fuzz.h"

bool __wrap_sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                        const uint8_t signature[SIGNATURE_SIZE]);

bool __wrap_sign_verify_bound(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                              const uint8_t signature[SIGNATURE_SIZE]);

bool __wrap_sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                        const uint8_t signature[SIGNATURE_SIZE])
{
	(void)public_key;
	(void)digest;
	return fuzz_signature_holds(signature);
}

bool __wrap_sign_verify_bound(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                              const uint8_t signature[SIGNATURE_SIZE])
{
	return __wrap_sign_verify(public_key, digest, signature);
}
