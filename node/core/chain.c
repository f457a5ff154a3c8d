/* The blocks that are not settled yet, and the settled one they grow from: bodies, execution, what to forget. */
#include "parts.h"

struct node_block *block_find(struct replica *r, const struct hash *id)
{
	struct node_block *block;

	HASH_FIND(hh, r->blocks, id, sizeof(*id), block);
	return block;
}

/* Adds a header, or finds it. One of size 0 is of a block that votes name and nobody has shown. */
int block_add(struct replica *r, const struct header *header, struct node_block **block)
{
	struct node_block *b = block_find(r, &header->id);

	if (!b) {
		b = calloc(1, sizeof(*b));
		if (!b)
			return UNCIA_E_MEMORY;
		b->header = *header;
		b->fetch_at = TIME_NEVER;
		b->added_ms = r->now_ms;
		HASH_ADD(hh, r->blocks, header.id, sizeof(b->header.id), b);
		if (!b->hh.tbl) {
			free(b);
			return UNCIA_E_MEMORY;
		}
	}
	if (!b->header.size && header->size)
		b->header = *header; /* known by its id alone so far */
	*block = b;
	return 0;
}

static void block_drop_body(struct node_block *block)
{
	if (block->payments)
		for (uint32_t i = 0; i < block->header.payment_count; i++)
			payment_free(block->payments[i]);
	free(block->payments);
	free(block->tree);
	free(block->bytes);
	short_ids_free(block->short_ids);
	block->payments = NULL;
	block->tree = NULL;
	block->bytes = NULL;
	block->short_ids = NULL;
}

void block_drop(struct replica *r, struct node_block *block)
{
	struct node_block *child, *next;

	/* Never a pointer to what is gone. */
	HASH_ITER (hh, r->blocks, child, next)
		if (child->parent == block)
			child->parent = NULL;
	block_drop_body(block);
	executed_release(r->ledger, block->executed);
	HASH_DEL(r->blocks, block);
	free(block);
}

void blocks_free(struct replica *r)
{
	struct node_block *block, *next;

	HASH_ITER (hh, r->blocks, block, next) {
		block_drop_body(block);
		executed_release(r->ledger, block->executed);
		HASH_DEL(r->blocks, block); /* NOLINT(clang-analyzer-*): not how uthash lists go */
		free(block);
	}
}

/* The body, all of whose signatures have been verified. Takes the references in `payments`, the array itself and the
 * tree. */
int block_complete(struct replica *r, struct node_block *block, struct payment **payments, struct hash *tree)
{
	if (block->complete) {
		for (uint32_t i = 0; i < block->header.payment_count; i++)
			payment_free(payments[i]);
		free(payments);
		free(tree);
		return 0;
	}
	block->payments = payments;
	block->tree = tree;
	short_ids_free(block->short_ids);
	block->short_ids = NULL;
	TRY(block_encode(&block->header, payments, block->header.payment_count, &block->bytes, &block->size));
	block->complete = true;
	block->fetch_at = TIME_NEVER;
	r->recheck = true;
	return 0;
}

/* The same with a decoded body, which is left empty. */
int block_complete_decoded(struct replica *r, struct node_block *block, struct block *body)
{
	struct payment **payments = body->payments;
	struct hash *tree = body->tree;

	body->payments = NULL;
	body->tree = NULL;
	body->count = 0;
	return block_complete(r, block, payments, tree);
}

static struct node_block *block_parent(struct replica *r, struct node_block *block)
{
	if (!block->parent && block != r->settled)
		block->parent = block_find(r, &block->header.parent_id);
	return block->parent;
}

/* What of a header can be judged only beside its parent (ledger §5). */
static bool header_follows(struct replica *r, const struct node_block *block, const struct node_block *parent,
                           const struct hash *parent_root)
{
	const struct header *h = &block->header;

	return h->height == parent->header.height + 1 && h->view > parent->header.view &&
	       h->timestamp_ms > parent->header.timestamp_ms && h->epoch == r->committee->epoch &&
	       hash_equal(&h->committee_hash, &r->committee->hash) &&
	       h->proposer == committee_leader(r->committee, h->view) && hash_equal(&h->parent_state_root, parent_root);
}

static int block_parent_root(struct replica *r, struct node_block *parent, struct hash *root)
{
	return parent == r->settled ? ledger_settled_root(r->ledger, root)
	                            : ledger_root(r->ledger, parent->executed, root);
}

static bool error_is_ours(int error)
{
	return error == UNCIA_E_MEMORY || error == UNCIA_E_IO || error == UNCIA_E_DAMAGED;
}

/* "A block is valid only if every payment in it succeeds when executed in order" (ledger §4). */
static int execute_on_parent(struct replica *r, struct node_block *block)
{
	struct executed *executed;
	struct hash root;

	if (block->invalid || !block->complete)
		return 0;
	struct node_block *parent = block_parent(r, block);
	if (!parent)
		return 0;
	if (parent->invalid) {
		block->invalid = true;
		return 0;
	}
	if (parent != r->settled && !parent->executed)
		return 0;
	TRY(block_parent_root(r, parent, &root));
	if (!header_follows(r, block, parent, &root)) {
		block->invalid = true;
		return 0;
	}
	TRY(ledger_begin(r->ledger, parent->executed, block->header.height, block->header.timestamp_ms, &executed));
	for (uint32_t i = 0; i < block->header.payment_count; i++) {
		int error = ledger_add(r->ledger, executed, block->payments[i]);
		if (!error)
			continue;
		executed_release(r->ledger, executed);
		if (error_is_ours(error))
			return error;
		block->invalid = true;
		return 0;
	}
	ledger_end(executed, &block->header.id);
	block->executed = executed;
	return 1;
}

/* Executes the block, its ancestors first. Returns 1 when it is executed, 0 when it cannot be yet or is invalid (which
 * it then says of itself), or an error of this machine. */
int block_execute(struct replica *r, struct node_block *block)
{
	while (!block->executed && block != r->settled) {
		struct node_block *next = block, *parent;
		while ((parent = block_parent(r, next)) && parent != r->settled && !parent->executed &&
		       !parent->invalid)
			next = parent;
		int executed = execute_on_parent(r, next);
		TRY(executed);
		if (!executed && (next == block || !next->invalid))
			return 0;
	}
	return 1;
}

/* The body and any missing ancestors' bodies, parents first. */
int block_journal(struct replica *r, struct node_block *block)
{
	uint8_t key[JOURNAL_KEY_MAX];
	size_t key_size;

	/* Ancestors that are not final number at most as many as views without finality: walked, not recursed into. */
	for (;;) {
		struct node_block *oldest = NULL;
		for (struct node_block *b = block; b && !b->journaled && b != r->settled; b = block_parent(r, b))
			oldest = b;
		if (!oldest)
			return 0;
		assert(oldest->complete);
		journal_key(key, oldest->header.view, 0, &oldest->header.id, &key_size);
		TRY(action_put(r, JOURNAL_BLOCK, key, key_size, oldest->bytes, oldest->size));
		oldest->journaled = true;
	}
}

bool block_extends(const struct node_block *block, const struct node_block *ancestor)
{
	while (block && block->header.height > ancestor->header.height)
		block = block->parent;
	return block == ancestor;
}

void block_want(struct replica *r, struct node_block *block, uint64_t at_ms)
{
	/* Once asked for, it is asked for again at its own pace, however often it is wanted: two that want what neither
	 * has would otherwise answer each question with the same one. */
	bool asked = block->fetch_tries && block->fetch_at != TIME_NEVER;

	if (!block->complete && !block->invalid && !asked && at_ms < block->fetch_at) {
		block->fetch_at = at_ms;
		r->fetching = true;
	}
}

/* The same for a block that may be known by its id alone, and that validators of more weight than F stand for; `view`
 * is its view, or one above it; `height` its height, or 0. */
int block_want_id(struct replica *r, uint64_t view, uint64_t height, const struct hash *id, uint64_t at_ms)
{
	struct header header = {.view = view, .height = height, .id = *id};
	struct node_block *block;

	TRY(block_add(r, &header, &block));
	if (!block->header.size && height)
		block->header.height = height;
	block->vouched = true;
	block_want(r, block, at_ms);
	return 0;
}

/* What did not fit the ledger because of this block may fit now. */
static void block_unpark(struct replica *r, const struct node_block *block)
{
	for (uint32_t i = 0; block->complete && i < block->header.payment_count; i++)
		mempool_unpark(r->mempool, &block->payments[i]->sender);
	r->generation++;
}

/* Forgets what can never become final: everything that stands beside the final chain, and what grows on it. A block
 * whose parent is not known is kept while its view is above the final one. */
void blocks_prune(struct replica *r)
{
	struct node_block *block, *next;
	bool dropped = true;

	while (dropped) {
		dropped = false;
		HASH_ITER (hh, r->blocks, block, next) /* NOLINT(clang-analyzer-*): not how uthash lists go */
		{
			if (block->final)
				continue;
			struct node_block *parent = block_parent(r, block);
			bool beside = block->header.view <= r->tip->header.view ||
			              (block->header.size && block->header.height <= r->tip->header.height) ||
			              (parent && parent->final && parent != r->tip);
			if (!beside)
				continue;
			block_unpark(r, block);
			block_drop(r, block);
			dropped = true;
		}
	}
}
