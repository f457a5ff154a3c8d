/* Receiving blocks, as short ids (docs/spec/consensus.md §6 rule 4, network.md §8). See replica_state.h. */
#include "replica_state.h"

static bool header_plausible(struct replica *r, const struct header *h)
{
	return h->epoch == r->committee->epoch && hash_equal(&h->committee_hash, &r->committee->hash) &&
	       h->proposer == committee_leader(r->committee, h->view) && consensus_in_window(r->consensus, h->view);
}

/* The certificate of the parent, where it is missing here. Another block's leads to nothing: it is left. */
static int parent_certificate(struct replica *r, struct job *job, const ProtobufCBinaryData *data, uint64_t *leads_to)
{
	struct certificate *certificate;
	const struct header *header = &job->header, *tip = &r->chain.tip->header;

	*leads_to = 0;
	if (hash_equal(&header->parent_id, &tip->id)) {
		*leads_to = tip->view + 1;
		return 0;
	}
	if (!data->len)
		return 0;
	TRY(certificate_decode(r->committee, data->data, data->len, &certificate));
	if (certificate->kind == CERT_S || !hash_equal(&certificate->block_id, &header->parent_id) ||
	    certificate->view <= tip->view || certificate->view >= header->view) {
		free(certificate);
		return 0;
	}
	*leads_to = certificate->view + 1;
	if (consensus_notarised(r->consensus, certificate->view, &certificate->block_id)) {
		free(certificate);
		return 0;
	}
	return sync_job_certificate(&r->sync, job, certificate);
}

/* Those of the views that were skipped: one a view, up to the one before the block's. In any other order, or of another
 * kind, no validator sends them. Those that are held or past need no check. */
static int skip_certificates(struct replica *r, struct job *job, const Uncia__Pb__Propose *message)
{
	struct certificate *certificate;

	for (size_t i = 0; i < message->n_skips; i++) {
		const ProtobufCBinaryData *data = &message->skips[i]->data;
		TRY(certificate_decode(r->committee, data->data, data->len, &certificate));
		bool fits =
		    certificate->kind == CERT_S && certificate->view == job->header.view - (message->n_skips - i);
		if (!fits || certificate->view <= r->chain.tip->header.view ||
		    consensus_held(r->consensus, certificate->view, CERT_S, NULL)) {
			free(certificate);
			if (!fits)
				return UNCIA_E_PROTOCOL;
			continue;
		}
		TRY(sync_job_certificate(&r->sync, job, certificate));
	}
	return 0;
}

/* Adds what has to be checked of its certificates. Returns 1; 0 where they do not lead from its parent to its view, so
 * that nothing of them need be checked; or an error. */
static int proposal_certificates(struct replica *r, struct job *job, const Uncia__Pb__Propose *message)
{
	uint64_t view = job->header.view, leads_to;

	if (message->n_skips >= view)
		return UNCIA_E_PROTOCOL;
	TRY(parent_certificate(r, job, &message->parent_certificate, &leads_to));
	/* In a view that this validator is in already, what is missing may be held, or come later. */
	if (view > consensus_view(r->consensus) && !message->n_skips && leads_to != view)
		return 0;
	TRY(skip_certificates(r, job, message));
	return 1;
}

/* Its short ids have come, or its body: nothing in a proposal would be new. One whose body is with the verifier, or is
 * wrong, still brings its leader's vote. */
static bool proposal_taken(const struct chain_block *block)
{
	return block->state == CHAIN_MATCHING || block->state == CHAIN_BODY || block->state == CHAIN_EXECUTED ||
	       block->state == CHAIN_FINAL;
}

/* One proposal of a leader is with the verifier at a time, and one more waits here: that of the highest view. */
static bool proposal_waits_in_vain(const struct replica *r, uint32_t peer, const struct header *header)
{
	const struct proposals *of = &r->proposals[peer];

	if (of->under_way && hash_equal(&of->under_way->header.id, &header->id))
		return true;
	return of->under_way && of->waiting && of->waiting->header.view >= header->view;
}

static int proposal_start(struct replica *r, struct job *job)
{
	struct proposals *of = &r->proposals[job->peer];

	if (!of->under_way) {
		of->under_way = job;
		return job_start(&r->step, job);
	}
	if (of->waiting)
		job_free(&r->step, of->waiting);
	of->waiting = job;
	return 0;
}

int proposals_next(struct replica *r, uint32_t peer)
{
	struct proposals *of = &r->proposals[peer];

	if (of->under_way || !of->waiting)
		return 0;
	of->under_way = of->waiting;
	of->waiting = NULL;
	return job_start(&r->step, of->under_way);
}

void proposals_forget(struct replica *r, const struct job *job)
{
	if (job->kind != JOB_PROPOSAL)
		return;
	struct proposals *of = &r->proposals[job->peer];
	if (of->under_way == job)
		of->under_way = NULL;
	if (of->waiting == job)
		of->waiting = NULL;
}

void proposals_dropped(struct replica *r, uint32_t peer)
{
	struct job *waiting = r->proposals[peer].waiting;

	r->proposals[peer].waiting = NULL;
	if (waiting)
		job_free(&r->step, waiting);
}

/* The job of a proposal, and in it what the message says; its certificates are still to be added. NULL: no memory. */
static struct job *proposal_job(struct replica *r, uint32_t peer, const struct header *header,
                                const Uncia__Pb__Propose *message)
{
	struct job *job = job_new(&r->step, JOB_PROPOSAL, peer, 4);
	uint8_t *short_ids = job ? malloc(message->short_ids.len + 1) : NULL;

	if (!short_ids) {
		if (job)
			job_free(&r->step, job);
		return NULL;
	}
	job->header = *header;
	job->vote = (struct vote){.epoch = header->epoch,
	                          .kind = VOTE_NOTAR1,
	                          .view = header->view,
	                          .block_id = header->id,
	                          .voter = header->proposer};
	memcpy(job->vote.signature, message->signature.data, SIGNATURE_SIZE);
	if (message->short_ids.len)
		memcpy(short_ids, message->short_ids.data, message->short_ids.len);
	job->short_ids = (struct bytes){short_ids, message->short_ids.len};
	return job;
}

/* A second block of one leader in one view is evidence against it, and no more than that: only its vote is looked at.
 */
static int second_block(struct replica *r, uint32_t peer, const struct job *job)
{
	if (!consensus_vote_wanted(r->consensus, &job->vote) || jobs_have_vote(&r->step, peer, &job->vote))
		return 0;
	return job_vote(&r->step, JOB_VOTE, peer, &job->vote);
}

int proposals_receive(struct replica *r, uint32_t peer, const Uncia__Pb__Propose *message)
{
	struct header header;
	struct hash digest;

	TRY(header_decode(message->header.data, message->header.len, &header));
	if (message->signature.len != SIGNATURE_SIZE || message->short_ids.len != (size_t)header.payment_count * 8)
		return UNCIA_E_ENCODING;
	if (message->n_skips > PROPOSE_SKIPS_MAX)
		return UNCIA_E_LIMIT;
	struct chain_block *known = chain_find(&r->chain, &header.id);
	if (step_validator(&r->step, peer) != header.proposer || !header_plausible(r, &header) ||
	    (known && proposal_taken(known)) || proposal_waits_in_vain(r, peer, &header))
		return 0;
	TRY(clock_learn(r, &header));
	struct job *job = proposal_job(r, peer, &header, message);
	if (!job)
		return UNCIA_E_MEMORY;
	const struct vote *first = consensus_first_vote(r->consensus, header.view, header.proposer);
	bool second = first && !hash_equal(&first->block_id, &header.id) && !known;
	int leads = second ? second_block(r, peer, job) : proposal_certificates(r, job, message);
	if (leads <= 0) {
		job_free(&r->step, job);
		return leads;
	}
	int error = 0;
	job->vote_due = consensus_vote_wanted(r->consensus, &job->vote);
	if (job->vote_due) {
		vote_digest(&r->step.network_id, header.epoch, VOTE_NOTAR1, header.view, &header.id, &digest);
		error = job_item(job, r->committee->validators[header.proposer].consensus_key, &digest,
		                 job->vote.signature, false);
	}
	if (error) {
		job_free(&r->step, job);
		return error;
	}
	return proposal_start(r, job);
}

int proposals_verified(struct replica *r, struct job *job)
{
	struct chain_block *block;

	if (job->vote_due) {
		TRY(consensus_vote(r->consensus, &job->vote));
		TRY(advance_carry_out(r));
	}
	/* Its certificates have led here to the view that an honest leader is in. */
	if (!consensus_in_window(r->consensus, job->header.view) || job->header.view > consensus_view(r->consensus))
		return 0;
	/* One proposal a view is kept: the leader's first, or one that is wanted for other reasons. */
	const struct vote *first = consensus_first_vote(r->consensus, job->header.view, job->header.proposer);
	if (!(first && hash_equal(&first->block_id, &job->header.id)) && !chain_find(&r->chain, &job->header.id))
		return 0;
	TRY(chain_add(&r->chain, &job->header, r->step.now_ms, &block));
	if (block->state != CHAIN_HEADER || sync_far(&r->sync))
		return 0;
	assert(job->short_ids.size == 8 * (size_t)job->header.payment_count);
	return chain_assemble(&r->chain, block, &job->short_ids, r->step.now_ms);
}
