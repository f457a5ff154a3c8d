/* Give back: after its end anybody sends what a hold has to its home (docs/spec/ledger.md §3.7). Nobody signs it, and
 * nothing in it is free, so that whoever makes one makes the same bytes. */
#include "operation.h"
#include "uncia/error.h"

/* All that the hold has, and no other amount: what is left over would need a second one. */
static bool give_back_whole(const struct entry *hold, const struct payment *payment)
{
	return hold->currency == payment->currency && hold->balance == payment->total;
}

static int give_back_plan(struct plan *plan, const struct payment *payment)
{
	const struct entry_id id = {ENTRY_HOLD, payment->sender};
	struct entry *hold;
	int rc = plan_existing(plan, &id, &hold);

	if (rc)
		return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_FUNDS : rc;
	if (!give_back_whole(hold, payment))
		return UNCIA_E_FUNDS;
	if (plan_time_s(plan) < hold->end)
		return UNCIA_E_END;
	rc = account_debit(hold, payment->currency, payment->total);
	if (rc == 0)
		rc = account_credit(plan, payment->currency, &payment->outputs[0]);
	return rc == 0 ? hold_close(plan, hold) : rc;
}

static bool give_back_covered(const struct genesis *genesis, const struct entry *hold, const struct payment *payment)
{
	(void)genesis;
	return give_back_whole(hold, payment);
}

static enum sender_key give_back_key(const struct entry *hold, const struct payment *payment)
{
	(void)payment;
	return hold ? SENDER_KEY_NONE : SENDER_KEY_UNFUNDED;
}

const struct operation operation_give_back = {
    .kind = OPERATION_GIVE_BACK,
    .plan = give_back_plan,
    .covered = give_back_covered,
    .key = give_back_key,
};
