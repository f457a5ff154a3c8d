/* Drives a wallet over TCP: the only file of the library with sockets. It does what any host that drives by bytes does,
 * through the public functions. */
#include "driver.h"
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "drive.h"
#include "events.h"
#include "session.h"
#include "wallet.h"

#define CONNECT_TIMEOUT_MS 5000u
#define READ_SIZE          (64u << 10)
#define READS_PER_TURN     16 /* of one socket, so that one validator cannot keep the host's loop */
#define EVENTS_PER_TURN    32

struct socket {
	int fd; /* -1: none */
	bool connected;
	bool wants_write;     /* as epoll was told */
	uint64_t deadline_ms; /* of the connection being made */
	uint32_t attempts;    /* since it was last connected: a name may have several addresses */
};

struct driver {
	int epoll;
	uint32_t count;
	struct socket *sockets;
};

void driver_free(struct driver *d)
{
	if (!d)
		return;
	for (uint32_t i = 0; i < d->count; i++)
		if (d->sockets[i].fd >= 0)
			close(d->sockets[i].fd);
	if (d->epoll >= 0)
		close(d->epoll);
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

static void close_socket(struct uncia_wallet *w, uint32_t i, int error)
{
	struct socket *s = &w->driver->sockets[i];
	assert(s->fd >= 0);
	close(s->fd); /* epoll forgets it by this */
	*s = (struct socket){.fd = -1, .attempts = s->connected ? 0 : s->attempts};
	uncia_wallet_link_closed(w, i, error);
}

static int driver_resolve(const char *host, uint16_t port, struct addrinfo **found)
{
	char service[8];
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	snprintf(service, sizeof(service), "%u", port);
	/* A numeric address first: that never waits. */
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	if (getaddrinfo(host, service, &hints, found) == 0)
		return 0;
	hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
	return getaddrinfo(host, service, &hints, found) == 0 ? 0 : UNCIA_E_UNREACHABLE;
}

static int connect_one(const struct addrinfo *address)
{
	int one = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* a payment is one small write */
	if (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

/* A name's addresses in turn, one per attempt: the first may be of a family that is not reachable. */
static const struct addrinfo *driver_choose(const struct addrinfo *found, uint32_t attempt)
{
	uint32_t count = 1;
	for (const struct addrinfo *a = found->ai_next; a; a = a->ai_next)
		count++;
	for (attempt %= count; attempt != 0; attempt--)
		found = found->ai_next;
	return found;
}

static void driver_dial(struct uncia_wallet *w, uint32_t i)
{
	struct socket *s = &w->driver->sockets[i];
	struct addrinfo *found = NULL;
	const char *host;
	uint16_t port;
	assert(s->fd < 0 && !s->connected);
	if (uncia_network_validator(w->network, i, &host, &port) || driver_resolve(host, port, &found)) {
		uncia_wallet_link_closed(w, i, UNCIA_E_UNREACHABLE);
		return;
	}
	s->fd = connect_one(driver_choose(found, s->attempts++));
	freeaddrinfo(found);
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.u32 = i};
	if (s->fd >= 0 && epoll_ctl(w->driver->epoll, EPOLL_CTL_ADD, s->fd, &event) != 0) {
		close(s->fd);
		s->fd = -1;
	}
	if (s->fd < 0) {
		uncia_wallet_link_closed(w, i, UNCIA_E_UNREACHABLE);
		return;
	}
	s->wants_write = true;
	s->deadline_ms = wallet_now(w) + CONNECT_TIMEOUT_MS;
}

/* Opens the connections that the wallet wants, closes those that it does not, and gives up attempts that take too long.
 */
static void follow_wishes(struct uncia_wallet *w)
{
	for (uint32_t i = 0; i < w->driver->count; i++) {
		struct socket *s = &w->driver->sockets[i];
		bool wanted = uncia_wallet_link_wanted(w, i);
		if (s->fd < 0 && wanted)
			driver_dial(w, i);
		else if (s->fd >= 0 && !wanted)
			close_socket(w, i, 0);
		else if (s->fd >= 0 && !s->connected && wallet_now(w) >= s->deadline_ms)
			close_socket(w, i, UNCIA_E_UNREACHABLE);
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
	if (!rc)
		s->connected = true;
	return rc;
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
	struct epoll_event event = {.events = EPOLLIN | (s->wants_write ? EPOLLOUT : 0), .data.u32 = i};
	return epoll_ctl(w->driver->epoll, EPOLL_CTL_MOD, s->fd, &event) == 0 ? 0 : UNCIA_E_IO;
}

static void on_ready(struct uncia_wallet *w, uint32_t i, uint32_t events, uint8_t *buffer)
{
	assert(i < w->driver->count);
	struct socket *s = &w->driver->sockets[i];
	int rc = 0;
	if (s->fd < 0)
		return; /* closed earlier in this turn */
	if (!s->connected)
		rc = finish_connect(w, i);
	if (!rc && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
		rc = read_some(w, i, buffer);
	if (rc)
		close_socket(w, i, rc);
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
		on_ready(w, events[i].data.u32, events[i].events, buffer);
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

/* When a socket next needs uncia_wallet_process without being readable. */
static uint64_t sockets_next_ms(const struct uncia_wallet *w)
{
	uint64_t next = UINT64_MAX;
	for (uint32_t i = 0; i < w->driver->count; i++) {
		const struct socket *s = &w->driver->sockets[i];
		if ((s->fd >= 0) != uncia_wallet_link_wanted(w, i))
			return 0;
		/* Queued since the last turn: epoll does not know of it yet. */
		if (s->connected && !s->wants_write && session_has_output(w, i))
			return 0;
		if (s->fd >= 0 && !s->connected && s->deadline_ms < next)
			next = s->deadline_ms;
	}
	return next;
}

int uncia_wallet_timeout_ms(const struct uncia_wallet *w)
{
	if (!w || events_waiting(w))
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
