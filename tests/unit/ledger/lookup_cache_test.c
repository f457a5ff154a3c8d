/* What the lookup cache holds, and when it no longer counts. */
#include "lookup_cache.h"
#include "heap.h"
#include "uncia/error.h"
#include "unit.h"

static struct lookup_cache *cache;

static struct payment_id id_of(uint32_t number)
{
	struct payment_id id = {{0}};

	memcpy(id.b + 4, &number, sizeof(number));
	return id;
}

static bool absent(uint32_t number)
{
	struct payment_id id = id_of(number);

	return lookup_cache_absent(cache, &id, number);
}

static void note_absent(uint32_t number)
{
	struct payment_id id = id_of(number);

	ck_assert_int_eq(lookup_cache_add_absent(cache, &id, number), 0);
}

START_TEST(an_index_is_held_until_newer_ones_push_it_out)
{
	uint64_t index = 99;

	cache = lookup_cache_new();
	ck_assert_ptr_nonnull(cache);
	ck_assert(!lookup_cache_index(cache, 0, &index));
	ck_assert_int_eq(lookup_cache_add_index(cache, 0, 0), 0);
	ck_assert(lookup_cache_index(cache, 0, &index));
	ck_assert_uint_eq(index, 0);
	/* All of one set: eight have room. */
	for (unsigned i = 1; i <= 8; i++) {
		ck_assert(!lookup_cache_index(cache, i << 20, &index));
		ck_assert_int_eq(lookup_cache_add_index(cache, i << 20, i), 0);
	}
	ck_assert(!lookup_cache_index(cache, 0, &index));
	for (unsigned i = 1; i <= 8; i++) {
		ck_assert(lookup_cache_index(cache, i << 20, &index));
		ck_assert_uint_eq(index, i);
	}
	lookup_cache_free(cache);
}
END_TEST

START_TEST(an_index_is_replaced_by_that_of_the_same_hash)
{
	uint64_t index;

	cache = lookup_cache_new();
	ck_assert_int_eq(lookup_cache_add_index(cache, 5, 7), 0);
	ck_assert_int_eq(lookup_cache_add_index(cache, 5, 8), 0);
	ck_assert(lookup_cache_index(cache, 5, &index));
	ck_assert_uint_eq(index, 8);
	/* One that has no room in a place is not held, and not as another. */
	ck_assert_int_eq(lookup_cache_add_index(cache, 6, UINT64_C(1) << 32), 0);
	ck_assert(!lookup_cache_index(cache, 6, &index));
	lookup_cache_free(cache);
}
END_TEST

START_TEST(with_more_accounts_there_are_more_places)
{
	uint32_t found = 0;
	uint64_t index;

	cache = lookup_cache_new();
	for (uint32_t turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < 5000; i++)
			ck_assert_int_eq(lookup_cache_add_index(cache, i, i), 0);
	for (uint32_t i = 0; i < 5000; i++) {
		if (lookup_cache_index(cache, i, &index)) {
			ck_assert_uint_eq(index, i);
			found++;
		}
	}
	ck_assert_uint_eq(found, 5000);
	lookup_cache_free(cache);
}
END_TEST

START_TEST(what_was_absent_may_be_there_once_the_store_has_changed)
{
	cache = lookup_cache_new();
	ck_assert(!absent(0)); /* nor is what was never asked for, all zero as its place is */
	note_absent(3);
	note_absent(4);
	ck_assert(absent(3));
	ck_assert(absent(4));
	ck_assert(!absent(5));
	lookup_cache_store_changed(cache);
	ck_assert(!absent(3));
	note_absent(4);
	ck_assert(absent(4));
	ck_assert(!absent(3));
	lookup_cache_free(cache);
}
END_TEST

START_TEST(as_many_are_held_absent_as_are_under_way)
{
	uint32_t found = 0;

	cache = lookup_cache_new();
	for (uint32_t turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < 3000; i++)
			note_absent(i);
	for (uint32_t i = 0; i < 3000; i++)
		found += absent(i);
	ck_assert_uint_eq(found, 3000);
	lookup_cache_free(cache);
}
END_TEST

START_TEST(where_memory_ends_that_is_told_and_nothing_forgotten)
{
	struct payment_id id = id_of(4096);
	uint64_t index;

	cache = lookup_cache_new();
	ck_assert_int_eq(lookup_cache_add_index(cache, 1, 1), 0);
	note_absent(0);
	heap_fail_from(1);
	int index_noted = lookup_cache_add_index(cache, 2, 100000);
	int absent_noted = lookup_cache_add_absent(cache, &id, 4096); /* the place of the other */
	heap_fail_from(0);
	ck_assert_int_eq(index_noted, UNCIA_E_MEMORY);
	ck_assert_int_eq(absent_noted, UNCIA_E_MEMORY);
	ck_assert(lookup_cache_index(cache, 1, &index));
	ck_assert_uint_eq(index, 1);
	ck_assert(absent(0) && !absent(4096));
	lookup_cache_free(cache);
}
END_TEST

UNIT_MAIN("lookup_cache", an_index_is_held_until_newer_ones_push_it_out, an_index_is_replaced_by_that_of_the_same_hash,
          with_more_accounts_there_are_more_places, what_was_absent_may_be_there_once_the_store_has_changed,
          as_many_are_held_absent_as_are_under_way, where_memory_ends_that_is_told_and_nothing_forgotten)
