/* Wall clocks that are wrong: the validator says so, the others do not take it for their own, and blocks become final
 * all the same. */
#include "network.h"
#include "unit.h"

#define DAY_MS  INT64_C(86400000)
#define SLACK   1000u /* what messages take, and what leaders wait for */
#define WAIT_MS 60000u

static struct network *four_with_clocks_right(void)
{
	struct network *n = network_new(&(struct network_options){.validators = 4,
	                                                          .accounts = 2,
	                                                          .balance = 1000,
	                                                          .seed = 18,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 20,
	                                                          .commit_ms = 2});

	network_start_all(n);
	network_run(n, WAIT_MS, NULL, NULL);
	return n;
}

static void check_clock(struct network *n, uint32_t node, int64_t off_ms)
{
	struct replica_status status;
	uint64_t behind = off_ms < 0 ? (uint64_t)-off_ms : 0, ahead = off_ms > 0 ? (uint64_t)off_ms : 0;

	network_status(n, node, &status);
	ck_assert_uint_le(status.clock_behind_ms, behind);
	ck_assert_uint_ge(status.clock_behind_ms + (behind ? SLACK : 0), behind);
	ck_assert_uint_ge(status.clock_ahead_ms, ahead);
	ck_assert_uint_le(status.clock_ahead_ms, ahead + (ahead ? SLACK : 0));
}

static uint64_t height(const struct network *n, uint32_t node)
{
	struct replica_status status;

	network_status(n, node, &status);
	return status.final_height;
}

/* One clock is off for a while: its owner alone says so. Every block of a whole round comes to be final. */
static void one_is_off(struct network *n, int64_t off_ms)
{
	uint64_t before = height(n, 0);

	network_set_clock(n, 3, off_ms);
	network_run(n, WAIT_MS, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++)
		check_clock(n, i, i == 3 ? off_ms : 0);
	ck_assert_uint_gt(height(n, 0), before + 10);
	network_set_clock(n, 3, 0);
	network_run(n, WAIT_MS, NULL, NULL);
	check_clock(n, 3, 0);
}

START_TEST(a_clock_that_is_off_is_told_by_its_owner_alone)
{
	struct network *n = four_with_clocks_right();

	check_clock(n, 3, 0);
	one_is_off(n, -DAY_MS);
	one_is_off(n, DAY_MS);
	one_is_off(n, -3000);
	one_is_off(n, 10000);
	network_free(n);
}
END_TEST

START_TEST(a_common_step_goes_on_and_accuses_nobody)
{
	struct network *n = four_with_clocks_right();

	for (int64_t off_ms = -DAY_MS; off_ms <= DAY_MS; off_ms += 2 * DAY_MS) {
		uint64_t before = height(n, 0);
		for (uint32_t i = 0; i < 4; i++)
			network_set_clock(n, i, off_ms);
		network_run(n, WAIT_MS, NULL, NULL);
		ck_assert_uint_gt(height(n, 0), before + 10);
		for (uint32_t i = 0; i < 4; i++)
			check_clock(n, i, 0);
	}
	network_free(n);
}
END_TEST

UNIT_MAIN("clock", a_clock_that_is_off_is_told_by_its_owner_alone, a_common_step_goes_on_and_accuses_nobody)
