/* See ledger_rig.h. */
#include "ledger_rig.h"
#include <check.h>
#include <stdlib.h>
#include "ledger_internal.h"
#include "uncia/error.h"

static const uint8_t seed[16] = "a seed of tables";

static void open_ledger(struct rig *rig)
{
	ck_assert_int_eq(ledger_new(&rig->network.genesis, &rig->view, seed, &rig->ledger), 0);
}

struct rig *rig_new(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct flush *flush;

	ck_assert_ptr_nonnull(rig);
	fixture_init(&rig->network, 4, RIG_ACCOUNTS, RIG_BALANCE);
	for (uint32_t i = 0; i < RIG_KEYS; i++)
		fixture_account(i, &rig->keys[i]);
	rig->store = memory_store_new();
	ck_assert_ptr_nonnull(rig->store);
	memory_store_view(rig->store, &rig->view);
	ck_assert_int_eq(genesis_flush(&rig->network.genesis, &flush), 0);
	ck_assert_int_eq(memory_store_apply(rig->store, flush), 0);
	flush_free(flush);
	open_ledger(rig);
	return rig;
}

void rig_free(struct rig *rig)
{
	ledger_free(rig->ledger);
	memory_store_free(rig->store);
	fixture_deinit(&rig->network);
	free(rig);
}

void rig_reopen(struct rig *rig)
{
	ledger_free(rig->ledger);
	open_ledger(rig);
}

int rig_edit_entry(struct rig *rig, uint64_t index, const struct entry *entry)
{
	struct group_record record;
	struct flush_group group = {index / GROUP_ENTRIES, &record};
	struct flush flush = {.group_count = 1, .groups = &group};

	ck_assert_int_eq(rig->view.meta(rig->view.context, &flush.meta), 0);
	flush.meta.height++;
	ck_assert_int_eq(rig->view.group(rig->view.context, group.index, &record), 0);
	entry_encode(entry, record.entries + index % GROUP_ENTRIES * ENTRY_SIZE);
	ck_assert_int_eq(memory_store_apply(rig->store, &flush), 0);
	ledger_free(rig->ledger);
	rig->ledger = NULL;
	return ledger_new(&rig->network.genesis, &rig->view, seed, &rig->ledger);
}

struct payment *rig_payment(struct rig *rig, uint32_t from, uint32_t to, amount_t amount)
{
	struct output output = {.to = rig->keys[to].address, .amount = amount};

	return fixture_payment_outputs(&rig->network, &rig->keys[from], &output, 1, RIG_EXPIRES_AT, rig->nonce++);
}

int rig_pay(struct rig *rig, struct executed *block, uint32_t from, uint32_t to, amount_t amount)
{
	struct payment *payment = rig_payment(rig, from, to, amount);
	int rc = ledger_add(rig->ledger, block, payment);

	payment_free(payment);
	return rc;
}

struct executed *rig_begin(struct rig *rig, struct executed *parent, uint64_t height)
{
	struct executed *block;

	rig_end(parent);
	ck_assert_int_eq(ledger_begin(rig->ledger, parent, height, FIXTURE_TIME_MS + height, &block), 0);
	return block;
}

void rig_end(struct executed *block)
{
	for (; block && block->state == EXECUTED_OPEN; block = block->parent) {
		struct hash id = fixture_hash(block->height);
		ledger_end(block, &id);
	}
}

struct hash rig_root(struct rig *rig, struct executed *block)
{
	struct hash root;

	rig_end(block);
	ck_assert_int_eq(ledger_root(rig->ledger, block, &root), 0);
	return root;
}

void rig_settle(struct rig *rig, struct executed *block, uint64_t height)
{
	ck_assert_uint_eq(block->height, height);
	rig_end(block);
	ck_assert_int_eq(ledger_settle(rig->ledger, block, NULL, NULL), 0);
	executed_release(rig->ledger, block);
}

void rig_flush(struct rig *rig)
{
	struct flush *flush;

	ck_assert_int_eq(ledger_take_flush(rig->ledger, &flush), 0);
	if (!flush)
		return;
	ck_assert_int_eq(memory_store_apply(rig->store, flush), 0);
	ledger_flushed(rig->ledger, flush);
}

amount_t rig_balance(struct rig *rig, struct executed *tip, uint32_t key)
{
	struct entry entry;
	uint64_t index;
	const struct entry_id id = account_id(&rig->keys[key].address);
	int rc = ledger_entry(rig->ledger, tip, &id, &entry, &index);

	if (rc == UNCIA_E_NOT_FOUND)
		return 0;
	ck_assert_int_eq(rc, 0);
	return entry.balance;
}
