/* A block with more groups than its table was made for: one that is not found is copied anew from below, and what was
 * paid to its accounts is gone. */
#include "groups.h"
#include "unit.h"

enum { GROUPS = 6000 };

static const uint8_t seed[16] = "a seed of hashes";

static void mark(struct group_record *record, uint64_t index)
{
	memset(record, (int)(index % 251), sizeof(*record));
	memcpy(record->entries, &index, sizeof(index));
}

/* As state trees number them, and far apart. */
static uint64_t index_of(uint32_t i)
{
	return i % 2 ? i : (uint64_t)i << 33;
}

static void check_all(const struct block_groups *groups, uint32_t count)
{
	struct group_record record;
	uint32_t i = 0;

	for (const struct held_group *group = groups->first; group; group = group->next, i++)
		ck_assert_uint_eq(group->index, index_of(i)); /* in the order in which they came */
	ck_assert_uint_eq(i, count);
	ck_assert_uint_eq(groups->count, count);
	for (i = 0; i < count; i++) {
		const struct held_group *group = block_groups_find(groups, index_of(i));
		ck_assert_ptr_nonnull(group);
		ck_assert_uint_eq(group->changed, 0);
		mark(&record, index_of(i));
		ck_assert_mem_eq(&group->record, &record, sizeof(record));
	}
	for (i = count; i < count + 1000; i++)
		ck_assert_ptr_null(block_groups_find(groups, index_of(i)));
}

static void fill(const uint8_t hash_seed[16], size_t expected, uint32_t count)
{
	struct group_record record;
	struct block_groups groups;
	struct arena arena;

	arena_init(&arena, SIZE_MAX);
	block_groups_init(&groups, &arena, hash_seed, expected);
	check_all(&groups, 0);
	for (uint32_t i = 0; i < count; i++) {
		mark(&record, index_of(i));
		const struct held_group *added = block_groups_add(&groups, index_of(i), &record);
		ck_assert_ptr_eq(added, block_groups_find(&groups, index_of(i)));
		if (i % 1999 == 0)
			check_all(&groups, i + 1);
	}
	check_all(&groups, count);
	ck_assert_uint_ge((size_t)1 << groups.slots_log2, 2 * groups.count);
	block_groups_deinit(&groups);
	check_all(&groups, 0);
	block_groups_deinit(&groups);
	arena_deinit(&arena);
}

START_TEST(block_finds_all_its_groups_however_many_they_are)
{
	fill(seed, 0, GROUPS);
	fill(seed, GROUPS, GROUPS);
	fill(seed, 100 * GROUPS, 1);
}
END_TEST

/* Every group in one slot: slower, and nothing else. */
START_TEST(seed_that_is_no_good_loses_nothing)
{
	static const uint8_t zeros[16];

	fill(zeros, 0, 600);
}
END_TEST

UNIT_MAIN("groups", block_finds_all_its_groups_however_many_they_are, seed_that_is_no_good_loses_nothing)
