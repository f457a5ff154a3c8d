/* A temporary ledger in a directory of its own, made from the genesis: the audit executes every payment on it. Each
 * function that returns an int returns an exit code, and has said on standard error what failed. Threads: the
 * command's.
 */
#ifndef SCRATCH_H
#define SCRATCH_H
#include "home.h"
#include "ledger.h"

struct scratch {
	char path[PATH_MAX]; /* empty: no directory was made */
	struct store *store;
	struct ledger *ledger;
};

/* Makes it in `directory`. scratch_close follows in every case. */
int scratch_open(struct scratch *scratch, const struct home *home, const char *directory);
/* Writes everything that is settled to the store, and moves the store's view to it. */
int scratch_flush(struct scratch *scratch);
/* Closes and removes it, also after a failed open. A directory that cannot be removed is said, and no failure. */
void scratch_close(struct scratch *scratch);

#endif
