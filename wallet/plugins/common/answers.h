/* What the network is asked for: balance and history, shown where they were asked for. */
#ifndef UNCIA_PLUGIN_ANSWERS_H
#define UNCIA_PLUGIN_ANSWERS_H

#include "plugin_state.h"

/* Asks for the balance, and shows it in this conversation. */
void answers_balance(struct plugin *p, const struct conversation *where);
/* Asks for the payments that touched this account last, and shows them in this conversation. */
void answers_history(struct plugin *p, const struct conversation *where);
/* An event BALANCE or HISTORY of the wallet. */
void answers_event(struct plugin *p, const struct uncia_event *event);

#endif
