/* When leaders propose: nothing that is due waits for somebody else's message, or for a timer that ends the view. */
#include "block.h"
#include "message.pb-c.h"
#include "network.h"
#include "unit.h"
#include "vote.h"

#define UNIT     INT64_C(1000000)
#define PAYMENTS 60
#define QUIET_MS 100 /* far below the time after which others skip a view */

static struct network *four(struct network_options *o, uint32_t delay_ms)
{
	o->validators = 4;
	o->accounts = 40;
	o->balance = 100 * UNIT;
	o->seed = o->commit_ms = 1;
	o->delay_min_ms = delay_ms;
	o->delay_max_ms = delay_ms + 1;
	struct network *n = network_new(o);
	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	return n;
}

static struct network *three_of_four(struct network_options *o)
{
	struct network *n = four(o, 1);

	network_crash(n, 2);
	network_run(n, 5000, NULL, NULL);
	return n;
}

static struct payment *pay(struct network *n, uint32_t from, uint64_t nonce)
{
	return fixture_payment(network_fixture(n), from, from + 20, UNIT / 100, network_now_s(n) + 60, nonce);
}

/* A leader that waits for its block to fill, in a view entered by skipping another: the end of the wait wakes it. */
START_TEST(the_last_payments_of_many_wait_no_longer_where_one_leader_is_down)
{
	struct network_options o = {0};
	struct network *n = three_of_four(&o);

	for (uint64_t round = 0; round < 12; round++) {
		struct payment *payments[PAYMENTS];
		for (uint64_t i = 0; i < PAYMENTS; i++) {
			payments[i] = pay(n, i % 20, round * PAYMENTS + i);
			network_submit(n, i % 2 ? 3 : 0, 1, payments[i]);
			if (i % 3 == 0)
				network_run(n, 1, NULL, NULL);
		}
		uint64_t end = network_now(n) + QUIET_MS;
		for (uint64_t i = 0; i < PAYMENTS; i++) {
			ck_assert(network_run(n, 5000, network_paid, payments[i]));
			payment_free(payments[i]);
		}
		ck_assert_uint_le(network_now(n), end);
		network_run(n, 1500 + round, NULL, NULL);
	}
	network_free(n);
}
END_TEST

/* Votes that would make a block final do not come, and its payments stay in every pool. */
struct proposals {
	struct network *network;
	bool silent;
	uint64_t paid_ms,
	    empty_ms; /* when the first block with payments was proposed, and the first empty one after it */
};

static void hear_proposal(struct proposals *p, const Uncia__Pb__Propose *propose)
{
	struct header header;

	ck_assert_int_eq(header_decode(propose->header.data, propose->header.len, &header), 0);
	if (header.payment_count && !p->paid_ms)
		p->paid_ms = network_now(p->network);
	else if (!header.payment_count && p->paid_ms && !p->empty_ms)
		p->empty_ms = network_now(p->network);
}

static bool without_final_votes(void *context, uint32_t from, uint32_t to, const struct bytes *message)
{
	struct proposals *p = context;
	struct vote vote = {0};

	(void)from;
	(void)to;
	if (!p->silent)
		return true;
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE)
		hear_proposal(p, m->propose);
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_VOTE)
		ck_assert_int_eq(vote_decode(m->vote.data, m->vote.len, &vote), 0);
	uncia__pb__peer_message__free_unpacked(m, NULL);
	return vote.kind != VOTE_FINAL;
}

static bool empty_proposed(struct network *n, void *context)
{
	const struct proposals *p = context;

	(void)n;
	return p->empty_ms != 0;
}

START_TEST(an_empty_block_follows_payments_that_are_not_final_before_others_skip_the_view)
{
	struct proposals p = {0};
	struct network_options o = {.pass = without_final_votes, .tap_context = &p};
	struct network *n = three_of_four(&o);
	struct replica_status status;

	/* Neither the next leader is the one that is down, nor the one after him. */
	do {
		network_run(n, 100, NULL, NULL);
		network_status(n, 0, &status);
	} while (status.view % 4 != 3);
	p.network = n;
	p.silent = true;
	struct payment *payment = pay(n, 0, 1);
	network_submit(n, 0, 1, payment);
	ck_assert(network_run(n, 5000, empty_proposed, &p));
	ck_assert_uint_le(p.empty_ms, p.paid_ms + QUIET_MS);
	payment_free(payment);
	network_free(n);
}
END_TEST

/* Views that came and went without a block. */
static uint64_t views_lost(struct network *n)
{
	struct replica_status status;

	network_status(n, 0, &status);
	return status.final_view - status.final_height;
}

START_TEST(over_slow_links_the_empty_block_comes_before_timers_end_its_view)
{
	for (uint32_t delay_ms = 20; delay_ms <= 100; delay_ms += 40) {
		struct network_options o = {0};
		struct network *n = four(&o, delay_ms);
		uint64_t lost = views_lost(n);
		for (uint32_t i = 0; i < 12; i++) {
			struct payment *payment = pay(n, i, i);
			network_submit(n, 0, 1, payment);
			ck_assert(network_run(n, 5000, network_paid, payment));
			payment_free(payment);
			network_run(n, 3000 + 131 * i, NULL, NULL);
		}
		ck_assert_uint_eq(views_lost(n), lost);
		network_free(n);
	}
}
END_TEST

UNIT_MAIN("proposal", the_last_payments_of_many_wait_no_longer_where_one_leader_is_down,
          an_empty_block_follows_payments_that_are_not_final_before_others_skip_the_view,
          over_slow_links_the_empty_block_comes_before_timers_end_its_view)
