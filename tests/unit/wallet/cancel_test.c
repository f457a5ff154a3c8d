/* What was asked for and is given up: no event comes of it, and it can be asked for again. */
#include <string.h>
#include "unit.h"
#include "wallet_rig.h"

static void silence(struct rig *rig, enum behaviour behaviour)
{
	for (uint32_t i = 0; i < rig->net.count; i++)
		rig->net.nodes[i].behaviour = behaviour;
}

static int cancel(struct rig *rig, enum uncia_event_kind kind)
{
	return uncia_wallet_cancel(rig->wallet, kind, NULL);
}

/* Late answers come, and time passes. */
static void check_no_event(struct rig *rig, enum uncia_event_kind kind)
{
	struct uncia_event event;
	silence(rig, HONEST);
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(!rig_event(rig, kind, &event));
}

START_TEST(a_sync_that_is_given_up_has_no_event)
{
	struct rig *rig = rig_new(4);
	silence(rig, SILENT);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_BALANCE), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_BALANCE), 0);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_BALANCE), UNCIA_E_NOT_FOUND);
	uint64_t asked = rig->net.nodes[0].account_request;
	silence(rig, HONEST);
	fake_network_push_account(&rig->net, rig->wallet, 0, asked); /* it had been sent already */
	ck_assert(!rig_balance(rig).known);
	check_no_event(rig, UNCIA_EVENT_BALANCE);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert(rig_balance(rig).known);
	rig_free(rig);
}
END_TEST

START_TEST(an_event_that_waits_is_not_taken_back)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_BALANCE), UNCIA_E_NOT_FOUND);
	ck_assert(rig_event(rig, UNCIA_EVENT_BALANCE, &event));
	rig_free(rig);
}
END_TEST

START_TEST(a_history_that_is_given_up_has_no_event)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	struct uncia_history_page page = {.size = sizeof(page)};
	silence(rig, SILENT);
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, 5), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_HISTORY), 0);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_HISTORY), UNCIA_E_NOT_FOUND);
	check_no_event(rig, UNCIA_EVENT_HISTORY);
	ck_assert_int_eq(uncia_wallet_history_page(rig->wallet, &page), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, 5), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(rig_event(rig, UNCIA_EVENT_HISTORY, &event));
	ck_assert_int_eq(uncia_wallet_history_page(rig->wallet, &page), 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_look_up_that_is_given_up_has_no_event_and_keeps_its_sync)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	silence(rig, SILENT);
	ck_assert_int_eq(uncia_wallet_catch_up(rig->wallet), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_BALANCE), UNCIA_E_BUSY); /* the look-up needs it */
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_CAUGHT_UP), 0);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_CAUGHT_UP), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_BALANCE), 0);
	check_no_event(rig, UNCIA_EVENT_CAUGHT_UP);
	/* Nothing counts as looked up. */
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay_now(rig, "k", 500000, &id), UNCIA_E_BEHIND);
	ck_assert_int_eq(rig_catch_up(rig), 0);
	ck_assert_int_eq(rig_pay_now(rig, "k", 500000, &id), 0);
	rig_free(rig);
}
END_TEST

START_TEST(queries_that_are_given_up_have_no_event)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id one = {{0x70, 1}}, other = {{0x70, 2}};
	struct uncia_event event;
	silence(rig, SILENT);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &one), 0);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &other), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_PAYMENT, &one), 0);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_PAYMENT, &one), UNCIA_E_NOT_FOUND);
	silence(rig, HONEST);
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_mem_eq(event.id.b, other.b, sizeof(other.b));
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	/* All of them, those that are followed as well. */
	silence(rig, SILENT);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &one), 0);
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &other), 0);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_PAYMENT), 0);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_PAYMENT), UNCIA_E_NOT_FOUND);
	uint32_t asked = rig->net.nodes[0].queries;
	rig->net.expire = true;
	check_no_event(rig, UNCIA_EVENT_PAYMENT);
	ck_assert_uint_eq(rig->net.nodes[0].queries, asked);
	rig_free(rig);
}
END_TEST

/* What the bytes of a payment can still do is done all the same. */
START_TEST(an_own_payment_goes_on_though_its_query_is_given_up)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id;
	struct uncia_event event;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, 500000, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	silence(rig, SILENT);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_PAYMENT, &id), 0);
	rig_no_events(rig);
	silence(rig, HONEST);
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

START_TEST(other_kinds_cannot_be_given_up)
{
	struct rig *rig = rig_new(4);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_LINK), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_ERROR), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(cancel(rig, (enum uncia_event_kind)0), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(cancel(rig, (enum uncia_event_kind)99), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(cancel(rig, UNCIA_EVENT_ORDER), UNCIA_E_NOT_FOUND);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("cancel", a_sync_that_is_given_up_has_no_event, an_event_that_waits_is_not_taken_back,
          a_history_that_is_given_up_has_no_event, a_look_up_that_is_given_up_has_no_event_and_keeps_its_sync,
          queries_that_are_given_up_have_no_event, an_own_payment_goes_on_though_its_query_is_given_up,
          other_kinds_cannot_be_given_up)
