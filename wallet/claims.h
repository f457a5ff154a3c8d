/* Claims: holds whose key follows from the wallet's words and the payment that opens them, so that a home made anew has
 * them again (docs/spec/wallet.md 7.11). */
#ifndef CLAIMS_H
#define CLAIMS_H
#include "hold.h"
#include "payment.h"
#include "wallet.h"

/* What the hold of that number of a payment is under: of the payment are read nonce and expires_at. The wallet is
 * unlocked (asserted). The caller wipes *seed. */
void claim_seed(const struct uncia_wallet *w, const struct payment *payment, uint32_t number,
                uint8_t seed[CLAIM_SEED_SIZE]);
/* Its lock. Returns 0 or UNCIA_E_LIBRARY. */
int claim_lock(const struct uncia_wallet *w, const struct payment *payment, uint32_t number, struct hash *lock);

#endif
