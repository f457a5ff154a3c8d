/* See from_core.h. A consensus module with nothing in it but what these two functions look at. */
#include "from_core.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "state.h"
#include "uncia/error.h"

static struct committee *four(void)
{
	static struct committee c;

	c.size = 4;
	c.weight = 4;
	c.faulty = 1;
	c.quorum_slow = 3;
	c.quorum_fast = 4;
	c.key_threshold = 2;
	for (uint32_t i = 0; i < c.size; i++)
		c.validators[i].weight = 1;
	return &c;
}

static struct hash block_id(unsigned block)
{
	return (struct hash){.b = {(uint8_t)(block + 1)}};
}

static void expect(int error)
{
	if (error) {
		fprintf(stderr, "two_views: the core answers %d\n", error);
		exit(EXIT_FAILURE);
	}
}

static struct consensus *module(uint64_t final_view, struct hash final_id)
{
	const struct consensus_config config = {.committee = four(), .heartbeat_ms = 1000, .delta_ms = 150};
	struct consensus *c;

	expect(consensus_new(&config, final_view, &final_id, &c));
	expect(consensus_start(c));
	return c;
}

struct own_votes core_recovered(unsigned votes, unsigned *own_block)
{
	struct consensus *c = module(0, block_id(MODEL_BLOCKS));

	/* In the order of the journal's keys: kind by kind, then by block. */
	for (unsigned bit = 0; bit < 11; bit++) {
		if (!(votes >> bit & 1))
			continue;
		unsigned choice = bit % CHOICES;
		enum vote_kind kind = bit >= 2 * CHOICES ? VOTE_FINAL
		                      : bit >= CHOICES   ? (choice == SKIP ? VOTE_SKIP2 : VOTE_NOTAR2)
		                                         : (choice == SKIP ? VOTE_SKIP1 : VOTE_NOTAR1);
		struct vote vote = {.kind = kind, .view = 1};
		if (choice != SKIP)
			vote.block_id = block_id(choice);
		int error = consensus_recover_vote(c, &vote);
		/* Votes that contradict each other are refused: only a planted mistake comes here with such. */
		if (error == UNCIA_E_DAMAGED && !view_own_agrees(view_find(c, 1), &vote))
			error = view_note_own(view_find(c, 1), &vote);
		else if (!error && !consensus_vote_known(c, &vote))
			error = UNCIA_E_NOT_FOUND; /* it is to count again */
		expect(error);
	}
	const struct view *view = view_find(c, 1);
	const struct own_votes own = safety_own(c, view);
	*own_block = own.first == FIRST_BLOCK ? view->own_block.b[0] - 1u : MODEL_BLOCKS;
	consensus_free(c);
	return own;
}

bool core_parent_valid(unsigned tip, unsigned held, unsigned parent)
{
	const struct hash id = block_id(parent ? parent - 1 : MODEL_BLOCKS);
	struct consensus *c = module(tip > 0, block_id(tip ? tip - 1 : MODEL_BLOCKS));

	for (unsigned choice = 0; choice < CHOICES; choice++) {
		struct certificate *certificate = calloc(1, sizeof(*certificate));
		assert(certificate);
		*certificate = (struct certificate){.kind = choice == SKIP ? CERT_S : CERT_N, .view = 1, .weight = 3};
		if (choice != SKIP) {
			const struct block_facts facts = {.id = block_id(choice), .view = 1, .check = BLOCK_VALID};
			certificate->block_id = facts.id;
			expect(consensus_block(c, &facts));
		}
		if (held >> choice & 1)
			expect(consensus_certificate(c, certificate));
		else
			free(certificate);
	}
	bool valid = view_parent_valid(c, 2, &id);
	consensus_free(c);
	return valid;
}
