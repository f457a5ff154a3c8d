/* Opens one home after the other, given on standard input, as `unciad start` does, and says on a line what is in it:
 * the digests of all records of the journal and of the state, or why it is refused. Before that it writes into the
 * journal, and looks whether all that was there still is. With a directory for its argument, it also audits each home
 * in there, and says the height and the number of payments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit.h"
#include "hash.h"
#include "records.h"
#include "store_private.h"
#include "uncia/error.h"

#define WRITES    4
#define BODY_SIZE 30000

static uint8_t own_key[JOURNAL_KEY_MAX] = "what image_check writes";

static void add_record(struct hasher *hasher, unsigned table, struct bytes key, struct bytes value)
{
	const uint64_t sizes[] = {table, key.size, value.size};
	hasher_add(hasher, sizes, sizeof(sizes));
	hasher_add(hasher, key.data, key.size);
	hasher_add(hasher, value.data, value.size);
}

/* Of every record that the journal's view shows, of log and database; those under our own key are left out. */
static int journal_digest(struct store *store, struct hash *sum, char why[WHY_SIZE])
{
	struct hasher hasher;
	struct storage_view view;
	struct bytes key, value;
	store_view(store, &view);
	hasher_init(&hasher, HASH_RECORD);
	for (unsigned table = 1; table < JOURNAL_TABLES; table++) {
		uint8_t next[JOURNAL_KEY_MAX + 1] = {0};
		size_t size = 0;
		int error;
		while (!(error = view.journal_seek(view.context, table, next, size, &key, &value))) {
			if (key.size != sizeof(own_key) || memcmp(key.data, own_key, sizeof(own_key)) != 0)
				add_record(&hasher, table, key, value);
			memcpy(next, key.data, key.size);
			next[key.size] = 0;
			size = key.size + 1;
		}
		if (error != UNCIA_E_NOT_FOUND) {
			snprintf(why, WHY_SIZE, "%s", store_damage(store));
			return error;
		}
	}
	hasher_end(&hasher, sum);
	return 0;
}

static int state_digest(struct store *store, struct hash *sum, char why[WHY_SIZE])
{
	const struct environment *e = &store->state;
	struct hasher hasher;
	struct record_cursor cursor;
	hasher_init(&hasher, HASH_RECORD);
	for (unsigned table = 0; table < e->form->table_count; table++) {
		struct bytes payload;
		MDB_val key;
		int error = records_open(e, e->view, table, &cursor, why);
		if (error)
			return error;
		while (!(error = records_seek(&cursor, MDB_NEXT, &key, &payload, why)))
			add_record(&hasher, table, (struct bytes){key.mv_data, key.mv_size}, payload);
		records_close(&cursor);
		if (error != UNCIA_E_NOT_FOUND)
			return error;
	}
	hasher_end(&hasher, sum);
	return 0;
}

static int digests(struct store *store, struct hash sums[2], char why[WHY_SIZE])
{
	int error = store_view_renew(store);
	if (!error)
		error = journal_digest(store, &sums[0], why);
	if (!error)
		error = state_digest(store, &sums[1], why);
	return error;
}

/* What it writes takes pages that LMDB holds for free: if any of them is not, something else is gone afterwards. */
static int write_on(struct store *store, char why[WHY_SIZE])
{
	static uint8_t body[BODY_SIZE];
	const struct journal_write write = {JOURNAL_EVIDENCE, own_key, body, sizeof(own_key), sizeof(body), 0};
	int error = 0;
	for (int i = 0; i < WRITES && !error; i++) {
		memset(body, 'a' + i, sizeof(body));
		error = journal_commit(store, &write, 1, why);
		wal_finish(&store->wal);
		if (!error)
			error = journal_checkpoint(store, why);
	}
	return error;
}

static int audit(const struct home *home, const char *directory, uint64_t *height, uint64_t *payments,
                 char why[WHY_SIZE])
{
	struct audit_report report;
	struct store *store;
	int error = store_open(home->path, &home->genesis.network_id, home->keys.consensus_public, true, &store, why);
	if (error)
		return error;
	error = audit_run(home, store, &(struct audit_options){.directory = directory, .threads = 1}, &report);
	store_close(store);
	snprintf(why, WHY_SIZE, "%.200s", report.failure);
	*height = report.height;
	*payments = report.payments;
	return error;
}

static int check(const char *path, const char *audit_directory, char why[WHY_SIZE])
{
	struct home home;
	struct store *store;
	struct hash before[2], after[2];
	char text[2][2 * HASH_SIZE + 1];
	uint64_t height = 0, payments = 0;
	if (home_open(path, &home))
		return -1;
	int error = audit_directory ? audit(&home, audit_directory, &height, &payments, why) : 0;
	if (!error)
		error = store_open(path, &home.genesis.network_id, home.keys.consensus_public, false, &store, why);
	if (!error) {
		error = digests(store, before, why);
		if (!error)
			error = write_on(store, why);
		if (!error)
			error = digests(store, after, why);
		if (!error && memcmp(before, after, sizeof(before))) {
			snprintf(why, WHY_SIZE, "records are gone after others were written");
			error = UNCIA_E_DAMAGED;
		}
		store_close(store);
	}
	home_close(&home);
	if (error)
		return error;
	for (int i = 0; i < 2; i++)
		hex_format(before[i].b, HASH_SIZE, text[i]);
	printf("%s %s %llu %llu\n", text[0], text[1], (unsigned long long)height, (unsigned long long)payments);
	return 0;
}

int main(int argc, char **argv)
{
	char path[4096], why[WHY_SIZE] = "";
	if (sodium_init() < 0)
		return 1;
	while (fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		if (check(path, argc > 1 ? argv[1] : NULL, why))
			printf("refused: %s\n", why);
		fflush(stdout);
	}
	return 0;
}
