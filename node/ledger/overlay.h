/* One layer of changes over the ledger's state: of one block, or of all blocks that are settled and not stored yet; but
 * for the groups of entries (groups.h, settled.h). Tables by key, their nodes in one arena that is freed as a whole.
 * Knows neither the rules of payments nor the layers below. */
#ifndef OVERLAY_H
#define OVERLAY_H
#include "arena.h"
#include "storage_view.h"
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* A lookup reads handle and key: they come first, side by side. */
struct overlay_address {
	UT_hash_handle hh;
	struct entry_id id;
	uint64_t index; /* ENTRY_NONE: no entry has this id */
};

struct overlay_payment {
	UT_hash_handle hh;
	struct payment_id id;
	struct position at;
	uint32_t previous_count;
	struct position *previous;
};

struct overlay_orphan {
	UT_hash_handle hh;
	struct entry_id id;
	struct position head; /* height 0: none */
};

/* A Bloom filter of one hash before a table: a layer that does not have a key mostly says so by one bit. It grows with
 * its table, to a bound. */
struct filter {
	uint64_t *words; /* NULL: the table is empty */
	unsigned bits_log2;
};

struct overlay {
	struct arena arena;
	unsigned buckets_log2; /* of a new table, so that few are ever resized, which visits every node at once */
	struct overlay_address *addresses;
	struct overlay_payment *payments;
	struct overlay_orphan *orphans;
	struct filter payment_filter;
};

/* The overlay of a block: these live for a moment only, so that one gives its memory back to `cache` and the next
 * takes it from there. NULL: from malloc's. */
void overlay_init(struct overlay *o, struct chunk_cache *cache);
/* The overlay of many blocks; `expected`: about how many nodes its largest table will have. */
void overlay_init_expecting(struct overlay *o, size_t expected);
void overlay_deinit(struct overlay *o); /* may be repeated */

/* The hash of a key, computed once and used in every layer. Strangers choose addresses and ids, so it is SipHash under
 * a random seed (docs/faults.md: keys chosen to collide in a hash table). */
unsigned overlay_hash(const uint8_t seed[16], const void *key, size_t size);

/* Lookups. NULL where this layer does not have the key. */
struct overlay_address *overlay_find_address(const struct overlay *o, const struct entry_id *id, unsigned hash);
struct overlay_payment *overlay_find_payment(const struct overlay *o, const struct payment_id *id, unsigned hash);
/* Fetches what tells of most payments that they are not in the layer. */
void overlay_prefetch_payment(const struct overlay *o, unsigned hash);
struct overlay_orphan *overlay_find_orphan(const struct overlay *o, const struct entry_id *id, unsigned hash);

/* Adding a node under a key that is not in this layer; NULL where memory ends. The payment's has room for its previous
 * positions. The caller fills the rest, so that after this nothing can fail. */
struct overlay_address *overlay_add_address(struct overlay *o, const struct entry_id *id, unsigned hash);
struct overlay_payment *overlay_add_payment(struct overlay *o, const struct payment_id *id, unsigned hash,
                                            uint32_t previous_count);
struct overlay_orphan *overlay_add_orphan(struct overlay *o, const struct entry_id *id, unsigned hash);

/* Copies `upper` over `lower`. Their payments differ (the ledger has no id twice). Returns 0, or
 * UNCIA_E_MEMORY: `lower` can then only be freed. */
int overlay_merge(struct overlay *lower, const struct overlay *upper);

#endif
