/* The array of places grows with the state, by a sixteenth of its size at a time: more would be memory that nobody
 * uses, and realloc moves large arrays without copying. */
#include "settled.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

#define PLACES_MIN   64u
#define GROWTH_SHARE 16u

static struct settled_layer *layer_new(size_t expected, uint32_t number)
{
	struct settled_layer *layer = calloc(1, sizeof(*layer));

	if (!layer)
		return NULL;
	overlay_init_expecting(&layer->overlay, expected);
	layer->number = number;
	return layer;
}

void settled_layer_free(struct settled_layer *layer)
{
	if (!layer)
		return;
	overlay_deinit(&layer->overlay);
	free(layer);
}

int settled_init(struct settled *settled)
{
	*settled = (struct settled){.active = layer_new(0, 1)};
	return settled->active ? 0 : UNCIA_E_MEMORY;
}

void settled_deinit(struct settled *settled)
{
	settled_layer_free(settled->active);
	settled_layer_free(settled->taken);
	free(settled->places);
}

int settled_take(struct settled *settled)
{
	struct settled_layer *from = settled->active;
	struct settled_layer *fresh = layer_new(HASH_COUNT(from->overlay.payments), from->number + 1);

	if (!fresh)
		return UNCIA_E_MEMORY;
	assert(!settled->taken || settled->taken->number < from->number);
	settled_layer_free(settled->taken);
	settled->taken = from;
	settled->active = fresh;
	return 0;
}

static struct settled_group *settled_find(const struct settled *settled, const struct settled_layer *layer,
                                          uint64_t index)
{
	const struct settled_place *place = &settled->places[index];

	assert(index < settled->place_count);
	return layer && place->layer == layer->number ? place->group : NULL;
}

const struct group_record *settled_find_group(const struct settled *settled, uint64_t index)
{
	const struct settled_group *group = NULL;

	if (index < settled->place_count) {
		group = settled_find(settled, settled->active, index);
		if (!group)
			group = settled_find(settled, settled->taken, index);
	}
	return group ? &group->record : NULL;
}

void settled_prefetch_place(const struct settled *settled, uint64_t group)
{
	if (group < settled->place_count)
		__builtin_prefetch(&settled->places[group]);
}

/* Makes a place for the group of this index. */
static int settled_reserve(struct settled *settled, uint64_t index)
{
	if (index < settled->place_count)
		return 0;
	uint64_t count = index + index / GROWTH_SHARE + PLACES_MIN;
	struct settled_place *places = reallocarray(settled->places, count, sizeof(*places));
	if (!places)
		return UNCIA_E_MEMORY;
	memset(places + settled->place_count, 0, (count - settled->place_count) * sizeof(*places));
	settled->places = places;
	settled->place_count = count;
	return 0;
}

/* What did not change in the block is as it was when the copy was made: as the layers have it. */
static void copy_changed(struct group_record *to, const struct held_group *from)
{
	for (unsigned slot = 0; slot < GROUP_ENTRIES; slot++) {
		if (!(from->changed & 1u << slot))
			continue;
		memcpy(to->entries + slot * ENTRY_SIZE, from->record.entries + slot * ENTRY_SIZE, ENTRY_SIZE);
		to->heads[slot] = from->record.heads[slot];
	}
}

static int merge_group(struct settled *settled, const struct held_group *from)
{
	struct settled_layer *layer = settled->active;

	if (settled_reserve(settled, from->index) != 0)
		return UNCIA_E_MEMORY;
	struct settled_group *group = settled_find(settled, layer, from->index);
	if (group) {
		copy_changed(&group->record, from);
		return 0;
	}
	group = arena_alloc_unset(&layer->overlay.arena, sizeof(*group));
	if (!group)
		return UNCIA_E_MEMORY;
	*group = (struct settled_group){.next = layer->groups, .index = from->index, .record = from->record};
	layer->groups = group;
	layer->group_count++;
	settled->places[from->index] = (struct settled_place){.group = group, .layer = layer->number};
	return 0;
}

int settled_merge(struct settled *settled, const struct block_groups *groups, const struct overlay *block)
{
	for (const struct held_group *from = groups->first; from; from = from->next)
		if (from->changed && merge_group(settled, from) != 0)
			return UNCIA_E_MEMORY;
	return overlay_merge(&settled->active->overlay, block);
}
