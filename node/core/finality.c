/* Deciding blocks, settling what lies under the newest final one, and handing the settled state to the disk
 * (consensus §6 rule 8, ledger §4, storage §9). */
#include "parts.h"

static void settle_touched(void *context, const struct address *address)
{
	struct replica *r = context;

	mempool_unpark(r->mempool, address);
	r->generation++;
}

/* Moves the settled block up to the tip's parent, one block at a time. */
static int settle_below_tip(struct replica *r)
{
	while (r->settled != r->tip->parent && r->settled != r->tip) {
		struct node_block *next = r->tip;
		while (next->parent != r->settled)
			next = next->parent;
		/* Where nothing is parked, nobody asks whom the block touched: that takes decoding all it changed. */
		TRY(ledger_settle(r->ledger, next->executed, mempool_parked(r->mempool) ? settle_touched : NULL, r));
		struct node_block *old = r->settled;
		r->settled = next;
		executed_release(r->ledger, next->executed);
		next->executed = NULL;
		block_drop(r, old);
	}
	return 0;
}

#define PATH_FORK SIZE_MAX

/* The blocks from above the tip up to `block`, oldest first. Returns their number; 0 where one is missing (*missing);
 * PATH_FORK where it does not grow from the tip: more than F validators are faulty. */
static size_t decided_path(struct replica *r, struct node_block *block, struct node_block **path, size_t room,
                           struct header *missing)
{
	size_t count = 0;

	for (struct node_block *b = block; b != r->tip;) {
		if (b->header.size && b->header.height <= r->tip->header.height)
			return PATH_FORK;
		if (!b->complete || count == room) {
			*missing = b->header;
			return 0;
		}
		path[count++] = b;
		struct node_block *parent = block_find(r, &b->header.parent_id);
		if (!parent) {
			*missing = (struct header){.id = b->header.parent_id, .height = b->header.height - 1};
			return 0;
		}
		b->parent = parent;
		b = parent;
	}
	for (size_t i = 0; i < count / 2; i++) {
		struct node_block *other = path[i];
		path[i] = path[count - 1 - i];
		path[count - 1 - i] = other;
	}
	return count;
}

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

/* Takes the finality certificate of the new tip out of its view, which is about to be forgotten. */
static void keep_final_certificate(struct replica *r, uint64_t number, const struct hash *id)
{
	struct view *view = view_find(r, number);
	struct held_certificate **at = view ? &view->certificates : NULL;

	for (; at && *at; at = &(*at)->next) {
		struct held_certificate *held = *at;
		if (!certificate_is_final(held->certificate->kind) || !hash_equal(&held->certificate->block_id, id))
			continue;
		free(r->final_certificate);
		r->final_certificate = held->certificate;
		*at = held->next;
		free(held);
		return;
	}
	assert(!"a decided block has its certificate");
}

static int decide_path(struct replica *r, struct node_block *block, struct node_block **path, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int executed = block_execute(r, path[i]);
		TRY(executed);
		if (!executed) {
			TRY(step_note(&r->step, NOTE_ERROR, "event=final_block_invalid height=%llu view=%llu",
			              (unsigned long long)path[i]->header.height,
			              (unsigned long long)path[i]->header.view));
			return UNCIA_E_DAMAGED;
		}
	}
	TRY(block_journal(r, block));
	for (size_t i = 0; i < count; i++) {
		path[i]->final = true;
		if (path[i]->header.payment_count && path[i]->header.height > r->payments_height)
			r->payments_height = path[i]->header.height;
		TRY(journal_put_final(r, &path[i]->header));
	}
	keep_final_certificate(r, block->header.view, &block->header.id);
	r->tip = block;
	TRY(journal_forget_votes(r, block->header.view));
	r->final_sequence = step_sequence(&r->step);
	for (size_t i = 0; i < count; i++) {
		TRY(payments_final(r, path[i], block));
		TRY(note_final(r, &path[i]->header));
	}
	views_settle(r, block->header.view);
	blocks_prune(r);
	TRY(settle_below_tip(r));
	r->settle_at = block->header.payment_count ? empty_block_at(r, block, r->step.now_ms) : TIME_NEVER;
	r->skips = 0;
	r->last_final_ms = r->step.now_ms;
	r->generation++;
	r->recheck = true;
	return payments_expire(r);
}

/* Decides the block and its ancestors where all bodies are held. Returns 1 when that is done, 0 where `missing` is not
 * there yet. */
static int decide_if_held(struct replica *r, uint64_t view, struct node_block *block, struct header *missing)
{
	size_t room = HASH_COUNT(r->blocks);
	struct node_block **path = malloc(room * sizeof(struct node_block *));

	if (!path)
		return UNCIA_E_MEMORY;
	size_t count = decided_path(r, block, path, room, missing);
	int error = 0;
	if (count == PATH_FORK) {
		error = step_note(&r->step, NOTE_ERROR, "event=fork view=%llu", (unsigned long long)view);
		error = error ? error : UNCIA_E_DAMAGED;
	} else if (count) {
		error = decide_path(r, block, path, count);
	}
	free(path);
	return error ? error : count > 0;
}

/* consensus §6 rule 8: "Decide h and all its ancestors on FF or SF, whatever the current view." Where bodies are
 * missing, they are fetched and it is tried again, for the highest such block; the bodies of a lower one may be there
 * all the same, as they are at the end of each page of the chain. The certificate is held in its view. */
int finality_decide(struct replica *r, uint64_t view, const struct hash *id)
{
	struct header missing;

	if (view <= r->tip->header.view)
		return 0;
	if (!r->decision.wanted || view >= r->decision.view) {
		r->decision = (struct decision){.wanted = true, .view = view, .id = *id};
	} else {
		struct node_block *block = block_find(r, id);
		int decided = block ? decide_if_held(r, view, block, &missing) : 0;
		TRY(decided);
	}
	return finality_retry(r);
}

int finality_retry(struct replica *r)
{
	struct header missing = {0};

	if (r->decision.wanted && r->decision.view <= r->tip->header.view)
		r->decision.wanted = false;
	if (!r->decision.wanted)
		return 0;
	TRY(block_want_id(r, r->decision.view, 0, &r->decision.id, r->step.now_ms + BLOCK_FETCH_DELAY_MS));
	struct node_block *block = block_find(r, &r->decision.id);
	int decided = decide_if_held(r, r->decision.view, block, &missing);
	TRY(decided);
	if (decided) {
		r->decision.wanted = false;
		return 0;
	}
	TRY(block_want_id(r, r->decision.view, missing.height, &missing.id, r->step.now_ms + BLOCK_FETCH_DELAY_MS));
	/* Several blocks behind, the final chain is asked for by height. */
	if (block->header.size && block->header.height > r->tip->header.height + 2 && !r->sync_active &&
	    r->sync_at == TIME_NEVER)
		r->sync_at = r->step.now_ms + FETCH_RETRY_MS;
	return 0;
}

/* At the start: a block that the journal holds as final already. */
int finality_adopt(struct replica *r, struct node_block *block)
{
	int executed = block_execute(r, block);

	TRY(executed);
	if (!executed)
		return UNCIA_E_DAMAGED;
	block->final = true;
	r->tip = block;
	return settle_below_tip(r);
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
	uint64_t settled_ms = r->settled->header.timestamp_ms;
	struct flush *flush;

	if (r->flushing || (ledger_unflushed(r->ledger) < FLUSH_TOUCHES &&
	                    flush_period(r, settled_ms) == flush_period(r, r->flushed_ms)))
		return 0;
	TRY(ledger_take_flush(r->ledger, &flush));
	assert(flush);
	r->flushed_ms = settled_ms;
	r->flushing = true;
	r->flush_waiting = flush;
	return step_outbox_mark(&r->step, r->final_sequence);
}
