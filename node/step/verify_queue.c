/* See verify_queue.h. A lane with work is in the list of its class once; the first lane is served until its turn is
 * used up, and goes to the end then. */
#include "verify_queue.h"
#include <assert.h>
#include <stdlib.h>
#include "uncia/error.h"

static int class_init(struct verify_class *class, uint32_t sources)
{
	class->lanes = calloc(sources, sizeof(*class->lanes));
	class->active = NULL;
	class->last = &class->active;
	for (uint32_t i = 0; class->lanes && i < sources; i++) {
		class->lanes[i].last = &class->lanes[i].first;
		class->lanes[i].chunk = VERIFY_CHUNK;
	}
	return class->lanes ? 0 : UNCIA_E_MEMORY;
}

int verify_queue_init(struct verify_queue *q, uint32_t sources)
{
	assert(sources);
	*q = (struct verify_queue){.sources = sources};
	int error = class_init(&q->urgent, sources);
	if (!error)
		error = class_init(&q->patient, sources);
	if (error)
		verify_queue_deinit(q);
	return error;
}

void verify_queue_deinit(struct verify_queue *q)
{
	free(q->urgent.lanes);
	free(q->patient.lanes);
	q->urgent.lanes = q->patient.lanes = NULL;
}

static struct verify_class *class_of(struct verify_queue *q, const struct verify_job *job)
{
	assert(job->source < q->sources);
	return job->urgent ? &q->urgent : &q->patient;
}

static void class_append(struct verify_class *class, struct verify_lane *lane)
{
	lane->next = NULL;
	lane->left = VERIFY_TURN;
	*class->last = lane;
	class->last = &lane->next;
}

static void class_remove(struct verify_class *class, struct verify_lane *lane)
{
	struct verify_lane **at = &class->active;

	while (*at != lane) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = lane->next;
	if (class->last == &lane->next)
		class->last = at;
}

void verify_queue_push(struct verify_queue *q, struct verify_job *job)
{
	struct verify_class *class = class_of(q, job);
	struct verify_lane *lane = &class->lanes[job->source];

	assert(job->count && job->items);
	job->taken = 0;
	job->remaining = job->count;
	job->dropped = job->wrong = false;
	job->next = NULL;
	if (!lane->first)
		class_append(class, lane);
	*lane->last = job;
	lane->last = &job->next;
}

/* The first job of a lane has nothing left to be taken. */
static void lane_pop(struct verify_class *class, struct verify_lane *lane)
{
	lane->first = lane->first->next;
	if (lane->first)
		return;
	lane->last = &lane->first;
	class_remove(class, lane);
}

size_t verify_queue_take(struct verify_queue *q, struct verify_part parts[VERIFY_CHUNK])
{
	bool urgent = q->urgent.active && (!q->patient.active || q->urgent_in_a_row < VERIFY_TURN);
	struct verify_class *class = urgent ? &q->urgent : &q->patient;
	struct verify_lane *lane = class->active;
	size_t taken = 0, count = 0;

	if (!lane)
		return 0;
	if (lane->first->suspect)
		lane->left = 1;
	size_t room = lane->chunk < lane->left ? lane->chunk : lane->left;
	while (taken < room && lane->first) {
		struct verify_job *job = lane->first;
		assert(job->taken < job->count && job->remaining >= job->count - job->taken);
		struct verify_part *part = &parts[count++];
		*part = (struct verify_part){.job = job, .begin = job->taken, .count = job->count - job->taken};
		if (part->count > room - taken)
			part->count = room - taken;
		job->taken += part->count;
		taken += part->count;
		if (job->taken == job->count)
			lane_pop(class, lane);
	}
	assert(taken && count <= taken);
	q->urgent_in_a_row = urgent ? q->urgent_in_a_row + (uint32_t)taken : 0;
	lane->left -= (uint32_t)taken;
	lane->out += (uint32_t)taken;
	if (!lane->left && lane->first) {
		class_remove(class, lane);
		class_append(class, lane);
	}
	return count;
}

bool verify_queue_waits(const struct verify_queue *q)
{
	return q->urgent.active || q->patient.active;
}

/* What was taken with a wrong one, or before its verdict, says nothing of what comes behind it. */
static void lane_learn(struct verify_lane *lane, const struct verify_item *items, size_t count)
{
	size_t right = 0;

	assert(lane->out >= count);
	lane->out -= (uint32_t)count;
	while (right < count && items[right].valid)
		right++;
	if (right < count) {
		lane->chunk = 1;
		lane->right = 0;
		lane->before = lane->out;
		return;
	}
	if (lane->before) {
		lane->before -= lane->before < count ? lane->before : (uint32_t)count;
		return;
	}
	lane->right += (uint32_t)count;
	if (lane->right >= lane->chunk && lane->chunk < VERIFY_CHUNK) {
		lane->chunk *= 2;
		lane->right = 0;
	}
}

bool verify_queue_checked(struct verify_queue *q, struct verify_job *job, size_t begin, size_t count)
{
	assert(begin + count <= job->taken && job->remaining >= count);
	lane_learn(&class_of(q, job)->lanes[job->source], &job->items[begin], count);
	job->remaining -= count;
	for (size_t i = begin; i < begin + count && !job->sign; i++)
		job->wrong |= !job->items[i].valid;
	if (job->wrong && job->taken < job->count) {
		/* Who has sent it is not to be heard, or all of it is worth nothing, whatever the rest says. It is the
		 * first of its lane, since some of it was taken and some not. */
		struct verify_class *class = class_of(q, job);
		assert(class->lanes[job->source].first == job);
		job->dropped = !job->together;
		job->remaining -= job->count - job->taken;
		job->taken = job->count;
		lane_pop(class, &class->lanes[job->source]);
	}
	return !job->remaining;
}

static void lane_drop(struct verify_class *class, struct verify_lane *lane, struct verify_job ***last)
{
	if (!lane->first)
		return;
	for (struct verify_job *job = lane->first, *next; job; job = next) {
		next = job->next;
		job->dropped = true;
		job->remaining -= job->count - job->taken;
		job->taken = job->count;
		if (job->remaining)
			continue;
		job->next = NULL;
		**last = job;
		*last = &job->next;
	}
	lane->first = NULL;
	lane->last = &lane->first;
	class_remove(class, lane);
}

struct verify_job *verify_queue_drop(struct verify_queue *q, uint32_t source)
{
	struct verify_job *dropped = NULL, **last = &dropped;

	assert(source < q->sources);
	lane_drop(&q->urgent, &q->urgent.lanes[source], &last);
	lane_drop(&q->patient, &q->patient.lanes[source], &last);
	return dropped;
}
