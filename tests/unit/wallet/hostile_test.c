/* Replies changed at random, by validators that hold the link: whatever comes, nothing false is believed, and an honest
 * validator afterwards is. */
#include <stdlib.h>
#include "unit.h"
#include "wallet_rig.h"

#define HALF   UINT64_C(500000)
#define ROUNDS 600

/* Long enough that those that were left are tried again. */
static void wait_a_round(struct rig *rig)
{
	rig->host.now_ms += 61000;
	ck_assert_int_eq(uncia_wallet_tick(rig->wallet), 0);
}

static void set_mutations(struct rig *rig, uint64_t seed)
{
	for (uint32_t i = 0; i < 4; i++)
		rig->net.nodes[i].mutations = seed == 0 ? 0 : seed + i * 1000000;
}

START_TEST(changed_receipts_and_statements_end_nothing)
{
	for (int expire = 0; expire < 2; expire++) {
		struct rig *rig = rig_new(4);
		struct uncia_payment_id id, other = {{0x70, 1}};
		ck_assert_int_eq(rig_sync(rig), 0);
		set_mutations(rig, 1);
		rig->net.finalise = true;
		rig->net.expire = expire;
		ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
		fake_network_pump(&rig->net, rig->wallet);
		for (int i = 0; i < ROUNDS; i++) {
			wait_a_round(rig);
			ck_assert_int_eq(uncia_wallet_query(rig->wallet, &other), 0);
			fake_network_pump(&rig->net, rig->wallet);
			ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
			ck_assert_int_ne(rig_payment(rig, &other).state, UNCIA_PAYMENT_FINAL);
			if (expire)
				ck_assert_int_ne(rig_payment(rig, &other).state, UNCIA_PAYMENT_EXPIRED);
		}
		ck_assert_uint_gt(rig->net.nodes[3].mutations, 3000001 + ROUNDS);
		set_mutations(rig, 0);
		rig->net.expire = false;
		wait_a_round(rig);
		ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
		fake_network_pump(&rig->net, rig->wallet);
		ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
		rig_free(rig);
	}
}
END_TEST

START_TEST(changed_proofs_and_histories_are_not_believed)
{
	struct rig *rig = rig_new(4);
	struct uncia_history_page page = {.size = sizeof(page)};
	struct fixture_key payer;
	int known = 0;
	fixture_account(0, &payer);
	for (uint32_t i = 0; i < 3; i++) {
		struct output output = {.to = rig->net.account, .amount = AMOUNT_MICROS};
		struct payment *payment =
		    fixture_payment_outputs(&rig->net.f, &payer, &output, 1, FIXTURE_TIME_S + 60, i);
		fake_network_final(&rig->net, payment);
		payment_free(payment);
	}
	set_mutations(rig, 7);
	for (int i = 0; i < ROUNDS; i++) {
		wait_a_round(rig);
		ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
		ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, 10), 0);
		fake_network_pump(&rig->net, rig->wallet);
		/* A change beside the proof leaves the proof what it was: then what is believed is true. */
		struct uncia_balance balance = rig_balance(rig);
		if (balance.known)
			ck_assert(balance.exists && balance.balance == 103 * AMOUNT_MICROS);
		known += balance.known;
		if (uncia_wallet_history_page(rig->wallet, &page) == 0) {
			ck_assert_uint_le(page.count, 3);
			ck_assert(!page.complete || page.count == 3);
		}
	}
	ck_assert_uint_gt(rig->net.nodes[3].mutations, 3000007 + ROUNDS);
	ck_assert_int_lt(known, ROUNDS);
	set_mutations(rig, 0);
	wait_a_round(rig);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_uint_eq(rig_balance(rig).balance, 103 * AMOUNT_MICROS);
	rig_free(rig);
}
END_TEST

START_TEST(a_message_larger_than_a_wallet_takes_ends_the_link)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	uint8_t *message = calloc(1, MESSAGE_SIZE_WALLET_MAX + 1);
	ck_assert_ptr_nonnull(message);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig_no_events(rig);
	ck_assert_int_eq(link_send(rig->net.nodes[2].link, message, MESSAGE_SIZE_WALLET_MAX + 1), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_event(rig, UNCIA_EVENT_LINK, &event));
	ck_assert_uint_eq(event.validator, 2);
	ck_assert_int_eq(event.error, UNCIA_E_LIMIT);
	free(message);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("hostile", changed_receipts_and_statements_end_nothing, a_message_larger_than_a_wallet_takes_ends_the_link,
          changed_proofs_and_histories_are_not_believed)
