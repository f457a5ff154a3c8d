/* One course of things that chance seldom finds: an epoch ends for all but those who leave, who sleep; then somebody
 * who has voted in the next one comes back with the journal of his last vote in the old one, and those answer him first
 * who know nothing. What follows is chance again. */
#include "epochs.h"

enum { ROUNDS = 40 };

/* A plan under which leavers and liars are nearly a quorum of the old committee, if chance gives one. */
static bool story_agree(struct world *w)
{
	const struct plan *old = &w->plans[0];
	for (unsigned tries = 0; tries < 12; tries++) {
		plans_make(w, 0);
		const struct plan *plan = &w->plans[w->plan_count - 1];
		uint32_t leavers = old->members & ~plan->members;
		if (w->plan_count > 1 && !plan->refused && leavers &&
		    world_weight(old, leavers | world_liars(w)) + 1 >= old->quorums.quorum_slow)
			return true;
	}
	return false;
}

/* Liars help: they vote for what there is, finally. */
static void story_liars(struct world *w, unsigned n)
{
	unsigned epoch = w->nodes[n].now.epoch, view = w->nodes[n].view[epoch];
	const struct plan *plan = &w->plans[w->nodes[n].now.plan[epoch]];
	unsigned vote = w->block_at[epoch][view][0] ? FIRST_BIT(0) | FINAL_BIT(0) : FIRST_BIT(SKIP);
	for (unsigned i = 0; i < plan->size; i++)
		if (world_liars(w) >> plan->order[i] & 1)
			node_hear(w, n, epoch, view, plan->order[i], vote);
}

/* A leaver has done what it can for the end of the epoch, and sleeps. */
static bool story_sleeps(const struct world *w, unsigned n)
{
	for (unsigned block = 1; w->slow >> n & 1 && block < w->block_count; block++)
		if (w->blocks[block].brings &&
		    w->nodes[n].now.own[0][w->blocks[block].view] & FINAL_BIT(w->blocks[block].choice))
			return true;
	return false;
}

static void story_round(struct world *w, bool timers)
{
	for (unsigned to = 0; to < w->key_count; to++) {
		if (!world_lives(w, to) || story_sleeps(w, to))
			continue;
		for (unsigned from = 0; from < w->key_count && !story_sleeps(w, to); from++)
			links_pulse(w, from, to);
		if (world_chance(w, 60))
			story_liars(w, to);
		node_run(w, to);
		node_propose(w, to);
		if (timers)
			node_timeout(w, to);
		if (w->nodes[to].now.epoch == 1)
			node_sync(w, to);
	}
}

void story(struct world *w)
{
	if (!story_agree(w))
		return;
	unsigned plan = w->plan_count - 1;
	world_say(w, "a story of plan %u", plan);
	w->slow = w->plans[0].members & ~w->plans[plan].members;
	for (unsigned other = 1; other < plan; other++)
		w->plans[other].expires_at = w->time; /* the others are not wanted any more */
	unsigned rounds = 5 + world_draw(w, ROUNDS);
	for (unsigned round = 0; round < rounds && w->top[0] < VIEWS / 3 && w->top[1] < w->top[0] + 2; round++)
		story_round(w, round % 5 == 4);
	world_say(w, "journals are put back");
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n) && node_votes_in(w, n) == 1 && world_chance(w, 60)) {
			start_restored(w, n);
			chaos_ask(w, n);
			chaos_ask(w, n);
		}
}
