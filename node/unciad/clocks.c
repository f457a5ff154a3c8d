/* Reading the clocks. */
#include "clocks.h"
#include <assert.h>
#include <time.h>

static uint64_t clocks_read(clockid_t clock)
{
	struct timespec now;
	int rc = clock_gettime(clock, &now);
	assert(!rc); /* it fails for a clock that does not exist, and for nothing else */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clocks_monotonic_ms(void)
{
	return clocks_read(CLOCK_MONOTONIC);
}

uint64_t clocks_wall_ms(void)
{
	return clocks_read(CLOCK_REALTIME);
}
