/* The journal: what this validator must not forget, committed before anything that depends on it is sent. */
#include <assert.h>
#include <stdio.h>
#include "store_private.h"
#include "uncia/error.h"

/* storage §4: the VOTE records of views <= view, whose keys begin with the view. */
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

int journal_commit(struct store *store, const struct journal_write *writes, size_t count, char why[256])
{
	struct environment *e = &store->journal;
	MDB_txn *txn;
	assert(!store->read_only);
	if (e->broken) {
		snprintf(why, WHY_SIZE, "journal: an earlier commit failed");
		return UNCIA_E_IO;
	}
	int rc = mdb_txn_begin(e->env, NULL, 0, &txn);
	if (rc)
		return environment_break(e, environment_error(e, rc, "beginning a commit", why));
	for (size_t i = 0; !rc && i < count; i++) {
		const struct journal_write *w = &writes[i];
		assert(w->table < JOURNAL_TABLES && (!w->table || (w->key_size && w->key_size <= JOURNAL_KEY_MAX)));
		if (w->table)
			rc = record_put(e, txn, NULL, w->table, w->key, w->key_size, w->value, w->value_size, 0);
		else
			rc = forget_votes(e, txn, w->view);
	}
	if (rc)
		mdb_txn_abort(txn);
	else
		rc = environment_commit(e, txn);
	return rc ? environment_break(e, environment_error(e, rc, "committing", why)) : 0;
}

int journal_view_get(void *context, enum journal_table table, const void *key, size_t key_size, struct bytes *value)
{
	struct store *s = context;
	return record_get(&s->journal, s->journal.view, table, key, key_size, value, s->damage);
}

static int view_cursor(struct store *s, enum journal_table table, MDB_cursor_op op, MDB_val key,
                       struct bytes *found_key, struct bytes *value)
{
	MDB_cursor *cursor;
	assert(table > 0 && table < JOURNAL_TABLES);
	int rc = mdb_cursor_open(s->journal.view, s->journal.tables[table], &cursor);
	if (rc)
		return environment_error(&s->journal, rc, "reading", s->damage);
	rc = record_seek(&s->journal, cursor, table, op, &key, value, s->damage);
	if (!rc)
		*found_key = (struct bytes){key.mv_data, key.mv_size};
	mdb_cursor_close(cursor);
	return rc;
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
