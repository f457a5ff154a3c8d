/* Handing what is settled to the store: one sorted, self-contained change, which stays readable here until the next one
 * is handed over. Nothing large is copied: the change points into the layer that it is made of, which it holds, and
 * nobody changes, until it comes back. The loop only makes room; filling and sorting are for who stores it. The store's
 * own form is not known here. */
#include "ledger_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TAKEN_GROUPS_MAX 32768u /* 25 MiB */

struct flush *flush_new(size_t groups, size_t addresses, size_t payments, size_t orphans, size_t records)
{
	struct flush *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->groups = calloc(groups + 1, sizeof(*f->groups));
	f->addresses = calloc(addresses + 1, sizeof(*f->addresses));
	f->payments = calloc(payments + 1, sizeof(*f->payments));
	f->orphans = calloc(orphans + 1, sizeof(*f->orphans));
	f->records = calloc(records + 1, sizeof(*f->records));
	if (!f->groups || !f->addresses || !f->payments || !f->orphans || !f->records) {
		flush_free(f);
		return NULL;
	}
	return f;
}

void flush_free(struct flush *flush)
{
	if (!flush)
		return;
	free(flush->groups);
	free(flush->addresses);
	free(flush->payments);
	free(flush->orphans);
	free(flush->records);
	settled_layer_free(flush->layer);
	free(flush);
}

static int compare_groups(const void *a, const void *b)
{
	uint64_t x = ((const struct flush_group *)a)->index, y = ((const struct flush_group *)b)->index;

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

void flush_prepare(struct flush *flush)
{
	const struct settled_layer *layer = flush->layer;

	if (!layer || flush->filled)
		return;
	flush->filled = true;
	const struct overlay *overlay = &layer->overlay;
	for (const struct settled_group *node = layer->groups; node; node = node->next)
		flush->groups[flush->group_count++] = (struct flush_group){node->index, &node->record};
	qsort(flush->groups, flush->group_count, sizeof(*flush->groups), compare_groups);
	for (const struct overlay_address *node = overlay->addresses; node; node = node->hh.next)
		flush->addresses[flush->address_count++] =
		    (struct flush_address){.address = node->address, .index = node->index};
	qsort(flush->addresses, flush->address_count, sizeof(*flush->addresses), compare_addresses);
	for (const struct overlay_payment *node = overlay->payments; node; node = node->hh.next)
		flush->payments[flush->payment_count++] = (struct flush_payment){
		    .id = node->id, .at = node->at, .previous_count = node->previous_count, .previous = node->previous};
	qsort(flush->payments, flush->payment_count, sizeof(*flush->payments), compare_payments);
	for (const struct overlay_orphan *node = overlay->orphans; node; node = node->hh.next)
		flush->orphans[flush->orphan_count++] =
		    (struct flush_orphan){.address = node->address, .head = node->head};
	qsort(flush->orphans, flush->orphan_count, sizeof(*flush->orphans), compare_orphans);
}

int ledger_take_flush(struct ledger *ledger, struct flush **flush)
{
	const struct settled_layer *from = ledger->settled.active;

	if (ledger->flush || ledger->height == ledger->flushed_height) {
		*flush = NULL;
		return 0;
	}
	struct flush *f = flush_new(from->group_count, HASH_COUNT(from->overlay.addresses),
	                            HASH_COUNT(from->overlay.payments), HASH_COUNT(from->overlay.orphans), 0);
	if (!f || settled_take(&ledger->settled) != 0) {
		flush_free(f);
		return UNCIA_E_MEMORY;
	}
	f->meta = (struct state_meta){
	    .height = ledger->height,
	    .block_id = ledger->id,
	    .entry_count = ledger->extent.entry_count,
	    .free_head = ledger->extent.free_head,
	};
	f->layer = ledger->settled.taken;
	ledger->flush = f;
	ledger->flushed_height = ledger->height;
	ledger->unflushed = 0;
	*flush = f;
	return 0;
}

/* The layer stays while it is not large: what was touched lately is touched again, and is found here sooner than in the
 * store. */
void ledger_flushed(struct ledger *ledger, struct flush *flush)
{
	assert(flush && flush == ledger->flush);
	if (ledger->settled.taken->group_count <= TAKEN_GROUPS_MAX)
		flush->layer = NULL;
	else
		ledger->settled.taken = NULL;
	flush_free(flush);
	ledger->flush = NULL;
	lookup_cache_store_changed(ledger->cache);
}

size_t ledger_unflushed(const struct ledger *ledger)
{
	return ledger->unflushed;
}
