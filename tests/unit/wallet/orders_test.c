/* Orders: a payment that the wallet makes as soon as it knows enough, and one event that tells what came of it. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "wallet_rig.h"

#define HALF UINT64_C(500000)

static int order(struct rig *rig, const char *key, uint64_t micro, const char *tag)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE], memo[] = "rent";
	rig_address(0, address);
	struct uncia_output output = {.address = address, .amount = micro};
	struct uncia_payment_request request = {.size = sizeof(request),
	                                        .outputs = &output,
	                                        .output_count = 1,
	                                        .key = key,
	                                        .memo = memo,
	                                        .tag = tag,
	                                        .tag_size = tag ? (uint32_t)strlen(tag) : 0};
	int rc = uncia_wallet_order(rig->wallet, &request);
	/* All of it was copied. */
	memset(address, 'x', sizeof(address) - 1);
	memset(memo, 'x', sizeof(memo) - 1);
	memset(&output, 0xff, sizeof(output));
	return rc;
}

/* Takes the one event of an order with this tag. Returns its error. */
static int ended(struct rig *rig, const char *tag, struct uncia_payment_id *id)
{
	static const struct uncia_payment_id none;
	struct uncia_event event;
	ck_assert(rig_event(rig, UNCIA_EVENT_ORDER, &event));
	ck_assert_uint_eq(event.tag_size, strlen(tag));
	ck_assert_mem_eq(event.tag, tag, strlen(tag));
	ck_assert((memcmp(&event.id, &none, sizeof(none)) == 0) == (event.error != 0));
	*id = event.id;
	return event.error;
}

static void no_order_ended(struct rig *rig)
{
	struct uncia_event event;
	ck_assert(!rig_event(rig, UNCIA_EVENT_ORDER, &event));
}

START_TEST(a_wallet_that_was_just_opened_pays_by_itself)
{
	for (int keyed = 0; keyed < 2; keyed++) {
		struct rig *rig = rig_new(4);
		struct uncia_payment_id id;
		rig->net.finalise = true;
		ck_assert_int_eq(order(rig, keyed ? "k" : NULL, HALF, "a"), 0);
		no_order_ended(rig);
		ck_assert_int_ge(uncia_wallet_timeout_ms(rig->wallet), 0);
		fake_network_pass(&rig->net, rig->wallet, 2000);
		ck_assert_int_eq(ended(rig, "a", &id), 0);
		no_order_ended(rig);
		struct uncia_payment payment = rig_payment(rig, &id);
		ck_assert_uint_eq(payment.amount, HALF);
		ck_assert_str_eq(payment.memo, "rent");
		ck_assert_mem_eq(payment.tag, "a", 1);
		fake_network_pass(&rig->net, rig->wallet, 4000);
		ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 1);
		rig_free(rig);
	}
}
END_TEST

/* What was proved 30 s ago is not signed on: the account is asked for, and the payment made on the answer. */
START_TEST(a_balance_that_is_old_is_asked_for_first)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(order(rig, NULL, HALF, "fresh"), 0); /* made at once */
	ck_assert_int_eq(ended(rig, "fresh", &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 40000);
	rig_no_events(rig);
	/* Meanwhile the account was emptied from another home. */
	rig->net.balance = HALF / 2;
	rig->net.tip.height += 5;
	ck_assert_int_eq(order(rig, NULL, HALF, "old"), 0);
	no_order_ended(rig);
	fake_network_pass(&rig->net, rig->wallet, 2000);
	ck_assert_int_eq(ended(rig, "old", &id), UNCIA_E_FUNDS);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 1);
	rig_free(rig);
}
END_TEST

START_TEST(an_order_without_a_network_ends_as_that)
{
	for (int keyed = 0; keyed < 2; keyed++) {
		struct rig *rig = rig_new(4);
		struct uncia_payment_id id;
		for (int i = 0; i < 4; i++)
			rig->net.nodes[i].down = true;
		ck_assert_int_eq(order(rig, keyed ? "k" : NULL, HALF, "a"), 0);
		fake_network_pass(&rig->net, rig->wallet, 9000);
		no_order_ended(rig);
		fake_network_pass(&rig->net, rig->wallet, 3000);
		ck_assert_int_eq(ended(rig, "a", &id), UNCIA_E_UNREACHABLE);
		/* It is over: nothing is paid when the network is back. */
		for (int i = 0; i < 4; i++)
			rig->net.nodes[i].down = false;
		fake_network_pass(&rig->net, rig->wallet, 60000);
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
		ck_assert_uint_eq(rig_submits(rig), 0);
		rig_free(rig);
	}
}
END_TEST

START_TEST(many_orders_share_one_look_up_and_each_has_its_end)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	char tag[8];
	for (int i = 0; i < 64; i++) {
		snprintf(tag, sizeof(tag), "%d", i);
		ck_assert_int_eq(order(rig, i % 2 ? tag : NULL, i == 7 ? 1000 * AMOUNT_MICROS : 10000, tag), 0);
	}
	ck_assert_int_eq(order(rig, NULL, HALF, "x"), UNCIA_E_FULL);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(order(rig, NULL, HALF, "x"), UNCIA_E_FULL); /* their events were not taken */
	struct uncia_event event;
	for (int count = 0; count < 64; count++) {
		ck_assert(rig_event(rig, UNCIA_EVENT_ORDER, &event));
		memcpy(tag, event.tag, event.tag_size);
		tag[event.tag_size] = '\0';
		ck_assert_int_eq(event.error, strcmp(tag, "7") == 0 ? UNCIA_E_FUNDS : 0);
	}
	no_order_ended(rig);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 63);
	ck_assert_int_eq(order(rig, NULL, HALF, "x"), 0);
	ck_assert_int_eq(ended(rig, "x", &id), 0);
	rig_free(rig);
}
END_TEST

START_TEST(the_same_key_ordered_twice_is_one_payment)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id first, second;
	ck_assert_int_eq(order(rig, "k", HALF, "a"), 0);
	ck_assert_int_eq(order(rig, "k", HALF, "b"), 0);
	fake_network_pass(&rig->net, rig->wallet, 3000);
	ck_assert_int_eq(ended(rig, "a", &first), 0);
	ck_assert_int_eq(ended(rig, "b", &second), 0);
	ck_assert_mem_eq(first.b, second.b, sizeof(first.b));
	ck_assert_mem_eq(rig_payment(rig, &first).tag, "a", 1);
	/* Killed, and ordered again without any network: the key is enough. */
	rig_reopen(rig);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].down = true;
	ck_assert_int_eq(order(rig, "k", HALF, "c"), 0);
	ck_assert_int_eq(ended(rig, "c", &second), 0);
	ck_assert_mem_eq(first.b, second.b, sizeof(first.b));
	ck_assert_int_eq(order(rig, "k", HALF + 1, "d"), 0);
	ck_assert_int_eq(ended(rig, "d", &second), UNCIA_E_KEY_REUSED);
	rig_free(rig);
}
END_TEST

START_TEST(orders_that_are_given_up_or_closed_over_pay_nothing)
{
	struct rig *rig = rig_new(4);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	ck_assert_int_eq(order(rig, NULL, HALF, "a"), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_BALANCE, NULL), UNCIA_E_BUSY);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_ORDER, NULL), 0);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_BALANCE, NULL), 0);
	ck_assert_int_eq(order(rig, "k", HALF, "b"), 0);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_CAUGHT_UP, NULL), UNCIA_E_BUSY);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_ORDER, NULL), 0);
	ck_assert_int_eq(order(rig, "l", HALF, "c"), 0);
	rig_close(rig);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = HONEST;
	ck_assert_int_eq(rig_open(rig), 0);
	fake_network_pass(&rig->net, rig->wallet, 30000);
	no_order_ended(rig);
	ck_assert_uint_eq(rig_submits(rig), 0);
	ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
	rig_free(rig);
}
END_TEST

START_TEST(what_can_be_no_order_is_refused_at_once)
{
	struct rig *rig = rig_new(4);
	struct uncia_output output = {.address = NULL, .amount = HALF};
	struct uncia_payment_request request = {.size = sizeof(request), .outputs = &output, .output_count = 1};
	struct uncia_payment_id id;
	ck_assert_int_eq(uncia_wallet_order(rig->wallet, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_order(rig->wallet, &request), UNCIA_E_ARGUMENT);
	request.size--;
	ck_assert_int_eq(uncia_wallet_order(rig->wallet, &request), UNCIA_E_ARGUMENT);
	no_order_ended(rig);
	/* What the ledger would not take is the order's end. */
	output.address = "unc1nonsense";
	request.size++;
	request.tag = "t";
	request.tag_size = 1;
	ck_assert_int_eq(uncia_wallet_order(rig->wallet, &request), 0);
	ck_assert_int_eq(ended(rig, "t", &id), UNCIA_E_ADDRESS);
	ck_assert_uint_eq(memory_host_count(&rig->host, "payment"), 0);
	rig_free(rig);
}
END_TEST

static unsigned held; /* how many more times another process is in the way */

static int lock_held(void *context)
{
	(void)context;
	return held != 0 && held-- ? UNCIA_E_BUSY : 0;
}

static void unlock(void *context)
{
	(void)context;
}

START_TEST(an_order_waits_while_another_process_pays)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	rig_close(rig);
	rig->host.host.lock = lock_held;
	rig->host.host.unlock = unlock;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	held = 3;
	ck_assert_int_eq(order(rig, NULL, HALF, "a"), 0);
	no_order_ended(rig);
	ck_assert_int_le(uncia_wallet_timeout_ms(rig->wallet), 10);
	fake_network_pass(&rig->net, rig->wallet, 400);
	ck_assert_int_eq(ended(rig, "a", &id), 0);
	held = UINT_MAX;
	ck_assert_int_eq(order(rig, NULL, HALF, "b"), 0);
	fake_network_pass(&rig->net, rig->wallet, 9000);
	no_order_ended(rig);
	fake_network_pass(&rig->net, rig->wallet, 2000);
	ck_assert_int_eq(ended(rig, "b", &id), UNCIA_E_BUSY);
	held = 0;
	rig_free(rig);
}
END_TEST

/* It waited for another process, and then for validators: nobody's loop is kept busy meanwhile. */
START_TEST(an_order_that_waits_does_not_spin)
{
	struct rig *rig = rig_new(4);
	rig_close(rig);
	rig->host.host.lock = lock_held;
	rig->host.host.unlock = unlock;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(rig_sync(rig), 0);
	rig->host.now_ms += 29995;
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	held = 1;
	ck_assert_int_eq(order(rig, NULL, HALF, "a"), 0);
	fake_network_pass(&rig->net, rig->wallet, 100); /* now what is known is too old */
	rig_no_events(rig);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_BALANCE, NULL), UNCIA_E_BUSY);
	ck_assert_int_gt(uncia_wallet_timeout_ms(rig->wallet), 100);
	held = 0;
	rig_free(rig);
}
END_TEST

START_TEST(what_kept_an_order_from_being_made_is_told)
{
	for (int keyed = 0; keyed < 2; keyed++) {
		struct rig *rig = rig_new(4);
		struct uncia_payment_id id;
		for (int i = 0; i < 4; i++)
			rig->net.nodes[i].behaviour = FALSE_BALANCE;
		ck_assert_int_eq(order(rig, keyed ? "k" : NULL, HALF, "a"), 0);
		fake_network_pass(&rig->net, rig->wallet, 12000);
		ck_assert_int_eq(ended(rig, "a", &id), UNCIA_E_PROOF);
		ck_assert_uint_eq(uncia_wallet_outbox_count(rig->wallet), 0);
		rig_free(rig);
	}
}
END_TEST

START_TEST(a_locked_wallet_makes_no_order)
{
	struct rig *rig = rig_new(4);
	struct uncia_key_options options = {
	    .size = sizeof(options), .passphrase = "correct horse", .kdf_memory = 1 << 20, .kdf_passes = 1};
	struct uncia_payment_id id;
	rig_close(rig);
	ck_assert_int_eq(rig->host.host.remove(&rig->host, "key"), 0);
	ck_assert_int_eq(uncia_wallet_create(&rig->host.host, FAKE_WORDS, &options), 0);
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(order(rig, NULL, HALF, "a"), 0);
	ck_assert_int_eq(ended(rig, "a", &id), UNCIA_E_LOCKED);
	ck_assert_int_eq(order(rig, "k", HALF, "b"), 0);
	ck_assert_int_eq(ended(rig, "b", &id), UNCIA_E_LOCKED);
	rig_free(rig);
}
END_TEST

/* uncia_wallet_pay itself begins to ask. */
START_TEST(a_call_that_comes_too_early_begins_the_sync)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	struct uncia_event event;
	ck_assert_int_eq(rig_pay_now(rig, NULL, HALF, &id), UNCIA_E_UNREACHABLE);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(rig_event(rig, UNCIA_EVENT_BALANCE, &event));
	ck_assert_int_eq(event.error, 0);
	ck_assert_int_eq(rig_pay_now(rig, NULL, HALF, &id), 0);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("orders", a_wallet_that_was_just_opened_pays_by_itself, a_balance_that_is_old_is_asked_for_first,
          an_order_without_a_network_ends_as_that, many_orders_share_one_look_up_and_each_has_its_end,
          the_same_key_ordered_twice_is_one_payment, orders_that_are_given_up_or_closed_over_pay_nothing,
          what_can_be_no_order_is_refused_at_once, an_order_waits_while_another_process_pays,
          an_order_that_waits_does_not_spin, what_kept_an_order_from_being_made_is_told, a_locked_wallet_makes_no_order,
          a_call_that_comes_too_early_begins_the_sync)
