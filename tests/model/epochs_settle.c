/* Progress: from whatever state the world is in, a stable period comes, in which messages arrive, timers run out, and
 * liars are silent. "Every honest member of the newest epoch finalises further blocks; and leavers learn." */
#include "epochs.h"

enum { ROUNDS = 90, BLOCKS_MORE = 2 };

static unsigned settle_newest(const struct world *w)
{
	unsigned newest = 0;
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n) && w->nodes[n].now.epoch > w->nodes[newest].now.epoch)
			newest = n;
	return newest;
}

/* A validator that is not content: KEYS, all are. */
static unsigned settle_behind(const struct world *w, unsigned height)
{
	const struct journal *newest = &w->nodes[settle_newest(w)].now;
	uint32_t members = w->plans[newest->plan[newest->epoch]].members;
	for (unsigned n = 0; n < w->key_count; n++) {
		const struct journal *now = &w->nodes[n].now;
		unsigned last = node_last_epoch(w, n);
		if (!world_lives(w, n))
			continue;
		if (members >> n & 1 ? w->blocks[now->tip].height < height : last != EPOCHS)
			return n;
	}
	return KEYS;
}

static void settle_bodies(struct world *w)
{
	const struct journal *newest = &w->nodes[settle_newest(w)].now;
	for (unsigned block = newest->tip; block; block = w->blocks[block].parent) {
		bool held = false;
		for (unsigned n = 0; n < w->key_count; n++)
			held = held || (world_lives(w, n) && w->nodes[n].now.body[block]);
		if (!held)
			world_breaks(w, LOST_BODY, "nobody holds the body of final block %u", block);
	}
}

/* Timers run out where nothing has moved for some rounds, of proposals made in the last one too. */
static void settle_timers(struct world *w, unsigned still[KEYS], unsigned was[KEYS])
{
	for (unsigned n = 0; n < w->key_count; n++) {
		const struct node *node = &w->nodes[n];
		unsigned votes_in = node_votes_in(w, n);
		if (!world_lives(w, n) || votes_in == EPOCHS)
			continue;
		unsigned is = node->now.epoch * 10000u + votes_in * 1000u + node->view[votes_in];
		still[n] = is == was[n] ? still[n] + 1 : 0;
		was[n] = is;
		if (still[n] > 2)
			node_timeout(w, n);
	}
}

static void settle_round(struct world *w)
{
	for (unsigned from = 0; from < w->key_count; from++)
		for (unsigned to = 0; to < w->key_count; to++)
			if (from != to)
				links_pulse(w, from, to);
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n))
			node_propose(w, n);
}

void settle(struct world *w)
{
	unsigned height = 0, still[KEYS] = {0}, was[KEYS] = {0};
	world_say(w, "a stable period");
	w->slow = 0;
	w->changes_wanted = 0;
	w->settling = true;
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n) && !w->nodes[n].running)
			start_again(w, n);
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n) && w->blocks[w->nodes[n].now.tip].height > height)
			height = w->blocks[w->nodes[n].now.tip].height;
	for (unsigned round = 0; round < ROUNDS && w->verdict == HOLDS; round++) {
		settle_timers(w, still, was);
		settle_round(w);
		w->steps++;
		if (settle_behind(w, height + BLOCKS_MORE) == KEYS)
			break;
	}
	unsigned behind = settle_behind(w, height + BLOCKS_MORE);
	if (behind != KEYS) {
		const struct journal *now = &w->nodes[behind].now;
		world_breaks(w, STUCK, "validator %u stays in epoch %u at height %u, view %u", behind, now->epoch,
		             w->blocks[now->tip].height, w->nodes[behind].view[now->epoch]);
	}
	settle_bodies(w);
	world_look(w);
}

void settle_on(struct world *w)
{
	for (unsigned round = 0; round < 3; round++)
		settle_round(w);
}
