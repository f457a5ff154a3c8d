/* The change of a committee: one form, approved by enough, moving no more than it may; and the receipts that prove the
 * next committee by the one before. */
#include "reconfigure.h"
#include "consensus.pb-c.h"
#include "fields.h"
#include "fixture.h"
#include "uncia/error.h"
#include "unit.h"

static struct fixture f; /* seven validators of weight 1: F = 2, P = 0, Qs = 5, Qf = 7 */
#define NETWORK   (&f.genesis.network_id)
#define COMMITTEE (&f.genesis.committee)
#define SIZE      7u
#define EXPIRES   (FIXTURE_TIME_S + 3600)
#define NEW       40u /* the first number of keys that nobody has */

static struct fixture_validator newcomers[SIZE];
static uint8_t joinings[SIZE][SIGNATURE_SIZE];

static void join_sign(const struct fixture_validator *key, const struct validator *validator, uint64_t epoch,
                      uint8_t signature[SIGNATURE_SIZE])
{
	struct hash digest;
	reconfigure_join_digest(NETWORK, epoch, validator, &digest);
	sign_digest(key->consensus.secret_key, &digest, signature);
}

/* Seven members: `leaving` of the present ones have made way for as many new ones. */
static struct reconfigure_draft draft_of(uint32_t leaving)
{
	struct reconfigure_draft draft = {.expires_at = EXPIRES, .faulty = 2, .slow = 0, .size = SIZE};
	for (uint32_t i = 0; i < SIZE; i++) {
		struct validator *v = &draft.members[i].validator;
		*v = COMMITTEE->validators[i];
		draft.members[i].address = "validator.example.org:7400";
		if (i >= leaving)
			continue;
		fixture_validator(NEW + i, &newcomers[i]);
		memcpy(v->consensus_key, newcomers[i].consensus.public_key, 32);
		memcpy(v->network_key, newcomers[i].network_public, 32);
		join_sign(&newcomers[i], v, 1, joinings[i]);
		draft.members[i].joining = joinings[i];
	}
	return draft;
}

static int make(const struct reconfigure_draft *draft)
{
	struct reconfigure *r;
	int rc = reconfigure_make(NETWORK, COMMITTEE, draft, &r);
	if (!rc)
		free(r);
	return rc;
}

static struct reconfigure *made(const struct reconfigure_draft *draft)
{
	struct reconfigure *r;
	ck_assert_int_eq(reconfigure_make(NETWORK, COMMITTEE, draft, &r), 0);
	return r;
}

/* Approved by the members whose bits are set. */
static void approve(struct reconfigure *r, uint32_t members, uint8_t **bytes, size_t *size)
{
	r->approver_count = 0;
	for (uint32_t i = 0; i < SIZE; i++) {
		if (!(members >> i & 1))
			continue;
		r->approvals[r->approver_count].validator = i;
		sign_digest(f.validators[i].consensus.secret_key, &r->digest,
		            r->approvals[r->approver_count++].signature);
	}
	ck_assert_int_eq(reconfigure_sign(COMMITTEE, r, bytes, size), 0);
}

static int decode(const void *bytes, size_t size)
{
	struct reconfigure *r;
	int rc = reconfigure_decode(NETWORK, COMMITTEE, bytes, size, &r);
	if (rc)
		return rc;
	rc = reconfigure_verify(NETWORK, COMMITTEE, r);
	free(r);
	return rc;
}

static void approved(const struct reconfigure_draft *draft, uint32_t members, uint8_t **bytes, size_t *size)
{
	struct reconfigure *r = made(draft);
	approve(r, members, bytes, size);
	free(r);
}

START_TEST(change_decodes_to_what_was_made)
{
	struct reconfigure_draft draft = draft_of(2);
	struct reconfigure *r, *back;
	uint8_t *bytes;
	size_t size;
	draft.members[3].websocket = "wss://v3.example.org/uncia";
	r = made(&draft);
	approve(r, 0x1f, &bytes, &size);
	ck_assert_int_eq(reconfigure_decode(NETWORK, COMMITTEE, bytes, size, &back), 0);
	ck_assert_int_eq(reconfigure_verify(NETWORK, COMMITTEE, back), 0);
	ck_assert_uint_eq(back->epoch, 0);
	ck_assert_uint_eq(back->next.epoch, 1);
	ck_assert_uint_eq(back->next.size, SIZE);
	ck_assert_uint_eq(back->next.faulty, 2);
	ck_assert_uint_eq(back->expires_at, EXPIRES);
	ck_assert(!back->force);
	ck_assert_uint_eq(back->approver_count, 5);
	ck_assert_mem_eq(back->digest.b, r->digest.b, HASH_SIZE);
	ck_assert_mem_eq(back->next.hash.b, r->next.hash.b, HASH_SIZE);
	ck_assert(!hash_equal(&back->next.hash, &COMMITTEE->hash));
	for (uint32_t i = 0; i < SIZE; i++) {
		ck_assert(back->joins[i] == (i < 2));
		ck_assert_str_eq(back->places[i].address, "validator.example.org:7400");
		ck_assert_str_eq(back->places[i].websocket, i == 3 ? "wss://v3.example.org/uncia" : "");
	}
	ck_assert_uint_eq(back->body_size, r->body_size);
	ck_assert_mem_eq(back->body, r->body, r->body_size);
	free(bytes);
	free(back);
	free(r);
}
END_TEST

/* The signature to join, and so the one that approves it, is of this network, epoch, keys and weight. */
START_TEST(every_signature_is_looked_at_and_covers_everything)
{
	struct reconfigure_draft draft = draft_of(1);
	uint8_t *bytes;
	size_t size;
	approved(&draft, 0x1f, &bytes, &size);
	ck_assert_int_eq(decode(bytes, size), 0);
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_ne(decode(bytes, size), 0);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		ck_assert_int_ne(decode(bytes, cut), 0);
	free(bytes);
	join_sign(&newcomers[0], &draft.members[0].validator, 2, joinings[0]);
	approved(&draft, 0x1f, &bytes, &size);
	ck_assert_int_eq(decode(bytes, size), UNCIA_E_SIGNATURE);
	free(bytes);
	struct validator other = draft.members[0].validator;
	other.weight++;
	join_sign(&newcomers[0], &other, 1, joinings[0]);
	approved(&draft, 0x1f, &bytes, &size);
	ck_assert_int_eq(decode(bytes, size), UNCIA_E_SIGNATURE);
	free(bytes);
}
END_TEST

START_TEST(a_quorum_approves_and_no_less)
{
	struct reconfigure_draft draft = draft_of(1);
	uint8_t *bytes;
	size_t size;
	for (uint32_t members = 0; members < 1u << SIZE; members++) {
		approved(&draft, members, &bytes, &size);
		ck_assert_int_eq(decode(bytes, size), __builtin_popcount(members) >= 5 ? 0 : UNCIA_E_PROOF);
		free(bytes);
	}
	draft.force = true;
	approved(&draft, 0x3f, &bytes, &size);
	ck_assert_int_eq(decode(bytes, size), UNCIA_E_PROOF);
	free(bytes);
	approved(&draft, 0x7f, &bytes, &size);
	ck_assert_int_eq(decode(bytes, size), 0);
	free(bytes);
}
END_TEST

START_TEST(no_more_weight_goes_or_comes_than_may_be_faulty)
{
	for (uint32_t leaving = 0; leaving <= SIZE; leaving++) {
		struct reconfigure_draft draft = draft_of(leaving);
		ck_assert_int_eq(make(&draft), leaving <= 2 ? 0 : UNCIA_E_CONFIG);
		draft.force = true;
		ck_assert_int_eq(make(&draft), 0);
	}
	/* A weight that grows counts as coming, one that falls as leaving, member by member. */
	struct reconfigure_draft draft = draft_of(0);
	draft.members[0].validator.weight = 4;
	draft.faulty = 3;
	ck_assert_int_eq(make(&draft), 0);
	draft.members[0].validator.weight = 5;
	ck_assert_int_eq(make(&draft), UNCIA_E_CONFIG);
	draft = draft_of(0);
	for (uint32_t i = 0; i < SIZE; i++)
		draft.members[i].validator.weight = 100;
	draft.faulty = 233;
	ck_assert_int_eq(make(&draft), UNCIA_E_CONFIG);
	draft.force = true;
	ck_assert_int_eq(make(&draft), 0);
	/* New weight is held against the next F: one newcomer among seven equals is not too much, a heavier one is. */
	draft = draft_of(1);
	draft.members[0].validator.weight = 3;
	join_sign(&newcomers[0], &draft.members[0].validator, 1, joinings[0]);
	ck_assert_int_eq(make(&draft), UNCIA_E_CONFIG);
	draft.force = true;
	ck_assert_int_eq(make(&draft), 0);
	/* Members that are left out leave. */
	draft = draft_of(0);
	draft.size = 5;
	draft.faulty = 1;
	ck_assert_int_eq(make(&draft), 0);
	draft.size = 4;
	ck_assert_int_eq(make(&draft), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(what_no_committee_can_be_is_refused)
{
	struct reconfigure_draft draft = draft_of(0);
	draft.faulty = 3;
	ck_assert_int_eq(make(&draft), UNCIA_E_CONFIG);
	draft = draft_of(0);
	draft.size = 0;
	ck_assert_int_eq(make(&draft), UNCIA_E_CONFIG);
	draft = draft_of(0);
	draft.members[1].validator = draft.members[0].validator;
	ck_assert_int_eq(make(&draft), UNCIA_E_CONFIG);
	draft = draft_of(0);
	draft.expires_at = 0;
	ck_assert_int_eq(make(&draft), UNCIA_E_ENCODING);
	static const char *const addresses[] = {"",        "host", "host:0", "host:65536",
	                                        "ho st:1", ":1",   "[::1]",  "host:01"};
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		draft = draft_of(0);
		draft.members[2].address = addresses[i];
		ck_assert_int_eq(make(&draft), UNCIA_E_CONFIG);
	}
	draft = draft_of(0);
	draft.members[2].address = "[::1]:7400";
	draft.members[2].websocket = "http://example.org/";
	ck_assert_int_eq(make(&draft), UNCIA_E_CONFIG);
}
END_TEST

START_TEST(a_signature_to_join_is_there_for_new_keys_alone)
{
	struct reconfigure_draft draft = draft_of(1);
	draft.members[0].joining = NULL;
	ck_assert_int_eq(make(&draft), UNCIA_E_PROOF);
	draft = draft_of(1);
	draft.members[1].joining = joinings[0];
	ck_assert_int_eq(make(&draft), UNCIA_E_PROOF);
}
END_TEST

START_TEST(another_epoch_is_refused)
{
	struct reconfigure_draft draft = draft_of(0);
	struct reconfigure *r = made(&draft), *back;
	static struct committee later;
	ck_assert_int_eq(committee_init(&later, 1, COMMITTEE->validators, SIZE, 2, 0), 0);
	ck_assert_int_eq(reconfigure_read(NETWORK, &later, r->body, r->body_size, &back), UNCIA_E_PROOF);
	ck_assert_int_eq(committee_init(&later, UINT64_MAX, COMMITTEE->validators, SIZE, 2, 0), 0);
	ck_assert_int_eq(reconfigure_make(NETWORK, &later, &draft, &back), UNCIA_E_PROOF);
	free(r);
}
END_TEST

START_TEST(bytes_past_the_limit_are_refused_unread)
{
	static uint8_t bytes[RECONFIGURE_SIZE_MAX + 1];
	struct reconfigure *r;
	ck_assert_int_eq(reconfigure_decode(NETWORK, COMMITTEE, bytes, sizeof(bytes), &r), UNCIA_E_LIMIT);
	ck_assert_int_eq(reconfigure_read(NETWORK, COMMITTEE, bytes, sizeof(bytes), &r), UNCIA_E_LIMIT);
	ck_assert_int_eq(reconfigure_decode(NETWORK, COMMITTEE, bytes, 0, &r), UNCIA_E_ENCODING);
}
END_TEST

/* ---- the last block of an epoch ---- */

#define CLOSING 3

/* The block that holds the change, and closing ones upon it. */
struct end {
	uint8_t *change;
	size_t change_size;
	struct header header, closing[CLOSING];
	const struct header *descendants[CLOSING];
};

static void end_init(struct end *end)
{
	struct reconfigure_draft draft = draft_of(1);
	struct hash root = fixture_hash(1);
	approved(&draft, 0x1f, &end->change, &end->change_size);
	fixture_header(&f, NULL, 3, NULL, 0, &root, &end->header);
	end->header.reconfigures = true;
	hash1(HASH_RECONFIGURE, end->change, end->change_size, &end->header.reconfigure);
	ck_assert_int_eq(header_encode(&end->header), 0);
	const struct header *parent = &end->header;
	for (uint32_t i = 0; i < CLOSING; i++) {
		fixture_header(&f, parent, 5 + 2 * i, NULL, 0, &root, &end->closing[i]);
		end->closing[i].closing = true;
		ck_assert_int_eq(header_encode(&end->closing[i]), 0);
		end->descendants[i] = parent = &end->closing[i];
	}
}

static void end_receipt(const struct end *end, uint32_t descendants, uint8_t **bytes, size_t *size)
{
	const struct header *last = descendants ? end->descendants[descendants - 1] : &end->header;
	struct certificate *c = fixture_certificate(&f, CERT_SF, last->view, &last->id, 5);
	const struct receipt_proof proof = {end->descendants, descendants, {c->bytes, c->size}};
	ck_assert_int_eq(
	    epoch_receipt_make(&end->header, &(struct bytes){end->change, end->change_size}, &proof, bytes, size), 0);
	free(c);
}

static int receipt(const void *bytes, size_t size)
{
	struct epoch_receipt e;
	int rc = epoch_receipt_verify(COMMITTEE, NETWORK, bytes, size, &e);
	if (!rc)
		free(e.reconfigure);
	return rc;
}

START_TEST(a_committee_proves_the_next_one)
{
	struct end end;
	end_init(&end);
	for (uint32_t descendants = 0; descendants <= CLOSING; descendants++) {
		struct epoch_receipt e;
		uint8_t *bytes;
		size_t size;
		end_receipt(&end, descendants, &bytes, &size);
		ck_assert_int_eq(epoch_receipt_verify(COMMITTEE, NETWORK, bytes, size, &e), 0);
		ck_assert_mem_eq(e.header.id.b, end.header.id.b, HASH_SIZE);
		ck_assert_uint_eq(e.reconfigure->next.epoch, 1);
		free(e.reconfigure);
		free(bytes);
	}
	free(end.change);
}
END_TEST

START_TEST(no_bit_of_an_epoch_receipt_may_differ)
{
	struct end end;
	uint8_t *bytes;
	size_t size;
	end_init(&end);
	end_receipt(&end, 1, &bytes, &size);
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_ne(receipt(bytes, size), 0);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		ck_assert_int_ne(receipt(bytes, cut), 0);
	free(bytes);
	free(end.change);
}
END_TEST

/* Behind the block that ends an epoch only closing ones make it final, and they make nothing else so. */
START_TEST(closing_blocks_follow_the_end_of_an_epoch_alone)
{
	struct end end;
	uint8_t *bytes;
	size_t size;
	end_init(&end);
	end.closing[0].closing = false;
	ck_assert_int_eq(header_encode(&end.closing[0]), 0);
	end_receipt(&end, 1, &bytes, &size);
	ck_assert_int_eq(receipt(bytes, size), UNCIA_E_PROOF);
	free(bytes);
	/* On an ordinary block a closing one is none. */
	end.header.reconfigures = false;
	end.closing[0].closing = true;
	ck_assert_int_eq(header_encode(&end.header), 0);
	end.closing[0].parent_id = end.header.id;
	ck_assert_int_eq(header_encode(&end.closing[0]), 0);
	end_receipt(&end, 1, &bytes, &size);
	ck_assert_int_eq(receipt(bytes, size), UNCIA_E_PROOF);
	free(bytes);
	free(end.change);
}
END_TEST

START_TEST(a_receipt_names_the_very_change_of_its_block)
{
	struct end end;
	uint8_t *bytes;
	size_t size;
	struct reconfigure_draft draft = draft_of(1);
	end_init(&end);
	free(end.change);
	approved(&draft, 0x7f, &end.change, &end.change_size); /* the same change, approved by others */
	end_receipt(&end, 0, &bytes, &size);
	ck_assert_int_eq(receipt(bytes, size), UNCIA_E_PROOF);
	free(bytes);
	free(end.change);
}
END_TEST

START_TEST(blocks_carry_the_change_that_their_header_names)
{
	struct end end;
	struct block *block;
	uint8_t *bytes;
	size_t size;
	end_init(&end);
	const struct bytes change = {end.change, end.change_size};
	ck_assert_int_eq(block_encode_reconfigure(&end.header, &change, &bytes, &size), 0);
	ck_assert_int_eq(block_decode(NETWORK, bytes, size, &block), 0);
	ck_assert(block->header.reconfigures && !block->header.closing && block->count == 0);
	ck_assert_uint_eq(block->reconfigure_size, end.change_size);
	ck_assert_mem_eq(block->reconfigure, end.change, end.change_size);
	block_free(block);
	free(bytes);
	const struct bytes shorter = {end.change, end.change_size - 1};
	ck_assert_int_eq(block_encode_reconfigure(&end.header, &shorter, &bytes, &size), 0);
	ck_assert_int_eq(block_decode(NETWORK, bytes, size, &block), UNCIA_E_PROOF);
	free(bytes);
	ck_assert_int_eq(block_encode(&end.header, NULL, 0, &bytes, &size), 0); /* none at all */
	ck_assert_int_eq(block_decode(NETWORK, bytes, size, &block), UNCIA_E_PROOF);
	free(bytes);
	/* One that the header does not name. */
	Uncia__Pb__Block pb = UNCIA__PB__BLOCK__INIT;
	pb.header = field_of(end.closing[0].bytes, end.closing[0].size);
	pb.reconfigure = field_of(end.change, end.change_size);
	ck_assert_int_eq(canonical_encode(&pb.base, &bytes, &size), 0);
	ck_assert_int_eq(block_decode(NETWORK, bytes, size, &block), UNCIA_E_PROOF);
	free(bytes);
	free(end.change);
}
END_TEST

/* The marks of an epoch's end exclude each other, and payments. */
START_TEST(headers_have_one_mark_and_no_payments_beside_it)
{
	struct end end;
	struct header back;
	end_init(&end);
	for (uint32_t i = 0; i < 8; i++) {
		Uncia__Pb__BlockHeader pb = UNCIA__PB__BLOCK_HEADER__INIT;
		uint8_t bytes[HEADER_SIZE_MAX];
		pb.height = 1;
		pb.parent_id = field_of(end.header.parent_id.b, HASH_SIZE);
		pb.payments_root = field_of(end.header.payments_root.b, HASH_SIZE);
		pb.parent_state_root = field_of(end.header.parent_state_root.b, HASH_SIZE);
		pb.committee_hash = field_of(end.header.committee_hash.b, HASH_SIZE);
		pb.payment_count = i >> 2 & 1;
		pb.closing = i >> 1 & 1;
		pb.reconfigure = field_of(end.header.reconfigure.b, i & 1 ? HASH_SIZE : 0);
		size_t size = protobuf_c_message_pack(&pb.base, bytes);
		int rc = header_decode(bytes, size, &back);
		ck_assert_int_eq(rc, (i & 3) == 3 || ((i & 3) && i >> 2) ? UNCIA_E_ENCODING : 0);
		if (rc)
			continue;
		ck_assert(back.reconfigures == (i & 1) && back.closing == (i >> 1 & 1));
		pb.closing = 2;
		size = protobuf_c_message_pack(&pb.base, bytes);
		ck_assert_int_eq(header_decode(bytes, size, &back), UNCIA_E_ENCODING);
	}
	free(end.change);
}
END_TEST

static void setup(void)
{
	fixture_init(&f, SIZE, 2, 1000000);
}

static void teardown(void)
{
	fixture_deinit(&f);
}

UNIT_MAIN_BETWEEN("reconfigure", setup, teardown, change_decodes_to_what_was_made,
                  every_signature_is_looked_at_and_covers_everything, a_quorum_approves_and_no_less,
                  no_more_weight_goes_or_comes_than_may_be_faulty, what_no_committee_can_be_is_refused,
                  a_signature_to_join_is_there_for_new_keys_alone, another_epoch_is_refused,
                  bytes_past_the_limit_are_refused_unread, a_committee_proves_the_next_one,
                  no_bit_of_an_epoch_receipt_may_differ, closing_blocks_follow_the_end_of_an_epoch_alone,
                  a_receipt_names_the_very_change_of_its_block, blocks_carry_the_change_that_their_header_names,
                  headers_have_one_mark_and_no_payments_beside_it)
