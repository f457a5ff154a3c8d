/* The two files of the journal's log: appending, taking turns, and the pieces that are in memory. See wal.h; what is
 * found at the opening is wal_scan.c's. */
#include "wal.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "big_endian.h"
#include "hash.h"
#include "uncia/error.h"
#include "wal_files.h"

#define WAL_FIRST  ((size_t)64 << 10) /* bytes of a new file */
#define WAL_GROWTH ((size_t)1 << 20)  /* a file doubles, or grows by so much */
#define WAL_PATH   4300

static const uint8_t wal_seal_key[16] = "uncia.tail.v1";

int wal_file_open(const char *directory, const char *name, int flags, int *fd)
{
	char path[WAL_PATH];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	*fd = open(path, flags | O_CLOEXEC, 0600);
	return *fd < 0 ? errno : 0;
}

/* Returns the system's code. A short write is a failure; why it was short is what the rest of it meets (a full disk),
 * or EIO. */
static int write_at(int fd, const void *bytes, size_t size, size_t at)
{
	ssize_t n = pwrite(fd, bytes, size, (off_t)at);
	if (n == (ssize_t)size)
		return 0;
	if (n > 0)
		n = pwrite(fd, (const uint8_t *)bytes + n, size - (size_t)n, (off_t)at + n);
	return n < 0 ? errno : EIO;
}

/* Written zeros, not a hole or a reservation: a commit that writes over them changes nothing of the file but its data,
 * so that its sync is one flush, without one of the file system's own journal. */
static int write_zeros(int fd, size_t from, size_t to)
{
	static const uint8_t zeros[1u << 16];
	int rc = 0;
	while (!rc && from < to) {
		size_t part = to - from < sizeof(zeros) ? to - from : sizeof(zeros);
		rc = write_at(fd, zeros, part, from);
		from += part;
	}
	return rc;
}

void wal_seal_make(uint64_t sequence, uint64_t checksum, uint8_t seal[WAL_SEAL_SIZE])
{
	be64_put(seal, sequence);
	be64_put(seal + 8, checksum);
	be64_put(seal + 16, siphash(wal_seal_key, seal, 16));
}

static int write_seal(int fd, uint64_t sequence, uint64_t checksum)
{
	uint8_t seal[WAL_SEAL_SIZE];
	wal_seal_make(sequence, checksum, seal);
	return write_at(fd, seal, sizeof(seal), 0);
}

/* Makes one of the files: `bytes` and zeros behind them, or the seal alone. Returns the system's code. */
static int make_file(const char *directory, const char *name, const uint8_t *bytes, size_t size, size_t end)
{
	int fd, rc = wal_file_open(directory, name, O_RDWR | O_CREAT | O_EXCL, &fd);
	if (rc)
		return rc;
	if (size)
		rc = write_at(fd, bytes, size, 0);
	if (!rc)
		rc = write_zeros(fd, size, end);
	if (!rc && fsync(fd))
		rc = errno;
	close(fd);
	return rc;
}

int wal_create(const char *directory, struct wal_mark *mark)
{
	uint8_t piece[PIECE_PAGE], seal[WAL_SEAL_SIZE];
	struct piece_header header = {.sequence = 1};
	memcpy(header.log_id, mark->id, WAL_ID_SIZE);
	piece_measure(NULL, 0, &header);
	assert(piece_size(&header) == sizeof(piece));
	piece_encode(&header, NULL, piece);
	mark->sequence = header.sequence;
	mark->checksum = header.checksum;
	wal_seal_make(mark->sequence, mark->checksum, seal);
	int rc = make_file(directory, WAL_NAME_0, piece, sizeof(piece), WAL_FIRST);
	if (!rc)
		rc = make_file(directory, WAL_NAME_1, NULL, 0, WAL_FIRST);
	return rc ? rc : make_file(directory, WAL_NAME_SEAL, seal, sizeof(seal), sizeof(seal));
}

/* ---- pieces in memory ---------------------------------------------------------------------- */

struct wal_piece *wal_piece_new(const struct piece_header *header)
{
	struct wal_piece *piece = calloc(1, sizeof(*piece));
	if (!piece)
		return NULL;
	piece->header = *header;
	piece->bytes = malloc((size_t)piece_size(header));
	piece->records = calloc(header->count ? header->count : 1, sizeof(*piece->records));
	if (piece->bytes && piece->records)
		return piece;
	wal_piece_free(piece);
	return NULL;
}

void wal_piece_free(struct wal_piece *piece)
{
	free(piece->bytes);
	free(piece->records);
	free(piece);
}

void wal_add(struct wal *wal, struct wal_piece *piece)
{
	pthread_mutex_lock(&wal->mutex);
	assert(!wal->last || wal->last->header.sequence + 1 == piece->header.sequence);
	if (wal->last)
		wal->last->next = piece;
	else
		wal->first = piece;
	wal->last = piece;
	wal->waiting += (size_t)piece_size(&piece->header);
	pthread_mutex_unlock(&wal->mutex);
}

struct wal_piece *wal_piece_after(struct wal *wal, const struct wal_piece *piece)
{
	pthread_mutex_lock(&wal->mutex);
	struct wal_piece *next = piece ? piece->next : wal->first;
	pthread_mutex_unlock(&wal->mutex);
	return next;
}

void wal_drop_first(struct wal *wal)
{
	pthread_mutex_lock(&wal->mutex);
	struct wal_piece *first = wal->first;
	/* The view may show it before it is noted as copied, but not before it is released. */
	assert(first && (first->header.sequence <= wal->released || wal->read_only));
	wal->first = first->next;
	if (!wal->first)
		wal->last = NULL;
	pthread_mutex_unlock(&wal->mutex);
	wal_piece_free(first);
}

/* ---- checkpoints --------------------------------------------------------------------------- */

bool wal_is_due(struct wal *wal)
{
	pthread_mutex_lock(&wal->mutex);
	bool due = wal->complete > wal->copied;
	pthread_mutex_unlock(&wal->mutex);
	return due;
}

uint64_t wal_newest(struct wal *wal)
{
	pthread_mutex_lock(&wal->mutex);
	uint64_t newest = wal->last ? wal->last->header.sequence : wal->copied;
	pthread_mutex_unlock(&wal->mutex);
	return newest;
}

size_t wal_waiting(struct wal *wal)
{
	pthread_mutex_lock(&wal->mutex);
	size_t waiting = wal->waiting;
	pthread_mutex_unlock(&wal->mutex);
	return waiting;
}

const struct wal_piece *wal_pending(struct wal *wal, struct wal_mark *last)
{
	const struct wal_piece *first = NULL;
	memcpy(last->id, wal->id, WAL_ID_SIZE);
	pthread_mutex_lock(&wal->mutex);
	for (const struct wal_piece *p = wal->first; p && p->header.sequence <= wal->complete; p = p->next) {
		if (!first && p->header.sequence > wal->copied)
			first = p;
		last->sequence = p->header.sequence;
		last->checksum = p->header.checksum;
	}
	assert(first && last->sequence == wal->complete);
	pthread_mutex_unlock(&wal->mutex);
	return first;
}

void wal_release(struct wal *wal, uint64_t sequence)
{
	pthread_mutex_lock(&wal->mutex);
	assert(sequence <= wal->complete);
	wal->released = sequence;
	pthread_mutex_unlock(&wal->mutex);
}

void wal_copied(struct wal *wal, uint64_t sequence, size_t bytes)
{
	pthread_mutex_lock(&wal->mutex);
	assert(sequence > wal->copied && sequence <= wal->complete && bytes <= wal->waiting);
	wal->copied = sequence;
	wal->waiting -= bytes;
	pthread_mutex_unlock(&wal->mutex);
}

/* ---- appending ----------------------------------------------------------------------------- */

/* A file that a slow checkpoint let grow gets its usual size again, now that nothing in it counts. Where that fails it
 * stays long, and nothing else comes of it. */
static void shorten(struct wal *wal, unsigned file)
{
	size_t usual = wal->limit > WAL_FIRST ? wal->limit : WAL_FIRST;
	if (wal->files[file].size > 2 * usual && !ftruncate(wal->files[file].fd, (off_t)usual))
		wal->files[file].size = usual;
}

bool wal_turn(struct wal *wal)
{
	assert(wal->state != WAL_CLOSED && !wal->read_only);
	if (wal->at < wal->limit)
		return true;
	if (wal_is_due(wal))
		return wal->at < WAL_FULL * wal->limit;
	pthread_mutex_lock(&wal->mutex);
	wal->complete = wal->sequence;
	pthread_mutex_unlock(&wal->mutex);
	wal->active = !wal->active;
	wal->at = 0;
	shorten(wal, wal->active);
	return true;
}

void wal_finish(struct wal *wal)
{
	pthread_mutex_lock(&wal->mutex);
	wal->complete = wal->sequence;
	pthread_mutex_unlock(&wal->mutex);
}

/* Writes a piece at `at` of the active file, lengthens that by zeros where it is too short, and syncs it. Returns the
 * system's code. */
static int append_bytes(struct wal *wal, const uint8_t *bytes, size_t size)
{
	size_t end = wal->at + size, length = wal->files[wal->active].size;
	int fd = wal->files[wal->active].fd, rc = 0;
	assert(!(wal->at % PIECE_PAGE) && !(size % PIECE_PAGE));
	if (end > length) {
		size_t longer = length + (length < WAL_GROWTH ? length : WAL_GROWTH);
		longer = end > longer ? end : longer;
		rc = write_zeros(fd, end, longer);
		wal->files[wal->active].size = longer;
	}
	if (!rc)
		rc = write_at(fd, bytes, size, wal->at);
	if (!rc && fdatasync(fd))
		rc = errno;
	return rc;
}

int wal_append(struct wal *wal, const struct journal_write *writes, size_t count, char why[WHY_SIZE])
{
	struct piece_header header = {.sequence = wal->sequence + 1, .previous = wal->checksum};
	assert(wal->state == WAL_OPEN && !wal->read_only && count > 0);
	wal->state = WAL_BROKEN; /* until this one is through */
	memcpy(header.log_id, wal->id, WAL_ID_SIZE);
	piece_measure(writes, count, &header);
	struct wal_piece *piece = wal_piece_new(&header);
	if (!piece)
		return environment_error(wal->environment, ENOMEM, "committing", why);
	piece_encode(&piece->header, writes, piece->bytes);
	size_t size = (size_t)piece_size(&header);
	int rc = append_bytes(wal, piece->bytes, size);
	if (!rc)
		rc = write_seal(wal->seal, piece->header.sequence, piece->header.checksum);
	if (rc) {
		wal_piece_free(piece);
		return environment_error(wal->environment, rc, "committing", why);
	}
	wal->at += size;
	wal->sequence = piece->header.sequence;
	wal->checksum = piece->header.checksum;
	wal_add(wal, piece);
	wal->state = WAL_OPEN;
	return 0;
}

int wal_renew_newest(struct wal *wal, const struct wal_piece *newest, const struct wal_place *place)
{
	int fd = wal->files[place->file].fd, rc = 0;
	if (newest)
		rc = write_at(fd, newest->bytes, (size_t)piece_size(&newest->header), place->at);
	if (!rc && fdatasync(fd))
		rc = errno;
	return rc ? rc : write_seal(wal->seal, wal->sequence, wal->checksum);
}

void wal_close(struct wal *wal)
{
	if (!wal->environment)
		return;
	while (wal->first) {
		struct wal_piece *next = wal->first->next;
		wal_piece_free(wal->first);
		wal->first = next;
	}
	for (size_t i = 0; i < 2; i++) {
		if (wal->files[i].fd >= 0)
			close(wal->files[i].fd);
	}
	if (wal->seal >= 0)
		close(wal->seal);
	pthread_mutex_destroy(&wal->mutex);
	*wal = (struct wal){.environment = NULL};
}
