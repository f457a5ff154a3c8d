/* What the wall before the key (node/consensus/safety.c) allows, as the searches ask it: a consensus module is made
 * that holds just this, and asked to cast. Each answer is kept, so that a search asks for it once. */
#ifndef WALL_H
#define WALL_H
#include "voting_rules.h"
#include "vote.h"

enum { WALL_BLOCKS = 3 };

/* One validator of weight 1 in one view, and the vote that it is asked for. */
struct wall_case {
	struct own_votes own;
	unsigned first_block; /* of its first vote, where that is for one */
	unsigned notar2;      /* blocks that it cast NOTAR2 for, a bit each */
	bool skip2;
	unsigned heard[WALL_BLOCKS]; /* first votes of others for each block */
	unsigned heard_skips;
	bool notarised; /* N of `block` is held */
	enum vote_kind kind;
	unsigned block; /* NOTAR1: the leader's, valid, on a valid parent; FINAL: its body is held */
};

/* Begins anew with this committee, of at most nine; copied. */
void wall_begin(const struct committee *committee);
/* Whether the vote is cast. */
bool wall_casts(const struct wall_case *asked);

#endif
