/* A client of libpurple without windows, for the scenes: what stands on its standard input is typed, and what a window
 * would show is printed, one line each, "window<TAB>who<TAB>text".
 *
 *	purple_client HOME PLUGINS PROTOCOL USERNAME PASSWORD [NAME=VALUE...]
 *
 * PLUGINS are loaded one after the other, with colons between them; further arguments are settings of the account. With
 * SCENE_DEBUG in the environment libpurple tells what it does.
 *
 * Lines of standard input, of fields with a tab between them: "say WINDOW TEXT" (commands too), "join ROOM" (in IRC
 * "#room", in XMPP "room@server"), "raw TEXT" (to the server, as it is), "passphrase TEXT" (the answer to what was
 * asked for), "ask" (from now on this client can ask for one), "reload" (the plugin), "quit". */
#include <glib.h>
#include <purple.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct input {
	PurpleInputFunction function;
	gpointer data;
};

static GMainLoop *main_loop;
static PurpleAccount *account;
static PurplePlugin *own_plugin;

/* ---- the loop ---------------------------------------------------------------------------------------- */

static gboolean on_input(GIOChannel *channel, GIOCondition condition, gpointer data)
{
	struct input *input = data;
	PurpleInputCondition ready = 0;
	if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
		ready |= PURPLE_INPUT_READ;
	if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL))
		ready |= PURPLE_INPUT_WRITE;
	input->function(input->data, g_io_channel_unix_get_fd(channel), ready);
	return TRUE;
}

static guint add_input(gint fd, PurpleInputCondition condition, PurpleInputFunction function, gpointer data)
{
	struct input *input = g_new0(struct input, 1);
	GIOChannel *channel = g_io_channel_unix_new(fd);
	GIOCondition wanted = 0;
	*input = (struct input){function, data};
	if (condition & PURPLE_INPUT_READ)
		wanted |= G_IO_IN | G_IO_HUP | G_IO_ERR;
	if (condition & PURPLE_INPUT_WRITE)
		wanted |= G_IO_OUT | G_IO_HUP | G_IO_ERR | G_IO_NVAL;
	guint result = g_io_add_watch_full(channel, G_PRIORITY_DEFAULT, wanted, on_input, input, g_free);
	g_io_channel_unref(channel);
	return result;
}

static PurpleEventLoopUiOps loop_ops = {.timeout_add = g_timeout_add,
                                        .timeout_remove = g_source_remove,
                                        .input_add = add_input,
                                        .input_remove = g_source_remove,
                                        .timeout_add_seconds = g_timeout_add_seconds};

/* ---- what is shown ----------------------------------------------------------------------------------- */

static void print_line(const char *window, const char *who, const char *text)
{
	gchar **lines = g_strsplit(text, "\n", 0);
	gchar *line = g_strjoinv(" / ", lines);
	printf("%s\t%s\t%s\n", window, who ? who : "", line);
	fflush(stdout);
	g_free(line);
	g_strfreev(lines);
}

static void write_conv(PurpleConversation *conv, const char *name, const char *alias, const char *message,
                       PurpleMessageFlags flags, time_t mtime)
{
	gchar *plain = purple_markup_strip_html(message);
	(void)alias, (void)mtime;
	print_line(purple_normalize(account, purple_conversation_get_name(conv)),
	           flags & PURPLE_MESSAGE_SYSTEM ? "*" : name, plain);
	g_free(plain);
}

static PurpleConversationUiOps conversation_ops = {.write_conv = write_conv};

/* ---- what is asked ----------------------------------------------------------------------------------- */

static void (*input_answer)(void *data, const char *text);
static void *input_data;

static void *request_input(const char *title, const char *primary, const char *secondary, const char *value,
                           gboolean multiline, gboolean masked, gchar *hint, const char *ok_text, GCallback ok,
                           const char *cancel_text, GCallback cancel, PurpleAccount *of, const char *who,
                           PurpleConversation *conv, void *data)
{
	(void)title, (void)secondary, (void)value, (void)multiline, (void)hint, (void)ok_text, (void)cancel_text;
	(void)cancel, (void)of, (void)who, (void)conv;
	input_answer = (void (*)(void *, const char *))ok;
	input_data = data;
	print_line("asked", masked ? "masked" : "open", primary);
	return &input_data;
}

static void close_request(PurpleRequestType type, void *handle)
{
	(void)type, (void)handle;
}

static PurpleRequestUiOps request_ops = {.request_input = request_input, .close_request = close_request};

/* ---- what is typed ----------------------------------------------------------------------------------- */

static PurpleConversation *window(const char *name)
{
	PurpleConversation *conv = purple_find_conversation_with_account(PURPLE_CONV_TYPE_ANY, name, account);
	return conv ? conv : purple_conversation_new(PURPLE_CONV_TYPE_IM, account, name);
}

static void say(const char *name, const char *text)
{
	PurpleConversation *conv = window(name);
	gchar *escaped = g_markup_escape_text(text, -1), *error = NULL;
	if (*text == '/') {
		gchar *markup = g_markup_escape_text(text + 1, -1);
		PurpleCmdStatus status = purple_cmd_do_command(conv, text + 1, markup, &error);
		if (status != PURPLE_CMD_STATUS_OK)
			print_line("failed", name, text);
		g_free(markup);
		g_free(error);
	} else if (purple_conversation_get_type(conv) == PURPLE_CONV_TYPE_CHAT) {
		purple_conv_chat_send(PURPLE_CONV_CHAT(conv), escaped);
	} else {
		purple_conv_im_send(PURPLE_CONV_IM(conv), escaped);
	}
	g_free(escaped);
}

static void join(const char *room)
{
	PurpleConnection *gc = purple_account_get_connection(account);
	PurplePluginProtocolInfo *protocol = PURPLE_PLUGIN_PROTOCOL_INFO(purple_connection_get_prpl(gc));
	serv_join_chat(gc, protocol->chat_info_defaults(gc, room));
}

static void send_raw(const char *text)
{
	PurpleConnection *gc = purple_account_get_connection(account);
	PurplePluginProtocolInfo *protocol = PURPLE_PLUGIN_PROTOCOL_INFO(purple_connection_get_prpl(gc));
	protocol->send_raw(gc, text, (int)strlen(text));
}

static void reload_plugin(void)
{
	gboolean loaded = own_plugin && purple_plugin_unload(own_plugin) && purple_plugin_load(own_plugin);
	print_line(loaded ? "reloaded" : "failed", "", "");
}

static gboolean on_typed(GIOChannel *channel, GIOCondition condition, gpointer data)
{
	gchar *line = NULL;
	gsize end = 0;
	(void)condition, (void)data;
	if (g_io_channel_read_line(channel, &line, NULL, &end, NULL) != G_IO_STATUS_NORMAL) {
		g_main_loop_quit(main_loop);
		return FALSE;
	}
	line[end] = '\0';
	gchar **fields = g_strsplit(line, "\t", 3);
	guint count = g_strv_length(fields);
	if (count == 3 && !strcmp(fields[0], "say"))
		say(fields[1], fields[2]);
	else if (count == 2 && !strcmp(fields[0], "join"))
		join(fields[1]);
	else if (count == 2 && !strcmp(fields[0], "raw"))
		send_raw(fields[1]);
	else if (count == 1 && !strcmp(fields[0], "ask"))
		purple_request_set_ui_ops(&request_ops);
	else if (count == 2 && !strcmp(fields[0], "passphrase") && input_answer)
		input_answer(input_data, fields[1]);
	else if (count == 1 && !strcmp(fields[0], "reload"))
		reload_plugin();
	else if (count == 1 && !strcmp(fields[0], "quit"))
		g_main_loop_quit(main_loop);
	else
		print_line("failed", "", line);
	g_strfreev(fields);
	g_free(line);
	return TRUE;
}

/* ---- the start --------------------------------------------------------------------------------------- */

static void on_signed(PurpleConnection *gc, void *data)
{
	(void)gc;
	print_line("connection", "", data);
}

static void on_connection_error(PurpleConnection *gc, PurpleConnectionError error, const char *text, void *data)
{
	(void)gc, (void)error, (void)data;
	print_line("connection", "error", text);
}

static void on_joined(PurpleConversation *conv, void *data)
{
	(void)data;
	print_line("joined", "", purple_conversation_get_name(conv));
}

/* What leaves for a server of IRC. */
static void on_irc_sends(PurpleConnection *gc, char **text, void *data)
{
	(void)gc, (void)data;
	if (text && *text) {
		gchar *line = g_strchomp(g_strdup(*text));
		print_line("sent", "", line);
		g_free(line);
	}
}

static gboolean reconnect(gpointer data)
{
	(void)data;
	if (purple_account_is_disconnected(account))
		purple_account_connect(account);
	return TRUE;
}

static void ui_init(void)
{
	purple_conversations_set_ui_ops(&conversation_ops);
}

static PurpleCoreUiOps core_ops = {.ui_init = ui_init};

static int load_plugin(const char *path)
{
	PurplePlugin *plugin = purple_plugin_probe(path);
	if (!plugin || !purple_plugin_load(plugin)) {
		fprintf(stderr, "%s: the plugin does not load: %s\n", path,
		        plugin && plugin->error ? plugin->error : "no plugin");
		return 1;
	}
	if (!strcmp(purple_plugin_get_id(plugin), "core-uncia"))
		own_plugin = plugin;
	return 0;
}

static int load_plugins(const char *paths)
{
	gchar **each = g_strsplit(paths, ":", 0);
	int failed = 0;
	for (gchar **path = each; *path && !failed; path++)
		failed = load_plugin(*path);
	g_strfreev(each);
	return failed;
}

static void make_account(char **arguments, int count)
{
	static int handle;
	account = purple_account_new(arguments[1], arguments[0]);
	purple_account_set_password(account, arguments[2]);
	for (int i = 3; i < count; i++) {
		gchar **pair = g_strsplit(arguments[i], "=", 2);
		if (!strcmp(pair[1], "true"))
			purple_account_set_bool(account, pair[0], TRUE);
		else if (*pair[1] && strspn(pair[1], "0123456789") == strlen(pair[1]))
			purple_account_set_int(account, pair[0], atoi(pair[1]));
		else
			purple_account_set_string(account, pair[0], pair[1]);
		g_strfreev(pair);
	}
	purple_accounts_add(account);
	purple_signal_connect(purple_connections_get_handle(), "signed-on", &handle, PURPLE_CALLBACK(on_signed), "on");
	purple_signal_connect(purple_connections_get_handle(), "signed-off", &handle, PURPLE_CALLBACK(on_signed),
	                      "off");
	purple_signal_connect(purple_connections_get_handle(), "connection-error", &handle,
	                      PURPLE_CALLBACK(on_connection_error), NULL);
	if (purple_find_prpl("prpl-irc"))
		purple_signal_connect(purple_find_prpl("prpl-irc"), "irc-sending-text", &handle,
		                      PURPLE_CALLBACK(on_irc_sends), NULL);
	purple_signal_connect(purple_conversations_get_handle(), "chat-joined", &handle, PURPLE_CALLBACK(on_joined),
	                      NULL);
	purple_account_set_enabled(account, "scene", TRUE);
	g_timeout_add(500, reconnect, NULL);
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fprintf(stderr, "usage: %s HOME PLUGINS PROTOCOL USERNAME PASSWORD [NAME=VALUE...]\n", argv[0]);
		return 2;
	}
	main_loop = g_main_loop_new(NULL, FALSE);
	purple_util_set_user_dir(argv[1]);
	purple_debug_set_enabled(g_getenv("SCENE_DEBUG") != NULL);
	purple_core_set_ui_ops(&core_ops);
	purple_eventloop_set_ui_ops(&loop_ops);
	if (!purple_core_init("scene"))
		return 1;
	purple_set_blist(purple_blist_new());
	purple_prefs_load();
	if (load_plugins(argv[2]))
		return 1;
	make_account(argv + 3, argc - 3);
	purple_savedstatus_activate(purple_savedstatus_new(NULL, PURPLE_STATUS_AVAILABLE));
	GIOChannel *typed = g_io_channel_unix_new(STDIN_FILENO);
	g_io_add_watch(typed, G_IO_IN | G_IO_HUP, on_typed, NULL);
	g_main_loop_run(main_loop);
	g_io_channel_unref(typed);
	purple_core_quit();
	g_main_loop_unref(main_loop);
	return 0;
}
