/* What the plugin for libpurple and its conversations share. */
#ifndef UNCIA_PURPLE_PLACES_H
#define UNCIA_PURPLE_PLACES_H

#include <purple.h>
#include "plugin.h"

/* The name of the wallet's own window, with a blank: no nick and no JID can be called so. */
#define WALLET_WINDOW "≡ uncia"

/* Begins and ends to listen to what IRC servers say of themselves, and to what leaves. */
void accounts_begin(void *handle);
void accounts_end(void);
/* Whether the message that this account reads at this moment was kept by a server before. */
bool message_is_delayed(PurpleAccount *account);
/* The conversation that libpurple has here. */
void purple_place(PurpleConversation *conv, struct conversation *where);
/* Fills in who wrote to this account: the peer of an IM; in a chat its occupant, where that is known for sure. */
void purple_sender(PurpleAccount *account, PurpleConversation *conv, const char *who, struct plugin_message *message);
/* The window of a conversation; NULL where it is gone. */
PurpleConversation *place_window(const struct conversation *where);
/* As the callbacks of struct plugin_client. */
bool purple_place_send(void *context, const struct conversation *where, const char *text);
bool purple_place_find(void *context, const struct conversation *group, const char *name, struct conversation *peer);

#endif
