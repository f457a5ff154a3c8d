/* What the store costs: journal commits, state flushes, reads, checksums. Says what it measured on standard output.
 * DIRECTORY should lie on the disk that counts. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "clock.h"
#include "figure.h"
#include "record.h"
#include "store.h"
#include "store_home.h"

#define RECORD_PAYLOAD 5000
#define GROUPS         125000
#define FLUSH_GROUPS   10000
#define READS          200000
#define HEADER         200
#define PAYMENT        185
#define PAYMENTS_MOST  600
#define VOTE           108
#define CERTIFICATE    239

static char home[4096], why[256];

static void check(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "store_bench: %s: %d %s\n", what, error, why);
	exit(1);
}

static uint64_t next_random(void)
{
	static uint64_t x = 88172645463325252u;
	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static void bench_journal(struct store *store, size_t records, size_t rounds)
{
	static uint8_t payload[RECORD_PAYLOAD], keys[100][40];
	static uint64_t view;
	struct journal_write writes[100];
	double worst = 0, begin = now_us();
	for (size_t round = 0; round < rounds; round++) {
		double one = now_us();
		for (size_t i = 0; i < records; i++) {
			be64_put(keys[i], ++view);
			writes[i] = (struct journal_write){JOURNAL_BLOCK, keys[i], payload, 40, RECORD_PAYLOAD, 0};
		}
		check(journal_commit(store, writes, records, why), "journal_commit");
		check(store_view_renew(store), "store_view_renew");
		one = now_us() - one;
		if (one > worst)
			worst = one;
	}
	figure((now_us() - begin) / (double)rounds / 1e3, "ms", "journal: commit of %zu records of %d bytes", records,
	       RECORD_PAYLOAD);
	figure(worst / 1e3, "ms", "journal: commit of %zu records, the slowest", records);
}

/* Commits as a turn of a validator makes them, with a checkpoint thread beside it. */
static struct store *shared;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static bool due, over;

static void *copy_from_the_log(void *unused)
{
	static char reason[256];
	pthread_mutex_lock(&mutex);
	while (!over) {
		if (!due) {
			pthread_cond_wait(&wake, &mutex);
			continue;
		}
		due = false;
		pthread_mutex_unlock(&mutex);
		check(journal_checkpoint(shared, reason), "journal_checkpoint");
		pthread_mutex_lock(&mutex);
	}
	pthread_mutex_unlock(&mutex);
	return unused;
}

static void tell_checkpoint(void)
{
	if (!journal_checkpoint_due(shared))
		return;
	pthread_mutex_lock(&mutex);
	due = true;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&mutex);
}

/* A block of so many payments, what belongs to it, and an end of votes before it. */
static void commit_block(size_t payments)
{
	static uint8_t body[HEADER + PAYMENTS_MOST * PAYMENT], keys[7][48];
	static uint64_t view = UINT64_C(1) << 40;
	struct journal_write writes[] = {
	    {JOURNAL_BLOCK, keys[0], body, 40, HEADER + payments * PAYMENT, 0},
	    {JOURNAL_VOTE, keys[1], body, 41, VOTE, 0},
	    {JOURNAL_CERT, keys[2], body, 41, CERTIFICATE, 0},
	    {JOURNAL_FINAL, keys[3], body, 8, 40, 0},
	    {JOURNAL_PEER, keys[4], body, 4, VOTE, 0},
	    {JOURNAL_PEER, keys[5], body, 4, VOTE, 0},
	    {.view = view - 3},
	};
	view++;
	for (size_t i = 0; i < 4; i++)
		be64_put(keys[i], view);
	be32_put(keys[5], 1);
	check(journal_commit(shared, writes, sizeof(writes) / sizeof(writes[0]), why), "journal_commit");
	check(store_view_renew_journal(shared), "store_view_renew_journal");
	tell_checkpoint();
}

static double written_bytes(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	char line[128];
	unsigned long long bytes = 0;
	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "write_bytes: %llu", &bytes);
	if (file)
		fclose(file);
	return (double)bytes;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void bench_blocks(struct store *store, size_t payments, size_t rounds)
{
	pthread_t thread;
	double *each = calloc(rounds, sizeof(*each));
	assert(each);
	shared = store;
	over = due = false;
	check(pthread_create(&thread, NULL, copy_from_the_log, NULL), "pthread_create");
	double begin = now_us(), processor = process_us(), written = written_bytes();
	for (size_t i = 0; i < rounds; i++) {
		double one = now_us();
		commit_block(payments);
		each[i] = now_us() - one;
	}
	begin = now_us() - begin;
	pthread_mutex_lock(&mutex);
	over = true;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	qsort(each, rounds, sizeof(*each), by_size);
	figure((double)rounds * 1e6 / begin, "/s", "journal: commits with a block of %zu", payments);
	figure(each[rounds / 2] / 1e3, "ms", "journal: such a commit, p50");
	figure(each[rounds * 99 / 100] / 1e3, "ms", "journal: such a commit, p99");
	figure((process_us() - processor) / (double)rounds, "us",
	       "journal: processor of such a commit, checkpoints in it");
	figure((written_bytes() - written) / (double)rounds, "bytes", "journal: written for such a commit");
	free(each);
}

static void bench_state(struct store *store, struct flush_group *groups, size_t rounds)
{
	double begin = now_us();
	for (size_t round = 1; round <= rounds; round++) {
		struct flush flush = {.meta.height = round, .group_count = FLUSH_GROUPS, .groups = groups};
		for (size_t i = 0; i < FLUSH_GROUPS; i++) /* one of each stretch: distinct and in order */
			groups[i].index = i * (GROUPS / FLUSH_GROUPS) + next_random() % (GROUPS / FLUSH_GROUPS);
		check(state_apply(store, &flush, why), "state_apply");
		check(store_view_renew(store), "store_view_renew");
	}
	double each = (now_us() - begin) / (double)rounds;
	figure(each / 1e3, "ms", "state: flush of %d random groups of %d", FLUSH_GROUPS, GROUPS);
	figure(FLUSH_GROUPS * (double)sizeof(struct group_record) / each, "MB/s", "state: records in such flushes");
}

static void bench_reads(struct store *store)
{
	struct storage_view view;
	struct group_record group;
	store_view(store, &view);
	double begin = now_us();
	for (size_t i = 0; i < READS; i++)
		check(view.group(view.context, next_random() % GROUPS, &group), "group");
	figure((now_us() - begin) / READS, "us", "state: reading a group that is cached");
	begin = now_us();
	for (size_t i = 0; i < READS; i++)
		check(store_view_renew(store), "store_view_renew");
	figure((now_us() - begin) / READS, "us", "store: renewing the view");
	uint64_t records;
	begin = now_us();
	check(store_check_records(store, &records, why), "store_check_records");
	figure((now_us() - begin) / (double)records, "us", "store: checking a record at the audit");
}

static void bench_checksums(void)
{
	static uint8_t payload[sizeof(struct group_record)], record[sizeof(payload) + RECORD_OVERHEAD];
	uint64_t key = 0;
	const struct place place = {'s', 1, &key, sizeof(key)};
	struct hash hash;
	double begin = now_us();
	for (key = 0; key < READS; key++)
		record_write(&place, payload, sizeof(payload), record);
	figure((now_us() - begin) / READS, "us", "store: checksum of %zu bytes", sizeof(payload));
	begin = now_us();
	for (key = 0; key < READS; key++)
		hash2(HASH_RECORD, &key, sizeof(key), payload, sizeof(payload), &hash);
	figure((now_us() - begin) / READS, "us", "store: BLAKE2b of as much");
}

int main(int argc, char **argv)
{
	static const struct group_record record;
	static const struct hash network;
	static const uint8_t key[32];
	struct store *store;
	if (snprintf(home, sizeof(home), "%s/store_bench.XXXXXX", argc > 1 ? argv[1] : "/tmp") >= (int)sizeof(home) ||
	    !mkdtemp(home)) {
		fprintf(stderr, "usage: store_bench [DIRECTORY]\n");
		return 2;
	}
	struct flush_group *groups = calloc(GROUPS, sizeof(*groups));
	assert(groups);
	for (size_t i = 0; i < GROUPS; i++)
		groups[i] = (struct flush_group){.index = i, .record = &record};
	const struct flush genesis = {.group_count = GROUPS, .groups = groups};
	check(store_create(home, &network, key, &genesis), "store_create");
	check(store_open(home, &network, key, false, &store, why), "store_open");
	bench_checksums();
	bench_journal(store, 1, 300);
	bench_journal(store, 10, 300);
	bench_journal(store, 100, 100);
	bench_blocks(store, 1, 6000);
	bench_blocks(store, PAYMENTS_MOST, 400);
	bench_state(store, groups, 10);
	bench_reads(store);
	store_close(store);
	if (!store_home_remove(home))
		fprintf(stderr, "store_bench: %s is not empty\n", home);
	free(groups);
	return 0;
}
