/* Messages that leave, unless a script keeps them. */
#ifndef UNCIA_WEECHAT_SENDING_H
#define UNCIA_WEECHAT_SENDING_H

#include <stdbool.h>

/* Begins to look at what leaves. Returns whether it could. */
bool sending_begin(void);
void sending_end(void);
/* Sends a message to a nick or channel of this server. Returns whether it has left: a script for OTR drops what would
 * be plain where it should not be, or asks for a private conversation instead. */
bool sending_message(const char *server, const char *target, const char *text);

#endif
