/* Bodies put together from the payments that are held, by the short ids of a proposal (docs/spec/network.md §8). See
 * chain.h. */
#include <stdlib.h>
#include <utlist.h>
#include "chain.h"
#include "try.h"
#include "uncia/error.h"

#define ASSEMBLY_DELAY_MS        4u  /* payments of a proposal may still be on their way to us */
#define ASSEMBLY_VERIFY_DELAY_MS 60u /* or with the verifier */

/* All that its short ids name is held. "A rebuild that fails (missing, colliding) fetches the full list and is never
 * invalid" (network §8). */
static int assembly_complete(struct chain *c, struct chain_block *block, uint64_t now_ms)
{
	struct payment *const *gathered = short_ids_payments(block->short_ids);
	uint32_t count = block->header.payment_count;
	uint64_t size = 0;

	struct hash *tree = block_tree(gathered, count);
	if (!tree)
		return UNCIA_E_MEMORY;
	for (uint32_t i = 0; i < count; i++)
		size += gathered[i]->size;
	/* Names are short: what they stand for may be more than a block may carry, and could then never be read again.
	 */
	bool wrong = !hash_equal(merkle_root(tree, count), &block->header.payments_root), large = size > BLOCK_SIZE_MAX;
	if (wrong || large) {
		block->matching = false;
		DL_DELETE2(c->matching, block, match_prev, match_next);
		free(tree);
		short_ids_free(block->short_ids);
		block->short_ids = NULL;
	}
	if (wrong) {
		chain_want(c, block, now_ms);
		return 0;
	}
	if (large) {
		chain_invalid(c, block);
		return 0;
	}
	struct payment **payments = malloc((count + 1) * sizeof(struct payment *));
	if (!payments) {
		free(tree);
		return UNCIA_E_MEMORY;
	}
	for (uint32_t i = 0; i < count; i++)
		payments[i] = payment_ref(gathered[i]);
	return chain_complete(c, block, payments, tree);
}

int chain_assemble(struct chain *c, struct chain_block *block, const struct bytes *short_ids, uint64_t now_ms)
{
	TRY(short_ids_new(&block->header.id, short_ids->data, block->header.payment_count, &block->short_ids));
	chain_move(c, block, CHAIN_MATCHING);
	block->matching = true;
	DL_APPEND2(c->matching, block, match_prev, match_next);
	mempool_match(c->mempool, block->short_ids);
	if (short_ids_missing(block->short_ids) == 0)
		return assembly_complete(c, block, now_ms);
	chain_want(c, block, now_ms + (mempool_verifying(c->mempool) ? ASSEMBLY_VERIFY_DELAY_MS : ASSEMBLY_DELAY_MS));
	return 0;
}

bool chain_assembles(const struct chain *c)
{
	return c->matching;
}

int chain_offer(struct chain *c, struct payment *payment, uint64_t now_ms)
{
	struct chain_block *block, *next;

	for (block = c->matching; block; block = next) {
		next = block->match_next;
		short_ids_offer(block->short_ids, &payment->whole, payment);
		if (short_ids_missing(block->short_ids) == 0)
			TRY(assembly_complete(c, block, now_ms));
	}
	return 0;
}
