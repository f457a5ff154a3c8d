/* Questions of wallets, where others ask without end. */
#include "message.pb-c.h"
#include "network.h"
#include "receipt.h"
#include "sign.h"
#include "unit.h"

#define UNIT      INT64_C(1000000)
#define STRANGERS 64u
#define QUESTIONS 64u
#define READS     20u

static Uncia__Pb__NodeReply *reply_to(struct network *n, uint64_t wallet)
{
	Uncia__Pb__NodeReply *reply = NULL;
	size_t count;
	const struct reply *replies = network_replies(n, &count);

	while (count-- > 0 && replies[count].wallet != wallet)
		;
	if (count != SIZE_MAX)
		reply = uncia__pb__node_reply__unpack(NULL, replies[count].size, replies[count].message);
	return reply;
}

static size_t replies_to(struct network *n, uint64_t wallet)
{
	size_t count, found = 0;
	const struct reply *replies = network_replies(n, &count);

	for (size_t i = 0; i < count; i++)
		found += replies[i].wallet == wallet;
	return found;
}

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

/* ---- whether a key has voted ---- */

static void ask_voted(struct network *n, uint32_t node, uint64_t wallet, const struct bytes *key)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__VotedQuery query = UNCIA__PB__VOTED_QUERY__INIT;
	struct bytes message;
	uint8_t *bytes;

	query.consensus_key = (ProtobufCBinaryData){.len = key->size, .data = (uint8_t *)(uintptr_t)key->data};
	request.request_id = 7;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_VOTED;
	request.voted = &query;
	ck_assert_int_eq(canonical_encode(&request.base, &bytes, &message.size), 0);
	message.data = bytes;
	network_wallet_message(n, node, wallet, &message);
	free(bytes);
	network_run(n, 100, NULL, NULL);
}

/* Node 3 comes back without a journal, catches up by pages of the chain alone, and knows all the same who has voted. */
START_TEST(whether_a_key_has_voted_is_told_by_whoever_has_the_chain)
{
	struct network *n = network_new(&(struct network_options){.validators = 4,
	                                                          .accounts = 2,
	                                                          .balance = 100 * UNIT,
	                                                          .seed = 1,
	                                                          .delay_min_ms = 1,
	                                                          .delay_max_ms = 3,
	                                                          .commit_ms = 1});
	const struct genesis *genesis = &network_fixture(n)->genesis;
	struct replica_status status;
	struct hash digest;
	struct vote vote;

	struct memory_store *empty = network_backup(n, 3);
	network_start(n, 0);
	network_run(n, 100, NULL, NULL);
	ask_voted(n, 0, 1, &(struct bytes){genesis->committee.validators[1].consensus_key, PUBLIC_KEY_SIZE});
	Uncia__Pb__NodeReply *reply = reply_to(n, 1);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_VOTED);
	ck_assert_uint_eq(reply->voted->vote.len, 0);
	ck_assert_uint_eq(reply->voted->proposed_height, 0);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	for (uint32_t node = 1; node < 4; node++)
		network_start(n, node);
	network_run(n, 12000, NULL, NULL);
	network_crash(n, 3);
	network_crash(n, 1);
	network_crash(n, 2);
	network_replace_store(n, 3, empty);
	network_start(n, 3);
	network_run(n, 5000, NULL, NULL);
	network_status(n, 3, &status);
	ck_assert_uint_gt(status.final_height, 5);
	for (uint32_t v = 1; v < 3; v++) {
		const uint8_t *key = genesis->committee.validators[v].consensus_key;
		ask_voted(n, 3, 10 + v, &(struct bytes){key, PUBLIC_KEY_SIZE});
		reply = reply_to(n, 10 + v);
		ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_VOTED);
		ck_assert_mem_eq(reply->voted->consensus_key.data, key, PUBLIC_KEY_SIZE);
		ck_assert_uint_gt(reply->voted->proposed_height, 0);
		ck_assert_uint_eq(reply->voted->proposed_view % 4, v);
		ck_assert_int_eq(vote_decode(reply->voted->vote.data, reply->voted->vote.len, &vote), 0);
		vote_digest(&genesis->network_id, vote.epoch, vote.kind, vote.view, &vote.block_id, &digest);
		ck_assert_uint_eq(vote.voter, v);
		ck_assert(sign_verify(key, &digest, vote.signature));
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
	uint8_t stranger[PUBLIC_KEY_SIZE] = {1};
	ask_voted(n, 3, 20, &(struct bytes){stranger, PUBLIC_KEY_SIZE});
	reply = reply_to(n, 20);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_REFUSAL);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	ask_voted(n, 3, 21, &(struct bytes){stranger, PUBLIC_KEY_SIZE - 1});
	ck_assert_uint_eq(replies_to(n, 21), 0);
	network_free(n);
}
END_TEST

UNIT_MAIN("queries", whether_a_key_has_voted_is_told_by_whoever_has_the_chain,
          over_a_slow_network_no_empty_block_comes_between_payments,
          who_asks_one_thing_is_answered_while_others_ask_without_end,
          who_was_paid_sees_it_though_the_next_leaders_stand_still)
