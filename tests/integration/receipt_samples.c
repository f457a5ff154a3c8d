/* What test_verify_receipt.py compares itself with: receipts as this project makes them, and its verdict on any.
 *
 *	receipt_samples network   the genesis lines of a network file
 *	receipt_samples make      receipts of that network that hold, one a line
 *	receipt_samples far       such ones of the greatest heights and times
 *	receipt_samples verify    lines from standard input: for each, 0 or the error code
 *	receipt_samples accounts  address and account proof, in hexadecimal, one pair a line
 *	receipt_samples balances  such lines from standard input: for each, 0 or the error code */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "consensus.pb-c.h"
#include "fields.h"
#include "fixture.h"
#include "receipt.h"
#include "uncia/error.h"

#define VALIDATORS 9 /* F = 2, P = 1, two bytes of bitmap */
#define LINE_BYTES 75

static struct fixture fixture;

static void network_print(void)
{
	char line[LINE_BYTES / 3 * 4 + 1];

	printf("[network]\nname = %s\n", fixture.genesis.name);
	for (size_t at = 0; at < fixture.genesis.size; at += LINE_BYTES) {
		size_t left = fixture.genesis.size - at;
		sodium_bin2base64(line, sizeof(line), fixture.genesis.bytes + at, left < LINE_BYTES ? left : LINE_BYTES,
		                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		printf("genesis = %s\n", line);
	}
}

static void receipt_print(const struct block *block, uint32_t index, const struct header *const *descendants,
                          size_t descendant_count, enum certificate_kind kind, const struct header *named)
{
	const struct committee *c = &fixture.genesis.committee;
	uint32_t signers = (uint32_t)(kind == CERT_FF ? c->quorum_fast : c->quorum_slow);
	struct certificate *certificate = fixture_certificate(&fixture, kind, named->view, &named->id, signers);
	uint8_t *bytes;
	size_t size;
	char *text;

	if (receipt_make(
	        block, index,
	        &(struct receipt_proof){descendants, descendant_count, {certificate->bytes, certificate->size}}, &bytes,
	        &size) ||
	    receipt_format(&fixture.genesis.network_id, bytes, size, &text))
		abort();
	puts(text);
	free(text);
	free(bytes);
	free(certificate);
}

/* Blocks of every small number of payments, final by themselves or through descendants, fast or slow. */
static void receipts_make(void)
{
	for (uint32_t count = 1; count <= 9; count++) {
		struct payment *payments[9];
		struct hash state = fixture_hash(count);
		struct header child, grandchild;

		for (uint32_t i = 0; i < count; i++)
			payments[i] = fixture_payment(&fixture, 0, 1 + i % 2, 1000 + i, FIXTURE_TIME_S + 60, i);
		struct block *block = fixture_block(&fixture, NULL, 3, payments, count, &state);
		fixture_header(&fixture, &block->header, 4, NULL, 0, &state, &child);
		fixture_header(&fixture, &child, 300, NULL, 0, &state, &grandchild);
		const struct header *descendants[] = {&child, &grandchild};
		const struct header *named[] = {&block->header, &child, &grandchild};
		for (uint32_t i = 0; i < count; i++)
			receipt_print(block, i, descendants, i % 3, i % 2 ? CERT_FF : CERT_SF, named[i % 3]);
		block_free(block);
	}
	struct output outputs[3] = {{.amount = 1000}, {.amount = UINT64_C(5000000000)}, {.amount = 500000}};
	struct fixture_key from;
	struct hash state = fixture_hash(0);
	fixture_account(1, &from);
	outputs[1].has_reference = true;
	memset(outputs[1].reference, 0xa5, REFERENCE_SIZE);
	struct payment *payment = fixture_payment_outputs(&fixture, &from, outputs, 3, FIXTURE_TIME_S + 60, 1);
	struct block *block = fixture_block(&fixture, NULL, 1, &payment, 1, &state);
	receipt_print(block, 0, NULL, 0, CERT_FF, &block->header);
	block_free(block);
}

/* At the ends of what heights and times are: 2^63 - 1, 2^63, 2^64 - 1. */
static void receipts_far(void)
{
	static const uint64_t ends[] = {INT64_MAX, UINT64_C(1) << 63, UINT64_MAX};
	struct hash state = fixture_hash(0);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct payment *payment = fixture_payment(&fixture, 0, 1, 1000, FIXTURE_TIME_S + 60, i);
		struct block *block = fixture_block(&fixture, NULL, 1, &payment, 1, &state);
		block->header.height = block->header.timestamp_ms = ends[i];
		if (header_encode(&block->header))
			abort();
		receipt_print(block, 0, NULL, 0, CERT_FF, &block->header);
		block_free(block);
	}
}

static int line_verify(const char *line)
{
	uint8_t *bytes;
	size_t size;
	struct receipt receipt;

	int error = receipt_parse(&fixture.genesis.network_id, line, &bytes, &size);
	if (error)
		return error;
	error = receipt_verify(&fixture.genesis.committee, &fixture.genesis.network_id, bytes, size, &receipt);
	free(bytes);
	if (!error)
		payment_free(receipt.payment);
	return error;
}

static void lines_verify(int (*verify)(const char *line))
{
	char *line = NULL;
	size_t capacity = 0;

	while (getline(&line, &capacity, stdin) > 0)
		printf("%d\n", verify(line));
	free(line);
}

/* ---- account proofs ------------------------------------------------------------------------- */

#define ENTRIES_MAX 600
#define GROUPS_MAX  ((ENTRIES_MAX + GROUP_ENTRIES - 1) / GROUP_ENTRIES)
#define LEVELS_MAX  8

/* A state of `count` entries, every level of its tree kept: a currency, then accounts. */
struct tree {
	uint64_t count;
	uint8_t groups[GROUPS_MAX][GROUP_SIZE];
	struct hash levels[LEVELS_MAX][GROUPS_MAX + TREE_ARITY]; /* absent children stay zero */
	size_t sizes[LEVELS_MAX];
	unsigned depth;
	struct hash root;
};
static struct tree tree;

static struct entry tree_entry(uint64_t index)
{
	struct entry entry = {
	    .kind = index ? ENTRY_ACCOUNT : ENTRY_CURRENCY, .currency = 1, .balance = index * 1000003};

	if (!index)
		return entry;
	entry.payments = (uint32_t)index % 5;
	entry.created = index / 7;
	memcpy(entry.address.b, fixture_hash(index).b, ADDRESS_SIZE);
	if (index % 2) {
		entry.flags = ENTRY_KEY_KNOWN;
		memcpy(entry.public_key, fixture_hash(index + ENTRIES_MAX).b, sizeof(entry.public_key));
	}
	return entry;
}

static void tree_make(uint64_t count)
{
	memset(&tree, 0, sizeof(tree));
	tree.count = count;
	for (uint64_t i = 0; i < count; i++) {
		struct entry entry = tree_entry(i);
		entry_encode(&entry, tree.groups[i / GROUP_ENTRIES] + i % GROUP_ENTRIES * ENTRY_SIZE);
	}
	tree.sizes[0] = (count + GROUP_ENTRIES - 1) / GROUP_ENTRIES;
	for (size_t g = 0; g < tree.sizes[0]; g++)
		state_group_digest(tree.groups[g], &tree.levels[0][g]);
	for (; tree.sizes[tree.depth] > 1; tree.depth++) {
		size_t above = (tree.sizes[tree.depth] + TREE_ARITY - 1) / TREE_ARITY;
		for (size_t i = 0; i < above; i++)
			state_node_digest(&tree.levels[tree.depth][i * TREE_ARITY], &tree.levels[tree.depth + 1][i]);
		tree.sizes[tree.depth + 1] = above;
	}
	state_root_digest(count, ENTRY_NONE, &tree.levels[tree.depth][0], &tree.root);
}

static void hex_print(const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const uint8_t *)bytes)[i]);
}

static void proof_print(const struct header *header, const struct certificate *certificate, uint64_t index)
{
	Uncia__Pb__AccountProof pb = UNCIA__PB__ACCOUNT_PROOF__INIT;
	uint8_t path[LEVELS_MAX * (TREE_ARITY - 1) * HASH_SIZE], *bytes;
	size_t path_size = 0, size, position = index / GROUP_ENTRIES;
	struct entry entry = tree_entry(index);

	for (unsigned level = 0; level < tree.depth; level++, position /= TREE_ARITY)
		for (size_t i = position - position % TREE_ARITY, end = i + TREE_ARITY; i < end; i++)
			if (i != position) {
				memcpy(path + path_size, tree.levels[level][i].b, HASH_SIZE);
				path_size += HASH_SIZE;
			}
	pb.index = index;
	pb.group = field_of(tree.groups[index / GROUP_ENTRIES], GROUP_SIZE);
	pb.path = field_of(path, path_size);
	pb.entry_count = tree.count;
	pb.free_head = ENTRY_NONE;
	pb.header = field_of(header->bytes, header->size);
	pb.certificate = field_of(certificate->bytes, certificate->size);
	if (canonical_encode(&pb.base, &bytes, &size))
		abort();
	hex_print(entry.address.b, ADDRESS_SIZE);
	putchar(' ');
	hex_print(bytes, size);
	putchar('\n');
	free(bytes);
}

static void accounts_make(void)
{
	static const uint64_t counts[] = {2, 8, 9, 32, 33, 129, 512, 513, ENTRIES_MAX};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct header header;
		tree_make(counts[i]);
		fixture_header(&fixture, NULL, 1, NULL, 0, &tree.root, &header);
		struct certificate *certificate = fixture_certificate(&fixture, CERT_SF, 1, &header.id,
		                                                      (uint32_t)fixture.genesis.committee.quorum_slow);
		proof_print(&header, certificate, 1);
		proof_print(&header, certificate, counts[i] / 2);
		proof_print(&header, certificate, counts[i] - 1);
		free(certificate);
	}
}

static int proof_verify(const char *line)
{
	static uint8_t bytes[ADDRESS_SIZE + RECEIPT_SIZE_MAX];
	struct address address;
	struct account_state state;
	size_t size;

	if (sodium_hex2bin(bytes, sizeof(bytes), line, strlen(line), " \n", &size, NULL) || size < ADDRESS_SIZE)
		return UNCIA_E_ENCODING;
	memcpy(address.b, bytes, ADDRESS_SIZE);
	return account_proof_verify(&fixture.genesis.committee, &fixture.genesis.network_id, &address,
	                            bytes + ADDRESS_SIZE, size - ADDRESS_SIZE, &state);
}

int main(int argc, char **argv)
{
	const char *task = argc == 2 ? argv[1] : "";
	int code = EXIT_SUCCESS;

	fixture_init(&fixture, VALIDATORS, 3, UINT64_C(1) << 60);
	if (strcmp(task, "network") == 0)
		network_print();
	else if (strcmp(task, "make") == 0)
		receipts_make();
	else if (strcmp(task, "far") == 0)
		receipts_far();
	else if (strcmp(task, "verify") == 0)
		lines_verify(line_verify);
	else if (strcmp(task, "accounts") == 0)
		accounts_make();
	else if (strcmp(task, "balances") == 0)
		lines_verify(proof_verify);
	else
		code = EXIT_FAILURE;
	fixture_deinit(&fixture);
	return code;
}
