/* The driver of a validator: brings events to the core and carries out its actions, on one libuv loop. Decides nothing
 * about payments or votes. */
#ifndef NODE_H
#define NODE_H
#include "peers.h"
#include "replica.h"
#include "store.h"

#define SPACE_RESERVE_DEFAULT (64u << 20)

/* What it points to outlives node_run. Zero means the default where one is named. */
struct node_options {
	const struct genesis *genesis;
	struct store *store;             /* open for writing; it stays the caller's */
	uint32_t self;                   /* index in the committee */
	const uint8_t *consensus_secret; /* SECRET_KEY_SIZE bytes */
	const uint8_t *network_secret;   /* 32 bytes */
	const char *listen_host;
	uint16_t listen_port;             /* 0: any that is free; `ready` says which */
	const char *web_host;             /* where WebSockets are served to wallets; NULL: nowhere */
	uint16_t web_port;                /* 0: any that is free */
	const char *home;                 /* where its control socket is made; NULL: it has none */
	const struct peer_address *peers; /* by index in the committee; one's own is not used */
	uint32_t wallet_links_max;        /* default WALLET_LINKS_DEFAULT */
	uint32_t handshakes_per_second;   /* default HANDSHAKES_PER_SECOND */
	unsigned handshake_timeout_ms;    /* default HANDSHAKE_TIMEOUT_MS */
	unsigned verifier_threads;        /* default: one per processor */
	uint64_t space_reserve;           /* bytes; default SPACE_RESERVE_DEFAULT */
	/* As in struct replica_config. */
	uint32_t delta_ms, heartbeat_ms, settle_ms, pace_ms, flush_ms, mempool_max, mempool_per_sender_max;
	/* Called once, when it listens; may be NULL. */
	void (*ready)(void *context, int port);
	/* For tests of the network's defences only, NULL in unciad: is called with each message to each peer, may put
	 * another one in its place (valid until the next call), or keep it back by returning false. */
	bool (*filter_send)(void *context, uint32_t peer, struct bytes *message);
	void *context;
};

/* Runs until SIGINT or SIGTERM, then ends in order: what the core asked to be stored is committed first. The calling
 * thread becomes the loop's; one call at a time in a process, whose allocator for libuv, SIGPIPE and SIGHUP (both
 * ignored) it sets. Returns 0, or why it could not start (why: a sentence): UNCIA_E_BUSY (the port is in use);
 * UNCIA_E_ARGUMENT (not a member of the committee); UNCIA_E_CONFIG; UNCIA_E_DAMAGED; UNCIA_E_IO; UNCIA_E_MEMORY.
 * Failures that must not be survived while it runs (of a commit; the core's halt) end the process with an enum end_code
 * and one line in the log. */
int node_run(const struct node_options *options, char why[256]);

#endif
