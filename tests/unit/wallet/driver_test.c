/* The driver over real sockets: one descriptor, one time-out, one call; the validators run in the same thread. */
#include <arpa/inet.h>
#include <ares.h>
#include <dlfcn.h>
#include <poll.h>
#include <sys/wait.h>
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

/* ---- names ---- */

/* A name server in this thread: what is asked of it is answered with `answers` addresses, 127.0.0.77 and 127.0.0.1, or
 * not at all. c-ares is told of it as it reads the system's settings. */
static struct {
	int fd, port, answers; /* answers: -1: none at all; 0: "no such name" */
	unsigned questions;
} names = {.fd = -1};

__attribute__((visibility("default"))) int ares_init_options(ares_channel *channel, struct ares_options *options,
                                                             int mask)
{
	int (*system_one)(ares_channel *, struct ares_options *, int);
	char server[32];

	*(void **)&system_one = dlsym(RTLD_NEXT, "ares_init_options");
	int rc = system_one(channel, options, mask);
	if (rc == ARES_SUCCESS && names.fd >= 0) {
		snprintf(server, sizeof(server), "127.0.0.1:%d", names.port);
		rc = ares_set_servers_ports_csv(*channel, server);
	}
	return rc;
}

static void names_up(int answers)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	names.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(names.fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(getsockname(names.fd, (struct sockaddr *)&address, &size), 0);
	names.port = ntohs(address.sin_port);
	names.answers = answers;
	names.questions = 0;
}

static void names_down(void)
{
	close(names.fd);
	names.fd = -1;
}

/* RFC 1035, 4.1: the question back, and for type A (1) the addresses; there are none of another type. */
static void names_serve(void)
{
	static const uint8_t hosts[2] = {77, 1};
	uint8_t message[512];
	struct sockaddr_in asker;
	socklen_t size = sizeof(asker);
	ssize_t n;
	while ((n = recvfrom(names.fd, message, 256, 0, (struct sockaddr *)&asker, &size)) > 12) {
		size_t end = 12;
		while (message[end] != 0)
			end += 1u + message[end];
		bool is_a = message[end + 2] == 1;
		end += 5; /* the root label, type and class */
		names.questions++;
		if (names.answers < 0)
			continue;
		message[2] = 0x81, message[3] = names.answers == 0 ? 0x83 : 0x80;
		memset(message + 6, 0, 6);
		message[7] = is_a ? (uint8_t)names.answers : 0;
		for (int i = 0; is_a && i < names.answers; i++) {
			const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, hosts[i]};
			memcpy(message + end, record, sizeof(record));
			end += sizeof(record);
		}
		sendto(names.fd, message, end, 0, (struct sockaddr *)&asker, size);
	}
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
		if (names.fd >= 0)
			names_serve();
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

/* The network of the rig with `count` of its addresses given as a name, and the wallet opened with it. */
static struct uncia_network *open_named(struct rig *rig, unsigned count, uint32_t request_timeout_ms)
{
	struct uncia_wallet_options options = {.size = sizeof(options), .request_timeout_ms = request_timeout_ms};
	struct uncia_network *named;
	char *text = fake_network_text(&rig->net), *at = text;
	while (count-- > 0 && (at = strstr(at, "127.0.0.1")) != NULL)
		memcpy(at, "v.example", strlen("v.example"));
	ck_assert_int_eq(uncia_network_parse(text, &named, NULL), 0);
	free(text);
	rig_close(rig);
	ck_assert_int_eq(uncia_wallet_open(&rig->host.host, named, &options, &rig->wallet), 0);
	return named;
}

static void close_named(struct rig *rig, struct uncia_network *named)
{
	rig_close(rig);
	uncia_network_free(named);
	rig_free(rig);
	names_down();
}

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
	ck_assert_int_ge(uncia_wallet_fd(rig->wallet), 0);
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
	struct pollfd descriptor = {.fd = uncia_wallet_fd(rig->wallet), .events = POLLIN};
	names_serve();
	ck_assert_int_eq(poll(&descriptor, 1, 1000), 1); /* by an answer: no time-out of a look-up is due yet */
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
          a_name_that_is_looked_up_in_vain_holds_up_nobody,
          names_that_are_never_answered_end_in_time_and_without_spinning,
          the_addresses_of_a_name_are_tried_one_after_the_other,
          a_child_that_closes_its_copy_leaves_the_look_ups_of_its_parent, nobody_there_is_said_without_spinning)
