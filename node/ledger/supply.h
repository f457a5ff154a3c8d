/* Supply (docs/spec/ledger.md §4.5), currency by currency: the balances held in it, less the supply that the currency's
 * own entry records. Over a whole state that is zero for each currency, and over the changes of a block, too. One sum
 * over all currencies would not do: it is zero where 5 of one have become 5 of another. Knows groups, not blocks. */
#ifndef SUPPLY_H
#define SUPPLY_H
#include "entry.h"

#define SUPPLY_CURRENCIES 16u /* ids of currencies: 1 to this */

typedef unsigned __int128 wide_amount_t; /* sums of many balances */

/* Zeroed to begin with. Sums are modulo 2^128, so that groups may be subtracted before others are added.
 */
struct supply {
	/* By id. The first is of every id that no currency can have: it is zero only where nothing is held of any. */
	wide_amount_t of[1 + SUPPLY_CURRENCIES];
};

/* Adds, or subtracts, a group whose entries are known to be well-formed. */
void supply_add(struct supply *supply, const uint8_t entries[GROUP_SIZE]);
void supply_subtract(struct supply *supply, const uint8_t entries[GROUP_SIZE]);
/* Whether all is zero. */
bool supply_balanced(const struct supply *supply);

#endif
