/* Signatures: the verdict of the protocol on published vectors, and on signatures crafted to be odd. */
#include <jansson.h>
#include "sign_equation.h"
#include "signature_cases.h"
#include "unit.h"

START_TEST(self_test_passes_on_this_library)
{
	ck_assert_int_eq(sign_self_test(), 0);
}
END_TEST

/* ---- vectors -------------------------------------------------------------------------------------- */

#define MESSAGE_MAX 1024

struct given {
	uint8_t key[PUBLIC_KEY_SIZE], signature[SIGNATURE_SIZE], message[MESSAGE_MAX];
	size_t size;
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	ck_assert_msg(text != NULL, "no %s", name);
	return text;
}

static void read_given(const json_t *object, const char *key, const char *message, struct given *given)
{
	unit_hex(text_of(object, key), given->key, PUBLIC_KEY_SIZE);
	unit_hex(text_of(object, "signature"), given->signature, SIGNATURE_SIZE);
	given->size = strlen(text_of(object, message)) / 2;
	ck_assert_uint_le(given->size, MESSAGE_MAX);
	unit_hex(text_of(object, message), given->message, given->size);
}

/* The lowest rule that it breaks, as far as this program tells them apart; 0: it is valid. */
static int broken_rule(const struct given *given)
{
	if (!signature_bytes_valid(given->signature))
		return 1;
	if (!sign_key_valid(given->key))
		return 3;
	return signature_is_of_message(given->key, given->message, given->size, given->signature) ? 0 : 4;
}

/* Rules 1 and 2 are one function here, and whether R is a point of the curve is found out by rule 4. */
static bool same_rule(int broken, int published)
{
	return broken == published || (broken == 1 && published == 2) || (broken == 4 && published == 2);
}

static json_t *load(const char *file, size_t count)
{
	char path[512];
	snprintf(path, sizeof(path), VECTORS "/%s", file);
	json_t *cases = json_load_file(path, 0, NULL);
	ck_assert_ptr_nonnull(cases);
	ck_assert_uint_eq(json_array_size(cases), count);
	return cases;
}

static bool verdict(const struct given *given)
{
	struct hash digest;
	if (given->size != HASH_SIZE)
		return broken_rule(given) == 0;
	memcpy(digest.b, given->message, HASH_SIZE);
	bool valid = sign_verify(given->key, &digest, given->signature);
	ck_assert_int_eq(sign_verify_bound(given->key, &digest, given->signature) && sign_key_valid(given->key), valid);
	return valid;
}

START_TEST(speccheck_is_refused_as_published)
{
	json_t *cases = load("ed25519-speccheck.json", 12);
	for (size_t i = 0; i < json_array_size(cases); i++) {
		const struct signature_case *c = &signature_cases[i];
		struct given given;
		read_given(json_array_get(cases, i), "pub_key", "message", &given);
		ck_assert_mem_eq(c->message, given.message, sizeof(c->message));
		ck_assert_mem_eq(c->public_key, given.key, sizeof(c->public_key));
		ck_assert_mem_eq(c->signature, given.signature, sizeof(c->signature));
		ck_assert(!c->valid && !verdict(&given));
	}
	json_decref(cases);
}
END_TEST

START_TEST(every_vector_has_its_verdict_and_its_rule)
{
	json_t *cases = load("ed25519-format2.json", 181);
	size_t valid = 0, stricter = 0, laxer = 0;
	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *c = json_array_get(cases, i);
		struct given given;
		read_given(c, "key", "message", &given);
		bool published = json_is_true(json_object_get(c, "valid"));
		int rule = (int)json_integer_value(json_object_get(c, "rule"));
		ck_assert_msg(verdict(&given) == published, "%s", text_of(c, "name"));
		ck_assert_msg(same_rule(broken_rule(&given), rule), "%s: %d", text_of(c, "name"), broken_rule(&given));
		bool sodium = json_is_true(json_object_get(c, "libsodium_1_0_18"));
		valid += published;
		stricter += published && !sodium;
		laxer += !published && sodium;
	}
	ck_assert_uint_eq(valid, 36);
	ck_assert_uint_eq(stricter, 20); /* so that the slow way is gone, too */
	ck_assert_uint_eq(laxer, 8);
	json_decref(cases);
}
END_TEST

START_TEST(the_equation_holds_for_scalars_that_no_hash_gives)
{
	json_t *cases = load("ed25519-format2-given-k.json", 60);
	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *c = json_array_get(cases, i);
		struct given given;
		read_given(c, "key", "k", &given);
		ck_assert_uint_eq(given.size, 32);
		bool valid = signature_bytes_valid(given.signature) && sign_key_valid(given.key) &&
		             signature_equation_holds(given.key, given.message, given.signature);
		ck_assert_msg(valid == json_is_true(json_object_get(c, "valid")), "%s", text_of(c, "name"));
	}
	json_decref(cases);
}
END_TEST

START_TEST(wycheproof_has_its_verdicts)
{
	json_t *cases = load("ed25519-wycheproof.json", 151);
	size_t of_another_size = 0;
	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *c = json_array_get(cases, i);
		bool published = strcmp(text_of(c, "wycheproof"), "valid") == 0;
		struct given given;
		ck_assert_int_eq(json_is_true(json_object_get(c, "valid")), published);
		if (strlen(text_of(c, "signature")) != 2 * SIGNATURE_SIZE) {
			ck_assert(!published); /* no message of the protocol carries one */
			of_another_size++;
			continue;
		}
		read_given(c, "key", "message", &given);
		ck_assert_msg(verdict(&given) == published, "%s", text_of(c, "name"));
		int rule = (int)json_integer_value(json_object_get(c, "rule"));
		ck_assert_msg(same_rule(broken_rule(&given), rule), "%s: %d", text_of(c, "name"), broken_rule(&given));
	}
	ck_assert_uint_eq(of_another_size, 12);
	json_decref(cases);
}
END_TEST

/* ---- crafted -------------------------------------------------------------------------------------- */

#define CRAFTED 20000

/* Adds `n` times a point of order 8. */
static void add_torsion(uint8_t point[32], unsigned n)
{
	uint8_t order_8[32];
	unit_hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", order_8, sizeof(order_8));
	while (n--)
		ck_assert_int_eq(crypto_core_ed25519_add(point, point, order_8), 0);
}

static void scalar_of(const char *what, uint32_t number, uint8_t scalar[32])
{
	uint8_t wide[64];
	char text[64];
	snprintf(text, sizeof(text), "%s %u", what, number);
	crypto_hash_sha512(wide, (const uint8_t *)text, strlen(text));
	crypto_core_ed25519_scalar_reduce(scalar, wide);
}

/* Signs with a point of small order in R and in the key, whose parts `of_r` and `of_key` (0: none) say. */
static void craft(uint32_t number, unsigned of_r, unsigned of_key, struct given *given)
{
	uint8_t secret[32], nonce[32], k[32], wide[64], *s = given->signature + 32;
	scalar_of("key", number, secret);
	scalar_of("nonce", number, nonce);
	scalar_of("message", number, given->message);
	given->size = HASH_SIZE;
	ck_assert_int_eq(crypto_scalarmult_ed25519_base_noclamp(given->key, secret), 0);
	ck_assert_int_eq(crypto_scalarmult_ed25519_base_noclamp(given->signature, nonce), 0);
	add_torsion(given->key, of_key);
	add_torsion(given->signature, of_r);
	crypto_hash_sha512_state state;
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, given->signature, 32);
	crypto_hash_sha512_update(&state, given->key, 32);
	crypto_hash_sha512_update(&state, given->message, given->size);
	crypto_hash_sha512_final(&state, wide);
	crypto_core_ed25519_scalar_reduce(k, wide);
	crypto_core_ed25519_scalar_mul(s, k, secret);
	crypto_core_ed25519_scalar_add(s, s, nonce);
}

START_TEST(crafted_signatures_are_judged_by_what_they_are_made_of)
{
	static const uint8_t one[32] = {1};
	size_t valid = 0, libsodium_says_no = 0;
	for (uint32_t i = 0; i < CRAFTED; i++) {
		unsigned of_r = i % 8, of_key = i % 4 == 3 ? i / 8 % 8 : 0;
		bool wrong_s = i % 5 == 4;
		struct given given;
		craft(i, of_r, of_key, &given);
		if (wrong_s)
			crypto_core_ed25519_scalar_add(given.signature + 32, given.signature + 32, one);
		bool is_valid = of_key == 0 && !wrong_s;
		ck_assert_msg(verdict(&given) == is_valid, "%u: torsion %u in R, %u in the key", i, of_r, of_key);
		valid += is_valid;
		libsodium_says_no +=
		    is_valid && crypto_sign_verify_detached(given.signature, given.message, given.size, given.key) != 0;
	}
	ck_assert_uint_gt(valid, CRAFTED / 2);
	ck_assert_uint_gt(libsodium_says_no, CRAFTED / 3);
}
END_TEST

START_TEST(keys_of_mixed_or_small_order_are_not_valid)
{
	uint8_t key[PUBLIC_KEY_SIZE], secret[SECRET_KEY_SIZE], seed[SEED_SIZE] = {7};

	unit_hex("003789297ce02defa2f4bc7635d1d7ce99b96d76eb91d31f905101674ddab720", key, sizeof(key));
	ck_assert(!sign_key_valid(key));
	/* Cases 0 to 5 and 8 to 11 have keys of small or mixed order or in no canonical form. */
	for (int i = 0; i < 12; i++)
		ck_assert_int_eq(sign_key_valid(signature_cases[i].public_key), i == 6 || i == 7);
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

UNIT_MAIN("sign", self_test_passes_on_this_library, speccheck_is_refused_as_published,
          every_vector_has_its_verdict_and_its_rule, the_equation_holds_for_scalars_that_no_hash_gives,
          wycheproof_has_its_verdicts, crafted_signatures_are_judged_by_what_they_are_made_of,
          keys_of_mixed_or_small_order_are_not_valid, signature_is_deterministic_and_covers_every_bit)
