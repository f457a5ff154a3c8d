/* See give_back.h. */
#include "give_back.h"
#include <assert.h>
#include "wallet.h"

int give_back_make(const struct uncia_wallet *w, const struct address *home, const struct hash *seal, amount_t balance,
                   struct payment **payment)
{
	assert(w->clock.known);
	uint64_t expires_at = (wallet_ledger_ms(w) / 1000 / GIVE_BACK_EXPIRES_S + 1) * GIVE_BACK_EXPIRES_S;
	const struct hold_reference reference = {.home = *home, .seal = *seal};
	const struct payment draft = {.kind = PAYMENT_GIVE_BACK,
	                              .expires_at = (uint32_t)expires_at,
	                              .currency = CURRENCY_FIRST,
	                              .total = balance,
	                              .hold = &reference};
	return expires_at > UINT32_MAX ? UNCIA_E_TOO_FAR : payment_make(&w->network_id, &draft, NULL, NULL, payment);
}
