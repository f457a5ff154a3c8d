/* Exhaustive search of the voting rules over two views that follow each other, with crashes (docs/spec/consensus.md §6,
 * rules 2 and 4 to 8, and 6.8): every choice of leaders that equivocate in both views, every timer, every order of
 * delivery, every vote of a liar shown to some and not to others, votes in view 1 cast when view 2 has long begun,
 * blocks of view 2 on whatever rule 2 allows, crashes at any moment. The decisions are those of
 * the wall before the key, node/consensus/safety.c (wall.h), and of node/consensus/voting_rules.c where a mistake is
 * planted around the rules; rule 2 and what a validator knows after a crash are the module's, too (from_core.h). Bodies
 * are always held and all blocks valid; timers fire when they like: what the simulator is for is left to it.
 *
 * The model. All weights are 1. An honest validator is the set of votes that it has made durable in each view, and
 * whether it has learned that a block of view 1 is final. Every decision is made from just that, as by a validator that
 * has come back from a crash this moment: what it had not made durable it never sent, and can as well not have cast;
 * what was durable and not sent yet is sent again, and until then not delivered. Of others it may have heard any of the
 * honest votes ever cast, and any certificate that they and the liars can make: what the rules ask for only grows with
 * what is heard, so "some delivery allows this vote" is "delivery of everything allows it", and what is delivered need
 * not be remembered. A liar's first vote counts where it was heard first until the hearer crashes, and then another may
 * take its place: with crashes at any moment, each rule sees the liars' votes at their worst. In certificates all liars
 * have signed everything. Finality of view 2 settles all there is and only keeps validators from voting, which
 * they may do anyway; finality of view 1 is learned at any moment or never.
 *
 * Searched for: CONFLICT, two certificates that must not both exist, in one view or across them (a block final in view
 * 2 does not have the one final in view 1 as its parent); BROKEN, a validator's votes that break the rules of one view,
 * crashes and all; STUCK, all honest first votes of a view that has been entered are cast and delivered, liars silent,
 * and no certificate ends it; NO_FINALITY, all honest validators voted first for one block, and their own votes do not
 * make it final. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "from_core.h"
#include "state_set.h"
#include "wall.h"

enum { HONEST_MAX = 3, VIEWS = 2, PARENT_UNUSED = 4 };

struct honest {
	uint16_t sent[VIEWS]; /* votes that others may have */
	uint16_t own[VIEWS];  /* and those that it knows of: the same, but where a mistake is planted, or past */
};
struct state {
	struct honest honest[HONEST_MAX];
	uint8_t tip[HONEST_MAX];      /* the highest final block: 0 the genesis, b + 1: block b of view 1 */
	uint8_t parent[MODEL_BLOCKS]; /* of the blocks of view 2: as tip, or PARENT_UNUSED */
	uint8_t crashed;              /* validators that a planted mistake has cost votes, a bit each */
	uint8_t padding;
};

enum verdict { HOLDS, CONFLICT, BROKEN, STUCK, NO_FINALITY };
static const char *const verdict_names[] = {"holds", "conflict", "broken votes", "stuck", "no finality"};

/* Planted mistakes wrap the rules; they are not in them. */
enum mistake {
	NONE,
	TIMER_SKIPS_AFTER_VOTE, /* rule 5 */
	FINAL_AFTER_EXTRA,      /* rule 7, "no extras sent" */
	EXTRA_AFTER_FINAL,      /* rule 7, "after it, no further vote" */
	FINAL_UNNOTARISED,      /* rule 7, "N(v,h) held" */
	FINAL_OF_ANOTHER,       /* rule 7, "own first vote = h" */
	PARENT_NOT_NOTARISED,   /* rule 2, "N, FF or SF of (u,g) is held" */
	GAP_NOT_SKIPPED,        /* rule 2, "and S(x) is held" */
	VOTES_FORGOTTEN,        /* 6.8, sent before durable: a crash costs the votes of a view */
	LAST_VOTE_ONLY,         /* 6.8, "from all records, not the last one only" */
	PAST_FORGOTTEN,         /* "views ≤ f are past", where own votes were pruned */
	NOT_COUNTED_AGAIN,      /* 6.8, "it counts its own votes again" */
};

struct run {
	unsigned n, faulty, slow, blocks[VIEWS]; /* blocks: that an equivocating leader shows */
	enum mistake mistake;
	unsigned key_threshold_less, quorum_less, fast_less;
	bool large;
	enum verdict expected;
	const char *what;
};

struct search {
	const struct run *run;
	struct committee committee;
	unsigned honest;
	struct state_set states;
};

static const struct state *state_at(const struct search *s, uint32_t number)
{
	return state_set_at(&s->states, number);
}

/* ---- what the core says, asked once for each case ------------------------------------------- */

static struct recovered {
	bool known;
	struct own_votes own;
	unsigned block;
} recovered_votes[VOTES_END];

static const struct recovered *recovered(unsigned votes)
{
	struct recovered *r = &recovered_votes[votes];
	if (!r->known) {
		r->own = core_recovered(votes, &r->block);
		r->known = true;
	}
	return r;
}

static bool parent_valid[MODEL_BLOCKS + 1][FIRSTS + 1][MODEL_BLOCKS + 1];

/* ---- one of all states that differ in names only -------------------------------------------- */

static const uint8_t orders[6][MODEL_BLOCKS] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
static uint16_t renamed[6][VOTES_END];

static void prepare_tables(void)
{
	for (unsigned order = 0; order < 6; order++)
		for (unsigned votes = 0; votes < VOTES_END; votes++) {
			unsigned to = votes & (FIRST_BIT(SKIP) | EXTRA_BIT(SKIP));
			for (unsigned block = 0; block < MODEL_BLOCKS; block++) {
				unsigned name = orders[order][block];
				to |= votes & FIRST_BIT(block) ? FIRST_BIT(name) : 0;
				to |= votes & EXTRA_BIT(block) ? EXTRA_BIT(name) : 0;
				to |= votes & FINAL_BIT(block) ? FINAL_BIT(name) : 0;
			}
			renamed[order][votes] = (uint16_t)to;
		}
	for (unsigned tip = 0; tip <= MODEL_BLOCKS; tip++)
		for (unsigned held = 0; held <= FIRSTS; held++)
			for (unsigned parent = 0; parent <= MODEL_BLOCKS; parent++)
				parent_valid[tip][held][parent] = core_parent_valid(tip, held, parent);
}

/* How a block stands, the same under all names: blocks are put into this order first, those that nobody has voted for
 * last, and only those that stand alike are tried in both. */
static unsigned standing(const struct search *s, const struct state *state, unsigned view, unsigned block)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < s->honest; i++) {
		unsigned votes = state->honest[i].sent[view];
		sum += (votes >> block & 1) + (votes >> (CHOICES + block) & 1) * 4 +
		       (votes >> (2 * CHOICES + block) & 1) * 16 + (view == 0 ? (state->tip[i] == block + 1) * 64u : 0);
	}
	if (view == 0)
		for (unsigned child = 0; child < MODEL_BLOCKS; child++)
			sum += (state->parent[child] == block + 1) * 256u;
	else
		sum += (state->parent[block] == 0 ? 512u : state->parent[block] == PARENT_UNUSED ? 0 : 256u);
	return sum;
}

static void swap_honest(struct state *state, unsigned i, unsigned j)
{
	struct honest honest = state->honest[i];
	uint8_t tip = state->tip[i];
	bool a = state->crashed >> i & 1, b = state->crashed >> j & 1;

	state->honest[i] = state->honest[j];
	state->honest[j] = honest;
	state->tip[i] = state->tip[j];
	state->tip[j] = tip;
	if (a != b)
		state->crashed ^= (uint8_t)(1u << i | 1u << j);
}

static bool honest_above(const struct state *state, unsigned i, unsigned j)
{
	int order = memcmp(&state->honest[i], &state->honest[j], sizeof(struct honest));
	if (order == 0)
		order = (int)state->tip[i] - state->tip[j];
	return order > 0 || (order == 0 && (state->crashed >> i & 1) > (state->crashed >> j & 1));
}

static void rename_blocks(const struct search *s, const struct state *from, unsigned first, unsigned second,
                          struct state *to)
{
	*to = (struct state){.crashed = from->crashed};
	for (unsigned i = 0; i < s->honest; i++) {
		to->honest[i] = (struct honest){
		    .sent = {renamed[first][from->honest[i].sent[0]], renamed[second][from->honest[i].sent[1]]},
		    .own = {renamed[first][from->honest[i].own[0]], renamed[second][from->honest[i].own[1]]}};
		to->tip[i] = from->tip[i] ? orders[first][from->tip[i] - 1] + 1 : 0;
	}
	for (unsigned block = 0; block < MODEL_BLOCKS; block++) {
		unsigned parent = from->parent[block];
		to->parent[orders[second][block]] =
		    (uint8_t)(parent > 0 && parent < PARENT_UNUSED ? orders[first][parent - 1] + 1u : parent);
	}
	for (unsigned i = 1; i < s->honest; i++)
		for (unsigned j = i; j > 0 && honest_above(to, j - 1, j); j--)
			swap_honest(to, j - 1, j);
}

static bool in_order(const unsigned standings[MODEL_BLOCKS], unsigned order)
{
	unsigned placed[MODEL_BLOCKS] = {0};
	for (unsigned block = 0; block < MODEL_BLOCKS; block++)
		placed[orders[order][block]] = standings[block];
	return placed[0] >= placed[1] && placed[1] >= placed[2];
}

static void canonicalise(const struct search *s, struct state *state)
{
	unsigned standings[VIEWS][MODEL_BLOCKS];
	struct state best, other;
	bool any = false;

	for (unsigned view = 0; view < VIEWS; view++)
		for (unsigned block = 0; block < MODEL_BLOCKS; block++)
			standings[view][block] = standing(s, state, view, block);
	for (unsigned first = 0; first < 6; first++) {
		if (!in_order(standings[0], first))
			continue;
		for (unsigned second = 0; second < 6; second++) {
			if (!in_order(standings[1], second))
				continue;
			rename_blocks(s, state, first, second, &other);
			if (!any || memcmp(&other, &best, sizeof(best)) < 0)
				best = other;
			any = true;
		}
	}
	*state = best;
}

static void discover(struct search *s, struct state next, uint32_t parent)
{
	canonicalise(s, &next);
	state_set_add(&s->states, &next, parent);
}

/* ---- what the votes amount to --------------------------------------------------------------- */

struct count {
	unsigned first[CHOICES], support[CHOICES], final[MODEL_BLOCKS];
};

/* Honest votes of a view, those of `but` left out. */
static void count_votes(const struct search *s, const struct state *state, unsigned view, unsigned but,
                        struct count *count)
{
	memset(count, 0, sizeof(*count));
	for (unsigned i = 0; i < s->honest; i++) {
		unsigned votes = i == but ? 0 : state->honest[i].sent[view];
		for (unsigned choice = 0; choice < CHOICES; choice++) {
			count->first[choice] += (votes & FIRST_BIT(choice)) != 0;
			count->support[choice] += (votes & (FIRST_BIT(choice) | EXTRA_BIT(choice))) != 0;
		}
		for (unsigned block = 0; block < MODEL_BLOCKS; block++)
			count->final[block] += (votes & FINAL_BIT(block)) != 0;
	}
}

static bool certified(const struct search *s, const struct count *count, unsigned choice, unsigned liars)
{
	return count->support[choice] + liars >= s->committee.quorum_slow;
}

static bool final_possible(const struct search *s, const struct count *count, unsigned block)
{
	unsigned liars = s->run->faulty;
	return count->first[block] + liars >= s->committee.quorum_fast ||
	       count->final[block] + liars >= s->committee.quorum_slow;
}

/* Certificates of a view that can be held, as core_parent_valid takes them. */
static unsigned holdable(const struct search *s, const struct count *count)
{
	unsigned held = 0;
	for (unsigned choice = 0; choice < CHOICES; choice++)
		if (certified(s, count, choice, s->run->faulty) || (choice != SKIP && final_possible(s, count, choice)))
			held |= FIRST_BIT(choice);
	return held;
}

static bool conflicts(const struct search *s, const struct state *state, const struct count counts[VIEWS])
{
	unsigned final[VIEWS] = {0};
	for (unsigned view = 0; view < VIEWS; view++) {
		for (unsigned block = 0; block < MODEL_BLOCKS; block++)
			final[view] |= final_possible(s, &counts[view], block) ? FIRST_BIT(block) : 0;
		/* A final block excludes S of its view, and N or finality of any other block. S beside N alone is
		 * legal. */
		if (final[view] && (final[view] & (final[view] - 1) || holdable(s, &counts[view]) & ~final[view]))
			return true;
	}
	for (unsigned block = 0; block < MODEL_BLOCKS; block++)
		if (final[0] && final[1] & FIRST_BIT(block) &&
		    (state->parent[block] == 0 || final[0] != FIRST_BIT(state->parent[block] - 1)))
			return true;
	return false;
}

/* "One first vote and one FINAL a view", FINAL for the first vote's block, and no extra vote beside it. */
static bool votes_broken(unsigned votes)
{
	unsigned firsts = votes & FIRSTS, extras = (votes & EXTRAS) >> CHOICES,
	         finals = (votes & FINALS) >> 2 * CHOICES;
	return (firsts & (firsts - 1)) || (finals & (finals - 1)) || (finals && (finals != firsts || extras)) ||
	       (extras && (!firsts || extras & firsts));
}

/* ---- the rules, with the planted mistakes around them --------------------------------------- */

static struct own_votes own_votes(const struct search *s, const struct state *state, unsigned view, unsigned i)
{
	struct own_votes own = recovered(state->honest[i].own[view])->own;
	own.past = view == 0 && state->tip[i] > 0 && s->run->mistake != PAST_FORGOTTEN;
	return own;
}

/* The validator as the wall sees it, asked for a vote for `choice` of that kind, or for the kind that skips. */
static struct wall_case asked_for(const struct search *s, const struct state *state, unsigned view, unsigned i,
                                  enum vote_kind kind, unsigned choice)
{
	unsigned votes = state->honest[i].own[view];

	return (struct wall_case){.own = own_votes(s, state, view, i),
	                          .first_block = recovered(votes)->block,
	                          .notar2 = votes / EXTRA_BIT(0) & (EXTRA_BIT(SKIP) / EXTRA_BIT(0) - 1),
	                          .skip2 = votes & EXTRA_BIT(SKIP),
	                          .kind = kind,
	                          .block = choice == SKIP ? 0 : choice};
}

/* A first vote in a view that was entered; a block's parent is valid, as may_extend says. */
static bool may_cast_first(const struct search *s, const struct state *state, unsigned view, unsigned i,
                           unsigned choice)
{
	const struct wall_case asked = asked_for(s, state, view, i, choice == SKIP ? VOTE_SKIP1 : VOTE_NOTAR1, choice);

	return s->run->mistake != NONE ? rule_first_vote(&asked.own, true) : wall_casts(&asked);
}

static bool wall_casts_extra(const struct search *s, const struct state *state, unsigned view, unsigned i,
                             unsigned choice, const struct count *count, unsigned liars)
{
	struct wall_case asked = asked_for(s, state, view, i, choice == SKIP ? VOTE_SKIP2 : VOTE_NOTAR2, choice);
	unsigned votes = state->honest[i].own[view];

	for (unsigned block = 0; block < MODEL_BLOCKS; block++)
		asked.heard[block] = count->first[block] - ((votes & FIRST_BIT(block)) != 0);
	asked.heard_skips = count->first[SKIP] - ((votes & FIRST_BIT(SKIP)) != 0);
	*(choice == SKIP ? &asked.heard_skips : &asked.heard[choice]) += liars;
	return wall_casts(&asked);
}

/* t − top at its largest: of a validator that cast several first votes, by a planted mistake, whichever serves. */
static struct first_tally worst_tally(const struct search *s, const struct state *state, unsigned view, unsigned i,
                                      struct count *heard, unsigned total)
{
	if (i == s->honest) {
		struct first_tally tally = {.total = total};
		for (unsigned block = 0; block < MODEL_BLOCKS; block++)
			if (heard->first[block] > tally.top)
				tally.top = heard->first[block];
		return tally;
	}
	unsigned firsts = state->honest[i].sent[view] & FIRSTS;
	if (!firsts)
		return worst_tally(s, state, view, i + 1, heard, total);
	struct first_tally worst = {0};
	for (unsigned choice = 0; choice < CHOICES; choice++) {
		if (!(firsts & FIRST_BIT(choice)))
			continue;
		heard->first[choice]++;
		struct first_tally tally = worst_tally(s, state, view, i + 1, heard, total + 1);
		heard->first[choice]--;
		if (tally.total - tally.top >= worst.total - worst.top)
			worst = tally;
	}
	return worst;
}

/* Whether validator i may cast the extra vote, with everything honest and these liars' votes delivered: a liar's first
 * vote helps NOTAR2(h) most if it is for h, and SKIP2 if it is for no block. */
static bool may_cast_extra(const struct search *s, const struct state *state, unsigned view, unsigned i,
                           unsigned choice, const struct count *count, unsigned liars)
{
	struct own_votes own = own_votes(s, state, view, i);
	unsigned votes = state->honest[i].own[view];
	if (s->run->mistake == NONE && !own.past)
		return wall_casts_extra(s, state, view, i, choice, count, liars);
	if (s->run->mistake == EXTRA_AFTER_FINAL)
		own.final = false;
	if (votes & EXTRA_BIT(choice))
		return false; /* rule 6: "each extra vote once per (view, block)" */
	if (choice != SKIP)
		return rule_notar2(&s->committee, &own, count->first[choice] + liars,
		                   recovered(votes)->block == choice);
	if (s->run->mistake == TIMER_SKIPS_AFTER_VOTE && own.first == FIRST_BLOCK && !own.final && !own.past)
		return true;
	struct count heard = {.first = {[SKIP] = liars}};
	struct first_tally tally = worst_tally(s, state, view, 0, &heard, liars);
	return rule_skip2(&s->committee, &own, &tally);
}

static bool may_cast_final(const struct search *s, const struct state *state, unsigned view, unsigned i, unsigned block,
                           bool notarised)
{
	struct own_votes own = own_votes(s, state, view, i);
	bool own_first = recovered(state->honest[i].own[view])->block == block;
	struct wall_case asked = asked_for(s, state, view, i, VOTE_FINAL, block);
	asked.notarised = notarised;
	if (s->run->mistake == NONE)
		return wall_casts(&asked);
	if (s->run->mistake == FINAL_AFTER_EXTRA)
		own.any_extra = false;
	if (s->run->mistake == FINAL_OF_ANOTHER)
		own_first = true;
	return rule_final(&own, own_first, notarised || s->run->mistake == FINAL_UNNOTARISED, true);
}

static bool may_extend(const struct search *s, const struct state *state, unsigned i, unsigned held, unsigned parent)
{
	if (s->run->mistake == PARENT_NOT_NOTARISED && parent > 0)
		return true;
	if (s->run->mistake == GAP_NOT_SKIPPED)
		held |= FIRST_BIT(SKIP);
	return parent_valid[state->tip[i]][held][parent];
}

/* ---- what may happen next ------------------------------------------------------------------- */

static void cast(struct search *s, const struct state *state, unsigned view, unsigned i, unsigned vote, uint32_t parent)
{
	struct state next = *state;
	next.honest[i].sent[view] |= (uint16_t)vote;
	next.honest[i].own[view] |= (uint16_t)vote;
	discover(s, next, parent);
}

/* Rules 4 and 5. Blocks that nobody has voted for are all alike: one of them will do. */
static void expand_first(struct search *s, const struct state *state, const struct count counts[VIEWS], unsigned view,
                         unsigned i, uint32_t number)
{
	unsigned held = holdable(s, &counts[0]);
	if ((view > 0 && !held) || !may_cast_first(s, state, view, i, SKIP))
		return;
	cast(s, state, view, i, FIRST_BIT(SKIP), number);
	for (unsigned block = 0; block < s->run->blocks[view]; block++) {
		struct state next = *state;
		if (!may_cast_first(s, state, view, i, block))
			return;
		if (view == 0) {
			cast(s, state, view, i, FIRST_BIT(block), number);
			if (!counts[0].first[block])
				return;
		} else if (state->parent[block] != PARENT_UNUSED) {
			if (may_extend(s, state, i, held, state->parent[block]))
				cast(s, state, view, i, FIRST_BIT(block), number);
		} else {
			for (unsigned parent = 0; parent <= MODEL_BLOCKS; parent++) {
				next.parent[block] = (uint8_t)parent;
				if (may_extend(s, state, i, held, parent))
					cast(s, &next, view, i, FIRST_BIT(block), number);
			}
			return;
		}
	}
}

static void expand_crash(struct search *s, const struct state *state, unsigned i, uint32_t number)
{
	if (state->crashed >> i & 1)
		return;
	struct state next = *state;
	uint16_t *own = next.honest[i].own;
	next.crashed |= (uint8_t)(1u << i);
	if (s->run->mistake == VOTES_FORGOTTEN)
		for (unsigned view = 0; view < VIEWS; view++) {
			uint16_t votes = own[view];
			own[view] = 0;
			if (votes)
				discover(s, next, number);
			own[view] = votes;
		}
	if (s->run->mistake == LAST_VOTE_ONLY) {
		unsigned view = own[1] ? 1 : 0, last = 0;
		for (unsigned bit = 1; bit < VOTES_END; bit <<= 1)
			last = own[view] & bit ? bit : last;
		own[0] = own[1] = 0;
		own[view] = (uint16_t)last;
		discover(s, next, number);
	}
}

static void expand(struct search *s, uint32_t number)
{
	const struct state state = *state_at(s, number);
	struct count counts[VIEWS];

	for (unsigned view = 0; view < VIEWS; view++)
		count_votes(s, &state, view, HONEST_MAX, &counts[view]);
	for (unsigned i = 0; i < s->honest; i++) {
		if (i > 0 && !honest_above(&state, i, i - 1))
			continue; /* its twin does the same */
		for (unsigned view = 0; view < VIEWS; view++) {
			const struct count *count = &counts[view];
			expand_first(s, &state, counts, view, i, number);
			for (unsigned choice = 0; choice < CHOICES; choice++)
				if ((choice == SKIP || choice < s->run->blocks[view]) &&
				    may_cast_extra(s, &state, view, i, choice, count, s->run->faulty))
					cast(s, &state, view, i, EXTRA_BIT(choice), number);
			for (unsigned block = 0; block < MODEL_BLOCKS; block++)
				if (may_cast_final(s, &state, view, i, block, holdable(s, count) & FIRST_BIT(block)))
					cast(s, &state, view, i, FINAL_BIT(block), number);
		}
		/* Rule 8; own votes are pruned by the commit that stores the certificate. */
		for (unsigned block = 0; state.tip[i] == 0 && block < MODEL_BLOCKS; block++)
			if (final_possible(s, &counts[0], block)) {
				struct state next = state;
				next.tip[i] = (uint8_t)(block + 1);
				next.honest[i].own[0] = 0;
				discover(s, next, number);
			}
		expand_crash(s, &state, i, number);
	}
}

/* ---- progress ------------------------------------------------------------------------------- */

/* Whether somebody can make a certificate that ends the view of the votes of others and, unless they do not count after
 * a crash, its own. */
static bool ends(const struct search *s, const struct state *state, unsigned view)
{
	for (unsigned i = 0; i < s->honest; i++) {
		struct count count;
		count_votes(s, state, view, s->run->mistake == NOT_COUNTED_AGAIN ? i : HONEST_MAX, &count);
		for (unsigned choice = 0; choice < CHOICES; choice++)
			if (certified(s, &count, choice, 0))
				return true;
	}
	return false;
}

/* All honest first votes of the view are cast and delivered, liars are silent: what do the honest votes come to? What
 * ended already, by a certificate that somebody has acted on and forwards, has ended for all. */
static enum verdict view_progress(const struct search *s, const struct state *state, unsigned view, bool *ended)
{
	struct state last = *state;
	struct count count, sum;

	for (unsigned i = 0; i < s->honest; i++)
		*ended = *ended || (state->honest[i].sent[view] & FINALS && s->run->mistake != FINAL_UNNOTARISED);
	count_votes(s, state, view, HONEST_MAX, &count);
	for (unsigned i = 0; i < s->honest; i++)
		if (!(state->honest[i].sent[view] & FIRSTS))
			return HOLDS; /* its timer will fire */
	/* First votes do not change any more, so that one pass casts all that will ever be cast. */
	for (unsigned i = 0; i < s->honest; i++)
		for (unsigned choice = 0; choice < CHOICES; choice++)
			if (may_cast_extra(s, state, view, i, choice, &count, 0))
				last.honest[i].sent[view] |= (uint16_t)EXTRA_BIT(choice);
	*ended = *ended || ends(s, &last, view);
	if (!*ended)
		return STUCK;
	count_votes(s, &last, view, HONEST_MAX, &sum);
	for (unsigned block = 0; block < MODEL_BLOCKS; block++) {
		if (count.first[block] != s->honest)
			continue;
		unsigned finals = sum.final[block];
		for (unsigned i = 0; i < s->honest; i++)
			finals += may_cast_final(s, &last, view, i, block, certified(s, &sum, block, 0));
		bool learned = view == 0 && (state->tip[0] || state->tip[1] || state->tip[2]);
		if (finals < s->committee.quorum_slow && !learned)
			return NO_FINALITY;
	}
	return HOLDS;
}

static enum verdict progress(const struct search *s, const struct state *state)
{
	bool ended[VIEWS] = {false, false};
	for (unsigned i = 0; i < s->honest; i++)
		ended[0] = ended[0] || state->tip[i] || state->honest[i].sent[1]; /* view 2 was entered */
	enum verdict verdict = view_progress(s, state, 0, &ended[0]);
	return verdict != HOLDS || !ended[0] ? verdict : view_progress(s, state, 1, &ended[1]);
}

/* ---- the search ----------------------------------------------------------------------------- */

static void print_path(const struct search *s, uint32_t number)
{
	const struct state *state = state_at(s, number);
	if (number != 0)
		print_path(s, s->states.parents[number]);
	printf("   ");
	for (unsigned i = 0; i < s->honest; i++) {
		for (unsigned view = 0; view < VIEWS; view++) {
			unsigned votes = state->honest[i].sent[view];
			printf(view ? " / " : "  ");
			for (unsigned choice = 0; choice < CHOICES; choice++) {
				char name = view ? "CDE-"[choice] : "AB3-"[choice];
				if (votes & FIRST_BIT(choice))
					printf("%c", name);
				if (votes & EXTRA_BIT(choice))
					printf("+%c", name);
				if (choice != SKIP && votes & FINAL_BIT(choice))
					printf("%c!", name);
			}
		}
		printf("%s%s ;", state->tip[i] ? " past" : "", state->crashed >> i & 1 ? " crashed" : "");
	}
	for (unsigned block = 0; block < MODEL_BLOCKS; block++)
		if (state->parent[block] != PARENT_UNUSED)
			printf(" %c on %c", "CDE"[block], "0AB3"[state->parent[block]]);
	printf("\n");
}

static enum verdict search(struct search *s, uint32_t *found)
{
	enum verdict expected = s->run->expected;
	for (*found = 0; *found < s->states.count; ++*found) {
		const struct state state = *state_at(s, *found);
		struct count counts[VIEWS];
		for (unsigned view = 0; view < VIEWS; view++)
			count_votes(s, &state, view, HONEST_MAX, &counts[view]);
		if (conflicts(s, &state, counts))
			return CONFLICT;
		/* Where a mistake must show as a conflict, the search goes on until it does. */
		for (unsigned i = 0; i < s->honest && expected != CONFLICT; i++)
			if (votes_broken(state.honest[i].sent[0]) || votes_broken(state.honest[i].sent[1]))
				return BROKEN;
		enum verdict verdict = expected == CONFLICT ? HOLDS : progress(s, &state);
		if (verdict != HOLDS)
			return verdict;
		expand(s, *found);
	}
	return HOLDS;
}

static bool execute(const struct run *run)
{
	struct search s = {.run = run, .honest = run->n - run->faulty};
	uint32_t found;

	assert(s.honest <= HONEST_MAX);
	s.committee = (struct committee){
	    .size = run->n,
	    .weight = run->n,
	    .faulty = run->faulty,
	    .slow = run->slow,
	    .quorum_slow = (run->n + run->faulty) / 2 + 1 - run->quorum_less,
	    .quorum_fast = run->n - run->slow - run->fast_less,
	    .key_threshold = run->faulty + run->slow + 1 - run->key_threshold_less,
	};
	wall_begin(&s.committee);
	state_set_init(&s.states, sizeof(struct state));
	discover(&s, (struct state){.parent = {PARENT_UNUSED, PARENT_UNUSED, PARENT_UNUSED}}, 0);
	enum verdict verdict = search(&s, &found);
	printf("n=%u F=%u P=%u, %u and %u blocks%s%s: %s, %u states\n", run->n, run->faulty, run->slow, run->blocks[0],
	       run->blocks[1], run->what ? ", " : "", run->what ? run->what : "", verdict_names[verdict],
	       s.states.count);
	if (verdict != HOLDS)
		print_path(&s, found);
	if (verdict != run->expected)
		printf("    expected: %s\n", verdict_names[run->expected]);
	fflush(stdout);
	state_set_deinit(&s.states);
	return verdict == run->expected;
}

#define FOUR .n = 4, .faulty = 1

static const struct run runs[] = {
    {.n = 2, .blocks = {2, 2}},
    {.n = 3, .slow = 1, .blocks = {2, 2}},
    {.n = 3, .blocks = {2, 2}, .large = true},
    {FOUR, .blocks = {2, 2}},
    {FOUR, .blocks = {2, 3}, .large = true},
    {FOUR, .blocks = {3, 2}, .large = true},
    {FOUR, .blocks = {3, 3}, .large = true},
    /* Planted mistakes: each must be found. */
    {FOUR, .blocks = {2, 2}, .quorum_less = 1, .expected = CONFLICT, .what = "Qs is one too small"},
    {FOUR, .blocks = {2, 2}, .fast_less = 1, .expected = CONFLICT, .what = "Qf is one too small"},
    {FOUR, .blocks = {2, 2}, .key_threshold_less = 1, .expected = CONFLICT, .what = "K is one too small"},
    {FOUR, .blocks = {2, 2}, .mistake = TIMER_SKIPS_AFTER_VOTE, .expected = CONFLICT,
     .what = "a timer skips after a vote"},
    {FOUR, .blocks = {2, 2}, .mistake = FINAL_AFTER_EXTRA, .expected = CONFLICT, .what = "FINAL follows an extra vote"},
    {FOUR, .blocks = {2, 2}, .mistake = EXTRA_AFTER_FINAL, .expected = CONFLICT, .what = "an extra vote follows FINAL"},
    {FOUR, .blocks = {2, 2}, .mistake = FINAL_UNNOTARISED, .expected = STUCK, .what = "FINAL without a notarisation"},
    {FOUR, .blocks = {2, 2}, .mistake = FINAL_OF_ANOTHER, .expected = CONFLICT,
     .what = "FINAL for a block that the first vote was not for"},
    {FOUR, .blocks = {1, 2}, .mistake = PARENT_NOT_NOTARISED, .expected = CONFLICT,
     .what = "a parent that is not notarised"},
    {FOUR, .blocks = {1, 2}, .mistake = GAP_NOT_SKIPPED, .expected = CONFLICT,
     .what = "a parent below a view that was not skipped"},
    {FOUR, .blocks = {1, 1}, .mistake = VOTES_FORGOTTEN, .expected = CONFLICT,
     .what = "votes sent before they are durable"},
    {FOUR, .blocks = {1, 1}, .mistake = VOTES_FORGOTTEN, .expected = BROKEN,
     .what = "votes sent before they are durable"},
    {FOUR, .blocks = {1, 1}, .mistake = LAST_VOTE_ONLY, .expected = CONFLICT,
     .what = "only the last vote is there after a crash"},
    {FOUR, .blocks = {1, 1}, .mistake = PAST_FORGOTTEN, .expected = CONFLICT, .what = "a past view is voted in again"},
    {FOUR, .blocks = {1, 1}, .mistake = NOT_COUNTED_AGAIN, .expected = STUCK,
     .what = "own votes do not count after a crash"},
    {FOUR, .slow = 1, .blocks = {2, 2}, .expected = STUCK, .what = "W is below 3F+2P+1"},
};

int main(int argc, char **argv)
{
	bool large = argc == 2 && strcmp(argv[1], "--large") == 0, passed = true;

	prepare_tables();
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		if (large || !runs[i].large)
			passed = execute(&runs[i]) && passed;
	return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
