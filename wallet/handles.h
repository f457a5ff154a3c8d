/* Handles: who somebody is in a chat, as one text (docs/spec/texts.md 12.4). Threads: any. */
#ifndef HANDLES_H
#define HANDLES_H
#include <stdbool.h>
#include <uncia/uncia.h>

/* Whether it has the form of a handle: a protocol, a colon, a name; no blanks, and nothing of texts 11.1 that nobody
 * sees. Of any length. */
bool handle_is_one(const char *handle);
/* Whether a handle may be pinned: besides, it is of fewer than UNCIA_PEER_SIZE bytes, and has none of the characters
 * that no name may have (texts 11.8). */
bool handle_may_be_pinned(const char *handle);
/* Whether two handles are of one protocol. */
bool handle_same_protocol(const char *a, const char *b);
/* Whether it is of a protocol whose names pass from one to another: a pin without a login is weak. */
bool handle_is_of_irc(const char *handle);

#endif
