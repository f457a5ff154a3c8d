/* Shared by the files of the ledger, and seen by nobody else: ledger.c (blocks, roots, settling), plan.c, execute.c and
 * accounts.c (payments), lookup.c (reading through the layers), flush.c (handing over to the store). */
#ifndef LEDGER_INTERNAL_H
#define LEDGER_INTERNAL_H
#include <assert.h>
#include "groups.h"
#include "ledger.h"
#include "operation.h"
#include "overlay.h"
#include "lookup_cache.h"
#include "settled.h"
#include "state_tree.h"
#include "supply.h"
#include "uncia/error.h"

/* The length of the list of entries and the head of its free list, which the root binds with the entries; and how many
 * of them are accounts. */
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
	struct executed *parent; /* referenced; NULL: it was settled before this block began, or both are */
	uint64_t height, timestamp_ms;
	struct hash id; /* from EXECUTED_ENDED on */
	uint32_t payment_count;
	size_t touches; /* how often its payments named an entry */
	struct extent extent;
	struct block_groups groups;
	struct overlay overlay;
	struct supply supply_before; /* of the groups as they were copied, subtracted from zero */
	struct hash root;            /* from EXECUTED_ROOTED on */
	struct tree_step *step;      /* from the parent's tree to this block's; NULL until computed, and once settled */
};

/* How many entries a payment can take up, and how often it can name one: its sender and its outputs. */
#define PLAN_ENTRIES_MAX (1 + PAYMENT_OUTPUTS_MAX)

/* With more entries than these a plan finds them by a table, at most half full. */
#define PLAN_SCANNED 8u
#define PLAN_SLOTS   512u
static_assert(PLAN_SLOTS >= 2 * PLAN_ENTRIES_MAX, "a search of the table ends at a free slot");

/* An entry that a payment takes up: as it will be, and where it is from. */
struct touched {
	struct entry_id id;
	unsigned hash; /* of the id */
	uint64_t index;
	bool created, deleted, had_orphan;
	struct position head; /* the newest payment that touched it before this one */
	struct entry entry;
	const struct group_record *source; /* its group as found; NULL for an index that is new */
	struct held_group *own;            /* the block's own copy of it, once there is room */
};

/* A payment, worked out but not carried out. */
struct plan {
	struct ledger *ledger;
	const struct executed *tip; /* it is worked out on the state after this block */
	uint64_t height;            /* of the block that it is for */
	uint64_t timestamp_ms;      /* likewise */
	unsigned id_hash;
	struct extent extent; /* after it, before its deletions */
	uint32_t count;       /* of touched, in the order in which they were first taken up */
	uint32_t named_count;
	struct touched touched[PLAN_ENTRIES_MAX];
	uint16_t slots[PLAN_SLOTS];       /* number of a touched entry, from 1, by its hash; 0: free */
	uint32_t named[PLAN_ENTRIES_MAX]; /* the entries that the operation asked for: which of touched */
	struct group_record
	    records[PLAN_ENTRIES_MAX]; /* groups read from the view, of the touched entry of the same number */
	struct payment_record found;
};

struct ledger {
	const struct genesis *genesis;
	struct storage_view view;
	uint8_t hash_seed[16];
	/* The settled state: the two layers of `settled`, over the view. */
	uint64_t height, flushed_height;
	struct hash id, root;
	struct extent extent;
	struct settled settled;
	struct flush *flush;            /* under way, or NULL; it owns settled.taken until it is handed back */
	struct chunk_cache chunk_cache; /* memory of released blocks' overlays, for the next ones */
	size_t groups_expected;         /* of the next block: what the largest of those settled lately had */
	size_t unflushed;
	/* The tree is positioned after block `at`, which descends from the settled one; NULL: after the settled one. */
	struct state_tree tree;
	struct executed *at;
	struct lookup_cache *cache;
	struct plan *plan;
};

/* ---- lookup.c: reads go from `tip` (may be NULL) down through the overlays of blocks that are not settled, then
 * through the layers of `settled`, then to the view. Each returns 0, UNCIA_E_NOT_FOUND where it is said,
 * UNCIA_E_MEMORY, or an error of the view. ---- */

/* To the next state, which must be this one. */
static inline void executed_move(struct executed *block, enum executed_state next)
{
	assert((unsigned)next == (unsigned)block->state + 1);
	block->state = next;
}

/* The parent, or NULL where that is settled. */
struct executed *executed_parent(const struct executed *block);
/* The newest block that is not settled, from `tip` (may be NULL) down, or NULL. */
const struct executed *first_block(const struct executed *tip);
const struct extent *extent_after(const struct ledger *ledger, const struct executed *tip);
/* *record points into a layer, or at `scratch`, filled from the view. The index is below the entry count (asserted),
 * where there always is a group. */
int read_group(const struct ledger *ledger, const struct executed *tip, uint64_t index, struct group_record *scratch,
               const struct group_record **record);
/* An entry, and the group that it was found in, as read_group gives it. */
struct found_entry {
	const struct group_record *record;
	uint64_t index;
	struct entry entry;
};
/* The entry of this id, whose hash is given. UNCIA_E_NOT_FOUND where there is none; *found is undefined then. */
int read_entry(const struct ledger *ledger, const struct executed *tip, const struct entry_id *id, unsigned hash,
               struct group_record *scratch, struct found_entry *found);
/* UNCIA_E_NOT_FOUND where no block has this id; *record may have been written to all the same. */
int read_payment(const struct ledger *ledger, const struct executed *tip, const struct payment_id *id, unsigned hash,
                 struct payment_record *record);
/* The history head that a deleted entry left under its id; height 0: there is none. */
int read_orphan(const struct ledger *ledger, const struct executed *tip, const struct entry_id *id, unsigned hash,
                struct position *head);

/* ---- plan.c ---- */

/* Empties the plan for a payment in a block of that height and time on `tip`. */
void plan_begin(struct plan *plan, const struct executed *tip, uint64_t height, uint64_t timestamp_ms);
/* Once for each payment, when all else about it is planned. */
void plan_count_payment(struct plan *plan);

/* ---- execute.c ---- */

/* As ledger_add, by this operation. Tests plant theirs here. */
int execute_operation(struct ledger *ledger, struct executed *block, const struct payment *payment,
                      const struct operation *operation);

/* ---- flush.c ---- */

/* How many of each a flush has room for. */
struct flush_room {
	size_t groups, addresses, payments, orphans;
	size_t records; /* of its own, for its groups to point at */
};
/* An empty flush. NULL where memory ends. Owns: flush_free. */
struct flush *flush_new(const struct flush_room *room);

#endif
