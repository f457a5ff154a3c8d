/* Each changed node is computed once: level by level, over sorted indexes. */
#include "state_tree.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "hash_many.h"
#include "uncia/error.h"

/* Arrays grow by this share of what is needed: all of it is memory, with millions of accounts hundreds of MiB, which
 * realloc moves without copying. */
#define GROWTH_SHARE 16

unsigned state_tree_levels(uint64_t count)
{
	unsigned levels = 1;

	for (; count > 1; count = (count + TREE_ARITY - 1) / TREE_ARITY)
		levels++;
	return levels;
}

uint64_t state_tree_level_count(uint64_t count, unsigned level)
{
	while (level-- > 0)
		count = (count + TREE_ARITY - 1) / TREE_ARITY;
	return count;
}

int state_tree_reserve(struct state_tree *t, uint64_t count)
{
	unsigned levels = state_tree_levels(count);

	assert(count > 0);
	if (levels > TREE_LEVELS_MAX)
		return UNCIA_E_MEMORY;
	for (unsigned level = 0; level < levels; level++) {
		uint64_t needed = state_tree_level_count(count, level);
		if (needed <= t->capacity[level])
			continue;
		uint64_t capacity = needed + needed / GROWTH_SHARE + 64;
		struct hash *digests = reallocarray(t->levels[level], capacity, sizeof(*digests));
		if (!digests)
			return UNCIA_E_MEMORY;
		memset(digests + t->capacity[level], 0, (capacity - t->capacity[level]) * sizeof(*digests));
		t->levels[level] = digests;
		t->capacity[level] = capacity;
	}
	return 0;
}

/* ledger §4.3: a node is the hash of its four children, absent ones being 32 zero bytes. */
static void compute_node(const struct state_tree *t, unsigned level, uint64_t index, struct hash *digest)
{
	uint64_t below = state_tree_level_count(t->count, level - 1);
	struct hash children[TREE_ARITY] = {0};

	for (uint64_t i = 0; i < TREE_ARITY && index * TREE_ARITY + i < below; i++)
		children[i] = t->levels[level - 1][index * TREE_ARITY + i];
	state_node_digest(children, digest);
}

#define BATCH_MAX 64u

/* Digests that are computed together. */
struct digests {
	enum hash_tag tag;
	size_t size, count;
	const uint8_t *inputs[BATCH_MAX];
	struct hash *out[BATCH_MAX];
};

static void digests_end(struct digests *b)
{
	hash_many(b->tag, b->inputs, b->size, b->count, b->out);
	b->count = 0;
}

static void digests_add(struct digests *b, const uint8_t *input, struct hash *out)
{
	b->inputs[b->count] = input;
	b->out[b->count++] = out;
	if (b->count == BATCH_MAX)
		digests_end(b);
}

/* The digest of a node whose children are there. Only the last node of a level may lack some. */
static void digests_node(const struct state_tree *t, struct digests *batch, unsigned level, uint64_t index)
{
	if ((index + 1) * TREE_ARITY <= state_tree_level_count(t->count, level - 1))
		digests_add(batch, t->levels[level - 1][index * TREE_ARITY].b, &t->levels[level][index]);
	else
		compute_node(t, level, index, &t->levels[level][index]);
}

void state_tree_build(struct state_tree *t, uint64_t count)
{
	t->count = count;
	for (unsigned level = 1; level < state_tree_levels(count); level++) {
		struct digests batch = {.tag = HASH_STATE_NODE, .size = TREE_ARITY * HASH_SIZE};
		for (uint64_t i = 0; i < state_tree_level_count(count, level); i++)
			digests_node(t, &batch, level, i);
		digests_end(&batch);
	}
}

void state_tree_deinit(struct state_tree *t)
{
	for (unsigned level = 0; level < TREE_LEVELS_MAX; level++)
		free(t->levels[level]);
}

const struct hash *state_tree_top(const struct state_tree *t)
{
	assert(t->count > 0);
	return t->levels[state_tree_levels(t->count) - 1];
}

/* An empty step, with places for its nodes: on each level, the distinct ancestors of the changed groups. */
static struct tree_step *step_new(const struct tree_group *groups, size_t n, unsigned levels)
{
	struct tree_step *step = calloc(1, sizeof(*step));

	if (!step)
		return NULL;
	for (unsigned level = 0; level < TREE_LEVELS_MAX; level++) {
		size_t distinct = 0;
		for (size_t i = 0; i < n && level < levels; i++)
			distinct += i == 0 || groups[i].index >> 2 * level != groups[i - 1].index >> 2 * level;
		step->first[level + 1] = step->first[level] + distinct;
	}
	step->nodes = calloc(step->first[levels] + 1, sizeof(*step->nodes));
	if (!step->nodes) {
		free(step);
		return NULL;
	}
	return step;
}

static void step_groups(struct state_tree *t, struct tree_step *s, const struct tree_group *groups, size_t n)
{
	struct digests batch = {.tag = HASH_STATE_GROUP, .size = GROUP_SIZE};

	for (size_t i = 0; i < n; i++) {
		assert(groups[i].index < t->count && (i == 0 || groups[i].index > groups[i - 1].index));
		struct hash *at = &t->levels[0][groups[i].index];
		s->nodes[i].index = groups[i].index;
		s->nodes[i].digest = *at;
		digests_add(&batch, groups[i].bytes, at);
	}
	digests_end(&batch);
}

/* The nodes above those of the level below, which is done. */
static void step_level(struct state_tree *t, struct tree_step *s, unsigned level)
{
	struct digests batch = {.tag = HASH_STATE_NODE, .size = TREE_ARITY * HASH_SIZE};
	size_t next = s->first[level];

	for (size_t i = s->first[level - 1]; i < s->first[level]; i++) {
		uint64_t index = s->nodes[i].index / TREE_ARITY;
		if (next > s->first[level] && s->nodes[next - 1].index == index)
			continue;
		struct hash *at = &t->levels[level][index];
		s->nodes[next].index = index;
		s->nodes[next].digest = *at;
		digests_node(t, &batch, level, index);
		next++;
	}
	digests_end(&batch);
	assert(next == s->first[level + 1]);
}

int state_tree_apply(struct state_tree *t, const struct tree_group *groups, size_t n, uint64_t count,
                     struct tree_step **step)
{
	unsigned levels = state_tree_levels(count);

	if (state_tree_reserve(t, count) != 0)
		return UNCIA_E_MEMORY;
	struct tree_step *s = step_new(groups, n, levels);
	if (!s)
		return UNCIA_E_MEMORY;
	s->other_count = t->count;
	t->count = count;
	step_groups(t, s, groups, n);
	for (unsigned level = 1; level < levels; level++)
		step_level(t, s, level);
	*step = s;
	return 0;
}

void state_tree_swap(struct state_tree *t, struct tree_step *step)
{
	for (unsigned level = 0; level < TREE_LEVELS_MAX; level++) {
		for (size_t i = step->first[level]; i < step->first[level + 1]; i++) {
			struct hash *at = &t->levels[level][step->nodes[i].index], held = *at;
			*at = step->nodes[i].digest;
			step->nodes[i].digest = held;
		}
	}
	assert(step->other_count > 0);
	uint64_t count = t->count;
	t->count = step->other_count;
	step->other_count = count;
}

const struct hash *tree_step_find(const struct tree_step *step, unsigned level, uint64_t index)
{
	size_t low = step->first[level], high = step->first[level + 1];

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (step->nodes[middle].index == index)
			return &step->nodes[middle].digest;
		if (step->nodes[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void tree_step_free(struct tree_step *step)
{
	if (!step)
		return;
	free(step->nodes);
	free(step);
}
