/* The handles of people: one name for each, whatever the client calls them. */
#ifndef UNCIA_PLUGIN_HANDLES_H
#define UNCIA_PLUGIN_HANDLES_H

#include "plugin.h"

/* "xmpp:" and the bare JID, in lower case. Empty where it is no JID of ASCII. */
void handle_xmpp(const char *jid, char handle[PLUGIN_HANDLE_SIZE]);
/* "irc:", the network in lower case, "/", and the nick folded by the server's CASEMAPPING (NULL: rfc1459). Empty where
 * either is none, or the mapping is not known. */
void handle_irc(const char *network, const char *casemapping, const char *nick, char handle[PLUGIN_HANDLE_SIZE]);

#endif
