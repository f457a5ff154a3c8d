/* The state of the indexing, under a lock. */
#include "standing.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "indexer_say.h"

static const char *const words[] = {
    [STANDING_STARTING] = "starting",         [STANDING_CATCHING_UP] = "catching_up",
    [STANDING_FOLLOWING] = "following",       [STANDING_NO_DATABASE] = "no_database",
    [STANDING_FULL] = "database_full",        [STANDING_IN_THE_WAY] = "database_busy",
    [STANDING_NO_VALIDATOR] = "no_validator", [STANDING_AHEAD] = "validator_behind",
    [STANDING_READING] = "reading",           [STANDING_ENDED] = "ended",
};

static const char *const sentences[] = {
    [STANDING_STARTING] = "starting",
    [STANDING_CATCHING_UP] = "catching up",
    [STANDING_FOLLOWING] = "following: what is final is in the tables",
    [STANDING_NO_DATABASE] = "waiting for PostgreSQL",
    [STANDING_FULL] = "waiting until PostgreSQL has room; nothing was written in part",
    [STANDING_IN_THE_WAY] = "waiting until PostgreSQL takes what is written",
    [STANDING_NO_VALIDATOR] = "waiting for the validator",
    [STANDING_AHEAD] = "waiting until the validator has what is in the tables already",
    [STANDING_READING] = "answering from the tables",
    [STANDING_ENDED] = "ended",
};

void standing_init(struct standing *standing, enum standing_state state)
{
	memset(standing, 0, sizeof(*standing));
	pthread_mutex_init(&standing->lock, NULL);
	standing->state = state;
}

void standing_set(struct standing *standing, enum standing_state state, const char *why)
{
	pthread_mutex_lock(&standing->lock);
	bool changed = standing->state != state || strcmp(standing->why, why ? why : "");
	standing->state = state;
	snprintf(standing->why, sizeof(standing->why), "%s", why ? why : "");
	uint64_t height = standing->cursor.height, tip = standing->tip_height;
	pthread_mutex_unlock(&standing->lock);
	if (!changed || state == STANDING_ENDED)
		return;
	if (state == STANDING_CATCHING_UP || state == STANDING_FOLLOWING)
		indexer_say(0, "%s (height %" PRIu64 ", the validator's %" PRIu64 ")", sentences[state], height, tip);
	else
		indexer_say(0, "%s%s%s", sentences[state], why ? ": " : "", why ? why : "");
}

void standing_move(struct standing *standing, const struct chain_place *cursor, uint64_t tip_height)
{
	pthread_mutex_lock(&standing->lock);
	standing->cursor = *cursor;
	if (tip_height)
		standing->tip_height = tip_height;
	pthread_mutex_unlock(&standing->lock);
}

void standing_copy(struct standing *standing, struct standing *copy)
{
	pthread_mutex_lock(&standing->lock);
	memcpy(copy, standing, sizeof(*copy));
	pthread_mutex_unlock(&standing->lock);
}

const char *standing_word(enum standing_state state)
{
	return words[state];
}
