/* Histories: the payments of an account or a hold, newest first, each with its receipt. See questions.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "messages.h"
#include "questions.h"
#include "try.h"
#include "uncia/error.h"

#define HISTORY_BLOCK_BYTES (1u << 20) /* of blocks read for one page, those up to a certificate with them */
/* of receipts on one page, which with one more is still a message that a wallet takes and its queue holds */
#define HISTORY_PAGE_BYTES (512u << 10)

_Static_assert(HISTORY_PAGE_BYTES + RECEIPT_SIZE_MAX < MESSAGE_SIZE_WALLET_MAX, "a page fits a wallet's link");
_Static_assert(HISTORY_PAGE_BYTES + RECEIPT_SIZE_MAX < WRITE_QUEUE_WALLET_MAX, "a page fits a wallet's queue");

/* The payment that touched the entry before the one at `at`. */
static int history_previous(struct serve *s, const struct block *block, const struct entry_id *id, struct position *at)
{
	const struct payment *payment = block->payments[at->index];
	struct payment_record *record = malloc(sizeof(*record));
	struct position previous = {0};
	uint32_t first;

	if (!record)
		return UNCIA_E_MEMORY;
	int error = ledger_find_payment(s->ledger, s->chain->tip->executed, &payment->id, record);
	if (!error && payment_touches(payment, id, &first))
		previous = record->previous[first];
	free(record);
	if (!error)
		*at = previous;
	return error;
}

/* Steps to the payment before the one at `before`, which must be one of the entry's. */
static int history_go_on(struct serve *s, const struct entry_id *id, struct position *before)
{
	struct block *block;

	TRY(receipt_block(s, before->height, &block));
	int error = UNCIA_E_ARGUMENT;
	if (before->index < block->count && payment_touches(block->payments[before->index], id, NULL))
		error = history_previous(s, block, id, before);
	block_free(block);
	return error;
}

/* Receipts from `at` on, newest first; *last is the place of the last one, and `at` the place before it. */
static int history_page(struct serve *s, const struct entry_id *id, struct position *at, struct position *last,
                        uint32_t limit, Uncia__Pb__HistoryReply *page)
{
	uint64_t before = s->step->journal_read;
	size_t written = 0;

	while (at->height && page->n_receipts < limit && s->step->journal_read - before < HISTORY_BLOCK_BYTES &&
	       written < HISTORY_PAGE_BYTES) {
		struct block *block = NULL;
		uint8_t *bytes = NULL;
		size_t size = 0;
		int error = receipt_of(s, at, &bytes, &size, &block);
		if (error == UNCIA_E_NOT_FOUND && page->n_receipts)
			return 0; /* not durable yet: to be asked for with the next page */
		TRY(error);
		assert(block && at->index < block->count && page->n_receipts < HISTORY_PAGE_MAX);
		page->receipts[page->n_receipts++]->data = (ProtobufCBinaryData){.len = size, .data = bytes};
		written += size;
		*last = *at;
		error = history_previous(s, block, id, at);
		block_free(block);
		TRY(error);
	}
	return 0;
}

int history_answer(struct serve *s, const struct question *question)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__HistoryReply page = UNCIA__PB__HISTORY_REPLY__INIT;
	Uncia__Pb__Blob blobs[HISTORY_PAGE_MAX], *list[HISTORY_PAGE_MAX];
	struct position at = question->at, last = question->at;

	for (size_t i = 0; i < HISTORY_PAGE_MAX; i++) {
		uncia__pb__blob__init(&blobs[i]);
		list[i] = &blobs[i];
	}
	page.receipts = list;
	int error = at.height ? history_go_on(s, &question->id, &at)
	                      : ledger_history_head(s->ledger, s->chain->tip->executed, &question->id, &at);
	if (error == UNCIA_E_NOT_FOUND && !question->at.height)
		error = 0, at.height = 0; /* no payment ever touched it */
	else if (!error)
		error = history_page(s, &question->id, &at, &last, question->limit, &page);
	if (at.height) {
		page.next_height = last.height;
		page.next_index = last.index;
	}
	reply.request_id = question->request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_HISTORY;
	reply.history = &page;
	if (!error)
		error = message_reply(s->step, 0, question->wallet, &reply);
	for (size_t i = 0; i < page.n_receipts; i++)
		free(blobs[i].data.data);
	if (error == UNCIA_E_ARGUMENT || error == UNCIA_E_NOT_FOUND || error == UNCIA_E_LIMIT)
		return message_refuse(s->step, question->wallet, question->request_id, error,
		                      "no receipt can be made at that place of its history");
	return error;
}

int serve_history(struct serve *s, uint64_t wallet, uint64_t request_id, const Uncia__Pb__HistoryQuery *message)
{
	struct question question = {.kind = QUESTION_HISTORY,
	                            .wallet = wallet,
	                            .request_id = request_id,
	                            .id = {.kind = message->hold ? ENTRY_HOLD : ENTRY_ACCOUNT},
	                            .at = {.height = message->before_height, .index = message->before_index},
	                            .limit = message->limit};

	if (message->address.len != ADDRESS_SIZE || !message->limit || message->limit > HISTORY_PAGE_MAX)
		return UNCIA_E_ENCODING;
	memcpy(question.id.address.b, message->address.data, ADDRESS_SIZE);
	return question_keep(s, &question);
}
