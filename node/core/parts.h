/* What the parts of the replica share; private to node/core. Who does what:
 *   actions.c    the step's list of actions          deferred.c   what waits for the disk
 *   views.c      votes and certificates by view      safety.c     alone decides what is signed
 *   chain.c      blocks that are not settled yet     consensus.c  the rules of §6
 *   proposal.c   making and receiving blocks          gathering.c  their payments, by short ids
 *   block_fetch.c whole blocks by id                  clock.c      how far the wall clock is off, to tell
 *   finality.c   deciding, settling, flushing
 *   payments.c   submission, gossip, who waits       queries.c    what wallets ask
 *   sync.c       catch-up, repair, the start-up question          recovery.c  the start
 *   replica.c    composes them behind replica_step */
#ifndef PARTS_H
#define PARTS_H
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "consensus.pb-c.h"
#include "message.pb-c.h"
#include "address.h"
#include "chain.h"
#include "consensus.h"
#include "fields.h"
#include "ledger.h"
#include "mempool.h"
#include "journal.h"
#include "messages.h"
#include "outbox.h"
#include "payments.h"
#include "read_budget.h"
#include "receipt.h"
#include "replica.h"
#include "serve.h"
#include "try.h"
#include "uncia/error.h"
#include "verification.h"
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define BLOCK_FETCH_DELAY_MS 4u /* payments of a proposal may still be on their way to us */
#define FETCH_RETRY_MS       250u
#define PEER_JOBS_MAX        512u        /* signature checks under way for one peer */
#define PEER_JOB_BYTES_MAX   (32u << 20) /* and the messages they came in */
#define STANDSTILL_MS        1000u
/* A flush rewrites pages that many payments share: the larger, the less is written for each. What is not flushed is
 * executed again at the start, and held in memory. Counted in accounts that payments touch: two an ordinary one. */
#define FLUSH_TOUCHES 196608u
#define UNFLUSHED_MAX (2 * FLUSH_TOUCHES) /* beyond which a leader proposes no payments until a flush is stored */

struct peer {
	struct read_budget share;
	uint64_t final_height; /* as it last told */
	uint64_t told_at_ms;   /* when it was last told that it is behind */
	bool has_clock;
	int64_t clock_offset_ms; /* our wall clock less the time of its newest block, when that came */
};

struct replica {
	struct replica_config config;
	const struct genesis *genesis;
	const struct committee *committee;
	struct hash network_id;
	struct ledger *ledger;
	struct mempool *mempool;
	struct step step;
	bool started, halted;

	struct consensus *consensus; /* from the start on */
	uint64_t last_final_ms, standstill_at;
	struct lead_state { /* of the view that this validator leads */
		uint64_t view;
		uint64_t settle_at; /* when it makes an empty block, as far as is known; TIME_NEVER: none is due */
		uint64_t tried;     /* the chain's generation when there was last nothing to propose */
	} lead;

	/* chain */
	struct chain chain;
	struct serve serve;
	struct payments payments;
	uint64_t settle_at; /* when an empty block is due after one with payments; TIME_NEVER: none is */
	struct decision {
		bool wanted;
		uint64_t view;
		struct hash id;
	} decision; /* decided, bodies missing */

	/* voting */
	bool low_space;
	uint64_t newest_ask_at; /* when to ask for the newest votes known of us */
	uint64_t evidence;

	struct peer *peers;
	bool clock_off; /* as noted last */

	/* catch-up */
	bool sync_active;
	uint32_t sync_peer;
	uint64_t sync_at;     /* when to ask (again) */
	uint32_t repair_peer; /* the last one asked for certificates */

	bool flushing;               /* a flush is with the store, or waits to be handed over */
	struct flush *flush_waiting; /* for the commit that the outbox has a mark of */
	uint64_t flushed_ms;         /* the time of the block that the state was last brought to, or is on its way to */
	uint64_t timer_ms;           /* the last wish */
};

static inline bool peer_share_left(struct replica *r, uint32_t peer)
{
	bool left = read_budget_left(&r->peers[peer].share, r->step.now_ms, READ_PEER_OWED, READ_PEER_PER_MS);

	if (left)
		r->peers[peer].share.owed += READ_QUESTION;
	else
		r->step.dropped_messages++;
	return left;
}
/* dispatch.c */
int peer_message(struct replica *r, uint32_t peer, struct bytes bytes);
int wallet_message(struct replica *r, uint64_t wallet, struct bytes message);
int jobs_take(struct replica *r); /* those whose verdicts are in */
void jobs_free(struct replica *r);

/* carry_out.c */
int tell_news(struct replica *r);
int tell_check(struct replica *r, struct chain_block *block); /* how far it has been checked */
int carry_out(struct replica *r);
int rules_run(struct replica *r);
int newest_votes_journal(struct replica *r);
int block_journal(struct replica *r, struct chain_block *block); /* and its ancestors */

/* clock.c: from a proposal that its leader has just sent. Out: how far the wall clock is off, one of them 0, both where
 * it is right or too little is known. */
int clock_learn(struct replica *r, const struct header *header);
void clock_off(const struct replica *r, uint64_t *behind_ms, uint64_t *ahead_ms);

/* proposal.c */
int proposal_try(struct replica *r, const struct lead *lead);
uint64_t proposal_wake(const struct replica *r);
bool proposal_work(const struct replica *r); /* there is something to make final */
uint64_t empty_block_at(const struct replica *r, const struct chain_block *block, uint64_t since_ms);
int proposal_receive(struct replica *r, uint32_t peer, const Uncia__Pb__Propose *message);
int proposal_verified(struct replica *r, struct job *job);

/* block_fetch.c */
int job_payments(struct replica *r, struct job *job, const struct block *block);
int block_fetch(struct replica *r);
int block_request_answer(struct replica *r, uint32_t peer, const Uncia__Pb__BlockRequest *request);
int block_reply_receive(struct replica *r, uint32_t peer, const Uncia__Pb__BlockReply *message);
int block_reply_verified(struct replica *r, struct job *job, bool valid);

/* finality.c */
int finality_decide(struct replica *r, uint64_t view, const struct hash *id);
int finality_retry(struct replica *r);
int finality_flush(struct replica *r);
int finality_flush_release(struct replica *r); /* hands over what waited for the journal */
bool finality_behind(const struct replica *r); /* a flush takes so long that too much has come since it was taken */
int block_journal(struct replica *r, struct chain_block *block); /* and its ancestors */

int status_query(struct replica *r, uint64_t wallet, uint64_t request_id);

/* sync.c */
int sync_timer(struct replica *r);
uint64_t sync_wake(const struct replica *r);
int sync_peer_up(struct replica *r, uint32_t peer);
int sync_status_receive(struct replica *r, uint32_t peer, const Uncia__Pb__PeerStatus *message);
int sync_request_answer(struct replica *r, uint32_t peer, const Uncia__Pb__SyncRequest *message);
int sync_reply_receive(struct replica *r, uint32_t peer, const Uncia__Pb__SyncReply *message);
int job_certificate(struct replica *r, struct job *job, struct certificate *certificate);
int job_one_certificate(struct replica *r, uint32_t peer, struct certificate *certificate);
int sync_reply_verified(struct replica *r, struct job *job, bool valid);
int certificates_request_answer(struct replica *r, uint32_t peer, const Uncia__Pb__CertificatesRequest *message);
int newest_vote_answer(struct replica *r, uint32_t peer, const Uncia__Pb__NewestVoteRequest *message);
int newest_vote_receive(struct replica *r, uint32_t peer, const Uncia__Pb__NewestVoteReply *message);
int newest_vote_verified(struct replica *r, struct job *job);

/* recovery.c */
int recovery_start(struct replica *r);

#endif
