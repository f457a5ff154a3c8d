/* The journal's log: two files to which commits are appended as pieces (piece.h), each durable with one sync. When one
 * file is full enough commits go on in the other, and what the first one holds is copied into LMDB by a checkpoint,
 * which LMDB's `log` record marks; then it is written over (docs/spec/storage.md §4). What no checkpoint has copied is
 * in memory as well, for the reader's index (recent.h) and for the checkpoint.
 *
 * Threads: wal_append, wal_turn and wal_finish are for the committing thread; wal_pending and wal_copied for one
 * checkpoint at a time; wal_piece_after and wal_drop_first for the reading thread; wal_waiting for any. These may run
 * side by side. Opening and closing are for whoever has the log alone. */
#ifndef WAL_H
#define WAL_H
#include <pthread.h>
#include "environment.h"
#include "piece.h"
#include "recent.h"

#define WAL_LIMIT_DEFAULT ((size_t)2 << 20) /* bytes of a file from which on commits go to the other one */
#define WAL_FULL          4                 /* times the limit: a commit first waits for a checkpoint */

/* What LMDB says of the log: the last piece that a checkpoint has copied. */
struct wal_mark {
	uint8_t id[WAL_ID_SIZE]; /* random, made with the home: nobody can write text that looks like a piece of it */
	uint64_t sequence, checksum;
};

/* A piece in memory. Its maker fills it in; from its appending on nothing but `next` changes. */
struct wal_piece {
	struct wal_piece *next; /* the one after it; under the log's mutex */
	struct piece_header header;
	uint8_t *bytes;
	struct recent_record *records; /* header.count of them: the reading thread's */
};

/* The committing thread's. CLOSED → OPEN → BROKEN where an append failed, from where no other one begins; → CLOSED. */
enum wal_state { WAL_CLOSED, WAL_OPEN, WAL_BROKEN };

struct wal {
	const struct environment *environment; /* in whose directory it is; its name is in errors */
	bool read_only;
	uint8_t id[WAL_ID_SIZE];
	int seal;
	/* The committing thread's. */
	enum wal_state state;
	size_t limit;
	struct {
		int fd; /* or -1 */
		size_t size;
	} files[2];
	unsigned active; /* to which commits are appended, `at` this place */
	size_t at;
	uint64_t sequence, checksum; /* of the newest piece */
	/* Under the mutex. */
	pthread_mutex_t mutex;
	struct wal_piece *first, *last; /* pieces that have not been dropped, ascending */
	uint64_t copied;                /* the last sequence number that a checkpoint has copied */
	uint64_t complete;              /* the last one that the next checkpoint is to copy */
	uint64_t released;              /* the last one that no checkpoint reads any more */
	size_t waiting;                 /* bytes of pieces that no checkpoint has copied */
};

/* Makes the files in the directory, with a first piece that holds nothing, and syncs them. The mark's id is given, the
 * rest is set. The directory's names are not synced. Returns the system's code. */
int wal_create(const char *directory, struct wal_mark *mark);
/* Opens the files and finds every piece that LMDB lacks; they must follow one another from the mark on. Behind the
 * newest there may be one that was torn, by a crash before its sync had returned. Unless it is read only, the newest is
 * written and synced once more, since it may be no further than the page cache. until: 0, or beside the process that
 * appends to it the last piece that is looked at, which is there.
 * Returns 0; UNCIA_E_DAMAGED (a sentence); UNCIA_E_MEMORY; UNCIA_E_FULL; UNCIA_E_IO. wal_close follows in every case.
 */
int wal_open(struct wal *wal, const struct environment *environment, const char *directory, const struct wal_mark *mark,
             uint64_t until, char why[WHY_SIZE]);
/* Also of one whose opening failed, or that was never opened (all zeros). */
void wal_close(struct wal *wal);

/* Appends one piece and syncs it. Any failure is final. Returns 0; UNCIA_E_FULL; UNCIA_E_MEMORY; UNCIA_E_IO. */
int wal_append(struct wal *wal, const struct journal_write *writes, size_t count, char why[WHY_SIZE]);
/* Lets commits go on in the other file if this one holds enough and the other one is free; what this one holds is then
 * due to be copied. Returns whether the next commit may be appended: not where this file is full, before a checkpoint.
 */
bool wal_turn(struct wal *wal);
/* Makes everything due to be copied, however little it is. */
void wal_finish(struct wal *wal);
/* What is due to be copied, which is something: its first piece, and the last piece's mark. Not behind a copying that
 * failed, whose pieces may have been dropped. */
const struct wal_piece *wal_pending(struct wal *wal, struct wal_mark *last);
/* Of the pieces up to this sequence number nothing is read by a checkpoint after this: called before the transaction
 * with them is committed, since the reading thread frees them as soon as it sees that. */
void wal_release(struct wal *wal, uint64_t sequence);
/* LMDB durably holds everything up to this sequence number: pieces of so many bytes in the log. */
void wal_copied(struct wal *wal, uint64_t sequence, size_t bytes);
/* Whether a checkpoint has anything to copy. Threads: any. */
bool wal_is_due(struct wal *wal);
/* The sequence number of the newest piece, which is durable. Threads: any. */
uint64_t wal_newest(struct wal *wal);
/* Bytes that no checkpoint has copied. Threads: any. */
size_t wal_waiting(struct wal *wal);
/* The piece behind this one (NULL: the first that is there), or NULL. */
struct wal_piece *wal_piece_after(struct wal *wal, const struct wal_piece *piece);
/* Frees the first piece, which the reading thread sees in LMDB. */
void wal_drop_first(struct wal *wal);

#endif
