/* The wallet of a plugin: opened, unlocked, closed. */
#ifndef UNCIA_PLUGIN_OPENING_H
#define UNCIA_PLUGIN_OPENING_H

#include "plugin_state.h"

/* Opens the wallet where it is not open yet. Where it cannot, says why in this conversation (NULL: in the wallet's
 * window). Returns whether it is open. */
bool opening_need(struct plugin *p, const struct conversation *where);
/* The same, and the key too. */
bool opening_need_key(struct plugin *p, const struct conversation *where);
/* Looks for what this account has paid, and opened, from other homes, where that has not been done in this run and the
 * key is open: holds that this home does not know of do not come home by themselves. Called whenever it may succeed. */
void opening_look_back(struct plugin *p);
/* That has ended. */
void opening_looked_back(struct plugin *p, int error);
/* Takes the key that the thread has opened, if it has. */
void opening_take_key(struct plugin *p);
/* Ends the thread, closes the wallet. */
void opening_undo(struct plugin *p);

#endif
