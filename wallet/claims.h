/* Claims: holds whose key follows from the wallet's words and the payment that opens them, so that a home made anew has
 * them again (docs/spec/wallet.md 7.12). */
#ifndef CLAIMS_H
#define CLAIMS_H
#include "hold.h"
#include "payment.h"
#include "wallet.h"

/* The lock of the claim of that number of a payment: of the payment are read nonce and expires_at. The wallet is
 * unlocked (asserted). Returns 0 or UNCIA_E_LIBRARY. */
int claim_lock(const struct uncia_wallet *w, const struct payment *payment, uint32_t number, struct hash *lock);

#endif
