/* Small files, read whole and written durably. The store has files and rules of its own. */
#include "files.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "command.h"

int path_join(const char *directory, const char *name, char path[PATH_MAX])
{
	int size = snprintf(path, PATH_MAX, "%s/%s", directory, name);
	if (size < 0 || size >= PATH_MAX)
		return command_error(EXIT_FAILED, "%s: the path is too long", directory);
	return 0;
}

bool path_exists(const char *path)
{
	struct stat status;
	return lstat(path, &status) == 0;
}

/* A name is durable only once the directory that holds it is. */
static int sync_parent(const char *path)
{
	char parent[PATH_MAX];
	snprintf(parent, sizeof(parent), "%s", path);
	size_t size = strlen(parent);
	while (size > 1 && parent[size - 1] == '/')
		parent[--size] = '\0';
	char *slash = strrchr(parent, '/');
	if (slash)
		slash[slash == parent ? 1 : 0] = '\0';
	int fd = open(slash ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		return 0; /* a directory that we may not read cannot be synced by us */
	int failed = fd < 0 || fsync(fd);
	if (failed)
		command_error(EXIT_FAILED, "%s: %s", slash ? parent : ".", strerror(errno));
	if (fd >= 0)
		close(fd);
	return failed ? EXIT_FAILED : 0;
}

int directory_make(const char *path)
{
	struct stat status;
	if (mkdir(path, 0700)) {
		if (errno != EEXIST)
			return command_error(EXIT_FAILED, "%s: %s", path, strerror(errno));
		if (stat(path, &status) || !S_ISDIR(status.st_mode))
			return command_error(EXIT_FAILED, "%s: not a directory", path);
	}
	/* Also where it exists: its maker may have been killed before this sync. */
	return sync_parent(path);
}

static int read_whole(int fd, const char *path, size_t size_max, uint8_t **bytes, size_t *size)
{
	struct stat status;
	if (fstat(fd, &status))
		return command_error(EXIT_FAILED, "%s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return command_error(EXIT_MISMATCH, "%s: not a regular file", path);
	if (status.st_size < 0 || (uint64_t)status.st_size > size_max)
		return command_error(EXIT_MISMATCH, "%s: larger than %zu bytes", path, size_max);
	size_t wanted = (size_t)status.st_size, have = 0;
	uint8_t *buffer = malloc(wanted + 1);
	if (!buffer)
		return command_error(EXIT_FAILED, "out of memory");
	while (have < wanted) {
		ssize_t n = read(fd, buffer + have, wanted - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(buffer);
			return command_error(EXIT_FAILED, "%s: %s", path, n ? strerror(errno) : "ended early");
		}
		have += (size_t)n;
	}
	buffer[have] = '\0';
	*bytes = buffer;
	*size = have;
	return 0;
}

int file_read(const char *path, size_t size_max, bool secret, uint8_t **bytes, size_t *size)
{
	/* Without O_NONBLOCK a FIFO in the file's place would block for ever. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return command_error(EXIT_FAILED, "%s: %s", path, strerror(errno));
	struct stat status;
	int code = 0;
	if (secret && !fstat(fd, &status) && (status.st_mode & 077))
		code = command_error(EXIT_FAILED, "%s: others than its owner may touch this secret: run  chmod 600 %s",
		                     path, path);
	if (!code)
		code = read_whole(fd, path, size_max, bytes, size);
	close(fd);
	return code;
}

static int write_whole(int fd, const uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

static int write_beside(const char *path, mode_t mode, const void *bytes, size_t size,
                        int (*put_in_place)(const char *from, const char *to))
{
	char temporary[PATH_MAX];
	assert((bytes || !size) && !(mode & ~0777u));
	int length = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	if (length < 0 || (size_t)length >= sizeof(temporary))
		return command_error(EXIT_FAILED, "%s: the path is too long", path);
	int fd = mkostemp(temporary, O_CLOEXEC); /* O_EXCL, mode 0600 */
	if (fd < 0)
		return command_error(EXIT_FAILED, "%s: %s", path, strerror(errno));
	int error = fchmod(fd, mode) || write_whole(fd, bytes, size) || fsync(fd) ? errno : 0;
	if (close(fd) && !error)
		error = errno;
	if (!error && put_in_place(temporary, path))
		error = errno;
	unlink(temporary);
	if (error)
		return command_error(EXIT_FAILED, "%s: %s", path, strerror(error));
	return sync_parent(path);
}

int file_create(const char *path, mode_t mode, const void *bytes, size_t size)
{
	/* link, unlike rename, never takes the place of a file that exists. */
	return write_beside(path, mode, bytes, size, link);
}

int file_remove(const char *path)
{
	if (unlink(path) && errno != ENOENT)
		return command_error(EXIT_FAILED, "%s: cannot be removed: %s", path, strerror(errno));
	return sync_parent(path);
}

/* As file_create, but it takes the place of a file of that name. */
static int file_replace(const char *path, mode_t mode, const void *bytes, size_t size)
{
	return write_beside(path, mode, bytes, size, rename);
}

int text_begin(struct text_file *t)
{
	t->stream = open_memstream(&t->text, &t->size);
	return t->stream ? 0 : command_error(EXIT_FAILED, "out of memory");
}

int text_end(struct text_file *t, const char *path, bool replace)
{
	assert(t->stream);
	bool failed = ferror(t->stream);
	failed |= fclose(t->stream) != 0;
	t->stream = NULL;
	if (failed) {
		free(t->text);
		return command_error(EXIT_FAILED, "out of memory");
	}
	int code = (replace ? file_replace : file_create)(path, 0644, t->text, t->size);
	free(t->text);
	return code;
}
