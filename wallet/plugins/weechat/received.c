/* A script for OTR makes a new line of what it has decrypted, without the tags by which it is known who has written,
 * and when; and it shows what came in plainly in a private conversation as it shows the rest. */
#include "received.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "otr.h"

#define PRIVATE_MAX 256 /* senders of encrypted messages; where they are more, everybody counts as one */
#define KEY_SIZE    (2 * PLUGIN_HANDLE_SIZE + 1)

static struct t_hook *hook;
static struct t_hashtable *privates; /* who has sent something of OTR in this run, by both handles */
static char *noted_tags;             /* of the message that WeeChat works on: "@… "; NULL: it has none */
static bool noted_otr;

static void sender_key(const struct plugin_message *message, char key[KEY_SIZE])
{
	snprintf(key, KEY_SIZE, "%s %s", message->where.own, message->where.peer);
}

/* Called before all other changes of the line. */
static char *note_received(const void *pointer, void *data, const char *modifier, const char *server, const char *line)
{
	struct plugin_message message;
	char key[KEY_SIZE];
	(void)pointer, (void)data, (void)modifier;
	free(noted_tags);
	noted_tags = *line == '@' && strchr(line, ' ') ? strndup(line, strcspn(line, " ") + 1) : NULL;
	noted_otr = false;
	if (!message_read(server, line, &message))
		return NULL;
	noted_otr = otr_is(message.text);
	sender_key(&message, key);
	if (noted_otr && weechat_hashtable_get_integer(privates, "items_count") < PRIVATE_MAX)
		weechat_hashtable_set(privates, key, "");
	free((char *)message.text);
	return NULL; /* the line stays as it is */
}

bool received_begin(void)
{
	privates = weechat_hashtable_new(32, WEECHAT_HASHTABLE_STRING, WEECHAT_HASHTABLE_STRING, NULL, NULL);
	hook = privates ? weechat_hook_modifier("20000|irc_in_privmsg", note_received, NULL, NULL) : NULL;
	return hook != NULL;
}

void received_end(void)
{
	weechat_unhook(hook);
	hook = NULL;
	weechat_hashtable_free(privates);
	privates = NULL;
	free(noted_tags);
	noted_tags = NULL;
}

bool received_read(const char *server, const char *line, struct plugin_message *message)
{
	char key[KEY_SIZE], *tagged = NULL;
	if (*line != '@' && noted_tags && asprintf(&tagged, "%s%s", noted_tags, line) < 0)
		return false;
	bool is_read = message_read(server, tagged ? tagged : line, message);
	free(tagged);
	if (!is_read)
		return false;
	sender_key(message, key);
	/* What begins as OTR does and is handed on all the same was not decrypted. */
	message->plain = (!noted_otr || otr_is(message->text)) &&
	                 (weechat_hashtable_has_key(privates, key) ||
	                  weechat_hashtable_get_integer(privates, "items_count") >= PRIVATE_MAX);
	return true;
}
