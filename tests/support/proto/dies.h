/* Whether a call ends in a failed assertion. For unit tests of walls that only a mistake of our own can run into. */
#ifndef DIES_H
#define DIES_H
#include <check.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Calls it in a process of its own, whose complaint is not shown. */
static inline bool dies(void (*call)(void))
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(2);
		call();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
