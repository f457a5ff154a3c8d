/* Records in the tables of an environment: found, checked, put. */
#include "records.h"
#include <assert.h>
#include <stdio.h>
#include "record.h"
#include "uncia/error.h"

static const char *records_table_name(const struct environment *e, unsigned table)
{
	assert(table < e->form->table_count);
	return e->form->tables[table].name;
}

int records_damaged(const struct environment *e, const struct record_key *key, char why[WHY_SIZE])
{
	char text[2 * JOURNAL_KEY_MAX + 1] = "";
	const uint8_t *bytes = key->data;
	uint64_t number;
	if (e->form->tables[key->table].integer_key && key->size == sizeof(number)) {
		memcpy(&number, bytes, sizeof(number));
		snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	} else {
		for (size_t i = 0; i < key->size && i < JOURNAL_KEY_MAX; i++)
			snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	}
	snprintf(why, WHY_SIZE, "%s: the record %s in table %s does not match its checksum", e->form->name, text,
	         records_table_name(e, key->table));
	return UNCIA_E_DAMAGED;
}

/* A key as the disk has it may be of any size. */
static int records_check(const struct environment *e, unsigned table, const MDB_val *key, const MDB_val *value,
                         struct bytes *payload, char why[WHY_SIZE])
{
	const struct record_key found = {table, key->mv_data, key->mv_size};
	const struct place place = {e->form->letter, (uint8_t)table, key->mv_data, key->mv_size};
	if (key->mv_size > JOURNAL_KEY_MAX || record_read(&place, value->mv_data, value->mv_size, payload))
		return records_damaged(e, &found, why);
	return 0;
}

/* The record that a search ended at: whole, and on the right side of the key that was not found (behind it, or before
 * it). */
static int check_neighbour(const struct record_cursor *cursor, const MDB_val *key, const MDB_val *found,
                           const MDB_val *value, bool behind, char why[WHY_SIZE])
{
	const struct environment *e = cursor->e;
	struct bytes payload;
	int order = mdb_cmp(mdb_cursor_txn(cursor->lmdb), e->tables[cursor->table], found, key);
	if (behind ? order <= 0 : order >= 0) {
		snprintf(why, WHY_SIZE, "%s: table %s is out of order", e->form->name,
		         records_table_name(e, cursor->table));
		return UNCIA_E_DAMAGED;
	}
	return records_check(e, cursor->table, found, value, &payload, why);
}

/* storage §3: a damaged key hides its record, or another one that the search passes it for. In either case it is one of
 * the two records between which the search ended, and that one does not match its checksum or is out of order. So both
 * are checked before a record is said not to be there. Returns UNCIA_E_NOT_FOUND or what is wrong. */
static int check_absence(const struct environment *e, MDB_txn *txn, const struct record_key *wanted, char why[WHY_SIZE])
{
	const MDB_val key = {wanted->size, (void *)(uintptr_t)wanted->data};
	struct record_cursor cursor;
	MDB_val found = key, value;
	int error = records_open(e, txn, wanted->table, &cursor, why);
	if (error)
		return error;
	error = UNCIA_E_NOT_FOUND;
	int rc = mdb_cursor_get(cursor.lmdb, &found, &value, MDB_SET_RANGE);
	bool last = rc == MDB_NOTFOUND;
	if (!rc && check_neighbour(&cursor, &key, &found, &value, true, why))
		error = UNCIA_E_DAMAGED;
	if (!rc || last)
		rc = mdb_cursor_get(cursor.lmdb, &found, &value, last ? MDB_LAST : MDB_PREV);
	if (!rc && error != UNCIA_E_DAMAGED && check_neighbour(&cursor, &key, &found, &value, false, why))
		error = UNCIA_E_DAMAGED;
	if (rc && rc != MDB_NOTFOUND)
		error = environment_error(e, rc, "reading", why);
	records_close(&cursor);
	return error;
}

int records_get(const struct environment *e, MDB_txn *txn, const struct record_key *key, struct bytes *payload,
                char why[WHY_SIZE])
{
	assert(txn && key->table < e->form->table_count);
	assert(key->size > 0 && key->size <= JOURNAL_KEY_MAX);
	MDB_val k = {key->size, (void *)(uintptr_t)key->data}, value;
	int rc = mdb_get(txn, e->tables[key->table], &k, &value);
	if (rc == MDB_NOTFOUND)
		return check_absence(e, txn, key, why);
	return rc ? environment_error(e, rc, "reading", why) : records_check(e, key->table, &k, &value, payload, why);
}

int records_put(const struct environment *e, MDB_txn *txn, MDB_cursor *cursor, const struct record_key *key,
                struct bytes payload, unsigned flags)
{
	const struct place place = {e->form->letter, (uint8_t)key->table, key->data, key->size};
	MDB_val k = {key->size, (void *)(uintptr_t)key->data}, value = {payload.size + RECORD_OVERHEAD, NULL};
	assert(txn && key->table < e->form->table_count);
	assert(key->size > 0 && key->size <= JOURNAL_KEY_MAX);
	assert(!cursor || mdb_cursor_dbi(cursor) == e->tables[key->table]);
	assert(!(flags & ~MDB_APPEND));
	flags |= MDB_RESERVE;
	int rc =
	    cursor ? mdb_cursor_put(cursor, &k, &value, flags) : mdb_put(txn, e->tables[key->table], &k, &value, flags);
	if (!rc)
		record_write(&place, payload.data, payload.size, value.mv_data);
	return rc;
}

int records_put_known(const struct environment *e, MDB_txn *txn, const struct record_key *key, struct bytes payload,
                      uint64_t checksum)
{
	MDB_val k = {key->size, (void *)(uintptr_t)key->data}, value = {payload.size + RECORD_OVERHEAD, NULL};
	assert(txn && key->table < e->form->table_count);
	assert(key->size > 0 && key->size <= JOURNAL_KEY_MAX);
	int rc = mdb_put(txn, e->tables[key->table], &k, &value, MDB_RESERVE);
	if (!rc)
		record_frame(checksum, payload.data, payload.size, value.mv_data);
	return rc;
}

int records_open(const struct environment *e, MDB_txn *txn, unsigned table, struct record_cursor *cursor,
                 char why[WHY_SIZE])
{
	assert(txn && table < e->form->table_count);
	*cursor = (struct record_cursor){.e = e, .table = table};
	int rc = mdb_cursor_open(txn, e->tables[table], &cursor->lmdb);
	return rc ? environment_error(e, rc, "reading", why) : 0;
}

int records_seek(const struct record_cursor *cursor, MDB_cursor_op op, MDB_val *key, struct bytes *payload,
                 char why[WHY_SIZE])
{
	MDB_val value;
	int rc = mdb_cursor_get(cursor->lmdb, key, &value, op);
	if (rc == MDB_NOTFOUND)
		return UNCIA_E_NOT_FOUND;
	return rc ? environment_error(cursor->e, rc, "reading", why)
	          : records_check(cursor->e, cursor->table, key, &value, payload, why);
}

void records_close(struct record_cursor *cursor)
{
	assert(cursor->lmdb);
	mdb_cursor_close(cursor->lmdb);
	cursor->lmdb = NULL;
}
