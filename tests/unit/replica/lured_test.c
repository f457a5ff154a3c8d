/* A validator that claims to be ahead and answers no question for it, asked by one that then falls behind in earnest.
 */
#include "message.pb-c.h"
#include "network.h"
#include "unit.h"

#define LIAR 6u

static struct network *n;
static uint32_t asked; /* of the liar, by node 0 */

static bool pass(void *context, uint32_t from, uint32_t to, const struct bytes *bytes)
{
	(void)context;
	if (!from && to == LIAR && bytes->data[0] >> 3 == UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST)
		asked++;
	return true;
}

static bool asked_again(struct network *network, void *context)
{
	(void)network;
	return asked > *(const uint32_t *)context;
}

static void claim_to_be_ahead(void)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;
	uint8_t *bytes;
	size_t size;

	status.final_height = status.final_view = 1000000;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	message.status = &status;
	ck_assert_int_eq(canonical_encode(&message.base, &bytes, &size), 0);
	network_inject(n, LIAR, 0, bytes, size);
	free(bytes);
}

static void cut(bool off)
{
	for (uint32_t i = 1; i < LIAR; i++) {
		network_cut(n, 0, i, off);
		network_cut(n, i, 0, off);
	}
}

static uint64_t height_of(uint32_t node)
{
	struct replica_status status;

	network_status(n, node, &status);
	return status.final_height;
}

static bool caught_up(struct network *network, void *context)
{
	(void)network;
	(void)context;
	return height_of(0) + 2 >= height_of(1);
}

static void setup(void)
{
	n = network_new(&(struct network_options){.validators = 7,
	                                          .accounts = 8,
	                                          .balance = 100000000,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 2,
	                                          .pass = pass});
	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	network_pause(n, LIAR, 600000);
	claim_to_be_ahead();
	network_run(n, 60000, NULL, NULL);
	ck_assert_uint_ge(asked, 3); /* late again and again */
}

START_TEST(who_falls_behind_does_not_wait_for_a_liar_that_was_asked_before)
{
	setup();
	cut(true);
	network_run(n, 20000, NULL, NULL);
	ck_assert_uint_gt(height_of(1), height_of(0) + 12);
	uint32_t before = asked;
	ck_assert(network_run(n, 20000, asked_again, &before));
	uint64_t from = network_now(n);
	cut(false);
	ck_assert(network_run(n, 60000, caught_up, NULL));
	ck_assert_uint_lt(network_now(n) - from, 5000);
	network_free(n);
}
END_TEST

/* What the liar answers: nothing, and then one header after the other, each on the one before. */
static void give(const struct header *header)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *list[] = {&blob};
	uint8_t *bytes;
	size_t size;

	reply.tip_height = 1000000;
	if (header) {
		blob.data = (ProtobufCBinaryData){.len = header->size, .data = (uint8_t *)(uintptr_t)header->bytes};
		reply.headers = list;
		reply.n_headers = 1;
	}
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	message.sync_reply = &reply;
	ck_assert_int_eq(canonical_encode(&message.base, &bytes, &size), 0);
	network_inject(n, LIAR, 0, bytes, size);
	free(bytes);
}

/* The parts that prove nothing come just before they would be late. */
START_TEST(who_falls_behind_is_not_held_by_headers_that_a_liar_makes_up)
{
	struct header made[64], tip = {0};
	struct hash root = fixture_hash(1);
	struct replica_status status;
	uint32_t parts = 0;

	setup();
	cut(true);
	network_run(n, 20000, NULL, NULL);
	uint32_t before = asked;
	ck_assert(network_run(n, 20000, asked_again, &before));
	give(NULL);
	before = asked;
	ck_assert(network_run(n, 20000, asked_again, &before));
	network_status(n, 0, &status);
	tip.id = status.final_id;
	tip.height = status.final_height;
	tip.view = status.final_view;
	tip.timestamp_ms = status.final_timestamp_ms;
	cut(false);
	uint64_t from = network_now(n);
	while (!caught_up(n, NULL) && network_now(n) < from + 90000 && parts < 64) {
		fixture_header(network_fixture(n), parts ? &made[parts - 1] : &tip, tip.view + 1 + parts, NULL, 0,
		               &root, &made[parts]);
		give(&made[parts++]);
		network_run(n, 1500, NULL, NULL);
	}
	ck_assert_uint_gt(parts, 5); /* it was held for a while */
	ck_assert(caught_up(n, NULL));
	ck_assert_uint_lt(network_now(n) - from, 80000);
	network_free(n);
}
END_TEST

UNIT_MAIN("lured", who_falls_behind_does_not_wait_for_a_liar_that_was_asked_before,
          who_falls_behind_is_not_held_by_headers_that_a_liar_makes_up)
