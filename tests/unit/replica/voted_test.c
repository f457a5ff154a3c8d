/* The question whether a key has voted (docs/spec/network.md §8.4, `voted`): who has the chain can answer it. */
#include "answers.h"
#include "sign.h"
#include "unit.h"

#define UNIT INT64_C(1000000)

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

UNIT_MAIN("voted", whether_a_key_has_voted_is_told_by_whoever_has_the_chain)
