/* Any POSIX system: poll(2). There is no descriptor that stands for the others, so the host waits on each, and for no
 * longer than uncia_wallet_timeout_ms. A pipe to itself takes what other threads say (wake). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include "poller.h"

struct poll_poller {
	int woken, wake; /* the pipe: its end for reading, and for writing */
	struct poller_watch *watched;
	struct pollfd *polled; /* as `watched` */
	size_t count, capacity;
	size_t next; /* whose turn it is to be told first, where more are ready than fit */
};

static void poll_poller_close(void *poller)
{
	struct poll_poller *p = poller;
	if (p->woken >= 0)
		close(p->woken);
	if (p->wake >= 0)
		close(p->wake);
	free(p->watched);
	free(p->polled);
	free(p);
}

/* Room for one more. */
static int reserve(struct poll_poller *p)
{
	if (p->polled && p->count < p->capacity)
		return 0;
	size_t capacity = p->capacity == 0 ? 16 : p->capacity * 2;
	struct poller_watch *watched = realloc(p->watched, capacity * sizeof(*watched));
	if (!watched)
		return UNCIA_E_MEMORY;
	p->watched = watched;
	struct pollfd *polled = realloc(p->polled, capacity * sizeof(*polled));
	if (!polled)
		return UNCIA_E_MEMORY;
	p->polled = polled;
	p->capacity = capacity;
	return 0;
}

static int poll_poller_open(void **poller)
{
	int ends[2];
	struct poll_poller *p = calloc(1, sizeof(*p));
	if (!p)
		return UNCIA_E_MEMORY;
	p->woken = p->wake = -1;
	int rc = reserve(p);
	if (!rc && pipe(ends) != 0)
		rc = UNCIA_E_IO;
	if (rc) {
		poll_poller_close(p);
		return rc;
	}
	p->woken = ends[0];
	p->wake = ends[1];
	for (int i = 0; i < 2; i++)
		if (fcntl(ends[i], F_SETFL, O_NONBLOCK) < 0 || fcntl(ends[i], F_SETFD, FD_CLOEXEC) < 0)
			rc = UNCIA_E_IO;
	if (rc)
		poll_poller_close(p);
	else
		*poller = p;
	return rc;
}

static int poll_poller_descriptor(const void *poller)
{
	(void)poller;
	return -1;
}

static int poll_poller_watch(void *poller, const struct poller_watch *watch)
{
	struct poll_poller *p = poller;
	size_t i = 0;
	while (i < p->count && p->watched[i].fd != watch->fd)
		i++;
	if (!watch->reads && !watch->writes) {
		if (i < p->count)
			p->watched[i] = p->watched[--p->count];
		return 0;
	}
	int rc = i < p->count ? 0 : reserve(p);
	if (rc)
		return rc;
	p->watched[i] = *watch;
	p->count += i == p->count;
	return 0;
}

static int poll_poller_ready(void *poller, struct poller_ready *ready, int capacity)
{
	struct poll_poller *p = poller;
	char ignored[64];
	int count = 0;
	while (read(p->woken, ignored, sizeof(ignored)) == (ssize_t)sizeof(ignored))
		continue;
	for (size_t i = 0; i < p->count; i++)
		p->polled[i] = (struct pollfd){
		    .fd = p->watched[i].fd,
		    .events = (short)((p->watched[i].reads ? POLLIN : 0) | (p->watched[i].writes ? POLLOUT : 0))};
	if (poll(p->polled, (nfds_t)p->count, 0) < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : UNCIA_E_IO;
	size_t first = p->count == 0 ? 0 : p->next % p->count;
	for (size_t k = 0; k < p->count && count < capacity; k++) {
		size_t i = (first + k) % p->count;
		short events = p->polled[i].revents;
		p->next = i + 1;
		if (events == 0)
			continue;
		ready[count++] = (struct poller_ready){.tag = p->watched[i].tag,
		                                       .readable = events & (POLLIN | POLLERR | POLLHUP | POLLNVAL),
		                                       .writable = events & POLLOUT};
	}
	return count;
}

/* The host asks for the time itself. */
static void poll_poller_arm(void *poller, uint64_t in_ms)
{
	(void)poller;
	(void)in_ms;
}

static void poll_poller_wake(const void *poller)
{
	int number = errno;
	ssize_t written = write(((const struct poll_poller *)poller)->wake, "", 1); /* a full pipe wakes as well */
	(void)written;
	errno = number;
}

static size_t poll_poller_list(const void *poller, struct uncia_descriptor *list, size_t capacity)
{
	const struct poll_poller *p = poller;
	if (capacity != 0)
		list[0] = (struct uncia_descriptor){.fd = p->woken, .reads = true};
	for (size_t i = 0; i < p->count && i + 1 < capacity; i++)
		list[i + 1] = (struct uncia_descriptor){
		    .fd = p->watched[i].fd, .reads = p->watched[i].reads, .writes = p->watched[i].writes};
	return p->count + 1;
}

const struct poller_kind poller_poll = {poll_poller_open,  poll_poller_close, poll_poller_descriptor, poll_poller_watch,
                                        poll_poller_ready, poll_poller_arm,   poll_poller_wake,       poll_poller_list};
