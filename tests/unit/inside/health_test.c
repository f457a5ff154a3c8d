/* When a validator counts as healthy. */
#include "health.h"
#include <string.h>
#include "unit.h"

static struct node_figures figures;
static char text[HEALTH_TEXT_SIZE];

static void setup(void)
{
	figures = (struct node_figures){
	    .now_ms = 100000,
	    .status = {.voting = VOTING_YES, .weight_linked = 4, .weight_needed = 3, .last_final_ms = 99900},
	};
}

static void teardown(void)
{
}

START_TEST(one_that_votes_and_has_nothing_to_do_is_well)
{
	ck_assert(health_good(&figures, text));
	figures.status.last_final_ms = 0; /* idle for long: nobody waits */
	ck_assert(health_good(&figures, text));
	ck_assert_uint_eq(health_stalled_ms(&figures), 0);
	figures.status.voting = VOTING_OBSERVER; /* and one that has no vote */
	ck_assert(health_good(&figures, text));
}
END_TEST

/* Both have to hold for ten seconds: that payments wait, and that nothing becomes final. */
START_TEST(one_where_payments_wait_and_nothing_becomes_final_is_not)
{
	figures.status.last_final_ms = 10;
	figures.status.work_since_ms = figures.now_ms - HEALTH_STALLED_MS + 1;
	ck_assert(health_good(&figures, text));
	figures.status.work_since_ms--;
	ck_assert_uint_eq(health_stalled_ms(&figures), HEALTH_STALLED_MS);
	ck_assert(!health_good(&figures, text));
	figures.load.mempool = 3;
	figures.status.weight_linked = 2;
	ck_assert(!health_good(&figures, text));
	ck_assert_str_eq(text, "nothing has become final for 10 s while payments wait (3 in the pool): weight 2 is "
	                       "linked, itself included, of 3 needed");
	/* Under load there is always something that waits. */
	figures.status.work_since_ms = 10;
	figures.status.last_final_ms = figures.now_ms - 1;
	ck_assert(health_good(&figures, text));
}
END_TEST

START_TEST(one_that_may_not_vote_is_not_and_says_why)
{
	static const struct {
		enum voting_state voting;
		const char *why;
	} cases[] = {{VOTING_NO, "just started"},
	             {VOTING_STALE_JOURNAL, "lost votes"},
	             {VOTING_NO_SPACE, "disk is full"},
	             {VOTING_ENDED, "second chain"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		figures.status.voting = cases[i].voting;
		ck_assert(!health_good(&figures, text));
		ck_assert_ptr_nonnull(strstr(text, cases[i].why));
		ck_assert_ptr_null(strchr(text, '\n'));
	}
}
END_TEST

UNIT_MAIN_BETWEEN("health", setup, teardown, one_that_votes_and_has_nothing_to_do_is_well,
                  one_where_payments_wait_and_nothing_becomes_final_is_not, one_that_may_not_vote_is_not_and_says_why)
