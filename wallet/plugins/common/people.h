/* Who is who: the accounts that are pinned for people of chats. */
#ifndef UNCIA_PLUGIN_PEOPLE_H
#define UNCIA_PLUGIN_PEOPLE_H

#include "plugin_state.h"

/* Whom a conversation is with, or who wrote in a group, as libuncia asks for it. It points into `where`. */
struct uncia_peer person_peer(const struct conversation *where);
/* The account pinned for a conversation's peer. Returns: 0; UNCIA_E_NOT_FOUND where there is none; others. */
int person_account(struct plugin *p, const struct conversation *peer, char address[UNCIA_ADDRESS_TEXT_SIZE]);
/* The peer for whom this account is pinned, as a conversation without a window. Returns: 0; UNCIA_E_NOT_FOUND; others.
 */
int person_of_account(struct plugin *p, const char *address, struct conversation *peer);
/* Whether both addresses are one account's, whatever their references. */
bool accounts_same(const char *address, const char *other);
/* Takes up a contact text: pins it in silence, asks, or says why neither. */
void person_heard(struct plugin *p, const struct plugin_message *message, const char *text);
/* Says what is pinned for this conversation's peer, and the digits to compare by voice. */
void person_say(struct plugin *p, const struct conversation *where);
/* The user has compared the digits of the one whom this conversation is with. */
void person_compared(struct plugin *p, const struct conversation *where);

#endif
