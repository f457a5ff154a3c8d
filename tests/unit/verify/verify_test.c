/* Batches of signatures: the same verdict as one by one, whatever is in them, in whatever order. */
#include <jansson.h>
#include "heap.h"
#include "sign.h"
#include "sign_equation.h"
#include "uncia/error.h"
#include "unit.h"
#include "verify.h"

#define ITEMS_MAX 1024

static struct verify_item items[ITEMS_MAX], before[ITEMS_MAX];
static bool expected[ITEMS_MAX];
static size_t count;
static struct verify_keys *keys;
static struct verify_thread *thread;
static uint64_t random_state = 1;

/* ---- the weights: the library's own, or known ones ---------------------------------------------- */

static const uint8_t (*known_weights)[16]; /* NULL: real ones */
static size_t drawn;

void __real_randombytes_buf(void *buffer, size_t size);
void __wrap_randombytes_buf(void *buffer, size_t size);

void __wrap_randombytes_buf(void *buffer, size_t size)
{
	__real_randombytes_buf(buffer, size);
	if (size % 16 != 0 || !count)
		return;
	drawn += size / 16;
	if (known_weights)
		memcpy(buffer, known_weights, size);
}

/* ---- keys that are decoded; of the plain implementation none is ------------------------------------ */

static unsigned decoded;
static bool no_point; /* what is decoded is said to be none */

bool __real_points_decode(const uint8_t bytes[32], void *point) __attribute__((weak));
bool __wrap_points_decode(const uint8_t bytes[32], void *point);

bool __wrap_points_decode(const uint8_t bytes[32], void *point)
{
	decoded++;
	return !no_point && __real_points_decode(bytes, point);
}

static void setup(void)
{
	ck_assert_int_eq(sign_self_test(), 0);
	keys = verify_keys_new(512);
	ck_assert_ptr_nonnull(keys);
	thread = verify_thread_new(keys);
	ck_assert_ptr_nonnull(thread);
	count = 0;
	known_weights = NULL;
}

static void teardown(void)
{
	count = 0;
	verify_thread_free(thread);
	verify_keys_free(keys);
}

static uint64_t draw(uint64_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (random_state >> 33) % below;
}

/* ---- signatures ------------------------------------------------------------------------------------ */

static void scalar_of(uint64_t number, uint8_t scalar[32])
{
	uint8_t wide[64];
	crypto_hash_sha512(wide, (const uint8_t *)&number, sizeof(number));
	crypto_core_ed25519_scalar_reduce(scalar, wide);
}

static void add_torsion(uint8_t point[32], unsigned n)
{
	uint8_t order_8[32];
	unit_hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", order_8, sizeof(order_8));
	while (n--)
		ck_assert_int_eq(crypto_core_ed25519_add(point, point, order_8), 0);
}

/* A signature with a point of small order in R and in the key (0: none), by one of `signers` keys. Whoever signs is
 * bound where his key is fit for it. */
static void craft(uint64_t signers, unsigned of_r, unsigned of_key)
{
	struct verify_item *item = &items[count];
	uint8_t secret[32], nonce[32], k[32], wide[64], *s = item->signature + 32;
	crypto_hash_sha512_state state;

	*item = (struct verify_item){.check_key = of_key || draw(2)};
	scalar_of(draw(signers), secret);
	scalar_of(UINT64_MAX - draw(UINT32_MAX), nonce);
	scalar_of(draw(UINT32_MAX), item->digest.b);
	ck_assert_int_eq(crypto_scalarmult_ed25519_base_noclamp(item->public_key, secret), 0);
	ck_assert_int_eq(crypto_scalarmult_ed25519_base_noclamp(item->signature, nonce), 0);
	add_torsion(item->public_key, of_key);
	add_torsion(item->signature, of_r);
	crypto_hash_sha512_init(&state);
	crypto_hash_sha512_update(&state, item->signature, 32);
	crypto_hash_sha512_update(&state, item->public_key, 32);
	crypto_hash_sha512_update(&state, item->digest.b, HASH_SIZE);
	crypto_hash_sha512_final(&state, wide);
	crypto_core_ed25519_scalar_reduce(k, wide);
	crypto_core_ed25519_scalar_mul(s, k, secret);
	crypto_core_ed25519_scalar_add(s, s, nonce);
	expected[count++] = !of_key;
}

static void verify_all(void)
{
	struct verify_item *some[VERIFY_CHUNK];
	for (size_t begin = 0; begin < count; begin += VERIFY_CHUNK) {
		size_t size = 0;
		while (size < VERIFY_CHUNK && begin + size < count) {
			some[size] = &items[begin + size];
			size++;
		}
		verify_signatures(thread, some, size);
	}
}

static void verify_and_compare(void)
{
	memcpy(before, items, sizeof(before));
	for (size_t i = 0; i < count; i++)
		items[i].valid = !expected[i]; /* what must be overwritten */
	verify_all();
	for (size_t i = 0; i < count; i++) {
		const struct verify_item *item = &before[i];
		ck_assert_msg(items[i].valid == expected[i], "%zu of %zu", i, count);
		bool one = item->check_key ? sign_verify(item->public_key, &item->digest, item->signature)
		                           : sign_verify_bound(item->public_key, &item->digest, item->signature);
		ck_assert_int_eq(item->unsigned_ || one, expected[i]);
	}
}

START_TEST(vectors_have_their_verdicts_alone_and_together)
{
	json_t *cases = json_load_file(VECTORS "/ed25519-format2.json", 0, NULL);
	static struct verify_item all[ITEMS_MAX];
	static bool valid[ITEMS_MAX];
	size_t all_count = 0;
	ck_assert_ptr_nonnull(cases);
	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *c = json_array_get(cases, i);
		const char *message = json_string_value(json_object_get(c, "message"));
		if (strlen(message) != 64)
			continue;
		struct verify_item *item = &all[all_count];
		*item = (struct verify_item){.check_key = true};
		unit_hex(json_string_value(json_object_get(c, "key")), item->public_key, PUBLIC_KEY_SIZE);
		unit_hex(json_string_value(json_object_get(c, "signature")), item->signature, SIGNATURE_SIZE);
		unit_hex(message, item->digest.b, HASH_SIZE);
		valid[all_count++] = json_is_true(json_object_get(c, "valid"));
	}
	json_decref(cases);
	ck_assert_uint_gt(all_count, 160);
	for (size_t size = 1; size <= all_count; size = size < 8            ? size + 1
	                                                : size == all_count ? size + 1
	                                                                    : all_count) {
		for (size_t begin = 0; begin < all_count; begin += size) {
			count = begin + size < all_count ? size : all_count - begin;
			memcpy(items, &all[begin], count * sizeof(*items));
			memcpy(expected, &valid[begin], count * sizeof(*expected));
			verify_and_compare();
		}
	}
}
END_TEST

START_TEST(batches_of_anything_have_the_verdicts_of_each)
{
	size_t sizes[] = {1, 2, 3, 7, 8, 16, 31, 32, 33, 200};
	for (size_t round = 0; round < 60; round++) {
		count = 0;
		for (size_t i = 0, size = sizes[round % 10]; i < size; i++) {
			unsigned bad = round % 3 == 0 ? 0 : round % 3 == 1 ? !draw(16) : (unsigned)draw(2);
			craft(40, draw(2) ? (unsigned)draw(8) : 0, bad && draw(2) ? 1 + (unsigned)draw(7) : 0);
			if (!bad)
				continue;
			struct verify_item *item = &items[count - 1];
			switch (draw(5)) {
			case 0:
				item->signature[draw(SIGNATURE_SIZE)] ^= (uint8_t)(1 << draw(8));
				expected[count - 1] = false;
				break;
			case 1:
				item->digest.b[draw(HASH_SIZE)] ^= (uint8_t)(1 << draw(8));
				expected[count - 1] = false;
				break;
			case 2:
				memset(item->signature, 0xff, 32);
				expected[count - 1] = false;
				break;
			case 3:
				item->unsigned_ = true;
				expected[count - 1] = true;
				break;
			default: /* as it is */
				break;
			}
		}
		verify_and_compare();
	}
}
END_TEST

/* What is known of a key does not say more than was looked at: a key of mixed order that is said to be bound (by a
 * mistake elsewhere) is refused all the same where nothing is said of it. */
START_TEST(a_key_that_signed_as_bound_is_looked_at_where_it_is_not)
{
	for (unsigned torsion = 0; torsion < 8; torsion++) {
		count = 0;
		craft(1, 0, torsion);
		for (unsigned i = 0; i < 4; i++) {
			items[0].check_key = i % 2;
			verify_all();
			if (!torsion || items[0].check_key)
				ck_assert_int_eq(items[0].valid, !torsion);
		}
	}
}
END_TEST

/* Else whoever sends garbage has keys decoded anew for all others. */
START_TEST(a_wrong_signature_leaves_the_keys_that_are_known)
{
	if (strcmp(verify_implementation, "batch") != 0)
		return;
	verify_thread_free(thread);
	verify_keys_free(keys);
	keys = verify_keys_new(1);
	thread = verify_thread_new(keys);
	count = 0;
	craft(1, 0, 0);
	verify_all();
	ck_assert(items[0].valid);
	decoded = 0;
	for (unsigned i = 0; i < 50; i++) {
		count = 0;
		craft(UINT32_MAX, 0, 0);
		items[0].signature[40] ^= 1;
		verify_all();
		ck_assert(!items[0].valid);
	}
	ck_assert_uint_eq(decoded, 50);
	count = 0;
	craft(1, 0, 0);
	verify_all();
	ck_assert(items[0].valid);
	ck_assert_uint_eq(decoded, 50);
}
END_TEST

/* Which of its backends a library takes is known on the processor alone. */
START_TEST(a_library_with_other_verdicts_is_found_at_the_start)
{
	ck_assert_int_eq(verify_self_test(), 0);
	if (strcmp(verify_implementation, "batch") != 0)
		return; /* that is sign_self_test's */
	no_point = true;
	ck_assert_int_eq(verify_self_test(), UNCIA_E_LIBRARY);
	no_point = false;
}
END_TEST

START_TEST(without_memory_the_verdicts_are_not_said_to_be_right)
{
	if (strcmp(verify_implementation, "batch") != 0)
		return;
	for (unsigned from = 1; from <= 2; from++) {
		heap_fail_from(from);
		int error = verify_self_test();
		heap_fail_from(0);
		ck_assert_int_eq(error, UNCIA_E_MEMORY);
	}
}
END_TEST

/* ---- errors that cancel ----------------------------------------------------------------------------- */

/* Makes all of them wrong, so that the sum is right for these weights: what each adds to the sum is r, 2r, … and the
 * last one takes it all away. */
static void cancel_under(const uint8_t (*weights)[16])
{
	uint8_t sum[32] = {0}, weight[32] = {0}, error[32], inverse[32];
	for (size_t i = 0; i < count; i++) {
		uint8_t *s = items[i].signature + 32;
		memcpy(weight, weights[i], 16);
		ck_assert_int_eq(crypto_core_ed25519_scalar_invert(inverse, weight), 0);
		if (i + 1 < count) {
			scalar_of(1000000 + i, error);
			crypto_core_ed25519_scalar_add(sum, sum, error);
		} else {
			crypto_core_ed25519_scalar_negate(error, sum);
		}
		crypto_core_ed25519_scalar_mul(error, error, inverse);
		crypto_core_ed25519_scalar_add(s, s, error);
		expected[i] = false;
	}
}

START_TEST(errors_that_cancel_under_equal_weights_are_found)
{
	uint8_t ones[VERIFY_CHUNK][16];
	memset(ones, 0, sizeof(ones));
	for (size_t i = 0; i < VERIFY_CHUNK; i++)
		ones[i][0] = 1;
	for (size_t size = 2; size <= VERIFY_CHUNK; size *= 2) {
		count = 0;
		while (count < size)
			craft(40, 0, 0);
		cancel_under((const uint8_t(*)[16])ones);
		verify_and_compare();
	}
}
END_TEST

START_TEST(weights_are_what_the_system_draws_for_each_batch_and_nothing_else)
{
	uint8_t weights[VERIFY_CHUNK][16];
	if (strcmp(verify_implementation, "batch") != 0)
		return;
	for (unsigned round = 0; round < 4; round++) {
		randombytes_buf(weights, sizeof(weights) - 1);
		count = 0;
		while (count < VERIFY_CHUNK)
			craft(40, 0, 0);
		cancel_under((const uint8_t(*)[16])weights);
		/* Whoever knows them has all taken: so they are these. */
		known_weights = (const uint8_t(*)[16])weights;
		drawn = 0;
		verify_all();
		ck_assert_uint_eq(drawn, VERIFY_CHUNK);
		for (size_t i = 0; i < count; i++)
			ck_assert(items[i].valid);
		/* Nobody does: they are drawn anew for each, for halves, too. */
		known_weights = NULL;
		drawn = 0;
		verify_and_compare();
		ck_assert_uint_eq(drawn, VERIFY_CHUNK * 5); /* of 32, 16, 8, 4 and 2 */
	}
}
END_TEST

/* Where there is no memory a check goes on: what it takes was there before it began. */
START_TEST(no_check_takes_memory)
{
	for (size_t size = 1; size <= VERIFY_CHUNK; size++) {
		for (unsigned wrong = 0; wrong < 3; wrong++) {
			count = 0;
			while (count < size)
				craft(400, count % 2 ? (unsigned)draw(8) : 0, 0);
			for (size_t i = 0; i < size && wrong; i += wrong == 1 ? size : 2) {
				items[i].signature[40] ^= 1;
				expected[i] = false;
			}
			memcpy(before, items, sizeof(before));
			heap_fail_from(1);
			verify_all();
			bool taken = heap_failed();
			heap_fail_from(0);
			ck_assert_msg(!taken, "%zu signatures", size);
			for (size_t i = 0; i < count; i++)
				ck_assert_int_eq(items[i].valid, expected[i]);
		}
	}
}
END_TEST

UNIT_MAIN_BETWEEN("verify", setup, teardown, a_library_with_other_verdicts_is_found_at_the_start,
                  without_memory_the_verdicts_are_not_said_to_be_right, no_check_takes_memory,
                  a_key_that_signed_as_bound_is_looked_at_where_it_is_not,
                  a_wrong_signature_leaves_the_keys_that_are_known, vectors_have_their_verdicts_alone_and_together,
                  batches_of_anything_have_the_verdicts_of_each, errors_that_cancel_under_equal_weights_are_found,
                  weights_are_what_the_system_draws_for_each_batch_and_nothing_else)
