/* What WeeChat knows of IRC servers: what they said of themselves, and how their lines are read. */
#ifndef UNCIA_WEECHAT_SERVERS_H
#define UNCIA_WEECHAT_SERVERS_H

#include "weechat.h"

/* The handle of a nick; empty where it has none, or the server has not said which network it is of. */
void nick_handle(const char *server, const char *nick, char handle[PLUGIN_HANDLE_SIZE]);
/* Whether a server has this capability: of those that it offers ("cap_ls"), or of those that are in use ("cap_list").
 */
bool server_has(const char *server, const char *list, const char *capability);
/* A line of a server's as WeeChat reads it; the caller frees it. NULL where it cannot. */
struct t_hashtable *message_parse(const char *server, const char *line);

#endif
