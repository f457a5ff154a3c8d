/* A second chain under this network's id: its validators, or people who have their keys, have begun anew. What proves
 * it is a finality certificate of a block that does not stand on this chain, which takes the signatures of a quorum, so
 * that no liar can end a validator. See replica_state.h. */
#include "replica_state.h"

/* So long questions are still answered: a validator of the other chain, which has just met this one, asks for the proof
 * and ends, too. It asks for a page of the final chain after 250 ms. */
#define SECOND_CHAIN_LINGER_MS 3000u

int second_chain_look(struct replica *r, uint32_t peer, struct certificate *certificate)
{
	const struct header *tip = &r->chain.tip->header;
	struct hash ours;
	int found = UNCIA_E_LIMIT;

	assert(certificate->view <= tip->view);
	if (certificate_is_final(certificate->kind) &&
	    !(hash_equal(&certificate->block_id, &tip->id) && certificate->view == tip->view) &&
	    sync_may_search(&r->sync, peer))
		found = journal_final_of_view(&r->step, certificate->view, &ours);
	/* A final block of a past view stands on every chain that is final beyond it. */
	if (found == UNCIA_E_NOT_FOUND || (!found && !hash_equal(&ours, &certificate->block_id)))
		return sync_verify_second_chain(&r->sync, peer, certificate);
	free(certificate);
	return found == UNCIA_E_LIMIT ? 0 : found;
}

int second_chain_found(struct replica *r, uint32_t peer, const struct certificate *certificate)
{
	if (r->ends_ms)
		return 0;
	r->ends_ms = r->step.now_ms + SECOND_CHAIN_LINGER_MS;
	consensus_end(r->consensus);
	if (!certificate)
		return step_note(&r->step, NOTE_ERROR, "event=second_chain height=%llu",
		                 (unsigned long long)r->chain.tip->header.height);
	TRY(journaling_second_chain(r, certificate));
	r->proof_sequence = step_sequence(&r->step);
	return step_note(&r->step, NOTE_ERROR,
	                 "event=second_chain view=%llu block=%02x%02x%02x%02x peer=%u height=%llu",
	                 (unsigned long long)certificate->view, certificate->block_id.b[0], certificate->block_id.b[1],
	                 certificate->block_id.b[2], certificate->block_id.b[3], peer,
	                 (unsigned long long)r->chain.tip->header.height);
}
