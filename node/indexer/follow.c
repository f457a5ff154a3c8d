/* The loop that indexes. What it knows of the tables is read again from them after every failure: a database that was
 * restored from an older day goes on from there, and a commit whose answer was lost is neither missed nor repeated. */
#include "follow.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "indexer_say.h"
#include "uncia/error.h"
#include "writer.h"

#define PAGE_WAIT_MS 500
#define RETRY_MIN_MS 250
#define RETRY_MAX_MS 5000
#define PROGRESS_S   10
#define FOLLOW_AGAIN (-1) /* of the functions below: nothing is wrong, the loop goes on */

struct follow {
	const struct follow_options *options;
	struct standing *standing;
	struct database database;
	struct tables tables;
	struct chain_place cursor;
	bool placed; /* the tables are read, and the feed has the cursor's block */
	int retry_ms;
	struct timespec told;             /* when progress was last told */
	uint64_t payments, told_payments; /* written by this process; of them when it was told */
};

bool follow_wait(int milliseconds)
{
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	sigset_t ends;
	int number;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	while ((number = sigtimedwait(&ends, NULL, &time)) < 0 && errno == EINTR)
		;
	return number > 0;
}

/* Waits before something is tried again, each time longer. */
static int follow_later(struct follow *f)
{
	f->placed = false;
	f->retry_ms = f->retry_ms ? f->retry_ms * 2 : RETRY_MIN_MS;
	if (f->retry_ms > RETRY_MAX_MS)
		f->retry_ms = RETRY_MAX_MS;
	return FOLLOW_AGAIN;
}

/* What a failure of the database means. Returns FOLLOW_AGAIN, or an exit code. */
static int follow_database_failed(struct follow *f, int error)
{
	const char *why = f->database.why;

	switch (error) {
	case UNCIA_E_UNREACHABLE:
	case UNCIA_E_IO:
		database_close(&f->database);
		standing_set(f->standing, STANDING_NO_DATABASE, why);
		break;
	case UNCIA_E_FULL:
		database_close(&f->database);
		standing_set(f->standing, STANDING_FULL, why);
		break;
	case UNCIA_E_BUSY:
		database_close(&f->database);
		standing_set(f->standing, STANDING_IN_THE_WAY, why);
		break;
	default:
		return indexer_say(indexer_code(error), "the database: %s", why);
	}
	if (f->options->once && error != UNCIA_E_BUSY)
		return indexer_say(indexer_code(error), "the database: %s", why);
	return follow_later(f);
}

static int follow_feed_failed(struct follow *f, int error)
{
	const char *why = f->options->feed->why;

	if (error != UNCIA_E_UNREACHABLE && error != UNCIA_E_CLOSED)
		return indexer_say(error == UNCIA_E_NOT_FOUND ? INDEXER_FAILED : indexer_code(error),
		                   "the validator's chain: %s", why);
	standing_set(f->standing, STANDING_NO_VALIDATOR, why);
	if (f->options->once)
		return indexer_say(INDEXER_UNREACHABLE, "the validator: %s", why);
	return follow_later(f);
}

/* The feed has another block at the cursor's height. Whether it is proved says which of the two is to be looked at. */
static int follow_other_chain(struct follow *f, const struct chain_page *page, const struct header *header)
{
	char here[2 * HASH_SIZE + 1], there[2 * HASH_SIZE + 1], why[256];
	struct checked_page checked;
	struct chain_place before = {.height = header->height - 1, .id = header->parent_id};

	sodium_bin2hex(here, sizeof(here), f->cursor.id.b, HASH_SIZE);
	sodium_bin2hex(there, sizeof(there), header->id.b, HASH_SIZE);
	int error = chain_check_page(&f->options->known->genesis, &before, page, &checked, why);
	if (error)
		return indexer_say(INDEXER_MISMATCH, "what the validator gives is not proved: %s", why);
	checked_page_free(&checked);
	return indexer_say(
	    INDEXER_MISMATCH,
	    "at height %" PRIu64 " the database has block %s, and the validator's final block is %s: they are"
	    " two chains; nothing was changed. If the validator is right, drop schema uncia, and all is read again",
	    header->height, here, there);
}

/* Whether the feed's chain has the cursor's block. The genesis' is in its id. */
static int follow_match(struct follow *f)
{
	struct feed *feed = f->options->feed;
	struct chain_page page;
	struct header header;

	if (!f->cursor.height)
		return 0;
	chain_page_begin(&page);
	int error = feed->next(feed, f->cursor.height, PAGE_WAIT_MS, &page);
	int code = 0;
	if (error) {
		code = follow_feed_failed(f, error);
	} else if (!page.count) {
		char why[128];
		if (page.tip_height < f->cursor.height)
			snprintf(why, sizeof(why), "its final height is %" PRIu64 ", and the cursor's %" PRIu64,
			         page.tip_height, f->cursor.height);
		else
			snprintf(why, sizeof(why),
			         "it holds no certificate yet that proves its block at height %" PRIu64,
			         f->cursor.height);
		standing_set(f->standing, STANDING_AHEAD, why);
		code = feed->ends || f->options->once
		           ? indexer_say(INDEXER_FAILED, "the validator's chain does not reach the tables: %s", why)
		           : follow_later(f);
	} else if (block_header(page.blocks[0].block.data, page.blocks[0].block.size, &header)) {
		code = indexer_say(INDEXER_MISMATCH, "what the validator gives is no block");
	} else if (header.height != f->cursor.height || !hash_equal(&header.id, &f->cursor.id)) {
		code = follow_other_chain(f, &page, &header);
	}
	chain_page_end(&page);
	return code;
}

/* Connects, and finds out where the tables are. */
static int follow_begin(struct follow *f)
{
	const struct follow_options *o = f->options;
	int error = 0;

	if (!f->database.connection) {
		error = database_open(&f->database, o->database, false);
		if (!error)
			error = tables_prepare(&f->database, &o->known->genesis, o->partition_heights, &f->tables);
	}
	if (!error)
		error = tables_cursor(&f->database, false, &f->cursor, NULL);
	if (error)
		return follow_database_failed(f, error);
	/* Partitions below the cursor's may have been put elsewhere: they are not made again. */
	f->tables.partitions = f->cursor.height / f->tables.partition_heights;
	standing_move(f->standing, &f->cursor, 0);
	int code = follow_match(f);
	f->placed = !code;
	return code;
}

static void follow_progress(struct follow *f, const struct chain_page *page)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (f->told.tv_sec && now.tv_sec - f->told.tv_sec < PROGRESS_S)
		return;
	double seconds = (double)(now.tv_sec - f->told.tv_sec) + (double)(now.tv_nsec - f->told.tv_nsec) / 1e9;
	if (f->told.tv_sec && page->tip_height > f->cursor.height)
		indexer_say(0, "height %" PRIu64 " of %" PRIu64 ", %.0f payments/s", f->cursor.height, page->tip_height,
		            (double)(f->payments - f->told_payments) / seconds);
	f->told = now;
	f->told_payments = f->payments;
}

static int follow_write(struct follow *f, const struct chain_page *page)
{
	struct checked_page checked;
	char why[256];

	int error = chain_check_page(&f->options->known->genesis, &f->cursor, page, &checked, why);
	if (error == UNCIA_E_MEMORY)
		return indexer_say(INDEXER_FAILED, "out of memory");
	if (error)
		return indexer_say(INDEXER_MISMATCH,
		                   "what the validator gives does not hold: %s; nothing of it was written", why);
	error = writer_write(&f->database, &f->tables, &checked, &f->cursor);
	for (size_t i = 0; !error && i < checked.count; i++)
		f->payments += checked.blocks[i].block->count;
	checked_page_free(&checked);
	if (error)
		return follow_database_failed(f, error);
	f->retry_ms = 0;
	standing_move(f->standing, &f->cursor, page->tip_height);
	/* A few blocks below the validator's is where one is who follows: the newest wait for what proves them. */
	bool near = page->tip_height < f->cursor.height + CHAIN_PAGE_BLOCKS_MAX;
	standing_set(f->standing, near ? STANDING_FOLLOWING : STANDING_CATCHING_UP, NULL);
	follow_progress(f, page);
	return FOLLOW_AGAIN;
}

/* One page. */
static int follow_turn(struct follow *f)
{
	struct feed *feed = f->options->feed;
	struct chain_page page;

	if (!f->placed) {
		int code = follow_begin(f);
		if (code)
			return code;
	}
	chain_page_begin(&page);
	int code = FOLLOW_AGAIN;
	int error = feed->next(feed, f->cursor.height + 1, PAGE_WAIT_MS, &page);
	if (error) {
		code = follow_feed_failed(f, error);
	} else if (page.count) {
		code = follow_write(f, &page);
	} else {
		f->retry_ms = 0;
		standing_move(f->standing, &f->cursor, page.tip_height);
		standing_set(f->standing, STANDING_FOLLOWING, NULL);
		if (feed->ends || f->options->once)
			code =
			    indexer_say(INDEXER_DONE, "all is in the tables, up to height %" PRIu64, f->cursor.height);
	}
	chain_page_end(&page);
	return code;
}

int follow_run(const struct follow_options *options)
{
	struct follow f = {.options = options, .standing = options->standing};
	int code = FOLLOW_AGAIN;
	bool ends = false;

	while (code == FOLLOW_AGAIN && !ends) {
		code = follow_turn(&f);
		ends = follow_wait(f.placed ? 0 : f.retry_ms);
	}
	if (code == FOLLOW_AGAIN)
		code = indexer_say(INDEXER_DONE, "ended as it was asked to, at height %" PRIu64, f.cursor.height);
	database_close(&f.database);
	standing_set(f.standing, STANDING_ENDED, NULL);
	return code;
}
