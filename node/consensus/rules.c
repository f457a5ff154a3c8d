/* The rules of docs/spec/consensus.md §6 that cast votes and move the timer. What they ask for, safety.c checks. */
#include <assert.h>
#include "state.h"
#include "try.h"
#include "uncia/error.h"

#define TIMEOUT_BUILD_MS 50u /* the time to build a block */
#define TIMEOUT_AWAY_MS  20u /* for a leader whose link is down */
#define TIMEOUT_MAX_MS   10000u

/* Rule 1: "T = 2Δ + the time to build a block; T doubles with each view entered by S since the last finality, up to 10
 * s, and falls back on finality". A leader whose link is down is not waited for that long: a timer may fire at any
 * moment, and only a quorum of them ends a view. */
uint64_t rules_timeout(const struct consensus *c, uint64_t number)
{
	uint32_t leader = committee_leader(c->committee, number);
	bool away = leader != c->config.self && !c->peers_up[leader];
	uint64_t timeout = away ? TIMEOUT_AWAY_MS : 2 * (uint64_t)c->config.delta_ms + TIMEOUT_BUILD_MS;

	for (uint32_t i = 0; i < c->skips && timeout < TIMEOUT_MAX_MS; i++)
		timeout *= 2;
	return timeout < TIMEOUT_MAX_MS ? timeout : TIMEOUT_MAX_MS;
}

static int rules_cast(struct consensus *c, const struct view *view, enum vote_kind kind, const struct hash *block_id)
{
	struct vote wanted = {.epoch = c->committee->epoch, .kind = kind, .view = view->number};

	assert(vote_kind_names_block(kind) == (block_id != NULL));
	if (block_id)
		wanted.block_id = *block_id;
	return safety_cast(c, &wanted, true, NULL);
}

static int rules_judge(struct consensus *c, const struct block_facts *facts)
{
	struct consensus_output *o = output_add(c, OUT_JUDGE);

	if (!o)
		return UNCIA_E_MEMORY;
	o->view = facts->view;
	o->id = facts->id;
	return 0;
}

/* Rule 4: "on the first proposal from its leader, the body held, parent valid, all payments valid: NOTAR1. Invalid
 * block: SKIP1. Parent evidence or payments missing, or too early: wait, keeping the proposal". */
static int rules_vote_first(struct consensus *c, const struct view *view)
{
	const struct own_votes own = safety_own(c, view);
	const struct hash *id = view_leader_block(c, view);
	const struct block_facts *facts = id ? facts_find(c, id) : NULL;

	if (!rule_first_vote(&own, view->number <= c->view))
		return 0;
	if (id && hash_equal(id, &c->final_id)) /* a block of an earlier view */
		return rules_cast(c, view, VOTE_SKIP1, NULL);
	if (!facts)
		return 0;
	if (facts->view != view->number || facts->check == BLOCK_INVALID || facts_backwards(c, facts))
		return rules_cast(c, view, VOTE_SKIP1, NULL);
	if (facts->check == BLOCK_HEADER || !view_parent_valid(c, view->number, &facts->parent_id))
		return 0;
	return facts->check == BLOCK_VALID ? rules_cast(c, view, VOTE_NOTAR1, id) : rules_judge(c, facts);
}

static int rules_want_body(struct consensus *c, uint64_t view, const struct hash *id)
{
	struct consensus_output *o = output_add(c, OUT_WANT_BODY);

	if (!o)
		return UNCIA_E_MEMORY;
	o->view = view;
	o->id = *id;
	return 0;
}

/* Rule 6: NOTAR2 for each block that many voted for first, SKIP2 where no block can become final by first votes. */
static int rules_vote_extra(struct consensus *c, const struct view *view)
{
	const struct own_votes own = safety_own(c, view);
	struct block_tally blocks[COMMITTEE_SIZE_MAX];
	struct first_tally tally;
	size_t count = view_tally(c, view, &tally, blocks);

	for (size_t i = 0; i < count; i++) {
		bool own_block = own.first == FIRST_BLOCK && hash_equal(&view->own_block, &blocks[i].id);
		if (!rule_notar2(c->committee, &own, blocks[i].notar1, own_block))
			continue;
		if (!view_own_vote(view, VOTE_NOTAR2, &blocks[i].id))
			TRY(rules_cast(c, view, VOTE_NOTAR2, &blocks[i].id));
		const struct block_facts *facts = facts_find(c, &blocks[i].id);
		if (!facts || facts->check == BLOCK_HEADER)
			TRY(rules_want_body(c, view->number, &blocks[i].id));
	}
	if (!view->own_skip2 && rule_skip2(c->committee, &own, &tally))
		return rules_cast(c, view, VOTE_SKIP2, NULL);
	return 0;
}

/* Rule 7. Returns 1 where FINAL was cast. */
static int rules_vote_final(struct consensus *c, const struct view *view)
{
	const struct own_votes own = safety_own(c, view);

	if (own.first != FIRST_BLOCK)
		return 0;
	bool notarised = consensus_held(c, view->number, CERT_N, &view->own_block) != NULL;
	if (!rule_final(&own, true, notarised, facts_body_held(c, &view->own_block)))
		return 0;
	TRY(rules_cast(c, view, VOTE_FINAL, &view->own_block));
	return 1;
}

static int rules_vote_more(struct consensus *c, const struct view *view)
{
	if (!view->seats || view->own_first == FIRST_NONE || view->own_final)
		return 0;
	int final = rules_vote_final(c, view);
	TRY(final);
	return final ? 0 : rules_vote_extra(c, view);
}

int rules_vote(struct consensus *c)
{
	/* Nothing is voted in a view of which nothing was heard. */
	for (struct order_node *at = c->heard.newest; at; at = at->older, c->visited++) {
		const struct view *view = view_heard_at(at);
		if (view->number <= c->final_view || view->number > c->view)
			continue;
		TRY(rules_vote_first(c, view));
		TRY(rules_vote_more(c, view));
	}
	return 0;
}

/* §6.5: the timer starts on "a payment held that waits for a block and fitted the ledger when last tried, any first
 * vote of this view (a proposal carries one), such an ancestor, or a heartbeat that is due: 1 s after the last
 * notarised block, and already due in a view entered by S". */
static bool rules_timer_due(const struct consensus *c, const struct view *view, bool work)
{
	if (work || view->by_skip || c->now_ms >= c->last_notarised_ms + c->config.heartbeat_ms)
		return true;
	for (uint32_t i = 0; view->seats && i < c->committee->size; i++)
		if (view->seats[i].has_first)
			return true;
	return false;
}

bool rules_wait_for_time(const struct consensus *c)
{
	if (!consensus_may_vote(c))
		return false;
	for (struct order_node *at = c->early.newest; at; at = at->older) {
		const struct view *view = view_find(c, facts_early_at(at)->facts.view);
		if (view && view->number <= c->view && view->own_first == FIRST_NONE)
			return true;
	}
	return false;
}

int rules_start_timer(struct consensus *c, bool work)
{
	struct view *view = view_find(c, c->view);

	assert(view && view->number > c->final_view); /* the current one was entered, and is not past */
	if (view->deadline_ms == CONSENSUS_NEVER && rules_timer_due(c, view, work))
		view->deadline_ms = c->now_ms + rules_timeout(c, view->number);
	return 0;
}

/* Rule 5: "Timeout with no first vote: SKIP1. After a first vote a timer never makes a replica skip". */
int rules_expire(struct consensus *c)
{
	const struct view *view = view_find(c, c->view);

	if (!view || c->now_ms < view->deadline_ms || view->own_first != FIRST_NONE || view->number <= c->final_view)
		return 0;
	return rules_cast(c, view, VOTE_SKIP1, NULL);
}
