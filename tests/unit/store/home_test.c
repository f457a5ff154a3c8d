#include <errno.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include "fixture.h"

static int create(void)
{
	static const struct flush genesis = {.meta = {.entry_count = 1, .free_head = ENTRY_NONE}};
	return store_create(home, &network, validator_key, &genesis);
}

static void make(const char *rest, bool directory)
{
	char path[128];
	fixture_path(rest, path);
	if (directory) {
		ck_assert_int_eq(mkdir(path, 0700), 0);
	} else {
		FILE *f = fopen(path, "w");
		ck_assert_ptr_nonnull(f);
		fputs("half of something", f);
		fclose(f);
	}
}

static bool exists(const char *rest)
{
	char path[128];
	fixture_path(rest, path);
	return !access(path, F_OK);
}

START_TEST(home_opens_as_it_was_created)
{
	uint64_t records;
	ck_assert_int_eq(create(), 0);
	ck_assert(!exists("data.new"));
	for (int read_only = 0; read_only < 2; read_only++) {
		ck_assert_msg(!fixture_open(read_only, 0), "%s", why);
		ck_assert_int_eq(store_check_records(store, &records, why), 0);
		ck_assert_uint_eq(records, 4);
		fixture_close();
	}
}
END_TEST

START_TEST(home_is_created_once)
{
	ck_assert_int_eq(create(), 0);
	ck_assert_int_eq(create(), UNCIA_E_EXISTS);
	ck_assert_int_eq(fixture_open(false, 0), 0);
	ck_assert_int_eq(create(), UNCIA_E_BUSY);
}
END_TEST

START_TEST(home_is_held_while_it_is_open)
{
	ck_assert(!store_is_held(home)); /* there is no lock yet */
	ck_assert_int_eq(create(), 0);
	ck_assert(!store_is_held(home));
	ck_assert_int_eq(fixture_open(true, 0), 0);
	ck_assert(store_is_held(home));
	fixture_close();
	ck_assert(!store_is_held(home));
}
END_TEST

START_TEST(home_without_a_ledger_is_not_found)
{
	ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(why, home));
	ck_assert_ptr_nonnull(strstr(why, "no data/ in"));
	ck_assert(!exists("data"));
}
END_TEST

/* Every state that a crash during creation can leave, step by step, is nothing to open and no hindrance to create. */
START_TEST(home_creation_starts_over_after_a_crash_at_each_step)
{
	static const struct {
		const char *path;
		bool directory;
	} steps[] = {{"lock", false},
	             {"data.new", true},
	             {"data.new/journal", true},
	             {"data.new/journal/lock.mdb", false},
	             {"data.new/journal/data.mdb", false},
	             {"data.new/journal/seal", false},
	             {"data.new/journal/log.0", false},
	             {"data.new/journal/log.1", false},
	             {"data.new/journal/log.seal", false},
	             {"data.new/state", true},
	             {"data.new/state/lock.mdb", false},
	             {"data.new/state/data.mdb", false},
	             {"data.new/state/seal", false}};
	for (size_t done = 0; done <= sizeof(steps) / sizeof(steps[0]); done++) {
		fixture_down();
		fixture_empty();
		for (size_t i = 0; i < done; i++)
			make(steps[i].path, steps[i].directory);
		ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_NOT_FOUND);
		ck_assert_int_eq(create(), 0);
		ck_assert(!exists("data.new"));
		ck_assert_int_eq(fixture_open(false, 0), 0);
	}
}
END_TEST

START_TEST(home_creation_removes_nothing_it_did_not_make)
{
	char path[128];
	make("data.new", true);
	make("data.new/precious", false);
	ck_assert_int_eq(create(), UNCIA_E_IO);
	ck_assert_int_eq(errno, ENOTEMPTY);
	ck_assert(exists("data.new/precious"));
	fixture_path("data.new/precious", path);
	remove(path);
	ck_assert_int_eq(create(), 0);
}
END_TEST

START_TEST(home_creation_says_why_it_failed)
{
	rmdir(home);
	ck_assert_int_eq(create(), UNCIA_E_IO);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(home_refuses_another_network_or_key)
{
	const struct hash other = {{1, 2, 4}};
	const uint8_t other_key[32] = {9, 8, 6};
	ck_assert_int_eq(create(), 0);
	ck_assert_int_eq(store_open(home, &other, validator_key, false, &store, why), UNCIA_E_NETWORK);
	ck_assert_ptr_nonnull(strstr(why, "another network"));
	ck_assert_int_eq(store_open(home, &network, other_key, false, &store, why), UNCIA_E_NETWORK);
	ck_assert_ptr_nonnull(strstr(why, "another consensus key"));
	ck_assert_ptr_null(store);
	ck_assert_int_eq(fixture_open(false, 0), 0);
}
END_TEST

START_TEST(home_refuses_environments_of_two_homes)
{
	char first[64], from[128], to[128];
	const struct hash other = {{1, 2, 4}};
	static const struct flush genesis;
	ck_assert_int_eq(create(), 0);
	memcpy(first, home, sizeof(first));
	fixture_empty();
	ck_assert_int_eq(store_create(home, &other, validator_key, &genesis), 0);
	for (size_t i = 0; i < 2; i++) {
		static const char *const files[] = {"data.mdb", "seal"};
		snprintf(from, sizeof(from), "%s/data/state/%s", home, files[i]);
		snprintf(to, sizeof(to), "%s/data/state/%s", first, files[i]);
		ck_assert_int_eq(rename(from, to), 0);
	}
	fixture_down();
	memcpy(home, first, sizeof(home));
	ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_NETWORK);
	ck_assert_ptr_nonnull(strstr(why, "state"));
}
END_TEST

/* The child opens; the parent, which holds nothing, then finds the home in use by it. */
START_TEST(home_in_use_names_the_process)
{
	int ready[2], done[2];
	char byte, pid_text[32];
	ck_assert_int_eq(create(), 0);
	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(done), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		byte = fixture_open(false, 0) ? 'n' : 'y';
		if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1)
			_exit(1);
		fixture_close();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 'y');
	snprintf(pid_text, sizeof(pid_text), "process %ld", (long)pid);
	for (int read_only = 0; read_only < 2; read_only++) {
		ck_assert_int_eq(fixture_open(read_only, 0), UNCIA_E_BUSY);
		ck_assert_ptr_nonnull(strstr(why, pid_text));
	}
	int status;
	ck_assert_int_eq(write(done[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(fixture_open(false, 0), 0);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(done[i]);
	}
}
END_TEST

static uint64_t disk_free; /* bytes of each file system; 0: as many as there are */

__attribute__((visibility("default"))) int statvfs(const char *path, struct statvfs *fs)
{
	struct statfs found;
	if (statfs(path, &found))
		return -1;
	*fs = (struct statvfs){.f_frsize = 1, .f_bavail = disk_free};
	if (!disk_free)
		*fs = (struct statvfs){.f_frsize = (unsigned long)found.f_frsize, .f_bavail = found.f_bavail};
	return 0;
}

/* A checkpoint will need the disk for what waits in the log: that much is not free. */
START_TEST(home_counts_what_waits_as_being_on_the_disk)
{
	static uint8_t body[300000];
	uint64_t space;
	const struct journal_write write = {JOURNAL_BLOCK, "k", body, 1, sizeof(body), 0};
	disk_free = 500000;
	ck_assert_int_eq(create(), 0);
	ck_assert_int_eq(fixture_open(false, 0), 0);
	ck_assert_int_eq(store_space(store, &space), 0);
	ck_assert_uint_eq(space, 500000);
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
	ck_assert_int_eq(store_space(store, &space), 0);
	ck_assert_uint_lt(space, 200001);
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
	ck_assert_int_eq(store_space(store, &space), 0);
	ck_assert_uint_eq(space, 0);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	ck_assert_int_eq(store_space(store, &space), 0);
	ck_assert_uint_eq(space, 500000);
	disk_free = 0;
}
END_TEST

START_TEST(home_tells_its_free_space)
{
	uint64_t space, small;
	ck_assert_int_eq(create(), 0);
	ck_assert_int_eq(fixture_open(false, 0), 0);
	ck_assert_int_eq(store_space(store, &space), 0);
	ck_assert_uint_gt(space, 1 << 20);
	fixture_close();
	/* A map that is nearly full is a disk that is. */
	ck_assert_int_eq(fixture_open(false, 256 << 10), 0);
	ck_assert_int_eq(store_space(store, &small), 0);
	ck_assert_uint_gt(small, 0);
	ck_assert_uint_lt(small, 256 << 10);
	static uint8_t most[206 << 10];
	const struct journal_write write = {JOURNAL_BLOCK, "k", most, 1, sizeof(most), 0};
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
	ck_assert_int_eq(store_space(store, &space), 0);
	ck_assert_uint_eq(space, 0);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	ck_assert_int_eq(store_space(store, &space), 0);
	ck_assert_uint_eq(space, 0);
}
END_TEST

START_TEST(journal_alone_keeps_votes_and_has_no_state)
{
	static const uint8_t key[41] = {0, 0, 0, 0, 0, 0, 0, 5, 2};
	const struct journal_write write = {
	    .table = JOURNAL_VOTE, .key = key, .key_size = sizeof(key), .value = "vote", .value_size = 4};
	struct bytes value;
	ck_assert_int_eq(store_create_journal(home, &network, validator_key), 0);
	ck_assert_int_eq(store_create_journal(home, &network, validator_key), UNCIA_E_EXISTS);
	ck_assert_msg(!store_open_journal(home, &network, validator_key, &store, why), "%s", why);
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
	fixture_close();
	ck_assert_msg(!store_open_journal(home, &network, validator_key, &store, why), "%s", why);
	store_view(store, &view);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_VOTE, key, sizeof(key), &value), 0);
	ck_assert_mem_eq(value.data, "vote", 4);
	ck_assert_int_eq(store_view_renew_journal(store), 0);
	fixture_close();
	ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_DAMAGED); /* it is no validator's home */
	ck_assert_ptr_nonnull(strstr(why, "state"));
}
END_TEST

UNIT_MAIN_BETWEEN("home", fixture_empty, fixture_down, journal_alone_keeps_votes_and_has_no_state,
                  home_opens_as_it_was_created, home_is_created_once, home_is_held_while_it_is_open,
                  home_without_a_ledger_is_not_found, home_creation_starts_over_after_a_crash_at_each_step,
                  home_creation_removes_nothing_it_did_not_make, home_creation_says_why_it_failed,
                  home_refuses_another_network_or_key, home_refuses_environments_of_two_homes,
                  home_in_use_names_the_process, home_tells_its_free_space, home_counts_what_waits_as_being_on_the_disk)
