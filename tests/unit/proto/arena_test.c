/* The arena: alignment, zeroes, and a limit that holds to the byte. */
#include "arena.h"
#include <stdalign.h>
#include "uncia/error.h"
#include "unit.h"

START_TEST(memory_is_zeroed_aligned_and_apart)
{
	struct arena a;
	uint8_t *pieces[400];
	arena_init(&a, 1 << 20);
	for (size_t i = 0; i < 400; i++) {
		pieces[i] = arena_alloc(&a, i);
		ck_assert_ptr_nonnull(pieces[i]);
		ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		for (size_t k = 0; k < i; k++)
			ck_assert_uint_eq(pieces[i][k], 0);
		memset(pieces[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < 400; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_uint_eq(pieces[i][k], i & 0xff);
	arena_deinit(&a);
}
END_TEST

START_TEST(limit_holds_to_the_byte)
{
	struct arena a;
	arena_init(&a, 4096);
	for (int i = 0; i < 4096 / 16; i++)
		ck_assert_ptr_nonnull(arena_alloc(&a, 16));
	ck_assert_int_eq(a.error, 0);
	ck_assert_ptr_null(arena_alloc(&a, 1));
	ck_assert_int_eq(a.error, UNCIA_E_LIMIT);
	arena_deinit(&a);

	arena_init(&a, 4096);
	ck_assert_ptr_null(arena_alloc(&a, 4097));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX - 15));
	ck_assert_ptr_nonnull(arena_alloc(&a, 4096));
	arena_deinit(&a);
}
END_TEST

/* Lets malloc fail under AddressSanitizer instead of ending the program. */
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

START_TEST(missing_memory_is_told_apart_from_the_limit)
{
	struct arena a;
	arena_init(&a, SIZE_MAX);
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX / 2 - 64));
	ck_assert_int_eq(a.error, UNCIA_E_MEMORY);
	ck_assert_ptr_nonnull(arena_alloc(&a, 100));
	arena_deinit(&a);
}
END_TEST

START_TEST(deinit_accepts_nothing_and_twice)
{
	struct arena a;
	arena_deinit(NULL);
	arena_init(&a, 100);
	arena_deinit(&a);
	ck_assert_ptr_nonnull(arena_alloc(&a, 96));
	arena_deinit(&a);
	arena_deinit(&a);
	ck_assert_uint_eq(a.used, 0);
}
END_TEST

/* What one arena gave back serves the next, zeroed again where that is promised. */
START_TEST(cached_chunks_serve_the_next_arena)
{
	struct chunk_cache cache = {0};
	struct arena a, b;
	arena_init_cached(&a, SIZE_MAX, &cache);
	uint8_t *first = arena_alloc_unset(&a, 1000);
	ck_assert_ptr_nonnull(first);
	memset(first, 0xff, 1000);
	arena_deinit(&a);
	ck_assert_uint_gt(cache.size, 1000);

	arena_init_cached(&a, SIZE_MAX, &cache);
	uint8_t *again = arena_alloc(&a, 1000);
	ck_assert_ptr_eq(again, first);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_uint_eq(again[i], 0);
	ck_assert_uint_eq(cache.size, 0);
	arena_init_cached(&b, 2000, &cache); /* a limit holds all the same */
	ck_assert_ptr_nonnull(arena_alloc_unset(&b, 1000));
	ck_assert_ptr_null(arena_alloc_unset(&b, 1001));
	ck_assert_int_eq(b.error, UNCIA_E_LIMIT);
	arena_deinit(&b);
	ck_assert_uint_gt(cache.size, 2000); /* what it counts is what it hands out */
	arena_deinit(&a);
	chunk_cache_deinit(&cache);
	ck_assert_ptr_null(cache.chunks);
}
END_TEST

START_TEST(chunk_cache_is_bounded)
{
	struct chunk_cache cache = {0};
	struct arena a;
	arena_init_cached(&a, SIZE_MAX, &cache);
	ck_assert_ptr_nonnull(arena_alloc_unset(&a, CHUNK_CACHE_MAX - 1000)); /* no chunk that serves all */
	for (size_t total = 0; total < 3 * CHUNK_CACHE_MAX; total += 1000)
		ck_assert_ptr_nonnull(arena_alloc_unset(&a, 1000));
	arena_deinit(&a);
	ck_assert_uint_gt(cache.size, CHUNK_CACHE_MAX / 2);
	ck_assert_uint_le(cache.size, CHUNK_CACHE_MAX);
	chunk_cache_deinit(&cache);
}
END_TEST

UNIT_MAIN("arena", memory_is_zeroed_aligned_and_apart, limit_holds_to_the_byte,
          missing_memory_is_told_apart_from_the_limit, deinit_accepts_nothing_and_twice,
          cached_chunks_serve_the_next_arena, chunk_cache_is_bounded)
