/* Going back from an account's proved state through the payments that made it (wallet 7.8): whether they were all. */
#ifndef WALK_H
#define WALK_H
#include <uncia/uncia.h>
#include "amount.h"
#include "entry.h"

struct account_walk {
	uint64_t seen; /* payments gone back through, newest first */
	amount_t held; /* what the account held before the last of them */
	bool gap;      /* they cannot have been all */
};

/* At the proved balance. */
void walk_begin(struct account_walk *walk, amount_t balance);
/* Undoes one payment that touched the wallet's own account; one that is older than the entry's count reaches is left
 * alone. */
void walk_back(const struct uncia_wallet *w, struct account_walk *walk, const struct entry *entry,
               const struct uncia_receipt *receipt);
/* Whether these were all payments since the account was created. */
bool walk_complete(const struct uncia_wallet *w, const struct account_walk *walk, const struct entry *entry);

#endif
