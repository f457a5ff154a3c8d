/* See pool.h. */
#include "pool.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

/* Enough to keep threads busy between two turns of the loop; what comes next waits for so many, and for its turn. */
#define SUBMITTED_CHECKS_MAX 256u

/* The pool's places for what is being checked, divided: no flood of one kind takes those of the other. */
uint32_t pool_submitted_max(const struct payments *p)
{
	uint32_t half = mempool_verifying_max(p->mempool) / 2;

	return half > SUBMITTED_CHECKS_MAX ? SUBMITTED_CHECKS_MAX : half ? half : 1;
}

uint32_t pool_gossip_max(const struct payments *p)
{
	return mempool_verifying_max(p->mempool) - pool_submitted_max(p);
}

uint64_t pool_tip_seconds(const struct payments *p)
{
	return p->chain->tip->header.timestamp_ms / 1000;
}

/* Whether a block on the tip could take the give-back, whatever its time: it is later than the tip's. Returns 0,
 * UNCIA_E_END, UNCIA_E_FUNDS, or an error of this machine. */
static int give_back_fits(struct payments *p, const struct payment *payment)
{
	uint64_t time_ms = p->chain->tip->header.timestamp_ms + 1;
	int error = ledger_check(p->ledger, p->chain->tip->executed, time_ms, payment);

	return error == UNCIA_E_EXPIRED || error == UNCIA_E_TOO_FAR || error == UNCIA_E_EXISTS ? UNCIA_E_END : error;
}

int pool_add(struct payments *p, struct payment *payment, struct job *job, struct pooled **pooled)
{
	enum sender_key key;
	bool covered;
	int error = ledger_payment_key(p->ledger, p->chain->tip->executed, payment, &key, &covered);

	/* Under a stranger's key it would take up a place that is the sender's. Keys that were never paid to cost
	 * nothing, and each would have places of its own. */
	if (!error && key == SENDER_KEY_OTHER)
		error = UNCIA_E_SIGNATURE;
	if (!error && key == SENDER_KEY_UNFUNDED)
		error = UNCIA_E_FUNDS;
	if (!error && key == SENDER_KEY_LATE)
		error = UNCIA_E_END;
	/* A hold only ever loses, and its end stays: what it does not let through now can never happen. */
	if (!error && payment->kind == PAYMENT_TAKE && !covered)
		error = UNCIA_E_FUNDS;
	/* Nobody answers for a give-back: only one that a block could take now is worth a place. */
	if (!error && key == SENDER_KEY_NONE)
		error = give_back_fits(p, payment);
	if (!error)
		error = mempool_add(p->mempool, payment, p->step->now_ms, pooled);
	if (error) {
		payment_free(payment);
		return error;
	}
	if (!job->pooled)
		job->pooled = malloc(job->capacity * sizeof(struct pooled *));
	if (!job->pooled)
		return UNCIA_E_MEMORY;
	(*pooled)->covered = covered;
	assert(job->verify.count < job->capacity); /* made for as many as its message has */
	job->pooled[job->verify.count] = *pooled;
	return job_payment(job, payment, key != SENDER_KEY_BOUND);
}

bool pool_too_far(const struct payments *p, uint32_t expires_at)
{
	uint64_t now_s = (p->step->wall_ms > p->chain->tip->header.timestamp_ms ? p->step->wall_ms
	                                                                        : p->chain->tip->header.timestamp_ms) /
	                 1000;

	return expires_at > now_s + PAYMENT_LIFETIME_MAX_S + 1;
}

void payments_job_release(struct payments *p, struct job *job)
{
	for (size_t i = 0; job->pooled && i < job->verify.count; i++)
		if (job->pooled[i] && job->pooled[i]->state == POOLED_GONE)
			mempool_remove(p->mempool, job->pooled[i]);
}
