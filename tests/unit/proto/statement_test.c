/* Statements: the bytes that are signed, and votes read from them again. */
#include "statement.h"
#include "big_endian.h"
#include "uncia/error.h"
#include "unit.h"

static const struct hash network = {{1, 2, 3}};

static struct vote some_vote(enum vote_kind kind)
{
	struct vote vote = {.epoch = 5, .kind = kind, .view = 77, .voter = 9};
	if (vote_kind_names_block(kind))
		memset(vote.block_id.b, 0xb1, HASH_SIZE);
	return vote;
}

START_TEST(statement_of_a_vote_is_read_as_it_was_made)
{
	for (int kind = VOTE_NOTAR1; kind <= VOTE_FINAL; kind++) {
		const struct vote vote = some_vote((enum vote_kind)kind);
		struct statement statement;
		struct vote read;
		struct hash digest;
		statement_of_vote(&network, &vote, &statement);
		ck_assert_int_eq(statement.kind, STATEMENT_VOTE);
		ck_assert_uint_eq(statement_size(statement.kind), 49);
		vote_digest(&network, 5, vote.kind, 77, &vote.block_id, &digest);
		ck_assert(hash_equal(&statement.digest, &digest));
		ck_assert_int_eq(statement_read_vote(statement.bytes, &read), 0);
		ck_assert_uint_eq(read.epoch, 5);
		ck_assert_int_eq(read.kind, kind);
		ck_assert_uint_eq(read.view, 77);
		ck_assert(hash_equal(&read.block_id, &vote.block_id));
		ck_assert_uint_eq(read.voter, 0);
	}
}
END_TEST

START_TEST(statement_that_no_vote_makes_is_not_read)
{
	struct statement statement;
	struct vote read, vote = some_vote(VOTE_SKIP1);
	statement_of_vote(&network, &vote, &statement);
	statement.bytes[48] = 1; /* a block, where the kind names none */
	ck_assert_int_eq(statement_read_vote(statement.bytes, &read), UNCIA_E_ENCODING);
	statement.bytes[48] = 0;
	ck_assert_int_eq(statement_read_vote(statement.bytes, &read), 0);
	for (unsigned kind = 0; kind < 256; kind++) {
		statement.bytes[8] = (uint8_t)kind;
		ck_assert_int_eq(statement_read_vote(statement.bytes, &read),
		                 kind >= VOTE_NOTAR1 && kind <= VOTE_FINAL ? 0 : UNCIA_E_ENCODING);
	}
	vote.view = 0;
	statement_of_vote(&network, &vote, &statement);
	ck_assert_int_eq(statement_read_vote(statement.bytes, &read), UNCIA_E_ENCODING);
}
END_TEST

START_TEST(statement_of_an_expiry_signs_what_its_digest_does)
{
	const struct payment_id id = {{4, 5, 6}};
	struct statement statement;
	struct hash digest;
	statement_of_expiry(&network, &id, 1000, 2000, &statement);
	expiry_digest(&network, &id, 1000, 2000, &digest);
	ck_assert(hash_equal(&statement.digest, &digest));
	ck_assert_uint_eq(statement_size(statement.kind), 48);
	ck_assert_mem_eq(statement.bytes, id.b, sizeof(id.b));
	ck_assert_uint_eq(be64_get(statement.bytes + 32), 1000);
	ck_assert_uint_eq(be64_get(statement.bytes + 40), 2000);
}
END_TEST

UNIT_MAIN("statement", statement_of_a_vote_is_read_as_it_was_made, statement_that_no_vote_makes_is_not_read,
          statement_of_an_expiry_signs_what_its_digest_does)
