/* History: every entry proved, none of others', and what is missing is noticed. */
#include <string.h>
#include "history.h"
#include "receipt.h"
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

/* A final payment of these outputs, as the newest of the history. */
static const struct uncia_receipt *newest(struct rig *rig, const struct fixture_key *payer,
                                          const struct output *outputs, uint32_t count, uint64_t nonce)
{
	struct uncia_history_page got = {.size = sizeof(got)};
	struct payment *payment =
	    fixture_payment_outputs(&rig->net.f, payer, outputs, count, FIXTURE_TIME_S + 60, nonce);
	fake_network_final(&rig->net, payment);
	payment_free(payment);
	ck_assert_int_eq(page(rig, 0, 0, 1, &got), 0);
	ck_assert_uint_eq(got.count, 1);
	return uncia_wallet_history_receipt(rig->wallet, 0);
}

START_TEST(a_payee_sees_each_of_its_outputs_and_a_payer_all)
{
	struct rig *rig = rig_new(4);
	struct uncia_part part = {.size = sizeof(part)};
	struct fixture_key payer, other;
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	uint64_t amount;
	fixture_account(0, &payer);
	fixture_account(1, &other);
	struct output outputs[] = {{.to = other.address, .amount = 7000},
	                           {.to = rig->net.account, .amount = 5000, .has_reference = true, .reference = {1}},
	                           {.to = other.address, .amount = 11000},
	                           {.to = rig->net.account, .amount = 6000, .has_reference = true, .reference = {2}}};
	const uint8_t first[REFERENCE_SIZE] = {1}, second[REFERENCE_SIZE] = {2};
	const uint8_t *references[] = {first, second};
	ck_assert_int_eq(rig_sync(rig), 0);
	const struct uncia_receipt *receipt = newest(rig, &payer, outputs, 4, 1);
	ck_assert_int_eq(uncia_wallet_part(rig->wallet, receipt, &part), 0);
	ck_assert_int_eq(part.direction, UNCIA_DIRECTION_IN);
	ck_assert_uint_eq(part.amount, 11000);
	ck_assert_uint_eq(part.output_count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct destination to;
		ck_assert_int_eq(uncia_wallet_part_output(rig->wallet, receipt, i, address, &amount), 0);
		ck_assert_uint_eq(amount, 5000 + 1000 * i);
		ck_assert_int_eq(destination_parse(address, &to), 0);
		ck_assert(address_equal(&to.address, &rig->net.account) && to.has_reference);
		ck_assert_mem_eq(to.reference, references[i], REFERENCE_SIZE);
		ck_assert(i != 0 || strcmp(address, part.to) == 0);
	}
	ck_assert_int_eq(uncia_wallet_part_output(rig->wallet, receipt, 2, address, &amount), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_received(rig->wallet, receipt, &amount), 0);
	ck_assert_uint_eq(amount, 11000);

	/* As the payer, of whose outputs the first is its own; and of two payments to itself. */
	for (unsigned other_gets = 0; other_gets < 2; other_gets++) {
		struct uncia_history_page got = {.size = sizeof(got)};
		char own[UNCIA_ADDRESS_TEXT_SIZE], others[UNCIA_ADDRESS_TEXT_SIZE];
		struct uncia_output paid[2] = {{.address = own, .amount = 5000}, {.address = own, .amount = 6000}};
		struct uncia_payment_request request = {.size = sizeof(request), .outputs = paid, .output_count = 2};
		struct uncia_payment_id id;
		ck_assert_int_eq(uncia_wallet_address(rig->wallet, own), 0);
		rig_address(1, others);
		if (other_gets)
			paid[1].address = others;
		rig->net.finalise = true;
		ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &id), 0);
		ck_assert_uint_eq(rig_payment(rig, &id).leaving, other_gets * 6000);
		ck_assert_uint_eq(rig_payment(rig, &id).received, other_gets ? 5000 : 11000);
		/* Before it has its end, and after. */
		ck_assert_int_eq(uncia_wallet_payment_part(rig->wallet, &id, &part), 0);
		ck_assert_int_eq(part.direction, other_gets ? UNCIA_DIRECTION_OUT : UNCIA_DIRECTION_SELF);
		ck_assert_uint_eq(part.amount, other_gets ? 6000 : 11000);
		ck_assert_str_eq(part.to, other_gets ? others : own);
		fake_network_pump(&rig->net, rig->wallet);
		ck_assert_int_eq(page(rig, 0, 0, 1, &got), 0);
		receipt = uncia_wallet_history_receipt(rig->wallet, 0);
		ck_assert_int_eq(uncia_wallet_part(rig->wallet, receipt, &part), 0);
		ck_assert_int_eq(part.direction, other_gets ? UNCIA_DIRECTION_OUT : UNCIA_DIRECTION_SELF);
		ck_assert_uint_eq(part.amount, other_gets ? 6000 : 11000);
		ck_assert_str_eq(part.to, other_gets ? others : own);
		ck_assert_uint_eq(part.output_count, 2);
		for (uint32_t i = 0; i < 2; i++) {
			ck_assert_int_eq(uncia_wallet_part_output(rig->wallet, receipt, i, address, &amount), 0);
			ck_assert(strcmp(address, paid[i].address) == 0 && amount == paid[i].amount);
			ck_assert_int_eq(uncia_wallet_output(rig->wallet, &id, i, address, &amount), 0);
			ck_assert(strcmp(address, paid[i].address) == 0 && amount == paid[i].amount);
		}
		ck_assert_int_eq(uncia_wallet_output(rig->wallet, &id, 2, address, &amount), UNCIA_E_ARGUMENT);
	}

	/* A receipt of others is none of this account's business. */
	struct output elsewhere = {.to = other.address, .amount = 5000};
	struct payment *theirs = fixture_payment_outputs(&rig->net.f, &payer, &elsewhere, 1, FIXTURE_TIME_S + 60, 9);
	const struct fake_final *final = fake_network_final(&rig->net, theirs);
	struct uncia_receipt *verified;
	char *text;
	ck_assert_int_eq(receipt_format(&rig->net.f.genesis.network_id, final->receipt, final->size, &text), 0);
	ck_assert_int_eq(uncia_receipt_verify(rig->net.network, text, &verified), 0);
	ck_assert_int_eq(uncia_wallet_part(rig->wallet, verified, &part), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_received(rig->wallet, verified, &amount), 0);
	ck_assert_uint_eq(amount, 0);
	ck_assert_int_eq(uncia_wallet_part_output(rig->wallet, verified, 0, address, &amount), UNCIA_E_NOT_FOUND);
	uncia_receipt_free(verified);
	uncia_text_free(text);
	payment_free(theirs);
	rig_free(rig);
}
END_TEST

START_TEST(what_expired_is_listed_by_its_expiry_the_latest_first)
{
	static const uint32_t lifetimes[] = {60, 20, 40, 30};
	struct rig *rig = rig_new(4);
	struct uncia_payment_id ids[4], id;
	char address[UNCIA_ADDRESS_TEXT_SIZE];
	ck_assert_int_eq(rig_sync(rig), 0);
	rig_address(0, address);
	ck_assert_int_eq(uncia_wallet_expired(rig->wallet, 0, &id), UNCIA_E_NOT_FOUND);
	for (size_t i = 0; i < 4; i++) {
		struct uncia_output output = {.address = address, .amount = 5000 + i};
		struct uncia_payment_request request = {.size = sizeof(request),
		                                        .outputs = &output,
		                                        .output_count = 1,
		                                        .expires_s = lifetimes[i],
		                                        .memo = i == 2 ? "in vain" : NULL};
		ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &ids[i]), 0);
	}
	rig->net.expire = true;
	fake_network_pass(&rig->net, rig->wallet, 5000);
	for (int reopened = 0; reopened < 3; reopened++) {
		static const size_t order[] = {0, 2, 3, 1};
		for (size_t i = 0; i < 4; i++) {
			ck_assert_int_eq(uncia_wallet_expired(rig->wallet, i, &id), 0);
			ck_assert_mem_eq(id.b, ids[order[i]].b, sizeof(id.b));
			struct uncia_payment payment = rig_payment(rig, &id);
			ck_assert_int_eq(payment.state, UNCIA_PAYMENT_EXPIRED);
			ck_assert_uint_eq(payment.amount, 5000 + order[i]);
			ck_assert_str_eq(payment.memo, order[i] == 2 ? "in vain" : "");
		}
		ck_assert_int_eq(uncia_wallet_expired(rig->wallet, 4, &id), UNCIA_E_NOT_FOUND);
		rig_reopen(rig);
	}
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
		rig->wallet->history->walk.seen += counters[i] - 10; /* as if so many had come before */
		ck_assert_int_eq(page(rig, got.next_height, got.next_index, 64, &got), 0);
		ck_assert_uint_eq(got.count, 6);
		ck_assert_uint_eq(rig->wallet->history->walk.seen, counters[i]);
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

/* Whichever of them is asked first. */
START_TEST(one_that_gives_pages_as_slowly_as_it_may_holds_up_one_of_them)
{
	for (uint32_t slow = 0; slow < 4; slow++) {
		struct rig *rig = rig_new(4);
		struct fixture_key payer;
		struct uncia_history_page found = {.size = sizeof(found)};
		uint32_t count = 0;
		fixture_account(0, &payer);
		for (uint64_t i = 0; i < 20; i++) {
			struct output output = {.to = rig->net.account, .amount = 5000};
			struct payment *payment =
			    fixture_payment_outputs(&rig->net.f, &payer, &output, 1, FIXTURE_TIME_S + 60, i);
			fake_network_final(&rig->net, payment);
			payment_free(payment);
		}
		ck_assert_int_eq(rig_sync(rig), 0);
		rig->net.nodes[slow].behaviour = SLOW_PAGES;
		uint64_t begin = rig->host.now_ms;
		do {
			struct uncia_event event;
			ck_assert_int_eq(
			    uncia_wallet_history(rig->wallet, found.next_height, found.next_index, 20 - count), 0);
			while (!rig_event(rig, UNCIA_EVENT_HISTORY, &event))
				fake_network_pass(&rig->net, rig->wallet, 100);
			ck_assert_int_eq(event.error, 0);
			ck_assert_int_eq(uncia_wallet_history_page(rig->wallet, &found), 0);
			count += found.count;
		} while (count < 20);
		ck_assert(found.complete);
		ck_assert_uint_lt(rig->host.now_ms - begin, 4000);
		rig_free(rig);
	}
}
END_TEST

UNIT_MAIN("history", one_that_gives_pages_as_slowly_as_it_may_holds_up_one_of_them,
          nothing_is_complete_where_the_counter_is_full, history_comes_in_pages_newest_first_and_complete,
          a_payee_sees_each_of_its_outputs_and_a_payer_all, what_expired_is_listed_by_its_expiry_the_latest_first,
          a_payment_left_out_is_noticed, a_former_life_in_the_same_block_stands_in_for_nothing,
          pages_are_counted_against_one_state_only, others_receipts_and_garbage_are_refused_and_another_is_asked,
          history_ends_when_nobody_tells)
