/* Connections that ask one thing each. See http.h. */
#include "http.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>
#include "http_request.h"
#include "uncia/error.h"

#define HEAD_SIZE       512
#define TICK_MS         100u
#define ACCEPTS_AT_ONCE 16

/* The state of a connection. Moves, by http_move alone: READING → WAITING → WRITING → DRAINING, READING → WRITING where
 * the request is refused, and each → CLOSING. */
enum http_state {
	HTTP_READING,  /* the request */
	HTTP_WAITING,  /* for its answer */
	HTTP_WRITING,  /* that */
	HTTP_DRAINING, /* it is written: the other side has to end. Closing at once, with bytes unread, would take it
	                  back */
	HTTP_CLOSING,  /* freed by the close callback */
};

struct http_connection {
	uv_tcp_t handle; /* data: this */
	struct http_server *server;
	enum http_state state;
	struct http_connection *prev, *next; /* in `all`, until it closes */
	uint64_t began_ms, asked_ms;
	struct http_request request;
	size_t discarded; /* bytes behind it */
	bool ended;       /* the other side has */
	char head[HEAD_SIZE];
	struct http_body *body;
	uv_write_t write;
	uv_shutdown_t shutdown;
};

struct http_server {
	struct http_options options;
	struct http_counters counters;
	uv_poll_t listener; /* accepting by itself: libuv's own cannot be paused, nor go on where memory was short */
	uv_timer_t tick;
	bool paused;                 /* for want of file descriptors: until the next tick */
	struct http_connection *all; /* oldest first */
	unsigned count;
	bool stopped;
	char buffer[4096]; /* what is read is looked at before the next read */
};

/* ---- bodies -------------------------------------------------------------------------------------- */

struct http_body *http_body_new(const char *bytes, size_t size)
{
	struct http_body *body = malloc(sizeof(*body) + size);

	if (!body)
		return NULL;
	body->references = 1;
	body->size = size;
	memcpy(body->bytes, bytes, size);
	return body;
}

struct http_body *http_body_ref(struct http_body *body)
{
	assert(body->references > 0);
	body->references++;
	return body;
}

void http_body_release(struct http_body *body)
{
	if (!body)
		return;
	assert(body->references > 0);
	if (!--body->references)
		free(body);
}

/* ---- the life of a connection ---------------------------------------------------------------------- */

static void http_move(struct http_connection *c, enum http_state to)
{
	assert(c->state < HTTP_CLOSING && to > c->state && to <= HTTP_CLOSING);
	assert(to != HTTP_DRAINING || c->state == HTTP_WRITING);
	c->state = to;
}

static void on_http_closed(uv_handle_t *handle)
{
	struct http_connection *c = handle->data;

	http_body_release(c->body);
	free(c);
}

static void http_close(struct http_connection *c)
{
	struct http_server *s = c->server;

	if (c->state == HTTP_CLOSING)
		return;
	http_move(c, HTTP_CLOSING);
	DL_DELETE(s->all, c);
	s->count--;
	if (!s->count && !s->stopped && !s->paused)
		uv_timer_stop(&s->tick);
	uv_close((uv_handle_t *)&c->handle, on_http_closed);
}

static void on_http_readable(uv_poll_t *poll, int status, int events);
static void on_http_tick(uv_timer_t *timer);

static void tick_begin(struct http_server *s)
{
	if (!uv_is_active((uv_handle_t *)&s->tick))
		uv_timer_start(&s->tick, on_http_tick, TICK_MS, TICK_MS);
}

/* The list is in the order in which they came, and all have the same time. */
static void on_http_tick(uv_timer_t *timer)
{
	struct http_server *s = timer->data;

	if (s->paused) {
		s->paused = false;
		uv_poll_start(&s->listener, UV_READABLE, on_http_readable);
		if (!s->count)
			uv_timer_stop(timer);
	}
	while (s->all && uv_now(s->options.loop) - s->all->began_ms >= s->options.time_ms) {
		s->counters.timed_out++;
		http_close(s->all);
	}
	if (http_waiting(s)) /* its owner may want to give up on it */
		s->options.asked(s->options.context);
}

/* ---- answers --------------------------------------------------------------------------------------- */

static const char *status_text(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	default:
		return "Unknown";
	}
}

static void on_http_shutdown(uv_shutdown_t *request, int status)
{
	struct http_connection *c = request->data;

	if (c->state != HTTP_CLOSING && (status < 0 || c->ended))
		http_close(c);
}

static void on_http_written(uv_write_t *request, int status)
{
	struct http_connection *c = request->data;

	if (c->state == HTTP_CLOSING)
		return;
	http_move(c, HTTP_DRAINING);
	c->shutdown.data = c;
	if (status < 0 || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->handle, on_http_shutdown) < 0)
		http_close(c);
}

void http_answer(struct http_connection *c, unsigned status, const char *type, struct http_body *body)
{
	uv_buf_t buffers[2];

	assert(c->state == HTTP_READING || c->state == HTTP_WAITING);
	http_move(c, HTTP_WRITING);
	c->server->counters.answered += status == 200;
	c->body = body;
	int size = snprintf(c->head, sizeof(c->head),
	                    "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
	                    "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
	                    status, status_text(status), type, body->size, status == 405 ? "Allow: GET, HEAD\r\n" : "");
	assert(size > 0 && (size_t)size < sizeof(c->head));
	buffers[0] = uv_buf_init(c->head, (unsigned)size);
	buffers[1] = uv_buf_init(body->bytes, (unsigned)body->size);
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->handle, buffers, c->request.head_only ? 1 : 2, on_http_written) < 0)
		http_close(c);
}

static void http_refuse(struct http_connection *c, unsigned status, const char *text)
{
	struct http_body *body = http_body_new(text, strlen(text));

	c->server->counters.refused++;
	if (body)
		http_answer(c, status, "text/plain; charset=utf-8", body);
	else
		http_close(c);
}

/* ---- requests -------------------------------------------------------------------------------------- */

static void request_whole(struct http_connection *c)
{
	struct http_server *s = c->server;

	http_move(c, HTTP_WAITING);
	c->asked_ms = uv_now(s->options.loop);
	s->options.asked(s->options.context);
}

static void http_received(struct http_connection *c, const char *data, size_t size)
{
	if (c->state != HTTP_READING) {
		c->discarded += size;
		if (c->discarded > HTTP_DISCARDED_MAX)
			http_close(c);
		return;
	}
	switch (http_request_feed(&c->request, data, size)) {
	case HTTP_MORE:
		break;
	case HTTP_WHOLE:
		request_whole(c);
		break;
	case HTTP_METHOD_WRONG:
		http_refuse(c, 405, "GET and HEAD only.\n");
		break;
	case HTTP_TOO_LONG:
		http_refuse(c, 431, "The request is too long.\n");
		break;
	case HTTP_NONSENSE:
		http_refuse(c, 400, "That is no request of HTTP.\n");
		break;
	}
}

static void give_http_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct http_connection *c = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(c->server->buffer, sizeof(c->server->buffer));
}

/* Who has ended his side may still wait for the answer. */
static void on_http_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct http_connection *c = stream->data;

	assert(c->state != HTTP_CLOSING);
	if (size > 0) {
		http_received(c, buffer->base, (size_t)size);
	} else if (size == UV_EOF && (c->state == HTTP_WAITING || c->state == HTTP_WRITING)) {
		c->ended = true;
		uv_read_stop(stream);
	} else if (size < 0) {
		http_close(c);
	}
}

/* ---- accepting ------------------------------------------------------------------------------------- */

static void http_begin(struct http_connection *c)
{
	struct http_server *s = c->server;

	if (s->count == HTTP_CONNECTIONS_MAX) {
		s->counters.pushed_out++;
		http_close(s->all);
	}
	tick_begin(s);
	DL_APPEND(s->all, c); /* NOLINT(clang-analyzer-unix.Malloc): it cannot follow lists */
	s->count++;
	s->counters.accepted++;
	c->began_ms = uv_now(s->options.loop);
	http_request_begin(&c->request);
	if (uv_read_start((uv_stream_t *)&c->handle, give_http_buffer, on_http_read) < 0)
		http_close(c);
}

static void on_http_unmade(uv_handle_t *handle)
{
	free(handle->data);
}

/* Takes over the socket. */
static void http_accept(struct http_server *s, int fd)
{
	struct http_connection *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return;
	}
	c->server = s;
	uv_tcp_init(s->options.loop, &c->handle);
	c->handle.data = c;
	if (uv_tcp_open(&c->handle, fd) < 0) {
		close(fd);
		uv_close((uv_handle_t *)&c->handle, on_http_unmade);
	} else {
		http_begin(c);
	}
}

static void http_pause(struct http_server *s)
{
	s->paused = true;
	uv_poll_stop(&s->listener);
	tick_begin(s);
}

static void on_http_readable(uv_poll_t *poll, int status, int events)
{
	struct http_server *s = poll->data;

	(void)events;
	if (status < 0) {
		http_pause(s);
		return;
	}
	uv_update_time(s->options.loop);
	for (unsigned i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(s->options.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			http_accept(s, fd);
		} else if (errno == EAGAIN) {
			return;
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			http_pause(s);
			return;
		} /* anything else was that connection's own failure */
	}
}

int http_new(const struct http_options *options, struct http_server **server)
{
	struct http_server *s = calloc(1, sizeof(*s));
	int error = s ? 0 : UNCIA_E_MEMORY;

	assert(options->asked && options->fd >= 0);
	if (!error) {
		s->options = *options;
		s->options.time_ms = options->time_ms ? options->time_ms : HTTP_TIME_MS;
		error = uv_poll_init(options->loop, &s->listener, options->fd) < 0 ? UNCIA_E_IO : 0;
	}
	if (error) {
		close(options->fd);
		free(s);
		return error;
	}
	uv_timer_init(options->loop, &s->tick);
	s->tick.data = s->listener.data = s;
	uv_poll_start(&s->listener, UV_READABLE, on_http_readable);
	*server = s;
	return 0;
}

struct http_connection *http_waiting(struct http_server *s)
{
	struct http_connection *c;

	DL_FOREACH (s->all, c) {
		if (c->state == HTTP_WAITING)
			return c;
	}
	return NULL;
}

const char *http_path(const struct http_connection *c)
{
	assert(c->state == HTTP_WAITING);
	return c->request.path;
}

uint64_t http_waits_ms(const struct http_connection *c)
{
	return uv_now(c->server->options.loop) - c->asked_ms;
}

const struct http_counters *http_counters(const struct http_server *s)
{
	return &s->counters;
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct http_server *s = handle->data;

	close(s->options.fd);
}

void http_stop(struct http_server *s)
{
	assert(!s->stopped);
	s->stopped = true;
	while (s->all)
		http_close(s->all);
	uv_close((uv_handle_t *)&s->tick, NULL);
	uv_close((uv_handle_t *)&s->listener, on_listener_closed);
}

void http_free(struct http_server *s)
{
	assert(!s || (s->stopped && !s->count));
	free(s);
}
