/* What a validator says that it waits for, where another one lies about what there is. */
#include "message.pb-c.h"
#include "network.h"
#include "unit.h"

static struct network *n;

/* Two of four stand still, and their links are up: a quorum is linked, and nothing becomes final. */
static void setup(void)
{
	n = network_new(&(struct network_options){.validators = 4,
	                                          .accounts = 8,
	                                          .balance = 100000000,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 2});
	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	network_pause(n, 2, 600000);
	network_pause(n, 3, 600000);
	network_run(n, 20000, NULL, NULL);
}

static void teardown(void)
{
	network_free(n);
}

static void tell_height(uint32_t from, uint64_t height)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;
	uint8_t *bytes;
	size_t size;

	status.final_height = status.final_view = height;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	message.status = &status;
	ck_assert_int_eq(canonical_encode(&message.base, &bytes, &size), 0);
	network_inject(n, from, 0, bytes, size);
	free(bytes);
	network_run(n, 50, NULL, NULL);
}

START_TEST(blocks_that_one_validator_makes_up_are_not_waited_for)
{
	struct replica_status status;

	network_status(n, 0, &status);
	ck_assert_uint_ge(status.weight_linked, status.weight_needed);
	ck_assert_int_eq(status.waits_for, WAITS_FINALITY);
	tell_height(3, UINT64_MAX);
	network_status(n, 0, &status);
	ck_assert_int_eq(status.waits_for, WAITS_FINALITY);
	ck_assert_uint_eq(status.highest_height, status.final_height);
	tell_height(2, status.final_height + 7);
	network_status(n, 0, &status);
	ck_assert_int_eq(status.waits_for, WAITS_BLOCKS);
	ck_assert_uint_eq(status.highest_height, status.final_height + 7);
}
END_TEST

UNIT_MAIN_BETWEEN("waits", setup, teardown, blocks_that_one_validator_makes_up_are_not_waited_for)
