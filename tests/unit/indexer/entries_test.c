/* What payments do to accounts and holds, outside of the ledger. */
#include "entries.h"
#include "fixture.h"
#include "uncia/error.h"
#include "unit.h"

static struct fixture f;
static struct entries entries;
static struct fixture_key keys[3];
static uint64_t nonce;
static char why[256];

static void setup(void)
{
	entries_begin(&entries);
}

static void teardown(void)
{
	entries_end(&entries);
}

/* The entry of an account, with a balance where there is one. */
static struct indexed_entry *account(uint32_t number, amount_t balance)
{
	struct entry_id id = account_id(&keys[number].address);
	struct indexed_entry *entry = entries_find(&entries, &id);
	ck_assert_ptr_nonnull(entry);
	if (balance) {
		entry->lives = entry->stored = true;
		entry->balance = balance;
	}
	return entry;
}

static struct payment *wanted(struct payment *payment)
{
	ck_assert_int_eq(entries_want(&entries, payment), 0);
	return payment;
}

static int apply(struct payment *payment, uint64_t height)
{
	int error = entries_apply(&entries, payment, (struct position){height, 0}, why);
	payment_free(payment);
	return error;
}

static struct payment *pay(uint32_t from, uint32_t to, amount_t amount)
{
	return wanted(fixture_payment(&f, from, to, amount, FIXTURE_TIME_S + 60, nonce++));
}

START_TEST(a_payment_moves_binds_and_creates)
{
	struct payment *payment = pay(0, 1, 400);
	account(0, 1000);
	ck_assert_int_eq(apply(payment, 7), 0);
	struct indexed_entry *payer = account(0, 0), *payee = account(1, 0);
	ck_assert_uint_eq(payer->balance, 600);
	ck_assert(payer->has_key && payer->changed);
	ck_assert_mem_eq(payer->key, keys[0].public_key, PUBLIC_KEY_SIZE);
	ck_assert(payee->lives && !payee->has_key && !payee->stored);
	ck_assert_uint_eq(payee->balance, 400);
	ck_assert_uint_eq(payee->created, 7);
	ck_assert_uint_eq(payee->payments, 1);
	ck_assert_uint_eq(payee->last.height, 7);
}
END_TEST

START_TEST(an_account_that_is_emptied_goes_and_comes_back_anew)
{
	struct payment *first = pay(0, 1, 1000), *second = pay(1, 0, 1000);
	account(0, 1000)->payments = 5;
	ck_assert_int_eq(apply(first, 3), 0);
	struct indexed_entry *payer = account(0, 0);
	ck_assert(!payer->lives && !payer->has_key);
	ck_assert_uint_eq(payer->payments, 0);
	ck_assert_uint_eq(payer->touches, 1);
	ck_assert_int_eq(apply(second, 9), 0);
	ck_assert(payer->lives && !payer->has_key);
	ck_assert_uint_eq(payer->created, 9);
	ck_assert_uint_eq(payer->payments, 1);
	ck_assert_uint_eq(payer->touches, 2);
	ck_assert(!account(1, 0)->lives);
}
END_TEST

START_TEST(a_payment_to_oneself_and_twice_to_one_counts_once)
{
	const struct output outputs[] = {{.to = keys[0].address, .amount = 100},
	                                 {.to = keys[1].address, .amount = 50},
	                                 {.to = keys[1].address, .amount = 50}};
	struct payment *payment =
	    wanted(fixture_payment_outputs(&f, &keys[0], outputs, 3, FIXTURE_TIME_S + 60, nonce++));
	account(0, 200);
	ck_assert_int_eq(apply(payment, 2), 0);
	ck_assert_uint_eq(account(0, 0)->balance, 100);
	ck_assert_uint_eq(account(0, 0)->payments, 1);
	ck_assert_uint_eq(account(1, 0)->balance, 100);
	ck_assert_uint_eq(account(1, 0)->payments, 1);
	/* All of it to oneself: the entry stays. */
	payment = pay(0, 0, 100);
	ck_assert_int_eq(apply(payment, 3), 0);
	ck_assert(account(0, 0)->lives);
	ck_assert_uint_eq(account(0, 0)->balance, 100);
}
END_TEST

/* A payment that opens a hold of 300 under a key, with account 1 as its home. */
static struct payment *opening(const struct fixture_key *claim)
{
	struct hold_opening hold = {
	    .has_home = true, .home = keys[1].address, .end = FIXTURE_TIME_S + 600, .amount = 300};
	struct payment draft = {.kind = PAYMENT_TRANSFER,
	                        .expires_at = FIXTURE_TIME_S + 60,
	                        .nonce = {(uint8_t)++nonce},
	                        .currency = CURRENCY_FIRST,
	                        .hold_count = 1,
	                        .holds = &hold};
	struct payment *payment;
	hold_lock(claim->public_key, NULL, &hold.lock);
	ck_assert_int_eq(payment_make(&f.genesis.network_id, &draft, keys[0].public_key, keys[0].secret_key, &payment),
	                 0);
	return wanted(payment);
}

START_TEST(holds_are_opened_taken_in_parts_and_sent_home)
{
	struct fixture_key claim;
	fixture_account(77, &claim);
	struct payment *open = opening(&claim);
	struct entry_id id = {ENTRY_HOLD, open->holds[0].id};
	struct hold_reference reference = {.home = keys[1].address, .opening = open->id};
	struct output output = {.to = keys[2].address, .amount = 100};
	account(0, 1000);
	reference.seal = open->holds[0].seal;
	ck_assert_int_eq(apply(open, 4), 0);
	struct indexed_entry *hold = entries_find(&entries, &id);
	ck_assert(hold->lives && hold->balance == 300 && hold->opened.height == 4 && hold->payments == 1);
	struct payment draft = {.kind = PAYMENT_TAKE,
	                        .expires_at = FIXTURE_TIME_S + 60,
	                        .currency = CURRENCY_FIRST,
	                        .output_count = 1,
	                        .outputs = &output,
	                        .hold = &reference};
	struct payment *take, *back;
	ck_assert_int_eq(payment_make(&f.genesis.network_id, &draft, claim.public_key, claim.secret_key, &take), 0);
	ck_assert_int_eq(apply(wanted(take), 5), 0);
	ck_assert(hold->lives && hold->balance == 200 && hold->payments == 2);
	ck_assert_uint_eq(account(2, 0)->balance, 100);
	ck_assert_int_eq(fixture_give_back(&f.genesis.network_id, &reference, 200,
	                                   fixture_give_back_expires_at(FIXTURE_TIME_S + 600), &back),
	                 0);
	ck_assert_int_eq(apply(wanted(back), 6), 0);
	ck_assert(!hold->lives && !hold->taken && hold->balance == 0);
	ck_assert_uint_eq(account(1, 0)->balance, 200);
}
END_TEST

START_TEST(what_cannot_have_happened_is_seen)
{
	struct payment *poor = pay(0, 1, 400), *nobody = pay(2, 1, 1), *rich = pay(0, 1, 10);
	account(0, 399);
	ck_assert_int_eq(apply(poor, 2), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(why, "height 2 pays more than there is"));
	ck_assert_int_eq(apply(nobody, 3), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(why, "from what is not there"));
	account(1, UINT64_MAX);
	ck_assert_int_eq(apply(rich, 4), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(why, "overflows a balance"));
	struct fixture_key claim;
	fixture_account(78, &claim);
	struct payment *open = opening(&claim);
	struct entry_id id = {ENTRY_HOLD, open->holds[0].id};
	entries_find(&entries, &id)->stored = true;
	account(0, 1000);
	ck_assert_int_eq(apply(open, 5), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(why, "opens a hold that is there"));
}
END_TEST

int main(void)
{
	fixture_init(&f, 4, 3, 1000000);
	for (uint32_t i = 0; i < 3; i++)
		fixture_account(i, &keys[i]);
	const TTest *tests[] = {
	    a_payment_moves_binds_and_creates,
	    an_account_that_is_emptied_goes_and_comes_back_anew,
	    a_payment_to_oneself_and_twice_to_one_counts_once,
	    holds_are_opened_taken_in_parts_and_sent_home,
	    what_cannot_have_happened_is_seen,
	};
	int rc = unit_run("entries", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
	fixture_deinit(&f);
	return rc;
}
