/* The rules of payments and of the layers of blocks, each by one small case. What random histories do is in
 * ledger_model_test.c, the history of accounts and proofs in ledger_history_test.c. */
#include "ledger_rig.h"
#include "uncia/error.h"
#include "unit.h"

static struct rig *rig;

static void open_rig(void)
{
	rig = rig_new();
}

START_TEST(payment_moves_money_and_makes_account)
{
	open_rig();
	struct executed *block = rig_begin(rig, NULL, 1);
	struct entry entry;
	uint64_t index;

	ck_assert_int_eq(rig_pay(rig, block, 0, 10, 5000), 0);
	ck_assert_uint_eq(rig_balance(rig, block, 0), RIG_BALANCE - 5000);
	ck_assert_int_eq(ledger_account(rig->ledger, block, &rig->keys[10].address, &entry, &index), 0);
	ck_assert_uint_eq(entry.balance, 5000);
	ck_assert_uint_eq(entry.payments, 1);
	ck_assert_uint_eq(entry.created, 1);
	ck_assert_uint_eq(entry.flags, 0);
	ck_assert_uint_eq(index, RIG_ACCOUNTS + 1);
	/* The settled state knows nothing of it yet. */
	ck_assert_uint_eq(rig_balance(rig, NULL, 10), 0);
	rig_settle(rig, block, 1);
	ck_assert_uint_eq(rig_balance(rig, NULL, 10), 5000);
	ck_assert_uint_eq(ledger_accounts(rig->ledger), RIG_ACCOUNTS + 1);
	rig_flush(rig);
	rig_reopen(rig);
	ck_assert_uint_eq(rig_balance(rig, NULL, 10), 5000);
	ck_assert_uint_eq(ledger_settled_height(rig->ledger), 1);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("ledger", payment_moves_money_and_makes_account)
