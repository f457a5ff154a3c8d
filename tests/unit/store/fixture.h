/* A home of its own for each test of the store: made with a small genesis, opened, taken away afterwards. */
#ifndef FIXTURE_H
#define FIXTURE_H
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "record.h"
#include "store_home.h"
#include "store_private.h"
#include "uncia/error.h"
#include "unit.h"

static const struct hash network = {{1, 2, 3}};
static const uint8_t validator_key[32] = {9, 8, 7};
static char home[64], why[256];
static const char *fixture_directory = "/tmp";
static struct store *store;
static struct storage_view view;

static inline void fixture_path(const char *rest, char path[128])
{
	snprintf(path, 128, "%s/%s", home, rest);
}

static inline void fixture_create(void)
{
	static struct group_record records[2];
	static struct flush_group groups[2] = {{0, &records[0]}, {1, &records[1]}};
	static struct flush_address addresses[1] = {{.id = {ENTRY_ACCOUNT, {{5}}}, .index = 1}};
	const struct flush genesis = {
	    .meta = {.height = 0, .block_id = {{0xb0}}, .entry_count = 9, .free_head = ENTRY_NONE},
	    .group_count = 2,
	    .groups = groups,
	    .address_count = 1,
	    .addresses = addresses};
	memset(records[1].entries, 0x11, GROUP_SIZE);
	records[1].heads[3] = (struct position){4, 5};
	ck_assert_int_eq(store_create(home, &network, validator_key, &genesis), 0);
}

static inline int fixture_open(bool read_only, size_t map_size)
{
	const struct store_options options = {.home = home,
	                                      .network_id = &network,
	                                      .consensus_key = validator_key,
	                                      .read_only = read_only,
	                                      .map_size = map_size};
	int error = store_open_options(&options, &store, why);
	if (!error)
		store_view(store, &view);
	return error;
}

/* Everything that is in the journal's log goes into LMDB. */
static inline int fixture_checkpoint(void)
{
	wal_finish(&store->wal);
	return journal_checkpoint(store, why);
}

static inline void fixture_close(void)
{
	store_close(store);
	store = NULL;
}

static inline void fixture_empty(void)
{
	snprintf(home, sizeof(home), "%s/store_test.XXXXXX", fixture_directory);
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
	fixture_close();
	ck_assert(store_home_remove(home));
}

/* In the programs that define this: what LMDB syncs its files with, and which fails while fixture_sync_fails. What was
 * written is in the file all the same, as it is where a disk has failed and the kernel has dropped the pages. */
#ifdef FIXTURE_SYNC
static bool fixture_sync_fails, fixture_sync_is_idle;
static const char *fixture_sync_fails_of; /* a part of the path of the one file; NULL: of any */

/* Whether the path of what is open has this part. */
static inline bool fixture_is_of(int fd, const char *part)
{
	char link[64], path[4096];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = 0;
	return strstr(path, part) != NULL;
}

static inline bool fixture_sync_spares(int fd)
{
	return fixture_sync_fails_of && !fixture_is_of(fd, fixture_sync_fails_of);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
	if (!fixture_sync_fails || fixture_sync_spares(fd))
		return fixture_sync_is_idle ? 0 : fsync(fd);
	errno = EIO;
	return -1;
}
#endif

/* Runs it in a child process of its own, which says nothing. Returns how that ended (waitpid). */
static inline int fixture_in_child(void (*run)(void))
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		int nowhere = open("/dev/null", O_WRONLY);
		dup2(nowhere, STDERR_FILENO);
		run();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

/* All of a file, for free. */
static inline uint8_t *fixture_read(const char *path, size_t *size)
{
	struct stat st;
	FILE *file = fopen(path, "rb");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	uint8_t *bytes = malloc((size_t)st.st_size);
	ck_assert_uint_eq(fread(bytes, 1, (size_t)st.st_size, file), (size_t)st.st_size);
	fclose(file);
	*size = (size_t)st.st_size;
	return bytes;
}

/* Flips a bit in a file. */
static inline void fixture_flip_at(const char *path, size_t offset, int bit)
{
	FILE *file = fopen(path, "r+b");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, (long)offset, SEEK_SET), 0);
	int byte = fgetc(file);
	ck_assert_int_eq(fseek(file, (long)offset, SEEK_SET), 0);
	ck_assert_int_ne(fputc(byte ^ 1 << bit, file), EOF);
	ck_assert_int_eq(fclose(file), 0);
}

/* Flips a bit wherever these bytes lie in the environment's file, `position` of them before their end. */
static inline void fixture_flip_bytes(const char *environment, const void *bytes, size_t bytes_size, size_t position)
{
	char path[128], rest[64];
	size_t size, found = 0;
	snprintf(rest, sizeof(rest), "data/%s/data.mdb", environment);
	fixture_path(rest, path);
	uint8_t *file = fixture_read(path, &size);
	for (size_t at = 0; at + bytes_size <= size; at++) {
		if (memcmp(file + at, bytes, bytes_size))
			continue;
		fixture_flip_at(path, at + bytes_size - 1 - position, 4);
		found++;
	}
	ck_assert_uint_ne(found, 0);
	free(file);
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
	ck_assert_int_eq(mdb_env_open(env, path, MDB_RDONLY | MDB_NOLOCK, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, table, 0, &dbi), 0);
	ck_assert_int_eq(mdb_get(txn, dbi, &key, &value), 0);
	ck_assert_uint_lt(position, value.mv_size);
	size_t size = value.mv_size;
	uint8_t *copy = malloc(size);
	memcpy(copy, value.mv_data, size);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	fixture_flip_bytes(environment, copy, size, position);
	free(copy);
}

#endif
