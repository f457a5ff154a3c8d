/* Copies of a home, formats, and who reads beside the process that has the home. */
#define FIXTURE_SYNC
#include <signal.h>
#include "fixture.h"

static char target[64]; /* where copies are made */

static void copy_up(void)
{
	fixture_up();
	snprintf(target, sizeof(target), "/tmp/copy_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(target));
}

static void copy_down(void)
{
	store_home_remove(target);
	fixture_down();
}

static void commit(enum journal_table table, uint64_t view_number, size_t size)
{
	uint8_t key[9] = {0}, *value = calloc(1, size + 1);
	be64_put(key, view_number);
	key[8] = (uint8_t)table;
	memset(value, (int)view_number, size);
	const struct journal_write write = {table, key, value, sizeof(key), size, 0};
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
	free(value);
}

static void forget(uint64_t view_number)
{
	const struct journal_write write = {.view = view_number};
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
}

/* Votes and blocks, some copied into LMDB, some in the log alone; the newest commits forget votes of both. */
static void fill(void)
{
	for (uint64_t i = 1; i <= 40; i++) {
		commit(JOURNAL_VOTE, i, 30);
		commit(JOURNAL_BLOCK, i, i * 700);
		if (i == 20)
			ck_assert_int_eq(fixture_checkpoint(), 0);
	}
	forget(33);
	commit(JOURNAL_VOTE, 50, 30);
	ck_assert_int_eq(store_view_renew(store), 0);
}

static struct store *open_at(const char *where)
{
	struct store *opened = NULL;
	int error = store_open(where, &network, validator_key, true, &opened, why);
	ck_assert_msg(!error, "%s", why);
	return opened;
}

/* Every record of a table of the journal, one after the other. */
static size_t walk(struct store *s, enum journal_table table, uint64_t *sum)
{
	struct storage_view v;
	struct bytes key = {NULL, 0}, value;
	uint8_t next[JOURNAL_KEY_MAX + 1];
	size_t size = 0, count = 0;
	store_view(s, &v);
	*sum = 0;
	while (!v.journal_seek(v.context, table, next, size, &key, &value)) {
		for (size_t i = 0; i < value.size; i++)
			*sum = *sum * 31 + value.data[i];
		*sum = *sum * 31 + be64_get(key.data);
		memcpy(next, key.data, key.size);
		next[key.size] = 0;
		size = key.size + 1;
		count++;
	}
	return count;
}

static void same_journal(struct store *a, struct store *b)
{
	for (unsigned table = JOURNAL_VOTE; table < JOURNAL_TABLES; table++) {
		uint64_t sums[2];
		ck_assert_uint_eq(walk(a, table, &sums[0]), walk(b, table, &sums[1]));
		ck_assert_uint_eq(sums[0], sums[1]);
	}
}

/* A copy of the home, which nobody has open, into the target. */
static int copy_with(const struct store_copying *how)
{
	fixture_close();
	struct store *from = open_at(home);
	int error = store_copy(from, how, why);
	store_close(from);
	return error;
}

START_TEST(copy_is_what_the_view_shows)
{
	const struct store_copying how = {.home = target};
	uint64_t records[2];
	fill();
	ck_assert_msg(!copy_with(&how), "%s", why);
	struct store *from = open_at(home), *copy = open_at(target);
	same_journal(from, copy);
	ck_assert_int_eq(store_check_records(from, &records[0], why), 0);
	ck_assert_int_eq(store_check_records(copy, &records[1], why), 0);
	ck_assert_uint_eq(records[0], records[1]);
	ck_assert_int_eq(store_compare_state(from, copy, why), 0);
	store_close(copy);
	store_close(from);
	ck_assert_int_eq(fixture_open(false, 0), 0);
	/* It is a home to go on with. */
	struct store *own = store;
	ck_assert_int_eq(store_open(target, &network, validator_key, false, &store, why), 0);
	commit(JOURNAL_VOTE, 60, 10);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	store_close(store);
	store = own;
}
END_TEST

/* Of a process that was killed, whose log LMDB lacks. */
START_TEST(copy_has_what_is_in_the_log_alone)
{
	const struct store_copying how = {.home = target};
	uint64_t sums[2];
	fill();
	store->wal.state = WAL_BROKEN; /* so that closing copies nothing */
	ck_assert_msg(!copy_with(&how), "%s", why);
	struct store *from = open_at(home), *copy = open_at(target);
	ck_assert_ptr_nonnull(from->wal.first);
	ck_assert_ptr_null(copy->wal.first);
	same_journal(from, copy);
	ck_assert_uint_eq(walk(copy, JOURNAL_VOTE, &sums[0]), 8); /* 34 to 40, and 50 */
	store_close(copy);
	store_close(from);
	ck_assert_int_eq(fixture_open(false, 0), 0);
}
END_TEST

START_TEST(copy_replaces_the_home_in_one_step)
{
	const struct store_copying how = {.home = home, .replace = true};
	uint64_t before[2], after[2];
	char path[128];
	fill();
	before[0] = walk(store, JOURNAL_BLOCK, &before[1]);
	ck_assert_msg(!copy_with(&how), "%s", why);
	fixture_path("data.new", path);
	ck_assert_int_lt(access(path, F_OK), 0);
	ck_assert_int_eq(fixture_open(false, 0), 0);
	after[0] = walk(store, JOURNAL_BLOCK, &after[1]);
	ck_assert_uint_eq(before[0], after[0]);
	ck_assert_uint_eq(before[1], after[1]);
}
END_TEST

static bool give_up(void *context, uint64_t done, uint64_t total)
{
	ck_assert_uint_le(done, 2 * total);
	return --*(int *)context > 0;
}

START_TEST(copy_that_is_given_up_leaves_nothing)
{
	int calls = 1;
	const struct store_copying how = {.home = target, .progress = give_up, .context = &calls};
	char path[128];
	fill();
	ck_assert_int_eq(copy_with(&how), UNCIA_E_CLOSED);
	snprintf(path, sizeof(path), "%s/data", target);
	ck_assert_int_lt(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/data.new", target);
	ck_assert_int_lt(access(path, F_OK), 0);
	ck_assert_int_eq(fixture_open(false, 0), 0);
}
END_TEST

START_TEST(copy_writes_over_no_other_home)
{
	const struct store_copying how = {.home = target};
	ck_assert_msg(!copy_with(&how), "%s", why);
	ck_assert_int_eq(fixture_open(false, 0), 0);
	ck_assert_int_eq(copy_with(&how), UNCIA_E_EXISTS);
	ck_assert_int_eq(fixture_open(false, 0), 0);
}
END_TEST

/* ---- the walk over all records ---- */

static bool asked_often(void *context)
{
	return --*(int *)context > 0;
}

START_TEST(walk_ends_where_its_watch_says_so)
{
	enum { RECORDS = 10000 };
	static uint8_t keys[RECORDS][8];
	static struct journal_write writes[RECORDS];
	uint64_t records;
	int calls;

	for (uint32_t i = 0; i < RECORDS; i++) {
		be64_put(keys[i], i);
		writes[i] = (struct journal_write){JOURNAL_FINAL, keys[i], keys[i], 8, 8, 0};
	}
	ck_assert_int_eq(journal_commit(store, writes, RECORDS, why), 0);
	ck_assert_int_eq(fixture_checkpoint(), 0);
	ck_assert_int_eq(store_view_renew(store), 0);
	calls = 100;
	store_watch(store, asked_often, &calls);
	ck_assert_int_eq(store_check_records(store, &records, why), 0);
	ck_assert_uint_ge(records, RECORDS);
	ck_assert_int_eq(calls, 98); /* 4,096 and 8,192 */
	calls = 2;
	ck_assert_int_eq(store_check_records(store, &records, why), UNCIA_E_CLOSED);
	store_watch(store, NULL, NULL);
	ck_assert_int_eq(store_check_records(store, &records, why), 0);
}
END_TEST

/* ---- formats ---- */

/* A step as a release may have one: votes get a byte more, and one of them goes; all else stays. */
static int longer_votes(char environment, unsigned table, struct bytes key, struct bytes *payload)
{
	static uint8_t room[1024];
	if (environment != 'j' || table != JOURNAL_VOTE)
		return 0;
	if (be64_get(key.data) == 40)
		return UNCIA_E_NOT_FOUND;
	ck_assert_uint_lt(payload->size, sizeof(room));
	memcpy(room, payload->data, payload->size);
	room[payload->size] = 0xaa;
	*payload = (struct bytes){room, payload->size + 1};
	return 0;
}

static const struct store_step steps[] = {{FORMAT, longer_votes}, {FORMAT + 1, NULL}};

static uint8_t *journal_file(size_t *size)
{
	char path[128];
	fixture_path("data/journal/data.mdb", path);
	return fixture_read(path, size);
}

START_TEST(steps_lead_to_a_newer_format_which_this_program_leaves_alone)
{
	const struct store_copying how = {.home = home, .replace = true, .steps = steps, .step_count = 2};
	struct storage_view v;
	struct store *newer;
	struct bytes value;
	size_t sizes[2];
	uint8_t key[9] = {[8] = JOURNAL_VOTE};
	fill();
	ck_assert_msg(!copy_with(&how), "%s", why);
	ck_assert_uint_eq(store_format(home), FORMAT + 2);
	/* Refused before anything of it is touched, by whoever would write and by whoever reads. */
	uint8_t *before = journal_file(&sizes[0]);
	for (int read_only = 0; read_only < 2; read_only++) {
		ck_assert_int_eq(fixture_open(read_only, 0), UNCIA_E_NEWER);
		ck_assert_str_eq(why, "journal: its format is 6, this program knows 4");
	}
	uint8_t *after = journal_file(&sizes[1]);
	ck_assert_uint_eq(sizes[0], sizes[1]);
	ck_assert_mem_eq(before, after, sizes[0]);
	free(before);
	free(after);
	/* What the steps have made of it. */
	ck_assert_int_eq(store_open_older(home, &network, validator_key, FORMAT + 2, &newer, why), 0);
	store_view(newer, &v);
	be64_put(key, 39);
	ck_assert_int_eq(v.journal_get(v.context, JOURNAL_VOTE, key, sizeof(key), &value), 0);
	ck_assert_uint_eq(value.size, 31);
	ck_assert_uint_eq(value.data[30], 0xaa);
	be64_put(key, 40);
	ck_assert_int_eq(v.journal_get(v.context, JOURNAL_VOTE, key, sizeof(key), &value), UNCIA_E_NOT_FOUND);
	store_close(newer);
	/* A program of that release finds an older home, as this one does of an older release's. */
	const struct store_options options = {
	    .home = home, .network_id = &network, .consensus_key = validator_key, .format = FORMAT + 3};
	ck_assert_int_eq(store_open_options(&options, &newer, why), UNCIA_E_VERSION);
}
END_TEST

START_TEST(parts_of_two_formats_are_told)
{
	const struct store_copying how = {.home = target, .steps = steps, .step_count = 1};
	char from[128], to[128];
	ck_assert_msg(!copy_with(&how), "%s", why);
	snprintf(from, sizeof(from), "%s/data/state/data.mdb", target);
	fixture_path("data/state/data.mdb", to);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_int_eq(fixture_open(false, 0), UNCIA_E_NEWER);
	ck_assert_str_eq(why, "state: its format is 5, this program knows 4");
}
END_TEST

/* ---- beside ---- */

static uint64_t newest;

/* In a process of its own: two of one process must not open one environment. Ends with 0 where all is as it was. */
static void read_beside(void)
{
	struct store *beside;
	uint64_t sums[2], records;
	if (store_open_beside(home, &network, validator_key, newest, &beside, why))
		_exit(1);
	if (walk(beside, JOURNAL_VOTE, &sums[0]) != 8 || walk(beside, JOURNAL_BLOCK, &sums[1]) != 40)
		_exit(2);
	if (store_check_records(beside, &records, why))
		_exit(3);
	store_close(beside);
}

START_TEST(beside_the_process_its_view_is_read)
{
	fill();
	newest = journal_newest(store);
	int status = fixture_in_child(read_beside);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	/* What was appended since is not looked at. */
	commit(JOURNAL_VOTE, 70, 10);
	commit(JOURNAL_BLOCK, 70, 10);
	status = fixture_in_child(read_beside);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_int_eq(store_view_renew(store), 0);
}
END_TEST

static void open_and_die(void)
{
	struct store *beside;
	if (store_open_beside(home, &network, validator_key, newest, &beside, why))
		_exit(1);
	raise(SIGKILL);
}

/* How many readers were dead. */
static size_t readers(void)
{
	int dead = 0;
	ck_assert_int_eq(mdb_reader_check(store->journal.env, &dead), 0);
	return (size_t)dead;
}

START_TEST(readers_that_died_beside_the_process_are_let_go)
{
	fill();
	newest = journal_newest(store);
	int status = fixture_in_child(open_and_die);
	ck_assert(WIFSIGNALED(status));
	ck_assert_uint_eq(readers(), 2); /* a view and its probe, which are there until somebody looks */
	status = fixture_in_child(open_and_die);
	ck_assert(WIFSIGNALED(status));
	store_forget_readers(store);
	ck_assert_uint_eq(readers(), 0);
}
END_TEST

UNIT_MAIN_BETWEEN("copy", copy_up, copy_down, copy_is_what_the_view_shows, copy_has_what_is_in_the_log_alone,
                  copy_replaces_the_home_in_one_step, copy_that_is_given_up_leaves_nothing,
                  copy_writes_over_no_other_home, walk_ends_where_its_watch_says_so,
                  steps_lead_to_a_newer_format_which_this_program_leaves_alone, parts_of_two_formats_are_told,
                  beside_the_process_its_view_is_read, readers_that_died_beside_the_process_are_let_go)
