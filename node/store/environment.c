/* Opening an LMDB environment so that nothing damaged is taken for whole, and records in and out of its tables. */
#include "environment.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "uncia/error.h"

/* The map is address space, not memory or disk, and must not be resized while a transaction is open anywhere in the
 * process: hence large from the start, and twice as large at the next start once half of it is used. Where address
 * space is rationed (ulimit -v), smaller. */
#define MAP_SIZE     ((size_t)256 << 30)
#define MAP_SIZE_MIN ((size_t)1 << 30)
#define MAP_STEP     16

const struct environment_form journal_form = {"journal",
                                              'j',
                                              JOURNAL_TABLES,
                                              {{"meta", false},
                                               {"vote", false},
                                               {"cert", false},
                                               {"block", false},
                                               {"final", false},
                                               {"peer", false},
                                               {"evidence", false}}};
const struct environment_form state_form = {
    "state",
    's',
    STATE_ORPHAN + 1,
    {{"meta", false}, {"group", true}, {"address", false}, {"payment", false}, {"orphan", false}}};

int environment_error(const struct environment *e, int rc, const char *doing, char why[WHY_SIZE])
{
	snprintf(why, WHY_SIZE, "%s: %s: %s", e->form->name, doing, mdb_strerror(rc));
	if (rc > 0)
		errno = rc; /* what store_create has instead of a sentence */
	switch (rc) {
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_TXN: /* what follows a page that could not be found */
	case MDB_NOTFOUND:
		return UNCIA_E_DAMAGED;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
		return UNCIA_E_FULL;
	case ENOMEM:
		return UNCIA_E_MEMORY;
	default:
		return UNCIA_E_IO;
	}
}

int environment_break(struct environment *e, int error)
{
	e->broken = true;
	return error;
}

/* LMDB takes an empty file for a new database, and reads beyond the end of a short one. */
static int check_file(const struct environment *e, const char *directory, size_t *size, char why[WHY_SIZE])
{
	char path[4300];
	struct stat st;
	snprintf(path, sizeof(path), "%s/data.mdb", directory);
	if (stat(path, &st)) {
		if (errno == ENOENT) {
			snprintf(why, WHY_SIZE, "%s: data.mdb is missing", e->form->name);
			return UNCIA_E_DAMAGED;
		}
		return environment_error(e, errno, "looking at data.mdb", why);
	}
	if ((size_t)st.st_size < 2 * (size_t)sysconf(_SC_PAGESIZE)) {
		snprintf(why, WHY_SIZE, "%s: data.mdb is truncated to %lld bytes", e->form->name,
		         (long long)st.st_size);
		return UNCIA_E_DAMAGED;
	}
	*size = (size_t)st.st_size;
	return 0;
}

/* How many pages from `first` to `last` are on LMDB's free list (its database 0: lists of page numbers, each with
 * its count before it). */
static int count_free(MDB_env *env, size_t first, size_t last, size_t *count)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, value;
	size_t found = 0;
	int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (rc)
		return rc;
	rc = mdb_cursor_open(txn, 0, &cursor);
	if (rc) {
		mdb_txn_abort(txn);
		return rc;
	}
	while (!(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) {
		for (size_t at = sizeof(size_t); at + sizeof(size_t) <= value.mv_size; at += sizeof(size_t)) {
			size_t page;
			memcpy(&page, (const uint8_t *)value.mv_data + at, sizeof(page));
			found += page >= first && page <= last;
		}
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	if (rc != MDB_NOTFOUND)
		return rc;
	*count = found;
	return 0;
}

/* Every page that the header counts must lie in the file, or be read as SIGBUS. LMDB itself leaves out trailing
 * pages that a transaction both took and freed; so a short file is lengthened (by a hole), and is whole exactly if
 * all that was missing is on the free list. Otherwise it is left as it was found. */
static int check_length(const struct environment *e, const char *directory, size_t size, char why[WHY_SIZE])
{
	MDB_envinfo info;
	MDB_stat st;
	mdb_env_info(e->env, &info);
	mdb_env_stat(e->env, &st);
	size_t pages = size / st.ms_psize, free_pages = 0;
	if (info.me_last_pgno < pages)
		return 0;
	char path[4300];
	snprintf(path, sizeof(path), "%s/data.mdb", directory);
	if (info.me_last_pgno >= info.me_mapsize / st.ms_psize ||
	    truncate(path, (off_t)((info.me_last_pgno + 1) * st.ms_psize)))
		goto damaged;
	if (!count_free(e->env, pages, info.me_last_pgno, &free_pages) && free_pages == info.me_last_pgno - pages + 1)
		return 0;
	if (truncate(path, (off_t)size))
		return environment_error(e, errno, "putting back the length of data.mdb", why);
damaged:
	snprintf(why, WHY_SIZE, "%s: data.mdb is truncated: %zu of %zu pages", e->form->name, pages,
	         (size_t)info.me_last_pgno + 1);
	return UNCIA_E_DAMAGED;
}

/* LMDB asserts what a damaged page breaks, and would abort: the same as a page that cannot be read, and ended alike. */
static void on_assertion(MDB_env *env, const char *text)
{
	(void)env;
	(void)text;
	raise(SIGBUS);
}

static int open_map(struct environment *e, const char *directory, unsigned flags, size_t map_size)
{
	for (;;) {
		int rc = mdb_env_create(&e->env);
		if (rc) {
			e->env = NULL;
			return rc;
		}
		rc = mdb_env_set_assert(e->env, on_assertion);
		if (!rc)
			rc = mdb_env_set_maxdbs(e->env, TABLES_MAX);
		if (!rc)
			rc = mdb_env_set_mapsize(e->env, map_size);
		if (!rc)
			rc = mdb_env_open(e->env, directory, flags, 0600);
		if (!rc)
			return 0;
		mdb_env_close(e->env);
		e->env = NULL;
		if (rc != ENOMEM || map_size <= MAP_SIZE_MIN)
			return rc;
		map_size /= MAP_STEP;
	}
}

static int open_tables(struct environment *e, bool create)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(e->env, NULL, create ? 0 : MDB_RDONLY, &txn);
	for (unsigned i = 0; !rc && i < e->form->table_count; i++) {
		unsigned flags = (create ? MDB_CREATE : 0) | (e->form->tables[i].integer_key ? MDB_INTEGERKEY : 0);
		rc = mdb_dbi_open(txn, e->form->tables[i].name, flags, &e->tables[i]);
		if (rc)
			mdb_txn_abort(txn);
	}
	return rc ? rc : mdb_txn_commit(txn); /* a reader's commit keeps the handles */
}

int environment_open(struct environment *e, const struct environment_form *form, const char *directory,
                     enum environment_mode mode, size_t map_size, char why[WHY_SIZE])
{
	size_t size = 0;
	*e = (struct environment){.form = form, .seal = -1};
	if (mode != ENVIRONMENT_CREATE) {
		int error = check_file(e, directory, &size, why);
		if (error)
			return error;
	}
	if (!map_size) {
		for (map_size = MAP_SIZE; map_size / 2 < size;)
			map_size *= 2;
	}
	/* storage §2: default flags and NOTLS (the loop's transaction belongs to no thread): never NOSYNC,
	 * NOMETASYNC, MAPASYNC or WRITEMAP. A reader needs no lock file: the home's lock keeps writers out. */
	int rc = open_map(e, directory, MDB_NOTLS | (mode == ENVIRONMENT_READ ? MDB_RDONLY | MDB_NOLOCK : 0), map_size);
	if (rc)
		return environment_error(e, rc, "opening", why);
	if (mode != ENVIRONMENT_CREATE) {
		int error = check_length(e, directory, size, why);
		if (error)
			return error;
	}
	/* storage §7: a process that was killed while it synced leaves a commit that is seen, but not durable. */
	if (mode == ENVIRONMENT_WRITE && (rc = mdb_env_sync(e->env, 1)) != 0)
		return environment_error(e, rc, "syncing what was found", why);
	rc = open_tables(e, mode == ENVIRONMENT_CREATE);
	if (rc)
		return environment_error(e, rc, "opening the tables", why);
	rc = seal_open(e, directory, mode == ENVIRONMENT_CREATE, mode != ENVIRONMENT_READ);
	if (rc == ENOENT) {
		snprintf(why, WHY_SIZE, "%s: its seal is missing", e->form->name);
		return UNCIA_E_DAMAGED;
	}
	return rc ? environment_error(e, rc, "opening its seal", why) : 0;
}

void environment_close(struct environment *e)
{
	if (e->view)
		mdb_txn_abort(e->view);
	if (e->env)
		mdb_env_close(e->env);
	if (e->env && e->seal >= 0)
		close(e->seal);
	*e = (struct environment){.form = e->form, .seal = -1};
}

int environment_renew(struct environment *e, char why[WHY_SIZE])
{
	int rc;
	if (!e->view) {
		rc = mdb_txn_begin(e->env, NULL, MDB_RDONLY, &e->view);
	} else {
		mdb_txn_reset(e->view);
		rc = mdb_txn_renew(e->view);
	}
	return rc ? environment_error(e, rc, "renewing the view", why) : 0;
}

uint64_t environment_room(const struct environment *e)
{
	MDB_envinfo info;
	MDB_stat st;
	mdb_env_info(e->env, &info);
	mdb_env_stat(e->env, &st);
	uint64_t used = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize, limit = info.me_mapsize / 10 * 9;
	return used < limit ? limit - used : 0;
}

int record_damaged(const struct environment *e, unsigned table, const void *key, size_t key_size, char why[WHY_SIZE])
{
	char text[2 * 48 + 1] = "";
	uint64_t number;
	if (e->form->tables[table].integer_key && key_size == sizeof(number)) {
		memcpy(&number, key, sizeof(number));
		snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	} else {
		for (size_t i = 0; i < key_size && i < 48; i++)
			snprintf(text + 2 * i, 3, "%02x", ((const uint8_t *)key)[i]);
	}
	snprintf(why, WHY_SIZE, "%s: the record %s in table %s does not match its checksum", e->form->name, text,
	         e->form->tables[table].name);
	return UNCIA_E_DAMAGED;
}

static int record_check(const struct environment *e, unsigned table, const MDB_val *key, const MDB_val *value,
                        struct bytes *payload, char why[WHY_SIZE])
{
	const struct place place = {e->form->letter, (uint8_t)table, key->mv_data, key->mv_size};
	if (key->mv_size > JOURNAL_KEY_MAX || record_read(&place, value->mv_data, value->mv_size, payload))
		return record_damaged(e, table, key->mv_data, key->mv_size, why);
	return 0;
}

/* A neighbour of a key that was not found: a whole record, on the right side of it. */
static int check_neighbour(const struct environment *e, MDB_txn *txn, unsigned table, const MDB_val *key,
                           const MDB_val *found, const MDB_val *value, bool behind, char why[WHY_SIZE])
{
	struct bytes payload;
	int order = mdb_cmp(txn, e->tables[table], found, key);
	if (behind ? order <= 0 : order >= 0) {
		snprintf(why, WHY_SIZE, "%s: table %s is out of order", e->form->name, e->form->tables[table].name);
		return UNCIA_E_DAMAGED;
	}
	return record_check(e, table, found, value, &payload, why);
}

/* storage §3: a key that is damaged hides its record, or another one that the search passes it for. Then one of the two
 * records between which the search ended is it, and does not match its checksum, or is out of order. */
static int check_absence(const struct environment *e, MDB_txn *txn, unsigned table, const MDB_val *key,
                         char why[WHY_SIZE])
{
	MDB_cursor *cursor;
	MDB_val found = *key, value;
	int error = UNCIA_E_NOT_FOUND, rc = mdb_cursor_open(txn, e->tables[table], &cursor);
	if (rc)
		return environment_error(e, rc, "reading", why);
	rc = mdb_cursor_get(cursor, &found, &value, MDB_SET_RANGE);
	bool last = rc == MDB_NOTFOUND;
	if (!rc && check_neighbour(e, txn, table, key, &found, &value, true, why))
		error = UNCIA_E_DAMAGED;
	if (!rc || last)
		rc = mdb_cursor_get(cursor, &found, &value, last ? MDB_LAST : MDB_PREV);
	if (!rc && error != UNCIA_E_DAMAGED && check_neighbour(e, txn, table, key, &found, &value, false, why))
		error = UNCIA_E_DAMAGED;
	if (rc && rc != MDB_NOTFOUND)
		error = environment_error(e, rc, "reading", why);
	mdb_cursor_close(cursor);
	return error;
}

int record_get(const struct environment *e, MDB_txn *txn, unsigned table, const void *key, size_t key_size,
               struct bytes *payload, char why[WHY_SIZE])
{
	assert(table < e->form->table_count);
	MDB_val k = {key_size, (void *)(uintptr_t)key}, v;
	int rc = mdb_get(txn, e->tables[table], &k, &v);
	if (rc == MDB_NOTFOUND)
		return check_absence(e, txn, table, &k, why);
	return rc ? environment_error(e, rc, "reading", why) : record_check(e, table, &k, &v, payload, why);
}

int record_seek(const struct environment *e, MDB_cursor *cursor, unsigned table, MDB_cursor_op op, MDB_val *key,
                struct bytes *payload, char why[WHY_SIZE])
{
	MDB_val value;
	int rc = mdb_cursor_get(cursor, key, &value, op);
	if (rc == MDB_NOTFOUND)
		return UNCIA_E_NOT_FOUND;
	return rc ? environment_error(e, rc, "reading", why) : record_check(e, table, key, &value, payload, why);
}

int record_put(const struct environment *e, MDB_txn *txn, MDB_cursor *cursor, unsigned table, const void *key,
               size_t key_size, const void *payload, size_t payload_size, unsigned flags)
{
	const struct place place = {e->form->letter, (uint8_t)table, key, key_size};
	MDB_val k = {key_size, (void *)(uintptr_t)key}, v = {payload_size + RECORD_OVERHEAD, NULL};
	flags |= MDB_RESERVE;
	int rc = cursor ? mdb_cursor_put(cursor, &k, &v, flags) : mdb_put(txn, e->tables[table], &k, &v, flags);
	if (!rc)
		record_write(&place, payload, payload_size, v.mv_data);
	return rc;
}
