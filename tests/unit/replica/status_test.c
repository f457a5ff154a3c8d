/* What a validator says that it waits for (docs/spec/network.md §8.4, `status`). */
#include "message.pb-c.h"
#include "network.h"
#include "unit.h"

#define UNIT  INT64_C(1000000)
#define LATER 30000u /* ms: a heartbeat was due long ago */

static struct network *n;

static void setup(void)
{
	n = network_new(&(struct network_options){.validators = 4,
	                                          .accounts = 2,
	                                          .balance = 100 * UNIT,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 2});
}

static void teardown(void)
{
	network_free(n);
}

static struct replica_status status(void)
{
	struct replica_status status;

	network_status(n, 0, &status);
	return status;
}

static void tell_height(uint32_t from, uint64_t height)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus told = UNCIA__PB__PEER_STATUS__INIT;
	uint8_t *bytes;
	size_t size;

	told.final_height = told.final_view = height;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	message.status = &told;
	ck_assert_int_eq(canonical_encode(&message.base, &bytes, &size), 0);
	network_inject(n, from, 0, bytes, size);
	free(bytes);
	network_run(n, 20, NULL, NULL);
}

START_TEST(it_waits_for_nothing_while_blocks_become_final)
{
	network_start_all(n);
	network_run(n, LATER, NULL, NULL);
	struct replica_status now = status();
	ck_assert_uint_gt(now.final_height, 3);
	ck_assert_int_eq(now.waits_for, WAITS_NOTHING);
	ck_assert_uint_eq(now.weight_linked, 4);
	ck_assert_uint_eq(now.weight_needed, 3);
}
END_TEST

START_TEST(it_waits_for_links_where_weight_is_missing)
{
	network_start_all(n);
	network_run(n, 5000, NULL, NULL);
	network_crash(n, 2);
	ck_assert_int_eq(status().waits_for, WAITS_NOTHING);
	network_crash(n, 3);
	network_run(n, 20, NULL, NULL);
	struct replica_status now = status();
	ck_assert_int_eq(now.waits_for, WAITS_LINKS);
	ck_assert_uint_eq(now.weight_linked, 2);
	ck_assert_uint_eq(now.linked[0], 1u << 1);
}
END_TEST

/* One that answers is not enough for who has just begun: it does not vote. */
START_TEST(it_waits_for_answers_before_it_votes)
{
	network_start_all(n);
	network_run(n, 5000, NULL, NULL);
	network_crash(n, 0);
	network_pause(n, 2, 600000);
	network_pause(n, 3, 600000);
	network_start(n, 0);
	network_run(n, 1000, NULL, NULL);
	struct replica_status now = status();
	ck_assert_int_eq(now.voting, VOTING_NO);
	ck_assert_int_eq(now.waits_for, WAITS_ANSWERS);
	ck_assert_uint_eq(now.waits_weight, 2);
}
END_TEST

/* Two of four are linked and say nothing. One liar's height is no reason to wait for blocks; that of two is. */
START_TEST(it_waits_for_votes_or_for_blocks_that_more_than_f_have)
{
	network_start_all(n);
	network_run(n, 5000, NULL, NULL);
	network_pause(n, 2, 600000);
	network_pause(n, 3, 600000);
	network_run(n, 1000, NULL, NULL);
	ck_assert_int_eq(status().waits_for, WAITS_NOTHING);
	network_run(n, LATER, NULL, NULL);
	struct replica_status now = status();
	ck_assert_int_eq(now.waits_for, WAITS_FINALITY);
	ck_assert_uint_eq(now.highest_height, now.final_height);
	tell_height(3, UINT64_MAX);
	ck_assert_int_eq(status().waits_for, WAITS_FINALITY);
	ck_assert_uint_eq(status().highest_height, now.final_height);
	tell_height(2, now.final_height + 7);
	ck_assert_int_eq(status().waits_for, WAITS_BLOCKS);
	ck_assert_uint_eq(status().highest_height, now.final_height + 7);
}
END_TEST

UNIT_MAIN_BETWEEN("status", setup, teardown, it_waits_for_nothing_while_blocks_become_final,
                  it_waits_for_links_where_weight_is_missing, it_waits_for_answers_before_it_votes,
                  it_waits_for_votes_or_for_blocks_that_more_than_f_have)
