/* One validator of the model: what it makes of votes and certificates, when it votes, and how an epoch ends for it. */
#include <assert.h>
#include <string.h>
#include "epochs.h"

unsigned node_last_epoch(const struct world *w, unsigned n)
{
	const struct journal *now = &w->nodes[n].now;
	for (unsigned epoch = now->epoch + 1u; epoch-- > 0;)
		if (w->plans[now->plan[epoch]].members >> n & 1)
			return epoch;
	return EPOCHS;
}

/* "A member of both runs e until B is final on its disk, then e + 1"; a leaver stays in e. */
unsigned node_votes_in(const struct world *w, unsigned n)
{
	unsigned last = node_last_epoch(w, n);
	return last != EPOCHS && last + 1 >= w->nodes[n].now.epoch ? last : EPOCHS;
}

bool node_may_vote(const struct world *w, unsigned n, unsigned epoch)
{
	const struct node *node = &w->nodes[n];
	return node->running && world_lives(w, n) && node->voting[epoch] && !rule_barred(w, &node->now, epoch);
}

/* "Settled" views are those up to f, of the same epoch. */
static bool node_settled(const struct world *w, const struct journal *now, unsigned epoch, unsigned view)
{
	for (unsigned other = 0; w->mistake == SETTLED_BY_VIEW && other <= now->epoch; other++)
		if (view <= now->final_view[other])
			return true;
	return view <= now->final_view[epoch];
}

/* "Pruning compares (epoch, view, …)." What is past need not be pruned here. */
static void node_prune(const struct world *w, struct journal *disk)
{
	unsigned past = 0;
	for (unsigned epoch = 0; epoch <= disk->epoch; epoch++)
		past = disk->final_view[epoch] > past ? disk->final_view[epoch] : past;
	for (unsigned epoch = 0; w->mistake == PRUNED_BY_VIEW && epoch <= disk->epoch; epoch++)
		memset(disk->own[epoch], 0, (past + 1) * sizeof(disk->own[epoch][0]));
}

void node_sync(struct world *w, unsigned n)
{
	w->nodes[n].disk = w->nodes[n].now;
	node_prune(w, &w->nodes[n].disk);
}

/* "One first vote and one FINAL a view", FINAL for the first vote's block, and no extra vote beside it. */
static bool node_votes_broken(unsigned votes)
{
	unsigned firsts = votes & FIRSTS, extras = (votes & EXTRAS) >> CHOICES,
	         finals = (votes & FINALS) >> 2 * CHOICES;
	return (firsts & (firsts - 1)) || (finals & (finals - 1)) || (finals && (finals != firsts || extras)) ||
	       (extras && (!firsts || extras & firsts));
}

/* Whether votes of this epoch that it has cast are not in its journal, in views that are not past. */
static bool node_has_lost(const struct world *w, unsigned n, unsigned epoch)
{
	const struct journal *now = &w->nodes[n].now;
	for (unsigned view = now->final_view[epoch] + 1u; view < VIEWS; view++)
		if (w->cast[epoch][view][n] & ~now->own[epoch][view])
			return true;
	return false;
}

void node_cast(struct world *w, unsigned n, unsigned epoch, unsigned view, unsigned bit)
{
	struct node *node = &w->nodes[n];
	bool lost = node_has_lost(w, n, epoch);
	w->cast[epoch][view][n] |= (uint16_t)bit;
	node->now.own[epoch][view] |= (uint16_t)bit;
	node->heard[epoch][view][n] |= (uint16_t)bit;
	node->dirty[epoch] |= UINT64_C(1) << view;
	node_sync(w, n);
	if (w->restoring && (!node->has_backup || node->backup.epoch == node->disk.epoch) && world_chance(w, 30)) {
		node->backup = node->disk;
		node->has_backup = true;
	}
	world_say(w, "validator %u votes %03x in epoch %u view %u", n, bit, epoch, view);
	if (node_votes_broken(w->cast[epoch][view][n]))
		world_breaks(w, TWICE, "validator %u has voted %03x in epoch %u view %u", n, w->cast[epoch][view][n],
		             epoch, view);
	else if (lost)
		world_breaks(w, REVIVED, "validator %u votes in epoch %u, of which its journal has lost votes", n,
		             epoch);
}

/* ---- what comes in -------------------------------------------------------------------------- */

/* "Newest votes are kept per consensus key, not per number." */
static struct stamp *node_newest_of(const struct world *w, struct journal *journal, unsigned epoch, unsigned key)
{
	const struct plan *plan = &w->plans[journal->plan[epoch]];
	unsigned number = 0;
	if (w->mistake != NEWEST_PER_NUMBER)
		return &journal->newest[key];
	while (number < plan->size && plan->order[number] != key)
		number++;
	return &journal->newest[number];
}

static void node_remember(struct world *w, unsigned n, const struct stamp *stamp)
{
	struct stamp *told = &w->nodes[n].now.told[stamp->key];
	if (told->kind == 0 || stamp->epoch > told->epoch ||
	    (stamp->epoch == told->epoch &&
	     (stamp->view > told->view || (stamp->view == told->view && stamp->kind > told->kind))))
		*told = *stamp;
	struct stamp *newest = node_newest_of(w, &w->nodes[n].now, stamp->epoch, stamp->key);
	if (newest->kind == 0 || rule_newer(w, stamp, newest))
		*newest = *stamp;
}

static void node_remember_all(struct world *w, unsigned n, unsigned epoch, unsigned view, unsigned key, unsigned votes)
{
	for (unsigned bit = 1; bit <= votes; bit <<= 1) {
		struct stamp stamp = {
		    .epoch = (uint8_t)epoch, .view = (uint8_t)view, .key = (uint8_t)key, .bit = (uint16_t)bit};
		if (!(votes & bit))
			continue;
		if (bit & FIRSTS)
			stamp.kind = bit == FIRST_BIT(SKIP) ? 2 : 1;
		else if (bit & EXTRAS)
			stamp.kind = bit == EXTRA_BIT(SKIP) ? 4 : 3;
		else
			stamp.kind = 5;
		node_remember(w, n, &stamp);
	}
}

static bool node_runs(const struct world *w, unsigned n, unsigned epoch)
{
	return epoch == w->nodes[n].now.epoch || epoch == node_votes_in(w, n);
}

void node_hear(struct world *w, unsigned n, unsigned epoch, unsigned view, unsigned key, unsigned votes)
{
	struct node *node = &w->nodes[n];
	uint16_t *heard = &node->heard[epoch][view][key];
	if (!node_runs(w, n, epoch) || !(w->plans[node->now.plan[epoch]].members >> key & 1) || key == n)
		return;
	if (*heard & FIRSTS)
		votes &= ~FIRSTS; /* "the first vote that it received first" */
	if (*heard & FINALS)
		votes &= ~FINALS;
	votes &= ~(unsigned)*heard;
	if (!votes)
		return;
	node_remember_all(w, n, epoch, view, key, votes);
	if (node_settled(w, &node->now, epoch, view))
		return;
	*heard |= (uint16_t)votes;
	node->dirty[epoch] |= UINT64_C(1) << view;
}

/* A finality certificate for what is not on the own final chain. "Rule 8 holds for the current epoch only; closing
 * blocks are exempt; certificates of finished epochs are ignored." */
static void node_second_chain(struct world *w, unsigned n, unsigned epoch, unsigned block)
{
	const struct journal *now = &w->nodes[n].now;
	bool looks = w->mistake == RULE8_OLD || w->mistake == RULE8_CLOSING;
	if ((epoch != now->epoch && !looks) || (w->blocks[block].closing && w->mistake != RULE8_CLOSING))
		return;
	if (w->blocks[block].height <= w->blocks[now->tip].height && !world_below(w, block, now->tip))
		world_breaks(w, ENDED, "validator %u ends: block %u is certified, and beside its chain", n, block);
}

void node_certificate(struct world *w, unsigned n, unsigned epoch, unsigned view, unsigned certificate)
{
	struct node *node = &w->nodes[n];
	struct journal *now = &node->now;
	if (epoch > now->epoch)
		return; /* asks for J */
	if (certificate & HELD_FINALITY) {
		unsigned choice = (unsigned)__builtin_ctz(certificate) % CHOICES;
		if (view <= now->final_view[epoch] || epoch < now->epoch)
			node_second_chain(w, n, epoch, w->block_at[epoch][view][choice]);
		/* "No certificate of e moves" f in e + 1. */
		if (w->mistake == OLD_MOVES_F && epoch < now->epoch && view > now->final_view[now->epoch]) {
			now->final_view[now->epoch] = (uint8_t)view;
			if (node->view[now->epoch] <= view)
				node->view[now->epoch] = (uint8_t)(view + 1);
		}
	}
	if (!node_runs(w, n, epoch) || node_settled(w, now, epoch, view) || (now->held[epoch][view] & certificate))
		return;
	now->held[epoch][view] |= (uint16_t)certificate;
	node->dirty[epoch] |= UINT64_C(1) << view;
}

/* ---- what follows --------------------------------------------------------------------------- */

static struct own_votes node_own(const struct world *w, unsigned n, unsigned epoch, unsigned view)
{
	const struct journal *now = &w->nodes[n].now;
	unsigned votes = now->own[epoch][view];
	return (struct own_votes){.past = view <= now->final_view[epoch],
	                          .first = votes & FIRST_BIT(SKIP) ? FIRST_SKIP
	                                   : votes & FIRSTS        ? FIRST_BLOCK
	                                                           : FIRST_NONE,
	                          .any_extra = votes & EXTRAS,
	                          .final = votes & FINALS};
}

struct tally {
	uint64_t first[CHOICES], support[CHOICES], final[BLOCKS_A_VIEW];
};

static void node_count(const struct world *w, unsigned n, unsigned epoch, unsigned view, struct tally *tally)
{
	const struct node *node = &w->nodes[n];
	const struct plan *plan = &w->plans[node->now.plan[epoch]];
	memset(tally, 0, sizeof(*tally));
	for (unsigned i = 0; i < plan->size; i++) {
		unsigned key = plan->order[i], votes = node->heard[epoch][view][key], weight = plan->weight[key];
		if (w->mistake == EPOCH_UNSIGNED && epoch > 0)
			votes |= node->heard[epoch - 1][view][key] & (FIRST_BIT(SKIP) | EXTRA_BIT(SKIP));
		for (unsigned choice = 0; choice < CHOICES; choice++) {
			tally->first[choice] += votes & FIRST_BIT(choice) ? weight : 0;
			tally->support[choice] += votes & (FIRST_BIT(choice) | EXTRA_BIT(choice)) ? weight : 0;
			if (choice != SKIP)
				tally->final[choice] += votes & FINAL_BIT(choice) ? weight : 0;
		}
	}
}

static void node_certify(struct world *w, unsigned n, unsigned epoch, unsigned view)
{
	struct journal *now = &w->nodes[n].now;
	const struct committee *c = &w->plans[now->plan[epoch]].quorums;
	struct tally tally;
	unsigned made = 0;
	node_count(w, n, epoch, view, &tally);
	for (unsigned choice = 0; choice < CHOICES; choice++) {
		made |= tally.support[choice] >= c->quorum_slow ? HELD_N(choice) : 0;
		if (choice == SKIP)
			continue;
		made |= tally.first[choice] >= c->quorum_fast ? HELD_FF(choice) : 0;
		made |= tally.final[choice] >= c->quorum_slow ? HELD_SF(choice) : 0;
	}
	now->held[epoch][view] |= (uint16_t)made;
}

/* Rule 1. */
static void node_enter(struct world *w, unsigned n, unsigned epoch)
{
	struct node *node = &w->nodes[n];
	for (unsigned view = node->view[epoch]; view + 1 < VIEWS && view <= w->top[epoch]; view++)
		if (node->now.held[epoch][view])
			node->view[epoch] = (uint8_t)(view + 1);
	if (node->view[epoch] > w->top[epoch])
		w->top[epoch] = node->view[epoch];
}

bool node_parent_valid(const struct world *w, unsigned n, unsigned epoch, unsigned view, unsigned parent)
{
	const struct journal *now = &w->nodes[n].now;
	const struct model_block *block = &w->blocks[parent];
	unsigned above, choice = block->choice;
	if (parent == now->final_block[epoch])
		above = now->final_view[epoch];
	else if (block->epoch == epoch && block->view > now->final_view[epoch] &&
	         now->held[epoch][block->view] & (HELD_N(choice) | HELD_FF(choice) | HELD_SF(choice)))
		above = block->view;
	else
		return false;
	for (unsigned between = above + 1; between < view; between++)
		if (!(now->held[epoch][between] & HELD_N(SKIP)))
			return false;
	return above < view;
}

/* "A member of e + 1 holds all bodies down from B before it votes", and of a block's ancestors anyhow. Closing blocks
 * are empty. */
static bool node_holds_bodies(const struct world *w, unsigned n, unsigned block)
{
	const struct journal *now = &w->nodes[n].now;
	unsigned tip = w->blocks[now->tip].height;
	for (; w->blocks[block].height > tip; block = w->blocks[block].parent)
		if (!now->body[block] && !w->blocks[block].closing)
			return false;
	return true;
}

/* Rule 4, on the block that the leader's first vote names. */
static void node_vote_first(struct world *w, unsigned n, unsigned epoch, unsigned view)
{
	struct node *node = &w->nodes[n];
	const struct plan *plan = &w->plans[node->now.plan[epoch]];
	struct own_votes own = node_own(w, n, epoch, view);
	unsigned named = node->heard[epoch][view][world_leader(plan, view)] & FIRSTS;
	if (!rule_first_vote(&own, view <= node->view[epoch]) || !named || named == FIRST_BIT(SKIP))
		return;
	unsigned block = w->block_at[epoch][view][__builtin_ctz(named)];
	if (w->blocks[block].plan != node->now.plan[epoch] || !rule_block_valid(w, block))
		node_cast(w, n, epoch, view, FIRST_BIT(SKIP));
	else if (node_parent_valid(w, n, epoch, view, w->blocks[block].parent) && node_holds_bodies(w, n, block))
		node_cast(w, n, epoch, view, named);
}

/* Rules 6 and 7. */
static void node_vote_more(struct world *w, unsigned n, unsigned epoch, unsigned view)
{
	const struct journal *now = &w->nodes[n].now;
	const struct committee *c = &w->plans[now->plan[epoch]].quorums;
	struct own_votes own = node_own(w, n, epoch, view);
	unsigned votes = now->own[epoch][view];
	struct tally tally;
	struct first_tally firsts = {0, 0};
	if (own.first == FIRST_NONE || own.final)
		return;
	node_count(w, n, epoch, view, &tally);
	for (unsigned choice = 0; choice < CHOICES; choice++) {
		firsts.total += tally.first[choice];
		if (choice != SKIP && tally.first[choice] > firsts.top)
			firsts.top = tally.first[choice];
	}
	if (firsts.total > c->weight)
		firsts.total = c->weight; /* EPOCH_UNSIGNED */
	for (unsigned choice = 0; choice < BLOCKS_A_VIEW; choice++) {
		bool first = votes & FIRST_BIT(choice);
		if (rule_final(&own, first, now->held[epoch][view] & HELD_N(choice), true)) {
			node_cast(w, n, epoch, view, FINAL_BIT(choice));
			return;
		}
	}
	for (unsigned choice = 0; choice < BLOCKS_A_VIEW; choice++)
		if (!(votes & EXTRA_BIT(choice)) &&
		    rule_notar2(c, &own, tally.first[choice], votes & FIRST_BIT(choice)))
			node_cast(w, n, epoch, view, EXTRA_BIT(choice));
	if (!(votes & EXTRA_BIT(SKIP)) && rule_skip2(c, &own, &firsts))
		node_cast(w, n, epoch, view, EXTRA_BIT(SKIP));
}

static void node_run_epoch(struct world *w, unsigned n, unsigned epoch)
{
	struct node *node = &w->nodes[n];
	uint64_t dirty = node->dirty[epoch];
	unsigned first = node->now.final_view[epoch] + 1u;
	node->dirty[epoch] = 0;
	for (unsigned view = first; view <= w->top[epoch]; view++)
		if (dirty >> view & 1)
			node_certify(w, n, epoch, view);
	node_enter(w, n, epoch);
	if (epoch != node_votes_in(w, n) || !node_may_vote(w, n, epoch))
		return;
	for (unsigned view = first; view <= node->view[epoch]; view++)
		node_vote_first(w, n, epoch, view);
	dirty |= node->dirty[epoch];
	for (unsigned view = first; view <= node->view[epoch]; view++)
		if (dirty >> view & 1)
			node_vote_more(w, n, epoch, view);
}

/* ---- the end of an epoch -------------------------------------------------------------------- */

static void node_leave(struct world *w, unsigned n)
{
	struct node *node = &w->nodes[n];
	unsigned last = node_last_epoch(w, n);
	if (last == EPOCHS || last >= node->now.epoch || !rule_may_leave(w, &node->now, last))
		return;
	node_sync(w, n);
	node->gone = true;
	node->running = false;
	node->gone_at = w->time;
	world_say(w, "validator %u erases its key", n);
}

/* "Epoch e + 1 begins in view view(B) + 1 with parent B", once B is final on the disk. */
static void node_begin(struct world *w, unsigned n, unsigned b, unsigned justifier)
{
	struct node *node = &w->nodes[n];
	struct journal *now = &node->now;
	unsigned ended = now->epoch, epoch = ended + 1;
	assert(epoch < EPOCHS);
	now->final_view[ended] = w->blocks[justifier].view;
	now->final_block[ended] = (uint8_t)justifier;
	now->ended_by[ended] = (uint8_t)justifier;
	now->epoch = (uint8_t)epoch;
	now->plan[epoch] = w->blocks[b].brings;
	now->final_view[epoch] = (uint8_t)rule_first_final_view(w, b, justifier);
	now->final_block[epoch] = (uint8_t)rule_first_parent(w, b, justifier);
	node->view[epoch] = (uint8_t)(now->final_view[epoch] + 1);
	/* "A restarted process passes the start gate anew in each epoch, by that committee's answers." */
	node->voting[epoch] = !node->restarted || (w->mistake == GATE_ONCE && node->voting[ended]);
	node->answered[epoch] = w->mistake == GATE_OF_OTHERS ? node->answered[ended] : 0;
	node->dirty[epoch] = 0;
	for (unsigned other = 0; other < ended; other++)
		if (!rule_serves_j(w, other, epoch))
			now->ended_by[other] = 0;
	if (!w->epoch_began[epoch])
		w->epoch_began[epoch] = w->time;
	if (node->view[epoch] > w->top[epoch])
		w->top[epoch] = node->view[epoch];
	world_say(w, "validator %u begins epoch %u on block %u by block %u", n, epoch, b, justifier);
	node_sync(w, n);
}

/* The highest block of the current epoch that a certificate makes final; 0: none above f. */
static unsigned node_decided(const struct world *w, unsigned n, bool *truly)
{
	const struct journal *now = &w->nodes[n].now;
	unsigned epoch = now->epoch;
	for (unsigned view = w->top[epoch]; view > now->final_view[epoch]; view--)
		for (unsigned choice = 0; choice < BLOCKS_A_VIEW; choice++) {
			unsigned block = w->block_at[epoch][view][choice], held = now->held[epoch][view];
			bool ends = block && (w->blocks[block].brings || w->blocks[block].closing);
			*truly = held & (HELD_FF(choice) | HELD_SF(choice));
			if (block && (*truly || (ends && held & rule_justifies(w, choice))))
				return block;
		}
	return 0;
}

/* B on a path: "at most one". A mistake that lets two be takes the last. */
static unsigned node_path_ends(const struct world *w, const uint8_t *path, unsigned count)
{
	unsigned b = 0;
	for (unsigned i = 0; i < count; i++)
		if (w->blocks[path[i]].brings && (w->mistake != TWO_ON_A_PATH || !b))
			b = path[i];
	return b;
}

/* Rule 8. `path`: from the certified block down to the one above the tip. */
static bool node_make_final(struct world *w, unsigned n, const uint8_t *path, unsigned count, bool truly)
{
	struct journal *now = &w->nodes[n].now;
	unsigned epoch = now->epoch, b = node_path_ends(w, path, count), made = 0;
	for (unsigned i = count; i-- > 0;) {
		unsigned block = path[i];
		if (!now->body[block] && !w->blocks[block].closing && !(w->mistake == BODIES_LATER && b))
			break;
		if (truly)
			world_final(w, n, b && block == b ? path[0] : block);
		made++;
		now->tip = (uint8_t)block;
		now->final_view[epoch] = w->blocks[block].view;
		now->final_block[epoch] = (uint8_t)block;
		if (block == b) {
			node_begin(w, n, b, path[0]);
			break;
		}
	}
	if (made)
		node_leave(w, n);
	return made;
}

static bool node_decide(struct world *w, unsigned n)
{
	const struct journal *now = &w->nodes[n].now;
	uint8_t path[BLOCKS];
	unsigned count = 0;
	bool truly;
	unsigned block = node_decided(w, n, &truly), at = block;
	if (!block)
		return false;
	for (; at != now->tip && w->blocks[at].height > w->blocks[now->tip].height; at = w->blocks[at].parent)
		path[count++] = (uint8_t)at;
	if (at != now->tip) {
		world_breaks(w, ENDED, "validator %u ends: block %u is certified, and not on its chain", n, block);
		return false;
	}
	return node_make_final(w, n, path, count, truly);
}

/* A leaver that still votes in the epoch before: "certificates of closing blocks" move its f there. */
static void node_decide_closing(struct world *w, unsigned n, unsigned epoch)
{
	struct journal *now = &w->nodes[n].now;
	for (unsigned view = now->final_view[epoch] + 1u; view <= w->top[epoch]; view++)
		for (unsigned choice = 0; choice < BLOCKS_A_VIEW; choice++) {
			unsigned block = w->block_at[epoch][view][choice];
			if (!(now->held[epoch][view] & (HELD_FF(choice) | HELD_SF(choice))))
				continue;
			node_second_chain(w, n, epoch, block);
			if (w->blocks[block].closing) {
				now->final_view[epoch] = (uint8_t)view;
				now->final_block[epoch] = (uint8_t)block;
			}
		}
}

void node_run(struct world *w, unsigned n)
{
	struct node *node = &w->nodes[n];
	if (!node->running || !world_lives(w, n))
		return;
	for (unsigned rounds = 0; rounds < 100 && w->verdict == HOLDS && node->running; rounds++) {
		unsigned epoch = node->now.epoch, votes_in = node_votes_in(w, n);
		node_run_epoch(w, n, epoch);
		if (votes_in < epoch) {
			node_run_epoch(w, n, votes_in);
			node_decide_closing(w, n, votes_in);
		}
		bool more = node_decide(w, n);
		if (!more && !node->dirty[epoch] && (votes_in >= epoch || !node->dirty[votes_in]))
			return;
	}
}
