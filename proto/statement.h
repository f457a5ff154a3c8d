/* What a validator signs with its consensus key: the statement of a vote, or its word on an expiry
 * (docs/spec/consensus.md 6.3, wallet.md 7.7). Whoever signs is given the statement, not its digest alone, so that it
 * can judge what it is asked for. Threads: any. */
#ifndef STATEMENT_H
#define STATEMENT_H
#include "entry_id.h"
#include "hash.h"
#include "payment.h"
#include "vote.h"

enum statement_kind { STATEMENT_VOTE = 1, STATEMENT_EXPIRY = 2 };

#define STATEMENT_VOTE_SIZE   49u /* epoch u64, kind u8, view u64, block id (zero where the kind names none) */
#define STATEMENT_EXPIRY_SIZE 48u /* payment id, height u64, timestamp_ms u64 */
#define STATEMENT_SIZE_MAX    STATEMENT_VOTE_SIZE

struct statement {
	enum statement_kind kind;
	uint8_t bytes[STATEMENT_SIZE_MAX]; /* statement_size of them; zeros behind */
	struct hash digest;                /* what is signed: the hash of the network id and these bytes */
	uint64_t past_view; /* of a vote: views up to it are past on this validator's disk, so that it never
	                     * asks for a vote in them again; filled in by the replica */
};

/* How many bytes a statement of that kind has. */
size_t statement_size(enum statement_kind kind);
/* Makes the statement of a vote, whose voter and signature are not read. past_view is 0. */
void statement_of_vote(const struct hash *network_id, const struct vote *vote, struct statement *statement);
/* Makes the word that a payment is not in the ledger at that height, of that time. */
void statement_of_expiry(const struct hash *network_id, const struct payment_id *id, uint64_t height,
                         uint64_t timestamp_ms, struct statement *statement);
/* Reads the statement of a vote from its bytes: epoch, kind, view and block id; the rest is zero. Returns 0, or
 * UNCIA_E_ENCODING for a kind that is none, a view of 0, or a block id where the kind names none. */
int statement_read_vote(const uint8_t bytes[STATEMENT_VOTE_SIZE], struct vote *vote);

#endif
