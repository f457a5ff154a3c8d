/* The tables in PostgreSQL's schema `uncia` (docs/explorer.md): made, recognised, and divided by height. Threads: those
 * of the connection. Each function returns as database.h says. */
#ifndef TABLES_H
#define TABLES_H
#include "chain_check.h"
#include "database.h"

#define TABLES_FORMAT            1u
#define TABLES_PARTITION_DEFAULT 1000000u /* heights in one partition */

struct tables {
	uint64_t partition_heights;
	uint64_t partitions; /* those of heights below this many partitions are known to be there */
};

/* Takes the lock that one writer at a time has (UNCIA_E_BUSY where another process has it), makes the tables where
 * there are none, with the genesis in them, in one transaction, and reads what they say of themselves.
 * partition_heights: of tables that are made now. UNCIA_E_NETWORK: they are another network's; UNCIA_E_NEWER: of a
 * newer program. */
int tables_prepare(struct database *database, const struct genesis *genesis, uint64_t partition_heights,
                   struct tables *tables);
/* Whether there are tables of that network, for who only reads: UNCIA_E_NOT_FOUND: there are none yet. */
int tables_recognise(struct database *database, const struct genesis *genesis, struct tables *tables);
/* The newest block that is in the tables. Within a transaction it stays so: the row is locked (lock), which needs a
 * writer. *payments: how many are in them, NULL: not asked for. */
int tables_cursor(struct database *database, bool lock, struct chain_place *place, uint64_t *payments);
/* Makes the partitions for heights up to that one, as far as they are not known to be there. In a transaction that is
 * rolled back they are gone again: tables->partitions is for the caller to put back. */
int tables_cover(struct database *database, struct tables *tables, uint64_t height);

#endif
