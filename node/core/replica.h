/* The validator as a pure state machine: one event in, a bounded list of actions out. No I/O, clock,
 * randomness, thread or log in here, and nothing ever calls back into it (docs/architecture.md, "The core
 * contract"). The daemon and the simulator link the same object code. */
#ifndef REPLICA_H
#define REPLICA_H
#include <stdbool.h>
#include "ledger.h"
#include "mempool.h"
#include "vote.h"

#define PEER_ALL UINT32_MAX

/* ---- in ------------------------------------------------------------------------------------ */

enum event_kind {
	EVENT_START,   /* once, first */
	EVENT_PEER_UP, /* the link to validator `peer` is established */
	EVENT_PEER_DOWN,
	EVENT_PEER_MESSAGE,   /* peer, message: one whole PeerMessage */
	EVENT_WALLET_MESSAGE, /* wallet, message: one whole WalletRequest */
	EVENT_WALLET_CLOSED,  /* wallet: that link is gone, its number will not come back */
	EVENT_VERIFIED,       /* job, and those after it by `next`: verdicts are in; handed back to the core */
	EVENT_DURABLE,        /* sequence: every journal record up to it is on disk */
	EVENT_FLUSHED,        /* flush: the state holds it, the view shows it; handed back to the core */
	EVENT_TIMER,          /* the time asked for by ACTION_TIMER has come */
	EVENT_SPACE,          /* low: free disk space is below the reserve (or above it again) */
};

struct event {
	enum event_kind kind;
	uint64_t now_ms;      /* monotonic */
	uint64_t wall_ms;     /* milliseconds since 1970 */
	uint32_t peer;        /* index in the committee */
	uint64_t wallet;      /* number of a wallet link, never reused */
	struct bytes message; /* borrowed for the call */
	struct verify_job *job;
	struct flush *flush;
	uint64_t sequence;
	bool low;
};

/* ---- out ----------------------------------------------------------------------------------- */

/* Signatures to check, made by the core, handed over with ACTION_VERIFY, and back with EVENT_VERIFIED once
 * every `valid` is set. Nobody else frees it. Items refer to memory the job owns. */
struct verify_item {
	uint8_t public_key[PUBLIC_KEY_SIZE];
	uint8_t signature[SIGNATURE_SIZE];
	struct hash digest;
	bool check_key; /* also require sign_key_valid(public_key) */
	bool valid;     /* out */
};
struct verify_job {
	uint64_t id;
	size_t count;
	struct verify_item *items;
	bool payments; /* off the consensus path: other jobs may overtake it */
	/* The edge's, while it has the job: */
	struct verify_job *next;
	size_t taken;     /* items that some thread has taken */
	size_t remaining; /* items without a verdict yet */
};

enum note_level { NOTE_ERROR, NOTE_WARNING, NOTE_INFO, NOTE_DEBUG };

enum action_kind {
	ACTION_JOURNAL_PUT,    /* table, key, value, sequence: to the next commit */
	ACTION_JOURNAL_FORGET, /* sequence, view: delete VOTE records of views <= view, in that same commit */
	ACTION_SEND,           /* peer (or PEER_ALL), message, spare */
	ACTION_VERIFY,         /* job */
	ACTION_ANSWER,         /* wallet, message */
	ACTION_DROP_WALLET,    /* wallet: broke the protocol; close it */
	ACTION_DROP_PEER,      /* peer: sent what no validator sends; close the link (it may dial again) */
	ACTION_TIMER,          /* at_ms: EVENT_TIMER no later than then (replaces the earlier wish) */
	ACTION_FLUSH,          /* flush: to the state */
	ACTION_FINAL,          /* height, count, message = block id: for logs and metrics only */
	ACTION_NOTE,           /* level, message = a logfmt fragment such as "event=evidence voter=2" */
	ACTION_HALT,           /* message: why. Nothing may be sent after it; the process ends non-zero */
};

struct action {
	enum action_kind kind;
	uint32_t peer;
	uint64_t wallet;
	enum journal_table table;
	struct bytes key, message; /* message is the value of a put */
	uint64_t sequence, view, at_ms, height;
	uint32_t count;
	enum note_level level;
	bool spare; /* not sent where half of what may wait for that peer does already */
	struct verify_job *job;
	struct flush *flush;
};

/* Filled by replica_step; everything in it is valid until the next call. Rule for the edge: carry out a
 * step's journal actions in the turn's one synced commit; sends and answers may go at once, in order, because
 * the core itself holds back whatever must wait for the disk until EVENT_DURABLE. */
struct actions {
	struct action *items;
	size_t count;
	/* private to the core */
	size_t capacity;
	struct arena *arena;
	struct arena_spares *spares; /* from one step to the next */
};
int actions_init(struct actions *actions);
void actions_deinit(struct actions *actions);

/* ---- the replica --------------------------------------------------------------------------- */

enum voting_state {
	VOTING_NO = 0, /* asking peers whether they hold a newer vote of ours */
	VOTING_YES = 1,
	VOTING_OBSERVER = 2,      /* not a member of the committee */
	VOTING_STALE_JOURNAL = 3, /* a peer holds a newer vote of ours: never in this epoch under this key */
	VOTING_NO_SPACE = 4,
};

struct replica_config {
	const struct genesis *genesis; /* outlives the replica */
	struct storage_view view;
	uint32_t self; /* index in the committee; UINT32_MAX: an observer */
	/* Signs a digest with this validator's consensus key. Deterministic. */
	int (*sign)(void *context, const struct hash *digest, uint8_t signature[SIGNATURE_SIZE]);
	void *sign_context;
	uint8_t hash_seed[16];                        /* random: seeds the hash tables */
	uint32_t delta_ms;                            /* expected one-way delay bound; 0: the default, 150 */
	uint32_t heartbeat_ms;                        /* 0: 1000 */
	uint32_t settle_ms;                           /* an empty block this long after one with payments; 0: 20 */
	uint32_t pace_ms;                             /* the longest a leader waits to fill a block under load; 0: 8 */
	uint32_t flush_ms;                            /* what is settled goes to the state so often; 0: 20000 */
	uint32_t mempool_max, mempool_per_sender_max; /* 0: the defaults in protocol_limits.h */
};

struct replica_status {
	uint64_t final_height, final_view, view;
	struct hash final_id;
	uint64_t final_timestamp_ms;
	struct hash state_root; /* after block `settled_height` */
	uint64_t settled_height;
	uint64_t accounts;
	uint32_t peers, mempool;
	enum voting_state voting;
	uint64_t evidence;                        /* pairs of votes that some validator must not both have cast */
	uint64_t views;                           /* of which something is held: bounded, whatever others say */
	uint64_t clock_behind_ms, clock_ahead_ms; /* the wall clock against the others'; 0: right, or not known */
};

/* How much is held of what others send and of what waits: what docs/spec/network.md, "Limits", bounds. */
struct replica_load {
	size_t views, blocks;            /* that are not settled */
	size_t deferred, deferred_bytes; /* sends and answers that wait for the disk */
	size_t jobs, job_bytes;    /* signature checks under way of that peer which has most, and their messages */
	size_t queries;            /* of wallets, that wait */
	size_t watches;            /* payments that the wallet which has most waits for */
	size_t mempool, verifying; /* payments; those of them whose signature is being checked */
	size_t unflushed;          /* accounts that settled payments have touched since a flush was last taken */
};

struct replica;
/* Returns 0; UNCIA_E_MEMORY; UNCIA_E_DAMAGED or UNCIA_E_IO from the view. */
int replica_new(const struct replica_config *config, struct replica **replica);
void replica_free(struct replica *replica);
/* Returns 0, or a negative code with ACTION_HALT as the last action: the replica is then of no further use. */
int replica_step(struct replica *replica, const struct event *event, struct actions *out);
void replica_status(const struct replica *replica, struct replica_status *status);
void replica_load(const struct replica *replica, struct replica_load *load);

#endif
