/* A store in memory: the journal and the state behind the core's storage view, as sorted arrays. For unit tests, the
 * network in one process, and the simulator. What survives a crash is decided by whoever calls it: nothing
 * is written here but by memory_store_apply, memory_store_put and memory_store_forget, and each takes
 * effect at once. */
#ifndef MEMORY_STORE_H
#define MEMORY_STORE_H
#include "storage_view.h"

struct memory_store;

/* NULL where memory ends. */
struct memory_store *memory_store_new(void);
void memory_store_free(struct memory_store *store);
/* A copy of all it holds now: what a backup would be. NULL where memory ends. */
struct memory_store *memory_store_copy(const struct memory_store *store);
void memory_store_view(struct memory_store *store, struct storage_view *view);

/* Prepares a flush and carries it out. Returns 0; UNCIA_E_MEMORY; UNCIA_E_ARGUMENT: not sorted, or not above the stored
 * height. */
int memory_store_apply(struct memory_store *store, struct flush *flush);
/* Before the flush of a genesis is applied: the counters of its accounts begin at `payments`. */
void genesis_flush_age(struct flush *genesis, uint32_t payments);
/* Writes a journal record, over one of the same key. Returns 0 or UNCIA_E_MEMORY. */
int memory_store_put(struct memory_store *store, enum journal_table table, const void *key, size_t key_size,
                     const void *value, size_t value_size);
/* Deletes the VOTE records of views <= view. */
void memory_store_forget(struct memory_store *store, uint64_t view);
size_t memory_store_records(const struct memory_store *store, enum journal_table table);

/* Deletes the FINAL records of heights >= height: an older journal under this state. */
void memory_store_age(struct memory_store *store, uint64_t height);

/* One record, journal or state, drawn by a number: reading it gives UNCIA_E_DAMAGED until it is written anew or mended.
 */
void memory_store_damage(struct memory_store *store, uint64_t which);
void memory_store_mend(struct memory_store *store);
/* Whether what is damaged or fails does so now: not while a test itself reads. It does from the beginning. */
void memory_store_hold(struct memory_store *store, bool hold);
/* How many reads have failed so far. */
uint64_t memory_store_failed(const struct memory_store *store);
/* From the n-th read on (1: the next), every read returns `error`; 0 and 0: none do. */
void memory_store_fail(struct memory_store *store, uint64_t nth, int error);

#endif
