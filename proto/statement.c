/* See statement.h. */
#include "statement.h"
#include <assert.h>
#include "big_endian.h"
#include "uncia/error.h"

size_t statement_size(enum statement_kind kind)
{
	assert(kind == STATEMENT_VOTE || kind == STATEMENT_EXPIRY);
	return kind == STATEMENT_VOTE ? STATEMENT_VOTE_SIZE : STATEMENT_EXPIRY_SIZE;
}

void statement_of_vote(const struct hash *network_id, const struct vote *vote, struct statement *statement)
{
	*statement = (struct statement){.kind = STATEMENT_VOTE};
	be64_put(statement->bytes, vote->epoch);
	statement->bytes[8] = (uint8_t)vote->kind;
	be64_put(statement->bytes + 9, vote->view);
	if (vote_kind_names_block(vote->kind))
		memcpy(statement->bytes + 17, vote->block_id.b, HASH_SIZE);
	hash2(HASH_VOTE, network_id->b, HASH_SIZE, statement->bytes, STATEMENT_VOTE_SIZE, &statement->digest);
}

void statement_of_expiry(const struct hash *network_id, const struct payment_id *id, uint64_t height,
                         uint64_t timestamp_ms, struct statement *statement)
{
	*statement = (struct statement){.kind = STATEMENT_EXPIRY};
	memcpy(statement->bytes, id->b, sizeof(id->b));
	be64_put(statement->bytes + 32, height);
	be64_put(statement->bytes + 40, timestamp_ms);
	hash2(HASH_EXPIRY, network_id->b, HASH_SIZE, statement->bytes, STATEMENT_EXPIRY_SIZE, &statement->digest);
}

int statement_read_vote(const uint8_t bytes[STATEMENT_VOTE_SIZE], struct vote *vote)
{
	struct vote read = {.epoch = be64_get(bytes), .view = be64_get(bytes + 9)};
	bool named = vote_kind_names_block(bytes[8]);
	if (bytes[8] < VOTE_NOTAR1 || bytes[8] > VOTE_FINAL || !read.view)
		return UNCIA_E_ENCODING;
	read.kind = (enum vote_kind)bytes[8];
	memcpy(read.block_id.b, bytes + 17, HASH_SIZE);
	if (!named && !hash_equal(&read.block_id, &(struct hash){{0}}))
		return UNCIA_E_ENCODING;
	*vote = read;
	return 0;
}
