/* What the search of two views asks of the consensus module itself, besides the votes that it casts (wall.h): what a
 * validator knows of its own votes once it has come back from a crash, and rule 2, which block may be a parent. */
#ifndef FROM_CORE_H
#define FROM_CORE_H
#include "voting_rules.h"

/* What a first or an extra vote is for. */
enum { MODEL_BLOCKS = 3, SKIP = MODEL_BLOCKS, CHOICES };

/* The votes of one validator in one view: a set of these. */
#define FIRST_BIT(choice) (1u << (choice))
#define EXTRA_BIT(choice) (1u << (CHOICES + (choice)))
#define FINAL_BIT(block)  (1u << (2 * CHOICES + (block)))
#define FIRSTS            0x00fu
#define EXTRAS            0x0f0u
#define FINALS            0x700u
#define VOTES_END         0x800u

/* consensus_recover_vote, over these votes as the journal holds them. `own_block`: of its first vote; MODEL_BLOCKS:
 * none. Asserts that each of them counts again. */
struct own_votes core_recovered(unsigned votes, unsigned *own_block);

/* view_parent_valid, for a block of view 2 on `parent` (0: the genesis; b + 1: block b of view 1), where the
 * highest final block is `tip` (the same) and the certificates of view 1 in `held` are held: FIRST_BIT(b) for N of
 * block b, FIRST_BIT(SKIP) for S. */
bool core_parent_valid(unsigned tip, unsigned held, unsigned parent);

#endif
