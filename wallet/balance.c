/* The balance: what the last sync proved, less what is on its way out. */
#include <utlist.h>
#include "archive.h"
#include "sync.h"
#include "tracked.h"
#include "wallet.h"

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
		              (t->record.state == UNCIA_PAYMENT_FINAL && !t->record.archived &&
		               t->record.height > w->sync->height);
		if (counts && !amount_add(sum, wallet_leaving(w, t->record.payment), &sum))
			return UINT64_MAX;
	}
	/* Of archived ones, those at or below the proved height stay there: it never goes back. */
	struct ended *ended, *next;
	DL_FOREACH_SAFE (w->archive->recent, ended, next) {
		if (ended->height <= w->sync->height)
			DL_DELETE(w->archive->recent, ended);
		else if (!amount_add(sum, ended->leaving, &sum))
			return UINT64_MAX;
	}
	return sum;
}

int uncia_wallet_balance(const struct uncia_wallet *w, struct uncia_balance *balance)
{
	int rc = wallet_readable(w);
	if (!rc && (!balance || balance->size != sizeof(*balance)))
		rc = UNCIA_E_ARGUMENT;
	if (rc)
		return rc;
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
