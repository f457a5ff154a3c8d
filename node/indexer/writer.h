/* Writes checked blocks into the tables: one transaction for a page of them, which has all rows that follow from them,
 * and the cursor. Threads: one. */
#ifndef WRITER_H
#define WRITER_H
#include "tables.h"

/* Writes the blocks of a page, which follow the cursor, and sets *place to the last. Either all of it is durable in
 * PostgreSQL, or nothing: where the connection is lost during the commit only the cursor says which, so that it is read
 * again before anything else. Returns as database.h says; UNCIA_E_DAMAGED also where the cursor is not at *place, or
 * the accounts are not what the chain has made of them; database->why says so. */
int writer_write(struct database *database, struct tables *tables, const struct checked_page *page,
                 struct chain_place *place);

#endif
