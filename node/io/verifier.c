/* The verifier pool: two queues under one lock, a list of finished jobs, one async handle. */
#include "verifier.h"
#include <assert.h>
#include <stdlib.h>
#include "uncia/error.h"

#define URGENT_IN_A_ROW 8 /* after so many chunks of urgent jobs a patient one gets its turn */

struct queue {
	struct verify_job *first, *last;
};

struct verifier {
	uv_async_t async;
	uv_mutex_t mutex;
	uv_cond_t wake;
	bool stopping;
	struct queue urgent, patient, finished;
	unsigned urgent_in_a_row;
	void (*done)(void *context, struct verify_job *first);
	void *context;
	unsigned thread_count;
	uv_thread_t threads[];
};

static void push(struct queue *queue, struct verify_job *job)
{
	job->next = NULL;
	if (queue->last)
		queue->last->next = job;
	else
		queue->first = job;
	queue->last = job;
}

static void pop(struct queue *queue)
{
	queue->first = queue->first->next;
	if (!queue->first)
		queue->last = NULL;
}

/* Which queue is served next: a vote must not wait behind thousands of payments, nor may it starve them. */
static struct queue *choose(struct verifier *v)
{
	if (v->urgent.first && (!v->patient.first || v->urgent_in_a_row < URGENT_IN_A_ROW)) {
		v->urgent_in_a_row++;
		return &v->urgent;
	}
	v->urgent_in_a_row = 0;
	return v->patient.first ? &v->patient : NULL;
}

static void verify(struct verify_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct verify_item *item = &items[i];
		item->valid = (!item->check_key || sign_key_valid(item->public_key)) &&
		              sign_verify(item->public_key, &item->digest, item->signature);
	}
}

static void finish(struct verifier *v, struct verify_job *job)
{
	bool told = v->finished.first;

	push(&v->finished, job);
	if (!told)
		uv_async_send(&v->async);
}

static void work(void *context)
{
	struct verifier *v = context;

	uv_mutex_lock(&v->mutex);
	while (!v->stopping) {
		struct queue *queue = choose(v);
		if (!queue) {
			uv_cond_wait(&v->wake, &v->mutex);
			continue;
		}
		struct verify_job *job = queue->first;
		size_t begin = job->taken, count = job->count - begin;
		if (count > VERIFIER_CHUNK)
			count = VERIFIER_CHUNK;
		job->taken += count;
		if (job->taken == job->count)
			pop(queue);
		uv_mutex_unlock(&v->mutex);
		verify(job->items + begin, count);
		uv_mutex_lock(&v->mutex);
		job->remaining -= count;
		if (job->remaining == 0)
			finish(v, job);
	}
	uv_mutex_unlock(&v->mutex);
}

static void hand_back(uv_async_t *async)
{
	struct verifier *v = async->data;

	uv_mutex_lock(&v->mutex);
	struct verify_job *first = v->finished.first;
	v->finished = (struct queue){NULL, NULL};
	uv_mutex_unlock(&v->mutex);
	while (first) {
		struct verify_job *last = first, *next;
		for (unsigned i = 1; i < VERIFIER_TOGETHER && last->next; i++)
			last = last->next;
		next = last->next;
		last->next = NULL;
		v->done(v->context, first);
		first = next;
	}
}

static void join(struct verifier *v)
{
	uv_mutex_lock(&v->mutex);
	v->stopping = true;
	uv_cond_broadcast(&v->wake);
	uv_mutex_unlock(&v->mutex);
	for (unsigned i = 0; i < v->thread_count; i++) {
		int error = uv_thread_join(&v->threads[i]);
		assert(!error);
	}
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
	while (v->thread_count < threads && uv_thread_create(&v->threads[v->thread_count], work, v) == 0)
		v->thread_count++;
	/* One thread is enough to go on with; without any, nothing would ever be verified. */
	if (v->thread_count == 0 || uv_async_init(loop, &v->async, hand_back) < 0)
		goto no_async;
	*verifier = v;
	return 0;

no_async:
	join(v);
	uv_cond_destroy(&v->wake);
no_cond:
	uv_mutex_destroy(&v->mutex);
no_mutex:
	free(v);
	return UNCIA_E_IO;
}

void verifier_submit(struct verifier *v, struct verify_job *job)
{
	job->taken = 0;
	job->remaining = job->count;
	uv_mutex_lock(&v->mutex);
	if (job->count == 0) {
		finish(v, job);
	} else {
		push(job->payments || job->count > VERIFIER_SMALL ? &v->patient : &v->urgent, job);
		if (job->count <= VERIFIER_CHUNK)
			uv_cond_signal(&v->wake);
		else
			uv_cond_broadcast(&v->wake);
	}
	uv_mutex_unlock(&v->mutex);
}

void verifier_stop(struct verifier *v)
{
	join(v);
	uv_close((uv_handle_t *)&v->async, NULL);
}

void verifier_free(struct verifier *v)
{
	if (!v)
		return;
	uv_cond_destroy(&v->wake);
	uv_mutex_destroy(&v->mutex);
	free(v);
}
