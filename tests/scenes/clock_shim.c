/* The clocks of a process that is put to sleep, for the scenes: loaded before a client, and behind a sanitizer's
 * runtime. The file that SCENE_CLOCK names holds one int64_t, seconds, which the wall clock and CLOCK_BOOTTIME are
 * ahead; a scene changes it while the process is stopped. CLOCK_MONOTONIC stands still while a machine sleeps, and is
 * left alone. As the kernel does after a sleep, timers of CLOCK_BOOTTIME that have come due in it expire when the
 * process goes on (SIGCONT). Nothing here allocates: it is called before and inside malloc. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TIMERS_MAX 1024 /* descriptors from there on are as they were */

static const volatile int64_t *ahead_s;
static volatile sig_atomic_t is_boot_timer[TIMERS_MAX], is_armed[TIMERS_MAX];
static int64_t begin_s, continued_s; /* what it was at the start, and at the last SIGCONT */

/* ---- clocks ------------------------------------------------------------------------------------------ */

static int64_t ahead(void)
{
	return ahead_s ? *ahead_s : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, now);
	if (!rc && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += ahead();
	if (!rc && clock == CLOCK_BOOTTIME)
		now->tv_sec += ahead() - begin_s;
	return rc;
}

time_t time(time_t *result)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict result, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*result = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return 0;
}

/* ---- timers ------------------------------------------------------------------------------------------ */

int timerfd_create(clockid_t clock, int flags)
{
	int fd = (int)syscall(SYS_timerfd_create, clock, flags);
	if (fd >= 0 && fd < TIMERS_MAX)
		is_boot_timer[fd] = clock == CLOCK_BOOTTIME;
	return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *wanted, struct itimerspec *before)
{
	if (fd >= 0 && fd < TIMERS_MAX)
		is_armed[fd] = wanted->it_value.tv_sec || wanted->it_value.tv_nsec;
	return (int)syscall(SYS_timerfd_settime, fd, flags, wanted, before);
}

/* A sleep is longer than anything that waits. */
static void on_continue(int number)
{
	const struct itimerspec now = {.it_value = {.tv_nsec = 1}};
	int kept = errno;
	(void)number;
	for (int fd = 0; fd < TIMERS_MAX && ahead() > continued_s; fd++)
		if (is_boot_timer[fd] && is_armed[fd])
			(void)syscall(SYS_timerfd_settime, fd, 0, &now, NULL);
	continued_s = ahead();
	errno = kept;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SCENE_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped = fd >= 0 ? mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (mapped == MAP_FAILED)
		abort(); /* a scene that tests nothing */
	close(fd);
	ahead_s = mapped;
	begin_s = continued_s = ahead();
	sigaction(SIGCONT, &(struct sigaction){.sa_handler = on_continue, .sa_flags = SA_RESTART}, NULL);
}
