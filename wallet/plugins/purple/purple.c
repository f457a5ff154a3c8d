/* The wallet in Pidgin, Finch, and whatever else is made of libpurple. */
#define PURPLE_PLUGINS
#include "places.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PREFS         "/plugins/core/uncia"
#define MARK_SIZE     5
#define WAITING_LINES 64
#define TICK_S        3

static PurplePlugin *own_plugin;
static struct plugin *wallet_plugin;
static guint wallet_input;
static GQueue *waiting; /* lines of the wallet's window while there is no account to open it with */
static PurpleCmdId pay_command, uncia_command;
static bool asks_passphrase;
/* Stands in the prefix of our lines, and is another one in each run: in a room of XMPP a nick may be any text, and
 * libpurple writes that it came and went. */
static char mark[MARK_SIZE];
static char client_name[UNCIA_CLIENT_SIZE];
static GQueue *heard_messages;
static guint heard_timer, tick_timer; /* 0: none runs */

/* ---- the wallet's window ----------------------------------------------------------------------------- */

/* A line of ours. It is escaped, and nothing in it becomes a link. */
static void write_line(PurpleConversation *conv, const char *line)
{
	gchar *escaped = g_markup_escape_text(line, -1);
	gchar *marked = g_strconcat("≡ uncia ", mark, ": ", escaped, NULL);
	purple_conversation_write(conv, NULL, marked,
	                          PURPLE_MESSAGE_SYSTEM | PURPLE_MESSAGE_NO_LINKIFY | PURPLE_MESSAGE_RAW, time(NULL));
	g_free(marked);
	g_free(escaped);
}

/* The wallet's window is one of an account that is connected, since each has to be of one. */
static PurpleConversation *wallet_window(void)
{
	for (GList *at = purple_get_conversations(); at; at = at->next)
		if (!strcmp(purple_conversation_get_name(at->data), WALLET_WINDOW))
			return at->data;
	GList *connections = purple_connections_get_all();
	return connections ? purple_conversation_new(PURPLE_CONV_TYPE_IM,
	                                             purple_connection_get_account(connections->data), WALLET_WINDOW)
	                   : NULL;
}

static void purple_record(void *context, const char *line)
{
	PurpleConversation *conv = wallet_window();
	(void)context;
	while (conv && !g_queue_is_empty(waiting)) {
		gchar *before = g_queue_pop_head(waiting);
		write_line(conv, before);
		g_free(before);
	}
	if (conv && line)
		write_line(conv, line);
	else if (line && g_queue_get_length(waiting) < WAITING_LINES)
		g_queue_push_tail(waiting, g_strdup(line));
}

static void on_signed_on(PurpleConnection *gc, void *data)
{
	(void)gc, (void)data;
	if (!g_queue_is_empty(waiting))
		purple_record(NULL, NULL);
}

/* Nothing that is typed into the wallet's window leaves. */
static void on_sending(PurpleAccount *account, const char *receiver, char **message, void *data)
{
	(void)account, (void)data;
	if (!receiver || strcmp(receiver, WALLET_WINDOW) || !*message)
		return;
	g_free(*message);
	*message = NULL;
}

static void purple_show(void *context, const struct conversation *where, const char *line)
{
	PurpleConversation *conv = place_window(where);
	(void)context;
	if (conv)
		write_line(conv, line);
}

/* ---- the wallet's descriptor, settings and passphrase ------------------------------------------------ */

static void purple_ready(gpointer data, gint fd, PurpleInputCondition condition)
{
	(void)data, (void)fd, (void)condition;
	if (wallet_plugin)
		plugin_ready(wallet_plugin);
}

static void purple_watch(void *context, int fd)
{
	(void)context;
	wallet_input = purple_input_add(fd, PURPLE_INPUT_READ, purple_ready, NULL);
}

static void purple_unwatch(void *context, int fd)
{
	(void)context, (void)fd;
	if (wallet_input)
		purple_input_remove(wallet_input);
	wallet_input = 0;
}

static gboolean purple_ticks(gpointer data)
{
	(void)data;
	if (wallet_plugin)
		plugin_tick(wallet_plugin);
	return TRUE;
}

static void purple_tick(void *context, bool on)
{
	(void)context;
	if (on && !tick_timer) {
		tick_timer = purple_timeout_add_seconds(TICK_S, purple_ticks, NULL);
	} else if (!on && tick_timer) {
		purple_timeout_remove(tick_timer);
		tick_timer = 0;
	}
}

static void purple_setting(void *context, const char *setting, char *value, size_t size)
{
	char name[64];
	(void)context;
	snprintf(name, sizeof(name), PREFS "/%s", setting);
	const char *set = purple_prefs_get_string(name);
	snprintf(value, size, "%s", set ? set : "");
}

static void on_passphrase(void *data, const char *passphrase)
{
	(void)data;
	asks_passphrase = false;
	if (wallet_plugin && passphrase)
		plugin_unlock(wallet_plugin, passphrase);
}

static void on_no_passphrase(void *data, const char *passphrase)
{
	(void)data, (void)passphrase;
	asks_passphrase = false;
}

static char *purple_passphrase(void *context)
{
	(void)context;
	if (asks_passphrase)
		return NULL;
	asks_passphrase = true;
	if (!purple_request_input(own_plugin, "Uncia", "The passphrase of the wallet", NULL, NULL, FALSE, TRUE, NULL,
	                          "Open", G_CALLBACK(on_passphrase), "Not now", G_CALLBACK(on_no_passphrase), NULL,
	                          NULL, NULL, NULL)) {
		asks_passphrase = false;
		purple_record(NULL, "The wallet is locked, and this client cannot ask for its passphrase.");
	}
	return NULL;
}

/* ---- what is typed, and what comes in ---------------------------------------------------------------- */

static PurpleCmdRet purple_typed_pay(PurpleConversation *conv, const gchar *command, gchar **arguments, gchar **error,
                                     void *data)
{
	struct conversation where;
	(void)command, (void)error, (void)data;
	purple_place(conv, &where);
	plugin_pay(wallet_plugin, &where, arguments && *arguments ? *arguments : "");
	return PURPLE_CMD_RET_OK;
}

static PurpleCmdRet purple_typed_uncia(PurpleConversation *conv, const gchar *command, gchar **arguments, gchar **error,
                                       void *data)
{
	struct conversation where;
	(void)command, (void)error, (void)data;
	purple_place(conv, &where);
	plugin_command(wallet_plugin, &where, arguments && *arguments ? *arguments : "");
	return PURPLE_CMD_RET_OK;
}

/* A message that came in, taken up once libpurple has written it into its window: that may not be there before. */
struct heard {
	PurpleAccount *account;
	PurpleConversationType type;
	char *sender, *room, *text;
	PurpleMessageFlags flags;
};

static void free_heard(gpointer data)
{
	struct heard *heard = data;
	g_free(heard->sender);
	g_free(heard->room);
	g_free(heard->text);
	g_free(heard);
}

static void hear(const struct heard *heard)
{
	struct plugin_message message = {.delayed = heard->flags & PURPLE_MESSAGE_DELAYED,
	                                 .own = heard->flags & (PURPLE_MESSAGE_SEND | PURPLE_MESSAGE_REMOTE_SEND)};
	const char *name = heard->room ? heard->room : heard->sender;
	if (!g_list_find(purple_accounts_get_all(), heard->account))
		return;
	PurpleConversation *conv = purple_find_conversation_with_account(heard->type, name, heard->account);
	if (!conv)
		return;
	if (heard->type == PURPLE_CONV_TYPE_CHAT) {
		const char *nick = purple_conv_chat_get_nick(PURPLE_CONV_CHAT(conv));
		message.own = message.own || (nick && !purple_utf8_strcasecmp(nick, heard->sender));
	}
	purple_sender(heard->account, conv, heard->sender, &message);
	message.text = heard->text;
	plugin_hear(wallet_plugin, &message);
}

static gboolean on_heard(gpointer data)
{
	(void)data;
	heard_timer = 0;
	while (!g_queue_is_empty(heard_messages)) {
		struct heard *heard = g_queue_pop_head(heard_messages);
		hear(heard);
		free_heard(heard);
	}
	return FALSE;
}

static void keep_heard(const struct heard *seen, const char *markup)
{
	if (!seen->sender || !markup ||
	    seen->flags & (PURPLE_MESSAGE_SYSTEM | PURPLE_MESSAGE_ERROR | PURPLE_MESSAGE_AUTO_RESP))
		return;
	struct heard *heard = g_new0(struct heard, 1);
	*heard = *seen;
	heard->sender = g_strdup(seen->sender);
	heard->room = g_strdup(seen->room);
	heard->text = purple_markup_strip_html(markup);
	g_queue_push_tail(heard_messages, heard);
	if (!heard_timer)
		heard_timer = purple_timeout_add(0, on_heard, NULL);
}

static void on_im(PurpleAccount *account, char *sender, char *text, PurpleConversation *conv, PurpleMessageFlags flags,
                  void *data)
{
	struct heard seen = {.account = account, .type = PURPLE_CONV_TYPE_IM, .sender = sender, .flags = flags};
	(void)conv, (void)data;
	if (message_is_delayed(account))
		seen.flags |= PURPLE_MESSAGE_DELAYED;
	keep_heard(&seen, text);
}

static void on_chat(PurpleAccount *account, char *sender, char *text, PurpleConversation *conv,
                    PurpleMessageFlags flags, void *data)
{
	struct heard seen = {.account = account, .type = PURPLE_CONV_TYPE_CHAT, .sender = sender, .flags = flags};
	(void)data;
	seen.room = conv ? (char *)purple_conversation_get_name(conv) : NULL;
	if (seen.room)
		keep_heard(&seen, text);
}

/* ---- the plugin -------------------------------------------------------------------------------------- */

/* Each client of a home is told by itself of what comes in: Pidgin, Finch, and others by their own names. */
static void name_client(void)
{
	const char *ui = purple_core_get_ui();
	snprintf(client_name, sizeof(client_name), "purple-%s", ui ? ui : "");
	for (char *c = client_name; *c; c++)
		if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c))
			*c = '-';
}

static bool make_mark(void)
{
	unsigned char random[MARK_SIZE - 1];
	if (getentropy(random, sizeof(random)))
		return false;
	for (size_t i = 0; i < sizeof(random); i++)
		mark[i] = (char)('a' + random[i] % 26);
	return true;
}

static gboolean load(PurplePlugin *plugin)
{
	static const struct plugin_client client = {.name = client_name,
	                                            .watch = purple_watch,
	                                            .unwatch = purple_unwatch,
	                                            .tick = purple_tick,
	                                            .show = purple_show,
	                                            .record = purple_record,
	                                            .send = purple_place_send,
	                                            .find = purple_place_find,
	                                            .setting = purple_setting,
	                                            .passphrase = purple_passphrase};
	void *conversations = purple_conversations_get_handle();
	PurpleCmdFlag flags = PURPLE_CMD_FLAG_IM | PURPLE_CMD_FLAG_CHAT | PURPLE_CMD_FLAG_ALLOW_WRONG_ARGS;
	if (!make_mark())
		return FALSE;
	name_client();
	own_plugin = plugin;
	waiting = g_queue_new();
	heard_messages = g_queue_new();
	accounts_begin(plugin);
	wallet_plugin = plugin_open(&client);
	if (!wallet_plugin)
		return FALSE;
	purple_record(NULL,
	              "The wallet's lines begin as this one does until the program ends. Whoever does not know these "
	              "four letters cannot write one.");
	pay_command = purple_cmd_register("pay", "s", PURPLE_CMD_P_PLUGIN, flags, NULL, purple_typed_pay,
	                                  "pay AMOUNT [note]: pays whom this conversation is with; in a group pay NAME "
	                                  "AMOUNT [note]",
	                                  NULL);
	uncia_command = purple_cmd_register("uncia", "s", PURPLE_CMD_P_PLUGIN, flags, NULL, purple_typed_uncia,
	                                    "uncia help: the wallet in this chat", NULL);
	/* Handlers are called from the lowest number to the highest. Behind what decrypts messages, whichever was
	 * loaded first; and before all others, which would keep what is typed into the wallet's window. */
	purple_signal_connect_priority(conversations, "received-im-msg", plugin, PURPLE_CALLBACK(on_im), NULL,
	                               PURPLE_SIGNAL_PRIORITY_HIGHEST);
	purple_signal_connect_priority(conversations, "received-chat-msg", plugin, PURPLE_CALLBACK(on_chat), NULL,
	                               PURPLE_SIGNAL_PRIORITY_HIGHEST);
	purple_signal_connect_priority(conversations, "sending-im-msg", plugin, PURPLE_CALLBACK(on_sending), NULL,
	                               PURPLE_SIGNAL_PRIORITY_LOWEST);
	purple_signal_connect(purple_connections_get_handle(), "signed-on", plugin, PURPLE_CALLBACK(on_signed_on),
	                      NULL);
	return TRUE;
}

static gboolean unload(PurplePlugin *plugin)
{
	purple_signals_disconnect_by_handle(plugin);
	purple_request_close_with_handle(plugin); /* which answers nothing */
	asks_passphrase = false;
	if (heard_timer)
		purple_timeout_remove(heard_timer);
	heard_timer = 0;
	g_queue_free_full(heard_messages, free_heard);
	purple_cmd_unregister(pay_command);
	purple_cmd_unregister(uncia_command);
	plugin_close(wallet_plugin);
	wallet_plugin = NULL;
	accounts_end();
	g_queue_free_full(waiting, g_free);
	return TRUE;
}

static PurplePluginPrefFrame *preferences(PurplePlugin *plugin)
{
	PurplePluginPrefFrame *frame = purple_plugin_pref_frame_new();
	(void)plugin;
	purple_plugin_pref_frame_add(frame,
	                             purple_plugin_pref_new_with_name_and_label(
	                                 PREFS "/home", "The wallet's folder (empty: $UNCIA_WALLET, or ~/.uncia)"));
	purple_plugin_pref_frame_add(frame, purple_plugin_pref_new_with_name_and_label(
	                                        PREFS "/network", "The network file (empty: $UNCIA_NETWORK)"));
	return frame;
}

static PurplePluginUiInfo preferences_info = {.get_plugin_pref_frame = preferences};
static PurplePluginInfo info = {.magic = PURPLE_PLUGIN_MAGIC,
                                .major_version = PURPLE_MAJOR_VERSION,
                                .minor_version = PURPLE_MINOR_VERSION,
                                .type = PURPLE_PLUGIN_STANDARD,
                                .priority = PURPLE_PRIORITY_DEFAULT,
                                .id = "core-uncia",
                                .name = "Uncia",
                                .version = UNCIA_VERSION,
                                .summary = "Payments between the people of a chat",
                                .description = "/pay and /uncia in every conversation; see /uncia help",
                                .author = "the maintainers of Uncia",
                                .homepage = "",
                                .load = load,
                                .unload = unload,
                                .prefs_info = &preferences_info};

/* libpurple calls it once it has the plugin's file. */
static void init_plugin(PurplePlugin *plugin)
{
	(void)plugin;
	purple_prefs_add_none(PREFS);
	purple_prefs_add_string(PREFS "/home", "");
	purple_prefs_add_string(PREFS "/network", "");
}

PURPLE_INIT_PLUGIN(uncia, init_plugin, info)
