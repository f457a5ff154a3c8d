/* Payments that a wallet submits here: into the pool, and what becomes of them once their signatures are checked. */
#ifndef SUBMIT_H
#define SUBMIT_H
#include "payments.h"

/* It holds: relayed, and its wallet told that it is taken, or why it waits. */
int submitted_verified(struct payments *p, struct pooled *pooled);
/* A payment is not taken, for that error: who waits for it is told, where no other payment of that id is held. Of a
 * wrong signature only where a wallet submitted it here. */
int payment_rejected(struct payments *p, struct pooled *pooled, int error);

/* The same of those that the pool has just evicted. Returns 0 or an error of this machine. */
int payments_evicted(struct payments *p);

#endif
