/* Services accounts of nicks. A nick may be somebody else's in the next moment: what was said of it is forgotten as
 * soon as it comes, goes, changes or logs in or out, when the connection ends, and after some minutes. */
#include "logins.h"
#include <stdio.h>
#include <string.h>
#include "said.h"
#include "say.h"
#include "servers.h"

static struct said_logins said;

/* Copies what a server calls an account: "*" and WHOX's "0" are none. One that is too long, or has characters that
 * libuncia does not take, is none either: nobody is pinned with it. */
static void read_account(const char *account, char login[PLUGIN_LOGIN_SIZE])
{
	bool is_one = account && *account && strcmp(account, "*") != 0 && strcmp(account, "0") != 0 &&
	              strlen(account) < PLUGIN_LOGIN_SIZE && !uncia_memo_check(account);
	snprintf(login, PLUGIN_LOGIN_SIZE, "%s", is_one ? account : "");
}

/* ---- what channels show ------------------------------------------------------------------------------ */

/* The login that WeeChat keeps of a nick in a channel that it shares with this user. */
static void shared_login(const char *server, const char *nick, char login[PLUGIN_LOGIN_SIZE])
{
	char question[SERVER_SIZE + 2 * TARGET_SIZE];
	*login = '\0';
	/* Without it a nick could have logged out since it came. */
	if (!server_has(server, "cap_list", "account-notify"))
		return;
	struct t_infolist *channels = weechat_infolist_get("irc_channel", NULL, server);
	while (channels && !*login && weechat_infolist_next(channels)) {
		snprintf(question, sizeof(question), "%s,%s,%s", server, weechat_infolist_string(channels, "name"),
		         nick);
		struct t_infolist *nicks = weechat_infolist_get("irc_nick", NULL, question);
		if (nicks && weechat_infolist_next(nicks))
			read_account(weechat_infolist_string(nicks, "account"), login);
		weechat_infolist_free(nicks);
	}
	weechat_infolist_free(channels);
}

void login_now(const char *server, const char *nick, char login[PLUGIN_LOGIN_SIZE])
{
	char handle[PLUGIN_HANDLE_SIZE], last[PLUGIN_LOGIN_SIZE];
	nick_handle(server, nick, handle);
	shared_login(server, nick, login);
	if (!said_login(&said, server, handle, plugin_now_ms(), last))
		return;
	if (!*login)
		strcpy(login, last);
	else if (strcmp(login, last) != 0)
		*login = '\0'; /* nobody knows */
}

void login_of_message(const char *server, struct t_hashtable *parsed, const struct plugin_message *message,
                      char login[PLUGIN_LOGIN_SIZE])
{
	const struct conversation *where = &message->where;
	const char *nick = weechat_hashtable_get(parsed, "nick");
	char last[PLUGIN_LOGIN_SIZE];
	*login = '\0';
	if (!server_has(server, "cap_list", "account-tag")) {
		if (!message->delayed && nick)
			shared_login(server, nick, login);
		return;
	}
	read_account(weechat_hashtable_get(parsed, "tag_account"), login);
	/* Those who only write in channels would take the places of others. */
	if (!message->delayed && !message->own && *where->peer &&
	    (!where->group || said_login(&said, server, where->peer, plugin_now_ms(), last)))
		said_note(&said, server, where->peer, login, plugin_now_ms());
}

/* ---- who comes and goes ------------------------------------------------------------------------------ */

static void forget_nick(const char *server, const char *nick)
{
	char handle[PLUGIN_HANDLE_SIZE];
	nick_handle(server, nick, handle);
	said_forget(&said, server, handle);
}

static int on_change(const void *pointer, void *data, const char *signal, const char *type, void *line)
{
	char server[SERVER_SIZE];
	(void)pointer, (void)data, (void)type;
	snprintf(server, sizeof(server), "%.*s", (int)strcspn(signal, ","), signal);
	struct t_hashtable *parsed = message_parse(server, line);
	const char *nick = parsed ? weechat_hashtable_get(parsed, "nick") : NULL;
	const char *to = parsed && strstr(signal, "_nick") ? weechat_hashtable_get(parsed, "param1") : NULL;
	if (nick)
		forget_nick(server, nick);
	if (to)
		forget_nick(server, to);
	if (parsed)
		weechat_hashtable_free(parsed);
	return WEECHAT_RC_OK;
}

static int on_server_disconnected(const void *pointer, void *data, const char *signal, const char *type, void *server)
{
	(void)pointer, (void)data, (void)signal, (void)type;
	if (server)
		said_forget(&said, server, NULL);
	return WEECHAT_RC_OK;
}

static void ask_for_tags(const char *server)
{
	char command[SERVER_SIZE + 64];
	if (!server_has(server, "cap_ls", "account-tag") || server_has(server, "cap_list", "account-tag"))
		return;
	snprintf(command, sizeof(command), "/quote -server %s CAP REQ :account-tag", server);
	weechat_command(NULL, command);
}

static int on_server_connected(const void *pointer, void *data, const char *signal, const char *type, void *server)
{
	(void)pointer, (void)data, (void)signal, (void)type;
	if (server)
		ask_for_tags(server);
	return WEECHAT_RC_OK;
}

void logins_begin(void)
{
	static const char *const changes[] = {"*,irc_raw_in2_nick", "*,irc_raw_in2_quit", "*,irc_raw_in2_join",
	                                      "*,irc_raw_in2_account"};
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		weechat_hook_signal(changes[i], on_change, NULL, NULL);
	weechat_hook_signal("irc_server_disconnected", on_server_disconnected, NULL, NULL);
	weechat_hook_signal("irc_server_connected", on_server_connected, NULL, NULL);
	struct t_infolist *servers = weechat_infolist_get("irc_server", NULL, NULL);
	while (servers && weechat_infolist_next(servers))
		if (weechat_infolist_integer(servers, "is_connected"))
			ask_for_tags(weechat_infolist_string(servers, "name"));
	weechat_infolist_free(servers);
}
