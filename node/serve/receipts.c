/* Receipts of what the journal holds. See questions.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "journal.h"
#include "messages.h"
#include "questions.h"
#include "receipt.h"
#include "try.h"
#include "uncia/error.h"

struct finality { /* of one block of the final chain: what a receipt needs beside its own block */
	struct header headers[RECEIPT_DESCENDANTS_MAX];
	const struct header *list[RECEIPT_DESCENDANTS_MAX];
	size_t count;
	uint8_t *certificate;
	size_t certificate_size;
};

static int stored_header(struct serve *s, uint64_t height, struct header *header)
{
	struct bytes stored;
	struct hash id;
	uint64_t view;

	TRY(journal_final(s->step, height, &view, &id));
	TRY(journal_block_bytes(s->step, view, &id, &stored));
	s->step->journal_read += stored.size;
	int error = block_header(stored.data, stored.size, header);
	if (error)
		return error == UNCIA_E_MEMORY ? error : UNCIA_E_DAMAGED;
	return header->height == height && hash_equal(&header->id, &id) ? 0 : UNCIA_E_DAMAGED;
}

/* The nearest finality certificate at or above a final height. */
static int finality_of(struct serve *s, uint64_t height, struct finality *finality)
{
	struct bytes certificate;
	struct hash id;
	uint64_t view;

	finality->count = 0;
	for (;; height++) {
		TRY(journal_final(s->step, height, &view, &id));
		int error = journal_finality(s->step, view, &id, &certificate);
		if (!error)
			break;
		if (error != UNCIA_E_NOT_FOUND)
			return error;
		if (finality->count == RECEIPT_DESCENDANTS_MAX)
			return UNCIA_E_LIMIT;
		TRY(stored_header(s, height + 1, &finality->headers[finality->count]));
		finality->list[finality->count] = &finality->headers[finality->count];
		finality->count++;
	}
	finality->certificate = malloc(certificate.size);
	if (!finality->certificate)
		return UNCIA_E_MEMORY;
	memcpy(finality->certificate, certificate.data, certificate.size);
	finality->certificate_size = certificate.size;
	return 0;
}

int receipt_block(struct serve *s, uint64_t height, struct block **block)
{
	struct hash id;
	uint64_t view;

	struct block *stored;

	TRY(journal_final(s->step, height, &view, &id));
	TRY(journal_block(s->step, view, &id, &stored));
	if (stored->header.height != height) {
		block_free(stored);
		return UNCIA_E_DAMAGED;
	}
	*block = stored;
	return 0;
}

int receipt_of(struct serve *s, const struct position *at, uint8_t **bytes, size_t *size, struct block **kept)
{
	struct finality *finality = calloc(1, sizeof(*finality));
	struct block *block = NULL;

	if (!finality)
		return UNCIA_E_MEMORY;
	int error = receipt_block(s, at->height, &block);
	if (!error && at->index >= block->count)
		error = UNCIA_E_DAMAGED;
	if (!error)
		error = finality_of(s, at->height, finality);
	if (!error)
		error = receipt_make(block, at->index,
		                     &(struct receipt_proof){finality->list,
		                                             finality->count,
		                                             {finality->certificate, finality->certificate_size}},
		                     bytes, size);
	free(finality->certificate);
	free(finality);
	if (error || !kept)
		block_free(block);
	else
		*kept = block;
	return error;
}

int receipt_answer(struct serve *s, const struct question *question)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	uint8_t *bytes = NULL;
	size_t size = 0;

	int error = receipt_of(s, &question->at, &bytes, &size, NULL);
	if (error == UNCIA_E_LIMIT || error == UNCIA_E_NOT_FOUND)
		return message_refuse(s->step, question->wallet, question->request_id, error,
		                      "no receipt of that size can be made");
	TRY(error);
	reply.request_id = question->request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_RECEIPT;
	reply.receipt = field_of(bytes, size);
	error = message_reply(s->step, 0, question->wallet, &reply);
	free(bytes);
	return error;
}

int receipt_ask(struct serve *s, uint64_t wallet, uint64_t request_id, const struct position *at)
{
	return question_keep(
	    s, &(struct question){.kind = QUESTION_RECEIPT, .wallet = wallet, .request_id = request_id, .at = *at});
}
