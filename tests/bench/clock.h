/* The clocks that the measurements are read from, in microseconds. */
#ifndef CLOCK_H
#define CLOCK_H
#include <time.h>

static inline double clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline double now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* Processor time of all threads; of the one that asks. */
static inline double process_us(void)
{
	return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

static inline double thread_us(void)
{
	return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

#endif
