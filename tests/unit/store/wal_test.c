/* The journal's log: what a process finds of it after every kind of crash and of damage. */
#define FIXTURE_SYNC
#include <sys/syscall.h>
#include "fixture.h"
#include "wal_files.h"

static const char *const files[] = {"log.0", "log.1", "log.seal", "data.mdb", "seal"};
#define FILES (sizeof(files) / sizeof(files[0]))

/* A journal's files, to be put back. */
struct saved {
	uint8_t *bytes[FILES];
	size_t sizes[FILES];
};

static void journal_path(const char *file, char path[128])
{
	char rest[64];
	snprintf(rest, sizeof(rest), "data/journal/%s", file);
	fixture_path(rest, path);
}

static void write_file(const char *file, const uint8_t *bytes, size_t size)
{
	char path[128];
	journal_path(file, path);
	int fd = open(path, O_WRONLY | O_CREAT, 0600); /* emptied first, ext4 would sync it */
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, size, 0), (ssize_t)size);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static void save(struct saved *saved)
{
	char path[128];
	for (size_t i = 0; i < FILES; i++) {
		journal_path(files[i], path);
		saved->bytes[i] = fixture_read(path, &saved->sizes[i]);
	}
}

static void restore(const struct saved *saved)
{
	for (size_t i = 0; i < FILES; i++)
		write_file(files[i], saved->bytes[i], saved->sizes[i]);
}

static void forget(struct saved *saved)
{
	for (size_t i = 0; i < FILES; i++)
		free(saved->bytes[i]);
}

static void commit_one(uint8_t number, size_t size)
{
	uint8_t *value = malloc(size + 1), key[8];
	memset(value, number, size);
	be64_put(key, number);
	const struct journal_write writes[] = {{JOURNAL_BLOCK, key, value, sizeof(key), size, 0},
	                                       {JOURNAL_VOTE, key, "a vote", sizeof(key), 6, 0}};
	ck_assert_msg(!journal_commit(store, writes, 2, why), "%s", why);
	free(value);
}

/* Which of the commits up to this number are there. One that is there in part is a failure. */
static uint32_t commits_there(uint8_t most)
{
	uint32_t found = 0;
	struct bytes value, vote;
	for (uint8_t number = 1; number <= most; number++) {
		uint8_t key[8];
		be64_put(key, number);
		int error = view.journal_get(view.context, JOURNAL_BLOCK, key, sizeof(key), &value);
		int other = view.journal_get(view.context, JOURNAL_VOTE, key, sizeof(key), &vote);
		ck_assert_int_eq(error, other);
		ck_assert(!error || error == UNCIA_E_NOT_FOUND);
		if (!error) {
			ck_assert_uint_eq(value.data[0], number);
			ck_assert_uint_eq(value.data[value.size - 1], number);
			found |= 1u << number;
		}
	}
	return found;
}

static uint32_t all_up_to(uint8_t number)
{
	return (2u << number) - 2;
}

/* As a process that is killed leaves the files: nothing is copied from the log when it ends. */
static void die(void)
{
	store->read_only = true;
	fixture_close();
}

/* The newest piece: the file that it is in, where it begins, and its size. */
static void newest_place(size_t *file, size_t *at, size_t *size)
{
	const struct wal *wal = &store->wal;
	*file = wal->active;
	*size = (size_t)piece_size(&wal->last->header);
	*at = wal->at - *size;
}

/* A sector of a file that the disk does not give; NULL: none. What reads up to it gets what is before it. */
static const char *bad_file;
static off_t bad_sector;

__attribute__((visibility("default"))) ssize_t pread(int fd, void *bytes, size_t size, off_t at)
{
	if (bad_file && at < bad_sector + 512 && at + (off_t)size > bad_sector && fixture_is_of(fd, bad_file)) {
		if (at >= bad_sector) {
			errno = EIO;
			return -1;
		}
		size = (size_t)(bad_sector - at);
	}
	return syscall(SYS_pread64, fd, bytes, size, at);
}

/* What is written to the file of this path fails, from its beginning to that place; NULL: none. */
static const char *bad_write;
static off_t bad_write_end = INT64_MAX;

__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	if (bad_write && at < bad_write_end && fixture_is_of(fd, bad_write)) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, size, at);
}

static void expect_damaged(const char *sentence)
{
	for (int read_only = 0; read_only < 2; read_only++) {
		ck_assert_int_eq(fixture_open(read_only, 0), UNCIA_E_DAMAGED);
		ck_assert_msg(strstr(why, "journal: ") && strstr(why, sentence), "%s", why);
		ck_assert_ptr_null(store);
	}
}

/* Opens as a reader, who changes nothing, and then twice as one who writes. */
static void expect_commits(uint32_t commits, uint8_t most)
{
	uint64_t records;
	struct saved before, after;
	save(&before);
	ck_assert_msg(!fixture_open(true, 0), "%s", why);
	ck_assert_uint_eq(commits_there(most), commits);
	ck_assert_int_eq(store_check_records(store, &records, why), 0);
	fixture_close();
	save(&after);
	for (size_t i = 0; i < FILES; i++) {
		ck_assert_uint_eq(before.sizes[i], after.sizes[i]);
		ck_assert_int_eq(memcmp(before.bytes[i], after.bytes[i], before.sizes[i]), 0);
	}
	forget(&before);
	forget(&after);
	for (int round = 0; round < 2; round++) {
		ck_assert_msg(!fixture_open(false, 0), "%s", why);
		ck_assert_uint_eq(commits_there(most), commits);
		if (round)
			fixture_close();
		else
			die();
	}
}

START_TEST(log_of_a_process_that_was_killed_has_all_commits)
{
	for (uint8_t number = 1; number <= 5; number++)
		commit_one(number, 100u * number * number * number);
	die();
	expect_commits(all_up_to(5), 9);
}
END_TEST

/* The size of a piece is that of its pages: headers, heads and values fill them to the last byte, and one more. */
START_TEST(log_holds_pieces_of_every_size_around_a_page)
{
	const size_t heads = PIECE_HEADER + 2 * (PIECE_HEAD + 8) + 6;
	for (uint8_t i = 0; i < 6; i++)
		commit_one((uint8_t)(i + 1), PIECE_PAGE * (1 + i / 3) - heads + (i % 3) - 1);
	const struct wal_piece *second = wal_piece_after(&store->wal, wal_piece_after(&store->wal, NULL));
	ck_assert_uint_eq(piece_size(&second->header), PIECE_PAGE);
	die();
	expect_commits(all_up_to(6), 9);
}
END_TEST

/* Cut off, or overwritten by what was there before, from every byte of it on: it is gone, and nothing else. The seal is
 * as old as a power cut may leave it. */
START_TEST(log_torn_at_any_byte_of_its_newest_piece_lacks_that_and_nothing_else)
{
	struct saved before, after;
	size_t file, at, size;
	commit_one(1, 5000);
	commit_one(2, 700);
	save(&before);
	commit_one(3, 5000);
	newest_place(&file, &at, &size);
	die();
	save(&after);
	size_t used = PIECE_HEADER + 2 * (PIECE_HEAD + 8) + 5000 + 6;
	for (size_t cut = 0; cut <= used; cut += cut % 512 < 6 || used - cut < 9 ? 1 : 83) {
		uint8_t *torn = malloc(after.sizes[file]);
		memcpy(torn, after.bytes[file], after.sizes[file]);
		memset(torn + at + cut, 0, size - cut); /* as the file was lengthened */
		restore(&after);
		write_file(files[file], torn, after.sizes[file]);
		write_file("log.seal", before.bytes[2], before.sizes[2]);
		expect_commits(all_up_to(cut < used ? 2 : 3), 9);
		/* With the seal of this very commit it was durable, so that its end is not a crash's. */
		restore(&after);
		write_file(files[file], torn, after.sizes[file]);
		if (cut < used)
			expect_damaged("its log is damaged: it lacks commit 4");
		free(torn);
	}
	forget(&before);
	forget(&after);
}
END_TEST

/* The first piece after a start, and after a turn, is written over older ones: torn, it takes none with it that counts.
 */
START_TEST(log_torn_where_it_begins_anew_lacks_that_and_nothing_else)
{
	uint8_t number = 0;
	for (int round = 0; round < 6; round++) {
		struct saved before, after;
		size_t file, at, size;
		if (round % 3 == 2) { /* enough for a turn, and not copied yet */
			store->wal.limit = 2 * PIECE_PAGE;
			commit_one(++number, 4000);
		} else if (round % 3 == 1) {
			commit_one(++number, 300);
			fixture_close(); /* all is copied */
			ck_assert_int_eq(fixture_open(false, 0), 0);
		}
		save(&before);
		commit_one((uint8_t)(number + 1), 5000);
		newest_place(&file, &at, &size);
		ck_assert_uint_eq(at, 0);
		die();
		save(&after);
		for (size_t cut = 0; cut < 5000; cut += 617) {
			restore(&after);
			memcpy(before.bytes[file], after.bytes[file], cut);
			write_file(files[file], before.bytes[file], before.sizes[file]);
			write_file("log.seal", before.bytes[2], before.sizes[2]);
			expect_commits(all_up_to(number), 20);
		}
		restore(&after);
		expect_commits(all_up_to(++number), 20);
		forget(&before);
		forget(&after);
		ck_assert_msg(!fixture_open(false, 0), "%s", why);
	}
}
END_TEST

START_TEST(log_with_any_byte_changed_is_refused)
{
	struct saved whole;
	size_t file, at, size;
	for (uint8_t number = 1; number <= 4; number++)
		commit_one(number, 1200);
	newest_place(&file, &at, &size);
	die();
	save(&whole);
	for (size_t byte = 0; byte < at + size; byte += 7) {
		restore(&whole);
		char path[128];
		journal_path(files[file], path);
		fixture_flip_at(path, byte, (int)(byte % 8));
		if (byte >= at)
			expect_damaged("its log is damaged: it lacks commit 5");
		else
			expect_damaged("its log is damaged: later commits are there without");
		/* An older seal, as after a power cut, does not make damage in the middle pass for a torn end. */
		uint8_t seal[24];
		wal_seal_make(1, be64_get(whole.bytes[0]), seal);
		write_file("log.seal", seal, sizeof(seal));
		if (byte < at)
			expect_damaged("its log is damaged: later commits are there without");
	}
	restore(&whole);
	expect_commits(all_up_to(4), 9);
	forget(&whole);
}
END_TEST

START_TEST(log_cut_short_or_missing_is_refused)
{
	struct saved whole;
	char path[128];
	for (uint8_t number = 1; number <= 3; number++)
		commit_one(number, 1200);
	unsigned active = store->wal.active;
	die();
	save(&whole);
	for (size_t pages = 0; pages < 3; pages++) {
		restore(&whole);
		write_file(files[active], whole.bytes[active], pages * PIECE_PAGE);
		expect_damaged("its log is damaged: it lacks commit");
	}
	for (size_t i = 0; i < 3; i++) {
		restore(&whole);
		journal_path(files[i], path);
		ck_assert_int_eq(remove(path), 0);
		expect_damaged("is missing");
		ck_assert_ptr_nonnull(strstr(why, files[i]));
		ck_assert_int_ne(access(path, F_OK), 0);
	}
	for (size_t at = 0; at < 24; at++) {
		restore(&whole);
		journal_path("log.seal", path);
		fixture_flip_at(path, at, (int)(at % 8));
		expect_damaged("its log's seal is damaged");
		write_file("log.seal", whole.bytes[2], at);
		expect_damaged("its log's seal is damaged");
	}
	restore(&whole);
	expect_commits(all_up_to(3), 9);
	forget(&whole);
}
END_TEST

/* An older log, with and without its seal, where the database knows of newer commits, and where it does not. */
START_TEST(log_that_is_older_is_refused)
{
	struct saved older, newer;
	for (int copied = 0; copied < 2; copied++) {
		uint8_t first = (uint8_t)(copied * 4 + 1);
		commit_one(first, 300);
		save(&older);
		commit_one((uint8_t)(first + 1), 300);
		if (copied)
			ck_assert_int_eq(fixture_checkpoint(), 0);
		die();
		save(&newer);
		for (int with_seal = 0; with_seal <= copied; with_seal++) {
			restore(&newer);
			for (size_t i = 0; i < 2u + (unsigned)with_seal; i++)
				write_file(files[i], older.bytes[i], older.sizes[i]);
			expect_damaged("its log is damaged: it lacks commit");
		}
		restore(&newer);
		ck_assert_msg(!fixture_open(false, 0), "%s", why);
		forget(&older);
		forget(&newer);
	}
}
END_TEST

/* Of a home of the same network and key: each has a log id of its own. */
START_TEST(log_of_another_home_is_refused)
{
	struct saved own, other;
	char first[64];
	commit_one(1, 300);
	die();
	save(&own);
	memcpy(first, home, sizeof(first));
	fixture_empty();
	fixture_create();
	ck_assert_int_eq(fixture_open(false, 0), 0);
	commit_one(1, 300);
	die();
	save(&other);
	for (size_t with_seal = 0; with_seal < 2; with_seal++) {
		for (size_t i = 0; i < 2 + with_seal; i++)
			write_file(files[i], own.bytes[i], own.sizes[i]);
		expect_damaged("its log is damaged: it lacks commit");
	}
	restore(&other);
	expect_commits(all_up_to(1), 9);
	ck_assert(store_home_remove(home));
	memcpy(home, first, sizeof(home));
	forget(&own);
	forget(&other);
}
END_TEST

/* A crash between the database's transaction and the next commit, which is appended where older pieces lie. */
START_TEST(log_is_written_over_only_where_everything_is_copied)
{
	uint8_t number = 0;
	store->wal.limit = 3 * PIECE_PAGE;
	unsigned turned = 0;
	while (number < 25) {
		unsigned active = store->wal.active;
		commit_one(++number, 900);
		turned += store->wal.active != active;
		if (number % 2)
			ck_assert_int_eq(journal_checkpoint(store, why), 0);
		if (number % 5 == 0) {
			die();
			expect_commits(all_up_to(number), 28);
			ck_assert_msg(!fixture_open(false, 0), "%s", why);
			store->wal.limit = 3 * PIECE_PAGE;
		}
		ck_assert_int_eq(store_view_renew_journal(store), 0);
		ck_assert_uint_eq(commits_there(28), all_up_to(number));
	}
	ck_assert_uint_gt(turned, 4);
	ck_assert_uint_le(store->wal.files[0].size, 1u << 17);
	ck_assert_uint_le(store->wal.files[1].size, 1u << 17);
}
END_TEST

/* Without a checkpoint thread commits make the checkpoints that they have to wait for. */
START_TEST(log_does_not_grow_without_bound_where_nobody_copies)
{
	for (uint64_t i = 0; i < 400; i++) {
		uint8_t key[8];
		be64_put(key, i);
		store->wal.limit = 8 * PIECE_PAGE;
		const struct journal_write write = {JOURNAL_FINAL, key, key, sizeof(key), sizeof(key), 0};
		ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
		ck_assert_int_eq(store_view_renew_journal(store), 0);
		ck_assert_uint_le(wal_waiting(&store->wal), 2 * WAL_FULL * 8u * PIECE_PAGE);
	}
	for (unsigned i = 0; i < 2; i++)
		ck_assert_uint_le(store->wal.files[i].size, 2 * WAL_FULL * 8u * PIECE_PAGE);
}
END_TEST

/* Pieces that were read are let go of when the view shows them in the database, and not before. */
START_TEST(log_pieces_stay_readable_until_the_view_is_renewed)
{
	uint8_t key[8];
	struct bytes value;
	commit_one(1, 3000);
	ck_assert_int_eq(store_view_renew_journal(store), 0);
	be64_put(key, 1);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, key, sizeof(key), &value), 0);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	commit_one(2, 3000);
	ck_assert_uint_eq(value.data[2999], 1); /* of memory that is freed a sanitizer would say so */
	ck_assert_ptr_nonnull(wal_piece_after(&store->wal, NULL));
	ck_assert_uint_eq(commits_there(3), all_up_to(1));
	ck_assert_int_eq(store_view_renew_journal(store), 0);
	ck_assert_uint_eq(commits_there(3), all_up_to(2));
	ck_assert_int_eq(fixture_checkpoint(), 0);
	ck_assert_int_eq(store_view_renew_journal(store), 0);
	ck_assert_ptr_null(wal_piece_after(&store->wal, NULL));
	ck_assert_uint_eq(commits_there(3), all_up_to(2));
}
END_TEST

static uint64_t random_state = 7;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % below;
}

#define VIEWS 12u
#define TAILS 3u

/* What two tables hold, written a second time; 0: nothing. */
static uint32_t model[2][VIEWS][TAILS];

static size_t model_key(uint32_t v, uint32_t tail, uint8_t key[16])
{
	be64_put(key, v);
	memset(key + 8, (int)tail, 8);
	return 8 + tail; /* one key begins another */
}

static void model_check(void)
{
	static const enum journal_table tables[] = {JOURNAL_VOTE, JOURNAL_CERT};
	for (unsigned t = 0; t < 2; t++) {
		uint8_t from[17] = {0}, last[16];
		size_t size = 0, last_size = 0;
		struct bytes key, value;
		for (uint32_t v = 0; v < VIEWS; v++) {
			for (uint32_t tail = 0; tail < TAILS; tail++) {
				uint8_t wanted[16];
				size_t wanted_size = model_key(v, tail, wanted);
				int error = view.journal_get(view.context, tables[t], wanted, wanted_size, &value);
				ck_assert_int_eq(error, model[t][v][tail] ? 0 : UNCIA_E_NOT_FOUND);
				if (error)
					continue;
				ck_assert_uint_eq(be32_get(value.data), model[t][v][tail]);
				ck_assert_int_eq(view.journal_seek(view.context, tables[t], from, size, &key, &value),
				                 0);
				ck_assert_uint_eq(key.size, wanted_size);
				ck_assert_mem_eq(key.data, wanted, wanted_size);
				ck_assert_uint_eq(be32_get(value.data), model[t][v][tail]);
				memcpy(from, wanted, wanted_size);
				from[wanted_size] = 0;
				size = wanted_size + 1;
				memcpy(last, wanted, wanted_size);
				last_size = wanted_size;
			}
		}
		int error = view.journal_seek(view.context, tables[t], from, size, &key, &value);
		ck_assert_int_eq(error, UNCIA_E_NOT_FOUND);
		error = view.journal_last(view.context, tables[t], &key, &value);
		ck_assert_int_eq(error, last_size ? 0 : UNCIA_E_NOT_FOUND);
		if (!error)
			ck_assert(key.size == last_size && !memcmp(key.data, last, last_size));
	}
}

/* Puts of one or two tables, and now and then what forgets votes, before, between and behind them. */
static void model_commit(uint32_t number)
{
	uint8_t keys[6][16], values[6][4];
	struct journal_write writes[6];
	size_t count = 1 + draw(6);
	for (size_t i = 0; i < count; i++) {
		uint32_t v = draw(VIEWS), tail = draw(TAILS), table = draw(2);
		if (draw(5) == 0) {
			writes[i] = (struct journal_write){.view = draw(20) ? v : UINT64_MAX};
			for (uint32_t k = 0; k < VIEWS && k <= writes[i].view; k++)
				memset(model[0][k], 0, sizeof(model[0][k]));
			continue;
		}
		be32_put(values[i], number);
		writes[i] = (struct journal_write){table ? JOURNAL_CERT : JOURNAL_VOTE, keys[i], values[i],
		                                   model_key(v, tail, keys[i]),         4,       0};
		model[table][v][tail] = number;
	}
	ck_assert_int_eq(journal_commit(store, writes, count, why), 0);
}

/* Against a plain rewriting, over random commits, checkpoints, ends and crashes. */
START_TEST(log_and_database_together_show_what_was_committed)
{
	memset(model, 0, sizeof(model));
	for (uint32_t number = 1; number <= 1500; number++) {
		model_commit(number);
		if (draw(6) == 0)
			ck_assert_int_eq(fixture_checkpoint(), 0);
		if (draw(40) == 0) {
			if (draw(2))
				die();
			else
				fixture_close();
			ck_assert_msg(!fixture_open(false, 0), "%s", why);
			store->wal.limit = draw(8) * PIECE_PAGE + 1;
		}
		if (draw(3) == 0) {
			ck_assert_int_eq(store_view_renew_journal(store), 0);
			model_check();
		}
	}
}
END_TEST

/* The page cache shows what the disk may never have got: it is written and synced before anything rests on it. */
START_TEST(log_is_written_and_synced_once_more_when_it_is_found)
{
	commit_one(1, 300);
	die();
	fixture_sync_fails = true;
	fixture_sync_fails_of = "/log.";
	ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why, "syncing what was found"));
	ck_assert_int_eq(fixture_open(true, 0), 0); /* a reader rests nothing on it */
	fixture_close();
	fixture_sync_fails = false;
	fixture_sync_fails_of = NULL;
	expect_commits(all_up_to(1), 9);
}
END_TEST

/* Nothing rests on what cannot be made durable: a database that has it would be newer than the log that lost it. */
START_TEST(log_that_cannot_be_written_when_it_is_found_is_not_copied)
{
	struct saved lost;
	commit_one(1, 300);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	save(&lost);
	commit_one(2, 300);
	die();
	fixture_sync_fails = true;
	fixture_sync_fails_of = "/log.";
	ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_IO);
	fixture_sync_fails = false;
	fixture_sync_fails_of = NULL;
	/* The power goes: of what was never synced nothing is left. */
	for (size_t i = 0; i < 3; i++)
		write_file(files[i], lost.bytes[i], lost.sizes[i]);
	expect_commits(all_up_to(1), 9);
	forget(&lost);
}
END_TEST

/* The database's newest header, too, may be no further than the page cache, which takes it for clean once a sync of it
 * has failed: to sync it again would tell nothing. What it says is copied is written over in the log from then on. */
START_TEST(header_is_written_once_more_when_it_is_found)
{
	static const char *const databases[] = {"/journal/data.mdb", "/state/data.mdb"};
	commit_one(1, 300);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	die();
	for (size_t i = 0; i < 2; i++) {
		bad_write = databases[i];
		ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_IO);
		ck_assert_msg(strstr(why, "syncing what was found"), "%s", why);
		ck_assert_int_eq(fixture_open(true, 0), 0); /* a reader rests nothing on it */
		fixture_close();
	}
	bad_write = NULL;
	expect_commits(all_up_to(1), 9);
}
END_TEST

static uint64_t records_there(void)
{
	uint64_t records;
	ck_assert_int_eq(store_check_records(store, &records, why), 0);
	return records;
}

/* A record that is written again, in the log or over the database's, is one; and one that is forgotten is none. */
START_TEST(records_of_log_and_database_are_counted_once)
{
	for (int round = 0; round < 2; round++) {
		const struct journal_write writes[] = {{JOURNAL_VOTE, "00000001a", "x", 9, 1, 0},
		                                       {JOURNAL_VOTE, "00000002a", "x", 9, 1, 0},
		                                       {JOURNAL_CERT, "00000001a", "x", 9, 1, 0},
		                                       {JOURNAL_PEER, "peer", round ? "y" : "x", 4, 1, 0}};
		ck_assert_int_eq(journal_commit(store, writes, 4, why), 0);
		ck_assert_int_eq(journal_commit(store, writes, 4, why), 0);
		if (!round)
			ck_assert_int_eq(fixture_checkpoint(), 0);
	}
	const struct journal_write forget_one = {.view = be64_get((const uint8_t *)"00000001")};
	const struct journal_write again = {JOURNAL_VOTE, "00000001b", "x", 9, 1, 0};
	ck_assert_int_eq(journal_commit(store, &forget_one, 1, why), 0);
	ck_assert_int_eq(journal_commit(store, &again, 1, why), 0);
	ck_assert_int_eq(store_view_renew_journal(store), 0);
	uint64_t in_both = records_there();
	fixture_close(); /* all of it is copied */
	ck_assert_int_eq(fixture_open(true, 0), 0);
	ck_assert_uint_eq(records_there(), in_both);
}
END_TEST

/* The kernel gives what comes before a bad sector, and says nothing of it. The seal is as a power cut may leave it. */
START_TEST(log_with_a_sector_that_is_not_given_is_an_error_and_no_end)
{
	struct saved before;
	size_t file, at, size;
	commit_one(1, 300);
	save(&before);
	commit_one(2, 9000);
	newest_place(&file, &at, &size);
	die();
	write_file("log.seal", before.bytes[2], before.sizes[2]);
	for (size_t sector = at; sector < at + size; sector += 512) {
		bad_file = files[file];
		bad_sector = (off_t)sector;
		for (int read_only = 0; read_only < 2; read_only++) {
			ck_assert_int_eq(fixture_open(read_only, 0), UNCIA_E_IO);
			ck_assert_msg(strstr(why, "journal: reading its log"), "%s", why);
		}
		bad_file = NULL;
	}
	expect_commits(all_up_to(2), 9);
	forget(&before);
}
END_TEST

/* The database has what was copied, but its seal could not be written: the view may show it, and nothing is copied any
 * more. */
START_TEST(log_whose_copy_could_not_be_sealed_is_copied_no_more)
{
	commit_one(1, 300);
	bad_write = "/journal/seal";
	ck_assert_int_eq(fixture_checkpoint(), UNCIA_E_IO);
	bad_write = NULL;
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(store_view_renew_journal(store), 0);
		ck_assert_uint_eq(commits_there(3), all_up_to(1));
		ck_assert_int_eq(journal_checkpoint(store, why), UNCIA_E_IO);
		ck_assert_msg(strstr(why, "earlier commit failed"), "%s", why);
	}
	fixture_close();
	expect_commits(all_up_to(1), 9);
}
END_TEST

/* Behind a header that could not be written LMDB shows nothing any more, to whichever thread: why is for the thread to
 * say whose commit it was. */
START_TEST(view_is_closed_behind_a_header_that_could_not_be_written)
{
	commit_one(1, 300);
	bad_write = "/journal/data.mdb";
	bad_write_end = 2 * sysconf(_SC_PAGESIZE);
	ck_assert_int_eq(fixture_checkpoint(), UNCIA_E_IO);
	ck_assert_msg(strstr(why, "journal: committing: Input/output error"), "%s", why);
	bad_write = NULL;
	bad_write_end = INT64_MAX;
	ck_assert_int_eq(store_view_renew_journal(store), UNCIA_E_CLOSED);
	ck_assert_int_eq(journal_checkpoint(store, why), UNCIA_E_IO);
	fixture_close();
	expect_commits(all_up_to(1), 9);
}
END_TEST

static void wal_up(void)
{
	/* What the files hold is looked at by processes, not after a loss of power: no sync need reach a disk. */
	fixture_sync_is_idle = true;
	if (!access("/dev/shm", W_OK))
		fixture_directory = "/dev/shm";
	fixture_up();
}

UNIT_MAIN_BETWEEN(
    "wal", wal_up, fixture_down, log_of_a_process_that_was_killed_has_all_commits,
    log_holds_pieces_of_every_size_around_a_page, log_torn_at_any_byte_of_its_newest_piece_lacks_that_and_nothing_else,
    log_torn_where_it_begins_anew_lacks_that_and_nothing_else, log_with_any_byte_changed_is_refused,
    log_cut_short_or_missing_is_refused, log_that_is_older_is_refused, log_of_another_home_is_refused,
    log_is_written_over_only_where_everything_is_copied, log_does_not_grow_without_bound_where_nobody_copies,
    log_pieces_stay_readable_until_the_view_is_renewed, log_and_database_together_show_what_was_committed,
    log_is_written_and_synced_once_more_when_it_is_found, header_is_written_once_more_when_it_is_found,
    records_of_log_and_database_are_counted_once, log_that_cannot_be_written_when_it_is_found_is_not_copied,
    log_with_a_sector_that_is_not_given_is_an_error_and_no_end, log_whose_copy_could_not_be_sealed_is_copied_no_more,
    view_is_closed_behind_a_header_that_could_not_be_written)
