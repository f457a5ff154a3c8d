/* Block headers and bodies as bytes. Whether a block fits its parent and the ledger is decided by the node. */
#include "block.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "canonical.h"
#include "consensus.pb-c.h"
#include "fields.h"
#include "uncia/error.h"

/* What Block adds to its payments: the header, and for each payment two tags and two lengths of at most 3 bytes. */
#define BLOCK_BYTES_MAX (BLOCK_SIZE_MAX + 8 * BLOCK_PAYMENTS_MAX + HEADER_SIZE_MAX + 8)

/* The two marks of the end of an epoch: neither stands beside the other, or beside payments. */
static bool header_end_read(const Uncia__Pb__BlockHeader *pb, struct header *h)
{
	h->reconfigures = pb->reconfigure.len > 0;
	h->closing = pb->closing == 1;
	if (pb->closing > 1 || (h->reconfigures && h->closing) || (header_closes(h) && h->payment_count))
		return false;
	return !h->reconfigures || field_copy(&pb->reconfigure, h->reconfigure.b, HASH_SIZE);
}

int header_decode(const void *bytes, size_t size, struct header *header)
{
	if (size > HEADER_SIZE_MAX)
		return UNCIA_E_LIMIT;
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__block_header__descriptor, bytes, size, &arena, &message);
	if (rc == 0) {
		const Uncia__Pb__BlockHeader *pb = (Uncia__Pb__BlockHeader *)message;
		struct header h = {
		    .epoch = pb->epoch,
		    .view = pb->view,
		    .height = pb->height,
		    .timestamp_ms = pb->timestamp_ms,
		    .payment_count = pb->payment_count,
		    .proposer = pb->proposer,
		    .size = (uint32_t)size,
		};
		if (field_copy(&pb->parent_id, h.parent_id.b, HASH_SIZE) &&
		    field_copy(&pb->payments_root, h.payments_root.b, HASH_SIZE) &&
		    field_copy(&pb->parent_state_root, h.parent_state_root.b, HASH_SIZE) &&
		    field_copy(&pb->committee_hash, h.committee_hash.b, HASH_SIZE) &&
		    h.payment_count <= BLOCK_PAYMENTS_MAX && header_end_read(pb, &h)) {
			memcpy(h.bytes, bytes, size);
			hash1(HASH_BLOCK, bytes, size, &h.id);
			*header = h;
		} else {
			rc = UNCIA_E_ENCODING;
		}
	}
	arena_deinit(&arena);
	return rc;
}

int block_header(const void *bytes, size_t size, struct header *header)
{
	const uint8_t *b = bytes;
	size_t length, at = 2;

	/* Field 1, of at most HEADER_SIZE_MAX bytes: a tag, and a length of one byte or two. */
	if (size < 3 || b[0] != 0x0a)
		return UNCIA_E_ENCODING;
	length = b[1];
	if (length & 0x80)
		length = (length & 0x7f) | (size_t)b[at++] << 7;
	if (length > size - at)
		return UNCIA_E_ENCODING;
	return header_decode(b + at, length, header);
}

int header_encode(struct header *header)
{
	if (header->payment_count > BLOCK_PAYMENTS_MAX)
		return UNCIA_E_LIMIT;
	Uncia__Pb__BlockHeader pb = UNCIA__PB__BLOCK_HEADER__INIT;
	pb.epoch = header->epoch;
	pb.view = header->view;
	pb.height = header->height;
	pb.parent_id = field_of(header->parent_id.b, HASH_SIZE);
	pb.timestamp_ms = header->timestamp_ms;
	pb.payment_count = header->payment_count;
	pb.payments_root = field_of(header->payments_root.b, HASH_SIZE);
	pb.parent_state_root = field_of(header->parent_state_root.b, HASH_SIZE);
	pb.committee_hash = field_of(header->committee_hash.b, HASH_SIZE);
	pb.proposer = header->proposer;
	assert(!header_closes(header) || (!header->payment_count && !(header->reconfigures && header->closing)));
	if (header->reconfigures)
		pb.reconfigure = field_of(header->reconfigure.b, HASH_SIZE);
	pb.closing = header->closing;
	/* At most 6 integers of 11 bytes, 5 hashes of 34, and 2 bytes: 238. */
	assert(protobuf_c_message_get_packed_size(&pb.base) <= HEADER_SIZE_MAX);
	header->size = (uint32_t)protobuf_c_message_pack(&pb.base, header->bytes);
	hash1(HASH_BLOCK, header->bytes, header->size, &header->id);
	return 0;
}

struct hash *block_tree(struct payment *const *payments, uint32_t count)
{
	struct hash *tree = malloc(merkle_tree_size(count) * sizeof(*tree));
	if (!tree)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		merkle_leaf(&payments[i]->id, &payments[i]->whole, &tree[i]);
	merkle_tree(tree, count);
	return tree;
}

/* The payments of a decoded Block into `block`, whose header is set. */
static int block_read(const struct hash *network_id, const Uncia__Pb__Block *pb, struct block *block)
{
	if (pb->n_payments != block->header.payment_count)
		return UNCIA_E_PROOF;
	block->payments = calloc(pb->n_payments + 1, sizeof(struct payment *));
	if (!block->payments)
		return UNCIA_E_MEMORY;
	size_t total = 0;
	for (; block->count < pb->n_payments; block->count++) {
		const ProtobufCBinaryData *data = &pb->payments[block->count]->data;
		total += data->len;
		if (total > BLOCK_SIZE_MAX)
			return UNCIA_E_LIMIT;
		int rc = payment_decode(network_id, data->data, data->len, &block->payments[block->count]);
		if (rc == UNCIA_E_AMOUNT)
			rc = UNCIA_E_ENCODING;
		if (rc)
			return rc;
	}
	assert(block->count == block->header.payment_count);
	block->tree = block_tree(block->payments, block->count);
	if (!block->tree)
		return UNCIA_E_MEMORY;
	const struct hash *root = merkle_root(block->tree, block->count);
	return hash_equal(root, &block->header.payments_root) ? 0 : UNCIA_E_PROOF;
}

/* The reconfigure that the header names, and no other. */
static int block_read_reconfigure(const Uncia__Pb__Block *pb, struct block *block)
{
	struct hash hash;

	if (!block->header.reconfigures)
		return pb->reconfigure.len ? UNCIA_E_PROOF : 0;
	if (pb->reconfigure.len > RECONFIGURE_SIZE_MAX)
		return UNCIA_E_LIMIT;
	hash1(HASH_RECONFIGURE, pb->reconfigure.data, pb->reconfigure.len, &hash);
	if (!pb->reconfigure.len || !hash_equal(&hash, &block->header.reconfigure))
		return UNCIA_E_PROOF;
	block->reconfigure = malloc(pb->reconfigure.len);
	if (!block->reconfigure)
		return UNCIA_E_MEMORY;
	memcpy(block->reconfigure, pb->reconfigure.data, pb->reconfigure.len);
	block->reconfigure_size = pb->reconfigure.len;
	return 0;
}

int block_decode(const struct hash *network_id, const void *bytes, size_t size, struct block **block)
{
	if (size > BLOCK_BYTES_MAX || !canonical_fields_within(bytes, size, 2 + BLOCK_PAYMENTS_MAX))
		return UNCIA_E_LIMIT;
	struct block *fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return UNCIA_E_MEMORY;
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__block__descriptor, bytes, size, &arena, &message);
	if (rc == 0) {
		const Uncia__Pb__Block *pb = (Uncia__Pb__Block *)message;
		rc = header_decode(pb->header.data, pb->header.len, &fresh->header);
		if (rc == 0)
			rc = block_read(network_id, pb, fresh);
		if (rc == 0)
			rc = block_read_reconfigure(pb, fresh);
	}
	arena_deinit(&arena);
	if (rc)
		block_free(fresh);
	else
		*block = fresh;
	return rc;
}

int block_encode(const struct header *header, struct payment *const *payments, uint32_t count, uint8_t **bytes,
                 size_t *size)
{
	Uncia__Pb__Blob *blobs = calloc((size_t)count + 1, sizeof(*blobs));
	Uncia__Pb__Blob **pointers = calloc((size_t)count + 1, sizeof(*pointers));
	int rc = UNCIA_E_MEMORY;
	if (blobs && pointers) {
		for (uint32_t i = 0; i < count; i++) {
			blobs[i] = (Uncia__Pb__Blob)UNCIA__PB__BLOB__INIT;
			blobs[i].data = field_of(payments[i]->bytes, payments[i]->size);
			pointers[i] = &blobs[i];
		}
		Uncia__Pb__Block pb = UNCIA__PB__BLOCK__INIT;
		pb.header = field_of(header->bytes, header->size);
		pb.n_payments = count;
		pb.payments = pointers;
		rc = canonical_encode(&pb.base, bytes, size);
	}
	free(pointers);
	free(blobs);
	return rc;
}

int block_encode_reconfigure(const struct header *header, const struct bytes *reconfigure, uint8_t **bytes,
                             size_t *size)
{
	Uncia__Pb__Block pb = UNCIA__PB__BLOCK__INIT;

	assert(header->reconfigures && reconfigure->size);
	pb.header = field_of(header->bytes, header->size);
	pb.reconfigure = field_of(reconfigure->data, reconfigure->size);
	return canonical_encode(&pb.base, bytes, size);
}

void block_free(struct block *block)
{
	if (!block)
		return;
	for (uint32_t i = 0; i < block->count; i++)
		payment_free(block->payments[i]);
	free(block->payments);
	free(block->tree);
	free(block->reconfigure);
	free(block);
}
