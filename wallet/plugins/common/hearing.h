/* What a conversation has shown: requests that can be accepted there. */
#ifndef UNCIA_PLUGIN_HEARING_H
#define UNCIA_PLUGIN_HEARING_H

#include "plugin_state.h"

/* The user accepts a request that this conversation has shown: "", the only one, or its code; and an amount, where the
 * request names none. */
void hearing_accept(struct plugin *p, const struct conversation *where, const char *arguments);

#endif
