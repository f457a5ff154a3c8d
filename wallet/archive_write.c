/* Writes the archive; archive.c says how it is laid out, and why in this order. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "archive.h"
#include "big_endian.h"
#include "canonical.h"
#include "fields.h"
#include "wallet.h"

#define VERSION 1

/* ---- the index --------------------------------------------------------------------------------- */

static void put_entry(const struct ended *entry, uint8_t *to)
{
	memcpy(to, entry->nonce, NONCE_SIZE);
	memcpy(to + NONCE_SIZE, entry->id.b, HASH_SIZE);
	to[NONCE_SIZE + HASH_SIZE] = (uint8_t)(entry->state | (entry->from_hold ? ARCHIVE_FROM_HOLD : 0) |
	                                       (entry->opens_holds ? ARCHIVE_OPENS_HOLDS : 0));
	be64_put(to + NONCE_SIZE + HASH_SIZE + 1, entry->height);
	be64_put(to + NONCE_SIZE + HASH_SIZE + 9, entry->leaving);
}

/* Whether the index is to have this segment. */
static bool is_listed(const struct uncia_wallet *w, const struct segment *segment)
{
	return segment && (segment->indexed || (!segment->damaged && archive_is_full(w, segment)));
}

/* Encodes a piece of the index. Returns 0 or UNCIA_E_MEMORY. Owns: free(*data). */
static int encode_piece(const struct uncia_wallet *w, uint32_t number, uint8_t **data, size_t *size)
{
	Uncia__Pb__EndedIndex index = UNCIA__PB__ENDED_INDEX__INIT;
	Uncia__Pb__EndedSegment listed[ARCHIVE_PIECE_SEGMENTS], *pointers[ARCHIVE_PIECE_SEGMENTS];
	int rc = 0;
	index.version = VERSION;
	index.segments = pointers;
	for (uint32_t i = 0; !rc && i < ARCHIVE_PIECE_SEGMENTS; i++) {
		const struct segment *segment = archive_segment(w, number * ARCHIVE_PIECE_SEGMENTS + i);
		if (!is_listed(w, segment))
			continue;
		Uncia__Pb__EndedSegment *next = &listed[index.n_segments];
		uint8_t *entries = malloc(segment->count * ARCHIVE_ENTRY_SIZE + 1);
		if (!entries) {
			rc = UNCIA_E_MEMORY;
			break;
		}
		for (size_t k = 0; k < segment->count; k++)
			put_entry(segment->entries[k], entries + k * ARCHIVE_ENTRY_SIZE);
		uncia__pb__ended_segment__init(next);
		next->number = segment->number;
		next->entries = field_of(entries, segment->count * ARCHIVE_ENTRY_SIZE);
		if (segment->payees_known)
			next->payees = field_of(segment->payees[0], segment->payee_count * ARCHIVE_PAYEE_SIZE);
		pointers[index.n_segments++] = next;
	}
	if (!rc)
		rc = canonical_encode(&index.base, data, size);
	for (size_t i = 0; i < index.n_segments; i++)
		free(listed[i].entries.data);
	return rc;
}

static int confirm_piece(struct uncia_wallet *w, struct piece *piece)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	if (piece->durable)
		return 0;
	int rc = encode_piece(w, piece->number, &data, &size);
	if (rc)
		return rc;
	archive_piece_name(piece->number, name);
	rc = stored_create(w, name, data, size);
	free(data);
	piece->durable = rc == 0 || rc == UNCIA_E_EXISTS;
	return piece->durable ? 0 : rc;
}

/* Whether a damaged piece is all that tells that payments of a damaged segment may be there: then it stays. */
static bool must_stay(const struct uncia_wallet *w, const struct piece *piece)
{
	bool stays = false;
	for (uint32_t i = 0; piece && piece->damaged && i < ARCHIVE_PIECE_SEGMENTS; i++) {
		const struct segment *segment = archive_segment(w, piece->number * ARCHIVE_PIECE_SEGMENTS + i);
		stays = stays || (segment && segment->damaged);
	}
	return stays;
}

/* Writes the piece of the index that has this full segment. */
static int write_piece(struct uncia_wallet *w, uint32_t number)
{
	struct piece *piece = archive_need_piece(w, number);
	char name[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	int rc = piece ? 0 : UNCIA_E_MEMORY;
	if (rc || must_stay(w, piece))
		return rc;
	/* What it will say is in a segment must be there for good. */
	for (uint32_t i = 0; !rc && i < ARCHIVE_PIECE_SEGMENTS; i++) {
		struct segment *segment = archive_segment(w, number * ARCHIVE_PIECE_SEGMENTS + i);
		if (is_listed(w, segment) && !segment->indexed)
			rc = archive_confirm_segment(w, segment);
	}
	if (!rc)
		rc = encode_piece(w, number, &data, &size);
	if (rc)
		return rc;
	archive_piece_name(number, name);
	piece->durable = false;
	rc = stored_replace(w, name, data, size);
	free(data);
	if (rc)
		return rc;
	piece->durable = true;
	piece->damaged = false;
	for (uint32_t i = 0; i < ARCHIVE_PIECE_SEGMENTS; i++) {
		struct segment *segment = archive_segment(w, number * ARCHIVE_PIECE_SEGMENTS + i);
		if (!is_listed(w, segment) || segment->indexed)
			continue;
		segment->indexed = true;
		for (size_t k = 0; k < segment->count; k++)
			(void)archive_note_extra(w, segment->entries[k]); /* else it is found in the next listing */
	}
	return 0;
}

/* Gives the index what it lacks. */
static void write_index(struct uncia_wallet *w)
{
	const struct segment *segment, *next;
	int rc = 0;
	if (!w->archive->index_due || !stored_all(w)) /* the segments first */
		return;
	HASH_ITER (hh, w->archive->segments, segment, next)
		if (!rc && !segment->indexed && is_listed(w, segment))
			rc = write_piece(w, segment->number / ARCHIVE_PIECE_SEGMENTS);
	w->archive->index_due = rc != 0;
}

void archive_clear(struct uncia_wallet *w, unsigned most)
{
	struct archive *a = w->archive;
	if (a->extra_count < a->segment_records / 2 || !stored_all(w))
		return;
	for (unsigned done = 0; a->extra_count != 0 && done < most; done++) {
		const struct ended *ended = a->extras[a->extra_count - 1];
		struct segment *segment = archive_segment(w, ended->segment);
		struct piece *piece = archive_piece(w, ended->segment / ARCHIVE_PIECE_SEGMENTS);
		char name[UNCIA_BLOB_NAME_SIZE];
		assert(segment->indexed);
		if (!piece || archive_confirm_segment(w, segment) || confirm_piece(w, piece))
			return;
		outbox_blob_name(ended->nonce, name);
		int rc = w->host.remove(w->host.context, name);
		if (rc && rc != UNCIA_E_NOT_FOUND)
			return;
		a->extras[--a->extra_count]->extra = false;
	}
}

int archive_confirm(struct uncia_wallet *w, const struct ended *ended)
{
	return archive_confirm_segment(w, archive_segment(w, ended->segment));
}

/* ---- segments ---------------------------------------------------------------------------------- */

/* Writes a segment: the records that it has, of which `opened` is NULL where there are none, and `count` more. */
static int write_segment(struct uncia_wallet *w, uint32_t number, const Uncia__Pb__EndedPayments *opened,
                         const struct ending *endings, size_t count)
{
	size_t before = opened ? opened->n_records : 0;
	Uncia__Pb__EndedPayments written = UNCIA__PB__ENDED_PAYMENTS__INIT;
	Uncia__Pb__Blob *blobs = calloc(count, sizeof(*blobs));
	Uncia__Pb__Blob **pointers = calloc(before + count, sizeof(*pointers));
	char name[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	int rc = UNCIA_E_MEMORY;
	if (blobs && pointers) {
		for (size_t i = 0; i < before; i++)
			pointers[i] = opened->records[i];
		for (size_t i = 0; i < count; i++) {
			uncia__pb__blob__init(&blobs[i]);
			blobs[i].data = field_of(endings[i].record, endings[i].size);
			pointers[before + i] = &blobs[i];
		}
		written.version = VERSION;
		written.n_records = before + count;
		written.records = pointers;
		rc = canonical_encode(&written.base, &data, &size);
	}
	free(blobs);
	free(pointers);
	if (rc)
		return rc;
	archive_segment_name(number, name);
	/* A new one is nobody else's: those who do not know of it have not looked, under the lock. */
	rc = opened ? stored_replace(w, name, data, size) : stored_create(w, name, data, size);
	free(data);
	return rc == UNCIA_E_EXISTS ? UNCIA_E_BUSY : rc;
}

/* How many of the endings the segment has room for: one at least. */
static size_t fitting(const struct uncia_wallet *w, const struct segment *segment, const struct ending *endings,
                      size_t count)
{
	size_t n = 0, records = segment ? segment->count : 0, size = segment ? segment->size : 0;
	while (n < count && (n == 0 || (records + n < w->archive->segment_records && size < ARCHIVE_SEGMENT_SIZE)))
		size += endings[n++].size;
	return n;
}

/* Puts as many as fit into the last segment, or a new one. *done: how many. */
static int append_some(struct uncia_wallet *w, const struct ending *endings, size_t count, size_t *done)
{
	struct archive *a = w->archive;
	const Uncia__Pb__EndedPayments *opened = NULL;
	struct segment *last = a->next == 0 ? NULL : archive_segment(w, a->next - 1);
	uint32_t number = a->next;
	if (last && !archive_is_full(w, last)) {
		number = last->number;
		int rc = archive_open(w, number, false, &opened);
		if (!rc && opened->n_records != last->count)
			rc = archive_open(w, number, true, &opened);
		if (!rc && opened->n_records != last->count)
			rc = UNCIA_E_BUSY; /* somebody writes who does not keep to the lock */
		if (rc)
			return rc;
	} else {
		last = NULL;
		if (number == UINT32_MAX)
			return UNCIA_E_LIMIT;
	}
	*done = fitting(w, last, endings, count);
	int rc = write_segment(w, number, opened, endings, *done);
	if (last && rc)
		last->durable = false;
	archive_close(w, number); /* what was read of it is older now */
	if (!rc && !last && !(last = archive_need_segment(w, number)))
		rc = UNCIA_E_MEMORY;
	for (size_t i = 0; !rc && i < *done; i++) {
		last->size += endings[i].size;
		rc = archive_add(w, last, &endings[i].entry);
		if (!rc)
			rc = archive_note_payees(w, last, (struct bytes){endings[i].record, endings[i].size});
	}
	if (!rc)
		last->durable = true;
	a->index_due = a->index_due || (!rc && archive_is_full(w, last));
	return rc;
}

int archive_append(struct uncia_wallet *w, const struct ending *endings, size_t count)
{
	int rc = 0;
	for (size_t at = 0, done = 0; !rc && at < count; at += done)
		rc = append_some(w, endings + at, count - at, &done);
	/* The payments are there. Where the index fails it is written another time. */
	write_index(w);
	return rc;
}
