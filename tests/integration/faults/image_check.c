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

static struct bytes next_record(const struct record_cursor *cursor, MDB_val *key, int *error, char why[WHY_SIZE])
{
	struct bytes payload = {NULL, 0};
	*error = records_seek(cursor, MDB_NEXT, key, &payload, why);
	return payload;
}

/* Of every record; those under our own key are left out. */
static int digest(const struct environment *e, const void *own_key, size_t own_size, struct hash *sum,
                  char why[WHY_SIZE])
{
	struct hasher hasher;
	struct record_cursor cursor;
	MDB_val key;
	hasher_init(&hasher, HASH_RECORD);
	for (unsigned table = 0; table < e->form->table_count; table++) {
		int error = records_open(e, e->view, table, &cursor, why);
		if (error)
			return error;
		for (;;) {
			struct bytes payload = next_record(&cursor, &key, &error, why);
			if (error)
				break;
			if (key.mv_size == own_size && !memcmp(key.mv_data, own_key, own_size))
				continue;
			const uint64_t sizes[] = {table, key.mv_size, payload.size};
			hasher_add(&hasher, sizes, sizeof(sizes));
			hasher_add(&hasher, key.mv_data, key.mv_size);
			hasher_add(&hasher, payload.data, payload.size);
		}
		records_close(&cursor);
		if (error != UNCIA_E_NOT_FOUND)
			return error;
	}
	hasher_end(&hasher, sum);
	return 0;
}

static int digests(struct store *store, struct hash sums[2], char why[WHY_SIZE])
{
	static const uint8_t own_key[JOURNAL_KEY_MAX] = "what image_check writes";
	int error = store_view_renew(store);
	if (!error)
		error = digest(&store->journal, own_key, sizeof(own_key), &sums[0], why);
	if (!error)
		error = digest(&store->state, own_key, sizeof(own_key), &sums[1], why);
	return error;
}

/* What it writes takes pages that LMDB holds for free: if any of them is not, something else is gone afterwards. */
static int write_on(struct store *store, char why[WHY_SIZE])
{
	static uint8_t own_key[JOURNAL_KEY_MAX] = "what image_check writes", body[BODY_SIZE];
	const struct journal_write write = {JOURNAL_EVIDENCE, own_key, body, sizeof(own_key), sizeof(body), 0};
	int error = 0;
	for (int i = 0; i < WRITES && !error; i++) {
		memset(body, 'a' + i, sizeof(body));
		error = journal_commit(store, &write, 1, why);
	}
	return error;
}

static int audit(const struct home *home, const char *directory, uint64_t *height, uint64_t *payments,
                 char why[WHY_SIZE])
{
	static const volatile sig_atomic_t stop;
	struct audit_report report;
	struct store *store;
	int error = store_open(home->path, &home->genesis.network_id, home->keys.consensus_public, true, &store, why);
	if (error)
		return error;
	error = audit_run(home, store, directory, &stop, &report);
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
