/* The listening sockets. The loop polls them and accepts by itself: libuv's own listener cannot be paused. */
#include "listener.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>
#include "admission.h"
#include "log.h"
#include "net_listen.h"
#include "uncia/error.h"

#define ACCEPTS_IN_ONE_TURN 64 /* so that the votes of the turn do not wait for a flood */

struct door;

/* A connection of which no byte has come yet; of a WebSocket, none of the stream inside. */
struct waiting {
	struct door *door;
	struct tcp *tcp;
	struct waiting *prev, *next;
};

/* The state of a listening socket. Moves, by door_move alone: ACCEPTING → PAUSED → ACCEPTING, and both → STOPPED. */
enum door_state {
	DOOR_ACCEPTING,
	DOOR_PAUSED, /* for want of file descriptors; the timer ends it */
	DOOR_STOPPED
};

/* A listening socket. Each has places of its own for those who wait: a crowd at one keeps nobody out at the other. */
struct door {
	struct listener *listener;
	enum door_state state;
	bool web;
	int fd, port;
	uv_poll_t poll;
	uv_timer_t pause;
	struct waiting *waiting; /* oldest first */
	unsigned waiting_count;
};

enum { DOOR_PLAIN, DOOR_WEB, DOORS };

struct listener {
	struct tcp_set *set;
	struct listener_events events;
	struct listener_counters counters;
	struct admission admission; /* of both: what is limited is the work of handshakes */
	struct door doors[DOORS];
	unsigned door_count; /* 1: there is none for WebSockets */
};

static void door_move(struct door *door, enum door_state to)
{
	assert(door->state != DOOR_STOPPED && to <= DOOR_STOPPED);
	assert(to == DOOR_STOPPED || door->state == (to == DOOR_PAUSED ? DOOR_ACCEPTING : DOOR_PAUSED));
	door->state = to;
}

static void waiting_forget(struct waiting *w)
{
	struct door *door = w->door;

	assert(door->waiting && door->waiting_count > 0);
	DL_DELETE(door->waiting, w);
	door->waiting_count--;
	free(w);
}

static void on_waiting_first(void *owner, struct tcp *tcp, uint8_t byte)
{
	struct waiting *w = owner;
	struct door *door = w->door;
	struct listener *l = door->listener;
	enum noise_pattern pattern;

	assert(w->tcp == tcp && door->state != DOOR_STOPPED);
	waiting_forget(w);
	if (link_peek(byte, &pattern) < 0 || (door->web && pattern == NOISE_IK)) {
		l->counters.bad_first_byte++;
		tcp_close(tcp);
		return;
	}
	(pattern == NOISE_IK ? l->events.validator : l->events.wallet)(l->events.context, tcp);
}

static void on_waiting_down(void *owner, const char *why)
{
	struct waiting *w = owner;
	struct door *door = w->door;

	(void)why;
	if (door->web)
		door->listener->counters.web_failed++;
	else
		door->listener->counters.timed_out++;
	waiting_forget(w);
}

/* Without a link no stream is established and no message comes; with its link a stream is given other handlers. */
static const struct tcp_events waiting_events = {.stranger = true, .first = on_waiting_first, .down = on_waiting_down};

static int door_open_stream(struct door *door, int fd, struct waiting *w)
{
	int error = tcp_open(door->listener->set, fd, &waiting_events, w, &w->tcp);

	if (error || !door->web)
		return error;
	error = tcp_set_websocket(w->tcp);
	if (error)
		tcp_close(w->tcp);
	return error;
}

static void door_take(struct door *door, int fd)
{
	struct listener_counters *counters = &door->listener->counters;
	struct waiting *w = calloc(1, sizeof(*w));

	if (!w) {
		close(fd);
		return;
	}
	if (door->waiting_count == LISTENER_WAITING_MAX) {
		struct waiting *oldest = door->waiting;
		counters->pushed_out++;
		counters->web_failed += door->web;
		tcp_close(oldest->tcp);
		waiting_forget(oldest);
	}
	w->door = door;
	if (door_open_stream(door, fd, w) < 0) {
		free(w);
		return;
	}
	DL_APPEND(door->waiting, w);
	door->waiting_count++;
	assert(door->waiting_count <= LISTENER_WAITING_MAX);
	counters->accepted++;
	counters->web_accepted += door->web;
}

void listener_charge(struct listener *l, const struct net_address *address)
{
	if (address && !net_address_loopback(address))
		admission_charge(&l->admission, address, uv_now(l->set->loop));
}

static bool admitted(struct door *door, const struct sockaddr *from)
{
	struct listener *l = door->listener;
	struct net_address address;
	char text[NET_ADDRESS_TEXT_SIZE];

	net_address_of(from, &address);
	/* WebSockets come from loopback through a proxy, whose clients may be anybody. */
	if (!door->web && (net_address_loopback(&address) || l->events.exempt(l->events.context, &address)))
		return true;
	if (admission_try(&l->admission, &address, uv_now(l->set->loop)))
		return true;
	l->counters.refused_rate++;
	net_address_format(&address, text);
	log_event(LOG_LEVEL_WARNING, "handshake_limit", LOG_TEXT("from", text),
	          LOG_NUMBER("refused", l->counters.refused_rate));
	return false;
}

static void on_readable(uv_poll_t *poll, int status, int readable);

static void on_pause_over(uv_timer_t *timer)
{
	struct door *door = timer->data;

	door_move(door, DOOR_ACCEPTING);
	uv_poll_start(&door->poll, UV_READABLE, on_readable);
}

/* faults 16: where file descriptors run out, accepting pauses, and the links that exist stay. */
static void pause_accepting(struct door *door, int error)
{
	door_move(door, DOOR_PAUSED);
	door->listener->counters.pauses++;
	log_event(LOG_LEVEL_WARNING, "accept_paused", LOG_TEXT("why", strerror(error)));
	uv_poll_stop(&door->poll);
	uv_timer_start(&door->pause, on_pause_over, ACCEPT_PAUSE_MS, 0);
}

static void on_readable(uv_poll_t *poll, int status, int readable)
{
	struct door *door = poll->data;

	(void)readable;
	assert(door->state == DOOR_ACCEPTING);
	if (status < 0) {
		pause_accepting(door, -status);
		return;
	}
	for (unsigned i = 0; i < ACCEPTS_IN_ONE_TURN; i++) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		int fd = accept4(door->fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			if (admitted(door, (struct sockaddr *)&from))
				door_take(door, fd);
			else
				close(fd);
		} else if (errno == EAGAIN) {
			break;
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			pause_accepting(door, errno);
			break;
		} /* anything else was that connection's own failure */
	}
}

/* Binds the sockets, all or none. */
static int doors_bind(struct listener *l, const struct listener_options *o, char why[256])
{
	struct door *plain = &l->doors[DOOR_PLAIN], *web = &l->doors[DOOR_WEB];
	int error = net_listen(o->host, o->port, &plain->fd, &plain->port, why);

	if (error || !o->web_host) {
		l->door_count = 1;
		return error;
	}
	error = net_listen(o->web_host, o->web_port, &web->fd, &web->port, why);
	if (error)
		close(plain->fd);
	l->door_count = DOORS;
	return error;
}

/* A listener that was not made after all is freed when the loop has closed what it watched. */
static void on_unmade(uv_handle_t *handle)
{
	struct door *door = handle->data;

	close(door->fd);
	free(door->listener);
}

/* Returns libuv's code; the listener is then gone, or about to be. */
static int doors_watch(struct listener *l)
{
	struct door *plain = &l->doors[DOOR_PLAIN], *web = &l->doors[DOOR_WEB];
	int error = uv_poll_init(l->set->loop, &plain->poll, plain->fd);

	plain->poll.data = plain;
	if (error) {
		close(plain->fd);
		if (l->door_count == DOORS)
			close(web->fd);
		free(l);
		return error;
	}
	error = l->door_count == DOORS ? uv_poll_init(l->set->loop, &web->poll, web->fd) : 0;
	web->poll.data = web;
	if (error) {
		close(web->fd);
		uv_close((uv_handle_t *)&plain->poll, on_unmade);
	}
	return error;
}

int listener_new(const struct listener_options *options, const struct listener_events *events,
                 struct listener **listener, char why[256])
{
	struct listener *l = calloc(1, sizeof(*l));
	uint8_t seed[16];

	assert(events->exempt && events->validator && events->wallet);
	if (!l)
		return UNCIA_E_MEMORY;
	l->set = options->set;
	l->events = *events;
	randombytes_buf(seed, sizeof(seed));
	admission_init(&l->admission, options->handshakes_per_second, seed);
	l->doors[DOOR_PLAIN] = (struct door){.listener = l};
	l->doors[DOOR_WEB] = (struct door){.listener = l, .web = true};
	int error = doors_bind(l, options, why);
	if (error) {
		free(l);
		return error;
	}
	error = doors_watch(l);
	if (error) { /* the system watches no more descriptors */
		snprintf(why, 256, "cannot watch the listening socket: %.100s", uv_strerror(error));
		return UNCIA_E_IO;
	}
	for (unsigned i = 0; i < l->door_count; i++) {
		struct door *door = &l->doors[i];
		uv_timer_init(l->set->loop, &door->pause);
		door->pause.data = door;
		uv_poll_start(&door->poll, UV_READABLE, on_readable);
	}
	*listener = l;
	return 0;
}

int listener_port(const struct listener *l)
{
	return l->doors[DOOR_PLAIN].port;
}

int listener_web_port(const struct listener *l)
{
	return l->doors[DOOR_WEB].port;
}

const struct listener_counters *listener_counters(const struct listener *l)
{
	return &l->counters;
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct door *door = handle->data;

	close(door->fd);
}

static void door_stop(struct door *door)
{
	struct waiting *w, *next;

	door_move(door, DOOR_STOPPED);
	DL_FOREACH_SAFE (door->waiting, w, next) {
		tcp_close(w->tcp);
		waiting_forget(w);
	}
	assert(!door->waiting_count);
	uv_close((uv_handle_t *)&door->pause, NULL);
	uv_close((uv_handle_t *)&door->poll, on_poll_closed);
}

void listener_stop(struct listener *l)
{
	for (unsigned i = 0; i < l->door_count; i++)
		door_stop(&l->doors[i]);
}

void listener_free(struct listener *l)
{
	for (unsigned i = 0; l && i < l->door_count; i++)
		assert(l->doors[i].state == DOOR_STOPPED);
	free(l);
}
