/* See rig.h. */
#include "rig.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

void rig_committee(struct committee *committee, uint32_t n)
{
	memset(committee, 0, sizeof(*committee));
	committee->size = n;
	committee->weight = n;
	committee_default_faults(n, &committee->faulty, &committee->slow);
	committee->quorum_slow = (n + committee->faulty) / 2 + 1;
	committee->quorum_fast = n - committee->slow;
	committee->key_threshold = committee->faulty + committee->slow + 1;
	for (uint32_t i = 0; i < n; i++)
		committee->validators[i].weight = 1;
}

static int rig_sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	struct rig *r = context;

	r->signs++;
	memcpy(signature, statement->digest.b, HASH_SIZE);
	memset(signature + HASH_SIZE, (int)r->self, SIGNATURE_SIZE - HASH_SIZE);
	return r->sign_error;
}

void rig_start(struct rig *r, uint32_t n, uint32_t self, uint64_t final_view, const struct hash *final_id)
{
	*r = (struct rig){.self = self, .now_ms = 5000};
	rig_committee(&r->committee, n);
	const struct consensus_config config = {.committee = &r->committee,
	                                        .self = self,
	                                        .sign = rig_sign,
	                                        .sign_context = r,
	                                        .delta_ms = RIG_DELTA_MS,
	                                        .heartbeat_ms = RIG_HEARTBEAT_MS,
	                                        .nonce = 7};
	ck_assert_int_eq(consensus_new(&config, final_view, final_id, &r->c), 0);
	consensus_begin(r->c, r->now_ms);
	ck_assert_int_eq(consensus_start(r->c), 0);
	for (uint32_t i = 0; i < n; i++)
		if (i != self)
			consensus_peer(r->c, i, true);
}

void rig_voting(struct rig *r, uint32_t n, uint32_t self)
{
	const struct hash genesis = rig_id(0);

	rig_start(r, n, self, 0, &genesis);
	ck_assert_int_eq(consensus_recovered(r->c), 0);
	for (uint32_t i = 0; i < n; i++)
		if (i != self)
			ck_assert_int_eq(consensus_answered(r->c, i, NULL), 0);
	ck_assert_int_eq(consensus_voting(r->c), VOTING_YES);
	rig_count(r, OUT_VOTING);
}

void rig_free(struct rig *r)
{
	consensus_free(r->c);
	r->c = NULL;
}

struct hash rig_id(unsigned block)
{
	struct hash id = {{0}};

	id.b[0] = (uint8_t)(block >> 8);
	id.b[1] = (uint8_t)block;
	id.b[31] = 1;
	return id;
}

struct vote rig_vote(enum vote_kind kind, uint64_t view, unsigned block, uint32_t voter)
{
	struct vote vote = {.kind = kind, .view = view, .voter = voter};

	if (vote_kind_names_block(kind))
		vote.block_id = rig_id(block);
	memset(vote.signature, (int)(16 * kind + voter), sizeof(vote.signature));
	return vote;
}

struct certificate *rig_certificate(const struct rig *r, enum certificate_kind kind, uint64_t view, unsigned block)
{
	uint64_t quorum = kind == CERT_FF ? r->committee.quorum_fast : r->committee.quorum_slow;
	struct vote votes[COMMITTEE_SIZE_MAX];
	const struct vote *list[COMMITTEE_SIZE_MAX];
	struct certificate *certificate;
	struct hash id = rig_id(block);

	for (uint32_t i = 0; i < quorum; i++) {
		votes[i] = rig_vote(certificate_vote_kind(kind, false), view, block, i);
		list[i] = &votes[i];
	}
	const struct certificate_subject subject = {.kind = kind, .view = view, .block_id = &id};
	ck_assert_int_eq(certificate_make(&r->committee, &subject, list, quorum, &certificate), 0);
	return certificate;
}

void rig_hear(struct rig *r, enum vote_kind kind, uint64_t view, unsigned block, uint32_t voter)
{
	const struct vote vote = rig_vote(kind, view, block, voter);

	ck_assert_uint_ne(voter, r->self);
	ck_assert_int_eq(consensus_vote(r->c, &vote), 0);
}

void rig_certify(struct rig *r, enum certificate_kind kind, uint64_t view, unsigned block)
{
	ck_assert_int_eq(consensus_certificate(r->c, rig_certificate(r, kind, view, block)), 0);
}

void rig_know(struct rig *r, unsigned block, uint64_t view, unsigned parent, enum block_check check)
{
	const struct block_facts facts = {
	    .id = rig_id(block), .parent_id = rig_id(parent), .view = view, .check = check};

	ck_assert_int_eq(consensus_block(r->c, &facts), 0);
}

void rig_time(struct rig *r, uint64_t ms)
{
	r->now_ms += ms;
	consensus_begin(r->c, r->now_ms);
}

void rig_advance(struct rig *r)
{
	ck_assert_int_eq(consensus_advance(r->c, false), 0);
	ck_assert_int_eq(consensus_expire(r->c), 0);
}

void rig_expect(struct rig *r, enum consensus_output_kind kind, struct consensus_output *output)
{
	do
		ck_assert_msg(consensus_next(r->c, output), "no output of kind %d comes", (int)kind);
	while (output->kind != kind);
}

void rig_expect_vote(struct rig *r, enum vote_kind kind, uint64_t view, unsigned block)
{
	const struct vote wanted = rig_vote(kind, view, block, r->self);
	struct consensus_output output;

	rig_expect(r, OUT_VOTE, &output);
	ck_assert_int_eq(output.vote.kind, kind);
	ck_assert_uint_eq(output.vote.view, view);
	ck_assert_uint_eq(output.vote.voter, r->self);
	ck_assert_mem_eq(&output.vote.block_id, &wanted.block_id, HASH_SIZE);
	ck_assert_int_eq(consensus_vote(r->c, &output.vote), 0);
}

unsigned rig_count(struct rig *r, enum consensus_output_kind kind)
{
	struct consensus_output output;
	unsigned count = 0;

	while (consensus_next(r->c, &output))
		count += output.kind == kind;
	return count;
}
