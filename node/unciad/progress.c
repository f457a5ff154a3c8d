/* See progress.h. */
#include "progress.h"
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include "clocks.h"

#define TERMINAL_EVERY_MS 200u
#define LINE_EVERY_MS     10000u

static volatile sig_atomic_t stop_asked;

static void on_stop_signal(int number)
{
	(void)number;
	stop_asked = 1;
}

const volatile sig_atomic_t *progress_stop(void)
{
	return &stop_asked;
}

void progress_begin(struct progress *p, const char *what)
{
	struct sigaction action = {.sa_handler = on_stop_signal};
	*p = (struct progress){.what = what, .terminal = isatty(STDERR_FILENO), .began_ms = clocks_monotonic_ms()};
	p->shown_ms = p->began_ms;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void progress_show(struct progress *p, uint64_t done, uint64_t total)
{
	uint64_t now = clocks_monotonic_ms(), every = p->terminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS;
	if (now - p->shown_ms < every)
		return;
	p->shown_ms = now;
	p->shown = true;
	fprintf(stderr, "%s%" PRIu64 " of %" PRIu64 " %s, %" PRIu64 " s%s", p->terminal ? "\r" : "", done, total,
	        p->what, (now - p->began_ms) / 1000, p->terminal ? "\033[K" : "\n");
}

void progress_end(struct progress *p)
{
	if (p->terminal && p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
