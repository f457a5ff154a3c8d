/* The check of LMDB's two header pages, which it lacks: LMDB takes the header with the higher number for the newest,
 * and believes what is in it. Beside each environment lies a seal, the number of its last commit and a checksum of the
 * header that this commit wrote, and each commit holds its own number (docs/spec/storage.md §2). So a damaged header is
 * found, and one that is older than what was committed. Records have checksums of their own (record.h). */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "environment.h"
#include "hash.h"
#include "record.h"
#include "uncia/error.h"

#define SEAL_SIZE     24 /* number u64, checksum of the header u64, checksum of these u64 */
#define PAGE_SIZE_MAX 32768
#define COMMIT        "commit"
#define COMMIT_TABLE  255 /* not one of ours: LMDB's own list of tables */

static const uint8_t seal_key[16] = "uncia.seal.v1", header_key[16] = "uncia.header.v1";

/* A header page as it is in the file, and where. */
struct header_page {
	int fd;
	off_t at;
	size_t size;
	uint8_t bytes[PAGE_SIZE_MAX];
};

/* Reads this commit's header page. Returns 0, or the system's code. The other one is left out: where LMDB's write of a
 * header fails, it puts something back there that is neither the old header nor the new one, but bears the old number.
 */
static int header_read(const struct environment *e, uint64_t number, struct header_page *page)
{
	MDB_stat st;
	mdb_env_stat(e->env, &st);
	mdb_env_get_fd(e->env, &page->fd);
	if (!st.ms_psize || st.ms_psize > PAGE_SIZE_MAX)
		return EINVAL;
	page->size = st.ms_psize;
	page->at = (off_t)(number & 1) * (off_t)page->size;
	ssize_t n = pread(page->fd, page->bytes, page->size, page->at);
	return n == (ssize_t)page->size ? 0 : n < 0 ? errno : EIO;
}

static int header_checksum(const struct environment *e, uint64_t number, uint64_t *sum)
{
	struct header_page page;
	int rc = header_read(e, number, &page);
	if (!rc)
		*sum = siphash(header_key, page.bytes, page.size);
	return rc;
}

int header_renew(const struct environment *e)
{
	struct header_page page;
	MDB_envinfo info;
	mdb_env_info(e->env, &info);
	int rc = header_read(e, info.me_last_txnid, &page);
	if (rc == EINVAL) /* a damaged header, which seal_check refuses */
		return 0;
	if (rc)
		return rc;
	ssize_t n = pwrite(page.fd, page.bytes, page.size, page.at);
	if (n != (ssize_t)page.size)
		return n < 0 ? errno : EIO;
	return mdb_env_sync(e->env, 1);
}

int seal_open(struct environment *e, const char *directory)
{
	static const int flags[] = {
	    [ENVIRONMENT_CREATE] = O_RDWR | O_CREAT | O_EXCL,
	    [ENVIRONMENT_WRITE] = O_RDWR,
	    [ENVIRONMENT_READ] = O_RDONLY,
	    [ENVIRONMENT_BESIDE] = O_RDONLY,
	};
	char path[4300];
	assert(e->mode <= ENVIRONMENT_BESIDE && e->seal < 0);
	snprintf(path, sizeof(path), "%s/seal", directory);
	e->seal = open(path, flags[e->mode] | O_CLOEXEC, 0600);
	return e->seal < 0 ? errno : 0;
}

/* The seal is written after the commit, and not synced: a power cut may leave an older one, and never a newer one. */
int seal_write(const struct environment *e, uint64_t number)
{
	uint8_t seal[SEAL_SIZE];
	uint64_t sum = 0;
	assert(e->seal >= 0 && e->mode < ENVIRONMENT_READ);
	int rc = header_checksum(e, number, &sum);
	if (rc)
		return rc;
	be64_put(seal, number);
	be64_put(seal + 8, sum);
	be64_put(seal + 16, siphash(seal_key, seal, 16));
	ssize_t n = pwrite(e->seal, seal, sizeof(seal), 0);
	return n == sizeof(seal) ? 0 : n < 0 ? errno : EIO;
}

/* Every commit rewrites LMDB's list of tables anyway, so that one more record in it costs no page. */
int seal_put_number(const struct environment *e, MDB_txn *txn)
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
	assert(e->view && e->seal >= 0);
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
	/* After a crash the header may be newer than the seal, and never older. */
	if (rc || number < sealed || (number == sealed && be64_get(seal + 8) != sum) || !holds_number(e, number)) {
		snprintf(why, WHY_SIZE, "%s: a header of data.mdb is damaged (commit %llu of %llu)", e->form->name,
		         (unsigned long long)number, (unsigned long long)sealed);
		return UNCIA_E_DAMAGED;
	}
	*current = number == sealed;
	return 0;
}
