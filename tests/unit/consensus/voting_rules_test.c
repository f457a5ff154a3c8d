/* The voting rules at their thresholds, for n = 6, F = 1, P = 1 (K = 3). That they are safe and live together is
 * shown by the exhaustive search in tests/model. */
#include "voting_rules.h"
#include "unit.h"

static const struct committee c = {
    .size = 6, .weight = 6, .faulty = 1, .slow = 1, .quorum_slow = 4, .quorum_fast = 5, .key_threshold = 3};

static const struct own_votes nothing = {.first = FIRST_NONE};
static const struct own_votes skipped = {.first = FIRST_SKIP};
static const struct own_votes voted = {.first = FIRST_BLOCK};
static const struct own_votes voted_and_extra = {.first = FIRST_BLOCK, .any_extra = true};
static const struct own_votes voted_and_final = {.first = FIRST_BLOCK, .final = true};
static const struct own_votes past_nothing = {.past = true, .first = FIRST_NONE};
static const struct own_votes past_voted = {.past = true, .first = FIRST_BLOCK};

START_TEST(first_vote_is_cast_once_in_an_entered_open_view)
{
	ck_assert(rule_first_vote(&nothing, true));
	ck_assert(!rule_first_vote(&nothing, false));
	ck_assert(!rule_first_vote(&skipped, true));
	ck_assert(!rule_first_vote(&voted, true));
	ck_assert(!rule_first_vote(&past_nothing, true));
}
END_TEST

START_TEST(notar2_needs_the_threshold_and_another_first_vote)
{
	ck_assert(rule_notar2(&c, &voted, 3, false));
	ck_assert(rule_notar2(&c, &skipped, 3, false));
	ck_assert(rule_notar2(&c, &voted_and_extra, 3, false));
	ck_assert(!rule_notar2(&c, &voted, 2, false));
	ck_assert(!rule_notar2(&c, &voted, 3, true));
	ck_assert(!rule_notar2(&c, &nothing, 3, false));
	ck_assert(!rule_notar2(&c, &voted_and_final, 3, false));
	ck_assert(!rule_notar2(&c, &past_voted, 3, false));
}
END_TEST

START_TEST(skip2_needs_the_threshold_besides_the_top_block)
{
	const struct first_tally enough = {.total = 5, .top = 2}, one_less = {.total = 5, .top = 3};

	ck_assert(rule_skip2(&c, &voted, &enough));
	ck_assert(rule_skip2(&c, &voted_and_extra, &enough));
	ck_assert(!rule_skip2(&c, &voted, &one_less));
	ck_assert(!rule_skip2(&c, &skipped, &enough));
	ck_assert(!rule_skip2(&c, &nothing, &enough));
	ck_assert(!rule_skip2(&c, &voted_and_final, &enough));
	ck_assert(!rule_skip2(&c, &past_voted, &enough));
}
END_TEST

START_TEST(final_vote_follows_no_other_vote_than_its_first)
{
	ck_assert(rule_final(&voted, true, true, true));
	ck_assert(!rule_final(&voted, false, true, true));
	ck_assert(!rule_final(&voted, true, false, true));
	ck_assert(!rule_final(&voted, true, true, false));
	ck_assert(!rule_final(&voted_and_extra, true, true, true));
	ck_assert(!rule_final(&voted_and_final, true, true, true));
	ck_assert(!rule_final(&skipped, true, true, true));
	ck_assert(!rule_final(&nothing, true, true, true));
	ck_assert(!rule_final(&past_voted, true, true, true));
}
END_TEST

/* Each kind against each set of own votes: what may follow, whatever led to it. */
START_TEST(votes_follow_own_votes_that_they_do_not_contradict)
{
	static const struct {
		const struct own_votes *own;
		bool own_block, follows[VOTE_FINAL + 1];
	} cases[] = {
	    /* NOTAR1, SKIP1, NOTAR2, SKIP2, FINAL */
	    {&nothing, false, {false, true, true, false, false, false}},
	    {&skipped, false, {false, false, false, true, false, false}},
	    {&voted, true, {false, false, false, false, true, true}},
	    {&voted, false, {false, false, false, true, true, false}},
	    {&voted_and_extra, true, {false, false, false, false, true, false}},
	    {&voted_and_extra, false, {false, false, false, true, true, false}},
	    {&voted_and_final, true, {false}},
	    {&voted_and_final, false, {false}},
	    {&past_nothing, false, {false}},
	    {&past_voted, true, {false}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int kind = VOTE_NOTAR1; kind <= VOTE_FINAL; kind++)
			ck_assert_msg(rule_follows(cases[i].own, (enum vote_kind)kind, cases[i].own_block) ==
			                  cases[i].follows[kind],
			              "case %zu, kind %d", i, kind);
}
END_TEST

UNIT_MAIN("voting_rules", votes_follow_own_votes_that_they_do_not_contradict,
          first_vote_is_cast_once_in_an_entered_open_view, notar2_needs_the_threshold_and_another_first_vote,
          skip2_needs_the_threshold_besides_the_top_block, final_vote_follows_no_other_vote_than_its_first)
