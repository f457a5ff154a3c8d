/* The verifier pool: two queues of jobs and a list of finished ones under one mutex, one async handle. A job is in a
 * queue while some of its items are not taken; then with the threads that took them; then, once none of these is left,
 * in the list. */
#include "verifier.h"
#include <assert.h>
#include <stdlib.h>
#include "uncia/error.h"

#define URGENT_IN_A_ROW 8 /* chunks of urgent jobs, after which a patient one gets its turn */

struct queue {
	struct verify_job *first, *last;
};

/* The state of the pool: RUNNING → STOPPING (told to the threads) → STOPPED (they have ended). The loop moves it, under
 * the mutex while there are threads. */
enum verifier_state { VERIFIER_RUNNING, VERIFIER_STOPPING, VERIFIER_STOPPED };

struct verifier {
	uv_async_t async;
	uv_mutex_t mutex;
	uv_cond_t wake;
	enum verifier_state state;
	size_t submitted, handed_back; /* jobs; the loop's own */
	struct queue urgent, patient, finished;
	unsigned urgent_in_a_row;
	void (*done)(void *context, struct verify_job *first);
	void *context;
	unsigned thread_count;
	uv_thread_t threads[];
};

static void queue_push(struct queue *queue, struct verify_job *job)
{
	assert(!queue->first == !queue->last && job != queue->last);
	job->next = NULL;
	if (queue->last)
		queue->last->next = job;
	else
		queue->first = job;
	queue->last = job;
}

static void queue_pop(struct queue *queue)
{
	assert(queue->first && queue->last);
	queue->first = queue->first->next;
	if (!queue->first)
		queue->last = NULL;
}

/* The queue that is served next, or NULL: votes must not wait behind thousands of payments, nor starve them. */
static struct queue *choose_queue(struct verifier *v)
{
	if (v->urgent.first && (!v->patient.first || v->urgent_in_a_row < URGENT_IN_A_ROW)) {
		v->urgent_in_a_row++;
		return &v->urgent;
	}
	v->urgent_in_a_row = 0;
	return v->patient.first ? &v->patient : NULL;
}

static void verify_items(struct verify_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct verify_item *item = &items[i];
		item->valid = (!item->check_key || sign_key_valid(item->public_key)) &&
		              sign_verify(item->public_key, &item->digest, item->signature);
	}
}

/* Under the mutex. */
static void job_finished(struct verifier *v, struct verify_job *job)
{
	bool woken = v->finished.first;

	assert(job->taken == job->count && !job->remaining);
	queue_push(&v->finished, job);
	if (!woken)
		uv_async_send(&v->async);
}

/* Takes a chunk of the job's items, which is then no longer in its queue where they were the last. Under the mutex. */
static size_t take_chunk(struct queue *queue, struct verify_job *job)
{
	size_t count = job->count - job->taken;

	assert(job == queue->first && job->taken < job->count && job->remaining >= count);
	if (count > VERIFIER_CHUNK)
		count = VERIFIER_CHUNK;
	job->taken += count;
	if (job->taken == job->count)
		queue_pop(queue);
	return count;
}

static void verifier_main(void *context)
{
	struct verifier *v = context;

	uv_mutex_lock(&v->mutex);
	while (v->state == VERIFIER_RUNNING) {
		struct queue *queue = choose_queue(v);
		if (!queue) {
			uv_cond_wait(&v->wake, &v->mutex);
			continue;
		}
		struct verify_job *job = queue->first;
		size_t begin = job->taken, count = take_chunk(queue, job);
		uv_mutex_unlock(&v->mutex);
		verify_items(job->items + begin, count);
		uv_mutex_lock(&v->mutex);
		assert(job->remaining >= count);
		job->remaining -= count;
		if (job->remaining == 0)
			job_finished(v, job);
	}
	uv_mutex_unlock(&v->mutex);
}

static void on_verifier_async(uv_async_t *async)
{
	struct verifier *v = async->data;

	assert(v->state == VERIFIER_RUNNING);
	uv_mutex_lock(&v->mutex);
	struct verify_job *first = v->finished.first;
	v->finished = (struct queue){NULL, NULL};
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
		v->done(v->context, first);
		first = next;
	}
}

static void join_threads(struct verifier *v)
{
	uv_mutex_lock(&v->mutex);
	assert(v->state == VERIFIER_RUNNING);
	v->state = VERIFIER_STOPPING;
	uv_cond_broadcast(&v->wake);
	uv_mutex_unlock(&v->mutex);
	for (unsigned i = 0; i < v->thread_count; i++) {
		int error = uv_thread_join(&v->threads[i]);
		assert(!error);
	}
	v->state = VERIFIER_STOPPED;
}

int verifier_new(uv_loop_t *loop, unsigned threads, void (*done)(void *context, struct verify_job *first),
                 void *context, struct verifier **verifier)
{
	if (threads == 0)
		threads = uv_available_parallelism();
	struct verifier *v = calloc(1, sizeof(*v) + threads * sizeof(*v->threads));
	if (!v)
		return UNCIA_E_MEMORY;
	v->done = done;
	v->context = context;
	v->async.data = v;
	if (uv_mutex_init(&v->mutex) < 0)
		goto no_mutex;
	if (uv_cond_init(&v->wake) < 0)
		goto no_cond;
	while (v->thread_count < threads && uv_thread_create(&v->threads[v->thread_count], verifier_main, v) == 0)
		v->thread_count++;
	/* One thread is enough to go on with. Without any, nothing would ever be verified. */
	if (v->thread_count == 0 || uv_async_init(loop, &v->async, on_verifier_async) < 0)
		goto no_async;
	*verifier = v;
	return 0;

no_async:
	join_threads(v);
	uv_cond_destroy(&v->wake);
no_cond:
	uv_mutex_destroy(&v->mutex);
no_mutex:
	free(v);
	return UNCIA_E_IO;
}

void verifier_submit(struct verifier *v, struct verify_job *job)
{
	assert(v->state == VERIFIER_RUNNING && (job->items || !job->count));
	job->taken = 0;
	job->remaining = job->count;
	v->submitted++;
	uv_mutex_lock(&v->mutex);
	if (job->count == 0) {
		job_finished(v, job);
	} else {
		queue_push(job->payments || job->count > VERIFIER_SMALL ? &v->patient : &v->urgent, job);
		if (job->count <= VERIFIER_CHUNK)
			uv_cond_signal(&v->wake);
		else
			uv_cond_broadcast(&v->wake);
	}
	uv_mutex_unlock(&v->mutex);
}

void verifier_stop(struct verifier *v)
{
	join_threads(v);
	uv_close((uv_handle_t *)&v->async, NULL);
}

void verifier_free(struct verifier *v)
{
	if (!v)
		return;
	assert(v->state == VERIFIER_STOPPED);
	uv_cond_destroy(&v->wake);
	uv_mutex_destroy(&v->mutex);
	free(v);
}
