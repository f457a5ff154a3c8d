/* Messages of Off-the-Record Messaging, as other plugins make them of what passes through a client. */
#ifndef UNCIA_PLUGIN_OTR_H
#define UNCIA_PLUGIN_OTR_H

#include <stdbool.h>

/* Whether a message is one of OTR's: encrypted, a piece of one, a question for a private conversation, an error. */
bool otr_is(const char *text);
/* Whether what leaves as `text` has what was to be sent: plainly, encrypted, or a piece of it. Where encryption is
 * required and there is no private conversation yet, OTR sends a question for one in place of the message. */
bool otr_carries(const char *text);

#endif
