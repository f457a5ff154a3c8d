/* Ed25519 with libsodium, and the self-test at start-up: every program's libsodium must give the same verdicts. */
#include "sign.h"
#include <string.h>
#include "sign_equation.h"
#include "signature_cases.h"
#include "uncia/error.h"

#define SCALAR_SIZE crypto_core_ed25519_SCALARBYTES
#define POINT_SIZE  crypto_core_ed25519_BYTES

/* CVE-2025-69277: not in the prime-order subgroup, but an unpatched library says that it is; patched and unpatched
 * ones carry the same version string. */
static const uint8_t outside_subgroup[PUBLIC_KEY_SIZE] = {
    0x00, 0x37, 0x89, 0x29, 0x7c, 0xe0, 0x2d, 0xef, 0xa2, 0xf4, 0xbc, 0x76, 0x35, 0xd1, 0xd7, 0xce,
    0x99, 0xb9, 0x6d, 0x76, 0xeb, 0x91, 0xd3, 0x1f, 0x90, 0x51, 0x01, 0x67, 0x4d, 0xda, 0xb7, 0x20,
};

static const uint8_t neutral[POINT_SIZE] = {1};

/* The canonical encodings of the eight points of small order. */
static const uint8_t small_order[8][POINT_SIZE] = {
    {0x01},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x00},
    {[31] = 0x80},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0xfa},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x85},
};

/* The group order L, little-endian. */
static const uint8_t group_order[SCALAR_SIZE] = {
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10,
};

/* Whether a < b, both little-endian. */
static bool below(const uint8_t a[SCALAR_SIZE], const uint8_t b[SCALAR_SIZE])
{
	for (unsigned i = SCALAR_SIZE; i-- > 0;) {
		if (a[i] != b[i])
			return a[i] < b[i];
	}
	return false;
}

/* y is below 2^255 - 19, and there is no sign where x is zero, which it is for y = 1 and y = -1 alone. */
bool point_is_canonical(const uint8_t point[POINT_SIZE])
{
	static const uint8_t field[POINT_SIZE] = {
	    0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
	};
	uint8_t y[POINT_SIZE];
	memcpy(y, point, POINT_SIZE);
	y[POINT_SIZE - 1] &= 0x7f;
	if (!below(y, field))
		return false;
	bool x_is_zero = memcmp(y, small_order[0], POINT_SIZE) == 0 || memcmp(y, small_order[1], POINT_SIZE) == 0;
	return !x_is_zero || !(point[POINT_SIZE - 1] & 0x80);
}

bool signature_bytes_valid(const uint8_t signature[SIGNATURE_SIZE])
{
	return below(signature + POINT_SIZE, group_order) && point_is_canonical(signature);
}

bool signature_equation_holds(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t k[SCALAR_SIZE],
                              const uint8_t signature[SIGNATURE_SIZE])
{
	const uint8_t *s = signature + POINT_SIZE;
	uint8_t base_part[POINT_SIZE], key_part[POINT_SIZE], rest[POINT_SIZE];

	/* The two multiplications refuse a result that is the neutral element; keys being of prime order, that is
	 * where the scalar is zero. */
	if (sodium_is_zero(s, SCALAR_SIZE))
		memcpy(base_part, neutral, POINT_SIZE);
	else if (crypto_scalarmult_ed25519_base_noclamp(base_part, s) != 0)
		return false;
	if (sodium_is_zero(k, SCALAR_SIZE))
		memcpy(key_part, neutral, POINT_SIZE);
	else if (crypto_scalarmult_ed25519_noclamp(key_part, k, public_key) != 0)
		return false;
	/* The second subtraction also refuses an R that is no point of the curve. */
	if (crypto_core_ed25519_sub(rest, base_part, key_part) != 0 ||
	    crypto_core_ed25519_sub(rest, rest, signature) != 0)
		return false;
	bool is_small = false;
	for (unsigned i = 0; i < sizeof(small_order) / sizeof(small_order[0]); i++)
		is_small |= memcmp(rest, small_order[i], POINT_SIZE) == 0;
	return is_small;
}

void signature_hash(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t *message, size_t size,
                    const uint8_t signature[SIGNATURE_SIZE], uint8_t hash[crypto_hash_sha512_BYTES])
{
	crypto_hash_sha512_state state;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, signature, POINT_SIZE);
	crypto_hash_sha512_update(&state, public_key, PUBLIC_KEY_SIZE);
	crypto_hash_sha512_update(&state, message, size);
	crypto_hash_sha512_final(&state, hash);
}

bool signature_is_of_message(const uint8_t public_key[PUBLIC_KEY_SIZE], const uint8_t *message, size_t size,
                             const uint8_t signature[SIGNATURE_SIZE])
{
	uint8_t hash[crypto_hash_sha512_BYTES], k[SCALAR_SIZE];

	if (!signature_bytes_valid(signature))
		return false;
	/* libsodium's own verdict is stricter, and three times as fast: it compares R with sB - kA as bytes, and
	 * refuses an R of small order. What it takes is valid; what it refuses is looked at again. */
	if (crypto_sign_verify_detached(signature, message, size, public_key) == 0)
		return true;
	signature_hash(public_key, message, size, signature, hash);
	crypto_core_ed25519_scalar_reduce(k, hash);
	return signature_equation_holds(public_key, k, signature);
}

bool sign_verify_bound(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                       const uint8_t signature[SIGNATURE_SIZE])
{
	return signature_is_of_message(public_key, digest->b, HASH_SIZE, signature);
}

bool sign_verify(const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
                 const uint8_t signature[SIGNATURE_SIZE])
{
	return sign_key_valid(public_key) && sign_verify_bound(public_key, digest, signature);
}

bool sign_key_valid(const uint8_t public_key[PUBLIC_KEY_SIZE])
{
	return crypto_core_ed25519_is_valid_point(public_key) == 1;
}

int sign_self_test(void)
{
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	/* encoding 1.3: releases differ on a few odd signatures, and a difference would split the ledger. */
	for (unsigned i = 0; i < sizeof(signature_cases) / sizeof(signature_cases[0]); i++) {
		const struct signature_case *c = &signature_cases[i];
		struct hash digest;
		memcpy(digest.b, c->message, HASH_SIZE);
		if (sign_verify(c->public_key, &digest, c->signature) != c->valid)
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
