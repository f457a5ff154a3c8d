/* The order of signature checks: urgent before patient, sources in turn, counted in signatures. */
#include "verify_queue.h"
#include "unit.h"

#define SOURCES 4u

static struct verify_queue queue;
static struct verify_part parts[VERIFY_CHUNK];
static size_t part_count, next_part;
static struct verify_item items[4096];

static void setup(void)
{
	ck_assert_int_eq(verify_queue_init(&queue, SOURCES), 0);
	part_count = next_part = 0;
	memset(items, 0, sizeof(items));
}

static void teardown(void)
{
	verify_queue_deinit(&queue);
}

static void push(struct verify_job *job, uint32_t source, bool urgent, size_t count)
{
	*job = (struct verify_job){.count = count, .items = items, .source = source, .urgent = urgent};
	verify_queue_push(&queue, job);
}

/* The next part of those that are taken at once. */
static struct verify_job *take_part(size_t *begin, size_t *count)
{
	if (next_part == part_count) {
		part_count = verify_queue_take(&queue, parts);
		next_part = 0;
	}
	if (next_part == part_count)
		return NULL;
	*begin = parts[next_part].begin;
	*count = parts[next_part].count;
	return parts[next_part++].job;
}

/* Takes the next items and says that they are right. Returns the job where it is done, else NULL. */
static struct verify_job *take(size_t *taken)
{
	size_t begin, count;
	struct verify_job *job = take_part(&begin, &count);

	ck_assert_ptr_nonnull(job);
	for (size_t i = begin; i < begin + count; i++)
		job->items[i].valid = true;
	*taken += count;
	return verify_queue_checked(&queue, job, begin, count) ? job : NULL;
}

static size_t taken_until(const struct verify_job *job)
{
	size_t taken = 0;

	while (take(&taken) != job)
		;
	return taken;
}

START_TEST(queue_that_is_empty_gives_nothing)
{
	size_t begin, count;
	struct verify_job job;

	ck_assert_ptr_null(take_part(&begin, &count));
	push(&job, 0, true, 1);
	ck_assert_uint_eq(taken_until(&job), 1);
	ck_assert_ptr_null(take_part(&begin, &count));
}
END_TEST

START_TEST(queue_gives_a_large_job_in_chunks)
{
	struct verify_job job;
	size_t begin, count;

	push(&job, 1, true, 2 * VERIFY_CHUNK + 5);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_ptr_eq(take_part(&begin, &count), &job);
		ck_assert_uint_eq(begin, i * VERIFY_CHUNK);
		ck_assert_uint_eq(count, i < 2 ? VERIFY_CHUNK : 5);
	}
	/* Its chunks come back in any order. */
	ck_assert(!verify_queue_checked(&queue, &job, 2 * VERIFY_CHUNK, 5));
	ck_assert(!verify_queue_checked(&queue, &job, 0, VERIFY_CHUNK));
	ck_assert(verify_queue_checked(&queue, &job, VERIFY_CHUNK, VERIFY_CHUNK));
}
END_TEST

START_TEST(queue_gives_small_jobs_of_a_source_together)
{
	struct verify_job jobs[VERIFY_CHUNK + 8], other;

	for (size_t i = 0; i < VERIFY_CHUNK + 8; i++)
		push(&jobs[i], 1, false, 1);
	push(&other, 2, false, 1);
	ck_assert_uint_eq(verify_queue_take(&queue, parts), VERIFY_CHUNK);
	for (size_t i = 0; i < VERIFY_CHUNK; i++) {
		ck_assert_ptr_eq(parts[i].job, &jobs[i]);
		ck_assert_uint_eq(parts[i].count, 1);
	}
	ck_assert_uint_eq(verify_queue_take(&queue, parts), 1); /* others have their turn */
	ck_assert_ptr_eq(parts[0].job, &other);
	ck_assert_uint_eq(verify_queue_take(&queue, parts), 8);
	ck_assert_uint_eq(verify_queue_take(&queue, parts), 0);
	/* The last one may be a large one. */
	push(&jobs[0], 1, false, VERIFY_CHUNK - 2);
	push(&jobs[1], 1, false, 9);
	ck_assert_uint_eq(verify_queue_take(&queue, parts), 2);
	ck_assert_uint_eq(parts[0].count, VERIFY_CHUNK - 2);
	ck_assert_uint_eq(parts[1].count, 2);
	ck_assert_uint_eq(verify_queue_take(&queue, parts), 1);
	ck_assert_ptr_eq(parts[0].job, &jobs[1]);
	ck_assert_uint_eq(parts[0].begin, 2);
}
END_TEST

START_TEST(queue_lets_nobodys_flood_stand_before_anothers_vote)
{
	static struct verify_job flood[500];
	struct verify_job vote;

	for (size_t i = 0; i < 500; i++)
		push(&flood[i], 3, true, 255);
	push(&vote, 0, true, 1);
	ck_assert_uint_le(taken_until(&vote), VERIFY_TURN + 1);
	/* Nor a flood of small ones. */
	teardown();
	setup();
	for (size_t i = 0; i < 500; i++)
		push(&flood[i], 3, true, 1);
	push(&vote, 0, true, 1);
	ck_assert_uint_le(taken_until(&vote), VERIFY_TURN + 1);
}
END_TEST

START_TEST(queue_shares_by_signatures_not_by_jobs)
{
	static struct verify_job large[20], small[400];
	size_t of[2] = {0}, begin, count;

	for (size_t i = 0; i < 20; i++)
		push(&large[i], 0, true, 255);
	for (size_t i = 0; i < 400; i++)
		push(&small[i], 1, true, 1);
	memset(items, 1, sizeof(items));
	for (size_t i = 0; i < 300; i++) {
		struct verify_job *job = take_part(&begin, &count);
		of[job->source] += count;
		verify_queue_checked(&queue, job, begin, count);
	}
	ck_assert_uint_ge(of[1] + VERIFY_TURN, of[0]);
	ck_assert_uint_ge(of[0] + VERIFY_TURN, of[1]);
}
END_TEST

START_TEST(queue_lets_urgent_jobs_take_every_second_signature_from_the_others_at_most)
{
	static struct verify_job flood[100], payments[3];
	struct verify_job vote;

	for (size_t i = 0; i < 100; i++)
		push(&flood[i], 3, true, 255);
	push(&payments[0], 1, false, 10 * VERIFY_CHUNK);
	ck_assert_uint_le(taken_until(&payments[0]), 21 * VERIFY_CHUNK);
	teardown();
	setup();
	/* And payments, however many, at most one turn from a vote. */
	for (size_t i = 0; i < 3; i++)
		push(&payments[i], (uint32_t)i, false, 4096);
	push(&vote, 0, true, 1);
	ck_assert_uint_le(taken_until(&vote), VERIFY_CHUNK + 1);
}
END_TEST

START_TEST(queue_serves_the_payments_of_all_sources_in_turn)
{
	static struct verify_job flood;
	struct verify_job payment;

	push(&flood, 2, false, 4096);
	push(&payment, SOURCES - 1, false, 1);
	ck_assert_uint_le(taken_until(&payment), VERIFY_TURN + 1);
}
END_TEST

START_TEST(queue_leaves_the_rest_of_a_job_that_is_wrong)
{
	struct verify_job job, after;
	size_t begin, count, taken = 0;

	push(&job, 1, true, 1000);
	job.together = true;
	push(&after, 1, true, 1);
	ck_assert_ptr_eq(take_part(&begin, &count), &job);
	for (size_t i = 0; i < count; i++)
		items[i].valid = i != 7;
	ck_assert(verify_queue_checked(&queue, &job, begin, count));
	ck_assert_ptr_eq(take(&taken), &after);
	ck_assert_uint_eq(taken, 1);
	ck_assert(job.wrong && !job.dropped);
	ck_assert(!after.wrong);
	/* Of payments each stands alone, but whoever passes on a wrong one is heard no longer. */
	push(&job, 1, false, 1000);
	push(&after, 1, false, 1);
	ck_assert_ptr_eq(take_part(&begin, &count), &job);
	ck_assert(verify_queue_checked(&queue, &job, begin, count));
	ck_assert(job.wrong && job.dropped);
	ck_assert_ptr_eq(take_part(&begin, &count), &after);
	/* What is signed here is nobody's fault. */
	push(&job, 1, false, 1000);
	job.sign = true;
	ck_assert_ptr_eq(take_part(&begin, &count), &job);
	ck_assert(!verify_queue_checked(&queue, &job, begin, count));
	ck_assert(!job.wrong);
}
END_TEST

START_TEST(queue_leaves_the_rest_of_a_job_whose_parts_come_back_in_any_order)
{
	struct verify_job job;
	size_t begin[3], count[3];

	push(&job, 1, false, 1000);
	for (size_t i = 0; i < 3; i++)
		ck_assert_ptr_eq(take_part(&begin[i], &count[i]), &job);
	memset(items, 1, sizeof(items));
	items[begin[1]].valid = false;
	ck_assert(!verify_queue_checked(&queue, &job, begin[1], count[1]));
	ck_assert(!verify_queue_checked(&queue, &job, begin[2], count[2]));
	ck_assert_uint_eq(verify_queue_take(&queue, parts), 0);
	ck_assert(verify_queue_checked(&queue, &job, begin[0], count[0]));
	ck_assert(job.wrong && job.dropped);
}
END_TEST

/* Their right ones, too, however many there are and whoever else waits: so that a wrong one is in nobody's batch, and
 * costs as much as one, each time that somebody else's whole turn is done. */
START_TEST(queue_takes_one_of_a_suspect_in_a_turn_of_its_own)
{
	static struct verify_job suspects[40], others[40 * VERIFY_TURN];
	size_t begin, count;

	for (size_t i = 0; i < 40; i++) {
		push(&suspects[i], 3, false, 1);
		suspects[i].suspect = true;
	}
	for (size_t i = 0; i < 40 * VERIFY_TURN; i++)
		push(&others[i], 1, false, 1);
	for (size_t turn = 0; turn < 40; turn++) {
		ck_assert_ptr_eq(take_part(&begin, &count), &suspects[turn]);
		ck_assert_uint_eq(part_count, 1);
		ck_assert(verify_queue_checked(&queue, &suspects[turn], begin, count));
		for (size_t i = 0; i < VERIFY_TURN; i++) {
			ck_assert_ptr_eq(take_part(&begin, &count), &others[turn * VERIFY_TURN + i]);
			ck_assert_uint_eq(part_count, VERIFY_CHUNK);
			items[0].valid = true;
			ck_assert(verify_queue_checked(&queue, &others[turn * VERIFY_TURN + i], begin, count));
		}
		items[0].valid = turn % 2;
	}
	ck_assert_uint_eq(verify_queue_take(&queue, parts), 0);
}
END_TEST

/* Says of what is taken at once that it is right, but for the job `wrong`. Returns how many there were. */
static size_t take_with(size_t wrong)
{
	size_t count = verify_queue_take(&queue, parts), taken = 0;
	ck_assert_uint_gt(count, 0);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = parts[i].begin; k < parts[i].begin + parts[i].count; k++)
			parts[i].job->items[k].valid = i != wrong;
		taken += parts[i].count;
		verify_queue_checked(&queue, parts[i].job, parts[i].begin, parts[i].count);
	}
	return taken;
}

START_TEST(queue_takes_one_by_one_behind_a_wrong_signature_of_the_same_source)
{
	static struct verify_job liar[2000];
	struct verify_job other;
	const size_t none = SIZE_MAX;
	for (size_t i = 0; i < 2000; i++)
		push(&liar[i], 1, false, 1);
	ck_assert_uint_eq(take_with(5), VERIFY_CHUNK);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(take_with(0), 1);
	for (size_t expected = 1; expected <= 8; expected *= 2)
		ck_assert_uint_eq(take_with(none), expected);
	size_t takes = 0; /* some of them are cut short by the end of a turn */
	while (take_with(none) < VERIFY_CHUNK)
		ck_assert_uint_lt(++takes, 5);
	while (queue.patient.active)
		take_with(none);
	push(&other, 2, false, 2000);
	ck_assert_uint_eq(take_with(none), VERIFY_CHUNK);
}
END_TEST

START_TEST(queue_that_is_dropped_gives_all_jobs_back_once)
{
	struct verify_job jobs[4], other;
	size_t begin, count, begun, taken = 0;

	push(&jobs[0], 2, true, 100);
	push(&jobs[1], 2, true, 1);
	push(&jobs[2], 2, false, 1);
	push(&jobs[3], 2, false, 300);
	push(&other, 1, true, 1);
	ck_assert_ptr_eq(take_part(&begin, &begun), &jobs[0]);
	struct verify_job *dropped = verify_queue_drop(&queue, 2);
	for (int i = 1; i < 4; i++, dropped = dropped->next)
		ck_assert_ptr_eq(dropped, &jobs[i]);
	ck_assert_ptr_null(dropped);
	/* Of this one a part is being checked. */
	ck_assert(verify_queue_checked(&queue, &jobs[0], begin, begun));
	for (int i = 0; i < 4; i++)
		ck_assert(jobs[i].dropped);
	ck_assert_ptr_eq(take(&taken), &other);
	ck_assert(!other.dropped);
	ck_assert_ptr_null(take_part(&begin, &count));
	ck_assert_ptr_null(verify_queue_drop(&queue, 2));
}
END_TEST

UNIT_MAIN_BETWEEN("verify_queue", setup, teardown, queue_that_is_empty_gives_nothing, queue_gives_a_large_job_in_chunks,
                  queue_gives_small_jobs_of_a_source_together,
                  queue_takes_one_by_one_behind_a_wrong_signature_of_the_same_source,
                  queue_lets_nobodys_flood_stand_before_anothers_vote, queue_shares_by_signatures_not_by_jobs,
                  queue_lets_urgent_jobs_take_every_second_signature_from_the_others_at_most,
                  queue_serves_the_payments_of_all_sources_in_turn, queue_leaves_the_rest_of_a_job_that_is_wrong,
                  queue_leaves_the_rest_of_a_job_whose_parts_come_back_in_any_order,
                  queue_takes_one_of_a_suspect_in_a_turn_of_its_own, queue_that_is_dropped_gives_all_jobs_back_once)
