/* One LMDB environment: its files, its tables, its view and its commits. The journal and the state are two of these.
 * Private to the store; what is in the tables is records.h's.
 *
 * Threads: environment_renew, seal_check, and reads through the view are for one reading thread (the loop);
 * environment_begin, _commit and _abandon for one committing thread at a time; opening and closing for whoever has the
 * environment alone. LMDB lets the two work side by side.
 *
 * In these files `rc` is LMDB's or the system's code, `error` one of uncia_error. */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H
#include <lmdb.h>
#include <stdbool.h>
#include <sys/types.h>
#include "storage_view.h"

#define TABLES_MAX 8
#define WHY_SIZE   256

/* An LMDB database of its own. Table 0 of an environment is its meta table. */
struct table_form {
	const char *name;
	bool integer_key; /* u64 in the machine's order */
};

struct environment_form {
	const char *name; /* "journal", "state": also its directory */
	char letter;      /* for the checksum */
	unsigned table_count;
	struct table_form tables[TABLES_MAX];
};
extern const struct environment_form journal_form, state_form;

/* Tables of the state; those of the journal are enum journal_table. */
enum { TABLE_META, STATE_GROUP, STATE_ADDRESS, STATE_PAYMENT, STATE_ORPHAN };
#define META_IDENTITY "identity" /* both: format u32, network id, consensus key */
#define META_STATE    "state"    /* the state's: struct state_meta */
#define META_LOG      "log"      /* the journal's: what of its log has been copied into it */
#define FORMAT        4u

/* Belongs to the committing thread. Moves, by environment_move alone:
 *   CLOSED → IDLE → COMMITTING → IDLE, or BROKEN where the commit failed, from where no other one begins;
 *   IDLE, BROKEN → CLOSED. */
enum environment_state { ENVIRONMENT_CLOSED, ENVIRONMENT_IDLE, ENVIRONMENT_COMMITTING, ENVIRONMENT_BROKEN };

/* The last two read only: alone in the home; beside the process that has it, and has let us in (storage §8). */
enum environment_mode { ENVIRONMENT_CREATE, ENVIRONMENT_WRITE, ENVIRONMENT_READ, ENVIRONMENT_BESIDE };

struct environment {
	const struct environment_form *form;
	enum environment_mode mode;
	enum environment_state state;
	MDB_env *env;
	MDB_dbi tables[TABLES_MAX];
	MDB_txn *view;  /* the loop's read transaction */
	MDB_txn *probe; /* the loop's, reset: says which commit is the newest; NULL: none was needed yet */
	int seal;       /* descriptor, or -1 */
	void *map;      /* where the file is mapped; NULL: not known */
	size_t map_size;
	pid_t process;                /* that opened it: LMDB's locks and maps do not survive a fork */
	bool (*watch)(void *context); /* as store_watch; or NULL */
	void *watch_context;
};

/* Opens the environment in this directory: its length, its tables and its seal are checked, and what an earlier process
 * may have left unsynced is synced. map_size: 0 for the default; a positive one is for tests.
 * Returns 0; UNCIA_E_DAMAGED; UNCIA_E_FULL; UNCIA_E_MEMORY; UNCIA_E_IO. environment_close follows in every case. */
int environment_open(struct environment *e, const struct environment_form *form, const char *directory,
                     enum environment_mode mode, size_t map_size, char why[WHY_SIZE]);
/* Also of one whose opening failed, or that is closed; no commit may be under way. */
void environment_close(struct environment *e);
/* Begins the view, or moves it to the newest commit. What was read through it is no longer valid.
 * Returns 0; UNCIA_E_MEMORY; UNCIA_E_IO; UNCIA_E_DAMAGED; UNCIA_E_CLOSED where a commit could not write its header,
 * which says why where it is made. Threads: the reading one. */
int environment_renew(struct environment *e, char why[WHY_SIZE]);
/* Bytes of the file that have ever been used, and of the map that it has to fit into. Threads: any. */
void environment_use(const struct environment *e, uint64_t *used, uint64_t *size);
/* Bytes that can still be written before the map is nine tenths full. Threads: any. */
uint64_t environment_room(const struct environment *e);

/* Lets go of what readers in other processes, which have ended without a word, still hold of it. Threads: any. */
void environment_forget_readers(const struct environment *e);

/* Begins the one write transaction. Returns 0 and the transaction, which environment_commit or environment_abandon
 * ends; UNCIA_E_IO where an earlier commit failed; else as environment_commit. Threads: the committing one. */
int environment_begin(struct environment *e, MDB_txn **txn, char why[WHY_SIZE]);
/* Ends the transaction: commits and seals where `rc`, the code of the writing, is 0; aborts where it is not. Any
 * failure is final: after a failed fsync the next one reports success for data that is lost. Returns 0; UNCIA_E_FULL;
 * UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_IO. */
int environment_commit(struct environment *e, MDB_txn *txn, int rc, char why[WHY_SIZE]);
/* Ends the transaction without a trace; others may follow. */
void environment_abandon(struct environment *e, MDB_txn *txn);
/* Ends the transaction without a trace, as the last one: it met this error. Returns it. */
int environment_fail(struct environment *e, MDB_txn *txn, int error);

/* What of the map is resident (resident.c). Notes where it is, as far as the kernel says; once, at the opening. */
void environment_find_map(struct environment *e);
/* Gives back the pages that are mapped: they stay in the page cache, and are mapped again when they are read again.
 * Threads: any. */
void environment_release_pages(const struct environment *e);

/* Makes the newest commit that LMDB shows durable (seal.c): writes its header once more, as it is, and syncs. Syncing
 * alone would not do: after a sync that failed, in an earlier process, the kernel takes the page for clean. All other
 * pages of a commit are synced before LMDB writes its header. Returns 0 or the system's code. */
int header_renew(const struct environment *e);

/* The seal of an environment (seal.c). seal_open and seal_write return 0 or the system's code.
 * seal_open opens its file, and makes it in ENVIRONMENT_CREATE; environment_close closes it. */
int seal_open(struct environment *e, const char *directory);
/* Puts the commit's number into a transaction that is about to be committed. Returns LMDB's code. */
int seal_put_number(const struct environment *e, MDB_txn *txn);
/* Seals the commit of this number, which is the newest. Not synced. */
int seal_write(const struct environment *e, uint64_t number);
/* Whether what the view shows is what was committed last. *current: whether the seal is of that very commit; a crash
 * leaves an older one. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_IO. Threads: the reading one. */
int seal_check(const struct environment *e, bool *current, char why[WHY_SIZE]);

/* LMDB's or the system's code as one of ours; the sentence says what was being done. rc is not 0. */
int environment_error(const struct environment *e, int rc, const char *doing, char why[WHY_SIZE]);

#endif
