/* Holds the tables against the ledger itself: the state in a stopped home. Threads: one. */
#ifndef TABLES_CHECK_H
#define TABLES_CHECK_H
#include "known.h"

struct check_options {
	const struct known_network *known;
	const char *database;
	const char *home; /* stopped */
	bool json;
};

/* Compares every account and every hold of the home's state with its row, where nothing has touched that since; looks
 * for rows that the state has no entry for; and adds up the tables to the supply. Prints what was found. Returns an
 * exit code: INDEXER_MISMATCH where something differs, having said what. */
int check_tables(const struct check_options *options);

#endif
