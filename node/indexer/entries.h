/* The accounts and holds that a batch of blocks touches: as the database has them, then as the batch leaves them. What
 * a payment does to them is docs/spec/ledger.md §3.5 once more, without what makes a payment valid: that has been
 * checked by those who made it final. Threads: one at a time. */
#ifndef ENTRIES_H
#define ENTRIES_H
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include "payment.h"
#include "storage_view.h"

/* An account or a hold. Of one that has been emptied the row stays, with lives = false. */
struct indexed_entry {
	struct entry_id id;
	bool stored; /* the database has a row of it */
	bool lives;  /* the ledger has an entry of it */
	bool changed;
	amount_t balance;
	uint64_t payments;    /* as the ledger's entry counts them: that touched it since it was created */
	uint64_t touches;     /* payments that ever touched it */
	uint64_t created;     /* height of the block that created the entry; of a hold, that opened it */
	struct position last; /* the newest payment that touched it */
	bool has_key;
	uint8_t key[PUBLIC_KEY_SIZE]; /* of an account: the key it is bound to */
	struct hold_opening opening;  /* of a hold: lock, home, end, amount, seal */
	struct position opened;       /* by which payment */
	bool taken;                   /* its last payment was a take; else it went home, or lives */
	uint64_t turn;                /* of the payment that touched it last in this batch */
	UT_hash_handle hh;
};

struct entries {
	struct indexed_entry *table; /* by id; walk it with HASH_ITER */
	uint64_t turn;
};

/* An empty table. */
void entries_begin(struct entries *entries);
/* Frees it, and all that is in it. */
void entries_end(struct entries *entries);
/* Takes all entries that a payment names into the table, as such that the database does not have. Returns 0 or
 * UNCIA_E_MEMORY. */
int entries_want(struct entries *entries, const struct payment *payment);
/* The entry of that id, which is in the table or NULL. */
struct indexed_entry *entries_find(const struct entries *entries, const struct entry_id *id);
/* Carries out a payment whose entries are all in the table. Returns 0; UNCIA_E_DAMAGED: it cannot have happened to what
 * the database had, which somebody has changed (why: a sentence); the table is then of no use any more. */
int entries_apply(struct entries *entries, const struct payment *payment, struct position at, char why[256]);

#endif
