/* The validator as a pure state machine: one event in, a bounded list of actions out. No I/O, clock,
 * randomness, thread or log in here, and nothing ever calls back into it (docs/architecture.md, "The core
 * contract"). The daemon and the simulator link the same object code. */
#ifndef REPLICA_H
#define REPLICA_H
#include <stdbool.h>
#include "actions.h"
#include "consensus.h"
#include "histogram.h"
#include "step.h"

/* The final chain contradicts another one, or a rule: validators of more weight than F are faulty (consensus §6 rule
 * 8). A code of this header's own, as final as UNCIA_E_MEMORY. */
#define REPLICA_E_FAULTY (-902)

/* ---- in ------------------------------------------------------------------------------------ */

enum event_kind {
	EVENT_START,   /* once, first */
	EVENT_PEER_UP, /* the link to `peer` is established */
	EVENT_PEER_DOWN,
	EVENT_PEER_MESSAGE,   /* peer, message: one whole PeerMessage */
	EVENT_WALLET_MESSAGE, /* wallet, origin, message: one whole WalletRequest */
	EVENT_WALLET_CLOSED,  /* wallet: that link is gone, its number will not come back */
	EVENT_VERIFIED,       /* job, and those after it by `next`: verdicts are in; handed back to the core */
	EVENT_DURABLE,        /* sequence: every journal record up to it is on disk */
	EVENT_FLUSHED,        /* flush: the state holds it, the view shows it; handed back to the core */
	EVENT_TIMER,          /* the time asked for by ACTION_TIMER has come */
	EVENT_SPACE,          /* low: free disk space is below the reserve (or above it again) */
};

struct event {
	enum event_kind kind;
	uint64_t now_ms;  /* monotonic */
	uint64_t wall_ms; /* milliseconds since 1970 */
	uint32_t peer;    /* its number (step.h) */
	uint64_t wallet;  /* number of a wallet link, never reused */
	uint32_t origin;  /* of its address; the same for one address while the process runs, and nearly none other's */
	struct bytes message; /* borrowed for the call */
	struct verify_job *job;
	struct flush *flush;
	uint64_t sequence;
	bool low;
};

/* ---- the replica --------------------------------------------------------------------------- */

struct replica_config {
	const struct genesis *genesis; /* outlives the replica */
	struct storage_view view;
	uint32_t self;      /* own number in the committee, or NOT_A_MEMBER: an observer, which follows */
	uint32_t observers; /* that may be linked: the peers behind those of the committee; OBSERVERS_MAX at most */
	/* Signs the statement of a vote with this validator's consensus key. Deterministic. Called within a step, which
	 * waits for it. Returns 0, or an error code that ends the replica: UNCIA_E_IO; UNCIA_E_DAMAGED. */
	int (*sign)(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE]);
	void *sign_context;
	uint8_t hash_seed[16];                        /* random: seeds the hash tables */
	uint32_t delta_ms;                            /* expected one-way delay bound; 0: the default, 150 */
	uint32_t heartbeat_ms;                        /* 0: 1000 */
	uint32_t settle_ms;                           /* an empty block this long after one with payments; 0: 20 */
	uint32_t pace_ms;                             /* the longest a leader waits to fill a block under load; 0: 8 */
	uint32_t flush_ms;                            /* what is settled goes to the state so often; 0: 20000 */
	uint32_t mempool_max, mempool_per_sender_max; /* 0: the defaults in protocol_limits.h */
	/* What bounds a step, a page of the final chain, and what is fetched by id; each 0: its default. */
	uint32_t step_bytes;    /* of bodies that one step makes final or journals, one body more at most; 16 MiB */
	uint32_t page_bytes;    /* of blocks in one answer, where that is more than one; 2 MiB */
	uint32_t page_headers;  /* behind the blocks of one; 12,288, which is also the most */
	uint32_t near_blocks;   /* that far above the final tip bodies are fetched by id; 8 */
	const char *signatures; /* how the edge checks them, in a word, for who asks; NULL: not told */
};

/* What a validator waits for before anything (more) becomes final. */
enum waits_for {
	WAITS_NOTHING = 0,  /* blocks become final */
	WAITS_LINKS = 1,    /* links to validators of weight Qs */
	WAITS_ANSWERS = 2,  /* their answers whether they hold a newer vote of it */
	WAITS_BLOCKS = 3,   /* final blocks that others have and it has not */
	WAITS_FINALITY = 4, /* others' votes: it is linked with enough, and nothing has become final for long */
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
	uint64_t dropped;                         /* messages not taken or not answered, since a bound was reached */
	uint64_t gossip_refused;                  /* payments of validators that the pool had no place for */
	uint64_t clock_behind_ms, clock_ahead_ms; /* the wall clock against the others'; 0: right, or not known */
	uint64_t final_age_ms;                    /* since the tip's time, by the wall clock */
	uint64_t weight_linked, weight_needed;    /* itself included; Qs */
	enum waits_for waits_for;
	uint64_t waits_weight;                        /* WAITS_ANSWERS: of those that have answered, itself included */
	uint64_t highest_height;                      /* that linked ones of more than F told; at least final_height */
	uint8_t linked[(COMMITTEE_SIZE_MAX + 7) / 8]; /* by validator, the lowest bit first */
	/* Of this process, by the monotonic clock of events: when the last block became final, or the start; and since
	 * when there are payments that a block could take, 0: there is none. Where both lie far back, nothing becomes
	 * final that should. */
	uint64_t last_final_ms, work_since_ms;
	int64_t clock_offset_ms; /* the wall clock less the others', as the median of their blocks says; 0: not known */
};

/* What has happened since the start. None of it falls, and no rule depends on it. */
struct replica_counters {
	uint64_t final_blocks, final_payments; /* in all; of the blocks: */
	uint64_t fetched_blocks;               /* those that came by pages of the final chain, after they were final */
	uint64_t proposed;                     /* blocks that this validator has proposed */
	uint64_t votes[VOTE_FINAL + 1];        /* cast, by enum vote_kind */
	uint64_t certificates[CERT_SF + 1];    /* made here or received, the first of their view and kind, by kind */
	uint64_t submitted, passed_on;         /* payments that wallets have brought; that validators have */
	uint64_t wrong_signatures;             /* of payments, whoever brought them */
	uint64_t evicted;                      /* payments that have given way in a full pool */
	/* From when a block was first heard of to its finality, and from when a payment came here (of each block the
	 * first that this validator had in its pool) to that; of blocks that were not fetched. */
	struct histogram finality, payment;
	uint64_t
	    refused[STEP_REFUSALS]; /* answers to wallets that refuse, by code: enum uncia_error without its sign */
};

/* How much is held of what others send and of what waits: what docs/spec/network.md, "Limits", bounds. */
struct replica_load {
	size_t views, blocks;        /* that are not settled */
	size_t body_bytes;           /* of bodies of blocks that are not settled */
	size_t outbox, outbox_bytes; /* sends and answers that wait for the disk */
	/* Signature checks under way of that peer which has most, and their messages. */
	size_t urgent_signatures, payment_signatures, job_bytes;
	size_t questions;          /* of wallets, that wait */
	size_t waiters;            /* payments that the wallet which has most waits for */
	size_t watches;            /* accounts that wallets watch, each of each */
	size_t mempool, verifying; /* payments; those of them whose signature is being checked */
	size_t parked;             /* those that did not fit the ledger when last tried */
	size_t mempool_max;        /* so many verified ones have room */
	size_t checking;           /* places that are taken for such checks */
	size_t waiting;            /* KiB of submitted ones whose signature will be */
	size_t unflushed;          /* accounts that settled payments have touched since a flush was last taken */
	size_t taken;              /* the most bytes of bodies that a step has taken which took several, ever */
	size_t visited;            /* the most blocks that a step has looked at in passing, ever */
	size_t looked;             /* the most views, and facts of blocks, that consensus has in a step, ever */
};

struct replica;
/* Returns 0; UNCIA_E_ARGUMENT (self, observers); UNCIA_E_MEMORY;
 * UNCIA_E_DAMAGED or UNCIA_E_IO from the view. */
int replica_new(const struct replica_config *config, struct replica **replica);
void replica_free(struct replica *replica);
/* Returns 0, or a negative code with ACTION_HALT as the last action: the replica is then of no further use. */
int replica_step(struct replica *replica, const struct event *event, struct actions *out);
void replica_status(const struct replica *replica, struct replica_status *status);
void replica_load(const struct replica *replica, struct replica_load *load);
/* The final height that this validator has last told, over whatever link; 0: none. Nothing proves it. */
uint64_t replica_told_height(const struct replica *replica, uint32_t peer);
void replica_counters(const struct replica *replica, struct replica_counters *counters);
/* The view of the newest vote that is known of each other validator, by its index; 0: none. views: COMMITTEE_SIZE_MAX.
 * After EVENT_START. */
void replica_newest_views(const struct replica *replica, uint64_t *views);
/* Whether this wallet waits for an answer, or for the end of a payment. */
bool replica_wallet_waits(const struct replica *replica, uint64_t wallet);
/* Whether it watches accounts: it is silent for as long as nothing touches them. */
bool replica_wallet_watches(const struct replica *replica, uint64_t wallet);

#endif
