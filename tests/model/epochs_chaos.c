/* What may befall the world: anything, in any order, as far as the committees are made to bear it. */
#include <string.h>
#include "epochs.h"

static unsigned chaos_node(struct world *w)
{
	for (unsigned tries = 0; tries < 20; tries++) {
		unsigned n = world_draw(w, w->key_count);
		if (world_lives(w, n) && (!(w->slow >> n & 1) || world_draw(w, 1000) < (w->sleepers ? 3 : 40)))
			return n;
	}
	return KEYS;
}

static unsigned chaos_view(struct world *w, unsigned n, unsigned epoch)
{
	unsigned first = w->nodes[n].now.final_view[epoch] + 1u, last = w->top[epoch];
	if (last < first)
		last = first;
	return first + world_draw(w, last - first + 1 < 6 ? last - first + 1 : 6);
}

/* One validator's votes of a view reach another one: the honest one's as they were cast, a liar's as it likes. */
static unsigned chaos_votes(struct world *w, unsigned epoch, unsigned view, unsigned key)
{
	unsigned blocks = 0, votes;
	if (!(world_liars(w) >> key & 1))
		return w->cast[epoch][view][key];
	while (blocks < BLOCKS_A_VIEW && w->block_at[epoch][view][blocks])
		blocks++;
	unsigned choice = world_draw(w, blocks + 1);
	votes = choice == blocks ? FIRST_BIT(SKIP) : FIRST_BIT(choice);
	if (world_chance(w, 20))
		votes |= EXTRA_BIT(SKIP);
	if (blocks && world_chance(w, 30))
		votes |= EXTRA_BIT(world_draw(w, blocks));
	if (blocks && world_chance(w, 30))
		votes |= FINAL_BIT(world_draw(w, blocks));
	return votes;
}

static void chaos_hear(struct world *w, unsigned n)
{
	unsigned epoch = node_votes_in(w, n);
	if (epoch == EPOCHS || world_chance(w, 20))
		epoch = w->nodes[n].now.epoch;
	const struct plan *plan = &w->plans[w->nodes[n].now.plan[epoch]];
	unsigned view = chaos_view(w, n, epoch);
	bool all = world_chance(w, 30);
	for (unsigned i = 0; i < plan->size; i++) {
		unsigned key = plan->order[i];
		if (all ? !world_chance(w, 25) : world_draw(w, plan->size) == 0)
			node_hear(w, n, epoch, view, key, links_late(w, epoch, view, chaos_votes(w, epoch, view, key)));
	}
	unsigned block = w->block_at[epoch][view][world_draw(w, BLOCKS_A_VIEW)];
	if (block)
		w->nodes[n].now.body[block] = true;
	node_run(w, n);
}

/* A certificate that can be made of what was ever signed, from anybody, of this epoch or one before. */
static void chaos_certificate(struct world *w, unsigned n)
{
	static const unsigned kinds[] = {HELD_N(0),  HELD_N(1),  HELD_N(2),  HELD_N(SKIP), HELD_FF(0),
	                                 HELD_FF(1), HELD_FF(2), HELD_SF(0), HELD_SF(1),   HELD_SF(2)};
	unsigned newest = w->nodes[n].now.epoch;
	unsigned epoch = world_chance(w, 70) ? newest : world_draw(w, newest + 1);
	unsigned view = world_chance(w, 50) ? chaos_view(w, n, epoch) : 1 + world_draw(w, w->top[epoch] + 1);
	unsigned certificate = kinds[world_draw(w, sizeof(kinds) / sizeof(kinds[0]))];
	if (view >= VIEWS)
		return;
	unsigned choice = (unsigned)__builtin_ctz(certificate) % CHOICES;
	if (choice != SKIP && !w->block_at[epoch][view][choice])
		return;
	if (choice != SKIP && w->blocks[w->block_at[epoch][view][choice]].plan != w->nodes[n].now.plan[epoch])
		return;
	if (!world_possible(w, &w->plans[w->nodes[n].now.plan[epoch]], view, certificate))
		return;
	node_certificate(w, n, epoch, view, certificate);
	node_run(w, n);
}

/* A liar leads: a block on anything, and perhaps another one. */
static void chaos_liar(struct world *w)
{
	unsigned epoch = world_draw(w, EPOCHS), view;
	if (!w->top[epoch])
		return;
	view = w->top[epoch] > 4 && world_chance(w, 70) ? w->top[epoch] - world_draw(w, 5)
	                                                : 1 + world_draw(w, w->top[epoch]);
	unsigned parent = w->block_count - 1 - world_draw(w, w->block_count < 12 ? w->block_count : 12);
	const struct model_block *on = &w->blocks[parent];
	struct model_block block = {.parent = (uint8_t)parent,
	                            .epoch = (uint8_t)epoch,
	                            .view = (uint8_t)view,
	                            .height = (uint8_t)(on->height + 1),
	                            .plan = on->epoch == epoch ? on->plan : on->brings,
	                            .time = w->time > on->time ? w->time : on->time};
	if (on->view >= view || on->epoch > epoch || on->epoch + 1u < epoch || w->plans[block.plan].epoch != epoch)
		return;
	block.leader = (uint8_t)world_leader(&w->plans[block.plan], view);
	if (!(world_liars(w) >> block.leader & 1))
		return;
	block.closing = on->epoch == epoch && (on->brings || on->closing) && !world_chance(w, 25);
	if (!block.closing && epoch + 1 < EPOCHS && epoch < w->changes_wanted && world_chance(w, 40) &&
	    w->plan_count > 1)
		block.brings = (uint8_t)(1 + world_draw(w, w->plan_count - 1));
	if (block.brings && w->plans[block.brings].epoch != epoch + 1)
		block.brings = 0;
	world_block(w, &block);
}

/* Liars work on one validator together, one perhaps that hears of nobody else: they skip, until one of them leads; then
 * they vote for its block, finally. */
static void chaos_conspire(struct world *w, unsigned n)
{
	unsigned epoch = node_votes_in(w, n), vote = FIRST_BIT(SKIP);
	if (epoch == EPOCHS || !world_lives(w, n) || !w->nodes[n].running)
		return;
	const struct plan *plan = &w->plans[w->nodes[n].now.plan[epoch]];
	unsigned view = w->nodes[n].view[epoch], leader = world_leader(plan, view);
	if (world_liars(w) >> leader & 1) {
		unsigned parent = lead_parent(w, n, epoch);
		struct model_block block = {.parent = (uint8_t)parent,
		                            .epoch = (uint8_t)epoch,
		                            .view = (uint8_t)view,
		                            .leader = (uint8_t)leader,
		                            .plan = w->nodes[n].now.plan[epoch]};
		if (parent == NO_PARENT)
			return;
		block.height = (uint8_t)(w->blocks[parent].height + 1);
		block.time = w->blocks[parent].time;
		block.closing = w->blocks[parent].epoch == epoch && rule_closes(w, parent);
		unsigned number = world_block(w, &block);
		if (!number)
			return;
		w->nodes[n].now.body[number] = true;
		vote = FIRST_BIT(w->blocks[number].choice) | FINAL_BIT(w->blocks[number].choice);
	}
	for (unsigned i = 0; i < plan->size; i++)
		if (world_liars(w) >> plan->order[i] & 1)
			node_hear(w, n, epoch, view, plan->order[i], vote);
	node_run(w, n);
	if (vote == FIRST_BIT(SKIP))
		node_timeout(w, n);
}

static void chaos_conspiracy(struct world *w)
{
	unsigned victim = world_draw(w, w->key_count), tries = world_draw(w, 8);
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_lives(w, n) && w->nodes[n].now.epoch < w->nodes[victim].now.epoch && world_chance(w, 70))
			victim = n;
	for (unsigned i = 0; i < tries && w->verdict == HOLDS; i++)
		chaos_conspire(w, victim);
}

void chaos_turn(struct world *w)
{
	for (unsigned key = 0; key < w->key_count; key++) {
		const struct node *node = &w->nodes[key];
		if (!node->gone || w->turned >> key & 1 || (w->bad | w->dead) >> key & 1)
			continue;
		bool may = w->time > node->gone_at + FRESH_DAYS || w->mistake == RETIRED_EARLY;
		for (unsigned epoch = 0; epoch <= node->now.epoch && may && w->mistake != RETIRED_EARLY; epoch++) {
			const struct plan *plan = &w->plans[node->now.plan[epoch]];
			bool lacking = false;
			if (!(plan->members >> key & 1))
				continue;
			for (unsigned n = 0; n < w->key_count; n++)
				lacking = lacking || (world_lives(w, n) && w->nodes[n].disk.epoch <= epoch);
			may = !lacking || world_weight(plan, world_liars(w) | 1u << key) <= plan->quorums.faulty;
		}
		if (!may || !world_chance(w, 40))
			continue;
		w->turned |= 1u << key;
		world_say(w, "the key of leaver %u is in liars' hands", key);
	}
}

/* A validator ends, starts, keeps a copy of its journal, comes back with it, or never. */
static void chaos_fate(struct world *w)
{
	unsigned n = world_draw(w, w->key_count), what = world_draw(w, 100);
	struct node *node = &w->nodes[n];
	if (!world_lives(w, n))
		return;
	if (!node->running) {
		start_again(w, n);
	} else if (what < 40) {
		world_say(w, "validator %u ends", n);
		start_crash(w, n);
		if (world_chance(w, 50))
			start_again(w, n);
	} else if (what < 60) {
		node->backup = node->disk;
		node->has_backup = true;
	} else if (what < 95) {
		start_restored(w, n);
	} else if (plans_bear(w, n)) {
		world_say(w, "validator %u never comes back", n);
		w->dead |= 1u << n;
	}
}

/* Answers may come before all else, and those of liars and of peers who know nothing first. */
void chaos_ask(struct world *w, unsigned n)
{
	bool ignorant = world_chance(w, 70);
	for (unsigned peer = 0; peer < w->key_count; peer++) {
		bool liar = world_liars(w) >> peer & 1;
		if (peer == n || (ignorant && w->nodes[peer].now.told[n].epoch > w->nodes[n].now.epoch))
			continue;
		if (liar || (world_chance(w, 60) && links_up(w, n, peer)))
			start_ask(w, n, peer);
	}
	node_run(w, n);
}

/* Journals of epochs before are put back as soon as the gate promises to notice. */
static void chaos_restore(struct world *w)
{
	unsigned n = world_draw(w, w->key_count);
	struct node *node = &w->nodes[n];
	if (world_chance(w, 2)) {
		node->backup = node->disk;
		node->has_backup = true;
	}
	if (world_lives(w, n) && node->has_backup && node->backup.epoch < node->disk.epoch)
		start_restored(w, n);
	for (unsigned i = 0; i < 3 && world_chance(w, 80); i++)
		chaos_ask(w, n);
}

static void chaos_slow(struct world *w)
{
	if (w->slow && w->sleepers && !world_chance(w, 3))
		return;
	w->slow = 0;
	for (unsigned n = 0; n < w->key_count; n++)
		if (world_chance(w, w->percent_slow))
			w->slow |= 1u << n;
}

static void chaos_plan(struct world *w)
{
	unsigned n = chaos_node(w);
	if (n == KEYS)
		return;
	const struct journal *now = &w->nodes[n].now;
	unsigned followers = 0;
	for (unsigned i = 1; i < w->plan_count; i++)
		followers += w->plans[i].from == now->plan[now->epoch] && !w->plans[i].given_up &&
		             (!w->plans[i].refused || i % 2);
	if (now->epoch < w->changes_wanted && followers < 3)
		plans_make(w, now->plan[now->epoch]);
}

/* What happens seldom. */
static void chaos_seldom(struct world *w)
{
	switch (world_draw(w, 5)) {
	case 0:
		w->time = (uint16_t)(w->time + (world_chance(w, 15) ? 1 + world_draw(w, 4) : 0));
		plans_superseded(w);
		break;
	case 1:
		chaos_turn(w);
		break;
	case 2:
		chaos_slow(w);
		break;
	default:
		chaos_plan(w);
	}
}

/* Who leads the view that this one is in. */
static unsigned chaos_leader(const struct world *w, unsigned n)
{
	unsigned epoch = node_votes_in(w, n);
	return epoch == EPOCHS ? n : world_leader(&w->plans[w->nodes[n].now.plan[epoch]], w->nodes[n].view[epoch]);
}

void chaos_step(struct world *w)
{
	unsigned n = chaos_node(w), what = world_draw(w, 1000);
	w->steps++;
	if (world_chance(w, w->percent_crash))
		chaos_fate(w);
	if (w->restoring && world_chance(w, 30))
		chaos_restore(w);
	if (world_chance(w, w->percent_bad))
		chaos_liar(w);
	if (world_chance(w, 10))
		chaos_seldom(w);
	if (world_chance(w, w->percent_bad))
		chaos_conspiracy(w);
	if (world_chance(w, 6))
		wallets_step(w);
	if (n == KEYS || !w->nodes[n].running)
		return;
	if (what < w->permille_timeout)
		node_timeout(w, n);
	else if (what < 200)
		node_propose(w, chaos_leader(w, n));
	else if (what < 230)
		node_sync(w, n);
	else if (what < 260)
		chaos_ask(w, n);
	else if (what < 310)
		chaos_certificate(w, n);
	else if (what < 450)
		chaos_hear(w, n);
	else if (what < 900)
		links_pulse(w, world_draw(w, w->key_count), n);
	else
		for (unsigned from = 0; from < w->key_count; from++)
			if (!(w->slow >> from & 1))
				links_pulse(w, from, n);
}
