/* The journal and state threads over a real store: what is committed, when it is told, what ends the process. */
#include "storage_thread.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "log.h"
#define FIXTURE_SYNC
#include "../store/fixture.h"

#define DEADLINE_MS 60000

static uv_loop_t loop;
static struct storage *storage;
static uint64_t durable[16];
static size_t durable_count, space_count, paused;
static struct flush *flushed;
static bool space_low;

static void on_durable(void *context, uint64_t sequence)
{
	ck_assert_ptr_eq(context, &loop);
	durable[durable_count++] = sequence;
}

static void on_flushed(void *context, struct flush *flush)
{
	ck_assert_ptr_eq(context, &loop);
	flushed = flush;
}

static void on_space(void *context, bool low)
{
	ck_assert_ptr_eq(context, &loop);
	space_low = low;
	space_count++;
}

static void on_paused(void *context)
{
	ck_assert_ptr_eq(context, &loop);
	paused++;
}

static void start(uint64_t reserve)
{
	const struct storage_events events = {on_durable, on_flushed, on_space, on_paused, &loop};

	durable_count = space_count = paused = 0;
	flushed = NULL;
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(storage_new(&loop, store, reserve, 10, &events, &storage), 0);
}

static void stop(void)
{
	storage_stop(storage);
	uv_run(&loop, UV_RUN_DEFAULT);
	storage_free(storage);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void setup(void)
{
	fixture_up();
	start(0);
}

static void teardown(void)
{
	stop();
	fixture_down();
}

#define RUN_UNTIL(condition)                                                                                           \
	do {                                                                                                           \
		uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;                                               \
		while (!(condition)) {                                                                                 \
			ck_assert_uint_lt(uv_hrtime() / 1000000, deadline);                                            \
			uv_run(&loop, UV_RUN_ONCE);                                                                    \
		}                                                                                                      \
	} while (0)

/* A FINAL record at that height, out of memory that is gone right after. */
static void put(uint64_t sequence, uint8_t height)
{
	uint8_t *key = calloc(1, 8), *value = malloc(40);

	key[7] = height;
	memset(value, height, 40);
	ck_assert_int_eq(
	    storage_put(storage, sequence, JOURNAL_FINAL, (struct bytes){key, 8}, (struct bytes){value, 40}), 0);
	free(key);
	free(value);
}

static bool stored(uint8_t height)
{
	const uint8_t key[8] = {[7] = height};
	struct bytes value;

	int error = view.journal_get(view.context, JOURNAL_FINAL, key, sizeof(key), &value);
	if (error) {
		ck_assert_int_eq(error, UNCIA_E_NOT_FOUND);
		return false;
	}
	ck_assert_uint_eq(value.size, 40);
	ck_assert_uint_eq(value.data[0], height);
	ck_assert_uint_eq(value.data[39], height);
	return true;
}

START_TEST(storage_tells_durable_once_the_view_shows_it)
{
	put(7, 1);
	put(8, 2);
	ck_assert(!stored(1));
	storage_commit(storage);
	RUN_UNTIL(durable_count == 1);
	ck_assert_uint_eq(durable[0], 8);
	ck_assert(stored(1));
	ck_assert(stored(2));
}
END_TEST

START_TEST(storage_commits_nothing_before_the_end_of_the_turn)
{
	put(1, 1);
	storage_commit(storage);
	put(2, 2);
	RUN_UNTIL(durable_count == 1);
	ck_assert_uint_eq(durable[0], 1);
	ck_assert(!stored(2));
}
END_TEST

START_TEST(storage_gathers_turns_while_a_commit_is_under_way)
{
	for (uint8_t i = 1; i <= 5; i++) {
		put(i, i);
		storage_commit(storage);
	}
	RUN_UNTIL(durable_count == 1);
	ck_assert_uint_eq(durable[0], 1);
	storage_commit(storage);
	RUN_UNTIL(durable_count == 2);
	ck_assert_uint_eq(durable[1], 5);
	for (uint8_t i = 1; i <= 5; i++)
		ck_assert(stored(i));
}
END_TEST

START_TEST(storage_commit_of_nothing_tells_nothing)
{
	storage_commit(storage);
	put(1, 1);
	storage_commit(storage);
	RUN_UNTIL(durable_count == 1);
	storage_commit(storage);
	put(2, 2);
	storage_commit(storage);
	RUN_UNTIL(durable_count == 2);
	ck_assert_uint_eq(durable[1], 2);
}
END_TEST

START_TEST(storage_forgets_votes_in_the_commit)
{
	uint8_t key[41] = {[7] = 3, [8] = 1};
	struct bytes value = {key, 41};

	ck_assert_int_eq(storage_put(storage, 1, JOURNAL_VOTE, value, value), 0);
	key[7] = 4;
	ck_assert_int_eq(storage_put(storage, 2, JOURNAL_VOTE, value, value), 0);
	ck_assert_int_eq(storage_forget(storage, 3, 3), 0);
	storage_commit(storage);
	RUN_UNTIL(durable_count == 1);
	ck_assert_uint_eq(durable[0], 3);
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_VOTE, key, sizeof(key), &value), 0);
	key[7] = 3;
	ck_assert_int_eq(view.journal_get(view.context, JOURNAL_VOTE, key, sizeof(key), &value), UNCIA_E_NOT_FOUND);
}
END_TEST

START_TEST(storage_hands_the_flush_back_once_the_view_shows_it)
{
	struct flush flush = {.meta = {.height = 6, .block_id = {{6}}, .entry_count = 9, .free_head = ENTRY_NONE}};
	struct state_meta meta;

	storage_flush(storage, &flush);
	put(1, 1);
	storage_commit(storage);
	RUN_UNTIL(flushed && durable_count == 1);
	ck_assert_ptr_eq(flushed, &flush);
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 6);
	ck_assert_ptr_null(storage_leftover(storage));
}
END_TEST

/* Votes wait for the other threads, nothing for this one. */
START_TEST(storage_flushes_at_a_lower_priority_than_the_rest)
{
	struct flush flush = {.meta = {.height = 6, .block_id = {{6}}, .entry_count = 9, .free_head = ENTRY_NONE}};
	int own = getpriority(PRIO_PROCESS, 0), lowered = 0, others = 0;
	struct dirent *entry;

	storage_flush(storage, &flush);
	RUN_UNTIL(flushed);
	DIR *tasks = opendir("/proc/self/task");
	ck_assert_ptr_nonnull(tasks);
	while ((entry = readdir(tasks))) {
		id_t thread = (id_t)strtoul(entry->d_name, NULL, 10);
		if (!thread)
			continue;
		if (getpriority(PRIO_PROCESS, thread) > own)
			lowered++;
		else
			others++;
	}
	closedir(tasks);
	ck_assert_int_ge(lowered, own < PRIO_MAX - 1);
	ck_assert_int_ge(others, 2);
}
END_TEST

START_TEST(storage_refuses_a_key_that_is_too_long)
{
	uint8_t key[JOURNAL_KEY_MAX + 1] = {0};
	const struct bytes bytes = {key, sizeof(key)};

	ck_assert_int_eq(storage_put(storage, 1, JOURNAL_VOTE, bytes, bytes), UNCIA_E_LIMIT);
}
END_TEST

START_TEST(storage_says_when_space_is_low)
{
	stop();
	start(UINT64_MAX / 2);
	RUN_UNTIL(space_count == 1);
	ck_assert(space_low);
	stop();
	start(0);
	put(1, 1);
	storage_commit(storage);
	RUN_UNTIL(durable_count == 1);
	ck_assert_uint_eq(space_count, 0);
}
END_TEST

/* Commits go on; a flush and a checkpoint wait for its end, whichever had been handed over. */
START_TEST(storage_pauses_between_checkpoints_and_flushes)
{
	struct flush flush = {.meta = {.height = 6, .block_id = {{6}}, .entry_count = 9, .free_head = ENTRY_NONE}};
	struct state_meta meta;

	storage_pause(storage);
	RUN_UNTIL(paused == 1);
	storage_flush(storage, &flush);
	put(1, 1);
	storage_commit(storage);
	RUN_UNTIL(durable_count == 1);
	ck_assert_uint_eq(journal_newest(store), 2); /* piece 1 was made with the home */
	ck_assert_ptr_null(flushed);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 0);
	storage_resume(storage);
	RUN_UNTIL(flushed != NULL);
	ck_assert_uint_eq(paused, 1);
	/* One that is taken back is not told. */
	storage_pause(storage);
	storage_resume(storage);
	put(2, 2);
	storage_commit(storage);
	RUN_UNTIL(durable_count == 2);
	ck_assert_uint_eq(paused, 1);
}
END_TEST

START_TEST(storage_stop_commits_all_and_keeps_the_flush)
{
	struct flush flush = {.meta = {.height = 6, .block_id = {{6}}, .entry_count = 9, .free_head = ENTRY_NONE}};

	put(1, 1);
	storage_commit(storage);
	put(2, 2);
	storage_flush(storage, &flush);
	storage_stop(storage);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(durable_count, 0);
	ck_assert_ptr_null(flushed);
	ck_assert_ptr_eq(storage_leftover(storage), &flush);
	storage_free(storage);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	ck_assert_int_eq(store_view_renew(store), 0);
	ck_assert(stored(1));
	ck_assert(stored(2));
	start(0);
}
END_TEST

static void start_in_the_child(void)
{
	if (fixture_open(false, 0))
		_exit(70);
	start(0);
}

static void commit_until_durable(uint8_t height)
{
	put(height, height);
	storage_commit(storage);
	while (!durable_count)
		uv_run(&loop, UV_RUN_ONCE);
	_exit(71);
}

/* No more bytes can be written to any file. */
static void run_with_a_full_disk(void)
{
	const struct rlimit none = {0, 0};

	start_in_the_child();
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &none);
	commit_until_durable(2);
}

static void run_with_failing_syncs(void)
{
	start_in_the_child();
	fixture_sync_fails = true;
	commit_until_durable(1);
}

static void flush_with_a_failing_sync(void)
{
	struct flush flush = {.meta = {.height = 6, .entry_count = 9, .free_head = ENTRY_NONE}};

	start_in_the_child();
	fixture_sync_fails = true;
	storage_flush(storage, &flush);
	while (!flushed)
		uv_run(&loop, UV_RUN_ONCE);
	_exit(71);
}

/* ---- a header that cannot be written --------------------------------------------------------- */

static bool headers_fail;
static atomic_bool header_failed, loop_waits;

/* Headers of the journal's database are the first two pages of its file. */
__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	if (headers_fail && at < 2 * sysconf(_SC_PAGESIZE) && fixture_is_of(fd, "/journal/data.mdb")) {
		header_failed = true;
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, size, at);
}

/* Where the checkpoint thread comes to say why: it is held there until the loop has met the same, and waits. */
__attribute__((visibility("default"))) char *mdb_strerror(int error)
{
	static char words[] = "the words of LMDB";
	while (headers_fail && error == EIO && !loop_waits)
		sched_yield();
	return words;
}

/* What the loop waits by: here for ever, so that only the other thread can end the process. */
__attribute__((visibility("default"))) void uv_sleep(unsigned ms)
{
	(void)ms;
	fclose(fopen("the loop waited", "w"));
	loop_waits = true;
	for (;;)
		pause();
}

static void checkpoint_with_a_failing_header(void)
{
	start_in_the_child();
	journal_set_log_limit(store, 64 << 10);
	headers_fail = true;
	for (uint8_t height = 1; height < 200; height++) {
		durable_count = 0;
		put(height, height);
		storage_commit(storage);
		while (!durable_count)
			uv_run(&loop, UV_RUN_ONCE);
		while (journal_checkpoint_due(store) && !header_failed)
			sched_yield();
	}
	_exit(71);
}

/* The loop meets it before the thread whose checkpoint it was can say why: it leaves that to it. */
START_TEST(storage_leaves_it_to_the_checkpoint_to_say_why_it_failed)
{
	char place[] = "/tmp/uncia-test-XXXXXX";
	stop();
	fixture_close();
	ck_assert_ptr_nonnull(mkdtemp(place));
	ck_assert_int_eq(chdir(place), 0);
	int status = fixture_in_child(checkpoint_with_a_failing_header);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert_int_eq(unlink("the loop waited"), 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(place), 0);
	ck_assert_msg(!fixture_open(false, 0), "%s", why);
	start(0);
	ck_assert(stored(1));
}
END_TEST

START_TEST(storage_failed_commit_ends_the_process)
{
	void (*const runs[])(void) = {run_with_a_full_disk, run_with_failing_syncs, flush_with_a_failing_sync};
	struct state_meta meta;

	stop();
	fixture_close();
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		int status = fixture_in_child(runs[i]);
		ck_assert(WIFEXITED(status));
		ck_assert_int_eq(WEXITSTATUS(status), 1);
	}
	/* What could not be written is not there; what could not be synced, and is whole in the file, is synced anew.
	 */
	ck_assert_msg(!fixture_open(false, 0), "%s", why);
	start(0);
	ck_assert(!stored(2));
	ck_assert(stored(1));
	ck_assert_int_eq(view.meta(view.context, &meta), 0);
	ck_assert_uint_eq(meta.height, 0);
}
END_TEST

UNIT_MAIN_BETWEEN("storage_thread", setup, teardown, storage_tells_durable_once_the_view_shows_it,
                  storage_commits_nothing_before_the_end_of_the_turn, storage_gathers_turns_while_a_commit_is_under_way,
                  storage_commit_of_nothing_tells_nothing, storage_forgets_votes_in_the_commit,
                  storage_hands_the_flush_back_once_the_view_shows_it,
                  storage_flushes_at_a_lower_priority_than_the_rest, storage_refuses_a_key_that_is_too_long,
                  storage_says_when_space_is_low, storage_pauses_between_checkpoints_and_flushes,
                  storage_stop_commits_all_and_keeps_the_flush,
                  storage_leaves_it_to_the_checkpoint_to_say_why_it_failed, storage_failed_commit_ends_the_process)
