/* Deciding: a block that a certificate makes final, and all its ancestors (docs/spec/consensus.md §6 rule 8). See
 * replica_state.h. */
#include "replica_state.h"

#define WALK_BYTES 32768u /* of what a step takes, for each block of a decided path that it may pass */

static int note_final(struct replica *r, const struct header *header)
{
	struct action *action = step_action(&r->step, ACTION_FINAL);

	if (!action)
		return UNCIA_E_MEMORY;
	action->height = header->height;
	action->view = header->view;
	action->count = header->payment_count;
	return step_copy(&r->step, header->id.b, HASH_SIZE, &action->message);
}

/* Executes and journals the block, whose ancestors are. */
static int prepare_final(struct replica *r, struct chain_block *block)
{
	int executed = chain_execute(&r->chain, block);

	TRY(executed);
	if (!executed) {
		TRY(step_note(&r->step, NOTE_ERROR, "event=final_block_invalid height=%llu view=%llu",
		              (unsigned long long)block->header.height, (unsigned long long)block->header.view));
		return REPLICA_E_FAULTY;
	}
	return journaling_bodies(r, block);
}

/* The certificate of the block itself, where it is held; else that of a descendant makes it final (*certificate: NULL).
 */
static int take_finality(struct replica *r, const struct header *header, const struct decided *decided,
                         struct certificate **certificate)
{
	*certificate = consensus_final(r->consensus, header->view, &header->id);
	if (*certificate ||
	    consensus_final_below(r->consensus, header->view, &header->id, decided->by_view, &decided->by_id))
		return 0;
	TRY(step_note(&r->step, NOTE_ERROR, "event=final_block_of_another_view height=%llu view=%llu",
	              (unsigned long long)header->height, (unsigned long long)header->view));
	return REPLICA_E_FAULTY;
}

/* How long the block, and one payment of it, took to become final: before its payments leave the pool. Another one of
 * the same id is not asked for: it came at another time. */
static void count_final(struct replica *r, const struct chain_block *block, bool fetched)
{
	struct replica_counters *counters = &r->counters;

	counters->final_blocks++;
	counters->final_payments += block->header.payment_count;
	counters->fetched_blocks += fetched;
	if (fetched)
		return;
	histogram_add(&counters->finality, (r->step.now_ms - block->added_ms) * 1000);
	const struct pooled *first =
	    block->header.payment_count ? mempool_find(r->mempool, &block->payments[0]->whole) : NULL;
	if (first)
		histogram_add(&counters->payment, (r->step.now_ms - first->added_ms) * 1000);
}

/* All that becomes final with `last`, whose way up from the tip is known, executed and journaled. */
static int make_final(struct replica *r, struct chain_block *last, const struct decided *decided)
{
	struct chain_block *before = r->chain.tip;
	struct certificate *certificate;
	struct hash pruned;

	TRY(take_finality(r, &last->header, decided, &certificate));
	chain_make_final(&r->chain, last, certificate);
	for (struct chain_block *b = before; b != last; b = b->above)
		TRY(journaling_final(r, &b->above->header));
	TRY(journaling_forget_votes(r, last->header.view));
	r->chain.final_sequence = step_sequence(&r->step);
	for (struct chain_block *b = before; b != last; b = b->above) {
		count_final(r, b->above, decided->paged);
		TRY(serve_final(&r->serve, b->above, last));
		TRY(note_final(r, &b->above->header));
	}
	while (chain_prune(&r->chain, &pruned))
		consensus_forget(r->consensus, &pruned);
	TRY(chain_settle(&r->chain));
	proposer_final(r, last);
	sync_final(&r->sync);
	r->chain.generation++;
	serve_expire(&r->serve);
	return 0;
}

/* The decided block does not grow on the final tip, or is of another view: what makes it final proves a second chain.
 */
static int decide_fork(struct replica *r, const struct decided *decided)
{
	const struct certificate *held = consensus_held(r->consensus, decided->by_view, CERT_FF, &decided->by_id);

	if (!held)
		held = consensus_held(r->consensus, decided->by_view, CERT_SF, &decided->by_id);
	r->chain.decision.wanted = false;
	return second_chain_found(r, PEER_NONE, held);
}

/* The way up to the decided block is known: as much of it becomes final as this step has room for. Returns 1 where that
 * is all. */
static int decide_part(struct replica *r, struct chain_block *block, const struct decided *decided)
{
	struct chain_block *last = r->chain.tip;

	/* No honest validator votes for a block with a view that is not the block's. Were it the tip, nothing would
	 * become final by this decision, and it would be tried again without end. */
	if (block->header.view != decided->view)
		return decide_fork(r, decided);
	while (last != block) {
		struct chain_block *next = last->above;
		if (!next || next->header.height > block->header.height)
			return decide_fork(r, decided);
		if (!journaling_room(r, next))
			break;
		journaling_take(r, next);
		TRY(prepare_final(r, next));
		last = next;
	}
	if (last != r->chain.tip)
		TRY(make_final(r, last, decided));
	return last == block;
}

/* The next one to decide is the lowest that is not final yet. */
static void decision_next(struct replica *r)
{
	struct chain *c = &r->chain;

	while (c->decision.wanted && c->decision.view <= c->tip->header.view) {
		bool page = c->page_decision.wanted &&
		            !(c->highest_decision.wanted && c->highest_decision.view < c->page_decision.view);
		struct decided *next = page ? &c->page_decision : &c->highest_decision;
		c->decision = *next;
		next->wanted = false;
		c->walked = NULL;
	}
}

static void decision_add(struct replica *r, const struct decided *decided)
{
	struct chain *c = &r->chain;
	struct decided other = *decided;

	assert(decided->wanted);
	if (c->decision.wanted && c->decision.view == decided->view) {
		c->decision.paged |= decided->paged; /* the next page is asked for once it is final */
		return;
	}
	if (!c->decision.wanted || decided->view < c->decision.view) {
		other = c->decision;
		c->decision = *decided;
		c->walked = NULL;
	}
	if (other.wanted && other.paged)
		c->page_decision = other;
	else if (other.wanted && (!c->highest_decision.wanted || other.view > c->highest_decision.view))
		c->highest_decision = other;
}

/* Of a decided block its height tells how far behind this validator is. */
static int decision_name(struct replica *r, const struct decided *decided, struct chain_block **block)
{
	struct chain *c = &r->chain;
	const struct header named = {.view = decided->view, .id = decided->id};

	TRY(chain_want_named(c, &named, r->step.now_ms, r->step.now_ms + SYNC_FETCH_DELAY_MS));
	*block = chain_find(c, &decided->id);
	if ((*block)->header.size && (*block)->header.height > c->decided_height)
		c->decided_height = (*block)->header.height;
	return 0;
}

/* consensus §6 rule 8: "Decide h and all its ancestors on FF or SF, whatever the current view." Where bodies are
 * missing, they are fetched and it is tried again: the lowest such block first, and of those above it the highest. */
int decide(struct replica *r, const struct decided *decided)
{
	assert(consensus_final_view(r->consensus) == r->chain.tip->header.view);
	if (decided->view <= r->chain.tip->header.view)
		return 0;
	decision_add(r, decided);
	return decide_retry(r);
}

static int decide_once(struct replica *r, bool *done)
{
	struct chain *c = &r->chain;
	struct header missing = {0};
	struct chain_block *block;

	if (c->highest_decision.wanted)
		TRY(decision_name(r, &c->highest_decision, &block));
	TRY(decision_name(r, &c->decision, &block));
	int found = chain_decided_walk(c, block, 1 + r->config.step_bytes / WALK_BYTES, &missing);
	if (found == UNCIA_E_PROOF)
		return decide_fork(r, &c->decision);
	TRY(found);
	if (found == 1) {
		const struct decided decision = c->decision;
		int all = decide_part(r, block, &decision);
		TRY(all);
		*done = all;
		r->more |= !all;
		return 0;
	}
	if (found == CHAIN_MORE) {
		r->more = true;
		return 0;
	}
	const struct header wanted = {.view = c->decision.view, .height = missing.height, .id = missing.id};
	TRY(chain_want_named(c, &wanted, r->step.now_ms, r->step.now_ms + SYNC_FETCH_DELAY_MS));
	/* Several blocks behind, the final chain is asked for by height. */
	if (c->decided_height > c->tip->header.height + 2)
		sync_behind(&r->sync);
	return 0;
}

int decide_retry(struct replica *r)
{
	bool done = true;

	while (done) {
		decision_next(r);
		if (!r->chain.decision.wanted)
			return 0;
		done = false;
		TRY(decide_once(r, &done));
	}
	return 0;
}

uint64_t decide_wake(const struct replica *r)
{
	return r->more ? r->step.now_ms : TIME_NEVER;
}
