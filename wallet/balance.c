/* The balance: what the last sync proved, less what is on its way out. */
#include "balance.h"
#include <assert.h>
#include <string.h>
#include "sync.h"
#include "tracked.h"
#include "wallet.h"

amount_t balance_leaving(const struct uncia_wallet *w, const struct payment *payment)
{
	amount_t sum = 0;
	for (uint32_t i = 0; i < payment->output_count; i++)
		if (memcmp(payment->outputs[i].to.b, w->address.b, ADDRESS_SIZE) != 0)
			sum += payment->outputs[i].amount; /* at most payment->total, which did not overflow */
	assert(sum <= payment->total);
	return sum;
}

static amount_t balance_waiting(const struct uncia_wallet *w)
{
	amount_t sum = 0;
	for (const struct tracked *t = w->tracked; t; t = t->hh.next) {
		if (!t->record.own)
			continue;
		/* Not in the proved balance, but may leave it: pending, unless the proved state is past its expiry; or
		 * final above the proved state. */
		bool counts = (t->record.state == UNCIA_PAYMENT_PENDING &&
		               w->sync->state.timestamp_ms < (uint64_t)t->record.payment->expires_at * 1000) ||
		              (t->record.state == UNCIA_PAYMENT_FINAL && t->record.height > w->sync->height);
		if (counts && !amount_add(sum, balance_leaving(w, t->record.payment), &sum))
			return UINT64_MAX;
	}
	return sum;
}

int uncia_wallet_balance(const struct uncia_wallet *w, struct uncia_balance *balance)
{
	if (!w || !balance || balance->size != sizeof(*balance))
		return UNCIA_E_ARGUMENT;
	*balance = (struct uncia_balance){.size = sizeof(*balance), .known = w->sync->known};
	if (!w->sync->known)
		return 0;
	balance->exists = w->sync->exists;
	balance->balance = w->sync->exists ? w->sync->state.entry.balance : 0;
	balance->waiting = balance_waiting(w);
	balance->spendable = balance->balance > balance->waiting ? balance->balance - balance->waiting : 0;
	balance->height = w->sync->height;
	balance->timestamp_ms = w->sync->exists ? w->sync->state.timestamp_ms : 0;
	balance->uncounted = w->sync->exists && w->sync->state.entry.payments == ENTRY_PAYMENTS_FULL;
	return 0;
}
