/* Reading the clocks. */
#include "clocks.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
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

void clocks_format(uint64_t wall_ms, char text[TIME_TEXT_SIZE])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm parts;
	struct tm *ok = gmtime_r(&seconds, &parts);
	assert(ok); /* it fails beyond year 2^31 */
	(void)ok;
	strftime(text, TIME_TEXT_SIZE, "%Y-%m-%d %H:%M:%S UTC", &parts);
}

void clocks_age_format(uint64_t ms, char text[CLOCKS_AGE_SIZE])
{
	uint64_t minutes = ms / 60000;
	if (ms < 600000)
		snprintf(text, CLOCKS_AGE_SIZE, "%.1f s", (double)ms / 1000);
	else if (minutes < 48 * 60)
		snprintf(text, CLOCKS_AGE_SIZE, "%" PRIu64 " h %" PRIu64 " min", minutes / 60, minutes % 60);
	else
		snprintf(text, CLOCKS_AGE_SIZE, "%" PRIu64 " d %" PRIu64 " h", minutes / 1440, minutes / 60 % 24);
}
