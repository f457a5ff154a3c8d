/* The rules of consensus §6 that move views and cast votes; blocks and votes themselves are kept elsewhere. */
#include "parts.h"

#define TIMEOUT_BUILD_MS 50u /* the time to build a block */
#define TIMEOUT_AWAY_MS  20u /* for a leader whose link is down */

/* consensus §6 rule 1: "T = 2Δ + the time to build a block; T doubles with each view entered by S since the last
 * finality, up to 10 s, and falls back on finality". A leader whose link is down is not waited for that long: a timer
 * may fire at any moment, and only a quorum of them ends a view. */
uint64_t consensus_timeout(const struct replica *r, uint64_t number)
{
	uint32_t leader = committee_leader(r->committee, number);
	bool away = leader != r->config.self && !r->step.peers[leader].up;
	uint64_t timeout = away ? TIMEOUT_AWAY_MS : 2 * (uint64_t)r->config.delta_ms + TIMEOUT_BUILD_MS;

	for (uint32_t i = 0; i < r->skips && timeout < TIMEOUT_MAX_MS; i++)
		timeout *= 2;
	return timeout < TIMEOUT_MAX_MS ? timeout : TIMEOUT_MAX_MS;
}

int consensus_enter(struct replica *r, uint64_t number, bool by_skip)
{
	struct view *view = view_get(r, number);

	if (!view)
		return UNCIA_E_MEMORY;
	r->view = number;
	r->skips += by_skip;
	view->by_skip = by_skip;
	view->entered_ms = r->step.now_ms;
	view->settle_at = TIME_NEVER;
	r->recheck = true;
	/* In a long stall, what falls out of the window is given back; own votes and certificates are kept. */
	struct view *left = number > VIEW_WINDOW + 1 ? view_find(r, number - VIEW_WINDOW - 1) : NULL;
	if (left)
		view_drop_votes(r, left);
	return 0;
}

/* consensus §6 rule 2: "(u,g) of v: it is the final block of f, or u > f and N, FF or SF of (u,g) is held; and S(x) is
 * held for every u < x < v". */
bool consensus_parent_valid(struct replica *r, uint64_t view, uint64_t parent_view, const struct hash *parent_id)
{
	bool tip = parent_view == r->chain.tip->header.view && hash_equal(parent_id, &r->chain.tip->header.id);

	if (!tip && (parent_view <= r->chain.tip->header.view || !view_notarised(r, parent_view, parent_id)))
		return false;
	for (uint64_t x = parent_view + 1; x < view; x++)
		if (!view_certificate(r, x, CERT_S, NULL))
			return false;
	return true;
}

static const struct hash *leader_block(struct replica *r, const struct view *view)
{
	if (!view->seats)
		return NULL;
	const struct seat *seat = &view->seats[committee_leader(r->committee, view->number)];
	return seat->has_first && seat->first.kind == VOTE_NOTAR1 ? &seat->first.block_id : NULL;
}

/* consensus §6 rule 4: "on the first proposal from its leader, the body held, parent valid, all payments valid: NOTAR1.
 * Invalid block: SKIP1. Parent evidence or payments missing, or too early: wait, keeping the proposal". */
static int rule_vote_first(struct replica *r, struct view *view)
{
	const struct hash *id = leader_block(r, view);
	struct own_votes own = {.settled = view->number <= r->chain.tip->header.view, .first = view->own_first};

	if (!id || !rule_first_vote(&own, view->number <= r->view))
		return 0;
	struct chain_block *block = chain_find(&r->chain, id);
	if (!block || !block->header.size) /* known by its id alone: its view is a guess */
		return 0;
	if (block->header.view != view->number)
		return safety_first_skip(r, view);
	if (block->invalid)
		return safety_first_skip(r, view);
	struct chain_block *parent = chain_find(&r->chain, &block->header.parent_id);
	if (!block->complete || !parent ||
	    !consensus_parent_valid(r, view->number, parent->header.view, &parent->header.id))
		return 0;
	/* "at most max(voter's clock + 500 ms, parent's + 1 ms): a block too early waits, it is not skipped" */
	uint64_t latest = r->step.wall_ms + BLOCK_CLOCK_AHEAD_MAX_MS;
	if (latest < parent->header.timestamp_ms + 1)
		latest = parent->header.timestamp_ms + 1;
	if (block->header.timestamp_ms > latest)
		return 0;
	int executed = chain_execute(&r->chain, block);
	TRY(executed);
	if (block->invalid)
		return safety_first_skip(r, view);
	return executed ? safety_first_block(r, view, block, true) : 0;
}

struct block_tally {
	struct hash id;
	uint64_t notar1;
};

static size_t view_tally(struct replica *r, const struct view *view, struct first_tally *tally,
                         struct block_tally blocks[COMMITTEE_SIZE_MAX])
{
	size_t count = 0, i;

	*tally = (struct first_tally){0};
	for (uint32_t voter = 0; voter < r->committee->size; voter++) {
		const struct seat *seat = &view->seats[voter];
		uint64_t weight = r->committee->validators[voter].weight;
		if (!seat->has_first)
			continue;
		tally->total += weight;
		if (seat->first.kind != VOTE_NOTAR1)
			continue;
		for (i = 0; i < count && !hash_equal(&blocks[i].id, &seat->first.block_id); i++)
			;
		if (i == count)
			blocks[count++] = (struct block_tally){.id = seat->first.block_id};
		blocks[i].notar1 += weight;
		if (blocks[i].notar1 > tally->top)
			tally->top = blocks[i].notar1;
	}
	return count;
}

/* consensus §6 rules 6 and 7. */
static int rule_vote_more(struct replica *r, struct view *view)
{
	struct own_votes own = {.settled = view->number <= r->chain.tip->header.view,
	                        .first = view->own_first,
	                        .any_extra = view->own_extra_count > 0 || view->own_skip2,
	                        .final = view->own_final};
	struct block_tally blocks[COMMITTEE_SIZE_MAX];
	struct first_tally tally;

	if (!view->seats || own.first == FIRST_NONE || own.final || own.settled)
		return 0;
	if (own.first == FIRST_BLOCK) {
		struct chain_block *block = chain_find(&r->chain, &view->own_block);
		if (rule_final(&own, true, view_certificate(r, view->number, CERT_N, &view->own_block) != NULL,
		               block && block->complete))
			return safety_final(r, view);
	}
	size_t count = view_tally(r, view, &tally, blocks);
	for (size_t i = 0; i < count; i++) {
		bool own_block = own.first == FIRST_BLOCK && hash_equal(&view->own_block, &blocks[i].id);
		if (!rule_notar2(r->committee, &own, blocks[i].notar1, own_block))
			continue;
		TRY(safety_extra(r, view, &blocks[i].id));
		TRY(chain_want_named(&r->chain, &(struct header){.view = view->number, .id = blocks[i].id},
		                     r->step.now_ms, r->step.now_ms));
	}
	return rule_skip2(r->committee, &own, &tally) ? safety_extra(r, view, NULL) : 0;
}

static bool has_nonfinal_payments(struct replica *r)
{
	struct chain_block *block, *next;

	HASH_ITER (hh, r->chain.blocks, block, next)
		if (!block->final && block->header.payment_count && block->header.view > r->chain.tip->header.view)
			return true;
	return false;
}

/* consensus §6.5: the timer starts on "a payment held that waits for a block and fitted the ledger when last tried, any
 * first vote of this view (a proposal carries one), such an ancestor, or a heartbeat that is due: 1 s after the last
 * notarised block, and already due in a view entered by S". */
static bool timer_should_start(struct replica *r, const struct view *view)
{
	if (view->by_skip || r->step.now_ms >= r->last_notarised_ms + r->config.heartbeat_ms)
		return true;
	if (mempool_ready(r->mempool))
		return true;
	if (view->seats)
		for (uint32_t i = 0; i < r->committee->size; i++)
			if (view->seats[i].has_first)
				return true;
	return has_nonfinal_payments(r);
}

static int current_view_step(struct replica *r)
{
	struct view *view = view_get(r, r->view);

	if (!view)
		return UNCIA_E_MEMORY;
	if (view->deadline_ms == TIME_NEVER && timer_should_start(r, view))
		view->deadline_ms = r->step.now_ms + consensus_timeout(r, view->number);
	if (!safety_may_vote(r))
		return 0;
	if (committee_leader(r->committee, view->number) == r->config.self)
		TRY(proposal_try(r, view));
	/* consensus §6 rule 5: "Timeout with no first vote: SKIP1. After a first vote a timer never makes a replica
	 * skip". */
	if (r->step.now_ms >= view->deadline_ms && view->own_first == FIRST_NONE &&
	    view->number > r->chain.tip->header.view)
		TRY(safety_first_skip(r, view));
	return 0;
}

static int views_step(struct replica *r)
{
	struct view *view, *next;

	HASH_ITER (hh, r->views, view, next) {
		if (view->number <= r->chain.tip->header.view || view->number > r->view)
			continue;
		TRY(rule_vote_first(r, view));
		TRY(rule_vote_more(r, view));
	}
	return 0;
}

/* Goes over the rules until nothing more follows. Votes cast here count only once they are durable, so this ends. */
int consensus_recheck(struct replica *r)
{
	do {
		r->recheck = r->chain.changed = false;
		TRY(finality_retry(r));
		if (safety_may_vote(r))
			TRY(views_step(r));
		TRY(current_view_step(r));
	} while (r->recheck || r->chain.changed);
	return 0;
}

/* When the rules next depend on the clock alone. */
uint64_t consensus_wake(struct replica *r)
{
	struct view *view = view_find(r, r->view);
	struct chain_block *block, *next;
	uint64_t at = r->last_notarised_ms + r->config.heartbeat_ms;

	if (!view)
		return at;
	if (view->deadline_ms != TIME_NEVER) {
		at = TIME_NEVER;
		if (view->own_first == FIRST_NONE && safety_may_vote(r))
			at = view->deadline_ms;
	}
	uint64_t propose = proposal_wake(r, view);
	if (propose < at)
		at = propose;
	/* A block that is too early is looked at again. */
	HASH_ITER (hh, r->chain.blocks, block, next)
		if (!block->final && block->complete && !block->executed && !block->invalid &&
		    block->header.timestamp_ms > r->step.wall_ms + BLOCK_CLOCK_AHEAD_MAX_MS && at > r->step.now_ms + 20)
			at = r->step.now_ms + 20;
	return at;
}
