/* The journal: what this validator must not forget, committed to its log before anything that depends on it is sent,
 * and copied from there into LMDB by checkpoints. The view shows both. */
#include <assert.h>
#include <stdio.h>
#include <unistd.h>
#include "big_endian.h"
#include "records.h"
#include "store_private.h"
#include "uncia/error.h"

#define RELEASE_BYTES ((size_t)64 << 20) /* of commits, until pages that were read are given back */
#define MARK_SIZE     (WAL_ID_SIZE + 8 + 8)

/* storage §4: deletes the VOTE records of views <= view, whose keys begin with the view. Returns LMDB's code. */
int journal_forget_votes(const struct environment *e, MDB_txn *txn, uint64_t view)
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

static const struct record_key mark_key = {TABLE_META, META_LOG, sizeof(META_LOG) - 1};

int journal_mark_put(const struct environment *e, MDB_txn *txn, const struct wal_mark *mark)
{
	uint8_t payload[MARK_SIZE];
	memcpy(payload, mark->id, WAL_ID_SIZE);
	be64_put(payload + WAL_ID_SIZE, mark->sequence);
	be64_put(payload + WAL_ID_SIZE + 8, mark->checksum);
	return records_put(e, txn, NULL, &mark_key, (struct bytes){payload, sizeof(payload)}, 0);
}

/* Of the view. Returns 0; UNCIA_E_DAMAGED; UNCIA_E_MEMORY; UNCIA_E_IO. */
static int mark_get(const struct environment *e, struct wal_mark *mark, char why[WHY_SIZE])
{
	struct bytes p;
	int error = records_get(e, e->view, &mark_key, &p, why);
	if (error == UNCIA_E_NOT_FOUND || (!error && p.size != MARK_SIZE))
		return records_damaged(e, &mark_key, why);
	if (error)
		return error;
	memcpy(mark->id, p.data, WAL_ID_SIZE);
	mark->sequence = be64_get(p.data + WAL_ID_SIZE);
	mark->checksum = be64_get(p.data + WAL_ID_SIZE + 8);
	return 0;
}

int journal_open(struct store *store, const char *directory, char why[WHY_SIZE])
{
	struct wal_mark mark = {.sequence = 0};
	int error = mark_get(&store->journal, &mark, why);
	if (!error)
		error = wal_open(&store->wal, &store->journal, directory, &mark, store->beside, why);
	if (error)
		return error;
	if (!store->read_only) {
		wal_finish(&store->wal);
		error = journal_checkpoint(store, why);
	}
	return error ? error : journal_renew(store, why);
}

void journal_close(struct store *store)
{
	char why[WHY_SIZE];
	/* storage §4: where it cannot be copied now, it is at the next opening. */
	if (!store->read_only && store->wal.state == WAL_OPEN && store->journal.state == ENVIRONMENT_IDLE) {
		wal_finish(&store->wal);
		journal_checkpoint(store, why);
	}
	wal_close(&store->wal);
}

int journal_renew(struct store *store, char why[WHY_SIZE])
{
	struct wal_mark mark = {.sequence = 0};
	int error = environment_renew(&store->journal, why);
	if (error)
		return error;
	if (mdb_txn_id(store->journal.view) != store->copied_by) {
		error = mark_get(&store->journal, &mark, why);
		if (error)
			return error;
		store->copied_by = mdb_txn_id(store->journal.view);
		store->copied = mark.sequence;
	}
	recent_renew(&store->recent, &store->wal, store->copied);
	return 0;
}

/* ---- checkpoints --------------------------------------------------------------------------- */

/* Returns LMDB's code. */
static int copy_piece(struct environment *e, MDB_txn *txn, const struct wal_piece *piece)
{
	struct piece_walk walk;
	struct piece_write w;
	int rc = 0;
	piece_walk_begin(&piece->header, piece->bytes, &walk);
	while (!rc && piece_walk_next(&walk, &w)) {
		const struct record_key key = {w.table, w.key.data, w.key.size};
		rc = w.table ? records_put_known(e, txn, &key, w.value, w.checksum)
		             : journal_forget_votes(e, txn, w.view);
	}
	return rc;
}

/* What is due, in one transaction with the mark of its last piece. Of the pieces nothing is read after their release:
 * the reading thread may let go of them as soon as it sees the transaction. It may even where that failed at its seal;
 * so what is due is asked for in a transaction, which is refused behind one that failed. */
static int copy_pieces(struct store *store, char why[WHY_SIZE])
{
	struct environment *e = &store->journal;
	struct wal_mark mark = {.sequence = 0};
	size_t bytes = 0;
	MDB_txn *txn;
	int error = environment_begin(e, &txn, why);
	if (error)
		return error;
	int rc = 0;
	for (const struct wal_piece *p = wal_pending(&store->wal, &mark); !rc; p = p->next) {
		rc = copy_piece(e, txn, p);
		bytes += (size_t)piece_size(&p->header);
		if (p->header.sequence == mark.sequence)
			break;
	}
	if (!rc)
		rc = journal_mark_put(e, txn, &mark);
	if (!rc)
		wal_release(&store->wal, mark.sequence);
	error = environment_commit(e, txn, rc, why);
	if (error)
		return error;
	wal_copied(&store->wal, mark.sequence, bytes);
	store->copied_bytes += bytes;
	if (store->copied_bytes >= RELEASE_BYTES) {
		store->copied_bytes = 0;
		environment_release_pages(&store->journal);
		environment_release_pages(&store->state);
	}
	return 0;
}

int journal_checkpoint(struct store *store, char why[256])
{
	assert(!store->read_only && store->wal.environment);
	pthread_mutex_lock(&store->checkpoint);
	int error = wal_is_due(&store->wal) ? copy_pieces(store, why) : 0;
	pthread_mutex_unlock(&store->checkpoint);
	return error;
}

void journal_set_log_limit(struct store *store, size_t bytes)
{
	assert(!store->read_only && bytes > 0);
	store->wal.limit = bytes;
}

uint64_t journal_newest(struct store *store)
{
	return wal_newest(&store->wal);
}

bool journal_checkpoint_due(struct store *store)
{
	return wal_is_due(&store->wal);
}

/* ---- commits ------------------------------------------------------------------------------- */

int journal_commit(struct store *store, const struct journal_write *writes, size_t count, char why[256])
{
	struct wal *wal = &store->wal;
	assert(!store->read_only && count > 0);
	assert(store->journal.process == getpid());
	if (wal->state == WAL_BROKEN) {
		snprintf(why, WHY_SIZE, "journal: an earlier commit failed");
		return UNCIA_E_IO;
	}
	while (!wal_turn(wal)) {
		int error = journal_checkpoint(store, why);
		if (error)
			return error;
	}
	return wal_append(wal, writes, count, why);
}

/* ---- the view: what is in the log alone, and LMDB ------------------------------------------ */

/* Whether an LMDB record of this key is a vote that a commit in the log forgets. */
static bool vote_is_forgotten(const struct recent *recent, enum journal_table table, const void *key, size_t key_size)
{
	return table == JOURNAL_VOTE && recent->forgets && key_size >= sizeof(recent->forgotten) &&
	       be64_get(key) <= recent->forgotten;
}

int journal_view_get(void *context, enum journal_table table, const void *key, size_t key_size, struct bytes *value)
{
	struct store *s = context;
	const struct record_key wanted = {table, key, key_size};
	const struct recent_record *record = recent_get(&s->recent, table, (struct bytes){key, key_size});
	if (record)
		*value = record->value;
	if (record)
		return 0;
	return vote_is_forgotten(&s->recent, table, key, key_size)
	           ? UNCIA_E_NOT_FOUND
	           : records_get(&s->journal, s->journal.view, &wanted, value, s->damage);
}

/* How many VOTE records of LMDB the log forgets. */
static int count_forgotten(struct store *s, uint64_t *count, char why[WHY_SIZE])
{
	struct record_cursor cursor;
	struct bytes value;
	MDB_val key;
	int error = records_open(&s->journal, s->journal.view, JOURNAL_VOTE, &cursor, why);
	if (error)
		return error;
	*count = 0;
	while (!(error = records_seek(&cursor, MDB_NEXT, &key, &value, why)) &&
	       vote_is_forgotten(&s->recent, JOURNAL_VOTE, key.mv_data, key.mv_size))
		++*count;
	records_close(&cursor);
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

/* The same of all tables: those of the log that LMDB has no record of the key of, or a forgotten one. */
int journal_count(struct store *s, uint64_t stored, uint64_t *count, char why[WHY_SIZE])
{
	uint64_t forgotten = 0, added = 0;
	int error = count_forgotten(s, &forgotten, why);
	for (const struct wal_piece *p = NULL; !error && (p = wal_piece_after(&s->wal, p));) {
		for (uint32_t i = 0; i < p->header.count && !error; i++) {
			const struct recent_record *r = &p->records[i];
			const struct record_key key = {r->table, r->key.data, r->key.size};
			struct bytes value;
			if (!r->indexed)
				continue;
			error = vote_is_forgotten(&s->recent, r->table, r->key.data, r->key.size)
			            ? UNCIA_E_NOT_FOUND
			            : records_get(&s->journal, s->journal.view, &key, &value, why);
			added += error == UNCIA_E_NOT_FOUND;
			error = error == UNCIA_E_NOT_FOUND ? 0 : error;
		}
	}
	assert(error || forgotten <= stored);
	*count = stored - forgotten + added;
	return error;
}

/* A record that the view found, in the log or in LMDB. */
struct view_record {
	struct bytes key, value;
};

/* Moves an LMDB cursor once from nowhere: to the key, or to an end of the table. */
static int view_cursor(struct store *s, enum journal_table table, MDB_cursor_op op, MDB_val key,
                       struct view_record *found)
{
	struct record_cursor cursor;
	int error = records_open(&s->journal, s->journal.view, table, &cursor, s->damage);
	if (error)
		return error;
	error = records_seek(&cursor, op, &key, &found->value, s->damage);
	if (!error)
		found->key = (struct bytes){key.mv_data, key.mv_size};
	records_close(&cursor);
	return error;
}

/* The first LMDB record with a key >= the given one that is not forgotten. */
static int seek_stored(struct store *s, enum journal_table table, struct bytes key, struct view_record *found)
{
	uint8_t from[8];
	if (table == JOURNAL_VOTE && s->recent.forgets) {
		if (s->recent.forgotten == UINT64_MAX)
			return UNCIA_E_NOT_FOUND;
		be64_put(from, s->recent.forgotten + 1);
		if (recent_compare(key, (struct bytes){from, sizeof(from)}) < 0)
			key = (struct bytes){from, sizeof(from)};
	}
	MDB_val k = {key.size, (void *)(uintptr_t)key.data};
	return view_cursor(s, table, key.size ? MDB_SET_RANGE : MDB_FIRST, k, found);
}

/* Of the log's record and LMDB's, either of which may be none: the one that comes first in the direction; of two with
 * one key the log's, which is newer. */
static int choose(const struct recent_record *record, int error, const struct view_record *stored, int direction,
                  struct view_record *found)
{
	if (error && error != UNCIA_E_NOT_FOUND)
		return error;
	if (!record && error)
		return error;
	if (!record || (!error && recent_compare(stored->key, record->key) * direction < 0))
		*found = *stored;
	else
		*found = (struct view_record){record->key, record->value};
	return 0;
}

int journal_view_seek(void *context, enum journal_table table, const void *key, size_t key_size,
                      struct bytes *found_key, struct bytes *value)
{
	struct store *s = context;
	struct view_record stored, found;
	const struct bytes wanted = {key, key_size};
	int error = seek_stored(s, table, wanted, &stored);
	error = choose(recent_seek(&s->recent, table, wanted), error, &stored, 1, &found);
	if (error)
		return error;
	*found_key = found.key;
	*value = found.value;
	return 0;
}

int journal_view_last(void *context, enum journal_table table, struct bytes *found_key, struct bytes *value)
{
	struct store *s = context;
	struct view_record stored, found;
	int error = view_cursor(s, table, MDB_LAST, (MDB_val){0, NULL}, &stored);
	if (!error && vote_is_forgotten(&s->recent, table, stored.key.data, stored.key.size))
		error = UNCIA_E_NOT_FOUND;
	error = choose(recent_last(&s->recent, table), error, &stored, -1, &found);
	if (error)
		return error;
	*found_key = found.key;
	*value = found.value;
	return 0;
}
