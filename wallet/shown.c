/* Payments as the host sees them: what is known of one, and what this account has to do with it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "outbox.h"
#include "wallet.h"

/* The own payments that are not archived yet. */
static bool is_apart(const struct tracked *t)
{
	return t->record.own && !t->record.archived;
}

static void describe(const struct uncia_wallet *w, const struct record *r, struct uncia_payment *payment)
{
	payment->state = r->state;
	payment->own = r->own;
	if (r->payment)
		payment_describe(r->payment, payment);
	if (r->own)
		payment->leaving = wallet_leaving(w, r->payment);
	if (r->payment)
		payment->received = wallet_received(w, r->payment);
	if (r->memo)
		strcpy(payment->memo, r->memo); /* it fits: record.c */
	if (r->tag)
		memcpy(payment->tag, r->tag, r->tag_size);
	payment->tag_size = (uint32_t)r->tag_size;
	payment->made_ms = r->made_ms;
	if (r->state == UNCIA_PAYMENT_FINAL) {
		payment->height = r->height;
		payment->timestamp_ms = r->timestamp_ms;
		payment->index = r->index;
	}
}

/* Finds a payment in memory or in the archive; a record that was read has `archived` and is no payment's in memory.
 * Returns 0; UNCIA_E_NOT_FOUND; as outbox_read. Out: *t, or NULL and *read, to be freed with shown_free. */
static int shown_find(const struct uncia_wallet *w, const struct uncia_payment_id *id, const struct tracked **t,
                      struct record *read)
{
	struct payment_id key;
	memcpy(key.b, id->b, sizeof(key.b));
	*t = tracked_find(w, &key);
	const struct ended *ended = *t ? NULL : archive_find_id(w, &key);
	if (ended)
		return outbox_read(w, ended, read);
	return *t ? 0 : UNCIA_E_NOT_FOUND;
}

static void shown_free(const struct tracked *t, struct record *read)
{
	if (!t)
		outbox_read_free(read);
}

int uncia_wallet_payment(const struct uncia_wallet *w, const struct uncia_payment_id *id, struct uncia_payment *payment)
{
	const struct tracked *t;
	struct record read;
	int rc = wallet_readable(w);
	if (!rc && (!id || !payment || payment->size != sizeof(*payment)))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	rc = shown_find(w, id, &t, &read);
	if (rc)
		return rc;
	*payment = (struct uncia_payment){.size = sizeof(*payment), .id = *id};
	struct payment_id key;
	memcpy(key.b, id->b, sizeof(key.b));
	payment->expires_at = payment_id_expires_at(&key);
	describe(w, t ? &t->record : &read, payment);
	if (t && tracked_shown(w, t) != payment->state) {
		payment->state = tracked_shown(w, t);
		payment->height = payment->timestamp_ms = 0;
		payment->index = 0;
	}
	if (payment->state == UNCIA_PAYMENT_PENDING) {
		payment->reason = t->following.reason;
		payment->refusal = t->following.refusal;
	} else if (payment->state == UNCIA_PAYMENT_FINAL) {
		payment->elapsed_ms = t ? t->following.elapsed_ms : archive_find_id(w, &key)->elapsed_ms;
	}
	shown_free(t, &read);
	return 0;
}

int uncia_wallet_output(const struct uncia_wallet *w, const struct uncia_payment_id *id, uint32_t number,
                        char address[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount)
{
	const struct tracked *t;
	struct record read;
	int rc = wallet_readable(w);
	if (!rc && (!id || !address || !amount))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	rc = shown_find(w, id, &t, &read);
	if (rc)
		return rc;
	const struct payment *payment = t ? t->record.payment : read.payment;
	if (!payment)
		rc = UNCIA_E_NOT_FOUND;
	else if (number >= payment->output_count)
		rc = UNCIA_E_ARGUMENT;
	else
		output_describe(&payment->outputs[number], address, amount);
	shown_free(t, &read);
	return rc;
}

size_t uncia_wallet_outbox_count(const struct uncia_wallet *w)
{
	if (wallet_readable(w))
		return 0;
	size_t count = w->archive->count;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next)
		count += is_apart(t);
	return count;
}

int uncia_wallet_outbox(const struct uncia_wallet *w, size_t number, struct uncia_payment_id *id)
{
	int rc = wallet_readable(w);
	if (!rc && !id)
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	if (number < w->archive->count) {
		memcpy(id->b, w->archive->all[number]->id.b, sizeof(id->b));
		return 0;
	}
	number -= w->archive->count;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next) {
		if (is_apart(t) && number-- == 0) {
			memcpy(id->b, t->id.b, sizeof(id->b));
			return 0;
		}
	}
	return UNCIA_E_NOT_FOUND;
}

static bool pays(const struct payment *payment, const struct address *account)
{
	for (uint32_t i = 0; payment && i < payment->output_count; i++)
		if (address_equal(&payment->outputs[i].to, account))
			return true;
	return false;
}

/* The last archived payment that is final and pays the account. Segments that hold none are not read. */
static int last_archived(const struct uncia_wallet *w, const struct address *account, struct uncia_payment_id *id)
{
	uint32_t without = UINT32_MAX; /* the segment last looked up, which holds none */
	for (size_t i = w->archive->count; i-- != 0;) {
		const struct ended *ended = w->archive->all[i];
		struct record read;
		if (ended->state != UNCIA_PAYMENT_FINAL || ended->segment == without)
			continue;
		if (!archive_may_pay(w, ended, account)) {
			without = ended->segment;
			continue;
		}
		int rc = outbox_read(w, ended, &read);
		if (rc == UNCIA_E_DAMAGED)
			continue;
		if (rc)
			return rc;
		bool found = pays(read.payment, account);
		shown_free(NULL, &read);
		if (!found)
			continue;
		memcpy(id->b, ended->id.b, sizeof(id->b));
		return 0;
	}
	return UNCIA_E_NOT_FOUND;
}

int uncia_wallet_paid(const struct uncia_wallet *w, const struct uncia_address *to, struct uncia_payment_id *id)
{
	const struct tracked *found = NULL;
	struct address account;
	int rc = wallet_readable(w);
	if (!rc && (!to || !id))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	memcpy(account.b, to->account, sizeof(account.b));
	for (const struct tracked *t = w->tracked; t; t = t->hh.next) {
		bool final = t->record.state == UNCIA_PAYMENT_FINAL;
		if (is_apart(t) && (final || (t->record.state == UNCIA_PAYMENT_PENDING && !found)) &&
		    pays(t->record.payment, &account))
			found = t;
		if (found == t && final)
			break;
	}
	rc = UNCIA_E_NOT_FOUND;
	if (!found || found->record.state != UNCIA_PAYMENT_FINAL)
		rc = last_archived(w, &account, id);
	if (rc != UNCIA_E_NOT_FOUND || !found)
		return rc;
	memcpy(id->b, found->id.b, sizeof(id->b));
	return 0;
}

int uncia_wallet_pending(const struct uncia_wallet *w, size_t number, struct uncia_payment_id *id)
{
	int rc = wallet_readable(w);
	if (!rc && !id)
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next) {
		if (t->record.own && tracked_shown(w, t) == UNCIA_PAYMENT_PENDING && number-- == 0) {
			memcpy(id->b, t->id.b, sizeof(id->b));
			return 0;
		}
	}
	return UNCIA_E_NOT_FOUND;
}

/* An id begins with the expiry: later ones are greater. */
static int latest_first(const void *a, const void *b)
{
	return memcmp(b, a, sizeof(struct payment_id));
}

/* Sorts what has expired, where there is more since it was sorted last. */
static int sort_expired(const struct uncia_wallet *w)
{
	struct archive *a = w->archive;
	size_t apart = 0, count = 0;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next)
		apart += is_apart(t) && t->record.state == UNCIA_PAYMENT_EXPIRED;
	size_t expired = a->count - a->final_count + apart;
	if (a->expired && a->expired_count == expired)
		return 0; /* ends stay, so that as many are the same ones */
	struct payment_id *list = malloc((expired + 1) * sizeof(*list));
	if (!list)
		return UNCIA_E_MEMORY;
	for (size_t i = 0; i < a->count; i++)
		if (a->all[i]->state == UNCIA_PAYMENT_EXPIRED)
			list[count++] = a->all[i]->id;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next)
		if (is_apart(t) && t->record.state == UNCIA_PAYMENT_EXPIRED)
			list[count++] = t->id;
	assert(count == expired);
	qsort(list, count, sizeof(*list), latest_first);
	free(a->expired);
	a->expired = list;
	a->expired_count = count;
	return 0;
}

int uncia_wallet_expired(const struct uncia_wallet *w, size_t number, struct uncia_payment_id *id)
{
	int rc = wallet_readable(w);
	if (!rc && !id)
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
	rc = sort_expired(w);
	if (rc)
		return rc;
	if (number >= w->archive->expired_count)
		return UNCIA_E_NOT_FOUND;
	memcpy(id->b, w->archive->expired[number].b, sizeof(id->b));
	return 0;
}

/* Returns 0; UNCIA_E_NOT_FOUND where the payment does not touch this account. */
static int part_of(const struct uncia_wallet *w, const struct payment *payment, struct uncia_part *part)
{
	const struct output *first_own = NULL, *first_other = NULL;
	uint32_t own_count = 0;
	uint64_t amount;
	if (!payment_touches_account(payment, &w->address))
		return UNCIA_E_NOT_FOUND;
	for (uint32_t i = payment->output_count; i-- != 0;) {
		if (!address_equal(&payment->outputs[i].to, &w->address)) {
			first_other = &payment->outputs[i];
			continue;
		}
		first_own = &payment->outputs[i];
		own_count++;
	}
	amount_t own = wallet_received(w, payment);
	assert(own <= payment->total && (first_own || first_other || payment->hold_count));
	*part = (struct uncia_part){.size = sizeof(*part), .output_count = payment->output_count};
	const struct output *shown = first_own;
	if (!payment_is_from(payment, &w->address)) {
		part->direction = UNCIA_DIRECTION_IN;
		part->amount = own;
		part->output_count = own_count;
	} else {
		bool out = first_other || payment->hold_count;
		part->direction = out ? UNCIA_DIRECTION_OUT : UNCIA_DIRECTION_SELF;
		part->amount = out ? payment->total - own : own;
		if (out)
			shown = first_other;
	}
	if (shown)
		output_describe(shown, part->to, &amount);
	else
		hold_format(&payment->holds[0].id, part->to);
	return 0;
}

int uncia_wallet_part(const struct uncia_wallet *w, const struct uncia_receipt *receipt, struct uncia_part *part)
{
	int rc = wallet_readable(w);
	if (!rc && (!receipt || !part || part->size != sizeof(*part)))
		rc = UNCIA_E_ARGUMENT;
	return rc ? rc : part_of(w, receipt->payment, part);
}

int uncia_wallet_payment_part(const struct uncia_wallet *w, const struct uncia_payment_id *id, struct uncia_part *part)
{
	const struct tracked *t;
	struct record read;
	int rc = wallet_readable(w);
	if (!rc && (!id || !part || part->size != sizeof(*part)))
		rc = UNCIA_E_ARGUMENT;
	if (!rc)
		rc = shown_find(w, id, &t, &read);
	if (rc)
		return rc;
	const struct payment *payment = t ? t->record.payment : read.payment;
	rc = payment ? part_of(w, payment, part) : UNCIA_E_NOT_FOUND;
	shown_free(t, &read);
	return rc;
}

int uncia_wallet_received(const struct uncia_wallet *w, const struct uncia_receipt *receipt, uint64_t *amount)
{
	int rc = wallet_readable(w);
	if (!rc && (!receipt || !amount))
		rc = UNCIA_E_ARGUMENT;
	if (!rc)
		*amount = wallet_received(w, receipt->payment);
	return rc;
}

int uncia_wallet_part_output(const struct uncia_wallet *w, const struct uncia_receipt *receipt, uint32_t number,
                             char address[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount)
{
	struct uncia_part part = {.size = sizeof(part)};
	if (!address || !amount)
		return UNCIA_E_ARGUMENT;
	int rc = uncia_wallet_part(w, receipt, &part);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < receipt->payment->output_count; i++) {
		const struct output *output = &receipt->payment->outputs[i];
		if (part.direction == UNCIA_DIRECTION_IN && !address_equal(&output->to, &w->address))
			continue;
		if (number-- == 0) {
			output_describe(output, address, amount);
			return 0;
		}
	}
	return UNCIA_E_ARGUMENT;
}
