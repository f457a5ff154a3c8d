/* Payments of many outputs, one after the other in one ledger: so many entries that a plan finds its own by a table,
 * that a block's table of groups grows, and that the indexes of its groups have several digits. */
#include <stdlib.h>
#include "heap.h"
#include "ledger_internal.h"
#include "ledger_rig.h"
#include "uncia/error.h"
#include "unit.h"

/* A wide payment takes some 290,000, so that each account of the rig makes three. */
enum {
	BLOCKS = 3,
	PAYMENTS = RIG_ACCOUNTS,
	ADDRESSES = BLOCKS * PAYMENTS * PAYMENT_OUTPUTS_MAX / 2,
	COLLIDING = 200000
};

static amount_t paid[ADDRESSES];

static struct address address_of(uint32_t i)
{
	struct hash some = fixture_hash(i);
	struct address address;

	memcpy(address.b, some.b, ADDRESS_SIZE);
	return address;
}

/* The same receivers for the same numbers; `fails`: the last output is too small. */
static struct payment *wide(struct rig *rig, uint32_t from, uint32_t first, bool fails)
{
	struct output outputs[PAYMENT_OUTPUTS_MAX];

	for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++)
		outputs[k] = (struct output){.to = address_of((first + k) % ADDRESSES), .amount = 1000 + k};
	if (fails)
		outputs[PAYMENT_OUTPUTS_MAX - 1].amount = 1;
	return fixture_payment_outputs(&rig->network, &rig->keys[from], outputs, PAYMENT_OUTPUTS_MAX, RIG_EXPIRES_AT,
	                               rig->nonce++);
}

static void count_paid(uint32_t first)
{
	for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++)
		paid[(first + k) % ADDRESSES] += 1000 + k;
}

static void check_paid(struct rig *rig, struct executed *tip)
{
	struct entry entry;
	uint64_t index;

	for (uint32_t i = 0; i < ADDRESSES; i++) {
		struct address address = address_of(i);
		int rc = ledger_entry(rig->ledger, tip, ACCOUNT(address), &entry, &index);
		ck_assert_int_eq(rc, paid[i] ? 0 : UNCIA_E_NOT_FOUND);
		ck_assert_uint_eq(rc ? 0 : entry.balance, paid[i]);
	}
}

static void check_groups(const struct executed *block)
{
	size_t count = 0;

	for (const struct held_group *group = block->groups.first; group; group = group->next, count++)
		ck_assert_ptr_eq(block_groups_find(&block->groups, group->index), group);
	ck_assert_uint_eq(count, block->groups.count);
}

/* Adds it, with each allocation failing in turn: what is there stays. */
static void add_at_last(struct rig *rig, struct executed *block, const struct payment *payment, uint32_t *grown)
{
	for (uint64_t nth = 1;; nth++) {
		unsigned slots_log2 = block->groups.slots_log2;
		heap_fail_from(nth);
		int rc = ledger_add(rig->ledger, block, payment);
		int failed = heap_failed();
		heap_fail_from(0);
		*grown += slots_log2 && block->groups.slots_log2 > slots_log2;
		ck_assert_int_eq(rc, failed ? UNCIA_E_MEMORY : 0);
		check_groups(block);
		if (!failed)
			return;
	}
}

/* The tree that is made anew from what was stored is that of the blocks. */
START_TEST(wide_payments_reach_everyone_whatever_failed_before)
{
	struct rig *rig = rig_new();
	uint32_t first = 0, grown = 0;
	struct hash root, stored;

	memset(paid, 0, sizeof(paid));
	for (uint32_t height = 1; height <= BLOCKS; height++) {
		struct executed *block = rig_begin(rig, NULL, height);
		for (uint32_t i = 0; i < PAYMENTS; i++, first += PAYMENT_OUTPUTS_MAX) {
			struct payment *bad = wide(rig, i, first + 7, true), *good = wide(rig, i, first, false);
			ck_assert_int_eq(ledger_add(rig->ledger, block, bad), UNCIA_E_AMOUNT);
			add_at_last(rig, block, good, &grown);
			count_paid(first);
			payment_free(bad);
			payment_free(good);
		}
		check_paid(rig, block);
		root = rig_root(rig, block);
		rig_settle(rig, block, height);
		check_paid(rig, NULL);
	}
	ck_assert_uint_ge(grown, 1);
	ck_assert_uint_gt(rig->ledger->extent.entry_count, 256 * GROUP_ENTRIES);
	rig_flush(rig);
	rig_reopen(rig);
	check_paid(rig, NULL);
	ck_assert_int_eq(ledger_settled_root(rig->ledger, &stored), 0);
	ck_assert_mem_eq(stored.b, root.b, HASH_SIZE);
	rig_free(rig);
}
END_TEST

struct hashed {
	unsigned hash;
	uint32_t i;
};

static int compare_hashed(const void *a, const void *b)
{
	unsigned x = ((const struct hashed *)a)->hash, y = ((const struct hashed *)b)->hash;

	return (x > y) - (x < y);
}

/* Two addresses whose hashes are the same 32 bits in this ledger. */
static void find_colliding(const struct ledger *ledger, struct address found[2])
{
	struct hashed *all = calloc(COLLIDING, sizeof(*all));
	uint32_t at = 0;

	ck_assert_ptr_nonnull(all);
	for (uint32_t i = 0; i < COLLIDING; i++) {
		struct address address = address_of(i);
		all[i] = (struct hashed){overlay_hash(ledger->hash_seed, ACCOUNT(address), sizeof(struct entry_id)), i};
	}
	qsort(all, COLLIDING, sizeof(*all), compare_hashed);
	while (at + 1 < COLLIDING && all[at].hash != all[at + 1].hash)
		at++;
	ck_assert_uint_lt(at + 1, COLLIDING);
	found[0] = address_of(all[at].i);
	found[1] = address_of(all[at + 1].i);
	free(all);
}

START_TEST(addresses_of_one_hash_are_two_in_a_wide_payment)
{
	struct rig *rig = rig_new();
	struct executed *block = rig_begin(rig, NULL, 1);
	struct output outputs[20];
	struct address colliding[2];
	struct entry entry;
	uint64_t index;

	find_colliding(rig->ledger, colliding);
	for (uint32_t k = 0; k < 20; k++)
		outputs[k] =
		    (struct output){.to = k < 18 ? address_of(COLLIDING + k) : colliding[k - 18], .amount = 1000 + k};
	struct payment *p = fixture_payment_outputs(&rig->network, &rig->keys[0], outputs, 20, RIG_EXPIRES_AT, 0);
	ck_assert_int_eq(ledger_add(rig->ledger, block, p), 0);
	for (uint32_t k = 18; k < 20; k++) {
		ck_assert_int_eq(ledger_entry(rig->ledger, block, ACCOUNT(outputs[k].to), &entry, &index), 0);
		ck_assert_uint_eq(entry.balance, 1000 + k);
	}
	payment_free(p);
	rig_settle(rig, block, 1);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("ledger_wide", wide_payments_reach_everyone_whatever_failed_before,
          addresses_of_one_hash_are_two_in_a_wide_payment)
