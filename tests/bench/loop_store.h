/* Where a validator of the loop's measurement keeps its journal and state: in memory, or in a home on the disk as
 * unciad has it. Reading is noted as a section of the step (loop_sections.h). Ends the process where anything fails. */
#ifndef LOOP_STORE_H
#define LOOP_STORE_H
#include "committee.h"
#include "storage_view.h"

struct record { /* for the journal */
	struct record *next;
	enum journal_table table; /* 0: forget */
	uint64_t view;
	size_t key_size, value_size;
	uint8_t bytes[]; /* key, value */
};
void records_free(struct record *first); /* all of them; accepts NULL */

struct loop_store;
/* Holds the flush of the genesis, which is freed. directory: where a new home is made for the validator of that key;
 * NULL: in memory. */
struct loop_store *loop_store_new(const char *directory, const struct genesis *genesis, const uint8_t key[32],
                                  struct flush *genesis_flush);
void loop_store_free(struct loop_store *store);
void loop_store_view(struct loop_store *store, struct storage_view *view);
/* One commit; the records are freed. */
void loop_store_commit(struct loop_store *store, struct record *first);
/* The flush stays the caller's; the view shows it. */
void loop_store_flush(struct loop_store *store, struct flush *flush);

#endif
