/* Who gets what comes in: messages of validators and wallets by their kind, and jobs whose signatures have been
 * checked.
 */
#include "canonical.h"
#include "replica_state.h"

/* ---- messages of validators ---- */

static int vote_receive(struct replica *r, uint32_t peer, const ProtobufCBinaryData *data)
{
	struct vote vote;

	TRY(vote_decode(data->data, data->len, &vote));
	if (vote.epoch != r->committee->epoch || vote.voter >= r->committee->size)
		return UNCIA_E_PROTOCOL;
	if (vote.voter == r->config.self || !consensus_vote_wanted(r->consensus, &vote) ||
	    jobs_have_vote(&r->step, peer, &vote))
		return 0;
	return job_vote(&r->step, JOB_VOTE, peer, &vote);
}

static int certificate_receive(struct replica *r, uint32_t peer, const ProtobufCBinaryData *data)
{
	struct certificate *certificate;

	TRY(certificate_decode(r->committee, data->data, data->len, &certificate));
	if (certificate->view <= r->chain.tip->header.view)
		return second_chain_look(r, peer, certificate);
	if (consensus_held(r->consensus, certificate->view, certificate->kind, &certificate->block_id) ||
	    jobs_have_certificate(&r->step, peer, certificate)) {
		free(certificate);
		return 0;
	}
	return sync_verify_certificate(&r->sync, peer, certificate);
}

static int newest_vote_receive(struct replica *r, uint32_t peer, const Uncia__Pb__NewestVoteReply *message)
{
	struct vote vote;

	uint32_t validator = step_validator(&r->step, peer);

	if (consensus_voting(r->consensus) != VOTING_NO || message->nonce != consensus_nonce(r->consensus) ||
	    validator == NOT_A_MEMBER)
		return 0;
	if (message->vote.len)
		TRY(vote_decode(message->vote.data, message->vote.len, &vote));
	int unknown = consensus_answered(r->consensus, validator, message->vote.len ? &vote : NULL);
	TRY(unknown);
	TRY(advance_carry_out(r));
	return unknown ? job_vote(&r->step, JOB_NEWEST_VOTE, peer, &vote) : 0;
}

/* One validator cannot fill the verifier: past its bounds its messages are left, and counted. What matters in them
 * comes again (consensus §6 rule 9). */
static bool is_too_much(const struct replica *r, uint32_t peer, const Uncia__Pb__PeerMessage *m)
{
	switch (m->kind_case) {
	case UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE:
	case UNCIA__PB__PEER_MESSAGE__KIND_VOTE:
	case UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE:
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY:
		return jobs_urgent_full(&r->step, peer);
	default: /* of gossip, each payment is */
		return false;
	}
}

static int peer_dispatch(struct replica *r, uint32_t peer, const Uncia__Pb__PeerMessage *m)
{
	if (is_too_much(r, peer, m)) {
		r->step.dropped_messages++;
		return 0;
	}
	switch (m->kind_case) {
	case UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE:
		return proposals_receive(r, peer, m->propose);
	case UNCIA__PB__PEER_MESSAGE__KIND_VOTE:
		return vote_receive(r, peer, &m->vote);
	case UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE:
		return certificate_receive(r, peer, &m->certificate);
	case UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP:
		return payments_gossip(&r->payments, peer, m->gossip);
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST:
		return sync_body_answer(&r->sync, peer, m->block_request);
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY:
		return sync_body_receive(&r->sync, peer, m->block_reply);
	case UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST:
		return sync_certificates_answer(&r->sync, peer, m->certificates_request);
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST:
		return sync_request_answer(&r->sync, peer, m->sync_request);
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY:
		return sync_reply_receive(&r->sync, peer, m->sync_reply);
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST:
		return sync_newest_vote_answer(&r->sync, peer, m->newest_vote_request);
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY:
		return newest_vote_receive(r, peer, m->newest_vote_reply);
	case UNCIA__PB__PEER_MESSAGE__KIND_STATUS:
		return sync_status_receive(&r->sync, peer, m->status);
	default:
		return UNCIA_E_ENCODING;
	}
}

/* A validator that is about to end answers questions, and takes nothing more in. */
static bool only_asks(const Uncia__Pb__PeerMessage *m)
{
	return m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST ||
	       m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST ||
	       m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST ||
	       m->kind_case == UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST;
}

int dispatch_peer(struct replica *r, uint32_t peer, struct bytes bytes)
{
	struct arena arena;
	ProtobufCMessage *message;

	assert(peer < r->step.peer_count);
	int screened = screen_peer(r, peer, bytes);
	if (screened)
		return screened < 0 ? screened : 0;
	if (step_shuns(&r->step, peer) || jobs_bytes_full(&r->step, peer)) {
		r->step.dropped_messages++;
		return 0;
	}
	arena_init_cached(&arena, canonical_arena_limit(bytes.size), &r->step.chunk_cache);
	int error = canonical_decode(&uncia__pb__peer_message__descriptor, bytes.data, bytes.size, &arena, &message);
	if (!error && (!r->ends_ms || only_asks((const Uncia__Pb__PeerMessage *)message)))
		error = peer_dispatch(r, peer, (const Uncia__Pb__PeerMessage *)message);
	arena_deinit(&arena);
	return error;
}

/* ---- messages of wallets ---- */

static int request_handle(struct replica *r, const struct event *event, const Uncia__Pb__WalletRequest *request)
{
	const struct wallet_link_id from = {event->wallet, event->origin};
	uint64_t wallet = event->wallet;
	struct payment_id id;

	if (!request->request_id)
		return UNCIA_E_ENCODING;
	/* Nothing of a chain beside which there is another one is shown to anybody as certain. */
	if (r->ends_ms && request->kind_case != UNCIA__PB__WALLET_REQUEST__KIND_STATUS)
		return step_drop_wallet(&r->step, wallet, 0);
	switch (request->kind_case) {
	case UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT:
		return payments_submit(&r->payments, &from, request->request_id,
		                       &(struct bytes){request->submit->payment.data, request->submit->payment.len});
	case UNCIA__PB__WALLET_REQUEST__KIND_PAYMENT:
		if (request->payment->payment_id.len != sizeof(id.b))
			return UNCIA_E_ENCODING;
		memcpy(id.b, request->payment->payment_id.data, sizeof(id.b));
		return serve_payment(&r->serve, wallet, request->request_id, &id);
	case UNCIA__PB__WALLET_REQUEST__KIND_ACCOUNT:
		return serve_account(&r->serve, wallet, request->request_id, request->account);
	case UNCIA__PB__WALLET_REQUEST__KIND_HISTORY:
		return serve_history(&r->serve, wallet, request->request_id, request->history);
	case UNCIA__PB__WALLET_REQUEST__KIND_WATCH:
		return serve_watch(&r->serve, wallet, request->request_id, request->watch);
	case UNCIA__PB__WALLET_REQUEST__KIND_WAITING:
		return serve_waiting(&r->serve, wallet, request->request_id, request->waiting);
	case UNCIA__PB__WALLET_REQUEST__KIND_STATUS:
		return status_answer(r, wallet, request->request_id);
	case UNCIA__PB__WALLET_REQUEST__KIND_VOTED:
		return voted_answer(r, wallet, request->request_id, request->voted);
	default:
		return UNCIA_E_ENCODING;
	}
}

int dispatch_wallet(struct replica *r, const struct event *event)
{
	struct bytes bytes = event->message;
	struct arena arena;
	ProtobufCMessage *message;

	if (bytes.size > MESSAGE_SIZE_REQUEST_MAX)
		return UNCIA_E_LIMIT;
	arena_init_cached(&arena, canonical_arena_limit(bytes.size), &r->step.chunk_cache);
	int error = canonical_decode(&uncia__pb__wallet_request__descriptor, bytes.data, bytes.size, &arena, &message);
	if (!error)
		error = request_handle(r, event, (const Uncia__Pb__WalletRequest *)message);
	arena_deinit(&arena);
	return error;
}

/* ---- verdicts ---- */

/* Takes the certificates of a verified job, in their order. */
static int job_take_certificates(struct replica *r, struct job *job)
{
	for (size_t i = 0; i < job->certificate_count; i++) {
		struct certificate *certificate = job->certificates[i];
		job->certificates[i] = NULL;
		TRY(consensus_certificate(r->consensus, certificate));
		TRY(advance_carry_out(r));
	}
	return 0;
}

/* An honest validator passes on only what it has verified: who sends a bad signature loses the link. */
static int job_blame(struct replica *r, const struct job *job)
{
	if (job->peer == PEER_WALLET)
		return 0;
	if (step_shuns(&r->step, job->peer))
		return 0; /* told already */
	TRY(step_drop_peer(&r->step, job->peer));
	proposals_dropped(r, job->peer);
	return step_note(&r->step, NOTE_WARNING, "event=bad_signature peer=%u kind=%d shunned_ms=%u", job->peer,
	                 (int)job->kind, PEER_SHUN_MS);
}

static int newest_vote_verified(struct replica *r, struct job *job)
{
	TRY(consensus_lost(r->consensus, &job->vote));
	return advance_carry_out(r);
}

/* A page of the final chain: its bodies are in the chain now. Its certificate may have been held before them. */
static int page_verified(struct replica *r, struct job *job, bool valid)
{
	TRY(sync_page_verified(&r->sync, job, valid));
	if (!valid)
		return 0;
	assert(job->block_count);
	const struct header *last = &job->blocks[job->block_count - 1]->header;
	const struct decided decided = {.wanted = true,
	                                .paged = true,
	                                .view = last->view,
	                                .id = last->id,
	                                .by_view = r->sync.by_view,
	                                .by_id = r->sync.by_id};
	TRY(job_take_certificates(r, job));
	TRY(decide(r, &decided));
	sync_page_taken(&r->sync, last->height);
	return 0;
}

/* The certificate that headers of the final chain have led to, in parts. */
static int anchors_verified(struct replica *r, struct job *job, bool valid)
{
	TRY(sync_anchors_verified(&r->sync, job, valid));
	return valid ? job_take_certificates(r, job) : 0;
}

/* Its sender was dropped before all of it was checked: nothing of it was wrong, as far as that is known. */
static int job_give_up(struct replica *r, struct job *job)
{
	switch (job->kind) {
	case JOB_PAYMENTS:
		return payments_given_up(&r->payments, job);
	case JOB_BLOCK:
		sync_body_given_up(&r->sync, job);
		return 0;
	case JOB_SYNC:
	case JOB_ANCHORS:
		sync_page_given_up(&r->sync);
		return 0;
	default:
		return 0;
	}
}

static int job_take(struct replica *r, struct job *job)
{
	bool valid = job_all_valid(job);

	if (r->ends_ms)
		return 0;
	if (job->verify.wrong)
		TRY(job_blame(r, job));
	if (job->verify.dropped)
		return job_give_up(r, job);
	if (job->kind == JOB_EXPIRIES)
		return serve_signed(&r->serve, job);
	if (!valid)
		TRY(job_blame(r, job));
	switch (job->kind) {
	case JOB_PAYMENTS: /* the one kind whose items stand and fall alone */
		return payments_verified(&r->payments, job);
	case JOB_BLOCK:
		return sync_body_verified(&r->sync, job, valid);
	case JOB_SYNC:
		return page_verified(r, job, valid);
	case JOB_ANCHORS:
		return anchors_verified(r, job, valid);
	default:
		break;
	}
	if (!valid)
		return 0;
	switch (job->kind) {
	case JOB_VOTE:
		TRY(consensus_vote(r->consensus, &job->vote));
		return advance_carry_out(r);
	case JOB_PROPOSAL:
		TRY(job_take_certificates(r, job));
		return proposals_verified(r, job);
	case JOB_NEWEST_VOTE:
		return newest_vote_verified(r, job);
	case JOB_SECOND_CHAIN:
		assert(job->certificate_count == 1);
		return second_chain_found(r, job->peer, job->certificates[0]);
	default:
		return job_take_certificates(r, job);
	}
}

static void job_end(struct replica *r, struct job *job)
{
	payments_job_release(&r->payments, job);
	proposals_forget(r, job);
	job_free(&r->step, job);
}

int dispatch_checked(struct replica *r)
{
	struct job *job;

	while ((job = job_next_checked(&r->step))) {
		uint32_t leader = job->kind == JOB_PROPOSAL ? job->peer : PEER_NONE;
		int error = job_take(r, job);
		job_end(r, job);
		TRY(error);
		if (leader != PEER_NONE)
			TRY(proposals_next(r, leader));
	}
	return 0;
}

void dispatch_deinit(struct replica *r)
{
	while (job_next_checked(&r->step))
		;
	while (r->step.jobs)
		job_end(r, r->step.jobs);
}

int dispatch_own_vote(struct replica *r, const struct vote *own)
{
	assert(own->voter == r->config.self);
	TRY(consensus_vote(r->consensus, own));
	return advance_carry_out(r);
}
