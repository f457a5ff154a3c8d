/* See wall.h. */
#include "wall.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "state.h"

enum { ANSWERS = 1 << 20 }; /* many more than there are cases */

static struct committee committee;
static uint64_t answers[ANSWERS]; /* a case and its answer, by open addressing; 0: free */

void wall_begin(const struct committee *of)
{
	committee = *of;
	assert(committee.size <= 9);
	for (uint32_t i = 0; i < committee.size; i++)
		committee.validators[i].weight = 1;
	memset(answers, 0, sizeof(answers));
}

static void wall_expect(int error)
{
	if (error) {
		fprintf(stderr, "the consensus module answers %d\n", error);
		exit(EXIT_FAILURE);
	}
}

static int wall_sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	(void)context;
	(void)statement;
	memset(signature, 0, SIGNATURE_SIZE);
	return 0;
}

static struct hash wall_id(unsigned block)
{
	return (struct hash){.b = {(uint8_t)(block + 1)}};
}

static struct vote wall_vote(enum vote_kind kind, unsigned block, uint32_t voter)
{
	struct vote vote = {.kind = kind, .view = 1, .voter = voter};

	if (vote_kind_names_block(kind))
		vote.block_id = wall_id(block);
	return vote;
}

static void wall_own(struct consensus *c, enum vote_kind kind, unsigned block)
{
	const struct vote vote = wall_vote(kind, block, 0);

	wall_expect(consensus_recover_vote(c, &vote));
}

static void wall_own_votes(struct consensus *c, const struct wall_case *asked)
{
	if (asked->own.first != FIRST_NONE)
		wall_own(c, asked->own.first == FIRST_SKIP ? VOTE_SKIP1 : VOTE_NOTAR1, asked->first_block);
	for (unsigned block = 0; block < WALL_BLOCKS; block++)
		if (asked->notar2 >> block & 1)
			wall_own(c, VOTE_NOTAR2, block);
	if (asked->skip2)
		wall_own(c, VOTE_SKIP2, 0);
	if (asked->own.final)
		wall_own(c, VOTE_FINAL, asked->first_block);
}

static void wall_hear(struct consensus *c, enum vote_kind kind, unsigned block, uint32_t voter)
{
	const struct vote vote = wall_vote(kind, block, voter);

	assert(voter < committee.size);
	wall_expect(consensus_vote(c, &vote));
}

/* The block of the vote that is asked for is known as far as its rule needs. */
static void wall_evidence(struct consensus *c, const struct wall_case *asked, const struct hash *genesis)
{
	const struct block_facts facts = {
	    .id = wall_id(asked->block), .parent_id = *genesis, .view = 1, .check = BLOCK_VALID};
	uint32_t voter = 1;

	wall_expect(consensus_block(c, &facts));
	if (asked->kind == VOTE_NOTAR1 && committee.size > 1)
		wall_hear(c, VOTE_NOTAR1, asked->block, committee_leader(&committee, 1));
	for (unsigned block = 0; block < WALL_BLOCKS; block++)
		for (unsigned i = 0; i < asked->heard[block]; i++)
			wall_hear(c, VOTE_NOTAR1, block, voter++);
	for (unsigned i = 0; i < asked->heard_skips; i++)
		wall_hear(c, VOTE_SKIP1, 0, voter++);
	if (!asked->notarised)
		return;
	struct certificate *certificate = calloc(1, sizeof(*certificate));
	assert(certificate);
	*certificate =
	    (struct certificate){.kind = CERT_N, .view = 1, .block_id = facts.id, .weight = committee.quorum_slow};
	wall_expect(consensus_certificate(c, certificate));
}

static bool wall_ask(const struct wall_case *asked)
{
	const struct consensus_config config = {
	    .committee = &committee, .sign = wall_sign, .heartbeat_ms = 1000, .delta_ms = 150};
	const struct hash genesis = wall_id(WALL_BLOCKS);
	const struct vote wanted = wall_vote(asked->kind, asked->block, 0);
	struct consensus *c;

	wall_expect(consensus_new(&config, asked->own.past, &genesis, &c));
	wall_expect(consensus_start(c));
	wall_own_votes(c, asked);
	wall_evidence(c, asked, &genesis);
	c->voting = VOTING_YES; /* the gate is no matter of one view */
	int rc = safety_cast(c, &wanted, true, NULL);
	assert(rc == 0 || rc == CONSENSUS_E_UNSAFE);
	consensus_free(c);
	return rc == 0;
}

/* All of the case, above a bit for the answer and one that is set. */
static uint64_t wall_key(const struct wall_case *asked)
{
	uint64_t key = asked->own.past;

	key = key << 2 | asked->own.first;
	key = key << 2 | (asked->own.first == FIRST_BLOCK ? asked->first_block : 0);
	key = key << 3 | asked->notar2;
	key = key << 1 | asked->skip2;
	key = key << 1 | asked->own.final;
	for (unsigned block = 0; block < WALL_BLOCKS; block++)
		key = key << 4 | asked->heard[block];
	key = key << 4 | asked->heard_skips;
	key = key << 1 | asked->notarised;
	key = key << 3 | (unsigned)asked->kind;
	key = key << 2 | asked->block;
	return key << 2 | 1;
}

bool wall_casts(const struct wall_case *asked)
{
	uint64_t key = wall_key(asked);

	for (uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> 44;; at = (at + 1) % ANSWERS) {
		if (answers[at] == 0)
			answers[at] = key | (wall_ask(asked) ? 2 : 0);
		if ((answers[at] & ~UINT64_C(2)) == key)
			return answers[at] & 2;
	}
}
