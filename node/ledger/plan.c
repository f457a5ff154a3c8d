/* The entries that a payment takes up while it is worked out: the part of the ledger that operations see (operation.h).
 */
#include <assert.h>
#include <string.h>
#include "ledger_internal.h"
#include "uncia/error.h"

void plan_begin(struct plan *plan, const struct executed *tip, uint64_t height, uint64_t timestamp_ms)
{
	plan->timestamp_ms = timestamp_ms;
	plan->tip = tip;
	plan->height = height;
	plan->count = plan->named_count = 0;
	plan->extent = *extent_after(plan->ledger, tip);
}

/* The slot of an entry in the table, or the free one where it would be. */
static uint16_t *plan_slot(struct plan *plan, const struct entry_id *id, unsigned hash)
{
	uint32_t slot = hash % PLAN_SLOTS;

	for (; plan->slots[slot]; slot = (slot + 1) % PLAN_SLOTS) {
		const struct touched *t = &plan->touched[plan->slots[slot] - 1];
		if (t->hash == hash && entry_id_equal(&t->id, id))
			break;
	}
	return &plan->slots[slot];
}

/* The entry of this id among those taken up, or the count: none. */
static uint32_t plan_find(struct plan *plan, const struct entry_id *id, unsigned hash)
{
	uint32_t i = 0;

	if (plan->count > PLAN_SCANNED) {
		uint16_t number = *plan_slot(plan, id, hash);
		return number ? number - 1u : plan->count;
	}
	while (i < plan->count && (plan->touched[i].hash != hash || !entry_id_equal(&plan->touched[i].id, id)))
		i++;
	return i;
}

/* The entry in the next place is taken up. The table begins with the first of too many to be looked through. */
static void plan_took(struct plan *plan)
{
	uint32_t first = plan->count;

	if (++plan->count <= PLAN_SCANNED)
		return;
	if (plan->count == PLAN_SCANNED + 1) {
		memset(plan->slots, 0, sizeof(plan->slots));
		first = 0;
	}
	for (uint32_t i = first; i < plan->count; i++)
		*plan_slot(plan, &plan->touched[i].id, plan->touched[i].hash) = (uint16_t)(i + 1);
}

/* The place of the next entry. Decoding bounds how many entries a payment names, so there is always one. */
static struct touched *plan_next(struct plan *plan, const struct entry_id *id, unsigned hash)
{
	assert(plan->count < PLAN_ENTRIES_MAX);
	struct touched *t = &plan->touched[plan->count];

	*t = (struct touched){.id = *id, .hash = hash};
	return t;
}

static struct entry *plan_name(struct plan *plan, uint32_t i)
{
	assert(i < plan->count && plan->named_count < PLAN_ENTRIES_MAX);
	plan->named[plan->named_count++] = i;
	return &plan->touched[i].entry;
}

int plan_existing(struct plan *plan, const struct entry_id *id, struct entry **entry)
{
	struct ledger *ledger = plan->ledger;
	unsigned hash = overlay_hash(ledger->hash_seed, id, sizeof(*id));
	uint32_t i = plan_find(plan, id, hash);

	if (i == plan->count) {
		struct touched *t = plan_next(plan, id, hash);
		struct found_entry found;
		int rc = read_entry(ledger, plan->tip, id, hash, &plan->records[i], &found);
		if (rc)
			return rc;
		t->index = found.index;
		t->entry = found.entry;
		t->source = found.record;
		t->head = found.record->heads[found.index % GROUP_ENTRIES];
		plan_took(plan);
	}
	*entry = plan_name(plan, i);
	return 0;
}

/* ledger §4.2: takes the free entry that was freed last, else a new one at the end. */
static int plan_take_index(struct plan *plan, struct touched *t)
{
	struct extent *extent = &plan->extent;
	struct entry free_entry;

	if (extent->free_head == ENTRY_NONE) {
		t->index = extent->entry_count++;
		return 0;
	}
	t->index = extent->free_head;
	int rc = read_group(plan->ledger, plan->tip, t->index / GROUP_ENTRIES, &plan->records[plan->count], &t->source);
	if (rc)
		return rc;
	if (entry_decode(t->source->entries + t->index % GROUP_ENTRIES * ENTRY_SIZE, &free_entry) != 0 ||
	    free_entry.kind != ENTRY_FREE ||
	    (free_entry.balance != ENTRY_NONE && free_entry.balance >= extent->entry_count))
		return UNCIA_E_DAMAGED;
	extent->free_head = free_entry.balance;
	return 0;
}

int plan_create(struct plan *plan, const struct entry_id *id, struct entry **entry)
{
	struct ledger *ledger = plan->ledger;
	unsigned hash = overlay_hash(ledger->hash_seed, id, sizeof(*id));

	assert(id->kind != ENTRY_FREE && plan_find(plan, id, hash) == plan->count);
	struct touched *t = plan_next(plan, id, hash);
	/* One deleted before goes on with its history. */
	int rc = read_orphan(ledger, plan->tip, id, hash, &t->head);
	if (rc == 0)
		rc = plan_take_index(plan, t);
	if (rc)
		return rc;
	plan->extent.accounts += id->kind == ENTRY_ACCOUNT;
	t->created = true;
	t->had_orphan = t->head.height != 0;
	t->entry = (struct entry){.kind = id->kind, .address = id->address, .created = plan->height};
	plan_took(plan);
	*entry = plan_name(plan, plan->count - 1);
	return 0;
}

void plan_delete(struct plan *plan, struct entry *entry)
{
	struct touched *t = (struct touched *)(void *)((uint8_t *)entry - offsetof(struct touched, entry));

	assert(t >= plan->touched && t < plan->touched + plan->count && !t->deleted);
	t->deleted = true;
}

uint64_t plan_time_s(const struct plan *plan)
{
	return plan->timestamp_ms / 1000;
}

const struct genesis *plan_genesis(const struct plan *plan)
{
	return plan->ledger->genesis;
}

/* §3.5: every entry taken up counts the payment once, however often it is named. A full counter stays full, so that
 * nobody can stop an account by paying it often. */
void plan_count_payment(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		struct entry *entry = &plan->touched[i].entry;
		if (entry->payments != ENTRY_PAYMENTS_FULL)
			entry->payments++;
	}
}
