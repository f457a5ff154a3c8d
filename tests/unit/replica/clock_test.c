/* Wall clocks that are wrong: the validator says so, the others do not take it for their own, and blocks become final
 * all the same. */
#include "message.pb-c.h"
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

/* The first to step back hears the others' time once more; later blocks only follow their parents. */
START_TEST(whoever_steps_back_first_is_not_told_it_is_behind_for_ever)
{
	struct network *n = four_with_clocks_right();

	network_set_clock(n, 0, -DAY_MS);
	network_run(n, 5000, NULL, NULL);
	check_clock(n, 0, -DAY_MS);
	for (uint32_t i = 1; i < 4; i++)
		network_set_clock(n, i, -DAY_MS);
	network_run(n, WAIT_MS, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++)
		check_clock(n, i, 0);
	network_free(n);
}
END_TEST

/* Of two validators neither may be faulty: what the other says is all there is, whatever it says. */
START_TEST(a_block_from_beyond_all_time_is_no_undefined_number)
{
	struct network *n =
	    network_new(&(struct network_options){.validators = 2, .accounts = 2, .balance = 1000, .seed = 1});
	const struct genesis *genesis = &network_fixture(n)->genesis;
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Propose propose = UNCIA__PB__PROPOSE__INIT;
	uint8_t bytes[1024], signature[SIGNATURE_SIZE] = {0};
	struct replica_status status;
	uint32_t liar;

	network_start_all(n);
	network_run(n, 5000, NULL, NULL);
	network_status(n, 0, &status);
	liar = committee_leader(&genesis->committee, status.view);
	struct header header = {.epoch = genesis->committee.epoch,
	                        .view = status.view,
	                        .height = status.final_height + 1,
	                        .parent_id = status.final_id,
	                        .committee_hash = genesis->committee.hash,
	                        .proposer = liar,
	                        .timestamp_ms = FIXTURE_TIME_MS + network_now(n) + (UINT64_C(1) << 63)};
	ck_assert_int_eq(header_encode(&header), 0);
	propose.header = (ProtobufCBinaryData){.len = header.size, .data = header.bytes};
	propose.signature = (ProtobufCBinaryData){.len = sizeof(signature), .data = signature};
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;
	message.propose = &propose;
	size_t size = uncia__pb__peer_message__pack(&message, bytes);
	network_inject(n, liar, 1 - liar, bytes, size);
	network_run(n, 0, NULL, NULL); /* what comes at this moment */
	network_status(n, 1 - liar, &status);
	ck_assert_uint_eq(status.clock_behind_ms, (uint64_t)INT64_MAX + 1);
	network_free(n);
}
END_TEST

UNIT_MAIN("clock", a_clock_that_is_off_is_told_by_its_owner_alone, a_common_step_goes_on_and_accuses_nobody,
          whoever_steps_back_first_is_not_told_it_is_behind_for_ever,
          a_block_from_beyond_all_time_is_no_undefined_number)
