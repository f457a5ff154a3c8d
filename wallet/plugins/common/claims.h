/* Claims: money for somebody who has no account yet, put there and taken in a conversation. */
#ifndef UNCIA_PLUGIN_CLAIMS_H
#define UNCIA_PLUGIN_CLAIMS_H

#include "plugin_state.h"

/* The user makes one ("AMOUNT [note]", in a group "--public AMOUNT [note]"), or takes one that this conversation has
 * shown ("", the only one, or its code). */
void claims_command(struct plugin *p, const struct conversation *where, const char *arguments);
/* A message has the text of a claim. Nobody is asked about it before the user wants it. */
void claims_heard(struct plugin *p, const struct plugin_message *message, const char *text);
/* The payment that opens a claim is final: its text goes into the conversation. */
void claims_opened(struct plugin *p, const struct conversation *where, const struct uncia_payment *payment);
/* Any event of the wallet. Returns whether it was about a claim alone. */
bool claims_event(struct plugin *p, const struct uncia_event *event);
/* Asks what has become of the next claim that was given out in this run. Says of
 * one that is being taken how it stands. Returns whether there is one. */
bool claims_tick(struct plugin *p);
/* Forgets what is under way. */
void claims_undo(struct plugin *p);

#endif
