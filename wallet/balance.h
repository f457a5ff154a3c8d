/* What of the proved balance is on its way out. */
#ifndef BALANCE_H
#define BALANCE_H
#include <uncia/uncia.h>
#include "payment.h"

/* What a payment takes out of the account. */
amount_t balance_leaving(const struct uncia_wallet *w, const struct payment *payment);

#endif
