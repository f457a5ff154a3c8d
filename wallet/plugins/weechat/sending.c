/* Whether a message has left: WeeChat tells nobody where a script has dropped it. */
#include "sending.h"
#include <stdio.h>
#include <string.h>
#include "otr.h"
#include "weechat.h"

static struct t_hook *hook;
static bool has_left;

/* Called behind all others, and not at all for what one of them has dropped: "PRIVMSG target :text". */
static char *note_leaving(const void *pointer, void *data, const char *modifier, const char *server, const char *line)
{
	(void)pointer, (void)data, (void)modifier, (void)server;
	const char *text = strstr(line, " :");
	has_left = has_left || (text && otr_carries(text + 2));
	return NULL; /* the line stays as it is */
}

bool sending_begin(void)
{
	hook = weechat_hook_modifier("1|irc_out_privmsg", note_leaving, NULL, NULL);
	return hook != NULL;
}

void sending_end(void)
{
	weechat_unhook(hook);
	hook = NULL;
}

bool sending_message(const char *server, const char *target, const char *text)
{
	char command[2 * PLUGIN_LINE_SIZE];
	snprintf(command, sizeof(command), "/msg -server %s %s %s", server, target, text);
	has_left = false;
	return weechat_command(NULL, command) == WEECHAT_RC_OK && has_left;
}
