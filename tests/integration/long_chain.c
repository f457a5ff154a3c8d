/* Writes a long final chain into a validator's home that has none yet, with the keys of the whole committee: what a
 * network would have written in half an hour under load, in as many seconds. Who then starts with an empty home has
 *that much to catch up.
 *
 *	long_chain MIB BLOCK-KIB CERTIFIED HOME HOME…
 *
 * MIB of blocks, each of payments of nearly 16 KiB up to BLOCK-KIB; only every CERTIFIED-th has a finality certificate.
 * The homes are all validators', in the committee's order; the first one gets the chain. Prints its height. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "fixture.h"
#include "home.h"
#include "ledger.h"
#include "store.h"
#include "uncia/error.h"

#define ACCOUNTS     64u  /* the fixtures' first ones, which the genesis gives money to */
#define STEP_MS      50u  /* of the ledger's time, from block to block */
#define LIFETIME_S   600u /* of payments */
#define COMMIT_MIB   32u
#define HOMES_MAX    16
#define PAYMENTS_MAX 512u

static struct home homes[HOMES_MAX];
static struct fixture network;
static struct store *store;
static struct ledger *ledger;
static char why[256];
static struct fixture_key keys[ACCOUNTS];

static void must_do(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "long_chain: %s: %s %s\n", what, uncia_error_text(error), why);
	exit(1);
}

/* ---- records for the next commit ---- */

static struct journal_write *writes;
static size_t write_count, write_capacity, write_bytes;

static void put(enum journal_table table, const void *key, size_t key_size, const void *value, size_t value_size)
{
	uint8_t *copy = malloc(key_size + value_size);

	if (write_count == write_capacity) {
		write_capacity = write_capacity ? 2 * write_capacity : 64;
		writes = realloc(writes, write_capacity * sizeof(*writes));
	}
	if (!copy || !writes)
		must_do(UNCIA_E_MEMORY, "records");
	memcpy(copy, key, key_size);
	memcpy(copy + key_size, value, value_size);
	writes[write_count++] = (struct journal_write){
	    .table = table, .key = copy, .key_size = key_size, .value = copy + key_size, .value_size = value_size};
	write_bytes += value_size;
}

static void commit(void)
{
	struct flush *flush;

	if (!write_count)
		return;
	must_do(journal_commit(store, writes, write_count, why), "journal");
	while (write_count)
		free((void *)(uintptr_t)writes[--write_count].key);
	write_bytes = 0;
	must_do(ledger_take_flush(ledger, &flush), "flush");
	if (!flush)
		return;
	must_do(state_apply(store, flush, why), "state");
	must_do(store_view_renew(store), "view");
	ledger_flushed(ledger, flush);
}

/* ---- blocks ---- */

static struct payment *large_payment(uint64_t number, uint32_t expires_at)
{
	struct output outputs[PAYMENT_OUTPUTS_MAX];

	for (uint32_t k = 0; k < PAYMENT_OUTPUTS_MAX; k++)
		outputs[k] = (struct output){.to = keys[(number + 1 + k % (ACCOUNTS - 1)) % ACCOUNTS].address,
		                             .has_reference = true,
		                             .amount = 1000};
	return fixture_payment_outputs(&network, &keys[number % ACCOUNTS], outputs, PAYMENT_OUTPUTS_MAX, expires_at,
	                               number);
}

static void execute(const struct block *block)
{
	struct executed *executed;

	must_do(ledger_begin(ledger, NULL, block->header.height, block->header.timestamp_ms, &executed), "block");
	for (uint32_t i = 0; i < block->count; i++)
		must_do(ledger_add(ledger, executed, block->payments[i]), "payment");
	ledger_end(executed, &block->header.id);
	must_do(ledger_settle(ledger, executed, NULL, NULL), "settling");
	executed_release(ledger, executed);
}

static void put_certificate(const struct header *header)
{
	const struct committee *c = &network.genesis.committee;
	struct certificate *certificate =
	    fixture_certificate(&network, CERT_SF, header->view, &header->id, (uint32_t)c->quorum_slow);
	uint8_t key[8 + 1 + HASH_SIZE];

	be64_put(key, header->view);
	key[8] = CERT_SF;
	memcpy(key + 9, header->id.b, HASH_SIZE);
	put(JOURNAL_CERT, key, sizeof(key), certificate->bytes, certificate->size);
	free(certificate);
}

static void put_block(const struct block *block)
{
	const struct header *h = &block->header;
	uint8_t key[8 + HASH_SIZE], height[8], *bytes;
	size_t size;

	be64_put(key, h->view);
	memcpy(key + 8, h->id.b, HASH_SIZE);
	must_do(block_encode(h, block->payments, block->count, &bytes, &size), "block");
	put(JOURNAL_BLOCK, key, sizeof(key), bytes, size);
	free(bytes);
	be64_put(height, h->height);
	put(JOURNAL_FINAL, height, sizeof(height), key, sizeof(key)); /* its value: view and block id */
}

static struct block *make_block(const struct header *parent, uint64_t *number, size_t block_bytes)
{
	uint64_t timestamp_ms = (parent->height ? parent->timestamp_ms : network.genesis.timestamp_ms) + STEP_MS;
	struct payment *payments[PAYMENTS_MAX];
	struct header header;
	struct hash root;
	uint32_t count = 0;
	size_t size = 0;

	while (count < PAYMENTS_MAX && (!count || size + payments[0]->size <= block_bytes)) {
		payments[count] = large_payment((*number)++, (uint32_t)(timestamp_ms / 1000) + LIFETIME_S);
		size += payments[count++]->size;
	}
	must_do(ledger_settled_root(ledger, &root), "state root");
	fixture_header(&network, parent->height ? parent : NULL, parent->view + 1, payments, count, &root, &header);
	header.timestamp_ms = timestamp_ms;
	must_do(header_encode(&header), "header");
	struct block *block =
	    fixture_block(&network, parent->height ? parent : NULL, parent->view + 1, payments, count, &root);
	block->header = header;
	return block;
}

static uint64_t make_chain(uint64_t mib, size_t block_bytes, uint64_t certified)
{
	struct header tip = {0};
	uint64_t number = 0, written = 0;
	bool last = false;

	while (!last) {
		struct block *block = make_block(&tip, &number, block_bytes);
		execute(block);
		put_block(block);
		written += block->count * (uint64_t)block->payments[0]->size;
		tip = block->header;
		last = written >= mib << 20;
		if (last || tip.height % certified == 0)
			put_certificate(&tip);
		if (last || write_bytes >= COMMIT_MIB << 20)
			commit();
		block_free(block);
	}
	return tip.height;
}

int main(int argc, char **argv)
{
	const uint8_t seed[16] = {1};
	struct storage_view view;
	int count = argc - 4;

	if (argc < 5 || count > HOMES_MAX || sign_self_test()) {
		fprintf(stderr, "long_chain MIB BLOCK-KIB CERTIFIED HOME HOME...\n");
		return 2;
	}
	for (int i = 0; i < count; i++) {
		if (home_open(argv[4 + i], &homes[i]))
			return 1;
		memcpy(network.validators[i].consensus.secret_key, homes[i].keys.consensus_secret, SECRET_KEY_SIZE);
	}
	for (uint32_t i = 0; i < ACCOUNTS; i++)
		fixture_account(i, &keys[i]);
	network.genesis = homes[0].genesis;
	must_do(
	    store_open(homes[0].path, &network.genesis.network_id, homes[0].keys.consensus_public, false, &store, why),
	    "opening the home");
	store_view(store, &view);
	must_do(ledger_new(&network.genesis, &view, seed, &ledger), "ledger");
	printf("%llu\n", (unsigned long long)make_chain(strtoull(argv[1], NULL, 10), strtoul(argv[2], NULL, 10) << 10,
	                                                strtoull(argv[3], NULL, 10)));
	ledger_free(ledger);
	store_close(store);
	free(writes);
	for (int i = 0; i < count; i++)
		home_close(&homes[i]);
	return 0;
}
