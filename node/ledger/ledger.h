/* The ledger (docs/spec/ledger.md §3, §4): execution of payments, the state root, supply, the index of payment ids,
 * account proofs. Single-threaded and pure: it reads through the storage view, and changes nothing outside itself.
 *
 * Three layers: the stored state (the view); over it, the settled blocks that are not flushed; over those, one overlay
 * (struct executed) for each block that is not settled. The newest final block stays an overlay until its child is
 * final, so that the settled state is always the one whose root the newest final header carries: proofs are made
 * against that one.
 *
 * "An error of the view" is UNCIA_E_DAMAGED or UNCIA_E_IO. Functions that only read may return UNCIA_E_MEMORY as well,
 * since they note results in a cache. After each of these nothing has changed, unless it is said otherwise. */
#ifndef LEDGER_H
#define LEDGER_H
#include "payment.h"
#include "storage_view.h"

struct committee;
struct reconfigure;

struct ledger;
/* The effect of one block on its parent's state. Reference-counted: a child holds its parent. */
struct executed;

/* ---- the ledger, and its settled state ------------------------------------------------------- */

/* Opens over the view, and rebuilds the inner digests of the state tree from the stored groups. Checks that for each
 * currency the balances sum to the recorded supply. The genesis and the store behind the view outlive the ledger; the
 * seed is copied, and no stranger may know it. Returns 0, UNCIA_E_DAMAGED (also: the store is empty), UNCIA_E_IO,
 * UNCIA_E_MEMORY. Owns: ledger_free, after every block has been released. */
int ledger_new(const struct genesis *genesis, const struct storage_view *view, const uint8_t hash_seed[16],
               struct ledger **ledger);
void ledger_free(struct ledger *ledger); /* accepts NULL */
uint64_t ledger_settled_height(const struct ledger *ledger);
void ledger_settled_id(const struct ledger *ledger, struct hash *id);
/* The state root after the settled block: the newest final header carries it once its parent is that block. Returns 0.
 */
int ledger_settled_root(struct ledger *ledger, struct hash *root);
/* How many accounts there are in the settled state. */
uint64_t ledger_accounts(const struct ledger *ledger);

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Begins a block on `parent`, which has ended (NULL: on the settled state), one height above it. timestamp_ms decides
 * which payments are in time. Returns 0 or UNCIA_E_MEMORY. Owns: executed_release. */
int ledger_begin(struct ledger *ledger, struct executed *parent, uint64_t height, uint64_t timestamp_ms,
                 struct executed **block);
/* Applies one payment to a block that has not ended, wholly or not at all. Its signature has been verified already, and
 * its key is a valid point. Returns 0, or why not, the block being unchanged:
 * UNCIA_E_EXISTS     its id is in the ledger or in this block
 * UNCIA_E_EXPIRED, UNCIA_E_TOO_FAR
 * UNCIA_E_END        the end of the hold that it opens, takes from or gives back does not allow it
 * UNCIA_E_FUNDS      the balance is too small, or in another currency, or there is no such account or hold; or a hold
 *                    that it gives back has another balance
 * UNCIA_E_SIGNATURE  the key is not the sender's
 * UNCIA_E_AMOUNT     an output is below the smallest amount, or would leave less than that behind; the receiver's
 *                    account is in another currency; a balance would overflow
 * UNCIA_E_MEMORY, or an error of the view. */
int ledger_add(struct ledger *ledger, struct executed *block, const struct payment *payment);
/* Returns the result of ledger_add in a block on `parent` (NULL: settled), changing nothing. */
int ledger_check(struct ledger *ledger, struct executed *parent, uint64_t timestamp_ms, const struct payment *payment);
/* Applies the change of a committee to a block that has nothing else in it, wholly or not at all: consensus keys of
 * `current` that it leaves out are retired (docs/spec/ledger.md §4.1). Its signatures have been verified already, and
 * it is of the epoch of `current`. Returns 0, or why not, the block being unchanged: UNCIA_E_EXPIRED, UNCIA_E_TOO_FAR;
 * UNCIA_E_EXISTS (a key that joins was retired before); UNCIA_E_MEMORY, or an error of the view. */
int ledger_reconfigure(struct ledger *ledger, struct executed *block, const struct committee *current,
                       const struct reconfigure *change);
/* Returns the result of ledger_reconfigure in a block on `parent` (NULL: settled), changing nothing. */
int ledger_check_reconfigure(struct ledger *ledger, struct executed *parent, uint64_t timestamp_ms,
                             const struct committee *current, const struct reconfigure *change);
/* Ends the block once its id is known: it takes no more payments, and blocks may begin on it. Once. */
void ledger_end(struct executed *block, const struct hash *block_id);
/* The state root after this block, which has ended (cached). Returns 0, UNCIA_E_MEMORY, or UNCIA_E_DAMAGED: its
 * payments made or lost money. */
int ledger_root(struct ledger *ledger, struct executed *block, struct hash *root);
/* Makes `block`, a child of the settled state that has ended, the settled state. Its siblings must have been released.
 * `touched` (NULL: nobody) is called for every account and hold whose entry changed. Returns 0, or as ledger_root; then
 * the ledger can only be freed. */
int ledger_settle(struct ledger *ledger, struct executed *block,
                  void (*touched)(void *context, const struct entry_id *id), void *context);
void executed_release(struct ledger *ledger, struct executed *block); /* accepts NULL */

/* ---- looking up: in the settled state, and in the overlays from `tip` (may be NULL) down ------- */

/* How a payment's key stands to its sender, an account or a hold. */
enum sender_key {
	SENDER_KEY_BOUND,    /* the account is bound to it: it was found to be a valid point then */
	SENDER_KEY_FIRST,    /* it is the right one, and no entry holds it: it may be no valid point */
	SENDER_KEY_NONE,     /* nobody signs a give-back */
	SENDER_KEY_UNFUNDED, /* there is no such account or hold: nothing has been paid to it, or nothing is left */
	SENDER_KEY_OTHER,    /* anybody else's: no block can take the payment */
	SENDER_KEY_LATE,     /* the take would be later than the end of its hold: no block can take it */
};
/* *covered: there is an account, and its entry lets the payment through as far as that entry and the amounts can say:
 * currency, balance, rest, and no amount too small. A payment that is not covered may fit all the same, if it pays its
 * sender. Returns 0, UNCIA_E_MEMORY, or an error of the view; then neither is set. */
int ledger_payment_key(struct ledger *ledger, struct executed *tip, const struct payment *payment, enum sender_key *key,
                       bool *covered);

/* Fetches into the processor's caches what a payment id will be looked up in. A hint: it changes nothing. */
void ledger_prefetch_payment(const struct ledger *ledger, const struct payment_id *id);
/* What was fetched of the last entries; begins as {0}. */
#define LEDGER_AHEAD 16u
struct ledger_ahead {
	size_t count;
	unsigned hashes[LEDGER_AHEAD];
	uint64_t indexes[LEDGER_AHEAD];
};
/* The same of an entry after `tip` (may be NULL), step by step: it is there when some sixteen more have been named. */
void ledger_prefetch_entry(const struct ledger *ledger, const struct executed *tip, struct ledger_ahead *ahead,
                           const struct entry_id *id);
/* Where a payment is. Returns 0, UNCIA_E_NOT_FOUND, UNCIA_E_MEMORY, or an error of the view. */
int ledger_find_payment(struct ledger *ledger, struct executed *tip, const struct payment_id *id,
                        struct payment_record *record);
/* The same without the record. */
int ledger_knows_payment(struct ledger *ledger, struct executed *tip, const struct payment_id *id);
/* The newest payment that touched an entry, deleted ones included. height 0: the entry is there, and no payment has
 * touched it. Returns 0, UNCIA_E_NOT_FOUND (there never was one), UNCIA_E_MEMORY, or an error of the view. */
int ledger_history_head(struct ledger *ledger, struct executed *tip, const struct entry_id *id, struct position *head);
/* An entry by its id, and its index. Returns 0, UNCIA_E_NOT_FOUND, UNCIA_E_MEMORY, or an error of the view. */
int ledger_entry(struct ledger *ledger, struct executed *tip, const struct entry_id *id, struct entry *entry,
                 uint64_t *index);
/* The proof of an entry under a state root (docs/spec/ledger.md §4.4). */
struct ledger_proof {
	uint64_t index, entry_count, free_head;
	uint8_t group[GROUP_SIZE];
	size_t path_size;
	uint8_t path[TREE_LEVELS_MAX * (TREE_ARITY - 1) * HASH_SIZE];
};
/* Proves an entry in the settled state, whatever the tip, under ledger_settled_root. Returns 0, UNCIA_E_NOT_FOUND,
 * UNCIA_E_MEMORY, or an error of the view. */
int ledger_prove(struct ledger *ledger, const struct entry_id *id, struct ledger_proof *proof);

/* ---- flushes --------------------------------------------------------------------------------- */

/* Everything settled since the last flush was taken; NULL where no block was, or where that one has not come back. When
 * it is stored and the view shows it, it is handed back to ledger_flushed, which frees it. It may outlive the ledger,
 * and is then freed by flush_free. Returns 0 or UNCIA_E_MEMORY. */
int ledger_take_flush(struct ledger *ledger, struct flush **flush);
void ledger_flushed(struct ledger *ledger, struct flush *flush);
/* How often payments settled since a flush was last taken named an entry: a measure of the memory and the writing that
 * the next one takes. A payment of one output counts 2, one of 255 outputs 256. */
size_t ledger_unflushed(const struct ledger *ledger);

void flush_free(struct flush *flush); /* accepts NULL */

/* The genesis as the first flush of an empty store (docs/spec/ledger.md §4.1): the currency's entry, then the accounts
 * in order, at height 0. Returns 0 or UNCIA_E_MEMORY. Owns: flush_free. */
int genesis_flush(const struct genesis *genesis, struct flush **flush);

#endif
