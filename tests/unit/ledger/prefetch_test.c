/* Fetching ahead reads only what is there, whatever is asked for, and changes nothing. */
#include "ledger_internal.h"
#include "ledger_rig.h"
#include "unit.h"

static void fetch(struct rig *rig, const struct executed *tip, uint32_t round)
{
	struct ledger_ahead ahead = {0};

	for (uint32_t i = 0; i < 3 * LEDGER_AHEAD + round; i++) {
		struct entry_id id = {.kind = i % 5 ? ENTRY_ACCOUNT : ENTRY_HOLD,
		                      .address = rig->keys[i % RIG_KEYS].address};
		struct payment_id payment = {{(uint8_t)i, (uint8_t)round}};
		ledger_prefetch_entry(rig->ledger, tip, &ahead, &id);
		ledger_prefetch_payment(rig->ledger, &payment);
	}
}

/* Two ledgers go the same way, one of them fetches: before anything is known, while a block is open, behind flushes. */
START_TEST(fetching_ahead_changes_nothing)
{
	struct rig *rig = rig_new(), *plain = rig_new();

	for (uint32_t height = 1; height <= 6; height++) {
		struct executed *block = rig_begin(rig, NULL, height), *other = rig_begin(plain, NULL, height);
		for (uint32_t i = 0; i < 12; i++) {
			fetch(rig, block, i);
			ck_assert_int_eq(rig_pay(rig, block, i % RIG_ACCOUNTS, RIG_ACCOUNTS + i, 1000),
			                 rig_pay(plain, other, i % RIG_ACCOUNTS, RIG_ACCOUNTS + i, 1000));
		}
		struct hash root = rig_root(rig, block), expected = rig_root(plain, other);
		ck_assert_mem_eq(root.b, expected.b, HASH_SIZE);
		rig_settle(rig, block, height);
		rig_settle(plain, other, height);
		fetch(rig, NULL, height);
		if (height % 2) {
			rig_flush(rig);
			rig_flush(plain);
		}
		fetch(rig, NULL, height);
	}
	rig_free(rig);
	rig_free(plain);
}
END_TEST

UNIT_MAIN("prefetch", fetching_ahead_changes_nothing)
