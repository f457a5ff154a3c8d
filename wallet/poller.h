/* Watching descriptors without waiting: what the driver needs of the system, and how each system does it. A kind with a
 * descriptor (epoll, kqueue) has all that is watched, a timer and the wake-up behind one descriptor that a host's loop
 * can wait on; one without (poll) lists them, and the host waits on each. */
#ifndef POLLER_H
#define POLLER_H
#include <uncia/uncia.h>

/* A descriptor that is watched. One that is watched neither for reading nor for writing is forgotten. */
struct poller_watch {
	int fd;
	bool reads, writes;
	uint64_t tag; /* returned with what is ready; below POLLER_TAG_MAX */
};

/* What is ready. Errors and hang-ups make a descriptor readable, and writable where it is watched for that. */
struct poller_ready {
	uint64_t tag;
	bool readable, writable;
};

#define POLLER_TAG_MAX (UINT64_MAX - 2) /* those from here on are the pollers' own */
#define POLLER_NEVER   UINT64_MAX

/* One at a time calls them, but for `wake`. */
struct poller_kind {
	/* Returns 0; UNCIA_E_MEMORY; UNCIA_E_IO. Owns: `close`. */
	int (*open)(void **poller);
	/* Closes what is its own, before anything else: a child of fork that closes its copy leaves the parent's as it
	 * is. What is watched stays open. */
	void (*close)(void *poller);
	/* The one to wait on, or -1 where this kind has none. */
	int (*descriptor)(const void *poller);
	/* Returns 0; UNCIA_E_MEMORY; UNCIA_E_IO. A descriptor is forgotten before it is closed: another process may
	 * have a copy that keeps it open. */
	int (*watch)(void *poller, const struct poller_watch *watch);
	/* What is ready now, without waiting; what `wake` has done is over. Returns how many, or UNCIA_E_IO. */
	int (*ready)(void *poller, struct poller_ready *ready, int capacity);
	/* The descriptor is readable from so many milliseconds on, even if nothing else is ready, until this is called
	 * again. 0: now; POLLER_NEVER. */
	void (*arm)(void *poller, uint64_t in_ms);
	/* The descriptor is readable until `ready` is called. Threads: any. Async-signal-safe. */
	void (*wake)(const void *poller);
	/* What the host is to wait on. Returns how many there are; the first `capacity` of them are in `list`. */
	size_t (*list)(const void *poller, struct uncia_descriptor *list, size_t capacity);
};

#ifdef __linux__
extern const struct poller_kind poller_epoll;
#endif
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__OpenBSD__) || defined(__NetBSD__) ||                       \
    defined(__DragonFly__) || defined(UNCIA_LIBKQUEUE)
#define UNCIA_HAVE_KQUEUE 1
extern const struct poller_kind poller_kqueue;
#endif
extern const struct poller_kind poller_poll;

/* A kind that lists one descriptor lists it by this. */
static inline size_t poller_list_one(int fd, struct uncia_descriptor *list, size_t capacity)
{
	if (capacity != 0)
		list[0] = (struct uncia_descriptor){.fd = fd, .reads = true};
	return 1;
}

#endif
