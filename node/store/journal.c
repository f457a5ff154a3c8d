/* The journal: what this validator must not forget, committed before anything that depends on it is sent. */
#include <assert.h>
#include <stdio.h>
#include "big_endian.h"
#include "records.h"
#include "store_private.h"
#include "uncia/error.h"

#define RELEASE_BYTES ((size_t)64 << 20) /* of records, until pages that were read are given back */

/* storage §4: deletes the VOTE records of views <= view, whose keys begin with the view. Returns LMDB's code. */
static int forget_votes(struct environment *e, MDB_txn *txn, uint64_t view)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, e->tables[JOURNAL_VOTE], &cursor);
	if (rc)
		return rc;
	while (!(rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST))) {
		if (key.mv_size < sizeof(view) || be64_get(key.mv_data) > view)
			break;
		rc = mdb_cursor_del(cursor, 0);
		if (rc)
			break;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Returns LMDB's code. */
static int write_one(struct environment *e, MDB_txn *txn, const struct journal_write *w)
{
	const struct record_key key = {w->table, w->key, w->key_size};
	const struct bytes value = {w->value, w->value_size};
	assert(w->table < JOURNAL_TABLES);
	if (!w->table) {
		assert(!w->key && !w->value);
		return forget_votes(e, txn, w->view);
	}
	assert(w->key && (w->value || !w->value_size));
	return records_put(e, txn, NULL, &key, value, 0);
}

int journal_commit(struct store *store, const struct journal_write *writes, size_t count, char why[256])
{
	struct environment *e = &store->journal;
	MDB_txn *txn;
	assert(!store->read_only && count > 0);
	int error = environment_begin(e, &txn, why);
	if (error)
		return error;
	int rc = 0;
	for (size_t i = 0; !rc && i < count; i++) {
		rc = write_one(e, txn, &writes[i]);
		store->written += writes[i].value_size;
	}
	error = environment_commit(e, txn, rc, why);
	if (!error && store->written >= RELEASE_BYTES) {
		store->written = 0;
		environment_release_pages(&store->journal);
		environment_release_pages(&store->state);
	}
	return error;
}

int journal_view_get(void *context, enum journal_table table, const void *key, size_t key_size, struct bytes *value)
{
	struct store *s = context;
	const struct record_key wanted = {table, key, key_size};
	assert(table > 0 && table < JOURNAL_TABLES);
	return records_get(&s->journal, s->journal.view, &wanted, value, s->damage);
}

/* Moves a cursor once from nowhere: to the key, or to an end of the table. */
static int view_cursor(struct store *s, enum journal_table table, MDB_cursor_op op, MDB_val key,
                       struct bytes *found_key, struct bytes *value)
{
	struct record_cursor cursor;
	assert(table > 0 && table < JOURNAL_TABLES);
	int error = records_open(&s->journal, s->journal.view, table, &cursor, s->damage);
	if (error)
		return error;
	error = records_seek(&cursor, op, &key, value, s->damage);
	if (!error)
		*found_key = (struct bytes){key.mv_data, key.mv_size};
	records_close(&cursor);
	return error;
}

int journal_view_seek(void *context, enum journal_table table, const void *key, size_t key_size,
                      struct bytes *found_key, struct bytes *value)
{
	MDB_val k = {key_size, (void *)(uintptr_t)key};
	return view_cursor(context, table, key_size ? MDB_SET_RANGE : MDB_FIRST, k, found_key, value);
}

int journal_view_last(void *context, enum journal_table table, struct bytes *found_key, struct bytes *value)
{
	return view_cursor(context, table, MDB_LAST, (MDB_val){0, NULL}, found_key, value);
}
