/* Certificates: quorums of each kind, one encoding, each signer once and for the right vote. */
#include "canonical.h"
#include "consensus.pb-c.h"
#include "fields.h"
#include "fixture.h"
#include "uncia/error.h"
#include "unit.h"
#include "vote.h"

/* Six validators of weight 1, F = P = 1: Qs = 4, Qf = 5. And eleven of unequal weight, for two bytes of bitmap. */
static struct fixture six, eleven;
#define VIEW 9

static struct hash block_id(void)
{
	return fixture_hash(3);
}

/* A certificate message that tests spoil: signatures are real for the kinds the message states. */
struct draft {
	Uncia__Pb__Certificate pb;
	struct hash id;
	uint8_t first[4], extra[4];
	uint8_t signatures[2 * 64 * SIGNATURE_SIZE];
	size_t signature_count;
};

static void draft_sign(struct draft *d, const struct fixture *f, const uint8_t *bitmap, bool extra)
{
	for (uint32_t i = 0; i < f->genesis.committee.size; i++) {
		struct vote vote;
		if (!(bitmap[i / 8] >> i % 8 & 1))
			continue;
		fixture_vote(f, certificate_vote_kind((enum certificate_kind)d->pb.kind, extra), VIEW, &d->id, i,
		             &vote);
		memcpy(d->signatures + SIGNATURE_SIZE * d->signature_count++, vote.signature, SIGNATURE_SIZE);
	}
}

static void draft_init(struct draft *d, const struct fixture *f, enum certificate_kind kind, uint32_t first,
                       uint32_t extra)
{
	memset(d, 0, sizeof(*d));
	size_t size = (f->genesis.committee.size + 7) / 8;
	for (size_t i = 0; i < 4; i++) {
		d->first[i] = (uint8_t)(first >> 8 * i);
		d->extra[i] = (uint8_t)(extra >> 8 * i);
	}
	d->id = block_id();
	d->pb = (Uncia__Pb__Certificate)UNCIA__PB__CERTIFICATE__INIT;
	d->pb.kind = kind;
	d->pb.view = VIEW;
	if (kind != CERT_S)
		d->pb.block_id = field_of(d->id.b, HASH_SIZE);
	d->pb.first_signers = field_of(d->first, size);
	if (extra)
		d->pb.extra_signers = field_of(d->extra, size);
	draft_sign(d, f, d->first, false);
	draft_sign(d, f, d->extra, true);
	d->pb.signatures = field_of(d->signatures, d->signature_count * SIGNATURE_SIZE);
}

/* Decodes and verifies. */
static int check(const struct draft *d, const struct fixture *f)
{
	uint8_t *bytes;
	size_t size;
	struct certificate *certificate;
	ck_assert_int_eq(canonical_encode(&d->pb.base, &bytes, &size), 0);
	int rc = certificate_decode(&f->genesis.committee, bytes, size, &certificate);
	if (rc == 0) {
		rc = certificate_verify(&f->genesis.committee, &f->genesis.network_id, certificate);
		free(certificate);
	}
	free(bytes);
	return rc;
}

static int check_signers(const struct fixture *f, enum certificate_kind kind, uint32_t first, uint32_t extra)
{
	struct draft d;
	draft_init(&d, f, kind, first, extra);
	return check(&d, f);
}

START_TEST(certificate_needs_the_quorum_of_its_kind)
{
	ck_assert_uint_eq(six.genesis.committee.quorum_slow, 4);
	ck_assert_uint_eq(six.genesis.committee.quorum_fast, 5);
	for (uint32_t signers = 0; signers < 64; signers++) {
		int count = __builtin_popcount(signers);
		ck_assert_int_eq(check_signers(&six, CERT_N, signers, 0), count >= 4 ? 0 : UNCIA_E_PROOF);
		ck_assert_int_eq(check_signers(&six, CERT_S, signers, 0), count >= 4 ? 0 : UNCIA_E_PROOF);
		ck_assert_int_eq(check_signers(&six, CERT_SF, signers, 0), count >= 4 ? 0 : UNCIA_E_PROOF);
		ck_assert_int_eq(check_signers(&six, CERT_FF, signers, 0), count >= 5 ? 0 : UNCIA_E_PROOF);
	}
}
END_TEST

START_TEST(certificate_weighs_its_signers)
{
	/* weights 1..11: W = 66, F = 10, P = 17, Qs = 39, Qf = 49 */
	for (uint32_t signers = 1; signers < 2048; signers += 7) {
		uint64_t weight = 0;
		for (uint32_t i = 0; i < 11; i++)
			weight += signers >> i & 1 ? i + 1 : 0;
		ck_assert_int_eq(check_signers(&eleven, CERT_SF, signers, 0),
		                 weight >= eleven.genesis.committee.quorum_slow ? 0 : UNCIA_E_PROOF);
		ck_assert_int_eq(check_signers(&eleven, CERT_FF, signers, 0),
		                 weight >= eleven.genesis.committee.quorum_fast ? 0 : UNCIA_E_PROOF);
	}
}
END_TEST

START_TEST(certificate_counts_first_and_extra_votes_together)
{
	ck_assert_int_eq(check_signers(&six, CERT_N, 0x03, 0x0c), 0);
	ck_assert_int_eq(check_signers(&six, CERT_S, 0x01, 0x38), 0);
	ck_assert_int_eq(check_signers(&six, CERT_N, 0x00, 0x0f), 0); /* extras alone, beside a bitmap of zeros */
	ck_assert_int_eq(check_signers(&six, CERT_N, 0x01, 0x0c), UNCIA_E_PROOF);
}
END_TEST

START_TEST(certificate_refuses_a_signer_counted_twice)
{
	ck_assert_int_eq(check_signers(&six, CERT_N, 0x0f, 0x08), UNCIA_E_PROOF);
	ck_assert_int_eq(check_signers(&six, CERT_S, 0x03, 0x07), UNCIA_E_PROOF);
}
END_TEST

START_TEST(final_certificates_take_no_extra_votes)
{
	struct draft d;
	draft_init(&d, &six, CERT_N, 0x1f, 0x20);
	ck_assert_int_eq(check(&d, &six), 0);
	d.pb.kind = CERT_FF;
	ck_assert_int_eq(check(&d, &six), UNCIA_E_ENCODING);
	d.pb.kind = CERT_SF;
	ck_assert_int_eq(check(&d, &six), UNCIA_E_ENCODING);
}
END_TEST

START_TEST(certificate_has_one_encoding)
{
	static const uint8_t zeros[64];
	struct draft d;
	for (size_t size = 0; size < 4; size++) {
		draft_init(&d, &eleven, CERT_N, 0x7ff, 0);
		d.pb.first_signers.len = size;
		ck_assert_int_eq(check(&d, &eleven), size == 2 ? 0 : UNCIA_E_ENCODING);
		/* an extra bitmap of zeros is to be left out */
		draft_init(&d, &eleven, CERT_N, 0x7ff, 0);
		d.pb.extra_signers = field_of(zeros, size);
		ck_assert_int_eq(check(&d, &eleven), size == 0 ? 0 : UNCIA_E_ENCODING);
	}
	for (size_t size = 0; size <= 64; size++) {
		draft_init(&d, &eleven, CERT_FF, 0x7ff, 0);
		d.pb.block_id = field_of(zeros, size);
		ck_assert_int_eq(check(&d, &eleven), size == 32 ? UNCIA_E_PROOF : UNCIA_E_ENCODING);
		draft_init(&d, &eleven, CERT_S, 0x7ff, 0);
		d.pb.block_id = field_of(zeros, size);
		ck_assert_int_eq(check(&d, &eleven), size == 0 ? 0 : UNCIA_E_ENCODING);
	}
}
END_TEST

START_TEST(certificate_refuses_bits_beyond_the_committee)
{
	struct draft d;
	for (uint32_t bit = 11; bit < 16; bit++) {
		draft_init(&d, &eleven, CERT_N, 0x7ff, 0);
		d.first[1] |= (uint8_t)(1u << (bit - 8));
		d.pb.signatures.len += SIGNATURE_SIZE;
		ck_assert_int_eq(check(&d, &eleven), UNCIA_E_PROOF);
		draft_init(&d, &eleven, CERT_N, 0x7fe, 1);
		d.extra[1] |= (uint8_t)(1u << (bit - 8));
		d.pb.signatures.len += SIGNATURE_SIZE;
		ck_assert_int_eq(check(&d, &eleven), UNCIA_E_PROOF);
	}
}
END_TEST

START_TEST(certificate_refuses_other_counts_of_signatures)
{
	struct draft d;
	for (int change = -65; change <= 65; change++) {
		draft_init(&d, &six, CERT_N, 0x1f, 0);
		d.pb.signatures.len = (size_t)(5 * SIGNATURE_SIZE + change);
		ck_assert_int_eq(check(&d, &six), change == 0 ? 0 : UNCIA_E_ENCODING);
	}
}
END_TEST

START_TEST(certificate_refuses_other_kinds_and_epochs)
{
	struct draft d;
	for (uint32_t kind = 5; kind < 300; kind += 59) {
		draft_init(&d, &six, CERT_FF, 0x3f, 0);
		d.pb.kind = kind;
		ck_assert_int_eq(check(&d, &six), UNCIA_E_ENCODING);
	}
	d.pb.kind = 0;
	ck_assert_int_eq(check(&d, &six), UNCIA_E_ENCODING);
	draft_init(&d, &six, CERT_FF, 0x3f, 0);
	d.pb.epoch = 1;
	ck_assert_int_eq(check(&d, &six), UNCIA_E_PROOF);
}
END_TEST

START_TEST(certificate_signatures_are_for_their_own_kind_of_vote)
{
	/* Signatures of NOTAR1 make N and FF; those of another vote never do. */
	static const enum certificate_kind kinds[] = {CERT_N, CERT_S, CERT_FF, CERT_SF};
	for (int signed_as = 0; signed_as < 4; signed_as++)
		for (int shown_as = 0; shown_as < 4; shown_as++) {
			struct draft d;
			draft_init(&d, &six, kinds[signed_as], 0x3f, 0);
			d.pb.kind = kinds[shown_as];
			d.pb.block_id = field_of(d.id.b, kinds[shown_as] == CERT_S ? 0 : HASH_SIZE);
			bool good = certificate_vote_kind(kinds[signed_as], false) ==
			            certificate_vote_kind(kinds[shown_as], false);
			ck_assert_int_eq(check(&d, &six), good ? 0 : UNCIA_E_PROOF);
		}
	/* first shown as extra */
	struct draft d;
	draft_init(&d, &six, CERT_N, 0x3f, 0);
	d.first[0] = 0x1f;
	d.extra[0] = 0x20;
	d.pb.extra_signers = field_of(d.extra, 1);
	ck_assert_int_eq(check(&d, &six), UNCIA_E_PROOF);
}
END_TEST

START_TEST(certificate_with_one_wrong_signature_does_not_verify)
{
	struct draft d;
	for (size_t i = 0; i < 6; i++) {
		draft_init(&d, &six, CERT_N, 0x07, 0x38);
		d.signatures[SIGNATURE_SIZE * i + 40] ^= 1;
		ck_assert_int_eq(check(&d, &six), UNCIA_E_PROOF);
	}
	/* two signatures exchanged */
	draft_init(&d, &six, CERT_N, 0x3f, 0);
	memcpy(d.signatures, d.signatures + SIGNATURE_SIZE, SIGNATURE_SIZE);
	ck_assert_int_eq(check(&d, &six), UNCIA_E_PROOF);
}
END_TEST

START_TEST(certificate_made_from_votes_decodes_to_itself)
{
	const struct committee *c = &eleven.genesis.committee;
	struct hash id = block_id();
	struct certificate *made = fixture_certificate_mixed(&eleven, CERT_N, VIEW, &id, 0x2f1, 0x506), *back;
	ck_assert_uint_eq(made->first_count, 6);
	ck_assert_uint_eq(made->extra_count, 4);
	static const uint32_t voters[] = {0, 4, 5, 6, 7, 9, 1, 2, 8, 10};
	uint64_t weight = 0;
	for (size_t i = 0; i < 10; i++) {
		ck_assert_uint_eq(made->signers[i].voter, voters[i]);
		weight += voters[i] + 1;
	}
	ck_assert_uint_eq(made->weight, weight);
	ck_assert_int_eq(certificate_verify(c, &eleven.genesis.network_id, made), 0);
	struct hash other = fixture_hash(50);
	ck_assert_int_eq(certificate_verify(c, &other, made), UNCIA_E_PROOF);
	ck_assert_int_eq(certificate_decode(c, made->bytes, made->size, &back), 0);
	ck_assert_uint_eq(back->size, made->size);
	ck_assert_mem_eq(back->block_id.b, id.b, HASH_SIZE);
	ck_assert_uint_eq(back->view, VIEW);
	ck_assert_int_eq(back->kind, CERT_N);
	free(back);
	free(made);
}
END_TEST

START_TEST(certificate_does_not_depend_on_the_order_or_duplicates_of_votes)
{
	const struct committee *c = &six.genesis.committee;
	struct hash id = block_id(), other_id = fixture_hash(60);
	struct vote votes[12];
	const struct vote *list[12];
	struct certificate *plain, *mixed;
	for (uint32_t i = 0; i < 6; i++) {
		fixture_vote(&six, i < 4 ? VOTE_NOTAR1 : VOTE_NOTAR2, VIEW, &id, i, &votes[i]);
		list[i] = &votes[i];
	}
	ck_assert_int_eq(certificate_make(c, &(struct certificate_subject){CERT_N, VIEW, &id}, list, 6, &plain), 0);
	/* reversed, one twice, and votes for other things, each passed over */
	fixture_vote(&six, VOTE_NOTAR1, VIEW + 1, &id, 0, &votes[6]);
	fixture_vote(&six, VOTE_NOTAR1, VIEW, &other_id, 1, &votes[7]);
	fixture_vote(&six, VOTE_FINAL, VIEW, &id, 2, &votes[8]);
	fixture_vote(&six, VOTE_SKIP1, VIEW, NULL, 3, &votes[9]);
	votes[10] = votes[0];
	votes[10].voter = 6;
	votes[11] = votes[0];
	votes[11].epoch = 1;
	for (int i = 0; i < 12; i++)
		list[i] = &votes[11 - i];
	ck_assert_int_eq(certificate_make(c, &(struct certificate_subject){CERT_N, VIEW, &id}, list, 12, &mixed), 0);
	ck_assert_uint_eq(plain->size, mixed->size);
	ck_assert_mem_eq(plain->bytes, mixed->bytes, plain->size);
	free(mixed);
	/* a voter's second vote does not count beside its first */
	fixture_vote(&six, VOTE_NOTAR2, VIEW, &id, 0, &votes[6]);
	for (int i = 0; i < 4; i++)
		list[i] = &votes[i];
	list[3] = &votes[6];
	ck_assert_int_eq(certificate_make(c, &(struct certificate_subject){CERT_N, VIEW, &id}, list, 4, &mixed),
	                 UNCIA_E_PROOF);
	ck_assert_int_eq(certificate_make(c, &(struct certificate_subject){CERT_N, VIEW, &id}, list, 0, &mixed),
	                 UNCIA_E_PROOF);
	free(plain);
}
END_TEST

START_TEST(certificate_of_the_largest_committee_fits_its_limit)
{
	static struct fixture f;
	static struct vote votes[COMMITTEE_SIZE_MAX];
	const struct vote *list[COMMITTEE_SIZE_MAX];
	struct hash id = block_id();
	struct certificate *certificate;
	fixture_init(&f, COMMITTEE_SIZE_MAX, 0, 0);
	for (uint32_t i = 0; i < COMMITTEE_SIZE_MAX; i++) {
		fixture_vote(&f, i % 2 ? VOTE_NOTAR1 : VOTE_NOTAR2, UINT64_MAX, &id, i, &votes[i]);
		list[i] = &votes[i];
	}
	ck_assert_int_eq(certificate_make(&f.genesis.committee, &(struct certificate_subject){CERT_N, UINT64_MAX, &id},
	                                  list, COMMITTEE_SIZE_MAX, &certificate),
	                 0);
	ck_assert_uint_eq(certificate->weight, COMMITTEE_SIZE_MAX);
	ck_assert_uint_le(certificate->size, CERTIFICATE_SIZE_MAX);
	ck_assert_int_eq(certificate_verify(&f.genesis.committee, &f.genesis.network_id, certificate), 0);
	/* of another committee */
	ck_assert_int_eq(certificate_verify(&six.genesis.committee, &f.genesis.network_id, certificate), UNCIA_E_PROOF);
	free(certificate);
	fixture_deinit(&f);
	static const uint8_t large[CERTIFICATE_SIZE_MAX + 1];
	ck_assert_int_eq(certificate_decode(&six.genesis.committee, large, sizeof(large), &certificate), UNCIA_E_LIMIT);
}
END_TEST

START_TEST(certificate_with_a_flipped_bit_or_cut_short_is_refused)
{
	const struct committee *c = &six.genesis.committee;
	struct hash id = block_id();
	struct certificate *good = fixture_certificate_mixed(&six, CERT_N, VIEW, &id, 0x17, 0x28), *out;
	for (size_t bit = 0; bit < good->size * 8u; bit++) {
		good->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (certificate_decode(c, good->bytes, good->size, &out) == 0) {
			ck_assert_int_eq(certificate_verify(c, &six.genesis.network_id, out), UNCIA_E_PROOF);
			free(out);
		}
		good->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t size = 0; size < good->size; size++)
		ck_assert_int_ne(certificate_decode(c, good->bytes, size, &out), 0);
	free(good);
}
END_TEST

int main(void)
{
	uint64_t weights[11];
	for (uint64_t i = 0; i < 11; i++)
		weights[i] = i + 1;
	fixture_init(&six, 6, 0, 0);
	fixture_init_weighted(&eleven, 11, weights, 10, 17, 0, 0);
	const TTest *tests[] = {
	    certificate_needs_the_quorum_of_its_kind,
	    certificate_weighs_its_signers,
	    certificate_counts_first_and_extra_votes_together,
	    certificate_refuses_a_signer_counted_twice,
	    final_certificates_take_no_extra_votes,
	    certificate_has_one_encoding,
	    certificate_refuses_bits_beyond_the_committee,
	    certificate_refuses_other_counts_of_signatures,
	    certificate_refuses_other_kinds_and_epochs,
	    certificate_signatures_are_for_their_own_kind_of_vote,
	    certificate_with_one_wrong_signature_does_not_verify,
	    certificate_made_from_votes_decodes_to_itself,
	    certificate_does_not_depend_on_the_order_or_duplicates_of_votes,
	    certificate_of_the_largest_committee_fits_its_limit,
	    certificate_with_a_flipped_bit_or_cut_short_is_refused,
	};
	int rc = unit_run("certificate", NULL, NULL, tests, sizeof(tests) / sizeof(tests[0]));
	fixture_deinit(&six);
	fixture_deinit(&eleven);
	return rc;
}
