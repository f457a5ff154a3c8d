/* The journal thread, the checkpoint thread and the state thread. Each owns what was handed to it until it says it is
 * done; the mutex covers the handing over and nothing else. */
#include "storage_thread.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "log.h"
#include "thread_priority.h"
#include "uncia/error.h"

#define WRITES_FIRST 64

/* More than a thread needs from a commit that has failed to the end of the process, on a busy machine, too. */
#define OTHERS_END_MS 20000u

struct batch {
	struct journal_write *writes;
	size_t count, capacity;
	struct arena arena; /* the keys and values, */
	size_t bytes;       /* which have so many */
	uint64_t sequence;
};

/* The state of a batch or a flush that the loop hands to a thread and gets back. Moves, by handover_move alone:
 * NONE → GIVEN (the loop) → DONE (the thread) → NONE (the loop). While it is GIVEN it is the thread's; otherwise the
 * loop's. */
enum handover { HANDOVER_NONE, HANDOVER_GIVEN, HANDOVER_DONE };

/* The state of the threads: RUNNING → STOPPING (told to the threads) → STOPPED (all have ended). */
enum storage_state { STORAGE_RUNNING, STORAGE_STOPPING, STORAGE_STOPPED };

struct storage {
	uv_async_t async;
	struct store *store;
	struct storage_events events;
	uint64_t reserve, space_interval_ns;

	/* The loop's own. */
	struct batch filling;
	uint64_t sequence; /* the highest so far */
	bool space_low_told;

	/* Under the mutex. */
	uv_mutex_t mutex;
	uv_cond_t journal_wake, checkpoint_wake, state_wake;
	enum storage_state state;
	enum handover committing, flushing;
	bool checkpoint_due, space_low;
	bool checkpointing, applying;                       /* under way */
	enum { PAUSE_NONE, PAUSE_ASKED, PAUSE_TOLD } pause; /* moves in this order, and back to the first by a resume */
	struct storage_counters counters;

	struct batch committed_batch; /* by `committing` the journal thread's or the loop's */
	struct flush *flush;          /* by `flushing` the state thread's or the loop's; NULL: none */
	uv_thread_t journal_thread, checkpoint_thread, state_thread;
};

/* Under the mutex. */
static void handover_move(enum handover *state, enum handover to)
{
	assert(*state <= HANDOVER_DONE && to == (enum handover)((*state + 1) % (HANDOVER_DONE + 1)));
	*state = to;
}

static void batch_reset(struct batch *batch)
{
	arena_deinit(&batch->arena);
	arena_init(&batch->arena, JOURNAL_BATCH_MAX);
	batch->count = batch->bytes = 0;
}

/* Under the mutex. began: uv_hrtime then. */
static void count_duration(struct histogram *histogram, uint64_t began)
{
	histogram_add(histogram, (uv_hrtime() - began) / 1000);
}

/* ---- journal thread ------------------------------------------------------------------------ */

static void journal_main(void *context)
{
	struct storage *s = context;
	char why[256] = "";

	uv_mutex_lock(&s->mutex);
	for (;;) {
		if (s->committing != HANDOVER_GIVEN) {
			if (s->state != STORAGE_RUNNING)
				break;
			uv_cond_wait(&s->journal_wake, &s->mutex);
			continue;
		}
		s->counters.records += s->committed_batch.count;
		s->counters.bytes += s->committed_batch.bytes;
		uv_mutex_unlock(&s->mutex);
		uint64_t began = uv_hrtime();
		/* storage §9: any failed commit ends the process at once. */
		if (journal_commit(s->store, s->committed_batch.writes, s->committed_batch.count, why) < 0)
			log_fatal(END_FAILED, "journal_commit_failed", why);
		batch_reset(&s->committed_batch);
		bool due = journal_checkpoint_due(s->store);
		uv_mutex_lock(&s->mutex);
		count_duration(&s->counters.commits, began);
		handover_move(&s->committing, HANDOVER_DONE);
		uv_async_send(&s->async);
		if (due && !s->checkpoint_due) {
			s->checkpoint_due = true;
			uv_cond_signal(&s->checkpoint_wake);
		}
	}
	uv_mutex_unlock(&s->mutex);
}

/* ---- checkpoint thread --------------------------------------------------------------------- */

static void checkpoint_main(void *context)
{
	struct storage *s = context;
	char why[256] = "";

	lower_priority();
	uv_mutex_lock(&s->mutex);
	while (s->state == STORAGE_RUNNING) {
		/* A flush that a pause waits for may take long: checkpoints go on until it is done. */
		if (!s->checkpoint_due || (s->pause != PAUSE_NONE && !s->applying)) {
			uv_cond_wait(&s->checkpoint_wake, &s->mutex);
			continue;
		}
		s->checkpoint_due = false;
		s->checkpointing = true;
		uv_mutex_unlock(&s->mutex);
		uint64_t began = uv_hrtime();
		if (journal_checkpoint(s->store, why) < 0)
			log_fatal(END_FAILED, "journal_checkpoint_failed", why);
		uv_mutex_lock(&s->mutex);
		s->checkpointing = false;
		if (s->pause == PAUSE_ASKED)
			uv_async_send(&s->async);
		count_duration(&s->counters.checkpoints, began);
	}
	uv_mutex_unlock(&s->mutex);
}

/* ---- state thread -------------------------------------------------------------------------- */

/* storage §9: below a reserve of free space a validator stops voting. low: as of the last measurement, so that it takes
 * a quarter more than the reserve to be enough again. */
static bool measure_space(struct storage *s, bool low, uint64_t *free_bytes)
{
	if (store_space(s->store, free_bytes) < 0) {
		log_event(LOG_LEVEL_WARNING, "space_unknown");
		return low;
	}
	return low ? *free_bytes <= s->reserve + s->reserve / 4 : *free_bytes < s->reserve;
}

static void state_main(void *context)
{
	struct storage *s = context;
	char why[256] = "";
	uint64_t next_check = uv_hrtime();

	lower_priority();
	uv_mutex_lock(&s->mutex);
	for (;;) {
		uint64_t now = uv_hrtime();
		bool may_flush = s->pause == PAUSE_NONE || s->state != STORAGE_RUNNING;
		if (s->flushing == HANDOVER_GIVEN && may_flush) {
			struct flush *flush = s->flush;
			s->applying = true;
			uv_mutex_unlock(&s->mutex);
			uint64_t began = uv_hrtime();
			if (state_apply(s->store, flush, why) < 0)
				log_fatal(END_FAILED, "state_commit_failed", why);
			uv_mutex_lock(&s->mutex);
			assert(s->flush == flush);
			s->applying = false;
			count_duration(&s->counters.flushes, began);
			handover_move(&s->flushing, HANDOVER_DONE);
			uv_async_send(&s->async);
		} else if (s->state != STORAGE_RUNNING) {
			break;
		} else if (now >= next_check) { /* the first time at once */
			bool low = s->space_low;
			uint64_t free_bytes = s->counters.free_bytes;
			uv_mutex_unlock(&s->mutex);
			low = measure_space(s, low, &free_bytes);
			uv_mutex_lock(&s->mutex);
			s->counters.free_bytes = free_bytes;
			if (low != s->space_low) {
				s->space_low = low;
				uv_async_send(&s->async);
			}
			next_check = now + s->space_interval_ns;
		} else {
			uv_cond_timedwait(&s->state_wake, &s->mutex, next_check - now);
		}
	}
	uv_mutex_unlock(&s->mutex);
}

/* ---- loop thread --------------------------------------------------------------------------- */

/* Before the result is told, so that the next batch or flush may be handed over meanwhile. */
static void handover_end(struct storage *s, enum handover *state)
{
	uv_mutex_lock(&s->mutex);
	handover_move(state, HANDOVER_NONE);
	uv_mutex_unlock(&s->mutex);
}

/* Where another thread's commit has failed, LMDB shows nothing any more, to this thread earlier than the other one has
 * come to say why and to end the process: that is waited for. */
static void renewed(struct storage *s, int error)
{
	if (error == UNCIA_E_CLOSED)
		uv_sleep(OTHERS_END_MS);
	if (error == UNCIA_E_DAMAGED)
		log_fatal(END_DAMAGED, "store_damaged", store_damage(s->store));
	if (error)
		log_fatal(END_FAILED, "store_unreadable", store_damage(s->store));
}

static void tell_flushed(struct storage *s)
{
	struct flush *flush = s->flush;

	assert(flush);
	renewed(s, store_view_renew(s->store));
	s->flush = NULL;
	handover_end(s, &s->flushing);
	s->events.flushed(s->events.context, flush);
}

static void tell_durable(struct storage *s)
{
	uint64_t sequence = s->committed_batch.sequence;

	assert(sequence <= s->sequence);
	renewed(s, store_view_renew_journal(s->store));
	handover_end(s, &s->committing);
	s->events.durable(s->events.context, sequence);
}

static void on_storage_async(uv_async_t *async)
{
	struct storage *s = async->data;

	uv_mutex_lock(&s->mutex);
	assert(s->state == STORAGE_RUNNING);
	bool committed = s->committing == HANDOVER_DONE, flushed = s->flushing == HANDOVER_DONE, low = s->space_low;
	bool paused = s->pause == PAUSE_ASKED && !s->checkpointing && !s->applying;
	if (paused)
		s->pause = PAUSE_TOLD;
	uv_mutex_unlock(&s->mutex);

	/* The state must be seen as of the last flush that the core has been told of, no newer. So the flush is told
	 * first, and a commit alone renews nothing but the journal's view. */
	if (flushed)
		tell_flushed(s);
	if (committed)
		tell_durable(s);
	if (low != s->space_low_told) {
		s->space_low_told = low;
		s->events.space(s->events.context, low);
	}
	if (paused)
		s->events.paused(s->events.context);
}

/* Makes all threads and the handle, or none of them. The mutex is held throughout, so that no thread acts before the
 * handle is there. */
static int start_threads(struct storage *s, uv_loop_t *loop)
{
	uv_mutex_lock(&s->mutex);
	bool journal = uv_thread_create(&s->journal_thread, journal_main, s) == 0;
	bool checkpoint = journal && uv_thread_create(&s->checkpoint_thread, checkpoint_main, s) == 0;
	bool state = checkpoint && uv_thread_create(&s->state_thread, state_main, s) == 0;
	bool started = state && uv_async_init(loop, &s->async, on_storage_async) == 0;
	s->state = started ? STORAGE_RUNNING : STORAGE_STOPPING;
	uv_mutex_unlock(&s->mutex);
	if (started)
		return 0;
	if (journal)
		uv_thread_join(&s->journal_thread);
	if (checkpoint)
		uv_thread_join(&s->checkpoint_thread);
	if (state)
		uv_thread_join(&s->state_thread);
	return UNCIA_E_IO;
}

int storage_new(uv_loop_t *loop, struct store *store, uint64_t reserve, unsigned space_interval_ms,
                const struct storage_events *events, struct storage **storage)
{
	struct storage *s = calloc(1, sizeof(*s));

	assert(store && events->durable && events->flushed && events->space);
	if (!s)
		return UNCIA_E_MEMORY;
	s->store = store;
	s->reserve = reserve;
	s->space_interval_ns = (uint64_t)space_interval_ms * 1000000;
	s->events = *events;
	s->async.data = s;
	s->counters.free_bytes = UINT64_MAX;
	batch_reset(&s->filling);
	batch_reset(&s->committed_batch);
	if (uv_mutex_init(&s->mutex) < 0)
		goto no_mutex;
	if (uv_cond_init(&s->journal_wake) < 0)
		goto no_journal_wake;
	if (uv_cond_init(&s->checkpoint_wake) < 0)
		goto no_checkpoint_wake;
	if (uv_cond_init(&s->state_wake) < 0)
		goto no_state_wake;
	if (start_threads(s, loop) < 0)
		goto no_threads;
	*storage = s;
	return 0;

no_threads:
	uv_cond_destroy(&s->state_wake);
no_state_wake:
	uv_cond_destroy(&s->checkpoint_wake);
no_checkpoint_wake:
	uv_cond_destroy(&s->journal_wake);
no_journal_wake:
	uv_mutex_destroy(&s->mutex);
no_mutex:
	free(s);
	return UNCIA_E_IO;
}

/* One more write of the batch that is being filled; NULL where memory ends. */
static struct journal_write *batch_add(struct storage *s, uint64_t sequence)
{
	struct batch *batch = &s->filling;

	assert(s->state == STORAGE_RUNNING);
	assert(sequence >= s->sequence);
	if (batch->count == batch->capacity) {
		size_t capacity = batch->capacity ? batch->capacity * 2 : WRITES_FIRST;
		struct journal_write *writes = reallocarray(batch->writes, capacity, sizeof(*writes));
		if (!writes)
			return NULL;
		batch->writes = writes;
		batch->capacity = capacity;
	}
	assert(batch->count < batch->capacity);
	s->sequence = batch->sequence = sequence;
	return &batch->writes[batch->count++];
}

int storage_put(struct storage *s, uint64_t sequence, enum journal_table table, struct bytes key, struct bytes value)
{
	if (value.size > JOURNAL_BATCH_MAX || key.size > JOURNAL_KEY_MAX)
		return UNCIA_E_LIMIT;
	uint8_t *copy = arena_alloc_unset(&s->filling.arena, key.size + value.size);
	if (!copy)
		return s->filling.arena.error;
	struct journal_write *write = batch_add(s, sequence);
	if (!write)
		return UNCIA_E_MEMORY;
	if (key.size)
		memcpy(copy, key.data, key.size);
	if (value.size)
		memcpy(copy + key.size, value.data, value.size);
	s->filling.bytes += key.size + value.size;
	*write = (struct journal_write){
	    .table = table,
	    .key = copy,
	    .key_size = key.size,
	    .value = copy + key.size,
	    .value_size = value.size,
	};
	return 0;
}

int storage_forget(struct storage *s, uint64_t sequence, uint64_t view)
{
	struct journal_write *write = batch_add(s, sequence);

	if (!write)
		return UNCIA_E_MEMORY;
	*write = (struct journal_write){.view = view};
	return 0;
}

void storage_commit(struct storage *s)
{
	if (s->filling.count == 0)
		return;
	uv_mutex_lock(&s->mutex);
	assert(s->state == STORAGE_RUNNING);
	if (s->committing == HANDOVER_NONE) {
		struct batch empty = s->committed_batch;
		assert(empty.count == 0);
		s->committed_batch = s->filling;
		s->filling = empty;
		handover_move(&s->committing, HANDOVER_GIVEN);
		uv_cond_signal(&s->journal_wake);
	}
	uv_mutex_unlock(&s->mutex);
}

void storage_flush(struct storage *s, struct flush *flush)
{
	uv_mutex_lock(&s->mutex);
	assert(s->state == STORAGE_RUNNING && flush && !s->flush);
	s->flush = flush;
	handover_move(&s->flushing, HANDOVER_GIVEN);
	uv_cond_signal(&s->state_wake);
	uv_mutex_unlock(&s->mutex);
}

void storage_pause(struct storage *s)
{
	uv_mutex_lock(&s->mutex);
	assert(s->state == STORAGE_RUNNING && s->pause == PAUSE_NONE && s->events.paused);
	s->pause = PAUSE_ASKED;
	uv_async_send(&s->async);
	uv_mutex_unlock(&s->mutex);
}

void storage_resume(struct storage *s)
{
	uv_mutex_lock(&s->mutex);
	assert(s->state == STORAGE_RUNNING && s->pause != PAUSE_NONE);
	s->pause = PAUSE_NONE;
	uv_cond_signal(&s->checkpoint_wake);
	uv_cond_signal(&s->state_wake);
	uv_mutex_unlock(&s->mutex);
}

void storage_counters(struct storage *s, struct storage_counters *counters)
{
	uv_mutex_lock(&s->mutex);
	*counters = s->counters;
	uv_mutex_unlock(&s->mutex);
}

void storage_stop(struct storage *s)
{
	char why[256] = "";

	uv_mutex_lock(&s->mutex);
	assert(s->state == STORAGE_RUNNING);
	s->state = STORAGE_STOPPING;
	uv_cond_signal(&s->journal_wake);
	uv_cond_signal(&s->checkpoint_wake);
	uv_cond_signal(&s->state_wake);
	uv_mutex_unlock(&s->mutex);
	uv_thread_join(&s->journal_thread);
	uv_thread_join(&s->checkpoint_thread);
	uv_thread_join(&s->state_thread);
	s->state = STORAGE_STOPPED;
	assert(s->committing != HANDOVER_GIVEN && s->flushing != HANDOVER_GIVEN);
	if (s->filling.count && journal_commit(s->store, s->filling.writes, s->filling.count, why) < 0)
		log_fatal(END_FAILED, "journal_commit_failed", why);
	uv_close((uv_handle_t *)&s->async, NULL);
}

struct flush *storage_leftover(struct storage *s)
{
	struct flush *flush = s->flush;

	assert(s->state == STORAGE_STOPPED || !flush);
	s->flush = NULL;
	return flush;
}

void storage_free(struct storage *s)
{
	if (!s)
		return;
	assert(s->state == STORAGE_STOPPED && !s->flush);
	arena_deinit(&s->filling.arena);
	arena_deinit(&s->committed_batch.arena);
	free(s->filling.writes);
	free(s->committed_batch.writes);
	uv_cond_destroy(&s->state_wake);
	uv_cond_destroy(&s->checkpoint_wake);
	uv_cond_destroy(&s->journal_wake);
	uv_mutex_destroy(&s->mutex);
	free(s);
}
