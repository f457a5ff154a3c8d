/* The voting rules of one view; see voting_rules.h. */
#include "voting_rules.h"
#include <assert.h>

bool rule_first_vote(const struct own_votes *own, bool entered)
{
	/* Rules 4 and 5: "in an open view ≤ the current one, with no first vote there yet" */
	return !own->past && entered && own->first == FIRST_NONE;
}

/* Rule 6: "first vote cast, FINAL not sent; goes on after leaving v, until v is past" */
static bool rule_extra(const struct own_votes *own)
{
	return !own->past && own->first != FIRST_NONE && !own->final;
}

bool rule_notar2(const struct committee *c, const struct own_votes *own, uint64_t notar1_weight,
                 bool own_first_is_this_block)
{
	/* Rule 6: "NOTAR1(h) weighs ≥ K and own first vote was not h". K > F, so an honest voter has checked h. */
	return rule_extra(own) && !own_first_is_this_block && notar1_weight >= c->key_threshold;
}

bool rule_skip2(const struct committee *c, const struct own_votes *own, const struct first_tally *tally)
{
	assert(tally->top <= tally->total && tally->total <= c->weight);
	/* Rule 6: "t − top ≥ K and own first vote was not skip": more than P honest votes are not for the block at
	 * the top, so no block can become final by first votes alone. */
	return rule_extra(own) && own->first != FIRST_SKIP && tally->total - tally->top >= c->key_threshold;
}

bool rule_final(const struct own_votes *own, bool own_first_is_this_block, bool notarised, bool body_held)
{
	/* Rule 7: "N(v,h) held, own first vote = h, no extras sent, body held"; once. */
	return !own->past && own->first == FIRST_BLOCK && own_first_is_this_block && !own->any_extra && !own->final &&
	       notarised && body_held;
}

bool rule_follows(const struct own_votes *own, enum vote_kind kind, bool own_first_is_this_block)
{
	if (own->past || own->final)
		return false;
	switch (kind) {
	case VOTE_NOTAR1:
	case VOTE_SKIP1:
		return own->first == FIRST_NONE && !own->any_extra;
	case VOTE_NOTAR2:
		return own->first != FIRST_NONE && !own_first_is_this_block;
	case VOTE_SKIP2:
		return own->first == FIRST_BLOCK;
	case VOTE_FINAL:
		return own_first_is_this_block && !own->any_extra;
	}
	return false;
}
