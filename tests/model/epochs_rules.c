/* The rules of the change of committees, a function each, with the sentence that it stands for. Where a mistake is
 * planted, the rule is left out here. */
#include "epochs.h"

/* "The leaving weight, Σ max(0, w(e) − w(e + 1)), is ≤ F of e and the keys that gain, new ones
 * and old ones, weigh ≤ F of e + 1 there, or the operation says force and weight ≥ Qf has signed." */
bool rule_weights(const struct world *w, const struct plan *from, const struct plan *to)
{
	uint64_t leaving = 0, gained = 0, by_new_keys = 0;
	for (unsigned key = 0; key < KEYS; key++) {
		unsigned before = from->weight[key], after = to->weight[key];
		leaving += before > after ? before - after : 0;
		gained += after > before ? after : 0;
		by_new_keys += before ? 0 : after;
	}
	uint64_t forced = w->mistake == FORCE_BY_SLOW_QUORUM ? from->quorums.quorum_slow : from->quorums.quorum_fast;
	if (to->force && to->approved >= forced)
		return true;
	if (w->mistake == NEW_UNBOUNDED)
		gained = 0;
	if (w->mistake == GAINED_UNBOUNDED)
		gained = by_new_keys;
	return (leaving <= from->quorums.faulty || w->mistake == LEAVING_UNBOUNDED) && gained <= to->quorums.faulty;
}

/* "Who approves looks at the clock: expires_at ≤ now + 7 days." The same rule at the block's time does not say when it
 * was signed: what expires in a year becomes valid a week before. */
bool rule_approves(const struct world *w, unsigned expires_at)
{
	return w->mistake == APPROVED_FAR_AHEAD || expires_at <= (unsigned)w->time + DAYS_APPROVED;
}

/* "t < expires_at ≤ t + 7 days" */
static bool rule_in_time(const struct world *w, const struct plan *plan, unsigned time)
{
	return w->mistake == NEVER_EXPIRES || (time < plan->expires_at && plan->expires_at <= time + DAYS_APPROVED);
}

/* "No consensus key that was ever retired comes back." */
static bool rule_none_returns(const struct world *w, const struct plan *plan)
{
	return w->mistake == RETIRED_RETURN || !(plan->members & plan->retired);
}

/* "For each new consensus key a signature", that it joins. */
static bool rule_joined(const struct world *w, const struct plan *plan)
{
	return w->mistake == NO_JOIN_SIGNATURE || !plan->unsigned_keys;
}

/* "Valid iff e is the current epoch; the approvals hold", weight ≥ Qs; and the rules above. */
bool rule_reconfigure_valid(const struct world *w, const struct plan *plan, unsigned epoch_plan, unsigned time)
{
	const struct plan *from = &w->plans[epoch_plan];
	return plan->from == epoch_plan && plan->approved >= from->quorums.quorum_slow && rule_in_time(w, plan, time) &&
	       rule_none_returns(w, plan) && rule_joined(w, plan) && rule_weights(w, from, plan);
}

/* "A block is closing if and only if its parent is a reconfigure block or a closing block of the same epoch." */
bool rule_closes(const struct world *w, unsigned parent)
{
	return w->blocks[parent].brings || w->blocks[parent].closing;
}

/* "It is empty", and "at most one reconfigure on a path". */
static bool rule_in_epoch(const struct world *w, const struct model_block *block)
{
	const struct model_block *parent = &w->blocks[block->parent];
	bool closes = rule_closes(w, block->parent);
	if (block->plan != parent->plan || (block->closing && block->brings))
		return false;
	if (w->mistake == CLOSING_OPTIONAL && closes && !block->closing && !block->brings)
		return true;
	if (w->mistake == TWO_ON_A_PATH && parent->brings && block->brings && !block->closing)
		return rule_reconfigure_valid(w, &w->plans[block->brings], block->plan, block->time);
	return block->closing == closes &&
	       (!block->brings || rule_reconfigure_valid(w, &w->plans[block->brings], block->plan, block->time));
}

/* "Epoch e + 1 begins with parent B, never the closing block." */
static bool rule_begins(const struct world *w, const struct model_block *block)
{
	unsigned b = block->parent;
	if (w->mistake == PARENT_IS_CLOSING)
		while (w->blocks[b].closing)
			b = w->blocks[b].parent;
	return w->blocks[b].brings && block->plan == w->blocks[b].brings && !block->closing &&
	       (!block->brings || rule_reconfigure_valid(w, &w->plans[block->brings], block->plan, block->time));
}

bool rule_block_valid(const struct world *w, unsigned number)
{
	const struct model_block *block = &w->blocks[number], *parent = &w->blocks[block->parent];
	if (block->height != parent->height + 1 || block->time < parent->time || block->view <= parent->view)
		return false;
	return block->epoch == parent->epoch ? rule_in_epoch(w, block)
	                                     : block->epoch == parent->epoch + 1 && rule_begins(w, block);
}

/* "Justified by FF or SF of B or of a closing block, headers between; N is not enough." */
unsigned rule_justifies(const struct world *w, unsigned choice)
{
	unsigned enough = HELD_FF(choice) | HELD_SF(choice);
	return w->mistake == NOTARISED_IS_ENOUGH ? enough | HELD_N(choice) : enough;
}

/* "In e + 1, f (the newest final view) starts at view(B), whatever certificate justifies it." */
unsigned rule_first_final_view(const struct world *w, unsigned b, unsigned justifier)
{
	return w->blocks[w->mistake == F_OF_JUSTIFIER ? justifier : b].view;
}

unsigned rule_first_parent(const struct world *w, unsigned b, unsigned justifier)
{
	return w->mistake == PARENT_IS_CLOSING ? justifier : b;
}

/* "'Newest vote' compares (epoch, view, …)." */
bool rule_newer(const struct world *w, const struct stamp *a, const struct stamp *b)
{
	if (a->epoch != b->epoch && w->mistake != NEWEST_BY_VIEW)
		return a->epoch > b->epoch;
	return a->view > b->view || (a->view == b->view && a->kind > b->kind);
}

/* "A leaving member goes on voting, resending and serving until a block of e + 1 is final for it (not until B is)." */
bool rule_may_leave(const struct world *w, const struct journal *journal, unsigned last_epoch)
{
	if (w->mistake == LEAVES_EARLY)
		return journal->epoch > last_epoch;
	return w->blocks[journal->tip].epoch > last_epoch;
}

/* "A member of e + 1 serves J and bodies for ever." `now`: the epoch that begins for it. */
bool rule_serves_j(const struct world *w, unsigned ended, unsigned now)
{
	return w->mistake != DROPS_J || ended + 1 >= now;
}

/* "A lost vote bars its epoch and all before." */
bool rule_barred(const struct world *w, const struct journal *journal, unsigned epoch)
{
	return w->mistake == LOST_BARS_ONE ? journal->barred_one[epoch] : epoch < journal->barred;
}
