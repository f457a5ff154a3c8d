/* The wallet in WeeChat: commands, the wallet's own buffer, and what comes in over IRC. */
#include "logins.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "received.h"
#include "sending.h"

WEECHAT_PLUGIN_NAME("uncia")
WEECHAT_PLUGIN_DESCRIPTION("Payments between the people of a chat")
WEECHAT_PLUGIN_AUTHOR("the maintainers of Uncia")
WEECHAT_PLUGIN_VERSION("0.1")
WEECHAT_PLUGIN_LICENSE("Apache-2.0")

#define PREFIX "≡ uncia" /* with a blank, which no nick, server or prefix of IRC can have */

#define TICK_MS 3000

static struct plugin *wallet_plugin;
static struct t_gui_buffer *wallet_buffer;
static struct t_hook *wallet_hook, *tick_hook;

/* ---- the wallet's buffer ----------------------------------------------------------------------------- */

static int on_buffer_input(const void *pointer, void *data, struct t_gui_buffer *buffer, const char *typed)
{
	(void)pointer, (void)data, (void)typed;
	weechat_printf(buffer, "%s\tNobody reads what is typed here. /uncia help", PREFIX);
	return WEECHAT_RC_OK;
}

static int on_buffer_close(const void *pointer, void *data, struct t_gui_buffer *buffer)
{
	(void)pointer, (void)data, (void)buffer;
	wallet_buffer = NULL;
	return WEECHAT_RC_OK;
}

static void weechat_record(void *context, const char *line)
{
	(void)context;
	if (!wallet_buffer) {
		wallet_buffer = weechat_buffer_new("wallet", on_buffer_input, NULL, NULL, on_buffer_close, NULL, NULL);
		if (wallet_buffer)
			weechat_buffer_set(wallet_buffer, "title",
			                   "Uncia: what was paid and received, as it is proved");
	}
	weechat_printf(wallet_buffer, "%s\t%s", PREFIX, line);
}

static void weechat_show(void *context, const struct conversation *where, const char *line)
{
	(void)context;
	struct t_gui_buffer *buffer = conversation_buffer(where);
	if (buffer)
		weechat_printf_date_tags(buffer, 0, "uncia,notify_private", "%s\t%s", PREFIX, line);
}

/* ---- the wallet's descriptor ------------------------------------------------------------------------- */

static int weechat_ready(const void *pointer, void *data, int fd)
{
	(void)pointer, (void)data, (void)fd;
	if (wallet_plugin)
		plugin_ready(wallet_plugin);
	return WEECHAT_RC_OK;
}

static void weechat_watch(void *context, int fd)
{
	(void)context;
	wallet_hook = weechat_hook_fd(fd, 1, 0, 0, weechat_ready, NULL, NULL);
}

static void weechat_unwatch(void *context, int fd)
{
	(void)context, (void)fd;
	if (wallet_hook)
		weechat_unhook(wallet_hook);
	wallet_hook = NULL;
}

static int weechat_ticks(const void *pointer, void *data, int remaining)
{
	(void)pointer, (void)data, (void)remaining;
	if (wallet_plugin)
		plugin_tick(wallet_plugin);
	return WEECHAT_RC_OK;
}

static void weechat_tick(void *context, bool on)
{
	(void)context;
	if (on && !tick_hook) {
		tick_hook = weechat_hook_timer(TICK_MS, 0, 0, weechat_ticks, NULL, NULL);
	} else if (!on && tick_hook) {
		weechat_unhook(tick_hook);
		tick_hook = NULL;
	}
}

/* ---- settings ---------------------------------------------------------------------------------------- */

static void weechat_setting(void *context, const char *setting, char *value, size_t size)
{
	(void)context;
	const char *set = weechat_config_get_plugin(setting);
	char *evaluated = set ? weechat_string_eval_expression(set, NULL, NULL, NULL) : NULL;
	snprintf(value, size, "%s", evaluated ? evaluated : "");
	free(evaluated);
}

/* From WeeChat's secured data: ${sec.data.NAME}. What stands in the open in plugins.conf is not taken. */
static char *weechat_passphrase(void *context)
{
	const char *set = weechat_config_get_plugin("passphrase");
	if (!set || !*set) {
		weechat_record(context, "The wallet is locked. /secure set uncia PASSPHRASE, then "
		                        "/set plugins.var.uncia.passphrase \"${sec.data.uncia}\"");
		return NULL;
	}
	if (strncmp(set, "${sec.data.", 11)) {
		weechat_record(context, "plugins.var.uncia.passphrase has to be \"${sec.data.NAME}\": anything else "
		                        "would stand in plugins.conf for everybody who reads it.");
		return NULL;
	}
	char *passphrase = weechat_string_eval_expression(set, NULL, NULL, NULL);
	if (passphrase && *passphrase)
		return passphrase;
	free(passphrase);
	weechat_record(context, "The wallet is locked: the secured data of plugins.var.uncia.passphrase is empty, or "
	                        "not decrypted yet (/secure decrypt).");
	return NULL;
}

/* ---- what is typed, and what comes in ---------------------------------------------------------------- */

static int weechat_typed_pay(const void *pointer, void *data, struct t_gui_buffer *buffer, int argc, char **argv,
                             char **argv_eol)
{
	struct conversation where;
	(void)pointer, (void)data, (void)argv;
	buffer_conversation(buffer, &where);
	plugin_pay(wallet_plugin, &where, argc > 1 ? argv_eol[1] : "");
	return WEECHAT_RC_OK;
}

static int weechat_typed_uncia(const void *pointer, void *data, struct t_gui_buffer *buffer, int argc, char **argv,
                               char **argv_eol)
{
	struct conversation where;
	(void)pointer, (void)data, (void)argv;
	buffer_conversation(buffer, &where);
	plugin_command(wallet_plugin, &where, argc > 1 ? argv_eol[1] : "");
	return WEECHAT_RC_OK;
}

static int weechat_heard(const void *pointer, void *data, const char *signal, const char *type, void *line)
{
	char server[SERVER_SIZE];
	struct plugin_message message;
	(void)pointer, (void)data, (void)type;
	snprintf(server, sizeof(server), "%.*s", (int)strcspn(signal, ","), signal);
	if (!wallet_plugin || !received_read(server, line, &message))
		return WEECHAT_RC_OK;
	plugin_hear(wallet_plugin, &message);
	free((char *)message.text);
	return WEECHAT_RC_OK;
}

int weechat_plugin_init(struct t_weechat_plugin *plugin, int argc, char *argv[])
{
	static const struct plugin_client client = {.name = "weechat",
	                                            .watch = weechat_watch,
	                                            .unwatch = weechat_unwatch,
	                                            .tick = weechat_tick,
	                                            .show = weechat_show,
	                                            .record = weechat_record,
	                                            .send = conversation_send,
	                                            .find = conversation_find,
	                                            .login = conversation_login,
	                                            .setting = weechat_setting,
	                                            .passphrase = weechat_passphrase};
	(void)argc, (void)argv;
	weechat_plugin = plugin;
	wallet_plugin = received_begin() && sending_begin() ? plugin_open(&client) : NULL;
	if (!wallet_plugin)
		return WEECHAT_RC_ERROR;
	weechat_hook_command("pay", "pay whom this conversation is with", "AMOUNT [note] || NAME AMOUNT [note]",
	                     "In a channel NAME says who.", "%(nick)", weechat_typed_pay, NULL, NULL);
	weechat_hook_command("uncia", "the wallet in this chat",
	                     "address || request AMOUNT [note] || accept [CODE] [AMOUNT] || claim AMOUNT || claim "
	                     "[CODE] || balance || history || "
	                     "contact || yes CODE || help",
	                     "See /uncia help.",
	                     "address || request || accept || claim || balance || history || contact || yes || help",
	                     weechat_typed_uncia, NULL, NULL);
	weechat_hook_signal("*,irc_in2_privmsg", weechat_heard, NULL, NULL);
	logins_begin();
	return WEECHAT_RC_OK;
}

int weechat_plugin_end(struct t_weechat_plugin *plugin)
{
	(void)plugin;
	plugin_close(wallet_plugin);
	wallet_plugin = NULL;
	received_end();
	sending_end();
	return WEECHAT_RC_OK;
}
