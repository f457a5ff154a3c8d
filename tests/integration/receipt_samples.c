/* What test_verify_receipt.py compares itself with: receipts as this project makes them, and its verdict on any.
 *
 *	receipt_samples network   the genesis lines of a network file
 *	receipt_samples make      receipts of that network that hold, one a line
 *	receipt_samples verify    lines from standard input: for each, 0 or the error code */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

	if (receipt_make(block, index, descendants, descendant_count, certificate->bytes, certificate->size, &bytes,
	                 &size) ||
	    receipt_format(bytes, size, &text))
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

static int line_verify(const char *line)
{
	uint8_t *bytes;
	size_t size;
	struct receipt receipt;

	int error = receipt_parse(line, &bytes, &size);
	if (error)
		return error;
	error = receipt_verify(&fixture.genesis.committee, &fixture.genesis.network_id, bytes, size, &receipt);
	free(bytes);
	if (!error)
		payment_free(receipt.payment);
	return error;
}

static void lines_verify(void)
{
	char *line = NULL;
	size_t capacity = 0;

	while (getline(&line, &capacity, stdin) > 0)
		printf("%d\n", line_verify(line));
	free(line);
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
	else if (strcmp(task, "verify") == 0)
		lines_verify();
	else
		code = EXIT_FAILURE;
	fixture_deinit(&fixture);
	return code;
}
