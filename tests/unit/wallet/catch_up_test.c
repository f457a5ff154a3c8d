/* A home that came back older than it was pays nothing twice under one key: what the ledger counts and this home does
 * not know is looked up first. */
#include <stdlib.h>
#include <string.h>
#include "unit.h"
#include "wallet_rig.h"

#define HALF UINT64_C(500000)

static uint32_t pages(const struct rig *rig)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < rig->net.count; i++)
		count += rig->net.nodes[i].pages;
	return count;
}

/* Somebody pays the wallet. */
static void receive(struct rig *rig, uint32_t count)
{
	struct fixture_key payer;
	static uint64_t nonce;
	fixture_account(0, &payer);
	for (uint32_t i = 0; i < count; i++) {
		struct output output = {.to = rig->net.account, .amount = 5000};
		struct payment *payment =
		    fixture_payment_outputs(&rig->net.f, &payer, &output, 1, FIXTURE_TIME_S + 60, 1000 + nonce++);
		fake_network_final(&rig->net, payment);
		payment_free(payment);
	}
}

static struct uncia_payment_id pay_final(struct rig *rig, const char *key)
{
	struct uncia_payment_id id;
	bool finalise = rig->net.finalise;
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay(rig, key, HALF, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig->net.finalise = finalise;
	return id;
}

static struct rig *rig_ready(void)
{
	struct rig *rig = rig_new(4);
	ck_assert_int_eq(rig_sync(rig), 0);
	return rig;
}

/* Another process, some seconds later. */
static void open_again(struct rig *rig)
{
	if (rig->wallet)
		rig_close(rig);
	rig->host.now_ms += 5000;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig_no_events(rig);
}

/* The key stands for what it stood for, and nothing more is sent. */
static void same_again(struct rig *rig, const char *key, const struct uncia_payment_id *id)
{
	struct uncia_payment_id again;
	uint32_t submits = rig_submits(rig);
	size_t finals = rig->net.final_count;
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(rig_pay(rig, key, HALF, &again), 0);
		ck_assert_mem_eq(again.b, id->b, sizeof(id->b));
		ck_assert_int_eq(rig_payment(rig, id).state, UNCIA_PAYMENT_FINAL);
		ck_assert_int_eq(rig_pay(rig, key, HALF + 1, &again), UNCIA_E_KEY_REUSED);
		fake_network_pass(&rig->net, rig->wallet, 3000);
		rig_reopen(rig);
	}
	ck_assert_uint_eq(rig_submits(rig), submits);
	ck_assert_uint_eq(rig->net.final_count, finals);
}

/* What came back: all of it; all but the mark; the mark alone is newer; or nothing but the key. */
START_TEST(an_older_home_finds_what_it_has_forgotten)
{
	static const char *const only[] = {"", "payment", "payment", "caught-up"};
	for (int way = 0; way < 4; way++) {
		struct rig *rig = rig_ready();
		struct memory_copy copy;
		struct uncia_payment_id id;
		pay_final(rig, "before");
		receive(rig, 3);
		open_again(rig);
		pay_final(rig, "one more"); /* looks up, so that there is a mark */
		ck_assert_ptr_nonnull(memory_host_find(&rig->host, "caught-up"));
		memory_host_copy(&rig->host, &copy);
		struct uncia_payment_id rent = pay_final(rig, "rent");
		receive(rig, 2);
		open_again(rig);
		pay_final(rig, "and another"); /* a newer mark */
		rig_close(rig);
		memory_host_put_back(&rig->host, &copy, only[way]);
		if (way == 2)
			memory_host_forget(&rig->host, "payment");
		open_again(rig);
		bool forgotten = uncia_wallet_outbox_count(rig->wallet) < 4;
		ck_assert(forgotten == (way != 3));
		ck_assert_int_eq(rig_pay_now(rig, "rent", HALF, &id), forgotten ? UNCIA_E_BEHIND : 0);
		same_again(rig, "rent", &rent);
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 4);
		rig_free(rig);
	}
}
END_TEST

START_TEST(without_a_key_nothing_waits)
{
	struct rig *rig = rig_ready();
	struct uncia_payment_id id;
	receive(rig, 1);
	open_again(rig);
	ck_assert_int_eq(rig_pay_now(rig, "key", HALF, &id), UNCIA_E_BEHIND);
	ck_assert_int_eq(rig_pay_now(rig, NULL, HALF, &id), 0);
	ck_assert_uint_eq(pages(rig), 0);
	rig_free(rig);
}
END_TEST

/* One process after the other pays under a key of its own: a page is read once, and again only where others paid. */
START_TEST(a_home_that_misses_nothing_reads_nothing)
{
	struct rig *rig = rig_ready();
	char key[16];
	pay_final(rig, "first");
	ck_assert_uint_eq(pages(rig), 0);
	open_again(rig);
	pay_final(rig, "second");
	uint32_t read = pages(rig);
	ck_assert_uint_eq(read, 1);
	for (int i = 0; i < 5; i++) {
		open_again(rig);
		snprintf(key, sizeof(key), "key %d", i);
		pay_final(rig, key);
	}
	ck_assert_uint_eq(pages(rig), read);
	receive(rig, 2);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_uint_eq(pages(rig), read + 1);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_uint_eq(pages(rig), read + 1);
	rig_free(rig);
}
END_TEST

static const enum behaviour lies[] = {HIDES_SENT, HIDES_ALL, OTHER_RECEIPT, GARBAGE, SILENT, REFUSES, OLD_STATE};

/* Wherever the liar is, and whether or not the home has a mark. */
START_TEST(one_that_leaves_out_does_not_hinder)
{
	for (size_t l = 0; l < 4 * sizeof(lies) / sizeof(lies[0]); l++) {
		struct rig *rig = rig_ready();
		struct memory_copy copy;
		if (l % 2) {
			receive(rig, 1);
			pay_final(rig, "before");
		}
		memory_host_copy(&rig->host, &copy);
		struct uncia_payment_id rent = pay_final(rig, "rent");
		receive(rig, 1);
		rig_close(rig);
		memory_host_put_back(&rig->host, &copy, "");
		rig->net.nodes[l % 4].behaviour = lies[l / 4];
		open_again(rig);
		same_again(rig, "rent", &rent);
		rig_free(rig);
	}
}
END_TEST

START_TEST(where_nobody_tells_all_nothing_is_paid)
{
	for (int way = 0; way < 3; way++) {
		struct rig *rig = rig_ready();
		struct uncia_payment_id id;
		struct memory_copy copy;
		memory_host_copy(&rig->host, &copy);
		struct uncia_payment_id rent = pay_final(rig, "rent");
		receive(rig, 1);
		rig_close(rig);
		memory_host_put_back(&rig->host, &copy, "");
		open_again(rig);
		for (int i = 0; i < (way == 2 ? 3 : 4); i++)
			if (way == 2) { /* one alone is reached */
				rig->net.nodes[i].down = true;
				fake_network_cut(&rig->net, rig->wallet, (uint32_t)i);
			} else {
				rig->net.nodes[i].behaviour = way == 0 ? HIDES_SENT : HIDES_ALL;
			}
		uint32_t submits = rig_submits(rig);
		ck_assert_int_eq(rig_pay(rig, "rent", HALF, &id), UNCIA_E_UNREACHABLE);
		ck_assert_int_eq(rig_pay_now(rig, "rent", HALF, &id), UNCIA_E_BEHIND);
		ck_assert_uint_eq(rig_submits(rig), submits);
		for (int i = 0; i < 4; i++) {
			rig->net.nodes[i].behaviour = HONEST;
			rig->net.nodes[i].down = false;
		}
		fake_network_pass(&rig->net, rig->wallet, 60000);
		same_again(rig, "rent", &rent);
		rig_free(rig);
	}
}
END_TEST

/* The payment of the key has emptied the account: nothing counts any more, and F+1 must tell. */
START_TEST(an_account_that_is_gone_is_looked_up_too)
{
	for (int liar = 0; liar < 4; liar++) {
		struct rig *rig = rig_ready();
		struct uncia_payment_id id;
		struct memory_copy copy;
		memory_host_copy(&rig->host, &copy);
		struct uncia_payment_id rent = pay_final(rig, "rent");
		rig->net.exists = false;
		rig->net.payments = 0;
		rig_close(rig);
		memory_host_put_back(&rig->host, &copy, "");
		rig->net.nodes[liar].behaviour = HIDES_SENT;
		open_again(rig);
		ck_assert_int_eq(rig_pay(rig, "another", HALF, &id), UNCIA_E_FUNDS);
		same_again(rig, "rent", &rent);
		rig_free(rig);
	}
}
END_TEST

/* It was emptied, and begins anew: what it paid before, its entry does not count. */
START_TEST(a_former_life_of_the_account_is_looked_up_too)
{
	for (int liar = 0; liar < 4; liar++)
		for (int marked = 0; marked < 2; marked++) {
			struct rig *rig = rig_ready();
			struct memory_copy copy;
			if (marked) {
				receive(rig, 1);
				open_again(rig);
				pay_final(rig, "before");
			}
			memory_host_copy(&rig->host, &copy);
			struct uncia_payment_id rent = pay_final(rig, "rent");
			rig->net.created = rig->net.tip.height + 1;
			rig->net.payments = 0;
			rig->net.balance = 0;
			receive(rig, 3);
			rig_close(rig);
			memory_host_put_back(&rig->host, &copy, "");
			rig->net.nodes[liar].behaviour = liar % 2 ? HIDES_ALL : HIDES_SENT;
			open_again(rig);
			same_again(rig, "rent", &rent);
			rig_free(rig);
		}
}
END_TEST

START_TEST(a_full_counter_counts_nothing)
{
	for (int liar = 0; liar <= 4; liar++) {
		struct rig *rig = rig_ready();
		struct memory_copy copy;
		struct uncia_payment_id id;
		rig->net.payments = UINT32_MAX - 2;
		rig->net.created = 0;
		memory_host_copy(&rig->host, &copy);
		receive(rig, 2);
		ck_assert_uint_eq(rig->net.payments, UINT32_MAX);
		struct uncia_payment_id rent = pay_final(rig, "rent");
		rig->net.payments = UINT32_MAX;
		rig_close(rig);
		memory_host_put_back(&rig->host, &copy, "");
		for (int i = 0; i < 4; i++) /* or one alone knows the newest state */
			rig->net.nodes[i].behaviour = liar == 4 && i != 2 ? OLD_STATE : i == liar ? HIDES_SENT : HONEST;
		open_again(rig);
		same_again(rig, "rent", &rent);
		ck_assert_int_eq(rig_catch_up(rig), 0);
		ck_assert_int_eq(rig_pay_now(rig, "another", HALF, &id), 0);
		rig_free(rig);
	}
}
END_TEST

/* The copy was made while a payment was on its way. */
START_TEST(what_was_pending_in_the_copy_gets_its_end)
{
	struct rig *rig = rig_ready();
	struct uncia_payment_id id;
	struct memory_copy copy;
	ck_assert_int_eq(rig_pay(rig, "rent", HALF, &id), 0);
	memory_host_copy(&rig->host, &copy);
	fake_network_pass(&rig->net, rig->wallet, 100);
	fake_network_push_receipt(&rig->net, rig->wallet, 0);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_close(rig);
	memory_host_put_back(&rig->host, &copy, "");
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = BEHIND; /* of the payment itself they tell nothing */
	open_again(rig);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_reopen(rig);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

static void forget_payments(struct rig *rig)
{
	rig_close(rig);
	memory_host_forget(&rig->host, "payment");
}

/* No block has it yet, and the home that made it is lost. */
START_TEST(what_is_not_final_yet_is_known_by_who_holds_it)
{
	for (int forged = 0; forged < 2; forged++) {
		struct rig *rig = rig_ready();
		struct uncia_payment_id id, again;
		ck_assert_int_eq(rig_pay(rig, "rent", HALF, &id), 0);
		fake_network_pass(&rig->net, rig->wallet, 100);
		rig->net.holds = true;
		forget_payments(rig);
		rig->host.now_ms += 30000;
		for (uint32_t i = 0; forged && i < rig->net.count; i++)
			rig->net.nodes[i].submitted[rig->net.nodes[i].submitted_size - 1] ^= 1;
		ck_assert_int_eq(rig_open(rig), 0);
		if (forged) { /* by whoever tells, nothing but its signature is believed */
			ck_assert_int_eq(rig_catch_up(rig), UNCIA_E_PROOF);
			ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
			rig_free(rig);
			continue;
		}
		ck_assert_int_eq(rig_catch_up(rig), 0);
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 1);
		ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
		ck_assert_int_eq(rig_pay_now(rig, "rent", HALF, &again), 0);
		ck_assert_mem_eq(again.b, id.b, sizeof(id.b));
		ck_assert_int_eq(rig_pay_now(rig, "rent", HALF + 1, &again), UNCIA_E_KEY_REUSED);
		fake_network_pass(&rig->net, rig->wallet, 100);
		rig->net.holds = false;
		fake_network_push_receipt(&rig->net, rig->wallet, 1);
		ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
		ck_assert_uint_eq(rig->net.final_count, 1);
		rig_free(rig);
	}
}
END_TEST

/* What somebody still tells of though its time is over is left to the history. */
START_TEST(what_is_past_its_expiry_is_not_taken_up_again)
{
	struct rig *rig = rig_ready();
	struct uncia_payment_id id, again;
	ck_assert_int_eq(rig_pay(rig, "rent", HALF, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 100);
	rig->net.holds = true;
	forget_payments(rig);
	rig->net.tip.timestamp_ms += 3600000;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
	ck_assert_int_eq(rig_pay_now(rig, "rent", HALF, &again), 0);
	ck_assert_mem_ne(again.b, id.b, sizeof(id.b));
	rig_free(rig);
}
END_TEST

START_TEST(a_damaged_mark_is_none)
{
	struct rig *rig = rig_ready();
	struct memory_copy copy;
	receive(rig, 1);
	open_again(rig);
	pay_final(rig, "before");
	memory_host_copy(&rig->host, &copy);
	struct uncia_payment_id rent = pay_final(rig, "rent");
	rig_close(rig);
	memory_host_put_back(&rig->host, &copy, "");
	struct memory_blob *mark = memory_host_find(&rig->host, "caught-up");
	ck_assert_ptr_nonnull(mark);
	mark->data[mark->size - 1] ^= 1;
	open_again(rig);
	same_again(rig, "rent", &rent);
	rig_free(rig);
}
END_TEST

/* Whatever of storage fails during the look-up, the key is paid under once in the end. */
START_TEST(storage_that_fails_is_told_and_loses_nothing)
{
	unsigned told = 0;
	for (unsigned nth = 1; nth < 40; nth++) {
		struct rig *rig = rig_ready();
		struct memory_copy copy;
		memory_host_copy(&rig->host, &copy);
		struct uncia_payment_id rent = pay_final(rig, "rent");
		receive(rig, 1);
		rig_close(rig);
		memory_host_put_back(&rig->host, &copy, "");
		open_again(rig);
		rig->host.calls = 0;
		rig->host.fail_at = nth;
		rig->host.failure = nth % 2 ? FAIL_BEFORE : FAIL_AFTER;
		int error = rig_catch_up(rig);
		rig->host.fail_at = 0;
		ck_assert(error == 0 || error == UNCIA_E_IO);
		told += error != 0;
		same_again(rig, "rent", &rent);
		rig_free(rig);
	}
	ck_assert_uint_ge(told, 4);
}
END_TEST

/* Several pages of others' payments lie above it; links come and go, and validators are slow in turn. */
START_TEST(a_long_history_is_read_page_by_page)
{
	struct rig *rig = rig_ready();
	struct memory_copy copy;
	memory_host_copy(&rig->host, &copy);
	struct uncia_payment_id rent = pay_final(rig, "rent");
	rig->net.page_max = 5;
	receive(rig, 40);
	rig_close(rig);
	memory_host_put_back(&rig->host, &copy, "");
	open_again(rig);
	ck_assert_int_eq(uncia_wallet_catch_up(rig->wallet), 0);
	struct uncia_event event;
	bool ended = false;
	for (int i = 0; i < 100 && !ended; i++) {
		rig->net.nodes[i % 4].behaviour = i / 4 % 2 ? HONEST : SILENT;
		if (i % 3 == 0 && rig->net.nodes[(i + 1) % 4].link)
			fake_network_cut(&rig->net, rig->wallet, (uint32_t)(i + 1) % 4);
		fake_network_pass(&rig->net, rig->wallet, 500);
		ended = rig_event(rig, UNCIA_EVENT_CAUGHT_UP, &event);
	}
	ck_assert(ended);
	ck_assert_int_eq(event.error, 0);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = HONEST;
	same_again(rig, "rent", &rent);
	ck_assert_uint_ge(pages(rig), 8);
	rig_free(rig);
}
END_TEST

/* Whichever of them is asked first. */
START_TEST(one_that_tells_as_slowly_as_it_may_holds_up_nobody)
{
	for (uint32_t slow = 0; slow < 4; slow++) {
		struct rig *rig = rig_ready();
		struct uncia_payment_id id;
		receive(rig, 40);
		rig->net.nodes[slow].behaviour = SLOW_PAGES;
		open_again(rig);
		uint64_t begin = rig->host.now_ms;
		ck_assert_int_eq(rig_pay(rig, "key", HALF, &id), 0);
		ck_assert_uint_lt(rig->host.now_ms - begin, 7000);
		rig_free(rig);
	}
}
END_TEST

START_TEST(a_locked_wallet_looks_nothing_up)
{
	struct uncia_key_options key = {
	    .size = sizeof(key), .passphrase = "sesame", .kdf_memory = 8192, .kdf_passes = 1};
	struct rig *rig = rig_ready();
	rig_close(rig);
	ck_assert_int_eq(rig->host.host.remove(&rig->host, "key"), 0);
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &key), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(uncia_wallet_catch_up(rig->wallet), UNCIA_E_LOCKED);
	ck_assert_int_eq(uncia_wallet_unlock(rig->wallet, "sesame"), 0);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(uncia_wallet_catch_up(NULL), UNCIA_E_ARGUMENT);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("catch_up", an_older_home_finds_what_it_has_forgotten, without_a_key_nothing_waits,
          a_home_that_misses_nothing_reads_nothing, one_that_leaves_out_does_not_hinder,
          where_nobody_tells_all_nothing_is_paid, an_account_that_is_gone_is_looked_up_too,
          a_former_life_of_the_account_is_looked_up_too, a_full_counter_counts_nothing,
          what_was_pending_in_the_copy_gets_its_end, what_is_not_final_yet_is_known_by_who_holds_it,
          what_is_past_its_expiry_is_not_taken_up_again, a_damaged_mark_is_none,
          storage_that_fails_is_told_and_loses_nothing, a_long_history_is_read_page_by_page,
          one_that_tells_as_slowly_as_it_may_holds_up_nobody, a_locked_wallet_looks_nothing_up)
