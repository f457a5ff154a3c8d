/* Handing what is settled to the store: one sorted, self-contained change, which stays readable here until the store
 * shows it. The store's own form is not known here. */
#include "ledger_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A flush that this module or genesis_flush.c made: its arrays, and the positions that its payments point at. */
struct owned_flush {
	struct flush flush;
	struct position *previous;
};

struct flush *flush_new(size_t groups, size_t addresses, size_t payments, size_t previous, size_t orphans)
{
	struct owned_flush *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->flush.groups = calloc(groups + 1, sizeof(*o->flush.groups));
	o->flush.addresses = calloc(addresses + 1, sizeof(*o->flush.addresses));
	o->flush.payments = calloc(payments + 1, sizeof(*o->flush.payments));
	o->flush.orphans = calloc(orphans + 1, sizeof(*o->flush.orphans));
	o->previous = calloc(previous + 1, sizeof(*o->previous));
	if (!o->flush.groups || !o->flush.addresses || !o->flush.payments || !o->flush.orphans || !o->previous) {
		flush_free(&o->flush);
		return NULL;
	}
	return &o->flush;
}

void flush_free(struct flush *flush)
{
	struct owned_flush *o = (struct owned_flush *)flush;

	if (!o)
		return;
	free(flush->groups);
	free(flush->addresses);
	free(flush->payments);
	free(flush->orphans);
	free(o->previous);
	free(o);
}

/* A group's number beside where it is, so that sorting need not go there. */
struct group_place {
	uint64_t index;
	const struct group_record *record;
};

static int compare_groups(const void *a, const void *b)
{
	uint64_t x = ((const struct group_place *)a)->index, y = ((const struct group_place *)b)->index;

	return (x > y) - (x < y);
}

static int compare_addresses(const void *a, const void *b)
{
	return memcmp(&((const struct flush_address *)a)->address, &((const struct flush_address *)b)->address,
	              sizeof(struct address));
}

static int compare_payments(const void *a, const void *b)
{
	return memcmp(&((const struct flush_payment *)a)->id, &((const struct flush_payment *)b)->id,
	              sizeof(struct payment_id));
}

static int compare_orphans(const void *a, const void *b)
{
	return memcmp(&((const struct flush_orphan *)a)->address, &((const struct flush_orphan *)b)->address,
	              sizeof(struct address));
}

/* Groups are large: their places are sorted, then each is copied once. */
static int fill_groups(struct flush *flush, const struct overlay *overlay)
{
	struct group_place *sorted = calloc(HASH_COUNT(overlay->groups) + 1, sizeof(*sorted));

	if (!sorted)
		return UNCIA_E_MEMORY;
	for (const struct overlay_group *node = overlay->groups; node; node = node->hh.next)
		sorted[flush->group_count++] = (struct group_place){node->index, &node->record};
	qsort(sorted, flush->group_count, sizeof(*sorted), compare_groups);
	for (size_t i = 0; i < flush->group_count; i++) {
		flush->groups[i].index = sorted[i].index;
		flush->groups[i].record = *sorted[i].record;
	}
	free(sorted);
	return 0;
}

static void fill_tables(struct owned_flush *o, const struct overlay *overlay)
{
	struct position *previous = o->previous;
	struct flush *flush = &o->flush;

	for (const struct overlay_address *node = overlay->addresses; node; node = node->hh.next)
		flush->addresses[flush->address_count++] =
		    (struct flush_address){.address = node->address, .index = node->index};
	qsort(flush->addresses, flush->address_count, sizeof(*flush->addresses), compare_addresses);
	for (const struct overlay_payment *node = overlay->payments; node; node = node->hh.next) {
		flush->payments[flush->payment_count++] = (struct flush_payment){
		    .id = node->id, .at = node->at, .previous_count = node->previous_count, .previous = previous};
		memcpy(previous, node->previous, node->previous_count * sizeof(*previous));
		previous += node->previous_count;
	}
	qsort(flush->payments, flush->payment_count, sizeof(*flush->payments), compare_payments);
	for (const struct overlay_orphan *node = overlay->orphans; node; node = node->hh.next)
		flush->orphans[flush->orphan_count++] =
		    (struct flush_orphan){.address = node->address, .head = node->head};
	qsort(flush->orphans, flush->orphan_count, sizeof(*flush->orphans), compare_orphans);
}

int ledger_take_flush(struct ledger *ledger, struct flush **flush)
{
	const struct overlay *from = ledger->active;
	size_t previous = 0;

	if (ledger->flushing || ledger->height == ledger->flushed_height) {
		*flush = NULL;
		return 0;
	}
	for (const struct overlay_payment *node = from->payments; node; node = node->hh.next)
		previous += node->previous_count;
	struct overlay *fresh = malloc(sizeof(*fresh));
	struct flush *f = flush_new(HASH_COUNT(from->groups), HASH_COUNT(from->addresses), HASH_COUNT(from->payments),
	                            previous, HASH_COUNT(from->orphans));
	if (!fresh || !f || fill_groups(f, from) != 0) {
		free(fresh);
		flush_free(f);
		return UNCIA_E_MEMORY;
	}
	fill_tables((struct owned_flush *)f, from);
	f->meta = (struct state_meta){
	    .height = ledger->height,
	    .block_id = ledger->id,
	    .entry_count = ledger->extent.entry_count,
	    .free_head = ledger->extent.free_head,
	};
	overlay_init(fresh, HASH_COUNT(from->payments)); /* the next one will hold about as much */
	ledger->flushing = ledger->active;
	ledger->active = fresh;
	ledger->flush = f;
	ledger->flushed_height = ledger->height;
	ledger->unflushed = 0;
	*flush = f;
	return 0;
}

void ledger_flushed(struct ledger *ledger, struct flush *flush)
{
	assert(flush && flush == ledger->flush);
	recall_store_changed(ledger->recall);
	overlay_deinit(ledger->flushing);
	free(ledger->flushing);
	ledger->flushing = NULL;
	ledger->flush = NULL;
	flush_free(flush);
}

size_t ledger_unflushed(const struct ledger *ledger)
{
	return ledger->unflushed;
}
