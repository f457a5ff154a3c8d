/* What a payment's life is counted from: the newest header, and where the network stands still the clocks that more
 * than F validators tell (docs/spec/wallet.md 7.2). */
#include <dlfcn.h>
#include <time.h>
#include "unit.h"
#include "wallet_rig.h"

#define HALF    UINT64_C(500000)
#define MINUTES UINT64_C(600) /* that the network stands still, in seconds */
#define YEAR_S  UINT64_C(31536000)

/* A wallet, and what each validator's clock is ahead of the newest header's time; 0: it does not tell. */
static struct rig *told(const uint64_t ahead_s[4])
{
	struct rig *rig = rig_new(4);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].clock_ms = ahead_s[i] == 0 ? 0 : rig->net.tip.timestamp_ms + ahead_s[i] * 1000;
	return rig;
}

/* Seconds from the newest header's time to the expiry of a payment that is made now; or what the call returned. */
static int64_t lives_until(struct rig *rig)
{
	struct uncia_payment_id id;
	int rc = rig_pay(rig, NULL, HALF, &id);
	return rc ? rc : (int64_t)(rig_payment(rig, &id).expires_at - rig->net.tip.timestamp_ms / 1000);
}

START_TEST(a_payment_of_a_network_that_stands_still_lives_as_long_as_was_asked)
{
	struct rig *rig = told((uint64_t[]){MINUTES, MINUTES + 1, MINUTES + 2, MINUTES + 1});
	ck_assert_int_eq(rig_sync(rig), 0);
	int64_t lives = lives_until(rig);
	ck_assert_int_ge(lives, MINUTES + 120);
	ck_assert_int_le(lives, MINUTES + 122);
	/* Time passes: with the old words, and while they are asked for again. */
	fake_network_pass(&rig->net, rig->wallet, 20000);
	ck_assert_int_ge(lives_until(rig), lives + 20);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	fake_network_pass(&rig->net, rig->wallet, 2000);
	ck_assert_int_ge(lives_until(rig), lives + 22);
	rig_free(rig);
}
END_TEST

START_TEST(of_a_live_network_the_header_and_the_clocks_say_the_same)
{
	struct rig *rig = told((uint64_t[]){1, 1, 1, 1});
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(lives_until(rig), 121);
	rig_free(rig);
	rig = told((uint64_t[]){0, 0, 0, 0}); /* nobody tells */
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(lives_until(rig), 120);
	rig_free(rig);
}
END_TEST

START_TEST(clocks_that_are_behind_the_header_do_not_count)
{
	struct rig *rig = told((uint64_t[]){1, 1, 1, 1});
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].clock_ms = 1000;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(lives_until(rig), 120);
	rig_free(rig);
}
END_TEST

START_TEST(one_lying_clock_of_four_moves_nothing)
{
	for (int liar = 0; liar < 4; liar++) {
		uint64_t clocks[4] = {2, 2, 2, 2}, still[4] = {MINUTES, MINUTES, MINUTES, MINUTES};
		clocks[liar] = 30 * YEAR_S;
		struct rig *rig = told(clocks);
		fake_network_pass(&rig->net, rig->wallet, 1000);
		ck_assert_int_eq(rig_sync(rig), 0);
		int64_t lives = lives_until(rig);
		ck_assert(lives >= 120 && lives <= 124);
		rig_free(rig);
		still[liar] = 1;
		rig = told(still);
		ck_assert_int_eq(rig_sync(rig), 0);
		lives = lives_until(rig);
		ck_assert(lives >= (int64_t)MINUTES + 120 && lives <= (int64_t)MINUTES + 124);
		rig_free(rig);
	}
}
END_TEST

/* Two of four: one of them may lie, so that nobody knows which says the truth. */
START_TEST(a_few_that_do_not_agree_on_the_time_are_not_paid_by)
{
	struct rig *rig = told((uint64_t[]){2, MINUTES, 0, 0});
	rig->net.nodes[2].behaviour = rig->net.nodes[3].behaviour = SILENT;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(lives_until(rig), UNCIA_E_UNREACHABLE);
	ck_assert_uint_eq(rig_submits(rig), 0);
	rig_free(rig);
	rig = told((uint64_t[]){2, YEAR_S, 0, 0}); /* nobody is that late: it does not count */
	rig->net.nodes[2].behaviour = rig->net.nodes[3].behaviour = SILENT;
	ck_assert_int_eq(rig_sync(rig), 0);
	int64_t lives = lives_until(rig);
	ck_assert(lives >= 120 && lives <= 124);
	rig_free(rig);
	rig = told((uint64_t[]){MINUTES, MINUTES, 0, 0});
	rig->net.nodes[2].behaviour = rig->net.nodes[3].behaviour = SILENT;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_ge(lives_until(rig), MINUTES + 120);
	rig_free(rig);
}
END_TEST

START_TEST(one_alone_is_paid_by_while_the_network_runs_and_not_while_it_stands_still)
{
	static const struct {
		uint64_t ahead_s;
		int64_t lives;
	} clocks[] = {{3, 120}, {MINUTES, UNCIA_E_UNREACHABLE}, {3590, UNCIA_E_UNREACHABLE}, {86400, 120}};
	for (int c = 0; c < 4; c++) {
		struct rig *rig = told((uint64_t[]){clocks[c].ahead_s, 0, 0, 0});
		for (int i = 1; i < 4; i++)
			rig->net.nodes[i].down = true;
		ck_assert_int_eq(rig_sync(rig), 0);
		ck_assert_int_eq(lives_until(rig), clocks[c].lives);
		rig_free(rig);
	}
}
END_TEST

START_TEST(nothing_is_signed_on_what_was_asked_for_more_than_half_a_minute_ago)
{
	struct rig *rig = told((uint64_t[]){1, 1, 1, 1});
	struct uncia_payment_id id, again;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_eq(rig_pay(rig, "k", HALF, &id), 0);
	ck_assert_int_eq(rig_sync(rig), 0); /* this moment: looking up what k stands for has taken some */
	fake_network_pass(&rig->net, rig->wallet, 30000);
	ck_assert_int_gt(lives_until(rig), 0);
	fake_network_pass(&rig->net, rig->wallet, 1);
	ck_assert_int_eq(lives_until(rig), UNCIA_E_UNREACHABLE);
	ck_assert_int_eq(rig_pay(rig, "k", HALF, &again), 0); /* signed already */
	ck_assert_mem_eq(id.b, again.b, sizeof(id.b));
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_gt(lives_until(rig), 0);
	rig_free(rig);
}
END_TEST

/* The phone slept between question and answer: what comes then is as old as the question. */
START_TEST(an_answer_that_waited_while_the_phone_slept_is_old)
{
	struct rig *rig = told((uint64_t[]){1, 1, 1, 1});
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = SILENT;
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	fake_network_pump(&rig->net, rig->wallet);
	rig->host.now_ms += 31000;
	rig->net.nodes[0].behaviour = HONEST;
	fake_network_push_account(&rig->net, rig->wallet, 0, rig->net.nodes[0].account_request);
	ck_assert(rig_balance(rig).known);
	ck_assert_int_eq(lives_until(rig), UNCIA_E_UNREACHABLE);
	for (int i = 0; i < 4; i++)
		rig->net.nodes[i].behaviour = HONEST;
	ck_assert_int_eq(rig_sync(rig), 0);
	ck_assert_int_gt(lives_until(rig), 0);
	rig_free(rig);
}
END_TEST

/* Half as long: the clock that came with it was told anywhere in between. */
START_TEST(a_clock_that_was_on_its_way_while_the_phone_slept_may_be_behind)
{
	for (uint64_t asleep_s = 4; asleep_s <= 12; asleep_s += 8) {
		struct rig *rig = told((uint64_t[]){3, 3, 3, 3});
		rig->net.nodes[0].behaviour = SILENT;
		for (int i = 1; i < 4; i++)
			rig->net.nodes[i].down = true;
		ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
		fake_network_pump(&rig->net, rig->wallet);
		rig->host.now_ms += asleep_s * 1000;
		rig->net.nodes[0].behaviour = HONEST;
		fake_network_push_account(&rig->net, rig->wallet, 0, rig->net.nodes[0].account_request);
		ck_assert(rig_balance(rig).known);
		int64_t lives = lives_until(rig);
		ck_assert(asleep_s == 4 ? lives > 0 : lives == UNCIA_E_UNREACHABLE);
		rig_free(rig);
	}
}
END_TEST

static uint64_t asleep_ms; /* what CLOCK_BOOTTIME counts beyond CLOCK_MONOTONIC */

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *t)
{
	int (*system_one)(clockid_t, struct timespec *);
	*(void **)&system_one = dlsym(RTLD_NEXT, "clock_gettime");
	int rc = system_one(clock == CLOCK_BOOTTIME ? CLOCK_MONOTONIC : clock, t);
	if (clock == CLOCK_BOOTTIME)
		t->tv_sec += (time_t)(asleep_ms / 1000);
	return rc;
}

START_TEST(the_clock_of_the_system_goes_on_while_the_phone_sleeps)
{
	struct rig *rig = told((uint64_t[]){1, 1, 1, 1});
	rig_close(rig);
	rig->host.host.now_ms = NULL;
	ck_assert_int_eq(rig_open(rig), 0);
	ck_assert_int_eq(uncia_wallet_sync(rig->wallet), 0);
	fake_network_pump(&rig->net, rig->wallet);
	ck_assert(rig_balance(rig).known);
	ck_assert_int_gt(lives_until(rig), 0);
	asleep_ms = 60000;
	ck_assert_int_eq(lives_until(rig), UNCIA_E_UNREACHABLE);
	rig_free(rig);
}
END_TEST

UNIT_MAIN("expiry", a_payment_of_a_network_that_stands_still_lives_as_long_as_was_asked,
          of_a_live_network_the_header_and_the_clocks_say_the_same, clocks_that_are_behind_the_header_do_not_count,
          one_lying_clock_of_four_moves_nothing, a_few_that_do_not_agree_on_the_time_are_not_paid_by,
          one_alone_is_paid_by_while_the_network_runs_and_not_while_it_stands_still,
          nothing_is_signed_on_what_was_asked_for_more_than_half_a_minute_ago,
          an_answer_that_waited_while_the_phone_slept_is_old,
          a_clock_that_was_on_its_way_while_the_phone_slept_may_be_behind,
          the_clock_of_the_system_goes_on_while_the_phone_sleeps)
