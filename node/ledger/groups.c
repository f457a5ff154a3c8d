/* Slots are probed one after the other; none is ever emptied but with all others. See groups.h. */
#include "groups.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"

#define SLOTS_LOG2_MIN 8u
#define SLOTS_LOG2_MAX 32u
#define FILTER_LOG2    3u /* bits a slot */

void block_groups_init(struct block_groups *groups, struct arena *arena, const uint8_t seed[16], size_t expected)
{
	*groups = (struct block_groups){
	    .arena = arena, .last = &groups->first, .multiplier = be64_get(seed) | 1, .expected = expected};
}

void block_groups_deinit(struct block_groups *groups)
{
	free(groups->slots);
	free(groups->filter);
	groups->first = NULL;
	groups->last = &groups->first;
	groups->count = 0;
	groups->slots_log2 = 0;
	groups->slots = NULL;
	groups->filter = NULL;
}

/* The upper bits name the slot, those below them the bit of the filter as well. */
static uint64_t group_slot_of(const struct block_groups *groups, uint64_t index)
{
	return index * groups->multiplier >> (64 - groups->slots_log2);
}

static uint64_t filter_bit(const struct block_groups *groups, uint64_t index)
{
	return index * groups->multiplier >> (64 - groups->slots_log2 - FILTER_LOG2);
}

static void slot_put(struct block_groups *groups, uint64_t index, struct held_group *group)
{
	uint64_t mask = (UINT64_C(1) << groups->slots_log2) - 1, slot = group_slot_of(groups, index);
	uint64_t bit = filter_bit(groups, index);

	while (groups->slots[slot].group)
		slot = (slot + 1) & mask;
	groups->slots[slot] = (struct group_slot){.index = index, .group = group};
	groups->filter[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* A larger table, filled from the one before. Returns false where memory ends; then all is as it was. */
static bool groups_grow(struct block_groups *groups)
{
	struct block_groups before = *groups;
	unsigned slots_log2 = before.slots_log2 ? before.slots_log2 + 1 : SLOTS_LOG2_MIN;

	while (!before.slots_log2 && slots_log2 < SLOTS_LOG2_MAX && before.expected >> (slots_log2 - 1))
		slots_log2++;
	assert(slots_log2 <= SLOTS_LOG2_MAX);
	struct group_slot *slots = calloc((size_t)1 << slots_log2, sizeof(*slots));
	uint64_t *filter = calloc((size_t)1 << (slots_log2 + FILTER_LOG2) >> 6, sizeof(*filter));
	if (!slots || !filter) {
		free(slots);
		free(filter);
		return false;
	}
	groups->slots = slots;
	groups->filter = filter;
	groups->slots_log2 = slots_log2;
	for (size_t i = 0; before.slots_log2 && i < (size_t)1 << before.slots_log2; i++)
		if (before.slots[i].group)
			slot_put(groups, before.slots[i].index, before.slots[i].group);
	free(before.slots);
	free(before.filter);
	return true;
}

struct held_group *block_groups_find(const struct block_groups *groups, uint64_t index)
{
	if (!groups->slots_log2)
		return NULL;
	uint64_t bit = filter_bit(groups, index);
	if (!(groups->filter[bit / 64] >> bit % 64 & 1))
		return NULL;
	uint64_t mask = (UINT64_C(1) << groups->slots_log2) - 1, slot = group_slot_of(groups, index);
	while (groups->slots[slot].group && groups->slots[slot].index != index)
		slot = (slot + 1) & mask;
	return groups->slots[slot].group;
}

struct held_group *block_groups_add(struct block_groups *groups, uint64_t index, const struct group_record *record)
{
	if ((!groups->slots_log2 || groups->count >= (size_t)1 << (groups->slots_log2 - 1)) && !groups_grow(groups))
		return NULL;
	struct held_group *group =
	    arena_alloc_unset(groups->arena, sizeof(*group)); /* the record is nearly all of it */
	if (!group)
		return NULL;
	assert(!block_groups_find(groups, index));
	group->next = NULL;
	group->index = index;
	group->changed = 0;
	memcpy(&group->record, record, sizeof(group->record));
	*groups->last = group;
	groups->last = &group->next;
	groups->count++;
	slot_put(groups, index, group);
	return group;
}
