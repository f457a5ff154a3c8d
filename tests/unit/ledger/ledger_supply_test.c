/* The sums that must be zero, held against entries decoded one by one; and blocks that break them. */
#include "ledger_internal.h"
#include "ledger_rig.h"
#include "unit.h"

static void put(uint8_t entries[GROUP_SIZE], unsigned slot, struct entry entry)
{
	entry_encode(&entry, entries + slot * ENTRY_SIZE);
}

static wide_amount_t decoded(const uint8_t entries[GROUP_SIZE], uint32_t currency)
{
	wide_amount_t sum = 0;

	for (unsigned slot = 0; slot < GROUP_ENTRIES; slot++) {
		struct entry entry;
		ck_assert_int_eq(entry_decode(entries + slot * ENTRY_SIZE, &entry), 0);
		if (entry.currency == currency && entry.kind == ENTRY_ACCOUNT)
			sum += entry.balance;
		if (entry.currency == currency && entry.kind == ENTRY_CURRENCY)
			sum -= entry.balance;
	}
	return sum;
}

START_TEST(sums_are_those_of_decoded_entries_currency_by_currency)
{
	uint8_t entries[GROUP_SIZE] = {0};
	struct supply supply = {0};

	put(entries, 0, (struct entry){.kind = ENTRY_CURRENCY, .currency = 1, .balance = UINT64_MAX});
	put(entries, 1, (struct entry){.kind = ENTRY_ACCOUNT, .currency = 1, .balance = UINT64_MAX, .payments = 7});
	put(entries, 2, (struct entry){.kind = ENTRY_ACCOUNT, .currency = 2, .balance = 0x0102030405060708});
	put(entries, 3, (struct entry){.kind = ENTRY_FREE, .balance = 1234});
	put(entries, 4, (struct entry){.kind = ENTRY_ACCOUNT, .currency = 1, .balance = UINT64_MAX, .created = 99});
	put(entries, 5, (struct entry){.kind = ENTRY_ACCOUNT, .currency = SUPPLY_CURRENCIES, .balance = 3});
	put(entries, 6, (struct entry){.kind = ENTRY_CURRENCY, .currency = 2, .balance = 5});
	supply_add(&supply, entries);
	for (uint32_t id = 0; id <= SUPPLY_CURRENCIES; id++)
		ck_assert(supply.of[id] == decoded(entries, id));
	ck_assert(supply.of[1] == UINT64_MAX && supply.of[SUPPLY_CURRENCIES] == 3 && !supply_balanced(&supply));
	supply_subtract(&supply, entries);
	ck_assert(supply_balanced(&supply));
}
END_TEST

START_TEST(money_of_a_currency_that_there_cannot_be_is_never_balanced)
{
	static const uint32_t ids[] = {0, SUPPLY_CURRENCIES + 1, UINT32_MAX};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint8_t entries[GROUP_SIZE] = {0};
		struct supply supply = {0};
		put(entries, 7, (struct entry){.kind = ENTRY_ACCOUNT, .currency = ids[i], .balance = 1});
		supply_add(&supply, entries);
		ck_assert(!supply_balanced(&supply));
	}
}
END_TEST

/* Changes the account of the second key behind the block's back, after a payment to it, and asks for the root. */
static int root_after(void (*change)(struct entry *entry))
{
	struct rig *rig = rig_new();
	struct executed *block = rig_begin(rig, NULL, 1);
	struct entry entry;
	struct hash root;

	ck_assert_int_eq(rig_pay(rig, block, 0, 1, 1000), 0);
	uint8_t *bytes = block->groups.first->record.entries + (size_t)2 * ENTRY_SIZE;
	ck_assert_int_eq(entry_decode(bytes, &entry), 0);
	change(&entry);
	entry_encode(&entry, bytes);
	rig_end(block);
	int rc = ledger_root(rig->ledger, block, &root);
	executed_release(rig->ledger, block);
	rig_free(rig);
	return rc;
}

static void change_nothing(struct entry *entry)
{
	(void)entry;
}
static void add_one(struct entry *entry)
{
	entry->balance++;
}
static void turn_currency(struct entry *entry)
{
	entry->currency++;
}
static void turn_currency_far(struct entry *entry)
{
	entry->currency = 5000;
}
static void free_it(struct entry *entry)
{
	*entry = (struct entry){.kind = ENTRY_FREE, .balance = entry->balance};
}

START_TEST(block_that_changes_the_sum_of_a_currency_has_no_root)
{
	ck_assert_int_eq(root_after(change_nothing), 0);
	ck_assert_int_eq(root_after(add_one), UNCIA_E_DAMAGED);
	ck_assert_int_eq(root_after(turn_currency), UNCIA_E_DAMAGED);
	ck_assert_int_eq(root_after(turn_currency_far), UNCIA_E_DAMAGED);
	ck_assert_int_eq(root_after(free_it), UNCIA_E_DAMAGED);
}
END_TEST

START_TEST(recorded_supply_is_part_of_the_sum)
{
	struct rig *rig = rig_new();
	struct executed *block = rig_begin(rig, NULL, 1);
	struct entry entry;
	struct hash root;

	ck_assert_int_eq(rig_pay(rig, block, 0, 1, 1000), 0);
	uint8_t *bytes = block->groups.first->record.entries;
	ck_assert_int_eq(entry_decode(bytes, &entry), 0);
	ck_assert_uint_eq(entry.kind, ENTRY_CURRENCY);
	entry.balance++;
	entry_encode(&entry, bytes);
	rig_end(block);
	ck_assert_int_eq(ledger_root(rig->ledger, block, &root), UNCIA_E_DAMAGED);
	executed_release(rig->ledger, block);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("ledger_supply", sums_are_those_of_decoded_entries_currency_by_currency,
          money_of_a_currency_that_there_cannot_be_is_never_balanced,
          block_that_changes_the_sum_of_a_currency_has_no_root, recorded_supply_is_part_of_the_sum)
