/* Slabs: the item freed last is allocated first, and no more spare ones are kept than the maximum. */
#include "slab.h"
#include "unit.h"

START_TEST(last_item_freed_is_allocated_first)
{
	struct slab slab;
	slab_init(&slab, 100, 8);
	void *a = slab_alloc(&slab), *b = slab_alloc(&slab);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_ne(a, b);
	memset(a, 0xff, 100);
	memset(b, 0xff, 100);
	slab_free(&slab, a);
	slab_free(&slab, b);
	ck_assert_ptr_eq(slab_alloc(&slab), b);
	memset(b, 0xff, 100); /* all of it belongs to its holder */
	ck_assert_ptr_eq(slab_alloc(&slab), a);
	memset(a, 0xff, 100);
	ck_assert_uint_eq(slab.count, 0);
	slab_free(&slab, a);
	slab_free(&slab, b);
	slab_deinit(&slab);
}
END_TEST

START_TEST(no_more_spare_items_than_the_maximum)
{
	struct slab slab;
	void *all[5];
	slab_init(&slab, sizeof(void *), 3);
	for (size_t i = 0; i < 5; i++)
		ck_assert_ptr_nonnull(all[i] = slab_alloc(&slab));
	for (size_t i = 0; i < 5; i++)
		slab_free(&slab, all[i]);
	ck_assert_uint_eq(slab.count, 3);
	for (size_t i = 3; i > 0; i--)
		ck_assert_ptr_eq(slab_alloc(&slab), all[i - 1]);
	for (size_t i = 0; i < 3; i++)
		slab_free(&slab, all[i]);
	slab_deinit(&slab);
	ck_assert_uint_eq(slab.count, 0);
	ck_assert_ptr_null(slab.spare);
}
END_TEST

UNIT_MAIN("slab", last_item_freed_is_allocated_first, no_more_spare_items_than_the_maximum)
