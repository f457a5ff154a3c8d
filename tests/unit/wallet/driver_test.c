/* The driver over real sockets: names, connections that are lost, validators that are not there. The validators run in
 * the same thread. */
#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>
#include "real_network.h"
#include "unit.h"

#define HALF UINT64_C(500000)

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

/* The balance and a payment, in much less time than a look-up may take. */
static void pays_soon(struct rig *rig)
{
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns;
	uint64_t start = real_ms();
	rig->net.finalise = true;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	ck_assert_int_eq(event.error, 0);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	do
		ck_assert(run_until(rig, UNCIA_EVENT_PAYMENT, &event, &turns));
	while (rig_payment(rig, &id).state == UNCIA_PAYMENT_PENDING);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_FINAL);
	ck_assert_uint_lt(real_ms() - start, 3000);
}

START_TEST(a_name_that_is_looked_up_in_vain_holds_up_nobody)
{
	for (int answers = -1; answers <= 0; answers++) {
		struct rig *rig = listening();
		names_up(answers);
		struct uncia_network *named = open_named(rig, 1, 0);
		pays_soon(rig);
		ck_assert_uint_gt(names.questions, 0);
		close_named(rig, named);
	}
}
END_TEST

START_TEST(names_that_are_never_answered_end_in_time_and_without_spinning)
{
	struct rig *rig = listening();
	struct uncia_event event;
	unsigned turns;
	names_up(-1);
	struct uncia_network *named = open_named(rig, 4, 1500);
	uint64_t start = real_ms();
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	ck_assert_int_eq(event.error, UNCIA_E_UNREACHABLE);
	ck_assert_uint_lt(real_ms() - start, 3000);
	ck_assert_uint_lt(turns, 400);
	ck_assert_uint_gt(names.questions, 4); /* each asked again meanwhile */
	close_named(rig, named);
}
END_TEST

START_TEST(the_addresses_of_a_name_are_tried_one_after_the_other)
{
	struct rig *rig = listening();
	struct uncia_event event;
	unsigned turns;
	names_up(2); /* nobody listens at the first */
	struct uncia_network *named = open_named(rig, 4, 2000);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	ck_assert_int_eq(event.error, 0);
	ck_assert_uint_eq(names.questions, 8); /* one look-up each, of both types: no attempt failed */
	close_named(rig, named);
	rig = listening();
	names_up(1); /* at the only one nobody listens */
	named = open_named(rig, 4, 1000);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	ck_assert_int_eq(event.error, UNCIA_E_UNREACHABLE);
	close_named(rig, named);
}
END_TEST

/* What libuncia watches for a look-up is the parent's, too: a child that closes its copy must leave it alone. */
START_TEST(a_child_that_closes_its_copy_leaves_the_look_ups_of_its_parent)
{
	struct rig *rig = listening();
	struct uncia_event event;
	unsigned turns;
	int status;
	names_up(-1);
	struct uncia_network *named = open_named(rig, 4, 5000);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(readable(rig, 0));
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0); /* all four are asked for */
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		uncia_wallet_close(rig->wallet);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	names.answers = 2;
	names_serve();
	ck_assert_int_gt(uncia_wallet_timeout_ms(rig->wallet), 20); /* no time-out of a look-up is due yet */
	ck_assert(readable(rig, 20));                               /* by an answer */
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	ck_assert_int_eq(event.error, 0);
	close_named(rig, named);
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
	rig->host.host.now_ms = real_clock;
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
          a_name_that_is_looked_up_in_vain_holds_up_nobody,
          names_that_are_never_answered_end_in_time_and_without_spinning,
          the_addresses_of_a_name_are_tried_one_after_the_other,
          a_child_that_closes_its_copy_leaves_the_look_ups_of_its_parent, nobody_there_is_said_without_spinning)
