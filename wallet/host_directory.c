/* A host over a directory: one file per blob, whole or absent whatever happens (docs/spec/wallet.md, "Storage"). The
 * hooks are here, and what reads; how is stored, is in host_store.c. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <sodium.h>
#include "blob.h"
#include "host_files.h"
#include "system.h"

#define TEMPORARY_PREFIX ".new-" /* host_files.c */
#define TEMPORARY_AGE_S  86400   /* older ones are leftovers: no write takes so long */

#define LOCK_FILE ".lock"

static int directory_load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	struct host_directory *d = context;
	struct stat info;
	if (!host_name_is_safe(name, strnlen(name, UNCIA_BLOB_NAME_SIZE)))
		return UNCIA_E_ARGUMENT;
	if (d->unusable)
		return d->unusable;
	int fd = openat(d->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return host_error_of_errno();
	int rc = UNCIA_E_IO;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
		size_t whole = (size_t)info.st_size;
		/* faults 17: a secret file that others can read is refused. */
		if ((info.st_mode & 077) != 0)
			rc = UNCIA_E_PERMISSION;
		else
			rc = whole <= capacity ? host_read_all(fd, buffer, whole) : 0;
		if (!rc)
			*size = whole;
	}
	close(fd);
	return rc;
}

/* Names with a dot are no blobs, and listed for a prefix with a dot only. */
static int directory_list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                          void *each_context)
{
	struct host_directory *d = context;
	struct dirent *entry;
	if (d->unusable)
		return d->unusable;
	int rc = 0, fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return UNCIA_E_IO;
	}
	while (!rc && (errno = 0, entry = readdir(dir)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
		    (prefix[0] == '.' || host_name_is_safe(entry->d_name, strlen(entry->d_name))))
			rc = each(each_context, entry->d_name);
	if (!rc && errno != 0)
		rc = UNCIA_E_IO;
	closedir(dir);
	return rc;
}

static int remove_leftover(void *context, const char *name)
{
	struct host_directory *d = context;
	struct stat info;
	if (fstatat(d->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_mtime < time(NULL) - TEMPORARY_AGE_S)
		unlinkat(d->fd, name, 0);
	return 0;
}

/* ---- the hooks: why it failed is kept -------------------------------------------------------- */

/* What a log that cannot be followed has in it was noted when it was met. */
static int note_reading(struct host_directory *d, const char *file, int rc)
{
	return d->unusable ? rc : host_note(d, file, NULL, rc);
}

static int hook_load(void *context, const char *name, void *buffer, size_t capacity, size_t *size)
{
	errno = 0;
	return note_reading(context, name, directory_load(context, name, buffer, capacity, size));
}

/* Returns 0 or UNCIA_E_ARGUMENT. */
static int act_on(const char *name, const void *data, size_t size, struct host_act *act)
{
	size_t length = strnlen(name, UNCIA_BLOB_NAME_SIZE);
	*act = (struct host_act){.name = {(const uint8_t *)name, length}, .data = {data, size}};
	return host_name_is_safe(name, length) && size <= UINT32_MAX ? 0 : UNCIA_E_ARGUMENT;
}

static int hook_create(void *context, const char *name, const void *data, size_t size)
{
	struct host_act act;
	errno = 0;
	int rc = act_on(name, data, size, &act);
	return rc ? rc : host_store_act(context, &act, true);
}

static int hook_replace(void *context, const char *name, const void *data, size_t size)
{
	struct host_act act;
	errno = 0;
	int rc = act_on(name, data, size, &act);
	return rc ? rc : host_store_act(context, &act, false);
}

static int hook_remove(void *context, const char *name)
{
	struct host_act act;
	errno = 0;
	int rc = act_on(name, NULL, 0, &act);
	act.removes = true;
	return rc ? rc : host_store_act(context, &act, false);
}

static int hook_list(void *context, const char *prefix, int (*each)(void *each_context, const char *name),
                     void *each_context)
{
	errno = 0;
	return note_reading(context, ".", directory_list(context, prefix, each, each_context));
}

/* Under the lock what others have stored is looked at, and rested on: so what one of them has left in the log alone, as
 * it was killed, is put into the files. */
static int hook_lock(void *context)
{
	struct host_directory *d = context;
	int held;
	errno = 0;
	int rc = host_take_lock(d, LOCK_FILE, &held);
	if (rc)
		return host_note(d, LOCK_FILE, NULL, rc);
	rc = host_store_refresh(d);
	if (rc) {
		host_release_lock(held);
		return rc;
	}
	d->lock_fd = held;
	return 0;
}

static void hook_unlock(void *context)
{
	struct host_directory *d = context;
	int fd = d->lock_fd;
	assert(fd >= 0);
	d->lock_fd = -1; /* before another wallet over this host, in another thread, can be under the lock */
	host_release_lock(fd);
}

void uncia_host_directory_why(const struct uncia_host *host, char why[UNCIA_WHY_SIZE])
{
	if (!why)
		return;
	why[0] = '\0';
	if (!host || host->load != hook_load)
		return;
	struct host_directory *d = host->context;
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
		return host_error_of_errno() == UNCIA_E_PERMISSION ? UNCIA_E_PERMISSION : UNCIA_E_IO;
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

/* Opens what there is. Returns as uncia_host_directory. */
static int open_directory(struct host_directory *d)
{
	struct stat info;
	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		return errno == EACCES ? UNCIA_E_PERMISSION : UNCIA_E_IO;
	if (fstat(d->fd, &info) != 0)
		return UNCIA_E_IO;
	if ((info.st_mode & 077) != 0)
		return UNCIA_E_PERMISSION;
	/* A killed process may not have synced the blob it created, and its bytes will be sent. */
	int rc = host_sync_directory(d);
	return rc ? rc : host_store_open(d);
}

static void free_directory(struct host_directory *d)
{
	int number = errno;
	if (d->fd >= 0)
		close(d->fd);
	pthread_mutex_destroy(&d->mutex);
	pthread_mutex_destroy(&d->storing);
	free(d);
	errno = number;
}

int uncia_host_directory(const char *path, struct uncia_host *host)
{
	if (!path || path[0] == '\0' || !host || host->size != sizeof(*host))
		return UNCIA_E_ARGUMENT;
	if (sodium_init() < 0)
		return UNCIA_E_LIBRARY;
	int rc = make_directory(path);
	if (rc)
		return rc;
	struct host_directory *d = calloc(1, sizeof(*d) + strlen(path) + 1);
	if (!d)
		return UNCIA_E_MEMORY;
	strcpy(d->path, path);
	pthread_mutex_init(&d->mutex, NULL);
	pthread_mutex_init(&d->storing, NULL);
	d->lock_fd = d->log.fd = -1;
	d->process = system_process();
	rc = open_directory(d);
	if (rc) {
		free_directory(d);
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
	                            .unlock = hook_unlock};
	return 0;
}

void uncia_host_directory_free(struct uncia_host *host)
{
	if (!host || host->load != hook_load)
		return;
	struct host_directory *d = host->context;
	host_store_close(d);
	free_directory(d);
	*host = (struct uncia_host){.size = sizeof(*host)};
}
