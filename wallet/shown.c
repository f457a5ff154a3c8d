/* Payments as the host sees them: what is known of one, and what this account has to do with it. */
#include <assert.h>
#include <string.h>
#include "balance.h"
#include "receipts.h"
#include "tracked.h"
#include "wallet.h"

int uncia_wallet_payment(const struct uncia_wallet *w, const struct uncia_payment_id *id, struct uncia_payment *payment)
{
	struct payment_id key;
	if (!w || !id || !payment || payment->size != sizeof(*payment))
		return UNCIA_E_ARGUMENT;
	memcpy(key.b, id->b, sizeof(key.b));
	const struct tracked *t = tracked_find(w, &key);
	if (!t)
		return UNCIA_E_NOT_FOUND;
	*payment =
	    (struct uncia_payment){.size = sizeof(*payment), .id = *id, .state = t->record.state, .own = t->record.own};
	payment->expires_at = payment_id_expires_at(&t->id);
	if (t->record.payment)
		payment_describe(t->record.payment, payment);
	if (t->record.own)
		payment->leaving = balance_leaving(w, t->record.payment);
	if (t->record.memo)
		strcpy(payment->memo, t->record.memo); /* it fits: outbox_take */
	payment->made_ms = t->record.made_ms;
	if (t->record.state == UNCIA_PAYMENT_PENDING) {
		payment->reason = t->following.reason;
		payment->refusal = t->following.refusal;
	} else if (t->record.state == UNCIA_PAYMENT_FINAL) {
		payment->height = t->record.height;
		payment->timestamp_ms = t->record.timestamp_ms;
		payment->index = t->record.index;
		payment->elapsed_ms = t->following.elapsed_ms;
	}
	return 0;
}

int uncia_wallet_output(const struct uncia_wallet *w, const struct uncia_payment_id *id, uint32_t number,
                        char address[UNCIA_ADDRESS_TEXT_SIZE], uint64_t *amount)
{
	struct payment_id key;
	if (!w || !id || !address || !amount)
		return UNCIA_E_ARGUMENT;
	memcpy(key.b, id->b, sizeof(key.b));
	const struct tracked *t = tracked_find(w, &key);
	if (!t || !t->record.payment)
		return UNCIA_E_NOT_FOUND;
	if (number >= t->record.payment->output_count)
		return UNCIA_E_ARGUMENT;
	output_describe(&t->record.payment->outputs[number], address, amount);
	return 0;
}

size_t uncia_wallet_outbox_count(const struct uncia_wallet *w)
{
	size_t count = 0;
	for (const struct tracked *t = w ? w->tracked : NULL; t; t = t->hh.next)
		count += t->record.own;
	return count;
}

int uncia_wallet_outbox(const struct uncia_wallet *w, size_t number, struct uncia_payment_id *id)
{
	if (!w || !id)
		return UNCIA_E_ARGUMENT;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next) {
		if (t->record.own && number-- == 0) {
			memcpy(id->b, t->id.b, sizeof(id->b));
			return 0;
		}
	}
	return UNCIA_E_NOT_FOUND;
}

int uncia_wallet_expired(const struct uncia_wallet *w, size_t number, struct uncia_payment_id *id)
{
	const struct tracked *last = NULL;
	if (!w || !id)
		return UNCIA_E_ARGUMENT;
	do {
		const struct tracked *next = NULL;
		for (const struct tracked *t = w->tracked; t; t = t->hh.next)
			if (t->record.own && t->record.state == UNCIA_PAYMENT_EXPIRED &&
			    (!last || memcmp(t->id.b, last->id.b, sizeof(t->id.b)) < 0) &&
			    (!next || memcmp(t->id.b, next->id.b, sizeof(t->id.b)) > 0))
				next = t;
		last = next;
	} while (last && number-- != 0);
	if (!last)
		return UNCIA_E_NOT_FOUND;
	memcpy(id->b, last->id.b, sizeof(id->b));
	return 0;
}

int uncia_wallet_part(const struct uncia_wallet *w, const struct uncia_receipt *receipt, struct uncia_part *part)
{
	const struct output *first_own = NULL, *first_other = NULL;
	uint32_t own_count = 0;
	uint64_t amount;
	amount_t own = 0;
	if (!w || !receipt || !part || part->size != sizeof(*part))
		return UNCIA_E_ARGUMENT;
	const struct payment *payment = receipt->payment;
	if (!payment_touches(payment, &w->address, NULL))
		return UNCIA_E_NOT_FOUND;
	for (uint32_t i = payment->output_count; i-- != 0;) {
		if (!address_equal(&payment->outputs[i].to, &w->address)) {
			first_other = &payment->outputs[i];
			continue;
		}
		first_own = &payment->outputs[i];
		own += first_own->amount; /* at most payment->total, which did not overflow */
		own_count++;
	}
	assert(own <= payment->total && (first_own || first_other));
	*part = (struct uncia_part){.size = sizeof(*part), .output_count = payment->output_count};
	if (!address_equal(&payment->sender, &w->address)) {
		part->direction = UNCIA_DIRECTION_IN;
		part->amount = own;
		part->output_count = own_count;
	} else {
		part->direction = first_other ? UNCIA_DIRECTION_OUT : UNCIA_DIRECTION_SELF;
		part->amount = first_other ? payment->total - own : own;
	}
	output_describe(part->direction == UNCIA_DIRECTION_OUT ? first_other : first_own, part->to, &amount);
	return 0;
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
