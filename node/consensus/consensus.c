/* The door of the module: what comes in, when rules are gone over, what is said of it. See consensus.h. */
#include <assert.h>
#include <stdlib.h>
#include "state.h"
#include "try.h"
#include "uncia/error.h"

#define EARLY_AGAIN_MS 20u /* a block that is too early is judged again so soon */

int consensus_new(const struct consensus_config *config, uint64_t final_view, const struct hash *final_id,
                  struct consensus **consensus)
{
	struct consensus *c = calloc(1, sizeof(*c));

	assert(config->committee->size && config->committee->size <= COMMITTEE_SIZE_MAX);
	if (!c)
		return UNCIA_E_MEMORY;
	c->config = *config;
	c->committee = config->committee;
	c->final_view = c->started_at_view = final_view;
	c->final_id = *final_id;
	c->outputs_last = &c->outputs;
	c->newest = calloc(c->committee->size, sizeof(*c->newest));
	c->peers_up = calloc(c->committee->size, sizeof(*c->peers_up));
	if (!c->newest || !c->peers_up) {
		consensus_free(c);
		return UNCIA_E_MEMORY;
	}
	*consensus = c;
	return 0;
}

void consensus_free(struct consensus *c)
{
	if (!c)
		return;
	while (c->outputs) {
		struct queued_output *o = c->outputs;
		c->outputs = o->next;
		free(o);
	}
	views_forget_through(c, UINT64_MAX);
	facts_forget_through(c, UINT64_MAX);
	free(c->newest);
	free(c->peers_up);
	free(c);
}

void consensus_begin(struct consensus *c, uint64_t now_ms)
{
	assert(now_ms >= c->now_ms);
	c->now_ms = now_ms;
}

int consensus_start(struct consensus *c)
{
	assert(!c->views && !c->view && c->voting == VOTING_NO);
	c->last_notarised_ms = c->now_ms;
	return view_enter(c, c->final_view + 1, false);
}

int consensus_recovered(struct consensus *c)
{
	assert(c->view > c->final_view && c->voting == VOTING_NO);
	/* A vote was cast only in a view that had been entered. */
	if (c->newest_own.view > c->view)
		TRY(view_enter(c, c->newest_own.view, true));
	c->skips = 0;
	if (!consensus_member(c)) {
		c->voting = VOTING_OBSERVER;
		return 0;
	}
	return c->newest[c->config.self].known ? lost_votes_found(c) : lost_votes_check(c);
}

int consensus_vote(struct consensus *c, const struct vote *vote)
{
	const struct view *view = view_find(c, vote->view);

	assert(vote->voter < c->committee->size);
	if (vote->voter != c->config.self)
		lost_votes_seen(c, vote);
	else /* nobody else hands in a vote of ours, and none that was not cast here */
		assert(!view || view_own_vote(view, vote->kind, &vote->block_id));
	return view_vote(c, vote);
}

int consensus_certificate(struct consensus *c, struct certificate *certificate)
{
	lost_votes_certified(c, certificate);
	return view_certificate(c, certificate);
}

int consensus_block(struct consensus *c, const struct block_facts *facts)
{
	if (facts->view <= c->final_view)
		return 0;
	int changed = facts_set(c, facts);
	TRY(changed);
	c->pending = c->pending || changed;
	return 0;
}

void consensus_forget(struct consensus *c, const struct hash *id)
{
	outputs_forget(c, id);
	facts_drop(c, id);
}

void consensus_peer(struct consensus *c, uint32_t peer, bool up)
{
	assert(peer < c->committee->size);
	c->peers_up[peer] = up;
}

void consensus_space(struct consensus *c, bool low)
{
	c->low_space = low;
	c->pending = true;
}

void consensus_end(struct consensus *c)
{
	assert(!c->ended);
	c->ended = true;
}

static void consensus_make_past(struct consensus *c, uint64_t view, const struct hash *id)
{
	assert(view > c->final_view && c->view > view); /* it was entered on such a certificate, if not before */
	c->final_view = view;
	c->final_id = *id;
	outputs_forget_through(c, view);
	views_forget_through(c, view);
	facts_forget_through(c, view);
	c->skips = 0;
	c->pending = true;
}

struct certificate *consensus_final(struct consensus *c, uint64_t view, const struct hash *id)
{
	struct certificate *certificate = view > c->final_view ? view_take_final(c, view, id) : NULL;

	if (!certificate)
		return NULL;
	assert(certificate->view == view);
	consensus_make_past(c, view, id);
	return certificate;
}

bool consensus_final_below(struct consensus *c, uint64_t view, const struct hash *id, uint64_t certified_view,
                           const struct hash *certified_id)
{
	if (view <= c->final_view || view >= certified_view ||
	    !(consensus_held(c, certified_view, CERT_FF, certified_id) ||
	      consensus_held(c, certified_view, CERT_SF, certified_id)))
		return false;
	consensus_make_past(c, view, id);
	return true;
}

int consensus_advance(struct consensus *c, bool work)
{
	assert(c->view > c->final_view);
	c->pending = false;
	if (consensus_may_vote(c))
		TRY(rules_vote(c));
	return rules_start_timer(c, work);
}

int consensus_expire(struct consensus *c)
{
	return consensus_may_vote(c) ? rules_expire(c) : 0;
}

bool consensus_pending(const struct consensus *c)
{
	return c->pending;
}

bool consensus_leads(const struct consensus *c, struct lead *lead)
{
	const struct view *view = view_find(c, c->view);

	if (!view || !consensus_may_vote(c) || committee_leader(c->committee, c->view) != c->config.self)
		return false;
	const struct own_votes own = safety_own(c, view);
	if (!rule_first_vote(&own, true))
		return false;
	*lead = (struct lead){.view = view->number,
	                      .entered_ms = view->entered_ms,
	                      .heartbeat_ms = view->by_skip ? 0 : c->last_notarised_ms + c->config.heartbeat_ms,
	                      .timeout_ms = view->entered_ms + rules_timeout(c, view->number)};
	return true;
}

int consensus_propose(struct consensus *c, uint64_t view, const struct hash *block_id, struct vote *own)
{
	const struct vote wanted = {
	    .epoch = c->committee->epoch, .kind = VOTE_NOTAR1, .view = view, .block_id = *block_id};

	if (view != c->view || committee_leader(c->committee, view) != c->config.self)
		return CONSENSUS_E_UNSAFE;
	return safety_cast(c, &wanted, false, own);
}

uint64_t consensus_wake(const struct consensus *c)
{
	const struct view *view = view_find(c, c->view);
	uint64_t at = c->last_notarised_ms + c->config.heartbeat_ms;

	if (!view)
		return at;
	if (view->deadline_ms != CONSENSUS_NEVER) {
		at = CONSENSUS_NEVER;
		if (view->own_first == FIRST_NONE && consensus_may_vote(c))
			at = view->deadline_ms;
	}
	if (at > c->now_ms + EARLY_AGAIN_MS && rules_wait_for_time(c))
		at = c->now_ms + EARLY_AGAIN_MS;
	return at;
}

uint64_t consensus_view(const struct consensus *c)
{
	return c->view;
}

uint64_t consensus_final_view(const struct consensus *c)
{
	return c->final_view;
}

size_t consensus_views(const struct consensus *c)
{
	return HASH_COUNT(c->views);
}

uint64_t consensus_visited(const struct consensus *c)
{
	return c->visited;
}

bool consensus_in_window(const struct consensus *c, uint64_t view)
{
	return view_in_window(c, view);
}

uint64_t consensus_nonce(const struct consensus *c)
{
	return c->config.nonce;
}
