/* Payments from validator to validator. See payments.h. */
#include "gossip.h"
#include <stdlib.h>
#include "fields.h"
#include "messages.h"
#include "pool.h"
#include "try.h"
#include "uncia/error.h"

#define GOSSIP_SIZE_MAX     (512u << 10)
#define PEER_PAYMENTS_MAX   2000u
#define PEER_PAYMENTS_BYTES (1u << 20) /* well within what may wait for a link: all of it is queued at once */

/* 1: final already, expired, or too far ahead. */
static int gossip_useless(struct payments *p, const struct payment *payment)
{
	if (pool_tip_seconds(p) >= payment->expires_at || pool_too_far(p, payment))
		return 1;
	int error = ledger_knows_payment(p->ledger, p->chain->tip->executed, &payment->id);
	return error == UNCIA_E_NOT_FOUND ? 0 : error ? error : 1;
}

int payments_gossip(struct payments *p, uint32_t peer, const Uncia__Pb__Gossip *message)
{
	struct job *job = job_new(p->step, JOB_PAYMENTS, peer, message->n_payments);
	int error = job ? 0 : UNCIA_E_MEMORY;

	for (size_t i = 0; i < message->n_payments && !error; i++) {
		struct payment *payment;
		struct pooled *pooled;
		error = payment_decode_at(&p->memory, &p->step->network_id, message->payments[i]->data.data,
		                          message->payments[i]->data.len, &payment);
		if (error)
			break;
		/* Wallets submit to several validators, and each of those relays. What no block can take, or one has
		 * taken already, would keep every leader awake until it expires. */
		error = mempool_find(p->mempool, &payment->whole) ? 1 : gossip_useless(p, payment);
		if (error) {
			payment_free(payment);
			if (error < 0)
				break;
			error = 0;
			continue;
		}
		error = pool_add(p, payment, job, &pooled);
		if (error == UNCIA_E_FULL || error == UNCIA_E_LIMIT || error == UNCIA_E_SIGNATURE ||
		    error == UNCIA_E_FUNDS) {
			p->gossip_refused++;
			error = 0;
		}
	}
	/* What was taken before a bad one is with the pool as "verifying": its checks go on all the same. */
	if (job && job->verify.count) {
		int started = job_start(p->step, job);
		return error ? error : started;
	}
	if (job) {
		payments_job_release(p, job);
		job_free(p->step, job);
	}
	return error;
}

int relay_add(struct payments *p, struct payment *payment)
{
	if (p->relay_count == p->relay_capacity) {
		size_t capacity = p->relay_capacity ? p->relay_capacity * 2 : 64;
		struct payment **relay = realloc(p->relay, capacity * sizeof(struct payment *));
		if (!relay)
			return UNCIA_E_MEMORY;
		p->relay = relay;
		p->relay_capacity = capacity;
	}
	assert(p->relay_count < p->relay_capacity);
	p->relay[p->relay_count++] = payment_ref(payment);
	return 0;
}

static int gossip_send(struct payments *p, uint32_t peer, struct payment *const *payments, size_t count)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Gossip gossip = UNCIA__PB__GOSSIP__INIT;
	Uncia__Pb__Blob *blobs = malloc((count + 1) * sizeof(*blobs));
	Uncia__Pb__Blob **list = malloc((count + 1) * sizeof(*list));
	int error = blobs && list ? 0 : UNCIA_E_MEMORY;

	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP;
	message.gossip = &gossip;
	gossip.payments = list;
	for (size_t i = 0, size = 0; i < count && !error; i++) {
		uncia__pb__blob__init(&blobs[i]);
		blobs[i].data = field_of(payments[i]->bytes, payments[i]->size);
		list[gossip.n_payments++] = &blobs[i];
		size += payments[i]->size;
		if (i + 1 == count || size + PAYMENT_SIZE_MAX > GOSSIP_SIZE_MAX) {
			error = message_send_spare(p->step, peer, &message);
			gossip.n_payments = size = 0;
		}
	}
	free(blobs);
	free(list);
	return error;
}

/* "Whoever accepts one from a wallet relays it once to every validator": all of this step's together. Spare: payments
 * that come faster than a link carries them must not cost the votes that link, and what is not sent stays in this
 * pool, for the blocks that are proposed here. */
int payments_relay(struct payments *p)
{
	int error = p->relay_count ? gossip_send(p, PEER_ALL, p->relay, p->relay_count) : 0;

	for (size_t i = 0; i < p->relay_count; i++)
		payment_free(p->relay[i]);
	p->relay_count = 0;
	return error;
}

/* A validator that has just been linked may have missed what waits here. */
int payments_to_peer(struct payments *p, uint32_t peer)
{
	struct payment **payments = malloc(PEER_PAYMENTS_MAX * sizeof(struct payment *));
	struct mempool_walk walk;
	struct pooled *pooled;
	size_t count = 0, size = 0;

	if (!payments)
		return UNCIA_E_MEMORY;
	mempool_walk_begin(p->mempool, &walk);
	while (count < PEER_PAYMENTS_MAX && size + PAYMENT_SIZE_MAX <= PEER_PAYMENTS_BYTES &&
	       (pooled = mempool_walk_next(p->mempool, &walk))) {
		size += pooled->payment->size;
		payments[count++] = pooled->payment;
	}
	int error = count ? gossip_send(p, peer, payments, count) : 0;
	free(payments);
	return error;
}
