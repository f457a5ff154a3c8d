/* What a sender's entry alone says of a payment: never yes where the ledger wants money, and no only where it refuses,
 * but for payments to oneself. And what the ledger says of a payment's key. */
#include "ledger_rig.h"
#include "operation.h"
#include "uncia/error.h"
#include "unit.h"

#define LEAST FIXTURE_SMALLEST_AMOUNT

static struct rig *rig;

START_TEST(what_fits_is_covered_and_what_wants_money_is_not)
{
	static const struct {
		uint32_t from, to;
		amount_t first, second; /* 0: one output */
		bool covered;
		int result;
	} cases[] = {
	    {0, 1, LEAST, 0, true, 0},
	    {0, 1, RIG_BALANCE, 0, true, 0},
	    {0, 20, RIG_BALANCE - LEAST, 0, true, 0},
	    {0, 1, RIG_BALANCE / 2, RIG_BALANCE / 2, true, 0},
	    {0, 1, RIG_BALANCE + 1, 0, false, UNCIA_E_FUNDS},
	    {0, 1, RIG_BALANCE / 2 + 1, RIG_BALANCE / 2, false, UNCIA_E_FUNDS},
	    {0, 1, UINT64_MAX, 0, false, UNCIA_E_FUNDS},
	    {0, 1, LEAST - 1, 0, false, UNCIA_E_AMOUNT},
	    {0, 1, LEAST, LEAST - 1, false, UNCIA_E_AMOUNT},
	    {0, 1, RIG_BALANCE - LEAST + 1, 0, false, UNCIA_E_AMOUNT},
	    {0, 1, RIG_BALANCE - 1, 0, false, UNCIA_E_AMOUNT},
	    {0, 0, RIG_BALANCE, 0, true, 0},
	    {0, 0, RIG_BALANCE - 1, 0, false, 0}, /* it leaves dust behind for a moment only */
	};
	rig = rig_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct output outputs[2] = {{.to = rig->keys[cases[i].to].address, .amount = cases[i].first},
		                                  {.to = rig->keys[2].address, .amount = cases[i].second}};
		struct payment *p = fixture_payment_outputs(&rig->network, &rig->keys[cases[i].from], outputs,
		                                            cases[i].second ? 2 : 1, RIG_EXPIRES_AT, rig->nonce++);
		enum sender_key key;
		struct entry sender;
		uint64_t index;
		bool covered;
		ck_assert_int_eq(ledger_entry(rig->ledger, NULL, ACCOUNT(p->sender), &sender, &index), 0);
		ck_assert_int_eq(ledger_payment_key(rig->ledger, NULL, p, &key, &covered), 0);
		ck_assert_int_eq(covered, cases[i].covered);
		ck_assert_int_eq(ledger_check(rig->ledger, NULL, FIXTURE_TIME_MS + 1, p), cases[i].result);
		sender.currency++;
		ck_assert(!operation_of(p)->covered(&rig->network.genesis, &sender, p));
		payment_free(p);
	}
	rig_free(rig);
}
END_TEST

static void expect_key(struct executed *tip, const struct payment *payment, enum sender_key expected, bool is_covered)
{
	enum sender_key key;
	bool covered;

	ck_assert_int_eq(ledger_payment_key(rig->ledger, tip, payment, &key, &covered), 0);
	ck_assert_int_eq(key, expected);
	ck_assert_int_eq(covered, is_covered);
}

START_TEST(key_of_a_payment_is_first_then_bound_and_no_other)
{
	rig = rig_new();
	const struct output output = {.to = rig->keys[1].address, .amount = 1000};
	struct fixture_key thief = rig->keys[1];
	thief.address = rig->keys[0].address;
	struct payment *own = rig_payment(rig, 0, 1, 1000), *large = rig_payment(rig, 0, 1, RIG_BALANCE + 1);
	struct payment *stolen =
	    fixture_payment_outputs(&rig->network, &thief, &output, 1, RIG_EXPIRES_AT, rig->nonce++);
	struct payment *unborn = rig_payment(rig, 20, 1, 1000);
	struct executed *block = rig_begin(rig, NULL, 1);
	expect_key(block, own, SENDER_KEY_FIRST, true);
	expect_key(block, stolen, SENDER_KEY_OTHER, true);
	expect_key(block, unborn, SENDER_KEY_UNFUNDED, false);
	ck_assert_int_eq(rig_pay(rig, block, 0, 1, 1000), 0);
	expect_key(block, own, SENDER_KEY_BOUND, true);
	expect_key(block, large, SENDER_KEY_BOUND, false);
	expect_key(block, stolen, SENDER_KEY_OTHER, true);
	expect_key(NULL, own, SENDER_KEY_FIRST, true);
	executed_release(rig->ledger, block);
	payment_free(own);
	payment_free(large);
	payment_free(stolen);
	payment_free(unborn);
	rig_free(rig);
}
END_TEST

/* Taken for an account that is not there, its key would be checked against the address. */
START_TEST(sender_that_cannot_be_read_has_no_key)
{
	static const int errors[] = {UNCIA_E_DAMAGED, UNCIA_E_IO};
	enum sender_key key = SENDER_KEY_OTHER;
	bool covered = false;

	for (size_t i = 0; i < 2; i++) {
		rig = rig_new();
		struct payment *p = rig_payment(rig, 0, 1, 1000);
		memory_store_fail(rig->store, 1, errors[i]);
		ck_assert_int_eq(ledger_payment_key(rig->ledger, NULL, p, &key, &covered), errors[i]);
		memory_store_fail(rig->store, 0, 0);
		ck_assert_int_eq(key, SENDER_KEY_OTHER);
		expect_key(NULL, p, SENDER_KEY_FIRST, true);
		key = SENDER_KEY_OTHER;
		payment_free(p);
		rig_free(rig);
	}
}
END_TEST

UNIT_MAIN("ledger_covers", what_fits_is_covered_and_what_wants_money_is_not,
          key_of_a_payment_is_first_then_bound_and_no_other, sender_that_cannot_be_read_has_no_key)
