/* Shared by the store's files. Threads: whoever has the home alone, unless something else is said. */
#ifndef STORE_PRIVATE_H
#define STORE_PRIVATE_H
#include "environment.h"
#include "store.h"
#include "wal.h"

#define IDENTITY_SIZE (4 + HASH_SIZE + 32)

struct store {
	int lock; /* descriptor of HOME/lock, or -1 */
	bool read_only;
	uint64_t beside; /* read beside the process that has the home: the newest commit that is looked at; else 0 */
	struct environment journal, state;
	struct wal wal;             /* the journal's log */
	pthread_mutex_t checkpoint; /* held by the one who copies from the log into LMDB */
	size_t copied_bytes;        /* since pages were last released; under that */
	struct recent recent;       /* the reading thread's, as are these: */
	size_t copied_by;           /* the transaction of LMDB that the journal's view shows, */
	uint64_t copied;            /* and the newest commit that it holds */
	char home[4096];
	char damage[WHY_SIZE]; /* why the view last failed: the reading thread's */
};

/* Which home is opened, for whom. */
struct store_options {
	const char *home;
	const struct hash *network_id;
	const uint8_t *consensus_key; /* 32 bytes */
	bool read_only;
	bool journal_alone;
	size_t map_size; /* of both maps; 0: the default. So that a test can fill one */
	uint64_t beside; /* as in struct store; read_only then */
	uint32_t format; /* of the home; 0: FORMAT */
};

/* As store_open. */
int store_open_options(const struct store_options *options, struct store **store, char why[WHY_SIZE]);

#define PATH_SIZE 4200 /* of a path below a home, with its NUL */
/* "HOME/rest" into path. Returns 0 or UNCIA_E_ARGUMENT (too long). */
int home_path(const char *home, const char *rest, char path[PATH_SIZE]);
/* Takes HOME/lock and writes our process id into it. Owns: *lock, a descriptor; closing it gives the lock back.
 * Returns 0; UNCIA_E_BUSY; UNCIA_E_ARGUMENT; UNCIA_E_IO. */
int home_lock(const char *home, int *lock, char why[WHY_SIZE]);
/* Removes what an unfinished creation or copy left: the files that one has, by name, and data.new. Nothing else is
 * removed. Returns 0; UNCIA_E_IO (it holds something else); UNCIA_E_ARGUMENT. */
int home_clean(const char *home);
/* Makes the names in a directory of the home durable. Returns 0; UNCIA_E_IO; UNCIA_E_ARGUMENT. */
int home_sync(const char *home, const char *name);

/* Whether the environment is of this network and key, as its view shows it. Returns 0; UNCIA_E_NETWORK;
 * UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_IO. */
int identity_check(const struct environment *e, const struct store_options *options, char why[WHY_SIZE]);
/* storage §9: whether the home is of this format, by both of its parts. Returns 0; UNCIA_E_NEWER; UNCIA_E_VERSION
 * (older, or the two parts differ); why: a sentence. */
int format_check(const char *home, uint32_t format, char why[WHY_SIZE]);
/* Puts the number of a format into the payload of an identity. Returns false: it is none. */
bool identity_set_format(struct bytes identity, uint32_t format, uint8_t payload[IDENTITY_SIZE]);
/* Opens the log of the journal's environment, whose view is there: copies into LMDB what it lacks, unless the store is
 * read only, and renews the view. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_FULL; UNCIA_E_MEMORY; UNCIA_E_IO. journal_close
 * follows in every case. */
int journal_open(struct store *store, const char *directory, char why[WHY_SIZE]);
/* Copies into LMDB what it lacks and can be copied, and closes the log. Also of one that was never opened. */
void journal_close(struct store *store);
/* Moves the journal's view to the newest commits, as store_view_renew_journal. Threads: the reading one. */
int journal_renew(struct store *store, char why[WHY_SIZE]);
/* storage §4: deletes the VOTE records of views <= view. Returns LMDB's code. */
int journal_forget_votes(const struct environment *e, MDB_txn *txn, uint64_t view);
/* Verifies all records of one table of the view, their order and their number, which is added to *records. Returns as
 * store_check_records. Threads: the reading one. */
int table_check(const struct environment *e, unsigned table, uint64_t *records, char why[WHY_SIZE]);
/* How many records of the journal the view shows, where LMDB has `stored` of them. Returns as store_check_records.
 * Threads: the reading one. */
int journal_count(struct store *s, uint64_t stored, uint64_t *count, char why[WHY_SIZE]);
/* Puts the mark into a transaction of the journal. Returns LMDB's code. */
int journal_mark_put(const struct environment *e, MDB_txn *txn, const struct wal_mark *mark);
/* All of a prepared flush within a transaction of the state. Returns LMDB's code. Threads: the transaction's. */
int state_write(const struct environment *e, MDB_txn *txn, const struct flush *flush);

/* The functions of struct storage_view, whose contract they follow; context: the store. Threads: the reading one. */
int state_view_meta(void *context, struct state_meta *meta);
int state_view_group(void *context, uint64_t group_index, struct group_record *record);
int state_view_address(void *context, const struct entry_id *id, uint64_t *index);
int state_view_payment(void *context, const struct payment_id *id, struct payment_record *record);
int state_view_orphan(void *context, const struct entry_id *id, struct position *head);
int journal_view_get(void *context, enum journal_table table, const void *key, size_t key_size, struct bytes *value);
int journal_view_seek(void *context, enum journal_table table, const void *key, size_t key_size,
                      struct bytes *found_key, struct bytes *value);
int journal_view_last(void *context, enum journal_table table, struct bytes *found_key, struct bytes *value);

#endif
