/* Count and balance of one and the same proved state show that no payment was left out of an account's history. */
#include "walk.h"
#include "receipts.h"
#include "wallet.h"

void walk_begin(struct account_walk *walk, amount_t balance)
{
	*walk = (struct account_walk){.held = balance};
}

/* What the genesis gave this account; 0 where it was created later. */
static amount_t given_by_genesis(const struct uncia_wallet *w, const struct entry *entry)
{
	const struct genesis *g = &w->network->genesis;
	for (uint32_t i = 0; entry->created == 0 && i < g->account_count; i++)
		if (address_equal(&g->accounts[i].address, &w->address))
			return g->accounts[i].balance;
	return 0;
}

/* An account holds something from its creation on, so a balance of 0 before the count is complete shows that a payment
 * was left out, and one of a former life of the account in the same block put in its place. */
void walk_back(const struct uncia_wallet *w, struct account_walk *walk, const struct entry *entry,
               const struct uncia_receipt *receipt)
{
	const struct payment *payment = receipt->payment;
	amount_t in = 0, out = 0, held;
	if (walk->seen == entry->payments)
		return;
	for (uint32_t i = 0; i < payment->output_count; i++)
		if (address_equal(&payment->outputs[i].to, &w->address))
			in += payment->outputs[i].amount; /* at most payment->total, which did not overflow */
	if (payment_is_from(payment, &w->address))
		out = payment->total;
	walk->seen++;
	if (!amount_add(walk->held, out, &held) || held < in || receipt->height < entry->created) {
		walk->gap = true;
		return;
	}
	walk->held = held - in;
	walk->gap = walk->gap || (walk->seen < entry->payments && walk->held == 0);
}

bool walk_complete(const struct uncia_wallet *w, const struct account_walk *walk, const struct entry *entry)
{
	/* A full counter counts no more. */
	return !walk->gap && walk->seen == entry->payments && entry->payments != ENTRY_PAYMENTS_FULL &&
	       walk->held == given_by_genesis(w, entry);
}
