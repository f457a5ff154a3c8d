/* The replica: the pure rooms composed, and what belongs to none of them. For the files of this room alone. Calls go
 * one way: replica.c → start.c, dispatch.c → advance.c → decide.c → proposer.c → flushing.c; all of them →
 * journaling.c, clock.c; replica.c → links.c; dispatch.c →
 * screening.c. */
#ifndef REPLICA_STATE_H
#define REPLICA_STATE_H
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "chain.h"
#include "consensus.h"
#include "fields.h"
#include "journal.h"
#include "ledger.h"
#include "mempool.h"
#include "messages.h"
#include "outbox.h"
#include "payments.h"
#include "replica.h"
#include "serve.h"
#include "sync.h"
#include "try.h"
#include "uncia/error.h"
#include "verification.h"

#define PROPOSE_SKIPS_MAX 256u /* certificates of skipped views in a proposal */
/* A flush rewrites pages that many payments share: the larger, the less is written for each. What is not flushed is
 * executed again at the start, and held in memory. Counted in accounts that payments touch: two an ordinary one. */
#define FLUSH_TOUCHES 196608u
#define UNFLUSHED_MAX (2 * FLUSH_TOUCHES) /* beyond which a leader proposes no payments until a flush is stored */

#define STEP_BYTES_DEFAULT  (16u << 20)
#define STEP_BLOCK_BYTES    1024u /* what making a block final costs beside its body */
#define PAGE_BYTES_DEFAULT  (2u << 20)
#define NEAR_BLOCKS_DEFAULT 8u

/* Making blocks. */
struct proposer {
	uint64_t view;     /* that the two below are of */
	uint64_t empty_at; /* when an empty block is made in it, as far as is known; TIME_NEVER: none is due */
	uint64_t tried;    /* the chain's generation when there was last nothing to propose */
	/* When an empty block is due after a final one with payments, so that these are settled; TIME_NEVER: none is.
	 */
	uint64_t after_final_at;
};

/* Handing the settled state to the store. */
struct flushing {
	bool under_way;        /* a flush is with the store, or waits to be handed over */
	struct flush *waiting; /* for the commit that the outbox has a mark of; owned */
	uint64_t flushed_ms;   /* the time of the block that the state was last brought to, or is on its way to */
};

/* How far the wall clock is from those of the others. */
struct clock {
	struct clock_peer {
		bool known;
		int64_t offset_ms; /* our wall clock less the time of its newest block, when that came */
	} * peers;                 /* by validator */
	bool off;                  /* as noted last */
};

/* What a leader has proposed and is not verified: what is with the verifier, and what comes after it. */
struct proposals {
	struct job *under_way, *waiting;
};

/* What a link that comes up is told, and when. */
struct links {
	struct told {
		bool ever, due; /* due: it is up, and waits for the time to be told */
		uint64_t at_ms; /* when it was told last */
	} * told;               /* by peer */
	uint32_t due;
};

struct replica {
	struct replica_config config;
	const struct committee *committee;
	struct step step;
	struct ledger *ledger;
	struct mempool *mempool;
	struct chain chain;
	struct consensus *consensus; /* from EVENT_START on */
	struct serve serve;
	struct payments payments;
	struct sync sync;
	struct proposer proposer;
	struct proposals *proposals; /* by peer */
	struct flushing flushing;
	struct clock clock;
	struct links links;
	uint64_t evidence;                /* pairs of votes that some validator must not both have cast, ever */
	struct replica_counters counters; /* but for what other rooms count */
	uint64_t work_since_ms;           /* as in struct replica_status */
	bool low_space;
	bool more; /* this step had no room for all that is decided, or to be judged */
	/* Bytes of bodies that this step has made final or journaled, and the most that one with several has. */
	size_t taken, taken_most;
	/* What the chain had looked at when this step began, and the most that one step has. */
	uint64_t visited_before, visited_most;
	uint64_t looked_most;    /* the same of views and facts in the consensus module */
	uint64_t ends_ms;        /* a second chain has been seen: when this validator ends; 0: it does not */
	uint64_t proof_sequence; /* of the commit that makes the proof of it durable */
	uint64_t past_view;      /* views up to it are past, and the disk knows: what replica_sign tells */
	enum { REPLICA_NEW, REPLICA_RUNNING, REPLICA_HALTED } state;
};

/* Each returns 0 or an error of this machine, where nothing else is said. */

/* ---- start.c ---- */
int replica_start(struct replica *r);

/* ---- dispatch.c: who gets what comes in ---- */
/* Messages: 0, or a code of bad input, for which the link is to be closed. */
int dispatch_peer(struct replica *r, uint32_t peer, struct bytes message);
int dispatch_wallet(struct replica *r, const struct event *event);
/* Jobs whose verdicts are in. */
int dispatch_checked(struct replica *r);
/* An own vote that has become durable. */
int dispatch_own_vote(struct replica *r, const struct vote *own);
/* Ends all jobs, at the end. */
void dispatch_deinit(struct replica *r);

/* ---- screening.c ---- */
/* Before a message is decoded. Returns 0; 1 where it is left, and counted; a code of bad input. */
int screen_peer(struct replica *r, uint32_t peer, struct bytes message);

/* ---- advance.c: what the consensus module puts out ---- */
/* Carries out what it has put out so far. */
int advance_carry_out(struct replica *r);
/* Goes over the rules until nothing more follows. */
int advance(struct replica *r);

/* ---- journaling.c: records for the journal ---- */
/* The bodies of a block and its ancestors that are not there yet. */
int journaling_bodies(struct replica *r, struct chain_block *block);
/* Whether this step may make one body more final, or execute and journal it: the first always; and that it does. */
bool journaling_room(const struct replica *r, const struct chain_block *block);
void journaling_take(struct replica *r, const struct chain_block *block);
int journaling_own_vote(struct replica *r, const struct vote *vote);
int journaling_certificate(struct replica *r, const struct certificate *certificate);
int journaling_evidence(struct replica *r, const struct vote *first, const struct vote *second);
/* A finality certificate of a block that stands beside this chain. */
int journaling_second_chain(struct replica *r, const struct certificate *certificate);
/* The newest votes known of all validators, as far as they are not there yet. */
int journaling_newest_votes(struct replica *r);
/* A block is final. */
int journaling_final(struct replica *r, const struct header *header);
/* Own votes of views up to this one are pruned with this commit. */
int journaling_forget_votes(struct replica *r, uint64_t view);

/* ---- decide.c: what is final ---- */
/* Rule 8: decides the block and all its ancestors, or notes that it is to be, once their bodies are held: as far as
 * this step may go, and the rest in the next ones. */
int decide(struct replica *r, const struct decided *decided);
int decide_retry(struct replica *r);
/* When there is more to decide that needs nothing else than a step: now, or TIME_NEVER. */
uint64_t decide_wake(const struct replica *r);

/* ---- proposer.c: making blocks; proposals.c: receiving them ---- */
/* A block that is in the chain, executed, and not voted for. */
struct proposed {
	struct chain_block *block, *parent;
};
/* Makes the block that is to be proposed now. Returns 1, or 0 where there is none. */
int proposer_try(struct replica *r, const struct lead *lead, struct proposed *proposed);
/* Sends it to all, under its own first vote, when that is durable. */
int proposer_send(struct replica *r, const struct vote *own, const struct proposed *proposed);
uint64_t proposer_wake(const struct replica *r);
/* Whether there is something to make final. */
bool proposer_has_work(const struct replica *r);
/* A block has become final. */
void proposer_final(struct replica *r, const struct chain_block *block);
int proposals_receive(struct replica *r, uint32_t peer, const Uncia__Pb__Propose *message); /* as dispatch_peer */
int proposals_verified(struct replica *r, struct job *job);
/* A job of any kind ends; after that of a proposal the leader's next one is verified. */
void proposals_forget(struct replica *r, const struct job *job);
int proposals_next(struct replica *r, uint32_t peer);
/* That leader's link is closed for what it said: what waits of it is given up. */
void proposals_dropped(struct replica *r, uint32_t peer);

/* ---- flushing.c ---- */
/* Takes a flush where it is time. */
int flushing_begin(struct replica *r);
/* The commit that it rests on is durable: it goes to the store. */
int flushing_release(struct replica *r);
/* The store has it. */
void flushing_end(struct replica *r, struct flush *flush);
/* A flush takes so long that too much has come since it was taken. */
bool flushing_behind(const struct replica *r);

/* ---- links.c ---- */
int links_up(struct replica *r, uint32_t peer);
void links_down(struct replica *r, uint32_t peer);
/* Tells those whose time has come. */
int links_timer(struct replica *r);
uint64_t links_wake(const struct replica *r);

/* ---- clock.c ---- */
/* From a proposal that its leader has just sent. */
int clock_learn(struct replica *r, const struct header *header);
/* The wall clock less those of the others; 0 where too few of them are known. */
int64_t clock_offset_ms(const struct replica *r);
/* How far the wall clock is off: one of them 0, both where it is right or too little is known. */
void clock_off(const struct replica *r, uint64_t *behind_ms, uint64_t *ahead_ms);

/* ---- status.c ---- */
/* Answers a wallet that asks how this validator is. */
int status_answer(struct replica *r, uint64_t wallet, uint64_t request_id);
/* Answers what has been seen of a validator's key. 0; UNCIA_E_ENCODING; an error of this machine. */
int voted_answer(struct replica *r, uint64_t wallet, uint64_t request_id, const Uncia__Pb__VotedQuery *query);

/* ---- second_chain.c: a final block beside the final chain (consensus §6 rule 8) ---- */
/* A certificate of a past view: where it makes a block final that is not on this chain, its signatures are checked.
 * Takes it. */
int second_chain_look(struct replica *r, uint32_t peer, struct certificate *certificate);
/* It holds, or a certificate that was taken as this chain's is another one's: no vote is cast any more, and a little
 * later this validator ends. `certificate` NULL: it is in the journal. */
int second_chain_found(struct replica *r, uint32_t peer, const struct certificate *certificate);

#endif
