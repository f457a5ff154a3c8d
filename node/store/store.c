/* Opening a home, its view, its space, and the walk over every record. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "store_private.h"
#include "uncia/error.h"

static int open_one(struct store *s, struct environment *e, const struct environment_form *form,
                    const struct hash *network_id, const uint8_t consensus_key[32], size_t map_size, char why[WHY_SIZE])
{
	char name[32], path[PATH_SIZE];
	snprintf(name, sizeof(name), "data/%s", form->name);
	int error = home_path(s->home, name, path);
	if (!error)
		error =
		    environment_open(e, form, path, s->read_only ? ENVIRONMENT_READ : ENVIRONMENT_WRITE, map_size, why);
	if (!error)
		error = environment_renew(e, why);
	bool current = false;
	if (!error)
		error = seal_check(e, &current, why);
	if (!error && !current && !s->read_only) {
		int rc = seal_write(e, mdb_txn_id(e->view));
		if (rc)
			error = environment_error(e, rc, "sealing what was found", why);
	}
	if (!error)
		error = identity_check(e, network_id, consensus_key, why);
	return error;
}

int store_open_sized(const char *home, const struct hash *network_id, const uint8_t consensus_key[32], bool read_only,
                     size_t map_size, struct store **store, char why[WHY_SIZE])
{
	char path[PATH_SIZE];
	struct stat st;
	struct store *s = calloc(1, sizeof(*s));
	if (!s) {
		snprintf(why, WHY_SIZE, "out of memory");
		return UNCIA_E_MEMORY;
	}
	s->lock = -1;
	s->read_only = read_only;
	int error = 0;
	if (snprintf(s->home, sizeof(s->home), "%s", home) >= (int)sizeof(s->home) || home_path(home, "data", path)) {
		snprintf(why, WHY_SIZE, "the path of the home is too long");
		error = UNCIA_E_ARGUMENT;
	} else if (stat(path, &st)) {
		if (errno == ENOENT)
			snprintf(why, WHY_SIZE, "no ledger in %.180s: run unciad init", home);
		else
			snprintf(why, WHY_SIZE, "%.180s: %s", path, strerror(errno));
		error = errno == ENOENT ? UNCIA_E_NOT_FOUND : UNCIA_E_IO;
	}
	if (!error)
		error = home_lock(home, &s->lock, why);
	/* storage §6: the creation may have been killed before its last step. */
	if (!error && !read_only && (error = home_sync(home, ".")) != 0)
		snprintf(why, WHY_SIZE, "%.180s: %s", home, strerror(errno));
	if (!error)
		error = open_one(s, &s->journal, &journal_form, network_id, consensus_key, map_size, why);
	if (!error)
		error = open_one(s, &s->state, &state_form, network_id, consensus_key, map_size, why);
	if (error) {
		store_close(s);
		return error;
	}
	*store = s;
	return 0;
}

int store_open(const char *home, const struct hash *network_id, const uint8_t consensus_key[32], bool read_only,
               struct store **store, char why[256])
{
	return store_open_sized(home, network_id, consensus_key, read_only, 0, store, why);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	environment_close(&store->state);
	environment_close(&store->journal);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
}

void store_view(struct store *store, struct storage_view *view)
{
	*view = (struct storage_view){
	    .context = store,
	    .meta = state_view_meta,
	    .group = state_view_group,
	    .address = state_view_address,
	    .payment = state_view_payment,
	    .orphan = state_view_orphan,
	    .journal_get = journal_view_get,
	    .journal_seek = journal_view_seek,
	    .journal_last = journal_view_last,
	};
}

int store_view_renew(struct store *store)
{
	int error = environment_renew(&store->journal, store->damage);
	return error ? error : environment_renew(&store->state, store->damage);
}

int store_view_renew_journal(struct store *store)
{
	return environment_renew(&store->journal, store->damage);
}

const char *store_damage(const struct store *store)
{
	return store->damage;
}

int store_space(const struct store *store, uint64_t *free_bytes)
{
	struct statvfs fs;
	if (statvfs(store->home, &fs))
		return UNCIA_E_IO;
	uint64_t space = (uint64_t)fs.f_bavail * fs.f_frsize;
	uint64_t journal = environment_room(&store->journal), state = environment_room(&store->state);
	if (journal < space)
		space = journal;
	*free_bytes = state < space ? state : space;
	return 0;
}

static int check_table(const struct environment *e, unsigned table, uint64_t *records, char why[WHY_SIZE])
{
	MDB_cursor *cursor;
	MDB_val key, before = {0, NULL};
	MDB_stat st;
	struct bytes payload;
	uint64_t count = 0;
	int rc = mdb_stat(e->view, e->tables[table], &st);
	if (!rc)
		rc = mdb_cursor_open(e->view, e->tables[table], &cursor);
	if (rc)
		return environment_error(e, rc, "reading", why);
	while (!(rc = record_seek(e, cursor, table, MDB_NEXT, &key, &payload, why))) {
		/* A page in another's place has records that are whole. */
		if (count++ && mdb_cmp(e->view, e->tables[table], &key, &before) <= 0) {
			snprintf(why, WHY_SIZE, "%s: table %s is out of order", e->form->name,
			         e->form->tables[table].name);
			rc = UNCIA_E_DAMAGED;
			break;
		}
		before = key;
	}
	mdb_cursor_close(cursor);
	if (rc != UNCIA_E_NOT_FOUND)
		return rc;
	/* A page that has lost some of its keys betrays itself by nothing else. */
	if (count != st.ms_entries) {
		snprintf(why, WHY_SIZE, "%s: table %s holds %llu records, and should %llu", e->form->name,
		         e->form->tables[table].name, (unsigned long long)count, (unsigned long long)st.ms_entries);
		return UNCIA_E_DAMAGED;
	}
	*records += count;
	return 0;
}

int store_check_records(struct store *store, uint64_t *records, char why[256])
{
	const struct environment *environments[] = {&store->journal, &store->state};
	uint64_t count = 0;
	for (size_t i = 0; i < 2; i++) {
		for (unsigned table = 0; table < environments[i]->form->table_count; table++) {
			int error = check_table(environments[i], table, &count, why);
			if (error)
				return error;
		}
	}
	*records = count;
	return 0;
}
