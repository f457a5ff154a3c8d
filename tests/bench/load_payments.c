/* Who pays whom. Accounts are numbered from 0 in the order in which the funders create them, so that their entries lie
 * in that order in the state. Those that pay are spread evenly over all; the others have addresses that nobody has a
 * key for, which the ledger cannot tell, and which cost nothing to make by the million. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "big_endian.h"
#include "clock.h"
#include "fixture.h"
#include "load.h"
#include "message.pb-c.h"

#define LIFETIME_S   3000u
#define FIRST_FUNDER UINT32_C(0xf0000000) /* a fixture_account that is nobody's else */
#define CHECKS       200u
#define CHECK_ROUNDS 11u

static uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static struct fixture_key *read_keys(const struct load *load, struct fixture_key *keys)
{
	FILE *file = load->keys ? fopen(load->keys, "rb") : NULL;

	if (!file)
		return NULL;
	if (fread(keys, sizeof(*keys), load->payers, file) != load->payers)
		load_fail("the file of keys is too short: remove it");
	fclose(file);
	return keys;
}

static void keep_keys(const struct load *load, const struct fixture_key *keys)
{
	FILE *file = load->keys ? fopen(load->keys, "wb") : NULL;

	if (load->keys && (!file || fwrite(keys, sizeof(*keys), load->payers, file) != load->payers || fclose(file)))
		load_fail("the keys cannot be kept");
}

static int compare_keys(const void *a, const void *b)
{
	const struct fixture_key *x = a, *y = b;

	return memcmp(x->address.b, y->address.b, ADDRESS_SIZE);
}

static struct fixture_key *make_keys(const struct load *load)
{
	struct fixture_key *keys = calloc(load->payers, sizeof(*keys));

	if (!keys)
		load_fail("out of memory");
	if (!read_keys(load, keys)) {
		for (uint32_t i = 0; i < load->payers; i++)
			fixture_account(i, &keys[i]);
		keep_keys(load, keys);
	}
	if (load->ascending)
		qsort(keys, load->payers, sizeof(*keys), compare_keys);
	return keys;
}

/* Of those between two payers: the space between the two addresses divided evenly. */
static void place_between(const struct load *load, const struct fixture_key *keys, uint32_t account,
                          struct address *address)
{
	uint32_t stride = load->accounts / load->payers, last = load->payers - 1;
	uint32_t payer = account / stride < last ? account / stride : last;
	uint64_t begin = be64_get(keys[payer].address.b);
	uint64_t end = payer < last ? be64_get(keys[payer + 1].address.b) : UINT64_MAX;
	uint32_t between = payer < last ? stride : load->accounts - payer * stride;

	if ((end - begin) / between == 0)
		load_fail("two payers' addresses have too little between them");
	be64_put(address->b, begin + (end - begin) / between * (account - payer * stride));
}

static struct address address_of(const struct load *load, const struct fixture_key *keys, uint32_t account)
{
	uint32_t stride = load->accounts / load->payers;
	struct address address;
	struct hash hash;

	if (account % stride == 0 && account / stride < load->payers)
		return keys[account / stride].address;
	hash = fixture_hash(account);
	memcpy(address.b, hash.b, ADDRESS_SIZE);
	if (load->ascending)
		place_between(load, keys, account, &address);
	return address;
}

static void pack(struct load *load, uint32_t i, uint32_t payer, const struct payment *payment)
{
	Uncia__Pb__WalletRequest request = UNCIA__PB__WALLET_REQUEST__INIT;
	Uncia__Pb__Submit submit = UNCIA__PB__SUBMIT__INIT;
	struct load_message *message = &load->messages[i];

	submit.payment.data = (uint8_t *)(uintptr_t)payment->bytes;
	submit.payment.len = payment->size;
	request.request_id = (uint64_t)i + 1;
	request.kind_case = UNCIA__PB__WALLET_REQUEST__KIND_SUBMIT;
	request.submit = &submit;
	message->payer = payer;
	message->size = (uint32_t)uncia__pb__wallet_request__get_packed_size(&request);
	message->bytes = malloc(message->size);
	if (!message->bytes)
		load_fail("out of memory");
	uncia__pb__wallet_request__pack(&request, message->bytes);
}

/* No two runs make the same payment: the first half of the nonce is the run's. */
static void make_one(struct load *load, uint64_t run, uint32_t i, uint32_t payer, const struct fixture_key *key,
                     const struct output *outputs, uint32_t output_count)
{
	struct payment draft = {.expires_at = (uint32_t)time(NULL) + LIFETIME_S,
	                        .currency = CURRENCY_FIRST,
	                        .output_count = output_count,
	                        .outputs = outputs};
	struct payment *payment;

	be64_put(draft.nonce, run);
	be64_put(draft.nonce + 8, i);
	if (payment_make(&load->genesis.network_id, &draft, key->public_key, key->secret_key, &payment))
		load_fail("a payment cannot be made");
	pack(load, i, payer, payment);
	payment_free(payment);
}

static void make_room(struct load *load, uint32_t count)
{
	load->count = count;
	load->messages = calloc(count, sizeof(*load->messages));
	if (!count || !load->messages)
		load_fail("no payments, or out of memory");
}

void load_funder(uint32_t number, struct address *address)
{
	struct fixture_key key;

	fixture_account(FIRST_FUNDER + number, &key);
	*address = key.address;
}

void load_make_funding(struct load *load, uint32_t first, uint32_t until)
{
	struct fixture_key *keys = make_keys(load), funders[LOAD_FUNDERS];
	struct output outputs[PAYMENT_OUTPUTS_MAX];
	uint64_t run;

	randombytes_buf(&run, sizeof(run));
	for (uint32_t i = 0; i < LOAD_FUNDERS; i++)
		fixture_account(FIRST_FUNDER + i, &funders[i]);
	make_room(load, (until - first + PAYMENT_OUTPUTS_MAX - 1) / PAYMENT_OUTPUTS_MAX);
	for (uint32_t i = 0; i < load->count; i++) {
		uint32_t begin = first + i * PAYMENT_OUTPUTS_MAX, n = 0;
		while (n < PAYMENT_OUTPUTS_MAX && begin + n < until) {
			outputs[n] = (struct output){.to = address_of(load, keys, begin + n), .amount = load->amount};
			n++;
		}
		make_one(load, run, i, i % LOAD_FUNDERS, &funders[i % LOAD_FUNDERS], outputs, n);
	}
	free(keys);
}

static uint32_t common_factor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* Who pays next is so many payers further on: far away, so that the payers of a block are not neighbours in the state,
 * and each in turn, since the step has no factor in common with their number. */
static uint32_t payers_step(uint32_t payers)
{
	uint32_t step = (uint32_t)(payers * 0.618) + 1;

	while (common_factor(payers, step) != 1)
		step++;
	return step;
}

void load_make_payments(struct load *load, uint32_t count)
{
	struct fixture_key *keys = make_keys(load);
	struct output outputs[PAYMENT_OUTPUTS_MAX];
	uint64_t run, state;

	randombytes_buf(&run, sizeof(run));
	state = run;
	uint32_t begin = (uint32_t)(random_next(&state) % load->payers), step = payers_step(load->payers);
	make_room(load, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t payer = (uint32_t)((begin + (uint64_t)i * step) % load->payers);
		for (uint32_t k = 0; k < load->outputs; k++) {
			uint32_t account = (uint32_t)(random_next(&state) % load->accounts);
			outputs[k] = (struct output){.to = address_of(load, keys, account), .amount = load->amount};
		}
		make_one(load, run, i, payer, &keys[payer], outputs, load->outputs);
	}
	free(keys);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* libsodium itself, whatever the product does to be faster: this is what its figures are held against. */
double load_check_us(void)
{
	static struct hash digests[CHECKS];
	static uint8_t signatures[CHECKS][SIGNATURE_SIZE];
	struct fixture_key key;
	double rounds[CHECK_ROUNDS];

	fixture_account(0, &key);
	for (uint32_t i = 0; i < CHECKS; i++) {
		digests[i] = fixture_hash(i);
		if (sign_digest(key.secret_key, &digests[i], signatures[i]))
			load_fail("a signature cannot be made");
	}
	for (uint32_t round = 0; round < CHECK_ROUNDS; round++) {
		double begin = thread_us();
		for (uint32_t i = 0; i < CHECKS; i++) {
			if (crypto_sign_verify_detached(signatures[i], digests[i].b, HASH_SIZE, key.public_key))
				load_fail("a signature does not verify");
		}
		rounds[round] = (thread_us() - begin) / CHECKS;
	}
	qsort(rounds, CHECK_ROUNDS, sizeof(rounds[0]), compare);
	return rounds[CHECK_ROUNDS / 2];
}
