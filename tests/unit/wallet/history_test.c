/* History: every entry proved, none of others', and what is missing is noticed. */
#include <string.h>
#include "history.h"
#include "unit.h"
#include "wallet.h"
#include "wallet_rig.h"

/* Ten payments to the wallet, with two of others' among them. */
static struct rig *with_history(void)
{
	struct rig *rig = rig_new(4);
	struct fixture_key payer;
	fixture_account(0, &payer);
	for (uint32_t i = 0; i < 12; i++) {
		struct output output = {.to = rig->net.account, .amount = 5000 + i};
		if (i % 6 == 3)
			fixture_account(1, &payer), output.to = payer.address, fixture_account(0, &payer);
		struct payment *payment =
		    fixture_payment_outputs(&rig->net.f, &payer, &output, 1, FIXTURE_TIME_S + 60, i);
		fake_network_final(&rig->net, payment);
		payment_free(payment);
	}
	rig->net.payments = 10;
	rig->net.created = 2;
	rig->net.balance = 10 * 5000 + 66 - 3 - 9;
	ck_assert_int_eq(rig_sync(rig), 0);
	rig_no_events(rig);
	return rig;
}

static int page(struct rig *rig, uint64_t height, uint32_t index, uint32_t limit, struct uncia_history_page *out)
{
	struct uncia_event event;
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, height, index, limit), 0);
	fake_network_pump(&rig->net, rig->wallet);
	for (int i = 0; i < 200; i++) {
		if (rig_event(rig, UNCIA_EVENT_HISTORY, &event)) {
			out->size = sizeof(*out);
			if (event.error == 0)
				ck_assert_int_eq(uncia_wallet_history_page(rig->wallet, out), 0);
			return event.error;
		}
		fake_network_pass(&rig->net, rig->wallet, 100);
	}
	ck_abort_msg("the page never came");
	return 0;
}

START_TEST(history_comes_in_pages_newest_first_and_complete)
{
	struct rig *rig = with_history();
	struct uncia_history_page got = {.size = sizeof(got)};
	uint64_t height = 0, last = UINT64_MAX;
	uint32_t index = 0, total = 0, pages = 0;
	ck_assert_int_eq(uncia_wallet_history_page(rig->wallet, &got), UNCIA_E_NOT_FOUND);
	do {
		ck_assert_int_eq(page(rig, height, index, 4, &got), 0);
		for (uint32_t i = 0; i < got.count; i++) {
			struct uncia_payment payment = {.size = sizeof(payment)};
			const struct uncia_receipt *receipt = uncia_wallet_history_receipt(rig->wallet, i);
			ck_assert_int_eq(uncia_receipt_payment(receipt, &payment), 0);
			ck_assert_uint_lt(payment.height, last);
			last = payment.height;
			total++;
		}
		ck_assert_ptr_null(uncia_wallet_history_receipt(rig->wallet, got.count));
		ck_assert(got.complete == (total == 10));
		height = got.next_height;
		index = got.next_index;
		pages++;
	} while (height != 0);
	ck_assert_uint_eq(total, 10);
	ck_assert_uint_eq(pages, 3);
	rig_free(rig);
}
END_TEST

START_TEST(a_payment_left_out_is_noticed)
{
	struct rig *rig = with_history();
	struct uncia_history_page got;
	rig->net.leave_out = true;
	ck_assert_int_eq(page(rig, 0, 0, 64, &got), 0);
	ck_assert_uint_eq(got.count, 9);
	ck_assert(!got.complete);
	rig->net.leave_out = false;
	ck_assert_int_eq(page(rig, 0, 0, 64, &got), 0);
	ck_assert(got.complete);
	/* A page out of its place proves nothing about the whole. */
	ck_assert_int_eq(page(rig, 100, 0, 64, &got), 0);
	ck_assert_uint_eq(got.count, 10);
	ck_assert(!got.complete);
	rig_free(rig);
}
END_TEST

/* What it did before it was emptied is of the same block as its new beginning. */
START_TEST(a_former_life_in_the_same_block_stands_in_for_nothing)
{
	struct rig *rig = rig_new(4);
	struct uncia_history_page got;
	struct fixture_key payer;
	fixture_account(0, &payer);
	rig->net.created = rig->net.tip.height + 1;
	for (uint32_t i = 0; i < 4; i++) {
		struct output output = {.to = rig->net.account, .amount = 5000 + 1000 * i};
		struct payment *payment =
		    fixture_payment_outputs(&rig->net.f, &payer, &output, 1, FIXTURE_TIME_S + 60, i);
		fake_network_final(&rig->net, payment);
		payment_free(payment);
	}
	for (int lives = 1; lives <= 2; lives++) {
		rig->net.payments = lives == 1 ? 4 : 2;
		rig->net.balance = lives == 1 ? 26000 : 15000; /* the first two are of the former one */
		rig->net.tip.height++;
		ck_assert_int_eq(rig_sync(rig), 0);
		ck_assert_int_eq(page(rig, 0, 0, 64, &got), 0);
		ck_assert_uint_eq(got.count, 4);
		ck_assert(got.complete);
	}
	/* As many as there must be, but one of them is not of this life. */
	rig->net.payments = 3;
	rig->net.balance = 6000 + 7000 + 8000;
	rig->net.tip.height++;
	rig->net.leave_out = true; /* the one of 6000 */
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(page(rig, 0, 0, 64, &got), 0);
	ck_assert_uint_eq(got.count, 3);
	ck_assert(!got.complete);
	rig_free(rig);
}
END_TEST

/* From 2^32 - 1 on the counter stands still: as many receipts as it says are not all there were. */
START_TEST(nothing_is_complete_where_the_counter_is_full)
{
	static const uint32_t counters[] = {UINT32_MAX - 1, UINT32_MAX};
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		struct rig *rig = with_history();
		struct uncia_history_page got;
		struct uncia_balance balance = {.size = sizeof(balance)};
		rig->net.payments = counters[i];
		rig->net.tip.height++;
		ck_assert_int_eq(rig_sync(rig), 0);
		ck_assert_int_eq(uncia_wallet_balance(rig->wallet, &balance), 0);
		ck_assert(balance.uncounted == (i == 1));
		ck_assert_int_eq(page(rig, 0, 0, 4, &got), 0);
		rig->wallet->history->seen += counters[i] - 10; /* as if so many had come before */
		ck_assert_int_eq(page(rig, got.next_height, got.next_index, 64, &got), 0);
		ck_assert_uint_eq(got.count, 6);
		ck_assert_uint_eq(rig->wallet->history->seen, counters[i]);
		ck_assert(got.complete == (i == 0));
		rig_free(rig);
	}
}
END_TEST

/* The account is emptied between two pages and begins anew, with as many payments as were seen of its old life. */
START_TEST(pages_are_counted_against_one_state_only)
{
	struct rig *rig = with_history();
	struct uncia_history_page got;
	ck_assert_int_eq(page(rig, 0, 0, 3, &got), 0);
	ck_assert(!got.complete);
	rig->net.payments = 3;
	rig->net.created = rig->net.tip.height;
	rig->net.tip.height++;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(uncia_wallet_history_page(rig->wallet, &got), 0);
	ck_assert(!got.complete);
	rig_free(rig);
}
END_TEST

START_TEST(others_receipts_and_garbage_are_refused_and_another_is_asked)
{
	static const enum behaviour lies[] = {OTHER_RECEIPT, GARBAGE, SILENT, REFUSES, NOISE_GARBAGE};
	for (size_t l = 0; l < sizeof(lies) / sizeof(lies[0]); l++) {
		struct rig *rig = with_history();
		struct uncia_history_page got;
		for (int i = 0; i < 3; i++)
			rig->net.nodes[i].behaviour = lies[l];
		ck_assert_int_eq(page(rig, 0, 0, 64, &got), 0);
		ck_assert_uint_eq(got.count, 10);
		ck_assert(got.complete);
		rig_free(rig);
	}
}
END_TEST

START_TEST(history_ends_when_nobody_tells)
{
	struct rig *rig = with_history();
	struct uncia_history_page got;
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	ck_assert_int_eq(page(rig, 0, 0, 64, &got), UNCIA_E_UNREACHABLE);
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, 0), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, 65), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 1, 5), UNCIA_E_ARGUMENT);
	rig_free(rig);
}
END_TEST

/* The home is lost and had back from the words: what its keys stand for is in the ledger alone. */
START_TEST(a_restored_home_recalls_the_keys_of_final_payments)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id, again;
	struct uncia_history_page got;
	ck_assert_int_eq(uncia_wallet_recall(rig->wallet), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->net.finalise = true;
	ck_assert_int_eq(rig_pay(rig, "rent", 500000, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_close(rig);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment-"), 1);
	while (memory_host_count(&rig->host, "payment-") != 0)
		for (size_t i = 0; i < rig->host.count; i++)
			if (strncmp(rig->host.blobs[i].name, "payment-", 8) == 0)
				ck_assert_int_eq(rig->host.host.remove(&rig->host, rig->host.blobs[i].name), 0);
	rig->host.now_ms += 5000;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(page(rig, 0, 0, 64, &got), 0);
		ck_assert(got.complete);
		ck_assert_int_eq(uncia_wallet_recall(rig->wallet), 0);
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 1);
	}
	uint32_t submits = rig_submits(rig);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(rig_pay(rig, "rent", 500000, &again), 0);
		ck_assert_mem_eq(again.b, id.b, sizeof(id.b));
		ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
		ck_assert_int_eq(rig_pay(rig, "rent", 500001, &again), UNCIA_E_KEY_REUSED);
		fake_network_pump(&rig->net, rig->wallet);
		ck_assert_uint_eq(rig_submits(rig), submits);
		rig_reopen(rig);
	}
	rig_free(rig);
}
END_TEST

UNIT_MAIN("history", nothing_is_complete_where_the_counter_is_full, history_comes_in_pages_newest_first_and_complete,
          a_payment_left_out_is_noticed, a_former_life_in_the_same_block_stands_in_for_nothing,
          pages_are_counted_against_one_state_only, others_receipts_and_garbage_are_refused_and_another_is_asked,
          history_ends_when_nobody_tells, a_restored_home_recalls_the_keys_of_final_payments)
