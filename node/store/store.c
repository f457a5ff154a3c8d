/* A home as a whole: opening and closing it, its view, its free space, the walk over every record. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "records.h"
#include "store_private.h"
#include "uncia/error.h"

static int open_environment(struct store *s, struct environment *e, const struct environment_form *form,
                            const struct store_options *options, char why[WHY_SIZE])
{
	char name[32], path[PATH_SIZE];
	snprintf(name, sizeof(name), "data/%s", form->name);
	int error = home_path(s->home, name, path);
	if (!error)
		error = environment_open(e, form, path,
		                         s->beside      ? ENVIRONMENT_BESIDE
		                         : s->read_only ? ENVIRONMENT_READ
		                                        : ENVIRONMENT_WRITE,
		                         options->map_size, why);
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
		error = identity_check(e, options, why);
	if (!error && form == &journal_form)
		error = journal_open(s, path, why);
	return error;
}

/* Whether there is a home whose creation was completed. */
static int find_home(struct store *s, const char *home, char why[WHY_SIZE])
{
	char path[PATH_SIZE];
	struct stat st;
	if (snprintf(s->home, sizeof(s->home), "%s", home) >= (int)sizeof(s->home) || home_path(home, "data", path)) {
		snprintf(why, WHY_SIZE, "the path of the home is too long");
		return UNCIA_E_ARGUMENT;
	}
	if (!stat(path, &st))
		return 0;
	if (errno == ENOENT) {
		snprintf(why, WHY_SIZE, "no data/ in %.180s", home);
		return UNCIA_E_NOT_FOUND;
	}
	snprintf(why, WHY_SIZE, "%.180s: %s", path, strerror(errno));
	return UNCIA_E_IO;
}

int store_open_options(const struct store_options *options, struct store **store, char why[WHY_SIZE])
{
	assert(options->home && options->network_id && options->consensus_key);
	struct store *s = calloc(1, sizeof(*s));
	if (!s) {
		snprintf(why, WHY_SIZE, "out of memory");
		return UNCIA_E_MEMORY;
	}
	s->lock = -1;
	pthread_mutex_init(&s->checkpoint, NULL); /* which never fails on Linux */
	s->read_only = options->read_only;
	s->beside = options->beside;
	assert(s->read_only || !s->beside);
	int error = find_home(s, options->home, why);
	if (!error && !s->beside)
		error = home_lock(s->home, &s->lock, why);
	/* Before anything of it is opened for writing. */
	if (!error)
		error = format_check(s->home, options->format ? options->format : FORMAT, why);
	/* storage §6: the creation may have been killed before its last step. */
	if (!error && !s->read_only && (error = home_sync(s->home, ".")) != 0)
		snprintf(why, WHY_SIZE, "%.180s: %s", s->home, strerror(errno));
	if (!error)
		error = open_environment(s, &s->journal, &journal_form, options, why);
	if (!error && !options->journal_alone)
		error = open_environment(s, &s->state, &state_form, options, why);
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
	const struct store_options options = {
	    .home = home, .network_id = network_id, .consensus_key = consensus_key, .read_only = read_only};
	return store_open_options(&options, store, why);
}

int store_open_journal(const char *home, const struct hash *network_id, const uint8_t consensus_key[32],
                       struct store **store, char why[256])
{
	const struct store_options options = {
	    .home = home, .network_id = network_id, .consensus_key = consensus_key, .journal_alone = true};
	return store_open_options(&options, store, why);
}

int store_open_beside(const char *home, const struct hash *network_id, const uint8_t consensus_key[32], uint64_t newest,
                      struct store **store, char why[256])
{
	const struct store_options options = {.home = home,
	                                      .network_id = network_id,
	                                      .consensus_key = consensus_key,
	                                      .read_only = true,
	                                      .beside = newest};
	assert(newest > 0);
	return store_open_options(&options, store, why);
}

int store_open_older(const char *home, const struct hash *network_id, const uint8_t consensus_key[32], uint32_t format,
                     struct store **store, char why[256])
{
	const struct store_options options = {.home = home,
	                                      .network_id = network_id,
	                                      .consensus_key = consensus_key,
	                                      .read_only = true,
	                                      .format = format};
	return store_open_options(&options, store, why);
}

void store_forget_readers(struct store *store)
{
	environment_forget_readers(&store->journal);
	environment_forget_readers(&store->state);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	journal_close(store);
	environment_close(&store->state);
	environment_close(&store->journal);
	pthread_mutex_destroy(&store->checkpoint);
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
	assert(store->lock >= 0);
	int error = journal_renew(store, store->damage);
	return error ? error : environment_renew(&store->state, store->damage);
}

int store_view_renew_journal(struct store *store)
{
	return journal_renew(store, store->damage);
}

const char *store_damage(const struct store *store)
{
	return store->damage;
}

int store_space(struct store *store, uint64_t *free_bytes)
{
	struct statvfs fs;
	if (statvfs(store->home, &fs))
		return UNCIA_E_IO;
	uint64_t space = (uint64_t)fs.f_bavail * fs.f_frsize;
	uint64_t journal = environment_room(&store->journal), state = environment_room(&store->state);
	if (journal < space)
		space = journal;
	/* What waits in the log has its place in the map, and on the disk, already. */
	uint64_t waiting = wal_waiting(&store->wal);
	space = space > waiting ? space - waiting : 0;
	*free_bytes = state < space ? state : space;
	return 0;
}

void store_measure(struct store *store, struct store_use *use)
{
	environment_use(&store->journal, &use->journal_used, &use->journal_size);
	environment_use(&store->state, &use->state_used, &use->state_size);
	use->log_waiting = wal_waiting(&store->wal);
}

void store_watch(struct store *store, bool (*watch)(void *context), void *context)
{
	store->journal.watch = store->state.watch = watch;
	store->journal.watch_context = store->state.watch_context = context;
}

#define WATCH_RECORDS 4096u /* between two calls of the watch */

int table_check(const struct environment *e, unsigned table, uint64_t *records, char why[WHY_SIZE])
{
	struct record_cursor cursor;
	MDB_val key, before = {0, NULL};
	MDB_stat st;
	struct bytes payload;
	uint64_t count = 0;
	int rc = mdb_stat(e->view, e->tables[table], &st);
	if (rc)
		return environment_error(e, rc, "reading", why);
	int error = records_open(e, e->view, table, &cursor, why);
	if (error)
		return error;
	while (!(error = records_seek(&cursor, MDB_NEXT, &key, &payload, why))) {
		/* The records of a page that lies in another one's place are whole, but out of order. */
		if (count++ && mdb_cmp(e->view, e->tables[table], &key, &before) <= 0) {
			snprintf(why, WHY_SIZE, "%s: table %s is out of order", e->form->name,
			         e->form->tables[table].name);
			error = UNCIA_E_DAMAGED;
			break;
		}
		before = key;
		if (count % WATCH_RECORDS == 0 && e->watch && !e->watch(e->watch_context)) {
			snprintf(why, WHY_SIZE, "%s: the check was ended", e->form->name);
			error = UNCIA_E_CLOSED;
			break;
		}
	}
	records_close(&cursor);
	if (error != UNCIA_E_NOT_FOUND)
		return error;
	/* Nothing else tells of a page that has lost some of its keys. */
	if (count != st.ms_entries) {
		snprintf(why, WHY_SIZE, "%s: table %s holds %llu record%s, and should %llu", e->form->name,
		         e->form->tables[table].name, (unsigned long long)count, count == 1 ? "" : "s",
		         (unsigned long long)st.ms_entries);
		return UNCIA_E_DAMAGED;
	}
	*records += count;
	return 0;
}

int store_check_records(struct store *store, uint64_t *records, char why[256])
{
	const struct environment *environments[] = {&store->journal, &store->state};
	uint64_t counts[2] = {0, 0}, journal = 0;
	assert(store->journal.view && store->state.view);
	for (size_t i = 0; i < 2; i++) {
		for (unsigned table = 0; table < environments[i]->form->table_count; table++) {
			int error = table_check(environments[i], table, &counts[i], why);
			if (error)
				return error;
		}
	}
	int error = journal_count(store, counts[0], &journal, why);
	if (!error)
		*records = journal + counts[1];
	return error;
}
