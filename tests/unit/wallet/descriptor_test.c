/* The descriptor that a host waits on tells the truth: it is readable whenever there is something to do, and only then.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#include "history.h"
#include "real_network.h"
#include "unit.h"
#include "wallet.h"

#define HALF UINT64_C(500000)

/* Waits for an event of this kind by the descriptor alone. Returns its error. Out: *turns, how many calls it took. */
static int by_descriptor(struct rig *rig, enum uncia_event_kind kind, struct uncia_event *event, unsigned *turns)
{
	for (*turns = 0;; (*turns)++) {
		if (rig_event(rig, kind, event))
			return event->error;
		ck_assert(readable(rig, -1));
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	}
}

/* The state of this payment once it has an end. */
static enum uncia_payment_state end_by_descriptor(struct rig *rig, const struct uncia_payment_id *id, unsigned *turns)
{
	struct uncia_event event;
	unsigned more;
	*turns = 0;
	do {
		ck_assert_int_eq(by_descriptor(rig, UNCIA_EVENT_PAYMENT, &event, &more), 0);
		*turns += more;
	} while (rig_payment(rig, id).state == UNCIA_PAYMENT_PENDING);
	return rig_payment(rig, id).state;
}

/* Nothing happens for so long but what the wallet itself wants. Returns how many turns that took. */
static unsigned idle_turns(struct rig *rig, uint64_t ms)
{
	uint64_t end = real_ms() + ms;
	unsigned turns = 0;
	for (;; turns++) {
		rig_no_events(rig);
		uint64_t now = real_ms();
		if (now >= end || !readable(rig, (int)(end - now)))
			return turns;
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	}
}

/* Whether it comes to rest: what is still on its way comes late on a busy machine, and each answer is a turn; a wallet
 * that calls for nothing does so for ever. */
static bool falls_silent(struct rig *rig)
{
	for (int i = 0; i < 20; i++)
		if (idle_turns(rig, 600) <= 2)
			return true;
	return false;
}

static void finalises(struct fake_network *n)
{
	n->finalise = true;
}

static void hangs_up(struct fake_network *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		fake_network_hang_up(n, i);
}

static void goes_silent(struct fake_network *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		n->nodes[i].behaviour = SILENT;
}

static void is_honest(struct fake_network *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		n->nodes[i].behaviour = HONEST;
}

/* The wallet's own calls make it readable, with no help from a socket. */
START_TEST(what_the_host_asks_for_makes_the_descriptor_readable)
{
	struct rig *rig = listening();
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns;
	ck_assert(readable(rig, 0)); /* it has not been looked at */
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	ck_assert(!readable(rig, 0));
	ck_assert_int_eq(uncia_wallet_timeout_ms(rig->wallet), -1);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(readable(rig, 0));
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	idle_turns(rig, 400);
	ck_assert(!readable(rig, 0));
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	ck_assert(readable(rig, 0));
	rig_no_events(rig); /* the payment's bytes wait, too */
	ck_assert(readable(rig, 0));
	idle_turns(rig, 400);
	ck_assert(!readable(rig, 0));
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, 10), 0);
	ck_assert(readable(rig, 0));
	idle_turns(rig, 400);
	ck_assert(!readable(rig, 0));
	ck_assert_int_eq(uncia_wallet_catch_up(rig->wallet), 0);
	ck_assert(readable(rig, 0));
	idle_turns(rig, 400);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	ck_assert(readable(rig, 0));
	rig_free(rig);
}
END_TEST

START_TEST(an_event_that_waits_keeps_the_descriptor_readable_and_its_taking_ends_that)
{
	struct rig *rig = listening();
	struct uncia_event event = {.size = sizeof(event)};
	struct uncia_payment_id id;
	unsigned turns;
	rig->net.finalise = true;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	do
		ck_assert(run_until(rig, UNCIA_EVENT_PAYMENT, &event, &turns));
	while (rig_payment(rig, &id).state == UNCIA_PAYMENT_PENDING);
	idle_turns(rig, 400);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0); /* what is known is told at once */
	for (int i = 0; i < 3; i++) {
		ck_assert(readable(rig, 0));
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	}
	ck_assert_int_eq(uncia_wallet_event(rig->wallet, &event), 1);
	ck_assert(!readable(rig, 0));
	rig_free(rig);
}
END_TEST

/* One after the other: a balance, a payment, one whose links are lost, one that nobody answers for at first (sent
 * again by time alone), a name that is looked up, a question that ends by time alone. */
START_TEST(a_host_that_only_waits_on_the_descriptor_misses_nothing)
{
	struct rig *rig = listening();
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns, all = 0;
	names_up(2);
	struct uncia_network *named = open_named(rig, 2, 2500);
	town_begins(rig);
	ck_assert_int_eq(uncia_wallet_catch_up(rig->wallet), 0);
	ck_assert_int_eq(by_descriptor(rig, UNCIA_EVENT_CAUGHT_UP, &event, &turns), 0);
	all += turns;
	town_does(finalises);
	ck_assert_int_eq(rig_pay_now(rig, "one", HALF, &id), 0);
	ck_assert_int_eq(end_by_descriptor(rig, &id, &turns), UNCIA_PAYMENT_FINAL);
	all += turns;
	town_does(hangs_up);
	ck_assert_int_eq(rig_pay_now(rig, NULL, HALF, &id), 0);
	ck_assert_int_eq(end_by_descriptor(rig, &id, &turns), UNCIA_PAYMENT_FINAL);
	all += turns;
	town_does(goes_silent);
	ck_assert_int_eq(rig_pay_now(rig, NULL, HALF, &id), 0);
	all += idle_turns(rig, 500);
	ck_assert_int_eq(rig_payment(rig, &id).state, UNCIA_PAYMENT_PENDING);
	town_does(is_honest); /* what they have read they do not answer: it is sent again after 2 s */
	ck_assert_int_eq(end_by_descriptor(rig, &id, &turns), UNCIA_PAYMENT_FINAL);
	all += turns;
	town_does(goes_silent);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_int_eq(by_descriptor(rig, UNCIA_EVENT_BALANCE, &event, &turns), UNCIA_E_UNREACHABLE);
	all += turns;
	ck_assert_uint_lt(all, 400);
	town_ends();
	close_named(rig, named);
}
END_TEST

/* Links stay open for 10 s after the last work, and are closed then. In between nothing is done. */
START_TEST(an_idle_wallet_is_not_called)
{
	struct rig *rig = listening();
	struct uncia_event event;
	unsigned turns;
	town_begins(rig);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_int_eq(by_descriptor(rig, UNCIA_EVENT_BALANCE, &event, &turns), 0);
	idle_turns(rig, 300);
	ck_assert_uint_eq(idle_turns(rig, 3000), 0);
	ck_assert_int_gt(uncia_wallet_timeout_ms(rig->wallet), 3000);
	ck_assert_uint_le(idle_turns(rig, 9000), 10); /* the links are closed in this time */
	ck_assert_int_eq(uncia_wallet_timeout_ms(rig->wallet), -1);
	town_ends();
	rig_free(rig);
}
END_TEST

/* A payment that nobody answers for: sent again after 2 s and 4 s.
 */
START_TEST(a_payment_that_waits_is_not_a_loop_that_spins)
{
	struct rig *rig = listening();
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns;
	town_begins(rig);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_int_eq(by_descriptor(rig, UNCIA_EVENT_BALANCE, &event, &turns), 0);
	town_does(goes_silent);
	ck_assert_int_eq(rig_pay_now(rig, NULL, HALF, &id), 0);
	turns = idle_turns(rig, 5000);
	ck_assert_uint_ge(turns, 1);
	ck_assert_uint_le(turns, 60);
	town_ends();
	rig_free(rig);
}
END_TEST

static void *wakes(void *wallet)
{
	poll(NULL, 0, 30);
	uncia_wallet_wake(wallet);
	return NULL;
}

START_TEST(another_thread_wakes_the_loop_and_one_turn_ends_that)
{
	struct rig *rig = listening();
	pthread_t thread;
	uncia_wallet_wake(rig->wallet); /* nothing yet: there is no descriptor */
	ck_assert(readable(rig, 0));
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	ck_assert(!readable(rig, 0));
	ck_assert_int_eq(pthread_create(&thread, NULL, wakes, rig->wallet), 0);
	ck_assert(readable(rig, -1));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(readable(rig, 0));
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	ck_assert(!readable(rig, 0));
	for (int i = 0; i < 100000; i++) /* more than any pipe or counter has room for in vain */
		uncia_wallet_wake(rig->wallet);
	ck_assert(readable(rig, 0));
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	ck_assert(!readable(rig, 0));
	rig_free(rig);
}
END_TEST

/* What an event hook takes away must not be the wake-up of another thread. */
START_TEST(a_wake_up_outlives_all_but_a_turn)
{
	struct rig *rig = listening();
	struct uncia_event event = {.size = sizeof(event)};
	struct uncia_payment_id id;
	unsigned turns;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	idle_turns(rig, 400);
	ck_assert_int_eq(rig_pay(rig, NULL, HALF, &id), 0);
	uncia_wallet_wake(rig->wallet);
	rig_no_events(rig);
	ck_assert(readable(rig, 0));
	idle_turns(rig, 400);
	ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
	idle_turns(rig, 400);
	uncia_wallet_wake(rig->wallet);
	ck_assert_int_eq(uncia_wallet_event(rig->wallet, &event), 0);
	ck_assert(readable(rig, 0));
	rig_free(rig);
}
END_TEST

START_TEST(on_another_network_links_are_made_anew_at_once)
{
	struct rig *rig = listening();
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns;
	town_begins(rig);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_int_eq(by_descriptor(rig, UNCIA_EVENT_BALANCE, &event, &turns), 0);
	town_does(goes_silent);
	ck_assert_int_eq(rig_pay_now(rig, NULL, HALF, &id), 0);
	idle_turns(rig, 200);
	town_does(is_honest);
	town_does(finalises);
	uint64_t start = real_ms();
	ck_assert_int_eq(uncia_wallet_network_changed(rig->wallet), 0);
	ck_assert(readable(rig, 0));
	ck_assert_int_eq(end_by_descriptor(rig, &id, &turns), UNCIA_PAYMENT_FINAL);
	ck_assert_uint_lt(real_ms() - start, 1500); /* without the call it is sent again after 2 s */
	ck_assert_uint_lt(turns, 100);
	town_ends();
	rig_free(rig);
}
END_TEST

static uint64_t slept_ms;

/* As the system tells it, by the linker's --wrap. */
uint64_t __wrap_system_slept_ms(void);
uint64_t __wrap_system_slept_ms(void)
{
	return slept_ms;
}

/* The other ends say nothing, not even that they have gone. */
START_TEST(behind_a_sleep_links_are_made_anew_at_once)
{
	struct rig *rig = listening();
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns;
	slept_ms = 86400 * 1000;
	town_begins(rig);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_int_eq(by_descriptor(rig, UNCIA_EVENT_BALANCE, &event, &turns), 0);
	town_does(goes_silent);
	ck_assert_int_eq(rig_pay_now(rig, NULL, HALF, &id), 0);
	idle_turns(rig, 200);
	town_does(is_honest);
	town_does(finalises);
	slept_ms += 1000; /* so short that nobody has noticed: the payment waits for the links that it has */
	uncia_wallet_wake(rig->wallet);
	uint64_t start = real_ms();
	idle_turns(rig, 300);
	struct uncia_payment payment = {.size = sizeof(payment)};
	ck_assert_int_eq(uncia_wallet_payment(rig->wallet, &id, &payment), 0);
	ck_assert_int_eq(payment.state, UNCIA_PAYMENT_PENDING);
	slept_ms += 3600 * 1000;
	uncia_wallet_wake(rig->wallet); /* as its timer does */
	ck_assert_int_eq(end_by_descriptor(rig, &id, &turns), UNCIA_PAYMENT_FINAL);
	ck_assert_uint_lt(real_ms() - start, 1500); /* without it the payment is sent again after 2 s */
	ck_assert_uint_lt(turns, 100);
	town_ends();
	rig_free(rig);
}
END_TEST

static void goes_down(struct fake_network *n)
{
	for (uint32_t i = 0; i < n->count; i++) {
		fake_network_hang_up(n, i);
		close(n->nodes[i].listener);
		n->nodes[i].down = true;
	}
}

static void comes_back(struct fake_network *n)
{
	for (uint32_t i = 0; i < n->count; i++) {
		struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		address.sin_port = htons(n->nodes[i].port);
		ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		ck_assert_int_eq(listen(fd, 8), 0);
		n->nodes[i].listener = fd;
		n->nodes[i].down = false;
	}
}

/* Some seconds without a network: by then each attempt waits for seconds. */
START_TEST(a_network_that_is_there_again_is_tried_at_once)
{
	struct rig *rig = listening();
	struct uncia_event event;
	unsigned turns;
	town_begins(rig);
	town_does(goes_down);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_uint_le(idle_turns(rig, 4500), 60);
	town_does(comes_back);
	ck_assert_int_gt(uncia_wallet_timeout_ms(rig->wallet), 20);
	uint64_t start = real_ms();
	ck_assert_int_eq(uncia_wallet_network_changed(rig->wallet), 0);
	ck_assert_int_eq(by_descriptor(rig, UNCIA_EVENT_BALANCE, &event, &turns), 0);
	ck_assert_uint_lt(real_ms() - start, 1000);
	town_ends();
	rig_free(rig);
}
END_TEST

static struct {
	struct uncia_wallet *wallet;
	int *gate;
	pid_t child;
} child_of;

/* The child does with its copy of the wallet what it may, and lives until the gate is closed. */
static void has_a_child(struct fake_network *n)
{
	struct uncia_event event = {.size = sizeof(event)};
	char byte;
	child_of.child = fork();
	if (child_of.child != 0)
		return;
	close(child_of.gate[1]);
	for (uint32_t i = 0; i < n->count; i++) /* validators are elsewhere */
		close(n->nodes[i].socket);
	int taken = uncia_wallet_event(child_of.wallet, &event);
	uncia_wallet_wake(child_of.wallet);
	_exit(read(child_of.gate[0], &byte, 1) == 0 && taken >= 0 ? 0 : 1);
}

/* A child has copies of the sockets: what the parent closes stays open there, and must not be heard of any more. */
START_TEST(a_child_that_lives_does_not_make_its_parent_spin)
{
	struct rig *rig = listening();
	struct uncia_event event = {.size = sizeof(event)};
	unsigned turns;
	int gate[2];
	town_begins(rig);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_int_eq(by_descriptor(rig, UNCIA_EVENT_BALANCE, &event, &turns), 0);
	ck_assert_int_eq(pipe(gate), 0);
	child_of.wallet = rig->wallet;
	child_of.gate = gate;
	town_does(has_a_child);
	ck_assert_int_ge(child_of.child, 0);
	close(gate[0]);
	idle_turns(rig, 300);
	ck_assert_uint_eq(idle_turns(rig, 500), 0); /* what the child does wakes nobody */
	town_does(hangs_up);
	idle_turns(rig, 300);
	ck_assert_int_eq(uncia_wallet_network_changed(rig->wallet), 0);
	idle_turns(rig, 300);
	ck_assert_uint_eq(idle_turns(rig, 1000), 0);
	close(gate[1]);
	int status;
	ck_assert_int_eq(waitpid(child_of.child, &status, 0), child_of.child);
	ck_assert_int_eq(status, 0);
	town_ends();
	rig_free(rig);
}
END_TEST

/* Somebody pays this account. Returns true. */
static bool receive(struct rig *rig)
{
	static uint64_t nonce = 1;
	struct fixture_key payer;
	struct output output = {.to = rig->net.account, .amount = 5000};
	fixture_account(0, &payer);
	struct payment *payment =
	    fixture_payment_outputs(&rig->net.f, &payer, &output, 1, FIXTURE_TIME_S + 60, nonce++);
	fake_network_final(&rig->net, payment);
	payment_free(payment);
	return true;
}

static void acknowledge_first(struct rig *rig)
{
	const struct uncia_receipt *receipt = uncia_watch_incoming(rig->wallet, 0);
	struct uncia_payment payment = {.size = sizeof(payment)};
	if (!receipt)
		return;
	ck_assert_int_eq(uncia_receipt_payment(receipt, &payment), 0);
	ck_assert_int_eq(uncia_watch_acknowledge(rig->wallet, &payment.id), 0);
}

/* Of a few, each under its key. */
static void order(struct rig *rig, uint64_t number)
{
	char address[UNCIA_ADDRESS_TEXT_SIZE], key[2] = {(char)('a' + number), '\0'};
	rig_address(1, address);
	const struct uncia_output output = {.address = address, .amount = 20000};
	const struct uncia_payment_request request = {
	    .size = sizeof(request), .outputs = &output, .output_count = 1, .key = key};
	int rc = uncia_wallet_order(rig->wallet, &request);
	ck_assert(rc == 0 || rc == UNCIA_E_FULL);
}

START_TEST(a_wallet_that_watches_is_called_when_something_came_in_and_else_not)
{
	struct rig *rig = listening();
	struct uncia_event event;
	unsigned turns;
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	ck_assert(!readable(rig, 0));
	ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
	ck_assert(readable(rig, 0));
	ck_assert(run_until(rig, UNCIA_EVENT_WATCH, &event, &turns));
	ck_assert_int_eq(event.error, 0);
	for (int i = 0; i < 100; i++) {
		fake_network_serve(&rig->net);
		idle_turns(rig, 5);
	}
	ck_assert(falls_silent(rig));
	ck_assert(!readable(rig, 0));
	receive(rig);
	ck_assert(run_until(rig, UNCIA_EVENT_INCOMING, &event, &turns));
	for (int i = 0; i < 100; i++) {
		fake_network_serve(&rig->net);
		idle_turns(rig, 5);
	}
	acknowledge_first(rig);
	ck_assert(readable(rig, 0));
	ck_assert_ptr_null(uncia_watch_incoming(rig->wallet, 0));
	ck_assert(falls_silent(rig));
	uncia_watch_stop(rig->wallet);
	ck_assert(readable(rig, 0));
	ck_assert(falls_silent(rig));
	ck_assert(!readable(rig, 0));
	rig_free(rig);
}
END_TEST

/* An order that waits for what was not asked for yet, and one that is given up. */
START_TEST(orders_make_the_descriptor_readable)
{
	struct rig *rig = listening();
	struct uncia_event event;
	unsigned turns;
	rig->net.finalise = true;
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	ck_assert(!readable(rig, 0));
	order(rig, 0);
	ck_assert(readable(rig, 0));
	ck_assert(run_until(rig, UNCIA_EVENT_ORDER, &event, &turns));
	ck_assert_int_eq(event.error, 0);
	for (int i = 0; i < 100; i++) {
		fake_network_serve(&rig->net);
		idle_turns(rig, 5);
	}
	ck_assert(!readable(rig, 0));
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	while (readable(rig, 0)) {
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
		rig_no_events(rig);
	}
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_BALANCE, NULL), 0);
	ck_assert(readable(rig, 0));
	ck_assert_int_eq(uncia_wallet_cancel(rig->wallet, UNCIA_EVENT_BALANCE, NULL), UNCIA_E_NOT_FOUND);
	rig_free(rig);
}
END_TEST

/* Whatever the host calls in whatever order: where there is something to do now the descriptor is readable, and where
 * it is not yet, it is when the time has come. */
START_TEST(the_descriptor_agrees_with_the_time_out_after_any_call)
{
	struct rig *rig = listening();
	struct uncia_event event = {.size = sizeof(event)};
	struct uncia_payment_id id = {{1}};
	unsigned quiet = 0, paid = 0, came_in = 0;
	static const enum uncia_event_kind cancelled[] = {UNCIA_EVENT_BALANCE, UNCIA_EVENT_CAUGHT_UP, UNCIA_EVENT_ORDER,
	                                                  UNCIA_EVENT_PAYMENT};
	rig->net.finalise = true;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &quiet));
	uint64_t random = 1;
	for (int i = 0; i < 6000; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		switch (random >> 33 & 31) {
		case 0:
			ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
			break;
		case 1:
			ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, 5), 0);
			break;
		case 2:
			ck_assert_int_eq(uncia_wallet_catch_up(rig->wallet), 0);
			break;
		case 3:
			if (paid < 50) /* the network keeps so many */
				paid += !rig_pay_now(rig, NULL, 20000, &id);
			break;
		case 4:
			rig_pay_now(rig, "again", 30000, &id);
			break;
		case 5:
			ck_assert_int_eq(uncia_wallet_query(rig->wallet, &id), 0);
			break;
		case 6:
			rig_no_events(rig);
			break;
		case 7:
			fake_network_hang_up(&rig->net, (uint32_t)(random >> 40 & 3));
			break;
		case 8:
			if ((random >> 50 & 7) == 0)
				ck_assert_int_eq(uncia_wallet_network_changed(rig->wallet), 0);
			break;
		case 9:
		case 10:
			ck_assert_int_ge(uncia_wallet_event(rig->wallet, &event), 0);
			break;
		case 11:
			ck_assert_int_eq(uncia_watch_start(rig->wallet, "test"), 0);
			break;
		case 12:
			if ((random >> 50 & 3) == 0)
				uncia_watch_stop(rig->wallet);
			break;
		case 13:
			acknowledge_first(rig);
			break;
		case 14:
			came_in += came_in < 20 && receive(rig);
			break;
		case 15:
			order(rig, random >> 50 & 7);
			break;
		case 16:
			ck_assert_int_le(uncia_wallet_cancel(rig->wallet, cancelled[random >> 50 & 3], NULL), 0);
			break;
		case 17:
			ck_assert_int_eq(uncia_wallet_follow(rig->wallet, &id), 0);
			break;
		default:
			fake_network_serve(&rig->net);
			ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
		}
		int timeout = uncia_wallet_timeout_ms(rig->wallet);
		bool now = readable(rig, 0);
		ck_assert(timeout != 0 || now);
		if (timeout > 0 && timeout <= 20 && !now) {
			ck_assert(readable(rig, timeout + 200));
			quiet++;
		}
	}
	ck_assert_uint_gt(quiet, 0);
	rig_free(rig);
}
END_TEST

START_TEST(the_system_has_one_descriptor_or_says_that_it_has_none)
{
	struct rig *rig = listening();
	struct uncia_descriptor list[1];
	size_t count = 0;
#ifdef UNCIA_DRIVER_POLL
	ck_assert_int_eq(uncia_wallet_fd(rig->wallet), UNCIA_E_SYSTEM);
#else
	ck_assert_int_ge(uncia_wallet_fd(rig->wallet), 0);
	ck_assert_int_eq(uncia_wallet_fd(rig->wallet), uncia_wallet_fd(rig->wallet));
#endif
	ck_assert_int_eq(uncia_wallet_descriptors(rig->wallet, NULL, 1, &count), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_descriptors(rig->wallet, list, 1, NULL), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	ck_assert_int_eq(uncia_wallet_descriptors(rig->wallet, NULL, 0, &count), 0);
#ifdef UNCIA_DRIVER_POLL
	ck_assert_uint_eq(count, 5); /* four connections, and what other threads write to */
#else
	ck_assert_uint_eq(count, 1);
#endif
	ck_assert_int_eq(uncia_wallet_descriptors(rig->wallet, list, 1, &count), 0);
	ck_assert(list[0].fd >= 0 && list[0].reads);
	rig_free(rig);
}
END_TEST

static unsigned ends_told(struct rig *rig)
{
	struct uncia_event event = {.size = sizeof(event)};
	unsigned ends = 0;
	while (uncia_wallet_event(rig->wallet, &event) == 1)
		ends += event.kind == UNCIA_EVENT_PAYMENT && !event.error &&
		        rig_payment(rig, &event.id).state == UNCIA_PAYMENT_FINAL;
	return ends;
}

#define MANY 40

/* The receipts of 40 payments, from four validators each, are all there at once. */
START_TEST(a_turn_takes_a_few_messages_and_the_next_ones_the_rest)
{
	struct rig *rig = listening();
	struct uncia_event event;
	struct uncia_payment_id id;
	unsigned turns, ended = 0, most = 0;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	ck_assert(run_until(rig, UNCIA_EVENT_BALANCE, &event, &turns));
	idle_turns(rig, 400);
	rig->net.finalise = true;
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(rig_pay(rig, NULL, 20000, &id), 0);
	ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
	for (int i = 0; i < 400; i++) /* a kilobyte from each link a time */
		fake_network_serve(&rig->net);
	ck_assert_uint_eq(rig_submits(rig), 4 * MANY);
	ck_assert_uint_eq(ends_told(rig), 0);
	for (turns = 0; readable(rig, 200); turns++) {
		ck_assert_uint_lt(turns, 1000);
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
		unsigned ends = ends_told(rig);
		ended += ends;
		most = ends > most ? ends : most;
	}
	ck_assert_uint_eq(ended, MANY);
	ck_assert_uint_eq(most, 1); /* is stored in one turn */
	ck_assert_uint_ge(turns, 4 * MANY / 2);
	ck_assert_int_eq(uncia_wallet_history(rig->wallet, 0, 0, MANY), 0);
	size_t verified = 0;
	for (turns = 0; !rig_event(rig, UNCIA_EVENT_HISTORY, &event); turns++) {
		ck_assert(readable(rig, 200));
		ck_assert_int_eq(uncia_wallet_process(rig->wallet), 0);
		size_t opened = rig->wallet->history->coming.opened;
		ck_assert(opened == 0 || opened - verified <= 3);
		verified = opened;
		fake_network_serve(&rig->net);
	}
	ck_assert_uint_ge(turns, MANY / 3);
	struct uncia_history_page page = {.size = sizeof(page)};
	ck_assert_int_eq(uncia_wallet_history_page(rig->wallet, &page), 0);
	ck_assert_uint_eq(page.count, MANY);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("descriptor", a_turn_takes_a_few_messages_and_the_next_ones_the_rest,
          the_system_has_one_descriptor_or_says_that_it_has_none, what_the_host_asks_for_makes_the_descriptor_readable,
          an_event_that_waits_keeps_the_descriptor_readable_and_its_taking_ends_that,
          a_host_that_only_waits_on_the_descriptor_misses_nothing, an_idle_wallet_is_not_called,
          a_payment_that_waits_is_not_a_loop_that_spins, another_thread_wakes_the_loop_and_one_turn_ends_that,
          a_wake_up_outlives_all_but_a_turn, on_another_network_links_are_made_anew_at_once,
          behind_a_sleep_links_are_made_anew_at_once, a_network_that_is_there_again_is_tried_at_once,
          a_child_that_lives_does_not_make_its_parent_spin,
          a_wallet_that_watches_is_called_when_something_came_in_and_else_not, orders_make_the_descriptor_readable,
          the_descriptor_agrees_with_the_time_out_after_any_call)
