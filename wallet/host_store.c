/* Storing in a home by one flush (docs/spec/wallet.md, "Storage").
 *
 * What is done to a blob is appended to a log, the file `.log`, and synced there; then the blob's own file is made,
 * renamed over or removed, as it always is, but not synced. So the files say at any moment what the home holds, to
 * readers, to other processes and to who copies the directory; only after a power cut they may lack something, or hold
 * half of it, and then the log has it. When the log is full, and when nobody uses the home any more, the files are
 * written once more, synced, and the log begins anew, or is removed.
 *
 * Why nothing is lost and nobody rests on what may be:
 * - who stores has the home's directory locked (flock), from looking at the log to the renaming. So a blob is created
 *   by one of several processes, and acts are in the log in the order in which files change;
 * - a file shows what was synced in the log before. What a process that was killed in between has left in the log only
 *   is put into the files by whoever stores, takes the home's lock or opens the home next, and is synced before;
 * - each piece of the log is synced before the next one is begun, so that only the last one can be torn. A piece that
 *   is not whole with a whole one behind it is decay, and then the home is not read;
 * - a log that begins anew has a new random id, in its first page and in each piece: nothing old counts in it;
 * - after a sync that failed nothing more is stored by this host: a later one would report success. Whoever opens the
 *   home writes the last piece once more, and syncs it, before anything rests on it.
 * A removal is written, and synced with what is stored next: a page of removals alone is written over by the next
 * piece, which has them, too. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <sodium.h>
#include "blob.h"
#include "host_files.h"
#include "keyfile.h"
#include "system.h"

#define LOG_LIMIT    ((size_t)4 << 20)
#define LOG_LARGE    ((size_t)192 << 10) /* what takes up more is stored without the log */
#define LOG_WORTH    4u                  /* so many blobs are stored by a host before it makes one: it costs as much */
#define PATIENCE_MS  5000u
#define PAUSE_NS     (50 * 1000L)
#define PAUSE_NS_MAX (5 * 1000 * 1000L)

/* ---- the lock ---------------------------------------------------------------------------------- */

static int lock_error(void)
{
	if (errno == EWOULDBLOCK || errno == EINTR)
		return UNCIA_E_BUSY;
	return errno == ENOLCK || errno == EIO || errno == ENOMEM ? UNCIA_E_IO : UNCIA_E_SYSTEM;
}

/* Locks the directory itself, which is always there, and has no file that could be copied or left. Whoever holds it
 * writes, syncs and goes; one that was stopped meanwhile is waited for a while only. Returns 0; UNCIA_E_BUSY;
 * UNCIA_E_IO; UNCIA_E_SYSTEM where directories cannot be locked. */
static int lock_directory(const struct host_directory *d, uint64_t patience_ms, int *held)
{
	struct timespec pause = {.tv_nsec = PAUSE_NS};
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return UNCIA_E_IO;
	uint64_t until = system_now_ms(NULL) + patience_ms;
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int rc = lock_error(), number = errno;
		if (rc != UNCIA_E_BUSY || system_now_ms(NULL) >= until) {
			close(fd);
			errno = number;
			return rc;
		}
		nanosleep(&pause, NULL);
		pause.tv_nsec = pause.tv_nsec * 2 < PAUSE_NS_MAX ? pause.tv_nsec * 2 : PAUSE_NS_MAX;
	}
	*held = fd;
	return 0;
}

/* ---- appending --------------------------------------------------------------------------------- */

static size_t size_with(const struct host_log_state *log, const struct host_act *act)
{
	return host_piece_size(log->waiting_size + host_act_size(act));
}

/* What was written in vain: another process must not find it. Removals that waited there are there again: their files
 * are gone, and without them the log would bring the blobs back. */
static void take_back(struct host_directory *d)
{
	struct host_log_state *log = &d->log;
	uint8_t page[HOST_LOG_PAGE] = {0};
	int number = errno;
	d->failed = true;
	if (log->waiting) {
		memcpy(page + HOST_LOG_HEADER, log->waiting, log->waiting_size);
		host_piece_make(log->id, log->place.sequence + 1, log->waiting_size, page);
	}
	if (host_log_write(log->fd, page, sizeof(page), log->place.at) == 0)
		(void)!fdatasync(log->fd);
	errno = number;
}

/* Writes the first page last: until then a page of removals that wait there is whole, also for who finds the log of a
 * process that was killed in between. */
static int log_write_piece(const struct host_log_state *log, const uint8_t *piece, size_t size)
{
	int rc = host_log_write(log->fd, piece + HOST_LOG_PAGE, size - HOST_LOG_PAGE, log->place.at + HOST_LOG_PAGE);
	return rc ? rc : host_log_write(log->fd, piece, HOST_LOG_PAGE, log->place.at);
}

/* Writes the act behind what waits, in one piece; syncs it, unless it removes, and all that waits is one page. */
static int append(struct host_directory *d, const struct host_act *act)
{
	struct host_log_state *log = &d->log;
	size_t acts = log->waiting_size + host_act_size(act), size = size_with(log, act);
	bool waits = act->removes && size == HOST_LOG_PAGE;
	uint8_t *piece = malloc(size), *waiting = waits ? malloc(acts) : NULL;
	if (!piece || (waits && !waiting)) {
		free(piece);
		free(waiting);
		return UNCIA_E_MEMORY;
	}
	if (log->waiting_size != 0)
		memcpy(piece + HOST_LOG_HEADER, log->waiting, log->waiting_size);
	host_act_put(piece + HOST_LOG_HEADER + log->waiting_size, act);
	host_piece_make(log->id, log->place.sequence + 1, acts, piece);
	if (log_write_piece(log, piece, size) || (!waits && fdatasync(log->fd) != 0)) {
		take_back(d);
		free(waiting);
		blob_free(piece, size);
		return host_log_failure(d, NULL, UNCIA_E_IO);
	}
	if (waits)
		memcpy(waiting, piece + HOST_LOG_HEADER, acts);
	else
		log->place = (struct host_log_place){log->place.sequence + 1, log->place.at + size};
	host_log_forget_waiting(log);
	log->waiting = waiting;
	log->waiting_size = waits ? acts : 0;
	blob_free(piece, size);
	return 0;
}

/* ---- storing ----------------------------------------------------------------------------------- */

static int store_alone(const struct host_directory *d, const struct host_act *act, bool exclusive)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	host_act_name(act, name);
	if (act->removes)
		return host_file_remove(d, name);
	return exclusive ? host_file_create(d, name, act->data.data, act->data.size)
	                 : host_file_replace(d, name, act->data.data, act->data.size);
}

/* A power cut may bring it back: what is in it is what the files hold, until something is stored without a log, and
 * that syncs the directory before it is said to be stored. */
static int remove_log(struct host_directory *d)
{
	if (unlinkat(d->fd, HOST_LOG_FILE, 0) != 0)
		return host_log_failure(d, NULL, UNCIA_E_IO);
	host_log_close(d);
	return 0;
}

/* Makes room in the log for the act: lengthens it, or copies it and begins it anew. */
static int log_make_room(struct host_directory *d, const struct host_act *act)
{
	while (d->log.place.at + size_with(&d->log, act) > d->log.size) {
		if (d->log.size < d->log_limit && host_log_lengthen(d) == 0)
			continue;
		int rc = host_log_copy(d);
		return rc ? rc : host_log_renew(d);
	}
	return 0;
}

/* Whether the act goes without the log where there is one: what is too large for it, and the key, so that no copy of it
 * stays there. */
static bool goes_alone(const struct host_act *act)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	host_act_name(act, name);
	return strcmp(name, KEYFILE_BLOB) == 0 || (!act->removes && host_piece_size(host_act_size(act)) > LOG_LARGE);
}

/* Sees that nothing is in the log: what is stored without it is then not undone by it. It begins anew also where
 * nothing is in it: that tells the others to sync the directory before they go on, should this process be killed before
 * it has. The file stays, since they may have it open. */
static int empty_log(struct host_directory *d)
{
	int rc = host_log_copy(d);
	return rc ? rc : host_log_renew(d);
}

/* Sees that there is a log, with room for the act, if that is to go there. Returns 0; else as host_store_act. Out:
 * *alone: the act has to be stored without. */
static int prepare_log(struct host_directory *d, const struct host_act *act, bool *alone)
{
	*alone = goes_alone(act);
	if (d->log.fd < 0) {
		*alone = *alone || act->removes || d->stored++ < LOG_WORTH;
		if (*alone)
			return 0;
		(void)host_log_make(d); /* where there is no room for it, none is had */
		*alone = d->log.fd < 0;
		return d->failed ? UNCIA_E_IO : 0;
	}
	if (d->log.read_only) {
		errno = EROFS;
		return host_log_failure(d, NULL, UNCIA_E_IO);
	}
	return *alone ? empty_log(d) : log_make_room(d, act);
}

/* By the log: the new file is there first, so that a full disk is met before. */
static int store_logged(struct host_directory *d, const struct host_act *act)
{
	char name[UNCIA_BLOB_NAME_SIZE], temporary[HOST_TEMPORARY_SIZE];
	host_act_name(act, name);
	int rc = act->removes ? 0 : host_write_temporary(d, act->data.data, act->data.size, false, temporary);
	if (rc)
		return rc;
	rc = append(d, act);
	if (rc) {
		if (!act->removes)
			host_drop_temporary(d, temporary);
		return rc;
	}
	if (act->removes ? unlinkat(d->fd, name, 0) == 0 : renameat(d->fd, temporary, d->fd, name) == 0)
		return 0;
	d->failed = true; /* the log has it: it counts when the home is opened again */
	if (!act->removes)
		host_drop_temporary(d, temporary);
	return UNCIA_E_IO;
}

static int act_locked(struct host_directory *d, const struct host_act *act, bool exclusive)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	bool alone;
	host_act_name(act, name);
	if (d->plain)
		return store_alone(d, act, exclusive);
	bool there = host_file_exists(d, name);
	if (!there && errno != ENOENT)
		return UNCIA_E_IO; /* it may be there */
	if (act->removes && !there)
		return UNCIA_E_NOT_FOUND;
	if (exclusive && there) /* what is told exists is then durable, whoever made it */
		return host_sync_directory(d) == 0 ? UNCIA_E_EXISTS : UNCIA_E_IO;
	int rc = prepare_log(d, act, &alone);
	if (rc)
		return rc;
	return alone ? store_alone(d, act, exclusive) : store_logged(d, act);
}

/* A host that found no locks where it was opened stores without them, as long as nobody else has a log. */
static int begin_plain(struct host_directory *d)
{
	bool there = host_file_exists(d, HOST_LOG_FILE);
	if (!there && errno == ENOENT)
		return 0;
	return host_log_failure(d, there ? "cannot be followed on a file system without locks" : NULL, UNCIA_E_IO);
}

/* Begins: one thread, one process, and the files up to the log. Out: *held. */
static int store_begin(struct host_directory *d, int *held)
{
	pthread_mutex_lock(&d->storing);
	d->file = d->words = NULL;
	*held = -1;
	if (d->unusable)
		return d->unusable;
	if (d->failed)
		return host_log_failure(d, "something could not be stored before: open the home again", UNCIA_E_IO);
	if (d->plain)
		return begin_plain(d);
	int rc = lock_directory(d, d->patience_ms, held);
	if (rc == UNCIA_E_SYSTEM && d->log.fd < 0 && !host_file_exists(d, HOST_LOG_FILE)) {
		d->plain = true;
		return 0;
	}
	if (rc == UNCIA_E_SYSTEM)
		return host_log_failure(d, "cannot be followed on a file system without locks", UNCIA_E_IO);
	return rc ? rc : host_log_follow(d);
}

static int store_end(struct host_directory *d, const char *name, int held, int rc)
{
	if (!d->unusable) /* why it is stays what was noted then */
		host_note(d, d->file ? d->file : name, d->words, rc);
	if (held >= 0)
		host_release_lock(held);
	pthread_mutex_unlock(&d->storing);
	return rc;
}

int host_store_act(struct host_directory *d, const struct host_act *act, bool exclusive)
{
	char name[UNCIA_BLOB_NAME_SIZE];
	int held, rc = store_begin(d, &held);
	host_act_name(act, name);
	if (!rc)
		rc = act_locked(d, act, exclusive);
	return store_end(d, name, held, rc);
}

int host_store_refresh(struct host_directory *d)
{
	pthread_mutex_lock(&d->storing);
	bool apart = d->plain || d->failed; /* where something failed, nothing is stored, and a later refusal says so */
	pthread_mutex_unlock(&d->storing);
	if (apart || !host_file_exists(d, HOST_LOG_FILE))
		return d->unusable;
	int held, rc = store_begin(d, &held);
	return store_end(d, HOST_LOG_FILE, held, rc);
}

/* ---- opening and closing ----------------------------------------------------------------------- */

int host_store_open(struct host_directory *d)
{
	d->log.fd = -1;
	d->log_limit = LOG_LIMIT;
	d->patience_ms = PATIENCE_MS;
	if (!host_file_exists(d, HOST_LOG_FILE)) /* whoever stores here looks again */
		return 0;
	int held = -1, rc = lock_directory(d, d->patience_ms, &held);
	if (rc == UNCIA_E_SYSTEM)
		rc = host_log_failure(d, "cannot be followed on a file system without locks", UNCIA_E_IO);
	else if (!rc)
		rc = host_log_follow(d);
	if (rc && rc != UNCIA_E_BUSY && rc != UNCIA_E_MEMORY) {
		d->unusable = rc == UNCIA_E_PERMISSION ? rc : UNCIA_E_IO;
		host_note(d, d->file ? d->file : HOST_LOG_FILE, d->words, d->unusable);
		rc = 0;
	}
	if (held >= 0)
		host_release_lock(held);
	return rc;
}

/* Whoever else has it open keeps it: then it costs nothing here. */
static void leave_log(struct host_directory *d)
{
	int held;
	if (lock_directory(d, 0, &held))
		return;
	if (host_log_follow(d) == 0 && flock(d->log.fd, LOCK_EX | LOCK_NB) == 0 && host_log_copy(d) == 0)
		(void)remove_log(d);
	host_release_lock(held);
}

void host_store_close(struct host_directory *d)
{
	/* A child of fork has the parent's log, and nothing of it to say. */
	bool own = d->log.fd >= 0 && d->process == system_process() && !d->log.read_only;
	if (own && !d->failed && !d->unusable)
		leave_log(d);
	if (own && d->log.fd >= 0 && d->log.waiting)
		(void)!fdatasync(d->log.fd);
	host_log_close(d);
}
