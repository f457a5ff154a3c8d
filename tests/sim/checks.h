/* What must hold in every run whatever happens: looked at as messages leave, records are written and blocks become
 * final, and at every stop of the clock. The first that does not hold ends the process: seed, revision, and what. */
#ifndef CHECKS_H
#define CHECKS_H
#include "message.pb-c.h"
#include "model.h"
#include "network.h"
#include "proofs.h"

#define ASKED_MEMORY 8

struct ballots; /* the votes of one validator, by view */

struct checks {
	struct network *network;
	uint64_t seed;
	uint32_t validators, nodes, mempool_max, payments_before;
	size_t step_most; /* bytes of bodies that a step may make final or journal */
	bool trace;
	bool byzantine[NETWORK_NODES_MAX]; /* of validators: not bound by the rules of voting */
	bool liar[NETWORK_NODES_MAX];      /* of those: what they tell wallets need not be true */
	struct ballots *wire, *durable;    /* by validator as sent; by node as stored */
	struct model model;
	struct hash *roots, *dumps; /* by height, zero where nobody had it yet */
	size_t root_count, dump_count;
	uint64_t log; /* a hash of all that was sent, answered and final */
	struct proofs *proofs;
	struct asked { /* for one body, by a node: from when on, and how often since */
		struct hash id;
		uint64_t since;
		uint32_t count;
	} asked[NETWORK_NODES_MAX][ASKED_MEMORY];
	uint32_t asked_next[NETWORK_NODES_MAX];
	struct hash *bad; /* blocks that break a rule */
	size_t bad_count;
	/* Hears every message as it goes out, decoded. NULL: nobody does. */
	void (*listener)(void *context, uint32_t node, const struct bytes *message,
	                 const Uncia__Pb__PeerMessage *decoded, const struct vote *vote, const struct header *header);
	void *listener_context;
};

/* Fills the hooks of the options; the network is made of them then. */
void checks_init(struct checks *c, struct network_options *options, uint64_t seed);
void checks_begin(struct checks *c, struct network *network, const struct address addresses[MODEL_ACCOUNTS]);
void checks_deinit(struct checks *c);
/* A node whose store was taken back to an older one: what it has said since no longer binds its journal. */
void checks_rolled_back(struct checks *c, uint32_t node);
/* A vote that a liar casts; and a block that no honest validator may vote for. */
void checks_vote(struct checks *c, const struct vote *vote);
void checks_bad_block(struct checks *c, const struct hash *id);
/* The first vote of a node in a view, as it is durable; 0: none. */
enum vote_kind checks_first_vote(struct checks *c, uint32_t node, uint64_t view);
/* Carries the model to the newest final block that any store holds. */
void checks_advance(struct checks *c);
/* Every node: its state against the model and the others', its root, its voice. */
void checks_nodes(struct checks *c);
void checks_log(struct checks *c, const void *bytes, size_t size);
void checks_fail(const struct checks *c, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

#endif
