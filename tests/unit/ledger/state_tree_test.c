/* The tree of digests against one computed from nothing, as it grows, goes back and forth. */
#include "state_tree.h"
#include "unit.h"

enum { GROUPS = 300 };

static uint8_t groups[GROUPS][GROUP_SIZE];

/* Different bytes for each group and version. */
static void write_group(uint64_t index, uint64_t version)
{
	memset(groups[index], 0, GROUP_SIZE);
	memcpy(groups[index], &index, sizeof(index));
	memcpy(groups[index] + 100, &version, sizeof(version));
}

static struct hash top_of(uint64_t from, uint64_t width, uint64_t count)
{
	struct hash children[TREE_ARITY] = {0}, digest;

	if (width == 1) {
		state_group_digest(groups[from], &digest);
		return digest;
	}
	for (uint64_t i = 0; i < TREE_ARITY; i++)
		if (from + i * width / 4 < count)
			children[i] = top_of(from + i * width / 4, width / 4, count);
	state_node_digest(children, &digest);
	return digest;
}

static void check_top(const struct state_tree *t)
{
	uint64_t width = 1;

	while (width < t->count)
		width *= 4;
	struct hash expected = top_of(0, width, t->count);
	ck_assert_mem_eq(state_tree_top(t)->b, expected.b, HASH_SIZE);
}

static void build(struct state_tree *t, uint64_t count)
{
	*t = (struct state_tree){0};
	ck_assert_int_eq(state_tree_reserve(t, count), 0);
	for (uint64_t i = 0; i < count; i++) {
		write_group(i, 0);
		state_group_digest(groups[i], &t->levels[0][i]);
	}
	state_tree_build(t, count);
}

START_TEST(levels_are_counted_as_the_proofs_count_them)
{
	static const struct {
		uint64_t count;
		unsigned levels;
	} cases[] = {{1, 1},  {2, 2},  {4, 2},  {5, 3},        {16, 3},
	             {17, 4}, {64, 4}, {65, 5}, {1 << 20, 11}, {UINT64_MAX / 8, 32}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_uint_eq(state_tree_levels(cases[i].count), cases[i].levels);
	ck_assert_uint_eq(state_tree_level_count(17, 0), 17);
	ck_assert_uint_eq(state_tree_level_count(17, 1), 5);
	ck_assert_uint_eq(state_tree_level_count(17, 3), 1);
}
END_TEST

START_TEST(tree_is_built_right_at_every_size)
{
	struct state_tree t;

	for (uint64_t count = 1; count <= 70; count++) {
		build(&t, count);
		check_top(&t);
		state_tree_deinit(&t);
	}
}
END_TEST

START_TEST(step_from_any_size_to_any_larger_one_and_back)
{
	struct state_tree t;
	struct tree_step *step;
	struct tree_group changed[GROUPS];

	for (uint64_t from = 1; from <= 66; from += 1 + from / 20) {
		for (uint64_t to = from; to <= GROUPS; to += 1 + to / 6) {
			build(&t, from);
			struct hash before = *state_tree_top(&t);
			size_t n = 0;
			for (uint64_t i = 0; i < to; i++) {
				if (i < from && i % 3)
					continue;
				write_group(i, 1);
				changed[n++] = (struct tree_group){.index = i, .bytes = groups[i]};
			}
			ck_assert_int_eq(state_tree_apply(&t, changed, n, to, &step), 0);
			check_top(&t);
			struct hash after = *state_tree_top(&t);
			for (int turn = 0; turn < 3; turn++) {
				state_tree_swap(&t, step);
				ck_assert_uint_eq(t.count, from);
				ck_assert_mem_eq(state_tree_top(&t)->b, before.b, HASH_SIZE);
				state_tree_swap(&t, step);
				ck_assert_uint_eq(t.count, to);
				ck_assert_mem_eq(state_tree_top(&t)->b, after.b, HASH_SIZE);
			}
			tree_step_free(step);
			state_tree_deinit(&t);
		}
	}
}
END_TEST

START_TEST(step_holds_each_changed_node_once_and_no_other)
{
	struct state_tree t;
	struct tree_step *step;
	struct tree_group changed[2];

	build(&t, 64);
	struct hash digest = t.levels[0][5], parent = t.levels[1][1], top = t.levels[3][0];
	for (int i = 0; i < 2; i++) {
		write_group(5 + (uint64_t)i, 1);
		changed[i] = (struct tree_group){.index = 5 + (uint64_t)i, .bytes = groups[5 + i]};
	}
	ck_assert_int_eq(state_tree_apply(&t, changed, 2, 64, &step), 0);
	ck_assert_uint_eq(step->first[TREE_LEVELS_MAX], 2 + 1 + 1 + 1);
	ck_assert_mem_eq(tree_step_find(step, 0, 5), &digest, HASH_SIZE);
	ck_assert_mem_eq(tree_step_find(step, 1, 1), &parent, HASH_SIZE);
	ck_assert_mem_eq(tree_step_find(step, 3, 0), &top, HASH_SIZE);
	ck_assert_ptr_null(tree_step_find(step, 0, 4));
	ck_assert_ptr_null(tree_step_find(step, 1, 0));
	ck_assert_ptr_null(tree_step_find(step, 4, 0));
	tree_step_free(step);
	/* Of an empty block: nothing. */
	ck_assert_int_eq(state_tree_apply(&t, NULL, 0, 64, &step), 0);
	ck_assert_uint_eq(step->first[TREE_LEVELS_MAX], 0);
	state_tree_swap(&t, step);
	check_top(&t);
	tree_step_free(step);
	tree_step_free(NULL);
	state_tree_deinit(&t);
}
END_TEST

UNIT_MAIN("state_tree", levels_are_counted_as_the_proofs_count_them, tree_is_built_right_at_every_size,
          step_from_any_size_to_any_larger_one_and_back, step_holds_each_changed_node_once_and_no_other)
