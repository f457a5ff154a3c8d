/* Reads kind, currency and balance of encoded entries where they stand: decoding a whole entry takes several times as
 * long, and this is done for every group that a block touches. */
#include "supply.h"
#include "big_endian.h"

/* docs/spec/ledger.md §4.1 */
enum { KIND_AT = 0, CURRENCY_AT = 60, BALANCE_AT = 64 };

/* The sum that an entry counts in. */
static wide_amount_t *supply_of(struct supply *supply, const uint8_t *entry)
{
	uint32_t currency = be32_get(entry + CURRENCY_AT);

	return &supply->of[currency <= SUPPLY_CURRENCIES ? currency : 0];
}

/* Its part of that sum: an account's or a hold's balance counts, a currency's recorded supply is subtracted. */
static wide_amount_t supply_part(const uint8_t *entry)
{
	wide_amount_t amount = be64_get(entry + BALANCE_AT);

	switch (entry[KIND_AT]) {
	case ENTRY_ACCOUNT:
	case ENTRY_HOLD:
		return amount;
	case ENTRY_CURRENCY:
		return 0 - amount;
	default: /* a free entry's is the next free index */
		return 0;
	}
}

void supply_add(struct supply *supply, const uint8_t entries[GROUP_SIZE])
{
	for (const uint8_t *entry = entries; entry < entries + GROUP_SIZE; entry += ENTRY_SIZE)
		*supply_of(supply, entry) += supply_part(entry);
}

void supply_subtract(struct supply *supply, const uint8_t entries[GROUP_SIZE])
{
	for (const uint8_t *entry = entries; entry < entries + GROUP_SIZE; entry += ENTRY_SIZE)
		*supply_of(supply, entry) -= supply_part(entry);
}

bool supply_balanced(const struct supply *supply)
{
	wide_amount_t any = 0;

	for (unsigned id = 0; id <= SUPPLY_CURRENCIES; id++)
		any |= supply->of[id];
	return any == 0;
}
