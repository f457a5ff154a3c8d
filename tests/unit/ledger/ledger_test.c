/* The rules of payments and of the layers of blocks, each by one small case. What random histories do is in
 * ledger_model_test.c. */
#include "ledger_rig.h"
#include "uncia/error.h"
#include "unit.h"

static struct rig *rig;
static struct executed *block;

/* A rig with block 1 begun. */
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

static struct entry entry_of(struct executed *tip, uint32_t key, uint64_t *index)
{
	struct entry entry;

	ck_assert_int_eq(ledger_entry(rig->ledger, tip, ACCOUNT(rig->keys[key].address), &entry, index), 0);
	return entry;
}

static uint64_t index_of(struct executed *tip, uint32_t key)
{
	uint64_t index;

	entry_of(tip, key, &index);
	return index;
}

/* Adds and frees a payment of any shape. */
static int pay(const struct fixture_key *from, const struct output *outputs, uint32_t count, uint32_t expires_at)
{
	struct payment *p = fixture_payment_outputs(&rig->network, from, outputs, count, expires_at, rig->nonce++);
	int rc = ledger_check(rig->ledger, block, FIXTURE_TIME_MS + 1, p);

	ck_assert_int_eq(ledger_add(rig->ledger, block, p), rc);
	payment_free(p);
	return rc;
}

/* ---- payments -------------------------------------------------------------------------------- */

START_TEST(payment_moves_money_and_makes_account)
{
	uint64_t index;

	open_block();
	ck_assert_int_eq(rig_pay(rig, block, 0, 10, 5000), 0);
	ck_assert_uint_eq(rig_balance(rig, block, 0), RIG_BALANCE - 5000);
	struct entry entry = entry_of(block, 10, &index);
	ck_assert_uint_eq(entry.balance, 5000);
	ck_assert_uint_eq(entry.payments, 1);
	ck_assert_uint_eq(entry.created, 1);
	ck_assert_uint_eq(entry.flags, 0);
	ck_assert_uint_eq(index, RIG_ACCOUNTS + 1);
	/* The settled state knows nothing of it yet. */
	ck_assert_uint_eq(rig_balance(rig, NULL, 10), 0);
	rig_settle(rig, block, 1);
	ck_assert_uint_eq(rig_balance(rig, NULL, 10), 5000);
	ck_assert_uint_eq(ledger_accounts(rig->ledger), RIG_ACCOUNTS + 1);
	rig_flush(rig);
	rig_reopen(rig);
	ck_assert_uint_eq(rig_balance(rig, NULL, 10), 5000);
	ck_assert_uint_eq(ledger_settled_height(rig->ledger), 1);
	rig_free(rig);
}
END_TEST

START_TEST(expiry_is_counted_from_the_block_time_in_whole_seconds)
{
	static const struct {
		uint64_t time_ms;
		uint32_t expires_at;
		int result;
	} cases[] = {
	    {1700000000000, 1699999999, UNCIA_E_EXPIRED},
	    {1700000000000, 1700000000, UNCIA_E_EXPIRED},
	    {1700000000999, 1700000000, UNCIA_E_EXPIRED},
	    {1700000000000, 1700000001, 0},
	    {1700000000999, 1700000001, 0},
	    {1700000001000, 1700000001, UNCIA_E_EXPIRED},
	    {1700000000000, 1700003600, 0},
	    {1700000000999, 1700003601, UNCIA_E_TOO_FAR},
	    {1700000001000, 1700003601, 0},
	    {1700000000000, UINT32_MAX, UNCIA_E_TOO_FAR},
	    {1700000000000, 1, UNCIA_E_EXPIRED},
	};

	rig = rig_new();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct payment *p = fixture_payment(&rig->network, 0, 1, 1000, cases[i].expires_at, i);
		ck_assert_int_eq(ledger_begin(rig->ledger, NULL, 1, cases[i].time_ms, &block), 0);
		ck_assert_int_eq(ledger_check(rig->ledger, NULL, cases[i].time_ms, p), cases[i].result);
		ck_assert_int_eq(ledger_add(rig->ledger, block, p), cases[i].result);
		executed_release(rig->ledger, block);
		payment_free(p);
	}
	rig_free(rig);
}
END_TEST

START_TEST(payment_replayed_is_refused_wherever_the_first_one_is)
{
	struct flush *flush;

	open_block();
	struct payment *p = rig_payment(rig, 0, 1, 1000);
	ck_assert_int_eq(ledger_add(rig->ledger, block, p), 0);
	ck_assert_int_eq(ledger_add(rig->ledger, block, p), UNCIA_E_EXISTS);
	struct executed *child = rig_begin(rig, block, 2);
	ck_assert_int_eq(ledger_add(rig->ledger, child, p), UNCIA_E_EXISTS);
	/* On another branch it is another matter. */
	ck_assert_int_eq(ledger_check(rig->ledger, NULL, FIXTURE_TIME_MS, p), 0);
	rig_settle(rig, block, 1);
	ck_assert_int_eq(ledger_add(rig->ledger, child, p), UNCIA_E_EXISTS);
	ck_assert_int_eq(ledger_check(rig->ledger, NULL, FIXTURE_TIME_MS, p), UNCIA_E_EXISTS);
	ck_assert_int_eq(ledger_take_flush(rig->ledger, &flush), 0);
	ck_assert_int_eq(ledger_add(rig->ledger, child, p), UNCIA_E_EXISTS);
	ck_assert_int_eq(memory_store_apply(rig->store, flush), 0);
	ck_assert_int_eq(ledger_add(rig->ledger, child, p), UNCIA_E_EXISTS);
	ledger_flushed(rig->ledger, flush);
	ck_assert_int_eq(ledger_add(rig->ledger, child, p), UNCIA_E_EXISTS);
	executed_release(rig->ledger, child);
	rig_reopen(rig);
	ck_assert_int_eq(ledger_check(rig->ledger, NULL, FIXTURE_TIME_MS, p), UNCIA_E_EXISTS);
	payment_free(p);
	rig_free(rig);
}
END_TEST

START_TEST(sender_without_account_or_money_is_refused)
{
	open_block();
	ck_assert_int_eq(rig_pay(rig, block, 20, 0, 1000), UNCIA_E_FUNDS);
	ck_assert_int_eq(rig_pay(rig, block, 20, 20, 1000), UNCIA_E_FUNDS);
	ck_assert_int_eq(rig_pay(rig, block, 0, 1, RIG_BALANCE + 1), UNCIA_E_FUNDS);
	ck_assert_int_eq(rig_pay(rig, block, 0, 0, RIG_BALANCE + 1), UNCIA_E_FUNDS);
	ck_assert_int_eq(rig_pay(rig, block, 0, 1, UINT64_MAX), UNCIA_E_FUNDS);
	ck_assert_int_eq(rig_pay(rig, block, 0, 1, RIG_BALANCE), 0);
	close_block();
}
END_TEST

START_TEST(key_is_bound_by_the_first_payment_and_no_other_is_taken)
{
	uint64_t index;

	open_block();
	struct fixture_key thief = rig->keys[1];
	struct output output = {.to = rig->keys[1].address, .amount = 1000};
	thief.address = rig->keys[0].address; /* signs with its own key in the other's name */
	ck_assert_int_eq(pay(&thief, &output, 1, RIG_EXPIRES_AT), UNCIA_E_SIGNATURE);
	ck_assert_uint_eq(entry_of(block, 0, &index).flags, 0);
	ck_assert_int_eq(pay(&rig->keys[0], &output, 1, RIG_EXPIRES_AT), 0);
	struct entry entry = entry_of(block, 0, &index);
	ck_assert_uint_eq(entry.flags, ENTRY_KEY_KNOWN);
	ck_assert_mem_eq(entry.public_key, rig->keys[0].public_key, PUBLIC_KEY_SIZE);
	ck_assert_int_eq(pay(&thief, &output, 1, RIG_EXPIRES_AT), UNCIA_E_SIGNATURE);
	close_block();
}
END_TEST

START_TEST(rotated_account_pays_by_its_new_key_and_is_never_deleted)
{
	uint64_t index;
	rig = rig_new();
	struct entry entry = entry_of(NULL, 0, &index);

	entry.flags = ENTRY_KEY_KNOWN | ENTRY_KEY_ROTATED;
	memcpy(entry.public_key, rig->keys[30].public_key, PUBLIC_KEY_SIZE);
	ck_assert_int_eq(rig_edit_entry(rig, index, &entry), 0);
	block = rig_begin(rig, NULL, 2);
	struct output output = {.to = rig->keys[1].address, .amount = RIG_BALANCE};
	ck_assert_int_eq(pay(&rig->keys[0], &output, 1, RIG_EXPIRES_AT), UNCIA_E_SIGNATURE);
	struct fixture_key rotated = rig->keys[30];
	rotated.address = rig->keys[0].address;
	ck_assert_int_eq(pay(&rotated, &output, 1, RIG_EXPIRES_AT), 0);
	ck_assert_uint_eq(entry_of(block, 0, &index).balance, 0);
	ck_assert_uint_eq(entry_of(block, 0, &index).flags, ENTRY_KEY_KNOWN | ENTRY_KEY_ROTATED);
	/* Emptied, it still takes no other key, and can be paid again. */
	ck_assert_int_eq(rig_pay(rig, block, 1, 0, 1000), 0);
	output.amount = 1000;
	ck_assert_int_eq(pay(&rig->keys[0], &output, 1, RIG_EXPIRES_AT), UNCIA_E_SIGNATURE);
	close_block();
}
END_TEST

START_TEST(dust_is_refused_in_any_output)
{
	open_block();
	struct output outputs[3] = {{.to = rig->keys[1].address, .amount = 1000},
	                            {.to = rig->keys[20].address, .amount = FIXTURE_SMALLEST_AMOUNT - 1},
	                            {.to = rig->keys[21].address, .amount = 1000}};
	ck_assert_int_eq(pay(&rig->keys[0], outputs, 3, RIG_EXPIRES_AT), UNCIA_E_AMOUNT);
	outputs[1].amount++;
	ck_assert_int_eq(pay(&rig->keys[0], outputs, 3, RIG_EXPIRES_AT), 0);
	close_block();
}
END_TEST

START_TEST(refused_payment_leaves_the_block_as_it_was)
{
	open_block();
	struct executed *twin = rig_begin(rig, NULL, 1);
	struct output outputs[3] = {{.to = rig->keys[20].address, .amount = 1000},
	                            {.to = rig->keys[21].address, .amount = 1000},
	                            {.to = rig->keys[22].address, .amount = 1}};
	ck_assert_int_eq(rig_pay(rig, block, 1, 2, 1000), 0);
	rig->nonce--;
	ck_assert_int_eq(rig_pay(rig, twin, 1, 2, 1000), 0);
	ck_assert_int_eq(pay(&rig->keys[0], outputs, 3, RIG_EXPIRES_AT), UNCIA_E_AMOUNT);
	ck_assert_int_eq(rig_pay(rig, block, 0, 3, RIG_BALANCE * 2), UNCIA_E_FUNDS);
	struct hash root = rig_root(rig, block), expected = rig_root(rig, twin);
	ck_assert_mem_eq(root.b, expected.b, HASH_SIZE);
	ck_assert_uint_eq(rig_balance(rig, block, 20), 0);
	executed_release(rig->ledger, twin);
	close_block();
}
END_TEST

START_TEST(payment_to_oneself_changes_no_balance_and_counts_once)
{
	uint64_t index;

	open_block();
	ck_assert_int_eq(rig_pay(rig, block, 0, 0, RIG_BALANCE), 0);
	struct entry entry = entry_of(block, 0, &index);
	ck_assert_uint_eq(entry.balance, RIG_BALANCE);
	ck_assert_uint_eq(entry.payments, 1);
	ck_assert_uint_eq(entry.flags, ENTRY_KEY_KNOWN);
	/* All spent, a part of it to oneself: what came back stays. */
	struct output outputs[2] = {{.to = rig->keys[0].address, .amount = 4000},
	                            {.to = rig->keys[1].address, .amount = RIG_BALANCE - 4000}};
	ck_assert_int_eq(pay(&rig->keys[0], outputs, 2, RIG_EXPIRES_AT), 0);
	ck_assert_uint_eq(rig_balance(rig, block, 0), 4000);
	ck_assert_uint_eq(entry_of(block, 0, &index).payments, 2);
	ck_assert_uint_eq(rig_balance(rig, block, 1), 2 * RIG_BALANCE - 4000);
	rig_root(rig, block);
	close_block();
}
END_TEST

START_TEST(payment_of_255_outputs_reaches_every_one)
{
	struct output outputs[PAYMENT_OUTPUTS_MAX] = {0};
	struct payment_record record;
	struct entry entry;
	uint64_t index;

	open_block();
	for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++) {
		struct hash some = fixture_hash(k % 250); /* the last five repeat */
		memcpy(outputs[k].to.b, some.b, ADDRESS_SIZE);
		outputs[k].amount = 1000 + k;
	}
	struct payment *p =
	    fixture_payment_outputs(&rig->network, &rig->keys[0], outputs, PAYMENT_OUTPUTS_MAX, RIG_EXPIRES_AT, 0);
	ck_assert_int_eq(ledger_add(rig->ledger, block, p), 0);
	for (uint32_t k = 0; k < 250; k++) {
		ck_assert_int_eq(ledger_entry(rig->ledger, block, ACCOUNT(outputs[k].to), &entry, &index), 0);
		ck_assert_uint_eq(entry.balance, k < 5 ? 2250 + 2 * k : 1000 + k);
		ck_assert_uint_eq(entry.payments, 1);
		ck_assert_uint_eq(index, RIG_ACCOUNTS + 1 + k); /* new accounts stand in order of the outputs */
	}
	rig_settle(rig, block, 1);
	/* It does not wait for its flush as long as ordinary ones. */
	ck_assert_uint_eq(ledger_unflushed(rig->ledger), 1 + PAYMENT_OUTPUTS_MAX);
	rig_flush(rig);
	ck_assert_int_eq(ledger_find_payment(rig->ledger, NULL, &p->id, &record), 0);
	ck_assert_uint_eq(record.previous_count, 1 + PAYMENT_OUTPUTS_MAX);
	payment_free(p);
	rig_reopen(rig);
	ck_assert_uint_eq(ledger_accounts(rig->ledger), RIG_ACCOUNTS + 250);
	rig_free(rig);
}
END_TEST

/* Nobody can stop an account by paying it often: it pays and is paid on, and the counter stays where it is full. */
START_TEST(full_counter_of_payments_stays_full_and_stops_nothing)
{
	uint64_t index;
	rig = rig_new();
	struct entry entry = entry_of(NULL, 0, &index);

	entry.payments = ENTRY_PAYMENTS_FULL - 2;
	ck_assert_int_eq(rig_edit_entry(rig, index, &entry), 0);
	block = rig_begin(rig, NULL, 2);
	for (uint32_t more = 1; more <= 4; more++) {
		ck_assert_int_eq(more % 2 ? rig_pay(rig, block, 0, 1, 1000) : rig_pay(rig, block, 1, 0, 1000), 0);
		ck_assert_uint_eq(entry_of(block, 0, &index).payments, ENTRY_PAYMENTS_FULL - (more < 2 ? 1 : 0));
		ck_assert_uint_eq(entry_of(block, 1, &index).payments, more);
		ck_assert_uint_eq(rig_balance(rig, block, 0), entry.balance - (more % 2 ? 1000 : 0));
	}
	/* Emptied and created anew, it counts anew. */
	ck_assert_int_eq(rig_pay(rig, block, 0, 1, entry.balance), 0);
	ck_assert_int_eq(ledger_entry(rig->ledger, block, ACCOUNT(rig->keys[0].address), &entry, &index),
	                 UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(rig_pay(rig, block, 1, 0, 1000), 0);
	ck_assert_uint_eq(entry_of(block, 0, &index).payments, 1);
	close_block();
}
END_TEST

START_TEST(balance_that_would_overflow_is_refused)
{
	rig = rig_new();
	/* Unreachable while supply holds, so the supply is put wrong behind the ledger's back, after it looked. */
	struct group_record record;
	struct flush_group group = {0, &record};
	struct flush flush = {.group_count = 1, .groups = &group};
	uint64_t index;
	struct entry entry = entry_of(NULL, 0, &index);
	entry.balance = UINT64_MAX - 999;
	ck_assert_int_eq(rig->view.meta(rig->view.context, &flush.meta), 0);
	flush.meta.height++;
	ck_assert_int_eq(rig->view.group(rig->view.context, 0, &record), 0);
	entry_encode(&entry, record.entries + index * ENTRY_SIZE);
	ck_assert_int_eq(memory_store_apply(rig->store, &flush), 0);
	block = rig_begin(rig, NULL, 1);
	ck_assert_int_eq(rig_pay(rig, block, 1, 0, 1000), UNCIA_E_AMOUNT);
	struct output twice[2] = {{.to = rig->keys[0].address, .amount = UINT64_MAX - 5000},
	                          {.to = rig->keys[0].address, .amount = 4000}};
	ck_assert_int_eq(pay(&rig->keys[0], twice, 2, RIG_EXPIRES_AT), 0);
	close_block();
}
END_TEST

/* ---- deletion and creation ------------------------------------------------------------------- */

START_TEST(dust_is_never_left_behind)
{
	open_block();
	ck_assert_int_eq(rig_pay(rig, block, 1, 20, RIG_BALANCE - FIXTURE_SMALLEST_AMOUNT + 1), UNCIA_E_AMOUNT);
	ck_assert_int_eq(rig_pay(rig, block, 1, 20, RIG_BALANCE - 1), UNCIA_E_AMOUNT);
	ck_assert_uint_eq(rig_balance(rig, block, 1), RIG_BALANCE);
	ck_assert_int_eq(rig_pay(rig, block, 1, 20, RIG_BALANCE - FIXTURE_SMALLEST_AMOUNT), 0);
	ck_assert_int_eq(rig_pay(rig, block, 1, 20, FIXTURE_SMALLEST_AMOUNT), 0);
	ck_assert_uint_eq(rig_balance(rig, block, 20), RIG_BALANCE);
	close_block();
}
END_TEST

START_TEST(emptied_accounts_leave_their_entries_last_in_first_out)
{
	open_block();
	uint64_t first = index_of(block, 1), second = index_of(block, 2);
	ck_assert_int_eq(rig_pay(rig, block, 1, 0, RIG_BALANCE), 0);
	/* The one being emptied does not make room within its own payment. */
	ck_assert_int_eq(rig_pay(rig, block, 2, 20, RIG_BALANCE), 0);
	ck_assert_uint_eq(index_of(block, 20), first);
	ck_assert_int_eq(rig_pay(rig, block, 3, 0, RIG_BALANCE), 0);
	rig_settle(rig, block, 1);
	rig_flush(rig);
	rig_reopen(rig);
	ck_assert_uint_eq(ledger_accounts(rig->ledger), RIG_ACCOUNTS - 2);
	block = rig_begin(rig, NULL, 2);
	ck_assert_int_eq(rig_pay(rig, block, 0, 21, 1000), 0);
	ck_assert_int_eq(rig_pay(rig, block, 0, 22, 1000), 0);
	ck_assert_int_eq(rig_pay(rig, block, 0, 23, 1000), 0);
	ck_assert_uint_ne(index_of(block, 21), second);
	ck_assert_uint_eq(index_of(block, 22), second);
	ck_assert_uint_eq(index_of(block, 23), RIG_ACCOUNTS + 1);
	close_block();
}
END_TEST

START_TEST(account_made_again_starts_afresh_and_keeps_its_history)
{
	struct position head;
	struct payment_record record;
	uint64_t index;

	open_block();
	ck_assert_int_eq(ledger_history_head(rig->ledger, block, ACCOUNT(rig->keys[0].address), &head), 0);
	ck_assert_uint_eq(head.height, 0);
	ck_assert_int_eq(ledger_history_head(rig->ledger, block, ACCOUNT(rig->keys[20].address), &head),
	                 UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(rig_pay(rig, block, 0, 20, 1000), 0);
	ck_assert_int_eq(rig_pay(rig, block, 20, 1, 1000), 0); /* deleted */
	ck_assert_uint_eq(rig_balance(rig, block, 20), 0);
	ck_assert_int_eq(ledger_history_head(rig->ledger, block, ACCOUNT(rig->keys[20].address), &head), 0);
	ck_assert_uint_eq(head.index, 1);
	rig_settle(rig, block, 1);
	rig_flush(rig);
	rig_reopen(rig);
	ck_assert_int_eq(ledger_history_head(rig->ledger, NULL, ACCOUNT(rig->keys[20].address), &head), 0);
	ck_assert_uint_eq(head.height, 1);
	block = rig_begin(rig, NULL, 2);
	struct payment *p = rig_payment(rig, 1, 20, 2000);
	ck_assert_int_eq(ledger_add(rig->ledger, block, p), 0);
	struct entry entry = entry_of(block, 20, &index);
	ck_assert_uint_eq(entry.payments, 1);
	ck_assert_uint_eq(entry.created, 2);
	ck_assert_uint_eq(entry.flags, 0);
	ck_assert_int_eq(ledger_find_payment(rig->ledger, block, &p->id, &record), 0);
	ck_assert_uint_eq(record.at.height, 2);
	ck_assert_uint_eq(record.previous[1].height, 1);
	ck_assert_uint_eq(record.previous[1].index, 1);
	rig_settle(rig, block, 2);
	rig_flush(rig);
	ck_assert_int_eq(rig->view.orphan(rig->view.context, ACCOUNT(rig->keys[20].address), &head), UNCIA_E_NOT_FOUND);
	payment_free(p);
	rig_free(rig);
}
END_TEST

/* ---- layers ---------------------------------------------------------------------------------- */

START_TEST(forks_keep_their_own_roots_however_often_asked)
{
	struct executed *tips[2], *all[2][5];
	struct hash roots[2][5];

	rig = rig_new();
	struct hash settled, now;
	ck_assert_int_eq(ledger_settled_root(rig->ledger, &settled), 0);
	for (uint32_t side = 0; side < 2; side++)
		tips[side] = NULL;
	/* Each new root moves the tree from the other branch to this one. Both branches grow it past a power of four.
	 */
	for (uint32_t i = 0; i < 5; i++) {
		for (uint32_t side = 0; side < 2; side++) {
			struct executed *child = rig_begin(rig, tips[side], 1 + i);
			for (uint32_t k = 0; k < 5; k++)
				ck_assert_int_eq(rig_pay(rig, child, side, 10 + 5 * i + k, 1000 + side), 0);
			roots[side][i] = rig_root(rig, child);
			all[side][i] = tips[side] = child;
		}
	}
	ck_assert_mem_ne(roots[0][4].b, roots[1][4].b, HASH_SIZE);
	ck_assert_int_eq(ledger_settled_root(rig->ledger, &now), 0);
	ck_assert_mem_eq(now.b, settled.b, HASH_SIZE);
	for (uint32_t i = 0; i < 5; i++)
		executed_release(rig->ledger, all[1][i]);
	for (uint32_t i = 0; i < 5; i++)
		rig_settle(rig, all[0][i], 1 + i);
	ck_assert_int_eq(ledger_settled_root(rig->ledger, &now), 0);
	ck_assert_mem_eq(now.b, roots[0][4].b, HASH_SIZE);
	rig_flush(rig);
	rig_reopen(rig); /* computed afresh from the groups */
	ck_assert_int_eq(ledger_settled_root(rig->ledger, &now), 0);
	ck_assert_mem_eq(now.b, roots[0][4].b, HASH_SIZE);
	rig_free(rig);
}
END_TEST

START_TEST(proof_is_of_the_settled_state_while_the_tree_is_further_on)
{
	struct ledger_proof proof;
	struct hash root;

	rig = rig_new();
	struct executed *tip = NULL, *blocks[6];
	for (uint32_t i = 0; i < 6; i++) {
		tip = blocks[i] = rig_begin(rig, tip, 1 + i);
		for (uint32_t k = 0; k < 8; k++)
			ck_assert_int_eq(rig_pay(rig, tip, i % 3, 8 + 8 * i + k, 1000), 0);
		rig_root(rig, tip);
	}
	for (uint32_t i = 0; i <= 6; i++) {
		ck_assert_int_eq(ledger_settled_root(rig->ledger, &root), 0);
		for (uint32_t key = 0; key < 56; key++) {
			int rc = ledger_prove(rig->ledger, ACCOUNT(rig->keys[key].address), &proof);
			if (key >= RIG_ACCOUNTS && (key < 8 || key >= 8 + 8 * i)) {
				ck_assert_int_eq(rc, UNCIA_E_NOT_FOUND);
				continue;
			}
			ck_assert_int_eq(rc, 0);
			const struct state_proof found = {.index = proof.index,
			                                  .entry_count = proof.entry_count,
			                                  .free_head = proof.free_head,
			                                  .group = proof.group,
			                                  .path = {proof.path, proof.path_size}};
			ck_assert(state_proof_verify(&root, &found));
		}
		if (i < 6)
			rig_settle(rig, blocks[i], 1 + i);
	}
	rig_free(rig);
}
END_TEST

START_TEST(child_outlives_the_release_and_the_settling_of_its_parent)
{
	open_block();
	struct executed *child = rig_begin(rig, block, 2), *grandchild = rig_begin(rig, child, 3);
	ck_assert_int_eq(rig_pay(rig, grandchild, 0, 20, 1000), 0);
	struct hash before = rig_root(rig, grandchild);
	executed_release(rig->ledger, grandchild);
	grandchild = rig_begin(rig, child, 3);
	rig_settle(rig, block, 1); /* releases our reference; the child has its own */
	rig->nonce--;
	ck_assert_int_eq(rig_pay(rig, grandchild, 0, 20, 1000), 0);
	rig_settle(rig, child, 2);
	struct hash after = rig_root(rig, grandchild);
	ck_assert_mem_eq(before.b, after.b, HASH_SIZE);
	ck_assert_uint_eq(rig_balance(rig, grandchild, 20), 1000);
	executed_release(rig->ledger, grandchild);
	executed_release(rig->ledger, NULL);
	rig_free(rig);
	ledger_free(NULL);
	flush_free(NULL);
}
END_TEST

START_TEST(flush_is_one_at_a_time_and_of_whole_blocks)
{
	struct flush *flush, *none;

	rig = rig_new();
	ck_assert_int_eq(ledger_take_flush(rig->ledger, &flush), 0);
	ck_assert_ptr_null(flush);
	block = rig_begin(rig, NULL, 1);
	ck_assert_int_eq(rig_pay(rig, block, 0, 20, 1000), 0);
	rig_settle(rig, block, 1);
	ck_assert_uint_eq(ledger_unflushed(rig->ledger), 2); /* who paid, and who was paid */
	ck_assert_int_eq(ledger_take_flush(rig->ledger, &flush), 0);
	ck_assert_uint_eq(ledger_unflushed(rig->ledger), 0);
	rig_settle(rig, rig_begin(rig, NULL, 2), 2);
	ck_assert_int_eq(ledger_take_flush(rig->ledger, &none), 0);
	ck_assert_ptr_null(none);
	ck_assert_uint_eq(flush->meta.height, 1);
	flush_prepare(flush);
	ck_assert_uint_eq(flush->payment_count, 1);
	ck_assert_uint_eq(flush->group_count, 1);
	ck_assert_int_eq(memory_store_apply(rig->store, flush), 0);
	ledger_flushed(rig->ledger, flush);
	/* An empty block moves the height all the same. */
	ck_assert_int_eq(ledger_take_flush(rig->ledger, &flush), 0);
	ck_assert_uint_eq(flush->meta.height, 2);
	flush_prepare(flush);
	ck_assert_uint_eq(flush->group_count + flush->payment_count, 0);
	ck_assert_int_eq(memory_store_apply(rig->store, flush), 0);
	ck_assert_int_eq(memory_store_apply(rig->store, flush), UNCIA_E_ARGUMENT);
	ledger_flushed(rig->ledger, flush);
	rig_free(rig);
}
END_TEST

/* Filling and sorting take long, and are for the thread that stores. */
START_TEST(flush_is_filled_when_it_is_prepared_and_once)
{
	struct flush *flush;

	rig = rig_new();
	block = rig_begin(rig, NULL, 1);
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_int_eq(rig_pay(rig, block, i, 40 - i, 1000), 0);
	rig_settle(rig, block, 1);
	ck_assert_int_eq(ledger_take_flush(rig->ledger, &flush), 0);
	ck_assert_uint_eq(flush->group_count + flush->address_count + flush->payment_count, 0);
	for (int times = 0; times < 2; times++) {
		flush_prepare(flush);
		ck_assert_uint_gt(flush->group_count, 1);
		ck_assert_uint_eq(flush->address_count, 5);
		ck_assert_uint_eq(flush->payment_count, 5);
		ck_assert_uint_eq(flush->orphan_count, 0);
	}
	/* What is settled meanwhile is not in it. */
	block = rig_begin(rig, NULL, 2);
	ck_assert_int_eq(rig_pay(rig, block, 0, 50, 1000), 0);
	rig_settle(rig, block, 2);
	ck_assert_int_eq(memory_store_apply(rig->store, flush), 0); /* which takes it in order only */
	ck_assert_uint_eq(flush->payment_count, 5);
	ledger_flushed(rig->ledger, flush);
	rig_free(rig);
}
END_TEST

/* ---- damage ---------------------------------------------------------------------------------- */

START_TEST(ledger_refuses_a_state_whose_sum_is_not_the_supply)
{
	uint64_t first, second;
	rig = rig_new();
	struct entry entry = entry_of(NULL, 0, &first), other = entry_of(NULL, 1, &second);

	entry.balance++;
	ck_assert_int_eq(rig_edit_entry(rig, first, &entry), UNCIA_E_DAMAGED);
	entry.balance--;
	ck_assert_int_eq(rig_edit_entry(rig, first, &entry), 0);
	/* In 64 bits this sum is right: what the two have too much makes 2^64. */
	entry.balance += UINT64_C(1) << 63;
	other.balance += UINT64_C(1) << 63;
	ck_assert_int_eq(rig_edit_entry(rig, first, &entry), UNCIA_E_DAMAGED);
	ck_assert_int_eq(rig_edit_entry(rig, second, &other), UNCIA_E_DAMAGED);
	rig_free(rig);
}
END_TEST

START_TEST(empty_store_is_not_a_ledger)
{
	static const uint8_t seed[16];
	struct storage_view view;
	struct ledger *ledger = NULL;

	rig = rig_new();
	struct memory_store *empty = memory_store_new();
	memory_store_view(empty, &view);
	ck_assert_int_eq(ledger_new(&rig->network.genesis, &view, seed, &ledger), UNCIA_E_DAMAGED);
	ck_assert_ptr_null(ledger);
	memory_store_free(empty);
	rig_free(rig);
}
END_TEST

/* Lets the n-th read fail, for every n until the call reads no further; the value is how many reads failed. */
static int reads_that_fail(int (*call)(void), int error)
{
	int reads = 0;

	for (;;) {
		memory_store_fail(rig->store, (uint64_t)reads + 1, error);
		int rc = call();
		memory_store_fail(rig->store, 0, 0);
		if (rc != error) {
			ck_assert_int_eq(rc, 0);
			return reads;
		}
		reads++;
	}
}

static struct payment *paid;
static struct payment *stored_payment;

static int call_add(void)
{
	return ledger_add(rig->ledger, block, paid);
}
static int call_check(void)
{
	return ledger_check(rig->ledger, NULL, FIXTURE_TIME_MS, paid);
}
static int call_account(void)
{
	struct entry entry;
	uint64_t index;
	return ledger_entry(rig->ledger, NULL, ACCOUNT(rig->keys[0].address), &entry, &index);
}
static int call_prove(void)
{
	struct ledger_proof proof;
	return ledger_prove(rig->ledger, ACCOUNT(rig->keys[0].address), &proof);
}
static int call_head(void)
{
	struct position head;
	return ledger_history_head(rig->ledger, NULL, ACCOUNT(rig->keys[0].address), &head);
}
static int call_orphan_head(void)
{
	struct position head;
	return ledger_history_head(rig->ledger, NULL, ACCOUNT(rig->keys[20].address), &head);
}
static int call_find(void)
{
	struct payment_record record;
	return ledger_find_payment(rig->ledger, NULL, &stored_payment->id, &record);
}
static int call_new(void)
{
	static const uint8_t seed[16];
	struct ledger *ledger;
	int rc = ledger_new(&rig->network.genesis, &rig->view, seed, &ledger);
	if (rc == 0)
		ledger_free(ledger);
	return rc;
}

START_TEST(damage_in_the_store_reaches_whoever_reads)
{
	static const int errors[] = {UNCIA_E_DAMAGED, UNCIA_E_IO};

	for (size_t e = 0; e < 2; e++) {
		open_block();
		stored_payment = rig_payment(rig, 0, 20, 1000);
		ck_assert_int_eq(ledger_add(rig->ledger, block, stored_payment), 0);
		ck_assert_int_eq(rig_pay(rig, block, 20, 0, 1000), 0); /* leaves an orphan and a free entry */
		rig_settle(rig, block, 1);
		rig_flush(rig);
		rig_reopen(rig); /* it holds nothing in memory now */
		block = rig_begin(rig, NULL, 2);
		paid = rig_payment(rig, 0, 20, 1000);
		/* What one try has found is in the cache for the next, so that there are fewer reads. */
		ck_assert_int_ge(reads_that_fail(call_check, errors[e]), 4);
		ck_assert_int_ge(reads_that_fail(call_add, errors[e]), 3);
		struct hash after = rig_root(rig, block); /* the failed ones left nothing behind */
		struct executed *twin = rig_begin(rig, NULL, 2);
		ck_assert_int_eq(ledger_add(rig->ledger, twin, paid), 0);
		struct hash expected = rig_root(rig, twin);
		ck_assert_mem_eq(after.b, expected.b, HASH_SIZE);
		executed_release(rig->ledger, twin);
		ck_assert_int_eq(reads_that_fail(call_account, errors[e]), 1);
		ck_assert_int_eq(reads_that_fail(call_prove, errors[e]), 1);
		ck_assert_int_eq(reads_that_fail(call_head, errors[e]), 1);
		ck_assert_int_eq(reads_that_fail(call_orphan_head, errors[e]), 2);
		ck_assert_int_eq(reads_that_fail(call_find, errors[e]), 1);
		ck_assert_int_ge(reads_that_fail(call_new, errors[e]), 3);
		payment_free(paid);
		payment_free(stored_payment);
		close_block();
	}
}
END_TEST

START_TEST(entry_that_is_not_its_address_is_damage)
{
	uint64_t index;
	rig = rig_new();
	struct entry entry = entry_of(NULL, 0, &index);

	entry.address = rig->keys[40].address;
	ck_assert_int_eq(rig_edit_entry(rig, index, &entry), 0);
	ck_assert_int_eq(call_account(), UNCIA_E_DAMAGED);
	ck_assert_int_eq(call_prove(), UNCIA_E_DAMAGED);
	ck_assert_int_eq(call_head(), UNCIA_E_DAMAGED);
	block = rig_begin(rig, NULL, 2);
	ck_assert_int_eq(rig_pay(rig, block, 0, 1, 1000), UNCIA_E_DAMAGED);
	ck_assert_int_eq(rig_pay(rig, block, 1, 0, 1000), UNCIA_E_DAMAGED);
	close_block();
}
END_TEST

UNIT_MAIN("ledger", payment_moves_money_and_makes_account, expiry_is_counted_from_the_block_time_in_whole_seconds,
          payment_replayed_is_refused_wherever_the_first_one_is, sender_without_account_or_money_is_refused,
          key_is_bound_by_the_first_payment_and_no_other_is_taken,
          rotated_account_pays_by_its_new_key_and_is_never_deleted, dust_is_refused_in_any_output,
          dust_is_never_left_behind, refused_payment_leaves_the_block_as_it_was,
          payment_to_oneself_changes_no_balance_and_counts_once, payment_of_255_outputs_reaches_every_one,
          full_counter_of_payments_stays_full_and_stops_nothing, balance_that_would_overflow_is_refused,
          emptied_accounts_leave_their_entries_last_in_first_out,
          account_made_again_starts_afresh_and_keeps_its_history, forks_keep_their_own_roots_however_often_asked,
          proof_is_of_the_settled_state_while_the_tree_is_further_on,
          child_outlives_the_release_and_the_settling_of_its_parent, flush_is_one_at_a_time_and_of_whole_blocks,
          flush_is_filled_when_it_is_prepared_and_once, ledger_refuses_a_state_whose_sum_is_not_the_supply,
          empty_store_is_not_a_ledger, damage_in_the_store_reaches_whoever_reads,
          entry_that_is_not_its_address_is_damage)
