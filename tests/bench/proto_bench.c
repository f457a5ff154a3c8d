/* What proto's steps cost, in processor time: signatures, hashes, decoding, receipts, links. Not a test. */
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "figure.h"
#include "fixture.h"
#include "hash_many.h"
#include "receipt.h"
#include "wire_link.h"

#define ROUNDS   11
#define PAYMENTS 200u
#define CALLS    2000u
#define TOGETHER 32u

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "proto_bench: %s:%d: %s\n", __FILE__, __LINE__, #condition);                   \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

static struct fixture network;
static struct payment *payments[PAYMENTS];
static struct block *block;
static struct certificate *certificate;
static uint8_t *receipt, *block_bytes;
static size_t receipt_size, block_size;
static struct link *from, *to;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of some rounds, each of so many calls, i counting from 0. Returns µs a call. */
static double measure(void (*call)(uint32_t i), uint32_t calls)
{
	double rounds[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		double begun = thread_us();
		for (uint32_t i = 0; i < calls; i++)
			call(i);
		rounds[round] = (thread_us() - begun) / calls;
	}
	qsort(rounds, ROUNDS, sizeof(rounds[0]), compare);
	return rounds[ROUNDS / 2];
}

static void check_sodium(uint32_t i)
{
	const struct payment *p = payments[i % PAYMENTS];

	MUST(crypto_sign_verify_detached(p->signature, p->digest.b, HASH_SIZE, p->public_key) == 0);
}

static void check(uint32_t i)
{
	const struct payment *p = payments[i % PAYMENTS];

	MUST(sign_verify(p->public_key, &p->digest, p->signature));
}

static void check_key(uint32_t i)
{
	MUST(sign_key_valid(payments[i % PAYMENTS]->public_key));
}

static void sign(uint32_t i)
{
	uint8_t signature[SIGNATURE_SIZE];

	MUST(sign_digest(network.validators[0].consensus.secret_key, &payments[i % PAYMENTS]->digest, signature) == 0);
}

static void hash_64(uint32_t i)
{
	struct hash out;

	hash1(HASH_MEMO, payments[i % PAYMENTS]->bytes, 64, &out);
}

static void hash_group(uint32_t i)
{
	static uint8_t group[GROUP_SIZE];
	struct hash out;

	group[0] = (uint8_t)i;
	hash1(HASH_STATE_GROUP, group, sizeof(group), &out);
}

static void hash_groups(uint32_t i)
{
	static uint8_t groups[TOGETHER][GROUP_SIZE];
	const uint8_t *inputs[TOGETHER];
	struct hash hashes[TOGETHER], *out[TOGETHER];

	groups[i % TOGETHER][0]++;
	for (unsigned k = 0; k < TOGETHER; k++) {
		inputs[k] = groups[k];
		out[k] = &hashes[k];
	}
	hash_many(HASH_STATE_GROUP, inputs, GROUP_SIZE, TOGETHER, out);
}

static void decode(uint32_t i)
{
	const struct payment *p = payments[i % PAYMENTS];
	struct payment *decoded;

	MUST(payment_decode(&network.genesis.network_id, p->bytes, p->size, &decoded) == 0);
	payment_free(decoded);
}

static void decode_block(uint32_t i)
{
	struct block *decoded;

	(void)i;
	MUST(block_decode(&network.genesis.network_id, block_bytes, block_size, &decoded) == 0);
	block_free(decoded);
}

static void make_receipt(uint32_t i)
{
	free(receipt);
	MUST(receipt_make(block, i % PAYMENTS,
	                  &(struct receipt_proof){NULL, 0, {certificate->bytes, certificate->size}}, &receipt,
	                  &receipt_size) == 0);
}

static void verify_receipt(uint32_t i)
{
	struct receipt r;

	(void)i;
	MUST(receipt_verify(&network.genesis.committee, &network.genesis.network_id, receipt, receipt_size, &r) == 0);
	payment_free(r.payment);
}

static void pass(struct link *a, struct link *b)
{
	struct bytes run;

	link_output(a, &run);
	MUST(link_feed(b, run.data, run.size) == 0);
	link_output_taken(a, run.size);
}

/* A payment on its way in: sealed, opened, taken. */
static void carry(uint32_t i)
{
	struct bytes message;

	MUST(link_send(from, payments[i % PAYMENTS]->bytes, payments[i % PAYMENTS]->size) == 0);
	pass(from, to);
	MUST(link_next(to, &message) && message.size == payments[i % PAYMENTS]->size);
}

static void open_links(void)
{
	const uint8_t one[32] = {1}, two[32] = {2};
	struct link_options options = {.pattern = NOISE_NK,
	                               .network_id = &network.genesis.network_id,
	                               .static_secret = network.validators[0].network_secret,
	                               .ephemeral_secret = one,
	                               .message_size_max = MESSAGE_SIZE_WALLET_MAX,
	                               .write_queue_max = WRITE_QUEUE_WALLET_MAX};
	struct bytes message;

	MUST(link_new(&options, &to) == 0);
	options.initiator = true;
	options.static_secret = NULL;
	options.remote_static = network.validators[0].network_public;
	options.ephemeral_secret = two;
	MUST(link_new(&options, &from) == 0);
	pass(from, to);
	pass(to, from);
	pass(from, to);
	MUST(link_established(from) && link_established(to) && !link_next(to, &message));
}

static void make_all(void)
{
	struct payment *in_block[PAYMENTS];
	struct hash root = fixture_hash(1);

	fixture_init(&network, 4, PAYMENTS, 1000000);
	for (uint32_t i = 0; i < PAYMENTS; i++) {
		payments[i] =
		    fixture_payment(&network, i, (i + 1) % PAYMENTS, FIXTURE_SMALLEST_AMOUNT, FIXTURE_TIME_S + 600, i);
		in_block[i] = payment_ref(payments[i]);
	}
	block = fixture_block(&network, NULL, 1, in_block, PAYMENTS, &root);
	MUST(block_encode(&block->header, block->payments, PAYMENTS, &block_bytes, &block_size) == 0);
	certificate = fixture_certificate(&network, CERT_FF, 1, &block->header.id, 4);
	make_receipt(0);
	open_links();
}

static void free_all(void)
{
	link_free(from);
	link_free(to);
	free(receipt);
	free(certificate);
	free(block_bytes);
	block_free(block);
	for (uint32_t i = 0; i < PAYMENTS; i++)
		payment_free(payments[i]);
	fixture_deinit(&network);
}

int main(void)
{
	make_all();
	figure(measure(check_sodium, PAYMENTS), "us", "signature: libsodium's check");
	figure(measure(check, PAYMENTS), "us", "signature: check");
	figure(measure(check_key, PAYMENTS), "us", "signature: check of a key, once for an account");
	figure(measure(sign, PAYMENTS), "us", "signature: making one");
	figure(measure(hash_64, CALLS), "us", "hash: 64 bytes");
	figure(measure(hash_group, CALLS), "us", "hash: a group of entries, %d bytes", GROUP_SIZE);
	figure(measure(hash_groups, CALLS / TOGETHER) / TOGETHER, "us", "hash: a group of entries, %u at a time",
	       TOGETHER);
	figure(measure(decode, CALLS), "us", "decode: a payment of %u bytes", payments[0]->size);
	figure(measure(decode_block, 10) / PAYMENTS, "us", "decode: a payment in a block of %u", PAYMENTS);
	figure(measure(make_receipt, CALLS), "us", "receipt: making one");
	figure(measure(verify_receipt, 50), "us", "receipt: verifying one of %zu bytes", receipt_size);
	figure(measure(carry, CALLS), "us", "link: a payment sealed and opened");
	free_all();
	return 0;
}
