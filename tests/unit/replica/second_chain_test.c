/* A second chain under the network's id (node/replica/second_chain.c): what proves it ends a validator, and what does
 * not changes nothing. All keys are at hand here, so that a second chain is as easily made as the first. */
#include "big_endian.h"
#include "message.pb-c.h"
#include "network.h"
#include "uncia/error.h"
#include "unit.h"

#define UNIT      INT64_C(1000000)
#define CHAIN_MAX 16u

static struct network *n;
static uint64_t tip_height, tip_view; /* of node 0 */
static size_t pages;                  /* with blocks, that node 0 has given */

static void see(void *context, uint32_t node, const struct bytes *bytes)
{
	(void)context;
	if (node || bytes->data[0] >> 3 != UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY)
		return;
	Uncia__Pb__PeerMessage *message = uncia__pb__peer_message__unpack(NULL, bytes->size, bytes->data);
	ck_assert_ptr_nonnull(message);
	pages += message->sync_reply->n_blocks > 0;
	uncia__pb__peer_message__free_unpacked(message, NULL);
}

static void say(uint32_t from, const Uncia__Pb__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;

	ck_assert_int_eq(canonical_encode(&message->base, &bytes, &size), 0);
	network_inject(n, from, 0, bytes, size);
	free(bytes);
}

static void say_certificate(const struct certificate *certificate)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;

	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
	message.certificate = (ProtobufCBinaryData){.len = certificate->size, .data = certificate->bytes};
	say(3, &message);
}

static enum voting_state voting(void)
{
	struct replica_status status;

	network_status(n, 0, &status);
	return status.voting;
}

static bool at_three(struct network *network, void *context)
{
	struct replica_status status;

	(void)context;
	network_status(network, 0, &status);
	return status.final_height >= 3;
}

static bool ended(struct network *network, void *context)
{
	(void)context;
	return network_end(network, 0) != 0;
}

/* Four validators have a chain of a few blocks; then node 0 is linked with validator 3 alone, which is silent. */
static void setup(void)
{
	struct replica_status status;

	n = network_new(&(struct network_options){.validators = 4,
	                                          .accounts = 8,
	                                          .balance = 100 * UNIT,
	                                          .seed = 1,
	                                          .delay_min_ms = 1,
	                                          .delay_max_ms = 3,
	                                          .commit_ms = 2,
	                                          .tap = see});
	pages = 0;
	network_start_all(n);
	ck_assert(network_run(n, 30000, at_three, NULL));
	network_run(n, 50, NULL, NULL);
	network_crash(n, 1);
	network_crash(n, 2);
	network_pause(n, 3, 600000);
	network_run(n, 20, NULL, NULL);
	network_status(n, 0, &status);
	tip_height = status.final_height;
	tip_view = status.final_view;
}

static void teardown(void)
{
	network_free(n);
}

static void must_end(void)
{
	network_expect_end(n, 0);
	ck_assert(network_run(n, 10000, ended, NULL));
	ck_assert_int_eq(network_end(n, 0), REPLICA_E_FAULTY);
}

/* Whether the proof is in the journal, under that view. */
static bool keeps_proof(uint64_t view)
{
	struct storage_view store;
	struct bytes value;
	uint8_t key[12];

	be64_put(key, view);
	be32_put(key + 8, JOURNAL_SECOND_CHAIN);
	network_view(n, 0, &store);
	return store.journal_get(store.context, JOURNAL_EVIDENCE, key, sizeof(key), &value) == 0 && !value.data[0];
}

/* Another chain on the genesis, final at its end by everybody's votes; its views lie above the first one's. */
struct other {
	struct block *blocks[CHAIN_MAX];
	uint32_t count;
	struct certificate *certificate;
};

static void other_make(struct other *o, uint32_t count)
{
	const struct fixture *f = network_fixture(n);
	const struct header *parent = NULL;
	struct hash root = fixture_hash(1);

	ck_assert_uint_le(count, CHAIN_MAX);
	o->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct payment *payment = fixture_payment(f, 0, 7, UNIT, FIXTURE_TIME_S + 300, i);
		o->blocks[i] = fixture_block(f, parent, tip_view + 1 + i, &payment, 1, &root);
		parent = &o->blocks[i]->header;
	}
	o->certificate = fixture_certificate(f, CERT_FF, parent->view, &parent->id, 4);
}

static void other_free(struct other *o)
{
	for (uint32_t i = 0; i < o->count; i++)
		block_free(o->blocks[i]);
	free(o->certificate);
}

/* Validator 3 says that it is ahead, and gives the blocks from `from` on whenever it may have been asked. */
static void tell_page(const struct other *o, uint32_t from)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;
	Uncia__Pb__Blob blobs[CHAIN_MAX], *list[CHAIN_MAX];

	status.final_height = status.final_view = tip_height + 100;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	message.status = &status;
	say(3, &message);
	reply.tip_height = status.final_height;
	for (uint32_t i = from; i < o->count; i++) {
		const struct block *block = o->blocks[i];
		uncia__pb__blob__init(&blobs[i - from]);
		list[i - from] = &blobs[i - from];
		ck_assert_int_eq(block_encode(&block->header, block->payments, block->count, &blobs[i - from].data.data,
		                              &blobs[i - from].data.len),
		                 0);
	}
	reply.blocks = list;
	reply.n_blocks = o->count - from;
	reply.certificate = (ProtobufCBinaryData){.len = o->certificate->size, .data = o->certificate->bytes};
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	message.sync_reply = &reply;
	for (int i = 0; i < 50 && !network_end(n, 0); i++) {
		say(3, &message);
		network_run(n, 20, NULL, NULL);
	}
	for (uint32_t i = from; i < o->count; i++)
		free(blobs[i - from].data.data);
}

START_TEST(a_final_certificate_of_a_past_view_that_is_not_on_the_chain_ends_it)
{
	struct hash block = fixture_hash(9);
	struct certificate *c = fixture_certificate(network_fixture(n), CERT_SF, tip_view - 1, &block, 4);

	say_certificate(c);
	network_run(n, 50, NULL, NULL);
	ck_assert_int_eq(voting(), VOTING_ENDED);
	must_end();
	ck_assert(keeps_proof(tip_view - 1));
	free(c);
}
END_TEST

/* Everybody's votes that the tip is final in a view that is not its own, a past or a later one. */
static void names_the_tip_with(uint64_t view)
{
	struct replica_status status;
	network_status(n, 0, &status);
	struct certificate *c = fixture_certificate(network_fixture(n), CERT_FF, view, &status.final_id, 4);

	say_certificate(c);
	network_run(n, 50, NULL, NULL);
	ck_assert_int_eq(voting(), VOTING_ENDED);
	must_end();
	ck_assert(keeps_proof(view));
	free(c);
}

START_TEST(a_certificate_that_names_the_tip_with_a_past_view_ends_it)
{
	names_the_tip_with(tip_view - 1);
}
END_TEST

/* It would be decided without end. */
START_TEST(a_certificate_that_names_the_tip_with_a_later_view_ends_it)
{
	names_the_tip_with(tip_view + 5);
}
END_TEST

START_TEST(until_it_ends_it_answers_validators_and_no_wallets)
{
	struct hash block = fixture_hash(9);
	struct certificate *c = fixture_certificate(network_fixture(n), CERT_FF, 1, &block, 4);
	struct payment *payment = fixture_payment(network_fixture(n), 0, 1, UNIT, network_now_s(n) + 60, 1);
	size_t before, after;

	say_certificate(c);
	network_run(n, 50, NULL, NULL);
	ck_assert_int_eq(voting(), VOTING_ENDED);
	network_replies(n, &before);
	network_submit(n, 0, 1, payment);
	network_run(n, 2000, NULL, NULL);
	network_replies(n, &after);
	ck_assert_uint_eq(before, after);
	ck_assert(network_up(n, 0)); /* 3 s are not over */
	must_end();
	payment_free(payment);
	free(c);
}
END_TEST

static void ask_for_pages(void)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncRequest request = UNCIA__PB__SYNC_REQUEST__INIT;

	request.from_height = 1;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
	message.sync_request = &request;
	say(3, &message);
}

/* Who is behind on the other chain has no block in the views of this one's certificates: it is a page that shows it. */
START_TEST(until_it_ends_it_gives_pages_of_its_chain)
{
	struct hash block = fixture_hash(9);
	struct certificate *c = fixture_certificate(network_fixture(n), CERT_FF, 1, &block, 4);

	say_certificate(c);
	network_run(n, 50, NULL, NULL);
	ck_assert_int_eq(voting(), VOTING_ENDED);
	ck_assert_uint_eq(pages, 0);
	ask_for_pages();
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(pages, 1);
	network_run(n, 2500, NULL, NULL);
	ask_for_pages();
	network_run(n, 100, NULL, NULL);
	ck_assert_uint_eq(pages, 2);
	must_end();
	free(c);
}
END_TEST

/* A disk that stands still for longer than it stays to answer: ended without the proof, it would be started again. */
START_TEST(it_does_not_end_before_the_proof_is_durable)
{
	struct hash block = fixture_hash(9);
	struct certificate *c = fixture_certificate(network_fixture(n), CERT_FF, 1, &block, 4);

	network_set_commit(n, 10000);
	say_certificate(c);
	network_run(n, 9000, NULL, NULL);
	ck_assert_int_eq(voting(), VOTING_ENDED);
	ck_assert(network_up(n, 0) && !keeps_proof(1));
	must_end();
	ck_assert(keeps_proof(1));
	free(c);
}
END_TEST

/* And where it stands still for ever, it ends all the same. */
START_TEST(a_disk_that_takes_no_proof_does_not_keep_it_from_ending)
{
	struct hash block = fixture_hash(9);
	struct certificate *c = fixture_certificate(network_fixture(n), CERT_FF, 1, &block, 4);

	network_set_commit(n, 3600000);
	say_certificate(c);
	network_run(n, 25000, NULL, NULL);
	ck_assert(network_up(n, 0));
	must_end();
	free(c);
}
END_TEST

START_TEST(what_is_not_signed_by_a_quorum_or_makes_nothing_final_proves_nothing)
{
	const struct fixture *f = network_fixture(n);
	struct hash block = fixture_hash(9);
	struct certificate *notarised = fixture_certificate(f, CERT_N, tip_view - 1, &block, 4);
	struct certificate *forged = fixture_certificate(f, CERT_SF, tip_view - 1, &block, 4);

	say_certificate(notarised);
	network_run(n, 50, NULL, NULL);
	forged->bytes[forged->size - 1] ^= 1;
	say_certificate(forged);
	network_run(n, 5000, NULL, NULL);
	ck_assert_int_eq(voting(), VOTING_YES);
	ck_assert(!keeps_proof(tip_view - 1));
	free(notarised);
	free(forged);
}
END_TEST

START_TEST(certificates_of_its_own_chain_prove_nothing)
{
	struct storage_view store;
	struct bytes key, value;
	uint8_t next[JOURNAL_KEY_MAX + 1] = {0};
	size_t size = 8, count = 0;

	network_view(n, 0, &store);
	while (!store.journal_seek(store.context, JOURNAL_CERT, next, size, &key, &value)) {
		struct certificate *c;
		size = key.size + 1;
		memcpy(next, key.data, key.size);
		next[key.size] = 0;
		ck_assert_int_eq(certificate_decode(&network_fixture(n)->genesis.committee, value.data, value.size, &c),
		                 0);
		say_certificate(c);
		free(c);
		count++;
	}
	ck_assert_uint_gt(count, 3);
	network_run(n, 5000, NULL, NULL);
	ck_assert_int_eq(voting(), VOTING_YES);
}
END_TEST

/* A final certificate of a past view is searched for in the journal: nobody has that done without end. */
START_TEST(a_flood_of_past_certificates_is_left_and_hides_no_second_chain)
{
	struct replica_status before, after;
	struct storage_view store;
	struct certificate *c;
	struct bytes value;
	struct hash block;
	uint8_t key[8];

	network_view(n, 0, &store);
	be64_put(key, 1);
	ck_assert_int_eq(store.journal_get(store.context, JOURNAL_FINAL, key, sizeof(key), &value), 0);
	memcpy(block.b, value.data + 8, HASH_SIZE);
	c = fixture_certificate(network_fixture(n), CERT_FF, be64_get(value.data), &block, 4);
	network_status(n, 0, &before);
	for (int i = 0; i < 500; i++)
		say_certificate(c);
	free(c);
	network_run(n, 100, NULL, NULL);
	network_status(n, 0, &after);
	ck_assert_uint_ge(after.dropped, before.dropped + 300);
	ck_assert_int_eq(voting(), VOTING_YES);
	block = fixture_hash(9);
	c = fixture_certificate(network_fixture(n), CERT_SF, tip_view - 1, &block, 4);
	say_certificate(c);
	network_run(n, 100, NULL, NULL);
	free(c);
	ck_assert_int_eq(voting(), VOTING_ENDED);
	must_end();
}
END_TEST

START_TEST(a_page_that_grows_from_another_block_than_the_tip_ends_who_asked_for_it)
{
	struct other o;

	other_make(&o, (uint32_t)tip_height + 2);
	network_expect_end(n, 0);
	tell_page(&o, (uint32_t)tip_height); /* from tip_height + 1 on */
	must_end();
	ck_assert(keeps_proof(o.certificate->view));
	other_free(&o);
}
END_TEST

START_TEST(a_page_with_another_block_of_a_height_that_is_final_ends_who_asked_for_it)
{
	struct other o;

	other_make(&o, (uint32_t)tip_height + 2);
	network_expect_end(n, 0);
	tell_page(&o, 1);
	must_end();
	other_free(&o);
}
END_TEST

static void unlink_one(struct other *o)
{
	struct header *header = &o->blocks[o->count - 2]->header;

	header->timestamp_ms++;
	ck_assert_int_eq(header_encode(header), 0);
}

START_TEST(a_page_whose_certificate_is_not_of_its_blocks_proves_nothing)
{
	struct other o;

	other_make(&o, (uint32_t)tip_height + 2);
	unlink_one(&o);
	tell_page(&o, (uint32_t)tip_height);
	other_free(&o);
	other_make(&o, (uint32_t)tip_height + 2);
	o.certificate->bytes[o.certificate->size - 1] ^= 1;
	tell_page(&o, (uint32_t)tip_height);
	other_free(&o);
	network_run(n, 5000, NULL, NULL);
	ck_assert_int_eq(voting(), VOTING_YES);
	ck_assert(network_up(n, 0));
}
END_TEST

UNIT_MAIN_BETWEEN("second_chain", setup, teardown, a_final_certificate_of_a_past_view_that_is_not_on_the_chain_ends_it,
                  a_certificate_that_names_the_tip_with_a_past_view_ends_it,
                  a_certificate_that_names_the_tip_with_a_later_view_ends_it,
                  it_does_not_end_before_the_proof_is_durable, a_disk_that_takes_no_proof_does_not_keep_it_from_ending,
                  until_it_ends_it_answers_validators_and_no_wallets, until_it_ends_it_gives_pages_of_its_chain,
                  what_is_not_signed_by_a_quorum_or_makes_nothing_final_proves_nothing,
                  certificates_of_its_own_chain_prove_nothing,
                  a_flood_of_past_certificates_is_left_and_hides_no_second_chain,
                  a_page_that_grows_from_another_block_than_the_tip_ends_who_asked_for_it,
                  a_page_with_another_block_of_a_height_that_is_final_ends_who_asked_for_it,
                  a_page_whose_certificate_is_not_of_its_blocks_proves_nothing)
