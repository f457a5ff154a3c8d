/* Ledger entries, the state tree's shape, and proofs under a state root (docs/spec/ledger.md §4). Threads: any. */
#ifndef ENTRY_H
#define ENTRY_H
#include "block.h"
#include "canonical.h"
#include "entry_id.h"

#define ENTRY_SIZE          80
#define GROUP_ENTRIES       8
#define GROUP_SIZE          (ENTRY_SIZE * GROUP_ENTRIES)
#define TREE_ARITY          4
#define ENTRY_NONE          UINT64_MAX /* no entry: the end of the free list */
#define TREE_LEVELS_MAX     24
#define ENTRY_PAYMENTS_FULL UINT32_MAX /* the counter stays here: so many payments touched the account, or more */

#define ENTRY_KEY_KNOWN   1u /* flags: public_key is bound */
#define ENTRY_KEY_ROTATED 2u /* flags: the key was ever rotated: never deleted */

/* 80 bytes encoded: kind u8, flags u8, two zero bytes, payments u32, address 20, public_key 32, currency u32,
 * balance u64, created u64; integers big-endian. A currency keeps its recorded supply in balance, its code (8
 * bytes, zero-padded) at the front of address, its smallest amount in created. A hold keeps its home in address, its
 * seal in public_key, its end (u32, then four zero bytes) where others have created. A retired key has public_key and
 * created alone. A free entry keeps next_free in
 * balance, all else zero. Unused slots of the last group are 80 zero bytes (not entries). */
struct entry {
	uint8_t kind, flags;
	uint32_t payments; /* that touched it since it was created: a wallet knows its list is complete, unless full */
	struct address address;
	uint8_t public_key[32];
	uint32_t currency;
	amount_t balance;
	uint64_t created; /* height of the block that created it; 0: of a hold */
	uint32_t end;     /* of a hold, in seconds since 1970, UTC; 0: of any other */
};

/* The id of the entry that says of a consensus key that it is retired. */
struct entry_id retired_id(const uint8_t consensus_key[32]);
/* The id that an entry is found by, which follows from it alone. False: of a free entry or a currency, which have none;
 * *id is left alone then. */
bool entry_id_of(const struct entry *entry, struct entry_id *id);
/* Whether the entry is the one of this id. */
bool entry_is(const struct entry *entry, const struct entry_id *id);

/* Writes the 80 bytes. Any entry that entry_decode gave comes out as it was. */
void entry_encode(const struct entry *entry, uint8_t bytes[ENTRY_SIZE]);
/* Zero bytes decode to kind FREE, balance 0. Returns 0 or UNCIA_E_ENCODING, which leaves *entry alone. */
int entry_decode(const uint8_t bytes[ENTRY_SIZE], struct entry *entry);

/* Tree: bottom digest g = hash(HASH_STATE_GROUP, the 640 bytes of group g). A level of m digests has
 * ceil(m/4) above it, each hash(HASH_STATE_NODE, its four children, absent ones 32 zero bytes), until one
 * is left. Root = hash(HASH_STATE_ROOT, entry_count u64 ‖ free_head u64 ‖ top digest). At least one entry. */

/* The digest of one group. */
void state_group_digest(const uint8_t group[GROUP_SIZE], struct hash *digest);
/* The digest of a node above its four children. */
void state_node_digest(const struct hash children[TREE_ARITY], struct hash *digest);
/* The root over the top digest. */
void state_root_digest(uint64_t entry_count, uint64_t free_head, const struct hash *top, struct hash *root);

/* What shows that an entry is in a state: the head of its root, the entry's group, and the path from there up. */
struct state_proof {
	uint64_t index; /* of the entry */
	uint64_t entry_count, free_head;
	const uint8_t *group; /* GROUP_SIZE bytes */
	struct bytes path;    /* per level from the bottom, the three siblings in order: 96 bytes a level */
};

/* Whether group number index / 8 with these bytes is under `root`. The path must have exactly as many levels as
 * entry_count implies. */
bool state_proof_verify(const struct hash *root, const struct state_proof *proof);

#endif
