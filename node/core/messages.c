/* Messages on their way out: packed once, sent now or when durable. */
#include "parts.h"

int send_peer(struct replica *r, uint64_t sequence, uint32_t peer, const Uncia__Pb__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;

	TRY(canonical_encode(&message->base, &bytes, &size));
	int error = defer_send(r, sequence, peer, bytes, size);
	free(bytes);
	return error;
}

int send_spare(struct replica *r, uint32_t peer, const Uncia__Pb__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;

	assert(peer != r->config.self);
	TRY(canonical_encode(&message->base, &bytes, &size));
	int error = action_send(r, peer, bytes, size);
	free(bytes);
	if (!error)
		r->out->items[r->out->count - 1].spare = true;
	return error;
}

int reply_wallet(struct replica *r, uint64_t sequence, uint64_t wallet, const Uncia__Pb__NodeReply *reply)
{
	uint8_t *bytes;
	size_t size;

	TRY(canonical_encode(&reply->base, &bytes, &size));
	int error = defer_answer(r, sequence, wallet, bytes, size);
	free(bytes);
	return error;
}

int refuse_wallet(struct replica *r, uint64_t wallet, uint64_t request_id, int code, const char *reason)
{
	Uncia__Pb__NodeReply reply = UNCIA__PB__NODE_REPLY__INIT;
	Uncia__Pb__Refusal refusal = UNCIA__PB__REFUSAL__INIT;

	refusal.code = (uint32_t)-code;
	refusal.reason = field_of(reason, strlen(reason));
	reply.request_id = request_id;
	reply.kind_case = UNCIA__PB__NODE_REPLY__KIND_REFUSAL;
	reply.refusal = &refusal;
	return reply_wallet(r, 0, wallet, &reply);
}

int send_vote(struct replica *r, uint64_t sequence, uint32_t peer, const struct vote *vote)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	uint8_t bytes[256];
	size_t size;

	TRY(vote_encode(vote, bytes, &size));
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
	message.vote = field_of(bytes, size);
	return send_peer(r, sequence, peer, &message);
}

int send_certificate(struct replica *r, uint32_t peer, const struct certificate *certificate)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;

	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
	message.certificate = field_of(certificate->bytes, certificate->size);
	return send_peer(r, 0, peer, &message);
}

void journal_key(uint8_t key[JOURNAL_KEY_MAX], uint64_t view, int kind, const struct hash *block_id, size_t *size)
{
	size_t at = 8;

	be64_put(key, view);
	if (kind)
		key[at++] = (uint8_t)kind;
	memcpy(key + at, block_id->b, HASH_SIZE);
	*size = at + HASH_SIZE;
}
