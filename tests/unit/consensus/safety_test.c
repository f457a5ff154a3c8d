/* The wall before the key (node/consensus/safety.c): each kind of vote is made with the evidence that its rule asks for
 * (docs/spec/consensus.md §6), and without any one piece of it nothing is signed, noted or put out. Votes are asked for
 * directly, as by a caller that is wrong. The committee has six validators: Qs = 4, Qf = 5, K = 3; view v is led by
 * number v mod 6. */
#include "rig.h"
#include "state.h"
#include "unit.h"

enum { GENESIS, A, B, C, D };
#define SELF 0u

static struct rig rig;

static void setup(void)
{
	rig_voting(&rig, 6, SELF);
}

static void teardown(void)
{
	rig_free(&rig);
}

static struct vote wanted_vote(enum vote_kind kind, uint64_t view, unsigned block)
{
	struct vote wanted = {.kind = kind, .view = view};

	if (vote_kind_names_block(kind))
		wanted.block_id = rig_id(block);
	return wanted;
}

static int asked(const struct vote *wanted)
{
	struct vote cast;

	return safety_cast(rig.c, wanted, true, &cast);
}

static void refuse_vote(const struct vote *wanted)
{
	const struct view *view = view_find(rig.c, wanted->view);
	unsigned signs = rig.signs;
	uint32_t votes = view ? view->own_vote_count : 0;
	size_t views = consensus_views(rig.c);

	rig_count(&rig, OUT_VOTE);
	ck_assert_int_eq(asked(wanted), CONSENSUS_E_UNSAFE);
	ck_assert_uint_eq(rig.signs, signs);
	ck_assert_uint_eq(rig_count(&rig, OUT_VOTE), 0);
	ck_assert_uint_eq(consensus_views(rig.c), views);
	ck_assert_uint_eq(view ? view->own_vote_count : 0, votes);
}

static void refuses(enum vote_kind kind, uint64_t view, unsigned block)
{
	const struct vote wanted = wanted_vote(kind, view, block);

	refuse_vote(&wanted);
}

/* Casts it, and counts it, as once it is durable. */
static void casts(enum vote_kind kind, uint64_t view, unsigned block)
{
	const struct vote wanted = wanted_vote(kind, view, block);
	unsigned signs = rig.signs;

	rig_count(&rig, OUT_VOTE);
	ck_assert_int_eq(asked(&wanted), 0);
	ck_assert_uint_eq(rig.signs, signs + 1);
	rig_expect_vote(&rig, kind, view, block);
	ck_assert_uint_eq(rig_count(&rig, OUT_VOTE), 0);
}

/* All that a first vote for A in view 1 takes, but how far the block has been checked. */
static void shown_a(enum block_check check)
{
	rig_know(&rig, A, 1, GENESIS, check);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
}

static void voted_a(void)
{
	shown_a(BLOCK_VALID);
	casts(VOTE_NOTAR1, 1, A);
}

/* Own first vote and three more, which make N. */
static void notarised_a(void)
{
	voted_a();
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 2);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 3);
}

/* ---- with everything ---- */

START_TEST(each_kind_of_vote_is_cast_on_its_evidence)
{
	struct hash a = rig_id(A);

	voted_a();
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 2);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 3);
	ck_assert_ptr_nonnull(consensus_held(rig.c, 1, CERT_N, &a));
	casts(VOTE_FINAL, 1, A);

	casts(VOTE_SKIP1, 2, 0);
	for (uint32_t voter = 1; voter <= 3; voter++)
		rig_hear(&rig, VOTE_NOTAR1, 2, B, voter);
	casts(VOTE_NOTAR2, 2, B);

	rig_know(&rig, C, 3, B, BLOCK_VALID);
	rig_know(&rig, B, 2, A, BLOCK_BODY);
	rig_hear(&rig, VOTE_NOTAR1, 3, C, 3);
	ck_assert_uint_eq(consensus_view(rig.c), 3); /* own NOTAR2 has made N of B */
	casts(VOTE_NOTAR1, 3, C);
	for (uint32_t voter = 1; voter <= 4; voter++)
		if (voter != 3)
			rig_hear(&rig, VOTE_SKIP1, 3, 0, voter);
	casts(VOTE_SKIP2, 3, 0);
}
END_TEST

START_TEST(vote_that_is_cast_is_signed_over_its_own_statement)
{
	const struct vote wanted = wanted_vote(VOTE_SKIP1, 1, 0);
	struct hash digest;
	struct vote vote;

	ck_assert_int_eq(safety_cast(rig.c, &wanted, false, &vote), 0);
	vote_digest(&(struct hash){{0}}, 0, VOTE_SKIP1, 1, &vote.block_id, &digest);
	ck_assert_mem_eq(vote.signature, digest.b, HASH_SIZE);
	ck_assert_uint_eq(vote.voter, SELF);
	struct consensus_output output;
	rig_expect(&rig, OUT_VOTE, &output);
	ck_assert(!output.broadcast);
	ck_assert_mem_eq(&output.vote, &vote, sizeof(vote));
}
END_TEST

START_TEST(skip_names_no_block_whatever_is_asked_for)
{
	struct vote wanted = wanted_vote(VOTE_SKIP1, 1, 0);
	static const struct hash none;
	struct vote vote;

	wanted.block_id = rig_id(A);
	ck_assert_int_eq(safety_cast(rig.c, &wanted, true, &vote), 0);
	ck_assert_mem_eq(&vote.block_id, &none, HASH_SIZE);
}
END_TEST

START_TEST(vote_that_cannot_be_signed_is_not_cast)
{
	const struct vote wanted = wanted_vote(VOTE_SKIP1, 1, 0);

	rig.sign_error = -1;
	ck_assert_int_eq(asked(&wanted), -1);
	ck_assert_uint_eq(rig_count(&rig, OUT_VOTE), 0);
	ck_assert_uint_eq(view_find(rig.c, 1)->own_vote_count, 0);
	rig.sign_error = 0;
	casts(VOTE_SKIP1, 1, 0);
}
END_TEST

/* ---- whatever the kind ---- */

static void every_kind_is_refused(uint64_t view)
{
	for (int kind = VOTE_NOTAR1; kind <= VOTE_FINAL; kind++)
		refuses((enum vote_kind)kind, view, A);
}

START_TEST(no_vote_is_cast_before_peers_have_answered)
{
	struct hash genesis = rig_id(GENESIS);

	rig_free(&rig);
	rig_start(&rig, 6, SELF, 0, &genesis);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	shown_a(BLOCK_VALID);
	every_kind_is_refused(1);
	for (uint32_t peer = 1; peer <= 2; peer++) {
		ck_assert_int_eq(consensus_answered(rig.c, peer, NULL), 0);
		every_kind_is_refused(1);
	}
	ck_assert_int_eq(consensus_answered(rig.c, 3, NULL), 0);
	casts(VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(no_vote_is_cast_on_a_journal_that_lost_one)
{
	const struct vote lost = rig_vote(VOTE_SKIP1, 5, 0, SELF);
	struct hash genesis = rig_id(GENESIS);

	rig_free(&rig);
	rig_start(&rig, 6, SELF, 0, &genesis);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	ck_assert_int_eq(consensus_answered(rig.c, 4, &lost), 1);
	ck_assert_int_eq(consensus_lost(rig.c, &lost), 1);
	for (uint32_t peer = 1; peer < 6; peer++)
		ck_assert_int_eq(consensus_answered(rig.c, peer, NULL), 0);
	shown_a(BLOCK_VALID);
	every_kind_is_refused(1);
}
END_TEST

START_TEST(no_vote_is_cast_while_the_disk_is_full)
{
	shown_a(BLOCK_VALID);
	consensus_space(rig.c, true);
	every_kind_is_refused(1);
	consensus_space(rig.c, false);
	casts(VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(no_vote_is_cast_by_who_is_no_member)
{
	struct hash genesis = rig_id(GENESIS);

	rig_free(&rig);
	rig_start(&rig, 6, UINT32_MAX, 0, &genesis);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	ck_assert_int_eq(consensus_voting(rig.c), VOTING_OBSERVER);
	shown_a(BLOCK_VALID);
	every_kind_is_refused(1);
}
END_TEST

START_TEST(no_vote_is_cast_under_another_epoch)
{
	shown_a(BLOCK_VALID);
	for (int kind = VOTE_NOTAR1; kind <= VOTE_FINAL; kind++) {
		struct vote wanted = wanted_vote((enum vote_kind)kind, 1, A);
		wanted.epoch = 1;
		refuse_vote(&wanted);
	}
	casts(VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(no_vote_of_an_unknown_kind_is_cast)
{
	refuses((enum vote_kind)0, 1, A);
	refuses((enum vote_kind)6, 1, A);
}
END_TEST

START_TEST(no_vote_is_cast_in_a_view_that_is_not_known)
{
	every_kind_is_refused(3);
	every_kind_is_refused(UINT64_MAX);
	every_kind_is_refused(0);
}
END_TEST

START_TEST(no_vote_is_cast_in_a_past_view)
{
	struct hash a = rig_id(A);

	shown_a(BLOCK_VALID);
	rig_certify(&rig, CERT_FF, 1, A);
	struct certificate *certificate = consensus_final(rig.c, 1, &a);
	ck_assert_ptr_nonnull(certificate);
	free(certificate);
	rig_know(&rig, A, 1, GENESIS, BLOCK_VALID);
	every_kind_is_refused(1);
	/* Nor where such a view is held all the same. */
	ck_assert_ptr_nonnull(view_get(rig.c, 1));
	every_kind_is_refused(1);
}
END_TEST

/* ---- NOTAR1 ---- */

START_TEST(notar1_takes_a_block_that_was_executed_and_is_valid)
{
	refuses(VOTE_NOTAR1, 1, A); /* nothing is known of it */
	shown_a(BLOCK_HEADER);
	refuses(VOTE_NOTAR1, 1, A);
	rig_know(&rig, A, 1, GENESIS, BLOCK_BODY);
	refuses(VOTE_NOTAR1, 1, A);
	rig_know(&rig, A, 1, GENESIS, BLOCK_EARLY);
	refuses(VOTE_NOTAR1, 1, A);
	rig_know(&rig, A, 1, GENESIS, BLOCK_VALID);
	casts(VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(notar1_refuses_an_invalid_block)
{
	shown_a(BLOCK_INVALID);
	refuses(VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(notar1_refuses_a_block_that_is_forgotten_or_was)
{
	struct hash a = rig_id(A);

	shown_a(BLOCK_VALID);
	consensus_forget(rig.c, &a);
	refuses(VOTE_NOTAR1, 1, A);
	rig_know(&rig, A, 1, GENESIS, BLOCK_HEADER);
	refuses(VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(notar1_refuses_a_block_of_another_view)
{
	rig_know(&rig, A, 2, GENESIS, BLOCK_VALID);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	refuses(VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(notar1_takes_the_block_of_the_leader)
{
	rig_know(&rig, A, 1, GENESIS, BLOCK_VALID);
	refuses(VOTE_NOTAR1, 1, A); /* it has not voted */
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 2);
	refuses(VOTE_NOTAR1, 1, A);
	rig_hear(&rig, VOTE_NOTAR1, 1, B, 1);
	refuses(VOTE_NOTAR1, 1, A); /* its first one is for another */
}
END_TEST

START_TEST(notar1_refuses_a_parent_that_is_not_notarised)
{
	rig_certify(&rig, CERT_S, 1, 0);
	rig_know(&rig, A, 1, GENESIS, BLOCK_VALID);
	rig_know(&rig, B, 2, A, BLOCK_VALID);
	rig_hear(&rig, VOTE_NOTAR1, 2, B, 2);
	refuses(VOTE_NOTAR1, 2, B);
	rig_certify(&rig, CERT_N, 1, A);
	casts(VOTE_NOTAR1, 2, B);
}
END_TEST

START_TEST(notar1_refuses_a_parent_that_is_not_known)
{
	rig_certify(&rig, CERT_N, 1, A);
	rig_know(&rig, B, 2, A, BLOCK_VALID);
	rig_hear(&rig, VOTE_NOTAR1, 2, B, 2);
	refuses(VOTE_NOTAR1, 2, B);
	rig_know(&rig, A, 1, GENESIS, BLOCK_HEADER);
	casts(VOTE_NOTAR1, 2, B);
}
END_TEST

START_TEST(notar1_refuses_a_parent_below_a_view_that_was_not_skipped)
{
	rig_certify(&rig, CERT_S, 1, 0);
	rig_certify(&rig, CERT_N, 2, B);
	rig_know(&rig, C, 3, GENESIS, BLOCK_VALID);
	rig_hear(&rig, VOTE_NOTAR1, 3, C, 3);
	refuses(VOTE_NOTAR1, 3, C); /* view 2 has N, and no S */
	rig_certify(&rig, CERT_S, 2, 0);
	casts(VOTE_NOTAR1, 3, C);
}
END_TEST

START_TEST(notar1_refuses_a_parent_of_no_lower_view)
{
	rig_certify(&rig, CERT_N, 2, B);
	rig_know(&rig, B, 2, GENESIS, BLOCK_VALID);
	rig_know(&rig, A, 1, B, BLOCK_VALID);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	refuses(VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(notar1_refuses_a_view_that_was_not_entered)
{
	rig_know(&rig, B, 2, GENESIS, BLOCK_VALID);
	rig_hear(&rig, VOTE_NOTAR1, 2, B, 2);
	refuses(VOTE_NOTAR1, 2, B);
	rig_certify(&rig, CERT_S, 1, 0);
	casts(VOTE_NOTAR1, 2, B);
}
END_TEST

START_TEST(first_vote_is_cast_once)
{
	voted_a();
	refuses(VOTE_NOTAR1, 1, A);
	refuses(VOTE_SKIP1, 1, 0);
	rig_know(&rig, B, 1, GENESIS, BLOCK_VALID);
	refuses(VOTE_NOTAR1, 1, B);
}
END_TEST

START_TEST(first_vote_is_cast_once_where_it_was_skip)
{
	casts(VOTE_SKIP1, 1, 0);
	shown_a(BLOCK_VALID);
	refuses(VOTE_NOTAR1, 1, A);
	refuses(VOTE_SKIP1, 1, 0);
}
END_TEST

START_TEST(first_vote_is_cast_once_across_a_restart)
{
	const struct vote own = rig_vote(VOTE_NOTAR1, 1, B, SELF);
	struct hash genesis = rig_id(GENESIS);

	rig_free(&rig);
	rig_start(&rig, 6, SELF, 0, &genesis);
	ck_assert_int_eq(consensus_recover_vote(rig.c, &own), 0);
	ck_assert_int_eq(consensus_recovered(rig.c), 0);
	for (uint32_t peer = 1; peer < 6; peer++)
		ck_assert_int_eq(consensus_answered(rig.c, peer, NULL), 0);
	shown_a(BLOCK_VALID);
	refuses(VOTE_NOTAR1, 1, A);
	refuses(VOTE_SKIP1, 1, 0);
}
END_TEST

/* ---- SKIP1 ---- */

START_TEST(skip1_refuses_a_view_that_was_not_entered)
{
	rig_hear(&rig, VOTE_SKIP1, 2, 0, 3);
	refuses(VOTE_SKIP1, 2, 0);
	rig_certify(&rig, CERT_S, 1, 0);
	casts(VOTE_SKIP1, 2, 0);
}
END_TEST

/* ---- NOTAR2 ---- */

START_TEST(notar2_takes_first_votes_of_weight_k)
{
	casts(VOTE_SKIP1, 1, 0);
	refuses(VOTE_NOTAR2, 1, A);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 2);
	rig_hear(&rig, VOTE_NOTAR2, 1, A, 3); /* is no first vote */
	refuses(VOTE_NOTAR2, 1, A);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 3);
	refuses(VOTE_NOTAR2, 1, B);
	casts(VOTE_NOTAR2, 1, A);
	refuses(VOTE_NOTAR2, 1, A); /* once */
}
END_TEST

START_TEST(notar2_follows_a_first_vote)
{
	for (uint32_t voter = 1; voter <= 3; voter++)
		rig_hear(&rig, VOTE_NOTAR1, 1, A, voter);
	refuses(VOTE_NOTAR2, 1, A);
}
END_TEST

START_TEST(notar2_refuses_the_block_of_the_own_first_vote)
{
	notarised_a();
	refuses(VOTE_NOTAR2, 1, A);
}
END_TEST

START_TEST(notar2_counts_one_voter_once)
{
	casts(VOTE_SKIP1, 1, 0);
	rig_hear(&rig, VOTE_NOTAR1, 1, B, 3);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 2);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 3); /* evidence, and no vote for A */
	refuses(VOTE_NOTAR2, 1, A);
}
END_TEST

/* ---- SKIP2 ---- */

START_TEST(skip2_takes_first_votes_of_weight_k_beside_the_top)
{
	voted_a();
	refuses(VOTE_SKIP2, 1, 0);
	rig_hear(&rig, VOTE_SKIP1, 1, 0, 2);
	rig_hear(&rig, VOTE_NOTAR1, 1, B, 3);
	rig_hear(&rig, VOTE_SKIP2, 1, 0, 4); /* is no first vote */
	refuses(VOTE_SKIP2, 1, 0);
	rig_hear(&rig, VOTE_SKIP1, 1, 0, 4);
	casts(VOTE_SKIP2, 1, 0);
	refuses(VOTE_SKIP2, 1, 0); /* once */
}
END_TEST

START_TEST(skip2_follows_a_first_vote_that_was_no_skip)
{
	for (uint32_t voter = 2; voter <= 4; voter++)
		rig_hear(&rig, VOTE_SKIP1, 1, 0, voter);
	refuses(VOTE_SKIP2, 1, 0);
	casts(VOTE_SKIP1, 1, 0);
	refuses(VOTE_SKIP2, 1, 0);
}
END_TEST

START_TEST(skip2_takes_votes_that_are_held)
{
	refuses(VOTE_SKIP2, 1, 0); /* none is, not even the own one */
	rig_certify(&rig, CERT_S, 1, 0);
	refuses(VOTE_SKIP2, 1, 0);
}
END_TEST

/* ---- FINAL ---- */

START_TEST(final_takes_n_of_the_block)
{
	voted_a();
	refuses(VOTE_FINAL, 1, A);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 2);
	refuses(VOTE_FINAL, 1, A);
	rig_certify(&rig, CERT_S, 1, 0);
	rig_certify(&rig, CERT_N, 1, B);
	refuses(VOTE_FINAL, 1, A);
	rig_certify(&rig, CERT_N, 1, A);
	casts(VOTE_FINAL, 1, A);
}
END_TEST

START_TEST(final_takes_the_body)
{
	struct hash a = rig_id(A);

	notarised_a();
	consensus_forget(rig.c, &a);
	refuses(VOTE_FINAL, 1, A);
	rig_know(&rig, A, 1, GENESIS, BLOCK_HEADER);
	refuses(VOTE_FINAL, 1, A);
	rig_know(&rig, A, 1, GENESIS, BLOCK_BODY);
	casts(VOTE_FINAL, 1, A);
}
END_TEST

START_TEST(final_refuses_an_invalid_block)
{
	struct hash a = rig_id(A);

	notarised_a();
	consensus_forget(rig.c, &a);
	rig_know(&rig, A, 1, GENESIS, BLOCK_INVALID);
	refuses(VOTE_FINAL, 1, A);
}
END_TEST

START_TEST(final_refuses_another_block_than_the_first_votes)
{
	voted_a();
	rig_know(&rig, B, 1, GENESIS, BLOCK_VALID);
	rig_certify(&rig, CERT_N, 1, B);
	refuses(VOTE_FINAL, 1, B);
}
END_TEST

START_TEST(final_follows_a_first_vote_for_a_block)
{
	shown_a(BLOCK_VALID);
	rig_certify(&rig, CERT_N, 1, A);
	refuses(VOTE_FINAL, 1, A);
	casts(VOTE_SKIP1, 1, 0);
	refuses(VOTE_FINAL, 1, A);
}
END_TEST

START_TEST(final_refuses_to_follow_notar2)
{
	voted_a();
	for (uint32_t voter = 2; voter <= 4; voter++)
		rig_hear(&rig, VOTE_NOTAR1, 1, B, voter);
	casts(VOTE_NOTAR2, 1, B);
	rig_certify(&rig, CERT_N, 1, A);
	refuses(VOTE_FINAL, 1, A);
}
END_TEST

START_TEST(final_refuses_to_follow_skip2)
{
	voted_a();
	for (uint32_t voter = 2; voter <= 4; voter++)
		rig_hear(&rig, VOTE_SKIP1, 1, 0, voter);
	casts(VOTE_SKIP2, 1, 0);
	rig_certify(&rig, CERT_N, 1, A);
	refuses(VOTE_FINAL, 1, A);
}
END_TEST

START_TEST(no_vote_follows_final)
{
	voted_a();
	rig_certify(&rig, CERT_N, 1, A);
	casts(VOTE_FINAL, 1, A);
	rig_know(&rig, B, 1, GENESIS, BLOCK_VALID);
	for (uint32_t voter = 2; voter <= 4; voter++)
		rig_hear(&rig, VOTE_NOTAR1, 1, B, voter);
	rig_hear(&rig, VOTE_SKIP1, 1, 0, 5);
	/* All evidence for NOTAR2(B) and SKIP2 would be there. */
	struct block_tally blocks[COMMITTEE_SIZE_MAX];
	struct first_tally tally;
	view_tally(rig.c, view_find(rig.c, 1), &tally, blocks);
	ck_assert_uint_ge(tally.total - tally.top, 3);
	for (unsigned block = A; block <= B; block++)
		for (int kind = VOTE_NOTAR1; kind <= VOTE_FINAL; kind++)
			refuses((enum vote_kind)kind, 1, block);
}
END_TEST

UNIT_MAIN_BETWEEN("safety", setup, teardown, each_kind_of_vote_is_cast_on_its_evidence,
                  vote_that_is_cast_is_signed_over_its_own_statement, skip_names_no_block_whatever_is_asked_for,
                  vote_that_cannot_be_signed_is_not_cast, no_vote_is_cast_before_peers_have_answered,
                  no_vote_is_cast_on_a_journal_that_lost_one, no_vote_is_cast_while_the_disk_is_full,
                  no_vote_is_cast_by_who_is_no_member, no_vote_is_cast_under_another_epoch,
                  no_vote_of_an_unknown_kind_is_cast, no_vote_is_cast_in_a_view_that_is_not_known,
                  no_vote_is_cast_in_a_past_view, notar1_takes_a_block_that_was_executed_and_is_valid,
                  notar1_refuses_an_invalid_block, notar1_refuses_a_block_that_is_forgotten_or_was,
                  notar1_refuses_a_block_of_another_view, notar1_takes_the_block_of_the_leader,
                  notar1_refuses_a_parent_that_is_not_notarised, notar1_refuses_a_parent_that_is_not_known,
                  notar1_refuses_a_parent_below_a_view_that_was_not_skipped, notar1_refuses_a_parent_of_no_lower_view,
                  notar1_refuses_a_view_that_was_not_entered, first_vote_is_cast_once,
                  first_vote_is_cast_once_where_it_was_skip, first_vote_is_cast_once_across_a_restart,
                  skip1_refuses_a_view_that_was_not_entered, notar2_takes_first_votes_of_weight_k,
                  notar2_follows_a_first_vote, notar2_refuses_the_block_of_the_own_first_vote,
                  notar2_counts_one_voter_once, skip2_takes_first_votes_of_weight_k_beside_the_top,
                  skip2_follows_a_first_vote_that_was_no_skip, skip2_takes_votes_that_are_held,
                  final_takes_n_of_the_block, final_takes_the_body, final_refuses_an_invalid_block,
                  final_refuses_another_block_than_the_first_votes, final_follows_a_first_vote_for_a_block,
                  final_refuses_to_follow_notar2, final_refuses_to_follow_skip2, no_vote_follows_final)
