/* Calls in any order, with any argument, while a network answers, lies or is silent: each has an answer that its
 * comment names, none ends the process, and what was paid is paid once. */
#include <stdio.h>
#include <string.h>
#include "unit.h"
#include "wallet_rig.h"

#define RUNS  16u
#define CALLS 400u
#define KEYS  6u

static struct rig *rig;
static uint64_t state;
static struct uncia_payment_id made[CALLS]; /* told by calls and events, each once */
static size_t made_count;
static uint32_t keyed; /* a bit for each key that has its payment */

static uint32_t draw(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33) % below;
}

static void note(const struct uncia_payment_id *id)
{
	for (size_t i = 0; i < made_count; i++)
		if (memcmp(&made[i], id, sizeof(*id)) == 0)
			return;
	ck_assert_uint_lt(made_count, CALLS);
	made[made_count++] = *id;
}

static struct uncia_payment_id any_id(void)
{
	struct uncia_payment_id id = {{0x70, (uint8_t)draw(3)}};
	return made_count != 0 && draw(2) ? made[draw((uint32_t)made_count)] : id;
}

static void *or_null(void *pointer)
{
	return draw(8) ? pointer : NULL;
}

/* 0, or one of these. */
static int among(int result, const int *errors)
{
	bool known = result >= 0;
	for (; !known && *errors; errors++)
		known = result == *errors;
	ck_assert_msg(known, "%d is none of the answers", result);
	return result;
}

#define AMONG(call, ...) among(call, (const int[]){UNCIA_E_ARGUMENT, __VA_ARGS__, 0})

static void pay_or_order(void)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE], key[8];
	static const uint64_t amounts[] = {0, 1, 10000, 500000, 1000 * AMOUNT_MICROS};
	rig_address(draw(3), address);
	uint32_t k = draw(2 * KEYS);
	snprintf(key, sizeof(key), "k%u", k);
	struct uncia_output output = {.address = or_null(address), .amount = amounts[draw(5)]};
	/* What a key stands for is the same each time, so that it is not refused. */
	if (k < KEYS)
		output = (struct uncia_output){.address = or_null(address), .amount = 20000 + k};
	if (k < KEYS && output.address)
		rig_address(k % 3, address);
	struct uncia_payment_request request = {.size = sizeof(request) - !draw(16),
	                                        .outputs = or_null(&output),
	                                        .output_count = draw(16) ? 1 : 0,
	                                        .key = k < KEYS ? key : NULL,
	                                        .tag = "t",
	                                        .tag_size = draw(16) ? 1 : draw(2) * 600};
	struct uncia_payment_id id;
	if (draw(2)) {
		AMONG(uncia_wallet_order(rig->wallet, or_null(&request)), UNCIA_E_LIMIT, UNCIA_E_FULL);
		return;
	}
	int result = AMONG(uncia_wallet_pay(rig->wallet, or_null(&request), &id), UNCIA_E_LIMIT, UNCIA_E_AMOUNT,
	                   UNCIA_E_FUNDS, UNCIA_E_UNREACHABLE, UNCIA_E_BEHIND);
	if (!result)
		note(&id);
	if (!result && k < KEYS)
		keyed |= 1u << k;
}

static void ask(void)
{
	struct uncia_payment_id id = any_id();
	switch (draw(6)) {
	case 0:
		AMONG(uncia_wallet_sync(rig->wallet), 0);
		break;
	case 1:
		AMONG(uncia_wallet_catch_up(rig->wallet), 0);
		break;
	case 2:
		AMONG(uncia_wallet_history(rig->wallet, draw(3) * 10, draw(2), draw(70)), 0);
		break;
	case 3:
		AMONG(uncia_wallet_query(rig->wallet, or_null(&id)), UNCIA_E_FULL);
		break;
	case 4:
		AMONG(uncia_wallet_follow(rig->wallet, or_null(&id)), UNCIA_E_FULL);
		break;
	default:
		AMONG(uncia_wallet_cancel(rig->wallet, (enum uncia_event_kind)draw(12), or_null(&id)),
		      UNCIA_E_NOT_FOUND, UNCIA_E_BUSY);
	}
}

static void look(void)
{
	struct uncia_payment_id id = any_id(), found;
	struct uncia_payment payment = {.size = sizeof(payment) + draw(2)};
	struct uncia_balance balance = {.size = sizeof(balance)};
	struct uncia_history_page page = {.size = sizeof(page) - draw(2)};
	struct uncia_part part = {.size = sizeof(part)};
	char address[UNCIA_ADDRESS_TEXT_SIZE], *text;
	uint64_t amount;
	AMONG(uncia_wallet_payment(rig->wallet, or_null(&id), &payment), UNCIA_E_NOT_FOUND);
	AMONG(uncia_wallet_output(rig->wallet, &id, draw(3), or_null(address), &amount), UNCIA_E_NOT_FOUND);
	AMONG(uncia_wallet_payment_part(rig->wallet, &id, or_null(&part)), UNCIA_E_NOT_FOUND);
	AMONG(uncia_wallet_balance(rig->wallet, or_null(&balance)), 0);
	AMONG(uncia_wallet_history_page(rig->wallet, &page), UNCIA_E_NOT_FOUND);
	AMONG(uncia_wallet_outbox(rig->wallet, draw(CALLS), &found), UNCIA_E_NOT_FOUND);
	AMONG(uncia_wallet_pending(rig->wallet, draw(9), or_null(&found)), UNCIA_E_NOT_FOUND);
	AMONG(uncia_wallet_expired(rig->wallet, draw(9), &found), UNCIA_E_NOT_FOUND);
	AMONG(uncia_wallet_by_key(rig->wallet, draw(2) ? "k1" : "", &found), UNCIA_E_NOT_FOUND);
	const struct uncia_receipt *receipt = uncia_wallet_history_receipt(rig->wallet, draw(3));
	AMONG(uncia_wallet_part(rig->wallet, receipt, &part), UNCIA_E_NOT_FOUND);
	AMONG(uncia_wallet_part_output(rig->wallet, receipt, draw(3), address, &amount), UNCIA_E_NOT_FOUND);
	AMONG(uncia_wallet_received(rig->wallet, receipt, &amount), 0);
	if (AMONG(uncia_wallet_receipt(rig->wallet, &id, &text), UNCIA_E_NOT_FOUND) == 0)
		uncia_text_free(text);
}

/* Pins, and notices of payments that are there or not, by people who are pinned or not. */
static void ask_about_people(void)
{
	static const char *const handles[] = {"xmpp:a@x", "xmpp:b@x", "xmpp:A@x", "irc:n/a", "b", "xmpp:\xe2\x80\x8b"};
	struct uncia_payment_id id = any_id();
	char hex[UNCIA_ID_TEXT_SIZE], address[UNCIA_ADDRESS_TEXT_SIZE], wish[UNCIA_CHAT_TEXT_SIZE];
	struct uncia_peer peer = {.size = sizeof(peer), .own = or_null("xmpp:me@x"), .room = !draw(4)};
	struct uncia_pin pin = {.size = sizeof(pin) + !draw(8)};
	struct uncia_notice_query query = {
	    .size = sizeof(query), .peer = or_null(&peer), .notice = hex, .asked = draw(2)};
	struct uncia_notice_result result = {.size = sizeof(result) + !draw(8)};
	struct uncia_request request = {.size = sizeof(request)};
	struct uncia_request_check check = {.size = sizeof(check)};
	size_t count;
	peer.handle = or_null((void *)(uintptr_t)handles[draw(6)]);
	rig_address(draw(3), address);
	uncia_payment_id_format(&id, hex);
	switch (draw(8)) {
	case 0:
		AMONG(uncia_pin_set(rig->wallet, or_null(&peer), or_null(address), draw(4)), UNCIA_E_SIGNATURE,
		      UNCIA_E_EXISTS, UNCIA_E_ALIKE, UNCIA_E_ENCODING, UNCIA_E_ADDRESS);
		break;
	case 1:
		AMONG(uncia_pin_find(rig->wallet, &peer, or_null(&pin)), UNCIA_E_NOT_FOUND);
		AMONG(uncia_pin_drop(rig->wallet, or_null(&peer)), UNCIA_E_NOT_FOUND);
		break;
	case 2:
		AMONG(uncia_pin_count(rig->wallet, or_null(&count)), 0);
		AMONG(uncia_pin_at(rig->wallet, draw(4), &pin), UNCIA_E_NOT_FOUND);
		break;
	case 3:
		ck_assert_int_eq(uncia_wallet_request(rig->wallet, &request, wish), 0);
		AMONG(uncia_request_check(rig->wallet, or_null(&peer), or_null(wish), &request, &check), 0);
		break;
	case 4:
		AMONG(uncia_notice_acknowledge(rig->wallet, or_null(&id)), UNCIA_E_NOT_FOUND);
		AMONG(uncia_notice_restored(rig->wallet), UNCIA_E_UNREACHABLE);
		break;
	case 5:
		AMONG(uncia_notice_result(rig->wallet, or_null(&result)), 0);
		break;
	default:
		AMONG(uncia_wallet_notice_check(rig->wallet, &query, or_null(&result)), UNCIA_E_FULL);
	}
}

/* Links that are not there, and validators that are none. */
static void misuse_links(void)
{
	const void *data;
	size_t size;
	AMONG(uncia_wallet_link_opened(rig->wallet, 4 + draw(3)), 0);
	AMONG(uncia_wallet_link_feed(rig->wallet, 4 + draw(3), "x", 1), 0);
	AMONG(uncia_wallet_link_output(rig->wallet, draw(7), &data, &size), 0);
	AMONG(uncia_wallet_link_taken(rig->wallet, 4 + draw(3), 1), 0);
	AMONG(uncia_wallet_link_closed(rig->wallet, 4 + draw(3), -(int)draw(500)), 0);
}

static void take_events(void)
{
	struct uncia_event event = {.size = sizeof(event)};
	for (uint32_t i = draw(30); i != 0 && AMONG(uncia_wallet_event(rig->wallet, &event), 0) == 1; i--)
		if (event.kind == UNCIA_EVENT_ORDER && !event.error)
			note(&event.id);
}

static void step(void)
{
	static const enum behaviour behaviours[] = {HONEST, HONEST, HONEST, SILENT, REFUSES, OLD_STATE};
	switch (draw(11)) {
	case 0:
	case 1:
	case 2:
		pay_or_order();
		break;
	case 3:
	case 4:
		ask();
		break;
	case 5:
		look();
		break;
	case 6:
		misuse_links();
		break;
	case 7:
		take_events();
		break;
	case 9:
		ask_about_people();
		break;
	case 8:
		rig->net.nodes[draw(4)].behaviour = behaviours[draw(6)];
		rig->net.finalise = draw(2);
		rig->net.pool = draw(2);
		if (!draw(20))
			rig_reopen(rig); /* orders that wait are none any more */
		break;
	default:
		fake_network_pass(&rig->net, rig->wallet, 1 + draw(2000));
	}
}

/* In the end the network works, and everything has its end: what was made is final, once, and nothing else is. */
static void settle(void)
{
	struct uncia_event event = {.size = sizeof(event)};
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = HONEST;
	rig->net.finalise = true;
	for (int i = 0; i < 20; i++) {
		fake_network_pass(&rig->net, rig->wallet, 31000);
		while (uncia_wallet_event(rig->wallet, &event) == 1)
			if (event.kind == UNCIA_EVENT_ORDER && !event.error)
				note(&event.id);
	}
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_ORDER, NULL), UNCIA_E_NOT_FOUND);
	ck_assert_uint_ge(uncia_wallet_outbox_count(rig->wallet), made_count);
	for (size_t i = 0; i < made_count; i++)
		ck_assert_int_eq(rig_payment(rig, &made[i]).state, UNCIA_PAYMENT_FINAL);
	ck_assert_uint_eq(rig->net.final_count, uncia_wallet_outbox_count(rig->wallet));
	for (uint32_t k = 0; k < KEYS; k++) {
		char key[8];
		struct uncia_payment_id id;
		snprintf(key, sizeof(key), "k%u", k);
		ck_assert(!(keyed >> k & 1) || uncia_wallet_by_key(rig->wallet, key, &id) == 0);
	}
}

START_TEST(calls_in_any_order_have_the_answers_that_are_written_down)
{
	size_t paid = 0;
	for (uint32_t run = 0; run < RUNS; run++) {
		state = run;
		made_count = 0;
		keyed = 0;
		rig = rig_new(4);
		for (uint32_t i = 0; i < CALLS && rig->net.final_count < 50; i++)
			step();
		settle();
		paid += made_count;
		rig_free(rig);
	}
	ck_assert_uint_gt(paid, 5 * RUNS); /* on the way the calls reached something */
}
END_TEST

UNIT_MAIN("any_order", calls_in_any_order_have_the_answers_that_are_written_down)
