/* See pool.h. */
#include "pool.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "uncia/error.h"

uint64_t pool_tip_seconds(const struct payments *p)
{
	return p->chain->tip->header.timestamp_ms / 1000;
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
	return job_item(job, payment->public_key, &payment->digest, payment->signature, key != SENDER_KEY_BOUND);
}

bool pool_too_far(const struct payments *p, const struct payment *payment)
{
	uint64_t now_s = (p->step->wall_ms > p->chain->tip->header.timestamp_ms ? p->step->wall_ms
	                                                                        : p->chain->tip->header.timestamp_ms) /
	                 1000;

	return payment->expires_at > now_s + PAYMENT_LIFETIME_MAX_S + 1;
}

void payments_job_release(struct payments *p, struct job *job)
{
	for (size_t i = 0; job->pooled && i < job->verify.count; i++)
		if (job->pooled[i] && job->pooled[i]->state == POOLED_GONE)
			mempool_remove(p->mempool, job->pooled[i]);
}
