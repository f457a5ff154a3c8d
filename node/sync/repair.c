/* Where everybody stands, what is said again when nothing moves, and the question at the start whether a peer knows of
 * votes of ours that the journal does not. See sync.h. */
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

#define RESEND_BYTES    (1u << 20)
#define NEWEST_RETRY_MS 500u

static int send_status(struct sync *s, uint32_t peer)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__PeerStatus status = UNCIA__PB__PEER_STATUS__INIT;

	status.final_height = s->chain->tip->header.height;
	status.final_view = s->chain->tip->header.view;
	status.view = consensus_view(s->consensus);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_STATUS;
	message.status = &status;
	return message_send(s->step, s->chain->final_sequence, peer, &message);
}

/* consensus §6 rule 9: "resend own votes of all open views, the highest finality certificate, and every
 * certificate above it": the newest first, which lead to the current view, and no more than fits a link's queue. What
 * is left out of older views, their certificates, is asked for by who misses it. It goes by the views that are held:
 * their numbers may lie as far apart as the signers of a certificate please. */
int sync_resend(struct sync *s, uint32_t peer)
{
	const struct certificate *certificate;
	const struct vote *own;
	struct consensus_walk walk;
	uint64_t view = 0;
	size_t size = 0;

	if (s->chain->final_certificate)
		TRY(message_send_certificate(s->step, peer, s->chain->final_certificate));
	consensus_walk_begin(s->consensus, &walk);
	while (consensus_walk_next(s->consensus, &walk, &certificate, &own)) {
		uint64_t of = certificate ? certificate->view : own->view;
		if (of != view && size >= RESEND_BYTES) /* a view is sent whole */
			return 0;
		view = of;
		if (certificate) {
			TRY(message_send_certificate(s->step, peer, certificate));
			size += certificate->size;
		} else { /* the identical bytes; votes of this very step wait for their commit */
			TRY(message_send_vote(s->step, s->step->sequence, peer, own));
			size += sizeof(*own);
		}
	}
	return 0;
}

int sync_peer_up(struct sync *s, uint32_t peer)
{
	s->newest_ask_at = s->step->now_ms;
	if (s->follows && !s->asked && !s->verifying)
		s->ask_at = s->step->now_ms;
	return send_status(s, peer);
}

int sync_status_receive(struct sync *s, uint32_t peer, const Uncia__Pb__PeerStatus *message)
{
	s->peers[peer].final_height = message->final_height;
	if (message->final_height > s->chain->tip->header.height)
		sync_behind(s);
	if (message->final_height >= s->chain->tip->header.height)
		return 0;
	/* Who is behind is told by how much: without that, it would not know whom to ask for the chain. Not at once
	 * again: two that both move on would each find the other behind, and answer each other for ever. */
	if (s->step->now_ms < s->peers[peer].told_at_ms + STANDSTILL_MS)
		return 0;
	assert(s->chain->tip->header.height);
	s->peers[peer].told_at_ms = s->step->now_ms;
	TRY(send_status(s, peer));
	return s->chain->final_certificate ? message_send_certificate(s->step, peer, s->chain->final_certificate) : 0;
}

void sync_peer_down(struct sync *s, uint32_t peer)
{
	s->peers[peer].page_from = 0;
	if (s->anchors.peer == peer)
		anchors_give_up(s);
	sync_run_free(&s->peers[peer].run);
	s->peers[peer].asked = false;
	s->peers[peer].bodies_asked = 0;
	if (s->asked && s->asked_peer == peer)
		s->ask_at = s->step->now_ms;
}

int sync_newest_vote_answer(struct sync *s, uint32_t peer, const Uncia__Pb__NewestVoteRequest *request)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__NewestVoteReply reply = UNCIA__PB__NEWEST_VOTE_REPLY__INIT;
	uint8_t bytes[256];
	size_t size = 0;

	uint32_t validator = step_validator(s->step, peer);
	const struct vote *newest = validator == NOT_A_MEMBER ? NULL : consensus_newest(s->consensus, validator);

	if (newest)
		TRY(vote_encode(newest, bytes, &size));
	reply.nonce = request->nonce;
	reply.vote = field_of(bytes, size);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY;
	message.newest_vote_reply = &reply;
	return message_send(s->step, 0, peer, &message);
}

static int newest_vote_ask(struct sync *s)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__NewestVoteRequest request = UNCIA__PB__NEWEST_VOTE_REQUEST__INIT;

	request.nonce = consensus_nonce(s->consensus);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST;
	message.newest_vote_request = &request;
	for (uint32_t i = 0; i < s->step->committee->size; i++) {
		uint32_t peer = step_peer_of(s->step, i);
		if (i != s->step->self && s->step->peers[peer].up && !consensus_has_answered(s->consensus, i))
			TRY(message_send(s->step, 0, peer, &message));
	}
	s->newest_ask_at = s->step->now_ms + NEWEST_RETRY_MS;
	return 0;
}

uint64_t sync_wake(const struct sync *s)
{
	uint64_t at = s->standstill_at;

	const uint64_t due[] = {sync_ask_wake(s), sync_pages_wake(s), sync_far(s) ? TIME_NEVER : chain_wake(s->chain)};
	for (size_t i = 0; i < sizeof(due) / sizeof(due[0]); i++)
		if (due[i] < at)
			at = due[i];
	if (consensus_voting(s->consensus) == VOTING_NO && s->newest_ask_at < at)
		at = s->newest_ask_at;
	return at;
}

int sync_timer(struct sync *s)
{
	if (consensus_voting(s->consensus) == VOTING_NO && s->step->now_ms >= s->newest_ask_at)
		TRY(newest_vote_ask(s));
	TRY(sync_ask(s));
	TRY(sync_pages_answer(s));
	if (s->step->now_ms < s->standstill_at)
		return 0;
	/* consensus §6 rule 9: "each period without new finality". */
	s->standstill_at = s->step->now_ms + STANDSTILL_MS;
	if (s->step->now_ms < s->last_final_ms + STANDSTILL_MS + s->heartbeat_ms)
		return 0;
	TRY(send_status(s, PEER_ALL));
	if (s->follows)
		return 0;
	TRY(sync_resend(s, PEER_ALL));
	return sync_ask_certificates(s);
}
