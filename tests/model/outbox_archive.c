/* The archive of the wallet that outbox.c searches, as it is in memory. See outbox_world.h. */
#include <assert.h>
#include <stdlib.h>
#include "archive.h"
#include "homing.h"
#include "outbox_world.h"
#include "wallet.h"

static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

void world_copy_archive(struct uncia_wallet *wallet, const struct archive *from)
{
	for (const struct segment *s = from->segments; s; s = s->hh.next) {
		struct segment *segment = must(archive_need_segment(wallet, s->number));
		for (size_t i = 0; i < s->count; i++)
			if (archive_add(wallet, segment, s->entries[i]))
				abort();
		segment->indexed = s->indexed;
		segment->durable = s->durable;
		segment->damaged = s->damaged;
		segment->size = s->size;
	}
	for (const struct piece *p = from->pieces; p; p = p->hh.next) {
		struct piece *piece = must(archive_need_piece(wallet, p->number));
		piece->durable = p->durable;
		piece->damaged = p->damaged;
	}
	for (size_t i = 0; i < from->extra_count; i++)
		archive_note_extra(wallet, archive_find(wallet, from->extras[i]->nonce));
	wallet->archive->next = from->next;
	wallet->archive->blind = from->blind;
	wallet->archive->index_due = from->index_due;
	wallet->archive->loose = from->loose;
	wallet->archive->segment_records = from->segment_records;
}

int world_copy_holds(struct uncia_wallet *wallet, const struct homing *from)
{
	assert(from->book.count == 0 && from->book.lock_count == 0);
	if (homing_init(wallet) || !(wallet->hold = look_new(wallet, REQUEST_HOLD)))
		return UNCIA_E_MEMORY;
	wallet->homing->loaded = from->loaded;
	wallet->homing->book = from->book;
	wallet->homing->book.open = NULL;
	wallet->homing->book.locks = NULL;
	wallet->homing->book.capacity = wallet->homing->book.lock_capacity = 0;
	return 0;
}

void world_digest_archive(struct hasher *hasher, const struct archive *a)
{
	for (const struct segment *s = a->segments; s; s = s->hh.next) {
		uint64_t values[] = {s->number, s->indexed, s->durable, s->damaged, s->size, s->count};
		hasher_add(hasher, values, sizeof(values));
		for (size_t i = 0; i < s->count; i++)
			hasher_add(hasher, &s->entries[i]->id, sizeof(s->entries[i]->id));
	}
	for (const struct piece *p = a->pieces; p; p = p->hh.next) {
		uint64_t values[] = {p->number, p->durable, p->damaged};
		hasher_add(hasher, values, sizeof(values));
	}
	uint64_t values[] = {a->next, a->blind, a->index_due, a->loose, a->extra_count};
	hasher_add(hasher, values, sizeof(values));
}
