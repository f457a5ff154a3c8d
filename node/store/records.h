/* Records in and out of the tables of an environment, each checked against its place as it is read. Private to the
 * store. Payloads point into LMDB's map, and are valid as long as the transaction that they were read in.
 *
 * Threads: those of the transaction. */
#ifndef RECORDS_H
#define RECORDS_H
#include "environment.h"

/* Which record; the key's bytes are the caller's. */
struct record_key {
	unsigned table;
	const void *data;
	size_t size; /* 1 to JOURNAL_KEY_MAX */
};

/* A walk over one table. */
struct record_cursor {
	const struct environment *e;
	MDB_cursor *lmdb;
	unsigned table;
};

/* Returns 0; UNCIA_E_NOT_FOUND, where the record's neighbours are whole; UNCIA_E_DAMAGED; UNCIA_E_MEMORY;
 * UNCIA_E_IO. */
int records_get(const struct environment *e, MDB_txn *txn, const struct record_key *key, struct bytes *payload,
                char why[WHY_SIZE]);
/* Puts through the cursor, which is one of the key's table, or without one where it is NULL. flags: 0 or MDB_APPEND
 * (the key is beyond all others of its table). Returns LMDB's code. */
int records_put(const struct environment *e, MDB_txn *txn, MDB_cursor *cursor, const struct record_key *key,
                struct bytes payload, unsigned flags);
/* The same without a cursor, of a payload whose record's checksum is known. */
int records_put_known(const struct environment *e, MDB_txn *txn, const struct record_key *key, struct bytes payload,
                      uint64_t checksum);

/* Returns 0, and records_close follows; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_IO. */
int records_open(const struct environment *e, MDB_txn *txn, unsigned table, struct record_cursor *cursor,
                 char why[WHY_SIZE]);
/* Moves the cursor: op and key as for mdb_cursor_get. Returns 0; UNCIA_E_NOT_FOUND at the table's end; UNCIA_E_DAMAGED;
 * UNCIA_E_MEMORY; UNCIA_E_IO. */
int records_seek(const struct record_cursor *cursor, MDB_cursor_op op, MDB_val *key, struct bytes *payload,
                 char why[WHY_SIZE]);
/* Once for each records_open, before its transaction ends. */
void records_close(struct record_cursor *cursor);

/* Returns UNCIA_E_DAMAGED; why: a sentence that names the record. */
int records_damaged(const struct environment *e, const struct record_key *key, char why[WHY_SIZE]);

#endif
