/* The digests of the state tree (docs/spec/ledger.md §4.3), in memory. The tree is positioned at one state; a step made
 * of the groups that change moves it to the next state, and back. Knows groups and digests, neither entries nor blocks.
 */
#ifndef STATE_TREE_H
#define STATE_TREE_H
#include "entry.h"

struct state_tree {
	uint64_t count; /* of groups, at least 1 once built */
	struct hash *levels[TREE_LEVELS_MAX];
	uint64_t capacity[TREE_LEVELS_MAX];
};

/* How many levels a tree of `count` groups has, and how many digests there are on one; level 0 is the groups'. */
unsigned state_tree_levels(uint64_t count);
uint64_t state_tree_level_count(uint64_t count, unsigned level);

/* Makes room for `count` groups, at least one. The caller puts their digests into levels[0], and state_tree_build
 * computes the others. Returns 0, or UNCIA_E_MEMORY with the tree as it was. */
int state_tree_reserve(struct state_tree *t, uint64_t count);
void state_tree_build(struct state_tree *t, uint64_t count);
void state_tree_deinit(struct state_tree *t);
/* The digest of the topmost node. */
const struct hash *state_tree_top(const struct state_tree *t);

/* A step from one state to the next: the nodes that differ, by level and index ascending, each with the digest that the
 * tree does not hold: the one from before while the step is applied, the one from after while it is undone. */
struct tree_step {
	uint64_t other_count;
	size_t first[TREE_LEVELS_MAX + 1]; /* nodes of level l are first[l] .. first[l + 1] - 1 */
	struct {
		uint64_t index;
		struct hash digest;
	} * nodes;
};
struct tree_group {
	uint64_t index;
	const uint8_t *bytes; /* GROUP_SIZE */
};

/* Computes the step to the state in which these groups (by index ascending) have these bytes, and applies it. Every
 * group from the old count to the new one is among them. Returns 0, or UNCIA_E_MEMORY with the tree at the state where
 * it was. Owns: tree_step_free. */
int state_tree_apply(struct state_tree *t, const struct tree_group *groups, size_t n, uint64_t count,
                     struct tree_step **step);
/* Undoes a step that is applied, the last one only, or applies one again that is undone. */
void state_tree_swap(struct state_tree *t, struct tree_step *step);
/* The digest that the step holds for a node, or NULL where the node does not change. */
const struct hash *tree_step_find(const struct tree_step *step, unsigned level, uint64_t index);
void tree_step_free(struct tree_step *step); /* accepts NULL */

#endif
