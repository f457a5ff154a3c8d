/* Software prefetch of what a payment will be looked up in, in three stages: the places in the caches; the place of the
 * entry's group; the entry itself. Each is a cache miss that the next stage needs the answer of, and memory serves many
 * at once: so each stage is done some entries behind the one before. Nothing here has an effect but on time. */
#include "ledger_internal.h"

#define STAGE_DISTANCE 8u /* entries from one stage to the next */
static_assert(LEDGER_AHEAD >= 2 * STAGE_DISTANCE, "an entry is remembered through all stages");

void ledger_prefetch_payment(const struct ledger *ledger, const struct payment_id *id)
{
	unsigned hash = overlay_hash(ledger->hash_seed, id, sizeof(*id));

	overlay_prefetch_payment(&ledger->settled.active->overlay, hash);
	if (ledger->settled.taken)
		overlay_prefetch_payment(&ledger->settled.taken->overlay, hash);
	lookup_cache_prefetch_absent(ledger->cache, hash);
}

/* The newest copy of the entry's group is mostly a settled one. */
static void prefetch_entry_at(const struct ledger *ledger, const struct executed *tip, uint64_t index)
{
	const struct group_record *record = NULL;

	for (const struct executed *block = first_block(tip); block && !record; block = executed_parent(block)) {
		const struct held_group *held = block_groups_find(&block->groups, index / GROUP_ENTRIES);
		if (held)
			record = &held->record;
	}
	if (!record)
		record = settled_find_group(&ledger->settled, index / GROUP_ENTRIES);
	if (!record)
		return;
	/* An entry lies on two lines; the line before it is fetched with either by most processors. */
	const uint8_t *at = record->entries + index % GROUP_ENTRIES * ENTRY_SIZE;
	__builtin_prefetch(at);
	__builtin_prefetch(at + ENTRY_SIZE - 1);
	__builtin_prefetch(&record->heads[index % GROUP_ENTRIES]);
}

void ledger_prefetch_entry(const struct ledger *ledger, const struct executed *tip, struct ledger_ahead *ahead,
                           const struct entry_id *id)
{
	size_t now = ahead->count++;
	uint64_t index;

	ahead->hashes[now % LEDGER_AHEAD] = overlay_hash(ledger->hash_seed, id, sizeof(*id));
	lookup_cache_prefetch_index(ledger->cache, ahead->hashes[now % LEDGER_AHEAD]);
	if (now >= STAGE_DISTANCE) {
		size_t before = (now - STAGE_DISTANCE) % LEDGER_AHEAD;
		ahead->indexes[before] = ENTRY_NONE;
		if (lookup_cache_index(ledger->cache, ahead->hashes[before], &index)) {
			ahead->indexes[before] = index;
			settled_prefetch_place(&ledger->settled, index / GROUP_ENTRIES);
		}
	}
	if (now >= 2 * STAGE_DISTANCE) {
		index = ahead->indexes[(now - 2 * STAGE_DISTANCE) % LEDGER_AHEAD];
		if (index != ENTRY_NONE)
			prefetch_entry_at(ledger, tip, index);
	}
}
