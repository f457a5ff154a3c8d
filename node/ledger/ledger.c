/* Opening the ledger; and blocks over the settled state: begun, ended, rooted, settled, released. Payments are executed
 * in execute.c. */
#include "ledger_internal.h"
#include "hash_many.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening --------------------------------------------------------------------------------- */

/* ledger §4.1: entry 0 is the currency of the genesis. */
static int check_currency(const struct ledger *ledger)
{
	struct group_record first;
	struct entry currency;
	int rc = ledger->view.group(ledger->view.context, 0, &first);

	if (rc)
		return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : rc;
	if (entry_decode(first.entries, &currency) != 0 || currency.kind != ENTRY_CURRENCY ||
	    currency.currency != ledger->genesis->currency)
		return UNCIA_E_DAMAGED;
	return 0;
}

#define EXPECTED_FADES 16u /* a block: by this share */
#define LOAD_TOGETHER  32u /* groups whose digests are computed at once */

/* Some groups of the stored state, from `index` on: counted, added up, digested. */
static int load_some(struct ledger *ledger, uint64_t index, size_t count, struct supply *supply)
{
	struct group_record records[LOAD_TOGETHER];
	const uint8_t *groups[LOAD_TOGETHER];
	struct hash *digests[LOAD_TOGETHER];
	struct entry entry;

	assert(count <= LOAD_TOGETHER);
	for (size_t i = 0; i < count; i++) {
		int rc = ledger->view.group(ledger->view.context, index + i, &records[i]);
		if (rc)
			return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : rc;
		for (unsigned slot = 0; slot < GROUP_ENTRIES; slot++) {
			if (entry_decode(records[i].entries + slot * ENTRY_SIZE, &entry) != 0)
				return UNCIA_E_DAMAGED;
			ledger->extent.accounts += entry.kind == ENTRY_ACCOUNT;
		}
		supply_add(supply, records[i].entries);
		groups[i] = records[i].entries;
		digests[i] = &ledger->tree.levels[0][index + i];
	}
	hash_many(HASH_STATE_GROUP, groups, GROUP_SIZE, count, digests);
	return 0;
}

/* Rebuilds the tree, and checks the supply (ledger §4.5). */
static int load_groups(struct ledger *ledger)
{
	uint64_t entries = ledger->extent.entry_count;
	uint64_t count = entries / GROUP_ENTRIES + (entries % GROUP_ENTRIES != 0);
	struct supply supply = {0};
	struct group_record last;

	if (count == 0)
		return UNCIA_E_DAMAGED;
	/* The last one first: a damaged count must not make a tree beyond all memory. */
	int rc = ledger->view.group(ledger->view.context, count - 1, &last);
	if (rc)
		return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : rc;
	if (state_tree_reserve(&ledger->tree, count) != 0)
		return UNCIA_E_MEMORY;
	for (uint64_t i = 0; i < count; i += LOAD_TOGETHER) {
		rc = load_some(ledger, i, count - i < LOAD_TOGETHER ? count - i : LOAD_TOGETHER, &supply);
		if (rc)
			return rc;
	}
	state_tree_build(&ledger->tree, count);
	state_root_digest(entries, ledger->extent.free_head, state_tree_top(&ledger->tree), &ledger->root);
	rc = check_currency(ledger);
	return rc == 0 && !supply_balanced(&supply) ? UNCIA_E_DAMAGED : rc;
}

static int load_state(struct ledger *ledger)
{
	struct state_meta meta;
	int rc = ledger->view.meta(ledger->view.context, &meta);

	if (rc)
		return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : rc; /* `init` has stored one */
	ledger->height = ledger->flushed_height = meta.height;
	ledger->id = meta.block_id;
	ledger->extent = (struct extent){.entry_count = meta.entry_count, .free_head = meta.free_head};
	if (meta.free_head != ENTRY_NONE && meta.free_head >= meta.entry_count)
		return UNCIA_E_DAMAGED;
	return load_groups(ledger);
}

int ledger_new(const struct genesis *genesis, const struct storage_view *view, const uint8_t hash_seed[16],
               struct ledger **ledger)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return UNCIA_E_MEMORY;
	l->genesis = genesis;
	l->view = *view;
	memcpy(l->hash_seed, hash_seed, sizeof(l->hash_seed));
	int rc = settled_init(&l->settled);
	l->plan = calloc(1, sizeof(*l->plan));
	l->cache = lookup_cache_new();
	if (!l->plan || !l->cache)
		rc = UNCIA_E_MEMORY;
	if (rc == 0) {
		l->plan->ledger = l;
		rc = load_state(l);
	}
	if (rc) {
		ledger_free(l);
		return rc;
	}
	*ledger = l;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return;
	if (ledger->flush)
		ledger->settled.taken = NULL;
	settled_deinit(&ledger->settled);
	chunk_cache_deinit(&ledger->chunk_cache);
	state_tree_deinit(&ledger->tree);
	lookup_cache_free(ledger->cache);
	free(ledger->plan);
	free(ledger);
}

uint64_t ledger_settled_height(const struct ledger *ledger)
{
	return ledger->height;
}

void ledger_settled_id(const struct ledger *ledger, struct hash *id)
{
	*id = ledger->id;
}

int ledger_settled_root(struct ledger *ledger, struct hash *root)
{
	*root = ledger->root;
	return 0;
}

uint64_t ledger_accounts(const struct ledger *ledger)
{
	return ledger->extent.accounts;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static struct executed *executed_ref(struct executed *block)
{
	assert(block->references > 0);
	block->references++;
	return block;
}

int ledger_begin(struct ledger *ledger, struct executed *parent, uint64_t height, uint64_t timestamp_ms,
                 struct executed **block)
{
	/* A parent that still took payments would not be the state that this block begins on; nor would one that is
	 * settled and not the newest such block: it reads as the settled state. */
	assert(!parent || parent->state != EXECUTED_OPEN);
	assert(!parent || parent->state != EXECUTED_SETTLED || parent->height == ledger->height);
	assert(height == (parent ? parent->height : ledger->height) + 1);
	struct executed *b = calloc(1, sizeof(*b));
	if (!b)
		return UNCIA_E_MEMORY;
	b->references = 1;
	b->height = height;
	b->timestamp_ms = timestamp_ms;
	b->extent = *extent_after(ledger, parent);
	overlay_init(&b->overlay, &ledger->chunk_cache);
	block_groups_init(&b->groups, &b->overlay.arena, ledger->hash_seed, ledger->groups_expected);
	if (parent && parent->state != EXECUTED_SETTLED)
		b->parent = executed_ref(parent);
	*block = b;
	return 0;
}

void ledger_end(struct executed *block, const struct hash *block_id)
{
	executed_move(block, EXECUTED_ENDED);
	block->id = *block_id;
}

void executed_release(struct ledger *ledger, struct executed *block)
{
	while (block) {
		assert(block->references > 0);
		if (--block->references > 0)
			return;
		struct executed *parent = block->parent;
		/* Its children are released, so the tree is positioned no later than here. */
		if (ledger->at == block) {
			assert(block->step);
			state_tree_swap(&ledger->tree, block->step);
			ledger->at = executed_parent(block);
		}
		tree_step_free(block->step);
		block_groups_deinit(&block->groups);
		overlay_deinit(&block->overlay);
		free(block);
		block = parent;
	}
}

/* ---- roots ----------------------------------------------------------------------------------- */

/* Whether `block` is `ancestor` or descends from it; NULL is the settled state. */
static bool executed_descends(const struct executed *block, const struct executed *ancestor)
{
	while (block && block != ancestor)
		block = executed_parent(block);
	return block == ancestor;
}

#define DIGIT_BITS 8u
#define DIGITS     (1u << DIGIT_BITS)

/* Sorts by index, all of which are below `end`, digit by digit from the lowest. Returns where they lie then: in one of
 * the two arrays. */
static struct tree_group *sort_groups(struct tree_group *groups, struct tree_group *other, size_t n, uint64_t end)
{
	for (unsigned shift = 0; shift < 64 && end >> shift; shift += DIGIT_BITS) {
		size_t at[DIGITS] = {0}, next = 0;
		for (size_t i = 0; i < n; i++)
			at[groups[i].index >> shift & (DIGITS - 1)]++;
		for (unsigned digit = 0; digit < DIGITS; digit++) {
			size_t first = next;
			next += at[digit];
			at[digit] = first;
		}
		for (size_t i = 0; i < n; i++)
			other[at[groups[i].index >> shift & (DIGITS - 1)]++] = groups[i];
		struct tree_group *sorted = other;
		other = groups;
		groups = sorted;
	}
	return groups;
}

/* Moves the tree from the block's parent to the block, for the first time. Returns as ledger_root. */
static int compute_step(struct ledger *ledger, struct executed *block)
{
	const struct held_group *group;
	uint64_t count = (block->extent.entry_count + GROUP_ENTRIES - 1) / GROUP_ENTRIES;
	struct supply supply = block->supply_before;
	size_t n = 0;

	assert(block->state != EXECUTED_OPEN && !block->step && ledger->at == executed_parent(block));
	size_t room = block->groups.count + 1;
	struct tree_group *groups = calloc(2 * room, sizeof(*groups));
	if (!groups)
		return UNCIA_E_MEMORY;
	for (group = block->groups.first; group; group = group->next) {
		supply_add(&supply, group->record.entries);
		if (group->changed)
			groups[n++] = (struct tree_group){.index = group->index, .bytes = group->record.entries};
	}
	/* ledger §4.5: no block makes or loses money, of any currency. */
	int rc = UNCIA_E_DAMAGED;
	if (supply_balanced(&supply)) {
		const struct tree_group *sorted = sort_groups(groups, groups + room, n, count);
		rc = state_tree_apply(&ledger->tree, sorted, n, count, &block->step);
	}
	free(groups);
	return rc;
}

/* Positions the tree after `target`: back to the newest common ancestor, then forward. Returns as ledger_root; the tree
 * is then positioned after one of the ancestors. */
static int move_tree(struct ledger *ledger, struct executed *target)
{
	while (!executed_descends(target, ledger->at)) {
		state_tree_swap(&ledger->tree, ledger->at->step);
		ledger->at = executed_parent(ledger->at);
	}
	while (ledger->at != target) {
		struct executed *next = target;
		while (executed_parent(next) != ledger->at)
			next = executed_parent(next);
		if (next->step) {
			state_tree_swap(&ledger->tree, next->step);
		} else {
			int rc = compute_step(ledger, next);
			if (rc)
				return rc;
		}
		ledger->at = next;
	}
	return 0;
}

int ledger_root(struct ledger *ledger, struct executed *block, struct hash *root)
{
	assert(block->state != EXECUTED_OPEN);
	if (block->state == EXECUTED_ENDED) {
		int rc = move_tree(ledger, block);
		if (rc)
			return rc;
		state_root_digest(block->extent.entry_count, block->extent.free_head, state_tree_top(&ledger->tree),
		                  &block->root);
		executed_move(block, EXECUTED_ROOTED);
	}
	*root = block->root;
	return 0;
}

/* ---- settling -------------------------------------------------------------------------------- */

static void tell_touched(const struct executed *block, void (*touched)(void *context, const struct entry_id *id),
                         void *context)
{
	const struct overlay_address *address;
	const struct held_group *group;
	struct entry_id id;
	struct entry entry;

	for (group = block->groups.first; group; group = group->next) {
		for (unsigned slot = 0; slot < GROUP_ENTRIES; slot++) {
			if (!(group->changed & 1u << slot))
				continue;
			int rc = entry_decode(group->record.entries + slot * ENTRY_SIZE, &entry);
			assert(rc == 0);
			if (rc == 0 && entry_id_of(&entry, &id))
				touched(context, &id);
		}
	}
	for (address = block->overlay.addresses; address; address = address->hh.next)
		if (address->index == ENTRY_NONE) /* deleted */
			touched(context, &address->id);
}

int ledger_settle(struct ledger *ledger, struct executed *block,
                  void (*touched)(void *context, const struct entry_id *id), void *context)
{
	struct hash root;

	assert(block->state == EXECUTED_ENDED || block->state == EXECUTED_ROOTED);
	assert(!executed_parent(block) && block->height == ledger->height + 1);
	int rc = ledger_root(ledger, block, &root);
	if (rc == 0 && !executed_descends(ledger->at, block))
		rc = move_tree(ledger, block);
	if (rc == 0)
		rc = settled_merge(&ledger->settled, &block->groups, &block->overlay);
	if (rc)
		return rc;
	if (touched)
		tell_touched(block, touched, context);
	/* Blocks without payments lie between those with many. */
	ledger->groups_expected -= ledger->groups_expected / EXPECTED_FADES;
	if (ledger->groups_expected < block->groups.count)
		ledger->groups_expected = block->groups.count;
	ledger->height = block->height;
	ledger->id = block->id;
	ledger->root = root;
	ledger->extent = block->extent;
	ledger->unflushed += block->touches;
	if (ledger->at == block)
		ledger->at = NULL;
	executed_move(block, EXECUTED_SETTLED);
	tree_step_free(block->step);
	block->step = NULL;
	block_groups_deinit(&block->groups);
	overlay_deinit(&block->overlay);
	executed_release(ledger, block->parent);
	block->parent = NULL;
	return 0;
}
