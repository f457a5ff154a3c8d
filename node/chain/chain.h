/* The blocks that are not settled yet, and the settled one that they grow from: headers, bodies, execution, what is
 * final, what can be forgotten (docs/spec/consensus.md §6, ledger.md §5). It asks nobody for anything, writes nothing
 * to disk and knows no clock: it says what is wanted and what has to be journaled, and is told the time. */
#ifndef CHAIN_H
#define CHAIN_H
#include "block.h"
#include "ledger.h"
#include "mempool.h"
#include "vote.h"
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define CHAIN_NEVER     UINT64_MAX /* of fetch_at: not wanted */
#define CHAIN_NOT_HELD  SIZE_MAX   /* of heap_at */
#define CHAIN_MORE      2          /* of chain_decided_walk */
#define CHAIN_ASKED_MAX 8u         /* bodies that are asked for at the same time */

/* How much of a block there is, and what has become of it; chain_move has the allowed moves. */
enum chain_state {
	CHAIN_NAMED,     /* by its id alone: votes, or a child, name it */
	CHAIN_HEADER,    /* its header is held */
	CHAIN_MATCHING,  /* its short ids have come, once: payments of the pool are matched with them */
	CHAIN_VERIFYING, /* a fetched body is with the verifier */
	CHAIN_BODY,      /* its body is held, every signature in it verified */
	CHAIN_EXECUTED,  /* on its parent, and valid */
	CHAIN_FINAL,
	CHAIN_INVALID, /* its header is wrong, it failed when executed, or a signature in it does not hold */
};

struct chain_block {
	UT_hash_handle hh; /* by header.id */
	enum chain_state state;
	struct header header;
	struct chain_block *parent; /* NULL: not known, or not looked up yet (or this is the settled block) */
	struct chain_block *children, *prev, *next; /* those whose `parent` this is; among those of the same parent */
	struct chain_block *above; /* its child on the way to a decided block, or on the final chain; NULL: not known */
	size_t heap_at;            /* its place in the chain's heap; CHAIN_NOT_HELD: it is final */
	struct short_ids
	    *short_ids;            /* while they are matched; NULL: they did not lead to its body, or none have come */
	struct payment **payments; /* referenced; NULL while the body is not complete */
	struct hash *tree; /* of the payments; NULL while the body is not complete, and once it is final, but for
	                    * a block that touches accounts which wallets watch */
	uint8_t *bytes;    /* canonical Block, owned; once complete */
	size_t size;
	/* Beside the state, and not of its order: */
	bool vouched;   /* named by validators of more weight than F, itself or a descendant: its ancestors are real */
	bool journaled; /* its body is in the journal, or on its way there with this step */
	struct executed *executed; /* from CHAIN_EXECUTED on; NULL for the settled block */
	uint64_t fetch_at;         /* when to ask a peer for the body, or CHAIN_NEVER */
	uint32_t fetch_tries;
	enum { FETCH_NOT, FETCH_WANTED, FETCH_ASKED } fetch; /* which of the chain's two lists it is in */
	struct chain_block *fetch_prev, *fetch_next;
	bool matching; /* in the chain's list of those */
	struct chain_block *match_prev, *match_next;
	bool counted;              /* among the chain's open_payments */
	uint64_t payments_through; /* payments of this block and all before it, since the start; once executed */
	uint64_t added_ms;         /* when it was first heard of */
	bool is_news;
	struct chain_block *next_news;
};

/* A block that is final by a certificate, of itself or of a descendant. */
struct decided {
	bool wanted; /* it is to be made final; false: the rest means nothing */
	bool paged;  /* the last block of a page of the final chain, all of which is held */
	uint64_t view;
	struct hash id;
	uint64_t by_view; /* what the certificate names */
	struct hash by_id;
};

struct chain {
	const struct committee *committee;
	struct ledger *ledger;
	struct mempool *mempool;
	struct chain_block *blocks;
	struct chain_block *settled; /* the root of what is held */
	struct chain_block *tip;     /* newest final */
	/* Of the tip; owned. NULL where the certificate that made it final is of a descendant that is not final here
	 * yet, and while it is the genesis. */
	struct certificate *final_certificate;
	uint64_t final_sequence;  /* the commit that makes the tip's finality durable */
	uint64_t payments_height; /* the highest block with payments that was voted for or is final */
	/* Decided, and not final here yet, as bodies are missing or there is more of them than one step takes: the
	 * lowest; of those above it the highest, and the last block of the newest page. */
	struct decided decision, highest_decision, page_decision;
	struct chain_block *walked; /* how far down the way from `decision` is known; NULL: its walk has not begun */
	uint64_t decided_height;    /* the highest known of a decided block */
	uint64_t generation;        /* counts what may have become orderable */
	struct chain_block *news, **news_last; /* whose header, body or verdict is new: chain_next_news */
	/* Nothing here walks over all blocks that are held: each rule has a list of those that it is about. */
	struct chain_block *wanted, *asked; /* bodies to be asked for, and those that were, by fetch_at */
	size_t asked_count;
	struct chain_block *matching;   /* whose short ids are being matched */
	struct chain_block *prune_from; /* the highest final block beside whose child others are to be forgotten */
	struct chain_block **heap;      /* those that are not final, the lowest view first */
	size_t heap_count, heap_capacity;
	uint64_t open_payments; /* blocks with payments that are not final */
	size_t body_bytes;      /* of all bodies that are held */
	uint64_t visited;       /* blocks looked at in passing, and kept, ever: for tests, that it stays little */
};

/* Begins with no block: the settled one is added first. The ledger and the mempool outlive it. Owns: chain_deinit. */
void chain_init(struct chain *c, const struct committee *committee, struct ledger *ledger, struct mempool *mempool);
/* Frees all blocks. */
void chain_deinit(struct chain *c);
/* The block that the stored state is the state after: settled, final, the tip. First of all, once. Returns 0 or
 * UNCIA_E_MEMORY. */
int chain_begin(struct chain *c, const struct header *header, uint64_t now_ms);

/* Whether its body is held. */
static inline bool chain_has_body(const struct chain_block *block)
{
	return block->bytes;
}

/* NULL where it is not held. */
struct chain_block *chain_find(const struct chain *c, const struct hash *id);
/* The parent, where it is held; looked up once. NULL for the settled block. */
struct chain_block *chain_parent(struct chain *c, struct chain_block *block);
/* Adds a header, or finds it. One of size 0 is of a block that votes name and nobody has shown. Returns 0 or
 * UNCIA_E_MEMORY. */
int chain_add(struct chain *c, const struct header *header, uint64_t now_ms, struct chain_block **block);
/* The body, all of whose signatures have been verified. Takes the references in `payments`, the array itself and the
 * tree. Returns 0 or UNCIA_E_MEMORY. */
int chain_complete(struct chain *c, struct chain_block *block, struct payment **payments, struct hash *tree);
/* The same with a decoded body, which is left empty. */
int chain_complete_decoded(struct chain *c, struct chain_block *block, struct block *body);
/* Forgets a block that is neither the tip nor the settled one; children forget that it is their parent. */
void chain_drop(struct chain *c, struct chain_block *block);
/* One of the allowed moves, told as news. */
void chain_move(struct chain *c, struct chain_block *block, enum chain_state to);
/* It breaks a rule: no vote for it, and nothing more is asked for. */
void chain_invalid(struct chain *c, struct chain_block *block);
/* A fetched body is with the verifier. */
void chain_verifying(struct chain *c, struct chain_block *block);
/* It was given up there: it may be wanted again. */
void chain_unverified(struct chain *c, struct chain_block *block);
/* A block that was made here, executed on `parent`: added with its body. Takes `executed`, the references in
 * `payments`, the array and the tree, also where it fails. Returns 0 or UNCIA_E_MEMORY. */
struct chain_made {
	const struct header *header;
	struct chain_block *parent;
	struct executed *executed;
	struct payment **payments;
	struct hash *tree;
};
int chain_add_made(struct chain *c, const struct chain_made *made, uint64_t now_ms, struct chain_block **block);
/* The state root after a block that is executed or settled. Returns 0 or an error of this machine. */
int chain_root_after(struct chain *c, struct chain_block *block, struct hash *root);
/* Executes the block, its ancestors first. Returns 1 when it is executed, 0 when it cannot be yet or is invalid (which
 * it then says of itself), or an error of this machine. */
int chain_execute(struct chain *c, struct chain_block *block);
/* The oldest of the block and its ancestors whose body is not journaled, held or not; or NULL. To be asked again once
 * that one is. */
struct chain_block *chain_unjournaled(struct chain *c, struct chain_block *block);
/* Notes that the block was voted for or is final: account proofs wait for its payments to be settled. */
void chain_note_payments(struct chain *c, const struct chain_block *block);

/* Whether the signature of a payment in a body has to be checked: 1; 0 where the pool holds its verdict; or an error of
 * this machine. *check_key: its key, too, as no account is bound to it. */
int chain_signature_due(struct chain *c, const struct payment *payment, bool *check_key);
/* The next block of which something is new since it was last handed out here: its header, its body, that it is
 * executed, or invalid. NULL: none. */
struct chain_block *chain_next_news(struct chain *c);

/* Wants a body from `at_ms` on. */
void chain_want(struct chain *c, struct chain_block *block, uint64_t at_ms);
/* The same for a block that may be known by its id alone, and that validators of more weight than F stand for. `named`
 * has its id; its view, or one above it; its height, or 0. Returns 0 or UNCIA_E_MEMORY. */
int chain_want_named(struct chain *c, const struct header *named, uint64_t now_ms, uint64_t at_ms);
/* The next block whose body is to be asked for now, or NULL: none, or enough are asked for. */
struct chain_block *chain_next_wanted(struct chain *c, uint64_t now_ms);
/* It is asked for, again at `again_ms`. */
void chain_asked(struct chain *c, struct chain_block *block, uint64_t again_ms);
/* When chain_next_wanted may say more, or CHAIN_NEVER. */
uint64_t chain_wake(const struct chain *c);

/* ---- assembly.c: bodies from short ids (docs/spec/network.md §8) ---- */

/* Begins to assemble the body: `short_ids` has 8 bytes for each payment. Returns 0 or UNCIA_E_MEMORY. */
int chain_assemble(struct chain *c, struct chain_block *block, const struct bytes *short_ids, uint64_t now_ms);
/* Whether some block waits for payments. */
bool chain_assembles(const struct chain *c);
/* A payment that has just been verified. Returns 0 or UNCIA_E_MEMORY. */
int chain_offer(struct chain *c, struct payment *payment, uint64_t now_ms);

/* ---- settle.c: what is final ---- */

/* Walks down from a decided block towards the tip, at most `steps` blocks; each one that is passed gets `above`. It
 * goes on where it stopped (c->walked). Returns 1: the way from the tip up to the block is known, bodies held; 0: a
 * body is missing (*missing: its header, or its id and height); CHAIN_MORE: it is to be called again; UNCIA_E_PROOF:
 * the block does not grow from the tip, so that more than F validators are faulty. */
int chain_decided_walk(struct chain *c, struct chain_block *block, size_t steps, struct header *missing);
/* Makes all blocks final from above the tip up to this one, along `above`; it is the tip then. `certificate`, of it,
 * becomes the chain's; NULL: that of a descendant has made it final. */
void chain_make_final(struct chain *c, struct chain_block *last, struct certificate *certificate);
/* At the start: a block that the journal holds as final already. Returns 0; UNCIA_E_DAMAGED where it cannot be
 * executed; another error of this machine. */
int chain_adopt_final(struct chain *c, struct chain_block *block);
/* Forgets one block that can never become final: it grows beside the final chain, or its view is past. Returns true and
 * its id; false where there is none. */
bool chain_prune(struct chain *c, struct hash *id);
/* Settles what lies under the tip: its effects are folded into the settled state, one block at a time. Returns 0 or an
 * error of this machine. */
int chain_settle(struct chain *c);

/* ---- by_view.c: the heap of blocks that are not final ---- */

/* Returns 0 or UNCIA_E_MEMORY. */
int by_view_add(struct chain *c, struct chain_block *block);
/* Where it is in there. */
void by_view_remove(struct chain *c, struct chain_block *block);
/* Its view has changed. */
void by_view_moved(struct chain *c, struct chain_block *block);

#endif
