/* The checks of signatures, as threads do them: one verdict (docs/spec/encoding.md 1.3) by two implementations, of
 * which a build has one. batch.c decides many at once with decoded keys; sodium.c one by one, and needs nothing but
 * libsodium. Touches nothing but the items that it is given, the keys that it keeps, and what the thread has for it; no
 * check takes memory. Threads: any, several at once, each with a verify_thread of its own. */
#ifndef VERIFY_H
#define VERIFY_H
#include "verify_queue.h"

/* Which implementation this build has: "batch" or "plain". */
extern const char *const verify_implementation;

/* Keys that have signed validly, decoded: of bounded number, newer ones in the place of older ones. */
struct verify_keys;
/* For about so many keys, of 200 bytes each where the implementation decodes keys. NULL: out of memory. Owns:
 * verify_keys_free, which accepts NULL. */
struct verify_keys *verify_keys_new(size_t count);
void verify_keys_free(struct verify_keys *keys);
/* Bytes that they take in memory, once all places are taken. */
size_t verify_keys_size(const struct verify_keys *keys);

/* Signs a statement with the validator's consensus key. Returns 0 or an error. Called on any thread. */
struct verify_signer {
	int (*sign)(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE]);
	void *context;
};

/* What one thread has for its checks: where it puts a batch together, and memory for the sums, 200 KiB; nothing where
 * signatures are checked one by one. Made over the keys that all threads share, which outlive it. NULL: out of memory.
 * Owns: verify_thread_free, which accepts NULL. */
struct verify_thread;
struct verify_thread *verify_thread_new(struct verify_keys *keys);
void verify_thread_free(struct verify_thread *thread);

/* Does the work of these parts of jobs, of VERIFY_CHUNK items at most: checks them, or signs them, and sets `valid` of
 * each. */
void verify_parts(struct verify_thread *thread, const struct verify_part *parts, size_t count,
                  const struct verify_signer *signer);
/* Checks the verdicts that the protocol depends on (proto/signature_cases.h), together and one by one, as this
 * processor computes them. After sign_self_test. Returns 0, UNCIA_E_LIBRARY where one differs, or UNCIA_E_MEMORY. */
int verify_self_test(void);
/* Sets `valid` of each of at most VERIFY_CHUNK: what the implementations differ in. */
void verify_signatures(struct verify_thread *thread, struct verify_item *const *items, size_t count);

#endif
