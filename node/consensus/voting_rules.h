/* When a validator may cast which vote of a view: rules 4 to 7 of docs/spec/consensus.md §6 as pure functions of what
 * it has voted and seen, so that the consensus core and the exhaustive search (tests/model) decide by the same code.
 * Nothing is remembered or sent here, and nothing is checked that needs a block's contents. */
#ifndef VOTING_RULES_H
#define VOTING_RULES_H
#include "committee.h"
#include "vote.h"

enum first_vote { FIRST_NONE, FIRST_SKIP, FIRST_BLOCK };

/* What this validator itself has voted in one view. */
struct own_votes {
	bool past;             /* the view is at or below the highest final view held */
	enum first_vote first; /* SKIP1, NOTAR1, or nothing yet */
	bool any_extra;        /* a NOTAR2 or SKIP2 was cast, for whatever block */
	bool final;            /* FINAL was cast */
};

/* The first votes seen in one view, own included: of every validator only the one received first. */
struct first_tally {
	uint64_t total; /* weight of all of them: "t" */
	uint64_t top;   /* the largest weight of NOTAR1 for one block: "top" */
};

/* Rules 4 and 5: NOTAR1 and SKIP1 only "in an open view ≤ the current one, with no first vote there yet". So a
 * timer that fires after a first vote never makes a validator skip. `entered`: the view is at or below the current one.
 * Rule 3 asks for the same before proposing. */
bool rule_first_vote(const struct own_votes *own, bool entered);

/* Rule 6: NOTAR2(h) if "NOTAR1(h) weighs ≥ K and own first vote was not h", first vote cast, FINAL not sent, view not
 * past. The caller casts it once per block. */
bool rule_notar2(const struct committee *c, const struct own_votes *own, uint64_t notar1_weight,
                 bool own_first_is_this_block);

/* Rule 6: SKIP2 if "t − top ≥ K and own first vote was not skip", first vote cast, FINAL not sent, view not past.
 * The caller casts it once. */
bool rule_skip2(const struct committee *c, const struct own_votes *own, const struct first_tally *tally);

/* Rule 7: FINAL(h) if "N(v,h) held, own first vote = h, no extras sent, body held"; once, in an open view. */
bool rule_final(const struct own_votes *own, bool own_first_is_this_block, bool notarised, bool body_held);

/* Whether a validator that keeps to the rules can have cast a vote of this kind after those own ones: one first vote a
 * view, extra votes for something else and only after it, FINAL for the block of the first vote and last. What led to
 * the vote is not asked. own_first_is_this_block: the first vote is NOTAR1 for the block that the vote names. So own
 * votes that come from a journal are judged, and those that a signer is asked for (node/signer). */
bool rule_follows(const struct own_votes *own, enum vote_kind kind, bool own_first_is_this_block);

#endif
