/* What a running validator is asked by those who look at it: figures, its configuration anew, and whether it lives. */
#include <assert.h>
#include <stdlib.h>
#include "log.h"
#include "node_private.h"

void node_ask_figures(struct node *n)
{
	uv_async_send(&n->asked);
}

void node_on_asked(uv_async_t *async)
{
	struct node *n = async->data;
	const struct figures_sources sources = {n->replica,  n->listener, n->peers,         n->wallets,
	                                        n->verifier, n->storage,  n->options->store};
	struct node_figures *f = &n->figures;

	assert(n->state == NODE_WAITING && n->options->figures);
	*f = (struct node_figures){
	    .now_ms = node_now_ms(),
	    .wall_ms = node_wall_ms(),
	    .self = n->options->self,
	    .validators = n->options->genesis->committee.size,
	    .observers = n->options->observer_count,
	    .wallet_links_max = n->wallet_links_max,
	    .sockets = n->set.open,
	    .space_reserve = node_space_reserve(n->options),
	};
	figures_take(&sources, f);
	n->options->figures(n->options->inside, f);
}

void node_on_hangup(uv_signal_t *handle, int number)
{
	struct node *n = handle->data;
	struct peer_address *addresses = calloc(COMMITTEE_SIZE_MAX, sizeof(*addresses));

	(void)number;
	if (n->state == NODE_STOPPING || !addresses || !n->options->reload(n->options->context, addresses)) {
		free(addresses);
		return;
	}
	for (uint32_t i = 0; i < n->options->genesis->committee.size; i++)
		if (i != n->options->self && peers_set_address(n->peers, i, &addresses[i]))
			log_event(LOG_LEVEL_INFO, "peer_address", LOG_NUMBER("peer", i),
			          LOG_TEXT("host", addresses[i].host), LOG_NUMBER("port", addresses[i].port));
	free(addresses);
}

void node_on_beat(uv_timer_t *timer)
{
	struct node *n = timer->data;
	struct replica_status status;

	replica_status(n->replica, &status);
	n->options->beat(n->options->beat_context, &status);
}
