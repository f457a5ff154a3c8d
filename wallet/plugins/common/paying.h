/* Payments made from conversations: asked about where they must be, ordered, and told to their end. */
#ifndef UNCIA_PLUGIN_PAYING_H
#define UNCIA_PLUGIN_PAYING_H

#include "plugin_state.h"

/* Reads an amount above zero from the first word of *arguments, and leaves *arguments behind it. Says what is wrong. */
bool paying_amount(const struct plugin *p, const struct conversation *where, const char **arguments, uint64_t *amount);
/* Whether this can be the note of a payment. Says what is wrong. */
bool paying_note(const struct plugin *p, const struct conversation *where, const char *note);
/* Pays the peer of a conversation, or asks first: where this account was never paid from here, where it is not the one
 * pinned for the peer, where the same was paid a moment ago. */
void paying_begin(struct plugin *p, const struct conversation *peer, const struct conversation *where,
                  const struct intent *intent);
/* An event ORDER or PAYMENT of the wallet. */
void paying_event(struct plugin *p, const struct uncia_event *event);

#endif
