/* "I have paid": what such a message is worth, by the payment's receipt. */
#ifndef UNCIA_PLUGIN_NOTICES_H
#define UNCIA_PLUGIN_NOTICES_H

#include "plugin_state.h"

/* Takes up a notice that somebody has sent. */
void notices_heard(struct plugin *p, const struct plugin_message *message, const char *text);
/* Shows what has come of notices since. */
void notices_take(struct plugin *p);

#endif
