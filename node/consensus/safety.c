/* The last wall: every own vote is made here, after its rule has been checked once more, on evidence that is held:
 * votes and certificates in views.c, what has been told of blocks in facts.c. Whoever asks for a vote is not believed
 * (docs/spec/consensus.md §6 rules 3 to 7). */
#include <assert.h>
#include "state.h"
#include "try.h"
#include "uncia/error.h"

struct own_votes safety_own(const struct consensus *c, const struct view *view)
{
	return (struct own_votes){.past = view->number <= c->final_view,
	                          .first = view->own_first,
	                          .any_extra = view->own_extra_count > 0 || view->own_skip2,
	                          .final = view->own_final};
}

static bool safety_own_block(const struct view *view, const struct hash *block_id)
{
	return view->own_first == FIRST_BLOCK && hash_equal(&view->own_block, block_id);
}

/* Rule 3: the leader's own block; rule 4: "the first proposal from its leader". */
static bool safety_of_leader(const struct consensus *c, const struct view *view, const struct hash *block_id)
{
	const struct hash *first = view_leader_block(c, view);

	return first ? hash_equal(first, block_id) : committee_leader(c->committee, view->number) == c->config.self;
}

/* Rules 3 and 4: "with no first vote there yet", in an open view ≤ the current one, the leader's block, "parent
 * valid, all payments valid". */
static bool safety_notar1(struct consensus *c, const struct view *view, const struct hash *block_id)
{
	const struct own_votes own = safety_own(c, view);
	const struct block_facts *facts = facts_find(c, block_id);

	return rule_first_vote(&own, view->number <= c->view) && facts && facts->check == BLOCK_VALID &&
	       facts->view == view->number && safety_of_leader(c, view, block_id) &&
	       view_parent_valid(c, view->number, &facts->parent_id);
}

/* Rules 4 and 5. */
static bool safety_skip1(const struct consensus *c, const struct view *view)
{
	const struct own_votes own = safety_own(c, view);

	return rule_first_vote(&own, view->number <= c->view);
}

/* Rule 6: "NOTAR1(h) weighs ≥ K", "each extra vote once per (view, block)". */
static bool safety_notar2(const struct consensus *c, const struct view *view, const struct hash *block_id)
{
	const struct own_votes own = safety_own(c, view);
	struct block_tally blocks[COMMITTEE_SIZE_MAX];
	struct first_tally tally;
	size_t count = view->seats ? view_tally(c, view, &tally, blocks) : 0;

	for (size_t i = 0; i < count; i++)
		if (hash_equal(&blocks[i].id, block_id))
			return rule_notar2(c->committee, &own, blocks[i].notar1, safety_own_block(view, block_id)) &&
			       !view_own_vote(view, VOTE_NOTAR2, block_id);
	return false;
}

/* Rule 6: "t − top ≥ K". */
static bool safety_skip2(const struct consensus *c, const struct view *view)
{
	const struct own_votes own = safety_own(c, view);
	struct block_tally blocks[COMMITTEE_SIZE_MAX];
	struct first_tally tally;

	if (!view->seats || view->own_skip2)
		return false;
	view_tally(c, view, &tally, blocks);
	return rule_skip2(c->committee, &own, &tally);
}

/* Rule 7: "N(v,h) held, own first vote = h, no extras sent, body held". */
static bool safety_final(const struct consensus *c, const struct view *view, const struct hash *block_id)
{
	const struct own_votes own = safety_own(c, view);
	bool notarised = consensus_held(c, view->number, CERT_N, block_id) != NULL;

	return rule_final(&own, safety_own_block(view, block_id), notarised, facts_body_held(c, block_id));
}

static bool safety_evidence(struct consensus *c, const struct view *view, const struct vote *wanted)
{
	if (!consensus_may_vote(c) || wanted->epoch != c->committee->epoch || wanted->view <= c->final_view)
		return false;
	switch (wanted->kind) {
	case VOTE_NOTAR1:
		return safety_notar1(c, view, &wanted->block_id);
	case VOTE_SKIP1:
		return safety_skip1(c, view);
	case VOTE_NOTAR2:
		return safety_notar2(c, view, &wanted->block_id);
	case VOTE_SKIP2:
		return safety_skip2(c, view);
	case VOTE_FINAL:
		return safety_final(c, view, &wanted->block_id);
	}
	return false;
}

int safety_cast(struct consensus *c, const struct vote *wanted, bool broadcast, struct vote *cast)
{
	struct view *view = view_find(c, wanted->view);
	struct vote vote = {
	    .epoch = wanted->epoch, .kind = wanted->kind, .view = wanted->view, .voter = c->config.self};
	struct statement statement;

	if (!view || !safety_evidence(c, view, wanted))
		return CONSENSUS_E_UNSAFE;
	assert(consensus_member(c) && c->config.sign && view->number <= c->view);
	if (vote_kind_names_block(vote.kind))
		vote.block_id = wanted->block_id;
	statement_of_vote(&c->config.network_id, &vote, &statement);
	TRY(c->config.sign(c->config.sign_context, &statement, vote.signature));
	TRY(view_note_own(view, &vote));
	struct consensus_output *o = output_add(c, OUT_VOTE);
	if (!o)
		return UNCIA_E_MEMORY;
	o->view = vote.view;
	o->vote = vote;
	o->broadcast = broadcast;
	c->pending = true;
	if (cast)
		*cast = vote;
	return 0;
}
