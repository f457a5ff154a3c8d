/* The host over a directory: exclusive creation, what a crash leaves behind, who may read. */
#include <errno.h>
#include <sys/resource.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uncia/uncia.h>
#include "unit.h"

static char path[64];

static int remove_one(const char *name, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(name);
}

static struct uncia_host open_host(void)
{
	struct uncia_host host = {.size = sizeof(host)};
	strcpy(path, "/tmp/uncia-host-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	strcat(path, "/home");
	ck_assert_int_eq(uncia_host_directory(path, &host), 0);
	return host;
}

static void close_host(struct uncia_host *host)
{
	uncia_host_directory_free(host);
	path[strlen(path) - strlen("/home")] = '\0';
	ck_assert_int_eq(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int count_names(void *context, const char *name)
{
	(void)name;
	(*(int *)context)++;
	return 0;
}

static int count(struct uncia_host *host, const char *prefix)
{
	int n = 0;
	ck_assert_int_eq(host->list(host->context, prefix, count_names, &n), 0);
	return n;
}

static void check_blob(struct uncia_host *host, const char *name, const char *expected)
{
	char buffer[64];
	size_t size = 0;
	ck_assert_int_eq(host->load(host->context, name, buffer, sizeof(buffer), &size), 0);
	ck_assert_uint_eq(size, strlen(expected));
	ck_assert_mem_eq(buffer, expected, size);
}

START_TEST(blobs_are_created_once_and_replaced)
{
	struct uncia_host host = open_host();
	ck_assert_int_eq(host.create(host.context, "a-1", "one", 3), 0);
	ck_assert_int_eq(host.create(host.context, "a-1", "two", 3), UNCIA_E_EXISTS);
	check_blob(&host, "a-1", "one");
	ck_assert_int_eq(host.replace(host.context, "a-1", "three", 5), 0);
	check_blob(&host, "a-1", "three");
	ck_assert_int_eq(host.replace(host.context, "a-2", "", 0), 0);
	check_blob(&host, "a-2", "");
	ck_assert_int_eq(host.create(host.context, "b", "x", 1), 0);
	ck_assert_int_eq(count(&host, "a-"), 2);
	ck_assert_int_eq(count(&host, ""), 3);
	ck_assert_int_eq(host.remove(host.context, "a-1"), 0);
	ck_assert_int_eq(host.remove(host.context, "a-1"), UNCIA_E_NOT_FOUND);
	close_host(&host);
}
END_TEST

START_TEST(a_short_buffer_is_told_the_size)
{
	struct uncia_host host = open_host();
	char buffer[4] = "????";
	size_t size = 0;
	ck_assert_int_eq(host.create(host.context, "a", "0123456789", 10), 0);
	ck_assert_int_eq(host.load(host.context, "a", buffer, sizeof(buffer), &size), 0);
	ck_assert_uint_eq(size, 10);
	ck_assert_int_eq(host.load(host.context, "b", buffer, sizeof(buffer), &size), UNCIA_E_NOT_FOUND);
	close_host(&host);
}
END_TEST

START_TEST(names_cannot_leave_the_directory)
{
	struct uncia_host host = open_host();
	static const char *const bad[] = {"", ".", "..", "../x", "a/b", "a.b", ".new-1", "a b", "\xc3\xa4", "a\n"};
	char long_name[UNCIA_BLOB_NAME_SIZE + 1];
	size_t size;
	memset(long_name, 'a', UNCIA_BLOB_NAME_SIZE);
	long_name[UNCIA_BLOB_NAME_SIZE] = '\0';
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(host.create(host.context, bad[i], "x", 1), UNCIA_E_ARGUMENT);
		ck_assert_int_eq(host.replace(host.context, bad[i], "x", 1), UNCIA_E_ARGUMENT);
		ck_assert_int_eq(host.remove(host.context, bad[i]), UNCIA_E_ARGUMENT);
		ck_assert_int_eq(host.load(host.context, bad[i], NULL, 0, &size), UNCIA_E_ARGUMENT);
	}
	ck_assert_int_eq(host.create(host.context, long_name, "x", 1), UNCIA_E_ARGUMENT);
	ck_assert_int_eq(count(&host, ""), 0);
	close_host(&host);
}
END_TEST

START_TEST(leftovers_of_a_crash_are_no_blobs)
{
	struct uncia_host host = open_host();
	char name[128];
	snprintf(name, sizeof(name), "%s/.new-0123456789abcdef", path);
	int fd = open(name, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "half", 4), 4);
	close(fd);
	ck_assert_int_eq(count(&host, ""), 0);
	ck_assert_int_eq(host.create(host.context, "a", "x", 1), 0);
	ck_assert_int_eq(count(&host, ""), 1);
	close_host(&host);
}
END_TEST

static void leave_behind(const char *name, time_t age_s)
{
	char file[PATH_MAX];
	struct timespec times[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};
	snprintf(file, sizeof(file), "%s/%s", path, name);
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static bool is_there(const char *name)
{
	char file[PATH_MAX];
	snprintf(file, sizeof(file), "%s/%s", path, name);
	return access(file, F_OK) == 0;
}

START_TEST(leftovers_of_a_crash_go_after_a_day)
{
	struct uncia_host host = open_host();
	leave_behind(".new-old", 2 * 86400);
	leave_behind(".new-fresh", 3600);
	leave_behind("blob", 2 * 86400);
	uncia_host_directory_free(&host);
	host = (struct uncia_host){.size = sizeof(host)};
	ck_assert_int_eq(uncia_host_directory(path, &host), 0);
	ck_assert(!is_there(".new-old"));
	ck_assert(is_there(".new-fresh")); /* another process may be about to give it its name */
	ck_assert(is_there("blob"));
	close_host(&host);
}
END_TEST

START_TEST(nothing_temporary_is_left)
{
	struct uncia_host host = open_host();
	ck_assert_int_eq(host.create(host.context, "a", "x", 1), 0);
	ck_assert_int_eq(host.create(host.context, "a", "x", 1), UNCIA_E_EXISTS);
	ck_assert_int_eq(host.replace(host.context, "a", "y", 1), 0);
	ck_assert_int_eq(host.remove(host.context, "a"), 0);
	uncia_host_directory_free(&host);
	ck_assert_int_eq(rmdir(path), 0); /* empty */
	struct uncia_host again = {.size = sizeof(again)};
	ck_assert_int_eq(uncia_host_directory(path, &again), 0);
	close_host(&again);
}
END_TEST

START_TEST(others_may_not_read)
{
	struct uncia_host host = open_host(), other = {.size = sizeof(other)};
	struct stat info;
	char name[128];
	size_t size;
	ck_assert_int_eq(host.create(host.context, "a", "x", 1), 0);
	snprintf(name, sizeof(name), "%s/a", path);
	ck_assert_int_eq(stat(name, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0700);
	ck_assert_int_eq(chmod(name, 0640), 0);
	ck_assert_int_eq(host.load(host.context, "a", NULL, 0, &size), UNCIA_E_PERMISSION);
	ck_assert_int_eq(chmod(path, 0750), 0);
	ck_assert_int_eq(uncia_host_directory(path, &other), UNCIA_E_PERMISSION);
	ck_assert_int_eq(chmod(path, 0700), 0);
	close_host(&host);
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	struct uncia_host host = open_host();
	char name[128];
	size_t size;
	snprintf(name, sizeof(name), "%s/a", path);
	ck_assert_int_eq(symlink("/etc/passwd", name), 0);
	ck_assert_int_ne(host.load(host.context, "a", NULL, 0, &size), 0);
	ck_assert_int_eq(host.create(host.context, "a", "x", 1), UNCIA_E_EXISTS);
	ck_assert_int_eq(host.replace(host.context, "a", "x", 1), 0);
	check_blob(&host, "a", "x");
	close_host(&host);
}
END_TEST

#define PROCESSES 4
#define ROUNDS    50

/* Another process that counts in a blob, without losing what others count. */
static void count_under_the_lock(void)
{
	struct uncia_host host = {.size = sizeof(host)};
	size_t size;
	int number, rc;
	if (uncia_host_directory(path, &host) != 0)
		_exit(1);
	for (int i = 0; i < ROUNDS; i++) {
		while ((rc = host.lock(host.context)) == UNCIA_E_BUSY)
			usleep(1000);
		if (rc != 0 || host.load(host.context, "count", &number, sizeof(number), &size) != 0)
			_exit(1);
		number++;
		if (host.replace(host.context, "count", &number, sizeof(number)) != 0)
			_exit(1);
		host.unlock(host.context);
	}
	_exit(0);
}

START_TEST(one_process_at_a_time_is_under_the_lock)
{
	struct uncia_host host = open_host();
	int status, number = 0;
	size_t size;
	ck_assert_int_eq(host.create(host.context, "count", &number, sizeof(number)), 0);
	for (int i = 0; i < PROCESSES; i++) {
		pid_t child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0)
			count_under_the_lock();
	}
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(host.load(host.context, "count", &number, sizeof(number), &size), 0);
	ck_assert_int_eq(number, PROCESSES * ROUNDS);
	ck_assert_int_eq(count(&host, ""), 1); /* the lock is no blob */
	close_host(&host);
}
END_TEST

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);

static struct uncia_host *next; /* under the lock as soon as it is free */

int __wrap_flock(int fd, int operation)
{
	struct uncia_host *host = next;
	int result = __real_flock(fd, operation);
	if (operation == LOCK_UN && host != NULL) {
		next = NULL;
		ck_assert_int_eq(host->lock(host->context), 0);
	}
	return result;
}

static bool somebody_is_under_the_lock(void)
{
	char file[80];
	snprintf(file, sizeof(file), "%s/.lock", path);
	int fd = open(file, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	bool taken = __real_flock(fd, LOCK_EX | LOCK_NB) != 0;
	close(fd);
	return taken;
}

START_TEST(who_leaves_the_lock_leaves_it_to_a_wallet_over_the_same_host_in_another_thread)
{
	struct uncia_host host = open_host();
	ck_assert_int_eq(host.lock(host.context), 0);
	ck_assert(somebody_is_under_the_lock());
	next = &host;
	host.unlock(host.context);
	ck_assert(somebody_is_under_the_lock());
	host.unlock(host.context);
	ck_assert(!somebody_is_under_the_lock());
	close_host(&host);
}
END_TEST

START_TEST(the_lock_of_a_process_that_stands_still_is_not_waited_for_and_goes_with_it)
{
	struct uncia_host host = open_host(), other = {.size = sizeof(other)};
	int ready[2], status;
	char byte;
	ck_assert_int_eq(pipe(ready), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		bool has_it = uncia_host_directory(path, &other) == 0 && other.lock(other.context) == 0 &&
		              write(ready[1], "", 1) == 1;
		while (has_it)
			pause();
		_exit(1);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(host.lock(host.context), UNCIA_E_BUSY);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_int_lt(after.tv_sec - before.tv_sec, 2);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(host.lock(host.context), 0);
	host.unlock(host.context);
	close(ready[0]);
	close_host(&host);
}
END_TEST

/* ---- file systems without hard links ---- */

/* From now on this process and its children are told so of these calls. 0: as it is. */
static bool refuse(int link_error, int rename_error)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_linkat, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, link_error ? SECCOMP_RET_ERRNO | (unsigned)link_error : SECCOMP_RET_ALLOW),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, rename_error ? SECCOMP_RET_ERRNO | (unsigned)rename_error : SECCOMP_RET_ALLOW),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#define NAMES 40

/* Creates all names; what others hold for a moment is tried again. Exits with how many were its own, or 255. */
static void create_all(int me)
{
	struct uncia_host host = {.size = sizeof(host)};
	int made = 0;
	char name[16];
	if (uncia_host_directory(path, &host) != 0)
		_exit(255);
	for (int i = 0; i < NAMES; i++) {
		int rc;
		snprintf(name, sizeof(name), "c-%d", i);
		while ((rc = host.create(host.context, name, &me, sizeof(me))) == UNCIA_E_BUSY)
			sched_yield();
		if (rc != 0 && rc != UNCIA_E_EXISTS)
			_exit(255);
		made += rc == 0;
	}
	_exit(made);
}

/* Of several processes one creates each blob, whole, and nobody writes over it. Returns what went wrong, or NULL. */
static const char *race(struct uncia_host *host)
{
	pid_t children[PROCESSES];
	int made[PROCESSES], has[PROCESSES] = {0}, status, owner;
	size_t size;
	char name[16];
	for (int i = 0; i < PROCESSES; i++) {
		if ((children[i] = fork()) == 0)
			create_all(i);
	}
	for (int i = 0; i < PROCESSES; i++) {
		if (children[i] < 0 || waitpid(children[i], &status, 0) != children[i] || !WIFEXITED(status))
			return "a process did not end";
		made[i] = WEXITSTATUS(status);
	}
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "c-%d", i);
		if (host->load(host->context, name, &owner, sizeof(owner), &size) != 0 || size != sizeof(owner) ||
		    owner < 0 || owner >= PROCESSES)
			return "a blob is not whole";
		has[owner]++;
	}
	return memcmp(made, has, sizeof(made)) == 0 ? NULL : "two made one blob, or one was written over";
}

static const char *without_links(int link_error, int rename_error)
{
	struct uncia_host host = {.size = sizeof(host)};
	char data[8];
	size_t size;
	if (!refuse(link_error, rename_error))
		return "no filter";
	if (uncia_host_directory(path, &host) != 0)
		return "no host";
	if (host.create(host.context, "a", "one", 3) != 0 || host.create(host.context, "a", "two", 3) != UNCIA_E_EXISTS)
		return "create";
	if (host.load(host.context, "a", data, sizeof(data), &size) != 0 || size != 3 || memcmp(data, "one", 3) != 0)
		return "load";
	if (host.replace(host.context, "a", "three", 5) != 0 || host.replace(host.context, "b", "x", 1) != 0 ||
	    host.create(host.context, "b", "y", 1) != UNCIA_E_EXISTS)
		return "replace";
	if (host.remove(host.context, "a") != 0 || host.create(host.context, "a", "four", 4) != 0)
		return "remove";
	if (count(&host, "") != 2 || count(&host, ".new-") != 0)
		return "something is left";
	const char *wrong = race(&host);
	uncia_host_directory_free(&host);
	return wrong;
}

/* As SELinux answers on Android; as file systems without links do; and without a rename that is exclusive, either. */
START_TEST(without_hard_links_blobs_are_made_once_all_the_same)
{
	static const int refusals[][2] = {{0, 0}, {EACCES, 0}, {EPERM, 0}, {EPERM, EINVAL}, {EACCES, ENOSYS}};
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct uncia_host host = open_host();
		int status;
		pid_t child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0) {
			const char *wrong = without_links(refusals[i][0], refusals[i][1]);
			if (wrong)
				fprintf(stderr, "link: %d, rename: %d: %s\n", refusals[i][0], refusals[i][1], wrong);
			_exit(wrong ? 1 : 0);
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(is_there(".names"), refusals[i][1] != 0);
		close_host(&host);
	}
}
END_TEST

/* Once one process has found out that nothing but a lock helps, nobody replaces what another is about to create. */
START_TEST(who_replaces_waits_for_the_lock_of_who_creates)
{
	struct uncia_host host = open_host();
	char file[80];
	snprintf(file, sizeof(file), "%s/.names", path);
	ck_assert_int_eq(host.replace(host.context, "a", "x", 1), 0);
	ck_assert(!is_there(".names"));
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(__real_flock(fd, LOCK_EX | LOCK_NB), 0);
	ck_assert_int_eq(host.replace(host.context, "a", "y", 1), UNCIA_E_BUSY);
	check_blob(&host, "a", "x");
	ck_assert_int_eq(count(&host, ".new-"), 0);
	close(fd);
	ck_assert_int_eq(host.replace(host.context, "a", "y", 1), 0);
	check_blob(&host, "a", "y");
	ck_assert_int_eq(count(&host, ""), 1);
	close_host(&host);
}
END_TEST

START_TEST(what_failed_is_said_with_the_file_and_the_systems_words)
{
	struct uncia_host host = open_host(), none = {.size = sizeof(none)};
	char why[UNCIA_WHY_SIZE] = "x", byte;
	size_t size;
	struct rlimit before, few;
	uncia_host_directory_why(&host, why);
	ck_assert_str_eq(why, "");
	ck_assert_int_eq(host.load(host.context, "absent", &byte, 1, &size), UNCIA_E_NOT_FOUND);
	uncia_host_directory_why(&host, why);
	ck_assert_str_eq(why, ""); /* that is no failure */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(host.create(host.context, "blob", "x", 1), UNCIA_E_IO);
	ck_assert_int_eq(uncia_host_directory(path, &none), UNCIA_E_IO);
	int number = errno;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(number, EMFILE);
	uncia_host_directory_why(&host, why);
	ck_assert_ptr_nonnull(strstr(why, "/blob: Too many open files"));
	ck_assert_int_eq(strncmp(why, path, strlen(path)), 0);
	uncia_host_directory_why(&none, why); /* not one of a directory */
	ck_assert_str_eq(why, "");
	close_host(&host);
}
END_TEST

UNIT_MAIN("host_directory", what_failed_is_said_with_the_file_and_the_systems_words,
          blobs_are_created_once_and_replaced, a_short_buffer_is_told_the_size, names_cannot_leave_the_directory,
          leftovers_of_a_crash_are_no_blobs, leftovers_of_a_crash_go_after_a_day, nothing_temporary_is_left,
          others_may_not_read, a_link_is_not_followed, one_process_at_a_time_is_under_the_lock,
          who_leaves_the_lock_leaves_it_to_a_wallet_over_the_same_host_in_another_thread,
          the_lock_of_a_process_that_stands_still_is_not_waited_for_and_goes_with_it,
          without_hard_links_blobs_are_made_once_all_the_same, who_replaces_waits_for_the_lock_of_who_creates)
