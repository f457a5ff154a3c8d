/* The control socket of a running validator, served on its loop: requests of its operator come in, one after the other
 * of each client, and replies go out. What may be asked is a table of handlers (operators.c); this file knows the
 * frames, whom to let in, and the bounds: CONTROL_CLIENTS_MAX clients, one request under way for each, and
 * CONTROL_QUEUE_MAX bytes that wait for one that does not read, beyond which it is dropped.
 *
 * Only the owner of the home may connect: the socket's mode says so, and who connects is asked for once more.
 *
 * Threads: the loop's, all of it. */
#ifndef CONTROL_H
#define CONTROL_H
#include <stdbool.h>
#include <uv.h>
#include "control.pb-c.h"
#include "control_socket.h"

#define CONTROL_CLIENTS_MAX 8u
#define CONTROL_QUEUE_MAX   (2 * CONTROL_REPLY_MAX)

struct control;
/* One connection. It is there until `gone` was called for it. */
struct control_client;

/* What is done for one kind of request. */
struct control_handler {
	Uncia__Pb__ControlRequest__KindCase kind;
	/* Answers by control_answer or control_refuse, at once or later, once at least; the request lives for the call
	 * only. Until the last answer the client's next request waits. */
	void (*handle)(void *context, struct control_client *client, const Uncia__Pb__ControlRequest *request);
};

struct control_options {
	uv_loop_t *loop;
	const char *home;                       /* outlives the control, as the handlers do */
	const struct control_handler *handlers; /* one for each kind that is known */
	size_t handler_count;
	/* The client's connection has ended, and it must not be answered any more. Called from the loop, never from
	 * inside a function of this header. May be NULL. */
	void (*gone)(void *context, struct control_client *client);
	void *context;
};

/* Makes the socket and listens. Returns 0; as control_socket_make; UNCIA_E_MEMORY; why: a sentence. Owns: control_stop,
 * run the loop, control_free. */
int control_new(const struct control_options *options, struct control **control, char why[256]);
/* Answers the client's request. `more`: others follow; otherwise it was the last one. The reply's request_id is set
 * here. A client that does not read, or whose reply cannot be made, is dropped; `gone` comes later. */
void control_answer(struct control_client *client, Uncia__Pb__ControlReply *reply, bool more);
/* The last answer: a refusal. code: an error of include/uncia/error.h; reason: a sentence for people. */
void control_refuse(struct control_client *client, int code, const char *reason);
/* Removes the socket and closes all connections; `gone` is not called any more. Once. */
void control_stop(struct control *control);
/* After control_stop and a run of the loop. Accepts NULL. */
void control_free(struct control *control);

#endif
