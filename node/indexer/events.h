/* Server-sent events: each viewer is told when there is a newer final block. Viewers that wait take no thread: their
 * connections are suspended. Threads: any, but as each function says. */
#ifndef EVENTS_H
#define EVENTS_H
#include <microhttpd.h>
#include "chain_check.h"

#define EVENTS_VIEWERS_MAX  256u
#define EVENTS_KEEPALIVE_MS 15000u /* a comment that often shows a viewer that is gone */

struct events;

/* Returns NULL where memory ends. */
struct events *event_stream_new(void);
/* After event_stream_end and the end of the daemon. NULL does nothing. */
void event_stream_free(struct events *events);
/* Answers a request with the stream, which begins with the newest block. Returns what the handler of a request returns;
 * -1: there are as many viewers as there may be. Threads: that of the request. */
int event_stream_answer(struct events *events, struct MHD_Connection *connection);
/* Tells all viewers of the newest block where it is another one than before, and shows those that wait for long that
 * the stream lives. To be called several times a second. */
void event_stream_turn(struct events *events, const struct chain_place *newest);
/* Ends all streams, and lets no viewer wait any more. Before the daemon is stopped. */
void event_stream_end(struct events *events);

#endif
