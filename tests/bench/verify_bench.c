/* What the checks of signatures cost by this build's implementation (node/verify): in batches of some sizes, with keys
 * that are known, that are new, and with a wrong one among them; beside libsodium's check. Not a test. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "figure.h"
#include "fixture.h"
#include "verify.h"

enum { SIGNATURES = 1024, ROUNDS = 5, KEYS = 65536 };

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "verify_bench: %s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

static struct verify_item items[SIGNATURES];

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void make_items(void)
{
	for (uint32_t i = 0; i < SIGNATURES; i++) {
		struct fixture_key key;
		fixture_account(i, &key);
		items[i].digest = fixture_hash(i);
		memcpy(items[i].public_key, key.public_key, PUBLIC_KEY_SIZE);
		MUST(sign_digest(key.secret_key, &items[i].digest, items[i].signature) == 0);
	}
}

/* All of them, so many at once. Returns µs each. */
static double check_all(size_t at_once, struct verify_thread *thread)
{
	struct verify_item *some[VERIFY_CHUNK];

	double begun = thread_us();
	for (size_t i = 0; i < SIGNATURES; i += at_once) {
		for (size_t k = 0; k < at_once; k++)
			some[k] = &items[i + k];
		verify_signatures(thread, some, at_once);
	}
	return (thread_us() - begun) / SIGNATURES;
}

static double check_sodium(void)
{
	double begun = thread_us();
	for (size_t i = 0; i < SIGNATURES; i++)
		MUST(crypto_sign_verify_detached(items[i].signature, items[i].digest.b, HASH_SIZE,
		                                 items[i].public_key) == 0);
	return (thread_us() - begun) / SIGNATURES;
}

/* The median of some rounds, each with keys that are known, or with none; every verdict as it should be. at_once 0:
 * libsodium. */
static double measure(size_t at_once, bool known, size_t wrong)
{
	double rounds[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		struct verify_keys *keys = verify_keys_new(KEYS);
		struct verify_thread *thread = keys ? verify_thread_new(keys) : NULL;
		MUST(thread);
		if (known && at_once)
			check_all(at_once, thread);
		rounds[round] = at_once ? check_all(at_once, thread) : check_sodium();
		verify_thread_free(thread);
		verify_keys_free(keys);
		for (size_t i = 0; i < SIGNATURES && at_once; i++)
			MUST(items[i].valid == !(wrong && i % wrong == 0));
	}
	qsort(rounds, ROUNDS, sizeof(rounds[0]), compare);
	return rounds[ROUNDS / 2];
}

static void flip(size_t every)
{
	for (size_t i = 0; i < SIGNATURES; i += every)
		items[i].signature[0] ^= 1;
}

int main(void)
{
	MUST(sign_self_test() == 0);
	make_items();
	figure(measure(0, true, 0), "us", "checks: libsodium's");
	for (size_t at_once = 1; at_once <= VERIFY_CHUNK; at_once *= 2)
		figure(measure(at_once, true, 0), "us", "checks: %s, %zu at once, keys known", verify_implementation,
		       at_once);
	figure(measure(VERIFY_CHUNK, false, 0), "us", "checks: %s, %u at once, keys new", verify_implementation,
	       VERIFY_CHUNK);
	flip(VERIFY_CHUNK);
	figure(measure(VERIFY_CHUNK, true, VERIFY_CHUNK), "us", "checks: %s, %u at once, one of them wrong",
	       verify_implementation, VERIFY_CHUNK);
	return 0;
}
