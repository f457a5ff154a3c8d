/* Certificates. Accepted means: kept in these bytes, each signer a member and counted once, a quorum; and its votes
 * make the same certificate again. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fixture *f = fuzz_network();
	const struct committee *c = &f->genesis.committee;
	struct certificate *certificate, *again;
	struct vote votes[FUZZ_VALIDATORS];
	const struct vote *list[FUZZ_VALIDATORS];

	if (certificate_decode(c, data, size, &certificate))
		return 0;
	assert(certificate->size == size && memcmp(certificate->bytes, data, size) == 0);
	uint32_t count = certificate->first_count + certificate->extra_count;
	assert(count <= c->size && certificate->weight <= c->weight);
	bool seen[FUZZ_VALIDATORS] = {false};
	for (uint32_t i = 0; i < count; i++) {
		uint32_t voter = certificate->signers[i].voter;
		assert(voter < c->size && !seen[voter]);
		seen[voter] = true;
		votes[i] =
		    (struct vote){.epoch = certificate->epoch,
		                  .kind = certificate_vote_kind(certificate->kind, i >= certificate->first_count),
		                  .view = certificate->view,
		                  .block_id = certificate->block_id,
		                  .voter = voter};
		memcpy(votes[i].signature, certificate->signers[i].signature, SIGNATURE_SIZE);
		list[i] = &votes[i];
	}
	assert(certificate->weight >= (certificate->kind == CERT_FF ? c->quorum_fast : c->quorum_slow));
	assert(certificate_make(
	           c, &(struct certificate_subject){certificate->kind, certificate->view, &certificate->block_id}, list,
	           count, &again) == 0);
	assert(again->size == size && memcmp(again->bytes, data, size) == 0);
	free(again);
	free(certificate);
	return 0;
}
