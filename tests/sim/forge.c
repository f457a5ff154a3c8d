/* See forge.h. */
#include "forge.h"
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "canonical.h"

static ProtobufCBinaryData field(const void *data, size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};
}

struct forged forge_message(const Uncia__Pb__PeerMessage *message)
{
	struct forged forged;

	if (canonical_encode(&message->base, &forged.bytes, &forged.size))
		abort();
	return forged;
}

struct forged forge_vote(const struct vote *vote)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	uint8_t bytes[256];
	size_t size;

	if (vote_encode(vote, bytes, &size))
		abort();
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_VOTE;
	message.vote = field(bytes, size);
	return forge_message(&message);
}

struct forged forge_certificate(const uint8_t *bytes, size_t size)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;

	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_CERTIFICATE;
	message.certificate = field(bytes, size);
	return forge_message(&message);
}

struct forged forge_propose(const struct fixture *f, const struct header *header, const uint8_t *short_ids,
                            const Uncia__Pb__Propose *like)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__Propose propose = UNCIA__PB__PROPOSE__INIT;
	struct vote vote;

	fixture_vote(f, VOTE_NOTAR1, header->view, &header->id, header->proposer, &vote);
	propose.header = field(header->bytes, header->size);
	propose.signature = field(vote.signature, SIGNATURE_SIZE);
	propose.short_ids = field(short_ids, 8 * (size_t)header->payment_count);
	if (like) {
		propose.parent_certificate = like->parent_certificate;
		propose.n_skips = like->n_skips;
		propose.skips = like->skips;
	}
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_PROPOSE;
	message.propose = &propose;
	return forge_message(&message);
}

struct forged forge_block_reply(const uint8_t *block, size_t size, const uint8_t *certificate, size_t certificate_size)
{
	Uncia__Pb__PeerMessage message = UNCIA__PB__PEER_MESSAGE__INIT;
	Uncia__Pb__BlockReply reply = UNCIA__PB__BLOCK_REPLY__INIT;

	reply.block = field(block, size);
	reply.parent_certificate = field(certificate, certificate_size);
	message.kind_case = UNCIA__PB__PEER_MESSAGE__KIND_BLOCK_REPLY;
	message.block_reply = &reply;
	return forge_message(&message);
}

uint8_t *forge_short_ids(const struct hash *block_id, struct payment *const *payments, uint32_t count)
{
	uint8_t *short_ids = malloc(8 * (size_t)count + 1);
	struct hash key;

	if (!short_ids)
		abort();
	hash1(HASH_SHORT_ID, block_id->b, HASH_SIZE, &key);
	for (uint32_t i = 0; i < count; i++)
		be64_put(short_ids + 8 * (size_t)i, siphash(key.b, &payments[i]->whole, HASH_SIZE));
	return short_ids;
}

/* ---- certificates ---- */

struct draft {
	Uncia__Pb__Certificate pb;
	uint8_t first[COMMITTEE_SIZE_MAX / 8], extra[COMMITTEE_SIZE_MAX / 8];
	uint8_t signatures[(COMMITTEE_SIZE_MAX + 2) * SIGNATURE_SIZE];
	uint64_t weight;
	uint32_t count;
};

static void sign_as(struct draft *d, uint8_t *bitmap, uint32_t bit, const struct vote *vote)
{
	bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
	memcpy(d->signatures + (size_t)d->count++ * SIGNATURE_SIZE, vote->signature, SIGNATURE_SIZE);
}

/* First signers, by index as the form demands; each honestly given, its own, or made up. */
static void sign_firsts(struct draft *d, const struct committee *c, enum flaw flaw, const struct vote *own,
                        const struct vote *const *given)
{
	for (uint32_t i = 0; i < c->size; i++) {
		struct vote made_up = *own;
		const struct vote *vote = i == own->voter ? own : given[i];
		uint64_t weight = c->validators[i].weight;
		if (!vote && flaw == FLAW_FORGED) {
			made_up.signature[i % SIGNATURE_SIZE] ^= (uint8_t)(1 + i);
			vote = &made_up;
		}
		if (!vote || (flaw == FLAW_FEW && d->weight + weight >= c->quorum_slow))
			continue;
		sign_as(d, d->first, i, vote);
		d->weight += weight;
	}
}

uint8_t *forge_flawed(const struct fixture *f, enum flaw flaw, enum certificate_kind kind, uint64_t view,
                      const struct hash *block_id, uint32_t self, const struct vote *const *given, size_t *size)
{
	const struct committee *c = &f->genesis.committee;
	bool twice = flaw == FLAW_TWICE && (kind == CERT_N || kind == CERT_S);
	struct draft d = {.count = 0};
	struct vote first, extra;
	uint8_t *bytes;

	uncia__pb__certificate__init(&d.pb);
	fixture_vote(f, kind == CERT_S ? VOTE_SKIP1 : VOTE_NOTAR1, view, block_id, self, &first);
	fixture_vote(f, kind == CERT_S ? VOTE_SKIP2 : VOTE_NOTAR2, view, block_id, self, &extra);
	sign_firsts(&d, c, flaw, &first, given);
	if (flaw == FLAW_UNKNOWN)
		sign_as(&d, d.first, c->size % 8 ? c->size : c->size - 1, &extra);
	if (twice)
		sign_as(&d, d.extra, self, &extra);
	d.pb.epoch = c->epoch;
	d.pb.kind = flaw == FLAW_KIND ? 9 : flaw == FLAW_OTHER_KIND ? CERT_SF : (uint32_t)kind;
	d.pb.view = view;
	if (kind != CERT_S)
		d.pb.block_id = field(block_id->b, HASH_SIZE);
	d.pb.first_signers = field(d.first, (c->size + 7) / 8);
	if (twice)
		d.pb.extra_signers = field(d.extra, (c->size + 7) / 8);
	d.pb.signatures = field(d.signatures, (size_t)d.count * SIGNATURE_SIZE);
	if (canonical_encode(&d.pb.base, &bytes, size))
		abort();
	if (flaw == FLAW_SHORT)
		*size -= 7;
	return bytes;
}
