/* Drives a wallet over TCP: the only file of the library that watches descriptors. It does what any host that drives by
 * bytes does, through the public functions. */
#include "driver.h"
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "drive.h"
#include "events.h"
#include "lookup.h"
#include "session.h"
#include "wallet.h"

#define LOOKUP_TIMEOUT_MS  10000u /* of a name; nobody else waits for it */
#define CONNECT_TIMEOUT_MS 5000u
#define CONNECT_NEXT_MS    2000u /* where there is another address to try */
#define READ_SIZE          (64u << 10)
#define READS_PER_TURN     16 /* of one socket, so that one validator cannot keep the host's loop */
#define EVENTS_PER_TURN    32

struct socket {
	int fd; /* -1: none */
	bool connected;
	bool wants_write;      /* as epoll was told */
	uint64_t deadline_ms;  /* of the look-up, or of the connection being made */
	struct lookup *lookup; /* from the dial until the connection is made; NULL: none is being made */
	uint32_t tried;        /* of the addresses that were found */
};

struct driver {
	int epoll;
	uint32_t count;
	struct socket *sockets;
};

/* What an event of epoll is about: a validator, and which of its look-up's descriptors or, LINK, its connection's. */
#define LINK UINT32_MAX

static uint64_t event_tag(uint32_t validator, uint32_t what)
{
	return (uint64_t)what << 32 | validator;
}

void driver_free(struct driver *d)
{
	if (!d)
		return;
	/* First: a child of fork shares it with its parent, and would take the look-ups' descriptors out of it. */
	if (d->epoll >= 0)
		close(d->epoll);
	d->epoll = -1;
	for (uint32_t i = 0; i < d->count; i++) {
		lookup_free(d->sockets[i].lookup);
		if (d->sockets[i].fd >= 0)
			close(d->sockets[i].fd);
	}
	free(d->sockets);
	free(d);
}

static int driver_start(struct uncia_wallet *w)
{
	if (w->driver)
		return 0;
	struct driver *d = calloc(1, sizeof(*d));
	if (!d)
		return UNCIA_E_MEMORY;
	uint32_t count = w->network->endpoint_count;
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	d->sockets = calloc(count, sizeof(*d->sockets));
	if (d->epoll < 0 || !d->sockets) {
		int rc = d->epoll < 0 ? UNCIA_E_IO : UNCIA_E_MEMORY;
		driver_free(d);
		return rc;
	}
	d->count = count;
	for (uint32_t i = 0; i < count; i++)
		d->sockets[i].fd = -1;
	w->driver = d;
	return 0;
}

/* Ends the connection, or the attempt to make one, and tells the wallet. */
static void close_socket(struct uncia_wallet *w, uint32_t i, int error)
{
	struct socket *s = &w->driver->sockets[i];
	lookup_free(s->lookup);
	if (s->fd >= 0)
		close(s->fd); /* epoll forgets it by this */
	*s = (struct socket){.fd = -1};
	uncia_wallet_link_closed(w, i, error);
}

/* For a look-up: its descriptor is in the same epoll as the connections. */
static void watch_lookup(void *context, uint32_t validator, int fd, bool reads, bool writes)
{
	const struct driver *d = context;
	struct epoll_event event = {.events = (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u),
	                            .data.u64 = event_tag(validator, (uint32_t)fd)};
	if (!reads && !writes)
		epoll_ctl(d->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(d->epoll, EPOLL_CTL_MOD, fd, &event) != 0)
		epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd,
		          &event); /* where this fails, the look-up's own time-outs end it */
}

/* Begins a connection. Returns its descriptor, or -1. */
static int connect_one(const struct driver *d, uint32_t i, const struct sockaddr_storage *address, socklen_t size)
{
	int one = 1, fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u64 = event_tag(i, LINK)};
	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* a payment is one small write */
	if ((connect(fd, (const struct sockaddr *)address, size) == 0 || errno == EINPROGRESS) &&
	    epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return fd;
	int number = errno;
	close(fd);
	errno = number;
	return -1;
}

/* It is this machine that lets no connection be opened, not the validators. */
static void tell_want(struct uncia_wallet *w, int number)
{
	struct uncia_event event = {.kind = UNCIA_EVENT_ERROR, .error = UNCIA_E_IO};
	snprintf(event.text, sizeof(event.text), "no connection can be opened: %s", strerror(number));
	events_add(w, &event);
}

/* Tries the next address that was found, and those behind it where a connection cannot even be begun: the first may be
 * of a family that is not reachable here. Where none is left, this attempt has failed. */
static void connect_next(struct uncia_wallet *w, uint32_t i)
{
	struct socket *s = &w->driver->sockets[i];
	struct sockaddr_storage address;
	socklen_t size;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	errno = 0;
	while (s->fd < 0 && lookup_address(s->lookup, s->tried, &address, &size)) {
		s->tried++;
		s->fd = connect_one(w->driver, i, &address, size);
	}
	if (s->fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
		tell_want(w, errno);
	if (s->fd < 0) {
		close_socket(w, i, UNCIA_E_UNREACHABLE);
		return;
	}
	bool is_last = !lookup_address(s->lookup, s->tried, &address, &size);
	s->wants_write = true;
	s->deadline_ms = wallet_now(w) + (is_last ? CONNECT_TIMEOUT_MS : CONNECT_NEXT_MS);
}

/* The look-up may have ended. */
static void follow_lookup(struct uncia_wallet *w, uint32_t i)
{
	struct socket *s = &w->driver->sockets[i];
	enum lookup_state state = lookup_state(s->lookup);
	assert(s->fd < 0 && !s->connected);
	if (state == LOOKUP_FOUND)
		connect_next(w, i);
	else if (state == LOOKUP_FAILED || wallet_now(w) >= s->deadline_ms)
		close_socket(w, i, UNCIA_E_UNREACHABLE);
}

static void driver_dial(struct uncia_wallet *w, uint32_t i)
{
	struct socket *s = &w->driver->sockets[i];
	const struct lookup_watcher watcher = {watch_lookup, w->driver, i};
	const char *host;
	uint16_t port;
	assert(s->fd < 0 && !s->lookup);
	if (uncia_network_validator(w->network, i, &host, &port) || lookup_new(host, port, &watcher, &s->lookup)) {
		uncia_wallet_link_closed(w, i, UNCIA_E_UNREACHABLE);
		return;
	}
	s->tried = 0;
	s->deadline_ms = wallet_now(w) + LOOKUP_TIMEOUT_MS;
	follow_lookup(w, i);
}

/* Whether there is a connection, or one is being made. */
static bool is_engaged(const struct socket *s)
{
	return s->fd >= 0 || s->lookup;
}

/* Opens the connections that the wallet wants, closes those that it does not, and gives up attempts that take too long.
 */
static void follow_wishes(struct uncia_wallet *w)
{
	for (uint32_t i = 0; i < w->driver->count; i++) {
		struct socket *s = &w->driver->sockets[i];
		bool wanted = uncia_wallet_link_wanted(w, i);
		if (!is_engaged(s) && wanted) {
			driver_dial(w, i);
		} else if (is_engaged(s) && !wanted) {
			close_socket(w, i, 0);
		} else if (s->lookup && s->fd < 0) {
			lookup_process(s->lookup, -1, false, false);
			follow_lookup(w, i);
		} else if (s->lookup && wallet_now(w) >= s->deadline_ms) {
			connect_next(w, i);
		}
	}
}

static int finish_connect(struct uncia_wallet *w, uint32_t i)
{
	struct socket *s = &w->driver->sockets[i];
	int error = 0;
	socklen_t size = sizeof(error);
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
		return UNCIA_E_UNREACHABLE;
	int rc = uncia_wallet_link_opened(w, i);
	if (rc)
		return rc;
	s->connected = true;
	lookup_free(s->lookup);
	s->lookup = NULL;
	return 0;
}

static int read_some(struct uncia_wallet *w, uint32_t i, uint8_t *buffer)
{
	for (int turn = 0; turn < READS_PER_TURN; turn++) {
		ssize_t n = recv(w->driver->sockets[i].fd, buffer, READ_SIZE, 0);
		if (n == 0)
			return UNCIA_E_CLOSED;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : UNCIA_E_CLOSED;
		int rc = uncia_wallet_link_feed(w, i, buffer, (size_t)n);
		if (rc)
			return rc;
		if ((size_t)n < READ_SIZE)
			return 0;
	}
	return 0;
}

static int write_some(struct uncia_wallet *w, uint32_t i)
{
	struct socket *s = &w->driver->sockets[i];
	const void *data;
	size_t size = 0;
	assert(s->fd >= 0 && s->connected);
	for (;;) {
		int rc = uncia_wallet_link_output(w, i, &data, &size);
		if (rc)
			return rc;
		if (size == 0)
			break;
		ssize_t n = send(s->fd, data, size, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return UNCIA_E_CLOSED;
		uncia_wallet_link_taken(w, i, (size_t)n);
	}
	if (s->wants_write == (size != 0))
		return 0;
	s->wants_write = size != 0;
	struct epoll_event event = {.events = EPOLLIN | (s->wants_write ? EPOLLOUT : 0),
	                            .data.u64 = event_tag(i, LINK)};
	return epoll_ctl(w->driver->epoll, EPOLL_CTL_MOD, s->fd, &event) == 0 ? 0 : UNCIA_E_IO;
}

static void on_link_ready(struct uncia_wallet *w, uint32_t i, uint32_t events, uint8_t *buffer)
{
	struct socket *s = &w->driver->sockets[i];
	int rc = 0;
	if (s->fd < 0)
		return; /* closed earlier in this turn */
	if (!s->connected && (rc = finish_connect(w, i)) == UNCIA_E_UNREACHABLE) {
		connect_next(w, i);
		return;
	}
	if (!rc && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
		rc = read_some(w, i, buffer);
	if (rc)
		close_socket(w, i, rc);
}

static void on_ready(struct uncia_wallet *w, const struct epoll_event *event, uint8_t *buffer)
{
	uint32_t i = (uint32_t)event->data.u64, what = (uint32_t)(event->data.u64 >> 32);
	assert(i < w->driver->count);
	struct lookup *lookup = w->driver->sockets[i].lookup;
	if (what == LINK)
		on_link_ready(w, i, event->events, buffer);
	else if (lookup) /* else ended earlier in this turn */
		lookup_process(lookup, (int)what, event->events & (EPOLLIN | EPOLLERR | EPOLLHUP),
		               event->events & EPOLLOUT);
}

static int driver_ready(struct uncia_wallet *w)
{
	int rc = wallet_usable(w);
	if (rc)
		return rc;
	return w->network ? driver_start(w) : UNCIA_E_NETWORK;
}

int uncia_wallet_fd(struct uncia_wallet *w)
{
	int rc = driver_ready(w);
	return rc ? rc : w->driver->epoll;
}

int uncia_wallet_process(struct uncia_wallet *w)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int rc = driver_ready(w);
	if (rc)
		return rc;
	uint8_t *buffer = malloc(READ_SIZE);
	if (!buffer)
		return UNCIA_E_MEMORY;
	int count = epoll_wait(w->driver->epoll, events, EVENTS_PER_TURN, 0);
	for (int i = 0; i < count; i++)
		on_ready(w, &events[i], buffer);
	free(buffer);
	if (count < 0 && errno != EINTR)
		return UNCIA_E_IO;
	uncia_wallet_tick(w);
	follow_wishes(w);
	for (uint32_t i = 0; i < w->driver->count; i++) {
		if (w->driver->sockets[i].connected && (rc = write_some(w, i)))
			close_socket(w, i, rc);
	}
	return 0;
}

/* When a look-up or a connection being made needs uncia_wallet_process without a descriptor being ready. */
static uint64_t attempt_next_ms(const struct uncia_wallet *w, const struct socket *s)
{
	int lookup_ms = s->fd < 0 ? lookup_timeout_ms(s->lookup) : -1;
	uint64_t at = lookup_ms < 0 ? UINT64_MAX : wallet_now(w) + (uint64_t)lookup_ms;
	return at < s->deadline_ms ? at : s->deadline_ms;
}

/* When a socket next needs uncia_wallet_process without being readable. */
static uint64_t sockets_next_ms(const struct uncia_wallet *w)
{
	uint64_t next = UINT64_MAX;
	for (uint32_t i = 0; i < w->driver->count; i++) {
		const struct socket *s = &w->driver->sockets[i];
		if (is_engaged(s) != uncia_wallet_link_wanted(w, i))
			return 0;
		/* Queued since the last turn: epoll does not know of it yet. */
		if (s->connected && !s->wants_write && session_has_output(w, i))
			return 0;
		uint64_t at = s->lookup ? attempt_next_ms(w, s) : UINT64_MAX;
		if (at < next)
			next = at;
	}
	return next;
}

int uncia_wallet_timeout_ms(const struct uncia_wallet *w)
{
	if (wallet_readable(w) || events_waiting(w))
		return 0;
	if (!w->network)
		return -1;
	uint64_t now = wallet_now(w), next = drive_next_ms(w);
	uint64_t due = w->driver ? sockets_next_ms(w) : UINT64_MAX;
	if (due < next)
		next = due;
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : next - now > INT32_MAX ? INT32_MAX : (int)(next - now);
}
