/* How a validator ends and starts, with its own journal or an older one, and the gate that it passes before it votes.
 */
#include <string.h>
#include "epochs.h"

void start_crash(struct world *w, unsigned n)
{
	w->nodes[n].running = false;
	w->nodes[n].now = w->nodes[n].disk;
	memset(w->nodes[n].heard, 0, sizeof(w->nodes[n].heard));
}

/* "Keys of stored votes compare (epoch, view, …)": else a vote of the epoch before stands where one of this would. */
static void start_keys(struct world *w, struct node *node)
{
	unsigned epoch = node->now.epoch;
	if (w->mistake != KEYS_BY_VIEW || epoch == 0)
		return;
	for (unsigned view = 0; view < VIEWS; view++)
		if (!(node->now.own[epoch][view] & FIRSTS))
			node->now.own[epoch][view] |= node->now.own[epoch - 1][view];
}

void start_again(struct world *w, unsigned n)
{
	struct node *node = &w->nodes[n];
	start_keys(w, node);
	node->running = node->restarted = true;
	node->started_epoch = node->now.epoch;
	memcpy(node->started_final, node->now.final_view, sizeof(node->started_final));
	for (unsigned epoch = 0; epoch < EPOCHS; epoch++) {
		node->voting[epoch] = false;
		node->answered[epoch] = 0;
		node->dirty[epoch] = ~UINT64_C(0);
		node->view[epoch] = (uint8_t)(node->now.final_view[epoch] + 1);
		for (unsigned view = 0; view < VIEWS; view++) {
			unsigned own = node->now.own[epoch][view];
			if (view < VIEWS - 1 && node->now.held[epoch][view] && node->view[epoch] <= view)
				node->view[epoch] = (uint8_t)(view + 1);
			if (own && node->view[epoch] < view)
				node->view[epoch] = (uint8_t)view;
			node->heard[epoch][view][n] = (uint16_t)own; /* own votes count again */
		}
	}
	world_say(w, "validator %u starts in epoch %u", n, node->now.epoch);
	node_run(w, n);
}

/* Whether the journal of the start had this vote of its own, or its view was past in it. */
static bool start_held(const struct world *w, const struct node *node, const struct stamp *stamp)
{
	if (stamp->epoch <= node->started_epoch && stamp->view <= node->started_final[stamp->epoch])
		return true;
	if (w->mistake == NEWEST_BY_VIEW && stamp->view <= node->started_final[node->started_epoch])
		return true;
	return node->now.own[stamp->epoch][stamp->view] & stamp->bit;
}

static const struct stamp *start_newest(const struct world *w, const struct journal *of, unsigned epoch, unsigned key)
{
	const struct plan *plan = &w->plans[of->plan[epoch]];
	unsigned number = 0;
	if (w->mistake != NEWEST_PER_NUMBER)
		return &of->newest[key];
	while (number < plan->size && plan->order[number] != key)
		number++;
	return &of->newest[number];
}

static void start_lost(struct world *w, unsigned n, const struct stamp *stamp)
{
	struct node *node = &w->nodes[n];
	if (!rule_barred(w, &node->now, stamp->epoch))
		world_say(w, "validator %u has lost votes of epoch %u", n, stamp->epoch);
	node->now.barred_one[stamp->epoch] = true;
	if (node->now.barred <= stamp->epoch)
		node->now.barred = (uint8_t)(stamp->epoch + 1);
	node_sync(w, n);
}

void start_ask(struct world *w, unsigned n, unsigned peer)
{
	struct node *node = &w->nodes[n];
	unsigned epoch = node_votes_in(w, n);
	if (epoch == EPOCHS || node->voting[epoch] || !node->running || w->nodes[peer].now.epoch < epoch)
		return;
	const struct plan *plan = &w->plans[node->now.plan[epoch]];
	if (!(plan->members >> peer & 1) && w->mistake != GATE_OF_OTHERS)
		return;
	const struct stamp *stamp = start_newest(w, &w->nodes[peer].now, epoch, n);
	if (stamp->kind && stamp->key == n && !start_held(w, node, stamp)) {
		start_lost(w, n, stamp);
		/* "One that names a lost vote of an epoch before says that there is none in this." */
		if ((stamp->epoch >= epoch && w->mistake != LOST_BARS_ONE) || stamp->epoch == epoch ||
		    w->mistake == LOST_BARS_LATER)
			return;
	}
	node->answered[epoch] |= 1u << peer;
	if (w->mistake == GATE_OF_OTHERS && epoch > 0)
		plan = &w->plans[node->now.plan[epoch - 1]];
	if (world_weight(plan, node->answered[epoch] | 1u << n) >= plan->quorums.quorum_slow) {
		node->voting[epoch] = true;
		node->dirty[epoch] = ~UINT64_C(0);
		world_say(w, "validator %u may vote in epoch %u", n, epoch);
	}
}

/* ---- an older journal ----------------------------------------------------------------------- */

/* Whether votes that it has ever cast in this epoch would be missing, in views that are not past in that journal. */
static bool start_loses(const struct world *w, unsigned n, unsigned epoch)
{
	const struct journal *backup = &w->nodes[n].backup;
	for (unsigned view = 0; view < VIEWS; view++)
		if (w->cast[epoch][view][n] & ~backup->own[epoch][view] &&
		    (epoch > backup->epoch || view > backup->final_view[epoch]))
			return true;
	return false;
}

/* Whether others rest on what this one remembers of newest votes: somebody whose journal has lost votes, and has not
 * been told yet. */
static bool start_others_wait(const struct world *w, unsigned n)
{
	for (unsigned other = 0; other < w->key_count; other++)
		if (other != n && world_lives(w, other) && w->nodes[other].loses > w->nodes[other].disk.barred)
			return true;
	return false;
}

static bool start_stamp_is_lost(const struct node *node, const struct stamp *stamp)
{
	const struct journal *backup = &node->backup;
	if (!stamp->kind || (stamp->epoch <= backup->epoch && stamp->view <= backup->final_view[stamp->epoch]))
		return false;
	return !(backup->own[stamp->epoch][stamp->view] & stamp->bit);
}

/* The gate is a best effort: "peers may never have received the vote". A journal is restored only where whoever
 * answers, with a quorum in each epoch of which votes are lost, has somebody honest in it who keeps one of these
 * durably: what the gate promises, and no more. */
static bool start_noticed(const struct world *w, unsigned n, unsigned epoch)
{
	const struct node *node = &w->nodes[n];
	const struct plan *plan = &w->plans[node->disk.plan[epoch]];
	uint64_t known = 0;
	for (unsigned i = 0; i < plan->size; i++) {
		unsigned peer = plan->order[i];
		const struct stamp *stamp = &w->nodes[peer].disk.newest[n];
		if (w->mistake == NEWEST_PER_NUMBER || w->mistake == NEWEST_BY_VIEW) {
			/* what is kept is the mistake's affair: the peers have heard a vote that is lost */
			bool heard = false;
			for (unsigned view = 0; view < VIEWS; view++)
				heard =
				    heard || (w->nodes[peer].heard[epoch][view][n] & ~node->backup.own[epoch][view]);
			known += peer != n && world_lives(w, peer) && heard ? plan->weight[peer] : 0;
			continue;
		}
		if (peer != n && world_lives(w, peer) && stamp->epoch >= epoch && start_stamp_is_lost(node, stamp))
			known += plan->weight[peer];
	}
	return plan->quorums.weight - known < plan->quorums.quorum_slow;
}

/* A validator without these votes counts as faulty; and one that is put back where retired keys have a quorum's worth
 * of weight needs a checkpoint. */
static bool start_borne(const struct world *w, unsigned n)
{
	const struct node *node = &w->nodes[n];
	for (unsigned epoch = node->backup.epoch; epoch < node->disk.epoch; epoch++) {
		const struct plan *plan = &w->plans[node->disk.plan[epoch]];
		if (w->mistake != RETIRED_EARLY && world_weight(plan, world_liars(w)) > plan->quorums.faulty)
			return false;
	}
	return plans_bear(w, n);
}

void start_restored(struct world *w, unsigned n)
{
	struct node *node = &w->nodes[n];
	bool loses = false;
	unsigned last = 0;
	if (!node->has_backup || start_others_wait(w, n))
		return;
	for (unsigned epoch = 0; epoch <= node->disk.epoch; epoch++)
		if (start_loses(w, n, epoch)) {
			loses = true;
			last = epoch;
			if (!start_noticed(w, n, epoch))
				return;
		}
	if (!start_borne(w, n))
		return;
	world_say(w, "validator %u: an older journal is put back%s, of epoch %u, in epoch %u", n,
	          loses ? ", votes are lost" : "", node->backup.epoch, node->disk.epoch);
	if (loses && node->loses <= last)
		node->loses = (uint8_t)(last + 1);
	node->disk = node->backup;
	start_crash(w, n);
	start_again(w, n);
}
