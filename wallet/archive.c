/* The archive of ended payments (docs/spec/wallet.md, "Storage").
 *
 * A *segment*, the blob payments-ended-NNNNNNNN, holds the records of up to 32 payments. The last segment is replaced
 * as a whole when a payment gets its end, until it is full; the others never change. A *piece* of the index, the blob
 * payments-index-NNNNNNNN, says which payments the full ones of 64 segments hold, so that those need not be read: of a
 * home with thousands of payments the index and the last segment are read, and a segment where somebody asks for a
 * payment in it. What is read on the way (a damaged piece; a segment that no index has) is only slower.
 *
 * Why no crash and no second process loses or doubles a payment:
 * - a payment is in the archive by one act, the replacing of one blob. Before, its own blob says that it is pending;
 *   after, what the archive says counts, and its own blob is not read any more;
 * - its own blob is removed only when a full segment that has the payment, and the index that says so, are both
 * durable. A last segment that is damaged therefore costs nothing: its payments are pending again and get their ends
 * again;
 * - segments are changed under the host's lock, by those who have read what others wrote. A segment's number and the
 *   place of a record in it never change, so that what another process read stays right.
 * A segment that cannot be read stops the keys that the index says are in it. Where the index cannot be read either, it
 * may be any key: all keys of no known payment are stopped (`blind`). */
#define HASH_NONFATAL_OOM 1
#include "archive.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "big_endian.h"
#include "canonical.h"
#include "events.h"
#include "missing.h"
#include "wallet.h"

#define PAYMENT_PREFIX  "payment-"
#define SEGMENT_PREFIX  "payments-ended-"
#define PIECE_PREFIX    "payments-index-"
#define SEGMENT_RECORDS 32u
#define VERSION         1
/* What is read at once: larger ones are read twice. */
#define SEGMENT_EXPECTED (96u << 10) /* receipts of a few dozen validators */
#define PIECE_EXPECTED                                                                                                 \
	(ARCHIVE_PIECE_SEGMENTS * (SEGMENT_RECORDS * (ARCHIVE_ENTRY_SIZE + 2 * ARCHIVE_PAYEE_SIZE) + 32) + 64)

_Static_assert(ARCHIVE_SEGMENT_SIZE + PAYMENT_SIZE_MAX + RECEIPT_SIZE_MAX + 4096 < BLOB_SIZE_MAX,
               "a full segment is a blob");

void outbox_blob_name(const uint8_t nonce[NONCE_SIZE], char name[UNCIA_BLOB_NAME_SIZE])
{
	char hex[2 * NONCE_SIZE + 1];
	_Static_assert(sizeof(PAYMENT_PREFIX) + 2 * NONCE_SIZE <= UNCIA_BLOB_NAME_SIZE, "every name fits");
	stpcpy(stpcpy(name, PAYMENT_PREFIX), sodium_bin2hex(hex, sizeof(hex), nonce, NONCE_SIZE));
}

int archive_init(struct uncia_wallet *w)
{
	w->archive = calloc(1, sizeof(*w->archive));
	if (!w->archive)
		return UNCIA_E_MEMORY;
	w->archive->segment_records = SEGMENT_RECORDS;
	return 0;
}

static void close_opened(struct opened *opened)
{
	if (opened->used)
		arena_deinit(&opened->arena);
	opened->used = false;
}

void archive_close(const struct uncia_wallet *w, uint32_t number)
{
	for (unsigned i = 0; i < ARCHIVE_OPENED; i++)
		if (w->archive->opened[i].number == number)
			close_opened(&w->archive->opened[i]);
}

void archive_deinit(struct uncia_wallet *w)
{
	struct archive *a = w->archive;
	struct segment *segment, *next_segment;
	struct piece *piece, *next_piece;
	if (!a)
		return;
	for (unsigned i = 0; i < ARCHIVE_OPENED; i++)
		close_opened(&a->opened[i]);
	HASH_CLEAR(by_nonce, a->by_nonce);
	HASH_CLEAR(by_id, a->by_id);
	HASH_ITER (hh, a->segments, segment, next_segment) {
		HASH_DEL(a->segments, segment); /* NOLINT(clang-analyzer-unix.Malloc): the next one is known */
		for (size_t i = 0; i < segment->count; i++)
			free(segment->entries[i]);
		free(segment->entries);
		free(segment->payees);
		free(segment);
	}
	HASH_ITER (hh, a->pieces, piece, next_piece) {
		HASH_DEL(a->pieces, piece); /* NOLINT(clang-analyzer-unix.Malloc): likewise */
		free(piece);
	}
	free(a->all);
	free(a->extras);
	free(a->expired);
	free(a);
	w->archive = NULL;
}

void archive_segment_name(uint32_t number, char name[UNCIA_BLOB_NAME_SIZE])
{
	snprintf(name, UNCIA_BLOB_NAME_SIZE, SEGMENT_PREFIX "%08x", (unsigned)number);
}

void archive_piece_name(uint32_t number, char name[UNCIA_BLOB_NAME_SIZE])
{
	snprintf(name, UNCIA_BLOB_NAME_SIZE, PIECE_PREFIX "%08x", (unsigned)number);
}

/* Whether the name is this prefix and a number, as it would be written. */
static bool numbered(const char *name, const char *prefix, uint32_t *number)
{
	size_t size = strlen(prefix);
	uint8_t bytes[4];
	if (strncmp(name, prefix, size) != 0 || strlen(name) != size + 8 ||
	    sodium_hex2bin(bytes, sizeof(bytes), name + size, 8, NULL, NULL, NULL) != 0 ||
	    strspn(name + size, "0123456789abcdef") != 8)
		return false;
	*number = be32_get(bytes);
	return *number != UINT32_MAX;
}

struct segment *archive_segment(const struct uncia_wallet *w, uint32_t number)
{
	struct segment *segment;
	HASH_FIND(hh, w->archive->segments, &number, sizeof(number), segment);
	return segment;
}

struct piece *archive_piece(const struct uncia_wallet *w, uint32_t number)
{
	struct piece *piece;
	HASH_FIND(hh, w->archive->pieces, &number, sizeof(number), piece);
	return piece;
}

struct segment *archive_need_segment(struct uncia_wallet *w, uint32_t number)
{
	struct segment *segment = archive_segment(w, number);
	if (segment)
		return segment;
	segment = calloc(1, sizeof(*segment));
	if (!segment)
		return NULL;
	segment->number = number;
	segment->payees_known = true;
	HASH_ADD(hh, w->archive->segments, number, sizeof(segment->number), segment);
	if (!segment->hh.tbl) {
		free(segment);
		return NULL;
	}
	if (number >= w->archive->next)
		w->archive->next = number + 1;
	return segment;
}

struct piece *archive_need_piece(struct uncia_wallet *w, uint32_t number)
{
	struct piece *piece = archive_piece(w, number);
	if (piece)
		return piece;
	piece = calloc(1, sizeof(*piece));
	if (!piece)
		return NULL;
	piece->number = number;
	HASH_ADD(hh, w->archive->pieces, number, sizeof(piece->number), piece);
	if (!piece->hh.tbl) {
		free(piece);
		return NULL;
	}
	return piece;
}

struct ended *archive_find(const struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE])
{
	struct ended *ended;
	HASH_FIND(by_nonce, w->archive->by_nonce, nonce, NONCE_SIZE, ended);
	return ended;
}

struct ended *archive_find_id(const struct uncia_wallet *w, const struct payment_id *id)
{
	struct ended *ended;
	HASH_FIND(by_id, w->archive->by_id, id->b, sizeof(id->b), ended);
	return ended;
}

bool archive_is_full(const struct uncia_wallet *w, const struct segment *segment)
{
	return segment->damaged || segment->indexed || segment->number + 1 < w->archive->next ||
	       segment->count >= w->archive->segment_records || segment->size >= ARCHIVE_SEGMENT_SIZE;
}

/* Makes room for one more pointer. */
static bool room(struct ended ***list, size_t count, size_t *capacity)
{
	if (count < *capacity)
		return true;
	size_t more = *capacity == 0 ? 32 : *capacity * 2;
	struct ended **grown = realloc(*list, more * sizeof(**list));
	if (!grown)
		return false;
	*list = grown;
	*capacity = more;
	return true;
}

/* Puts a payment into the tables. Returns false where memory ends, with nothing done. */
static bool enter(struct archive *a, struct ended *ended)
{
	if (!room(&a->all, a->count, &a->capacity))
		return false;
	HASH_ADD(by_nonce, a->by_nonce, nonce, NONCE_SIZE, ended);
	if (!ended->by_nonce.tbl)
		return false;
	HASH_ADD(by_id, a->by_id, id.b, sizeof(ended->id.b), ended);
	if (!ended->by_id.tbl) {
		HASH_DELETE(by_nonce, a->by_nonce, ended);
		return false;
	}
	a->all[a->count++] = ended;
	if (ended->state == UNCIA_PAYMENT_FINAL) {
		a->final_count++;
		DL_APPEND(a->recent, ended);
	}
	return true;
}

int archive_add(struct uncia_wallet *w, struct segment *segment, const struct ended *entry)
{
	struct ended *ended = malloc(sizeof(*ended));
	bool twice = archive_find(w, entry->nonce) || archive_find_id(w, &entry->id);
	assert(entry->state == UNCIA_PAYMENT_FINAL || entry->state == UNCIA_PAYMENT_EXPIRED);
	if (!ended || !room(&segment->entries, segment->count, &segment->capacity)) {
		free(ended);
		return UNCIA_E_MEMORY;
	}
	*ended = *entry;
	ended->segment = segment->number;
	ended->place = (uint32_t)segment->count;
	if (!twice && !enter(w->archive, ended)) {
		free(ended);
		return UNCIA_E_MEMORY;
	}
	segment->entries[segment->count++] = ended;
	return 0;
}

int archive_note_extra(struct uncia_wallet *w, struct ended *ended)
{
	struct archive *a = w->archive;
	/* Until an index has it, it stays: it is noted when one has. */
	if (ended->extra || !archive_segment(w, ended->segment)->indexed)
		return 0;
	if (!room(&a->extras, a->extra_count, &a->extra_capacity))
		return UNCIA_E_MEMORY;
	a->extras[a->extra_count++] = ended;
	ended->extra = true;
	return 0;
}

static void tell_damaged_piece(struct uncia_wallet *w, const char *name, int error)
{
	struct uncia_event event = {.kind = UNCIA_EVENT_ERROR, .error = error};
	snprintf(event.text, sizeof(event.text),
	         "the index %.64s of the stored payments is damaged; the payments are read without it", name);
	events_add(w, &event);
}

/* A new home reads what became final from the ledger (catch_up.c, history.c); memos, and what expired, are nowhere
 * else. */
static void tell_damaged_segment(struct uncia_wallet *w, const char *name, int error)
{
	struct uncia_event event = {.kind = UNCIA_EVENT_ERROR, .error = error};
	snprintf(
	    event.text, sizeof(event.text),
	    "the stored payments %.64s are damaged. What this home does not hold elsewhere comes back with a copy of "
	    "that file; or, if it became final, from the ledger in a new home restored from the words",
	    name);
	events_add(w, &event);
}

/* ---- segments ---------------------------------------------------------------------------------- */

/* Reads a segment into a place that is free. */
static int open_into(const struct uncia_wallet *w, uint32_t number, struct opened *opened)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	ProtobufCMessage *message = NULL;
	uint8_t *data;
	size_t size;
	archive_segment_name(number, name);
	int rc = blob_load_large(&w->host, name, SEGMENT_EXPECTED, &data, &size);
	if (rc)
		return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_DAMAGED : rc;
	arena_init(&opened->arena, canonical_arena_limit(size));
	rc = canonical_decode(&uncia__pb__ended_payments__descriptor, data, size, &opened->arena, &message);
	blob_free(data, size);
	opened->number = number;
	opened->records = (const Uncia__Pb__EndedPayments *)message;
	if (rc || opened->records->version != VERSION) {
		arena_deinit(&opened->arena);
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
	}
	opened->used = true;
	return 0;
}

int archive_open(const struct uncia_wallet *w, uint32_t number, bool afresh, const Uncia__Pb__EndedPayments **records)
{
	struct archive *a = w->archive;
	if (afresh)
		archive_close(w, number);
	for (unsigned i = 0; i < ARCHIVE_OPENED; i++) {
		if (a->opened[i].used && a->opened[i].number == number) {
			*records = a->opened[i].records;
			return 0;
		}
	}
	struct opened *opened = &a->opened[a->open_next];
	close_opened(opened);
	int rc = open_into(w, number, opened);
	if (rc)
		return rc;
	a->open_next = (a->open_next + 1) % ARCHIVE_OPENED;
	*records = opened->records;
	return 0;
}

static bool payees_room(struct segment *segment, size_t more)
{
	size_t needed = segment->payee_count + more;
	if (needed <= segment->payee_capacity)
		return true;
	size_t capacity = needed + needed / 2;
	uint8_t(*grown)[ARCHIVE_PAYEE_SIZE] = realloc(segment->payees, capacity * sizeof(*grown));
	if (!grown)
		return false;
	segment->payees = grown;
	segment->payee_capacity = capacity;
	return true;
}

int archive_note_payees(const struct uncia_wallet *w, struct segment *segment, struct bytes bytes)
{
	ProtobufCMessage *message = NULL;
	struct payment *payment = NULL;
	struct arena arena;
	arena_init(&arena, canonical_arena_limit(bytes.size));
	int rc = canonical_decode(&uncia__pb__payment_record__descriptor, bytes.data, bytes.size, &arena, &message);
	const Uncia__Pb__PaymentRecord *record = (const Uncia__Pb__PaymentRecord *)message;
	if (!rc)
		rc = payment_decode(&w->network_id, record->payment.data, record->payment.len, &payment);
	if (!rc && record->state == UNCIA_PAYMENT_FINAL && !payees_room(segment, payment->output_count))
		rc = UNCIA_E_MEMORY;
	for (uint32_t i = 0; !rc && record->state == UNCIA_PAYMENT_FINAL && i < payment->output_count; i++)
		memcpy(segment->payees[segment->payee_count++], payment->outputs[i].to.b, ARCHIVE_PAYEE_SIZE);
	segment->payees_known = segment->payees_known && !rc;
	payment_free(payment);
	arena_deinit(&arena);
	return rc == 0 || rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
}

bool archive_may_pay(const struct uncia_wallet *w, const struct ended *ended, const struct address *account)
{
	const struct segment *segment = archive_segment(w, ended->segment);
	bool may = !segment->payees_known;
	for (size_t i = 0; !may && i < segment->payee_count; i++)
		may = !memcmp(segment->payees[i], account->b, ARCHIVE_PAYEE_SIZE);
	return may;
}

/* What memory keeps of a record. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_MEMORY. */
static int entry_of(const struct uncia_wallet *w, const ProtobufCBinaryData *bytes, struct ended *entry)
{
	ProtobufCMessage *message = NULL;
	struct payment *payment = NULL;
	struct arena arena;
	arena_init(&arena, canonical_arena_limit(bytes->len));
	int rc = canonical_decode(&uncia__pb__payment_record__descriptor, bytes->data, bytes->len, &arena, &message);
	const Uncia__Pb__PaymentRecord *record = (const Uncia__Pb__PaymentRecord *)message;
	if (!rc)
		rc = payment_decode(&w->network_id, record->payment.data, record->payment.len, &payment);
	if (!rc && (!payment_is_own(payment, &w->address) ||
	            (record->state != UNCIA_PAYMENT_FINAL && record->state != UNCIA_PAYMENT_EXPIRED)))
		rc = UNCIA_E_DAMAGED;
	if (!rc) {
		*entry = (struct ended){.id = payment->id,
		                        .state = (enum uncia_payment_state)record->state,
		                        .height = record->height,
		                        .leaving = wallet_leaving(w, payment),
		                        .from_hold = payment->kind == PAYMENT_TAKE,
		                        .opens_holds = payment->hold_count != 0};
		memcpy(entry->nonce, payment->nonce, NONCE_SIZE);
	}
	payment_free(payment);
	arena_deinit(&arena);
	return rc == 0 || rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
}

int archive_confirm_segment(struct uncia_wallet *w, struct segment *segment)
{
	const Uncia__Pb__EndedPayments *opened;
	char name[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	if (segment->durable)
		return 0;
	int rc = archive_open(w, segment->number, false, &opened);
	if (!rc)
		rc = canonical_encode(&opened->base, &data, &size);
	if (rc)
		return rc;
	archive_segment_name(segment->number, name);
	rc = stored_create(w, name, data, size);
	free(data);
	segment->durable = rc == 0 || rc == UNCIA_E_EXISTS;
	return segment->durable ? 0 : rc;
}

/* Reads a segment that no index has, or what is new in it. In a wallet that is in use it is made durable before: a
 * replacement that failed, of this process or another, may have left what a power cut takes back. */
static int read_segment(struct uncia_wallet *w, struct segment *segment)
{
	const Uncia__Pb__EndedPayments *opened;
	int rc = archive_open(w, segment->number, true, &opened);
	/* It only grows, but where somebody put an older copy of the home in its place. */
	if (!rc && opened->n_records < segment->count)
		rc = UNCIA_E_DAMAGED;
	if (!rc && opened->n_records > segment->count) {
		segment->durable = false;
		rc = w->archive->in_use ? archive_confirm_segment(w, segment) : 0;
	}
	for (size_t i = segment->count; !rc && i < opened->n_records; i++) {
		struct ended entry;
		rc = entry_of(w, &opened->records[i]->data, &entry);
		if (!rc)
			rc = archive_add(w, segment, &entry);
		if (!rc)
			rc = archive_note_payees(
			    w, segment, (struct bytes){opened->records[i]->data.data, opened->records[i]->data.len});
	}
	segment->size = 0;
	for (size_t i = 0; !rc && i < opened->n_records; i++)
		segment->size += opened->records[i]->data.len;
	return rc;
}

int archive_record(const struct uncia_wallet *w, const struct ended *ended, struct bytes *record)
{
	const Uncia__Pb__EndedPayments *opened;
	int rc = archive_open(w, ended->segment, false, &opened);
	/* It was the last one when it was read. */
	if (!rc && ended->place >= opened->n_records)
		rc = archive_open(w, ended->segment, true, &opened);
	if (!rc && ended->place >= opened->n_records)
		rc = UNCIA_E_DAMAGED;
	if (!rc)
		*record =
		    (struct bytes){opened->records[ended->place]->data.data, opened->records[ended->place]->data.len};
	return rc;
}

/* ---- the index --------------------------------------------------------------------------------- */

static bool get_entry(const uint8_t *from, struct ended *entry)
{
	uint8_t state = from[NONCE_SIZE + HASH_SIZE];
	*entry = (struct ended){.state = state & ~(ARCHIVE_FROM_HOLD | ARCHIVE_OPENS_HOLDS),
	                        .from_hold = state & ARCHIVE_FROM_HOLD,
	                        .opens_holds = state & ARCHIVE_OPENS_HOLDS,
	                        .height = be64_get(from + NONCE_SIZE + HASH_SIZE + 1),
	                        .leaving = be64_get(from + NONCE_SIZE + HASH_SIZE + 9)};
	memcpy(entry->nonce, from, NONCE_SIZE);
	memcpy(entry->id.b, from + NONCE_SIZE, HASH_SIZE);
	return entry->state == UNCIA_PAYMENT_FINAL || entry->state == UNCIA_PAYMENT_EXPIRED;
}

static bool entries_are_sound(const Uncia__Pb__EndedSegment *listed, uint32_t piece)
{
	struct ended entry;
	bool sound = listed->number / ARCHIVE_PIECE_SEGMENTS == piece &&
	             listed->entries.len % ARCHIVE_ENTRY_SIZE == 0 && listed->payees.len % ARCHIVE_PAYEE_SIZE == 0;
	for (size_t at = 0; sound && at < listed->entries.len; at += ARCHIVE_ENTRY_SIZE)
		sound = get_entry(listed->entries.data + at, &entry);
	return sound;
}

static int take_listed(struct uncia_wallet *w, const Uncia__Pb__EndedSegment *listed)
{
	struct segment *segment = archive_need_segment(w, listed->number);
	int rc = segment ? 0 : UNCIA_E_MEMORY;
	for (size_t at = segment ? segment->count * ARCHIVE_ENTRY_SIZE : 0; !rc && at < listed->entries.len;
	     at += ARCHIVE_ENTRY_SIZE) {
		struct ended entry;
		get_entry(listed->entries.data + at, &entry);
		rc = archive_add(w, segment, &entry);
	}
	if (rc)
		return rc;
	segment->indexed = true;
	segment->payees_known = listed->payees.len != 0;
	if (!payees_room(segment, listed->payees.len / ARCHIVE_PAYEE_SIZE))
		return UNCIA_E_MEMORY;
	segment->payee_count = listed->payees.len / ARCHIVE_PAYEE_SIZE;
	if (segment->payee_count)
		memcpy(segment->payees, listed->payees.data, segment->payee_count * ARCHIVE_PAYEE_SIZE);
	return 0;
}

static int read_piece(struct uncia_wallet *w, struct piece *piece, const char *name)
{
	ProtobufCMessage *message = NULL;
	struct arena arena;
	uint8_t *data;
	size_t size;
	int rc = blob_load_large(&w->host, name, PIECE_EXPECTED, &data, &size);
	if (rc)
		return rc;
	arena_init(&arena, canonical_arena_limit(size));
	rc = canonical_decode(&uncia__pb__ended_index__descriptor, data, size, &arena, &message);
	blob_free(data, size);
	const Uncia__Pb__EndedIndex *index = (const Uncia__Pb__EndedIndex *)message;
	bool sound = !rc && index->version == VERSION;
	for (size_t i = 0; sound && i < index->n_segments; i++)
		sound = entries_are_sound(index->segments[i], piece->number);
	if (rc != UNCIA_E_MEMORY)
		rc = sound ? 0 : UNCIA_E_DAMAGED;
	for (size_t i = 0; !rc && i < index->n_segments; i++)
		rc = take_listed(w, index->segments[i]);
	arena_deinit(&arena);
	return rc;
}

/* ---- loading ----------------------------------------------------------------------------------- */

static int load_piece(struct uncia_wallet *w, uint32_t number, const char *name, bool tell)
{
	if (archive_piece(w, number))
		return 0; /* what is new since then is in segments that are read */
	struct piece *piece = archive_need_piece(w, number);
	if (!piece)
		return UNCIA_E_MEMORY;
	int rc = read_piece(w, piece, name);
	if (rc != UNCIA_E_DAMAGED && rc != UNCIA_E_NOT_FOUND)
		return rc;
	piece->damaged = true;
	if (tell)
		tell_damaged_piece(w, name, rc);
	return 0;
}

/* Reads a segment that is new, or was the last one when it was read and may have grown. */
static int load_segment(struct uncia_wallet *w, uint32_t number, const char *name, bool tell)
{
	struct segment *segment = archive_segment(w, number);
	if (segment && archive_is_full(w, segment))
		return 0;
	segment = archive_need_segment(w, number);
	if (!segment)
		return UNCIA_E_MEMORY;
	int rc = read_segment(w, segment);
	if (rc != UNCIA_E_DAMAGED)
		return rc;
	/* Blobs of payments that the index has may be gone. */
	const struct piece *piece = archive_piece(w, number / ARCHIVE_PIECE_SEGMENTS);
	segment->damaged = true;
	w->archive->blind = w->archive->blind || (piece && piece->damaged);
	if (tell)
		tell_damaged_segment(w, name, rc);
	return 0;
}

int archive_load(struct uncia_wallet *w, const struct name_list *names, bool tell)
{
	const struct segment *segment;
	uint32_t number;
	int rc = 0;
	/* The index first: segments that it has are not read. */
	for (size_t i = 0; !rc && i < names->count; i++)
		if (numbered(names->names[i], PIECE_PREFIX, &number))
			rc = load_piece(w, number, names->names[i], tell);
	for (size_t i = 0; !rc && i < names->count; i++)
		if (numbered(names->names[i], SEGMENT_PREFIX, &number))
			rc = load_segment(w, number, names->names[i], tell);
	for (segment = w->archive->segments; segment; segment = segment->hh.next)
		if (!segment->indexed && !segment->damaged && archive_is_full(w, segment))
			w->archive->index_due = true;
	w->archive->in_use = w->archive->in_use || !rc;
	return rc;
}
