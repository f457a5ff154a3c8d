/* The world of the model of committee change: what there is, what votes amount to, and what must hold of final blocks.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "epochs.h"

uint32_t world_draw(struct world *w, uint32_t below)
{
	assert(below > 0);
	/* splitmix64 */
	uint64_t z = w->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) % below);
}

bool world_chance(struct world *w, uint32_t percent)
{
	return world_draw(w, 100) < percent;
}

void world_say(const struct world *w, const char *format, ...)
{
	va_list list;
	if (!w->trace)
		return;
	va_start(list, format);
	printf("%5u  ", w->steps);
	vprintf(format, list);
	printf("\n");
	va_end(list);
}

void world_breaks(struct world *w, enum verdict verdict, const char *format, ...)
{
	va_list list;
	if (w->verdict != HOLDS)
		return;
	w->verdict = verdict;
	va_start(list, format);
	vsnprintf(w->what, sizeof(w->what), format, list);
	va_end(list);
	world_say(w, "BREAKS: %s", w->what);
}

uint64_t world_weight(const struct plan *plan, uint32_t keys)
{
	uint64_t weight = 0;
	for (uint32_t left = keys & plan->members; left; left &= left - 1)
		weight += plan->weight[__builtin_ctz(left)];
	return weight;
}

uint32_t world_liars(const struct world *w)
{
	return w->bad | w->turned;
}

bool world_lives(const struct world *w, unsigned key)
{
	return !((w->bad | w->dead) >> key & 1) && !w->nodes[key].gone;
}

unsigned world_leader(const struct plan *plan, unsigned view)
{
	return plan->order[view % plan->size];
}

unsigned world_block(struct world *w, const struct model_block *block)
{
	uint8_t *at = w->block_at[block->epoch][block->view];
	unsigned choice = 0;
	while (choice < BLOCKS_A_VIEW && at[choice])
		choice++;
	if (choice == BLOCKS_A_VIEW || w->block_count == BLOCKS)
		return 0;
	unsigned number = w->block_count++;
	w->blocks[number] = *block;
	w->blocks[number].choice = (uint8_t)choice;
	at[choice] = (uint8_t)number;
	world_say(w, "block %u: epoch %u view %u on %u, height %u%s%s", number, block->epoch, block->view,
	          block->parent, block->height, block->closing ? ", closing" : "",
	          block->brings ? ", RECONFIGURE" : "");
	return number;
}

/* "Every vote, certificate and expiry signs its epoch": the votes of a key that count in a view of this epoch. */
static unsigned world_cast(const struct world *w, unsigned epoch, unsigned view, unsigned key)
{
	unsigned votes = w->cast[epoch][view][key];
	if (w->mistake == EPOCH_UNSIGNED && epoch > 0)
		votes |= w->cast[epoch - 1][view][key] & (FIRST_BIT(SKIP) | EXTRA_BIT(SKIP));
	return votes;
}

static bool world_certifies(const struct world *w, const struct plan *plan, unsigned view, unsigned certificate,
                            uint32_t liars)
{
	unsigned votes;
	uint64_t quorum = plan->quorums.quorum_slow, weight = 0;
	if (certificate < HELD_FF(0)) {
		votes = certificate | certificate << CHOICES; /* first and extra votes for it */
	} else if (certificate < HELD_SF(0)) {
		votes = certificate >> CHOICES;
		quorum = plan->quorums.quorum_fast;
	} else {
		votes = certificate; /* FINAL_BIT and HELD_SF are the same */
	}
	for (uint32_t left = plan->members; left; left &= left - 1) {
		unsigned key = (unsigned)__builtin_ctz(left);
		if (liars >> key & 1 || world_cast(w, plan->epoch, view, key) & votes)
			weight += plan->weight[key];
	}
	return weight >= quorum;
}

bool world_possible(const struct world *w, const struct plan *plan, unsigned view, unsigned certificate)
{
	return world_certifies(w, plan, view, certificate, world_liars(w));
}

bool world_below(const struct world *w, unsigned a, unsigned b)
{
	while (b != a && b)
		b = w->blocks[b].parent;
	return b == a;
}

/* Closing blocks "have no height on the final chain": what they make final is the block below them that is none. */
static unsigned world_of_chain(const struct world *w, unsigned block)
{
	while (w->blocks[block].closing)
		block = w->blocks[block].parent;
	return block;
}

void world_final(struct world *w, unsigned by, unsigned block)
{
	for (unsigned at = world_of_chain(w, block); at; at = world_of_chain(w, w->blocks[at].parent)) {
		unsigned height = w->blocks[at].height, there = w->final_at[height];
		if (there == at)
			return;
		if (there) {
			world_breaks(w, FORK, "blocks %u and %u are both final at height %u (validator %u)", there, at,
			             height, by);
			return;
		}
		w->final_at[height] = (uint8_t)at;
		w->final_count++;
	}
}

void world_look(struct world *w)
{
	unsigned newest = 0;
	uint8_t finals[BLOCKS];
	unsigned count = 0;
	for (unsigned at = 1; at < w->block_count; at++) {
		const struct model_block *block = &w->blocks[at];
		const struct plan *plan = &w->plans[block->plan];
		if (!world_certifies(w, plan, block->view, HELD_FF(block->choice), w->bad) &&
		    !world_certifies(w, plan, block->view, HELD_SF(block->choice), w->bad))
			continue;
		finals[count++] = (uint8_t)world_of_chain(w, at);
		if (w->blocks[finals[count - 1]].height > w->blocks[newest].height)
			newest = finals[count - 1];
	}
	for (unsigned i = 0; i < count; i++)
		if (!world_below(w, finals[i], newest)) {
			world_breaks(w, FORK, "blocks %u and %u can both be shown to be final", finals[i], newest);
			return;
		}
}

void world_init(struct world *w, uint64_t seed, enum mistake mistake, bool trace)
{
	memset(w, 0, sizeof(*w));
	w->random = seed * UINT64_C(0xd1342543de82ef95) + 1;
	w->mistake = mistake;
	w->trace = trace;
	w->block_count = 1;
	for (unsigned i = 0; i < KEYS; i++)
		w->dial_order[i] = (uint8_t)i;
	for (unsigned i = KEYS - 1; i > 0; i--) {
		unsigned j = world_draw(w, i + 1);
		uint8_t other = w->dial_order[i];
		w->dial_order[i] = w->dial_order[j];
		w->dial_order[j] = other;
	}
	w->changes_wanted = (uint8_t)(1 + world_draw(w, EPOCHS - 1));
	w->percent_reconfigure = (uint8_t)(30 + world_draw(w, 70));
	w->percent_crash = (uint8_t)(world_chance(w, 60) ? world_draw(w, world_chance(w, 40) ? 12 : 4) : 0);
	w->percent_slow = (uint8_t)world_draw(w, world_chance(w, 60) ? 20 : 60);
	w->permille_timeout = (uint8_t)(1 + world_draw(w, world_chance(w, 50) ? 8 : 60));
	w->percent_bad = (uint8_t)(2 + world_draw(w, 10));
	w->percent_late = (uint8_t)(world_chance(w, 60) ? world_draw(w, 100) : 0);
	w->percent_bodies = (uint8_t)(30 + world_draw(w, 70));
	w->heavy = world_chance(w, 40);
	w->forcing = world_chance(w, 30);
	w->restoring = world_chance(w, mistake_restores(mistake) ? 90 : 25);
	w->sleepers = world_chance(w, 40);
	if (w->restoring) {
		w->percent_crash = (uint8_t)(1 + world_draw(w, 5));
		w->forcing = w->forcing || world_chance(w, 60);
	}
	plans_genesis(w);
	for (unsigned n = 0; n < w->key_count; n++) {
		w->nodes[n].running = true;
		w->nodes[n].voting[0] = true;
		w->nodes[n].view[0] = 1;
		w->nodes[n].now.body[0] = true;
		node_sync(w, n);
	}
	w->top[0] = 1;
	wallets_init(w);
}
