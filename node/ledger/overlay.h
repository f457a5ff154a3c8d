/* One layer of changes over the ledger's state: of one block, or of all blocks that are settled and not stored yet.
 * Tables by key in one arena, freed as a whole. Knows nothing of payments' rules, nor of the layers beneath it.
 *
 * Groups are kept whole, copied from beneath when first touched: so the state root and the flush need no reading. */
#ifndef OVERLAY_H
#define OVERLAY_H
#include "arena.h"
#include "storage_view.h"
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* A search reads handle and key: they come first, side by side. */
struct overlay_group {
	UT_hash_handle hh;
	uint64_t index;
	uint8_t changed; /* a bit for each slot written since the group was copied */
	struct group_record record;
};

struct overlay_address {
	UT_hash_handle hh;
	struct address address;
	uint64_t index; /* ENTRY_NONE: no account has this address */
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
	struct address address;
	struct position head; /* height 0: none */
};

/* Which hashes may be in a table: most layers do not have what is looked for, and say so in one bit. */
struct filter {
	uint64_t *words; /* NULL: none is */
	unsigned bits_log2;
};

struct overlay {
	struct arena arena;
	unsigned buckets_log2; /* of a new table: chosen so that few are ever resized, which moves every node at once */
	struct overlay_group *groups;
	struct overlay_address *addresses;
	struct overlay_payment *payments;
	struct overlay_orphan *orphans;
	struct filter group_filter, payment_filter;
};

/* A block's, which live for moments only: one's memory is the next one's. */
void overlay_init(struct overlay *o, struct arena_spares *spares);
/* One of many blocks: about how many nodes its largest table will have; 0: as many as a block's. */
void overlay_init_expecting(struct overlay *o, size_t expected);
void overlay_deinit(struct overlay *o);

/* The key of a table, with its hash: computed once, used in every layer. Strangers choose addresses and ids, so the
 * hash is SipHash under a random seed (faults: keys chosen to collide in a hash table). */
unsigned overlay_hash(const uint8_t seed[16], const void *key, size_t size);
/* Of a group's number: multiplication by a secret odd number scatters what strangers cannot choose freely. */
unsigned overlay_group_hash(const uint8_t seed[16], uint64_t index);

/* NULL where this layer does not have it. */
struct overlay_group *overlay_find_group(const struct overlay *o, uint64_t index, unsigned hash);
struct overlay_address *overlay_find_address(const struct overlay *o, const struct address *address, unsigned hash);
struct overlay_payment *overlay_find_payment(const struct overlay *o, const struct payment_id *id, unsigned hash);
struct overlay_orphan *overlay_find_orphan(const struct overlay *o, const struct address *address, unsigned hash);

/* New nodes under a key that is not there yet; NULL where memory ends. The group's is a copy of `record`, the
 * payment's has room for its previous positions; the rest is the caller's to fill, which has no way to fail. */
struct overlay_group *overlay_add_group(struct overlay *o, uint64_t index, unsigned hash,
                                        const struct group_record *record);
struct overlay_address *overlay_add_address(struct overlay *o, const struct address *address, unsigned hash);
struct overlay_payment *overlay_add_payment(struct overlay *o, const struct payment_id *id, unsigned hash,
                                            uint32_t previous_count);
struct overlay_orphan *overlay_add_orphan(struct overlay *o, const struct address *address, unsigned hash);

/* Lays `upper`, without its groups, over `lower`, which then says what both said. Returns 0 or UNCIA_E_MEMORY, after
 * which neither is of further use but to be freed. */
int overlay_merge(struct overlay *lower, const struct overlay *upper);

#endif
