/* Exhaustive search of the voting rules in one view (docs/spec/consensus.md §6, rules 4 to 7): every choice of an
 * equivocating leader, every timer, every order of delivery, every Byzantine vote shown to some and not to others.
 * The decisions are those of the wall before the key, node/consensus/safety.c, asked on what the voter has cast and
 * heard (wall.h), and of the rules behind it, node/consensus/voting_rules.c, where a mistake is planted around them. It
 * looks at votes only: parents, bodies and later views are the simulator's business.
 *
 * The model. All weights are 1. An honest replica is what it has cast: its first vote, its extra votes, FINAL. Every
 * honest vote ever cast may or may not have been delivered to anybody: both tallies of rule 6 (NOTAR1(h), and t − top)
 * only grow with what is delivered, so "some delivery allows this vote" is "delivery of everything cast so far allows
 * it". Each of the F Byzantine voters shows a recipient one first vote, which counts there for good: the votes shown
 * are kept per recipient, chosen when a rule needs them and no more than it needs, which loses no behaviour for the
 * same reason. In certificates all Byzantine voters are taken to have signed everything.
 *
 * Searched for: CONFLICT, two certificates that must not both exist; STUCK, all honest first votes cast and delivered,
 * Byzantine voters silent, and no certificate that ends the view; NO_FINALITY, all honest replicas voted first for one
 * block, and their own votes do not make it final. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "state_set.h"
#include "wall.h"

enum { BLOCK_A, BLOCK_B, NO_BLOCK, CHOICES }; /* what a first or an extra vote is for; NO_BLOCK: skip */
enum { HONEST_MAX = 8 };

/* One honest replica in 12 bits, so that sorting and hashing a state is cheap. */
#define FIRST_UNCAST        3u
#define FIRST_OF(r)         ((r)&3u)
#define EXTRA_BIT(choice)   (4u << (choice))
#define EXTRAS              (7u << 2)
#define FINAL_BIT           (1u << 5)
#define SHOWN_SHIFT(choice) (6u + 2u * (choice))
#define SHOWN(r, choice)    ((r) >> SHOWN_SHIFT(choice) & 3u)

struct state {
	uint16_t replica[HONEST_MAX]; /* sorted; unused ones zero */
};

enum verdict { HOLDS, CONFLICT, STUCK, NO_FINALITY };
static const char *const verdict_names[] = {"holds", "conflict", "stuck", "no finality"};

/* A run: who takes part, and which mistake is planted. Mistakes wrap the product's rules; they are not in them. */
struct run {
	unsigned n, faulty, slow;
	bool timer_skips_after_vote; /* breaks rule 5 */
	bool final_after_extra;      /* breaks rule 7, "no extras sent" */
	bool extra_after_final;      /* breaks rule 7, "after it, no further vote" */
	unsigned key_threshold_less, quorum_less;
	bool large; /* millions of states: only with --large */
	enum verdict expected;
	const char *what;
};

struct search {
	const struct run *run;
	struct committee committee;
	unsigned honest;
	struct state_set states; /* gone through breadth first */
};

static const struct state *state_at(const struct search *s, uint32_t number)
{
	return state_set_at(&s->states, number);
}

static void sort_replicas(struct state *state, unsigned honest)
{
	for (unsigned i = 1; i < honest; i++) {
		uint16_t r = state->replica[i];
		unsigned j = i;
		for (; j > 0 && state->replica[j - 1] > r; j--)
			state->replica[j] = state->replica[j - 1];
		state->replica[j] = r;
	}
}

/* The same replica in a world where the blocks A and B have changed names. */
static uint16_t mirrored(uint16_t r)
{
	unsigned first = FIRST_OF(r) <= BLOCK_B ? FIRST_OF(r) ^ 1u : FIRST_OF(r);
	return (uint16_t)(first | (r & EXTRA_BIT(BLOCK_A) ? EXTRA_BIT(BLOCK_B) : 0) |
	                  (r & EXTRA_BIT(BLOCK_B) ? EXTRA_BIT(BLOCK_A) : 0) | (r & (EXTRA_BIT(NO_BLOCK) | FINAL_BIT)) |
	                  SHOWN(r, BLOCK_A) << SHOWN_SHIFT(BLOCK_B) | SHOWN(r, BLOCK_B) << SHOWN_SHIFT(BLOCK_A) |
	                  SHOWN(r, NO_BLOCK) << SHOWN_SHIFT(NO_BLOCK));
}

/* One representative of all states that differ only in the names of honest replicas and of the two blocks. */
static void canonicalise(struct state *state, unsigned honest)
{
	struct state mirror = {{0}};
	for (unsigned i = 0; i < honest; i++)
		mirror.replica[i] = mirrored(state->replica[i]);
	sort_replicas(state, honest);
	sort_replicas(&mirror, honest);
	if (memcmp(&mirror, state, sizeof(mirror)) < 0)
		*state = mirror;
}

static void discover(struct search *s, const struct state *from, unsigned changed, uint16_t replica, uint32_t parent)
{
	struct state next = *from;
	next.replica[changed] = replica;
	canonicalise(&next, s->honest);
	state_set_add(&s->states, &next, parent);
}

/* ---- what the votes amount to --------------------------------------------------------------- */

struct count {
	unsigned first[CHOICES + 1], extra[CHOICES], final[NO_BLOCK];
};

static void count_votes(const struct search *s, const struct state *state, struct count *count)
{
	memset(count, 0, sizeof(*count));
	for (unsigned i = 0; i < s->honest; i++) {
		uint16_t r = state->replica[i];
		count->first[FIRST_OF(r)]++;
		for (unsigned choice = 0; choice < CHOICES; choice++)
			count->extra[choice] += (r & EXTRA_BIT(choice)) != 0;
		if (r & FINAL_BIT)
			count->final[FIRST_OF(r)]++;
	}
}

/* N(h) or S from these honest votes and `byzantine` further ones. No honest replica casts both votes of one kind for
 * one choice, so that the sum counts nobody twice. */
static bool certified(const struct search *s, const struct count *count, unsigned choice, unsigned byzantine)
{
	return count->first[choice] + count->extra[choice] + byzantine >= s->committee.quorum_slow;
}

static bool final_possible(const struct search *s, const struct count *count, unsigned block)
{
	unsigned faulty = s->run->faulty;
	return count->first[block] + faulty >= s->committee.quorum_fast ||
	       count->final[block] + faulty >= s->committee.quorum_slow;
}

/* A final block excludes S of its view, and N or finality of any other block. S beside N alone is legal. */
static bool conflicts(const struct search *s, const struct count *count)
{
	unsigned faulty = s->run->faulty;
	for (unsigned block = BLOCK_A; block <= BLOCK_B; block++) {
		unsigned other = block ^ 1u;
		if (final_possible(s, count, block) &&
		    (certified(s, count, NO_BLOCK, faulty) || certified(s, count, other, faulty) ||
		     final_possible(s, count, other)))
			return true;
	}
	return false;
}

/* ---- the rules, with the planted mistakes around them --------------------------------------- */

static struct own_votes own_votes(uint16_t r)
{
	static const enum first_vote firsts[] = {FIRST_BLOCK, FIRST_BLOCK, FIRST_SKIP, FIRST_NONE};
	return (struct own_votes){.first = firsts[FIRST_OF(r)], .any_extra = r & EXTRAS, .final = r & FINAL_BIT};
}

static bool mistaken(const struct search *s)
{
	return s->run->timer_skips_after_vote || s->run->final_after_extra || s->run->extra_after_final;
}

/* The replica as the wall sees it, asked for a vote. */
static struct wall_case asked_for(uint16_t r, enum vote_kind kind, unsigned block)
{
	return (struct wall_case){.own = own_votes(r),
	                          .first_block = FIRST_OF(r),
	                          .notar2 = (r & EXTRAS) >> 2 & 3u,
	                          .skip2 = r & EXTRA_BIT(NO_BLOCK),
	                          .kind = kind,
	                          .block = block};
}

static bool may_cast_first(const struct search *s, uint16_t r, unsigned choice)
{
	const struct own_votes own = own_votes(r);
	const struct wall_case asked =
	    asked_for(r, choice == NO_BLOCK ? VOTE_SKIP1 : VOTE_NOTAR1, choice == NO_BLOCK ? 0 : choice);

	return mistaken(s) ? rule_first_vote(&own, true) : wall_casts(&asked);
}

/* `shown`: the first votes of Byzantine voters that this replica has received. */
static bool wall_casts_extra(const struct count *count, uint16_t r, unsigned choice, const unsigned shown[CHOICES])
{
	struct wall_case asked =
	    asked_for(r, choice == NO_BLOCK ? VOTE_SKIP2 : VOTE_NOTAR2, choice == NO_BLOCK ? 0 : choice);

	for (unsigned block = BLOCK_A; block <= BLOCK_B; block++)
		asked.heard[block] = count->first[block] - (FIRST_OF(r) == block) + shown[block];
	asked.heard_skips = count->first[NO_BLOCK] - (FIRST_OF(r) == NO_BLOCK) + shown[NO_BLOCK];
	return wall_casts(&asked);
}

static bool may_cast_extra(const struct search *s, const struct count *count, uint16_t r, unsigned choice,
                           const unsigned shown[CHOICES])
{
	struct own_votes own = own_votes(r);
	if (!mistaken(s))
		return wall_casts_extra(count, r, choice, shown);
	if (s->run->extra_after_final)
		own.final = false;
	if (r & EXTRA_BIT(choice))
		return false; /* rule 6: "each extra vote once per (view, block)" */
	if (choice != NO_BLOCK)
		return rule_notar2(&s->committee, &own, count->first[choice] + shown[choice], FIRST_OF(r) == choice);
	unsigned a = count->first[BLOCK_A] + shown[BLOCK_A], b = count->first[BLOCK_B] + shown[BLOCK_B];
	struct first_tally tally = {.total = a + b + count->first[NO_BLOCK] + shown[NO_BLOCK], .top = a > b ? a : b};
	if (s->run->timer_skips_after_vote && own.first == FIRST_BLOCK && !own.final)
		return true;
	return rule_skip2(&s->committee, &own, &tally);
}

static bool may_cast_final(const struct search *s, uint16_t r, unsigned block, bool notarised)
{
	struct own_votes own = own_votes(r);
	struct wall_case asked = asked_for(r, VOTE_FINAL, block);
	asked.notarised = notarised;
	if (!mistaken(s))
		return wall_casts(&asked);
	if (s->run->final_after_extra)
		own.any_extra = false;
	return rule_final(&own, FIRST_OF(r) == block, notarised, true);
}

/* Casts `choice` for replica i with every least set of Byzantine first votes that allows it. */
static void expand_extra(struct search *s, const struct state *state, const struct count *count, unsigned i,
                         unsigned choice, uint32_t parent)
{
	uint16_t r = state->replica[i];
	unsigned least[CHOICES], shown[CHOICES], faulty = s->run->faulty;
	for (unsigned k = 0; k < CHOICES; k++)
		least[k] = SHOWN(r, k);
	for (shown[0] = least[0]; shown[0] <= faulty; shown[0]++)
		for (shown[1] = least[1]; shown[0] + shown[1] <= faulty; shown[1]++)
			for (shown[2] = least[2]; shown[0] + shown[1] + shown[2] <= faulty; shown[2]++) {
				if (!may_cast_extra(s, count, r, choice, shown))
					continue;
				bool minimal = true;
				for (unsigned k = 0; k < CHOICES && minimal; k++)
					if (shown[k] > least[k]) {
						shown[k]--;
						minimal = !may_cast_extra(s, count, r, choice, shown);
						shown[k]++;
					}
				if (!minimal)
					continue;
				unsigned next = (r & 63u) | EXTRA_BIT(choice);
				for (unsigned k = 0; k < CHOICES; k++)
					next |= shown[k] << SHOWN_SHIFT(k);
				discover(s, state, i, (uint16_t)next, parent);
			}
}

static void expand(struct search *s, uint32_t index)
{
	const struct state state = *state_at(s, index);
	struct count count;
	count_votes(s, &state, &count);
	for (unsigned i = 0; i < s->honest; i++) {
		uint16_t r = state.replica[i];
		if (i > 0 && r == state.replica[i - 1])
			continue; /* its twin does the same */
		for (unsigned choice = 0; choice < CHOICES; choice++)
			if (may_cast_first(s, r, choice))
				discover(s, &state, i, (uint16_t)((r & ~3u) | choice), index);
		for (unsigned choice = 0; choice < CHOICES; choice++)
			expand_extra(s, &state, &count, i, choice, index);
		for (unsigned block = BLOCK_A; block <= BLOCK_B; block++)
			if (may_cast_final(s, r, block, certified(s, &count, block, s->run->faulty)))
				discover(s, &state, i, (uint16_t)(r | FINAL_BIT), index);
	}
}

/* ---- progress ------------------------------------------------------------------------------- */

/* All honest first votes are cast and delivered, Byzantine voters are silent: what do the honest votes come to? */
static enum verdict progress(const struct search *s, const struct state *state, const struct count *count)
{
	static const unsigned nothing_shown[CHOICES];
	struct state last = *state;
	struct count sum;
	/* First votes do not change any more, so that one pass casts all that will ever be cast. */
	for (unsigned i = 0; i < s->honest; i++)
		for (unsigned choice = 0; choice < CHOICES; choice++)
			if (may_cast_extra(s, count, last.replica[i], choice, nothing_shown))
				last.replica[i] = (uint16_t)(last.replica[i] | EXTRA_BIT(choice));
	count_votes(s, &last, &sum);
	/* Who has cast FINAL holds N, and has forwarded it to all (rule 1). */
	bool ended = sum.final[BLOCK_A] || sum.final[BLOCK_B];
	for (unsigned choice = 0; choice < CHOICES; choice++)
		ended = ended || certified(s, &sum, choice, 0);
	if (!ended)
		return STUCK;
	for (unsigned block = BLOCK_A; block <= BLOCK_B; block++) {
		if (count->first[block] != s->honest)
			continue;
		unsigned finals = sum.final[block];
		for (unsigned i = 0; i < s->honest; i++)
			finals += may_cast_final(s, last.replica[i], block, certified(s, &sum, block, 0));
		if (finals < s->committee.quorum_slow)
			return NO_FINALITY;
	}
	return HOLDS;
}

/* ---- the search ----------------------------------------------------------------------------- */

static void print_path(const struct search *s, uint32_t index)
{
	if (index != 0)
		print_path(s, s->states.parents[index]);
	printf("   ");
	for (unsigned i = 0; i < s->honest; i++) {
		uint16_t r = state_at(s, index)->replica[i];
		printf(" %c", "AB-."[FIRST_OF(r)]);
		for (unsigned choice = 0; choice < CHOICES; choice++)
			if (r & EXTRA_BIT(choice))
				printf("+%c", "ab-"[choice]);
		if (r & FINAL_BIT)
			printf("!");
	}
	printf("\n");
}

static enum verdict search(struct search *s, uint32_t *found)
{
	for (*found = 0; *found < s->states.count; ++*found) {
		const struct state state = *state_at(s, *found);
		struct count count;
		count_votes(s, &state, &count);
		if (conflicts(s, &count))
			return CONFLICT;
		/* Where a mistake must show as a conflict, the search goes on until it does. */
		if (count.first[FIRST_UNCAST] == 0 && s->run->expected != CONFLICT) {
			enum verdict verdict = progress(s, &state, &count);
			if (verdict != HOLDS)
				return verdict;
		}
		expand(s, *found);
	}
	return HOLDS;
}

static bool execute(const struct run *run)
{
	struct search s = {.run = run, .honest = run->n - run->faulty};
	assert(s.honest <= HONEST_MAX && run->faulty <= 3);
	s.committee = (struct committee){
	    .size = run->n,
	    .weight = run->n,
	    .faulty = run->faulty,
	    .slow = run->slow,
	    .quorum_slow = (run->n + run->faulty) / 2 + 1 - run->quorum_less,
	    .quorum_fast = run->n - run->slow,
	    .key_threshold = run->faulty + run->slow + 1 - run->key_threshold_less,
	};
	wall_begin(&s.committee);
	state_set_init(&s.states, sizeof(struct state));

	struct state start = {{0}};
	for (unsigned i = 0; i < s.honest; i++)
		start.replica[i] = FIRST_UNCAST;
	discover(&s, &start, 0, FIRST_UNCAST, 0);
	uint32_t found;
	enum verdict verdict = search(&s, &found);
	printf("n=%u F=%u P=%u%s%s: %s, %u states\n", run->n, run->faulty, run->slow, run->what ? ", " : "",
	       run->what ? run->what : "", verdict_names[verdict], s.states.count);
	if (verdict != HOLDS)
		print_path(&s, found);
	if (verdict != run->expected)
		printf("    expected: %s\n", verdict_names[run->expected]);
	fflush(stdout);
	state_set_deinit(&s.states);
	return verdict == run->expected;
}

static const struct run runs[] = {
    {.n = 1, .faulty = 0, .slow = 0},
    {.n = 2, .faulty = 0, .slow = 0},
    {.n = 3, .faulty = 0, .slow = 0},
    {.n = 3, .faulty = 0, .slow = 1},
    {.n = 4, .faulty = 0, .slow = 1},
    {.n = 4, .faulty = 1, .slow = 0},
    {.n = 5, .faulty = 1, .slow = 0},
    {.n = 5, .faulty = 0, .slow = 2},
    {.n = 6, .faulty = 1, .slow = 1},
    {.n = 7, .faulty = 1, .slow = 1},
    {.n = 7, .faulty = 2, .slow = 0},
    {.n = 8, .faulty = 1, .slow = 2},
    {.n = 8, .faulty = 2, .slow = 0, .large = true},
    {.n = 9, .faulty = 2, .slow = 1, .large = true},
    /* Planted mistakes: each must be found. */
    {.n = 4, .faulty = 1, .timer_skips_after_vote = true, .expected = CONFLICT, .what = "a timer skips after a vote"},
    {.n = 4, .faulty = 1, .final_after_extra = true, .expected = CONFLICT, .what = "FINAL follows an extra vote"},
    {.n = 4, .faulty = 1, .extra_after_final = true, .expected = CONFLICT, .what = "an extra vote follows FINAL"},
    {.n = 4, .faulty = 1, .key_threshold_less = 1, .expected = CONFLICT, .what = "K is one too small"},
    {.n = 6, .faulty = 1, .slow = 1, .key_threshold_less = 1, .expected = CONFLICT, .what = "K is one too small"},
    {.n = 4, .faulty = 1, .quorum_less = 1, .expected = CONFLICT, .what = "Qs is one too small"},
    {.n = 4, .faulty = 1, .slow = 1, .expected = STUCK, .what = "W is below 3F+2P+1"},
    {.n = 5, .faulty = 1, .slow = 1, .expected = STUCK, .what = "W is below 3F+2P+1"},
    {.n = 6, .faulty = 2, .slow = 0, .expected = STUCK, .what = "W is below 3F+2P+1"},
};

int main(int argc, char **argv)
{
	bool large = argc == 2 && strcmp(argv[1], "--large") == 0, passed = true;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		if (large || !runs[i].large)
			passed = execute(&runs[i]) && passed;
	return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
