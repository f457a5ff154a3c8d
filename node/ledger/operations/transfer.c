/* Transfer: the sender pays 1 to 255 outputs and holds in one currency (docs/spec/ledger.md §3.5, §3.7). */
#include "operation.h"
#include "uncia/error.h"

/* Makes the hold's entry. Its id is of this payment's id, so that there is none before it. Returns 0, UNCIA_E_AMOUNT,
 * UNCIA_E_END (its end is too near or too far), UNCIA_E_EXISTS, or as plan_existing. */
static int transfer_open(struct plan *plan, uint32_t currency, const struct hold_opening *opening)
{
	const struct entry_id id = {ENTRY_HOLD, opening->id};
	const uint64_t now_s = plan_time_s(plan);
	struct entry *hold;

	if (amount_too_small(plan_genesis(plan), opening->amount))
		return UNCIA_E_AMOUNT;
	if (opening->end < now_s + HOLD_SECONDS_MIN || opening->end > now_s + HOLD_SECONDS_MAX)
		return UNCIA_E_END;
	int rc = plan_existing(plan, &id, &hold);
	if (rc != UNCIA_E_NOT_FOUND)
		return rc ? rc : UNCIA_E_EXISTS;
	rc = plan_create(plan, &id, &hold);
	if (rc)
		return rc;
	hold_fill(hold, &opening->home, &opening->seal);
	hold->currency = currency;
	hold->balance = opening->amount;
	hold->end = opening->end;
	return 0;
}

static int transfer_plan(struct plan *plan, const struct payment *payment)
{
	struct entry *sender;
	int rc = account_signed(plan, &payment->sender, payment->public_key, &sender);

	if (rc == 0)
		rc = account_debit(sender, payment->currency, payment->total);
	for (uint32_t k = 0; rc == 0 && k < payment->output_count; k++)
		rc = account_credit(plan, payment->currency, &payment->outputs[k]);
	for (uint32_t k = 0; rc == 0 && k < payment->hold_count; k++)
		rc = transfer_open(plan, payment->currency, &payment->holds[k]);
	return rc == 0 ? account_close(plan, sender) : rc;
}

static bool transfer_covered(const struct genesis *genesis, const struct entry *sender, const struct payment *payment)
{
	amount_t rest;

	for (uint32_t k = 0; k < payment->output_count; k++)
		if (amount_too_small(genesis, payment->outputs[k].amount))
			return false;
	for (uint32_t k = 0; k < payment->hold_count; k++)
		if (amount_too_small(genesis, payment->holds[k].amount))
			return false;
	return sender->currency == payment->currency && amount_subtract(sender->balance, payment->total, &rest) &&
	       (rest == 0 || !amount_too_small(genesis, rest));
}

static enum sender_key transfer_key(const struct entry *sender, const struct payment *payment)
{
	enum sender_key key = account_key(sender, &payment->sender, payment->public_key);

	return key == SENDER_KEY_FIRST && !sender ? SENDER_KEY_UNFUNDED : key;
}

const struct operation operation_transfer = {
    .kind = OPERATION_TRANSFER,
    .plan = transfer_plan,
    .covered = transfer_covered,
    .key = transfer_key,
};
