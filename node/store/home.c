/* A home directory: its lock, whom its environments belong to, and the making of them, whole or not at all. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "big_endian.h"
#include "records.h"
#include "store_private.h"
#include "uncia/error.h"

int home_path(const char *home, const char *rest, char path[PATH_SIZE])
{
	int n = snprintf(path, PATH_SIZE, "%s/%s", home, rest);
	return n < 0 || n >= PATH_MAX ? UNCIA_E_ARGUMENT : 0;
}

#define LOCK_WAIT_MS  2000u
#define LOCK_RETRY_MS 10u

/* unciad status, and the last threads of a process that was killed, hold a home for moments. They are waited out;
 * otherwise whoever looks at a validator while it starts would keep it from starting. */
static int lock_patiently(int fd)
{
	const struct timespec pause = {.tv_nsec = LOCK_RETRY_MS * 1000000};
	for (unsigned waited_ms = 0;; waited_ms += LOCK_RETRY_MS) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK || waited_ms >= LOCK_WAIT_MS)
			return -1;
		nanosleep(&pause, NULL);
	}
}

int home_lock(const char *home, int *lock, char why[WHY_SIZE])
{
	char path[PATH_SIZE], pid[24];
	if (home_path(home, "lock", path)) {
		snprintf(why, WHY_SIZE, "the path of the home is too long");
		return UNCIA_E_ARGUMENT;
	}
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		snprintf(why, WHY_SIZE, "%.180s: %s", path, strerror(errno));
		return UNCIA_E_IO;
	}
	if (lock_patiently(fd)) {
		int error = errno == EWOULDBLOCK ? UNCIA_E_BUSY : UNCIA_E_IO;
		ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);
		pid[n > 0 ? n : 0] = 0;
		if (error == UNCIA_E_BUSY)
			snprintf(why, WHY_SIZE, "%.180s is in use by process %ld", home, strtol(pid, NULL, 10));
		else
			snprintf(why, WHY_SIZE, "%.180s: %s", path, strerror(errno));
		close(fd);
		return error;
	}
	int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n) {
		snprintf(why, WHY_SIZE, "%.180s: %s", path, strerror(errno));
		close(fd);
		return UNCIA_E_IO;
	}
	*lock = fd;
	return 0;
}

bool store_is_held(const char *home)
{
	char path[PATH_SIZE];
	int fd = home_path(home, "lock", path) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd); /* which gives the lock back */
	return held;
}

static const struct record_key identity_key = {TABLE_META, META_IDENTITY, sizeof(META_IDENTITY) - 1};

/* Binds an environment in the making to a network and a key. Returns LMDB's code. */
static int identity_write(const struct environment *e, MDB_txn *txn, const struct hash *network_id,
                          const uint8_t consensus_key[32])
{
	uint8_t payload[IDENTITY_SIZE];
	be32_put(payload, FORMAT);
	memcpy(payload + 4, network_id->b, HASH_SIZE);
	memcpy(payload + 4 + HASH_SIZE, consensus_key, 32);
	return records_put(e, txn, NULL, &identity_key, (struct bytes){payload, sizeof(payload)}, 0);
}

int identity_check(const struct environment *e, const struct store_options *options, char why[WHY_SIZE])
{
	uint32_t format = options->format ? options->format : FORMAT;
	struct bytes p;
	int error = records_get(e, e->view, &identity_key, &p, why);
	if (error == UNCIA_E_NOT_FOUND || (!error && p.size != IDENTITY_SIZE))
		return records_damaged(e, &identity_key, why);
	if (error)
		return error;
	if (be32_get(p.data) != format) {
		snprintf(why, WHY_SIZE, "%s: its format is %u, this program knows %u", e->form->name, be32_get(p.data),
		         format);
		return UNCIA_E_DAMAGED;
	}
	if (memcmp(p.data + 4, options->network_id->b, HASH_SIZE)) {
		snprintf(why, WHY_SIZE, "%s: belongs to another network", e->form->name);
		return UNCIA_E_NETWORK;
	}
	if (memcmp(p.data + 4 + HASH_SIZE, options->consensus_key, 32)) {
		snprintf(why, WHY_SIZE, "%s: belongs to another consensus key", e->form->name);
		return UNCIA_E_NETWORK;
	}
	return 0;
}

bool identity_set_format(struct bytes identity, uint32_t format, uint8_t payload[IDENTITY_SIZE])
{
	if (identity.size != IDENTITY_SIZE)
		return false;
	memcpy(payload, identity.data, IDENTITY_SIZE);
	be32_put(payload, format);
	return true;
}

int home_sync(const char *home, const char *name)
{
	char path[PATH_SIZE];
	if (home_path(home, name, path))
		return UNCIA_E_ARGUMENT;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return UNCIA_E_IO;
	int rc = fsync(fd);
	close(fd);
	return rc ? UNCIA_E_IO : 0;
}

/* Every file that a creation can have left behind, by name. Nothing else is ever removed. */
static const char *const leftovers[] = {
    "data.new/journal/data.mdb", "data.new/journal/lock.mdb", "data.new/journal/seal", "data.new/journal/log.0",
    "data.new/journal/log.1",    "data.new/journal/log.seal", "data.new/journal",      "data.new/state/data.mdb",
    "data.new/state/lock.mdb",   "data.new/state/seal",       "data.new/state",        "data.new"};

int home_clean(const char *home)
{
	char path[PATH_SIZE];
	for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
		if (home_path(home, leftovers[i], path))
			return UNCIA_E_ARGUMENT;
		if (remove(path) && errno != ENOENT)
			return UNCIA_E_IO;
	}
	return 0;
}

uint64_t store_size(const char *home)
{
	static const char *const files[] = {"data/journal/data.mdb", "data/state/data.mdb"};
	uint64_t size = 0;
	for (size_t i = 0; i < 2; i++) {
		char path[PATH_SIZE];
		struct stat st;
		if (!home_path(home, files[i], path) && !stat(path, &st))
			size += (uint64_t)st.st_size;
	}
	return size;
}

int store_copy_clean(const char *home)
{
	return home_clean(home);
}

int store_lock(const char *home, int *lock, char why[256])
{
	return home_lock(home, lock, why);
}

/* What a home is made for, and with. */
struct home_contents {
	const struct hash *network_id;
	const uint8_t *consensus_key;
	const struct flush *genesis; /* NULL: no state is made */
};

/* The one commit of a new environment, and its seal, synced. */
static int home_fill(struct environment *e, const struct home_contents *contents, const struct wal_mark *mark,
                     char why[WHY_SIZE])
{
	MDB_txn *txn;
	int error = environment_begin(e, &txn, why);
	if (error)
		return error;
	int rc = identity_write(e, txn, contents->network_id, contents->consensus_key);
	if (!rc && e->form == &journal_form)
		rc = journal_mark_put(e, txn, mark);
	if (!rc && e->form == &state_form)
		rc = state_write(e, txn, contents->genesis);
	error = environment_commit(e, txn, rc, why);
	if (error)
		return error;
	rc = mdb_env_sync(e->env, 1);
	if (!rc && fsync(e->seal))
		rc = errno;
	return rc ? environment_error(e, rc, "creating", why) : 0;
}

/* Makes one environment under data.new: its tables, its identity and, in the state, the genesis; of the journal its
 * log. */
static int home_make(const char *home, const struct environment_form *form, const struct home_contents *contents)
{
	char name[32], path[PATH_SIZE], why[WHY_SIZE];
	struct environment e;
	struct wal_mark mark = {.sequence = 0};
	snprintf(name, sizeof(name), "data.new/%s", form->name);
	int error = home_path(home, name, path);
	if (error)
		return error;
	if (mkdir(path, 0700))
		return UNCIA_E_IO;
	error = environment_open(&e, form, path, ENVIRONMENT_CREATE, 0, why);
	if (!error && form == &journal_form) {
		randombytes_buf(mark.id, sizeof(mark.id));
		int rc = wal_create(path, &mark);
		error = rc ? environment_error(&e, rc, "making its log", why) : 0;
	}
	if (!error)
		error = home_fill(&e, contents, &mark, why);
	environment_close(&e);
	return error ? error : home_sync(home, name);
}

static int home_create(const char *home, const struct home_contents *contents)
{
	char made[PATH_SIZE], path[PATH_SIZE];
	int error = home_clean(home);
	if (!error && (home_path(home, "data.new", made) || home_path(home, "data", path)))
		error = UNCIA_E_ARGUMENT;
	if (!error && mkdir(made, 0700))
		error = UNCIA_E_IO;
	if (!error)
		error = home_make(home, &journal_form, contents);
	if (!error && contents->genesis)
		error = home_make(home, &state_form, contents);
	if (!error)
		error = home_sync(home, "data.new");
	/* storage §6: before this rename nothing is there; after it everything is. */
	if (!error && rename(made, path))
		error = UNCIA_E_IO;
	if (!error)
		return home_sync(home, ".");
	int saved = errno;
	home_clean(home);
	errno = saved;
	return error;
}

static int create_once(const char *home, const struct home_contents *contents)
{
	char path[PATH_SIZE], why[WHY_SIZE];
	struct stat st;
	assert(contents->network_id && contents->consensus_key);
	int lock, error = home_lock(home, &lock, why);
	if (error)
		return error;
	error = home_path(home, "data", path);
	if (!error && !stat(path, &st))
		error = UNCIA_E_EXISTS;
	if (!error)
		error = home_create(home, contents);
	int saved = errno;
	close(lock);
	errno = saved;
	return error;
}

int store_create(const char *home, const struct hash *network_id, const uint8_t consensus_key[32],
                 const struct flush *genesis)
{
	assert(genesis);
	return create_once(home, &(struct home_contents){network_id, consensus_key, genesis});
}

int store_create_journal(const char *home, const struct hash *network_id, const uint8_t consensus_key[32])
{
	return create_once(home, &(struct home_contents){network_id, consensus_key, NULL});
}
