/* The files of the blobs of a home, each made, replaced and removed by itself: one file per blob, whole or absent
 * whatever happens, with a sync of the file and one of its directory. See host_files.h. */
#include "host_files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <unistd.h>
#include <sodium.h>
#include "blob.h"
#include "system.h"

/* Blobs are written under such a name first. No blob's name has a dot, so leftovers are never taken for blobs. */
#define TEMPORARY_PREFIX ".new-"
/* Held while a blob is made or replaced, where the file system can make names exclusive in no other way. Once there, it
 * stays, and says so to other processes. */
#define NAMES_LOCK_FILE ".names"

int host_error_of_errno(void)
{
	return errno == ENOENT                     ? UNCIA_E_NOT_FOUND
	       : errno == EEXIST                   ? UNCIA_E_EXISTS
	       : errno == EACCES || errno == EPERM ? UNCIA_E_PERMISSION
	                                           : UNCIA_E_IO;
}

int host_note(struct host_directory *d, const char *file, const char *words, int rc)
{
	if (rc != UNCIA_E_IO && rc != UNCIA_E_PERMISSION)
		return rc;
	const char *said = words ? words : errno != 0 ? strerror(errno) : uncia_error_text(rc);
	pthread_mutex_lock(&d->mutex);
	snprintf(d->why, sizeof(d->why), "%s/%s: %s", d->path, file, said);
	pthread_mutex_unlock(&d->mutex);
	return rc;
}

int host_read_all(int fd, uint8_t *buffer, size_t size)
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
	return 0;
}

int host_log_write(int fd, const uint8_t *bytes, size_t size, size_t at)
{
	while (size != 0) {
		ssize_t n = pwrite(fd, bytes, size, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return UNCIA_E_IO;
		bytes += n;
		at += (size_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int host_open_temporary(const struct host_directory *d, const void *data, size_t size, char name[HOST_TEMPORARY_SIZE],
                        int *opened)
{
	uint8_t random[16];
	char hex[2 * sizeof(random) + 1];
	if (system_random(NULL, random, sizeof(random)))
		return UNCIA_E_RANDOM;
	snprintf(name, HOST_TEMPORARY_SIZE, TEMPORARY_PREFIX "%s",
	         sodium_bin2hex(hex, sizeof(hex), random, sizeof(random)));
	int fd = openat(d->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return UNCIA_E_IO;
	int rc = write_all(fd, data, size);
	if (rc) {
		host_drop_temporary(d, name);
		close(fd);
		return rc;
	}
	*opened = fd;
	return 0;
}

int host_write_temporary(const struct host_directory *d, const void *data, size_t size, bool sync,
                         char name[HOST_TEMPORARY_SIZE])
{
	int fd, rc = host_open_temporary(d, data, size, name, &fd);
	if (rc)
		return rc;
	if (sync && fsync(fd) != 0)
		rc = UNCIA_E_IO;
	if (close(fd) != 0 && !rc)
		rc = UNCIA_E_IO;
	if (rc)
		host_drop_temporary(d, name);
	return rc;
}

void host_drop_temporary(const struct host_directory *d, const char *name)
{
	int number = errno;
	unlinkat(d->fd, name, 0);
	errno = number;
}

int host_sync_directory(const struct host_directory *d)
{
	return fsync(d->fd) == 0 ? 0 : UNCIA_E_IO;
}

/* flock: the kernel releases it when its holder ends in whatever way. Nothing waits here: whoever finds it taken comes
 * back. */
int host_take_lock(const struct host_directory *d, const char *name, int *held)
{
	int rc, fd = openat(d->fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return host_error_of_errno() == UNCIA_E_PERMISSION ? UNCIA_E_PERMISSION : UNCIA_E_IO;
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

void host_release_lock(int held)
{
	int number = errno;
	flock(held, LOCK_UN); /* a child of this process may have the descriptor, too */
	close(held);
	errno = number;
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
static int rename_exclusively(const struct host_directory *d, const char *temporary, const char *name)
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

bool host_file_exists(const struct host_directory *d, const char *name)
{
	struct stat info;
	return fstatat(d->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The same where nothing but a lock makes it exclusive: all who make or replace blobs here hold it. Returns 0;
 * UNCIA_E_EXISTS; as host_take_lock. */
static int rename_locked(const struct host_directory *d, const char *temporary, const char *name)
{
	int held, rc = host_take_lock(d, NAMES_LOCK_FILE, &held);
	if (rc)
		return rc;
	if (host_file_exists(d, name))
		rc = UNCIA_E_EXISTS;
	else if (errno != ENOENT || renameat(d->fd, temporary, d->fd, name) != 0)
		rc = UNCIA_E_IO;
	host_release_lock(held);
	return rc;
}

/* Gives a whole, synced file its name, where that is not taken: of two processes one creates. link(2) does that by
 * itself; Android and some file systems have none. Whatever is left of the temporary name afterwards is a leftover. */
static int name_exclusively(const struct host_directory *d, const char *temporary, const char *name)
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
int host_file_create(const struct host_directory *d, const char *name, const void *data, size_t size)
{
	char temporary[HOST_TEMPORARY_SIZE];
	int rc = host_write_temporary(d, data, size, true, temporary);
	if (rc)
		return rc;
	rc = name_exclusively(d, temporary, name);
	host_drop_temporary(d, temporary);
	return host_sync_directory(d) == 0 ? rc : UNCIA_E_IO;
}

/* Renames over what may be there. Returns 0; UNCIA_E_IO; as host_take_lock. */
static int rename_over(const struct host_directory *d, const char *temporary, const char *name)
{
	bool locked = host_file_exists(d, NAMES_LOCK_FILE);
	int held = -1, rc = locked ? host_take_lock(d, NAMES_LOCK_FILE, &held) : 0;
	if (rc)
		return rc;
	if (renameat(d->fd, temporary, d->fd, name) != 0)
		rc = UNCIA_E_IO;
	if (locked)
		host_release_lock(held);
	return rc;
}

int host_file_replace(const struct host_directory *d, const char *name, const void *data, size_t size)
{
	char temporary[HOST_TEMPORARY_SIZE];
	int rc = host_write_temporary(d, data, size, true, temporary);
	if (rc)
		return rc;
	rc = rename_over(d, temporary, name);
	if (!rc)
		return host_sync_directory(d);
	host_drop_temporary(d, temporary);
	return rc;
}

int host_file_remove(const struct host_directory *d, const char *name)
{
	if (unlinkat(d->fd, name, 0) != 0)
		return errno == ENOENT ? UNCIA_E_NOT_FOUND : UNCIA_E_IO;
	return host_sync_directory(d);
}

/* Whether the next bytes of a file are these, and its last ones. */
static enum host_comparison compare(int fd, struct bytes data)
{
	struct stat info;
	uint8_t part[4096];
	if (fstat(fd, &info) != 0)
		return HOST_UNKNOWN;
	bool same = S_ISREG(info.st_mode) && (uint64_t)info.st_size == data.size, known = true;
	for (size_t at = 0; same && known && at < data.size; at += sizeof(part)) {
		size_t size = data.size - at < sizeof(part) ? data.size - at : sizeof(part);
		known = host_read_all(fd, part, size) == 0;
		same = known && memcmp(part, data.data + at, size) == 0;
	}
	sodium_memzero(part, sizeof(part));
	return !known ? HOST_UNKNOWN : same ? HOST_SAME : HOST_OTHER;
}

enum host_comparison host_file_compare(const struct host_directory *d, const struct host_act *act)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	host_act_name(act, name);
	if (act->removes && host_file_exists(d, name))
		return HOST_OTHER;
	if (act->removes)
		return errno == ENOENT ? HOST_SAME : HOST_UNKNOWN;
	int fd = openat(d->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? HOST_OTHER : HOST_UNKNOWN;
	enum host_comparison found = compare(fd, act->data);
	close(fd);
	return found;
}
