/* The log of a home as a file: made, lengthened, begun anew, and copied into the files of the blobs. See host_files.h;
 * when that is done, and why, says host_store.c. */
#include "host_files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sodium.h>
#include "blob.h"
#include "system.h"

#define LOG_FIRST      ((size_t)256 << 10) /* bytes of a new one */
#define FILLED_PAGES   16u                 /* are written at a time */
#define COPIED_AT_ONCE 32u

/* ---- the file ---------------------------------------------------------------------------------- */

/* Written zeros, not a hole or a reservation: a piece that is written over them changes nothing of the file but its
 * data, so that its sync is one flush, without one of the file system's own journal. */
static int fill(int fd, size_t from, size_t to)
{
	const size_t part = FILLED_PAGES * (size_t)HOST_LOG_PAGE;
	uint8_t *zeros = calloc(1, part);
	int rc = zeros ? 0 : UNCIA_E_MEMORY;
	for (; !rc && from < to; from += part)
		rc = host_log_write(fd, zeros, to - from < part ? to - from : part, from);
	free(zeros);
	return rc;
}

/* It is made under another name, and whole when it gets its own: no crash leaves a log without its first page. */
int host_log_make(struct host_directory *d)
{
	char name[HOST_TEMPORARY_SIZE];
	uint8_t page[HOST_LOG_PAGE];
	struct host_log_state log = {.size = LOG_FIRST, .place = {0, HOST_LOG_PAGE}};
	if (system_random(NULL, log.id, sizeof(log.id)))
		return UNCIA_E_RANDOM;
	host_log_begin(log.id, page);
	int rc = host_open_temporary(d, page, sizeof(page), name, &log.fd);
	if (rc)
		return rc;
	rc = fill(log.fd, sizeof(page), log.size);
	if (!rc && (fsync(log.fd) != 0 || flock(log.fd, LOCK_SH | LOCK_NB) != 0 ||
	            renameat(d->fd, name, d->fd, HOST_LOG_FILE) != 0))
		rc = UNCIA_E_IO;
	if (rc) {
		host_drop_temporary(d, name);
		close(log.fd);
		return rc;
	}
	d->log = log;
	rc = host_sync_directory(d);
	d->failed = d->failed || rc != 0;
	return rc;
}

/* What is longer of it counts with the piece that is synced there. Where there is no room, none of it is kept: blobs
 * and copies need what is left. */
int host_log_lengthen(struct host_directory *d)
{
	size_t longer = 2 * d->log.size < d->log_limit ? 2 * d->log.size : d->log_limit;
	int rc = fill(d->log.fd, d->log.size, longer);
	if (!rc)
		d->log.size = longer;
	else
		(void)!ftruncate(d->log.fd, (off_t)d->log.size);
	return rc;
}

/* In place: the first bytes of one sector, which a disk writes whole or not at all. Pieces of the id before are none
 * any more. */
int host_log_renew(struct host_directory *d)
{
	uint8_t page[HOST_LOG_PAGE];
	if (system_random(NULL, d->log.id, sizeof(d->log.id))) {
		d->failed = true; /* it has an id now that is not the file's */
		return UNCIA_E_RANDOM;
	}
	host_log_begin(d->log.id, page);
	if (host_log_write(d->log.fd, page, sizeof(page), 0) || fdatasync(d->log.fd) != 0) {
		d->failed = true;
		return UNCIA_E_IO;
	}
	d->log.place = (struct host_log_place){0, HOST_LOG_PAGE};
	host_log_forget_waiting(&d->log);
	return 0;
}

/* ---- copying ----------------------------------------------------------------------------------- */

/* A file that is being written once more. */
struct copied {
	char temporary[HOST_TEMPORARY_SIZE];
	int fd;
	const struct host_act *act;
};

/* What a copy needs is on its way to the disk before the first one is waited for. */
static void start_writing(int fd)
{
#ifdef SYNC_FILE_RANGE_WRITE
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
	(void)fd;
#endif
}

static int sync_copies(const struct host_directory *d, struct copied *copies, size_t count)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	int rc = 0;
	for (size_t i = 0; i < count; i++) {
		host_act_name(copies[i].act, name);
		if (!rc && (fsync(copies[i].fd) != 0 || renameat(d->fd, copies[i].temporary, d->fd, name) != 0))
			rc = UNCIA_E_IO;
		if (rc)
			host_drop_temporary(d, copies[i].temporary);
		int number = errno;
		close(copies[i].fd);
		errno = number;
	}
	return rc;
}

/* Opened and not synced yet. */
struct copies {
	struct copied some[COPIED_AT_ONCE];
	size_t count;
};

static int finish(const struct host_directory *d, struct copies *copies)
{
	int rc = sync_copies(d, copies->some, copies->count);
	copies->count = 0;
	return rc;
}

/* Writes the file's bytes over themselves: that needs no room, nobody sees it, and until they are synced the log has
 * them. */
static int write_over(const struct host_directory *d, const struct host_act *act)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	host_act_name(act, name);
	int fd = openat(d->fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return UNCIA_E_IO;
	int rc = host_log_write(fd, act->data.data, act->data.size, 0);
	if (!rc && fsync(fd) != 0)
		rc = UNCIA_E_IO;
	int number = errno;
	close(fd);
	errno = number;
	return rc;
}

/* Where there is no descriptor or no room for one more, those that are open are finished first. */
static int copy_one(const struct host_directory *d, struct copies *copies, const struct host_act *act)
{
	int rc = copies->count == COPIED_AT_ONCE ? finish(d, copies) : 0;
	while (!rc) {
		struct copied *copied = &copies->some[copies->count];
		copied->act = act;
		rc = host_open_temporary(d, act->data.data, act->data.size, copied->temporary, &copied->fd);
		if (!rc) {
			start_writing(copied->fd);
			copies->count++;
			return 0;
		}
		if (copies->count != 0)
			rc = finish(d, copies);
		else if ((errno == ENOSPC || errno == EDQUOT) && host_file_compare(d, act) == HOST_SAME)
			return write_over(d, act);
	}
	return rc;
}

/* Writes blobs' files once more, synced: what is there was not, and its bytes may be lost without a trace. A file that
 * is not what the log made it is another program's, of a version that knows no log, and is newer; one that cannot be
 * looked at is not called that. */
static int copy_all(const struct host_directory *d, const struct host_acts *all)
{
	struct copies copies = {.count = 0};
	int rc = 0;
	for (size_t i = 0; !rc && i < all->count; i++)
		if (!all->acts[i].removes && host_file_compare(d, &all->acts[i]) != HOST_OTHER)
			rc = copy_one(d, &copies, &all->acts[i]);
	int finished = finish(d, &copies);
	return rc ? rc : finished;
}

int host_log_copy(struct host_directory *d)
{
	struct host_acts all = {0};
	struct host_log_place place = {0, HOST_LOG_PAGE};
	struct bytes acts;
	uint8_t *bytes;
	size_t size;
	int rc = host_log_read(d, &bytes, &size);
	if (rc)
		return rc;
	while (!rc && host_log_next(bytes, size, d->log.id, &place, &acts))
		rc = host_acts_add(&all, acts);
	if (!rc && (place.at < d->log.place.at || host_log_goes_on(bytes, size, d->log.id, &place))) {
		d->file = HOST_LOG_FILE;
		d->words = "is damaged: later records are there without earlier ones";
		rc = UNCIA_E_IO;
	}
	if (!rc)
		rc = copy_all(d, &all);
	if (!rc && host_sync_directory(d)) {
		d->failed = true;
		rc = UNCIA_E_IO;
	}
	int number = errno;
	free(all.acts);
	blob_free(bytes, size);
	errno = number;
	return rc;
}
