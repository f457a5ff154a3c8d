/* The payments tree: RFC 6962 in shape, leaf = hash(leaf tag, id ‖ whole hash), nodes under another tag
 * (docs/spec/ledger.md §5). Threads: any. */
#ifndef MERKLE_H
#define MERKLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hash.h"
#include "payment.h"

#define MERKLE_DEPTH_MAX 32

/* The leaf of one payment: its id and the hash of all its bytes. */
void merkle_leaf(const struct payment_id *id, const struct hash *whole, struct hash *leaf);
/* The whole tree: all levels one after the other, leaves first, the root last. The tree of none is its root alone,
 * hash(leaf tag, empty). Returns how many digests it takes for n leaves. */
size_t merkle_tree_size(size_t n);
/* Fills a tree of merkle_tree_size(n) digests whose first n are the leaves. */
void merkle_tree(struct hash *tree, size_t n);
/* The root of a filled tree of n leaves; it points into the tree. */
const struct hash *merkle_root(const struct hash *tree, size_t n);
/* The sibling digests of leaf `index` < n, leaf to root. path has room for MERKLE_DEPTH_MAX; *path_size counts digests.
 */
void merkle_path(const struct hash *tree, size_t n, size_t index, struct hash *path, size_t *path_size);
/* Whether `leaf` is number `index` of `n` under `root`. path_size counts digests; a longer or shorter path is refused.
 */
bool merkle_verify(const struct hash *leaf, size_t index, size_t n, const struct hash *path, size_t path_size,
                   const struct hash *root);

#endif
