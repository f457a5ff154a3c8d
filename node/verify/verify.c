/* See verify.h. */
#include "verify.h"
#include <assert.h>
#include <string.h>
#include "signature_cases.h"
#include "uncia/error.h"

#define CASES (sizeof(signature_cases) / sizeof(signature_cases[0]))
static_assert(CASES <= VERIFY_CHUNK, "they are checked together");

void verify_parts(struct verify_thread *thread, const struct verify_part *parts, size_t count,
                  const struct verify_signer *signer)
{
	struct verify_item *items[VERIFY_CHUNK];
	size_t checks = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < parts[i].count; k++) {
			const size_t at = parts[i].begin + k;
			struct verify_item *item = &parts[i].job->items[at];
			assert(checks < VERIFY_CHUNK);
			if (parts[i].job->sign)
				item->valid =
				    signer->sign(signer->context, &parts[i].job->statements[at], item->signature) == 0;
			else
				items[checks++] = item;
		}
	}
	verify_signatures(thread, items, checks);
}

/* Checks cases from `begin` on at once. Returns whether each has its verdict. */
static bool cases_hold(struct verify_thread *thread, size_t begin, size_t count)
{
	struct verify_item items[CASES], *all[CASES] = {NULL};
	bool hold = true;

	assert(count && begin + count <= CASES);
	for (size_t i = 0; i < count; i++) {
		const struct signature_case *c = &signature_cases[begin + i];
		items[i] = (struct verify_item){.check_key = true};
		memcpy(items[i].public_key, c->public_key, PUBLIC_KEY_SIZE);
		memcpy(items[i].signature, c->signature, SIGNATURE_SIZE);
		memcpy(items[i].digest.b, c->message, HASH_SIZE);
		all[i] = &items[i];
	}
	verify_signatures(thread, all, count);
	for (size_t i = 0; i < count; i++)
		hold &= items[i].valid == signature_cases[begin + i].valid;
	return hold;
}

int verify_self_test(void)
{
	struct verify_keys *keys = verify_keys_new(CASES);
	struct verify_thread *thread = keys ? verify_thread_new(keys) : NULL;
	int error = thread ? 0 : UNCIA_E_MEMORY;

	if (!error && !cases_hold(thread, 0, CASES))
		error = UNCIA_E_LIBRARY;
	for (size_t i = 0; i < CASES && !error; i++)
		if (!cases_hold(thread, i, 1))
			error = UNCIA_E_LIBRARY;
	verify_thread_free(thread);
	verify_keys_free(keys);
	return error;
}
