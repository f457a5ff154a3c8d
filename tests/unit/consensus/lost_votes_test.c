/* The start of the consensus module from outside (node/consensus/lost_votes.c): own votes that the journal holds, those
 * that it has lost, and the gate that peers open. Six validators: Qs = 4; this is number 0. */
#include "rig.h"
#include "uncia/error.h"
#include "unit.h"

enum { GENESIS, A, B };

static struct rig rig;

static void setup(void)
{
	rig_voting(&rig, 6, 0);
}

static void teardown(void)
{
	rig_free(&rig);
}

static void restart(uint64_t final_view, unsigned final_block)
{
	struct hash id = rig_id(final_block);

	rig_free(&rig);
	rig_start(&rig, 6, 0, final_view, &id);
}

static void answered(uint32_t peer)
{
	ck_assert_int_eq(consensus_answered(rig.c, peer, NULL), 0);
}

static void let_vote(void)
{
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	for (uint32_t peer = 1; peer < 6; peer++)
		answered(peer);
	ck_assert_int_eq(consensus_voting(rig.c), VOTING_YES);
	rig_count(&rig, OUT_VOTING);
}

START_TEST(it_votes_once_peers_of_a_quorum_with_it_have_answered)
{
	struct consensus_output o;

	restart(0, GENESIS);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	ck_assert_int_eq(consensus_voting(rig.c), VOTING_NO);
	answered(3);
	answered(3);
	answered(4);
	ck_assert(consensus_has_answered(rig.c, 3) && !consensus_has_answered(rig.c, 5));
	ck_assert_int_eq(consensus_voting(rig.c), VOTING_NO);
	answered(1);
	ck_assert(consensus_may_vote(rig.c));
	rig_expect(&rig, OUT_VOTING, &o);
	ck_assert_int_eq(o.voting, VOTING_YES);
	consensus_space(rig.c, true);
	ck_assert_int_eq(consensus_voting(rig.c), VOTING_NO_SPACE);
}
END_TEST

START_TEST(votes_that_the_journal_holds_are_not_lost)
{
	const struct vote skip = rig_vote(VOTE_SKIP1, 3, 0, 0), older = rig_vote(VOTE_SKIP1, 2, 0, 0);

	restart(2, B);
	ck_assert_int_eq(consensus_recover_vote(rig.c, &skip), 0);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	ck_assert_int_eq(consensus_answered(rig.c, 1, &skip), 0);
	ck_assert_int_eq(consensus_answered(rig.c, 2, &older), 0); /* in a view that was past in the journal */
	ck_assert_int_eq(consensus_lost(rig.c, &skip), 0);
	ck_assert_int_eq(consensus_answered(rig.c, 3, NULL), 0);
	ck_assert_int_eq(consensus_voting(rig.c), VOTING_YES);
}
END_TEST

START_TEST(an_answer_that_is_no_vote_of_ours_is_refused)
{
	struct vote vote = rig_vote(VOTE_SKIP1, 3, 0, 2);

	restart(0, GENESIS);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	ck_assert_int_eq(consensus_answered(rig.c, 2, &vote), UNCIA_E_PROTOCOL);
	vote.voter = 0;
	vote.epoch = 1;
	ck_assert_int_eq(consensus_answered(rig.c, 2, &vote), UNCIA_E_PROTOCOL);
	ck_assert(!consensus_has_answered(rig.c, 2));
}
END_TEST

START_TEST(a_lost_vote_ends_voting_for_good)
{
	const struct vote lost = rig_vote(VOTE_NOTAR1, 9, A, 0);
	struct consensus_output o;

	restart(0, GENESIS);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	ck_assert_int_eq(consensus_answered(rig.c, 1, &lost), 1);
	ck_assert_int_eq(consensus_lost(rig.c, &lost), 1);
	ck_assert_int_eq(consensus_lost(rig.c, &lost), 0); /* known */
	rig_expect(&rig, OUT_VOTING, &o);
	ck_assert(o.voting == VOTING_STALE_JOURNAL && o.view == 9);
	ck_assert_ptr_nonnull(consensus_newest_unjournaled(rig.c)); /* to be written down */
	ck_assert_ptr_null(consensus_newest_unjournaled(rig.c));

	restart(0, GENESIS);
	consensus_recover_newest(rig.c, &lost);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	ck_assert_int_eq(consensus_voting(rig.c), VOTING_STALE_JOURNAL);
	for (uint32_t peer = 1; peer < 6; peer++)
		answered(peer);
	ck_assert(!consensus_may_vote(rig.c));
}
END_TEST

START_TEST(a_lost_vote_ends_voting_even_if_others_answered_while_it_was_checked)
{
	const struct vote lost = rig_vote(VOTE_SKIP1, 1, 0, 0);

	restart(0, GENESIS);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	ck_assert_int_eq(consensus_answered(rig.c, 1, &lost), 1);
	for (uint32_t peer = 2; peer < 5; peer++)
		answered(peer);
	ck_assert(consensus_may_vote(rig.c));
	/* It even casts that very vote again. */
	rig_time(&rig, RIG_HEARTBEAT_MS);
	rig_advance(&rig);
	rig_time(&rig, 250);
	rig_advance(&rig);
	rig_expect_vote(&rig, VOTE_SKIP1, 1, 0);
	ck_assert_int_eq(consensus_lost(rig.c, &lost), 1);
	ck_assert_int_eq(consensus_voting(rig.c), VOTING_STALE_JOURNAL);
	ck_assert_int_eq(consensus_lost(rig.c, &lost), 0);
}
END_TEST

START_TEST(it_goes_on_in_the_view_of_its_newest_vote)
{
	const struct vote vote = rig_vote(VOTE_SKIP1, 7, 0, 0);

	restart(3, B);
	ck_assert_uint_eq(consensus_view(rig.c), 4);
	ck_assert_int_eq(consensus_recover_vote(rig.c, &vote), 0);
	let_vote();
	ck_assert_uint_eq(consensus_view(rig.c), 7);
	ck_assert_uint_eq(consensus_first_vote(rig.c, 7, 0)->kind, VOTE_SKIP1); /* it counts again */
}
END_TEST

static void refuses_after(const struct vote *before, size_t count, const struct vote *vote)
{
	restart(2, B);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(consensus_recover_vote(rig.c, &before[i]), 0);
	ck_assert_int_eq(consensus_recover_vote(rig.c, vote), UNCIA_E_DAMAGED);
}

START_TEST(own_votes_that_contradict_each_other_are_damage)
{
	const struct vote first = rig_vote(VOTE_NOTAR1, 5, A, 0), other = rig_vote(VOTE_NOTAR1, 5, B, 0),
	                  skip = rig_vote(VOTE_SKIP1, 5, 0, 0), extra = rig_vote(VOTE_NOTAR2, 5, B, 0),
	                  extra_own = rig_vote(VOTE_NOTAR2, 5, A, 0), skip2 = rig_vote(VOTE_SKIP2, 5, 0, 0),
	                  last = rig_vote(VOTE_FINAL, 5, A, 0), last_other = rig_vote(VOTE_FINAL, 5, B, 0);
	const struct vote first_extra[] = {first, extra}, first_skip2[] = {first, skip2}, first_last[] = {first, last};

	refuses_after(&first, 1, &other);
	refuses_after(&first, 1, &skip);
	refuses_after(&skip, 1, &skip2);
	refuses_after(&skip, 1, &last);
	refuses_after(&first, 1, &extra_own);
	refuses_after(&first, 1, &last_other);
	refuses_after(NULL, 0, &extra);
	refuses_after(NULL, 0, &skip2);
	refuses_after(NULL, 0, &last);
	refuses_after(first_extra, 2, &last);
	refuses_after(first_skip2, 2, &last);
	refuses_after(first_last, 2, &extra);
	refuses_after(first_last, 2, &skip2);
}
END_TEST

START_TEST(own_votes_of_others_or_of_another_epoch_are_damage)
{
	struct vote vote = rig_vote(VOTE_SKIP1, 5, 0, 2);

	refuses_after(NULL, 0, &vote);
	vote.voter = 0;
	vote.epoch = 1;
	refuses_after(NULL, 0, &vote);
	vote.epoch = 0;
	refuses_after(NULL, 0, &(struct vote){.kind = VOTE_SKIP1, .view = 5, .voter = UINT32_MAX});
	ck_assert_int_eq(consensus_recover_vote(rig.c, &vote), 0);
	ck_assert_int_eq(consensus_recover_vote(rig.c, &vote), 0); /* told twice */
}
END_TEST

/* The certificate's signatures are by 1 to 3, and ours. */
START_TEST(votes_in_certificates_are_newest_votes_too)
{
	ck_assert_ptr_null(consensus_newest(rig.c, 1));
	rig_certify(&rig, CERT_N, 3, A);
	const struct vote *newest = consensus_newest(rig.c, 1);
	ck_assert_ptr_nonnull(newest);
	ck_assert_int_eq(newest->kind, VOTE_NOTAR1);
	ck_assert_uint_eq(newest->view, 3);
	ck_assert_uint_eq(newest->voter, 1);
	const struct vote expected = rig_vote(VOTE_NOTAR1, 3, A, 1);
	ck_assert_mem_eq(newest->signature, expected.signature, SIGNATURE_SIZE);
	ck_assert_ptr_null(consensus_newest(rig.c, 0)); /* of ours only lost ones are told so */
	/* A certificate of finality holds FINAL votes, which are newer; an older view's changes nothing. */
	rig_certify(&rig, CERT_SF, 3, A);
	ck_assert_int_eq(consensus_newest(rig.c, 1)->kind, VOTE_FINAL);
	rig_certify(&rig, CERT_S, 2, 0);
	ck_assert_uint_eq(consensus_newest(rig.c, 1)->view, 3);
	unsigned count = 0;
	while (consensus_newest_unjournaled(rig.c))
		count++;
	ck_assert_uint_eq(count, 3);
}
END_TEST

START_TEST(once_it_is_to_end_no_vote_is_cast)
{
	consensus_end(rig.c);
	ck_assert_int_eq(consensus_voting(rig.c), VOTING_ENDED);
	ck_assert(!consensus_may_vote(rig.c));
	rig_know(&rig, A, 1, GENESIS, BLOCK_VALID);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	rig_advance(&rig);
	rig_time(&rig, 60000);
	rig_advance(&rig);
	ck_assert_uint_eq(rig_count(&rig, OUT_VOTE), 0);
	ck_assert_uint_eq(rig.signs, 0);
}
END_TEST

UNIT_MAIN_BETWEEN("lost_votes", setup, teardown, it_votes_once_peers_of_a_quorum_with_it_have_answered,
                  votes_that_the_journal_holds_are_not_lost, an_answer_that_is_no_vote_of_ours_is_refused,
                  a_lost_vote_ends_voting_for_good,
                  a_lost_vote_ends_voting_even_if_others_answered_while_it_was_checked,
                  it_goes_on_in_the_view_of_its_newest_vote, own_votes_that_contradict_each_other_are_damage,
                  own_votes_of_others_or_of_another_epoch_are_damage, votes_in_certificates_are_newest_votes_too,
                  once_it_is_to_end_no_vote_is_cast)
