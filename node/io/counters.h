/* What a validator says of itself when it ends: every counter since its start. */
#ifndef COUNTERS_H
#define COUNTERS_H
#include "listener.h"
#include "peers.h"
#include "replica.h"
#include "verifier.h"
#include "wallets.h"

struct counted {
	const struct listener *listener;
	const struct wallets *wallets;
	const struct peers *peers;
	struct verifier *verifier;
	const struct replica_status *status;
};

/* Logs what was refused, dropped or lost, and how many signatures were checked at once (docs/operating.md). Threads:
 * the loop's. */
void counters_log(const struct counted *counted);

#endif
