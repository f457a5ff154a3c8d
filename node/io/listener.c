/* The listening socket. The loop polls it and accepts by itself: libuv's own listener cannot be paused. */
#include "listener.h"
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>
#include "admission.h"
#include "log.h"
#include "uncia/error.h"

#define BACKLOG             1024
#define ACCEPTS_IN_ONE_TURN 64 /* so that the votes of the turn do not wait for a flood */

/* A connection that has sent nothing yet. */
struct waiting {
	struct listener *listener;
	struct tcp *tcp;
	struct waiting *prev, *next;
};

/* The state of the listener. Moves, by listener_move alone: ACCEPTING → PAUSED → ACCEPTING, and both → STOPPED. */
enum listener_state {
	LISTENER_ACCEPTING,
	LISTENER_PAUSED, /* for want of file descriptors; the timer ends it */
	LISTENER_STOPPED
};

struct listener {
	enum listener_state state;
	struct tcp_set *set;
	struct listener_events events;
	struct listener_counters counters;
	struct admission admission;
	int fd, port;
	uv_poll_t poll;
	uv_timer_t pause;
	struct waiting *waiting; /* oldest first */
	unsigned waiting_count;
};

static void listener_move(struct listener *l, enum listener_state to)
{
	assert(l->state != LISTENER_STOPPED && to <= LISTENER_STOPPED);
	assert(to == LISTENER_STOPPED || l->state == (to == LISTENER_PAUSED ? LISTENER_ACCEPTING : LISTENER_PAUSED));
	l->state = to;
}

static void waiting_forget(struct waiting *w)
{
	struct listener *l = w->listener;

	assert(l->waiting && l->waiting_count > 0);
	DL_DELETE(l->waiting, w);
	l->waiting_count--;
	free(w);
}

static void on_waiting_first(void *owner, struct tcp *tcp, uint8_t byte)
{
	struct waiting *w = owner;
	struct listener *l = w->listener;
	enum noise_pattern pattern;

	assert(w->tcp == tcp && l->state != LISTENER_STOPPED);
	waiting_forget(w);
	if (link_peek(byte, &pattern) < 0) {
		l->counters.bad_first_byte++;
		tcp_close(tcp);
		return;
	}
	(pattern == NOISE_IK ? l->events.validator : l->events.wallet)(l->events.context, tcp);
}

static void on_waiting_down(void *owner, const char *why)
{
	struct waiting *w = owner;

	(void)why;
	w->listener->counters.timed_out++;
	waiting_forget(w);
}

/* Without a link no stream is established and no message comes; with its link a stream is given other handlers. */
static const struct tcp_events waiting_events = {.stranger = true, .first = on_waiting_first, .down = on_waiting_down};

static void listener_take(struct listener *l, int fd)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (!w) {
		close(fd);
		return;
	}
	if (l->waiting_count == LISTENER_WAITING_MAX) {
		struct waiting *oldest = l->waiting;
		l->counters.pushed_out++;
		tcp_close(oldest->tcp);
		waiting_forget(oldest);
	}
	w->listener = l;
	if (tcp_open(l->set, fd, &waiting_events, w, &w->tcp) < 0) {
		free(w);
		return;
	}
	DL_APPEND(l->waiting, w);
	l->waiting_count++;
	assert(l->waiting_count <= LISTENER_WAITING_MAX);
	l->counters.accepted++;
}

static bool admitted(struct listener *l, const struct sockaddr *from)
{
	struct net_address address;
	char text[NET_ADDRESS_TEXT_SIZE];

	net_address_of(from, &address);
	if (net_address_loopback(&address) || l->events.exempt(l->events.context, &address))
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
	struct listener *l = timer->data;

	listener_move(l, LISTENER_ACCEPTING);
	uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

/* faults 16: where file descriptors run out, accepting pauses, and the links that exist stay. */
static void pause_accepting(struct listener *l, int error)
{
	listener_move(l, LISTENER_PAUSED);
	l->counters.pauses++;
	log_event(LOG_LEVEL_WARNING, "accept_paused", LOG_TEXT("why", strerror(error)));
	uv_poll_stop(&l->poll);
	uv_timer_start(&l->pause, on_pause_over, ACCEPT_PAUSE_MS, 0);
}

static void on_readable(uv_poll_t *poll, int status, int readable)
{
	struct listener *l = poll->data;

	(void)readable;
	assert(l->state == LISTENER_ACCEPTING);
	if (status < 0) {
		pause_accepting(l, -status);
		return;
	}
	for (unsigned i = 0; i < ACCEPTS_IN_ONE_TURN; i++) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		int fd = accept4(l->fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			if (admitted(l, (struct sockaddr *)&from))
				listener_take(l, fd);
			else
				close(fd);
		} else if (errno == EAGAIN) {
			break;
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			pause_accepting(l, errno);
			break;
		} /* anything else was that connection's own failure */
	}
}

/* Returns a listening descriptor, or -1 and errno. */
static int listen_on(const struct addrinfo *info, int *port)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);
	int yes = 1, fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	memset(&bound, 0, sizeof(bound));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &size) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	*port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
	                                          : ((struct sockaddr_in *)&bound)->sin_port);
	return fd;
}

static int open_socket(const char *host, uint16_t port, int *fd, int *bound_port, char why[256])
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	int error = getaddrinfo(host, service, &hints, &found);
	if (error) {
		snprintf(why, 256, "cannot listen on %.100s: %.100s", host, gai_strerror(error));
		return UNCIA_E_CONFIG;
	}
	*fd = listen_on(found, bound_port);
	error = errno;
	freeaddrinfo(found);
	if (*fd >= 0)
		return 0;
	if (error == EADDRINUSE) {
		snprintf(why, 256, "port %u on %.100s is in use by another process", port, host);
		return UNCIA_E_BUSY;
	}
	snprintf(why, 256, "cannot listen on port %u of %.100s: %.100s", port, host, strerror(error));
	return UNCIA_E_IO;
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
	int error = open_socket(options->host, options->port, &l->fd, &l->port, why);
	if (error) {
		free(l);
		return error;
	}
	error = uv_poll_init(l->set->loop, &l->poll, l->fd);
	if (error) { /* the system watches no more descriptors */
		snprintf(why, 256, "cannot watch the listening socket: %.100s", uv_strerror(error));
		close(l->fd);
		free(l);
		return UNCIA_E_IO;
	}
	uv_timer_init(l->set->loop, &l->pause);
	l->poll.data = l->pause.data = l;
	uv_poll_start(&l->poll, UV_READABLE, on_readable);
	*listener = l;
	return 0;
}

int listener_port(const struct listener *l)
{
	return l->port;
}

const struct listener_counters *listener_counters(const struct listener *l)
{
	return &l->counters;
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	close(l->fd);
}

void listener_stop(struct listener *l)
{
	struct waiting *w, *next;

	listener_move(l, LISTENER_STOPPED);
	DL_FOREACH_SAFE (l->waiting, w, next) {
		tcp_close(w->tcp);
		waiting_forget(w);
	}
	assert(!l->waiting_count);
	uv_close((uv_handle_t *)&l->pause, NULL);
	uv_close((uv_handle_t *)&l->poll, on_poll_closed);
}

void listener_free(struct listener *l)
{
	assert(!l || l->state == LISTENER_STOPPED);
	free(l);
}
