/* What is final: the path to a decided block, forgetting what stands beside it, and folding what lies under the tip
 * into the settled state (docs/spec/consensus.md §6 rule 8, ledger.md §4). See chain.h. */
#include <assert.h>
#include <stdlib.h>
#include "chain.h"
#include "try.h"
#include "uncia/error.h"

/* Walks from the block down to the tip. Returns 1; 0 where a body is missing; UNCIA_E_PROOF where it passes the tip. */
static int path_walk(struct chain *c, struct chain_block *block, struct chain_path *path, size_t room,
                     struct header *missing)
{
	for (struct chain_block *b = block; b != c->tip;) {
		if (b->header.size && b->header.height <= c->tip->header.height)
			return UNCIA_E_PROOF;
		if ((!chain_has_body(b) && b->state != CHAIN_INVALID) || path->count == room) {
			*missing = b->header;
			return 0;
		}
		path->blocks[path->count++] = b;
		struct chain_block *parent = chain_find(c, &b->header.parent_id);
		if (!parent) {
			*missing = (struct header){.id = b->header.parent_id, .height = b->header.height - 1};
			return 0;
		}
		b->parent = parent;
		b = parent;
	}
	return path->count > 0;
}

int chain_decided_path(struct chain *c, struct chain_block *block, struct chain_path *path, struct header *missing)
{
	size_t room = HASH_COUNT(c->blocks);

	*path = (struct chain_path){.blocks = malloc(room * sizeof(struct chain_block *))};
	if (!path->blocks)
		return UNCIA_E_MEMORY;
	int rc = path_walk(c, block, path, room, missing);
	if (rc <= 0) {
		free(path->blocks);
		*path = (struct chain_path){0};
		return rc;
	}
	for (size_t i = 0; i < path->count / 2; i++) {
		struct chain_block *other = path->blocks[i];
		path->blocks[i] = path->blocks[path->count - 1 - i];
		path->blocks[path->count - 1 - i] = other;
	}
	return 1;
}

void chain_make_final(struct chain *c, const struct chain_path *path, struct certificate *certificate)
{
	struct chain_block *last = path->blocks[path->count - 1];

	assert(certificate_is_final(certificate->kind) && hash_equal(&certificate->block_id, &last->header.id));
	for (size_t i = 0; i < path->count; i++) {
		struct chain_block *block = path->blocks[i];
		assert(block->executed && block->journaled);
		assert(block->header.height == c->tip->header.height + 1 + i);
		chain_move(c, block, CHAIN_FINAL);
		chain_note_payments(c, block);
	}
	free(c->final_certificate);
	c->final_certificate = certificate;
	c->tip = last;
}

int chain_adopt_final(struct chain *c, struct chain_block *block)
{
	int executed = chain_execute(c, block);

	TRY(executed);
	if (!executed)
		return UNCIA_E_DAMAGED;
	chain_move(c, block, CHAIN_FINAL);
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

bool chain_prune(struct chain *c, struct hash *id)
{
	struct chain_block *block, *next;

	HASH_ITER (hh, c->blocks, block, next) { /* NOLINT(clang-analyzer-*): not how uthash lists go */
		if (block->state == CHAIN_FINAL)
			continue;
		struct chain_block *parent = chain_parent(c, block);
		bool beside = block->header.view <= c->tip->header.view ||
		              (block->header.size && block->header.height <= c->tip->header.height) ||
		              (parent && parent->state == CHAIN_FINAL && parent != c->tip);
		if (!beside)
			continue;
		*id = block->header.id;
		block_unpark(c, block);
		chain_drop(c, block);
		return true;
	}
	return false;
}

static void settle_touched(void *context, const struct address *address)
{
	struct chain *c = context;

	mempool_unpark(c->mempool, address);
	c->generation++;
}

int chain_settle(struct chain *c)
{
	while (c->settled != c->tip->parent && c->settled != c->tip) {
		struct chain_block *next = c->tip;
		while (next->parent != c->settled)
			next = next->parent;
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
