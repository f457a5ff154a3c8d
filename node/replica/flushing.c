/* Handing the settled state to the store (docs/spec/storage.md §5). See replica_state.h. */
#include "replica_state.h"

/* storage §5: "validator i (from 0) flushes when that time passes a multiple of the length plus i / n of it." */
static uint64_t flush_period(const struct replica *r, uint64_t timestamp_ms)
{
	uint64_t length = r->config.flush_ms, place = r->config.self % r->committee->size;

	return (timestamp_ms + length - length * place / r->committee->size) / length;
}

bool flushing_behind(const struct replica *r)
{
	return r->flushing.under_way && ledger_unflushed(r->ledger) > UNFLUSHED_MAX;
}

int flushing_release(struct replica *r)
{
	struct action *action = step_action(&r->step, ACTION_FLUSH);

	assert(r->flushing.waiting);
	if (!action)
		return UNCIA_E_MEMORY;
	action->flush = r->flushing.waiting;
	r->flushing.waiting = NULL;
	return 0;
}

/* Hands the settled state over, in groups: never before the journal durably holds the finality it rests on (storage
 * §9). */
int flushing_begin(struct replica *r)
{
	uint64_t settled_ms = r->chain.settled->header.timestamp_ms;
	struct flush *flush;

	if (r->flushing.under_way || (ledger_unflushed(r->ledger) < FLUSH_TOUCHES &&
	                              flush_period(r, settled_ms) == flush_period(r, r->flushing.flushed_ms)))
		return 0;
	TRY(ledger_take_flush(r->ledger, &flush));
	assert(flush);
	r->flushing.flushed_ms = settled_ms;
	r->flushing.under_way = true;
	r->flushing.waiting = flush;
	return step_outbox_mark(&r->step, r->chain.final_sequence);
}

void flushing_end(struct replica *r, struct flush *flush)
{
	assert(r->flushing.under_way && !r->flushing.waiting);
	ledger_flushed(r->ledger, flush);
	r->flushing.under_way = false;
}
