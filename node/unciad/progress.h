/* How far a long command has come, on standard error; and whether it is to end early. Threads: the command's, unless it
 * says otherwise. */
#ifndef PROGRESS_H
#define PROGRESS_H
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "blocks checked": the caller's */
	bool terminal;    /* the line is written over and over; otherwise a new one comes every ten seconds */
	bool shown;
	uint64_t began_ms, shown_ms;
};

/* Begins, and from now on SIGINT and SIGTERM ask for the end (progress_stopped). */
void progress_begin(struct progress *progress, const char *what);
/* Says how far it has come, not more often than makes sense. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total);
/* Takes the line away. */
void progress_end(struct progress *progress);
/* Set where the command is to end. Threads: any. */
const volatile sig_atomic_t *progress_stop(void);

#endif
