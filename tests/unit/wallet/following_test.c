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

UNIT_MAIN("following", more_payments_than_a_link_takes_at_once_are_all_sent,
          what_else_is_asked_has_room_behind_payments)
