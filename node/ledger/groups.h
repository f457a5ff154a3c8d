/* Copies of groups of entries: those that one block has made, found by index. A group is copied when it is first
 * touched, and kept whole, so that state root and flush read nothing of the layers below. The copies lie one behind the
 * other in the block's arena, in memory that the block before has just used, and end with it: handing them on to the
 * settled layer instead, each by itself, was slower. Knows neither the rules of payments nor the layers below. */
#ifndef GROUPS_H
#define GROUPS_H
#include <stdbool.h>
#include "arena.h"
#include "storage_view.h"

struct held_group {
	struct held_group *next; /* of its block, in the order in which they came */
	uint64_t index;
	uint8_t changed; /* a bit for each slot written since the group was copied */
	struct group_record record;
};

/* An open-addressing table at most half full, and a Bloom filter of one hash before it, of eight bits a slot: a block
 * that does not have a group mostly says so by one bit. Both grow together. */
struct block_groups {
	struct arena *arena; /* of the copies */
	struct held_group *first, **last;
	size_t count;
	uint64_t
	    multiplier; /* odd, and secret: who chooses which accounts are paid does not know which slots they share */
	unsigned slots_log2; /* 0: no table yet */
	struct group_slot {
		uint64_t index;
		struct held_group *group; /* NULL: the slot is free */
	} * slots;
	uint64_t *filter;
	size_t expected;
};

/* An empty table, which will have about so many groups. The arena outlives its use. Allocates nothing. It must not move
 * in memory: `last` points into it. */
void block_groups_init(struct block_groups *groups, struct arena *arena, const uint8_t seed[16], size_t expected);
/* May be repeated. */
void block_groups_deinit(struct block_groups *groups);
/* NULL where the block does not have it. */
struct held_group *block_groups_find(const struct block_groups *groups, uint64_t index);
/* Adds a copy of `record` under an index that the block does not have. NULL where memory ends; then all is as it was.
 */
struct held_group *block_groups_add(struct block_groups *groups, uint64_t index, const struct group_record *record);

#endif
