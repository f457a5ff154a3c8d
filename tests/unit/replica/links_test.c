/* Validators over links that are bytes, as the daemon's are: what a link that is full, broken or silent costs. */
#include "message.pb-c.h"
#include "network.h"
#include "unit.h"

#define UNIT     INT64_C(1000000)
#define QUEUE    ((size_t)256 << 10)
#define PAYMENTS 60

static struct network *start(void)
{
	struct network *n = network_new(&(struct network_options){.validators = 4,
	                                                          .accounts = 8,
	                                                          .balance = 1000 * UNIT,
	                                                          .seed = 1,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 3,
	                                                          .commit_ms = 1,
	                                                          .wire = {true, QUEUE, 8192, 0}});

	network_start_all(n);
	return n;
}

static bool all_linked(struct network *n, void *context)
{
	(void)context;
	for (uint32_t a = 0; a < 4; a++)
		for (uint32_t b = 0; b < a; b++)
			if (!network_linked(n, a, b))
				return false;
	return true;
}

/* As large as they may be; to the first validator. */
static void submit_large(struct network *n, struct payment *payments[PAYMENTS])
{
	static struct output outputs[PAYMENT_OUTPUTS_MAX];
	struct fixture_key from, to;

	for (uint32_t i = 0; i < PAYMENTS; i++) {
		fixture_account(i % 8, &from);
		fixture_account((i + 1) % 8, &to);
		for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++)
			outputs[k] = (struct output){.to = to.address, .has_reference = true, .amount = 1000};
		payments[i] = fixture_payment_outputs(network_fixture(n), &from, outputs, PAYMENT_OUTPUTS_MAX,
		                                      network_now_s(n) + 60, i);
		network_submit(n, 0, 1, payments[i]);
	}
}

/* They wait for the one that stands still; the votes for it have room all the same. */
START_TEST(payments_that_come_faster_than_a_link_carries_them_do_not_cost_it)
{
	struct network *n = start();
	struct payment *payments[PAYMENTS];

	ck_assert(network_run(n, 1000, all_linked, NULL));
	network_pause(n, 3, 1000);
	submit_large(n, payments);
	for (int i = 0; i < 100; i++) {
		network_run(n, 10, NULL, NULL);
		ck_assert(network_linked(n, 0, 3));
	}
	for (uint32_t i = 0; i < PAYMENTS; i++) {
		ck_assert(network_run(n, 20000, network_paid, payments[i]));
		payment_free(payments[i]);
	}
	network_free(n);
}
END_TEST

static bool not_linked(struct network *n, void *context)
{
	(void)context;
	return !network_linked(n, 0, 3);
}

/* Somebody fills the queue, and whatever its owner says next does not fit. */
START_TEST(one_that_does_not_read_is_dropped_and_linked_again_when_it_does)
{
	static uint8_t words[4096];
	struct network *n = start();

	ck_assert(network_run(n, 1000, all_linked, NULL));
	network_pause(n, 3, 5000);
	for (size_t size = sizeof(words); size > 0; size /= 2) { /* up to the last byte, and what has left meanwhile */
		for (size_t said = 0; said <= QUEUE; said += sizeof(words))
			network_inject(n, 0, 3, words, size);
		ck_assert(network_linked(n, 0, 3));
		network_run(n, 1, NULL, NULL);
	}
	ck_assert(network_run(n, 4000, not_linked, NULL));
	ck_assert(network_run(n, 20000, all_linked, NULL));
	network_free(n);
}
END_TEST

START_TEST(the_end_of_a_process_and_of_a_machine_are_noticed_and_its_links_come_back)
{
	struct network *n = start();

	ck_assert(network_run(n, 1000, all_linked, NULL));
	for (uint32_t i = 0; i < 16; i++) {
		network_crash(n, i % 4);
		ck_assert(!network_linked(n, i % 4, (i + 1) % 4));
		network_run(n, 100 * (i % 3), NULL, NULL);
		network_start(n, i % 4);
		ck_assert(network_run(n, 30000, all_linked, NULL));
	}
	network_free(n);
}
END_TEST

/* Bytes of gossip and certificates that validator 0 has sent, and messages of either. */
static struct {
	size_t bytes;
	unsigned gossip, status;
} told;

static void tap(void *context, uint32_t node, const struct bytes *message)
{
	(void)context;
	if (node != 0)
		return;
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	ck_assert_ptr_nonnull(m);
	told.bytes += message->size;
	told.gossip += m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP;
	told.status += m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

/* Two of four are down, so that what waits stays. */
START_TEST(one_that_makes_its_link_anew_again_and_again_is_told_all_once_a_second)
{
	struct network *n = network_new(&(struct network_options){.validators = 4,
	                                                          .accounts = 8,
	                                                          .balance = 1000 * UNIT,
	                                                          .seed = 1,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 3,
	                                                          .commit_ms = 1,
	                                                          .tap = tap});
	struct payment *payments[PAYMENTS];

	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	network_crash(n, 2);
	network_crash(n, 3);
	submit_large(n, payments);
	network_run(n, 2000, NULL, NULL);
	memset(&told, 0, sizeof(told));
	network_flap(n, 0, 1);
	network_run(n, 0, NULL, NULL);
	size_t once = told.bytes;
	ck_assert_uint_gt(once, PAYMENTS * 9000);
	unsigned gossip = told.gossip;
	memset(&told, 0, sizeof(told));
	for (int i = 0; i < 999; i++) {
		network_flap(n, 0, 1);
		network_run(n, 1, NULL, NULL);
	}
	ck_assert_uint_eq(told.gossip, 0);
	ck_assert_uint_ge(told.status, 999);
	ck_assert_uint_lt(told.bytes, once / 2);
	/* And then it is told, whatever came up between. */
	network_run(n, 2, NULL, NULL);
	ck_assert_uint_eq(told.gossip, gossip);
	network_run(n, 3000, NULL, NULL);
	ck_assert_uint_eq(told.gossip, gossip);
	network_start(n, 2);
	network_start(n, 3);
	for (uint32_t i = 0; i < PAYMENTS; i++) {
		ck_assert(network_run(n, 20000, network_paid, payments[i]));
		payment_free(payments[i]);
	}
	network_free(n);
}
END_TEST

UNIT_MAIN("links", one_that_makes_its_link_anew_again_and_again_is_told_all_once_a_second,
          payments_that_come_faster_than_a_link_carries_them_do_not_cost_it,
          one_that_does_not_read_is_dropped_and_linked_again_when_it_does,
          the_end_of_a_process_and_of_a_machine_are_noticed_and_its_links_come_back)
