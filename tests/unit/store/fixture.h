/* A home of its own for each test of the store: made with a small genesis, opened, taken away afterwards. */
#ifndef FIXTURE_H
#define FIXTURE_H
#include <check.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store_private.h"
#include "uncia/error.h"

static const struct hash network = {{1, 2, 3}};
static const uint8_t validator_key[32] = {9, 8, 7};
static char home[64], why[256];
static struct store *store;
static struct storage_view view;

static inline void fixture_path(const char *rest, char path[128])
{
	snprintf(path, 128, "%s/%s", home, rest);
}

static inline void fixture_create(void)
{
	static struct flush_group groups[2] = {{.index = 0}, {.index = 1}};
	static struct flush_address addresses[1] = {{.address = {{5}}, .index = 1}};
	const struct flush genesis = {
	    .meta = {.height = 0, .block_id = {{0xb0}}, .entry_count = 9, .free_head = ENTRY_NONE},
	    .group_count = 2,
	    .groups = groups,
	    .address_count = 1,
	    .addresses = addresses};
	memset(groups[1].record.entries, 0x11, GROUP_SIZE);
	groups[1].record.heads[3] = (struct position){4, 5};
	ck_assert_int_eq(store_create(home, &network, validator_key, &genesis), 0);
}

static inline int fixture_open(bool read_only, size_t map_size)
{
	int error = store_open_sized(home, &network, validator_key, read_only, map_size, &store, why);
	if (!error)
		store_view(store, &view);
	return error;
}

static inline void fixture_close(void)
{
	store_close(store);
	store = NULL;
}

static inline void fixture_empty(void)
{
	snprintf(home, sizeof(home), "/tmp/store_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	why[0] = 0;
}

static inline void fixture_up(void)
{
	fixture_empty();
	fixture_create();
	ck_assert_msg(!fixture_open(false, 0), "%s", why);
}

static inline void fixture_down(void)
{
	static const char *const made[] = {"data/journal/data.mdb",
	                                   "data/journal/lock.mdb",
	                                   "data/journal",
	                                   "data/state/data.mdb",
	                                   "data/state/lock.mdb",
	                                   "data/state",
	                                   "data",
	                                   "lock",
	                                   ""};
	char path[128];
	fixture_close();
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		fixture_path(made[i], path);
		remove(path);
	}
	ck_assert_int_ne(access(home, F_OK), 0); /* nothing else was left in it */
}

/* Flips one bit of a stored value behind the store's back. position: from the end of the value. */
static inline void fixture_flip(const char *environment, const char *table, MDB_val key, size_t position)
{
	char path[128], rest[64];
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_val value;
	snprintf(rest, sizeof(rest), "data/%s", environment);
	fixture_path(rest, path);
	ck_assert_int_eq(mdb_env_create(&env), 0);
	ck_assert_int_eq(mdb_env_set_maxdbs(env, 8), 0);
	ck_assert_int_eq(mdb_env_set_mapsize(env, (size_t)1 << 30), 0);
	ck_assert_int_eq(mdb_env_open(env, path, 0, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, table, 0, &dbi), 0);
	ck_assert_int_eq(mdb_get(txn, dbi, &key, &value), 0);
	ck_assert_uint_lt(position, value.mv_size);
	uint8_t *copy = malloc(value.mv_size);
	memcpy(copy, value.mv_data, value.mv_size);
	copy[value.mv_size - 1 - position] ^= 0x10;
	value.mv_data = copy;
	ck_assert_int_eq(mdb_put(txn, dbi, &key, &value, 0), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	free(copy);
	mdb_env_close(env);
}

static inline int fixture_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
