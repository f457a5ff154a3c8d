/* The consensus module from outside, by its public header alone: what comes out and in which order, what its caller is
 * promised, what is left when memory ends (node/consensus/consensus.h). What it does over several views in a row is
 * told in traces/. Six validators: Qs = 4, Qf = 5, K = 3; view v is led by number v mod 6. */
#include "heap.h"
#include "rig.h"
#include "uncia/error.h"
#include "unit.h"

enum { GENESIS, A, B, C, D };

static struct rig rig;

static void setup(void)
{
	rig_voting(&rig, 6, 0);
}

static void teardown(void)
{
	heap_fail_from(0);
	rig_free(&rig);
}

static void final(uint64_t view, unsigned block)
{
	struct hash id = rig_id(block);
	struct certificate *certificate = consensus_final(rig.c, view, &id);

	ck_assert_ptr_nonnull(certificate);
	ck_assert(certificate_is_final(certificate->kind) && certificate->view == view);
	free(certificate);
}

/* ---- outputs ---- */

START_TEST(a_certificate_comes_out_before_what_follows_from_it)
{
	struct hash a = rig_id(A);
	struct consensus_output o;

	rig_certify(&rig, CERT_FF, 1, A);
	ck_assert(consensus_next(rig.c, &o) && o.kind == OUT_CERTIFICATE && o.certificate->kind == CERT_FF);
	ck_assert(o.forward && o.certificate->size > 0);
	ck_assert(consensus_next(rig.c, &o) && o.kind == OUT_WANT_BODY && o.view == 1 && o.expected);
	ck_assert(consensus_next(rig.c, &o) && o.kind == OUT_DECIDED && o.view == 1);
	ck_assert_mem_eq(&o.id, &a, HASH_SIZE);
	ck_assert(!consensus_next(rig.c, &o));
	ck_assert_uint_eq(consensus_view(rig.c), 2);
	ck_assert_uint_eq(consensus_final_view(rig.c), 0); /* until its body is there */
}
END_TEST

START_TEST(only_the_certificate_that_enters_a_view_is_forwarded)
{
	struct consensus_output o;

	rig_certify(&rig, CERT_S, 1, 0);
	rig_expect(&rig, OUT_CERTIFICATE, &o);
	ck_assert(o.forward);
	rig_certify(&rig, CERT_N, 1, A);
	rig_expect(&rig, OUT_CERTIFICATE, &o);
	ck_assert(!o.forward);
	rig_count(&rig, OUT_VOTE);
	rig_certify(&rig, CERT_N, 1, A);
	ck_assert_uint_eq(rig_count(&rig, OUT_CERTIFICATE), 0); /* held already */
}
END_TEST

START_TEST(a_quorum_of_votes_makes_the_certificate)
{
	struct hash a = rig_id(A);

	for (uint32_t voter = 1; voter <= 3; voter++)
		rig_hear(&rig, VOTE_NOTAR1, 1, A, voter);
	ck_assert_ptr_null(consensus_held(rig.c, 1, CERT_N, &a));
	rig_hear(&rig, VOTE_NOTAR2, 1, A, 4);
	ck_assert_ptr_nonnull(consensus_held(rig.c, 1, CERT_N, &a));
	ck_assert_uint_eq(consensus_held(rig.c, 1, CERT_N, &a)->extra_count, 1);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 5);
	ck_assert_ptr_null(consensus_held(rig.c, 1, CERT_FF, &a)); /* four first votes */
}
END_TEST

START_TEST(two_first_votes_of_one_validator_are_evidence_once)
{
	struct consensus_output o;

	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	ck_assert_uint_eq(rig_count(&rig, OUT_EVIDENCE), 0);
	rig_hear(&rig, VOTE_SKIP1, 1, 0, 1);
	rig_expect(&rig, OUT_EVIDENCE, &o);
	ck_assert(o.evidence[0].kind == VOTE_NOTAR1 && o.evidence[1].kind == VOTE_SKIP1 && o.evidence[1].voter == 1);
	rig_hear(&rig, VOTE_NOTAR1, 1, B, 1);
	ck_assert_uint_eq(rig_count(&rig, OUT_EVIDENCE), 0);
	ck_assert_uint_eq(consensus_first_vote(rig.c, 1, 1)->kind, VOTE_NOTAR1);
}
END_TEST

START_TEST(outputs_about_past_views_are_dropped)
{
	struct consensus_output o;

	rig_certify(&rig, CERT_N, 1, A);
	rig_certify(&rig, CERT_FF, 2, B);
	rig_certify(&rig, CERT_S, 3, 0);
	final(2, B);
	ck_assert(consensus_next(rig.c, &o) && o.kind == OUT_CERTIFICATE && o.certificate->view == 3);
	ck_assert(!consensus_next(rig.c, &o));
	/* And the list goes on where it was cut. */
	rig_certify(&rig, CERT_S, 4, 0);
	ck_assert(consensus_next(rig.c, &o) && o.certificate->view == 4);
}
END_TEST

START_TEST(a_vote_that_was_dropped_with_its_view_is_not_said_again)
{
	const struct certificate *certificate;
	struct consensus_walk walk;
	const struct vote *own;

	rig_time(&rig, RIG_HEARTBEAT_MS);
	rig_advance(&rig);
	rig_time(&rig, 250);
	ck_assert_int_eq(consensus_expire(rig.c), 0); /* SKIP1 waits to be carried out */
	rig_certify(&rig, CERT_FF, 1, A);
	final(1, A);
	ck_assert_uint_eq(rig_count(&rig, OUT_VOTE), 0);
	consensus_walk_begin(rig.c, &walk);
	ck_assert(!consensus_walk_next(rig.c, &walk, &certificate, &own));
}
END_TEST

START_TEST(a_forgotten_block_is_not_asked_to_be_executed)
{
	struct hash a = rig_id(A);

	rig_know(&rig, A, 1, GENESIS, BLOCK_BODY);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	rig_advance(&rig);
	consensus_forget(rig.c, &a);
	ck_assert_uint_eq(rig_count(&rig, OUT_JUDGE), 0);
	/* Told again, it is judged again. */
	rig_know(&rig, A, 1, GENESIS, BLOCK_BODY);
	rig_advance(&rig);
	ck_assert_uint_eq(rig_count(&rig, OUT_JUDGE), 1);
}
END_TEST

/* ---- blocks ---- */

START_TEST(a_block_is_judged_once_its_parent_is_valid)
{
	struct consensus_output o;

	rig_know(&rig, B, 2, A, BLOCK_BODY);
	rig_hear(&rig, VOTE_NOTAR1, 2, B, 2);
	rig_advance(&rig);
	ck_assert_uint_eq(rig_count(&rig, OUT_JUDGE), 0);
	rig_know(&rig, A, 1, GENESIS, BLOCK_HEADER);
	rig_certify(&rig, CERT_N, 1, A);
	rig_advance(&rig);
	rig_expect(&rig, OUT_JUDGE, &o);
	ck_assert(o.view == 2 && o.id.b[1] == B);
}
END_TEST

START_TEST(an_early_block_is_judged_again_soon)
{
	rig_know(&rig, A, 1, GENESIS, BLOCK_BODY);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	rig_advance(&rig);
	rig_know(&rig, A, 1, GENESIS, BLOCK_EARLY);
	ck_assert_uint_eq(rig_count(&rig, OUT_JUDGE), 1);
	ck_assert_uint_le(consensus_wake(rig.c), rig.now_ms + 50);
	rig_time(&rig, 50);
	rig_advance(&rig);
	ck_assert_uint_eq(rig_count(&rig, OUT_JUDGE), 1);
	rig_know(&rig, A, 1, GENESIS, BLOCK_VALID);
	ck_assert_uint_gt(consensus_wake(rig.c), rig.now_ms + 50);
	rig_advance(&rig);
	rig_expect_vote(&rig, VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(a_valid_block_stays_valid_where_the_wall_clock_is_set_back)
{
	rig_know(&rig, A, 1, GENESIS, BLOCK_VALID);
	rig_know(&rig, A, 1, GENESIS, BLOCK_EARLY);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	rig_advance(&rig);
	rig_expect_vote(&rig, VOTE_NOTAR1, 1, A);
}
END_TEST

START_TEST(an_invalid_block_is_skipped_at_once)
{
	rig_know(&rig, A, 1, GENESIS, BLOCK_BODY);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	rig_know(&rig, A, 1, GENESIS, BLOCK_INVALID);
	rig_advance(&rig);
	rig_expect_vote(&rig, VOTE_SKIP1, 1, 0);
}
END_TEST

START_TEST(a_block_of_another_view_or_on_a_later_parent_is_skipped_at_once)
{
	rig_know(&rig, A, 2, GENESIS, BLOCK_HEADER);
	rig_hear(&rig, VOTE_NOTAR1, 1, A, 1);
	rig_advance(&rig);
	rig_expect_vote(&rig, VOTE_SKIP1, 1, 0);
	rig_certify(&rig, CERT_S, 1, 0);
	rig_know(&rig, D, 3, GENESIS, BLOCK_HEADER);
	rig_know(&rig, C, 2, D, BLOCK_BODY);
	rig_hear(&rig, VOTE_NOTAR1, 2, C, 2);
	rig_advance(&rig);
	rig_expect_vote(&rig, VOTE_SKIP1, 2, 0);
}
END_TEST

START_TEST(what_is_told_of_past_views_is_left)
{
	rig_certify(&rig, CERT_FF, 1, A);
	final(1, A);
	rig_know(&rig, B, 1, GENESIS, BLOCK_VALID);
	rig_certify(&rig, CERT_N, 1, B);
	rig_hear(&rig, VOTE_NOTAR1, 1, B, 1);
	ck_assert_uint_eq(consensus_views(rig.c), 1); /* the current one */
	ck_assert(!consensus_has_certificate(rig.c, 1));
}
END_TEST

START_TEST(a_final_block_is_answered_with_its_certificate_once)
{
	struct hash a = rig_id(A), b = rig_id(B);

	rig_certify(&rig, CERT_N, 1, A);
	ck_assert_ptr_null(consensus_final(rig.c, 1, &a)); /* notarised is not final */
	rig_certify(&rig, CERT_SF, 1, A);
	ck_assert_ptr_null(consensus_final(rig.c, 1, &b));
	ck_assert_ptr_null(consensus_final(rig.c, 2, &a)); /* its header names another view than its certificate */
	ck_assert_uint_eq(consensus_final_view(rig.c), 0);
	final(1, A);
	ck_assert_ptr_null(consensus_final(rig.c, 1, &a));
	ck_assert_uint_eq(consensus_final_view(rig.c), 1);
}
END_TEST

/* ---- bounds ---- */

START_TEST(votes_of_far_views_are_not_kept)
{
	ck_assert(consensus_in_window(rig.c, 1 + 1024) && !consensus_in_window(rig.c, 2 + 1024));
	ck_assert(!consensus_in_window(rig.c, 0));
	rig_hear(&rig, VOTE_SKIP1, 1 + 1024, 0, 3);
	ck_assert_uint_eq(consensus_views(rig.c), 2);
	rig_hear(&rig, VOTE_SKIP1, 2 + 1024, 0, 3);
	rig_hear(&rig, VOTE_FINAL, UINT64_MAX, A, 3);
	rig_hear(&rig, VOTE_SKIP1, 0, 0, 3);
	ck_assert_uint_eq(consensus_views(rig.c), 2);
}
END_TEST

START_TEST(votes_that_fall_out_of_the_window_are_given_back)
{
	rig_hear(&rig, VOTE_SKIP1, 1, 0, 3);
	for (uint64_t view = 2; view <= 20; view++)
		rig_hear(&rig, VOTE_SKIP1, view, 0, 3);
	/* One certificate leads over all of them. */
	rig_certify(&rig, CERT_S, 1039, 0);
	ck_assert_uint_eq(consensus_view(rig.c), 1040);
	for (uint64_t view = 1; view <= 15; view++)
		ck_assert_ptr_null(consensus_first_vote(rig.c, view, 3));
	ck_assert_ptr_nonnull(consensus_first_vote(rig.c, 16, 3));
	rig_hear(&rig, VOTE_SKIP1, 15, 0, 3);
	ck_assert_ptr_null(consensus_first_vote(rig.c, 15, 3));
}
END_TEST

START_TEST(own_votes_and_certificates_stay_however_long_a_stall_is)
{
	const struct certificate *certificate;
	struct consensus_walk walk;
	const struct vote *own;
	uint64_t last = UINT64_MAX;
	unsigned votes = 0, certificates = 0;

	for (uint64_t view = 1; view <= 1100; view++) {
		rig_time(&rig, 10000);
		rig_advance(&rig);
		rig_time(&rig, 10000);
		rig_advance(&rig);
		rig_expect_vote(&rig, VOTE_SKIP1, view, 0);
		rig_certify(&rig, CERT_S, view, 0);
		rig_count(&rig, OUT_VOTE);
	}
	consensus_walk_begin(rig.c, &walk);
	while (consensus_walk_next(rig.c, &walk, &certificate, &own)) {
		ck_assert(!certificate != !own);
		uint64_t view = certificate ? certificate->view : own->view;
		ck_assert_uint_le(view, last); /* the newest first */
		last = view;
		votes += own != NULL;
		certificates += certificate != NULL;
	}
	ck_assert_uint_eq(votes, 1100);
	ck_assert_uint_eq(certificates, 1100);
}
END_TEST

START_TEST(a_validator_has_room_for_as_many_extra_votes_as_an_honest_one_casts)
{
	struct vote vote;

	for (unsigned block = 1; block <= 20; block++)
		rig_hear(&rig, VOTE_NOTAR2, 1, block, 3);
	rig_hear(&rig, VOTE_SKIP2, 1, 0, 3);
	for (unsigned block = 1; block <= 20; block++) { /* W / K = 2 */
		vote = rig_vote(VOTE_NOTAR2, 1, block, 3);
		ck_assert_int_eq(consensus_vote_known(rig.c, &vote), block <= 2);
	}
	vote = rig_vote(VOTE_SKIP2, 1, 0, 3);
	ck_assert(consensus_vote_known(rig.c, &vote));
	vote.signature[0] ^= 1;
	ck_assert(!consensus_vote_known(rig.c, &vote));
}
END_TEST

/* ---- proposing ---- */

static void lead_view_6(void)
{
	for (uint64_t view = 1; view <= 5; view++)
		rig_certify(&rig, CERT_S, view, 0);
	rig_count(&rig, OUT_VOTE);
}

START_TEST(a_leader_proposes_once_in_its_own_view)
{
	struct consensus_output o;
	struct lead lead;
	struct hash a = rig_id(A);
	struct vote own;

	ck_assert(!consensus_leads(rig.c, &lead));
	lead_view_6();
	ck_assert(consensus_leads(rig.c, &lead));
	ck_assert(lead.view == 6 && lead.entered_ms == rig.now_ms && lead.heartbeat_ms <= rig.now_ms);
	rig_know(&rig, A, 6, GENESIS, BLOCK_VALID);
	ck_assert_int_eq(consensus_propose(rig.c, 6, &a, &own), 0);
	rig_expect(&rig, OUT_VOTE, &o);
	ck_assert(!o.broadcast);
	ck_assert_mem_eq(&o.vote, &own, sizeof(own));
	ck_assert(!consensus_leads(rig.c, &lead));
	ck_assert_int_eq(consensus_propose(rig.c, 6, &a, &own), CONSENSUS_E_UNSAFE);
}
END_TEST

START_TEST(nobody_proposes_in_anothers_view_nor_what_is_not_valid)
{
	struct hash a = rig_id(A);
	struct vote own;

	rig_know(&rig, A, 1, GENESIS, BLOCK_VALID);
	ck_assert_int_eq(consensus_propose(rig.c, 1, &a, &own), CONSENSUS_E_UNSAFE);
	lead_view_6();
	ck_assert_int_eq(consensus_propose(rig.c, 12, &a, &own), CONSENSUS_E_UNSAFE);
	rig_know(&rig, B, 6, GENESIS, BLOCK_BODY);
	a = rig_id(B);
	ck_assert_int_eq(consensus_propose(rig.c, 6, &a, &own), CONSENSUS_E_UNSAFE);
	ck_assert_uint_eq(rig.signs, 0);
	ck_assert_uint_eq(rig_count(&rig, OUT_VOTE), 0);
}
END_TEST

START_TEST(a_leader_that_skipped_or_may_not_vote_does_not_lead)
{
	struct lead lead;

	lead_view_6();
	consensus_space(rig.c, true);
	ck_assert(!consensus_leads(rig.c, &lead));
	consensus_space(rig.c, false);
	ck_assert(consensus_leads(rig.c, &lead));
	rig_advance(&rig);
	rig_time(&rig, 10000);
	rig_advance(&rig);
	rig_expect_vote(&rig, VOTE_SKIP1, 6, 0);
	ck_assert(!consensus_leads(rig.c, &lead));
}
END_TEST

/* ---- time ---- */

START_TEST(it_wakes_for_the_heartbeat_and_then_for_the_timer)
{
	uint64_t due = rig.now_ms + RIG_HEARTBEAT_MS;

	rig_advance(&rig);
	ck_assert_uint_eq(consensus_wake(rig.c), due);
	rig_time(&rig, RIG_HEARTBEAT_MS - 1);
	rig_advance(&rig);
	ck_assert_uint_eq(consensus_wake(rig.c), due);
	rig_time(&rig, 1);
	rig_advance(&rig);
	ck_assert_uint_eq(consensus_wake(rig.c), due + 2 * RIG_DELTA_MS + 50);
	rig_time(&rig, 2 * RIG_DELTA_MS + 49);
	rig_advance(&rig);
	ck_assert_uint_eq(rig_count(&rig, OUT_VOTE), 0);
	rig_time(&rig, 1);
	rig_advance(&rig);
	rig_expect_vote(&rig, VOTE_SKIP1, 1, 0);
	ck_assert_uint_eq(consensus_wake(rig.c), CONSENSUS_NEVER);
}
END_TEST

START_TEST(the_timer_starts_with_work_or_a_first_vote)
{
	ck_assert_int_eq(consensus_advance(rig.c, true), 0);
	ck_assert_uint_eq(consensus_wake(rig.c), rig.now_ms + 250);
	rig_certify(&rig, CERT_N, 1, A);
	rig_advance(&rig);
	ck_assert_uint_eq(consensus_wake(rig.c), rig.now_ms + RIG_HEARTBEAT_MS);
	rig_hear(&rig, VOTE_NOTAR1, 2, B, 4);
	rig_advance(&rig);
	ck_assert_uint_eq(consensus_wake(rig.c), rig.now_ms + 250);
}
END_TEST

START_TEST(the_timer_is_short_for_a_leader_whose_link_is_down)
{
	consensus_peer(rig.c, 1, false);
	ck_assert_int_eq(consensus_advance(rig.c, true), 0);
	ck_assert_uint_eq(consensus_wake(rig.c), rig.now_ms + 20);
}
END_TEST

START_TEST(the_timer_doubles_with_each_skip_and_falls_back_on_finality)
{
	const uint64_t lengths[] = {250, 500, 1000, 2000, 4000, 8000, 10000, 10000};

	for (uint64_t view = 1; view <= 8; view++) {
		ck_assert_int_eq(consensus_advance(rig.c, true), 0);
		/* The own view has no link to be down. */
		ck_assert_uint_eq(consensus_wake(rig.c), rig.now_ms + lengths[view - 1]);
		rig_certify(&rig, CERT_S, view, 0);
	}
	rig_certify(&rig, CERT_FF, 9, A);
	final(9, A);
	ck_assert_int_eq(consensus_advance(rig.c, true), 0);
	ck_assert_uint_eq(consensus_wake(rig.c), rig.now_ms + 250);
}
END_TEST

/* ---- memory ---- */

/* A life with something of everything. Returns the first error. */
static int live(void)
{
	const struct vote own = rig_vote(VOTE_SKIP1, 2, 0, 0), lie = rig_vote(VOTE_SKIP1, 3, 0, 3);
	const struct hash genesis = rig_id(GENESIS), a = rig_id(A);
	const struct consensus_config config = {
	    .committee = &rig.committee, .sign = NULL, .delta_ms = 100, .heartbeat_ms = 1000};
	struct block_facts facts = {.id = a, .parent_id = genesis, .view = 3, .check = BLOCK_HEADER};
	struct consensus_output o;
	int rc = consensus_new(&config, 0, &genesis, &rig.c);

	if (!rc)
		rc = consensus_start(rig.c);
	if (!rc)
		rc = consensus_recover_vote(rig.c, &own);
	if (!rc)
		rc = consensus_recovered(rig.c);
	for (uint32_t voter = 1; voter < 6 && !rc; voter++) {
		const struct vote votes[] = {rig_vote(VOTE_NOTAR1, 3, A, voter), rig_vote(VOTE_NOTAR2, 3, B, voter),
		                             rig_vote(VOTE_FINAL, 3, A, voter)};
		for (size_t i = 0; i < 3 && !rc; i++)
			rc = consensus_vote(rig.c, &votes[i]);
	}
	if (!rc)
		rc = consensus_vote(rig.c, &lie);
	if (!rc)
		rc = consensus_block(rig.c, &facts);
	facts.check = BLOCK_BODY;
	if (!rc)
		rc = consensus_block(rig.c, &facts);
	for (uint32_t peer = 1; peer < 4 && !rc; peer++)
		rc = consensus_answered(rig.c, peer, NULL);
	if (!rc)
		rc = consensus_advance(rig.c, true);
	while (!rc && consensus_next(rig.c, &o))
		if (o.kind == OUT_DECIDED)
			free(consensus_final(rig.c, o.view, &o.id));
	return rc;
}

START_TEST(memory_that_ends_anywhere_is_said_and_nothing_leaks)
{
	for (uint64_t nth = 1;; nth++) {
		rig_free(&rig);
		heap_fail_once(nth);
		int rc = live();
		int failed = heap_failed();
		heap_fail_from(0);
		ck_assert_int_eq(rc, failed ? UNCIA_E_MEMORY : 0);
		if (!failed) {
			ck_assert_uint_gt(nth, 30);
			ck_assert_uint_eq(consensus_final_view(rig.c), 3);
			return;
		}
	}
}
END_TEST

START_TEST(a_certificate_is_taken_even_without_memory)
{
	struct certificate *certificate = rig_certificate(&rig, CERT_S, 5, 0);

	heap_fail_once(1);
	ck_assert_int_eq(consensus_certificate(rig.c, certificate), UNCIA_E_MEMORY);
}
END_TEST

/* ---- what is kept for others ---- */

START_TEST(the_newest_vote_of_each_validator_is_kept_by_view_and_kind)
{
	rig_hear(&rig, VOTE_SKIP1, 3, 0, 2);
	rig_hear(&rig, VOTE_NOTAR1, 3, A, 2);
	rig_hear(&rig, VOTE_FINAL, 2, A, 2);
	ck_assert(consensus_newest(rig.c, 2)->view == 3 && consensus_newest(rig.c, 2)->kind == VOTE_SKIP1);
	ck_assert_ptr_null(consensus_newest(rig.c, 3));
	ck_assert_ptr_eq(consensus_newest_unjournaled(rig.c), consensus_newest(rig.c, 2));
	ck_assert_ptr_null(consensus_newest_unjournaled(rig.c));
	rig_hear(&rig, VOTE_SKIP1, 2, 0, 2);
	ck_assert_ptr_null(consensus_newest_unjournaled(rig.c));
}
END_TEST

START_TEST(notarised_blocks_of_a_view_come_one_after_the_other)
{
	const struct certificate *c = NULL;
	unsigned seen = 0;

	rig_certify(&rig, CERT_N, 1, A);
	rig_certify(&rig, CERT_S, 1, 0);
	rig_certify(&rig, CERT_N, 1, B);
	while ((c = consensus_next_notarised(rig.c, 1, c)))
		seen |= 1u << c->block_id.b[1];
	ck_assert_uint_eq(seen, 1u << A | 1u << B);
	ck_assert_ptr_null(consensus_next_notarised(rig.c, 2, NULL));
}
END_TEST

START_TEST(certificates_out_of_order_lead_to_the_highest_view)
{
	rig_certify(&rig, CERT_N, 40, A);
	ck_assert_uint_eq(consensus_view(rig.c), 41);
	rig_certify(&rig, CERT_S, 7, 0);
	rig_certify(&rig, CERT_SF, 3, B);
	ck_assert_uint_eq(consensus_view(rig.c), 41);
	final(3, B);
	ck_assert_uint_eq(consensus_view(rig.c), 41);
	ck_assert(consensus_has_certificate(rig.c, 7) && consensus_has_certificate(rig.c, 40));
}
END_TEST

/* Of each fourth view a vote is heard, its block known, and that it is notarised: so many more are held. Returns what
 * was looked at for it. */
static uint64_t hold_views(uint64_t from, uint64_t to)
{
	uint64_t before = consensus_visited(rig.c);

	for (uint64_t view = from; view < to; view += 4) {
		rig_hear(&rig, VOTE_SKIP1, view, 0, 3);
		rig_know(&rig, (unsigned)view, view, GENESIS, BLOCK_HEADER);
		rig_certify(&rig, CERT_N, view, (unsigned)view);
		rig_advance(&rig);
		consensus_wake(rig.c);
		rig_count(&rig, OUT_CERTIFICATE);
	}
	return consensus_visited(rig.c) - before;
}

START_TEST(a_call_looks_at_no_more_where_more_is_held)
{
	hold_views(1, 4001);
	uint64_t few = hold_views(4001, 4401);
	hold_views(4401, 16001);
	ck_assert_uint_gt(consensus_views(rig.c), 6000);
	uint64_t many = hold_views(16001, 16401), before = consensus_visited(rig.c);
	ck_assert_uint_le(many, few + 100);
	/* What lies between comes later, in order; and what is lowest becomes final. */
	for (uint64_t view = 3; view < 2003; view += 4)
		rig_certify(&rig, CERT_S, view, 0);
	ck_assert_uint_le(consensus_visited(rig.c) - before, 5000);
	before = consensus_visited(rig.c);
	for (uint64_t view = 1; view < 2001; view += 4) {
		rig_certify(&rig, CERT_SF, view, (unsigned)view);
		rig_count(&rig, OUT_CERTIFICATE);
		final(view, (unsigned)view);
	}
	ck_assert_uint_le(consensus_visited(rig.c) - before, 2000);
}
END_TEST

START_TEST(a_long_run_of_skipped_views_is_looked_at_once)
{
	const uint64_t views = 6001;

	for (uint64_t view = 1; view < views; view++) {
		rig_certify(&rig, CERT_S, view, 0);
		rig_count(&rig, OUT_CERTIFICATE);
	}
	rig_know(&rig, A, views, GENESIS, BLOCK_BODY);
	rig_hear(&rig, VOTE_NOTAR1, views, A, (uint32_t)(views % 6));
	uint64_t before = consensus_visited(rig.c);
	for (int i = 0; i < 100; i++)
		rig_advance(&rig);
	ck_assert_uint_le(consensus_visited(rig.c) - before, views + 1000);
	ck_assert_uint_ge(rig_count(&rig, OUT_JUDGE), 1); /* on the genesis, over all of them */
}
END_TEST

UNIT_MAIN_BETWEEN(
    "consensus", setup, teardown, a_certificate_comes_out_before_what_follows_from_it,
    only_the_certificate_that_enters_a_view_is_forwarded, a_quorum_of_votes_makes_the_certificate,
    two_first_votes_of_one_validator_are_evidence_once, outputs_about_past_views_are_dropped,
    a_vote_that_was_dropped_with_its_view_is_not_said_again, a_forgotten_block_is_not_asked_to_be_executed,
    a_block_is_judged_once_its_parent_is_valid, an_early_block_is_judged_again_soon,
    a_valid_block_stays_valid_where_the_wall_clock_is_set_back, an_invalid_block_is_skipped_at_once,
    a_block_of_another_view_or_on_a_later_parent_is_skipped_at_once, what_is_told_of_past_views_is_left,
    a_final_block_is_answered_with_its_certificate_once, votes_of_far_views_are_not_kept,
    votes_that_fall_out_of_the_window_are_given_back, own_votes_and_certificates_stay_however_long_a_stall_is,
    a_validator_has_room_for_as_many_extra_votes_as_an_honest_one_casts, a_leader_proposes_once_in_its_own_view,
    nobody_proposes_in_anothers_view_nor_what_is_not_valid, a_leader_that_skipped_or_may_not_vote_does_not_lead,
    it_wakes_for_the_heartbeat_and_then_for_the_timer, the_timer_starts_with_work_or_a_first_vote,
    the_timer_is_short_for_a_leader_whose_link_is_down, the_timer_doubles_with_each_skip_and_falls_back_on_finality,
    memory_that_ends_anywhere_is_said_and_nothing_leaks, a_certificate_is_taken_even_without_memory,
    the_newest_vote_of_each_validator_is_kept_by_view_and_kind, notarised_blocks_of_a_view_come_one_after_the_other,
    certificates_out_of_order_lead_to_the_highest_view, a_call_looks_at_no_more_where_more_is_held,
    a_long_run_of_skipped_views_is_looked_at_once)
