/* All that a running validator can say of itself in numbers, as one copy: what the core, the links, the threads and the
 * store count. Taken for whoever shows it (node/inside), and for nobody else. */
#ifndef FIGURES_H
#define FIGURES_H
#include "listener.h"
#include "peers.h"
#include "replica.h"
#include "storage_thread.h"
#include "verifier.h"
#include "wallets.h"

/* Numbers of validators are indexes in the committee; times by now_ms's clock are milliseconds. */
struct node_figures {
	uint64_t now_ms, wall_ms;  /* when it was taken: monotonic, as events have it; since 1970 */
	uint32_t self, validators; /* self: NOT_A_MEMBER of an observer */
	uint32_t linked_validators, observers, linked_observers; /* others; of them those with a link */
	struct replica_status status;
	struct replica_load load;
	struct replica_counters counters;
	uint64_t newest_views[COMMITTEE_SIZE_MAX]; /* replica_newest_views */
	struct peer_figures peers[COMMITTEE_SIZE_MAX];
	struct peers_counters links;
	struct listener_counters listener;
	struct wallets_counters wallets;
	uint32_t wallet_links, wallet_links_max;
	uint64_t sockets; /* streams that are open, of all kinds */
	struct verifier_counters verifier;
	struct storage_counters storage;
	struct store_use store;
	uint64_t space_reserve; /* bytes */
	uint64_t log_lost;      /* lines of the log that were not written */
};

/* Whom to ask, all of them running. */
struct figures_sources {
	const struct replica *replica;
	const struct listener *listener;
	const struct peers *peers;
	const struct wallets *wallets;
	struct verifier *verifier;
	struct storage *storage;
	struct store *store;
};
/* Fills in what the sources tell; the rest (times, self, validators, observers, wallet_links_max, sockets,
 * space_reserve) is the caller's, and self, validators and observers are set before. Threads: the loop's. It waits for
 * no disk. */
void figures_take(const struct figures_sources *sources, struct node_figures *figures);

#endif
