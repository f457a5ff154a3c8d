/* A home's two LMDB environments, `journal` and `state`, behind the core's storage view (docs/spec/storage.md). The
 * journal has a log before it, to which commits are appended, and from which checkpoints copy them into LMDB.
 * The one user of LMDB.
 *
 * Threads: the view is for one reading thread (the loop); journal_commit for one thread at a time, state_apply for one
 * thread at a time, journal_checkpoint for any. These may run side by side. Everything else is for the reading thread,
 * unless it says so. A store is of no use to a forked child: its first renewal or commit there fails an assertion. */
#ifndef STORE_H
#define STORE_H
#include "storage_view.h"

struct store;

/* A record to put into a table of the journal. Of table 0, which is none: the VOTE records of views <= view are
 * forgotten, and key and value are NULL. */
struct journal_write {
	enum journal_table table;
	const void *key, *value;
	size_t key_size, value_size; /* 1 to JOURNAL_KEY_MAX; at most UINT32_MAX */
	uint64_t view;
};

/* Makes both environments new in HOME/data, holding the genesis flush, bound to the network id and the validator's
 * public key (zeros for an observer). HOME exists. They are made in HOME/data.new, synced and renamed: a crash leaves
 * nothing or all of it, and the next attempt removes what an unfinished one left. Threads: any.
 * Returns 0; UNCIA_E_EXISTS; UNCIA_E_BUSY; UNCIA_E_ARGUMENT (path too long); UNCIA_E_FULL, UNCIA_E_MEMORY,
 * UNCIA_E_IO (errno says why). */
int store_create(const char *home, const struct hash *network_id, const uint8_t consensus_key[32],
                 const struct flush *genesis);
/* The same without a state: a journal alone, for who keeps votes and no ledger (node/signer). store_open_journal opens
 * such a home, and of another home the journal; of its view the functions of the journal alone may be called, and it is
 * renewed by store_view_renew_journal alone. */
int store_create_journal(const char *home, const struct hash *network_id, const uint8_t consensus_key[32]);
int store_open_journal(const char *home, const struct hash *network_id, const uint8_t consensus_key[32],
                       struct store **store, char why[256]);
/* Takes the home's lock (one process per home, readers included) and opens both environments. why: a sentence on
 * failure (path, what to do). read_only: for status and check of a stopped home; no commit may follow. Owns:
 * store_close. Returns 0; UNCIA_E_BUSY (with the pid); UNCIA_E_NOT_FOUND; UNCIA_E_NETWORK (of another network or key);
 * UNCIA_E_NEWER, UNCIA_E_VERSION (of a newer or an older format: nothing was touched);
 * UNCIA_E_DAMAGED (truncated, bad header or checksum); UNCIA_E_FULL (no room to copy what the journal's log holds);
 * UNCIA_E_ARGUMENT; UNCIA_E_MEMORY; UNCIA_E_IO. */
int store_open(const char *home, const struct hash *network_id, const uint8_t consensus_key[32], bool read_only,
               struct store **store, char why[256]);
/* Opens a home for reading beside the process that has it, which has let us in: it makes neither checkpoints nor
 * flushes while this opens, and `newest` is its journal_newest of that time. What the view shows stays as it is; while
 * it is open LMDB uses no page again that is freed, so that the files grow with what the other process changes. Not
 * twice in one process, nor in the one that has it. Returns as store_open; UNCIA_E_DAMAGED also where the other process
 * did make a checkpoint, which it does where its log is full: then it is to be tried again. */
int store_open_beside(const char *home, const struct hash *network_id, const uint8_t consensus_key[32], uint64_t newest,
                      struct store **store, char why[256]);
/* Lets go of what readers beside this process, which have ended without a word, still hold. Threads: any. */
void store_forget_readers(struct store *store);
/* Whether a process holds the home's lock, itself included where it has it open. It asks for the lock for a moment, and
 * waits for nobody; a home whose lock cannot be looked at counts as held by nobody. Threads: any. */
bool store_is_held(const char *home);
/* Copies into LMDB what is in the log alone, and closes. Accepts NULL. No commit and no checkpoint may be under way in
 * any thread. */
void store_close(struct store *store);
/* Fills in the view, which is valid as long as the store. */
void store_view(struct store *store, struct storage_view *view);
/* Moves the view to the newest commits; what was read through it before is no longer valid. While it stands still, LMDB
 * uses no page again that was freed since: whoever commits renews it soon afterwards.
 * Returns 0; UNCIA_E_MEMORY; UNCIA_E_IO; UNCIA_E_DAMAGED, with store_damage; UNCIA_E_CLOSED behind a commit or
 * checkpoint that fails, whose caller is told why. */
int store_view_renew(struct store *store);
/* The same for the journal alone: the state is seen as before, whatever was applied to it meanwhile. */
int store_view_renew_journal(struct store *store);
/* A sentence on the view's last failure, naming the record that is damaged; empty where there was none. It lives in the
 * store, and the next failure writes over it. */
const char *store_damage(const struct store *store);

/* Carries out the writes (at least one), in order, as one synced commit: appends it to the journal's log. Any failure
 * is final: the caller must end the process; later commits are refused. Where the log is full it waits for a
 * checkpoint, or makes one. Threads: the journal's.
 * Returns 0; UNCIA_E_FULL (disk or map); UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_IO. */
int journal_commit(struct store *store, const struct journal_write *writes, size_t count, char why[256]);
/* The number of the newest commit in the log, which is durable. Threads: any. */
uint64_t journal_newest(struct store *store);
/* Whether there is a part of the log that a checkpoint may copy, since commits go on in the other part. Threads: any.
 */
bool journal_checkpoint_due(struct store *store);
/* Copies that part from the log into LMDB, in one synced transaction; with nothing due, nothing. Commits go on
 * meanwhile. Any failure is final. Returns and fails as journal_commit. Threads: any. */
int journal_checkpoint(struct store *store, char why[256]);
/* From how many bytes in the log on a checkpoint is due; 2 MiB otherwise. Threads: the journal's. */
void journal_set_log_limit(struct store *store, size_t bytes);
/* Prepares the flush (flush_prepare) and stores it with its meta in one synced transaction. The flush stays the
 * caller's. Threads: the state's. Returns and fails as journal_commit; but UNCIA_E_ARGUMENT, where the meta's height is
 * not above the stored one, does nothing and is not final. */
int state_apply(struct store *store, struct flush *flush, char why[256]);
/* Bytes that can still be written: free on the file system under the home, or left before one of the maps is nine
 * tenths full (the next start has larger ones), whichever is less; what waits in the journal's log counts as copied.
 * Threads: any. Returns 0 or UNCIA_E_IO. */
int store_space(struct store *store, uint64_t *free_bytes);

/* How much of the two LMDB maps is used, of how much, and what waits in the journal's log to be copied, in bytes. */
struct store_use {
	uint64_t journal_used, journal_size, state_used, state_size, log_waiting;
};
/* Threads: any. */
void store_measure(struct store *store, struct store_use *use);

/* From now on store_check_records asks now and then whether to go on; where that says no it ends with UNCIA_E_CLOSED.
 */
void store_watch(struct store *store, bool (*watch)(void *context), void *context);
/* For `unciad check`: walks every record of both environments as the view shows them, verifies its checksum, and that
 * none is missing from its table. Stops at the first fault. Those in the log alone were verified at the opening;
 * a record that both have is counted once. Returns 0 and their number; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_IO;
 * why: a sentence. */
int store_check_records(struct store *store, uint64_t *records, char why[256]);
/* For `unciad check`: whether both hold the same state, every record of it, as their views show it. why: the first that
 * differs. Returns 0; UNCIA_E_PROOF (they differ); UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_IO. */
int store_compare_state(struct store *store, struct store *other, char why[256]);

/* The format of homes that this program makes and opens. */
uint32_t store_format_known(void);
/* The format of a home, as its journal states it; 0: it cannot be told. Threads: any. */
uint32_t store_format(const char *home);
/* One step of a migration: what becomes of a home of format `from` in format from + 1. */
struct store_step {
	uint32_t from;
	/* What becomes of a record that keeps its key. environment: 'j' or 's'. *payload: the record's; what is put
	 * there instead lives until the next call. Returns 0; UNCIA_E_NOT_FOUND (it is left out); or an error, which
	 * ends the migration. NULL: all stay as they are. */
	int (*record)(char environment, unsigned table, struct bytes key, struct bytes *payload);
};
/* The steps that lead from older formats to the present one, ascending, without a gap; none before format 4. */
const struct store_step *store_steps(size_t *count);
/* Opens a home of an older format, from which the steps lead, for reading only: for a copy with them. Returns as
 * store_open. */
int store_open_older(const char *home, const struct hash *network_id, const uint8_t consensus_key[32], uint32_t format,
                     struct store **store, char why[256]);

/* What of a copy is told, and how it is ended early. */
struct store_copying {
	const char *home; /* in which data.new is made, and renamed to data; it may be the store's own */
	/* The copy takes the place of the data that is there, in one step. Otherwise there must be none. */
	bool replace;
	/* Called now and then, with bytes that were copied, of about so many. false: the copy is given up. May be NULL.
	 */
	bool (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
	/* What the records go through, in their order; none: they are copied as they are. The copy is of the last one's
	 * format. */
	const struct store_step *steps;
	size_t step_count;
};
/* Makes a copy of the store, which is open for reading only: what its view shows, each record verified as it is read,
 * into new environments without a hole, with an empty log; reads it all once more, syncs it, and gives it its name. A
 * crash leaves nothing of that name, or, with `replace`, the one that was there. What was replaced is removed. Threads:
 * the reading one. Returns 0; UNCIA_E_EXISTS; UNCIA_E_CLOSED (given up); UNCIA_E_FULL; UNCIA_E_DAMAGED (of the store,
 * or of the copy); UNCIA_E_SYSTEM (the file system cannot exchange two directories); UNCIA_E_ARGUMENT; UNCIA_E_MEMORY;
 * UNCIA_E_IO; why: a sentence. Nothing is left of a copy that failed. */
int store_copy(struct store *store, const struct store_copying *copying, char why[256]);
/* Removes what a copy that was cut short has left of data.new in this directory. Returns 0; UNCIA_E_IO, with errno;
 * UNCIA_E_ARGUMENT. Threads: any. */
int store_copy_clean(const char *home);
/* Takes the lock of a directory in which a home is made, as that of a home: until *lock is closed. Returns 0;
 * UNCIA_E_BUSY; UNCIA_E_ARGUMENT; UNCIA_E_IO; why: a sentence. Threads: any. */
int store_lock(const char *home, int *lock, char why[256]);
/* Bytes of the two files of a home in which LMDB is; 0 where there are none. Threads: any. */
uint64_t store_size(const char *home);
/* About so many bytes a copy of it takes. */
uint64_t store_copy_size(struct store *store);

#endif
