/* What a signature costs by how many are checked at once, in processor time, and as a part of libsodium's check of one,
 * which is measured in the same moments. Not a test. */
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "figure.h"
#include "sign.h"
#include "verify.h"

#define ROUNDS     21
#define SIGNATURES 1024u /* a round */
#define KEYS       65536u

static struct verify_item items[SIGNATURES];
static struct verify_keys *keys;
static struct verify_thread *thread;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void make_items(void)
{
	for (uint32_t i = 0; i < SIGNATURES; i++) {
		uint8_t seed[SEED_SIZE] = {(uint8_t)i, (uint8_t)(i >> 8), 1}, secret[SECRET_KEY_SIZE];
		struct verify_item *item = &items[i];
		memcpy(item->digest.b, seed, sizeof(seed));
		item->check_key = true;
		if (sign_keypair(seed, item->public_key, secret) || sign_digest(secret, &item->digest, item->signature))
			abort();
	}
}

/* All of a round, so many at once; every `wrong`-th is wrong (0: none). Returns µs of one. */
static double check(size_t at_once, size_t wrong)
{
	struct verify_item *some[VERIFY_CHUNK];

	for (size_t i = 0; wrong && i < SIGNATURES; i += wrong)
		items[i].signature[40] ^= 1;
	double begun = thread_us();
	for (size_t begin = 0; begin < SIGNATURES; begin += at_once) {
		for (size_t i = 0; i < at_once; i++)
			some[i] = &items[begin + i];
		verify_signatures(thread, some, at_once);
	}
	double took = (thread_us() - begun) / SIGNATURES;
	for (size_t i = 0; i < SIGNATURES; i++)
		if (items[i].valid != !(wrong && i % wrong == 0))
			abort();
	for (size_t i = 0; wrong && i < SIGNATURES; i += wrong)
		items[i].signature[40] ^= 1;
	return took;
}

static double check_sodium(void)
{
	double begun = thread_us();

	for (uint32_t i = 0; i < SIGNATURES; i++)
		if (crypto_sign_verify_detached(items[i].signature, items[i].digest.b, HASH_SIZE, items[i].public_key))
			abort();
	return (thread_us() - begun) / SIGNATURES;
}

/* The median of some rounds, each beside one of libsodium's. Unknown keys: the verifier begins anew in each. */
static void measure(const char *what, size_t at_once, size_t wrong, bool known)
{
	double took[ROUNDS], ratio[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		if (!known) {
			verify_thread_free(thread);
			verify_keys_free(keys);
			keys = verify_keys_new(KEYS);
			thread = keys ? verify_thread_new(keys) : NULL;
			if (!thread)
				abort();
		}
		double sodium = check_sodium();
		took[round] = check(at_once, wrong);
		ratio[round] = took[round] / sodium;
	}
	qsort(took, ROUNDS, sizeof(took[0]), compare);
	qsort(ratio, ROUNDS, sizeof(ratio[0]), compare);
	figure(took[ROUNDS / 2], "us", "signatures: %s, %zu at once", what, at_once);
	figure(ratio[ROUNDS / 2], "checks", "the same, in libsodium's checks");
}

int main(void)
{
	keys = verify_keys_new(KEYS);
	thread = keys ? verify_thread_new(keys) : NULL;
	if (sign_self_test() || !thread)
		return 1;
	make_items();
	check(VERIFY_CHUNK, 0);
	for (size_t at_once = 1; at_once <= VERIFY_CHUNK; at_once *= 2)
		measure("keys known", at_once, 0, true);
	measure("keys unknown", VERIFY_CHUNK, 0, false);
	measure("one of them wrong", VERIFY_CHUNK, VERIFY_CHUNK, true);
	measure("all wrong", 1, 1, true);
	measure("all wrong", VERIFY_CHUNK, 1, true);
	verify_thread_free(thread);
	verify_keys_free(keys);
	return 0;
}
