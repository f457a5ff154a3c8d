#define FIXTURE_SYNC
#include <signal.h>
#include <sys/resource.h>
#include "fixture.h"

static void vote_key(uint64_t v, uint8_t kind, uint8_t key[41])
{
	memset(key, 0, 41);
	be64_put(key, v);
	key[8] = kind;
}

static void put_vote(uint64_t v, uint8_t kind, const char *text)
{
	uint8_t key[41];
	vote_key(v, kind, key);
	const struct journal_write write = {JOURNAL_VOTE, key, text, sizeof(key), strlen(text), 0};
	ck_assert_msg(!journal_commit(store, &write, 1, why), "%s", why);
}

static uint64_t first_vote(void)
{
	struct bytes key, value;
	if (view.journal_seek(view.context, JOURNAL_VOTE, NULL, 0, &key, &value))
		return 0;
	return be64_get(key.data);
}

START_TEST(journal_reads_back_after_renew_and_reopening)
{
	uint8_t key[41];
	struct bytes value;
	put_vote(7, 1, "seven");
	vote_key(7, 1, key);
	ck_assert_int_eq(store_view_renew(store), 0);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(view.journal_get(view.context, JOURNAL_VOTE, key, sizeof(key), &value), 0);
		ck_assert_uint_eq(value.size, 5);
		ck_assert_mem_eq(value.data, "seven", 5);
		fixture_close();
		ck_assert_int_eq(fixture_open(false, 0), 0);
	}
}
END_TEST

START_TEST(journal_view_stands_still_until_renewed)
{
	uint8_t key[41];
	struct bytes value;
	vote_key(7, 1, key);
	put_vote(7, 1, "seven");
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_VOTE, key, sizeof(key), &value), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(store_view_renew(store), 0);
	put_vote(7, 1, "eight");
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_VOTE, key, sizeof(key), &value), 0);
	ck_assert_mem_eq(value.data, "seven", 5);
}
END_TEST

START_TEST(journal_walks_in_order_of_view)
{
	static const uint64_t written[] = {1000, 3, 256, 255, 1ull << 40, 4};
	static const uint64_t sorted[] = {3, 4, 255, 256, 1000, 1ull << 40};
	struct bytes key = {0}, value;
	uint8_t from[JOURNAL_KEY_MAX];
	for (size_t i = 0; i < 6; i++)
		put_vote(written[i], 1, "vote");
	ck_assert_int_eq(store_view_renew(store), 0);
	size_t from_size = 0;
	for (size_t i = 0; i < 6; i++) {
		ck_assert_int_eq(view.journal_seek(view.context, JOURNAL_VOTE, from, from_size, &key, &value), 0);
		ck_assert_uint_eq(be64_get(key.data), sorted[i]);
		be64_put(from, sorted[i] + 1);
		from_size = 8;
	}
	ck_assert_int_eq(view.journal_seek(view.context, JOURNAL_VOTE, from, from_size, &key, &value),
	                 UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(view.journal_last(view.context, JOURNAL_VOTE, &key, &value), 0);
	ck_assert_uint_eq(be64_get(key.data), 1ull << 40);
}
END_TEST

START_TEST(journal_seek_finds_the_very_key)
{
	uint8_t wanted[41];
	struct bytes key, value;
	put_vote(5, 1, "five one");
	put_vote(5, 5, "five final");
	vote_key(5, 5, wanted);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_int_eq(view.journal_seek(view.context, JOURNAL_VOTE, wanted, sizeof(wanted), &key, &value), 0);
	ck_assert_uint_eq(key.size, sizeof(wanted));
	ck_assert_mem_eq(key.data, wanted, sizeof(wanted));
	ck_assert_mem_eq(value.data, "five final", value.size);
}
END_TEST

START_TEST(journal_tables_are_apart)
{
	struct bytes key, value;
	for (int table = JOURNAL_VOTE; table < JOURNAL_TABLES; table++) {
		ck_assert_int_eq(view.journal_last(view.context, table, &key, &value), UNCIA_E_NOT_FOUND);
		uint8_t number = (uint8_t)table;
		const struct journal_write write = {table, "k", &number, 1, 1, 0};
		ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
		ck_assert_int_eq(store_view_renew(store), 0);
	}
	for (int table = JOURNAL_VOTE; table < JOURNAL_TABLES; table++) {
		ck_assert_int_eq(view.journal_get(view.context, table, "k", 1, &value), 0);
		ck_assert_uint_eq(value.data[0], table);
	}
}
END_TEST

START_TEST(journal_forgets_votes_up_to_a_view_and_nothing_else)
{
	uint8_t key[41];
	struct bytes value;
	for (uint64_t v = 1; v <= 300; v++)
		put_vote(v, 1, "vote");
	vote_key(1, 1, key);
	const struct journal_write writes[] = {{JOURNAL_CERT, key, "cert", sizeof(key), 4, 0}, {.view = 298}};
	ck_assert_int_eq(journal_commit(store, writes, 2, why), 0);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_uint_eq(first_vote(), 299);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_CERT, key, sizeof(key), &value), 0);
	const struct journal_write all = {.view = UINT64_MAX};
	ck_assert_int_eq(journal_commit(store, &all, 1, why), 0);
	ck_assert_int_eq(journal_commit(store, &all, 1, why), 0);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_uint_eq(first_vote(), 0);
}
END_TEST

START_TEST(journal_holds_the_largest_block)
{
	size_t size = BLOCK_SIZE_MAX + (1u << 20);
	uint8_t *block = malloc(size), key[40] = {0};
	struct bytes value;
	for (size_t i = 0; i < size; i++)
		block[i] = (uint8_t)(i * 31 >> 3);
	const struct journal_write write = {JOURNAL_BLOCK, key, block, sizeof(key), size, 0};
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, key, sizeof(key), &value), 0);
	ck_assert_uint_eq(value.size, size);
	ck_assert_int_eq(memcmp(value.data, block, size), 0);
	free(block);
}
END_TEST

START_TEST(journal_keeps_an_empty_value)
{
	struct bytes value;
	const struct journal_write write = {JOURNAL_FINAL, "k", NULL, 1, 0, 0};
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_FINAL, "k", 1, &value), 0);
	ck_assert_uint_eq(value.size, 0);
}
END_TEST

START_TEST(journal_names_a_damaged_record)
{
	uint8_t key[41];
	struct bytes found, value;
	put_vote(258, 1, "vote");
	fixture_close();
	vote_key(258, 1, key);
	fixture_flip("journal", "vote", (MDB_val){sizeof(key), key}, 2);
	ck_assert_int_eq(fixture_open(false, 0), 0);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_VOTE, key, sizeof(key), &value), UNCIA_E_DAMAGED);
	ck_assert_ptr_nonnull(strstr(store_damage(store), "journal"));
	ck_assert_ptr_nonnull(strstr(store_damage(store), "vote"));
	ck_assert_ptr_nonnull(strstr(store_damage(store), "000000000000010201"));
	ck_assert_int_eq(view.journal_seek(view.context, JOURNAL_VOTE, NULL, 0, &found, &value), UNCIA_E_DAMAGED);
	ck_assert_int_eq(view.journal_last(view.context, JOURNAL_VOTE, &found, &value), UNCIA_E_DAMAGED);
}
END_TEST

/* As on a disk that is full: files must not grow. */
START_TEST(journal_refuses_every_commit_after_a_failed_one)
{
	static uint8_t block[300000];
	struct bytes value;
	struct rlimit before, none = {70000, 70000};
	const struct journal_write large = {JOURNAL_BLOCK, "large", block, 5, sizeof(block), 0};
	const struct journal_write small = {JOURNAL_BLOCK, "small", "s", 5, 1, 0};
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	none.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(journal_commit(store, &small, 1, why), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	ck_assert_int_eq(journal_commit(store, &large, 1, why), UNCIA_E_IO);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_ptr_nonnull(strstr(why, "journal: committing: File too large"));
	ck_assert_int_eq(journal_commit(store, &small, 1, why), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why, "earlier commit failed"));
	ck_assert_int_eq(store_view_renew(store), 0);
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, "small", 5, &value), 0);
		ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, "large", 5, &value), UNCIA_E_NOT_FOUND);
		fixture_close();
		ck_assert_msg(!fixture_open(false, 0), "%s", why);
	}
	ck_assert_int_eq(journal_commit(store, &large, 1, why), 0);
}
END_TEST

/* What the log holds is safe where LMDB has no room for it, and is copied when it has. */
START_TEST(journal_checkpoint_that_fails_loses_nothing)
{
	static uint8_t block[300000];
	struct bytes value;
	const struct journal_write large = {JOURNAL_BLOCK, "large", block, 5, sizeof(block), 0};
	fixture_close();
	ck_assert_int_eq(fixture_open(false, 256 << 10), 0);
	ck_assert_int_eq(journal_commit(store, &large, 1, why), 0);
	ck_assert_int_eq(fixture_checkpoint(), UNCIA_E_FULL);
	ck_assert_ptr_nonnull(strstr(why, "journal"));
	ck_assert_int_eq(journal_checkpoint(store, why), UNCIA_E_IO);
	ck_assert_ptr_nonnull(strstr(why, "earlier commit failed"));
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(store_view_renew(store), 0);
		ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, "large", 5, &value), 0);
		ck_assert_uint_eq(value.size, sizeof(block));
		fixture_close();
		ck_assert_msg(!fixture_open(false, 0), "%s", why);
	}
}
END_TEST

/* The next sync would report success for what this one has lost. */
START_TEST(journal_refuses_every_commit_after_a_failed_sync)
{
	struct bytes value;
	const struct journal_write lost = {JOURNAL_BLOCK, "lost", "l", 4, 1, 0};
	const struct journal_write later = {JOURNAL_BLOCK, "later", "l", 5, 1, 0};
	fixture_sync_fails = true;
	ck_assert_int_eq(journal_commit(store, &lost, 1, why), UNCIA_E_IO);
	fixture_sync_fails = false;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(journal_commit(store, &later, 1, why), UNCIA_E_IO);
		ck_assert_ptr_nonnull(strstr(why, "earlier commit failed"));
	}
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, "lost", 4, &value), UNCIA_E_NOT_FOUND);
	/* Nothing rests on it; where it is whole in the file all the same, it is written and synced anew, and counts.
	 */
	fixture_close();
	ck_assert_int_eq(fixture_open(false, 0), 0);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, "lost", 4, &value), 0);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, "later", 5, &value), UNCIA_E_NOT_FOUND);
	ck_assert_int_eq(journal_commit(store, &later, 1, why), 0);
}
END_TEST

static size_t mapped_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	size_t kib = 0;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "RssFile: %zu kB", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

static void put_mebibytes(uint64_t from, uint64_t count)
{
	static uint8_t body[1u << 20];
	uint8_t key[40] = {0};

	for (uint64_t i = from; i < from + count; i++) {
		be64_put(key, i);
		memset(body, (int)i, sizeof(body));
		const struct journal_write write = {JOURNAL_BLOCK, key, body, sizeof(key), sizeof(body), 0};
		ck_assert_msg(!journal_commit(store, &write, 1, why), "%s", why);
	}
	ck_assert_int_eq(fixture_checkpoint(), 0);
	ck_assert_int_eq(store_view_renew_journal(store), 0);
}

static void read_mebibytes(uint64_t count)
{
	uint8_t key[40] = {0};
	struct bytes value;

	for (uint64_t i = 0; i < count; i++) {
		be64_put(key, i);
		ck_assert_int_eq(view.journal_get(view.context, JOURNAL_BLOCK, key, sizeof(key), &value), 0);
		ck_assert_uint_eq(value.size, 1u << 20);
		ck_assert_uint_eq(value.data[value.size - 1], i);
	}
}

/* A long chain that is written and read does not stay mapped as a whole. */
START_TEST(journal_gives_back_pages_that_were_read)
{
	size_t before = mapped_kib();

	put_mebibytes(0, 40);
	read_mebibytes(40);
	ck_assert_uint_gt(mapped_kib(), before + 30 * 1024);
	put_mebibytes(40, 40);
	ck_assert_uint_lt(mapped_kib(), before + 20 * 1024);
	read_mebibytes(80);
}
END_TEST

UNIT_MAIN_BETWEEN("journal", fixture_up, fixture_down, journal_reads_back_after_renew_and_reopening,
                  journal_view_stands_still_until_renewed, journal_walks_in_order_of_view,
                  journal_seek_finds_the_very_key, journal_tables_are_apart,
                  journal_forgets_votes_up_to_a_view_and_nothing_else, journal_holds_the_largest_block,
                  journal_keeps_an_empty_value, journal_gives_back_pages_that_were_read, journal_names_a_damaged_record,
                  journal_refuses_every_commit_after_a_failed_one, journal_checkpoint_that_fails_loses_nothing,
                  journal_refuses_every_commit_after_a_failed_sync)
