/* The payments tree against the definition it must equal, for every small size and index. */
#include "merkle.h"
#include "fixture.h"
#include "unit.h"

#define LEAVES_MAX 70

/* The definition in RFC 6962 §2.1, word for word: split at the largest power of two below n. */
static struct hash naive_root(const struct hash *leaves, size_t n)
{
	struct hash root;
	if (n == 0) {
		hash1(HASH_PAYMENTS_LEAF, NULL, 0, &root);
		return root;
	}
	if (n == 1)
		return leaves[0];
	size_t split = 1;
	while (split * 2 < n)
		split *= 2;
	struct hash left = naive_root(leaves, split), right = naive_root(leaves + split, n - split);
	hash2(HASH_PAYMENTS_NODE, left.b, HASH_SIZE, right.b, HASH_SIZE, &root);
	return root;
}

/* RFC 6962 §2.1.1: the audit path of leaf `index`. */
static size_t naive_path(const struct hash *leaves, size_t n, size_t index, struct hash *path)
{
	if (n == 1)
		return 0;
	size_t split = 1, size;
	while (split * 2 < n)
		split *= 2;
	if (index < split) {
		size = naive_path(leaves, split, index, path);
		path[size] = naive_root(leaves + split, n - split);
	} else {
		size = naive_path(leaves + split, n - split, index - split, path);
		path[size] = naive_root(leaves, split);
	}
	return size + 1;
}

struct tree {
	size_t n;
	struct hash nodes[3 * LEAVES_MAX];
	struct hash root;
};

static void tree_fill(struct tree *tree, size_t n)
{
	tree->n = n;
	for (size_t i = 0; i < n; i++)
		tree->nodes[i] = fixture_hash(1000 * n + i);
	tree->root = naive_root(tree->nodes, n);
	ck_assert_uint_le(merkle_tree_size(n), sizeof(tree->nodes) / sizeof(struct hash));
	merkle_tree(tree->nodes, n);
}

START_TEST(root_equals_the_definition)
{
	for (size_t n = 0; n <= LEAVES_MAX; n++) {
		struct tree tree;
		tree_fill(&tree, n);
		ck_assert_mem_eq(merkle_root(tree.nodes, n)->b, tree.root.b, HASH_SIZE);
	}
}
END_TEST

START_TEST(tree_keeps_its_leaves)
{
	for (size_t n = 1; n <= LEAVES_MAX; n++) {
		struct tree tree;
		tree_fill(&tree, n);
		for (size_t i = 0; i < n; i++) {
			struct hash leaf = fixture_hash(1000 * n + i);
			ck_assert_mem_eq(tree.nodes[i].b, leaf.b, HASH_SIZE);
		}
	}
}
END_TEST

START_TEST(path_equals_the_definition_and_verifies)
{
	for (size_t n = 1; n <= LEAVES_MAX; n++) {
		struct tree tree;
		tree_fill(&tree, n);
		for (size_t i = 0; i < n; i++) {
			struct hash path[MERKLE_DEPTH_MAX], expected[MERKLE_DEPTH_MAX];
			size_t size;
			merkle_path(tree.nodes, n, i, path, &size);
			ck_assert_uint_eq(size, naive_path(tree.nodes, n, i, expected));
			for (size_t k = 0; k < size; k++)
				ck_assert_mem_eq(path[k].b, expected[k].b, HASH_SIZE);
			ck_assert(merkle_verify(&tree.nodes[i], i, n, path, size, &tree.root));
		}
	}
}
END_TEST

START_TEST(path_of_another_index_or_length_is_refused)
{
	for (size_t n = 1; n <= LEAVES_MAX; n++) {
		struct tree tree;
		tree_fill(&tree, n);
		for (size_t i = 0; i < n; i++) {
			struct hash path[MERKLE_DEPTH_MAX + 1] = {{{0}}};
			size_t size;
			merkle_path(tree.nodes, n, i, path, &size);
			for (size_t other = 0; other < n + 2; other++)
				ck_assert(merkle_verify(&tree.nodes[i], other, n, path, size, &tree.root) ==
				          (other == i));
			ck_assert(!merkle_verify(&tree.nodes[i], i, n, path, size + 1, &tree.root));
			if (size)
				ck_assert(!merkle_verify(&tree.nodes[i], i, n, path, size - 1, &tree.root));
			ck_assert(!merkle_verify(&tree.nodes[i], i, 0, path, size, &tree.root));
		}
	}
}
END_TEST

START_TEST(path_with_a_flipped_bit_is_refused)
{
	static const size_t sizes[] = {2, 3, 7, 21};
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		struct tree tree;
		size_t n = sizes[s];
		tree_fill(&tree, n);
		for (size_t i = 0; i < n; i++) {
			struct hash path[MERKLE_DEPTH_MAX];
			size_t size;
			merkle_path(tree.nodes, n, i, path, &size);
			for (size_t bit = 0; bit < size * HASH_SIZE * 8; bit++) {
				uint8_t *byte = &path[bit / 256].b[bit % 256 / 8];
				*byte ^= (uint8_t)(1u << bit % 8);
				ck_assert(!merkle_verify(&tree.nodes[i], i, n, path, size, &tree.root));
				*byte ^= (uint8_t)(1u << bit % 8);
			}
			ck_assert(merkle_verify(&tree.nodes[i], i, n, path, size, &tree.root));
		}
	}
}
END_TEST

START_TEST(path_longer_than_the_tree_is_refused_even_under_its_own_root)
{
	struct hash leaf = fixture_hash(1), path[2] = {fixture_hash(2), fixture_hash(3)}, root;
	hash2(HASH_PAYMENTS_NODE, path[0].b, HASH_SIZE, leaf.b, HASH_SIZE, &root);
	ck_assert(!merkle_verify(&leaf, 0, 1, path, 1, &root));
	ck_assert(merkle_verify(&leaf, 1, 2, path, 1, &root));
	hash2(HASH_PAYMENTS_NODE, path[1].b, HASH_SIZE, root.b, HASH_SIZE, &root);
	ck_assert(!merkle_verify(&leaf, 1, 2, path, 2, &root));
	ck_assert(merkle_verify(&leaf, 3, 4, path, 2, &root));
}
END_TEST

START_TEST(node_is_not_taken_for_a_leaf)
{
	/* In a tree of four, the inner node over the first two is not number 0 of two. */
	struct tree tree;
	tree_fill(&tree, 4);
	ck_assert(merkle_verify(&tree.nodes[4], 0, 2, &tree.nodes[5], 1, &tree.root)); /* as a digest it would be */
	struct payment_id id;
	struct hash leaf;
	memcpy(id.b, tree.nodes[0].b, 32);
	merkle_leaf(&id, &tree.nodes[1], &leaf);
	ck_assert_mem_ne(leaf.b, tree.nodes[4].b, HASH_SIZE); /* but its bytes make another leaf */
}
END_TEST

UNIT_MAIN("merkle", root_equals_the_definition, tree_keeps_its_leaves, path_equals_the_definition_and_verifies,
          path_of_another_index_or_length_is_refused, path_with_a_flipped_bit_is_refused,
          path_longer_than_the_tree_is_refused_even_under_its_own_root, node_is_not_taken_for_a_leaf)
