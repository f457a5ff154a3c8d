/* The payments tree: roots, paths, and their verification. Its shape is that of RFC 6962: a list is split at the
 * largest power of two below its length. Built from below that is the same as pairing neighbours level by level, where
 * a last digest without a neighbour moves up as it is. */
#include "merkle.h"
#include <assert.h>
#include <string.h>
#include "hash_many.h"

#define TOGETHER 64u /* nodes that are hashed at once */

static void node_hash(const struct hash *left, const struct hash *right, struct hash *node)
{
	hash2(HASH_PAYMENTS_NODE, left->b, HASH_SIZE, right->b, HASH_SIZE, node);
}

void merkle_leaf(const struct payment_id *id, const struct hash *whole, struct hash *leaf)
{
	hash2(HASH_PAYMENTS_LEAF, id->b, sizeof(id->b), whole->b, HASH_SIZE, leaf);
}

/* The level above one of n digests. Returns its length. */
static size_t level_up(const struct hash *level, size_t n, struct hash *above)
{
	const uint8_t *pairs[TOGETHER];
	struct hash *nodes[TOGETHER];

	for (size_t i = 0, some; i < n / 2; i += some) {
		some = n / 2 - i < TOGETHER ? n / 2 - i : TOGETHER;
		for (size_t k = 0; k < some; k++) {
			pairs[k] = level[2 * (i + k)].b;
			nodes[k] = &above[i + k];
		}
		hash_many(HASH_PAYMENTS_NODE, pairs, 2 * HASH_SIZE, some, nodes);
	}
	if (n % 2)
		above[n / 2] = level[n - 1];
	return n / 2 + n % 2;
}

size_t merkle_tree_size(size_t n)
{
	size_t size = n ? n : 1;
	for (; n > 1; size += n)
		n = n / 2 + n % 2;
	return size;
}

void merkle_tree(struct hash *tree, size_t n)
{
	if (n == 0)
		hash1(HASH_PAYMENTS_LEAF, NULL, 0, tree);
	while (n > 1) {
		size_t above = level_up(tree, n, tree + n);
		tree += n;
		n = above;
	}
}

const struct hash *merkle_root(const struct hash *tree, size_t n)
{
	return &tree[merkle_tree_size(n) - 1];
}

void merkle_path(const struct hash *tree, size_t n, size_t index, struct hash *path, size_t *path_size)
{
	assert(index < n);
	size_t size = 0;
	for (; n > 1; tree += n, n = n / 2 + n % 2, index /= 2) {
		size_t sibling = index ^ 1;
		if (sibling < n) {
			assert(size < MERKLE_DEPTH_MAX);
			path[size++] = tree[sibling];
		}
	}
	*path_size = size;
}

bool merkle_verify(const struct hash *leaf, size_t index, size_t n, const struct hash *path, size_t path_size,
                   const struct hash *root)
{
	if (index >= n)
		return false;
	/* Inclusion as in RFC 9162 §2.1.3.2: `index` and `last` lose a bit a level; where the index is the last of its
	 * level and even, there is no sibling. */
	size_t last = n - 1;
	struct hash digest = *leaf;
	for (size_t i = 0; i < path_size; i++) {
		if (last == 0)
			return false;
		if (index % 2 || index == last) {
			node_hash(&path[i], &digest, &digest);
			while (index % 2 == 0 && index != 0) {
				index /= 2;
				last /= 2;
			}
		} else {
			node_hash(&digest, &path[i], &digest);
		}
		index /= 2;
		last /= 2;
	}
	return last == 0 && hash_equal(&digest, root);
}
