/* The number of a home's format, and the way from one to the next (docs/spec/storage.md §9): looked at before anything
 * is opened for writing, so that a home of another release is left as it is. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "big_endian.h"
#include "record.h"
#include "store_private.h"
#include "uncia/error.h"

uint32_t store_format_known(void)
{
	return FORMAT;
}

/* Formats before 4 were of networks that cannot be gone on with. */
const struct store_step *store_steps(size_t *count)
{
	*count = 0;
	return NULL;
}

/* Whether all that the newest header counts is in the file: reading beyond its end would end the process. */
static bool file_is_long(MDB_env *env, const char *directory)
{
	char path[PATH_SIZE + 16];
	struct stat file;
	MDB_envinfo info;
	MDB_stat st;
	snprintf(path, sizeof(path), "%s/data.mdb", directory);
	mdb_env_info(env, &info);
	mdb_env_stat(env, &st);
	return !stat(path, &file) && info.me_last_pgno < (uint64_t)file.st_size / st.ms_psize;
}

/* What stays the same in every format: the table `meta`, the frame of records, and the first four bytes of the
 * identity. Returns whether it was there. */
static bool read_format(MDB_env *env, const struct environment_form *form, uint32_t *format)
{
	const struct place place = {form->letter, TABLE_META, META_IDENTITY, sizeof(META_IDENTITY) - 1};
	MDB_val key = {sizeof(META_IDENTITY) - 1, META_IDENTITY}, value;
	struct bytes payload;
	MDB_txn *txn;
	MDB_dbi table;
	if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn))
		return false;
	bool found = !mdb_dbi_open(txn, form->tables[TABLE_META].name, 0, &table) &&
	             !mdb_get(txn, table, &key, &value) &&
	             !record_read(&place, value.mv_data, value.mv_size, &payload) && payload.size >= 4;
	if (found)
		*format = be32_get(payload.data);
	mdb_txn_abort(txn);
	return found;
}

/* The format that the identity of this part of the home states, whatever else may have changed; nothing is opened for
 * writing. *format is left as it was where it cannot be told: then opening says why. */
static void format_look(const char *home, const struct environment_form *form, uint32_t *format)
{
	char name[32], path[PATH_SIZE];
	struct stat st;
	MDB_env *env;
	snprintf(name, sizeof(name), "data/%s", form->name);
	/* LMDB takes an empty file for a new database. */
	if (home_path(home, name, path) || stat(path, &st) || mdb_env_create(&env))
		return;
	if (!mdb_env_set_maxdbs(env, TABLES_MAX) &&
	    !mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0600) && file_is_long(env, path))
		read_format(env, form, format);
	mdb_env_close(env);
}

uint32_t store_format(const char *home)
{
	uint32_t format = 0;
	format_look(home, &journal_form, &format);
	return format;
}

int format_check(const char *home, uint32_t format, char why[WHY_SIZE])
{
	const struct environment_form *forms[] = {&journal_form, &state_form};
	for (size_t i = 0; i < 2; i++) {
		uint32_t found = format;
		format_look(home, forms[i], &found);
		if (found == format)
			continue;
		snprintf(why, WHY_SIZE, "%s: its format is %u, this program knows %u", forms[i]->name, found, format);
		return found > format ? UNCIA_E_NEWER : UNCIA_E_VERSION;
	}
	return 0;
}
