/* Transfer: the sender pays 1 to 255 outputs in one currency (docs/spec/ledger.md §3.5). */
#include "operation.h"

static int transfer_plan(struct plan *plan, const struct payment *payment)
{
	struct entry *sender;
	int rc = account_signed(plan, &payment->sender, payment->public_key, &sender);

	if (rc == 0)
		rc = account_debit(sender, payment->currency, payment->total);
	for (uint32_t k = 0; rc == 0 && k < payment->output_count; k++)
		rc = account_credit(plan, payment->currency, &payment->outputs[k]);
	return rc == 0 ? account_close(plan, sender) : rc;
}

static bool transfer_covered(const struct genesis *genesis, const struct entry *sender, const struct payment *payment)
{
	amount_t rest;

	for (uint32_t k = 0; k < payment->output_count; k++)
		if (amount_too_small(genesis, payment->outputs[k].amount))
			return false;
	return sender->currency == payment->currency && amount_subtract(sender->balance, payment->total, &rest) &&
	       (rest == 0 || !amount_too_small(genesis, rest));
}

const struct operation operation_transfer = {
    .kind = OPERATION_TRANSFER,
    .plan = transfer_plan,
    .covered = transfer_covered,
};
