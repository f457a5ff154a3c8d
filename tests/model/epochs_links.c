/* Who finds whom, and what is said on a link that has come up (rules 9 and 10, and what crosses the boundary). */
#include "epochs.h"

static bool links_member(const struct world *w, unsigned n, unsigned key)
{
	const struct journal *now = &w->nodes[n].now;
	return w->plans[now->plan[now->epoch]].members >> key & 1;
}

/* "Addresses" are in the network file, or in a reconfigure that is final. */
static bool links_knows(const struct world *w, unsigned n, unsigned key)
{
	const struct journal *now = &w->nodes[n].now;
	if (w->addressed >> key & 1)
		return true;
	for (unsigned epoch = 1; epoch <= now->epoch && w->mistake != NO_ADDRESSES; epoch++)
		if (w->plans[now->plan[epoch]].members >> key & 1)
			return true;
	return false;
}

/* "Of two, the lower network key dials", and the other one where no link has come for some seconds: one of the two may
 * not know yet that they are of one committee, or take itself for a member still. So whoever knows the other finds it,
 * in the end. */
static bool links_dials(const struct world *w, unsigned n, unsigned peer)
{
	const struct plan *plan = &w->plans[w->nodes[n].now.plan[w->nodes[n].now.epoch]];
	if (!links_knows(w, n, peer))
		return false;
	if (!links_member(w, n, n))
		return true;
	if (w->mistake == LOWER_KEY_ONLY)
		return links_member(w, n, peer) && w->dial_order[n] < w->dial_order[peer];
	if (w->mistake == DIALS_BY_INDEX)
		for (unsigned i = 0; i < plan->size; i++)
			if (plan->order[i] == n || plan->order[i] == peer)
				return plan->order[i] == n && links_member(w, n, peer);
	return true;
}

bool links_up(const struct world *w, unsigned a, unsigned b)
{
	if (a == b || !w->nodes[a].running || !w->nodes[b].running || !world_lives(w, a) || !world_lives(w, b))
		return false;
	if (w->mistake == OTHER_EPOCH_ENDS_LINK && w->nodes[a].now.epoch != w->nodes[b].now.epoch)
		return false;
	return links_dials(w, a, b) || links_dials(w, b, a);
}

/* Bodies by id where they are needed next; of those below the own tip none should be missing. */
static void links_bodies(struct world *w, const struct journal *from, struct journal *to)
{
	unsigned tip = w->blocks[to->tip].height;
	for (unsigned block = 1; block < w->block_count; block++)
		if (from->body[block] && !to->body[block] && w->blocks[block].height > tip &&
		    world_chance(w, w->percent_bodies))
			to->body[block] = true;
}

/* "The older side gets B and J." */
static void links_end_of_epoch(struct world *w, const struct journal *from, unsigned to)
{
	unsigned epoch = w->nodes[to].now.epoch, j = from->ended_by[epoch];
	const struct model_block *block = &w->blocks[j];
	if (!j)
		return;
	unsigned held = from->held[epoch][block->view] & rule_justifies(w, block->choice);
	for (; held; held &= held - 1)
		node_certificate(w, to, epoch, block->view, held & -held);
}

unsigned links_late(struct world *w, unsigned epoch, unsigned view, unsigned votes)
{
	for (unsigned choice = 0; choice < BLOCKS_A_VIEW; choice++) {
		unsigned block = w->block_at[epoch][view][choice];
		if (block && w->blocks[block].brings && votes & FINAL_BIT(choice) && !w->settling &&
		    world_chance(w, w->percent_late))
			votes &= ~FINAL_BIT(choice);
	}
	return votes;
}

static void links_epoch(struct world *w, unsigned from, unsigned to, unsigned epoch)
{
	const struct node *node = &w->nodes[from];
	unsigned first = node->now.final_view[epoch];
	for (unsigned view = first; view <= w->top[epoch]; view++) {
		unsigned held = node->now.held[epoch][view], own = node->now.own[epoch][view];
		if (view == first)
			held &= HELD_FINALITY;
		else if (own)
			node_hear(w, to, epoch, view, from,
			          links_late(w, epoch, view, own & w->cast[epoch][view][from]));
		for (; held; held &= held - 1)
			node_certificate(w, to, epoch, view, held & -held);
	}
}

void links_pulse(struct world *w, unsigned from, unsigned to)
{
	const struct node *node = &w->nodes[from];
	unsigned votes_in = node_votes_in(w, from);
	if (!links_up(w, from, to))
		return;
	links_bodies(w, &node->now, &w->nodes[to].now);
	if (w->nodes[to].now.epoch < node->now.epoch)
		links_end_of_epoch(w, &node->now, to);
	links_epoch(w, from, to, node->now.epoch);
	if (votes_in < node->now.epoch)
		links_epoch(w, from, to, votes_in);
	start_ask(w, to, from);
	node_run(w, to);
}
