/* The contract of an operation: the effect of one kind of payment on the entries of the ledger (docs/spec/ledger.md §3,
 * §4). An operation is a pair of functions in a file of its own in operations/, and a line in the table of operation.c.
 *
 * execute.c does everything that is the same for all payments: rules 1, 2 and 8 (expiry, replay, full counters), around
 * the operation's `plan`; then room in the block's overlay, which may fail, then writing, which cannot.
 *
 * An operation
 * - reads and changes entries through its plan only: it takes an entry up with plan_existing or plan_create, changes
 *   balance, currency, key and flags in place, and marks an entry that it empties with plan_delete. Kind, address,
 *   index, history and the counter of payments are the plan's.
 * - may fail at any point and leaves nothing to undo: a plan that failed is thrown away, and no block has seen it.
 * - keeps no state, allocates nothing, and does not know overlays, groups, indexes or the store.
 * - neither makes nor loses money: per currency, the balances less the recorded supply stay as they are (§4.5). The
 *   root of a block in which they do not is refused (supply.h).
 *
 * The order is the same for all operations, because two orders would be two state roots and two histories:
 * 1. debits: every account that pays is taken up, in the order of the payment's senders;
 * 2. credits: outputs in their order; an account that an output creates takes its index then;
 * 3. closing: each payer's rest is judged, and its entry marked if empty, in the same order as in 1.
 * Entries marked are freed after all else, in the order in which they were first taken up. Each call of plan_existing
 * or plan_create names an entry: payment_record.previous[i] belongs to the entry of the i-th call that succeeds. So the
 * calls follow from the payment alone.
 *
 * Errors are those of ledger_add, and mean the same.
 *
 * To add one: a kind in proto's decoded payment; operations/NAME.c with a `const struct operation operation_NAME`; its
 * declaration below, its kind, and its line in operation.c; its rules in docs/spec/ledger.md; the addresses that it
 * names, in the same order, in proto's payment_named; cases in tests/unit/ledger, in
 * ledger_model_test.c's plain rewriting of the rules, and a planted mistake. A payment names at most PLAN_ENTRIES_MAX
 * entries. A new kind of entry concerns entry.h, supply.c (whether its balance is money), read_account and
 * tell_touched, too: they know accounts only. Nothing here takes up a currency's entry: an operation that changes the
 * recorded supply (together with balances, so that supply.c still finds them equal) needs a plan_currency beside
 * plan_existing, and a rule whether it counts as named. The wallet knows transfers alone: balance.c and receipts.c
 * read outputs. */
#ifndef OPERATION_H
#define OPERATION_H
#include "ledger.h"

/* A payment being worked out: the entries it has taken up so far, as they will be. */
struct plan;

enum operation_kind { OPERATION_TRANSFER, OPERATION_TAKE, OPERATION_GIVE_BACK, OPERATION_KINDS };

struct operation {
	enum operation_kind kind;
	/* Works the payment out. Returns 0 or why it does not fit the ledger now, as ledger_add. */
	int (*plan)(struct plan *plan, const struct payment *payment);
	/* Whether the sender's entry lets the payment through, as far as that entry and the amounts can say. */
	bool (*covered)(const struct genesis *genesis, const struct entry *sender, const struct payment *payment);
	/* How the payment's key stands to what pays: an account or a hold, or NULL where there is none. */
	enum sender_key (*key)(const struct entry *sender, const struct payment *payment);
};

extern const struct operation operation_transfer, operation_take, operation_give_back;

/* The operation that a payment is of. There is always one: decoding refuses every other. */
const struct operation *operation_of(const struct payment *payment);

/* ---- plan.c: entries ------------------------------------------------------------------------- */

/* Takes up the entry of an id, or the same one again. *entry belongs to the plan and stays in place until the
 * plan ends. Returns 0, UNCIA_E_NOT_FOUND (nothing is taken up or named), UNCIA_E_MEMORY, or an error of the view. */
int plan_existing(struct plan *plan, const struct entry_id *id, struct entry **entry);
/* Makes an entry of an id for which plan_existing has just found none (asserted: not taken up yet), of the id's kind:
 * its address is the id's and `created` the block's height, all else zero. Returns 0 or an error of the view. */
int plan_create(struct plan *plan, const struct entry_id *id, struct entry **entry);
/* Marks an entry of the plan to be freed once the payment is written. It holds nothing then (asserted when it is
 * written). Once for each entry. */
void plan_delete(struct plan *plan, struct entry *entry);
/* The time of the block that it is for, in whole seconds since 1970. */
uint64_t plan_time_s(const struct plan *plan);
/* The limits that the operation is to keep. */
const struct genesis *plan_genesis(const struct plan *plan);

/* ---- accounts.c: rules shared by operations that move money between accounts ------------------ */

/* Rule 3: takes up the account that pays, which `public_key` must be the key of; binds it where the account has none.
 * Returns 0, UNCIA_E_FUNDS (no such account), UNCIA_E_SIGNATURE, or as plan_existing. */
int account_signed(struct plan *plan, const struct address *address, const uint8_t public_key[PUBLIC_KEY_SIZE],
                   struct entry **account);
/* Rule 5. Returns 0 or UNCIA_E_FUNDS (also: the account holds another currency). */
int account_debit(struct entry *account, uint32_t currency, amount_t amount);
/* Rule 6: adds an output to its account, which is made where there is none. Returns 0, UNCIA_E_AMOUNT (below the
 * smallest amount, another currency, or overflow), or as plan_existing. */
int account_credit(struct plan *plan, uint32_t currency, const struct output *output);
/* Rule 7 and §4.2, after all credits: an account that paid keeps nothing, and is deleted unless its key was ever
 * changed, or keeps at least the smallest amount. Returns 0 or UNCIA_E_AMOUNT. */
int account_close(struct plan *plan, struct entry *account);
/* How a key stands to the account of an address; NULL: there is none. Never SENDER_KEY_UNFUNDED. */
enum sender_key account_key(const struct entry *account, const struct address *address,
                            const uint8_t public_key[PUBLIC_KEY_SIZE]);
/* Names a hold's entry: it is then the one of the id that follows from these. */
void hold_fill(struct entry *hold, const struct address *home, const struct hash *seal);
/* After all credits: a hold that paid has nothing left, and is deleted, or at least the smallest amount. Returns 0 or
 * UNCIA_E_AMOUNT. */
int hold_close(struct plan *plan, struct entry *hold);
/* Whether an amount is below the smallest one. Zero always is. */
bool amount_too_small(const struct genesis *genesis, amount_t amount);

#endif
