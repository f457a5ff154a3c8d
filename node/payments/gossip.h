/* What this step passes on. */
#ifndef GOSSIP_H
#define GOSSIP_H
#include "payments.h"

/* One more payment, referenced. Returns 0 or UNCIA_E_MEMORY. */
int relay_add(struct payments *p, struct payment *payment);

#endif
