/* Payments that wallets submit. See payments.h. */
#include "submit.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "gossip.h"
#include "messages.h"
#include "pool.h"
#include "turns.h"
#include "try.h"
#include "uncia/error.h"
#include "waiters.h"

#define TURNS_IN_STEP 512u /* those that need no check are many at a time */

/* Why bytes are no payment. */
static const char *malformed_refusal(int error)
{
	switch (error) {
	case UNCIA_E_LIMIT:
		return "larger than a payment may be: 16 KiB";
	case UNCIA_E_ENCODING:
		return "not the canonical bytes of a signed payment";
	default:
		return uncia_error_text(error);
	}
}

/* Why the pool did not take a payment. */
static const char *pool_refusal(int error)
{
	switch (error) {
	case UNCIA_E_FULL:
		return "this validator's pool is full: try again later, or another validator";
	case UNCIA_E_LIMIT:
		return "too many payments of this sender are waiting";
	case UNCIA_E_END:
		return "the end of the hold does not allow it: past for a take, not reached yet to give it back";
	case UNCIA_E_TOO_FAR:
		return "expires more than an hour ahead";
	case UNCIA_E_FUNDS:
		return "the sender has no account here, or no hold: nothing has been paid to it, or nothing is left";
	case UNCIA_E_SIGNATURE:
		return "not the key that the sender's account is bound to";
	default:
		return uncia_error_text(error);
	}
}

/* The code that says so: what the pool bounds is room, not the size of a payment. */
static int pool_refusal_code(int error)
{
	return error == UNCIA_E_LIMIT ? UNCIA_E_FULL : error;
}

/* Adds one that is not held to the pool, and has its signature checked. Takes the payment. */
static int submit_new(struct payments *p, const struct wallet_link_id *from, struct payment *payment)
{
	struct pooled *pooled;

	if (pool_too_far(p, payment->expires_at)) {
		payment_free(payment);
		return UNCIA_E_TOO_FAR;
	}
	struct job *job = job_new(p->step, JOB_PAYMENTS, PEER_WALLET, 1);
	if (!job) {
		payment_free(payment);
		return UNCIA_E_MEMORY;
	}
	int error = pool_add(p, payment, job, &pooled);
	if (error) {
		payments_job_release(p, job);
		job_free(p->step, job);
		return error;
	}
	pooled->relay = true;
	pooled->wallet = from->wallet;
	turns_begin(p, from->origin, job);
	return job_start(p->step, job);
}

/* It is looked at now: answered with its end, or taken in, or refused. Takes the payment. */
static int submit_now(struct payments *p, const struct wallet_link_id *from, uint64_t request_id,
                      struct payment *payment)
{
	uint64_t wallet = from->wallet;
	struct payment_id id = payment->id;
	const struct pooled *held = mempool_find(p->mempool, &payment->whole);
	/* Already final, or past its expiry: the answer is that end. What is held has none. */
	int error = held ? UNCIA_E_NOT_FOUND : ledger_knows_payment(p->ledger, p->chain->tip->executed, &id);

	if (error != UNCIA_E_NOT_FOUND || pool_tip_seconds(p) >= payment->expires_at) {
		payment_free(payment);
		return error && error != UNCIA_E_NOT_FOUND ? error : serve_payment(p->serve, wallet, request_id, &id);
	}
	/* Before it takes a place: a refused payment is not in the pool by this wallet's doing. */
	if (!waiter_fits(p->serve, wallet, &id)) {
		payment_free(payment);
		return message_refuse(p->step, wallet, request_id, UNCIA_E_FULL,
		                      "too many payments awaited on this link");
	}
	if (held) {
		payment_free(payment);
	} else {
		error = submit_new(p, from, payment);
		if (error == UNCIA_E_FULL || error == UNCIA_E_LIMIT || error == UNCIA_E_SIGNATURE ||
		    error == UNCIA_E_TOO_FAR || error == UNCIA_E_FUNDS || error == UNCIA_E_END)
			return message_refuse(p->step, wallet, request_id, pool_refusal_code(error),
			                      pool_refusal(error));
		TRY(error);
	}
	error = waiter_add(p->serve, wallet, request_id, &id);
	assert(error != UNCIA_E_LIMIT);
	TRY(error);
	return held ? serve_pending(p->serve, wallet, request_id, &id, held->reason) : 0;
}

int payments_submit(struct payments *p, const struct wallet_link_id *from, uint64_t request_id,
                    const struct bytes *bytes)
{
	struct payment *payment;

	p->submitted++;
	int error = payment_decode_at(&p->memory, &p->step->network_id, bytes->data, bytes->size, &payment);

	if (error == UNCIA_E_MEMORY)
		return error;
	if (error)
		return message_refuse(p->step, from->wallet, request_id, error, malformed_refusal(error));
	error = turns_join(p, from);
	if (error) {
		payment_free(payment);
		return error;
	}
	return turns_free(p, from->origin) ? submit_now(p, from, request_id, payment)
	                                   : turns_wait(p, from->wallet, request_id, payment);
}

int payments_turns(struct payments *p)
{
	struct wallet_link_id from;
	struct payment *payment;
	uint64_t request_id;

	for (uint32_t i = 0; i < TURNS_IN_STEP && (payment = turns_take(p, &from, &request_id)); i++)
		TRY(submit_now(p, &from, request_id, payment));
	return 0;
}

/* What the sender's entry covered when it came is left to the next leader; the rest may have a reason to wait. */
static int submitted_park(struct payments *p, struct pooled *pooled)
{
	uint64_t time = p->step->wall_ms > p->chain->tip->header.timestamp_ms ? p->step->wall_ms
	                                                                      : p->chain->tip->header.timestamp_ms + 1;
	int error = ledger_check(p->ledger, p->chain->tip->executed, time, pooled->payment);

	if (error <= UNCIA_E_MEMORY)
		return error;
	if (error == UNCIA_E_FUNDS || error == UNCIA_E_SIGNATURE || error == UNCIA_E_AMOUNT || error == UNCIA_E_END)
		mempool_park(p->mempool, pooled, pending_reason_of(error));
	return 0;
}

int submitted_verified(struct payments *p, struct pooled *pooled)
{
	assert(pooled->relay && pooled->state == POOLED_READY);
	struct awaited *awaited;

	TRY(relay_add(p, pooled->payment));
	if (!pooled->covered)
		TRY(submitted_park(p, pooled));
	awaited = awaited_find(p->serve, &pooled->payment->id);
	for (struct waiter *w = awaited ? awaited->waiters : NULL; w; w = w->next_of_payment)
		TRY(serve_pending(p->serve, w->wallet, w->request_id, &pooled->payment->id, pooled->reason));
	return 0;
}

/* Who waits for it is told that it left the pool without an end, and waits no more; another one of its id goes on. */
static int given_up(struct payments *p, const struct payment_id *id, int error, const char *reason)
{
	struct awaited *awaited = awaited_find(p->serve, id);

	if (!awaited || mempool_find_id(p->mempool, id))
		return 0;
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Refusal refusal = UNCIA__PB__REFUSAL__INIT;
	refusal.code = (uint32_t)-pool_refusal_code(error);
	refusal.reason = field_of(reason, strlen(reason));
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_REFUSAL;
	reply.refusal = &refusal;
	return awaited_reply(p->serve, awaited, 0, &reply);
}

int payments_evicted(struct payments *p)
{
	struct payment_id id;

	while (mempool_next_evicted(p->mempool, &id)) {
		p->evicted++;
		TRY(given_up(p, &id, UNCIA_E_FULL, pool_refusal(UNCIA_E_FULL)));
	}
	return 0;
}

int payment_rejected(struct payments *p, struct pooled *pooled, int error)
{
	struct payment_id id = pooled->payment->id;
	bool relay = pooled->relay;
	uint64_t wallet = pooled->wallet;

	mempool_remove(p->mempool, pooled);
	p->wrong_signatures += error == UNCIA_E_SIGNATURE;
	if (wallet && error == UNCIA_E_SIGNATURE)
		TRY(turns_wrong(p, wallet));
	/* A wrong signature that a validator passed on says nothing of the payment that a wallet waits for. */
	if (!relay && error == UNCIA_E_SIGNATURE)
		return 0;
	return given_up(p, &id, error,
	                error == UNCIA_E_SIGNATURE ? "the signature does not hold on this network"
	                                           : pool_refusal(error));
}
