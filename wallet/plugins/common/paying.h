/* Payments made from conversations: asked about where they must be, ordered, and told to their end. */
#ifndef UNCIA_PLUGIN_PAYING_H
#define UNCIA_PLUGIN_PAYING_H

#include "plugin_state.h"

/* Pays the peer of a conversation, or asks first: where this account was never paid from here, where it is not the one
 * pinned for the peer, where the same was paid a moment ago. */
void pay_or_ask(struct plugin *p, const struct conversation *peer, const struct conversation *where,
                const struct intent *intent);
/* An event ORDER or PAYMENT of the wallet. */
void paying_event(struct plugin *p, const struct uncia_event *event);

/* Says of orders that take long how they stand. Returns whether there is one of which nothing was told yet. */
bool paying_tick(struct plugin *p);

#endif
