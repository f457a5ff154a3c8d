/* A proposed block's payments found by their short ids: what is taken, what stays missing, who owns what. Payments
 * here are signed by nobody: only their hashes are looked at. */
#include "big_endian.h"
#include "short_ids.h"
#include "unit.h"

#define N 200u

static const struct hash block_id = {"of one block"};
static struct payment payments[N];
static uint8_t ids[8 * N];
static struct short_ids *sought;

static void open_ids(uint32_t count)
{
	struct hash key;

	ck_assert_int_ge(sodium_init(), 0);
	hash1(HASH_SHORT_ID, block_id.b, HASH_SIZE, &key);
	for (uint32_t i = 0; i < N; i++) {
		payments[i].references = 1;
		hash1(HASH_PAYMENT_WHOLE, &i, sizeof(i), &payments[i].whole);
		be64_put(ids + 8 * i, siphash(key.b, payments[i].whole.b, HASH_SIZE));
	}
	ck_assert_int_eq(short_ids_new(&block_id, ids, count, &sought), 0);
}

static void offer(uint32_t i)
{
	short_ids_offer(sought, &payments[i].whole, &payments[i]);
}

START_TEST(each_payment_is_taken_once)
{
	open_ids(100);
	for (uint32_t i = N; i-- > 0;) { /* half of them another block's */
		ck_assert_uint_eq(short_ids_missing(sought), i < 99 ? i + 1 : 100);
		offer(i);
		offer(i);
	}
	ck_assert_uint_eq(short_ids_missing(sought), 0);
	for (uint32_t i = 0; i < N; i++) {
		ck_assert_uint_eq(payments[i].references, i < 100 ? 2 : 1);
		if (i < 100)
			ck_assert_ptr_eq(short_ids_payments(sought)[i], &payments[i]);
	}
	short_ids_free(sought);
	for (uint32_t i = 0; i < N; i++)
		ck_assert_uint_eq(payments[i].references, 1);
}
END_TEST

START_TEST(payment_named_twice_is_there_twice)
{
	open_ids(1);
	memcpy(ids + 8, ids, 8);
	short_ids_free(sought);
	ck_assert_int_eq(short_ids_new(&block_id, ids, 2, &sought), 0);
	offer(0);
	ck_assert_uint_eq(short_ids_missing(sought), 0);
	ck_assert_ptr_eq(short_ids_payments(sought)[0], &payments[0]);
	ck_assert_ptr_eq(short_ids_payments(sought)[1], &payments[0]);
	short_ids_free(sought);
	ck_assert_uint_eq(payments[0].references, 1);
}
END_TEST

/* No two inputs with one 64-bit hash can be had cheaply: the other payment is offered under the first's hash. */
START_TEST(short_id_of_two_payments_stays_missing)
{
	open_ids(3);
	offer(1);
	short_ids_offer(sought, &payments[1].whole, &payments[150]);
	offer(1);
	ck_assert_uint_eq(short_ids_missing(sought), 3);
	ck_assert_ptr_null(short_ids_payments(sought)[1]);
	offer(0);
	offer(2);
	ck_assert_uint_eq(short_ids_missing(sought), 1);
	ck_assert_uint_eq(payments[1].references, 1);
	ck_assert_uint_eq(payments[150].references, 1);
	short_ids_free(sought);
}
END_TEST

/* The pool may have dropped a payment and taken it in anew meanwhile. */
START_TEST(same_payment_decoded_again_is_no_other)
{
	open_ids(1);
	offer(0);
	payments[1].whole = payments[0].whole;
	short_ids_offer(sought, &payments[1].whole, &payments[1]);
	ck_assert_uint_eq(short_ids_missing(sought), 0);
	ck_assert_uint_eq(payments[1].references, 1);
	short_ids_free(sought);
}
END_TEST

START_TEST(of_no_short_ids_none_is_missing)
{
	open_ids(0);
	ck_assert_uint_eq(short_ids_missing(sought), 0);
	offer(0);
	short_ids_free(sought);
	short_ids_free(NULL);
}
END_TEST

UNIT_MAIN("short_ids", each_payment_is_taken_once, payment_named_twice_is_there_twice,
          short_id_of_two_payments_stays_missing, same_payment_decoded_again_is_no_other,
          of_no_short_ids_none_is_missing)
