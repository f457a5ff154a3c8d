/* What WeeChat's plugin and its conversations share. */
#ifndef UNCIA_WEECHAT_H
#define UNCIA_WEECHAT_H

#include <weechat/weechat-plugin.h>
#include "plugin.h"

extern struct t_weechat_plugin *weechat_plugin;

#define SERVER_SIZE 64
#define TARGET_SIZE 128

/* The conversation that a buffer shows; of a buffer that is none, one without a peer. */
void buffer_conversation(struct t_gui_buffer *buffer, struct conversation *where);
/* The buffer of a conversation; NULL where it is gone. */
struct t_gui_buffer *conversation_buffer(const struct conversation *where);
/* Reads a PRIVMSG that came in at a server. Returns whether it is a message between people. The caller frees
 * message->text. */
bool message_read(const char *server, const char *line, struct plugin_message *message);
/* As the callbacks of struct plugin_client. */
bool conversation_send(void *context, const struct conversation *where, const char *text);
bool conversation_find(void *context, const struct conversation *group, const char *name, struct conversation *peer);
void conversation_login(void *context, const struct conversation *where, char login[PLUGIN_LOGIN_SIZE]);

#endif
