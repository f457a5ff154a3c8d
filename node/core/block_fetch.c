/* Whole blocks by id: asking for them, answering, and taking them in (consensus §6 rule 10). */
#include "parts.h"

/* Asks for every body that is due: its leader first, then one validator after the other. */
int block_fetch(struct replica *r)
{
	struct node_block *block, *next;

	if (!r->fetching)
		return 0;
	r->fetching = false;
	HASH_ITER (hh, r->blocks, block, next) {
		if (block->fetch_at == TIME_NEVER)
			continue;
		r->fetching = true;
		if (block->fetch_at > r->now_ms)
			continue;
		uint32_t peer = committee_leader(r->committee, block->header.view), tried = 0;
		peer = (peer + block->fetch_tries) % r->committee->size;
		while ((peer == r->config.self || !r->peers[peer].up) && tried++ < r->committee->size)
			peer = (peer + 1) % r->committee->size;
		block->fetch_tries++;
		block->fetch_at = r->now_ms + FETCH_RETRY_MS;
		if (!r->peers[peer].up)
			continue;
		Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
		Uncia__Pb__BlockRequest request = UNCIA__PB__BLOCK_REQUEST__INIT;
		request.block_id = field_of(block->header.id.b, HASH_SIZE);
		request.view = block->header.view;
		request.height = block->header.height;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST;
		message.block_request = &request;
		TRY(send_peer(r, 0, peer, &message));
	}
	return 0;
}

/* By view and id; or, a view that was only guessed, by height and id where the block is final. */
static int stored_body(struct replica *r, const Uncia__Pb__BlockRequest *request, const struct hash *id,
                       struct bytes *stored)
{
	uint8_t key[JOURNAL_KEY_MAX];
	struct hash final_id;
	uint64_t view;
	size_t size;

	journal_key(key, request->view, 0, id, &size);
	int error = r->config.view.journal_get(r->config.view.context, JOURNAL_BLOCK, key, size, stored);
	if (error != UNCIA_E_NOT_FOUND || !request->height)
		return error;
	TRY(journal_final(r, request->height, &view, &final_id));
	if (!hash_equal(&final_id, id))
		return UNCIA_E_NOT_FOUND;
	journal_key(key, view, 0, id, &size);
	return r->config.view.journal_get(r->config.view.context, JOURNAL_BLOCK, key, size, stored);
}

int block_request_answer(struct replica *r, uint32_t peer, const Uncia__Pb__BlockRequest *request)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__BlockReply reply = UNCIA__PB__BLOCK_REPLY__INIT;
	struct bytes stored;
	struct hash id;

	if (!field_copy(&request->block_id, id.b, HASH_SIZE))
		return UNCIA_E_ENCODING;
	if (!peer_share_left(r, peer))
		return 0;
	struct node_block *block = block_find(r, &id);
	if (block && block->complete && block->bytes) {
		reply.block = field_of(block->bytes, block->size);
	} else {
		int error = stored_body(r, request, &id, &stored);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		TRY(error);
		reply.block = field_of(stored.data, stored.size);
	}
	r->peers[peer].share.owed += reply.block.len;
	const struct node_block *parent = block ? block_find(r, &block->header.parent_id) : NULL;
	for (int kind = CERT_N; parent && kind <= CERT_SF && !reply.parent_certificate.len; kind++) {
		const struct certificate *certificate =
		    kind == CERT_S ? NULL : view_certificate(r, parent->header.view, kind, &parent->header.id);
		if (certificate)
			reply.parent_certificate = field_of(certificate->bytes, certificate->size);
	}
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY;
	message.block_reply = &reply;
	return send_peer(r, 0, peer, &message);
}

/* Adds the checks of those payments whose verdict is not held already. */
int job_payments(struct replica *r, struct job *job, const struct block *block)
{
	for (uint32_t i = 0; i < block->count; i++) {
		const struct payment *payment = block->payments[i];
		const struct pooled *pooled = mempool_find(r->mempool, &payment->whole);
		if (pooled && pooled->state != POOLED_VERIFYING)
			continue;
		enum sender_key key;
		bool covered;
		TRY(ledger_payment_key(r->ledger, r->tip->executed, payment, &key, &covered));
		TRY(job_item(job, payment->public_key, &payment->digest, payment->signature, key != SENDER_KEY_BOUND));
	}
	return 0;
}

static int parent_certificate_receive(struct replica *r, uint32_t peer, const ProtobufCBinaryData *data)
{
	struct certificate *certificate;

	if (!data->len)
		return 0;
	TRY(certificate_decode(r->committee, data->data, data->len, &certificate));
	return job_one_certificate(r, peer, certificate);
}

int block_reply_receive(struct replica *r, uint32_t peer, const Uncia__Pb__BlockReply *message)
{
	struct block *body;

	if (!r->fetching)
		return 0;
	TRY(block_decode(&r->network_id, message->block.data, message->block.len, &body));
	struct node_block *block = block_find(r, &body->header.id);
	if (!block || block->complete || block->verifying || block->fetch_at == TIME_NEVER) {
		block_free(body);
		return 0;
	}
	TRY(block_add(r, &body->header, &block));
	struct job *job = job_new(r, JOB_BLOCK, peer, body->count);
	struct block **blocks = job ? malloc(sizeof(*blocks)) : NULL;
	if (!blocks) {
		block_free(body);
		if (job)
			job_free(r, job);
		return UNCIA_E_MEMORY;
	}
	blocks[0] = body;
	job->blocks = blocks;
	job->block_count = 1;
	int error = job_payments(r, job, body);
	if (error) {
		job_free(r, job);
		return error;
	}
	block->verifying = true;
	TRY(job_start(r, job));
	return parent_certificate_receive(r, peer, &message->parent_certificate);
}

/* A body with a signature that does not hold makes the block invalid: the header commits to these very bytes. */
int block_reply_verified(struct replica *r, struct job *job, bool valid)
{
	struct block *body = job->blocks[0];
	struct node_block *block = block_find(r, &body->header.id);

	if (!block)
		return 0;
	block->verifying = false;
	r->recheck = true;
	if (!valid) {
		block->invalid = true;
		block->fetch_at = TIME_NEVER;
		return action_note(r, NOTE_WARNING, "event=invalid_block view=%llu reason=signature",
		                   (unsigned long long)block->header.view);
	}
	TRY(block_complete_decoded(r, block, body));
	/* An unknown parent is what is missing next; but what a leader alone says could have ancestors without end. */
	if (!block->vouched || block->header.height <= r->tip->header.height + 1)
		return 0;
	return block_want_id(r, block->header.view - 1, block->header.height - 1, &block->header.parent_id, r->now_ms);
}
