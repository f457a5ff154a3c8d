/* The vectors of the specification, made from it alone: the state of a genesis, and trees of every shape. */
#include "genesis.pb-c.h"
#include "ledger.h"
#include "memory_store.h"
#include "spec_vectors.h"
#include "state_tree.h"

static void check_genesis_state(const json_t *vector)
{
	static const uint8_t seed[16] = "a seed of tables";
	struct bytes bytes = vector_bytes(vector, "bytes");
	const json_t *entries = vector_at(vector, "entries"), *item;
	struct genesis g;
	struct storage_view view;
	struct group_record record;
	struct state_meta meta;
	struct ledger *ledger;
	struct flush *flush;
	struct hash root;
	size_t i;
	ck_assert_int_eq(genesis_decode(&g, bytes.data, bytes.size), 0);
	struct memory_store *store = memory_store_new();
	ck_assert_ptr_nonnull(store);
	memory_store_view(store, &view);
	ck_assert_int_eq(genesis_flush(&g, &flush), 0);
	ck_assert_int_eq(memory_store_apply(store, flush), 0);
	flush_free(flush);
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.entry_count, vector_number(vector, "entry_count"));
	ck_assert_uint_eq(meta.free_head, vector_number(vector, "free_head"));
	vector_expect(vector, "genesis_block_id", meta.block_id.b, HASH_SIZE);
	json_array_foreach(entries, i, item)
	{
		struct bytes expected = vector_hex(item);
		ck_assert_int_eq(view.group(view.context, i / GROUP_ENTRIES, &record), 0);
		ck_assert_mem_eq(record.entries + i % GROUP_ENTRIES * ENTRY_SIZE, expected.data, ENTRY_SIZE);
	}
	ck_assert_uint_eq(i, meta.entry_count);
	ck_assert_int_eq(ledger_new(&g, &view, seed, &ledger), 0);
	ck_assert_int_eq(ledger_settled_root(ledger, &root), 0);
	vector_expect(vector, "state_root", root.b, HASH_SIZE);
	ledger_free(ledger);
	memory_store_free(store);
	genesis_deinit(&g);
}

START_TEST(the_state_of_a_genesis_is_the_one_of_its_vector)
{
	vectors_open("genesis");
	const json_t *vector;
	size_t i;
	json_array_foreach(vector_at(NULL, "networks"), i, vector) check_genesis_state(vector);
	ck_assert_uint_eq(i, 2);
	vectors_close();
}
END_TEST

START_TEST(state_roots_are_those_of_the_vectors)
{
	vectors_open("state");
	const json_t *vector, *item;
	size_t i, k;
	json_array_foreach(vector_at(NULL, "states"), i, vector)
	{
		const json_t *entries = vector_at(vector, "entries"), *digests = vector_at(vector, "group_digests");
		struct state_tree tree = {0};
		uint8_t group[GROUP_SIZE];
		struct hash root;
		size_t count = json_array_size(entries), groups = (count + GROUP_ENTRIES - 1) / GROUP_ENTRIES;
		ck_assert_int_eq(state_tree_reserve(&tree, groups), 0);
		ck_assert_uint_eq(json_array_size(digests), groups);
		for (size_t at = 0; at < groups; at++) {
			memset(group, 0, sizeof(group));
			for (k = 0; k < GROUP_ENTRIES && (item = json_array_get(entries, at * GROUP_ENTRIES + k)); k++)
				memcpy(group + k * ENTRY_SIZE, vector_hex(item).data, ENTRY_SIZE);
			state_group_digest(group, &tree.levels[0][at]);
			ck_assert_mem_eq(tree.levels[0][at].b, vector_hex(json_array_get(digests, at)).data, HASH_SIZE);
		}
		state_tree_build(&tree, groups);
		vector_expect(vector, "top", state_tree_top(&tree)->b, HASH_SIZE);
		state_root_digest(vector_number(vector, "entry_count"), vector_number(vector, "free_head"),
		                  state_tree_top(&tree), &root);
		vector_expect(vector, "state_root", root.b, HASH_SIZE);
		state_tree_deinit(&tree);
	}
	ck_assert_uint_gt(i, 5);
	vectors_close();
}
END_TEST

UNIT_MAIN("ledger_vectors", the_state_of_a_genesis_is_the_one_of_its_vector, state_roots_are_those_of_the_vectors)
