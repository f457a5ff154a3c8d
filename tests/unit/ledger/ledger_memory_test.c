/* What the ledger and the pool do where memory ends (faults: the n-th allocation fails): each call says so, leaves
 * nothing half-done, leaks nothing, and works once there is memory again. And what no call may let pass. */
#include "heap.h"
#include "ledger_internal.h"
#include "ledger_rig.h"
#include "mempool.h"
#include "unit.h"

static struct rig *rig;
static struct executed *block;
static struct payment *payment;
static struct mempool *pool;
static const uint8_t seed[16] = "a seed of tables";

/* Lets the n-th allocation fail, for every n until the call asks for no more; the value is how many failed. */
static int allocations_that_fail(int (*call)(void))
{
	for (int n = 0;; n++) {
		heap_fail_from((uint64_t)n + 1);
		int rc = call();
		int failed = heap_failed();
		heap_fail_from(0);
		ck_assert_int_eq(rc, failed ? UNCIA_E_MEMORY : 0);
		if (!failed)
			return n;
	}
}

static int call_genesis(void)
{
	struct flush *flush;
	int rc = genesis_flush(&rig->network.genesis, &flush);
	if (rc == 0)
		flush_free(flush);
	return rc;
}
static int call_new(void)
{
	struct ledger *ledger;
	int rc = ledger_new(&rig->network.genesis, &rig->view, seed, &ledger);
	if (rc == 0)
		ledger_free(ledger);
	return rc;
}
static int call_begin(void)
{
	struct executed *begun;
	int rc = ledger_begin(rig->ledger, NULL, 1, FIXTURE_TIME_MS, &begun);
	if (rc == 0)
		executed_release(rig->ledger, begun);
	return rc;
}
static int call_root(void)
{
	struct hash root;
	return ledger_root(rig->ledger, block, &root);
}
static struct flush *taken;
static int call_flush(void)
{
	return ledger_take_flush(rig->ledger, &taken);
}

/* Makes twenty accounts in three groups and deletes the sender: every table of the overlay is used. */
static struct payment *wide_payment(void)
{
	struct output outputs[20] = {0};

	for (uint32_t k = 0; k < 20; k++)
		outputs[k] = (struct output){.to = rig->keys[10 + k].address, .amount = RIG_BALANCE / 20};
	return fixture_payment_outputs(&rig->network, &rig->keys[0], outputs, 20, RIG_EXPIRES_AT, 0);
}

START_TEST(ledger_call_without_memory_leaves_everything_as_it_was)
{
	struct hash before, after;

	rig = rig_new();
	ck_assert_int_ge(allocations_that_fail(call_genesis), 5);
	ck_assert_int_ge(allocations_that_fail(call_new), 3);
	ck_assert_int_ge(allocations_that_fail(call_begin), 1);
	ck_assert_int_eq(ledger_settled_root(rig->ledger, &before), 0);
	block = rig_begin(rig, NULL, 1);
	payment = wide_payment();
	ck_assert_int_eq(ledger_add(rig->ledger, block, payment), 0);
	rig_end(block);
	ck_assert_int_ge(allocations_that_fail(call_root), 3);
	struct hash root = rig_root(rig, block);
	ck_assert_mem_ne(root.b, before.b, HASH_SIZE);
	rig_settle(rig, block, 1);
	ck_assert_int_ge(allocations_that_fail(call_flush), 6);
	ck_assert_int_eq(memory_store_apply(rig->store, taken), 0);
	ledger_flushed(rig->ledger, taken);
	rig_reopen(rig);
	ck_assert_int_eq(ledger_settled_root(rig->ledger, &after), 0);
	ck_assert_mem_eq(after.b, root.b, HASH_SIZE);
	payment_free(payment);
	rig_free(rig);
}
END_TEST

START_TEST(payment_without_memory_leaves_the_block_without_it)
{
	struct hash before, root;
	int rc = UNCIA_E_MEMORY;

	for (uint64_t n = 1; rc != 0; n++) {
		rig = rig_new();
		ck_assert_int_eq(ledger_settled_root(rig->ledger, &before), 0);
		payment = wide_payment();
		block = rig_begin(rig, NULL, 1);
		heap_fail_from(n);
		rc = ledger_add(rig->ledger, block, payment);
		int failed = heap_failed();
		heap_fail_from(0);
		ck_assert_int_eq(rc, failed ? UNCIA_E_MEMORY : 0);
		if (failed) {
			ck_assert_uint_eq(rig_balance(rig, block, 0), RIG_BALANCE);
			for (uint32_t k = 0; k < 20; k++)
				ck_assert_uint_eq(rig_balance(rig, block, 10 + k), 0);
			root = rig_root(rig, block);
			ck_assert_mem_eq(root.b, before.b, HASH_SIZE);
			rig_settle(rig, block, 1);
			rig_flush(rig);
			rig_reopen(rig);
		} else {
			ck_assert_uint_gt(n, 8);
			executed_release(rig->ledger, block);
		}
		payment_free(payment);
		rig_free(rig);
	}
}
END_TEST

START_TEST(settling_without_memory_says_so_and_can_be_freed)
{
	for (uint64_t n = 1;; n++) {
		rig = rig_new();
		block = rig_begin(rig, NULL, 1);
		ck_assert_int_eq(rig_pay(rig, block, 0, 20, RIG_BALANCE), 0);
		ck_assert_int_eq(rig_pay(rig, block, 20, 0, RIG_BALANCE), 0);
		rig_end(block);
		heap_fail_from(n);
		int rc = ledger_settle(rig->ledger, block, NULL, NULL);
		int failed = heap_failed();
		heap_fail_from(0);
		ck_assert_int_eq(rc, failed ? UNCIA_E_MEMORY : 0);
		executed_release(rig->ledger, block);
		rig_free(rig);
		if (!failed) {
			ck_assert_uint_gt(n, 6);
			return;
		}
	}
}
END_TEST

START_TEST(block_that_makes_money_has_no_root_and_is_not_settled)
{
	struct hash root;
	struct entry entry;

	rig = rig_new();
	block = rig_begin(rig, NULL, 1);
	ck_assert_int_eq(rig_pay(rig, block, 0, 1, 1000), 0);
	/* Only a mistake of our own could do this: the check is there to find it before the block is agreed on. */
	struct held_group *group = block->groups.first;
	uint8_t *bytes = group->record.entries + ENTRY_SIZE;
	ck_assert_int_eq(entry_decode(bytes, &entry), 0);
	entry.balance++;
	entry_encode(&entry, bytes);
	rig_end(block);
	ck_assert_int_eq(ledger_root(rig->ledger, block, &root), UNCIA_E_DAMAGED);
	ck_assert_int_eq(ledger_settle(rig->ledger, block, NULL, NULL), UNCIA_E_DAMAGED);
	struct executed *child = rig_begin(rig, block, 2);
	rig_end(child);
	ck_assert_int_eq(ledger_root(rig->ledger, child, &root), UNCIA_E_DAMAGED);
	executed_release(rig->ledger, child);
	executed_release(rig->ledger, block);
	rig_free(rig);
}
END_TEST

static int call_pool_new(void)
{
	struct mempool *made;
	int rc = mempool_new(100, 10, seed, &made);
	if (rc == 0)
		mempool_free(made);
	return rc;
}
static int call_pool_add(void)
{
	struct pooled *pooled;
	return mempool_add(pool, payment, 0, &pooled);
}
static int call_pool_verified(void)
{
	return mempool_verified(pool, mempool_find(pool, &payment->whole));
}
static int call_short_ids_new(void)
{
	struct short_ids *sought;
	int rc = short_ids_new(&payment->whole, seed, 2, &sought);
	if (rc == 0)
		short_ids_free(sought);
	return rc;
}

START_TEST(pool_without_memory_takes_nothing_and_keeps_what_it_has)
{
	rig = rig_new();
	payment = rig_payment(rig, 0, 1, 1000);
	ck_assert_int_ge(allocations_that_fail(call_pool_new), 3);
	ck_assert_int_eq(mempool_new(100, 10, seed, &pool), 0);
	ck_assert_int_ge(allocations_that_fail(call_pool_add), 1);
	ck_assert_int_ge(allocations_that_fail(call_pool_verified), 1);
	ck_assert_uint_eq(mempool_count(pool), 1);
	ck_assert_int_ge(allocations_that_fail(call_short_ids_new), 1);
	mempool_expire(pool, RIG_EXPIRES_AT);
	ck_assert_uint_eq(mempool_count(pool), 0);
	mempool_free(pool);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("ledger_memory", ledger_call_without_memory_leaves_everything_as_it_was,
          payment_without_memory_leaves_the_block_without_it, settling_without_memory_says_so_and_can_be_freed,
          block_that_makes_money_has_no_root_and_is_not_settled,
          pool_without_memory_takes_nothing_and_keeps_what_it_has)
