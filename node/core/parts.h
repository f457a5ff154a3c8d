/* What the parts of the replica share; private to node/core. Who does what:
 *   actions.c    the step's list of actions          deferred.c   what waits for the disk
 *   views.c      votes and certificates by view      safety.c     alone decides what is signed
 *   chain.c      blocks that are not settled yet     consensus.c  the rules of §6
 *   proposal.c   making and receiving blocks          short_ids.c  their payments, by short ids
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
#include "fields.h"
#include "ledger.h"
#include "mempool.h"
#include "receipt.h"
#include "replica.h"
#include "try.h"
#include "uncia/error.h"
#include "voting_rules.h"
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define TIME_NEVER             UINT64_MAX
#define BLOCK_FETCH_DELAY_MS   4u  /* payments of a proposal may still be on their way to us */
#define BLOCK_VERIFY_DELAY_MS  60u /* or with the verifier */
#define FETCH_RETRY_MS         250u
#define PEER_JOBS_MAX          512u        /* signature checks under way for one peer */
#define PEER_JOB_BYTES_MAX     (32u << 20) /* and the messages they came in */
#define WATCHES_PER_WALLET_MAX 1024u
#define QUERIES_MAX            4096u
#define QUERIES_PER_WALLET_MAX 64u
#define EVIDENCE_MAX           4096u /* pairs of votes kept; more are only counted */
#define TIMEOUT_MAX_MS         10000u
#define STANDSTILL_MS          1000u
/* A flush rewrites pages that many payments share: the larger, the less is written for each. What is not flushed is
 * executed again at the start, and held in memory. Counted in accounts that payments touch: two an ordinary one. */
#define FLUSH_TOUCHES 196608u
#define UNFLUSHED_MAX (2 * FLUSH_TOUCHES) /* beyond which a leader proposes no payments until a flush is stored */

/* ---- blocks that are not settled yet, and the settled one ---- */
struct node_block {
	UT_hash_handle hh; /* by header.id */
	struct header header;
	struct node_block *parent;   /* NULL: not known (or this is the settled block) */
	struct short_ids *short_ids; /* of a proposal whose body is not complete; NULL: none */
	bool proposed;               /* its short ids have come, once */
	struct payment **payments;   /* referenced; NULL while the body is not complete */
	struct hash *tree;           /* of the payments; NULL while the body is not complete, and once it is final */
	uint8_t *bytes;              /* canonical Block, owned; once complete */
	size_t size;
	bool complete;  /* body held, every signature in it verified */
	bool verifying; /* a full body is with the verifier */
	bool vouched;   /* named by validators of more weight than F, itself or a descendant: its ancestors are real */
	bool invalid;   /* executed and failed, or its header is wrong */
	bool journaled;
	bool final;
	struct executed *executed; /* once executed; NULL for the settled block */
	uint64_t fetch_at;         /* when to ask a peer for the body; TIME_NEVER: not wanted */
	uint32_t fetch_tries;
	uint64_t added_ms; /* when it was first heard of */
};

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

/* ---- what waits for the disk ---- */
enum deferred_kind { DEFERRED_SEND, DEFERRED_OWN_VOTE, DEFERRED_ANSWER, DEFERRED_FLUSH };
struct deferred {
	struct deferred *next;
	uint64_t sequence;
	enum deferred_kind kind;
	uint32_t peer;
	uint64_t wallet;
	struct vote vote;
	struct flush *flush;
	size_t size;
	uint8_t bytes[];
};

/* ---- signature checks under way ---- */
enum job_kind { JOB_VOTE, JOB_CERTIFICATES, JOB_PROPOSAL, JOB_PAYMENTS, JOB_BLOCK, JOB_SYNC, JOB_NEWEST_VOTE };
struct job {
	struct verify_job verify; /* first: the edge sees only this */
	enum job_kind kind;
	uint32_t peer;            /* who sent it; UINT32_MAX: a wallet */
	size_t message_size;      /* of what it came in */
	struct job *next, **back; /* all of them, to free at the end */
	struct vote vote;
	struct certificate **certificates;
	size_t certificate_count;
	struct header header; /* JOB_PROPOSAL */
	struct bytes short_ids;
	struct pooled **pooled; /* JOB_PAYMENTS: one an item; NULL once its verdict is taken */
	struct block **blocks;  /* JOB_BLOCK (one), JOB_SYNC */
	size_t block_count;
	size_t capacity;
};

/* ---- what is read for others ---- */

/* Small questions have large answers: whoever has had his share waits. What was read is owed, and forgiven with time.
 */
struct share {
	uint64_t owed, at_ms;
};
#define SHARE_QUESTION      4096u      /* what a question costs beside the bytes that are read for it */
#define SHARE_PEER_OWED     (2u << 20) /* and one answer more: what may wait for his link holds both */
#define SHARE_PEER_PER_MS   (32u << 10)
#define SHARE_WALLET_OWED   (2u << 20)
#define SHARE_WALLET_PER_MS (2u << 10)
#define SHARE_ALL_OWED      (8u << 20) /* wallets together: reading a block for a receipt takes decoding it */
#define SHARE_ALL_PER_MS    (8u << 10)

/* ---- wallets ---- */
struct watch { /* one wallet waits for the end of one payment */
	struct watch *next_of_payment, *next_of_wallet, **back_of_wallet;
	uint64_t wallet, request_id;
	struct watched *watched;
};
struct watched {
	UT_hash_handle hh; /* by id */
	struct payment_id id;
	struct watch *watches;
};
struct wallet_link {
	UT_hash_handle hh; /* by number */
	uint64_t number;
	struct watch *watches;
	uint32_t watch_count, query_count;
	uint32_t read_count; /* of its questions: those that the journal is read for */
	struct share share;
};
enum query_kind { QUERY_ACCOUNT, QUERY_RECEIPT, QUERY_HISTORY };
struct query { /* a wallet's question, until what it asks for is settled or durable, and its share of reading allows */
	struct query *next;
	enum query_kind kind;
	uint64_t wallet, request_id;
	struct wallet_link *link;
	struct address address;
	struct position at;   /* a receipt's payment; a history's page is what came before it */
	uint32_t limit;       /* of receipts on the page */
	uint64_t height;      /* accounts: answered once the settled height is at least this */
	uint64_t sequence;    /* the others: once the journal is durable so far */
	uint64_t deadline_ms; /* then accounts are answered with what there is, the others refused */
};

struct peer {
	bool up;
	uint32_t jobs;
	size_t job_bytes;
	struct share share;
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
	struct pieces payment_memory;
	struct arena_spares spares; /* of messages, while they are read */
	uint64_t generation;        /* counts what may have become orderable */

	/* the step under way */
	struct actions *out;
	uint64_t now_ms, wall_ms;
	size_t message_size; /* of its event */
	bool step_wrote;
	size_t carried_out; /* bytes that had waited for the disk and leave in it */
	bool started, halted;
	struct payment **relay; /* verified in this step, to be gossiped */
	size_t relay_count, relay_capacity;
	uint64_t gossip_refused, dropped_messages;
	uint64_t expired_seconds; /* the tip's time that expiry has been gone through for */

	uint64_t sequence, durable;
	struct deferred *deferred_first, **deferred_last;
	size_t answers_waiting; /* bytes of them that are answers to wallets */

	/* consensus */
	struct view *views;
	uint64_t view;  /* current */
	uint32_t skips; /* views entered by S since the last finality: doubles T */
	uint64_t last_notarised_ms, last_final_ms, standstill_at;
	struct certificate *final_certificate; /* of the final tip; NULL while that is the genesis */
	bool recheck;                          /* something changed: go over the rules again */
	bool fetching;                         /* some block has a fetch_at */

	/* chain */
	struct node_block *blocks;
	struct node_block *settled; /* the root of what is held */
	struct node_block *tip;     /* newest final */
	uint64_t final_sequence;    /* the commit that makes the tip's finality durable */
	uint64_t payments_height;   /* the highest block with payments that was voted for or is final */
	uint64_t settle_at;         /* when an empty block is due after one with payments; TIME_NEVER: none is */
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
	uint32_t peers_up;
	bool clock_off; /* as noted last */

	/* catch-up */
	bool sync_active;
	uint32_t sync_peer;
	uint64_t sync_at;     /* when to ask (again) */
	uint32_t repair_peer; /* the last one asked for certificates */

	struct job *jobs;
	uint64_t next_job;

	struct wallet_link *wallets;
	struct share wallets_share;
	uint64_t journal_read; /* bytes of blocks read for wallets, ever */
	struct watched *watched;
	struct query *queries, **queries_last; /* oldest first */
	uint32_t query_count;                  /* that wait */
	uint32_t read_wallets;                 /* of how many wallets the journal is to be read for */

	bool flushing;
	uint64_t flushed_ms; /* the time of the block that the state was last brought to, or is on its way to */
	uint64_t timer_ms;   /* the last wish */
};

/* actions.c */
void actions_clear(struct actions *actions);
struct action *action_add(struct replica *r, enum action_kind kind);
int action_bytes(struct replica *r, const void *data, size_t size, struct bytes *copy);
int action_put(struct replica *r, enum journal_table table, const void *key, size_t key_size, const void *value,
               size_t value_size);
int action_send(struct replica *r, uint32_t peer, const void *message, size_t size);
int action_answer(struct replica *r, uint64_t wallet, const void *message, size_t size);
int action_note(struct replica *r, enum note_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
uint64_t step_sequence(struct replica *r);

/* deferred.c: carried out now where `sequence` is durable already, else when it is; in order. */
int defer_send(struct replica *r, uint64_t sequence, uint32_t peer, const void *message, size_t size);
int defer_answer(struct replica *r, uint64_t sequence, uint64_t wallet, const void *message, size_t size);
int defer_own_vote(struct replica *r, uint64_t sequence, const struct vote *vote);
int defer_flush(struct replica *r, uint64_t sequence, struct flush *flush);
int deferred_run(struct replica *r);
uint64_t deferred_wake(const struct replica *r);
void deferred_free(struct replica *r);

/* messages.c */
int send_peer(struct replica *r, uint64_t sequence, uint32_t peer, const Uncia__Pb__PeerMessage *message);
int send_spare(struct replica *r, uint32_t peer, const Uncia__Pb__PeerMessage *message); /* at once, if at all */
int reply_wallet(struct replica *r, uint64_t sequence, uint64_t wallet, const Uncia__Pb__NodeReply *reply);
int refuse_wallet(struct replica *r, uint64_t wallet, uint64_t request_id, int code, const char *reason);
int send_vote(struct replica *r, uint64_t sequence, uint32_t peer, const struct vote *vote);
int send_certificate(struct replica *r, uint32_t peer, const struct certificate *certificate);
static inline bool share_left(struct share *share, uint64_t now_ms, uint64_t owed_max, uint64_t per_ms)
{
	uint64_t forgiven = (now_ms - share->at_ms) * per_ms;

	share->owed -= forgiven < share->owed ? forgiven : share->owed;
	share->at_ms = now_ms;
	return share->owed <= owed_max;
}
static inline bool peer_share_left(struct replica *r, uint32_t peer)
{
	bool left = share_left(&r->peers[peer].share, r->now_ms, SHARE_PEER_OWED, SHARE_PEER_PER_MS);

	if (left)
		r->peers[peer].share.owed += SHARE_QUESTION;
	else
		r->dropped_messages++;
	return left;
}
/* view u64 ‖ kind u8 ‖ block id: 41 bytes; without a kind, view ‖ block id: 40 */
void journal_key(uint8_t key[JOURNAL_KEY_MAX], uint64_t view, int kind, const struct hash *block_id, size_t *size);

/* jobs.c */
struct job *job_new(struct replica *r, enum job_kind kind, uint32_t peer, size_t items);
int job_item(struct job *job, const uint8_t public_key[PUBLIC_KEY_SIZE], const struct hash *digest,
             const uint8_t signature[SIGNATURE_SIZE], bool check_key);
int job_vote(struct replica *r, enum job_kind kind, uint32_t peer, const struct vote *vote);
int job_certificate(struct replica *r, struct job *job, struct certificate *certificate);
int job_one_certificate(struct replica *r, uint32_t peer, struct certificate *certificate);
int job_start(struct replica *r, struct job *job);          /* an empty one is handled at once */
int jobs_done(struct replica *r, struct verify_job *first); /* a list, by `next`; frees them */
void job_free(struct replica *r, struct job *job);

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
int safety_first_block(struct replica *r, struct view *view, struct node_block *block, bool broadcast);
int safety_first_skip(struct replica *r, struct view *view);
int safety_extra(struct replica *r, struct view *view, const struct hash *block_id); /* NULL: SKIP2 */
int safety_final(struct replica *r, struct view *view);
int safety_expiry(struct replica *r, const struct payment_id *id, uint8_t signature[SIGNATURE_SIZE]);
int safety_recover(struct replica *r, const struct vote *vote);
int safety_resend(struct replica *r, uint32_t peer, const struct view *view);

/* chain.c */
struct node_block *block_find(struct replica *r, const struct hash *id);
int block_add(struct replica *r, const struct header *header, struct node_block **block);
void block_drop(struct replica *r, struct node_block *block);
int block_complete(struct replica *r, struct node_block *block, struct payment **payments, struct hash *tree);
int block_complete_decoded(struct replica *r, struct node_block *block, struct block *body);
int block_execute(struct replica *r, struct node_block *block); /* 1 executed, 0 cannot yet, <0 error; sets invalid */
int block_journal(struct replica *r, struct node_block *block); /* and its ancestors */
bool block_extends(const struct node_block *block, const struct node_block *ancestor);
void block_want(struct replica *r, struct node_block *block, uint64_t at_ms);
int block_want_id(struct replica *r, uint64_t view, uint64_t height, const struct hash *id, uint64_t at_ms);
void blocks_prune(struct replica *r);
void blocks_free(struct replica *r);

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
uint64_t empty_block_at(const struct replica *r, const struct node_block *block, uint64_t since_ms);
int proposal_receive(struct replica *r, uint32_t peer, const Uncia__Pb__Propose *message);
int proposal_verified(struct replica *r, struct job *job);
bool proposal_gathers(struct replica *r);                       /* some block waits for payments */
int proposal_offer(struct replica *r, struct payment *payment); /* one that has just been verified */

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
bool finality_behind(const struct replica *r); /* a flush takes so long that too much has come since it was taken */
int finality_adopt(struct replica *r, struct node_block *block); /* at the start: final already */

/* payments.c */
int payment_submit(struct replica *r, uint64_t wallet, uint64_t request_id, const void *bytes, size_t size);
int payment_gossip(struct replica *r, uint32_t peer, const Uncia__Pb__Gossip *message);
int payments_verified(struct replica *r, struct job *job);
int payments_relay(struct replica *r);
int payments_to_peer(struct replica *r, uint32_t peer);
int payments_final(struct replica *r, struct node_block *block, struct node_block *decided);
int payments_expire(struct replica *r);
int payment_query(struct replica *r, uint64_t wallet, uint64_t request_id, const struct payment_id *id);

/* watches.c */
struct wallet_link *wallet_get(struct replica *r, uint64_t number); /* NULL: out of memory */
void wallet_closed(struct replica *r, uint64_t wallet);
/* One wallet waits for one payment once, under its newest request. */
int watch_add(struct replica *r, uint64_t number, uint64_t request_id, const struct payment_id *id);
struct watched *watched_find(struct replica *r, const struct payment_id *id); /* or NULL */
/* The same reply to all who wait for this payment, each under its own request; then they wait no more. */
int watched_reply(struct replica *r, struct watched *watched, uint64_t sequence, Uncia__Pb__NodeReply *reply);
void watched_free(struct replica *r, struct watched *watched); /* nobody is told */
void watches_free(struct replica *r);

/* queries.c */
int wallet_message(struct replica *r, uint64_t wallet, struct bytes message);
int query_receipt(struct replica *r, uint64_t wallet, uint64_t request_id, const struct position *at);
int queries_answer(struct replica *r);
uint64_t queries_wake(const struct replica *r);
void queries_forget(struct replica *r, uint64_t wallet);
void queries_free(struct replica *r);

/* sync.c */
int sync_timer(struct replica *r);
uint64_t sync_wake(const struct replica *r);
int sync_peer_up(struct replica *r, uint32_t peer);
int sync_status_receive(struct replica *r, uint32_t peer, const Uncia__Pb__PeerStatus *message);
int sync_request_answer(struct replica *r, uint32_t peer, const Uncia__Pb__SyncRequest *message);
int sync_reply_receive(struct replica *r, uint32_t peer, const Uncia__Pb__SyncReply *message);
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
int journal_block(struct replica *r, uint64_t view, const struct hash *id, struct block **block);
int journal_final(struct replica *r, uint64_t height, uint64_t *view, struct hash *id);
int journal_finality(struct replica *r, uint64_t view, const struct hash *id, struct bytes *certificate);

#endif
