/* The two threads that write to disk, one per environment, so that a flush of the state never delays a vote: the
 * journal thread commits what the turns of the loop hand over, the state thread applies flushes and watches the free
 * space. Any failed commit ends the process at once (after a failed fsync the next one lies). */
#ifndef STORAGE_THREAD_H
#define STORAGE_THREAD_H
#include <uv.h>
#include "store.h"

#define JOURNAL_BATCH_MAX       (1u << 30) /* bytes that may wait for one commit; past it the disk has stopped */
#define SPACE_CHECK_INTERVAL_MS 1000u

/* All are called on the loop thread, after the view has been renewed. */
struct storage_events {
	void (*durable)(void *context, uint64_t sequence);
	void (*flushed)(void *context, struct flush *flush);
	void (*space)(void *context, bool low);
	void *context;
};

struct storage;

/* reserve: free bytes below which space is low; it is enough again above 1.25 times that.
 * Returns 0, UNCIA_E_MEMORY or UNCIA_E_IO. Owns: storage_stop, run the loop, storage_free. The store outlives it. */
int storage_new(uv_loop_t *loop, struct store *store, uint64_t reserve, unsigned space_interval_ms,
                const struct storage_events *events, struct storage **storage);
/* Copies a record into the batch of this turn. sequence never falls. Returns 0, UNCIA_E_LIMIT, UNCIA_E_MEMORY.
 * Threads: loop, as all below. */
int storage_put(struct storage *storage, uint64_t sequence, enum journal_table table, struct bytes key,
                struct bytes value);
/* Own votes of views <= view go in that same commit. */
int storage_forget(struct storage *storage, uint64_t sequence, uint64_t view);
/* The end of a turn: hands the batch over unless a commit is under way; then it grows until that one is done. */
void storage_commit(struct storage *storage);
/* To the state; handed back with `flushed`. One at a time. */
void storage_flush(struct storage *storage, struct flush *flush);
/* Commits everything handed in so far, ends both threads. No event is called any more. The loop must then run until
 * it has closed the handle. */
void storage_stop(struct storage *storage);
/* The flush that was not handed back, or NULL; after storage_stop. */
struct flush *storage_leftover(struct storage *storage);
void storage_free(struct storage *storage);

#endif
