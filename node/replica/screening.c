/* What a message of a validator is refused or left for before it is decoded: its size and its number of fields, by its
 * kind; a share that is used up; an answer that it was not asked for. Messages have one field, so that the first byte
 * says which. */
#include "canonical.h"
#include "replica_state.h"

#define REQUEST_SIZE_MAX    256u
#define ENVELOPE_MAX        64u   /* tags, lengths, a nonce */
#define GOSSIP_PAYMENTS_MAX 8192u /* of 80 bytes, which is less than a payment has */

/* docs/spec/network.md, "Limits". size 0: there is no such kind. fields 0: it is no message of its own. */
struct kind_limits {
	size_t size, fields;
};

static struct kind_limits limits_of(unsigned field)
{
	switch (field) {
	case UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE:
		return (struct kind_limits){MESSAGE_SIZE_BLOCK_MAX, 4 + PROPOSE_SKIPS_MAX};
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY:
		return (struct kind_limits){MESSAGE_SIZE_BLOCK_MAX, 2};
	case UNCIA__PB__PEER_MESSAGE__KIND_VOTE:
		return (struct kind_limits){VOTE_SIZE_MAX + ENVELOPE_MAX, 0};
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REPLY:
		return (struct kind_limits){VOTE_SIZE_MAX + ENVELOPE_MAX, 2};
	case UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE:
		return (struct kind_limits){CERTIFICATE_SIZE_MAX + ENVELOPE_MAX, 0};
	case UNCIA__PB__PEER_MESSAGE__KIND_GOSSIP:
		return (struct kind_limits){MESSAGE_SIZE_GOSSIP_MAX, GOSSIP_PAYMENTS_MAX};
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REPLY:
		return (struct kind_limits){MESSAGE_SIZE_VALIDATOR_MAX, 2 + SYNC_BLOCKS_MAX + SYNC_HEADERS_MAX};
	case UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REQUEST:
	case UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATES_REQUEST:
	case UNCIA__PB__PEER_MESSAGE__KIND_SYNC_REQUEST:
	case UNCIA__PB__PEER_MESSAGE__KIND_NEWEST_VOTE_REQUEST:
	case UNCIA__PB__PEER_MESSAGE__KIND_STATUS:
		return (struct kind_limits){REQUEST_SIZE_MAX, 4};
	default:
		return (struct kind_limits){0, 0};
	}
}

/* A message of two-byte fields takes a hundred times the time and memory of one of the same size as it should be. */
static bool fields_within(struct bytes message, size_t most)
{
	size_t at = 1;

	while (at < message.size && message.data[at] & 0x80) /* the length */
		at++;
	return !most || ++at > message.size || canonical_fields_within(message.data + at, message.size - at, most);
}

/* Whether it is of a kind that is taken now. What is not asked for is left; what is asked for and comes late is not. */
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

int screen_peer(struct replica *r, uint32_t peer, struct bytes message)
{
	unsigned field = message.size ? message.data[0] >> 3 : 0;
	struct kind_limits limits = limits_of(field);

	if (message.size && (message.data[0] & 7) != 2) /* every kind is of a length that is said */
		return UNCIA_E_ENCODING;
	if (message.size > limits.size || !fields_within(message, limits.fields))
		return UNCIA_E_LIMIT;
	if (is_due(r, peer, field))
		return 0;
	r->step.dropped_messages++;
	return 1;
}
