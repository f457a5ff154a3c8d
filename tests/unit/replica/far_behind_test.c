/* A validator that catches up over more final blocks than a receipt may span, while wallets wait on it. */
#include "message.pb-c.h"
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

#define LARGE 40u

static struct payment *pay_many(struct network *n, uint64_t nonce)
{
	struct output outputs[PAYMENT_OUTPUTS_MAX];
	struct fixture_key from, to;

	fixture_account(0, &from);
	fixture_account(1, &to);
	for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++)
		outputs[k] = (struct output){.to = to.address, .has_reference = true, .amount = 1000};
	return fixture_payment_outputs(network_fixture(n), &from, outputs, PAYMENT_OUTPUTS_MAX, network_now_s(n) + 300,
	                               nonce);
}

/* Returns how many receipts there are on the page, and moves on to the next. */
static size_t read_page(struct network *n, uint32_t node, uint64_t *height, uint32_t *index)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__HistoryQuery query = UNCIA__PB__HISTORY_QUERY__INIT;
	struct fixture_key key;
	struct bytes message;
	uint8_t bytes[256];
	size_t before, after;

	fixture_account(0, &key);
	query.address = (ProtobufCBinaryData){.len = ADDRESS_SIZE, .data = key.address.b};
	query.before_height = *height;
	query.before_index = *index;
	query.limit = HISTORY_PAGE_MAX;
	request.request_id = 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_HISTORY;
	request.history = &query;
	message = (struct bytes){bytes, uncia__pb__wallet_request__pack(&request, bytes)};
	network_replies(n, &before);
	network_wallet_message(n, node, 7, &message);
	network_run(n, 4000, NULL, NULL);
	const struct reply *replies = network_replies(n, &after);
	ck_assert_uint_eq(after, before + 1);
	Uncia__Pb__NodeReply *reply =
	    uncia__pb__node_reply__unpack(NULL, replies[before].size, replies[before].message);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_HISTORY);
	size_t count = reply->history->n_receipts;
	*height = reply->history->next_height;
	*index = reply->history->next_index;
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	return count;
}

/* Who caught up has few certificates: each receipt takes reading all the blocks up to the next one. */
START_TEST(a_page_of_history_reads_no_more_where_certificates_are_far_apart)
{
	struct network_options o = {.validators = 4,
	                            .accounts = 2,
	                            .balance = 100 * UNIT,
	                            .seed = 1,
	                            .delay_min_ms = 1,
	                            .delay_max_ms = 3,
	                            .commit_ms = 1};
	struct network *n = network_new(&o);
	uint64_t height = 0;
	uint32_t index = 0;
	size_t count = 0;

	for (uint32_t i = 0; i < 3; i++)
		network_start(n, i);
	network_run(n, 1000, NULL, NULL);
	for (uint64_t i = 0; i < LARGE; i++) {
		struct payment *payment = pay_many(n, i);
		network_submit(n, 0, 1, payment);
		network_run(n, 100, NULL, NULL);
		payment_free(payment);
	}
	ck_assert_uint_gt(read_page(n, 0, &height, &index), LARGE / 2); /* nobody else has to read so much for it */
	network_start(n, 3);
	network_run(n, 5000, NULL, NULL);
	height = index = 0;
	do {
		size_t on_page = read_page(n, 3, &height, &index);
		ck_assert_uint_le(on_page, LARGE / 2);
		count += on_page;
	} while (height);
	ck_assert_uint_eq(count, LARGE);
	network_free(n);
}
END_TEST

UNIT_MAIN("far_behind", payment_awaited_where_its_block_is_too_far_below_the_certificate_ends_with_an_answer_elsewhere,
          a_page_of_history_reads_no_more_where_certificates_are_far_apart)
