/* The verifier pool: jobs that wait (step/verify_queue.h) and a list of finished ones under one mutex, one async
 * handle. A job is in the queue while some of its items are not taken; then with the threads that took them; then, once
 * none of these is left, in the list. */
#include "verifier.h"
#include <assert.h>
#include <stdlib.h>
#include "uncia/error.h"

#define DECODED_KEYS 65536u /* that are kept: 13 MiB */

struct finished {
	struct verify_job *first, *last;
};

/* The state of the pool: RUNNING → STOPPING (told to the threads) → STOPPED (they have ended). The loop moves it, under
 * the mutex while there are threads. */
enum verifier_state { VERIFIER_RUNNING, VERIFIER_STOPPING, VERIFIER_STOPPED };

struct verifier_thread {
	struct verifier *of;
	struct verify_thread *checks;
	uv_thread_t id;
};

struct verifier {
	uv_async_t async;
	uv_mutex_t mutex;
	uv_cond_t wake;
	enum verifier_state state;
	size_t submitted, handed_back;                /* jobs; the loop's own, */
	struct verify_job *gathered, **gathered_last; /* as are those that are not handed over yet, */
	size_t gathered_items;                        /* and their checks */
	struct verify_queue queue;
	struct finished finished;
	struct verifier_counters counters;
	struct verify_keys *keys;
	struct verifier_options options;
	unsigned thread_count;
	struct verifier_thread threads[];
};

/* Under the mutex. */
static void job_finished(struct verifier *v, struct verify_job *job)
{
	bool woken = v->finished.first;

	assert(job->taken == job->count && !job->remaining);
	assert(!v->finished.first == !v->finished.last && job != v->finished.last);
	job->next = NULL;
	if (woken)
		v->finished.last->next = job;
	else
		v->finished.first = job;
	v->finished.last = job;
	if (!woken)
		uv_async_send(&v->async);
}

/* Under the mutex. What is taken at once is all urgent or all not. */
static void count_chunk(struct verifier *v, const struct verify_part *parts, size_t count)
{
	bool urgent = parts[0].job->urgent;

	*(urgent ? &v->counters.urgent_chunks : &v->counters.chunks) += 1;
	for (size_t i = 0; i < count; i++)
		*(urgent ? &v->counters.urgent_signatures : &v->counters.signatures) += parts[i].count;
}

static void verifier_main(void *context)
{
	const struct verifier_thread *self = context;
	struct verifier *v = self->of;
	struct verify_part parts[VERIFY_CHUNK];

	uv_mutex_lock(&v->mutex);
	while (v->state == VERIFIER_RUNNING) {
		size_t count = verify_queue_take(&v->queue, parts);
		if (!count) {
			uv_cond_wait(&v->wake, &v->mutex);
			continue;
		}
		if (verify_queue_waits(&v->queue)) /* verifier_begin may have woken this thread alone */
			uv_cond_signal(&v->wake);
		count_chunk(v, parts, count);
		uv_mutex_unlock(&v->mutex);
		verify_parts(self->checks, parts, count, &v->options.signer);
		uv_mutex_lock(&v->mutex);
		for (size_t i = 0; i < count; i++)
			if (verify_queue_checked(&v->queue, parts[i].job, parts[i].begin, parts[i].count))
				job_finished(v, parts[i].job);
	}
	uv_mutex_unlock(&v->mutex);
}

static void on_verifier_async(uv_async_t *async)
{
	struct verifier *v = async->data;

	assert(v->state == VERIFIER_RUNNING);
	uv_mutex_lock(&v->mutex);
	struct verify_job *first = v->finished.first;
	v->finished = (struct finished){NULL, NULL};
	uv_mutex_unlock(&v->mutex);
	while (first) {
		struct verify_job *last = first, *next;
		v->handed_back++;
		for (unsigned i = 1; i < VERIFIER_TOGETHER && last->next; i++) {
			last = last->next;
			v->handed_back++;
		}
		assert(v->handed_back <= v->submitted);
		next = last->next;
		last->next = NULL;
		v->options.done(v->options.context, first);
		first = next;
	}
}

static void verifier_join_threads(struct verifier *v)
{
	uv_mutex_lock(&v->mutex);
	assert(v->state == VERIFIER_RUNNING);
	v->state = VERIFIER_STOPPING;
	uv_cond_broadcast(&v->wake);
	uv_mutex_unlock(&v->mutex);
	for (unsigned i = 0; i < v->thread_count; i++) {
		int error = uv_thread_join(&v->threads[i].id);
		assert(!error);
	}
	v->state = VERIFIER_STOPPED;
}

/* Up to so many. One is enough to go on with; without any, nothing would ever be verified. */
static int verifier_start_threads(struct verifier *v, unsigned threads)
{
	int error = 0;

	while (!error && v->thread_count < threads) {
		struct verifier_thread *thread = &v->threads[v->thread_count];
		thread->of = v;
		thread->checks = verify_thread_new(v->keys);
		if (!thread->checks)
			error = UNCIA_E_MEMORY;
		else if (uv_thread_create(&thread->id, verifier_main, thread) < 0)
			error = UNCIA_E_IO;
		else
			v->thread_count++;
		if (error)
			verify_thread_free(thread->checks);
	}
	return v->thread_count ? 0 : error;
}

/* Whatever the threads have worked with, once they have ended. */
static void verifier_free_threads(struct verifier *v)
{
	for (unsigned i = 0; i < v->thread_count; i++)
		verify_thread_free(v->threads[i].checks);
	verify_keys_free(v->keys);
}

int verifier_new(const struct verifier_options *options, struct verifier **verifier)
{
	unsigned threads = options->threads ? options->threads : uv_available_parallelism();

	assert(options->done && options->sources && options->signer.sign);
	struct verifier *v = calloc(1, sizeof(*v) + threads * sizeof(*v->threads));
	if (!v)
		return UNCIA_E_MEMORY;
	v->options = *options;
	v->async.data = v;
	v->gathered_last = &v->gathered;
	int error = UNCIA_E_MEMORY;
	v->keys = verify_keys_new(DECODED_KEYS);
	if (!v->keys)
		goto no_keys;
	error = verify_queue_init(&v->queue, options->sources);
	if (error)
		goto no_queue;
	error = UNCIA_E_IO;
	if (uv_mutex_init(&v->mutex) < 0)
		goto no_mutex;
	if (uv_cond_init(&v->wake) < 0)
		goto no_cond;
	error = verifier_start_threads(v, threads);
	if (error)
		goto no_threads;
	error = UNCIA_E_IO;
	if (uv_async_init(options->loop, &v->async, on_verifier_async) < 0)
		goto no_async;
	*verifier = v;
	return 0;

no_async:
	verifier_join_threads(v);
no_threads:
	uv_cond_destroy(&v->wake);
no_cond:
	uv_mutex_destroy(&v->mutex);
no_mutex:
	verify_queue_deinit(&v->queue);
no_queue:
	verifier_free_threads(v);
no_keys:
	free(v);
	return error;
}

void verifier_submit(struct verifier *v, struct verify_job *job)
{
	assert(v->state == VERIFIER_RUNNING && (job->items || !job->count));
	v->submitted++;
	job->next = NULL;
	*v->gathered_last = job;
	v->gathered_last = &job->next;
	v->gathered_items += job->count;
}

/* Under the mutex. */
static void job_begin(struct verifier *v, struct verify_job *job)
{
	if (job->count) {
		verify_queue_push(&v->queue, job);
		return;
	}
	job->taken = job->remaining = 0;
	job->dropped = job->wrong = false;
	job_finished(v, job);
}

void verifier_begin(struct verifier *v)
{
	assert(v->state == VERIFIER_RUNNING);
	if (!v->gathered)
		return;
	uv_mutex_lock(&v->mutex);
	for (struct verify_job *job = v->gathered, *next; job; job = next) {
		next = job->next;
		job_begin(v, job);
	}
	if (v->gathered_items <= VERIFY_CHUNK)
		uv_cond_signal(&v->wake);
	else
		uv_cond_broadcast(&v->wake);
	uv_mutex_unlock(&v->mutex);
	v->gathered = NULL;
	v->gathered_last = &v->gathered;
	v->gathered_items = 0;
}

void verifier_drop(struct verifier *v, uint32_t source)
{
	verifier_begin(v);
	uv_mutex_lock(&v->mutex);
	for (struct verify_job *job = verify_queue_drop(&v->queue, source), *next; job; job = next) {
		next = job->next;
		job_finished(v, job);
	}
	uv_mutex_unlock(&v->mutex);
}

void verifier_counters(struct verifier *v, struct verifier_counters *counters)
{
	uv_mutex_lock(&v->mutex);
	*counters = v->counters;
	uv_mutex_unlock(&v->mutex);
	counters->key_bytes = verify_keys_size(v->keys);
}

void verifier_stop(struct verifier *v)
{
	verifier_join_threads(v);
	uv_close((uv_handle_t *)&v->async, NULL);
}

void verifier_free(struct verifier *v)
{
	if (!v)
		return;
	assert(v->state == VERIFIER_STOPPED);
	uv_cond_destroy(&v->wake);
	uv_mutex_destroy(&v->mutex);
	verify_queue_deinit(&v->queue);
	verifier_free_threads(v);
	free(v);
}
