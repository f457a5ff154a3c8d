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
#include "voting_rules.h"
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define BLOCK_FETCH_DELAY_MS 4u /* payments of a proposal may still be on their way to us */
#define FETCH_RETRY_MS       250u
#define PEER_JOBS_MAX        512u        /* signature checks under way for one peer */
#define PEER_JOB_BYTES_MAX   (32u << 20) /* and the messages they came in */
#define EVIDENCE_MAX         4096u       /* pairs of votes kept; more are only counted */
#define TIMEOUT_MAX_MS       10000u
#define STANDSTILL_MS        1000u
/* A flush rewrites pages that many payments share: the larger, the less is written for each. What is not flushed is
 * executed again at the start, and held in memory. Counted in accounts that payments touch: two an ordinary one. */
#define FLUSH_TOUCHES 196608u
#define UNFLUSHED_MAX (2 * FLUSH_TOUCHES) /* beyond which a leader proposes no payments until a flush is stored */

/* ---- votes and certificates of one view ---- */

struct seat { /* what is held of one validator's votes in one view */
	bool has_first, has_final;
	struct vote first, final;
	struct vote *extras;
	uint32_t extra_count;
	bool evidence_kept;
};

struct held_certificate {
	struct certificate *certificate;
	struct held_certificate *next;
};

struct view {
	UT_hash_handle hh; /* by number */
	uint64_t number;
	/* own votes, as the journal has or will have them */
	enum first_vote own_first;
	struct hash own_block;
	bool own_skip2, own_final;
	struct hash *own_extras; /* blocks of own NOTAR2 */
	uint32_t own_extra_count;
	struct vote *own_votes; /* all of them, to be sent again */
	uint32_t own_vote_count;
	struct seat *seats; /* committee size; NULL until a vote arrives */
	struct held_certificate *certificates;
	/* timing of a view we entered */
	bool by_skip;
	uint64_t entered_ms;
	uint64_t settle_at;   /* when its leader makes an empty block, as far as he knows; TIME_NEVER: none is due */
	uint64_t deadline_ms; /* TIME_NEVER: the timer has not started */
	bool leader_done;     /* as its leader: proposed, or out of the running */
	uint64_t tried;       /* the mempool's generation when there was last nothing to propose */
};

struct peer {
	struct read_budget share;
	uint64_t final_height; /* as it last told */
	uint64_t told_at_ms;   /* when it was last told that it is behind */
	struct vote newest;    /* the newest vote ever seen of it */
	bool has_newest, newest_dirty;
	bool answered_newest; /* our start-up question */
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

	/* consensus */
	struct view *views;
	uint64_t view;  /* current */
	uint32_t skips; /* views entered by S since the last finality: doubles T */
	uint64_t last_notarised_ms, last_final_ms, standstill_at;
	bool recheck; /* something changed: go over the rules again */

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
	enum voting_state voting;
	bool low_space;
	/* Of the journal, at the start: its final view, and the newest own vote (view 0: none). */
	uint64_t started_at_view;
	struct vote newest_own;
	uint64_t newest_nonce, newest_ask_at;
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

/* views.c */
struct view *view_find(struct replica *r, uint64_t number);
struct view *view_get(struct replica *r, uint64_t number); /* NULL: out of memory */
void view_free(struct replica *r, struct view *view);
void view_drop_votes(struct replica *r, struct view *view);
void views_settle(struct replica *r, uint64_t through); /* forgets all up to and with that view */
bool view_in_window(const struct replica *r, uint64_t number);
struct certificate *view_certificate(struct replica *r, uint64_t number, enum certificate_kind kind,
                                     const struct hash *block_id);                    /* id NULL: any of that kind */
bool view_notarised(struct replica *r, uint64_t number, const struct hash *block_id); /* N, FF or SF */
bool vote_known(struct replica *r, const struct vote *vote);
int vote_accept(struct replica *r, const struct vote *vote);                /* verified (or our own and durable) */
int certificate_accept(struct replica *r, struct certificate *certificate); /* verified; owned from here */

/* safety.c */
bool safety_may_vote(const struct replica *r);
int safety_first_block(struct replica *r, struct view *view, struct chain_block *block, bool broadcast);
int safety_first_skip(struct replica *r, struct view *view);
int safety_extra(struct replica *r, struct view *view, const struct hash *block_id); /* NULL: SKIP2 */
int safety_final(struct replica *r, struct view *view);
int safety_recover(struct replica *r, const struct vote *vote);
int safety_resend(struct replica *r, uint32_t peer, const struct view *view);

/* consensus.c */
int consensus_recheck(struct replica *r);
int consensus_timer(struct replica *r);
int consensus_enter(struct replica *r, uint64_t number, bool by_skip);
int consensus_vote_seen(struct replica *r, struct view *view);
uint64_t consensus_wake(struct replica *r);
uint64_t consensus_timeout(const struct replica *r, uint64_t number); /* of the timer of that view */
bool consensus_parent_valid(struct replica *r, uint64_t view, uint64_t parent_view, const struct hash *parent_id);

/* clock.c: from a proposal that its leader has just sent. Out: how far the wall clock is off, one of them 0, both where
 * it is right or too little is known. */
int clock_learn(struct replica *r, const struct header *header);
void clock_off(const struct replica *r, uint64_t *behind_ms, uint64_t *ahead_ms);

/* proposal.c */
int proposal_try(struct replica *r, struct view *view);
uint64_t proposal_wake(struct replica *r, const struct view *view);
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
bool vote_newer(const struct vote *a, const struct vote *b); /* by view, then by kind */
int newest_vote_seen(struct replica *r, const struct vote *vote);
int newest_votes_journal(struct replica *r);
int newest_vote_check(struct replica *r);
int newest_vote_lost(struct replica *r);

/* recovery.c */
int recovery_start(struct replica *r);

#endif
