/* A host over a directory: one file per blob, whole or absent whatever happens (docs/spec/wallet.md, "Storage"). */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <time.h>
#include <unistd.h>
#include <sodium.h>
#include "blob.h"
#include "system.h"

/* Blobs are written under such a name first. No blob's name has a dot, so leftovers are never taken for blobs. */
#define TEMPORARY_PREFIX ".new-"
#define TEMPORARY_AGE_S  86400 /* older ones are leftovers: no write takes so long */

#define LOCK_FILE ".lock"
/* Held while a blob is made or replaced, where the file system can make names exclusive in no other way. Once there, it
 * stays, and says so to other processes. */
#define NAMES_LOCK_FILE ".names"

struct directory {
	int fd, lock_fd;
	pthread_mutex_t mutex;    /* of `why`: wallets of several threads may share the host */
	char why[UNCIA_WHY_SIZE]; /* what failed last, and the system's words for it */
	char path[];
};

static bool name_is_safe(const char *name)
{
	size_t size = strnlen(name, UNCIA_BLOB_NAME_SIZE);
	return size != 0 && size < UNCIA_BLOB_NAME_SIZE &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == size;
}

static int error_of_errno(void)
{
	return errno == ENOENT                     ? UNCIA_E_NOT_FOUND
	       : errno == EEXIST                   ? UNCIA_E_EXISTS
	       : errno == EACCES || errno == EPERM ? UNCIA_E_PERMISSION
	                                           : UNCIA_E_IO;
}

static int read_up_to(int fd, uint8_t *buffer, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(fd, buffer + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return UNCIA_E_IO;
		done += (size_t)n;
	}
	return 0;
}

static int directory_load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	struct directory *d = context;
	struct stat info;
	if (!name_is_safe(name))
		return UNCIA_E_ARGUMENT;
	int fd = openat(d->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_of_errno();
	int rc = UNCIA_E_IO;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
		size_t whole = (size_t)info.st_size;
		/* faults 17: a secret file that others can read is refused. */
		if ((info.st_mode & 077) != 0)
			rc = UNCIA_E_PERMISSION;
		else
			rc = whole <= capacity ? read_up_to(fd, buffer, whole) : 0;
		if (!rc)
			*size = whole;
	}
	close(fd);
	return rc;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size != 0) {
		ssize_t n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return UNCIA_E_IO;
		data += n;
		size -= (size_t)n;
	}
	return fsync(fd) == 0 ? 0 : UNCIA_E_IO;
}

/* Writes a synced temporary file of a name nobody else uses. */
static int write_temporary(struct directory *d, const void *data, size_t size, char name[64])
{
	uint8_t random[16];
	char hex[2 * sizeof(random) + 1];
	if (system_random(NULL, random, sizeof(random)))
		return UNCIA_E_RANDOM;
	snprintf(name, 64, TEMPORARY_PREFIX "%s", sodium_bin2hex(hex, sizeof(hex), random, sizeof(random)));
	int fd = openat(d->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return UNCIA_E_IO;
	int rc = write_all(fd, data, size);
	if (close(fd) != 0 && !rc)
		rc = UNCIA_E_IO;
	if (rc)
		unlinkat(d->fd, name, 0);
	return rc;
}

static int sync_directory(struct directory *d)
{
	return fsync(d->fd) == 0 ? 0 : UNCIA_E_IO;
}

/* flock: the kernel releases it when its holder ends in whatever way. The file itself means nothing. Nothing waits
 * here: whoever finds it taken comes back. Returns 0; UNCIA_E_BUSY; UNCIA_E_PERMISSION; UNCIA_E_IO. Out: *held. */
static int take_lock(const struct directory *d, const char *name, int *held)
{
	int rc, fd = openat(d->fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_of_errno() == UNCIA_E_PERMISSION ? UNCIA_E_PERMISSION : UNCIA_E_IO;
	while ((rc = flock(fd, LOCK_EX | LOCK_NB)) != 0 && errno == EINTR)
		continue;
	if (rc == 0) {
		*held = fd;
		return 0;
	}
	rc = errno == EWOULDBLOCK ? UNCIA_E_BUSY : UNCIA_E_IO;
	close(fd);
	return rc;
}

static void release_lock(int held)
{
	flock(held, LOCK_UN); /* a child of this process may have the descriptor, too */
	close(held);
}

/* Whether errno says that the system does not let this be done here at all, rather than that it failed. */
static bool not_here(void)
{
#if EOPNOTSUPP != ENOTSUP
	if (errno == EOPNOTSUPP)
		return true;
#endif
	return errno == EPERM || errno == EACCES || errno == ENOSYS || errno == EINVAL || errno == ENOTSUP ||
	       errno == EMLINK;
}

/* Renames where the name is not taken. Returns 0 or -1, with errno. */
static int rename_exclusively(const struct directory *d, const char *temporary, const char *name)
{
#if defined(__APPLE__) && defined(RENAME_EXCL)
	return renameatx_np(d->fd, temporary, d->fd, name, RENAME_EXCL);
#elif defined(SYS_renameat2) && (!defined(__ANDROID__) || __ANDROID_API__ >= 30) /* older ones end whoever calls it */
	return (int)syscall(SYS_renameat2, d->fd, temporary, d->fd, name, 1 /* RENAME_NOREPLACE */);
#else
	(void)d;
	(void)temporary;
	(void)name;
	errno = ENOSYS;
	return -1;
#endif
}

/* The same where nothing but a lock makes it exclusive: all who make or replace blobs here hold it. Returns 0;
 * UNCIA_E_EXISTS; as take_lock. */
static int rename_locked(const struct directory *d, const char *temporary, const char *name)
{
	struct stat info;
	int held, rc = take_lock(d, NAMES_LOCK_FILE, &held);
	if (rc)
		return rc;
	if (fstatat(d->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
		rc = UNCIA_E_EXISTS;
	else if (errno != ENOENT || renameat(d->fd, temporary, d->fd, name) != 0)
		rc = UNCIA_E_IO;
	release_lock(held);
	return rc;
}

/* Gives a whole, synced file its name, where that is not taken: of two processes one creates. link(2) does that by
 * itself; Android and some file systems have none. Whatever is left of the temporary name afterwards is a leftover. */
static int name_exclusively(const struct directory *d, const char *temporary, const char *name)
{
	if (linkat(d->fd, temporary, d->fd, name, 0) == 0)
		return 0;
	if (not_here() && rename_exclusively(d, temporary, name) == 0)
		return 0;
	if (errno == EEXIST)
		return UNCIA_E_EXISTS;
	return not_here() ? rename_locked(d, temporary, name) : UNCIA_E_IO;
}

/* The loser syncs the directory, too: what it is told exists is then durable. */
static int directory_create(void *context, const char *name, const void *data, size_t size)
{
	struct directory *d = context;
	char temporary[64];
	if (!name_is_safe(name))
		return UNCIA_E_ARGUMENT;
	int rc = write_temporary(d, data, size, temporary);
	if (rc)
		return rc;
	rc = name_exclusively(d, temporary, name);
	int number = errno;
	unlinkat(d->fd, temporary, 0);
	errno = number;
	return sync_directory(d) == 0 ? rc : UNCIA_E_IO;
}

/* Renames over what may be there. Returns 0; UNCIA_E_IO; as take_lock. */
static int rename_over(const struct directory *d, const char *temporary, const char *name)
{
	struct stat info;
	bool locked = fstatat(d->fd, NAMES_LOCK_FILE, &info, AT_SYMLINK_NOFOLLOW) == 0;
	int held = -1, rc = locked ? take_lock(d, NAMES_LOCK_FILE, &held) : 0;
	if (rc)
		return rc;
	if (renameat(d->fd, temporary, d->fd, name) != 0)
		rc = UNCIA_E_IO;
	if (locked)
		release_lock(held);
	return rc;
}

static int directory_replace(void *context, const char *name, const void *data, size_t size)
{
	struct directory *d = context;
	char temporary[64];
	if (!name_is_safe(name))
		return UNCIA_E_ARGUMENT;
	int rc = write_temporary(d, data, size, temporary);
	if (rc)
		return rc;
	rc = rename_over(d, temporary, name);
	if (!rc)
		return sync_directory(d);
	int number = errno;
	unlinkat(d->fd, temporary, 0);
	errno = number;
	return rc;
}

static int directory_remove(void *context, const char *name)
{
	struct directory *d = context;
	if (!name_is_safe(name))
		return UNCIA_E_ARGUMENT;
	if (unlinkat(d->fd, name, 0) != 0)
		return errno == ENOENT ? UNCIA_E_NOT_FOUND : UNCIA_E_IO;
	return sync_directory(d);
}

/* Names with a dot are no blobs, and listed for a prefix with a dot only. */
static int directory_list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                          void *each_context)
{
	struct directory *d = context;
	struct dirent *entry;
	int rc = 0, fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return UNCIA_E_IO;
	}
	while (!rc && (errno = 0, entry = readdir(dir)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
		    (prefix[0] == '.' || name_is_safe(entry->d_name)))
			rc = each(each_context, entry->d_name);
	if (!rc && errno != 0)
		rc = UNCIA_E_IO;
	closedir(dir);
	return rc;
}

static int remove_leftover(void *context, const char *name)
{
	struct directory *d = context;
	struct stat info;
	if (fstatat(d->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_mtime < time(NULL) - TEMPORARY_AGE_S)
		unlinkat(d->fd, name, 0);
	return 0;
}

static int directory_lock(void *context)
{
	struct directory *d = context;
	int held, rc = take_lock(d, LOCK_FILE, &held);
	if (!rc)
		d->lock_fd = held;
	return rc;
}

static void directory_unlock(void *context)
{
	struct directory *d = context;
	int fd = d->lock_fd;
	assert(fd >= 0);
	d->lock_fd = -1; /* before another wallet over this host, in another thread, can be under the lock */
	release_lock(fd);
}

/* ---- the hooks: the above, and why it failed ------------------------------------------------- */

/* Keeps what the system said, where rc is of its making: errno is still that of the call that failed, since what cleans
 * up after it does not fail as well. */
static int note_failure(struct directory *d, const char *name, int rc)
{
	if (rc != UNCIA_E_IO && rc != UNCIA_E_PERMISSION)
		return rc;
	pthread_mutex_lock(&d->mutex);
	snprintf(d->why, sizeof(d->why), "%s/%s: %s", d->path, name,
	         errno != 0 ? strerror(errno) : uncia_error_text(rc));
	pthread_mutex_unlock(&d->mutex);
	return rc;
}

static int hook_load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	errno = 0;
	return note_failure(context, name, directory_load(context, name, buffer, capacity, size));
}

static int hook_create(void *context, const char *name, const void *data, size_t size)
{
	errno = 0;
	return note_failure(context, name, directory_create(context, name, data, size));
}

static int hook_replace(void *context, const char *name, const void *data, size_t size)
{
	errno = 0;
	return note_failure(context, name, directory_replace(context, name, data, size));
}

static int hook_remove(void *context, const char *name)
{
	errno = 0;
	return note_failure(context, name, directory_remove(context, name));
}

static int hook_list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                     void *each_context)
{
	errno = 0;
	return note_failure(context, ".", directory_list(context, prefix, each, each_context));
}

static int hook_lock(void *context)
{
	errno = 0;
	return note_failure(context, LOCK_FILE, directory_lock(context));
}

void uncia_host_directory_why(const struct uncia_host *host, char why[UNCIA_WHY_SIZE])
{
	if (!why)
		return;
	why[0] = '\0';
	if (!host || host->load != hook_load)
		return;
	struct directory *d = host->context;
	pthread_mutex_lock(&d->mutex);
	memcpy(why, d->why, sizeof(d->why));
	pthread_mutex_unlock(&d->mutex);
}

/* Makes the directory where it does not exist, and syncs its parent in any case: a process that made it may have been
 * killed before it did. */
static int make_directory(const char *path)
{
	bool made = mkdir(path, 0700) == 0;
	if (!made && errno != EEXIST)
		return error_of_errno() == UNCIA_E_PERMISSION ? UNCIA_E_PERMISSION : UNCIA_E_IO;
	char *parent = malloc(strlen(path) + sizeof("/.."));
	if (!parent)
		return UNCIA_E_MEMORY;
	stpcpy(stpcpy(parent, path), "/..");
	int rc = UNCIA_E_IO, fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 ? fsync(fd) == 0 : !made)
		rc = 0;
	if (fd >= 0)
		close(fd);
	free(parent);
	return rc;
}

int uncia_host_directory(const char *path, struct uncia_host *host)
{
	struct stat info;
	if (!path || path[0] == '\0' || !host || host->size != sizeof(*host))
		return UNCIA_E_ARGUMENT;
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	int rc = make_directory(path);
	if (rc)
		return rc;
	struct directory *d = calloc(1, sizeof(*d) + strlen(path) + 1);
	if (!d)
		return UNCIA_E_MEMORY;
	strcpy(d->path, path);
	pthread_mutex_init(&d->mutex, NULL);
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d->lock_fd = -1;
	if (d->fd < 0)
		rc = errno == EACCES ? UNCIA_E_PERMISSION : UNCIA_E_IO;
	else if (fstat(d->fd, &info) != 0)
		rc = UNCIA_E_IO;
	else if ((info.st_mode & 077) != 0)
		rc = UNCIA_E_PERMISSION;
	else
		/* A killed process may not have synced the blob it created, and its bytes will be sent. */
		rc = sync_directory(d);
	if (rc) {
		if (d->fd >= 0)
			close(d->fd);
		free(d);
		return rc;
	}
	/* Leftovers of killed processes. A failure does not matter, on a read-only disk for one. */
	directory_list(d, TEMPORARY_PREFIX, remove_leftover, d);
	*host = (struct uncia_host){.size = sizeof(*host),
	                            .context = d,
	                            .load = hook_load,
	                            .create = hook_create,
	                            .replace = hook_replace,
	                            .remove = hook_remove,
	                            .list = hook_list,
	                            .lock = hook_lock,
	                            .unlock = directory_unlock};
	return 0;
}

void uncia_host_directory_free(struct uncia_host *host)
{
	if (!host || host->load != hook_load)
		return;
	struct directory *d = host->context;
	pthread_mutex_destroy(&d->mutex);
	close(d->fd);
	free(d);
	*host = (struct uncia_host){.size = sizeof(*host)};
}
