/* See state_set.h. */
#include "state_set.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grown(void *old, size_t count, size_t size)
{
	void *new = realloc(old, count * size);
	if (!new) {
		fputs("model: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return new;
}

void state_set_init(struct state_set *set, size_t size)
{
	*set = (struct state_set){.size = size, .capacity = 1u << 12, .table_size = 1u << 13};
	set->states = grown(NULL, set->capacity, size);
	set->parents = grown(NULL, set->capacity, sizeof(*set->parents));
	set->table = grown(NULL, set->table_size, sizeof(*set->table));
	memset(set->table, 0, set->table_size * sizeof(*set->table));
}

void state_set_deinit(struct state_set *set)
{
	free(set->states);
	free(set->parents);
	free(set->table);
}

static uint32_t slot_of(const struct state_set *set, const void *state)
{
	uint64_t hash = 0, word;
	for (size_t i = 0; i < set->size; i += sizeof(word)) {
		memcpy(&word, (const char *)state + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	uint32_t slot = (uint32_t)hash & (set->table_size - 1);
	while (set->table[slot] && memcmp(state_set_at(set, set->table[slot] - 1), state, set->size) != 0)
		slot = (slot + 1) & (set->table_size - 1);
	return slot;
}

void state_set_add(struct state_set *set, const void *state, uint32_t parent)
{
	uint32_t slot = slot_of(set, state);
	if (set->table[slot])
		return;
	if (set->count == set->capacity) {
		set->capacity *= 2;
		set->states = grown(set->states, set->capacity, set->size);
		set->parents = grown(set->parents, set->capacity, sizeof(*set->parents));
	}
	memcpy(set->states + set->size * set->count, state, set->size);
	set->parents[set->count] = parent;
	set->table[slot] = ++set->count;
	if (set->count > set->table_size / 2) {
		set->table_size *= 2;
		set->table = grown(set->table, set->table_size, sizeof(*set->table));
		memset(set->table, 0, set->table_size * sizeof(*set->table));
		for (uint32_t i = 0; i < set->count; i++)
			set->table[slot_of(set, state_set_at(set, i))] = i + 1;
	}
}
