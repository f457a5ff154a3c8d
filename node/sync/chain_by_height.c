/* Catching up: pages of the final chain, by height. See sync.h. */
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
#include "receipt.h"

#define SYNC_REPLY_BYTES  (2u << 20)
#define SYNC_REPLY_BLOCKS RECEIPT_DESCENDANTS_MAX /* so that each block in it can have its receipts */
#define SYNC_BLOCKS_MAX   4096u                   /* that are taken */
#define SYNC_RETRY_MS     2000u

static uint32_t sync_pick_peer(struct sync *s)
{
	for (uint32_t i = 1; i <= s->step->committee->size; i++) {
		uint32_t peer = (s->asked_peer + i) % s->step->committee->size;
		if (peer != s->step->self && s->step->peers[peer].up &&
		    s->peers[peer].final_height > s->chain->tip->header.height)
			return peer;
	}
	return PEER_NONE;
}

int sync_ask(struct sync *s)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncRequest request = UNCIA__PB__SYNC_REQUEST__INIT;
	uint32_t peer = sync_pick_peer(s);

	s->asked = false;
	s->ask_at = TIME_NEVER;
	if (peer == PEER_NONE) {
		if (s->chain->decision.wanted)
			s->ask_at = s->step->now_ms + SYNC_RETRY_MS;
		return 0;
	}
	assert(peer < s->step->committee->size && peer != s->step->self && s->step->peers[peer].up);
	s->asked = true;
	s->asked_peer = peer;
	s->ask_at = s->step->now_ms + SYNC_RETRY_MS;
	request.from_height = s->chain->tip->header.height + 1;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
	message.sync_request = &request;
	return message_send(s->step, 0, peer, &message);
}

struct sync_page { /* stored blocks of consecutive heights, copied */
	Uncia__Pb__Blob *blobs, **list;
	size_t count, capacity, bytes;
};

static int page_add(struct sync_page *page, const struct bytes *stored)
{
	if (page->count == page->capacity) {
		size_t capacity = page->capacity ? page->capacity * 2 : 64;
		Uncia__Pb__Blob *blobs = realloc(page->blobs, capacity * sizeof(*blobs));
		if (!blobs)
			return UNCIA_E_MEMORY;
		page->blobs = blobs;
		page->capacity = capacity;
	}
	uint8_t *copy = malloc(stored->size);
	if (!copy)
		return UNCIA_E_MEMORY;
	memcpy(copy, stored->data, stored->size);
	uncia__pb__blob__init(&page->blobs[page->count]);
	page->blobs[page->count++].data = (ProtobufCBinaryData){.len = stored->size, .data = copy};
	page->bytes += stored->size;
	return 0;
}

static void page_free(struct sync_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		free(page->blobs[i].data.data);
	free(page->blobs);
	free(page->list);
}

/* Blocks from `height` on, as far as a page goes: up to the last one in it with a finality certificate of its own. */
static int page_fill(struct sync *s, uint64_t height, struct sync_page *page, uint8_t **certificate, size_t *size)
{
	size_t final_count = 0;

	for (;; height++) {
		struct bytes stored;
		struct hash id;
		uint64_t view;
		if (page->count && page->bytes >= (final_count ? SYNC_REPLY_BYTES : MESSAGE_SIZE_VALIDATOR_MAX / 2))
			break;
		if (page->count >= (final_count ? SYNC_REPLY_BLOCKS : SYNC_BLOCKS_MAX))
			break;
		int error = journal_final(s->step, height, &view, &id);
		if (error == UNCIA_E_NOT_FOUND)
			break;
		TRY(error);
		TRY(journal_block_bytes(s->step, view, &id, &stored));
		/* The certificate and what frames the blocks have to go into the message too. */
		if (page->bytes + stored.size + 16 * page->count + 2 * CERTIFICATE_SIZE_MAX >
		    MESSAGE_SIZE_VALIDATOR_MAX)
			break;
		TRY(page_add(page, &stored));
		error = journal_finality(s->step, view, &id, &stored);
		if (error == UNCIA_E_NOT_FOUND)
			continue;
		TRY(error);
		free(*certificate);
		*certificate = malloc(stored.size);
		if (!*certificate)
			return UNCIA_E_MEMORY;
		memcpy(*certificate, stored.data, stored.size);
		*size = stored.size;
		final_count = page->count;
	}
	while (page->count > final_count)
		free(page->blobs[--page->count].data.data);
	return 0;
}

int sync_request_answer(struct sync *s, uint32_t peer, const Uncia__Pb__SyncRequest *request)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;
	struct sync_page page = {0};
	uint8_t *certificate = NULL;
	size_t size = 0;

	if (!request->from_height)
		return UNCIA_E_ENCODING;
	if (!sync_budget_left(s, peer))
		return 0;
	int error = page_fill(s, request->from_height, &page, &certificate, &size);
	if (!error) {
		page.list = malloc((page.count + 1) * sizeof(*page.list));
		error = page.list ? 0 : UNCIA_E_MEMORY;
	}
	for (size_t i = 0; !error && i < page.count; i++)
		page.list[i] = &page.blobs[i];
	reply.tip_height = s->chain->tip->header.height;
	reply.blocks = page.list;
	reply.n_blocks = page.count;
	if (page.count)
		reply.certificate = field_of(certificate, size);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	message.sync_reply = &reply;
	s->peers[peer].budget.owed += page.bytes;
	if (!error)
		error = message_send(s->step, 0, peer, &message);
	page_free(&page);
	free(certificate);
	return error;
}

/* The blocks must chain from our tip, and the certificate must be a finality certificate of the last. */
static int sync_check(struct sync *s, const struct job *job, const struct certificate *certificate)
{
	const struct header *before = &s->chain->tip->header;

	for (size_t i = 0; i < job->block_count; i++) {
		const struct header *header = &job->blocks[i]->header;
		if (header->height != before->height + 1 || !hash_equal(&header->parent_id, &before->id) ||
		    header->view <= before->view)
			return UNCIA_E_PROOF;
		before = header;
	}
	if (!certificate_is_final(certificate->kind) || certificate->view != before->view ||
	    !hash_equal(&certificate->block_id, &before->id))
		return UNCIA_E_PROOF;
	return 0;
}

static int sync_take(struct sync *s, struct job *job, const Uncia__Pb__SyncReply *message)
{
	struct certificate *certificate;

	job->blocks = calloc(message->n_blocks, sizeof(struct block *));
	if (!job->blocks)
		return UNCIA_E_MEMORY;
	for (size_t i = 0; i < message->n_blocks; i++) {
		const ProtobufCBinaryData *data = &message->blocks[i]->data;
		TRY(block_decode(&s->step->network_id, data->data, data->len, &job->blocks[i]));
		job->block_count++;
	}
	TRY(certificate_decode(s->step->committee, message->certificate.data, message->certificate.len, &certificate));
	int error = sync_check(s, job, certificate);
	if (error) {
		free(certificate);
		return error;
	}
	TRY(sync_job_certificate(s, job, certificate));
	for (size_t i = 0; i < job->block_count; i++)
		TRY(sync_job_payments(s, job, job->blocks[i]));
	return 0;
}

/* Another peer is asked, a little later: who has nothing to give must not keep us busy. */
static void sync_again(struct sync *s)
{
	s->asked = false;
	s->ask_at = s->step->now_ms + SYNC_FETCH_RETRY_MS;
}

int sync_reply_receive(struct sync *s, uint32_t peer, const Uncia__Pb__SyncReply *message)
{
	/* One answer to each question, and none while that is with the verifier. */
	if (!s->asked || peer != s->asked_peer || s->ask_at == TIME_NEVER)
		return 0;
	s->peers[peer].final_height = message->tip_height;
	if (!message->n_blocks) {
		sync_again(s);
		return 0;
	}
	if (message->n_blocks > SYNC_BLOCKS_MAX)
		return UNCIA_E_LIMIT;
	struct job *job = job_new(s->step, JOB_SYNC, peer, 64);
	if (!job)
		return UNCIA_E_MEMORY;
	int error = sync_take(s, job, message);
	if (error) {
		job_free(s->step, job);
		/* What does not chain is stale where the tip has moved; anything else is the peer's fault. */
		if (error != UNCIA_E_PROOF)
			return error;
		sync_again(s);
		return 0;
	}
	assert(s->asked && job->block_count == message->n_blocks && job->certificate_count == 1);
	s->ask_at = TIME_NEVER; /* the verifier has it */
	return job_start(s->step, job);
}

int sync_page_verified(struct sync *s, struct job *job, bool valid)
{
	assert(s->asked);
	s->asked = false;
	if (!valid) {
		s->ask_at = s->step->now_ms;
		return step_note(s->step, NOTE_WARNING, "event=bad_sync peer=%u", job->peer);
	}
	for (size_t i = 0; i < job->block_count; i++) {
		struct block *body = job->blocks[i];
		struct chain_block *block;
		if (body->header.height <= s->chain->tip->header.height)
			continue;
		TRY(chain_add(s->chain, &body->header, s->step->now_ms, &block));
		TRY(chain_complete_decoded(s->chain, block, body));
	}
	return 0;
}

void sync_page_given_up(struct sync *s)
{
	assert(s->asked && s->ask_at == TIME_NEVER);
	s->asked = false;
	s->ask_at = s->step->now_ms;
}

int sync_page_taken(struct sync *s)
{
	return sync_ask(s);
}

void sync_behind(struct sync *s)
{
	if (!s->asked && s->ask_at == TIME_NEVER)
		s->ask_at = s->step->now_ms + SYNC_FETCH_RETRY_MS;
}
