/* The replica among others of its kind: n of them in one process, in simulated time. */
#include "ledger.h"
#include "message.pb-c.h"
#include "network.h"
#include "receipt.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT INT64_C(1000000)

static struct network_options options(uint32_t validators)
{
	return (struct network_options){.validators = validators,
	                                .accounts = 8,
	                                .balance = 100 * UNIT,
	                                .seed = 1,
	                                .delay_min_ms = 1,
	                                .delay_max_ms = 3,
	                                .commit_ms = 1};
}

static struct payment *pay(struct network *n, uint32_t from, uint32_t to, amount_t amount, uint64_t nonce)
{
	return fixture_payment(network_fixture(n), from, to, amount, network_now_s(n) + 60, nonce);
}

struct height {
	uint64_t height;
	uint32_t nodes;
};

static bool all_reach(struct network *n, void *context)
{
	const struct height *wanted = context;
	struct replica_status status;

	for (uint32_t i = 0; i < wanted->nodes; i++) {
		if (!network_up(n, i))
			continue;
		network_status(n, i, &status);
		if (status.final_height < wanted->height)
			return false;
	}
	return true;
}

static uint64_t height_of(struct network *n, uint32_t node)
{
	struct replica_status status;

	network_status(n, node, &status);
	return status.final_height;
}

static bool all_same(struct network *n, void *context)
{
	struct replica_status first, status;

	network_status(n, 0, &first);
	for (uint32_t i = 1; i < *(const uint32_t *)context; i++) {
		network_status(n, i, &status);
		if (status.settled_height != first.settled_height ||
		    memcmp(&status.final_id, &first.final_id, HASH_SIZE) ||
		    memcmp(&status.state_root, &first.state_root, HASH_SIZE))
			return false;
	}
	return true;
}

/* Nothing but heartbeats is left: all come to the same state between two of them. */
static void assert_same_state(struct network *n, uint32_t nodes)
{
	struct height wanted = {.nodes = nodes};

	for (uint32_t i = 0; i < nodes; i++)
		if (network_up(n, i) && height_of(n, i) > wanted.height)
			wanted.height = height_of(n, i);
	ck_assert(network_run(n, 20000, all_reach, &wanted));
	ck_assert(network_run(n, 5000, all_same, &nodes));
}

static void check_one_payment(struct network *n, uint32_t nodes)
{
	network_start_all(n);
	struct payment *payment = pay(n, 0, 1, UNIT / 2, 1);
	network_submit(n, 0, 1, payment);
	ck_assert(network_run(n, 5000, network_paid, payment));
	assert_same_state(n, nodes);
	payment_free(payment);
	network_free(n);
}

START_TEST(payment_is_final_with_a_receipt_in_every_committee_size)
{
	const uint32_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 10};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct network_options o = options(sizes[i]);
		check_one_payment(network_new(&o), sizes[i]);
	}
}
END_TEST

START_TEST(payment_is_final_with_unequal_weights)
{
	const uint64_t weights[] = {5, 1, 3, 2, 2};
	struct network_options o = options(5);

	o.weights = weights;
	o.faulty = 2;
	o.slow = 2;
	check_one_payment(network_new(&o), 5);
}
END_TEST

START_TEST(six_validators_with_one_down_stay_fast)
{
	const uint64_t weights[] = {1, 1, 1, 1, 1, 1};
	struct network_options o = options(6);

	o.weights = weights;
	o.faulty = 1;
	o.slow = 1;
	struct network *n = network_new(&o);
	network_start_all(n);
	network_crash(n, 5);
	for (uint64_t i = 0; i < 6; i++) {
		struct payment *payment = pay(n, 0, 1, UNIT, i);
		network_submit(n, (uint32_t)i % 5, 1, payment);
		ck_assert(network_run(n, 5000, network_paid, payment));
		payment_free(payment);
	}
	network_free(n);
}
END_TEST

START_TEST(payments_go_on_without_one_of_four_and_stop_without_two)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);

	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	network_crash(n, 2);
	struct payment *first = pay(n, 0, 1, UNIT, 1);
	network_submit(n, 0, 1, first);
	ck_assert(network_run(n, 10000, network_paid, first));
	network_crash(n, 3);
	struct payment *second = pay(n, 0, 1, UNIT, 2);
	network_submit(n, 0, 1, second);
	ck_assert(!network_run(n, 20000, network_paid, second));
	/* The pending payment becomes final by itself. */
	network_start(n, 2);
	network_start(n, 3);
	ck_assert(network_run(n, 20000, network_paid, second));
	assert_same_state(n, 4);
	payment_free(first);
	payment_free(second);
	network_free(n);
}
END_TEST

/* The receipt of a payment among the replies from the n-th on: where it says that the payment is. */
static bool find_place(struct network *n, size_t from, const struct payment *payment, struct receipt *place)
{
	const struct genesis *g = &network_fixture(n)->genesis;
	size_t count;
	const struct reply *replies = network_replies(n, &count);

	for (size_t i = from; i < count; i++) {
		struct receipt receipt;
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, replies[i].size, replies[i].message);
		bool found = false;
		if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT &&
		    receipt_verify(&g->committee, &g->network_id, reply->receipt.data, reply->receipt.len, &receipt) ==
		        0) {
			found = memcmp(&receipt.payment->id, &payment->id, sizeof(payment->id)) == 0;
			payment_free(receipt.payment);
		}
		uncia__pb__node_reply__free_unpacked(reply, NULL);
		if (found) {
			*place = receipt;
			return true;
		}
	}
	return false;
}

START_TEST(acknowledged_payments_survive_the_crash_of_all)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);
	struct payment *payments[10];
	struct receipt first, again;

	network_start_all(n);
	for (uint64_t round = 0; round < 10; round++) {
		payments[round] = pay(n, (uint32_t)round % 8, (uint32_t)(round + 1) % 8, UNIT, round);
		network_submit(n, (uint32_t)round % 4, round + 1, payments[round]);
		ck_assert(network_run(n, 10000, network_paid, payments[round]));
		for (uint32_t i = 0; i < 4; i++)
			network_crash(n, i);
		network_start_all(n);
		network_run(n, 1000 + 37 * round, NULL, NULL);
	}
	size_t before;
	network_replies(n, &before);
	for (size_t i = 0; i < 10; i++)
		network_query_payment(n, (uint32_t)i % 4, 1000 + i, &payments[i]->id);
	network_run(n, 100, NULL, NULL);
	size_t after;
	network_replies(n, &after);
	ck_assert_uint_eq(after, before + 10);
	for (size_t i = 0; i < 10; i++) { /* at the same place as was said before, whoever is asked */
		ck_assert(find_place(n, 0, payments[i], &first));
		ck_assert(find_place(n, before, payments[i], &again));
		ck_assert_uint_eq(again.header.height, first.header.height);
		ck_assert_mem_eq(&again.header.id, &first.header.id, sizeof(struct hash));
		ck_assert_uint_eq(again.index, first.index);
	}
	assert_same_state(n, 4);
	for (size_t i = 0; i < 10; i++)
		payment_free(payments[i]);
	network_free(n);
}
END_TEST

START_TEST(one_submitted_a_hundred_times_is_executed_once)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);
	struct payment *payment;

	network_start_all(n);
	payment = pay(n, 0, 1, UNIT, 1);
	for (uint64_t i = 0; i < 100; i++)
		network_submit(n, (uint32_t)i % 4, i + 1, payment);
	ck_assert(network_run(n, 5000, network_paid, payment));
	for (uint64_t i = 0; i < 100; i++)
		network_submit(n, (uint32_t)i % 4, 200 + i, payment);
	network_run(n, 3000, NULL, NULL);
	/* What is left of both accounts says how often it was carried out. */
	struct payment *rest = pay(n, 0, 2, 99 * UNIT, 2);
	network_submit(n, 1, 999, rest);
	ck_assert(network_run(n, 5000, network_paid, rest));
	payment_free(payment);
	payment_free(rest);
	network_free(n);
}
END_TEST

/* Of the replies to this wallet: how many say that the payment waits, and how many are its receipt. */
static void count_replies(struct network *n, uint64_t wallet, const struct payment *payment, unsigned *pending,
                          unsigned *receipts)
{
	size_t count;
	const struct reply *replies = network_replies(n, &count);

	*pending = *receipts = 0;
	for (size_t i = 0; i < count; i++) {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, replies[i].size, replies[i].message);
		bool its = replies[i].wallet == wallet;
		if (its && reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_PENDING) {
			ck_assert_mem_eq(reply->pending->payment_id.data, &payment->id, sizeof(payment->id));
			++*pending;
		}
		*receipts += its && reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
}

static bool first_wallet_is_told(struct network *n, void *payment)
{
	unsigned pending, receipts;

	count_replies(n, 1, payment, &pending, &receipts);
	return pending + receipts > 0;
}

START_TEST(one_that_is_held_is_pending_for_whoever_submits_it_again)
{
	struct network_options o = options(4);
	unsigned pending, receipts;
	struct network *n = network_new(&o);

	network_start_all(n);
	struct payment *payment = pay(n, 0, 1, UNIT, 1);
	network_submit(n, 0, 1, payment);
	ck_assert(network_run(n, 5000, first_wallet_is_told, payment));
	network_submit(n, 0, 2, payment); /* verified, and in no block yet */
	ck_assert(network_run(n, 5000, network_paid, payment));
	network_run(n, 1000, NULL, NULL);
	network_submit(n, 0, 3, payment);
	network_run(n, 1000, NULL, NULL);
	count_replies(n, 2, payment, &pending, &receipts);
	ck_assert_uint_ge(pending, 1);
	ck_assert_uint_eq(receipts, 1);
	/* What is final is not held. */
	count_replies(n, 3, payment, &pending, &receipts);
	ck_assert_uint_eq(pending, 0);
	ck_assert_uint_eq(receipts, 1);
	payment_free(payment);
	network_free(n);
}
END_TEST

/* A validator that is behind is given payments that are final elsewhere, and catches up while their signatures are
 * being checked. */
START_TEST(a_verdict_that_comes_after_the_end_changes_nothing)
{
	enum { PAYMENTS = 40 };
	struct network_options o = options(4);
	struct payment *payments[PAYMENTS];
	struct replica_status status;
	unsigned pending, receipts;

	o.verify_ms = 200;
	struct network *n = network_new(&o);
	network_start_all(n);
	network_run(n, 1000, NULL, NULL);
	for (uint32_t i = 0; i < 3; i++)
		network_cut(n, i, 3, true);
	for (uint32_t i = 0; i < PAYMENTS; i++) {
		payments[i] = pay(n, i % 8, (i + 1) % 8, UNIT, i);
		network_submit(n, 0, 1000 + i, payments[i]);
	}
	for (uint32_t i = 0; i < PAYMENTS; i++)
		ck_assert(network_run(n, 20000, network_paid, payments[i]));
	for (uint32_t i = 0; i < 3; i++)
		network_cut(n, i, 3, false);
	for (uint32_t i = 0; i < PAYMENTS; i++) {
		network_submit(n, 3, 1 + i, payments[i]);
		network_run(n, 50, NULL, NULL);
	}
	assert_same_state(n, 4);
	network_status(n, 3, &status);
	ck_assert_uint_eq(status.mempool, 0);
	for (uint32_t i = 0; i < PAYMENTS; i++) {
		count_replies(n, 1 + i, payments[i], &pending, &receipts);
		ck_assert_uint_eq(receipts, 1);
		payment_free(payments[i]);
	}
	network_free(n);
}
END_TEST

static bool expired_for_all(struct network *n, void *context)
{
	const struct payment *payment = context;

	return network_expiry_weight(n, &payment->id) >= 2;
}

START_TEST(of_two_payments_that_exceed_the_balance_one_is_final_and_one_expires)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);

	network_start_all(n);
	struct payment *a = pay(n, 0, 1, 80 * UNIT, 1), *b = pay(n, 0, 2, 70 * UNIT, 2);
	network_submit(n, 0, 1, a);
	network_submit(n, 2, 2, b);
	network_submit(n, 3, 3, b);
	network_run(n, 5000, NULL, NULL);
	bool first = network_has_receipt(n, &a->id), second = network_has_receipt(n, &b->id);
	ck_assert(first != second);
	/* The account is usable at once. */
	struct payment *c = pay(n, 0, 3, 15 * UNIT, 3);
	network_submit(n, 1, 4, c);
	ck_assert(network_run(n, 5000, network_paid, c));
	struct payment *loser = first ? b : a;
	network_run(n, 65000, NULL, NULL);
	for (uint32_t i = 0; i < 4; i++)
		network_query_payment(n, i, 10 + i, &loser->id);
	ck_assert(network_run(n, 5000, expired_for_all, loser));
	ck_assert(!network_has_receipt(n, &loser->id));
	payment_free(a);
	payment_free(b);
	payment_free(c);
	network_free(n);
}
END_TEST

START_TEST(one_that_was_away_for_long_catches_up)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);

	network_start_all(n);
	network_crash(n, 3);
	for (uint64_t i = 0; i < 150; i++) {
		struct payment *payment = pay(n, (uint32_t)i % 8, (uint32_t)(i + 3) % 8, UNIT / 10, i);
		network_submit(n, (uint32_t)i % 3, i + 1, payment);
		ck_assert(network_run(n, 10000, network_paid, payment));
		payment_free(payment);
	}
	ck_assert_uint_gt(height_of(n, 0), 100);
	network_start(n, 3);
	struct height wanted = {.height = height_of(n, 0), .nodes = 4};
	ck_assert(network_run(n, 10000, all_reach, &wanted));
	assert_same_state(n, 4);
	network_free(n);
}
END_TEST

/* Counts what node 1 says that only a voter says. */
static void count_voting(void *context, uint32_t node, const struct bytes *message)
{
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	bool voting =
	    m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_VOTE || m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;

	*(uint32_t *)context += node == 1 && voting;
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

START_TEST(an_old_journal_never_votes_again)
{
	struct network_options o = options(4);
	struct replica_status status;
	uint32_t said = 0;

	o.tap = count_voting;
	o.tap_context = &said;
	struct network *n = network_new(&o);
	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	struct memory_store *backup = network_backup(n, 1);
	network_run(n, 5000, NULL, NULL);
	network_crash(n, 1);
	network_replace_store(n, 1, backup);
	ck_assert_uint_gt(said, 5);
	said = 0;
	for (int start = 0; start < 2; start++) { /* nor after another start */
		network_start(n, 1);
		network_run(n, 5000, NULL, NULL);
		network_status(n, 1, &status);
		ck_assert_int_eq(status.voting, VOTING_STALE_JOURNAL);
		ck_assert_uint_eq(said, 0);
		if (start == 0)
			network_crash(n, 1);
	}
	/* It follows all the same. */
	struct payment *payment = pay(n, 0, 1, UNIT, 1);
	network_submit(n, 0, 1, payment);
	ck_assert(network_run(n, 10000, network_paid, payment));
	ck_assert_uint_eq(said, 0);
	ck_assert_uint_gt(height_of(n, 1), 5);
	payment_free(payment);
	network_free(n);
}
END_TEST

static void inject_vote(struct network *n, uint32_t voter, uint64_t view, uint64_t block)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	struct hash id = fixture_hash(block);
	struct vote vote;
	uint8_t bytes[256], packed[512];

	fixture_vote(network_fixture(n), VOTE_NOTAR1, view, &id, voter, &vote);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
	message.vote.data = bytes;
	ck_assert_int_eq(vote_encode(&vote, bytes, &message.vote.len), 0);
	network_inject(n, voter, 0, packed, uncia__pb__peer_message__pack(&message, packed));
}

START_TEST(two_first_votes_of_one_validator_are_kept_as_evidence)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);
	struct replica_status status;

	network_start_all(n);
	for (int time = 0; time < 3; time++) /* once a view and voter, however often */
		for (uint64_t block = 1; block <= 2; block++)
			inject_vote(n, 3, 40, block);
	network_run(n, 3000, NULL, NULL);
	network_status(n, 0, &status);
	ck_assert_uint_eq(status.evidence, 1);
	network_crash(n, 0);
	network_start(n, 0);
	network_status(n, 0, &status);
	ck_assert_uint_eq(status.evidence, 1);
	network_free(n);
}
END_TEST

START_TEST(a_partition_stops_finality_and_healing_brings_it_back)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);

	network_start_all(n);
	network_run(n, 2000, NULL, NULL);
	for (uint32_t i = 0; i < 2; i++)
		for (uint32_t j = 2; j < 4; j++) {
			network_cut(n, i, j, true);
			network_cut(n, j, i, true);
		}
	network_run(n, 1000, NULL, NULL);
	uint64_t height = height_of(n, 0);
	struct payment *payment = pay(n, 0, 1, UNIT, 1);
	network_submit(n, 0, 1, payment);
	ck_assert(!network_run(n, 30000, network_paid, payment));
	ck_assert_uint_le(height_of(n, 0), height + 1);
	for (uint32_t i = 0; i < 4; i++)
		for (uint32_t j = 0; j < 4; j++)
			network_cut(n, i, j, false);
	ck_assert(network_run(n, 25000, network_paid, payment));
	assert_same_state(n, 4);
	payment_free(payment);
	network_free(n);
}
END_TEST

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *state >> 33;
}

/* Loss, delay, crashes and restarts while payments go on; then all heals, and all agree. */
static void check_seed(uint64_t seed)
{
	const uint32_t sizes[] = {4, 6, 7};
	struct network_options o = options(sizes[seed % 3]);
	uint64_t random = seed;

	o.seed = seed;
	o.delay_max_ms = 1 + next_random(&random) % 40;
	o.commit_ms = 1 + next_random(&random) % 8;
	o.loss_percent = next_random(&random) % 15;
	struct network *n = network_new(&o);
	struct payment *payments[40];
	network_start_all(n);
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t node = next_random(&random) % o.validators;
		payments[i] = pay(n, next_random(&random) % 8, next_random(&random) % 8, UNIT, i);
		if (network_up(n, node))
			network_submit(n, node, i + 1, payments[i]);
		network_run(n, next_random(&random) % 200, NULL, NULL);
		node = next_random(&random) % o.validators;
		if (next_random(&random) % 4 == 0) {
			if (network_up(n, node))
				network_crash(n, node);
			else
				network_start(n, node);
		}
	}
	network_set_loss(n, 0);
	for (uint32_t i = 0; i < o.validators; i++)
		if (!network_up(n, i))
			network_start(n, i);
	struct payment *last = pay(n, 0, 1, UNIT, 1000);
	network_submit(n, 0, 5000, last);
	if (!network_run(n, 60000, network_paid, last))
		ck_abort_msg("seed %llu: no finality after healing", (unsigned long long)seed);
	assert_same_state(n, o.validators);
	for (uint32_t i = 0; i < 40; i++)
		payment_free(payments[i]);
	payment_free(last);
	network_free(n);
}

START_TEST(random_faults_never_break_agreement_and_healing_restores_finality)
{
	for (uint64_t seed = 1; seed <= 60; seed++)
		check_seed(seed);
}
END_TEST

UNIT_MAIN("replica", payment_is_final_with_a_receipt_in_every_committee_size, payment_is_final_with_unequal_weights,
          six_validators_with_one_down_stay_fast, payments_go_on_without_one_of_four_and_stop_without_two,
          acknowledged_payments_survive_the_crash_of_all, one_submitted_a_hundred_times_is_executed_once,
          one_that_is_held_is_pending_for_whoever_submits_it_again, a_verdict_that_comes_after_the_end_changes_nothing,
          of_two_payments_that_exceed_the_balance_one_is_final_and_one_expires, one_that_was_away_for_long_catches_up,
          an_old_journal_never_votes_again, two_first_votes_of_one_validator_are_kept_as_evidence,
          a_partition_stops_finality_and_healing_brings_it_back,
          random_faults_never_break_agreement_and_healing_restores_finality)
