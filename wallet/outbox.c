/* The durable outbox: one blob per payment until it has its end, and then its place in the archive (archive.c).
 *
 * Why no crash and no second process makes two payments of one idempotency key: a payment's nonce is a function of the
 * wallet's key and the idempotency key, the blob is named after the nonce, holds the whole signed payment, and is
 * created exclusively and durably before a byte of it is sent. So the creation of that one blob is the only act that
 * makes a payment exist:
 * - crash before it: nothing exists, nothing was sent; the same key starts afresh;
 * - crash after it: the same key finds the blob and goes on with the same bytes;
 * - crash or failure in it: the blob may be there to be found, and yet be gone after a power cut. So what was found and
 *   not made by ourselves is created once more before it is sent or vouched for: to be told that it exists is to be
 *   told that it is durable;
 * - two at once: one creates; the other is told that there is one, loads it, and sends the same bytes.
 * Several processes with one home see each other's payments: under the host's lock, before a payment is made, what the
 * others have stored is loaded, so that together they sign no more than there is.
 * The blob is never renamed, and removed only when the archive has the payment durably; with its end the payment goes
 * to the archive, or, where that fails, the blob is replaced as a whole by the same payment with its end. A blob that
 * is there but cannot be read stops its key (DAMAGED): better no payment than two. Without an idempotency key the nonce
 * is random, and each call is a payment of its own. */
#include "outbox.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "events.h"
#include "record.h"
#include "wallet.h"

#define PREFIX        "payment-"
#define LOADS_MAX     3u /* of a home that another process is putting in order */
#define LOCK_PAUSE_MS 1000u
#define FOLD_MAX      64u /* payments that are read for the archive at a time */
/* Blobs that are removed at a time: each is a sync of the host's. */
#define CLEAR_AT_ONCE 2u
#define CLEAR_FOLDING 128u

static bool state_is_stored(uint32_t state)
{
	return state == UNCIA_PAYMENT_PENDING || state == UNCIA_PAYMENT_FINAL || state == UNCIA_PAYMENT_EXPIRED;
}

/* Tracks the payment of a record that was loaded. Returns UNCIA_E_DAMAGED where the blob's name is not that of the
 * payment's nonce, or the payment is another account's. */
static int outbox_take(struct uncia_wallet *w, const char *blob, const Uncia__Pb__PaymentRecord *record,
                       struct tracked **taken)
{
	char expected[UNCIA_BLOB_NAME_SIZE];
	struct payment *payment;
	struct record read = {.own = true};
	if (record->version != RECORD_VERSION || !state_is_stored(record->state))
		return UNCIA_E_DAMAGED;
	int rc = payment_decode(&w->network_id, record->payment.data, record->payment.len, &payment);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
	outbox_blob_name(payment->nonce, expected);
	rc = record_take_notes(record, &read);
	if (!rc && (strcmp(expected, blob) != 0 || !payment_is_own(payment, &w->address)))
		rc = UNCIA_E_DAMAGED;
	if (rc) {
		record_free_notes(&read);
		payment_free(payment);
		return rc;
	}
	struct tracked *asked_for = tracked_find(w, &payment->id);
	struct tracked *t = asked_for ? asked_for : tracked_add(w, &payment->id);
	bool told = t && (t->following.asked || t->following.followed || t->record.own);
	if (!t || tracked_make_own(w, t, blob)) {
		if (t && t != asked_for)
			tracked_remove(w, t);
		record_free_notes(&read);
		payment_free(payment);
		return UNCIA_E_MEMORY;
	}
	payment_free(t->record.payment);
	t->record.payment = payment;
	record_free_notes(&t->record);
	t->record.memo = read.memo;
	t->record.tag = read.tag;
	t->record.tag_size = read.tag_size;
	t->record.made_ms = record->made_ms;
	*taken = t;
	if (archive_find(w, payment->nonce))
		tracked_archived(w, t);
	else if (record->state != UNCIA_PAYMENT_PENDING)
		w->archive->loose = true;
	/* An end that a query found stays, also where the record says otherwise or has none yet. */
	if (tracked_has_end(t))
		return 0;
	tracked_move(t, (enum uncia_payment_state)record->state);
	if (told && tracked_has_end(t))
		events_add_payment(w, &t->id, 0, (struct bytes){t->record.tag, t->record.tag_size});
	t->record.height = record->height;
	t->record.timestamp_ms = record->timestamp_ms;
	t->record.index = record->index;
	tracked_follow(w, t);
	return 0;
}

/* Decodes the record of a payment's own blob into the arena, which the caller frees, also on failure. */
static int outbox_load_record(const struct uncia_host *host, const char *blob, struct arena *arena,
                              const Uncia__Pb__PaymentRecord **record)
{
	uint8_t *data;
	size_t size;
	arena_init(arena, 0);
	int rc = blob_load(host, blob, &data, &size);
	if (rc)
		return rc;
	rc = record_decode(data, size, arena, record);
	blob_free(data, size);
	return rc;
}

/* The same of an archived payment. */
static int outbox_archived_record(const struct uncia_wallet *w, const struct ended *ended, struct arena *arena,
                                  const Uncia__Pb__PaymentRecord **record)
{
	struct bytes bytes;
	arena_init(arena, 0);
	int rc = archive_record(w, ended, &bytes);
	return rc ? rc : record_decode(bytes.data, bytes.size, arena, record);
}

static int outbox_load_one(struct uncia_wallet *w, const char *blob, struct tracked **loaded)
{
	const Uncia__Pb__PaymentRecord *record;
	struct arena arena;
	int rc = outbox_load_record(&w->host, blob, &arena, &record);
	if (!rc)
		rc = outbox_take(w, blob, record, loaded);
	arena_deinit(&arena);
	return rc;
}

static int outbox_load_archived(struct uncia_wallet *w, const struct ended *ended, struct tracked **loaded)
{
	const Uncia__Pb__PaymentRecord *record;
	char blob[UNCIA_BLOB_NAME_SIZE];
	struct arena arena;
	outbox_blob_name(ended->nonce, blob);
	int rc = outbox_archived_record(w, ended, &arena, &record);
	if (!rc)
		rc = outbox_take(w, blob, record, loaded);
	arena_deinit(&arena);
	return rc;
}

/* Another process may have put into the archive what is followed or shown here. */
static int outbox_adopt(struct uncia_wallet *w, const struct ended *ended)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	outbox_blob_name(ended->nonce, blob);
	struct tracked *t = tracked_by_blob(w, blob);
	if (!t)
		t = tracked_find(w, &ended->id);
	if (!t)
		return 0;
	if (t->record.own && tracked_has_end(t)) {
		tracked_archived(w, t);
		return 0;
	}
	int rc = outbox_load_archived(w, ended, &t);
	return rc == UNCIA_E_DAMAGED ? 0 : rc; /* it is followed on, and gets its end from the network */
}

/* Lists the blobs of payments, and reads what is new in the archive. Owns: *names, in success. */
static int outbox_refresh(struct uncia_wallet *w, bool tell, struct name_list *names)
{
	size_t known = w->archive->count;
	int rc = blob_list(&w->host, ARCHIVE_NAMES, names);
	if (rc)
		return rc;
	rc = archive_load(w, names, tell);
	for (size_t i = known; !rc && i < w->archive->count; i++)
		rc = outbox_adopt(w, w->archive->all[i]);
	if (rc)
		name_list_deinit(names);
	return rc;
}

/* The archived payment whose own blob has this name, or NULL. */
static struct ended *outbox_archived_as(const struct uncia_wallet *w, const char *blob)
{
	uint8_t nonce[NONCE_SIZE];
	size_t size;
	if (sodium_hex2bin(nonce, sizeof(nonce), blob + strlen(PREFIX), strlen(blob) - strlen(PREFIX), NULL, &size,
	                   NULL) != 0 ||
	    size != sizeof(nonce))
		return NULL;
	return archive_find(w, nonce);
}

/* Loads payments' own blobs that are in the listing and not in memory. *again: one was gone. */
static int outbox_load_listed(struct uncia_wallet *w, const struct name_list *names, bool tell, bool *again)
{
	int rc = 0;
	*again = false;
	for (size_t i = 0; !rc && i < names->count; i++) {
		const char *name = names->names[i];
		struct ended *ended;
		struct tracked *t;
		if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		if ((ended = outbox_archived_as(w, name))) {
			rc = archive_note_extra(w, ended);
			continue;
		}
		if (tracked_by_blob(w, name))
			continue;
		rc = outbox_load_one(w, name, &t);
		*again = *again || rc == UNCIA_E_NOT_FOUND;
		if (rc == UNCIA_E_NOT_FOUND)
			rc = 0;
		/* A record that cannot be read stops its own key only. */
		if (rc != UNCIA_E_DAMAGED)
			continue;
		if (tell) {
			struct uncia_event event = {.kind = UNCIA_EVENT_ERROR, .error = rc};
			snprintf(
			    event.text, sizeof(event.text),
			    "the stored payment %.64s is damaged, and its key is stopped. It comes back with a copy of "
			    "that file; or, if it became final, from the ledger in a new home restored from the words",
			    name);
			events_add(w, &event);
		}
		rc = 0;
	}
	return rc;
}

int outbox_load(struct uncia_wallet *w, bool tell)
{
	bool again = true;
	int rc = 0;
	/* Another process may take a payment's own blob away when the archive has it: then that is read again. */
	for (unsigned i = 0; !rc && again && i < LOADS_MAX; i++) {
		struct name_list names;
		rc = outbox_refresh(w, tell && i == 0, &names);
		if (rc)
			return rc;
		rc = outbox_load_listed(w, &names, tell && i == 0, &again);
		name_list_deinit(&names);
	}
	return rc;
}

int outbox_find(struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE], struct tracked **found)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	outbox_blob_name(nonce, blob);
	struct tracked *t = tracked_by_blob(w, blob);
	const struct ended *ended = archive_find(w, nonce);
	if (!t && ended)
		return outbox_load_archived(w, ended, found);
	if (!t) {
		int rc = outbox_load_one(w, blob, found);
		return rc == UNCIA_E_NOT_FOUND && w->archive->blind ? UNCIA_E_DAMAGED : rc;
	}
	*found = t;
	return 0;
}

uint64_t outbox_finals(const struct uncia_wallet *w, uint64_t above, uint64_t up_to)
{
	const struct archive *a = w->archive;
	uint64_t count = 0;
	for (size_t i = 0; i < a->count; i++)
		count += a->all[i]->state == UNCIA_PAYMENT_FINAL && !a->all[i]->from_hold &&
		         a->all[i]->height > above && a->all[i]->height <= up_to;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next)
		count += t->record.own && !t->record.archived && t->record.state == UNCIA_PAYMENT_FINAL &&
		         t->record.payment->kind == PAYMENT_TRANSFER && t->record.height > above &&
		         t->record.height <= up_to;
	return count;
}

int outbox_add(struct uncia_wallet *w, struct payment *payment, const struct notes *notes, struct tracked **added)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	outbox_blob_name(payment->nonce, blob);
	if (tracked_by_blob(w, blob) || archive_find(w, payment->nonce)) /* the host gave the same nonce twice */
		return UNCIA_E_EXISTS;
	/* Tracked before it is stored, so that what is stored is tracked. A payment that was asked for before can be
	 * this very one: another home with the same words made it in the same second. Whoever follows it goes on, where
	 * it cannot be stored. */
	struct tracked *t = tracked_find(w, &payment->id), *followed = t;
	if (!t && !(t = tracked_add(w, &payment->id)))
		return UNCIA_E_MEMORY;
	const struct record was = t->record;
	int rc = tracked_make_own(w, t, blob);
	t->record.payment = payment;
	t->record.made_ms = w->host.wall_ms(w->host.context);
	if (!rc)
		rc = record_keep_notes(&t->record, notes);
	if (!rc)
		rc = record_encode(&t->record, UNCIA_PAYMENT_PENDING, (struct bytes){NULL, 0}, &data, &size);
	uint64_t before = w->storing.last;
	if (!rc) {
		rc = stored_create(w, t->record.blob, data, size);
		free(data);
	}
	if (rc) {
		tracked_disown(w, t, &was);
		if (!followed)
			tracked_remove(w, t);
		return rc;
	}
	payment_free(was.payment);
	if (!tracked_has_end(t)) {
		tracked_move(t, UNCIA_PAYMENT_PENDING);
		tracked_follow(w, t);
	}
	t->record.durable = true;
	t->record.stored_after = stored_since(w, before);
	*added = t;
	return 0;
}

int outbox_confirm(struct uncia_wallet *w, struct tracked *t, const uint8_t *receipt, size_t receipt_size)
{
	uint8_t *data;
	size_t size;
	assert(t->record.own);
	if (t->record.durable)
		return 0;
	uint64_t before = w->storing.last;
	const struct ended *ended = t->record.archived ? archive_find(w, t->record.payment->nonce) : NULL;
	int rc = ended
	             ? archive_confirm(w, ended)
	             : record_encode(&t->record, t->record.state, (struct bytes){receipt, receipt_size}, &data, &size);
	if (!rc && !ended) {
		rc = stored_create(w, t->record.blob, data, size);
		free(data);
		rc = rc == UNCIA_E_EXISTS ? 0 : rc;
	}
	t->record.durable = !rc;
	t->record.stored_after = stored_since(w, before);
	if (tracked_has_end(t))
		t->record.end_after = t->record.stored_after;
	return rc;
}

/* Takes the home's lock for the archive, which can do without: where another process is in it, it is tried again after
 * a second at the earliest, and not for each payment that ends. */
static int lock_home(struct uncia_wallet *w)
{
	uint64_t now = wallet_now(w);
	if (now < w->archive->locked_until_ms)
		return UNCIA_E_BUSY;
	int rc = host_lock(&w->host);
	w->archive->locked_until_ms = rc ? wallet_now(w) + LOCK_PAUSE_MS : 0;
	return rc;
}

/* Puts payments that have their end into the archive, but for those that others have put there meanwhile. Returns 0;
 * UNCIA_E_MEMORY; what the host returned: some may be there all the same. */
static int outbox_archive(struct uncia_wallet *w, struct ending *endings, size_t count)
{
	struct name_list names;
	size_t left = 0;
	int rc = lock_home(w);
	if (rc)
		return rc;
	rc = outbox_refresh(w, false, &names);
	if (!rc) {
		name_list_deinit(&names);
		for (size_t i = 0; i < count; i++)
			if (!archive_find(w, endings[i].entry.nonce))
				endings[left++] = endings[i];
		if (left != 0)
			rc = archive_append(w, endings, left);
	}
	host_unlock(&w->host);
	return rc;
}

static struct ended outbox_entry(const struct uncia_wallet *w, const struct record *r, enum uncia_payment_state state)
{
	struct ended entry = {.id = r->payment->id,
	                      .state = state,
	                      .height = state == UNCIA_PAYMENT_FINAL ? r->height : 0,
	                      .leaving = wallet_leaving(w, r->payment),
	                      .from_hold = r->payment->kind == PAYMENT_TAKE,
	                      .opens_holds = r->payment->hold_count != 0};
	memcpy(entry.nonce, r->payment->nonce, NONCE_SIZE);
	return entry;
}

int outbox_store_end(struct uncia_wallet *w, struct tracked *t, enum uncia_payment_state state, const uint8_t *receipt,
                     size_t receipt_size)
{
	struct ending ending = {.entry = outbox_entry(w, &t->record, state)};
	uint8_t *data;
	assert(t->record.own && !tracked_has_end(t));
	assert(state == UNCIA_PAYMENT_FINAL || state == UNCIA_PAYMENT_EXPIRED);
	w->ends_stored++;
	uint64_t before = w->storing.last;
	int rc = record_encode(&t->record, state, (struct bytes){receipt, receipt_size}, &data, &ending.size);
	if (rc)
		return rc;
	ending.record = data;
	rc = outbox_archive(w, &ending, 1);
	if (archive_find(w, t->record.payment->nonce)) {
		tracked_archived(w, t);
		rc = 0;
	} else if (rc) {
		/* Where the archive cannot have it now, it gets it later. */
		rc = stored_replace(w, t->record.blob, data, ending.size);
		w->archive->loose = w->archive->loose || !rc;
	}
	free(data);
	if (!rc)
		t->record.durable = true;
	t->record.end_after = stored_since(w, before);
	if (tracked_has_end(t)) /* another process stored it: trimming could take t from the caller */
		return rc;
	if (t->record.archived && w->archive->loose)
		outbox_fold(w, 1);
	else if (t->record.archived)
		archive_clear(w, CLEAR_AT_ONCE);
	tracked_trim(w);
	return rc;
}

/* The record of a payment that has its end, as it is to be archived. Owns: free(*data). */
static int loose_record(const struct uncia_wallet *w, const struct tracked *t, uint8_t **data, size_t *size)
{
	const Uncia__Pb__PaymentRecord *record;
	struct arena arena;
	if (t->record.receipt) /* a query found it final, and its own blob may not say so */
		return record_encode(&t->record, t->record.state,
		                     (struct bytes){t->record.receipt, t->record.receipt_size}, data, size);
	int rc = outbox_load_record(&w->host, t->record.blob, &arena, &record);
	if (!rc && record->state != (uint32_t)t->record.state)
		rc = UNCIA_E_DAMAGED;
	if (!rc)
		rc = canonical_encode(&record->base, data, size);
	arena_deinit(&arena);
	return rc;
}

/* Archives some of those that have their end and are not archived. Returns how many. */
static size_t fold_some(struct uncia_wallet *w)
{
	struct ending endings[FOLD_MAX];
	struct tracked *folded[FOLD_MAX], *t, *next;
	size_t count = 0, archived = 0;
	int rc = 0;
	HASH_ITER (hh, w->tracked, t, next) {
		uint8_t *data;
		if (count == FOLD_MAX || rc == UNCIA_E_MEMORY)
			break;
		if (!t->record.own || t->record.archived || !tracked_has_end(t))
			continue;
		rc = loose_record(w, t, &data, &endings[count].size);
		if (rc)
			continue; /* it stays as it is */
		endings[count].record = data;
		endings[count].entry = outbox_entry(w, &t->record, t->record.state);
		folded[count++] = t;
	}
	struct ending given[FOLD_MAX];
	memcpy(given, endings, count * sizeof(*endings));
	if (count != 0)
		(void)outbox_archive(w, given, count);
	for (size_t i = 0; i < count; i++) {
		if (archive_find(w, folded[i]->record.payment->nonce)) {
			tracked_archived(w, folded[i]);
			archived++;
		}
		free((void *)(uintptr_t)endings[i].record);
	}
	return archived;
}

void outbox_fold(struct uncia_wallet *w, size_t least)
{
	size_t count = 0;
	for (const struct tracked *t = w->archive->loose ? w->tracked : NULL; t; t = t->hh.next)
		count += t->record.own && !t->record.archived && tracked_has_end(t);
	if (count >= least) {
		while (fold_some(w) != 0)
			continue;
		w->archive->loose = false; /* what is left cannot be read */
	}
	archive_clear(w, CLEAR_FOLDING);
	tracked_trim(w);
}

int outbox_record(const struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE], struct arena *arena,
                  const Uncia__Pb__PaymentRecord **record)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	const struct ended *ended = archive_find(w, nonce);
	outbox_blob_name(nonce, blob);
	return ended ? outbox_archived_record(w, ended, arena, record)
	             : outbox_load_record(&w->host, blob, arena, record);
}

int outbox_receipt(const struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE], uint8_t **receipt, size_t *size)
{
	const Uncia__Pb__PaymentRecord *record;
	struct arena arena;
	int rc = outbox_record(w, nonce, &arena, &record);
	if (!rc && record->receipt.len == 0)
		rc = UNCIA_E_DAMAGED;
	if (!rc) {
		*receipt = malloc(record->receipt.len);
		if (!*receipt) {
			rc = UNCIA_E_MEMORY;
		} else {
			memcpy(*receipt, record->receipt.data, record->receipt.len);
			*size = record->receipt.len;
		}
	}
	arena_deinit(&arena);
	return rc;
}

int outbox_read(const struct uncia_wallet *w, const struct ended *ended, struct record *read)
{
	const Uncia__Pb__PaymentRecord *record;
	struct arena arena;
	*read = (struct record){.own = true, .archived = true, .state = ended->state};
	int rc = outbox_archived_record(w, ended, &arena, &record);
	if (rc) { /* also what the host returned: that is no damage */
		arena_deinit(&arena);
		return rc;
	}
	rc = payment_decode(&w->network_id, record->payment.data, record->payment.len, &read->payment);
	if (!rc && memcmp(read->payment->id.b, ended->id.b, sizeof(ended->id.b)) != 0)
		rc = UNCIA_E_DAMAGED;
	if (!rc)
		rc = record_take_notes(record, read);
	if (!rc) {
		read->made_ms = record->made_ms;
		read->height = record->height;
		read->timestamp_ms = record->timestamp_ms;
		read->index = record->index;
	}
	arena_deinit(&arena);
	if (rc)
		payment_free(read->payment);
	return rc == 0 || rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
}

void outbox_read_free(struct record *read)
{
	payment_free(read->payment);
	record_free_notes(read);
}

int outbox_recall(struct uncia_wallet *w, const struct uncia_receipt *receipt)
{
	const struct record found = {.payment = receipt->payment,
	                             .made_ms = receipt->timestamp_ms,
	                             .height = receipt->height,
	                             .timestamp_ms = receipt->timestamp_ms,
	                             .index = receipt->index};
	struct tracked *t;
	char blob[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	assert(payment_is_from(receipt->payment, &w->address));
	int rc = outbox_find(w, receipt->payment->nonce, &t);
	if (!rc)
		return outbox_confirm(w, t, receipt->bytes, receipt->size);
	if (rc != UNCIA_E_NOT_FOUND)
		return rc == UNCIA_E_DAMAGED ? 0 : rc; /* a damaged one stops its key by itself */
	rc = record_encode(&found, UNCIA_PAYMENT_FINAL, (struct bytes){receipt->bytes, receipt->size}, &data, &size);
	if (rc)
		return rc;
	outbox_blob_name(receipt->payment->nonce, blob);
	uint64_t before = w->storing.last;
	rc = stored_create(w, blob, data, size);
	free(data);
	if (!rc || rc == UNCIA_E_EXISTS)
		rc = outbox_load_one(w, blob, &t);
	if (!rc) {
		t->record.durable = true;
		t->record.end_after = t->record.stored_after = stored_since(w, before);
	}
	return rc;
}
