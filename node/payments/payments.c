/* What becomes of payments whose signatures have been checked. See payments.h. */
#include "payments.h"
#include <assert.h>
#include <stdlib.h>
#include "submit.h"
#include "turns.h"
#include "try.h"
#include "uncia/error.h"

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

int payments_verified(struct payments *p, struct job *job)
{
	assert(job->kind == JOB_PAYMENTS && (job->pooled || !job->verify.count));
	bool wanted = chain_assembles(p->chain);

	checks_done(p, job);
	for (size_t i = 0; i < job->verify.count; i++) {
		struct pooled *pooled = job->pooled[i];
		job->pooled[i] = NULL;
		if (pooled->state == POOLED_GONE) {
			mempool_remove(p->mempool, pooled);
			continue;
		}
		int error = job->verify.items[i].valid ? mempool_verified(p->mempool, pooled) : UNCIA_E_SIGNATURE;
		if (error == UNCIA_E_MEMORY)
			return error;
		if (error) {
			TRY(payment_rejected(p, pooled, error));
			continue;
		}
		p->chain->generation++;
		if (wanted)
			TRY(chain_offer(p->chain, pooled->payment, p->step->now_ms));
		if (pooled->wallet)
			TRY(submitted_verified(p, pooled));
	}
	return 0;
}
