/* Catch-up and repair: what a validator that was away asks for and is told, what is said again when nothing moves, and
 * the question at the start whether a peer knows of votes of ours that the journal does not (consensus §6 rules 9, 10).
 */
#include "parts.h"

#define SYNC_REPLY_BYTES       (2u << 20)
#define SYNC_REPLY_BLOCKS      RECEIPT_DESCENDANTS_MAX /* so that each block in it can have its receipts */
#define SYNC_BLOCKS_MAX        4096u                   /* that are taken */
#define RESEND_BYTES           (1u << 20)
#define SYNC_RETRY_MS          2000u
#define NEWEST_RETRY_MS        500u
#define CERTIFICATES_REPLY_MAX 256u

/* ---- where everybody stands ---- */

static int send_status(struct replica *r, uint32_t peer)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;

	status.final_height = r->chain.tip->header.height;
	status.final_view = r->chain.tip->header.view;
	status.view = consensus_view(r->consensus);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	message.status = &status;
	return message_send(&r->step, r->chain.final_sequence, peer, &message);
}

/* consensus §6 rule 9: "resend own votes of all unsettled views, the highest finality certificate, and every
 * certificate above it": the newest first, which lead to the current view, and no more than fits a link's queue. What
 * is left out of older views, their certificates, is asked for by who misses it. It goes by the views that are held:
 * their numbers may lie as far apart as the signers of a certificate please. */
static int resend_all(struct replica *r, uint32_t peer)
{
	const struct certificate *certificate;
	const struct vote *own;
	struct consensus_walk walk;
	uint64_t view = 0;
	size_t size = 0;

	if (r->chain.final_certificate)
		TRY(message_send_certificate(&r->step, peer, r->chain.final_certificate));
	consensus_walk_begin(r->consensus, &walk);
	while (consensus_walk_next(r->consensus, &walk, &certificate, &own)) {
		uint64_t of = certificate ? certificate->view : own->view;
		if (of != view && size >= RESEND_BYTES) /* a view is sent whole */
			return 0;
		view = of;
		if (certificate) {
			TRY(message_send_certificate(&r->step, peer, certificate));
			size += certificate->size;
		} else { /* the identical bytes; votes of this very step wait for their commit */
			TRY(message_send_vote(&r->step, r->step.sequence, peer, own));
			size += sizeof(*own);
		}
	}
	return 0;
}

int sync_peer_up(struct replica *r, uint32_t peer)
{
	TRY(send_status(r, peer));
	TRY(resend_all(r, peer));
	return payments_to_peer(&r->payments, peer);
}

int sync_status_receive(struct replica *r, uint32_t peer, const Uncia__Pb__PeerStatus *message)
{
	r->peers[peer].final_height = message->final_height;
	if (message->final_height > r->chain.tip->header.height && r->sync_at == TIME_NEVER && !r->sync_active)
		r->sync_at = r->step.now_ms + FETCH_RETRY_MS; /* unless the last blocks come by themselves meanwhile */
	if (message->final_height >= r->chain.tip->header.height || !r->chain.final_certificate)
		return 0;
	/* Who is behind is told by how much: without that, it would not know whom to ask for the chain. Not at once
	 * again: two that both move on would each find the other behind, and answer each other for ever. */
	if (r->step.now_ms < r->peers[peer].told_at_ms + STANDSTILL_MS)
		return 0;
	r->peers[peer].told_at_ms = r->step.now_ms;
	TRY(send_status(r, peer));
	return message_send_certificate(&r->step, peer, r->chain.final_certificate);
}

/* ---- the final chain by height ---- */

static uint32_t sync_pick_peer(struct replica *r)
{
	for (uint32_t i = 1; i <= r->committee->size; i++) {
		uint32_t peer = (r->sync_peer + i) % r->committee->size;
		if (peer != r->config.self && r->step.peers[peer].up &&
		    r->peers[peer].final_height > r->chain.tip->header.height)
			return peer;
	}
	return PEER_NONE;
}

static int sync_ask(struct replica *r)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncRequest request = UNCIA__PB__SYNC_REQUEST__INIT;
	uint32_t peer = sync_pick_peer(r);

	r->sync_active = false;
	r->sync_at = TIME_NEVER;
	if (peer == PEER_NONE) {
		if (r->decision.wanted)
			r->sync_at = r->step.now_ms + SYNC_RETRY_MS;
		return 0;
	}
	r->sync_active = true;
	r->sync_peer = peer;
	r->sync_at = r->step.now_ms + SYNC_RETRY_MS;
	request.from_height = r->chain.tip->header.height + 1;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
	message.sync_request = &request;
	return message_send(&r->step, 0, peer, &message);
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
static int page_fill(struct replica *r, uint64_t height, struct sync_page *page, uint8_t **certificate, size_t *size)
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
		int error = journal_final(&r->step, height, &view, &id);
		if (error == UNCIA_E_NOT_FOUND)
			break;
		TRY(error);
		TRY(journal_block_bytes(&r->step, view, &id, &stored));
		/* The certificate and what frames the blocks have to go into the message too. */
		if (page->bytes + stored.size + 16 * page->count + 2 * CERTIFICATE_SIZE_MAX >
		    MESSAGE_SIZE_VALIDATOR_MAX)
			break;
		TRY(page_add(page, &stored));
		error = journal_finality(&r->step, view, &id, &stored);
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

int sync_request_answer(struct replica *r, uint32_t peer, const Uncia__Pb__SyncRequest *request)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncReply reply = UNCIA__PB__SYNC_REPLY__INIT;
	struct sync_page page = {0};
	uint8_t *certificate = NULL;
	size_t size = 0;

	if (!request->from_height)
		return UNCIA_E_ENCODING;
	if (!peer_share_left(r, peer))
		return 0;
	int error = page_fill(r, request->from_height, &page, &certificate, &size);
	if (!error) {
		page.list = malloc((page.count + 1) * sizeof(*page.list));
		error = page.list ? 0 : UNCIA_E_MEMORY;
	}
	for (size_t i = 0; !error && i < page.count; i++)
		page.list[i] = &page.blobs[i];
	reply.tip_height = r->chain.tip->header.height;
	reply.blocks = page.list;
	reply.n_blocks = page.count;
	if (page.count)
		reply.certificate = field_of(certificate, size);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY;
	message.sync_reply = &reply;
	r->peers[peer].share.owed += page.bytes;
	if (!error)
		error = message_send(&r->step, 0, peer, &message);
	page_free(&page);
	free(certificate);
	return error;
}

/* The blocks must chain from our tip, and the certificate must be a finality certificate of the last. */
static int sync_check(struct replica *r, const struct job *job, const struct certificate *certificate)
{
	const struct header *before = &r->chain.tip->header;

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

static int sync_take(struct replica *r, struct job *job, const Uncia__Pb__SyncReply *message)
{
	struct certificate *certificate;

	job->blocks = calloc(message->n_blocks, sizeof(struct block *));
	if (!job->blocks)
		return UNCIA_E_MEMORY;
	for (size_t i = 0; i < message->n_blocks; i++) {
		const ProtobufCBinaryData *data = &message->blocks[i]->data;
		TRY(block_decode(&r->network_id, data->data, data->len, &job->blocks[i]));
		job->block_count++;
	}
	TRY(certificate_decode(r->committee, message->certificate.data, message->certificate.len, &certificate));
	int error = sync_check(r, job, certificate);
	if (error) {
		free(certificate);
		return error;
	}
	TRY(job_certificate(r, job, certificate));
	for (size_t i = 0; i < job->block_count; i++)
		TRY(job_payments(r, job, job->blocks[i]));
	return 0;
}

/* Another peer is asked, a little later: who has nothing to give must not keep us busy. */
static void sync_again(struct replica *r)
{
	r->sync_active = false;
	r->sync_at = r->step.now_ms + FETCH_RETRY_MS;
}

int sync_reply_receive(struct replica *r, uint32_t peer, const Uncia__Pb__SyncReply *message)
{
	/* One answer to each question, and none while that is with the verifier. */
	if (!r->sync_active || peer != r->sync_peer || r->sync_at == TIME_NEVER)
		return 0;
	r->peers[peer].final_height = message->tip_height;
	if (!message->n_blocks) {
		sync_again(r);
		return 0;
	}
	if (message->n_blocks > SYNC_BLOCKS_MAX)
		return UNCIA_E_LIMIT;
	struct job *job = job_new(&r->step, JOB_SYNC, peer, 64);
	if (!job)
		return UNCIA_E_MEMORY;
	int error = sync_take(r, job, message);
	if (error) {
		job_free(&r->step, job);
		/* What does not chain is stale where the tip has moved; anything else is the peer's fault. */
		if (error != UNCIA_E_PROOF)
			return error;
		sync_again(r);
		return 0;
	}
	r->sync_at = TIME_NEVER; /* the verifier has it */
	return job_start(&r->step, job);
}

int sync_reply_verified(struct replica *r, struct job *job, bool valid)
{
	r->sync_active = false;
	if (!valid) {
		r->sync_at = r->step.now_ms;
		return step_note(&r->step, NOTE_WARNING, "event=bad_sync peer=%u", job->peer);
	}
	for (size_t i = 0; i < job->block_count; i++) {
		struct block *body = job->blocks[i];
		struct chain_block *block;
		if (body->header.height <= r->chain.tip->header.height)
			continue;
		TRY(chain_add(&r->chain, &body->header, r->step.now_ms, &block));
		TRY(chain_complete_decoded(&r->chain, block, body));
	}
	struct certificate *certificate = job->certificates[0];
	uint64_t view = certificate->view;
	struct hash id = certificate->block_id;
	job->certificates[0] = NULL;
	TRY(consensus_certificate(r->consensus, certificate));
	TRY(carry_out(r));
	TRY(finality_decide(r, view, &id)); /* the certificate may have been held before the bodies */
	return sync_ask(r);
}

/* ---- certificates by view range ---- */

int certificates_request_answer(struct replica *r, uint32_t peer, const Uncia__Pb__CertificatesRequest *request)
{
	struct journal_cursor cursor;
	struct bytes key, value;
	uint32_t count = 0;
	int error;

	if (!peer_share_left(r, peer))
		return 0;
	journal_cursor_begin(&cursor, JOURNAL_CERT, request->from_view);
	while (!(error = journal_cursor_next(&r->step, &cursor, &key, &value)) &&
	       be64_get(key.data) <= request->to_view && count++ < CERTIFICATES_REPLY_MAX) {
		Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
		message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
		message.certificate = field_of(value.data, value.size);
		r->peers[peer].share.owed += value.size;
		TRY(message_send(&r->step, 0, peer, &message));
	}
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

/* Takes the certificate, and adds the checks of those signatures that have not been seen good as votes already. */
int job_certificate(struct replica *r, struct job *job, struct certificate *certificate)
{
	size_t count = certificate->first_count + certificate->extra_count;

	TRY(job_keep_certificate(job, certificate));
	for (size_t i = 0; i < count; i++) {
		struct vote vote = certificate_signer_vote(certificate, i);
		if (!consensus_vote_known(r->consensus, &vote))
			TRY(job_signer(&r->step, job, certificate, i));
	}
	return 0;
}

/* Takes one certificate and has it checked, by itself. */
int job_one_certificate(struct replica *r, uint32_t peer, struct certificate *certificate)
{
	size_t signers = certificate->first_count + certificate->extra_count;
	struct job *job = job_new(&r->step, JOB_CERTIFICATES, peer, signers);

	if (!job) {
		free(certificate);
		return UNCIA_E_MEMORY;
	}
	int error = job_certificate(r, job, certificate);
	if (error) {
		job_free(&r->step, job);
		return error;
	}
	return job_start(&r->step, job);
}

/* Certificates between the final view and the current one that are missing: asked of one peer after the other. */
static int certificates_ask(struct replica *r)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__CertificatesRequest request = UNCIA__PB__CERTIFICATES_REQUEST__INIT;

	uint64_t current = consensus_view(r->consensus);

	if (current <= r->chain.tip->header.view + 1 || !r->step.peers_up)
		return 0;
	do
		r->repair_peer = (r->repair_peer + 1) % r->committee->size;
	while (!r->step.peers[r->repair_peer].up);
	/* A page of them is answered: what is held already must not fill it. */
	request.from_view = r->chain.tip->header.view + 1;
	while (request.from_view < current && consensus_has_certificate(r->consensus, request.from_view))
		request.from_view++;
	if (request.from_view == current)
		request.from_view = r->chain.tip->header.view + 1;
	request.to_view = current - 1;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST;
	message.certificates_request = &request;
	return message_send(&r->step, 0, r->repair_peer, &message);
}

/* ---- a journal that is older than what we once sent ---- */

int newest_vote_answer(struct replica *r, uint32_t peer, const Uncia__Pb__NewestVoteRequest *request)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__NewestVoteReply reply = UNCIA__PB__NEWEST_VOTE_REPLY__INIT;
	uint8_t bytes[256];
	size_t size = 0;

	const struct vote *newest = consensus_newest(r->consensus, peer);

	if (newest)
		TRY(vote_encode(newest, bytes, &size));
	reply.nonce = request->nonce;
	reply.vote = field_of(bytes, size);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY;
	message.newest_vote_reply = &reply;
	return message_send(&r->step, 0, peer, &message);
}

int newest_vote_receive(struct replica *r, uint32_t peer, const Uncia__Pb__NewestVoteReply *message)
{
	struct vote vote;

	if (consensus_voting(r->consensus) != VOTING_NO || message->nonce != consensus_nonce(r->consensus))
		return 0;
	if (message->vote.len)
		TRY(vote_decode(message->vote.data, message->vote.len, &vote));
	int unknown = consensus_answered(r->consensus, peer, message->vote.len ? &vote : NULL);
	TRY(unknown);
	TRY(carry_out(r));
	return unknown ? job_vote(&r->step, JOB_NEWEST_VOTE, peer, &vote) : 0;
}

int newest_vote_verified(struct replica *r, struct job *job)
{
	TRY(consensus_lost(r->consensus, &job->vote));
	return carry_out(r);
}

static int newest_vote_ask(struct replica *r)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__NewestVoteRequest request = UNCIA__PB__NEWEST_VOTE_REQUEST__INIT;

	request.nonce = consensus_nonce(r->consensus);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST;
	message.newest_vote_request = &request;
	for (uint32_t i = 0; i < r->committee->size; i++)
		if (i != r->config.self && r->step.peers[i].up && !consensus_has_answered(r->consensus, i))
			TRY(message_send(&r->step, 0, i, &message));
	r->newest_ask_at = r->step.now_ms + NEWEST_RETRY_MS;
	return 0;
}

/* ---- the clock ---- */

uint64_t sync_wake(const struct replica *r)
{
	uint64_t at = r->standstill_at;

	if (r->sync_at < at)
		at = r->sync_at;
	if (consensus_voting(r->consensus) == VOTING_NO && r->newest_ask_at < at)
		at = r->newest_ask_at;
	return at;
}

int sync_timer(struct replica *r)
{
	if (consensus_voting(r->consensus) == VOTING_NO && r->step.now_ms >= r->newest_ask_at)
		TRY(newest_vote_ask(r));
	if (r->step.now_ms >= r->sync_at)
		TRY(sync_ask(r));
	if (r->step.now_ms < r->standstill_at)
		return 0;
	/* consensus §6 rule 9: "each period without new finality". */
	r->standstill_at = r->step.now_ms + STANDSTILL_MS;
	if (r->step.now_ms < r->last_final_ms + STANDSTILL_MS + r->config.heartbeat_ms)
		return 0;
	TRY(send_status(r, PEER_ALL));
	TRY(resend_all(r, PEER_ALL));
	return certificates_ask(r);
}
