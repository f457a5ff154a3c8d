/* What waits for the disk: sends, answers, own votes and flushes, each held until every journal record it rests on is
 * durable (consensus §6, "Durable before sent"). In order, so one list serves. */
#include "parts.h"

/* Of one step. A disk that stood still for a while releases everything at once, and more than a step may hold. */
#define CARRY_OUT_MAX ((size_t)32 << 20)
/* With their keeping. Small questions have answers that rest on the last block: while the disk stands still, strangers
 * could fill the memory with them. */
#define ANSWERS_MAX ((size_t)256 << 20)

static struct deferred *deferred_new(struct replica *r, uint64_t sequence, enum deferred_kind kind, size_t size)
{
	struct deferred *d = malloc(sizeof(*d) + size);

	if (!d)
		return NULL;
	/* In order: nothing overtakes what was deferred before it. */
	*d = (struct deferred){.kind = kind, .sequence = sequence, .size = size};
	*r->deferred_last = d;
	r->deferred_last = &d->next;
	return d;
}

int defer_send(struct replica *r, uint64_t sequence, uint32_t peer, const void *message, size_t size)
{
	if (sequence <= r->durable)
		return action_send(r, peer, message, size);
	struct deferred *d = deferred_new(r, sequence, DEFERRED_SEND, size);
	if (!d)
		return UNCIA_E_MEMORY;
	d->peer = peer;
	memcpy(d->bytes, message, size);
	return 0;
}

int defer_answer(struct replica *r, uint64_t sequence, uint64_t wallet, const void *message, size_t size)
{
	if (sequence <= r->durable)
		return action_answer(r, wallet, message, size);
	/* He may ask elsewhere, or again. */
	if (r->answers_waiting + sizeof(struct deferred) + size > ANSWERS_MAX) {
		struct action *action = action_add(r, ACTION_DROP_WALLET);
		if (!action)
			return UNCIA_E_MEMORY;
		action->wallet = wallet;
		r->dropped_messages++;
		return 0;
	}
	struct deferred *d = deferred_new(r, sequence, DEFERRED_ANSWER, size);
	if (!d)
		return UNCIA_E_MEMORY;
	d->wallet = wallet;
	r->answers_waiting += sizeof(*d) + size;
	memcpy(d->bytes, message, size);
	return 0;
}

/* An own vote counts here only once it is durable, like everybody else's. Never carried out at once: the vote was
 * journaled in this very step. */
int defer_own_vote(struct replica *r, uint64_t sequence, const struct vote *vote)
{
	struct deferred *d = deferred_new(r, sequence, DEFERRED_OWN_VOTE, 0);

	if (!d)
		return UNCIA_E_MEMORY;
	d->vote = *vote;
	return 0;
}

int defer_flush(struct replica *r, uint64_t sequence, struct flush *flush)
{
	struct deferred *d = deferred_new(r, sequence, DEFERRED_FLUSH, 0);

	if (!d) {
		flush_free(flush);
		return UNCIA_E_MEMORY;
	}
	d->flush = flush;
	return 0;
}

static int deferred_carry_out(struct replica *r, struct deferred *d)
{
	struct action *action;

	switch (d->kind) {
	case DEFERRED_SEND:
		return action_send(r, d->peer, d->bytes, d->size);
	case DEFERRED_ANSWER:
		r->answers_waiting -= sizeof(*d) + d->size;
		return action_answer(r, d->wallet, d->bytes, d->size);
	case DEFERRED_OWN_VOTE:
		return vote_accept(r, &d->vote);
	case DEFERRED_FLUSH:
		action = action_add(r, ACTION_FLUSH);
		if (!action)
			return UNCIA_E_MEMORY;
		action->flush = d->flush;
		d->flush = NULL;
		return 0;
	}
	return 0;
}

static bool deferred_due(const struct replica *r)
{
	return r->deferred_first && r->deferred_first->sequence <= r->durable;
}

int deferred_run(struct replica *r)
{
	while (deferred_due(r) && r->carried_out < CARRY_OUT_MAX) {
		struct deferred *d = r->deferred_first;
		r->carried_out += d->size;
		r->deferred_first = d->next;
		if (!r->deferred_first)
			r->deferred_last = &r->deferred_first;
		int error = deferred_carry_out(r, d);
		flush_free(d->flush);
		free(d);
		TRY(error);
	}
	return 0;
}

/* What a step has left over is carried out by the next. */
uint64_t deferred_wake(const struct replica *r)
{
	return deferred_due(r) ? r->now_ms : TIME_NEVER;
}

void deferred_free(struct replica *r)
{
	while (r->deferred_first) {
		struct deferred *d = r->deferred_first;
		r->deferred_first = d->next;
		flush_free(d->flush);
		free(d);
	}
}
