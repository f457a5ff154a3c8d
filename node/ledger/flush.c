/* Handing the settled blocks over to the store, as one sorted change. Nothing large is copied: the change points into
 * the settled layer that it was made of. It owns that layer until it is handed back; the ledger goes on reading it
 * meanwhile, and nobody changes it. ledger_take_flush only allocates; flush_prepare fills and sorts, on the thread that
 * stores. */
#include "ledger_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TAKEN_GROUPS_MAX 32768u /* 25 MiB */

struct flush *flush_new(const struct flush_room *room)
{
	struct flush *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->groups = calloc(room->groups + 1, sizeof(*f->groups));
	f->addresses = calloc(room->addresses + 1, sizeof(*f->addresses));
	f->payments = calloc(room->payments + 1, sizeof(*f->payments));
	f->orphans = calloc(room->orphans + 1, sizeof(*f->orphans));
	f->records = calloc(room->records + 1, sizeof(*f->records));
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

static int compare_flush_groups(const void *a, const void *b)
{
	uint64_t x = ((const struct flush_group *)a)->index, y = ((const struct flush_group *)b)->index;

	return (x > y) - (x < y);
}

static int compare_addresses(const void *a, const void *b)
{
	return memcmp(&((const struct flush_address *)a)->id, &((const struct flush_address *)b)->id,
	              sizeof(struct entry_id));
}

static int compare_payments(const void *a, const void *b)
{
	return memcmp(&((const struct flush_payment *)a)->id, &((const struct flush_payment *)b)->id,
	              sizeof(struct payment_id));
}

static int compare_orphans(const void *a, const void *b)
{
	return memcmp(&((const struct flush_orphan *)a)->id, &((const struct flush_orphan *)b)->id,
	              sizeof(struct entry_id));
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
	assert(flush->group_count == layer->group_count);
	qsort(flush->groups, flush->group_count, sizeof(*flush->groups), compare_flush_groups);
	for (const struct overlay_address *node = overlay->addresses; node; node = node->hh.next)
		flush->addresses[flush->address_count++] = (struct flush_address){.id = node->id, .index = node->index};
	qsort(flush->addresses, flush->address_count, sizeof(*flush->addresses), compare_addresses);
	for (const struct overlay_payment *node = overlay->payments; node; node = node->hh.next)
		flush->payments[flush->payment_count++] = (struct flush_payment){
		    .id = node->id, .at = node->at, .previous_count = node->previous_count, .previous = node->previous};
	assert(flush->payment_count == HASH_COUNT(overlay->payments));
	qsort(flush->payments, flush->payment_count, sizeof(*flush->payments), compare_payments);
	for (const struct overlay_orphan *node = overlay->orphans; node; node = node->hh.next)
		flush->orphans[flush->orphan_count++] = (struct flush_orphan){.id = node->id, .head = node->head};
	qsort(flush->orphans, flush->orphan_count, sizeof(*flush->orphans), compare_orphans);
}

int ledger_take_flush(struct ledger *ledger, struct flush **flush)
{
	const struct settled_layer *from = ledger->settled.active;
	const struct flush_room room = {.groups = from->group_count,
	                                .addresses = HASH_COUNT(from->overlay.addresses),
	                                .payments = HASH_COUNT(from->overlay.payments),
	                                .orphans = HASH_COUNT(from->overlay.orphans)};

	if (ledger->flush || ledger->height == ledger->flushed_height) {
		*flush = NULL;
		return 0;
	}
	assert(ledger->flushed_height < ledger->height);
	struct flush *f = flush_new(&room);
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

/* Unless the layer is large it stays, as a cache: entries that were changed lately are likely to be read again. */
void ledger_flushed(struct ledger *ledger, struct flush *flush)
{
	assert(flush && flush == ledger->flush && flush->layer == ledger->settled.taken);
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
