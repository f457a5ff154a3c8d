/* The durable outbox: one blob per payment.
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
 * The blob is never removed and never renamed while its payment may matter, only replaced as a whole by the same
 * payment with its end. A blob that is there but cannot be read stops its key (DAMAGED): better no payment than two.
 * Without an idempotency key the nonce is random, and each call is a payment of its own. */
#include "outbox.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "events.h"
#include "fields.h"
#include "storage.pb-c.h"
#include "utf8.h"
#include "wallet.h"

#define PREFIX         "payment-"
#define RECORD_VERSION 1

void outbox_blob_name(const uint8_t nonce[NONCE_SIZE], char name[UNCIA_BLOB_NAME_SIZE])
{
	char hex[2 * NONCE_SIZE + 1];
	_Static_assert(sizeof(PREFIX) + 2 * NONCE_SIZE <= UNCIA_BLOB_NAME_SIZE, "every name fits");
	stpcpy(stpcpy(name, PREFIX), sodium_bin2hex(hex, sizeof(hex), nonce, NONCE_SIZE));
}

/* Copies the record's memo. One that may not be shown is left out: no text stops a payment.
 * Out: *memo, NULL for none. */
static int outbox_memo(const Uncia__Pb__PaymentRecord *record, char **memo)
{
	*memo = NULL;
	if (record->memo.len == 0 || record->memo.len >= UNCIA_MEMO_SIZE)
		return 0;
	*memo = strndup((const char *)record->memo.data, record->memo.len);
	if (!*memo)
		return UNCIA_E_MEMORY;
	if (!utf8_is_plain(*memo)) {
		free(*memo);
		*memo = NULL;
	}
	return 0;
}

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
	char *memo;
	if (record->version != RECORD_VERSION || !state_is_stored(record->state))
		return UNCIA_E_DAMAGED;
	int rc = payment_decode(&w->network_id, record->payment.data, record->payment.len, &payment);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
	outbox_blob_name(payment->nonce, expected);
	rc = outbox_memo(record, &memo);
	if (!rc && (strcmp(expected, blob) != 0 || memcmp(payment->sender.b, w->address.b, ADDRESS_SIZE) != 0))
		rc = UNCIA_E_DAMAGED;
	if (rc) {
		free(memo);
		payment_free(payment);
		return rc;
	}
	struct tracked *asked_for = tracked_find(w, &payment->id);
	struct tracked *t = asked_for ? asked_for : tracked_add(w, &payment->id);
	if (!t || tracked_make_own(w, t, blob)) {
		if (t && t != asked_for)
			tracked_remove(w, t);
		free(memo);
		payment_free(payment);
		return UNCIA_E_MEMORY;
	}
	payment_free(t->record.payment);
	t->record.payment = payment;
	free(t->record.memo);
	t->record.memo = memo;
	t->record.made_ms = record->made_ms;
	*taken = t;
	/* An end that a query found stays, also where the record says otherwise or has none yet. */
	if (tracked_has_end(t))
		return 0;
	bool asked = t->following.querying;
	tracked_move(t, (enum uncia_payment_state)record->state);
	if (asked && tracked_has_end(t))
		events_add_payment(w, &t->id, 0);
	t->record.height = record->height;
	t->record.timestamp_ms = record->timestamp_ms;
	t->record.index = record->index;
	tracked_follow(w, t);
	return 0;
}

/* Loads one record and decodes it into the arena, which the caller frees, also on failure. */
static int outbox_load_record(const struct uncia_host *host, const char *blob, struct arena *arena,
                              const Uncia__Pb__PaymentRecord **record)
{
	ProtobufCMessage *message;
	uint8_t *data;
	size_t size;
	int rc = blob_load(host, blob, &data, &size);
	arena_init(arena, rc ? 0 : canonical_arena_limit(size));
	if (rc)
		return rc;
	rc = canonical_decode(&uncia__pb__payment_record__descriptor, data, size, arena, &message);
	blob_free(data, size);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_DAMAGED;
	*record = (const Uncia__Pb__PaymentRecord *)message;
	return 0;
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

int outbox_load(struct uncia_wallet *w, bool tell)
{
	struct name_list list;
	struct tracked *t;
	int rc = blob_list(&w->host, PREFIX, &list);
	if (rc)
		return rc;
	for (size_t i = 0; !rc && i < list.count; i++) {
		if (tracked_by_blob(w, list.names[i]))
			continue;
		rc = outbox_load_one(w, list.names[i], &t);
		/* A record that cannot be read stops its own key only. */
		if (rc != UNCIA_E_DAMAGED && rc != UNCIA_E_NOT_FOUND)
			continue;
		if (tell) {
			struct uncia_event event = {.kind = UNCIA_EVENT_ERROR, .error = rc};
			snprintf(event.text, sizeof(event.text), "the stored payment %.64s is damaged", list.names[i]);
			events_add(w, &event);
		}
		rc = 0;
	}
	name_list_deinit(&list);
	return rc;
}

int outbox_find(struct uncia_wallet *w, const uint8_t nonce[NONCE_SIZE], struct tracked **found)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	outbox_blob_name(nonce, blob);
	struct tracked *t = tracked_by_blob(w, blob);
	if (!t)
		return outbox_load_one(w, blob, found);
	*found = t;
	return 0;
}

size_t outbox_final_count(const struct uncia_wallet *w)
{
	size_t count = 0;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next)
		count += t->record.own && t->record.state == UNCIA_PAYMENT_FINAL;
	return count;
}

/* Encodes r's record as it is in `state`, with `receipt` where that is FINAL. *data is the caller's: free(). */
static int outbox_encode(const struct record *r, enum uncia_payment_state state, struct bytes receipt, uint8_t **data,
                         size_t *size)
{
	Uncia__Pb__PaymentRecord record = UNCIA__PB__PAYMENT_RECORD__INIT;
	size_t count = state == UNCIA_PAYMENT_EXPIRED ? r->expiry_count : 0;
	assert(r->payment && state != UNCIA_PAYMENT_UNKNOWN);
	assert(state != UNCIA_PAYMENT_FINAL || receipt.size != 0);
	Uncia__Pb__Blob *blobs = calloc(count + 1, sizeof(*blobs));
	Uncia__Pb__Blob **pointers = calloc(count + 1, sizeof(void *));
	int rc = UNCIA_E_MEMORY;
	if (blobs && pointers) {
		for (size_t i = 0; i < count; i++) {
			blobs[i] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
			blobs[i].data = field_of(r->expiries[i].bytes, r->expiries[i].size);
			pointers[i] = &blobs[i];
		}
		record.version = RECORD_VERSION;
		record.payment = field_of(r->payment->bytes, r->payment->size);
		record.made_ms = r->made_ms;
		if (r->memo)
			record.memo = field_of(r->memo, strlen(r->memo));
		record.state = state;
		record.n_expiries = count;
		record.expiries = count == 0 ? NULL : pointers;
		if (state == UNCIA_PAYMENT_FINAL) {
			record.receipt = field_of(receipt.data, receipt.size);
			record.height = r->height;
			record.timestamp_ms = r->timestamp_ms;
			record.index = r->index;
		}
		rc = canonical_encode(&record.base, data, size);
	}
	free(blobs);
	free(pointers);
	return rc;
}

int outbox_add(struct uncia_wallet *w, struct payment *payment, const char *memo, struct tracked **added)
{
	char blob[UNCIA_BLOB_NAME_SIZE];
	uint8_t *data;
	size_t size;
	outbox_blob_name(payment->nonce, blob);
	if (tracked_by_blob(w, blob)) /* the host gave the same nonce twice */
		return UNCIA_E_EXISTS;
	/* Tracked before it is stored, so that what is stored is tracked. A payment that was asked for before can be
	 * this very one: another home with the same words made it in the same second. */
	struct tracked *t = tracked_find(w, &payment->id);
	if (!t && !(t = tracked_add(w, &payment->id)))
		return UNCIA_E_MEMORY;
	bool asked = t->following.querying;
	int rc = tracked_make_own(w, t, blob);
	payment_free(t->record.payment);
	t->record.payment = payment;
	t->record.made_ms = w->host.wall_ms(w->host.context);
	if (memo && !(t->record.memo = strdup(memo)) && !rc)
		rc = UNCIA_E_MEMORY;
	if (!tracked_has_end(t)) {
		tracked_move(t, UNCIA_PAYMENT_PENDING);
		tracked_follow(w, t);
	}
	if (!rc)
		rc = outbox_encode(&t->record, UNCIA_PAYMENT_PENDING, (struct bytes){NULL, 0}, &data, &size);
	if (!rc) {
		rc = blob_create(&w->host, t->record.blob, data, size);
		free(data);
	}
	if (rc) {
		t->record.payment = NULL; /* stays the caller's */
		tracked_remove(w, t);
		if (asked)
			events_add_payment(w, &payment->id, rc);
		return rc;
	}
	t->record.durable = true;
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
	int rc = outbox_encode(&t->record, t->record.state, (struct bytes){receipt, receipt_size}, &data, &size);
	if (rc)
		return rc;
	rc = blob_create(&w->host, t->record.blob, data, size);
	free(data);
	if (rc && rc != UNCIA_E_EXISTS)
		return rc;
	t->record.durable = true;
	return 0;
}

int outbox_store_end(struct uncia_wallet *w, struct tracked *t, enum uncia_payment_state state, const uint8_t *receipt,
                     size_t receipt_size)
{
	uint8_t *data;
	size_t size;
	assert(t->record.own && !tracked_has_end(t));
	assert(state == UNCIA_PAYMENT_FINAL || state == UNCIA_PAYMENT_EXPIRED);
	int rc = outbox_encode(&t->record, state, (struct bytes){receipt, receipt_size}, &data, &size);
	if (rc)
		return rc;
	rc = blob_replace(&w->host, t->record.blob, data, size);
	free(data);
	if (!rc)
		t->record.durable = true;
	return rc;
}

int outbox_receipt(const struct uncia_wallet *w, const struct tracked *t, uint8_t **receipt, size_t *size)
{
	const Uncia__Pb__PaymentRecord *record;
	struct arena arena;
	assert(t->record.own && t->record.state == UNCIA_PAYMENT_FINAL);
	int rc = outbox_load_record(&w->host, t->record.blob, &arena, &record);
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
	assert(memcmp(receipt->payment->sender.b, w->address.b, ADDRESS_SIZE) == 0);
	int rc = outbox_find(w, receipt->payment->nonce, &t);
	if (!rc)
		return outbox_confirm(w, t, receipt->bytes, receipt->size);
	if (rc != UNCIA_E_NOT_FOUND)
		return rc == UNCIA_E_DAMAGED ? 0 : rc; /* a damaged one stops its key by itself */
	rc = outbox_encode(&found, UNCIA_PAYMENT_FINAL, (struct bytes){receipt->bytes, receipt->size}, &data, &size);
	if (rc)
		return rc;
	outbox_blob_name(receipt->payment->nonce, blob);
	rc = blob_create(&w->host, blob, data, size);
	free(data);
	if (!rc || rc == UNCIA_E_EXISTS)
		rc = outbox_load_one(w, blob, &t);
	if (!rc)
		t->record.durable = true;
	return rc;
}
