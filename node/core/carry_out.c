/* What the consensus module puts out is carried out here, and what it has to know of blocks is told: the one place
 * where votes, certificates and evidence go to the journal. */
#include "parts.h"

#define EVIDENCE_MAX 4096u /* pairs of votes kept; more are only counted */

int block_journal(struct replica *r, struct chain_block *block)
{
	struct chain_block *oldest;

	while ((oldest = chain_unjournaled(&r->chain, block))) {
		uint8_t key[JOURNAL_KEY_MAX];
		size_t size;
		journal_key(key, oldest->header.view, 0, &oldest->header.id, &size);
		TRY(step_put(&r->step, JOURNAL_BLOCK, &(struct bytes){key, size},
		             &(struct bytes){oldest->bytes, oldest->size}));
		oldest->journaled = true;
	}
	return 0;
}

static int tell_block(struct replica *r, const struct chain_block *block, enum block_check check)
{
	const struct block_facts facts = {
	    .id = block->header.id, .parent_id = block->header.parent_id, .view = block->header.view, .check = check};

	return consensus_block(r->consensus, &facts);
}

/* "at most max(voter's clock + 500 ms, parent's + 1 ms): a block too early waits, it is not skipped" (ledger §5). */
static bool block_is_early(struct replica *r, struct chain_block *block)
{
	const struct chain_block *parent = chain_parent(&r->chain, block);
	uint64_t latest = r->step.wall_ms + BLOCK_CLOCK_AHEAD_MAX_MS;

	if (parent && latest < parent->header.timestamp_ms + 1)
		latest = parent->header.timestamp_ms + 1;
	return block->header.timestamp_ms > latest;
}

/* How far a block has been checked. One that was executed with a descendant may be early all the same. */
static enum block_check block_check(struct replica *r, struct chain_block *block)
{
	if (block->invalid)
		return BLOCK_INVALID;
	if (block->executed)
		return block_is_early(r, block) ? BLOCK_EARLY : BLOCK_VALID;
	return block->complete ? BLOCK_BODY : BLOCK_HEADER;
}

int tell_check(struct replica *r, struct chain_block *block)
{
	return tell_block(r, block, block_check(r, block));
}

/* What is new of blocks. */
int tell_news(struct replica *r)
{
	struct chain_block *block;

	while ((block = chain_next_news(&r->chain)))
		TRY(tell_check(r, block));
	return 0;
}

static int judge(struct replica *r, const struct hash *id)
{
	struct chain_block *block = chain_find(&r->chain, id);

	assert(block && block->complete);
	if (block_is_early(r, block))
		return tell_block(r, block, BLOCK_EARLY);
	TRY(chain_execute(&r->chain, block));
	return tell_check(r, block);
}

/* consensus §6.8: an own vote is journaled in the step that cast it, the first vote for a block together with its body
 * and its ancestors' bodies; it is sent, and counts here, when that commit is durable. A leader's own travels in its
 * PROPOSE. */
static int own_vote(struct replica *r, const struct vote *vote, bool broadcast)
{
	uint8_t key[JOURNAL_KEY_MAX], bytes[256];
	size_t key_size, size;

	if (vote->kind == VOTE_NOTAR1) {
		struct chain_block *block = chain_find(&r->chain, &vote->block_id);
		assert(block && block->executed);
		TRY(block_journal(r, block));
		chain_note_payments(&r->chain, block);
	}
	TRY(vote_encode(vote, bytes, &size));
	journal_key(key, vote->view, vote->kind, &vote->block_id, &key_size);
	TRY(step_put(&r->step, JOURNAL_VOTE, &(struct bytes){key, key_size}, &(struct bytes){bytes, size}));
	uint64_t sequence = step_sequence(&r->step);
	if (broadcast)
		TRY(message_send_vote(&r->step, sequence, PEER_ALL, vote));
	return step_outbox_own_vote(&r->step, sequence, vote);
}

static int certificate_out(struct replica *r, const struct certificate *certificate, bool forward)
{
	uint8_t key[JOURNAL_KEY_MAX];
	size_t size;

	journal_key(key, certificate->view, certificate->kind, &certificate->block_id, &size);
	TRY(step_put(&r->step, JOURNAL_CERT, &(struct bytes){key, size},
	             &(struct bytes){certificate->bytes, certificate->size}));
	return forward ? message_send_certificate(&r->step, PEER_ALL, certificate) : 0;
}

static int evidence_journal(struct replica *r, const struct vote *first, const struct vote *second)
{
	uint8_t key[12], value[1 + 2 * 256];
	size_t size, more;

	be64_put(key, first->view);
	be32_put(key + 8, first->voter);
	TRY(vote_encode(first, value + 1, &size));
	TRY(vote_encode(second, value + 1 + size, &more));
	value[0] = (uint8_t)size;
	return step_put(&r->step, JOURNAL_EVIDENCE, &(struct bytes){key, sizeof(key)},
	                &(struct bytes){value, 1 + size + more});
}

static int evidence_out(struct replica *r, const struct vote *first, const struct vote *second)
{
	if (r->evidence++ < EVIDENCE_MAX)
		TRY(evidence_journal(r, first, second));
	return step_note(&r->step, NOTE_WARNING,
	                 "event=evidence voter=%u view=%llu first=%d second=%d block=%02x%02x%02x%02x", second->voter,
	                 (unsigned long long)second->view, (int)first->kind, (int)second->kind, second->block_id.b[0],
	                 second->block_id.b[1], second->block_id.b[2], second->block_id.b[3]);
}

/* Every validator durably keeps the newest vote of each other one, with the next commit there is. */
int newest_votes_journal(struct replica *r)
{
	const struct vote *vote;

	while ((vote = consensus_newest_unjournaled(r->consensus))) {
		uint8_t key[4], bytes[256];
		size_t size;
		be32_put(key, vote->voter);
		TRY(vote_encode(vote, bytes, &size));
		TRY(step_put(&r->step, JOURNAL_PEER, &(struct bytes){key, sizeof(key)}, &(struct bytes){bytes, size}));
	}
	return 0;
}

static int voting_out(struct replica *r, const struct consensus_output *out)
{
	if (out->voting == VOTING_YES)
		return step_note(&r->step, NOTE_INFO, "event=voting view=%llu height=%llu",
		                 (unsigned long long)out->view, (unsigned long long)r->chain.tip->header.height);
	/* Nor does it vote after the next start: the lost vote is journaled. */
	TRY(newest_votes_journal(r));
	return step_note(&r->step, NOTE_ERROR, "event=stale_journal view=%llu", (unsigned long long)out->view);
}

static int carry_out_one(struct replica *r, const struct consensus_output *out)
{
	const struct header named = {.view = out->view, .id = out->id};

	switch (out->kind) {
	case OUT_JUDGE:
		return judge(r, &out->id);
	case OUT_VOTE:
		return own_vote(r, &out->vote, out->broadcast);
	case OUT_CERTIFICATE:
		return certificate_out(r, out->certificate, out->forward);
	case OUT_EVIDENCE:
		return evidence_out(r, &out->evidence[0], &out->evidence[1]);
	case OUT_WANT_BODY:
		return chain_want_named(&r->chain, &named, r->step.now_ms,
		                        r->step.now_ms + (out->expected ? BLOCK_FETCH_DELAY_MS : 0));
	case OUT_DECIDED:
		return finality_decide(r, out->view, &out->id);
	case OUT_VOTING:
		return voting_out(r, out);
	}
	return 0;
}

int carry_out(struct replica *r)
{
	struct consensus_output out;

	TRY(tell_news(r));
	while (consensus_next(r->consensus, &out)) {
		TRY(carry_out_one(r, &out));
		TRY(tell_news(r));
	}
	return 0;
}

/* Goes over the rules until nothing more follows. Votes cast here count only once they are durable, so this ends. */
int rules_run(struct replica *r)
{
	struct lead lead;

	do {
		TRY(carry_out(r));
		TRY(finality_retry(r));
		TRY(carry_out(r));
		TRY(consensus_advance(r->consensus, proposal_work(r)));
		TRY(carry_out(r));
		if (consensus_leads(r->consensus, &lead))
			TRY(proposal_try(r, &lead));
		TRY(consensus_expire(r->consensus));
		TRY(carry_out(r));
	} while (consensus_pending(r->consensus));
	return 0;
}
