/* The log of a home as it is found: opened, read from where this host has come to, and put into the files where they
 * lack it. See host_files.h; the whole of it is told in host_store.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sodium.h>
#include "blob.h"
#include "host_files.h"

#define LOG_READ_MAX ((uint64_t)64 << 20) /* later versions may let it grow further */

int host_log_failure(struct host_directory *d, const char *words, int rc)
{
	d->file = HOST_LOG_FILE;
	d->words = words;
	return rc;
}

void host_log_forget_waiting(struct host_log_state *log)
{
	free(log->waiting);
	log->waiting = NULL;
	log->waiting_size = 0;
}

void host_log_close(struct host_directory *d)
{
	host_log_forget_waiting(&d->log);
	if (d->log.fd >= 0)
		close(d->log.fd);
	d->log.fd = -1;
}

/* Reads whose log it is: the id, and where its first piece goes. *anew: it is not the one that was known. */
static int read_first_page(struct host_directory *d, bool *anew)
{
	uint8_t page[HOST_LOG_PAGE], id[HOST_LOG_ID];
	ssize_t n = pread(d->log.fd, page, sizeof(page), 0);
	if (n < 0)
		return host_log_failure(d, NULL, UNCIA_E_IO);
	int rc = n == (ssize_t)sizeof(page) ? host_log_read_page(page, id) : UNCIA_E_DAMAGED;
	if (rc == UNCIA_E_NEWER)
		return host_log_failure(d, "was made by a later version of Uncia: open it with that", UNCIA_E_IO);
	if (rc)
		return host_log_failure(d, "is damaged in its first page", UNCIA_E_IO);
	if (!*anew && memcmp(id, d->log.id, HOST_LOG_ID) == 0)
		return 0;
	*anew = true;
	memcpy(d->log.id, id, HOST_LOG_ID);
	d->log.place = (struct host_log_place){0, HOST_LOG_PAGE};
	host_log_forget_waiting(&d->log);
	return 0;
}

/* Looks at the file that was opened. */
static int look_at_log(struct host_directory *d)
{
	struct stat info;
	if (fstat(d->log.fd, &info) != 0)
		return host_log_failure(d, NULL, UNCIA_E_IO);
	if (!S_ISREG(info.st_mode))
		return host_log_failure(d, "is no log", UNCIA_E_IO);
	if ((info.st_mode & 077) != 0)
		return host_log_failure(d, "can be read by others", UNCIA_E_PERMISSION);
	/* Who closes the home as the last one finds nobody with this. */
	return flock(d->log.fd, LOCK_SH | LOCK_NB) == 0 ? 0 : host_log_failure(d, NULL, UNCIA_E_IO);
}

static int open_log(struct host_directory *d)
{
	host_log_close(d);
	d->log.fd = openat(d->fd, HOST_LOG_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	d->log.read_only = d->log.fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM);
	if (d->log.read_only)
		d->log.fd = openat(d->fd, HOST_LOG_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (d->log.fd < 0)
		return host_log_failure(d, NULL,
		                        host_error_of_errno() == UNCIA_E_PERMISSION ? UNCIA_E_PERMISSION : UNCIA_E_IO);
	int rc = look_at_log(d);
	int number = errno;
	if (rc)
		host_log_close(d);
	errno = number;
	return rc;
}

/* Does to the file what the log says, unsynced. */
static int apply(const struct host_directory *d, const struct host_act *act)
{
	char name[UNCIA_BLOB_NAME_SIZE], temporary[HOST_TEMPORARY_SIZE];
	host_act_name(act, name);
	if (act->removes)
		return unlinkat(d->fd, name, 0) == 0 || errno == ENOENT ? 0 : UNCIA_E_IO;
	int rc = host_write_temporary(d, act->data.data, act->data.size, false, temporary);
	if (!rc && renameat(d->fd, temporary, d->fd, name) != 0) {
		host_drop_temporary(d, temporary);
		rc = UNCIA_E_IO;
	}
	return rc;
}

int host_log_read(const struct host_directory *d, uint8_t **bytes, size_t *size)
{
	size_t whole = d->log.size;
	uint8_t *buffer = malloc(whole + 1);
	if (!buffer)
		return UNCIA_E_MEMORY;
	for (size_t done = 0; done < whole;) {
		ssize_t n = pread(d->log.fd, buffer + done, whole - done, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* a sector that the disk does not give is no end of the log */
			blob_free(buffer, whole);
			return UNCIA_E_IO;
		}
		done += (size_t)n;
	}
	*bytes = buffer;
	*size = whole;
	return 0;
}

/* What a part of the log, just read, has in it. */
struct log_part {
	struct host_acts all;
	struct host_log_place before, end; /* of the last piece */
	struct bytes last;                 /* its acts */
};

static int take_part(struct host_directory *d, const uint8_t *bytes, size_t size, struct log_part *part)
{
	struct host_log_place place = part->end;
	struct bytes acts;
	int rc = 0;
	while (!rc && host_log_next(bytes, size, d->log.id, &place, &acts)) {
		part->before = part->end;
		part->end = place;
		part->last = acts;
		rc = host_acts_add(&part->all, acts);
	}
	if (!rc && host_log_goes_on(bytes, size, d->log.id, &place))
		rc = host_log_failure(d, "is damaged: later records are there without earlier ones", UNCIA_E_IO);
	return rc;
}

/* Whether it is a piece that may not be synced, and gives way to the next one. */
static bool waits(struct bytes acts)
{
	struct host_act act;
	if (host_piece_size(acts.size) != HOST_LOG_PAGE)
		return false;
	while (host_act_next(&acts, &act))
		if (!act.removes)
			return false;
	return true;
}

/* Writes the last piece once more, and of a log that this host has not known its first page: whose process is gone, or
 * whose sync failed, may have left them in the page cache alone, where a sync by another descriptor finds nothing to
 * do. Nor may the name of such a log be on the disk, or of what was stored without it: then the directory is synced,
 * too. */
static int write_once_more(struct host_directory *d, const uint8_t *bytes, const struct log_part *part, bool anew)
{
	size_t at = part->before.at;
	int rc = anew ? host_log_write(d->log.fd, bytes, HOST_LOG_PAGE, 0) : 0;
	if (!rc)
		rc = host_log_write(d->log.fd, bytes + at, part->end.at - at, at);
	if (!rc && fdatasync(d->log.fd) == 0 && (!anew || host_sync_directory(d) == 0))
		return 0;
	d->failed = true;
	return host_log_failure(d, NULL, UNCIA_E_IO);
}

/* Puts into the files what they lack. What is in the files was synced before. */
static int bring_up(struct host_directory *d, const uint8_t *bytes, const struct log_part *part, bool anew)
{
	bool lacks = false;
	for (size_t i = 0; !lacks && i < part->all.count; i++)
		lacks = host_file_compare(d, &part->all.acts[i]) != HOST_SAME;
	if (!lacks && (!anew || d->log.read_only))
		return 0;
	if (d->log.read_only) {
		errno = EROFS;
		return host_log_failure(d, NULL, UNCIA_E_IO);
	}
	int rc = write_once_more(d, bytes, part, anew);
	for (size_t i = 0; !rc && i < part->all.count; i++)
		if (host_file_compare(d, &part->all.acts[i]) != HOST_SAME)
			rc = apply(d, &part->all.acts[i]);
	return rc;
}

/* The next piece goes behind this one, or, where nothing but removals wait in it, over it. */
static int move_on(struct host_log_state *log, const struct log_part *part)
{
	uint8_t *waiting = NULL;
	if (waits(part->last)) {
		waiting = malloc(part->last.size);
		if (!waiting)
			return UNCIA_E_MEMORY;
		memcpy(waiting, part->last.data, part->last.size);
	}
	host_log_forget_waiting(log);
	log->waiting = waiting;
	log->waiting_size = waiting ? part->last.size : 0;
	log->place = waiting ? part->before : part->end;
	return 0;
}

/* Whether nothing but what this host knows is in the log, from its place on. */
static bool nothing_new(const struct host_directory *d)
{
	uint8_t header[HOST_LOG_HEADER];
	const struct host_log_state *log = &d->log;
	if (log->place.at + HOST_LOG_PAGE > log->size)
		return true;
	if (pread(log->fd, header, sizeof(header), (off_t)log->place.at) != (ssize_t)sizeof(header))
		return false;
	if (!log->waiting)
		return memcmp(header + 8, log->id, HOST_LOG_ID) != 0;
	uint8_t *known = malloc(host_piece_size(log->waiting_size));
	if (!known)
		return false;
	memcpy(known + HOST_LOG_HEADER, log->waiting, log->waiting_size);
	host_piece_make(log->id, log->place.sequence + 1, log->waiting_size, known);
	bool same = memcmp(known, header, sizeof(header)) == 0;
	free(known);
	return same;
}

/* Reads on, from where this host has come to. anew: nothing of this log was known. */
static int read_on(struct host_directory *d, bool anew)
{
	uint8_t *bytes;
	size_t size, from = d->log.place.at;
	if (!anew && nothing_new(d))
		return 0;
	int rc = host_log_read(d, &bytes, &size);
	if (rc)
		return host_log_failure(d, NULL, rc);
	struct log_part part = {.before = d->log.place, .end = d->log.place};
	rc = take_part(d, bytes, size, &part);
	if (!rc && (anew || part.end.at != from))
		rc = bring_up(d, bytes, &part, anew);
	if (!rc && part.end.at != from)
		rc = move_on(&d->log, &part);
	int number = errno;
	free(part.all.acts);
	blob_free(bytes, size);
	errno = number;
	return rc;
}

int host_log_follow(struct host_directory *d)
{
	struct stat there, known;
	if (fstatat(d->fd, HOST_LOG_FILE, &there, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT)
			return host_log_failure(d, NULL, UNCIA_E_IO);
		if (d->log.fd < 0)
			return 0;
		d->failed = true; /* who closes the home as the last one does not remove what is in use */
		return host_log_failure(d, "was removed while it was in use", UNCIA_E_IO);
	}
	bool same = d->log.fd >= 0 && fstat(d->log.fd, &known) == 0 && known.st_ino == there.st_ino &&
	            known.st_dev == there.st_dev;
	bool anew = !same;
	int rc = same ? 0 : open_log(d);
	if (!rc && (uint64_t)there.st_size > LOG_READ_MAX)
		rc = host_log_failure(d, "is larger than any log", UNCIA_E_IO);
	if (!rc)
		rc = read_first_page(d, &anew);
	d->log.size = (size_t)there.st_size / HOST_LOG_PAGE * HOST_LOG_PAGE;
	if (!rc)
		rc = read_on(d, anew);
	if (rc && anew) { /* it is read from its beginning again, the next time */
		int number = errno;
		host_log_close(d);
		errno = number;
	}
	return rc;
}
