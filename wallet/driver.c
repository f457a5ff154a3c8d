/* Drives a wallet over TCP: the only file of the library that has sockets. It does what any host that drives by bytes
 * does, through the public functions. How descriptors are watched is poller.h's.
 *
 * The one descriptor is readable as long as there is something to do: a socket is ready, or a look-up's; its time has
 * come (a timer inside, set anew at the end of each uncia_wallet_process); the host has asked for something since, or
 * has not taken all events (the parts below say so by wallet_stir and wallet_tell). */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "drive.h"
#include "events.h"
#include "lookup.h"
#include "poller.h"
#include "session.h"
#include "system.h"
#include "wallet.h"

/* Systems that raise SIGPIPE for a socket unless told otherwise are told by SO_NOSIGPIPE. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

#if defined(UNCIA_DRIVER_POLL)
#define POLLER poller_poll
#elif defined(UNCIA_DRIVER_KQUEUE)
#define POLLER poller_kqueue
#elif defined(UNCIA_DRIVER_EPOLL) || defined(__linux__)
#define POLLER poller_epoll
#elif defined(UNCIA_HAVE_KQUEUE)
#define POLLER poller_kqueue
#else
#define POLLER poller_poll
#endif

#define LOOKUP_TIMEOUT_MS  10000u /* of a name; nobody else waits for it */
#define CONNECT_TIMEOUT_MS 5000u
#define CONNECT_NEXT_MS    2000u /* where there is another address to try */
#define SLEPT_MS           5000u /* behind a longer sleep nobody is believed to be there still */
/* A turn is bounded: what is left is done in the next one, and the descriptor stays readable. */
#define READ_SIZE         (16u << 10)
#define READS_PER_TURN    2 /* of all sockets; one may end a handshake */
#define MESSAGES_PER_TURN 2 /* each may be a receipt to be verified; one that is stored is the last of its turn */
#define READY_PER_TURN    32

struct socket {
	int fd; /* -1: none */
	bool connected;
	bool readable;         /* in this turn */
	bool wants_write;      /* as the poller was told */
	uint64_t deadline_ms;  /* of the look-up, or of the connection being made */
	struct lookup *lookup; /* from the dial until the connection is made; NULL: none is being made */
	uint32_t tried;        /* of the addresses that were found */
};

struct driver {
	void *poller;
	bool running;      /* uncia_wallet_process is: it sees for itself what there is to do when it ends */
	bool stirred;      /* uncia_wallet_process has something to do that the poller does not know of */
	uint64_t slept_ms; /* as the system told last */
	uint32_t count;
	struct socket *sockets;
	uint32_t first;           /* whose turn it is to be read from first */
	unsigned messages, reads; /* that this turn may still take, and make */
	uint8_t buffer[READ_SIZE];
};

/* What a readiness is about: a validator, and which of its look-up's descriptors or, LINK, its connection's. */
#define LINK UINT32_MAX

static uint64_t event_tag(uint32_t validator, uint32_t what)
{
	return (uint64_t)what << 32 | validator;
}

static void driver_free(struct driver *d)
{
	/* First: a child of fork shares it with its parent, and would take the look-ups' descriptors out of it. */
	if (d->poller)
		POLLER.close(d->poller);
	d->poller = NULL;
	for (uint32_t i = 0; i < d->count; i++) {
		lookup_free(d->sockets[i].lookup);
		if (d->sockets[i].fd >= 0)
			close(d->sockets[i].fd);
	}
	free(d->sockets);
	free(d);
}

static void driver_watch(const struct driver *d, const struct poller_watch *watch)
{
	if (d->poller)
		(void)POLLER.watch(d->poller, watch); /* where this fails, time-outs end what is waited for */
}

/* Ends the connection, or the attempt to make it. */
static void close_connection(const struct driver *d, struct socket *s)
{
	if (s->fd < 0)
		return;
	driver_watch(d, &(struct poller_watch){.fd = s->fd});
	close(s->fd);
	s->fd = -1;
}

/* Ends the connection, or the attempt to make one, and tells the wallet. */
static void close_socket(struct uncia_wallet *w, uint32_t i, int error)
{
	struct socket *s = &w->driver->sockets[i];
	lookup_free(s->lookup);
	close_connection(w->driver, s);
	*s = (struct socket){.fd = -1};
	uncia_wallet_link_closed(w, i, error);
}

/* For a look-up: its descriptor is among the connections'. */
static void watch_lookup(void *context, uint32_t validator, int fd, bool reads, bool writes)
{
	driver_watch(context, &(struct poller_watch){fd, reads, writes, event_tag(validator, (uint32_t)fd)});
}

/* A socket that never waits, and that no program started from here gets. Returns -1 where there is none. */
static int socket_open(int family)
{
	int one = 1;
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC) && !defined(UNCIA_DRIVER_POLL)
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
#else
	int fd = socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		close(fd);
		return -1;
	}
#endif
#ifdef SO_NOSIGPIPE
	setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof(one));
#endif
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* a payment is one small write */
	return fd;
}

/* Begins a connection. Returns its descriptor, or -1. */
static int connect_one(const struct driver *d, uint32_t i, const struct sockaddr_storage *address, socklen_t size)
{
	int fd = socket_open(address->ss_family);
	if (fd < 0)
		return -1;
	if ((connect(fd, (const struct sockaddr *)address, size) == 0 || errno == EINPROGRESS) &&
	    !POLLER.watch(d->poller, &(struct poller_watch){fd, true, true, event_tag(i, LINK)}))
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
	close_connection(w->driver, s);
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

/* Nobody can be dialled for want of an address: which name it was is told, since it may be mistyped, or this machine's
 * name servers be the trouble. */
static void tell_unresolved(struct uncia_wallet *w, uint32_t i)
{
	struct uncia_event event = {.kind = UNCIA_EVENT_LINK, .error = UNCIA_E_UNREACHABLE, .validator = i};
	snprintf(event.text, sizeof(event.text), "the name %s could not be looked up", w->network->endpoints[i].host);
	events_add(w, &event);
}

/* The look-up may have ended. */
static void follow_lookup(struct uncia_wallet *w, uint32_t i)
{
	struct socket *s = &w->driver->sockets[i];
	enum lookup_state state = lookup_state(s->lookup);
	assert(s->fd < 0 && !s->connected);
	if (state == LOOKUP_FOUND) {
		connect_next(w, i);
	} else if (state == LOOKUP_FAILED || wallet_now(w) >= s->deadline_ms) {
		tell_unresolved(w, i);
		close_socket(w, i, UNCIA_E_UNREACHABLE);
	}
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

/* Takes what has come over a connection, within what this turn may do. */
static int read_some(struct uncia_wallet *w, uint32_t i)
{
	struct driver *d = w->driver;
	int rc = drive_feed(w, i, NULL, 0, &d->messages); /* what the last turn left */
	while (!rc && d->messages != 0 && d->reads != 0) {
		ssize_t n = recv(d->sockets[i].fd, d->buffer, READ_SIZE, 0);
		if (n == 0)
			return UNCIA_E_CLOSED;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : UNCIA_E_CLOSED;
		d->reads--;
		rc = drive_feed(w, i, d->buffer, (size_t)n, &d->messages);
		if ((size_t)n < READ_SIZE)
			break;
	}
	return rc;
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
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0)
			return UNCIA_E_CLOSED;
		uncia_wallet_link_taken(w, i, (size_t)n);
	}
	if (s->wants_write == (size != 0))
		return 0;
	s->wants_write = size != 0;
	return POLLER.watch(w->driver->poller, &(struct poller_watch){s->fd, true, s->wants_write, event_tag(i, LINK)});
}

static void on_link_ready(struct uncia_wallet *w, uint32_t i, bool readable)
{
	struct socket *s = &w->driver->sockets[i];
	int rc = 0;
	if (s->fd < 0)
		return; /* closed earlier in this turn */
	if (!s->connected && (rc = finish_connect(w, i)) == UNCIA_E_UNREACHABLE) {
		connect_next(w, i);
		return;
	}
	s->readable = s->readable || readable;
	if (rc)
		close_socket(w, i, rc);
}

/* Reads what is ready, and takes messages that are here already, another validator's first in each turn. */
static void read_links(struct uncia_wallet *w)
{
	struct driver *d = w->driver;
	d->messages = MESSAGES_PER_TURN;
	d->reads = READS_PER_TURN;
	d->first = (d->first + 1) % d->count;
	for (uint32_t k = 0; k < d->count; k++) {
		uint32_t i = (d->first + k) % d->count;
		struct socket *s = &d->sockets[i];
		bool ready = s->connected && (s->readable || session_has_next(w, i));
		s->readable = false; /* the poller says it again */
		int rc = ready ? read_some(w, i) : 0;
		if (rc)
			close_socket(w, i, rc);
	}
}

static void on_ready(struct uncia_wallet *w, const struct poller_ready *ready)
{
	uint32_t i = (uint32_t)ready->tag, what = (uint32_t)(ready->tag >> 32);
	assert(i < w->driver->count);
	struct lookup *lookup = w->driver->sockets[i].lookup;
	if (what == LINK)
		on_link_ready(w, i, ready->readable);
	else if (lookup) /* else ended earlier in this turn */
		lookup_process(lookup, (int)what, ready->readable, ready->writable);
}

/* When a look-up or a connection being made needs uncia_wallet_process without a descriptor being ready. */
static uint64_t attempt_next_ms(const struct uncia_wallet *w, const struct socket *s)
{
	int lookup_ms = s->fd < 0 ? lookup_timeout_ms(s->lookup) : -1;
	uint64_t at = lookup_ms < 0 ? UINT64_MAX : wallet_now(w) + (uint64_t)lookup_ms;
	return at < s->deadline_ms ? at : s->deadline_ms;
}

/* When uncia_wallet_process is next due without a descriptor being ready. */
static uint64_t driver_next_ms(const struct uncia_wallet *w)
{
	uint64_t next = UINT64_MAX;
	if (w->driver->stirred)
		return 0;
	for (uint32_t i = 0; i < w->driver->count; i++) {
		const struct socket *s = &w->driver->sockets[i];
		if (is_engaged(s) != uncia_wallet_link_wanted(w, i))
			return 0;
		/* Queued since the last turn: the poller does not know of it yet. */
		if (s->connected && !s->wants_write && session_has_output(w, i))
			return 0;
		if (s->connected && session_has_next(w, i)) /* left by the last turn */
			return 0;
		uint64_t at = s->lookup ? attempt_next_ms(w, s) : UINT64_MAX;
		if (at < next)
			next = at;
	}
	return next;
}

/* Makes the descriptor tell the truth: of now, or of the time when there will be something to do. */
static void driver_arm(struct uncia_wallet *w)
{
	uint64_t now = wallet_now(w), next = events_waiting(w) ? 0 : drive_next_ms(w);
	uint64_t in_ms = next == UINT64_MAX ? POLLER_NEVER : next <= now ? 0 : next - now;
	POLLER.arm(w->driver->poller, in_ms);
}

/* A child of fork has no say in what is its parent's as well. */
static bool driver_idles(const struct uncia_wallet *w)
{
	return !w->driver->running && !wallet_usable(w);
}

static void on_stirred(struct uncia_wallet *w)
{
	if (!driver_idles(w) || w->driver->stirred)
		return;
	w->driver->stirred = true;
	POLLER.arm(w->driver->poller, 0);
}

static void on_told(struct uncia_wallet *w)
{
	if (driver_idles(w) && !w->driver->stirred)
		driver_arm(w);
}

/* What was begun on the old network is begun anew. */
static void on_network_changed(struct uncia_wallet *w)
{
	for (uint32_t i = 0; i < w->driver->count; i++)
		if (w->driver->sockets[i].lookup)
			close_socket(w, i, 0);
}

static const struct driver_calls calls = {
    .stirred = on_stirred,
    .told = on_told,
    .network_changed = on_network_changed,
    .next_ms = driver_next_ms,
    .free = driver_free,
};

static int driver_start(struct uncia_wallet *w)
{
	if (w->driver)
		return 0;
	struct driver *d = calloc(1, sizeof(*d));
	if (!d)
		return UNCIA_E_MEMORY;
	uint32_t count = w->network->endpoint_count;
	d->sockets = calloc(count, sizeof(*d->sockets));
	int rc = d->sockets ? POLLER.open(&d->poller) : UNCIA_E_MEMORY;
	if (rc) {
		driver_free(d);
		return rc;
	}
	d->count = count;
	d->slept_ms = system_slept_ms();
	for (uint32_t i = 0; i < count; i++)
		d->sockets[i].fd = -1;
	w->driver = d;
	w->driver_calls = &calls;
	on_stirred(w);
	return 0;
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
	if (rc)
		return rc;
	int fd = POLLER.descriptor(w->driver->poller);
	return fd < 0 ? UNCIA_E_SYSTEM : fd;
}

int uncia_wallet_descriptors(struct uncia_wallet *w, struct uncia_descriptor *list, size_t capacity, size_t *count)
{
	int rc = driver_ready(w);
	if (!rc && (!count || (!list && capacity != 0)))
		rc = UNCIA_E_ARGUMENT;
	if (!rc)
		*count = POLLER.list(w->driver->poller, list, capacity);
	return rc;
}

void uncia_wallet_wake(const struct uncia_wallet *w)
{
	if (w && w->driver && w->owner == system_process())
		POLLER.wake(w->driver->poller);
}

/* While the device slept, the other ends may have gone, and nothing tells of it: whoever waited for an answer over such
 * a connection would wait until the request's time is over. */
static void renew_links_after_sleep(struct uncia_wallet *w)
{
	uint64_t slept = system_slept_ms();
	if (slept <= w->driver->slept_ms)
		return;
	if (slept - w->driver->slept_ms >= SLEPT_MS)
		session_network_changed(w);
	w->driver->slept_ms = slept;
}

int uncia_wallet_process(struct uncia_wallet *w)
{
	struct poller_ready ready[READY_PER_TURN];
	int rc = driver_ready(w);
	if (rc)
		return rc;
	w->driver->running = true;
	w->driver->stirred = false;
	renew_links_after_sleep(w);
	int count = POLLER.ready(w->driver->poller, ready, READY_PER_TURN);
	for (int i = 0; i < count; i++)
		on_ready(w, &ready[i]);
	read_links(w);
	uncia_wallet_tick(w);
	follow_wishes(w);
	for (uint32_t i = 0; i < w->driver->count; i++) {
		if (w->driver->sockets[i].connected && (rc = write_some(w, i)))
			close_socket(w, i, rc);
	}
	w->driver->running = false;
	driver_arm(w);
	return count < 0 ? count : 0;
}
