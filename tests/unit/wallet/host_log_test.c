/* The log of a home over a directory: how many flushes a blob costs, what several users of a home see of each other,
 * what is found after torn, lost and damaged bytes, and what happens where the log cannot be had. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/file.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uncia/uncia.h>
#include "host_files.h"
#include "unit.h"

#define PATH  128
#define BLOBS 6 /* more than a host stores before it makes a log */

static char home[PATH], copy[PATH];

static unsigned flushes;             /* since they were counted from 0 */
static int fail_fdatasync;           /* the n-th from now on fails; 0: none */
static int die_at_rename;            /* the n-th from now on is where the process ends */
static int refuse_flock, refuse_log; /* errno's of what does not work here */

int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __real_renameat(int from, const char *name, int to, const char *as);
int __wrap_renameat(int from, const char *name, int to, const char *as);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);

int __wrap_fsync(int fd)
{
	(void)fd; /* nothing here is about the disk itself, and thousands of flushes take long */
	flushes++;
	return 0;
}

int __wrap_fdatasync(int fd)
{
	flushes++;
	if (fail_fdatasync != 0 && --fail_fdatasync == 0) {
		errno = EIO;
		return -1;
	}
	(void)fd;
	return 0;
}

int __wrap_renameat(int from, const char *name, int to, const char *as)
{
	if (die_at_rename != 0 && --die_at_rename == 0)
		_exit(7);
	if (refuse_log != 0 && strcmp(as, ".log") == 0) {
		errno = refuse_log;
		return -1;
	}
	return __real_renameat(from, name, to, as);
}

int __wrap_flock(int fd, int operation)
{
	if (refuse_flock != 0) {
		errno = refuse_flock;
		return -1;
	}
	return __real_flock(fd, operation);
}

static int remove_one(const char *name, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(name);
}

static void setup(void)
{
	strcpy(home, access("/dev/shm", W_OK) == 0 ? "/dev/shm/uncia-log-XXXXXX" : "/tmp/uncia-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	stpcpy(stpcpy(copy, home), "/copy");
	strcat(home, "/home");
}

static void teardown(void)
{
	home[strlen(home) - strlen("/home")] = '\0';
	ck_assert_int_eq(nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct uncia_host opened(const char *path)
{
	struct uncia_host host = {.size = sizeof(host)};
	ck_assert_int_eq(uncia_host_directory(path, &host), 0);
	return host;
}

static int put(struct uncia_host *host, const char *name, const char *text)
{
	return host->replace(host->context, name, text, strlen(text));
}

/* "" where it is not there. */
static const char *text_of(struct uncia_host *host, const char *name)
{
	static char text[64];
	size_t size = 0;
	int rc = host->load(host->context, name, text, sizeof(text) - 1, &size);
	if (rc == UNCIA_E_NOT_FOUND)
		size = 0;
	else
		ck_assert_int_eq(rc, 0);
	text[size] = '\0';
	return text;
}

static const char *why_of(const struct uncia_host *host)
{
	static char why[UNCIA_WHY_SIZE];
	uncia_host_directory_why(host, why);
	return why;
}

static const char *in(const char *directory, const char *name)
{
	static char path[2 * PATH];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static bool has(const char *directory, const char *name)
{
	return access(in(directory, name), F_OK) == 0;
}

static off_t size_of(const char *path)
{
	struct stat info;
	ck_assert_int_eq(stat(path, &info), 0);
	return info.st_size;
}

/* Runs this in a child, which does not close what it has opened. Returns its exit code. */
static int in_child(void (*run)(void))
{
	int status;
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		run();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static struct uncia_host left; /* what the child opened */

/* Stores BLOBS blobs, so that there is a log, and then three by the log. */
static void store_some(void)
{
	char name[16];
	left = opened(home);
	for (int i = 0; i < BLOBS; i++) {
		snprintf(name, sizeof(name), "b-%d", i);
		if (left.create(left.context, name, name, strlen(name)) != 0)
			_exit(1);
	}
	if (put(&left, "x", "one") != 0 || put(&left, "y", "two") != 0 || put(&left, "x", "three") != 0)
		_exit(2);
}

static void load_file(const char *path, uint8_t *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, bytes, size), (ssize_t)size);
	close(fd);
}

static void save_file(const char *path, const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

/* ---- flushes ----------------------------------------------------------------------------------- */

START_TEST(a_blob_is_one_flush_and_a_removal_none)
{
	struct uncia_host host = opened(home);
	char name[16], big[40000] = {0};
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(&host, "a", "warm"), 0);
	ck_assert(has(home, ".log"));
	flushes = 0;
	for (unsigned i = 0; i < 5; i++) { /* as a payment does */
		snprintf(name, sizeof(name), "p-%u", i);
		ck_assert_int_eq(host.create(host.context, name, "payment", 7), 0);
		ck_assert_int_eq(host.replace(host.context, "ended", big, sizeof(big)), 0);
		ck_assert_int_eq(host.remove(host.context, name), 0);
		ck_assert_uint_eq(flushes, 2 * (i + 1));
	}
	ck_assert_int_eq(host.remove(host.context, "p-0"), UNCIA_E_NOT_FOUND);
	uncia_host_directory_free(&host);
}
END_TEST

START_TEST(a_few_blobs_make_no_log_and_a_home_that_is_closed_has_none)
{
	struct uncia_host host = opened(home);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(put(&host, "a", "x"), 0);
	ck_assert(!has(home, ".log"));
	ck_assert_int_eq(put(&host, "a", "y"), 0);
	ck_assert_int_eq(put(&host, "b", "z"), 0);
	ck_assert(has(home, ".log"));
	uncia_host_directory_free(&host);
	ck_assert(!has(home, ".log"));
	host = opened(home);
	ck_assert_str_eq(text_of(&host, "a"), "y");
	ck_assert_str_eq(text_of(&host, "b"), "z");
	uncia_host_directory_free(&host);
}
END_TEST

/* A log that is full is copied, and begins anew; what does not fit goes without. */
START_TEST(a_full_log_begins_anew)
{
	struct uncia_host host = opened(home);
	static uint8_t data[300000], read_back[sizeof(data)];
	char name[16];
	size_t size;
	((struct host_directory *)host.context)->log_limit = 512 << 10;
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(&host, "a", "warm"), 0);
	for (int i = 0; i < 100; i++) {
		size_t length = i % 17 == 16 ? sizeof(data) : 50000;
		memset(data, i, sizeof(data));
		snprintf(name, sizeof(name), "d-%d", i % 5);
		ck_assert_int_eq(host.replace(host.context, name, data, length), 0);
		ck_assert_int_eq(host.load(host.context, name, read_back, sizeof(read_back), &size), 0);
		ck_assert_uint_eq(size, length);
		ck_assert_mem_eq(read_back, data, length);
		ck_assert(!has(home, ".log") || size_of(in(home, ".log")) <= 512 << 10);
	}
	uncia_host_directory_free(&host);
	host = opened(home);
	ck_assert_int_eq(host.load(host.context, "d-4", read_back, sizeof(read_back), &size), 0);
	ck_assert_mem_eq(read_back, data, size);
	uncia_host_directory_free(&host);
}
END_TEST

START_TEST(removals_alone_fill_no_log)
{
	struct uncia_host host = opened(home);
	char name[160];
	memset(name, 'n', sizeof(name));
	for (int i = 0; i < 400; i++) {
		snprintf(name + 140, 20, "%d", i);
		ck_assert_int_eq(put(&host, name, "x"), 0);
		ck_assert_int_eq(host.remove(host.context, name), 0);
	}
	for (int i = 0; i < 400; i++) {
		snprintf(name + 140, 20, "%d", i);
		ck_assert_int_eq(put(&host, name, "x"), 0);
	}
	for (int i = 0; i < 400; i++) {
		snprintf(name + 140, 20, "%d", i);
		ck_assert_int_eq(host.remove(host.context, name), 0);
	}
	ck_assert_int_eq(put(&host, "last", "x"), 0);
	uncia_host_directory_free(&host);
	host = opened(home);
	ck_assert_str_eq(text_of(&host, name), "");
	ck_assert_str_eq(text_of(&host, "last"), "x");
	uncia_host_directory_free(&host);
}
END_TEST

START_TEST(the_key_is_in_no_log)
{
	struct uncia_host host = opened(home);
	static uint8_t log[256 << 10];
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(&host, "a", "the contents"), 0);
	ck_assert_int_eq(host.create(host.context, "key", "the entropy", 11), 0);
	ck_assert_int_eq(host.create(host.context, "key", "another one", 11), UNCIA_E_EXISTS);
	load_file(in(home, ".log"), log, sizeof(log));
	ck_assert_ptr_nonnull(memmem(log, sizeof(log), "the contents", 12));
	ck_assert_ptr_null(memmem(log, sizeof(log), "the entropy", 11));
	uncia_host_directory_free(&host);
}
END_TEST

/* ---- several at once --------------------------------------------------------------------------- */

START_TEST(users_of_a_home_see_each_other_and_the_last_one_removes_the_log)
{
	struct uncia_host a = opened(home), b = opened(home);
	static uint8_t data[100000];
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(&a, "a", "x"), 0);
	ck_assert_int_eq(b.create(b.context, "a", "y", 1), UNCIA_E_EXISTS);
	ck_assert_int_eq(b.create(b.context, "b", "y", 1), 0);
	ck_assert_int_eq(a.create(a.context, "b", "z", 1), UNCIA_E_EXISTS);
	ck_assert_int_eq(a.remove(a.context, "b"), 0);
	ck_assert_int_eq(b.remove(b.context, "b"), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(b.create(b.context, "b", "again", 5), 0);
	ck_assert_str_eq(text_of(&a, "b"), "again");
	((struct host_directory *)b.context)->log_limit = 512 << 10;
	for (int i = 0; i < 15; i++) /* until b has begun the log anew, more than once */
		ck_assert_int_eq(b.replace(b.context, "big", data, sizeof(data)), 0);
	ck_assert_int_eq(put(&a, "a", "after"), 0);
	ck_assert_str_eq(text_of(&b, "a"), "after");
	uncia_host_directory_free(&b);
	ck_assert(has(home, ".log"));
	ck_assert_int_eq(put(&a, "a", "alone"), 0);
	uncia_host_directory_free(&a);
	ck_assert(!has(home, ".log"));
	a = opened(home);
	ck_assert_str_eq(text_of(&a, "a"), "alone");
	ck_assert_str_eq(text_of(&a, "b"), "again");
	uncia_host_directory_free(&a);
}
END_TEST

#define THREADS   4
#define CONTESTED 60

static struct uncia_host shared;
static int made[THREADS];

/* Creates all blobs that it can, and replaces one of its own meanwhile. */
static void *create_in_thread(void *argument)
{
	int *me = argument;
	char name[16], own[16];
	snprintf(own, sizeof(own), "own-%d", (int)(me - made));
	for (int i = 0; i < CONTESTED; i++) {
		snprintf(name, sizeof(name), "c-%d", i);
		int rc = shared.create(shared.context, name, own, strlen(own));
		*me += rc == 0;
		if ((rc != 0 && rc != UNCIA_E_EXISTS) || put(&shared, own, name) != 0)
			return argument;
	}
	return NULL;
}

START_TEST(threads_that_share_a_host_create_each_blob_once)
{
	pthread_t threads[THREADS];
	void *failed;
	int all = 0;
	shared = opened(home);
	memset(made, 0, sizeof(made));
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, create_in_thread, &made[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
		all += made[i];
	}
	ck_assert_int_eq(all, CONTESTED);
	uncia_host_directory_free(&shared);
	shared = opened(home);
	ck_assert_str_eq(text_of(&shared, "own-3"), "c-59");
	uncia_host_directory_free(&shared);
}
END_TEST

START_TEST(a_child_that_closes_its_parents_host_leaves_the_log)
{
	struct uncia_host host = opened(home);
	int status;
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(&host, "a", "x"), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		uncia_host_directory_free(&host);
		_exit(has(home, ".log") ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(put(&host, "a", "y"), 0);
	uncia_host_directory_free(&host);
}
END_TEST

static void die_between_log_and_file(void)
{
	store_some();
	die_at_rename = 1;
	(void)put(&left, "x", "four");
	_exit(1);
}

/* What was synced in the log and is in no file yet, as its writer is killed, is there for who opens, stores, or takes
 * the lock next. */
START_TEST(what_only_the_log_has_comes_into_the_files)
{
	struct uncia_host other = opened(home);
	ck_assert_int_eq(in_child(die_between_log_and_file), 7);
	ck_assert_str_eq(text_of(&other, "x"), "three");
	ck_assert_int_eq(other.lock(other.context), 0);
	ck_assert_str_eq(text_of(&other, "x"), "four");
	other.unlock(other.context);
	uncia_host_directory_free(&other);

	ck_assert_int_eq(in_child(store_some), 1); /* they exist */
	struct uncia_host next = opened(home);
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(&next, "y", "warm"), 0);
	pid_t child = fork();
	if (child == 0) {
		die_at_rename = 1;
		(void)put(&next, "new", "x");
		_exit(1);
	}
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_str_eq(text_of(&next, "new"), "");
	struct uncia_host opener = opened(home);
	ck_assert_str_eq(text_of(&opener, "new"), "x");
	ck_assert_int_eq(next.create(next.context, "new", "y", 1), UNCIA_E_EXISTS);
	uncia_host_directory_free(&next);
	uncia_host_directory_free(&opener);
}
END_TEST

START_TEST(who_is_killed_leaves_nothing_locked_and_a_home_that_goes_on)
{
	ck_assert_int_eq(in_child(store_some), 0);
	ck_assert(has(home, ".log"));
	flushes = 0;
	struct uncia_host host = opened(home);
	ck_assert_uint_eq(flushes, 4); /* the parent, the directory, what was last in the log, and its name */
	ck_assert_str_eq(text_of(&host, "x"), "three");
	ck_assert_int_eq(put(&host, "x", "four"), 0);
	uncia_host_directory_free(&host);
	ck_assert(!has(home, ".log"));
	host = opened(home);
	ck_assert_str_eq(text_of(&host, "x"), "four");
	uncia_host_directory_free(&host);
}
END_TEST

/* ---- failures ---------------------------------------------------------------------------------- */

START_TEST(after_a_sync_that_failed_nothing_is_stored_until_the_home_is_opened_again)
{
	struct uncia_host host = opened(home), other = opened(home);
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(&host, "a", "x"), 0);
	fail_fdatasync = 1;
	ck_assert_int_eq(host.create(host.context, "b", "y", 1), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why_of(&host), "/.log: Input/output error"));
	ck_assert_int_eq(host.create(host.context, "b", "y", 1), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why_of(&host), "open the home again"));
	ck_assert_int_eq(host.remove(host.context, "a"), UNCIA_E_IO);
	ck_assert_str_eq(text_of(&host, "a"), "x");
	ck_assert_str_eq(text_of(&host, "b"), "");
	/* Nobody else finds what was taken back. */
	ck_assert_int_eq(other.create(other.context, "b", "z", 1), 0);
	ck_assert_str_eq(text_of(&host, "b"), "z");
	uncia_host_directory_free(&host);
	host = opened(home);
	ck_assert_int_eq(put(&host, "b", "w"), 0);
	uncia_host_directory_free(&other);
	uncia_host_directory_free(&host);
}
END_TEST

START_TEST(what_is_found_is_not_followed_where_it_cannot_be_synced_again)
{
	ck_assert_int_eq(in_child(store_some), 0);
	struct uncia_host host = {.size = sizeof(host)};
	char data[8];
	size_t size;
	fail_fdatasync = 1;
	host = opened(home);
	ck_assert_int_eq(host.load(host.context, "x", data, sizeof(data), &size), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why_of(&host), "/.log: Input/output error"));
	ck_assert_int_eq(put(&host, "x", "no"), UNCIA_E_IO);
	uncia_host_directory_free(&host);
	host = opened(home);
	ck_assert_str_eq(text_of(&host, "x"), "three");
	uncia_host_directory_free(&host);
}
END_TEST

START_TEST(without_locks_or_room_blobs_are_stored_without_a_log)
{
	static const int refusals[][2] = {{EBADF, 0}, {ENOTSUP, 0}, {0, ENOSPC}, {0, EPERM}};
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		refuse_flock = refusals[i][0];
		refuse_log = refusals[i][1];
		struct uncia_host host = opened(home);
		for (int k = 0; k < BLOBS; k++)
			ck_assert_int_eq(put(&host, "a", "x"), 0);
		ck_assert_int_eq(host.create(host.context, "a", "y", 1), UNCIA_E_EXISTS);
		ck_assert_int_eq(host.remove(host.context, "a"), 0);
		ck_assert(!has(home, ".log"));
		uncia_host_directory_free(&host);
		refuse_flock = refuse_log = 0;
	}
	/* A log that is there all the same may have what the files lack, and others in it. */
	ck_assert_int_eq(in_child(store_some), 0);
	refuse_flock = EBADF;
	struct uncia_host host = opened(home);
	refuse_flock = 0;
	ck_assert_int_eq(put(&host, "a", "x"), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why_of(&host), "/.log: cannot be followed on a file system without locks"));
	uncia_host_directory_free(&host);
}
END_TEST

START_TEST(a_log_that_is_not_private_not_known_or_gone_is_called_that)
{
	ck_assert_int_eq(in_child(store_some), 0);
	char log[PATH + 8];
	uint8_t page[HOST_LOG_PAGE];
	strcpy(log, in(home, ".log"));
	ck_assert_int_eq(chmod(log, 0640), 0);
	struct uncia_host host = opened(home);
	ck_assert_int_eq(put(&host, "x", "y"), UNCIA_E_PERMISSION);
	ck_assert_ptr_nonnull(strstr(why_of(&host), "/.log: can be read by others"));
	uncia_host_directory_free(&host);
	ck_assert_int_eq(chmod(log, 0600), 0);

	load_file(log, page, sizeof(page));
	for (int i = 0; i < 2; i++) { /* another version; a changed byte */
		int fd = open(log, O_WRONLY | O_CLOEXEC);
		size_t at = i == 0 ? 10 : 20;
		page[at] ^= 3;
		ck_assert_int_eq(pwrite(fd, page, sizeof(page), 0), (ssize_t)sizeof(page));
		page[at] ^= 3;
		host = opened(home);
		ck_assert_int_eq(put(&host, "x", "y"), UNCIA_E_IO);
		ck_assert_ptr_nonnull(
		    strstr(why_of(&host), i == 0 ? "/.log: was made by a later version" : "/.log: is damaged"));
		ck_assert_int_eq(host.list(host.context, "", NULL, NULL), UNCIA_E_IO);
		uncia_host_directory_free(&host);
		ck_assert_int_eq(pwrite(fd, page, sizeof(page), 0), (ssize_t)sizeof(page));
		close(fd);
	}

	host = opened(home);
	ck_assert_int_eq(put(&host, "x", "y"), 0);
	ck_assert_int_eq(unlink(log), 0);
	ck_assert_int_eq(put(&host, "x", "z"), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why_of(&host), "/.log: was removed while it was in use"));
	uncia_host_directory_free(&host);
	host = opened(home);
	ck_assert_str_eq(text_of(&host, "x"), "y");
	uncia_host_directory_free(&host);
}
END_TEST

START_TEST(a_process_that_stands_still_as_it_stores_is_not_waited_for_for_ever)
{
	struct uncia_host host = opened(home);
	((struct host_directory *)host.context)->patience_ms = 1;
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(&host, "a", "x"), 0);
	int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(__real_flock(fd, LOCK_EX | LOCK_NB), 0);
	ck_assert_int_eq(put(&host, "a", "y"), UNCIA_E_BUSY);
	ck_assert_int_eq(host.create(host.context, "b", "y", 1), UNCIA_E_BUSY);
	ck_assert_int_eq(host.remove(host.context, "a"), UNCIA_E_BUSY);
	ck_assert_int_eq(host.lock(host.context), UNCIA_E_BUSY);
	ck_assert_str_eq(text_of(&host, "a"), "x");
	close(fd);
	ck_assert_int_eq(host.lock(host.context), 0);
	host.unlock(host.context);
	ck_assert_int_eq(put(&host, "a", "y"), 0);
	uncia_host_directory_free(&host);
}
END_TEST

/* One that knows no log, and shares the home all the same. */
START_TEST(what_an_older_program_stores_meanwhile_stays)
{
	struct uncia_host host = opened(home);
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(&host, "a", "x"), 0);
	ck_assert_int_eq(put(&host, "b", "y"), 0);
	ck_assert_int_eq(unlink(in(home, "a")), 0);
	save_file(in(home, "a"), (const uint8_t *)"newer", 5);
	ck_assert_int_eq(host.create(host.context, "a", "z", 1), UNCIA_E_EXISTS);
	uncia_host_directory_free(&host);
	host = opened(home);
	ck_assert_str_eq(text_of(&host, "a"), "newer");
	ck_assert_str_eq(text_of(&host, "b"), "y");
	uncia_host_directory_free(&host);
}
END_TEST

/* ---- torn and damaged -------------------------------------------------------------------------- */

#define SECTOR 512

/* The log of a home, and where its pieces begin. */
struct found_log {
	uint8_t bytes[256 << 10];
	size_t starts[16], count, end;
};

static void find_pieces(struct found_log *log)
{
	uint8_t id[HOST_LOG_ID];
	struct host_log_place place = {0, HOST_LOG_PAGE};
	struct bytes acts;
	load_file(in(home, ".log"), log->bytes, sizeof(log->bytes));
	ck_assert_int_eq(host_log_read_page(log->bytes, id), 0);
	for (log->count = 0; log->count < 16; log->count++) {
		log->starts[log->count] = place.at;
		if (!host_log_next(log->bytes, sizeof(log->bytes), id, &place, &acts))
			break;
	}
	log->end = place.at;
}

/* A home of the files that were synced before there was a log, and of this log: a power cut may leave no more. */
static struct uncia_host after_a_cut(const uint8_t *log, size_t size)
{
	char name[16];
	if (has(home, "../copy"))
		ck_assert_int_eq(nftw(copy, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	ck_assert_int_eq(mkdir(copy, 0700), 0);
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "b-%d", i);
		save_file(in(copy, name), (const uint8_t *)name, strlen(name));
	}
	save_file(in(copy, "x"), (const uint8_t *)"half", 4); /* as renamed, and not synced */
	save_file(in(copy, ".log"), log, size);
	return opened(copy);
}

START_TEST(a_log_that_ends_in_a_torn_piece_loses_no_other)
{
	static struct found_log log;
	static uint8_t torn[sizeof(log.bytes)];
	ck_assert_int_eq(in_child(store_some), 0);
	find_pieces(&log);
	ck_assert_uint_eq(log.count, BLOBS - 4 + 3);
	size_t last = log.starts[log.count - 1];
	for (unsigned subset = 0; subset < 1u << (HOST_LOG_PAGE / SECTOR); subset++) {
		memcpy(torn, log.bytes, log.end);
		for (unsigned i = 0; i < HOST_LOG_PAGE / SECTOR; i++)
			if (subset & 1u << i)
				memset(torn + last + i * SECTOR, 0, SECTOR);
		struct uncia_host host = after_a_cut(torn, 64 << 10);
		/* All of it is in the first sector. */
		ck_assert_str_eq(text_of(&host, "x"), subset & 1 ? "one" : "three");
		ck_assert_str_eq(text_of(&host, "y"), "two");
		ck_assert_str_eq(text_of(&host, "b-5"), "b-5");
		ck_assert_int_eq(put(&host, "x", "next"), 0);
		uncia_host_directory_free(&host);
	}
	for (size_t size = HOST_LOG_PAGE; size <= log.end;
	     size += SECTOR) { /* as no crash leaves it: a copy cut short */
		struct uncia_host host = after_a_cut(log.bytes, size);
		ck_assert_str_eq(text_of(&host, "y"), size < log.starts[log.count - 1] ? "" : "two");
		ck_assert_int_eq(put(&host, "x", "next"), 0);
		uncia_host_directory_free(&host);
	}
}
END_TEST

START_TEST(a_log_that_is_damaged_in_the_middle_is_refused)
{
	static struct found_log log;
	char data[8];
	size_t size;
	ck_assert_int_eq(in_child(store_some), 0);
	find_pieces(&log);
	for (size_t i = 0; i + 1 < log.count; i++) {
		for (size_t at = log.starts[i]; at < log.starts[i + 1]; at += at < log.starts[i] + 64 ? 1 : 61) {
			log.bytes[at] ^= 0x10;
			struct uncia_host host = after_a_cut(log.bytes, 64 << 10);
			ck_assert_int_eq(host.load(host.context, "y", data, sizeof(data), &size), UNCIA_E_IO);
			ck_assert_ptr_nonnull(strstr(why_of(&host), "/.log: is damaged: later records are there"));
			ck_assert_int_eq(put(&host, "y", "no"), UNCIA_E_IO);
			uncia_host_directory_free(&host);
			ck_assert(has(copy, ".log"));
			log.bytes[at] ^= 0x10;
		}
	}
}
END_TEST

static void remove_and_store(void)
{
	store_some();
	if (left.remove(left.context, "y") != 0 || left.remove(left.context, "b-5") != 0)
		_exit(3);
}

/* Removals wait for what is stored next, and are in its piece. */
START_TEST(removals_are_in_the_piece_of_what_is_stored_next)
{
	static struct found_log log;
	ck_assert_int_eq(in_child(remove_and_store), 0);
	find_pieces(&log);
	size_t pieces = log.count;
	struct uncia_host host = after_a_cut(log.bytes, 64 << 10);
	ck_assert_str_eq(text_of(&host, "y"), "");
	ck_assert_str_eq(text_of(&host, "b-5"), "");
	uncia_host_directory_free(&host);
	memset(log.bytes + log.starts[pieces - 1], 0, HOST_LOG_PAGE); /* they were not synced */
	host = after_a_cut(log.bytes, 64 << 10);
	ck_assert_str_eq(text_of(&host, "y"), "two");
	uncia_host_directory_free(&host);

	host = opened(home);
	ck_assert_int_eq(put(&host, "z", "next"), 0);
	find_pieces(&log);
	ck_assert_uint_eq(log.count, pieces);
	struct uncia_host cut = after_a_cut(log.bytes, 64 << 10);
	ck_assert_str_eq(text_of(&cut, "y"), "");
	ck_assert_str_eq(text_of(&cut, "z"), "next");
	uncia_host_directory_free(&cut);
	uncia_host_directory_free(&host);
}
END_TEST

UNIT_MAIN_BETWEEN("host_log", setup, teardown, a_blob_is_one_flush_and_a_removal_none,
                  a_few_blobs_make_no_log_and_a_home_that_is_closed_has_none, a_full_log_begins_anew,
                  removals_alone_fill_no_log, the_key_is_in_no_log,
                  users_of_a_home_see_each_other_and_the_last_one_removes_the_log,
                  threads_that_share_a_host_create_each_blob_once, a_child_that_closes_its_parents_host_leaves_the_log,
                  what_only_the_log_has_comes_into_the_files,
                  who_is_killed_leaves_nothing_locked_and_a_home_that_goes_on,
                  after_a_sync_that_failed_nothing_is_stored_until_the_home_is_opened_again,
                  what_is_found_is_not_followed_where_it_cannot_be_synced_again,
                  without_locks_or_room_blobs_are_stored_without_a_log,
                  a_log_that_is_not_private_not_known_or_gone_is_called_that,
                  a_process_that_stands_still_as_it_stores_is_not_waited_for_for_ever,
                  what_an_older_program_stores_meanwhile_stays, a_log_that_ends_in_a_torn_piece_loses_no_other,
                  a_log_that_is_damaged_in_the_middle_is_refused, removals_are_in_the_piece_of_what_is_stored_next)
