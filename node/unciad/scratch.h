/* A ledger of its own in a temporary directory, made from the genesis: what the audit executes every payment on. */
#ifndef SCRATCH_H
#define SCRATCH_H
#include "home.h"
#include "ledger.h"

struct scratch {
	char path[PATH_MAX];
	struct store *store;
	struct ledger *ledger;
};

/* Makes it in `directory`. Each function returns an exit code, with a message on standard error. */
int scratch_open(struct scratch *scratch, const struct home *home, const char *directory);
/* Stores all that is settled. */
int scratch_flush(struct scratch *scratch);
/* Closes and removes it; also after a failed open. */
void scratch_close(struct scratch *scratch);

#endif
