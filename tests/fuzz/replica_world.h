/* The world around the one validator of replica.c, shared with what others say to it (replica_says.c). */
#ifndef REPLICA_WORLD_H
#define REPLICA_WORLD_H
#include "fuzz.h"
#include "memory_store.h"
#include "message.pb-c.h"
#include "ledger.h"
#include "replica.h"
#include "uncia/error.h"

#define SELF      1u
#define BLOCKS    24u
#define PAYMENTS  12u
#define VIEWS     256u
#define JOBS_MAX  4096u
#define STEPS_MAX 600u

struct known {
	struct header header;
	uint32_t payments; /* bit i: payment i of the pool */
	bool has_root;     /* the root after it is known */
	struct hash root;
	uint32_t parent; /* in the list; BLOCKS: the genesis */
};

struct record {
	struct record *next;
	enum journal_table table; /* 0: forget */
	uint64_t view;
	size_t key_size, value_size;
	uint8_t bytes[];
};

struct world {
	const struct fixture *f;
	uint32_t self, liars; /* how many others are forged */
	struct memory_store *store;
	struct replica *replica;
	struct actions actions;
	uint64_t now, timer_at, nonce;
	struct record *records, **last;
	uint64_t sequence;
	struct verify_job *jobs[JOBS_MAX];
	size_t job_first, job_last;
	struct flush *flush;
	struct known blocks[BLOCKS];
	uint32_t block_count;
	struct hash genesis_root;
	bool prompt, halted;
	unsigned steps;
	/* what it has voted, by view: kinds, and the block of its first vote */
	uint8_t voted[VIEWS];
	struct hash first[VIEWS];
};

extern struct payment *pool[PAYMENTS];

void step(struct world *w, struct event event);
struct known *known_of(struct world *w, const struct hash *id);
void learn(struct world *w, const struct header *header);

/* Another validator; alone: 0. */
uint32_t other(const struct world *w, uint8_t choice);
void say_bytes(struct world *w, uint32_t peer, struct bytes message);
/* Each takes from the input what it says. */
void say_vote(struct world *w, struct bytes *input);
void say_certificate(struct world *w, struct bytes *input);
void say_proposal(struct world *w, struct bytes *input);
void say_body(struct world *w, struct bytes *input);
void say_sync(struct world *w, struct bytes *input);
void say_gossip(struct world *w, struct bytes *input);
void say_newest(struct world *w, struct bytes *input);
void say_question(struct world *w, struct bytes *input);
void submit(struct world *w, struct bytes *input);

#endif
