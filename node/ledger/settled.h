/* What is settled and not in the store yet, and what was stored last: two layers over the store. Their groups are found
 * by number, in one step; all else by the tables of an overlay. Knows nothing of blocks, nor of the store. */
#ifndef SETTLED_H
#define SETTLED_H
#include "overlay.h"

struct settled_group {
	struct settled_group *next;
	uint64_t index;
	struct group_record record;
};

struct settled_layer {
	struct overlay overlay; /* without groups */
	struct settled_group *groups;
	size_t group_count;
	uint32_t number; /* no other layer ever has it; from 1 */
};

struct settled {
	struct settled_layer *active; /* settled since the last flush was taken */
	struct settled_layer *taken;  /* by the last flush, or NULL */
	/* The newest of each group, by its number, and the layer that it is of: where that is gone, it is, too. */
	struct settled_place {
		struct settled_group *group;
		uint32_t layer;
	} * places;
	uint64_t place_count;
};

/* Returns 0 or UNCIA_E_MEMORY. */
int settled_init(struct settled *settled);
void settled_deinit(struct settled *settled); /* also where settled_init failed, or never was called on zeroes */
/* Frees `taken` unless the caller has taken it over (settled.taken = NULL), makes `active` it, and begins another for
 * about as many payments. Returns 0, or UNCIA_E_MEMORY with all as it was. */
int settled_take(struct settled *settled);
void settled_layer_free(struct settled_layer *layer); /* accepts NULL */

/* NULL where neither layer has it. */
const struct group_record *settled_find_group(const struct settled *settled, uint64_t index);
/* Lays a block's overlay over `active`; groups without a changed slot are left out. Returns 0 or UNCIA_E_MEMORY, after
 * which all of it is of no further use but to be freed. */
int settled_merge(struct settled *settled, const struct overlay *block);

#endif
