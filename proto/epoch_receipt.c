/* Epoch receipts: the proof that one committee has made way for the next one, by the signatures of the first. */
#include <stdlib.h>
#include "consensus.pb-c.h"
#include "fields.h"
#include "finality.h"
#include "reconfigure.h"
#include "try.h"
#include "uncia/error.h"

static int epoch_check(const struct committee *current, const struct hash *network_id,
                       const Uncia__Pb__EpochReceipt *pb, struct epoch_receipt *receipt)
{
	struct finality_proof proof;
	struct epoch_receipt fresh;

	TRY(finality_read(pb->descendants, pb->n_descendants, &pb->certificate, &proof));
	TRY(header_decode(pb->header.data, pb->header.len, &fresh.header));
	TRY(reconfigure_decode(network_id, current, pb->reconfigure.data, pb->reconfigure.len, &fresh.reconfigure));
	int rc = UNCIA_E_PROOF;
	if (fresh.header.reconfigures && hash_equal(&fresh.header.reconfigure, &fresh.reconfigure->whole))
		rc = finality_verify(current, network_id, &fresh.header, &proof);
	if (!rc)
		rc = reconfigure_verify(network_id, current, fresh.reconfigure);
	if (rc)
		free(fresh.reconfigure);
	else
		*receipt = fresh;
	return rc;
}

int epoch_receipt_verify(const struct committee *current, const struct hash *network_id, const void *bytes, size_t size,
                         struct epoch_receipt *receipt)
{
	struct arena arena;
	ProtobufCMessage *message;

	if (size > RECEIPT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__epoch_receipt__descriptor, bytes, size, &arena, &message);
	if (!rc)
		rc = epoch_check(current, network_id, (const Uncia__Pb__EpochReceipt *)message, receipt);
	arena_deinit(&arena);
	return rc;
}

int epoch_receipt_make(const struct header *header, const struct bytes *reconfigure, const struct receipt_proof *proof,
                       uint8_t **bytes, size_t *size)
{
	Uncia__Pb__Blob blobs[RECEIPT_DESCENDANTS_MAX], *pointers[RECEIPT_DESCENDANTS_MAX];
	Uncia__Pb__EpochReceipt pb = UNCIA__PB__EPOCH_RECEIPT__INIT;

	if (proof->descendant_count > RECEIPT_DESCENDANTS_MAX)
		return UNCIA_E_LIMIT;
	for (size_t i = 0; i < proof->descendant_count; i++) {
		blobs[i] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
		blobs[i].data = field_of(proof->descendants[i]->bytes, proof->descendants[i]->size);
		pointers[i] = &blobs[i];
	}
	pb.reconfigure = field_of(reconfigure->data, reconfigure->size);
	pb.header = field_of(header->bytes, header->size);
	pb.n_descendants = proof->descendant_count;
	pb.descendants = pointers;
	pb.certificate = field_of(proof->certificate.data, proof->certificate.size);
	if (protobuf_c_message_get_packed_size(&pb.base) > RECEIPT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	return canonical_encode(&pb.base, bytes, size);
}
