/* What LMDB lacks around its two header pages: it takes the one with the higher number for the newest, and believes
 * what is in it. Beside each environment lies a seal, the number of its last commit and a checksum of the header that
 * it wrote, and each commit holds its own number (docs/spec/storage.md §2). So a damaged header is found, and one that
 * is older than what was committed; records are record.c's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "environment.h"
#include "hash.h"
#include "uncia/error.h"

#define SEAL_SIZE     24 /* number u64, checksum of the header u64, checksum of these u64 */
#define PAGE_SIZE_MAX 32768
#define COMMIT        "commit"
#define COMMIT_TABLE  255 /* not one of ours: LMDB's own list of tables */

static const uint8_t seal_key[16] = "uncia.seal.v1", header_key[16] = "uncia.header.v1";

/* The header page of this commit as it is in the file. Returns 0, or the system's code.
 * Not of both: LMDB, whose write of a header fails, puts something back that is neither the old one nor the new one,
 * but bears the old number. */
static int header_checksum(const struct environment *e, uint64_t number, uint64_t *sum)
{
	uint8_t page[PAGE_SIZE_MAX];
	MDB_stat st;
	int fd;
	mdb_env_stat(e->env, &st);
	mdb_env_get_fd(e->env, &fd);
	if (!st.ms_psize || st.ms_psize > PAGE_SIZE_MAX)
		return EINVAL;
	ssize_t n = pread(fd, page, st.ms_psize, (off_t)(number & 1) * (off_t)st.ms_psize);
	if (n != (ssize_t)st.ms_psize)
		return n < 0 ? errno : EIO;
	*sum = siphash(header_key, page, st.ms_psize);
	return 0;
}

int seal_open(struct environment *e, const char *directory, bool create, bool write)
{
	char path[4300];
	snprintf(path, sizeof(path), "%s/seal", directory);
	e->seal = open(path, (write ? O_RDWR : O_RDONLY) | (create ? O_CREAT | O_EXCL : 0) | O_CLOEXEC, 0600);
	return e->seal < 0 ? errno : 0;
}

/* It follows the commit, unsynced: where the power goes it may be an older one, and is never a newer one. */
int seal_write(const struct environment *e, uint64_t number)
{
	uint8_t seal[SEAL_SIZE];
	uint64_t sum = 0;
	int rc = header_checksum(e, number, &sum);
	if (rc)
		return rc;
	be64_put(seal, number);
	be64_put(seal + 8, sum);
	be64_put(seal + 16, siphash(seal_key, seal, 16));
	ssize_t n = pwrite(e->seal, seal, sizeof(seal), 0);
	return n == sizeof(seal) ? 0 : n < 0 ? errno : EIO;
}

/* The list of tables is rewritten in every commit anyway: one more record in it costs no page. */
static int put_number(const struct environment *e, MDB_txn *txn)
{
	const struct place place = {e->form->letter, COMMIT_TABLE, COMMIT, strlen(COMMIT)};
	uint8_t number[8], record[sizeof(number) + RECORD_OVERHEAD];
	MDB_val key = {strlen(COMMIT), COMMIT}, value = {sizeof(record), record};
	MDB_dbi list;
	int rc = mdb_dbi_open(txn, NULL, 0, &list);
	if (rc)
		return rc;
	be64_put(number, mdb_txn_id(txn));
	record_write(&place, number, sizeof(number), record);
	return mdb_put(txn, list, &key, &value, 0);
}

int environment_commit(struct environment *e, MDB_txn *txn)
{
	uint64_t number = mdb_txn_id(txn);
	int rc = put_number(e, txn);
	if (rc) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn);
	return rc ? rc : seal_write(e, number);
}

static bool holds_number(const struct environment *e, uint64_t number)
{
	const struct place place = {e->form->letter, COMMIT_TABLE, COMMIT, strlen(COMMIT)};
	MDB_val key = {strlen(COMMIT), COMMIT}, value;
	struct bytes payload;
	MDB_dbi list;
	return !mdb_dbi_open(e->view, NULL, 0, &list) && !mdb_get(e->view, list, &key, &value) &&
	       !record_read(&place, value.mv_data, value.mv_size, &payload) && payload.size == sizeof(number) &&
	       be64_get(payload.data) == number;
}

int seal_check(const struct environment *e, bool *current, char why[WHY_SIZE])
{
	uint8_t seal[SEAL_SIZE];
	uint64_t number = mdb_txn_id(e->view), sum = 0;
	ssize_t n = pread(e->seal, seal, sizeof(seal), 0);
	if (n < 0)
		return environment_error(e, errno, "reading its seal", why);
	if (n != sizeof(seal) || be64_get(seal + 16) != siphash(seal_key, seal, 16)) {
		snprintf(why, WHY_SIZE, "%s: its seal is damaged", e->form->name);
		return UNCIA_E_DAMAGED;
	}
	uint64_t sealed = be64_get(seal);
	int rc = header_checksum(e, number, &sum);
	if (rc && rc != EINVAL)
		return environment_error(e, rc, "reading its header", why);
	/* Behind a crash the header may be newer than the seal, and never older. */
	if (rc || number < sealed || (number == sealed && be64_get(seal + 8) != sum) || !holds_number(e, number)) {
		snprintf(why, WHY_SIZE, "%s: a header of data.mdb is damaged (commit %llu of %llu)", e->form->name,
		         (unsigned long long)number, (unsigned long long)sealed);
		return UNCIA_E_DAMAGED;
	}
	*current = number == sealed;
	return 0;
}
