/* How long one call of libuncia takes at most, as a host's loop sees it: 40 payments on their way at once, each receipt
 * verified and stored; validators in the same thread, over real sockets, outside of what is measured.
 *
 *	TURNS_HOME=DIRECTORY turns	makes a home there, and leaves it behind */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "real_network.h"
#include "unit.h"

#define PAYMENTS 40

static struct call {
	const char *name;
	double longest_ms, sum_ms, longest_cpu_ms;
	unsigned count;
} calls[] = {{.name = "sync"},  {.name = "pay"},     {.name = "process"}, {.name = "event"},
             {.name = "query"}, {.name = "payment"}, {.name = "history"}};
enum { SYNC, PAY, PROCESS, EVENT, QUERY, PAYMENT, HISTORY };

static double ms_of(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double began_ms, began_cpu_ms;

static void begins(void)
{
	began_ms = ms_of(CLOCK_MONOTONIC);
	began_cpu_ms = ms_of(CLOCK_THREAD_CPUTIME_ID);
}

static int took(int call, int result)
{
	double ms = ms_of(CLOCK_MONOTONIC) - began_ms, cpu_ms = ms_of(CLOCK_THREAD_CPUTIME_ID) - began_cpu_ms;
	calls[call].sum_ms += ms;
	calls[call].count++;
	if (ms > calls[call].longest_ms)
		calls[call].longest_ms = ms;
	if (cpu_ms > calls[call].longest_cpu_ms)
		calls[call].longest_cpu_ms = cpu_ms;
	return result;
}

#define TIMED(call, expression) (begins(), took((call), (expression)))

/* Gives it turns until `ends` payments have their end, or, 0, an event of this kind comes. */
static void turn_until(struct rig *rig, enum uncia_event_kind kind, unsigned ends)
{
	struct uncia_event event = {.size = sizeof(event)};
	unsigned ended = 0;
	for (;;) {
		while (TIMED(EVENT, uncia_wallet_event(rig->wallet, &event)) == 1) {
			struct uncia_payment payment = {.size = sizeof(payment)};
			if (event.kind == kind && ends == 0)
				return;
			if (event.kind != UNCIA_EVENT_PAYMENT)
				continue;
			ck_assert_int_eq(TIMED(PAYMENT, uncia_wallet_payment(rig->wallet, &event.id, &payment)), 0);
			ended += payment.state == UNCIA_PAYMENT_FINAL;
		}
		if (ends != 0 && ended >= ends)
			return;
		readable(rig, 1);
		ck_assert_int_eq(TIMED(PROCESS, uncia_wallet_process(rig->wallet)), 0);
		fake_network_serve(&rig->net);
	}
}

START_TEST(the_longest_call)
{
	struct uncia_host host = {.size = sizeof(host)};
	struct uncia_key_options plain = {.size = sizeof(plain), .no_passphrase = true};
	struct uncia_payment_id ids[PAYMENTS];
	const char *home = getenv("TURNS_HOME");
	ck_assert_msg(home, "TURNS_HOME is not set: the directory of a home to be made");
	struct rig *rig = listening();
	rig_close(rig);
	ck_assert_int_eq(uncia_host_directory(home, &host), 0);
	ck_assert_int_eq(uncia_wallet_create(&host, FAKE_WORDS, &plain), 0);
	ck_assert_int_eq(uncia_wallet_open(&host, rig->net.network, NULL, &rig->wallet), 0);
	rig->net.elsewhere = rig->net.finalise = true;
	ck_assert_int_eq(TIMED(SYNC, uncia_wallet_sync(rig->wallet)), 0);
	turn_until(rig, UNCIA_EVENT_BALANCE, 0);
	for (int i = 0; i < PAYMENTS; i++)
		ck_assert_int_eq(TIMED(PAY, rig_pay_now(rig, NULL, 20000, &ids[i])), 0);
	turn_until(rig, 0, PAYMENTS);
	for (int i = 0; i < PAYMENTS; i++)
		ck_assert_int_eq(TIMED(QUERY, uncia_wallet_query(rig->wallet, &ids[i])), 0);
	ck_assert_int_eq(TIMED(HISTORY, uncia_wallet_history(rig->wallet, 0, 0, PAYMENTS)), 0);
	turn_until(rig, UNCIA_EVENT_HISTORY, 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		printf("%-8s %5u calls, longest %7.3f ms, of the processor %7.3f ms; mean %7.3f ms\n", calls[i].name,
		       calls[i].count, calls[i].longest_ms, calls[i].longest_cpu_ms, calls[i].sum_ms / calls[i].count);
	rig_free(rig);
	uncia_host_directory_free(&host);
}
END_TEST

UNIT_MAIN("turns", the_longest_call)
