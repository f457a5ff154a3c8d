/* Who is who: the accounts that are pinned for people of chats. */
#ifndef UNCIA_PLUGIN_PEOPLE_H
#define UNCIA_PLUGIN_PEOPLE_H

#include "plugin_state.h"

#define DOUBT_TEXT_SIZE 384

/* Whom a conversation is with, or who wrote in a group, as libuncia asks for it. It points into `where`. */
struct uncia_peer person_peer(const struct conversation *where);
/* The pin of a conversation's peer. Returns: 0; UNCIA_E_NOT_FOUND where there is none; UNCIA_E_ALIKE where there is one
 * with a login that the peer is not known to have, as the conversation says: it is copied, and it is not his; others.
 */
int person_pin(struct plugin *p, const struct conversation *peer, struct uncia_pin *pin);
/* That a conversation's peer is not known to be the one who is pinned under his name, as a sentence that begins with
 * ATTENTION, with a blank behind it; empty where nothing says so. */
void person_doubt(struct plugin *p, const struct conversation *peer, char text[DOUBT_TEXT_SIZE]);
/* Somebody has written: says once that he is not known to be the one who is pinned under his name, and once that he is
 * again. */
void person_wrote(struct plugin *p, const struct conversation *where);
/* Why somebody counts as nobody known, for a sentence about him: "for whom no account is pinned", or another reason. */
const char *person_unknown(struct plugin *p, const struct conversation *where);
/* Whether the peer has the login that he had when `where` was filled in; true where he had none. */
bool person_stays(const struct plugin *p, const struct conversation *where);
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
