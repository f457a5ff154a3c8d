/* Holds, each rule by one small case: opened by a transfer, taken by whoever has the key, given back after the end
 * (docs/spec/ledger.md §3.7). Key 50 is the claim key, and key 51 another one. */
#include "ledger_rig.h"
#include "uncia/error.h"
#include "unit.h"

#define CLAIM_KEY 50u
#define OTHER_KEY 51u
#define SMALLEST  ((amount_t)FIXTURE_SMALLEST_AMOUNT)

static struct rig *rig;
static struct executed *block;
static uint64_t height;
static const uint8_t secret[SECRET_SIZE] = {7, 7, 7};

/* A block at that time on the one before. */
static void begin_at(uint64_t time_s)
{
	struct executed *parent = block;

	if (parent)
		rig_end(parent);
	ck_assert_int_eq(ledger_begin(rig->ledger, parent, ++height, time_s * 1000, &block), 0);
	if (parent)
		executed_release(rig->ledger, parent);
}

static void open_rig(void)
{
	rig = rig_new();
	block = NULL;
	height = 0;
	begin_at(FIXTURE_TIME_S + 1);
}

static void close_rig(void)
{
	executed_release(rig->ledger, block);
	rig_free(rig);
}

/* A hold as its opener sees it. */
struct opened {
	struct hold_opening opening;
	struct payment_id id; /* of the payment that opened it */
};

static struct hold_opening hold_under(uint32_t key, const uint8_t *with_secret, uint32_t end, amount_t amount)
{
	struct hold_opening hold = {.end = end, .amount = amount};

	hold_lock(rig->keys[key].public_key, with_secret, &hold.lock);
	return hold;
}

static struct payment *opening_of(uint32_t from, const struct hold_opening *holds, uint32_t count, uint32_t expires_at)
{
	struct payment draft = {
	    .expires_at = expires_at, .currency = CURRENCY_FIRST, .hold_count = count, .holds = holds};
	struct payment *payment;

	draft.nonce[0] = (uint8_t)++rig->nonce;
	int rc = payment_make(&rig->network.genesis.network_id, &draft, rig->keys[from].public_key,
	                      rig->keys[from].secret_key, &payment);
	return rc ? NULL : payment;
}

/* Adds a payment, which ledger_check must judge alike, and frees it. */
static int add(struct payment *payment)
{
	ck_assert_ptr_nonnull(payment);
	int rc = ledger_add(rig->ledger, block, payment);
	payment_free(payment);
	return rc;
}

/* Opens a hold. Returns what the ledger said; *opened is what came of it. */
static int open_hold(uint32_t from, struct hold_opening hold, struct opened *opened)
{
	struct payment *payment = opening_of(from, &hold, 1, RIG_EXPIRES_AT);

	ck_assert_ptr_nonnull(payment);
	opened->opening = payment->holds[0];
	opened->id = payment->id;
	return add(payment);
}

static struct opened opened_well(uint32_t from, struct hold_opening hold)
{
	struct opened opened;

	ck_assert_int_eq(open_hold(from, hold, &opened), 0);
	return opened;
}

static struct payment *take_of(const struct opened *opened, uint32_t key, const uint8_t *with_secret,
                               const struct output *outputs, uint32_t count, uint32_t expires_at)
{
	struct hold_reference reference = {
	    .home = opened->opening.home, .opening = opened->id, .has_secret = with_secret != NULL};
	struct payment draft = {.kind = PAYMENT_TAKE,
	                        .expires_at = expires_at,
	                        .currency = CURRENCY_FIRST,
	                        .output_count = count,
	                        .outputs = outputs,
	                        .hold = &reference};
	struct payment *payment;

	if (with_secret)
		memcpy(reference.secret, with_secret, SECRET_SIZE);
	draft.nonce[0] = (uint8_t)++rig->nonce;
	ck_assert_int_eq(payment_make(&rig->network.genesis.network_id, &draft, rig->keys[key].public_key,
	                              rig->keys[key].secret_key, &payment),
	                 0);
	return payment;
}

static int take(const struct opened *opened, uint32_t to, amount_t amount, uint32_t expires_at)
{
	const struct output output = {.to = rig->keys[to].address, .amount = amount};

	return add(take_of(opened, CLAIM_KEY, NULL, &output, 1, expires_at));
}

static int give_back(const struct opened *opened, amount_t amount, uint64_t at_s)
{
	const struct hold_reference hold = {.home = opened->opening.home, .seal = opened->opening.seal};
	struct payment *payment;

	ck_assert_int_eq(fixture_give_back(&rig->network.genesis.network_id, &hold, amount,
	                                   fixture_give_back_expires_at(at_s), &payment),
	                 0);
	return add(payment);
}

/* The hold's balance, or nothing where it is gone. */
static amount_t held(const struct opened *opened)
{
	const struct entry_id id = {ENTRY_HOLD, opened->opening.id};
	struct entry entry;
	uint64_t index;
	int rc = ledger_entry(rig->ledger, block, &id, &entry, &index);

	if (rc == UNCIA_E_NOT_FOUND)
		return 0;
	ck_assert_int_eq(rc, 0);
	ck_assert(entry_is(&entry, &id));
	ck_assert_uint_eq(entry.end, opened->opening.end);
	return entry.balance;
}

/* ---- opening --------------------------------------------------------------------------------- */

START_TEST(a_hold_takes_from_its_opener_and_is_no_account)
{
	open_rig();
	struct opened hold = opened_well(0, hold_under(CLAIM_KEY, NULL, FIXTURE_TIME_S + 3600, 5 * SMALLEST));
	ck_assert_uint_eq(held(&hold), 5 * SMALLEST);
	ck_assert_uint_eq(rig_balance(rig, block, 0), RIG_BALANCE - 5 * SMALLEST);
	ck_assert(address_equal(&hold.opening.home, &rig->keys[0].address));
	/* What is paid to its id goes to an account beside it. */
	const struct output output = {.to = hold.opening.id, .amount = SMALLEST};
	ck_assert_int_eq(add(fixture_payment_outputs(&rig->network, &rig->keys[1], &output, 1, RIG_EXPIRES_AT, 77)), 0);
	ck_assert_uint_eq(held(&hold), 5 * SMALLEST);
	struct entry entry;
	uint64_t index;
	ck_assert_int_eq(ledger_entry(rig->ledger, block, ACCOUNT(hold.opening.id), &entry, &index), 0);
	ck_assert_uint_eq(entry.balance, SMALLEST);
	/* The supply is whole with what holds have. */
	rig_settle(rig, block, height);
	rig_flush(rig);
	rig_reopen(rig);
	block = NULL;
	ck_assert_uint_eq(held(&hold), 5 * SMALLEST);
	rig_free(rig);
}
END_TEST

START_TEST(a_hold_ends_between_a_minute_and_four_hundred_days_from_now)
{
	const uint32_t now = FIXTURE_TIME_S + 1;
	static const struct {
		uint32_t seconds;
		int result;
	} cases[] = {{0, UNCIA_E_END}, {59, UNCIA_E_END}, {60, 0}, {400 * 86400, 0}, {400 * 86400 + 1, UNCIA_E_END}};

	open_rig();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct opened hold;
		ck_assert_int_eq(open_hold(0, hold_under(CLAIM_KEY, NULL, now + cases[i].seconds, SMALLEST), &hold),
		                 cases[i].result);
		ck_assert_uint_eq(held(&hold), cases[i].result ? 0 : SMALLEST);
	}
	close_rig();
}
END_TEST

START_TEST(a_hold_is_at_least_the_smallest_amount_and_leaves_as_much)
{
	struct opened hold;

	open_rig();
	uint32_t end = FIXTURE_TIME_S + 3600;
	ck_assert_int_eq(open_hold(0, hold_under(CLAIM_KEY, NULL, end, SMALLEST - 1), &hold), UNCIA_E_AMOUNT);
	ck_assert_int_eq(open_hold(0, hold_under(CLAIM_KEY, NULL, end, RIG_BALANCE - 1), &hold), UNCIA_E_AMOUNT);
	ck_assert_int_eq(open_hold(0, hold_under(CLAIM_KEY, NULL, end, RIG_BALANCE + 1), &hold), UNCIA_E_FUNDS);
	/* An opener who empties himself goes; a take recreates him. */
	hold = opened_well(0, hold_under(CLAIM_KEY, NULL, end, RIG_BALANCE));
	ck_assert_uint_eq(rig_balance(rig, block, 0), 0);
	ck_assert_int_eq(take(&hold, 0, RIG_BALANCE, FIXTURE_TIME_S + 600), 0);
	ck_assert_uint_eq(rig_balance(rig, block, 0), RIG_BALANCE);
	ck_assert_uint_eq(held(&hold), 0);
	close_rig();
}
END_TEST

START_TEST(one_lock_opened_again_is_another_hold)
{
	open_rig();
	struct hold_opening same = hold_under(CLAIM_KEY, NULL, FIXTURE_TIME_S + 3600, SMALLEST);
	struct opened first = opened_well(0, same), second = opened_well(0, same), third = opened_well(1, same);
	ck_assert(!address_equal(&first.opening.id, &second.opening.id));
	ck_assert(!address_equal(&first.opening.id, &third.opening.id));
	ck_assert_int_eq(take(&first, 9, SMALLEST, FIXTURE_TIME_S + 600), 0);
	ck_assert_uint_eq(held(&first), 0);
	ck_assert_uint_eq(held(&second), SMALLEST);
	ck_assert_int_eq(take(&first, 9, SMALLEST, FIXTURE_TIME_S + 600), UNCIA_E_FUNDS);
	close_rig();
}
END_TEST

START_TEST(one_home_and_lock_twice_in_a_payment_is_no_payment)
{
	open_rig();
	struct hold_opening twice[2];
	twice[0] = twice[1] = hold_under(CLAIM_KEY, NULL, FIXTURE_TIME_S + 3600, SMALLEST);
	twice[1].amount++;
	twice[1].end++;
	ck_assert_ptr_null(opening_of(0, twice, 2, FIXTURE_TIME_S + 600));
	/* The sender's home, written out, would be another encoding of the same. */
	twice[1].has_home = true;
	twice[1].home = rig->keys[0].address;
	ck_assert_ptr_null(opening_of(0, &twice[1], 1, FIXTURE_TIME_S + 600));
	twice[1].home = rig->keys[1].address;
	struct payment *payment = opening_of(0, twice, 2, FIXTURE_TIME_S + 600);
	ck_assert_ptr_nonnull(payment);
	ck_assert_int_eq(add(payment), 0);
	close_rig();
}
END_TEST

/* ---- taking ---------------------------------------------------------------------------------- */

START_TEST(a_hold_is_taken_in_parts_by_its_key_alone)
{
	open_rig();
	struct opened hold = opened_well(0, hold_under(CLAIM_KEY, NULL, FIXTURE_TIME_S + 3600, 10 * SMALLEST));
	const struct output outputs[] = {{.to = rig->keys[20].address, .amount = 2 * SMALLEST},
	                                 {.to = rig->keys[1].address, .amount = SMALLEST}};
	const uint32_t soon = FIXTURE_TIME_S + 600;

	ck_assert_int_eq(add(take_of(&hold, CLAIM_KEY, NULL, outputs, 2, soon)), 0);
	ck_assert_uint_eq(held(&hold), 7 * SMALLEST);
	ck_assert_uint_eq(rig_balance(rig, block, 20), 2 * SMALLEST);
	ck_assert_uint_eq(rig_balance(rig, block, 1), RIG_BALANCE + SMALLEST);
	/* Another key, or a secret that is not in the lock, is a take of a hold that is not there. */
	ck_assert_int_eq(add(take_of(&hold, OTHER_KEY, NULL, outputs, 1, soon)), UNCIA_E_FUNDS);
	ck_assert_int_eq(add(take_of(&hold, CLAIM_KEY, secret, outputs, 1, soon)), UNCIA_E_FUNDS);
	/* Dust, too much, too little. */
	ck_assert_int_eq(take(&hold, 20, 7 * SMALLEST - 1, soon), UNCIA_E_AMOUNT);
	ck_assert_int_eq(take(&hold, 20, 7 * SMALLEST + 1, soon), UNCIA_E_FUNDS);
	ck_assert_int_eq(take(&hold, 20, SMALLEST - 1, soon), UNCIA_E_AMOUNT);
	ck_assert_int_eq(take(&hold, 20, 7 * SMALLEST, soon), 0);
	ck_assert_uint_eq(held(&hold), 0);
	ck_assert_int_eq(take(&hold, 20, SMALLEST, soon), UNCIA_E_FUNDS);
	close_rig();
}
END_TEST

START_TEST(a_hold_with_a_secret_needs_both)
{
	open_rig();
	struct opened hold = opened_well(0, hold_under(CLAIM_KEY, secret, FIXTURE_TIME_S + 3600, 2 * SMALLEST));
	const struct output output = {.to = rig->keys[20].address, .amount = SMALLEST};
	const uint8_t wrong[SECRET_SIZE] = {7, 7, 8};
	const uint32_t soon = FIXTURE_TIME_S + 600;

	ck_assert_int_eq(add(take_of(&hold, CLAIM_KEY, NULL, &output, 1, soon)), UNCIA_E_FUNDS);
	ck_assert_int_eq(add(take_of(&hold, CLAIM_KEY, wrong, &output, 1, soon)), UNCIA_E_FUNDS);
	ck_assert_int_eq(add(take_of(&hold, OTHER_KEY, secret, &output, 1, soon)), UNCIA_E_FUNDS);
	ck_assert_int_eq(add(take_of(&hold, CLAIM_KEY, secret, &output, 1, soon)), 0);
	close_rig();
}
END_TEST

START_TEST(a_take_expires_no_later_than_its_hold_ends)
{
	open_rig();
	uint32_t end = FIXTURE_TIME_S + 100;
	struct opened hold = opened_well(0, hold_under(CLAIM_KEY, NULL, end, 4 * SMALLEST));
	ck_assert_int_eq(take(&hold, 20, SMALLEST, end + 1), UNCIA_E_END);
	ck_assert_int_eq(take(&hold, 20, SMALLEST, end), 0);
	begin_at(end - 1);
	ck_assert_int_eq(take(&hold, 20, SMALLEST, end), 0);
	begin_at(end);
	ck_assert_int_eq(take(&hold, 20, SMALLEST, end), UNCIA_E_EXPIRED);
	ck_assert_int_eq(take(&hold, 20, SMALLEST, end + 1), UNCIA_E_END);
	ck_assert_uint_eq(held(&hold), 2 * SMALLEST);
	close_rig();
}
END_TEST

START_TEST(a_take_before_its_opening_finds_nothing)
{
	open_rig();
	struct hold_opening opening = hold_under(CLAIM_KEY, NULL, FIXTURE_TIME_S + 3600, SMALLEST);
	struct payment *payment = opening_of(0, &opening, 1, FIXTURE_TIME_S + 600);
	struct opened hold = {payment->holds[0], payment->id};
	ck_assert_int_eq(take(&hold, 20, SMALLEST, FIXTURE_TIME_S + 600), UNCIA_E_FUNDS);
	ck_assert_int_eq(add(payment), 0);
	ck_assert_int_eq(take(&hold, 20, SMALLEST, FIXTURE_TIME_S + 600), 0);
	close_rig();
}
END_TEST

/* ---- giving back ----------------------------------------------------------------------------- */

START_TEST(a_hold_goes_home_whole_after_its_end_and_not_before)
{
	open_rig();
	uint32_t end = FIXTURE_TIME_S + 3599;
	struct hold_opening opening = hold_under(CLAIM_KEY, NULL, end, 4 * SMALLEST);
	opening.has_home = true;
	opening.home = rig->keys[30].address;
	struct opened hold = opened_well(0, opening);
	ck_assert_int_eq(take(&hold, 20, SMALLEST, FIXTURE_TIME_S + 600), 0);
	begin_at(end - 1);
	ck_assert_int_eq(give_back(&hold, 3 * SMALLEST, end - 1), UNCIA_E_END);
	begin_at(end);
	ck_assert_int_eq(give_back(&hold, 4 * SMALLEST, end), UNCIA_E_FUNDS);
	ck_assert_int_eq(give_back(&hold, 2 * SMALLEST, end), UNCIA_E_FUNDS);
	/* The hour is the block's: one made for another hour has expired, or is too far ahead. */
	ck_assert_int_eq(give_back(&hold, 3 * SMALLEST, end - 3600), UNCIA_E_EXPIRED);
	ck_assert_int_eq(give_back(&hold, 3 * SMALLEST, end + 3600), UNCIA_E_TOO_FAR);
	ck_assert_int_eq(give_back(&hold, 3 * SMALLEST, end), 0);
	ck_assert_uint_eq(held(&hold), 0);
	ck_assert_uint_eq(rig_balance(rig, block, 30), 3 * SMALLEST);
	ck_assert_int_eq(give_back(&hold, 3 * SMALLEST, end), UNCIA_E_EXISTS);
	close_rig();
}
END_TEST

START_TEST(everybody_makes_the_same_give_back)
{
	open_rig();
	struct opened hold = opened_well(0, hold_under(CLAIM_KEY, NULL, FIXTURE_TIME_S + 60 + 1, SMALLEST));
	const struct hold_reference reference = {.home = hold.opening.home, .seal = hold.opening.seal};
	struct payment *first, *second;
	const struct hash *network_id = &rig->network.genesis.network_id;
	ck_assert_int_eq(fixture_give_back(network_id, &reference, SMALLEST,
	                                   fixture_give_back_expires_at(FIXTURE_TIME_S + 100), &first),
	                 0);
	ck_assert_int_eq(fixture_give_back(network_id, &reference, SMALLEST,
	                                   fixture_give_back_expires_at(FIXTURE_TIME_S + 99), &second),
	                 0);
	ck_assert_mem_eq(&first->whole, &second->whole, HASH_SIZE);
	ck_assert(!payment_is_signed(first) && payment_signature_valid(first));
	ck_assert(address_equal(&first->sender, &hold.opening.id));
	ck_assert_uint_eq(first->output_count, 1);
	payment_free(first);
	payment_free(second);
	/* One whose expiry is no full hour is no payment. */
	ck_assert_int_eq(fixture_give_back(network_id, &reference, SMALLEST,
	                                   fixture_give_back_expires_at(FIXTURE_TIME_S) + 1, &first),
	                 UNCIA_E_ENCODING);
	close_rig();
}
END_TEST

START_TEST(home_that_was_deleted_is_made_again)
{
	open_rig();
	uint32_t end = FIXTURE_TIME_S + 100;
	struct opened hold = opened_well(0, hold_under(CLAIM_KEY, NULL, end, 4 * SMALLEST));
	ck_assert_int_eq(rig_pay(rig, block, 0, 1, RIG_BALANCE - 4 * SMALLEST), 0);
	ck_assert_uint_eq(rig_balance(rig, block, 0), 0);
	begin_at(end);
	ck_assert_int_eq(give_back(&hold, 4 * SMALLEST, end), 0);
	ck_assert_uint_eq(rig_balance(rig, block, 0), 4 * SMALLEST);
	close_rig();
}
END_TEST

/* ---- keys and histories ---------------------------------------------------------------------- */

START_TEST(the_pool_is_told_how_a_take_stands_to_its_hold)
{
	open_rig();
	uint32_t end = FIXTURE_TIME_S + 100;
	struct opened hold = opened_well(0, hold_under(CLAIM_KEY, NULL, end, 4 * SMALLEST));
	const struct output all = {.to = rig->keys[20].address, .amount = 4 * SMALLEST},
	                    more = {.to = rig->keys[20].address, .amount = 5 * SMALLEST};
	const struct {
		struct payment *payment;
		enum sender_key key;
		bool covered;
	} cases[] = {{take_of(&hold, CLAIM_KEY, NULL, &all, 1, end), SENDER_KEY_FIRST, true},
	             {take_of(&hold, CLAIM_KEY, NULL, &more, 1, end), SENDER_KEY_FIRST, false},
	             {take_of(&hold, CLAIM_KEY, NULL, &all, 1, end + 1), SENDER_KEY_LATE, true},
	             {take_of(&hold, OTHER_KEY, NULL, &all, 1, end), SENDER_KEY_UNFUNDED, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum sender_key key;
		bool covered;
		ck_assert_int_eq(ledger_payment_key(rig->ledger, block, cases[i].payment, &key, &covered), 0);
		ck_assert_int_eq(key, cases[i].key);
		ck_assert_int_eq(covered, cases[i].covered);
		payment_free(cases[i].payment);
	}
	close_rig();
}
END_TEST

START_TEST(each_payment_of_a_hold_is_in_its_history_and_in_that_of_its_home)
{
	struct position head;

	open_rig();
	uint32_t end = FIXTURE_TIME_S + 100;
	struct hold_opening opening = hold_under(CLAIM_KEY, NULL, end, 4 * SMALLEST);
	opening.has_home = true;
	opening.home = rig->keys[2].address;
	struct opened hold = opened_well(0, opening);
	const struct entry_id id = {ENTRY_HOLD, hold.opening.id};
	ck_assert_int_eq(ledger_history_head(rig->ledger, block, &id, &head), 0);
	ck_assert_uint_eq(head.height, 1);
	begin_at(FIXTURE_TIME_S + 50);
	ck_assert_int_eq(take(&hold, 20, SMALLEST, end), 0);
	ck_assert_int_eq(ledger_history_head(rig->ledger, block, &id, &head), 0);
	ck_assert_uint_eq(head.height, 2);
	/* Home has nothing to do with it until it is given back. */
	ck_assert_int_eq(ledger_history_head(rig->ledger, block, ACCOUNT(rig->keys[2].address), &head), 0);
	ck_assert_uint_eq(head.height, 0);
	begin_at(end);
	ck_assert_int_eq(give_back(&hold, 3 * SMALLEST, end), 0);
	ck_assert_int_eq(ledger_history_head(rig->ledger, block, &id, &head), 0);
	ck_assert_uint_eq(head.height, 3);
	ck_assert_int_eq(ledger_history_head(rig->ledger, block, ACCOUNT(rig->keys[2].address), &head), 0);
	ck_assert_uint_eq(head.height, 3);
	close_rig();
}
END_TEST

UNIT_MAIN("ledger_hold", a_hold_takes_from_its_opener_and_is_no_account,
          a_hold_ends_between_a_minute_and_four_hundred_days_from_now,
          a_hold_is_at_least_the_smallest_amount_and_leaves_as_much, one_lock_opened_again_is_another_hold,
          one_home_and_lock_twice_in_a_payment_is_no_payment, a_hold_is_taken_in_parts_by_its_key_alone,
          a_hold_with_a_secret_needs_both, a_take_expires_no_later_than_its_hold_ends,
          a_take_before_its_opening_finds_nothing, a_hold_goes_home_whole_after_its_end_and_not_before,
          everybody_makes_the_same_give_back, home_that_was_deleted_is_made_again,
          the_pool_is_told_how_a_take_stands_to_its_hold,
          each_payment_of_a_hold_is_in_its_history_and_in_that_of_its_home)
