/* What an entry of the ledger is found by: its kind and 20 bytes (docs/spec/ledger.md §4.1). Accounts and holds are two
 * spaces: whoever pays to an address that is the id of a hold makes an account beside it, never in its place. Threads:
 * any. */
#ifndef ENTRY_ID_H
#define ENTRY_ID_H
#include "address.h"

enum entry_kind {
	ENTRY_FREE = 0, /* on the free list: next_free says the next index, or ENTRY_NONE */
	ENTRY_ACCOUNT = 1,
	ENTRY_CURRENCY = 2, /* recorded supply; index 0 is the first currency */
	ENTRY_HOLD = 3,
	ENTRY_RETIRED = 5, /* a consensus key that no committee takes again */
};
#define ENTRY_ID_SIZE (1 + ADDRESS_SIZE)

/* Of an account, its address; of a hold, its id; of a retired key, what would be the address of an account of it.
 * Without padding: its bytes are the key under which it is looked up, hashed and stored, and their order is that of the
 * index. */
struct entry_id {
	uint8_t kind; /* enum entry_kind */
	struct address address;
};
_Static_assert(sizeof(struct entry_id) == ENTRY_ID_SIZE, "an entry's id is its bytes");

/* The id of the account of an address. */
static inline struct entry_id account_id(const struct address *address)
{
	return (struct entry_id){ENTRY_ACCOUNT, *address};
}

/* Not in constant time: ids are public. */
static inline bool entry_id_equal(const struct entry_id *a, const struct entry_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

#endif
