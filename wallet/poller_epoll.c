/* Linux: an epoll descriptor, with an eventfd that other threads write (wake), one that is readable while something is
 * due now, and a timer for what is due later. The timer runs on while the device sleeps. */
#ifdef __linux__
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "poller.h"

#define TAG_OWN   UINT64_MAX
#define READY_MAX 32

struct epoll_poller {
	int epoll, woken, due, timer;
	bool is_due; /* `due` is readable */
};

static void epoll_poller_close(void *poller)
{
	struct epoll_poller *p = poller;
	const int fds[] = {p->epoll, p->woken, p->due, p->timer};
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(p);
}

static int epoll_poller_open(void **poller)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = TAG_OWN};
	struct epoll_poller *p = calloc(1, sizeof(*p));
	if (!p)
		return UNCIA_E_MEMORY;
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->woken = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	p->due = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	p->timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (p->epoll < 0 || p->woken < 0 || p->due < 0 || p->timer < 0 ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->woken, &event) != 0 ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->due, &event) != 0 ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->timer, &event) != 0) {
		epoll_poller_close(p);
		return UNCIA_E_IO;
	}
	*poller = p;
	return 0;
}

static int epoll_poller_descriptor(const void *poller)
{
	return ((const struct epoll_poller *)poller)->epoll;
}

static int epoll_poller_watch(void *poller, const struct poller_watch *watch)
{
	const struct epoll_poller *p = poller;
	struct epoll_event event = {.events = (watch->reads ? EPOLLIN : 0u) | (watch->writes ? EPOLLOUT : 0u),
	                            .data.u64 = watch->tag};
	if (!watch->reads && !watch->writes) {
		epoll_ctl(p->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
		return 0;
	}
	return epoll_ctl(p->epoll, EPOLL_CTL_MOD, watch->fd, &event) == 0 ||
	               epoll_ctl(p->epoll, EPOLL_CTL_ADD, watch->fd, &event) == 0
	           ? 0
	           : UNCIA_E_IO;
}

static int epoll_poller_ready(void *poller, struct poller_ready *ready, int capacity)
{
	const struct epoll_poller *p = poller;
	struct epoll_event events[READY_MAX];
	eventfd_t ignored;
	int count = 0;
	(void)eventfd_read(p->woken, &ignored);
	int n = epoll_wait(p->epoll, events, capacity < READY_MAX ? capacity : READY_MAX, 0);
	if (n < 0 && errno != EINTR)
		return UNCIA_E_IO;
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 == TAG_OWN)
			continue;
		bool broken = events[i].events & (EPOLLERR | EPOLLHUP);
		ready[count++] = (struct poller_ready){.tag = events[i].data.u64,
		                                       .readable = broken || (events[i].events & EPOLLIN),
		                                       .writable = events[i].events & EPOLLOUT};
	}
	return count;
}

static void epoll_poller_arm(void *poller, uint64_t in_ms)
{
	struct epoll_poller *p = poller;
	struct itimerspec when = {0}; /* all 0: never */
	eventfd_t ignored;
	bool is_due = in_ms == 0;
	if (is_due && !p->is_due)
		(void)eventfd_write(p->due, 1);
	if (!is_due && p->is_due)
		(void)eventfd_read(p->due, &ignored);
	p->is_due = is_due;
	if (!is_due && in_ms != POLLER_NEVER) {
		when.it_value.tv_sec = (time_t)(in_ms / 1000 < INT32_MAX ? in_ms / 1000 : INT32_MAX);
		when.it_value.tv_nsec = (long)(in_ms % 1000) * 1000000;
	}
	(void)timerfd_settime(p->timer, 0, &when, NULL); /* whatever it has shown is over by this, too */
}

static void epoll_poller_wake(const void *poller)
{
	int number = errno;
	(void)eventfd_write(((const struct epoll_poller *)poller)->woken, 1);
	errno = number;
}

static size_t epoll_poller_list(const void *poller, struct uncia_descriptor *list, size_t capacity)
{
	return poller_list_one(epoll_poller_descriptor(poller), list, capacity);
}

const struct poller_kind poller_epoll = {epoll_poller_open,  epoll_poller_close, epoll_poller_descriptor,
                                         epoll_poller_watch, epoll_poller_ready, epoll_poller_arm,
                                         epoll_poller_wake,  epoll_poller_list};
#else
typedef int poller_epoll_is_for_linux; /* C has no empty file */
#endif
