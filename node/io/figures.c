/* Copies what the parts of a node count. See figures.h. */
#include "figures.h"
#include <assert.h>
#include "log.h"

void figures_take(const struct figures_sources *s, struct node_figures *f)
{
	assert(f->validators <= COMMITTEE_SIZE_MAX && (f->self < f->validators || f->self == NOT_A_MEMBER));
	replica_status(s->replica, &f->status);
	replica_load(s->replica, &f->load);
	replica_counters(s->replica, &f->counters);
	replica_newest_views(s->replica, f->newest_views);
	for (uint32_t i = 0; i < f->validators; i++) {
		peers_figures(s->peers, i, &f->peers[i]);
		f->linked_validators += f->peers[i].up;
	}
	for (uint32_t i = 0; i < f->observers; i++)
		f->linked_observers += peers_linked(s->peers, f->validators + i);
	f->links = *peers_counters(s->peers);
	f->listener = *listener_counters(s->listener);
	f->wallets = *wallets_counters(s->wallets);
	f->wallet_links = wallets_count(s->wallets);
	verifier_counters(s->verifier, &f->verifier);
	storage_counters(s->storage, &f->storage);
	store_measure(s->store, &f->store);
	f->log_lost = log_dropped();
}
