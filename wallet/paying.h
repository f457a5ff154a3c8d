/* Making payments; uncia.h says what of it the host is told. */
#ifndef PAYING_H
#define PAYING_H
#include <uncia/uncia.h>
#include "tracked.h"

/* 0; UNCIA_E_ARGUMENT; UNCIA_E_LIMIT of the tag; UNCIA_E_NETWORK; as wallet_usable. */
int paying_check(const struct uncia_wallet *w, const struct uncia_payment_request *request);
/* As uncia_wallet_pay of a request that was checked, but asks for nothing. */
int paying_pay(struct uncia_wallet *w, const struct uncia_payment_request *request, struct uncia_payment_id *id);
/* Whether it can only be made once all that the account has paid is accounted for: it has a key, or a hold under a
 * lock.
 */
bool paying_needs_past(const struct uncia_payment_request *request);
/* Whether it may be an idempotency key. */
bool paying_is_key(const char *key);
/* Stores a signed payment; where that fails, and no key stands for it, what may have been stored is taken back. Takes
 * it, also where it fails. Returns as outbox_add. */
int paying_store(struct uncia_wallet *w, struct payment *payment, const struct notes *notes, bool keyed,
                 struct tracked **added);
/* Goes on with the payment that is stored under this nonce, where it is what `wanted` asks for. Returns 0;
 * UNCIA_E_KEY_REUSED where it is another; UNCIA_E_LOCKED of claims; as outbox_find. */
int paying_resume(struct uncia_wallet *w, const struct payment *wanted, struct uncia_payment_id *id);
/* It is stored and new: it leaves. Out: *id. */
void paying_begin(struct uncia_wallet *w, struct tracked *t, struct uncia_payment_id *id);

#endif
