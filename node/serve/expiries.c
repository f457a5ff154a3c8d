/* Payments that expire while wallets wait for them, and the signed word that they can never become final (docs/spec/
 * ledger.md §3). The words are signed by the verifier's threads, one job at a time, so that neither many payments that
 * expire together nor many questions hold up a step. See waiters.h. */
#include <assert.h>
#include <stdlib.h>
#include <utlist.h>
#include "fields.h"
#include "messages.h"
#include "questions.h"
#include "try.h"
#include "uncia/error.h"
#include "waiters.h"

#define EXPIRIES_AT_ONCE     256u
#define ASKED_PER_WALLET_MAX 64u /* payments that one wallet asks after when they have expired already */

void serve_expire(struct serve *s)
{
	uint64_t from = s->expired_seconds, to = s->chain->tip->header.timestamp_ms / 1000;

	if (to == from)
		return;
	s->expired_seconds = to;
	mempool_expire(s->mempool, to);
	if (s->step->self != NOT_A_MEMBER)
		awaited_expire(s, from, to);
}

int expiry_ask(struct serve *s, uint64_t wallet, uint64_t request_id, const struct payment_id *id)
{
	struct wallet_link *link = wallet_link_get(s, wallet);

	if (!link)
		return UNCIA_E_MEMORY;
	int error = link->asked_count < ASKED_PER_WALLET_MAX ? waiter_add(s, wallet, request_id, id) : UNCIA_E_LIMIT;
	if (error == UNCIA_E_LIMIT)
		return message_refuse(s->step, wallet, request_id, UNCIA_E_FULL,
		                      "too many questions are waiting: ask again later");
	TRY(error);
	struct waiter *newest = awaited_find(s, id)->waiters;
	if (newest->wallet == wallet && !newest->asked) {
		newest->asked = true;
		link->asked_count++;
	}
	return 0;
}

/* "A validator signs an expiry only while its table is complete for blocks timed in [expires_at − 3600, expires_at)"
 * (ledger §3). Ours always is: no id is ever removed. */
static int sign_one(struct serve *s, struct job *job, struct awaited *awaited)
{
	struct statement statement;
	int found = ledger_knows_payment(s->ledger, s->chain->tip->executed, &awaited->id);

	assert(found != 0 && expiry_is_due(s, &awaited->id));
	if (found != UNCIA_E_NOT_FOUND)
		return found;
	statement_of_expiry(&s->step->network_id, &awaited->id, s->chain->tip->header.height,
	                    s->chain->tip->header.timestamp_ms, &statement);
	TRY(job_sign(job, &statement));
	job->expiries.ids[job->verify.count - 1] = awaited->id;
	DL_DELETE(s->due, awaited);
	awaited->state = AWAITED_SIGNING;
	DL_APPEND(s->signing, awaited);
	return 0;
}

int serve_sign(struct serve *s)
{
	int error = 0;

	if (!s->due || s->signing_job)
		return 0;
	assert(!s->signing);
	struct job *job = job_new(s->step, JOB_EXPIRIES, PEER_WALLET, EXPIRIES_AT_ONCE);
	if (!job)
		return UNCIA_E_MEMORY;
	job->expiries.ids = malloc(EXPIRIES_AT_ONCE * sizeof(*job->expiries.ids));
	job->expiries.height = s->chain->tip->header.height;
	job->expiries.timestamp_ms = s->chain->tip->header.timestamp_ms;
	job->expiries.after = s->chain->final_sequence;
	if (!job->expiries.ids)
		error = UNCIA_E_MEMORY;
	while (!error && s->due && job->verify.count < EXPIRIES_AT_ONCE)
		error = sign_one(s, job, s->due);
	if (error) {
		job_free(s->step, job);
		return error;
	}
	s->signing_job = true;
	return job_start(s->step, job);
}

static int expiry_reply(struct serve *s, const struct job *job, size_t i, struct awaited *awaited)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Expiry expiry = UNCIA__PB__EXPIRY__INIT;

	expiry.payment_id = field_of(awaited->id.b, sizeof(awaited->id.b));
	expiry.height = job->expiries.height;
	expiry.timestamp_ms = job->expiries.timestamp_ms;
	expiry.validator = s->step->self;
	expiry.signature = field_of(job->verify.items[i].signature, SIGNATURE_SIZE);
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_EXPIRY;
	reply.expiry = &expiry;
	return awaited_reply(s, awaited, job->expiries.after, &reply);
}

int serve_signed(struct serve *s, const struct job *job)
{
	assert(s->signing_job && job->kind == JOB_EXPIRIES);
	s->signing_job = false;
	for (size_t i = 0; i < job->verify.count; i++) {
		struct awaited *awaited = awaited_find(s, &job->expiries.ids[i]);
		if (!awaited || awaited->state != AWAITED_SIGNING) /* who waited is gone, and may have come back */
			continue;
		if (!job->verify.items[i].valid)
			return UNCIA_E_LIBRARY;
		TRY(expiry_reply(s, job, i, awaited));
	}
	assert(!s->signing);
	return 0;
}
