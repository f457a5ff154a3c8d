/* See hold_book.h. Two processes of one home may write it one after the other, each what it knows: whichever stays is
 * right as far as it says that it has read, and a hold in it that is gone is looked at once more. */
#include "hold_book.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "blob.h"
#include "canonical.h"
#include "fields.h"
#include "outbox.h"
#include "storage.pb-c.h"
#include "wallet.h"

#define BOOK_BLOB    "holds"
#define BOOK_VERSION 2
/* opening ‖ number u32 ‖ end u32 ‖ home ‖ seal ‖ amount u64 ‖ height u64 */
#define ENTRY_BYTES (HASH_SIZE + 4 + 4 + ADDRESS_SIZE + HASH_SIZE + 8 + 8)

void hold_book_free(struct hold_book *book)
{
	free(book->open);
	free(book->locks);
	*book = (struct hold_book){0};
}

/* Room for one more in both lists. */
static bool hold_book_reserve(struct hold_book *book)
{
	if (book->count == book->capacity) {
		size_t more = book->capacity ? book->capacity * 2 : 8;
		struct opened_hold *open = realloc(book->open, more * sizeof(*open));
		if (!open)
			return false;
		book->open = open;
		book->capacity = more;
	}
	if (book->lock_count == book->lock_capacity) {
		size_t more = book->lock_capacity ? book->lock_capacity * 2 : 8;
		struct hash *locks = realloc(book->locks, more * sizeof(*locks));
		if (!locks)
			return false;
		book->locks = locks;
		book->lock_capacity = more;
	}
	return true;
}

static bool hold_book_has_lock(const struct hold_book *book, const struct hash *lock)
{
	for (size_t i = 0; i < book->lock_count; i++)
		if (hash_equal(&book->locks[i], lock))
			return true;
	return false;
}

static void hold_book_note_lock(struct hold_book *book, const struct hash *lock)
{
	assert(book->lock_count < book->lock_capacity);
	if (hold_book_has_lock(book, lock))
		return;
	if (book->lock_count == HOLD_LOCKS_KEPT)
		memmove(book->locks, book->locks + 1, --book->lock_count * sizeof(*book->locks));
	book->locks[book->lock_count++] = *lock;
}

static struct opened_hold *hold_book_find(const struct hold_book *book, const struct address *id)
{
	for (size_t i = 0; i < book->count; i++)
		if (address_equal(&book->open[i].id, id))
			return &book->open[i];
	return NULL;
}

/* Takes up what a final payment has opened. */
static int hold_book_take(struct hold_book *book, const struct payment *payment, uint64_t height)
{
	for (uint32_t i = 0; i < payment->hold_count; i++) {
		const struct hold_opening *hold = &payment->holds[i];
		if (!hold_book_reserve(book)) /* of one that is known, too: its lock may have been let go */
			return UNCIA_E_MEMORY;
		struct opened_hold *known = hold_book_find(book, &hold->id);
		if (known && !known->stale)
			continue;
		*(known ? known : &book->open[book->count++]) = (struct opened_hold){.opening = payment->id,
		                                                                     .number = i,
		                                                                     .end = hold->end,
		                                                                     .home = hold->home,
		                                                                     .id = hold->id,
		                                                                     .seal = hold->seal,
		                                                                     .amount = hold->amount,
		                                                                     .height = height};
		hold_book_note_lock(book, &hold->lock);
		book->changed = true;
	}
	return 0;
}

void hold_book_close(struct hold_book *book, size_t i)
{
	assert(i < book->count);
	book->open[i] = book->open[--book->count];
	book->changed = true;
}

/* Takes up that a final payment of this home has taken from a hold: what it took whole is gone. */
static void hold_book_took(struct hold_book *book, const struct payment *payment)
{
	struct opened_hold *hold = hold_book_find(book, &payment->sender);
	if (!hold || hold->stale || payment->total > hold->amount)
		return;
	hold->amount -= payment->total;
	book->changed = true;
	if (hold->amount == 0)
		hold_book_close(book, (size_t)(hold - book->open));
}

/* ---- the archive ------------------------------------------------------------------------------ */

/* The place behind this one in the archive: its segment, and which one in it. */
static uint64_t place_behind(const struct ended *ended)
{
	return ((uint64_t)ended->segment << 32 | ended->place) + 1;
}

/* Takes the id into what tells which payments were read, in whatever order. */
static void hold_book_mix(struct payment_id *read, const struct payment_id *id)
{
	for (size_t i = 0; i < sizeof(id->b); i++)
		read->b[i] ^= id->b[i];
}

static int hold_book_read_one(struct uncia_wallet *w, struct hold_book *book, const struct ended *ended)
{
	struct record read;
	if (ended->state != UNCIA_PAYMENT_FINAL || (!ended->opens_holds && !ended->from_hold))
		return 0;
	int rc = outbox_read(w, ended, &read);
	if (rc)
		return rc;
	if (ended->from_hold)
		hold_book_took(book, read.payment);
	else
		rc = hold_book_take(book, read.payment, ended->height);
	outbox_read_free(&read);
	return rc;
}

int hold_book_read(struct uncia_wallet *w, struct hold_book *book)
{
	for (; book->seen < w->archive->count; book->seen++) {
		const struct ended *ended = w->archive->all[book->seen];
		uint64_t behind = place_behind(ended);
		if (behind <= book->known)
			continue;
		int rc = hold_book_read_one(w, book, ended);
		if (rc && rc != UNCIA_E_DAMAGED)
			return rc;
		if (behind > book->next)
			book->next = behind;
		/* What is damaged was not read: all is read again at the next start, until its copy is there. */
		if (!rc)
			hold_book_mix(&book->read, &ended->id);
	}
	return 0;
}

/* ---- what is not archived yet ------------------------------------------------------------------ */

static bool opens_still(const struct tracked *t)
{
	return t->record.own && !t->record.archived && t->record.payment && t->record.payment->hold_count != 0 &&
	       t->record.state != UNCIA_PAYMENT_EXPIRED;
}

size_t hold_book_open(const struct uncia_wallet *w, const struct hold_book *book)
{
	size_t count = book->count;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next)
		count += opens_still(t) ? t->record.payment->hold_count : 0;
	return count;
}

bool hold_book_knows(const struct uncia_wallet *w, const struct hold_book *book, const struct hash *lock)
{
	if (hold_book_has_lock(book, lock))
		return true;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next)
		for (uint32_t i = 0; opens_still(t) && i < t->record.payment->hold_count; i++)
			if (hash_equal(&t->record.payment->holds[i].lock, lock))
				return true;
	return false;
}

/* ---- the blob ----------------------------------------------------------------------------------- */

static void hold_book_put(const struct opened_hold *hold, uint8_t *to)
{
	memcpy(to, hold->opening.b, HASH_SIZE);
	be32_put(to + HASH_SIZE, hold->number);
	be32_put(to + HASH_SIZE + 4, hold->end);
	memcpy(to + HASH_SIZE + 8, hold->home.b, ADDRESS_SIZE);
	memcpy(to + HASH_SIZE + 8 + ADDRESS_SIZE, hold->seal.b, HASH_SIZE);
	be64_put(to + HASH_SIZE + 8 + ADDRESS_SIZE + HASH_SIZE, hold->amount);
	be64_put(to + HASH_SIZE + 8 + ADDRESS_SIZE + HASH_SIZE + 8, hold->height);
}

static void hold_book_get(const uint8_t *from, struct opened_hold *hold)
{
	*hold = (struct opened_hold){.number = be32_get(from + HASH_SIZE),
	                             .end = be32_get(from + HASH_SIZE + 4),
	                             .amount = be64_get(from + HASH_SIZE + 8 + ADDRESS_SIZE + HASH_SIZE),
	                             .height = be64_get(from + HASH_SIZE + 8 + ADDRESS_SIZE + HASH_SIZE + 8)};
	memcpy(hold->opening.b, from, HASH_SIZE);
	memcpy(hold->home.b, from + HASH_SIZE + 8, ADDRESS_SIZE);
	memcpy(hold->seal.b, from + HASH_SIZE + 8 + ADDRESS_SIZE, HASH_SIZE);
	hold_id(&hold->home, &hold->seal, &hold->id);
}

/* Whether what the archive has, up to where the book says, is what the book was made of. (One payment that is still in
 * its place would not do: parts of a home may be of different times.) */
static bool is_of_this_archive(const struct uncia_wallet *w, const struct hold_book *book)
{
	struct payment_id read = {{0}};
	for (size_t i = 0; i < w->archive->count; i++)
		if (place_behind(w->archive->all[i]) <= book->known)
			hold_book_mix(&read, &w->archive->all[i]->id);
	return memcmp(read.b, book->read.b, sizeof(read.b)) == 0;
}

static int hold_book_fill(struct hold_book *book, const Uncia__Pb__HoldsRecord *record)
{
	int rc = 0;
	if (record->version != BOOK_VERSION || record->open.len % ENTRY_BYTES != 0 ||
	    record->locks.len % HASH_SIZE != 0 || record->locks.len / HASH_SIZE > HOLD_LOCKS_KEPT ||
	    !field_copy(&record->read, book->read.b, sizeof(book->read.b)))
		return UNCIA_E_DAMAGED;
	assert(book->count == 0 && book->lock_count == 0);
	book->known = book->next = ((uint64_t)record->segment << 32 | record->place) + 1;
	for (size_t at = 0; !rc && at < record->open.len; at += ENTRY_BYTES) {
		rc = hold_book_reserve(book) ? 0 : UNCIA_E_MEMORY;
		if (!rc)
			hold_book_get(record->open.data + at, &book->open[book->count++]);
	}
	for (size_t at = 0; !rc && at < record->locks.len; at += HASH_SIZE) {
		struct hash lock;
		memcpy(lock.b, record->locks.data + at, HASH_SIZE);
		rc = hold_book_reserve(book) ? 0 : UNCIA_E_MEMORY;
		if (!rc)
			hold_book_note_lock(book, &lock);
	}
	return rc;
}

int hold_book_load(struct uncia_wallet *w, struct hold_book *book)
{
	ProtobufCMessage *message = NULL;
	struct arena arena;
	struct hold_book stored = {0};
	uint8_t *data;
	size_t size;
	hold_book_free(book);
	int rc = blob_load(&w->host, BOOK_BLOB, &data, &size);
	if (rc)
		return rc == UNCIA_E_NOT_FOUND || rc == UNCIA_E_DAMAGED ? 0 : rc;
	arena_init(&arena, canonical_arena_limit(size));
	rc = canonical_decode(&uncia__pb__holds_record__descriptor, data, size, &arena, &message);
	if (!rc)
		rc = hold_book_fill(&stored, (const Uncia__Pb__HoldsRecord *)message);
	arena_deinit(&arena);
	blob_free(data, size);
	if (rc) {
		hold_book_free(&stored);
		return rc == UNCIA_E_MEMORY ? rc : 0;
	}
	*book = stored;
	if (is_of_this_archive(w, book))
		return 0;
	for (size_t i = 0; i < book->count; i++)
		book->open[i].stale = true;
	book->known = book->next = 0;
	book->read = (struct payment_id){{0}};
	book->changed = true;
	return 0;
}

void hold_book_save(struct uncia_wallet *w, struct hold_book *book)
{
	Uncia__Pb__HoldsRecord record = UNCIA__PB__HOLDS_RECORD__INIT;
	uint8_t *data, *open;
	size_t size;
	if (book->next == 0 || !book->changed || !(open = malloc(book->count * ENTRY_BYTES + 1)))
		return;
	for (size_t i = 0; i < book->count; i++)
		hold_book_put(&book->open[i], open + i * ENTRY_BYTES);
	record.version = BOOK_VERSION;
	record.segment = (uint32_t)((book->next - 1) >> 32);
	record.place = (uint32_t)(book->next - 1);
	record.read = field_of(book->read.b, sizeof(book->read.b));
	record.open = field_of(open, book->count * ENTRY_BYTES);
	record.locks = field_of((const uint8_t *)book->locks, book->lock_count * HASH_SIZE);
	int rc = canonical_encode(&record.base, &data, &size);
	free(open);
	if (rc)
		return;
	book->changed = false; /* where it fails, the next change stores it */
	(void)stored_replace(w, BOOK_BLOB, data, size);
	free(data);
}
