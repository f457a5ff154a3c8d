/* What a sender's entry alone says of a payment: never yes where the ledger wants money, and no only where it refuses,
 * but for payments to oneself. */
#include "ledger_rig.h"
#include "uncia/error.h"
#include "unit.h"

#define LEAST FIXTURE_SMALLEST_AMOUNT

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
	struct rig *rig = rig_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct output outputs[2] = {{.to = rig->keys[cases[i].to].address, .amount = cases[i].first},
		                                  {.to = rig->keys[2].address, .amount = cases[i].second}};
		struct payment *p = fixture_payment_outputs(&rig->network, &rig->keys[cases[i].from], outputs,
		                                            cases[i].second ? 2 : 1, RIG_EXPIRES_AT, rig->nonce++);
		struct entry sender;
		uint64_t index;
		ck_assert_int_eq(ledger_account(rig->ledger, NULL, &p->sender, &sender, &index), 0);
		ck_assert_int_eq(ledger_covers(rig->ledger, &sender, p), cases[i].covered);
		ck_assert_int_eq(ledger_check(rig->ledger, NULL, FIXTURE_TIME_MS + 1, p), cases[i].result);
		sender.currency++;
		ck_assert(!ledger_covers(rig->ledger, &sender, p));
		payment_free(p);
	}
	rig_free(rig);
}
END_TEST

UNIT_MAIN("ledger_covers", what_fits_is_covered_and_what_wants_money_is_not)
