/* The ends of payments: receipts of what has just become final; and what there is to say of a payment that has no end.
 * Those that have expired are in expiries.c. See serve.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "messages.h"
#include "questions.h"
#include "receipt.h"
#include "try.h"
#include "uncia/error.h"
#include "waiters.h"
#include "watches.h"

int serve_pending(struct serve *s, uint64_t wallet, uint64_t request_id, const struct payment_id *id,
                  enum pending_reason reason)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Pending pending = UNCIA__PB__PENDING__INIT;

	pending.payment_id = field_of(id->b, sizeof(id->b));
	pending.reason = reason;
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_PENDING;
	reply.pending = &pending;
	return message_reply(s->step, 0, wallet, &reply);
}

static int reply_receipt(struct serve *s, struct awaited *awaited, const struct block *body, uint32_t index,
                         const struct receipt_proof *proof)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	uint8_t *bytes;
	size_t size;

	TRY(receipt_make(body, index, proof, &bytes, &size));
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	reply.receipt = field_of(bytes, size);
	int error = awaited_reply(s, awaited, s->chain->final_sequence, &reply);
	free(bytes);
	return error;
}

int serve_final(struct serve *s, struct chain_block *block, struct chain_block *decided)
{
	const struct block body = {.header = block->header,
	                           .count = block->header.payment_count,
	                           .payments = block->payments,
	                           .tree = block->tree};
	const struct header *descendants[RECEIPT_DESCENDANTS_MAX];
	size_t depth = (size_t)(decided->header.height - block->header.height);
	int error = 0;

	assert(block->state == CHAIN_FINAL && decided == s->chain->tip);
	assert(block->payments || !body.count);
	struct chain_block *b = decided;
	for (size_t i = depth; i > 0 && depth <= RECEIPT_DESCENDANTS_MAX; i--, b = b->parent)
		descendants[i - 1] = &b->header;
	struct receipt_proof proof = {.descendants = descendants, .descendant_count = depth};
	if (s->chain->final_certificate)
		proof.certificate =
		    (struct bytes){s->chain->final_certificate->bytes, s->chain->final_certificate->size};
	mempool_remove_final(s->mempool, body.payments, body.count);
	bool watched = watches_touch(s, block);
	for (uint32_t i = 0; i < body.count && !error; i++) {
		struct awaited *awaited = awaited_find(s, &body.payments[i]->id);
		if (!awaited)
			continue;
		/* No receipt can be made of it here, or not yet: its wallet gets one elsewhere, or asks again. */
		if (depth > RECEIPT_DESCENDANTS_MAX || !s->chain->final_certificate) {
			awaited_free(s, awaited);
			continue;
		}
		error = reply_receipt(s, awaited, &body, i, &proof);
	}
	/* Later receipts are made from the journal, but for those of whoever watches. */
	if (watched)
		return error;
	free(block->tree);
	block->tree = NULL;
	return error;
}

int serve_payment(struct serve *s, uint64_t wallet, uint64_t request_id, const struct payment_id *id)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__UnknownPayment unknown = UNCIA__PB__UNKNOWN_PAYMENT__INIT;
	struct payment_record *record = malloc(sizeof(*record));

	if (!record)
		return UNCIA_E_MEMORY;
	int error = ledger_find_payment(s->ledger, s->chain->tip->executed, id, record);
	struct position at = record->at;
	free(record);
	if (error == 0)
		return receipt_ask(s, wallet, request_id, &at);
	if (error != UNCIA_E_NOT_FOUND)
		return error;
	if (expiry_is_due(s, id))
		return expiry_ask(s, wallet, request_id, id);
	reply.request_id = request_id;
	struct pooled *pooled = mempool_find_id(s->mempool, id);
	if (pooled) {
		error = waiter_add(s, wallet, request_id, id);
		if (error == UNCIA_E_LIMIT)
			return message_refuse(s->step, wallet, request_id, UNCIA_E_FULL,
			                      "too many payments awaited on this link");
		TRY(error);
		return serve_pending(s, wallet, request_id, id, pooled->reason);
	}
	unknown.payment_id = field_of(id->b, sizeof(id->b));
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_UNKNOWN;
	reply.unknown = &unknown;
	return message_reply(s->step, 0, wallet, &reply);
}
