/* What a message of a validator is refused or left for before it is decoded: its size, by its kind; a share that is
 * used up; an answer that it was not asked for, or a proposal of very many parts, whose decoding can take hundreds of
 * milliseconds. Messages have one field, so that the first byte says which. */
#include "replica_state.h"

#define REQUEST_SIZE_MAX 256u
#define ENVELOPE_MAX     64u /* tags, lengths, a nonce */
#define PROPOSE_PARTS    4u  /* header, signature, short ids, the parent's certificate */

/* docs/spec/network.md, "Limits". 0: there is no such kind. */
static size_t size_max_of(unsigned field)
{
	switch (field) {
	case UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE:
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY:
		return MESSAGE_SIZE_BLOCK_MAX;
	case UNCIA__PB__PEER_MESSAGE__KIND_VOTE:
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY:
		return VOTE_SIZE_MAX + ENVELOPE_MAX;
	case UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE:
		return CERTIFICATE_SIZE_MAX + ENVELOPE_MAX;
	case UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP:
		return MESSAGE_SIZE_GOSSIP_MAX;
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY:
		return MESSAGE_SIZE_VALIDATOR_MAX;
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST:
	case UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST:
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST:
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST:
	case UNCIA__PB__PEER_MESSAGE__KIND_STATUS:
		return REQUEST_SIZE_MAX;
	default:
		return 0;
	}
}

static bool is_due(struct replica *r, uint32_t peer, unsigned field)
{
	switch (field) {
	case UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP:
		return payments_gossip_due(&r->payments, peer);
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY:
		return sync_body_owed(&r->sync, peer);
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY:
		return sync_page_owed(&r->sync, peer);
	default:
		return true;
	}
}

/* A varint of protobuf. Returns false where there is none. */
static bool next_varint(struct bytes *from, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 64 && from->size; shift += 7) {
		uint8_t byte = from->data[0];
		from->data++;
		from->size--;
		*value |= (uint64_t)(byte & 127) << shift;
		if (byte < 128)
			return true;
	}
	return false;
}

/* Whether there are more than `most` fields in what the message is. Where it is no message, its decoder says so. */
static bool has_more_parts(struct bytes message, unsigned most)
{
	uint64_t tag, size;

	if (!next_varint(&message, &tag) || !next_varint(&message, &size))
		return false;
	for (unsigned parts = 0; next_varint(&message, &tag); parts++) {
		if (parts == most)
			return true;
		if ((tag & 7) != 2 || !next_varint(&message, &size) || size > message.size)
			return false;
		message.data += size;
		message.size -= size;
	}
	return false;
}

int screen_peer(struct replica *r, uint32_t peer, struct bytes message)
{
	unsigned field = message.size ? message.data[0] >> 3 : 0;

	if (message.size && (message.data[0] & 7) != 2) /* every kind is of a length that is said */
		return UNCIA_E_ENCODING;
	if (message.size > size_max_of(field))
		return UNCIA_E_LIMIT;
	if (field == UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE &&
	    has_more_parts(message, PROPOSE_PARTS + PROPOSE_SKIPS_MAX))
		return UNCIA_E_LIMIT;
	if (is_due(r, peer, field))
		return 0;
	r->step.dropped_messages++;
	return 1;
}
