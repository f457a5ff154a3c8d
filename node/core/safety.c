/* Alone decides what is signed. Every own vote is made here, after the rule that allows it, journaled in the same step,
 * and sent and counted only when the journal is durable (consensus §6, "Durable before sent"). */
#include "parts.h"

bool safety_may_vote(const struct replica *r)
{
	return r->voting == VOTING_YES && !r->low_space;
}

static struct own_votes safety_own(const struct replica *r, const struct view *view)
{
	return (struct own_votes){.settled = view->number <= r->chain.tip->header.view,
	                          .first = view->own_first,
	                          .any_extra = view->own_extra_count > 0 || view->own_skip2,
	                          .final = view->own_final};
}

static bool own_first_is(const struct view *view, const struct hash *block_id)
{
	return view->own_first == FIRST_BLOCK && hash_equal(&view->own_block, block_id);
}

/* Notes a vote as cast: by us now, or found in the journal. */
static int safety_note(struct view *view, const struct vote *vote)
{
	struct vote *votes = realloc(view->own_votes, (view->own_vote_count + 1) * sizeof(*votes));

	if (!votes)
		return UNCIA_E_MEMORY;
	view->own_votes = votes;
	switch (vote->kind) {
	case VOTE_NOTAR1:
		view->own_first = FIRST_BLOCK;
		view->own_block = vote->block_id;
		break;
	case VOTE_SKIP1:
		view->own_first = FIRST_SKIP;
		break;
	case VOTE_NOTAR2: {
		struct hash *extras = realloc(view->own_extras, (view->own_extra_count + 1) * sizeof(*extras));
		if (!extras)
			return UNCIA_E_MEMORY;
		view->own_extras = extras;
		extras[view->own_extra_count++] = vote->block_id;
		break;
	}
	case VOTE_SKIP2:
		view->own_skip2 = true;
		break;
	case VOTE_FINAL:
		view->own_final = true;
		break;
	}
	votes[view->own_vote_count++] = *vote;
	return 0;
}

static int safety_cast(struct replica *r, struct view *view, enum vote_kind kind, const struct hash *block_id,
                       bool broadcast)
{
	struct vote vote = {.epoch = r->committee->epoch, .kind = kind, .view = view->number, .voter = r->config.self};
	struct hash digest;
	uint8_t key[JOURNAL_KEY_MAX], bytes[256];
	size_t key_size, size;

	assert(safety_may_vote(r));
	if (block_id)
		vote.block_id = *block_id;
	vote_digest(&r->network_id, vote.epoch, kind, vote.view, &vote.block_id, &digest);
	TRY(r->config.sign(r->config.sign_context, &digest, vote.signature));
	TRY(vote_encode(&vote, bytes, &size));
	TRY(safety_note(view, &vote));
	journal_key(key, vote.view, kind, &vote.block_id, &key_size);
	TRY(step_put(&r->step, JOURNAL_VOTE, &(struct bytes){key, key_size}, &(struct bytes){bytes, size}));
	uint64_t sequence = step_sequence(&r->step);
	if (broadcast)
		TRY(message_send_vote(&r->step, sequence, PEER_ALL, &vote));
	TRY(step_outbox_own_vote(&r->step, sequence, &vote));
	r->recheck = true;
	return 0;
}

/* consensus §6 rule 4: NOTAR1, "with no first vote there yet". The block's body, and those of its ancestors, go to the
 * journal in the same commit. A leader's own travels inside its PROPOSE: no broadcast. */
int safety_first_block(struct replica *r, struct view *view, struct chain_block *block, bool broadcast)
{
	struct own_votes own = safety_own(r, view);

	assert(rule_first_vote(&own, view->number <= r->view) && block->header.view == view->number);
	TRY(block_journal(r, block));
	chain_note_payments(&r->chain, block);
	return safety_cast(r, view, VOTE_NOTAR1, &block->header.id, broadcast);
}

/* consensus §6 rules 4 and 5. */
int safety_first_skip(struct replica *r, struct view *view)
{
	struct own_votes own = safety_own(r, view);

	assert(rule_first_vote(&own, view->number <= r->view));
	return safety_cast(r, view, VOTE_SKIP1, NULL, true);
}

/* consensus §6 rule 6: "Each extra vote once per (view, block)". */
int safety_extra(struct replica *r, struct view *view, const struct hash *block_id)
{
	assert(view->own_first != FIRST_NONE && !view->own_final && view->number > r->chain.tip->header.view);
	if (!block_id)
		return view->own_skip2 ? 0 : safety_cast(r, view, VOTE_SKIP2, NULL, true);
	assert(!own_first_is(view, block_id));
	for (uint32_t i = 0; i < view->own_extra_count; i++)
		if (hash_equal(&view->own_extras[i], block_id))
			return 0;
	return safety_cast(r, view, VOTE_NOTAR2, block_id, true);
}

/* consensus §6 rule 7: "own first vote = h, no extras sent"; "after it, no further vote in v". */
int safety_final(struct replica *r, struct view *view)
{
	struct own_votes own = safety_own(r, view);

	assert(rule_final(&own, view->own_first == FIRST_BLOCK, true, true));
	return safety_cast(r, view, VOTE_FINAL, &view->own_block, true);
}

/* A vote from the journal: noted as cast, and counted again like any other (a node whose recovered votes did not count
 * would leave the whole network stuck). */
int safety_recover(struct replica *r, const struct vote *vote)
{
	struct view *view = view_get(r, vote->view);

	if (!view)
		return UNCIA_E_MEMORY;
	TRY(safety_note(view, vote));
	const struct chain_block *block = vote->kind == VOTE_NOTAR1 ? chain_find(&r->chain, &vote->block_id) : NULL;
	if (block)
		chain_note_payments(&r->chain, block);
	return vote_accept(r, vote);
}

/* consensus §6 rule 9: own votes of an unsettled view, the identical bytes. Only what is durable goes out:
 * votes of this very step wait for their commit. */
int safety_resend(struct replica *r, uint32_t peer, const struct view *view)
{
	for (uint32_t i = 0; i < view->own_vote_count; i++)
		TRY(message_send_vote(&r->step, r->step.sequence, peer, &view->own_votes[i]));
	return 0;
}
