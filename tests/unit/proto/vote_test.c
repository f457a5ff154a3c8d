/* Votes: one encoding of each, and a digest that binds everything said. */
#include "vote.h"
#include "big_endian.h"
#include "canonical.h"
#include "consensus.pb-c.h"
#include "fields.h"
#include "fixture.h"
#include "uncia/error.h"
#include "unit.h"

static struct fixture f;
static const enum vote_kind kinds[] = {VOTE_NOTAR1, VOTE_SKIP1, VOTE_NOTAR2, VOTE_SKIP2, VOTE_FINAL};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct vote some_vote(enum vote_kind kind)
{
	struct hash id = fixture_hash(3);
	struct vote vote;
	fixture_vote(&f, kind, 77, &id, 2, &vote);
	return vote;
}

START_TEST(vote_decodes_to_what_was_encoded)
{
	for (size_t k = 0; k < KINDS; k++) {
		struct vote vote = some_vote(kinds[k]), back;
		uint8_t bytes[256];
		size_t size;
		ck_assert_int_eq(vote_encode(&vote, bytes, &size), 0);
		ck_assert_int_eq(vote_decode(bytes, size, &back), 0);
		ck_assert_int_eq(back.kind, kinds[k]);
		ck_assert_uint_eq(back.epoch, vote.epoch);
		ck_assert_uint_eq(back.view, 77);
		ck_assert_uint_eq(back.voter, 2);
		ck_assert_mem_eq(back.block_id.b, vote.block_id.b, HASH_SIZE);
		ck_assert_mem_eq(back.signature, vote.signature, SIGNATURE_SIZE);
		ck_assert(sodium_is_zero(back.block_id.b, HASH_SIZE) == !vote_kind_names_block(kinds[k]));
	}
}
END_TEST

START_TEST(vote_of_largest_numbers_fits)
{
	struct vote vote = some_vote(VOTE_FINAL), back;
	uint8_t bytes[256];
	size_t size;
	vote.epoch = vote.view = UINT64_MAX;
	vote.voter = UINT32_MAX;
	ck_assert_int_eq(vote_encode(&vote, bytes, &size), 0);
	ck_assert_uint_le(size, sizeof(bytes));
	ck_assert_int_eq(vote_decode(bytes, size, &back), 0);
	ck_assert_uint_eq(back.voter, UINT32_MAX);
}
END_TEST

START_TEST(vote_refuses_other_kinds_and_sizes)
{
	static const uint8_t filler[80];
	for (uint32_t kind = 0; kind < 10; kind++)
		for (size_t id_size = 0; id_size <= 33; id_size++)
			for (size_t signature_size = 63; signature_size <= 65; signature_size++) {
				Uncia__Pb__Vote pb = UNCIA__PB__VOTE__INIT;
				pb.kind = kind;
				pb.block_id = field_of(filler, id_size);
				pb.signature = field_of(filler, signature_size);
				uint8_t *bytes;
				size_t size;
				struct vote vote;
				ck_assert_int_eq(canonical_encode(&pb.base, &bytes, &size), 0);
				bool good = kind >= 1 && kind <= 5 && signature_size == 64 &&
				            id_size == (kind == 2 || kind == 4 ? 0 : 32);
				ck_assert_int_eq(vote_decode(bytes, size, &vote), good ? 0 : UNCIA_E_ENCODING);
				free(bytes);
			}
	static const uint8_t large[VOTE_SIZE_MAX + 1];
	struct vote vote;
	ck_assert_int_eq(vote_decode(large, sizeof(large), &vote), UNCIA_E_LIMIT);
	ck_assert_int_eq(vote_decode(large, 0, &vote), UNCIA_E_ENCODING);
}
END_TEST

START_TEST(vote_digest_is_over_the_statement)
{
	for (size_t k = 0; k < KINDS; k++) {
		struct hash id = fixture_hash(3), digest, expected;
		uint8_t statement[49] = {0};
		be64_put(statement, 5);
		statement[8] = (uint8_t)kinds[k];
		be64_put(statement + 9, 77);
		if (vote_kind_names_block(kinds[k]))
			memcpy(statement + 17, id.b, HASH_SIZE);
		hash2(HASH_VOTE, f.genesis.network_id.b, HASH_SIZE, statement, sizeof(statement), &expected);
		vote_digest(&f.genesis.network_id, 5, kinds[k], 77, &id, &digest);
		ck_assert_mem_eq(digest.b, expected.b, HASH_SIZE);
	}
}
END_TEST

START_TEST(vote_digest_differs_by_each_thing_said)
{
	struct hash network = fixture_hash(1), other_network = fixture_hash(2), id = fixture_hash(3),
	            other_id = fixture_hash(4), digests[9];
	size_t n = 0;
	for (size_t k = 0; k < KINDS; k++)
		vote_digest(&network, 1, kinds[k], 1, &id, &digests[n++]);
	vote_digest(&network, 2, VOTE_NOTAR1, 1, &id, &digests[n++]);
	vote_digest(&network, 1, VOTE_NOTAR1, 2, &id, &digests[n++]);
	vote_digest(&network, 1, VOTE_NOTAR1, 1, &other_id, &digests[n++]);
	vote_digest(&other_network, 1, VOTE_NOTAR1, 1, &id, &digests[n++]);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_mem_ne(digests[i].b, digests[j].b, HASH_SIZE);
}
END_TEST

START_TEST(vote_with_a_flipped_bit_is_refused_or_does_not_verify)
{
	for (size_t k = 0; k < KINDS; k++) {
		struct vote vote = some_vote(kinds[k]), out;
		const struct committee *c = &f.genesis.committee;
		uint8_t bytes[256];
		size_t size;
		struct hash digest;
		ck_assert_int_eq(vote_encode(&vote, bytes, &size), 0);
		for (size_t bit = 0; bit < size * 8; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (vote_decode(bytes, size, &out) == 0 && out.voter < c->size) {
				vote_digest(&f.genesis.network_id, out.epoch, out.kind, out.view, &out.block_id,
				            &digest);
				ck_assert(!sign_verify(c->validators[out.voter].consensus_key, &digest, out.signature));
			}
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}
END_TEST

START_TEST(expiry_digest_binds_payment_height_and_time)
{
	struct hash network = fixture_hash(1), digest, expected;
	struct payment_id id;
	uint8_t statement[48];
	memset(id.b, 7, sizeof(id.b));
	memset(statement, 7, 32);
	be64_put(statement + 32, 1000);
	be64_put(statement + 40, FIXTURE_TIME_MS);
	hash2(HASH_EXPIRY, network.b, HASH_SIZE, statement, sizeof(statement), &expected);
	expiry_digest(&network, &id, 1000, FIXTURE_TIME_MS, &digest);
	ck_assert_mem_eq(digest.b, expected.b, HASH_SIZE);
}
END_TEST

int main(void)
{
	fixture_init(&f, 4, 1, 1000000);
	const TTest *tests[] = {
	    vote_decodes_to_what_was_encoded,
	    vote_of_largest_numbers_fits,
	    vote_refuses_other_kinds_and_sizes,
	    vote_digest_is_over_the_statement,
	    vote_digest_differs_by_each_thing_said,
	    vote_with_a_flipped_bit_is_refused_or_does_not_verify,
	    expiry_digest_binds_payment_height_and_time,
	};
	int rc = unit_run("vote", NULL, NULL, tests, sizeof(tests) / sizeof(tests[0]));
	fixture_deinit(&f);
	return rc;
}
