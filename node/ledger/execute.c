/* Executing one payment, whatever its operation (docs/spec/ledger.md §3.3, §3.5). It is first worked out in a plan,
 * changing nothing; then room is made in the block's groups and overlay, which may fail; then the plan is written,
 * which cannot: all or nothing. */
#include <assert.h>
#include <string.h>
#include "ledger_internal.h"
#include "reconfigure.h"
#include "uncia/error.h"

/* Rules 1 and 2: valid in a block of time T iff T < expires_at <= T + 3600 s, and its id is not in the ledger. */
static int check_id(struct ledger *ledger, const struct payment *payment)
{
	struct plan *plan = ledger->plan;
	uint64_t now_s = plan_time_s(plan);

	if (payment->expires_at <= now_s)
		return UNCIA_E_EXPIRED;
	if (payment->expires_at > now_s + PAYMENT_LIFETIME_MAX_S)
		return UNCIA_E_TOO_FAR;
	plan->id_hash = overlay_hash(ledger->hash_seed, &payment->id, sizeof(payment->id));
	int rc = read_payment(ledger, plan->tip, &payment->id, plan->id_hash, &plan->found);
	if (rc == 0)
		return UNCIA_E_EXISTS;
	return rc == UNCIA_E_NOT_FOUND ? 0 : rc;
}

/* Works the payment out in the plan, which has begun. */
static int plan_payment(struct ledger *ledger, const struct payment *payment, const struct operation *operation)
{
	int rc = check_id(ledger, payment);

	if (rc == 0)
		rc = operation->plan(ledger->plan, payment);
	if (rc == 0)
		plan_count_payment(ledger->plan);
	return rc;
}

/* The block's own copy of an entry's group. */
static int own_group(struct ledger *ledger, struct executed *block, struct touched *t)
{
	static const struct group_record empty;
	uint64_t index = t->index / GROUP_ENTRIES;
	const struct group_record *record = t->source;
	struct group_record scratch;

	t->own = block_groups_find(&block->groups, index);
	if (t->own)
		return 0;
	if (index * GROUP_ENTRIES >= block->extent.entry_count)
		record = &empty;
	int rc = record ? 0 : read_group(ledger, block, index, &scratch, &record);
	if (rc)
		return rc;
	t->own = block_groups_add(&block->groups, index, record);
	if (!t->own)
		return UNCIA_E_MEMORY;
	supply_subtract(&block->supply_before, record->entries);
	return 0;
}

static int own_index(struct executed *block, const struct touched *t)
{
	struct overlay_address *node = overlay_find_address(&block->overlay, &t->id, t->hash);

	if (!node)
		node = overlay_add_address(&block->overlay, &t->id, t->hash);
	if (!node)
		return UNCIA_E_MEMORY;
	node->index = t->created ? ENTRY_NONE : t->index; /* as it is: nothing has been written yet */
	return 0;
}

static int own_orphan(struct executed *block, const struct touched *t)
{
	struct overlay_orphan *node = overlay_find_orphan(&block->overlay, &t->id, t->hash);

	if (!node)
		node = overlay_add_orphan(&block->overlay, &t->id, t->hash);
	if (!node)
		return UNCIA_E_MEMORY;
	node->head = t->had_orphan ? t->head : (struct position){0};
	return 0;
}

/* All steps that can fail. The nodes that were added before a failure repeat the state as it was. */
static int own_touched(struct ledger *ledger, struct executed *block)
{
	struct plan *plan = ledger->plan;

	for (uint32_t i = 0; i < plan->count; i++) {
		struct touched *t = &plan->touched[i];
		int rc = own_group(ledger, block, t);
		if (rc == 0 && (t->created || t->deleted))
			rc = own_index(block, t);
		if (rc == 0 && (t->had_orphan || t->deleted))
			rc = own_orphan(block, t);
		if (rc)
			return rc;
	}
	return 0;
}

static void write_entry(const struct touched *t, const struct entry *entry, const struct position *head)
{
	unsigned slot = t->index % GROUP_ENTRIES;
	uint8_t *at = t->own->record.entries + slot * ENTRY_SIZE;

	t->own->changed |= (uint8_t)(1u << slot);
	entry_encode(entry, at);
	t->own->record.heads[slot].height = head->height;
	t->own->record.heads[slot].index = head->index;
}

static void write_kept(struct executed *block, const struct touched *t, const struct position *at)
{
	assert(entry_is(&t->entry, &t->id));
	write_entry(t, &t->entry, at);
	if (t->created)
		overlay_find_address(&block->overlay, &t->id, t->hash)->index = t->index;
	if (t->had_orphan)
		overlay_find_orphan(&block->overlay, &t->id, t->hash)->head = (struct position){0};
}

/* ledger §4.2: the entry is the new head of the free list, and its address keeps its history. */
static void write_deleted(struct executed *block, const struct touched *t, const struct position *at)
{
	struct extent *extent = &block->extent;
	const struct entry free_entry = {.kind = ENTRY_FREE, .balance = extent->free_head};

	assert(t->entry.balance == 0); /* or the money in it would be lost */
	write_entry(t, &free_entry, &(struct position){0});
	overlay_find_address(&block->overlay, &t->id, t->hash)->index = ENTRY_NONE;
	overlay_find_orphan(&block->overlay, &t->id, t->hash)->head = *at;
	extent->free_head = t->index;
	extent->accounts -= t->entry.kind == ENTRY_ACCOUNT;
}

/* What is planned becomes the block's, in which it stands at that place. Cannot fail. */
static void write_plan(struct executed *block, const struct plan *plan, const struct position *at)
{
	block->extent = plan->extent;
	block->touches += plan->named_count;
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct touched *t = &plan->touched[i];
		if (t->deleted)
			write_deleted(block, t, at);
		else
			write_kept(block, t, at);
	}
}

int execute_operation(struct ledger *ledger, struct executed *block, const struct payment *payment,
                      const struct operation *operation)
{
	struct plan *plan = ledger->plan;
	struct overlay_payment *record;

	assert(block->state == EXECUTED_OPEN);
	plan_begin(plan, block, block->height, block->timestamp_ms);
	int rc = plan_payment(ledger, payment, operation);
	if (rc == 0)
		rc = own_touched(ledger, block);
	if (rc)
		return rc;
	record = overlay_add_payment(&block->overlay, &payment->id, plan->id_hash, plan->named_count);
	if (!record)
		return UNCIA_E_MEMORY;
	record->at = (struct position){.height = block->height, .index = block->payment_count++};
	for (uint32_t i = 0; i < plan->named_count; i++)
		record->previous[i] = plan->touched[plan->named[i]].head;
	write_plan(block, plan, &record->at);
	return 0;
}

/* A key of the next committee that is not in the present one must never have been in any. */
static int plan_joining(struct plan *plan, const struct reconfigure *change)
{
	for (uint32_t i = 0; i < change->next.size; i++) {
		struct entry *entry;
		const struct entry_id id = retired_id(change->next.validators[i].consensus_key);
		int rc = change->joins[i] ? plan_existing(plan, &id, &entry) : UNCIA_E_NOT_FOUND;
		if (rc != UNCIA_E_NOT_FOUND)
			return rc ? rc : UNCIA_E_EXISTS;
	}
	return 0;
}

static bool plan_leaves(const struct reconfigure *change, const uint8_t consensus_key[32])
{
	for (uint32_t i = 0; i < change->next.size; i++)
		if (memcmp(change->next.validators[i].consensus_key, consensus_key, 32) == 0)
			return false;
	return true;
}

static int plan_leaving(struct plan *plan, const struct committee *current, const struct reconfigure *change)
{
	for (uint32_t i = 0; i < current->size; i++) {
		const uint8_t *key = current->validators[i].consensus_key;
		const struct entry_id id = retired_id(key);
		struct entry *entry;
		if (!plan_leaves(change, key))
			continue;
		int rc = plan_existing(plan, &id, &entry);
		if (rc != UNCIA_E_NOT_FOUND)
			return rc ? rc : UNCIA_E_DAMAGED; /* a retired key was in the committee */
		rc = plan_create(plan, &id, &entry);
		if (rc)
			return rc;
		entry->address = (struct address){{0}};
		memcpy(entry->public_key, key, sizeof(entry->public_key));
	}
	return 0;
}

/* consensus §6.9: valid in a block of time t iff t < expires_at <= t + 7 days, and no key that was retired comes back.
 */
static int plan_change(struct plan *plan, const struct committee *current, const struct reconfigure *change)
{
	uint64_t now_s = plan_time_s(plan);

	assert(change->epoch == current->epoch);
	if (change->expires_at <= now_s)
		return UNCIA_E_EXPIRED;
	if (change->expires_at > now_s + RECONFIGURE_LIFETIME_S)
		return UNCIA_E_TOO_FAR;
	int rc = plan_joining(plan, change);
	return rc ? rc : plan_leaving(plan, current, change);
}

int ledger_reconfigure(struct ledger *ledger, struct executed *block, const struct committee *current,
                       const struct reconfigure *change)
{
	const struct position nowhere = {0}; /* no history leads to it: it is no payment */
	struct plan *plan = ledger->plan;

	assert(block->state == EXECUTED_OPEN && !block->payment_count);
	plan_begin(plan, block, block->height, block->timestamp_ms);
	int rc = plan_change(plan, current, change);
	if (rc == 0)
		rc = own_touched(ledger, block);
	if (rc == 0)
		write_plan(block, plan, &nowhere);
	return rc;
}

int ledger_check_reconfigure(struct ledger *ledger, struct executed *parent, uint64_t timestamp_ms,
                             const struct committee *current, const struct reconfigure *change)
{
	plan_begin(ledger->plan, parent, 0, timestamp_ms);
	return plan_change(ledger->plan, current, change);
}

/* The operation named its entries in payment_named's order: histories find the record's previous places by it. */
static void assert_named(const struct plan *plan, const struct payment *payment)
{
	for (uint32_t i = 0; i < plan->named_count; i++) {
		struct entry_id named;
		bool has = payment_named(payment, i, &named);
		assert(has && entry_id_equal(&named, &plan->touched[plan->named[i]].id));
		(void)has;
	}
	assert(!payment_named(payment, plan->named_count, NULL));
}

int ledger_add(struct ledger *ledger, struct executed *block, const struct payment *payment)
{
	int rc = execute_operation(ledger, block, payment, operation_of(payment));
	if (rc == 0)
		assert_named(ledger->plan, payment);
	return rc;
}

int ledger_check(struct ledger *ledger, struct executed *parent, uint64_t timestamp_ms, const struct payment *payment)
{
	plan_begin(ledger->plan, parent, 0, timestamp_ms);
	return plan_payment(ledger, payment, operation_of(payment));
}

int ledger_payment_key(struct ledger *ledger, struct executed *tip, const struct payment *payment, enum sender_key *key,
                       bool *covered)
{
	struct entry sender;
	struct entry_id id;
	uint64_t index;

	payment_named(payment, 0, &id);
	int rc = ledger_entry(ledger, tip, &id, &sender, &index);
	if (rc && rc != UNCIA_E_NOT_FOUND)
		return rc;
	const struct operation *operation = operation_of(payment);
	*key = operation->key(rc ? NULL : &sender, payment);
	*covered = !rc && operation->covered(ledger->genesis, &sender, payment);
	return 0;
}
