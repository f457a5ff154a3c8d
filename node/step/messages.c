/* See messages.h. */
#include "messages.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "fields.h"
#include "outbox.h"
#include "try.h"
#include "uncia/error.h"

int message_send(struct step *s, uint64_t after, uint32_t peer, const Uncia__Pb__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;

	TRY(canonical_encode(&message->base, &bytes, &size));
	int rc = step_outbox_send(s, after, peer, bytes, size);
	free(bytes);
	return rc;
}

/* The action is the last one: what is sent to oneself would be none. */
static int message_send_now(struct step *s, uint32_t peer, const Uncia__Pb__PeerMessage *message,
                            struct action **action)
{
	uint8_t *bytes;
	size_t size;

	assert(peer != s->own_peer);
	TRY(canonical_encode(&message->base, &bytes, &size));
	int rc = step_send(s, peer, bytes, size);
	free(bytes);
	*action = rc ? NULL : &s->out->items[s->out->count - 1];
	return rc;
}

int message_send_spare(struct step *s, uint32_t peer, const Uncia__Pb__PeerMessage *message)
{
	struct action *action;

	TRY(message_send_now(s, peer, message, &action));
	assert(action);
	action->spare = true;
	return 0;
}

int message_send_answer(struct step *s, uint32_t peer, const Uncia__Pb__PeerMessage *message)
{
	struct action *action;

	TRY(message_send_now(s, peer, message, &action));
	assert(action);
	action->answer = true;
	return 0;
}

int message_send_vote(struct step *s, uint64_t after, uint32_t peer, const struct vote *vote)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	uint8_t bytes[256];
	size_t size;

	TRY(vote_encode(vote, bytes, &size));
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
	message.vote = field_of(bytes, size);
	return message_send(s, after, peer, &message);
}

int message_send_certificate(struct step *s, uint32_t peer, const struct certificate *certificate)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;

	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
	message.certificate = field_of(certificate->bytes, certificate->size);
	return message_send(s, 0, peer, &message);
}

int message_reply(struct step *s, uint64_t after, uint64_t wallet, const Uncia__Pb__NodeReply *reply)
{
	uint8_t *bytes;
	size_t size;

	if (reply->kind_case == UNCIA__PB__NODE_REPLY__KIND_REFUSAL)
		s->refused[reply->refusal->code < STEP_REFUSALS ? reply->refusal->code : 0]++;
	TRY(canonical_encode(&reply->base, &bytes, &size));
	int rc = step_outbox_answer(s, after, wallet, bytes, size);
	free(bytes);
	return rc;
}

int message_refuse(struct step *s, uint64_t wallet, uint64_t request_id, int code, const char *reason)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Refusal refusal = UNCIA__PB__REFUSAL__INIT;

	assert(code < 0);
	refusal.code = (uint32_t)-code;
	refusal.reason = field_of(reason, strlen(reason));
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_REFUSAL;
	reply.refusal = &refusal;
	return message_reply(s, 0, wallet, &reply);
}
