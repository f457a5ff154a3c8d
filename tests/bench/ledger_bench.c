/* How long the ledger's and the pool's steps take, over a store in memory: a measure of the core alone, without
 * disk, network or signatures. Not a test. Usage: ledger_bench [ACCOUNTS...] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "clock.h"
#include "figure.h"
#include "ledger.h"
#include "memory_store.h"
#include "mempool.h"
#include "uncia/error.h"

enum { BLOCKS = 40, PAYMENTS = 2000, BATCH = 1000 };
#define TIME_MS UINT64_C(1700000000000)

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "ledger_bench: %s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

static const uint8_t seed[16] = "a seed of tables";

static uint64_t random_next(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 8;
}

struct account {
	struct address address;
	uint8_t key[PUBLIC_KEY_SIZE];
};

static int compare_accounts(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct address));
}

static struct account *make_accounts(uint32_t count)
{
	struct account *accounts = calloc(count, sizeof(*accounts));

	MUST(accounts);
	for (uint32_t i = 0; i < count; i++) {
		struct hash key;
		hash1(HASH_MEMO, &i, sizeof(i), &key);
		memcpy(accounts[i].key, key.b, sizeof(accounts[i].key));
		address_of_key(accounts[i].key, &accounts[i].address);
	}
	qsort(accounts, count, sizeof(*accounts), compare_accounts);
	return accounts;
}

static void fill_genesis(struct genesis *genesis, const struct account *accounts, uint32_t count)
{
	*genesis = (struct genesis){.currency = CURRENCY_FIRST, .currency_code = "UNC", .smallest_amount = 1000};
	genesis->account_count = count;
	genesis->accounts = calloc(count, sizeof(*genesis->accounts));
	MUST(genesis->accounts);
	for (uint32_t i = 0; i < count; i++) {
		genesis->accounts[i] = (struct genesis_account){accounts[i].address, 1000000000};
		genesis->supply += 1000000000;
	}
}

/* Payments of one output between random accounts, signed by nobody: the ledger leaves signatures to others. */
static struct payment *make_payments(const struct account *accounts, uint32_t count, uint32_t n)
{
	struct payment *payments = calloc(n, sizeof(*payments));
	struct output *outputs = calloc(n, sizeof(*outputs));

	MUST(payments && outputs);
	for (uint32_t i = 0; i < n; i++) {
		const struct account *from = &accounts[random_next() % count], *to = &accounts[random_next() % count];
		struct payment *p = &payments[i];
		outputs[i] = (struct output){.to = to->address, .amount = 1000};
		*p = (struct payment){
		    .references = 1, .sender = from->address, .currency = CURRENCY_FIRST, .total = 1000};
		p->output_count = 1;
		p->outputs = &outputs[i];
		p->expires_at = (uint32_t)(TIME_MS / 1000) + 600;
		memcpy(p->public_key, from->key, sizeof(p->public_key));
		hash1(HASH_PAYMENT, &i, sizeof(i), (struct hash *)&p->id);
		hash1(HASH_PAYMENT_WHOLE, &i, sizeof(i), &p->whole);
		be32_put(p->id.b, p->expires_at);
	}
	return payments;
}

static void free_payments(struct payment *payments)
{
	free((void *)payments[0].outputs);
	free(payments);
}

struct times {
	double view, check, add, root, root_worst, settle, take, flushed;
};

/* What the ledger reads of a payment between accounts that are there, without the ledger. */
static void read_view(const struct storage_view *view, const struct payment *payment)
{
	static struct payment_record found;
	static struct group_record group;
	const struct entry_id sender = account_id(&payment->sender), to = account_id(&payment->outputs[0].to);
	uint64_t index;

	MUST(view->payment(view->context, &payment->id, &found) == UNCIA_E_NOT_FOUND);
	MUST(view->address(view->context, &sender, &index) == 0);
	MUST(view->group(view->context, index / GROUP_ENTRIES, &group) == 0);
	MUST(view->address(view->context, &to, &index) == 0);
	MUST(view->group(view->context, index / GROUP_ENTRIES, &group) == 0);
}

static void run_block(struct ledger *ledger, const struct storage_view *view, const struct payment *payments,
                      uint64_t height, struct times *t)
{
	struct executed *block;
	struct hash root;

	double begun = now_us();
	for (uint32_t i = 0; i < PAYMENTS; i++)
		read_view(view, &payments[i]);
	double start = now_us();
	for (uint32_t i = 0; i < PAYMENTS; i++)
		MUST(ledger_check(ledger, NULL, TIME_MS, &payments[i]) == 0);
	double checked = now_us();
	MUST(ledger_begin(ledger, NULL, height, TIME_MS, &block) == 0);
	for (uint32_t i = 0; i < PAYMENTS; i++)
		MUST(ledger_add(ledger, block, &payments[i]) == 0);
	double added = now_us();
	ledger_end(block, &payments[0].whole);
	MUST(ledger_root(ledger, block, &root) == 0);
	double rooted = now_us();
	MUST(ledger_settle(ledger, block, NULL, NULL) == 0);
	executed_release(ledger, block);
	double settled = now_us();
	t->view += start - begun;
	t->check += checked - start;
	t->add += added - checked;
	t->root += rooted - added;
	if (rooted - added > t->root_worst)
		t->root_worst = rooted - added;
	t->settle += settled - rooted;
}

static void run_flush(struct ledger *ledger, struct memory_store *store, struct times *t)
{
	struct flush *flush;

	double start = now_us();
	MUST(ledger_take_flush(ledger, &flush) == 0 && flush);
	double taken = now_us();
	MUST(memory_store_apply(store, flush) == 0);
	double stored = now_us();
	ledger_flushed(ledger, flush);
	t->take += taken - start;
	t->flushed += now_us() - stored;
}

static void bench_ledger(uint32_t count)
{
	struct account *accounts = make_accounts(count);
	struct genesis genesis;
	struct memory_store *store = memory_store_new();
	struct storage_view view;
	struct ledger *ledger;
	struct flush *flush;
	struct times t = {0};

	MUST(store);
	fill_genesis(&genesis, accounts, count);
	MUST(genesis_flush(&genesis, &flush) == 0 && memory_store_apply(store, flush) == 0);
	flush_free(flush);
	memory_store_view(store, &view);
	double start = now_us();
	MUST(ledger_new(&genesis, &view, seed, &ledger) == 0);
	figure((now_us() - start) / 1e3, "ms", "ledger of %u: opening", count);
	struct payment *payments = make_payments(accounts, count, BLOCKS * PAYMENTS);
	for (uint64_t i = 0; i < BLOCKS; i++) {
		run_block(ledger, &view, payments + i * PAYMENTS, i + 1, &t);
		if (i % 2)
			run_flush(ledger, store, &t);
	}
	double n = BLOCKS * PAYMENTS;
	double cycle = t.add + t.root + t.settle + t.take + t.flushed;
	figure(t.view / n, "us", "ledger of %u: reading what a payment needs from the store", count);
	figure(t.check / n, "us", "ledger of %u: checking a payment, that reading in it", count);
	figure(t.add / n, "us", "ledger of %u: executing a payment, that reading in it", count);
	figure(t.root / n / 2, "us", "ledger of %u: state root, a changed entry of blocks of %d payments", count,
	       PAYMENTS);
	figure(t.root_worst / 1e3, "ms", "ledger of %u: state root, the slowest block", count);
	figure(t.settle / n, "us", "ledger of %u: settling a payment", count);
	figure((t.take + t.flushed) / n, "us", "ledger of %u: taking a flush and letting it go, a payment", count);
	figure(n / cycle * 1e6, "/s", "ledger of %u: executed, rooted, settled, flushed to memory", count);
	free_payments(payments);
	ledger_free(ledger);
	memory_store_free(store);
	free(genesis.accounts);
	free(accounts);
}

static void bench_mempool(uint32_t count)
{
	struct account *accounts = make_accounts(count / 8);
	struct payment *payments = make_payments(accounts, count / 8, count);
	const struct hash block_id = {"of one block"};
	struct hash key;
	struct short_ids *sought;
	struct pooled **pooled = calloc(count, sizeof(*pooled));
	uint8_t *short_ids = malloc((size_t)8 * 20000);
	struct mempool_walk walk;
	struct mempool *pool;
	uint32_t walked = 0;

	MUST(pooled && short_ids && mempool_new(count, count, seed, &pool) == 0);
	for (uint32_t i = 0; i < count; i++)
		payments[i].references = 2;
	double add = 0, verify = 0;
	for (uint32_t i = 0; i < count; i += BATCH) { /* the pool holds few that nobody has verified */
		double start = now_us();
		for (uint32_t k = i; k < i + BATCH; k++)
			MUST(mempool_add(pool, &payments[k], 0, &pooled[k]) == 0);
		double added = now_us();
		for (uint32_t k = i; k < i + BATCH; k++)
			MUST(mempool_verified(pool, pooled[k]) == 0);
		add += added - start;
		verify += now_us() - added;
	}
	double walking = now_us();
	mempool_walk_begin(pool, &walk);
	while (mempool_walk_next(pool, &walk))
		walked++;
	MUST(walked == count);
	double walked_at = now_us();
	hash1(HASH_SHORT_ID, block_id.b, HASH_SIZE, &key);
	for (uint32_t i = 0; i < 20000; i++)
		be64_put(short_ids + 8 * i, siphash(key.b, payments[i].whole.b, HASH_SIZE));
	double match = now_us();
	MUST(short_ids_new(&block_id, short_ids, 20000, &sought) == 0);
	mempool_match(pool, sought);
	double matched = now_us();
	MUST(short_ids_missing(sought) == 0);
	short_ids_free(sought);
	double remove = now_us();
	for (uint32_t i = 0; i < count; i++)
		mempool_remove(pool, pooled[i]);
	double removed = now_us();
	figure(add / count, "us", "pool of %u: adding", count);
	figure(verify / count, "us", "pool of %u: marking as verified", count);
	figure((walked_at - walking) / count, "us", "pool of %u: walking", count);
	figure((removed - remove) / count, "us", "pool of %u: removing", count);
	figure((matched - match) / 1e3, "ms", "pool of %u: finding 20,000 short ids", count);
	mempool_free(pool);
	free(pooled);
	free(short_ids);
	free_payments(payments);
	free(accounts);
}

int main(int argc, char **argv)
{
	MUST(sodium_init() >= 0);
	if (argc == 1) {
		bench_ledger(100000);
		bench_ledger(1000000);
	}
	for (int i = 1; i < argc; i++) {
		unsigned long count = strtoul(argv[i], NULL, 10);
		MUST(count >= 2 && count <= 100000000);
		bench_ledger((uint32_t)count);
	}
	bench_mempool(20000);
	bench_mempool(200000);
	return 0;
}
