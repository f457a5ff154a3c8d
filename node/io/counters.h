/* What a node counts, told in the log when it ends: what was refused, dropped or lost on its links, and how many
 * signatures were checked at once. */
#ifndef COUNTERS_H
#define COUNTERS_H
#include "listener.h"
#include "peers.h"
#include "verifier.h"
#include "wallets.h"

/* One line for each kind of link. */
void log_links(const struct listener_counters *l, const struct wallets_counters *w, const struct peers_counters *p);
/* One line on the checks. */
void log_verifier(struct verifier *verifier);

#endif
