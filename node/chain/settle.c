/* What is final: the path to a decided block, forgetting what stands beside it, and folding what lies under the tip
 * into the settled state (docs/spec/consensus.md §6 rule 8, ledger.md §4). See chain.h. */
#include <assert.h>
#include <stdlib.h>
#include "chain.h"
#include "try.h"
#include "uncia/error.h"

int chain_decided_walk(struct chain *c, struct chain_block *block, size_t steps, struct header *missing)
{
	struct chain_block *b = c->walked ? c->walked : block;

	for (; b != c->tip; c->visited++) {
		struct chain_block *parent;
		c->walked = b;
		if (b->header.size && b->header.height <= c->tip->header.height)
			return UNCIA_E_PROOF;
		if (!chain_has_body(b) && b->state != CHAIN_INVALID) {
			*missing = b->header;
			return 0;
		}
		if (!(parent = chain_parent(c, b))) {
			*missing = (struct header){.id = b->header.parent_id, .height = b->header.height - 1};
			return 0;
		}
		if (!steps--)
			return CHAIN_MORE;
		parent->above = b;
		b = parent;
	}
	c->walked = b;
	return 1;
}

void chain_make_final(struct chain *c, struct chain_block *last, struct certificate *certificate)
{
	assert(!certificate ||
	       (certificate_is_final(certificate->kind) && hash_equal(&certificate->block_id, &last->header.id)));
	assert(!c->prune_from);
	c->prune_from = c->tip;
	while (c->tip != last) {
		struct chain_block *block = c->tip->above;
		assert(block && block->parent == c->tip && block->executed && block->journaled);
		assert(block->header.height == c->tip->header.height + 1);
		chain_move(c, block, CHAIN_FINAL);
		chain_note_payments(c, block);
		c->tip = block;
	}
	/* A walk that had come down to what is final now has come to the tip. */
	if (c->walked && c->walked->state == CHAIN_FINAL)
		c->walked = c->tip;
	free(c->final_certificate);
	c->final_certificate = certificate;
}

int chain_adopt_final(struct chain *c, struct chain_block *block)
{
	int executed = chain_execute(c, block);

	TRY(executed);
	if (!executed)
		return UNCIA_E_DAMAGED;
	chain_move(c, block, CHAIN_FINAL);
	c->tip->above = block;
	c->tip = block;
	return chain_settle(c);
}

/* What did not fit the ledger because of this block may fit now. */
static void block_unpark(struct chain *c, const struct chain_block *block)
{
	for (uint32_t i = 0; chain_has_body(block) && i < block->header.payment_count; i++)
		mempool_unpark(c->mempool, &block->payments[i]->sender);
	c->generation++;
}

/* A block beside the chain that has just become final: of those, one on which nothing stands. */
static struct chain_block *prune_beside(struct chain *c)
{
	for (; c->prune_from && c->prune_from != c->tip; c->prune_from = c->prune_from->above) {
		struct chain_block *block = c->prune_from->children;
		if (block == c->prune_from->above)
			block = block->next;
		if (!block)
			continue;
		while (block->children)
			block = block->children;
		return block;
	}
	c->prune_from = NULL;
	return NULL;
}

bool chain_prune(struct chain *c, struct hash *id)
{
	struct chain_block *block = prune_beside(c);

	if (!block && c->heap_count && c->heap[0]->header.view <= c->tip->header.view)
		block = c->heap[0];
	if (!block)
		return false;
	*id = block->header.id;
	block_unpark(c, block);
	chain_drop(c, block);
	return true;
}

/* The pool knows senders by their 20 bytes alone: that of a hold is its id. */
static void settle_touched(void *context, const struct entry_id *id)
{
	struct chain *c = context;

	mempool_unpark(c->mempool, &id->address);
	c->generation++;
}

int chain_settle(struct chain *c)
{
	while (c->settled != c->tip->parent && c->settled != c->tip) {
		struct chain_block *next = c->settled->above;
		assert(next && next->parent == c->settled);
		/* Where nothing is parked, nobody asks whom the block touched: that takes decoding all it changed. */
		TRY(ledger_settle(c->ledger, next->executed, mempool_parked(c->mempool) ? settle_touched : NULL, c));
		struct chain_block *old = c->settled;
		c->settled = next;
		executed_release(c->ledger, next->executed);
		next->executed = NULL;
		chain_drop(c, old);
	}
	return 0;
}
