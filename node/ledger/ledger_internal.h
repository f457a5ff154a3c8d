/* What the files of the ledger share: ledger.c (blocks, roots, settling), execute.c (the rules of a payment),
 * lookup.c (reading through the layers), flush.c (handing over to the store). For nobody else. */
#ifndef LEDGER_INTERNAL_H
#define LEDGER_INTERNAL_H
#include <assert.h>
#include "ledger.h"
#include "operation.h"
#include "overlay.h"
#include "lookup_cache.h"
#include "settled.h"
#include "state_tree.h"
#include "supply.h"
#include "uncia/error.h"

/* The size of the list of entries, and where its free ones begin: with the entries, what the root binds. */
struct extent {
	uint64_t entry_count, free_head;
	uint64_t accounts;
};

/* The life of a block, one step at a time. */
enum executed_state {
	EXECUTED_OPEN,    /* takes payments */
	EXECUTED_ENDED,   /* takes no more: it has an id, and blocks may begin on it */
	EXECUTED_ROOTED,  /* its state root is known */
	EXECUTED_SETTLED, /* its overlay is folded into ledger.settled: no read goes through here */
};

struct executed {
	uint32_t references;
	enum executed_state state;
	struct executed *parent; /* referenced; NULL: it was settled before this one began, or both are settled */
	uint64_t height, timestamp_ms;
	struct hash id;
	uint32_t payment_count;
	size_t touches; /* of accounts, by its payments */
	struct extent extent;
	struct overlay overlay;
	struct supply supply_before; /* less what the overlay's groups held and recorded when they were copied */
	struct hash root;
	struct tree_step *step; /* from the parent's tree to this block's, once computed */
};

/* How many entries a payment can take up, and how often it can name one: its sender and its outputs. */
#define PLAN_ENTRIES_MAX (1 + PAYMENT_OUTPUTS_MAX)

/* An entry that a payment takes up: as it will be, and where it is from. */
struct touched {
	struct address address;
	unsigned hash; /* of the address */
	uint64_t index;
	bool created, deleted, had_orphan;
	struct position head; /* the newest payment that touched it before this one */
	struct entry entry;
	const struct group_record *source; /* its group as found; NULL for an index that is new */
	struct overlay_group *own;         /* the block's own copy of it, once there is room */
};

/* A payment, worked out but not carried out. */
struct plan {
	struct ledger *ledger;
	const struct executed *tip; /* it is worked out on the state after this block */
	uint64_t height;            /* of the block that it is for */
	unsigned id_hash;
	struct extent extent; /* after it, but for what it frees */
	uint32_t count;       /* of touched, in the order in which they were first taken up */
	uint32_t named_count;
	struct touched touched[PLAN_ENTRIES_MAX];
	uint32_t named[PLAN_ENTRIES_MAX]; /* the entries that the operation asked for: which of touched */
	struct group_record
	    records[PLAN_ENTRIES_MAX]; /* groups read from the view, of the touched entry of the same number */
	struct payment_record found;
};

struct ledger {
	const struct genesis *genesis;
	struct storage_view view;
	uint8_t hash_seed[16];
	/* The settled state: the view, under the two layers of `settled`. */
	uint64_t height, flushed_height;
	struct hash id, root;
	struct extent extent;
	struct settled settled;
	struct flush *flush;        /* under way, or NULL: settled.taken is its own until it is back */
	struct arena_spares spares; /* of the blocks' layers */
	size_t unflushed;
	/* The tree is after block `at`, which descends from the settled one; NULL: after the settled one. */
	struct state_tree tree;
	struct executed *at;
	struct lookup_cache *cache;
	struct plan *plan;
};

/* ---- lookup.c: reads go from `tip` down through the blocks that are not settled, then through what is settled and
 * not stored, then to the view. Each returns 0, UNCIA_E_NOT_FOUND where said, or an error of the view. ---- */

/* To the next state, which must be this one. */
static inline void executed_move(struct executed *block, enum executed_state next)
{
	assert((unsigned)next == (unsigned)block->state + 1);
	block->state = next;
}

/* The parent, unless it is settled: then NULL, as it is for a block that began on the settled state. */
struct executed *executed_parent(const struct executed *block);
const struct extent *extent_after(const struct ledger *ledger, const struct executed *tip);
/* *record points into a layer, or at `scratch`, filled from the view. Below the entry count there is always one. */
int read_group(const struct ledger *ledger, const struct executed *tip, uint64_t index, struct group_record *scratch,
               const struct group_record **record);
/* An entry, and the group that it was found in, as read_group gives it. */
struct found_entry {
	const struct group_record *record;
	uint64_t index;
	struct entry entry;
};
/* The account of this address. Returns NOT_FOUND where there is none. */
int read_account(const struct ledger *ledger, const struct executed *tip, const struct address *address, unsigned hash,
                 struct group_record *scratch, struct found_entry *found);
/* NOT_FOUND. `scratch` is written over. */
int read_payment(const struct ledger *ledger, const struct executed *tip, const struct payment_id *id, unsigned hash,
                 struct payment_record *scratch);
/* *head.height is 0 where there is none. */
int read_orphan(const struct ledger *ledger, const struct executed *tip, const struct address *address, unsigned hash,
                struct position *head);

/* ---- plan.c ---- */

void plan_begin(struct plan *plan, const struct executed *tip, uint64_t height);
/* Returns 0 or UNCIA_E_AMOUNT. */
int plan_count_payment(struct plan *plan);

/* ---- accounts.c ---- */

/* How a key stands to the account of an address; NULL: there is none. */
enum sender_key account_key(const struct entry *account, const struct address *address,
                            const uint8_t public_key[PUBLIC_KEY_SIZE]);

/* ---- execute.c ---- */

/* As ledger_add, by this operation. Tests plant theirs here. */
int execute_operation(struct ledger *ledger, struct executed *block, const struct payment *payment,
                      const struct operation *operation);

/* ---- flush.c ---- */

/* An empty flush with room for these, and with records of its own for its groups to point at. NULL where memory ends.
 */
struct flush *flush_new(size_t groups, size_t addresses, size_t payments, size_t orphans, size_t records);

#endif
