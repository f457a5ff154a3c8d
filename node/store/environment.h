/* One LMDB environment: its files, its tables, records in and out of them. Private to the store; the journal and the
 * state are two of these. */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H
#include <lmdb.h>
#include <stdbool.h>
#include "record.h"
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
#define FORMAT        2u

struct environment {
	const struct environment_form *form;
	MDB_env *env;
	MDB_dbi tables[TABLES_MAX];
	MDB_txn *view; /* the loop's read transaction */
	int seal;      /* descriptor */
	bool broken;   /* a commit failed: the committing thread's alone */
};

/* 0 keeps the default map size. A positive one is for tests. */
enum environment_mode { ENVIRONMENT_CREATE, ENVIRONMENT_WRITE, ENVIRONMENT_READ };
int environment_open(struct environment *e, const struct environment_form *form, const char *directory,
                     enum environment_mode mode, size_t map_size, char why[WHY_SIZE]);
void environment_close(struct environment *e);
/* Starts the view, or moves it to what is committed now. */
int environment_renew(struct environment *e, char why[WHY_SIZE]);
/* Bytes that can still be written before the map is nine tenths full. */
uint64_t environment_room(const struct environment *e);

/* Commits, or aborts; then seals. Returns LMDB's or the system's code. */
int environment_commit(struct environment *e, MDB_txn *txn);

/* The seal of an environment: environment_open's and environment_commit's. Return 0 or the system's code. */
int seal_open(struct environment *e, const char *directory, bool create, bool write);
int seal_write(const struct environment *e, uint64_t number);
/* Whether what the view shows is what was committed last. current: and the seal is not an older one, which a crash
 * leaves. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_IO. */
int seal_check(const struct environment *e, bool *current, char why[WHY_SIZE]);

/* LMDB's or the system's code as ours; the sentence says what was being done. Never called for MDB_NOTFOUND. */
int environment_error(const struct environment *e, int rc, const char *doing, char why[WHY_SIZE]);
/* A failed commit is the last one: after a failed fsync the next one lies. */
int environment_break(struct environment *e, int error);

/* Payloads, checked; valid as long as the transaction. Return 0; UNCIA_E_NOT_FOUND; UNCIA_E_DAMAGED; UNCIA_E_IO. */
int record_get(const struct environment *e, MDB_txn *txn, unsigned table, const void *key, size_t key_size,
               struct bytes *payload, char why[WHY_SIZE]);
/* Moves a cursor over the table: op and key as for mdb_cursor_get. */
int record_seek(const struct environment *e, MDB_cursor *cursor, unsigned table, MDB_cursor_op op, MDB_val *key,
                struct bytes *payload, char why[WHY_SIZE]);
/* Puts through the cursor, or without one where it is NULL. flags: 0 or MDB_APPEND. Returns LMDB's code. */
int record_put(const struct environment *e, MDB_txn *txn, MDB_cursor *cursor, unsigned table, const void *key,
               size_t key_size, const void *payload, size_t payload_size, unsigned flags);
/* UNCIA_E_DAMAGED, and the sentence naming the record. */
int record_damaged(const struct environment *e, unsigned table, const void *key, size_t key_size, char why[WHY_SIZE]);

#endif
