/* Connections that only read, for the threads that answer requests. Threads: any. */
#ifndef READERS_H
#define READERS_H
#include "known.h"
#include "tables.h"

#define READERS_COUNT 5u /* the threads of http.c: four, and the one that looks at the cursor */

struct readers;

/* None is connected yet. Both outlive it. Returns NULL where memory ends. */
struct readers *readers_new(const char *connection, const struct genesis *genesis);
/* Closes them; none is out. NULL does nothing. */
void readers_free(struct readers *readers);
/* A connection of one's own until readers_give, connected and with tables of the right network; NULL: why not is in
 * *error and `why`. After a failed attempt the next one is made a second later, and those in between fail at once. */
struct database *readers_take(struct readers *readers, int *error, char why[DATABASE_WHY_SIZE]);
/* Gives it back. One that has lost its server is closed. */
void readers_give(struct readers *readers, struct database *database);

#endif
