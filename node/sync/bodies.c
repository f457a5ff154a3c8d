/* Whole blocks by id: asked for, answered, taken in (docs/spec/consensus.md §6 rule 10). See sync.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "sync_room.h"
#include "big_endian.h"
#include "canonical.h"
#include "fields.h"
#include "journal.h"
#include "messages.h"
#include "try.h"
#include "uncia/error.h"

#define FETCH_ROUNDS 3u /* until the wait for a body doubles no more: 2 s */

/* Who was asked in vain may be on a slow link: each round through all peers waits twice as long. */
static uint64_t fetch_again_ms(const struct sync *s, const struct chain_block *block)
{
	uint32_t rounds = block->fetch_tries / s->step->peer_count;

	return s->step->now_ms + ((uint64_t)SYNC_FETCH_RETRY_MS << (rounds < FETCH_ROUNDS ? rounds : FETCH_ROUNDS));
}

/* Observers have what is final alone, and that comes by pages. */
static bool body_may_be_there(const struct sync *s, uint32_t peer)
{
	return s->step->peers[peer].up && step_validator(s->step, peer) != NOT_A_MEMBER;
}

/* Its leader is asked first, then one validator after the other. */
int sync_fetch_bodies(struct sync *s)
{
	struct chain_block *block;

	if (sync_far(s))
		return 0;
	while ((block = chain_next_wanted(s->chain, s->step->now_ms))) {
		uint32_t leader = committee_leader(s->step->committee, block->header.view), tried = 0;
		uint32_t peer = (step_peer_of(s->step, leader) + block->fetch_tries) % s->step->peer_count;
		while (!body_may_be_there(s, peer) && tried++ < s->step->peer_count)
			peer = (peer + 1) % s->step->peer_count;
		chain_asked(s->chain, block, fetch_again_ms(s, block));
		if (!body_may_be_there(s, peer))
			continue;
		assert(peer != s->step->own_peer && !chain_has_body(block));
		Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
		Uncia__Pb__BlockRequest request = UNCIA__PB__BLOCK_REQUEST__INIT;
		request.block_id = field_of(block->header.id.b, HASH_SIZE);
		request.view = block->header.view;
		request.height = block->header.height;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST;
		message.block_request = &request;
		TRY(message_send(s->step, 0, peer, &message));
		if (s->peers[peer].bodies_asked < SYNC_BODIES_OWED)
			s->peers[peer].bodies_asked++;
	}
	return 0;
}

bool sync_body_owed(struct sync *s, uint32_t peer)
{
	if (!s->peers[peer].bodies_asked)
		return false;
	s->peers[peer].bodies_asked--;
	return true;
}

/* By view and id; or, a view that was only guessed, by height and id where the block is final. */
static int stored_body(struct sync *s, const Uncia__Pb__BlockRequest *request, const struct hash *id,
                       struct bytes *stored)
{
	struct hash final_id;
	uint64_t view;
	int error = journal_block_bytes(s->step, request->view, id, stored);

	if (error != UNCIA_E_NOT_FOUND || !request->height)
		return error;
	TRY(journal_final(s->step, request->height, &view, &final_id));
	if (!hash_equal(&final_id, id))
		return UNCIA_E_NOT_FOUND;
	return journal_block_bytes(s->step, view, id, stored);
}

int sync_body_answer(struct sync *s, uint32_t peer, const Uncia__Pb__BlockRequest *request)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__BlockReply reply = UNCIA__PB__BLOCK_REPLY__INIT;
	struct bytes stored;
	struct hash id;

	if (!field_copy(&request->block_id, id.b, HASH_SIZE))
		return UNCIA_E_ENCODING;
	if (!sync_budget_left(s, peer, SHARE_BODIES))
		return 0;
	struct chain_block *block = chain_find(s->chain, &id);
	if (block && chain_has_body(block)) {
		reply.block = field_of(block->bytes, block->size);
	} else {
		int error = stored_body(s, request, &id, &stored);
		if (error == UNCIA_E_NOT_FOUND)
			return 0;
		TRY(error);
		reply.block = field_of(stored.data, stored.size);
	}
	s->peers[peer].budgets[SHARE_BODIES].owed += reply.block.len;
	const struct chain_block *parent = block ? chain_find(s->chain, &block->header.parent_id) : NULL;
	const struct certificate *certificate =
	    parent ? consensus_notarised(s->consensus, parent->header.view, &parent->header.id) : NULL;
	if (certificate)
		reply.parent_certificate = field_of(certificate->bytes, certificate->size);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY;
	message.block_reply = &reply;
	return message_send_answer(s->step, peer, &message);
}

int sync_job_payments(struct sync *s, struct job *job, const struct block *block)
{
	for (uint32_t i = 0; i < block->count; i++) {
		const struct payment *payment = block->payments[i];
		bool check_key;
		int due = chain_signature_due(s->chain, payment, &check_key);
		TRY(due);
		if (due)
			TRY(job_payment(job, payment, check_key));
	}
	return 0;
}

static int parent_certificate_receive(struct sync *s, uint32_t peer, const ProtobufCBinaryData *data)
{
	struct certificate *certificate;

	if (!data->len)
		return 0;
	TRY(certificate_decode(s->step->committee, data->data, data->len, &certificate));
	return sync_verify_certificate(s, peer, certificate);
}

/* Its header says whether it is the body that is wanted: the rest is many payments, and decoded only then. */
int sync_body_receive(struct sync *s, uint32_t peer, const Uncia__Pb__BlockReply *message)
{
	const ProtobufCBinaryData *data = &message->block;
	struct header header;
	struct block *body;

	TRY(block_header(data->data, data->len, &header));
	struct chain_block *block = chain_find(s->chain, &header.id);
	if (!block || block->state >= CHAIN_VERIFYING || block->fetch_at == TIME_NEVER)
		return 0;
	TRY(block_decode(&s->step->network_id, data->data, data->len, &body));
	assert(hash_equal(&body->header.id, &header.id));
	TRY(chain_add(s->chain, &body->header, s->step->now_ms, &block));
	struct job *job = job_new(s->step, JOB_BLOCK, peer, body->count);
	struct block **blocks = job ? malloc(sizeof(*blocks)) : NULL;
	if (!blocks) {
		block_free(body);
		if (job)
			job_free(s->step, job);
		return UNCIA_E_MEMORY;
	}
	blocks[0] = body;
	job->blocks = blocks;
	job->block_count = 1;
	int error = sync_job_payments(s, job, body);
	if (error) {
		job_free(s->step, job);
		return error;
	}
	assert(block->fetch_at != TIME_NEVER);
	chain_verifying(s->chain, block);
	TRY(job_start(s->step, job));
	return parent_certificate_receive(s, peer, &message->parent_certificate);
}

void sync_body_given_up(struct sync *s, const struct job *job)
{
	struct chain_block *block = chain_find(s->chain, &job->blocks[0]->header.id);

	if (!block || block->state != CHAIN_VERIFYING)
		return;
	chain_unverified(s->chain, block);
	chain_want(s->chain, block, s->step->now_ms);
}

/* A body with a signature that does not hold makes the block invalid: the header commits to these very bytes. */
int sync_body_verified(struct sync *s, struct job *job, bool valid)
{
	struct block *body = job->blocks[0];
	struct chain_block *block = chain_find(s->chain, &body->header.id);

	if (!block)
		return 0;
	/* It may have been forgotten meanwhile, and named again. */
	TRY(chain_add(s->chain, &body->header, s->step->now_ms, &block));
	if (!valid) {
		if (block->state < CHAIN_BODY)
			chain_invalid(s->chain, block);
		return step_note(s->step, NOTE_WARNING, "event=invalid_block view=%llu reason=signature",
		                 (unsigned long long)block->header.view);
	}
	TRY(chain_complete_decoded(s->chain, block, body));
	/* An unknown parent is what is missing next; but what a leader alone says could have ancestors without end. */
	if (!block->vouched || block->header.height <= s->chain->tip->header.height + 1)
		return 0;
	const struct header parent = {
	    .view = block->header.view - 1, .height = block->header.height - 1, .id = block->header.parent_id};
	return chain_want_named(s->chain, &parent, s->step->now_ms, s->step->now_ms);
}
