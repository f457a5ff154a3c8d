/* What poller_kqueue.c uses of a kqueue, as the manual pages of FreeBSD and macOS declare it: so that it is compiled
 * where there is none. Values are of no meaning; nothing is linked with it. */
#ifndef EVENT_H
#define EVENT_H
#include <stdint.h>
#include <time.h>

#define EVFILT_READ  (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_TIMER (-7)
#define EVFILT_USER  (-10)
#define EV_ADD       0x1
#define EV_DELETE    0x2
#define EV_EOF       0x8000
#define NOTE_TRIGGER 0x01000000

struct kevent {
	uintptr_t ident;
	short filter;
	unsigned short flags;
	unsigned int fflags;
	intptr_t data;
	void *udata;
};

#define EV_SET(event, a, b, c, d, e, f)                                                                                \
	(*(event) = (struct kevent){(a), (short)(b), (unsigned short)(c), (d), (e), (f)})

int kqueue(void);
int kevent(int kq, const struct kevent *changes, int change_count, struct kevent *events, int event_count,
           const struct timespec *timeout);
#endif
