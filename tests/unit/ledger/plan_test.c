/* A payment that names its entries again and again, with few of them and with more than are looked through one by one:
 * each is taken up once, and gets the sum of what was paid to it. */
#include "ledger_internal.h"
#include "ledger_rig.h"
#include "unit.h"

START_TEST(entry_named_often_is_taken_up_once)
{
	for (uint32_t receivers = 1; receivers < RIG_KEYS; receivers++) {
		struct rig *rig = rig_new();
		struct executed *block = rig_begin(rig, NULL, 1);
		struct output outputs[PAYMENT_OUTPUTS_MAX];
		amount_t paid[RIG_KEYS] = {0};
		struct entry entry;
		uint64_t index;
		for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++) {
			uint32_t to = k * 7 % receivers; /* the sender is one of them */
			outputs[k] = (struct output){.to = rig->keys[to].address, .amount = 1000 + k};
			paid[to] += outputs[k].amount;
			paid[0] -= outputs[k].amount;
		}
		struct payment *p = fixture_payment_outputs(&rig->network, &rig->keys[0], outputs, PAYMENT_OUTPUTS_MAX,
		                                            RIG_EXPIRES_AT, 0);
		ck_assert_int_eq(ledger_add(rig->ledger, block, p), 0);
		for (uint32_t to = 0; to < receivers; to++) {
			amount_t before = to < RIG_ACCOUNTS ? RIG_BALANCE : 0;
			bool named = to == 0 || paid[to] != 0;
			ck_assert_uint_eq(rig_balance(rig, block, to), before + paid[to]);
			if (!named)
				continue;
			ck_assert_int_eq(
			    ledger_entry(rig->ledger, block, ACCOUNT(rig->keys[to].address), &entry, &index), 0);
			ck_assert_uint_eq(entry.payments, 1);
		}
		payment_free(p);
		rig_root(rig, block); /* no money was made or lost */
		rig_settle(rig, block, 1);
		rig_free(rig);
	}
}
END_TEST

UNIT_MAIN("plan", entry_named_often_is_taken_up_once)
