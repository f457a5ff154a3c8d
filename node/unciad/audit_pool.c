/* See audit_pool.h. */
#include "audit_pool.h"
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "uncia/error.h"

#define POOL_THREADS_MAX 64u
#define POOL_CHUNKS      256u   /* that may wait: 1.5 MiB */
#define DECODED_KEYS     65536u /* that are kept: 13 MiB */

/* Some signatures, one after the other of those that were handed over. */
struct pool_chunk {
	uint64_t number; /* of the chunk, from 0 */
	size_t count;
	struct verify_item items[VERIFY_CHUNK];
	struct audit_origin origins[VERIFY_CHUNK];
};

struct audit_pool {
	struct verify_keys *keys;
	struct pool_chunk
	    *ring; /* POOL_CHUNKS: those from `taken` on to before `filled` wait, that one is being filled */
	unsigned thread_count;
	pthread_t threads[POOL_THREADS_MAX];
	struct verify_thread *checks[POOL_THREADS_MAX];
	/* Under the mutex. */
	pthread_mutex_t mutex;
	pthread_cond_t work, room;
	uint64_t filled, taken; /* chunks */
	unsigned busy;          /* threads that check one */
	unsigned started;       /* threads, so far */
	bool ending, failed;
	uint64_t wrong_chunk; /* of the first wrong one so far */
	struct audit_origin wrong;
};

/* Under the mutex. Those of a chunk come before those of a later one. */
static void pool_note_wrong(struct audit_pool *p, const struct pool_chunk *chunk, size_t first)
{
	if (p->failed && p->wrong_chunk < chunk->number)
		return;
	p->failed = true;
	p->wrong_chunk = chunk->number;
	p->wrong = chunk->origins[first];
}

static void pool_check(struct audit_pool *p, struct verify_thread *checks, struct pool_chunk *chunk)
{
	struct verify_item *all[VERIFY_CHUNK];
	size_t right = 0;
	for (size_t i = 0; i < chunk->count; i++)
		all[i] = &chunk->items[i];
	verify_signatures(checks, all, chunk->count);
	while (right < chunk->count && chunk->items[right].valid)
		right++;
	pthread_mutex_lock(&p->mutex);
	if (right < chunk->count)
		pool_note_wrong(p, chunk, right);
	pthread_mutex_unlock(&p->mutex);
}

static void *pool_main(void *context)
{
	struct audit_pool *p = context;
	struct pool_chunk chunk;
	pthread_mutex_lock(&p->mutex);
	struct verify_thread *checks = p->checks[p->started++];
	while (!p->ending) {
		if (p->taken == p->filled) {
			pthread_cond_wait(&p->work, &p->mutex);
			continue;
		}
		chunk = p->ring[p->taken++ % POOL_CHUNKS];
		p->busy++;
		pthread_cond_signal(&p->room);
		pthread_mutex_unlock(&p->mutex);
		pool_check(p, checks, &chunk);
		pthread_mutex_lock(&p->mutex);
		p->busy--;
		pthread_cond_signal(&p->room);
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

static int pool_start(struct audit_pool *p, unsigned threads)
{
	for (unsigned i = 0; i < threads; i++) {
		p->checks[i] = verify_thread_new(p->keys);
		if (!p->checks[i])
			return UNCIA_E_MEMORY;
		if (pthread_create(&p->threads[i], NULL, pool_main, p))
			return UNCIA_E_IO;
		p->thread_count++;
	}
	return 0;
}

int audit_pool_new(unsigned threads, struct audit_pool **pool)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct audit_pool *p = calloc(1, sizeof(*p));
	if (!p)
		return UNCIA_E_MEMORY;
	pthread_mutex_init(&p->mutex, NULL); /* which, as the conditions, never fails on Linux */
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->room, NULL);
	if (!threads)
		threads = processors > 0 ? (unsigned)processors : 1;
	p->ring = calloc(POOL_CHUNKS, sizeof(*p->ring));
	p->keys = verify_keys_new(DECODED_KEYS);
	int error = p->ring && p->keys ? 0 : UNCIA_E_MEMORY;
	if (!error)
		error = pool_start(p, threads < POOL_THREADS_MAX ? threads : POOL_THREADS_MAX);
	if (error)
		audit_pool_free(p);
	else
		*pool = p;
	return error;
}

/* The chunk that is being filled may be taken from now on. The next one is at a place that is free. */
static void pool_hand_over(struct audit_pool *p)
{
	pthread_mutex_lock(&p->mutex);
	p->filled++;
	pthread_cond_signal(&p->work);
	while (p->filled - p->taken >= POOL_CHUNKS)
		pthread_cond_wait(&p->room, &p->mutex);
	pthread_mutex_unlock(&p->mutex);
	p->ring[p->filled % POOL_CHUNKS].count = 0;
	p->ring[p->filled % POOL_CHUNKS].number = p->filled;
}

void audit_pool_add(struct audit_pool *p, const struct verify_item *item, const struct audit_origin *origin)
{
	struct pool_chunk *chunk = &p->ring[p->filled % POOL_CHUNKS];
	assert(chunk->count < VERIFY_CHUNK);
	chunk->items[chunk->count] = *item;
	chunk->origins[chunk->count++] = *origin;
	if (chunk->count == VERIFY_CHUNK)
		pool_hand_over(p);
}

bool audit_pool_failed(struct audit_pool *p)
{
	pthread_mutex_lock(&p->mutex);
	bool failed = p->failed;
	pthread_mutex_unlock(&p->mutex);
	return failed;
}

bool audit_pool_finish(struct audit_pool *p, struct audit_origin *wrong)
{
	if (p->ring[p->filled % POOL_CHUNKS].count)
		pool_hand_over(p);
	pthread_mutex_lock(&p->mutex);
	while (p->taken < p->filled || p->busy)
		pthread_cond_wait(&p->room, &p->mutex);
	bool failed = p->failed;
	*wrong = p->wrong;
	pthread_mutex_unlock(&p->mutex);
	return !failed;
}

void audit_pool_free(struct audit_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->mutex);
	p->ending = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->mutex);
	for (unsigned i = 0; i < p->thread_count; i++)
		pthread_join(p->threads[i], NULL);
	for (unsigned i = 0; i < POOL_THREADS_MAX; i++)
		verify_thread_free(p->checks[i]);
	verify_keys_free(p->keys);
	pthread_cond_destroy(&p->room);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->mutex);
	free(p->ring);
	free(p);
}
