/* When what is settled goes to the state, and what happens where that takes long: a network in simulated time. */
#include "network.h"
#include "replica_state.h"
#include "unit.h"

#define UNIT      INT64_C(1000000)
#define NODES     4u
#define FLUSH_MS  500u /* as tests/support/network.c has it */
#define PERIODS   8u
#define LATE_MS   80u /* until the first block after a period has begun is settled and stored */
#define ACCOUNTS  300u
#define WIDE      2400u /* payments of 255 outputs, and their sender: more than UNFLUSHED_MAX */
#define AT_ONCE   40u
#define BLOCK_MAX (BLOCK_SIZE_MAX / 28) /* accounts that one block can touch: an output has more bytes */

static struct network *begin(struct network_options *o, uint32_t validators)
{
	o->validators = validators;
	o->accounts = ACCOUNTS;
	o->balance = 1000000 * UNIT;
	o->seed = o->commit_ms = o->delay_min_ms = o->delay_max_ms = 1;
	struct network *n = network_new(o);
	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	return n;
}

static uint64_t stored_height(struct network *n, uint32_t node)
{
	struct storage_view view;
	struct state_meta meta;

	network_view(n, node, &view);
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	return meta.height;
}

struct flushes {
	uint64_t from;
	uint64_t height[NODES];
	uint32_t count[NODES];
};

/* Each in the part of the period that is its own. */
static bool watch(struct network *n, void *context)
{
	struct flushes *f = context;

	for (uint32_t node = 0; node < NODES; node++) {
		uint64_t height = stored_height(n, node);
		if (height == f->height[node])
			continue;
		uint64_t into = (FIXTURE_TIME_MS + network_now(n) - FLUSH_MS * node / NODES) % FLUSH_MS;
		f->height[node] = height;
		if (network_now(n) < f->from)
			continue;
		ck_assert_uint_le(into, LATE_MS);
		f->count[node]++;
	}
	return false;
}

START_TEST(validators_flush_once_a_period_each_in_its_own_part_of_it)
{
	struct network_options o = {0};
	struct network *n = begin(&o, NODES);
	struct flushes f = {.from = network_now(n) + FLUSH_MS}; /* the first are late: nothing was settled for long */
	struct payment *payment = NULL;

	for (uint64_t i = 0; network_now(n) < f.from + PERIODS * FLUSH_MS; i++) {
		payment_free(payment);
		payment = fixture_payment(network_fixture(n), i % 20, 20 + i % 20, UNIT, network_now_s(n) + 60, i);
		network_submit(n, i % NODES, 1, payment);
		network_run(n, 10, watch, &f);
	}
	for (uint32_t node = 0; node < NODES; node++) {
		ck_assert_uint_ge(f.count[node], PERIODS - 1);
		ck_assert_uint_le(f.count[node], PERIODS + 1);
	}
	payment_free(payment);
	network_free(n);
}
END_TEST

static size_t unflushed(struct network *n, uint32_t node)
{
	struct replica_load load;

	network_load(n, node, &load);
	ck_assert_uint_le(load.unflushed, UNFLUSHED_MAX + 3 * BLOCK_MAX);
	return load.unflushed;
}

static struct payment *payments[WIDE];
static uint32_t made;

static void pay_many(struct network *n)
{
	static struct output outputs[PAYMENT_OUTPUTS_MAX];
	struct fixture_key from, to;

	for (uint32_t i = 0; !outputs[0].amount && i < PAYMENT_OUTPUTS_MAX; i++) {
		uint32_t last = PAYMENT_OUTPUTS_MAX - 1 - i;
		fixture_account(20 + last, &to);
		outputs[last] = (struct output){.to = to.address, .amount = UNIT};
	}
	for (uint32_t i = 0; i < AT_ONCE; i++, made++) {
		fixture_account(made % 20, &from);
		payments[made] = fixture_payment_outputs(network_fixture(n), &from, outputs, PAYMENT_OUTPUTS_MAX,
		                                         network_now_s(n) + 3000, made);
		network_submit(n, 0, 1 + made / 1000, payments[made]);
	}
}

static bool behind(struct network *n, void *context)
{
	(void)context;
	return unflushed(n, 0) > UNFLUSHED_MAX;
}

/* What is held grows no further, payments wait, and the network goes on without them. */
static void stands_still(struct network *n)
{
	struct replica_status before, after;
	struct replica_load load;

	network_run(n, 100, NULL, NULL); /* what was on its way is settled */
	network_status(n, 0, &before);
	size_t held = unflushed(n, 0);
	network_run(n, 5000, NULL, NULL);
	network_status(n, 0, &after);
	network_load(n, 0, &load);
	ck_assert_uint_eq(load.unflushed, held);
	ck_assert_uint_gt(load.mempool, 0);
	ck_assert_uint_eq(after.mempool, before.mempool);
	ck_assert_uint_gt(after.final_height, before.final_height + 10);
	ck_assert_uint_eq(after.view - before.view, after.final_height - before.final_height); /* none is skipped */
}

START_TEST(leader_proposes_no_payments_while_a_flush_takes_too_long)
{
	struct network_options o = {.mempool_per_sender_max = WIDE};
	struct network *n = begin(&o, 1);
	struct replica_load load;

	network_hold_flushes(n, 0, true);
	do
		pay_many(n);
	while (!network_run(n, 50, behind, NULL) && made < WIDE - AT_ONCE);
	ck_assert(behind(n, NULL));
	pay_many(n);
	stands_still(n);
	network_hold_flushes(n, 0, false);
	for (uint32_t i = 0; i < made; i++) {
		ck_assert(network_run(n, 5000, network_paid, payments[i]));
		payment_free(payments[i]);
	}
	network_run(n, 5000, NULL, NULL);
	network_load(n, 0, &load);
	ck_assert_uint_eq(load.mempool, 0);
	ck_assert_uint_eq(load.unflushed, 0);
	network_free(n);
}
END_TEST

UNIT_MAIN("flush", validators_flush_once_a_period_each_in_its_own_part_of_it,
          leader_proposes_no_payments_while_a_flush_takes_too_long)
