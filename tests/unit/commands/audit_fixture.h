/* Homes whose chain is made here, block by block, to be audited. */
#ifndef AUDIT_FIXTURE_H
#define AUDIT_FIXTURE_H
#include <stdio.h>
#include "audit.h"
#include "big_endian.h"
#include "command.h"
#include "fixture.h"
#include "ledger.h"
#include "replica.h"
#include "second_chain.h"
#include "store_home.h"
#include "uncia/error.h"
#include "unit.h"

#define ACCOUNTS   3u
#define BALANCE    UINT64_C(50000000)
#define EXPIRES_AT (FIXTURE_TIME_S + 600u)

static struct fixture network;
static char path[64], why[256];
static struct home home;
static struct store *store;
static struct ledger *ledger;
static struct header tip; /* height 0: the genesis */
static struct audit_report report;
static uint64_t nonce;

static inline void up(void)
{
	struct flush *flush;
	struct storage_view view;
	fixture_init(&network, 4, ACCOUNTS, BALANCE);
	snprintf(path, sizeof(path), "/tmp/audit_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	memset(&home, 0, sizeof(home));
	home.path = path;
	home.genesis = network.genesis;
	memcpy(home.keys.consensus_public, network.validators[0].consensus.public_key, PUBLIC_KEY_SIZE);
	ck_assert_int_eq(genesis_flush(&network.genesis, &flush), 0);
	ck_assert_int_eq(store_create(path, &network.genesis.network_id, home.keys.consensus_public, flush), 0);
	flush_free(flush);
	ck_assert_int_eq(store_open(path, &network.genesis.network_id, home.keys.consensus_public, false, &store, why),
	                 0);
	store_view(store, &view);
	ck_assert_int_eq(ledger_new(&network.genesis, &view, (const uint8_t[16]){1}, &ledger), 0);
	memset(&tip, 0, sizeof(tip));
	nonce = 0;
}

static inline void down(void)
{
	ledger_free(ledger);
	store_close(store);
	ck_assert(store_home_remove(path));
	fixture_deinit(&network);
}

static inline void put(enum journal_table table, const void *key, size_t key_size, const void *value, size_t value_size)
{
	struct journal_write write = {
	    .table = table, .key = key, .value = value, .key_size = key_size, .value_size = value_size};
	ck_assert_int_eq(journal_commit(store, &write, 1, why), 0);
}

static inline void put_final(const struct header *h)
{
	uint8_t key[8], value[8 + HASH_SIZE];
	be64_put(key, h->height);
	be64_put(value, h->view);
	memcpy(value + 8, h->id.b, HASH_SIZE);
	put(JOURNAL_FINAL, key, sizeof(key), value, sizeof(value));
}

static inline void put_block(const struct block *block)
{
	uint8_t key[8 + HASH_SIZE], *bytes;
	size_t size;
	be64_put(key, block->header.view);
	memcpy(key + 8, block->header.id.b, HASH_SIZE);
	ck_assert_int_eq(block_encode(&block->header, block->payments, block->count, &bytes, &size), 0);
	put(JOURNAL_BLOCK, key, sizeof(key), bytes, size);
	free(bytes);
}

/* Stored under what its fields say; `flip`: one bit of its last signature. */
static inline void put_certificate(struct certificate *c, bool flip)
{
	uint8_t key[8 + 1 + HASH_SIZE];
	be64_put(key, c->view);
	key[8] = (uint8_t)c->kind;
	memcpy(key + 9, c->block_id.b, HASH_SIZE);
	if (flip)
		c->bytes[c->size - 1] ^= 1;
	put(JOURNAL_CERT, key, sizeof(key), c->bytes, c->size);
	free(c);
}

static inline void execute(const struct block *block)
{
	struct executed *executed;
	const struct header *h = &block->header;
	ck_assert_int_eq(ledger_begin(ledger, NULL, h->height, h->timestamp_ms, &executed), 0);
	for (uint32_t i = 0; i < block->count; i++)
		ck_assert_int_eq(ledger_add(ledger, executed, block->payments[i]), 0);
	ledger_end(executed, &h->id);
	ck_assert_int_eq(ledger_settle(ledger, executed, NULL, NULL), 0);
	executed_release(ledger, executed);
}

/* The next final block, in this view; `spoil` changes its header first. Executed where it can be. */
static inline void add_spoilt(uint64_t view, struct payment **payments, uint32_t count, bool can,
                              void (*spoil)(struct header *header))
{
	struct hash root;
	ck_assert_int_eq(ledger_settled_root(ledger, &root), 0);
	struct block *block = fixture_block(&network, tip.height ? &tip : NULL, view, payments, count, &root);
	if (spoil) {
		spoil(&block->header);
		ck_assert_int_eq(header_encode(&block->header), 0);
	}
	put_block(block);
	if (can)
		execute(block);
	tip = block->header;
	tip.height = spoil ? tip.height : block->header.height;
	put_final(&block->header);
	block_free(block);
}

static inline void add(uint64_t view, uint32_t count)
{
	struct payment *payments[8];
	for (uint32_t i = 0; i < count; i++)
		payments[i] = fixture_payment(&network, i % ACCOUNTS, 10 + i, 1000000, EXPIRES_AT, nonce++);
	add_spoilt(view, payments, count, true, NULL);
}

static inline void certify(enum certificate_kind kind)
{
	put_certificate(fixture_certificate(&network, kind, tip.view, &tip.id, kind == CERT_FF ? 4 : 3), false);
}

static inline void flush_state(void)
{
	struct flush *flush;
	ck_assert_int_eq(ledger_take_flush(ledger, &flush), 0);
	ck_assert_ptr_nonnull(flush);
	ck_assert_int_eq(state_apply(store, flush, why), 0);
	ck_assert_int_eq(store_view_renew(store), 0);
	ledger_flushed(ledger, flush);
}

static inline int audit(void)
{
	ck_assert_int_eq(store_view_renew(store), 0);
	return audit_run(&home, store, &(struct audit_options){.directory = path}, &report);
}

static inline void expect_mismatch(uint64_t height, const char *text)
{
	ck_assert_int_eq(audit(), EXIT_MISMATCH);
	ck_assert_msg(strstr(report.failure, text), "'%s' is not in '%s'", text, report.failure);
	ck_assert_uint_eq(report.failed_height, height);
}

#endif
