#include <signal.h>
#include "fixture.h"

static const char *const names[] = {"journal", "state"};

static void data_path(const char *environment, char path[128])
{
	char rest[64];
	snprintf(rest, sizeof(rest), "data/%s/data.mdb", environment);
	fixture_path(rest, path);
}

static off_t size_of(const char *path)
{
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_size;
}

/* Closed, with enough in both environments for some pages to be cut off. */
static void fill(void)
{
	enum { COUNT = 400 };
	static const struct group_record record;
	static struct flush_group groups[COUNT];
	static uint8_t block[50000];
	struct flush flush = {.meta = {.height = 1, .entry_count = 9}, .group_count = COUNT, .groups = groups};
	const struct journal_write write = {JOURNAL_BLOCK, "k", block, 1, sizeof(block), 0};
	for (size_t i = 0; i < COUNT; i++)
		groups[i] = (struct flush_group){i, &record};
	ck_assert_int_eq(state_apply(store, &flush, why), 0);
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
	fixture_close();
}

START_TEST(environment_cut_short_at_any_page_is_refused_and_left_alone)
{
	char path[128];
	fill();
	for (size_t i = 0; i < 2; i++) {
		data_path(names[i], path);
		for (off_t size = size_of(path) - 1; size > 0; size -= 4096 * 3) {
			ck_assert_int_eq(truncate(path, size), 0);
			for (int read_only = 0; read_only < 2; read_only++) {
				ck_assert_int_eq(fixture_open(read_only, 0), UNCIA_E_DAMAGED);
				ck_assert_ptr_nonnull(strstr(why, names[i]));
				ck_assert_ptr_nonnull(strstr(why, "truncated"));
				ck_assert_int_eq(size_of(path), size);
			}
		}
		fixture_down();
		fixture_up();
		fill();
	}
}
END_TEST

START_TEST(environment_emptied_or_missing_is_refused_and_not_made_anew)
{
	char path[128];
	fixture_close();
	for (size_t i = 2; i-- > 0;) {
		data_path(names[i], path);
		ck_assert_int_eq(truncate(path, 0), 0);
		ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_DAMAGED);
		ck_assert_ptr_nonnull(strstr(why, names[i]));
		ck_assert_int_eq(size_of(path), 0);
		ck_assert_int_eq(remove(path), 0);
		ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_DAMAGED);
		ck_assert_ptr_nonnull(strstr(why, "missing"));
		ck_assert_int_ne(access(path, F_OK), 0);
	}
}
END_TEST

START_TEST(environment_with_a_garbage_header_is_refused)
{
	char path[128];
	uint8_t garbage[2 * 4096];
	fill();
	data_path("journal", path);
	memset(garbage, 0x5a, sizeof(garbage));
	int fd = open(path, O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, garbage, sizeof(garbage), 0), sizeof(garbage));
	close(fd);
	ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(why, "journal"));
}
END_TEST

START_TEST(environment_with_a_damaged_identity_is_refused)
{
	fixture_close();
	fixture_flip("state", "meta", (MDB_val){8, "identity"}, 0);
	ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(why, "state"));
}
END_TEST

/* A transaction that takes pages at the end and frees them again leaves a file shorter than its header says: whole
 * all the same. */
START_TEST(environment_that_ends_in_free_pages_is_whole)
{
	static uint8_t block[200000];
	char path[128];
	MDB_envinfo info;
	const struct journal_write writes[] = {{JOURNAL_BLOCK, "a", "small", 1, 5, 0},
	                                       {JOURNAL_VOTE, "12345678", block, 8, sizeof(block), 0},
	                                       {.view = UINT64_MAX}};
	/* Until an earlier transaction's pages are there to be used again, LMDB writes what it freed. */
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(journal_commit(store, writes, 1, why), 0);
		ck_assert_int_eq(fixture_checkpoint(), 0);
		ck_assert_int_eq(store_view_renew(store), 0);
	}
	ck_assert_int_eq(journal_commit(store, writes, 3, why), 0);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	ck_assert_int_eq(mdb_env_info(store->journal.env, &info), 0);
	fixture_close();
	data_path("journal", path);
	ck_assert_int_lt(size_of(path), (off_t)(info.me_last_pgno + 1) * 4096); /* the test's own premise */
	ck_assert_msg(!fixture_open(false, 0), "%s", why);
	uint64_t records;
	ck_assert_int_eq(store_check_records(store, &records, why), 0);
	ck_assert_uint_eq(records, 7 + 1);
	ck_assert_int_eq(journal_commit(store, writes, 3, why), 0);
}
END_TEST

/* LMDB's page: number u64, pad u16, flags u16 (2: leaf), end of the key table u16. Cut by one key, it reads as whole.
 */
START_TEST(environment_check_misses_a_record_that_a_page_has_lost)
{
	static const char mark[] = "the record that is lost";
	const struct journal_write writes[] = {{JOURNAL_CERT, "a", "kept", 1, 4, 0},
	                                       {JOURNAL_CERT, "b", mark, 1, sizeof(mark), 0}};
	uint8_t page[4096];
	uint16_t flags, end;
	char path[128];
	uint64_t records;
	ck_assert_int_eq(journal_commit(store, writes, 2, why), 0);
	fixture_close();
	data_path("journal", path);
	int fd = open(path, O_RDWR), cut = 0;
	for (off_t at = 0; pread(fd, page, sizeof(page), at) == sizeof(page); at += (off_t)sizeof(page)) {
		memcpy(&flags, page + 10, sizeof(flags));
		memcpy(&end, page + 12, sizeof(end));
		if (flags != 2 || !memmem(page, sizeof(page), mark, sizeof(mark)))
			continue;
		end -= 2;
		memcpy(page + 12, &end, sizeof(end));
		ck_assert_int_eq(pwrite(fd, page, sizeof(page), at), sizeof(page));
		cut++;
	}
	close(fd);
	ck_assert_int_eq(cut, 1);
	ck_assert_int_eq(fixture_open(true, 0), 0);
	ck_assert_int_eq(store_check_records(store, &records, why), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(why, "cert holds 1 record, and should 2"));
}
END_TEST

START_TEST(environment_reuses_what_it_frees)
{
	static uint8_t vote[200];
	char path[128];
	off_t early = 0;
	data_path("journal", path);
	for (uint64_t v = 1; v <= 600; v++) {
		uint8_t key[8];
		be64_put(key, v);
		const struct journal_write writes[] = {{JOURNAL_VOTE, key, vote, sizeof(key), sizeof(vote), 0},
		                                       {.view = v > 50 ? v - 50 : 0}};
		ck_assert_int_eq(journal_commit(store, writes, 2, why), 0);
		ck_assert_int_eq(fixture_checkpoint(), 0);
		ck_assert_int_eq(store_view_renew(store), 0);
		if (v == 200)
			early = size_of(path);
	}
	ck_assert_int_eq(size_of(path), early);
}
END_TEST

static void commit_in_the_child(void)
{
	const struct journal_write write = {JOURNAL_BLOCK, "k", "v", 1, 1, 0};
	journal_commit(store, &write, 1, why);
}

static void renew_in_the_child(void)
{
	store_view_renew(store);
}

/* LMDB's locks and reader slots are those of the process that opened it. */
START_TEST(environment_is_of_no_use_to_a_forked_child)
{
	int status = fixture_in_child(commit_in_the_child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	status = fixture_in_child(renew_in_the_child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	commit_in_the_child();
	ck_assert_int_eq(store_view_renew(store), 0);
}
END_TEST

static void begin_two_commits(void)
{
	MDB_txn *first, *second;
	alarm(60); /* LMDB itself would wait for ever */
	if (!fixture_open(false, 0) && !environment_begin(&store->state, &first, why))
		environment_begin(&store->state, &second, why);
}

START_TEST(environment_has_one_writer_at_a_time)
{
	fixture_close();
	int status = fixture_in_child(begin_two_commits);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	ck_assert_msg(!fixture_open(false, 0), "%s", why);
}
END_TEST

/* A view that is renewed after each commit keeps no page from being used again; one that stands still keeps them all.
 */
START_TEST(environment_view_holds_its_pages_until_it_is_renewed)
{
	static uint8_t block[40000];
	const struct journal_write write = {JOURNAL_BLOCK, "k", block, 1, sizeof(block), 0};
	char path[128];
	data_path("journal", path);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
		ck_assert_int_eq(fixture_checkpoint(), 0);
		ck_assert_int_eq(store_view_renew_journal(store), 0);
	}
	off_t renewed = size_of(path);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
		ck_assert_int_eq(fixture_checkpoint(), 0);
	}
	ck_assert_int_gt(size_of(path), renewed + 10 * (off_t)sizeof(block));
	ck_assert_int_lt(renewed, 10 * (off_t)sizeof(block));
}
END_TEST

UNIT_MAIN_BETWEEN("environment", fixture_up, fixture_down, environment_cut_short_at_any_page_is_refused_and_left_alone,
                  environment_emptied_or_missing_is_refused_and_not_made_anew,
                  environment_with_a_garbage_header_is_refused, environment_with_a_damaged_identity_is_refused,
                  environment_that_ends_in_free_pages_is_whole, environment_check_misses_a_record_that_a_page_has_lost,
                  environment_reuses_what_it_frees, environment_is_of_no_use_to_a_forked_child,
                  environment_has_one_writer_at_a_time, environment_view_holds_its_pages_until_it_is_renewed)
