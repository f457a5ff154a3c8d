/* The change of a committee in the ledger: keys that leave are retired, under the state root, and none comes back. */
#include "entry.h"
#include "ledger_rig.h"
#include "reconfigure.h"
#include "uncia/error.h"
#include "unit.h"

#define EXPIRES (FIXTURE_TIME_S + 100u)

static struct rig *rig;
#define CURRENT (&rig->network.genesis.committee)

static void setup(void)
{
	rig = rig_new();
}

static void teardown(void)
{
	rig_free(rig);
}

/* The committee's validators but the first `leaving`, and as many of the keys from `first_new` on in their places. */
static void change_make(const struct committee *current, uint32_t leaving, uint32_t first_new, uint32_t expires_at,
                        struct reconfigure *change)
{
	struct validator validators[COMMITTEE_SIZE_MAX];

	memset(change, 0, sizeof(*change));
	memcpy(validators, current->validators, sizeof(validators));
	for (uint32_t i = 0; i < leaving; i++) {
		struct fixture_validator fresh;
		fixture_validator(first_new + i, &fresh);
		memcpy(validators[i].consensus_key, fresh.consensus.public_key, 32);
		memcpy(validators[i].network_key, fresh.network_public, 32);
		change->joins[i] = true;
	}
	change->epoch = current->epoch;
	change->expires_at = expires_at;
	ck_assert_int_eq(committee_init(&change->next, current->epoch + 1, validators, current->size, current->faulty,
	                                current->slow),
	                 0);
}

static int retired(struct executed *tip, const uint8_t key[32], struct entry *entry)
{
	const struct entry_id id = retired_id(key);
	uint64_t index;

	return ledger_entry(rig->ledger, tip, &id, entry, &index);
}

/* A block that holds the change, settled. */
static void change_settle(const struct committee *current, const struct reconfigure *change, uint64_t height)
{
	struct executed *block = rig_begin(rig, NULL, height);

	ck_assert_int_eq(ledger_reconfigure(rig->ledger, block, current, change), 0);
	rig_root(rig, block); /* balanced: a retired key is no money */
	rig_settle(rig, block, height);
}

START_TEST(keys_that_leave_are_retired_under_the_root)
{
	static struct reconfigure change;
	struct entry entry;
	uint64_t accounts = ledger_accounts(rig->ledger);

	change_make(CURRENT, 1, 40, EXPIRES, &change);
	ck_assert_int_eq(ledger_check_reconfigure(rig->ledger, NULL, FIXTURE_TIME_MS + 1, CURRENT, &change), 0);
	struct executed *block = rig_begin(rig, NULL, 1), *empty = rig_begin(rig, NULL, 1);
	ck_assert_int_eq(ledger_reconfigure(rig->ledger, block, CURRENT, &change), 0);
	struct hash root = rig_root(rig, block), before = rig_root(rig, empty);
	ck_assert(!hash_equal(&root, &before));
	ck_assert_int_eq(retired(block, CURRENT->validators[0].consensus_key, &entry), 0);
	ck_assert_uint_eq(entry.kind, ENTRY_RETIRED);
	ck_assert_mem_eq(entry.public_key, CURRENT->validators[0].consensus_key, 32);
	ck_assert(entry.balance == 0 && entry.payments == 0 && entry.created == 1 && entry.flags == 0);
	for (uint32_t i = 1; i < CURRENT->size; i++)
		ck_assert_int_eq(retired(block, CURRENT->validators[i].consensus_key, &entry), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(retired(NULL, CURRENT->validators[0].consensus_key, &entry), UNCIA_E_NOT_FOUND);
	executed_release(rig->ledger, empty);
	rig_settle(rig, block, 1);
	ck_assert_uint_eq(ledger_accounts(rig->ledger), accounts);
	/* It is proved as any entry is, and there after it was stored. */
	for (int stored = 0; stored < 2; stored++) {
		const struct entry_id id = retired_id(CURRENT->validators[0].consensus_key);
		struct ledger_proof proof;
		struct hash settled;
		ck_assert_int_eq(ledger_prove(rig->ledger, &id, &proof), 0);
		ck_assert_int_eq(ledger_settled_root(rig->ledger, &settled), 0);
		const struct state_proof state = {.index = proof.index,
		                                  .entry_count = proof.entry_count,
		                                  .free_head = proof.free_head,
		                                  .group = proof.group,
		                                  .path = {proof.path, proof.path_size}};
		ck_assert(state_proof_verify(&settled, &state));
		rig_flush(rig);
		rig_reopen(rig);
	}
}
END_TEST

START_TEST(a_retired_key_does_not_come_back)
{
	static struct reconfigure first, second, third;

	change_make(CURRENT, 1, 40, EXPIRES, &first);
	change_settle(CURRENT, &first, 1);
	/* Validator 0's key again, in place of the one that took its place. */
	second = first;
	second.epoch = 1;
	ck_assert_int_eq(
	    committee_init(&second.next, 2, CURRENT->validators, CURRENT->size, CURRENT->faulty, CURRENT->slow), 0);
	for (int stored = 0; stored < 2; stored++) {
		struct executed *block = rig_begin(rig, NULL, 2);
		struct hash before = rig_root(rig, block), after;
		executed_release(rig->ledger, block);
		block = rig_begin(rig, NULL, 2);
		ck_assert_int_eq(ledger_reconfigure(rig->ledger, block, &first.next, &second), UNCIA_E_EXISTS);
		after = rig_root(rig, block);
		ck_assert(hash_equal(&before, &after)); /* nothing of it was done */
		executed_release(rig->ledger, block);
		ck_assert_int_eq(ledger_check_reconfigure(rig->ledger, NULL, FIXTURE_TIME_MS + 2, &first.next, &second),
		                 UNCIA_E_EXISTS);
		rig_flush(rig);
		rig_reopen(rig);
	}
	/* Others may join, and the one that joined first may leave. */
	change_make(&first.next, 2, 50, EXPIRES, &third);
	change_settle(&first.next, &third, 2);
	struct entry entry;
	ck_assert_int_eq(retired(NULL, first.next.validators[0].consensus_key, &entry), 0);
	ck_assert_uint_eq(entry.created, 2);
	ck_assert_int_eq(retired(NULL, CURRENT->validators[0].consensus_key, &entry), 0);
	ck_assert_uint_eq(entry.created, 1);
}
END_TEST

/* "t < expires_at <= t + 7 days": to the second. */
START_TEST(a_change_has_its_time)
{
	static struct reconfigure change;
	static const struct {
		uint32_t expires_at;
		int rc;
	} rows[] = {{FIXTURE_TIME_S, UNCIA_E_EXPIRED},
	            {FIXTURE_TIME_S + 1, 0},
	            {FIXTURE_TIME_S + RECONFIGURE_LIFETIME_S, 0},
	            {FIXTURE_TIME_S + RECONFIGURE_LIFETIME_S + 1, UNCIA_E_TOO_FAR}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		change_make(CURRENT, 1, 40, rows[i].expires_at, &change);
		ck_assert_int_eq(ledger_check_reconfigure(rig->ledger, NULL, FIXTURE_TIME_MS + 999, CURRENT, &change),
		                 rows[i].rc);
	}
}
END_TEST

START_TEST(all_of_a_committee_may_leave_at_once)
{
	static struct reconfigure change;
	struct entry entry;

	change_make(CURRENT, CURRENT->size, 40, EXPIRES, &change);
	change_settle(CURRENT, &change, 1);
	for (uint32_t i = 0; i < CURRENT->size; i++)
		ck_assert_int_eq(retired(NULL, CURRENT->validators[i].consensus_key, &entry), 0);
}
END_TEST

/* What is paid to the address that is a retired key's id makes an account beside it. */
START_TEST(an_account_of_the_same_key_is_another_entry)
{
	static struct reconfigure change;
	struct output output = {.amount = RIG_BALANCE / 2};
	struct entry entry;
	uint64_t index;

	change_make(CURRENT, 1, 40, EXPIRES, &change);
	change_settle(CURRENT, &change, 1);
	address_of_key(CURRENT->validators[0].consensus_key, &output.to);
	struct payment *payment =
	    fixture_payment_outputs(&rig->network, &rig->keys[0], &output, 1, RIG_EXPIRES_AT, rig->nonce++);
	struct executed *block = rig_begin(rig, NULL, 2);
	ck_assert_int_eq(ledger_add(rig->ledger, block, payment), 0);
	rig_root(rig, block);
	rig_settle(rig, block, 2);
	payment_free(payment);
	ck_assert_int_eq(ledger_entry(rig->ledger, NULL, ACCOUNT(output.to), &entry, &index), 0);
	ck_assert_uint_eq(entry.balance, RIG_BALANCE / 2);
	ck_assert_int_eq(retired(NULL, CURRENT->validators[0].consensus_key, &entry), 0);
	ck_assert_uint_eq(entry.balance, 0);
}
END_TEST

UNIT_MAIN_BETWEEN("ledger_reconfigure", setup, teardown, keys_that_leave_are_retired_under_the_root,
                  a_retired_key_does_not_come_back, a_change_has_its_time, all_of_a_committee_may_leave_at_once,
                  an_account_of_the_same_key_is_another_entry)
