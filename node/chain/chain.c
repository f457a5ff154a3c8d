/* Headers, bodies and execution of blocks that are not settled. See chain.h. */
#include "chain.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "try.h"
#include "uncia/error.h"

void chain_init(struct chain *c, const struct committee *committee, struct ledger *ledger, struct mempool *mempool)
{
	*c = (struct chain){.committee = committee, .ledger = ledger, .mempool = mempool};
	c->news_last = &c->news;
}

static void block_news(struct chain *c, struct chain_block *block)
{
	if (block->is_news)
		return;
	block->is_news = true;
	block->next_news = NULL;
	*c->news_last = block;
	c->news_last = &block->next_news;
}

struct chain_block *chain_next_news(struct chain *c)
{
	struct chain_block *block = c->news;

	if (!block)
		return NULL;
	c->news = block->next_news;
	if (!c->news)
		c->news_last = &c->news;
	block->is_news = false;
	return block;
}

static void news_drop(struct chain *c, const struct chain_block *block)
{
	struct chain_block **at = &c->news;

	while (*at != block)
		at = &(*at)->next_news;
	*at = block->next_news;
	if (!*at)
		c->news_last = at;
}

/* From left to right, some skipped, but back from VERIFYING to HEADER; a block that is final or invalid stays so. The
 * settled one begins as final. */
static bool chain_move_allowed(enum chain_state from, enum chain_state to)
{
	static const unsigned allowed[] = {
	    [CHAIN_NAMED] = 1u << CHAIN_HEADER | 1u << CHAIN_FINAL,
	    [CHAIN_HEADER] = 1u << CHAIN_MATCHING | 1u << CHAIN_VERIFYING | 1u << CHAIN_BODY | 1u << CHAIN_INVALID |
	                     1u << CHAIN_FINAL,
	    [CHAIN_MATCHING] = 1u << CHAIN_VERIFYING | 1u << CHAIN_BODY | 1u << CHAIN_INVALID,
	    [CHAIN_VERIFYING] = 1u << CHAIN_BODY | 1u << CHAIN_INVALID | 1u << CHAIN_HEADER,
	    [CHAIN_BODY] = 1u << CHAIN_EXECUTED | 1u << CHAIN_INVALID,
	    [CHAIN_EXECUTED] = 1u << CHAIN_FINAL,
	    [CHAIN_FINAL] = 0,
	    [CHAIN_INVALID] = 0,
	};

	return allowed[from] >> to & 1;
}

/* ---- the lists that a block may be in ---- */

static void match_remove(struct chain *c, struct chain_block *block)
{
	if (!block->matching)
		return;
	block->matching = false;
	DL_DELETE2(c->matching, block, match_prev, match_next);
}

static void fetch_remove(struct chain *c, struct chain_block *block)
{
	if (block->fetch == FETCH_WANTED)
		DL_DELETE2(c->wanted, block, fetch_prev, fetch_next);
	if (block->fetch == FETCH_ASKED) {
		DL_DELETE2(c->asked, block, fetch_prev, fetch_next);
		c->asked_count--;
	}
	block->fetch = FETCH_NOT;
	block->fetch_at = CHAIN_NEVER;
}

/* Behind all that are due earlier, or at the same time: nearly always the last. */
static void fetch_insert(struct chain *c, struct chain_block **list, struct chain_block *block)
{
	struct chain_block *after = *list ? (*list)->fetch_prev : NULL;

	while (after && after->fetch_at > block->fetch_at) {
		after = after == *list ? NULL : after->fetch_prev;
		c->visited++;
	}
	if (after)
		DL_APPEND_ELEM2(*list, after, block, fetch_prev, fetch_next);
	else
		DL_PREPEND2(*list, block, fetch_prev, fetch_next);
}

/* Blocks with payments that are not final are counted: where there are any, there is something to make final. */
static void block_count(struct chain *c, struct chain_block *block, bool open)
{
	open = open && block->header.payment_count && c->tip && block->header.view > c->tip->header.view;
	if (open == block->counted)
		return;
	block->counted = open;
	if (open)
		c->open_payments++;
	else
		c->open_payments--;
}

void chain_move(struct chain *c, struct chain_block *block, enum chain_state to)
{
	assert(chain_move_allowed(block->state, to));
	block->state = to;
	if (to != CHAIN_MATCHING)
		match_remove(c, block);
	if (to == CHAIN_FINAL) {
		block_count(c, block, false);
		by_view_remove(c, block);
	}
	block_news(c, block);
}

struct chain_block *chain_find(const struct chain *c, const struct hash *id)
{
	struct chain_block *block;

	HASH_FIND(hh, c->blocks, id, sizeof(*id), block);
	return block;
}

int chain_add(struct chain *c, const struct header *header, uint64_t now_ms, struct chain_block **block)
{
	struct chain_block *b = chain_find(c, &header->id);

	if (!b) {
		b = calloc(1, sizeof(*b));
		if (!b)
			return UNCIA_E_MEMORY;
		b->header = *header;
		b->fetch_at = CHAIN_NEVER;
		b->added_ms = now_ms;
		HASH_ADD(hh, c->blocks, header.id, sizeof(b->header.id), b);
		if (!b->hh.tbl) {
			free(b);
			return UNCIA_E_MEMORY;
		}
		b->heap_at = CHAIN_NOT_HELD;
		if (by_view_add(c, b)) {
			HASH_DEL(c->blocks, b);
			free(b);
			return UNCIA_E_MEMORY;
		}
	}
	if (b->state == CHAIN_NAMED && header->size) {
		b->header = *header;
		by_view_moved(c, b);
		block_count(c, b, true);
		chain_move(c, b, CHAIN_HEADER);
	}
	*block = b;
	return 0;
}

static void block_drop_body(struct chain *c, struct chain_block *block)
{
	if (block->bytes)
		c->body_bytes -= block->size;
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

static void block_free_held(struct chain *c, struct chain_block *block)
{
	if (block->is_news)
		news_drop(c, block);
	fetch_remove(c, block);
	match_remove(c, block);
	by_view_remove(c, block);
	block_count(c, block, false);
	if (c->walked == block)
		c->walked = NULL;
	block_drop_body(c, block);
	executed_release(c->ledger, block->executed);
	HASH_DEL(c->blocks, block); /* NOLINT(clang-analyzer-*): not how uthash lists go */
	free(block);
}

void chain_drop(struct chain *c, struct chain_block *block)
{
	assert(block != c->tip && block != c->settled && block != c->prune_from);
	/* Never a pointer to what is gone. */
	while (block->children) {
		block->children->parent = NULL;
		DL_DELETE(block->children, block->children);
	}
	if (block->parent) {
		if (block->parent->above == block)
			block->parent->above = NULL;
		DL_DELETE(block->parent->children, block);
	}
	block_free_held(c, block);
}

void chain_deinit(struct chain *c)
{
	struct chain_block *block, *next;

	HASH_ITER (hh, c->blocks, block, next)
		block_free_held(c, block);
	free(c->final_certificate);
	free(c->heap);
	*c = (struct chain){0};
}

int chain_complete(struct chain *c, struct chain_block *block, struct payment **payments, struct hash *tree)
{
	if (block->state >= CHAIN_BODY) {
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
	c->body_bytes += block->size;
	fetch_remove(c, block);
	chain_move(c, block, CHAIN_BODY);
	return 0;
}

int chain_complete_decoded(struct chain *c, struct chain_block *block, struct block *body)
{
	struct payment **payments = body->payments;
	struct hash *tree = body->tree;

	body->payments = NULL;
	body->tree = NULL;
	body->count = 0;
	return chain_complete(c, block, payments, tree);
}

static void block_adopt(struct chain_block *parent, struct chain_block *block)
{
	assert(!block->parent);
	block->parent = parent;
	DL_APPEND(parent->children, block);
}

struct chain_block *chain_parent(struct chain *c, struct chain_block *block)
{
	if (!block->parent && block != c->settled && block->header.size) {
		struct chain_block *parent = chain_find(c, &block->header.parent_id);
		if (parent)
			block_adopt(parent, block);
	}
	return block->parent;
}

/* What of a header can be judged only beside its parent (ledger §5). */
static bool header_follows(struct chain *c, const struct chain_block *block, const struct chain_block *parent,
                           const struct hash *parent_root)
{
	const struct header *h = &block->header;

	/* This version knows one epoch: a block that would end it is not made, and not taken. */
	return !header_closes(h) && h->height == parent->header.height + 1 && h->view > parent->header.view &&
	       h->timestamp_ms > parent->header.timestamp_ms && h->epoch == c->committee->epoch &&
	       hash_equal(&h->committee_hash, &c->committee->hash) &&
	       h->proposer == committee_leader(c->committee, h->view) && hash_equal(&h->parent_state_root, parent_root);
}

int chain_root_after(struct chain *c, struct chain_block *parent, struct hash *root)
{
	return parent == c->settled ? ledger_settled_root(c->ledger, root)
	                            : ledger_root(c->ledger, parent->executed, root);
}

static bool error_is_ours(int error)
{
	return error == UNCIA_E_MEMORY || error == UNCIA_E_IO || error == UNCIA_E_DAMAGED;
}

#define EXECUTE_AHEAD 20u /* entries from the fetching of what one is looked up in to the payment that names it */
#define PAYMENT_AHEAD 10u /* payments from the fetching of one to that of what its entries are looked up in */

/* How far a block's entries have been fetched. */
struct execute_ahead {
	struct ledger_ahead entries;
	uint32_t payment, name; /* the next one to fetch: so many payments, and names of the next payment, are done */
	size_t named;           /* entries fetched */
	size_t executed;        /* entries of payments executed, or about to be */
};

static void payment_prefetch(const struct payment *payment)
{
	for (size_t line = 0; line < sizeof(*payment) + sizeof(struct output); line += 64)
		__builtin_prefetch((const uint8_t *)payment + line);
}

/* Fetches what is looked up for the payment that is executed next, as far as it was not, and somewhat beyond: those of
 * many outputs would otherwise push out of the caches what is needed first. */
static void execute_prefetch(struct chain *c, const struct chain_block *block, const struct executed *executed,
                             uint32_t next, struct execute_ahead *a)
{
	struct entry_id id;

	a->executed += 1 + (size_t)block->payments[next]->output_count + block->payments[next]->hold_count;
	while (a->payment < block->header.payment_count && a->named < a->executed + EXECUTE_AHEAD) {
		const struct payment *payment = block->payments[a->payment];
		if (a->name == 0) {
			ledger_prefetch_payment(c->ledger, &payment->id);
			if (a->payment + PAYMENT_AHEAD < block->header.payment_count)
				payment_prefetch(block->payments[a->payment + PAYMENT_AHEAD]);
		}
		if (payment_named(payment, a->name, &id)) {
			ledger_prefetch_entry(c->ledger, executed, &a->entries, &id);
			a->name++;
			a->named++;
		} else {
			a->payment++;
			a->name = 0;
		}
	}
}

/* "A block is valid only if every payment in it succeeds when executed in order" (ledger §4). */
static int execute_on_parent(struct chain *c, struct chain_block *block)
{
	struct execute_ahead ahead = {0};
	struct executed *executed;
	struct hash root;

	if (block->state != CHAIN_BODY)
		return 0;
	struct chain_block *parent = chain_parent(c, block);
	if (!parent)
		return 0;
	if (parent->state == CHAIN_INVALID) {
		chain_invalid(c, block);
		return 0;
	}
	if (parent != c->settled && !parent->executed)
		return 0;
	if (parent->state == CHAIN_FINAL && parent != c->tip)
		return 0; /* beside the final chain: it can never be final, and is forgotten */
	TRY(chain_root_after(c, parent, &root));
	if (!header_follows(c, block, parent, &root)) {
		chain_invalid(c, block);
		return 0;
	}
	TRY(ledger_begin(c->ledger, parent->executed, block->header.height, block->header.timestamp_ms, &executed));
	for (uint32_t i = 0; i < block->header.payment_count; i++) {
		execute_prefetch(c, block, executed, i, &ahead);
		int error = ledger_add(c->ledger, executed, block->payments[i]);
		if (!error)
			continue;
		executed_release(c->ledger, executed);
		if (error_is_ours(error))
			return error;
		chain_invalid(c, block);
		return 0;
	}
	ledger_end(executed, &block->header.id);
	block->executed = executed;
	block->payments_through = parent->payments_through + block->header.payment_count;
	chain_move(c, block, CHAIN_EXECUTED);
	return 1;
}

int chain_execute(struct chain *c, struct chain_block *block)
{
	while (!block->executed && block != c->settled) {
		struct chain_block *next = block, *parent;
		while ((parent = chain_parent(c, next)) && parent != c->settled && !parent->executed &&
		       parent->state != CHAIN_INVALID)
			next = parent;
		int executed = execute_on_parent(c, next);
		TRY(executed);
		if (!executed && (next == block || next->state != CHAIN_INVALID))
			return 0;
	}
	return 1;
}

struct chain_block *chain_unjournaled(struct chain *c, struct chain_block *block)
{
	struct chain_block *oldest = NULL;

	/* Ancestors that are not final number at most as many as views without finality: walked, not recursed into. */
	for (struct chain_block *b = block; b && !b->journaled && b != c->settled; b = chain_parent(c, b))
		oldest = b;
	return oldest;
}

void chain_note_payments(struct chain *c, const struct chain_block *block)
{
	if (block->header.payment_count && block->header.height > c->payments_height)
		c->payments_height = block->header.height;
}

void chain_invalid(struct chain *c, struct chain_block *block)
{
	assert(!block->executed);
	fetch_remove(c, block);
	chain_move(c, block, CHAIN_INVALID);
}

void chain_verifying(struct chain *c, struct chain_block *block)
{
	fetch_remove(c, block);
	chain_move(c, block, CHAIN_VERIFYING);
}

void chain_unverified(struct chain *c, struct chain_block *block)
{
	short_ids_free(block->short_ids);
	block->short_ids = NULL;
	chain_move(c, block, CHAIN_HEADER);
}

int chain_begin(struct chain *c, const struct header *header, uint64_t now_ms)
{
	assert(!c->blocks);
	TRY(chain_add(c, header, now_ms, &c->settled));
	c->settled->journaled = true;
	c->tip = c->settled;
	chain_move(c, c->settled, CHAIN_FINAL);
	return 0;
}

int chain_add_made(struct chain *c, const struct chain_made *made, uint64_t now_ms, struct chain_block **block)
{
	int rc = chain_add(c, made->header, now_ms, block);

	if (rc) {
		for (uint32_t i = 0; i < made->header->payment_count; i++)
			payment_free(made->payments[i]);
		free(made->payments);
		free(made->tree);
		executed_release(c->ledger, made->executed);
		return rc;
	}
	if (!(*block)->parent)
		block_adopt(made->parent, *block);
	rc = chain_complete(c, *block, made->payments, made->tree);
	if (rc || (*block)->state != CHAIN_BODY) { /* the same block again, from before a restart */
		executed_release(c->ledger, made->executed);
		return rc;
	}
	(*block)->executed = made->executed;
	(*block)->payments_through = made->parent->payments_through + made->header->payment_count;
	chain_move(c, *block, CHAIN_EXECUTED);
	return 0;
}

void chain_want(struct chain *c, struct chain_block *block, uint64_t at_ms)
{
	/* Once asked for, it is asked for again at its own pace, however often it is wanted: two that want what neither
	 * has would otherwise answer each question with the same one. */
	bool asked = block->fetch_tries && block->fetch_at != CHAIN_NEVER;

	if (block->state < CHAIN_VERIFYING && !asked && at_ms < block->fetch_at) {
		fetch_remove(c, block);
		block->fetch_at = at_ms;
		block->fetch = FETCH_WANTED;
		fetch_insert(c, &c->wanted, block);
	}
}

int chain_want_named(struct chain *c, const struct header *named, uint64_t now_ms, uint64_t at_ms)
{
	const struct header header = {.view = named->view, .height = named->height, .id = named->id};
	struct chain_block *block;

	TRY(chain_add(c, &header, now_ms, &block));
	if (!block->header.size && named->height)
		block->header.height = named->height;
	block->vouched = true;
	chain_want(c, block, at_ms);
	return 0;
}

/* What the walk from the lowest decided block stopped for: its body or its header is not held. NULL: it is not known by
 * name either, or the walk has not begun. */
static struct chain_block *wanted_below(const struct chain *c)
{
	if (!c->walked || !chain_has_body(c->walked))
		return c->walked;
	return chain_find(c, &c->walked->header.parent_id);
}

/* The wanted block that is due first, of those that may be asked for. How far behind this validator is, the header of
 * the highest decided block tells. Until that has come, all that certificates name between is not asked for, since it
 * might be more than memory holds: only that block, the lowest decided one, and what that lacks. */
static struct chain_block *wanted_first(const struct chain *c)
{
	const struct decided *top = c->highest_decision.wanted ? &c->highest_decision : &c->decision;
	struct chain_block *highest = top->wanted ? chain_find(c, &top->id) : NULL, *first = NULL;

	if (!highest || highest->header.size)
		return c->wanted;
	struct chain_block *const needed[] = {highest, chain_find(c, &c->decision.id), wanted_below(c)};
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (needed[i] && needed[i]->fetch == FETCH_WANTED && (!first || needed[i]->fetch_at < first->fetch_at))
			first = needed[i];
	return first;
}

struct chain_block *chain_next_wanted(struct chain *c, uint64_t now_ms)
{
	/* Who was asked for it has not answered in time. */
	while (c->asked && c->asked->fetch_at <= now_ms) {
		struct chain_block *block = c->asked;
		fetch_remove(c, block);
		block->fetch_at = now_ms;
		block->fetch = FETCH_WANTED;
		fetch_insert(c, &c->wanted, block);
		c->visited++;
	}
	struct chain_block *first = wanted_first(c);
	return first && first->fetch_at <= now_ms && c->asked_count < CHAIN_ASKED_MAX ? first : NULL;
}

void chain_asked(struct chain *c, struct chain_block *block, uint64_t again_ms)
{
	assert(block->fetch == FETCH_WANTED && !chain_has_body(block));
	fetch_remove(c, block);
	block->fetch_tries++;
	block->fetch_at = again_ms;
	block->fetch = FETCH_ASKED;
	c->asked_count++;
	fetch_insert(c, &c->asked, block);
}

uint64_t chain_wake(const struct chain *c)
{
	const struct chain_block *first = wanted_first(c);
	uint64_t at = c->asked ? c->asked->fetch_at : CHAIN_NEVER;

	return first && c->asked_count < CHAIN_ASKED_MAX && first->fetch_at < at ? first->fetch_at : at;
}

int chain_signature_due(struct chain *c, const struct payment *payment, bool *check_key)
{
	const struct pooled *pooled = mempool_find(c->mempool, &payment->whole);
	enum sender_key key;
	bool covered;

	if (!payment_is_signed(payment) || (pooled && pooled->state != POOLED_VERIFYING))
		return 0;
	TRY(ledger_payment_key(c->ledger, c->tip->executed, payment, &key, &covered));
	*check_key = key != SENDER_KEY_BOUND;
	return 1;
}
