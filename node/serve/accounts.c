/* Accounts and holds with proofs (docs/spec/ledger.md §4.4). See questions.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "messages.h"
#include "questions.h"
#include "try.h"
#include "uncia/error.h"

static int answer_no_account(struct serve *s, const struct question *question)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__NoAccount none = UNCIA__PB__NO_ACCOUNT__INIT;

	none.address = field_of(question->id.address.b, ADDRESS_SIZE);
	none.hold = question->id.kind == ENTRY_HOLD;
	none.height = ledger_settled_height(s->ledger);
	reply.request_id = question->request_id;
	reply.clock_ms = s->step->wall_ms;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_NO_ACCOUNT;
	reply.no_account = &none;
	return message_reply(s->step, s->chain->final_sequence, question->wallet, &reply);
}

int account_prove(struct serve *s, const struct entry_id *id, struct ledger_proof *found,
                  Uncia__Pb__AccountProof *proof)
{
	TRY(ledger_prove(s->ledger, id, found));
	assert(found->index < found->entry_count && found->path_size <= sizeof(found->path));
	proof->index = found->index;
	proof->entry_count = found->entry_count;
	proof->free_head = found->free_head;
	proof->group = field_of(found->group, sizeof(found->group));
	proof->path = field_of(found->path, found->path_size);
	proof->header = field_of(s->chain->tip->header.bytes, s->chain->tip->header.size);
	proof->certificate = field_of(s->chain->final_certificate->bytes, s->chain->final_certificate->size);
	return 0;
}

int account_answer(struct serve *s, const struct question *question)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__AccountProof proof = UNCIA__PB__ACCOUNT_PROOF__INIT;
	struct ledger_proof found;

	if (!s->chain->final_certificate)
		return message_refuse(s->step, question->wallet, question->request_id, UNCIA_E_FULL,
		                      "no block is final yet");
	int error = account_prove(s, &question->id, &found, &proof);
	if (error == UNCIA_E_NOT_FOUND)
		return answer_no_account(s, question);
	TRY(error);
	reply.request_id = question->request_id;
	reply.clock_ms = s->step->wall_ms;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_ACCOUNT;
	reply.account = &proof;
	return message_reply(s->step, s->chain->final_sequence, question->wallet, &reply);
}

/* Answered once every payment that this validator has voted for is settled: so a payment that anybody saw final before
 * the question was asked shows in answers of weight W − F. */
int serve_account(struct serve *s, uint64_t wallet, uint64_t request_id, const Uncia__Pb__AccountQuery *message)
{
	if (message->address.len != ADDRESS_SIZE)
		return UNCIA_E_ENCODING;
	struct question question = {
	    .kind = QUESTION_ACCOUNT, .wallet = wallet, .request_id = request_id, .height = s->chain->payments_height};
	question.id.kind = message->hold ? ENTRY_HOLD : ENTRY_ACCOUNT;
	memcpy(question.id.address.b, message->address.data, ADDRESS_SIZE);
	return question_keep(s, &question);
}
