/* Observers: they follow by pages that come as blocks become final, serve wallets, and cost validators those pages. */
#include "message.pb-c.h"
#include "network.h"
#include "receipt.h"
#include "unit.h"

#define UNIT INT64_C(1000000)
#define SEEN 4u /* the observer's node */

struct said { /* to observers, by kind of PeerMessage */
	uint32_t count[32];
};

static struct said said;

static bool count_said(void *context, uint32_t from, uint32_t to, const struct bytes *message)
{
	(void)context;
	if (to >= SEEN && from < SEEN)
		said.count[message->data[0] >> 3]++;
	return true;
}

static struct network *start(uint32_t observers, uint64_t seed)
{
	struct network_options o = {.validators = 4,
	                            .observers = observers,
	                            .accounts = 8,
	                            .balance = 100 * UNIT,
	                            .seed = seed,
	                            .delay_min_ms = 1,
	                            .delay_max_ms = 3,
	                            .commit_ms = 1,
	                            .pass = count_said};
	struct network *n = network_new(&o);

	said = (struct said){{0}};
	network_start_all(n);
	ck_assert(!network_run(n, 3000, NULL, NULL));
	return n;
}

static uint64_t height(struct network *n, uint32_t node)
{
	struct replica_status status;

	network_status(n, node, &status);
	return status.final_height;
}

static struct payment *pay(struct network *n, uint32_t node, uint64_t nonce)
{
	struct payment *payment =
	    fixture_payment(network_fixture(n), nonce % 4, 4 + nonce % 4, UNIT, network_now_s(n) + 60, nonce);

	network_submit(n, node, 1, payment);
	return payment;
}

static bool observer_has(struct network *n, void *wanted)
{
	return height(n, SEEN) >= *(uint64_t *)wanted;
}

START_TEST(observer_has_a_block_one_delay_after_a_validator)
{
	struct network *n = start(1, 1);
	struct replica_status status;

	network_status(n, SEEN, &status);
	ck_assert_int_eq(status.voting, VOTING_OBSERVER);
	ck_assert_uint_ge(status.final_height + 2, height(n, 0));
	for (uint64_t i = 0; i < 20; i++) {
		struct payment *payment = pay(n, 0, i);
		ck_assert(network_run(n, 1000, network_paid, payment));
		uint64_t wanted = height(n, 0);
		/* A way there, the checks and a commit. */
		ck_assert(network_run(n, 15, observer_has, &wanted));
		payment_free(payment);
	}
	network_free(n);
}
END_TEST

START_TEST(observers_are_sent_pages_and_status_alone)
{
	struct network *n = start(2, 2);

	for (uint64_t i = 0; i < 40; i++)
		payment_free(pay(n, i % 4, i));
	network_run(n, 5000, NULL, NULL);
	ck_assert_uint_gt(said.count[UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY], 8);
	for (uint32_t kind = 0; kind < 32; kind++)
		if (kind != UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY && kind != UNCIA__PB__PEER_MESSAGE__KIND_STATUS)
			ck_assert_msg(!said.count[kind], "kind %u: %u", kind, said.count[kind]);
	ck_assert_uint_lt(said.count[UNCIA__PB__PEER_MESSAGE__KIND_STATUS], 16);
	network_free(n);
}
END_TEST

START_TEST(wallet_pays_and_is_proved_its_payment_by_an_observer)
{
	struct network *n = start(1, 3);

	for (uint64_t i = 0; i < 20; i++) {
		struct payment *payment = pay(n, SEEN, i);
		ck_assert(network_run(n, 1000, network_paid, payment));
		payment_free(payment);
	}
	network_free(n);
}
END_TEST

/* Nothing is a page that says nothing: what waits is answered when there is a block. */
START_TEST(idle_network_sends_an_observer_one_page_a_block)
{
	struct network *n = start(1, 4);
	uint64_t before = height(n, 0);

	said = (struct said){{0}};
	network_run(n, 30000, NULL, NULL);
	uint64_t blocks = height(n, 0) - before;
	ck_assert_uint_gt(blocks, 20);
	ck_assert_uint_le(said.count[UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY], blocks + 1);
	ck_assert_uint_ge(said.count[UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY] + 1, blocks);
	network_free(n);
}
END_TEST

START_TEST(observer_that_was_away_catches_up_and_follows_again)
{
	struct network *n = start(1, 5);

	network_crash(n, SEEN);
	for (uint64_t i = 0; i < 40; i++) {
		payment_free(pay(n, 0, i));
		network_run(n, 1000, NULL, NULL);
	}
	network_start(n, SEEN);
	uint64_t wanted = height(n, 0);
	ck_assert(network_run(n, 5000, observer_has, &wanted));
	struct payment *payment = pay(n, SEEN, 100);
	ck_assert(network_run(n, 1000, network_paid, payment));
	payment_free(payment);
	network_free(n);
}
END_TEST

/* Whoever is asked may be gone, or say nothing: others are asked. */
START_TEST(observer_goes_on_while_validators_come_and_go)
{
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct network *n = start(1, 10 + seed);
		for (uint32_t round = 0; round < 8; round++) {
			uint32_t node = round % 4;
			if (round % 2)
				network_cut(n, node, SEEN, true);
			else
				network_crash(n, node);
			for (uint64_t i = 0; i < 5; i++)
				payment_free(pay(n, (node + 1) % 4, 10 * round + i));
			network_run(n, 10000, NULL, NULL);
			uint64_t wanted = height(n, (node + 1) % 4);
			ck_assert(network_run(n, 20000, observer_has, &wanted));
			network_cut(n, node, SEEN, false);
			if (!network_up(n, node))
				network_start(n, node);
			network_run(n, 3000, NULL, NULL);
		}
		network_free(n);
	}
}
END_TEST

/* A crash at any commit: what an observer has made final is there again, and is followed on. */
START_TEST(observer_that_crashes_at_commits_follows_on)
{
	struct network *n = start(1, 30);

	for (uint64_t i = 0; i < 30; i++) {
		network_crash_at_commit(n, SEEN, i % 2);
		payment_free(pay(n, i % 4, i));
		network_run(n, 3000, NULL, NULL);
		if (!network_up(n, SEEN))
			network_start(n, SEEN);
		uint64_t wanted = height(n, 0);
		ck_assert(network_run(n, 5000, observer_has, &wanted));
	}
	network_free(n);
}
END_TEST

/* The network goes on, and stands still, by its validators alone. */
START_TEST(observers_make_nothing_final)
{
	struct network *n = start(2, 40);

	network_crash(n, 0);
	network_crash(n, 1);
	network_run(n, 1000, NULL, NULL);
	uint64_t before = height(n, 2);
	payment_free(pay(n, 2, 1));
	network_run(n, 30000, NULL, NULL);
	ck_assert_uint_eq(height(n, 2), before);
	ck_assert_uint_le(height(n, SEEN), before);
	network_free(n);
}
END_TEST

/* A page that is asked for from far above what there is takes a place, and is no answer. */
START_TEST(a_question_far_ahead_waits_and_harms_nobody)
{
	struct network *n = start(1, 50);
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncRequest request = UNCIA__PB__SYNC_REQUEST__INIT;
	uint8_t bytes[64];

	network_crash(n, SEEN);
	request.from_height = UINT64_MAX;
	request.wait = true;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
	message.sync_request = &request;
	size_t size = protobuf_c_message_pack(&message.base, bytes);
	said = (struct said){{0}};
	for (uint32_t i = 0; i < 4; i++)
		network_inject(n, SEEN, i, bytes, size);
	struct payment *payment = pay(n, 0, 1);
	ck_assert(network_run(n, 1000, network_paid, payment));
	network_run(n, 10000, NULL, NULL);
	ck_assert_uint_eq(said.count[UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY], 0);
	payment_free(payment);
	network_free(n);
}
END_TEST

UNIT_MAIN("observers", observer_has_a_block_one_delay_after_a_validator, observers_are_sent_pages_and_status_alone,
          wallet_pays_and_is_proved_its_payment_by_an_observer, idle_network_sends_an_observer_one_page_a_block,
          observer_that_was_away_catches_up_and_follows_again, observer_goes_on_while_validators_come_and_go,
          observer_that_crashes_at_commits_follows_on, observers_make_nothing_final,
          a_question_far_ahead_waits_and_harms_nobody)
