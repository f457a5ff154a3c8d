/* Opening an LMDB environment so that nothing damaged is taken for whole; its view; its commits, one after the other
 * until one fails. */
#include "environment.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "uncia/error.h"

/* The map is address space, neither memory nor disk. It cannot be resized while a transaction is open anywhere in the
 * process, and the view always is. So it is large from the start, and at the start after half of it is used twice as
 * large. Where address space is rationed (ulimit -v), it is smaller. */
#define MAP_SIZE     ((size_t)256 << 30)
#define MAP_SIZE_MIN ((size_t)1 << 30)
#define MAP_STEP     16
#define FILE_PATH    4300

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

/* The one function that changes the state. */
static void environment_move(struct environment *e, enum environment_state to)
{
	static const unsigned char allowed[] = {
	    [ENVIRONMENT_CLOSED] = 1 << ENVIRONMENT_IDLE,
	    [ENVIRONMENT_IDLE] = 1 << ENVIRONMENT_COMMITTING | 1 << ENVIRONMENT_CLOSED,
	    [ENVIRONMENT_COMMITTING] = 1 << ENVIRONMENT_IDLE | 1 << ENVIRONMENT_BROKEN,
	    [ENVIRONMENT_BROKEN] = 1 << ENVIRONMENT_CLOSED,
	};
	assert(e->state <= ENVIRONMENT_BROKEN && to <= ENVIRONMENT_BROKEN);
	assert(allowed[e->state] & 1 << to);
	e->state = to;
}

/* LMDB takes an empty file for a new database, and reads beyond the end of a short one. */
static int check_file(const struct environment *e, const char *directory, size_t *size, char why[WHY_SIZE])
{
	char path[FILE_PATH];
	struct stat st;
	snprintf(path, sizeof(path), "%s/data.mdb", directory);
	if (stat(path, &st)) {
		if (errno == ENOENT) {
			snprintf(why, WHY_SIZE, "%s: data.mdb is missing%s", e->form->name,
			         e->form == &state_form
			             ? ". The journal of votes is there, keep it: put data/state back "
			               "from any copy of this home, however old"
			             : "");
			return UNCIA_E_DAMAGED;
		}
		return environment_error(e, errno, "looking at data.mdb", why);
	}
	if ((size_t)st.st_size < 2 * (size_t)sysconf(_SC_PAGESIZE)) {
		snprintf(why, WHY_SIZE, "%s: data.mdb is truncated to the size %lld", e->form->name,
		         (long long)st.st_size);
		return UNCIA_E_DAMAGED;
	}
	*size = (size_t)st.st_size;
	return 0;
}

/* Counts the pages from `first` to `last` that are on LMDB's free list (its database 0: lists of page numbers, each
 * with its count before it). Returns LMDB's code. */
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

/* Every page that the header counts must lie in the file: reading one that does not raises SIGBUS. LMDB itself leaves
 * out trailing pages that a transaction both took and freed. So a short file is lengthened by a hole, and is whole
 * exactly if all pages that were missing are on the free list. Otherwise it is truncated again to the length it had. */
static int check_length(const struct environment *e, const char *directory, size_t size, char why[WHY_SIZE])
{
	MDB_envinfo info;
	MDB_stat st;
	mdb_env_info(e->env, &info);
	mdb_env_stat(e->env, &st);
	size_t pages = size / st.ms_psize, free_pages = 0;
	if (info.me_last_pgno < pages)
		return 0;
	char path[FILE_PATH];
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

/* LMDB asserts what a damaged page breaks, and would abort. Such a page is treated as one that cannot be read. */
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
	assert(form->table_count > 0 && form->table_count <= TABLES_MAX);
	*e = (struct environment){.form = form, .mode = mode, .seal = -1, .process = getpid()};
	if (mode != ENVIRONMENT_CREATE) {
		int error = check_file(e, directory, &size, why);
		if (error)
			return error;
	}
	if (!map_size) {
		for (map_size = MAP_SIZE; map_size / 2 < size;)
			map_size *= 2;
	}
	/* storage §2: default flags and NOTLS (the view belongs to no thread); never NOSYNC, NOMETASYNC, MAPASYNC or
	 * WRITEMAP. A reader needs no lock file, since the home's lock keeps writers out; one beside a writer is known
	 * to it by that file. */
	static const unsigned flags[] = {
	    [ENVIRONMENT_READ] = MDB_RDONLY | MDB_NOLOCK,
	    [ENVIRONMENT_BESIDE] = MDB_RDONLY,
	};
	int rc = open_map(e, directory, MDB_NOTLS | flags[mode], map_size);
	if (rc)
		return environment_error(e, rc, "opening", why);
	environment_find_map(e);
	environment_forget_readers(e);
	if (mode == ENVIRONMENT_WRITE || mode == ENVIRONMENT_READ) {
		int error = check_length(e, directory, size, why);
		if (error)
			return error;
	}
	/* storage §7: a process that was killed while it synced leaves a commit that is visible, but not durable. */
	if (mode == ENVIRONMENT_WRITE && (rc = header_renew(e)) != 0)
		return environment_error(e, rc, "syncing what was found", why);
	rc = open_tables(e, mode == ENVIRONMENT_CREATE);
	if (rc)
		return environment_error(e, rc, "opening the tables", why);
	rc = seal_open(e, directory);
	if (rc == ENOENT) {
		snprintf(why, WHY_SIZE, "%s: its seal is missing", e->form->name);
		return UNCIA_E_DAMAGED;
	}
	if (rc)
		return environment_error(e, rc, "opening its seal", why);
	environment_move(e, ENVIRONMENT_IDLE);
	return 0;
}

void environment_close(struct environment *e)
{
	assert(e->state != ENVIRONMENT_COMMITTING);
	if (e->probe)
		mdb_txn_abort(e->probe);
	if (e->view)
		mdb_txn_abort(e->view);
	if (e->env)
		mdb_env_close(e->env);
	if (e->env && e->seal >= 0)
		close(e->seal);
	if (e->state != ENVIRONMENT_CLOSED)
		environment_move(e, ENVIRONMENT_CLOSED);
	*e = (struct environment){.form = e->form, .seal = -1};
}

/* Begins the reading transaction, or ends it and begins it anew. Returns LMDB's code. */
static int reader_renew(const struct environment *e, MDB_txn **reader)
{
	if (!*reader)
		return mdb_txn_begin(e->env, NULL, MDB_RDONLY, reader);
	mdb_txn_reset(*reader);
	return mdb_txn_renew(*reader);
}

int environment_renew(struct environment *e, char why[WHY_SIZE])
{
	uint64_t newest;
	int rc;
	assert(e->env && e->seal >= 0);
	assert(e->process == getpid());
	do {
		rc = reader_renew(e, &e->view);
		newest = rc ? 0 : mdb_txn_id(e->view);
		/* LMDB takes the number of the newest commit, and then the meta page of that number; where this thread
		 * stands still in between, the second commit behind that one may be writing its own there, which is not
		 * durable yet and not shown to a later view. While the number is the newest that page is not written.
		 */
		if (!rc && e->mode != ENVIRONMENT_READ) { /* there nobody commits */
			rc = reader_renew(e, &e->probe);
			if (!rc) {
				newest = mdb_txn_id(e->probe);
				mdb_txn_reset(e->probe);
			}
		}
	} while (!rc && newest != mdb_txn_id(e->view));
	return rc ? environment_error(e, rc, "renewing the view", why) : 0;
}

void environment_use(const struct environment *e, uint64_t *used, uint64_t *size)
{
	MDB_envinfo info;
	MDB_stat st;
	assert(e->env);
	mdb_env_info(e->env, &info);
	mdb_env_stat(e->env, &st);
	*used = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize;
	*size = info.me_mapsize;
}

uint64_t environment_room(const struct environment *e)
{
	uint64_t used, size;
	environment_use(e, &used, &size);
	uint64_t limit = size / 10 * 9;
	return used < limit ? limit - used : 0;
}

void environment_forget_readers(const struct environment *e)
{
	int dead;
	mdb_reader_check(e->env, &dead);
}

int environment_begin(struct environment *e, MDB_txn **txn, char why[WHY_SIZE])
{
	assert(e->mode < ENVIRONMENT_READ);
	assert(e->process == getpid());
	if (e->state == ENVIRONMENT_BROKEN) {
		snprintf(why, WHY_SIZE, "%s: an earlier commit failed", e->form->name);
		return UNCIA_E_IO;
	}
	/* One at a time: a second thread in here would find COMMITTING. */
	environment_move(e, ENVIRONMENT_COMMITTING);
	int rc = mdb_txn_begin(e->env, NULL, 0, txn);
	if (!rc)
		return 0;
	environment_move(e, ENVIRONMENT_BROKEN);
	return environment_error(e, rc, "beginning a commit", why);
}

int environment_commit(struct environment *e, MDB_txn *txn, int rc, char why[WHY_SIZE])
{
	assert(e->state == ENVIRONMENT_COMMITTING && mdb_txn_env(txn) == e->env);
	uint64_t number = mdb_txn_id(txn);
	if (!rc)
		rc = seal_put_number(e, txn);
	if (rc)
		mdb_txn_abort(txn);
	else
		rc = mdb_txn_commit(txn);
	if (!rc)
		rc = seal_write(e, number);
	environment_move(e, rc ? ENVIRONMENT_BROKEN : ENVIRONMENT_IDLE);
	return rc ? environment_error(e, rc, "committing", why) : 0;
}

void environment_abandon(struct environment *e, MDB_txn *txn)
{
	assert(e->state == ENVIRONMENT_COMMITTING && mdb_txn_env(txn) == e->env);
	mdb_txn_abort(txn);
	environment_move(e, ENVIRONMENT_IDLE);
}

int environment_fail(struct environment *e, MDB_txn *txn, int error)
{
	assert(error && e->state == ENVIRONMENT_COMMITTING && mdb_txn_env(txn) == e->env);
	mdb_txn_abort(txn);
	environment_move(e, ENVIRONMENT_BROKEN);
	return error;
}
