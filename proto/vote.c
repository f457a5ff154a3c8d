/* Single votes and words on expiry: their bytes, and the digests that are signed. The node decides which votes may be
 * cast. */
#include "vote.h"
#include <assert.h>
#include "consensus.pb-c.h"
#include "fields.h"
#include "statement.h"
#include "uncia/error.h"

void vote_digest(const struct hash *network_id, uint64_t epoch, enum vote_kind kind, uint64_t view,
                 const struct hash *block_id, struct hash *digest)
{
	struct vote vote = {.epoch = epoch, .kind = kind, .view = view};
	struct statement statement;
	assert(block_id || !vote_kind_names_block(kind));
	if (vote_kind_names_block(kind))
		vote.block_id = *block_id;
	statement_of_vote(network_id, &vote, &statement);
	*digest = statement.digest;
}

int vote_decode(const void *bytes, size_t size, struct vote *vote)
{
	if (size > VOTE_SIZE_MAX)
		return UNCIA_E_LIMIT;
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__vote__descriptor, bytes, size, &arena, &message);
	if (rc == 0) {
		const Uncia__Pb__Vote *pb = (Uncia__Pb__Vote *)message;
		struct vote v = {.epoch = pb->epoch, .view = pb->view, .voter = pb->voter};
		size_t id_size = vote_kind_names_block(pb->kind) ? HASH_SIZE : 0;
		if (pb->kind >= VOTE_NOTAR1 && pb->kind <= VOTE_FINAL &&
		    field_copy(&pb->block_id, v.block_id.b, id_size) &&
		    field_copy(&pb->signature, v.signature, SIGNATURE_SIZE)) {
			v.kind = (enum vote_kind)pb->kind;
			*vote = v;
		} else {
			rc = UNCIA_E_ENCODING;
		}
	}
	arena_deinit(&arena);
	return rc;
}

int vote_encode(const struct vote *vote, uint8_t bytes[256], size_t *size)
{
	Uncia__Pb__Vote pb = UNCIA__PB__VOTE__INIT;
	pb.epoch = vote->epoch;
	pb.kind = vote->kind;
	pb.view = vote->view;
	if (vote_kind_names_block(vote->kind))
		pb.block_id = field_of(vote->block_id.b, HASH_SIZE);
	pb.voter = vote->voter;
	pb.signature = field_of(vote->signature, SIGNATURE_SIZE);
	/* At most 4 integers of 11 bytes, an id of 34 and a signature of 66: 144. */
	*size = protobuf_c_message_pack(&pb.base, bytes);
	assert(*size <= 144);
	return 0;
}

void expiry_digest(const struct hash *network_id, const struct payment_id *id, uint64_t height, uint64_t timestamp_ms,
                   struct hash *digest)
{
	struct statement statement;
	statement_of_expiry(network_id, id, height, timestamp_ms, &statement);
	*digest = statement.digest;
}
