/* A network of validators in one process, in simulated time: the real core over stores in memory, with delay, loss,
 * cut links, crashes and restarts. Everything follows from the seed. No sockets, threads or clocks. */
#ifndef NETWORK_H
#define NETWORK_H
#include "fixture.h"
#include "memory_store.h"
#include "ledger.h"
#include "replica.h"

#define NETWORK_NODES_MAX 16
#define NETWORK_ADDRESSES 65536u /* wallets whose numbers are the same modulo this are of one address */

struct network_options {
	uint32_t validators;
	const uint64_t *weights; /* NULL: 1 each, with the default F and P */
	uint64_t faulty, slow;   /* with weights only */
	uint32_t accounts;       /* 0 .. accounts-1, each holding `balance` */
	amount_t balance;
	uint32_t payments_before; /* what their counters begin at, as if so many payments had touched them */
	uint64_t seed;
	uint32_t delay_min_ms, delay_max_ms;
	uint32_t commit_ms;    /* until a journal commit is durable */
	uint32_t flush_max_ms; /* until the state has a flush, at most; 0: 5, always */
	uint32_t verify_ms;    /* until the verdicts on signatures are in, at most */
	uint32_t verify_us;    /* or, unless 0, what each signature takes, one after the other */
	uint32_t loss_percent; /* of messages between validators */
	uint32_t twins;        /* nodes `validators` + i run the keys of validator i a second time */
	uint32_t observers;    /* as many nodes behind those follow, and are no validators; links are whole messages */
	/* Sees every message that a node sends to others; NULL: nobody does. */
	void (*tap)(void *context, uint32_t node, const struct bytes *message);
	/* Sees every journal record as a node asks for it (durable false; final_view: of the highest final block that
	 * the node held before this event), and again when it is durable. NULL: nobody does. */
	void (*journal)(void *context, uint32_t node, enum journal_table table, const struct bytes *value, bool durable,
	                uint64_t final_view);
	/* Sees every answer to a wallet as it leaves. NULL: nobody does. */
	void (*answered)(void *context, uint32_t node, const struct bytes *message);
	/* Sees every block that a node takes for final. NULL: nobody does. */
	void (*final)(void *context, uint32_t node, uint64_t height, const struct hash *id);
	/* Whether a message of one node goes out to another (one that may lie about it says false, and injects what it
	 * likes), and whether a wallet is given its answer. NULL: always. */
	bool (*pass)(void *context, uint32_t from, uint32_t to, const struct bytes *message);
	bool (*answer)(void *context, uint32_t node, uint64_t wallet, const struct bytes *message);
	/* A node ends its link to a peer for what that has said. NULL: nobody hears of it. */
	void (*dropped)(void *context, uint32_t node, uint32_t peer);
	void *tap_context;                            /* of all of them */
	uint32_t duplicate_percent;                   /* of messages between validators: they come twice */
	uint32_t mempool_max, mempool_per_sender_max; /* 0: the defaults */
	uint32_t step_bytes, page_bytes, page_headers, near_blocks; /* 0: the defaults of replica.h */
	/* Links between validators are bytes, through proto/wire_link as the daemon has it, over connections that keep
	 * their order; what is lost comes late, nothing twice. Off: whole messages. */
	struct {
		bool on;
		size_t queue_max, window; /* bytes that may wait in a link, and on their way to one end */
		uint32_t breaks;          /* of a thousand writes; some dials fail, too, unless 0 */
	} wire;
};

struct reply { /* a wallet's answer: message is a NodeReply */
	uint32_t node;
	uint64_t wallet;
	uint8_t *message;
	size_t size;
};

/* Who is no validator, but lives in the same simulated time: wallets with links of their own. */
struct network_guests {
	void *context;
	/* A node says this on a wallet's link, or, message NULL, drops it. Returns whether that link is theirs; what is
	 * not goes to network_replies. */
	bool (*told)(void *context, uint32_t node, uint64_t wallet, const struct bytes *message);
	/* A node has ended, and with it its links. */
	void (*gone)(void *context, uint32_t node);
	/* The time has come that network_wake asked for. */
	void (*due)(void *context, uint64_t number);
};

struct network;
struct network *network_new(const struct network_options *options);
void network_free(struct network *n);
const struct fixture *network_fixture(const struct network *n);

/* Starts (again) from what its store holds; is down again at once where that fails of something below. */
void network_start(struct network *n, uint32_t node);
void network_start_all(struct network *n);
/* Ends at once: what was not durable is lost. */
void network_crash(struct network *n, uint32_t node);
/* The same, but of the commits on their way to the disk any number from the first on may have reached it, and the
 * state's flush too where all did. */
void network_crash_keeping(struct network *n, uint32_t node);
/* Ends when its next commit comes to the disk: `kept`, after the records are there and before anything that waits for
 * them is sent; else just before. */
void network_crash_at_commit(struct network *n, uint32_t node, bool kept);
/* Its next write, to the journal or the state, fails: what it wrote is there or not, and the process has ended. */
void network_fail_disk(struct network *n, uint32_t node);
/* Reading fails: from the n-th read on until it ends, which it must do at the first; or one record, whichever, is
 * damaged until it is written anew or mended. */
void network_fail_reads(struct network *n, uint32_t node, uint64_t nth, int error);
void network_damage(struct network *n, uint32_t node, uint64_t which);
/* Whatever of this was to come does not. */
void network_mend_node(struct network *n, uint32_t node);
/* From now on the node's end is what is expected of it: it is down then, of the halt that `error` says. */
void network_expect_end(struct network *n, uint32_t node);
int network_end(const struct network *n, uint32_t node); /* 0: it has not ended */
/* Starts a node whose store is not what a validator may start from. Whether it refused; if so, it is down. */
bool network_refuses_start(struct network *n, uint32_t node);
/* Its state has no flush until they are let go on. */
void network_hold_flushes(struct network *n, uint32_t node, bool hold);
size_t network_commits(const struct network *n, uint32_t node); /* on their way to the disk */
/* How long commits take that begin from now on. */
void network_set_commit(struct network *n, uint32_t ms);
/* Free space falls below the reserve, or there is more again: by and by the node learns of it. */
void network_set_space(struct network *n, uint32_t node, bool low);
bool network_space_low(const struct network *n, uint32_t node); /* as it was told */
/* In its next step, or as it starts, the n-th allocation (1: the first), and all after it unless `once`, fail: it must
 * end. */
void network_fail_allocation(struct network *n, uint32_t node, uint64_t nth, bool once);
/* Does nothing for so long, or until it is started anew; what comes meanwhile waits. */
void network_pause(struct network *n, uint32_t node, uint64_t ms);
/* The same, but its monotonic clock stands still as well, as in a machine that sleeps. */
void network_suspend(struct network *n, uint32_t node, uint64_t ms);
bool network_up(const struct network *n, uint32_t node);
/* A copy of the store as it is durable now; and putting one in a stopped node's place. */
struct memory_store *network_backup(struct network *n, uint32_t node);
void network_replace_store(struct network *n, uint32_t node, struct memory_store *store);
/* The store as it is durable now. */
void network_view(const struct network *n, uint32_t node, struct storage_view *view);
/* Cuts or mends the link from one to the other, in that direction. */
void network_cut(struct network *n, uint32_t from, uint32_t to, bool cut);
/* What is sent from one to the other in the next `ms` comes at the end of them, all at once. */
void network_clog(struct network *n, uint32_t from, uint32_t to, uint64_t ms);
/* Where links are messages: both ends lose their link and have it again, at once. */
void network_flap(struct network *n, uint32_t a, uint32_t b);
void network_set_loss(struct network *n, uint32_t percent);
/* Where links are bytes: none breaks by itself from now on. Whether each of two nodes has its link to the other. */
void network_calm_links(struct network *n);
bool network_linked(const struct network *n, uint32_t a, uint32_t b);
/* How far a node's wall clock is from the true time, from now on. */
void network_set_clock(struct network *n, uint32_t node, int64_t offset_ms);
int64_t network_clock_offset(const struct network *n, uint32_t node);
/* How much faster its monotonic clock is than the true time, from now on. */
void network_set_drift(struct network *n, uint32_t node, int32_t ppm);

/* Runs until `done` holds (checked after each event) or `limit_ms` of simulated time have passed. Returns whether it
 * held. done NULL: just lets the time pass. */
bool network_run(struct network *n, uint64_t limit_ms, bool (*done)(struct network *n, void *context), void *context);
uint64_t network_now(const struct network *n);
uint32_t network_now_s(const struct network *n); /* wall clock, seconds */

/* guests outlive the network. */
void network_set_guests(struct network *n, const struct network_guests *guests);
void network_wake(struct network *n, uint64_t at, uint64_t number);
/* That link of a wallet is gone. */
void network_wallet_closed(struct network *n, uint32_t node, uint64_t wallet);

/* A WalletRequest to a node. */
void network_wallet_message(struct network *n, uint32_t node, uint64_t wallet, const struct bytes *message);
/* A wallet's message to a node; its replies gather in network_replies. */
void network_submit(struct network *n, uint32_t node, uint64_t wallet, const struct payment *payment);
void network_query_payment(struct network *n, uint32_t node, uint64_t wallet, const struct payment_id *id);
void network_query_account(struct network *n, uint32_t node, uint64_t wallet, const struct address *address);
const struct reply *network_replies(const struct network *n, size_t *count);
/* Whether a receipt of this payment is among the replies. Every receipt is verified as it arrives; one that does not
 * hold ends the process. */
bool network_has_receipt(const struct network *n, const struct payment_id *id);
bool network_paid(struct network *n, void *payment); /* the same, to run until it holds */
/* Weight of validators whose signed expiry of this payment is among the replies. */
uint64_t network_expiry_weight(const struct network *n, const struct payment_id *id);

/* How many signatures a node has checked of what a validator sent, or, source the number of validators, wallets. */
uint64_t network_signatures(const struct network *n, uint32_t node, uint32_t source);
void network_load(const struct network *n, uint32_t node, struct replica_load *load);
void network_status(const struct network *n, uint32_t node, struct replica_status *status);
void network_counters(const struct network *n, uint32_t node, struct replica_counters *counters);
/* Raw message from one validator to a node, as if sent by it; the validator itself need not be up. */
void network_inject(struct network *n, uint32_t from, uint32_t to, const void *message, size_t size);
/* Any reply to a wallet, as if given by a node; nobody verifies it on the way. */
void network_reply(struct network *n, uint32_t node, uint64_t wallet, const void *message, size_t size);

/* Checked all the while: no two different blocks are ever final at one height anywhere. Ends the process where it does
 * not hold. */

#endif
