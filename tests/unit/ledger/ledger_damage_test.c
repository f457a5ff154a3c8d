/* Stored states that no payments lead to: a free list that leads astray, an account of a currency that there is not.
 * The ledger says so, or keeps its hands off, before anything is paid out of them. */
#include "ledger_rig.h"
#include "uncia/error.h"
#include "unit.h"

static struct rig *rig;

/* A stored state with one free entry, which is the head of the free list; the value is its index. */
static uint64_t open_with_a_free_entry(void)
{
	struct state_meta meta;

	rig = rig_new();
	struct executed *block = rig_begin(rig, NULL, 1);
	ck_assert_int_eq(rig_pay(rig, block, 1, 0, RIG_BALANCE), 0);
	rig_settle(rig, block, 1);
	rig_flush(rig);
	ck_assert_int_eq(rig->view.meta(rig->view.context, &meta), 0);
	ck_assert_uint_ne(meta.free_head, ENTRY_NONE);
	return meta.free_head;
}

/* Pays to somebody who has no account yet. */
static int pay_somebody_new(void)
{
	struct executed *block = rig_begin(rig, NULL, 3);
	int rc = rig_pay(rig, block, 0, 30, 1000);

	executed_release(rig->ledger, block);
	return rc;
}

START_TEST(a_free_entry_that_leads_outside_of_the_state_is_damage)
{
	uint64_t free_head = open_with_a_free_entry();
	struct entry entry = {.kind = ENTRY_FREE, .balance = 1000};

	ck_assert_int_eq(rig_edit_entry(rig, free_head, &entry), 0);
	ck_assert_int_eq(pay_somebody_new(), UNCIA_E_DAMAGED);
	rig_free(rig);
}
END_TEST

START_TEST(a_free_list_that_leads_to_an_account_is_damage)
{
	uint64_t free_head = open_with_a_free_entry();
	struct entry entry = {.kind = ENTRY_ACCOUNT, .address = rig->keys[40].address, .currency = CURRENCY_FIRST};

	/* Taken for free, it would be written over, and what it holds would be gone. */
	ck_assert_int_eq(rig_edit_entry(rig, free_head, &entry), 0);
	ck_assert_int_eq(pay_somebody_new(), UNCIA_E_DAMAGED);
	rig_free(rig);
}
END_TEST

START_TEST(a_free_list_that_begins_outside_of_the_state_is_no_ledger)
{
	struct flush flush = {.group_count = 0};
	struct ledger *ledger;
	static const uint8_t seed[16] = "a seed of tables";

	open_with_a_free_entry();
	ck_assert_int_eq(rig->view.meta(rig->view.context, &flush.meta), 0);
	flush.meta.height++;
	flush.meta.free_head = flush.meta.entry_count;
	ck_assert_int_eq(memory_store_apply(rig->store, &flush), 0);
	ck_assert_int_eq(ledger_new(&rig->network.genesis, &rig->view, seed, &ledger), UNCIA_E_DAMAGED);
	rig_free(rig);
}
END_TEST

START_TEST(an_account_of_another_currency_neither_pays_nor_is_paid)
{
	struct entry entry;
	uint64_t index;

	rig = rig_new();
	ck_assert_int_eq(ledger_entry(rig->ledger, NULL, ACCOUNT(rig->keys[2].address), &entry, &index), 0);
	entry.currency = CURRENCY_FIRST + 1;
	struct entry first = {.kind = ENTRY_CURRENCY, .currency = CURRENCY_FIRST};
	struct entry second = {.kind = ENTRY_CURRENCY, .currency = CURRENCY_FIRST + 1, .balance = RIG_BALANCE};
	first.balance = (RIG_ACCOUNTS - 2) * RIG_BALANCE;
	/* Of each currency there must be as much as it records: the second takes the place of another account. */
	ck_assert_int_eq(rig_edit_entry(rig, index, &entry), UNCIA_E_DAMAGED);
	ck_assert_int_eq(rig_edit_entry(rig, RIG_ACCOUNTS, &second), UNCIA_E_DAMAGED);
	ck_assert_int_eq(rig_edit_entry(rig, 0, &first), 0);
	struct executed *block = rig_begin(rig, NULL, 4);
	ck_assert_int_eq(rig_pay(rig, block, 2, 0, 1000), UNCIA_E_FUNDS);
	ck_assert_int_eq(rig_pay(rig, block, 0, 2, 1000), UNCIA_E_AMOUNT);
	ck_assert_int_eq(rig_pay(rig, block, 0, 3, 1000), 0);
	executed_release(rig->ledger, block);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("ledger_damage", a_free_entry_that_leads_outside_of_the_state_is_damage,
          a_free_list_that_leads_to_an_account_is_damage, a_free_list_that_begins_outside_of_the_state_is_no_ledger,
          an_account_of_another_currency_neither_pays_nor_is_paid)
