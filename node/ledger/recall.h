/* What the ledger has looked up lately, so that the store need not be searched for it again: bounded tables in which
 * the newer pushes out the older. Nothing here is believed of itself: an index is where an account may be, and counts
 * once the entry there is found to be that account's; a payment id was not in the store, and counts until the store
 * changes. */
#ifndef RECALL_H
#define RECALL_H
#include "entry.h"

struct recall;

/* NULL where memory ends. */
struct recall *recall_new(void);
void recall_free(struct recall *recall); /* accepts NULL */

/* `hash` is of the address or id, under a seed that no stranger knows. */
bool recall_index(const struct recall *recall, unsigned hash, uint64_t *index);
/* Where the account with an address of this hash is. Returns 0, or UNCIA_E_MEMORY with all as it was; so does
 * recall_note_absent. */
int recall_note_index(struct recall *recall, unsigned hash, uint64_t index);

/* Whether the store was asked for this id since it last changed, and did not have it. */
bool recall_absent(const struct recall *recall, const struct payment_id *id, unsigned hash);
int recall_note_absent(struct recall *recall, const struct payment_id *id, unsigned hash);
void recall_store_changed(struct recall *recall);

#endif
