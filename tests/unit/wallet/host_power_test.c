/* A home over a directory whose user is killed, or whose power is cut, at each call that changes a file. A disk keeps
 * what was synced; of the rest any sectors of the log, any changes of the directory, and any part of a file's bytes.
 * What was stored is there; what was being stored is there whole, or what was before. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uncia/uncia.h>
#include "host_files.h"
#include "unit.h"

#define NAMES    5
#define ACTS     36
#define LARGE    120000      /* so that the log is full after a few */
#define LARGEST  200000      /* which goes without the log */
#define LOG_SIZE (512 << 10) /* at most */
#define SECTOR   512
#define PAGE     4096
#define PATH     128
#define FILES    64
#define IMAGES   2
#define CUT      9 /* exit code of who was cut off */

struct version {
	char name[48];
	bool there, whole; /* whole: its bytes are on the disk */
	uint32_t number;   /* of a blob's contents */
};

/* What outlives the process that is cut off. */
static struct {
	struct version now[FILES]; /* as the system shows the directory */
	struct version disk[FILES];
	struct disk_log {
		uint8_t bytes[LOG_SIZE];
		size_t size;
	} log, log_made;                    /* as synced; the other one has its name not yet */
	bool dirty[LOG_SIZE / PAGE];        /* pages of the log that the next sync writes */
	int renewed;                        /* how often the log has begun anew */
	uint32_t shown[NAMES], sure[NAMES]; /* 0: none. sure: with what was stored last */
	int storing;                        /* the name that is being stored, or -1 */
	uint32_t storing_number;
	int calls, syncs;
	bool refused; /* a sync has failed */
} * kept;

static char home[PATH], image[PATH];
static bool watched;           /* this process is the one that is cut off */
static int cut_at;             /* the call */
static int fail_at, cut_after; /* the sync that fails, and how many syncs later this process is cut off */
static uint64_t chance;

static uint32_t any(uint32_t below)
{
	chance = chance * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(chance >> 33) % below;
}

/* ---- the disk ---------------------------------------------------------------------------------- */

static struct version *version_of(struct version *all, const char *name)
{
	struct version *unused = NULL;
	for (int i = 0; i < FILES; i++) {
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
		if (all[i].name[0] == '\0' && !unused)
			unused = &all[i];
	}
	if (!unused)
		_exit(100); /* FILES is too few */
	strcpy(unused->name, name);
	return unused;
}

static void name_of(int fd, char name[PATH])
{
	char link[64], path[2 * PATH] = "";
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t size = readlink(link, path, sizeof(path) - 1);
	path[size > 0 ? size : 0] = '\0';
	const char *last = strrchr(path, '/');
	strcpy(name, last && strcmp(path, home) != 0 ? last + 1 : ".");
}

static void call(void)
{
	if (watched && ++kept->calls == cut_at)
		_exit(CUT);
	if (watched && kept->refused && kept->syncs >= fail_at + cut_after)
		_exit(CUT);
}

static void read_log_of(int fd, struct disk_log *log)
{
	memset(log, 0, sizeof(*log));
	ssize_t n = pread(fd, log->bytes, LOG_SIZE, 0);
	log->size = n > 0 ? (size_t)n : 0;
}

static void write_dirty(const struct disk_log *log, bool some)
{
	for (size_t i = 0; i < LOG_SIZE / PAGE; i++) {
		if (kept->dirty[i] && (!some || any(2) == 0))
			memcpy(kept->log.bytes + i * PAGE, log->bytes + i * PAGE, PAGE);
		kept->dirty[i] = false;
	}
}

static void synced(int fd)
{
	char name[PATH];
	name_of(fd, name);
	if (strcmp(name, ".") == 0) {
		memcpy(kept->disk, kept->now, sizeof(kept->disk));
		for (int i = 0; i < FILES; i++) /* those that are gone */
			if (!kept->now[i].there)
				kept->now[i].name[0] = kept->disk[i].name[0] = '\0';
		return;
	}
	version_of(kept->now, name)->whole = true;
	static struct disk_log read_log;
	read_log_of(fd, &read_log);
	if (memcmp(read_log.bytes, "uncia-log-", 10) != 0)
		return;
	if (strcmp(name, ".log") != 0) {
		kept->log_made = read_log;
		return;
	}
	kept->renewed += memcmp(read_log.bytes, kept->log.bytes, 28) != 0;
	write_dirty(&read_log, false);
	kept->log.size = read_log.size;
}

/* Whether this sync fails: then the system forgets what it was to write, and some of it is on the disk. */
static bool sync_fails(int fd)
{
	static struct disk_log log;
	char name[PATH];
	if (!watched || ++kept->syncs != fail_at)
		return false;
	name_of(fd, name);
	if (strcmp(name, ".log") == 0) {
		read_log_of(fd, &log);
		write_dirty(&log, true);
	}
	kept->refused = true;
	errno = EIO;
	return true;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_renameat(int from, const char *name, int to, const char *as);
int __wrap_renameat(int from, const char *name, int to, const char *as);
int __real_linkat(int from, const char *name, int to, const char *as, int flags);
int __wrap_linkat(int from, const char *name, int to, const char *as, int flags);
int __real_unlinkat(int directory, const char *name, int flags);
int __wrap_unlinkat(int directory, const char *name, int flags);
ssize_t __real_pwrite(int fd, const void *bytes, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);

int __wrap_fsync(int fd)
{
	call();
	if (sync_fails(fd))
		return -1;
	if (watched)
		synced(fd);
	return 0;
}

int __wrap_fdatasync(int fd)
{
	call();
	if (sync_fails(fd))
		return -1;
	if (watched)
		synced(fd);
	return 0;
}

static void now_has(const char *name, const char *from)
{
	struct version was = *version_of(kept->now, from), *is = version_of(kept->now, name);
	is->there = true;
	is->whole = was.whole;
	is->number = was.number;
}

int __wrap_renameat(int from, const char *name, int to, const char *as)
{
	call();
	int rc = __real_renameat(from, name, to, as);
	if (rc == 0 && watched) {
		now_has(as, name);
		version_of(kept->now, name)->there = false;
		if (strcmp(as, ".log") == 0) {
			kept->log = kept->log_made;
			memset(kept->dirty, 0, sizeof(kept->dirty));
		}
	}
	return rc;
}

int __wrap_linkat(int from, const char *name, int to, const char *as, int flags)
{
	call();
	int rc = __real_linkat(from, name, to, as, flags);
	if (rc == 0 && watched)
		now_has(as, name);
	return rc;
}

int __wrap_unlinkat(int directory, const char *name, int flags)
{
	call();
	int rc = __real_unlinkat(directory, name, flags);
	if (rc == 0 && watched)
		version_of(kept->now, name)->there = false;
	return rc;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	char name[PATH];
	name_of(fd, name);
	if (watched && strcmp(name, ".log") == 0)
		for (size_t i = (size_t)at / PAGE; i * PAGE < (size_t)at + size; i++)
			kept->dirty[i] = true;
	if (watched && kept->calls + 1 == cut_at)
		(void)!__real_pwrite(fd, bytes, size / 2 / 4096 * 4096, at); /* the system writes whole pages */
	call();
	return __real_pwrite(fd, bytes, size, at);
}

/* A blob's file: of what number its contents are is noted. */
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
	char name[PATH];
	call();
	if (watched && size >= sizeof(uint32_t)) {
		name_of(fd, name);
		struct version *v = version_of(kept->now, name);
		v->there = true;
		v->whole = false;
		memcpy(&v->number, bytes, sizeof(v->number));
	}
	return __real_write(fd, bytes, size);
}

/* ---- blobs ------------------------------------------------------------------------------------- */

/* The contents of this number. Returns their size. */
static size_t contents(uint32_t number, uint8_t *bytes)
{
	size_t size = number % 9 == 8 ? LARGEST : number % 3 == 0 ? LARGE + number : 8 + number % 50;
	memset(bytes, (int)(number * 7), size);
	memcpy(bytes, &number, sizeof(number));
	return size;
}

static void blob_name(int i, char name[8])
{
	snprintf(name, 8, "n-%c", 'a' + i % 26);
}

/* The number of what is stored; 0 where nothing is. */
static uint32_t number_of(struct uncia_host *host, int i)
{
	static uint8_t bytes[LARGEST], expected[sizeof(bytes)];
	char name[8], why[UNCIA_WHY_SIZE];
	size_t size;
	uint32_t number;
	blob_name(i, name);
	int rc = host->load(host->context, name, bytes, sizeof(bytes), &size);
	if (rc == UNCIA_E_NOT_FOUND)
		return 0;
	uncia_host_directory_why(host, why);
	ck_assert_msg(rc == 0, "cut at %d: %s", cut_at, why);
	memcpy(&number, bytes, sizeof(number));
	ck_assert_uint_eq(size, contents(number, expected));
	ck_assert_mem_eq(bytes, expected, size);
	return number;
}

static struct uncia_host opened(void)
{
	struct uncia_host host = {.size = sizeof(host)};
	while (uncia_host_directory(home, &host) != 0)
		if (!kept->refused)
			_exit(1);
	((struct host_directory *)host.context)->log_limit = LOG_SIZE;
	return host;
}

/* A sync has failed, and what was being stored may be there or not: the home says which when it is opened again. */
static void open_again(struct uncia_host *host, int i)
{
	uncia_host_directory_free(host);
	*host = opened();
	uint32_t found = number_of(host, i);
	if (found != kept->shown[i] && found != kept->storing_number)
		_exit(4);
	bool stored = found != kept->shown[i];
	kept->shown[i] = found;
	if (stored)
		memcpy(kept->sure, kept->shown, sizeof(kept->sure));
}

static void remove_blob(struct uncia_host *host, int i, const char *name)
{
	kept->storing = i;
	kept->storing_number = 0;
	if (host->remove(host->context, name) == 0)
		kept->shown[i] = 0;
	else if (kept->refused)
		open_again(host, i);
	else
		_exit(2);
	kept->storing = -1;
}

static void store_blob(struct uncia_host *host, int i, const char *name, uint32_t number)
{
	static uint8_t bytes[LARGEST];
	size_t size = contents(number, bytes);
	kept->storing_number = number;
	kept->storing = i;
	int rc = kept->shown[i] == 0 ? host->create(host->context, name, bytes, size)
	                             : host->replace(host->context, name, bytes, size);
	if (rc == 0) {
		kept->shown[i] = number;
		memcpy(kept->sure, kept->shown, sizeof(kept->sure));
	} else if (kept->refused) {
		open_again(host, i);
	} else {
		_exit(3);
	}
	kept->storing = -1;
}

/* Stores and removes, until it is cut off. Two hosts take turns at random: what one of them leaves in the log, or
 * begins anew, the other one goes on with. */
static void use_home(void)
{
	char name[8];
	watched = true;
	struct uncia_host hosts[2] = {opened(), opened()};
	for (uint32_t number = 1; number <= ACTS; number++) {
		int i = (int)any(NAMES);
		struct uncia_host *host = &hosts[any(4) == 0 ? 1 : 0];
		blob_name(i, name);
		if (any(4) == 0 && kept->shown[i] != 0)
			remove_blob(host, i, name);
		else
			store_blob(host, i, name, number);
	}
	uncia_host_directory_free(&hosts[0]);
	uncia_host_directory_free(&hosts[1]);
	if (!kept->refused)
		memcpy(kept->sure, kept->shown, sizeof(kept->sure));
	_exit(0);
}

/* killed: the system went on, and has all that a call of its has done. */
static void check_home(const char *path, bool killed)
{
	struct uncia_host host = {.size = sizeof(host)};
	uint32_t found[NAMES];
	ck_assert_int_eq(uncia_host_directory(path, &host), 0);
	for (int i = 0; i < NAMES; i++) {
		found[i] = number_of(&host, i);
		bool right = found[i] == kept->shown[i] || (!killed && found[i] == kept->sure[i]) ||
		             (kept->storing == i && found[i] == kept->storing_number);
		if (!right)
			fprintf(stderr, "cut at %d: blob %d is %u, not %u, %u or %u\n", cut_at, i, (unsigned)found[i],
			        (unsigned)kept->shown[i], (unsigned)kept->sure[i], (unsigned)kept->storing_number);
		ck_assert(right);
	}
	ck_assert_int_eq(host.replace(host.context, "next", "x", 1), 0);
	uncia_host_directory_free(&host);
	host = (struct uncia_host){.size = sizeof(host)};
	ck_assert_int_eq(uncia_host_directory(path, &host), 0);
	for (int i = 0; i < NAMES; i++)
		ck_assert_uint_eq(number_of(&host, i), found[i]);
	uncia_host_directory_free(&host);
}

/* ---- what a power cut leaves ------------------------------------------------------------------- */

static void save(const char *name, const uint8_t *bytes, size_t size)
{
	char path[2 * PATH];
	snprintf(path, sizeof(path), "%s/%s", image, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(__real_write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

static void save_log(void)
{
	static struct disk_log log, shown;
	char path[2 * PATH];
	snprintf(path, sizeof(path), "%s/.log", home);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	log = kept->log;
	shown = log; /* where it is removed, and the directory does not know */
	if (fd >= 0) {
		read_log_of(fd, &shown);
		close(fd);
	}
	for (size_t at = 0; at < LOG_SIZE; at += SECTOR)
		if (memcmp(log.bytes + at, shown.bytes + at, SECTOR) != 0 && any(2) == 0)
			memcpy(log.bytes + at, shown.bytes + at, SECTOR);
	save(".log", log.bytes, any(2) == 0 ? log.size : shown.size);
}

static void save_blob(const struct version *v)
{
	static uint8_t bytes[LARGEST];
	size_t size = contents(v->number, bytes);
	if (!v->whole && any(2) == 0) {
		size_t kept_size = any((uint32_t)size);
		memset(bytes + kept_size, 0, size - kept_size);
		size = any(2) == 0 ? size : kept_size;
	}
	save(v->name, bytes, size);
}

static int remove_one(const char *name, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(name);
}

static void empty(const char *path)
{
	(void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

/* Each name as it is on the disk for good, or as it was shown. */
static void make_image(void)
{
	empty(image);
	for (int i = 0; i < FILES; i++) {
		const char *name = kept->now[i].name[0] ? kept->now[i].name : kept->disk[i].name;
		if (name[0] == '\0' || strncmp(name, ".new-", 5) == 0)
			continue;
		bool old = any(2) == 0;
		const struct version *v = version_of(old ? kept->disk : kept->now, name);
		if (!v->there)
			continue;
		if (strcmp(name, ".log") == 0)
			save_log();
		else if (v->number != 0)
			save_blob(v);
	}
}

/* Uses a home until it is cut off, and looks at what that may leave. Returns whether it was. */
static bool cut_off(unsigned seed, unsigned image_seed)
{
	int status;
	empty(home);
	memset(kept, 0, sizeof(*kept));
	kept->storing = -1;
	chance = seed;
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		use_home();
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && (WEXITSTATUS(status) == CUT || WEXITSTATUS(status) == 0));
	chance = image_seed;
	for (int i = 0; i < IMAGES; i++) {
		make_image();
		check_home(image, false);
	}
	check_home(home, true);
	return WEXITSTATUS(status) == CUT;
}

START_TEST(what_was_stored_outlives_kills_and_power_cuts_at_each_call)
{
	int renewed = 0;
	bool cut = true;
	fail_at = 0;
	for (cut_at = 1; cut; cut_at++) {
		cut = cut_off((unsigned)cut_at % 3, (unsigned)cut_at);
		renewed += kept->renewed;
	}
	ck_assert_int_gt(renewed, 0);
}
END_TEST

/* The system forgets what a sync that failed was to write, tells nobody else, and syncs what is written later. */
START_TEST(what_was_stored_outlives_a_sync_that_failed_and_power_cuts_after_it)
{
	bool refused = true;
	cut_at = 0;
	for (fail_at = 1; refused; fail_at++)
		for (cut_after = 0; cut_after < 6; cut_after++) {
			(void)cut_off((unsigned)fail_at % 3, (unsigned)(fail_at * 6 + cut_after));
			refused = kept->refused;
		}
	ck_assert_int_gt(fail_at, 30);
}
END_TEST

static void setup(void)
{
	strcpy(home, access("/dev/shm", W_OK) == 0 ? "/dev/shm/uncia-power-XXXXXX" : "/tmp/uncia-power-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	stpcpy(stpcpy(image, home), "/image");
	strcat(home, "/home");
	kept = mmap(NULL, sizeof(*kept), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(kept != MAP_FAILED);
}

static void teardown(void)
{
	munmap(kept, sizeof(*kept));
	kept = NULL;
	home[strlen(home) - strlen("/home")] = '\0';
	ck_assert_int_eq(nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

UNIT_MAIN_BETWEEN("host_power", setup, teardown, what_was_stored_outlives_kills_and_power_cuts_at_each_call,
                  what_was_stored_outlives_a_sync_that_failed_and_power_cuts_after_it)
