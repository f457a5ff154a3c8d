/* The child processes of a devnet: started, watched, stopped. A function that returns an int returns an exit code, and
 * has said on standard error what failed. No store is open while any of them forks. Threads: the command's, the only
 * one. */
#ifndef PROCESSES_H
#define PROCESSES_H
#include <stdbool.h>
#include <stdint.h>
#include <limits.h>
#include <sys/types.h>

struct child {
	char home[PATH_MAX];
	char metrics[32]; /* the value of --metrics; empty: without */
	pid_t pid;        /* 0: not running, and not to be waited for */
};

/* The path of the file that this program was started from. */
int own_program(char path[PATH_MAX]);

/* Blocks the signals that processes_wait takes, and ignores SIGPIPE. Once, before the first child. */
int processes_init(void);
/* Starts `PROGRAM start --home HOME`, with --metrics where that is set, with its output appended to HOME/log; it is
 * sent SIGTERM if this process dies. */
int child_start(struct child *child, const char *program);

enum process_event { PROCESS_TIMEOUT, PROCESS_CHILD, PROCESS_STOP };
/* Waits for SIGINT or SIGTERM, for a child to end (-1: without a limit), or for the time to pass. */
enum process_event processes_wait(int timeout_ms);
/* Takes note of the children that have ended, and says how on standard error. Returns how many there were. */
unsigned children_reap(struct child *children, uint32_t count);
/* Sends SIGTERM to all that run, SIGKILL to those that take longer than ten seconds, and waits until none runs. */
void children_stop(struct child *children, uint32_t count);

/* Runs a program to its end and keeps its standard output, at most size - 1 bytes. Returns an exit code: EXIT_FAILED
 * where it cannot be started or does not end with 0. */
int program_output(const char *program, const char *const *argv, char *output, size_t size);

#endif
