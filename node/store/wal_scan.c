/* The log as a process finds it: every piece in both files, what of them LMDB lacks, and whether any is missing. A torn
 * piece at the end is a crash in the middle of an append, on which nothing rests; a gap, or an end before what LMDB or
 * the seal knows of, is damage (docs/spec/storage.md §4). */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "big_endian.h"
#include "uncia/error.h"
#include "wal_files.h"

/* What a walk over the files comes across. */
struct wal_found {
	const struct wal_mark *mark;
	uint64_t until;            /* the last piece that is looked at */
	uint64_t newest, checksum; /* of the piece with the highest sequence number; 0: none */
	struct wal_place place;
	struct wal_piece *first[2], *last[2]; /* by file: those that LMDB lacks */
};

static int scan_damaged(const struct wal *wal, char why[WHY_SIZE], const char *what, uint64_t sequence)
{
	snprintf(why, WHY_SIZE, "%s: its log is damaged: %s %llu", wal->environment->form->name, what,
	         (unsigned long long)sequence);
	return UNCIA_E_DAMAGED;
}

/* Reads all of it, or up to the file's end. The kernel gives what comes before a sector that it cannot read, and tells
 * of that one where the reading goes on. Returns 0 or the system's code. */
static int read_at(int fd, uint8_t *bytes, size_t size, size_t at, bool *all)
{
	ssize_t n = 1;
	*all = false;
	for (size_t got = 0; got < size && n > 0; got += (size_t)n) {
		n = pread(fd, bytes + got, size - got, (off_t)(at + got));
		if (n < 0)
			return errno;
	}
	*all = n > 0;
	return 0;
}

/* What lies here as the header of a piece. *begins: whether it names this log, and what it claims lies in the file.
 * Returns 0 or the system's code. */
static int read_header(const struct wal *wal, unsigned file, size_t at, struct piece_header *header, bool *begins)
{
	uint8_t bytes[PIECE_HEADER];
	size_t room = wal->files[file].size - at;
	bool all = false;
	int rc = read_at(wal->files[file].fd, bytes, sizeof(bytes), at, &all);
	if (rc)
		return rc;
	*begins = all && piece_header_read(bytes, wal->id, header) && header->sequence && header->values <= room &&
	          piece_size(header) <= room && header->count <= header->heads / PIECE_HEAD;
	return 0;
}

/* *piece: the whole piece that begins here, or NULL. A sector that the disk does not give is an error: to take it for a
 * torn end would be to forget what it held. Returns 0; UNCIA_E_MEMORY; UNCIA_E_IO. */
static int piece_read_at(const struct wal *wal, unsigned file, size_t at, struct wal_piece **piece, char why[WHY_SIZE])
{
	struct piece_header header;
	bool begins = false;
	int rc = read_header(wal, file, at, &header, &begins);
	*piece = NULL;
	if (rc || !begins)
		return rc ? environment_error(wal->environment, rc, "reading its log", why) : 0;
	struct wal_piece *found = wal_piece_new(&header);
	if (!found)
		return environment_error(wal->environment, ENOMEM, "reading its log", why);
	bool all = false;
	rc = read_at(wal->files[file].fd, found->bytes, (size_t)piece_size(&header), at, &all);
	if (!rc && all && piece_is_whole(&header, found->bytes))
		*piece = found;
	else
		wal_piece_free(found);
	return rc ? environment_error(wal->environment, rc, "reading its log", why) : 0;
}

/* Takes a piece: LMDB lacks it, or it is let go. Those of one file ascend. */
static int take_piece(const struct wal *wal, struct wal_found *found, unsigned file, struct wal_piece *piece,
                      char why[WHY_SIZE])
{
	const struct piece_header header = piece->header;
	const struct wal_mark *mark = found->mark;
	if (header.sequence <= mark->sequence) {
		wal_piece_free(piece);
		return header.sequence == mark->sequence && header.checksum != mark->checksum
		           ? scan_damaged(wal, why, "it has another commit", header.sequence)
		           : 0;
	}
	bool follows = !found->last[file] || found->last[file]->header.sequence + 1 == header.sequence;
	if (found->last[file])
		found->last[file]->next = piece;
	else
		found->first[file] = piece;
	found->last[file] = piece;
	return follows ? 0 : scan_damaged(wal, why, "later commits are there without the one before", header.sequence);
}

static int scan_file(const struct wal *wal, struct wal_found *found, unsigned file, char why[WHY_SIZE])
{
	struct wal_piece *piece;
	for (size_t at = 0; at + PIECE_PAGE <= wal->files[file].size;) {
		int error = piece_read_at(wal, file, at, &piece, why);
		if (error)
			return error;
		if (!piece) {
			at += PIECE_PAGE;
			continue;
		}
		if (piece->header.sequence > found->until) { /* appended since we were let in */
			at += (size_t)piece_size(&piece->header);
			wal_piece_free(piece);
			continue;
		}
		if (piece->header.sequence > found->newest) {
			found->newest = piece->header.sequence;
			found->checksum = piece->header.checksum;
			found->place = (struct wal_place){file, at};
		}
		at += (size_t)piece_size(&piece->header);
		error = take_piece(wal, found, file, piece, why);
		if (error)
			return error;
	}
	return 0;
}

/* The pieces of both files, one after the other from the mark on, become those of the log. */
static int take_all(struct wal *wal, struct wal_found *found, char why[WHY_SIZE])
{
	bool second_first =
	    found->first[0] && found->first[1] && found->first[1]->header.sequence < found->first[0]->header.sequence;
	uint64_t sequence = found->mark->sequence, checksum = found->mark->checksum;
	for (unsigned i = 0; i < 2; i++) {
		unsigned file = i ^ second_first;
		while (found->first[file]) {
			struct wal_piece *piece = found->first[file];
			if (piece->header.sequence != sequence + 1 || piece->header.previous != checksum)
				return scan_damaged(wal, why, "later commits are there without", sequence + 1);
			sequence = piece->header.sequence;
			checksum = piece->header.checksum;
			found->first[file] = piece->next;
			piece->next = NULL;
			wal_add(wal, piece);
		}
	}
	if (found->newest < found->mark->sequence)
		return scan_damaged(wal, why, "it lacks commit", found->mark->sequence);
	assert(sequence == found->newest);
	wal->sequence = sequence;
	wal->checksum = checksum;
	return 0;
}

/* The seal follows each sync. It may be older, and never newer. */
static int check_seal(const struct wal *wal, const struct wal_mark *mark, char why[WHY_SIZE])
{
	uint8_t seal[WAL_SEAL_SIZE], expected[WAL_SEAL_SIZE];
	ssize_t n = pread(wal->seal, seal, sizeof(seal), 0);
	if (n < 0)
		return environment_error(wal->environment, errno, "reading its log's seal", why);
	uint64_t sequence = be64_get(seal), checksum = be64_get(seal + 8);
	wal_seal_make(sequence, checksum, expected);
	if (n != sizeof(seal) || memcmp(seal, expected, sizeof(seal))) {
		snprintf(why, WHY_SIZE, "%s: its log's seal is damaged", wal->environment->form->name);
		return UNCIA_E_DAMAGED;
	}
	if (sequence > wal->sequence)
		return scan_damaged(wal, why, "it lacks commit", sequence);
	bool same = sequence != mark->sequence || checksum == mark->checksum;
	for (const struct wal_piece *p = wal->first; p && same; p = p->next)
		same = p->header.sequence != sequence || p->header.checksum == checksum;
	return same ? 0 : scan_damaged(wal, why, "it has another commit", sequence);
}

static int open_files(struct wal *wal, const char *directory, char why[WHY_SIZE])
{
	static const char *const names[] = {WAL_NAME_0, WAL_NAME_1, WAL_NAME_SEAL};
	int flags = wal->read_only ? O_RDONLY : O_RDWR;
	struct stat st;
	for (size_t i = 0; i < 3; i++) {
		int *fd = i < 2 ? &wal->files[i].fd : &wal->seal;
		int rc = wal_file_open(directory, names[i], flags, fd);
		if (rc == ENOENT) {
			snprintf(why, WHY_SIZE, "%s: %s is missing", wal->environment->form->name, names[i]);
			return UNCIA_E_DAMAGED;
		}
		if (!rc && fstat(*fd, &st))
			rc = errno;
		if (rc)
			return environment_error(wal->environment, rc, "opening its log", why);
		if (i < 2)
			wal->files[i].size = (size_t)st.st_size;
	}
	return 0;
}

int wal_open(struct wal *wal, const struct environment *environment, const char *directory, const struct wal_mark *mark,
             uint64_t until, char why[WHY_SIZE])
{
	struct wal_found found = {.mark = mark, .until = until ? until : UINT64_MAX};
	*wal = (struct wal){
	    .environment = environment,
	    .read_only = environment->mode >= ENVIRONMENT_READ,
	    .seal = -1,
	    .limit = WAL_LIMIT_DEFAULT,
	    .files = {{-1, 0}, {-1, 0}},
	    .copied = mark->sequence,
	    .complete = mark->sequence,
	};
	pthread_mutex_init(&wal->mutex, NULL); /* which never fails on Linux */
	memcpy(wal->id, mark->id, WAL_ID_SIZE);
	int error = open_files(wal, directory, why);
	for (unsigned file = 0; file < 2 && !error; file++)
		error = scan_file(wal, &found, file, why);
	if (!error)
		error = take_all(wal, &found, why);
	for (size_t i = 0; i < 2; i++) {
		while (found.first[i]) { /* after an error */
			struct wal_piece *next = found.first[i]->next;
			wal_piece_free(found.first[i]);
			found.first[i] = next;
		}
	}
	/* The seal goes on with each commit: beside who makes them, we were told instead how far it had got. */
	if (!error && !until)
		error = check_seal(wal, mark, why);
	else if (!error && wal->sequence < until)
		error = scan_damaged(wal, why, "it lacks commit", until);
	if (error)
		return error;
	/* storage §4: commits go on in the other file, which holds nothing that counts once all of this is copied. */
	wal->active = !found.place.file;
	int rc = wal->read_only ? 0 : wal_renew_newest(wal, wal->last, &found.place);
	if (rc)
		return environment_error(environment, rc, "syncing what was found", why);
	wal->state = WAL_OPEN; /* not before: what the disk may lack is not copied either, as it closes */
	return 0;
}
