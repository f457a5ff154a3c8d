/* See from_core.h. A replica of the core with nothing in it but what these two functions look at. */
#include "from_core.h"
#include <stdio.h>
#include "parts.h"

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

struct own_votes core_recovered(unsigned votes, unsigned *own_block)
{
	struct chain_block genesis = {0};
	struct replica r = {.committee = four(), .chain.tip = &genesis, .view = 1};

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
		expect(safety_recover(&r, &vote));
		if (!vote_known(&r, &vote))
			expect(UNCIA_E_NOT_FOUND); /* it is to count again */
	}
	struct view *view = view_get(&r, 1);
	assert(view);
	struct own_votes own = {.first = view->own_first,
	                        .any_extra = view->own_extra_count > 0 || view->own_skip2,
	                        .final = view->own_final};
	*own_block = own.first == FIRST_BLOCK ? view->own_block.b[0] - 1u : MODEL_BLOCKS;
	view_free(&r, view);
	return own;
}

bool core_parent_valid(unsigned tip, unsigned held, unsigned parent)
{
	struct chain_block final = {.header = {.view = tip > 0, .id = block_id(tip ? tip - 1 : MODEL_BLOCKS)}};
	struct replica r = {.committee = four(), .chain.tip = &final, .view = 2};
	struct hash id = block_id(parent ? parent - 1 : MODEL_BLOCKS);
	struct view *view = view_get(&r, 1);

	assert(view);
	for (unsigned choice = 0; choice < CHOICES; choice++) {
		if (!(held >> choice & 1))
			continue;
		struct held_certificate *one = malloc(sizeof(*one));
		struct certificate *certificate = calloc(1, sizeof(*certificate));
		assert(one && certificate);
		certificate->kind = choice == SKIP ? CERT_S : CERT_N;
		certificate->view = 1;
		if (choice != SKIP)
			certificate->block_id = block_id(choice);
		*one = (struct held_certificate){.certificate = certificate, .next = view->certificates};
		view->certificates = one;
	}
	bool valid = consensus_parent_valid(&r, 2, parent > 0, &id);
	view_free(&r, view);
	return valid;
}
