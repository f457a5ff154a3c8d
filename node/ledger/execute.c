/* The rules of one payment (docs/spec/ledger.md §3, §4). First the payment is worked out, changing nothing; then room
 * is made in the block's overlay, which may fail; then it is written, which cannot: all or nothing. */
#include "ledger_internal.h"
#include <assert.h>
#include <string.h>

/* ledger §3: valid in a block of time T iff T < expires_at <= T + 3600 s, and its id is not in the ledger. */
static int check_id(struct ledger *ledger, const struct executed *tip, uint64_t timestamp_ms,
                    const struct payment *payment)
{
	uint64_t now_s = timestamp_ms / 1000;
	struct plan *plan = ledger->plan;

	if (payment->expires_at <= now_s)
		return UNCIA_E_EXPIRED;
	if (payment->expires_at > now_s + PAYMENT_LIFETIME_MAX_S)
		return UNCIA_E_TOO_FAR;
	plan->id_hash = overlay_hash(ledger->hash_seed, &payment->id, sizeof(payment->id));
	int rc = read_payment(ledger, tip, &payment->id, plan->id_hash, &plan->found);
	if (rc == 0)
		return UNCIA_E_EXISTS;
	return rc == UNCIA_E_NOT_FOUND ? 0 : rc;
}

/* Takes up an account that exists: NOT_FOUND where it does not. */
static int touch_existing(struct ledger *ledger, const struct executed *tip, struct touched *t)
{
	int rc = read_account(ledger, tip, &t->address, t->hash, &ledger->plan->records[ledger->plan->count],
	                      &t->source, &t->index, &t->entry);

	if (rc == 0)
		t->head = t->source->heads[t->index % GROUP_ENTRIES]; /* NOLINT(clang-analyzer-*): rc 0 sets it */
	return rc;
}

/* ledger §4: a new account takes the free entry that was freed last, else a new one at the end. An account deleted
 * before goes on with its chain of payments. */
static int touch_new(struct ledger *ledger, const struct executed *tip, uint64_t height, uint32_t currency,
                     struct touched *t)
{
	struct plan *plan = ledger->plan;
	struct extent *extent = &plan->extent;

	int rc = read_orphan(ledger, tip, &t->address, t->hash, &t->head);
	if (rc)
		return rc;
	if (extent->free_head == ENTRY_NONE) {
		t->index = extent->entry_count++;
	} else {
		struct entry free_entry;
		t->index = extent->free_head;
		rc = read_group(ledger, tip, t->index / GROUP_ENTRIES, &plan->records[plan->count], &t->source);
		if (rc)
			return rc;
		if (entry_decode(t->source->entries + t->index % GROUP_ENTRIES * ENTRY_SIZE, &free_entry) != 0 ||
		    free_entry.kind != ENTRY_FREE ||
		    (free_entry.balance != ENTRY_NONE && free_entry.balance >= extent->entry_count))
			return UNCIA_E_DAMAGED;
		extent->free_head = free_entry.balance;
	}
	extent->accounts++;
	t->created = true;
	t->had_orphan = t->head.height != 0;
	t->entry = (struct entry){
	    .kind = ENTRY_ACCOUNT,
	    .address = t->address,
	    .currency = currency,
	    .created = height,
	};
	return 0;
}

/* The touched account of this address, or the count: none yet. */
static uint32_t find_touched(const struct plan *plan, const struct address *address, unsigned hash)
{
	uint32_t i = 0;

	while (i < plan->count &&
	       (plan->touched[i].hash != hash || memcmp(&plan->touched[i].address, address, sizeof(*address)) != 0))
		i++;
	return i;
}

static struct touched *next_touched(struct plan *plan, const struct address *address, unsigned hash)
{
	struct touched *t = &plan->touched[plan->count];

	*t = (struct touched){.address = *address, .hash = hash};
	return t;
}

/* Every account touched counts the payment once. A counter that is full refuses: it must not lie. */
static int count_payment(struct entry *entry)
{
	if (entry->payments == UINT32_MAX)
		return UNCIA_E_AMOUNT;
	entry->payments++;
	return 0;
}

static int plan_sender(struct ledger *ledger, const struct executed *tip, const struct payment *payment)
{
	struct plan *plan = ledger->plan;
	unsigned hash = overlay_hash(ledger->hash_seed, &payment->sender, sizeof(payment->sender));
	struct touched *sender = next_touched(plan, &payment->sender, hash);
	struct entry *entry = &sender->entry;

	int rc = touch_existing(ledger, tip, sender);
	if (rc)
		return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_FUNDS : rc;
	if (entry->flags & ENTRY_KEY_KNOWN) {
		if (memcmp(entry->public_key, payment->public_key, sizeof(entry->public_key)) != 0)
			return UNCIA_E_SIGNATURE;
	} else { /* encoding §1: the address is of the first public key, bound by the first payment */
		struct address derived;
		address_of_key(payment->public_key, &derived);
		if (memcmp(&derived, &payment->sender, sizeof(derived)) != 0)
			return UNCIA_E_SIGNATURE;
		entry->flags |= ENTRY_KEY_KNOWN;
		memcpy(entry->public_key, payment->public_key, sizeof(entry->public_key));
	}
	if (entry->currency != payment->currency || !amount_subtract(entry->balance, payment->total, &entry->balance))
		return UNCIA_E_FUNDS;
	plan->count++;
	return count_payment(entry);
}

/* faults: dust accounts. Zero is below any smallest amount. */
static bool too_small(const struct ledger *ledger, amount_t amount)
{
	return amount < ledger->genesis->smallest_amount || amount == 0;
}

static int plan_output(struct ledger *ledger, const struct executed *tip, uint64_t height,
                       const struct payment *payment, uint32_t k)
{
	const struct output *output = &payment->outputs[k];
	struct plan *plan = ledger->plan;
	unsigned hash = overlay_hash(ledger->hash_seed, &output->to, sizeof(output->to));
	uint32_t i = find_touched(plan, &output->to, hash);

	if (too_small(ledger, output->amount))
		return UNCIA_E_AMOUNT;
	if (i == plan->count) {
		struct touched *t = next_touched(plan, &output->to, hash);
		int rc = touch_existing(ledger, tip, t);
		if (rc == UNCIA_E_NOT_FOUND)
			rc = touch_new(ledger, tip, height, payment->currency, t);
		if (rc == 0)
			rc = count_payment(&t->entry);
		if (rc)
			return rc;
		plan->count++;
	}
	plan->recipient[k] = i;
	struct entry *entry = &plan->touched[i].entry;
	if (entry->currency != payment->currency)
		return UNCIA_E_AMOUNT;
	return amount_add(entry->balance, output->amount, &entry->balance) ? 0 : UNCIA_E_AMOUNT;
}

/* ledger §4: what a sender leaves behind is nothing, or at least the smallest amount, so that entries stay bounded by
 * supply ÷ smallest amount. */
static bool is_dust(const struct ledger *ledger, amount_t rest)
{
	return rest != 0 && too_small(ledger, rest);
}

static int plan_payment(struct ledger *ledger, const struct executed *tip, uint64_t height, uint64_t timestamp_ms,
                        const struct payment *payment)
{
	struct plan *plan = ledger->plan;

	plan->count = 0;
	plan->extent = *extent_after(ledger, tip);
	int rc = check_id(ledger, tip, timestamp_ms, payment);
	if (rc == 0)
		rc = plan_sender(ledger, tip, payment);
	for (uint32_t k = 0; rc == 0 && k < payment->output_count; k++)
		rc = plan_output(ledger, tip, height, payment, k);
	return rc == 0 && is_dust(ledger, plan->touched[0].entry.balance) ? UNCIA_E_AMOUNT : rc;
}

/* The overlay's own copy of an account's group. */
static int own_group(struct ledger *ledger, struct executed *block, struct touched *t)
{
	static const struct group_record empty;
	uint64_t index = t->index / GROUP_ENTRIES;
	unsigned hash = overlay_group_hash(ledger->hash_seed, index);
	const struct group_record *record = t->source;
	struct group_record scratch;

	t->own = overlay_find_group(&block->overlay, index, hash);
	if (t->own)
		return 0;
	if (index * GROUP_ENTRIES >= block->extent.entry_count)
		record = &empty;
	int rc = record ? 0 : read_group(ledger, block, index, &scratch, &record);
	if (rc)
		return rc;
	t->own = overlay_add_group(&block->overlay, index, hash, record);
	if (!t->own)
		return UNCIA_E_MEMORY;
	t->own->before = group_money(record->entries);
	return 0;
}

static int own_address(struct executed *block, const struct touched *t)
{
	struct overlay_address *node = overlay_find_address(&block->overlay, &t->address, t->hash);

	if (!node)
		node = overlay_add_address(&block->overlay, &t->address, t->hash);
	if (!node)
		return UNCIA_E_MEMORY;
	node->index = t->created ? ENTRY_NONE : t->index; /* as it is: nothing has happened yet */
	return 0;
}

static int own_orphan(struct executed *block, const struct touched *t)
{
	struct overlay_orphan *node = overlay_find_orphan(&block->overlay, &t->address, t->hash);

	if (!node)
		node = overlay_add_orphan(&block->overlay, &t->address, t->hash);
	if (!node)
		return UNCIA_E_MEMORY;
	node->head = t->had_orphan ? t->head : (struct position){0};
	return 0;
}

/* ledger §4: an account that falls to zero and never rotated its key is deleted. Only a sender can. */
static bool falls_to_zero(const struct plan *plan)
{
	const struct entry *sender = &plan->touched[0].entry;

	return sender->balance == 0 && !(sender->flags & ENTRY_KEY_ROTATED);
}

/* Whatever can fail. Where it does, what was added says what was so before. */
static int make_room(struct ledger *ledger, struct executed *block, const struct payment *payment,
                     struct overlay_payment **record)
{
	struct plan *plan = ledger->plan;

	for (uint32_t i = 0; i < plan->count; i++) {
		struct touched *t = &plan->touched[i];
		bool deleted = i == 0 && falls_to_zero(plan);
		int rc = own_group(ledger, block, t);
		if (rc == 0 && (t->created || deleted))
			rc = own_address(block, t);
		if (rc == 0 && (t->had_orphan || deleted))
			rc = own_orphan(block, t);
		if (rc)
			return rc;
	}
	*record = overlay_add_payment(&block->overlay, &payment->id, plan->id_hash, 1 + payment->output_count);
	return *record ? 0 : UNCIA_E_MEMORY;
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

static void write_touched(struct executed *block, const struct touched *t, const struct position *at)
{
	write_entry(t, &t->entry, at);
	if (t->created)
		overlay_find_address(&block->overlay, &t->address, t->hash)->index = t->index;
	if (t->had_orphan)
		overlay_find_orphan(&block->overlay, &t->address, t->hash)->head = (struct position){0};
}

static void delete_sender(struct executed *block, const struct touched *t, const struct position *at)
{
	struct extent *extent = &block->extent;
	const struct entry free_entry = {.kind = ENTRY_FREE, .balance = extent->free_head};

	write_entry(t, &free_entry, &(struct position){0});
	overlay_find_address(&block->overlay, &t->address, t->hash)->index = ENTRY_NONE;
	overlay_find_orphan(&block->overlay, &t->address, t->hash)->head = *at;
	extent->free_head = t->index;
	extent->accounts--;
}

int ledger_add(struct ledger *ledger, struct executed *block, const struct payment *payment)
{
	struct plan *plan = ledger->plan;
	struct overlay_payment *record;

	assert(!block->settled && !block->root_known);
	int rc = plan_payment(ledger, block, block->height, block->timestamp_ms, payment);
	if (rc == 0)
		rc = make_room(ledger, block, payment, &record);
	if (rc)
		return rc;
	record->at = (struct position){.height = block->height, .index = block->payment_count++};
	record->previous[0] = plan->touched[0].head;
	for (uint32_t k = 0; k < payment->output_count; k++)
		record->previous[1 + k] = plan->touched[plan->recipient[k]].head;
	block->extent = plan->extent;
	block->touches += 1 + payment->output_count;
	for (uint32_t i = 0; i < plan->count; i++)
		write_touched(block, &plan->touched[i], &record->at);
	if (falls_to_zero(plan))
		delete_sender(block, &plan->touched[0], &record->at);
	return 0;
}

bool ledger_covers(const struct ledger *ledger, const struct entry *sender, const struct payment *payment)
{
	amount_t rest;

	for (uint32_t k = 0; k < payment->output_count; k++)
		if (too_small(ledger, payment->outputs[k].amount))
			return false;
	return sender->currency == payment->currency && amount_subtract(sender->balance, payment->total, &rest) &&
	       !is_dust(ledger, rest);
}

int ledger_check(struct ledger *ledger, struct executed *parent, uint64_t timestamp_ms, const struct payment *payment)
{
	return plan_payment(ledger, parent, 0, timestamp_ms, payment);
}
