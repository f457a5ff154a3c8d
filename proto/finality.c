/* Headers that chain from one to the block that a certificate of finality names. */
#include "finality.h"
#include <assert.h>
#include <stdlib.h>
#include "fields.h"
#include "uncia/error.h"

static bool header_of_committee(const struct committee *c, const struct header *header)
{
	return header->epoch == c->epoch && hash_equal(&header->committee_hash, &c->hash);
}

int finality_read(Uncia__Pb__Blob *const *blobs, size_t count, const ProtobufCBinaryData *certificate,
                  struct finality_proof *proof)
{
	if (count > RECEIPT_DESCENDANTS_MAX)
		return UNCIA_E_LIMIT;
	for (size_t i = 0; i < count; i++)
		proof->descendants[i] = (struct bytes){.data = blobs[i]->data.data, .size = blobs[i]->data.len};
	proof->count = count;
	proof->certificate = (struct bytes){.data = certificate->data, .size = certificate->len};
	return 0;
}

/* wallet §7: follows the headers from `header` to the last descendant. *named: what the certificate must name. */
static int chain_follow(const struct committee *c, const struct header *header, const struct finality_proof *proof,
                        struct hash *named, uint64_t *view)
{
	struct hash id = header->id;
	uint64_t at_view = header->view, height = header->height;
	bool closes = header_closes(header);
	if (height == 0 || !header_of_committee(c, header))
		return UNCIA_E_PROOF;
	for (size_t i = 0; i < proof->count; i++) {
		struct header next;
		int rc = header_decode(proof->descendants[i].data, proof->descendants[i].size, &next);
		if (rc)
			return rc;
		if (height == UINT64_MAX || next.height != height + 1 || next.view <= at_view ||
		    !hash_equal(&next.parent_id, &id) || !header_of_committee(c, &next) || next.closing != closes)
			return UNCIA_E_PROOF;
		closes = header_closes(&next);
		id = next.id;
		at_view = next.view;
		height = next.height;
	}
	*named = id;
	*view = at_view;
	return 0;
}

int finality_verify(const struct committee *c, const struct hash *network_id, const struct header *header,
                    const struct finality_proof *proof)
{
	assert(proof->count <= RECEIPT_DESCENDANTS_MAX);
	struct hash named;
	uint64_t view;
	int rc = chain_follow(c, header, proof, &named, &view);
	if (rc)
		return rc;
	struct certificate *decoded;
	rc = certificate_decode(c, proof->certificate.data, proof->certificate.size, &decoded);
	if (rc)
		return rc;
	/* consensus §6: a block and its ancestors are decided by FF or SF; N proves nothing final. */
	if (!certificate_is_final(decoded->kind) || decoded->view != view || !hash_equal(&decoded->block_id, &named))
		rc = UNCIA_E_PROOF;
	else
		rc = certificate_verify(c, network_id, decoded);
	free(decoded);
	return rc;
}
