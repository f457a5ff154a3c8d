/* What WeeChat knows of IRC servers. */
#include "servers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chat_handles.h"

#define CAP_SIZE 64

/* Each function of WeeChat is called through it. */
struct t_weechat_plugin *weechat_plugin;

/* What a server told of itself in its numeric 005; empty where it has not. */
static void server_says(const char *server, const char *what, char value[SERVER_SIZE])
{
	char question[SERVER_SIZE + 32];
	snprintf(question, sizeof(question), "%s,%s", server, what);
	char *answer = weechat_info_get("irc_server_isupport_value", question);
	snprintf(value, SERVER_SIZE, "%s", answer ? answer : "");
	free(answer);
}

void nick_handle(const char *server, const char *nick, char handle[PLUGIN_HANDLE_SIZE])
{
	char network[SERVER_SIZE], casemapping[SERVER_SIZE];
	server_says(server, "NETWORK", network);
	server_says(server, "CASEMAPPING", casemapping);
	handle_irc(network, *casemapping ? casemapping : NULL, nick, handle);
}

bool server_has(const char *server, const char *list, const char *capability)
{
	char name[CAP_SIZE];
	const char *found = "";
	bool has = false;
	struct t_infolist *servers = weechat_infolist_get("irc_server", NULL, server);
	if (servers && weechat_infolist_next(servers))
		for (int i = 0; found && !has; i++) {
			snprintf(name, sizeof(name), "%s_name_%05d", list, i);
			found = weechat_infolist_string(servers, name);
			has = found && !strcmp(found, capability);
		}
	weechat_infolist_free(servers);
	return has;
}

struct t_hashtable *message_parse(const char *server, const char *line)
{
	struct t_hashtable *asked =
	    weechat_hashtable_new(8, WEECHAT_HASHTABLE_STRING, WEECHAT_HASHTABLE_STRING, NULL, NULL);
	if (!asked)
		return NULL;
	weechat_hashtable_set(asked, "message", line);
	weechat_hashtable_set(asked, "server", server);
	struct t_hashtable *parsed = weechat_info_get_hashtable("irc_message_parse", asked);
	weechat_hashtable_free(asked);
	return parsed;
}
