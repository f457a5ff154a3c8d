/* Indexing: takes page after page of a feed, checks it, and writes it, over whatever happens to PostgreSQL and to the
 * validator meanwhile. Threads: one; it takes SIGINT and SIGTERM, which all threads have blocked. */
#ifndef FOLLOW_H
#define FOLLOW_H
#include "feed.h"
#include "known.h"
#include "standing.h"

struct follow_options {
	const struct known_network *known;
	const char *database; /* a connection string */
	struct feed *feed;
	struct standing *standing;
	uint64_t partition_heights;
	bool once; /* ends where there is nothing more, instead of waiting for it */
};

/* Indexes until a signal asks it to end, or a feed that ends has ended, or something is wrong that waiting does not
 * mend; has said what. Returns an exit code. */
int follow_run(const struct follow_options *options);
/* Waits so long for a signal that asks this process to end. True: one came. */
bool follow_wait(int milliseconds);

#endif
