/* Copies of a home: what the view shows of both environments, record by record into new ones (docs/spec/storage.md §8).
 * A backup is one, and so is a home that has been made smaller, since LMDB's files never shrink. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "record.h"
#include "records.h"
#include "store_private.h"
#include "uncia/error.h"

#define COPY_BATCH ((uint64_t)32 << 20) /* bytes of one transaction, and between two calls of `progress` */

/* One environment on its way from one home into the other. */
struct copy {
	struct store *from;
	const struct store_copying *how;
	uint64_t done, total;
	struct environment to;
	MDB_txn *txn;
	uint64_t batched; /* bytes in the transaction */
	uint8_t identity[IDENTITY_SIZE];
};

uint64_t store_copy_size(struct store *store)
{
	const struct environment *environments[] = {&store->journal, &store->state};
	uint64_t size = wal_waiting(&store->wal);
	for (size_t i = 0; i < 2; i++) {
		MDB_envinfo info;
		MDB_stat st;
		mdb_env_info(environments[i]->env, &info);
		mdb_env_stat(environments[i]->env, &st);
		size += ((uint64_t)info.me_last_pgno + 1) * st.ms_psize;
	}
	return size;
}

static int copy_tell(struct copy *c, char why[WHY_SIZE])
{
	if (!c->how->progress || c->how->progress(c->how->context, c->done, c->total))
		return 0;
	snprintf(why, WHY_SIZE, "the copy was given up");
	return UNCIA_E_CLOSED;
}

/* Commits what is batched, and begins the next transaction. Nothing is synced before copy_sync. */
static int copy_next_batch(struct copy *c, char why[WHY_SIZE])
{
	int error = environment_commit(&c->to, c->txn, 0, why);
	c->txn = NULL;
	c->done += c->batched;
	c->batched = 0;
	if (!error)
		error = copy_tell(c, why);
	return error ? error : environment_begin(&c->to, &c->txn, why);
}

/* What becomes of a record by the steps. Returns 0; UNCIA_E_NOT_FOUND: it is left out; an error. */
static int copy_steps(struct copy *c, unsigned table, struct bytes key, struct bytes *payload)
{
	static const char identity[] = META_IDENTITY;
	const struct store_copying *how = c->how;
	int error = 0;
	for (size_t i = 0; !error && i < how->step_count; i++) {
		if (how->steps[i].record)
			error = how->steps[i].record(c->to.form->letter, table, key, payload);
	}
	bool is_identity =
	    table == TABLE_META && key.size == sizeof(identity) - 1 && !memcmp(key.data, identity, key.size);
	if (error || !is_identity || !how->step_count)
		return error;
	if (!identity_set_format(*payload, how->steps[how->step_count - 1].from + 1, c->identity))
		return UNCIA_E_DAMAGED;
	*payload = (struct bytes){c->identity, sizeof(c->identity)};
	return 0;
}

/* Returns 0; an error of a step; with *rc LMDB's code. */
static int copy_put(struct copy *c, MDB_cursor *to, const struct record_key *key, struct bytes payload, int *rc)
{
	MDB_val k = {key->size, (void *)(uintptr_t)key->data};
	MDB_val record = {payload.size + RECORD_OVERHEAD, (void *)(uintptr_t)(payload.data - RECORD_OVERHEAD)};
	c->batched += key->size + record.mv_size;
	if (!c->how->step_count) {
		*rc = mdb_cursor_put(to, &k, &record, MDB_APPEND);
		return 0;
	}
	int error = copy_steps(c, key->table, (struct bytes){key->data, key->size}, &payload);
	if (!error)
		*rc = records_put(&c->to, c->txn, to, key, payload, MDB_APPEND);
	return error == UNCIA_E_NOT_FOUND ? 0 : error;
}

/* Keys of a table ascend, so that its pages are filled. The journal's mark is of its log, and the copy has another. */
static int copy_batch(struct copy *c, const struct record_cursor *cursor, bool *end, char why[WHY_SIZE])
{
	MDB_cursor *to;
	MDB_val key;
	struct bytes payload;
	int error = 0, rc = mdb_cursor_open(c->txn, c->to.tables[cursor->table], &to);
	if (rc)
		return environment_error(&c->to, rc, "copying", why);
	while (!rc && c->batched < COPY_BATCH && !(error = records_seek(cursor, MDB_NEXT, &key, &payload, why))) {
		const struct record_key record = {cursor->table, key.mv_data, key.mv_size};
		if ((error = copy_put(c, to, &record, payload, &rc)) != 0) {
			records_damaged(cursor->e, &record, why);
			break;
		}
	}
	mdb_cursor_close(to);
	*end = error == UNCIA_E_NOT_FOUND;
	if (rc == MDB_KEYEXIST) {
		snprintf(why, WHY_SIZE, "%s: table %s is out of order", cursor->e->form->name,
		         cursor->e->form->tables[cursor->table].name);
		return UNCIA_E_DAMAGED;
	}
	if (rc)
		return environment_error(&c->to, rc, "copying", why);
	return *end ? 0 : error;
}

static int copy_table(struct copy *c, const struct environment *from, unsigned table, char why[WHY_SIZE])
{
	struct record_cursor cursor;
	bool end = false;
	int error = records_open(from, from->view, table, &cursor, why);
	if (error)
		return error;
	while (!error && !end) {
		error = copy_batch(c, &cursor, &end, why);
		if (!error && !end)
			error = copy_next_batch(c, why);
	}
	records_close(&cursor);
	return error;
}

/* What is in the log alone, in its order. Returns LMDB's code. */
static int copy_log(struct copy *c)
{
	struct piece_walk walk;
	struct piece_write w;
	int rc = 0;
	for (const struct wal_piece *p = NULL; !rc && (p = wal_piece_after(&c->from->wal, p));) {
		if (p->header.sequence <= c->from->copied)
			continue;
		piece_walk_begin(&p->header, p->bytes, &walk);
		while (!rc && piece_walk_next(&walk, &w)) {
			const struct record_key key = {w.table, w.key.data, w.key.size};
			int error = w.table ? copy_steps(c, w.table, w.key, &w.value) : 0;
			if (error && error != UNCIA_E_NOT_FOUND)
				return MDB_CORRUPTED;
			if (!error)
				rc = w.table ? records_put(&c->to, c->txn, NULL, &key, w.value, 0)
				             : journal_forget_votes(&c->to, c->txn, w.view);
		}
	}
	return rc;
}

static int copy_tables(struct copy *c, const struct environment *from, const struct wal_mark *mark, char why[WHY_SIZE])
{
	int rc = 0, error = environment_begin(&c->to, &c->txn, why);
	for (unsigned table = 0; !error && table < from->form->table_count; table++)
		error = copy_table(c, from, table, why);
	if (error) {
		if (c->txn)
			environment_fail(&c->to, c->txn, error);
		return error;
	}
	if (from->form == &journal_form)
		rc = copy_log(c);
	if (!rc && from->form == &journal_form)
		rc = journal_mark_put(&c->to, c->txn, mark);
	c->done += c->batched;
	c->batched = 0;
	return environment_commit(&c->to, c->txn, rc, why);
}

/* storage §8: until here nothing was synced, since nothing of it had its name. */
static int copy_sync(struct copy *c, char why[WHY_SIZE])
{
	int rc = mdb_env_sync(c->to.env, 1);
	if (!rc && fsync(c->to.seal))
		rc = errno;
	return rc ? environment_error(&c->to, rc, "syncing the copy", why) : 0;
}

/* Reads all of the copy, and counts it. */
static int copy_verify(struct copy *c, const struct environment *from, const char *path, char why[WHY_SIZE])
{
	struct environment e;
	uint64_t stored = 0, expected = 0, found = 0;
	bool current;
	MDB_stat st;
	for (unsigned table = 0; table < from->form->table_count; table++) {
		int rc = mdb_stat(from->view, from->tables[table], &st);
		if (rc)
			return environment_error(from, rc, "reading", why);
		stored += st.ms_entries;
	}
	expected = stored;
	int error = from->form == &journal_form ? journal_count(c->from, stored, &expected, why) : 0;
	if (error)
		return error;
	error = environment_open(&e, from->form, path, ENVIRONMENT_READ, 0, why);
	if (!error)
		error = environment_renew(&e, why);
	if (!error)
		error = seal_check(&e, &current, why);
	for (unsigned table = 0; !error && table < from->form->table_count; table++)
		error = table_check(&e, table, &found, why);
	environment_close(&e);
	if (!error && found != expected && !c->how->step_count) { /* steps leave out what they do */
		snprintf(why, WHY_SIZE, "%s: the copy has %llu records of %llu", from->form->name,
		         (unsigned long long)found, (unsigned long long)expected);
		error = UNCIA_E_DAMAGED;
	}
	return error;
}

/* errno says why. */
static int copy_failed(int error, const char *what, char why[WHY_SIZE])
{
	snprintf(why, WHY_SIZE, "%.180s: %.70s", what, error == UNCIA_E_IO ? strerror(errno) : uncia_error_text(error));
	return error == UNCIA_E_IO && (errno == ENOSPC || errno == EDQUOT) ? UNCIA_E_FULL : error;
}

static int copy_fill(struct copy *c, const struct environment *from, const char *path, char why[WHY_SIZE])
{
	struct wal_mark mark = {.sequence = 0};
	MDB_envinfo info;
	mdb_env_info(from->env, &info);
	int error = environment_open(&c->to, from->form, path, ENVIRONMENT_CREATE, info.me_mapsize, why), rc = 0;
	if (!error)
		rc = mdb_env_set_flags(c->to.env, MDB_NOSYNC, 1);
	if (!error && !rc && from->form == &journal_form) {
		randombytes_buf(mark.id, sizeof(mark.id));
		rc = wal_create(path, &mark);
	}
	if (rc)
		error = environment_error(&c->to, rc, "making its log", why);
	if (!error)
		error = copy_tables(c, from, &mark, why);
	if (!error)
		error = copy_sync(c, why);
	environment_close(&c->to);
	return error;
}

static int copy_environment(struct copy *c, const struct environment *from, char why[WHY_SIZE])
{
	char name[32], path[PATH_SIZE];
	snprintf(name, sizeof(name), "data.new/%s", from->form->name);
	int error = home_path(c->how->home, name, path);
	if (!error && mkdir(path, 0700))
		error = UNCIA_E_IO;
	if (error)
		return copy_failed(error, "making the copy", why);
	error = copy_fill(c, from, path, why);
	if (!error)
		error = copy_verify(c, from, path, why);
	if (!error)
		error = copy_tell(c, why);
	if (!error && (error = home_sync(c->how->home, name)) != 0)
		error = copy_failed(error, path, why);
	return error;
}

/* The one step by which the copy becomes the data of its home. */
static int copy_place(const struct store_copying *how, char why[WHY_SIZE])
{
	char made[PATH_SIZE], path[PATH_SIZE];
	int error = home_sync(how->home, "data.new");
	if (!error && (home_path(how->home, "data.new", made) || home_path(how->home, "data", path)))
		error = UNCIA_E_ARGUMENT;
	if (error)
		return copy_failed(error, "data.new", why);
	if (how->replace ? renameat2(AT_FDCWD, made, AT_FDCWD, path, RENAME_EXCHANGE) : rename(made, path)) {
		if (how->replace && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
			return copy_failed(UNCIA_E_SYSTEM,
			                   "the file system of the home cannot exchange two directories", why);
		return copy_failed(UNCIA_E_IO, path, why);
	}
	error = home_sync(how->home, ".");
	return error ? copy_failed(error, how->home, why) : 0;
}

static int copy_make(struct copy *c, char why[WHY_SIZE])
{
	char path[PATH_SIZE];
	struct stat st;
	if (home_path(c->how->home, "data", path))
		return copy_failed(UNCIA_E_ARGUMENT, "the path of the copy is too long", why);
	if (!c->how->replace && !stat(path, &st))
		return copy_failed(UNCIA_E_EXISTS, path, why);
	int error = home_clean(c->how->home);
	if (error)
		return copy_failed(error, "removing what an earlier copy left in data.new", why);
	if (home_path(c->how->home, "data.new", path) || mkdir(path, 0700))
		return copy_failed(UNCIA_E_IO, path, why);
	/* The state first: where it is read beside a running validator, its pages are pinned for a shorter time. */
	error = copy_environment(c, &c->from->state, why);
	return error ? error : copy_environment(c, &c->from->journal, why);
}

int store_copy(struct store *store, const struct store_copying *how, char why[256])
{
	struct copy c = {.from = store, .how = how, .total = store_copy_size(store)};
	assert(store->read_only && store->journal.view && store->state.view);
	int error = copy_make(&c, why);
	if (!error)
		error = copy_place(how, why);
	/* What lies there now is either unfinished, or what was replaced. Where it cannot be removed the next copy says
	 * so; this one is what it is. */
	int saved = errno;
	if (error != UNCIA_E_EXISTS)
		home_clean(how->home);
	errno = saved;
	return error;
}
