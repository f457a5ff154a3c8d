/* Receipts and account proofs, made and verified offline from the committee alone. The caller
 * knows which committee to trust. */
#include "receipt.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "consensus.pb-c.h"
#include "fields.h"
#include "finality.h"
#include "sign.h"
#include "uncia/error.h"

#define PATH_SIZE_MAX (MERKLE_DEPTH_MAX * HASH_SIZE)

/* The path from the payment's leaf to the header's root. */
static bool path_verify(const Uncia__Pb__Receipt *pb, const struct payment *payment, const struct header *header)
{
	if (pb->path.len > PATH_SIZE_MAX || pb->path.len % HASH_SIZE != 0)
		return false;
	struct hash leaf, path[MERKLE_DEPTH_MAX];
	size_t path_size = pb->path.len / HASH_SIZE;
	for (size_t i = 0; i < path_size; i++)
		memcpy(path[i].b, pb->path.data + i * HASH_SIZE, HASH_SIZE);
	merkle_leaf(&payment->id, &payment->whole, &leaf);
	return merkle_verify(&leaf, pb->index, header->payment_count, path, path_size, &header->payments_root);
}

/* wallet 7.4: of a payment that is in a final block. The entry of a transfer's account holds the key, which was looked
 * at before it was bound to it (encoding 1.3, rule 3); no entry holds that of a take. */
static bool final_signature_valid(const struct payment *payment)
{
	if (payment->kind != PAYMENT_TRANSFER)
		return payment_signature_valid(payment);
	return sign_verify_bound(payment->public_key, &payment->digest, payment->signature);
}

static int receipt_check(const struct committee *c, const struct hash *network_id, const Uncia__Pb__Receipt *pb,
                         struct receipt *receipt)
{
	struct finality_proof proof;
	struct receipt fresh = {.index = pb->index};
	int rc = finality_read(pb->descendants, pb->n_descendants, &pb->certificate, &proof);
	if (rc == 0)
		rc = header_decode(pb->header.data, pb->header.len, &fresh.header);
	if (rc)
		return rc;
	rc = payment_decode(network_id, pb->payment.data, pb->payment.len, &fresh.payment);
	if (rc)
		return rc == UNCIA_E_AMOUNT ? UNCIA_E_ENCODING : rc;
	if (!path_verify(pb, fresh.payment, &fresh.header))
		rc = UNCIA_E_PROOF;
	else
		rc = finality_verify(c, network_id, &fresh.header, &proof);
	if (!rc && !final_signature_valid(fresh.payment))
		rc = UNCIA_E_SIGNATURE;
	if (rc)
		payment_free(fresh.payment);
	else
		*receipt = fresh;
	return rc;
}

int receipt_verify(const struct committee *c, const struct hash *network_id, const void *bytes, size_t size,
                   struct receipt *receipt)
{
	if (size > RECEIPT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__receipt__descriptor, bytes, size, &arena, &message);
	if (rc == 0)
		rc = receipt_check(c, network_id, (Uncia__Pb__Receipt *)message, receipt);
	arena_deinit(&arena);
	return rc;
}

/* Whether headers chain to the block that the certificate names, whoever signed that, and the payment is in the first
 * of them. What holds this together are hashes: a change of any of these bytes breaks it. */
static int receipt_frame(const struct committee *c, const struct hash *network_id, const Uncia__Pb__Receipt *pb,
                         const Uncia__Pb__Certificate *certificate)
{
	struct header header;
	struct payment *payment;
	struct hash id;
	if (header_decode(pb->header.data, pb->header.len, &header))
		return UNCIA_E_CHANGED;
	const struct hash committee_hash = header.committee_hash;
	id = header.id;
	for (size_t i = 0; i < pb->n_descendants; i++) {
		struct header next;
		if (header_decode(pb->descendants[i]->data.data, pb->descendants[i]->data.len, &next) ||
		    !hash_equal(&next.parent_id, &id) || !hash_equal(&next.committee_hash, &committee_hash))
			return UNCIA_E_CHANGED;
		id = next.id;
	}
	if (certificate->block_id.len != HASH_SIZE || memcmp(certificate->block_id.data, id.b, HASH_SIZE) != 0)
		return UNCIA_E_CHANGED;
	if (!hash_equal(&committee_hash, &c->hash))
		return UNCIA_E_NETWORK;
	int rc = payment_decode(network_id, pb->payment.data, pb->payment.len, &payment);
	if (rc)
		return rc == UNCIA_E_MEMORY ? rc : UNCIA_E_CHANGED;
	rc = path_verify(pb, payment, &header) ? 0 : UNCIA_E_CHANGED;
	payment_free(payment);
	return rc;
}

int receipt_examine(const struct committee *c, const struct hash *network_id, const void *bytes, size_t size)
{
	struct arena arena;
	ProtobufCMessage *message, *certificate;
	if (size > RECEIPT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__receipt__descriptor, bytes, size, &arena, &message);
	if (!rc) {
		const Uncia__Pb__Receipt *pb = (const Uncia__Pb__Receipt *)message;
		struct arena inner;
		arena_init(&inner, canonical_arena_limit(pb->certificate.len));
		rc = canonical_decode(&uncia__pb__certificate__descriptor, pb->certificate.data, pb->certificate.len,
		                      &inner, &certificate);
		if (!rc)
			rc = receipt_frame(c, network_id, pb, (const Uncia__Pb__Certificate *)certificate);
		arena_deinit(&inner);
	}
	arena_deinit(&arena);
	return rc == UNCIA_E_MEMORY || rc == UNCIA_E_NETWORK || rc == 0 ? rc : UNCIA_E_CHANGED;
}

int receipt_make(const struct block *block, uint32_t index, const struct receipt_proof *proof, uint8_t **bytes,
                 size_t *size)
{
	if (index >= block->count)
		return UNCIA_E_ARGUMENT;
	if (proof->descendant_count > RECEIPT_DESCENDANTS_MAX)
		return UNCIA_E_LIMIT;
	assert(block->tree);
	struct hash path[MERKLE_DEPTH_MAX];
	size_t path_size;
	merkle_path(block->tree, block->count, index, path, &path_size);
	Uncia__Pb__Blob blobs[RECEIPT_DESCENDANTS_MAX], *pointers[RECEIPT_DESCENDANTS_MAX];
	for (size_t i = 0; i < proof->descendant_count; i++) {
		const struct header *descendant = proof->descendants[i];
		blobs[i] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
		blobs[i].data = field_of(descendant->bytes, descendant->size);
		pointers[i] = &blobs[i];
	}
	const struct payment *payment = block->payments[index];
	Uncia__Pb__Receipt pb = UNCIA__PB__RECEIPT__INIT;
	pb.payment = field_of(payment->bytes, payment->size);
	pb.index = index;
	pb.path = field_of(path, path_size * HASH_SIZE);
	pb.header = field_of(block->header.bytes, block->header.size);
	pb.n_descendants = proof->descendant_count;
	pb.descendants = pointers;
	pb.certificate = field_of(proof->certificate.data, proof->certificate.size);
	if (protobuf_c_message_get_packed_size(&pb.base) > RECEIPT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	return canonical_encode(&pb.base, bytes, size);
}

static int account_check(const struct committee *c, const struct hash *network_id, const struct entry_id *id,
                         const Uncia__Pb__AccountProof *pb, struct account_state *state)
{
	struct finality_proof finality;
	struct header header;
	uint8_t group[GROUP_SIZE];
	int rc = finality_read(pb->descendants, pb->n_descendants, &pb->certificate, &finality);
	if (rc == 0)
		rc = header_decode(pb->header.data, pb->header.len, &header);
	if (rc)
		return rc;
	if (!field_copy(&pb->group, group, GROUP_SIZE))
		return UNCIA_E_ENCODING;
	/* ledger §4: a header carries the state root after its parent. */
	const struct state_proof proof = {
	    .index = pb->index,
	    .entry_count = pb->entry_count,
	    .free_head = pb->free_head,
	    .group = group,
	    .path = {.data = pb->path.data, .size = pb->path.len},
	};
	if (!state_proof_verify(&header.parent_state_root, &proof))
		return UNCIA_E_PROOF;
	struct account_state fresh = {.index = pb->index, .entry_count = pb->entry_count};
	rc = entry_decode(group + pb->index % GROUP_ENTRIES * ENTRY_SIZE, &fresh.entry);
	if (rc)
		return rc;
	if (!entry_is(&fresh.entry, id))
		return UNCIA_E_PROOF;
	/* consensus §6.9: closing blocks have no height and no time on the final chain. */
	if (header.closing)
		return UNCIA_E_PROOF;
	rc = finality_verify(c, network_id, &header, &finality);
	if (rc)
		return rc;
	assert(header.height > 0); /* finality.c: no header of height 0 is final */
	fresh.height = header.height - 1;
	fresh.timestamp_ms = header.timestamp_ms;
	*state = fresh;
	return 0;
}

int account_proof_verify(const struct committee *c, const struct hash *network_id, const struct address *address,
                         const void *bytes, size_t size, struct account_state *state)
{
	const struct entry_id id = account_id(address);

	return entry_proof_verify(c, network_id, &id, bytes, size, state);
}

int entry_proof_verify(const struct committee *c, const struct hash *network_id, const struct entry_id *id,
                       const void *bytes, size_t size, struct account_state *state)
{
	if (size > RECEIPT_SIZE_MAX)
		return UNCIA_E_LIMIT;
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__account_proof__descriptor, bytes, size, &arena, &message);
	if (rc == 0)
		rc = account_check(c, network_id, id, (Uncia__Pb__AccountProof *)message, state);
	arena_deinit(&arena);
	return rc;
}
