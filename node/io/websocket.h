/* The server's side of a WebSocket (RFC 6455), as bytes in, bytes out, without sockets: the HTTP request that opens it,
 * and then frames that carry a stream of bytes each way. Messages are binary, and where one ends means nothing
 * (docs/spec/network.md 8.6). Nothing is buffered: what a frame carries is handed on as it comes, however long the
 * frame says it is.
 *
 * Threads: any, one at a time for each. */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H
#include "canonical.h"

#define WEBSOCKET_REQUEST_MAX 8192u /* bytes of the HTTP request */

struct websocket;

/* *websocket is the caller's, websocket_free. Returns 0 or UNCIA_E_MEMORY. */
int websocket_new(struct websocket **websocket);
/* NULL does nothing. */
void websocket_free(struct websocket *websocket);

/* Takes bytes that were received, and leaves in their place those of the stream that they carry: never more of them,
 * the first *size of data, in front of a mistake as well. Returns 0; UNCIA_E_CLOSED: the other side has ended it;
 * UNCIA_E_PROTOCOL: what came is no request for a WebSocket, or no frame that a client may send; UNCIA_E_LIMIT: the
 * request is too large; UNCIA_E_MEMORY. After an error there is an answer in the output, behind which the connection
 * has to be closed; nothing more may be received. */
int websocket_receive(struct websocket *websocket, uint8_t *data, size_t *size);

/* What is to be written, in this order: bytes of the WebSocket's own, then bytes of the run, which is what the stream
 * has to say: as link_output gives it, the same until its last byte was taken. Either may be empty. They stay as they
 * are until they were taken. */
void websocket_output(struct websocket *websocket, struct bytes run, struct bytes parts[2]);
/* Says that the first `size` bytes of the output were written. Returns how many of them were of the run. */
size_t websocket_output_taken(struct websocket *websocket, size_t size);

#endif
