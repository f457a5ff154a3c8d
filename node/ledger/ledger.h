/* The ledger (docs/spec/ledger.md §4): execution of payments over overlays, the state root, supply, the index of
 * ids, account proofs. Single-threaded, pure: reads through the storage view.
 *
 * Three layers: the stored state (the view) → what is settled but not flushed → one overlay (struct
 * executed) per block that is not settled. The newest final block stays an overlay until its child is final,
 * so that the settled state is always the one whose root the newest final header carries: that is what proofs
 * are made against. */
#ifndef LEDGER_H
#define LEDGER_H
#include "payment.h"
#include "storage_view.h"

struct ledger;
/* The effect of one block on its parent's state. Reference-counted: a child holds its parent. */
struct executed;

/* Opens over the view and rebuilds the inner digests of the state tree from the stored groups. Checks that the
 * currency's recorded supply equals the sum of balances. Returns 0, UNCIA_E_DAMAGED, UNCIA_E_IO, UNCIA_E_MEMORY. */
int ledger_new(const struct genesis *genesis, const struct storage_view *view, const uint8_t hash_seed[16],
               struct ledger **ledger);
void ledger_free(struct ledger *ledger);
uint64_t ledger_settled_height(const struct ledger *ledger);
void ledger_settled_id(const struct ledger *ledger, struct hash *id);
/* After the settled block; what the newest final header carries once its parent is the settled block. */
int ledger_settled_root(struct ledger *ledger, struct hash *root);
uint64_t ledger_accounts(const struct ledger *ledger);

/* Begins a block on `parent`, which has ended (NULL: on the settled state), one height above it. timestamp_ms decides
 * which payments are in time. Returns 0 or UNCIA_E_MEMORY. */
int ledger_begin(struct ledger *ledger, struct executed *parent, uint64_t height, uint64_t timestamp_ms,
                 struct executed **block);
/* Applies one payment, wholly or not at all. The signature has been verified already, and the key is a valid point.
 * Returns 0, or why not (and the block is unchanged): UNCIA_E_EXISTS (its id is in the ledger or in this block),
 * UNCIA_E_EXPIRED, UNCIA_E_TOO_FAR, UNCIA_E_FUNDS (also: no such account), UNCIA_E_SIGNATURE (key is not the
 * sender's), UNCIA_E_AMOUNT (below the smallest amount, or leaves less than that
 * behind; a balance or a counter of payments would overflow),
 * UNCIA_E_MEMORY, or an error of the view: UNCIA_E_DAMAGED, UNCIA_E_IO. Not after ledger_end of the block. */
int ledger_add(struct ledger *ledger, struct executed *block, const struct payment *payment);
/* As ledger_add, on the state after `parent` (NULL: settled), changing nothing. */
int ledger_check(struct ledger *ledger, struct executed *parent, uint64_t timestamp_ms, const struct payment *payment);
/* Whether the sender's entry lets the payment through: its currency, its balance, what is left behind, and amounts that
 * are not too small. Of its key, its id, its time and its recipients this says nothing; where it says no, one that
 * pays its sender may fit all the same. */
bool ledger_covers(const struct ledger *ledger, const struct entry *sender, const struct payment *payment);
/* How a payment's key stands to its sender's account. */
enum sender_key {
	SENDER_KEY_BOUND, /* the account is bound to it: it was found to be a valid point then */
	SENDER_KEY_FIRST, /* there is no account, or none that is bound, and the sender is this key's address */
	SENDER_KEY_OTHER, /* anybody else's: no block can take the payment */
};
/* Looks the sender up after `tip` (NULL: settled). *covered: there is an account, and ledger_covers says yes. Returns 0
 * or an error of the view; then neither is set. */
int ledger_payment_key(struct ledger *ledger, struct executed *tip, const struct payment *payment, enum sender_key *key,
                       bool *covered);
/* Ends the block once its id is known: it takes no more payments, and blocks may begin on it. Once. */
void ledger_end(struct executed *block, const struct hash *block_id);
/* The state root after this block, which has ended (cached). Returns 0, UNCIA_E_MEMORY, or an
 * error of the view. */
int ledger_root(struct ledger *ledger, struct executed *block, struct hash *root);
/* Makes `block`, a child of the settled state that has ended, the settled state. Siblings must have been released
 * before. Returns 0, UNCIA_E_MEMORY, UNCIA_E_DAMAGED (its payments made or lost money) or an error of the view: after
 * any of these, the ledger is of no further use.
 * `touched` is called for every address whose entry changed (to unpark its payments). */
int ledger_settle(struct ledger *ledger, struct executed *block,
                  void (*touched)(void *context, const struct address *address), void *context);
struct executed *executed_ref(struct executed *block);
void executed_release(struct ledger *ledger, struct executed *block); /* accepts NULL */

/* Where a payment is, in the settled state and the overlays from `tip` (may be NULL) down.
 * Returns 0 or UNCIA_E_NOT_FOUND. */
int ledger_find_payment(struct ledger *ledger, struct executed *tip, const struct payment_id *id,
                        struct payment_record *record);
/* Whether it is there: returns 0, UNCIA_E_NOT_FOUND, or an error of the view. */
int ledger_knows_payment(struct ledger *ledger, struct executed *tip, const struct payment_id *id);
/* The head of an account's chain of payments, deleted accounts included, from `tip` down. height 0: the account is
 * there, and no payment has touched it. Returns 0, UNCIA_E_NOT_FOUND (never an account), or an error of the view. */
int ledger_history_head(struct ledger *ledger, struct executed *tip, const struct address *address,
                        struct position *head);
/* The entry of an address after `tip` (NULL: settled). Returns 0 or UNCIA_E_NOT_FOUND. */
int ledger_account(struct ledger *ledger, struct executed *tip, const struct address *address, struct entry *entry,
                   uint64_t *index);
/* Group bytes and path of an account in the SETTLED state. Returns 0, UNCIA_E_NOT_FOUND, errors of the view. */
int ledger_prove(struct ledger *ledger, const struct address *address, uint64_t *index, uint8_t group[GROUP_SIZE],
                 uint8_t path[TREE_LEVELS_MAX * 96], size_t *path_size, uint64_t *entry_count, uint64_t *free_head);

/* Everything settled since the last flush, or NULL where no block was or one is under way (*flush). Then, when it
 * is stored and the view shows it: ledger_flushed, which frees it. Returns 0 or UNCIA_E_MEMORY. The flush stands by
 * itself: it may outlive the ledger, and is then freed by flush_free. */
int ledger_take_flush(struct ledger *ledger, struct flush **flush);
void ledger_flushed(struct ledger *ledger, struct flush *flush);
/* How often payments that were settled since a flush was last taken touched an account: an ordinary one touches two,
 * and one of 255 outputs takes the memory and the writing of over a hundred ordinary ones. */
size_t ledger_unflushed(const struct ledger *ledger);

void flush_free(struct flush *flush); /* accepts NULL */

/* The genesis as a first flush: entries (currency 0 at index 0, then the accounts in order), meta at height 0.
 * Used by `unciad init` and the simulator to make an empty state. Owns: flush_free. */
int genesis_flush(const struct genesis *genesis, struct flush **flush);

#endif
