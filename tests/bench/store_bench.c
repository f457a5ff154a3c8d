/* What the store costs: journal commits, state flushes, reads, checksums. Says what it measured on standard output.
 * DIRECTORY should lie on the disk that counts. */
#include <assert.h>
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
	bench_state(store, groups, 10);
	bench_reads(store);
	store_close(store);
	if (!store_home_remove(home))
		fprintf(stderr, "store_bench: %s is not empty\n", home);
	free(groups);
	return 0;
}
