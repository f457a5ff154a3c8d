/* Making payments; uncia.h says what of it the host is told. */
#ifndef PAYING_H
#define PAYING_H
#include <uncia/uncia.h>

/* 0; UNCIA_E_ARGUMENT; UNCIA_E_LIMIT of the tag; UNCIA_E_NETWORK; as wallet_usable. */
int paying_check(const struct uncia_wallet *w, const struct uncia_payment_request *request);
/* As uncia_wallet_pay of a request that was checked, but asks for nothing. */
int paying_pay(struct uncia_wallet *w, const struct uncia_payment_request *request, struct uncia_payment_id *id);

#endif
