/* Wallets that wait to be paid: each watch is answered once, with what proves that nothing was left out. */
#include "answers.h"
#include "receipt.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT INT64_C(1000000)
#define ALL  UINT32_MAX /* an index: the end of that height */

static struct network *watched_network(uint32_t accounts)
{
	struct network *n = network_new(&(struct network_options){.validators = 4,
	                                                          .accounts = accounts,
	                                                          .balance = 1000 * UNIT,
	                                                          .seed = 1,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 3,
	                                                          .commit_ms = 1});

	network_start_all(n);
	network_run(n, 1500, NULL, NULL);
	return n;
}

/* Asks, and lets no time pass. */
static void ask_watch(struct network *n, uint64_t wallet, uint64_t request_id, const uint8_t *address, size_t size,
                      const struct position *after)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Watch watch = UNCIA__PB__WATCH__INIT;
	uint8_t bytes[96];

	watch.address = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)address};
	watch.height = after->height;
	watch.index = after->index;
	request.request_id = request_id;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_WATCH;
	request.watch = &watch;
	ck_assert_uint_le(uncia__pb__wallet_request__get_packed_size(&request), sizeof(bytes));
	const struct bytes message = {bytes, uncia__pb__wallet_request__pack(&request, bytes)};
	network_wallet_message(n, 0, wallet, &message);
}

static struct address address_of(uint32_t account)
{
	struct fixture_key key;

	fixture_account(account, &key);
	return key.address;
}

static void watch_account(struct network *n, uint64_t wallet, uint32_t account, struct position after)
{
	struct address address = address_of(account);

	ask_watch(n, wallet, 1, address.b, ADDRESS_SIZE, &after);
}

static struct payment_id pay(struct network *n, uint32_t from, uint32_t to, uint64_t nonce)
{
	struct payment *payment = fixture_payment(network_fixture(n), from, to, UNIT, network_now_s(n) + 60, nonce);
	struct payment_id id = payment->id;

	network_submit(n, 0, 900, payment);
	ck_assert(network_run(n, 5000, network_paid, payment));
	payment_free(payment);
	return id;
}

static uint64_t final_height(struct network *n)
{
	struct replica_status status;

	network_status(n, 0, &status);
	return status.final_height;
}

/* Verifies the proof and all receipts of an answer, and gives its place of the newest one. */
static struct position check_watched(struct network *n, const Uncia__Pb__NodeReply *reply, uint32_t account,
                                     struct account_state *state)
{
	const struct genesis *genesis = &network_fixture(n)->genesis;
	struct address address = address_of(account);
	struct position newest = {0};
	uint8_t proof[16384];

	ck_assert_ptr_nonnull(reply);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_WATCHED);
	ck_assert_uint_eq(reply->watched->address.len, ADDRESS_SIZE);
	ck_assert_mem_eq(reply->watched->address.data, address.b, ADDRESS_SIZE);
	ck_assert_ptr_nonnull(reply->watched->account);
	ck_assert_uint_le(uncia__pb__account_proof__get_packed_size(reply->watched->account), sizeof(proof));
	size_t size = uncia__pb__account_proof__pack(reply->watched->account, proof);
	ck_assert_int_eq(account_proof_verify(&genesis->committee, &genesis->network_id, &address, proof, size, state),
	                 0);
	ck_assert_uint_eq(state->height, reply->watched->height);
	for (size_t i = reply->watched->n_receipts; i-- > 0;) {
		const ProtobufCBinaryData *bytes = &reply->watched->receipts[i]->data;
		struct receipt receipt;
		ck_assert_int_eq(
		    receipt_verify(&genesis->committee, &genesis->network_id, bytes->data, bytes->len, &receipt), 0);
		ck_assert(payment_touches_account(receipt.payment, &address));
		ck_assert_uint_le(receipt.header.height, state->height);
		ck_assert(receipt.header.height > newest.height ||
		          (receipt.header.height == newest.height && receipt.index > newest.index));
		newest = (struct position){.height = receipt.header.height, .index = receipt.index};
		payment_free(receipt.payment);
	}
	return newest;
}

/* Payee and payer; the next payment only after the next watch. */
START_TEST(who_is_paid_is_told_once_for_each_watch)
{
	struct network *n = watched_network(3);
	struct position at = {0};

	watch_account(n, 10, 1, at);
	watch_account(n, 11, 0, at);
	watch_account(n, 12, 2, at);
	network_run(n, 1000, NULL, NULL);
	ck_assert_uint_eq(replies_to(n, 10) + replies_to(n, 11) + replies_to(n, 12), 0);
	for (uint32_t k = 1; k <= 3; k++) {
		uint64_t before = network_now(n);
		pay(n, 0, 1, k);
		while (replies_to(n, 10) < k)
			network_run(n, 1, NULL, NULL);
		ck_assert_uint_lt(network_now(n) - before, 200); /* settled by the next block, which is made for it */
		for (uint64_t wallet = 10; wallet <= 11; wallet++) {
			struct account_state state;
			Uncia__Pb__NodeReply *reply = reply_to(n, wallet);
			struct position newest = check_watched(n, reply, wallet == 10 ? 1 : 0, &state);
			ck_assert_uint_eq(reply->watched->n_receipts, 1);
			ck_assert_uint_eq(state.entry.payments, k);
			ck_assert_uint_gt(newest.height, at.height);
			uncia__pb__node_reply__free_unpacked(reply, NULL);
			if (wallet == 11)
				at = newest;
		}
		network_run(n, 500, NULL, NULL);
		ck_assert_uint_eq(replies_to(n, 10), k);
		ck_assert_uint_eq(replies_to(n, 11), k);
		watch_account(n, 10, 1, at);
		watch_account(n, 11, 0, at);
	}
	ck_assert_uint_eq(replies_to(n, 12), 0);
	network_free(n);
}
END_TEST

/* Missed while away: told at once, with the proof; what is not in memory any more is asked for as history. */
START_TEST(what_was_missed_is_told_at_once)
{
	struct network *n = watched_network(3);
	struct account_state state;

	for (uint32_t k = 1; k <= 3; k++)
		pay(n, 0, 1, k);
	network_run(n, 3000, NULL, NULL);
	watch_account(n, 10, 1, (struct position){0});
	watch_account(n, 11, 1, (struct position){.height = final_height(n), .index = ALL});
	network_run(n, 50, NULL, NULL);
	ck_assert_uint_eq(replies_to(n, 10), 1);
	ck_assert_uint_eq(replies_to(n, 11), 0);
	Uncia__Pb__NodeReply *reply = reply_to(n, 10);
	check_watched(n, reply, 1, &state);
	ck_assert_uint_eq(reply->watched->n_receipts, 0);
	ck_assert_uint_eq(state.entry.payments, 3);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	network_free(n);
}
END_TEST

/* Between the place of the wallet and the newest payment there is nothing that it does not know. */
START_TEST(what_the_wallet_knows_is_not_told_again)
{
	struct network *n = watched_network(3);
	struct account_state state;

	watch_account(n, 10, 1, (struct position){0});
	pay(n, 0, 1, 1);
	network_run(n, 500, NULL, NULL);
	Uncia__Pb__NodeReply *reply = reply_to(n, 10);
	struct position at = check_watched(n, reply, 1, &state);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	watch_account(n, 11, 1, at);
	network_run(n, 1000, NULL, NULL);
	ck_assert_uint_eq(replies_to(n, 11), 0);
	at.index--; /* of its block the first payment has index 0: the place before it */
	at.height -= at.index == UINT32_MAX;
	watch_account(n, 12, 1, at);
	network_run(n, 50, NULL, NULL);
	ck_assert_uint_eq(replies_to(n, 12), 1);
	network_free(n);
}
END_TEST

START_TEST(an_account_that_is_emptied_is_told_as_absent)
{
	struct network *n = watched_network(2);
	struct fixture_key from, to;

	fixture_account(0, &from);
	fixture_account(1, &to);
	watch_account(n, 10, 0, (struct position){0});
	const struct output all = {.to = to.address, .amount = 1000 * UNIT};
	struct payment *payment = fixture_payment_outputs(network_fixture(n), &from, &all, 1, network_now_s(n) + 60, 1);
	network_submit(n, 0, 900, payment);
	network_run(n, 1000, NULL, NULL);
	Uncia__Pb__NodeReply *reply = reply_to(n, 10);
	ck_assert_ptr_nonnull(reply);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_WATCHED);
	ck_assert_ptr_null(reply->watched->account);
	ck_assert_uint_eq(reply->watched->n_receipts, 1);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	payment_free(payment);
	network_free(n);
}
END_TEST

static size_t watches_of(struct network *n)
{
	struct replica_load load;

	network_load(n, 0, &load);
	return load.watches;
}

START_TEST(watches_are_bounded_for_each_wallet_and_end_with_its_link)
{
	struct network *n = watched_network(2);
	struct address address = {{0}};

	for (uint32_t i = 0; i < 70; i++) {
		address.b[0] = (uint8_t)i;
		ask_watch(n, 10, 1 + i, address.b, ADDRESS_SIZE, &(struct position){0});
	}
	network_run(n, 5, NULL, NULL);
	ck_assert_uint_eq(replies_to(n, 10), 6); /* refused */
	ck_assert_uint_eq(watches_of(n), 64);
	Uncia__Pb__NodeReply *reply = reply_to(n, 10);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_REFUSAL);
	ck_assert_uint_eq(reply->refusal->code, (uint32_t)-UNCIA_E_FULL);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	address.b[0] = 0; /* the same account again takes no other place */
	ask_watch(n, 10, 100, address.b, ADDRESS_SIZE, &(struct position){0});
	network_run(n, 5, NULL, NULL);
	ck_assert_uint_eq(watches_of(n), 64);
	ck_assert_uint_eq(replies_to(n, 10), 6);
	network_wallet_closed(n, 0, 10);
	network_run(n, 5, NULL, NULL);
	ck_assert_uint_eq(watches_of(n), 0);
	ask_watch(n, 11, 1, address.b, ADDRESS_SIZE - 1, &(struct position){0});
	network_run(n, 5, NULL, NULL);
	ck_assert_uint_eq(watches_of(n), 0);
	network_free(n);
}
END_TEST

/* A thousand links take all there are; one more that watches one account finds room, at the cost of one with most. */
START_TEST(where_all_watches_are_taken_whoever_has_most_gives_way)
{
	enum { LINKS = 1024, EACH = 64 };
	struct network *n = watched_network(2);
	struct address address = {{0}};

	for (uint64_t link = 0; link < LINKS; link++)
		for (uint32_t i = 0; i < EACH; i++) {
			memcpy(address.b, &link, 4);
			address.b[19] = (uint8_t)i;
			ask_watch(n, 1000 + link, 1 + i, address.b, ADDRESS_SIZE, &(struct position){0});
		}
	network_run(n, 5, NULL, NULL);
	ck_assert_uint_eq(watches_of(n), LINKS * EACH);
	watch_account(n, 10, 1, (struct position){0});
	network_run(n, 5, NULL, NULL);
	ck_assert_uint_eq(watches_of(n), LINKS * EACH);
	ck_assert_uint_eq(replies_to(n, 10), 0);
	size_t count, refused = 0;
	network_replies(n, &count);
	for (uint64_t link = 0; link < LINKS; link++)
		refused += replies_to(n, 1000 + link);
	ck_assert_uint_eq(refused, 1);
	pay(n, 0, 1, 1);
	network_run(n, 500, NULL, NULL);
	ck_assert_uint_eq(replies_to(n, 10), 1);
	network_free(n);
}
END_TEST

/* More than one step answers: all are told, over several steps. */
START_TEST(a_thousand_who_watch_one_account_are_all_told)
{
	enum { LINKS = 1000 };
	struct network *n = watched_network(2);

	for (uint64_t link = 0; link < LINKS; link++)
		watch_account(n, 1000 + link, 1, (struct position){0});
	network_run(n, 5, NULL, NULL);
	pay(n, 0, 1, 1);
	network_run(n, 500, NULL, NULL);
	for (uint64_t link = 0; link < LINKS; link++)
		ck_assert_uint_eq(replies_to(n, 1000 + link), 1);
	ck_assert_uint_eq(watches_of(n), 0);
	network_free(n);
}
END_TEST

UNIT_MAIN("watches", who_is_paid_is_told_once_for_each_watch, what_was_missed_is_told_at_once,
          what_the_wallet_knows_is_not_told_again, an_account_that_is_emptied_is_told_as_absent,
          watches_are_bounded_for_each_wallet_and_end_with_its_link,
          where_all_watches_are_taken_whoever_has_most_gives_way, a_thousand_who_watch_one_account_are_all_told)
