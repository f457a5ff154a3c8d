/* Reading the ledger through its layers, newest first, and proving an account. Nothing here changes the state. */
#include "ledger_internal.h"
#include <assert.h>
#include <string.h>

struct executed *executed_parent(const struct executed *block)
{
	return block->parent && block->parent->state != EXECUTED_SETTLED ? block->parent : NULL;
}

const struct executed *first_block(const struct executed *tip)
{
	return tip && tip->state != EXECUTED_SETTLED ? tip : NULL;
}

const struct extent *extent_after(const struct ledger *ledger, const struct executed *tip)
{
	const struct executed *block = first_block(tip);

	return block ? &block->extent : &ledger->extent;
}

/* The layers in memory, newest first. */
struct layers {
	const struct settled *settled;
	const struct executed *block;
	const struct overlay *overlay;
};

static void layers_next(struct layers *layers)
{
	const struct settled *settled = layers->settled;

	if (layers->block) {
		layers->block = executed_parent(layers->block);
		layers->overlay = layers->block ? &layers->block->overlay : &settled->active->overlay;
	} else if (layers->overlay == &settled->active->overlay && settled->taken) {
		layers->overlay = &settled->taken->overlay;
	} else {
		layers->overlay = NULL;
	}
}

static struct layers layers_from(const struct ledger *ledger, const struct executed *tip)
{
	const struct settled *settled = &ledger->settled;
	const struct executed *block = first_block(tip);

	return (struct layers){
	    .settled = settled, .block = block, .overlay = block ? &block->overlay : &settled->active->overlay};
}

int read_group(const struct ledger *ledger, const struct executed *tip, uint64_t index, struct group_record *scratch,
               const struct group_record **record)
{
	assert(index <= (extent_after(ledger, tip)->entry_count - 1) / GROUP_ENTRIES);
	for (const struct executed *block = first_block(tip); block; block = executed_parent(block)) {
		const struct held_group *node = block_groups_find(&block->groups, index);
		if (node) {
			*record = &node->record;
			return 0;
		}
	}
	const struct group_record *settled = settled_find_group(&ledger->settled, index);
	if (settled) {
		*record = settled;
		return 0;
	}
	int rc = ledger->view.group(ledger->view.context, index, scratch);
	if (rc == 0)
		*record = scratch;
	return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : rc;
}

/* The index of the entry of this id. Returns 0, NOT_FOUND, or an error of the view. */
static int read_index(const struct ledger *ledger, const struct executed *tip, const struct entry_id *id, unsigned hash,
                      uint64_t *index)
{
	uint64_t found;

	for (struct layers l = layers_from(ledger, tip); l.overlay; layers_next(&l)) {
		const struct overlay_address *node = overlay_find_address(l.overlay, id, hash);
		if (!node)
			continue;
		if (node->index == ENTRY_NONE)
			return UNCIA_E_NOT_FOUND;
		*index = node->index;
		return 0;
	}
	int rc = ledger->view.address(ledger->view.context, id, &found);
	if (rc)
		return rc;
	if (found >= extent_after(ledger, tip)->entry_count)
		return UNCIA_E_DAMAGED;
	*index = found;
	return 0;
}

/* The entry in its group, which must be there and have this id: else UNCIA_E_DAMAGED. */
static int entry_in_group(const struct group_record *record, uint64_t index, const struct entry_id *id,
                          struct entry *entry)
{
	struct entry found;

	if (entry_decode(record->entries + index % GROUP_ENTRIES * ENTRY_SIZE, &found) != 0 || !entry_is(&found, id))
		return UNCIA_E_DAMAGED;
	*entry = found;
	return 0;
}

/* Tries the cached index. An id has one entry at most, so it is still there if the entry says so. Returns 1
 * where it is, 0 where it has to be searched for, or an error of the view. */
static int read_cached_entry(const struct ledger *ledger, const struct executed *tip, const struct entry_id *id,
                             unsigned hash, struct group_record *scratch, struct found_entry *found)
{
	if (!lookup_cache_index(ledger->cache, hash, &found->index) ||
	    found->index >= extent_after(ledger, tip)->entry_count)
		return 0;
	int rc = read_group(ledger, tip, found->index / GROUP_ENTRIES, scratch, &found->record);
	if (rc)
		return rc;
	return entry_in_group(found->record, found->index, id, &found->entry) == 0;
}

int read_entry(const struct ledger *ledger, const struct executed *tip, const struct entry_id *id, unsigned hash,
               struct group_record *scratch, struct found_entry *found)
{
	int rc = read_cached_entry(ledger, tip, id, hash, scratch, found);

	if (rc == 0) {
		rc = read_index(ledger, tip, id, hash, &found->index);
		if (rc == 0)
			rc = read_group(ledger, tip, found->index / GROUP_ENTRIES, scratch, &found->record);
		if (rc == 0)
			rc = entry_in_group(found->record, found->index, id, &found->entry);
		if (rc == 0)
			rc = lookup_cache_add_index(ledger->cache, hash, found->index);
	}
	return rc < 0 ? rc : 0;
}

int read_payment(const struct ledger *ledger, const struct executed *tip, const struct payment_id *id, unsigned hash,
                 struct payment_record *record)
{
	for (struct layers l = layers_from(ledger, tip); l.overlay; layers_next(&l)) {
		const struct overlay_payment *node = overlay_find_payment(l.overlay, id, hash);
		if (!node)
			continue;
		record->at = node->at;
		record->previous_count = node->previous_count;
		memcpy(record->previous, node->previous, node->previous_count * sizeof(*node->previous));
		return 0;
	}
	if (lookup_cache_absent(ledger->cache, id, hash))
		return UNCIA_E_NOT_FOUND;
	int rc = ledger->view.payment(ledger->view.context, id, record);
	int noted = rc == UNCIA_E_NOT_FOUND ? lookup_cache_add_absent(ledger->cache, id, hash) : 0;
	return noted ? noted : rc;
}

int read_orphan(const struct ledger *ledger, const struct executed *tip, const struct entry_id *id, unsigned hash,
                struct position *head)
{
	for (struct layers l = layers_from(ledger, tip); l.overlay; layers_next(&l)) {
		const struct overlay_orphan *node = overlay_find_orphan(l.overlay, id, hash);
		if (node) {
			*head = node->head;
			return 0;
		}
	}
	int rc = ledger->view.orphan(ledger->view.context, id, head);
	if (rc == UNCIA_E_NOT_FOUND) {
		*head = (struct position){0};
		rc = 0;
	}
	return rc;
}

int ledger_find_payment(struct ledger *ledger, struct executed *tip, const struct payment_id *id,
                        struct payment_record *record)
{
	return read_payment(ledger, tip, id, overlay_hash(ledger->hash_seed, id, sizeof(*id)), record);
}

int ledger_knows_payment(struct ledger *ledger, struct executed *tip, const struct payment_id *id)
{
	return ledger_find_payment(ledger, tip, id, &ledger->plan->found);
}

static int find_entry(struct ledger *ledger, const struct executed *tip, const struct entry_id *id,
                      struct found_entry *found)
{
	unsigned hash = overlay_hash(ledger->hash_seed, id, sizeof(*id));

	return read_entry(ledger, tip, id, hash, &ledger->plan->records[0], found);
}

int ledger_entry(struct ledger *ledger, struct executed *tip, const struct entry_id *id, struct entry *entry,
                 uint64_t *index)
{
	struct found_entry found;
	int rc = find_entry(ledger, tip, id, &found);

	if (rc)
		return rc;
	*entry = found.entry;
	*index = found.index;
	return 0;
}

int ledger_history_head(struct ledger *ledger, struct executed *tip, const struct entry_id *id, struct position *head)
{
	struct found_entry found;
	struct position orphan;
	int rc = find_entry(ledger, tip, id, &found);

	if (rc == 0) {
		*head = found.record->heads[found.index % GROUP_ENTRIES];
		return 0;
	}
	if (rc != UNCIA_E_NOT_FOUND)
		return rc;
	rc = read_orphan(ledger, tip, id, overlay_hash(ledger->hash_seed, id, sizeof(*id)), &orphan);
	if (rc == 0 && orphan.height == 0)
		rc = UNCIA_E_NOT_FOUND;
	if (rc == 0)
		*head = orphan;
	return rc;
}

/* A digest of the settled state. The tree may be positioned after a later block: then the oldest step that changed the
 * node holds the digest from before. */
static const struct hash *settled_digest(const struct ledger *ledger, unsigned level, uint64_t index)
{
	const struct hash *digest = &ledger->tree.levels[level][index];

	for (const struct executed *block = ledger->at; block; block = executed_parent(block)) {
		const struct hash *before = tree_step_find(block->step, level, index);
		if (before)
			digest = before;
	}
	return digest;
}

/* ledger §4.4: level by level from the bottom, the three siblings of the group's ancestor. Returns the path's size. */
static size_t write_path(const struct ledger *ledger, uint64_t group, uint8_t *path)
{
	uint64_t count = (ledger->extent.entry_count + GROUP_ENTRIES - 1) / GROUP_ENTRIES;
	unsigned levels = state_tree_levels(count);
	uint8_t *next = path;

	assert(group < count && levels <= TREE_LEVELS_MAX);
	for (unsigned level = 0; level + 1 < levels; level++, group /= TREE_ARITY) {
		uint64_t first = group / TREE_ARITY * TREE_ARITY, level_count = state_tree_level_count(count, level);
		for (uint64_t i = first; i < first + TREE_ARITY; i++) {
			if (i == group)
				continue;
			if (i < level_count)
				memcpy(next, settled_digest(ledger, level, i), HASH_SIZE);
			else
				memset(next, 0, HASH_SIZE);
			next += HASH_SIZE;
		}
	}
	return (size_t)(next - path);
}

int ledger_prove(struct ledger *ledger, const struct entry_id *id, struct ledger_proof *proof)
{
	struct found_entry found;
	int rc = find_entry(ledger, NULL, id, &found);

	if (rc)
		return rc;
	proof->index = found.index;
	proof->entry_count = ledger->extent.entry_count;
	proof->free_head = ledger->extent.free_head;
	memcpy(proof->group, found.record->entries, GROUP_SIZE);
	proof->path_size = write_path(ledger, found.index / GROUP_ENTRIES, proof->path);
	return 0;
}
