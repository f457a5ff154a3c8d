/* Receiving blocks, as short ids (docs/spec/consensus.md §6 rule 4, network.md §8). See replica_state.h. */
#include "replica_state.h"

static bool header_plausible(struct replica *r, const struct header *h)
{
	return h->epoch == r->committee->epoch && hash_equal(&h->committee_hash, &r->committee->hash) &&
	       h->proposer == committee_leader(r->committee, h->view) && consensus_in_window(r->consensus, h->view);
}

static int proposal_certificates(struct replica *r, struct job *job, const Uncia__Pb__Propose *message)
{
	struct certificate *certificate;

	if (message->n_skips > PROPOSE_SKIPS_MAX)
		return UNCIA_E_LIMIT;
	if (message->parent_certificate.len &&
	    !consensus_notarised(r->consensus, job->header.view - 1, &job->header.parent_id) &&
	    !hash_equal(&job->header.parent_id, &r->chain.tip->header.id)) {
		TRY(certificate_decode(r->committee, message->parent_certificate.data, message->parent_certificate.len,
		                       &certificate));
		TRY(sync_job_certificate(&r->sync, job, certificate));
	}
	for (size_t i = 0; i < message->n_skips; i++) {
		const ProtobufCBinaryData *data = &message->skips[i]->data;
		TRY(certificate_decode(r->committee, data->data, data->len, &certificate));
		if (certificate->kind == CERT_S && !consensus_held(r->consensus, certificate->view, CERT_S, NULL))
			TRY(sync_job_certificate(&r->sync, job, certificate));
		else
			free(certificate);
	}
	return 0;
}

/* Its short ids have come, or its body: nothing in a proposal would be new. One whose body is with the verifier, or is
 * wrong, still brings its leader's vote. */
static bool proposal_taken(const struct chain_block *block)
{
	return block->state == CHAIN_MATCHING || block->state == CHAIN_BODY || block->state == CHAIN_EXECUTED ||
	       block->state == CHAIN_FINAL;
}

int proposals_receive(struct replica *r, uint32_t peer, const Uncia__Pb__Propose *message)
{
	struct header header;
	struct hash digest;

	TRY(header_decode(message->header.data, message->header.len, &header));
	if (message->signature.len != SIGNATURE_SIZE || message->short_ids.len != (size_t)header.payment_count * 8)
		return UNCIA_E_ENCODING;
	struct chain_block *known = chain_find(&r->chain, &header.id);
	if (peer != header.proposer || !header_plausible(r, &header) || (known && proposal_taken(known)))
		return 0;
	TRY(clock_learn(r, &header));
	struct job *job = job_new(&r->step, JOB_PROPOSAL, peer, 4);
	if (!job)
		return UNCIA_E_MEMORY;
	job->header = header;
	job->vote = (struct vote){.epoch = header.epoch,
	                          .kind = VOTE_NOTAR1,
	                          .view = header.view,
	                          .block_id = header.id,
	                          .voter = header.proposer};
	memcpy(job->vote.signature, message->signature.data, SIGNATURE_SIZE);
	uint8_t *short_ids = malloc(message->short_ids.len + 1);
	if (short_ids && message->short_ids.len)
		memcpy(short_ids, message->short_ids.data, message->short_ids.len);
	job->short_ids = (struct bytes){short_ids, message->short_ids.len};
	int error = short_ids ? proposal_certificates(r, job, message) : UNCIA_E_MEMORY;
	if (!error && !consensus_vote_known(r->consensus, &job->vote)) {
		vote_digest(&r->step.network_id, header.epoch, VOTE_NOTAR1, header.view, &header.id, &digest);
		error = job_item(job, r->committee->validators[header.proposer].consensus_key, &digest,
		                 job->vote.signature, false);
	}
	if (error) {
		job_free(&r->step, job);
		return error;
	}
	return job_start(&r->step, job);
}

int proposals_verified(struct replica *r, struct job *job)
{
	struct chain_block *block;

	TRY(consensus_vote(r->consensus, &job->vote));
	TRY(advance_carry_out(r));
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
