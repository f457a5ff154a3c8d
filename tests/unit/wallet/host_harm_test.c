/* The log of a home over a directory where a call of the system fails, or somebody else has it open: nothing comes back
 * that was removed, nothing is lost that was stored, and who uses the home as well goes on. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uncia/uncia.h>
#include "host_files.h"
#include "unit.h"

#define PATH  128
#define BLOBS 6 /* more than a host stores before it makes a log */

static char home[PATH];

static int fail_fdatasync;    /* the n-th from now on fails; 0: none */
static bool refuse_flock;     /* there are no locks here */
static const char *unknown;   /* the name of which nothing can be told */
static const char *die_after; /* the file after whose renaming the process ends */
static bool directory_synced;
static bool no_growth, no_room;   /* on the disk: for a longer log; for a file of a blob */
static bool page_dirty, page_had; /* the log's first page: written since, and synced after that */

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from, const char *name, int to, const char *as);
int __wrap_renameat(int from, const char *name, int to, const char *as);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __real_fstatat(int fd, const char *name, struct stat *info, int flags);
int __wrap_fstatat(int fd, const char *name, struct stat *info, int flags);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at);

int __wrap_fdatasync(int fd)
{
	if (fail_fdatasync != 0 && --fail_fdatasync == 0) {
		page_dirty = false; /* as the system forgets a page that it could not write */
		errno = EIO;
		return -1;
	}
	page_had = page_had || page_dirty;
	return __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
	struct stat info;
	directory_synced = directory_synced || (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode));
	return __real_fsync(fd);
}

int __wrap_renameat(int from, const char *name, int to, const char *as)
{
	int rc = __real_renameat(from, name, to, as);
	if (die_after && strcmp(as, die_after) == 0)
		_exit(7);
	return rc;
}

int __wrap_flock(int fd, int operation)
{
	if (refuse_flock) {
		errno = EBADF;
		return -1;
	}
	return __real_flock(fd, operation);
}

int __wrap_fstatat(int fd, const char *name, struct stat *info, int flags)
{
	if (unknown && strcmp(name, unknown) == 0) {
		errno = EIO;
		return -1;
	}
	return __real_fstatat(fd, name, info, flags);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	struct stat info;
	page_dirty = page_dirty || at == 0;
	if (no_growth && fstat(fd, &info) == 0 && at + (off_t)size > info.st_size) {
		if (size > HOST_LOG_PAGE) /* it has room for some */
			return __real_pwrite(fd, bytes, HOST_LOG_PAGE, at);
		errno = ENOSPC;
		return -1;
	}
	return __real_pwrite(fd, bytes, size, at);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
	if (no_room) {
		errno = ENOSPC;
		return -1;
	}
	return __real_write(fd, bytes, size);
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
	strcpy(home, "/tmp/uncia-harm-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	strcat(home, "/home");
}

static void teardown(void)
{
	home[strlen(home) - strlen("/home")] = '\0';
	ck_assert_int_eq(nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct uncia_host opened(void)
{
	struct uncia_host host = {.size = sizeof(host)};
	ck_assert_int_eq(uncia_host_directory(home, &host), 0);
	return host;
}

static int put(struct uncia_host *host, const char *name, const char *text)
{
	return host->replace(host->context, name, text, strlen(text));
}

/* Stores until there is a log. */
static void warm(struct uncia_host *host)
{
	for (int i = 0; i < BLOBS; i++)
		ck_assert_int_eq(put(host, "warm", "x"), 0);
	ck_assert_int_ge(((struct host_directory *)host->context)->log.fd, 0);
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

static ino_t inode_of(const char *name)
{
	char path[2 * PATH];
	struct stat info;
	snprintf(path, sizeof(path), "%s/%s", home, name);
	ck_assert_int_eq(stat(path, &info), 0);
	return info.st_ino;
}

/* A removal that waits in the log is in it still when what was to be stored with it is taken back: the log also has
 * the blob as it was stored. */
START_TEST(what_was_removed_stays_so_when_the_next_sync_fails)
{
	struct uncia_host host = opened();
	warm(&host);
	ck_assert_int_eq(put(&host, "y", "old"), 0);
	ck_assert_int_eq(host.remove(host.context, "y"), 0);
	fail_fdatasync = 1;
	ck_assert_int_eq(put(&host, "z", "new"), UNCIA_E_IO);
	uncia_host_directory_free(&host);
	host = opened();
	ck_assert_str_eq(text_of(&host, "y"), "");
	ck_assert_str_eq(text_of(&host, "z"), "");
	ck_assert_int_eq(put(&host, "z", "next"), 0);
	uncia_host_directory_free(&host);
	host = opened();
	ck_assert_str_eq(text_of(&host, "y"), "");
	ck_assert_str_eq(text_of(&host, "z"), "next");
	uncia_host_directory_free(&host);
}
END_TEST

/* What goes without the log is not in it, either, and the file is still that which the others have open. */
START_TEST(what_goes_without_the_log_leaves_it_to_others)
{
	static const struct {
		const char *name;
		size_t size;
	} alone[] = {{"large", 300000}, {"key", 100}};
	static uint8_t data[300000], read_back[sizeof(data)];
	struct uncia_host a = opened(), b = opened();
	size_t size;
	warm(&a);
	for (size_t i = 0; i < sizeof(alone) / sizeof(*alone); i++) {
		ck_assert_int_eq(put(&a, "large", "small"), 0);
		ck_assert_int_eq(put(&a, "gone", "x"), 0);
		ck_assert_int_eq(a.remove(a.context, "gone"), 0);
		memset(data, 'l', sizeof(data));
		ck_assert_int_eq(b.replace(b.context, alone[i].name, data, alone[i].size), 0);
		/* A removal is durable with what is stored next, so that the log no longer has the blob. */
		ck_assert_uint_eq(((struct host_directory *)b.context)->log.place.sequence, 0);
		ck_assert_ptr_null(((struct host_directory *)b.context)->log.waiting);
		ck_assert_int_eq(put(&a, "x", "still"), 0);
		ck_assert_int_eq(a.load(a.context, alone[i].name, read_back, sizeof(read_back), &size), 0);
		ck_assert_uint_eq(size, alone[i].size);
		ck_assert_mem_eq(read_back, data, size);
	}
	uncia_host_directory_free(&b);
	uncia_host_directory_free(&a);
}
END_TEST

/* A file that cannot be opened, since the process has no descriptor left, is not taken for another program's, which
 * needs no copy: the log begins anew after that. */
START_TEST(copying_a_log_leaves_no_file_out_for_lack_of_descriptors)
{
	struct uncia_host host = opened();
	struct host_directory *d = host.context;
	struct rlimit limit, less;
	char name[16];
	ino_t before[24];
	warm(&host);
	for (int i = 0; i < 24; i++) {
		snprintf(name, sizeof(name), "c-%d", i);
		ck_assert_int_eq(put(&host, name, name), 0);
		before[i] = inode_of(name);
	}
	int next = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(next, 0);
	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (unsigned spare = 0; spare < 8; spare++) {
		less = (struct rlimit){(rlim_t)next + spare, limit.rlim_max};
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &less), 0);
		int rc = host_log_copy(d);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		ck_assert_int_eq(rc, spare == 0 ? UNCIA_E_IO : 0);
		for (int i = 0; rc == 0 && i < 24; i++) {
			snprintf(name, sizeof(name), "c-%d", i);
			ck_assert_uint_ne(inode_of(name), before[i]);
			before[i] = inode_of(name);
		}
	}
	uncia_host_directory_free(&host);
}
END_TEST

/* A log that cannot get longer keeps nothing of what it got, and begins anew; a full disk keeps nobody from removing.
 */
START_TEST(a_full_disk_stops_neither_a_full_log_nor_removals)
{
	struct uncia_host host = opened();
	struct host_directory *d = host.context;
	char name[16];
	warm(&host);
	no_growth = true;
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "c-%d", i % 24);
		ck_assert_int_eq(put(&host, name, name), 0);
		ck_assert_uint_eq(d->log.size, 256 << 10);
	}
	while (d->log.place.at < d->log.size)
		ck_assert_int_eq(put(&host, "y", "until it is full"), 0);
	no_room = true;
	ck_assert_int_eq(put(&host, "x", "no"), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why_of(&host), "No space left on device"));
	ck_assert_int_eq(host.remove(host.context, "y"), 0);
	no_room = no_growth = false;
	ck_assert_int_eq(put(&host, "x", "yes"), 0);
	ck_assert_str_eq(text_of(&host, "y"), "");
	uncia_host_directory_free(&host);
	host = opened();
	ck_assert_str_eq(text_of(&host, "x"), "yes");
	ck_assert_str_eq(text_of(&host, "y"), "");
	ck_assert_str_eq(text_of(&host, "c-7"), "c-7");
	uncia_host_directory_free(&host);
}
END_TEST

/* Whose log begins anew, and whose sync of that fails, leaves a first page that the disk may not have, and that no
 * later sync writes: whoever finds it writes it once more before it rests on it. */
START_TEST(a_first_page_whose_sync_failed_is_written_once_more)
{
	struct uncia_host host = opened();
	struct host_directory *d = host.context;
	warm(&host);
	ck_assert_int_eq(host_log_copy(d), 0);
	fail_fdatasync = 1;
	ck_assert_int_eq(host_log_renew(d), UNCIA_E_IO);
	ck_assert_int_eq(put(&host, "x", "no"), UNCIA_E_IO);
	uncia_host_directory_free(&host);
	page_had = page_dirty = false;
	host = opened();
	ck_assert(page_had);
	ck_assert_int_eq(put(&host, "x", "yes"), 0);
	uncia_host_directory_free(&host);

	/* The same where one piece is in it. */
	host = opened();
	warm(&host);
	page_had = page_dirty = false;
	struct uncia_host other = opened();
	ck_assert(page_had);
	uncia_host_directory_free(&other);
	uncia_host_directory_free(&host);
}
END_TEST

static uint8_t large[300000];

/* Another process, which is killed right after that file got its name. */
static void use_and_die(const char *last)
{
	int status;
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct uncia_host host = opened();
		die_after = last;
		for (int i = 0; i < BLOBS && strcmp(last, ".log") == 0; i++)
			(void)put(&host, "warm", "x");
		(void)host.replace(host.context, "large", large, sizeof(large));
		_exit(1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* A name that somebody gave and did not sync any more is synced before anything is stored by the log alone: of the log
 * itself, and of what went without it. */
START_TEST(names_of_who_was_killed_are_synced_before_others_go_on)
{
	struct uncia_host host = opened();
	use_and_die(".log");
	for (int i = 0; i < 3; i++) {
		directory_synced = false;
		ck_assert_int_eq(put(&host, "x", "next"), 0);
		ck_assert(directory_synced);
		directory_synced = false;
		ck_assert_int_eq(put(&host, "x", "by the log"), 0);
		ck_assert(!directory_synced);
		if (i == 1) /* also where nothing is in the log */
			ck_assert_int_eq(host.replace(host.context, "large", large, sizeof(large)), 0);
		use_and_die("large");
	}
	uncia_host_directory_free(&host);
}
END_TEST

START_TEST(a_blob_of_which_nothing_can_be_told_is_not_created_over)
{
	struct uncia_host host = opened();
	warm(&host);
	ck_assert_int_eq(put(&host, "y", "first"), 0);
	unknown = "y";
	ck_assert_int_eq(host.create(host.context, "y", "second", 6), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why_of(&host), "/y: Input/output error"));
	ck_assert_int_eq(host.remove(host.context, "y"), UNCIA_E_IO);
	unknown = NULL;
	ck_assert_str_eq(text_of(&host, "y"), "first");
	ck_assert_int_eq(host.create(host.context, "y", "second", 6), UNCIA_E_EXISTS);
	uncia_host_directory_free(&host);
}
END_TEST

/* As one that may not lock here, and one that may: the first one's blobs would be undone by the other one's log. */
START_TEST(who_has_no_locks_stores_nothing_beside_a_log)
{
	refuse_flock = true;
	struct uncia_host plain = opened();
	ck_assert_int_eq(put(&plain, "y", "first"), 0);
	refuse_flock = false;
	struct uncia_host host = opened();
	warm(&host);
	ck_assert_int_eq(put(&host, "y", "second"), 0);
	ck_assert_int_eq(put(&plain, "y", "third"), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why_of(&plain), "/.log: cannot be followed on a file system without locks"));
	ck_assert_str_eq(text_of(&plain, "y"), "second");
	uncia_host_directory_free(&host);
	ck_assert_int_eq(put(&plain, "y", "third"), 0);
	uncia_host_directory_free(&plain);
}
END_TEST

UNIT_MAIN_BETWEEN("host_harm", setup, teardown, what_was_removed_stays_so_when_the_next_sync_fails,
                  what_goes_without_the_log_leaves_it_to_others,
                  copying_a_log_leaves_no_file_out_for_lack_of_descriptors,
                  a_full_disk_stops_neither_a_full_log_nor_removals,
                  a_first_page_whose_sync_failed_is_written_once_more,
                  names_of_who_was_killed_are_synced_before_others_go_on,
                  a_blob_of_which_nothing_can_be_told_is_not_created_over, who_has_no_locks_stores_nothing_beside_a_log)
