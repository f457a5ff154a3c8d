/* Rows of docs/faults.md that concern the core alone: a crash between a commit and what waits for it, a chain of a
 * false committee, a key of mixed order, floods, keys chosen to collide. */
#include "message.pb-c.h"
#include "network.h"
#include "overlay.h"
#include "payment.pb-c.h"
#include "sign.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT INT64_C(1000000)

static struct network_options options(uint32_t accounts)
{
	return (struct network_options){.validators = 4,
	                                .accounts = accounts,
	                                .balance = 100 * UNIT,
	                                .seed = 1,
	                                .delay_min_ms = 1,
	                                .delay_max_ms = 3,
	                                .commit_ms = 2};
}

static struct payment *pay(struct network *n, uint32_t from, uint32_t to, amount_t amount, uint64_t nonce)
{
	return fixture_payment(network_fixture(n), from, to, amount, network_now_s(n) + 300, nonce);
}

static uint64_t height_of(const struct network *n, uint32_t node)
{
	struct replica_status status;

	network_status(n, node, &status);
	return status.final_height;
}

/* ---- 3: a crash between a vote's commit and its sending ---- */

#define VOTES_MAX 4096

struct voted { /* signatures, by which a vote is known whether it is sent by itself or in a proposal */
	uint8_t stored[4][VOTES_MAX][SIGNATURE_SIZE], sent[4][VOTES_MAX][SIGNATURE_SIZE];
	uint32_t stored_count[4], sent_count[4];
};

static void hear_stored(void *context, uint32_t node, enum journal_table table, const struct bytes *value, bool durable,
                        uint64_t final_view)
{
	struct voted *voted = context;
	struct vote vote;

	(void)final_view;
	if (table != JOURNAL_VOTE || !durable)
		return;
	ck_assert_int_eq(vote_decode(value->data, value->size, &vote), 0);
	ck_assert_uint_lt(voted->stored_count[node], VOTES_MAX);
	memcpy(voted->stored[node][voted->stored_count[node]++], vote.signature, SIGNATURE_SIZE);
}

static void hear_sent(void *context, uint32_t node, const struct bytes *message)
{
	struct voted *voted = context;
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);
	const uint8_t *signature = NULL;
	struct vote vote;

	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_VOTE && vote_decode(m->vote.data, m->vote.len, &vote) == 0 &&
	    vote.voter == node)
		signature = vote.signature;
	if (m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE)
		signature = m->propose->signature.data;
	if (signature && voted->sent_count[node] < VOTES_MAX)
		memcpy(voted->sent[node][voted->sent_count[node]++], signature, SIGNATURE_SIZE);
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

static bool was_sent(const struct voted *voted, uint32_t node, const uint8_t signature[SIGNATURE_SIZE])
{
	for (uint32_t i = 0; i < voted->sent_count[node]; i++)
		if (memcmp(voted->sent[node][i], signature, SIGNATURE_SIZE) == 0)
			return true;
	return false;
}

static bool all_down(struct network *n, void *context)
{
	(void)context;
	for (uint32_t i = 0; i < 4; i++)
		if (network_up(n, i))
			return false;
	return true;
}

START_TEST(votes_stored_and_not_sent_are_sent_the_same_after_the_crash)
{
	static struct voted voted;
	struct network_options o = options(8);
	uint32_t unsent_in_all = 0;

	o.journal = hear_stored;
	o.tap = hear_sent;
	o.tap_context = &voted;
	for (uint64_t round = 0; round < 20; round++) {
		memset(&voted, 0, sizeof(voted));
		o.seed = round;
		struct network *n = network_new(&o);
		network_start_all(n);
		network_run(n, 1000 + 7 * round, NULL, NULL);
		struct payment *payment = pay(n, 0, 1, UNIT, round);
		network_submit(n, 0, 1, payment);
		network_run(n, round % 8, NULL, NULL);
		for (uint32_t i = 0; i < 4; i++)
			network_crash_at_commit(n, i, true);
		network_run(n, 3000, all_down, NULL); /* who is left has nothing more to store */
		for (uint32_t i = 0; i < 4; i++)
			if (network_up(n, i))
				network_crash(n, i);
		uint32_t unsent[4][64], unsent_count[4] = {0};
		for (uint32_t i = 0; i < 4; i++)
			for (uint32_t k = 0; k < voted.stored_count[i]; k++)
				if (!was_sent(&voted, i, voted.stored[i][k]))
					unsent[i][unsent_count[i]++] = k;
		network_start_all(n);
		network_run(n, 5000, NULL, NULL);
		network_submit(n, 0, 2, payment);
		ck_assert(network_run(n, 20000, network_paid, payment));
		for (uint32_t i = 0; i < 4; i++) {
			unsent_in_all += unsent_count[i];
			for (uint32_t k = 0; k < unsent_count[i]; k++)
				ck_assert_msg(was_sent(&voted, i, voted.stored[i][unsent[i][k]]),
				              "round %u: validator %u never sent a vote that it has stored",
				              (unsigned)round, i);
		}
		payment_free(payment);
		network_free(n);
	}
	ck_assert_uint_gt(unsent_in_all, 20); /* it did come to that */
}
END_TEST

/* ---- 49, 50: who is away is told a chain that is none ---- */

#define CHAIN_MAX 5u

struct told_chain {
	struct block *blocks[CHAIN_MAX];
	uint32_t count;
	struct certificate *certificate;
};

/* A chain on the genesis, final by the keys of `f`. */
static void make_chain(const struct fixture *f, uint32_t count, const struct hash *root, struct told_chain *chain)
{
	const struct header *parent = NULL;

	chain->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct payment *payment = fixture_payment(f, 0, 7, UNIT, FIXTURE_TIME_S + 300, i);
		chain->blocks[i] = fixture_block(f, parent, 1 + i, &payment, 1, root);
		parent = &chain->blocks[i]->header;
	}
	chain->certificate = fixture_certificate(f, CERT_FF, parent->view, &parent->id, 4);
}

static void say(struct network *n, uint32_t from, uint32_t to, const Uncia__Pb__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;

	ck_assert_int_eq(canonical_encode(&message->base, &bytes, &size), 0);
	network_inject(n, from, to, bytes, size);
	free(bytes);
}

/* Validator 3 says to validator 0 that it is far ahead, and gives the chain whenever it may have been asked. */
static void tell_chain(struct network *n, const struct told_chain *chain)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;
	Uncia__Pb__Blob blobs[CHAIN_MAX], *list[CHAIN_MAX];

	status.final_height = status.final_view = chain->count;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	message.status = &status;
	say(n, 3, 0, &message);
	reply.tip_height = chain->count;
	for (uint32_t i = 0; i < chain->count; i++) {
		const struct block *block = chain->blocks[i];
		uncia__pb__blob__init(&blobs[i]);
		list[i] = &blobs[i];
		ck_assert_int_eq(block_encode(&block->header, block->payments, block->count, &blobs[i].data.data,
		                              &blobs[i].data.len),
		                 0);
	}
	reply.blocks = list;
	reply.n_blocks = chain->count;
	reply.certificate = (ProtobufCBinaryData){.len = chain->certificate->size, .data = chain->certificate->bytes};
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	message.sync_reply = &reply;
	for (int i = 0; i < 50; i++) {
		say(n, 3, 0, &message);
		network_run(n, 20, NULL, NULL);
	}
	for (uint32_t i = 0; i < chain->count; i++)
		free(blobs[i].data.data);
}

/* Validator 0, linked with validator 3 alone, is told a chain of so many blocks, after `spoil`. Returns the height that
 * it believes. signing: whose keys; NULL: the committee's. */
static uint64_t believed_height(const struct fixture *signing, uint32_t count, void (*spoil)(struct told_chain *chain))
{
	struct network_options o = options(8);
	struct told_chain chain;
	struct replica_status status;

	struct network *n = network_new(&o);
	network_start(n, 0);
	network_start(n, 3);
	network_pause(n, 3, 3000); /* what it says is injected */
	network_run(n, 20, NULL, NULL);
	network_status(n, 0, &status);
	make_chain(signing ? signing : network_fixture(n), count, &status.state_root, &chain);
	if (spoil)
		spoil(&chain);
	tell_chain(n, &chain);
	uint64_t height = height_of(n, 0);
	/* Others are heard all the same; but where the chain is believed, its certificate holds votes of theirs. */
	network_start(n, 1);
	network_start(n, 2);
	struct payment *payment = pay(n, 1, 2, UNIT, 99);
	network_submit(n, 0, 1, payment);
	ck_assert(network_run(n, 30000, network_paid, payment) == !height);
	network_status(n, 1, &status);
	ck_assert_int_eq(status.voting, height ? VOTING_STALE_JOURNAL : VOTING_YES);
	payment_free(payment);
	for (uint32_t i = 0; i < chain.count; i++)
		block_free(chain.blocks[i]);
	free(chain.certificate);
	network_free(n);
	return height;
}

static void leave_one_out(struct told_chain *chain)
{
	block_free(chain->blocks[1]);
	chain->count--;
	for (uint32_t i = 1; i < chain->count; i++)
		chain->blocks[i] = chain->blocks[i + 1];
}

/* Another block of the same height and view. */
static void exchange_one(struct told_chain *chain)
{
	struct header *header = &chain->blocks[1]->header;

	header->timestamp_ms++;
	ck_assert_int_eq(header_encode(header), 0);
}

static void add_one(struct told_chain *chain)
{
	chain->count--;
	block_free(chain->blocks[chain->count]);
	free(chain->certificate);
	/* Final is the block before the last one. */
	static struct fixture f;
	fixture_init(&f, 4, 8, 100 * UNIT);
	const struct header *final = &chain->blocks[chain->count - 2]->header;
	chain->certificate = fixture_certificate(&f, CERT_FF, final->view, &final->id, 4);
	fixture_deinit(&f);
}

static void only_notarise(struct told_chain *chain)
{
	static struct fixture f;

	free(chain->certificate);
	fixture_init(&f, 4, 8, 100 * UNIT);
	const struct header *last = &chain->blocks[chain->count - 1]->header;
	chain->certificate = fixture_certificate(&f, CERT_N, last->view, &last->id, 4);
	fixture_deinit(&f);
}

START_TEST(a_chain_is_believed_by_the_certificate_of_its_own_committee_only)
{
	static struct fixture other;

	ck_assert_uint_eq(believed_height(NULL, 1, NULL), 1);
	/* The same genesis, and other keys for the votes of all four. */
	fixture_init(&other, 4, 8, 100 * UNIT);
	for (uint32_t i = 0; i < 4; i++) {
		struct fixture_validator stranger;
		fixture_validator(40 + i, &stranger);
		memcpy(other.validators[i].consensus.secret_key, stranger.consensus.secret_key, SECRET_KEY_SIZE);
	}
	ck_assert_uint_eq(believed_height(&other, 1, NULL), 0);
	ck_assert_uint_eq(believed_height(&other, CHAIN_MAX, NULL), 0);
	fixture_deinit(&other);
	ck_assert_uint_eq(believed_height(NULL, 1, only_notarise), 0);
	ck_assert_uint_eq(believed_height(NULL, CHAIN_MAX, leave_one_out), 0);
	ck_assert_uint_eq(believed_height(NULL, CHAIN_MAX, exchange_one), 0);
	ck_assert_uint_eq(believed_height(NULL, 3, add_one), 0);
}
END_TEST

/* ---- 12: a restored backup that catches up before anybody has told it of the votes that it lost ---- */

struct heard_page {
	uint8_t *bytes;
	size_t size;
};

static void hear_page(void *context, uint32_t node, const struct bytes *message)
{
	struct heard_page *page = context;
	Uncia__Pb__PeerMessage *m = uncia__pb__peer_message__unpack(NULL, message->size, message->data);

	if (node == 0 && m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY && m->sync_reply->n_blocks) {
		free(page->bytes);
		page->bytes = malloc(message->size);
		ck_assert_ptr_nonnull(page->bytes);
		memcpy(page->bytes, message->data, message->size);
		page->size = message->size;
	}
	uncia__pb__peer_message__free_unpacked(m, NULL);
}

START_TEST(an_old_journal_that_catches_up_first_does_not_vote_either)
{
	struct network_options o = options(8);
	struct heard_page page = {0};
	struct replica_status status;
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus far = UNCIA__PB__PEER_STATUS__INIT;
	Uncia__Pb__SyncRequest request = UNCIA__PB__SYNC_REQUEST__INIT;

	o.tap = hear_page;
	o.tap_context = &page;
	struct network *n = network_new(&o);
	network_start_all(n);
	network_run(n, 2000, NULL, NULL);
	struct memory_store *backup = network_backup(n, 1);
	uint64_t backed_up = height_of(n, 1);
	network_run(n, 4000, NULL, NULL);
	network_crash(n, 1);
	network_run(n, 4000, NULL, NULL);
	/* Nobody hears it, and it hears nothing but what is said for validator 3. */
	for (uint32_t i = 0; i < 4; i++) {
		network_cut(n, 1, i, true);
		network_cut(n, i, 1, i != 3);
	}
	network_pause(n, 3, 3000);
	network_replace_store(n, 1, backup);
	network_start(n, 1);
	network_run(n, 20, NULL, NULL);
	far.final_height = far.final_view = 1000;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	message.status = &far;
	say(n, 3, 1, &message);
	request.from_height = backed_up; /* and on, whatever had been final there */
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
	message.sync_request = &request;
	for (int i = 0; i < 100; i++) {
		request.from_height = height_of(n, 1) + 1;
		say(n, 3, 0, &message);
		network_run(n, 10, NULL, NULL);
		if (page.bytes)
			network_inject(n, 3, 1, page.bytes, page.size);
		network_run(n, 10, NULL, NULL);
	}
	ck_assert_uint_gt(height_of(n, 1), backed_up + 5);
	network_status(n, 1, &status);
	ck_assert_int_eq(status.voting, VOTING_NO);
	for (uint32_t i = 0; i < 4; i++) {
		network_cut(n, 1, i, false);
		network_cut(n, i, 1, false);
	}
	network_run(n, 5000, NULL, NULL);
	network_status(n, 1, &status);
	ck_assert_int_eq(status.voting, VOTING_STALE_JOURNAL);
	free(page.bytes);
	network_free(n);
}
END_TEST

/* ---- 42: a key of mixed order, whose signature some libraries accept and others do not ---- */

/* A point of order 8. */
static void small_point(uint8_t point[32])
{
	unit_hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", point, 32);
}

/* Signs by hand, with a point of order 8 in R where that is asked for; else with one nonce after the other, until the
 * equation without the cofactor holds: for a key with such a point every eighth does. */
static void sign_by_hand(const uint8_t key[PUBLIC_KEY_SIZE], const uint8_t scalar[32], bool small_in_r,
                         const struct hash *digest, uint8_t signature[SIGNATURE_SIZE])
{
	uint8_t nonce[32] = {0}, hash[crypto_hash_sha512_BYTES], reduced[32], product[32];
	crypto_hash_sha512_state state;

	do {
		nonce[0]++;
		ck_assert_uint_ne(nonce[0], 0);
		ck_assert_int_eq(crypto_scalarmult_ed25519_base_noclamp(signature, nonce), 0);
		if (small_in_r) {
			uint8_t order_8[32];
			small_point(order_8);
			ck_assert_int_eq(crypto_core_ed25519_add(signature, signature, order_8), 0);
		}
		crypto_hash_sha512_init(&state);
		crypto_hash_sha512_update(&state, signature, 32);
		crypto_hash_sha512_update(&state, key, PUBLIC_KEY_SIZE);
		crypto_hash_sha512_update(&state, digest->b, HASH_SIZE);
		crypto_hash_sha512_final(&state, hash);
		crypto_core_ed25519_scalar_reduce(reduced, hash);
		crypto_core_ed25519_scalar_mul(product, reduced, scalar);
		crypto_core_ed25519_scalar_add(signature + 32, product, nonce);
	} while (!small_in_r && crypto_sign_verify_detached(signature, digest->b, HASH_SIZE, key) != 0);
}

/* A payment that is signed by hand with this key. */
static struct payment *payment_by_hand(const struct fixture *f, const uint8_t key[PUBLIC_KEY_SIZE],
                                       const uint8_t scalar[32], bool small_in_r, uint32_t expires_at)
{
	struct fixture_key any, to;
	struct output output = {.amount = UNIT};
	struct payment draft = {.expires_at = expires_at,
	                        .currency = f->genesis.currency,
	                        .outputs = &output,
	                        .output_count = 1},
	               *unsigned_one, *payment;
	uint8_t signature[SIGNATURE_SIZE], *bytes;
	size_t size;

	fixture_account(0, &any);
	fixture_account(1, &to);
	output.to = to.address;
	ck_assert_int_eq(payment_make(&f->genesis.network_id, &draft, key, any.secret_key, &unsigned_one), 0);
	sign_by_hand(key, scalar, small_in_r, &unsigned_one->digest, signature);
	Uncia__Pb__SignedPayment *pb = uncia__pb__signed_payment__unpack(NULL, unsigned_one->size, unsigned_one->bytes);
	ck_assert_ptr_nonnull(pb);
	memcpy(pb->signature.data, signature, SIGNATURE_SIZE);
	ck_assert_int_eq(canonical_encode(&pb->base, &bytes, &size), 0);
	ck_assert_int_eq(payment_decode(&f->genesis.network_id, bytes, size, &payment), 0);
	uncia__pb__signed_payment__free_unpacked(pb, NULL);
	free(bytes);
	payment_free(unsigned_one);
	return payment;
}

START_TEST(a_key_of_mixed_order_is_never_bound)
{
	struct network_options o = options(8);
	uint8_t scalar[32] = {5}, honest[32], order_8[32], key[PUBLIC_KEY_SIZE];
	struct fixture_key payer;
	struct output output = {.amount = 10 * UNIT};
	size_t before, count, refusals = 0;

	struct network *n = network_new(&o);
	small_point(order_8);
	ck_assert_int_eq(crypto_scalarmult_ed25519_base_noclamp(honest, scalar), 0);
	ck_assert_int_eq(crypto_core_ed25519_add(key, honest, order_8), 0);
	network_start_all(n);
	network_run(n, 500, NULL, NULL);
	fixture_account(0, &payer);
	address_of_key(key, &output.to);
	struct payment *funds =
	    fixture_payment_outputs(network_fixture(n), &payer, &output, 1, network_now_s(n) + 300, 1);
	network_submit(n, 0, 1, funds);
	ck_assert(network_run(n, 5000, network_paid, funds));
	struct payment *payment = payment_by_hand(network_fixture(n), key, scalar, false, network_now_s(n) + 300);
	ck_assert_int_eq(
	    crypto_sign_verify_detached(payment->signature, payment->digest.b, HASH_SIZE, payment->public_key), 0);
	ck_assert(!payment_signature_valid(payment));
	network_replies(n, &before);
	for (uint32_t node = 0; node < 4; node++)
		network_submit(n, node, 10 + node, payment);
	ck_assert(!network_run(n, 5000, network_paid, payment));
	const struct reply *replies = network_replies(n, &count);
	for (size_t i = before; i < count; i++) {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, replies[i].size, replies[i].message);
		refusals += reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL &&
		            reply->refusal->code == (uint32_t)-UNCIA_E_SIGNATURE;
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
	ck_assert_uint_eq(refusals, 4);
	payment_free(funds);
	payment_free(payment);
	network_free(n);
}
END_TEST

/* libsodium alone refuses it; a batch could not tell it from others. */
START_TEST(a_signature_with_a_point_of_small_order_in_r_pays_like_any)
{
	struct network_options o = options(8);
	uint8_t scalar[32] = {5}, key[PUBLIC_KEY_SIZE];
	struct fixture_key payer;
	struct output output = {.amount = 10 * UNIT};

	struct network *n = network_new(&o);
	ck_assert_int_eq(crypto_scalarmult_ed25519_base_noclamp(key, scalar), 0);
	network_start_all(n);
	network_run(n, 500, NULL, NULL);
	fixture_account(0, &payer);
	address_of_key(key, &output.to);
	struct payment *funds =
	    fixture_payment_outputs(network_fixture(n), &payer, &output, 1, network_now_s(n) + 300, 1);
	network_submit(n, 0, 1, funds);
	ck_assert(network_run(n, 5000, network_paid, funds));
	for (int i = 0; i < 2; i++) { /* while its key is bound to nothing, and when it is */
		struct payment *payment =
		    payment_by_hand(network_fixture(n), key, scalar, true, network_now_s(n) + 300 + (uint32_t)i);
		ck_assert(crypto_sign_verify_detached(payment->signature, payment->digest.b, HASH_SIZE,
		                                      payment->public_key) != 0);
		ck_assert(payment_signature_valid(payment));
		network_submit(n, 1, 10 + (uint32_t)i, payment);
		ck_assert(network_run(n, 5000, network_paid, payment));
		payment_free(payment);
	}
	payment_free(funds);
	network_free(n);
}
END_TEST

/* ---- 46: floods, in a whole network ---- */

#define FLOOD_SENDERS 40

START_TEST(floods_from_one_and_from_many_do_not_keep_others_payments_from_being_final)
{
	struct network_options o = options(FLOOD_SENDERS + 2);
	struct replica_status status;

	struct network *n = network_new(&o);
	network_start_all(n);
	network_run(n, 500, NULL, NULL);
	/* One floods with more than its share, to every validator; forty with what is theirs. */
	for (uint64_t i = 0; i < 150; i++) {
		struct payment *payment = pay(n, 0, 1, UNIT / 10, i);
		for (uint32_t node = 0; node < 4; node++)
			network_submit(n, node, 1000 + i, payment);
		payment_free(payment);
	}
	for (uint64_t i = 0; i < 5 * FLOOD_SENDERS; i++) {
		struct payment *payment = pay(n, 2 + i % FLOOD_SENDERS, 0, UNIT, 1000 + i);
		network_submit(n, i % 4, 2000 + i, payment);
		payment_free(payment);
	}
	struct payment *payment = pay(n, 1, 2, UNIT, 5000);
	network_submit(n, 2, 1, payment);
	ck_assert(network_run(n, 2000, network_paid, payment));
	/* What was over the limit was refused, and all that was taken comes to its end. */
	size_t count, limits = 0;
	const struct reply *replies = network_replies(n, &count);
	for (size_t i = 0; i < count; i++) {
		Uncia__Pb__NodeReply *reply = uncia__pb__node_reply__unpack(NULL, replies[i].size, replies[i].message);
		limits += reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL &&
		          reply->refusal->code == (uint32_t)-UNCIA_E_FULL;
		uncia__pb__node_reply__free_unpacked(reply, NULL);
	}
	ck_assert_uint_ge(limits, 4 * (150 - 2 * MEMPOOL_PER_SENDER_DEFAULT));
	network_run(n, 10000, NULL, NULL);
	for (uint32_t node = 0; node < 4; node++) {
		network_status(n, node, &status);
		ck_assert_uint_eq(status.mempool, 0);
	}
	payment_free(payment);
	network_free(n);
}
END_TEST

/* ---- 53: keys chosen to collide ---- */

START_TEST(keys_that_collide_under_one_seed_do_not_under_another)
{
	static unsigned char counts[1024];
	static const uint8_t known[16] = "the seed guessed", true_one[16] = "the seed in use!";
	unsigned found = 0, most = 0;

	/* Five hundred addresses of one bucket, as somebody would choose them who knew the seed. */
	for (uint64_t i = 0; found < 500; i++) {
		struct address address = {{0}};
		memcpy(address.b, &i, sizeof(i));
		if (overlay_hash(known, &address, sizeof(address)) % 1024 != 7)
			continue;
		found++;
		unsigned bucket = overlay_hash(true_one, &address, sizeof(address)) % 1024;
		if (++counts[bucket] > most)
			most = counts[bucket];
	}
	ck_assert_uint_le(most, 8);
}
END_TEST

UNIT_MAIN("faults", votes_stored_and_not_sent_are_sent_the_same_after_the_crash,
          a_chain_is_believed_by_the_certificate_of_its_own_committee_only,
          an_old_journal_that_catches_up_first_does_not_vote_either, a_key_of_mixed_order_is_never_bound,
          a_signature_with_a_point_of_small_order_in_r_pays_like_any,
          floods_from_one_and_from_many_do_not_keep_others_payments_from_being_final,
          keys_that_collide_under_one_seed_do_not_under_another)
