/* The verifier pool: every job comes back once, with the right verdicts. */
#include "verifier.h"
#include "unit.h"

#define DEADLINE_MS 60000
#define SOURCES     4u
#define MEET_NS     UINT64_C(10000000000)

static uv_loop_t loop;
static struct verifier *verifier;
static uint8_t public_key[PUBLIC_KEY_SIZE], secret_key[SECRET_KEY_SIZE];
static struct verify_job *done_jobs[2048];
static size_t done_count;
static unsigned most_together;
static bool submitting;
static bool meet; /* who signs waits for another one who does */
static uv_mutex_t meeting;
static uv_cond_t arrived;
static unsigned signers;

static void on_done(void *context, struct verify_job *first)
{
	unsigned together = 0;

	ck_assert_ptr_eq(context, &loop);
	ck_assert(!submitting);
	for (; first; first = first->next) {
		done_jobs[done_count++] = first;
		together++;
	}
	ck_assert_uint_le(together, VERIFIER_TOGETHER);
	if (together > most_together)
		most_together = together;
}

static int on_sign(void *context, const struct statement *statement, uint8_t signature[SIGNATURE_SIZE])
{
	if (meet) {
		uv_mutex_lock(&meeting);
		signers++;
		uv_cond_broadcast(&arrived);
		while (signers < 2 && uv_cond_timedwait(&arrived, &meeting, MEET_NS) == 0)
			;
		uv_mutex_unlock(&meeting);
	}
	return sign_digest(context, &statement->digest, signature);
}

static void start(unsigned threads)
{
	static const uint8_t seed[SEED_SIZE] = {7};

	ck_assert_int_eq(sign_self_test(), 0);
	ck_assert_int_eq(sign_keypair(seed, public_key, secret_key), 0);
	done_count = most_together = 0;
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	const struct verifier_options options = {.loop = &loop,
	                                         .sources = SOURCES,
	                                         .threads = threads,
	                                         .signer = {on_sign, secret_key},
	                                         .done = on_done,
	                                         .context = &loop};
	ck_assert_int_eq(verifier_new(&options, &verifier), 0);
}

static void stop(void)
{
	verifier_stop(verifier);
	uv_run(&loop, UV_RUN_DEFAULT);
	verifier_free(verifier);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void setup(void)
{
	start(3);
}

static void teardown(void)
{
	stop();
}

/* Item i is wrong where wrong[i % 3] says so: 1 a flipped signature, 2 a good signature of a bad point. */
static struct verify_job *make_job(uint64_t id, size_t count, const int wrong[3])
{
	struct verify_job *job = calloc(1, sizeof(*job));

	job->id = id;
	job->count = count;
	job->urgent = true;
	job->items = calloc(count ? count : 1, sizeof(*job->items));
	for (size_t i = 0; i < count; i++) {
		struct verify_item *item = &job->items[i];
		memcpy(item->public_key, public_key, sizeof(public_key));
		randombytes_buf(&item->digest, sizeof(item->digest));
		ck_assert_int_eq(sign_digest(secret_key, &item->digest, item->signature), 0);
		item->check_key = i % 2;
		if (wrong[i % 3] == 1)
			item->signature[i % SIGNATURE_SIZE] ^= 1;
		if (wrong[i % 3] == 2)
			memset(item->public_key, 0, sizeof(item->public_key));
		item->valid = count == 1 && wrong[i % 3]; /* what must be overwritten */
	}
	return job;
}

static void check_and_free(struct verify_job *job, const int wrong[3])
{
	bool any = false;
	for (size_t i = 0; i < job->count; i++)
		any |= wrong[i % 3];
	ck_assert_int_eq(job->wrong, any);
	ck_assert(!job->dropped || (any && job->count > 1));
	for (size_t i = 0; i < job->count; i++)
		ck_assert(job->items[i].valid == !wrong[i % 3] || (job->dropped && !job->items[i].valid));
	free(job->statements);
	free(job->items);
	free(job);
}

static void submit(struct verify_job *job)
{
	submitting = true;
	verifier_submit(verifier, job);
	verifier_begin(verifier);
	submitting = false;
}

static void run_until(size_t count)
{
	uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;

	while (done_count < count) {
		ck_assert_uint_lt(uv_hrtime() / 1000000, deadline);
		uv_run(&loop, UV_RUN_ONCE);
	}
}

static const int all_right[3] = {0, 0, 0}, mixed[3] = {0, 1, 2};

START_TEST(verifier_single_item)
{
	submit(make_job(9, 1, all_right));
	run_until(1);
	ck_assert_uint_eq(done_jobs[0]->id, 9);
	check_and_free(done_jobs[0], all_right);
}
END_TEST

START_TEST(verifier_hundred_items_mixed)
{
	submit(make_job(1, 100, mixed));
	run_until(1);
	check_and_free(done_jobs[0], mixed);
}
END_TEST

START_TEST(verifier_job_without_items_is_done_later)
{
	submit(make_job(1, 0, all_right));
	ck_assert_uint_eq(done_count, 0);
	run_until(1);
	check_and_free(done_jobs[0], all_right);
}
END_TEST

START_TEST(verifier_many_jobs_at_once_come_back_once_each)
{
	static const size_t sizes[] = {1, 2, 33, 64, 5, 31, 32, 1};
	bool seen[160] = {false};

	for (uint64_t id = 0; id < 160; id++)
		submit(make_job(id, sizes[id % 8], mixed));
	run_until(160);
	for (size_t i = 0; i < done_count; i++) {
		ck_assert(!seen[done_jobs[i]->id]);
		seen[done_jobs[i]->id] = true;
		check_and_free(done_jobs[i], mixed);
	}
}
END_TEST

START_TEST(verifier_gives_back_together_what_was_done_meanwhile)
{
	/* Jobs without items are done at once, and the loop does not run before all are in. */
	for (uint64_t id = 0; id < 150; id++)
		submit(make_job(id, 0, all_right));
	run_until(150);
	ck_assert_uint_eq(most_together, VERIFIER_TOGETHER);
	for (uint64_t id = 0; id < 150; id++) {
		ck_assert_uint_eq(done_jobs[id]->id, id);
		check_and_free(done_jobs[id], all_right);
	}
}
END_TEST

START_TEST(verifier_counts_what_is_checked_at_once)
{
	struct verifier_counters counters;
	struct verify_job *patient = make_job(1, 100, all_right);

	patient->urgent = false;
	submit(patient);
	submit(make_job(2, 3, all_right));
	run_until(2);
	verifier_counters(verifier, &counters);
	ck_assert_uint_eq(counters.signatures, 100);
	ck_assert_uint_eq(counters.chunks, (100 + VERIFY_CHUNK - 1) / VERIFY_CHUNK);
	ck_assert_uint_eq(counters.urgent_signatures, 3);
	ck_assert_uint_eq(counters.urgent_chunks, 1);
	check_and_free(done_jobs[0], all_right);
	check_and_free(done_jobs[1], all_right);
}
END_TEST

START_TEST(verifier_votes_overtake_payments)
{
	stop();
	start(1);
	/* The one thread takes the first chunk of the large job at most before it sees the small one. */
	struct verify_job *large = make_job(1, 2000, all_right), *small = make_job(2, 1, all_right);
	large->urgent = false;
	submit(large);
	submit(small);
	run_until(2);
	ck_assert_uint_eq(done_jobs[0]->id, 2);
	check_and_free(done_jobs[0], all_right);
	check_and_free(done_jobs[1], all_right);
}
END_TEST

/* So many that the thread is still busy with them when the vote comes, however little of the machine we get. */
START_TEST(verifier_votes_overtake_many_single_payments)
{
	enum { PAYMENTS = 2000 };
	static struct verify_job *jobs[PAYMENTS + 1];

	stop();
	start(1);
	for (uint64_t id = 0; id <= PAYMENTS; id++) {
		jobs[id] = make_job(id, 1, all_right);
		jobs[id]->urgent = id == PAYMENTS;
	}
	for (uint64_t id = 0; id <= PAYMENTS; id++)
		submit(jobs[id]);
	run_until(PAYMENTS + 1);
	size_t place = 0;
	while (done_jobs[place]->id != PAYMENTS)
		place++;
	ck_assert_uint_lt(place, PAYMENTS / 2);
	for (size_t i = 0; i < done_count; i++)
		check_and_free(done_jobs[i], all_right);
}
END_TEST

START_TEST(verifier_votes_do_not_starve_payments)
{
	stop();
	start(1);
	struct verify_job *jobs[201];
	for (uint64_t id = 0; id < 201; id++)
		jobs[id] = make_job(id, 1, all_right);
	jobs[100]->urgent = false;
	for (uint64_t id = 0; id < 201; id++)
		submit(jobs[id]);
	run_until(201);
	size_t place = 0;
	while (done_jobs[place]->id != 100)
		place++;
	ck_assert_uint_lt(place, 150);
	for (size_t i = 0; i < done_count; i++)
		check_and_free(done_jobs[i], all_right);
}
END_TEST

/* Makes a job of signatures to make of one of checks. */
static void to_sign(struct verify_job *job)
{
	job->sign = true;
	job->statements = calloc(job->count, sizeof(*job->statements));
	ck_assert_ptr_nonnull(job->statements);
	for (size_t i = 0; i < job->count; i++) {
		job->statements[i].kind = STATEMENT_EXPIRY;
		job->statements[i].digest = job->items[i].digest;
	}
}

START_TEST(verifier_signs_what_it_is_asked_to_sign)
{
	struct verify_job *job = make_job(1, 100, all_right);

	to_sign(job);
	job->urgent = false;
	for (size_t i = 0; i < 100; i++)
		memset(job->items[i].signature, 0, SIGNATURE_SIZE);
	submit(job);
	run_until(1);
	for (size_t i = 0; i < 100; i++) {
		struct verify_item *item = &job->items[i];
		ck_assert(item->valid && sign_verify(public_key, &item->digest, item->signature));
	}
	check_and_free(job, all_right);
}
END_TEST

/* Handed over at once, and too few to wake all threads for. Often, since threads that have just begun need no waking.
 */
START_TEST(verifier_leaves_no_job_behind_another_source_s_while_a_thread_is_idle)
{
	enum { TIMES = 30 };

	ck_assert_int_eq(uv_mutex_init(&meeting), 0);
	ck_assert_int_eq(uv_cond_init(&arrived), 0);
	meet = true;
	for (unsigned time = 0; time < TIMES; time++) {
		signers = 0;
		for (uint32_t i = 0; i < 2; i++) {
			struct verify_job *job = make_job(i, 1, all_right);
			to_sign(job);
			job->source = i;
			verifier_submit(verifier, job);
		}
		verifier_begin(verifier);
		uint64_t begun = uv_hrtime();
		run_until(done_count + 2);
		ck_assert_uint_lt(uv_hrtime() - begun, MEET_NS);
	}
	meet = false;
	for (unsigned i = 0; i < 2 * TIMES; i++)
		check_and_free(done_jobs[i], all_right);
	uv_cond_destroy(&arrived);
	uv_mutex_destroy(&meeting);
}
END_TEST

START_TEST(verifier_gives_back_what_is_dropped)
{
	stop();
	start(1);
	struct verify_job *jobs[40];
	for (uint64_t id = 0; id < 40; id++) {
		jobs[id] = make_job(id, 100, all_right);
		jobs[id]->source = id % 2;
	}
	for (uint64_t id = 0; id < 40; id++)
		submit(jobs[id]);
	verifier_drop(verifier, 1);
	run_until(40);
	size_t dropped = 0;
	for (size_t i = 0; i < 40; i++) {
		ck_assert(!done_jobs[i]->dropped || done_jobs[i]->source == 1);
		dropped += done_jobs[i]->dropped;
		for (size_t k = 0; k < 100 && !done_jobs[i]->dropped; k++)
			ck_assert(done_jobs[i]->items[k].valid);
		free(done_jobs[i]->items);
		free(done_jobs[i]);
	}
	ck_assert_uint_gt(dropped, 0); /* of 20: how far the thread had come is the machine's affair */
}
END_TEST

START_TEST(verifier_stop_leaves_the_jobs_to_their_maker)
{
	struct verify_job *jobs[50];

	for (uint64_t id = 0; id < 50; id++)
		submit(jobs[id] = make_job(id, 100, all_right));
	stop();
	ck_assert_uint_eq(done_count, 0);
	for (uint64_t id = 0; id < 50; id++) {
		free(jobs[id]->items);
		free(jobs[id]);
	}
	start(1);
}
END_TEST

UNIT_MAIN_BETWEEN("verifier", setup, teardown, verifier_single_item, verifier_hundred_items_mixed,
                  verifier_job_without_items_is_done_later, verifier_many_jobs_at_once_come_back_once_each,
                  verifier_gives_back_together_what_was_done_meanwhile, verifier_counts_what_is_checked_at_once,
                  verifier_votes_overtake_payments, verifier_votes_overtake_many_single_payments,
                  verifier_votes_do_not_starve_payments, verifier_signs_what_it_is_asked_to_sign,
                  verifier_leaves_no_job_behind_another_source_s_while_a_thread_is_idle,
                  verifier_gives_back_what_is_dropped, verifier_stop_leaves_the_jobs_to_their_maker)
