/* Child processes and their signals. Nothing here knows what a validator is. */
#include "processes.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "clocks.h"
#include "command.h"
#include "files.h"

#define STOP_TIMEOUT_MS 10000

static sigset_t waited, before; /* the signals that processes_wait takes; the mask at the start */
static bool initialised;

int own_program(char path[PATH_MAX])
{
	ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - 1);
	if (size < 0)
		return command_error(EXIT_FAILED, "/proc/self/exe: %s", strerror(errno));
	path[size] = '\0';
	return 0;
}

int processes_init(void)
{
	assert(!initialised);
	initialised = true;
	sigemptyset(&waited);
	sigaddset(&waited, SIGINT);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGCHLD);
	signal(SIGPIPE, SIG_IGN); /* if the reader of our standard output is gone, writing fails and nothing more */
	signal(SIGHUP, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &waited, &before) ? command_error(EXIT_FAILED, "signals: %s", strerror(errno))
	                                                : 0;
}

static void restore_signals(void)
{
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* In the child, between fork and exec: calls nothing but what is safe there. */
static void become_validator(const char *program, char *const *argv, int log, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);
	/* In a group of its own the child gets no interrupt from the terminal: the devnet stops its children in order.
	 */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(127);
	restore_signals();
	execv(program, argv);
	_exit(127);
}

int child_start(struct child *child, const char *program)
{
	char path[PATH_MAX];
	char *argv[] = {(char *)"unciad", (char *)"start", (char *)"--home", child->home, NULL, NULL, NULL};
	if (*child->metrics) {
		argv[4] = (char *)"--metrics";
		argv[5] = child->metrics;
	}
	assert(initialised && !child->pid && *child->home);
	int code = path_join(child->home, "log", path);
	if (code)
		return code;
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0)
		return command_error(EXIT_FAILED, "%s: %s", path, strerror(errno));
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become_validator(program, argv, log, parent);
	int error = errno;
	close(log);
	if (pid < 0)
		return command_error(EXIT_FAILED, "cannot start a process: %s", strerror(error));
	child->pid = pid;
	return 0;
}

enum process_event processes_wait(int timeout_ms)
{
	assert(initialised);
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
	for (;;) {
		int number = sigtimedwait(&waited, NULL, timeout_ms < 0 ? NULL : &timeout);
		if (number == SIGCHLD)
			return PROCESS_CHILD;
		if (number > 0)
			return PROCESS_STOP;
		if (errno == EAGAIN)
			return PROCESS_TIMEOUT;
	}
}

static void say_end(const struct child *child, int status)
{
	if (WIFSIGNALED(status))
		command_error(0, "%s (process %d) was ended by signal %d", child->home, (int)child->pid,
		              WTERMSIG(status));
	else
		command_error(0, "%s (process %d) ended with code %d: see %s/log", child->home, (int)child->pid,
		              WEXITSTATUS(status), child->home);
}

static unsigned reap(struct child *children, uint32_t count, bool say)
{
	unsigned ended = 0;
	for (uint32_t i = 0; i < count; i++) {
		int status;
		assert(children[i].pid >= 0); /* others mean a group of processes */
		if (!children[i].pid || waitpid(children[i].pid, &status, WNOHANG) != children[i].pid)
			continue;
		if (say)
			say_end(&children[i], status);
		children[i].pid = 0;
		ended++;
	}
	return ended;
}

unsigned children_reap(struct child *children, uint32_t count)
{
	return reap(children, count, true);
}

static bool any_runs(const struct child *children, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (children[i].pid)
			return true;
	}
	return false;
}

static void signal_all(const struct child *children, uint32_t count, int number)
{
	for (uint32_t i = 0; i < count; i++) {
		assert(children[i].pid >= 0);
		if (children[i].pid)
			kill(children[i].pid, number);
	}
}

void children_stop(struct child *children, uint32_t count)
{
	uint64_t deadline = clocks_monotonic_ms() + STOP_TIMEOUT_MS;
	signal_all(children, count, SIGTERM);
	for (reap(children, count, false); any_runs(children, count); reap(children, count, false)) {
		uint64_t now = clocks_monotonic_ms();
		if (now >= deadline) {
			command_error(0, "not all validators stopped in time: ending them");
			signal_all(children, count, SIGKILL);
			deadline = UINT64_MAX;
		}
		processes_wait(deadline == UINT64_MAX ? 100 : (int)(deadline - now));
	}
}

/* Reads to the end. Returns 0, and the bytes with a NUL behind them; -1 where it fails or there are more. */
static int read_all(int fd, char *output, size_t size)
{
	assert(size > 0);
	size_t have = 0;
	for (;;) {
		char rest[256];
		bool full = have + 1 == size;
		ssize_t n = full ? read(fd, rest, sizeof(rest)) : read(fd, output + have, size - 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (full && n > 0))
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	output[have] = '\0';
	return 0;
}

int program_output(const char *program, const char *const *argv, char *output, size_t size)
{
	int ends[2], status = -1;
	assert(initialised && argv[0]);
	if (pipe2(ends, O_CLOEXEC))
		return command_error(EXIT_FAILED, "cannot make a pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		restore_signals();
		if (dup2(ends[1], 1) >= 0)
			execvp(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(ends[1]);
	int failed = pid < 0 || read_all(ends[0], output, size);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (failed || !WIFEXITED(status) || WEXITSTATUS(status))
		return command_error(EXIT_FAILED, "%s %s: %s", program, argv[1],
		                     WIFEXITED(status) && WEXITSTATUS(status) == 127 ? "cannot be run" : "failed");
	return 0;
}
