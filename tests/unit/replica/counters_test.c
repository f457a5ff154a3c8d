/* What a replica counts, and what it says of work that waits: against what has happened in a network. */
#include "network.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT INT64_C(1000000)

static struct network *n;

static void setup(void)
{
	n = network_new(&(struct network_options){.validators = 4,
	                                          .accounts = 3,
	                                          .balance = 100 * UNIT,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 2});
	network_start_all(n);
	network_run(n, 2000, NULL, NULL);
}

static void teardown(void)
{
	network_free(n);
}

static struct replica_counters counters(uint32_t node)
{
	struct replica_counters counters;

	network_counters(n, node, &counters);
	return counters;
}

static struct replica_status status(uint32_t node)
{
	struct replica_status status;

	network_status(n, node, &status);
	return status;
}

static struct payment *payment(uint32_t from, amount_t amount, uint32_t number)
{
	return fixture_payment(network_fixture(n), from, 1, amount, network_now_s(n) + 60, number);
}

/* Submits it to a node, over a link that has the number's name, and lets it become final. */
static void pay(uint32_t node, uint32_t number)
{
	struct payment *p = payment(0, UNIT, number);

	network_submit(n, node, number, p);
	ck_assert(network_run(n, 10000, network_paid, p));
	payment_free(p);
}

START_TEST(what_became_final_is_counted_once_by_everybody)
{
	for (uint32_t i = 1; i <= 7; i++)
		pay(i % 2, i);
	network_run(n, 1000, NULL, NULL);
	for (uint32_t node = 0; node < 4; node++) {
		struct replica_counters c = counters(node);
		ck_assert_uint_eq(c.final_payments, 7);
		ck_assert_uint_eq(c.final_blocks, status(node).final_height);
		ck_assert_uint_eq(c.fetched_blocks, 0);
		ck_assert_uint_eq(histogram_count(&c.finality), c.final_blocks);
		ck_assert_uint_eq(histogram_count(&c.payment), 7); /* each was in a block of its own */
		ck_assert_uint_gt(c.finality.sum_us, 0);
		ck_assert_uint_ge(c.payment.sum_us, 7000);
		ck_assert_uint_le(c.payment.sum_us, 7 * 1000000);
		ck_assert_uint_ge(c.votes[VOTE_NOTAR1], c.final_blocks);
		ck_assert_uint_ge(c.certificates[CERT_FF] + c.certificates[CERT_SF], c.final_blocks);
		ck_assert_uint_gt(c.proposed, 0);
		ck_assert_uint_eq(c.submitted, node == 0 ? 3 : node == 1 ? 4 : 0);
		ck_assert_uint_eq(c.passed_on, 7 - c.submitted);
	}
}
END_TEST

START_TEST(refusals_are_counted_by_their_code)
{
	struct payment *stranger = payment(2, UNIT, 1), nonsense = *stranger;
	static const uint8_t bytes[] = {0x0a, 0x01, 0xff};

	ck_assert_uint_eq(counters(0).refused[-UNCIA_E_ENCODING], 0);
	nonsense.bytes = bytes;
	nonsense.size = sizeof(bytes);
	network_submit(n, 0, 1, &nonsense);
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(counters(0).refused[-UNCIA_E_ENCODING], 1);
	ck_assert_uint_eq(counters(0).submitted, 1);
	ck_assert_uint_eq(counters(1).refused[-UNCIA_E_ENCODING], 0);
	payment_free(stranger);
}
END_TEST

/* Not what lacks funds: no block could take it, however well the network is. */
START_TEST(work_waits_from_when_a_block_could_take_it)
{
	struct payment *poor = payment(2, 300 * UNIT, 1), *good = payment(0, UNIT, 2);

	network_submit(n, 0, 1, poor);
	network_run(n, 3000, NULL, NULL);
	ck_assert_uint_eq(status(0).work_since_ms, 0);
	network_crash(n, 2);
	network_crash(n, 3);
	network_run(n, 1000, NULL, NULL);
	uint64_t last_final = status(0).last_final_ms;
	network_submit(n, 0, 2, good);
	network_run(n, 20000, NULL, NULL);
	struct replica_status now = status(0);
	ck_assert_uint_eq(now.last_final_ms, last_final);
	ck_assert_uint_gt(now.work_since_ms, last_final);
	network_start(n, 2);
	ck_assert(network_run(n, 60000, network_paid, good));
	network_run(n, 1000, NULL, NULL);
	ck_assert_uint_eq(status(0).work_since_ms, 0);
	ck_assert_uint_gt(status(0).last_final_ms, last_final);
	payment_free(poor);
	payment_free(good);
}
END_TEST

/* They tell nothing of how long finality takes. */
START_TEST(blocks_that_are_fetched_are_no_measure_of_finality)
{
	network_crash(n, 3);
	for (uint32_t i = 1; i <= 20; i++)
		pay(0, i);
	network_run(n, 20000, NULL, NULL);
	network_start(n, 3);
	network_run(n, 10000, NULL, NULL);
	struct replica_counters c = counters(3);
	ck_assert_uint_gt(c.fetched_blocks, 20);
	ck_assert_uint_eq(c.final_payments, 20);
	ck_assert_uint_eq(histogram_count(&c.finality), c.final_blocks - c.fetched_blocks);
	ck_assert_uint_eq(histogram_count(&c.payment), 0);
}
END_TEST

START_TEST(the_offset_of_the_clock_is_told_with_its_sign)
{
	network_set_clock(n, 0, 300);
	network_run(n, 10000, NULL, NULL);
	ck_assert_int_gt(status(0).clock_offset_ms, 250);
	ck_assert_int_lt(status(0).clock_offset_ms, 350);
	network_set_clock(n, 0, -300);
	network_run(n, 10000, NULL, NULL);
	ck_assert_int_lt(status(0).clock_offset_ms, -250);
}
END_TEST

UNIT_MAIN_BETWEEN("counters", setup, teardown, what_became_final_is_counted_once_by_everybody,
                  refusals_are_counted_by_their_code, work_waits_from_when_a_block_could_take_it,
                  blocks_that_are_fetched_are_no_measure_of_finality, the_offset_of_the_clock_is_told_with_its_sign)
