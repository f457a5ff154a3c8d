/* What becomes of payments whose signatures have been checked. See payments.h. */
#include "payments.h"
#include <assert.h>
#include <stdlib.h>
#include "submit.h"
#include "turns.h"
#include "try.h"
#include "uncia/error.h"
#include "waiters.h"

#define PAYMENT_SLAB_ITEM 640u /* holds one to one or two accounts, with a memo */
#define PAYMENT_SLAB_MAX  4096u

void payments_init(struct payments *p)
{
	assert(p->step && p->chain && p->ledger && p->mempool && p->serve);
	slab_init(&p->memory, PAYMENT_SLAB_ITEM, PAYMENT_SLAB_MAX);
}

static void checks_done(struct payments *p, const struct job *job)
{
	uint32_t count = (uint32_t)job->verify.count;

	if (job->peer == PEER_WALLET) {
		assert(p->checking_submitted >= count);
		p->checking_submitted -= count;
		if (job->verify.suspect)
			p->checking_suspects -= count;
	} else {
		assert(p->checking_gossip >= count && p->checking_of[job->peer] >= count);
		p->checking_gossip -= count;
		p->checking_of[job->peer] -= count;
	}
}

void payments_deinit(struct payments *p)
{
	turns_deinit(p);
	for (size_t i = 0; i < p->relay_count; i++)
		payment_free(p->relay[i]);
	free(p->relay);
	p->relay = NULL;
	p->relay_count = p->relay_capacity = 0;
}

void payments_memory_deinit(struct payments *p)
{
	slab_deinit(&p->memory);
}

/* Its signature holds. */
static int payment_verified(struct payments *p, struct pooled *pooled, bool wanted)
{
	int error = mempool_verified(p->mempool, pooled);

	if (error == UNCIA_E_MEMORY)
		return error;
	TRY(payments_evicted(p));
	if (error)
		return payment_rejected(p, pooled, error);
	p->chain->generation++;
	if (wanted)
		TRY(chain_offer(p->chain, pooled->payment, p->step->now_ms));
	return pooled->relay ? submitted_verified(p, pooled) : 0;
}

/* Of each payment of the job, its verdict; what did not hold goes to `otherwise`. */
static int take_verdicts(struct payments *p, struct job *job,
                         int (*otherwise)(struct payments *p, struct pooled *pooled, const struct verify_item *item))
{
	bool wanted = chain_assembles(p->chain);

	checks_done(p, job);
	for (size_t i = 0; i < job->verify.count; i++) {
		struct pooled *pooled = job->pooled[i];
		if (job->peer == PEER_WALLET && pooled->wallet && !job->verify.items[i].unsigned_)
			origin_learn(p->origins, job->origin, job->verify.items[i].valid, p->step->now_ms);
		job->pooled[i] = NULL;
		if (pooled->state == POOLED_GONE)
			mempool_remove(p->mempool, pooled);
		else if (job->verify.items[i].valid)
			TRY(payment_verified(p, pooled, wanted));
		else
			TRY(otherwise(p, pooled, &job->verify.items[i]));
	}
	return 0;
}

static int wrong_signature(struct payments *p, struct pooled *pooled, const struct verify_item *item)
{
	(void)item;
	return payment_rejected(p, pooled, UNCIA_E_SIGNATURE);
}

int payments_verified(struct payments *p, struct job *job)
{
	assert(job->kind == JOB_PAYMENTS && (job->pooled || !job->verify.count));
	return take_verdicts(p, job, wrong_signature);
}

/* One more job, of a wallet's, for what some wallet waits for. */
static int check_again(struct payments *p, struct pooled *pooled, const struct verify_item *item)
{
	struct job *job = job_new(p->step, JOB_PAYMENTS, PEER_WALLET, 1);

	if (!job)
		return UNCIA_E_MEMORY;
	job->pooled = malloc(sizeof(struct pooled *));
	int error = job->pooled ? job_payment(job, pooled->payment, item->check_key) : UNCIA_E_MEMORY;
	if (error) {
		job_free(p->step, job);
		return error;
	}
	job->pooled[0] = pooled;
	pooled->relay = true;
	p->checking_submitted++;
	return job_start(p->step, job);
}

static int left_unchecked(struct payments *p, struct pooled *pooled, const struct verify_item *item)
{
	if (awaited_find(p->serve, &pooled->payment->id))
		return check_again(p, pooled, item);
	mempool_remove(p->mempool, pooled);
	return 0;
}

int payments_given_up(struct payments *p, struct job *job)
{
	assert(job->kind == JOB_PAYMENTS && job->verify.dropped && job->peer != PEER_WALLET);
	return take_verdicts(p, job, left_unchecked);
}
