/* The boundary between the pure rooms and the store that keeps their data (LMDB in unciad, memory in the simulator):
 * reading, and the form of writes. docs/spec/storage.md. */
#ifndef STORAGE_VIEW_H
#define STORAGE_VIEW_H
#include "canonical.h"
#include "entry.h"

/* Journal tables. Keys (integers big-endian, so that they ascend) and values:
 *   VOTE   view u64 ‖ kind u8 ‖ block id 32      own votes: canonical Vote
 *   CERT   view u64 ‖ kind u8 ‖ block id 32      canonical Certificate (S: id zero)
 *   BLOCK  view u64 ‖ block id 32                canonical Block: header and full payments
 *   FINAL  height u64                            view u64 ‖ block id 32, of the final chain
 *   PEER   validator u32                         the newest Vote seen of that validator
 *   EVIDENCE view u64 ‖ validator u32            two Votes it must not both have cast, one after the other, the first
 *                                               behind its size u8 */
enum journal_table {
	JOURNAL_VOTE = 1,
	JOURNAL_CERT,
	JOURNAL_BLOCK,
	JOURNAL_FINAL,
	JOURNAL_PEER,
	JOURNAL_EVIDENCE,
	JOURNAL_TABLES
};
#define JOURNAL_KEY_MAX 48
/* Instead of a validator's index in the keys of JOURNAL_EVIDENCE: proof of a second chain. */
#define JOURNAL_SECOND_CHAIN 0xffffffffu

struct position {
	uint64_t height;
	uint32_t index;
}; /* of a payment in the final chain; height 0: none */

/* Eight entries and, beside each, the newest payment that touched it (not under the state root). */
struct group_record {
	uint8_t entries[GROUP_SIZE];
	struct position heads[GROUP_ENTRIES];
};

/* Where a payment is, and for each entry that it names, in the order of its operation, the payment before it there. Of
 * a transfer previous[0] is the sender's, previous[1 + k] the k-th output's receiver's. */
struct payment_record {
	struct position at;
	uint32_t previous_count;
	struct position previous[1 + PAYMENT_OUTPUTS_MAX];
};

struct state_meta {
	uint64_t height; /* the state is the one after this final block */
	struct hash block_id;
	uint64_t entry_count, free_head;
};

/* One atomic change of the state, from one meta to the next. Whoever stores it owns it from ACTION_FLUSH until it is
 * handed back with EVENT_FLUSHED. */
struct flush {
	struct state_meta meta;
	size_t group_count;
	struct flush_group {
		uint64_t index;
		const struct group_record *record;
	} * groups;
	size_t address_count;
	struct flush_address {
		struct entry_id id;
		uint64_t index; /* ENTRY_NONE: delete */
	} * addresses;
	size_t payment_count;
	struct flush_payment {
		struct payment_id id;
		struct position at;
		uint32_t previous_count;
		const struct position *previous;
	} * payments;
	size_t orphan_count; /* history heads of entries that were deleted */
	struct flush_orphan {
		struct entry_id id;
		struct position head; /* height 0: delete */
	} * orphans;
	/* The ledger's own. */
	struct settled_layer *layer; /* the arrays are filled from it and point into it; NULL: filled by hand */
	struct group_record *records;
	bool filled;
};

/* Fills the arrays, each sorted by its keys. Whoever stores a flush calls it first, on the thread that stores, since it
 * takes long; it allocates nothing. The ledger reads the same layer meanwhile, and changes nothing in it until the
 * flush has been handed back. A second call does nothing, nor does one for a flush whose arrays were filled by hand. */
void flush_prepare(struct flush *flush);

/* Read-only view. State functions see the state as of the last EVENT_FLUSHED handled; journal functions see at least
 * everything up to the last EVENT_DURABLE. Bytes handed out are valid until the next event. Each returns 0,
 * UNCIA_E_NOT_FOUND, UNCIA_E_DAMAGED (a checksum does not match: the replica halts), or UNCIA_E_IO. */
struct storage_view {
	void *context;
	int (*meta)(void *context, struct state_meta *meta); /* NOT_FOUND: an empty state, before genesis */
	int (*group)(void *context, uint64_t group_index, struct group_record *record);
	int (*address)(void *context, const struct entry_id *id, uint64_t *index);
	int (*payment)(void *context, const struct payment_id *id, struct payment_record *record);
	int (*orphan)(void *context, const struct entry_id *id, struct position *head);
	int (*journal_get)(void *context, enum journal_table table, const void *key, size_t key_size,
	                   struct bytes *value);
	/* The first record with key >= the given one (an empty key: the first of all). */
	int (*journal_seek)(void *context, enum journal_table table, const void *key, size_t key_size,
	                    struct bytes *found_key, struct bytes *value);
	int (*journal_last)(void *context, enum journal_table table, struct bytes *found_key, struct bytes *value);
};

#endif
