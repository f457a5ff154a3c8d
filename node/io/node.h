/* The driver of a validator: brings events to the core and carries out its actions, on one libuv loop. Decides nothing
 * about payments or votes. */
#ifndef NODE_H
#define NODE_H
#include "figures.h"

#define SPACE_RESERVE_DEFAULT (64u << 20)
#define BEAT_MS               1000u

struct node;

/* What it points to outlives node_run. Zero means the default where one is named. */
struct node_options {
	const struct genesis *genesis;
	struct store *store;             /* open for writing; it stays the caller's */
	uint32_t self;                   /* index in the committee, or NOT_A_MEMBER: an observer */
	const uint8_t *consensus_secret; /* SECRET_KEY_SIZE bytes; not read where `sign` is there */
	/* Signs instead of that key, on the loop's thread and on the verifiers'. As in struct replica_config and struct
	 * verify_signer; NULL: the key signs. */
	int (*sign)(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE]);
	void *sign_context;
	const uint8_t *network_secret; /* 32 bytes */
	const char *listen_host;
	uint16_t listen_port;                 /* 0: any that is free; `ready` says which */
	const char *web_host;                 /* where WebSockets are served to wallets; NULL: nowhere */
	uint16_t web_port;                    /* 0: any that is free */
	const char *home;                     /* where its control socket is made; NULL: it has none */
	const struct peer_address *peers;     /* by index in the committee; one's own is not used */
	const struct observer_key *observers; /* that may follow; OBSERVERS_MAX at most */
	uint32_t observer_count;
	bool local_wallets_only;        /* of wallets, those that connect from this machine are let in alone */
	uint32_t wallet_links_max;      /* default WALLET_LINKS_DEFAULT */
	uint32_t handshakes_per_second; /* default HANDSHAKES_PER_SECOND */
	unsigned handshake_timeout_ms;  /* default HANDSHAKE_TIMEOUT_MS */
	unsigned verifier_threads;      /* default: one per processor */
	uint64_t space_reserve;         /* bytes; default SPACE_RESERVE_DEFAULT */
	/* As in struct replica_config. */
	uint32_t delta_ms, heartbeat_ms, settle_ms, pace_ms, flush_ms, mempool_max, mempool_per_sender_max;
	/* Called once, when it listens; may be NULL. */
	void (*ready)(void *context, int port);
	/* Called by the loop every beat_ms (default BEAT_MS), from when it listens until it is told to end: a loop that
	 * stands still does not call it. May be NULL. */
	void (*beat)(void *context, const struct replica_status *status);
	uint32_t beat_ms;
	/* Called once, when the loop is told to end; may be NULL. */
	void (*ending)(void *context);
	void *beat_context; /* of both */
	/* For tests of the network's defences only, NULL in unciad: is called with each message to each peer, may put
	 * another one in its place (valid until the next call), or keep it back by returning false. */
	bool (*filter_send)(void *context, uint32_t peer, struct bytes *message);
	/* At SIGHUP, on the loop's thread: reads what may change while it runs, and fills in where the others are now,
	 * by index in the committee (COMMITTEE_SIZE_MAX of them, empty at first). false: all stays as it is. NULL:
	 * SIGHUP is ignored. */
	bool (*reload)(void *context, struct peer_address *peers);
	void *context;
	/* For whoever shows figures (node/inside); each may be NULL. `running` is called on the loop's thread once
	 * node_ask_figures may be called for the node, and with NULL before it may not any more; `figures`, soon after
	 * that was, with what is valid for the call. */
	void (*running)(void *inside, struct node *node);
	void (*figures)(void *inside, const struct node_figures *figures);
	void *inside;
};

/* Runs until SIGINT or SIGTERM, then ends in order: what the core asked to be stored is committed first. The calling
 * thread becomes the loop's; one call at a time in a process, whose allocator for libuv, SIGPIPE (ignored) and SIGHUP
 * (ignored, or `reload`) it sets. Returns 0, or why it could not start (why: a sentence): UNCIA_E_BUSY (the port is in
 * use); UNCIA_E_CONFIG; UNCIA_E_DAMAGED; UNCIA_E_IO; UNCIA_E_MEMORY.
 * Failures that must not be survived while it runs (of a commit; the core's halt) end the process with an enum end_code
 * and one line in the log. */
int node_run(const struct node_options *options, char why[256]);
/* Asks for figures, as soon as the loop comes to it; several questions may have one answer. Threads: any, while the
 * node runs (`running`). */
void node_ask_figures(struct node *node);

#endif
