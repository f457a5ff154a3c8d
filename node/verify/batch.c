/* Signatures in batches, with decoded keys. A batch decides one equation, the sum of those of its signatures, each
 * times a weight that is drawn for it: whoever knew the weights could choose wrong signatures whose errors cancel. One
 * that does not hold is halved, down to single ones. See verify.h, and batch/src/lib.rs. */
#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include "points.h"
#include "sign_equation.h"
#include "verify.h"

const char *const verify_implementation = "batch";

/* ---- decoded keys ------------------------------------------------------------------------------------ */

#define LOCKS 16u

struct known_key {
	uint8_t bytes[PUBLIC_KEY_SIZE];
	struct point point;
	bool known;
	bool fit; /* to be bound: its order was looked at */
};

struct verify_keys {
	pthread_mutex_t locks[LOCKS];
	uint8_t seed[16]; /* that nobody knows who chooses keys */
	size_t count;
	struct known_key slots[];
};

struct verify_keys *verify_keys_new(size_t count)
{
	struct verify_keys *keys = calloc(1, sizeof(*keys) + (count ? count : 1) * sizeof(keys->slots[0]));
	if (!keys)
		return NULL;
	keys->count = count ? count : 1;
	randombytes_buf(keys->seed, sizeof(keys->seed));
	for (unsigned i = 0; i < LOCKS; i++) {
		int error = pthread_mutex_init(&keys->locks[i], NULL);
		assert(!error);
		(void)error;
	}
	return keys;
}

void verify_keys_free(struct verify_keys *keys)
{
	for (unsigned i = 0; keys && i < LOCKS; i++)
		pthread_mutex_destroy(&keys->locks[i]);
	free(keys);
}

size_t verify_keys_size(const struct verify_keys *keys)
{
	return sizeof(*keys) + keys->count * sizeof(keys->slots[0]);
}

static size_t slot_of(const struct verify_keys *keys, const uint8_t bytes[PUBLIC_KEY_SIZE])
{
	return siphash(keys->seed, bytes, PUBLIC_KEY_SIZE) % keys->count;
}

/* *point, and whether it is fit to be bound as far as is known: nothing of it where this returns false. */
static bool keys_find(struct verify_keys *keys, const uint8_t bytes[PUBLIC_KEY_SIZE], struct point *point, bool *fit)
{
	size_t at = slot_of(keys, bytes);
	struct known_key *slot = &keys->slots[at];
	pthread_mutex_lock(&keys->locks[at % LOCKS]);
	bool found = slot->known && memcmp(slot->bytes, bytes, PUBLIC_KEY_SIZE) == 0;
	if (found)
		*point = slot->point;
	*fit = found && slot->fit;
	pthread_mutex_unlock(&keys->locks[at % LOCKS]);
	return found;
}

static void keys_keep(struct verify_keys *keys, const uint8_t bytes[PUBLIC_KEY_SIZE], const struct point *point,
                      bool fit)
{
	size_t at = slot_of(keys, bytes);
	struct known_key *slot = &keys->slots[at];
	pthread_mutex_lock(&keys->locks[at % LOCKS]);
	memcpy(slot->bytes, bytes, PUBLIC_KEY_SIZE);
	slot->point = *point;
	slot->known = true;
	slot->fit = fit;
	pthread_mutex_unlock(&keys->locks[at % LOCKS]);
}

/* ---- batches ----------------------------------------------------------------------------------------- */

/* One thread's: its batch, and what the sum of one is made in. */
struct verify_thread {
	struct verify_keys *known_keys;
	uint8_t *newest, *next; /* in `memory`: what was given last, and what is free from there on */
	size_t count;
	struct verify_item *items[VERIFY_CHUNK];
	struct signed_point equations[VERIFY_CHUNK];
	struct point keys[VERIFY_CHUNK];
	bool known[VERIFY_CHUNK], fit[VERIFY_CHUNK]; /* what the decoded keys say of its key */
	uint8_t hashes[VERIFY_CHUNK][64];
	uint8_t weights[VERIFY_CHUNK][16];
	uint8_t memory[POINTS_MEMORY(VERIFY_CHUNK)];
};

static _Thread_local struct verify_thread *deciding;

struct verify_thread *verify_thread_new(struct verify_keys *keys)
{
	struct verify_thread *thread = calloc(1, sizeof(*thread));
	if (thread)
		thread->known_keys = keys;
	return thread;
}

void verify_thread_free(struct verify_thread *thread)
{
	free(thread);
}

void *points_memory(void *newest, size_t size, size_t align)
{
	struct verify_thread *t = deciding;
	assert(t && align && size);
	uint8_t *end = t->memory + sizeof(t->memory);
	uint8_t *at = newest && newest == t->newest ? t->newest : t->next + -(uintptr_t)t->next % align;

	if (at > end || size > (size_t)(end - at))
		return NULL;
	t->newest = at;
	t->next = at + size;
	return at;
}

/* Whether the equations of so many hold, from `begin` on. */
static bool verify_batch_holds(struct verify_thread *b, size_t begin, size_t count)
{
	if (count == 1)
		return points_hold(&b->equations[begin]);
	randombytes_buf(b->weights[begin], count * sizeof(b->weights[0]));
	b->newest = NULL;
	b->next = b->memory;
	deciding = b;
	bool hold = points_all_hold(&b->equations[begin], &b->weights[begin], count);
	deciding = NULL;
	return hold;
}

/* Puts one into the batch, unless its bytes or its key decide already. */
static void verify_batch_add(struct verify_thread *b, struct verify_item *item)
{
	size_t i = b->count;

	item->valid = item->unsigned_;
	if (item->unsigned_ || !signature_bytes_valid(item->signature))
		return;
	b->known[i] = keys_find(b->known_keys, item->public_key, &b->keys[i], &b->fit[i]);
	if (!b->known[i] && (!point_is_canonical(item->public_key) || !points_decode(item->public_key, &b->keys[i])))
		return;
	signature_hash(item->public_key, item->digest.b, HASH_SIZE, item->signature, b->hashes[i]);
	b->items[i] = item;
	b->equations[i] = (struct signed_point){
	    .key = &b->keys[i], .r = item->signature, .s = item->signature + 32, .hash = b->hashes[i]};
	b->count++;
}

/* Decides those from `begin` on, of which one is known to be wrong, or nothing is known. Returns whether all are right.
 * A half that is right leaves the wrong one to the other half, which need not be asked as a whole then. */
static bool verify_batch_decide(struct verify_thread *b, size_t begin, size_t count, bool wrong)
{
	if (!wrong && verify_batch_holds(b, begin, count)) {
		for (size_t i = begin; i < begin + count; i++)
			b->items[i]->valid = true;
		return true;
	}
	if (count > 1) {
		bool right = verify_batch_decide(b, begin, count / 2, false);
		verify_batch_decide(b, begin + count / 2, count - count / 2, right);
	}
	return false;
}

/* The order of keys that nothing is known of is looked at last: it costs more than a signature in a batch, and whoever
 * sends garbage shall not cause it. The equation, times eight, says nothing of their parts of small order. */
static void verify_batch_look_at_keys(struct verify_thread *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct verify_item *item = b->items[i];
		if (!item->valid || b->fit[i] || (b->known[i] && !item->check_key))
			continue;
		item->valid = !item->check_key || points_prime_order(&b->keys[i]);
		if (item->valid)
			keys_keep(b->known_keys, item->public_key, &b->keys[i], item->check_key);
	}
}

void verify_signatures(struct verify_thread *thread, struct verify_item *const *items, size_t count)
{
	assert(count <= VERIFY_CHUNK);
	thread->count = 0;
	for (size_t i = 0; i < count; i++)
		verify_batch_add(thread, items[i]);
	if (thread->count)
		verify_batch_decide(thread, 0, thread->count, false);
	verify_batch_look_at_keys(thread);
}
