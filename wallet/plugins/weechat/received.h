/* Messages of a server as they came, before a script for OTR decrypts them: it hands on text alone. */
#ifndef UNCIA_WEECHAT_RECEIVED_H
#define UNCIA_WEECHAT_RECEIVED_H

#include "weechat.h"

/* Begins to note what comes in. Returns whether it could. */
bool received_begin(void);
void received_end(void);
/* Reads the message that WeeChat hands on now, as message_read, with the tags with which it came, and whether it was
 * plain where others of its sender were encrypted. */
bool received_read(const char *server, const char *line, struct plugin_message *message);

#endif
