/* What payments do to accounts and holds. */
#include "entries.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "entry.h"
#include "try.h"
#include "uncia/error.h"

void entries_begin(struct entries *entries)
{
	*entries = (struct entries){0};
}

void entries_end(struct entries *entries)
{
	struct indexed_entry *entry = entries->table;

	HASH_CLEAR(hh, entries->table); /* leaves the entries as they are, a list */
	while (entry) {
		struct indexed_entry *next = entry->hh.next;
		free(entry);
		entry = next;
	}
	entries_begin(entries);
}

struct indexed_entry *entries_find(const struct entries *entries, const struct entry_id *id)
{
	struct indexed_entry *found;

	/* NOLINTNEXTLINE(clang-analyzer-*): an id has no byte that is not set */
	HASH_FIND(hh, entries->table, id, sizeof(*id), found);
	return found;
}

/* The entry of that id, which is put in where it is missing. NULL where memory ends. */
static struct indexed_entry *entries_take(struct entries *entries, const struct entry_id *id)
{
	struct indexed_entry *entry = entries_find(entries, id);

	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->id = *id;
	HASH_ADD(hh, entries->table, id, sizeof(entry->id), entry);
	if (!entry->hh.tbl) {
		free(entry);
		return NULL;
	}
	return entry;
}

int entries_want(struct entries *entries, const struct payment *payment)
{
	struct entry_id id = {0};

	for (uint32_t i = 0; payment_named(payment, i, &id); i++)
		if (!entries_take(entries, &id))
			return UNCIA_E_MEMORY;
	return 0;
}

static int entry_contradiction(const struct position *at, const char *what, char why[256])
{
	snprintf(why, 256,
	         "payment %" PRIu32 " of the block at height %" PRIu64
	         " %s: the rows of accounts and holds are not what the chain has made of them",
	         at->index, at->height, what);
	return UNCIA_E_DAMAGED;
}

/* The counters of an entry rise by one, however often the payment names it. */
static void entry_touch(struct entries *entries, struct indexed_entry *entry, const struct position *at)
{
	entry->changed = true;
	entry->last = *at;
	if (entry->turn == entries->turn)
		return;
	entry->turn = entries->turn;
	entry->touches++;
	if (entry->payments < ENTRY_PAYMENTS_FULL)
		entry->payments++;
}

static int entry_pay_in(struct entries *entries, const struct address *to, amount_t amount, const struct position *at,
                        char why[256])
{
	struct entry_id id = account_id(to);
	struct indexed_entry *entry = entries_find(entries, &id);

	assert(entry);
	if (!entry->lives) {
		entry->lives = true;
		entry->created = at->height;
		entry->payments = 0;
		entry->has_key = false;
	}
	entry_touch(entries, entry, at);
	return amount_add(entry->balance, amount, &entry->balance)
	           ? 0
	           : entry_contradiction(at, "overflows a balance", why);
}

static int entries_open_hold(struct entries *entries, const struct payment *payment, const struct hold_opening *opening,
                             const struct position *at, char why[256])
{
	struct entry_id id = {ENTRY_HOLD, opening->id};
	struct indexed_entry *hold = entries_find(entries, &id);

	assert(hold);
	if (hold->lives || hold->stored)
		return entry_contradiction(at, "opens a hold that is there", why);
	hold->lives = true;
	hold->balance = opening->amount;
	hold->created = at->height;
	hold->opening = *opening;
	if (!opening->has_home)
		hold->opening.home = payment->sender;
	hold->opened = *at;
	entry_touch(entries, hold, at);
	return 0;
}

/* The sender's side. A transfer binds the key that signs it. */
static int entry_pay_out(struct entries *entries, struct indexed_entry *sender, const struct payment *payment,
                         const struct position *at, char why[256])
{
	if (!sender->lives)
		return entry_contradiction(at, "pays from what is not there", why);
	if (!amount_subtract(sender->balance, payment->total, &sender->balance))
		return entry_contradiction(at, "pays more than there is", why);
	if (payment->kind == PAYMENT_TRANSFER && !sender->has_key) {
		sender->has_key = true;
		memcpy(sender->key, payment->public_key, PUBLIC_KEY_SIZE);
	}
	entry_touch(entries, sender, at);
	return 0;
}

int entries_apply(struct entries *entries, const struct payment *payment, struct position at, char why[256])
{
	struct entry_id id = {0};

	bool named = payment_named(payment, 0, &id);
	struct indexed_entry *sender = named ? entries_find(entries, &id) : NULL;
	assert(sender);
	entries->turn++;
	TRY(entry_pay_out(entries, sender, payment, &at, why));
	for (uint32_t i = 0; i < payment->output_count; i++)
		TRY(entry_pay_in(entries, &payment->outputs[i].to, payment->outputs[i].amount, &at, why));
	for (uint32_t i = 0; i < payment->hold_count; i++)
		TRY(entries_open_hold(entries, payment, &payment->holds[i], &at, why));
	if (!sender->balance) { /* what is emptied is deleted, after all else */
		sender->lives = false;
		sender->has_key = false;
		sender->payments = 0;
		sender->taken = payment->kind == PAYMENT_TAKE;
	}
	return 0;
}
