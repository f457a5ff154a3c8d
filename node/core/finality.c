/* Deciding blocks, settling what lies under the newest final one, and handing the settled state to the disk
 * (consensus §6 rule 8, ledger §4, storage §9). */
#include "parts.h"

static int journal_put_final(struct replica *r, const struct header *header)
{
	uint8_t key[8], value[8 + HASH_SIZE];

	be64_put(key, header->height);
	be64_put(value, header->view);
	memcpy(value + 8, header->id.b, HASH_SIZE);
	return step_put(&r->step, JOURNAL_FINAL, &(struct bytes){key, sizeof(key)},
	                &(struct bytes){value, sizeof(value)});
}

/* consensus §6.8: "Own votes are pruned only by the commit that makes a block of their view or a later one final on
 * disk." */
static int journal_forget_votes(struct replica *r, uint64_t view)
{
	struct action *action = step_action(&r->step, ACTION_JOURNAL_FORGET);

	if (!action)
		return UNCIA_E_MEMORY;
	action->sequence = step_sequence(&r->step);
	action->view = view;
	return 0;
}

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
	TRY(block_journal(r, block));
	struct certificate *certificate = consensus_final(r->consensus, block->header.view, &block->header.id);
	if (!certificate) {
		TRY(step_note(&r->step, NOTE_ERROR, "event=final_block_of_another_view height=%llu view=%llu",
		              (unsigned long long)block->header.height, (unsigned long long)block->header.view));
		return UNCIA_E_DAMAGED;
	}
	chain_make_final(&r->chain, path, certificate);
	for (size_t i = 0; i < path->count; i++)
		TRY(journal_put_final(r, &path->blocks[i]->header));
	TRY(journal_forget_votes(r, block->header.view));
	r->chain.final_sequence = step_sequence(&r->step);
	for (size_t i = 0; i < path->count; i++) {
		TRY(serve_final(&r->serve, path->blocks[i], block));
		TRY(note_final(r, &path->blocks[i]->header));
	}
	while (chain_prune(&r->chain, &pruned))
		consensus_forget(r->consensus, &pruned);
	TRY(chain_settle(&r->chain));
	r->settle_at = block->header.payment_count ? empty_block_at(r, block, r->step.now_ms) : TIME_NEVER;
	r->last_final_ms = r->step.now_ms;
	r->chain.generation++;
	return serve_expire(&r->serve);
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
int finality_decide(struct replica *r, uint64_t view, const struct hash *id)
{
	struct header missing;

	if (view <= r->chain.tip->header.view)
		return 0;
	if (!r->decision.wanted || view >= r->decision.view) {
		r->decision = (struct decision){.wanted = true, .view = view, .id = *id};
	} else {
		struct chain_block *block = chain_find(&r->chain, id);
		int decided = block ? decide_if_held(r, view, block, &missing) : 0;
		TRY(decided);
	}
	return finality_retry(r);
}

int finality_retry(struct replica *r)
{
	struct header missing = {0};

	if (r->decision.wanted && r->decision.view <= r->chain.tip->header.view)
		r->decision.wanted = false;
	if (!r->decision.wanted)
		return 0;
	TRY(chain_want_named(&r->chain, &(struct header){.view = r->decision.view, .id = r->decision.id},
	                     r->step.now_ms, r->step.now_ms + BLOCK_FETCH_DELAY_MS));
	struct chain_block *block = chain_find(&r->chain, &r->decision.id);
	int decided = decide_if_held(r, r->decision.view, block, &missing);
	TRY(decided);
	if (decided) {
		r->decision.wanted = false;
		return 0;
	}
	TRY(chain_want_named(&r->chain,
	                     &(struct header){.view = r->decision.view, .height = missing.height, .id = missing.id},
	                     r->step.now_ms, r->step.now_ms + BLOCK_FETCH_DELAY_MS));
	/* Several blocks behind, the final chain is asked for by height. */
	if (block->header.size && block->header.height > r->chain.tip->header.height + 2 && !r->sync_active &&
	    r->sync_at == TIME_NEVER)
		r->sync_at = r->step.now_ms + FETCH_RETRY_MS;
	return 0;
}

/* storage §5: "validator i (from 0) flushes when that time passes a multiple of the length plus i / n of it." */
static uint64_t flush_period(const struct replica *r, uint64_t timestamp_ms)
{
	uint64_t length = r->config.flush_ms, place = r->config.self % r->committee->size;

	return (timestamp_ms + length - length * place / r->committee->size) / length;
}

bool finality_behind(const struct replica *r)
{
	return r->flushing && ledger_unflushed(r->ledger) > UNFLUSHED_MAX;
}

int finality_flush_release(struct replica *r)
{
	struct action *action = step_action(&r->step, ACTION_FLUSH);

	assert(r->flush_waiting);
	if (!action)
		return UNCIA_E_MEMORY;
	action->flush = r->flush_waiting;
	r->flush_waiting = NULL;
	return 0;
}

/* Hands the settled state over, in groups: never before the journal durably holds the finality it rests on (storage
 * §9). */
int finality_flush(struct replica *r)
{
	uint64_t settled_ms = r->chain.settled->header.timestamp_ms;
	struct flush *flush;

	if (r->flushing || (ledger_unflushed(r->ledger) < FLUSH_TOUCHES &&
	                    flush_period(r, settled_ms) == flush_period(r, r->flushed_ms)))
		return 0;
	TRY(ledger_take_flush(r->ledger, &flush));
	assert(flush);
	r->flushed_ms = settled_ms;
	r->flushing = true;
	r->flush_waiting = flush;
	return step_outbox_mark(&r->step, r->chain.final_sequence);
}
