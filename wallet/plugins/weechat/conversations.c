/* IRC as WeeChat has it: whose buffer is whose, and who has written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "logins.h"
#include "sending.h"
#include "servers.h"
#include "weechat.h"

#define DELAYED_S 60 /* a message whose server says that it is older was kept by a bouncer or a server */

static void own_nick(const char *server, char nick[PLUGIN_NAME_SIZE])
{
	char *answer = weechat_info_get("irc_nick", server);
	snprintf(nick, PLUGIN_NAME_SIZE, "%s", answer ? answer : "");
	free(answer);
}

/* The account of the settings: the first of its nicks, whichever is used at the moment. */
static void own_handle(const char *server, char handle[PLUGIN_HANDLE_SIZE])
{
	char name[SERVER_SIZE + 32];
	snprintf(name, sizeof(name), "irc.server.%s.nicks", server);
	struct t_config_option *option = weechat_config_get(name);
	if (!option || weechat_config_option_is_null(option))
		option = weechat_config_get("irc.server_default.nicks");
	const char *set = option ? weechat_config_string(option) : NULL;
	char *nicks = set ? weechat_string_eval_expression(set, NULL, NULL, NULL) : NULL;
	if (nicks)
		nicks[strcspn(nicks, ", ")] = '\0';
	nick_handle(server, nicks ? nicks : "", handle);
	free(nicks);
}

static bool irc_says(const char *info, const char *server, const char *name)
{
	char question[SERVER_SIZE + TARGET_SIZE];
	snprintf(question, sizeof(question), "%s,%s", server, name);
	char *answer = weechat_info_get(info, question);
	bool says = answer && !strcmp(answer, "1");
	free(answer);
	return says;
}

static bool nick_is(const char *server, const char *nick, const char *other)
{
	char handle[PLUGIN_HANDLE_SIZE], other_handle[PLUGIN_HANDLE_SIZE];
	nick_handle(server, nick, handle);
	nick_handle(server, other, other_handle);
	return *handle ? !strcmp(handle, other_handle) : !weechat_strcasecmp(nick, other);
}

static void fill_accounts(const char *server, struct conversation *where)
{
	char nick[PLUGIN_NAME_SIZE];
	own_nick(server, nick);
	own_handle(server, where->own);
	nick_handle(server, nick, where->self);
}

void buffer_conversation(struct t_gui_buffer *buffer, struct conversation *where)
{
	const char *type = weechat_buffer_get_string(buffer, "localvar_type");
	const char *server = weechat_buffer_get_string(buffer, "localvar_server");
	const char *channel = weechat_buffer_get_string(buffer, "localvar_channel");
	const char *plugin = weechat_buffer_get_string(buffer, "localvar_plugin");
	*where = (struct conversation){.name = "this window"};
	snprintf(where->window, sizeof(where->window), "%s", weechat_buffer_get_string(buffer, "full_name"));
	if (!type || !server || !channel || !plugin || strcmp(plugin, "irc"))
		return;
	where->group = !strcmp(type, "channel");
	if (!where->group && strcmp(type, "private"))
		return;
	snprintf(where->name, sizeof(where->name), "%s", channel);
	fill_accounts(server, where);
	if (!where->group) {
		nick_handle(server, channel, where->peer);
		login_now(server, channel, where->login);
	}
}

/* A private buffer with this peer. */
static struct t_gui_buffer *peer_buffer(const char *server, const char *peer)
{
	char handle[PLUGIN_HANDLE_SIZE];
	struct t_gui_buffer *found = NULL;
	struct t_infolist *channels = weechat_infolist_get("irc_channel", NULL, server);
	while (channels && !found && *peer && weechat_infolist_next(channels)) {
		const char *name = weechat_infolist_string(channels, "name");
		if (irc_says("irc_is_channel", server, name))
			continue;
		nick_handle(server, name, handle);
		if (!strcmp(handle, peer))
			found = weechat_infolist_pointer(channels, "buffer");
	}
	weechat_infolist_free(channels);
	return found;
}

/* The server whose account this is, if it is there; where no account is named, the first that has a private buffer with
 * this peer. */
static bool account_server(const struct conversation *where, char server[SERVER_SIZE])
{
	char handle[PLUGIN_HANDLE_SIZE];
	bool found = false;
	struct t_infolist *servers = weechat_infolist_get("irc_server", NULL, NULL);
	while (servers && !found && weechat_infolist_next(servers)) {
		snprintf(server, SERVER_SIZE, "%s", weechat_infolist_string(servers, "name"));
		own_handle(server, handle);
		found = *where->own ? !strcmp(handle, where->own) : peer_buffer(server, where->peer) != NULL;
	}
	weechat_infolist_free(servers);
	return found;
}

struct t_gui_buffer *conversation_buffer(const struct conversation *where)
{
	char server[SERVER_SIZE];
	struct t_gui_buffer *buffer = *where->window ? weechat_buffer_search("==", where->window) : NULL;
	if (!buffer && !where->group && account_server(where, server))
		buffer = peer_buffer(server, where->peer);
	return buffer;
}

static bool is_connected(const char *server)
{
	struct t_infolist *servers = weechat_infolist_get("irc_server", NULL, server);
	bool connected = servers && weechat_infolist_next(servers) && weechat_infolist_integer(servers, "is_connected");
	weechat_infolist_free(servers);
	return connected;
}

/* The server of a conversation, if it is there. */
static bool conversation_server(const struct conversation *where, char server[SERVER_SIZE])
{
	struct t_gui_buffer *buffer = *where->window ? weechat_buffer_search("==", where->window) : NULL;
	const char *of = buffer ? weechat_buffer_get_string(buffer, "localvar_server") : NULL;
	if (of)
		snprintf(server, SERVER_SIZE, "%s", of);
	return of || account_server(where, server);
}

void conversation_login(void *context, const struct conversation *where, char login[PLUGIN_LOGIN_SIZE])
{
	char server[SERVER_SIZE];
	const char *folded = strrchr(where->peer, '/');
	(void)context;
	*login = '\0';
	if (folded && conversation_server(where, server))
		login_now(server, folded + 1, login);
}

bool conversation_send(void *context, const struct conversation *where, const char *text)
{
	char server[SERVER_SIZE] = "", target[TARGET_SIZE] = "";
	struct t_gui_buffer *buffer = *where->window ? weechat_buffer_search("==", where->window) : NULL;
	const char *folded = strrchr(where->peer, '/');
	(void)context;
	if (buffer) {
		const char *of = weechat_buffer_get_string(buffer, "localvar_server");
		const char *channel = weechat_buffer_get_string(buffer, "localvar_channel");
		snprintf(server, sizeof(server), "%s", of ? of : "");
		snprintf(target, sizeof(target), "%s", channel ? channel : "");
	} else if (!where->group && folded && account_server(where, server)) {
		snprintf(target, sizeof(target), "%s", folded + 1);
	}
	/* What is not a nick or a channel could mean something to the command, as "*" does. */
	return *target && is_connected(server) &&
	       irc_says(where->group ? "irc_is_channel" : "irc_is_nick", server, target) &&
	       sending_message(server, target, text);
}

bool conversation_find(void *context, const struct conversation *group, const char *name, struct conversation *peer)
{
	char question[SERVER_SIZE + TARGET_SIZE];
	struct t_gui_buffer *buffer = weechat_buffer_search("==", group->window);
	const char *server = buffer ? weechat_buffer_get_string(buffer, "localvar_server") : NULL;
	const char *channel = buffer ? weechat_buffer_get_string(buffer, "localvar_channel") : NULL;
	bool found = false;
	(void)context;
	if (!server || !channel)
		return false;
	snprintf(question, sizeof(question), "%s,%s", server, channel);
	struct t_infolist *nicks = weechat_infolist_get("irc_nick", NULL, question);
	while (nicks && !found && weechat_infolist_next(nicks)) {
		const char *nick = weechat_infolist_string(nicks, "name");
		if (!nick_is(server, nick, name))
			continue;
		found = true;
		*peer = (struct conversation){.group = false};
		login_now(server, nick, peer->login);
		snprintf(peer->name, sizeof(peer->name), "%s", nick);
		fill_accounts(server, peer);
		nick_handle(server, nick, peer->peer);
		struct t_gui_buffer *private = peer_buffer(server, peer->peer);
		if (private)
			snprintf(peer->window, sizeof(peer->window), "%s",
			         weechat_buffer_get_string(private, "full_name"));
	}
	weechat_infolist_free(nicks);
	return found;
}

/* Whether the server's time of a message is far from now, or it is part of a batch of old ones. */
static bool is_delayed(struct t_hashtable *parsed)
{
	const char *sent = weechat_hashtable_get(parsed, "tag_time");
	struct tm broken = {.tm_isdst = 0};
	if (weechat_hashtable_get(parsed, "tag_batch"))
		return true;
	if (!sent)
		return false;
	if (!strptime(sent, "%Y-%m-%dT%H:%M:%S", &broken))
		return true;
	return llabs((long long)time(NULL) - (long long)timegm(&broken)) > DELAYED_S;
}

/* Fills in where it came in and from whom. Returns whether people read it. */
static bool place_message(const char *server, struct t_hashtable *parsed, struct plugin_message *message)
{
	char mine[PLUGIN_NAME_SIZE], question[SERVER_SIZE + TARGET_SIZE];
	const char *nick = weechat_hashtable_get(parsed, "nick"), *target = weechat_hashtable_get(parsed, "channel");
	own_nick(server, mine);
	if (!nick || !*nick || !target)
		return false;
	struct conversation *where = &message->where;
	snprintf(message->sender, sizeof(message->sender), "%s", nick);
	message->own = nick_is(server, nick, mine);
	where->group = !nick_is(server, target, mine) && !message->own;
	fill_accounts(server, where);
	nick_handle(server, nick, where->peer);
	login_of_message(server, parsed, message, where->login);
	snprintf(question, sizeof(question), "%s,%s", server, target);
	char *pointer = where->group ? weechat_info_get("irc_buffer", question) : NULL;
	void *buffer = NULL;
	if (pointer && sscanf(pointer, "%p", &buffer) != 1)
		buffer = NULL;
	free(pointer);
	if (!where->group)
		buffer = peer_buffer(server, where->peer);
	if (buffer)
		snprintf(where->window, sizeof(where->window), "%s", weechat_buffer_get_string(buffer, "full_name"));
	snprintf(where->name, sizeof(where->name), "%s", where->group ? target : nick);
	return true;
}

bool message_read(const char *server, const char *line, struct plugin_message *message)
{
	struct t_hashtable *parsed = message_parse(server, line);
	if (!parsed)
		return false;
	const char *text = weechat_hashtable_get(parsed, "text");
	/* Of the messages between programs only /me is one between people. */
	bool people = text && (*text != '\1' || !strncmp(text, "\1ACTION ", 8));
	*message = (struct plugin_message){.delayed = is_delayed(parsed)};
	people = people && place_message(server, parsed, message);
	message->text = people ? strdup(text) : NULL;
	weechat_hashtable_free(parsed);
	return message->text != NULL;
}
