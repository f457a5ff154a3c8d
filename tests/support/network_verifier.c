/* How long the verdicts on signatures take; see network_parts.h. Either any job any time, up to `verify_ms`; or, where
 * `verify_us` is set, one after the other at that speed, in the order that the daemon's threads keep. */
#include "network_parts.h"

#define SIGNED_AT_ONCE 512u /* "some hundreds" */

void network_verifier_begin(struct network *n, uint32_t node)
{
	struct node_verifier *v = &n->nodes[node].verifier;

	*v = (struct node_verifier){.free_us = 1000 * n->now};
	if (verify_queue_init(&v->queue, VERIFY_SOURCES))
		abort();
}

void network_verifier_end(struct network *n, uint32_t node)
{
	verify_queue_deinit(&n->nodes[node].verifier.queue);
}

static void check(struct network *n, uint32_t node, const struct verify_part *part)
{
	const struct verify_signer signer = {network_sign, &n->nodes[node]};
	struct verify_part some = *part;

	for (size_t left = part->count; left; left -= some.count, some.begin += some.count) {
		some.count = left < VERIFY_CHUNK ? left : VERIFY_CHUNK;
		verify_parts(NULL, &some, 1, &signer);
	}
	n->nodes[node].checked[part->job->source] += part->count;
}

static void check_next(struct network *n, uint32_t node)
{
	struct node_verifier *v = &n->nodes[node].verifier;
	struct verify_part parts[VERIFY_CHUNK];

	v->busy = verify_queue_take(&v->queue, parts);
	if (v->free_us < 1000 * n->now)
		v->free_us = 1000 * n->now;
	for (size_t i = 0; i < v->busy; i++) {
		v->free_us += parts[i].count * n->options.verify_us;
		network_push(n, (struct item){.at = v->free_us / 1000,
		                              .kind = ITEM_CHECKED,
		                              .node = node,
		                              .life = n->nodes[node].life,
		                              .job = parts[i].job,
		                              .size = parts[i].begin,
		                              .turn = parts[i].count});
	}
}

static void verified_at(struct network *n, uint32_t node, struct verify_job *job, uint64_t at)
{
	network_push(
	    n, (struct item){.at = at, .kind = ITEM_VERIFIED, .node = node, .life = n->nodes[node].life, .job = job});
}

void network_verify(struct network *n, uint32_t node, struct verify_job *job)
{
	if (job->sign && job->count > SIGNED_AT_ONCE) {
		fprintf(stderr, "seed %llu: node %u has %zu expiries signed at once\n",
		        (unsigned long long)n->options.seed, node, job->count);
		abort();
	}
	if (n->options.verify_us) {
		verify_queue_push(&n->nodes[node].verifier.queue, job);
		if (!n->nodes[node].verifier.busy)
			check_next(n, node);
		return;
	}
	uint64_t took = n->options.verify_ms ? network_random(n) % (n->options.verify_ms + UINT64_C(1)) : 0;
	check(n, node, &(struct verify_part){.job = job, .count = job->count});
	verified_at(n, node, job, n->now + took);
}

void network_verifier_drop(struct network *n, uint32_t node, uint32_t source)
{
	struct verify_job *job = verify_queue_drop(&n->nodes[node].verifier.queue, source), *next;

	for (; job; job = next) {
		next = job->next;
		job->next = NULL;
		verified_at(n, node, job, n->now);
	}
}

void network_checked(struct network *n, const struct item *item)
{
	struct node *self = &n->nodes[item->node];
	uint32_t life = self->life;

	check(n, item->node, &(struct verify_part){item->job, item->size, item->turn});
	self->verifier.busy--;
	if (verify_queue_checked(&self->verifier.queue, item->job, item->size, item->turn)) {
		item->job->next = NULL;
		network_step(n, item->node, (struct event){.kind = EVENT_VERIFIED, .job = item->job});
	}
	if (self->replica && self->life == life && !self->verifier.busy)
		check_next(n, item->node);
}

/* What is done at one moment comes back together, as from the verifier's threads. */
void network_verified(struct network *n, const struct item *first)
{
	struct verify_job *last = first->job;

	last->next = NULL;
	for (const struct item *next = n->items; n->count && next->kind == ITEM_VERIFIED && next->at == first->at &&
	                                         next->node == first->node && next->life == first->life;
	     last = last->next) {
		last->next = network_pop(n).job;
		last->next->next = NULL;
	}
	network_step(n, first->node, (struct event){.kind = EVENT_VERIFIED, .job = first->job});
}

uint64_t network_signatures(const struct network *n, uint32_t node, uint32_t source)
{
	return n->nodes[node].checked[source];
}
