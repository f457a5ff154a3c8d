/* Certificates: votes of a quorum for one thing, as bytes. Decoding checks all but the signatures, so that these can
 * be checked elsewhere, in batches. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "consensus.pb-c.h"
#include "fields.h"
#include "uncia/error.h"
#include "vote.h"

enum vote_kind certificate_vote_kind(enum certificate_kind kind, bool extra)
{
	switch (kind) {
	case CERT_N:
		return extra ? VOTE_NOTAR2 : VOTE_NOTAR1;
	case CERT_S:
		return extra ? VOTE_SKIP2 : VOTE_SKIP1;
	case CERT_FF:
		return VOTE_NOTAR1;
	case CERT_SF:
		break;
	}
	return VOTE_FINAL;
}

uint64_t certificate_quorum(const struct committee *c, enum certificate_kind kind)
{
	return kind == CERT_FF ? c->quorum_fast : c->quorum_slow;
}

static bool bit_get(const uint8_t *bitmap, uint32_t i)
{
	return bitmap[i / 8] >> (i % 8) & 1;
}

/* The lengths and bits of both bitmaps. *count: signatures that belong to them. */
static int signers_count(const struct committee *c, const Uncia__Pb__Certificate *pb, uint32_t *count)
{
	const ProtobufCBinaryData *first = &pb->first_signers, *extra = &pb->extra_signers;
	size_t size = (c->size + 7) / 8;
	if (first->len != size || (extra->len != 0 && extra->len != size))
		return UNCIA_E_ENCODING;
	if (extra->len != 0 && (pb->kind == CERT_FF || pb->kind == CERT_SF))
		return UNCIA_E_ENCODING;
	uint32_t firsts = 0, extras = 0;
	for (uint32_t i = 0; i < size * 8; i++) {
		bool in_first = bit_get(first->data, i), in_extra = extra->len != 0 && bit_get(extra->data, i);
		if (i >= c->size && (in_first || in_extra))
			return UNCIA_E_PROOF; /* not in the committee */
		if (in_first && in_extra)
			return UNCIA_E_PROOF; /* each signer counts once */
		firsts += in_first;
		extras += in_extra;
	}
	/* One encoding: no extra bitmap where nobody signed an extra vote. */
	if (extra->len != 0 && extras == 0)
		return UNCIA_E_ENCODING;
	if (pb->signatures.len != (size_t)(firsts + extras) * SIGNATURE_SIZE)
		return UNCIA_E_ENCODING;
	*count = firsts + extras;
	return 0;
}

/* Lists the signers of one bitmap after those already listed. Returns how many. */
static uint32_t signers_list(const struct committee *c, const ProtobufCBinaryData *bitmap, const uint8_t *signatures,
                             struct certificate *certificate)
{
	uint32_t start = certificate->first_count, n = start;
	for (uint32_t i = 0; bitmap->len != 0 && i < c->size; i++) {
		if (!bit_get(bitmap->data, i))
			continue;
		certificate->signers[n].voter = i;
		memcpy(certificate->signers[n].signature, signatures + (size_t)n * SIGNATURE_SIZE, SIGNATURE_SIZE);
		certificate->weight += c->validators[i].weight;
		n++;
	}
	return n - start;
}

static int certificate_build(const struct committee *c, const Uncia__Pb__Certificate *pb, const void *bytes,
                             size_t size, struct certificate **certificate)
{
	if (pb->kind < CERT_N || pb->kind > CERT_SF || pb->block_id.len != (pb->kind == CERT_S ? 0 : HASH_SIZE))
		return UNCIA_E_ENCODING;
	if (pb->epoch != c->epoch)
		return UNCIA_E_PROOF;
	uint32_t count;
	int rc = signers_count(c, pb, &count);
	if (rc)
		return rc;

	/* One block: the struct, its signers, its bytes. */
	struct certificate *fresh;
	size_t signers_size = count * sizeof(*fresh->signers);
	fresh = malloc(sizeof(*fresh) + signers_size + size);
	if (!fresh)
		return UNCIA_E_MEMORY;
	memset(fresh, 0, sizeof(*fresh));
	fresh->epoch = pb->epoch;
	fresh->kind = (enum certificate_kind)pb->kind;
	fresh->view = pb->view;
	if (fresh->kind != CERT_S)
		memcpy(fresh->block_id.b, pb->block_id.data, HASH_SIZE);
	fresh->signers = (void *)(fresh + 1);
	fresh->bytes = (uint8_t *)(fresh + 1) + signers_size;
	fresh->size = (uint32_t)size;
	memcpy(fresh->bytes, bytes, size);
	fresh->first_count = signers_list(c, &pb->first_signers, pb->signatures.data, fresh);
	fresh->extra_count = signers_list(c, &pb->extra_signers, pb->signatures.data, fresh);
	assert(fresh->first_count + fresh->extra_count == count);
	if (fresh->weight < certificate_quorum(c, fresh->kind)) {
		free(fresh);
		return UNCIA_E_PROOF;
	}
	*certificate = fresh;
	return 0;
}

int certificate_decode(const struct committee *c, const void *bytes, size_t size, struct certificate **certificate)
{
	if (size > CERTIFICATE_SIZE_MAX)
		return UNCIA_E_LIMIT;
	struct arena arena;
	ProtobufCMessage *message;
	arena_init(&arena, canonical_arena_limit(size));
	int rc = canonical_decode(&uncia__pb__certificate__descriptor, bytes, size, &arena, &message);
	if (rc == 0)
		rc = certificate_build(c, (Uncia__Pb__Certificate *)message, bytes, size, certificate);
	arena_deinit(&arena);
	return rc;
}

/* Whether a vote counts towards this certificate, and as which of its two kinds. */
static bool vote_counts(const struct committee *c, const struct certificate_subject *subject, const struct vote *vote,
                        bool *extra)
{
	if (vote->epoch != c->epoch || vote->view != subject->view || vote->voter >= c->size)
		return false;
	if (subject->kind != CERT_S && !hash_equal(&vote->block_id, subject->block_id))
		return false;
	*extra = vote->kind != certificate_vote_kind(subject->kind, false);
	return vote->kind == certificate_vote_kind(subject->kind, *extra);
}

int certificate_make(const struct committee *c, const struct certificate_subject *subject,
                     const struct vote *const *votes, size_t count, struct certificate **certificate)
{
	assert(subject->kind >= CERT_N && subject->kind <= CERT_SF);
	assert(subject->kind == CERT_S || subject->block_id);
	/* By voter, twice: first votes, then extra ones. */
	const struct vote *chosen[2][COMMITTEE_SIZE_MAX] = {{NULL}, {NULL}};
	uint8_t bitmaps[2][(COMMITTEE_SIZE_MAX + 7) / 8] = {{0}, {0}};
	uint8_t signatures[COMMITTEE_SIZE_MAX * SIGNATURE_SIZE];
	for (size_t i = 0; i < count; i++) {
		const struct vote *vote = votes[i];
		bool extra;
		if (vote_counts(c, subject, vote, &extra) && !chosen[0][vote->voter] && !chosen[1][vote->voter])
			chosen[extra][vote->voter] = vote;
	}
	size_t signers = 0, firsts = 0;
	for (int extra = 0; extra < 2; extra++) {
		for (uint32_t i = 0; i < c->size; i++) {
			if (!chosen[extra][i])
				continue;
			bitmaps[extra][i / 8] |= (uint8_t)(1u << (i % 8));
			memcpy(signatures + signers++ * SIGNATURE_SIZE, chosen[extra][i]->signature, SIGNATURE_SIZE);
		}
		if (!extra)
			firsts = signers;
	}

	assert(firsts <= signers && signers <= c->size);
	Uncia__Pb__Certificate pb = UNCIA__PB__CERTIFICATE__INIT;
	size_t bitmap_size = (c->size + 7) / 8;
	pb.epoch = c->epoch;
	pb.kind = subject->kind;
	pb.view = subject->view;
	if (subject->kind != CERT_S)
		pb.block_id = field_of(subject->block_id->b, HASH_SIZE);
	pb.first_signers = field_of(bitmaps[0], bitmap_size);
	if (signers > firsts)
		pb.extra_signers = field_of(bitmaps[1], bitmap_size);
	pb.signatures = field_of(signatures, signers * SIGNATURE_SIZE);
	uint8_t *bytes;
	size_t size;
	int rc = canonical_encode(&pb.base, &bytes, &size);
	if (rc)
		return rc;
	/* Decoding is the one place that says what a certificate must be, the quorum included. */
	rc = certificate_decode(c, bytes, size, certificate);
	free(bytes);
	return rc;
}

int certificate_verify(const struct committee *c, const struct hash *network_id, const struct certificate *certificate)
{
	if (certificate->epoch != c->epoch)
		return UNCIA_E_PROOF;
	struct hash digests[2];
	for (int extra = 0; extra < 2; extra++)
		vote_digest(network_id, certificate->epoch, certificate_vote_kind(certificate->kind, extra),
		            certificate->view, &certificate->block_id, &digests[extra]);
	for (uint32_t i = 0; i < certificate->first_count + certificate->extra_count; i++) {
		uint32_t voter = certificate->signers[i].voter;
		if (voter >= c->size ||
		    !sign_verify_bound(c->validators[voter].consensus_key, &digests[i >= certificate->first_count],
		                       certificate->signers[i].signature))
			return UNCIA_E_PROOF;
	}
	return 0;
}
