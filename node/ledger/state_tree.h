/* The inner digests of the state tree (docs/spec/ledger.md §4), in memory: positioned at the state after one block,
 * moved to its child by the child's changed groups, and back. Knows groups and digests, not entries or blocks. */
#ifndef STATE_TREE_H
#define STATE_TREE_H
#include "entry.h"

struct state_tree {
	uint64_t count; /* of groups, at least 1 once built */
	struct hash *levels[TREE_LEVELS_MAX];
	uint64_t capacity[TREE_LEVELS_MAX];
};

/* How many levels, and how many digests on one, a tree of that many groups has. */
unsigned state_tree_levels(uint64_t count);
uint64_t state_tree_level_count(uint64_t count, unsigned level);

/* Room for `count` groups, whose digests the caller puts into levels[0]; state_tree_build then makes the rest.
 * Returns 0 or UNCIA_E_MEMORY. */
int state_tree_reserve(struct state_tree *t, uint64_t count);
void state_tree_build(struct state_tree *t, uint64_t count);
void state_tree_deinit(struct state_tree *t);
const struct hash *state_tree_top(const struct state_tree *t);

/* A step from one state to the next: the nodes that differ, by level and index ascending. It holds what the tree
 * does not hold now: the digests from before while it is applied, those from after while it is undone. */
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

/* Computes the step to a state where these groups (ascending) have these bytes, and applies it. Every group from the
 * old count to the new one is among them. Returns 0 or UNCIA_E_MEMORY, the tree then being as before. */
int state_tree_apply(struct state_tree *t, const struct tree_group *groups, size_t n, uint64_t count,
                     struct tree_step **step);
/* Undoes an applied step, or applies an undone one again. */
void state_tree_swap(struct state_tree *t, struct tree_step *step);
/* The digest that the step holds of a node, or NULL. */
const struct hash *tree_step_find(const struct tree_step *step, unsigned level, uint64_t index);
void tree_step_free(struct tree_step *step);

#endif
