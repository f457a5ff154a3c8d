/* BSD, macOS, iOS: a kqueue, whose descriptor other loops can wait on, with a timer and a user event in it. */
#include "poller.h"
#ifdef UNCIA_HAVE_KQUEUE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

#define IDENT_WOKEN 1
#define IDENT_DUE   2
#define IDENT_TIMER 1
#define READY_MAX   32
#define TIMER_MAX   86400000u /* ms; what is due later is armed again then */

struct kqueue_watched {
	struct poller_watch watch;
	struct kqueue_watched *next;
};

struct kqueue_poller {
	int kqueue;
	struct kqueue_watched *watched; /* a kevent has a pointer's room for a tag, which may be too small */
};

/* Returns whether it was done. */
static bool change(const struct kqueue_poller *p, uintptr_t ident, int filter, int flags, void *data)
{
	struct kevent event;
	EV_SET(&event, ident, filter, flags, 0, 0, data);
	return kevent(p->kqueue, &event, 1, NULL, 0, NULL) == 0;
}

static bool trigger(const struct kqueue_poller *p, uintptr_t ident)
{
	struct kevent event;
	EV_SET(&event, ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
	return kevent(p->kqueue, &event, 1, NULL, 0, NULL) == 0;
}

/* Made anew, a user event is not triggered. */
static bool reset(const struct kqueue_poller *p, uintptr_t ident)
{
	change(p, ident, EVFILT_USER, EV_DELETE, NULL);
	return change(p, ident, EVFILT_USER, EV_ADD, NULL);
}

static void kqueue_poller_close(void *poller)
{
	struct kqueue_poller *p = poller;
	struct kqueue_watched *next;
	if (p->kqueue >= 0)
		close(p->kqueue); /* a child of fork has none: the number may stand for nothing there */
	for (struct kqueue_watched *k = p->watched; k; k = next) {
		next = k->next;
		free(k);
	}
	free(p);
}

static int kqueue_poller_open(void **poller)
{
	struct kqueue_poller *p = calloc(1, sizeof(*p));
	if (!p)
		return UNCIA_E_MEMORY;
	p->kqueue = kqueue();
	if (p->kqueue < 0 || fcntl(p->kqueue, F_SETFD, FD_CLOEXEC) < 0 || !reset(p, IDENT_WOKEN) ||
	    !reset(p, IDENT_DUE)) {
		kqueue_poller_close(p);
		return UNCIA_E_IO;
	}
	*poller = p;
	return 0;
}

static int kqueue_poller_descriptor(const void *poller)
{
	return ((const struct kqueue_poller *)poller)->kqueue;
}

/* Makes a filter be there or not, where that is not so already. Returns whether it is as it is to be. */
static bool set_filter(const struct kqueue_poller *p, struct kqueue_watched *k, int filter, bool is, bool to_be)
{
	if (is == to_be)
		return true;
	/* To take away what is not there does nothing. */
	return change(p, (uintptr_t)k->watch.fd, filter, to_be ? EV_ADD : EV_DELETE, k) || !to_be;
}

static int kqueue_poller_watch(void *poller, const struct poller_watch *watch)
{
	struct kqueue_poller *p = poller;
	struct kqueue_watched **at = &p->watched, *k;
	while (*at && (*at)->watch.fd != watch->fd)
		at = &(*at)->next;
	k = *at;
	if (!k) {
		if (!watch->reads && !watch->writes)
			return 0;
		if (!(k = *at = calloc(1, sizeof(*k))))
			return UNCIA_E_MEMORY;
	}
	struct poller_watch before = k->watch;
	k->watch = *watch;
	bool done = set_filter(p, k, EVFILT_READ, before.reads, watch->reads);
	done = set_filter(p, k, EVFILT_WRITE, before.writes, watch->writes) && done;
	if (!watch->reads && !watch->writes) {
		*at = k->next;
		free(k);
	}
	return done ? 0 : UNCIA_E_IO;
}

static int kqueue_poller_ready(void *poller, struct poller_ready *ready, int capacity)
{
	const struct kqueue_poller *p = poller;
	const struct timespec none = {0, 0};
	struct kevent events[READY_MAX];
	int count = 0;
	reset(p, IDENT_WOKEN);
	int n = kevent(p->kqueue, NULL, 0, events, capacity < READY_MAX ? capacity : READY_MAX, &none);
	if (n < 0 && errno != EINTR)
		return UNCIA_E_IO;
	for (int i = 0; i < n; i++) {
		const struct kqueue_watched *k = events[i].udata;
		if (events[i].filter != EVFILT_READ && events[i].filter != EVFILT_WRITE)
			continue;
		ready[count++] =
		    (struct poller_ready){.tag = k->watch.tag,
		                          .readable = events[i].filter == EVFILT_READ || (events[i].flags & EV_EOF),
		                          .writable = events[i].filter == EVFILT_WRITE};
	}
	return count;
}

static void kqueue_poller_arm(void *poller, uint64_t in_ms)
{
	const struct kqueue_poller *p = poller;
	struct kevent event;
	reset(p, IDENT_DUE);
	change(p, IDENT_TIMER, EVFILT_TIMER, EV_DELETE, NULL);
	if (in_ms == 0)
		trigger(p, IDENT_DUE);
	if (in_ms == 0 || in_ms == POLLER_NEVER)
		return;
	EV_SET(&event, IDENT_TIMER, EVFILT_TIMER, EV_ADD, 0, (intptr_t)(in_ms < TIMER_MAX ? in_ms : TIMER_MAX), NULL);
	(void)kevent(p->kqueue, &event, 1, NULL, 0, NULL);
}

static void kqueue_poller_wake(const void *poller)
{
	int number = errno;
	trigger(poller, IDENT_WOKEN);
	errno = number;
}

static size_t kqueue_poller_list(const void *poller, struct uncia_descriptor *list, size_t capacity)
{
	return poller_list_one(kqueue_poller_descriptor(poller), list, capacity);
}

const struct poller_kind poller_kqueue = {kqueue_poller_open,  kqueue_poller_close, kqueue_poller_descriptor,
                                          kqueue_poller_watch, kqueue_poller_ready, kqueue_poller_arm,
                                          kqueue_poller_wake,  kqueue_poller_list};
#endif
