/* The handles of people: one name for each, whatever the client calls them. */
#ifndef UNCIA_PLUGIN_CHAT_HANDLES_H
#define UNCIA_PLUGIN_CHAT_HANDLES_H

#include "plugin.h"

/* Of an XMPP address, as uncia_handle_xmpp makes it. Empty where it has none, or one that is too long to be kept here.
 */
void handle_xmpp(const char *jid, char handle[PLUGIN_HANDLE_SIZE]);
/* Of an IRC nick, as uncia_handle_irc makes it; a casemapping of NULL: the server has not said. Empty as above. */
void handle_irc(const char *network, const char *casemapping, const char *nick, char handle[PLUGIN_HANDLE_SIZE]);

#endif
