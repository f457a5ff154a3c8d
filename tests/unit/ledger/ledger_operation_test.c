/* The contract of operations (node/ledger/operation.h), with operations of the test's own: what execute.c does for any
 * of them, and that a wrong one is caught. */
#include "dies.h"
#include "ledger_internal.h"
#include "ledger_rig.h"
#include <stdio.h>
#include "uncia/error.h"
#include "unit.h"

static struct rig *rig;
static struct executed *block;

static void open_block(void)
{
	rig = rig_new();
	block = rig_begin(rig, NULL, 1);
}

static void close_block(void)
{
	executed_release(rig->ledger, block);
	rig_free(rig);
}

/* Executes a payment of two outputs by an operation. */
static int execute(int (*plan)(struct plan *plan, const struct payment *payment), uint32_t from, uint32_t to,
                   uint32_t other, struct payment_record *record)
{
	const struct operation operation = {.kind = OPERATION_TRANSFER, .plan = plan};
	const struct output outputs[2] = {{.to = rig->keys[to].address, .amount = 5000},
	                                  {.to = rig->keys[other].address, .amount = 6000}};
	struct payment *p = fixture_payment_outputs(&rig->network, &rig->keys[from], outputs, 2, RIG_EXPIRES_AT, 1);
	int rc = execute_operation(rig->ledger, block, p, &operation);

	if (rc == 0)
		ck_assert_int_eq(ledger_find_payment(rig->ledger, block, &p->id, record), 0);
	payment_free(p);
	return rc;
}

static uint64_t index_of(uint32_t key)
{
	struct entry entry;
	uint64_t index;

	ck_assert_int_eq(ledger_entry(rig->ledger, block, ACCOUNT(rig->keys[key].address), &entry, &index), 0);
	return index;
}

/* A mistake: what the first receiver gets is of another currency than what the sender gave. */
static int plan_in_another_currency(struct plan *plan, const struct payment *payment)
{
	struct entry *sender;
	int rc = account_signed(plan, &payment->sender, payment->public_key, &sender);

	if (rc == 0)
		rc = account_debit(sender, payment->currency, payment->outputs[0].amount);
	return rc == 0 ? account_credit(plan, payment->currency + 1, &payment->outputs[0]) : rc;
}

START_TEST(operation_that_turns_5_of_one_currency_into_5_of_another_has_no_root)
{
	struct payment_record record;
	struct hash root;

	open_block();
	ck_assert_int_eq(execute(plan_in_another_currency, 0, 20, 21, &record), 0);
	rig_end(block);
	ck_assert_int_eq(ledger_root(rig->ledger, block, &root), UNCIA_E_DAMAGED);
	close_block();
}
END_TEST

/* Both receivers give all they have to the sender, and are deleted, the one taken up last first. */
static int plan_two_deletions(struct plan *plan, const struct payment *payment)
{
	struct entry *sender, *first, *second;
	int rc = account_signed(plan, &payment->sender, payment->public_key, &sender);

	if (rc == 0)
		rc = plan_existing(plan, ACCOUNT(payment->outputs[0].to), &first);
	if (rc == 0)
		rc = plan_existing(plan, ACCOUNT(payment->outputs[1].to), &second);
	if (rc)
		return rc;
	sender->balance += first->balance + second->balance;
	first->balance = second->balance = 0;
	plan_delete(plan, second);
	plan_delete(plan, first);
	return 0;
}

START_TEST(any_entry_can_be_deleted_and_is_freed_in_the_order_of_taking_up)
{
	struct payment_record record;

	open_block();
	uint64_t first = index_of(2), second = index_of(1);
	ck_assert_int_eq(execute(plan_two_deletions, 0, 2, 1, &record), 0);
	ck_assert_uint_eq(rig_balance(rig, block, 0), 3 * RIG_BALANCE);
	ck_assert_uint_eq(rig_balance(rig, block, 1) + rig_balance(rig, block, 2), 0);
	ck_assert_int_eq(rig_pay(rig, block, 0, 20, 1000), 0);
	ck_assert_int_eq(rig_pay(rig, block, 0, 21, 1000), 0);
	ck_assert_uint_eq(index_of(20), second);
	ck_assert_uint_eq(index_of(21), first);
	rig_settle(rig, block, 1);
	ck_assert_uint_eq(ledger_accounts(rig->ledger), RIG_ACCOUNTS);
	rig_flush(rig);
	rig_reopen(rig);
	rig_free(rig);
}
END_TEST

/* Names the sender, the second output, the sender again. */
static int plan_three_names(struct plan *plan, const struct payment *payment)
{
	struct entry *sender, *other, *again;
	int rc = plan_existing(plan, ACCOUNT(payment->sender), &sender);

	if (rc == 0)
		rc = plan_existing(plan, ACCOUNT(payment->outputs[1].to), &other);
	if (rc == 0)
		rc = plan_existing(plan, ACCOUNT(payment->sender), &again);
	if (rc == 0)
		ck_assert_ptr_eq(sender, again);
	return rc;
}

START_TEST(record_has_a_position_for_each_name_and_each_entry_counts_once)
{
	struct payment_record record;
	struct entry entry;
	uint64_t index;

	open_block();
	ck_assert_int_eq(rig_pay(rig, block, 5, 3, 1000), 0);
	ck_assert_int_eq(rig_pay(rig, block, 5, 0, 1000), 0);
	ck_assert_int_eq(execute(plan_three_names, 0, 2, 3, &record), 0);
	ck_assert_uint_eq(record.previous_count, 3);
	ck_assert_uint_eq(record.previous[0].height, 1);
	ck_assert_uint_eq(record.previous[0].index, 1);
	ck_assert_uint_eq(record.previous[1].index, 0);
	ck_assert_uint_eq(record.previous[2].index, 1);
	ck_assert_int_eq(ledger_entry(rig->ledger, block, ACCOUNT(rig->keys[0].address), &entry, &index), 0);
	ck_assert_uint_eq(entry.payments, 2);
	close_block();
}
END_TEST

/* Changes all it can, then fails. */
static int plan_that_fails(struct plan *plan, const struct payment *payment)
{
	struct entry *sender, *made;
	int rc = account_signed(plan, &payment->sender, payment->public_key, &sender);

	if (rc == 0)
		rc = plan_create(plan, ACCOUNT(payment->outputs[0].to), &made);
	if (rc)
		return rc;
	made->balance = sender->balance;
	sender->balance = 0;
	plan_delete(plan, sender);
	return UNCIA_E_AMOUNT;
}

START_TEST(operation_that_fails_leaves_nothing)
{
	struct payment_record record;

	open_block();
	struct executed *twin = rig_begin(rig, NULL, 1);
	ck_assert_int_eq(execute(plan_that_fails, 0, 20, 21, &record), UNCIA_E_AMOUNT);
	struct hash root = rig_root(rig, block), expected = rig_root(rig, twin);
	ck_assert_mem_eq(root.b, expected.b, HASH_SIZE);
	ck_assert_uint_eq(rig_balance(rig, block, 0), RIG_BALANCE);
	executed_release(rig->ledger, twin);
	close_block();
}
END_TEST

/* ---- walls ----------------------------------------------------------------------------------- */

static int plan_deleting_money(struct plan *plan, const struct payment *payment)
{
	struct entry *sender;
	int rc = plan_existing(plan, ACCOUNT(payment->sender), &sender);

	if (rc == 0)
		plan_delete(plan, sender);
	return rc;
}
static int plan_deleting_twice(struct plan *plan, const struct payment *payment)
{
	struct entry *sender;
	int rc = plan_existing(plan, ACCOUNT(payment->sender), &sender);

	if (rc)
		return rc;
	plan_delete(plan, sender);
	plan_delete(plan, sender);
	return 0;
}
static int plan_creating_twice(struct plan *plan, const struct payment *payment)
{
	struct entry *made;
	int rc = plan_create(plan, ACCOUNT(payment->outputs[0].to), &made);

	return rc == 0 ? plan_create(plan, ACCOUNT(payment->outputs[0].to), &made) : rc;
}
static int plan_moving_an_address(struct plan *plan, const struct payment *payment)
{
	struct entry *sender;
	int rc = plan_existing(plan, ACCOUNT(payment->sender), &sender);

	if (rc == 0)
		sender->address = payment->outputs[0].to;
	return rc;
}

static int (*planted)(struct plan *plan, const struct payment *payment);

static void call_planted(void)
{
	struct payment_record record;

	execute(planted, 0, 20, 21, &record);
}
static void call_add(void)
{
	rig_pay(rig, block, 0, 1, 1000);
}
static void call_end(void)
{
	ledger_end(block, &(struct hash){{1}});
}
static void call_root(void)
{
	struct hash root;

	ledger_root(rig->ledger, block, &root);
}
static void call_begin_on(void)
{
	struct executed *child;

	ledger_begin(rig->ledger, block, 2, FIXTURE_TIME_MS, &child);
}
static void call_begin_too_high(void)
{
	struct executed *other;

	ledger_begin(rig->ledger, NULL, 2, FIXTURE_TIME_MS, &other);
}

START_TEST(operation_that_breaks_its_contract_dies)
{
	int (*const plans[])(struct plan *, const struct payment *) = {plan_deleting_money, plan_deleting_twice,
	                                                               plan_creating_twice, plan_moving_an_address};

	open_block();
	planted = plan_three_names;
	ck_assert(!dies(call_planted));
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		planted = plans[i];
		ck_assert(dies(call_planted));
	}
	close_block();
}
END_TEST

START_TEST(block_lives_one_step_after_the_other)
{
	open_block();
	ck_assert(!dies(call_add) && !dies(call_end));
	ck_assert(dies(call_root) && dies(call_begin_on) && dies(call_begin_too_high));
	rig_end(block);
	ck_assert(!dies(call_root) && !dies(call_begin_on));
	ck_assert(dies(call_add) && dies(call_end));
	rig_root(rig, block);
	ck_assert(!dies(call_root) && !dies(call_begin_on));
	ck_assert(dies(call_add) && dies(call_end));
	close_block();
}
END_TEST

UNIT_MAIN("ledger_operation", operation_that_breaks_its_contract_dies, block_lives_one_step_after_the_other,
          operation_that_turns_5_of_one_currency_into_5_of_another_has_no_root,
          any_entry_can_be_deleted_and_is_freed_in_the_order_of_taking_up,
          record_has_a_position_for_each_name_and_each_entry_counts_once, operation_that_fails_leaves_nothing)
