/* See signer_wire.h. Integers are big-endian. */
#include "signer_wire.h"
#include "big_endian.h"

void signer_request_put(const struct signer_request *request, uint8_t bytes[SIGNER_REQUEST_SIZE])
{
	bytes[0] = SIGNER_VERSION;
	bytes[1] = (uint8_t)request->question;
	be64_put(bytes + 2, request->number);
	memcpy(bytes + 10, request->network_id.b, HASH_SIZE);
	be64_put(bytes + 42, request->past_view);
	memcpy(bytes + 50, request->statement, STATEMENT_SIZE_MAX);
}

bool signer_request_get(const uint8_t *bytes, size_t size, struct signer_request *request)
{
	if (size != SIGNER_REQUEST_SIZE || bytes[0] != SIGNER_VERSION || bytes[1] < SIGNER_HELLO ||
	    bytes[1] > SIGNER_NEXT)
		return false;
	request->question = (enum signer_question)bytes[1];
	request->number = be64_get(bytes + 2);
	memcpy(request->network_id.b, bytes + 10, HASH_SIZE);
	request->past_view = be64_get(bytes + 42);
	memcpy(request->statement, bytes + 50, STATEMENT_SIZE_MAX);
	return true;
}

void signer_answer_put(const struct signer_answer *answer, uint8_t bytes[SIGNER_ANSWER_SIZE])
{
	bytes[0] = SIGNER_VERSION;
	bytes[1] = (uint8_t)answer->verdict;
	be64_put(bytes + 2, answer->number);
	memcpy(bytes + 10, answer->statement, STATEMENT_SIZE_MAX);
	memcpy(bytes + 10 + STATEMENT_SIZE_MAX, answer->signature, SIGNATURE_SIZE);
}

bool signer_answer_get(const uint8_t *bytes, size_t size, struct signer_answer *answer)
{
	if (size != SIGNER_ANSWER_SIZE || bytes[0] != SIGNER_VERSION || bytes[1] < SIGNER_DONE ||
	    bytes[1] > SIGNER_FAILED)
		return false;
	answer->verdict = (enum signer_verdict)bytes[1];
	answer->number = be64_get(bytes + 2);
	memcpy(answer->statement, bytes + 10, STATEMENT_SIZE_MAX);
	memcpy(answer->signature, bytes + 10 + STATEMENT_SIZE_MAX, SIGNATURE_SIZE);
	return true;
}
