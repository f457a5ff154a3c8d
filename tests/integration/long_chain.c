/* Writes a long final chain into the homes of validators that have none yet, with the keys of the whole committee: what
 * a network would have written in half an hour under load, in as many seconds. Who then starts with an empty home has
 * that much to catch up.
 *
 *	long_chain [--small ACCOUNTS] MIB BLOCK-KIB CERTIFIED HOLDERS HOME HOME…
 *
 * MIB of blocks, each of payments of nearly 16 KiB up to BLOCK-KIB; only every CERTIFIED-th has a finality certificate.
 * --small: of payments with one output each, between that many accounts, which the genesis has given money to.
 * The homes are all validators', in the committee's order. The first Qs of them have made the chain, and the others
 * were away all the while: they sign nothing, and the views that they lead are skipped. The first HOLDERS, Qs at most,
 * get it, with all that they would have at its end: certificates of what was notarised and skipped, and each other's
 * newest votes. Their own votes are pruned, as the newest block is final. Prints the chain's height. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "fixture.h"
#include "home.h"
#include "ledger.h"
#include "store.h"
#include "uncia/error.h"

#define ACCOUNTS     64u /* the fixtures' first ones, which the genesis gives money to */
#define ACCOUNTS_MAX 1000000u
#define STEP_MS      50u  /* of the ledger's time, from block to block */
#define LIFETIME_S   600u /* of payments */
#define COMMIT_MIB   32u
#define HOMES_MAX    16
#define PAYMENTS_MAX 4096u

static struct home homes[HOMES_MAX];
static struct fixture network;
static struct store *stores[HOMES_MAX];
static int holders;
static uint32_t makers; /* the first so many validators have made the chain */
static struct ledger *ledger;
static char why[256];
static uint32_t accounts = ACCOUNTS;
static bool small;
static struct fixture_key *keys;

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

static void forget_writes(void)
{
	while (write_count)
		free((void *)(uintptr_t)writes[--write_count].key);
	write_bytes = 0;
}

static void commit(void)
{
	struct flush *flush;

	if (!write_count)
		return;
	for (int i = 0; i < holders; i++)
		must_do(journal_commit(stores[i], writes, write_count, why), "journal");
	for (int i = 0; i < holders; i++)
		must_do(store_view_renew_journal(stores[i]), "view");
	forget_writes();
	must_do(ledger_take_flush(ledger, &flush), "flush");
	if (!flush)
		return;
	for (int i = 0; i < holders; i++)
		must_do(state_apply(stores[i], flush, why), "state");
	must_do(store_view_renew(stores[0]), "view");
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

/* From one account to another, each in its turn. */
static struct payment *small_payment(uint64_t number, uint32_t expires_at)
{
	uint32_t from = (uint32_t)(number * 7919 % accounts), to = (uint32_t)((number * 104729 + 1) % accounts);
	struct output output = {.to = keys[to == from ? (to + 1) % accounts : to].address, .amount = 1000};

	return fixture_payment_outputs(&network, &keys[from], &output, 1, expires_at, number);
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

/* block_id: of S, NULL. */
static void put_certificate(enum certificate_kind kind, uint64_t view, const struct hash *block_id)
{
	struct certificate *certificate = fixture_certificate(&network, kind, view, block_id, makers);
	uint8_t key[8 + 1 + HASH_SIZE];

	be64_put(key, view);
	key[8] = kind;
	memcpy(key + 9, certificate->block_id.b, HASH_SIZE);
	put(JOURNAL_CERT, key, sizeof(key), certificate->bytes, certificate->size);
	free(certificate);
}

static void put_block(const struct block *block)
{
	const struct header *h = &block->header;
	uint8_t key[8 + HASH_SIZE], height[8], proposer[5] = {[4] = 1}, proposed[16], *bytes;
	size_t size;

	be64_put(key, h->view);
	memcpy(key + 8, h->id.b, HASH_SIZE);
	must_do(block_encode(h, block->payments, block->count, &bytes, &size), "block");
	put(JOURNAL_BLOCK, key, sizeof(key), bytes, size);
	free(bytes);
	put_certificate(CERT_N, h->view, &h->id);
	be64_put(height, h->height);
	put(JOURNAL_FINAL, height, sizeof(height), key, sizeof(key)); /* its value: view and block id */
	be32_put(proposer, h->proposer);
	be64_put(proposed, h->height);
	be64_put(proposed + 8, h->view);
	put(JOURNAL_PEER, proposer, sizeof(proposer), proposed, sizeof(proposed));
}

/* Each holder has the newest votes of the others: for FINAL of the last block. */
static void put_newest_votes(const struct header *last)
{
	for (int holder = 0; holder < holders; holder++) {
		for (uint32_t voter = 0; voter < makers; voter++) {
			uint8_t key[4], bytes[256];
			struct vote vote;
			size_t size;
			if (voter == (uint32_t)holder)
				continue;
			fixture_vote(&network, VOTE_FINAL, last->view, &last->id, voter, &vote);
			must_do(vote_encode(&vote, bytes, &size), "vote");
			be32_put(key, voter);
			put(JOURNAL_PEER, key, sizeof(key), bytes, size);
		}
		must_do(journal_commit(stores[holder], writes, write_count, why), "newest votes");
		forget_writes();
	}
}

/* The next view that one of the chain's makers leads; those before it are skipped. */
static uint64_t next_view(uint64_t view)
{
	while (committee_leader(&network.genesis.committee, ++view) >= makers)
		put_certificate(CERT_S, view, NULL);
	return view;
}

static struct block *make_block(const struct header *parent, uint64_t *number, size_t block_bytes)
{
	uint64_t view = next_view(parent->view);
	uint64_t timestamp_ms = (parent->height ? parent->timestamp_ms : network.genesis.timestamp_ms) + STEP_MS;
	struct payment *payments[PAYMENTS_MAX];
	struct header header;
	struct hash root;
	uint32_t count = 0;
	size_t size = 0;

	while (count < PAYMENTS_MAX && (!count || size + payments[0]->size <= block_bytes)) {
		uint32_t expires_at = (uint32_t)(timestamp_ms / 1000) + LIFETIME_S;
		payments[count] =
		    small ? small_payment((*number)++, expires_at) : large_payment((*number)++, expires_at);
		size += payments[count++]->size;
	}
	must_do(ledger_settled_root(ledger, &root), "state root");
	fixture_header(&network, parent->height ? parent : NULL, view, payments, count, &root, &header);
	header.timestamp_ms = timestamp_ms;
	must_do(header_encode(&header), "header");
	struct block *block = fixture_block(&network, parent->height ? parent : NULL, view, payments, count, &root);
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
			put_certificate(CERT_SF, tip.view, &tip.id);
		if (last || write_bytes >= COMMIT_MIB << 20)
			commit();
		block_free(block);
	}
	put_newest_votes(&tip);
	return tip.height;
}

static void open_holders(void)
{
	for (int i = 0; i < holders; i++)
		must_do(store_open(homes[i].path, &network.genesis.network_id, homes[i].keys.consensus_public, false,
		                   &stores[i], why),
		        "opening the home");
}

int main(int argc, char **argv)
{
	const uint8_t seed[16] = {1};
	struct storage_view view;

	if (argc > 2 && !strcmp(argv[1], "--small")) {
		small = true;
		accounts = (uint32_t)strtoul(argv[2], NULL, 10);
		argc -= 2;
		argv += 2;
	}
	int count = argc - 5;
	keys = calloc(ACCOUNTS_MAX, sizeof(*keys));
	if (argc < 6 || accounts < 2 || accounts > ACCOUNTS_MAX || !keys || count > HOMES_MAX || sign_self_test()) {
		fprintf(stderr, "long_chain [--small ACCOUNTS] MIB BLOCK-KIB CERTIFIED HOLDERS HOME HOME...\n");
		return 2;
	}
	for (int i = 0; i < count; i++) {
		if (home_open(argv[5 + i], &homes[i]))
			return 1;
		memcpy(network.validators[i].consensus.secret_key, homes[i].keys.consensus_secret, SECRET_KEY_SIZE);
	}
	for (uint32_t i = 0; i < accounts; i++)
		fixture_account(i, &keys[i]);
	network.genesis = homes[0].genesis;
	makers = (uint32_t)network.genesis.committee.quorum_slow;
	holders = atoi(argv[4]);
	if (holders < 1 || (uint32_t)holders > makers || makers > (uint32_t)count) {
		fprintf(stderr, "long_chain: from 1 to %u homes can have made the chain\n", makers);
		return 2;
	}
	open_holders();
	store_view(stores[0], &view);
	must_do(ledger_new(&network.genesis, &view, seed, &ledger), "ledger");
	printf("%llu\n", (unsigned long long)make_chain(strtoull(argv[1], NULL, 10), strtoul(argv[2], NULL, 10) << 10,
	                                                strtoull(argv[3], NULL, 10)));
	ledger_free(ledger);
	for (int i = 0; i < holders; i++)
		store_close(stores[i]);
	free(writes);
	free(keys);
	for (int i = 0; i < count; i++)
		home_close(&homes[i]);
	return 0;
}
