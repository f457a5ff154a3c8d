/* The child processes of a devnet: started, watched, stopped. Every function returns an exit code or says what it
 * returns, and has said on standard error what failed. */
#ifndef PROCESSES_H
#define PROCESSES_H
#include <stdbool.h>
#include <stdint.h>
#include <limits.h>
#include <sys/types.h>

struct child {
	char home[PATH_MAX];
	pid_t pid; /* 0: not running */
};

/* The file that this program was started from. */
int own_program(char path[PATH_MAX]);

/* Blocks the signals that processes_wait takes; before the first child. */
int processes_init(void);
/* Starts `PROGRAM start --home HOME` with its output appended to HOME/log; it gets SIGTERM should we die. */
int child_start(struct child *child, const char *program);
enum process_event { PROCESS_TIMEOUT, PROCESS_CHILD, PROCESS_STOP };
/* Waits for SIGINT or SIGTERM, for a child to end (-1: without a limit), or for the time to pass. */
enum process_event processes_wait(int timeout_ms);
/* Notes the children that have ended, and says so. Returns how many there were. */
unsigned children_reap(struct child *children, uint32_t count);
/* SIGTERM to all that run; SIGKILL to those that take longer than ten seconds. */
void children_stop(struct child *children, uint32_t count);

/* Runs a program to its end and keeps its standard output, at most size - 1 bytes. Returns an exit code: EXIT_FAILED
 * where it cannot be started or does not end with 0. */
int program_output(const char *program, const char *const *argv, char *output, size_t size);

#endif
