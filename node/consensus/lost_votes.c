/* The question at the start whether a peer knows of votes of ours that the journal has lost, and the newest votes that
 * are kept so that others can be answered (docs/spec/consensus.md §6 rule 10). */
#include <assert.h>
#include <string.h>
#include "state.h"
#include "try.h"
#include "uncia/error.h"

static bool lost_votes_newer(const struct vote *a, const struct vote *b) /* by view, then by kind */
{
	return a->view > b->view || (a->view == b->view && a->kind > b->kind);
}

void lost_votes_seen(struct consensus *c, const struct vote *vote)
{
	struct newest *newest = &c->newest[vote->voter];

	if (newest->known && !lost_votes_newer(vote, &newest->vote))
		return;
	newest->vote = *vote;
	newest->known = newest->unjournaled = true;
}

/* Who catches up by the final chain meets most votes nowhere else: a certificate is made of them, signatures and all.
 */
void lost_votes_certified(struct consensus *c, const struct certificate *certificate)
{
	struct vote vote = {.epoch = certificate->epoch, .view = certificate->view, .block_id = certificate->block_id};

	assert(vote.epoch == c->committee->epoch);
	for (uint32_t i = 0; i < certificate->first_count + certificate->extra_count; i++) {
		vote.voter = certificate->signers[i].voter;
		vote.kind = certificate_vote_kind(certificate->kind, i >= certificate->first_count);
		memcpy(vote.signature, certificate->signers[i].signature, SIGNATURE_SIZE);
		if (vote.voter != c->config.self)
			lost_votes_seen(c, &vote);
	}
}

void consensus_recover_newest(struct consensus *c, const struct vote *vote)
{
	assert(vote->voter < c->committee->size && c->voting == VOTING_NO);
	struct newest *newest = &c->newest[vote->voter];
	newest->vote = *vote;
	newest->known = true;
}

int consensus_recover_vote(struct consensus *c, const struct vote *vote)
{
	assert(c->voting == VOTING_NO && c->view);
	if (!consensus_member(c) || vote->voter != c->config.self || vote->epoch != c->committee->epoch)
		return UNCIA_E_DAMAGED;
	if (lost_votes_newer(vote, &c->newest_own))
		c->newest_own = *vote;
	if (vote->view <= c->final_view)
		return 0;
	struct view *view = view_get(c, vote->view);
	if (!view)
		return UNCIA_E_MEMORY;
	if (view_own_vote(view, vote->kind, &vote->block_id))
		return 0;
	/* Votes that contradict each other are of no validator that keeps to the rules: no journal of ours. */
	if (!view_own_agrees(view, vote))
		return UNCIA_E_DAMAGED;
	TRY(view_note_own(view, vote));
	return view_vote(c, vote);
}

/* Whether a vote of ours is one that the journal had at the start, or was pruned with its view before. What has been
 * past since cannot be looked up any more; but a journal that lost votes lost the newest ones. */
static bool lost_votes_held(const struct consensus *c, const struct vote *vote)
{
	const struct view *view = view_find(c, vote->view);

	if (vote->view <= c->started_at_view)
		return true;
	if (vote->view <= c->final_view)
		return !lost_votes_newer(vote, &c->newest_own);
	return view && view_own_vote(view, vote->kind, &vote->block_id);
}

static int lost_votes_voting(struct consensus *c, enum voting_state voting)
{
	struct consensus_output *o = output_add(c, OUT_VOTING);

	assert(c->voting == VOTING_NO || (c->voting == VOTING_YES && voting == VOTING_STALE_JOURNAL));
	c->voting = voting;
	c->pending = true;
	if (!o)
		return UNCIA_E_MEMORY;
	o->voting = voting;
	o->view = voting == VOTING_STALE_JOURNAL ? c->newest[c->config.self].vote.view : c->view;
	return 0;
}

uint64_t consensus_answered_weight(const struct consensus *c)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < c->committee->size; i++)
		if (i == c->config.self || c->newest[i].answered)
			weight += c->committee->validators[i].weight;
	return weight;
}

/* "A starting replica votes only after peers weighing Qs − own have answered that they hold none newer." */
int lost_votes_check(struct consensus *c)
{
	if (c->voting != VOTING_NO || consensus_answered_weight(c) < c->committee->quorum_slow)
		return 0;
	return lost_votes_voting(c, VOTING_YES);
}

int lost_votes_found(struct consensus *c)
{
	assert(c->newest[c->config.self].known);
	return lost_votes_voting(c, VOTING_STALE_JOURNAL);
}

int consensus_answered(struct consensus *c, uint32_t peer, const struct vote *newest)
{
	assert(peer < c->committee->size);
	if (c->voting != VOTING_NO)
		return 0;
	if (newest && (newest->voter != c->config.self || newest->epoch != c->committee->epoch))
		return UNCIA_E_PROTOCOL;
	/* Only our own signature can say so: a lying peer cannot keep us from voting. */
	if (newest && !lost_votes_held(c, newest))
		return 1;
	c->newest[peer].answered = true;
	return lost_votes_check(c);
}

/* "Otherwise it does not vote in this epoch under this key": nor after the next start, so the lost vote is journaled.
 */
int consensus_lost(struct consensus *c, const struct vote *vote)
{
	struct newest *self = &c->newest[c->config.self];

	assert(consensus_member(c) && vote->voter == c->config.self && vote->epoch == c->committee->epoch);
	/* While it was being verified, others' answers may have let this validator vote. The journal lacked that vote
	 * at the start all the same, whatever was cast since. */
	if (c->voting == VOTING_STALE_JOURNAL || (c->voting == VOTING_NO && lost_votes_held(c, vote)))
		return 0;
	self->vote = *vote;
	self->known = self->unjournaled = true;
	TRY(lost_votes_found(c));
	return 1;
}

const struct vote *consensus_newest(const struct consensus *c, uint32_t validator)
{
	assert(validator < c->committee->size);
	return c->newest[validator].known ? &c->newest[validator].vote : NULL;
}

const struct vote *consensus_newest_unjournaled(struct consensus *c)
{
	for (uint32_t i = 0; i < c->committee->size; i++)
		if (c->newest[i].unjournaled) {
			c->newest[i].unjournaled = false;
			return &c->newest[i].vote;
		}
	return NULL;
}

bool consensus_has_answered(const struct consensus *c, uint32_t peer)
{
	assert(peer < c->committee->size);
	return c->newest[peer].answered;
}

enum voting_state consensus_voting(const struct consensus *c)
{
	if (c->ended)
		return VOTING_ENDED;
	return c->low_space && c->voting == VOTING_YES ? VOTING_NO_SPACE : c->voting;
}

bool consensus_may_vote(const struct consensus *c)
{
	return c->voting == VOTING_YES && !c->low_space && !c->ended;
}
