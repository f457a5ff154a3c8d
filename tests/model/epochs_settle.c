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

static void settle_round(struct world *w, bool timers)
{
	unsigned blocks = w->block_count;
	for (unsigned from = 0; from < w->key_count; from++)
		for (unsigned to = 0; to < w->key_count; to++)
			if (from != to)
				links_pulse(w, from, to);
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n))
			node_propose(w, n);
	for (unsigned n = 0; timers && blocks == w->block_count && n < w->key_count; n++)
		if (world_lives(w, n))
			node_timeout(w, n);
}

static unsigned settle_sum(const struct world *w)
{
	unsigned sum = 0;
	for (unsigned n = 0; n < w->key_count; n++) {
		const struct node *node = &w->nodes[n];
		sum += w->blocks[node->now.tip].height + node->now.epoch * 100u + node->gone * 7u;
		for (unsigned epoch = 0; epoch < EPOCHS; epoch++)
			sum += node->view[epoch];
	}
	return sum;
}

void settle(struct world *w)
{
	unsigned height = 0, sum = 0, still = 0;
	world_say(w, "a stable period");
	w->slow = 0;
	w->changes_wanted = 0;
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n) && !w->nodes[n].running)
			start_again(w, n);
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n) && w->blocks[w->nodes[n].now.tip].height > height)
			height = w->blocks[w->nodes[n].now.tip].height;
	for (unsigned round = 0; round < ROUNDS && w->verdict == HOLDS; round++) {
		settle_round(w, still > 1);
		still = settle_sum(w) == sum ? still + 1 : 0;
		sum = settle_sum(w);
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
