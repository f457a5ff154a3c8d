/* The three threads that write to disk, so that neither a flush of the state nor a checkpoint of the journal delays a
 * vote. The journal thread commits what the turns of the loop hand over; the checkpoint thread copies it from the log
 * into LMDB; the state thread applies flushes and watches the free space. Any failed commit ends the process at once:
 * after a failed fsync the next one reports success for data that is lost.
 *
 * Threads: every function is for the loop's, and every event is called on it. */
#ifndef STORAGE_THREAD_H
#define STORAGE_THREAD_H
#include <uv.h>
#include "histogram.h"
#include "store.h"

#define JOURNAL_BATCH_MAX       (1u << 30) /* bytes that may wait for one commit; past it the disk has stopped */
#define SPACE_CHECK_INTERVAL_MS 1000u

struct storage_events {
	/* All records up to this sequence number are durable, and the view shows them. */
	void (*durable)(void *context, uint64_t sequence);
	/* The flush is stored, the view shows it, and it is the receiver's again. */
	void (*flushed)(void *context, struct flush *flush);
	/* The free space has fallen below the reserve, or is enough again; at first it counts as enough. */
	void (*space)(void *context, bool low);
	/* What storage_pause has asked for holds. May be NULL where nobody asks. */
	void (*paused)(void *context);
	void *context;
};

/* What the threads have done since the start. */
struct storage_counters {
	struct histogram commits;     /* of the journal: each is one piece of its log, written and synced */
	uint64_t records, bytes;      /* in them: keys and values */
	struct histogram checkpoints; /* of the journal's log into LMDB */
	struct histogram flushes;     /* of the state */
	uint64_t free_bytes;          /* as last measured; UINT64_MAX: not yet */
};

struct storage;

/* Starts the threads. reserve: free bytes below which space is low; it is enough again above 1.25 times that.
 * Returns 0, UNCIA_E_MEMORY or UNCIA_E_IO. Owns: storage_stop, run the loop, storage_free. The store outlives it. */
int storage_new(uv_loop_t *loop, struct store *store, uint64_t reserve, unsigned space_interval_ms,
                const struct storage_events *events, struct storage **storage);
/* Copies a record into the batch of this turn. sequence never falls. Returns 0; UNCIA_E_LIMIT (a key that is too long,
 * or more than JOURNAL_BATCH_MAX that wait); UNCIA_E_MEMORY. */
int storage_put(struct storage *storage, uint64_t sequence, enum journal_table table, struct bytes key,
                struct bytes value);
/* Forgets own votes of views <= view in the commit of this batch. Returns 0 or UNCIA_E_MEMORY. */
int storage_forget(struct storage *storage, uint64_t sequence, uint64_t view);
/* The end of a turn: hands the batch over. While a commit is under way the batch grows instead, until a later call. */
void storage_commit(struct storage *storage);
/* Hands a flush to the state thread, whose it is until `flushed`. One at a time. */
void storage_flush(struct storage *storage, struct flush *flush);
/* Asks for a pause in which nothing is written but the journal's log: no checkpoint and no flush. `paused` is called
 * when those that were under way are done. It must be short, since they wait, and a commit makes a checkpoint itself
 * where the log is full. storage_resume follows, or storage_stop. */
void storage_pause(struct storage *storage);
/* Ends the pause, also one that is not told yet, which then never is. */
void storage_resume(struct storage *storage);
/* Copies them. It waits for no disk. */
void storage_counters(struct storage *storage, struct storage_counters *counters);
/* Commits everything handed in so far, and ends the threads. No event is called any more. Once; the loop must then run
 * until it has closed the handle. */
void storage_stop(struct storage *storage);
/* After storage_stop: the flush that was stored and not handed back with `flushed`, which is the caller's now, or NULL.
 */
struct flush *storage_leftover(struct storage *storage);
/* After storage_stop, storage_leftover and a run of the loop. Accepts NULL. */
void storage_free(struct storage *storage);

#endif
