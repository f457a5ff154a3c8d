/* TCP streams, and the lists that they are in: young, dirty, paused. */
#include "tcp.h"
#include <assert.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>
#include "uncia/error.h"
#include "websocket.h"

/* The state of a stream. Moves, by tcp_move alone: DIALLED or ACCEPTED → HANDSHAKE → ESTABLISHED, and each of these →
 * CLOSING. */
enum tcp_state {
	STREAM_DIALLED,     /* the socket is not connected yet; there is a link */
	STREAM_ACCEPTED,    /* nothing was received yet; there is no link */
	STREAM_HANDSHAKE,   /* connected, with a link that is not established */
	STREAM_ESTABLISHED, /* messages come and go */
	STREAM_CLOSING,     /* no handler is called any more; freed by the close callback */
};

struct tcp {
	uv_tcp_t handle; /* data: this */
	struct tcp_set *set;
	enum tcp_state state;
	const struct tcp_events *events;
	void *owner;
	struct link *link;     /* NULL: STREAM_ACCEPTED */
	struct websocket *web; /* NULL: the socket's bytes are the link's as they are */
	uv_connect_t connect;
	struct tcp *young_prev, *young_next; /* in `young` from its beginning until it is established */
	bool dirty, paused;                  /* in the lists of these names, never while closing */
	bool full;                           /* not read, and not paused: until less waits for a stranger */
	struct tcp *dirty_prev, *dirty_next, *paused_prev, *paused_next;
	uint64_t deadline_ms, heard_ms, sent_ms;
	uint64_t turn,
	    resumed;       /* of the turn that `left` is of, and of the one in which it was last taken from `paused` */
	size_t left;       /* of what may be taken from it in that turn */
	bool unfinished;   /* a part of a message was received, and not the rest */
	uint64_t begun_ms; /* that part did not begin before this time */
	/* The one write that may be under way, of what the socket did not take at once. All else waits in the link's
	 * bounded write queue. */
	uv_write_t write;
	size_t writing_size; /* 0: none is under way */
};

static bool is_young(enum tcp_state state)
{
	return state < STREAM_ESTABLISHED;
}

/* The one function that changes the state of a stream once it is made. */
static void tcp_move(struct tcp *tcp, enum tcp_state to)
{
	static const unsigned char allowed[] = {
	    [STREAM_DIALLED] = 1 << STREAM_HANDSHAKE | 1 << STREAM_CLOSING,
	    [STREAM_ACCEPTED] = 1 << STREAM_HANDSHAKE | 1 << STREAM_CLOSING,
	    [STREAM_HANDSHAKE] = 1 << STREAM_ESTABLISHED | 1 << STREAM_CLOSING,
	    [STREAM_ESTABLISHED] = 1 << STREAM_CLOSING,
	    [STREAM_CLOSING] = 0,
	};

	assert(tcp->state <= STREAM_CLOSING && to <= STREAM_CLOSING);
	assert(allowed[tcp->state] & 1 << to);
	if (is_young(tcp->state) && !is_young(to))
		DL_DELETE2(tcp->set->young, tcp, young_prev, young_next);
	tcp->state = to;
}

/* ---- streams with something to write --------------------------------------------------------- */

static void dirty_add(struct tcp *tcp)
{
	if (tcp->dirty || tcp->state == STREAM_CLOSING)
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

/* ---- streams that have used up their budget ---------------------------------------------------- */

static size_t *turn_left(struct tcp *tcp)
{
	if (tcp->turn != tcp->set->turn) {
		tcp->turn = tcp->set->turn;
		tcp->left = tcp->events->stranger ? TCP_STRANGER_TURN_MAX : TCP_PEER_TURN_MAX;
	}
	return &tcp->left;
}

/* Whether too much waits for a stranger to let him ask for more. */
static bool queue_is_full(const struct tcp *tcp)
{
	return tcp->events->stranger && tcp_queued(tcp) > TCP_STRANGER_QUEUE_MAX;
}

/* What it may still have in this turn. */
static size_t budget_left(struct tcp *tcp)
{
	size_t left = queue_is_full(tcp) ? 0 : *turn_left(tcp);

	return tcp->events->stranger && tcp->set->read_budget < left ? tcp->set->read_budget : left;
}

static void budget_charge(struct tcp *tcp, size_t cost)
{
	size_t *left = turn_left(tcp), *all = &tcp->set->read_budget;

	*left -= cost < *left ? cost : *left;
	if (tcp->events->stranger)
		*all -= cost < *all ? cost : *all;
}

static void paused_add(struct tcp *tcp)
{
	assert(tcp->state != STREAM_CLOSING && !tcp->full);
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

static void on_idle(uv_idle_t *idle)
{
	(void)idle; /* that it is active keeps the loop from waiting */
}

/* Something was taken, perhaps so much that it is read on. */
static void full_end(struct tcp *tcp)
{
	if (!tcp->full || queue_is_full(tcp))
		return;
	tcp->full = false;
	tcp->begun_ms = uv_now(tcp->set->loop);
	paused_add(tcp);
	uv_idle_start(&tcp->set->idle, on_idle);
}

/* ---- closing ------------------------------------------------------------------------------- */

/* libuv has ended the write and the connection request before this, each with its callback. */
static void on_tcp_closed(uv_handle_t *handle)
{
	struct tcp *tcp = handle->data;

	assert(tcp->state == STREAM_CLOSING);
	assert(!tcp->dirty && !tcp->paused && !tcp->writing_size);
	assert(tcp->set->open > 0);
	tcp->set->open--;
	link_free(tcp->link);
	websocket_free(tcp->web);
	free(tcp);
}

void tcp_close(struct tcp *tcp)
{
	if (!tcp || tcp->state == STREAM_CLOSING)
		return;
	tcp_move(tcp, STREAM_CLOSING);
	dirty_remove(tcp);
	paused_remove(tcp);
	uv_close((uv_handle_t *)&tcp->handle, on_tcp_closed);
}

static void tcp_fail(struct tcp *tcp, const char *why)
{
	if (tcp->state == STREAM_CLOSING)
		return;
	tcp_close(tcp);
	tcp->events->down(tcp->owner, why);
}

static void on_young_timer(uv_timer_t *timer)
{
	struct tcp_set *set = timer->data;
	uint64_t now = uv_now(set->loop);

	/* The list is in order of deadlines. */
	while (set->young && set->young->deadline_ms <= now)
		tcp_fail(set->young, "handshake timeout");
	if (set->young)
		uv_timer_start(timer, on_young_timer, set->young->deadline_ms - now, 0);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* What waits to be written, in this order; either may be empty. */
static void tcp_output(struct tcp *tcp, struct bytes parts[2])
{
	struct bytes run = {0};

	if (tcp->link)
		link_output(tcp->link, &run);
	parts[0] = run;
	parts[1] = (struct bytes){0};
	if (tcp->web)
		websocket_output(tcp->web, run, parts);
}

static void tcp_output_taken(struct tcp *tcp, size_t size)
{
	if (tcp->web)
		size = websocket_output_taken(tcp->web, size);
	if (size > 0)
		link_output_taken(tcp->link, size);
}

/* How many buffers there are, none of them empty. */
static unsigned output_buffers(const struct bytes parts[2], uv_buf_t buffers[2])
{
	unsigned count = 0;

	for (unsigned i = 0; i < 2; i++)
		if (parts[i].size > 0)
			buffers[count++] = uv_buf_init((char *)parts[i].data, (unsigned)parts[i].size);
	return count;
}

static void on_written(uv_write_t *request, int status)
{
	struct tcp *tcp = request->data;

	assert(tcp->writing_size > 0);
	tcp_output_taken(tcp, tcp->writing_size);
	tcp->writing_size = 0;
	if (status < 0)
		tcp_fail(tcp, uv_strerror(status));
	else
		dirty_add(tcp); /* and read on in the flush, where it is to be */
}

/* The socket is full. The output stays in its place until it is taken, so that libuv may write from there. Returns
 * libuv's code. */
static int write_rest(struct tcp *tcp, const struct bytes parts[2])
{
	uv_buf_t buffers[2];

	assert(parts[0].size + parts[1].size > 0 && !tcp->writing_size);
	tcp->write.data = tcp;
	int error =
	    uv_write(&tcp->write, (uv_stream_t *)&tcp->handle, buffers, output_buffers(parts, buffers), on_written);
	if (error)
		return error;
	tcp->writing_size = parts[0].size + parts[1].size;
	return 0;
}

static void tcp_flush(struct tcp *tcp)
{
	struct bytes parts[2];
	uv_buf_t buffers[2];

	if (tcp->writing_size || tcp->state == STREAM_DIALLED)
		return;
	assert(tcp->state == STREAM_HANDSHAKE || tcp->state == STREAM_ESTABLISHED || tcp->web);
	tcp_output(tcp, parts);
	unsigned count = output_buffers(parts, buffers);
	if (!count) {
		full_end(tcp);
		return;
	}
	int written = uv_try_write((uv_stream_t *)&tcp->handle, buffers, count);
	if (written < 0 && written != UV_EAGAIN) {
		tcp_fail(tcp, uv_strerror(written));
		return;
	}
	if (written > 0) {
		tcp_output_taken(tcp, (size_t)written);
		tcp_output(tcp, parts);
	}
	int error = parts[0].size + parts[1].size ? write_rest(tcp, parts) : 0;
	if (error)
		tcp_fail(tcp, uv_strerror(error));
	else
		full_end(tcp);
}

/* What a WebSocket says at its end, as far as the socket takes it: nobody waits for whoever has broken off. */
static void tcp_last_words(struct tcp *tcp)
{
	struct bytes parts[2];
	uv_buf_t buffers[2];

	assert(tcp->web && tcp->state != STREAM_CLOSING);
	if (tcp->writing_size)
		return;
	websocket_output(tcp->web, (struct bytes){0}, parts);
	unsigned count = output_buffers(parts, buffers);
	if (count)
		uv_try_write((uv_stream_t *)&tcp->handle, buffers, count);
}

void tcp_set_flush(struct tcp_set *set)
{
	while (set->dirty) {
		struct tcp *tcp = set->dirty;
		dirty_remove(tcp);
		tcp_flush(tcp);
	}
}

int tcp_send(struct tcp *tcp, const void *message, size_t size)
{
	if (tcp->state == STREAM_CLOSING)
		return UNCIA_E_CLOSED;
	assert(tcp->link);
	int error = link_send(tcp->link, message, size);
	if (error)
		return error;
	tcp->sent_ms = uv_now(tcp->set->loop);
	dirty_add(tcp);
	return 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct tcp *tcp = handle->data;
	size_t room = sizeof(tcp->set->buffer);

	(void)suggested;
	assert(tcp->state != STREAM_CLOSING);
	if (room > budget_left(tcp))
		room = budget_left(tcp);
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

/* Hands out the messages that have come whole, as far as the budget goes. A handler may close the stream: nothing more
 * is delivered then. The link lives until the close callback. */
static void tcp_deliver(struct tcp *tcp)
{
	struct bytes message;
	bool whole = !tcp->unfinished;

	while (tcp->state != STREAM_CLOSING && budget_left(tcp) && link_next(tcp->link, &message)) {
		whole = true;
		budget_charge(tcp, TCP_MESSAGE_COST);
		tcp->events->message(tcp->owner, message);
	}
	tcp->unfinished = link_unfinished(tcp->link);
	if (whole)
		tcp->begun_ms = tcp->heard_ms;
}

static void stream_received(struct tcp *tcp, const uint8_t *data, size_t size)
{
	if (!tcp->link) {
		tcp->events->first(tcp->owner, tcp, *data);
		if (tcp->state == STREAM_CLOSING)
			return;
		assert(tcp->link);
	}
	uint64_t records = link_records(tcp->link);
	int error = link_feed(tcp->link, data, size);
	budget_charge(tcp, (size_t)(link_records(tcp->link) - records) * TCP_RECORD_COST);
	if (error) {
		tcp_fail(tcp, why_feed_failed(error));
		return;
	}
	dirty_add(tcp);
	if (tcp->state == STREAM_HANDSHAKE && link_established(tcp->link)) {
		tcp_move(tcp, STREAM_ESTABLISHED);
		tcp->events->established(tcp->owner);
	}
	tcp_deliver(tcp);
}

static void tcp_received(struct tcp *tcp, uint8_t *data, size_t size)
{
	int error = tcp->web ? websocket_receive(tcp->web, data, &size) : 0;

	tcp->heard_ms = uv_now(tcp->set->loop);
	if (size > 0)
		stream_received(tcp, data, size);
	if (!tcp->web || tcp->state == STREAM_CLOSING)
		return;
	dirty_add(tcp);
	if (!error)
		return;
	tcp_last_words(tcp);
	tcp_fail(tcp, error == UNCIA_E_CLOSED ? "closed" : "broke the protocol of WebSocket");
}

/* Whether it is not read for now: until the socket has taken what waits, or to the next turn. */
static bool tcp_read_end(struct tcp *tcp)
{
	if (queue_is_full(tcp)) {
		uv_read_stop((uv_stream_t *)&tcp->handle);
		tcp->full = true;
	} else if (!budget_left(tcp)) {
		paused_add(tcp);
	}
	return tcp->full || tcp->paused;
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct tcp *tcp = stream->data;

	assert(tcp->state != STREAM_CLOSING && tcp->state != STREAM_DIALLED && !tcp->paused);
	if (size < 0 && size != UV_ENOBUFS) { /* that: nothing was read, as there was no room to read into */
		tcp_fail(tcp, size == UV_EOF ? TCP_CLOSED : uv_strerror((int)size));
		return;
	}
	if (size > 0) {
		budget_charge(tcp, (size_t)size);
		tcp_received(tcp, (uint8_t *)buffer->base, (size_t)size);
	}
	/* Messages may be left in its link: it is not read before they are taken. */
	if (tcp->state != STREAM_CLOSING)
		tcp_read_end(tcp);
}

/* It is read on, unless what has come already takes all its budget. */
static void tcp_resume(struct tcp *tcp)
{
	paused_remove(tcp);
	tcp->resumed = tcp->set->turn;
	if (tcp->link)
		tcp_deliver(tcp);
	if (tcp->state == STREAM_CLOSING || tcp_read_end(tcp))
		return;
	int error = uv_read_start((uv_stream_t *)&tcp->handle, give_buffer, on_read);
	if (error)
		tcp_fail(tcp, uv_strerror(error));
}

void tcp_set_begin(struct tcp_set *set)
{
	set->turn++;
	set->read_budget = TCP_STRANGERS_TURN_MAX;
	while (set->paused && set->paused->resumed != set->turn)
		tcp_resume(set->paused);
	if (set->paused)
		uv_idle_start(&set->idle, on_idle);
	else
		uv_idle_stop(&set->idle);
}

/* ---- making -------------------------------------------------------------------------------- */

static struct tcp *tcp_make(struct tcp_set *set, enum tcp_state state, const struct tcp_events *events, void *owner)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	assert(is_young(state) && events);
	if (!tcp)
		return NULL;
	tcp->set = set;
	tcp->state = state;
	tcp->events = events;
	tcp->owner = owner;
	tcp->heard_ms = tcp->sent_ms = uv_now(set->loop);
	if (uv_tcp_init(set->loop, &tcp->handle) < 0) {
		free(tcp);
		return NULL;
	}
	tcp->handle.data = tcp;
	set->open++;
	/* Every stream has the same time for its handshake, so the list is in order of deadlines. */
	tcp->deadline_ms = uv_now(set->loop) + set->handshake_timeout_ms;
	DL_APPEND2(set->young, tcp, young_prev, young_next);
	if (!uv_is_active((uv_handle_t *)&set->young_timer))
		uv_timer_start(&set->young_timer, on_young_timer, set->handshake_timeout_ms, 0);
	return tcp;
}

static int start_reading(struct tcp *tcp)
{
	uv_tcp_nodelay(&tcp->handle, 1);
	return uv_read_start((uv_stream_t *)&tcp->handle, give_buffer, on_read);
}

/* Keepalive probes find a wallet that has gone without closing its connection, as phones do. The user timeout ends a
 * connection that takes nothing of what was sent. Where these cannot be set, the stream is served all the same. */
static void keep_alive(int fd)
{
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int){TCP_SILENCE_S}, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &(int){TCP_SILENCE_S / 6}, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){TCP_SILENCE_S * 1500u}, sizeof(unsigned));
}

int tcp_open(struct tcp_set *set, int fd, const struct tcp_events *events, void *owner, struct tcp **out)
{
	struct tcp *tcp = tcp_make(set, STREAM_ACCEPTED, events, owner);

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
	keep_alive(fd);
	*out = tcp;
	return 0;
}

int tcp_set_websocket(struct tcp *tcp)
{
	assert(tcp->state == STREAM_ACCEPTED && !tcp->web);
	return websocket_new(&tcp->web);
}

int tcp_attach(struct tcp *tcp, const struct link_options *options, const struct tcp_events *events, void *owner)
{
	assert(tcp->state == STREAM_ACCEPTED && !tcp->link);
	assert(!options->initiator && events->established && events->message && events->down);
	int error = link_new(options, &tcp->link);
	if (error)
		return error;
	tcp_move(tcp, STREAM_HANDSHAKE);
	tcp->events = events;
	tcp->owner = owner;
	return 0;
}

static void on_connected(uv_connect_t *request, int status)
{
	struct tcp *tcp = request->data;

	if (tcp->state == STREAM_CLOSING) /* UV_ECANCELED */
		return;
	if (status == 0)
		status = start_reading(tcp);
	if (status < 0) {
		tcp_fail(tcp, uv_strerror(status));
		return;
	}
	tcp_move(tcp, STREAM_HANDSHAKE);
	dirty_add(tcp); /* the handshake's first message */
}

int tcp_connect(struct tcp_set *set, const struct sockaddr *address, const struct link_options *options,
                const struct tcp_events *events, void *owner, struct tcp **out)
{
	struct tcp *tcp = tcp_make(set, STREAM_DIALLED, events, owner);

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
	*out = tcp;
	return 0;
}

void tcp_address(const struct tcp *tcp, struct net_address *address)
{
	struct sockaddr_storage storage = {0};
	int size = sizeof(storage);

	uv_tcp_getpeername(&tcp->handle, (struct sockaddr *)&storage, &size);
	net_address_of((const struct sockaddr *)&storage, address);
}

const uint8_t *tcp_remote_static(const struct tcp *tcp)
{
	return tcp->link ? link_remote_static(tcp->link) : NULL;
}

size_t tcp_queued(const struct tcp *tcp)
{
	return tcp->link ? link_queued(tcp->link) : 0;
}

unsigned tcp_unfinished_ms(const struct tcp *tcp)
{
	return tcp->unfinished && !tcp->full ? (unsigned)(uv_now(tcp->set->loop) - tcp->begun_ms) : 0;
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
	set->read_budget = TCP_STRANGERS_TURN_MAX;
	if (uv_timer_init(loop, &set->young_timer) < 0)
		return UNCIA_E_IO;
	uv_idle_init(loop, &set->idle);
	set->young_timer.data = set;
	return 0;
}

void tcp_set_stop(struct tcp_set *set)
{
	assert(!set->young && !set->dirty && !set->paused);
	uv_close((uv_handle_t *)&set->young_timer, NULL);
	uv_close((uv_handle_t *)&set->idle, NULL);
}
