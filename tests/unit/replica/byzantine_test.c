/* What one faulty validator, or a stranger with keys of his own, may say to the others, and what must not come of it.
 */
#include "hash.h"
#include "ledger.h"
#include "message.pb-c.h"
#include "network.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT INT64_C(1000000)

static struct network_options options(uint32_t validators)
{
	return (struct network_options){.validators = validators,
	                                .accounts = 8,
	                                .balance = 100 * UNIT,
	                                .seed = 1,
	                                .delay_min_ms = 1,
	                                .delay_max_ms = 3,
	                                .commit_ms = 1};
}

static uint32_t waiting(const struct network *n, uint32_t node)
{
	struct replica_status status;

	network_status(n, node, &status);
	return status.mempool;
}

static uint64_t height_of(const struct network *n, uint32_t node)
{
	struct replica_status status;

	network_status(n, node, &status);
	return status.final_height;
}

static void say(struct network *n, uint32_t from, uint32_t to, const Uncia__Pb__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;

	ck_assert_int_eq(canonical_encode(&message->base, &bytes, &size), 0);
	network_inject(n, from, to, bytes, size);
	free(bytes);
}

static void gossip(struct network *n, uint32_t from, uint32_t to, const struct payment *payment)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Gossip pb = UNCIA__PB__GOSSIP__INIT;
	Uncia__Pb__Blob blob = UNCIA__PB__BLOB__INIT, *list = &blob;

	blob.data = (ProtobufCBinaryData){.len = payment->size, .data = (uint8_t *)(uintptr_t)payment->bytes};
	pb.payments = &list;
	pb.n_payments = 1;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP;
	message.gossip = &pb;
	say(n, from, to, &message);
}

/* ---- payments ---- */

START_TEST(gossip_that_no_block_can_take_does_not_stay)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);
	const struct fixture *f = network_fixture(n);

	for (uint32_t i = 0; i < 3; i++)
		network_start(n, i);
	network_run(n, 500, NULL, NULL);
	struct payment *done = fixture_payment(f, 0, 1, UNIT, network_now_s(n) + 600, 1);
	struct payment *far = fixture_payment(f, 0, 1, UNIT, network_now_s(n) + 1000000, 2);
	network_submit(n, 0, 1, done);
	ck_assert(network_run(n, 20000, network_paid, done));
	network_run(n, 2000, NULL, NULL);
	ck_assert_uint_eq(waiting(n, 0), 0);
	gossip(n, 3, 0, done);
	gossip(n, 3, 0, far);
	network_run(n, 3000, NULL, NULL);
	ck_assert_uint_eq(waiting(n, 0), 0);
	payment_free(done);
	payment_free(far);
	network_free(n);
}
END_TEST

/* A payment from `victim` that account `thief` has signed with its own key. */
static struct payment *forged(const struct fixture *f, uint32_t victim, uint32_t thief, uint32_t expires_at,
                              uint64_t nonce)
{
	struct fixture_key owner, key;

	fixture_account(victim, &owner);
	fixture_account(thief, &key);
	struct output output = {.to = key.address, .amount = UNIT};
	struct payment draft = {.sender = owner.address,
	                        .expires_at = expires_at,
	                        .currency = f->genesis.currency,
	                        .outputs = &output,
	                        .output_count = 1},
	               *payment;
	memcpy(draft.nonce, &nonce, sizeof(nonce));
	ck_assert_int_eq(payment_make(&f->genesis.network_id, &draft, key.public_key, key.secret_key, &payment), 0);
	return payment;
}

START_TEST(payments_under_a_strangers_key_take_no_place_of_the_sender)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);
	const struct fixture *f = network_fixture(n);

	network_start_all(n);
	network_run(n, 500, NULL, NULL);
	/* Once before the account is bound to its key, and once after. */
	for (uint64_t round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < MEMPOOL_PER_SENDER_DEFAULT; i++) {
			struct payment *payment = forged(f, 0, 1, network_now_s(n) + 3000, 100 * round + i);
			for (uint32_t node = 0; node < 4; node++) {
				network_submit(n, node, 1000 + i, payment);
				gossip(n, (node + 1) % 4, node, payment);
			}
			payment_free(payment);
		}
		network_run(n, 1000, NULL, NULL);
		for (uint32_t node = 0; node < 4; node++)
			ck_assert_uint_eq(waiting(n, node), 0);
		struct payment *own = fixture_payment(f, 0, 1, UNIT, network_now_s(n) + 60, 1000 + round);
		network_submit(n, (uint32_t)round, 1, own);
		ck_assert(network_run(n, 5000, network_paid, own));
		payment_free(own);
	}
	network_free(n);
}
END_TEST

/* ---- blocks ---- */

struct requests { /* blocks that anybody has asked for */
	struct hash ids[256];
	size_t count;
};

static void hear_requests(void *context, uint32_t node, const struct bytes *message)
{
	struct requests *requests = context;
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);

	(void)node;
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST && requests->count < 256)
		memcpy(&requests->ids[requests->count++], m->block_request->block_id.data, HASH_SIZE);
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

static bool was_asked_for(const struct requests *requests, const struct hash *id)
{
	for (size_t i = 0; i < requests->count; i++)
		if (memcmp(&requests->ids[i], id, sizeof(*id)) == 0)
			return true;
	return false;
}

static void propose(struct network *n, uint32_t to, const struct header *header, uint8_t *short_ids)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Propose pb = UNCIA__PB__PROPOSE__INIT;
	struct vote vote;

	fixture_vote(network_fixture(n), VOTE_NOTAR1, header->view, &header->id, 3, &vote);
	pb.header = (ProtobufCBinaryData){.len = header->size, .data = (uint8_t *)(uintptr_t)header->bytes};
	pb.signature = (ProtobufCBinaryData){.len = SIGNATURE_SIZE, .data = vote.signature};
	pb.short_ids = (ProtobufCBinaryData){.len = 8 * (size_t)header->payment_count, .data = short_ids};
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;
	message.propose = &pb;
	say(n, 3, to, &message);
}

static void reply_block(struct network *n, const struct block *block)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__BlockReply pb = UNCIA__PB__BLOCK_REPLY__INIT;
	uint8_t *bytes;
	size_t size;

	ck_assert_int_eq(block_encode(&block->header, block->payments, block->count, &bytes, &size), 0);
	pb.block = (ProtobufCBinaryData){.len = size, .data = bytes};
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY;
	message.block_reply = &pb;
	say(n, 3, 0, &message);
	free(bytes);
}

static uint64_t leader_view(const struct network *n, uint32_t leader, uint64_t from)
{
	while (committee_leader(&network_fixture(n)->genesis.committee, from) != leader)
		from++;
	return from;
}

/* Brings a node to a view by certificates of all views below it. */
static void skip_to(struct network *n, uint32_t node, uint64_t view)
{
	for (uint64_t x = 1; x < view; x++) {
		Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
		struct certificate *skip = fixture_certificate(network_fixture(n), CERT_S, x, NULL, 3);
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
		message.certificate = (ProtobufCBinaryData){.len = skip->size, .data = skip->bytes};
		say(n, 3, node, &message);
		free(skip);
		if (x % 256 == 0) /* no more is taken at once */
			network_run(n, 1, NULL, NULL);
	}
}

/* A block by validator 3 with a payment of its own, on a parent that nobody knows. */
static struct block *invented(struct network *n, uint64_t view, uint64_t height, const struct hash *parent_id)
{
	const struct fixture *f = network_fixture(n);
	struct payment *payment = fixture_payment(f, 7, 6, UNIT, network_now_s(n) + 60, height);
	struct hash none = {0};
	struct block *block = fixture_block(f, NULL, view, &payment, 1, &none);

	block->header.height = height;
	block->header.parent_id = *parent_id;
	ck_assert_int_eq(header_encode(&block->header), 0);
	return block;
}

START_TEST(what_a_leader_alone_says_has_no_ancestors_that_are_fetched)
{
	struct network_options o = options(4);
	struct requests requests = {.count = 0};

	o.tap = hear_requests;
	o.tap_context = &requests;
	struct network *n = network_new(&o);
	/* Alone: it stays in view 1, whose leader is made to be the liar by views that are skipped. */
	network_start(n, 0);
	uint64_t view = leader_view(n, 3, 1);
	skip_to(n, 0, view);
	network_run(n, 20, NULL, NULL);
	/* The link to the liar, by which it asks. */
	network_start(n, 3);
	network_run(n, 20, NULL, NULL);
	struct hash unknown = fixture_hash(77);
	struct block *block = invented(n, view, 1000, &unknown);
	propose(n, 0, &block->header, (uint8_t[8]){1});
	network_run(n, 40, NULL, NULL);
	ck_assert(was_asked_for(&requests, &block->header.id));
	reply_block(n, block);
	network_run(n, 1000, NULL, NULL);
	ck_assert(!was_asked_for(&requests, &unknown));
	block_free(block);
	network_free(n);
}
END_TEST

START_TEST(proposals_for_views_to_come_are_not_kept)
{
	struct network_options o = options(4);
	struct requests requests = {.count = 0};

	o.tap = hear_requests;
	o.tap_context = &requests;
	struct network *n = network_new(&o);
	network_start(n, 0);
	network_start(n, 3);
	network_run(n, 20, NULL, NULL);
	struct hash unknown = fixture_hash(77);
	struct block *block = invented(n, leader_view(n, 3, 500), 1000, &unknown);
	propose(n, 0, &block->header, (uint8_t[8]){1});
	network_run(n, 1000, NULL, NULL);
	ck_assert(!was_asked_for(&requests, &block->header.id));
	block_free(block);
	network_free(n);
}
END_TEST

struct ballot { /* votes for one block */
	struct hash id;
	uint32_t votes, all;
};

static void hear_votes(void *context, uint32_t node, const struct bytes *message)
{
	struct ballot *ballot = context;
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	struct vote vote;

	(void)node;
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_VOTE && vote_decode(m->vote.data, m->vote.len, &vote) == 0) {
		ballot->all++;
		ballot->votes += memcmp(&vote.block_id, &ballot->id, sizeof(vote.block_id)) == 0;
	}
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

#define LARGE_PAYMENTS 480u

/* Payments with as many outputs as there may be, held by all; together more than a block may carry. */
static void gossip_large(struct network *n, struct payment *payments[LARGE_PAYMENTS])
{
	static struct output outputs[PAYMENT_OUTPUTS_MAX];
	uint64_t size = 0;

	for (uint32_t i = 0; i < LARGE_PAYMENTS; i++) {
		struct fixture_key key, to;
		fixture_account(i % 8, &key);
		fixture_account((i + 1) % 8, &to);
		for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++)
			outputs[k] =
			    (struct output){.to = to.address, .has_reference = true, .reference = {1}, .amount = 1000};
		payments[i] = fixture_payment_outputs(network_fixture(n), &key, outputs, PAYMENT_OUTPUTS_MAX,
		                                      network_now_s(n) + 60, i);
		size += payments[i]->size;
		for (uint32_t node = 0; node < 3; node++)
			gossip(n, 3, node, payments[i]);
	}
	ck_assert_uint_gt(size, BLOCK_SIZE_MAX);
}

START_TEST(a_block_larger_than_can_be_read_again_gets_no_vote)
{
	struct network_options o = options(4);
	struct payment *payments[LARGE_PAYMENTS];
	struct ballot ballot = {.votes = 0};
	static uint8_t short_ids[8 * LARGE_PAYMENTS];
	struct replica_status status;
	struct header header;
	struct hash key;

	o.tap = hear_votes;
	o.tap_context = &ballot;
	struct network *n = network_new(&o);
	uint64_t view = leader_view(n, 3, 8);
	for (uint32_t node = 0; node < 3; node++)
		network_start(n, node);
	for (uint32_t node = 0; node < 3; node++)
		skip_to(n, node, view);
	network_run(n, 10, NULL, NULL);
	gossip_large(n, payments);
	network_run(n, 10, NULL, NULL);
	network_status(n, 0, &status);
	ck_assert_uint_eq(status.view, view);
	ck_assert_uint_eq(status.mempool, LARGE_PAYMENTS);
	fixture_header(network_fixture(n), NULL, view, payments, LARGE_PAYMENTS, &status.state_root, &header);
	hash1(HASH_SHORT_ID, header.id.b, HASH_SIZE, &key);
	for (uint32_t i = 0; i < LARGE_PAYMENTS; i++) {
		uint64_t short_id = siphash(key.b, &payments[i]->whole, HASH_SIZE);
		for (int k = 0; k < 8; k++)
			short_ids[8 * i + k] = (uint8_t)(short_id >> (56 - 8 * k));
	}
	ballot = (struct ballot){.id = header.id};
	for (uint32_t node = 0; node < 3; node++)
		propose(n, node, &header, short_ids);
	network_run(n, 2000, NULL, NULL);
	ck_assert_uint_gt(ballot.all, 0);
	ck_assert_uint_eq(ballot.votes, 0);
	/* The payments are final all the same, over several blocks. */
	network_run(n, 20000, NULL, NULL);
	ck_assert_uint_eq(waiting(n, 0), 0);
	for (uint32_t i = 0; i < LARGE_PAYMENTS; i++)
		payment_free(payments[i]);
	network_free(n);
}
END_TEST

static void count_gossip(void *context, uint32_t node, const struct bytes *message)
{
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);

	if (node == 0 && m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP)
		*(size_t *)context += message->size;
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

/* More than may wait for a link would end it at once, and the next one, for as long as the payments wait: for ever,
 * where they wait for that link. */
START_TEST(who_is_linked_anew_is_told_less_than_its_link_may_hold)
{
	struct network_options o = options(4);
	struct payment *payments[LARGE_PAYMENTS];
	size_t told = 0;

	o.tap = count_gossip;
	o.tap_context = &told;
	struct network *n = network_new(&o);
	network_start(n, 0);
	network_start(n, 1);
	gossip_large(n, payments);
	network_run(n, 50, NULL, NULL);
	ck_assert_uint_eq(waiting(n, 0), LARGE_PAYMENTS);
	told = 0;
	network_start(n, 2);
	network_run(n, 5, NULL, NULL);
	ck_assert_uint_gt(told, WRITE_QUEUE_VALIDATOR_MAX / 16);
	ck_assert_uint_lt(told, WRITE_QUEUE_VALIDATOR_MAX / 4);
	network_run(n, 20000, NULL, NULL);
	ck_assert_uint_eq(waiting(n, 0), 0);
	for (uint32_t i = 0; i < LARGE_PAYMENTS; i++)
		payment_free(payments[i]);
	network_free(n);
}
END_TEST

/* ---- questions ---- */

static void count_sync_replies(void *context, uint32_t node, const struct bytes *message)
{
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);

	(void)node;
	*(uint32_t *)context += m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

START_TEST(a_peer_that_asks_without_end_is_answered_within_its_share)
{
	struct network_options o = options(4);
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncRequest request = UNCIA__PB__SYNC_REQUEST__INIT;
	uint32_t replies = 0;

	o.tap = count_sync_replies;
	o.tap_context = &replies;
	struct network *n = network_new(&o);
	network_start_all(n);
	network_run(n, 5000, NULL, NULL);
	request.from_height = 1;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
	message.sync_request = &request;
	replies = 0;
	for (uint32_t i = 0; i < 10000; i++)
		say(n, 3, 0, &message);
	network_run(n, 20, NULL, NULL);
	ck_assert_uint_gt(replies, 10);
	ck_assert_uint_lt(replies, 5000);
	/* With time it is answered again. */
	network_run(n, 2000, NULL, NULL);
	replies = 0;
	say(n, 3, 0, &message);
	network_run(n, 20, NULL, NULL);
	ck_assert_uint_eq(replies, 1);
	network_free(n);
}
END_TEST

static void count_block_requests(void *context, uint32_t node, const struct bytes *message)
{
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);

	(void)node;
	*(uint32_t *)context += m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST;
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

/* Votes of more weight than F for a block that nobody shows: all want it, none has it. */
START_TEST(what_nobody_has_is_asked_for_at_a_pace)
{
	struct network_options o = options(4);
	struct hash id = fixture_hash(4711);
	uint32_t asked = 0;

	o.tap = count_block_requests;
	o.tap_context = &asked;
	struct network *n = network_new(&o);
	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	struct replica_status status;
	network_status(n, 0, &status);
	network_crash(n, 2);
	network_crash(n, 3);
	for (uint64_t view = status.view; view < status.view + 4; view++)
		for (uint32_t liar = 2; liar < 4; liar++)
			for (uint32_t to = 0; to < 2; to++) {
				Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
				struct vote vote;
				uint8_t bytes[256];
				fixture_vote(network_fixture(n), VOTE_NOTAR1, view, &id, liar, &vote);
				message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
				message.vote.data = bytes;
				ck_assert_int_eq(vote_encode(&vote, bytes, &message.vote.len), 0);
				say(n, liar, to, &message);
			}
	network_run(n, 10000, NULL, NULL);
	ck_assert_uint_gt(asked, 4);
	ck_assert_uint_lt(asked, 400); /* four a second, each of two, and some */
	network_free(n);
}
END_TEST

struct heard_block {
	struct hash id;
	uint32_t times;
};

static void hear_block(void *context, uint32_t node, const struct bytes *message)
{
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	struct heard_block *heard = context;
	struct block *block;

	(void)node;
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY) {
		static const struct hash any;
		ck_assert_int_eq(block_decode(&any, m->block_reply->block.data, m->block_reply->block.len, &block), 0);
		heard->times += memcmp(&block->header.id, &heard->id, sizeof(heard->id)) == 0;
		block_free(block);
	}
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

/* Who misses an ancestor knows its id and height, and of its view only that it is below the child's. */
START_TEST(a_final_block_is_found_by_height_where_its_view_is_not_known)
{
	struct network_options o = options(4);
	struct replica_status status;
	struct heard_block heard = {0};
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__BlockRequest request = UNCIA__PB__BLOCK_REQUEST__INIT;

	o.tap = hear_block;
	o.tap_context = &heard;
	struct network *n = network_new(&o);
	network_start_all(n);
	network_run(n, 3000, NULL, NULL);
	network_status(n, 0, &status);
	heard.id = status.final_id;
	network_run(n, 5000, NULL, NULL); /* out of memory by now, in the journal for ever */
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST;
	message.block_request = &request;
	request.block_id.data = heard.id.b;
	request.block_id.len = HASH_SIZE;
	request.view = status.final_view + 1;
	say(n, 3, 0, &message);
	network_run(n, 20, NULL, NULL);
	ck_assert_uint_eq(heard.times, 0);
	request.height = status.final_height;
	say(n, 3, 0, &message);
	network_run(n, 20, NULL, NULL);
	ck_assert_uint_eq(heard.times, 1);
	/* Another block of that height is not it. */
	heard.id.b[0] ^= 1;
	say(n, 3, 0, &message);
	network_run(n, 20, NULL, NULL);
	ck_assert_uint_eq(heard.times, 1);
	network_free(n);
}
END_TEST

#define QUERIES_PER_WALLET 64 /* as in the core */

START_TEST(a_wallet_that_asks_without_end_is_answered_within_its_share)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);
	size_t before, after, receipts = 0;

	network_start_all(n);
	network_run(n, 1000, NULL, NULL);
	struct payment *payment = fixture_payment(network_fixture(n), 0, 1, UNIT, network_now_s(n) + 60, 1);
	network_submit(n, 0, 1, payment);
	ck_assert(network_run(n, 5000, network_paid, payment));
	network_run(n, 1000, NULL, NULL);
	network_replies(n, &before);
	for (uint32_t i = 0; i < 3000; i++)
		network_query_payment(n, 0, 2, &payment->id);
	network_query_payment(n, 0, 3, &payment->id);
	network_run(n, 20, NULL, NULL);
	network_replies(n, &after);
	ck_assert_uint_ge(after, before + 3001 - QUERIES_PER_WALLET); /* as many wait for their share */
	network_run(n, 6000, NULL, NULL);
	const struct reply *replies = network_replies(n, &after);
	ck_assert_uint_eq(after, before + 3001); /* every question has its answer */
	for (size_t i = before; i < after; i++) {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, replies[i].size, replies[i].message);
		bool receipt = reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
		receipts += receipt;
		if (replies[i].wallet == 3) /* the others' questions are answered all the same */
			ck_assert(receipt);
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
	ck_assert_uint_gt(receipts, 10);
	ck_assert_uint_lt(receipts, 1000);
	payment_free(payment);
	network_free(n);
}
END_TEST

/* ---- what has to be checked ---- */

/* Valid votes in so many views, of blocks that nobody proposes. */
static void say_votes(struct network *n, uint32_t node, uint64_t from_view, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
		struct hash id = fixture_hash(i);
		uint8_t bytes[256];
		size_t size;
		struct vote vote;
		fixture_vote(network_fixture(n), i % 2 ? VOTE_NOTAR1 : VOTE_FINAL, from_view + i / 2, &id, 3, &vote);
		ck_assert_int_eq(vote_encode(&vote, bytes, &size), 0);
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
		message.vote = (ProtobufCBinaryData){.len = size, .data = bytes};
		say(n, 3, node, &message);
	}
}

START_TEST(one_validators_checks_are_bounded_in_signatures)
{
	struct network_options o = options(4);
	struct replica_load load;

	o.verify_us = 1000000; /* none of them comes to an end here */
	struct network *n = network_new(&o);
	network_start(n, 0);
	network_run(n, 10, NULL, NULL);
	say_votes(n, 0, 10, 1800);
	network_run(n, 100, NULL, NULL);
	network_load(n, 0, &load);
	ck_assert_uint_eq(load.urgent_signatures, 1024);
	/* The same ones again count once. */
	network_crash(n, 0);
	network_start(n, 0);
	for (int times = 0; times < 3; times++)
		say_votes(n, 0, 10, 300);
	network_run(n, 100, NULL, NULL);
	network_load(n, 0, &load);
	ck_assert_uint_eq(load.urgent_signatures, 300);
	network_free(n);
}
END_TEST

/* ---- long standstills, long absences ---- */

START_TEST(more_failed_views_than_the_window_do_not_stop_the_network)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);
	const struct fixture *f = network_fixture(n);

	network_start_all(n);
	for (uint32_t node = 0; node < 4; node++)
		skip_to(n, node, VIEW_WINDOW + 200);
	network_run(n, 10, NULL, NULL);
	struct payment *payment = fixture_payment(f, 0, 1, UNIT, network_now_s(n) + 300, 1);
	network_submit(n, 0, 1, payment);
	ck_assert(network_run(n, 60000, network_paid, payment));
	payment_free(payment);
	network_free(n);
}
END_TEST

static unsigned far_certificates_heard;

static void hear_far_certificate(void *context, uint32_t node, const struct bytes *bytes)
{
	const struct certificate *far = context;
	Uncia__Pb__PeerMessage *message = uncia__pb__peer_message__unpack(NULL, bytes->size, bytes->data);

	if (node == 0 && message->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE &&
	    message->certificate.len == far->size && memcmp(message->certificate.data, far->bytes, far->size) == 0)
		far_certificates_heard++;
	uncia__pb__peer_message__free_unpacked(message, NULL);
}

/* Only a quorum of liars makes such a certificate; what it costs is a standstill, not the machine. */
START_TEST(a_certificate_of_a_view_at_the_end_of_numbers_is_said_again_like_any_other)
{
	struct fixture f;
	struct network_options o = options(4);

	fixture_init(&f, 4, 8, o.balance);
	struct certificate *far = fixture_certificate(&f, CERT_S, UINT64_MAX - 2, NULL, 3);
	o.tap = hear_far_certificate;
	o.tap_context = far;
	far_certificates_heard = 0;
	struct network *n = network_new(&o);
	network_start_all(n);
	network_run(n, 500, NULL, NULL);
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
	message.certificate = (ProtobufCBinaryData){.len = far->size, .data = far->bytes};
	say(n, 3, 0, &message);
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(far_certificates_heard, 1); /* as it enters the next view */
	network_run(n, 20000, NULL, NULL);
	ck_assert_uint_ge(far_certificates_heard, 5);
	network_free(n);
	free(far);
	fixture_deinit(&f);
}
END_TEST

START_TEST(one_that_was_away_for_many_pages_catches_up_and_proves_old_payments)
{
	struct network_options o = options(4);
	struct network *n = network_new(&o);

	network_start_all(n);
	network_run(n, 1000, NULL, NULL);
	network_crash(n, 3);
	struct payment *payment = fixture_payment(network_fixture(n), 0, 1, UNIT, network_now_s(n) + 60, 1);
	network_submit(n, 0, 1, payment);
	network_run(n, 900000, NULL, NULL);
	uint64_t height = height_of(n, 0);
	ck_assert_uint_gt(height, 2 * RECEIPT_DESCENDANTS_MAX);
	network_start(n, 3);
	network_run(n, 5000, NULL, NULL);
	ck_assert_uint_ge(height_of(n, 3), height);
	size_t before, after;
	network_replies(n, &before);
	network_query_payment(n, 3, 9, &payment->id);
	network_run(n, 100, NULL, NULL);
	const struct reply *replies = network_replies(n, &after);
	ck_assert_uint_eq(after, before + 1);
	Uncia__Pb__NodeReply *reply =
	    uncia__pb__node_reply__unpack(NULL, replies[before].size, replies[before].message);
	ck_assert_int_eq(reply->kind_case, UNCIA__PB__NODE_REPLY__KIND_RECEIPT);
	uncia__pb__node_reply__free_unpacked(reply, NULL);
	payment_free(payment);
	network_free(n);
}
END_TEST

UNIT_MAIN("byzantine", gossip_that_no_block_can_take_does_not_stay,
          payments_under_a_strangers_key_take_no_place_of_the_sender,
          what_a_leader_alone_says_has_no_ancestors_that_are_fetched, proposals_for_views_to_come_are_not_kept,
          who_is_linked_anew_is_told_less_than_its_link_may_hold, a_block_larger_than_can_be_read_again_gets_no_vote,
          a_peer_that_asks_without_end_is_answered_within_its_share, what_nobody_has_is_asked_for_at_a_pace,
          a_final_block_is_found_by_height_where_its_view_is_not_known,
          a_wallet_that_asks_without_end_is_answered_within_its_share, one_validators_checks_are_bounded_in_signatures,
          more_failed_views_than_the_window_do_not_stop_the_network,
          a_certificate_of_a_view_at_the_end_of_numbers_is_said_again_like_any_other,
          one_that_was_away_for_many_pages_catches_up_and_proves_old_payments)
