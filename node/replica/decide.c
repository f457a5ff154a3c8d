/* Deciding: a block that a certificate makes final, and all its ancestors (docs/spec/consensus.md §6 rule 8). See
 * replica_state.h. */
#include "replica_state.h"

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

static int execute_path(struct replica *r, const struct chain_path *path)
{
	for (size_t i = 0; i < path->count; i++) {
		const struct header *header = &path->blocks[i]->header;
		int executed = chain_execute(&r->chain, path->blocks[i]);
		TRY(executed);
		if (!executed) {
			TRY(step_note(&r->step, NOTE_ERROR, "event=final_block_invalid height=%llu view=%llu",
			              (unsigned long long)header->height, (unsigned long long)header->view));
			return UNCIA_E_DAMAGED;
		}
	}
	return 0;
}

static int decide_path(struct replica *r, const struct chain_path *path)
{
	struct chain_block *block = path->blocks[path->count - 1];
	struct hash pruned;

	TRY(execute_path(r, path));
	TRY(journaling_bodies(r, block));
	struct certificate *certificate = consensus_final(r->consensus, block->header.view, &block->header.id);
	if (!certificate) {
		TRY(step_note(&r->step, NOTE_ERROR, "event=final_block_of_another_view height=%llu view=%llu",
		              (unsigned long long)block->header.height, (unsigned long long)block->header.view));
		return UNCIA_E_DAMAGED;
	}
	chain_make_final(&r->chain, path, certificate);
	for (size_t i = 0; i < path->count; i++)
		TRY(journaling_final(r, &path->blocks[i]->header));
	TRY(journaling_forget_votes(r, block->header.view));
	r->chain.final_sequence = step_sequence(&r->step);
	for (size_t i = 0; i < path->count; i++) {
		TRY(serve_final(&r->serve, path->blocks[i], block));
		TRY(note_final(r, &path->blocks[i]->header));
	}
	while (chain_prune(&r->chain, &pruned))
		consensus_forget(r->consensus, &pruned);
	TRY(chain_settle(&r->chain));
	proposer_final(r, block);
	sync_final(&r->sync);
	r->chain.generation++;
	serve_expire(&r->serve);
	return 0;
}

/* Decides the block and its ancestors where all bodies are held. Returns 1 when that is done, 0 where `missing` is not
 * there yet. */
static int decide_if_held(struct replica *r, uint64_t view, struct chain_block *block, struct header *missing)
{
	struct chain_path path;
	int found = chain_decided_path(&r->chain, block, &path, missing);

	if (found == UNCIA_E_PROOF) {
		TRY(step_note(&r->step, NOTE_ERROR, "event=fork view=%llu", (unsigned long long)view));
		return UNCIA_E_DAMAGED;
	}
	if (found <= 0)
		return found;
	int error = decide_path(r, &path);
	free(path.blocks);
	return error ? error : 1;
}

/* consensus §6 rule 8: "Decide h and all its ancestors on FF or SF, whatever the current view." Where bodies are
 * missing, they are fetched and it is tried again, for the highest such block; the bodies of a lower one may be there
 * all the same, as they are at the end of each page of the chain. The certificate is held in its view. */
int decide(struct replica *r, uint64_t view, const struct hash *id)
{
	struct header missing;

	assert(consensus_final_view(r->consensus) == r->chain.tip->header.view);
	if (view <= r->chain.tip->header.view)
		return 0;
	if (!r->chain.decision.wanted || view >= r->chain.decision.view) {
		r->chain.decision.wanted = true;
		r->chain.decision.view = view;
		r->chain.decision.id = *id;
	} else {
		struct chain_block *block = chain_find(&r->chain, id);
		int decided = block ? decide_if_held(r, view, block, &missing) : 0;
		TRY(decided);
	}
	return decide_retry(r);
}

int decide_retry(struct replica *r)
{
	struct header missing = {0};

	if (r->chain.decision.wanted && r->chain.decision.view <= r->chain.tip->header.view)
		r->chain.decision.wanted = false;
	if (!r->chain.decision.wanted)
		return 0;
	TRY(chain_want_named(&r->chain, &(struct header){.view = r->chain.decision.view, .id = r->chain.decision.id},
	                     r->step.now_ms, r->step.now_ms + SYNC_FETCH_DELAY_MS));
	struct chain_block *block = chain_find(&r->chain, &r->chain.decision.id);
	int decided = decide_if_held(r, r->chain.decision.view, block, &missing);
	TRY(decided);
	if (decided) {
		r->chain.decision.wanted = false;
		return 0;
	}
	TRY(chain_want_named(
	    &r->chain, &(struct header){.view = r->chain.decision.view, .height = missing.height, .id = missing.id},
	    r->step.now_ms, r->step.now_ms + SYNC_FETCH_DELAY_MS));
	/* Several blocks behind, the final chain is asked for by height. */
	if (block->header.size && block->header.height > r->chain.tip->header.height + 2)
		sync_behind(&r->sync);
	return 0;
}
