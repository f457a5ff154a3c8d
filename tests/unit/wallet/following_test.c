/* Payments on their way, more of them than a link takes at once. */
#include "unit.h"
#include "wallet_rig.h"

#define OUTPUTS 255u
#define MANY    120u /* of some 10 KiB each: more than WRITE_QUEUE_WALLET_MAX together */

static void cut_all(struct rig *rig, bool down)
{
	for (uint32_t i = 0; i < rig->net.count; i++) {
		fake_network_cut(&rig->net, rig->wallet, i);
		rig->net.nodes[i].down = down;
	}
}

/* Pays while nobody can be reached. */
static void pay_many(struct rig *rig, struct uncia_payment_id ids[MANY])
{
	char text[UNCIA_ADDRESS_TEXT_SIZE];
	struct uncia_output outputs[OUTPUTS];
	struct uncia_address to;
	rig_address(0, text);
	ck_assert_int_eq(uncia_address_parse(text, &to), 0);
	to.has_reference = true;
	uncia_address_format(&to, text);
	for (uint32_t i = 0; i < OUTPUTS; i++)
		outputs[i] = (struct uncia_output){.address = text, .amount = 3000};
	const struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = outputs, .output_count = OUTPUTS};
	for (uint32_t i = 0; i < MANY; i++)
		ck_assert_int_eq(uncia_wallet_pay(rig->wallet, &request, &ids[i]), 0);
}

static uint32_t count_taken(struct rig *rig, const struct uncia_payment_id ids[MANY])
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < MANY; i++)
		count += rig_payment(rig, &ids[i]).reason == UNCIA_PENDING_WAITING;
	return count;
}

START_TEST(more_payments_than_a_link_takes_at_once_are_all_sent)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id ids[MANY];
	struct uncia_event event;
	ck_assert_int_eq(rig_catch_up(rig), 0);
	cut_all(rig, true);
	pay_many(rig, ids);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	rig_no_events(rig);
	ck_assert_uint_eq(count_taken(rig, ids), 0);
	cut_all(rig, false);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_uint_gt((size_t)MANY * rig->net.nodes[0].submitted_size, WRITE_QUEUE_WALLET_MAX);
	ck_assert_uint_gt(count_taken(rig, ids), MANY / 2);
	/* Those that did not fit come first the next time. */
	fake_network_pass(&rig->net, rig->wallet, 4000);
	ck_assert_uint_eq(count_taken(rig, ids), MANY);
	/* No link was given up for it. */
	while (rig_event(rig, UNCIA_EVENT_LINK, &event))
		ck_assert(event.up);
	rig_free(rig);
}
END_TEST

START_TEST(what_else_is_asked_has_room_behind_payments)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id ids[MANY], id;
	ck_assert_int_eq(rig_catch_up(rig), 0);
	/* Nothing is read: what is sent stays in the wallet's queues. */
	pay_many(rig, ids);
	ck_assert_int_eq(uncia_wallet_catch_up(rig->wallet), 0);
	fake_network_pump(&rig->net, rig->wallet);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	struct uncia_event event;
	ck_assert(rig_event(rig, UNCIA_EVENT_CAUGHT_UP, &event));
	ck_assert_int_eq(event.error, 0);
	ck_assert_int_eq(rig_pay_now(rig, "a key", 500000, &id), 0);
	rig_free(rig);
}
END_TEST

static void others_payment(struct rig *rig, struct payment **payment, struct uncia_payment_id *id)
{
	*payment = fixture_payment(&rig->net.f, 0, 1, 5000, FIXTURE_TIME_S + 60, 1);
	memcpy(id->b, (*payment)->id.b, sizeof(id->b));
}

/* One that was told of in a chat, before its payer has even sent it. */
START_TEST(anybodys_payment_is_followed_to_its_end)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	struct uncia_payment_id id;
	struct payment *payment;
	struct uncia_receipt *receipt;
	char *text;
	others_payment(rig, &payment, &id);
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 60000);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event)); /* "unknown" is no end and no news */
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_UNKNOWN);
	rig->net.pool = true;
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert(event.error == 0 && memcmp(event.id.b, id.b, sizeof(id.b)) == 0);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	fake_network_pass(&rig->net, rig->wallet, 61000);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event)); /* the same is no news */
	fake_network_final(&rig->net, payment);
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_int_eq(uncia_wallet_receipt(rig->wallet, &id, &text), 0);
	ck_assert_int_eq(uncia_receipt_verify(rig->net.network, text, &receipt), 0);
	uncia_receipt_free(receipt);
	uncia_text_free(text);
	/* It has its end: nothing more is asked, and who follows it again is told at once. */
	uint32_t queries = rig->net.nodes[0].queries;
	fake_network_pass(&rig->net, rig->wallet, 120000);
	ck_assert_uint_eq(rig->net.nodes[0].queries, queries);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	payment_free(payment);
	rig_free(rig);
}
END_TEST

START_TEST(what_is_followed_may_expire)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	struct uncia_payment_id id;
	struct payment *payment;
	others_payment(rig, &payment, &id);
	rig->net.pool = true;
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	/* One alone says so: no end. */
	for (int i = 0; i < 3; i++)
		rig->net.nodes[i].behaviour = BEHIND;
	rig->net.nodes[3].behaviour = LONE_EXPIRY;
	fake_network_pass(&rig->net, rig->wallet, 40000);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	rig->net.expire = true;
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(event.error, 0);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_EXPIRED);
	payment_free(payment);
	rig_free(rig);
}
END_TEST

/* While it is followed a query of the host's gets its own answer. */
START_TEST(a_query_of_what_is_followed_is_answered)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	struct uncia_payment_id id;
	struct payment *payment;
	others_payment(rig, &payment, &id);
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0); /* twice is once */
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	fake_network_final(&rig->net, payment);
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	payment_free(payment);
	rig_free(rig);
}
END_TEST

START_TEST(what_nobody_remembers_is_followed_to_unknown)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	struct uncia_payment_id id;
	struct payment *payment;
	others_payment(rig, &payment, &id);
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	rig->host.now_ms += 48u * 3600u * 1000u;
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event)); /* its life began this hour */
	rig->host.now_ms += 3600u * 1000u;
	fake_network_pass(&rig->net, rig->wallet, 700000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(event.error, 0);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_UNKNOWN);
	uint32_t queries = rig->net.nodes[0].queries;
	fake_network_pass(&rig->net, rig->wallet, 700000);
	ck_assert_uint_eq(rig->net.nodes[0].queries, queries);
	payment_free(payment);
	rig_free(rig);
}
END_TEST

START_TEST(no_more_are_followed_than_there_is_room_for)
{
	struct rig *rig = rig_new(4);
	struct uncia_payment_id id = {{0x70}};
	for (uint8_t i = 0; i < 64; i++) {
		id.b[31] = i;
		ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	}
	id.b[31] = 64;
	fake_network_pass(&rig->net, rig->wallet, 1000);
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), UNCIA_E_FULL);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), UNCIA_E_FULL);
	id.b[31] = 5;
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_PAYMENT, &id), 0);
	id.b[31] = 64;
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	rig_free(rig);
}
END_TEST

START_TEST(an_own_payment_is_followed_anyway)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	struct uncia_payment_id id;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, 500000, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	rig_no_events(rig);
	ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(!rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_PAYMENT, &id), UNCIA_E_NOT_FOUND);
	rig->net.finalise = true;
	fake_network_pass(&rig->net, rig->wallet, 31000);
	ck_assert(rig_event(rig, UNCIA_EVENT_PAYMENT, &event));
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("following", anybodys_payment_is_followed_to_its_end, what_is_followed_may_expire,
          a_query_of_what_is_followed_is_answered, what_nobody_remembers_is_followed_to_unknown,
          no_more_are_followed_than_there_is_room_for, an_own_payment_is_followed_anyway,
          more_payments_than_a_link_takes_at_once_are_all_sent, what_else_is_asked_has_room_behind_payments)
