/* A validator that catches up over more final blocks than a receipt may span, while wallets wait on it. */
#include "network.h"
#include "unit.h"

#define UNIT INT64_C(1000000)

START_TEST(payment_awaited_where_its_block_is_too_far_below_the_certificate_ends_with_an_answer_elsewhere)
{
	struct network_options o = {.validators = 4,
	                            .accounts = 2,
	                            .balance = 100 * UNIT,
	                            .seed = 1,
	                            .delay_min_ms = 1,
	                            .delay_max_ms = 3,
	                            .commit_ms = 1};
	struct network *n = network_new(&o);
	struct replica_status status;

	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	/* It still speaks, but hears nothing: the payment reaches the others, who go on without it. */
	for (uint32_t i = 0; i < 3; i++)
		network_cut(n, i, 3, true);
	struct payment *payment = fixture_payment(network_fixture(n), 0, 1, UNIT, network_now_s(n) + 500, 1);
	network_submit(n, 3, 1, payment);
	network_run(n, 450000, NULL, NULL);
	network_status(n, 0, &status);
	ck_assert_uint_gt(status.final_height, RECEIPT_DESCENDANTS_MAX + 10);
	uint64_t ahead = status.final_height;
	for (uint32_t i = 0; i < 3; i++)
		network_cut(n, i, 3, false);
	network_run(n, 20000, NULL, NULL);
	network_status(n, 3, &status);
	ck_assert_uint_ge(status.final_height, ahead);
	/* Past the payment's expiry: it is final, and nobody says otherwise. */
	network_run(n, 100000, NULL, NULL);
	ck_assert(network_up(n, 3));
	ck_assert_uint_eq(network_expiry_weight(n, &payment->id), 0);
	network_query_payment(n, 0, 2, &payment->id);
	network_run(n, 100, NULL, NULL);
	ck_assert(network_has_receipt(n, &payment->id));
	payment_free(payment);
	network_free(n);
}
END_TEST

UNIT_MAIN("far_behind", payment_awaited_where_its_block_is_too_far_below_the_certificate_ends_with_an_answer_elsewhere)
