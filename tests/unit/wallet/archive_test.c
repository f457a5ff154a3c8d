/* The archive of ended payments: a home is used with few calls of its storage however many there are, homes of the
 * earlier layout are put in order, and neither a crash, damage nor another process loses one or pays one twice. */
#include "archive.h"
#include "catch_up.h"
#include "fields.h"
#include "outbox.h"
#include "unit.h"
#include "wallet.h"
#include "wallet_rig.h"

#define HALF         UINT64_C(500000)
#define MANY         2000u
#define RECEIPT_SIZE 1300u /* of four validators' networks; nobody looks into it here */
#define SEGMENT      32u
#define PAYS_ONE     2506u /* alone pays account 1, */
#define PAYS_TWO     2512u /* and this one, which has expired, account 2; the others pay account 0 */
#define MORE         2600u

static void key_of(unsigned number, char key[16])
{
	snprintf(key, 16, "key %u", number);
}

/* The record of a payment under the key of this number, as its end was stored; every seventh has expired. */
static struct ending ending_of(struct rig *rig, unsigned number)
{
	static uint8_t receipt[RECEIPT_SIZE];
	const struct uncia_wallet *w = rig->wallet;
	Uncia__Pb__PaymentRecord record = UNCIA__PB__PAYMENT_RECORD__INIT;
	struct payment draft = {.expires_at = FIXTURE_TIME_S + 100 + number, .currency = CURRENCY_FIRST};
	struct output output = {.amount = HALF};
	struct fixture_key payee;
	struct payment *payment;
	struct hash nonce;
	uint8_t *data;
	size_t size;
	char key[16];

	fixture_account(number == PAYS_ONE ? 1 : number == PAYS_TWO ? 2 : 0, &payee);
	output.to = payee.address;
	draft.outputs = &output;
	draft.output_count = 1;
	key_of(number, key);
	hash2(HASH_NONCE, w->keyfile.public_key, PUBLIC_KEY_SIZE, key, strlen(key), &nonce);
	memcpy(draft.nonce, nonce.b, NONCE_SIZE);
	ck_assert_int_eq(payment_make(&w->network_id, &draft, w->secret->public_key, w->secret->key, &payment), 0);
	record.version = 1;
	record.payment = field_of(payment->bytes, payment->size);
	record.made_ms = number;
	record.state = number % 7 == 6 ? UNCIA_PAYMENT_EXPIRED : UNCIA_PAYMENT_FINAL;
	if (record.state == UNCIA_PAYMENT_FINAL) {
		memcpy(receipt, &number, sizeof(number));
		record.receipt = field_of(receipt, sizeof(receipt));
		record.height = 1;
		record.timestamp_ms = FIXTURE_TIME_MS;
		record.index = number;
	}
	ck_assert_int_eq(canonical_encode(&record.base, &data, &size), 0);
	struct ending ending = {.record = data,
	                        .size = size,
	                        .entry = {.id = payment->id,
	                                  .state = (enum uncia_payment_state)record.state,
	                                  .height = record.height,
	                                  .leaving = HALF}};
	memcpy(ending.entry.nonce, payment->nonce, NONCE_SIZE);
	payment_free(payment);
	return ending;
}

/* The account's entry counts these payments, and the home knows that they are all. */
static void rig_all_known(struct rig *rig, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		rig->net.payments += i % 7 != 6;
	const struct mark mark = {
	    .height = rig->net.tip.height, .exists = true, .payments = rig->net.payments, .finals = rig->net.payments};
	ck_assert_int_eq(mark_store(&rig->host.host, &mark), 0);
}

/* A home that has archived the payments of keys 0 .. count-1. */
static struct rig *rig_archived(unsigned count)
{
	struct rig *rig = rig_new(4);
	struct ending *endings = calloc(count, sizeof(*endings));
	for (unsigned i = 0; i < count; i++)
		endings[i] = ending_of(rig, i);
	ck_assert_int_eq(archive_append(rig->wallet, endings, count), 0);
	for (unsigned i = 0; i < count; i++)
		free((void *)(uintptr_t)endings[i].record);
	free(endings);
	rig_all_known(rig, count);
	rig_reopen(rig);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), count);
	return rig;
}

/* The same payments in the layout of before there was an archive. */
static struct rig *rig_of_before(unsigned count)
{
	struct rig *rig = rig_new(4);
	for (unsigned i = 0; i < count; i++) {
		struct ending ending = ending_of(rig, i);
		char name[UNCIA_BLOB_NAME_SIZE];
		outbox_blob_name(ending.entry.nonce, name);
		ck_assert_int_eq(blob_create(&rig->host.host, name, ending.record, ending.size), 0);
		free((void *)(uintptr_t)ending.record);
	}
	rig_all_known(rig, count);
	rig_close(rig);
	return rig;
}

/* The payment of this key is there, whole, and paying under the key again is paying nothing. */
static void check_there(struct rig *rig, unsigned number)
{
	struct ending expected = ending_of(rig, number);
	struct uncia_payment_id id, again;
	char key[16], *text;
	key_of(number, key);
	memcpy(id.b, expected.entry.id.b, sizeof(id.b));
	struct uncia_payment payment = rig_payment(rig, &id);
	ck_assert_int_eq(payment.state, expected.entry.state);
	ck_assert(payment.own && payment.detailed && payment.amount == HALF && payment.leaving == HALF);
	ck_assert_uint_eq(payment.made_ms, number);
	ck_assert_uint_eq(payment.height, expected.entry.height);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &text),
	                 payment.state == UNCIA_PAYMENT_FINAL ? 0 : UNCIA_E_NOT_FOUND);
	if (payment.state == UNCIA_PAYMENT_FINAL)
		uncia_text_free(text);
	ck_assert_int_eq(rig_pay(rig, key, HALF, &again), 0);
	ck_assert_mem_eq(again.b, id.b, sizeof(id.b));
	ck_assert_int_eq(rig_pay(rig, key, HALF + 1, &again), UNCIA_E_KEY_REUSED);
	free((void *)(uintptr_t)expected.record);
}

static void check_all(struct rig *rig, unsigned count)
{
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), count);
	for (unsigned i = 0; i < count; i++)
		check_there(rig, i);
}

/* ---- calls of the storage ---------------------------------------------------------------------- */

struct calls {
	unsigned balance, send, history;
};

static struct calls calls_of(unsigned payments)
{
	struct rig *rig = rig_archived(payments);
	struct uncia_payment_id id;
	struct calls calls = {0};
	unsigned *counts[] = {&calls.balance, &calls.send, &calls.history};
	for (unsigned i = 0; i < 3; i++) {
		rig->host.calls = 0;
		rig_reopen(rig);
		ck_assert_int_eq(rig_sync(rig), 0);
		ck_assert(rig_balance(rig).known);
		if (i == 1) {
			rig->net.finalise = true;
			ck_assert_int_eq(rig_pay(rig, "another", HALF, &id), 0);
			fake_network_pass(&rig->net, rig->wallet, 1000);
			ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
		}
		/* The newest ones, as a history with memos shows them, and what has expired. */
		for (unsigned k = 0; i == 2 && k < 20 && k < payments; k++) {
			ck_assert_int_eq(uncia_wallet_outbox(rig->wallet, payments - 1 - k, &id), 0);
			rig_payment(rig, &id);
		}
		ck_assert_int_eq(uncia_wallet_pending(rig->wallet, 0, &id), UNCIA_E_NOT_FOUND);
		if (i == 2 && uncia_wallet_expired(rig->wallet, 0, &id) == 0)
			ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
		*counts[i] = rig->host.calls;
	}
	rig_free(rig);
	return calls;
}

START_TEST(a_home_with_many_payments_is_used_with_as_few_calls_as_one_with_two)
{
	struct calls two = calls_of(2), many = calls_of(MANY);
	ck_assert_uint_ge(two.balance, 4); /* key, network, list, the last blob of the archive */
	ck_assert_uint_le(2 * many.balance, 3 * two.balance);
	ck_assert_uint_le(2 * many.send, 3 * two.send);
	ck_assert_uint_le(2 * many.history, 3 * two.history);
}
END_TEST

START_TEST(each_of_many_payments_is_found_by_its_key_and_its_id)
{
	struct rig *rig = rig_archived(MANY);
	struct uncia_payment_id id;
	ck_assert_uint_eq(memory_host_count(&rig->host, "payments-ended-"), (MANY + SEGMENT - 1) / SEGMENT);
	ck_assert_int_eq(rig_sync(rig), 0);
	for (unsigned i = 0; i < MANY; i += 37)
		check_there(rig, i);
	check_there(rig, MANY - 1);
	ck_assert_uint_eq(outbox_finals(rig->wallet, 0, UINT64_MAX), MANY - MANY / 7);
	/* By expiry, the latest first. */
	uint32_t last = UINT32_MAX;
	for (unsigned i = 0; i < MANY / 7; i++) {
		struct payment_id key;
		ck_assert_int_eq(uncia_wallet_expired(rig->wallet, i, &id), 0);
		memcpy(key.b, id.b, sizeof(key.b));
		ck_assert_uint_lt(payment_id_expires_at(&key), last);
		last = payment_id_expires_at(&key);
	}
	ck_assert_int_eq(uncia_wallet_expired(rig->wallet, MANY / 7, &id), UNCIA_E_NOT_FOUND);
	/* A question about one needs no network. */
	struct uncia_event event;
	ck_assert_int_eq(uncia_wallet_outbox(rig->wallet, 5, &id), 0);
	rig_no_events(rig);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event) && event.error == 0);
	ck_assert(rig_payment(rig, &id).own);
	rig_free(rig);
}
END_TEST

START_TEST(what_has_ended_in_a_long_session_does_not_stay_in_memory)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id first, id;
	size_t most = 0;
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->net.expire = true;
	for (unsigned i = 0; i < 300; i++) {
		ck_assert_int_eq(rig_pay(rig, NULL, HALF, i == 0 ? &first : &id), 0);
		fake_network_pump(&rig->net, rig->wallet);
		rig_no_events(rig);
		if (HASH_COUNT(rig->wallet->tracked) > most)
			most = HASH_COUNT(rig->wallet->tracked);
	}
	ck_assert_uint_le(most, 130);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 300);
	ck_assert_int_eq(rig_payment(rig, &first).state, UNCIA_PAYMENT_EXPIRED);
	ck_assert_uint_eq(rig_balance(rig).spendable, 100 * AMOUNT_MICROS);
	/* Their own blobs are there until a blob of the archive is full, and go then, two with each payment that ends.
	 */
	ck_assert_uint_ge(memory_host_count(&rig->host, "payment-"), 300 % SEGMENT);
	ck_assert_uint_lt(memory_host_count(&rig->host, "payment-"), 2 * SEGMENT);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payments-ended-"), 300 / SEGMENT + 1);
	rig_free(rig);
}
END_TEST

/* ---- homes of before --------------------------------------------------------------------------- */

START_TEST(a_home_of_before_is_put_in_order)
{
	const unsigned count = 3 * SEGMENT + 5;
	struct rig *rig = rig_of_before(count);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payments-ended-"), 4);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 5);
	ck_assert_int_eq(rig_sync(rig), 0);
	check_all(rig, count);
	rig->host.calls = 0;
	rig_reopen(rig);
	ck_assert_uint_le(rig->host.calls, 7); /* what there is one of; none for each payment */
	ck_assert_int_eq(rig_sync(rig), 0);
	check_all(rig, count);
	rig_free(rig);
}
END_TEST

/* The first opening does not take as long as to remove them all. */
START_TEST(blobs_that_are_not_needed_any_more_go_some_at_a_time)
{
	const unsigned count = 300;
	struct rig *rig = rig_of_before(count);
	ck_assert_int_eq(rig_open(rig), 0);
	for (unsigned round = 1; round < 4; round++) {
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), count);
		ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"),
		                  round < 3 ? count - 128 * round : 300 % SEGMENT);
		ck_assert_uint_eq(HASH_COUNT(rig->wallet->tracked) < 130, true);
		rig_reopen(rig);
	}
	ck_assert_int_eq(rig_sync(rig), 0);
	check_all(rig, count);
	rig_free(rig);
}
END_TEST

/* Putting in order fails from the n-th call on, or only there; then the process ends. Returns whether it failed. */
static bool check_order_cut(unsigned nth, enum failure failure, unsigned fail_count)
{
	const unsigned count = SEGMENT + 3;
	struct rig *rig = rig_of_before(count);
	rig->host.calls = 0;
	rig->host.fail_at = nth;
	rig->host.failure = failure;
	rig->host.fail_count = fail_count;
	if (rig_open(rig) == 0)
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), count);
	bool failed = rig->host.calls >= nth;
	rig->host.fail_at = 0;
	rig_close(rig);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	check_all(rig, count);
	/* And again when it has been put in order. */
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	check_all(rig, count);
	rig_free(rig);
	return failed;
}

START_TEST(no_payment_is_lost_wherever_putting_in_order_fails)
{
	unsigned nth = 4 + SEGMENT; /* the calls before that read, and fail the opening */
	for (bool failed = true; failed; nth++)
		for (int failure = FAIL_BEFORE; failure <= FAIL_AFTER; failure++) {
			bool once = check_order_cut(nth, (enum failure)failure, 1);
			failed = check_order_cut(nth, (enum failure)failure, 1000) || once;
		}
	ck_assert_uint_ge(nth, 4 + SEGMENT + 60);
}
END_TEST

/* A payment becomes final while one writing call fails though it had its effect, or some in a row; then the power goes.
 * Returns whether there was such a call. *ends: how often the end was told. */
static bool check_end_stays(unsigned nth, unsigned fail_count, unsigned *ends)
{
	struct rig *rig = rig_archived(3);
	struct uncia_payment_id id;
	struct uncia_event event;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, "another", HALF, &id), 0);
	rig->net.finalise = true;
	rig->host.calls = 0;
	rig->host.fail_at = nth;
	rig->host.failure = FAIL_AFTER;
	rig->host.fail_count = fail_count;
	for (unsigned i = 0; i < 5 && rig_payment(rig, &id).state != UNCIA_PAYMENT_FINAL; i++)
		fake_network_pass(&rig->net, rig->wallet, 3000);
	bool told = false, failed = rig->host.calls >= nth;
	while (rig_event(rig, UNCIA_EVENT_PAYMENT, &event))
		told = told || (!memcmp(event.id.b, id.b, sizeof(id.b)) && !event.error &&
		                rig_payment(rig, &id).state == UNCIA_PAYMENT_FINAL);
	rig->host.fail_at = 0;
	rig_close(rig);
	memory_host_power_cut(&rig->host);
	ck_assert_int_eq(rig_open(rig), 0);
	if (told)
		ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	*ends += told;
	rig_free(rig);
	return failed;
}

START_TEST(an_end_that_was_told_outlives_a_power_cut_whatever_failed_before)
{
	unsigned nth = 1, ends = 0;
	for (bool failed = true; failed; nth++) {
		failed = false;
		for (unsigned fail_count = 1; fail_count <= 4; fail_count++)
			failed = check_end_stays(nth, fail_count, &ends) || failed;
	}
	ck_assert_uint_ge(nth, 4);
	ck_assert_uint_ge(ends, nth);
}
END_TEST

/* ---- damage ------------------------------------------------------------------------------------ */

static void damage(struct rig *rig, const char *prefix)
{
	bool any = false;
	rig_close(rig);
	for (size_t i = 0; i < rig->host.count; i++) {
		if (strncmp(rig->host.blobs[i].name, prefix, strlen(prefix)) == 0) {
			rig->host.blobs[i].data[60] ^= 4;
			any = true;
		}
	}
	ck_assert(any);
	ck_assert_int_eq(rig_open(rig), 0);
}

static unsigned errors(struct rig *rig)
{
	struct uncia_event event;
	unsigned count = 0;
	while (rig_event(rig, UNCIA_EVENT_ERROR, &event)) {
		ck_assert_int_eq(event.error, UNCIA_E_DAMAGED);
		count++;
	}
	return count;
}

static int paid(struct rig *rig, unsigned account, struct uncia_payment_id *id)
{
	struct fixture_key payee;
	struct uncia_address address = {0};
	fixture_account(account, &payee);
	memcpy(address.account, payee.address.b, sizeof(address.account));
	return uncia_wallet_paid(rig->wallet, &address, id);
}

static void check_paid(struct rig *rig)
{
	struct uncia_payment_id id;
	rig->host.calls = 0;
	ck_assert_int_eq(paid(rig, 2, &id), UNCIA_E_NOT_FOUND); /* an expired payment has paid nobody */
	ck_assert_int_eq(paid(rig, 3, &id), UNCIA_E_NOT_FOUND);
	ck_assert_uint_eq(rig->host.calls, 0);
	rig->host.calls = 0;
	ck_assert_int_eq(paid(rig, 0, &id), 0);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_int_eq(paid(rig, 1, &id), 0);
	ck_assert_uint_le(rig->host.calls, 3); /* of each its segment */
	ck_assert_uint_eq(rig_payment(rig, &id).made_ms, PAYS_ONE);
}

START_TEST(whether_somebody_was_paid_is_found_without_reading_what_does_not_pay_him)
{
	struct rig *rig = rig_archived(MORE);
	struct uncia_payment_id id, found;
	check_paid(rig);
	/* Without the index all has been read as the home was opened. */
	damage(rig, "payments-index-");
	ck_assert_uint_ge(errors(rig), 1);
	check_paid(rig);
	rig_free(rig);
	/* What is pending counts where nothing is final. */
	rig = rig_new(4);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(paid(rig, 0, &found), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(rig_pay(rig, "a", HALF, &id), 0);
	ck_assert_int_eq(paid(rig, 0, &found), 0);
	ck_assert_mem_eq(found.b, id.b, sizeof(id.b));
	rig_free(rig);
}
END_TEST

START_TEST(a_read_that_fails_is_not_damage)
{
	struct rig *rig = rig_archived(2 * SEGMENT + 5);
	struct uncia_payment payment = {.size = sizeof(payment)};
	struct uncia_payment_id id;
	ck_assert_int_eq(uncia_wallet_outbox(rig->wallet, 0, &id), 0);
	rig->host.fail_at = rig->host.calls + 1;
	ck_assert_int_eq(uncia_wallet_payment(rig->wallet, &id, &payment), UNCIA_E_IO);
	rig->host.fail_at = 0;
	ck_assert_int_eq(uncia_wallet_payment(rig->wallet, &id, &payment), 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_damaged_index_costs_nothing_and_is_written_anew)
{
	const unsigned count = 2 * SEGMENT + 5;
	struct rig *rig = rig_archived(count);
	struct uncia_payment_id id;
	damage(rig, "payments-index-");
	ck_assert_uint_eq(errors(rig), 1);
	ck_assert_int_eq(rig_sync(rig), 0);
	check_all(rig, count);
	rig->net.expire = true;
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	rig_reopen(rig);
	ck_assert_uint_eq(errors(rig), 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), count + 1);
	rig_free(rig);
}
END_TEST

START_TEST(a_damaged_blob_of_the_archive_stops_its_own_keys)
{
	const unsigned count = 2 * SEGMENT + 5;
	struct rig *rig = rig_archived(count);
	struct uncia_payment_id id;
	char key[16], *text;
	damage(rig, "payments-ended-00000001");
	ck_assert_int_eq(rig_sync(rig), 0);
	for (unsigned i = 0; i < count; i++) {
		if (i / SEGMENT != 1) {
			check_there(rig, i);
			continue;
		}
		struct ending lost = ending_of(rig, i);
		struct uncia_payment payment = {.size = sizeof(payment)};
		key_of(i, key);
		memcpy(id.b, lost.entry.id.b, sizeof(id.b));
		free((void *)(uintptr_t)lost.record);
		ck_assert_int_eq(uncia_wallet_payment(rig->wallet, &id, &payment), UNCIA_E_DAMAGED);
		ck_assert_int_eq(rig_pay(rig, key, HALF, &id), UNCIA_E_DAMAGED);
		if (lost.entry.state == UNCIA_PAYMENT_FINAL)
			ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &text), UNCIA_E_DAMAGED);
	}
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), count);
	ck_assert_int_eq(rig_pay(rig, "another", HALF, &id), 0);
	rig_free(rig);
}
END_TEST

START_TEST(where_it_cannot_be_told_whose_keys_are_damaged_no_new_key_pays)
{
	const unsigned count = 2 * SEGMENT + 5;
	struct rig *rig = rig_archived(count);
	struct uncia_payment_id id;
	damage(rig, "payments-index-");
	damage(rig, "payments-ended-00000000");
	for (int round = 0; round < 2; round++) {
		ck_assert_uint_eq(errors(rig), 2);
		ck_assert_int_eq(rig_sync(rig), 0);
		for (unsigned i = SEGMENT; i < count; i++)
			check_there(rig, i);
		ck_assert_int_eq(rig_pay(rig, "key 3", HALF, &id), UNCIA_E_DAMAGED);
		ck_assert_int_eq(rig_pay(rig, "another", HALF, &id), UNCIA_E_DAMAGED);
		ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
		rig->net.expire = true;
		fake_network_pump(&rig->net, rig->wallet);
		ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
		for (size_t i = 0; i < 4; i++)
			rig->net.nodes[i].submits = 0; /* a new process counts its requests from the beginning */
		rig_reopen(rig);                       /* what says so stays */
	}
	rig_free(rig);
}
END_TEST

/* The last blob is not in the index yet, and the payments in it still have their own blobs. */
START_TEST(a_damaged_last_blob_makes_its_payments_pending_again)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id, again;
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay(rig, "rent", HALF, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	damage(rig, "payments-ended-");
	struct uncia_event event = {.size = sizeof(event)};
	ck_assert(uncia_wallet_event(rig->wallet, &event));
	ck_assert_int_eq(event.kind, UNCIA_EVENT_ERROR);
	ck_assert_ptr_nonnull(strstr(event.text, "payments-ended-00000000 are damaged"));
	ck_assert_ptr_nonnull(strstr(event.text, "a copy of that file"));
	ck_assert_ptr_nonnull(strstr(event.text, "in a new home restored from the words"));
	ck_assert_uint_eq(errors(rig), 0);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, "rent", HALF, &again), 0);
	ck_assert_mem_eq(again.b, id.b, sizeof(id.b));
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_uint_eq(rig->net.final_count, 1);
	rig_reopen(rig);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

/* ---- other processes --------------------------------------------------------------------------- */

/* Another process of this home pays under keys from..to-1, and hears that each has expired. */
static void other_pays(struct rig *rig, unsigned from, unsigned to, struct uncia_payment_id *ids)
{
	struct uncia_wallet *mine = rig->wallet;
	struct fake_node nodes[4];
	char key[16];
	memcpy(nodes, rig->net.nodes, sizeof(nodes));
	memset(rig->net.nodes, 0, sizeof(nodes));
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->net.expire = true;
	for (unsigned i = from; i < to; i++) {
		key_of(i, key);
		ck_assert_int_eq(rig_pay(rig, key, HALF, &ids[i]), 0);
		fake_network_pump(&rig->net, rig->wallet);
		ck_assert_int_eq(rig_payment(rig, &ids[i]).state, UNCIA_PAYMENT_EXPIRED);
	}
	rig->net.expire = false;
	rig_close(rig);
	memcpy(rig->net.nodes, nodes, sizeof(nodes));
	rig->wallet = mine;
}

START_TEST(what_another_process_has_archived_is_not_paid_again)
{
	const unsigned steps[] = {1, 2, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT + 1};
	struct uncia_payment_id ids[3 * SEGMENT + 1], id, mine;
	struct rig *rig = rig_new(4);
	char key[16];
	ck_assert_int_eq(rig_sync(rig), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		other_pays(rig, i == 0 ? 0 : steps[i - 1], steps[i], ids);
		for (unsigned k = 0; k < steps[i]; k++) {
			key_of(k, key);
			ck_assert_int_eq(rig_pay(rig, key, HALF, &id), 0);
			ck_assert_mem_eq(id.b, ids[k].b, sizeof(id.b));
		}
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), steps[i] + i);
		/* Its own go behind them. */
		ck_assert_int_eq(rig_pay(rig, NULL, HALF, &mine), 0);
		rig->net.expire = true;
		fake_network_pump(&rig->net, rig->wallet);
		rig->net.expire = false;
		ck_assert_int_eq(rig_payment(rig, &mine).state, UNCIA_PAYMENT_EXPIRED);
	}
	rig_reopen(rig);
	ck_assert_uint_eq(errors(rig), 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 3 * SEGMENT + 1 + 7);
	rig_free(rig);
}
END_TEST

START_TEST(an_end_that_another_process_has_archived_is_told_once)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	struct uncia_payment_id ids[2], id;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, "key 0", HALF, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	rig_no_events(rig);
	other_pays(rig, 0, 1, ids);
	ck_assert_mem_eq(id.b, ids[0].b, sizeof(id.b));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	/* This process hears it, too, and finds it stored. */
	rig->net.expire = true;
	fake_network_pass(&rig->net, rig->wallet, 5000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event) && event.error == 0);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_uint_eq(rig->wallet->archive->count, 1);
	rig_free(rig);
}
END_TEST

static unsigned lock_waits;
static bool left_by_nobody;

static int lock(void *context)
{
	(void)context;
	lock_waits += left_by_nobody;
	return left_by_nobody ? UNCIA_E_BUSY : 0;
}

static void unlock(void *context)
{
	(void)context;
}

START_TEST(ends_are_stored_without_the_lock_and_archived_when_it_is_left)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id ids[4];
	rig->host.host.lock = lock;
	rig->host.host.unlock = unlock;
	left_by_nobody = false;
	rig_reopen(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(rig_pay(rig, NULL, HALF, &ids[i]), 0);
	left_by_nobody = true;
	lock_waits = 0;
	rig->net.expire = true;
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_uint_eq(lock_waits, 1); /* not for each of them */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 4; i++)
			ck_assert_int_eq(rig_payment(rig, &ids[i]).state, UNCIA_PAYMENT_EXPIRED);
		ck_assert_uint_eq(memory_host_count(&rig->host, "payments-ended-"), 0);
		if (round == 0)
			rig_reopen(rig);
	}
	left_by_nobody = false;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &ids[0]), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(rig_payment(rig, &ids[0]).state, UNCIA_PAYMENT_EXPIRED);
	ck_assert_uint_eq(rig->wallet->archive->count, 5);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 5);
	rig_free(rig);
}
END_TEST

/* A home that somebody has put an older copy into, under a wallet that is open: nothing is written over it. */
START_TEST(an_archive_that_has_become_shorter_is_left_alone)
{
	struct rig *rig = rig_archived(3);
	struct ending first = ending_of(rig, 0);
	struct uncia_payment_id id;
	struct rig *older = rig_new(4);
	ck_assert_int_eq(archive_append(older->wallet, &first, 1), 0);
	const struct memory_blob *blob = memory_host_find(&older->host, "payments-ended-00000000");
	ck_assert_int_eq(rig->host.host.replace(&rig->host, blob->name, blob->data, blob->size), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->net.expire = true;
	ck_assert_int_eq(rig_pay(rig, "another", HALF, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
	const struct memory_blob *now = memory_host_find(&rig->host, "payments-ended-00000000");
	ck_assert(now->size == blob->size && memcmp(now->data, blob->data, blob->size) == 0);
	free((void *)(uintptr_t)first.record);
	rig_free(older);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("archive", a_home_with_many_payments_is_used_with_as_few_calls_as_one_with_two,
          whether_somebody_was_paid_is_found_without_reading_what_does_not_pay_him,
          each_of_many_payments_is_found_by_its_key_and_its_id,
          what_has_ended_in_a_long_session_does_not_stay_in_memory, a_home_of_before_is_put_in_order,
          blobs_that_are_not_needed_any_more_go_some_at_a_time, no_payment_is_lost_wherever_putting_in_order_fails,
          an_end_that_was_told_outlives_a_power_cut_whatever_failed_before, a_read_that_fails_is_not_damage,
          a_damaged_index_costs_nothing_and_is_written_anew, a_damaged_blob_of_the_archive_stops_its_own_keys,
          where_it_cannot_be_told_whose_keys_are_damaged_no_new_key_pays,
          a_damaged_last_blob_makes_its_payments_pending_again, what_another_process_has_archived_is_not_paid_again,
          an_end_that_another_process_has_archived_is_told_once,
          ends_are_stored_without_the_lock_and_archived_when_it_is_left,
          an_archive_that_has_become_shorter_is_left_alone)
