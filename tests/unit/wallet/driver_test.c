/* The driver over real sockets: one descriptor, one time-out, one call; the validators run in the same thread. */
#include <poll.h>
#include <time.h>
#include <unistd.h>
#include "unit.h"
#include "wallet_rig.h"

#define HALF UINT64_C(500000)

static uint64_t real_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t now_hook(void *context)
{
	(void)context;
	return real_ms();
}

static struct rig *listening(void)
{
	struct rig *rig = rig_new(4);
	rig_close(rig);
	fake_network_listen(&rig->net);
	rig->host.host.now_ms = now_hook;
	ck_assert_int_eq(rig_open(rig), 0);
	return rig;
}

/* As a host's loop does it, until an event of this kind: waits on the descriptor and no longer than it may. What the
 * validators do comes in between, so the wait is cut to 5 ms. */
static bool run_until(struct rig *rig, enum uncia_event_kind kind, struct uncia_event *event, unsigned *turns)
{
	uint64_t end = real_ms() + 20000;
	struct pollfd descriptor = {.fd = uncia_wallet_fd(rig->wallet), .events = POLLIN};
	ck_assert_int_ge(descriptor.fd, 0);
	for (*turns = 0; real_ms() < end; (*turns)++) {
		int timeout = uncia_wallet_timeout_ms(rig->wallet);
		if (rig_event(rig, kind, event))
			return true;
		poll(&descriptor, 1, timeout < 0 || timeout > 5 ? 5 : timeout);
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
		ck_assert_int_eq(uncia_wallet_fd(rig->wallet), descriptor.fd);
		fake_network_serve(&rig->net);
	}
	return false;
}

START_TEST(a_wallet_pays_over_tcp)
{
	struct rig *rig = listening();
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns;
	rig->net.finalise = true;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_int_gt(uncia_wallet_timeout_ms(rig->wallet), 0);
	ck_assert_int_le(uncia_wallet_timeout_ms(rig->wallet), 10000);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	ck_assert_int_eq(event.error, 0);
	ck_assert_uint_eq(rig_balance(rig).balance, 100 * AMOUNT_MICROS);
	rig_no_events(rig);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	do
		ck_assert(run_until(rig, UNCIA_EVENT_PAYMENT, &event, &turns));
	while (rig_payment(rig, &id).state == UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

START_TEST(what_is_queued_between_turns_asks_for_a_turn)
{
	struct rig *rig = listening();
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	rig_no_events(rig);
	for (int i = 0; i < 20; i++) { /* let everything settle */
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
		fake_network_serve(&rig->net);
	}
	rig_no_events(rig);
	ck_assert_int_gt(uncia_wallet_timeout_ms(rig->wallet), 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	rig_no_events(rig);
	ck_assert_int_eq(uncia_wallet_timeout_ms(rig->wallet), 0);
	rig_free(rig);
}
END_TEST

START_TEST(a_cut_connection_is_made_again_and_the_payment_resent)
{
	struct rig *rig = listening();
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	rig_no_events(rig);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	while (rig_submits(rig) < 4) {
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
		fake_network_serve(&rig->net);
	}
	for (uint32_t i = 0; i < 4; i++)
		fake_network_hang_up(&rig->net, i);
	rig->net.finalise = true;
	do
		ck_assert(run_until(rig, UNCIA_EVENT_PAYMENT, &event, &turns));
	while (rig_payment(rig, &id).state == UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	rig_free(rig);
}
END_TEST

START_TEST(a_host_name_is_looked_up_and_all_its_addresses_tried)
{
	struct rig *rig = listening();
	struct uncia_network *named;
	struct uncia_event event;
	unsigned turns;
	/* "localhost" may be ::1 first, where nobody listens. */
	char *text = fake_network_text(&rig->net), *at;
	while ((at = strstr(text, "127.0.0.1")) != NULL)
		memcpy(at, "localhost", strlen("localhost"));
	ck_assert_int_eq(uncia_network_parse(text, &named, NULL), 0);
	free(text);
	rig_close(rig);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, named, NULL, &rig->wallet), 0);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	ck_assert_int_eq(event.error, 0);
	rig_close(rig);
	uncia_network_free(named);
	rig_free(rig);
}
END_TEST

START_TEST(nobody_there_is_said_without_spinning)
{
	struct rig *rig = rig_new(4);
	struct uncia_event event;
	unsigned turns;
	rig_close(rig);
	fake_network_listen(&rig->net);
	for (int i = 0; i < 4; i++) { /* ports that refuse */
		close(rig->net.nodes[i].listener);
		rig->net.nodes[i].listener = -1;
		rig->net.nodes[i].down = true;
	}
	struct uncia_wallet_options options = {.size = sizeof(options), .request_timeout_ms = 1500};
	rig->host.host.now_ms = now_hook;
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, rig->net.network, &options, &rig->wallet), 0);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	ck_assert_int_eq(event.error, UNCIA_E_UNREACHABLE);
	ck_assert_uint_lt(turns, 400); /* some 300 waits of 5 ms, and a few dials */
	rig_free(rig);
}
END_TEST

UNIT_MAIN("driver", a_wallet_pays_over_tcp, what_is_queued_between_turns_asks_for_a_turn,
          a_cut_connection_is_made_again_and_the_payment_resent, a_host_name_is_looked_up_and_all_its_addresses_tried,
          nobody_there_is_said_without_spinning)
