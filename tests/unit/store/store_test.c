/* The four threads of a validator at once. */
#include <pthread.h>
#include <sched.h>
#include "fixture.h"

#define COMMITS 100

static struct store *shared;
static _Atomic int journal_error, checkpoint_error, state_error;
static _Atomic bool committed, stop;

static void *journal_thread(void *unused)
{
	static uint8_t value[3000];
	char reason[256];
	for (uint64_t i = 1; i <= COMMITS && !journal_error && !stop; i++) {
		uint8_t key[8];
		be64_put(key, i);
		const struct journal_write writes[] = {{JOURNAL_BLOCK, key, value, sizeof(key), sizeof(value), 0},
		                                       {JOURNAL_FINAL, key, key, sizeof(key), sizeof(key), 0}};
		journal_error = journal_commit(shared, writes, 2, reason);
	}
	committed = true;
	return unused;
}

static void *checkpoint_thread(void *unused)
{
	char reason[256];
	while (!checkpoint_error && !committed) {
		if (journal_checkpoint_due(shared))
			checkpoint_error = journal_checkpoint(shared, reason);
		sched_yield();
	}
	return unused;
}

/* Every group says the height of the flush that wrote it. */
static void *state_thread(void *unused)
{
	static struct flush_group groups[50];
	static struct group_record record;
	char reason[256];
	for (uint64_t height = 1; height <= COMMITS && !state_error && !stop; height++) {
		struct flush flush = {.meta.height = height, .group_count = 50, .groups = groups};
		for (size_t i = 0; i < 50; i++) {
			groups[i] = (struct flush_group){i, &record};
			be64_put(record.entries, height);
		}
		state_error = state_apply(shared, &flush, reason);
	}
	return unused;
}

/* What the loop has seen so far. */
struct seen {
	struct state_meta meta;
	uint64_t blocks;
};

/* Looks at one state of both. Returns what is wrong, or NULL. Asserts nothing: the threads have to be joined first. */
static const char *look(struct seen *seen)
{
	struct state_meta meta;
	struct group_record first, last;
	struct bytes key, value;
	if (store_view_renew(store))
		return "the view is not renewed";
	if (!view.journal_last(view.context, JOURNAL_BLOCK, &key, &value)) {
		seen->blocks = be64_get(key.data);
		if (view.journal_last(view.context, JOURNAL_FINAL, &key, &value) || be64_get(key.data) != seen->blocks)
			return "a part of a commit to the journal";
	}
	if (view.meta(view.context, &meta) || meta.height < seen->meta.height)
		return "an older state";
	seen->meta = meta;
	if (!meta.height)
		return NULL;
	if (view.group(view.context, 0, &first) || view.group(view.context, 49, &last))
		return "a group is not read";
	return be64_get(first.entries) == meta.height && be64_get(last.entries) == meta.height ? NULL
	                                                                                       : "a part of a flush";
}

START_TEST(store_shows_whole_commits_to_the_loop_while_both_writers_write)
{
	pthread_t journal, checkpoint, state;
	struct seen seen = {0};
	const char *wrong = NULL;
	shared = store;
	journal_set_log_limit(store, 16 << 10);
	ck_assert_int_eq(pthread_create(&journal, NULL, journal_thread, NULL), 0);
	ck_assert_int_eq(pthread_create(&checkpoint, NULL, checkpoint_thread, NULL), 0);
	ck_assert_int_eq(pthread_create(&state, NULL, state_thread, NULL), 0);
	while (!wrong && !journal_error && !checkpoint_error && !state_error &&
	       (seen.meta.height < COMMITS || seen.blocks < COMMITS))
		wrong = look(&seen);
	stop = wrong != NULL;
	pthread_join(journal, NULL);
	pthread_join(checkpoint, NULL);
	pthread_join(state, NULL);
	ck_assert_msg(!wrong, "%s: %s", wrong, store->damage);
	ck_assert_int_eq(journal_error, 0);
	ck_assert_int_eq(checkpoint_error, 0);
	ck_assert_uint_gt(store->wal.copied, COMMITS / 2);
	ck_assert_int_eq(state_error, 0);
}
END_TEST

UNIT_MAIN_BETWEEN("store", fixture_up, fixture_down, store_shows_whole_commits_to_the_loop_while_both_writers_write)
