/* How the indexing stands, told by the thread that indexes to those that answer requests. Threads: any. */
#ifndef STANDING_H
#define STANDING_H
#include <pthread.h>
#include "chain_check.h"

enum standing_state {
	STANDING_STARTING,
	STANDING_CATCHING_UP,  /* the validator is more than a page ahead */
	STANDING_FOLLOWING,    /* what is final there is in the tables, but for the newest blocks */
	STANDING_NO_DATABASE,  /* PostgreSQL is away; it waits */
	STANDING_FULL,         /* PostgreSQL has no room; it waits */
	STANDING_IN_THE_WAY,   /* another writer, or a standby; it waits */
	STANDING_NO_VALIDATOR, /* nobody is there to follow; it waits */
	STANDING_AHEAD,        /* the validator's chain ends below the cursor; it waits */
	STANDING_READING,      /* this process does not index */
	STANDING_ENDED,
};

struct standing {
	pthread_mutex_t lock;
	enum standing_state state;
	char why[512];             /* of what it waits for; empty: nothing */
	struct chain_place cursor; /* what is in the tables */
	uint64_t tip_height;       /* of the validator; 0: not known */
};

/* A standing at its start. */
void standing_init(struct standing *standing, enum standing_state state);
/* Sets the state, and says it on standard error where it is another one, or another reason of it. why: NULL: none. */
void standing_set(struct standing *standing, enum standing_state state, const char *why);
/* Tells where the tables and the validator are. */
void standing_move(struct standing *standing, const struct chain_place *cursor, uint64_t tip_height);
/* A copy of it; its lock is not to be used. */
void standing_copy(struct standing *standing, struct standing *copy);
/* One word for a state, as the API has it. */
const char *standing_word(enum standing_state state);

#endif
