/* What the parts of the network share; for tests/support/network*.c alone. Who does what:
 *   network.c        nodes, their events and actions      network_queue.c    what happens next
 *   network_links.c  messages between nodes               network_disk.c     commits, flushes, and what a crash leaves
 *   network_wallets.c  what wallets say                   network_clocks.c   what time it is, and standing still
 *   network_verifier.c signatures that are checked
 *   network_wire.c     links that are bytes: as the daemon has them; network_tcp.c, what is below them */
#ifndef NETWORK_PARTS_H
#define NETWORK_PARTS_H
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "network.h"
#include "verify.h"
#include "verify_queue.h"

enum item_kind {
	ITEM_PEER_MESSAGE,
	ITEM_WALLET_MESSAGE,
	ITEM_WALLET_CLOSED,
	ITEM_VERIFIED,
	ITEM_CHECKED, /* `turn` signatures of the job, from `size` on */
	ITEM_COMMIT,
	ITEM_FLUSH,
	ITEM_TIMER,
	ITEM_LINK,
	ITEM_SPACE,
	ITEM_BYTES, /* `from` is a node */
	ITEM_DIAL,  /* the same */
	ITEM_TICK,
	ITEM_GUEST /* of no node */
};

struct journal_item {
	struct journal_item *next;
	enum journal_table table; /* 0: forget */
	uint64_t view;
	size_t key_size, value_size;
	uint8_t bytes[];
};

struct commit {
	uint64_t sequence;
	struct journal_item *first, **last;
};

struct item { /* something that will happen to a node */
	uint64_t at, order;
	enum item_kind kind;
	uint32_t node, from, life;
	uint64_t wallet;
	uint8_t *bytes;
	size_t size;
	struct verify_job *job;
	struct commit *commit;
	struct flush *flush;
	uint64_t turn;
	bool up;
};

/* Where signatures take their time: one thread, and what waits for it in the daemon's own order. */
struct node_verifier {
	struct verify_queue queue;
	size_t busy;      /* parts of jobs that are being checked */
	uint64_t free_us; /* when it is done with what it has */
};

struct node {
	struct replica *replica;
	struct actions actions;
	struct memory_store *store;
	uint32_t life;                /* counts starts: what belongs to an earlier one is dropped */
	uint64_t timer_at;            /* when it comes; 0: none */
	uint64_t timer_wanted;        /* by the node's clock */
	int64_t clock_ms;             /* what the wall clock is ahead */
	uint64_t clock_was, clock_at; /* the monotonic clock's reading, at this time */
	int32_t drift_ppm;            /* its drift since */
	uint64_t paused_until;
	bool space_low, space_low_told;
	bool spoiled; /* its store is not what a validator may start from */
	bool ending;  /* it is to halt: `end` is the error then */
	int end;
	bool fail_once;
	uint64_t fail_allocation; /* of its next step: this one and all after it; 0: none */
	bool disk_fails;          /* its next write */
	bool flushes_held;
	uint64_t final_view;         /* of the highest final block held before this event */
	uint64_t final_view_durable; /* the same of what its disk has had, ever */
	const struct fixture_validator *validator;
	struct node_verifier verifier;
	uint64_t checked[VERIFY_SOURCES]; /* signatures, ever, by their source */
	enum { CRASH_NOT, CRASH_BEFORE_COMMIT, CRASH_AFTER_COMMIT } crash;
};

struct network {
	struct network_options options;
	const struct network_guests *guests; /* or NULL */
	struct wires *wires;                 /* NULL: links carry whole messages */
	struct fixture fixture;
	struct node nodes[NETWORK_NODES_MAX];
	bool cut[NETWORK_NODES_MAX][NETWORK_NODES_MAX];
	uint64_t clogged_until[NETWORK_NODES_MAX][NETWORK_NODES_MAX];
	uint64_t shunned_until[NETWORK_NODES_MAX][NETWORK_NODES_MAX]; /* by node, and the validator that it closed */
	struct item *items;                                           /* a binary heap by (at, order) */
	size_t count, capacity;
	uint64_t now, order, random;
	struct reply *replies;
	size_t reply_count;
	struct payment_id *receipts; /* of payments that some receipt has proved final */
	size_t receipt_count;
	struct hash *finals; /* by height: the one block that may be final */
	size_t final_count;
};

static inline void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

/* Twins are further nodes of the first validators; behind them are observers. */
static inline uint32_t node_count(const struct network *n)
{
	return n->options.validators + n->options.twins + n->options.observers;
}

/* The number of a node as a peer of others: of a validator its own; those of observers follow. */
static inline uint32_t peer_number(const struct network *n, uint32_t node)
{
	uint32_t twin = node - n->options.validators;

	if (node < n->options.validators)
		return node;
	return twin < n->options.twins ? twin : node - n->options.twins;
}

static inline bool is_observer(const struct network *n, uint32_t node)
{
	return peer_number(n, node) >= n->options.validators;
}

/* Whether there is a link between two nodes: not between those of one validator, nor between observers. */
static inline bool are_peers(const struct network *n, uint32_t a, uint32_t b)
{
	return peer_number(n, a) != peer_number(n, b) && !(is_observer(n, a) && is_observer(n, b));
}

/* network.c */
uint64_t network_random(struct network *n);
void network_step(struct network *n, uint32_t node, struct event event);
int network_sign(void *context, const struct statement *statement,
                 uint8_t signature[SIGNATURE_SIZE]); /* context: node */

/* network_verifier.c */
void network_verifier_begin(struct network *n, uint32_t node); /* as it starts */
void network_verifier_end(struct network *n, uint32_t node);
void network_verify(struct network *n, uint32_t node, struct verify_job *job);
void network_verifier_drop(struct network *n, uint32_t node, uint32_t source);
void network_checked(struct network *n, const struct item *item);
void network_verified(struct network *n, const struct item *first);

/* network_clocks.c */
void clock_begin(struct network *n, uint32_t node); /* as it starts */
uint64_t clock_now(const struct network *n, uint32_t node);
void clock_set_timer(struct network *n, uint32_t node, uint64_t at_ms);

/* network_queue.c */
bool item_before(const struct item *a, const struct item *b);
void network_push(struct network *n, struct item item);
void network_push_again(struct network *n, struct item item); /* keeps the item's order */
struct item network_pop(struct network *n);
void item_free(struct item *item);

/* How a message is said: always; as what is spare, or an answer (step/actions.h); or it is put into a node's mouth. */
enum network_urgency { SAID, SAID_SPARE, SAID_ANSWER, SAID_FOR_IT };

/* network_links.c */
void network_send(struct network *n, uint32_t from, uint32_t to, const struct bytes *message,
                  enum network_urgency urgency);
void network_link_up(struct network *n, uint32_t node); /* it has started: those that run and it see each other */
void network_link_down(struct network *n, uint32_t node);
/* A node ends its link to a validator for what that has said; one of them dials again soon. */
void network_link_drop(struct network *n, uint32_t node, uint32_t peer);
bool network_link_possible(const struct network *n, uint32_t validator); /* whether it runs */

/* network_wire.c; where n->wires is set. A node has started, or ended; drops a validator; says something that is spare
 * (replica.h), or is given words by somebody else. */
void network_wire_new(struct network *n);
void network_wire_free(struct network *n);
void network_wire_up(struct network *n, uint32_t node);
void network_wire_down(struct network *n, uint32_t node);
void network_wire_drop(struct network *n, uint32_t node, uint32_t validator);
void network_wire_send(struct network *n, uint32_t from, uint32_t to, const struct bytes *message,
                       enum network_urgency urgency);
void network_wire_item(struct network *n, const struct item *item);
void network_wire_turn(struct network *n); /* one event has been dealt with */

/* network_disk.c */
void network_journal(struct network *n, uint32_t node, struct commit **commit, const struct action *action);
void network_commit_begin(struct network *n, uint32_t node, struct commit *commit);
void network_commit_done(struct network *n, uint32_t node, const struct commit *commit);
void network_flush_begin(struct network *n, uint32_t node, struct flush *flush);
void network_flush_done(struct network *n, struct item *item);
void commit_free(struct commit *commit);

#endif
