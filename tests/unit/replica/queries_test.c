/* Questions of wallets, where others ask without end. */
#include "answers.h"
#include "receipt.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT      INT64_C(1000000)
#define STRANGERS 64u
#define QUESTIONS 64u
#define READS     20u

static void strangers_ask(struct network *n, const struct payment_id *id)
{
	for (uint64_t wallet = 1; wallet <= STRANGERS; wallet++)
		for (uint32_t i = 0; i < QUESTIONS; i++)
			network_query_payment(n, 0, 1000 + wallet, id);
}

/* Strangers who fill all the places there are for questions, and use up what may be read. */
START_TEST(who_asks_one_thing_is_answered_while_others_ask_without_end)
{
	struct network *n = network_new(&(struct network_options){.validators = 4,
	                                                          .accounts = 2,
	                                                          .balance = 100 * UNIT,
	                                                          .seed = 1,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 3,
	                                                          .commit_ms = 1});
	struct output outputs[PAYMENT_OUTPUTS_MAX];
	struct fixture_key from, to;

	network_start_all(n);
	network_run(n, 1000, NULL, NULL);
	fixture_account(0, &from);
	fixture_account(1, &to);
	for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++)
		outputs[k] = (struct output){.to = to.address, .has_reference = true, .amount = 1000};
	struct payment *payment =
	    fixture_payment_outputs(network_fixture(n), &from, outputs, PAYMENT_OUTPUTS_MAX, network_now_s(n) + 60, 1);
	network_submit(n, 0, 1, payment);
	network_run(n, 1000, NULL, NULL);
	ck_assert(network_has_receipt(n, &payment->id));
	strangers_ask(n, &payment->id);
	network_run(n, 500, NULL, NULL);
	strangers_ask(n, &payment->id);
	network_query_payment(n, 0, 7, &payment->id);
	network_query_account(n, 0, 8, &to.address);
	network_run(n, 5, NULL, NULL);
	struct replica_load load;
	network_load(n, 0, &load);
	ck_assert_uint_gt(load.questions, STRANGERS * QUESTIONS - 20); /* all the places that there are */
	for (uint32_t i = 0; i < 3; i++) {
		network_run(n, 500, NULL, NULL);
		strangers_ask(n, &payment->id);
	}
	Uncia__Pb__NodeReply *receipt = reply_to(n, 7), *account = reply_to(n, 8);
	ck_assert_ptr_nonnull(receipt);
	ck_assert_int_eq(receipt->kind_case, UNCIA__PB__NODE_REPLY__KIND_RECEIPT);
	ck_assert_ptr_nonnull(account);
	ck_assert_int_eq(account->kind_case, UNCIA__PB__NODE_REPLY__KIND_ACCOUNT);
	uncia__pb__node_reply__free_unpacked(receipt, NULL);
	uncia__pb__node_reply__free_unpacked(account, NULL);
	payment_free(payment);
	network_free(n);
}
END_TEST

/* Two views pass before another leader makes the block under which the new state can be proved. */
START_TEST(who_was_paid_sees_it_though_the_next_leaders_stand_still)
{
	struct network *n = network_new(&(struct network_options){.validators = 7,
	                                                          .accounts = 2,
	                                                          .balance = 100 * UNIT,
	                                                          .seed = 3,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 3,
	                                                          .commit_ms = 1});
	const struct genesis *genesis = &network_fixture(n)->genesis;
	struct replica_status status;
	struct account_state state;
	struct fixture_key to;

	network_start_all(n);
	do {
		network_run(n, 1, NULL, NULL);
		network_status(n, 0, &status);
	} while (status.view < 3);
	network_run(n, 100, NULL, NULL); /* all have come to the view: its leader has nothing to propose yet */
	fixture_account(1, &to);
	struct payment *payment = fixture_payment(network_fixture(n), 0, 1, UNIT, network_now_s(n) + 60, 1);
	uint32_t asked = committee_leader(&genesis->committee, status.view);
	for (uint64_t view = status.view + 1; view <= status.view + 2; view++)
		network_pause(n, committee_leader(&genesis->committee, view), 10000);
	network_submit(n, asked, 1, payment);
	while (!network_has_receipt(n, &payment->id))
		network_run(n, 1, NULL, NULL);
	for (uint64_t wallet = 1000; wallet < 1400; wallet++) /* they wait, too, and nothing is read for them */
		network_query_account(n, asked, wallet, &to.address);
	network_query_account(n, asked, 8, &to.address);
	for (uint32_t i = 0; i < READS; i++)
		network_query_payment(n, asked, 7, &payment->id);
	network_run(n, 20, NULL, NULL);
	ck_assert_uint_eq(replies_to(n, 8), 0);
	ck_assert_uint_eq(replies_to(n, 7), READS);
	network_run(n, 3000, NULL, NULL);
	Uncia__Pb__NodeReply *reply = reply_to(n, 8);
	ck_assert_ptr_nonnull(reply);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_ACCOUNT);
	uint8_t proof[16384];
	ck_assert_uint_le(uncia__pb__account_proof__get_packed_size(reply->account), sizeof(proof));
	size_t size = uncia__pb__account_proof__pack(reply->account, proof);
	ck_assert_int_eq(
	    account_proof_verify(&genesis->committee, &genesis->network_id, &to.address, proof, size, &state), 0);
	ck_assert_uint_eq(state.entry.balance, 101 * UNIT);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	payment_free(payment);
	network_free(n);
}
END_TEST

/* The next payment comes two delays after the last became final; a fast network settles it in between. */
START_TEST(over_a_slow_network_no_empty_block_comes_between_payments)
{
	static const uint32_t delays[] = {50, 1};

	for (size_t d = 0; d < 2; d++) {
		struct network *n = network_new(&(struct network_options){.validators = 4,
		                                                          .accounts = 2,
		                                                          .balance = 100 * UNIT,
		                                                          .seed = 5,
		                                                          .delay_min_ms = delays[d],
		                                                          .delay_max_ms = delays[d],
		                                                          .commit_ms = 1});
		struct replica_status before, after;
		network_start_all(n);
		network_run(n, 1500, NULL, NULL);
		network_status(n, 0, &before);
		for (uint32_t k = 0; k < 10; k++) {
			struct payment *payment =
			    fixture_payment(network_fixture(n), 0, 1, UNIT, network_now_s(n) + 60, k + 1);
			for (uint32_t i = 0; i < 4; i++)
				network_submit(n, i, 1, payment);
			while (!network_has_receipt(n, &payment->id))
				network_run(n, 1, NULL, NULL);
			payment_free(payment);
			network_run(n, 100, NULL, NULL);
		}
		network_status(n, 0, &after);
		uint64_t blocks = after.final_height - before.final_height;
		if (delays[d] == 50)
			ck_assert_uint_le(blocks, 11); /* one may have been under way */
		else
			ck_assert_uint_ge(blocks, 20);
		network_free(n);
	}
}
END_TEST

static void ask_waiting(struct network *n, uint32_t node, uint64_t wallet, const struct address *address)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__WaitingQuery query = UNCIA__PB__WAITING_QUERY__INIT;
	uint8_t bytes[64];

	query.address = (ProtobufCBinaryData){.len = ADDRESS_SIZE, .data = (uint8_t *)(uintptr_t)address->b};
	request.request_id = 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_WAITING;
	request.waiting = &query;
	const struct bytes message = {bytes, uncia__pb__wallet_request__pack(&request, bytes)};
	network_wallet_message(n, node, wallet, &message);
}

static void query_waiting(struct network *n, uint32_t node, uint64_t wallet, const struct address *address)
{
	ask_waiting(n, node, wallet, address);
	network_run(n, 20, NULL, NULL);
}

/* More is paid than there is: one waits, at every validator, until it is final or past its expiry. */
START_TEST(what_waits_is_told_to_whoever_asks)
{
	struct network *n = network_new(&(struct network_options){.validators = 4,
	                                                          .accounts = 2,
	                                                          .balance = 100 * UNIT,
	                                                          .seed = 5,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 3,
	                                                          .commit_ms = 1});
	struct fixture_key from, to;
	uint64_t wallet = 10;

	network_start_all(n);
	network_run(n, 1000, NULL, NULL);
	fixture_account(0, &from);
	fixture_account(1, &to);
	struct payment *paid = fixture_payment(network_fixture(n), 0, 1, 60 * UNIT, network_now_s(n) + 30, 1);
	struct payment *waits = fixture_payment(network_fixture(n), 0, 1, 50 * UNIT, network_now_s(n) + 30, 2);
	network_submit(n, 0, 1, paid);
	network_run(n, 1000, NULL, NULL);
	ck_assert(network_has_receipt(n, &paid->id));
	network_submit(n, 0, 2, waits);
	network_run(n, 1000, NULL, NULL);
	for (int late = 0; late < 2; late++) {
		for (uint32_t node = 0; node < 4; node++, wallet++) {
			query_waiting(n, node, wallet, late ? &from.address : &to.address);
			Uncia__Pb__NodeReply *none = reply_to(n, wallet);
			ck_assert_int_eq(none->kind_case, UNCIA__PB__NODE_REPLY__KIND_WAITING);
			ck_assert_uint_eq(none->waiting->n_payments, 0);
			ck_assert_uint_eq(none->request_id, 1);
			uncia__pb__node_reply__free_unpacked(none, NULL);
		}
		for (uint32_t node = 0; node < 4 && !late; node++, wallet++) {
			query_waiting(n, node, wallet, &from.address);
			Uncia__Pb__NodeReply *reply = reply_to(n, wallet);
			ck_assert_uint_eq(reply->waiting->n_payments, 1);
			ck_assert_uint_eq(reply->waiting->payments[0]->data.len, waits->size);
			ck_assert_mem_eq(reply->waiting->payments[0]->data.data, waits->bytes, waits->size);
			uncia__pb__node_reply__free_unpacked(reply, NULL);
		}
		network_run(n, 35000, NULL, NULL);
	}
	payment_free(paid);
	payment_free(waits);
	network_free(n);
}
END_TEST

static struct network *quiet_network(uint32_t accounts, uint32_t verify_us, uint32_t mempool_max)
{
	struct network *n = network_new(&(struct network_options){.validators = 4,
	                                                          .accounts = accounts,
	                                                          .balance = 100 * UNIT,
	                                                          .seed = 1,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 3,
	                                                          .commit_ms = 1,
	                                                          .verify_us = verify_us,
	                                                          .mempool_max = mempool_max});

	network_start_all(n);
	network_run(n, 1500, NULL, NULL);
	return n;
}

/* How many of the replies are of this kind; of refusals, with this code. */
static size_t replies_of(struct network *n, Uncia__Pb__NodeReply__KindCase kind, int code)
{
	size_t count, found = 0;
	const struct reply *replies = network_replies(n, &count);

	for (size_t i = 0; i < count; i++) {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, replies[i].size, replies[i].message);
		found += reply->kind_case == kind && (!code || reply->refusal->code == (uint32_t)-code);
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
	return found;
}

static uint64_t signed_by(const struct network *n, uint32_t node)
{
	return network_signatures(n, node, VERIFY_SOURCE_SIGNING);
}

static void ask_expired(struct network *n, uint64_t wallet, uint32_t from, uint32_t count)
{
	for (uint32_t i = from; i < from + count; i++) {
		struct payment_id id = {.b = {0, 0, 0, 1, (uint8_t)(i >> 8), (uint8_t)i}};
		network_query_payment(n, 0, wallet, &id);
	}
}

/* Each has its share of what is signed at once, and who asks for one thing waits for no flood. */
START_TEST(words_on_what_has_expired_are_signed_within_each_wallets_share)
{
	struct network *n = quiet_network(2, 5000, 0);

	ask_expired(n, 7, 0, 1000);
	ask_expired(n, 8, 2000, 1);
	network_run(n, 3000, NULL, NULL);
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_EXPIRY, 0), 65);
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_REFUSAL, UNCIA_E_FULL), 936);
	ck_assert_uint_eq(signed_by(n, 0), 65);
	Uncia__Pb__NodeReply *reply = reply_to(n, 8);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_EXPIRY);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	/* What has been answered takes up no place. */
	ask_expired(n, 7, 3000, 60);
	network_run(n, 3000, NULL, NULL);
	ck_assert_uint_eq(signed_by(n, 0), 125);
	/* Who asks twice before it is signed is told once, under the newest request; who goes is told nothing. */
	for (int times = 0; times < 5; times++)
		ask_expired(n, 9, 5000, 1);
	ask_expired(n, 10, 6000, 60);
	network_run(n, 1, NULL, NULL);
	network_wallet_closed(n, 0, 10);
	network_run(n, 3000, NULL, NULL);
	ck_assert_uint_eq(replies_to(n, 9), 1);
	ck_assert_uint_eq(replies_to(n, 10), 0);
	network_free(n);
}
END_TEST

/* More than fit one job, which support/network_verifier.c looks at, too. */
START_TEST(many_payments_that_expire_together_are_told_in_several_steps)
{
	enum { SENDERS = 12, EACH = 60 };
	struct network *n = quiet_network(SENDERS, 100, 0);
	uint32_t expires_at = network_now_s(n) + 20;

	for (uint32_t i = 0; i < SENDERS * EACH; i++) {
		struct payment *payment =
		    fixture_payment(network_fixture(n), i % SENDERS, 0, 200 * UNIT, expires_at, 1 + i);
		network_submit(n, 0, 1 + i / 500, payment);
		payment_free(payment);
	}
	network_run(n, 5000, NULL, NULL);
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_PENDING, 0), SENDERS * EACH);
	ck_assert_uint_eq(signed_by(n, 0), 0);
	network_run(n, 30000, NULL, NULL);
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_EXPIRY, 0), SENDERS * EACH);
	ck_assert_uint_eq(signed_by(n, 0), SENDERS * EACH);
	network_free(n);
}
END_TEST

/* The pool's places are 4; whose payment gives way learns of it, and is not told its end here. */
START_TEST(who_waits_for_a_payment_that_the_pool_gives_up_is_told)
{
	struct network *n = quiet_network(8, 0, 4);
	struct replica_load load;

	for (uint32_t i = 0; i < 6; i++) {
		struct payment *payment =
		    fixture_payment(network_fixture(n), i < 5 ? 0 : 1, 2, 200 * UNIT, network_now_s(n) + 60, 1 + i);
		network_submit(n, 0, 1, payment);
		network_run(n, 50, NULL, NULL);
		payment_free(payment);
	}
	/* The fifth of the one sender is refused; one of its four gives way to the other sender's. */
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_REFUSAL, UNCIA_E_FULL), 2);
	network_load(n, 0, &load);
	ck_assert_uint_eq(load.mempool, 4);
	ck_assert_uint_eq(load.waiters, 4);
	network_free(n);
}
END_TEST

/* A link waits for 1,024 payments; what it submits beyond is refused, and not taken. One that it waits for already may
 * come again. */
START_TEST(what_a_link_may_not_wait_for_is_not_taken)
{
	enum { SENDERS = 20, EACH = 52, PLACES = 1024 };
	struct network *n = quiet_network(SENDERS, 0, 0);
	struct payment *payments[SENDERS * EACH];
	struct replica_load load;

	for (uint32_t i = 0; i < SENDERS * EACH; i++) {
		payments[i] =
		    fixture_payment(network_fixture(n), i % SENDERS, 0, 200 * UNIT, network_now_s(n) + 60, 1 + i);
		network_submit(n, 0, 1, payments[i]);
	}
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_PENDING, 0), PLACES);
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_REFUSAL, UNCIA_E_FULL), SENDERS * EACH - PLACES);
	for (uint32_t node = 0; node < 4; node++) {
		network_load(n, node, &load);
		ck_assert_uint_eq(load.mempool, PLACES);
	}
	network_submit(n, 0, 1, payments[0]);
	network_submit(n, 0, 2, payments[SENDERS * EACH - 1]);
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_PENDING, 0), PLACES + 2);
	for (uint32_t i = 0; i < SENDERS * EACH; i++)
		payment_free(payments[i]);
	network_free(n);
}
END_TEST

START_TEST(payments_of_keys_that_were_never_paid_to_take_no_place)
{
	struct network *n = quiet_network(2, 0, 0);
	struct replica_load load;

	for (uint32_t i = 0; i < 50; i++) {
		struct payment *payment =
		    fixture_payment(network_fixture(n), 100 + i, 0, UNIT, network_now_s(n) + 60, 1 + i);
		network_submit(n, i % 4, 1, payment);
		payment_free(payment);
	}
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_REFUSAL, UNCIA_E_FUNDS), 50);
	for (uint32_t node = 0; node < 4; node++) {
		network_load(n, node, &load);
		ck_assert_uint_eq(load.mempool, 0);
		ck_assert_uint_eq(load.waiters, 0);
	}
	network_free(n);
}
END_TEST

/* Each question counts 4 KiB and what it is given, of 2 MiB at once and 2 KiB a millisecond. */
START_TEST(who_asks_without_end_what_waits_is_given_its_share)
{
	struct network *n = quiet_network(2, 0, 0);
	struct fixture_key from;

	fixture_account(0, &from);
	for (int i = 0; i < 2000; i++)
		ask_waiting(n, 0, 7, &from.address);
	network_run(n, 20, NULL, NULL);
	size_t given = replies_of(n, UNCIA__PB__NODE_REPLY__KIND_WAITING, 0);
	ck_assert_uint_gt(given, 500);
	ck_assert_uint_lt(given, 600);
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_REFUSAL, UNCIA_E_FULL), 2000 - given);
	query_waiting(n, 0, 8, &from.address); /* another link is another share */
	ck_assert_uint_eq(replies_of(n, UNCIA__PB__NODE_REPLY__KIND_WAITING, 0), given + 1);
	network_free(n);
}
END_TEST

UNIT_MAIN("queries", what_waits_is_told_to_whoever_asks, who_asks_without_end_what_waits_is_given_its_share,
          over_a_slow_network_no_empty_block_comes_between_payments,
          who_asks_one_thing_is_answered_while_others_ask_without_end,
          who_was_paid_sees_it_though_the_next_leaders_stand_still,
          words_on_what_has_expired_are_signed_within_each_wallets_share,
          many_payments_that_expire_together_are_told_in_several_steps,
          who_waits_for_a_payment_that_the_pool_gives_up_is_told, what_a_link_may_not_wait_for_is_not_taken,
          payments_of_keys_that_were_never_paid_to_take_no_place)
