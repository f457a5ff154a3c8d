/* One TCP stream with a link on it. */
#include "tcp.h"
#include <assert.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>
#include "uncia/error.h"

struct tcp {
	uv_tcp_t handle; /* data: this */
	struct tcp_set *set;
	const struct tcp_events *events;
	void *owner;
	struct link *link; /* NULL: inbound, nothing received yet */
	uv_connect_t connect;
	bool connected, closing, established, dirty, young, paused;
	struct tcp *dirty_prev, *dirty_next, *young_prev, *young_next, *paused_prev, *paused_next;
	uint64_t deadline_ms, heard_ms, sent_ms;
	bool unfinished; /* of a message only a part was received; not before: */
	uint64_t begun_ms;
	/* What the socket did not take at once. One write at most is under way: the link's own bounded queue is the one
	 * that grows. */
	uv_write_t write;
	bool writing;
	size_t writing_size;
};

/* ---- streams that are not established yet --------------------------------------------------- */

static void on_young_timer(uv_timer_t *timer);

static void young_remove(struct tcp *tcp)
{
	struct tcp_set *set = tcp->set;

	if (!tcp->young)
		return;
	tcp->young = false;
	DL_DELETE2(set->young, tcp, young_prev, young_next);
}

static void young_add(struct tcp *tcp)
{
	struct tcp_set *set = tcp->set;

	/* All have the same time, so that the list is in order of deadlines. */
	tcp->deadline_ms = uv_now(set->loop) + set->handshake_timeout_ms;
	tcp->young = true;
	DL_APPEND2(set->young, tcp, young_prev, young_next);
	if (!uv_is_active((uv_handle_t *)&set->young_timer))
		uv_timer_start(&set->young_timer, on_young_timer, set->handshake_timeout_ms, 0);
}

/* ---- streams with something to write --------------------------------------------------------- */

static void mark_dirty(struct tcp *tcp)
{
	if (tcp->dirty || tcp->closing)
		return;
	tcp->dirty = true;
	DL_APPEND2(tcp->set->dirty, tcp, dirty_prev, dirty_next);
}

static void dirty_remove(struct tcp *tcp)
{
	struct tcp_set *set = tcp->set;

	if (!tcp->dirty)
		return;
	tcp->dirty = false;
	DL_DELETE2(set->dirty, tcp, dirty_prev, dirty_next);
}

/* ---- strangers who have had their share -------------------------------------------------------- */

static void pause_reading(struct tcp *tcp)
{
	if (tcp->paused)
		return;
	uv_read_stop((uv_stream_t *)&tcp->handle);
	tcp->paused = true;
	DL_APPEND2(tcp->set->paused, tcp, paused_prev, paused_next);
}

static void paused_remove(struct tcp *tcp)
{
	struct tcp_set *set = tcp->set;

	if (!tcp->paused)
		return;
	tcp->paused = false;
	DL_DELETE2(set->paused, tcp, paused_prev, paused_next);
}

/* ---- closing ------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct tcp *tcp = handle->data;

	tcp->set->open--;
	link_free(tcp->link);
	free(tcp);
}

void tcp_close(struct tcp *tcp)
{
	if (!tcp || tcp->closing)
		return;
	tcp->closing = true;
	young_remove(tcp);
	dirty_remove(tcp);
	paused_remove(tcp);
	uv_close((uv_handle_t *)&tcp->handle, on_closed);
}

static void fail(struct tcp *tcp, const char *why)
{
	if (tcp->closing)
		return;
	tcp_close(tcp);
	tcp->events->down(tcp->owner, why);
}

static void on_young_timer(uv_timer_t *timer)
{
	struct tcp_set *set = timer->data;
	uint64_t now = uv_now(set->loop);

	while (set->young && set->young->deadline_ms <= now)
		fail(set->young, "handshake timeout");
	if (set->young)
		uv_timer_start(timer, on_young_timer, set->young->deadline_ms - now, 0);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void on_written(uv_write_t *request, int status)
{
	struct tcp *tcp = request->data;

	tcp->writing = false;
	link_output_taken(tcp->link, tcp->writing_size);
	if (status < 0)
		fail(tcp, uv_strerror(status));
	else
		mark_dirty(tcp);
}

/* The socket is full. The link keeps the run in its place until it is taken, so libuv may write from there. */
static int write_rest(struct tcp *tcp, struct bytes run)
{
	uv_buf_t buffer = uv_buf_init((char *)run.data, (unsigned)run.size);

	tcp->write.data = tcp;
	int error = uv_write(&tcp->write, (uv_stream_t *)&tcp->handle, &buffer, 1, on_written);
	if (error)
		return error;
	tcp->writing = true;
	tcp->writing_size = run.size;
	return 0;
}

static void flush(struct tcp *tcp)
{
	struct bytes run;

	if (tcp->closing || tcp->writing || !tcp->connected || !tcp->link)
		return;
	link_output(tcp->link, &run);
	if (!run.size)
		return;
	uv_buf_t buffer = uv_buf_init((char *)run.data, (unsigned)run.size);
	int written = uv_try_write((uv_stream_t *)&tcp->handle, &buffer, 1);
	if (written < 0 && written != UV_EAGAIN) {
		fail(tcp, uv_strerror(written));
		return;
	}
	if (written > 0) {
		link_output_taken(tcp->link, (size_t)written);
		link_output(tcp->link, &run);
	}
	int error = run.size ? write_rest(tcp, run) : 0;
	if (error)
		fail(tcp, uv_strerror(error));
}

void tcp_set_flush(struct tcp_set *set)
{
	while (set->dirty) {
		struct tcp *tcp = set->dirty;
		dirty_remove(tcp);
		flush(tcp);
	}
}

int tcp_send(struct tcp *tcp, const void *message, size_t size)
{
	if (tcp->closing)
		return UNCIA_E_CLOSED;
	int error = link_send(tcp->link, message, size);
	if (error)
		return error;
	tcp->sent_ms = uv_now(tcp->set->loop);
	mark_dirty(tcp);
	return 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct tcp *tcp = handle->data;

	size_t room = sizeof(tcp->set->buffer);

	(void)suggested;
	if (tcp->events->stranger) {
		room = TCP_STRANGER_TURN_MAX;
		if (room > tcp->set->strangers_left)
			room = tcp->set->strangers_left;
	}
	*buffer = uv_buf_init(tcp->set->buffer, (unsigned)room);
}

static const char *why_feed_failed(int error)
{
	switch (error) {
	case UNCIA_E_SIGNATURE:
		return "not authentic";
	case UNCIA_E_LIMIT:
		return "message too large";
	case UNCIA_E_MEMORY:
		return "out of memory";
	default:
		return "broke the protocol";
	}
}

static void received(struct tcp *tcp, const void *data, size_t size)
{
	struct bytes message;

	tcp->heard_ms = uv_now(tcp->set->loop);
	if (!tcp->link) {
		tcp->events->first(tcp->owner, tcp, *(const uint8_t *)data);
		if (tcp->closing)
			return;
		assert(tcp->link);
	}
	int error = link_feed(tcp->link, data, size);
	if (error) {
		fail(tcp, why_feed_failed(error));
		return;
	}
	mark_dirty(tcp);
	if (!tcp->established && link_established(tcp->link)) {
		tcp->established = true;
		young_remove(tcp);
		tcp->events->established(tcp->owner);
	}
	bool whole = !tcp->unfinished;
	/* A handler may close the stream: its link lives on until the close callback, but nothing more is delivered. */
	while (!tcp->closing && link_next(tcp->link, &message)) {
		whole = true;
		tcp->events->message(tcp->owner, message);
	}
	tcp->unfinished = link_unfinished(tcp->link);
	if (whole)
		tcp->begun_ms = tcp->heard_ms;
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct tcp *tcp = stream->data;

	if (tcp->closing || size == 0)
		return;
	if (size == UV_ENOBUFS) { /* nothing was read: the strangers' share of this turn is used up */
		pause_reading(tcp);
		return;
	}
	if (size < 0) {
		fail(tcp, size == UV_EOF ? "closed" : uv_strerror((int)size));
		return;
	}
	if (tcp->events->stranger) {
		tcp->set->strangers_left -= (size_t)size;
		if ((size_t)size == buffer->len)
			pause_reading(tcp);
	}
	received(tcp, buffer->base, (size_t)size);
}

void tcp_set_begin(struct tcp_set *set)
{
	set->strangers_left = TCP_STRANGERS_TURN_MAX;
	while (set->paused) {
		struct tcp *tcp = set->paused;
		paused_remove(tcp);
		int error = uv_read_start((uv_stream_t *)&tcp->handle, give_buffer, on_read);
		if (error)
			fail(tcp, uv_strerror(error));
	}
}

/* ---- making -------------------------------------------------------------------------------- */

static struct tcp *make(struct tcp_set *set, const struct tcp_events *events, void *owner)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	if (!tcp)
		return NULL;
	tcp->set = set;
	tcp->events = events;
	tcp->owner = owner;
	tcp->heard_ms = tcp->sent_ms = uv_now(set->loop);
	if (uv_tcp_init(set->loop, &tcp->handle) < 0) {
		free(tcp);
		return NULL;
	}
	tcp->handle.data = tcp;
	set->open++;
	return tcp;
}

static int start_reading(struct tcp *tcp)
{
	tcp->connected = true;
	uv_tcp_nodelay(&tcp->handle, 1);
	return uv_read_start((uv_stream_t *)&tcp->handle, give_buffer, on_read);
}

/* Somebody who is gone without a word, as phones go, is found out: after a silence TCP asks whether he is still there.
 * The time-out holds also for what was sent and not taken. No failure of these is worth refusing the stream. */
static void watch(int fd)
{
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int){TCP_SILENCE_S}, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &(int){TCP_SILENCE_S / 6}, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){TCP_SILENCE_S * 1500u}, sizeof(unsigned));
}

int tcp_open(struct tcp_set *set, int fd, const struct tcp_events *events, void *owner, struct tcp **out)
{
	struct tcp *tcp = make(set, events, owner);

	if (!tcp) {
		close(fd);
		return UNCIA_E_MEMORY;
	}
	if (uv_tcp_open(&tcp->handle, fd) < 0) {
		close(fd);
		tcp_close(tcp);
		return UNCIA_E_IO;
	}
	if (start_reading(tcp) < 0) {
		tcp_close(tcp);
		return UNCIA_E_IO;
	}
	watch(fd);
	young_add(tcp);
	*out = tcp;
	return 0;
}

int tcp_attach(struct tcp *tcp, const struct link_options *options, const struct tcp_events *events, void *owner)
{
	assert(!tcp->link && !tcp->closing);
	int error = link_new(options, &tcp->link);
	if (error)
		return error;
	tcp->events = events;
	tcp->owner = owner;
	return 0;
}

static void on_connected(uv_connect_t *request, int status)
{
	struct tcp *tcp = request->data;

	if (tcp->closing)
		return;
	if (status == 0)
		status = start_reading(tcp);
	if (status < 0)
		fail(tcp, uv_strerror(status));
	else
		mark_dirty(tcp); /* the handshake's first message */
}

int tcp_connect(struct tcp_set *set, const struct sockaddr *address, const struct link_options *options,
                const struct tcp_events *events, void *owner, struct tcp **out)
{
	struct tcp *tcp = make(set, events, owner);

	if (!tcp)
		return UNCIA_E_MEMORY;
	int error = link_new(options, &tcp->link);
	if (!error) {
		tcp->connect.data = tcp;
		error = uv_tcp_connect(&tcp->connect, &tcp->handle, address, on_connected) < 0 ? UNCIA_E_IO : 0;
	}
	if (error) {
		tcp_close(tcp);
		return error;
	}
	young_add(tcp);
	*out = tcp;
	return 0;
}

void tcp_source(const struct tcp *tcp, struct net_address *source)
{
	struct sockaddr_storage storage = {0};
	struct net_address address;
	int size = sizeof(storage);

	uv_tcp_getpeername(&tcp->handle, (struct sockaddr *)&storage, &size);
	net_address_of((const struct sockaddr *)&storage, &address);
	net_address_source(&address, source);
}

const uint8_t *tcp_remote_static(const struct tcp *tcp)
{
	return tcp->link ? link_remote_static(tcp->link) : NULL;
}

bool tcp_established(const struct tcp *tcp)
{
	return tcp->established;
}

size_t tcp_queued(const struct tcp *tcp)
{
	return tcp->link ? link_queued(tcp->link) : 0;
}

unsigned tcp_unfinished_ms(const struct tcp *tcp)
{
	return tcp->unfinished ? (unsigned)(uv_now(tcp->set->loop) - tcp->begun_ms) : 0;
}

uint64_t tcp_heard_ms(const struct tcp *tcp)
{
	return tcp->heard_ms;
}

uint64_t tcp_sent_ms(const struct tcp *tcp)
{
	return tcp->sent_ms;
}

int tcp_set_init(struct tcp_set *set, uv_loop_t *loop, unsigned handshake_timeout_ms)
{
	memset(set, 0, sizeof(*set));
	set->loop = loop;
	set->handshake_timeout_ms = handshake_timeout_ms;
	set->strangers_left = TCP_STRANGERS_TURN_MAX;
	if (uv_timer_init(loop, &set->young_timer) < 0)
		return UNCIA_E_IO;
	set->young_timer.data = set;
	return 0;
}

void tcp_set_stop(struct tcp_set *set)
{
	uv_close((uv_handle_t *)&set->young_timer, NULL);
}
