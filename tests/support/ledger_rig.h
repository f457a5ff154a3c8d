/* A ledger over a store in memory, for tests: its genesis holds RIG_ACCOUNTS accounts, and further keys are there for
 * accounts to be made. Any step that must succeed is checked here. */
#ifndef LEDGER_RIG_H
#define LEDGER_RIG_H
#include "fixture.h"
#include "ledger.h"
#include "memory_store.h"

#define RIG_ACCOUNTS   6u
#define RIG_KEYS       64u
#define RIG_BALANCE    UINT64_C(1000000)
#define RIG_EXPIRES_AT (FIXTURE_TIME_S + 600u)

struct rig {
	struct fixture network;
	struct fixture_key keys[RIG_KEYS]; /* the first RIG_ACCOUNTS are in the genesis */
	struct memory_store *store;
	struct storage_view view;
	struct ledger *ledger;
	uint64_t nonce;
};

struct rig *rig_new(void);
void rig_free(struct rig *rig);
/* Closes the ledger and opens it again over what is stored. */
void rig_reopen(struct rig *rig);

/* Writes an entry into the store as it stands, as if a block had done it, and opens the ledger again.
 * Returns what ledger_new did. */
int rig_edit_entry(struct rig *rig, uint64_t index, const struct entry *entry);

/* A payment from key to key. Belongs to the caller: payment_free. */
struct payment *rig_payment(struct rig *rig, uint32_t from, uint32_t to, amount_t amount);
/* Adds a payment made for this, and frees it. Returns what ledger_add did. */
int rig_pay(struct rig *rig, struct executed *block, uint32_t from, uint32_t to, amount_t amount);

/* A block on `parent` (NULL: the settled state), one millisecond a height after the genesis. */
struct executed *rig_begin(struct rig *rig, struct executed *parent, uint64_t height);
struct hash rig_root(struct rig *rig, struct executed *block);
/* Ends the block, and any that it stands on, under a made-up id, unless it has ended. rig_begin does so with the
 * parent, rig_root and rig_settle with the block. */
void rig_end(struct executed *block);
/* Settles and releases it. */
void rig_settle(struct rig *rig, struct executed *block, uint64_t height);
/* Takes a flush, stores it, tells the ledger. */
void rig_flush(struct rig *rig);
/* The balance after `tip`, 0 where there is no account. */
amount_t rig_balance(struct rig *rig, struct executed *tip, uint32_t key);

#endif
