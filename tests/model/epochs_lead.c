/* What a validator of the model does by itself: it proposes where it leads (rule 3), and its timer runs out (rule 5).
 */
#include "epochs.h"

static bool lead_may(const struct world *w, unsigned n, unsigned epoch)
{
	const struct node *node = &w->nodes[n];
	unsigned view = node->view[epoch];
	struct own_votes own = {.past = view <= node->now.final_view[epoch],
	                        .first = node->now.own[epoch][view] & FIRSTS ? FIRST_BLOCK : FIRST_NONE};
	return node_may_vote(w, n, epoch) && rule_first_vote(&own, true);
}

void node_timeout(struct world *w, unsigned n)
{
	unsigned epoch = node_votes_in(w, n);
	if (epoch == EPOCHS || !lead_may(w, n, epoch))
		return;
	node_cast(w, n, epoch, w->nodes[n].view[epoch], FIRST_BIT(SKIP));
	node_run(w, n);
}

/* "The valid parent of highest view"; where it could not execute that one, one below; NO_PARENT: none. */
unsigned lead_parent(struct world *w, unsigned n, unsigned epoch)
{
	const struct journal *now = &w->nodes[n].now;
	unsigned view = w->nodes[n].view[epoch], found = NO_PARENT;
	bool lower = world_chance(w, 10);
	for (unsigned above = view; above-- > now->final_view[epoch] + 1u;) {
		for (unsigned choice = 0; choice < BLOCKS_A_VIEW; choice++) {
			unsigned block = w->block_at[epoch][above][choice];
			if (block && node_parent_valid(w, n, epoch, view, block) && now->body[block] &&
			    rule_block_valid(w, block))
				found = block;
		}
		if (found != NO_PARENT && !lower)
			return found;
		lower = lower && found == NO_PARENT;
		if (!(now->held[epoch][above] & HELD_N(SKIP)))
			return found;
	}
	return node_parent_valid(w, n, epoch, view, now->final_block[epoch]) ? now->final_block[epoch] : found;
}

/* What the block is, on its parent. */
static void lead_contents(struct world *w, struct model_block *block)
{
	bool same = w->blocks[block->parent].epoch == block->epoch, closes = same && rule_closes(w, block->parent);
	bool another = w->mistake == TWO_ON_A_PATH && closes && world_chance(w, 50);
	block->closing = closes && !another && !(w->mistake == CLOSING_OPTIONAL && world_chance(w, 50));
	if (block->closing || (closes && !another) || block->epoch >= w->changes_wanted ||
	    (!another && !world_chance(w, w->percent_reconfigure)))
		return;
	block->brings = (uint8_t)plans_choose(w, block->plan, block->time);
	block->closing = closes && !block->brings;
}

void node_propose(struct world *w, unsigned n)
{
	struct node *node = &w->nodes[n];
	unsigned epoch = node_votes_in(w, n);
	if (epoch == EPOCHS || !lead_may(w, n, epoch))
		return;
	unsigned view = node->view[epoch];
	if (world_leader(&w->plans[node->now.plan[epoch]], view) != n)
		return;
	unsigned parent = lead_parent(w, n, epoch);
	if (parent == NO_PARENT)
		return;
	const struct model_block *on = &w->blocks[parent];
	struct model_block block = {.parent = (uint8_t)parent,
	                            .epoch = (uint8_t)epoch,
	                            .view = (uint8_t)view,
	                            .height = (uint8_t)(on->height + 1),
	                            .leader = (uint8_t)n,
	                            .plan = node->now.plan[epoch],
	                            .time = w->time > on->time ? w->time : on->time};
	lead_contents(w, &block);
	unsigned number = world_block(w, &block);
	if (!number)
		return;
	node->now.body[number] = true;
	node_cast(w, n, epoch, view, FIRST_BIT(w->blocks[number].choice));
	node_run(w, n);
}
