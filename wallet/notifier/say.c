/* The clock, and what is said to whoever runs it. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "notifier.h"

uint64_t notifier_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int notifier_say(int code, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("uncia-notifier: ", stderr);
	vfprintf(stderr, format, list); /* NOLINT(clang-analyzer-valist.Uninitialized) */
	fputc('\n', stderr);
	va_end(list);
	return code;
}
