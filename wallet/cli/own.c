/* See own.h. */
#include "own.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

uint64_t own_expires_at(const struct uncia_payment_id *id)
{
	return (uint64_t)id->b[0] << 24 | (uint64_t)id->b[1] << 16 | (uint64_t)id->b[2] << 8 | id->b[3];
}

static int by_expiry(const void *a, const void *b)
{
	return memcmp(b, a, sizeof(struct uncia_payment_id));
}

int own_ids(const struct session *session, struct uncia_payment_id **ids, size_t *count)
{
	size_t size = uncia_wallet_outbox_count(session->wallet), have = 0;
	struct uncia_payment_id *all = calloc(size + 1, sizeof(*all));
	if (!all)
		return UNCIA_E_MEMORY;
	while (have < size && !uncia_wallet_outbox(session->wallet, have, &all[have]))
		have++;
	qsort(all, have, sizeof(*all), by_expiry);
	*ids = all;
	*count = have;
	return 0;
}

static bool is_newer(const struct own_ended *a, const struct own_ended *b)
{
	if (a->time_ms != b->time_ms)
		return a->time_ms > b->time_ms;
	return a->height != b->height ? a->height > b->height : a->index > b->index;
}

/* Puts it in its place; the oldest one gives way where there are more than the limit. The list has room for one more
 * than that. */
static void insert_ended(struct own_list *list, uint64_t limit, const struct own_ended *ended)
{
	size_t at = list->count;
	assert(list->count <= limit);
	for (; at && is_newer(ended, &list->entries[at - 1]); at--)
		list->entries[at] = list->entries[at - 1];
	list->entries[at] = *ended;
	list->more = list->more || list->count == limit;
	list->count += list->count < limit;
}

int own_newest(const struct session *session, uint64_t limit, struct own_list *list)
{
	struct uncia_payment_id *ids = NULL;
	size_t count = 0;
	assert(limit);
	*list = (struct own_list){.entries = calloc(limit + 1, sizeof(*list->entries))};
	int error = list->entries ? own_ids(session, &ids, &count) : UNCIA_E_MEMORY;
	for (size_t i = 0; !error && i < count; i++) {
		struct uncia_payment payment = {.size = sizeof(payment)};
		/* A payment has its block before its expiry: of the rest none is newer. */
		if (list->count == limit && own_expires_at(&ids[i]) * 1000 <= list->entries[limit - 1].time_ms) {
			list->more = true;
			break;
		}
		error = uncia_wallet_payment(session->wallet, &ids[i], &payment);
		if (error == UNCIA_E_DAMAGED) {
			list->damaged++;
			error = 0;
			continue;
		}
		if (error || payment.state == UNCIA_PAYMENT_PENDING)
			continue;
		bool final = payment.state == UNCIA_PAYMENT_FINAL;
		insert_ended(list, limit,
		             &(struct own_ended){.id = ids[i],
		                                 .time_ms = final ? payment.timestamp_ms : payment.expires_at * 1000,
		                                 .height = payment.height,
		                                 .index = payment.index});
	}
	free(ids);
	return error;
}

void own_list_free(struct own_list *list)
{
	free(list->entries);
	*list = (struct own_list){.entries = NULL};
}
