/* The settled blocks, folded into two layers over the store: those that no flush has taken, and those of the last
 * flush, which is on its way to the store or in it. Groups are found by index, in one array access; everything else is
 * in the tables of an overlay. Knows neither blocks nor the store. */
#ifndef SETTLED_H
#define SETTLED_H
#include "groups.h"
#include "overlay.h"

struct settled_group {
	struct settled_group *next;
	uint64_t index;
	struct group_record record;
};

struct settled_layer {
	struct overlay overlay; /* its arena has the groups, too */
	struct settled_group *groups;
	size_t group_count;
	uint32_t number; /* from 1, each layer the next one */
};

struct settled {
	struct settled_layer *active; /* settled since the last flush was taken */
	struct settled_layer *taken;  /* of the last flush, or NULL */
	/* By index, the newest copy of each group and the number of its layer: it counts while that is one of the two.
	 */
	struct settled_place {
		struct settled_group *group;
		uint32_t layer;
	} * places;
	uint64_t place_count;
};

/* Returns 0 or UNCIA_E_MEMORY. */
int settled_init(struct settled *settled);
void settled_deinit(struct settled *settled); /* also after settled_init failed, and for one that is all zero */
/* Frees `taken`, puts `active` in its place, and begins a new `active` for about as many payments. Whoever has taken
 * `taken` over has set it to NULL before. Returns 0, or UNCIA_E_MEMORY with all as it was. */
int settled_take(struct settled *settled);
void settled_layer_free(struct settled_layer *layer); /* accepts NULL */

/* The newest copy of a group, or NULL where neither layer has one. */
const struct group_record *settled_find_group(const struct settled *settled, uint64_t index);
/* Fetches the place of a group. */
void settled_prefetch_place(const struct settled *settled, uint64_t group);
/* Folds a block into `active`, without groups of which no slot changed. Returns 0, or UNCIA_E_MEMORY: `settled` can
 * then only be freed. */
int settled_merge(struct settled *settled, const struct block_groups *groups, const struct overlay *block);

#endif
