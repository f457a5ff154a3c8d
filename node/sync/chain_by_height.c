/* Catching up: pages of the final chain, by height. What is asked, and what comes; pages.c answers. See sync.h. */
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

#define SYNC_RETRY_MS    2000u
#define SYNC_LATE_MAX    3u     /* until the wait for a page doubles no more: 16 s */
#define SYNC_PARTS_ASKED 8u     /* so often in vain: headers are asked of somebody else, from the start */
#define SYNC_PARTS_MS    20000u /* and after so long, */
#define SYNC_PART_MS     1000u  /* and so much more for each part that has come */

/* Who has more than is final here, or whoever will, where this one follows; and was late least often; of those who are
 * alike, one after the other. */
static uint32_t sync_pick_peer(const struct sync *s)
{
	uint32_t best = PEER_NONE;

	if (s->anchors.asking)
		return s->anchors.peer;
	for (uint32_t i = 1; i <= s->step->peer_count; i++) {
		uint32_t peer = (s->asked_peer + i) % s->step->peer_count;
		if (peer == s->step->own_peer || !s->step->peers[peer].up ||
		    (!s->follows && s->peers[peer].final_height <= s->chain->tip->header.height))
			continue;
		if (best == PEER_NONE || s->peers[peer].late < s->peers[best].late)
			best = peer;
	}
	return best;
}

/* One page at a time is with the verifier, and one on its way to the disk: the next is asked for while the newest
 * taken is being written. */
static bool sync_room_for_page(const struct sync *s)
{
	return !s->verifying && !s->held && s->step->durable >= s->page_durable &&
	       s->chain->tip->header.height >= s->page_height;
}

static void sync_late(struct sync *s, uint32_t peer)
{
	if (s->peers[peer].late < UINT32_MAX)
		s->peers[peer].late++;
}

int sync_ask(struct sync *s)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__SyncRequest request = UNCIA__PB__SYNC_REQUEST__INIT;

	if (s->step->now_ms < s->ask_at || !sync_room_for_page(s))
		return 0;
	if (s->asked)
		sync_late(s, s->asked_peer);
	/* Headers prove nothing before their certificate has come: who makes them up, or is slow, must not keep this
	 * validator from asking those who may have a page. */
	if (s->anchors.asking &&
	    (++s->anchors.asked > SYNC_PARTS_ASKED ||
	     s->step->now_ms >= s->anchors.began_ms + SYNC_PARTS_MS + (uint64_t)SYNC_PART_MS * s->anchors.count)) {
		sync_late(s, s->anchors.peer);
		anchors_give_up(s);
	}
	anchors_trim(s);
	s->asked = false;
	s->ask_at = TIME_NEVER;
	uint32_t peer = sync_pick_peer(s);
	if (peer == PEER_NONE) {
		if (s->chain->decision.wanted)
			s->ask_at = s->step->now_ms + SYNC_RETRY_MS;
		return 0;
	}
	assert(peer < s->step->peer_count && peer != s->step->own_peer && s->step->peers[peer].up);
	s->asked = s->peers[peer].asked = true;
	s->asked_peer = peer;
	uint32_t late = s->peers[peer].late < SYNC_LATE_MAX ? s->peers[peer].late : SYNC_LATE_MAX;
	s->asked_ms = s->step->now_ms;
	s->ask_at = s->asked_ms + ((uint64_t)SYNC_RETRY_MS << late);
	anchors_question(s, &request);
	request.wait = s->follows && !request.headers;
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST;
	message.sync_request = &request;
	return message_send(s->step, 0, peer, &message);
}

uint64_t sync_ask_wake(const struct sync *s)
{
	return sync_room_for_page(s) ? s->ask_at : TIME_NEVER;
}

/* What the page's certificate must name follows `before`, header by header; without one, that must be proven already.
 */
static int sync_check_headers(const struct sync *s, const Uncia__Pb__SyncReply *message, const struct header *before,
                              const struct certificate *certificate, uint64_t *height)
{
	struct sync_anchor last = {.height = before->height, .view = before->view, .id = before->id};

	TRY(anchors_follow(s, message->headers, message->n_headers, &last));
	*height = last.height;
	if (!certificate)
		return anchors_prove(s, &last) ? 0 : UNCIA_E_PROOF;
	if (!certificate_is_final(certificate->kind) || certificate->view != last.view ||
	    !hash_equal(&certificate->block_id, &last.id))
		return UNCIA_E_PROOF;
	return 0;
}

/* How the first block of a page stands to the final chain: 0, on the tip; UNCIA_E_EXISTS, beside it; UNCIA_E_PROOF, it
 * tells nothing: the tip has moved, or is far away; or an error of this machine. */
static int page_begins(const struct sync *s, const struct header *first)
{
	const struct header *tip = &s->chain->tip->header;
	struct hash id;
	uint64_t view;

	if (first->height == tip->height + 1)
		return hash_equal(&first->parent_id, &tip->id) ? 0 : UNCIA_E_EXISTS;
	if (first->height > tip->height)
		return UNCIA_E_PROOF;
	int error = journal_final(s->step, first->height, &view, &id);
	if (error)
		return error == UNCIA_E_NOT_FOUND ? UNCIA_E_PROOF : error;
	return hash_equal(&first->id, &id) ? UNCIA_E_PROOF : UNCIA_E_EXISTS;
}

/* The blocks must follow each other, the headers them, and the certificate must be a finality certificate of the last:
 * then they are all final. *height: of what it names. */
static int page_chains(const struct sync *s, const struct job *job, const Uncia__Pb__SyncReply *message,
                       const struct certificate *certificate, uint64_t *height)
{
	const struct header *before = NULL;

	for (size_t i = 0; i < job->block_count; i++) {
		const struct header *header = &job->blocks[i]->header;
		if (before && (header->height != before->height + 1 || !hash_equal(&header->parent_id, &before->id) ||
		               header->view <= before->view))
			return UNCIA_E_PROOF;
		before = header;
	}
	assert(before); /* a page has a block */
	return sync_check_headers(s, message, before, certificate, height);
}

static int sync_take(struct sync *s, struct job *job, const Uncia__Pb__SyncReply *message)
{
	struct certificate *certificate = NULL;

	job->blocks = calloc(message->n_blocks, sizeof(struct block *));
	if (!job->blocks)
		return UNCIA_E_MEMORY;
	for (size_t i = 0; i < message->n_blocks; i++) {
		const ProtobufCBinaryData *data = &message->blocks[i]->data;
		TRY(block_decode(&s->step->network_id, data->data, data->len, &job->blocks[i]));
		job->block_count++;
	}
	if (message->certificate.len)
		TRY(certificate_decode(s->step->committee, message->certificate.data, message->certificate.len,
		                       &certificate));
	const struct header *first = &job->blocks[0]->header;
	int begins = page_begins(s, first), error = page_chains(s, job, message, certificate, &job->height);
	if (!error && !begins && first->view <= s->chain->tip->header.view)
		error = UNCIA_E_PROOF;
	if (!error && begins == UNCIA_E_EXISTS && !certificate)
		error = UNCIA_E_PROOF;
	if (error || (begins && begins != UNCIA_E_EXISTS)) {
		free(certificate);
		return error ? error : begins;
	}
	s->by_view = certificate ? certificate->view : s->anchors.by_view;
	s->by_id = certificate ? certificate->block_id : s->anchors.by_id;
	if (certificate)
		TRY(sync_job_certificate(s, job, certificate));
	if (begins) { /* consensus §6 rule 8: where the certificate holds, there is a second chain */
		job->kind = JOB_SECOND_CHAIN;
		return 0;
	}
	for (size_t i = 0; i < job->block_count; i++)
		TRY(sync_job_payments(s, job, job->blocks[i]));
	return 0;
}

/* Another peer is asked, a little later: who has nothing to give must not keep us busy. */
static void sync_again(struct sync *s, uint32_t peer)
{
	sync_late(s, peer);
	if (s->asked && s->asked_peer != peer)
		return; /* somebody else is asked already */
	s->asked = false;
	s->ask_at = s->step->now_ms + SYNC_FETCH_RETRY_MS;
}

bool sync_page_owed(const struct sync *s, uint32_t peer)
{
	return s->peers[peer].asked;
}

/* An answer without blocks: a part of the headers; or nothing, of one that has more all the same, since the next
 * finality certificate lies too far above for a page. */
static int sync_no_blocks(struct sync *s, uint32_t peer, const Uncia__Pb__SyncReply *message)
{
	bool part = s->anchors.asking && s->anchors.peer == peer;
	int taken = part && message->n_headers ? anchors_take(s, peer, message) : UNCIA_E_PROOF;

	if (taken >= 0) {
		s->asked = false;
		s->verifying = taken;
		s->ask_at = taken ? TIME_NEVER : s->step->now_ms;
		return 0;
	}
	if (taken != UNCIA_E_PROOF)
		return taken;
	sync_again(s, peer);
	if (part)
		anchors_give_up(s);
	else if (!s->anchors.asking && !s->anchors.proven && message->tip_height > s->chain->tip->header.height)
		anchors_begin(s, peer);
	return 0;
}

int sync_reply_receive(struct sync *s, uint32_t peer, const Uncia__Pb__SyncReply *message)
{
	assert(sync_page_owed(s, peer)); /* one answer to each question, however late */
	s->peers[peer].asked = false;
	s->peers[peer].final_height = message->tip_height;
	if (message->n_blocks > SYNC_BLOCKS_MAX || message->n_headers > SYNC_HEADERS_MAX)
		return UNCIA_E_LIMIT;
	if (s->verifying) /* none while another is with the verifier */
		return 0;
	if (!message->n_blocks)
		return sync_no_blocks(s, peer, message);
	struct job *job = job_new(s->step, JOB_SYNC, peer, 64);
	if (!job)
		return UNCIA_E_MEMORY;
	int error = sync_take(s, job, message);
	if (error) {
		job_free(s->step, job);
		/* What does not chain is stale where the tip has moved; anything else is the peer's fault. */
		if (error != UNCIA_E_PROOF)
			return error;
		sync_again(s, peer);
		return 0;
	}
	assert(job->block_count == message->n_blocks && job->certificate_count == (message->certificate.len > 0));
	if (job->kind == JOB_SECOND_CHAIN) {
		sync_again(s, peer);
		return job_start(s->step, job);
	}
	s->asked = false;
	s->verifying = true;
	s->ask_at = TIME_NEVER;
	return job_start(s->step, job);
}

int sync_page_verified(struct sync *s, struct job *job, bool valid)
{
	assert(s->verifying);
	s->verifying = false;
	if (!valid) {
		sync_late(s, job->peer);
		s->ask_at = s->step->now_ms;
		return step_note(s->step, NOTE_WARNING, "event=bad_sync peer=%u", job->peer);
	}
	s->peers[job->peer].late = 0;
	for (size_t i = 0; i < job->block_count; i++) {
		struct block *body = job->blocks[i];
		struct chain_block *block;
		if (body->header.height <= s->chain->tip->header.height)
			continue;
		TRY(chain_add(s->chain, &body->header, s->step->now_ms, &block));
		TRY(chain_complete_decoded(s->chain, block, body));
	}
	if (job->height > s->chain->decided_height)
		s->chain->decided_height = job->height;
	return 0;
}

void sync_page_given_up(struct sync *s)
{
	assert(s->verifying);
	s->verifying = false;
	s->ask_at = s->step->now_ms;
}

void sync_page_taken(struct sync *s, uint64_t height)
{
	s->page_height = height;
	s->page_durable = s->page_sequence;
	s->page_sequence = s->chain->final_sequence;
	s->ask_at = s->step->now_ms;
}

/* Who was late before is given longer to answer, but not while there is somebody better to ask: otherwise one that says
 * it is ahead, and answers nothing, could keep a validator waiting that falls behind in earnest. */
static void sync_ask_sooner(struct sync *s)
{
	uint32_t peer = sync_pick_peer(s);
	uint64_t at = s->asked_ms + SYNC_RETRY_MS;

	assert(s->asked);
	if (peer != PEER_NONE && s->peers[peer].late < s->peers[s->asked_peer].late && at < s->ask_at)
		s->ask_at = at;
}

/* The last blocks may come by themselves meanwhile. */
void sync_behind(struct sync *s)
{
	if (s->asked)
		sync_ask_sooner(s);
	else if (!s->verifying && s->ask_at == TIME_NEVER)
		s->ask_at = s->step->now_ms + SYNC_FETCH_RETRY_MS;
}
