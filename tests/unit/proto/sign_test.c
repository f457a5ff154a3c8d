/* Signatures: the pinned verdicts, and that they are the published cases. */
#include <jansson.h>
#include "sign.h"
#include "speccheck.h"
#include "unit.h"

START_TEST(self_test_passes_on_this_library)
{
	ck_assert_int_eq(sign_self_test(), 0);
}
END_TEST

START_TEST(speccheck_table_is_the_published_one)
{
	json_t *cases = json_load_file(VECTORS "/ed25519-speccheck.json", 0, NULL);
	ck_assert_ptr_nonnull(cases);
	ck_assert_uint_eq(json_array_size(cases), sizeof(speccheck_cases) / sizeof(speccheck_cases[0]));
	for (size_t i = 0; i < json_array_size(cases); i++) {
		const struct speccheck_case *c = &speccheck_cases[i];
		json_t *published = json_array_get(cases, i);
		uint8_t message[32], key[32], signature[64];
		unit_hex(json_string_value(json_object_get(published, "message")), message, sizeof(message));
		unit_hex(json_string_value(json_object_get(published, "pub_key")), key, sizeof(key));
		unit_hex(json_string_value(json_object_get(published, "signature")), signature, sizeof(signature));
		ck_assert_mem_eq(c->message, message, sizeof(message));
		ck_assert_mem_eq(c->public_key, key, sizeof(key));
		ck_assert_mem_eq(c->signature, signature, sizeof(signature));
		/* Only the case whose equation holds without the cofactor, in canonical form, is accepted. */
		ck_assert_int_eq(c->valid, i == 3);
		struct hash digest;
		memcpy(digest.b, message, sizeof(message));
		ck_assert_int_eq(sign_verify(key, &digest, signature), c->valid);
	}
	json_decref(cases);
}
END_TEST

START_TEST(keys_of_mixed_or_small_order_are_not_valid)
{
	uint8_t key[PUBLIC_KEY_SIZE], secret[SECRET_KEY_SIZE], seed[SEED_SIZE] = {7};

	unit_hex("003789297ce02defa2f4bc7635d1d7ce99b96d76eb91d31f905101674ddab720", key, sizeof(key));
	ck_assert(!sign_key_valid(key));
	/* Cases 0 to 5 and 8 to 11 have keys of small or mixed order or in no canonical form. */
	for (int i = 0; i < 12; i++)
		ck_assert_int_eq(sign_key_valid(speccheck_cases[i].public_key), i == 6 || i == 7);
	memset(key, 0, sizeof(key));
	ck_assert(!sign_key_valid(key));
	ck_assert_int_eq(sign_keypair(seed, key, secret), 0);
	ck_assert(sign_key_valid(key));
}
END_TEST

START_TEST(signature_is_deterministic_and_covers_every_bit)
{
	uint8_t key[PUBLIC_KEY_SIZE], secret[SECRET_KEY_SIZE], seed[SEED_SIZE] = {1}, a[SIGNATURE_SIZE],
	                                                       b[SIGNATURE_SIZE];
	struct hash digest;

	ck_assert_int_eq(sign_keypair(seed, key, secret), 0);
	hash1(HASH_VOTE, "x", 1, &digest);
	ck_assert_int_eq(sign_digest(secret, &digest, a), 0);
	ck_assert_int_eq(sign_digest(secret, &digest, b), 0);
	ck_assert_mem_eq(a, b, sizeof(a));
	ck_assert(sign_verify(key, &digest, a));
	for (unsigned bit = 0; bit < 8 * SIGNATURE_SIZE; bit++) {
		a[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!sign_verify(key, &digest, a));
		a[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned bit = 0; bit < 8 * HASH_SIZE; bit++) {
		digest.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!sign_verify(key, &digest, a));
		digest.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

UNIT_MAIN("sign", self_test_passes_on_this_library, speccheck_table_is_the_published_one,
          keys_of_mixed_or_small_order_are_not_valid, signature_is_deterministic_and_covers_every_bit)
