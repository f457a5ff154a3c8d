/* See control.h. */
#include "control.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>
#include "big_endian.h"
#include "canonical.h"
#include "fields.h"
#include "log.h"
#include "uncia/error.h"

#define CONTROL_BACKLOG    16
#define CONTROL_READ_BYTES (64u << 10)
#define CONTROL_HELD_MAX   (CONTROL_FRAME + CONTROL_REQUEST_MAX + CONTROL_READ_BYTES)

/* The state of a client. Moves, by control_client_move alone: IDLE → BUSY → IDLE; IDLE, BUSY → CLOSING. */
enum client_state {
	CLIENT_IDLE,    /* waits for a whole request */
	CLIENT_BUSY,    /* a request is under way */
	CLIENT_CLOSING, /* nothing is read, written or answered any more */
};

struct control_client {
	struct control *control;
	enum client_state state;
	uv_pipe_t pipe;
	uint64_t request_id; /* of the request under way */
	bool taking;         /* control_client_take is on the stack */
	uint8_t *bytes;      /* received and not taken yet: CONTROL_HELD_MAX at most */
	size_t size;
	struct control_client *prev, *next;
};

struct control {
	struct control_options options;
	uv_pipe_t listener;
	bool stopping;
	struct control_client *clients; /* the oldest first */
	unsigned client_count;
	char buffer[CONTROL_READ_BYTES]; /* libuv reads into it, and it is taken before the next read */
};

/* A reply on its way out. */
struct control_write {
	uv_write_t request;
	uint8_t *bytes;
};

/* The one function that changes the state. */
static void control_client_move(struct control_client *client, enum client_state to)
{
	static const unsigned char allowed[] = {
	    [CLIENT_IDLE] = 1 << CLIENT_BUSY | 1 << CLIENT_CLOSING,
	    [CLIENT_BUSY] = 1 << CLIENT_IDLE | 1 << CLIENT_CLOSING,
	    [CLIENT_CLOSING] = 0,
	};

	assert(client->state <= CLIENT_CLOSING && to <= CLIENT_CLOSING);
	assert(allowed[client->state] & 1 << to);
	client->state = to;
}

static void on_client_closed(uv_handle_t *handle)
{
	struct control_client *client = handle->data;
	struct control *c = client->control;

	if (!c->stopping && c->options.gone)
		c->options.gone(c->options.context, client);
	DL_DELETE(c->clients, client);
	c->client_count--;
	free(client->bytes);
	free(client);
}

static void control_client_close(struct control_client *client)
{
	if (client->state == CLIENT_CLOSING)
		return;
	control_client_move(client, CLIENT_CLOSING);
	uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

/* ---- replies ------------------------------------------------------------------------------- */

static void on_control_written(uv_write_t *request, int status)
{
	struct control_write *write = (struct control_write *)request;
	struct control_client *client = request->data;

	free(write->bytes);
	free(write);
	if (status < 0)
		control_client_close(client);
}

/* Puts the frame before the message and hands both to libuv. Returns 0; UNCIA_E_FULL; UNCIA_E_LIMIT; UNCIA_E_MEMORY;
 * UNCIA_E_IO. */
static int control_put(struct control_client *client, const uint8_t *message, size_t size)
{
	if (size > CONTROL_REPLY_MAX)
		return UNCIA_E_LIMIT;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&client->pipe) + size > CONTROL_QUEUE_MAX)
		return UNCIA_E_FULL;
	struct control_write *write = calloc(1, sizeof(*write));
	uint8_t *bytes = malloc(CONTROL_FRAME + size);
	if (!write || !bytes) {
		free(write);
		free(bytes);
		return UNCIA_E_MEMORY;
	}
	be32_put(bytes, (uint32_t)size);
	memcpy(bytes + CONTROL_FRAME, message, size);
	write->bytes = bytes;
	write->request.data = client;
	const uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)(CONTROL_FRAME + size));
	if (uv_write(&write->request, (uv_stream_t *)&client->pipe, &buffer, 1, on_control_written) == 0)
		return 0;
	free(bytes);
	free(write);
	return UNCIA_E_IO;
}

static int control_client_send(struct control_client *client, Uncia__Pb__ControlReply *reply)
{
	uint8_t *message;
	size_t size;
	int error = canonical_encode(&reply->base, &message, &size);

	if (error)
		return error;
	error = control_put(client, message, size);
	free(message);
	return error;
}

static void control_client_take(struct control_client *client);

void control_answer(struct control_client *client, Uncia__Pb__ControlReply *reply, bool more)
{
	if (client->state == CLIENT_CLOSING)
		return;
	assert(client->state == CLIENT_BUSY);
	reply->request_id = client->request_id;
	reply->more = more;
	int error = control_client_send(client, reply);
	if (error) {
		log_event(LOG_LEVEL_WARNING, "control_dropped", LOG_TEXT("why", uncia_error_text(error)));
		control_client_close(client);
	} else if (!more) {
		control_client_move(client, CLIENT_IDLE);
		control_client_take(client);
	}
}

void control_refuse(struct control_client *client, int code, const char *reason)
{
	Uncia__Pb__ControlReply reply = UNCIA__PB__CONTROL_REPLY__INIT;
	Uncia__Pb__Refusal refusal = UNCIA__PB__REFUSAL__INIT;

	assert(code < 0);
	refusal.code = (uint32_t)-code;
	refusal.reason = field_of(reason, strlen(reason));
	reply.kind_case = UNCIA__PB__CONTROL_REPLY__KIND_REFUSAL;
	reply.refusal = &refusal;
	control_answer(client, &reply, false);
}

/* ---- requests ------------------------------------------------------------------------------ */

static void control_client_handle(struct control_client *client, const Uncia__Pb__ControlRequest *request)
{
	const struct control_options *o = &client->control->options;

	for (size_t i = 0; i < o->handler_count; i++) {
		if (o->handlers[i].kind == request->kind_case) {
			o->handlers[i].handle(o->context, client, request);
			return;
		}
	}
	control_refuse(client, UNCIA_E_VERSION, "this validator does not know the request: it is of another release");
}

/* Whoever sends what is no request of this release is told so, and may ask something else: the frame is what both
 * have in common. */
static void control_client_decode(struct control_client *client, const uint8_t *message, size_t size)
{
	struct arena arena;
	ProtobufCMessage *decoded;

	control_client_move(client, CLIENT_BUSY);
	client->request_id = 0;
	arena_init(&arena, canonical_arena_limit(size));
	int error = canonical_decode(&uncia__pb__control_request__descriptor, message, size, &arena, &decoded);
	const Uncia__Pb__ControlRequest *request = error ? NULL : (const Uncia__Pb__ControlRequest *)(void *)decoded;
	if (request && request->request_id) {
		client->request_id = request->request_id;
		control_client_handle(client, request);
	} else {
		control_refuse(client, UNCIA_E_ENCODING,
		               "this validator does not know the request: it is of another release");
	}
	arena_deinit(&arena);
}

/* Takes whole requests from what has come, one at a time: the next one when the last answer to this one was given. */
static void control_client_take(struct control_client *client)
{
	if (client->taking)
		return;
	client->taking = true;
	while (client->state == CLIENT_IDLE && client->size >= CONTROL_FRAME) {
		size_t size = be32_get(client->bytes);
		if (!size || size > CONTROL_REQUEST_MAX) {
			control_client_close(client);
			break;
		}
		if (client->size < CONTROL_FRAME + size)
			break;
		control_client_decode(client, client->bytes + CONTROL_FRAME, size);
		client->size -= CONTROL_FRAME + size;
		memmove(client->bytes, client->bytes + CONTROL_FRAME + size, client->size);
	}
	client->taking = false;
}

/* While a request is under way it is still read, so that the end of a client is seen; what it sends meanwhile is at
 * most the next request. */
static void on_client_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct control_client *client = stream->data;

	if (client->state == CLIENT_CLOSING || !count)
		return;
	if (count < 0 || client->size + (size_t)count > CONTROL_HELD_MAX) {
		control_client_close(client);
		return;
	}
	uint8_t *bytes = realloc(client->bytes, client->size + (size_t)count);
	if (!bytes) {
		control_client_close(client);
		return;
	}
	memcpy(bytes + client->size, buffer->base, (size_t)count);
	client->bytes = bytes;
	client->size += (size_t)count;
	control_client_take(client);
}

static void on_client_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct control_client *client = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(client->control->buffer, sizeof(client->control->buffer));
}

/* ---- connections --------------------------------------------------------------------------- */

/* Whether the other end is the user that this process runs as, or root, who may do anything anyhow. */
static bool is_owner(uv_pipe_t *pipe)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);
	uv_os_fd_t fd;

	return uv_fileno((uv_handle_t *)pipe, &fd) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
	       (credentials.uid == geteuid() || credentials.uid == 0);
}

/* Makes room for one more: the client that has been there longest without a request under way has to go. */
static bool control_make_room(struct control *c)
{
	struct control_client *client;

	if (c->client_count < CONTROL_CLIENTS_MAX)
		return true;
	DL_FOREACH (c->clients, client) {
		if (client->state == CLIENT_CLOSING)
			return true;
		if (client->state == CLIENT_IDLE) {
			control_client_close(client);
			return true;
		}
	}
	return false;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct control *c = listener->data;
	bool room = status == 0 && !c->stopping && control_make_room(c);
	struct control_client *client = status == 0 && !c->stopping ? calloc(1, sizeof(*client)) : NULL;

	if (!client)
		return;
	client->control = c;
	uv_pipe_init(c->options.loop, &client->pipe, 0);
	client->pipe.data = client;
	DL_APPEND(c->clients, client); /* NOLINT(clang-analyzer-unix.Malloc): it cannot follow lists */
	c->client_count++;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) < 0 || !room || !is_owner(&client->pipe) ||
	    uv_read_start((uv_stream_t *)&client->pipe, on_client_buffer, on_client_read) < 0) {
		log_event(LOG_LEVEL_WARNING, "control_refused");
		control_client_close(client);
	}
}

static int control_listen(struct control *c, char why[256])
{
	int fd, error = control_socket_make(c->options.home, &fd, why);

	if (error)
		return error;
	int rc = uv_pipe_open(&c->listener, fd);
	if (rc < 0)
		close(fd);
	else
		rc = uv_listen((uv_stream_t *)&c->listener, CONTROL_BACKLOG, on_connection);
	if (rc < 0)
		snprintf(why, 256, "the control socket: %s", uv_strerror(rc));
	return rc < 0 ? UNCIA_E_IO : 0;
}

static void on_control_failed(uv_handle_t *handle)
{
	free(handle->data);
}

int control_new(const struct control_options *options, struct control **control, char why[256])
{
	struct control *c = calloc(1, sizeof(*c));

	snprintf(why, 256, "%s", uncia_error_text(UNCIA_E_MEMORY));
	if (!c)
		return UNCIA_E_MEMORY;
	c->options = *options;
	uv_pipe_init(options->loop, &c->listener, 0);
	c->listener.data = c;
	int error = control_listen(c, why);
	if (error) {
		uv_close((uv_handle_t *)&c->listener, on_control_failed);
		return error;
	}
	*control = c;
	return 0;
}

void control_stop(struct control *c)
{
	struct control_client *client;

	assert(!c->stopping);
	c->stopping = true;
	control_socket_remove(c->options.home);
	uv_close((uv_handle_t *)&c->listener, NULL);
	DL_FOREACH (c->clients, client)
		control_client_close(client);
}

void control_free(struct control *c)
{
	assert(!c || (c->stopping && !c->clients));
	free(c);
}
