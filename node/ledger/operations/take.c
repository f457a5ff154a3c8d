/* Take: whoever has the key of a hold pays from it before its end (docs/spec/ledger.md §3.7). That the key, the secret
 * and the home are the hold's follows from the payment's sender, which decoding has checked. */
#include <assert.h>
#include "operation.h"
#include "uncia/error.h"

/* A take that is later than the hold's end can never happen, and must not wait until it expires. */
static bool take_in_time(const struct entry *hold, const struct payment *payment)
{
	return payment->expires_at <= hold->end;
}

/* Before the end: rule 1 says t < expires_at. */
static int take_plan(struct plan *plan, const struct payment *payment)
{
	const struct entry_id id = {ENTRY_HOLD, payment->sender};
	struct entry *hold;
	int rc = plan_existing(plan, &id, &hold);

	if (rc)
		return rc == UNCIA_E_NOT_FOUND ? UNCIA_E_FUNDS : rc;
	if (!take_in_time(hold, payment))
		return UNCIA_E_END;
	assert(plan_time_s(plan) < hold->end);
	rc = account_debit(hold, payment->currency, payment->total);
	for (uint32_t k = 0; rc == 0 && k < payment->output_count; k++)
		rc = account_credit(plan, payment->currency, &payment->outputs[k]);
	return rc == 0 ? hold_close(plan, hold) : rc;
}

static bool take_covered(const struct genesis *genesis, const struct entry *hold, const struct payment *payment)
{
	amount_t rest;

	for (uint32_t k = 0; k < payment->output_count; k++)
		if (amount_too_small(genesis, payment->outputs[k].amount))
			return false;
	return hold->currency == payment->currency && amount_subtract(hold->balance, payment->total, &rest) &&
	       (rest == 0 || !amount_too_small(genesis, rest));
}

static enum sender_key take_key(const struct entry *hold, const struct payment *payment)
{
	if (!hold)
		return SENDER_KEY_UNFUNDED;
	return take_in_time(hold, payment) ? SENDER_KEY_FIRST : SENDER_KEY_LATE;
}

const struct operation operation_take = {
    .kind = OPERATION_TAKE,
    .plan = take_plan,
    .covered = take_covered,
    .key = take_key,
};
