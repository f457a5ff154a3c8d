/* What the consensus module puts out is carried out here, and what it has to know of blocks is told. See
 * replica_state.h.
 */
#include "big_endian.h"
#include "replica_state.h"

#define EVIDENCE_MAX 4096u /* pairs of votes kept; more are only counted */

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
	switch (block->state) {
	case CHAIN_INVALID:
		return BLOCK_INVALID;
	case CHAIN_EXECUTED:
	case CHAIN_FINAL:
		return block_is_early(r, block) ? BLOCK_EARLY : BLOCK_VALID;
	case CHAIN_BODY:
		return BLOCK_BODY;
	default:
		return BLOCK_HEADER;
	}
}

static int tell_check(struct replica *r, struct chain_block *block)
{
	return tell_block(r, block, block_check(r, block));
}

/* What is new of blocks. */
static int advance_tell(struct replica *r)
{
	struct chain_block *block;

	while ((block = chain_next_news(&r->chain)))
		TRY(tell_check(r, block));
	return 0;
}

/* Its ancestors are executed and journaled, oldest first, before it is: in as many steps as that takes. */
static int judge_ancestors(struct replica *r, struct chain_block *block, bool *ready)
{
	struct chain_block *oldest;

	*ready = true;
	while ((oldest = chain_unjournaled(&r->chain, block)) && oldest != block && chain_has_body(oldest)) {
		if (!journaling_room(r, oldest)) {
			*ready = false;
			r->more = true;
			return 0;
		}
		int executed = chain_execute(&r->chain, oldest);
		TRY(executed);
		if (!executed)
			return 0;
		journaling_take(r, oldest);
		TRY(journaling_bodies(r, oldest));
	}
	return 0;
}

static int judge_block(struct replica *r, const struct hash *id)
{
	struct chain_block *block = chain_find(&r->chain, id);

	if (!block || !chain_has_body(block))
		return 0; /* forgotten since */
	if (block_is_early(r, block))
		return tell_block(r, block, BLOCK_EARLY);
	bool ready;
	TRY(judge_ancestors(r, block, &ready));
	if (!ready) /* it is judged again in the next step */
		return tell_block(r, block, BLOCK_EARLY);
	TRY(chain_execute(&r->chain, block));
	return tell_check(r, block);
}

/* consensus §6.8: an own vote is journaled in the step that cast it, the first vote for a block together with its body
 * and its ancestors' bodies; it is sent, and counts here, when that commit is durable. A leader's own travels in its
 * PROPOSE. */
static int own_vote(struct replica *r, const struct vote *vote, bool broadcast)
{
	if (vote->kind == VOTE_NOTAR1) {
		struct chain_block *block = chain_find(&r->chain, &vote->block_id);
		assert(block && block->executed);
		TRY(journaling_bodies(r, block));
		chain_note_payments(&r->chain, block);
	}
	TRY(journaling_own_vote(r, vote));
	uint64_t sequence = step_sequence(&r->step);
	r->counters.votes[vote->kind]++;
	if (broadcast)
		TRY(message_send_vote(&r->step, sequence, PEER_ALL, vote));
	return step_outbox_own_vote(&r->step, sequence, vote);
}

static int evidence_out(struct replica *r, const struct vote *first, const struct vote *second)
{
	if (r->evidence++ < EVIDENCE_MAX)
		TRY(journaling_evidence(r, first, second));
	return step_note(&r->step, NOTE_WARNING,
	                 "event=evidence voter=%u view=%llu first=%d second=%d block=%02x%02x%02x%02x", second->voter,
	                 (unsigned long long)second->view, (int)first->kind, (int)second->kind, second->block_id.b[0],
	                 second->block_id.b[1], second->block_id.b[2], second->block_id.b[3]);
}

static int voting_out(struct replica *r, const struct consensus_output *out)
{
	if (out->voting == VOTING_YES && r->low_space)
		return step_note(&r->step, NOTE_WARNING, "event=not_voting why=disk_full view=%llu height=%llu",
		                 (unsigned long long)out->view, (unsigned long long)r->chain.tip->header.height);
	if (out->voting == VOTING_YES)
		return step_note(&r->step, NOTE_INFO, "event=voting view=%llu height=%llu",
		                 (unsigned long long)out->view, (unsigned long long)r->chain.tip->header.height);
	/* Nor does it vote after the next start: the lost vote is journaled. */
	TRY(journaling_newest_votes(r));
	return step_note(&r->step, NOTE_ERROR, "event=stale_journal view=%llu", (unsigned long long)out->view);
}

static int carry_out_one(struct replica *r, const struct consensus_output *out)
{
	const struct header named = {.view = out->view, .id = out->id};

	switch (out->kind) {
	case OUT_JUDGE:
		return judge_block(r, &out->id);
	case OUT_VOTE:
		return own_vote(r, &out->vote, out->broadcast);
	case OUT_CERTIFICATE:
		r->counters.certificates[out->certificate->kind]++;
		TRY(journaling_certificate(r, out->certificate));
		return out->forward ? message_send_certificate(&r->step, PEER_ALL, out->certificate) : 0;
	case OUT_EVIDENCE:
		return evidence_out(r, &out->evidence[0], &out->evidence[1]);
	case OUT_WANT_BODY:
		return chain_want_named(&r->chain, &named, r->step.now_ms,
		                        r->step.now_ms + (out->expected ? SYNC_FETCH_DELAY_MS : 0));
	case OUT_DECIDED:
		return decide(r, &(struct decided){true, false, out->view, out->id, out->view, out->id});
	case OUT_VOTING:
		return voting_out(r, out);
	}
	return 0;
}

int advance_carry_out(struct replica *r)
{
	struct consensus_output out;

	TRY(advance_tell(r));
	while (consensus_next(r->consensus, &out)) {
		TRY(carry_out_one(r, &out));
		TRY(advance_tell(r));
	}
	return 0;
}

/* Rule 3: the block that this validator proposes in its view, if there is to be one now, with its own first vote. */
static int lead_view(struct replica *r, const struct lead *lead)
{
	struct proposed proposed;
	struct vote own;
	int made = proposer_try(r, lead, &proposed);

	TRY(made);
	if (!made)
		return 0;
	TRY(advance_tell(r));
	TRY(tell_check(r, proposed.block)); /* it may have been held before, and early */
	TRY(consensus_propose(r->consensus, lead->view, &proposed.block->header.id, &own));
	TRY(advance_carry_out(r));
	r->counters.proposed++;
	return proposer_send(r, &own, &proposed);
}

/* Goes over the rules until nothing more follows. Votes cast here count only once they are durable, so this ends. */
int advance(struct replica *r)
{
	struct lead lead;

	do {
		TRY(advance_carry_out(r));
		TRY(decide_retry(r));
		TRY(advance_carry_out(r));
		TRY(consensus_advance(r->consensus, proposer_has_work(r)));
		TRY(advance_carry_out(r));
		if (consensus_pending(r->consensus))
			continue; /* votes first, then a proposal, then the timer: a block just judged is not skipped */
		if (consensus_leads(r->consensus, &lead))
			TRY(lead_view(r, &lead));
		TRY(consensus_expire(r->consensus));
		TRY(advance_carry_out(r));
	} while (consensus_pending(r->consensus));
	return 0;
}
