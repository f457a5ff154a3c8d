#include <fcntl.h>
#include <sys/wait.h>
#include "fixture.h"

static const char *const names[] = {"journal", "state"};
#define COMMITS     3
#define HEADER_USED 160 /* of each of LMDB's two header pages */

static void path_of(const char *environment, const char *file, char path[128])
{
	char rest[64];
	snprintf(rest, sizeof(rest), "data/%s/%s", environment, file);
	fixture_path(rest, path);
}

static void commit_both(uint8_t number)
{
	const struct journal_write write = {JOURNAL_BLOCK, &number, "a block", 1, 7, 0};
	static const struct group_record record;
	struct flush_group group = {number, &record};
	struct flush flush = {.meta = {.height = number, .entry_count = 9}, .group_count = 1, .groups = &group};
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	ck_assert_int_eq(state_apply(store, &flush, why), 0);
}

/* What a file holds, put back later. */
struct copy {
	char path[128];
	uint8_t *bytes;
	size_t size;
};

static struct copy copy_of(const char *environment, const char *file)
{
	struct copy copy;
	path_of(environment, file, copy.path);
	copy.bytes = fixture_read(copy.path, &copy.size);
	return copy;
}

static void put_back(struct copy *copy, size_t size)
{
	int fd = open(copy->path, O_WRONLY | O_TRUNC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, copy->bytes, size, 0), (ssize_t)size);
	close(fd);
}

static bool holds(uint8_t number)
{
	struct bytes value;
	struct state_meta meta;
	return !view.journal_get(view.context, JOURNAL_BLOCK, &number, 1, &value) && !view.meta(view.context, &meta) &&
	       meta.height == number;
}

enum { OPENED, REFUSED, OTHER };

/* Opened means as it was. In a process of its own: LMDB may trust a damaged header so far that it leaves its memory. */
static bool is_opened(void)
{
	fflush(NULL);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		int nowhere = open("/dev/null", O_WRONLY);
		dup2(nowhere, STDERR_FILENO);
		int error = fixture_open(true, 0);
		_exit(error ? error != UNCIA_E_DAMAGED ? OTHER : REFUSED : holds(COMMITS) ? OPENED : OTHER);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(!WIFEXITED(status) || WEXITSTATUS(status) != OTHER);
	return WIFEXITED(status) && WEXITSTATUS(status) == OPENED;
}

static void commit_all(size_t newest[2])
{
	for (uint8_t i = 1; i <= COMMITS; i++)
		commit_both(i);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	ck_assert_int_eq(store_view_renew(store), 0);
	newest[0] = mdb_txn_id(store->journal.view) & 1;
	newest[1] = mdb_txn_id(store->state.view) & 1;
	fixture_close();
	ck_assert(is_opened());
}

START_TEST(seal_finds_every_flipped_byte_of_the_newest_header)
{
	char path[128];
	size_t newest[2];
	commit_all(newest);
	for (size_t i = 0; i < 2; i++) {
		path_of(names[i], "data.mdb", path);
		for (size_t at = 0; at < 2 * 4096; at += at % 4096 < HEADER_USED ? 1 : 487) {
			fixture_flip_at(path, at, (int)(at % 8));
			ck_assert_msg(!is_opened() || at / 4096 != newest[i], "%s, byte %zu", names[i], at);
			fixture_flip_at(path, at, (int)(at % 8));
		}
	}
	ck_assert(is_opened());
}
END_TEST

/* The number of the newest commit, so that the one before it becomes the newest; and that one's, so that it is itself.
 */
START_TEST(seal_finds_a_header_that_claims_another_number)
{
	char path[128];
	size_t newest[2];
	commit_all(newest);
	for (size_t i = 0; i < 2; i++) {
		path_of(names[i], "data.mdb", path);
		for (size_t page = 0; page < 2; page++) {
			for (int bit = 0; bit < 64; bit++) {
				size_t at = page * 4096 + 16 + 24 + 2 * 48 + 8 + (size_t)bit / 8;
				fixture_flip_at(path, at, bit % 8);
				ck_assert_msg(!is_opened() || page != newest[i], "%s, bit %d", names[i], bit);
				fixture_flip_at(path, at, bit % 8);
			}
		}
	}
}
END_TEST

/* As LMDB leaves it that could not write the newest header, and wrote the numbers of the one before it back. */
START_TEST(seal_does_not_mind_what_the_older_header_says)
{
	char path[128];
	size_t newest[2];
	commit_all(newest);
	for (size_t i = 0; i < 2; i++) {
		path_of(names[i], "data.mdb", path);
		fixture_flip_at(path, (1 - newest[i]) * 4096 + 16 + 24 + 2 * 48 - 8, 0); /* its root */
	}
	ck_assert(is_opened());
}
END_TEST

START_TEST(seal_that_is_damaged_cut_or_missing_is_refused)
{
	for (size_t i = 0; i < 2; i++) {
		fixture_close();
		struct copy seal = copy_of(names[i], "seal");
		for (size_t at = 0; at < seal.size; at++) {
			fixture_flip_at(seal.path, at, (int)(at % 8));
			ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_DAMAGED);
			ck_assert_ptr_nonnull(strstr(why, "seal"));
			put_back(&seal, at);
			ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_DAMAGED);
			put_back(&seal, seal.size);
		}
		ck_assert_int_eq(remove(seal.path), 0);
		ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_DAMAGED);
		ck_assert_ptr_nonnull(strstr(why, "seal is missing"));
		int fd = open(seal.path, O_WRONLY | O_CREAT, 0600);
		ck_assert_int_ge(fd, 0);
		close(fd);
		put_back(&seal, seal.size);
		free(seal.bytes);
		ck_assert_int_eq(fixture_open(false, 0), 0);
	}
}
END_TEST

START_TEST(seal_finds_an_environment_older_than_what_was_committed)
{
	for (size_t i = 0; i < 2; i++) {
		struct copy older = copy_of(names[i], "data.mdb");
		commit_both((uint8_t)(i + 1));
		fixture_close();
		struct copy newer = copy_of(names[i], "data.mdb");
		put_back(&older, older.size);
		ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_DAMAGED);
		ck_assert_ptr_nonnull(strstr(why, "header"));
		put_back(&newer, newer.size);
		ck_assert_int_eq(fixture_open(false, 0), 0);
		free(older.bytes);
		free(newer.bytes);
	}
}
END_TEST

/* As a crash leaves it between a commit and its seal, or the power that goes before the seal is on the disk. */
START_TEST(seal_that_is_older_is_made_anew)
{
	for (size_t i = 0; i < 2; i++) {
		struct copy older = copy_of(names[i], "seal");
		for (uint8_t k = 1; k <= 3; k++)
			commit_both((uint8_t)(i * 3 + k));
		fixture_close();
		struct copy newer = copy_of(names[i], "seal");
		ck_assert_uint_eq(older.size, newer.size);
		put_back(&older, older.size);
		ck_assert_int_eq(fixture_open(true, 0), 0);
		fixture_close();
		ck_assert_int_eq(fixture_open(false, 0), 0);
		struct copy made = copy_of(names[i], "seal");
		ck_assert_mem_eq(made.bytes, newer.bytes, newer.size);
		free(older.bytes);
		free(newer.bytes);
		free(made.bytes);
	}
}
END_TEST

UNIT_MAIN_BETWEEN("seal", fixture_up, fixture_down, seal_finds_every_flipped_byte_of_the_newest_header,
                  seal_does_not_mind_what_the_older_header_says, seal_finds_a_header_that_claims_another_number,
                  seal_that_is_damaged_cut_or_missing_is_refused,
                  seal_finds_an_environment_older_than_what_was_committed, seal_that_is_older_is_made_anew)
