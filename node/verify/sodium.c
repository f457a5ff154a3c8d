/* Signatures one by one, with libsodium alone: for builds in C alone, and for the simulator, which has signatures of
 * its own in place of these. An invalid one costs 3.7 times what an honest one does. See verify.h. */
#include "sign.h"
#include "verify.h"

const char *const verify_implementation = "plain";

struct verify_keys {
	char none;
};
struct verify_thread {
	char none;
};

struct verify_keys *verify_keys_new(size_t count)
{
	static struct verify_keys none;
	(void)count;
	return &none;
}

void verify_keys_free(struct verify_keys *keys)
{
	(void)keys;
}

size_t verify_keys_size(const struct verify_keys *keys)
{
	(void)keys;
	return 0;
}

struct verify_thread *verify_thread_new(struct verify_keys *keys)
{
	static struct verify_thread none;
	(void)keys;
	return &none;
}

void verify_thread_free(struct verify_thread *thread)
{
	(void)thread;
}

void verify_signatures(struct verify_thread *thread, struct verify_item *const *items, size_t count)
{
	(void)thread;
	for (size_t i = 0; i < count; i++) {
		struct verify_item *item = items[i];
		item->valid = item->unsigned_ ||
		              (item->check_key ? sign_verify(item->public_key, &item->digest, item->signature)
		                               : sign_verify_bound(item->public_key, &item->digest, item->signature));
	}
}
