/* Which of its sender's keys a payment is signed with. See ledger.h. */
#include <string.h>
#include "ledger.h"
#include "uncia/error.h"

int ledger_payment_key(struct ledger *ledger, struct executed *tip, const struct payment *payment,
                       enum payment_key *key, bool *covered)
{
	struct entry entry;
	struct address derived;
	uint64_t index;
	int error = ledger_account(ledger, tip, &payment->sender, &entry, &index);

	if (error && error != UNCIA_E_NOT_FOUND)
		return error;
	*covered = !error && ledger_covers(ledger, &entry, payment);
	if (!error && (entry.flags & ENTRY_KEY_KNOWN)) {
		*key = memcmp(entry.public_key, payment->public_key, PUBLIC_KEY_SIZE) ? KEY_OTHER : KEY_BOUND;
		return 0;
	}
	address_of_key(payment->public_key, &derived);
	*key = memcmp(&derived, &payment->sender, sizeof(derived)) ? KEY_OTHER : KEY_FIRST;
	return 0;
}
