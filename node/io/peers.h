/* Links to the other validators, and to observers: one for each. Of two validators the one with the lower index dials
 * (so that two that start at the same time do not dial each other); an observer dials validators, and nobody dials it.
 * Links are kept alive by pings, dialled again with backoff and jitter. One that makes its links anew again and again
 * is let in some times a second.
 *
 * Threads: the loop's, all of it. */
#ifndef PEERS_H
#define PEERS_H
#include "actions.h"
#include "committee.h"
#include "net_address.h"
#include "tcp.h"

#define PEER_BACKOFF_MIN_MS  50u
#define PEER_BACKOFF_MAX_MS  5000u
#define PEER_LINK_MIN_MS     100u /* after a link of a validator's has come up, it may not dial again */
#define PEER_WINDOW_MS       50u
#define PEER_CALLS_IN_WINDOW 2u
#define PEER_VERSION_KEPT_MS 600000u /* after a link of the newest version, none of an older one is dialled */
#define PEER_CANDIDATES_MAX  128u    /* inbound and not established; past it a new one pushes out an old one */

struct peer_address {
	char host[256]; /* a numeric address or a name; empty: not known, it can only dial us */
	uint16_t port;
};

/* The state of the link to a validator. Moves, by peer_move in peers.c alone: DOWN → DIALLING → UP where we dial; DOWN
 * → UP where it does; and each → DOWN. The numbers go over the control socket. */
enum peer_state { PEER_DOWN = 0, PEER_DIALLING = 1, PEER_UP = 2 };

#define PEER_ERROR_SIZE 96

/* What has become of the link to one validator, for people. */
struct peer_report {
	enum peer_state state;
	bool dialled;       /* this side dials */
	char address[300];  /* HOST:PORT: of the other end of the link that is up, else as configured; may be empty */
	uint64_t linked_ms; /* for how long it has been up; 0 where it is not */
	size_t queued;      /* bytes in the write queue */
	char error[PEER_ERROR_SIZE]; /* why the last link ended, or none could be made; empty: no such thing yet */
	uint64_t error_ms;           /* how long ago that was */
};

/* The network key of an observer. */
struct observer_key {
	uint8_t b[32];
};

struct peers_options {
	struct tcp_set *set;
	const struct genesis *genesis;        /* these outlive the peers */
	uint32_t self;                        /* an index in the committee, or NOT_A_MEMBER: an observer */
	const uint8_t *network_secret;        /* 32 bytes */
	const struct peer_address *addresses; /* by index in the committee; only read by peers_new */
	const struct observer_key *observers; /* that are let in: the peers behind those of the committee; only read by
	                                       * peers_new */
	uint32_t observer_count;              /* OBSERVERS_MAX at most */
	/* 0: PING_INTERVAL_MS, PEER_DEAD_MS, PEER_SHUN_MS, PEER_VERSION_KEPT_MS */
	unsigned ping_interval_ms, dead_ms, shun_ms, version_kept_ms;
	uint8_t newest, oldest; /* versions of the wire; 0: LINK_VERSION_NEWEST and _OLDEST. For tests */
};

/* `up` and `down` alternate for each peer, and `message` comes between them; its bytes are valid during the call.
 * `down` may be called from inside peers_send and peers_drop. */
struct peers_events {
	void (*up)(void *context, uint32_t peer);
	void (*down)(void *context, uint32_t peer);
	void (*message)(void *context, uint32_t peer, struct bytes message);
	void *context;
};

/* Since the start; logged at the end of the process. */
struct peers_counters {
	uint64_t established, dial_failures, lost, replaced, dropped_slow, dropped_other, candidates_pushed_out,
	    messages_lost, too_soon;
};

struct peers;

/* Begins to dial. Returns 0, UNCIA_E_MEMORY or UNCIA_E_ARGUMENT (self, observers). Owns: peers_stop, run the loop,
 * peers_free. */
int peers_new(const struct peers_options *options, const struct peers_events *events, struct peers **peers);
/* Takes over an inbound stream whose first byte asks for a validator's link. */
void peers_accept(struct peers *peers, struct tcp *tcp);
/* Queues a message (empty: a ping). To a peer that is not linked it is counted, and lost. A peer whose write queue is
 * full is dropped. */
void peers_send(struct peers *peers, uint32_t peer, struct bytes message);
/* The same, but where the write queue would be more than half full the message is counted, and lost. */
void peers_send_spare(struct peers *peers, uint32_t peer, struct bytes message);
/* The same with an answer to a question of its: not where a quarter of the queue is taken, or where it would not fit.
 */
void peers_send_answer(struct peers *peers, uint32_t peer, struct bytes message);
/* Closes the link, and calls `down` for it where there is one. For shun_ms neither side's dialling makes a new one. */
void peers_drop(struct peers *peers, uint32_t peer);
/* Whether there is an established link to it. */
bool peers_linked(const struct peers *peers, uint32_t peer);
/* What has become of the link to this validator, which is another one than oneself. */
void peers_report(const struct peers *peers, uint32_t peer, struct peer_report *report);
/* Whether a connection from this address is let in past the limit on handshakes, and then counts: it is another
 * validator's, as configured or last looked up, and that one has not had PEER_CALLS_IN_WINDOW in this window. */
bool peers_admit(struct peers *peers, const struct net_address *address);
/* What is shown of the link to one validator. */
struct peer_figures {
	bool up;
	size_t queued;     /* bytes that wait for it */
	uint64_t since_ms; /* when the link came up or went down, or the start; by the loop's clock */
};
/* Of another validator, by its index. */
void peers_figures(const struct peers *peers, uint32_t index, struct peer_figures *figures);
/* Another validator is somewhere else now, or nowhere that is known (an empty host). A link that there is stays; where
 * this side dials, the next one is dialled there, soon where there is none. Returns whether that is new. */
bool peers_set_address(struct peers *peers, uint32_t index, const struct peer_address *address);
/* Valid as long as the peers. */
const struct peers_counters *peers_counters(const struct peers *peers);
/* Closes all links, without events. Once. */
void peers_stop(struct peers *peers);
/* After peers_stop and a run of the loop. Accepts NULL. */
void peers_free(struct peers *peers);

#endif
