/* What sends a hold home after its end: the same bytes, whoever makes it (docs/spec/ledger.md 3.7). */
#ifndef GIVE_BACK_H
#define GIVE_BACK_H
#include "payment.h"

struct uncia_wallet;

/* As of the ledger's time, which is known (asserted); balance: all that the hold has. Returns as payment_make. Owns:
 * payment_free. */
int give_back_make(const struct uncia_wallet *w, const struct address *home, const struct hash *seal, amount_t balance,
                   struct payment **payment);

#endif
